//! Answers that come late. An answer belongs where its click was made, so the steps after it are taken back, the answer
//! is put in, and the steps are done again: those that write labels through the door, in the state as it is then.

use std::collections::VecDeque;
use std::sync::Arc;

use super::command::Resolution;
use super::history::{Entry, Op};
use super::refused::Refused;
use super::write::{Write, WriteSource};
use super::{Document, EntryId, LabelId, Object};
use crate::prompt::{Answer, PromptLog};

impl Document {
    pub(super) fn resolve(
        &mut self,
        entry: EntryId,
        resolution: &Resolution,
    ) -> Result<(), Refused> {
        let (id, extends) = match self.pending() {
            Some((oldest, click)) if oldest == entry => (click.object, click.extend),
            _ => return Err(Refused::Stale),
        };
        let later = self.unwind(entry);
        let mut in_vain = None;
        let changes = self.put_in(id, extends, resolution);
        let done = changes.as_ref().map(|_| ()).map_err(|why| *why);
        match changes {
            Ok(Some(ops)) => {
                self.history.resolve_newest(ops);
                self.history.renew_undone();
            }
            Ok(None) => {
                in_vain = self.history.take_newest();
            }
            Err(_) => {}
        }
        let place = self.history.done_count();
        self.replay(later);
        if let Some(extension) = in_vain {
            self.history.hand_back(place, extension.aside);
        }
        done
    }

    /// Does what an answer changes; `None` if an extension has come to nothing, which leaves no step.
    fn put_in(
        &mut self,
        id: LabelId,
        extends: bool,
        resolution: &Resolution,
    ) -> Result<Option<Vec<Op>>, Refused> {
        let index = self.index_of(id)?;
        let object = &self.objects[index];
        let region = Arc::new(resolution.region.clone());
        let write = self.write_of(&WriteSource::Model(id, region));
        let log = &object.log;
        let asked = if extends { &resolution.extensions } else { &log.extensions };
        let answer =
            Answer { extensions: asked.clone(), parts: log.parts, ..resolution.answer.clone() };
        if extends && write.is_empty() && is_in_vain(object, resolution) {
            // Only that it was tried is remembered.
            self.objects[index].answer = Answer { extensions: log.extensions.clone(), ..answer };
            return Ok(None);
        }
        let mut ops = vec![Op::Answer(id, Box::new(answer)), Op::Write(Box::new(write))];
        if extends {
            let extensions = resolution.extensions.clone();
            ops.insert(0, Op::Log(id, PromptLog { extensions, ..object.log.clone() }));
        }
        for op in &mut ops {
            self.swap(op);
        }
        Ok(Some(ops))
    }

    pub(super) fn withdraw(&mut self, id: EntryId) -> Result<(), Refused> {
        let object = match self.pending() {
            Some((oldest, click)) if oldest == id => click.object,
            _ => return Err(Refused::Stale),
        };
        let mut later = self.unwind(id);
        later.retain(|e| e.pending.as_ref().is_none_or(|p| p.object != object));
        // What was undone since was built on the click.
        for entry in &mut later {
            entry.aside = Vec::new();
        }
        self.history.forget_undone();
        let (place, mut aside) = (self.history.done_count() - 1, Vec::new());
        if let Some(mut click) = self.history.take_newest() {
            self.take_back(&mut click.ops);
            aside = std::mem::take(&mut click.aside);
            // An object that it began stays if it was painted on since.
            let painted = later.iter().any(|e| e.edits(object));
            click.ops.retain(|op| matches!(op, Op::Object { .. } | Op::Active(_)));
            if painted && !click.ops.is_empty() {
                (click.pending, click.point) = (None, None);
                click.rename("New object");
                later.insert(0, click);
            }
        }
        self.replay(later);
        self.history.hand_back(place, aside);
        Ok(())
    }

    /// Undoes a step's changes.
    pub(super) fn take_back(&mut self, ops: &mut [Op]) {
        for op in ops.iter_mut().rev() {
            self.swap(op);
        }
    }

