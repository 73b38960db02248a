//! Snap to edge: the border of a mask goes to the strongest edge of the scan near to it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::distance::{Distances, signed_distance};
use super::{MaskError, WorkLimits};
use crate::geom::Grid;
use crate::volume::{Region, RegionBuilder, Volume, VoxelBox};
use crate::with_voxels;

/// Voxels that are settled between two looks at the limits.
const STEPS: usize = 1 << 14;
/// Standard deviation of the Gaussian that values are smoothed with, voxels, and how far it is followed.
const SIGMA: f64 = 1.0;
const RADIUS: usize = 4;

/// What a voxel is known to be.
const OPEN: u8 = 0;
const INSIDE: u8 = 1;
const OUTSIDE: u8 = 2;

/// The mask whose border is moved, by no more than `band_mm`, to the strongest edge there.
///
/// Watershed by flooding (Meyer, "Topographic distance and watershed lines", 1994; `skimage.segmentation.watershed`
/// with neighbours by faces) of the gradient magnitude (central differences per mm of values smoothed with a Gaussian
/// of one voxel), from all voxels deeper inside of the mask than the band and all further outside; between them the two
/// floods meet where the gradient is strongest. A part of the mask that is nowhere deeper than the band is flooded from
/// its deepest voxels. Values that aren't finite count as the mean of the others.
///
/// Chosen by a measurement: on a sphere with noise of 0.1, 0.3 and 0.6 of the edge's contrast, drawn up to 2.3 mm off,
/// Dice went from 0.917 to 0.991, 0.982, 0.964; moving the border along its normal to the strongest gradient of
/// the profile, smoothed over the surface, gave 0.978, 0.974, 0.960. It does not win everywhere: with the most noise,
/// profiles averaged over the surface gave 0.971, and on voxels of 1 × 1 × 3 mm moving the border won (0.956 and 0.963
/// against
/// 0.952), while the largest distance rose from 3.0 to 4.4 mm.
///
/// Distances are from voxel centre to voxel centre. A band that is not above 0 changes nothing. Memory: 13 bytes for
/// each voxel of the box around the mask and the band.
pub fn snap_to_edge(
    region: &Region,
    volume: &Volume,
    band_mm: f64,
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    let grid = volume.grid();
    let Some(bounds) = region.bounds(grid.dims()).filter(|_| band_mm > 0.0) else {
        return Ok(region.clone());
    };
    let bounds = around(&bounds, grid, band_mm);
    let count: usize = bounds.size().iter().product();
    // Positions are kept in 32 bits.
    limits.allow(Some(count).filter(|&n| u32::try_from(n).is_ok()), 13)?;
    let depth = signed_distance(region, grid, &bounds, limits)?;
    let state = start(&depth, band_mm, limits)?;
    drop(depth);
    let gradient = gradient(volume, &bounds, limits)?;
    let state = flood(&gradient, state, bounds.size(), limits)?;
    Ok(inside(&state, &bounds, grid.dims()))
}

/// The box, the band, and a voxel more, as far as the volume goes.
fn around(bounds: &VoxelBox, grid: &Grid, band_mm: f64) -> VoxelBox {
    let (dims, spacing) = (grid.dims(), grid.spacing());
    let reach = |a: usize| ((band_mm / spacing[a]).ceil().min(1e9) as usize).saturating_add(1);
    VoxelBox {
        min: std::array::from_fn(|a| bounds.min[a].saturating_sub(reach(a))),
        max: std::array::from_fn(|a| bounds.max[a].saturating_add(reach(a)).min(dims[a])),
    }
}

/// The memory positions of a voxel's neighbours by faces, in the order x, y, z.
fn beside(at: usize, [nx, ny, nz]: [usize; 3]) -> impl Iterator<Item = usize> {
    let (x, y, z) = (at % nx, at / nx % ny, at / nx / ny);
    let along = move |c: usize, n: usize, step: usize| {
        [(c > 0).then(|| at - step), (c + 1 < n).then(|| at + step)]
    };
    [along(x, nx, 1), along(y, ny, nx), along(z, nz, nx * ny)].into_iter().flatten().flatten()
}

