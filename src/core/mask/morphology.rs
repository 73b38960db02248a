//! Growing and shrinking by millimetres, and what is made of the two.
//!
//! A margin is exact on any grid: a voxel is covered if its centre is within the margin of the centre of a voxel of the
//! mask. A margin that differs from side to side is made of eighths of ellipsoids, as margins are in radiotherapy
//! (Stroom and Storchi, "Automatic calculation of three-dimensional margins around treatment volumes in radiotherapy
//! planning", 1997). What lies just on the edge (by a millionth) is within.
//!
//! At the volume's edge: growing ends there. Shrinking takes nothing away there, because what lies beyond is not known
//! to be outside: an organ cut off by the end of the scan keeps the cut. So closing never loses a voxel and opening
//! never adds one.
//!
//! Voxel axes count as perpendicular to each other, as they are in all but sheared grids.

use rayon::prelude::*;

use super::block::{Frame, count, moved};
use super::limits::{MaskError, WorkLimits, size};
use super::scope::Scope;
use crate::geom::Grid;
use crate::volume::Region;

/// What is this much (relative, of a square) beyond a margin still counts as within.
const EDGE: f64 = 1e-6;

/// How far, in mm, along each voxel axis: towards lower indices and towards higher ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Margin {
    /// Towards lower x, y, z.
    pub low: [f64; 3],
    /// Towards higher x, y, z.
    pub high: [f64; 3],
}

impl Margin {
    /// The same in all directions: a ball.
    pub fn even(mm: f64) -> Self {
        Self { low: [mm; 3], high: [mm; 3] }
    }

    /// Checked, and flat in a slice.
    fn within(&self, scope: Scope) -> Result<Self, MaskError> {
        for mm in self.low.into_iter().chain(self.high) {
            size(mm)?;
        }
        Ok(Self { low: scope.flat(self.low), high: scope.flat(self.high) })
    }

    fn mirrored(&self) -> Self {
        Self { low: self.high, high: self.low }
    }
}

/// The region and all within a margin around it, as far as the volume goes.
pub fn grow(
    region: &Region,
    grid: &Grid,
    margin: &Margin,
    scope: Scope,
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    let margin = margin.within(scope)?;
    scope.apply(region, grid.dims(), |region| {
        grown(region, grid.dims(), &Reach::of(&margin, grid, grid.dims()), limits)
    })
}

/// The region without what is within a margin of the outside. The margin of a side is how far the surface moves in
/// there: with `low` along x alone only sides that look to lower x move.
pub fn shrink(
    region: &Region,
    grid: &Grid,
    margin: &Margin,
    scope: Scope,
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    let margin = margin.within(scope)?;
    scope.apply(region, grid.dims(), |region| {
        shrunk(region, grid.dims(), &Reach::of(&margin.mirrored(), grid, grid.dims()), limits)
    })
}

/// Shrunk, then grown again by the same, mm: bridges, spikes and islands thinner than twice that go; the rest stays.
pub fn open(
    region: &Region,
    grid: &Grid,
    mm: f64,
    scope: Scope,
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    let margin = Margin::even(mm).within(scope)?;
    scope.apply(region, grid.dims(), |region| {
        let reach = Reach::of(&margin, grid, grid.dims());
        grown(&shrunk(region, grid.dims(), &reach, limits)?, grid.dims(), &reach, limits)
    })
}

/// Grown, then shrunk again by the same, mm: gaps, notches and holes thinner than twice that are filled. As if the
/// volume went on beyond its edge, empty: the edge closes no gap.
pub fn close(
    region: &Region,
    grid: &Grid,
    mm: f64,
    scope: Scope,
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    let margin = Margin::even(mm).within(scope)?;
    let dims = grid.dims();
    scope.apply(region, dims, |region| {
        let Some(bounds) = region.bounds(dims) else { return Ok(Region::default()) };
        // A grid of its own, with room for the grown region and a voxel more.
        let room: [usize; 3] = std::array::from_fn(|a| steps(margin.low[a], grid.spacing()[a]) + 1);
        let local = std::array::from_fn(|a| bounds.size()[a] + 2 * room[a]);
        limits.allow(count(local), size_of::<f32>())?;
        let by: [isize; 3] = std::array::from_fn(|a| room[a] as isize - bounds.min[a] as isize);
        let reach = Reach::of(&margin, grid, local);
        let grown = grown(&moved(region, dims, local, by), local, &reach, limits)?;
        let closed = shrunk(&grown, local, &reach, limits)?;
        Ok(moved(&closed, local, dims, by.map(|v| -v)))
    })
}

