//! Help, the palette, the log, and cancelling.

use egui::Key;

use super::context::CommandContext;
use super::entry::{Group, Menu, commands};
use super::keys::{ctrl_shift, key};
use crate::ui::state::{Action, GestureState, Palette};

commands! {
    Group::Help;

    /// The list of keys and gestures.
    HELP {
        name: "Shortcuts",
        keys: [key(Key::F1)],
        run: |cx| cx.view.windows.help = !cx.view.windows.help,
        menu: Some((Menu::Help, 0)),
    }

    /// All commands, found by their words.
    PALETTE {
        name: "Find a command…",
        keys: [ctrl_shift(Key::P)],
        run: |cx| cx.view.windows.palette = Some(Palette::default()),
        menu: Some((Menu::Help, 0)),
        asks_for_text: |_| true,
    }

    /// The keyboard goes to the first menu.
    MENUS {
        name: "Menus by keyboard",
        keys: [key(Key::F10)],
        run: |cx| cx.view.transient.focus_menu = true,
    }

    /// What happened lately.
    LOG {
        name: "Log",
        keys: [key(Key::F12)],
        run: |cx| cx.view.windows.log = !cx.view.windows.log,
        menu: Some((Menu::Help, 0)),
    }

    /// What the program is.
    ABOUT {
        name: "About Voxpoint",
        keys: [],
        run: |cx| cx.view.windows.about = !cx.view.windows.about,
        menu: Some((Menu::Help, 0)),
    }

    /// One thing for each press.
    CANCEL {
        name: "Cancel",
        keys: [key(Key::Escape)],
        run: cancel,
        while_drawing: true,
    }
}

/// Ends one thing for each press: what the pointer is doing, editing a name, a window, opening a file or a click, the
/// selection.
fn cancel(cx: &mut CommandContext) {
    let view = &mut *cx.view;
    if view.transient.gesture != GestureState::Idle {
        view.transient.gesture = GestureState::GivenUp;
        return;
    }
    let waits = cx.document.is_some_and(|d| d.pending().is_some());
    let draws = cx.status.drawing.is_some() || cx.status.exporting.is_some();
    let working = cx.status.opening.is_some() || draws || waits;
    if view.transient.renaming.take().is_some() || view.windows.close_all() {
        return;
    }
    if working || view.transient.selected_prompt.take().is_none() {
        cx.send(Action::Cancel);
    }
}
