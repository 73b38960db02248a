//! A user who corrects a mask with the brush, as a rule: how many strokes, and how many millimetres of them, it takes.
//!
//! What is wrong falls into parts: missed voxels that hang together, and spurious ones. The largest part is worked on
//! first, with a ball as large as does no harm where it may be largest: one that adds stays within the structure, one
//! that takes away stays outside of it. The stroke begins there and goes on, in the slice of the scan, to the nearest
//! voxel of the part at which the ball does little harm and which is not covered yet, while there is one near. It knows
//! the truth and never slips, so its effort is the least that a person may hope for.

use anyhow::anyhow;
use serde::{Deserialize, Serialize};

use super::super::args::Edit;
use super::rounding::rounded;
use crate::geom::{DVec3, Grid};
use crate::mask::brush::{Brush, Tip};
use crate::mask::distance::{Distances, signed_distance};
use crate::mask::grow_cut::{GrowCut, GrowCutOptions};
use crate::mask::morphology::{Margin, grow, shrink};
use crate::mask::parts::Parts;
use crate::mask::{Connectivity, MaskError, Scope, WorkLimits};
use crate::measure::dice_of;
use crate::volume::{Region, Volume, VoxelBox};
use crate::work::CancelToken;
use crate::work::memory::Free;

/// The brush's radius, mm: that of the window's smallest and of a large one.
const RADIUS_MM: [f64; 2] = [0.5, 30.0];
/// A ball may reach to where it does harm by less than this share of its radius.
const SLACK: f64 = 0.25;
/// By this a ball is smaller than the way to where it would do harm, mm.
const HAIR_MM: f64 = 1e-3;
/// A stroke goes on to places that are no further than so many radii.
const NEAR: f64 = 3.0;
/// For growing from seeds: what is deeper in the mask than this is sure to be inside, mm.
const SURE_INSIDE_MM: f64 = 3.0;
/// What is further from the mask than this is sure to be outside, mm.
const SURE_OUTSIDE_MM: f64 = 12.0;

/// What is to be reached, and with what.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CorrectionOptions {
    /// The tools.
    pub edit: Edit,
    /// Dice at which the user is content.
    pub goal: f64,
    /// Strokes after which he gives up.
    pub most_strokes: usize,
}

/// How a mask was corrected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    /// Dice without, and after each stroke.
    pub dice: Vec<f64>,
    /// How long each stroke was, mm: what the brush's middle went, and a diameter.
    pub mm: Vec<f64>,
    /// After how many of the strokes what grew from the seeds was better than what was painted.
    pub grown: usize,
}

impl Correction {
    /// How many strokes it took to come to a Dice coefficient; `None` if it was not reached.
    pub fn strokes_to(&self, goal: f64) -> Option<usize> {
        self.dice.iter().position(|&dice| dice >= goal)
    }

    /// How long these strokes were together, mm.
    pub fn mm_to(&self, goal: f64) -> Option<f64> {
        self.strokes_to(goal).map(|strokes| self.mm.iter().take(strokes).sum())
    }
}

/// Corrects a mask.
///
/// # Errors
/// Too little memory.
pub fn correct(
    volume: &Volume,
    truth: &Region,
    mask: &Region,
    options: &CorrectionOptions,
) -> anyhow::Result<Correction> {
    let limits = WorkLimits::new(CancelToken::new(), Free::now().usable());
    let grid = volume.grid();
    let row = grid.dims()[0];
    let told = |error: MaskError| anyhow!("correcting a mask: {error}");
    let mut mask = mask.clone();
    let hand = Hand::new(grid, truth, &mask, &limits).map_err(told)?;
    let mut strokes: [Region; 2] = Default::default();
    let mut found = Correction { dice: vec![measured(truth, &mask)], mm: Vec::new(), grown: 0 };
    while found.dice.last().is_some_and(|&dice| dice < options.goal)
        && found.mm.len() < options.most_strokes
    {
        let Some(stroke) = hand.stroke(&mask, &limits).map_err(told)? else { break };
        let [added, removed] = &mut strokes;
        let (is, is_not) = if stroke.adds { (added, removed) } else { (removed, added) };
        is.add(&stroke.covered, row);
        is_not.subtract(&stroke.covered, row);
        if stroke.adds {
            mask.add(&stroke.covered, row);
        } else {
            mask.subtract(&stroke.covered, row);
        }
        let mut dice = measured(truth, &mask);
        if options.edit == Edit::Seeds {
            let grown = grow_from(volume, &mask, &strokes, &limits).map_err(told)?;
            let better = measured(truth, &grown);
            if better > dice {
                (mask, dice) = (grown, better);
                found.grown += 1;
            }
        }
        found.dice.push(dice);
        found.mm.push(rounded(stroke.mm, 6));
    }
    Ok(found)
}

