//! Looks for the files that a session names, and makes sure that they are the same.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::onto::{InsideScan, inside};
use crate::app::files::{Asked, Failed, FileContents, Loaded, Role, Which, load, same_file};
use crate::io::{OpenOptions, Registry};
use crate::session::{FileRef, Sameness, SessionSource, Snapshot, written_ms};
use crate::ui::text::mark;
use crate::volume::{Histogram, Provenance, Scale, StoredGeometry, Volume, Voxels};
use crate::work::{CancelToken, Progress};

/// How a scan's voxels lie to those of a session's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanFit {
    /// Where those do.
    Same,
    /// Elsewhere; so much of the masks lies inside of it.
    Elsewhere(InsideScan),
}

impl ScanFit {
    /// Of a scan and a session.
    ///
    /// # Errors
    /// If it was cancelled.
    pub fn of(snapshot: &Snapshot, scan: &Volume, cancel: &CancelToken) -> Result<Self, Failed> {
        let expected = &snapshot.around.source.grid;
        if scan.grid().matches(expected, 1e-3 * expected.spacing().min_element()) {
            return Ok(Self::Same);
        }
        let inside = inside(snapshot, scan.grid(), cancel).map_err(|_| Failed::Cancelled)?;
        Ok(Self::Elsewhere(inside))
    }
}

/// What was found.
pub enum Whereabouts {
    /// The file, and what is to be said of it from now on.
    Same(Box<Loaded>, FileRef),
    /// One of which it can't be known.
    Unknown(PathBuf, ScanFit),
    /// Another one.
    Other(PathBuf, ScanFit),
    /// What lies there can't be read, and why.
    Unreadable(PathBuf, String),
    Nowhere,
}

/// What is where the file of a scan was that comes from its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnFile {
    Gone,
    /// Another file.
    Other,
    /// Whether it is the same can't be known.
    Unknown,
    /// What can't be read.
    Unreadable,
}

impl OwnFile {
    /// Of what was found, which is not the scan's file for certain.
    pub fn of(found: &Whereabouts) -> Self {
        match found {
            Whereabouts::Nowhere => Self::Gone,
            Whereabouts::Unreadable(..) => Self::Unreadable,
            Whereabouts::Same(..) | Whereabouts::Unknown(_, ScanFit::Same) => Self::Unknown,
            Whereabouts::Unknown(..) | Whereabouts::Other(..) => Self::Other,
        }
    }
}

/// Reads files for a session.
pub struct Finder<'a> {
    pub formats: &'a Registry,
    pub cancel: &'a CancelToken,
    pub progress: &'a Progress,
}

/// A session, as far as files are looked for by it.
#[derive(Clone, Copy)]
pub struct Seeker<'a> {
    /// Where it is.
    pub session: &'a Path,
    /// When it was first written: milliseconds since 1970.
    pub created_ms: i64,
    pub snapshot: &'a Snapshot,
}

impl Finder<'_> {
    /// Where a file that a session names is now. `wanted`: what it is read as, and which of several scans in it.
    ///
    /// # Errors
    /// If it was cancelled.
    pub fn find(
        &self,
        file: &FileRef,
        seeker: Seeker<'_>,
        wanted: (Role, &Which),
    ) -> Result<Whereabouts, Failed> {
        let mut second = Whereabouts::Nowhere;
        for path in file.candidates(seeker.session) {
            if !path.exists() {
                continue;
            }
            match self.look_at(file, &tidy(path, file), seeker, wanted)? {
                same @ Whereabouts::Same(..) => return Ok(same),
                found if merit(&found) > merit(&second) => second = found,
                _ => {}
            }
        }
        Ok(second)
    }

    /// What lies at a path, as seen by who looks for a file. Without a hash it is the same if it lies where it was, and
    /// nobody has written it since the session was first written.
    ///
    /// # Errors
    /// If it was cancelled.
    pub fn look_at(
        &self,
        file: &FileRef,
        path: &Path,
        seeker: Seeker<'_>,
        wanted: (Role, &Which),
    ) -> Result<Whereabouts, Failed> {
        let unreadable = |why: String| Whereabouts::Unreadable(path.to_owned(), why);
        let loaded = match self.read(path, wanted) {
            Ok(loaded) => loaded,
            Err(Failed::Because(why) | Failed::Asks(Asked { why, .. })) => {
                return Ok(unreadable(why));
            }
            Err(Failed::Cancelled) => return Err(Failed::Cancelled),
        };
        let files = loaded.volume.files();
        let same = match file.is_same(path, files, self.cancel) {
            Ok(same) => same.ok_or(Failed::Cancelled)?,
            Err(why) => return Ok(unreadable(why.to_string())),
        };
        if let Some(known) = known_as(file, (path, files), seeker, same) {
            return Ok(Whereabouts::Same(Box::new(loaded), known));
        }
        let fit = ScanFit::of(seeker.snapshot, &loaded.volume, self.cancel)?;
        Ok(match same {
            Sameness::Other => Whereabouts::Other(path.to_owned(), fit),
            _ => Whereabouts::Unknown(path.to_owned(), fit),
        })
    }

    /// An image, whatever it is.
    ///
    /// # Errors
    /// Why it can't be read.
    pub fn read(&self, path: &Path, wanted: (Role, &Which)) -> Result<Loaded, Failed> {
        match load(self.formats, path, wanted, None, self.cancel, self.progress)? {
            FileContents::Image(loaded, _) => Ok(*loaded),
            _ => Err(Failed::Because(format!("this is no scan: {}", path.display()))),
        }
    }
}

