//! The pixels of images, to voxels: decoded on all cores, each slice written once.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use dicom_dictionary_std::tags;
use rayon::prelude::*;

use super::super::error::IoError;
use super::attributes::Attributes;
use super::codec::{Coding, coding, decode};
use super::instance::{Instance, Photometric, PixelKind, Shape};
use super::opened::{Opened, data_set, told};
use super::palette::Palette;
use super::structure::{PixelElement, items};
use crate::io::volume_part::Bounds;
use crate::volume::{Conversion, Scale, Voxels};
use crate::work::{CancelToken, Progress};

/// Which image is a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Which of the files.
    pub instance: usize,
    /// Which of its images.
    pub frame: usize,
}

/// What the voxels of images become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    /// Values, because each image has a scale of its own, or as they are stored.
    F32,
    F64,
}

impl Target {
    /// The narrowest type that holds what images of this shape store.
    pub fn of(shape: &Shape, one_scale: bool) -> Self {
        if let Photometric::Palette { wide } = shape.photometric {
            return if wide { Self::U16 } else { Self::U8 };
        }
        match (shape.kind, shape.allocated) {
            (PixelKind::Float, 64) => Self::F64,
            (PixelKind::Float, _) => Self::F32,
            _ if !one_scale && shape.samples == 1 => Self::F32,
            (PixelKind::Unsigned, 8) => Self::U8,
            (PixelKind::Signed, 8) => Self::I8,
            (PixelKind::Unsigned, 16) => Self::U16,
            (PixelKind::Signed, 16) => Self::I16,
            (PixelKind::Unsigned, _) => Self::U32,
            (PixelKind::Signed, _) => Self::I32,
        }
    }

    /// A number as voxels of this type have it.
    pub fn rounded(self, number: f64) -> f64 {
        match self {
            Self::F32 => f64::from(number as f32),
            Self::F64 => number,
            _ => number.round(),
        }
    }

    /// Bytes of a voxel.
    pub fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

/// What images were, if they became something else.
pub(super) fn conversion(shape: &Shape) -> Option<Conversion> {
    shape.has_colours().then_some(Conversion::Colours)
}

/// Reads slices of `instances`, all of one shape, in order; where one is missing, the smallest number that was found.
/// Progress counts slices.
pub(super) fn read(
    instances: &[Instance],
    slices: &[Option<Place>],
    wanted: Wanted,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Voxels, IoError> {
    let work = Work::new(instances, slices, wanted, cancel, progress)?;
    Ok(match wanted.target {
        Target::U8 => Voxels::U8(work.voxels(|n| n as u8, |v| v as u8)?),
        Target::I8 => Voxels::I8(work.voxels(|n| n as i8, |v| v as i8)?),
        Target::U16 => Voxels::U16(work.voxels(|n| n as u16, |v| v as u16)?),
        Target::I16 => Voxels::I16(work.voxels(|n| n as i16, |v| v as i16)?),
        Target::U32 => Voxels::U32(work.voxels(|n| n as u32, |v| v as u32)?),
        Target::I32 => Voxels::I32(work.voxels(|n| n as i32, |v| v as i32)?),
        Target::F32 => Voxels::F32(work.voxels(|n| n as f32, |v| v as f32)?),
        Target::F64 => Voxels::F64(work.voxels(|n| n as f64, |v| v)?),
    })
}

/// What is made of slices.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub target: Target,
    /// Each image's scale is applied; else its numbers stay as they are stored.
    pub scaled: bool,
    /// The part of each slice that is kept.
    pub within: Option<&'a Bounds>,
}

struct Work<'a> {
    instances: &'a [Instance],
    slices: &'a [Option<Place>],
    wanted: Wanted<'a>,
    /// Voxels are what is stored, in its own type.
    as_stored: bool,
    /// The pixels of files of several images, read once.
    shared: HashMap<usize, OnceLock<Result<Pixels, String>>>,
    cancel: &'a CancelToken,
    progress: &'a Progress,
    /// Slices so far.
    done: AtomicU64,
}

impl<'a> Work<'a> {
    fn new(
        instances: &'a [Instance],
        slices: &'a [Option<Place>],
        wanted: Wanted<'a>,
        cancel: &'a CancelToken,
        progress: &'a Progress,
    ) -> Result<Self, IoError> {
        for place in slices.iter().flatten() {
            coding_of(&instances[place.instance])?;
        }
        let many = instances.iter().enumerate().filter(|(_, i)| i.frames.len() > 1);
        let shared = many.map(|(n, _)| (n, OnceLock::new())).collect();
        progress.set_total(slices.len() as u64);
        progress.set_done(0);
        let shape = slices.iter().flatten().next().map(|place| &instances[place.instance].shape);
        let as_stored = cfg!(target_endian = "little")
            && !wanted.scaled
            && shape.is_some_and(|s| s.is_whole() && wanted.target == Target::of(s, true));
        let done = AtomicU64::new(0);
        Ok(Self { instances, slices, wanted, as_stored, shared, cancel, progress, done })
    }

