//! A ZIP archive with images of one file each: NIfTI, NRRD, `MetaImage`, MGH. (Archives of DICOM are `dicom`'s.)
//!
//! The image that is opened is unpacked into a folder of its own, which only this user may look into and which is gone
//! as soon as it is read. Names in the archive are never those of a file; what is unpacked is never more than the
//! archive says, nor than deflate could have packed.

use std::cmp::Reverse;
use std::fs::File;
use std::io::{self, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::contents::{GreyPicture, Personal, SeriesList, SeriesRow};
use super::error::IoError;
use super::format::{Beginning, Format, FormatInfo, Reader, Sniff, Source};
use super::limits::Limits;
use super::note::LabelNote;
use super::open_options::OpenOptions;
use super::registry::Registry;
use super::{meta_image, mgh, nifti, nrrd};
use crate::volume::{Provenance, Volume};
use crate::work::{CancelToken, Progress};

/// An archive with more members is none of images.
const MOST_MEMBERS: usize = 100_000;
/// Deflate makes nothing smaller than by this; what claims more is no archive.
const MOST_RATIO: u64 = 1040;
/// Bytes between two looks at the cancel token.
const CHUNK: usize = 1 << 20;
/// Images of one file each.
const ENDINGS: [&str; 8] =
    [".nii.gz", ".nii", ".nii.bz2", ".nii.zst", ".nrrd", ".mha", ".mgz", ".mgh"];

/// Archives, read.
pub(super) fn format() -> Format {
    let formats = Registry::default()
        .with(nifti::format())
        .with(nrrd::format())
        .with(meta_image::format())
        .with(mgh::format());
    Format { reader: Some(Box::new(ZipReader { formats: Arc::new(formats) })), writer: None }
}

/// Reads archives.
struct ZipReader {
    /// What may be in them.
    formats: Arc<Registry>,
}

impl Reader for ZipReader {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: "ZIP archive of images", endings: &[], other_endings: &[".zip"] }
    }

    fn sniff(&self, seen: &Beginning) -> Sniff {
        let is_archive = seen.bytes.starts_with(b"PK\x03\x04");
        let path = seen.source.path();
        let has_images = || images(path, &CancelToken::new()).is_ok_and(|found| !found.is_empty());
        if is_archive && has_images() { Sniff::Yes } else { Sniff::No }
    }

    fn open_as(
        &self,
        source: &Source,
        options: &OpenOptions,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        let list = self.contents(source.path(), cancel)?;
        let row = match source {
            Source::Chosen { series, .. } => list.find(series)?,
            _ if list.rows.len() == 1 => 0,
            _ => return Err(list.several()),
        };
        list.read(row, options, *limits, cancel, progress)
    }

    fn list(
        &self,
        source: &Source,
        cancel: &CancelToken,
        _: &Progress,
    ) -> Result<Option<Arc<dyn SeriesList>>, IoError> {
        let list = self.contents(source.path(), cancel)?;
        Ok((list.rows.len() > 1).then(|| Arc::new(list) as Arc<dyn SeriesList>))
    }
}

impl ZipReader {
    fn contents(&self, archive: &Path, cancel: &CancelToken) -> Result<ZipContents, IoError> {
        let images = images(archive, cancel)?;
        if images.is_empty() {
            let what = "it holds no image of one file".into();
            return Err(IoError::Archive { what, path: archive.to_owned() });
        }
        let row = |image: &Packed| SeriesRow {
            key: image.name.clone(),
            patient: Personal::default(),
            patient_number: 1,
            study: String::new(),
            study_number: 1,
            date: None,
            number: None,
            description: image.name.clone(),
            modality: String::new(),
            images: 1,
            size: [0, 0],
            remarks: Vec::new(),
            is_scan: true,
        };
        let rows = images.iter().map(row).collect();
        let (archive, formats) = (archive.to_owned(), Arc::clone(&self.formats));
        Ok(ZipContents { archive, formats, images, rows })
    }
}

/// An image in an archive.
struct Packed {
    /// Its place in the archive's directory.
    index: usize,
    /// As the archive calls it, for people.
    name: String,
    /// Bytes that it says it has.
    length: u64,
    ending: &'static str,
}

fn opened(archive: &Path) -> Result<ZipArchive<BufReader<File>>, IoError> {
    let file = File::open(archive).map_err(|e| IoError::reading(e, archive))?;
    let zip = ZipArchive::new(BufReader::new(file)).map_err(|e| fault(e, archive))?;
    if zip.len() > MOST_MEMBERS {
        let what = "it has more than 100 000 files".into();
        return Err(IoError::Archive { what, path: archive.to_owned() });
    }
    Ok(zip)
}

fn fault(error: ZipError, archive: &Path) -> IoError {
    match error {
        ZipError::Io(error) => IoError::reading(error, archive),
        other => IoError::Archive { what: other.to_string(), path: archive.to_owned() },
    }
}

