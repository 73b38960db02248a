//! What is in a folder: the headers of all DICOM files, and which of their images are of one volume.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::super::error::IoError;
use super::directory::indexed;
use super::instance::{Frame, Instance, SeriesName};
use super::origin::{Origin, members};
use super::parse::{Parsed, parse_dicom};
use super::pixels::Place;
use super::stack::belong_together;
use crate::work::{CancelToken, Progress};

/// How deep folders are looked into.
const DEPTH: usize = 8;
/// A folder with more files is none of scans.
const MOST_FILES: usize = 500_000;

/// The DICOM files of a folder.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub instances: Vec<Instance>,
    /// The image that stands for its series, by its UID.
    pub asked: Option<String>,
    /// What DICOM files without images are, by their SOP class.
    pub others: BTreeSet<String>,
    /// Files that begin as DICOM, or that nobody may look into, and could not be read, and why the first of them.
    pub damaged: usize,
    pub first_fault: Option<IoError>,
    /// How many images of a series (by its UID) were there twice.
    pub doubles: BTreeMap<String, usize>,
    /// Files that an index names and that are not there, as it names them.
    pub missing: Vec<String>,
    /// Members of an archive that are encrypted.
    pub encrypted: usize,
}

/// Images of one series that are alike: as far as headers say, one volume.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub series: SeriesName,
    /// Which part of it, from 1, if its images are several volumes.
    pub part: Option<usize>,
    pub places: Vec<Place>,
}

/// All files in a folder and those in it, in the order of their names; and why the first of the folders in it that
/// can't be looked into can't.
fn files_in(
    folder: &Path,
    cancel: &CancelToken,
) -> Result<(Vec<PathBuf>, Option<IoError>), IoError> {
    let (mut files, mut closed) = (Vec::new(), None);
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        cancel.check()?;
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(why) if depth == 0 => return Err(IoError::reading(why, &folder)),
            Err(why) => {
                closed.get_or_insert(IoError::reading(why, &folder));
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            // Links to folders are not followed: they may lead back.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < DEPTH => folders.push((path, depth + 1)),
                Ok(kind) if kind.is_file() => files.push(path),
                Ok(kind) if kind.is_symlink() && path.is_file() => files.push(path),
                _ => {}
            }
            if files.len() > MOST_FILES {
                let what = "a folder with more than 500 000 files";
                return Err(IoError::NotAFile { what, path: folder });
            }
        }
    }
    files.sort();
    Ok((files, closed))
}

/// Reads the headers of all DICOM files in a folder.
pub(super) fn scan_folder(
    folder: &Path,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Scan, IoError> {
    let (files, closed) = files_in(folder, cancel)?;
    let mut found = scan(files.into_iter().map(Origin::from).collect(), cancel, progress)?;
    if let Some(why) = closed {
        found.damaged += 1;
        found.first_fault.get_or_insert(why);
    }
    Ok(found)
}

/// Those of an archive.
pub(super) fn scan_archive(
    archive: &Path,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Scan, IoError> {
    let found = members(archive, cancel)?;
    let mut scan = scan(found.files, cancel, progress)?;
    scan.encrypted = found.encrypted;
    if found.unreadable > 0 {
        let what =
            "it claims what can't be, or is packed by another method than deflate".to_owned();
        scan.damaged += found.unreadable;
        scan.first_fault.get_or_insert(IoError::Archive { what, path: archive.to_owned() });
    }
    Ok(scan)
}

/// Those that an index names.
pub(super) fn scan_index(
    index: &Path,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Scan, IoError> {
    let found = indexed(index)?;
    let mut scan = scan(found.files.into_iter().map(Origin::from).collect(), cancel, progress)?;
    scan.missing = found.missing;
    Ok(scan)
}

/// Reads the headers of files, those that are DICOM.
pub(super) fn scan(
    files: Vec<Origin>,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Scan, IoError> {
    progress.set_total(files.len() as u64);
    progress.set_done(0);
    let done = AtomicU64::new(0);
    let look = |origin: Origin| -> Result<Option<Result<Parsed, IoError>>, IoError> {
        cancel.check()?;
        let found = parse_dicom(&origin).transpose();
        progress.set_done(done.fetch_add(1, Ordering::Relaxed) + 1);
        Ok(found)
    };
    let found: Vec<_> = files.into_par_iter().map(look).collect::<Result<_, _>>()?;
    let mut scan = Scan::default();
    let mut known = HashSet::new();
    for parsed in found.into_iter().flatten() {
        match parsed {
            Ok(Parsed::Images(instance)) => {
                if instance.uid.is_empty() || known.insert(instance.uid.clone()) {
                    scan.instances.push(*instance);
                } else {
                    *scan.doubles.entry(instance.series.uid).or_default() += 1;
                }
            }
            Ok(Parsed::Other(class)) => {
                scan.others.insert(class);
            }
            Err(why) => {
                scan.damaged += 1;
                scan.first_fault.get_or_insert(why);
            }
        }
    }
    Ok(scan)
}

/// Sorts images into groups, in the order of their files.
pub(super) fn groups(instances: &[Instance]) -> Vec<Group> {
    let mut by_series: BTreeMap<&str, Vec<Group>> = BTreeMap::new();
    for (n, instance) in instances.iter().enumerate() {
        let groups = by_series.entry(&instance.series.uid).or_default();
        for (k, frame) in instance.frames.iter().enumerate() {
            let place = Place { instance: n, frame: k };
            let same = groups.iter_mut().rev().find(|group| {
                let first = group.places[0];
                let other = &instances[first.instance];
                other.shape == instance.shape && belong_together(&other.frames[first.frame], frame)
            });
            if let Some(group) = same {
                group.places.push(place);
            } else {
                let series = instance.series.clone();
                groups.push(Group { series, part: None, places: vec![place] });
            }
        }
    }
    for groups in by_series.values_mut().filter(|groups| groups.len() > 1) {
        // The one that is most of it is meant by its UID alone.
        groups.sort_by_key(|group| Reverse(group.places.len()));
        for (n, group) in groups.iter_mut().enumerate() {
            group.part = Some(n + 1);
        }
    }
    by_series.into_values().flatten().collect()
}

/// Whether images were made to plan others by.
pub(super) fn is_localizer(group: &Group, instances: &[Instance]) -> bool {
    let kind = &first_frame(group, instances).kind;
    kind.split('\\').any(|part| part.eq_ignore_ascii_case("LOCALIZER"))
}

/// The first of a group's images.
pub(super) fn first_frame<'a>(group: &Group, instances: &'a [Instance]) -> &'a Frame {
    let first = group.places[0];
    &instances[first.instance].frames[first.frame]
}

/// Which of several groups is most likely meant: of those that have a place the one with most images; never a localizer
/// if there is another.
pub(super) fn likely(groups: &[Group], instances: &[Instance]) -> Option<usize> {
    let merit = |group: &Group| {
        let placed = first_frame(group, instances).position.is_some();
        (!is_localizer(group, instances), placed, group.places.len())
    };
    // The first of those that are equal.
    (0..groups.len()).rev().max_by_key(|n| merit(&groups[*n]))
}
