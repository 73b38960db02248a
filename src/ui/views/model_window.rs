//! The outline, in a slice, of what the model has looked at.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke};

use super::{SliceTransform, paint, section};
use crate::prompt::Footprint;

/// The outline, on this slice, of a box that the model looked at; amber if the mask goes on beyond it.
pub fn draw(
    painter: &Painter,
    transform: &SliceTransform,
    pane: Rect,
    footprint: &Footprint,
    goes_on: bool,
) {
    let corners = footprint.corners().map(|world| transform.pane_from_world(world));
    let cut = section::cut(&corners, 0.0);
    let Some(&first) = cut.first() else { return };
    let mut outline: Vec<Pos2> = cut.iter().map(|&p| paint::on_screen(pane, p)).collect();
    outline.push(paint::on_screen(pane, first));
    // Dashes of a huge outline (far zoomed in) would be many and mostly out of sight.
    let length: f32 = outline.windows(2).map(|w| w[0].distance(w[1])).sum();
    let dash = (length / 800.0).max(5.0);
    let colour = if goes_on { paint::WARNING } else { paint::ACCENT };
    for (width, colour) in [(3.0, Color32::from_black_alpha(120)), (1.0, colour)] {
        for edge in outline.windows(2) {
            painter.extend(dashes(edge[0], edge[1], Stroke::new(width, colour), dash));
        }
    }
}

/// A dashed line whose dashes lie where those of any other line at the same place lie, so that the common edges
/// of neighbouring cubes stay dashed.
fn dashes(a: Pos2, b: Pos2, stroke: Stroke, dash: f32) -> Vec<Shape> {
    let forwards = (b.x - a.x) + (b.y - a.y) >= 0.0;
    let [from, to] = if forwards { [a, b] } else { [b, a] };
    let along = (to - from).normalized();
    let first = (-from.to_vec2().dot(along)).rem_euclid(2.0 * dash);
    Shape::dashed_line_with_offset(&[from, to], stroke, &[dash], &[dash], first)
}
