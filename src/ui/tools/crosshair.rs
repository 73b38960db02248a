//! Click or drag: the crosshair goes there.

use egui::{CursorIcon, Key, PointerButton};

use super::{Gesture, Tool, ToolInfo, ToolKeyboard, ViewContext, WorldPointer, key};
use crate::ui::kit::icons;
use crate::ui::kit::text::mark;
use crate::ui::state::ToolId;

pub const INFO: ToolInfo = ToolInfo {
    id: ToolId("crosshair"),
    name: "Crosshair",
    keys: &[key(Key::C)],
    icon: icons::CROSSHAIR,
    gestures: &[("Click or drag (Crosshair tool)", "Move the crosshair")],
    hint: "Click or drag: the crosshair goes there",
    edits: false,
    seldom: false,
};

/// What to do instead.
const BY_KEYBOARD: &str = mark(
    "Arrow keys move the crosshair in a slice view that has the keyboard, and numbers under Position put it anywhere",
);

pub struct Crosshair;

impl Tool for Crosshair {
    fn info(&self) -> &'static ToolInfo {
        &INFO
    }

    fn press(&self, at: &WorldPointer, cx: &mut ViewContext) -> Option<Box<dyn Gesture>> {
        if at.is_3d() || !at.is(PointerButton::Primary) || !at.may_drag {
            return None;
        }
        // From the press on, without waiting whether it becomes a drag.
        follow(at, cx);
        Some(Box::new(Follow))
    }

    fn keyboard(&self) -> ToolKeyboard {
        ToolKeyboard::Otherwise(BY_KEYBOARD)
    }

    fn cursor(&self, at: &WorldPointer, _cx: &ViewContext) -> Option<CursorIcon> {
        (!at.is_3d()).then_some(CursorIcon::Crosshair)
    }
}

/// The crosshair goes where the pointer is.
struct Follow;

impl Gesture for Follow {
    fn update(&mut self, to: &WorldPointer, cx: &mut ViewContext) {
        follow(to, cx);
    }
}

/// Moves the crosshair to what is under the pointer.
pub fn follow(to: &WorldPointer, cx: &mut ViewContext) {
    if let Some(picked) = to.picked(cx) {
        cx.view.move_crosshair(cx.document.image().grid(), picked.world);
    }
}