/// What is to be said from now on of what lies at a path and was read from these files, if it is what the session names.
pub fn known_as(
    file: &FileRef,
    (path, files): (&Path, &[PathBuf]),
    seeker: Seeker<'_>,
    same: Sameness,
) -> Option<FileRef> {
    let untouched = || {
        same_file(path, &file.absolute)
            && written_ms(files).is_some_and(|at| at <= seeker.created_ms)
    };
    match same {
        Sameness::Same => Some(file.clone()),
        Sameness::SameByPlace => Some(FileRef { sha256: None, ..file.clone() }),
        Sameness::Unknown if untouched() => Some(FileRef { sha256: None, ..file.clone() }),
        Sameness::Unknown | Sameness::Other => None,
    }
}

/// Of a folder with several scans, that of the session's series.
pub fn series_of(snapshot: &Snapshot) -> Which {
    let said = snapshot.around.source.provenance();
    let which = said.series().map_or(Which::Any, Which::Series);
    which.read_as(OpenOptions::of(&said))
}

/// Of what is not the file, what is worth to be told.
fn merit(found: &Whereabouts) -> u8 {
    match found {
        Whereabouts::Nowhere => 0,
        Whereabouts::Unreadable(..) => 1,
        Whereabouts::Other(..) => 2,
        Whereabouts::Unknown(..) => 3,
        Whereabouts::Same(..) => 4,
    }
}

/// Where a file is, or was.
pub fn place_of(file: &FileRef, session: &Path) -> PathBuf {
    let there = file.candidates(session).into_iter().find(|path| path.exists());
    there.map_or_else(|| file.absolute.clone(), |path| tidy(path, file))
}

/// A path without a way back up in it, as people would write it.
pub fn tidy(path: PathBuf, file: &FileRef) -> PathBuf {
    if !path.components().any(|part| part == Component::ParentDir) {
        return path;
    }
    if same_file(&path, &file.absolute) {
        return file.absolute.clone();
    }
    path.canonicalize().unwrap_or(path)
}

/// An image without anything to see, on a session's grid: what is saved of its masks lies where the scan was.
///
/// # Errors
/// If it takes more memory than `most` bytes: a session may say what it likes.
pub(super) fn empty(source: &SessionSource, most: u64) -> Result<Loaded, Failed> {
    let grid = source.grid.clone();
    let count = grid.count();
    let mut values: Vec<u8> = Vec::new();
    if count as u64 > most || values.try_reserve_exact(count).is_err() {
        let text = mark(
            "the masks need an empty image of {needed} MB below them, and {free} MB may be taken: close other programs",
        );
        let (needed, free) = ((count as u64).div_ceil(1 << 20), most >> 20);
        let text = text.replace("{needed}", &needed.to_string());
        return Err(Failed::Because(text.replace("{free}", &free.to_string())));
    }
    values.resize(count, 0);
    let voxels = Voxels::U8(values);
    let geometry = source.geometry.clone().or_else(|| Some(StoredGeometry::of(&grid)));
    let identifiers = source.identifiers.clone();
    let said = Provenance { geometry, identifiers, ..Provenance::default() };
    let dims = grid.dims().to_vec();
    let volume =
        Volume::new(source.name.clone(), grid, dims, voxels, Scale::NONE, said, Vec::new());
    let stats = volume.stats();
    let histogram = Histogram::of(&volume, &stats, 2);
    let (volume, path) = (Arc::new(volume), source.file.absolute.clone());
    Ok(Loaded { volume, path, stats, histogram, only_labels: false })
}
