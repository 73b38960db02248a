//! Lines in the 3D picture: the crosshair and the clip box.

use egui::{Color32, Painter, Pos2, Rect, Stroke};

use super::super::{Context, paint};
use crate::geom::{Axis, DVec2, DVec3, Grid};
use crate::render::ClipBox;

/// Half the length of the crosshair's lines, in points.
const ARM: f64 = 14.0;
/// What is left free around its middle, in points.
const GAP: f64 = 3.0;

/// Place in the pane of world positions.
fn project(rect: Rect, grid: &Grid, cx: &Context, world: DVec3) -> Pos2 {
    let pane = [f64::from(rect.width()), f64::from(rect.height())];
    let at = cx.view.scan.orbit.project(grid, pane, world);
    paint::on_screen(rect, DVec2::new(at.x, at.y))
}

/// Three short lines along the patient's axes, in the colours of the planes that they pass through.
pub fn crosshair(painter: &Painter, rect: Rect, cx: &Context) {
    let grid = cx.document.image().grid();
    let pane = [f64::from(rect.width()), f64::from(rect.height())];
    let mm = cx.view.scan.orbit.mm_per_pixel(grid, pane);
    for axis in Axis::ALL {
        let mut unit = DVec3::ZERO;
        unit[axis.index()] = mm;
        for side in [-1.0, 1.0] {
            let end = |points: f64| {
                project(rect, grid, cx, cx.view.scan.crosshair + unit * (side * points))
            };
            paint::line(painter, [end(GAP), end(ARM)], 1.5, paint::axis_colour(axis));
        }
    }
}

/// The edges of the clip box.
pub fn clip_box(painter: &Painter, rect: Rect, cx: &Context) {
    let Some(bounds) = cx.view.scan.view_3d.clip.bounds else { return };
    let grid = cx.document.image().grid();
    let corners = corners(grid, &bounds);
    let stroke = Stroke::new(1.0, paint::ACCENT.gamma_multiply(0.6));
    for from in 0..8usize {
        for to in [from | 1, from | 2, from | 4] {
            if to != from {
                let ends = [from, to].map(|n| project(rect, grid, cx, corners[n]));
                painter.line_segment(ends, Stroke::new(2.5, Color32::from_black_alpha(110)));
                painter.line_segment(ends, stroke);
            }
        }
    }
}

/// World positions of a clip box's corners; bit n of an index tells the side along world axis n.
fn corners(grid: &Grid, bounds: &ClipBox) -> [DVec3; 8] {
    let orientation = grid.orientation();
    std::array::from_fn(|n| {
        let mut voxel = DVec3::ZERO;
        for axis in Axis::ALL {
            let at = axis.index();
            let share = if n >> at & 1 == 0 { bounds.low[at] } else { bounds.high[at] };
            let (voxel_axis, grows_positive) = orientation.voxel_axis(axis);
            let share = if grows_positive { share } else { 1.0 - share };
            voxel[voxel_axis] = share * grid.dims()[voxel_axis] as f64 - 0.5;
        }
        grid.world(voxel)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DMat3};

    #[test]
    fn a_box_begins_at_the_left_posterior_inferior_corner_in_any_memory_order() {
        let m = DMat3::from_cols(-DVec3::Z * 2.0, -DVec3::X, DVec3::Y);
        let grid = Grid::new([4, 6, 8], DAffine3::from_mat3_translation(m, DVec3::ZERO)).unwrap();
        let corners = corners(&grid, &ClipBox { low: [0.0; 3], high: [0.5, 1.0, 1.0] });
        // Left is −x: six voxels of 1 mm from −5.5 to 0.5; 8 of 1 mm along y; 4 of 2 mm along z.
        assert!(corners[0].abs_diff_eq(DVec3::new(-5.5, -0.5, -7.0), 1e-9), "{}", corners[0]);
        assert!(corners[7].abs_diff_eq(DVec3::new(-2.5, 7.5, 1.0), 1e-9), "{}", corners[7]);
    }
}
