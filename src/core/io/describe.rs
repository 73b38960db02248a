//! Spacing, axes and position as text.

use crate::geom::Grid;
use crate::volume::readable;

/// Digits of a length or position in millimetres.
const DIGITS: usize = 6;

/// `spacing 2 × 2 × 2 mm, axes LAS, first voxel at 47, -43, -39 mm`.
pub(super) fn described(grid: &Grid) -> String {
    let [x, y, z] = grid.world_of([0; 3]).to_array().map(number);
    format!(
        "spacing {} mm, axes {}, first voxel at {x}, {y}, {z} mm",
        spacing_of(grid.spacing().to_array()),
        grid.orientation().letters()
    )
}

/// `0.7 × 0.7 × 5`.
pub(super) fn spacing_of(spacing: [f64; 3]) -> String {
    spacing.map(number).join(" × ")
}

/// A length that is not longer than it is exact: float32 has seven digits.
pub(super) fn number(mm: f64) -> String {
    readable(mm, DIGITS)
}
