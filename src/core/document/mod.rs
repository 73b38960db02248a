//! The document: one scan, its label map, its objects with their prompts, and the history of it all.
//!
//! It changes only through [`Document::apply`], [`Document::undo`] and [`Document::redo`]; every change is
//! a value that can be logged, replayed and undone. It does no I/O, starts no thread and knows no model:
//! a click becomes a [`PendingClick`], somebody else computes its mask, and [`Command::Resolve`] brings it.
//!
//! A voxel has one label. What objects share (structures of a file may) is the one's that lies on top; of the others it is
//! [`Object::covered`], and comes up when that one loses it (`underneath`).
//!
//! *Labels* change through one door, `label_edit`, whoever wants it. What each object has is layered: the model's part,
//! and what was added and removed by hand ([`Object`]).
//!
//! *Order.* Clicks are resolved oldest first, each where it stands in the history: what was done since is taken back
//! and done again after it (`rebase`). So label changes happen in history order, and undoing them in reverse restores
//! every voxel exactly. Commands that need an object's answer say [`Refused::Busy`] until it is there.

mod command;
mod edit;
mod history;
mod history_memory;
mod history_store;
mod images;
mod label_edit;
mod layer_change;
mod measurements;
mod object;
mod objects;
mod packed;
mod prompt_change;
mod prompts;
mod rebase;
mod refused;
mod restore;
mod shared_objects;
mod stacked;
#[cfg(test)]
pub(crate) mod tests;
mod underneath;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use command::{Command, ModelMask, Resolution};
pub use edit::{EditKind, EditTarget, EditedObject, ObjectEdit};
pub use history::{EntryId, GestureId, PendingClick, StateId};
pub use history_store::{HistoryStore, KeptBytes};
pub use label_edit::{Change, Depth, LabelEdit, Over};
pub use measurements::MeasurementChange;
pub use object::{LabelId, Object, ObjectState, PALETTE, palette_colour};
pub use prompt_change::PromptChange;
pub use refused::Refused;
pub use restore::{DocumentParts, NotRestored, NotWhole, whole_objects};
use shared_objects::ObjectList;
pub use shared_objects::SharedObjects;
pub use underneath::Underneath;
pub use write::answer_delta;

use crate::measure::Measurement;
use crate::prompt::{ImageId, WorkingScale};
use crate::volume::{CoveredLabels, LabelMap, Volume, VoxelBox};
use history::History;
use history_memory::HISTORY_BYTES;
use history_store::InMemory;

/// One scan and everything drawn on it.
#[derive(Debug)]
pub struct Document {
    /// The time point of the scan that is looked at.
    image: Arc<Volume>,
    /// Every time point that was looked at so far, so that one looked at again is the same to caches.
    time_points: BTreeMap<usize, Arc<Volume>>,
    /// Every image over the scan that the model was told to look at, by its number: objects whose clicks were made in
    /// one keep it, also when it is not shown any more. `None`: it was not found when the document was restored.
    overlays: BTreeMap<u32, Option<Arc<Volume>>>,
    /// The image that the model looks at for objects without clicks.
    model_image: ImageId,
    labels: LabelMap,
    objects: ObjectList,
    active: Option<LabelId>,
    /// For objects that have no clicks yet.
    working_scale: WorkingScale,
    history: History,
    /// Counts every change, undo and redo included: caches compare it.
    revision: u64,
    /// What each of the last label writes touched, newest last, for partial uploads.
    writes: Vec<(u64, VoxelBox)>,
    saved: StateId,
    /// Where the history keeps what it can't hold in memory, and how much that is, in bytes.
    store: Box<dyn HistoryStore>,
    history_bytes: usize,
    /// Why the last undo or redo was not possible.
    fault: Option<String>,
    /// Objects that got another number: the one that they had, and the one that they have.
    renumbered: Vec<(LabelId, LabelId)>,
    /// How many prompts have got their [`PromptId`](crate::prompt::PromptId).
    prompts_given: u64,
    /// The objects that are to be there in the end, in their order.
    expected: Vec<ExpectedObject>,
    /// What an object without a name is called, before its number.
    unnamed: &'static str,
    /// What was measured, and how many measurements have got their number.
    measurements: Vec<Measurement>,
    measurements_given: u64,
}

