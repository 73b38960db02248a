//! Scissors: a curve drawn over a view, in 3D too, cuts what is seen within it (or outside) off masks.

use std::sync::Arc;

use egui::{Color32, CursorIcon, Key, Painter, PointerButton, Pos2, Shape, Stroke, Ui};

use super::by_hand::{Nothing, cursor, note, takes_away};
use super::outline::same;
use super::{
    ClickOrDrag, Gesture, Tool, ToolInfo, ToolKeyboard, ViewContext, ViewPlace, WorldPointer,
    crosshair,
};
use crate::document::{Document, LabelId, Object};
use crate::geom::{DVec2, DVec3};
use crate::mask::CutPlane;
use crate::mask::scissors::{CutDepth, CutSide, ViewProjection};
use crate::render::Orbit;
use crate::ui::kit::format::shorten;
use crate::ui::kit::text::{mark, tr, tr_with};
use crate::ui::kit::widgets::{choice, strip_group};
use crate::ui::kit::{icons, paint};
use crate::ui::state::{
    Action, CutObjects, Pane, ScissorsDraft, ToolId, ViewState, WantedCut,
};

pub const INFO: ToolInfo = ToolInfo {
    id: ToolId("scissors"),
    name: "Scissors",
    keys: &[egui::KeyboardShortcut::new(egui::Modifiers::SHIFT, Key::X)],
    icon: icons::SCISSORS,
    gestures: &[
        ("Drag (Scissors tool)", "Cut what is drawn around; right drag or Alt+drag: all but that"),
        ("Ctrl+drag in the 3D view (Scissors tool)", "Turn"),
        (
            "Enter at each corner, at the first again or twice at the last (Scissors and Outline tools)",
            "Corner at the crosshair; close",
        ),
    ],
    hint: "Drag around what is to go · Right button or Alt: the other side · Ctrl+drag in 3D: turn",
    edits: true,
    seldom: true,
};

/// What it is called in the history.
pub const STEP: &str = mark("Scissors");
/// How far apart points of a curve are, in points.
const APART: f32 = 1.5;
/// Fewer points enclose nothing.
const FEWEST: usize = 3;

pub struct ScissorsTool;

