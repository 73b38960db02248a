//! Undo and redo, and the objects.

use egui::Key;

use super::context::CommandContext;
use super::entry::{Group, Menu, commands, with_scan, without_object, without_scan};
use super::keys::{alt, ctrl, ctrl_shift, key, shift};
use super::tools::{choose_sign, draws};
use crate::document::{Command, Document, Object, ObjectState};
use crate::ui::kit::icons;
use crate::ui::kit::text::{mark, tr, tr_any};
use crate::ui::state::Action;

commands! {
    Group::Edit;

    /// Takes the last change back.
    UNDO {
        name: "Undo",
        keys: [ctrl(Key::Z)],
        run: |cx| cx.send(Action::Undo),
        icon: Some(icons::UNDO),
        menu: Some((Menu::Edit, 0)),
        menu_text: Some(|cx| history_text(tr("Undo"), cx.document.and_then(|d| d.can_undo()))),
        enabled: |cx| cx.document.is_some_and(|d| d.can_undo().is_some()),
        why_not: |cx| without_scan(cx).unwrap_or(mark("Nothing was done yet.")),
        repeats: true,
    }

    /// Does it again.
    REDO {
        name: "Redo",
        keys: [ctrl_shift(Key::Z), ctrl(Key::Y)],
        run: |cx| cx.send(Action::Redo),
        icon: Some(icons::REDO),
        menu: Some((Menu::Edit, 0)),
        menu_text: Some(|cx| history_text(tr("Redo"), cx.document.and_then(|d| d.can_redo()))),
        enabled: |cx| cx.document.is_some_and(|d| d.can_redo().is_some()),
        why_not: |cx| without_scan(cx).unwrap_or(mark("Nothing was undone.")),
        repeats: true,
    }

    /// The list of changes.
    HISTORY {
        name: "History",
        keys: [ctrl(Key::H)],
        run: |cx| cx.view.windows.history = !cx.view.windows.history,
        menu: Some((Menu::Edit, 0)),
        enabled: with_scan,
        on: Some(|cx| cx.view.windows.history),
    }

    /// What was measured.
    MEASURES {
        name: "Measures",
        keys: [ctrl(Key::M)],
        run: |cx| cx.view.windows.measures = !cx.view.windows.measures,
        menu: Some((Menu::Edit, 0)),
        enabled: with_scan,
        on: Some(|cx| cx.view.windows.measures),
        words: mark("ruler length angle rectangle distance list"),
    }

    /// The next click starts another object.
    NEW_OBJECT {
        name: "New object",
        keys: [key(Key::N)],
        run: |cx| {
            // Who paints goes on painting.
            if draws(cx) {
                cx.view.transient.negative = false;
            } else {
                choose_sign(cx, false);
            }
            cx.view.transient.selected_prompt = None;
            cx.send(Action::Do(Command::NewObject));
        },
        menu: Some((Menu::Edit, 10)),
        enabled: with_scan,
    }

    /// Selects the next object and goes there; while a point is selected, the next one of those.
    NEXT_OBJECT {
        name: "Next object",
        keys: [key(Key::Tab)],
        run: |cx| {
            if cx.selected_prompt().is_some() {
                step_point(cx, true);
            } else {
                next_object(cx);
            }
        },
        menu: Some((Menu::Edit, 10)),
        enabled: |cx| cx.document.is_some_and(|d| !d.objects().is_empty()),
        why_not: |cx| without_scan(cx).unwrap_or(mark("There is no object yet.")),
    }

    /// Edits the active object's name.
    RENAME_OBJECT {
        name: "Rename object",
        keys: [key(Key::F2)],
        run: |cx| {
            let renaming = cx.active().map(|o| (o.id, o.name.clone()));
            cx.view.transient.renaming = renaming;
        },
        menu: Some((Menu::Edit, 10)),
        enabled: has_active,
    }

    /// No command and no model changes its mask then.
    LOCK_OBJECT {
        name: "Lock object",
        keys: [key(Key::L)],
        run: |cx| {
            if let Some((id, locked)) = cx.active().map(|o| (o.id, o.locked)) {
                cx.send(Action::Do(Command::SetLocked(id, !locked)));
            }
        },
        menu: Some((Menu::Edit, 12)),
        enabled: has_active,
        on: Some(|cx| cx.active().is_some_and(|o| o.locked)),
    }

    /// And so locked.
    OBJECT_IS_DONE {
        name: "Object is done",
        keys: [key(Key::D)],
        run: |cx| set_state(cx, ObjectState::Done),
        menu: Some((Menu::Edit, 12)),
        enabled: has_active,
        on: Some(|cx| cx.active().is_some_and(|o| o.state == ObjectState::Done)),
    }

    /// Somebody should look at it again.
    FLAG_OBJECT {
        name: "Object is flagged",
        keys: [shift(Key::D)],
        run: |cx| set_state(cx, ObjectState::Flagged),
        menu: Some((Menu::Edit, 12)),
        enabled: has_active,
        on: Some(|cx| cx.active().is_some_and(|o| o.state == ObjectState::Flagged)),
    }

    /// What of the object lies under others comes to the top.
    BRING_TO_FRONT {
        name: "Bring to front",
        keys: [alt(Key::F)],
        run: |cx| {
            if let Some(id) = cx.active().map(|o| o.id) {
                cx.send(Action::Do(Command::BringToFront(id)));
            }
        },
        menu: Some((Menu::Edit, 11)),
        enabled: lies_below,
        why_not: without_covered,
    }

    /// It is the others' alone.
    GIVE_UP_COVERED {
        name: "Give up what is covered",
        keys: [],
        run: |cx| {
            if let Some(id) = cx.active().map(|o| o.id) {
                cx.send(Action::Do(Command::GiveUpCovered(id)));
            }
        },
        menu: Some((Menu::Edit, 11)),
        enabled: lies_below,
        why_not: without_covered,
    }

    /// A new object with the same voxels, on top of it.
    DUPLICATE_OBJECT {
        name: "Duplicate object",
        keys: [alt(Key::D)],
        run: |cx| {
            if let Some(id) = cx.active().map(|o| o.id) {
                cx.view.transient.selected_prompt = None;
                cx.send(Action::Duplicate(id));
            }
        },
        menu: Some((Menu::Edit, 11)),
        enabled: |cx| cx.active().is_some_and(Object::has_voxels),
        why_not: |cx| without_object(cx).unwrap_or(mark("This object has no voxels yet.")),
        words: mark("copy clone"),
    }

    /// Selects the next point of the object and goes there.
    NEXT_POINT {
        name: "Next point",
        keys: [key(Key::Z)],
        run: |cx| step_point(cx, true),
        menu: Some((Menu::Edit, 14)),
        enabled: has_points,
        why_not: without_points,
        repeats: true,
    }

    /// Selects the one before. Without a selected point Shift+Tab is the keyboard's way to buttons and fields.
    PREVIOUS_POINT {
        name: "Previous point",
        keys: [shift(Key::Z), shift(Key::Tab)],
        run: |cx| step_point(cx, false),
        menu: Some((Menu::Edit, 14)),
        enabled: has_points,
        why_not: without_points,
        repeats: true,
    }

    /// Positive to negative, and back.
    FLIP_PROMPT {
        name: "Flip selected point",
        keys: [shift(Key::P)],
        run: |cx| {
            if let Some((object, prompt)) = cx.selected_prompt() {
                cx.send(Action::Do(Command::FlipPrompt { object, prompt }));
            }
        },
        menu: Some((Menu::Edit, 14)),
        enabled: |cx| cx.selected_prompt().is_some(),
        why_not: without_selected_point,
    }

    /// Takes a prompt out of its object.
    DELETE_PROMPT {
        name: "Delete selected point",
        keys: [key(Key::Delete), key(Key::Backspace)],
        run: |cx| {
            if let Some((object, prompt)) = cx.selected_prompt() {
                cx.view.transient.selected_prompt = None;
                cx.send(Action::Do(Command::RemovePrompt { object, prompt }));
            }
        },
        menu: Some((Menu::Edit, 14)),
        enabled: |cx| cx.selected_prompt().is_some(),
        why_not: without_selected_point,
    }

    /// The active one.
    DELETE_OBJECT {
        name: "Delete object",
        keys: [shift(Key::Delete)],
        run: |cx| {
            if let Some(id) = cx.active().map(|o| o.id) {
                cx.view.transient.selected_prompt = None;
                cx.send(Action::Do(Command::RemoveObject(id)));
            }
        },
        menu: Some((Menu::Edit, 13)),
        enabled: has_active,
    }
}

