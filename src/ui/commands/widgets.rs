//! Buttons and menu entries that stand for a verb.

use egui::{Button, Ui};

use super::shortcuts;
use super::verb::{CommandContext, Verb};
use crate::ui::kit::widgets::icon_button;

/// An icon button for a verb: enabled when the verb is, with the verb's name and key.
pub fn verb_button(ui: &mut Ui, icon: &str, verb: Verb, selected: bool, cx: &mut CommandContext) {
    let name = shortcuts::name(verb);
    let enabled = verb.enabled(cx);
    let response = ui
        .add_enabled_ui(enabled, |ui| icon_button(ui, icon, name, &shortcuts::tip(verb), selected))
        .inner;
    if response.clicked() {
        verb.run(cx);
    }
}

/// A menu entry for a verb, called `text`, with its key at the right.
pub fn verb_entry(ui: &mut Ui, verb: Verb, text: &str, cx: &mut CommandContext) {
    entry(ui, verb, text, Button::new(text), cx);
}

/// A menu entry that is on or off.
pub fn verb_switch(ui: &mut Ui, verb: Verb, on: bool, cx: &mut CommandContext) {
    let text = shortcuts::name(verb);
    entry(ui, verb, text, Button::selectable(on, text), cx);
}

fn entry(ui: &mut Ui, verb: Verb, text: &str, button: Button<'_>, cx: &mut CommandContext) {
    let key = shortcuts::key_text(verb);
    let enabled = verb.enabled(cx);
    let response =
        ui.add_enabled(enabled, button.shortcut_text(key.as_str())).accessible_name(text);
    if !key.is_empty() {
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_keyboard_shortcut(key));
    }
    if response.clicked() {
        verb.run(cx);
        ui.close();
    }
}
