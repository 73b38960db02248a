//! How far two surfaces are apart: normalised surface Dice, Hausdorff distance.
//!
//! The definition is that of Nikolov et al., "Deep learning to achieve clinically applicable
//! segmentation of head and neck anatomy for radiotherapy" (2018; J Med Internet Res 2021), as their own
//! program `surface-distance` computes it:
//! - A *surface element* sits wherever the 2×2×2 voxels around a voxel corner are not all alike. What lies
//!   outside of the volume counts as outside of the mask, so a mask cut off by the volume's edge has a
//!   surface there.
//! - Its *area* is that of the triangles which marching cubes puts between those eight voxels, in mm².
//! - Its *distance* is the one to the nearest surface element of the other mask (corner to corner), mm.

use crate::volume::{Region, VoxelBox};

use super::DistanceField;

/// Spacings come from float32 headers: what should lie at the tolerance may lie this much beyond, mm.
const SLACK: f64 = 1e-6;

/// Marching-cubes triangles, one row for each kind of neighbourhood: its code (bit `4 dx + 2 dy + dz`
/// is the voxel at that corner of the 2×2×2 cube) and the area vector of each triangle in eighths of the
/// cube's side squared, without signs. Rotated, mirrored and inverted neighbourhoods have the same
/// triangles, rotated; the remaining kinds, all alike, have none.
const KINDS: [(u8, &[[u8; 3]]); 13] = [
    (0b0000_0001, &[[1, 1, 1]]),
    (0b0000_0011, &[[2, 2, 0]; 2]),
    (0b0000_0110, &[[1, 1, 1]; 2]),
    (0b0000_0111, &[[1, 1, 1], [2, 2, 2], [4, 0, 0]]),
    (0b0000_1111, &[[4, 0, 0]; 2]),
    (0b0001_0110, &[[1, 1, 1]; 3]),
    (0b0001_0111, &[[1, 1, 1], [1, 1, 1], [2, 2, 2], [2, 2, 2]]),
    (0b0001_1000, &[[1, 1, 1]; 2]),
    (0b0001_1001, &[[0, 2, 2], [0, 2, 2], [1, 1, 1]]),
    (0b0001_1011, &[[0, 2, 2], [2, 0, 2], [1, 1, 1], [3, 3, 3]]),
    (0b0001_1110, &[[1, 1, 1], [1, 1, 1], [2, 2, 2], [4, 0, 0]]),
    (0b0011_1100, &[[2, 2, 0]; 4]),
    (0b0110_1001, &[[1, 1, 1]; 4]),
];

/// The six orders of the axes.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// Area of the surface element of each neighbourhood, mm².
fn areas(spacing: [f64; 3]) -> [f64; 256] {
    let [x, y, z] = spacing;
    let faces = [y * z, x * z, x * y];
    let mut areas = [0.0; 256];
    for (code, triangles) in KINDS {
        for order in ORDERS {
            for flips in 0..8 {
                let turned = turned(code, order, flips);
                let area = |t: &[u8; 3]| {
                    let vector = |a: usize| f64::from(t[order[a]]) / 8.0 * faces[a];
                    (vector(0).powi(2) + vector(1).powi(2) + vector(2).powi(2)).sqrt()
                };
                let sum = triangles.iter().map(area).sum();
                areas[turned] = sum;
                areas[255 - turned] = sum;
            }
        }
    }
    areas
}

/// The neighbourhood with its axes in another order (axis `a` of the new one is `order[a]` of the old),
/// flipped along those of which the bit is set in `flips`.
fn turned(code: u8, order: [usize; 3], flips: usize) -> usize {
    let side = |voxel: usize, axis: usize| voxel >> (2 - axis) & 1;
    (0..8)
        .filter(|&voxel| {
            let mut old = 0;
            for (a, &from) in order.iter().enumerate() {
                old |= (side(voxel, a) ^ (flips >> a & 1)) << (2 - from);
            }
            code >> old & 1 == 1
        })
        .map(|voxel| 1 << voxel)
        .sum()
}

/// A piece of a surface.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Element {
    /// To the other surface, mm; infinite if there is none.
    distance: f64,
    /// mm².
    area: f64,
}

/// Two surfaces, each element with its distance to the other surface.
#[derive(Clone, Debug)]
pub struct SurfaceDistances {
    /// Nearest first.
    a: Vec<Element>,
    b: Vec<Element>,
}

impl SurfaceDistances {
    /// Of two masks on a grid of `dims` voxels `spacing` mm apart. Only the box that holds both is
    /// looked at.
    pub fn of(a: &Region, b: &Region, dims: [usize; 3], spacing: [f64; 3]) -> Self {
        let bounds = match (a.bounds(dims), b.bounds(dims)) {
            (Some(a), Some(b)) => a.union(&b),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => return Self { a: Vec::new(), b: Vec::new() },
        };
        let corners = Corners::of(&[a, b], dims, &bounds);
        let areas = areas(spacing);
        let to = |from: usize, other: usize| {
            let field =
                DistanceField::new(corners.dims, spacing, |n| is_surface(corners.codes[other][n]));
            let mut elements: Vec<Element> = corners
                .surface(from)
                .map(|(at, code)| Element {
                    distance: field.distance(at),
                    area: areas[usize::from(code)],
                })
                .collect();
            elements.sort_unstable_by(|a, b| a.distance.total_cmp(&b.distance));
            elements
        };
        Self { a: to(0, 1), b: to(1, 0) }
    }

