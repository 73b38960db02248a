//! Draw a loop in a slice: a prompt for models that take lassos.

use egui::{Key, KeyboardShortcut, Modifiers};

use super::ToolInfo;
use super::drawn_prompts::DrawnPrompts;
use crate::prompt::ShapeKind;
use crate::ui::kit::icons;
use crate::ui::state::ToolId;

pub const INFO: ToolInfo = ToolInfo {
    id: ToolId("lasso prompt"),
    name: "Lasso prompt",
    keys: &[KeyboardShortcut::new(Modifiers::SHIFT, Key::A)],
    icon: icons::LASSO,
    gestures: &[
        (
            "Drag (Lasso prompt tool)",
            "Loop around a part of the structure; right drag or Alt+drag: around what is none of it",
        ),
        (
            "Enter at each place, twice at the last (Box, Scribble and Lasso prompt tools)",
            "Draw by keyboard; a box has two corners",
        ),
    ],
    hint: "Draw a loop · Right button or Alt: outside of the structure",
    edits: true,
    seldom: true,
};

pub const LASSO: DrawnPrompts = DrawnPrompts { info: &INFO, kind: ShapeKind::Lasso };