/// What is known before the flood.
fn start(depth: &Distances, band_mm: f64, limits: &WorkLimits) -> Result<Vec<u8>, MaskError> {
    let size = depth.bounds.size();
    let (mm, band) = (&depth.mm, band_mm as f32);
    let of = |&d: &f32| {
        if d < -band {
            INSIDE
        } else if d > band {
            OUTSIDE
        } else {
            OPEN
        }
    };
    let mut state: Vec<u8> = mm.par_iter().map(of).collect();
    seed_shallow(mm, size, (&mut state, INSIDE), limits)?;
    seed_shallow(mm, size, (&mut state, OUTSIDE), limits)?;
    Ok(state)
}

/// Seeds the parts of the mask (or of what is around it) that are nowhere deeper than the band: from their deepest
/// voxels. A narrow lumen is such a part, and so is all around a mask that fills the scan but for a rim.
fn seed_shallow(
    mm: &[f32],
    size: [usize; 3],
    (state, side): (&mut [u8], u8),
    limits: &WorkLimits,
) -> Result<(), MaskError> {
    // Below zero on the side that is looked at.
    let depth = |at: usize| if side == INSIDE { mm[at] } else { -mm[at] };
    let mut seen = limits.buffer(false, Some(mm.len()))?;
    let part = |from: Vec<usize>, seen: &mut Vec<bool>| {
        let mut part = from;
        for &at in &part {
            seen[at] = true;
        }
        let mut done = 0;
        while let Some(&at) = part.get(done) {
            done += 1;
            for to in beside(at, size).filter(|&to| depth(to) < 0.0) {
                if !std::mem::replace(&mut seen[to], true) {
                    part.push(to);
                }
            }
        }
        part
    };
    // The parts that have something deep, and then, one by one, those that have not.
    part((0..mm.len()).filter(|&n| state[n] == side).collect(), &mut seen);
    for first in 0..mm.len() {
        if depth(first) < 0.0 && !seen[first] {
            limits.check()?;
            let part = part(vec![first], &mut seen);
            let deepest = part.iter().map(|&at| depth(at)).fold(0.0, f32::min);
            for at in part.into_iter().filter(|&at| depth(at) <= deepest) {
                state[at] = side;
            }
        }
    }
    Ok(())
}

/// Gradient magnitude per mm of the smoothed values of a box, x fastest.
fn gradient(
    volume: &Volume,
    bounds: &VoxelBox,
    limits: &WorkLimits,
) -> Result<Vec<f32>, MaskError> {
    let size = bounds.size();
    let [nx, ny, nz] = size;
    let mut values = finite_values(volume, bounds, limits)?;
    for axis in 0..3 {
        limits.check()?;
        values = smoothed(&values, size, axis, limits)?;
    }
    let spacing = volume.grid().spacing().to_array().map(|s| s as f32);
    let mut gradient = limits.buffer(0f32, Some(values.len()))?;
    gradient.par_chunks_mut(nx * ny).enumerate().for_each(|(z, slice)| {
        for (n, out) in slice.iter_mut().enumerate() {
            let (x, y) = (n % nx, n / nx);
            let at = n + z * nx * ny;
            let along = |c: usize, count: usize, step: usize, mm: f32| {
                let (before, after) = (c.min(1), (count - 1 - c).min(1));
                let change = values[at + after * step] - values[at - before * step];
                change / (2.0 * mm)
            };
            let gx = along(x, nx, 1, spacing[0]);
            let gy = along(y, ny, nx, spacing[1]);
            let gz = along(z, nz, nx * ny, spacing[2]);
            *out = (gx * gx + gy * gy + gz * gz).sqrt();
        }
    });
    Ok(gradient)
}

