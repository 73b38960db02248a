//! Drag a box in a slice: a prompt for models that take boxes.

use egui::{Key, KeyboardShortcut, Modifiers};

use super::ToolInfo;
use super::drawn_prompts::DrawnPrompts;
use crate::prompt::ShapeKind;
use crate::ui::kit::icons;
use crate::ui::state::ToolId;

pub const INFO: ToolInfo = ToolInfo {
    id: ToolId("box prompt"),
    name: "Box prompt",
    keys: &[KeyboardShortcut::new(Modifiers::SHIFT, Key::Q)],
    icon: icons::BOX_PROMPT,
    gestures: &[(
        "Drag (Box prompt tool)",
        "Box around the structure; right drag or Alt+drag: around what is none of it",
    )],
    hint: "Drag from corner to corner · Right button or Alt: outside of the structure",
    edits: true,
    seldom: true,
};

pub const BOX: DrawnPrompts = DrawnPrompts { info: &INFO, kind: ShapeKind::Box };
