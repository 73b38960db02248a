//! The 3D view: the picture, the camera that the hand turns, and what a click on it means.

mod click;
mod cube;
mod marks;

use std::time::Duration;

use egui::{
    Align2, CursorIcon, EventFilter, Key, Painter, PointerButton, Rect, Response, Role, Sense, Ui,
    WidgetInfo, vec2,
};

use super::{Context, gpu, input, paint, slice_pane};
use crate::geom::{Axis, DVec2, Direction};
use crate::render::{Mode3d, Orbit, RaycastParams};
use crate::ui::kit::text::tr;
use crate::ui::state::view_3d::mode_name;
use crate::ui::state::{Pane, PreviewStatus};

/// Seconds without a change after which the full picture is made.
const SETTLE: f64 = 0.15;
const ZOOM_PER_LINE: f64 = 1.15;
/// How far one press of an arrow key turns the camera, as a drag in points.
const KEY_TURN: f64 = 10.0;

/// Makes the 3D pane answer to the pointer: drag turns, middle drag pans, wheel and pinch zoom, Shift and
/// drag move the clip plane, a click goes to what is seen there.
pub fn interact(ui: &Ui, rect: Rect, cx: &mut Context) -> Response {
    let id = ui.scope_id().with("volume view");
    let response = ui.interact(rect, id, Sense::click_and_drag());
    drag(ui, &response, cx);
    keys(ui, &response, cx);
    if response.contains_pointer() {
        cx.view.transient.hovered = Some(Pane::Volume);
        let lines = f64::from(input::wheel_lines(ui)).clamp(-10.0, 10.0);
        let pinch = f64::from(ui.input(egui::InputState::zoom_delta));
        let factor = ZOOM_PER_LINE.powf(lines) * pinch;
        if factor.is_finite() && factor > 0.0 {
            cx.view.scan.orbit.zoom = (cx.view.scan.orbit.zoom * factor).clamp(0.2, 20.0);
        }
    }
    click::handle(ui, &response, cx);
    if response.dragged() {
        ui.set_cursor_icon(CursorIcon::Grabbing);
    } else if response.hovered() {
        let places = click::point(ui, cx).is_some();
        ui.set_cursor_icon(if places { CursorIcon::Crosshair } else { CursorIcon::Grab });
    }
    response
}

/// Turns, moves the clip plane with Shift, or, with Shift where there is none and with the middle button, the
/// picture.
fn drag(ui: &Ui, response: &Response, cx: &mut Context) {
    let delta = response.drag_delta();
    let by = DVec2::new(delta.x.into(), delta.y.into());
    let shift = ui.input(|i| i.modifiers.shift);
    let primary = response.dragged_by(PointerButton::Primary);
    if primary && shift && cx.view.scan.view_3d.clip.plane.is_some() {
        drag_plane(response.rect, delta, cx);
    } else if primary && !shift {
        cx.view.scan.orbit.drag(by.x, by.y);
    } else if primary || response.dragged_by(PointerButton::Middle) {
        pan(response.rect, by, cx);
    }
}

fn pan(rect: Rect, by: DVec2, cx: &mut Context) {
    let pane = [rect.width().into(), rect.height().into()];
    cx.view.scan.orbit.pan(cx.document.image().grid(), pane, by);
}

/// Moves the clip plane so that it follows the hand.
fn drag_plane(rect: Rect, delta: egui::Vec2, cx: &mut Context) {
    let Some(plane) = cx.view.scan.view_3d.clip.plane else { return };
    let grid = cx.document.image().grid();
    let mm = cx.view.scan.orbit.mm_per_pixel(grid, [rect.width().into(), rect.height().into()]);
    let seen = cx.view.scan.orbit.axes().transpose() * plane.normal;
    let along = vec2(seen.x as f32, -seen.y as f32);
    let points = if along.length() > 0.3 {
        delta.dot(along) / along.length_sq()
    } else {
        // It faces the viewer (or away): up pushes it into the picture.
        delta.y * seen.z.signum() as f32
    };
    cx.view.move_clip_plane(grid, f64::from(points) * mm);
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

/// Whether masks follow the hand: a preview the pointer, or a mask the threshold's slider.
fn masks_move(cx: &Context) -> bool {
    let pointer_moves = cx.view.transient.intent.is_some_and(|intent| !intent.resting);
    let preview = cx.status.preview == PreviewStatus::Shown && pointer_moves;
    preview || cx.status.threshold.is_some()
}

/// What a pane of this place shows, at full quality.
fn params(rect: Rect, pixels_per_point: f32, cx: &Context) -> RaycastParams {
    let shown = &cx.view.scan.view_3d;
    RaycastParams {
        size: gpu::size(rect, pixels_per_point),
        orbit: cx.view.scan.orbit.clone(),
        mode: cx.view.prefs.mode_3d,
        window: shown.window,
        colour_map: cx.view.scan.colour_map,
        transfer: shown.transfer.clone(),
        iso_value: shown.iso_value,
        clip: shown.clip,
        draft: false,
        image_opacity: shown.image_opacity,
    }
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
    picture(ui.painter(), rect, params(rect, ui.pixels_per_point(), cx), cx);
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
    let mut params = params(rect, painter.pixels_per_point(), cx);
    // A figure is drawn once, and at its best.
    params.draft =
        !cx.view.transient.is_figure && (moving(ui, response, &params) || masks_move(cx));
    picture(&painter, rect, params, cx);
    marks::clip_box(&painter, rect, cx);
    if cx.view.prefs.show_crosshair {
        marks::crosshair(&painter, rect, cx);
    }
    let at = rect.min + vec2(8.0, 5.0);
    let name = paint::text(&painter, at, Align2::LEFT_TOP, tr("3D"), 13.0, paint::ACCENT);
    let how = how(cx);
    paint::text(&painter, paint::below(name), Align2::LEFT_TOP, &how, 12.0, paint::TEXT);
    cube::show(ui, &painter, rect, cx);
    if let Some((positive, at)) = click::point(ui, cx).zip(response.hover_pos())
        && !response.dragged()
    {
        paint::pointer_sign(&painter, at, positive);
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
