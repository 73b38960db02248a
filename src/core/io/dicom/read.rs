use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Arc;

use super::super::contents::SeriesList;
use super::super::error::IoError;
use super::super::format::{Beginning, FormatInfo, Onto, Reader, Sniff, Source};
use super::super::labels_read::LabelsRead;
use super::super::limits::Limits;
use super::super::open_options::OpenOptions;
use super::super::registry::beginning;
use super::NAME;
use super::class::{STRUCTURE_SET, is_segmentation};
use super::directory::INDEX;
use super::label_files;
use super::list::DicomList;
use super::origin::{Origin, is_archive, is_archive_of_dicom};
use super::parse::{Parsed, parse};
use super::pixels::Place;
use super::scan::{Scan, scan, scan_archive, scan_folder, scan_index};
use super::structure::is_dicom;
use crate::volume::{LabelName, Volume};
use crate::work::{CancelToken, Progress};

/// So many files of a folder are looked at to tell whether it is one of DICOM, so many in all, and so many names.
const LOOKED_AT: usize = 64;
const MOST_LOOKED_AT: usize = 1024;
const MOST_ENTRIES: usize = 100_000;

/// Reads DICOM images: a file of several, a series from any of its files, a folder, an archive, an index.
pub(super) struct DicomReader;

impl Reader for DicomReader {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: NAME, endings: &[".dcm"], other_endings: &[".dicom", ".ima"] }
    }

    fn sniff(&self, seen: &Beginning) -> Sniff {
        let path = seen.source.path();
        let yes = match seen.source {
            Source::Folder(folder) => is_folder_of_dicom(folder),
            Source::Chosen { place, .. } if seen.bytes.is_empty() => is_folder_of_dicom(place),
            _ if is_archive(seen.bytes) => match is_archive_of_dicom(path) {
                None => return Sniff::Unreadable("an encrypted ZIP archive"),
                Some(yes) => yes,
            },
            _ => is_dicom(seen.bytes),
        };
        if yes { Sniff::Yes } else { Sniff::No }
    }

    fn keeps_order_only(&self) -> bool {
        true
    }

    fn has_image(&self, file: &Path) -> Option<bool> {
        match parse(&Origin::from(file.to_owned())).ok()? {
            Parsed::Images(_) => Some(true),
            // Cut off before it says what it is.
            Parsed::Other(class) if class.is_empty() => None,
            Parsed::Other(_) => Some(false),
        }
    }

    fn open_as(
        &self,
        source: &Source,
        options: &OpenOptions,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        let found = found(source, cancel, progress)?;
        if let Source::File(file) = source
            && found.instances.is_empty()
        {
            if found.others.iter().any(|class| is_segmentation(class)) {
                let volume = label_files::volume(file, &source.name(), *limits, cancel, progress)?;
                return options.part.taken_from(volume);
            }
            if found.others.contains(STRUCTURE_SET) {
                let what = "an RT Structure Set, whose contours belong on a scan";
                return Err(IoError::NeedsScan { what, path: file.clone() });
            }
        }
        let list = DicomList::new(found, source.path(), source.name())?;
        match source {
            Source::Chosen { series, .. } => {
                list.open_as(list.find(series)?, options, limits, cancel, progress)
            }
            Source::File(file) if list.asked().is_some() => {
                let row = row_of(&list, file).unwrap_or(list.likely());
                list.open_telling(row, options, *limits, cancel, progress)
            }
            _ => list.open_likely(options, limits, cancel, progress),
        }
    }

    fn list(
        &self,
        source: &Source,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Option<Arc<dyn SeriesList>>, IoError> {
        if let Source::File(file) = source
            && kind(file)? == Kind::Image
        {
            return Ok(None);
        }
        let found = found(source, cancel, progress)?;
        Ok(Some(Arc::new(DicomList::new(found, source.path(), source.name())?)))
    }

    fn labels(
        &self,
        source: &Source,
        onto: &Onto<'_>,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Option<LabelsRead>, IoError> {
        let Source::File(file) = source else { return Ok(None) };
        if kind(file)? != Kind::Image {
            return Ok(None);
        }
        label_files::labels(file, onto, *limits, cancel, progress)
    }

    fn label_names(&self, source: &Source, _: usize) -> Vec<LabelName> {
        let Source::File(file) = source else { return Vec::new() };
        label_files::names(file).unwrap_or_default()
    }
}

