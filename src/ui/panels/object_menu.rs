//! The menu of an object in the list.

use egui::{Button, ScrollArea, Ui};

use super::object_selection::{is_active, select};
use crate::document::{Command, Document, LabelId, Object, ObjectState};
use crate::prompt::KeptParts;
use crate::ui::commands::{CommandContext, edit, segment, views};
use crate::ui::kit::text::{mark, tr};
use crate::ui::kit::widgets::{field, percent};
use crate::ui::state::Action;

const REFINE_TIP: &str = mark(
    "From now on points correct the mask as it is, whoever made it: a click changes only what it has to. Its points until now go; undo brings them back.",
);

const ADD_COPY_TIP: &str =
    mark("All voxels of another object become this one's too. The other one keeps them.");

/// Its width.
const MENU: f32 = 230.0;

pub(super) fn context_menu(
    ui: &mut Ui,
    document: &Document,
    object: &Object,
    cx: &mut CommandContext,
) {
    ui.set_width(MENU);
    let rename = Button::new(tr("Rename")).shortcut_text(edit::RENAME_OBJECT.key_text());
    if ui.add(rename).clicked() {
        cx.view.transient.renaming = Some((object.id, object.name.clone()));
        ui.close();
    }
    visibility(ui, document, object, cx);
    marks(ui, object, cx);
    let refine = segment::REFINE_MASK.name();
    if !object.region.is_empty() && ui.button(refine).on_hover_text(tr(REFINE_TIP)).clicked() {
        cx.out.push(Action::Do(Command::StartFromMask(object.id)));
        ui.close();
    }
    order(ui, object, cx);
    number(ui, object, cx);
    copies(ui, document, object, cx);
    merge(ui, document, object, cx);
    opacity(ui, object, cx);
    if ui.button(tr("Delete")).clicked() {
        cx.view.transient.selected_prompt = None;
        cx.out.push(Action::Do(Command::RemoveObject(object.id)));
        ui.close();
    }
}

/// What is done with what of it lies under others.
fn order(ui: &mut Ui, object: &Object, cx: &mut CommandContext) {
    if object.covered.is_empty() {
        return;
    }
    for (entry, command) in [
        (&edit::BRING_TO_FRONT, Command::BringToFront(object.id)),
        (&edit::GIVE_UP_COVERED, Command::GiveUpCovered(object.id)),
    ] {
        let button = Button::new(entry.name()).shortcut_text(entry.key_text());
        if ui.add_enabled(!object.locked, button).accessible_name(entry.name()).clicked() {
            cx.out.push(Action::Do(command));
            ui.close();
        }
    }
}

/// What is seen of it and of the others.
fn visibility(ui: &mut Ui, document: &Document, object: &Object, cx: &mut CommandContext) {
    if ui.button(if object.visible { tr("Hide") } else { tr("Show") }).clicked() {
        cx.out.push(Action::Do(Command::SetVisible(object.id, !object.visible)));
        ui.close();
    }
    let alone = cx.view.scan.solo && is_active(document, object.id);
    let key = views::SOLO.key_text();
    let name = tr("This object alone");
    let solo = Button::selectable(alone, name).shortcut_text(key);
    if ui.add(solo).accessible_name(name).clicked() {
        cx.view.scan.solo = !alone;
        select(document, object, cx);
        ui.close();
    }
    if ui.button(tr("Hide all others")).clicked() {
        for other in document.objects() {
            let visible = other.id == object.id;
            if other.visible != visible {
                cx.out.push(Action::Do(Command::SetVisible(other.id, visible)));
            }
        }
        cx.view.scan.solo = false;
        ui.close();
    }
    if ui.button(tr("Show all objects")).clicked() {
        for other in document.objects().iter().filter(|o| !o.visible) {
            cx.out.push(Action::Do(Command::SetVisible(other.id, true)));
        }
        cx.view.scan.solo = false;
        ui.close();
    }
}