    fn voxels<T>(
        &self,
        whole: impl Fn(i64) -> T + Sync,
        real: impl Fn(f64) -> T + Sync,
    ) -> Result<Vec<T>, IoError>
    where
        T: bytemuck::Pod + PartialOrd + Send + Sync,
    {
        let Some(first) = self.slices.iter().flatten().next() else { return Ok(Vec::new()) };
        let Instance { shape, origin, .. } = &self.instances[first.instance];
        let whole_area = shape.rows * shape.columns;
        let within = self.wanted.within;
        let area = within.map_or(whole_area, |bounds| bounds.dims[0] * bounds.dims[1]);
        let mut voxels: Vec<T> = bytemuck::allocation::try_zeroed_vec(area * self.slices.len())
            .map_err(|()| {
                let needed = (area * self.slices.len() * size_of::<T>()) as u64;
                IoError::too_large(needed, needed.saturating_sub(1), &origin.path)
            })?;
        voxels.par_chunks_mut(area).zip(self.slices).try_for_each(|(out, place)| {
            self.cancel.check()?;
            match (place, within) {
                (None, _) => {}
                (Some(place), None) => self.slice(*place, out, &whole, &real)?,
                (Some(place), Some(bounds)) => {
                    let mut all = vec![T::zeroed(); whole_area];
                    self.slice(*place, &mut all, &whole, &real)?;
                    bounds.take(&all, out);
                }
            }
            self.progress.set_done(self.done.fetch_add(1, Ordering::Relaxed) + 1);
            Ok::<_, IoError>(())
        })?;
        if self.slices.iter().any(Option::is_none) {
            let there = voxels.chunks(area).zip(self.slices).filter(|(_, place)| place.is_some());
            let least = there
                .flat_map(|(slice, _)| slice)
                .copied()
                .reduce(|a, b| if b < a { b } else { a });
            let least = least.unwrap_or_else(T::zeroed);
            for (slice, _) in voxels.chunks_mut(area).zip(self.slices).filter(|(_, p)| p.is_none())
            {
                slice.fill(least);
            }
        }
        Ok(voxels)
    }

    fn slice<T: bytemuck::Pod>(
        &self,
        place: Place,
        out: &mut [T],
        whole: impl Fn(i64) -> T,
        real: impl Fn(f64) -> T,
    ) -> Result<(), IoError> {
        let instance = &self.instances[place.instance];
        let (shape, path) = (&instance.shape, &instance.origin.path);
        let damaged = |what: String| IoError::Damaged { what, path: path.clone() };
        let coding = coding_of(instance)?;
        let alone = !self.shared.contains_key(&place.instance);
        let as_in_file = self.as_stored && coding == Coding::Plain { big_endian: false };
        if alone && as_in_file && read_into(bytemuck::cast_slice_mut(out), instance)? {
            return Ok(());
        }
        let own;
        let pixels = match self.shared.get(&place.instance) {
            None => {
                own = Pixels::read(instance)?;
                &own
            }
            Some(lock) => lock
                .get_or_init(|| Pixels::read(instance).map_err(|e| e.to_string()))
                .as_ref()
                .map_err(|why| damaged(why.clone()))?,
        };
        let bytes = pixels.frame(place.frame, shape, path)?;
        let bytes = match coding {
            Coding::Plain { .. } => bytes,
            _ => Cow::Owned(decode(coding, &bytes, shape).map_err(damaged)?),
        };
        let scale = self.wanted.scaled.then(|| instance.frames[place.frame].scale);
        let big = matches!(coding, Coding::Plain { big_endian: true });
        if shape.samples > 1 {
            luminance(&bytes, shape, coding, out, whole);
            Ok(())
        } else if let Some(palette) = &pixels.palette {
            let whole = |n: i64| whole(i64::from(palette.luma(n)));
            numbers(&bytes, shape, big, None, out, whole, real);
            Ok(())
        } else if shape.kind == PixelKind::Float {
            floats(&bytes, shape, scale, out, real);
            Ok(())
        } else {
            if self.as_stored && !big {
                let voxels = bytemuck::cast_slice_mut::<T, u8>(out);
                voxels.copy_from_slice(&bytes[..voxels.len()]);
                only_stored_bits(voxels, shape);
            } else {
                numbers(&bytes, shape, big, scale, out, whole, real);
            }
            Ok(())
        }
    }
}