/// Where a shell lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// Within the mask: its surface is the shell's outside.
    Inside,
    /// Around the mask: its surface is the shell's inside.
    Outside,
    /// Half of it on each side.
    Centred,
}

/// A shell of some thickness, mm, in place of the region. Thinner than the distance of voxels there is none. Where the
/// region is cut off by the volume's edge the shell is open.
pub fn hollow(
    region: &Region,
    grid: &Grid,
    mm: f64,
    shell: Shell,
    scope: Scope,
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    let (out, into) = match shell {
        Shell::Inside => (0.0, mm),
        Shell::Outside => (mm, 0.0),
        Shell::Centred => (mm / 2.0, mm / 2.0),
    };
    let [out, into] =
        [Margin::even(size(out)?), Margin::even(size(into)?)].map(|m| m.within(scope));
    let (out, into, dims) = (out?, into?, grid.dims());
    scope.apply(region, dims, |region| {
        let outer = grown(region, dims, &Reach::of(&out, grid, dims), limits)?;
        let core = shrunk(region, dims, &Reach::of(&into, grid, dims), limits)?;
        Ok(outer.without(&core, dims[0]))
    })
}

/// How many steps of so many mm a margin has; more than any volume if they are too many to count.
fn steps(mm: f64, step: f64) -> usize {
    (mm / step * (1.0 + EDGE)).min(1e15) as usize
}

/// A margin in voxels: what a step away from the mask uses up of it. The shares of the three axes add up, and what is
/// above 1 is out of reach.
#[derive(Clone, Debug)]
struct Reach {
    /// For each axis, of 1, 2, ... steps to lower and to higher indices.
    low: [Vec<f32>; 3],
    high: [Vec<f32>; 3],
}

impl Reach {
    /// No further than a grid of `dims` voxels is large.
    fn of(margin: &Margin, grid: &Grid, dims: [usize; 3]) -> Self {
        let shares = |mm: [f64; 3]| {
            std::array::from_fn(|a| {
                let step = grid.spacing()[a];
                let most = steps(mm[a], step).min(dims[a] - 1);
                (1..=most).map(|n| (n as f64 * step / mm[a]).powi(2) as f32).collect()
            })
        };
        Self { low: shares(margin.low), high: shares(margin.high) }
    }

    fn is_nothing(&self) -> bool {
        self.low.iter().chain(&self.high).all(Vec::is_empty)
    }

    fn low_voxels(&self) -> [usize; 3] {
        std::array::from_fn(|a| self.low[a].len())
    }

    fn high_voxels(&self) -> [usize; 3] {
        std::array::from_fn(|a| self.high[a].len())
    }

    /// Where values of one axis come from: how many steps lower or higher, and their shares. What grows to higher
    /// indices comes from lower ones.
    fn sources(&self, axis: usize) -> impl Iterator<Item = (isize, f32)> + '_ {
        let lower =
            self.high[axis].iter().enumerate().map(|(n, &share)| (-(n as isize) - 1, share));
        let higher = self.low[axis].iter().enumerate().map(|(n, &share)| (n as isize + 1, share));
        lower.chain(higher)
    }
}

/// All within reach of a region.
fn grown(
    region: &Region,
    dims: [usize; 3],
    reach: &Reach,
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    if reach.is_nothing() {
        return Ok(region.clone());
    }
    let Some(bounds) = region.bounds(dims) else { return Ok(Region::default()) };
    let frame = Frame::around(&bounds, dims, reach.low_voxels(), reach.high_voxels());
    within(region, &frame, reach, limits)
}

