//! The window around the views: panels, size of everything, colours.

use egui::Key;

use super::context::CommandContext;
use super::entry::{Group, Menu, commands, with_scan};
use super::keys::{ctrl, key};
use crate::ui::kit::text::{Language, mark};
use crate::ui::kit::theme::Theme;
use crate::ui::state::SCALES;

commands! {
    Group::Views;

    /// At the left.
    LEFT_PANEL {
        name: "Objects panel",
        keys: [key(Key::OpenBracket)],
        run: |cx| toggle_panel(cx, 0),
        menu: Some((Menu::View, 20)),
        enabled: with_scan,
        on: Some(|cx| panel_is_open(cx, 0)),
    }

    /// At the right.
    RIGHT_PANEL {
        name: "Display panel",
        keys: [key(Key::CloseBracket)],
        run: |cx| toggle_panel(cx, 1),
        menu: Some((Menu::View, 20)),
        enabled: with_scan,
        on: Some(|cx| panel_is_open(cx, 1)),
    }

    /// Everything in the window.
    LARGER {
        name: "Larger",
        keys: [ctrl(Key::Plus), ctrl(Key::Equals)],
        run: |cx| {
            let [.., largest] = SCALES;
            let scale = &mut cx.view.prefs.scale;
            *scale = SCALES.into_iter().find(|s| *s > *scale + 0.01).unwrap_or(largest);
        },
        menu: Some((Menu::Scale, 0)),
        words: SIZE,
    }

    /// Everything in the window.
    SMALLER {
        name: "Smaller",
        keys: [ctrl(Key::Minus)],
        run: |cx| {
            let [smallest, ..] = SCALES;
            let scale = &mut cx.view.prefs.scale;
            *scale = SCALES.into_iter().rev().find(|s| *s < *scale - 0.01).unwrap_or(smallest);
        },
        menu: Some((Menu::Scale, 0)),
        words: SIZE,
    }

    /// As the system has it.
    NORMAL_SIZE {
        name: "Normal size",
        keys: [ctrl(Key::Num0)],
        run: |cx| cx.view.prefs.scale = 1.0,
        menu: Some((Menu::Scale, 0)),
        words: SIZE,
    }

    /// Or dark.
    LIGHT_THEME {
        name: "Light theme",
        keys: [],
        run: |cx| cx.view.prefs.theme = cx.view.prefs.theme.other(),
        menu: Some((Menu::View, 20)),
        on: Some(|cx| cx.view.prefs.theme == Theme::Light),
        words: mark("dark mode colours appearance settings"),
    }

    /// Of the window.
    IN_ENGLISH {
        name: "Language: English",
        keys: [],
        run: |cx| cx.view.prefs.language = Language::English,
        on: Some(|cx| cx.view.prefs.language == Language::English),
        words: LANGUAGE,
    }

    /// Of the window.
    IN_CHINESE {
        name: "Language: 简体中文 (Chinese)",
        keys: [],
        run: |cx| cx.view.prefs.language = Language::Chinese,
        on: Some(|cx| cx.view.prefs.language == Language::Chinese),
        words: LANGUAGE,
    }

    /// Of the window.
    AS_THE_SYSTEM {
        name: "Language: as the system",
        keys: [],
        run: |cx| cx.view.prefs.language = Language::System,
        on: Some(|cx| cx.view.prefs.language == Language::System),
        words: LANGUAGE,
    }
}

const SIZE: &str = mark("text size font scale zoom settings");
const LANGUAGE: &str = mark("language settings translation");

fn panel_is_open(cx: &CommandContext, which: usize) -> bool {
    cx.view.prefs.side_panels.clone().open(cx.view.width_for_panels(cx.width))[which]
}

fn toggle_panel(cx: &mut CommandContext, which: usize) {
    let width = cx.view.width_for_panels(cx.width);
    let open = &mut cx.view.prefs.side_panels.open(width)[which];
    *open = !*open;
}
