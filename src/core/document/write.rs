//! Label writes as values: what each changes of the labels and of the objects' layers, and what it was made from.

use std::collections::BTreeSet;
use std::mem::take;
use std::sync::Arc;

use super::history_store::{HistoryStore, KeptBytes};
use super::label_edit::{Change, Depth, EditOutcome, LabelEdit, Over, exchanged, outcome};
use super::layer_change::{LayerChange, OnlyLayer};
use super::object::{LabelId, Object};
use super::packed::{self, NotPacked};
use super::underneath::{Raised, Underneath};
use super::{Document, REMEMBERED_WRITES};
use crate::volume::{Delta, DeltaBuilder, DeltaRun, LabelMap, MemoryTally, Region};

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
    /// An object gets all that another one has then, which keeps it.
    Share {
        /// Who gets it.
        into: LabelId,
        /// Who has it.
        from: LabelId,
    },
    /// These voxels are the object's too where another one has them.
    Cover(LabelId, Arc<Region>),
    /// The object gets what lies under others, which lie under it then.
    Front(LabelId),
    /// Nothing of the object lies under others any more.
    Uncover(LabelId),
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

impl Write {
    /// The write of nothing, done.
    pub fn nothing(target: LabelId) -> Self {
        Self { done: true, ..Self::of(target, Delta::default(), Vec::new()) }
    }

    fn of(target: LabelId, delta: Delta, mut layers: Vec<LayerChange>) -> Self {
        layers.retain(|change| !change.is_empty());
        Self { target, delta, layers, done: false, away: None, sources: Vec::new() }
    }

