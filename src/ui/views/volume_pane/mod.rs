//! The 3D view: the picture, the camera that dragging turns, and what a click on it means.

mod cube;
mod marks;

use std::time::Duration;

use egui::{Align2, EventFilter, Key, Painter, Rect, Response, Role, Sense, Ui, WidgetInfo, vec2};

use super::{Context, comparison_legend, gpu, paint, pointer_input, slice_pane, wheel};
use crate::geom::{Axis, DVec2, Direction};
use crate::render::{Mode3d, Orbit, RaycastParams};
use crate::ui::kit::text::tr;
use crate::ui::state::view_3d::mode_name;
use crate::ui::state::{GestureState, Pane, PreviewStatus};
use crate::ui::tools::marks as prompt_marks;
use crate::ui::tools::pick::raycast_params;

/// Seconds without a change after which the full picture is made.
const SETTLE: f64 = 0.15;
const ZOOM_PER_LINE: f64 = 1.15;
/// How far one press of an arrow key turns the camera, as a drag in points.
const KEY_TURN: f64 = 10.0;

/// Makes the 3D pane answer to the pointer (see [`pointer_input`]), the wheel, pinching and the keyboard.
pub fn interact(ui: &Ui, rect: Rect, cx: &mut Context) -> Response {
    let id = ui.scope_id().with("volume view");
    let response = ui.interact(rect, id, Sense::click_and_drag());
    keys(ui, &response, cx);
    if response.contains_pointer() {
        cx.view.transient.hovered = Some(Pane::Volume);
        let lines = f64::from(wheel::wheel_lines(ui)).clamp(-10.0, 10.0);
        let sized = wheel::size(ui, &response, cx);
        let pinch = if sized { 1.0 } else { f64::from(ui.input(egui::InputState::zoom_delta)) };
        let factor = ZOOM_PER_LINE.powf(lines) * pinch;
        if factor.is_finite() && factor > 0.0 {
            cx.view.scan.orbit.zoom = (cx.view.scan.orbit.zoom * factor).clamp(0.2, 20.0);
        }
    }
    response
}

fn pan(rect: Rect, by: DVec2, cx: &mut Context) {
    let pane = [rect.width().into(), rect.height().into()];
    cx.view.scan.orbit.pan(cx.document.image().grid(), pane, by);
}

/// While the pane has the keyboard, arrow keys turn the camera, and with Shift move the picture.
fn keys(ui: &Ui, response: &Response, cx: &mut Context) {
    if !response.has_focus() {
        return;
    }
    let filter =
        EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|m| m.set_focus_lock_filter(response.id, filter));
    let pressed = |key| ui.input(|i| i.num_presses(key)) as f64 * KEY_TURN;
    let right = pressed(Key::ArrowRight) - pressed(Key::ArrowLeft);
    let down = pressed(Key::ArrowDown) - pressed(Key::ArrowUp);
    if ui.input(|i| i.modifiers.shift) {
        pan(response.rect, DVec2::new(right, down), cx);
    } else {
        cx.view.scan.orbit.drag(right, down);
    }
}

/// What the picture was, and since when.
#[derive(Clone)]
struct Seen {
    params: RaycastParams,
    since: f64,
}

/// Whether something about the picture changed a moment ago; asks for another frame for when it has settled.
fn moving(ui: &Ui, response: &Response, params: &RaycastParams) -> bool {
    let now = ui.input(|i| i.time);
    let seen: Option<Seen> = ui.data(|d| d.get_temp(response.id));
    let since = match seen {
        Some(seen) if seen.params == *params => seen.since,
        // The first picture is no movement.
        None => now - SETTLE,
        Some(_) => now,
    };
    ui.data_mut(|d| d.insert_temp(response.id, Seen { params: params.clone(), since }));
    let rest = since + SETTLE - now;
    // A clock that was set back must not leave a draft for ever.
    let moving = rest > 0.0 && rest <= SETTLE;
    if moving {
        ui.ctx().request_repaint_after(Duration::from_secs_f64(rest + 0.005));
    }
    moving
}

