//! The name of the mask on which the pointer rests.

use std::time::Duration;

use egui::{Align2, Painter, Pos2, Response, Ui, vec2};

use super::{Context, paint};
use crate::document::LabelId;
use crate::ui::kit::format;

/// Seconds after which a pointer that stays where it is is told what it is on.
const REST: f64 = 0.45;
/// How far a resting pointer may stray, in points.
const STRAY: f32 = 4.0;

/// Where the pointer came to rest, when, and on which label.
#[derive(Clone, Copy, PartialEq)]
struct Rest {
    at: Pos2,
    label: LabelId,
    since: f64,
}

/// Writes name and volume beside the pointer once it has stayed on a mask for a moment.
pub fn show(ui: &Ui, painter: &Painter, response: &Response, at: Pos2, cx: &Context) {
    let id = response.id.with("tag");
    let on_mask = || {
        // (What a flood would do is told in the same place.)
        let told = cx.view.transient.flood.is_some();
        // Nor is what another label map has an object's.
        let told = told || cx.view.draws_reference();
        if told || !cx.view.labels_shown() || ui.input(|i| i.pointer.any_down()) {
            return None;
        }
        let voxel = cx.view.transient.hover.as_ref()?.voxel;
        cx.document
            .object(LabelId(cx.document.labels().get(voxel)))
            .filter(|o| cx.view.shows(cx.document, o))
    };
    let Some(object) = on_mask() else {
        ui.data_mut(|d| d.remove::<Rest>(id));
        return;
    };
    let now = ui.input(|i| i.time);
    let here = Rest { at, label: object.id, since: now };
    let rest = ui.data_mut(|d| {
        let rest = d.get_temp_mut_or_insert_with(id, || here);
        if rest.at.distance(at) > STRAY || rest.label != object.id || rest.since > now {
            *rest = here;
        }
        *rest
    });
    let left = REST - (now - rest.since);
    if left > 0.0 {
        ui.ctx().request_repaint_after(Duration::from_secs_f64(left + 0.005));
        return;
    }
    let volume = format::millilitres(cx.document.whole_ml(object));
    let text = format!("{} · {volume}", format::shorten(&object.name, 40));
    let [r, g, b] = object.colour;
    let width = paint::text_width(painter, &text, 12.0) + 18.0;
    // Beside the pointer, on the side where there is room.
    let pane = response.rect;
    let left_of = at.x + 16.0 + width > pane.max.x;
    let below = at.y + 34.0 < pane.max.y;
    let corner = vec2(if left_of { -8.0 - width } else { 16.0 }, if below { 16.0 } else { -32.0 });
    let rect = egui::Rect::from_min_size(at + corner, vec2(width, 19.0));
    painter.rect_filled(rect, 4.0, egui::Color32::from_black_alpha(200));
    let swatch = egui::Rect::from_center_size(rect.left_center() + vec2(8.0, 0.0), [8.0; 2].into());
    painter.rect_filled(swatch, 2.0, egui::Color32::from_rgb(r, g, b));
    let place = rect.left_center() + vec2(15.0, 0.0);
    paint::text(painter, place, Align2::LEFT_CENTER, &text, 12.0, paint::TEXT);
}
