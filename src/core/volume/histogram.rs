use std::sync::Arc;

use super::value_sample::{every, sorted_sample};
use super::{Stats, Volume};
use crate::with_voxels;

/// Voxels that are looked at for the bars.
const MOST: usize = 2_000_000;
/// Of so many values one at either end is a stray that says nothing of the scan.
const STRAYS: usize = 2000;
/// Bars reach so many times the bulk's width beyond it, at most to the smallest and the largest value.
const REACH: f64 = 4.0;

/// Counts of values in equal bins, and their percentiles.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    low: f64,
    bin: f64,
    counts: Vec<u64>,
    sample: Arc<[f64]>,
}

impl Histogram {
    /// Of at most two million voxels of the time point that is looked at, evenly spread, in `bins` bins between
    /// minimum and maximum, without padding that `stats` left out. A few values far from all others do not stretch it:
    /// they are counted in the first or the last bin.
    pub fn of(volume: &Volume, stats: &Stats, bins: usize) -> Self {
        let measured = stats.padding > 0;
        let sample: Arc<[f64]> = sorted_sample(volume, volume.time_point_range(), measured).into();
        let (low, high) = range(&sample, stats);
        // The span itself may be more than a number can be.
        let bin = high / bins as f64 - low / bins as f64;
        let bin = if bin > 0.0 { bin } else { 1.0 };
        let mut counts = vec![0u64; bins];
        let scale = volume.scale();
        let step = every(volume.grid().count(), MOST);
        with_voxels!(volume.voxels(), v => for n in volume.time_point_range().step_by(step) {
            let raw = v[n] as f64;
            let value = scale.apply(raw);
            let is_padding = measured && volume.is_padding(n, raw);
            if value.is_finite() && !is_padding {
                counts[((value / bin - low / bin) as usize).min(bins - 1)] += 1;
            }
        });
        Self { low, bin, counts, sample }
    }

    /// That of values that are `factor` (> 0) times these, in another unit.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            low: self.low * factor,
            bin: self.bin * factor,
            counts: self.counts.clone(),
            sample: self.sample.iter().map(|value| value * factor).collect(),
        }
    }

    /// The counts, lowest values first.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The value at the lower edge of a bin.
    pub fn edge(&self, bin: usize) -> f64 {
        self.low + self.bin * bin as f64
    }

    /// Between which values nearly all lie: but for one in 2000 at either end.
    pub fn bulk(&self) -> (f64, f64) {
        bulk(&self.sample)
    }

    /// The values below which the given fractions of the values lie, from a sample of a quarter of a million. What
    /// is within the lowest 256th of the bulk is left out if it is more than a fifth of all: it is the empty
    /// background then; so are values far beyond the bulk.
    pub fn foreground_percentiles(&self, lower: f64, upper: f64) -> (f64, f64) {
        let sample = &self.sample;
        let Some(&last) = sample.last() else { return (self.low, self.edge(self.counts.len())) };
        let (low, high) = bulk(sample);
        let span = if high > low { high - low } else { last - low };
        let below = |edge: f64| sample.partition_point(|v| *v < edge);
        let background = below(low + span / 256.0);
        let skip = background * 5 > sample.len() && background < sample.len();
        let first = if skip { background } else { below(low - REACH * span) };
        let end = below(low + (1.0 + REACH) * span).max(first + 1).min(sample.len());
        let values = &sample[first.min(end - 1)..end];
        let at = |fraction: f64| {
            values[((values.len() as f64 * fraction) as usize).min(values.len() - 1)]
        };
        (at(lower), at(upper))
    }
}

fn bulk(sorted: &[f64]) -> (f64, f64) {
    let Some(last) = sorted.len().checked_sub(1) else { return (0.0, 0.0) };
    // Of a handful of voxels all count.
    let strays = if last < 100 { 0 } else { (sorted.len() / STRAYS).max(1) };
    (sorted[strays], sorted[last - strays])
}

/// What the bars are of.
fn range(sample: &[f64], stats: &Stats) -> (f64, f64) {
    if !(stats.min.is_finite() && stats.max.is_finite()) {
        return (0.0, 0.0);
    }
    let (low, high) = bulk(sample);
    if high <= low {
        return (stats.min, stats.max);
    }
    let reach = (high - low) * REACH;
    (stats.min.max(low - reach), stats.max.min(high + reach))
}
