//! What the tools for boxes, scribbles and lassos share. They are drawn in a slice of the scan's own grid, and become a
//! prompt when the button is let go; by keyboard place by place.

use std::sync::Arc;

use egui::{Color32, CursorIcon, DragValue, Key, Painter, Pos2, Rect, Shape, Stroke, Ui};

use super::by_hand::{self, Nothing, takes_away};
use super::{
    ClickAction, ClickOrDrag, Gesture, Tool, ToolInfo, ViewContext, ViewPlace, WorldPointer,
};
use crate::document::{Command, Document};
use crate::geom::{DVec3, Grid, SliceFrame};
use crate::prompt::{Prompt, PromptShape, ShapeError, ShapeKind};
use crate::ui::kit::paint;
use crate::ui::kit::text::tr;
use crate::ui::state::{Action, Pane, ScanView, ShapeDraft, SliceTransform, Status, ViewState};

/// How far apart places of a line are that is drawn freely, in points.
const APART: f32 = 2.0;

/// A tool that draws prompts of one kind.
pub struct DrawnPrompts {
    /// What it is called and how it is chosen.
    pub info: &'static ToolInfo,
    /// What it draws.
    pub kind: ShapeKind,
}

impl Tool for DrawnPrompts {
    fn info(&self) -> &'static ToolInfo {
        self.info
    }

    fn press(&self, at: &WorldPointer, cx: &mut ViewContext) -> Option<Box<dyn Gesture>> {
        let Pane::Slice(plane) = at.place.pane else { return None };
        let transform = at.place.slice.as_ref()?;
        let positive = !takes_away(at)?;
        let why_not = kind_refusal(cx.status, self.kind).or_else(|| turned(transform.frame()));
        if let Some(why) = why_not {
            return Some(Nothing::because(why, cx));
        }
        let kind = self.kind;
        if let Some(keyed) = at.keyed {
            let draft = cx.view.transient.shape.take();
            let draft = draft.filter(|draft| (draft.kind, draft.plane) == (kind, plane));
            let mut draft = draft.unwrap_or_else(|| ShapeDraft {
                kind,
                plane,
                frame: transform.frame().clone(),
                slice: transform.slice(),
                positive,
                places: Vec::new(),
                ends: false,
            });
            draft.places.push(keyed);
            draft.ends = kind == ShapeKind::Box && draft.places.len() == 2;
            cx.view.transient.shape = Some(draft);
            return Some(Nothing::begin());
        }
        cx.view.transient.shape = None;
        let place = at.place.clone();
        let click: Option<ClickAction> = (kind == ShapeKind::Scribble).then(|| {
            let dot = move |at: &WorldPointer, cx: &mut ViewContext| {
                let Some(transform) = &at.place.slice else { return };
                let places: Vec<DVec3> = world(&at.place, at.at).into_iter().collect();
                finish(kind, transform.frame(), &places, positive, cx);
            };
            Box::new(dot) as ClickAction
        });
        let half = self.half_width(transform, cx);
        let drawn = Drawn { kind, positive, place, line: vec![at.at], half };
        ClickOrDrag::begin(at, click, Some(Box::new(drawn)))
    }

    /// What was set by keyboard is given up with the tool, the slice and the direction of the planes.
    fn each_frame(&self, in_use: bool, cx: &mut ViewContext) {
        // Each of these tools looks after its own.
        let draft = cx.view.transient.shape.as_ref();
        let Some(draft) = draft.filter(|draft| draft.kind == self.kind) else { return };
        let (view, grid) = (&*cx.view, cx.document.image().grid());
        let stays = in_use
            && view.scan.lightbox.is_none()
            && view.slice(grid, draft.plane) == draft.slice
            && view.slice_frame(grid, draft.plane) == draft.frame;
        if !stays {
            cx.view.transient.shape = None;
        } else if draft.ends {
            let ShapeDraft { frame, places, positive, .. } = draft.clone();
            cx.view.transient.shape = None;
            finish(self.kind, &frame, &places, positive, cx);
        }
    }

    fn takes_key(&self, key: Key, view: &mut ViewState) -> bool {
        let Some(draft) = &mut view.transient.shape else { return false };
        match key {
            Key::Enter
                if draft
                    .places
                    .last()
                    .is_some_and(|at| at.distance(view.scan.crosshair) < 1e-6) =>
            {
                draft.ends = true;
            }
            Key::Escape => view.transient.shape = None,
            Key::Backspace | Key::Delete => {
                draft.places.pop();
                if draft.places.is_empty() {
                    view.transient.shape = None;
                }
            }
            _ => return false,
        }
        true
    }

    fn draws_in(&self, view: &ViewState) -> Option<Pane> {
        view.transient.shape.as_ref().map(|draft| Pane::Slice(draft.plane))
    }

    fn paint(
        &self,
        painter: &Painter,
        place: &ViewPlace,
        at: Option<&WorldPointer>,
        cx: &ViewContext,
    ) {
        let Some(transform) = &place.slice else { return };
        let draft = cx.view.transient.shape.as_ref();
        if let Some(draft) = draft.filter(|draft| place.pane == Pane::Slice(draft.plane)) {
            let ends = draft.places.iter().chain([&cx.view.scan.crosshair]);
            let line: Vec<Pos2> = ends.map(|at| cx.on_screen(place, *at)).collect();
            outline(painter, (self.kind, self.half_width(transform, cx)), &line, draft.positive);
        }
        let Some(at) = at else { return };
        let why_not = kind_refusal(cx.status, self.kind).or_else(|| turned(transform.frame()));
        if let Some(why) = why_not {
            by_hand::note(painter, place.rect, at.at, &why, paint::WARNING);
            return;
        }
        let (half, positive) = (self.half_width(transform, cx), !at.modifiers.alt);
        if half > LEAST_BAND {
            painter.circle_stroke(at.at, half, Stroke::new(1.0, paint::sign_colour(positive)));
        }
        paint::pointer_sign(painter, at.at, positive);
    }

    fn cursor(&self, at: &WorldPointer, cx: &ViewContext) -> Option<CursorIcon> {
        let frame = at.place.slice.as_ref().map(SliceTransform::frame)?;
        let refused = kind_refusal(cx.status, self.kind).is_some() || frame.is_oblique();
        Some(by_hand::cursor(refused))
    }

    fn options(&self, ui: &mut Ui, _document: &Document, view: &mut ViewState) {
        if self.kind != ShapeKind::Scribble {
            return;
        }
        ui.label(tr("Radius"));
        let radius = &mut view.scan.scribble_radius;
        let drag = DragValue::new(radius).range(0.0..=ScanView::WIDEST_SCRIBBLE).speed(0.05);
        ui.add(drag.max_decimals(1)).accessible_name(tr("Radius of scribbles, in voxels"));
        ui.label(tr("voxels")).on_hover_text(tr(
            "From the middle of the line to its edge; 0: only voxels that the line goes through.",
        ));
    }

    fn wheel(&self, lines: i64, view: &mut ViewState) -> bool {
        if self.kind == ShapeKind::Scribble {
            view.scan.step_scribble(lines);
        }
        self.kind == ShapeKind::Scribble
    }
}

