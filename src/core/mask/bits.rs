//! One bit for each voxel of a box.

use crate::volume::{Region, RegionBuilder, VoxelBox};

/// Bits of a box of voxels, in words along x. All 0 they cost nothing until they are set: the system gives memory to
/// what is written.
#[derive(Clone, Debug)]
pub(super) struct Bits {
    bounds: VoxelBox,
    /// For each row.
    words: usize,
    data: Vec<u64>,
}

impl Bits {
    /// How many words those of a box are.
    pub fn words_of(bounds: &VoxelBox) -> Option<usize> {
        let [x, y, z] = bounds.size();
        x.div_ceil(64).checked_mul(y)?.checked_mul(z)
    }

    /// All 0.
    pub fn new(bounds: VoxelBox) -> Self {
        let [x, y, z] = bounds.size();
        let words = x.div_ceil(64);
        Self { bounds, words, data: vec![0; words * y * z] }
    }

    /// Those of a region of a grid of `dims`, as far as it is in the box.
    pub fn of(region: &Region, bounds: VoxelBox, dims: [usize; 3]) -> Self {
        let mut bits = Self::new(bounds);
        bits.add(region, dims);
        bits
    }

    /// Sets those of a region of a grid of `dims`, as far as it is in the box.
    pub fn add(&mut self, region: &Region, dims: [usize; 3]) {
        for_each_row(region, dims, |x, len, y, z| {
            let (from, to) = (x.max(self.bounds.min[0]), (x + len).min(self.bounds.max[0]));
            if from < to && self.has_row(y as isize, z as isize) {
                self.set(from, to, y, z);
            }
        });
    }

    pub fn bounds(&self) -> VoxelBox {
        self.bounds
    }

    /// Whether a row is in the box.
    pub fn has_row(&self, y: isize, z: isize) -> bool {
        let within = |at: isize, a: usize| {
            (self.bounds.min[a] as isize..self.bounds.max[a] as isize).contains(&at)
        };
        within(y, 1) && within(z, 2)
    }

    fn row(&self, y: usize, z: usize) -> usize {
        let [min, size] = [self.bounds.min, self.bounds.size()];
        self.words * ((y - min[1]) + size[1] * (z - min[2]))
    }

    /// Of a voxel in the box.
    pub fn get(&self, x: usize, y: usize, z: usize) -> bool {
        let at = x - self.bounds.min[0];
        self.data[self.row(y, z) + at / 64] >> (at % 64) & 1 == 1
    }

    /// Sets those of `from..to` of a row in the box.
    pub fn set(&mut self, from: usize, to: usize, y: usize, z: usize) {
        let row = self.row(y, z);
        let (from, to) = (from - self.bounds.min[0], to - self.bounds.min[0]);
        for word in from / 64..to.div_ceil(64) {
            let first = from.saturating_sub(word * 64).min(64);
            let end = (to - word * 64).min(64);
            let mask = (u64::MAX << first) & (u64::MAX >> (64 - end));
            self.data[row + word] |= mask;
        }
    }

    /// What is set in the rows of `rows`, a box within this one, as a region of a grid of `dims`.
    pub fn region_in(&self, dims: [usize; 3], rows: &VoxelBox) -> Region {
        let mut builder = RegionBuilder::new(dims[0]);
        for z in rows.min[2]..rows.max[2] {
            for y in rows.min[1]..rows.max[1] {
                let row = self.row(y, z);
                let start = self.bounds.min[0] + dims[0] * (y + dims[1] * z);
                for (n, &word) in self.data[row..row + self.words].iter().enumerate() {
                    let (mut left, mut at) = (word, start + 64 * n);
                    while left != 0 {
                        let zeros = left.trailing_zeros();
                        let ones = (!(left >> zeros)).trailing_zeros();
                        builder.push(at + zeros as usize, ones as usize);
                        let done = zeros + ones;
                        left = left.checked_shr(done).unwrap_or(0);
                        at += done as usize;
                    }
                }
            }
        }
        builder.finish()
    }
}

/// The runs of a region of a grid of `dims`, with their places: `found(x, len, y, z)`.
pub(super) fn for_each_row(
    region: &Region,
    [nx, ny, _]: [usize; 3],
    mut found: impl FnMut(usize, usize, usize, usize),
) {
    for run in region.runs() {
        let line = run.start / nx;
        found(run.start - line * nx, run.len as usize, line % ny, line / ny);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_region_in_a_box_comes_back(
            dims in [1usize..200, 1usize..5, 1usize..4],
            corners in prop::array::uniform2(prop::array::uniform3(0.0f64..1.0)),
            seed in prop::collection::vec(any::<bool>(), 97),
        ) {
            let count: usize = dims.iter().product();
            let mask: Vec<bool> = seed.into_iter().cycle().take(count).collect();
            let region = Region::from_mask(dims[0], mask.iter().copied());
            let corner = |n: usize, a: usize| (corners[n][a] * dims[a] as f64) as usize;
            let bounds = VoxelBox {
                min: std::array::from_fn(|a| corner(0, a).min(corner(1, a))),
                max: std::array::from_fn(|a| corner(0, a).max(corner(1, a)) + 1),
            };
            let bits = Bits::of(&region, bounds, dims);
            prop_assert_eq!(bits.region_in(dims, &bounds), region.inside(&bounds, dims));
            for (n, &inside) in mask.iter().enumerate() {
                let v = [n % dims[0], n / dims[0] % dims[1], n / dims[0] / dims[1]];
                if (0..3).all(|a| (bounds.min[a]..bounds.max[a]).contains(&v[a])) {
                    prop_assert_eq!(bits.get(v[0], v[1], v[2]), inside);
                }
            }
        }
    }
}
