//! From stored voxels to texels and back: which texture format holds a data type exactly, and how a
//! window becomes a black point and a slope in texels.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::volume::{DataType, Scale, Voxels, Window};
use crate::with_voxels;

/// Texels of the largest magnitude in a float texture. Far from f32's ends, so that a scan with one
/// absurd value (a fill value of -3.4e38, say) keeps its ordinary values out of the denormals.
const LARGEST_EXPONENT: i32 = 40;
/// Voxels that one thread takes at a time: some microseconds of work.
const CHUNK: usize = 1 << 15;

/// How texels are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TexelType {
    /// 16-bit unorm; signed types are moved up by half the range. Exact for 8 and 16-bit integers.
    Unorm16,
    /// 32-bit float of `(raw - offset) · factor`.
    Float32,
}

impl TexelType {
    /// The best type for voxels of a type on a device with these features.
    pub(super) fn choose(data: DataType, features: wgpu::Features) -> Self {
        let small = data.size() <= 2;
        if small && features.contains(wgpu::Features::TEXTURE_FORMAT_16BIT_NORM) {
            Self::Unorm16
        } else {
            Self::Float32
        }
    }

    pub(super) fn format(self) -> wgpu::TextureFormat {
        match self {
            Self::Unorm16 => wgpu::TextureFormat::R16Unorm,
            Self::Float32 => wgpu::TextureFormat::R32Float,
        }
    }

    /// Bytes of a texel.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Unorm16 => 2,
            Self::Float32 => 4,
        }
    }

    /// Whether the device's samplers can interpolate it.
    pub(super) fn filterable(self, features: wgpu::Features) -> bool {
        self == Self::Unorm16 || features.contains(wgpu::Features::FLOAT32_FILTERABLE)
    }
}

/// Smallest and largest finite stored number, and whether there are others.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawRange {
    min: f64,
    max: f64,
    not_finite: bool,
}

impl RawRange {
    pub(super) const EMPTY: Self =
        Self { min: f64::INFINITY, max: f64::NEG_INFINITY, not_finite: false };

    /// Takes in the voxels at memory positions `from..to`.
    pub(super) fn include(&mut self, voxels: &Voxels, from: usize, to: usize) {
        with_voxels!(voxels, v => {
            let parts = v[from..to].par_chunks(CHUNK).map(|chunk| {
                let mut part = Self::EMPTY;
                for &raw in chunk {
                    let raw = raw as f64;
                    if raw.is_finite() {
                        part.min = part.min.min(raw);
                        part.max = part.max.max(raw);
                    } else {
                        part.not_finite = true;
                    }
                }
                part
            });
            *self = parts.reduce(|| Self::EMPTY, Self::and).and(*self);
        });
    }

    /// Of some stored numbers.
    pub(super) fn of(raw: &[f64]) -> Self {
        raw.par_chunks(CHUNK)
            .map(|chunk| {
                let finite = chunk.iter().filter(|raw| raw.is_finite() && raw.abs() < f64::MAX);
                finite.fold(Self { not_finite: true, ..Self::EMPTY }, |range, &raw| Self {
                    min: range.min.min(raw),
                    max: range.max.max(raw),
                    ..range
                })
            })
            .reduce(|| Self::EMPTY, Self::and)
    }

    fn and(self, other: Self) -> Self {
        Self {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            not_finite: self.not_finite || other.not_finite,
        }
    }
}

/// The mapping between stored numbers and texels of one volume.
#[derive(Clone, Copy, Debug)]
pub(super) struct Encoding {
    texel_type: TexelType,
    offset: f64,
    raw_per_texel: f64,
    /// Finite range, for infinite values.
    raw_range: (f64, f64),
    /// The texel of NaN, beyond the darkest by the range of all, so that interpolation next to it stays
    /// finite and dark, and the texel half-way there; `None` when every value is finite.
    nan: Option<(f64, f64)>,
}

impl Encoding {
    /// Whether the range of the values must be known first.
    pub(super) fn needs_range(texel_type: TexelType, data: DataType) -> bool {
        texel_type == TexelType::Float32 && data.size() > 2
    }

    /// The encoding that needs no range.
    pub(super) fn of_small_integers(texel_type: TexelType, data: DataType) -> Self {
        let signed = matches!(data, DataType::I8 | DataType::I16);
        let (offset, raw_per_texel) = match texel_type {
            TexelType::Unorm16 => (if signed { -32768.0 } else { 0.0 }, 65535.0),
            TexelType::Float32 => (0.0, 1.0),
        };
        let raw_range = (f64::NEG_INFINITY, f64::INFINITY);
        Self { texel_type, offset, raw_per_texel, raw_range, nan: None }
    }

