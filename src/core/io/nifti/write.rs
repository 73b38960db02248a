use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::format::{Content, ContentKind, EncodeError, FormatInfo, Writer};
use super::super::same_place::same_place;
use super::super::scan_numbers::time_points;
use super::super::slices::{self, write_slices};
use super::super::voxels::Endian;
use super::encode::{Plan, is_ours};
use super::place::place;
use super::sniff::NAME;
use crate::geom::Grid;
use crate::volume::{DataType, StoredGeometry};
use crate::work::{CancelToken, Progress};

/// NIfTI's `NIFTI_INTENT_LABEL`.
const INTENT_LABEL: i16 = 1002;

const COMPRESSED: &str = ".nii.gz";

/// Label maps are mostly runs of one number: more effort makes them slower, hardly smaller.
const LEVEL: Compression = Compression::new(1);

/// Writes NIfTI: label maps as uint8, or uint16 if a label is above 255, numbers as float32, scans as
/// they are; NIfTI-1, or NIfTI-2 if the scan was. The geometry is said as the scan's file said it; if that does not describe the grid (the scan came
/// from another format), as an sform. `.nii` is written plain, `.nii.gz` compressed.
pub(super) struct NiftiWriter;

impl Writer for NiftiWriter {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: NAME, endings: &[COMPRESSED, ".nii"], other_endings: &[] }
    }

    fn can(&self, kind: ContentKind) -> bool {
        matches!(kind, ContentKind::Labels | ContentKind::Values | ContentKind::Scan)
    }

    fn wrote(&self, beginning: &[u8]) -> bool {
        is_ours(beginning)
    }

    fn encode(
        &self,
        content: &Content,
        ending: &str,
        out: &mut dyn Write,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<(), EncodeError> {
        if ending != COMPRESSED {
            return write(content, out, cancel, progress);
        }
        let mut compressed = GzEncoder::new(out, LEVEL);
        write(content, &mut compressed, cancel, progress)?;
        compressed.finish()?;
        Ok(())
    }
}

/// Header and voxels, slice by slice, so that no second copy of the volume is needed.
fn write(
    content: &Content,
    out: &mut dyn Write,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<(), EncodeError> {
    let grid = content.grid;
    let (own, said) = (StoredGeometry::of(grid), content.provenance.geometry.as_ref());
    let stored = said.filter(|stored| describes(stored, grid)).unwrap_or(&own);
    let numbers = slices::stored(content, &CODES.map(|(data_type, _)| data_type), true);
    let code = CODES.into_iter().find(|(data_type, _)| *data_type == numbers.data_type);
    let intent = if content.kind() == ContentKind::Labels { INTENT_LABEL } else { 0 };
    let plan = Plan {
        dims: grid.dims(),
        time_points: time_points(content.voxels),
        datatype: code.map_or(0, |(_, code)| code),
        size: numbers.data_type.size(),
        scale: numbers.scale,
        intent,
        stored,
    };
    out.write_all(&plan.encode())?;
    write_slices(content, (numbers, Endian::Little), out, cancel, progress)
}

/// `datatype` of each type.
const CODES: [(DataType, i16); 10] = [
    (DataType::U8, 2),
    (DataType::I16, 4),
    (DataType::I32, 8),
    (DataType::F32, 16),
    (DataType::F64, 64),
    (DataType::I8, 256),
    (DataType::U16, 512),
    (DataType::U32, 768),
    (DataType::I64, 1024),
    (DataType::U64, 1280),
];

/// Whether a reader of `stored` finds the voxels where `grid` says.
fn describes(stored: &StoredGeometry, grid: &Grid) -> bool {
    place(stored, grid.dims()).is_ok_and(|(found, _)| same_place(&found, grid))
}