impl DrawnPrompts {
    /// Points on the screen from the middle of a line to its edge, as wide as the voxels that it means; none of others
    /// than scribbles.
    fn half_width(&self, transform: &SliceTransform, cx: &ViewContext) -> f32 {
        if self.kind != ShapeKind::Scribble {
            return 0.0;
        }
        half_width(transform, cx.document.image().grid(), cx.view.scan.scribble_radius)
    }
}

/// Points on the screen that so many voxels take in a slice, between those of its two sides.
pub(super) fn half_width(transform: &SliceTransform, grid: &Grid, voxels: f64) -> f32 {
    let (across, spacing) = (transform.frame().through_axis(), grid.spacing().to_array());
    let sides = (0..3).filter(|axis| *axis != across).map(|axis| spacing[axis]);
    let mm = voxels * sides.product::<f64>().sqrt();
    (mm * transform.pan_zoom().points_per_mm) as f32
}

/// Why the model in use takes none of these, if so.
pub fn kind_refusal(status: &Status, kind: ShapeKind) -> Option<String> {
    let (lacks, text) = match kind {
        ShapeKind::Box => (
            status.model_lacks(|can| can.shapes.boxes),
            tr(
                "The model in use takes no boxes: use points, or a model that takes them, such as nnInteractive (Segment, “Server…”)",
            ),
        ),
        ShapeKind::Scribble => (
            status.model_lacks(|can| can.shapes.scribbles),
            tr(
                "The model in use takes no scribbles: use points, or a model that takes them, such as nnInteractive (Segment, “Server…”)",
            ),
        ),
        ShapeKind::Lasso => (
            status.model_lacks(|can| can.shapes.lassos),
            tr(
                "The model in use takes no lassos: use points, or a model that takes them, such as nnInteractive (Segment, “Server…”)",
            ),
        ),
    };
    lacks.then(|| text.to_owned())
}

