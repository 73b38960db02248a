//! Regions cut in two by a plane.

use super::bits::for_each_row;
use super::lines::{CutPlane, EDGE_MM, Lattice, near};
use crate::geom::{Axis, DVec3, Direction, Grid};
use crate::volume::{Region, RegionBuilder};

/// The voxels of `region` on the side of the plane that its normal points to, and those on the other side. A voxel is
/// where its centre is; one exactly in the plane is on the normal's side. A plane without a direction, or beyond all
/// scans, cuts nothing off: all is on the normal's side.
pub fn split(region: &Region, grid: &Grid, plane: &CutPlane) -> [Region; 2] {
    let Some(normal) = plane.normal.try_normalize().filter(|_| near(plane.point)) else {
        return [region.clone(), Region::default()];
    };
    let [nx, ny, _] = grid.dims();
    let lattice = Lattice::of(grid);
    let rise = lattice.steps[0].dot(normal);
    let mut sides = [RegionBuilder::new(nx), RegionBuilder::new(nx)];
    for_each_row(region, grid.dims(), |x, len, y, z| {
        let start = lattice.row(y as f64, z as f64) - plane.point;
        let above = start.dot(normal) + EDGE_MM;
        let end = x + len;
        // Where the row goes through the plane: voxels from there on are on the other side.
        let turn = if rise.abs() < 1e-12 {
            end
        } else {
            let crossing = -above / rise;
            let first = if rise > 0.0 { crossing.ceil() } else { crossing.floor() + 1.0 };
            first.clamp(x as f64, end as f64) as usize
        };
        let row = nx * (y + ny * z);
        let on_normal_side = |x: usize| above + rise * x as f64 >= 0.0;
        for (from, to) in [(x, turn), (turn, end)] {
            if from < to {
                let side = usize::from(!on_normal_side(usize::midpoint(from, to)));
                sides[side].push(row + from, to - from);
            }
        }
    });
    sides.map(RegionBuilder::finish)
}

/// Which part a plane cuts off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CutOff {
    /// The one with fewer voxels; of two alike the one that the normal points away from.
    #[default]
    Smaller,
    /// The one on the side of the plane that is nearer to this side of the patient.
    Towards(Direction),
}

/// What stays of a region that is cut along a plane, and what is cut off; `None` if that is nothing or all of it, or
/// the plane runs along the side that is to be cut off. What is nearer to the plane than `half_mm` stays: a slice that
/// is twice as thick, about the plane.
pub fn cut(
    region: &Region,
    grid: &Grid,
    plane: &CutPlane,
    half_mm: f64,
    off: CutOff,
) -> Option<[Region; 2]> {
    let step = plane.normal.try_normalize()? * half_mm;
    let side = |point| split(region, grid, &CutPlane { point, ..*plane });
    let [[above, _], [_, below]] = [side(plane.point + step), side(plane.point - step)];
    let above_goes = match off {
        CutOff::Smaller => above.count() < below.count(),
        CutOff::Towards(Direction { axis, positive }) => {
            let along = plane.normal.normalize()[axis.index()];
            if along.abs() < 1e-6 {
                return None;
            }
            (along > 0.0) == positive
        }
    };
    let off = if above_goes { above } else { below };
    let stays = region.without(&off, grid.dims()[0]);
    (!off.is_empty() && !stays.is_empty()).then_some([stays, off])
}

/// The plane between the patient's right and left, its normal towards Right: across the voxel axis that runs from side
/// to side (in a scan that was tilted to the patient that is the patient's own). Through the middle of the volume, or,
/// if there is a region, through the gap between its two sides; if there is no such gap, through the place about which
/// its voxels are most alike on both sides: where most of it, mirrored along this axis, lies over itself (counted in
/// layers across the axis; of two such places the nearer to the centroid).
pub fn mid_sagittal(grid: &Grid, region: Option<&Region>) -> CutPlane {
    let (axis, grows_right) = grid.orientation().voxel_axis(Axis::X);
    let step = grid.world_from_voxel().matrix3.col(axis);
    // At right angles to the layers, also where axes are not at right angles to each other.
    let across = grid.voxel_from_world().matrix3.row(axis);
    let normal = if grows_right { across } else { -across };
    let middle = (grid.dims()[axis] as f64 - 1.0) / 2.0;
    let at = region.and_then(|r| {
        let counts = layer_counts(r, grid.dims(), axis);
        gap(&counts).or_else(|| symmetric_place(&counts))
    });
    let point = grid.centre() + step * (at.unwrap_or(middle) - middle);
    CutPlane { point, normal: normal.normalize_or(DVec3::X) }
}

/// Voxels in each layer across an axis.
fn layer_counts(region: &Region, dims: [usize; 3], axis: usize) -> Vec<i64> {
    let mut counts = vec![0i64; dims[axis] + 1];
    for_each_row(region, dims, |x, len, y, z| match axis {
        0 => {
            counts[x] += 1;
            counts[x + len] -= 1;
        }
        1 => counts[y] += len as i64,
        _ => counts[z] += len as i64,
    });
    if axis == 0 {
        let mut open = 0;
        for count in &mut counts {
            open += *count;
            *count = open;
        }
    }
    counts.truncate(dims[axis]);
    counts
}

/// The middle of the widest run of layers that are empty or nearly so (a twentieth of the fullest), with a fifth of all
/// voxels or more on each side of it; of two as wide the nearer to the centroid. Ventricles, kidneys or lungs of
/// unlike sizes are alike about a place within the larger one, where nobody would cut.
fn gap(counts: &[i64]) -> Option<f64> {
    let total: i64 = counts.iter().sum();
    let low = counts.iter().max()? / 20;
    let centroid = counts.iter().zip(0i64..).map(|(c, n)| c * n).sum::<i64>() as f64 / total as f64;
    let (mut before, mut at) = (0, 0);
    let mut gaps: Vec<(usize, f64)> = Vec::new();
    for run in counts.chunk_by(|a, b| (*a <= low) == (*b <= low)) {
        let within: i64 = run.iter().sum();
        let after = total - before - within;
        if run[0] <= low && before.min(after) * 5 >= total && total > 0 {
            gaps.push((run.len(), at as f64 + (run.len() as f64 - 1.0) / 2.0));
        }
        (before, at) = (before + within, at + run.len());
    }
    let nearer = |a: f64, b: f64| (b - centroid).abs().total_cmp(&(a - centroid).abs());
    gaps.into_iter().max_by(|a, b| a.0.cmp(&b.0).then(nearer(a.1, b.1))).map(|(_, place)| place)
}

/// Where a profile is most like its mirror image: a layer, or the border between two.
fn symmetric_place(counts: &[i64]) -> Option<f64> {
    let total: i64 = counts.iter().sum();
    if total == 0 {
        return None;
    }
    let centroid =
        counts.iter().enumerate().map(|(n, &c)| n as f64 * c as f64).sum::<f64>() / total as f64;
    // Twice the place is a whole number.
    let likeness = |double: usize| -> f64 {
        let first = double.saturating_sub(counts.len() - 1);
        (first..=double - first).map(|n| counts[n] as f64 * counts[double - n] as f64).sum()
    };
    (0..2 * counts.len() - 1)
        .map(|double| (likeness(double), double as f64 / 2.0))
        .max_by(|a, b| {
            let nearer = (b.1 - centroid).abs().total_cmp(&(a.1 - centroid).abs());
            a.0.total_cmp(&b.0).then(nearer)
        })
        .map(|(_, place)| place)
}

#[cfg(test)]
mod tests;
