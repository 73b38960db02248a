use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::format::{Content, ContentKind, ContentVoxels, EncodeError, FormatInfo, Writer};
use super::super::lps;
use super::super::scan_numbers::time_points;
use super::super::slices::{stored, write_slices};
use super::super::voxels::Endian;
use super::NAME;
use super::segments::segments;
use crate::volume::{DataType, LabelMap, Region};
use crate::work::{CancelToken, Progress};

/// How every file begins that is written here.
const BEGINNING: &str = "NRRD0004\n# Written by Voxpoint\n";

/// Label maps are mostly runs of one number: more effort makes them slower, hardly smaller.
const LEVEL: Compression = Compression::new(1);

/// Writes NRRD: attached, gzip, in LPS millimetres; label maps as uint8, or uint16 if a label is above 255, numbers as
/// float32, scans in their own numbers or, as there is no scale in an NRRD, in their values.
pub(super) struct NrrdWriter;

/// Writes what 3D Slicer opens as a segmentation: an NRRD with names and colours, of one layer, or of as many as it takes
/// to have each label whole.
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
        let ContentVoxels::Labels(labels) = content.voxels else {
            return Err(EncodeError::Impossible("they are no labels".into()));
        };
        let layers = content.covered.layers(labels);
        let keys = segments(content, &layers);
        if layers.len() < 2 {
            return write(content, &keys, out, cancel, progress);
        }
        let dims = labels.dims();
        let map = |layer: &BTreeMap<u16, Region>| {
            LabelMap::from_regions(dims, layer.iter().map(|(value, region)| (*value, region)))
        };
        let layers: Vec<LabelMap> = layers.iter().map(map).collect();
        write_layers((content, &layers), &keys, out, cancel, progress)
    }

    fn keeps_overlaps(&self) -> bool {
        true
    }
}

/// Writes the numbers that each voxel has in all layers, one after another: an axis of its own that is the fastest, as
/// 3D Slicer has it.
fn write_layers(
    (content, layers): (&Content, &[LabelMap]),
    keys: &str,
    out: &mut dyn Write,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<(), EncodeError> {
    let wide = layers.iter().any(|layer| layer.max() > u16::from(u8::MAX));
    let data_type = if wide { DataType::U16 } else { DataType::U8 };
    out.write_all(header(content, (data_type, layers.len()), keys).as_bytes())?;
    let mut compressed = GzEncoder::new(out, LEVEL);
    let [nx, ny, nz] = content.grid.dims();
    let mut row = vec![0u16; nx * layers.len()];
    let mut bytes = Vec::with_capacity(2 * row.len() * ny);
    for z in 0..nz {
        cancel.check()?;
        bytes.clear();
        for y in 0..ny {
            for (n, layer) in layers.iter().enumerate() {
                let places = row.iter_mut().skip(n).step_by(layers.len());
                places.zip(layer.row(y, z)).for_each(|(place, label)| *place = *label);
            }
            if wide {
                bytes.extend(row.iter().flat_map(|label| label.to_le_bytes()));
            } else {
                bytes.extend(row.iter().map(|label| *label as u8));
            }
        }
        compressed.write_all(&bytes)?;
        progress.set_done(z as u64 + 1);
    }
    compressed.finish()?;
    Ok(())
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
    out.write_all(header(content, (stored.data_type, 1), keys).as_bytes())?;
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

/// Of numbers of this type, so many for each voxel.
fn header(content: &Content, (data_type, layers): (DataType, usize), keys: &str) -> String {
    let name = NAMES.iter().find(|(t, _)| *t == data_type).map_or("float", |(_, name)| name);
    let time_points = time_points(content.voxels);
    let (more, size, direction, kind) = if time_points > 1 {
        (1, format!(" {time_points}"), " none", " list")
    } else {
        (0, String::new(), "", "")
    };
    let (first_size, first_direction, first_kind) =
        if layers > 1 { (format!("{layers} "), "none ", "list ") } else { (String::new(), "", "") };
    let count = 3 + more + usize::from(layers > 1);
    let [nx, ny, nz] = content.grid.dims();
    let (columns, first) = lps::of(content.grid);
    let [x, y, z, first] =
        [columns[0], columns[1], columns[2], first].map(|v| format!("({},{},{})", v.x, v.y, v.z));
    let mut text = String::from(BEGINNING);
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "type: {name}\ndimension: {count}\nspace: left-posterior-superior\nsizes: {first_size}{nx} {ny} {nz}{size}\n\
         space directions: {first_direction}{x} {y} {z}{direction}\nkinds: {first_kind}domain domain domain{kind}\nendian: little\n\
         encoding: gzip\nspace origin: {first}\n{keys}\n"
    );
    text
}