/// An object that is to be there in the end: what a new one is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedObject {
    /// Its value in the label map.
    pub number: LabelId,
    /// Its name.
    pub name: String,
    /// sRGB; `None`: that of its number.
    pub colour: Option<[u8; 3]>,
}

/// What changed in the label map since some revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dirty {
    /// Nothing.
    Clean,
    /// Only voxels in this box.
    Within(VoxelBox),
    /// More than the document remembers: upload everything.
    Everything,
}

/// A change, for the list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryStep<'a> {
    /// What was done.
    pub name: &'a str,
    /// Which of the object's clicks it was done to, from 1.
    pub point: Option<usize>,
    /// The name of the object, if it was one.
    pub object: Option<String>,
}

/// A change, for a record of what was done when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryRecord<'a> {
    /// Which entry of the history it is.
    pub entry: EntryId,
    /// What was done.
    pub name: &'a str,
    /// Which of the object's clicks it was done to, from 1.
    pub point: Option<usize>,
    /// The object, if it was one, and what it was called then.
    pub object: Option<(LabelId, &'a str)>,
}

/// Label writes remembered for partial uploads.
const REMEMBERED_WRITES: usize = 256;

impl Document {
    /// A scan with nothing drawn on it.
    pub fn new(image: Arc<Volume>) -> Self {
        let labels = LabelMap::empty(image.grid().dims());
        Self {
            time_points: BTreeMap::from([(image.time_point(), Arc::clone(&image))]),
            image,
            overlays: BTreeMap::new(),
            model_image: ImageId::Scan,
            labels,
            objects: ObjectList::default(),
            active: None,
            working_scale: WorkingScale::ONE,
            history: History::default(),
            revision: 0,
            writes: Vec::new(),
            saved: StateId::default(),
            store: Box::<InMemory>::default(),
            history_bytes: HISTORY_BYTES,
            fault: None,
            renumbered: Vec::new(),
            prompts_given: 0,
            expected: Vec::new(),
            unnamed: "Object",
            measurements: Vec::new(),
            measurements_given: 0,
        }
    }

    /// What objects are called from now on that are begun without a name: this, and their number. No part of the history.
    pub fn call_new_objects(&mut self, word: &'static str) {
        self.unnamed = word;
    }

    /// Says which objects are to be there in the end: new ones are those that are missing, in this order. No part of the
    /// history.
    pub fn expect_objects(&mut self, expected: Vec<ExpectedObject>) {
        self.expected = expected;
    }

    /// Says where the history keeps what is long past once it takes more than `bytes` of memory. Without, it is packed
    /// in memory. What a model keeps of an answer that is long past is let go; its clicks stay, and asked again the model
    /// replays them.
    pub fn keep_history_in(&mut self, store: Box<dyn HistoryStore>, bytes: usize) {
        (self.store, self.history_bytes) = (store, bytes);
    }

    /// What the history takes of memory, bytes: all that it holds and that no object has. It counts each time.
    pub fn history_bytes(&self) -> usize {
        self.history.bytes(&self.objects)
    }

    /// Why the last [`Document::undo`] or [`Document::redo`] did nothing although there was something to do: what it
    /// needs could not be read. Told once.
    pub fn take_fault(&mut self) -> Option<String> {
        self.fault.take()
    }

    /// Which objects have got other numbers, in order, by undo and redo too: for those who remember an object by its
    /// number. Told once.
    pub fn take_renumbered(&mut self) -> Vec<(LabelId, LabelId)> {
        std::mem::take(&mut self.renumbered)
    }

