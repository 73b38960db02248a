use std::path::Path;

use super::super::error::IoError;
use super::super::voxels::{Endian, VoxelKind};
use super::offset::Start;
use super::raw::{Raw, header_bytes};
use crate::volume::{DataType, Scale, StoredGeometry, Warning};

/// From the NIfTI `datatype` code; `Err` with the name of a type that can't be shown.
fn kind_of(code: i32) -> Result<VoxelKind, String> {
    Ok(match code {
        2 => VoxelKind::Scalar(DataType::U8),
        4 => VoxelKind::Scalar(DataType::I16),
        8 => VoxelKind::Scalar(DataType::I32),
        16 => VoxelKind::Scalar(DataType::F32),
        32 => VoxelKind::Complex { double: false },
        64 => VoxelKind::Scalar(DataType::F64),
        128 => VoxelKind::Colour { channels: 3 },
        256 => VoxelKind::Scalar(DataType::I8),
        512 => VoxelKind::Scalar(DataType::U16),
        768 => VoxelKind::Scalar(DataType::U32),
        1024 => VoxelKind::Scalar(DataType::I64),
        1280 => VoxelKind::Scalar(DataType::U64),
        1536 => return Err("float128".into()),
        1792 => VoxelKind::Complex { double: true },
        2048 => return Err("complex256".into()),
        2304 => VoxelKind::Colour { channels: 4 },
        1 => return Err("1-bit binary".into()),
        other => return Err(format!("number {other}")),
    })
}

/// A checked header: dimensions are positive, their product fits, the type is one we read.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) endian: Endian,
    /// 2 to 7 of them.
    pub(super) file_dims: Vec<usize>,
    pub(super) kind: VoxelKind,
    /// Where the voxels begin.
    pub(super) start: Start,
    pub(super) scale: Scale,
    pub(super) stored: StoredGeometry,
    pub(super) warnings: Vec<Warning>,
}

impl Header {
    /// Voxels of one time point along x, y, z.
    pub(super) fn dims(&self) -> [usize; 3] {
        std::array::from_fn(|a| self.file_dims.get(a).copied().unwrap_or(1))
    }

    /// Voxels of all time points.
    pub(super) fn count(&self) -> usize {
        self.file_dims.iter().product()
    }
}

impl Header {
    /// Checks what a file says. `pair`: the voxels are in another file, whatever the mark says.
    ///
    /// # Errors
    /// [`IoError::Header`], [`IoError::DataType`].
    pub(super) fn check(
        raw: &Raw,
        pair: bool,
        endian: Endian,
        path: &Path,
    ) -> Result<Self, IoError> {
        let damaged = |what: String| IoError::header(what, path);
        let mut warnings = Vec::new();
        let size = header_bytes(raw.version);
        if usize::try_from(raw.size) != Ok(size) {
            let text = format!("the header says it has {} bytes; it has {size}", raw.size);
            warnings.push(Warning(text));
        }
        let mut file_dims = dims(&raw.dim, &mut warnings).map_err(damaged)?;
        let space_dims = file_dims.len().min(3);
        if file_dims.len() == 1 {
            file_dims.push(1);
        }
        let kind = kind_of(raw.datatype)
            .map_err(|name| IoError::DataType { name, path: path.to_path_buf() })?;
        voxel_size(kind, raw.bitpix, &mut warnings);
        let bytes = file_dims
            .iter()
            .try_fold(kind.size() as u64, |n, &d| n.checked_mul(d as u64))
            .filter(|&n| isize::try_from(n).is_ok());
        if bytes.is_none() {
            return Err(damaged(format!("{} voxels", product(&file_dims))));
        }
        let start = Start::stated(raw.vox_offset, pair, size as u64, &mut warnings);
        let start = start.map_err(damaged)?;
        describe(kind, &file_dims, &mut warnings);
        Ok(Header {
            endian,
            file_dims,
            kind,
            start,
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
}

/// The type has the last word about the size of a voxel, as in nibabel and ITK.
fn voxel_size(kind: VoxelKind, bitpix: i32, warnings: &mut Vec<Warning>) {
    let bits = 8 * kind.size() as i32;
    if bitpix == 0 {
        warnings.push(Warning(
            "the header does not state the size of a voxel; it follows from the type".into(),
        ));
    } else if bitpix != bits {
        warnings.push(Warning(format!(
            "the header states {bitpix} bits for each voxel, but its type has {bits}; the type is believed"
        )));
    }
}

fn product(dims: &[usize]) -> String {
    dims.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ")
}

/// The dimensions that count, all at least 1. Writers that know of no z or no time leave a 0 there: one
/// of them, as ITK takes it (nibabel makes an image without voxels of it). A row or column of no voxels, or
/// a negative number, is damage.
fn dims(dim: &[i64; 8], warnings: &mut Vec<Warning>) -> Result<Vec<usize>, String> {
    let n = usize::try_from(dim[0]).ok().filter(|n| (1..=7).contains(n));
    let Some(n) = n else {
        return Err(format!("{} dimensions, 1 to 7 are possible", dim[0]));
    };
    let mut none = Vec::new();
    let dims = dim[1..=n].iter().enumerate().map(|(i, &d)| {
        if i >= 2 && d == 0 {
            none.push((i + 1).to_string());
            return Ok(1);
        }
        let fits = usize::try_from(d).ok().filter(|&d| d > 0);
        fits.ok_or_else(|| format!("dimension {} is {d}", i + 1))
    });
    let dims = dims.collect::<Result<Vec<_>, _>>()?;
    if !none.is_empty() {
        let (axes, are) = (none.join(", "), if none.len() == 1 { " is" } else { "s are" });
        warnings.push(Warning(format!("dimension{are} 0 in the header ({axes}); 1 is used")));
    }
    Ok(dims)
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
fn describe(kind: VoxelKind, file_dims: &[usize], warnings: &mut Vec<Warning>) {
    let mut say = |text: String| warnings.push(Warning(text));
    match kind {
        VoxelKind::Scalar(_) => {}
        VoxelKind::Colour { .. } => say("colour voxels are shown as luminance".into()),
        VoxelKind::Complex { .. } => say("complex voxels are shown as magnitude".into()),
    }
    let time_points: usize = file_dims.iter().skip(3).product();
    if time_points > 1 {
        say(format!("{time_points} time points, opened at the first"));
    }
}
