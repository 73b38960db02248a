use crate::document::{Document, LabelId, Object};
use crate::prompt::PromptId;
use crate::ui::state::{Action, Status, ViewState};

/// Everything a command works on.
pub struct CommandContext<'a> {
    /// The open document.
    pub document: Option<&'a Document>,
    /// How it is looked at; commands about looking change it.
    pub view: &'a mut ViewState,
    /// What the program is doing.
    pub status: &'a Status,
    /// What the program is to do.
    pub out: &'a mut Vec<Action>,
    /// Width of the window in points.
    pub width: f32,
}

impl CommandContext<'_> {
    /// The active object.
    pub fn active(&self) -> Option<&Object> {
        self.document?.active()
    }

    /// The selected prompt, if it still exists.
    pub fn selected_prompt(&self) -> Option<(LabelId, PromptId)> {
        let (id, prompt) = self.view.transient.selected_prompt?;
        self.document?.object(id)?.log.position(prompt).map(|_| (id, prompt))
    }

    /// Whether a mask is being followed beyond its cubes.
    pub fn extends(&self) -> bool {
        self.document.and_then(Document::pending).is_some_and(|(_, click)| click.extend)
    }

    /// Asks the program for something.
    pub fn send(&mut self, action: Action) {
        self.out.push(action);
    }
}
