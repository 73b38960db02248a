//! Buttons and menu entries of commands.

use egui::{Button, Response, Ui};

use super::context::CommandContext;
use super::entry::{Entry, Menu};
use super::table::section;
use crate::ui::kit::icons;
use crate::ui::kit::widgets::icon_button;

/// A button with the command's icon, name and key: enabled when it is, and lit while what it switches is on.
pub fn command_button(ui: &mut Ui, entry: &Entry, cx: &mut CommandContext) {
    let on = cx.document.is_some() && entry.is_on(cx);
    icon_command(ui, entry.icon.unwrap_or_default(), entry, on, cx);
}

/// A button for a command with another icon.
pub fn icon_command(ui: &mut Ui, icon: &str, entry: &Entry, on: bool, cx: &mut CommandContext) {
    let enabled = entry.is_enabled(cx);
    let mut tip = entry.tip();
    if let Some(why) = entry.unavailable(cx) {
        tip = format!("{tip}\n{why}");
    }
    let button = |ui: &mut Ui| icon_button(ui, icon, entry.name(), &tip, on);
    if ui.add_enabled_ui(enabled, button).inner.clicked() {
        entry.run(cx);
    }
}

/// A section of a menu.
pub fn menu_section(ui: &mut Ui, menu: Menu, number: u8, cx: &mut CommandContext) {
    for entry in section(menu, number) {
        menu_entry(ui, entry, cx);
    }
}

/// A menu's sections from this one on, with lines between them.
pub fn menu_sections(ui: &mut Ui, menu: Menu, from: u8, cx: &mut CommandContext) {
    for number in from.. {
        if section(menu, number).is_empty() {
            break;
        }
        if number > from {
            ui.separator();
        }
        menu_section(ui, menu, number, cx);
    }
}

/// A menu's entry for a command, with its key at the right, ticked while what it switches is on.
fn menu_entry(ui: &mut Ui, entry: &Entry, cx: &mut CommandContext) {
    let text = entry.menu_text(cx);
    let button = if entry.is_switch() {
        let on = entry.is_on(cx);
        let mark = if on { icons::SWITCH_ON } else { icons::SWITCH_OFF };
        Button::selectable(on, format!("{mark} {text}"))
    } else {
        Button::new(&text)
    };
    if with_key(ui, button, &text, entry, cx).clicked() {
        entry.run(cx);
        ui.close();
    }
}

/// A button of a command with its key at the right, called `text`, for the eye and for assistive tools.
pub fn with_key(
    ui: &mut Ui,
    button: Button<'_>,
    text: &str,
    entry: &Entry,
    cx: &CommandContext,
) -> Response {
    let key = entry.key_text();
    let response = ui
        .add_enabled(entry.is_enabled(cx), button.shortcut_text(key.as_str()))
        .accessible_name(text);
    let response = match entry.unavailable(cx) {
        Some(why) => response.on_disabled_hover_text(why),
        None => response,
    };
    if !key.is_empty() {
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_keyboard_shortcut(key));
    }
    response
}