/// For `enabled`: while an object is selected.
pub(super) fn has_active(cx: &CommandContext) -> bool {
    cx.active().is_some()
}

fn lies_below(cx: &CommandContext) -> bool {
    cx.active().is_some_and(|o| !o.covered.is_empty())
}

fn without_covered(cx: &CommandContext) -> &'static str {
    without_object(cx).unwrap_or(mark("Nothing of this object lies under others."))
}

fn without_points(cx: &CommandContext) -> &'static str {
    without_object(cx).unwrap_or(mark("This object has no points."))
}

fn without_selected_point(cx: &CommandContext) -> &'static str {
    without_object(cx).unwrap_or(mark("Select a point first."))
}

fn has_points(cx: &CommandContext) -> bool {
    cx.active().is_some_and(|o| !o.log.prompts.is_empty())
}

/// Selects the active object's point after (or before) the selected one, or the first (the last).
fn step_point(cx: &mut CommandContext, forward: bool) {
    let selected = cx.selected_prompt();
    let Some(object) = cx.document.and_then(Document::active) else { return };
    let (prompts, count) = (&object.log.prompts, object.log.prompts.len());
    let selected = selected.filter(|(id, _)| *id == object.id);
    let at = selected.and_then(|(_, prompt)| object.log.position(prompt));
    let next = match (at, forward) {
        (None, true) => 0,
        (None, false) => count.saturating_sub(1),
        (Some(at), true) => (at + 1) % count,
        (Some(at), false) => (at + count - 1) % count,
    };
    if let Some(prompt) = prompts.get(next) {
        cx.view.transient.selected_prompt = Some((object.id, prompt.id));
        cx.view.scan.crosshair = prompt.world;
    }
}

