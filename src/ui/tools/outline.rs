//! An outline in a slice, drawn freely, from corner to corner or along edges: the voxels within are given to the
//! selected object.

use egui::{Color32, CursorIcon, Key, Painter, PointerButton, Pos2, Shape, Stroke, Ui};

use super::by_hand::{self, Nothing, over_choice, refusal, takes_away};
use super::{
    ClickOrDrag, Gesture, Tool, ToolInfo, ViewContext, ViewPlace, WorldPointer, key, live_wire,
};
use crate::document::Document;
use crate::geom::DVec3;
use crate::ui::kit::template::tr_error;
use crate::ui::kit::text::{mark, tr, tr_with};
use crate::ui::kit::widgets::{choice, strip_group};
use crate::ui::kit::{icons, paint};
use crate::ui::state::{Action, OutlineDraft, OutlineLine, Pane, ToolId, ViewState, WiresStatus};

pub const INFO: ToolInfo = ToolInfo {
    id: ToolId("outline"),
    name: "Draw outline",
    keys: &[key(Key::U)],
    icon: icons::POLYGON,
    gestures: &[
        ("Drag (Outline tool)", "Fill what is drawn around; right drag or Alt+drag: take it away"),
        ("Click (Outline tool)", "Corner of an outline; right click or Alt+click first: take away"),
        ("Double click, Enter, or click on the first corner (Outline tool)", "Close and fill"),
        ("Click (Outline tool with live wire)", "Corner; the way to it follows edges; Shift: straight"),
    ],
    hint: "Drag or click corners · Enter or double click: close · Another slice or tool: given up",
    edits: true,
    seldom: true,
};

/// The hint of a live wire.
const ALONG_EDGES: &str =
    mark("Click along an edge · Shift: straight · Enter or double click: close · Right first: take away");

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
            return Some(Nothing::because(tr_with(text, &[("name", &name)]), cx));
        }
        let erases = cx.view.transient.outline.as_ref().map_or(pressed, |draft| draft.erases);
        if !by_hand::may(STEP, erases, cx) {
            return Some(Nothing::begin());
        }
        let click = move |at: &WorldPointer, cx: &mut ViewContext| corner(at, erases, cx);
        let free = Free { press: at.clone(), erases, state: FreeState::Waits, last: at.at };
        ClickOrDrag::begin(at, Some(Box::new(click)), Some(Box::new(free)))
    }

    fn each_frame(&self, in_use: bool, cx: &mut ViewContext) {
        cx.view.transient.wires = None;
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
        live_wire::follow(cx);
        let ready = cx.view.transient.outline.as_ref().filter(|draft| draft.waiting.is_empty());
        if let Some(line) = ready.and_then(|draft| draft.closes) {
            close(line, cx);
        }
        preview(cx);
    }

    fn takes_key(&self, key: Key, view: &mut ViewState) -> bool {
        let Some(draft) = &mut view.transient.outline else { return false };
        match key {
            // A corner at the crosshair; unless the last one is there, which closes as a double click does.
            Key::Enter if draft.keyed.is_some_and(|at| !same(at, view.scan.crosshair)) => {
                return false;
            }
            Key::Enter => draft.closes = Some(view.prefs.outline),
            Key::Escape => view.transient.outline = None,
            Key::Backspace | Key::Delete => {
                draft.closes = None;
                draft.take_back();
                if draft.points.is_empty() {
                    view.transient.outline = None;
                }
            }
            _ => return false,
        }
        true
    }

    fn draws_in(&self, view: &ViewState) -> Option<Pane> {
        view.transient.outline.as_ref().map(|draft| Pane::Slice(draft.plane))
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
        let no_wires = match &cx.status.wires {
            WiresStatus::Refused(_, why) if draft.is_some() => Some(tr_error(why)),
            _ => None,
        };
        let why_not = refusal(erases, cx).or(no_wires);
        by_hand::sign(painter, place.rect, at.at, erases, why_not.as_deref());
    }

    fn cursor(&self, at: &WorldPointer, cx: &ViewContext) -> Option<CursorIcon> {
        let draft = cx.view.transient.outline.as_ref();
        let erases = draft.map_or(at.modifiers.alt, |draft| draft.erases);
        (!at.is_3d()).then(|| by_hand::cursor(refusal(erases, cx).is_some()))
    }

    fn hint(&self, view: &ViewState) -> &'static str {
        match view.prefs.outline {
            OutlineLine::Straight => INFO.hint,
            OutlineLine::LiveWire => ALONG_EDGES,
        }
    }

    fn options(&self, ui: &mut Ui, document: &Document, view: &mut ViewState) {
        let lines = [
            (tr("Free and corners"), OutlineLine::Straight),
            (tr("Live wire"), OutlineLine::LiveWire),
        ];
        strip_group(ui, "line", |ui| choice(ui, &mut view.prefs.outline, &lines));
        over_choice(ui, document, view);
    }
}

/// Whether two places, RAS mm, are the same but for rounding.
pub(super) fn same(one: DVec3, other: DVec3) -> bool {
    one.distance(other) < 1e-6
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
        waiting: Vec::new(),
        closes: None,
        keyed: None,
    };
    draft.begin_step(at);
    cx.view.transient.outline = Some(draft);
}

/// How a corner is reached; with Shift straight.
fn line(shift: bool, cx: &ViewContext) -> OutlineLine {
    if shift { OutlineLine::Straight } else { cx.view.prefs.outline }
}

