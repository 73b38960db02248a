//! Smallest, largest and mean value, and whether they are those of a CT.

use super::value_sample::sorted_sample;
use super::{CtContent, Volume};
use crate::with_voxels;

/// Minimum, maximum and mean of the finite values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stats {
    /// Smallest finite value; NaN when there is none.
    pub min: f64,
    /// Largest finite value; NaN when there is none.
    pub max: f64,
    /// Mean of the finite values; NaN when there is none.
    pub mean: f64,
    /// How many values are NaN or infinite (and left out above).
    pub not_finite: usize,
    /// What the scan shows if its values are Hounsfield units, as far as one can tell; else `None`.
    pub ct: Option<CtContent>,
}

impl Stats {
    /// Whether the values are Hounsfield units as far as one can tell.
    pub fn looks_like_ct(&self) -> bool {
        self.ct.is_some()
    }
}

impl Volume {
    /// Minimum, maximum, mean over every voxel of every time point, with the scale applied.
    pub fn stats(&self) -> Stats {
        let (mut min, mut max, mut sum, mut n) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0usize);
        with_voxels!(self.voxels(), v => for &raw in v {
            let raw = raw as f64;
            if raw.is_finite() {
                min = min.min(raw);
                max = max.max(raw);
                sum += raw;
                n += 1;
            }
        });
        if n == 0 {
            let nan = f64::NAN;
            let not_finite = self.voxels().len();
            return Stats { min: nan, max: nan, mean: nan, not_finite, ct: None };
        }
        let (scale, count) = (self.scale(), self.voxels().len());
        let (a, b) = (scale.apply(min), scale.apply(max));
        let (min, max) = (a.min(b), a.max(b));
        let sample = || sorted_sample(self, 0..count);
        Stats {
            min,
            max,
            mean: scale.apply(sum / n as f64),
            not_finite: self.voxels().len() - n,
            // Of most scans the smallest value tells already.
            ct: (min < 0.0).then(|| CtContent::of(&sample(), min, max)).flatten(),
        }
    }
}
