use std::path::Path;

use super::super::IoError;
use super::super::sniff::Endian;
use crate::volume::{DataType, QForm, SForm, Scale, StoredGeometry, Warning};

/// How voxels are stored, and what they become in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Kept as they are.
    Scalar(DataType),
    /// Red, green, blue (and alpha, ignored) become luminance, uint8.
    Colour { channels: usize },
    /// Two floats become their magnitude, float32.
    Complex { double: bool },
}

impl Kind {
    /// From the NIfTI `datatype` code; `Err` with the name of a type that can't be shown.
    fn from_code(code: i32) -> Result<Self, String> {
        Ok(match code {
            2 => Kind::Scalar(DataType::U8),
            4 => Kind::Scalar(DataType::I16),
            8 => Kind::Scalar(DataType::I32),
            16 => Kind::Scalar(DataType::F32),
            32 => Kind::Complex { double: false },
            64 => Kind::Scalar(DataType::F64),
            128 => Kind::Colour { channels: 3 },
            256 => Kind::Scalar(DataType::I8),
            512 => Kind::Scalar(DataType::U16),
            768 => Kind::Scalar(DataType::U32),
            1024 => Kind::Scalar(DataType::I64),
            1280 => Kind::Scalar(DataType::U64),
            1536 => return Err("float128".into()),
            1792 => Kind::Complex { double: true },
            2048 => return Err("complex256".into()),
            2304 => Kind::Colour { channels: 4 },
            1 => return Err("1-bit binary".into()),
            other => return Err(format!("number {other}")),
        })
    }

    /// Bytes of a voxel in the file.
    pub(super) fn size(self) -> usize {
        match self {
            Kind::Scalar(t) => t.size(),
            Kind::Colour { channels } => channels,
            Kind::Complex { double: false } => 8,
            Kind::Complex { double: true } => 16,
        }
    }

    /// Bytes of a voxel in memory.
    pub(super) fn size_in_memory(self) -> usize {
        match self {
            Kind::Scalar(t) => t.size(),
            Kind::Colour { .. } => 1,
            Kind::Complex { .. } => 4,
        }
    }
}

/// A checked header: dimensions are positive, their product fits, the type is one we read.
#[derive(Clone, Debug)]
pub(in crate::io) struct Header {
    pub(super) endian: Endian,
    /// Whether the voxels are in another file.
    pub(super) pair: bool,
    /// 2 to 7 of them.
    pub(super) file_dims: Vec<usize>,
    pub(super) kind: Kind,
    /// Bytes before the first voxel.
    pub(super) vox_offset: u64,
    pub(super) scale: Scale,
    pub(super) stored: StoredGeometry,
    pub(super) warnings: Vec<Warning>,
}

impl Header {
    /// Voxels of one frame along x, y, z.
    pub(super) fn dims(&self) -> [usize; 3] {
        std::array::from_fn(|a| self.file_dims.get(a).copied().unwrap_or(1))
    }

    /// Voxels of all frames.
    pub(super) fn count(&self) -> usize {
        self.file_dims.iter().product()
    }
}

/// What both versions say, as wide as the wider of them.
struct Raw {
    version: u8,
    pair: bool,
    dim: [i64; 8],
    datatype: i32,
    bitpix: i32,
    vox_offset: f64,
    slope: f64,
    inter: f64,
    pixdim: [f64; 8],
    xyzt_units: i32,
    qform: QForm,
    sform: SForm,
}