impl Tool for ScissorsTool {
    fn info(&self) -> &'static ToolInfo {
        &INFO
    }

    fn press(&self, at: &WorldPointer, cx: &mut ViewContext) -> Option<Box<dyn Gesture>> {
        if at.is_3d() && at.modifiers.command {
            // The view's: it turns.
            return None;
        }
        let other_side = takes_away(at)?;
        if cx.view.transient.cut.is_some() {
            // The one before is still being computed, and nothing that was asked for is dropped.
            return Some(Nothing::begin());
        }
        if let Err(why) = objects(cx) {
            return Some(Nothing::because(why, cx));
        }
        if let Some(corner) = at.keyed {
            set_corner(at.place.pane, corner, other_side, cx);
            return Some(Nothing::begin());
        }
        let goes_there = at.is_3d() && at.is(PointerButton::Primary);
        let click = move |at: &WorldPointer, cx: &mut ViewContext| {
            if goes_there {
                crosshair::follow(at, cx);
            }
        };
        let curve = Curve {
            place: at.place.clone(),
            orbit: cx.view.scan.orbit.clone(),
            points: vec![at.place.rect.clamp(at.at)],
            other_side,
            moved: false,
        };
        ClickOrDrag::begin(at, Some(Box::new(click)), Some(Box::new(curve)))
    }

    fn each_frame(&self, in_use: bool, cx: &mut ViewContext) {
        let draft = &mut cx.view.transient.scissors;
        draft.take_if(|_| !in_use || cx.view.scan.lightbox.is_some());
        if draft.as_ref().is_some_and(|draft| draft.closes) {
            close(cx);
        }
    }

    fn takes_key(&self, key: Key, view: &mut ViewState) -> bool {
        let crosshair = view.scan.crosshair;
        let Some(draft) = &mut view.transient.scissors else {
            return key == Key::Escape && view.transient.cut.take().is_some();
        };
        match key {
            // A corner at the crosshair; unless the last one is there, which closes.
            Key::Enter if !draft.corners.last().is_some_and(|at| same(*at, crosshair)) => {
                return false;
            }
            Key::Enter => draft.closes = true,
            Key::Escape => view.transient.scissors = None,
            Key::Backspace | Key::Delete => {
                draft.corners.pop();
                view.transient.scissors.take_if(|draft| draft.corners.is_empty());
            }
            _ => return false,
        }
        true
    }

    fn keyboard(&self) -> ToolKeyboard {
        ToolKeyboard::InAllViews
    }

    fn draws_in(&self, view: &ViewState) -> Option<Pane> {
        view.transient.scissors.as_ref().map(|draft| draft.pane)
    }

    fn paint(
        &self,
        painter: &Painter,
        place: &ViewPlace,
        at: Option<&WorldPointer>,
        cx: &ViewContext,
    ) {
        if let Some(draft) = cx.view.transient.scissors.as_ref().filter(|d| d.pane == place.pane) {
            draw(painter, place, draft, cx);
        }
        let Some(at) = at else { return };
        if cx.view.transient.cut.is_some() {
            note(painter, place.rect, at.at, tr("Cutting…"), paint::TEXT);
        } else if let Err(why) = objects(cx) {
            note(painter, place.rect, at.at, &why, paint::WARNING);
        }
    }

    fn cursor(&self, at: &WorldPointer, cx: &ViewContext) -> Option<CursorIcon> {
        if at.is_3d() && at.modifiers.command {
            return None;
        }
        let computes = cx.view.transient.cut.is_some();
        Some(if computes { CursorIcon::Progress } else { cursor(objects(cx).is_err()) })
    }

    fn options(&self, ui: &mut Ui, _document: &Document, view: &mut ViewState) {
        let set = &mut view.prefs.scissors;
        let sides = [(tr("Inside"), CutSide::Inside), (tr("Outside"), CutSide::Outside)];
        strip_group(ui, "side", |ui| {
            ui.label(tr("Cut away"));
            choice(ui, &mut set.side, &sides);
        });
        let depths = [
            (tr("All the way"), CutDepth::Through),
            (tr("First surface, or this slice"), CutDepth::FirstSurface),
        ];
        strip_group(ui, "depth", |ui| choice(ui, &mut set.depth, &depths));
        let objects = [
            (tr("Selected object"), CutObjects::Selected),
            (tr("All that are shown"), CutObjects::Shown),
        ];
        strip_group(ui, "objects", |ui| choice(ui, &mut set.objects, &objects));
    }
}

/// Which objects would be cut, or why none.
fn objects(cx: &ViewContext) -> Result<Vec<LabelId>, String> {
    let document = cx.document;
    let named = |text: &'static str, object: &Object| {
        Err(tr_with(text, &[("name", &shorten(&object.name, 30))]))
    };
    let shown = |object: &Object| cx.view.labels_shown() && cx.view.shows(document, object);
    if cx.view.prefs.scissors.objects == CutObjects::Shown {
        let cut = document.objects().iter();
        let cut = cut.filter(|o| !o.locked && !o.region.is_empty() && shown(o));
        let cut: Vec<LabelId> = cut.map(|o| o.id).collect();
        if cut.is_empty() {
            return Err(tr("No object is shown that is not locked").to_owned());
        }
        if cut.iter().any(|id| document.is_pending(*id)) {
            return Err(tr("A click of one of these objects is still being computed.").to_owned());
        }
        return Ok(cut);
    }
    match document.active() {
        None => Err(tr("Select the object to cut").to_owned()),
        Some(object) if object.locked => named(mark("{name} is locked"), object),
        Some(object) if object.region.is_empty() => named(mark("{name} has no voxels yet"), object),
        Some(object) if !shown(object) => named(mark("{name} is hidden: show it first"), object),
        Some(object) if document.is_pending(object.id) => {
            Err(tr("A click of this object is still being computed.").to_owned())
        }
        Some(object) => Ok(vec![object.id]),
    }
}

