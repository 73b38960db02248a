//! Measure: lengths, angles and rectangles, drawn in a slice and kept.

use egui::{CursorIcon, Key, Painter, PointerButton, Ui};

use super::by_hand::Nothing;
use super::measured::{self, Grip, MEASURE};
use super::{ClickOrDrag, Gesture, Tool, ToolInfo, ViewContext, ViewPlace, WorldPointer};
use crate::document::{Command, Document, MeasurementChange};
use crate::geom::DVec3;
use crate::measure::{MeasurementId, MeasurementKind, MeasurementShape};
use crate::ui::kit::icons;
use crate::ui::kit::text::tr;
use crate::ui::kit::widgets::{choice, strip_group};
use crate::ui::state::{
    Action, MeasureDraft, Pane, SliceTransform, ToolId, ViewState, measure_lines, readout,
};

pub const INFO: ToolInfo = ToolInfo {
    id: ToolId("measure"),
    name: "Measure",
    keys: &[egui::KeyboardShortcut::new(egui::Modifiers::SHIFT, Key::T)],
    icon: icons::RULER,
    gestures: &[
        (
            "Drag or click (Measure tool)",
            "Length, angle or rectangle; on an end or a line: move it",
        ),
        ("`Delete` (Measure tool)", "Take the selected measure out"),
    ],
    hint: "Drag or click: measure · Drag an end or a line: move it · Delete: take it out",
    edits: true,
    seldom: true,
};

pub struct Measure;

impl Tool for Measure {
    fn info(&self) -> &'static ToolInfo {
        &INFO
    }

    fn press(&self, at: &WorldPointer, cx: &mut ViewContext) -> Option<Box<dyn Gesture>> {
        let transform = at.place.slice.as_ref()?;
        if !at.is(PointerButton::Primary) {
            return None;
        }
        let world = at.picked(cx)?.world;
        give_up_elsewhere(at.place.pane, transform, cx);
        if at.keyed.is_some() {
            set(&at.place, world, cx);
            return Some(Nothing::begin());
        }
        if cx.view.transient.measuring.draft.is_none()
            && let Some((measurement, grip)) = measured::under(&at.place, at.at, cx)
        {
            let (id, shape) = (measurement.id, measurement.shape);
            cx.view.transient.measuring.selected = Some(id);
            let taken = Taken { id, shape, grip, from: world };
            return ClickOrDrag::begin(at, None, Some(Box::new(taken)));
        }
        cx.view.transient.measuring.selected = None;
        let click = move |press: &WorldPointer, cx: &mut ViewContext| set(&press.place, world, cx);
        let drawn = Drawn { place: at.place.clone(), from: world };
        ClickOrDrag::begin(at, Some(Box::new(click)), Some(Box::new(drawn)))
    }

    fn each_frame(&self, in_use: bool, cx: &mut ViewContext) {
        let kind = cx.view.prefs.measure;
        let there = |id: &MeasurementId| cx.document.measurement(*id).is_some();
        let measuring = &mut cx.view.transient.measuring;
        measuring.selected = measuring.selected.filter(there);
        measuring.draft.take_if(|draft| !in_use || draft.places.len() >= kind.places());
        if let Some(id) = measuring.to_remove.take() {
            cx.out.push(Action::Do(Command::Measure(MeasurementChange::Remove(id))));
        }
    }

    fn takes_key(&self, key: Key, view: &mut ViewState) -> bool {
        let measuring = &mut view.transient.measuring;
        match key {
            Key::Escape => measuring.draft.take().is_some() || measuring.selected.take().is_some(),
            Key::Delete | Key::Backspace => {
                measuring.to_remove = measuring.selected.take();
                measuring.to_remove.is_some()
            }
            _ => false,
        }
    }

    fn draws_in(&self, view: &ViewState) -> Option<Pane> {
        view.transient.measuring.draft.as_ref().map(|draft| draft.pane)
    }

    fn paint(
        &self,
        painter: &Painter,
        place: &ViewPlace,
        at: Option<&WorldPointer>,
        cx: &ViewContext,
    ) {
        let Some(draft) = &cx.view.transient.measuring.draft else { return };
        let Some(transform) = place.slice.as_ref().filter(|_| draft.pane == place.pane) else {
            return;
        };
        let pointed = at.and_then(|at| Some(at.picked(cx)?.world));
        let mut places = draft.places.clone();
        places.push(draft.tip.or(pointed).unwrap_or(cx.view.scan.crosshair));
        let shape = shape_of(cx.view.prefs.measure, &places, transform)
            .or_else(|| MeasurementShape::of(MeasurementKind::Length, places.get(..2)?));
        let Some(shape) = shape else { return };
        measured::draw_shape(painter, place, &shape, (MEASURE, true), cx);
        let ends: Vec<_> = shape.places().iter().map(|world| cx.on_screen(place, *world)).collect();
        let text = measure_lines(&shape, None, readout::unit(cx.view));
        measured::label(painter, place, &ends, (&text, MEASURE), &mut measured::Taken::of(place));
    }

    fn cursor(&self, at: &WorldPointer, cx: &ViewContext) -> Option<CursorIcon> {
        let free = cx.view.transient.measuring.draft.is_none();
        let under = free.then(|| measured::under(&at.place, at.at, cx)).flatten();
        let shape = if under.is_some() { CursorIcon::Move } else { CursorIcon::Crosshair };
        (!at.is_3d()).then_some(shape)
    }

    fn options(&self, ui: &mut Ui, _document: &Document, view: &mut ViewState) {
        let kinds = [
            (tr("Length"), MeasurementKind::Length),
            (tr("Angle"), MeasurementKind::Angle),
            (tr("Rectangle"), MeasurementKind::Rectangle),
        ];
        strip_group(ui, "kind", |ui| choice(ui, &mut view.prefs.measure, &kinds));
    }
}

