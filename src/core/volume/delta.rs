use super::pieces::{OnRun, between, for_each_piece};
use super::region::Bounder;
use super::{Run, VoxelBox};

/// Consecutive voxels of one row that go from one label to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaRun {
    /// Which voxels.
    pub run: Run,
    /// Their label before the change.
    pub before: u16,
    /// Their label after it.
    pub after: u16,
}

impl OnRun for DeltaRun {
    fn run(&self) -> Run {
        self.run
    }
}

/// A change of a label map: enough to do it and to take it back, exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    runs: Vec<DeltaRun>,
    bounds: Option<VoxelBox>,
}

/// Makes a [`Delta`] from changes in memory order.
#[derive(Debug)]
pub struct DeltaBuilder {
    runs: Vec<DeltaRun>,
    bounder: Bounder,
}

impl DeltaBuilder {
    /// For a volume of `dims`.
    pub fn new(dims: [usize; 3]) -> Self {
        Self { runs: Vec::new(), bounder: Bounder::new(dims) }
    }

    /// Adds a change of voxels not in the delta yet.
    pub fn push(&mut self, change: DeltaRun) {
        if change.run.len == 0 || change.before == change.after {
            return;
        }
        self.bounder.include(change.run);
        let width = self.bounder.width();
        if let Some(last) = self.runs.last_mut()
            && (last.before, last.after) == (change.before, change.after)
            && last.run.end() == change.run.start
            && !change.run.start.is_multiple_of(width)
        {
            last.run.len += change.run.len;
            return;
        }
        self.runs.push(change);
    }

    /// The delta.
    pub fn finish(self) -> Delta {
        Delta { runs: self.runs, bounds: self.bounder.bounds() }
    }
}

impl Delta {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The changes in memory order; no voxel is in two of them.
    pub fn runs(&self) -> &[DeltaRun] {
        &self.runs
    }

    /// A box that holds every changed voxel, what a texture upload has to cover: the smallest one, or that around the
    /// boxes of the changes that it was made of with [`Delta::then`].
    pub fn bounds(&self) -> Option<VoxelBox> {
        self.bounds
    }

    /// Makes it the change that does this one and after it `next`, of a map of `dims` voxels. Voxels that are as they
    /// were are in it no more. Costs as much as the runs of both between the first and the last of `next`; those after
    /// them are moved in memory.
    pub fn then(&mut self, next: &Self, dims: [usize; 3]) {
        let (Some(first), Some(last)) = (next.runs.first(), next.runs.last()) else { return };
        let touched = between(&self.runs, first.run.start, last.run.end());
        let mut builder = DeltaBuilder::new(dims);
        for_each_piece(&self.runs[touched.clone()], &next.runs, |run, earlier, later| {
            let before = earlier.or(later).map_or(0, |d| d.before);
            let after = later.or(earlier).map_or(0, |d| d.after);
            builder.push(DeltaRun { run, before, after });
        });
        self.runs.splice(touched, builder.finish().runs);
        let whole = |bounds: VoxelBox| next.bounds.map_or(bounds, |b| bounds.union(&b));
        self.bounds = self.bounds.map(whole).or(next.bounds).filter(|_| !self.runs.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::super::LabelMap;
    use super::*;
    use proptest::prelude::*;

    const DIMS: [usize; 3] = [5, 3, 2];

    /// The change of one map into another.
    fn between_maps(from: &[u16], to: &[u16]) -> Delta {
        let mut builder = DeltaBuilder::new(DIMS);
        for (start, (&before, &after)) in from.iter().zip(to).enumerate() {
            builder.push(DeltaRun { run: Run { start, len: 1 }, before, after });
        }
        builder.finish()
    }

    proptest! {
        #[test]
        fn changes_after_one_another_are_one_change(
            maps in prop::collection::vec(prop::collection::vec(0u16..3, 30), 2..6),
            still in 0usize..30,
        ) {
            let mut maps = maps;
            // Later changes are in one part of the map only.
            for n in 1..maps.len() {
                let before = maps[n - 1][..still].to_vec();
                maps[n][..still].copy_from_slice(&before);
            }
            let mut whole = Delta::default();
            for pair in maps.windows(2) {
                whole.then(&between_maps(&pair[0], &pair[1]), DIMS);
            }
            let (first, last) = (&maps[0], &maps[maps.len() - 1]);
            let directly = between_maps(first, last);
            prop_assert_eq!(whole.runs(), directly.runs(), "and in as few runs");
            let mut map = LabelMap::from_labels(DIMS, first);
            map.apply(&whole);
            prop_assert_eq!(map.to_vec(), last.clone());
            map.revert(&whole);
            prop_assert_eq!(map.to_vec(), first.clone());
            for change in whole.runs() {
                let (x, line) = (change.run.start % 5, change.run.start / 5);
                let bounds = whole.bounds().unwrap();
                let low = [x, line % 3, line / 3];
                let high = [x + change.run.len as usize, line % 3 + 1, line / 3 + 1];
                prop_assert!((0..3).all(|a| bounds.min[a] <= low[a] && high[a] <= bounds.max[a]));
            }
        }
    }
}
