//! An outline in a slice, drawn freely or from corner to corner: the voxels within are given to the selected object.

use egui::{Color32, CursorIcon, Key, Painter, PointerButton, Pos2, Shape, Stroke, Ui};

use super::by_hand::{self, Nothing, note, over_choice, refusal, takes_away};
use super::{ClickOrDrag, Gesture, Tool, ToolInfo, ViewContext, ViewPlace, WorldPointer, key};
use crate::document::Document;
use crate::geom::DVec3;
use crate::ui::kit::text::{mark, tr, tr_with};
use crate::ui::kit::{icons, paint};
use crate::ui::state::{Action, OutlineDraft, Pane, ToolId, ViewState};

pub const INFO: ToolInfo = ToolInfo {
    id: ToolId("outline"),
    name: "Draw outline",
    keys: &[key(Key::U)],
    icon: icons::POLYGON,
    gestures: &[
        ("Drag (Outline tool)", "Fill what is drawn around; right drag or Alt+drag: take it away"),
        ("Click (Outline tool)", "Corner of an outline; right click or Alt+click first: take away"),
        ("Double click, Enter, or click on the first corner (Outline tool)", "Close and fill"),
    ],
    hint: "Drag or click corners · Enter or double click: close · Another slice or tool: given up",
    edits: true,
    seldom: true,
};

/// What it is called in the history.
const STEP: &str = mark("Outline");
/// How close to a corner the pointer must be to mean it, and how far apart points of a free part are, in points.
const GRAB: f32 = 6.0;
const APART: f32 = 1.5;

pub struct Outline;

impl Tool for Outline {
    fn info(&self) -> &'static ToolInfo {
        &INFO
    }

    fn press(&self, at: &WorldPointer, cx: &mut ViewContext) -> Option<Box<dyn Gesture>> {
        let Pane::Slice(plane) = at.place.pane else { return None };
        let pressed = takes_away(at)?;
        if let Some(draft) = cx.view.transient.outline.as_ref().filter(|d| d.plane != plane) {
            let name = tr(Pane::Slice(draft.plane).name());
            let text = mark("An outline is open in the {name} view: close it there first (Enter)");
            cx.out.push(Action::Refuse(tr_with(text, &[("name", &name)])));
            return Some(Box::new(Nothing));
        }
        let erases = cx.view.transient.outline.as_ref().map_or(pressed, |draft| draft.erases);
        if refusal(erases, cx).is_some() {
            by_hand::tell_refusal(STEP, erases, cx);
            return Some(Box::new(Nothing));
        }
        let click = move |at: &WorldPointer, cx: &mut ViewContext| corner(at, erases, cx);
        let free = Free { press: at.clone(), erases, state: FreeState::Waits, last: at.at };
        ClickOrDrag::begin(at, Some(Box::new(click)), Some(Box::new(free)))
    }

    fn each_frame(&self, in_use: bool, cx: &mut ViewContext) {
        let Some(draft) = &cx.view.transient.outline else { return };
        let (view, grid) = (&*cx.view, cx.document.image().grid());
        let stays = in_use
            && view.scan.lightbox.is_none()
            && view.slice(grid, draft.plane) == draft.slice
            && view.slice_frame(grid, draft.plane) == draft.frame;
        if !stays {
            cx.view.transient.outline = None;
            return;
        }
        if draft.closes {
            close(cx);
        }
        preview(cx);
    }

    fn takes_key(&self, key: Key, view: &mut ViewState) -> bool {
        let Some(draft) = &mut view.transient.outline else { return false };
        match key {
            Key::Enter => draft.closes = true,
            Key::Escape => view.transient.outline = None,
            Key::Backspace | Key::Delete => {
                draft.take_back();
                if draft.points.is_empty() {
                    view.transient.outline = None;
                }
            }
            _ => return false,
        }
        true
    }

    fn paint(
        &self,
        painter: &Painter,
        place: &ViewPlace,
        at: Option<&WorldPointer>,
        cx: &ViewContext,
    ) {
        let Pane::Slice(plane) = place.pane else { return };
        let alt = cx.egui.input(|i| i.modifiers.alt);
        let draft = cx.view.transient.outline.as_ref();
        let erases = draft.map_or(alt, |draft| draft.erases);
        if let Some(draft) = draft.filter(|draft| draft.plane == plane) {
            draw(painter, place, draft, at.map(|at| at.at), cx);
        }
        let Some(at) = at else { return };
        if let Some(why) = refusal(erases, cx) {
            note(painter, place.rect, at.at, &why, paint::WARNING);
        } else if erases {
            paint::pointer_sign(painter, at.at, false);
        }
    }

    fn cursor(&self, at: &WorldPointer, cx: &ViewContext) -> Option<CursorIcon> {
        let draft = cx.view.transient.outline.as_ref();
        let erases = draft.map_or(at.modifiers.alt, |draft| draft.erases);
        let shape = match refusal(erases, cx) {
            Some(_) => CursorIcon::NotAllowed,
            None => CursorIcon::Crosshair,
        };
        (!at.is_3d()).then_some(shape)
    }

    fn options(&self, ui: &mut Ui, document: &Document, view: &mut ViewState) {
        over_choice(ui, document, view);
        ui.separator();
    }
}