/// One more corner at the crosshair, or the end: at the first corner again.
fn set_corner(pane: Pane, corner: DVec3, other_side: bool, cx: &mut ViewContext) {
    let draft = &mut cx.view.transient.scissors;
    let fresh = || ScissorsDraft { pane, other_side, corners: Vec::new(), closes: false };
    let draft = draft.get_or_insert_with(fresh);
    if draft.corners.len() >= FEWEST && draft.corners.first().is_some_and(|at| same(*at, corner)) {
        draft.closes = true;
        close(cx);
    } else {
        draft.corners.push(corner);
    }
}

/// Makes the cut along the corners that were laid, where they are seen now. It stays if that can't be.
fn close(cx: &mut ViewContext) {
    let Some(draft) = cx.view.transient.scissors.as_mut() else { return };
    draft.closes = false;
    if draft.corners.len() < FEWEST {
        cx.out.push(Action::Refuse(tr("Draw around what is to be cut").to_owned()));
        return;
    }
    match objects(cx) {
        Ok(objects) => {
            let draft = cx.view.transient.scissors.take();
            let cut = draft.map(|draft| Arc::new(draft_cut(&draft, objects, cx)));
            cx.view.transient.cut = cut;
        }
        Err(why) => cx.out.push(Action::Refuse(why)),
    }
}

/// The cut that corners mean. (Whatever the view's size: corners and masks are seen alike.)
fn draft_cut(draft: &ScissorsDraft, objects: Vec<LabelId>, cx: &ViewContext) -> WantedCut {
    let grid = cx.document.image().grid();
    let side = side(draft.other_side, cx);
    match draft.pane {
        Pane::Slice(plane) => {
            let frame = cx.view.slice_frame(grid, plane);
            let shown = frame.view(cx.view.scan.crosshair);
            let slice = cx.view.slice(grid, plane) as f64;
            let point = frame.world(DVec3::new(shown.x, shown.y, slice));
            let picture = |world| frame.view(world).truncate();
            let curve = draft.corners.iter().map(|at| picture(*at)).collect();
            cut_in_slice((picture, frame.normal()), point, (curve, side, objects), cx)
        }
        Pane::Volume => {
            let size = [1000.0; 2];
            let orbit = &cx.view.scan.orbit;
            let seen = |at: &DVec3| orbit.project(grid, size, *at).truncate();
            cut_in_3d(orbit, size, (draft.corners.iter().map(seen).collect(), side, objects), cx)
        }
    }
}

/// Draws the corners that there are, and the way on to the crosshair and back.
fn draw(painter: &Painter, place: &ViewPlace, draft: &ScissorsDraft, cx: &ViewContext) {
    let corners: Vec<Pos2> = draft.corners.iter().map(|at| cx.on_screen(place, *at)).collect();
    let (Some(&first), Some(&last)) = (corners.first(), corners.last()) else { return };
    let colour = paint::NEGATIVE;
    let next = cx.on_screen(place, cx.view.scan.crosshair);
    for ends in [[last, next], [next, first]] {
        paint::line(painter, ends, 1.0, colour.gamma_multiply(0.5));
    }
    for (width, colour) in [(3.5, Color32::from_black_alpha(150)), (1.5, colour)] {
        painter.add(Shape::line(corners.clone(), Stroke::new(width, colour)));
    }
    for at in corners {
        painter.circle(at, 3.0, colour, Stroke::new(1.0, Color32::from_black_alpha(190)));
    }
}

/// What goes as the tool is set, or with its other button the rest.
fn side(other_side: bool, cx: &ViewContext) -> CutSide {
    match (cx.view.prefs.scissors.side, other_side) {
        (CutSide::Inside, false) | (CutSide::Outside, true) => CutSide::Inside,
        _ => CutSide::Outside,
    }
}

/// The curve in the picture, what goes, and of which objects.
type CutParts = (Vec<DVec2>, CutSide, Vec<LabelId>);

/// A cut in a slice: how places are seen in its picture with the direction towards the viewer, and a place in it.
fn cut_in_slice(
    (picture, normal): (impl Fn(DVec3) -> DVec2, DVec3),
    point: DVec3,
    (curve, side, objects): CutParts,
    cx: &ViewContext,
) -> WantedCut {
    let plane = CutPlane { point, normal };
    let alone = cx.view.prefs.scissors.depth == CutDepth::FirstSurface;
    WantedCut {
        projection: ViewProjection::of_slice(picture, normal),
        curve,
        side,
        depth: CutDepth::Through,
        kept: Vec::new(),
        slice: Some(plane).filter(|_| alone),
        objects,
    }
}

