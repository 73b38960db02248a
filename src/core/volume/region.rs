/// Consecutive voxels of one x-row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Memory position of the first voxel.
    pub start: usize,
    /// Number of voxels.
    pub len: u32,
}

impl Run {
    /// Memory position after the last voxel.
    pub fn end(&self) -> usize {
        self.start + self.len as usize
    }
}

/// A box of voxels, `min` inclusive, `max` exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoxelBox {
    /// First voxel.
    pub min: [usize; 3],
    /// One past the last voxel.
    pub max: [usize; 3],
}

impl VoxelBox {
    /// The whole of a volume.
    pub fn whole(dims: [usize; 3]) -> Self {
        Self { min: [0; 3], max: dims }
    }

    /// Voxels along each axis.
    pub fn size(&self) -> [usize; 3] {
        std::array::from_fn(|a| self.max[a] - self.min[a])
    }

    /// The smallest box that holds both.
    pub fn union(&self, other: &Self) -> Self {
        Self {
            min: std::array::from_fn(|a| self.min[a].min(other.min[a])),
            max: std::array::from_fn(|a| self.max[a].max(other.max[a])),
        }
    }
}

/// The smallest box around runs that come in memory order. Finds rows and slices by counting on where it
/// can: a division for every run is what most of the time of a mask would go into.
#[derive(Clone, Debug)]
pub(super) struct Bounder {
    dims: [usize; 3],
    /// Memory position of the first voxel of the present row.
    row: usize,
    y: usize,
    z: usize,
    bounds: Option<VoxelBox>,
}

impl Bounder {
    pub fn new(dims: [usize; 3]) -> Self {
        Self { dims, row: 0, y: 0, z: 0, bounds: None }
    }

    /// Grows the box so that it holds `run`.
    pub fn include(&mut self, run: Run) {
        let [nx, ny, _] = self.dims;
        if run.start < self.row || run.start >= self.row + 2 * nx {
            let row = run.start / nx;
            (self.row, self.y, self.z) = (row * nx, row % ny, row / ny);
        } else if run.start >= self.row + nx {
            self.row += nx;
            self.y += 1;
            if self.y == ny {
                (self.y, self.z) = (0, self.z + 1);
            }
        }
        let x = run.start - self.row;
        let (min, max) = ([x, self.y, self.z], [x + run.len as usize, self.y + 1, self.z + 1]);
        let bounds = self.bounds.get_or_insert(VoxelBox { min, max });
        *bounds = bounds.union(&VoxelBox { min, max });
    }

    pub fn bounds(&self) -> Option<VoxelBox> {
        self.bounds
    }

    /// Voxels of a row.
    pub fn width(&self) -> usize {
        self.dims[0]
    }
}

/// A set of voxels as runs along x: sorted, disjoint, none crossing the end of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Region {
    pub(super) runs: Vec<Run>,
}

impl Region {
    /// The runs, in memory order.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Whether no voxel is in it.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Number of voxels.
    pub fn count(&self) -> usize {
        self.runs.iter().map(|r| r.len as usize).sum()
    }

    /// The smallest box that holds all voxels.
    pub fn bounds(&self, dims: [usize; 3]) -> Option<VoxelBox> {
        let mut bounder = Bounder::new(dims);
        for &run in &self.runs {
            bounder.include(run);
        }
        bounder.bounds()
    }

    /// Whether the voxel at a memory position is in it.
    pub fn contains(&self, index: usize) -> bool {
        let after = self.runs.partition_point(|r| r.start <= index);
        after > 0 && self.runs[after - 1].end() > index
    }

    /// One region of pieces that come in memory order and share no row.
    pub fn joined(pieces: &[Region]) -> Self {
        let runs: Vec<&[Run]> = pieces.iter().map(Region::runs).collect();
        Self { runs: runs.concat() }
    }

    /// From one flag for each voxel of a volume, rows of `row` voxels.
    pub fn from_mask(row: usize, mask: impl IntoIterator<Item = bool>) -> Self {
        let mut builder = RegionBuilder::new(row);
        for (index, inside) in mask.into_iter().enumerate() {
            if inside {
                builder.push(index, 1);
            }
        }
        builder.finish()
    }
}

/// Makes a [`Region`] from pieces in memory order, joining those that touch within a row.
#[derive(Debug)]
pub struct RegionBuilder {
    row: usize,
    runs: Vec<Run>,
}

impl RegionBuilder {
    /// For a volume whose rows (x dimension) are `row` voxels long.
    pub fn new(row: usize) -> Self {
        Self { row, runs: Vec::new() }
    }

    /// Adds `len` voxels from `start` on. They must lie in one row, after all voxels pushed before.
    pub fn push(&mut self, start: usize, len: usize) {
        if len == 0 {
            return;
        }
        debug_assert_eq!(start / self.row, (start + len - 1) / self.row, "run crosses a row");
        if let Some(last) = self.runs.last_mut() {
            debug_assert!(last.end() <= start, "runs out of order");
            if last.end() == start && !start.is_multiple_of(self.row) {
                last.len += len as u32;
                return;
            }
        }
        self.runs.push(Run { start, len: len as u32 });
    }

    /// The region.
    pub fn finish(self) -> Region {
        Region { runs: self.runs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_join_within_a_row_and_break_at_its_end() {
        let mut builder = RegionBuilder::new(4);
        for index in [1, 2, 3, 4, 5, 9] {
            builder.push(index, 1);
        }
        let region = builder.finish();
        let runs: Vec<_> = region.runs().iter().map(|r| (r.start, r.len)).collect();
        assert_eq!(runs, [(1, 3), (4, 2), (9, 1)]);
        assert_eq!(region.count(), 6);
        assert!(region.contains(3) && region.contains(4) && !region.contains(6));
        assert!(!region.contains(0) && !region.contains(10));
        let bounds = region.bounds([4, 2, 2]).unwrap();
        assert_eq!((bounds.min, bounds.max), ([0, 0, 0], [4, 2, 2]));
    }

    proptest::proptest! {
        #[test]
        fn bounds_hold_every_voxel_and_no_more(
            dims in [1usize..6, 1usize..5, 1usize..5],
            seed in proptest::collection::vec(proptest::bool::weighted(0.1), 100),
        ) {
            let count: usize = dims.iter().product();
            let mask: Vec<bool> = seed.into_iter().cycle().take(count).collect();
            let voxels = (0..count).filter(|&n| mask[n]).map(|n| {
                [n % dims[0], n / dims[0] % dims[1], n / dims[0] / dims[1]]
            });
            let expected = voxels
                .map(|v| VoxelBox { min: v, max: v.map(|c| c + 1) })
                .reduce(|a, b| a.union(&b));
            let region = Region::from_mask(dims[0], mask.iter().copied());
            proptest::prop_assert_eq!(region.bounds(dims), expected);
        }
    }
}
