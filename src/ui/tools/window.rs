//! Drag: window width and level of the chosen layer.

use egui::{CursorIcon, Key, PointerButton};

use super::view_gestures::WindowDrag;
use super::{ClickOrDrag, Gesture, Tool, ToolInfo, ToolKeyboard, ViewContext, WorldPointer, key, region};
use crate::ui::kit::icons;
use crate::ui::kit::text::mark;
use crate::ui::state::ToolId;

pub const INFO: ToolInfo = ToolInfo {
    id: ToolId("window"),
    name: "Window and level",
    keys: &[key(Key::W)],
    icon: icons::WINDOW,
    gestures: &[("Drag (Window tool); right drag (other tools that change no mask)", "Window width and level")],
    hint: "Drag to the right: less contrast · Drag up: brighter · Shift+drag: from a region",
    edits: false,
    seldom: false,
};

/// What to do instead.
const BY_KEYBOARD: &str = mark(
    "Window and level are numbers in the Display panel; keys choose named windows",
);

pub struct WindowLevel;

impl Tool for WindowLevel {
    fn info(&self) -> &'static ToolInfo {
        &INFO
    }

    fn press(&self, at: &WorldPointer, _cx: &mut ViewContext) -> Option<Box<dyn Gesture>> {
        if at.is_3d() || !at.is(PointerButton::Primary) {
            return None;
        }
        if at.modifiers.shift {
            return region::begin(at);
        }
        ClickOrDrag::begin(at, None, Some(Box::new(WindowDrag::from(at))))
    }

    fn drags_window(&self) -> bool {
        true
    }

    fn keyboard(&self) -> ToolKeyboard {
        ToolKeyboard::Otherwise(BY_KEYBOARD)
    }

    fn cursor(&self, at: &WorldPointer, _cx: &ViewContext) -> Option<CursorIcon> {
        (!at.is_3d()).then_some(CursorIcon::AllScroll)
    }
}
