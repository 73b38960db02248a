use std::sync::Arc;

use super::object::LabelId;
use crate::prompt::{Answer, PromptLog};
use crate::volume::{Delta, Region};

/// Names one entry of the history; a new one is never equal to an old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub(super) u64);

/// Names one state of the document's contents: undone and redone it has the same name again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateId(u64);

/// A click (or the removal of one, or an extension) whose mask is still to be computed.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingClick {
    /// The object.
    pub object: LabelId,
    /// Its clicks as of this one: what to replay.
    pub log: PromptLog,
    /// Not a click: the mask is to be followed into neighbouring cubes, which the answer names.
    pub extend: bool,
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
    /// Opacity of an object.
    Opacity(LabelId, f32),
    /// What an object's mask is computed from.
    Log(LabelId, PromptLog),
    /// Everything the model said about an object, and the voxels it got.
    Answer(LabelId, Box<(Answer, Arc<Region>)>),
    /// Labels. Holds what to apply next: the change while undone, its reverse while done.
    Labels(Delta),
    /// Which object is active.
    Active(Option<LabelId>),
}

#[derive(Debug)]
pub(super) struct Entry {
    pub id: EntryId,
    /// The document's state after this entry; new when the entry, or one before it, is amended.
    pub state: StateId,
    pub name: String,
    pub ops: Vec<Op>,
    pub pending: Option<PendingClick>,
    /// The object that it is about, if it is about one, with its name then.
    pub object: Option<(LabelId, String)>,
    /// Which of its clicks, from 1.
    pub point: Option<usize>,
    /// The object whose threshold it changes: the next step of the same gesture takes its place.
    pub threshold_of: Option<LabelId>,
    /// The object whose opacity it changes, likewise.
    pub opacity_of: Option<LabelId>,
}

/// What was done, and what was undone.
#[derive(Debug, Default)]
pub(super) struct History {
    done: Vec<Entry>,
    undone: Vec<Entry>,
    /// What was undone when an extension began, which may turn out to change nothing: the extension, and that.
    aside: Option<(EntryId, Vec<Entry>)>,
    last_number: u64,
}

impl History {
    /// Adds a change of `object`, if it is one of one object.
    pub fn push(
        &mut self,
        name: String,
        object: Option<(LabelId, String)>,
        ops: Vec<Op>,
        pending: Option<PendingClick>,
    ) -> EntryId {
        let number = self.next_number();
        let id = EntryId(number);
        let undone = std::mem::take(&mut self.undone);
        let extends = pending.as_ref().is_some_and(|p| p.extend);
        self.aside = extends.then_some((id, undone));
        self.done.push(Entry {
            id,
            state: StateId(number),
            name,
            ops,
            pending,
            object,
            point: None,
            threshold_of: None,
            opacity_of: None,
        });
        id
    }

    /// How many changes are done.
    pub fn done_count(&self) -> usize {
        self.done.len()
    }

    /// All changes, oldest first, those that were undone last.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.done.iter().chain(self.undone.iter().rev())
    }

    /// Says that the newest entry is about this of its object's clicks, from 1.
    pub fn mark_point(&mut self, point: usize) {
        if let Some(entry) = self.done.last_mut() {
            entry.point = Some(point);
        }
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Name of the present state.
    pub fn state(&self) -> StateId {
        self.done.last().map_or(StateId::default(), |e| e.state)
    }

    pub fn take_undo(&mut self) -> Option<Entry> {
        self.aside = None;
        let entry = self.done.pop();
        self.end_gesture();
        entry
    }

    pub fn put_undo(&mut self, entry: Entry) {
        self.done.push(entry);
        self.end_gesture();
    }

    /// What was there before an undo or redo is not part of a gesture that goes on after it.
    fn end_gesture(&mut self) {
        if let Some(entry) = self.done.last_mut() {
            entry.threshold_of = None;
            entry.opacity_of = None;
        }
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

    /// Says that the newest entry is a change of this object's threshold.
    pub fn mark_threshold(&mut self, object: LabelId) {
        if let Some(entry) = self.done.last_mut() {
            entry.threshold_of = Some(object);
        }
    }

    /// Takes out the newest entry if it is a change of this object's threshold.
    pub fn take_threshold(&mut self, object: LabelId) -> Option<Entry> {
        self.done.pop_if(|e| e.threshold_of == Some(object))
    }

    /// Says that the newest entry is a change of this object's opacity.
    pub fn mark_opacity(&mut self, object: LabelId) {
        if let Some(entry) = self.done.last_mut() {
            entry.opacity_of = Some(object);
        }
    }

    /// Takes out the newest entry if it is a change of this object's opacity.
    pub fn take_opacity(&mut self, object: LabelId) -> Option<Entry> {
        self.done.pop_if(|e| e.opacity_of == Some(object))
    }

    /// Whether an extension of this object is pending.
    pub fn extends(&self, object: LabelId) -> bool {
        let extends = |p: &PendingClick| p.extend && p.object == object;
        self.done.iter().any(|e| e.pending.as_ref().is_some_and(extends))
    }

    pub fn oldest_pending(&self) -> Option<(EntryId, &PendingClick)> {
        self.done.iter().find_map(|e| e.pending.as_ref().map(|p| (e.id, p)))
    }

    pub fn any_pending_of(&self, object: LabelId) -> bool {
        self.done.iter().any(|e| e.pending.as_ref().is_some_and(|p| p.object == object))
    }

    /// Adds what a pending entry was waiting for.
    pub fn resolve(&mut self, id: EntryId, ops: Vec<Op>) {
        let Some(at) = self.done.iter().position(|e| e.id == id) else { return };
        self.done[at].pending = None;
        self.aside = None;
        self.done[at].ops.extend(ops);
        // What comes after it, undone or not, now leads to other contents than before.
        let Self { done, undone, last_number, .. } = self;
        for later in done[at..].iter_mut().chain(undone) {
            *last_number += 1;
            later.state = StateId(*last_number);
        }
    }

    /// Takes out a pending entry that has turned out to change nothing; what was undone can be redone.
    pub fn forget(&mut self, id: EntryId) {
        self.done.retain(|e| e.id != id);
        self.take_back(id);
    }

    /// An extension has come to nothing and nothing was done since: what was undone before can be redone.
    fn take_back(&mut self, extension: EntryId) {
        if self.undone.is_empty()
            && let Some((_, undone)) = self.aside.take_if(|(id, _)| *id == extension)
        {
            self.undone = undone;
        }
    }

    /// Takes a pending entry out, and every later pending one of the same object: newest first, to be
    /// reversed in this order. What was undone is forgotten, because it was built on them.
    pub fn withdraw(&mut self, id: EntryId, object: LabelId) -> Vec<Entry> {
        let of_object = |e: &Entry| e.pending.as_ref().is_some_and(|p| p.object == object);
        let mut taken = Vec::new();
        while let Some(at) = self.done.iter().rposition(|e| e.id >= id && of_object(e)) {
            taken.push(self.done.remove(at));
        }
        self.undone.clear();
        self.take_back(id);
        taken
    }
}
