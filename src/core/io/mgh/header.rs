//! A header, checked. All numbers are big-endian.

use std::io::BufReader;
use std::path::Path;

use super::super::error::IoError;
use super::super::pending::{Pending, check_claim};
use super::super::stream::{Stream, read_full};
use super::super::voxels::{Endian, VoxelKind};
use super::{HEADER, NAME, PARAMETERS};
use crate::geom::{DAffine3, DMat3, DVec3, Grid};
use crate::volume::{DataType, Placement, Provenance, Scale, Warning};
use crate::work::Progress;

/// What is said where `goodRASFlag` is 0. `FreeSurfer`'s axes then lead to left, down and forward; nibabel has that matrix
/// transposed.
const NO_PLACE: &str = "the file does not say how the scan lies in space (goodRASFlag is 0); FreeSurfer's default is used, coronal slices of 1 mm: left and right may be swapped";

/// Numbers at byte positions of a header, which is long enough.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn i32(&self, at: usize) -> i32 {
        i32::from_be_bytes(std::array::from_fn(|i| self.0[at + i]))
    }
    fn i16(&self, at: usize) -> i16 {
        i16::from_be_bytes(std::array::from_fn(|i| self.0[at + i]))
    }
    fn f32(&self, at: usize) -> f64 {
        f64::from(f32::from_be_bytes(std::array::from_fn(|i| self.0[at + i])))
    }
    fn vector(&self, at: usize) -> DVec3 {
        DVec3::new(self.f32(at), self.f32(at + 4), self.f32(at + 8))
    }
}

/// Whether a file that begins like this is one: the version, sizes that are possible, and a type that there is.
pub(super) fn is_mgh(beginning: &[u8]) -> bool {
    if beginning.len() < HEADER {
        return false;
    }
    let fields = Fields(beginning);
    fields.i32(0) == 1
        && (1..=4).all(|i| fields.i32(4 * i) > 0)
        && (0..=16).contains(&fields.i32(20))
}

/// Reads and checks a header, and goes to the first voxel.
pub(super) fn open(
    path: &Path,
    progress: &Progress,
) -> Result<Pending<BufReader<Stream>>, IoError> {
    let mut stream = BufReader::new(Stream::open(path, progress)?);
    let mut head = vec![0; HEADER];
    let n = read_full(&mut stream, &mut head).map_err(|e| IoError::reading(e, path))?;
    if n < HEADER {
        return Err(IoError::header("it ends early", path));
    }
    let fields = Fields(&head);
    let damaged = |what: String| IoError::header(what, path);
    if fields.i32(0) != 1 {
        return Err(damaged("it is not that of an MGH file".into()));
    }
    let mut sizes = [0; 4];
    for (i, size) in sizes.iter_mut().enumerate() {
        let stated = fields.i32(4 + 4 * i);
        *size = usize::try_from(stated)
            .ok()
            .filter(|&n| n > 0)
            .ok_or_else(|| damaged(format!("dimension {} is {stated}", i + 1)))?;
    }
    let data_type = data_type(fields.i32(20))
        .map_err(|name| IoError::DataType { name, path: path.to_path_buf() })?;
    let product = sizes.iter().try_fold(8usize, |n, &d| n.checked_mul(d));
    if product.is_none_or(|n| isize::try_from(n).is_err()) {
        let sizes: Vec<String> = sizes.iter().map(ToString::to_string).collect();
        return Err(damaged(format!("{} voxels", sizes.join(" × "))));
    }
    let [nx, ny, nz, frames] = sizes;
    let voxels = (nx * ny * nz * frames * data_type.size()) as u64;
    let (most, len) = (stream.get_ref().most(), stream.get_ref().file_len());
    check_claim(HEADER as u64 + voxels, most, len, path)?;
    let mut warnings = Vec::new();
    let affine = affine(&fields, [nx, ny, nz], &mut warnings);
    let grid = Grid::new([nx, ny, nz], affine).map_err(|e| damaged(e.to_string()))?;
    let placement = if fields.i16(28) == 0 {
        Placement::guessed("FreeSurfer's default, as the file says nothing (goodRASFlag is 0)")
    } else {
        Placement::by("the header's vox2ras (directions, c_ras)")
    };
    let mut file_dims = vec![nx, ny, nz];
    if frames > 1 {
        file_dims.push(frames);
        warnings.push(Warning(format!("{frames} time points, opened at the first")));
    }
    Ok(Pending {
        grid,
        file_dims,
        kind: VoxelKind::Scalar(data_type),
        endian: Endian::Big,
        scale: Scale::NONE,
        layout: None,
        provenance: Provenance { format: NAME, placement, ..Provenance::default() },
        warnings,
        content: stream,
        data: path.to_path_buf(),
        files: vec![path.to_path_buf()],
        tail: Some(parameters),
    })
}

/// From the `type` code; `Err` with the name of a type that can't be shown.
fn data_type(code: i32) -> Result<DataType, String> {
    Ok(match code {
        0 => DataType::U8,
        1 => DataType::I32,
        3 => DataType::F32,
        4 => DataType::I16,
        10 => DataType::U16,
        2 => return Err("long".into()),
        5 => return Err("bitmap".into()),
        6 => return Err("tensor".into()),
        other => return Err(format!("number {other}")),
    })
}

/// Scanner RAS: directions and spacing of the axes, and the place of the middle.
fn affine(fields: &Fields, dims: [usize; 3], warnings: &mut Vec<Warning>) -> DAffine3 {
    let (columns, middle) = if fields.i16(28) == 0 {
        warnings.push(Warning(NO_PLACE.into()));
        ([DVec3::NEG_X, DVec3::NEG_Z, DVec3::Y], DVec3::ZERO)
    } else {
        let delta = fields.vector(30);
        let columns = [0, 1, 2].map(|a| fields.vector(42 + 12 * a) * delta[a]);
        (columns, fields.vector(78))
    };
    let matrix3 = DMat3::from_cols(columns[0], columns[1], columns[2]);
    let half = DVec3::from_array(dims.map(|n| n as f64 / 2.0));
    DAffine3 { matrix3, translation: middle - matrix3 * half }
}

/// The numbers that follow the voxels: TR, flip angle, TE, TI, field of view. The tags after these are texts and paths,
/// which may name a patient or a user: they are not kept.
fn parameters(tail: &[u8]) -> Option<(String, String)> {
    let numbers: Vec<String> = tail
        .get(..20)?
        .chunks_exact(4)
        .map(|b| f32::from_be_bytes([b[0], b[1], b[2], b[3]]).to_string())
        .collect();
    Some((PARAMETERS.to_owned(), numbers.join(" ")))
}
