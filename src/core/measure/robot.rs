//! A user made of a rule: where it clicks when it knows the truth. For `voxpoint eval` and for the window.

use fastrand::Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::DistanceField;
use crate::geom::Grid;
use crate::volume::{Region, RegionBuilder, VoxelBox};

/// A click of the robot: a voxel of the scan, and whether it is inside the structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RobotClick {
    /// Index in the scan.
    pub voxel: [usize; 3],
    /// Inside the structure.
    pub positive: bool,
}

/// Where a robot clicks first in the structure, and later in what is still wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RobotAim {
    /// Any voxel of it, all alike (the SAM-Med3D paper's way).
    #[default]
    Random,
    /// Its innermost voxel, as people tend to.
    Centre,
    /// Any voxel of it, and later, while there are any, those that the mask has right: clicks that find nothing to be
    /// wrong.
    Inside,
}

/// Clicks for one structure. Its random numbers depend on the scan's file name, the label and the seed only:
/// neither on the order of cases nor on what was done before.
#[derive(Clone, Debug)]
pub struct Robot {
    dims: [usize; 3],
    spacing: [f64; 3],
    /// Voxels in which it may click.
    reach: VoxelBox,
    aim: RobotAim,
    rng: Rng,
}

impl Robot {
    /// A robot that can click anywhere in a scan on this grid. `seed`: the scan's file name, the label, and a number.
    pub fn new(grid: &Grid, aim: RobotAim, seed: (&str, u16, u64)) -> Self {
        let (name, label, number) = seed;
        let digest = Sha256::digest(format!("{name}\n{label}\n{number}"));
        let seed = digest.iter().take(8).fold(0u64, |n, &byte| n << 8 | u64::from(byte));
        let (dims, spacing) = (grid.dims(), grid.spacing().to_array());
        let reach = VoxelBox::whole(dims);
        Self { dims, spacing, reach, aim, rng: Rng::with_seed(seed) }
    }

    /// Keeps to a box: what the model looks at.
    pub fn stay_in(&mut self, reach: VoxelBox) {
        self.reach = reach;
    }

    /// A click inside of the structure; `None` if none of it is within reach.
    pub fn first(&mut self, truth: &Region) -> Option<RobotClick> {
        let inside = truth.inside(&self.reach, self.dims);
        let voxel = self.pick(&inside)?;
        Some(RobotClick { voxel, positive: true })
    }

    /// A click on what is wrong with a mask: missed voxels and spurious ones are one set, of which a
    /// random or the innermost voxel is taken. `None` if nothing within reach is wrong.
    ///
    /// With [`RobotAim::Inside`] a random voxel of what is right, if there is any.
    pub fn next(&mut self, truth: &Region, mask: &Region) -> Option<RobotClick> {
        let row = self.dims[0];
        if self.aim == RobotAim::Inside {
            let spurious = mask.without(truth, row);
            let right = mask.without(&spurious, row).inside(&self.reach, self.dims);
            if let Some(voxel) = self.pick(&right) {
                return Some(RobotClick { voxel, positive: true });
            }
        }
        let missed = truth.without(mask, row).inside(&self.reach, self.dims);
        let spurious = mask.without(truth, row).inside(&self.reach, self.dims);
        let wrong = merged(&missed, &spurious, row);
        let voxel = self.pick(&wrong)?;
        let positive = missed.contains(voxel[0] + row * (voxel[1] + self.dims[1] * voxel[2]));
        Some(RobotClick { voxel, positive })
    }

    /// The most memory that it takes to find a click, bytes, besides regions.
    pub fn bytes(&self, truth: &Region, mask: &Region) -> u64 {
        if self.aim != RobotAim::Centre {
            return 0;
        }
        let both = [truth, mask].into_iter().filter_map(|region| region.bounds(self.dims));
        let within = both.reduce(|a, b| a.union(&b));
        let voxels =
            |bounds: VoxelBox| bounds.size().iter().map(|&n| n as u64 + 2).product::<u64>();
        within.map_or(0, |bounds| BYTES * voxels(bounds))
    }

