use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Delta, Region, RegionBuilder, Run};

/// One label for each voxel of a grid; 0 is background.
///
/// Rows are kept in bands that are shared until written to. So a copy for a worker (to save) costs next to
/// nothing, an empty map takes the memory of one band, and a first mask costs the rows that it touches.
/// Written only through [`LabelMap::apply`].
#[derive(Clone, Debug)]
pub struct LabelMap {
    dims: [usize; 3],
    /// Voxels of a band: a whole number of rows. The last band may be shorter.
    band: usize,
    bands: Vec<Arc<[u16]>>,
    /// What every untouched band is.
    blank: Arc<[u16]>,
}

/// About as many voxels go into a band: two pages of memory.
const BAND: usize = 4096;

impl LabelMap {
    /// All background.
    pub fn empty(dims: [usize; 3]) -> Self {
        let band = Self::band_of(dims);
        let count: usize = dims.iter().product();
        let blank: Arc<[u16]> = vec![0; band].into();
        let mut bands = vec![blank.clone(); count / band];
        if !count.is_multiple_of(band) {
            bands.push(vec![0; count % band].into());
        }
        Self { dims, band, bands, blank }
    }

    /// From labels in memory order (x fastest).
    ///
    /// # Panics
    /// If there are not as many labels as voxels.
    pub fn from_labels(dims: [usize; 3], labels: &[u16]) -> Self {
        assert_eq!(labels.len(), dims.iter().product::<usize>());
        let mut map = Self::empty(dims);
        for (band, labels) in map.bands.iter_mut().zip(labels.chunks(map.band)) {
            if labels.iter().any(|&l| l != 0) {
                *band = labels.into();
            }
        }
        map
    }

    /// From regions with their labels; where they share voxels, the last one has them. Never takes more memory
    /// than the map itself ([`LabelMap::bytes_of`]).
    pub fn from_regions<'r>(
        dims: [usize; 3],
        regions: impl IntoIterator<Item = (u16, &'r Region)>,
    ) -> Self {
        let mut map = Self::empty(dims);
        for (label, region) in regions {
            for &Run { start, len } in region.runs() {
                let band = start / map.band;
                let at = start - band * map.band;
                Arc::make_mut(&mut map.bands[band])[at..at + len as usize].fill(label);
            }
        }
        map
    }

    /// Bytes that a map of these regions takes at most.
    pub fn bytes_of<'r>(dims: [usize; 3], regions: impl IntoIterator<Item = &'r Region>) -> u64 {
        let band = Self::band_of(dims);
        let count: usize = dims.iter().product();
        let touched = |region: &Region| {
            let runs = region.runs();
            let same = runs.windows(2).filter(|w| w[0].start / band == w[1].start / band).count();
            runs.len() - same
        };
        let touched: usize = regions.into_iter().map(touched).sum();
        let voxels = touched.saturating_mul(band).min(count) + band;
        let shares = count.div_ceil(band) * size_of::<Arc<[u16]>>();
        (voxels * size_of::<u16>() + shares) as u64
    }

    fn band_of(dims: [usize; 3]) -> usize {
        dims[0] * (BAND / dims[0]).clamp(1, dims[1] * dims[2])
    }

    /// Voxels along x, y, z.
    pub fn dims(&self) -> [usize; 3] {
        self.dims
    }

    /// The label of a voxel.
    pub fn get(&self, [x, y, z]: [usize; 3]) -> u16 {
        self.row(y, z)[x]
    }

    /// The labels of row `y` of slice `z`.
    pub fn row(&self, y: usize, z: usize) -> &[u16] {
        let start = self.dims[0] * (y + self.dims[1] * z);
        self.run(Run { start, len: self.dims[0] as u32 })
    }

    /// The labels of slice `z`, row by row.
    pub fn rows(&self, z: usize) -> impl Iterator<Item = &[u16]> {
        (0..self.dims[1]).map(move |y| self.row(y, z))
    }

    /// The labels of a run.
    pub fn run(&self, run: Run) -> &[u16] {
        let band = run.start / self.band;
        let at = run.start - band * self.band;
        &self.bands[band][at..at + run.len as usize]
    }

    /// Whether slice `z` was never written to. Takes no look at the voxels.
    pub fn is_untouched(&self, z: usize) -> bool {
        let area = self.dims[0] * self.dims[1];
        let bands = z * area / self.band..=((z + 1) * area - 1) / self.band;
        self.bands[bands].iter().all(|band| Arc::ptr_eq(band, &self.blank))
    }

    /// All labels in memory order.
    pub fn to_vec(&self) -> Vec<u16> {
        self.bands.concat()
    }

    /// The largest label in use, 0 for an empty map.
    pub fn max(&self) -> u16 {
        let touched = self.bands.iter().filter(|band| !Arc::ptr_eq(band, &self.blank));
        touched.flat_map(|band| band.iter().copied()).max().unwrap_or(0)
    }

    /// Writes every `after` of a change.
    pub fn apply(&mut self, delta: &Delta) {
        for change in delta.runs() {
            self.write(change.run, change.before, change.after);
        }
    }

    /// Takes a change back: writes every `before` of it.
    pub fn revert(&mut self, delta: &Delta) {
        for change in delta.runs() {
            self.write(change.run, change.after, change.before);
        }
    }

    fn write(&mut self, Run { start, len }: Run, before: u16, after: u16) {
        let band = start / self.band;
        let at = start - band * self.band;
        let voxels = &mut Arc::make_mut(&mut self.bands[band])[at..at + len as usize];
        debug_assert!(voxels.iter().all(|&v| v == before), "a change of another map");
        voxels.fill(after);
    }

    /// The voxels of a region by the label that they have, background too. Costs as much as these voxels.
    pub fn parts_of(&self, region: &Region) -> BTreeMap<u16, Region> {
        let mut builders: BTreeMap<u16, RegionBuilder> = BTreeMap::new();
        for &run in region.runs() {
            let mut start = run.start;
            for same in self.run(run).chunk_by(|a, b| a == b) {
                let builder = builders.entry(same[0]);
                builder.or_insert_with(|| RegionBuilder::new(self.dims[0])).push(start, same.len());
                start += same.len();
            }
        }
        builders.into_iter().map(|(label, b)| (label, b.finish())).collect()
    }

    /// The voxels of every label but background.
    pub fn regions(&self) -> BTreeMap<u16, Region> {
        let mut builders: BTreeMap<u16, RegionBuilder> = BTreeMap::new();
        let width = self.dims[0];
        for z in (0..self.dims[2]).filter(|&z| !self.is_untouched(z)) {
            for (y, row) in self.rows(z).enumerate() {
                let mut start = width * (y + self.dims[1] * z);
                for same in row.chunk_by(|a, b| a == b) {
                    if same[0] != 0 {
                        builders
                            .entry(same[0])
                            .or_insert_with(|| RegionBuilder::new(width))
                            .push(start, same.len());
                    }
                    start += same.len();
                }
            }
        }
        builders.into_iter().map(|(label, b)| (label, b.finish())).collect()
    }
}