fn coding_of(instance: &Instance) -> Result<Coding, IoError> {
    let unknown = |name| IoError::Compression { name, path: instance.origin.path.clone() };
    let coding = coding(&instance.syntax).map_err(unknown)?;
    if instance.shape.bits && !matches!(coding, Coding::Plain { .. }) {
        return Err(unknown("compressed pixels of one bit".into()));
    }
    Ok(coding)
}

/// Reads the only image of a file where its voxels lie; false if its pixels are stored in an odd way.
fn read_into(voxels: &mut [u8], instance: &Instance) -> Result<bool, IoError> {
    let (shape, path) = (&instance.shape, &instance.origin.path);
    let reading = |e| IoError::reading(e, path);
    let mut opened = instance.origin.open()?;
    let Some(PixelElement { offset, length: Some(length), .. }) = opened.structure.pixels else {
        return Ok(false);
    };
    if opened.structure.encoding.big_endian {
        return Ok(false);
    }
    let found = length.min(opened.length.saturating_sub(offset));
    if found < voxels.len() as u64 {
        return Err(cut(found, voxels.len() as u64, path));
    }
    opened.reader.seek(SeekFrom::Start(offset)).map_err(reading)?;
    opened.reader.read_exact(voxels).map_err(reading)?;
    only_stored_bits(voxels, shape);
    Ok(true)
}

/// Of little-endian numbers the bits that count, with their sign.
fn only_stored_bits(voxels: &mut [u8], shape: &Shape) {
    fn shifted<T>(voxels: &mut [u8], left: u32, right: u32)
    where
        T: bytemuck::Pod + std::ops::Shl<u32, Output = T> + std::ops::Shr<u32, Output = T>,
    {
        for voxel in bytemuck::cast_slice_mut::<u8, T>(voxels) {
            *voxel = *voxel << left >> right;
        }
    }
    if shape.stored == shape.allocated {
        return;
    }
    let (left, right) = (shape.allocated - 1 - shape.high, shape.allocated - shape.stored);
    match (shape.allocated, shape.kind == PixelKind::Signed) {
        (8, false) => shifted::<u8>(voxels, left, right),
        (8, true) => shifted::<i8>(voxels, left, right),
        (16, false) => shifted::<u16>(voxels, left, right),
        (16, true) => shifted::<i16>(voxels, left, right),
        (_, false) => shifted::<u32>(voxels, left, right),
        (_, true) => shifted::<i32>(voxels, left, right),
    }
}

fn no_pixels(path: &Path) -> IoError {
    IoError::header("it has no pixels", path)
}

fn cut(found: u64, meant: u64, path: &Path) -> IoError {
    let what = format!("{found} of {meant} bytes of pixels are there");
    IoError::Truncated { what, path: path.to_owned() }
}

/// Whether all are the same.
pub(super) fn one_scale(scales: impl IntoIterator<Item = Scale>) -> bool {
    let mut scales = scales.into_iter();
    let first = scales.next();
    scales.all(|scale| Some(scale) == first)
}

/// The pixels of a file as they lie in it.
pub(super) struct Pixels {
    bytes: Vec<u8>,
    /// Where each item of compressed pixels lies in `bytes`; none of pixels that are not.
    items: Vec<Range<usize>>,
    /// Where the items of each image begin, counted as the file does.
    offsets: Vec<u64>,
    /// Numbers of bytes were written as words of two, the second first.
    swapped: bool,
    /// All items are of it.
    one_image: bool,
    /// Of numbers of colours, these.
    palette: Option<Palette>,
}

impl Pixels {
    /// Reads them all.
    pub fn read(instance: &Instance) -> Result<Self, IoError> {
        let path = &instance.origin.path;
        let reading = |e| IoError::reading(e, path);
        let mut opened = instance.origin.open()?;
        let none = || no_pixels(path);
        if instance.shape.kind == PixelKind::Float {
            let data = data_set(&mut opened, path)?;
            let floats = [tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA];
            let found = floats.into_iter().find_map(|tag| data.get(tag)?.to_bytes().ok());
            return Ok(Self::plain(found.map(Cow::into_owned).ok_or_else(none)?, false));
        }
        let pixels = opened.structure.pixels.ok_or_else(none)?;
        let palette = match instance.shape.photometric {
            Photometric::Palette { .. } => {
                let data = data_set(&mut opened, path)?;
                Palette::of(Attributes(&data)).map_err(|what| IoError::header(what, path))?
            }
            _ => None,
        };
        if let Some(length) = pixels.length {
            let there = length.min(opened.length.saturating_sub(pixels.offset));
            let mut bytes = vec![0; there as usize];
            opened.reader.seek(SeekFrom::Start(pixels.offset)).map_err(reading)?;
            opened.reader.read_exact(&mut bytes).map_err(reading)?;
            let big_endian = opened.structure.encoding.big_endian;
            let swapped = big_endian && pixels.words && instance.shape.allocated == 8;
            return Ok(Self { palette, ..Self::plain(bytes, swapped) });
        }
        if matches!(coding(&instance.syntax), Ok(Coding::Plain { .. })) {
            return Err(IoError::header("its pixels lie in items, as only packed ones do", path));
        }
        let one = instance.frames.len() == 1;
        let packed = Self::encapsulated(&mut opened, pixels.offset, one, path)?;
        Ok(Self { palette, ..packed })
    }