    /// The encoding of values in a range: the number nearest to zero becomes 0, where floats are finest;
    /// the factor is a power of two, which costs no precision.
    /// `slope` says which end is dark.
    pub(super) fn of_range(range: RawRange, slope: f64) -> Self {
        let none = range.min > range.max;
        let (min, max) = if none { (0.0, 0.0) } else { (range.min, range.max) };
        let offset = 0.0f64.clamp(min, max);
        let largest = (min - offset).abs().max((max - offset).abs());
        // A double's exponent reaches 1023, and so must not the factor's: hence the clamp.
        let exponent = if largest > 0.0 { largest.log2().ceil().clamp(-980.0, 980.0) } else { 0.0 };
        let raw_per_texel = (exponent - f64::from(LARGEST_EXPONENT)).exp2();
        Self::with_mapping(range, slope, offset, raw_per_texel)
    }

    /// As [`Encoding::of_range`], for another time point of the same scan: the same texels for the same numbers as
    /// before, unless that would cost precision.
    pub(super) fn of_time_point(range: RawRange, slope: f64, before: Option<&Self>) -> Self {
        let fresh = Self::of_range(range, slope);
        let Some(before) = before else { return fresh };
        let texel = |raw: f64| (raw - before.offset) / before.raw_per_texel;
        let (min, max) = fresh.raw_range;
        let near = (before.offset - fresh.offset).abs() <= (max - min) * 1e3;
        let fits = [min, max].iter().all(|&raw| texel(raw).abs() < 1e30);
        if near && fits {
            Self::with_mapping(range, slope, before.offset, before.raw_per_texel)
        } else {
            fresh
        }
    }

    fn with_mapping(range: RawRange, slope: f64, offset: f64, raw_per_texel: f64) -> Self {
        let none = range.min > range.max;
        let (min, max) = if none { (0.0, 0.0) } else { (range.min, range.max) };
        let texel = |raw: f64| (raw - offset) / raw_per_texel;
        let span = match texel(max) - texel(min) {
            span if span > 0.0 => span,
            _ => 1.0,
        };
        let beyond = |part: f64| {
            if slope < 0.0 { texel(max) + span * part } else { texel(min) - span * part }
        };
        let nan = range.not_finite.then(|| (beyond(1.0), beyond(0.5)));
        let texel_type = TexelType::Float32;
        Self { texel_type, offset, raw_per_texel, raw_range: (min, max), nan }
    }

    /// The texels of voxels `from..to` (memory positions).
    pub(super) fn encode<'a>(&self, voxels: &'a Voxels, from: usize, to: usize) -> Texels<'a> {
        let words = |words| Texels::Words(Cow::Owned(words));
        match (self.texel_type, voxels) {
            (TexelType::Unorm16, Voxels::U16(v)) => Texels::Words(Cow::Borrowed(&v[from..to])),
            (TexelType::Unorm16, Voxels::U8(v)) => words(mapped(&v[from..to], u16::from)),
            (TexelType::Unorm16, Voxels::I8(v)) => {
                words(mapped(&v[from..to], |raw| i16::from(raw) as u16 ^ 0x8000))
            }
            (TexelType::Unorm16, Voxels::I16(v)) => {
                words(mapped(&v[from..to], |raw| raw as u16 ^ 0x8000))
            }
            _ => Texels::Floats(self.floats(voxels, from, to)),
        }
    }

    fn floats(&self, voxels: &Voxels, from: usize, to: usize) -> Vec<f32> {
        with_voxels!(voxels, v => mapped(&v[from..to], |raw| self.float_texel(raw as f64)))
    }

    /// The texels of stored numbers that need not be whole; NaN for those that are not a number.
    pub(super) fn encode_numbers(&self, raw: &[f64]) -> Texels<'static> {
        match self.texel_type {
            TexelType::Unorm16 => {
                Texels::Words(Cow::Owned(mapped(raw, |raw| (raw - self.offset).round() as u16)))
            }
            TexelType::Float32 => Texels::Floats(mapped(raw, |raw| self.float_texel(raw))),
        }
    }

    /// The stored number that stands in for NaN between voxels, and the range that infinite ones are clamped to.
    pub(super) fn stand_ins(&self) -> (f64, (f64, f64)) {
        let nan = self.nan.map_or(0.0, |(nan, _)| nan * self.raw_per_texel + self.offset);
        (nan, self.raw_range)
    }

    /// The texel of a stored number (that need not be whole), as a shader reads it.
    pub(super) fn texel(&self, raw: f64) -> f32 {
        match self.texel_type {
            TexelType::Unorm16 => ((raw - self.offset) / self.raw_per_texel) as f32,
            TexelType::Float32 => self.float_texel(raw),
        }
    }

    fn float_texel(&self, raw: f64) -> f32 {
        match self.nan {
            Some((nan, _)) if raw.is_nan() => nan as f32,
            _ => {
                ((raw.clamp(self.raw_range.0, self.raw_range.1) - self.offset) / self.raw_per_texel)
                    as f32
            }
        }
    }

    /// Whether some texels stand for what is not a number.
    pub(super) fn has_nan(&self) -> bool {
        self.nan.is_some()
    }

    /// How texels become grey levels in a window of values.
    pub(super) fn grey(&self, scale: Scale, window: Window) -> TexelGrey {
        let texel =
            |value: f64| ((value - scale.inter) / scale.slope - self.offset) / self.raw_per_texel;
        let limit = |x: f64| x.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32;
        let grey_per_texel = limit(self.raw_per_texel * scale.slope / window.width);
        let never = f64::from(if grey_per_texel < 0.0 { f32::MAX } else { f32::MIN });
        TexelGrey {
            black_texel: limit(texel(window.low())),
            grey_per_texel,
            nan_edge: self.nan.map_or(never, |(_, edge)| edge) as f32,
        }
    }
}

