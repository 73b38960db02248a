//! Why there is no list: what, where, and what to do.

use std::path::{Path, PathBuf};

use crate::work::Cancelled;

/// Why there is no list of cases.
#[derive(Debug, thiserror::Error)]
pub enum CasesError {
    /// Nothing is there.
    #[error("there is no such folder or table: {}", .0.display())]
    Missing(PathBuf),
    /// It is a file of another kind.
    #[error("a list of cases is a folder, or a table (.csv, .tsv) with a column “scan”; this is neither: {}", .0.display())]
    Neither(PathBuf),
    /// Sessions are to be where no folder is.
    #[error("there is no such folder for sessions; make it first: {}", .0.display())]
    NoSessionsFolder(PathBuf),
    /// It can't be read.
    #[error("can't be read: {source}: {}", path.display())]
    Io {
        /// Why not.
        source: std::io::Error,
        /// What.
        path: PathBuf,
    },
    /// Something in a table makes no sense.
    #[error("{what}: line {line} of {}", path.display())]
    Table {
        /// What, and what to do.
        what: String,
        /// Which line, from 1.
        line: u64,
        /// Which table.
        path: PathBuf,
    },
    /// There is nothing to work on.
    #[error(
        "no scan was found, no file whose name ends in {endings} and is no label map's{}: {}",
        if notes.is_empty() { String::new() } else { format!(" ({notes})") },
        place.display()
    )]
    NoScan {
        /// How names of scans end.
        endings: String,
        /// What was left out.
        notes: String,
        /// Where.
        place: PathBuf,
    },
    /// Somebody asked for it to stop.
    #[error("cancelled")]
    Cancelled,
}

impl CasesError {
    pub(super) fn reading(path: &Path, source: std::io::Error) -> Self {
        Self::Io { source, path: path.into() }
    }
}

impl From<Cancelled> for CasesError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}
