//! The one door through which labels change: which voxels an edit gives to an object, and from whom.
//!
//! Pure: it reads the label map and the objects' locks and says what would change; the document does it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::object::LabelId;
use crate::volume::{
    Delta, DeltaBuilder, DeltaRun, LabelMap, Region, RegionBuilder, Run, for_each_piece,
};

/// What an edit does to the voxels of its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Gives it these.
    Add(Arc<Region>),
    /// Takes these away from it.
    Subtract(Arc<Region>),
    /// Gives it these and takes away all others.
    Replace(Arc<Region>),
}

impl Change {
    /// The voxels that it names.
    pub fn region(&self) -> &Arc<Region> {
        match self {
            Self::Add(region) | Self::Subtract(region) | Self::Replace(region) => region,
        }
    }
}

/// Which voxels an edit may give to its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Over {
    /// Those that no object has.
    #[default]
    Background,
    /// These, and those of every object that is not locked.
    Unlocked,
    /// Those of this object only, if it is not locked. Not the background.
    Only(LabelId),
}

/// How an edit treats what lies under others ([`Object::covered`](super::Object::covered)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Depth {
    /// It changes what is seen: the brush's way. What of the target lies under others stays, and who loses a voxel to it
    /// has it no more.
    #[default]
    Seen,
    /// It changes whole objects. What the target loses it also loses where it lies under others; what it takes from the
    /// object that [`Over::Only`] names it takes from under others too, and has it there.
    Whole,
    /// It takes nothing from anybody: voxels that others have become the target's too. It lies on top of those that its
    /// [`Over`] lets it take from, which keep them below it, and below all others. What the target loses it loses whole.
    Shared,
}

/// A change of one object's voxels, as a value: done again in another state of the document, it does there what it
/// says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelEdit {
    /// The object that gets or loses voxels.
    pub target: LabelId,
    /// Which.
    pub change: Change,
    /// From whom it may take them.
    pub over: Over,
    /// What becomes of what lies under others.
    pub depth: Depth,
}

/// What an edit would change.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct EditOutcome {
    /// The labels, with the box around them.
    pub delta: Delta,
    /// The voxels named by the edit that the target has after it.
    pub held: Region,
    /// What the target loses.
    pub lost: Region,
    /// What others lose to it.
    pub taken: BTreeMap<LabelId, Region>,
}

/// What `edit` would change in `labels`. `owned` must be exactly the voxels of the target; a locked target, and those
/// of locked objects, stay as they are. The cost is that of the edit's voxels, for [`Change::Replace`] that of the
/// target too; never that of the volume or of other objects.
pub(super) fn outcome(
    labels: &LabelMap,
    owned: &Region,
    locked: &dyn Fn(LabelId) -> bool,
    edit: &LabelEdit,
) -> EditOutcome {
    let LabelEdit { target, change, over, .. } = edit;
    if locked(*target) {
        return EditOutcome::default();
    }
    let mut writer = Writer {
        labels,
        target: *target,
        takes: Takes { over: *over, locked, last: None },
        delta: DeltaBuilder::new(labels.dims()),
        held: RegionBuilder::new(labels.dims()[0]),
        lost: RegionBuilder::new(labels.dims()[0]),
        taken: BTreeMap::new(),
    };
    match change {
        Change::Add(region) => region.runs().iter().for_each(|&run| writer.add(run)),
        Change::Subtract(region) => region.runs().iter().for_each(|&run| writer.subtract(run)),
        Change::Replace(region) => {
            for_each_piece(owned.runs(), region.runs(), |run, owned, wanted| {
                match (owned, wanted) {
                    // No need to read the labels of what it has.
                    (Some(_), Some(_)) => writer.held.push(run.start, run.len as usize),
                    (None, _) => writer.add(run),
                    (Some(_), None) => writer.lose(run),
                }
            });
        }
    }
    writer.finish()
}

/// For every object whose voxels change and that is `wanted`: those that come or go.
pub(super) fn exchanged(
    delta: &Delta,
    row: usize,
    wanted: impl Fn(LabelId) -> bool,
) -> BTreeMap<LabelId, Region> {
    let mut builders: BTreeMap<u16, RegionBuilder> = BTreeMap::new();
    for &DeltaRun { run, before, after } in delta.runs() {
        for label in [before, after].into_iter().filter(|&l| l != 0 && wanted(LabelId(l))) {
            let builder = builders.entry(label).or_insert_with(|| RegionBuilder::new(row));
            builder.push(run.start, run.len as usize);
        }
    }
    builders.into_iter().map(|(label, b)| (LabelId(label), b.finish())).collect()
}

/// Which voxels of others an edit may take; remembers the last answer, because neighbours have the same label.
struct Takes<'a> {
    over: Over,
    locked: &'a dyn Fn(LabelId) -> bool,
    last: Option<(u16, bool)>,
}

impl Takes<'_> {
    fn takes(&mut self, label: u16) -> bool {
        if let Some((last, takes)) = self.last
            && last == label
        {
            return takes;
        }
        let takes = match self.over {
            Over::Background => label == 0,
            Over::Unlocked => label == 0 || !(self.locked)(LabelId(label)),
            Over::Only(id) => label == id.0 && label != 0 && !(self.locked)(id),
        };
        self.last = Some((label, takes));
        takes
    }
}

struct Writer<'a> {
    labels: &'a LabelMap,
    target: LabelId,
    takes: Takes<'a>,
    delta: DeltaBuilder,
    held: RegionBuilder,
    lost: RegionBuilder,
    taken: BTreeMap<LabelId, RegionBuilder>,
}

