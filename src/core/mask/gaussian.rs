//! Masks as fields that fall off softly at their edges.

use rayon::prelude::*;

use super::block::Frame;
use super::{MaskError, WorkLimits};
use crate::geom::Grid;
use crate::volume::Region;

/// A kernel ends after so many standard deviations, as SciPy's does.
const TRUNCATE: f64 = 4.0;

/// Weights of a Gaussian along each voxel axis: of the middle, of one step to each side, of two...; with the
/// other side they add up to 1.
#[derive(Clone, Debug)]
pub(super) struct Kernel([Vec<f32>; 3]);

impl Kernel {
    /// With standard deviations `sigma`, mm, along the axes of a grid. Not longer than the volume on either side.
    pub fn of(sigma: [f64; 3], grid: &Grid) -> Self {
        Self(std::array::from_fn(|a| {
            let sigma = sigma[a] / grid.spacing()[a];
            let long = (TRUNCATE * sigma + 0.5).floor().min(grid.dims()[a] as f64) as usize;
            let weight =
                |n: usize| if n == 0 { 1.0 } else { (-0.5 * (n as f64 / sigma).powi(2)).exp() };
            let sum: f64 = weight(0) + 2.0 * (1..=long).map(weight).sum::<f64>();
            (0..=long).map(|n| (weight(n) / sum) as f32).collect()
        }))
    }

    /// Voxels on each side.
    pub fn reach(&self) -> [usize; 3] {
        std::array::from_fn(|a| self.0[a].len() - 1)
    }
}

/// A mask convolved with a Gaussian: 1 far inside, 0 far outside, which is all that is outside of the frame. At the
/// volume's edge as if its outermost voxels went on.
#[derive(Clone, Debug)]
pub(super) struct Blurred {
    pub frame: Frame,
    /// For each voxel of the frame.
    pub values: Vec<f32>,
}

impl Blurred {
    /// How many voxels its frame will have.
    pub fn voxels(region: &Region, dims: [usize; 3], kernel: &Kernel) -> usize {
        let Some(bounds) = region.bounds(dims) else { return 0 };
        let frame = Frame::around(&bounds, dims, kernel.reach(), kernel.reach());
        frame.count().unwrap_or(usize::MAX)
    }

    /// `None` of nothing.
    pub fn of(
        region: &Region,
        dims: [usize; 3],
        kernel: &Kernel,
        limits: &WorkLimits,
    ) -> Result<Option<Self>, MaskError> {
        let Some(bounds) = region.bounds(dims) else { return Ok(None) };
        let frame = Frame::around(&bounds, dims, kernel.reach(), kernel.reach());
        let [nx, ny, nz] = frame.size();
        let mut in_slices = limits.buffer(0f32, frame.count())?;
        // Of each row, whether there is anything in it.
        let mut filled = limits.buffer(false, ny.checked_mul(nz))?;
        let (sums, zeros) = (sums(&kernel.0[0]), vec![0f32; nx]);
        let slices = in_slices.par_chunks_mut(nx * ny).zip(filled.par_chunks_mut(ny));
        slices.enumerate().try_for_each_init(
            || (vec![0f32; nx * ny], vec![false; ny]),
            |(along_x, drawn), (z, (slice, filled))| {
                limits.check()?;
                let mut spans = frame.spans(region, z).peekable();
                if spans.peek().is_none() {
                    return Ok(());
                }
                along_x.fill(0.0);
                drawn.fill(false);
                for (y, from, to) in spans {
                    smear(&mut along_x[y * nx..][..nx], from, to, &sums);
                    drawn[y] = true;
                }
                let source = |y: usize| drawn[y].then(|| &along_x[y * nx..][..nx]);
                for ((y, row), filled) in slice.chunks_exact_mut(nx).enumerate().zip(filled) {
                    *filled = weigh(row, (y, ny), &kernel.0[1], &zeros, source);
                }
                Ok(())
            },
        )?;
        let mut values = limits.buffer(0f32, frame.count())?;
        values.par_chunks_mut(nx * ny).enumerate().try_for_each(|(z, slice)| {
            limits.check()?;
            for (y, row) in slice.chunks_exact_mut(nx).enumerate() {
                weigh(row, (z, nz), &kernel.0[2], &zeros, |z| {
                    filled[z * ny + y].then(|| &in_slices[(z * ny + y) * nx..][..nx])
                });
            }
            Ok(())
        })?;
        Ok(Some(Self { frame, values }))
    }
}

