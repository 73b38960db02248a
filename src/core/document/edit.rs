//! Changes by hand: voxels, locks, and the mark that an object is done.

use std::sync::Arc;

use super::history::{GestureId, MergeKey, Op};
use super::label_edit::{Change, Depth, LabelEdit, Over};
use super::refused::Refused;
use super::write::{Write, WriteSource};
use super::{Document, LabelId, ObjectState};
use crate::volume::{Delta, Region};

/// What an edit by hand is called in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EditKind {
    /// Painting.
    Brush,
    /// Erasing.
    Eraser,
    /// Something else, by its English name: the window translates it.
    Named(&'static str),
}

impl EditKind {
    fn step_name(self) -> &'static str {
        match self {
            Self::Brush => "Brush",
            Self::Eraser => "Eraser",
            Self::Named(name) => name,
        }
    }
}

/// One of several edits that are made as one step.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectEdit {
    /// Whose voxels.
    pub target: EditedObject,
    /// Which.
    pub change: Change,
    /// From whom it may take them.
    pub over: Over,
    /// What becomes of what lies under others.
    pub depth: Depth,
}

/// The target of an [`ObjectEdit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditedObject {
    /// One that is there.
    Known(LabelId),
    /// A new one of this name, or called by its number, if the edit gives it any voxels.
    New(Option<String>),
}

impl EditedObject {
    fn known(&self) -> Option<LabelId> {
        match self {
            Self::Known(id) => Some(*id),
            Self::New(_) => None,
        }
    }
}

impl ObjectEdit {
    /// Makes `wanted` the mask of an object that has `owned` (unless `depth` is [`Depth::Seen`], both with what lies under
    /// others), as two edits. They name only the voxels that change, so that all others are still whose work they were:
    /// the model's stay open to further clicks.
    pub fn to_become(
        object: LabelId,
        (owned, wanted): (&Region, &Region),
        (over, depth): (Over, Depth),
        row: usize,
    ) -> [Self; 2] {
        let [lost, gained] = [owned.without(wanted, row), wanted.without(owned, row)].map(Arc::new);
        [Change::Subtract(lost), Change::Add(gained)].map(|change| Self {
            target: EditedObject::Known(object),
            change,
            over,
            depth,
        })
    }
}

/// The object that an edit would go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EditTarget {
    /// Its label, or the one that it would get.
    pub id: LabelId,
    /// sRGB.
    pub colour: [u8; 3],
    /// The edit would begin it.
    pub is_new: bool,
}

impl Document {
    /// The object that an edit would go to: `object`, or the active one, or one that it would begin.
    ///
    /// # Errors
    /// If it is locked or gone, or if the label map can hold no more objects.
    pub fn edit_target(&self, object: Option<LabelId>) -> Result<EditTarget, Refused> {
        if let Some(id) = object.or_else(|| self.active().map(|o| o.id)) {
            let object = &self.objects[self.unlocked(id)?];
            Ok(EditTarget { id, colour: object.colour, is_new: false })
        } else {
            let object = self.next_object()?;
            Ok(EditTarget { id: object.id, colour: object.colour, is_new: true })
        }
    }

    /// What [`Command::Edit`](super::Command::Edit) would write: each voxel's label before and after. Costs as much as
    /// the voxels that `change` names.
    ///
    /// # Errors
    /// If the command would be refused.
    pub fn would_edit(
        &self,
        object: Option<LabelId>,
        change: &Change,
        over: Over,
    ) -> Result<Delta, Refused> {
        let target = self.checked_target(object, change, over)?;
        let (change, depth) = (change.clone(), Depth::Seen);
        let edit = LabelEdit { target: target.id, change, over, depth };
        Ok(self.write_of(&WriteSource::Hand(edit)).into_delta())
    }

    fn checked_target(
        &self,
        object: Option<LabelId>,
        change: &Change,
        over: Over,
    ) -> Result<EditTarget, Refused> {
        let target = self.edit_target(object)?;
        if target.is_new && !matches!(change, Change::Add(_)) {
            return Err(Refused::NoneSelected);
        }
        if let Over::Only(id) = over {
            self.index_of(id)?;
        }
        Ok(target)
    }

