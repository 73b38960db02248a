//! Places as DICOM, ITK and 3D Slicer state them: x to the left, y to the back, z to the head.

use crate::geom::{DAffine3, DMat3, DVec3, Grid};

/// From left, posterior, superior to right, anterior, superior, and back.
pub(super) const FLIP: DVec3 = DVec3::new(-1.0, -1.0, 1.0);

/// What is said where left and right are nobody's statement.
pub(super) const SAYS_NOTHING: &str =
    "the file does not say how the scan lies in space; left and right may be swapped";

/// [`Placement::by`] of such a source.
///
/// [`Placement::by`]: crate::volume::Placement
pub(super) const BY_DEFAULT: &str =
    "nothing in the file: its spacing, x to the left, y to the back, z up";

/// The columns (a step along each voxel axis) and the place of the first voxel, in LPS millimetres.
pub(super) fn of(grid: &Grid) -> ([DVec3; 3], DVec3) {
    let m = grid.world_from_voxel();
    ([m.matrix3.x_axis, m.matrix3.y_axis, m.matrix3.z_axis].map(|c| c * FLIP), m.translation * FLIP)
}

/// The transform of steps along each voxel axis and the place of the first voxel, `flip` leading from their
/// millimetres to RAS.
pub(super) fn affine(columns: [DVec3; 3], first: DVec3, flip: DVec3) -> DAffine3 {
    let [x, y, z] = columns.map(|c| c * flip);
    DAffine3 { matrix3: DMat3::from_cols(x, y, z), translation: first * flip }
}
