//! The scans in a folder and in those in it: all files whose names end as those of a format that is read, and folders with
//! slices of a series, also such whose names have no ending (`IM000001`, `1.2.840.10008.1`): the header of one of them is
//! looked at. But not
//!
//! - pictures and archives;
//! - folders whose DICOM files have no image: contours, segmentations, reports;
//! - label maps, as far as names tell ([`super::naming`]);
//! - of a header and its voxels in two files, the second;
//! - what is hidden (`.name`), and what links to folders lead to;
//! - of a BIDS data set (it has `dataset_description.json`, or folders `sub-…`), what lies in `derivatives`,
//!   `sourcedata`, `code` and `stimuli`.
//!
//! A case is called by its file's name without ending. Folders `sub-…` and `ses-…` that it does not name stand before
//! it. If two would be called the same, they are called by their ways from the folder.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::error::CasesError;
use super::{Listed, naming};
use crate::io::{FormatInfo, Registry, Source, natural_order};
use crate::work::{CancelToken, Progress};

/// So many files without an ending are looked at in each folder: others than slices may lie with them.
const LOOKED_AT: usize = 3;

/// So many files of a folder of slices are looked at for an image. With more that have none, it is taken for a scan.
const LOOKED_AT_FOR_IMAGE: usize = 256;

/// Folders in folders are looked into so deep.
const DEPTH: usize = 32;

/// Folders of a BIDS data set without scans to work on.
const NOT_BIDS_SCANS: [&str; 4] = ["derivatives", "sourcedata", "code", "stimuli"];

/// What lies in a folder.
#[derive(Debug, Default)]
struct Found {
    scans: Vec<PathBuf>,
    label_maps: usize,
    /// Folders of DICOM files without an image.
    without_image: usize,
    notes: Vec<String>,
}

impl Found {
    fn add(mut self, mut more: Self) -> Self {
        self.scans.append(&mut more.scans);
        self.notes.append(&mut more.notes);
        self.label_maps += more.label_maps;
        self.without_image += more.without_image;
        self
    }
}

struct Walk<'a> {
    formats: &'a Registry,
    cancel: &'a CancelToken,
    progress: &'a Progress,
    found: AtomicU64,
}

/// The scans of a folder in the order of their names, and what was left out.
pub(super) fn scans(
    root: &Path,
    formats: &Registry,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<(Vec<Listed>, Vec<String>), CasesError> {
    // If not even this one can be read, that is no note.
    std::fs::read_dir(root).map_err(|e| CasesError::reading(root, e))?;
    let walk = Walk { formats, cancel, progress, found: AtomicU64::new(0) };
    let Found { scans, label_maps, without_image, mut notes } = walk.folder(root, DEPTH, false)?;
    if label_maps > 0 {
        notes.push(format!("{label_maps} label maps were left out, by their names"));
    }
    match without_image {
        0 => {}
        1 => notes.push("a folder whose DICOM files have no image was left out".to_owned()),
        n => notes.push(format!("{n} folders whose DICOM files have no image were left out")),
    }
    let mut listed = named(root, scans, formats);
    listed.sort_by(|a, b| natural_order(&a.name, &b.name).then_with(|| a.scan.cmp(&b.scan)));
    Ok((listed, notes))
}

impl Walk<'_> {
    /// `labels`: it lies beside the folder of the scans that it has the label maps of.
    fn folder(&self, folder: &Path, depth: usize, labels: bool) -> Result<Found, CasesError> {
        self.cancel.check()?;
        let mut found = Found::default();
        let (files, folders) = match entries(folder) {
            Ok(entries) => entries,
            Err(e) => {
                let note = format!("a folder can't be read ({e}), left out: {}", folder.display());
                return Ok(Found { notes: vec![note], ..found });
            }
        };
        self.sort_out(files.iter().map(|name| folder.join(name)), labels, &mut found)?;
        let seen = self.found.fetch_add(found.scans.len() as u64, Ordering::Relaxed);
        self.progress.set_done(seen + found.scans.len() as u64);
        let lower: BTreeSet<String> = folders.iter().map(lower).collect();
        let is_bids = files.iter().any(|name| name == "dataset_description.json")
            || lower.iter().any(|name| name.starts_with("sub-"));
        let wanted = |name: &&std::ffi::OsString| {
            !(is_bids && NOT_BIDS_SCANS.iter().any(|not| *not == **name))
        };
        let folders: Vec<_> = folders.iter().filter(wanted).filter(|_| depth > 0).collect();
        let within: Vec<Found> = folders
            .into_par_iter()
            .map(|name| {
                let has_labels = naming::scans_folders(&name.to_string_lossy())
                    .any(|scans| lower.contains(&scans));
                self.folder(&folder.join(name), depth - 1, labels || has_labels)
            })
            .collect::<Result<_, _>>()?;
        Ok(within.into_iter().fold(found, Found::add))
    }

    /// Whether files without an ending are slices of a series: by the beginning of the first few.
    fn are_slices(&self, unnamed: &[PathBuf]) -> bool {
        unnamed.iter().take(LOOKED_AT).any(|path| {
            let format = self.formats.format_of(&Source::File(path.clone()));
            let mut endings = format.iter().flat_map(FormatInfo::all_endings);
            endings.any(|ending| naming::is_slice(ending.trim_start_matches('.')))
        })
    }

    /// Whether one of the slices of a folder is an image, by their headers. What can't be read may be one: who opens it is
    /// told why it can't be.
    fn have_image(&self, slices: &[PathBuf]) -> Result<bool, CasesError> {
        let mut unreadable = slices.len() > LOOKED_AT_FOR_IMAGE;
        for path in slices.iter().take(LOOKED_AT_FOR_IMAGE) {
            self.cancel.check()?;
            match self.formats.has_image(path) {
                Some(true) => return Ok(true),
                Some(false) => {}
                None => unreadable = true,
            }
        }
        Ok(unreadable)
    }

    /// Which files of a folder are scans.
    fn sort_out(
        &self,
        files: impl Iterator<Item = PathBuf>,
        labels: bool,
        found: &mut Found,
    ) -> Result<(), CasesError> {
        // Of a name the files; the usual endings, of which each is a scan of its own, apart from those of two files
        // that belong together.
        let mut stems: BTreeMap<String, (Vec<PathBuf>, Option<PathBuf>)> = BTreeMap::new();
        let mut slices: Vec<PathBuf> = Vec::new();
        let mut unnamed: Vec<PathBuf> = Vec::new();
        for path in files {
            let ending = path.extension().unwrap_or_default().to_string_lossy();
            if naming::is_slice(&ending) {
                slices.push(path);
            } else if naming::may_be_unnamed_slice(&path) {
                unnamed.push(path);
            } else if !naming::is_no_case(&ending) && self.formats.is_named_as_readable(&path) {
                let (usual, first) = stems.entry(lower(stem(self.formats, &path))).or_default();
                if self.formats.is_named_usually(&path) {
                    usual.push(path);
                } else if first.as_ref().is_none_or(|first| path < *first) {
                    *first = Some(path);
                }
            }
        }
        unnamed.sort();
        slices.sort();
        // Images without an ending may lie beside contours that have one.
        if !labels && self.are_slices(&unnamed) {
            slices.append(&mut unnamed);
        }
        if let Some(folder) = slices.first().and_then(|path| path.parent()).filter(|_| !labels) {
            if self.have_image(&slices)? {
                found.scans.push(folder.to_owned());
            } else {
                found.without_image += 1;
            }
        }
        for (stem, (usual, first)) in &stems {
            // Such as the voxels beside a header.
            let files = usual.iter().chain(first.as_ref().filter(|_| usual.is_empty()));
            if labels || naming::is_label_map(stem, |scan| stems.contains_key(scan)) {
                found.label_maps += files.count();
            } else {
                found.scans.extend(files.cloned());
            }
        }
        Ok(())
    }
}

