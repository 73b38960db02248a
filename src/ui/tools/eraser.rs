//! Drag: takes voxels from the selected object.

use egui::{CursorIcon, Key, Painter, Ui};

use super::{Gesture, Tool, ToolInfo, ViewContext, ViewPlace, WorldPointer, key, stroke};
use crate::ui::kit::icons;
use crate::ui::state::{ToolId, ViewState};

pub const INFO: ToolInfo = ToolInfo {
    id: ToolId("eraser"),
    name: "Eraser",
    keys: &[key(Key::E)],
    icon: icons::ERASER,
    gestures: &[("Drag (Eraser tool)", "Erase; right drag or Alt+drag: paint")],
    hint: "Right button or Alt: paint · Ctrl+drag: on the 3D surface",
    edits: true,
    seldom: false,
};

pub struct Eraser;

impl Tool for Eraser {
    fn info(&self) -> &'static ToolInfo {
        &INFO
    }

    fn press(&self, at: &WorldPointer, cx: &mut ViewContext) -> Option<Box<dyn Gesture>> {
        stroke::begin(at, true, cx)
    }

    fn hover(&self, at: &WorldPointer, cx: &mut ViewContext) {
        stroke::hover(at, true, cx);
    }

    fn paint(
        &self,
        painter: &Painter,
        place: &ViewPlace,
        at: Option<&WorldPointer>,
        cx: &ViewContext,
    ) {
        stroke::paint(painter, place, at, true, cx);
    }

    fn cursor(&self, at: &WorldPointer, cx: &ViewContext) -> Option<CursorIcon> {
        stroke::cursor(at, true, cx)
    }

    fn has_options(&self) -> bool {
        true
    }

    fn options(&self, ui: &mut Ui, view: &mut ViewState) {
        stroke::options(ui, true, view);
    }

    fn wheel(&self, lines: i64, view: &mut ViewState) -> bool {
        view.prefs.brush.step(lines);
        true
    }
}
