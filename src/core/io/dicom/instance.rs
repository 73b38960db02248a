//! What one DICOM file says about itself and each of its images, pixels left aside.

use glam::DVec3;

use super::heading::Heading;
use super::origin::Origin;
use crate::volume::Scale;

/// A file with images.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub origin: Origin,
    /// Bytes of it, unpacked.
    pub length: u64,
    /// UID of the transfer syntax.
    pub syntax: String,
    /// SOP Class UID.
    pub class: String,
    /// SOP Instance UID.
    pub uid: String,
    pub series: SeriesName,
    pub heading: Heading,
    pub shape: Shape,
    /// The stored numbers that are padding, ends included.
    pub padding: Option<[f64; 2]>,
    /// At least one.
    pub frames: Vec<Frame>,
}

/// By which the images of a series are known, and are found again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SeriesName {
    pub study: String,
    pub uid: String,
    pub frame_of_reference: Option<String>,
    pub number: Option<i64>,
    pub modality: String,
}

/// How the pixels of a file are stored (PS3.3 C.7.6.3).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    pub rows: usize,
    pub columns: usize,
    /// Numbers for each pixel.
    pub samples: usize,
    /// Bits that each takes once it is unpacked, 8, 16 or 32 (of float pixels, 32 or 64).
    pub allocated: u32,
    /// Bits of them that count.
    pub stored: u32,
    /// The highest of those.
    pub high: u32,
    pub kind: PixelKind,
    pub photometric: Photometric,
    /// One colour after the other instead of pixel after pixel.
    pub planar: bool,
    /// In the file each number is one bit, eight in a byte, images without a gap between them (PS3.5 8.1.1).
    pub bits: bool,
}

impl Shape {
    /// Whether each pixel is one whole number, which lies in the file as it is in memory.
    pub fn is_whole(&self) -> bool {
        !self.has_colours() && !self.bits && self.kind != PixelKind::Float
    }

    /// Whether its pixels are colours, of which the luminance is taken.
    pub fn has_colours(&self) -> bool {
        self.samples > 1 || matches!(self.photometric, Photometric::Palette { .. })
    }

    /// Bytes of an image, pixel after pixel.
    pub fn frame_bytes(&self) -> usize {
        self.rows * self.columns * self.samples * self.allocated as usize / 8
    }

    /// Bytes of an image in a file that does not compress it; of one of bits, with those that it shares with others.
    pub fn plain_bytes(&self) -> usize {
        let subsampled = self.photometric == Photometric::Ybr { subsampled: true };
        match self.frame_bytes() {
            pixels if self.bits => pixels.div_ceil(8),
            bytes if subsampled => bytes / 3 * 2,
            bytes => bytes,
        }
    }

    /// Bytes of so many images in a file that does not compress them.
    pub fn bytes_of(&self, images: u64) -> u64 {
        if self.bits {
            return images.saturating_mul(self.frame_bytes() as u64).div_ceil(8);
        }
        images.saturating_mul(self.plain_bytes() as u64)
    }
}

/// What a stored number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PixelKind {
    Unsigned,
    Signed,
    Float,
}

/// What the numbers of a pixel mean (PS3.3 C.7.6.3.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Photometric {
    Monochrome {
        /// Low is bright.
        inverted: bool,
    },
    /// Also what JPEG 2000 turns into it by itself (`YBR_RCT`, `YBR_ICT`).
    Rgb,
    /// Luma and two differences. `subsampled`: the differences are of two pixels in a row (4:2:2) where nothing is
    /// compressed.
    Ybr { subsampled: bool },
    /// The number of a colour in the file's palette. `wide`: colours have 16 bits, else 8.
    Palette { wide: bool },
    /// Another, by its name.
    Other(String),
}

/// An image of a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frame {
    /// Its number in the file, from 0.
    pub number: usize,
    /// The middle of the first pixel: LPS mm.
    pub position: Option<DVec3>,
    /// Unit vectors along a row (rising columns) and along a column (rising rows): LPS.
    pub axes: Option<[DVec3; 2]>,
    /// Millimetres from column to column, and from row to row.
    pub spacing: Option<[f64; 2]>,
    /// These are those of the detector that an X-ray fell on: what lies before it is smaller.
    pub on_detector: bool,
    /// Millimetres that a single slice stands for.
    pub thickness: Option<f64>,
    /// From stored numbers to values.
    pub scale: Scale,
    /// The last parts of the image type, which tell magnitude from phase, or a localizer: never of one volume.
    pub kind: String,
    pub moment: Moment,
}

/// What tells images of one place from one another, the first that does first: they become time points in its order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Moment {
    pub temporal: Option<f64>,
    pub echo_ms: Option<f64>,
    /// Diffusion, s/mm².
    pub b_value: Option<f64>,
    pub trigger_ms: Option<f64>,
    pub acquisition: Option<i64>,
    /// As the file writes it: its order is that of time.
    pub time: Option<String>,
    pub instance: Option<i64>,
}

impl Moment {
    /// Which comes first.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        let number = |a: Option<f64>, b: Option<f64>| {
            a.unwrap_or(f64::NEG_INFINITY).total_cmp(&b.unwrap_or(f64::NEG_INFINITY))
        };
        number(self.temporal, other.temporal)
            .then_with(|| number(self.echo_ms, other.echo_ms))
            .then_with(|| number(self.b_value, other.b_value))
            .then_with(|| number(self.trigger_ms, other.trigger_ms))
            .then_with(|| self.acquisition.cmp(&other.acquisition))
            .then_with(|| self.time.cmp(&other.time))
            .then_with(|| self.instance.cmp(&other.instance))
    }
}
