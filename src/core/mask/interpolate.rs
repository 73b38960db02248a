//! Interpolation between drawn slices: a structure is drawn in some of its slices, those between follow from the shapes
//! on both sides.

mod blend;
mod shapes;

use std::ops::Range;

use rayon::prelude::*;

use super::bits::{Bits, for_each_row};
use super::{Layer, MaskError, WorkLimits};
use crate::geom::Grid;
use crate::volume::{Region, VoxelBox};

use blend::Blend;
use shapes::Shape;

/// Gaps, and slices, that are worked on before what they made is written.
const AT_A_TIME: usize = 16;

/// What lies between drawn slices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpolated {
    /// The voxel axis that the drawn slices lie across, 0 to 2.
    pub axis: usize,
    /// How many slices are missing between drawn ones.
    pub slices: usize,
    /// What they are filled with; no voxel of a drawn slice.
    pub region: Region,
}

/// Fills the slices between the drawn ones of `region`, by shape (Raya and Udupa, "Shape-based interpolation of
/// multidimensional objects", 1990; Herman, Zheng and Bucholtz, "Shape-based interpolation", 1992): a voxel between two
/// slices is inside if the signed distances (mm, in the slice) to their outlines, weighted by how near the slices are,
/// add up to 0 or more. Slices with voxels count as drawn, and stay as they are. `None` if no slice is missing.
///
/// `axis`: the voxel axis across the slices, 0 to 2; `None` takes the one along which voxels lie in the thinnest stacks
/// with gaps between: single slices, if that is how they were drawn.
///
/// Parts of two neighbouring slices that lie over each other are blended together, whatever their numbers, so that a
/// structure may branch. One part that goes on as one is moved from its centroid to the other's on the way, so that an
/// oblique vessel keeps its width, even if the two lie nowhere over each other; such parts are matched to the nearest
/// that is left, if it is no further away than twice the two are wide. One that has nothing that near ends in its
/// slice: what was drawn at two places is not joined by what lies between them. (Dice with the whole of bodies drawn in
/// every 8th slice, without and with the move: upright ones 0.980 and 0.980, a leaning vessel 0.936 and 0.971, one that
/// leans by more than its width 0.539 and 0.932.)
///
/// Memory: the box around `region`, a bit for each voxel, and a few numbers for each of a slice.
pub fn interpolate(
    region: &Region,
    grid: &Grid,
    axis: Option<usize>,
    limits: &WorkLimits,
) -> Result<Option<Interpolated>, MaskError> {
    let dims = grid.dims();
    let Some(bounds) = region.bounds(dims) else { return Ok(None) };
    let drawn = drawn_slices(region, dims);
    let Some(axis) = axis.filter(|&a| a < 3).or_else(|| axis_of(&drawn)) else { return Ok(None) };
    let gaps = gaps(&drawn[axis]);
    if gaps.is_empty() {
        return Ok(None);
    }
    limits.allow(Bits::words_of(&bounds), size_of::<u64>())?;
    let layer = Layer { axis, at: 0 };
    let spacing = layer.axes().map(|a| grid.spacing()[a]);
    let shapes = edge_shapes(region, dims, &bounds, layer, &gaps, limits)?;
    let of = |at: usize| shapes.iter().find(|s| s.0 == at).map(|s| &s.1);
    let mut bits = Bits::new(bounds);
    // Few gaps and few slices at a time: what they make is held until it is written.
    for gaps in gaps.chunks(AT_A_TIME) {
        let blends: Vec<(&Range<usize>, Vec<Blend>)> = gaps
            .par_iter()
            .map(|gap| {
                limits.check()?;
                let ends = of(gap.start - 1).zip(of(gap.end));
                let blends = ends.map(|(a, b)| Blend::all(a, b, spacing, limits)).transpose()?;
                Ok((gap, blends.unwrap_or_default()))
            })
            .collect::<Result<_, MaskError>>()?;
        let slices: Vec<(usize, f64, &[Blend])> = blends
            .iter()
            .flat_map(|(gap, blends)| {
                let share = |at: usize| (at + 1 - gap.start) as f64 / (gap.len() + 1) as f64;
                (*gap).clone().map(move |at| (at, share(at), &**blends))
            })
            .collect();
        for slices in slices.chunks(AT_A_TIME) {
            let filled: Vec<Vec<Shape>> = slices
                .par_iter()
                .map(|(_, share, blends)| {
                    limits.check()?;
                    Ok(blends.iter().map(|b| b.at(*share)).collect())
                })
                .collect::<Result<_, MaskError>>()?;
            for ((at, ..), shapes) in slices.iter().zip(&filled) {
                for shape in shapes {
                    write(&mut bits, Layer { axis, at: *at }, shape);
                }
            }
        }
    }
    let region = bits.region_in(dims, &bounds);
    Ok(Some(Interpolated { axis, slices: gaps.iter().map(Range::len).sum(), region }))
}

