use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::super::error::IoError;
use super::super::format::{
    Content, ContentKind, EncodeError, FormatInfo, PairWriter, Slice, Writer,
};
use super::super::lps;
use super::super::scan_numbers::{StoredAs, time_points};
use super::super::slices::{stored, write_slices};
use super::super::voxels::Endian;
use super::NAME;
use super::header::open_with;
use crate::volume::DataType;
use crate::work::{CancelToken, Progress};

/// How every file begins that is written here.
const BEGINNING: &str = "ObjectType = Image\nComment = Written by Voxpoint\n";

/// Label maps are mostly runs of one number: more effort makes them slower, hardly smaller.
const LEVEL: Compression = Compression::new(1);

/// Writes `MetaImage`: `.mha` in one file, compressed; `.mhd` with its voxels as they are in `.raw` beside it; in LPS millimetres; label maps as uint8, or uint16 if a label is above 255,
/// numbers as float32, scans in their own numbers or, as there is no scale in a `MetaImage`, in their values.
pub(super) struct MetaImageWriter;

impl Writer for MetaImageWriter {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: NAME, endings: &[".mha", PAIR], other_endings: &[] }
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
        let stored = stored(content, &NAMES.map(|(data_type, _)| data_type), false);
        // The size stands before the data, and readers need it: it is found out first, which takes no memory.
        let mut size = Counter(0);
        compress(content, stored, &mut size, cancel, &Progress::new())?;
        out.write_all(header(content, stored.data_type, Voxels::Here(size.0)).as_bytes())?;
        compress(content, stored, out, cancel, progress)
    }

    fn pair(&self, ending: &str) -> Option<&dyn PairWriter> {
        (ending == PAIR).then_some(self)
    }
}

impl PairWriter for MetaImageWriter {
    fn voxels_ending(&self) -> &'static str {
        ".raw"
    }

    fn header(&self, content: &Content, voxels_name: &str) -> Result<Vec<u8>, EncodeError> {
        // A line of its own, whose words may be a pattern or begin a list.
        let is_list = voxels_name.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("list"));
        let is_pattern = voxels_name.contains(['\n', '\r', '%']);
        if is_list || is_pattern || voxels_name.trim() != voxels_name {
            let what = "a header can't name a file that is called like this".to_owned();
            return Err(EncodeError::Impossible(what));
        }
        let stored = stored(content, &NAMES.map(|(data_type, _)| data_type), false);
        Ok(header(content, stored.data_type, Voxels::In(voxels_name)).into_bytes())
    }

    fn voxels(
        &self,
        content: &Content,
        out: &mut dyn Write,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<(), EncodeError> {
        let stored = stored(content, &NAMES.map(|(data_type, _)| data_type), false);
        write_slices(content, (stored, Endian::Little), out, cancel, progress)
    }

    fn for_each_slice(
        &self,
        path: &Path,
        voxels: (&Path, &str),
        cancel: &CancelToken,
        each: &mut dyn FnMut(Slice<'_>) -> Result<(), IoError>,
    ) -> Result<(), IoError> {
        open_with(path, Some(voxels), &Progress::new())?.for_each_slice(cancel, each)
    }
}

/// How the name of a header ends whose voxels are in another file.
const PAIR: &str = ".mhd";

/// Where the voxels are.
#[derive(Clone, Copy)]
enum Voxels<'a> {
    /// Behind the header, compressed to so many bytes.
    Here(u64),
    /// As they are in a file of this name.
    In(&'a str),
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
    stored: StoredAs,
    out: &mut dyn Write,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<(), EncodeError> {
    let mut compressed = ZlibEncoder::new(out, LEVEL);
    write_slices(content, (stored, Endian::Little), &mut compressed, cancel, progress)?;
    compressed.finish()?;
    Ok(())
}

/// `ElementType` of each type.
const NAMES: [(DataType, &str); 10] = [
    (DataType::U8, "MET_UCHAR"),
    (DataType::I8, "MET_CHAR"),
    (DataType::U16, "MET_USHORT"),
    (DataType::I16, "MET_SHORT"),
    (DataType::U32, "MET_UINT"),
    (DataType::I32, "MET_INT"),
    (DataType::U64, "MET_ULONG_LONG"),
    (DataType::I64, "MET_LONG_LONG"),
    (DataType::F32, "MET_FLOAT"),
    (DataType::F64, "MET_DOUBLE"),
];

fn header(content: &Content, data_type: DataType, voxels: Voxels) -> String {
    let name = NAMES.iter().find(|(t, _)| *t == data_type).map_or("MET_FLOAT", |(_, name)| name);
    let [nx, ny, nz] = content.grid.dims();
    let spacing = content.grid.spacing();
    let (columns, first) = lps::of(content.grid);
    let [x, y, z] = [0, 1, 2].map(|a| {
        let unit = columns[a] / spacing[a];
        format!("{} {} {}", unit.x, unit.y, unit.z)
    });
    let (mut matrix, mut zeros) = (format!("{x} {y} {z}"), "0 0 0");
    let [mut first, mut steps] = [first, spacing].map(|v| format!("{} {} {}", v.x, v.y, v.z));
    let (mut count, mut sizes) = (3, format!("{nx} {ny} {nz}"));
    let time_points = time_points(content.voxels);
    if time_points > 1 {
        // Time is the fourth axis, of steps of 1.
        matrix = format!("{x} 0 {y} 0 {z} 0 0 0 0 1");
        (count, zeros) = (4, "0 0 0 0");
        first.push_str(" 0");
        steps.push_str(" 1");
        sizes = format!("{sizes} {time_points}");
    }
    let (compressed, file) = match voxels {
        Voxels::Here(size) => (format!("True\nCompressedDataSize = {size}"), "LOCAL"),
        Voxels::In(name) => ("False".to_owned(), name),
    };
    let mut text = String::from(BEGINNING);
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "NDims = {count}\nBinaryData = True\nBinaryDataByteOrderMSB = False\n\
         CompressedData = {compressed}\nTransformMatrix = {matrix}\n\
         Offset = {first}\nCenterOfRotation = {zeros}\nElementSpacing = {steps}\n\
         DimSize = {sizes}\nElementType = {name}\nElementDataFile = {file}\n"
    );
    text
}
