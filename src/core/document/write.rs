//! Label writes as values: what each changes of the labels and of the objects' layers, and what it was made from.

use std::mem::take;
use std::sync::Arc;

use super::history_store::{HistoryStore, KeptBytes};
use super::label_edit::{Change, EditOutcome, LabelEdit, Over, exchanged, outcome};
use super::object::{LabelId, Object};
use super::packed::{self, NotPacked};
use super::{Document, REMEMBERED_WRITES};
use crate::volume::{Delta, LabelMap, MemoryTally, Region};

/// What a write was made from: enough to make it anew in another state of the document.
#[derive(Clone, Debug)]
pub(super) enum WriteSource {
    /// An edit by hand, or a mask from a file.
    Hand(LabelEdit),
    /// Where the model says that the object is.
    Model(LabelId, Arc<Region>),
    /// The object is deleted.
    Clear(LabelId),
    /// Another object gets all that this one has then.
    Merge {
        /// Who gets it.
        into: LabelId,
        /// Who has it.
        from: LabelId,
    },
}

/// The change of a label map and of who made what of it. Takes memory for the voxels that change only.
#[derive(Clone, Debug)]
pub(super) struct Write {
    /// The object that it is about.
    pub target: LabelId,
    delta: Delta,
    layers: Vec<LayerChange>,
    done: bool,
    /// Where the labels and layers are when they are not here: changes that are long past are packed.
    away: Option<Arc<dyn KeptBytes>>,
    /// In their order; none if the write will never be made anew.
    pub sources: Vec<WriteSource>,
}

/// The voxels that come or go in each layer of an object.
#[derive(Clone, Debug)]
struct LayerChange {
    object: LabelId,
    model: Region,
    added: Region,
    removed: Region,
}

impl LayerChange {
    fn none(object: LabelId) -> Self {
        let [model, added, removed] = std::array::from_fn(|_| Region::default());
        Self { object, model, added, removed }
    }

    fn is_empty(&self) -> bool {
        self.model.is_empty() && self.added.is_empty() && self.removed.is_empty()
    }

    /// Whether before and after it the mask is the model's, so that what it takes to know the one is done for the
    /// other.
    fn is_of_model_alone(&self, object: &Object) -> bool {
        [&self.added, &self.removed, &*object.added, &*object.removed].iter().all(|r| r.is_empty())
    }
}

impl Write {
    /// The write of nothing, done.
    pub fn nothing(target: LabelId) -> Self {
        Self { done: true, ..Self::of(target, Delta::default(), Vec::new()) }
    }

    fn of(target: LabelId, delta: Delta, mut layers: Vec<LayerChange>) -> Self {
        layers.retain(|change| !change.is_empty());
        Self { target, delta, layers, done: false, away: None, sources: Vec::new() }
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.delta.is_empty() && self.layers.is_empty()
    }

    /// Whether it changes the label of any voxel.
    pub fn changes_labels(&self) -> bool {
        !self.delta.is_empty()
    }

    /// The change of the labels.
    pub fn into_delta(self) -> Delta {
        self.delta
    }

    /// Whether it is an edit by hand of this object.
    pub fn is_by_hand(&self, object: LabelId) -> bool {
        let by_hand = |s: &WriteSource| match s {
            WriteSource::Hand(edit) => edit.target == object,
            WriteSource::Merge { into, .. } => *into == object,
            _ => false,
        };
        self.sources.iter().any(by_hand)
    }

    /// What it takes of memory.
    pub fn tally(&self, tally: &mut MemoryTally) {
        let runs = |region: &Region| size_of_val(region.runs());
        let layers = self.layers.iter().map(|c| runs(&c.model) + runs(&c.added) + runs(&c.removed));
        let away = self.away.as_ref().map_or(0, |kept| kept.in_memory());
        tally.add(size_of_val(self.delta.runs()) + layers.sum::<usize>() + away);
        self.sources.iter().for_each(|source| source.tally(tally));
    }

    /// Gives what it changes to a store, unless it may have to be made anew.
    pub fn put_away(&mut self, store: &mut dyn HistoryStore) {
        if self.away.is_none() && self.sources.is_empty() && !self.is_empty() {
            let (delta, layers) = (take(&mut self.delta), take(&mut self.layers));
            let layers: Vec<_> =
                layers.into_iter().map(|c| (c.object, [c.model, c.added, c.removed])).collect();
            self.away = Some(store.keep(packed::pack(&delta, &layers)));
        }
    }