/// A place in a view's slice, RAS mm, and no further out than the view shows.
fn world(place: &ViewPlace, at: Pos2) -> Option<DVec3> {
    let at = place.rect.clamp(at);
    Some(place.slice.as_ref()?.world_from_pane(paint::in_pane(place.rect, at)))
}

/// Begins an outline in a view.
fn begin(place: &ViewPlace, at: DVec3, erases: bool, cx: &mut ViewContext) {
    let (Pane::Slice(plane), Some(transform)) = (place.pane, &place.slice) else { return };
    let mut draft = OutlineDraft {
        plane,
        frame: transform.frame().clone(),
        slice: transform.slice(),
        erases,
        points: Vec::new(),
        steps: Vec::new(),
        closes: false,
    };
    draft.begin_step(at);
    cx.view.transient.outline = Some(draft);
}

/// What a click does: one more corner, or the end.
fn corner(at: &WorldPointer, erases: bool, cx: &mut ViewContext) {
    let Some(world) = world(&at.place, at.at) else { return };
    let Some(draft) = &cx.view.transient.outline else {
        begin(&at.place, world, erases, cx);
        return;
    };
    let near = |point: Option<&DVec3>| {
        point.is_some_and(|point| cx.on_screen(&at.place, *point).distance(at.at) <= GRAB)
    };
    let twice = cx.egui.input(|i| {
        let buttons = [PointerButton::Primary, PointerButton::Secondary];
        buttons.iter().any(|b| i.pointer.button_double_clicked(*b))
    });
    let encloses = draft.points.len() >= OutlineDraft::FEWEST;
    let again = twice && near(draft.points.last());
    if encloses && (again || near(draft.points.first())) {
        close(cx);
    } else if !again && let Some(draft) = &mut cx.view.transient.outline {
        draft.begin_step(world);
    }
}

/// Fills the outline. It stays if that can't be.
fn close(cx: &mut ViewContext) {
    let Some(draft) = &mut cx.view.transient.outline else { return };
    draft.closes = false;
    let erases = draft.erases;
    if draft.points.len() < OutlineDraft::FEWEST {
        cx.out.push(Action::Refuse(tr("An outline needs three corners").to_owned()));
        return;
    }
    if refusal(erases, cx).is_some() {
        by_hand::tell_refusal(STEP, erases, cx);
        return;
    }
    let Some(draft) = cx.view.transient.outline.take() else { return };
    let region = draft.region(cx.document.image().grid());
    if region.is_empty() {
        cx.out.push(Action::Refuse(tr("No voxel of the scan is inside of the outline").to_owned()));
        return;
    }
    by_hand::edit(STEP, region, erases, cx);
}

