//! How long a mask is: between vertices of the mesh around it, in space and within slices.

use crate::volume::{Region, VoxelBox};

use super::border::Solid;

/// The longest distances between two vertices of the mesh around a mask, mm: vertices lie halfway between a voxel of the
/// mask and a neighbour across a face that is not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Diameters {
    /// Of all (`PyRadiomics`: `Maximum3DDiameter`, IBSI L0JK).
    pub in_space: f64,
    /// Of vertices with the same z (`PyRadiomics`: `Maximum2DDiameterSlice`), y (`…Column`) and x (`…Row`).
    pub in_slices: [f64; 3],
}

/// A vertex in half voxels from the first voxel of the box.
type Half = [i32; 3];

impl Diameters {
    /// Of a mask that lies in `bounds`, on a grid of `dims` voxels `spacing` mm apart.
    pub fn of(mask: &Region, dims: [usize; 3], spacing: [f64; 3], bounds: VoxelBox) -> Self {
        let vertices = vertices(mask, dims, bounds);
        let longest = |axis: usize| slices_longest(&vertices, axis, spacing);
        Self { in_space: longest_in_space(&vertices, spacing), in_slices: [2, 1, 0].map(longest) }
    }
}

fn vertices(mask: &Region, dims: [usize; 3], bounds: VoxelBox) -> Vec<Half> {
    let solid = Solid::of(mask, dims, bounds);
    let mut vertices = Vec::new();
    solid.each_face(|voxel, axis, ahead| {
        let mut at = voxel.map(|v| 2 * v as i32);
        at[axis] += if ahead { 1 } else { -1 };
        vertices.push(at);
    });
    vertices
}

/// mm.
fn place(at: Half, spacing: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|a| f64::from(at[a]) / 2.0 * spacing[a])
}

fn square(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|n| (a[n] - b[n]).powi(2)).sum()
}

/// Those that can be ends of the longest distance: the corners of the convex hull within each slice across `axis`.
fn corners(vertices: &[Half], axis: usize, spacing: [f64; 3]) -> Vec<Vec<[f64; 3]>> {
    let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
    let mut sorted: Vec<Half> = vertices.to_vec();
    sorted.sort_unstable_by_key(|at| (at[axis], at[u], at[v]));
    sorted
        .chunk_by(|a, b| a[axis] == b[axis])
        .map(|slice| hull(slice, u, v).into_iter().map(|at| place(at, spacing)).collect())
        .collect()
}

/// The corners of the convex hull of points sorted by `u`, then `v` (Andrew's monotone chain).
fn hull(points: &[Half], u: usize, v: usize) -> Vec<Half> {
    let turn = |o: Half, a: Half, b: Half| {
        let d = |p: Half, n: usize| i64::from(p[n] - o[n]);
        d(a, u) * d(b, v) - d(a, v) * d(b, u)
    };
    let chain = |points: &mut dyn Iterator<Item = Half>| {
        let mut chain: Vec<Half> = Vec::new();
        for point in points {
            while let [.., a, b] = chain[..]
                && turn(a, b, point) <= 0
            {
                chain.pop();
            }
            chain.push(point);
        }
        chain
    };
    let mut corners = chain(&mut points.iter().copied());
    corners.extend(chain(&mut points.iter().rev().copied()));
    corners
}

fn slices_longest(vertices: &[Half], axis: usize, spacing: [f64; 3]) -> f64 {
    let of = |points: Vec<[f64; 3]>| {
        let mut best: f64 = 0.0;
        for (n, &a) in points.iter().enumerate() {
            best = points[n + 1..].iter().fold(best, |best, &b| best.max(square(a, b)));
        }
        best
    };
    corners(vertices, axis, spacing).into_iter().map(of).fold(0.0, f64::max).sqrt()
}

fn longest_in_space(vertices: &[Half], spacing: [f64; 3]) -> f64 {
    let points: Vec<[f64; 3]> = corners(vertices, 2, spacing).concat();
    if points.is_empty() {
        return 0.0;
    }
    let middle: [f64; 3] = std::array::from_fn(|a| {
        let (low, high) = points
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| (l.min(p[a]), h.max(p[a])));
        low.midpoint(high)
    });
    // Two points are no further apart than both are from the middle together.
    let mut far: Vec<(f64, [f64; 3])> =
        points.into_iter().map(|p| (square(p, middle).sqrt(), p)).collect();
    far.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let mut best: f64 = 0.0;
    for (n, &(reach, a)) in far.iter().enumerate() {
        if 2.0 * reach <= best {
            break;
        }
        let mut square_best = best * best;
        for &(other, b) in &far[n + 1..] {
            if reach + other <= best {
                break;
            }
            square_best = square_best.max(square(a, b));
        }
        best = square_best.sqrt();
    }
    best
}