    /// What there is to see of it now, without its history: for pictures made on another thread.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        Self {
            labels: self.labels.clone(),
            objects: self.objects.clone(),
            measurements: self.measurements.clone(),
            active: self.active,
            expected: self.expected.clone(),
            unnamed: self.unnamed,
            ..Self::new(Arc::clone(&self.image))
        }
    }

    /// The scan, at the time point that is looked at ([`Command::ShowTimePoint`]).
    pub fn image(&self) -> &Arc<Volume> {
        &self.image
    }

    /// The scan at another time point. Of a time point that was looked at it is the same `Arc` as then.
    pub fn image_at(&self, time_point: usize) -> Arc<Volume> {
        self.time_points
            .get(&time_point)
            .map_or_else(|| Arc::new(self.image.with_time_point(time_point)), Arc::clone)
    }

    fn show_time_point(&mut self, time_point: usize) {
        let time_point = time_point.min(self.image.time_points() - 1);
        self.image = self.image_at(time_point);
        self.time_points.insert(time_point, Arc::clone(&self.image));
    }

    /// What is drawn on it.
    pub fn labels(&self) -> &LabelMap {
        &self.labels
    }

    /// The objects, in the order in which they were made.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The same, for those who keep them: see [`SharedObjects`]. Cheap if few have changed since it was asked last.
    pub fn shared_objects(&self) -> SharedObjects {
        self.objects.share()
    }

    /// An object by its label.
    pub fn object(&self, id: LabelId) -> Option<&Object> {
        self.objects.iter().find(|o| o.id == id)
    }

    /// The object that the next click belongs to.
    pub fn active(&self) -> Option<&Object> {
        self.active.and_then(|id| self.object(id))
    }

    /// How large models see the scan from the next object's first click on ([`Command::SetWorkingScale`]).
    pub fn working_scale(&self) -> WorkingScale {
        self.working_scale
    }

    /// Counts every change of anything in the document.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The voxels whose label may have changed after `revision`.
    pub fn dirty_since(&self, revision: u64) -> Dirty {
        let newer = self.writes.iter().rev().take_while(|(r, _)| *r > revision);
        let (mut union, mut count) = (None::<VoxelBox>, 0);
        for (_, bounds) in newer {
            union = Some(union.map_or(*bounds, |u| u.union(bounds)));
            count += 1;
        }
        match union {
            Some(_) if count == REMEMBERED_WRITES => Dirty::Everything,
            Some(bounds) => Dirty::Within(bounds),
            None => Dirty::Clean,
        }
    }

    /// The click whose mask should be computed next, if any.
    pub fn pending(&self) -> Option<(EntryId, &PendingClick)> {
        self.history.oldest_pending()
    }

    /// All that are computed, or wait for that, oldest first.
    pub fn all_pending(&self) -> impl DoubleEndedIterator<Item = &PendingClick> {
        self.history.all_pending()
    }

    /// The entries of the history of all of these, oldest first.
    pub fn pending_entries(&self) -> impl Iterator<Item = EntryId> {
        self.history.pending_entries()
    }

    /// Whether a click of this object waits for its mask.
    pub fn is_pending(&self, id: LabelId) -> bool {
        self.history.any_pending_of(id)
    }

    /// Whether there is something to undo, and what.
    pub fn can_undo(&self) -> Option<&str> {
        self.history.undo_name()
    }

    /// Whether there is something to redo, and what.
    pub fn can_redo(&self) -> Option<&str> {
        self.history.redo_name()
    }

    /// All changes, oldest first, those that were undone last; and how many of them are done.
    pub fn history_steps(&self) -> (Vec<HistoryStep<'_>>, usize) {
        // What an object is called now, so that it can be found.
        let called =
            |(id, name): &(LabelId, String)| self.object(*id).map_or(name, |o| &o.name).clone();
        let steps = self.history.entries().map(|entry| HistoryStep {
            name: &entry.name,
            point: entry.point,
            object: entry.object.as_ref().map(called),
        });
        (steps.collect(), self.history.done_count())
    }

    /// The changes of [`Document::history_steps`] for a record of them: each with the entry that it is, and the object
    /// that it is about by its number and by its name then.
    pub fn history_entries(&self) -> impl Iterator<Item = HistoryRecord<'_>> {
        self.history.entries().map(|entry| HistoryRecord {
            entry: entry.id,
            name: &entry.name,
            point: entry.point,
            object: entry.object.as_ref().map(|(id, name)| (*id, name.as_str())),
        })
    }

    /// How many of [`Document::history_entries`], from the oldest, are done; the others were undone.
    pub fn history_steps_done(&self) -> usize {
        self.history.done_count()
    }

    /// How many prompts have got a [`PromptId`](crate::prompt::PromptId): none of those that come gets one of these.
    pub fn prompts_given(&self) -> u64 {
        self.prompts_given
    }

    /// Undoes or redoes one change after another until so many are done. Stops where nothing is left.
    pub fn go_to(&mut self, done: usize) {
        while self.history.done_count() > done && self.undo() {}
        while self.history.done_count() < done && self.redo() {}
    }

    /// Whether masks would be lost if the document were dropped now. (Measures are kept in sessions only.)
    pub fn is_modified(&self) -> bool {
        self.history.masks_state() != self.saved
    }

    /// The state to name in [`Document::mark_saved`] when the masks as they are now have been written.
    pub fn masks_state(&self) -> StateId {
        self.history.masks_state()
    }

    /// The state of all that is in it.
    pub fn state(&self) -> StateId {
        self.history.state()
    }

    /// Remembers that the state with this name is on disk.
    pub fn mark_saved(&mut self, state: StateId) {
        self.saved = state;
    }

    /// Says that no state of it is on disk as a label map, not even the one that it began with: of a document that was
    /// restored from a session.
    pub fn mark_never_saved(&mut self) {
        self.saved = StateId::NONE;
    }

    /// Millilitres of what is seen of an object: of the voxels that have its label.
    pub fn volume_ml(&self, object: &Object) -> f64 {
        self.millilitres(object.region.count())
    }

    /// Millilitres of what of an object lies under others.
    pub fn covered_ml(&self, object: &Object) -> f64 {
        self.millilitres(object.covered.count())
    }

    /// Millilitres of an object, also of what of it lies under others.
    pub fn whole_ml(&self, object: &Object) -> f64 {
        self.millilitres(object.region.count() + object.covered.count())
    }

    fn millilitres(&self, voxels: usize) -> f64 {
        voxels as f64 * self.image.grid().voxel_volume_mm3() / 1000.0
    }

    /// Which objects lie over an object, and over how many of its voxels.
    pub fn over(&self, object: &Object) -> Vec<(LabelId, usize)> {
        let parts = self.labels.parts_of(&object.covered);
        parts.into_iter().map(|(label, part)| (LabelId(label), part.count())).collect()
    }

    /// What of objects lies under others: for files that keep it.
    pub fn covered(&self) -> CoveredLabels {
        self.objects.iter().map(|o| (o.id.0, Arc::clone(&o.covered))).collect()
    }

    /// Takes the last change back. `false` if there is none, or ([`Document::take_fault`]) it can't be.
    pub fn undo(&mut self) -> bool {
        let dims = self.labels.dims();
        if let Some(Err(why)) = self.history.newest().map(|entry| entry.get_back(dims)) {
            self.fault = Some(why);
            return false;
        }
        let Some(mut entry) = self.history.take_undo() else { return false };
        self.take_back(&mut entry.ops);
        self.history.put_redo(entry);
        self.changed();
        true
    }

    /// Does the last undone change again. `false` if there is none, or ([`Document::take_fault`]) it can't be.
    pub fn redo(&mut self) -> bool {
        let dims = self.labels.dims();
        loop {
            if let Some(Err(why)) = self.history.next_undone().map(|entry| entry.get_back(dims)) {
                self.fault = Some(why);
                return false;
            }
            let Some(mut entry) = self.history.take_redo() else { return false };
            let undone = self.history.take_undone();
            // An answer that came since may have left nothing for it to change.
            let does = self.do_step_again(&mut entry, undone.iter());
            self.history.put_undone(undone);
            if !does {
                continue;
            }
            self.history.put_undo(entry);
            self.history.settle();
            self.changed();
            return true;
        }
    }

    fn changed(&mut self) {
        self.revision += 1;
        self.history.relieve(self.history_bytes, &self.objects, &mut *self.store);
        if self.active.is_some_and(|id| self.object(id).is_none()) {
            self.active = self.objects.last().map(|o| o.id);
        }
    }
}