/// The values of a box, x fastest.
fn finite_values(
    volume: &Volume,
    bounds: &VoxelBox,
    limits: &WorkLimits,
) -> Result<Vec<f32>, MaskError> {
    let VoxelBox { min, max } = *bounds;
    let [nx, ny, _] = volume.grid().dims();
    let (shown, scale) = (volume.time_point_range(), volume.scale());
    let mut values = limits.buffer(0f32, Some(bounds.size().iter().product()))?;
    let (mut sum, mut count) = (0.0, 0usize);
    with_voxels!(volume.voxels(), all => {
        let all = &all[shown];
        for (n, row) in values.chunks_mut(max[0] - min[0]).enumerate() {
            let rows = max[1] - min[1];
            let start = nx * (min[1] + n % rows + ny * (min[2] + n / rows));
            for (value, &raw) in row.iter_mut().zip(&all[start + min[0]..start + max[0]]) {
                *value = scale.apply(raw as f64) as f32;
                if value.is_finite() {
                    (sum, count) = (sum + f64::from(*value), count + 1);
                }
            }
        }
    });
    let mean = if count > 0 { (sum / count as f64) as f32 } else { 0.0 };
    values.iter_mut().filter(|v| !v.is_finite()).for_each(|v| *v = mean);
    Ok(values)
}

/// Convolved with the Gaussian along one axis; beyond the box its outermost values go on.
fn smoothed(
    values: &[f32],
    size: [usize; 3],
    axis: usize,
    limits: &WorkLimits,
) -> Result<Vec<f32>, MaskError> {
    let weights: Vec<f64> =
        (0..=RADIUS).map(|n| (-0.5 * (n as f64 / SIGMA).powi(2)).exp()).collect();
    let sum = weights[0] + 2.0 * weights[1..].iter().sum::<f64>();
    let weights: Vec<f32> = weights.into_iter().map(|w| (w / sum) as f32).collect();
    let [nx, ny, _] = size;
    let step = [1, nx, nx * ny][axis];
    let last = size[axis] - 1;
    let mut out = limits.buffer(0f32, Some(values.len()))?;
    out.par_chunks_mut(nx).enumerate().for_each(|(row, out)| {
        for (x, out) in out.iter_mut().enumerate() {
            let at = row * nx + x;
            let c = [x, row % ny, row / ny][axis];
            let mut sum = values[at] * weights[0];
            for (n, weight) in weights.iter().enumerate().skip(1) {
                let (before, after) = (n.min(c), n.min(last - c));
                sum += (values[at - before * step] + values[at + after * step]) * weight;
            }
            *out = sum;
        }
    });
    Ok(out)
}

/// Floods from what is known: lowest first, of two alike that which was reached first.
fn flood(
    height: &[f32],
    mut state: Vec<u8>,
    size: [usize; 3],
    limits: &WorkLimits,
) -> Result<Vec<u8>, MaskError> {
    let mut heap = BinaryHeap::new();
    let mut age = 0u32;
    let mut push = |heap: &mut BinaryHeap<_>, at: usize| {
        // Heights are not negative: their bits are in the same order.
        heap.push(Reverse((height[at].to_bits(), age, at as u32)));
        age += 1;
    };
    for at in 0..state.len() {
        if state[at] != OPEN && beside(at, size).any(|to| state[to] == OPEN) {
            push(&mut heap, at);
        }
    }
    let mut done = 0usize;
    while let Some(Reverse((_, _, at))) = heap.pop() {
        done += 1;
        if done.is_multiple_of(STEPS) {
            limits.check()?;
        }
        let at = at as usize;
        for to in beside(at, size) {
            if state[to] == OPEN {
                state[to] = state[at];
                push(&mut heap, to);
            }
        }
    }
    Ok(state)
}

fn inside(state: &[u8], bounds: &VoxelBox, dims: [usize; 3]) -> Region {
    let [nx, ny, _] = bounds.size();
    let mut builder = RegionBuilder::new(dims[0]);
    for (n, row) in state.chunks(nx).enumerate() {
        let (y, z) = (bounds.min[1] + n % ny, bounds.min[2] + n / ny);
        let mut at = bounds.min[0] + dims[0] * (y + dims[1] * z);
        for same in row.chunk_by(|a, b| (*a == INSIDE) == (*b == INSIDE)) {
            if same[0] == INSIDE {
                builder.push(at, same.len());
            }
            at += same.len();
        }
    }
    builder.finish()
}

#[cfg(test)]
mod tests;