    fn plain(bytes: Vec<u8>, swapped: bool) -> Self {
        let (items, offsets) = (Vec::new(), Vec::new());
        Self { bytes, items, offsets, swapped, one_image: false, palette: None }
    }

    fn encapsulated(
        opened: &mut Opened,
        offset: u64,
        one_image: bool,
        path: &Path,
    ) -> Result<Self, IoError> {
        let reading = |e| IoError::reading(e, path);
        let found = items(&mut opened.reader, offset, opened.length).map_err(|e| told(e, path))?;
        let (mut bytes, mut ranges) = (Vec::new(), Vec::new());
        for (at, length) in found {
            let begin = bytes.len();
            bytes.resize(begin + length as usize, 0);
            opened.reader.seek(SeekFrom::Start(at)).map_err(reading)?;
            opened.reader.read_exact(&mut bytes[begin..]).map_err(reading)?;
            ranges.push(begin..bytes.len());
        }
        if ranges.is_empty() {
            return Err(IoError::Truncated { what: "it has no pixels".into(), path: path.into() });
        }
        let table = &bytes[ranges.remove(0)];
        let mut offsets: Vec<u64> =
            table.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b).into()).collect();
        if offsets.is_empty()
            && let Some(extended) = data_set(opened, path)?.get(tags::EXTENDED_OFFSET_TABLE)
            && let Ok(table) = extended.to_bytes()
        {
            offsets = table.as_chunks::<8>().0.iter().map(|b| u64::from_le_bytes(*b)).collect();
        }
        Ok(Self { bytes, items: ranges, offsets, swapped: false, one_image, palette: None })
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes of pixels that are not compressed, in their order; as many of them as there are.
    pub fn range(&self, range: Range<usize>) -> Cow<'_, [u8]> {
        if self.swapped {
            return self.in_order(range);
        }
        let end = range.end.min(self.bytes.len());
        Cow::Borrowed(&self.bytes[range.start.min(end)..end])
    }

    /// The bytes of an image, compressed or not.
    pub fn frame(&self, n: usize, shape: &Shape, path: &Path) -> Result<Cow<'_, [u8]>, IoError> {
        let missing = |what: String| IoError::Truncated { what, path: path.to_owned() };
        if self.items.is_empty() && shape.bits {
            return self.bits(n, shape, path).map(Cow::Owned);
        }
        if self.items.is_empty() {
            let size = shape.plain_bytes();
            let (found, meant) = (self.bytes.len(), (n + 1) * size);
            // A last byte that makes the number of bytes even is no pixel.
            let bytes = self.bytes.get(n * size..meant);
            let bytes = bytes.ok_or_else(|| cut(found as u64, meant as u64, path))?;
            return Ok(if self.swapped { self.in_order(n * size..meant) } else { bytes.into() });
        }
        let items =
            self.items_of(n).ok_or_else(|| missing(format!("image {} is missing", n + 1)))?;
        match items {
            [first, .., last] => Ok(Cow::Borrowed(&self.bytes[first.start..last.end])),
            [only] => Ok(Cow::Borrowed(&self.bytes[only.clone()])),
            [] => Err(missing(format!("image {} is empty", n + 1))),
        }
    }

    /// The pixels of an image of bits, a byte for each.
    fn bits(&self, n: usize, shape: &Shape, path: &Path) -> Result<Vec<u8>, IoError> {
        let (begin, area) = (n * shape.frame_bytes(), shape.frame_bytes());
        let within = begin / 8..(begin + area).div_ceil(8);
        if self.bytes.len() < within.end {
            return Err(cut(self.bytes.len() as u64, within.end as u64, path));
        }
        let bytes = self.range(within);
        let bit = |at: usize| bytes[at / 8] >> (at % 8) & 1;
        Ok((begin % 8..begin % 8 + area).map(bit).collect())
    }

    /// Bytes that lie as words, the second of each first.
    fn in_order(&self, range: Range<usize>) -> Cow<'_, [u8]> {
        let byte = |at: usize| self.bytes.get(at ^ 1).copied().unwrap_or_default();
        Cow::Owned(range.map(byte).collect())
    }

    /// The items of an image: by the table of offsets if there is one, else one for each, or all for the only one.
    fn items_of(&self, n: usize) -> Option<&[Range<usize>]> {
        if self.offsets.len() > 1 {
            // In the file each item is preceded by eight bytes; the table's own are counted off.
            let first = self.items[0].start;
            let begins = |offset: u64| {
                let at = |(k, item): (usize, &Range<usize>)| {
                    (item.start - first + 8 * k) as u64 == offset
                };
                self.items.iter().enumerate().position(at)
            };
            let begin = begins(*self.offsets.get(n)?)?;
            let end = match self.offsets.get(n + 1) {
                Some(next) => begins(*next)?,
                None => self.items.len(),
            };
            return self.items.get(begin..end);
        }
        if self.one_image {
            return (n == 0).then_some(&self.items);
        }
        self.items.get(n..=n)
    }
}

