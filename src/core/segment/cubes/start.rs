//! Starting from a mask that is there: what the model is told of it in a cube.

use std::cmp::Reverse;
use std::sync::Arc;

use rayon::prelude::*;

use super::answer::{Cubes, Logits, SURE, ToldMask};
use super::open_faces::depths;
use super::preprocess::CropPlace;
use crate::geom::{DVec3, Grid};
use crate::volume::{Region, VoxelBox};

/// A mask to start from, on its grid, for models whose logits have `side` cells along each side of a cube.
pub(super) struct Starting<'a> {
    pub(super) region: &'a Region,
    pub(super) grid: &'a Grid,
    /// What was told in these cubes need not be computed again.
    pub(super) earlier: &'a Cubes,
    pub(super) side: usize,
    mask: Option<StartMask<'a>>,
}

impl<'a> Starting<'a> {
    pub(super) fn new(region: &'a Region, grid: &'a Grid, earlier: &'a Cubes, side: usize) -> Self {
        Self { region, grid, earlier, side, mask: None }
    }

    /// What the model is told in a cube; `None` where nothing of the mask is.
    pub(super) fn told(&mut self, place: &CropPlace) -> Option<ToldMask> {
        let mut known = self.earlier.patches.iter().filter(|p| p.place == *place);
        let known = known.find_map(|p| p.start.clone().filter(|s| s.side == self.side));
        let logits = if let Some(known) = known {
            known
        } else {
            if self.mask.is_none() {
                self.mask = StartMask::of(self.region, self.grid);
            }
            Arc::new(self.mask.as_ref()?.logits(place, self.side))
        };
        let seed = deepest(place, &logits)?;
        Some(ToldMask { logits, seed })
    }
}

/// The crop voxel in the middle of the cell that lies deepest in a mask; `None` if no cell is in it.
fn deepest(place: &CropPlace, logits: &Logits) -> Option<DVec3> {
    let side = logits.side;
    let mask: Vec<bool> = logits.values.iter().map(|&v| v > 0.0).collect();
    let depths = depths(&mask, side);
    let deepest = depths.iter().enumerate().max_by_key(|&(n, depth)| (depth, Reverse(n)));
    let (at, _) = deepest.filter(|&(n, _)| mask[n])?;
    let cell = [at / side / side, at / side % side, at % side];
    let middle = cell.map(|c| ((2 * c + 1) * place.side / (2 * side)) as f64);
    Some(DVec3::from_array(middle))
}

/// A mask to start from.
pub(super) struct StartMask<'a> {
    grid: &'a Grid,
    bounds: VoxelBox,
    /// Of each voxel of the box, x fastest.
    inside: Vec<bool>,
}

impl<'a> StartMask<'a> {
    /// What that of these voxels takes of memory.
    pub(super) fn bytes(region: &Region, grid: &Grid) -> u64 {
        let size = region.bounds(grid.dims()).map_or([0; 3], |bounds| bounds.size());
        size.iter().map(|&n| n as u64).product()
    }

    /// The mask of these voxels of a grid; `None` without any.
    pub(super) fn of(region: &Region, grid: &'a Grid) -> Option<Self> {
        let dims = grid.dims();
        let bounds = region.bounds(dims)?;
        let [nx, ny, nz] = bounds.size();
        let mut inside = vec![false; nx * ny * nz];
        for run in region.runs() {
            let (x, y, z) =
                (run.start % dims[0], run.start / dims[0] % dims[1], run.start / dims[0] / dims[1]);
            let [x, y, z] = [x - bounds.min[0], y - bounds.min[1], z - bounds.min[2]];
            let from = x + nx * (y + ny * z);
            inside[from..from + run.len as usize].fill(true);
        }
        Some(Self { grid, bounds, inside })
    }

