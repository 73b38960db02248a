//! A point that is taken to another place in a slice view. The document learns of it when the button is let go: one
//! step. Until then the point is shown where the hand is, in all views, and what would be refused is said there.

use egui::{CursorIcon, Painter, Pos2, Rect};

use super::by_hand::note;
use super::{Gesture, ViewContext, WorldPointer};
use crate::document::{Command, LabelId, PromptChange};
use crate::geom::DVec3;
use crate::prompt::PromptId;
use crate::ui::kit::paint;
use crate::ui::kit::text::tr_any;
use crate::ui::state::{Action, DraggedPrompt};

/// A drag of one of an object's points.
pub struct PointDrag {
    object: LabelId,
    prompt: PromptId,
    /// Where the crosshair was; it goes along.
    crosshair: DVec3,
    /// Where the pointer is, RAS mm; `None` before it has moved.
    to: Option<DVec3>,
    /// Why it can't be there, in the language in use.
    refusal: Option<String>,
    /// The view and the pointer, for the note.
    at: (Rect, Pos2),
}

impl PointDrag {
    /// From where the button went down on the dot.
    pub fn from(press: &WorldPointer, which: (LabelId, PromptId), cx: &ViewContext) -> Self {
        let ((object, prompt), crosshair) = (which, cx.view.scan.crosshair);
        let at = (press.place.rect, press.at);
        Self { object, prompt, crosshair, to: None, refusal: None, at }
    }
}

impl Gesture for PointDrag {
    fn update(&mut self, to: &WorldPointer, cx: &mut ViewContext) {
        let Some(picked) = to.picked(cx) else { return };
        let Self { object, prompt, .. } = *self;
        self.at = (to.place.rect, to.at);
        self.to = Some(picked.world);
        let done = cx.document.log_with(object, prompt, PromptChange::MoveTo(picked.world));
        self.refusal = done.err().map(|why| tr_any(&why.to_string()).to_owned());
        cx.view.transient.selected_prompt = Some((object, prompt));
        cx.view.transient.dragged_prompt = Some(DraggedPrompt { object, prompt, to: picked.world });
        // The other views go along, but not out of the scan.
        if cx.document.image().grid().voxel_at(picked.world).is_some() {
            cx.view.scan.crosshair = picked.world;
        }
    }

    fn commit(self: Box<Self>, cx: &mut ViewContext) {
        cx.view.transient.dragged_prompt = None;
        let Some(to) = self.to else { return };
        if self.refusal.is_some() {
            cx.view.scan.crosshair = self.crosshair;
        }
        let Self { object, prompt, .. } = *self;
        // What is refused is said by whoever refuses it.
        cx.out.push(Action::Do(Command::MovePrompt { object, prompt, to }));
    }

    fn cancel(self: Box<Self>, cx: &mut ViewContext) {
        cx.view.transient.dragged_prompt = None;
        cx.view.scan.crosshair = self.crosshair;
    }

    fn paint(&self, painter: &Painter) {
        if let Some(why) = &self.refusal {
            note(painter, self.at.0, self.at.1, why, paint::WARNING);
        }
    }

    fn cursor(&self) -> Option<CursorIcon> {
        let free = self.refusal.is_none();
        Some(if free { CursorIcon::Grabbing } else { CursorIcon::NotAllowed })
    }
}
