//! Regions as sets of voxels.

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

    /// What is in this region and not in `other`, both of a grid with rows of `row` voxels.
    pub fn without(&self, other: &Self, row: usize) -> Self {
        let mut builder = RegionBuilder::new(row);
        let mut others = other.runs().iter().peekable();
        for run in self.runs() {
            let mut from = run.start;
            while let Some(o) = others.peek().filter(|o| o.start < run.end()) {
                if o.start > from {
                    builder.push(from, o.start - from);
                }
                from = from.max(o.end());
                if o.end() > run.end() {
                    break;
                }
                others.next();
            }
            if from < run.end() {
                builder.push(from, run.end() - from);
            }
        }
        builder.finish()
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
            let both = (0..count).filter(|&n| a[n] && b[n]).count();
            prop_assert_eq!(in_a.shared(&in_b), both);
            let minus: Vec<bool> = (0..count).map(|n| a[n] && !b[n]).collect();
            prop_assert_eq!(in_a.without(&in_b, dims[0]), region(&minus));
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
