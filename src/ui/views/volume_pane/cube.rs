//! The cube in the corner that tells where the patient's sides are; its letters are buttons that look from
//! there.

use egui::{
    Align2, Color32, Painter, Pos2, Rect, Response, Role, Sense, Shape, Stroke, Ui, Vec2,
    WidgetInfo, vec2,
};

use super::super::{Context, paint};
use crate::geom::{Axis, DMat3, DVec3, Direction};
use crate::ui::commands::view_3d;
use crate::ui::kit::text::tr;
use crate::ui::state::view_3d::{SIDES, side_name};

/// From which share of a face's full width on its letter stands on it.
const FACING: f64 = 0.35;
/// Half a button.
const BUTTON: f32 = 9.0;

/// A side as it is seen.
struct Side {
    from: Direction,
    /// Unit vector: right, up, towards the viewer.
    seen: DVec3,
    /// Where its letter stands; `None` behind the cube.
    letter: Option<Pos2>,
}

/// Half an edge of the cube, its middle, and how far from it letters stand.
struct CubeGeometry {
    half: f32,
    centre: Pos2,
    reach: f32,
}

impl CubeGeometry {
    fn of(pane: Rect) -> Self {
        let reach = (pane.height().min(pane.width()) * 0.11).clamp(18.0, 38.0);
        let centre = pane.left_bottom() + vec2(reach + 16.0, -reach - 16.0);
        Self { half: reach * 0.5, centre, reach }
    }

    fn at(&self, seen: DVec3, length: f32) -> Pos2 {
        self.centre + flat(seen) * length
    }
}

fn flat(seen: DVec3) -> Vec2 {
    vec2(seen.x as f32, -seen.y as f32)
}

/// Paints the cube; its letters turn the camera, except in a figure.
pub fn show(ui: &Ui, painter: &Painter, pane: Rect, cx: &mut Context) {
    let place = CubeGeometry::of(pane);
    let camera = cx.view.scan.orbit.axes().transpose();
    let sides = SIDES.map(|side| {
        let seen = camera * side.unit();
        Side { from: side, seen, letter: letter_place(&place, seen) }
    });
    let mut hovered = None;
    if !cx.view.transient.is_figure {
        for side in &sides {
            let Some(at) = side.letter else { continue };
            let response = button(ui, at, side.from);
            if response.hovered() || response.has_focus() {
                hovered = Some(side.from);
            }
            if response.clicked() {
                cx.view.look_from(side.from);
                ui.ctx().request_repaint();
            }
        }
    }
    faces(painter, &place, &sides, camera, hovered);
    for side in &sides {
        letter(painter, side, hovered == Some(side.from));
    }
}

/// On the face if that can be seen well, else outside of the cube.
fn letter_place(place: &CubeGeometry, seen: DVec3) -> Option<Pos2> {
    if seen.z >= FACING {
        return Some(place.at(seen, place.half));
    }
    let along = flat(seen);
    (along.length() > 0.35).then(|| place.centre + along.normalized() * place.reach)
}

fn button(ui: &Ui, at: Pos2, side: Direction) -> Response {
    let rect = Rect::from_center_size(at, Vec2::splat(2.0 * BUTTON));
    let id = ui.scope_id().with(("look from", side.letter()));
    let response = ui.interact(rect, id, Sense::click());
    let name = tr("Look from {side}").replace("{side}", side_name(side));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    response.on_hover_text(view_3d::look_from(side).tip_for(&name))
}

/// The faces that look at the viewer.
fn faces(
    painter: &Painter,
    place: &CubeGeometry,
    sides: &[Side; 6],
    camera: DMat3,
    hovered: Option<Direction>,
) {
    for side in sides.iter().filter(|side| side.seen.z > 0.01) {
        let others: Vec<DVec3> = Axis::ALL
            .into_iter()
            .filter(|axis| *axis != side.from.axis)
            .map(|axis| camera * Direction { axis, positive: true }.unit())
            .collect();
        let corner =
            |u: f64, v: f64| place.at(side.seen + others[0] * u + others[1] * v, place.half);
        let corners =
            vec![corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)];
        let colour = paint::axis_colour(side.from.axis);
        let light = 0.16 + 0.22 * side.seen.z as f32;
        let light = if hovered == Some(side.from) { light + 0.25 } else { light };
        let fill = over_dark(colour, light);
        let edge = Stroke::new(1.0, over_dark(colour, 0.75));
        painter.add(Shape::convex_polygon(corners, fill, edge));
    }
}

/// A colour mixed into the dark of the views, so that it looks the same over any picture.
fn over_dark(colour: Color32, share: f32) -> Color32 {
    let dark = 18.0;
    let mix = |c: u8| (dark + (f32::from(c) - dark) * share) as u8;
    Color32::from_rgb(mix(colour.r()), mix(colour.g()), mix(colour.b()))
}

fn letter(painter: &Painter, side: &Side, strong: bool) {
    let Some(at) = side.letter else { return };
    let on_face = side.seen.z >= FACING;
    let mut painter = painter.clone();
    painter.multiply_opacity(if side.seen.z < -0.05 && !strong { 0.6 } else { 1.0 });
    let colour = if on_face || strong { paint::TEXT } else { paint::axis_colour(side.from.axis) };
    let letter = side.from.letter().to_string();
    paint::text(&painter, at, Align2::CENTER_CENTER, &letter, 12.0, colour);
}