/// A cut in the 3D view of this size: only of what its clip leaves.
fn cut_in_3d(
    orbit: &Orbit,
    size: [f64; 2],
    (curve, side, objects): CutParts,
    cx: &ViewContext,
) -> WantedCut {
    let grid = cx.document.image().grid();
    let kept = cx.view.scan.view_3d.clip.half_spaces(grid);
    WantedCut {
        projection: ViewProjection::of_orbit(orbit, grid, size),
        curve,
        side,
        depth: cx.view.prefs.scissors.depth,
        kept: kept.into_iter().map(|[point, normal]| CutPlane { point, normal }).collect(),
        slice: None,
        objects,
    }
}

/// A curve that is being drawn.
struct Curve {
    /// The view as it lay when it began.
    place: ViewPlace,
    orbit: Orbit,
    /// On the screen, within the view: what lies beyond is not seen.
    points: Vec<Pos2>,
    other_side: bool,
    /// The view was scrolled, zoomed or turned meanwhile: the curve is not where it was drawn.
    moved: bool,
}

impl Gesture for Curve {
    fn update(&mut self, to: &WorldPointer, cx: &mut ViewContext) {
        self.moved |= to.place != self.place || cx.view.scan.orbit != self.orbit;
        let at = to.place.rect.clamp(to.at);
        if self.points.last().is_none_or(|last| last.distance(at) >= APART) {
            self.points.push(at);
        }
    }

    fn commit(self: Box<Self>, cx: &mut ViewContext) {
        if self.moved {
            let why = tr("The view moved while the curve was drawn: draw it again");
            cx.out.push(Action::Refuse(why.to_owned()));
        } else if self.points.len() < FEWEST {
            cx.out.push(Action::Refuse(tr("Draw around what is to be cut").to_owned()));
        } else {
            match objects(cx) {
                Ok(objects) => cx.view.transient.cut = Some(Arc::new(self.wanted(objects, cx))),
                Err(why) => cx.out.push(Action::Refuse(why)),
            }
        }
    }

    fn paint(&self, painter: &Painter) {
        let colour = if self.moved { paint::WARNING } else { paint::NEGATIVE };
        let (Some(&first), Some(&last)) = (self.points.first(), self.points.last()) else { return };
        paint::line(painter, [last, first], 1.0, colour.gamma_multiply(0.5));
        for (width, colour) in [(3.5, Color32::from_black_alpha(150)), (1.5, colour)] {
            painter.add(Shape::line(self.points.clone(), Stroke::new(width, colour)));
        }
    }
}

impl Curve {
    /// The cut that it means, in the view's picture as it is drawn.
    fn wanted(&self, objects: Vec<LabelId>, cx: &ViewContext) -> WantedCut {
        let side = side(self.other_side, cx);
        let Some(transform) = &self.place.slice else { return self.wanted_3d(objects, side, cx) };
        let (rect, normal) = (self.place.rect, transform.frame().normal());
        let picture = |world| transform.pane_from_world(world).truncate();
        let point = transform.world_from_pane(DVec2::ZERO);
        let curve = self.points.iter().map(|at| paint::in_pane(rect, *at)).collect();
        cut_in_slice((picture, normal), point, (curve, side, objects), cx)
    }

    /// In 3D: in physical pixels, as the picture is drawn.
    fn wanted_3d(&self, objects: Vec<LabelId>, side: CutSide, cx: &ViewContext) -> WantedCut {
        let scale = self.place.pixels_per_point;
        let [left, top, width, height] = paint::pixels(self.place.rect, scale).map(f64::from);
        let pixel = |at: &Pos2| {
            let at = *at * scale;
            DVec2::new(f64::from(at.x) - left, f64::from(at.y) - top)
        };
        let curve = self.points.iter().map(pixel).collect();
        cut_in_3d(&self.orbit, [width, height], (curve, side, objects), cx)
    }
}
