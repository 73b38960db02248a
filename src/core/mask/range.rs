//! Ranges of values, and the voxels of a region that are in one.

use super::{MaskError, WorkLimits};
use crate::volume::{Region, RegionBuilder, Volume, Voxels};
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
        Some(match estimate {
            Estimate::MeanDeviations(times) => Self::mean_deviations(&values, times),
            Estimate::Percentiles(low, high) => {
                values.sort_unstable_by(f64::total_cmp);
                let [low, high] = [low, high].map(|p| percentile(&values, p));
                Self { low: low.min(high), high: low.max(high) }
            }
        })
    }

    /// The range of the tissue that a brush is on: of the values of `region` (all that it covers) the mean ± so many
    /// standard deviations of those that are like most of `core` (what lies about its middle). So a wide brush that
    /// reaches into air or bone takes no more than a narrow one. `None` if `core` has no finite value.
    ///
    /// Like most of `core` are values within three robust standard deviations (1.4826 times the median absolute
    /// deviation) of its median, which up to half of them being others does not move; of whole numbers at least those
    /// next to it, because where most are the same that deviation is 0.
    pub fn of_tissue(
        volume: &Volume,
        core: &Region,
        region: &Region,
        deviations: f64,
    ) -> Option<Self> {
        let mut core = finite_values(volume, core);
        let median = middle(&mut core)?;
        let mut away: Vec<f64> = core.iter().map(|value| (value - median).abs()).collect();
        let step = match volume.voxels() {
            Voxels::F32(_) | Voxels::F64(_) => f64::from(core.iter().all(|v| v.fract() == 0.0)),
            _ => volume.scale().slope.abs(),
        };
        let reach = (3.0 * 1.4826 * middle(&mut away)?).max(step);
        let alike = Self::around(median, reach);
        let mut values = finite_values(volume, region);
        values.retain(|value| alike.contains(*value));
        // (The core need not be a part of it.)
        Some(if values.is_empty() { alike } else { Self::mean_deviations(&values, deviations) })
    }

    /// Of at least one value.
    fn mean_deviations(values: &[f64], times: f64) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let square = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count;
        Self::around(mean, times.abs() * square.sqrt())
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

/// Their median; `None` if there are none. Changes their order.
fn middle(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    (!values.is_empty()).then(|| percentile(values, 50.0))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DVec3, Grid};
    use crate::mask::brush::{Brush, Tip};
    use crate::volume::{Scale, StoredGeometry};

    const SIZE: usize = 64;

    /// An organ of 40 to 60 HU at x from 20 to 43, air beside it below, fat of −110 to −90 HU above: a slice of 1 mm.
    fn phantom() -> Volume {
        let value = |n: usize| {
            let grain = ((n as u32).wrapping_mul(2_654_435_761) >> 16) % 21;
            let grain = grain as i16 - 10;
            match n % SIZE {
                0..20 => -1000,
                20..44 => 50 + grain,
                _ => -100 + grain,
            }
        };
        let grid = Grid::new([SIZE, SIZE, 1], DAffine3::IDENTITY).unwrap();
        let voxels = Voxels::I16((0..SIZE * SIZE).map(value).collect());
        let (stored, dims) = (StoredGeometry::of(&grid), grid.dims().to_vec());
        Volume::new("phantom", grid, dims, voxels, Scale::NONE, stored, vec![])
    }

    #[test]
    fn a_wide_brush_takes_the_tissue_that_it_is_on() {
        let volume = phantom();
        let dab = |x: f64, radius_mm: f64| {
            let brush = Brush { radius_mm, tip: Tip::Disc { normal: DVec3::Z } };
            brush.dab(volume.grid(), DVec3::new(x, 31.0, 0.0))
        };
        // The grain is 21 whole numbers, about as often each: its standard deviation √(20 · 22 / 12).
        let three = 3.0 * (20.0 * 22.0 / 12.0_f64).sqrt();
        for (x, radius, middle, spread) in [
            (31.0, 3.0, 50.0, three),
            (31.0, 10.0, 50.0, three),
            // Into air at one side, into fat at the other, into both.
            (24.0, 12.0, 50.0, three),
            (39.0, 12.0, 50.0, three),
            (31.0, 25.0, 50.0, three),
            (50.0, 15.0, -100.0, three),
            // Of air all voxels are alike.
            (10.0, 15.0, -1000.0, 0.0),
        ] {
            let (core, all) = (dab(x, f64::min(radius / 2.0, 5.0)), dab(x, radius));
            let core = if core.count() < 25 { &all } else { &core };
            let found = ValueRange::of_tissue(&volume, core, &all, 3.0).unwrap();
            let what = format!("{x} {radius}: {found:?}");
            assert!((f64::midpoint(found.low, found.high) - middle).abs() < 1.0, "{what}");
            assert!(
                ((found.high - found.low) / 2.0 - spread).abs() < 0.05 * spread + 1e-9,
                "{what}"
            );
        }
        // The plain mean and deviation of such a dab are those of nothing in it.
        let plain = ValueRange::of(&volume, &dab(24.0, 12.0), Estimate::MeanDeviations(3.0));
        assert!(plain.is_some_and(|range| range.contains(-1000.0) && range.contains(-100.0)));
    }

    #[test]
    fn of_whole_numbers_neighbours_are_alike_and_of_nothing_there_is_no_range() {
        let of = |voxels: Voxels, scale| {
            let grid = Grid::new([9, 1, 1], DAffine3::IDENTITY).unwrap();
            let stored = StoredGeometry::of(&grid);
            let volume = Volume::new("v", grid, vec![9, 1, 1], voxels, scale, stored, vec![]);
            let all = Region::from_mask(9, [true; 9]);
            ValueRange::of_tissue(&volume, &all, &all, 3.0)
        };
        // Five of nine are 10, so their median deviation is 0. Mean and deviation are those of five 10, a 9 and an 11.
        let few: [u8; 9] = [10, 10, 10, 10, 10, 9, 11, 200, 0];
        let spread = 3.0 * (2.0 / 7.0_f64).sqrt();
        let near = |found: Option<ValueRange>, middle: f64, spread: f64| {
            let found = found.unwrap();
            let apart =
                (found.low - middle + spread).abs().max((found.high - middle - spread).abs());
            assert!(apart < 1e-9, "{found:?}, not {middle} ± {spread}");
        };
        near(of(Voxels::U8(few.to_vec()), Scale::NONE), 10.0, spread);
        let half = Scale { slope: -0.5, inter: 3.0 };
        near(of(Voxels::I32(few.map(i32::from).to_vec()), half), -2.0, spread / 2.0);
        near(of(Voxels::F32(few.map(f32::from).to_vec()), Scale::NONE), 10.0, spread);
        // Not of fractions.
        let fractions = few.map(|v| f32::from(v) + 0.25).to_vec();
        near(of(Voxels::F32(fractions), Scale::NONE), 10.25, 0.0);
        assert_eq!(of(Voxels::F32(vec![f32::NAN; 9]), Scale::NONE), None);
        assert_eq!(
            ValueRange::of_tissue(&phantom(), &Region::default(), &Region::default(), 3.0),
            None
        );
    }
}
