//! What is done to whole objects: merged, copied, given another number or a name from a list.

use super::history::Op;
use super::refused::Refused;
use super::write::WriteSource;
use super::{Document, LabelId, Object};
use crate::volume::{DeltaBuilder, DeltaRun};

impl Document {
    pub(super) fn merge(&mut self, into: LabelId, from: LabelId) -> Result<(), Refused> {
        if into == from {
            return Err(Refused::SameObject);
        }
        self.unlocked(into)?;
        let index = self.unlocked(from)?;
        if self.is_pending(into) || self.is_pending(from) {
            return Err(Refused::Busy);
        }
        let write = self.write_op(WriteSource::Merge { into, from });
        let mut ops = vec![write, Op::Object { index, id: from, absent: None }];
        if self.active == Some(from) {
            ops.push(Op::Active(Some(into)));
        }
        self.commit("Merge objects", ops, None);
        Ok(())
    }

    pub(super) fn duplicate(&mut self, id: LabelId, name: String) -> Result<(), Refused> {
        let from = &self.objects[self.index_of(id)?];
        if !from.has_voxels() {
            return Err(Refused::NoMask);
        }
        if self.is_pending(id) {
            return Err(Refused::Busy);
        }
        let into = self.label_past_all()?;
        let copy = Object { opacity: from.opacity, ..self.blank(into, Some(name), None) };
        let index = self.objects.len();
        let write = self.write_op(WriteSource::Share { into, from: id });
        let begin = Op::Object { index, id: into, absent: Some(Box::new(copy)) };
        self.commit("Duplicate object", vec![begin, write, Op::Active(Some(into))], None);
        Ok(())
    }

    pub(super) fn add_copy(&mut self, into: LabelId, from: LabelId) -> Result<(), Refused> {
        if into == from {
            return Err(Refused::SameObject);
        }
        self.unlocked(into)?;
        if !self.objects[self.index_of(from)?].has_voxels() {
            return Err(Refused::NoMask);
        }
        if self.is_pending(into) || self.is_pending(from) {
            return Err(Refused::Busy);
        }
        let write = self.write_op(WriteSource::Share { into, from });
        if write.is_empty_write() {
            return Err(Refused::HasAll);
        }
        self.commit("Add a copy of another object", vec![write], None);
        if let Ok(index) = self.index_of(into) {
            // Nobody wants to change what can't be seen.
            self.objects[index].visible = true;
        }
        Ok(())
    }

    /// A number for an object that is to be added: the `wanted` one, or the one past all others if an object has it or is
    /// to have it. Of those that are `meant` for something else it is none either, if there is another.
    ///
    /// # Errors
    /// If the label map can hold no more.
    pub fn number_for(
        &self,
        wanted: LabelId,
        meant: impl IntoIterator<Item = LabelId>,
    ) -> Result<LabelId, Refused> {
        let expected = || self.expected.iter().map(|expected| expected.number);
        let is_given = self.object(wanted).is_some() || expected().any(|number| number == wanted);
        if wanted.0 > 0 && !is_given {
            return Ok(wanted);
        }
        let objects = self.objects.iter().map(|object| object.id);
        let largest = objects.chain(expected()).chain(meant).max().unwrap_or(LabelId(0));
        largest.0.checked_add(1).map_or_else(|| self.free_label(), |next| Ok(LabelId(next)))
    }

    /// The object with this number, if it is another one.
    pub(super) fn free_for(&self, id: LabelId, number: LabelId) -> Result<(), Refused> {
        match number {
            LabelId(0) => Err(Refused::NoNumber),
            number if number != id && self.object(number).is_some() => Err(Refused::NumberTaken),
            _ => Ok(()),
        }
    }

    pub(super) fn renumber(&mut self, id: LabelId, number: LabelId) -> Result<(), Refused> {
        self.index_of(id)?;
        self.free_for(id, number)?;
        if id == number {
            return Ok(());
        }
        if self.is_pending(id) {
            return Err(Refused::Busy);
        }
        self.commit("Change number", vec![Op::Renumber(id, number)], None);
        self.history.mark_object(number);
        Ok(())
    }

    pub(super) fn name_from_preset(
        &mut self,
        id: LabelId,
        name: String,
        number: Option<LabelId>,
        colour: Option<[u8; 3]>,
    ) -> Result<(), Refused> {
        self.index_of(id)?;
        if let Some(number) = number {
            self.free_for(id, number)?;
            if number != id && self.is_pending(id) {
                return Err(Refused::Busy);
            }
        }
        let mut ops = vec![Op::Name(id, name)];
        ops.extend(colour.map(|colour| Op::Colour(id, colour)));
        // Last: the others name the object by the number that it has.
        ops.extend(number.filter(|n| *n != id).map(|number| Op::Renumber(id, number)));
        self.commit("Rename object", ops, None);
        self.history.mark_object(number.unwrap_or(id));
        Ok(())
    }

    /// Gives the object with the number `from` the number `to`, which is free: in the label map, too.
    pub(super) fn relabel(&mut self, from: LabelId, to: LabelId) {
        let Some(index) = self.objects.iter().position(|o| o.id == from) else { return };
        let object = &mut self.objects[index];
        object.id = to;
        let mut delta = DeltaBuilder::new(self.labels.dims());
        for &run in object.region.runs() {
            delta.push(DeltaRun { run, before: from.0, after: to.0 });
        }
        let delta = delta.finish();
        self.labels.apply(&delta);
        self.remember_write(&delta);
        if self.active == Some(from) {
            self.active = Some(to);
        }
        self.history.renumber([from, to]);
        self.renumbered.push((from, to));
    }
}
