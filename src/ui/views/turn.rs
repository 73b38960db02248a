//! The lines in which the two other slices cut a view, and turning these slices by taking hold of them.

use egui::{CursorIcon, Painter, Pos2, Rect, Response, Sense, Stroke, Ui, Vec2, vec2};

use super::{Context, SliceTransform, paint};
use crate::geom::{Oblique, Plane};
use crate::ui::commands::views;
use crate::ui::kit::accessible_handle::AccessibleHandle;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::state::{Pane, PaneState};
use crate::ui::views::annotation_text;

/// Half of the gap in the crosshair's middle, so that it does not hide what it points at.
const GAP: f32 = 10.0;
/// How large a handle looks, and how large it is under the pointer.
const RADIUS: f32 = 5.0;
const GRAB: f32 = 9.0;
/// Degrees that Shift snaps to, and that an arrow key turns.
const SNAP: f64 = 5.0;
/// Handles lie this far within a pane, clear of the letters and of the slider at the right.
const INSET: [f32; 4] = [42.0, 44.0, 60.0, 44.0];

/// The line in which another slice cuts the one shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// The other slice.
    pub plane: Plane,
    /// Unit vector on the screen.
    pub direction: Vec2,
}

/// Where the slices cross on the screen, and the two lines through there.
#[derive(Clone, Debug, PartialEq)]
pub struct Cross {
    /// The crosshair.
    pub at: Pos2,
    /// The upright one first, where there is one.
    pub lines: Vec<Line>,
    /// How many letters stand at the left and right edge, at most.
    letters: usize,
}

/// The crosshair of `plane`'s view, which `transform` shows in `pane`.
pub fn cross(pane: Rect, plane: Plane, transform: &SliceTransform, cx: &Context) -> Cross {
    let grid = cx.document.image().grid();
    let line = |other: Plane| {
        let along = transform.frame().line_of(&cx.view.slice_frame(grid, other))?;
        Some(Line { plane: other, direction: vec2(along.x as f32, along.y as f32) })
    };
    let at = transform.pane_from_world(cx.view.scan.crosshair).truncate();
    let [left, right, ..] = transform.frame().letters();
    Cross {
        letters: left.len().max(right.len()),
        at: paint::on_screen(pane, at),
        lines: annotation_text::crosshair_planes(plane).into_iter().filter_map(line).collect(),
    }
}

impl Line {
    /// From where to where the line through `at` lies in `rect`, in points along its direction.
    fn within(&self, at: Pos2, rect: Rect) -> Option<(f32, f32)> {
        let (mut from, mut to) = (f32::NEG_INFINITY, f32::INFINITY);
        for (start, step, low, high) in [
            (at.x, self.direction.x, rect.min.x, rect.max.x),
            (at.y, self.direction.y, rect.min.y, rect.max.y),
        ] {
            if step.abs() < 1e-6 {
                if start < low || start > high {
                    return None;
                }
                continue;
            }
            let (a, b) = ((low - start) / step, (high - start) / step);
            (from, to) = (from.max(a.min(b)), to.min(a.max(b)));
        }
        (from < to).then_some((from, to))
    }

    /// Whether it runs along the pane's edges.
    fn is_straight(&self) -> bool {
        self.direction.x.abs() < 1e-4 || self.direction.y.abs() < 1e-4
    }

    /// Where it can be taken hold of: towards its two ends, not too near to the crosshair.
    fn handles(&self, at: Pos2, pane: Rect) -> Vec<Pos2> {
        let [left, top, right, bottom] = INSET;
        let inner = Rect::from_min_max(pane.min + vec2(left, top), pane.max - vec2(right, bottom));
        let ends = self.within(at, inner).map(|(from, to)| [from, to]);
        let far = |along: &f32| along.abs() > 3.0 * GRAB;
        ends.into_iter().flatten().filter(far).map(|along| at + self.direction * along).collect()
    }
}

/// Draws the crosshair.
pub fn draw(painter: &Painter, pane: Rect, cross: &Cross) {
    let ppp = painter.pixels_per_point();
    let width = ppp.round().max(1.0) / ppp;
    for line in &cross.lines {
        let stroke = Stroke::new(width, paint::plane_colour(line.plane).gamma_multiply(0.75));
        let mut at = cross.at;
        if line.is_straight() {
            // Lines of one physical pixel lie on pixel centres.
            at = pos_on_pixels(at, ppp);
        }
        let rect = annotation_text::clear_of_letters(pane, at, line.direction, cross.letters);
        let Some((from, to)) = line.within(at, rect) else { continue };
        for (from, to) in [(from, to.min(-GAP)), (from.max(GAP), to)] {
            if from < to {
                painter
                    .line_segment([at + line.direction * from, at + line.direction * to], stroke);
            }
        }
    }
}

fn pos_on_pixels(at: Pos2, ppp: f32) -> Pos2 {
    ((at.to_vec2() * ppp).floor() + Vec2::splat(0.5)).to_pos2() / ppp
}

/// A turn that lasts.
#[derive(Clone, Copy)]
struct Drag {
    /// Turn, pan and zoom when it began.
    before: (Option<Oblique>, [PaneState; 3]),
    /// Where on the screen the pointer was then, as an angle about the crosshair.
    from: f32,
    /// How far it has turned, in degrees clockwise.
    by: f64,
}

