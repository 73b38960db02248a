//! Structures of one file that share voxels: which of them is on top.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::volume::{NamedRegion, Region};

/// Of each label what is on top of all others, in their order; `row` is the x dimension. What a file says to be on top is
/// ([`NamedRegion::on_top`]); else what their order says ([`NamedRegion::lowest_first`]).
pub(super) fn stacked(labels: &[NamedRegion], row: usize) -> Vec<Arc<Region>> {
    let mut tops: Vec<Arc<Region>> =
        labels.iter().map(|label| Arc::new(label.region.clone())).collect();
    let sharing = sharing(labels.iter().map(|label| &label.region));
    // Whose top is known has nothing else, unless nobody wants it.
    let mut order = NamedRegion::lowest_first(labels);
    order.retain(|n| sharing.contains(n));
    order.reverse();
    let mut taken = Region::default();
    for &n in &order {
        let Some(said) = &labels[n].on_top else { continue };
        tops[n] = Arc::new(said.intersection(&labels[n].region, row).without(&taken, row));
        taken.add(&tops[n], row);
    }
    for n in order {
        let more = labels[n].region.without(&taken, row);
        if labels[n].on_top.is_none() {
            tops[n] = Arc::new(more.clone());
        } else if !more.is_empty() {
            Arc::make_mut(&mut tops[n]).add(&more, row);
        }
        taken.add(&more, row);
    }
    tops
}

/// Which regions share voxels with others, by their places.
pub(super) fn sharing<'r>(regions: impl IntoIterator<Item = &'r Region>) -> BTreeSet<usize> {
    let mut runs: Vec<(usize, usize, usize)> = Vec::new();
    for (at, region) in regions.into_iter().enumerate() {
        runs.extend(region.runs().iter().map(|run| (run.start, run.end(), at)));
    }
    // Those of each are in order: a sort that sees that only has to merge them.
    #[allow(clippy::stable_sort_primitive)]
    runs.sort();
    let mut found = BTreeSet::new();
    let mut farthest = (0, 0);
    for (start, end, at) in runs {
        if start < farthest.0 {
            found.extend([at, farthest.1]);
        }
        farthest = farthest.max((end, at));
    }
    found
}
