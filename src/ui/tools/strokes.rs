use egui::{CursorIcon, Painter, Ui};

use super::by_hand::over_choice;
use super::paint_range::range_choice;
use super::{Gesture, Tool, ToolInfo, ViewContext, ViewPlace, WorldPointer, stroke};
use crate::document::Document;
use crate::ui::state::ViewState;

/// A tool that is drawn along over an object's voxels: Brush and Eraser.
pub struct Strokes {
    /// What it is called and how it is chosen.
    pub info: &'static ToolInfo,
    /// The left button takes voxels from the object, instead of giving it some.
    pub erases: bool,
}

impl Tool for Strokes {
    fn info(&self) -> &'static ToolInfo {
        self.info
    }

    fn press(&self, at: &WorldPointer, cx: &mut ViewContext) -> Option<Box<dyn Gesture>> {
        stroke::begin(at, self.erases, cx)
    }

    fn hover(&self, at: &WorldPointer, cx: &mut ViewContext) {
        stroke::hover(at, self.erases, cx);
    }

    fn paint(
        &self,
        painter: &Painter,
        place: &ViewPlace,
        at: Option<&WorldPointer>,
        cx: &ViewContext,
    ) {
        stroke::paint(painter, place, at, self.erases, cx);
    }

    fn cursor(&self, at: &WorldPointer, cx: &ViewContext) -> Option<CursorIcon> {
        stroke::cursor(at, self.erases, cx)
    }

    fn options(&self, ui: &mut Ui, document: &Document, view: &mut ViewState) {
        stroke::options(ui, view);
        range_choice(ui, document, view);
        if !self.erases {
            over_choice(ui, document, view);
        }
    }

    fn wheel(&self, lines: i64, view: &mut ViewState) -> bool {
        view.prefs.brush.step(lines);
        true
    }
}