/// Puts the selected object into a state, or out of it again.
fn set_state(cx: &mut CommandContext, wanted: ObjectState) {
    if let Some((id, state)) = cx.active().map(|o| (o.id, o.state)) {
        let state = if state == wanted { ObjectState::Open } else { wanted };
        cx.send(Action::Do(Command::SetState(id, state)));
    }
}

fn next_object(cx: &mut CommandContext) {
    let Some(document) = cx.document else { return };
    let objects = document.objects();
    let active = document.active().map(|o| o.id);
    let at = objects.iter().position(|o| Some(o.id) == active);
    let next = at.map_or(0, |at| (at + 1) % objects.len());
    cx.view.transient.selected_prompt = None;
    bring_into_view(cx, document, &objects[next]);
    cx.send(Action::Do(Command::Select(objects[next].id)));
}

/// Brings an object that was chosen into the views, but not while the user draws: it goes on where it is.
pub fn bring_into_view(cx: &mut CommandContext, document: &Document, object: &Object) {
    if !draws(cx) {
        cx.view.go_to_object(document, object);
    }
}

/// `Undo positive click`.
fn history_text(what: &str, change: Option<&str>) -> String {
    let Some(change) = change else { return what.to_owned() };
    let mut letters = tr_any(change).chars();
    let first = letters.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    format!("{what} {first}{}", letters.as_str())
}
