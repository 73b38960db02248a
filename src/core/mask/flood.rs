//! Flood fill: connected voxels of alike values.

use std::collections::VecDeque;

use super::bits::Bits;
use super::lines::{CutPlane, Lattice, Sheet, near};
use super::range::ValueRange;
use super::{Connectivity, MaskError, Scope, WorkLimits};
use crate::geom::{DVec3, Grid};
use crate::volume::{Region, Volume, VoxelBox};
use crate::with_voxels;

/// Spans that are filled between two looks at the limits.
const SPANS: usize = 4096;

/// How far a flood may go.
#[derive(Clone, Copy, Debug)]
pub struct FloodOptions {
    /// Which voxels are neighbours.
    pub connectivity: Connectivity,
    /// In the whole volume or within one slice, which the seed must be in.
    pub scope: Scope,
    /// Only voxels that this plane cuts, as those of [`Tip::Disc`](super::brush::Tip): what an oblique slice shows.
    pub plane: Option<CutPlane>,
    /// Only within this box.
    pub within: Option<VoxelBox>,
    /// It stops once it has more voxels than these.
    pub limit: usize,
}

impl Default for FloodOptions {
    fn default() -> Self {
        Self {
            connectivity: Connectivity::Faces,
            scope: Scope::Volume,
            plane: None,
            within: None,
            limit: usize::MAX,
        }
    }
}

/// What a flood covered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flood {
    /// Its voxels.
    pub region: Region,
    /// Whether it stopped at the limit: then these are voxels near the seed, and more would follow.
    pub stopped: bool,
}

/// The voxels that are joined to `seed` by neighbours whose values (of the time point that is looked at) are all in
/// `range`: `SimpleITK.ConnectedThreshold`, `skimage.segmentation.flood`. Empty if the seed's own is not, or if it lies
/// outside of the volume, the slice or the box.
///
/// Goes by spans of rows; costs as much as what it covers, and a bit for each voxel of the box that it may go to (the
/// system gives memory only to pages that are written).
pub fn flood(
    volume: &Volume,
    seed: [usize; 3],
    range: ValueRange,
    options: &FloodOptions,
    limits: &WorkLimits,
) -> Result<Flood, MaskError> {
    let dims = volume.grid().dims();
    let Some(bounds) = bounds(dims, options) else { return Ok(Flood::default()) };
    let Some(cut) = Cut::of(volume.grid(), options.plane) else { return Ok(Flood::default()) };
    let (shown, scale) = (volume.time_point_range(), volume.scale());
    with_voxels!(volume.voxels(), v => {
        let values = &v[shown];
        let fill = Fill {
            inside: |at: usize| range.contains(scale.apply(values[at] as f64)) && cut.has(at),
            dims,
            bounds,
            reach: usize::from(options.connectivity == Connectivity::Corners),
        };
        fill.from(seed, options.limit, limits)
    })
}

/// The flood over values no further than `tolerance` from the seed's: `skimage.segmentation.flood` with a tolerance.
/// Cheap enough to be done again for every step of a drag.
pub fn flood_alike(
    volume: &Volume,
    seed: [usize; 3],
    tolerance: f64,
    options: &FloodOptions,
    limits: &WorkLimits,
) -> Result<Flood, MaskError> {
    if !is_in(seed, &VoxelBox::whole(volume.grid().dims())) {
        return Ok(Flood::default());
    }
    flood(volume, seed, ValueRange::around(volume.value(seed), tolerance), options, limits)
}

pub(super) fn is_in(voxel: [usize; 3], bounds: &VoxelBox) -> bool {
    (0..3).all(|a| (bounds.min[a]..bounds.max[a]).contains(&voxel[a]))
}

/// The voxels that a plane cuts, or all.
struct Cut {
    dims: [usize; 3],
    plane: Option<(Lattice, Sheet, DVec3)>,
}

impl Cut {
    /// `None` of a plane that is none.
    fn of(grid: &Grid, plane: Option<CutPlane>) -> Option<Self> {
        let lattice = Lattice::of(grid);
        let plane = match plane {
            Some(plane) if !near(plane.point) => return None,
            Some(plane) => Some((lattice, Sheet::of(&lattice, plane.normal)?, plane.point)),
            None => None,
        };
        Some(Self { dims: grid.dims(), plane })
    }

    fn has(&self, at: usize) -> bool {
        let Some((lattice, sheet, point)) = &self.plane else { return true };
        let [nx, ny, _] = self.dims;
        let [x, y, z] = [at % nx, at / nx % ny, at / nx / ny].map(|n| n as f64);
        let from = lattice.row(y, z) + lattice.steps[0] * x - *point;
        sheet.cut(from, DVec3::ZERO).is_some()
    }
}

