use std::sync::Arc;

use super::arrangement::Pane;
use super::export_options::Screen;
use super::flood_options::WantedFlood;
use super::measuring::Measuring;
use super::outline_draft::{OutlineDraft, WantedWires};
use super::scissors_options::{ScissorsDraft, WantedCut};
use super::shape_draft::ShapeDraft;
use crate::document::{Change, LabelId, Over};
use crate::geom::{DVec3, Plane};
use crate::mask::operation::Operation;
use crate::prompt::{Prompt, PromptId};

/// What is under the pointer.
#[derive(Clone, Debug, PartialEq)]
pub struct Hover {
    /// Voxel index.
    pub voxel: [usize; 3],
    /// RAS millimetres.
    pub world: DVec3,
    /// The scan's value there.
    pub value: f64,
    /// Name of the label there.
    pub label: Option<String>,
}

/// The click that the pointer would make where it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Intent {
    /// The click.
    pub prompt: Prompt,
    /// The pointer has rested there for a moment.
    pub resting: bool,
}

/// Where the brush is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BrushPlace {
    /// Its middle, RAS mm.
    pub world: DVec3,
    /// Of the plane of a disc; `None` for a ball.
    pub normal: Option<DVec3>,
    /// Which share of the set diameter it has now: less than 1 under a pen that is pressed lightly.
    pub share: f64,
    /// The pointer has rested there for a moment.
    pub resting: bool,
}

/// The edit by hand that a press would make where the pointer is.
#[derive(Clone, Debug, PartialEq)]
pub struct EditIntent {
    /// Which voxels.
    pub change: Change,
    /// From whom it may take them.
    pub over: Over,
}

/// The operation that the window of operations is set to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WantedOperation {
    /// What.
    pub operation: Operation,
    /// From whom voxels may be taken.
    pub over: Over,
    /// The second object, for operations on two.
    pub with: Option<LabelId>,
    /// What would change is to be shown.
    pub preview: bool,
}

/// How objects are to grow from their seeds: what the open window is set to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WantedGrowth {
    /// How far beyond the box around all seeds, mm.
    pub margin_mm: f64,
    /// The object that stands for what is not wanted: what it would get is given to nobody.
    pub not_wanted: Option<LabelId>,
    /// The object that alone is shown, if one is.
    pub alone: Option<LabelId>,
}

/// The tool is to be used by keyboard, where the crosshair is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToolAtCrosshair {
    /// The other way round, as with Alt and the mouse: what gives voxels takes them.
    pub other_way: bool,
}

/// A prompt on its way to another place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DraggedPrompt {
    /// Its object.
    pub object: LabelId,
    /// Which of its prompts.
    pub prompt: PromptId,
    /// Where it is now, RAS mm.
    pub to: DVec3,
}

/// Whether a button is held down on a view, and a gesture goes on because of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GestureState {
    /// None does.
    #[default]
    Idle,
    /// It goes on.
    Active {
        /// It changes the document step by step.
        edits: bool,
    },
    /// It goes on, and the user wants it taken back.
    GivenUp,
}

impl GestureState {
    /// Whether something is being drawn: one change of the document that nothing may come into.
    pub fn edits(self) -> bool {
        matches!(self, Self::Active { edits: true } | Self::GivenUp)
    }
}

/// Whether the pointer has been moved since the scan was opened. Until then it lies where a button was, and nothing is
/// meant by that.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum PointerSince {
    /// The views were not drawn yet.
    #[default]
    Opened,
    /// It still lies here, if it is there at all.
    StillAt(Option<egui::Pos2>),
    /// It has been moved.
    Moved,
}

impl PointerSince {
    /// After a frame in which the pointer was here.
    pub fn seen_at(self, pointer: Option<egui::Pos2>) -> Self {
        match self {
            Self::Opened => Self::StillAt(pointer),
            Self::StillAt(before) if before == pointer || pointer.is_none() => self,
            Self::StillAt(_) | Self::Moved => Self::Moved,
        }
    }
}

