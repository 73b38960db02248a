use super::{Histogram, Stats};

/// Which values are drawn from black to white.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// The value in the middle of the grey scale (DICOM window centre, "level").
    pub centre: f64,
    /// The range from black to white; > 0.
    pub width: f64,
}

impl Window {
    /// A window; a width that is not positive becomes the smallest that is.
    pub fn new(centre: f64, width: f64) -> Self {
        let width = if width.is_finite() { width.max(1e-6) } else { 1.0 };
        Self { centre: if centre.is_finite() { centre } else { 0.0 }, width }
    }

    /// The value drawn black.
    pub fn low(&self) -> f64 {
        self.centre - self.width / 2.0
    }

    /// The value drawn white.
    pub fn high(&self) -> f64 {
        self.centre + self.width / 2.0
    }

    /// Grey level from 0 (black) to 1 (white).
    pub fn grey(&self, value: f64) -> f64 {
        ((value - self.low()) / self.width).clamp(0.0, 1.0)
    }

    /// A first window. Values that reach down to air in Hounsfield units are taken for CT and get the
    /// soft-tissue window (40, 400); everything else the 1st to 99.5th percentile of what is not background.
    pub fn auto(stats: &Stats, histogram: &Histogram) -> Self {
        if stats.max.partial_cmp(&stats.min) != Some(std::cmp::Ordering::Greater) {
            return Self::new(if stats.min.is_finite() { stats.min } else { 0.0 }, 1.0);
        }
        if stats.looks_like_ct() {
            return Self::new(40.0, 400.0);
        }
        let (low, high) = histogram.foreground_percentiles(0.01, 0.995);
        if high > low {
            Self::new(f64::midpoint(low, high), high - low)
        } else {
            Self::new(f64::midpoint(stats.min, stats.max), stats.max - stats.min)
        }
    }
}