/// Which slices have voxels, along each axis.
fn drawn_slices(region: &Region, dims: [usize; 3]) -> [Vec<bool>; 3] {
    let mut drawn = dims.map(|n| vec![false; n]);
    // Along x how many runs begin less how many end.
    let mut begun = vec![0i64; dims[0] + 1];
    for_each_row(region, dims, |x, len, y, z| {
        begun[x] += 1;
        begun[x + len] -= 1;
        drawn[1][y] = true;
        drawn[2][z] = true;
    });
    let mut open = 0;
    for (drawn, change) in drawn[0].iter_mut().zip(begun) {
        open += change;
        *drawn = open > 0;
    }
    drawn
}

/// The slices that are missing between drawn ones.
fn gaps(drawn: &[bool]) -> Vec<Range<usize>> {
    let at: Vec<usize> = (0..drawn.len()).filter(|&n| drawn[n]).collect();
    at.windows(2).filter(|w| w[1] - w[0] > 1).map(|w| w[0] + 1..w[1]).collect()
}

/// The axis with gaps between the thinnest stacks; of two alike that with more slices missing.
fn axis_of(drawn: &[Vec<bool>; 3]) -> Option<usize> {
    let thickness = |a: usize| {
        let (slices, gaps) = (drawn[a].iter().filter(|d| **d).count(), gaps(&drawn[a]));
        let missing: usize = gaps.iter().map(Range::len).sum();
        (missing > 0).then(|| (slices as f64 / (gaps.len() + 1) as f64, missing))
    };
    let with = (0..3).filter_map(|a| Some((a, thickness(a)?)));
    with.min_by(|(_, a), (_, b)| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).map(|(axis, _)| axis)
}

/// The slices on both sides of the gaps, by their place along the axis.
fn edge_shapes(
    region: &Region,
    dims: [usize; 3],
    bounds: &VoxelBox,
    layer: Layer,
    gaps: &[Range<usize>],
    limits: &WorkLimits,
) -> Result<Vec<(usize, Shape)>, MaskError> {
    let mut at: Vec<usize> = gaps.iter().flat_map(|g| [g.start - 1, g.end]).collect();
    at.dedup();
    let [u, v] = layer.axes();
    let (min, size) = ([u, v].map(|a| bounds.min[a]), [u, v].map(|a| bounds.size()[a]));
    limits.allow((size[0] * size[1]).checked_mul(at.len()), 1)?;
    let mut number = vec![None; dims[layer.axis]];
    for (n, &at) in at.iter().enumerate() {
        number[at] = Some(n);
    }
    let corner = min.map(|v| v as isize);
    let mut shapes: Vec<(usize, Shape)> =
        at.into_iter().map(|at| (at, Shape::empty(corner, size))).collect();
    for_each_row(region, dims, |x, len, y, z| match layer.axis {
        0 => {
            for &n in number[x..x + len].iter().flatten() {
                shapes[n].1.set(y - min[0], y - min[0] + 1, z - min[1]);
            }
        }
        axis => {
            let (across, v) = if axis == 1 { (y, z) } else { (z, y) };
            if let Some(n) = number[across] {
                shapes[n].1.set(x - min[0], x - min[0] + len, v - min[1]);
            }
        }
    });
    Ok(shapes)
}

/// Sets what of a shape is in the box.
fn write(bits: &mut Bits, layer: Layer, shape: &Shape) {
    let bounds = bits.bounds();
    let axes = layer.axes();
    // Rows and columns of the shape that are in the box.
    let [us, vs] = [0, 1].map(|n| {
        let at = |edge: usize| (edge as isize - shape.corner[n]).clamp(0, shape.size[n] as isize);
        at(bounds.min[axes[n]]) as usize..at(bounds.max[axes[n]]) as usize
    });
    let place = |n: usize, at: usize| (shape.corner[n] + at as isize) as usize;
    for v in vs {
        let row = &shape.inside[v * shape.size[0]..][us.clone()];
        let mut at = us.start;
        for same in row.chunk_by(|a, b| a == b) {
            let (from, to) = (place(0, at), place(0, at + same.len()));
            at += same.len();
            if !same[0] {
                continue;
            }
            if axes[0] == 0 {
                let [_, y, z] = layer.voxel([from, place(1, v)]);
                bits.set(from, to, y, z);
            } else {
                for u in from..to {
                    let [x, y, z] = layer.voxel([u, place(1, v)]);
                    bits.set(x, x + 1, y, z);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