/// Texels as they go to the GPU, in the same order as their voxels.
pub(super) enum Texels<'a> {
    Words(Cow<'a, [u16]>),
    Floats(Vec<f32>),
}

impl Texels<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Texels::Words(words) => bytemuck::cast_slice(words),
            Texels::Floats(floats) => bytemuck::cast_slice(floats),
        }
    }
}

/// On all cores, in plain loops that the compiler can make wide.
fn mapped<A, B>(from: &[A], texel: impl Fn(A) -> B + Sync) -> Vec<B>
where
    A: Copy + Sync,
    B: Copy + Default + Send,
{
    let mut texels = vec![B::default(); from.len()];
    texels.par_chunks_mut(CHUNK).zip(from.par_chunks(CHUNK)).for_each(|(texels, from)| {
        for (to, &raw) in texels.iter_mut().zip(from) {
            *to = texel(raw);
        }
    });
    texels
}

/// `grey = (texel - black_texel) · grey_per_texel`; a texel on the dark side of `nan_edge` is not a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TexelGrey {
    pub black_texel: f32,
    pub grey_per_texel: f32,
    pub nan_edge: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More voxels than one thread takes at a time, from and to the middle of such a part.
    #[test]
    fn texels_come_in_the_order_of_their_voxels() {
        let (from, to) = (CHUNK / 2 + 1, CHUNK * 3 + 7);
        let raw = |n: usize| (n.wrapping_mul(40_503) >> 4) as i16;
        let voxels = Voxels::I16((0..CHUNK * 4).map(raw).collect());
        let encoding = Encoding::of_small_integers(TexelType::Unorm16, DataType::I16);
        let texels = encoding.encode(&voxels, from, to);
        let wanted: Vec<u8> =
            (from..to).flat_map(|n| ((i32::from(raw(n)) + 32768) as u16).to_ne_bytes()).collect();
        assert!(texels.bytes() == wanted);
        let encoding = Encoding::of_small_integers(TexelType::Float32, DataType::I16);
        let texels = encoding.encode(&voxels, from, to);
        let wanted: Vec<u8> = (from..to).flat_map(|n| f32::from(raw(n)).to_ne_bytes()).collect();
        assert!(texels.bytes() == wanted);
    }

    #[test]
    fn the_range_is_that_of_all_parts() {
        let mut values = vec![1.0f32; CHUNK * 3];
        values[5] = -4.0;
        values[CHUNK * 2 + 1] = 9.0;
        values[CHUNK + 3] = f32::NAN;
        let voxels = Voxels::F32(values);
        let mut range = RawRange::EMPTY;
        range.include(&voxels, 0, CHUNK + 1);
        assert_eq!((range.min, range.max, range.not_finite), (-4.0, 1.0, false));
        range.include(&voxels, CHUNK + 1, CHUNK * 3);
        assert_eq!((range.min, range.max, range.not_finite), (-4.0, 9.0, true));
    }
}
