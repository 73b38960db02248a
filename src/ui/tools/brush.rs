//! Drag: gives voxels to the selected object, or to a new one.

use egui::{CursorIcon, Key, Painter, Ui};

use super::{Gesture, Tool, ToolInfo, ViewContext, ViewPlace, WorldPointer, key, stroke};
use crate::ui::kit::icons;
use crate::ui::state::{ToolId, ViewState};

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
    hint: "Right button or Alt: erase · Ctrl+drag: on the 3D surface",
    edits: true,
    seldom: false,
};

pub struct Brush;

impl Tool for Brush {
    fn info(&self) -> &'static ToolInfo {
        &INFO
    }

    fn press(&self, at: &WorldPointer, cx: &mut ViewContext) -> Option<Box<dyn Gesture>> {
        stroke::begin(at, false, cx)
    }

    fn hover(&self, at: &WorldPointer, cx: &mut ViewContext) {
        stroke::hover(at, false, cx);
    }

    fn paint(
        &self,
        painter: &Painter,
        place: &ViewPlace,
        at: Option<&WorldPointer>,
        cx: &ViewContext,
    ) {
        stroke::paint(painter, place, at, false, cx);
    }

    fn cursor(&self, at: &WorldPointer, cx: &ViewContext) -> Option<CursorIcon> {
        stroke::cursor(at, false, cx)
    }

    fn has_options(&self) -> bool {
        true
    }

    fn options(&self, ui: &mut Ui, view: &mut ViewState) {
        stroke::options(ui, false, view);
    }

    fn wheel(&self, lines: i64, view: &mut ViewState) -> bool {
        view.prefs.brush.step(lines);
        true
    }
}
