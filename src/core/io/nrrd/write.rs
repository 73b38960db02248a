use std::fmt::Write as _;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::format::{Content, ContentKind, EncodeError, FormatInfo, Writer};
use super::super::lps;
use super::super::scan_numbers::time_points;
use super::super::slices::{stored, write_slices};
use super::super::voxels::Endian;
use super::NAME;
use super::segments::segments;
use crate::volume::DataType;
use crate::work::{CancelToken, Progress};

/// How every file begins that is written here.
const BEGINNING: &str = "NRRD0004\n# Written by Voxpoint\n";

/// Label maps are mostly runs of one number: more effort makes them slower, hardly smaller.
const LEVEL: Compression = Compression::new(1);

/// Writes NRRD: attached, gzip, in LPS millimetres; label maps as uint8, or uint16 if a label is above 255, numbers as
/// float32, scans in their own numbers or, as there is no scale in an NRRD, in their values.
pub(super) struct NrrdWriter;

/// Writes what 3D Slicer opens as a segmentation: an NRRD of one layer with names and colours.
pub(super) struct SegmentationWriter;

impl Writer for NrrdWriter {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: NAME, endings: &[".nrrd"], other_endings: &[] }
    }

    fn can(&self, kind: ContentKind) -> bool {
        matches!(kind, ContentKind::Labels | ContentKind::Values | ContentKind::Scan)
    }

    fn wrote(&self, beginning: &[u8]) -> bool {
        beginning.starts_with(BEGINNING.as_bytes())
    }

    fn encode(
        &self,
        content: &Content,
        _: &str,
        out: &mut dyn Write,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<(), EncodeError> {
        write(content, "", out, cancel, progress)
    }
}

impl Writer for SegmentationWriter {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: NAME, endings: &[".seg.nrrd"], other_endings: &[] }
    }

    fn can(&self, kind: ContentKind) -> bool {
        kind == ContentKind::Labels
    }

    fn wrote(&self, _: &[u8]) -> bool {
        // It begins as that of the other writer, which knows it.
        false
    }

    fn encode(
        &self,
        content: &Content,
        _: &str,
        out: &mut dyn Write,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<(), EncodeError> {
        cancel.check()?;
        write(content, &segments(content), out, cancel, progress)
    }
}

/// `keys`: lines of the header after its fields.
fn write(
    content: &Content,
    keys: &str,
    out: &mut dyn Write,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<(), EncodeError> {
    let stored = stored(content, &NAMES.map(|(data_type, _)| data_type), false);
    out.write_all(header(content, stored.data_type, keys).as_bytes())?;
    let mut compressed = GzEncoder::new(out, LEVEL);
    write_slices(content, (stored, Endian::Little), &mut compressed, cancel, progress)?;
    compressed.finish()?;
    Ok(())
}

/// `type` of each type.
const NAMES: [(DataType, &str); 10] = [
    (DataType::U8, "unsigned char"),
    (DataType::I8, "signed char"),
    (DataType::U16, "unsigned short"),
    (DataType::I16, "short"),
    (DataType::U32, "unsigned int"),
    (DataType::I32, "int"),
    (DataType::U64, "unsigned long long int"),
    (DataType::I64, "long long int"),
    (DataType::F32, "float"),
    (DataType::F64, "double"),
];

fn header(content: &Content, data_type: DataType, keys: &str) -> String {
    let name = NAMES.iter().find(|(t, _)| *t == data_type).map_or("float", |(_, name)| name);
    let time_points = time_points(content.voxels);
    let (count, size, direction, kind) = if time_points > 1 {
        (4, format!(" {time_points}"), " none", " list")
    } else {
        (3, String::new(), "", "")
    };
    let [nx, ny, nz] = content.grid.dims();
    let (columns, first) = lps::of(content.grid);
    let [x, y, z, first] =
        [columns[0], columns[1], columns[2], first].map(|v| format!("({},{},{})", v.x, v.y, v.z));
    let mut text = String::from(BEGINNING);
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "type: {name}\ndimension: {count}\nspace: left-posterior-superior\nsizes: {nx} {ny} {nz}{size}\n\
         space directions: {x} {y} {z}{direction}\nkinds: domain domain domain{kind}\nendian: little\n\
         encoding: gzip\nspace origin: {first}\n{keys}\n"
    );
    text
}
