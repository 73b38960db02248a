//! Smoothing of one mask.

use super::block::Frame;
pub use super::joint::smooth_together;
use super::limits::{MaskError, WorkLimits, size};
use super::scope::Scope;
use crate::geom::Grid;
use crate::volume::Region;

/// What is this much (relative) beyond a radius still counts as within.
const EDGE: f64 = 1e-6;

/// The median filter: a voxel is inside if more than half of those are whose centres are within `radius_mm` of its own.
/// Takes away what is thin and fills what is narrow; flat surfaces stay. The volume may change. At the volume's edge as
/// if its outermost voxels went on. (ITK's `BinaryMedianImageFilter` with a ball in mm in place of a box.)
pub fn median(
    region: &Region,
    grid: &Grid,
    radius_mm: f64,
    scope: Scope,
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    let radius = scope.flat([size(radius_mm)?; 3]);
    let dims = grid.dims();
    scope.apply(region, dims, |region| {
        let ball = Ball::of(radius, grid);
        // With nothing on one side of it, a voxel has less than half.
        let Some(bounds) = region.bounds(dims) else { return Ok(Region::default()) };
        let frame = Frame::around(&bounds, dims, [0; 3], [0; 3]);
        let [nx, ny, nz] = frame.size();
        let Sums { wide, sums } = Sums::of(region, &frame, dims, ball.reach, limits)?;
        let half = u32::try_from(ball.voxels / 2);
        let half =
            half.map_err(|_| MaskError::Memory { needed: ball.voxels, limit: limits.bytes })?;
        // Beyond the frame there is nothing, or, at the volume's edge, the same again.
        let beyond = |at: isize, axis: usize, count: usize| {
            let edge = [bounds.min[axis] == 0, bounds.max[axis] == dims[axis]];
            let clamped = at.clamp(0, count as isize - 1);
            let there = clamped == at || edge[usize::from(at > 0)];
            there.then_some(clamped as usize)
        };
        frame.gather(
            limits,
            || vec![0u32; nx],
            |inside, z, flags| {
                for (y, flags) in flags.chunks_exact_mut(nx).enumerate() {
                    if limits.cancel.is_cancelled() {
                        return;
                    }
                    inside.fill(0);
                    for &(dy, dz, half_width) in &ball.rows {
                        let y = beyond(y as isize + dy, 1, ny);
                        let z = beyond(z as isize + dz, 2, nz);
                        let (Some(y), Some(z)) = (y, z) else { continue };
                        let row = &sums[(z * ny + y) * wide..][..wide];
                        if row[wide - 1] == 0 {
                            continue;
                        }
                        let before = &row[ball.reach - half_width..];
                        let after = &row[ball.reach + half_width + 1..];
                        for ((count, &before), &after) in inside.iter_mut().zip(before).zip(after) {
                            *count += after - before;
                        }
                    }
                    for (flag, &count) in flags.iter_mut().zip(&*inside) {
                        *flag = count > half;
                    }
                }
            },
        )
    })
}

/// The mask's edges made soft by a Gaussian (standard deviation `sigma_mm`) and then hard again, where the volume stays
/// what it was: the voxels with the highest values, as many as before, but for ties. Rounds corners; islands go that
/// are small beside sigma, and the rest grows by what they had. At the volume's edge as if its outermost voxels went
/// on.
pub fn gaussian(
    region: &Region,
    grid: &Grid,
    sigma_mm: f64,
    scope: Scope,
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    let smoothed = smooth_together(std::slice::from_ref(region), grid, sigma_mm, scope, limits)?;
    Ok(smoothed.into_iter().next().unwrap_or_default())
}

/// The voxels around one whose centres are within some distance.
struct Ball {
    /// Steps along y and z, and how many voxels on each side along x.
    rows: Vec<(isize, isize, usize)>,
    /// The longest of these.
    reach: usize,
    voxels: u64,
}

impl Ball {
    /// With radii along the axes, mm; none is larger than the volume.
    fn of(radius: [f64; 3], grid: &Grid) -> Self {
        let reach: [isize; 3] = std::array::from_fn(|a| {
            let steps = radius[a] / grid.spacing()[a] * (1.0 + EDGE);
            steps.min(grid.dims()[a] as f64) as isize
        });
        let share = |n: isize, a: usize| {
            if n == 0 { 0.0 } else { (n as f64 * grid.spacing()[a] / radius[a]).powi(2) }
        };
        let mut rows = Vec::new();
        for dz in -reach[2]..=reach[2] {
            for dy in -reach[1]..=reach[1] {
                let left = 1.0 + EDGE - share(dy, 1) - share(dz, 2);
                if left >= 0.0 {
                    let half = (0..=reach[0]).take_while(|&n| share(n, 0) <= left).count() - 1;
                    rows.push((dy, dz, half));
                }
            }
        }
        let voxels = rows.iter().map(|&(.., half)| 2 * half as u64 + 1).sum();
        Self { rows, reach: reach[0] as usize, voxels }
    }
}

/// For each row of a frame, how many voxels of a region come before each place, from `reach` voxels before the frame to
/// `reach` behind it.
struct Sums {
    /// Places of a row.
    wide: usize,
    sums: Vec<u32>,
}

impl Sums {
    fn of(
        region: &Region,
        frame: &Frame,
        dims: [usize; 3],
        reach: usize,
        limits: &WorkLimits,
    ) -> Result<Self, MaskError> {
        let [nx, ny, nz] = frame.size();
        let bounds = frame.bounds();
        let wide = nx + 2 * reach + 1;
        let count = wide.checked_mul(ny).and_then(|n| n.checked_mul(nz));
        let mut sums = limits.buffer(0u32, count)?;
        for z in 0..nz {
            for (y, from, to) in frame.spans(region, z) {
                let left = if from == 0 && bounds.min[0] == 0 { 0 } else { from + reach };
                let at_edge = to == nx && bounds.max[0] == dims[0];
                let right = if at_edge { nx + 2 * reach } else { to + reach };
                sums[(z * ny + y) * wide..][left + 1..=right].fill(1);
            }
        }
        for row in sums.chunks_exact_mut(wide) {
            let mut sum = 0;
            for value in row {
                sum += *value;
                *value = sum;
            }
        }
        Ok(Self { wide, sums })
    }
}

#[cfg(test)]
mod tests;
