//! Clicks that were asked of one model and are not answered by another without a word: those that wait are in their
//! session, and when it is opened again while another model is in use they wait on, until somebody has theirs asked again,
//! or lets the other one answer.

use super::asked_of::AskedOf;
use super::{DocumentNumber, Model, OpenDocument};
use crate::document::EntryId;
use crate::ui::text::mark;

/// Why they wait.
const OF_ANOTHER: &str = mark(
    "this was asked of {name}, and no other model answers it unasked: have it asked again, or let the model in use answer",
);

/// Clicks of a session that were asked of another model than the one in use.
pub(super) struct Held {
    document: DocumentNumber,
    entries: Vec<EntryId>,
    of: AskedOf,
}

impl Model {
    /// Of which model a click is asked that is made now.
    fn asks(&self) -> AskedOf {
        let chosen = || AskedOf::of(self.chosen.as_ref());
        if self.loading.is_starting() {
            return chosen();
        }
        self.loading.asked_of().unwrap_or_else(chosen)
    }

    /// The clicks of a document that was just opened wait until the model is in use of which they were asked; where that
    /// is not known any model answers them.
    pub fn hold(&mut self, open: &OpenDocument, of: Option<AskedOf>) {
        let entries: Vec<EntryId> = open.document.pending_entries().collect();
        let of = of.filter(|_| !entries.is_empty());
        self.held = of.map(|of| Held { document: open.number, entries, of });
        self.follow_held(Some(open));
    }

    /// The host of the server that has answered in this document last, if the model in use is on none.
    pub fn answered_elsewhere(&self, open: &OpenDocument) -> Option<String> {
        let models = open.document.objects().iter().rev().filter_map(|o| o.answer.model.as_deref());
        let mut servers = models.map(AskedOf::named).filter(AskedOf::is_server);
        servers.next().filter(|_| !self.asks().is_server()).map(|of| of.name())
    }

    /// Of which model the clicks that wait were asked; `None` if none wait.
    pub fn asked_of(&self, open: &OpenDocument) -> Option<AskedOf> {
        open.document.pending()?;
        Some(self.held(Some(open)).map_or_else(|| self.asks(), |held| held.of.clone()))
    }

    /// What keeps the oldest pending click waiting for another model than the one in use. One that was undone and is
    /// done again is the same click.
    pub(super) fn held(&self, open: Option<&OpenDocument>) -> Option<&Held> {
        let (open, held) = (open?, self.held.as_ref()?);
        let (oldest, _) = open.document.pending()?;
        (held.document == open.number && held.entries.contains(&oldest)).then_some(held)
    }

    /// The same, unless that model is being opened: then it is soon the one in use.
    pub(super) fn held_for_long(&self, open: Option<&OpenDocument>) -> Option<&Held> {
        self.held(open).filter(|held| !self.loading.is_starting() || self.asks() != held.of)
    }

    /// Of which model that click was asked.
    pub fn held_for(&self, open: Option<&OpenDocument>) -> Option<&AskedOf> {
        self.held(open).map(|held| &held.of)
    }

    /// Nothing is held for the model that is in use now, nor in a document that is closed.
    pub(super) fn follow_held(&mut self, open: Option<&OpenDocument>) {
        let number = open.map(|open| open.number);
        let in_use = self.loading.asked_of().filter(|_| !self.loading.is_starting());
        self.held
            .take_if(|held| number != Some(held.document) || in_use.as_ref() == Some(&held.of));
    }

    /// Another model was chosen: that was a word about what waits.
    pub(super) fn forget_held(&mut self) {
        let chosen = AskedOf::of(self.chosen.as_ref());
        // Until it is there, another one may still be in use.
        self.held.take_if(|held| held.of != chosen);
    }

    /// The model in use answers what was asked of another.
    pub fn answer_here(&mut self) {
        self.held = None;
        (self.wake)();
    }
}

impl Held {
    /// Of which model it was asked.
    pub fn of(&self) -> &AskedOf {
        &self.of
    }

    /// Why the click waits, in English.
    pub fn why(&self) -> String {
        OF_ANOTHER.replace("{name}", &self.of.name())
    }
}
