//! Two sorted lists of runs, walked together.

use std::ops::Range;

use super::Run;

/// What lies on one run of voxels.
pub(crate) trait OnRun {
    /// Which voxels.
    fn run(&self) -> Run;
}

impl OnRun for Run {
    fn run(&self) -> Run {
        *self
    }
}

/// Which of sorted runs reach from one memory position to another, or touch this range.
pub(super) fn between(runs: &[impl OnRun], start: usize, end: usize) -> Range<usize> {
    let first = runs.partition_point(|r| r.run().end() < start);
    let after = runs.partition_point(|r| r.run().start <= end);
    first..after.max(first)
}

/// Walks two sorted lists of runs together and reports, in memory order, every piece that is in one or both, with what
/// holds it. No piece crosses the end of a row.
pub(crate) fn for_each_piece<'r, A: OnRun, B: OnRun>(
    a: &'r [A],
    b: &'r [B],
    mut piece: impl FnMut(Run, Option<&'r A>, Option<&'r B>),
) {
    fn edge<T: OnRun>(item: Option<&T>, at: usize) -> (Option<&T>, usize) {
        match item {
            Some(item) if item.run().start > at => (None, item.run().start),
            Some(item) => (Some(item), item.run().end()),
            None => (None, usize::MAX),
        }
    }
    let (mut i, mut j, mut at) = (0, 0, 0);
    while i < a.len() || j < b.len() {
        let ((in_a, next_a), (in_b, next_b)) = (edge(a.get(i), at), edge(b.get(j), at));
        let next = next_a.min(next_b);
        if in_a.is_some() || in_b.is_some() {
            piece(Run { start: at, len: (next - at) as u32 }, in_a, in_b);
        }
        at = next;
        i += usize::from(a.get(i).is_some_and(|r| r.run().end() <= at));
        j += usize::from(b.get(j).is_some_and(|r| r.run().end() <= at));
    }
}
