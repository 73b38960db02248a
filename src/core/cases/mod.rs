//! Lists of scans to be worked through: a folder, a BIDS data set or a table of scans becomes cases, each with its
//! session and how far the work on it is. No scan is read, of folders of DICOM the header of a file, and of sessions only
//! what a list shows: ten thousand take seconds.
//!
//! - [`find`]: the cases of a folder ([`folder`]: what counts as a scan) or of a table ([`table`]).
//! - [`WorkStatus`]: what is known of the work on a case. It is somebody else's a moment later: who opens a case gets its
//!   lock, or is told who has it.
//! - [`is_session_of`]: whether a session says that it is about a scan.
//! - [`naming`]: how label maps and files of other formats are told by their names.

mod error;
pub mod folder;
mod look;
pub mod naming;
pub mod table;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

pub use error::CasesError;
pub use look::is_session_of;
pub use table::table_rows;

use crate::io::Registry;
use crate::session::{Holder, SessionError, SessionSummary};
use crate::work::{CancelToken, Progress};

/// A scan that is to be worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkCase {
    /// What it is called; no two of a list are called the same.
    pub name: String,
    /// Its scan, or a place with several.
    pub scan: PathBuf,
    /// Which of those it is, as a list of them knows it ([`SeriesList::find`](crate::io::SeriesList)); `None`: the only one, or
    /// who opens it is asked.
    pub series: Option<String>,
    /// Where its session is, or will be.
    pub session: PathBuf,
    /// How far the work on it is.
    pub status: WorkStatus,
}

/// How far the work on a case is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WorkState {
    /// There is no session, or no object in it.
    #[default]
    NotStarted,
    /// There are objects.
    InProgress,
    /// Somebody should look at it.
    Flagged,
    /// Its annotator says so.
    Done,
}

/// What was found of the work on a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkStatus {
    /// How far it is.
    pub state: WorkState,
    /// How many objects there are.
    pub objects: usize,
    /// How many of them are done.
    pub objects_done: usize,
    /// How long it was worked on: milliseconds.
    pub duration_ms: i64,
    /// When its session was last written: milliseconds since 1970, UTC. `None` if there is none.
    pub written_ms: Option<i64>,
    /// Who has it open.
    pub holder: Option<Holder>,
    /// What is wrong with its scan or its session, and what to do.
    pub problem: Option<String>,
}

/// A list of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseList {
    /// The folder or the table that it is made of.
    pub place: PathBuf,
    /// Where all sessions are; `None`: each beside its scan, or where the table says.
    pub sessions: Option<PathBuf>,
    /// In the order of their names, numbers by their value; or of the table.
    pub cases: Vec<WorkCase>,
    /// What was left out, one line each.
    pub notes: Vec<String>,
}

/// A scan of a list, before anybody has looked for its session.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listed {
    name: String,
    scan: PathBuf,
    series: Option<String>,
    /// Where its session is to be, if that was said.
    session: Option<PathBuf>,
}

/// The cases of a folder or a table (`.csv`, `.tsv`). `sessions`: the folder in which all sessions are; `None`: beside
/// their scans. `formats` says which files are scans. Progress: how many scans were found; then how many sessions were
/// looked at, of how many.
///
/// # Errors
/// If there is no such place, it can't be read, or there is no scan; [`CasesError::Cancelled`].
pub fn find(
    place: &Path,
    sessions: Option<&Path>,
    formats: &Registry,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<CaseList, CasesError> {
    let place = std::path::absolute(place).map_err(|e| CasesError::reading(place, e))?;
    let sessions = sessions.map(|folder| {
        let at = std::path::absolute(folder).map_err(|e| CasesError::reading(folder, e))?;
        if at.is_dir() { Ok(at) } else { Err(CasesError::NoSessionsFolder(at)) }
    });
    let sessions = sessions.transpose()?;
    let about = std::fs::metadata(&place);
    let (listed, notes) = match about {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(CasesError::Missing(place));
        }
        Err(e) => return Err(CasesError::reading(&place, e)),
        Ok(about) if about.is_dir() => folder::scans(&place, formats, cancel, progress)?,
        Ok(_) if table::is_named_as_table(&place) => (table::scans(&place, formats)?, Vec::new()),
        Ok(_) => return Err(CasesError::Neither(place)),
    };
    if listed.is_empty() {
        let endings = formats.readable_endings();
        return Err(CasesError::NoScan { endings, notes: notes.join("; "), place });
    }
    let root = if place.is_dir() { &*place } else { place.parent().unwrap_or(&place) };
    let cases = look::cases(listed, (root, sessions.as_deref()), formats, cancel, progress)?;
    Ok(CaseList { place, sessions, cases, notes })
}

impl CaseList {
    /// Looks again at what is known of all cases.
    ///
    /// # Errors
    /// If it is cancelled.
    pub fn refresh(&mut self, cancel: &CancelToken, progress: &Progress) -> Result<(), CasesError> {
        let done = counter(progress, self.cases.len());
        self.cases.par_iter_mut().try_for_each(|case| {
            cancel.check()?;
            case.refresh();
            done();
            Ok(())
        })
    }

    /// The work that all cases took: milliseconds.
    pub fn duration_ms(&self) -> i64 {
        self.cases.iter().map(|case| case.status.duration_ms).fold(0, i64::saturating_add)
    }

    /// How many cases are in a state.
    pub fn count(&self, state: WorkState) -> usize {
        self.cases.iter().filter(|case| case.status.state == state).count()
    }
}

impl WorkCase {
    /// Looks again at what is known of it. If this program has its session open, it is not looked at: what is known of
    /// it stays.
    pub fn refresh(&mut self) {
        self.status = look::status(&self.scan, &self.session, &self.status);
    }
}

impl WorkStatus {
    fn of(found: Result<SessionSummary, SessionError>) -> Self {
        match found {
            Ok(found) => Self {
                state: match found.state {
                    crate::session::CaseState::Done => WorkState::Done,
                    crate::session::CaseState::Flagged => WorkState::Flagged,
                    crate::session::CaseState::Open if found.objects > 0 => WorkState::InProgress,
                    crate::session::CaseState::Open => WorkState::NotStarted,
                },
                objects: found.objects,
                objects_done: found.objects_done,
                duration_ms: found.duration_ms,
                written_ms: Some(found.written_ms),
                holder: None,
                problem: None,
            },
            // Something was begun, and it is not known what.
            Err(why) => Self {
                state: WorkState::InProgress,
                problem: Some(why.to_string()),
                ..Self::default()
            },
        }
    }
}

/// Counts in `progress` what of so many is done.
fn counter(progress: &Progress, total: usize) -> impl Fn() + Sync {
    progress.set_done(0);
    progress.set_total(total as u64);
    let done = AtomicU64::new(0);
    move || progress.set_done(done.fetch_add(1, Ordering::Relaxed) + 1)
}
