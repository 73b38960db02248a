use std::sync::Arc;

use super::history_store::KeptBytes;
use super::object::{LabelId, ObjectState};
use super::write::Write;
use crate::measure::Measurement;
use crate::prompt::{Answer, PromptLog};

/// Names one entry of the history; a new one is never equal to an old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub(super) u64);

impl EntryId {
    /// A number that rises with every new entry of a document.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// Names one state of the document's contents: undone and redone it has the same name again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateId(u64);

impl StateId {
    /// Of no state that there ever is.
    pub(super) const NONE: Self = Self(u64::MAX);
}

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
    /// Whether an object is locked, and how far the work on it is.
    Locks(LabelId, (bool, ObjectState)),
    /// The object with the first number gets the second.
    Renumber(LabelId, LabelId),
    /// What an object's mask is computed from.
    Log(LabelId, PromptLog),
    /// Everything the model said about an object.
    Answer(LabelId, Box<Answer>),
    /// Labels, and what of them is whose work.
    Write(Box<Write>),
    /// Which object is active.
    Active(Option<LabelId>),
    /// All measurements.
    Measurements(Vec<Measurement>),
}

impl Op {
    /// The object that must be there for it to do something.
    pub fn needs(&self) -> Option<LabelId> {
        match self {
            Self::Object { id, absent: None, .. }
            | Self::Name(id, _)
            | Self::Colour(id, _)
            | Self::Opacity(id, _)
            | Self::Locks(id, _)
            | Self::Renumber(id, _)
            | Self::Log(id, _)
            | Self::Answer(id, _) => Some(*id),
            Self::Object { absent: Some(_), .. }
            | Self::Write(_)
            | Self::Active(_)
            | Self::Measurements(_) => None,
        }
    }
}

/// A mask of a step that a store keeps.
#[derive(Debug)]
pub(super) struct AwayMask {
    /// Which of the step's changes holds it, and which of its masks it is.
    pub place: (usize, usize),
    pub kept: Arc<dyn KeptBytes>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub id: EntryId,
    /// The document's state after this entry; new when the entry, or one before it, is amended.
    pub state: StateId,
    pub name: String,
    pub ops: Vec<Op>,
    /// Masks that its ops hold, where they are kept elsewhere (`history_memory`).
    pub away: Vec<AwayMask>,
    pub pending: Option<PendingClick>,
    /// The object that it is about, if it is about one, with its name then.
    pub object: Option<(LabelId, String)>,
    /// Which of its clicks, from 1.
    pub point: Option<usize>,
    /// What the next change must be about to become one step with this one.
    pub merge: Option<MergeKey>,
    /// It is made of edits by hand, and nothing if they change nothing.
    pub by_hand: bool,
    /// What was undone when it was done: to be redone again if it turns out never to have been (a click that fails, an
    /// extension in vain, a stroke given up). Forgotten once it is done for good.
    pub aside: Vec<Entry>,
}

/// Names all edits of one gesture (from pressing the button to letting it go): they are one step to undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GestureId(pub u64);

/// Changes that follow one another with the same key are one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MergeKey {
    /// A drag of an object's threshold.
    Threshold(LabelId),
    /// A drag of an object's opacity.
    Opacity(LabelId),
    /// Edits by hand.
    Gesture(GestureId),
}