/// Why nothing can be drawn in slices that lie so, if so.
fn turned(frame: &SliceFrame) -> Option<String> {
    let text =
        tr("Boxes, scribbles and lassos lie in slices of the scan: make the planes straight first");
    frame.is_oblique().then(|| text.to_owned())
}

/// A place in a view's slice, RAS mm, and no further out than the view shows.
fn world(place: &ViewPlace, at: Pos2) -> Option<DVec3> {
    let at = place.rect.clamp(at);
    Some(place.slice.as_ref()?.world_from_pane(paint::in_pane(place.rect, at)))
}

/// What is being drawn with the button held down.
struct Drawn {
    kind: ShapeKind,
    positive: bool,
    place: ViewPlace,
    /// On the screen.
    line: Vec<Pos2>,
    /// From its middle to its edge, points.
    half: f32,
}

impl Gesture for Drawn {
    fn update(&mut self, to: &WorldPointer, _cx: &mut ViewContext) {
        let at = self.place.rect.clamp(to.at);
        if self.kind == ShapeKind::Box {
            self.line.truncate(1);
            self.line.push(at);
        } else if self.line.last().is_none_or(|last| last.distance(at) >= APART)
            && self.line.len() < PromptShape::MOST
        {
            self.line.push(at);
        }
    }

    fn commit(self: Box<Self>, cx: &mut ViewContext) {
        let Some(transform) = &self.place.slice else { return };
        let places: Vec<DVec3> =
            self.line.iter().filter_map(|at| world(&self.place, *at)).collect();
        finish(self.kind, transform.frame(), &places, self.positive, cx);
    }

    fn paint(&self, painter: &Painter) {
        outline(painter, (self.kind, self.half), &self.line, self.positive);
    }
}

/// Draws what there is of a shape on the screen; `half`: of a scribble, from its middle to its edge.
fn outline(painter: &Painter, (kind, half): (ShapeKind, f32), line: &[Pos2], positive: bool) {
    let (Some(&first), Some(&last)) = (line.first(), line.last()) else { return };
    let line = match kind {
        ShapeKind::Box => {
            let rect = Rect::from_two_pos(first, last);
            vec![
                rect.left_top(),
                rect.right_top(),
                rect.right_bottom(),
                rect.left_bottom(),
                rect.left_top(),
            ]
        }
        ShapeKind::Scribble => line.to_vec(),
        ShapeKind::Lasso => [line, &[first]].concat(),
    };
    band(painter, &line, half, paint::sign_colour(positive));
    edged(painter, &line, 2.0, paint::sign_colour(positive));
}

/// A narrower line is seen without its width.
const LEAST_BAND: f32 = 2.0;

/// How wide a line is, in points from its middle: what lies below is seen through it.
pub(super) fn band(painter: &Painter, line: &[Pos2], half: f32, colour: Color32) {
    if half <= LEAST_BAND {
        return;
    }
    let colour = colour.gamma_multiply(0.25);
    match line {
        [at] => {
            painter.circle_filled(*at, half, colour);
        }
        line => {
            painter.add(Shape::line(line.to_vec(), Stroke::new(2.0 * half, colour)));
        }
    }
}

/// A line with a dark edge.
pub(super) fn edged(painter: &Painter, line: &[Pos2], width: f32, colour: Color32) {
    let edge = Color32::from_black_alpha(150);
    for (width, colour) in [(width + 2.0, edge), (width, colour)] {
        painter.add(Shape::line(line.to_vec(), Stroke::new(width, colour)));
    }
}

