//! Where things are: voxel grids in world space, anatomical orientation, the three anatomical planes
//! and the mapping from voxels to a slice picture. Depends on `glam` only.
//!
//! World space is RAS millimetres (x to the patient's Right, y Anterior, z Superior), in `f64`.
//! Voxel coordinates are continuous, the centre of the first voxel at (0, 0, 0).
//! Every transform is named `b_from_a`: `world_from_voxel * voxel = world`.

mod axis_map;
mod grid;
mod oblique;
mod orbit;
mod orientation;
mod plane;
mod slice;

pub use axis_map::AxisMap;
pub use glam::{DAffine3, DMat3, DVec2, DVec3, DVec4};
pub use grid::{Grid, GridError};
pub use oblique::Oblique;
pub use orbit::{Orbit, Ray};
pub use orientation::{Axis, Direction, Orientation};
pub use plane::{Convention, Plane};
pub use slice::{PanZoom, SliceFrame};
