use std::time::Duration;

use egui::{
    Align2, CursorIcon, Painter, PointerButton, Rect, Response, Role, Sense, Ui, WidgetInfo, vec2,
};

use super::{Context, gpu, input, paint, slice_pane};
use crate::geom::{Axis, DVec3, Direction};
use crate::render::{Orbit, RaycastParams};
use crate::ui::{Pane, PreviewStatus};

/// Seconds without a change after which the full picture is made.
const SETTLE: f64 = 0.15;
const ZOOM_PER_LINE: f64 = 1.15;

/// Makes the 3D pane answer to the pointer: drag turns, wheel and pinch zoom.
pub fn interact(ui: &Ui, rect: Rect, cx: &mut Context) -> Response {
    let id = ui.scope_id().with("volume view");
    let response = ui.interact(rect, id, Sense::click_and_drag());
    let before = cx.view.orbit.clone();
    if response.dragged_by(PointerButton::Primary) {
        let delta = response.drag_delta();
        cx.view.orbit.drag(f64::from(delta.x), f64::from(delta.y));
    }
    if response.contains_pointer() {
        cx.view.hovered = Some(Pane::Volume);
        let lines = f64::from(input::wheel_lines(ui)).clamp(-10.0, 10.0);
        let pinch = f64::from(ui.input(egui::InputState::zoom_delta));
        let factor = ZOOM_PER_LINE.powf(lines) * pinch;
        if factor.is_finite() && factor > 0.0 {
            cx.view.orbit.zoom = (cx.view.orbit.zoom * factor).clamp(0.2, 20.0);
        }
    }
    if cx.view.orbit != before {
        let now = ui.input(|i| i.time);
        ui.data_mut(|d| d.insert_temp(id, now));
    }
    if response.dragged() {
        ui.set_cursor_icon(CursorIcon::Grabbing);
    } else if response.hovered() {
        ui.set_cursor_icon(CursorIcon::Grab);
    }
    response
}

/// Whether the camera moved a moment ago; asks for another frame for when it has settled.
fn moving(ui: &Ui, response: &Response) -> bool {
    let changed: Option<f64> = ui.data(|d| d.get_temp(response.id));
    let rest = changed.map_or(0.0, |at| at + SETTLE - ui.input(|i| i.time));
    // A clock that was set back must not leave a draft for ever.
    let moving = rest > 0.0 && rest <= SETTLE;
    if moving {
        ui.ctx().request_repaint_after(Duration::from_secs_f64(rest + 0.005));
    }
    moving
}

/// Whether masks follow the hand: a preview the pointer, or a mask the threshold's slider.
fn masks_move(cx: &Context) -> bool {
    let pointer_moves = cx.view.intent.is_some_and(|intent| !intent.resting);
    let preview = cx.status.preview == PreviewStatus::Shown && pointer_moves;
    preview || cx.status.threshold.is_some()
}

fn picture(painter: &egui::Painter, rect: Rect, draft: bool, cx: &Context) {
    if !cx.gpu {
        slice_pane::no_picture(painter, rect);
        return;
    }
    let params = RaycastParams {
        size: gpu::size(rect, painter.pixels_per_point()),
        orbit: cx.view.orbit.clone(),
        mode: cx.view.in_3d.mode,
        window: cx.view.window,
        colour_map: cx.view.colour_map,
        transfer: cx.view.in_3d.transfer.clone(),
        iso_value: cx.view.in_3d.iso_value,
        clip: cx.view.in_3d.clip,
        draft,
        image_opacity: cx.view.in_3d.image_opacity,
    };
    painter.add(gpu::volume(rect, params, painter.ctx().clone()));
}

/// The 3D picture alone: no letters.
pub fn show_picture(ui: &Ui, rect: Rect, cx: &Context) {
    picture(ui.painter(), rect, false, cx);
}

/// Paints the 3D picture, its name and where the sides are.
pub fn show(ui: &Ui, response: &Response, cx: &Context) {
    let rect = response.rect;
    let letters = facing(&cx.view.orbit);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Canvas, true, "3D view");
        info.current_text_value = Some(format!("seen from {letters}"));
        info
    });
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let draft = moving(ui, response) || masks_move(cx);
    picture(&painter, rect, draft, cx);
    let at = rect.min + vec2(8.0, 5.0);
    paint::text(&painter, at, Align2::LEFT_TOP, "3D", 13.0, paint::ACCENT);
    axes(&painter, rect, &cx.view.orbit);
}

/// Letters of the directions that the viewer looks from, strongest first: `A`, `AL`, `SRA`.
fn facing(orbit: &Orbit) -> String {
    let viewer = orbit.axes().z_axis.to_array();
    let mut axes = Axis::ALL;
    axes.sort_by(|a, b| viewer[b.index()].abs().total_cmp(&viewer[a.index()].abs()));
    let seen = axes.iter().filter(|a| viewer[a.index()].abs() > 0.3);
    seen.map(|&axis| Direction { axis, positive: viewer[axis.index()] > 0.0 }.letter()).collect()
}

/// The three body axes as they lie in the picture, with a letter at each end; what points away is faint.
fn axes(painter: &Painter, rect: Rect, orbit: &Orbit) {
    let length = (rect.height().min(rect.width()) * 0.1).clamp(14.0, 34.0);
    let centre = rect.left_bottom() + vec2(length + 18.0, -length - 18.0);
    let camera = orbit.axes();
    let mut ends: Vec<(Direction, DVec3)> = Axis::ALL
        .into_iter()
        .flat_map(|axis| [true, false].map(|positive| Direction { axis, positive }))
        .map(|direction| {
            let mut world = DVec3::ZERO;
            world[direction.axis.index()] = if direction.positive { 1.0 } else { -1.0 };
            (direction, camera.transpose() * world)
        })
        .collect();
    // Far ends first.
    ends.sort_by(|a, b| a.1.z.total_cmp(&b.1.z));
    for (direction, seen) in ends {
        let along = vec2(seen.x as f32, -seen.y as f32);
        let mut painter = painter.clone();
        painter.multiply_opacity(if seen.z < -0.05 { 0.45 } else { 1.0 });
        let colour = paint::axis_colour(direction.axis);
        let tip = centre + along * length;
        if direction.positive {
            paint::line(&painter, [centre, tip], 1.5, colour);
        }
        // An axis seen end on has its two letters on one spot: only the near one is shown.
        if along.length() < 0.25 && seen.z < 0.0 {
            continue;
        }
        let at = if along.length() < 0.25 { tip } else { tip + along.normalized() * 8.0 };
        let letter = direction.letter().to_string();
        paint::text(&painter, at, Align2::CENTER_CENTER, &letter, 12.0, colour);
    }
}