/// What was done, and what was undone.
#[derive(Debug, Default)]
pub(super) struct History {
    done: Vec<Entry>,
    undone: Vec<Entry>,
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
        let aside = std::mem::take(&mut self.undone);
        if let Some(last) = self.done.last_mut() {
            last.forget_aside();
        }
        self.done.push(Entry {
            id,
            state: StateId(number),
            name,
            ops,
            away: Vec::new(),
            pending,
            object,
            point: None,
            merge: None,
            by_hand: false,
            aside,
        });
        id
    }

    /// Says that the newest entry goes on with the next change of the same key.
    pub fn mark_merge(&mut self, key: MergeKey) {
        if let Some(entry) = self.done.last_mut() {
            entry.merge = Some(key);
            entry.by_hand = matches!(key, MergeKey::Gesture(_));
        }
    }

    /// The key of the newest entry.
    #[cfg(test)]
    pub fn newest_merge(&self) -> Option<MergeKey> {
        self.done.last().and_then(|e| e.merge)
    }

    /// Takes out the newest entry if it has this key.
    pub fn take_merge(&mut self, key: MergeKey) -> Option<Entry> {
        self.done.pop_if(|e| e.merge == Some(key))
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

    /// What is done, oldest first, and what was undone, the next one to be redone last.
    pub fn both(&mut self) -> (&mut [Entry], &mut [Entry]) {
        (&mut self.done, &mut self.undone)
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Name of the present state.
    pub fn state(&self) -> StateId {
        self.done.last().map_or(StateId::default(), |e| e.state)
    }

    /// Name of the state of the masks: measures, which no label map holds, make no other one.
    pub fn masks_state(&self) -> StateId {
        let measures = |op: &Op| matches!(op, Op::Measurements(_));
        let of_masks = |entry: &&Entry| entry.ops.is_empty() || !entry.ops.iter().all(measures);
        self.done.iter().rev().find(of_masks).map_or(StateId::default(), |e| e.state)
    }

    /// The newest of what is done.
    pub fn newest(&mut self) -> Option<&mut Entry> {
        self.done.last_mut()
    }

    /// The next one to be redone.
    pub fn next_undone(&mut self) -> Option<&mut Entry> {
        self.undone.last_mut()
    }

    pub fn take_undo(&mut self) -> Option<Entry> {
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
            entry.merge = None;
        }
    }

    pub fn take_redo(&mut self) -> Option<Entry> {
        self.undone.pop()
    }

    pub fn put_redo(&mut self, mut entry: Entry) {
        entry.forget_aside();
        self.undone.push(entry);
    }

    pub fn undo_name(&self) -> Option<&str> {
        self.done.last().map(|e| e.name.as_str())
    }

    pub fn redo_name(&self) -> Option<&str> {
        self.undone.last().map(|e| e.name.as_str())
    }

    /// Whether an extension of this object is pending.
    pub fn extends(&self, object: LabelId) -> bool {
        let extends = |p: &PendingClick| p.extend && p.object == object;
        self.done.iter().any(|e| e.pending.as_ref().is_some_and(extends))
    }

    pub fn oldest_pending(&self) -> Option<(EntryId, &PendingClick)> {
        self.done.iter().find_map(|e| e.pending.as_ref().map(|p| (e.id, p)))
    }

    /// Oldest first.
    pub fn all_pending(&self) -> impl DoubleEndedIterator<Item = &PendingClick> {
        self.done.iter().filter_map(|e| e.pending.as_ref())
    }

    /// Oldest first.
    pub fn pending_entries(&self) -> impl Iterator<Item = EntryId> {
        self.done.iter().filter(|e| e.pending.is_some()).map(|e| e.id)
    }

    pub fn any_pending_of(&self, object: LabelId) -> bool {
        self.done.iter().any(|e| e.pending.as_ref().is_some_and(|p| p.object == object))
    }

    /// Whether anything is pending: then what is done now may have to be done again in another state.
    pub fn any_pending(&self) -> bool {
        self.done.iter().any(|e| e.pending.is_some())
    }

    /// Takes out all entries after this one, oldest first: they are to be undone, newest first, and put back by
    /// [`History::put_again`].
    pub fn take_after(&mut self, id: EntryId) -> Vec<Entry> {
        let at = self.done.iter().position(|e| e.id == id);
        at.map_or_else(Vec::new, |at| self.done.split_off(at + 1))
    }

    /// Takes out the newest entry.
    pub fn take_newest(&mut self) -> Option<Entry> {
        self.done.pop()
    }

    /// Puts back an entry that was taken out: the state after it is another one than before.
    pub fn put_again(&mut self, mut entry: Entry) {
        entry.state = StateId(self.next_number());
        self.done.push(entry);
    }

    /// The newest entry, which was pending, is answered by these changes, which were done.
    pub fn resolve_newest(&mut self, ops: Vec<Op>) {
        let number = self.next_number();
        if let Some(entry) = self.done.last_mut() {
            entry.pending = None;
            entry.forget_aside();
            entry.ops.extend(ops);
            entry.state = StateId(number);
        }
    }

    /// What was undone leads to other contents than before when it is redone, because something before it has changed.
    pub fn renew_undone(&mut self) {
        let Self { undone, last_number, .. } = self;
        renew(undone, last_number);
    }

    /// The same of what was undone when these were done.
    pub fn renew_asides(&mut self, entries: &mut [Entry]) {
        for entry in entries {
            renew(&mut entry.aside, &mut self.last_number);
        }
    }

    /// Nothing is pending any more: what is done will not be done again in another state.
    pub fn settle(&mut self) {
        if !self.any_pending() {
            for entry in &mut self.done {
                entry.settle();
            }
        }
    }

    /// The step at this place of those done was taken out as if it had never been: what was undone when it was done
    /// (`aside`) can be redone, or was undone when the next one was done. Unless other things were undone since.
    pub fn hand_back(&mut self, place: usize, aside: Vec<Entry>) {
        let last = self.done.len().checked_sub(1) == Some(place);
        let undone = match self.done.get_mut(place) {
            Some(next) if last || next.pending.is_some() => &mut next.aside,
            Some(_) => return,
            None => &mut self.undone,
        };
        if undone.is_empty() {
            *undone = aside;
        }
    }

    /// Says that the newest entry is about the object of this number.
    pub fn mark_object(&mut self, number: LabelId) {
        if let Some((id, _)) = self.done.last_mut().and_then(|e| e.object.as_mut()) {
            *id = number;
        }
    }

    /// Every step is about the object that it was about, by its new number.
    pub fn renumber(&mut self, [one, other]: [LabelId; 2]) {
        let Self { done, undone, .. } = self;
        for (id, _) in done.iter_mut().chain(undone).filter_map(|e| e.object.as_mut()) {
            if *id == one {
                *id = other;
            } else if *id == other {
                *id = one;
            }
        }
    }

    /// Takes out what was undone, the next one to be redone last; [`History::put_undone`] brings it back.
    pub fn take_undone(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.undone)
    }

    /// See [`History::take_undone`].
    pub fn put_undone(&mut self, undone: Vec<Entry>) {
        self.undone = undone;
    }

    /// Forgets what was undone.
    pub fn forget_undone(&mut self) {
        self.undone.clear();
    }
}

/// New names for the states of what was undone.
fn renew(undone: &mut [Entry], last_number: &mut u64) {
    for entry in undone.iter_mut().rev() {
        *last_number += 1;
        entry.state = StateId(*last_number);
        renew(&mut entry.aside, last_number);
    }
}

impl Entry {
    /// It is done for good, unless an answer to it is still to come.
    fn forget_aside(&mut self) {
        if self.pending.is_none() {
            self.aside = Vec::new();
        }
    }

    /// Lets go of what is needed only to do it again in another state.
    pub fn settle(&mut self) {
        for op in &mut self.ops {
            if let Op::Write(write) = op {
                write.sources = Vec::new();
            }
        }
    }

    /// Whether edits by hand in it give voxels to this object, or take some away.
    pub fn edits(&self, object: LabelId) -> bool {
        let edits = |op: &Op| matches!(op, Op::Write(write) if write.is_by_hand(object));
        self.ops.iter().any(edits)
    }
}