/// Shows what closing the outline would do.
fn preview(cx: &mut ViewContext) {
    if let Some(draft) = &cx.view.transient.outline {
        let (region, erases) = (draft.region(cx.document.image().grid()), draft.erases);
        by_hand::preview(region, erases, cx);
    }
}

/// A part that is drawn freely: the whole outline, or what goes on from the corners that are there.
struct Free {
    press: WorldPointer,
    erases: bool,
    state: FreeState,
    /// Where its last point is on the screen.
    last: Pos2,
}

#[derive(Clone, Copy, PartialEq)]
enum FreeState {
    /// The pointer has not moved yet.
    Waits,
    /// It is the whole outline.
    Whole,
    /// It is a part of one.
    Part,
}

impl Gesture for Free {
    fn update(&mut self, to: &WorldPointer, cx: &mut ViewContext) {
        if self.state == FreeState::Waits {
            let Some(world) = world(&self.press.place, self.press.at) else { return };
            if let Some(draft) = &mut cx.view.transient.outline {
                draft.begin_step(world);
                self.state = FreeState::Part;
            } else {
                begin(&self.press.place, world, self.erases, cx);
                self.state = FreeState::Whole;
            }
        }
        // Of what has only just been scrolled away nothing is drawn on.
        let same = |draft: &&mut OutlineDraft| {
            let slice = to.place.slice.as_ref();
            slice.is_some_and(|s| s.slice() == draft.slice && *s.frame() == draft.frame)
        };
        let Some(world) = world(&to.place, to.at) else { return };
        if let Some(draft) = cx.view.transient.outline.as_mut().filter(same)
            && to.at.distance(self.last) >= APART
        {
            draft.points.push(world);
            self.last = to.at;
            preview(cx);
        }
    }

    fn commit(self: Box<Self>, cx: &mut ViewContext) {
        if self.state == FreeState::Whole {
            close(cx);
        }
    }

    fn cancel(self: Box<Self>, cx: &mut ViewContext) {
        match (&mut cx.view.transient.outline, self.state) {
            (outline, FreeState::Whole) => *outline = None,
            (Some(draft), FreeState::Part) => draft.take_back(),
            _ => {}
        }
    }
}

/// Draws what there is of an outline, and the line that follows the pointer.
fn draw(
    painter: &Painter,
    place: &ViewPlace,
    draft: &OutlineDraft,
    pointer: Option<Pos2>,
    cx: &ViewContext,
) {
    let colour = if draft.erases { paint::NEGATIVE } else { paint::TEXT };
    let points: Vec<Pos2> = draft.points.iter().map(|p| cx.on_screen(place, *p)).collect();
    let (Some(&first), Some(&last)) = (points.first(), points.last()) else { return };
    let encloses = points.len() >= OutlineDraft::FEWEST;
    let ends = pointer.is_some_and(|at| encloses && at.distance(first) <= GRAB);
    let to = if ends { first } else { pointer.unwrap_or(last) };
    // Closed as it would be filled now.
    paint::line(painter, [last, first], 1.0, colour.gamma_multiply(0.5));
    if to != last {
        paint::line(painter, [last, to], 1.0, colour);
    }
    for (width, colour) in [(3.5, Color32::from_black_alpha(150)), (1.5, colour)] {
        painter.add(Shape::line(points.clone(), Stroke::new(width, colour)));
    }
    for &at in draft.steps.iter().filter_map(|&n| points.get(n)) {
        painter.circle(at, 3.0, colour, Stroke::new(1.0, Color32::from_black_alpha(190)));
    }
    if encloses {
        let ring = if ends { paint::ACCENT } else { colour };
        painter.circle_stroke(first, GRAB, Stroke::new(3.0, Color32::from_black_alpha(150)));
        painter.circle_stroke(first, GRAB, Stroke::new(1.5, ring));
    }
}
