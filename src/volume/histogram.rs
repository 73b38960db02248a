use super::{Stats, Volume};
use crate::with_voxels;

/// Counts of values in equal bins between minimum and maximum.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    low: f64,
    bin: f64,
    counts: Vec<u64>,
}

impl Histogram {
    /// Of at most two million voxels of the frame that is looked at, evenly spread, in `bins` bins.
    pub fn of(volume: &Volume, stats: &Stats, bins: usize) -> Self {
        let count = volume.grid().count();
        let span = stats.max - stats.min;
        let bin = if span > 0.0 { span / bins as f64 } else { 1.0 };
        let low = if stats.min.is_finite() { stats.min } else { 0.0 };
        let mut counts = vec![0u64; bins];
        let scale = volume.scale();
        // An odd step does not keep hitting the same columns of a power-of-two grid.
        let step = (count / 2_000_000).max(1) | 1;
        with_voxels!(volume.voxels(), v => for &raw in v[volume.frame_range()].iter().step_by(step) {
            let value = scale.apply(raw as f64);
            if value.is_finite() {
                counts[(((value - low) / bin) as usize).min(bins - 1)] += 1;
            }
        });
        Self { low, bin, counts }
    }

    /// The counts, lowest values first.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The value at the lower edge of a bin.
    pub fn edge(&self, bin: usize) -> f64 {
        self.low + self.bin * bin as f64
    }

    /// The values below which the given fractions of the counted values lie. The first bin is left out
    /// when it holds more than a fifth of all: it is the empty background then.
    pub fn foreground_percentiles(&self, lower: f64, upper: f64) -> (f64, f64) {
        let all: u64 = self.counts.iter().sum();
        let skip = usize::from(self.counts.first().is_some_and(|&c| c * 5 > all && c < all));
        let total: u64 = self.counts[skip..].iter().sum();
        let at = |fraction: f64, edge: usize| {
            let wanted = (total as f64 * fraction) as u64;
            let mut seen = 0;
            for (bin, count) in self.counts.iter().enumerate().skip(skip) {
                seen += count;
                if seen > wanted {
                    return self.edge(bin + edge);
                }
            }
            self.edge(self.counts.len())
        };
        (at(lower, 0), at(upper, 1))
    }
}
