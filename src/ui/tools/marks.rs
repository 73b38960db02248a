//! The active object's clicks in a view: where they are, which one is under the pointer, how they look.

use egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, vec2};

use super::{ViewContext, ViewPlace, WorldPointer};
use crate::document::{LabelId, Object};
use crate::prompt::{Prompt, PromptId};
use crate::ui::kit::paint;
use crate::ui::state::SliceTransform;

/// How many slices away a click is still hinted at.
const NEAR: i64 = 10;
/// Of a dot, in points: on a structure of some size, and on one that a larger dot would hide.
const RADIUS: f32 = 6.0;
const SMALLEST: f32 = 2.5;
/// In 3D.
const RADIUS_3D: f32 = 5.0;
/// How close the pointer must be to the smallest dots to mean them, in points.
const GRAB: f32 = 4.0;
/// Dots smaller than this have no room for a sign.
const SIGNED: f32 = 4.5;
const EDGE: Color32 = Color32::from_black_alpha(190);

/// A click as one view shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// Which of its object's clicks.
    pub id: PromptId,
    /// Centre on the screen.
    pub at: Pos2,
    /// Slices towards Superior, Anterior or Right of the one shown; 0 in 3D.
    pub above: i64,
    /// Kind of click.
    pub positive: bool,
    /// Of its dot, in points.
    pub radius: f32,
}

/// How large the dots of a structure are that has so many millilitres: no larger than a quarter of a ball of this
/// volume is on the screen.
fn radius(transform: &SliceTransform, millilitres: f64) -> f32 {
    if millilitres <= 0.0 {
        return RADIUS;
    }
    let across = 2.0 * (millilitres * 1000.0 * 0.75 / std::f64::consts::PI).cbrt();
    ((across * transform.pan_zoom().points_per_mm / 8.0) as f32).clamp(SMALLEST, RADIUS)
}

/// The clicks near the slice shown, in order.
fn marks(transform: &SliceTransform, pane: Rect, prompts: &[Prompt], radius: f32) -> Vec<Mark> {
    let mark = |prompt: &Prompt| {
        let at = transform.pane_from_world(prompt.world);
        let above = transform.steps_up(at.z);
        let at = paint::on_screen(pane, at.truncate());
        let Prompt { id, positive, .. } = *prompt;
        (above.abs() <= NEAR).then_some(Mark { id, at, above, positive, radius })
    };
    prompts.iter().filter_map(mark).collect()
}

/// The newest click of the slice shown whose dot is at `at`.
fn hit(marks: &[Mark], at: Pos2) -> Option<PromptId> {
    let under = |m: &&Mark| m.above == 0 && m.at.distance(at) <= (m.radius + 1.0).max(GRAB);
    marks.iter().rev().find(under).map(|m| m.id)
}

/// An object's prompts, the one that is being dragged where it is now.
pub fn prompts(object: &Object, cx: &ViewContext) -> Vec<Prompt> {
    let mut prompts = object.log.prompts.clone();
    let dragged = cx.view.transient.dragged_prompt.filter(|d| d.object == object.id);
    for prompt in &mut prompts {
        if let Some(dragged) = dragged.filter(|d| d.prompt == prompt.id) {
            prompt.world = dragged.to;
        }
    }
    prompts
}

/// An object's prompts as a slice view shows them.
pub fn of(transform: &SliceTransform, pane: Rect, object: &Object, cx: &ViewContext) -> Vec<Mark> {
    let radius = radius(transform, cx.document.volume_ml(object));
    marks(transform, pane, &prompts(object, cx), radius)
}

/// An object's prompts as the 3D view shows them: all of them, whatever is before them.
pub fn in_3d(place: &ViewPlace, object: &Object, cx: &ViewContext) -> Vec<Mark> {
    let mark = |prompt: &Prompt| {
        let at = cx.on_screen(place, prompt.world);
        let Prompt { id, positive, .. } = *prompt;
        place.rect.contains(at).then_some(Mark { id, at, above: 0, positive, radius: RADIUS_3D })
    };
    prompts(object, cx).iter().filter_map(mark).collect()
}

/// The prompt of the active object whose dot is under the pointer.
pub fn under(at: &WorldPointer, cx: &ViewContext) -> Option<(LabelId, PromptId)> {
    let object = cx.document.active().filter(|o| cx.shows_prompts(o))?;
    let marks = match &at.place.slice {
        Some(transform) => of(transform, at.place.rect, object, cx),
        None if cx.gpu => in_3d(&at.place, object, cx),
        None => return None,
    };
    Some((object.id, hit(&marks, at.at)?))
}

/// The mark of the first prompt that waits for its answer, while one is computed.
pub fn computed<'m>(marks: &'m [Mark], object: &Object, cx: &ViewContext) -> Option<&'m Mark> {
    let waits = cx.document.is_pending(object.id) && cx.status.busy.is_some();
    let prompt = object.log.prompts.get(object.replayed()).filter(|_| waits)?;
    marks.iter().find(|mark| mark.id == prompt.id && mark.above == 0)
}

