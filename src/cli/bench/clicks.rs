//! Where the measured clicks are.

use std::sync::Arc;

use crate::geom::DVec3;
use crate::prompt::{Answer, Prompt};
use crate::segment::Request;
use crate::volume::Volume;

/// What the first clicks of two measurements are apart at least, in millimetres: more than two of the 1.5 mm voxels
/// on which the model's cubes are laid, so that no embedding is used twice.
const STEP_MM: f64 = 4.0;
/// How far from the first click the second is, in millimetres, where the scan is wide enough.
const FURTHER_MM: f64 = 15.0;

/// Clicks in the middle of a scan: half of it along each axis.
pub struct Clicks {
    volume: Arc<Volume>,
    /// How many places there are along each axis of the scan.
    places: [usize; 3],
}

impl Clicks {
    pub fn new(volume: Arc<Volume>) -> Self {
        let (dims, spacing) = (volume.grid().dims(), volume.grid().spacing());
        let along = |a: usize| (dims[a] as f64 * spacing[a] / 2.0 / STEP_MM).floor().max(1.0);
        Self { volume, places: std::array::from_fn(|a| along(a) as usize) }
    }

    /// How many clicks there are whose cubes differ.
    pub fn room(&self) -> usize {
        self.places.iter().product()
    }

    /// A first click; the `n`-th, and again from the beginning after [`Clicks::room`] of them. Along z first, then y,
    /// then x, from the middle in turn to either side.
    pub fn first(&self, n: usize) -> Request {
        let [x, y, z] = self.places;
        let steps = [n / z / y % x, n / z % y, n % z].map(|i| {
            let away = i.div_ceil(2) as f64;
            if i.is_multiple_of(2) { -away } else { away }
        });
        let grid = self.volume.grid();
        let middle = DVec3::from_array(grid.dims().map(|d| (d as f64 - 1.0) / 2.0));
        let voxel = middle + DVec3::from_array(steps) * STEP_MM / grid.spacing();
        let prompts = vec![Prompt::positive(grid.world(voxel))];
        Request::new(Arc::clone(&self.volume), prompts)
    }

    /// A second click beside a first one, whose answer is at hand.
    pub fn further(&self, first: &Request, answer: Answer) -> Request {
        let grid = self.volume.grid();
        let width = grid.dims()[0] as f64 * grid.spacing().x;
        let mut prompts = first.log.prompts.clone();
        let second = prompts.first().map(|p| {
            let voxels = FURTHER_MM.min(width / 5.0) / grid.spacing().x;
            let world = grid.world(grid.voxel(p.world) + DVec3::new(voxels, 0.0, 0.0));
            Prompt::positive(world)
        });
        prompts.extend(second);
        Request { earlier: answer, ..Request::new(Arc::clone(&self.volume), prompts) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::geom::{DAffine3, Grid};
    use crate::segment::cubes::CanonicalGrid;
    use crate::volume::{Scale, StoredGeometry, Voxels};

    /// A scan of zeros with the usual distances of a thorax CT.
    fn clicks(dims: [usize; 3]) -> Clicks {
        let grid = Grid::new(dims, DAffine3::from_scale(DVec3::new(-0.8, -0.8, 1.0))).unwrap();
        let (stored, voxels) = (StoredGeometry::of(&grid), vec![0; grid.count()]);
        let (voxels, dims) = (Voxels::U8(voxels), dims.to_vec());
        Clicks::new(Arc::new(Volume::new("v", grid, dims, voxels, Scale::NONE, stored, vec![])))
    }

    #[test]
    fn every_click_is_in_the_scan_and_has_a_cube_of_its_own() {
        for dims in [[512, 512, 20], [40, 500, 300], [32, 32, 16], [3, 2, 1], [1, 1, 1]] {
            let clicks = clicks(dims);
            let grid = clicks.volume.grid();
            let canonical = CanonicalGrid::of(grid);
            // As many as “--repeat 1000” needs, and beyond what there is room for.
            let mut cubes = HashSet::new();
            for n in 0..2000 {
                let further = clicks.further(&clicks.first(n), Answer::default());
                let inside = |p: &Prompt| grid.voxel_at(p.world).is_some();
                assert!(further.log.prompts.iter().all(inside), "{dims:?}: click {n}");
                cubes.insert(canonical.crop_around(further.log.prompts[0].world).start);
            }
            assert_eq!(cubes.len(), clicks.room().min(2000), "{dims:?}");
        }
        assert!(clicks([512, 512, 20]).room() >= 2000);
    }
}