/// What is half drawn in another view or slice is given up: a measure lies in one.
fn give_up_elsewhere(pane: Pane, transform: &SliceTransform, cx: &mut ViewContext) {
    let elsewhere = |draft: &mut MeasureDraft| {
        draft.pane != pane || !measured::lie_in_slice(transform, &draft.places)
    };
    cx.view.transient.measuring.draft.take_if(elsewhere);
}

/// Sets the next place. The last one makes the measure.
fn set(place: &ViewPlace, world: DVec3, cx: &mut ViewContext) {
    let Some(transform) = &place.slice else { return };
    let (kind, measuring) = (cx.view.prefs.measure, &mut cx.view.transient.measuring);
    let fresh = || MeasureDraft { pane: place.pane, places: Vec::new(), tip: None };
    let mut draft = measuring.draft.take().unwrap_or_else(fresh);
    // The same place twice is one.
    if draft.places.last() != Some(&world) {
        draft.places.push(world);
    }
    draft.tip = None;
    match shape_of(kind, &draft.places, transform) {
        Some(shape) => {
            cx.out.push(Action::Do(Command::Measure(MeasurementChange::Add(shape))));
        }
        None => measuring.draft = Some(draft),
    }
}

/// The measure with these places; `None` as long as they are too few.
fn shape_of(
    kind: MeasurementKind,
    places: &[DVec3],
    transform: &SliceTransform,
) -> Option<MeasurementShape> {
    match (kind, places) {
        (MeasurementKind::Rectangle, [corner, opposite]) => {
            let frame = transform.frame();
            let origin = frame.world(DVec3::ZERO);
            let axes = [DVec3::X, DVec3::Y].map(|axis| (frame.world(axis) - origin).normalize());
            Some(MeasurementShape::rectangle(*corner, *opposite, axes))
        }
        (MeasurementKind::Rectangle, _) => None,
        (kind, places) => MeasurementShape::of(kind, places),
    }
}

/// A drag from where the next place is to where the one after it is; with places set before, only the latter.
struct Drawn {
    place: ViewPlace,
    from: DVec3,
}

impl Gesture for Drawn {
    fn update(&mut self, to: &WorldPointer, cx: &mut ViewContext) {
        let Some(picked) = to.picked(cx) else { return };
        let (pane, from) = (self.place.pane, self.from);
        let fresh = || MeasureDraft { pane, places: vec![from], tip: None };
        let draft = cx.view.transient.measuring.draft.get_or_insert_with(fresh);
        draft.tip = Some(picked.world);
    }

    fn commit(self: Box<Self>, cx: &mut ViewContext) {
        let tip = cx.view.transient.measuring.draft.as_ref().and_then(|draft| draft.tip);
        if let Some(tip) = tip {
            set(&self.place, tip, cx);
        }
    }

    fn cancel(self: Box<Self>, cx: &mut ViewContext) {
        cx.view.transient.measuring.draft = None;
    }
}

/// A measure that is taken elsewhere by one of its places, or as a whole.
struct Taken {
    id: MeasurementId,
    shape: MeasurementShape,
    grip: Grip,
    from: DVec3,
}

impl Gesture for Taken {
    fn update(&mut self, to: &WorldPointer, cx: &mut ViewContext) {
        let Some(picked) = to.picked(cx) else { return };
        let shape = match self.grip {
            Grip::Place(place) => self.shape.moved(place, picked.world),
            Grip::Whole => self.shape.shifted(picked.world - self.from),
        };
        cx.view.transient.measuring.dragged = Some((self.id, shape));
    }

    fn commit(self: Box<Self>, cx: &mut ViewContext) {
        if let Some((id, shape)) = cx.view.transient.measuring.dragged.take() {
            cx.out.push(Action::Do(Command::Measure(MeasurementChange::Reshape(id, shape))));
        }
    }

    fn cancel(self: Box<Self>, cx: &mut ViewContext) {
        cx.view.transient.measuring.dragged = None;
    }

    fn cursor(&self) -> Option<CursorIcon> {
        Some(CursorIcon::Grabbing)
    }
}