    fn pick(&mut self, region: &Region) -> Option<[usize; 3]> {
        let at = match self.aim {
            RobotAim::Random | RobotAim::Inside if region.is_empty() => None,
            RobotAim::Random | RobotAim::Inside => region.nth(self.rng.usize(..region.count())),
            RobotAim::Centre => innermost(region, self.dims, self.spacing),
        }?;
        let [nx, ny, _] = self.dims;
        Some([at % nx, at / nx % ny, at / nx / ny])
    }
}

/// What finding the innermost voxel takes for each voxel of a box: a flag and a distance.
const BYTES: u64 = 5;

/// Both of two regions that have no voxel in common.
fn merged(a: &Region, b: &Region, row: usize) -> Region {
    let mut runs: Vec<_> = a.runs().iter().chain(b.runs()).collect();
    runs.sort_unstable_by_key(|run| run.start);
    let mut builder = RegionBuilder::new(row);
    for run in runs {
        builder.push(run.start, run.len as usize);
    }
    builder.finish()
}

/// The voxel furthest from all that is not in the region (the volume's outside neither), the first in
/// memory if there are several; its memory position.
fn innermost(region: &Region, dims: [usize; 3], spacing: [f64; 3]) -> Option<usize> {
    let bounds = region.bounds(dims)?;
    let size = bounds.size().map(|n| n + 2);
    let mut inside = vec![false; size.iter().product()];
    let position = |start: usize| {
        let (x, line) = (start % dims[0], start / dims[0]);
        let at = [x, line % dims[1], line / dims[1]];
        std::array::from_fn::<usize, 3, _>(|a| at[a] - bounds.min[a] + 1)
    };
    for run in region.runs() {
        let [x, y, z] = position(run.start);
        let from = x + size[0] * (y + size[1] * z);
        inside[from..from + run.len as usize].fill(true);
    }
    let field = DistanceField::new(size, spacing, |n| !inside[n]);
    let mut best = (0.0, None);
    for run in region.runs() {
        let [x, y, z] = position(run.start);
        for n in 0..run.len as usize {
            let depth = field.distance([x + n, y, z]);
            if depth > best.0 {
                best = (depth, Some(run.start + n));
            }
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DVec3};

    fn grid(dims: [usize; 3], spacing: [f64; 3]) -> Grid {
        Grid::new(dims, DAffine3::from_scale(DVec3::from_array(spacing))).unwrap()
    }

    fn ball(dims: [usize; 3], centre: [f64; 3], radius: f64) -> Region {
        let inside = move |n: usize| {
            let v = [n % dims[0], n / dims[0] % dims[1], n / dims[0] / dims[1]];
            (0..3).map(|a| (v[a] as f64 - centre[a]).powi(2)).sum::<f64>() <= radius * radius
        };
        Region::from_mask(dims[0], (0..dims.iter().product()).map(inside))
    }

    #[test]
    fn the_same_seed_clicks_the_same_and_another_elsewhere() {
        let dims = [20; 3];
        let (truth, grid) = (ball(dims, [9.0; 3], 6.0), grid(dims, [1.0; 3]));
        let clicks = |name, label, seed| {
            let mut robot = Robot::new(&grid, RobotAim::Random, (name, label, seed));
            let first = robot.first(&truth).unwrap();
            let mask = ball(dims, [11.0; 3], 6.0);
            let next: Vec<RobotClick> =
                (0..20).map(|_| robot.next(&truth, &mask).unwrap()).collect();
            assert!(truth.contains(grid.index(first.voxel)) && first.positive);
            for click in &next {
                let at = grid.index(click.voxel);
                assert_eq!(click.positive, truth.contains(at));
                assert_ne!(truth.contains(at), mask.contains(at), "nothing is wrong there");
            }
            assert!(next.iter().any(|c| c.positive) && next.iter().any(|c| !c.positive));
            (first, next)
        };
        assert_eq!(clicks("a.nii", 1, 0), clicks("a.nii", 1, 0));
        assert_ne!(clicks("a.nii", 1, 0), clicks("b.nii", 1, 0));
        assert_ne!(clicks("a.nii", 1, 0), clicks("a.nii", 2, 0));
        assert_ne!(clicks("a.nii", 1, 0), clicks("a.nii", 1, 1));
    }

    /// Published numbers are only of use if they can be had again.
    #[test]
    fn the_clicks_of_a_seed_stay_what_they_are() {
        let dims = [20; 3];
        let (truth, grid) = (ball(dims, [9.0; 3], 6.0), grid(dims, [1.0; 3]));
        let mut robot = Robot::new(&grid, RobotAim::Random, ("scan.nii.gz", 1, 0));
        let first: Vec<[usize; 3]> = (0..3).map(|_| robot.first(&truth).unwrap().voxel).collect();
        assert_eq!(first, [[14, 7, 9], [8, 11, 13], [5, 10, 7]]);
    }

    #[test]
    fn a_robot_for_clicks_inside_finds_nothing_wrong_while_it_can() {
        let dims = [20; 3];
        let (truth, grid) = (ball(dims, [9.0; 3], 6.0), grid(dims, [1.0; 3]));
        let mut robot = Robot::new(&grid, RobotAim::Inside, ("a", 1, 0));
        let mask = ball(dims, [12.0; 3], 6.0);
        for _ in 0..50 {
            let click = robot.next(&truth, &mask).unwrap();
            let at = grid.index(click.voxel);
            assert!(click.positive && truth.contains(at) && mask.contains(at));
        }
        let beside = ball(dims, [18.0; 3], 1.5);
        let click = robot.next(&truth, &beside).unwrap();
        assert_eq!(click.positive, truth.contains(grid.index(click.voxel)), "what is wrong then");
        assert_eq!(robot.first(&truth).map(|c| truth.contains(grid.index(c.voxel))), Some(true));
    }

    #[test]
    fn the_innermost_voxel_is_deepest_in_millimetres() {
        let dims = [21, 21, 9];
        // Thick slices: the depth is decided within a slice.
        let spacing = [1.0, 1.0, 4.0];
        let truth = ball(dims, [10.0, 8.0, 4.0], 4.0);
        let grid = grid(dims, spacing);
        let mut robot = Robot::new(&grid, RobotAim::Centre, ("a", 1, 0));
        assert_eq!(robot.first(&truth).unwrap().voxel, [10, 8, 4]);
        // What is missed is deeper than what is spurious.
        let mask = ball(dims, [10.0, 3.0, 4.0], 2.5);
        let click = robot.next(&truth, &mask).unwrap();
        assert!(click.positive && click.voxel[1] >= 8, "{click:?}");
        assert_eq!(robot.next(&truth, &truth), None);
        // The volume's outside is outside of the structure too: 11 mm from the sides, and slice 2 is the
        // first that lies further than that from the top.
        let whole = Region::from_mask(21, std::iter::repeat_n(true, 21 * 21 * 9));
        let mut robot = Robot::new(&grid, RobotAim::Centre, ("a", 1, 0));
        assert_eq!(robot.first(&whole).unwrap().voxel, [10, 10, 2]);
    }

    #[test]
    fn only_who_clicks_deepest_needs_memory_and_that_of_the_box_of_both() {
        let dims = [40; 3];
        let grid = grid(dims, [1.0; 3]);
        let (truth, mask) = (ball(dims, [10.0; 3], 4.0), ball(dims, [20.0, 10.0, 10.0], 4.0));
        let bytes = |aim, mask: &Region| Robot::new(&grid, aim, ("a", 1, 0)).bytes(&truth, mask);
        assert_eq!(bytes(RobotAim::Random, &mask), 0);
        assert_eq!(bytes(RobotAim::Centre, &Region::default()), 5 * 11 * 11 * 11);
        assert_eq!(bytes(RobotAim::Centre, &mask), 5 * 21 * 11 * 11);
    }
}