    /// Of several pairs together: all their surfaces as one.
    pub fn together<'s>(parts: impl IntoIterator<Item = &'s Self>) -> Self {
        let mut all = Self { a: Vec::new(), b: Vec::new() };
        for part in parts {
            all.a.extend(&part.a);
            all.b.extend(&part.b);
        }
        for elements in [&mut all.a, &mut all.b] {
            elements.sort_unstable_by(|a, b| a.distance.total_cmp(&b.distance));
        }
        all
    }

    /// Bytes that [`SurfaceDistances::of`] takes at most, but for the surfaces themselves.
    pub fn bytes(a: &Region, b: &Region, dims: [usize; 3]) -> u64 {
        let bounds = [a, b].into_iter().filter_map(|region| region.bounds(dims));
        let corners = |bounds: VoxelBox| bounds.size().iter().map(|&n| n as u64 + 1).product();
        let corners: u64 = bounds.reduce(|a, b| a.union(&b)).map_or(0, corners);
        // A code for each mask, and one field of distances at a time.
        corners * (2 + size_of::<f32>() as u64)
    }

    /// Normalised surface Dice: the share of both surfaces that lies within `tolerance` mm of the other;
    /// 1 if both masks are empty, 0 if one is.
    pub fn nsd(&self, tolerance: f64) -> f64 {
        let total = area(&self.a) + area(&self.b);
        if total == 0.0 {
            return 1.0;
        }
        let near = |elements: &[Element]| {
            let end = elements.partition_point(|e| e.distance <= tolerance + SLACK);
            area(&elements[..end])
        };
        (near(&self.a) + near(&self.b)) / total
    }

    /// Robust Hausdorff distance, mm: so far (or nearer) lies `percent` % of either surface from the other.
    /// 0 if both masks are empty, `None` if one is.
    pub fn hausdorff(&self, percent: f64) -> Option<f64> {
        let far = |elements: &[Element]| -> f64 {
            let wanted = area(elements) * percent / 100.0;
            let mut sum = 0.0;
            let found = elements.iter().find(|e| {
                sum += e.area;
                sum >= wanted
            });
            found.or(elements.last()).map_or(0.0, |e| e.distance)
        };
        let worst = far(&self.a).max(far(&self.b));
        worst.is_finite().then_some(worst)
    }

    /// Areas of both surfaces, mm².
    pub fn areas(&self) -> [f64; 2] {
        [area(&self.a), area(&self.b)]
    }
}

fn area(elements: &[Element]) -> f64 {
    // Not `sum`: that of nothing is -0.
    elements.iter().fold(0.0, |sum, e| sum + e.area)
}

fn is_surface(code: u8) -> bool {
    code != 0 && code != 255
}

/// The corners of all voxels in a box, and which of the eight voxels around each are in two masks.
struct Corners {
    dims: [usize; 3],
    codes: [Vec<u8>; 2],
}

impl Corners {
    fn of(masks: &[&Region; 2], dims: [usize; 3], bounds: &VoxelBox) -> Self {
        let codes = masks.map(|mask| codes(mask, dims, bounds));
        Self { dims: bounds.size().map(|n| n + 1), codes }
    }

    /// Position and neighbourhood of every surface element.
    fn surface(&self, mask: usize) -> impl Iterator<Item = ([usize; 3], u8)> {
        let [nx, ny, _] = self.dims;
        self.codes[mask].chunks(nx).enumerate().flat_map(move |(row, codes)| {
            let found = codes.iter().enumerate().filter(|(_, code)| is_surface(**code));
            found.map(move |(x, &code)| ([x, row % ny, row / ny], code))
        })
    }
}

/// The neighbourhood of every voxel corner of the box, x fastest. The mask lies within the box.
fn codes(mask: &Region, dims: [usize; 3], bounds: &VoxelBox) -> Vec<u8> {
    let [nx, ny, nz] = bounds.size().map(|n| n + 1);
    let mut codes = vec![0u8; nx * ny * nz];
    for run in mask.runs() {
        let (x, line) = (run.start % dims[0], run.start / dims[0]);
        let at = [x, line % dims[1], line / dims[1]];
        let [x, y, z] = std::array::from_fn(|a| at[a] - bounds.min[a]);
        let len = run.len as usize;
        // A voxel is the far one (1) of the corner before it and the near one (0) of the corner behind it.
        for (dy, dz) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let row = nx * ((y + 1 - dy) + ny * (z + 1 - dz));
            let bit = 1u8 << (2 * dy + dz);
            for code in &mut codes[row + x..row + x + len] {
                *code |= bit << 4;
            }
            for code in &mut codes[row + x + 1..=row + x + len] {
                *code |= bit;
            }
        }
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mixed_neighbourhood_has_an_area_and_no_other() {
        let areas = areas([1.0, 1.0, 1.0]);
        for (code, area) in areas.iter().enumerate() {
            assert_eq!(*area > 0.0, code != 0 && code != 255, "{code:08b}");
        }
        // A flat face between two layers is as large as a voxel's side.
        let flat = super::areas([2.0, 3.0, 5.0]);
        assert!((flat[0b0000_1111] - 15.0).abs() < 1e-12);
        assert!((flat[0b0011_0011] - 10.0).abs() < 1e-12);
        assert!((flat[0b0101_0101] - 6.0).abs() < 1e-12);
    }

    #[test]
    fn masks_without_a_voxel() {
        let (nothing, one) = (Region::default(), Region::from_mask(2, [true, false]));
        let of = |a, b| SurfaceDistances::of(a, b, [2, 1, 1], [1.0; 3]);
        let both = of(&nothing, &nothing);
        assert_eq!((both.nsd(2.0), both.hausdorff(95.0)), (1.0, Some(0.0)));
        let half = of(&one, &nothing);
        assert_eq!((half.nsd(2.0), half.hausdorff(95.0)), (0.0, None));
        let same = of(&one, &one);
        assert_eq!((same.nsd(0.0), same.hausdorff(100.0)), (1.0, Some(0.0)));
    }
}