/// Makes the handles of a view answer to pointer and keyboard. After the view itself, over which they lie.
pub fn interact(ui: &Ui, pane: Rect, plane: Plane, cx: &mut Context) {
    if !cx.view.prefs.show_crosshair
        || cx.view.transient.is_figure
        || pane.width() < 160.0
        || pane.height() < 140.0
    {
        return;
    }
    let cross = cross(pane, plane, &cx.slice_transform(pane, plane), cx);
    if !pane.contains(cross.at) {
        return;
    }
    let angle = cross.lines.first().map_or(0.0, |line| angle_of(line.direction));
    let mut first = true;
    for line in &cross.lines {
        for (n, at) in line.handles(cross.at, pane).into_iter().enumerate() {
            let id = ui.scope_id().with(("turn", plane.name(), line.plane.name(), n));
            let place = Rect::from_center_size(at, Vec2::splat(2.0 * GRAB));
            // A click in passing means what lies below. The keyboard needs one handle only.
            let response = if std::mem::take(&mut first) {
                let name = format!("{} {}", tr("Turn in the view"), plane.name().to_lowercase());
                let grip = AccessibleHandle {
                    name: &name,
                    value: angle,
                    range: -180.0..=180.0,
                    step: SNAP,
                    keys: AccessibleHandle::SIDEWAYS,
                };
                let (response, asked) =
                    grip.interact(ui, place, id, Sense::DRAG | Sense::FOCUSABLE);
                if let Some(asked) = asked {
                    cx.view.turn(cx.document.image().grid(), plane, asked - angle);
                }
                response
            } else {
                ui.interact(place, id, Sense::DRAG)
            };
            drag(ui, &response, plane, cross.at, cx);
            response.on_hover_text(tr_with(
                "Drag: turn the two other planes. Shift: by 5°. Back: {key}",
                &[("key", &views::STRAIGHTEN.key_text())],
            ));
        }
    }
}

/// How far a line that was upright has been turned clockwise, in degrees from −90 to 90.
fn angle_of(direction: Vec2) -> f64 {
    let down = if direction.y < 0.0 { -direction } else { direction };
    f64::from(-down.x).atan2(f64::from(down.y)).to_degrees()
}

fn drag(ui: &Ui, response: &Response, plane: Plane, centre: Pos2, cx: &mut Context) {
    let id = response.id.with("drag");
    let pointer = ui.input(|i| i.pointer.latest_pos());
    if response.hovered() && !response.dragged() {
        ui.set_cursor_icon(CursorIcon::Grab);
    }
    if response.drag_started()
        && let Some(at) = ui.input(|i| i.pointer.press_origin()).or(pointer)
    {
        let from = (at - centre).angle();
        let before = (cx.view.scan.oblique, cx.view.scan.slices);
        ui.data_mut(|d| d.insert_temp(id, Drag { before, from, by: 0.0 }));
    }
    if !response.dragged() {
        ui.data_mut(|d| d.remove::<Drag>(id));
        return;
    }
    ui.set_cursor_icon(CursorIcon::Grabbing);
    let (Some(mut drag), Some(at)) = (ui.data(|d| d.get_temp::<Drag>(id)), pointer) else { return };
    if at.distance(centre) < 2.0 {
        return;
    }
    let by = f64::from((at - centre).angle() - drag.from).to_degrees();
    let by = (by + 180.0).rem_euclid(360.0) - 180.0;
    drag.by = if ui.input(|i| i.modifiers.shift) { (by / SNAP).round() * SNAP } else { by };
    ui.data_mut(|d| d.insert_temp(id, drag));
    // From where it began, so that the rounding of many small turns does not add up.
    (cx.view.scan.oblique, cx.view.scan.slices) = drag.before;
    cx.view.turn(cx.document.image().grid(), plane, drag.by);
}

/// Draws the handles while the pointer is in the view or one is held, and says how far a drag has turned.
pub fn draw_handles(
    ui: &Ui,
    painter: &Painter,
    pane: Rect,
    plane: Plane,
    cross: &Cross,
    cx: &Context,
) {
    let seen = cx.view.transient.hovered == Some(Pane::Slice(plane));
    let pressed = ui.input(|i| i.pointer.any_down());
    for line in &cross.lines {
        for (n, at) in line.handles(cross.at, pane).into_iter().enumerate() {
            let id = ui.scope_id().with(("turn", plane.name(), line.plane.name(), n));
            let drag = ui.data(|d| d.get_temp::<Drag>(id.with("drag")));
            let focused = ui.memory(|m| m.has_focus(id));
            if drag.is_none() && !focused && (!seen || pressed) {
                continue;
            }
            let pointer = ui.input(|i| i.pointer.latest_pos());
            let near = drag.is_some() || pointer.is_some_and(|p| p.distance(at) <= GRAB);
            let colour = paint::plane_colour(line.plane);
            let fill = if near { colour } else { egui::Color32::from_black_alpha(150) };
            painter.circle(at, RADIUS + 1.0, egui::Color32::from_black_alpha(120), Stroke::NONE);
            painter.circle(at, RADIUS, fill, Stroke::new(1.5, colour));
            if focused {
                painter.circle_stroke(at, RADIUS + 4.0, Stroke::new(1.5, paint::ACCENT));
            }
            if let (Some(drag), Some(pointer)) = (drag, pointer) {
                let text = format!("{:+.1}°", drag.by).replace('-', "−");
                let place = pointer + vec2(14.0, 14.0);
                paint::text(painter, place, egui::Align2::LEFT_TOP, &text, 12.0, paint::TEXT);
            }
        }
    }
}