/// What a file is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Archive,
    Index,
    Image,
}

fn kind(file: &Path) -> Result<Kind, IoError> {
    if is_archive(&beginning(file)?) {
        return Ok(Kind::Archive);
    }
    let named = file.file_name().is_some_and(|name| name.eq_ignore_ascii_case("DICOMDIR"));
    let index = || match parse(&Origin::from(file.to_owned())) {
        Ok(Parsed::Other(class)) => class == INDEX,
        _ => false,
    };
    Ok(if named && index() { Kind::Index } else { Kind::Image })
}

/// The headers of what a source has.
fn found(source: &Source, cancel: &CancelToken, progress: &Progress) -> Result<Scan, IoError> {
    let path = source.path();
    match source {
        Source::Series(files) => {
            scan(files.iter().cloned().map(Origin::from).collect(), cancel, progress)
        }
        Source::Folder(_) | Source::Chosen { .. } | Source::File(_) if path.is_dir() => {
            scan_folder(path, cancel, progress)
        }
        Source::Folder(_) | Source::Chosen { .. } | Source::File(_) => match kind(path)? {
            Kind::Archive => scan_archive(path, cancel, progress),
            Kind::Index => scan_index(path, cancel, progress),
            Kind::Image => series_of(path, cancel, progress),
        },
    }
}

/// Whether one of the first files in a folder, or of those in it, is DICOM. Folders in it are looked into before more of
/// its files.
fn is_folder_of_dicom(folder: &Path) -> bool {
    let mut folders = VecDeque::from([folder.to_owned()]);
    let mut looked = 0;
    while let Some(folder) = folders.pop_front().filter(|_| looked < MOST_LOOKED_AT) {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        let mut here = 0;
        for entry in entries.flatten().take(MOST_ENTRIES) {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push_back(path);
            } else if here < LOOKED_AT && path.is_file() {
                (here, looked) = (here + 1, looked + 1);
                if beginning(&path).is_ok_and(|begin| is_dicom(&begin)) {
                    return true;
                }
            }
        }
    }
    false
}

/// The images of a file; of a file with one image that has a place, those of its series in the same folder.
fn series_of(file: &Path, cancel: &CancelToken, progress: &Progress) -> Result<Scan, IoError> {
    let own = match parse(&Origin::from(file.to_owned()))? {
        Parsed::Images(own) => own,
        Parsed::Other(class) if class == INDEX => return scan_index(file, cancel, progress),
        Parsed::Other(class) => return Ok(Scan { others: [class].into(), ..Scan::default() }),
    };
    let alone = own.frames.len() > 1 || own.frames[0].position.is_none();
    let asked = Some(own.uid.clone());
    let folder = file.parent().filter(|_| !alone && !own.series.uid.is_empty());
    let Some(folder) = folder else {
        return Ok(Scan { instances: vec![*own], asked, ..Scan::default() });
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(folder).map_err(|e| IoError::reading(e, folder))?;
    let mut files: Vec<_> = entries.flatten().map(|e| e.path()).filter(|p| p.is_file()).collect();
    files.sort();
    let mut found = scan(files.into_iter().map(Origin::from).collect(), cancel, progress)?;
    found.asked = asked;
    found.instances.retain(|other| other.series.uid == own.series.uid);
    found.doubles.retain(|series, _| *series == own.series.uid);
    // What else lies there is not asked for.
    (found.others, found.damaged, found.first_fault) = (BTreeSet::new(), 0, None);
    Ok(found)
}

/// Which of the scans has most of the images of a file.
fn row_of(list: &DicomList, file: &Path) -> Option<usize> {
    // All are of its folder, which may be written in several ways; it may be the double of another.
    let of_file = |place: &Place| {
        let instance = &list.instances()[place.instance];
        let same = !instance.uid.is_empty() && list.asked() == Some(&*instance.uid);
        same || instance.origin.path.file_name() == file.file_name()
    };
    let has = |n: usize| list.places(n).iter().filter(|place| of_file(place)).count();
    let most = (0..list.rows().len()).rev().max_by_key(|n| has(*n))?;
    (has(most) > 0).then_some(most)
}
