//! The boxes, scribbles and lassos of the active object, in the slices that they were drawn in.

use egui::{Painter, Pos2, Rect};

use super::{ViewContext, drawn_prompts, marks};
use crate::document::Object;
use crate::prompt::ShapeKind;
use crate::ui::kit::paint;
use crate::ui::state::SliceTransform;

/// Draws those of an object that lie in the slice shown, if it is one of the scan's own.
pub fn draw(
    painter: &Painter,
    rect: Rect,
    transform: &SliceTransform,
    object: &Object,
    cx: &ViewContext,
) {
    let (grid, frame) = (cx.document.image().grid(), transform.frame());
    if frame.is_oblique() {
        return;
    }
    for prompt in marks::prompts(object, cx) {
        let Some(shape) = object.log.shape(prompt.id) else { continue };
        let above = transform.steps_up(transform.pane_from_world(prompt.world).z);
        let anchor = grid.voxel_at(prompt.world);
        let Some(anchor) = anchor.filter(|_| above == 0 && shape.axis() == frame.through_axis())
        else {
            continue;
        };
        let on_screen = |at| paint::on_screen(rect, transform.pane_from_world(at).truncate());
        let mut line: Vec<Pos2> = shape.line(grid, anchor).into_iter().map(on_screen).collect();
        if shape.kind() != ShapeKind::Scribble {
            line.extend(line.first().copied());
        }
        if shape.kind() == ShapeKind::Scribble {
            let half = drawn_prompts::half_width(transform, grid, shape.radius());
            drawn_prompts::band(painter, &line, half, paint::sign_colour(prompt.positive));
        }
        drawn_prompts::edged(painter, &line, 2.0, paint::sign_colour(prompt.positive));
    }
}
