//! The parts of a mask that do not touch each other (connected components; "islands" in 3D Slicer).

use super::components::{Connectivity, components, rows};
use super::limits::{MaskError, WorkLimits, size};
use crate::geom::Grid;
use crate::volume::{Region, RegionBuilder, VoxelBox};

/// One part of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// How many it has.
    pub voxels: usize,
    /// The smallest box around it.
    pub bounds: VoxelBox,
    /// Memory position of its first voxel.
    pub first: usize,
}

/// What there is to say of a region's parts in one line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartsSummary {
    /// How many parts.
    pub parts: usize,
    /// All of them, mm³.
    pub mm3: f64,
    /// All but the largest, mm³.
    pub small_mm3: f64,
}

/// A region's parts, the largest first (of equal ones, the first in memory first).
#[derive(Clone, Debug)]
pub struct Parts<'r> {
    region: &'r Region,
    /// Voxels of a row.
    row: usize,
    voxel_mm3: f64,
    /// The part of each run.
    of: Vec<u32>,
    list: Vec<Part>,
}

impl<'r> Parts<'r> {
    /// Of a region of `grid`. Costs as much as the region's runs.
    pub fn of(
        region: &'r Region,
        grid: &Grid,
        connectivity: Connectivity,
        limits: &WorkLimits,
    ) -> Result<Self, MaskError> {
        let dims = grid.dims();
        let [nx, ny, _] = dims;
        let runs = region.runs();
        let rows = rows(runs, nx);
        let (mut of, count) = components(runs, &rows, dims, connectivity.into(), limits)?;
        let nothing = VoxelBox { min: [usize::MAX; 3], max: [0; 3] };
        let mut parts = vec![Part { voxels: 0, bounds: nothing, first: usize::MAX }; count];
        for row in rows {
            let (y, z) = (row.row % ny, row.row / ny);
            for (run, &part) in runs[row.first..row.end].iter().zip(&of[row.first..row.end]) {
                let part = &mut parts[part as usize];
                let x = run.start - row.row * nx;
                part.voxels += run.len as usize;
                part.first = part.first.min(run.start);
                let (min, max) = ([x, y, z], [x + run.len as usize, y + 1, z + 1]);
                part.bounds = part.bounds.union(&VoxelBox { min, max });
            }
        }
        let mut order: Vec<u32> = (0..count as u32).collect();
        order.sort_by_key(|&n| std::cmp::Reverse(parts[n as usize].voxels));
        let mut place = vec![0; count];
        for (at, &n) in order.iter().enumerate() {
            place[n as usize] = at as u32;
        }
        for part in &mut of {
            *part = place[*part as usize];
        }
        let list = order.iter().map(|&n| parts[n as usize]).collect();
        Ok(Self { region, row: nx, voxel_mm3: grid.voxel_volume_mm3(), of, list })
    }

    /// The parts, the largest first.
    pub fn list(&self) -> &[Part] {
        &self.list
    }

    /// Volume of a part, mm³.
    pub fn mm3(&self, part: &Part) -> f64 {
        part.voxels as f64 * self.voxel_mm3
    }

    /// Their number, and their volume.
    pub fn summary(&self) -> PartsSummary {
        let mm3 = |parts: &[Part]| parts.iter().map(|part| self.mm3(part)).sum();
        PartsSummary {
            parts: self.list.len(),
            mm3: mm3(&self.list),
            small_mm3: mm3(self.list.get(1..).unwrap_or_default()),
        }
    }

    /// Which part the voxel at a memory position is in.
    pub fn at(&self, index: usize) -> Option<usize> {
        let runs = self.region.runs();
        let run = runs.partition_point(|run| run.start <= index).checked_sub(1)?;
        (runs[run].end() > index).then(|| self.of[run] as usize)
    }

    /// The parts for which `keep` holds, as one region.
    pub fn keep(&self, keep: impl Fn(usize, &Part) -> bool) -> Region {
        let kept: Vec<bool> = self.list.iter().enumerate().map(|(n, p)| keep(n, p)).collect();
        let mut builder = RegionBuilder::new(self.row);
        for (run, &part) in self.region.runs().iter().zip(&self.of) {
            if kept[part as usize] {
                builder.push(run.start, run.len as usize);
            }
        }
        builder.finish()
    }

    /// The largest part.
    pub fn largest(&self) -> Region {
        self.keep(|n, _| n == 0)
    }

    /// The parts that hold one of these voxels, given as memory positions; nothing if none does.
    pub fn containing(&self, voxels: &[usize]) -> Region {
        let mut held = vec![false; self.list.len()];
        for part in voxels.iter().filter_map(|&voxel| self.at(voxel)) {
            held[part] = true;
        }
        self.keep(|n, _| held[n])
    }

    /// The parts that are not smaller than this, mm³.
    pub fn not_smaller(&self, mm3: f64) -> Result<Region, MaskError> {
        // A voxel's volume is a product of rounded numbers: what is as large as asked for stays.
        let least = size(mm3)? * (1.0 - 1e-9);
        Ok(self.keep(|_, part| self.mm3(part) >= least))
    }

