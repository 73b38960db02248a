//! Stored numbers of a volume along a row of any direction: what slices are made of where the graphics device does
//! not hold every voxel. Slow beside a texture, but exact and without a limit on the size of the volume.

use glam::DVec3;

use super::{LabelMap, Voxels};
use crate::with_voxels;

/// How values between voxel centres are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Interpolation {
    /// Trilinear.
    #[default]
    Linear,
    /// The nearest voxel's value.
    Nearest,
    /// Tricubic (Catmull-Rom): sharper than linear, goes through every voxel's value.
    Cubic,
}

/// What is kept of the numbers along the thickness of a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Their mean.
    Mean,
    /// The largest stored number.
    Largest,
    /// The smallest stored number.
    Smallest,
}

/// The thickness of a slice, in samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thickness {
    /// What is kept of them.
    pub keep: Keep,
    /// How many; at least 1. They are centred on the slice's own plane.
    pub samples: u32,
    /// From one to the next, in voxels.
    pub step: DVec3,
}

/// Voxel coordinates along a row: continuous, the first voxel's centre at 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Of the first sample.
    pub start: DVec3,
    /// From one sample to the next.
    pub step: DVec3,
}

impl Row {
    fn at(&self, n: usize) -> DVec3 {
        self.start + self.step * n as f64
    }
}

/// One time point of voxels, to be sampled anywhere.
#[derive(Clone, Copy, Debug)]
pub struct Sampler<'a> {
    voxels: &'a Voxels,
    first: usize,
    dims: [usize; 3],
    /// Stands in for NaN between voxels.
    nan: f64,
    /// What infinite numbers are clamped to.
    range: (f64, f64),
}

impl<'a> Sampler<'a> {
    /// The time point of `dims` voxels whose first is at memory position `first`. Interpolation voxels `nan` stands in
    /// for NaN; everything else is clamped to `range` (smallest, largest stored number).
    ///
    /// # Panics
    /// If the time point does not lie within the voxels, or has none.
    pub fn new(
        voxels: &'a Voxels,
        first: usize,
        dims: [usize; 3],
        nan: f64,
        range: (f64, f64),
    ) -> Self {
        let count: usize = dims.iter().product();
        assert!(count > 0 && first + count <= voxels.len(), "the time point is not there");
        Self { voxels, first, dims, nan, range }
    }

    /// Fills `out` with stored numbers along a row. Outside of the volume its outermost voxels go on, without
    /// end. NaN where the nearest voxel is NaN.
    pub fn row(
        &self,
        row: Row,
        interpolation: Interpolation,
        thickness: Option<Thickness>,
        out: &mut [f64],
    ) {
        let count: usize = self.dims.iter().product();
        with_voxels!(self.voxels, v => {
            let time_point = &v[self.first..self.first + count];
            let of = TypedVoxels {
                raw: |at: usize| time_point[at] as f64,
                dims: self.dims,
                nan: self.nan,
                range: self.range,
            };
            match interpolation {
                Interpolation::Nearest => of.along(row, thickness, out, TypedVoxels::nearest),
                Interpolation::Linear => of.along(row, thickness, out, TypedVoxels::linear),
                Interpolation::Cubic => of.along(row, thickness, out, TypedVoxels::cubic),
            }
        });
    }
}

/// Fills `out` with labels along a row; 0 outside of the map.
pub fn label_row(labels: &LabelMap, row: Row, out: &mut [u16]) {
    let dims = labels.dims();
    for (n, label) in out.iter_mut().enumerate() {
        let at = (row.at(n) + 0.5).floor().to_array();
        let inside = (0..3).all(|a| at[a] >= 0.0 && at[a] < dims[a] as f64);
        *label = if inside { labels.get(at.map(|c| c as usize)) } else { 0 };
    }
}

/// The voxels of one type.
struct TypedVoxels<F> {
    raw: F,
    dims: [usize; 3],
    nan: f64,
    range: (f64, f64),
}

