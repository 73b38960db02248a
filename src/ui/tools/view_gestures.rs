//! What the buttons do in a view where the tool has no use for them.

use egui::{CursorIcon, PointerButton, Pos2, Vec2, vec2};

use super::{ClickOrDrag, Gesture, ViewContext, ViewPlace, WorldPointer, crosshair};
use crate::geom::DVec2;
use crate::ui::state::{Pane, ViewState};
use crate::volume::Window;

/// Points of dragging for the whole range of values.
const WINDOW_DRAG: f64 = 600.0;

/// What a press begins: the middle button pans. In slices the right one drags the window. In 3D the left one turns,
/// with Shift it moves the clip plane (or, where there is none, the picture), and a click moves the crosshair to what
/// is seen.
pub fn begin(press: &WorldPointer) -> Option<Box<dyn Gesture>> {
    match press.button? {
        PointerButton::Middle => ClickOrDrag::begin(press, None, Some(Box::new(Pan::from(press)))),
        PointerButton::Secondary if !press.is_3d() => {
            ClickOrDrag::begin(press, None, Some(Box::new(WindowDrag::from(press))))
        }
        PointerButton::Primary if press.is_3d() => {
            let click =
                Box::new(|at: &WorldPointer, cx: &mut ViewContext| crosshair::follow(at, cx));
            ClickOrDrag::begin(press, Some(click), Some(turn(press)))
        }
        _ => None,
    }
}

/// What dragging with the left button does in 3D.
pub fn turn(press: &WorldPointer) -> Box<dyn Gesture> {
    Box::new(Turn { last: press.at, shift: press.modifiers.shift })
}

/// How far the pointer has moved since `last`, which follows it.
fn moved(last: &mut Pos2, to: Pos2) -> DVec2 {
    let by = to - std::mem::replace(last, to);
    DVec2::new(f64::from(by.x), f64::from(by.y))
}

/// The picture follows the pointer.
pub struct Pan {
    last: Pos2,
}

impl Pan {
    /// From where a button went down.
    pub fn from(press: &WorldPointer) -> Self {
        Self { last: press.at }
    }
}

impl Gesture for Pan {
    fn update(&mut self, to: &WorldPointer, cx: &mut ViewContext) {
        pan(&to.place, moved(&mut self.last, to.at), cx);
    }

    fn cursor(&self) -> Option<CursorIcon> {
        Some(CursorIcon::Grabbing)
    }
}

fn pan(place: &ViewPlace, by: DVec2, cx: &mut ViewContext) {
    match (place.pane, &place.slice) {
        (Pane::Slice(plane), Some(transform)) => {
            let mut pan_zoom = transform.pan_zoom();
            pan_zoom.pan(by);
            // Some of the picture always stays in the pane's middle, where it can be found again.
            pan_zoom.centre = pan_zoom.centre.clamp(DVec2::ZERO, transform.frame().extent());
            cx.view.pane_mut(plane).pan_zoom = Some(pan_zoom);
        }
        _ => cx.view.scan.orbit.pan(cx.document.image().grid(), place.size(), by),
    }
}

/// Window width and level follow the pointer.
pub struct WindowDrag {
    last: Pos2,
}

impl WindowDrag {
    /// From where a button went down.
    pub fn from(press: &WorldPointer) -> Self {
        Self { last: press.at }
    }
}

impl Gesture for WindowDrag {
    fn update(&mut self, to: &WorldPointer, cx: &mut ViewContext) {
        drag_window(moved(&mut self.last, to.at), cx.view);
    }
}

/// To the right for less contrast, up for a brighter picture.
pub fn drag_window(delta: DVec2, view: &mut ViewState) {
    let step = view.value_range() / WINDOW_DRAG;
    let window = view.layer_window();
    let width = (window.width + delta.x * step).max(step);
    view.set_layer_window(Window::new(window.centre + delta.y * step, width));
}

/// The camera of the 3D view, or its clip plane, follows the pointer.
struct Turn {
    last: Pos2,
    shift: bool,
}

impl Gesture for Turn {
    fn update(&mut self, to: &WorldPointer, cx: &mut ViewContext) {
        let by = moved(&mut self.last, to.at);
        if !self.shift {
            cx.view.scan.orbit.drag(by.x, by.y);
        } else if cx.view.scan.view_3d.clip.plane.is_some() {
            drag_plane(&to.place, vec2(by.x as f32, by.y as f32), cx);
        } else {
            pan(&to.place, by, cx);
        }
    }

    fn cursor(&self) -> Option<CursorIcon> {
        Some(CursorIcon::Grabbing)
    }
}

/// Moves the clip plane so that it follows the pointer.
fn drag_plane(place: &ViewPlace, delta: Vec2, cx: &mut ViewContext) {
    let Some(plane) = cx.view.scan.view_3d.clip.plane else { return };
    let grid = cx.document.image().grid();
    let mm = cx.view.scan.orbit.mm_per_pixel(grid, place.size());
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