/// A NIfTI-1 header from the first 348 bytes of a file, read by the `nifti` crate.
pub(super) fn parse_1(head: &[u8], endian: Endian, path: &Path) -> Result<Header, IoError> {
    let damaged = |what: &str| IoError::header(what, path);
    let bytes = head.get(..348).ok_or_else(|| damaged("it ends early"))?;
    let h = ::nifti::NiftiHeader::from_reader(bytes)
        .map_err(|e| IoError::header(e.to_string(), path))?;
    // The crate goes by dim[0], we by sizeof_hdr: a header in which they differ can't be trusted.
    let native = h.endianness == ::nifti::Endianness::native();
    if native != (endian == Endian::NATIVE) {
        return Err(damaged("its number of dimensions contradicts its byte order"));
    }
    let wide = |row: [f32; 4]| row.map(f64::from);
    let raw = Raw {
        version: 1,
        pair: h.magic.starts_with(b"ni"),
        // The crate reads the signed field as unsigned.
        dim: h.dim.map(|d| i64::from(d as i16)),
        datatype: i32::from(h.datatype),
        bitpix: i32::from(h.bitpix),
        vox_offset: f64::from(h.vox_offset),
        slope: f64::from(h.scl_slope),
        inter: f64::from(h.scl_inter),
        pixdim: h.pixdim.map(f64::from),
        xyzt_units: i32::from(h.xyzt_units),
        qform: QForm {
            code: i32::from(h.qform_code),
            quatern: [h.quatern_b, h.quatern_c, h.quatern_d].map(f64::from),
            offset: [h.quatern_x, h.quatern_y, h.quatern_z].map(f64::from),
        },
        sform: SForm {
            code: i32::from(h.sform_code),
            rows: [wide(h.srow_x), wide(h.srow_y), wide(h.srow_z)],
        },
    };
    check(&raw, endian, path)
}

/// A NIfTI-2 header from the first 540 bytes of a file (offsets as in `nifti2.h`).
pub(super) fn parse_2(head: &[u8], endian: Endian, path: &Path) -> Result<Header, IoError> {
    if head.len() < 540 {
        return Err(IoError::header("it ends early", path));
    }
    let f = Fields { head, endian };
    let raw = Raw {
        version: 2,
        pair: head[4..].starts_with(b"ni"),
        dim: std::array::from_fn(|i| f.i64(16 + 8 * i)),
        datatype: i32::from(f.i16(12)),
        bitpix: i32::from(f.i16(14)),
        // Stated as an integer here; exact in f64 up to 9 PB.
        vox_offset: f.i64(168) as f64,
        slope: f.f64(176),
        inter: f.f64(184),
        pixdim: std::array::from_fn(|i| f.f64(104 + 8 * i)),
        xyzt_units: f.i32(500),
        qform: QForm {
            code: f.i32(344),
            quatern: std::array::from_fn(|i| f.f64(352 + 8 * i)),
            offset: std::array::from_fn(|i| f.f64(376 + 8 * i)),
        },
        sform: SForm {
            code: f.i32(348),
            rows: std::array::from_fn(|r| std::array::from_fn(|c| f.f64(400 + 32 * r + 8 * c))),
        },
    };
    check(&raw, endian, path)
}

/// Numbers at byte positions; the caller has checked the length.
struct Fields<'a> {
    head: &'a [u8],
    endian: Endian,
}

impl Fields<'_> {
    fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut bytes: [u8; N] = std::array::from_fn(|i| self.head[at + i]);
        if self.endian == Endian::Big {
            bytes.reverse();
        }
        bytes
    }
    fn i16(&self, at: usize) -> i16 {
        i16::from_le_bytes(self.bytes(at))
    }
    fn i32(&self, at: usize) -> i32 {
        i32::from_le_bytes(self.bytes(at))
    }
    fn i64(&self, at: usize) -> i64 {
        i64::from_le_bytes(self.bytes(at))
    }
    fn f64(&self, at: usize) -> f64 {
        f64::from_le_bytes(self.bytes(at))
    }
}