/// Makes a prompt of what was drawn at these places (RAS mm), or tells why it is none.
fn finish(
    kind: ShapeKind,
    frame: &SliceFrame,
    places: &[DVec3],
    positive: bool,
    cx: &mut ViewContext,
) {
    let grid = cx.document.image().grid();
    match drawn((kind, cx.view.scan.scribble_radius), frame, places, grid) {
        Ok((anchor, shape)) => {
            let world = grid.world_of(anchor);
            cx.view.transient.selected_prompt = None;
            cx.view.scan.crosshair = world;
            let (prompt, shape) = (Prompt::new(world, positive), Arc::new(shape));
            cx.out.push(Action::Do(Command::AddShape { object: None, prompt, shape }));
        }
        Err(why) => {
            let why = match why {
                ShapeError::ThinBox => tr("A box needs two voxels along each side"),
                ShapeError::EmptyLasso => tr("No voxel lies within the lasso"),
                _ => tr("What was drawn does not lie in the scan"),
            };
            cx.out.push(Action::Refuse(why.to_owned()));
        }
    }
}

/// Places (RAS mm) in a slice that is one of the grid's, as a shape; what is drawn beside the scan ends at its edge.
/// `radius`: of a scribble, voxels.
fn drawn(
    (kind, radius): (ShapeKind, f64),
    frame: &SliceFrame,
    places: &[DVec3],
    grid: &Grid,
) -> Result<([usize; 3], PromptShape), ShapeError> {
    let (axis, dims) = (frame.through_axis(), grid.dims());
    let first = places.first().ok_or(ShapeError::Nothing)?;
    let slice = grid.voxel_clamped(*first)[axis];
    let axes: Vec<usize> = (0..3).filter(|other| *other != axis).collect();
    let flat = |at: &DVec3| {
        let at = grid.voxel(*at);
        [0, 1].map(|n| at[axes[n]].clamp(-0.5, dims[axes[n]] as f64 - 0.5))
    };
    let flat: Vec<[f64; 2]> = places.iter().map(flat).collect();
    PromptShape::drawn(kind, (axis, slice), &flat, radius, dims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{Convention, DAffine3, Plane};

    /// x runs to the Left and z down; 2 × 3 × 4 mm.
    #[test]
    fn what_is_drawn_lies_in_the_slice_that_is_shown_and_within_the_scan() {
        let scale = DAffine3::from_scale(DVec3::new(-2.0, 3.0, -4.0));
        let grid = Grid::new([10, 9, 8], scale).unwrap();
        for (plane, axis) in [(Plane::Axial, 2), (Plane::Coronal, 1), (Plane::Sagittal, 0)] {
            let frame = SliceFrame::new(&grid, plane, Convention::Radiological);
            let at = |u: f64, v: f64| {
                let mut voxel = [u, v, v];
                voxel[axis] = 3.0;
                if axis == 0 {
                    voxel = [3.0, u, v];
                }
                grid.world(DVec3::from_array(voxel))
            };
            let found = drawn((ShapeKind::Box, 1.0), &frame, &[at(1.2, 2.4), at(4.9, 6.0)], &grid);
            let (anchor, shape) = found.unwrap();
            assert_eq!((anchor[axis], shape.axis()), (3, axis));
            assert_eq!(shape.voxels(anchor, grid.dims()).count(), 5 * 5, "{plane:?}");
            // Beyond the edge it ends there.
            let far = [at(4.0, 4.0), at(40.0, 4.0)];
            let far = drawn((ShapeKind::Scribble, 2.5), &frame, &far, &grid);
            let (anchor, shape) = far.unwrap();
            assert_eq!(shape.radius(), 2.5);
            assert!(
                shape.fits(anchor, grid.dims()) && !shape.voxels(anchor, grid.dims()).is_empty()
            );
            let thin = drawn((ShapeKind::Box, 1.0), &frame, &[at(1.2, 2.4), at(1.3, 6.0)], &grid);
            assert_eq!(thin, Err(ShapeError::ThinBox));
        }
    }
}