    /// What a cube's mask prompt is: for each of `side`³ cells the share of its crop voxels whose centre lies in a voxel
    /// of the mask, from -[`SURE`] for none to [`SURE`] for all of them. Where no cell is more than half full (a vessel),
    /// the fullest counts as full.
    pub(super) fn logits(&self, place: &CropPlace, side: usize) -> Logits {
        let voxel_from_crop = self.grid.world_from_voxel().inverse() * place.world_from_crop;
        // Positions in the box, of which the first voxel's first corner is 0.
        let corner = DVec3::from_array(self.bounds.min.map(|v| v as f64 - 0.5));
        let along = voxel_from_crop.matrix3;
        let size = self.bounds.size();
        let is_inside = |at: DVec3| {
            let at = at.to_array();
            let within = (0..3).all(|a| at[a] >= 0.0 && at[a] < size[a] as f64);
            within && {
                let [x, y, z] = at.map(|c| c as usize);
                self.inside[x + size[0] * (y + size[1] * z)]
            }
        };
        let crop = |cell: usize| cell * place.side / side..(cell + 1) * place.side / side;
        let sheet = |i: usize| {
            let mut values = Vec::with_capacity(side * side);
            for j in 0..side {
                for k in 0..side {
                    let (mut held, mut all) = (0u32, 0u32);
                    for x in crop(i) {
                        for y in crop(j) {
                            let row = DVec3::new(x as f64, y as f64, 0.0);
                            let row = voxel_from_crop.transform_point3(row) - corner;
                            for z in crop(k) {
                                held += u32::from(is_inside(row + along.z_axis * z as f64));
                                all += 1;
                            }
                        }
                    }
                    let share = held as f32 / all.max(1) as f32;
                    values.push(share);
                }
            }
            values
        };
        let shares: Vec<Vec<f32>> = (0..side).into_par_iter().map(sheet).collect();
        let shares = shares.concat();
        let fullest = shares.iter().copied().fold(0.0, f32::max);
        let full = if fullest > 0.5 || fullest == 0.0 { 1.0 } else { fullest };
        let values = shares.into_iter().map(|share| (2.0 * share / full - 1.0) * SURE).collect();
        Logits { side, values }
    }
}

/// What was told last, so that a pointer that rests on a mask costs no more than a click.
#[derive(Debug, Default)]
pub(super) struct ToldMasks(Vec<(Arc<Region>, CropPlace, Option<ToldMask>)>);

impl ToldMasks {
    /// Cubes that are remembered.
    const MOST: usize = 16;

    /// What is told of `region`, this very one, in a cube: `tell` says it where it is not known.
    pub(super) fn known_or(
        &mut self,
        region: &Arc<Region>,
        place: &CropPlace,
        tell: impl FnOnce(&CropPlace) -> Option<ToldMask>,
    ) -> Option<ToldMask> {
        let is_it =
            |(of, at, _): &&(Arc<Region>, CropPlace, _)| Arc::ptr_eq(of, region) && at == place;
        if let Some((.., told)) = self.0.iter().find(is_it) {
            return told.clone();
        }
        let told = tell(place);
        if self.0.len() == Self::MOST {
            self.0.remove(0);
        }
        self.0.push((Arc::clone(region), place.clone(), told.clone()));
        told
    }
}

#[cfg(test)]
mod tests {
    use super::super::preprocess::CanonicalGrid;
    use super::*;
    use crate::geom::{DAffine3, DMat3};

    /// Scans of several axes and spacings: a box of the world, in which the cube's cells lie wholly, partly, not at all.
    #[test]
    fn cells_say_how_much_of_them_lies_in_the_mask() {
        let scale = |x, y, z| DMat3::from_diagonal(DVec3::new(x, y, z));
        let permuted = DMat3::from_cols(DVec3::Z * 1.5, DVec3::X * 1.5, DVec3::Y * -1.5);
        let turned = DMat3::from_axis_angle(DVec3::new(1.0, -2.0, 0.5).normalize(), 0.4);
        for (n, (matrix, exact)) in [
            (scale(1.5, 1.5, 1.5), true),
            (permuted, true),
            (scale(-0.75, 0.5, 1.5), true),
            // Voxels coarser than the cube's, or at an angle to it.
            (scale(3.0, -3.0, 4.5), false),
            (turned * scale(0.7, 0.7, 0.7), false),
        ]
        .into_iter()
        .enumerate()
        {
            let dims = [[150; 3], [140; 3], [290, 430, 145], [70, 72, 50], [150; 3]][n];
            let grid = Grid::new(dims, DAffine3 { matrix3: matrix, translation: DVec3::ZERO });
            let grid = grid.unwrap();
            let canonical = CanonicalGrid::of(&grid);
            let place = canonical.crop_around(grid.centre());
            // In crop voxels: 6 whole cells of 4 and a half one along each axis.
            let (low, high) = (40.0 - 0.5, 40.0 - 0.5 + 26.0);
            let inside = |at: DVec3| at.to_array().iter().all(|c| (low..high).contains(c));
            let crop_from_voxel = place.world_from_crop.inverse() * grid.world_from_voxel();
            let [nx, ny, nz] = dims;
            let voxels = (0..nx * ny * nz).map(|n| {
                let voxel = [n % nx, n / nx % ny, n / nx / ny].map(|c| c as f64);
                inside(crop_from_voxel.transform_point3(DVec3::from_array(voxel)))
            });
            let region = Region::from_mask(nx, voxels);
            let mask = StartMask::of(&region, &grid).unwrap();
            for side in [32, 64] {
                let logits = mask.logits(&place, side);
                assert_eq!(logits.values.len(), side.pow(3));
                let step = 128 / side;
                let along = |cell: usize| {
                    let held = (cell * step..(cell + 1) * step)
                        .filter(|&v| (low..high).contains(&(v as f64)));
                    held.count() as f64 / step as f64
                };
                let (mut worst, mut whole, mut sums): (f64, usize, _) = (0.0, 0, [0.0; 2]);
                for (at, value) in logits.values.iter().enumerate() {
                    let cell = [at / side / side, at / side % side, at % side];
                    let share: f64 = cell.map(along).into_iter().product();
                    let found = f64::from(value / SURE).midpoint(1.0);
                    worst = worst.max((found - share).abs());
                    whole += usize::from(*value == SURE);
                    sums = [sums[0] + found, sums[1] + share];
                }
                let off = (sums[0] / sums[1] - 1.0).abs();
                assert!(off < if exact { 1e-6 } else { 0.15 }, "{n}, {side}: {off}");
                assert!(!exact || worst < 1e-6, "{n}, {side}: {worst}");
                assert!(whole > 100, "{n}: {whole}");
            }
        }
    }

