//! Drag: takes voxels from the selected object.

use egui::Key;

use super::strokes::Strokes;
use super::{ToolInfo, key};
use crate::ui::kit::icons;
use crate::ui::state::ToolId;

pub const INFO: ToolInfo = ToolInfo {
    id: ToolId("eraser"),
    name: "Eraser",
    keys: &[key(Key::E)],
    icon: icons::ERASER,
    gestures: &[("Drag (Eraser tool)", "Erase; right drag or Alt+drag: paint")],
    hint: "Right or Alt: paint · Ctrl: in 3D",
    edits: true,
    seldom: false,
};

pub const ERASER: Strokes = Strokes { info: &INFO, erases: true };
