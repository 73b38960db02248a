//! First-order statistics of the values under a mask.

use crate::volume::{Region, Volume};
use crate::with_voxels;

use super::percentile;

/// Width of the bins of entropy and uniformity, in the unit of the values (`PyRadiomics`' default).
pub const BIN_WIDTH: f64 = 25.0;

/// What the values under a mask are like, by the definitions of IBSI (Zwanenburg et al., Radiology 2020) and the names of
/// `PyRadiomics`. Values that are NaN or infinite are left out and counted.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstOrder {
    /// How many values.
    pub count: usize,
    /// How many voxels of the mask have no finite value.
    pub not_finite: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation of the population.
    pub sd: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// Percentiles 5, 10, 25, 50 (the median), 75, 90 and 95, as NumPy has them.
    pub percentiles: [f64; 7],
    /// Mean distance from the mean.
    pub mean_absolute_deviation: f64,
    /// The same of the values from the 10th to the 90th percentile; `None` if there are none.
    pub robust_mean_absolute_deviation: Option<f64>,
    /// Root of the mean square.
    pub root_mean_squared: f64,
    /// Sum of squares.
    pub energy: f64,
    /// Third standardised moment; 0 where all values are alike.
    pub skewness: f64,
    /// Fourth standardised moment (3 of a normal distribution, as `PyRadiomics` has it; IBSI's is less by 3); 0 where all
    /// values are alike.
    pub kurtosis: f64,
    /// Of bins of [`BIN_WIDTH`] from 0 on, bits.
    pub entropy: f64,
    /// Sum of the squared shares of the same bins.
    pub uniformity: f64,
}

/// The percentiles of [`FirstOrder::percentiles`].
pub const PERCENTILES: [f64; 7] = [5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0];

/// The values of a scan under a mask on its grid, at the time point that is looked at.
pub fn values_under(mask: &Region, scan: &Volume) -> Vec<f64> {
    let (first, scale) = (scan.time_point_range().start, scan.scale());
    let mut values = Vec::with_capacity(mask.count());
    with_voxels!(scan.voxels(), v => for run in mask.runs() {
        let raw = &v[first + run.start..first + run.end()];
        values.extend(raw.iter().map(|&raw| scale.apply(raw as f64)));
    });
    values
}

impl FirstOrder {
    /// Of values in any order; `None` if none is finite.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        let all = values.len();
        values.retain(|v| v.is_finite());
        values.sort_unstable_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let count = values.len();
        let n = count as f64;
        let mean = values.iter().sum::<f64>() / n;
        let moment = |power: i32| values.iter().map(|v| (v - mean).powi(power)).sum::<f64>() / n;
        let (variance, energy) = (moment(2), values.iter().map(|v| v * v).sum::<f64>());
        let standardised = |power: i32| {
            if variance > 0.0 { moment(power) / variance.sqrt().powi(power) } else { 0.0 }
        };
        let percentiles = PERCENTILES.map(|p| percentile(&values, p).unwrap_or(mean));
        let within = (percentiles[1], percentiles[5]);
        let (entropy, uniformity) = binned(&values);
        Some(Self {
            count,
            not_finite: all - count,
            mean,
            sd: variance.sqrt(),
            min,
            max,
            percentiles,
            mean_absolute_deviation: values.iter().map(|v| (v - mean).abs()).sum::<f64>() / n,
            robust_mean_absolute_deviation: robust(&values, within),
            root_mean_squared: (energy / n).sqrt(),
            energy,
            skewness: standardised(3),
            kurtosis: standardised(4),
            entropy,
            uniformity,
        })
    }

    /// The 50th percentile.
    pub fn median(&self) -> f64 {
        self.percentiles[3]
    }

    /// From the 25th to the 75th percentile.
    pub fn interquartile_range(&self) -> f64 {
        self.percentiles[4] - self.percentiles[2]
    }
}

/// Mean distance from the mean of the values from `low` to `high`.
fn robust(rising: &[f64], (low, high): (f64, f64)) -> Option<f64> {
    let from = rising.partition_point(|&v| v < low);
    let to = rising.partition_point(|&v| v <= high);
    let within = &rising[from..to.max(from)];
    let n = within.len() as f64;
    let mean = within.iter().sum::<f64>() / n;
    (n > 0.0).then(|| within.iter().map(|v| (v - mean).abs()).sum::<f64>() / n)
}

/// Entropy in bits and uniformity of rising values in bins.
fn binned(rising: &[f64]) -> (f64, f64) {
    let n = rising.len() as f64;
    let bin = |v: f64| (v / BIN_WIDTH).floor();
    let shares = rising.chunk_by(|a, b| bin(*a) == bin(*b)).map(|bin| bin.len() as f64 / n);
    shares.fold((0.0, 0.0), |(entropy, uniformity), p| (entropy - p * p.log2(), uniformity + p * p))
}
