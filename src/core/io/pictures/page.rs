//! One picture, or the pages of one file: how large they are and of which numbers, and those numbers.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use png::{BitDepth, ColorType as PngColour, Transformations};
use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult};

use super::super::error::IoError;
use super::super::registry::beginning;
use crate::volume::{DataType, Voxels};

/// More pixels along a side are damage.
const MOST_PIXELS: u32 = 1 << 16;

/// How the pictures of a stack are stored; all are alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    pub columns: usize,
    pub rows: usize,
    pub data_type: DataType,
    /// Red, green and blue, which become luminance.
    pub colours: bool,
    /// Its numbers stand for colours of a table.
    pub palette: bool,
}

/// What a file of pictures is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PictureKind {
    Png,
    Tiff,
}

impl PictureKind {
    /// By the first bytes.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', ..] => Some(Self::Png),
            // Classic TIFF, and that of 64 bits.
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Self::Tiff),
            _ => None,
        }
    }

    pub fn at(path: &Path) -> Result<Self, IoError> {
        let no = || IoError::header("it is no PNG or TIFF picture", path);
        Self::of(&beginning(path)?).ok_or_else(no)
    }
}

fn open(path: &Path) -> Result<BufReader<File>, IoError> {
    super::super::stream::length(path)?;
    Ok(BufReader::new(File::open(path).map_err(|e| IoError::reading(e, path))?))
}

fn damaged(what: &dyn std::fmt::Display, path: &Path) -> IoError {
    IoError::Damaged { what: what.to_string(), path: path.to_owned() }
}

fn unsupported(name: impl Into<String>, path: &Path) -> IoError {
    IoError::DataType { name: name.into(), path: path.to_owned() }
}

fn sides(width: u32, height: u32, path: &Path) -> Result<(usize, usize), IoError> {
    if width == 0 || height == 0 || width > MOST_PIXELS || height > MOST_PIXELS {
        return Err(IoError::header(format!("{width} × {height} pixels"), path));
    }
    Ok((width as usize, height as usize))
}

/// The pages of a file, each by its header; most files have one.
pub(super) fn shapes(path: &Path) -> Result<Vec<Shape>, IoError> {
    match PictureKind::at(path)? {
        PictureKind::Png => Ok(vec![png_shape(path)?]),
        PictureKind::Tiff => {
            let mut pages = Pages::open(path)?;
            let mut found = vec![pages.shape()?];
            while pages.next()? {
                found.push(pages.shape()?);
                if found.len() > 1 << 16 {
                    return Err(IoError::header("more than 65 536 pages", path));
                }
            }
            Ok(found)
        }
    }
}

fn png_reader(path: &Path) -> Result<png::Reader<BufReader<File>>, IoError> {
    let mut decoder = png::Decoder::new(open(path)?);
    decoder.set_transformations(Transformations::IDENTITY);
    decoder.set_ignore_text_chunk(true);
    decoder.read_info().map_err(|e| damaged(&e, path))
}

fn png_shape(path: &Path) -> Result<Shape, IoError> {
    let reader = png_reader(path)?;
    let info = reader.info();
    let (columns, rows) = sides(info.width, info.height, path)?;
    let data_type = if info.bit_depth == BitDepth::Sixteen { DataType::U16 } else { DataType::U8 };
    let colours = matches!(info.color_type, PngColour::Rgb | PngColour::Rgba);
    let palette = info.color_type == PngColour::Indexed;
    Ok(Shape { columns, rows, data_type, colours, palette })
}

/// The pixels of a PNG file, whose shape was looked at.
pub(super) fn read_png(path: &Path, shape: &Shape) -> Result<Voxels, IoError> {
    let mut reader = png_reader(path)?;
    let (colour, depth) = reader.output_color_type();
    let size = reader.output_buffer_size().ok_or_else(|| damaged(&"it is too large", path))?;
    let most = shape.columns * shape.rows * 8 + shape.rows;
    if size > most {
        return Err(damaged(&"its size changed", path));
    }
    let mut bytes = vec![0; size];
    let frame = reader.next_frame(&mut bytes).map_err(|e| damaged(&e, path))?;
    let line = frame.line_size;
    let lines = bytes.chunks_exact(line.max(1)).take(shape.rows);
    let samples = colour.samples();
    let bits = depth as usize;
    Ok(if bits == 16 {
        let row = |row: &[u8]| -> Vec<u16> {
            let numbers: Vec<u16> =
                row.as_chunks::<2>().0.iter().map(|b| u16::from_be_bytes(*b)).collect();
            one_each(&numbers, samples, luminance_16)
        };
        Voxels::U16(lines.flat_map(row).collect())
    } else if bits == 8 {
        Voxels::U8(lines.flat_map(|row| one_each(row, samples, luminance_8)).collect())
    } else {
        // Several in a byte, the first in its highest bits: numbers as they are.
        let per = 8 / bits;
        let mask = (1u8 << bits) - 1;
        let number = |row: &[u8], x: usize| row[x / per] >> (8 - bits * (x % per + 1)) & mask;
        let columns = shape.columns;
        let unpacked = |row: &[u8]| (0..columns).map(|x| number(row, x)).collect::<Vec<u8>>();
        Voxels::U8(lines.flat_map(unpacked).collect())
    })
}

/// One number for each pixel of several: grey without its alpha, or the luminance of colours.
fn one_each<T: Copy>(numbers: &[T], samples: usize, luminance: impl Fn(&[T]) -> T) -> Vec<T> {
    let pixels = numbers.chunks_exact(samples);
    if samples < 3 {
        return pixels.map(|pixel| pixel[0]).collect();
    }
    pixels.map(luminance).collect()
}

