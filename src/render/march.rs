//! How rays are marched: what the shader, its twin and picking share.

use super::RaycastParams;
use crate::geom::{DAffine3, DMat3, DVec3, Grid, Orbit};

/// World position (RAS mm) of (pane pixel x, y, depth in mm) without perspective.
pub(super) fn world_from_pane(orbit: &Orbit, grid: &Grid, pane: [f64; 2]) -> DAffine3 {
    let axes = orbit.axes();
    let mm = orbit.mm_per_pixel(grid, pane);
    let columns = DMat3::from_cols(axes.x_axis * mm, -axes.y_axis * mm, -axes.z_axis);
    let middle = DVec3::new(pane[0] / 2.0, pane[1] / 2.0, 0.0);
    DAffine3::from_mat3_translation(columns, grid.centre() - columns * middle)
}

/// World direction towards the light: behind the viewer's left shoulder, moving with the viewer.
pub(super) fn light(orbit: &Orbit) -> DVec3 {
    (orbit.axes() * DVec3::new(-0.35, 0.45, 0.82)).normalize()
}

/// How rays are sampled: the same for every pixel, the shader and its twin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct March {
    /// Millimetres between samples.
    pub step: f64,
    /// Depth of the first, where the volume's bounding sphere begins.
    pub first_depth: f64,
    /// How many there are.
    pub steps: u32,
    /// Looks at the labels for each sample.
    pub label_looks: u32,
    /// Optical depth of one step through white; 0 hides the scan.
    pub extinction: f32,
}

impl March {
    /// About a voxel for each step, within what is affordable; half of that for a draft.
    pub(super) fn new(params: &RaycastParams, grid: &Grid) -> Self {
        let radius = Orbit::radius(grid);
        let wanted = 2.0 * radius / grid.spacing().min_element();
        let full = wanted.clamp(96.0, 256.0) as u32;
        let steps = if params.draft { full / 2 } else { full };
        let step = 2.0 * radius / f64::from(steps);
        // At 0.5 a quarter of the way through white lets a third of the light pass; at 1 one step stops it.
        let opacity = f64::from(params.image_opacity.clamp(0.0, 1.0));
        let extinction = 4.0 * (opacity / (1.02 - opacity)).powf(1.5) / f64::from(steps);
        Self {
            step,
            first_depth: -radius,
            steps,
            // Thin structures must not slip through between two samples.
            label_looks: if step > 1.1 * grid.spacing().min_element() { 2 } else { 1 },
            extinction: extinction as f32,
        }
    }
}