    /// Gets it back, to be done or undone.
    ///
    /// # Errors
    /// It can't be read; it is still with the store.
    pub fn get_back(&mut self, dims: [usize; 3]) -> Result<(), String> {
        let Some(kept) = &self.away else { return Ok(()) };
        let wrong = |NotPacked| "what is read is not what was written".to_owned();
        let (delta, layers) = packed::unpack(&kept.read()?, dims).map_err(wrong)?;
        let layer = |(object, [model, added, removed]): packed::Layers| LayerChange {
            object,
            model,
            added,
            removed,
        };
        (self.delta, self.layers) = (delta, layers.into_iter().map(layer).collect());
        self.away = None;
        Ok(())
    }

    /// Makes it the write that does this one and then `next`; both are done.
    pub fn then(&mut self, next: Self, dims: [usize; 3]) {
        self.delta.then(&next.delta, dims);
        let row = dims[0];
        for change in next.layers {
            match self.layers.iter_mut().find(|c| c.object == change.object) {
                Some(known) => {
                    known.model.toggle(&change.model, row);
                    known.added.toggle(&change.added, row);
                    known.removed.toggle(&change.removed, row);
                }
                None => self.layers.push(change),
            }
        }
        self.layers.retain(|change| !change.is_empty());
        for source in next.sources {
            let left = match self.sources.last_mut() {
                Some(last) => last.take_in(source, row),
                None => Some(source),
            };
            self.sources.extend(left);
        }
    }
}

impl Document {
    /// The write that a source makes of the document as it is.
    pub(super) fn write_of(&self, source: &WriteSource) -> Write {
        match source {
            WriteSource::Hand(edit) => self.by_hand(edit),
            WriteSource::Model(id, answer) => self.by_model(*id, answer),
            WriteSource::Merge { into, from } => {
                let region = self.object(*from).map(|o| Arc::clone(&o.region));
                let change = Change::Add(region.unwrap_or_default());
                self.by_hand(&LabelEdit { target: *into, change, over: Over::Only(*from) })
            }
            WriteSource::Clear(id) => {
                let edit = LabelEdit {
                    target: *id,
                    change: Change::Replace(Arc::default()),
                    over: Over::Background,
                };
                Write::of(*id, self.outcome(&edit).delta, Vec::new())
            }
        }
    }

    fn outcome(&self, edit: &LabelEdit) -> EditOutcome {
        let owned = self.object(edit.target).map(|o| Arc::clone(&o.region)).unwrap_or_default();
        let locked = |id: LabelId| self.object(id).is_some_and(|o| o.locked);
        outcome(&self.labels, &owned, &locked, edit)
    }

    /// Voxels given by hand count as added, voxels taken by hand (by a neighbour too) as removed.
    fn by_hand(&self, edit: &LabelEdit) -> Write {
        let EditOutcome { delta, held, lost, taken } = self.outcome(edit);
        let row = self.labels.dims()[0];
        let mut layers = vec![LayerChange::none(edit.target)];
        let nothing = Arc::<Region>::default();
        let target = self.object(edit.target);
        let (added, removed) = target.map_or((&nothing, &nothing), |o| (&o.added, &o.removed));
        layers[0].added = held.without(&held.intersection(added, row), row);
        layers[0].removed = held.intersection(removed, row);
        layers[0].lose(&lost, added, row);
        for (id, taken) in taken {
            let mut change = LayerChange::none(id);
            let added = self.object(id).map_or(&nothing, |o| &o.added);
            change.lose(&taken, added, row);
            layers.push(change);
        }
        Write::of(edit.target, delta, layers)
    }

    /// The model's answer takes the place of the last one; what was done by hand stays.
    fn by_model(&self, id: LabelId, answer: &Arc<Region>) -> Write {
        let Some(object) = self.object(id).filter(|o| !o.locked) else {
            return Write::of(id, Delta::default(), Vec::new());
        };
        let replace = |wanted: &Arc<Region>| {
            let change = Change::Replace(Arc::clone(wanted));
            self.outcome(&LabelEdit { target: id, change, over: Over::Background })
        };
        let (model, delta) = if object.added.is_empty() && object.removed.is_empty() {
            // Nothing was done by hand: what it gets of the answer is its mask, so one walk finds both.
            let EditOutcome { held, delta, .. } = replace(answer);
            (held, delta)
        } else {
            let (model, wanted) = answered(&self.labels, object, answer);
            (model, replace(&Arc::new(wanted)).delta)
        };
        let mut change = LayerChange::none(id);
        change.model = model;
        change.model.toggle(&object.model, self.labels.dims()[0]);
        Write::of(id, delta, vec![change])
    }

    /// What takes an object's whole mask as the model's part of it, whoever made it: no label changes.
    pub(super) fn all_as_models(&self, object: &Object) -> Write {
        let mut change = LayerChange::none(object.id);
        change.model = object.region.as_ref().clone();
        change.model.toggle(&object.model, self.labels.dims()[0]);
        change.added = object.added.as_ref().clone();
        change.removed = object.removed.as_ref().clone();
        Write::of(object.id, Delta::default(), vec![change])
    }

