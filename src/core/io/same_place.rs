use crate::geom::Grid;

/// How far, in parts of the smallest spacing, what is read back may lie from what was meant: less than this is
/// NIfTI-1's rounding to float32.
const TOLERANCE: f64 = 0.01;

/// Whether a grid that was read is the one that was meant to be written.
pub(super) fn same_place(found: &Grid, meant: &Grid) -> bool {
    let smallest = meant.spacing().min_element();
    // Far from the origin float32 itself is coarser than that.
    let far = meant.corners().iter().fold(0.0f64, |m, c| m.max(c.abs().max_element()));
    found.matches(meant, (TOLERANCE * smallest).max(far * 1e-6))
}
