//! How far the borders of two masks are apart, with `MedPy`'s meaning of a border.
//!
//! - A *border voxel* is one of the mask of which a neighbour across a face is not in the mask; what lies outside of the
//!   volume is in no mask. (`MedPy`, `metric/binary.py`: the mask less its erosion by the six neighbours.)
//! - Its *distance* is the one to the nearest border voxel of the other mask, centre to centre, mm. Voxel axes count as
//!   perpendicular to each other.
//!
//! Unlike in [`SurfaceDistances`](super::SurfaceDistances), every voxel of the border counts the same.

use crate::volume::{Region, VoxelBox};

use super::DistanceField;

/// The distances of the border voxels of two masks, each to the other's border.
#[derive(Clone, Debug, Default)]
pub struct BorderDistances {
    /// From A to B, mm, rising; infinite if B is empty.
    a_to_b: Vec<f64>,
    /// From B to A, mm, rising; infinite if A is empty.
    b_to_a: Vec<f64>,
}

impl BorderDistances {
    /// Of two masks on a grid of `dims` voxels `spacing` mm apart. Only the box that holds both is looked at.
    pub fn of(a: &Region, b: &Region, dims: [usize; 3], spacing: [f64; 3]) -> Self {
        let Some(bounds) = both_bounds(a, b, dims) else { return Self::default() };
        let masks = [Solid::of(a, dims, bounds), Solid::of(b, dims, bounds)];
        let borders = masks.each_ref().map(Solid::border);
        let to = |from: usize, other: usize| {
            let size = bounds.size();
            let mut marked = vec![false; size.iter().product()];
            for &n in &borders[other] {
                marked[n] = true;
            }
            let field = DistanceField::new(size, spacing, |n| marked[n]);
            let [nx, ny, _] = size;
            let at = |n: usize| [n % nx, n / nx % ny, n / nx / ny];
            let mut mm: Vec<f64> = borders[from].iter().map(|&n| field.distance(at(n))).collect();
            mm.sort_unstable_by(f64::total_cmp);
            mm
        };
        let (a_to_b, b_to_a) = rayon::join(|| to(0, 1), || to(1, 0));
        Self { a_to_b, b_to_a }
    }

    /// Bytes that [`BorderDistances::of`] takes at most, but for the borders themselves.
    pub fn bytes(a: &Region, b: &Region, dims: [usize; 3]) -> u64 {
        let voxels = both_bounds(a, b, dims)
            .map_or(0, |bounds| bounds.size().iter().map(|&n| n as u64 + 2).product());
        // Both masks, and for each direction a mark and a distance.
        voxels * 2 * (2 + size_of::<f32>() as u64)
    }