    pub(super) fn edit(
        &mut self,
        object: Option<LabelId>,
        change: Change,
        over: Over,
        (kind, gesture): (EditKind, GestureId),
    ) -> Result<(), Refused> {
        let EditTarget { id, is_new, .. } = self.checked_target(object, &change, over)?;
        let edit = LabelEdit { target: id, change, over, depth: Depth::Seen };
        let mut write = self.write_op(WriteSource::Hand(edit));
        if write.is_empty_write() {
            return Ok(());
        }
        let mut begin = if is_new { self.insert_new()?.1 } else { Vec::new() };
        let key = MergeKey::Gesture(gesture);
        if let Some(mut entry) = self.history.take_merge(key) {
            for op in &mut begin {
                self.swap(op);
            }
            entry.ops.append(&mut begin);
            self.swap(&mut write);
            let seen = write.changes_labels();
            let dims = self.labels.dims();
            let rest = write.merged_into(entry.ops.last_mut(), dims);
            entry.ops.extend(rest);
            let nothing = !entry.ops.iter().any(Op::changes_labels);
            if seen && nothing && !self.history.any_pending() {
                // The gesture has taken back all that it did, be it to begin an object. (Done again after an answer
                // it may still do something.)
                self.take_back(&mut entry.ops);
                self.history.hand_back(self.history.done_count(), entry.aside);
            } else {
                self.history.put_again(entry);
            }
        } else {
            begin.push(write);
            self.commit(kind.step_name(), begin, None);
            self.history.mark_merge(key);
        }
        if let Ok(index) = self.index_of(id) {
            // Nobody wants to change what can't be seen.
            self.objects[index].visible = true;
        }
        Ok(())
    }

    /// What the document would be after [`Command::EditAll`](super::Command::EditAll), without its history
    /// ([`Document::snapshot`]), and what would be written: each voxel's label before and after. (That may be nothing
    /// although objects change where they lie under others.)
    ///
    /// # Errors
    /// If the command would be refused.
    pub fn would_edit_all(&self, edits: &[ObjectEdit]) -> Result<(Self, Delta), Refused> {
        self.may_edit_all(edits)?;
        let mut copy = self.snapshot();
        let mut ops = Vec::new();
        for edit in edits {
            copy.edit_one(edit.clone(), &mut ops)?;
        }
        let mut all = Delta::default();
        for op in ops {
            if let Op::Write(write) = op {
                all.then(&write.into_delta(), self.labels.dims());
            }
        }
        Ok((copy, all))
    }

    fn may_edit_all(&self, edits: &[ObjectEdit]) -> Result<(), Refused> {
        for ObjectEdit { target, over, depth, .. } in edits {
            if let EditedObject::Known(id) = target {
                self.unlocked(*id)?;
            }
            match over {
                // It loses nothing by it, so it may be locked.
                Over::Only(id) if *depth == Depth::Shared => _ = self.index_of(*id)?,
                Over::Only(id) => _ = self.unlocked(*id)?,
                Over::Background | Over::Unlocked => {}
            }
            // Such edits are made of the masks as they are.
            let of = |object: &EditedObject| match object {
                EditedObject::Known(id) => self.is_pending(*id),
                EditedObject::New(_) => false,
            };
            if of(target) || matches!(over, Over::Only(id) if self.is_pending(*id)) {
                return Err(Refused::Busy);
            }
        }
        Ok(())
    }

    /// Makes several edits one after another, as one step; or none of them.
    pub(super) fn edit_all(&mut self, name: &str, edits: Vec<ObjectEdit>) -> Result<(), Refused> {
        self.may_edit_all(&edits)?;
        let mut ops = Vec::new();
        let known: Vec<LabelId> = edits.iter().filter_map(|e| e.target.known()).collect();
        for edit in edits {
            if let Err(why) = self.edit_one(edit, &mut ops) {
                self.take_back(&mut ops);
                return Err(why);
            }
        }
        if !ops.is_empty() {
            self.record(name, ops);
            // Nobody wants to change what can't be seen.
            for at in 0..self.objects.len() {
                if known.contains(&self.objects[at].id) {
                    self.objects[at].visible = true;
                }
            }
        }
        Ok(())
    }

    /// Does an edit, and adds what it did.
    fn edit_one(&mut self, edit: ObjectEdit, ops: &mut Vec<Op>) -> Result<(), Refused> {
        let ObjectEdit { target, change, over, depth } = edit;
        let (id, mut begin) = match target {
            EditedObject::Known(id) => (id, None),
            EditedObject::New(name) => {
                let object = self.blank(self.label_past_all()?, name, None);
                let (id, index) = (object.id, self.objects.len());
                let absent = Some(Box::new(object));
                (id, Some(Op::Object { index, id, absent }))
            }
        };
        let edit = LabelEdit { target: id, change, over, depth };
        let mut write = self.write_op(WriteSource::Hand(edit));
        if write.is_empty_write() {
            return Ok(());
        }
        if let Some(begin) = &mut begin {
            self.swap(begin);
        }
        self.swap(&mut write);
        ops.extend(begin);
        ops.push(write);
        Ok(())
    }