/// What it is marked as, each a switch.
fn marks(ui: &mut Ui, object: &Object, cx: &mut CommandContext) {
    let clicked = object.log.parts == KeptParts::Clicked;
    let parts = if clicked { KeptParts::All } else { KeptParts::Clicked };
    let lock = Command::SetLocked(object.id, !object.locked);
    let state = |wanted: ObjectState| {
        let on = object.state == wanted;
        let state = if on { ObjectState::Open } else { wanted };
        (on, Action::Do(Command::SetState(object.id, state)))
    };
    for (entry, (on, action)) in [
        (&edit::LOCK_OBJECT, (object.locked, Action::Do(lock))),
        (&edit::OBJECT_IS_DONE, state(ObjectState::Done)),
        (&edit::FLAG_OBJECT, state(ObjectState::Flagged)),
        (&segment::ONLY_CLICKED_PARTS, (clicked, Action::KeepParts(object.id, parts))),
    ] {
        let name = entry.name();
        let button = Button::selectable(on, name).shortcut_text(entry.key_text());
        let parts = entry.id == segment::ONLY_CLICKED_PARTS.id;
        let refused = segment::parts_refusal(cx, object).filter(|_| parts);
        let button = ui.add_enabled(refused.is_none(), button).accessible_name(name);
        if button.on_disabled_hover_text(refused.unwrap_or_default()).clicked() {
            cx.out.push(action);
            ui.close();
        }
    }
}

/// Its number in the label map. It takes effect when the typing or dragging ends.
fn number(ui: &mut Ui, object: &Object, cx: &mut CommandContext) {
    let draft = ui.scope_id().with("number");
    let mut value = ui.data(|d| d.get_temp(draft)).unwrap_or(object.id.0);
    let response = field(ui, tr("Number"), |ui| {
        // Nothing is dragged: a number is no size.
        let drag = egui::DragValue::new(&mut value).range(1..=u16::MAX).speed(0.0);
        ui.add(drag).accessible_name(tr("Number"))
    });
    if value != object.id.0 {
        ui.data_mut(|d| d.insert_temp(draft, value));
    }
    if ui.input(|i| i.key_pressed(egui::Key::Escape)) {
        ui.data_mut(|d| d.remove::<u16>(draft));
    }
    let editing = response.dragged() || response.has_focus();
    if !editing && let Some(number) = ui.data_mut(|d| d.remove_temp::<u16>(draft)) {
        cx.view.transient.selected_prompt = None;
        cx.out.push(Action::Do(Command::Renumber(object.id, LabelId(number))));
        ui.close();
    }
}

/// A copy of it, and a copy of another one in it.
fn copies(ui: &mut Ui, document: &Document, object: &Object, cx: &mut CommandContext) {
    let entry = &edit::DUPLICATE_OBJECT;
    let button = Button::new(entry.name()).shortcut_text(entry.key_text());
    if ui.add_enabled(object.has_voxels(), button).accessible_name(entry.name()).clicked() {
        cx.view.transient.selected_prompt = None;
        cx.out.push(Action::Duplicate(object.id));
        ui.close();
    }
    let others = document.objects().iter().filter(|o| o.id != object.id && o.has_voxels());
    let others: Vec<&Object> = others.collect();
    ui.add_enabled_ui(!others.is_empty() && !object.locked, |ui| {
        let menu = ui.menu_button(tr("Add a copy of"), |ui| {
            ScrollArea::vertical().max_height(300.0).show(ui, |ui| {
                for other in others {
                    if ui.button(&other.name).clicked() {
                        let add = Command::AddCopy { into: object.id, from: other.id };
                        cx.out.push(Action::Do(add));
                        ui.close();
                    }
                }
            });
        });
        menu.response.on_hover_text(tr(ADD_COPY_TIP));
    });
}

/// Another object that is to have its voxels.
fn merge(ui: &mut Ui, document: &Document, object: &Object, cx: &mut CommandContext) {
    let others = document.objects().iter().filter(|o| o.id != object.id && !o.locked);
    let others: Vec<&Object> = others.collect();
    ui.add_enabled_ui(!others.is_empty() && !object.locked, |ui| {
        ui.menu_button(tr("Merge into"), |ui| {
            ScrollArea::vertical().max_height(300.0).show(ui, |ui| {
                for other in others {
                    if ui.button(&other.name).clicked() {
                        cx.view.transient.selected_prompt = None;
                        let merge = Command::Merge { into: other.id, from: object.id };
                        cx.out.push(Action::Do(merge));
                        ui.close();
                    }
                }
            });
        });
    });
}

/// How opaque the object's surface is in 3D. A drag of it is one step to undo.
pub(super) fn opacity(ui: &mut Ui, object: &Object, cx: &mut CommandContext) {
    let mut opacity = object.opacity;
    percent(ui, tr("Opacity in 3D"), &mut opacity);
    if opacity != object.opacity {
        cx.out.push(Action::Do(Command::SetOpacity(object.id, opacity)));
    }
}
