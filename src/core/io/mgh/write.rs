use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::format::{Content, ContentKind, EncodeError, FormatInfo, Writer};
use super::super::scan_numbers::time_points;
use super::super::slices::{stored, write_slices};
use super::super::voxels::Endian;
use super::{HEADER, NAME, PARAMETERS};
use crate::geom::DVec3;
use crate::volume::DataType;
use crate::work::{CancelToken, Progress};

const COMPRESSED: &str = ".mgz";

/// Label maps are mostly runs of one number: more effort makes them slower, hardly smaller.
const LEVEL: Compression = Compression::new(1);

/// In the part of the header that has no meaning: tells our files from others'.
const WRITTEN_BY: &[u8] = b"Voxpoint";
const WRITTEN_BY_AT: usize = 200;

/// Writes MGH: label maps as uint8, or int32 if a label is above 255 (what all readers know), numbers as float32, scans
/// in their own numbers or in the next that hold their values. `.mgz` is written compressed, `.mgh` plain.
pub(super) struct MghWriter;

impl Writer for MghWriter {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: NAME, endings: &[COMPRESSED, ".mgh"], other_endings: &[] }
    }

    fn can(&self, kind: ContentKind) -> bool {
        matches!(kind, ContentKind::Labels | ContentKind::Values | ContentKind::Scan)
    }

    fn wrote(&self, beginning: &[u8]) -> bool {
        beginning.starts_with(&1i32.to_be_bytes())
            && beginning.get(WRITTEN_BY_AT..).is_some_and(|rest| rest.starts_with(WRITTEN_BY))
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

fn write(
    content: &Content,
    out: &mut dyn Write,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<(), EncodeError> {
    let mut stored = stored(content, &CODES.map(|(data_type, _)| data_type), false);
    if stored.data_type == DataType::U16 {
        // Of labels above 255.
        stored.data_type = DataType::I32;
    }
    out.write_all(&header(content, stored.data_type)?)?;
    write_slices(content, (stored, Endian::Big), out, cancel, progress)?;
    out.write_all(&parameters(content))?;
    Ok(())
}

/// `type` of each type that all readers know.
const CODES: [(DataType, i32); 4] =
    [(DataType::U8, 0), (DataType::I32, 1), (DataType::F32, 3), (DataType::I16, 4)];

fn header(content: &Content, data_type: DataType) -> Result<Vec<u8>, EncodeError> {
    let mut head = vec![0; HEADER];
    let mut put = |at: usize, bytes: &[u8]| head[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &1i32.to_be_bytes());
    let dims = content.grid.dims();
    for (i, &size) in dims.iter().chain(&[time_points(content.voxels)]).enumerate() {
        let size = i32::try_from(size)
            .map_err(|_| EncodeError::Impossible(format!("MGH has no axis of {size} voxels")))?;
        put(4 + 4 * i, &size.to_be_bytes());
    }
    let code: i32 = CODES.iter().find(|(t, _)| *t == data_type).map_or(3, |(_, code)| *code);
    put(20, &code.to_be_bytes());
    put(28, &1i16.to_be_bytes());
    let mut vector = |at: usize, v: DVec3| {
        for (i, number) in v.to_array().into_iter().enumerate() {
            put(at + 4 * i, &(number as f32).to_be_bytes());
        }
    };
    let (m, spacing) = (content.grid.world_from_voxel(), content.grid.spacing());
    vector(30, spacing);
    for a in 0..3 {
        vector(42 + 12 * a, m.matrix3.col(a) / spacing[a]);
    }
    vector(78, m.transform_point3(DVec3::from_array(dims.map(|n| n as f64 / 2.0))));
    put(WRITTEN_BY_AT, WRITTEN_BY);
    Ok(head)
}

/// The numbers that followed the scan's voxels, if it was an MGH file.
fn parameters(content: &Content) -> Vec<u8> {
    let found = content.provenance.identifiers.iter().find(|(name, _)| name == PARAMETERS);
    let numbers: Option<Vec<f32>> =
        found.and_then(|(_, text)| text.split(' ').map(|word| word.parse().ok()).collect());
    let numbers = numbers.filter(|n| n.len() == 5).unwrap_or_default();
    numbers.into_iter().flat_map(f32::to_be_bytes).collect()
}