fn luminance_8(rgb: &[u8]) -> u8 {
    weighted([rgb[0], rgb[1], rgb[2]].map(u32::from)) as u8
}

fn luminance_16(rgb: &[u16]) -> u16 {
    weighted([rgb[0], rgb[1], rgb[2]].map(u32::from)) as u16
}

/// Luma of ITU-R BT.601 in 16-bit fixed point, as of other files with colours.
fn weighted(rgb: [u32; 3]) -> u32 {
    let sum: u32 = [19595u32, 38470, 7471].iter().zip(rgb).map(|(w, c)| w * c).sum();
    (sum + 0x8000) >> 16
}

/// The pages of a TIFF file, one after another.
pub(super) struct Pages<'a> {
    decoder: Decoder<BufReader<File>>,
    path: &'a Path,
}

impl<'a> Pages<'a> {
    /// At the first.
    pub fn open(path: &'a Path) -> Result<Self, IoError> {
        let decoder = Decoder::new(open(path)?).map_err(|e| damaged(&e, path))?;
        // A page is no larger than what is asked for it below.
        let mut limits = tiff::decoder::Limits::default();
        limits.decoding_buffer_size = 4 << 30;
        Ok(Self { decoder: decoder.with_limits(limits), path })
    }

    /// Goes on to the next page; whether there is one.
    pub fn next(&mut self) -> Result<bool, IoError> {
        if !self.decoder.more_images() {
            return Ok(false);
        }
        self.decoder.next_image().map_err(|e| damaged(&e, self.path))?;
        Ok(true)
    }

    /// How the page is stored.
    pub fn shape(&mut self) -> Result<Shape, IoError> {
        let path = self.path;
        let (width, height) = self.decoder.dimensions().map_err(|e| damaged(&e, path))?;
        let (columns, rows) = sides(width, height, path)?;
        let colour = self.decoder.colortype().map_err(|e| damaged(&e, path))?;
        let tag = tiff::tags::Tag::SampleFormat;
        let format: Option<Vec<u16>> =
            self.decoder.find_tag_unsigned_vec(tag).map_err(|e| damaged(&e, path))?;
        let format = format.and_then(|f| f.first().copied()).unwrap_or(1);
        let bits = colour.bit_depth();
        let data_type = match (format, bits) {
            (1 | 4, 1..=8) => DataType::U8,
            (1 | 4, 16) => DataType::U16,
            (1 | 4, 32) => DataType::U32,
            (2, 8) => DataType::I8,
            (2, 16) => DataType::I16,
            (2, 32) => DataType::I32,
            (3, 32) => DataType::F32,
            (3, 64) => DataType::F64,
            _ => return Err(unsupported(format!("{bits} bits ({colour:?})"), path)),
        };
        let (colours, palette) = match colour {
            ColorType::Gray(_) | ColorType::GrayA(_) => (false, false),
            ColorType::Palette(_) => (false, true),
            ColorType::RGB(8 | 16) | ColorType::RGBA(8 | 16) if format == 1 => (true, false),
            other => return Err(unsupported(format!("{other:?}"), path)),
        };
        Ok(Shape { columns, rows, data_type, colours, palette })
    }

    /// Its pixels.
    pub fn read(&mut self, shape: &Shape) -> Result<Voxels, IoError> {
        let path = self.path;
        let colour = self.decoder.colortype().map_err(|e| damaged(&e, path))?;
        let samples = usize::from(colour.num_samples());
        let bits = usize::from(colour.bit_depth());
        let count = shape.columns * shape.rows;
        let decoded = self.decoder.read_image().map_err(|e| damaged(&e, path))?;
        let voxels = match decoded {
            DecodingResult::U8(v) if bits < 8 => Voxels::U8(unpacked(&v, bits, shape)),
            DecodingResult::U8(v) => Voxels::U8(one_each(&v, samples, luminance_8)),
            DecodingResult::U16(v) => Voxels::U16(one_each(&v, samples, luminance_16)),
            DecodingResult::U32(v) => Voxels::U32(one_each(&v, samples, |p| p[0])),
            DecodingResult::I8(v) => Voxels::I8(one_each(&v, samples, |p| p[0])),
            DecodingResult::I16(v) => Voxels::I16(one_each(&v, samples, |p| p[0])),
            DecodingResult::I32(v) => Voxels::I32(one_each(&v, samples, |p| p[0])),
            DecodingResult::F32(v) => Voxels::F32(one_each(&v, samples, |p| p[0])),
            DecodingResult::F64(v) => Voxels::F64(one_each(&v, samples, |p| p[0])),
            _ => return Err(unsupported(format!("{colour:?}"), path)),
        };
        if voxels.len() == count && voxels.data_type() == shape.data_type {
            return Ok(voxels);
        }
        let found = voxels.len();
        Err(damaged(&format!("a page has {found} of {count} pixels"), path))
    }
}

/// Numbers of fewer than 8 bits, as they are; each row begins with a byte.
fn unpacked(bytes: &[u8], bits: usize, shape: &Shape) -> Vec<u8> {
    let line = (shape.columns * bits).div_ceil(8);
    let mask = (1u8 << bits) - 1;
    let number = |row: &[u8], x: usize| {
        let at = x * bits;
        row[at / 8] >> (8usize.saturating_sub(bits + at % 8)) & mask
    };
    let rows = bytes.chunks_exact(line.max(1)).take(shape.rows);
    rows.flat_map(|row| (0..shape.columns).map(|x| number(row, x)).collect::<Vec<u8>>()).collect()
}
