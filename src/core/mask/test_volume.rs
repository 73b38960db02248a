//! Small volumes for tests.

use crate::geom::{DAffine3, DVec3, Grid};
use crate::volume::{Region, Scale, StoredGeometry, Volume, Voxels};

/// Axes along the world's.
pub fn volume(dims: [usize; 3], spacing: [f64; 3], values: Vec<f32>) -> Volume {
    let grid = Grid::new(dims, DAffine3::from_scale(DVec3::from_array(spacing))).unwrap();
    let stored = StoredGeometry::of(&grid);
    Volume::new("v", grid, dims.to_vec(), Voxels::F32(values), Scale::NONE, stored, Vec::new())
}

/// A number from 0 up to 1 for each whole number, the same every time.
pub fn noise(n: usize) -> f32 {
    let mixed = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed ^ mixed >> 29) >> 40) as f32 / (1u64 << 24) as f32
}

/// The voxels for which `inside` holds.
pub fn region(dims: [usize; 3], inside: impl Fn([usize; 3]) -> bool) -> Region {
    let [nx, ny, nz] = dims;
    Region::from_mask(nx, (0..nx * ny * nz).map(|n| inside([n % nx, n / nx % ny, n / nx / ny])))
}