/// The images of an archive, by their names; nothing is unpacked.
fn images(archive: &Path, cancel: &CancelToken) -> Result<Vec<Packed>, IoError> {
    let mut zip = opened(archive)?;
    let mut found = Vec::new();
    for index in 0..zip.len() {
        cancel.check()?;
        let Ok(entry) = zip.by_index_raw(index) else { continue };
        let Ok(name) = entry.name() else { continue };
        let name = name.replace(char::is_control, "?");
        let lower = name.to_lowercase();
        let last = lower.rsplit(['/', '\\']).next().unwrap_or_default();
        // What macOS packs beside each file, and what is hidden.
        let is_beside = lower.starts_with("__macosx/") || last.starts_with('.');
        let ending =
            ENDINGS.into_iter().find(|ending| last.len() > ending.len() && last.ends_with(ending));
        let Some(ending) = ending.filter(|_| entry.is_file() && !is_beside) else { continue };
        let (packed, length) = (entry.compressed_size(), entry.size());
        let possible = match entry.compression() {
            CompressionMethod::Stored => packed == length,
            CompressionMethod::Deflated => length / MOST_RATIO <= packed,
            _ => false,
        };
        if possible && !entry.encrypted() {
            found.push(Packed { index, name, length, ending });
        }
    }
    found.sort_by(|a, b| super::natural_order(&a.name, &b.name));
    Ok(found)
}

/// The images of an archive, to choose from.
struct ZipContents {
    archive: PathBuf,
    formats: Arc<Registry>,
    images: Vec<Packed>,
    /// Of the same images.
    rows: Vec<SeriesRow>,
}

impl ZipContents {
    /// That it must be said which is meant.
    fn several(&self) -> IoError {
        const SHOWN: usize = 8;
        let names: Vec<&str> = self.images.iter().take(SHOWN).map(|i| i.name.as_str()).collect();
        let more = if self.images.len() > SHOWN { ", …" } else { "" };
        let count = self.images.len();
        let what = format!("it holds {count} images; name one: {}{more}", names.join(", "));
        IoError::Archive { what, path: self.archive.clone() }
    }

    fn read(
        &self,
        row: usize,
        options: &OpenOptions,
        limits: Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        let image = &self.images[row];
        let shown = PathBuf::from(format!("{}: {}", self.archive.display(), image.name));
        if image.length > limits.memory {
            return Err(IoError::too_large(image.length, limits.memory, &shown));
        }
        let no_room = |e| IoError::Read { source: e, path: std::env::temp_dir() };
        let folder = tempfile::Builder::new().prefix("voxpoint-").tempdir().map_err(no_room)?;
        let file = folder.path().join(format!("image{}", image.ending));
        self.unpack(image, &file, &shown, (cancel, progress))?;
        let read =
            self.formats.open_as(&Source::File(file.clone()), options, &limits, cancel, progress);
        let volume = read.map_err(|why| told(why, &file, &shown))?;
        if volume.files() != [file] {
            // Its header leads out of the archive.
            let what = "its voxels are in another file".to_owned();
            return Err(IoError::Archive { what, path: shown });
        }
        let place = Source::File(self.archive.clone()).name();
        let name = if self.images.len() > 1 { format!("{place} ({})", image.name) } else { place };
        let member = self.images.len() > 1;
        let member = member.then(|| (Provenance::MEMBER.to_owned(), image.name.clone()));
        let volume = volume.called(name).known_by(member).read_from([self.archive.clone()]);
        let stem = image.name.strip_suffix(image.ending).unwrap_or(&image.name);
        Ok(if self.images.len() > 1 { volume.told_apart_by(stem) } else { volume })
    }

    /// Unpacks an image into a file, no more than it says it has.
    fn unpack(
        &self,
        image: &Packed,
        to: &Path,
        shown: &Path,
        (cancel, progress): (&CancelToken, &Progress),
    ) -> Result<(), IoError> {
        let mut zip = opened(&self.archive)?;
        let mut entry = zip.by_index(image.index).map_err(|e| fault(e, &self.archive))?;
        let no_room = |e| IoError::Read { source: e, path: to.parent().unwrap_or(to).to_owned() };
        let mut out = File::create_new(to).map_err(no_room)?;
        progress.set_total(image.length);
        let (mut done, mut buffer) = (0u64, vec![0; CHUNK]);
        loop {
            cancel.check()?;
            let n = match entry.read(&mut buffer) {
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(IoError::reading(e, shown)),
            };
            done += n as u64;
            if done > image.length {
                let what = "it becomes larger than the archive says".into();
                return Err(IoError::Damaged { what, path: shown.to_owned() });
            }
            if n == 0 {
                break;
            }
            out.write_all(&buffer[..n]).map_err(no_room)?;
            progress.set_done(done);
        }
        Ok(())
    }
}

/// A fault of the unpacked file, told of the archive's.
fn told(error: IoError, file: &Path, shown: &Path) -> IoError {
    match error {
        IoError::Cancelled => IoError::Cancelled,
        IoError::TooLarge { needed, limit, free, dims, .. } => {
            IoError::TooLarge { needed, limit, free, dims, path: shown.to_owned() }
        }
        other => {
            let what = other.to_string().replace(&format!(": {}", file.display()), "");
            IoError::Archive { what, path: shown.to_owned() }
        }
    }
}

impl SeriesList for ZipContents {
    fn place(&self) -> &Path {
        &self.archive
    }

    fn rows(&self) -> &[SeriesRow] {
        &self.rows
    }

    /// The largest file: labels take fewer bytes than their scan, packed and unpacked.
    fn likely(&self) -> usize {
        let largest = |n: &usize| (self.images[*n].length, Reverse(*n));
        (0..self.images.len()).max_by_key(largest).unwrap_or(0)
    }

    fn notes(&self) -> &[LabelNote] {
        &[]
    }

    fn open_likely(
        &self,
        options: &OpenOptions,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        self.read(self.likely(), options, *limits, cancel, progress)
    }

    fn open_as(
        &self,
        row: usize,
        options: &OpenOptions,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        self.read(row, options, *limits, cancel, progress)
    }

    fn picture(&self, _: usize, _: usize, _: &CancelToken) -> Option<GreyPicture> {
        None
    }
}