    /// Takes a gesture's edits back for good, as if they had never been made; if nothing was done after them.
    pub fn cancel_gesture(&mut self, gesture: GestureId) {
        if let Some(mut entry) = self.history.take_merge(MergeKey::Gesture(gesture)) {
            self.take_back(&mut entry.ops);
            self.history.hand_back(self.history.done_count(), entry.aside);
            self.changed();
        }
    }

    pub(super) fn set_locked(&mut self, id: LabelId, locked: bool) -> Result<(), Refused> {
        let object = &self.objects[self.index_of(id)?];
        if object.locked != locked {
            // What is done is locked; what is flagged may be either.
            let done = object.state == ObjectState::Done;
            let state = if done { ObjectState::Open } else { object.state };
            let ops = vec![Op::Locks(id, (locked, state))];
            if locked {
                self.commit("Lock object", ops, None);
            } else {
                self.commit("Unlock object", ops, None);
            }
        }
        Ok(())
    }

    pub(super) fn set_state(&mut self, id: LabelId, state: ObjectState) -> Result<(), Refused> {
        let object = &self.objects[self.index_of(id)?];
        if object.state == state {
            return Ok(());
        }
        let was_done = object.state == ObjectState::Done;
        let locked = state == ObjectState::Done || (object.locked && !was_done);
        let name = match state {
            ObjectState::Done => "Mark as done",
            ObjectState::Flagged => "Flag object",
            ObjectState::Open if was_done => "Mark as not done",
            ObjectState::Open => "Take the flag away",
        };
        self.commit(name, vec![Op::Locks(id, (locked, state))], None);
        Ok(())
    }

    /// What of an object that is new with these voxels lies under others, once it has what `write` gives it; `None` if it
    /// has all.
    pub(super) fn cover_op(&self, id: LabelId, whole: Region, write: &Op) -> Option<Op> {
        let Op::Write(write) = write else { return None };
        let covered = whole.without(&write.given(), self.labels.dims()[0]);
        // An answer that is put in before it may take voxels of it.
        if covered.is_empty() && !self.history.any_pending() {
            return None;
        }
        let mut write = Write::covering(id, covered);
        if self.history.any_pending() {
            write.sources.push(WriteSource::Cover(id, Arc::new(whole)));
        }
        Some(Op::Write(Box::new(write)))
    }

    pub(super) fn bring_to_front(&mut self, id: LabelId) -> Result<(), Refused> {
        let object = &self.objects[self.unlocked(id)?];
        if object.covered.is_empty() {
            return Err(Refused::NothingCovered);
        }
        let write = self.write_op(WriteSource::Front(id));
        if write.is_empty_write() {
            return Err(Refused::UnderLocked);
        }
        self.commit("Bring to front", vec![write], None);
        Ok(())
    }

    pub(super) fn give_up_covered(&mut self, id: LabelId) -> Result<(), Refused> {
        let object = &self.objects[self.unlocked(id)?];
        if object.covered.is_empty() {
            return Err(Refused::NothingCovered);
        }
        let write = self.write_op(WriteSource::Uncover(id));
        self.commit("Give up what is covered", vec![write], None);
        Ok(())
    }

    /// A write as a change of the history. What it was made from is kept while something is pending: its answer will be
    /// put in before it.
    pub(super) fn write_op(&self, source: WriteSource) -> Op {
        let mut write = self.write_of(&source);
        if self.history.any_pending() {
            write.sources.push(source);
        }
        Op::Write(Box::new(write))
    }
}

impl Op {
    pub(super) fn is_empty_write(&self) -> bool {
        matches!(self, Self::Write(write) if write.is_empty())
    }

    fn changes_labels(&self) -> bool {
        matches!(self, Self::Write(write) if write.changes_labels())
    }

    /// Makes one write of `last` and this one, if both are.
    fn merged_into(self, last: Option<&mut Self>, dims: [usize; 3]) -> Option<Self> {
        match (self, last) {
            (Self::Write(next), Some(Self::Write(write))) => {
                write.then(*next, dims);
                None
            }
            (next, _) => Some(next),
        }
    }
}
