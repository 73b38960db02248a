//! What the brush would change where the pointer is, drawn before the button goes down.

use super::DocumentNumber;
use super::model::Preview;
use super::open_document::OpenDocument;
use crate::ui::EditIntent;

/// Numbers of these previews begin here: those of the model's are smaller.
const FIRST: u64 = 1 << 63;

/// What a preview is of.
#[derive(PartialEq)]
struct PreviewKey {
    document: DocumentNumber,
    revision: u64,
    intent: EditIntent,
}

/// The preview of an edit by hand.
#[derive(Default)]
pub(super) struct EditPreview {
    shown: Option<(PreviewKey, Preview)>,
    made: u64,
}

impl EditPreview {
    /// Draws what is wanted now, unless it is drawn already. Costs as much as the edit itself.
    pub fn follow(&mut self, open: Option<&OpenDocument>, intent: Option<&EditIntent>) {
        let Some((open, intent)) = open.zip(intent) else {
            self.shown = None;
            return;
        };
        let document = &open.document;
        let shows = self.shown.as_ref().is_some_and(|(key, _)| {
            (key.document, key.revision) == (open.number, document.revision())
                && key.intent == *intent
        });
        if shows {
            return;
        }
        self.made += 1;
        let preview = Preview::of_edit(document, &intent.change, intent.over, FIRST + self.made);
        let key = PreviewKey {
            document: open.number,
            revision: document.revision(),
            intent: intent.clone(),
        };
        self.shown = preview.map(|preview| (key, preview));
    }

    /// The preview, if something would change.
    pub fn get(&self) -> Option<&Preview> {
        self.shown.as_ref().map(|(_, preview)| preview)
    }
}
