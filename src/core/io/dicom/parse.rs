//! The header of a DICOM file, read up to its pixels.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use dicom_dictionary_std::tags;
use dicom_object::file::ReadPreamble;
use dicom_object::{DicomCollectorOptions, InMemDicomObject};

use super::super::error::IoError;
use super::attributes::Attributes;
use super::frames::frames;
use super::instance::{Instance, Photometric, PixelKind, SeriesName, Shape};
use super::structure::{DEFLATED, Fault, Structure, structure};

/// What a file is.
#[derive(Debug)]
pub(super) enum Parsed {
    /// It has images.
    Images(Box<Instance>),
    /// DICOM without images, by its SOP class.
    Other(String),
}

/// A header is never larger, nor what a packed file becomes: as many are in memory as there are threads.
const MOST_HEADER: u64 = 256 << 20;

/// Its bits are labels, not an image.
const SEGMENTATION: &str = "1.2.840.10008.5.1.4.1.1.66.4";

/// A file that is read from anywhere.
pub(super) trait Seekable: Read + Seek {}
impl<T: Read + Seek> Seekable for T {}

/// A DICOM file and where what is in it.
pub(super) struct Opened {
    pub reader: Box<dyn Seekable>,
    /// Bytes of it.
    pub length: u64,
    pub structure: Structure,
}

/// Opens a file and looks where what is in it. One whose data set is deflated is in memory, inflated.
pub(super) fn open(path: &Path) -> Result<Opened, IoError> {
    let reading = |e| IoError::reading(e, path);
    let file = File::open(path).map_err(reading)?;
    let about = file.metadata().map_err(reading)?;
    if !about.is_file() {
        return Err(IoError::NotAFile { what: "no file", path: path.to_owned() });
    }
    let mut file = BufReader::new(file);
    let begin = file.fill_buf().map_err(reading)?;
    if begin.starts_with(&[0x1f, 0x8b]) {
        let mut inflated = Vec::new();
        unpack(flate2::bufread::MultiGzDecoder::new(file), &mut inflated, path)?;
        return opened(Cursor::new(inflated), path);
    }
    opened(file, path)
}

/// What was opened, from its first byte on.
fn opened<R: BufRead + Seek + 'static>(mut reader: R, path: &Path) -> Result<Opened, IoError> {
    let reading = |e| IoError::reading(e, path);
    let length = reader.seek(SeekFrom::End(0)).map_err(reading)?;
    if length == 0 {
        return Err(IoError::Empty(path.to_owned()));
    }
    reader.rewind().map_err(reading)?;
    let found = structure(&mut reader, length).map_err(|fault| told(fault, path))?;
    if found.syntax != DEFLATED {
        return Ok(Opened { reader: Box::new(reader), length, structure: found });
    }
    reader.seek(SeekFrom::Start(found.begin)).map_err(reading)?;
    let mut inflated = Vec::new();
    unpack(flate2::bufread::DeflateDecoder::new(reader), &mut inflated, path)?;
    let length = inflated.len() as u64;
    let mut reader = Cursor::new(inflated);
    let inner = structure(&mut reader, length).map_err(|fault| told(fault, path))?;
    let structure = Structure { syntax: DEFLATED.to_owned(), ..inner };
    Ok(Opened { reader: Box::new(reader), length, structure })
}

/// Reads to the end, which must not be too far.
fn unpack(packed: impl Read, out: &mut Vec<u8>, path: &Path) -> Result<(), IoError> {
    packed.take(MOST_HEADER + 1).read_to_end(out).map_err(|e| IoError::reading(e, path))?;
    if out.len() as u64 > MOST_HEADER {
        return Err(IoError::header("it becomes larger than 256 MiB when it is unpacked", path));
    }
    Ok(())
}

/// A fault of the structure, in a line.
pub(super) fn told(fault: Fault, path: &Path) -> IoError {
    match fault {
        Fault::Io(error) => IoError::reading(error, path),
        Fault::Short => {
            let what = "it ends in the middle of the header".into();
            IoError::Truncated { what, path: path.to_owned() }
        }
        Fault::Wrong(what) => IoError::header(what, path),
    }
}

/// The data set of a file, its pixels left aside.
pub(super) fn data_set(opened: &mut Opened, path: &Path) -> Result<InMemDicomObject, IoError> {
    let Structure { begin, end, encoding, .. } = opened.structure;
    if end - begin > MOST_HEADER {
        return Err(IoError::header("it is larger than 256 MiB", path));
    }
    let reading = |e| IoError::reading(e, path);
    let mut bytes = Vec::with_capacity((end - begin) as usize);
    opened.reader.seek(SeekFrom::Start(begin)).map_err(reading)?;
    let mut at = begin;
    // What its reader does not understand is left out.
    for skip in opened.structure.skips.iter().cloned().chain(std::iter::once(end..end)) {
        opened.reader.by_ref().take(skip.start - at).read_to_end(&mut bytes).map_err(reading)?;
        at = opened.reader.seek(SeekFrom::Start(skip.end)).map_err(reading)?;
    }
    let mut collector = DicomCollectorOptions::new()
        .read_preamble(ReadPreamble::Never)
        .expected_ts(encoding.syntax())
        .from_reader(BufReader::new(Cursor::new(bytes)));
    let mut data = InMemDicomObject::new_empty();
    collector.read_dataset_to_end(&mut data).map_err(|error| {
        let mut deepest: &dyn std::error::Error = &error;
        while let Some(source) = deepest.source() {
            deepest = source;
        }
        IoError::header(deepest.to_string(), path)
    })?;
    Ok(data)
}