    /// Does a step that was undone again. Writes are made anew from what they were made from, if that was kept: the
    /// labels may be others now.
    pub(super) fn do_again(&mut self, ops: &mut [Op]) {
        for op in ops {
            match op {
                Op::Write(write) if !write.sources.is_empty() => {
                    let (target, sources) = (write.target, std::mem::take(&mut write.sources));
                    **write = self.rewrite(target, sources);
                }
                op => self.swap(op),
            }
        }
    }

    /// Does the writes of all sources, one after another, and makes one of them.
    fn rewrite(&mut self, target: LabelId, sources: Vec<WriteSource>) -> Write {
        let mut whole = Write::nothing(target);
        let there = self.object(target).is_some();
        for source in sources.into_iter().filter(|_| there) {
            let mut write = self.write_of(&source);
            write.sources.push(source);
            self.swap_write(&mut write);
            whole.then(write, self.labels.dims());
        }
        whole
    }

    /// Takes back all steps after one, and gives them, oldest first.
    fn unwind(&mut self, entry: EntryId) -> Vec<Entry> {
        let mut later = self.history.take_after(entry);
        for entry in later.iter_mut().rev() {
            self.take_back(&mut entry.ops);
        }
        self.history.renew_asides(&mut later);
        later
    }

    /// Does steps again after something before them has changed. What they were about may be gone, and an edit may have
    /// nothing left to change: such steps vanish.
    fn replay(&mut self, later: Vec<Entry>) {
        let mut later = VecDeque::from(later);
        while let Some(mut entry) = later.pop_front() {
            // What the step itself begins is there when it is done again.
            let begun = entry.ops.iter().filter_map(|op| match op {
                Op::Object { id, absent: Some(_), .. } => Some(*id),
                _ => None,
            });
            let begun: Vec<LabelId> = begun.collect();
            let is_there = |id| self.object(id).is_some() || begun.contains(&id);
            let there = |op: &Op| op.needs().is_none_or(is_there);
            let (all, active) = (entry.ops.len(), |op: &Op| matches!(op, Op::Active(_)));
            entry.ops.retain(there);
            if entry.ops.len() < all && entry.ops.iter().all(active) {
                continue;
            }
            if self.do_step_again(&mut entry, later.iter()) {
                self.history.put_again(entry);
            }
        }
        self.history.settle();
    }

    /// Does a step again, unless it is made of edits by hand that have nothing left to change. Of one that began an
    /// object which `later` steps are about that much is left.
    pub(super) fn do_step_again<'e>(
        &mut self,
        entry: &mut Entry,
        mut later: impl Iterator<Item = &'e Entry>,
    ) -> bool {
        self.do_again(&mut entry.ops);
        // After the next answer it may do something again.
        if !entry.is_void() || self.history.any_pending() {
            return true;
        }
        let begun = entry.ops.iter().find_map(|op| match op {
            Op::Object { id, .. } => Some(*id),
            _ => None,
        });
        if begun.is_some_and(|id| later.any(|e| e.is_about(id))) {
            entry.ops.retain(|op| !matches!(op, Op::Write(_)));
            (entry.by_hand, entry.merge) = (false, None);
            entry.rename("New object");
            return true;
        }
        self.take_back(&mut entry.ops);
        false
    }
}

impl Entry {
    /// Whether it changes or asks something of this object, which must be there for it.
    fn is_about(&self, object: LabelId) -> bool {
        self.edits(object)
            || self.pending.as_ref().is_some_and(|p| p.object == object)
            || self.ops.iter().any(|op| op.needs() == Some(object))
    }

    fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    /// Whether it is made of edits by hand that change nothing.
    pub(super) fn is_void(&self) -> bool {
        let empty = |op: &Op| match op {
            Op::Write(write) => write.is_empty(),
            _ => true,
        };
        self.by_hand && self.ops.iter().all(empty)
    }
}

/// Whether an extension that changes no voxel has found nothing else either.
fn is_in_vain(object: &Object, resolution: &Resolution) -> bool {
    let (old, new) = (&object.answer, &resolution.answer);
    resolution.extensions == object.log.extensions
        && (&old.model, &old.footprint) == (&new.model, &new.footprint)
}
