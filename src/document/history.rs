use std::sync::Arc;

use super::object::LabelId;
use crate::prompt::{CropPlace, Prompt, Step};
use crate::volume::{Delta, Region};

/// Names one entry of the history; a new one is never equal to an old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub(super) u64);

impl EntryId {
    /// The state before the first entry.
    pub(super) const NONE: EntryId = EntryId(0);
}

/// A click (or the removal of one) whose mask is still to be computed.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingClick {
    /// The object.
    pub object: LabelId,
    /// All of its prompts as of this click: what to replay.
    pub prompts: Vec<Prompt>,
}

/// A change that exchanges what it holds with what the document holds: done twice, it is undone.
/// This is why undo and redo can't drift apart.
#[derive(Clone, Debug)]
pub(super) enum Op {
    /// An object that is not in the document goes in at this place; one that is, comes out.
    Object { index: usize, id: LabelId, absent: Option<Box<super::Object>> },
    /// Name of an object.
    Name(LabelId, String),
    /// Colour of an object.
    Colour(LabelId, [u8; 3]),
    /// Prompts of an object.
    Prompts(LabelId, Vec<Prompt>),
    /// Everything the model said about an object.
    Answer(LabelId, Box<Answer>),
    /// Labels. Holds what to apply next: the change while undone, its reverse while done.
    Labels(Delta),
    /// Which object is active.
    Active(Option<LabelId>),
}

#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub steps: Vec<Arc<Step>>,
    pub crop: Option<CropPlace>,
    pub model: Option<String>,
    pub region: Arc<Region>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub id: EntryId,
    pub name: String,
    pub ops: Vec<Op>,
    pub pending: Option<PendingClick>,
}

/// What was done, and what was undone.
#[derive(Debug, Default)]
pub(super) struct History {
    done: Vec<Entry>,
    undone: Vec<Entry>,
    last_id: u64,
}

impl History {
    pub fn push(&mut self, name: String, ops: Vec<Op>, pending: Option<PendingClick>) -> EntryId {
        self.undone.clear();
        self.last_id += 1;
        let id = EntryId(self.last_id);
        self.done.push(Entry { id, name, ops, pending });
        id
    }

    /// Name of the present state.
    pub fn top(&self) -> EntryId {
        self.done.last().map_or(EntryId::NONE, |e| e.id)
    }

    pub fn take_undo(&mut self) -> Option<Entry> {
        self.done.pop()
    }

    pub fn put_undo(&mut self, entry: Entry) {
        self.done.push(entry);
    }

    pub fn take_redo(&mut self) -> Option<Entry> {
        self.undone.pop()
    }

    pub fn put_redo(&mut self, entry: Entry) {
        self.undone.push(entry);
    }

    pub fn undo_name(&self) -> Option<&str> {
        self.done.last().map(|e| e.name.as_str())
    }

    pub fn redo_name(&self) -> Option<&str> {
        self.undone.last().map(|e| e.name.as_str())
    }

    pub fn oldest_pending(&self) -> Option<(EntryId, &PendingClick)> {
        self.done.iter().find_map(|e| e.pending.as_ref().map(|p| (e.id, p)))
    }

    pub fn any_pending_of(&self, object: LabelId) -> bool {
        self.done.iter().any(|e| e.pending.as_ref().is_some_and(|p| p.object == object))
    }

    /// Adds what a pending entry was waiting for.
    pub fn resolve(&mut self, id: EntryId, ops: Vec<Op>) {
        if let Some(entry) = self.done.iter_mut().find(|e| e.id == id) {
            entry.pending = None;
            entry.ops.extend(ops);
        }
    }

    /// Drops the newest entry if it is `id`, without a way to redo it. Gives it back to be reversed.
    pub fn withdraw(&mut self, id: EntryId) -> Option<Entry> {
        if self.top() == id { self.done.pop() } else { None }
    }
}