impl<F: Fn(usize) -> f64> TypedVoxels<F> {
    /// The same loop for every way between voxels; each gets a copy of its own.
    #[inline]
    fn along(
        &self,
        row: Row,
        thickness: Option<Thickness>,
        out: &mut [f64],
        value: impl Fn(&Self, DVec3) -> f64,
    ) {
        let Some(Thickness { keep, samples, step }) = thickness.filter(|t| t.samples > 1) else {
            for (n, out) in out.iter_mut().enumerate() {
                let at = row.at(n);
                *out = if self.is_nan_at(at) { f64::NAN } else { value(self, at) };
            }
            return;
        };
        let before = step * (f64::from(samples - 1) / 2.0);
        for (n, out) in out.iter_mut().enumerate() {
            let first = row.at(n) - before;
            let (mut all, mut count) = (f64::NAN, 0u32);
            for s in 0..samples {
                let at = first + step * f64::from(s);
                if !self.is_inside(at) || self.is_nan_at(at) {
                    continue;
                }
                let one = value(self, at);
                all = match keep {
                    _ if count == 0 => one,
                    Keep::Mean => all + one,
                    Keep::Largest => all.max(one),
                    Keep::Smallest => all.min(one),
                };
                count += 1;
            }
            *out = match (keep, count) {
                // Nothing of the thickness is there: the outermost voxels go on.
                (_, 0) if !self.is_nan_at(row.at(n)) => value(self, row.at(n)),
                (Keep::Mean, _) => all / f64::from(count),
                _ => all,
            };
        }
    }

    fn is_inside(&self, at: DVec3) -> bool {
        let dims = DVec3::from_array(self.dims.map(|n| n as f64));
        at.cmpge(DVec3::splat(-0.5)).all() && at.cmplt(dims - 0.5).all()
    }

    fn clamped(&self, c: f64, axis: usize) -> usize {
        // A conversion to an unsigned number clamps at 0.
        (c as usize).min(self.dims[axis] - 1)
    }

    fn index(&self, [x, y, z]: [usize; 3]) -> usize {
        x + self.dims[0] * (y + self.dims[1] * z)
    }

    fn nearest_index(&self, at: DVec3) -> usize {
        let [x, y, z] = (at + 0.5).to_array();
        self.index([self.clamped(x, 0), self.clamped(y, 1), self.clamped(z, 2)])
    }

    fn is_nan_at(&self, at: DVec3) -> bool {
        (self.raw)(self.nearest_index(at)).is_nan()
    }

    /// A number in place of NaN and the infinite.
    fn finite(&self, index: usize) -> f64 {
        let raw = (self.raw)(index);
        if raw.is_finite() {
            raw
        } else if raw.is_nan() {
            self.nan
        } else {
            raw.clamp(self.range.0, self.range.1)
        }
    }

    fn nearest(&self, at: DVec3) -> f64 {
        self.finite(self.nearest_index(at))
    }

    fn linear(&self, at: DVec3) -> f64 {
        let base = at.floor();
        let part = at - base;
        let [x, y, z] = base.to_array();
        let [x0, x1] = [self.clamped(x, 0), self.clamped(x + 1.0, 0)];
        let [y0, y1] = [self.clamped(y, 1), self.clamped(y + 1.0, 1)];
        let [z0, z1] = [self.clamped(z, 2), self.clamped(z + 1.0, 2)];
        let line = |y, z| {
            let start = self.index([0, y, z]);
            let (a, b) = (self.finite(start + x0), self.finite(start + x1));
            a + (b - a) * part.x
        };
        let sheet = |z| {
            let (a, b) = (line(y0, z), line(y1, z));
            a + (b - a) * part.y
        };
        let (a, b) = (sheet(z0), sheet(z1));
        a + (b - a) * part.z
    }

    fn cubic(&self, at: DVec3) -> f64 {
        let base = at.floor();
        let weights = (at - base).to_array().map(catmull_rom);
        let base = base.to_array();
        let places: [[usize; 4]; 3] = std::array::from_fn(|a| {
            std::array::from_fn(|n| self.clamped(base[a] + n as f64 - 1.0, a))
        });
        let (mut sum, mut any_nan) = (0.0, false);
        for (&z, wz) in places[2].iter().zip(weights[2]) {
            for (&y, wy) in places[1].iter().zip(weights[1]) {
                let start = self.index([0, y, z]);
                let row = places[0].map(|x| start + x);
                any_nan |= row.iter().any(|&at| (self.raw)(at).is_nan());
                let line: f64 = (0..4).map(|n| self.finite(row[n]) * weights[0][n]).sum();
                sum += line * wy * wz;
            }
        }
        // Weights below zero would make what stands in for NaN shine.
        if any_nan { self.linear(at) } else { sum }
    }
}

