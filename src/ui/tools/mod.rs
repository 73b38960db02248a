//! The tools: what the mouse does in the views.
//!
//! A tool is one file here and one line in `tools!` below: what it is called, its key and icon, what a press begins,
//! and what is drawn where the pointer is. Toolbar, menu, keys, help and README come from its [`ToolInfo`]. It is
//! written once for all views: a [`WorldPointer`] says where in the scan the pointer is, in a slice or on what is seen
//! in 3D.
//!
//! What the pointer does is offered in this order: to the handles and buttons over a view (egui's own), to the tool
//! ([`Tool::press`]; the Point tool looks for a prompt to select first), and to the view's own gestures
//! (`view_gestures`: the middle button pans, the right one drags the window, in 3D the left one turns).

mod by_hand;
mod context;
mod drawn_prompts;
mod gesture;
mod live_wire;
pub mod marks;
pub mod measured;
mod no_effect;
mod paint_range;
pub mod pick;
mod place;
mod point_drag;
mod pointer;
mod rest;
pub mod shape_marks;
mod stroke;
mod strokes;
mod view_gestures;

use egui::{CursorIcon, Key, KeyboardShortcut, Painter, Ui};

pub use context::ViewContext;
pub use drawn_prompts::kind_refusal;
pub use flood::STEP as FLOOD_STEP;
pub use gesture::{ClickAction, ClickOrDrag, Gesture};
pub use paint_range::take_range;
pub use place::ViewPlace;
pub use pointer::{PickedPosition, WorldPointer};
pub use scissors::STEP as SCISSORS_STEP;
pub use view_gestures::{begin as begin_view_gesture, drag_window};

use crate::document::Document;
use crate::ui::state::{Pane, ToolId, ViewState};

/// What the left mouse button does in the views (and the right one, where it has a use for it).
pub trait Tool: Sync {
    /// What it is called and how it is chosen.
    fn info(&self) -> &'static ToolInfo;

    /// A button was pressed: what begins by it. `None` leaves the press to the view's own gestures.
    fn press(&self, at: &WorldPointer, cx: &mut ViewContext) -> Option<Box<dyn Gesture>>;

    /// The pointer is over a view, and no button is down.
    fn hover(&self, _at: &WorldPointer, _cx: &mut ViewContext) {}

    /// Once each frame, before the views answer to the pointer; `in_use`: whether it is the chosen tool.
    fn each_frame(&self, _in_use: bool, _cx: &mut ViewContext) {}

    /// A key was pressed alone, and no button is down. `true` if it is about what is half done with this tool: no
    /// command is given then.
    fn takes_key(&self, _key: Key, _view: &mut ViewState) -> bool {
        false
    }

    /// How it is used by keyboard.
    fn keyboard(&self) -> ToolKeyboard {
        ToolKeyboard::InSlices
    }

    /// The view in which something is half drawn with it, if so.
    fn draws_in(&self, _view: &ViewState) -> Option<Pane> {
        None
    }

    /// Draws over a view; `at` is where the pointer is, if it is there and no button is down.
    fn paint(
        &self,
        _painter: &Painter,
        _place: &ViewPlace,
        _at: Option<&WorldPointer>,
        _cx: &ViewContext,
    ) {
    }

    /// The pointer's shape over a view; `None` is the view's own.
    fn cursor(&self, at: &WorldPointer, cx: &ViewContext) -> Option<CursorIcon>;

    /// Whether dragging changes window width and level: it does so on a sheet of slices, too.
    fn drags_window(&self) -> bool {
        false
    }

    /// Its settings, in the strip above the views.
    fn options(&self, _ui: &mut Ui, _document: &Document, _view: &mut ViewState) {}

    /// What its buttons do as it is set now, in English.
    fn hint(&self, _view: &ViewState) -> &'static str {
        self.info().hint
    }

    /// The wheel was turned by so many lines with Ctrl and Shift. `false` if the tool has no use for that: the view
    /// zooms then.
    fn wheel(&self, _lines: i64, _view: &mut ViewState) -> bool {
        false
    }
}

/// How a tool is used by keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolKeyboard {
    /// Its press is made at the crosshair, in a slice view.
    InSlices,
    /// In the 3D view, too.
    InAllViews,
    /// What it does is done with other keys and fields: which, in English.
    Otherwise(&'static str),
}

/// What a tool is called and how it is chosen.
#[derive(Debug)]
pub struct ToolInfo {
    /// Names it in the program.
    pub id: ToolId,
    /// What menus call it, in English.
    pub name: &'static str,
    /// The keys that choose it; the first is shown.
    pub keys: &'static [KeyboardShortcut],
    /// A character of the icon font.
    pub icon: &'static str,
    /// What the mouse does with it, for the list on F1 and the README: gesture and effect, in English.
    pub gestures: &'static [(&'static str, &'static str)],
    /// What its buttons do, in the strip above the views, beside its settings; in English. Parts are separated by ` · `,
    /// what matters most first: the strip shows as many as it has room for.
    pub hint: &'static str,
    /// Its clicks do something to the document: a double click is two of them and does not maximise a view.
    pub edits: bool,
    /// Its button is left out of a narrow window's toolbar while another tool is in use.
    pub seldom: bool,
}

macro_rules! tools {
    ($($(#[$doc:meta])* $module:ident::$tool:ident as $id:ident,)*) => {
        $(mod $module;)*

        /// All tools, in the order of the toolbar.
        pub const ALL: &[&dyn Tool] = &[$(&$module::$tool),*];

        $($(#[$doc])* pub const $id: ToolId = $module::INFO.id;)*
    };
}

tools! {
    /// Click or drag: the crosshair goes there.
    crosshair::Crosshair as CROSSHAIR,
    /// Drag: window width and level.
    window::WindowLevel as WINDOW,
    /// Drag a rectangle: the window of the values in it.
    region::RegionWindow as REGION,
    /// Click: a prompt for the model.
    point::Point as POINT,
    /// Drag a box: a prompt for the model.
    box_prompt::BOX as BOX_PROMPT,
    /// Draw a line: a prompt for the model.
    scribble_prompt::SCRIBBLE as SCRIBBLE_PROMPT,
    /// Draw a loop: a prompt for the model.
    lasso_prompt::LASSO as LASSO_PROMPT,
    /// Drag: gives voxels to the selected object.
    brush::BRUSH as BRUSH,
    /// Drag: takes voxels from the selected object.
    eraser::ERASER as ERASER,
    /// Drag or click corners: the voxels within.
    outline::Outline as OUTLINE,
    /// Click or drag: what is joined to a place and has values like those there.
    flood::FloodFill as FLOOD,
    /// Drag a curve: what is seen within it is cut off.
    scissors::ScissorsTool as SCISSORS,
    /// Drag or click: a length, an angle, a rectangle.
    measure::Measure as MEASURE,
}

/// The tool of this name; the Point tool if there is none.
pub fn of(id: ToolId) -> &'static dyn Tool {
    ALL.iter().copied().find(|tool| tool.info().id == id).unwrap_or(&point::Point)
}

/// A key without modifiers, for [`ToolInfo::keys`].
const fn key(key: egui::Key) -> KeyboardShortcut {
    KeyboardShortcut::new(egui::Modifiers::NONE, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_is_found_by_its_name_and_the_first_one_is_there() {
        for (n, tool) in ALL.iter().enumerate() {
            let info = tool.info();
            assert_eq!(of(info.id).info().name, info.name);
            assert!(ALL[n + 1..].iter().all(|other| other.info().id != info.id), "{}", info.name);
        }
        assert_eq!(ToolId::default(), POINT);
    }
}
