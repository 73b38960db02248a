//! The one place that decides which voxels an object gets.

use super::object::LabelId;
use crate::volume::{Delta, DeltaBuilder, DeltaRun, LabelMap, Region, RegionBuilder, Run};

/// Gives `label` the voxels of `wanted` instead of `owned`, which must be exactly those it has.
///
/// Voxels of other objects are never taken. Returns the change (not applied yet) and the voxels that
/// the label will have after it. The cost is that of the two regions, not of the volume.
pub(super) fn replace(
    labels: &LabelMap,
    label: LabelId,
    owned: &Region,
    wanted: &Region,
) -> (Delta, Region) {
    let dims = labels.dims();
    let mut delta = DeltaBuilder::new(dims);
    let mut result = RegionBuilder::new(dims[0]);
    for_each_piece(owned.runs(), wanted.runs(), |run, had, wants| match (had, wants) {
        (true, true) => result.push(run.start, run.len as usize),
        (true, false) => delta.push(DeltaRun { run, before: label.0, after: 0 }),
        (false, true) => {
            let mut start = run.start;
            for same in labels.run(run).chunk_by(|a, b| a == b) {
                if same[0] == 0 {
                    let free = Run { start, len: same.len() as u32 };
                    delta.push(DeltaRun { run: free, before: 0, after: label.0 });
                    result.push(start, same.len());
                }
                start += same.len();
            }
        }
        (false, false) => {}
    });
    (delta.finish(), result.finish())
}

/// Walks two sorted lists of runs together and reports every piece with who contains it.
fn for_each_piece(a: &[Run], b: &[Run], mut piece: impl FnMut(Run, bool, bool)) {
    let (mut i, mut j, mut at) = (0, 0, 0);
    while i < a.len() || j < b.len() {
        let edge = |list: &[Run], n: usize| match list.get(n) {
            Some(run) if run.start > at => (false, run.start),
            Some(run) => (true, run.end()),
            None => (false, usize::MAX),
        };
        let ((in_a, next_a), (in_b, next_b)) = (edge(a, i), edge(b, j));
        let next = next_a.min(next_b);
        if in_a || in_b {
            piece(Run { start: at, len: (next - at) as u32 }, in_a, in_b);
        }
        at = next;
        i += usize::from(a.get(i).is_some_and(|run| run.end() <= at));
        j += usize::from(b.get(j).is_some_and(|run| run.end() <= at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against the plain voxel-by-voxel statement of the rule.
        #[test]
        fn replace_is_the_voxelwise_rule(
            before in prop::collection::vec(0u16..3, 60),
            wanted in prop::collection::vec(any::<bool>(), 60),
        ) {
            let dims = [5, 4, 3];
            let labels = LabelMap::from_labels(dims, &before);
            let owned = labels.regions().remove(&1).unwrap_or_default();
            let region = Region::from_mask(dims[0], wanted.iter().copied());
            let (delta, result) = replace(&labels, LabelId(1), &owned, &region);
            let mut after = labels.clone();
            after.apply(&delta);
            let expected: Vec<u16> = before
                .iter()
                .zip(&wanted)
                .map(|(&old, &want)| match (old, want) {
                    (0 | 1, true) => 1,
                    (1, false) => 0,
                    (other, _) => other,
                })
                .collect();
            prop_assert_eq!(after.to_vec(), expected);
            prop_assert_eq!(after.regions().remove(&1).unwrap_or_default(), result);
            after.apply(&delta.reversed());
            prop_assert_eq!(after, labels);
        }
    }
}