/// Weights of the four voxels around a place `t` (0 to 1) between the middle two.
fn catmull_rom(t: f64) -> [f64; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        0.5 * (-t + 2.0 * t2 - t3),
        0.5 * (2.0 - 5.0 * t2 + 3.0 * t3),
        0.5 * (t + 4.0 * t2 - 3.0 * t3),
        0.5 * (t3 - t2),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIMS: [usize; 3] = [5, 4, 3];

    /// A time point that comes second, of a ramp along every axis.
    fn ramp() -> Voxels {
        let mut all = vec![9999.0; 60];
        for z in 0..3 {
            for y in 0..4 {
                for x in 0..5 {
                    all.push(x as f32 + 10.0 * y as f32 - 100.0 * z as f32);
                }
            }
        }
        Voxels::F32(all)
    }

    fn sample(interpolation: Interpolation, thickness: Option<Thickness>, at: DVec3) -> f64 {
        let voxels = ramp();
        let mut out = [0.0; 2];
        let row = Row { start: at - DVec3::X, step: DVec3::X };
        let everything = (f64::MIN, f64::MAX);
        Sampler::new(&voxels, 60, DIMS, 0.0, everything).row(
            row,
            interpolation,
            thickness,
            &mut out,
        );
        out[1]
    }

    #[test]
    fn a_ramp_stays_a_ramp_between_voxels() {
        let at = DVec3::new(1.6, 1.25, 1.5);
        let exact = 1.6 + 12.5 - 150.0;
        assert!((sample(Interpolation::Linear, None, at) - exact).abs() < 1e-9);
        assert_eq!(sample(Interpolation::Nearest, None, at), 2.0 + 10.0 - 200.0);
        // Inside of the outermost voxels only: there the ramp is cut off.
        let inner = DVec3::new(1.6, 1.25, 1.0);
        assert!((sample(Interpolation::Cubic, None, inner) - (1.6 + 12.5 - 100.0)).abs() < 1e-9);
        for t in [0.0, 0.3, 1.0] {
            assert!((catmull_rom(t).iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn outside_the_last_voxel_goes_on() {
        for interpolation in [Interpolation::Nearest, Interpolation::Linear, Interpolation::Cubic] {
            assert_eq!(sample(interpolation, None, DVec3::new(99.0, -7.0, 0.0)), 4.0);
        }
    }

    #[test]
    fn a_thick_slice_takes_what_lies_in_the_volume() {
        let thick = |keep| Some(Thickness { keep, samples: 5, step: DVec3::Z });
        let at = DVec3::new(1.0, 1.0, 1.0);
        // Samples at z = -1, 0, 1, 2, 3: three of them are inside.
        assert_eq!(sample(Interpolation::Linear, thick(Keep::Mean), at), 11.0 - 100.0);
        assert_eq!(sample(Interpolation::Linear, thick(Keep::Largest), at), 11.0);
        assert_eq!(sample(Interpolation::Nearest, thick(Keep::Smallest), at), 11.0 - 200.0);
    }

    #[test]
    fn nan_and_infinity() {
        let voxels = Voxels::F64(vec![1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
        let sampler = Sampler::new(&voxels, 0, [4, 1, 1], -7.0, (-2.0, 8.0));
        let mut out = [0.0; 4];
        let row = Row { start: DVec3::ZERO, step: DVec3::X };
        sampler.row(row, Interpolation::Linear, None, &mut out);
        assert!(out[1].is_nan());
        assert_eq!([out[0], out[2], out[3]], [1.0, 8.0, -2.0]);
        let row = Row { start: DVec3::X * 0.25, step: DVec3::X };
        sampler.row(row, Interpolation::Linear, None, &mut out[..1]);
        assert_eq!(out[0], 1.0 * 0.75 - 7.0 * 0.25);
    }

    #[test]
    fn labels_of_a_row_are_those_of_its_voxels() {
        let labels: Vec<u16> = (1..=60).collect();
        let map = LabelMap::from_labels(DIMS, &labels);
        let mut out = [0; 7];
        label_row(&map, Row { start: DVec3::new(-1.0, 1.4, 2.0), step: DVec3::X }, &mut out);
        assert_eq!(out, [0, 46, 47, 48, 49, 50, 0]);
    }
}
