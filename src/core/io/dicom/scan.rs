//! What is in a folder: the headers of all DICOM files, and which of their images are of one volume.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::super::error::IoError;
use super::super::registry::beginning;
use super::instance::{Instance, SeriesName};
use super::parse::{Parsed, parse};
use super::pixels::Place;
use super::stack::belong_together;
use super::structure::is_dicom;
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
    /// Files that begin as DICOM and could not be read, and why the first of them.
    pub damaged: usize,
    pub first_fault: Option<IoError>,
    /// Images that were there twice, by their UID.
    pub doubles: usize,
}

/// Images of one series that are alike: as far as headers say, one volume.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub series: SeriesName,
    pub places: Vec<Place>,
}

/// All files in a folder and those in it, in the order of their names.
pub(super) fn files_in(folder: &Path, cancel: &CancelToken) -> Result<Vec<PathBuf>, IoError> {
    let mut files = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        cancel.check()?;
        let entries = std::fs::read_dir(&folder).map_err(|e| IoError::reading(e, &folder))?;
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
    Ok(files)
}

/// Reads the headers of files, those that are DICOM.
pub(super) fn scan(
    files: &[PathBuf],
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Scan, IoError> {
    progress.set_total(files.len() as u64);
    progress.set_done(0);
    let done = AtomicU64::new(0);
    let look = |path: &PathBuf| -> Result<Option<Result<Parsed, IoError>>, IoError> {
        cancel.check()?;
        let begin = beginning(path).unwrap_or_default();
        let found = is_dicom(&begin).then(|| parse(path));
        progress.set_done(done.fetch_add(1, Ordering::Relaxed) + 1);
        Ok(found)
    };
    let found: Vec<_> = files.par_iter().map(look).collect::<Result<_, _>>()?;
    let mut scan = Scan::default();
    let mut known = std::collections::HashSet::new();
    for parsed in found.into_iter().flatten() {
        match parsed {
            Ok(Parsed::Images(instance)) => {
                if instance.uid.is_empty() || known.insert(instance.uid.clone()) {
                    scan.instances.push(*instance);
                } else {
                    scan.doubles += 1;
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
            match same {
                Some(group) => group.places.push(place),
                None => groups.push(Group { series: instance.series.clone(), places: vec![place] }),
            }
        }
    }
    by_series.into_values().flatten().collect()
}

/// Which of several groups is most likely meant: of those that have a place the one with most images; never a localizer
/// if there is another.
pub(super) fn likely(groups: &[Group], instances: &[Instance]) -> Option<usize> {
    let merit = |group: &Group| {
        let first = group.places[0];
        let frame = &instances[first.instance].frames[first.frame];
        let localizer = frame.kind.split('\\').any(|part| part.eq_ignore_ascii_case("LOCALIZER"));
        (!localizer, frame.position.is_some(), group.places.len())
    };
    // The first of those that are equal.
    (0..groups.len()).rev().max_by_key(|n| merit(&groups[*n]))
}