/// Whether masks follow the pointer: a preview or the brush the pointer, or a mask the threshold's slider.
fn masks_move(cx: &Context) -> bool {
    let pointer_moves = cx.view.transient.intent.is_some_and(|intent| !intent.resting);
    let preview = cx.status.preview == PreviewStatus::Shown && pointer_moves;
    let view = &cx.view.transient;
    let paints = view.edit_intent.is_some() || view.gesture == GestureState::Active { edits: true };
    let brush_moves = paints && view.brush.is_some_and(|brush| !brush.resting);
    preview || brush_moves || cx.status.threshold.is_some()
}

fn picture(painter: &Painter, rect: Rect, params: RaycastParams, cx: &Context) {
    if cx.gpu {
        painter.add(gpu::volume(rect, params, painter.ctx()));
    } else {
        slice_pane::no_picture(painter, rect);
    }
}

/// The 3D picture alone: no letters.
pub fn show_picture(ui: &Ui, rect: Rect, cx: &Context) {
    let params = raycast_params(&cx.place(rect, Pane::Volume), cx);
    picture(ui.painter(), rect, params, cx);
}

/// Paints the 3D picture, its name and where the sides are.
pub fn show(ui: &Ui, response: &Response, cx: &mut Context) {
    let rect = response.rect;
    let letters = facing(&cx.view.scan.orbit);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Canvas, true, tr("3D view"));
        info.current_text_value = Some(format!("{} {letters}", tr("seen from")));
        info
    });
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let mut params = raycast_params(&cx.place(rect, Pane::Volume), cx);
    // A figure is drawn once, and at its best.
    params.draft =
        !cx.view.transient.is_figure && (moving(ui, response, &params) || masks_move(cx));
    picture(&painter, rect, params, cx);
    marks::clip_box(&painter, rect, cx);
    if cx.view.prefs.show_crosshair {
        marks::crosshair(&painter, rect, cx);
    }
    if let Some(object) = cx.document.active().filter(|o| cx.gpu && cx.shows_prompts(o)) {
        let dots = prompt_marks::in_3d(&cx.place(rect, Pane::Volume), object, cx);
        prompt_marks::draw(&painter, &dots, object, cx.view.transient.selected_prompt);
    }
    let at = rect.min + vec2(8.0, 5.0);
    let name = paint::text(&painter, at, Align2::LEFT_TOP, tr("3D"), 13.0, paint::ACCENT);
    let how = how(cx);
    paint::text(&painter, paint::below(name), Align2::LEFT_TOP, &how, 12.0, paint::TEXT);
    comparison_legend::in_3d(&painter, rect, cx.view);
    cube::show(ui, &painter, rect, cx);
    if !cx.view.transient.is_figure {
        pointer_input::paint(&painter, response, Pane::Volume, cx);
    }
}

/// `Volume · CT bone`, `Iso · 250 HU · clipped`.
fn how(cx: &Context) -> String {
    let shown = &cx.view.scan.view_3d;
    let mode = mode_name(cx.view.prefs.mode_3d);
    let mut how = match (cx.view.prefs.mode_3d, shown.preset) {
        (Mode3d::Volume, Some(preset)) => format!("{mode} · {}", tr(preset.name())),
        (Mode3d::Volume, None) => format!("{mode} · {}", tr("own curve")),
        (Mode3d::Iso, _) => {
            let unit = crate::ui::state::readout::unit(cx.view);
            format!("{mode} · {}{unit}", paint::number(shown.iso_value))
        }
        _ => mode.to_owned(),
    };
    // What is cut away is not to be taken for missing.
    if shown.clip.plane.is_some() || shown.clip.bounds.is_some() {
        how = format!("{how} · {}", tr("clipped"));
    }
    how
}

/// Letters of the directions that the viewer looks from, strongest first: `A`, `AL`, `SRA`.
fn facing(orbit: &Orbit) -> String {
    let viewer = orbit.axes().z_axis.to_array();
    let mut axes = Axis::ALL;
    axes.sort_by(|a, b| viewer[b.index()].abs().total_cmp(&viewer[a.index()].abs()));
    let seen = axes.iter().filter(|a| viewer[a.index()].abs() > 0.3);
    seen.map(|&axis| Direction { axis, positive: viewer[axis.index()] > 0.0 }.letter()).collect()
}
