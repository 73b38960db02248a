//! Draw a line in a slice: a prompt for models that take scribbles.

use egui::{Key, KeyboardShortcut, Modifiers};

use super::ToolInfo;
use super::drawn_prompts::DrawnPrompts;
use crate::prompt::ShapeKind;
use crate::ui::kit::icons;
use crate::ui::state::ToolId;

pub const INFO: ToolInfo = ToolInfo {
    id: ToolId("scribble prompt"),
    name: "Scribble prompt",
    keys: &[KeyboardShortcut::new(Modifiers::SHIFT, Key::S)],
    icon: icons::SCRIBBLE_PROMPT,
    gestures: &[
        (
            "Drag or click (Scribble prompt tool)",
            "Scribble in the structure; right button or Alt: beside it",
        ),
        ("Ctrl+Shift+wheel (Scribble prompt tool)", "Wider or narrower line"),
    ],
    hint: "Draw a line · Right button or Alt: outside of the structure",
    edits: true,
    seldom: true,
};

pub const SCRIBBLE: DrawnPrompts = DrawnPrompts { info: &INFO, kind: ShapeKind::Scribble };