fn numbers<T>(
    bytes: &[u8],
    shape: &Shape,
    big_endian: bool,
    scale: Option<Scale>,
    out: &mut [T],
    whole: impl Fn(i64) -> T,
    real: impl Fn(f64) -> T,
) {
    let size = shape.allocated as usize / 8;
    let (left, right) = (63 - shape.high, 64 - shape.stored);
    let signed = shape.kind == PixelKind::Signed;
    // The bits that count, with their sign.
    let number = |word: u64| {
        let shifted = word << left;
        if signed { (shifted as i64) >> right } else { (shifted >> right) as i64 }
    };
    let voxel = |word: u64| match scale {
        None => whole(number(word)),
        Some(scale) => real(scale.apply(number(word) as f64)),
    };
    match size {
        1 => {
            for (out, &byte) in out.iter_mut().zip(bytes) {
                *out = voxel(byte.into());
            }
        }
        2 => {
            for (out, b) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
                let word = if big_endian { u16::from_be_bytes(*b) } else { u16::from_le_bytes(*b) };
                *out = voxel(word.into());
            }
        }
        _ => {
            for (out, b) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
                let word = if big_endian { u32::from_be_bytes(*b) } else { u32::from_le_bytes(*b) };
                *out = voxel(word.into());
            }
        }
    }
}

fn floats<T>(
    bytes: &[u8],
    shape: &Shape,
    scale: Option<Scale>,
    out: &mut [T],
    real: impl Fn(f64) -> T,
) {
    let scale = scale.unwrap_or(Scale::NONE);
    if shape.allocated == 64 {
        for (voxel, b) in out.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *voxel = real(scale.apply(f64::from_le_bytes(*b)));
        }
    } else {
        for (voxel, b) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *voxel = real(scale.apply(f64::from(f32::from_le_bytes(*b))));
        }
    }
}

/// Luma of ITU-R BT.601, as of other files with colours.
fn luminance<T>(
    bytes: &[u8],
    shape: &Shape,
    coding: Coding,
    out: &mut [T],
    whole: impl Fn(i64) -> T,
) {
    // Decoders give pixel after pixel, whatever the header says.
    let plain = matches!(coding, Coding::Plain { .. } | Coding::Encapsulated);
    let subsampled = plain && shape.photometric == Photometric::Ybr { subsampled: true };
    let area = shape.rows * shape.columns;
    let size = shape.allocated as usize / 8;
    let big_endian = coding == Coding::Plain { big_endian: true };
    let sample = |pixel: usize, colour: usize| {
        let at = if subsampled {
            // Two lumas, then the differences of both.
            pixel / 2 * 4 + pixel % 2
        } else if shape.planar && plain {
            colour * area + pixel
        } else {
            pixel * shape.samples + colour
        };
        let stored = &bytes[at * size..(at + 1) * size];
        let push = |word: u64, &byte: &u8| word << 8 | u64::from(byte);
        let word = if big_endian {
            stored.iter().fold(0, push)
        } else {
            stored.iter().rev().fold(0, push)
        };
        word as f64
    };
    for (pixel, voxel) in out.iter_mut().enumerate() {
        let luma = if shape.photometric == Photometric::Rgb {
            0.299 * sample(pixel, 0) + 0.587 * sample(pixel, 1) + 0.114 * sample(pixel, 2)
        } else {
            sample(pixel, 0)
        };
        *voxel = whole((luma + 0.5) as i64);
    }
}
