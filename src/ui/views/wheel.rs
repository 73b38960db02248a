//! What the wheel does over the views.

use egui::{Event, Id, MouseWheelUnit, Rect, Response, Ui};

use super::{Context, paint, pointer_input};
use crate::geom::Plane;
use crate::ui::state::Pane;

/// Slices for a turn of the wheel with Shift.
const FAST: f32 = 10.0;

/// Steps through slices, makes them thicker, zooms: what the wheel does over one slice view.
pub fn handle(ui: &Ui, response: &Response, plane: Plane, cx: &mut Context) {
    if response.contains_pointer() {
        cx.view.transient.hovered = Some(Pane::Slice(plane));
        wheel(ui, response, plane, cx);
        if !size(ui, response, cx) {
            zoom(ui, response.rect, plane, cx);
        }
    }
}

/// Gives turns of the wheel with Ctrl and Shift to the tool. Whether zooming is not meant: egui goes on with it for a
/// few frames after the wheel was turned.
pub fn size(ui: &Ui, response: &Response, cx: &mut Context) -> bool {
    let lines = lines_where(ui, |m| (m.ctrl || m.command) && m.shift);
    let steps = whole_steps(ui, response.id.with("size"), lines / FAST);
    let id = response.id.with("wheel was for the tool");
    let taken = lines != 0.0 && pointer_input::tool(cx).wheel(steps, cx.view);
    let rest = ui.data(|d| d.get_temp::<bool>(id)).unwrap_or(false);
    let zooms = ui.input(egui::InputState::zoom_delta) != 1.0;
    ui.data_mut(|d| d.insert_temp(id, taken || rest && zooms));
    taken || rest
}

/// Steps through slices. Reads the wheel's own events: egui's smoothing would show the next slice late.
fn wheel(ui: &Ui, response: &Response, plane: Plane, cx: &mut Context) {
    let steps = whole_steps(ui, response.id.with("wheel"), wheel_lines(ui));
    if steps != 0 {
        cx.view.step(cx.document.image().grid(), plane, steps);
    }
    let steps = whole_steps(ui, response.id.with("thickness"), alt_lines(ui));
    if steps != 0 {
        cx.view.thicken(steps);
    }
}

/// The whole steps among lines of the wheel; the rest is kept for the next ones.
pub fn whole_steps(ui: &Ui, id: Id, lines: f32) -> i64 {
    if lines == 0.0 {
        return 0;
    }
    let mut turned = ui.data(|d| d.get_temp::<f32>(id)).unwrap_or(0.0);
    // Turning back does not first make up for a rest in the other direction.
    turned = if turned * lines < 0.0 { lines } else { turned + lines };
    // A hair of tolerance for wheels that report a notch in pieces.
    let steps = (turned + turned.signum() * 1e-3).trunc();
    ui.data_mut(|d| d.insert_temp(id, turned - steps));
    steps as i64
}

/// Turns of the wheel in lines, upwards positive, Shift making them ten; without those that zoom or make
/// slices thicker.
pub fn wheel_lines(ui: &Ui) -> f32 {
    lines_where(ui, |m| !m.ctrl && !m.command && !m.alt)
}

/// Turns of the wheel while Alt is down.
fn alt_lines(ui: &Ui) -> f32 {
    lines_where(ui, |m| !m.ctrl && !m.command && m.alt)
}

fn lines_where(ui: &Ui, wanted: impl Fn(&egui::Modifiers) -> bool) -> f32 {
    let line = ui.options(|o| o.input_options.line_scroll_speed).max(1.0);
    ui.input(|i| {
        let of = |event: &Event| match event {
            Event::MouseWheel { unit, delta, modifiers, .. } if wanted(modifiers) => {
                // Some systems turn the wheel sideways while Shift is down.
                let delta = if modifiers.shift { delta.x + delta.y } else { delta.y };
                let lines = match unit {
                    MouseWheelUnit::Point => delta / line,
                    MouseWheelUnit::Line => delta,
                    MouseWheelUnit::Page => delta * FAST,
                };
                if modifiers.shift { lines * FAST } else { lines }
            }
            _ => 0.0,
        };
        i.events.iter().map(of).sum()
    })
}

fn zoom(ui: &Ui, pane: Rect, plane: Plane, cx: &mut Context) {
    let (factor, at) = ui.input(|i| (i.zoom_delta(), i.pointer.latest_pos()));
    if factor == 1.0 || !factor.is_finite() || factor <= 0.0 {
        return;
    }
    let transform = cx.slice_transform(pane, plane);
    let at = transform.from_centre(paint::in_pane(pane, at.unwrap_or(pane.center())));
    let mut pan_zoom = transform.pan_zoom();
    pan_zoom.zoom_at(at, f64::from(factor));
    cx.view.pane_mut(plane).pan_zoom = Some(pan_zoom);
    cx.view.link_zoom_of(cx.document.image().grid(), plane, pan_zoom.points_per_mm);
}