impl Writer<'_> {
    fn add(&mut self, run: Run) {
        let LabelId(after) = self.target;
        let mut start = run.start;
        for same in self.labels.run(run).chunk_by(|a, b| a == b) {
            let (before, len) = (same[0], same.len());
            if before == after {
                self.held.push(start, len);
            } else if self.takes.takes(before) {
                self.held.push(start, len);
                let run = Run { start, len: len as u32 };
                self.delta.push(DeltaRun { run, before, after });
                if before != 0 {
                    let row = self.labels.dims()[0];
                    let new = || RegionBuilder::new(row);
                    self.taken.entry(LabelId(before)).or_insert_with(new).push(start, len);
                }
            }
            start += len;
        }
    }

    fn subtract(&mut self, run: Run) {
        let mut start = run.start;
        for same in self.labels.run(run).chunk_by(|a, b| a == b) {
            if same[0] == self.target.0 {
                self.lose(Run { start, len: same.len() as u32 });
            }
            start += same.len();
        }
    }

    /// A run that the target has.
    fn lose(&mut self, run: Run) {
        self.delta.push(DeltaRun { run, before: self.target.0, after: 0 });
        self.lost.push(run.start, run.len as usize);
    }

    fn finish(self) -> EditOutcome {
        EditOutcome {
            delta: self.delta.finish(),
            held: self.held.finish(),
            lost: self.lost.finish(),
            taken: self.taken.into_iter().map(|(id, b)| (id, b.finish())).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIMS: [usize; 3] = [5, 4, 3];
    const COUNT: usize = 60;

    fn region(mask: impl IntoIterator<Item = bool>) -> Region {
        Region::from_mask(DIMS[0], mask)
    }

    /// The rule, for one voxel: its label after the edit.
    fn rule(before: u16, named: bool, edit: &LabelEdit, locked: &[bool]) -> u16 {
        let target = edit.target.0;
        if locked[usize::from(target)] {
            return before;
        }
        let free = |label: u16| !locked[usize::from(label)];
        let may_take = match edit.over {
            Over::Background => before == 0,
            Over::Unlocked => before == 0 || free(before),
            Over::Only(other) => before == other.0 && free(before),
        };
        match (&edit.change, named) {
            (Change::Add(_) | Change::Replace(_), true) if may_take => target,
            (Change::Subtract(_), true) | (Change::Replace(_), false) if before == target => 0,
            _ => before,
        }
    }

    fn over() -> impl Strategy<Value = Over> {
        prop_oneof![
            Just(Over::Background),
            Just(Over::Unlocked),
            (1u16..5).prop_map(|n| Over::Only(LabelId(n))),
        ]
    }

    fn change() -> impl Strategy<Value = Change> {
        let mask = prop::collection::vec(any::<bool>(), COUNT);
        (mask, 0..3).prop_map(|(mask, kind)| {
            let region = Arc::new(region(mask));
            [Change::Add, Change::Subtract, Change::Replace][kind as usize](region)
        })
    }

    proptest! {
        /// Against the plain voxel-by-voxel statement of the rule, with four objects of which any may be locked.
        #[test]
        fn an_edit_is_the_voxelwise_rule(
            before in prop::collection::vec(0u16..5, COUNT),
            locked in prop::collection::vec(any::<bool>(), 5),
            target in 1u16..5,
            (change, over) in (change(), over()),
        ) {
            let labels = LabelMap::from_labels(DIMS, &before);
            let depth = Depth::Seen;
            let edit = LabelEdit { target: LabelId(target), change, over, depth };
            let owned = region(before.iter().map(|&l| l == target));
            let is_locked = |id: LabelId| locked[usize::from(id.0)];
            let outcome = outcome(&labels, &owned, &is_locked, &edit);

            let named: Vec<bool> =
                (0..COUNT).map(|n| edit.change.region().contains(n)).collect();
            let expected: Vec<u16> =
                (0..COUNT).map(|n| rule(before[n], named[n], &edit, &locked)).collect();
            let mut after = labels.clone();
            after.apply(&outcome.delta);
            prop_assert_eq!(after.to_vec(), expected.clone());
            let moved = (0..COUNT).map(|n| before[n] != expected[n]);
            prop_assert_eq!(outcome.delta.bounds(), region(moved).bounds(DIMS));

            // The new region of every object that changes, and of no other.
            let mut regions = labels.regions();
            for (id, exchanged) in exchanged(&outcome.delta, DIMS[0], |_| true) {
                prop_assert!(!exchanged.is_empty());
                regions.entry(id.0).or_default().toggle(&exchanged, DIMS[0]);
            }
            regions.retain(|_, region| !region.is_empty());
            prop_assert_eq!(regions, after.regions());

            // Who loses what.
            let adds = !matches!(edit.change, Change::Subtract(_));
            let held = (0..COUNT).map(|n| adds && named[n] && expected[n] == target);
            let held: Vec<bool> = held.map(|held| held && !locked[usize::from(target)]).collect();
            prop_assert_eq!(outcome.held, region(held));
            let loses = |id: u16| (0..COUNT).map(move |n| (n, id));
            let lost = |(n, id): (usize, u16)| before[n] == id && expected[n] != id;
            prop_assert_eq!(outcome.lost, region(loses(target).map(lost)));
            for id in (1..5).filter(|id| *id != target) {
                let taken = outcome.taken.get(&LabelId(id)).cloned().unwrap_or_default();
                prop_assert_eq!(taken, region(loses(id).map(lost)));
            }
            after.revert(&outcome.delta);
            prop_assert_eq!(after, labels);
        }
    }
}
