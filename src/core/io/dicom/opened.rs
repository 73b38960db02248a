//! A DICOM file on its way in: where its data set is, inflated if need be, and its elements up to the pixels.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use dicom_core::Tag;
use dicom_object::file::ReadPreamble;
use dicom_object::{DicomCollectorOptions, InMemDicomObject};

use super::super::error::IoError;
use super::super::inflate::Compression;
use super::super::registry::beginning;
use super::super::stream::length;
use super::buffered::Buffered;
use super::structure::{DEFLATED, Fault, Structure, is_dicom, structure};

/// A header is never larger, nor what a packed file becomes: as many are in memory as there are threads.
const MOST_HEADER: u64 = 256 << 20;

/// No element has a higher number.
const LAST: Tag = Tag(0xffff, 0xffff);
/// It as an element without a value, in either order of bytes.
const LAST_EXPLICIT: [u8; 12] = [0xff, 0xff, 0xff, 0xff, b'U', b'N', 0, 0, 0, 0, 0, 0];
const LAST_IMPLICIT: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

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
    unpacked(file(path)?, path)
}

fn unpacked(mut file: Buffered<File>, path: &Path) -> Result<Opened, IoError> {
    let begin = file.fill_buf().map_err(|e| IoError::reading(e, path))?;
    if Compression::of(begin) == Some(Compression::Gzip) {
        let mut inflated = Vec::new();
        unpack(flate2::bufread::MultiGzDecoder::new(file), &mut inflated, path)?;
        return opened(Cursor::new(inflated), path);
    }
    opened(file, path)
}

/// [`open`], if it begins as a DICOM file. What can't be opened does not, unless nobody may look into it.
pub(super) fn open_dicom(path: &Path) -> Result<Option<Opened>, IoError> {
    let looked = file(path).and_then(|mut file| {
        let begin = file.fill_buf().map_err(|e| IoError::reading(e, path))?;
        // What is packed is not unpacked as a whole for it.
        let yes = match Compression::of(begin) {
            None => is_dicom(begin),
            Some(_) => is_dicom(&beginning(path)?),
        };
        Ok(yes.then_some(file))
    });
    match looked {
        Ok(Some(file)) => unpacked(file, path).map(Some),
        Err(why @ IoError::Read { .. }) => Err(why),
        Ok(None) | Err(_) => Ok(None),
    }
}

/// A regular file. A pipe would be waited for when opened.
fn file(path: &Path) -> Result<Buffered<File>, IoError> {
    length(path)?;
    Ok(Buffered::new(File::open(path).map_err(|e| IoError::reading(e, path))?))
}

/// What was opened, from its first byte on.
pub(super) fn opened<R: BufRead + Seek + 'static>(
    mut reader: R,
    path: &Path,
) -> Result<Opened, IoError> {
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
    let skips = opened.structure.skips.clone();
    without(opened, &skips, path)
}

/// Of the data set of a file what says what its images are.
pub(super) fn header(opened: &mut Opened, path: &Path) -> Result<InMemDicomObject, IoError> {
    let details = opened.structure.details.clone();
    without(opened, &details, path)
}

/// The data set of a file, its pixels and some parts left aside.
fn without(
    opened: &mut Opened,
    skips: &[Range<u64>],
    path: &Path,
) -> Result<InMemDicomObject, IoError> {
    let Structure { begin, end, encoding, .. } = opened.structure;
    if end - begin > MOST_HEADER {
        return Err(IoError::header("it is larger than 256 MiB", path));
    }
    let reading = |e| IoError::reading(e, path);
    let left_out: u64 = skips.iter().map(|skip| skip.end - skip.start).sum();
    let mut bytes = Vec::with_capacity((end - begin - left_out) as usize + LAST_EXPLICIT.len());
    opened.reader.seek(SeekFrom::Start(begin)).map_err(reading)?;
    let mut at = begin;
    for skip in skips.iter().cloned().chain(std::iter::once(end..end)) {
        opened.reader.by_ref().take(skip.start - at).read_to_end(&mut bytes).map_err(reading)?;
        at = opened.reader.seek(SeekFrom::Start(skip.end)).map_err(reading)?;
    }
    // Its reader stops there, instead of at the end: that is a fault to it, for which it looks through the stack.
    bytes.extend_from_slice(if encoding.explicit { &LAST_EXPLICIT } else { &LAST_IMPLICIT });
    let mut collector = DicomCollectorOptions::new()
        .read_preamble(ReadPreamble::Never)
        .expected_ts(encoding.syntax())
        .from_reader(BufReader::new(Cursor::new(bytes)));
    let mut data = InMemDicomObject::new_empty();
    collector.read_dataset_up_to(LAST, &mut data).map_err(|error| {
        let mut deepest: &dyn std::error::Error = &error;
        while let Some(source) = deepest.source() {
            deepest = source;
        }
        IoError::header(deepest.to_string(), path)
    })?;
    Ok(data)
}
