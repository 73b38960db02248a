//! Click: a prompt for the model, positive inside of the structure and negative outside of it. Drag: pan.

use egui::{CursorIcon, Id, Key, Painter, PointerButton};

use super::point_drag::PointDrag;
use super::rest::rests;
use super::view_gestures::{Pan, turn};
use super::{
    ClickOrDrag, Gesture, Tool, ToolInfo, ViewContext, ViewPlace, WorldPointer, key, marks,
};
use crate::document::{Command, LabelId};
use crate::prompt::{Prompt, PromptId};
use crate::ui::kit::{icons, paint};
use crate::ui::state::{Action, Intent, SliceTransform, ToolId};

pub const INFO: ToolInfo = ToolInfo {
    id: ToolId("point"),
    name: "Point",
    keys: &[key(Key::P)],
    icon: icons::POINT,
    gestures: &[
        ("Click (Point tool)", "Positive point: inside the structure"),
        ("Right click or Alt+click (Point tool)", "Negative point: outside of it"),
        ("Drag a point (Point tool)", "Move it: the mask is computed again from there"),
        ("Drag (Point tool)", "Pan"),
        (
            "Ctrl+click in the 3D view (Point tool)",
            "Point just behind what is seen there; right click: a negative one",
        ),
    ],
    hint: "Click: inside the structure · Right button or Alt: outside · Drag: pan",
    edits: true,
    seldom: false,
};

pub struct Point;

impl Tool for Point {
    fn info(&self) -> &'static ToolInfo {
        &INFO
    }

    fn press(&self, at: &WorldPointer, cx: &mut ViewContext) -> Option<Box<dyn Gesture>> {
        let primary = at.is(PointerButton::Primary);
        let dot = marks::under(at, cx).filter(|_| primary);
        if !primary && !at.is(PointerButton::Secondary) || !places(at) && dot.is_none() {
            return None;
        }
        let positive = primary && sign(at, cx);
        let drag: Option<Box<dyn Gesture>> = match (primary, at.is_3d(), dot) {
            (false, ..) => None,
            (true, false, Some(dot)) => Some(Box::new(PointDrag::from(at, dot, cx))),
            (true, false, None) => Some(Box::new(Pan::from(at))),
            (true, true, _) => Some(turn(at)),
        };
        let click = move |at: &WorldPointer, cx: &mut ViewContext| place(at, positive, cx);
        ClickOrDrag::begin(at, Some(Box::new(click)), drag)
    }

    /// A preview of the mask under the pointer is wanted, unless a click would select a prompt.
    fn hover(&self, at: &WorldPointer, cx: &mut ViewContext) {
        let Some(slice) = at.place.slice.as_ref().map(SliceTransform::slice) else { return };
        if !cx.view.prefs.show_preview || !cx.view.labels_shown() || marks::under(at, cx).is_some()
        {
            return;
        }
        if !sign(at, cx) && cx.status.model_lacks(|can| can.negative_points) {
            return;
        }
        let Some(picked) = at.picked(cx) else { return };
        if cx.document.image().grid().voxel_at(picked.world).is_none() {
            return;
        }
        let id = Id::unique(("pointer rests", at.place.pane.name()));
        let resting = rests(&cx.egui, id, at.at, slice);
        let prompt = Prompt::new(picked.world, sign(at, cx));
        cx.view.transient.intent = Some(Intent { prompt, resting });
    }

    /// The sign of the prompt that a click would place.
    fn paint(&self, painter: &Painter, _: &ViewPlace, at: Option<&WorldPointer>, cx: &ViewContext) {
        if let Some(at) = at.filter(|at| places(at) && marks::under(at, cx).is_none()) {
            paint::pointer_sign(painter, at.at, sign(at, cx));
        }
    }

    fn cursor(&self, at: &WorldPointer, cx: &ViewContext) -> Option<CursorIcon> {
        match (marks::under(at, cx), at.is_3d()) {
            (Some(_), true) => Some(CursorIcon::PointingHand),
            (Some(_), false) => Some(CursorIcon::Grab),
            (None, _) => places(at).then_some(CursorIcon::Crosshair),
        }
    }
}

/// Whether a click there places a prompt. In 3D only with Ctrl: who turns the picture clicks by accident,
/// and what a prompt is placed on is not seen there as it is in a slice.
fn places(at: &WorldPointer) -> bool {
    !at.is_3d() || at.modifiers.command
}

/// Whether a click of the left button would be positive.
fn sign(at: &WorldPointer, cx: &ViewContext) -> bool {
    !(cx.view.transient.negative || at.modifiers.alt)
}

fn place(at: &WorldPointer, positive: bool, cx: &mut ViewContext) {
    if at.is_3d()
        && let Some(selected) = marks::under(at, cx)
    {
        select(selected, cx);
        return;
    }
    let Some(picked) = at.picked(cx) else { return };
    let voxel = cx.document.image().grid().voxel_at(picked.inside);
    // The second click of a double click at the same voxel would say nothing new.
    let memory = Id::unique("prompt placed last");
    let last = cx.egui.data(|d| d.get_temp::<([usize; 3], bool)>(memory));
    let again = cx.egui.input(|i| {
        let any = [PointerButton::Primary, PointerButton::Secondary];
        any.iter()
            .any(|b| i.pointer.button_double_clicked(*b) || i.pointer.button_triple_clicked(*b))
    });
    if again && (at.is_3d() || voxel.is_some_and(|v| last == Some((v, positive)))) {
        return;
    }
    if let Some(selected) = marks::under(at, cx) {
        select(selected, cx);
        return;
    }
    cx.view.transient.selected_prompt = None;
    if at.is_3d() {
        cx.view.move_crosshair(cx.document.image().grid(), picked.inside);
    } else if voxel.is_some() {
        cx.view.scan.crosshair = picked.inside;
    }
    if let Some(voxel) = voxel {
        cx.egui.data_mut(|d| d.insert_temp(memory, (voxel, positive)));
    }
    let prompt = Prompt::new(picked.inside, positive);
    cx.out.push(Action::Do(Command::AddPrompt { object: None, prompt }));
}

/// Selects a point and takes the crosshair there.
fn select(selected: (LabelId, PromptId), cx: &mut ViewContext) {
    cx.view.transient.selected_prompt = Some(selected);
    let prompts = cx.document.object(selected.0).map_or(&[][..], |o| &o.log.prompts);
    if let Some(prompt) = prompts.iter().find(|p| p.id == selected.1) {
        cx.view.scan.crosshair = prompt.world;
    }
}
