use std::fmt::Write as _;
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::super::format::{Content, ContentKind, EncodeError, FormatInfo, Writer};
use super::super::lps;
use super::super::slices::{usual_type, write_slices};
use super::super::voxels::Endian;
use super::NAME;
use crate::volume::DataType;
use crate::work::{CancelToken, Progress};

/// How every file begins that is written here.
const BEGINNING: &str = "ObjectType = Image\nComment = Written by Voxpoint\n";

/// Label maps are mostly runs of one number: more effort makes them slower, hardly smaller.
const LEVEL: Compression = Compression::new(1);

/// Writes `MetaImage`: one file, compressed, in LPS millimetres; label maps as uint8, or uint16 if a label is above 255,
/// numbers as float32.
pub(super) struct MetaImageWriter;

impl Writer for MetaImageWriter {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: NAME, endings: &[".mha"], other_endings: &[] }
    }

    fn can(&self, kind: ContentKind) -> bool {
        matches!(kind, ContentKind::Labels | ContentKind::Values)
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
        let data_type = usual_type(content);
        // The size stands before the data, and readers need it: it is found out first, which takes no memory.
        let mut size = Counter(0);
        compress(content, data_type, &mut size, cancel, &Progress::new())?;
        out.write_all(header(content, data_type, size.0).as_bytes())?;
        compress(content, data_type, out, cancel, progress)
    }
}

/// Counts what is written to it.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0 += buf.len() as u64;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn compress(
    content: &Content,
    data_type: DataType,
    out: &mut dyn Write,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<(), EncodeError> {
    let mut compressed = ZlibEncoder::new(out, LEVEL);
    write_slices(content, (data_type, Endian::Little), &mut compressed, cancel, progress)?;
    compressed.finish()?;
    Ok(())
}

fn header(content: &Content, data_type: DataType, size: u64) -> String {
    let name = match data_type {
        DataType::U8 => "MET_UCHAR",
        DataType::U16 => "MET_USHORT",
        _ => "MET_FLOAT",
    };
    let [nx, ny, nz] = content.grid.dims();
    let spacing = content.grid.spacing();
    let (columns, first) = lps::of(content.grid);
    let [x, y, z] = [0, 1, 2].map(|a| {
        let unit = columns[a] / spacing[a];
        format!("{} {} {}", unit.x, unit.y, unit.z)
    });
    let mut text = String::from(BEGINNING);
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "NDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = True\n\
         CompressedDataSize = {size}\nTransformMatrix = {x} {y} {z}\n\
         Offset = {} {} {}\nCenterOfRotation = 0 0 0\nElementSpacing = {} {} {}\n\
         DimSize = {nx} {ny} {nz}\nElementType = {name}\nElementDataFile = LOCAL\n",
        first.x, first.y, first.z, spacing.x, spacing.y, spacing.z
    );
    text
}