    /// Each part as a region of its own, in the order of the list.
    pub fn split(&self) -> Vec<Region> {
        let builder = || RegionBuilder::new(self.row);
        let mut builders: Vec<RegionBuilder> = self.list.iter().map(|_| builder()).collect();
        for (run, &part) in self.region.runs().iter().zip(&self.of) {
            builders[part as usize].push(run.start, run.len as usize);
        }
        builders.into_iter().map(RegionBuilder::finish).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mask::testing::{cases, millimetres};

    #[test]
    fn as_scipy_and_simpleitk_say() {
        for case in cases() {
            let grid = case.grid();
            for (connectivity, expected) in [
                (Connectivity::Faces, &case.parts_faces),
                (Connectivity::Corners, &case.parts_corners),
            ] {
                let parts =
                    Parts::of(&case.mask, &grid, connectivity, &WorkLimits::none()).unwrap();
                let found: Vec<[usize; 7]> = parts
                    .list()
                    .iter()
                    .map(|Part { voxels, bounds: VoxelBox { min, max }, .. }| {
                        [*voxels, min[0], min[1], min[2], max[0], max[1], max[2]]
                    })
                    .collect();
                assert_eq!(&found, expected, "{} {connectivity:?}", case.name);
            }
            let parts =
                Parts::of(&case.mask, &grid, Connectivity::Corners, &WorkLimits::none()).unwrap();
            assert_eq!(
                parts.not_smaller(case.small_mm3).unwrap(),
                case.without_small,
                "{}",
                case.name
            );
        }
    }

    #[test]
    fn what_a_mask_says_of_its_parts() {
        // Five in a row, one that touches it by a corner, and two far away.
        let grid = millimetres([8, 3, 2], [0.5, 1.0, 2.0]);
        let region = Region::from_mask(8, (0..48).map(|n| n < 5 || [13, 40, 47].contains(&n)));
        let of = |c| Parts::of(&region, &grid, c, &WorkLimits::none()).unwrap();
        let sizes = |p: &Parts<'_>| p.list().iter().map(|p| p.voxels).collect::<Vec<_>>();
        assert_eq!(sizes(&of(Connectivity::Faces)), [5, 1, 1, 1]);
        let parts = of(Connectivity::Corners);
        assert_eq!(sizes(&parts), [6, 1, 1]);
        let expected = PartsSummary { parts: 3, mm3: 8.0, small_mm3: 2.0 };
        assert_eq!(parts.summary(), expected);
        assert_eq!(parts.list()[0].bounds, VoxelBox { min: [0; 3], max: [6, 2, 1] });
        assert_eq!(
            [2, 13, 40, 47, 5, 48].map(|n| parts.at(n)),
            [Some(0), Some(0), Some(1), Some(2), None, None]
        );
        let indices = |r: Region| (0..48).filter(|&n| r.contains(n)).collect::<Vec<_>>();
        assert_eq!(indices(parts.largest()), [0, 1, 2, 3, 4, 13]);
        assert_eq!(indices(parts.containing(&[47, 5, 1000])), [47]);
        assert!(parts.containing(&[]).is_empty());
        for (mm3, left) in [(0.0, 8), (1.0, 8), (1.0001, 6), (6.0, 6), (6.0001, 0), (1e300, 0)] {
            assert_eq!(parts.not_smaller(mm3).unwrap().count(), left, "{mm3}");
        }
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(parts.not_smaller(bad), Err(MaskError::NotASize(_))));
        }
    }

    #[test]
    fn nothing_has_no_parts_and_asking_to_stop_stops() {
        let grid = millimetres([4, 3, 2], [1.0; 3]);
        let (nothing, limits) = (Region::default(), WorkLimits::none());
        let parts = Parts::of(&nothing, &grid, Connectivity::Faces, &limits).unwrap();
        assert_eq!(parts.summary(), PartsSummary { parts: 0, mm3: 0.0, small_mm3: 0.0 });
        assert!(parts.largest().is_empty() && parts.split().is_empty());
        let one = Region::from_mask(4, (0..24).map(|n| n == 7));
        limits.cancel.cancel();
        let stopped = Parts::of(&one, &grid, Connectivity::Faces, &limits);
        assert_eq!(stopped.err(), Some(MaskError::Cancelled));
    }

    proptest! {
        #[test]
        fn parts_are_apart_and_make_the_whole(
            dims in [1usize..9, 1usize..7, 1usize..5],
            share in 0.05f64..0.9,
            seed in any::<u64>(),
        ) {
            let grid = millimetres(dims, [1.0; 3]);
            let mut random = fastrand::Rng::with_seed(seed);
            let mask: Vec<bool> = (0..grid.count()).map(|_| random.f64() < share).collect();
            let region = Region::from_mask(dims[0], mask.iter().copied());
            for connectivity in [Connectivity::Faces, Connectivity::Corners] {
                let parts = Parts::of(&region, &grid, connectivity, &WorkLimits::none()).unwrap();
                let split = parts.split();
                let whole = split.iter().fold(Region::default(), |a, b| a.union(b, dims[0]));
                prop_assert_eq!(&whole, &region);
                prop_assert_eq!(split.iter().map(Region::count).sum::<usize>(), region.count());
                for (one, part) in split.iter().zip(parts.list()) {
                    prop_assert_eq!(one.count(), part.voxels);
                    prop_assert_eq!(one.bounds(dims), Some(part.bounds));
                    let again = Parts::of(one, &grid, connectivity, &WorkLimits::none()).unwrap();
                    prop_assert_eq!(again.list().len(), 1);
                }
                // No two voxels of different parts are neighbours.
                for n in (0..grid.count()).filter(|&n| mask[n]) {
                    let v = [n % dims[0], n / dims[0] % dims[1], n / dims[0] / dims[1]];
                    for m in (0..grid.count()).filter(|&m| mask[m]) {
                        let w = [m % dims[0], m / dims[0] % dims[1], m / dims[0] / dims[1]];
                        let away: [usize; 3] = std::array::from_fn(|a| v[a].abs_diff(w[a]));
                        let near = match connectivity {
                            Connectivity::Faces => away.iter().sum::<usize>() <= 1,
                            Connectivity::Corners => away.iter().all(|&d| d <= 1),
                        };
                        prop_assert!(!near || parts.at(n) == parts.at(m));
                    }
                }
            }
        }
    }
}