fn measured(truth: &Region, mask: &Region) -> f64 {
    rounded(dice_of(truth, mask), 9)
}

/// A stroke of the brush.
struct Stroke {
    covered: Region,
    /// Else it takes away.
    adds: bool,
    mm: f64,
}

/// Who paints: knows the truth.
struct Hand<'a> {
    grid: &'a Grid,
    truth: &'a Region,
    /// How far each voxel is from the structure's border, mm: above zero outside. In a box around it and the mask.
    away: Distances,
}

impl<'a> Hand<'a> {
    fn new(
        grid: &'a Grid,
        truth: &'a Region,
        mask: &Region,
        limits: &WorkLimits,
    ) -> Result<Self, MaskError> {
        let dims = grid.dims();
        let bounds = truth.union(mask, dims[0]).bounds(dims);
        let VoxelBox { min, max } = bounds.unwrap_or(VoxelBox { min: [0; 3], max: [1; 3] });
        let bounds = VoxelBox {
            min: min.map(|v| v.saturating_sub(1)),
            max: std::array::from_fn(|a| (max[a] + 1).min(dims[a])),
        };
        let away = signed_distance(truth, grid, &bounds, limits)?;
        Ok(Self { grid, truth, away })
    }

    fn voxel(&self, at: usize) -> [usize; 3] {
        let [nx, ny, _] = self.grid.dims();
        [at % nx, at / nx % ny, at / nx / ny]
    }

    /// The radius of the largest ball around a voxel that does no harm, mm: a bit less than where the nearest voxel is
    /// that must not be covered.
    fn room(&self, at: usize, adds: bool) -> f64 {
        match self.away.at(self.voxel(at)) {
            Some(mm) if adds => -f64::from(mm) - HAIR_MM,
            Some(mm) => f64::from(mm) - HAIR_MM,
            // What grew as far as this is nowhere near the structure.
            None if adds => 0.0,
            None => f64::INFINITY,
        }
    }

    /// The stroke that corrects the largest part of what is wrong; `None` if nothing is.
    fn stroke(&self, mask: &Region, limits: &WorkLimits) -> Result<Option<Stroke>, MaskError> {
        let row = self.grid.dims()[0];
        let wrong = [self.truth.without(mask, row), mask.without(self.truth, row)];
        let of = |region| Parts::of(region, self.grid, Connectivity::Corners, limits);
        let parts = [of(&wrong[0])?, of(&wrong[1])?];
        let size = |n: usize| parts[n].list().first().map_or(0, |part| part.voxels);
        let which = usize::from(size(1) > size(0));
        if size(which) == 0 {
            return Ok(None);
        }
        let adds = which == 0;
        let (covered, mm) = self.paint(&parts[which].largest(), adds);
        Ok(Some(Stroke { covered, adds, mm }))
    }

    /// One stroke through a part: what it covers, and how long it is, mm.
    fn paint(&self, part: &Region, adds: bool) -> (Region, f64) {
        let grid = self.grid;
        let positions = || part.runs().iter().flat_map(|run| run.start..run.end());
        let roomiest = |a: usize, b: usize| {
            if self.room(b, adds) > self.room(a, adds) { b } else { a }
        };
        let Some(first) = positions().reduce(roomiest) else { return (Region::default(), 0.0) };
        let radius = self.room(first, adds).clamp(RADIUS_MM[0], RADIUS_MM[1]);
        let brush = Brush { radius_mm: radius, tip: Tip::Ball };
        // Pointers move in a slice: across the longest side of the voxels.
        let spacing = grid.spacing().to_array();
        let axis = (0..3).max_by(|&a, &b| spacing[a].total_cmp(&spacing[b])).unwrap_or(2);
        let slice = self.voxel(first)[axis];
        let fits = |&at: &usize| {
            self.voxel(at)[axis] == slice && self.room(at, adds) >= radius * (1.0 - SLACK)
        };
        let mut left: Vec<(usize, DVec3)> =
            positions().filter(fits).map(|at| (at, grid.world_of(self.voxel(at)))).collect();
        let mut here = grid.world_of(self.voxel(first));
        let mut covered = brush.dab(grid, here);
        let mut mm = 2.0 * radius;
        loop {
            left.retain(|(at, _)| !covered.contains(*at));
            let nearest = left.iter().min_by(|(_, a), (_, b)| {
                a.distance_squared(here).total_cmp(&b.distance_squared(here))
            });
            let Some(&(_, next)) = nearest.filter(|(_, at)| at.distance(here) <= NEAR * radius)
            else {
                return (covered, mm);
            };
            covered.add(&brush.sweep(grid, here, next), grid.dims()[0]);
            mm += here.distance(next);
            here = next;
        }
    }
}

