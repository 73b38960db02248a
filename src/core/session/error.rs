//! What may go wrong with a session file: each says what, where, and what to do.

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::holder::Holder;

/// Why a session file can't be read or written. It is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// It can't be reached.
    #[error("{doing}: {source}: {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: std::io::Error,
        /// Which file.
        path: PathBuf,
    },
    /// It is something else.
    #[error("this is no Voxpoint session: {what}: {}", path.display())]
    NotASession {
        /// What it is instead.
        what: String,
        /// Which file.
        path: PathBuf,
    },
    /// It was written by a later version of the program.
    #[error(
        "this session was written by a newer Voxpoint (format {found}, this one reads up to {known}): open it with that \
         version, or update this one: {}",
        path.display()
    )]
    Newer {
        /// The version of its format.
        found: i64,
        /// The latest that is known.
        known: i64,
        /// Which file.
        path: PathBuf,
    },
    /// What can't be done without is not there.
    #[error("this session is damaged: {what}; keep the file, and go on from a copy of it if there is one: {}", path.display())]
    Damaged {
        /// What.
        what: String,
        /// Which file.
        path: PathBuf,
    },
    /// There is a file of this name already.
    #[error("there is a file of this name already: choose another name, or open that session: {}", .0.display())]
    Exists(PathBuf),
    /// Another file has taken its place since it was opened.
    #[error("another file has taken the place of this session: save under another name: {}", .0.display())]
    Replaced(PathBuf),
    /// Somebody else writes it.
    #[error("this session is open {holder}: close it there: {}", path.display())]
    Held {
        /// Who.
        holder: Holder,
        /// Which file.
        path: PathBuf,
    },
    /// Another file lies where its lock is to lie.
    #[error("a file that is not Voxpoint's lies where the session's lock is to lie: move it away: {}", .0.display())]
    ForeignLock(PathBuf),
    /// Somebody else has written it since it was read: it has what this program does not know.
    #[error("somebody else has written this session: save under another name: {}", .0.display())]
    WrittenElsewhere(PathBuf),
    /// The drive has lost something of it while it was open.
    #[error(
        "the drive has lost something of this session ({what} is not what was written): save under another name: {}",
        path.display()
    )]
    Lost {
        /// Which part of it.
        what: &'static str,
        /// Which file.
        path: PathBuf,
    },
    /// Another program reads or writes it just now.
    #[error(
        "the session can't be {doing} while another program reads or writes it: finish that program's queries (close \
         its cursors), or close it: {}",
        path.display()
    )]
    Busy {
        /// `read` or `written`.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
    },
    /// No room for it.
    #[error("the disk is full: make room, and the session is written then: {}", .0.display())]
    DiskFull(PathBuf),
    /// It, or its folder, may not be written.
    #[error("this session can't be written, or its folder can't: save it in another folder: {}", .0.display())]
    ReadOnly(PathBuf),
    /// The scan's voxels are in it, and are not whole.
    #[error(
        "the scan in this session can't be given back: {what}; its masks are whole, and can be opened with the scan's own \
         file or alone: {}",
        path.display()
    )]
    ScanDamaged {
        /// What is wrong with it.
        what: String,
        /// Which session.
        path: PathBuf,
    },
    /// Somebody has cancelled it.
    #[error("it was stopped; what was there stays as it is: {}", .0.display())]
    Stopped(PathBuf),
    /// What SQLite says else.
    #[error("the session can't be {doing}: {}: {}", said(source), path.display())]
    Database {
        /// `read` or `written`.
        doing: &'static str,
        /// What it says.
        source: rusqlite::Error,
        /// Which file.
        path: PathBuf,
    },
}

impl SessionError {
    /// Why, in a few words, in English.
    pub fn short(&self) -> &'static str {
        let gone = |path: &Path| path.symlink_metadata().is_err();
        match self {
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => "gone",
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
                "no permission"
            }
            Self::Database { path, .. } if gone(path) => "gone",
            Self::Database { source, .. }
                if source.sqlite_error_code() == Some(ErrorCode::CannotOpen) =>
            {
                "no permission"
            }
            Self::Io { .. } | Self::Database { .. } => "the disk or the share fails",
            Self::NotASession { .. } | Self::Newer { .. } | Self::Exists(_) | Self::Replaced(_) => {
                "another file lies there"
            }
            Self::Damaged { .. } | Self::ScanDamaged { .. } | Self::Lost { .. } => "damaged",
            Self::Stopped(_) => "stopped",
            Self::Held { .. } => "open elsewhere",
            Self::WrittenElsewhere(_) => "written by somebody else",
            Self::ForeignLock(_) => "another file in the place of its lock",
            Self::Busy { .. } => "another program is at it",
            Self::DiskFull(_) => "disk full",
            Self::ReadOnly(_) => "no permission",
        }
    }

    pub(super) fn io(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        match source.kind() {
            std::io::ErrorKind::StorageFull
            | std::io::ErrorKind::QuotaExceeded
            | std::io::ErrorKind::FileTooLarge => Self::DiskFull(path.into()),
            std::io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(path.into()),
            _ => Self::Io { doing, source, path: path.into() },
        }
    }

    pub(super) fn database(doing: &'static str, path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull(path),
            Some(ErrorCode::ReadOnly) => Self::ReadOnly(path),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { doing, path },
            Some(ErrorCode::OperationInterrupted) => Self::Stopped(path),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { what: source.to_string(), path }
            }
            _ => Self::Database { doing, source, path },
        }
    }
}

/// What SQLite says, as far as it can be said to somebody who has no database in mind.
fn said(source: &rusqlite::Error) -> String {
    match source.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) => "it can't be opened, or made there".to_owned(),
        Some(ErrorCode::SystemIoFailure) => {
            "the disk or the network share fails to read or write".to_owned()
        }
        _ => source.to_string(),
    }
}

/// Something in a session that could not be given back whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage(pub String);

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    /// By SQLite's own numbers: sqlite.org/rescode.html.
    #[test]
    fn what_sqlite_says_is_said_to_people() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("there.voxpoint");
        std::fs::write(&there, "").unwrap();
        let gone = folder.path().join("gone.voxpoint");
        for (code, path, said, short) in [
            (
                14,
                &there,
                "the session can't be written: it can't be opened, or made there",
                "no permission",
            ),
            (14, &gone, "the session can't be written: it can't be opened, or made there", "gone"),
            (8, &there, "this session can't be written, or its folder can't", "no permission"),
            (
                10,
                &there,
                "the session can't be written: the disk or the network share fails to read or write",
                "the disk or the share fails",
            ),
            (13, &there, "the disk is full", "disk full"),
            (
                5,
                &there,
                "the session can't be written while another program",
                "another program is at it",
            ),
        ] {
            let words = "SQLite's own words".to_owned();
            let source =
                rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), Some(words));
            let error = SessionError::database("written", path, source);
            assert!(error.to_string().starts_with(said), "{error}");
            assert!(!error.to_string().contains("SQLite"), "{error}");
            assert_eq!(error.short(), short, "{error}");
        }
        for (kind, short) in [
            (ErrorKind::NotFound, "gone"),
            (ErrorKind::PermissionDenied, "no permission"),
            (ErrorKind::StorageFull, "disk full"),
            (ErrorKind::ReadOnlyFilesystem, "no permission"),
            (ErrorKind::TimedOut, "the disk or the share fails"),
        ] {
            let error = SessionError::io("the session can't be written", &there, kind.into());
            assert_eq!(error.short(), short, "{error}");
        }
    }
}