/// State of the moment: never saved, and dropped with the scan.
// Each switch is one the user has.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug, Default)]
pub struct Transient {
    /// Points of height of the table of a comparison, when it was last drawn.
    pub comparison_height: f32,
    /// Points of the window's width that the list of cases takes; 0 without it.
    pub cases_width: f32,
    /// "Remember for this address" is ticked.
    pub remember_consent: bool,
    /// The window of servers was opened just now: its address is to be typed.
    pub focus_server: bool,
    /// Whether a left click of the point tool is negative; back to positive for every new object.
    pub negative: bool,
    /// Where the 3D view is on the screen, if it is shown.
    pub view_3d: Option<egui::Rect>,
    /// The upper right corner of the window of operations or of growing, in the frame before.
    pub mask_window_was: Option<egui::Pos2>,
    /// Labels are hidden while this is held.
    pub peek: bool,
    /// Time points follow one another by themselves.
    pub playing: bool,
    /// The prompt that Delete removes.
    pub selected_prompt: Option<(LabelId, PromptId)>,
    /// The prompt that is being dragged, if one is.
    pub dragged_prompt: Option<DraggedPrompt>,
    /// What is under the pointer.
    pub hover: Option<Hover>,
    /// The click that the pointer would make, if a preview of it is wanted. Written by the views.
    pub intent: Option<Intent>,
    /// Where the brush is, if one is in hand. Written by the views.
    pub brush: Option<BrushPlace>,
    /// The edit that a press would make, if a preview of it is wanted. Written by the views.
    pub edit_intent: Option<EditIntent>,
    /// The outline that is half drawn.
    pub outline: Option<OutlineDraft>,
    /// The box, scribble or lasso that is half set by keyboard.
    pub shape: Option<ShapeDraft>,
    /// The wires from where it has come to, if it is drawn along edges. Written by the tool.
    pub wires: Option<WantedWires>,
    /// The flood that is being set up, or computed to be done.
    pub flood: Option<WantedFlood>,
    /// The cut that is being computed, to be made then.
    pub cut: Option<Arc<WantedCut>>,
    /// The curve that is being laid from corner to corner for scissors.
    pub scissors: Option<ScissorsDraft>,
    /// A corner of the rectangle whose window is wanted, in the view of a plane; RAS mm.
    pub region_corner: Option<(Plane, DVec3)>,
    /// What is being measured.
    pub measuring: Measuring,
    /// The tool is to be used. Taken by the views.
    pub tool_use: Option<ToolAtCrosshair>,
    /// The view that has the keyboard, and what egui calls it. Written by the views.
    pub keyboard_view: Option<(egui::Id, Pane)>,
    /// What the open window of operations is set to. Written by it.
    pub operation: Option<WantedOperation>,
    /// What the open window of growing from seeds is set to. Written by it.
    pub growth: Option<WantedGrowth>,
    /// How many gestures have begun that change the document: names them.
    pub gestures: u64,
    /// What the pointer is doing on the views. Written by them; a command may give up what it holds.
    pub gesture: GestureState,
    /// Whether the pointer has been moved. Written by the views.
    pub pointer: PointerSince,
    /// The view under the pointer, whose slices the arrow keys step. Written by the views.
    pub hovered: Option<Pane>,
    /// What the views take of the screen. Written by the views.
    pub screen: Screen,
    /// Drawn once, as a picture: without what only makes sense with a pointer.
    pub is_figure: bool,
    /// The point of the transfer function that is being edited.
    pub transfer_point: Option<usize>,
    /// The object whose name is being edited, and the name so far.
    pub renaming: Option<(LabelId, String)>,
    /// Words that the objects in the list have; empty where all are listed.
    pub searched_objects: String,
    /// The keyboard is to go to the next view.
    pub focus_next_view: bool,
    /// The keyboard is to go to the menus.
    pub focus_menu: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_that_lies_where_a_button_was_has_not_been_moved() {
        let [here, there] = [Some(egui::pos2(10.0, 20.0)), Some(egui::pos2(10.0, 21.0))];
        for (pointers, moved) in [
            (&[here][..], false),
            (&[here, here, here], false),
            (&[here, here, there], true),
            (&[here, there, here], true),
            (&[here, None, here], false),
            (&[here, None, there], true),
            (&[None, None], false),
            (&[None, here], true),
        ] {
            let since = pointers.iter().fold(PointerSince::Opened, |s, at| s.seen_at(*at));
            assert_eq!(since == PointerSince::Moved, moved, "{pointers:?}");
        }
    }
}