/// What grows from what is deep inside of the mask, from what is far outside, and from the strokes (added, removed).
fn grow_from(
    volume: &Volume,
    mask: &Region,
    strokes: &[Region; 2],
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    const OUTSIDE: u16 = 1;
    const INSIDE: u16 = 2;
    let grid = volume.grid();
    let dims = grid.dims();
    let row = dims[0];
    let mut inside = shrink(mask, grid, &Margin::even(SURE_INSIDE_MM), Scope::Volume, limits)?;
    inside.add(&strokes[0], row);
    inside.subtract(&strokes[1], row);
    let near = grow(mask, grid, &Margin::even(SURE_OUTSIDE_MM), Scope::Volume, limits)?;
    let wide = Margin::even(SURE_OUTSIDE_MM + 2.0 * grid.spacing().max_element());
    let mut outside = grow(mask, grid, &wide, Scope::Volume, limits)?.without(&near, row);
    outside.add(&strokes[1], row);
    outside.subtract(&strokes[0], row);
    let seeds = [(OUTSIDE, &outside), (INSIDE, &inside)];
    let options = GrowCutOptions { margin_mm: 0.0, ..GrowCutOptions::of(volume, &seeds) };
    let mut regions = GrowCut::new(options).grow(volume, &seeds, limits)?;
    Ok(regions.remove(&INSIDE).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::geom::DAffine3;
    use crate::volume::{Scale, StoredGeometry, Voxels};

    const DIMS: [usize; 3] = [48, 40, 36];

    fn ball(middle: [f64; 3], radius: f64) -> Region {
        let [nx, ny, nz] = DIMS;
        let inside = |n: usize| {
            let at = [n % nx, n / nx % ny, n / nx / ny];
            (0..3).map(|a| (at[a] as f64 - middle[a]).powi(2)).sum::<f64>() <= radius * radius
        };
        Region::from_mask(nx, (0..nx * ny * nz).map(inside))
    }

    /// Bright where the truth is.
    fn volume(truth: &Region) -> Volume {
        let value = |n: usize| if truth.contains(n) { 100.0 } else { 10.0 };
        let values = Voxels::F32((0..DIMS.iter().product()).map(value).collect());
        let grid = Grid::new(DIMS, DAffine3::IDENTITY).unwrap();
        let stored = StoredGeometry::of(&grid);
        Volume::new("v", grid, DIMS.to_vec(), values, Scale::NONE, stored, Vec::new())
    }

    fn options(edit: Edit) -> CorrectionOptions {
        CorrectionOptions { edit, goal: 0.95, most_strokes: 20 }
    }

    #[test]
    fn missed_and_spurious_parts_are_painted_and_erased() {
        let truth = ball([20.0, 18.0, 18.0], 9.0);
        let row = DIMS[0];
        let none = Region::default();
        let rows: [(&str, Region, Range<usize>); 4] = [
            ("right already", truth.clone(), 0..1),
            ("a second ball too much", truth.union(&ball([38.0, 20.0, 18.0], 6.0), row), 1..3),
            ("a bite is missing", truth.without(&ball([26.0, 18.0, 18.0], 6.0), row), 1..5),
            ("nothing at all", none, 1..7),
        ];
        for (name, mask, strokes) in rows {
            for edit in [Edit::Brush, Edit::Seeds] {
                let found = correct(&volume(&truth), &truth, &mask, &options(edit)).unwrap();
                assert_eq!(found.dice.len(), found.mm.len() + 1, "{name}");
                let took = found.strokes_to(0.95).unwrap_or(usize::MAX);
                assert!(strokes.contains(&took), "{name} {edit:?}: {:?}", found.dice);
                assert!(found.dice.is_sorted(), "{name}: no stroke makes it worse");
                assert!(found.mm.iter().all(|mm| *mm > 0.0));
                assert_eq!(found.mm_to(0.95), Some(found.mm.iter().sum()));
            }
        }
    }

    #[test]
    fn growing_follows_the_image() {
        // A tube: the ball fits all along it, but one dab near its end is enough where the rest grows.
        let tube = ball([10.0, 20.0, 18.0], 5.0).union(&ball([38.0, 20.0, 18.0], 5.0), DIMS[0]);
        let truth = tube.union(&ball([24.0, 20.0, 18.0], 11.0), DIMS[0]);
        let mask = ball([24.0, 20.0, 18.0], 8.0);
        let corrected = |edit| correct(&volume(&truth), &truth, &mask, &options(edit)).unwrap();
        let (brush, seeds) = (corrected(Edit::Brush), corrected(Edit::Seeds));
        assert!(seeds.dice[1] > brush.dice[1] + 0.03, "{seeds:?} {brush:?}");
        assert!(seeds.grown > 0 && brush.grown == 0);
    }
}