/// Sums of a kernel's weights: of none, of the lowest one, of the two lowest ones, ... of all.
fn sums(kernel: &[f32]) -> Vec<f64> {
    let weights = kernel[1..].iter().rev().chain(kernel);
    let mut sum = 0f64;
    let sums = weights.map(|&weight| {
        sum += f64::from(weight);
        sum
    });
    std::iter::once(0.0).chain(sums).collect()
}

/// Adds a run, convolved with the kernel that has these sums. Where it touches an end of the row, it goes on beyond.
fn smear(row: &mut [f32], from: usize, to: usize, sums: &[f64]) {
    let (taps, reach) = (sums.len() - 1, (sums.len() - 2) / 2);
    let (to_the_left, to_the_right) = (from == 0, to == row.len());
    let first = from.saturating_sub(reach);
    let last = (to + reach).min(row.len());
    for (x, value) in row[first..last].iter_mut().enumerate() {
        let x = first + x;
        // The taps of this voxel's kernel that lie on the run.
        let begin = if to_the_left { 0 } else { (from + reach).saturating_sub(x).min(taps) };
        let end = if to_the_right { taps } else { (to + reach).saturating_sub(x).min(taps) };
        *value += (sums[end] - sums[begin]) as f32;
    }
}

/// Adds to a row the one at `at` and those on both sides of it, `count` in all, with the kernel's weights; beyond the
/// first and the last these go on. Those that have nothing but zeros in them are not there; `zeros` is such a one.
/// Returns whether anything was added.
fn weigh<'a>(
    row: &mut [f32],
    (at, count): (usize, usize),
    kernel: &[f32],
    zeros: &'a [f32],
    source: impl Fn(usize) -> Option<&'a [f32]>,
) -> bool {
    let middle = source(at).map(|middle| (kernel[0], middle, zeros));
    let beside = kernel.iter().enumerate().skip(1).filter_map(|(n, &weight)| {
        let (lower, higher) = (source(at.saturating_sub(n)), source((at + n).min(count - 1)));
        let any = lower.is_some() || higher.is_some();
        any.then(|| (weight, lower.unwrap_or(zeros), higher.unwrap_or(zeros)))
    });
    let mut pairs = middle.into_iter().chain(beside).peekable();
    let added = pairs.peek().is_some();
    while pairs.peek().is_some() {
        add_four(row, std::array::from_fn(|_| pairs.next().unwrap_or((0.0, zeros, zeros))));
    }
    added
}

/// Adds sums of two rows each with their weights, one after the other, as long as a value is at hand.
fn add_four(row: &mut [f32], pairs: [(f32, &[f32], &[f32]); 4]) {
    let len = row.len();
    let [first, second, third, last] =
        pairs.map(|(weight, lower, higher)| (weight, &lower[..len], &higher[..len]));
    for (x, value) in row.iter_mut().enumerate() {
        // (Written out: so it is done for several values at once.)
        *value += first.0 * (first.1[x] + first.2[x]);
        *value += second.0 * (second.1[x] + second.2[x]);
        *value += third.0 * (third.1[x] + third.2[x]);
        *value += last.0 * (last.1[x] + last.2[x]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::testing::cases;

    #[test]
    fn as_scipy_says() {
        for case in cases() {
            let (grid, limits) = (case.grid(), WorkLimits::none());
            let kernel = Kernel::of([case.sigma_mm; 3], &grid);
            let found = Blurred::of(&case.mask, grid.dims(), &kernel, &limits).unwrap();
            let Some(found) = found else { continue };
            let [nx, ny, _] = grid.dims();
            for &(index, expected) in &case.blurred {
                let v = [index % nx, index / nx % ny, index / nx / ny];
                let bounds = found.frame.bounds();
                let inside = (0..3).all(|a| v[a] >= bounds.min[a] && v[a] < bounds.max[a]);
                let [x, y, z] = std::array::from_fn(|a| v[a].wrapping_sub(bounds.min[a]));
                let [sx, sy, _] = found.frame.size();
                let got = if inside { found.values[x + sx * (y + sy * z)] } else { 0.0 };
                assert!(
                    (f64::from(got) - expected).abs() < 2e-6,
                    "{} at {v:?}: {got}, {expected}",
                    case.name
                );
            }
        }
    }
}
