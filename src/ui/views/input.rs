//! What the hand does in a slice view, turned into changes of the view and actions.

use egui::{Event, Id, MouseWheelUnit, PointerButton, Pos2, Rect, Response, Ui};

use super::{Context, SliceTransform, intent, marks, paint};
use crate::document::{Command, LabelId};
use crate::geom::{DVec2, Plane};
use crate::prompt::Prompt;
use crate::ui::state::{Action, Hover, Pane, Tool, ViewState};
use crate::volume::{Rectangle, Window};

/// Below this movement in points a press and release is a click.
const CLICK_SLOP: f32 = 6.0;
/// Slices for a turn of the wheel with Shift.
const FAST: f32 = 10.0;
/// Points of dragging for the whole range of values.
const WINDOW_DRAG: f64 = 600.0;

/// A press that lasts.
#[derive(Clone, Copy)]
struct Drag {
    button: PointerButton,
    gesture: Gesture,
    origin: Pos2,
    last: Pos2,
    moved: bool,
}

/// What a drag does.
#[derive(Clone, Copy, PartialEq)]
enum Gesture {
    Pan,
    Window,
    Crosshair,
    Region,
    None,
}

fn gesture(tool: Tool, button: PointerButton, shift: bool) -> Gesture {
    match (button, tool) {
        (PointerButton::Primary, Tool::Region) => Gesture::Region,
        (PointerButton::Primary, Tool::Window) if shift => Gesture::Region,
        (PointerButton::Middle, _) | (PointerButton::Primary, Tool::Point) => Gesture::Pan,
        (PointerButton::Primary, Tool::Crosshair) => Gesture::Crosshair,
        (PointerButton::Primary, Tool::Window)
        | (PointerButton::Secondary, Tool::Crosshair | Tool::Window | Tool::Region) => {
            Gesture::Window
        }
        _ => Gesture::None,
    }
}

/// Where [`note_press`] keeps whether the last press found a menu open.
fn dismissal() -> Id {
    Id::unique("press_found_a_menu")
}

/// Called at the beginning of each frame. A menu closes before the views learn of the click that closes it:
/// whether it was open has to be known from the press.
pub fn note_press(ctx: &egui::Context) {
    if ctx.input(|i| i.pointer.any_pressed()) {
        let open = egui::Popup::is_any_open(ctx);
        ctx.data_mut(|d| d.insert_temp(dismissal(), open));
    }
}

/// Whether a view was clicked. A click that only closes a menu is meant for no picture, and places no point.
pub fn clicked(response: &Response, button: PointerButton) -> bool {
    let closes_a_menu = || response.ctx.data(|d| d.get_temp(dismissal())).unwrap_or(false);
    response.clicked_by(button) && !closes_a_menu()
}

/// Reads the pointer and wheel over one slice view.
pub fn handle(ui: &Ui, response: &Response, plane: Plane, cx: &mut Context) {
    let id = response.id;
    if response.contains_pointer() {
        wheel(ui, response, plane, cx);
        zoom(ui, response.rect, plane, cx);
    }
    drags(ui, response, plane, cx);
    for button in [PointerButton::Primary, PointerButton::Secondary] {
        if clicked(response, button)
            && let Some(at) = response.interact_pointer_pos()
        {
            click(ui, id, response.rect, plane, button, at, cx);
        }
    }
    let pointer = ui.input(|i| i.pointer.latest_pos());
    if response.contains_pointer()
        && let Some(at) = pointer
    {
        cx.view.transient.hovered = Some(Pane::Slice(plane));
        cx.view.transient.hover =
            hover(&cx.slice_transform(response.rect, plane), response.rect, at, cx);
        cx.view.transient.intent = intent::of(ui, response, plane, at, cx);
    }
}

/// What is at a place of a pane.
pub fn hover(transform: &SliceTransform, pane: Rect, at: Pos2, cx: &Context) -> Option<Hover> {
    let world = transform.world_from_pane(paint::in_pane(pane, at));
    let image = cx.document.image();
    let voxel = image.grid().voxel_at(world)?;
    let label = LabelId(cx.document.labels().get(voxel));
    Some(Hover {
        voxel,
        world,
        value: image.value_in(cx.view.scan.time_point, voxel),
        label: cx.document.object(label).map(|o| o.name.clone()),
    })
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
    lines_where(ui, |m| !m.alt)
}

