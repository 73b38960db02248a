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

    /// The same in another unit: `convert` turns values of this one into values of that, by a factor alone.
    #[must_use]
    pub fn in_unit(self, convert: impl Fn(f64) -> f64) -> Self {
        Self::new(convert(self.centre), convert(self.width))
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
}
