//! Level tracing: what the contour of a value encloses in a slice, straight or turned.

use super::bits::Bits;
use super::flood::{FloodOptions, flood, is_in};
use super::lines::CutPlane;
use super::range::ValueRange;
use super::sheet_voxels::SheetVoxels;
use super::{Layer, MaskError, Scope, WorkLimits};
use crate::volume::{Region, Volume, VoxelBox};

/// Which side of the seed's value a traced level encloses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LevelSide {
    /// Voxels at least as bright.
    #[default]
    AtLeast,
    /// Voxels at most as bright.
    AtMost,
}

impl LevelSide {
    fn range(self, value: f64) -> ValueRange {
        match self {
            LevelSide::AtLeast => ValueRange { low: value, ..ValueRange::ALL },
            LevelSide::AtMost => ValueRange { high: value, ..ValueRange::ALL },
        }
    }
}

/// Level tracing: what the outline of the seed's value in a layer encloses. That is, the voxels joined to the seed by
/// faces within the layer whose values are all at least (or at most) that of the seed, with all holes filled.
///
/// The definition of 3D Slicer's level tracing (`itk::LevelTracingImageFilter`), whose path goes along the outer border
/// of these voxels; there always with values at least the seed's.
///
/// # Errors
/// It was cancelled, or there is not enough memory.
pub fn trace_level(
    volume: &Volume,
    seed: [usize; 3],
    axis: usize,
    side: LevelSide,
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    let dims = volume.grid().dims();
    if axis > 2 || !is_in(seed, &VoxelBox::whole(dims)) {
        return Ok(Region::default());
    }
    let layer = Layer { axis, at: seed[axis] };
    let scope = Scope::Slice { axis, index: layer.at };
    let options = FloodOptions { scope, ..FloodOptions::default() };
    let level = flood(volume, seed, side.range(volume.value(seed)), &options, limits)?.region;
    Ok(without_holes(&level, layer, dims))
}

/// The same in a turned slice: of the voxels that the plane cuts, those joined to the seed by faces among them whose
/// values are all at least (or at most) that of the seed, with all holes filled.
///
/// The plane shows the voxels that it cuts as tiles. Two tiles have a side in common where their voxels have a face in
/// common: these are neighbours in the level. What is not in it is joined across corners of tiles too, as in
/// [`trace_level`], and a hole is what is so joined to no tile beyond the level. In a plane along the grid's axes both
/// functions give the same.
///
/// # Errors
/// It was cancelled, or there is not enough memory.
pub fn trace_level_in_plane(
    volume: &Volume,
    seed: [usize; 3],
    plane: CutPlane,
    side: LevelSide,
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    let grid = volume.grid();
    let dims = grid.dims();
    if !is_in(seed, &VoxelBox::whole(dims)) {
        return Ok(Region::default());
    }
    let options = FloodOptions { plane: Some(plane), ..FloodOptions::default() };
    let level = flood(volume, seed, side.range(volume.value(seed)), &options, limits)?.region;
    let Some(bounds) = level.bounds(dims) else { return Ok(level) };
    match SheetVoxels::around(grid, plane, bounds, limits)? {
        Some(sheet) => sheet.without_holes(&level, dims, limits),
        None => Ok(level),
    }
}

/// A region of one layer with its holes filled: what is not joined to the outside, by corners neither.
fn without_holes(region: &Region, layer: Layer, dims: [usize; 3]) -> Region {
    let Some(bounds) = region.bounds(dims) else { return Region::default() };
    let bits = Bits::of(region, bounds, dims);
    let [us, vs] = layer.axes().map(|a| bounds.min[a]..bounds.max[a]);
    // With a frame of one voxel all around, at which the outside is joined.
    let (width, height) = (us.len() + 2, vs.len() + 2);
    let mut outside = vec![false; width * height];
    let is_set = |u: usize, v: usize| {
        let [x, y, z] = layer.voxel([us.start + u - 1, vs.start + v - 1]);
        bits.get(x, y, z)
    };
    let framed = |u: usize, v: usize| u == 0 || v == 0 || u == width - 1 || v == height - 1;
    let mut open = vec![(0usize, 0usize)];
    outside[0] = true;
    while let Some((u, v)) = open.pop() {
        for next_v in v.saturating_sub(1)..(v + 2).min(height) {
            for next_u in u.saturating_sub(1)..(u + 2).min(width) {
                let at = next_u + width * next_v;
                if !outside[at] && (framed(next_u, next_v) || !is_set(next_u, next_v)) {
                    outside[at] = true;
                    open.push((next_u, next_v));
                }
            }
        }
    }
    let (first_u, first_v) = (us.start, vs.start);
    layer.region(dims, [us, vs], |u, v| !outside[u + 1 - first_u + width * (v + 1 - first_v)])
}

#[cfg(test)]
mod tests;