    /// Remembers where labels were changed, for partial uploads.
    pub(super) fn remember_write(&mut self, delta: &Delta) {
        if let Some(bounds) = delta.bounds() {
            if self.writes.len() == REMEMBERED_WRITES {
                self.writes.remove(0);
            }
            // `changed` has not counted this change yet.
            self.writes.push((self.revision + 1, bounds));
        }
    }

    /// Does a write, or takes it back.
    pub(super) fn swap_write(&mut self, write: &mut Write) {
        debug_assert!(write.away.is_none(), "what was packed is got back first");
        let row = self.labels.dims()[0];
        write.done = !write.done;
        if write.done {
            self.labels.apply(&write.delta);
        } else {
            self.labels.revert(&write.delta);
        }
        self.remember_write(&write.delta);
        // From the end: many objects that came together go from the last on.
        let objects = &self.objects;
        let find = |id: LabelId| objects.iter().rposition(|o| o.id == id);
        let layers: Vec<_> =
            write.layers.iter().filter_map(|c| Some((find(c.object)?, c))).collect();
        let by_model: Vec<LabelId> = layers
            .iter()
            .filter(|(at, change)| change.is_of_model_alone(&objects[*at]))
            .map(|(_, change)| change.object)
            .collect();
        let exchanged = exchanged(&write.delta, row, |id| !by_model.contains(&id));
        let found: Vec<_> =
            exchanged.into_iter().filter_map(|(id, r)| Some((find(id)?, r))).collect();
        for (at, region) in &found {
            Arc::make_mut(&mut self.objects[*at].region).toggle(region, row);
        }
        for (at, change) in &layers {
            let object = &mut self.objects[*at];
            let by_model = by_model.contains(&object.id);
            if by_model {
                // Most often it is the same memory, which can be changed in place if nobody else has it.
                object.region = Arc::default();
            }
            toggle(&mut object.model, &change.model, row);
            toggle(&mut object.added, &change.added, row);
            toggle(&mut object.removed, &change.removed, row);
            if by_model {
                object.region = Arc::clone(&object.model);
            }
        }
        for at in found.iter().map(|f| f.0).chain(layers.iter().map(|l| l.0)) {
            self.objects[at].share();
        }
    }
}

/// What an object's part of the model's answer would be, and with what was done by hand its mask: voxels of other
/// objects are not given.
fn answered(labels: &LabelMap, object: &Object, answer: &Arc<Region>) -> (Region, Region) {
    let row = labels.dims()[0];
    let change = Change::Add(Arc::clone(answer));
    let edit = LabelEdit { target: object.id, change, over: Over::Background };
    let model = outcome(labels, &object.region, &|_| false, &edit).held;
    let mut wanted = model.union(&object.added, row);
    wanted.subtract(&object.removed, row);
    (model, wanted)
}

/// What would change of a label map if the model gave this answer for an object: the door's own rule for an object that
/// is not locked, for previews that are made on another thread from copies of both.
pub fn answer_delta(labels: &LabelMap, object: &Object, answer: Region) -> Delta {
    let (_, wanted) = answered(labels, object, &Arc::new(answer));
    let change = Change::Replace(Arc::new(wanted));
    let edit = LabelEdit { target: object.id, change, over: Over::Background };
    outcome(labels, &object.region, &|_| false, &edit).delta
}

impl LayerChange {
    /// The object loses these of its voxels by hand.
    fn lose(&mut self, lost: &Region, added: &Region, row: usize) {
        self.added.add(&lost.intersection(added, row), row);
        self.removed.add(lost, row);
    }
}

fn toggle(layer: &mut Arc<Region>, change: &Region, row: usize) {
    if !change.is_empty() {
        Arc::make_mut(layer).toggle(change, row);
    }
}

impl WriteSource {
    fn tally(&self, tally: &mut MemoryTally) {
        match self {
            Self::Hand(edit) => match &edit.change {
                Change::Add(region) | Change::Subtract(region) | Change::Replace(region) => {
                    tally.region(region);
                }
            },
            Self::Model(_, region) => tally.region(region),
            Self::Clear(_) | Self::Merge { .. } => {}
        }
    }

    /// Makes one edit of two that follow one another, if they are of a kind: the sum of their voxels does the same.
    /// Else gives the second back.
    fn take_in(&mut self, next: Self, row: usize) -> Option<Self> {
        let (Self::Hand(this), Self::Hand(other)) = (&mut *self, &next) else { return Some(next) };
        if (this.target, this.over) != (other.target, other.over) {
            return Some(next);
        }
        match (&mut this.change, &other.change) {
            (Change::Add(sum), Change::Add(more))
            | (Change::Subtract(sum), Change::Subtract(more)) => {
                Arc::make_mut(sum).add(more, row);
                None
            }
            _ => Some(next),
        }
    }
}