/// Where a flood may go at all; `None` if nowhere.
fn bounds(dims: [usize; 3], options: &FloodOptions) -> Option<VoxelBox> {
    let mut bounds = VoxelBox::whole(dims);
    if let Scope::Slice { axis, index } = options.scope {
        if axis > 2 || index >= dims[axis] {
            return None;
        }
        (bounds.min[axis], bounds.max[axis]) = (index, index + 1);
    }
    if let Some(within) = options.within {
        for a in 0..3 {
            bounds.min[a] = bounds.min[a].max(within.min[a]);
            bounds.max[a] = bounds.max[a].min(within.max[a]);
        }
    }
    (0..3).all(|a| bounds.min[a] < bounds.max[a]).then_some(bounds)
}

/// A flood by spans of rows (Smith, "Tint fill", SIGGRAPH 1979), in three dimensions.
struct Fill<F> {
    /// Whether the voxel at a memory position may be covered.
    inside: F,
    dims: [usize; 3],
    bounds: VoxelBox,
    /// How far beyond its ends a span touches those of the rows beside it.
    reach: usize,
}

/// Voxels of a row, from `from` up to `to`, that are covered.
#[derive(Clone, Copy)]
struct Covered {
    from: usize,
    to: usize,
    y: usize,
    z: usize,
}

impl<F: Fn(usize) -> bool> Fill<F> {
    fn from(
        &self,
        seed: [usize; 3],
        limit: usize,
        limits: &WorkLimits,
    ) -> Result<Flood, MaskError> {
        let [x, y, z] = seed;
        if !is_in(seed, &self.bounds) || !(self.inside)(self.row(y, z) + x) {
            return Ok(Flood::default());
        }
        limits.allow(Bits::words_of(&self.bounds), size_of::<u64>())?;
        let mut bits = Bits::new(self.bounds);
        // First come, first served: what a limit leaves is what is near the seed.
        let mut open = VecDeque::from([self.cover(&mut bits, x, y, z)]);
        let mut count = open[0].to - open[0].from;
        let mut touched = VoxelBox { min: [open[0].from, y, z], max: [open[0].to, y + 1, z + 1] };
        let mut done = 0usize;
        while count <= limit
            && let Some(span) = open.pop_front()
        {
            done += 1;
            if done.is_multiple_of(SPANS) {
                limits.check()?;
            }
            for (y, z) in self.rows_beside(span.y, span.z) {
                let row = self.row(y, z);
                let mut x = span.from.saturating_sub(self.reach).max(self.bounds.min[0]);
                let end = (span.to + self.reach).min(self.bounds.max[0]);
                while x < end {
                    if !bits.get(x, y, z) && (self.inside)(row + x) {
                        let found = self.cover(&mut bits, x, y, z);
                        x = found.to;
                        count += found.to - found.from;
                        let (min, max) = ([found.from, y, z], [found.to, y + 1, z + 1]);
                        touched = touched.union(&VoxelBox { min, max });
                        open.push_back(found);
                    }
                    x += 1;
                }
            }
        }
        let region = bits.region_in(self.dims, &touched);
        Ok(Flood { region, stopped: count > limit })
    }

    fn row(&self, y: usize, z: usize) -> usize {
        self.dims[0] * (y + self.dims[1] * z)
    }

    /// Covers the whole span that a voxel is in.
    fn cover(&self, bits: &mut Bits, x: usize, y: usize, z: usize) -> Covered {
        let row = self.row(y, z);
        let VoxelBox { min, max } = self.bounds;
        let from = (min[0]..x).rev().find(|&x| !(self.inside)(row + x)).map_or(min[0], |x| x + 1);
        let to = (x + 1..max[0]).find(|&x| !(self.inside)(row + x)).unwrap_or(max[0]);
        bits.set(from, to, y, z);
        Covered { from, to, y, z }
    }

    /// The rows beside one, within the bounds.
    fn rows_beside(&self, y: usize, z: usize) -> impl Iterator<Item = (usize, usize)> {
        let VoxelBox { min, max } = self.bounds;
        let near = |at: usize, a: usize| at.saturating_sub(1).max(min[a])..(at + 2).min(max[a]);
        let faces = self.reach == 0;
        let (ys, zs) = (near(y, 1), near(z, 2));
        zs.flat_map(move |to_z| ys.clone().map(move |to_y| (to_y, to_z)))
            .filter(move |&(to_y, to_z)| (to_y, to_z) != (y, z))
            .filter(move |&(to_y, to_z)| !faces || to_y == y || to_z == z)
    }
}

#[cfg(test)]
mod tests;
