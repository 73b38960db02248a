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
    /// How many values are padding ([`Volume::padding`]) and left out above; 0 if there is nothing else.
    pub padding: usize,
    /// Whether the scan's source says that low values are bright.
    pub low_is_bright: bool,
    /// What the scan shows if its values are Hounsfield units, as far as one can tell; else `None`.
    pub ct: Option<CtContent>,
}

impl Stats {
    /// Whether the values are Hounsfield units as far as one can tell.
    pub fn looks_like_ct(&self) -> bool {
        self.ct.is_some()
    }
}

/// What is summed up of stored numbers.
struct Sums {
    min: f64,
    max: f64,
    sum: f64,
    /// Finite ones that were not left out.
    count: usize,
    left_out: usize,
}

impl Sums {
    /// Of all voxels but those to leave out, told by their memory position and stored number.
    fn of(volume: &Volume, leave_out: impl Fn(usize, f64) -> bool) -> Self {
        let (mut min, mut max, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
        let (mut count, mut left_out) = (0usize, 0usize);
        with_voxels!(volume.voxels(), v => for (n, &raw) in v.iter().enumerate() {
            let raw = raw as f64;
            if leave_out(n, raw) {
                left_out += 1;
            } else if raw.is_finite() {
                min = min.min(raw);
                max = max.max(raw);
                sum += raw;
                count += 1;
            }
        });
        Self { min, max, sum, count, left_out }
    }

    /// Smallest and largest with the scale of the volume, which may turn them round.
    fn ends(&self, volume: &Volume) -> (f64, f64) {
        if self.count == 0 {
            return (f64::NAN, f64::NAN);
        }
        let (a, b) = (volume.scale().apply(self.min), volume.scale().apply(self.max));
        (a.min(b), a.max(b))
    }
}

impl Volume {
    /// Smallest and largest finite value of all time points, padding too: what a type has to hold, and a picture can
    /// show. NaN when there is none.
    pub fn extremes(&self) -> (f64, f64) {
        Sums::of(self, |_, _| false).ends(self)
    }

    /// Minimum, maximum, mean over every voxel of every time point but padding, with the scale applied.
    pub fn stats(&self) -> Stats {
        let padded = !self.padding().is_empty();
        let measured = padded.then(|| Sums::of(self, |n, raw| self.is_padding(n, raw)));
        // A scan of nothing but padding shows that.
        let measured = measured.filter(|sums| sums.count > 0);
        let sums = measured.unwrap_or_else(|| Sums::of(self, |_, _| false));
        let (n, count) = (sums.count, self.voxels().len());
        let (min, max) = sums.ends(self);
        let sample = || sorted_sample(self, 0..count, sums.left_out > 0);
        Stats {
            min,
            max,
            mean: if n == 0 { f64::NAN } else { self.scale().apply(sums.sum / n as f64) },
            not_finite: count - n - sums.left_out,
            padding: sums.left_out,
            low_is_bright: self.low_is_bright(),
            // Of most scans the smallest value tells already.
            ct: (min < 0.0 && !self.is_pet()).then(|| CtContent::of(&sample(), min, max)).flatten(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, Grid};
    use crate::volume::{Histogram, Padding, Scale, StoredGeometry, Voxels, Window};

    /// A body of 900 voxels from -100 to 99 HU within padding of -2000.
    fn ct(padding: Padding) -> Volume {
        let grid = Grid::new([40, 40, 1], DAffine3::IDENTITY).unwrap();
        let value = |n: usize| if n < 700 { -1000 } else { (n % 200) as i16 + 900 };
        let voxels = Voxels::I16((0..1600).map(value).collect());
        let scale = Scale { slope: 1.0, inter: -1000.0 };
        let stored = StoredGeometry::of(&grid);
        let volume = Volume::new("ct", grid, vec![40, 40, 1], voxels, scale, stored, vec![]);
        volume.with_padding(padding)
    }

    #[test]
    fn padding_is_in_no_number_about_values() {
        let volume = ct(Padding::new([[-1000.0; 2]]));
        let stats = volume.stats();
        assert_eq!((stats.min, stats.max, stats.padding), (-100.0, 99.0, 700));
        assert!((stats.mean - 94_550.0 / 900.0 + 100.0).abs() < 1e-9, "{}", stats.mean);
        assert_eq!(volume.extremes(), (-2000.0, 99.0), "what is stored");
        assert_eq!(volume.padding_values(), [[-2000.0; 2]], "in the scan's unit");
        let histogram = Histogram::of(&volume, &stats, 64);
        assert_eq!(histogram.counts().iter().sum::<u64>(), 900);
        assert!(histogram.edge(0) >= -100.0);
        assert!(Window::auto(&stats, &histogram).low() > -200.0);
        let plain = ct(Padding::default());
        let (stats, histogram) = (plain.stats(), Histogram::of(&plain, &plain.stats(), 64));
        assert_eq!((stats.min, stats.padding), (-2000.0, 0));
        assert_eq!(histogram.counts().iter().sum::<u64>(), 1600);
    }

    #[test]
    fn a_scan_of_nothing_but_padding_shows_that() {
        let stats = ct(Padding::new([[-3000.0, 3000.0]])).stats();
        assert_eq!((stats.min, stats.max, stats.padding), (-2000.0, 99.0, 0));
    }
}