/// Draws an object's clicks.
pub fn draw(
    painter: &Painter,
    marks: &[Mark],
    object: &Object,
    selected: Option<(LabelId, PromptId)>,
) {
    for mark in marks {
        let colour = paint::sign_colour(mark.positive);
        if mark.above == 0 {
            dot(painter, mark, colour);
            if selected == Some((object.id, mark.id)) {
                let ring = mark.radius + 4.0;
                painter.circle_stroke(mark.at, ring, Stroke::new(3.0, Color32::BLACK));
                painter.circle_stroke(mark.at, ring, Stroke::new(1.5, Color32::WHITE));
            }
        } else {
            let mut faint = painter.clone();
            faint.multiply_opacity(0.85 - 0.04 * mark.above.abs() as f32);
            let ring = (mark.radius - 1.0).max(SMALLEST);
            faint.circle_stroke(mark.at, ring, Stroke::new(3.5, EDGE));
            faint.circle_stroke(mark.at, ring, Stroke::new(1.5, colour));
            if mark.radius >= SIGNED {
                paint::sign(&faint, mark.at, 2.0, mark.positive, Stroke::new(1.2, colour));
            }
            away(&faint, mark, colour);
        }
    }
}

fn dot(painter: &Painter, mark: &Mark, colour: Color32) {
    let radius = mark.radius;
    painter.circle(mark.at, radius, colour, Stroke::new(1.5, EDGE));
    if radius >= SIGNED {
        let stroke = Stroke::new(1.6, Color32::BLACK);
        paint::sign(painter, mark.at, radius - 2.6, mark.positive, stroke);
    }
}

/// An arrow up (towards Superior, Anterior, Right) or down, and how many slices.
fn away(painter: &Painter, mark: &Mark, colour: Color32) {
    let tip = if mark.above > 0 { -4.0 } else { 4.0 };
    let at = mark.at + vec2(mark.radius + 6.0, 0.0);
    let corners =
        vec![at + vec2(0.0, tip), at + vec2(3.0, -tip / 2.0), at + vec2(-3.0, -tip / 2.0)];
    painter.add(Shape::convex_polygon(corners, colour, Stroke::new(1.0, EDGE)));
    let count = mark.above.abs().to_string();
    paint::text(painter, at + vec2(5.0, 0.0), Align2::LEFT_CENTER, &count, 10.0, colour);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{Convention, DAffine3, DVec2, DVec3, Grid, Plane};
    use egui::pos2;

    #[test]
    fn clicks_show_within_ten_slices_and_only_those_of_the_slice_can_be_picked() {
        let down = DAffine3::from_scale(DVec3::new(1.0, 1.0, -1.0));
        let grid = Grid::new([40, 40, 40], down).unwrap();
        let size = DVec2::splat(400.0);
        let radiological = Convention::Radiological;
        let axial = SliceTransform::new(&grid, Plane::Axial, radiological, None, None, size, 20);
        let pane = Rect::from_min_size(pos2(50.0, 60.0), egui::vec2(400.0, 400.0));
        let at = |(n, z): (u64, usize)| Prompt {
            id: PromptId(n),
            ..Prompt::positive(grid.world_of([10, 10, z]))
        };
        let prompts = [(0, 20), (1, 17), (2, 31), (3, 20)].map(at);
        let marks = marks(&axial, pane, &prompts, RADIUS);
        let seen: Vec<_> = marks.iter().map(|m| (m.id.0, m.above)).collect();
        // Index 17 is above: this grid counts downwards.
        assert_eq!(seen, [(0, 0), (1, 3), (3, 0)]);
        assert!(pane.contains(marks[0].at));
        assert_eq!(hit(&marks, marks[0].at + vec2(4.0, 4.0)), Some(PromptId(3)), "the newest wins");
        assert_eq!(hit(&marks, marks[0].at + vec2(8.0, 0.0)), None);
        assert_eq!(hit(&marks[1..2], marks[1].at), None);
    }

    #[test]
    fn dots_are_small_on_what_they_would_hide() {
        let grid = Grid::new([40, 40, 40], DAffine3::IDENTITY).unwrap();
        let zoomed = |points_per_mm| {
            let pan_zoom = crate::geom::PanZoom { centre: DVec2::splat(20.0), points_per_mm };
            let size = DVec2::splat(400.0);
            SliceTransform::new(
                &grid,
                Plane::Axial,
                Convention::Radiological,
                None,
                Some(pan_zoom),
                size,
                20,
            )
        };
        // A ball of 12 mm has 0.9048 mL.
        let lesion = 4.0 / 3.0 * std::f64::consts::PI * 6.0f64.powi(3) / 1000.0;
        for (points_per_mm, millilitres, expected) in [
            (3.0, lesion, 4.5),
            (2.0, lesion, 3.0),
            (1.0, lesion, SMALLEST),
            (10.0, lesion, RADIUS),
            (3.0, 1500.0, RADIUS),
            // Nothing yet to hide.
            (3.0, 0.0, RADIUS),
        ] {
            let radius = radius(&zoomed(points_per_mm), millilitres);
            assert!((radius - expected).abs() < 1e-4, "{points_per_mm} {millilitres}: {radius}");
        }
    }
}
