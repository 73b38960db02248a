//! The mask that a session has, kept on this side.

use crate::geom::Grid;
use crate::segment::error::SegmentError;
use crate::segment::remote::nninteractive::Pasted;
use crate::volume::{LabelMap, Region, RegionBuilder, VoxelBox};
use crate::work::memory;

/// A mask on a grid, of which boxes are written.
#[derive(Debug)]
pub(super) struct SessionMask {
    dims: [usize; 3],
    /// x fastest; not 0 is inside.
    voxels: Vec<u8>,
    /// Nothing is inside beyond it.
    bounds: Option<VoxelBox>,
}

impl SessionMask {
    /// Nothing.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub(super) fn new(dims: [usize; 3]) -> Result<Self, SegmentError> {
        let count = dims.iter().product();
        memory::check(count as u64)?;
        Ok(Self { dims, voxels: vec![0; count], bounds: None })
    }

    /// Empties it, or makes it another mask.
    pub(super) fn set(&mut self, region: Option<&Region>) {
        if let Some(bounds) = self.bounds {
            self.rows(bounds).for_each(|(start, width)| self.voxels[start..start + width].fill(0));
        }
        self.bounds = region.and_then(|region| region.bounds(self.dims));
        for run in region.into_iter().flat_map(Region::runs) {
            self.voxels[run.start..run.end()].fill(1);
        }
    }

    /// All of it, x fastest.
    pub(super) fn voxels(&self) -> &[u8] {
        &self.voxels
    }

    /// Writes a box of it.
    pub(super) fn paste(&mut self, pasted: &Pasted) {
        let Pasted { bounds, values } = pasted;
        for ((start, width), row) in self.rows(*bounds).zip(values.chunks(bounds.size()[0])) {
            self.voxels[start..start + width].copy_from_slice(row);
        }
        self.bounds = Some(self.bounds.map_or(*bounds, |all| all.union(bounds)));
    }

    /// Its voxels.
    pub(super) fn region(&self) -> Region {
        let mut region = RegionBuilder::new(self.dims[0]);
        for (start, width) in self.bounds.into_iter().flat_map(|bounds| self.rows(bounds)) {
            let mut at = start;
            for same in self.voxels[start..start + width].chunk_by(|a, b| (*a == 0) == (*b == 0)) {
                if same[0] != 0 {
                    region.push(at, same.len());
                }
                at += same.len();
            }
        }
        region.finish()
    }

    /// Where the rows of a box begin, and how long they are, in the order of memory.
    fn rows(&self, bounds: VoxelBox) -> impl Iterator<Item = (usize, usize)> + use<> {
        let [nx, ny, _] = self.dims;
        let VoxelBox { min, max } = bounds;
        let starts =
            (min[2]..max[2]).flat_map(move |z| (min[1]..max[1]).map(move |y| nx * (y + ny * z)));
        starts.map(move |row| (row + min[0], max[0] - min[0]))
    }
}

/// A mask on another grid: each voxel is inside if the nearest one is.
///
/// # Errors
/// If there is no memory for it.
pub(super) fn on_grid(region: Region, from: &Grid, to: &Grid) -> Result<Region, SegmentError> {
    if from.matches(to, SAME_MM) {
        return Ok(region);
    }
    let needed = LabelMap::bytes_of(from.dims(), [&region]) + LabelMap::resampling_bytes(to);
    memory::check(needed)?;
    let labels = LabelMap::from_regions(from.dims(), [(1, &region)]).nearest_on(from, to);
    Ok(labels.regions().remove(&1).unwrap_or_default())
}

/// Grids whose corners lie so close are the same.
pub(super) const SAME_MM: f64 = 1e-3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_written_where_they_lie() {
        let mut mask = SessionMask::new([5, 4, 3]).unwrap();
        assert!(mask.region().is_empty());
        let bounds = VoxelBox { min: [1, 2, 0], max: [4, 4, 2] };
        let values = vec![1, 0, 1, 0, 0, 0, 0, 1, 7, 1, 1, 1];
        mask.paste(&Pasted { bounds, values });
        let inside =
            |mask: &SessionMask| (0..60).filter(|&n| mask.region().contains(n)).collect::<Vec<_>>();
        assert_eq!(inside(&mask), [11, 13, 32, 33, 36, 37, 38]);
        // What a further box says counts, also that nothing is there.
        let bounds = VoxelBox { min: [0, 2, 0], max: [2, 3, 1] };
        mask.paste(&Pasted { bounds, values: vec![1, 0] });
        assert_eq!(inside(&mask), [10, 13, 32, 33, 36, 37, 38]);
        let start = Region::from_mask(5, (0..60).map(|n| n == 0 || n == 59));
        mask.set(Some(&start));
        assert_eq!(mask.region(), start);
        assert_eq!(mask.voxels().iter().filter(|&&v| v != 0).count(), 2);
        mask.set(None);
        assert!(mask.region().is_empty() && mask.voxels().iter().all(|&v| v == 0));
    }
}
