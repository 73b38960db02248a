//! Ranges of values, and the voxels of a region that are in one.

use super::{MaskError, WorkLimits};
use crate::volume::{Region, RegionBuilder, Volume};
use crate::with_voxels;

/// Values from `low` to `high`, both included; NaN is in none, and a range with `low > high` or a NaN end is empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueRange {
    /// Smallest.
    pub low: f64,
    /// Largest.
    pub high: f64,
}

/// How a range is made from the values of some voxels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Estimate {
    /// Their mean ± so many standard deviations (of the population: divided by their number).
    MeanDeviations(f64),
    /// From one percentile to the other (0 to 100), interpolated linearly between values as NumPy's `percentile`.
    Percentiles(f64, f64),
}

impl ValueRange {
    /// Every value but NaN.
    pub const ALL: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// Those no further than `tolerance` from a value.
    pub fn around(value: f64, tolerance: f64) -> Self {
        Self { low: value - tolerance, high: value + tolerance }
    }

    /// Whether a value is in it.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// The range of the finite values of `region` (a dab of the brush), an existing structure's; `None` if there are
    /// none. One value is a range of its own.
    pub fn of(volume: &Volume, region: &Region, estimate: Estimate) -> Option<Self> {
        let mut values = finite_values(volume, region);
        if values.is_empty() {
            return None;
        }
        let count = values.len() as f64;
        Some(match estimate {
            Estimate::MeanDeviations(times) => {
                let mean = values.iter().sum::<f64>() / count;
                let square = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count;
                Self::around(mean, times.abs() * square.sqrt())
            }
            Estimate::Percentiles(low, high) => {
                values.sort_unstable_by(f64::total_cmp);
                let [low, high] = [low, high].map(|p| percentile(&values, p));
                Self { low: low.min(high), high: low.max(high) }
            }
        })
    }

    /// The voxels of `region` whose value (of the time point that is looked at) is in the range: threshold paint is
    /// this of what the brush covers.
    pub fn select(
        &self,
        volume: &Volume,
        region: &Region,
        limits: &WorkLimits,
    ) -> Result<Region, MaskError> {
        let mut builder = RegionBuilder::new(volume.grid().dims()[0]);
        let (shown, scale) = (volume.time_point_range(), volume.scale());
        with_voxels!(volume.voxels(), v => {
            let values = &v[shown];
            for (n, run) in region.runs().iter().enumerate() {
                if n.is_multiple_of(4096) {
                    limits.check()?;
                }
                let inside = |&raw: &_| self.contains(scale.apply(raw as f64));
                let mut at = run.start;
                for same in values[run.start..run.end()].chunk_by(|a, b| inside(a) == inside(b)) {
                    if inside(&same[0]) {
                        builder.push(at, same.len());
                    }
                    at += same.len();
                }
            }
        });
        Ok(builder.finish())
    }
}

fn finite_values(volume: &Volume, region: &Region) -> Vec<f64> {
    let (shown, scale) = (volume.time_point_range(), volume.scale());
    let mut values = Vec::with_capacity(region.count());
    with_voxels!(volume.voxels(), v => {
        let v = &v[shown];
        for run in region.runs() {
            values.extend(v[run.start..run.end()].iter().map(|&raw| scale.apply(raw as f64)));
        }
    });
    values.retain(|v: &f64| v.is_finite());
    values
}

/// Of sorted values, at least one.
fn percentile(values: &[f64], percent: f64) -> f64 {
    let last = values.len() - 1;
    let percent = if percent.is_nan() { 0.0 } else { percent.clamp(0.0, 100.0) };
    let at = percent / 100.0 * last as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(last);
    values[below] + (values[above] - values[below]) * (at - below as f64)
}
