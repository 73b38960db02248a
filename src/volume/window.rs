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
    /// A window; a width that is not positive becomes the smallest normal number, however small the
    /// scan's values are.
    pub fn new(centre: f64, width: f64) -> Self {
        let width = if width.is_finite() { width.max(f64::MIN_POSITIVE) } else { 1.0 };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_tiny_values_keeps_its_width() {
        let window = Window::new(2e-9, 4e-9);
        assert_eq!(window.width, 4e-9);
        for (value, grey) in [(0.0, 0.0), (1e-9, 0.25), (3e-9, 0.75), (5e-9, 1.0)] {
            assert!((window.grey(value) - grey).abs() < 1e-12, "{value}");
        }
        for odd in [0.0, -3.0, f64::MIN_POSITIVE / 2.0] {
            let window = Window::new(5.0, odd);
            assert!(window.width > 0.0, "{odd}");
            assert!([4.0, 5.0, 6.0].iter().all(|&v| !window.grey(v).is_nan()), "{odd}");
        }
    }
}