    /// A vessel of one voxel of 1.5 mm in cells of 6 mm.
    #[test]
    fn a_thin_thing_is_told_too() {
        let grid = Grid::new([128; 3], DAffine3::from_scale(DVec3::splat(1.5))).unwrap();
        let vessel = |n: usize| n % 128 == 50 && n / 128 % 128 == 61;
        let region = Region::from_mask(128, (0..128usize.pow(3)).map(vessel));
        let place = CanonicalGrid::of(&grid).crop_at([0; 3]);
        let nothing = Cubes::default();
        let told = Starting::new(&region, &grid, &nothing, 32).told(&place).unwrap();
        let inside: Vec<usize> =
            (0..32usize.pow(3)).filter(|&n| told.logits.values[n] > 0.0).collect();
        assert_eq!(inside.len(), 32);
        assert!(inside.iter().all(|n| [n / 1024, n / 32 % 32] == [12, 15]));
        assert_eq!([told.seed.x, told.seed.y], [50.0, 62.0]);
    }

    #[test]
    fn no_voxels_and_voxels_elsewhere() {
        let grid = Grid::new([400, 20, 20], DAffine3::from_scale(DVec3::splat(1.5))).unwrap();
        assert!(StartMask::of(&Region::default(), &grid).is_none());
        let region = Region::from_mask(400, (0..400 * 400).map(|n| n % 400 < 10));
        let place = CanonicalGrid::of(&grid).crop_around(grid.world_of([390, 10, 10]));
        let logits = StartMask::of(&region, &grid).unwrap().logits(&place, 32);
        assert!(logits.values.iter().all(|&v| v == -SURE));
    }

    /// Of the same mask in the same cube it is computed once; of another, and after many others, anew.
    #[test]
    fn what_was_told_is_not_computed_again() {
        let grid = Grid::new([8; 3], DAffine3::IDENTITY).unwrap();
        let canonical = CanonicalGrid::of(&grid);
        let place = |n: i64| CropPlace { start: [n; 3], ..canonical.crop_around(grid.centre()) };
        let [a, b] = [0, 1].map(|_| Arc::new(Region::from_mask(8, (0..512).map(|n| n == 9))));
        let mut told = ToldMasks::default();
        let mut computed = 0;
        let mut ask = |told: &mut ToldMasks, region: &Arc<Region>, n: i64| {
            let before = computed;
            told.known_or(region, &place(n), |_| {
                computed += 1;
                None
            });
            computed > before
        };
        assert!(ask(&mut told, &a, 0) && !ask(&mut told, &a, 0));
        assert!(ask(&mut told, &b, 0), "another mask, though it looks the same");
        for n in 1..20 {
            assert!(ask(&mut told, &a, n));
        }
        assert!(ask(&mut told, &a, 0), "forgotten");
        assert_eq!(StartMask::bytes(&a, &grid), 1);
        let two = Region::from_mask(8, (0..512).map(|n| n == 0 || n == 511));
        assert_eq!(StartMask::bytes(&two, &grid), 512);
    }
}