/// Reads the header of a file.
pub(super) fn parse(path: &Path) -> Result<Parsed, IoError> {
    let mut opened = open(path)?;
    let data = data_set(&mut opened, path)?;
    let said = Attributes(&data);
    let class = said.text(tags::SOP_CLASS_UID).unwrap_or_default();
    let float = [(tags::FLOAT_PIXEL_DATA, 32), (tags::DOUBLE_FLOAT_PIXEL_DATA, 64)];
    let float = float.into_iter().find(|(tag, _)| data.get(*tag).is_some()).map(|(_, bits)| bits);
    let pixels = float.is_some() || opened.structure.pixels.is_some();
    if class == SEGMENTATION || !pixels || said.whole(tags::ROWS).is_none() {
        return Ok(Parsed::Other(class));
    }
    let shape = shape(said, float, path)?;
    let uid = |tag| said.text(tag).unwrap_or_default();
    Ok(Parsed::Images(Box::new(Instance {
        path: path.to_owned(),
        length: opened.length,
        syntax: opened.structure.syntax,
        uid: uid(tags::SOP_INSTANCE_UID),
        series: SeriesName {
            study: uid(tags::STUDY_INSTANCE_UID),
            uid: uid(tags::SERIES_INSTANCE_UID),
            frame_of_reference: said.text(tags::FRAME_OF_REFERENCE_UID),
            number: said.whole(tags::SERIES_NUMBER),
            modality: uid(tags::MODALITY),
        },
        frames: frames(said, &class, path)?,
        shape,
    })))
}

fn shape(said: Attributes, float: Option<u32>, path: &Path) -> Result<Shape, IoError> {
    let whole = |tag, name: &str, most: i64| {
        let found = said.whole(tag).ok_or_else(|| format!("it does not say its {name}"));
        let found = found.and_then(|n| {
            if (1..=most).contains(&n) { Ok(n) } else { Err(format!("its {name} are {n}")) }
        });
        found.map_err(|what| IoError::header(what, path))
    };
    let rows = whole(tags::ROWS, "rows", 65535)? as usize;
    let columns = whole(tags::COLUMNS, "columns", 65535)? as usize;
    let samples = said.whole(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
    let photometric = photometric(said.text(tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_default());
    let one = matches!(photometric, Photometric::Monochrome { .. } | Photometric::Other(_));
    if samples != if one { 1 } else { 3 } {
        return Err(IoError::header(format!("{samples} numbers for each pixel"), path));
    }
    let allocated = match float {
        Some(bits) => bits,
        None => whole(tags::BITS_ALLOCATED, "bits", 64)? as u32,
    };
    let kind = match (float, said.whole(tags::PIXEL_REPRESENTATION)) {
        (Some(_), _) => PixelKind::Float,
        (None, Some(1)) => PixelKind::Signed,
        _ => PixelKind::Unsigned,
    };
    if float.is_none() && ![8, 16, 32].contains(&allocated) {
        let name = format!("{allocated} bits");
        return Err(IoError::DataType { name, path: path.to_owned() });
    }
    let bits = |tag, otherwise: u32| said.whole(tag).map_or(otherwise, |n| n.clamp(0, 64) as u32);
    let stored = bits(tags::BITS_STORED, allocated);
    let high = bits(tags::HIGH_BIT, stored.max(1) - 1);
    // What can't be is passed over, as others do: all bits count.
    let sane = (1..=allocated).contains(&stored) && high < allocated && high + 1 >= stored;
    let (stored, high) = if sane { (stored, high) } else { (allocated, allocated - 1) };
    Ok(Shape {
        rows,
        columns,
        samples: samples as usize,
        allocated,
        stored,
        high,
        kind,
        photometric,
        planar: said.whole(tags::PLANAR_CONFIGURATION) == Some(1),
    })
}

fn photometric(name: String) -> Photometric {
    match &*name {
        "MONOCHROME1" => Photometric::Monochrome { inverted: true },
        "MONOCHROME2" | "" => Photometric::Monochrome { inverted: false },
        "RGB" | "YBR_ICT" | "YBR_RCT" => Photometric::Rgb,
        "YBR_FULL" => Photometric::Ybr { subsampled: false },
        "YBR_FULL_422" | "YBR_PARTIAL_422" | "YBR_PARTIAL_420" => {
            Photometric::Ybr { subsampled: true }
        }
        _ => Photometric::Other(name),
    }
}
