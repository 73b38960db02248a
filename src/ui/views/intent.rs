//! The click that the pointer would make where it is: what a preview is of.

use std::time::Duration;

use egui::{Pos2, Response, Ui};

use super::{Context, marks, paint};
use crate::geom::Plane;
use crate::prompt::Prompt;
use crate::ui::state::{Intent, Tool};

/// Seconds after which a pointer that stays where it is rests.
const REST: f64 = 0.15;
/// How far a resting pointer may stray, in points.
const STRAY: f32 = 4.0;

/// Where the pointer came to rest, and when.
#[derive(Clone, Copy, PartialEq)]
struct Rest {
    at: Pos2,
    slice: usize,
    since: f64,
}

/// What a click at `at`, in a slice view that has the pointer, would be; `None` if nobody wants to know: no
/// preview is wanted or could be seen, a button is down, or the click would select a dot.
pub fn of(ui: &Ui, response: &Response, plane: Plane, at: Pos2, cx: &Context) -> Option<Intent> {
    let view = &*cx.view;
    let wanted = view.prefs.show_preview && view.prefs.tool == Tool::Point && view.labels_shown();
    if !wanted || view.transient.is_figure || ui.input(|i| i.pointer.any_down()) {
        return None;
    }
    let transform = cx.slice_transform(response.rect, plane);
    let world = transform.world_from_pane(paint::in_pane(response.rect, at));
    cx.document.image().grid().voxel_at(world)?;
    if let Some(object) = cx.document.active().filter(|o| cx.shows_clicks(o)) {
        let marks = cx.marks(&transform, response.rect, object);
        if marks::hit(&marks, at).is_some() {
            return None;
        }
    }
    let positive = !(view.transient.negative || ui.input(|i| i.modifiers.alt));
    let prompt = Prompt::new(world, positive);
    Some(Intent { prompt, resting: rests(ui, response, at, transform.slice()) })
}

/// Whether the pointer has stayed at `at` for a moment; asks for a frame for when it will have.
fn rests(ui: &Ui, response: &Response, at: Pos2, slice: usize) -> bool {
    let now = ui.input(|i| i.time);
    let id = response.id.with("rest");
    let here = Rest { at, slice, since: now };
    let rest = ui.data_mut(|d| {
        let rest = d.get_temp_mut_or_insert_with(id, || here);
        // A clock that was set back starts anew, too.
        if rest.at.distance(at) > STRAY || rest.slice != slice || rest.since > now {
            *rest = here;
        }
        *rest
    });
    let left = REST - (now - rest.since);
    if left > 0.0 {
        ui.ctx().request_repaint_after(Duration::from_secs_f64(left + 0.005));
    }
    left <= 0.0
}