    /// Of several pairs together: all their borders as one.
    pub fn together<'d>(parts: impl IntoIterator<Item = &'d Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.a_to_b.extend(&part.a_to_b);
            all.b_to_a.extend(&part.b_to_a);
        }
        all.a_to_b.sort_unstable_by(f64::total_cmp);
        all.b_to_a.sort_unstable_by(f64::total_cmp);
        all
    }

    /// Hausdorff distance, mm: how far the voxel is that is furthest from the other border (`MedPy`'s `hd`). 0 if both
    /// masks are empty, `None` if one is.
    pub fn hausdorff(&self) -> Option<f64> {
        let far = |mm: &[f64]| mm.last().copied().unwrap_or(0.0);
        finite(far(&self.a_to_b).max(far(&self.b_to_a)))
    }

    /// The 95th percentile of the distances of both directions together, mm, between two of them linearly (`MedPy`'s
    /// `hd95`). 0 if both masks are empty, `None` if one is.
    pub fn hausdorff_95(&self) -> Option<f64> {
        // (Of several pairs, one that has no distances leaves the others' percentile without a meaning.)
        self.hausdorff()?;
        let mut both = [&self.a_to_b[..], &self.b_to_a].concat();
        both.sort_unstable_by(f64::total_cmp);
        finite(super::percentile(&both, 95.0).unwrap_or(0.0))
    }

    /// Mean surface distance from A to B, mm (`MedPy`'s `asd(A, B)`). 0 if both masks are empty, `None` if one is.
    pub fn mean_a_to_b(&self) -> Option<f64> {
        self.directed(&self.a_to_b)
    }

    /// Mean surface distance from B to A, mm (`MedPy`'s `asd(B, A)`). 0 if both masks are empty, `None` if one is.
    pub fn mean_b_to_a(&self) -> Option<f64> {
        self.directed(&self.b_to_a)
    }

    /// Average symmetric surface distance, mm: the mean over the border voxels of both together (`MedPy`'s `assd` since
    /// its version 0.5, and that of Metrics Reloaded). 0 if both masks are empty, `None` if one is.
    pub fn mean_symmetric(&self) -> Option<f64> {
        let (a, b) = (self.mean_a_to_b()?, self.mean_b_to_a()?);
        let (of_a, of_b) = (self.a_to_b.len() as f64, self.b_to_a.len() as f64);
        let all = of_a + of_b;
        Some(if all > 0.0 { (a * of_a + b * of_b) / all } else { 0.0 })
    }

    fn directed(&self, mm: &[f64]) -> Option<f64> {
        match (self.a_to_b.is_empty(), self.b_to_a.is_empty()) {
            (true, true) => Some(0.0),
            (false, false) => finite(mm.iter().sum::<f64>() / mm.len() as f64),
            _ => None,
        }
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// The smallest box that holds both masks.
pub(super) fn both_bounds(a: &Region, b: &Region, dims: [usize; 3]) -> Option<VoxelBox> {
    [a, b].into_iter().filter_map(|region| region.bounds(dims)).reduce(|a, b| a.union(&b))
}

/// A mask as one flag for each voxel of a box, with one voxel of nothing around it.
pub(super) struct Solid {
    /// With the voxels around.
    size: [usize; 3],
    inside: Vec<bool>,
    /// Those of the box, without the voxels around, in memory order.
    voxels: Vec<usize>,
}

impl Solid {
    /// Of a mask that lies within the box.
    pub fn of(mask: &Region, dims: [usize; 3], bounds: VoxelBox) -> Self {
        let size = bounds.size().map(|n| n + 2);
        let mut solid =
            Self { size, inside: vec![false; size.iter().product()], voxels: Vec::new() };
        for run in mask.runs() {
            let (x, line) = (run.start % dims[0], run.start / dims[0]);
            let at = [x, line % dims[1], line / dims[1]];
            let [x, y, z] = std::array::from_fn(|a| at[a] - bounds.min[a] + 1);
            let start = x + size[0] * (y + size[1] * z);
            solid.inside[start..start + run.len as usize].fill(true);
            solid.voxels.extend(start..start + run.len as usize);
        }
        solid
    }

    /// Every face between a voxel of the mask and one that is not: the voxel in the box, the axis that goes through the
    /// face, and whether that is ahead of the voxel or behind.
    pub fn each_face(&self, mut face: impl FnMut([usize; 3], usize, bool)) {
        let [nx, ny, _] = self.size;
        let steps = [1, nx, nx * ny];
        for &n in &self.voxels {
            let voxel = [n % nx - 1, n / nx % ny - 1, n / nx / ny - 1];
            for (axis, step) in steps.into_iter().enumerate() {
                for ahead in [false, true] {
                    let other = if ahead { n + step } else { n - step };
                    if !self.inside[other] {
                        face(voxel, axis, ahead);
                    }
                }
            }
        }
    }

    /// The border voxels as positions in the box, x fastest.
    pub fn border(&self) -> Vec<usize> {
        let [nx, ny, nz] = self.size;
        let (row, layer) = (nx, nx * ny);
        let is_border = |n: usize| {
            let near = [n - 1, n + 1, n - row, n + row, n - layer, n + layer];
            !near.iter().all(|&m| self.inside[m])
        };
        debug_assert!(nz > 2 || self.voxels.is_empty());
        let in_box = |n: usize| {
            let (x, y, z) = (n % nx - 1, n / nx % ny - 1, n / nx / ny - 1);
            x + (nx - 2) * (y + (ny - 2) * z)
        };
        self.voxels.iter().copied().filter(|&n| is_border(n)).map(in_box).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_without_a_voxel() {
        let (nothing, one) = (Region::default(), Region::from_mask(2, [true, false]));
        let of = |a, b| BorderDistances::of(a, b, [2, 1, 1], [1.0; 3]);
        let all = |d: &BorderDistances| {
            [d.hausdorff(), d.hausdorff_95(), d.mean_a_to_b(), d.mean_b_to_a(), d.mean_symmetric()]
        };
        assert_eq!(all(&of(&nothing, &nothing)), [Some(0.0); 5]);
        assert_eq!(all(&of(&one, &nothing)), [None; 5]);
        assert_eq!(all(&of(&nothing, &one)), [None; 5]);
        assert_eq!(all(&of(&one, &one)), [Some(0.0); 5]);
    }

    #[test]
    fn what_lies_inside_is_no_border_and_the_volume_has_an_edge() {
        let whole = Region::from_mask(4, [true; 64]);
        let solid = Solid::of(&whole, [4, 4, 4], VoxelBox::whole([4, 4, 4]));
        assert_eq!(solid.border().len(), 64 - 8);
    }

    #[test]
    fn several_pairs_are_one_list() {
        let one = BorderDistances { a_to_b: vec![0.0, 3.0], b_to_a: vec![1.0] };
        let other = BorderDistances { a_to_b: vec![1.0], b_to_a: vec![5.0, 6.0] };
        let all = BorderDistances::together([&one, &other]);
        assert_eq!(
            (&all.a_to_b[..], &all.b_to_a[..]),
            (&[0.0, 1.0, 3.0][..], &[1.0, 5.0, 6.0][..])
        );
        assert_eq!(all.hausdorff(), Some(6.0));
        // A label that one map only has, among many that both have.
        let lone = BorderDistances::of(
            &Region::from_mask(2, [true, false]),
            &Region::default(),
            [2, 1, 1],
            [1.0; 3],
        );
        let many = BorderDistances { a_to_b: vec![0.0; 100], b_to_a: vec![0.0; 100] };
        let all = BorderDistances::together([&many, &lone]);
        assert_eq!((all.hausdorff(), all.hausdorff_95(), all.mean_symmetric()), (None, None, None));
    }
}