/// What of a region is not within reach of what is around it. (The nearest voxel outside of a region is in its box or
/// just beside it.)
fn shrunk(
    region: &Region,
    dims: [usize; 3],
    reach: &Reach,
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    if reach.is_nothing() {
        return Ok(region.clone());
    }
    let Some(bounds) = region.bounds(dims) else { return Ok(Region::default()) };
    let frame = Frame::around(&bounds, dims, [1; 3], [1; 3]);
    let near = within(&frame.complement(region), &frame, reach, limits)?;
    Ok(region.without(&near, dims[0]))
}

/// The voxels of a frame that are within reach of `sources` in it.
///
/// One axis after the other: what is used up of the margin along x, then the least along y with what y adds, and along
/// z. Rows without anything in reach are passed over.
fn within(
    sources: &Region,
    frame: &Frame,
    reach: &Reach,
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    let [nx, ny, nz] = frame.size();
    let mut used = limits.buffer(f32::INFINITY, frame.count())?;
    // Whether each row has anything.
    let mut any = limits.buffer(false, ny.checked_mul(nz))?;
    used.par_chunks_mut(nx * ny).zip(any.par_chunks_mut(ny)).enumerate().try_for_each_init(
        || (vec![f32::INFINITY; nx * ny], vec![false; ny]),
        |(along_x, some), (z, (slice, any))| {
            limits.check()?;
            some.fill(false);
            along_x.fill(f32::INFINITY);
            for (y, from, to) in frame.spans(sources, z) {
                some[y] = true;
                spread(&mut along_x[y * nx..][..nx], from, to, reach);
            }
            let rows = along_x.chunks_exact(nx).zip(&*some).map(|(row, &some)| some.then_some(row));
            let rows: Vec<Option<&[f32]>> = rows.collect();
            for (y, row) in slice.chunks_exact_mut(nx).enumerate() {
                any[y] = least(row, y, &rows, reach.sources(1));
            }
            Ok(())
        },
    )?;
    let rows = used.chunks_exact(nx).zip(&any).map(|(row, &any)| any.then_some(row));
    let rows: Vec<Option<&[f32]>> = rows.collect();
    let scratch = || (vec![0f32; nx], Vec::with_capacity(nz));
    frame.gather(limits, scratch, |(row, column), z, flags| {
        for (y, flags) in flags.chunks_exact_mut(nx).enumerate() {
            column.clear();
            column.extend((0..nz).map(|z| rows[z * ny + y]));
            row.fill(f32::INFINITY);
            if least(row, z, column, reach.sources(2)) {
                for (flag, &used) in flags.iter_mut().zip(&*row) {
                    *flag = used <= 1.0 + EDGE as f32;
                }
            }
        }
    })
}

/// What is used up along x around a run; 0 in it. Runs come in order.
fn spread(row: &mut [f32], from: usize, to: usize, reach: &Reach) {
    row[from..to].fill(0.0);
    for (value, &share) in row[..from].iter_mut().rev().zip(&reach.low[0]) {
        *value = value.min(share);
    }
    for (value, &share) in row[to..].iter_mut().zip(&reach.high[0]) {
        *value = value.min(share);
    }
}

/// Replaces the values of a row (all infinite) by the least of it and its neighbours with their shares; whether there
/// is anything. It is the one at `at` of `rows`.
fn least(
    row: &mut [f32],
    at: usize,
    rows: &[Option<&[f32]>],
    sources: impl Iterator<Item = (isize, f32)>,
) -> bool {
    let mut any = false;
    for (step, share) in std::iter::once((0, 0.0)).chain(sources) {
        let Some(Some(source)) = at.checked_add_signed(step).and_then(|n| rows.get(n)) else {
            continue;
        };
        any = true;
        for (value, &source) in row.iter_mut().zip(*source) {
            let through = source + share;
            // (Not `min`, which also looks for NaN.)
            *value = if through < *value { through } else { *value };
        }
    }
    any
}

#[cfg(test)]
mod tests;