    /// The write by which voxels of an object lie under others, which have them.
    pub fn covering(object: LabelId, covered: Region) -> Self {
        Self::of(
            object,
            Delta::default(),
            vec![LayerChange { covered, ..LayerChange::none(object) }],
        )
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
            WriteSource::Merge { into: id, .. }
            | WriteSource::Share { into: id, .. }
            | WriteSource::Cover(id, _)
            | WriteSource::Front(id)
            | WriteSource::Uncover(id) => *id == object,
            WriteSource::Model(..) | WriteSource::Clear(_) => false,
        };
        self.sources.iter().any(by_hand)
    }

    /// The voxels that its object gets by it as its own.
    pub fn given(&self) -> Region {
        let own = self.layers.iter().find(|change| change.object == self.target);
        own.map(|change| change.added.clone()).unwrap_or_default()
    }

    /// What it takes of memory.
    pub fn tally(&self, tally: &mut MemoryTally) {
        let runs = |region: &Region| size_of_val(region.runs());
        let layers = self.layers.iter().flat_map(LayerChange::regions).map(runs);
        let away = self.away.as_ref().map_or(0, |kept| kept.in_memory());
        tally.add(size_of_val(self.delta.runs()) + layers.sum::<usize>() + away);
        self.sources.iter().for_each(|source| source.tally(tally));
    }

    /// Gives what it changes to a store, unless it may have to be made anew.
    pub fn put_away(&mut self, store: &mut dyn HistoryStore) {
        if self.away.is_none() && self.sources.is_empty() && !self.is_empty() {
            let (delta, layers) = (take(&mut self.delta), take(&mut self.layers));
            let layers: Vec<_> = layers
                .into_iter()
                .map(|c| (c.object, [c.model, c.added, c.removed, c.covered]))
                .collect();
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
        let layer = |(object, [model, added, removed, covered]): packed::Layers| LayerChange {
            object,
            model,
            added,
            removed,
            covered,
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
                    known.covered.toggle(&change.covered, row);
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
            WriteSource::Merge { into, from } => self.merged(*into, *from),
            WriteSource::Share { into, from } => self.shared(*into, *from),
            WriteSource::Cover(id, region) => self.covering(*id, region),
            WriteSource::Front(id) => self.to_front(*id),
            WriteSource::Uncover(id) => {
                let mut change = LayerChange::none(*id);
                if let Some(object) = self.object(*id).filter(|o| !o.locked) {
                    change.covered = object.covered.as_ref().clone();
                }
                Write::of(*id, Delta::default(), vec![change])
            }
            WriteSource::Clear(id) => {
                let edit = replacing(*id, Arc::default());
                self.raising(*id, self.outcome(&edit).delta, Vec::new(), edit.over)
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
        let target = self.object(edit.target);
        if target.is_some_and(|o| o.locked) {
            return Write::of(edit.target, Delta::default(), Vec::new());
        }
        let EditOutcome { delta, held, lost, taken } = self.outcome(edit);
        let row = self.labels.dims()[0];
        let mut layers = vec![LayerChange::none(edit.target)];
        let nothing = Arc::<Region>::default();
        let (added, removed) = target.map_or((&nothing, &nothing), |o| (&o.added, &o.removed));
        layers[0].added = held.without(&held.intersection(added, row), row);
        layers[0].removed = held.intersection(removed, row);
        layers[0].lose(&lost, added, row);
        let shares = edit.depth == Depth::Shared;
        for (id, taken) in taken {
            let mut change = LayerChange::none(id);
            let added = self.object(id).map_or(&nothing, |o| &o.added);
            change.lose(&taken, added, row);
            if shares {
                change.covered = taken;
            }
            layers.push(change);
        }
        if edit.depth != Depth::Seen {
            self.below(edit, &held, &mut layers);
        }
        // What is shared is taken from nobody, nor from under others.
        let over = if shares { Over::Background } else { edit.over };
        self.raising(edit.target, delta, layers, over)
    }

    /// What an edit of whole objects changes where they lie under others. `held`: the voxels that it names and that the
    /// target has after it where it is seen.
    fn below(&self, edit: &LabelEdit, held: &Region, layers: &mut Vec<LayerChange>) {
        let (id, row) = (edit.target, self.labels.dims()[0]);
        let nothing = Arc::<Region>::default();
        let target = self.object(id);
        let [region, covered, removed] =
            target.map_or([&nothing; 3], |o| [&o.region, &o.covered, &o.removed]);
        let named = edit.change.region();
        let lost = match &edit.change {
            Change::Add(_) => Region::default(),
            Change::Subtract(named) => covered.intersection(named, row),
            Change::Replace(named) => covered.without(named, row),
        };
        let change = change_of(layers, id);
        change.covered.toggle(&lost, row);
        change.removed.toggle(&lost.without(removed, row), row);
        if matches!(edit.change, Change::Subtract(_)) {
            return;
        }
        if edit.depth == Depth::Shared {
            let mut gained = Region::default();
            for (label, part) in self.labels.parts_of(&named.without(held, row)) {
                if label != 0 && label != id.0 {
                    gained.add(&part, row);
                }
            }
            change.covered.toggle(&gained.without(covered, row), row);
        } else if let Over::Only(other) = edit.over
            && let Some(other) = self.object(other).filter(|o| !o.locked && o.id != id)
        {
            let moved = other.covered.intersection(named, row);
            let new = moved.without(region, row).without(covered, row);
            change.covered.toggle(&new, row);
            let gives = change_of(layers, other.id);
            gives.removed.toggle(&moved.without(&other.removed, row), row);
            gives.covered.toggle(&moved, row);
        }
    }

    /// The write of these changes, and of what they do under the labels.
    fn raising(
        &self,
        target: LabelId,
        mut delta: Delta,
        mut layers: Vec<LayerChange>,
        over: Over,
    ) -> Write {
        let (dims, row) = (self.labels.dims(), self.labels.dims()[0]);
        let under = Underneath::of(&self.objects);
        let Raised { delta: falls, risen, gone } = under.raised(&delta, (target, over), dims);
        delta.then(&falls, dims);
        for (id, risen) in risen {
            let removed = self.object(id).map(|o| risen.intersection(&o.removed, row));
            let change = change_of(&mut layers, id);
            change.removed.toggle(&removed.unwrap_or_default(), row);
            change.added.toggle(&risen, row);
            change.covered.toggle(&risen, row);
        }
        for (id, gone) in gone {
            change_of(&mut layers, id).covered.toggle(&gone, row);
        }
        Write::of(target, delta, layers)
    }

    /// One object gets all that another one has, also what of that lies under others.
    fn merged(&self, into: LabelId, from: LabelId) -> Write {
        let (Some(gets), Some(gives)) = (self.object(into), self.object(from)) else {
            return Write::of(into, Delta::default(), Vec::new());
        };
        let change = Change::Add(Arc::clone(&gives.region));
        let (over, depth) = (Over::Only(from), Depth::Seen);
        let mut write = self.by_hand(&LabelEdit { target: into, change, over, depth });
        if !gets.locked && !gives.covered.is_empty() {
            let row = self.labels.dims()[0];
            let covered = gives.covered.without(&gets.region, row).without(&gets.covered, row);
            change_of(&mut write.layers, into).covered.toggle(&covered, row);
            write.layers.retain(|change| !change.is_empty());
        }
        write
    }

    /// One object gets all that another one has, which keeps it, also what of that lies under others. Where both have a
    /// voxel already, who is on top stays.
    fn shared(&self, into: LabelId, from: LabelId) -> Write {
        let Some(gives) = self.object(from) else {
            return Write::of(into, Delta::default(), Vec::new());
        };
        let row = self.labels.dims()[0];
        let mut whole = gives.whole(row);
        // What it has already stays whose work it was: the model's stays open to further clicks.
        if let Some(gets) = self.object(into).filter(|o| o.has_voxels()) {
            Arc::make_mut(&mut whole).subtract(&gets.whole(row), row);
        }
        let (change, over) = (Change::Add(whole), Over::Only(from));
        self.by_hand(&LabelEdit { target: into, change, over, depth: Depth::Shared })
    }

    /// What lies of these voxels under other objects is the object's, too.
    fn covering(&self, id: LabelId, region: &Region) -> Write {
        let (row, mut covered) = (self.labels.dims()[0], Region::default());
        if let Some(object) = self.object(id) {
            for (label, part) in self.labels.parts_of(region) {
                if label != 0 && label != id.0 {
                    covered.add(&part, row);
                }
            }
            covered.subtract(&object.covered, row);
        }
        Write::covering(id, covered)
    }

    /// What lies under others of an object comes to the top, but from under those that are locked.
    fn to_front(&self, id: LabelId) -> Write {
        let Some(object) = self.object(id).filter(|o| !o.locked) else {
            return Write::of(id, Delta::default(), Vec::new());
        };
        let (dims, row) = (self.labels.dims(), self.labels.dims()[0]);
        let mut layers = vec![LayerChange::none(id)];
        let mut runs: Vec<DeltaRun> = Vec::new();
        for (label, part) in self.labels.parts_of(&object.covered) {
            let Some(top) = self.object(LabelId(label)).filter(|top| !top.locked) else { continue };
            runs.extend(part.runs().iter().map(|&run| DeltaRun {
                run,
                before: label,
                after: id.0,
            }));
            layers[0].covered.add(&part, row);
            let mut change = LayerChange::none(top.id);
            change.lose(&part, &top.added, row);
            change.covered = part;
            layers.push(change);
        }
        layers[0].added = layers[0].covered.clone();
        layers[0].removed = layers[0].covered.intersection(&object.removed, row);
        runs.sort_unstable_by_key(|change| change.run.start);
        let mut delta = DeltaBuilder::new(dims);
        for change in runs {
            delta.push(change);
        }
        Write::of(id, delta.finish(), layers)
    }

    /// The model's answer takes the place of the last one; what was done by hand stays.
    fn by_model(&self, id: LabelId, answer: &Arc<Region>) -> Write {
        let Some(object) = self.object(id).filter(|o| !o.locked) else {
            return Write::of(id, Delta::default(), Vec::new());
        };
        let replace = |wanted: &Arc<Region>| self.outcome(&replacing(id, Arc::clone(wanted)));
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
        self.raising(id, delta, vec![change], Over::Background)
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
        let only: Vec<Option<OnlyLayer>> =
            layers.iter().map(|(at, change)| change.only_layer(&objects[*at])).collect();
        let by_layer: BTreeSet<LabelId> = layers
            .iter()
            .zip(&only)
            .filter(|(_, only)| only.is_some())
            .map(|((_, change), _)| change.object)
            .collect();
        let exchanged = exchanged(&write.delta, row, |id| !by_layer.contains(&id));
        let found: Vec<_> =
            exchanged.into_iter().filter_map(|(id, r)| Some((find(id)?, r))).collect();
        for (at, region) in &found {
            Arc::make_mut(&mut self.objects[*at].region).toggle(region, row);
        }
        for ((at, change), only) in layers.iter().zip(only) {
            change.swap(&mut self.objects[*at], only, row);
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
    let (change, over) = (Change::Add(Arc::clone(answer)), Over::Background);
    let edit = LabelEdit { target: object.id, change, over, depth: Depth::Seen };
    let model = outcome(labels, &object.region, &|_| false, &edit).held;
    let mut wanted = model.union(&object.added, row);
    wanted.subtract(&object.removed, row);
    (model, wanted)
}

/// What would change of a label map if the model gave this answer for an object: the door's own rule for an object that
/// is not locked, for previews that are made on another thread from copies of these. `under`: what lies under the labels.
pub fn answer_delta(
    labels: &LabelMap,
    under: &Underneath,
    object: &Object,
    answer: Region,
) -> Delta {
    let (_, wanted) = answered(labels, object, &Arc::new(answer));
    let edit = replacing(object.id, Arc::new(wanted));
    let mut delta = outcome(labels, &object.region, &|_| false, &edit).delta;
    let falls = under.raised(&delta, (object.id, edit.over), labels.dims()).delta;
    delta.then(&falls, labels.dims());
    delta
}

/// The edit that makes these an object's voxels, but for those of others.
fn replacing(target: LabelId, wanted: Arc<Region>) -> LabelEdit {
    let (change, over) = (Change::Replace(wanted), Over::Background);
    LabelEdit { target, change, over, depth: Depth::Seen }
}

/// The change of an object's layers among these, which is begun if there is none.
fn change_of(layers: &mut Vec<LayerChange>, id: LabelId) -> &mut LayerChange {
    let at = layers.iter().position(|change| change.object == id).unwrap_or_else(|| {
        layers.push(LayerChange::none(id));
        layers.len() - 1
    });
    &mut layers[at]
}

impl WriteSource {
    fn tally(&self, tally: &mut MemoryTally) {
        match self {
            Self::Hand(edit) => match &edit.change {
                Change::Add(region) | Change::Subtract(region) | Change::Replace(region) => {
                    tally.region(region);
                }
            },
            Self::Model(_, region) | Self::Cover(_, region) => tally.region(region),
            Self::Clear(_)
            | Self::Merge { .. }
            | Self::Share { .. }
            | Self::Front(_)
            | Self::Uncover(_) => {}
        }
    }

    /// Makes one edit of two that follow one another, if they are of a kind: the sum of their voxels does the same.
    /// Else gives the second back.
    fn take_in(&mut self, next: Self, row: usize) -> Option<Self> {
        let (Self::Hand(this), Self::Hand(other)) = (&mut *self, &next) else { return Some(next) };
        let of = |edit: &LabelEdit| (edit.target, edit.over, edit.depth);
        if of(this) != of(other) {
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
