//! A first stroke instead of a first click: what a user would draw around or in a structure in one slice, and the
//! points that such a stroke could become.

use super::super::args::FirstPrompt;
use crate::geom::Grid;
use crate::mask::distance::{Distances, signed_distance};
use crate::mask::parts::Parts;
use crate::mask::{Connectivity, MaskError, WorkLimits};
use crate::measure::RobotClick;
use crate::volume::{Region, VoxelBox};

/// Points that a scribble becomes, as shares of its length.
const ALONG: [f64; 3] = [1.0 / 2.0, 1.0 / 6.0, 5.0 / 6.0];
/// A user scribbles where it is at least this deep, as a share of the deepest place.
const DEEP: f64 = 0.5;
/// Of a scribble, half a voxel each.
const MOST_STEPS: u32 = 10_000;
/// How far outside of a box or lasso points are that say what is not in the structure, mm.
const OUTSIDE_MM: f64 = 5.0;

/// The points of the stroke that one would draw for a structure in the slice (across the longest side of the voxels)
/// that a voxel of it lies in. The first one is positive. Points outside of `reach` are left out.
///
/// - A scribble goes along the longest direction of the structure in the slice, through its deepest place: three
///   positive points, in its middle and a sixth from its ends.
/// - A box just holds what is in the slice: a positive point in its middle, four negative ones 5 mm outside of the
///   middles of its sides.
/// - A lasso is the outline itself: a positive point at the deepest place within, and another where it is deepest
///   outside of the ball that fits there; two negative ones 5 mm outside of its ends.
pub fn points(
    truth: &Region,
    grid: &Grid,
    click: [usize; 3],
    prompt: FirstPrompt,
    reach: &VoxelBox,
) -> Result<Vec<RobotClick>, MaskError> {
    let limits = WorkLimits::none();
    let spacing = grid.spacing().to_array();
    let across = (0..3).max_by(|&a, &b| spacing[a].total_cmp(&spacing[b])).unwrap_or(2);
    let [u, v] = [[1, 2], [0, 2], [0, 1]][across];
    let mut slice = VoxelBox::whole(grid.dims());
    (slice.min[across], slice.max[across]) = (click[across], click[across] + 1);
    let in_slice = truth.inside(&slice, grid.dims());
    // What hangs together with the clicked voxel.
    let parts = Parts::of(&in_slice, grid, Connectivity::Corners, &limits)?;
    let shape = parts.containing(&[grid.index(click)]);
    let depths = signed_distance(&shape, grid, &slice, &limits)?;
    let mut plane = Plane { grid, axes: [u, v], spacing: [spacing[u], spacing[v]], deepest: click };
    let voxels = plane.voxels(&shape);
    let by_depth =
        |a: &[f64; 2], b: &[f64; 2]| plane.depth(*a, &depths).total_cmp(&plane.depth(*b, &depths));
    let deepest = voxels.iter().copied().max_by(by_depth).and_then(|at| plane.voxel(at));
    plane.deepest = deepest.unwrap_or(click);
    let found = match prompt {
        FirstPrompt::Click => vec![Some(RobotClick { voxel: click, positive: true })],
        FirstPrompt::Scribble => plane.of_scribble(&voxels, &depths),
        FirstPrompt::Box => plane.of_box(&voxels),
        FirstPrompt::Lasso => plane.of_lasso(&voxels, &depths),
    };
    let within =
        |c: &RobotClick| (0..3).all(|a| (reach.min[a]..reach.max[a]).contains(&c.voxel[a]));
    let mut clicks: Vec<RobotClick> = found.into_iter().flatten().filter(within).collect();
    // A negative point inside of the structure is a wrong one, and a positive one outside of it too: the tool can't
    // know, so they stay. But the first has to be positive: where what was to be is out of reach, the click itself.
    if clicks.first().is_none_or(|first| !first.positive) {
        clicks.insert(0, RobotClick { voxel: click, positive: true });
    }
    Ok(clicks)
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// A slice, in mm along two voxel axes.
struct Plane<'g> {
    grid: &'g Grid,
    axes: [usize; 2],
    spacing: [f64; 2],
    deepest: [usize; 3],
}

