//! Changes by hand: voxels, locks, and the mark that an object is done.

use super::history::{GestureId, MergeKey, Op};
use super::label_edit::{Change, LabelEdit, Over};
use super::refused::Refused;
use super::write::WriteSource;
use super::{Document, LabelId};
use crate::volume::Delta;

/// What an edit by hand is called in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EditKind {
    /// Painting.
    Brush,
    /// Erasing.
    Eraser,
}

impl EditKind {
    fn step_name(self) -> &'static str {
        match self {
            Self::Brush => "Brush",
            Self::Eraser => "Eraser",
        }
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
        let edit = LabelEdit { target: target.id, change: change.clone(), over };
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
        let mut write = self.write_op(WriteSource::Hand(LabelEdit { target: id, change, over }));
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
            let ops = vec![Op::Locks(id, (locked, false))];
            if locked {
                self.commit("Lock object", ops, None);
            } else {
                self.commit("Unlock object", ops, None);
            }
        }
        Ok(())
    }

    pub(super) fn set_done(&mut self, id: LabelId, done: bool) -> Result<(), Refused> {
        let object = &self.objects[self.index_of(id)?];
        if object.done != done {
            let ops = vec![Op::Locks(id, (done, done))];
            if done {
                self.commit("Mark as done", ops, None);
            } else {
                self.commit("Mark as not done", ops, None);
            }
        }
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
    fn is_empty_write(&self) -> bool {
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
