//! Drag: gives voxels to the selected object, or to a new one.

use egui::Key;

use super::strokes::Strokes;
use super::{ToolInfo, key};
use crate::ui::kit::icons;
use crate::ui::state::ToolId;

pub const INFO: ToolInfo = ToolInfo {
    id: ToolId("brush"),
    name: "Brush",
    keys: &[key(Key::B)],
    icon: icons::BRUSH,
    gestures: &[
        ("Drag (Brush tool)", "Paint; right drag or Alt+drag: erase"),
        ("Ctrl+drag in the 3D view (Brush and Eraser tools)", "Paint or erase on what is seen there"),
        ("Ctrl+Shift+wheel (Brush and Eraser tools)", "Larger or smaller brush"),
    ],
    hint: "Right or Alt: erase · Ctrl: in 3D",
    edits: true,
    seldom: false,
};

pub const BRUSH: Strokes = Strokes { info: &INFO, erases: false };
