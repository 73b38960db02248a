//! Scissors: a curve drawn over a view, in 3D too, cuts what is seen within it (or outside) off masks.

use std::sync::Arc;

use egui::{Color32, CursorIcon, Key, Painter, PointerButton, Pos2, Shape, Stroke, Ui};

use super::by_hand::{Nothing, cursor, note, takes_away};
use super::{
    ClickOrDrag, Gesture, Tool, ToolInfo, ViewContext, ViewPlace, WorldPointer, crosshair,
};
use crate::document::{Document, LabelId, Object};
use crate::geom::DVec2;
use crate::mask::CutPlane;
use crate::mask::scissors::{CutDepth, CutSide, ViewProjection};
use crate::render::Orbit;
use crate::ui::kit::format::shorten;
use crate::ui::kit::text::{mark, tr, tr_with};
use crate::ui::kit::widgets::{choice, strip_group};
use crate::ui::kit::{icons, paint};
use crate::ui::state::{Action, CutObjects, ToolId, ViewState, WantedCut};

pub const INFO: ToolInfo = ToolInfo {
    id: ToolId("scissors"),
    name: "Scissors",
    keys: &[egui::KeyboardShortcut::new(egui::Modifiers::SHIFT, Key::X)],
    icon: icons::SCISSORS,
    gestures: &[
        ("Drag (Scissors tool)", "Cut what is drawn around; right drag or Alt+drag: all but that"),
        ("Ctrl+drag in the 3D view (Scissors tool)", "Turn"),
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

    fn takes_key(&self, key: Key, view: &mut ViewState) -> bool {
        key == Key::Escape && view.transient.cut.take().is_some()
    }

    fn paint(
        &self,
        painter: &Painter,
        place: &ViewPlace,
        at: Option<&WorldPointer>,
        cx: &ViewContext,
    ) {
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
        let set = cx.view.prefs.scissors;
        let side = match (set.side, self.other_side) {
            (CutSide::Inside, false) | (CutSide::Outside, true) => CutSide::Inside,
            _ => CutSide::Outside,
        };
        let Some(transform) = &self.place.slice else { return self.wanted_3d(objects, side, cx) };
        let (rect, normal) = (self.place.rect, transform.frame().normal());
        let picture = |world| transform.pane_from_world(world).truncate();
        let plane = CutPlane { point: transform.world_from_pane(DVec2::ZERO), normal };
        WantedCut {
            projection: ViewProjection::of_slice(picture, normal),
            curve: self.points.iter().map(|at| paint::in_pane(rect, *at)).collect(),
            side,
            depth: CutDepth::Through,
            kept: Vec::new(),
            slice: Some(plane).filter(|_| set.depth == CutDepth::FirstSurface),
            objects,
        }
    }

    /// In 3D: in physical pixels, as the picture is drawn, and only what its clip leaves.
    fn wanted_3d(&self, objects: Vec<LabelId>, side: CutSide, cx: &ViewContext) -> WantedCut {
        let grid = cx.document.image().grid();
        let scale = self.place.pixels_per_point;
        let [left, top, width, height] = paint::pixels(self.place.rect, scale).map(f64::from);
        let pixel = |at: &Pos2| {
            let at = *at * scale;
            DVec2::new(f64::from(at.x) - left, f64::from(at.y) - top)
        };
        let kept = cx.view.scan.view_3d.clip.half_spaces(grid);
        WantedCut {
            projection: ViewProjection::of_orbit(&self.orbit, grid, [width, height]),
            curve: self.points.iter().map(pixel).collect(),
            side,
            depth: cx.view.prefs.scissors.depth,
            kept: kept.into_iter().map(|[point, normal]| CutPlane { point, normal }).collect(),
            slice: None,
            objects,
        }
    }
}