/// What a click does: one more corner, or the end.
fn corner(at: &WorldPointer, erases: bool, cx: &mut ViewContext) {
    let Some(world) = at.keyed.or_else(|| world(&at.place, at.at)) else { return };
    let Some(draft) = &mut cx.view.transient.outline else {
        begin(&at.place, world, erases, cx);
        if let Some(draft) = &mut cx.view.transient.outline {
            draft.keyed = at.keyed;
        }
        return;
    };
    draft.keyed = at.keyed;
    let Some(draft) = &cx.view.transient.outline else { return };
    let line = line(at.modifiers.shift, cx);
    let near = |point: Option<DVec3>| {
        let near = |point| cx.on_screen(&at.place, point).distance(at.at) <= GRAB;
        point.is_some_and(|point| at.keyed.map_or_else(|| near(point), |at| same(point, at)))
    };
    let twice = cx.egui.input(|i| {
        let buttons = [PointerButton::Primary, PointerButton::Secondary];
        buttons.iter().any(|b| i.pointer.button_double_clicked(*b))
    });
    let encloses = draft.encloses(line);
    let again = twice && near(draft.last());
    let closes = encloses && (again || near(draft.points.first().copied()));
    let Some(draft) = &mut cx.view.transient.outline else { return };
    if closes {
        draft.closes = Some(line);
        if draft.waiting.is_empty() {
            close(line, cx);
        }
    } else if !again {
        draft.waiting.push((world, line));
        live_wire::follow(cx);
    }
}

/// Fills the outline, closed in this way. It stays if that can't be, or is not known yet.
fn close(line: OutlineLine, cx: &mut ViewContext) {
    let Some(way) = live_wire::way_back(line, cx) else { return };
    let Some(draft) = &mut cx.view.transient.outline else { return };
    draft.closes = None;
    let erases = draft.erases;
    if draft.points.len() + way.len() < OutlineDraft::FEWEST {
        cx.out.push(Action::Refuse(tr("An outline needs three corners").to_owned()));
        return;
    }
    if !by_hand::may(STEP, erases, cx) {
        return;
    }
    let grid = cx.document.image().grid();
    let region = cx.view.transient.outline.as_ref().map(|draft| draft.region(grid, &way));
    let Some(region) = region.filter(|region| !region.is_empty()) else {
        if line == OutlineLine::Straight {
            cx.view.transient.outline = None;
        }
        cx.out.push(Action::Refuse(tr("No voxel of the scan is inside of the outline").to_owned()));
        return;
    };
    cx.view.transient.outline = None;
    by_hand::edit(STEP, region, erases, cx);
}

/// Shows what closing the outline would do.
fn preview(cx: &mut ViewContext) {
    let line = line(cx.egui.input(|i| i.modifiers.shift), cx);
    let way = live_wire::way_back(line, cx).unwrap_or_default();
    if let Some(draft) = &cx.view.transient.outline {
        let (region, erases) = (draft.region(cx.document.image().grid(), &way), draft.erases);
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
                draft.settle();
                draft.begin_step(world);
                self.state = FreeState::Part;
            } else {
                begin(&self.press.place, world, self.erases, cx);
                // Along edges a hand that moves while it clicks has not drawn all of it.
                let whole = cx.view.prefs.outline == OutlineLine::Straight;
                self.state = if whole { FreeState::Whole } else { FreeState::Part };
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
            close(OutlineLine::Straight, cx);
        }
    }

    fn cancel(self: Box<Self>, cx: &mut ViewContext) {
        match (&mut cx.view.transient.outline, self.state) {
            (outline, FreeState::Whole) => *outline = None,
            (Some(draft), FreeState::Part) => draft.take_back(),
            _ => {}
        }
        cx.view.transient.outline.take_if(|draft| draft.points.is_empty());
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
    let on_screen = |points: &[DVec3]| -> Vec<Pos2> {
        points.iter().map(|p| cx.on_screen(place, *p)).collect()
    };
    let points = on_screen(&draft.points);
    let (Some(&first), Some(&last)) = (points.first(), points.last()) else { return };
    let line = line(cx.egui.input(|i| i.modifiers.shift), cx);
    let encloses = draft.encloses(line);
    let ends = pointer.is_some_and(|at| encloses && at.distance(first) <= GRAB);
    // Closed as it would be filled now.
    let back = live_wire::way_back(line, cx).unwrap_or_default();
    let back = [vec![last], on_screen(&back), vec![first]].concat();
    lines(painter, &back, 1.0, colour.gamma_multiply(0.5));
    if let Some(at) = pointer {
        let to = if ends { draft.points.first().copied() } else { world(place, at) };
        // Until it is known how edges lead there, straight.
        let way = to.map(|to| live_wire::way(to, line, cx).unwrap_or_else(|| vec![to]));
        let way = on_screen(&way.unwrap_or_default());
        lines(painter, &[vec![last], way].concat(), 1.0, colour);
    }
    lines(painter, &points, 1.5, colour);
    let corners = draft.steps.iter().filter_map(|step| points.get(step.corner).copied());
    let waiting = draft.waiting.iter().map(|(at, _)| cx.on_screen(place, *at));
    for at in corners.chain(waiting) {
        painter.circle(at, 3.0, colour, Stroke::new(1.0, Color32::from_black_alpha(190)));
    }
    if encloses {
        let ring = if ends { paint::ACCENT } else { colour };
        painter.circle_stroke(first, GRAB, Stroke::new(3.0, Color32::from_black_alpha(150)));
        painter.circle_stroke(first, GRAB, Stroke::new(1.5, ring));
    }
}

/// Lines from point to point, with a dark edge.
fn lines(painter: &Painter, points: &[Pos2], width: f32, colour: Color32) {
    for (width, colour) in [(width + 2.0, Color32::from_black_alpha(150)), (width, colour)] {
        painter.add(Shape::line(points.to_vec(), Stroke::new(width, colour)));
    }
}