/// The names of the files in a folder, and of the folders in it.
type Entries = (Vec<std::ffi::OsString>, Vec<std::ffi::OsString>);

fn entries(folder: &Path) -> std::io::Result<Entries> {
    let (mut files, mut folders) = Entries::default();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // A link is a file here, such as those of git-annex: one to a folder above would lead round in circles.
        if entry.file_type()?.is_dir() { folders.push(name) } else { files.push(name) }
    }
    Ok((files, folders))
}

fn lower(text: impl AsRef<OsStr>) -> String {
    text.as_ref().to_string_lossy().to_lowercase()
}

/// A file's name without its ending.
pub(super) fn stem<'p>(formats: &Registry, path: &'p Path) -> &'p OsStr {
    formats.stem(path).or(path.file_name()).unwrap_or(path.as_os_str())
}

/// Names scans so that they can be told apart.
fn named(root: &Path, scans: Vec<PathBuf>, formats: &Registry) -> Vec<Listed> {
    let named = |scan: PathBuf| {
        let name = with_subject(&stem(formats, &scan).to_string_lossy(), root, &scan);
        Listed { name, scan, series: None, session: None }
    };
    let mut listed: Vec<Listed> = scans.into_iter().map(named).collect();
    tell_apart(&mut listed, root);
    listed
}

/// What one of several scans of a place is called.
pub(super) fn with_series(name: &str, series: &str) -> String {
    format!("{name} ({series})")
}

/// Gives those that are called the same the way to their files for a name.
pub(super) fn tell_apart(listed: &mut [Listed], root: &Path) {
    let mut count: HashMap<String, usize> = HashMap::new();
    for case in &*listed {
        *count.entry(case.name.clone()).or_default() += 1;
    }
    for case in listed.iter_mut().filter(|case| count[&case.name] > 1) {
        let way = case.scan.strip_prefix(root).unwrap_or(&case.scan);
        case.name = way.to_string_lossy().replace('\\', "/");
        if let Some(series) = &case.series {
            case.name = with_series(&case.name, series);
        }
    }
    // The same scan twice, under one name.
    let mut seen: HashMap<String, usize> = HashMap::new();
    for case in listed {
        let times = seen.entry(case.name.clone()).or_default();
        *times += 1;
        if *times > 1 {
            case.name = format!("{} ({times})", case.name);
        }
    }
}

/// A name with the folders `sub-…` and `ses-…` before it that it does not name itself.
fn with_subject(name: &str, root: &Path, scan: &Path) -> String {
    let way = scan.strip_prefix(root).unwrap_or(scan).parent().into_iter().flat_map(Path::iter);
    let mut words: Vec<String> = way
        .map(|folder| folder.to_string_lossy().into_owned())
        .filter(|folder| folder.starts_with("sub-") || folder.starts_with("ses-"))
        .filter(|folder| !name.split('_').any(|word| word == folder))
        .collect();
    words.push(name.to_owned());
    words.join("_")
}
