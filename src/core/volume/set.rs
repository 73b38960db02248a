//! Regions as sets of voxels.

use std::ops::Range;

use super::pieces::{OnRun, between, for_each_piece};
use super::{Region, RegionBuilder, Run, VoxelBox};

impl Region {
    /// How many voxels are in both.
    pub fn shared(&self, other: &Self) -> usize {
        let mut others = other.runs().iter().peekable();
        let mut shared = 0;
        for run in self.runs() {
            while let Some(o) = others.peek() {
                shared += run.end().min(o.end()).saturating_sub(run.start.max(o.start));
                // A run that reaches further may meet the next one too.
                if o.end() > run.end() {
                    break;
                }
                others.next();
            }
        }
        shared
    }

    /// What is in this region or in `other`, both of a grid with rows of `row` voxels.
    pub fn union(&self, other: &Self, row: usize) -> Self {
        let mut both = self.clone();
        both.add(other, row);
        both
    }

    /// What is in this region and not in `other`, both of a grid with rows of `row` voxels.
    pub fn without(&self, other: &Self, row: usize) -> Self {
        let mut left = self.clone();
        left.subtract(other, row);
        left
    }

    /// What is in both, on a grid with rows of `row` voxels. Costs as much as the runs of the two that lie between the
    /// first and the last of the other.
    pub fn intersection(&self, other: &Self, row: usize) -> Self {
        let mut builder = RegionBuilder::new(row);
        let mine = &self.runs[touched(&self.runs, other)];
        let others = &other.runs[touched(&other.runs, self)];
        for_each_piece(mine, others, |run, a, b| {
            if a.is_some() && b.is_some() {
                builder.push(run.start, run.len as usize);
            }
        });
        builder.finish()
    }

    /// Adds what is in `other`. This and the next two look only at the runs between the first and the last of `other`
    /// (those after them are moved in memory); rows have `row` voxels.
    pub fn add(&mut self, other: &Self, row: usize) {
        if self.is_empty() {
            self.clone_from(other);
        } else {
            self.combine(other, row, |a, b| a || b);
        }
    }

    /// Takes out what is in `other`.
    pub fn subtract(&mut self, other: &Self, row: usize) {
        self.combine(other, row, |a, b| a && !b);
    }

    /// Takes out what is in `other` of it, and adds the rest of `other`. Done twice it is undone.
    pub fn toggle(&mut self, other: &Self, row: usize) {
        if self.is_empty() {
            self.clone_from(other);
        } else {
            self.combine(other, row, |a, b| a != b);
        }
    }

    /// `keep` must hold for what is in this region alone.
    fn combine(&mut self, other: &Self, row: usize, keep: impl Fn(bool, bool) -> bool) {
        let touched = touched(&self.runs, other);
        let mut builder = RegionBuilder::new(row);
        for_each_piece(&self.runs[touched.clone()], other.runs(), |run, a, b| {
            if keep(a.is_some(), b.is_some()) {
                builder.push(run.start, run.len as usize);
            }
        });
        self.runs.splice(touched, builder.finish().runs);
    }

    /// What of it lies in a box, on a grid of `dims` voxels.
    pub fn inside(&self, bounds: &VoxelBox, dims: [usize; 3]) -> Self {
        let [nx, ny, _] = dims;
        let mut builder = RegionBuilder::new(nx);
        for &Run { start, len } in self.runs() {
            let (x, line) = (start % nx, start / nx);
            let (y, z) = (line % ny, line / ny);
            let from = x.max(bounds.min[0]);
            let to = (x + len as usize).min(bounds.max[0]);
            let in_rows = (bounds.min[1]..bounds.max[1]).contains(&y);
            if from < to && in_rows && (bounds.min[2]..bounds.max[2]).contains(&z) {
                builder.push(line * nx + from, to - from);
            }
        }
        builder.finish()
    }

    /// Memory position of the voxel that has `n` others before it.
    pub fn nth(&self, n: usize) -> Option<usize> {
        let mut left = n;
        for run in self.runs() {
            if left < run.len as usize {
                return Some(run.start + left);
            }
            left -= run.len as usize;
        }
        None
    }
}

/// Which of sorted runs lie between the first and the last of a region, or touch it.
fn touched(runs: &[impl OnRun], other: &Region) -> Range<usize> {
    match (other.runs().first(), other.runs().last()) {
        (Some(first), Some(last)) => between(runs, first.start, last.end()),
        _ => 0..0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_voxel_by_voxel(
            dims in [1usize..9, 1usize..4, 1usize..4],
            a in proptest::collection::vec(any::<bool>(), 8 * 3 * 3),
            b in proptest::collection::vec(proptest::bool::weighted(0.7), 8 * 3 * 3),
            corners in [[0usize..9, 0usize..4, 0usize..4], [0usize..9, 0usize..4, 0usize..4]],
        ) {
            let count: usize = dims.iter().product();
            let (a, b) = (&a[..count], &b[..count]);
            let region = |mask: &[bool]| Region::from_mask(dims[0], mask.iter().copied());
            let (in_a, in_b) = (region(a), region(b));
            // A small region far from most of the other: only what is near it is looked at.
            let few: Vec<bool> = (0..count).map(|n| b[n] && n / dims[0] == corners[0][1]).collect();
            let near = region(&few);
            let with_few: Vec<bool> = (0..count).map(|n| a[n] != few[n]).collect();
            let mut toggled = in_a.clone();
            toggled.toggle(&near, dims[0]);
            prop_assert_eq!(toggled, region(&with_few));
            let both = (0..count).filter(|&n| a[n] && b[n]).count();
            prop_assert_eq!(in_a.shared(&in_b), both);
            let by_voxel = |rule: fn(bool, bool) -> bool| {
                region(&(0..count).map(|n| rule(a[n], b[n])).collect::<Vec<bool>>())
            };
            let row = dims[0];
            prop_assert_eq!(in_a.without(&in_b, row), by_voxel(|a, b| a && !b));
            prop_assert_eq!(in_a.union(&in_b, row), by_voxel(|a, b| a || b));
            prop_assert_eq!(in_a.intersection(&in_b, row), by_voxel(|a, b| a && b));
            let mut toggled = in_a.clone();
            toggled.toggle(&in_b, row);
            prop_assert_eq!(&toggled, &by_voxel(|a, b| a != b));
            toggled.toggle(&in_b, row);
            prop_assert_eq!(&toggled, &in_a);
            let bounds = VoxelBox {
                min: std::array::from_fn(|i| corners[0][i].min(corners[1][i])),
                max: std::array::from_fn(|i| corners[0][i].max(corners[1][i])),
            };
            let within: Vec<bool> = (0..count).map(|n| {
                let v = [n % dims[0], n / dims[0] % dims[1], n / dims[0] / dims[1]];
                a[n] && (0..3).all(|i| v[i] >= bounds.min[i] && v[i] < bounds.max[i])
            }).collect();
            prop_assert_eq!(in_a.inside(&bounds, dims), region(&within));
            let listed: Vec<usize> = (0..in_a.count()).filter_map(|n| in_a.nth(n)).collect();
            let expected: Vec<usize> = (0..count).filter(|&n| a[n]).collect();
            prop_assert_eq!(listed, expected);
            prop_assert_eq!(in_a.nth(in_a.count()), None);
        }
    }
}