/// The same labels, however they are shared.
impl PartialEq for LabelMap {
    fn eq(&self, other: &Self) -> bool {
        self.dims == other.dims && self.bands == other.bands
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DeltaBuilder, DeltaRun};
    use super::*;

    #[test]
    fn a_delta_taken_back_leaves_the_map_as_it_was() {
        let dims = [5, 2, 2];
        let mut map = LabelMap::empty(dims);
        let untouched = map.clone();
        let mut delta = DeltaBuilder::new(dims);
        delta.push(DeltaRun { run: Run { start: 11, len: 3 }, before: 0, after: 7 });
        let delta = delta.finish();
        map.apply(&delta);
        assert_eq!(map.get([1, 0, 1]), 7);
        assert_eq!(map.regions()[&7].count(), 3);
        assert_eq!(untouched.get([1, 0, 1]), 0, "a shared copy does not change");
        assert!(untouched.is_untouched(1) && !map.is_untouched(1));
        map.revert(&delta);
        assert_eq!(map, untouched);
    }

    #[test]
    fn regions_make_the_same_map_as_their_labels() {
        for dims in [[5000, 2, 2], [1000, 3, 5], [7, 5, 3], [1, 1, 1]] {
            let count: usize = dims.iter().product();
            let labels: Vec<u16> = (0..count).map(|n| (n / 3 * 7919 % 5) as u16).collect();
            let expected = LabelMap::from_labels(dims, &labels);
            let regions = expected.regions();
            let map = LabelMap::from_regions(dims, regions.iter().map(|(&l, r)| (l, r)));
            assert_eq!(map, expected);
            let bytes = LabelMap::bytes_of(dims, regions.values());
            assert!(bytes >= 2 * count as u64, "{dims:?}: {bytes}");
            // One band beside those that are written to, and 16 bytes for each.
            let band = LabelMap::band_of(dims);
            let most = 2 * (count + band) + 16 * count.div_ceil(band);
            assert!(bytes <= most as u64, "{dims:?}: {bytes}");
        }
        // A mask of one voxel costs a band, not the scan.
        let one = Region::from_mask(512, (0..512).map(|x| x == 3));
        assert!(LabelMap::bytes_of([512, 512, 300], [&one]) < 400_000);
    }

    #[test]
    fn a_region_has_its_parts_by_label() {
        let dims = [4, 2, 1];
        let map = LabelMap::from_labels(dims, &[1, 1, 0, 2, 2, 2, 1, 1]);
        let region = Region::from_mask(4, [0, 1, 1, 1, 1, 1, 1, 0].map(|n| n == 1));
        let of = |voxels: &[usize]| Region::from_mask(4, (0..8).map(|n| voxels.contains(&n)));
        let expected = [(0, of(&[2])), (1, of(&[1, 6])), (2, of(&[3, 4, 5]))];
        assert_eq!(map.parts_of(&region), BTreeMap::from(expected));
        assert_eq!(map.parts_of(&Region::default()), BTreeMap::new());
    }

    #[test]
    fn rows_and_runs_are_the_labels_however_they_are_banded() {
        // Rows longer than a band, bands of several rows, and a last band that is shorter.
        for dims in [[5000, 2, 2], [1000, 3, 5], [7, 5, 3], [1, 1, 1]] {
            let count: usize = dims.iter().product();
            let labels: Vec<u16> = (0..count).map(|n| (n * 7919 % 251) as u16).collect();
            let map = LabelMap::from_labels(dims, &labels);
            assert_eq!(map.to_vec(), labels);
            assert_eq!(map.max(), labels.iter().copied().max().unwrap_or(0));
            let rows: Vec<u16> =
                (0..dims[2]).flat_map(|z| map.rows(z)).flatten().copied().collect();
            assert_eq!(rows, labels);
            let empty = LabelMap::empty(dims);
            assert_eq!(empty.to_vec(), vec![0; count]);
            assert_eq!(empty.max(), 0);
        }
    }
}
