use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Delta, Region, RegionBuilder, Run};

/// One label for each voxel of a grid; 0 is background.
///
/// Slices are shared until written to, so a copy for a worker (to save, to upload) costs nothing, and
/// an empty map takes the memory of one slice. Written only through [`LabelMap::apply`].
#[derive(Clone, Debug, PartialEq)]
pub struct LabelMap {
    dims: [usize; 3],
    slices: Vec<Arc<[u16]>>,
}

impl LabelMap {
    /// All background.
    pub fn empty(dims: [usize; 3]) -> Self {
        let blank: Arc<[u16]> = vec![0; dims[0] * dims[1]].into();
        Self { dims, slices: vec![blank; dims[2]] }
    }

    /// From labels in memory order (x fastest).
    ///
    /// # Panics
    /// If there are not as many labels as voxels.
    pub fn from_labels(dims: [usize; 3], labels: &[u16]) -> Self {
        assert_eq!(labels.len(), dims.iter().product::<usize>());
        let slices = labels.chunks_exact(dims[0] * dims[1]).map(Into::into).collect();
        Self { dims, slices }
    }

    /// Voxels along x, y, z.
    pub fn dims(&self) -> [usize; 3] {
        self.dims
    }

    /// The labels of slice `z`, x fastest.
    pub fn slice(&self, z: usize) -> &[u16] {
        &self.slices[z]
    }

    /// The label of a voxel.
    pub fn get(&self, [x, y, z]: [usize; 3]) -> u16 {
        self.slices[z][x + self.dims[0] * y]
    }

    /// The labels of a run.
    pub fn run(&self, run: Run) -> &[u16] {
        let area = self.dims[0] * self.dims[1];
        let at = run.start % area;
        &self.slices[run.start / area][at..at + run.len as usize]
    }

    /// All labels in memory order.
    pub fn to_vec(&self) -> Vec<u16> {
        self.slices.concat()
    }

    /// The largest label in use, 0 for an empty map.
    pub fn max(&self) -> u16 {
        self.slices.iter().flat_map(|s| s.iter().copied()).max().unwrap_or(0)
    }

    /// Writes every `after` of a change.
    pub fn apply(&mut self, delta: &Delta) {
        let area = self.dims[0] * self.dims[1];
        for change in delta.runs() {
            let slice = Arc::make_mut(&mut self.slices[change.run.start / area]);
            let at = change.run.start % area;
            let voxels = &mut slice[at..at + change.run.len as usize];
            debug_assert!(voxels.iter().all(|&v| v == change.before), "a change of another map");
            voxels.fill(change.after);
        }
    }

    /// The voxels of every label but background.
    pub fn regions(&self) -> BTreeMap<u16, Region> {
        let mut builders: BTreeMap<u16, RegionBuilder> = BTreeMap::new();
        let row = self.dims[0];
        for (z, slice) in self.slices.iter().enumerate() {
            for (y, line) in slice.chunks_exact(row).enumerate() {
                let base = row * (y + self.dims[1] * z);
                let mut x = 0;
                for same in line.chunk_by(|a, b| a == b) {
                    if same[0] != 0 {
                        builders
                            .entry(same[0])
                            .or_insert_with(|| RegionBuilder::new(row))
                            .push(base + x, same.len());
                    }
                    x += same.len();
                }
            }
        }
        builders.into_iter().map(|(label, b)| (label, b.finish())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::DeltaRun;
    use super::*;

    #[test]
    fn a_delta_and_its_reverse_leave_the_map_as_it_was() {
        let dims = [5, 2, 2];
        let mut map = LabelMap::empty(dims);
        let untouched = map.clone();
        let mut delta = Delta::default();
        delta.push(dims, DeltaRun { run: Run { start: 11, len: 3 }, before: 0, after: 7 });
        map.apply(&delta);
        assert_eq!(map.get([1, 0, 1]), 7);
        assert_eq!(map.regions()[&7].count(), 3);
        assert_eq!(untouched.get([1, 0, 1]), 0, "a shared copy does not change");
        map.apply(&delta.reversed());
        assert_eq!(map, untouched);
    }
}