fn check(raw: &Raw, endian: Endian, path: &Path) -> Result<Header, IoError> {
    let mut warnings = Vec::new();
    let mut file_dims = dims(&raw.dim).map_err(|what| IoError::header(what, path))?;
    let space_dims = file_dims.len().min(3);
    if file_dims.len() == 1 {
        file_dims.push(1);
    }
    let kind = Kind::from_code(raw.datatype)
        .map_err(|name| IoError::DataType { name, path: path.to_path_buf() })?;
    let bits = 8 * kind.size() as i32;
    if raw.bitpix == 0 {
        warnings.push(Warning(
            "the header does not state the size of a voxel; it follows from the type".into(),
        ));
    } else if raw.bitpix != bits {
        let what = format!("{} bits for each voxel, but its type has {bits}", raw.bitpix);
        return Err(IoError::header(what, path));
    }
    let bytes = file_dims
        .iter()
        .try_fold(kind.size() as u64, |n, &d| n.checked_mul(d as u64))
        .filter(|&n| isize::try_from(n).is_ok());
    if bytes.is_none() {
        return Err(IoError::header(format!("{} voxels", product(&file_dims)), path));
    }
    let vox_offset = vox_offset(raw, &mut warnings).map_err(|what| IoError::header(what, path))?;
    describe(kind, raw, &file_dims, &mut warnings);
    Ok(Header {
        endian,
        pair: raw.pair,
        file_dims,
        kind,
        vox_offset,
        scale: scale(raw, &mut warnings),
        stored: StoredGeometry {
            version: raw.version,
            qform: raw.qform,
            sform: raw.sform,
            pixdim: raw.pixdim,
            xyzt_units: raw.xyzt_units,
            space_dims,
        },
        warnings,
    })
}

fn product(dims: &[usize]) -> String {
    dims.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ")
}

fn dims(dim: &[i64; 8]) -> Result<Vec<usize>, String> {
    let n = usize::try_from(dim[0]).ok().filter(|n| (1..=7).contains(n));
    let Some(n) = n else {
        return Err(format!("{} dimensions", dim[0]));
    };
    dim[1..=n]
        .iter()
        .enumerate()
        .map(|(i, &d)| {
            let fits = usize::try_from(d).ok().filter(|&d| d > 0);
            fits.ok_or_else(|| format!("dimension {} is {d}", i + 1))
        })
        .collect()
}

/// Bytes before the first voxel.
fn vox_offset(raw: &Raw, warnings: &mut Vec<Warning>) -> Result<u64, String> {
    let offset = raw.vox_offset;
    if !(0.0..9e15).contains(&offset) || offset.fract() != 0.0 {
        return Err(format!("the voxels start at byte {offset}"));
    }
    let least = match (raw.pair, raw.version) {
        (true, _) => 0.0,
        (false, 1) => 352.0,
        (false, _) => 544.0,
    };
    if offset < least {
        // Several old writers leave it 0 and put the voxels right after the header.
        warnings.push(Warning(format!(
            "the header puts the voxels at byte {offset}, inside of itself; byte {least} is used"
        )));
    }
    Ok(offset.max(least) as u64)
}

/// NIfTI: a slope of 0 means that the numbers are the values; NaN and infinity can mean nothing else.
fn scale(raw: &Raw, warnings: &mut Vec<Warning>) -> Scale {
    if raw.slope == 0.0 || !raw.slope.is_finite() {
        return Scale::NONE;
    }
    if !raw.inter.is_finite() {
        warnings.push(Warning("the offset of the values is not a number; 0 is used".into()));
        return Scale { slope: raw.slope, inter: 0.0 };
    }
    Scale { slope: raw.slope, inter: raw.inter }
}

/// What the user should know about how the voxels are shown.
fn describe(kind: Kind, raw: &Raw, file_dims: &[usize], warnings: &mut Vec<Warning>) {
    let mut say = |text: String| warnings.push(Warning(text));
    match kind {
        Kind::Scalar(_) => {}
        Kind::Colour { .. } => say("colour voxels are shown as luminance".into()),
        Kind::Complex { .. } => say("complex voxels are shown as magnitude".into()),
    }
    let frames: usize = file_dims.iter().skip(3).product();
    if frames > 1 {
        say(format!("{frames} frames, opened at the first"));
    }
    // Not scaled: every other program takes the numbers for millimetres whatever the unit says
    // (nibabel, FSL, ITK-SNAP), and a label map must lie where they look for it.
    match raw.xyzt_units & 7 {
        1 => say("the file says its unit is the metre; its numbers are taken for millimetres, as other programs do".into()),
        3 => say("the file says its unit is the micrometre; its numbers are taken for millimetres, as other programs do".into()),
        _ => {}
    }
}