/// Turns of the wheel while Alt is down.
fn alt_lines(ui: &Ui) -> f32 {
    lines_where(ui, |m| m.alt)
}

fn lines_where(ui: &Ui, wanted: impl Fn(&egui::Modifiers) -> bool) -> f32 {
    let line = ui.options(|o| o.input_options.line_scroll_speed).max(1.0);
    ui.input(|i| {
        let of = |event: &Event| match event {
            Event::MouseWheel { unit, delta, modifiers, .. }
                if !modifiers.ctrl && !modifiers.command && wanted(modifiers) =>
            {
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

fn drags(ui: &Ui, response: &Response, plane: Plane, cx: &mut Context) {
    let id = response.id.with("drag");
    let pointer = ui.input(|i| i.pointer.latest_pos());
    let buttons = [PointerButton::Primary, PointerButton::Secondary, PointerButton::Middle];
    // The crosshair follows from the press on, without waiting whether it becomes a drag.
    if cx.view.prefs.tool == Tool::Crosshair
        && response.is_pointer_button_down_on()
        && ui.input(|i| i.pointer.primary_down())
        && let Some(at) = pointer
    {
        crosshair_to(response.rect, plane, at, cx);
    }
    if response.drag_started()
        && let Some(button) = buttons.into_iter().find(|b| ui.input(|i| i.pointer.button_down(*b)))
        && let Some(origin) = ui.input(|i| i.pointer.press_origin()).or(pointer)
    {
        let gesture = gesture(cx.view.prefs.tool, button, ui.input(|i| i.modifiers.shift));
        let drag = Drag { button, gesture, origin, last: origin, moved: false };
        ui.data_mut(|d| d.insert_temp(id, drag));
    }
    let Some(mut drag) = ui.data(|d| d.get_temp::<Drag>(id)) else { return };
    // Neither: the pane was out of sight when the drag ended.
    if let Some(at) = pointer.filter(|_| response.dragged() || response.drag_stopped()) {
        drag.moved |= at.distance(drag.origin) > CLICK_SLOP;
        if drag.moved {
            let delta = at - drag.last;
            drag.last = at;
            let delta = DVec2::new(f64::from(delta.x), f64::from(delta.y));
            drag_by(response.rect, plane, drag.gesture, delta, cx);
        }
    }
    if response.dragged() {
        ui.data_mut(|d| d.insert_temp(id, drag));
        return;
    }
    ui.data_mut(|d| d.remove::<Drag>(id));
    // A press that lasted too long to be a click for egui, but went nowhere. (Escape ends drags, too.)
    let released = ui.input(|i| i.pointer.any_released());
    if !response.drag_stopped() || !released {
        return;
    }
    if drag.moved {
        if drag.gesture == Gesture::Region {
            window_of_region(response.rect, plane, drag.origin, drag.last, cx);
        }
    } else {
        let origin = drag.origin;
        click(ui, response.id, response.rect, plane, drag.button, origin, cx);
    }
}

fn drag_by(pane: Rect, plane: Plane, gesture: Gesture, delta: DVec2, cx: &mut Context) {
    match gesture {
        Gesture::Pan => {
            let transform = cx.slice_transform(pane, plane);
            let mut pan_zoom = transform.pan_zoom();
            pan_zoom.pan(delta);
            // Some of the picture always stays in the pane's middle, where it can be found again.
            pan_zoom.centre = pan_zoom.centre.clamp(DVec2::ZERO, transform.frame().extent());
            cx.view.pane_mut(plane).pan_zoom = Some(pan_zoom);
        }
        Gesture::Window => {
            drag_window(delta, cx.view);
        }
        // The crosshair goes where the pointer is (see `drags`); a region counts when it is let go.
        Gesture::Crosshair | Gesture::Region | Gesture::None => {}
    }
}

/// To the right for less contrast, up for a brighter picture.
pub fn drag_window(delta: DVec2, view: &mut ViewState) {
    let step = view.value_range() / WINDOW_DRAG;
    let window = view.layer_window();
    let width = (window.width + delta.x * step).max(step);
    view.set_layer_window(Window::new(window.centre + delta.y * step, width));
}

/// The rectangle being dragged for its window, if one is.
pub fn region(ui: &Ui, response: &Response) -> Option<Rect> {
    let drag = ui.data(|d| d.get_temp::<Drag>(response.id.with("drag")))?;
    let is_region = drag.gesture == Gesture::Region && drag.moved;
    is_region.then(|| Rect::from_two_pos(drag.origin, drag.last).intersect(response.rect))
}

/// Gives the chosen layer the window of its values in a rectangle of a view.
fn window_of_region(pane: Rect, plane: Plane, from: Pos2, to: Pos2, cx: &mut Context) {
    let rect = Rect::from_two_pos(from, to).intersect(pane);
    let transform = cx.slice_transform(pane, plane);
    let overlay = cx.view.chosen_overlay();
    let volume = overlay.map_or(cx.document.image(), |o| &o.volume);
    let voxel = |at: Pos2| volume.grid().voxel(transform.world_from_pane(paint::in_pane(pane, at)));
    let corner = voxel(rect.min);
    let region = Rectangle {
        corner,
        along: voxel(rect.right_top()) - corner,
        down: voxel(rect.left_bottom()) - corner,
    };
    let frame = if overlay.is_some() { 0 } else { cx.view.scan.time_point };
    if let Some(window) = Window::of_region(volume, frame, &region) {
        cx.view.set_layer_window(window);
    }
}

fn crosshair_to(pane: Rect, plane: Plane, at: Pos2, cx: &mut Context) {
    let world = cx.slice_transform(pane, plane).world_from_pane(paint::in_pane(pane, at));
    cx.view.move_crosshair(cx.document.image().grid(), world);
}

fn click(
    ui: &Ui,
    id: Id,
    pane: Rect,
    plane: Plane,
    button: PointerButton,
    at: Pos2,
    cx: &mut Context,
) {
    match (cx.view.prefs.tool, button) {
        (Tool::Point, PointerButton::Primary) => {
            let alt = ui.input(|i| i.modifiers.alt);
            let positive = !(cx.view.transient.negative || alt);
            prompt(ui, id, pane, plane, at, positive, cx);
        }
        (Tool::Point, PointerButton::Secondary) => prompt(ui, id, pane, plane, at, false, cx),
        (Tool::Crosshair, PointerButton::Primary) => crosshair_to(pane, plane, at, cx),
        _ => {}
    }
}

fn prompt(ui: &Ui, id: Id, pane: Rect, plane: Plane, at: Pos2, positive: bool, cx: &mut Context) {
    let transform = cx.slice_transform(pane, plane);
    let world = transform.world_from_pane(paint::in_pane(pane, at));
    let voxel = cx.document.image().grid().voxel_at(world);
    // The second click of a double click at the same voxel would say nothing new.
    let memory = id.with("prompt");
    let last = ui.data(|d| d.get_temp::<([usize; 3], bool)>(memory));
    let again = ui.input(|i| {
        let any = [PointerButton::Primary, PointerButton::Secondary];
        any.iter()
            .any(|b| i.pointer.button_double_clicked(*b) || i.pointer.button_triple_clicked(*b))
    });
    if again && voxel.is_some_and(|v| last == Some((v, positive))) {
        return;
    }
    if let Some(object) = cx.document.active().filter(|o| cx.shows_clicks(o)) {
        let marks = cx.marks(&transform, pane, object);
        if let Some(hit) = marks::hit(&marks, at) {
            cx.view.transient.selected_prompt = Some((object.id, hit));
            return;
        }
    }
    cx.view.transient.selected_prompt = None;
    if let Some(voxel) = voxel {
        cx.view.scan.crosshair = world;
        ui.data_mut(|d| d.insert_temp(memory, (voxel, positive)));
    }
    let prompt = Prompt::new(world, positive);
    cx.out.push(Action::Do(Command::AddPrompt { object: None, prompt }));
}
