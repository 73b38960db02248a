//! The shape that is edited: lobed, with holes in it and specks around it.

use crate::geom::{DVec3, Grid};
use crate::volume::Region;

/// mm between voxels.
pub const SPACING: [f64; 3] = [0.7, 0.7, 1.0];
/// Semi-axes of the organ, mm.
const ORGAN: [f64; 3] = [34.0, 26.0, 27.0];
/// Specks around it and holes in it, and the radius of each, mm.
pub const CRUMBS: usize = 40;
const CRUMB_MM: f64 = 2.0;
/// A lobed ellipsoid in the middle of the volume, `scale` times as long as usual, or as there is room for, with holes
/// in it and specks around it. The same every time.
pub fn organ(grid: &Grid, scale: f64) -> Region {
    let extent = DVec3::from_array(grid.dims().map(|n| n as f64)) * DVec3::from_array(SPACING);
    let axes = DVec3::from_array(ORGAN) * scale;
    // The lobes and the specks lie within one and a half times the ellipsoid.
    let room = (extent / (3.0 * axes)).min_element().min(1.0);
    let axes = axes * room;
    // Directions evenly on a sphere (a Fibonacci lattice).
    let direction = |n: usize| {
        let z = 1.0 - (2.0 * n as f64 + 1.0) / CRUMBS as f64;
        let turn = n as f64 * std::f64::consts::PI * (3.0 - 5f64.sqrt());
        DVec3::new(turn.cos(), turn.sin(), 0.0) * (1.0 - z * z).sqrt() + DVec3::Z * z
    };
    let specks: Vec<DVec3> = (0..CRUMBS).map(|n| direction(n) * axes * 1.4).collect();
    let holes: Vec<DVec3> = (0..CRUMBS).map(|n| direction(n) * axes * 0.5).collect();
    let near = |places: &[DVec3], p: DVec3| {
        places.iter().any(|&place| (place - p).length() <= CRUMB_MM * room)
    };
    shape(grid, |p| {
        let u = p / axes;
        let far = u.length();
        if far > 1.6 {
            return false;
        }
        let n = u.normalize_or_zero();
        let lobes = 1.0
            + 0.12 * (3.0 * n.y.atan2(n.x)).sin() * (1.0 - n.z * n.z)
            + 0.08 * (4.0 * n.z.clamp(-1.0, 1.0).acos()).cos();
        (far <= lobes && !near(&holes, p)) || near(&specks, p)
    })
}

/// Marks everything in the volume for which `inside` holds, given mm from the volume's middle.
fn shape(grid: &Grid, inside: impl Fn(DVec3) -> bool) -> Region {
    let [nx, ny, _] = grid.dims();
    let centre = grid.centre();
    let voxels = (0..grid.count()).map(|n| {
        let voxel = [n % nx, n / nx % ny, n / nx / ny];
        inside(grid.world_of(voxel) - centre)
    });
    Region::from_mask(nx, voxels)
}