impl Plane<'_> {
    fn of_scribble(&self, voxels: &[[f64; 2]], depths: &Distances) -> Vec<Option<RobotClick>> {
        let [from, to] = self.scribble(voxels, depths);
        let at = |share: f64| [0, 1].map(|a| from[a] + (to[a] - from[a]) * share);
        ALONG.iter().map(|&share| self.click(at(share), true)).collect()
    }

    fn of_box(&self, voxels: &[[f64; 2]]) -> Vec<Option<RobotClick>> {
        let of = |a: usize, pick: fn(f64, f64) -> f64| {
            voxels.iter().map(|at| at[a]).reduce(pick).unwrap_or_default()
        };
        let (low, high) = ([of(0, f64::min), of(1, f64::min)], [of(0, f64::max), of(1, f64::max)]);
        let middle = [0, 1].map(|a| low[a].midpoint(high[a]));
        vec![
            self.click(middle, true),
            self.click([low[0] - OUTSIDE_MM, middle[1]], false),
            self.click([high[0] + OUTSIDE_MM, middle[1]], false),
            self.click([middle[0], low[1] - OUTSIDE_MM], false),
            self.click([middle[0], high[1] + OUTSIDE_MM], false),
        ]
    }

    fn of_lasso(&self, voxels: &[[f64; 2]], depths: &Distances) -> Vec<Option<RobotClick>> {
        let first = self.mm(self.deepest);
        let depth = |at: &[f64; 2]| self.depth(*at, depths);
        let apart = |at: &&[f64; 2]| distance(**at, first) > 2.0 * depth(&first);
        let second = voxels.iter().filter(apart).max_by(|a, b| depth(a).total_cmp(&depth(b)));
        let [from, to] = Plane::ends(voxels, first);
        let beyond = |end: [f64; 2]| {
            let long = distance(end, first).max(1e-6);
            [0, 1].map(|a| end[a] + (end[a] - first[a]) / long * OUTSIDE_MM)
        };
        vec![
            self.click(first, true),
            second.and_then(|&at| self.click(at, true)),
            self.click(beyond(from), false),
            self.click(beyond(to), false),
        ]
    }

    fn mm(&self, voxel: [usize; 3]) -> [f64; 2] {
        [0, 1].map(|a| voxel[self.axes[a]] as f64 * self.spacing[a])
    }

    fn voxels(&self, region: &Region) -> Vec<[f64; 2]> {
        let [nx, ny, _] = self.grid.dims();
        let positions = region.runs().iter().flat_map(|run| run.start..run.end());
        positions.map(|at| self.mm([at % nx, at / nx % ny, at / nx / ny])).collect()
    }

    fn voxel(&self, mm: [f64; 2]) -> Option<[usize; 3]> {
        let mut voxel = self.deepest;
        for a in 0..2 {
            let at = (mm[a] / self.spacing[a]).round();
            let inside = at >= 0.0 && at < self.grid.dims()[self.axes[a]] as f64;
            voxel[self.axes[a]] = inside.then_some(at as usize)?;
        }
        Some(voxel)
    }

    fn click(&self, mm: [f64; 2], positive: bool) -> Option<RobotClick> {
        Some(RobotClick { voxel: self.voxel(mm)?, positive })
    }

    fn depth(&self, mm: [f64; 2], depths: &Distances) -> f64 {
        let at = self.voxel(mm).and_then(|voxel| depths.at(voxel));
        at.map_or(f64::NEG_INFINITY, |mm| -f64::from(mm))
    }

    /// The unit vector along which voxels lie furthest from their middle (the first principal axis).
    fn longest(voxels: &[[f64; 2]]) -> [f64; 2] {
        let count = voxels.len().max(1) as f64;
        let mean = [0, 1].map(|a| voxels.iter().map(|at| at[a]).sum::<f64>() / count);
        let spread = |a: usize, b: usize| {
            voxels.iter().map(|at| (at[a] - mean[a]) * (at[b] - mean[b])).sum::<f64>()
        };
        let angle = (2.0 * spread(0, 1)).atan2(spread(0, 0) - spread(1, 1)) / 2.0;
        [angle.cos(), angle.sin()]
    }

    /// From the deepest place along the longest direction both ways, as far as it is deep.
    fn scribble(&self, voxels: &[[f64; 2]], depths: &Distances) -> [[f64; 2]; 2] {
        let middle = self.mm(self.deepest);
        let along = Self::longest(voxels);
        let deep = DEEP * self.depth(middle, depths);
        let step = self.spacing[0].min(self.spacing[1]) / 2.0;
        [-1.0, 1.0].map(|sign| {
            let at = |n: u32| [0, 1].map(|a| middle[a] + along[a] * sign * step * f64::from(n));
            let is_deep = |n: &u32| self.depth(at(*n), depths) >= deep;
            at((0..MOST_STEPS).take_while(is_deep).last().unwrap_or_default())
        })
    }

    /// The two voxels that lie furthest from a place along the longest direction, one each way.
    fn ends(voxels: &[[f64; 2]], from: [f64; 2]) -> [[f64; 2]; 2] {
        let along = Self::longest(voxels);
        let far = |at: &[f64; 2]| (0..2).map(|a| (at[a] - from[a]) * along[a]).sum::<f64>();
        let by = |a: &&[f64; 2], b: &&[f64; 2]| far(a).total_cmp(&far(b));
        [voxels.iter().min_by(by), voxels.iter().max_by(by)].map(|end| end.copied().unwrap_or(from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DVec3};

    /// A lying ellipse of 40 × 12 mm in three slices; voxels of 1 × 2 × 5 mm.
    fn ellipse() -> (Region, Grid) {
        let dims = [60, 20, 5];
        let grid = Grid::new(dims, DAffine3::from_scale(DVec3::new(1.0, 2.0, 5.0))).unwrap();
        let inside = |n: usize| {
            let at = [n % 60, n / 60 % 20, n / 60 / 20];
            let (x, y) = (at[0] as f64 - 30.0, at[1] as f64 * 2.0 - 20.0);
            (1..4).contains(&at[2]) && (x / 20.0).powi(2) + (y / 6.0).powi(2) <= 1.0
        };
        (Region::from_mask(60, (0..60 * 20 * 5).map(inside)), grid)
    }

    #[test]
    fn strokes_become_points_in_their_slice() {
        let (truth, grid) = ellipse();
        let whole = VoxelBox::whole(grid.dims());
        let of = |prompt| points(&truth, &grid, [30, 10, 2], prompt, &whole).unwrap();
        let signs = |clicks: &[RobotClick]| clicks.iter().map(|c| c.positive).collect::<Vec<_>>();
        assert_eq!(of(FirstPrompt::Click), [RobotClick { voxel: [30, 10, 2], positive: true }]);
        let scribble = of(FirstPrompt::Scribble);
        assert_eq!(signs(&scribble), [true; 3]);
        assert_eq!(scribble[0].voxel, [30, 10, 2]);
        assert!(scribble.iter().all(|c| truth.contains(grid.index(c.voxel)) && c.voxel[1] == 10));
        let away: Vec<usize> = scribble.iter().map(|c| c.voxel[0].abs_diff(30)).collect();
        assert!(away[1] >= 5 && away[1].abs_diff(away[2]) <= 1, "{away:?}");
        let boxed = of(FirstPrompt::Box);
        assert_eq!(signs(&boxed), [true, false, false, false, false]);
        let places: Vec<[usize; 3]> = boxed.iter().map(|c| c.voxel).collect();
        let expected = [[30, 10, 2], [5, 10, 2], [55, 10, 2], [30, 5, 2], [30, 16, 2]];
        // 5 mm are two and a half voxels along y.
        for (found, expected) in places.iter().zip(expected) {
            assert!((0..3).all(|a| found[a].abs_diff(expected[a]) <= 1), "{places:?}");
        }
        let lasso = of(FirstPrompt::Lasso);
        assert_eq!(signs(&lasso), [true, true, false, false]);
        assert!(lasso[..2].iter().all(|c| truth.contains(grid.index(c.voxel))), "{lasso:?}");
        assert!(!lasso[2..].iter().any(|c| truth.contains(grid.index(c.voxel))), "{lasso:?}");
        assert!(lasso[1].voxel[0].abs_diff(30) > 8, "{lasso:?}");
        // What the model can't see is no point.
        let reach = VoxelBox { min: [10, 0, 0], max: [40, 20, 5] };
        let found = points(&truth, &grid, [30, 10, 2], FirstPrompt::Box, &reach).unwrap();
        assert_eq!(signs(&found), [true, false, false]);
        // Nor is the middle of the box, here: the click stands for it.
        let reach = VoxelBox { min: [45, 0, 0], max: [60, 20, 5] };
        let found = points(&truth, &grid, [48, 10, 2], FirstPrompt::Box, &reach).unwrap();
        assert_eq!(found[0], RobotClick { voxel: [48, 10, 2], positive: true });
        assert_eq!(signs(&found), [true, false]);
    }
}
