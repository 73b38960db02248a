//! How a session file is opened: read, and had to be written if that may be.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::super::contents::{self, Contents};
use super::super::database::{connect, copied, is_sound, reader, resolved};
use super::super::holder::Holder;
use super::super::lock::{Lock, Locked};
use super::super::making::Identity;
use super::super::stillness::{TakeOverWatch, wait_until_still};
use super::super::write::Written;
use super::super::{SessionError, schema};
use super::SessionFile;
use crate::work::{CancelToken, Progress};

/// A session that was opened.
#[derive(Debug)]
pub struct Opened {
    /// What is in it.
    pub contents: Contents,
    /// To write it; or why it can only be read.
    pub file: Result<SessionFile, ReadOnly>,
}

/// Why a session can only be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadOnly {
    /// Somebody else has it.
    #[error("it is open {0}")]
    Held(Holder),
    /// It, or its folder, may not be written.
    #[error("it can't be written, or its folder can't")]
    NoRights,
    /// Another file lies where its lock is to lie.
    #[error("a file that is not Voxpoint's lies where its lock is to lie: move it away: {}", .0.display())]
    ForeignLock(PathBuf),
    /// Something in it is damaged: it stays as it is, and what is whole is saved as another.
    #[error("it is damaged, and kept as it is: save what is whole under another name")]
    Damaged,
}

impl SessionFile {
    /// Reads a session, and gets it to write if that may be. `take_over`: also if somebody on another computer has it,
    /// which the user has to be asked about.
    ///
    /// # Errors
    /// If it can't be read at all.
    pub fn open(path: &Path, take_over: bool) -> Result<Opened, SessionError> {
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        Self::open_watched(path, take_over, TakeOverWatch { cancel: &cancel, progress: &progress })
    }

    /// As [`SessionFile::open`]. On a drive that knows no locks it waits until a write that others may be at has ended,
    /// or has stood still for ten seconds.
    ///
    /// # Errors
    /// As that, and if it was cancelled: whoever had it has it again.
    pub fn open_watched(
        path: &Path,
        take_over: bool,
        watch: TakeOverWatch<'_>,
    ) -> Result<Opened, SessionError> {
        let path = resolved(path)?;
        // What it is, is told before its lock is made.
        let version = schema::version_of(&path)?;
        let why = match Lock::acquire(&path, take_over)? {
            Locked::Mine(lock) => match settled(&path, lock, watch)? {
                Ok(lock) => return had(path, lock, version),
                Err(holder) => ReadOnly::Held(holder),
            },
            Locked::Held(holder) => ReadOnly::Held(holder),
            Locked::Impossible => ReadOnly::NoRights,
            Locked::Foreign(at) => ReadOnly::ForeignLock(at),
        };
        only_read(&path, why)
    }
}

fn only_read(path: &Path, why: ReadOnly) -> Result<Opened, SessionError> {
    Ok(Opened { contents: read(path)?, file: Err(why) })
}

/// Waits for whoever may still be writing; who has it, if somebody has taken it meanwhile.
fn settled(
    path: &Path,
    lock: Lock,
    watch: TakeOverWatch<'_>,
) -> Result<Result<Lock, Holder>, SessionError> {
    if !lock.may_interrupt() {
        return Ok(Ok(lock));
    }
    match wait_until_still(path, &lock, watch) {
        Ok(()) => Ok(Ok(lock)),
        Err(SessionError::Held { holder, .. }) => Ok(Err(holder)),
        Err(why) => {
            lock.give_back();
            Err(why)
        }
    }
}

/// Reads a session of which this program has the lock.
fn had(path: PathBuf, lock: Lock, version: i64) -> Result<Opened, SessionError> {
    let failed = |e| SessionError::database("read", &path, e);
    let mut connection =
        connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE, lock.guard()).map_err(failed)?;
    // Without rights SQLite opens it all the same, to be read.
    if connection.is_readonly("main").map_err(failed)? {
        drop((connection, lock));
        return only_read(&path, ReadOnly::NoRights);
    }
    let (contents, sound) = if version == schema::VERSION {
        (contents::read(&connection, &path)?, is_sound(&connection))
    } else if let Some(read) = read_older(&mut connection, &path)? {
        read
    } else {
        drop((connection, lock));
        return only_read(&path, ReadOnly::Damaged);
    };
    if !contents.damage.is_empty() || !sound {
        return Ok(Opened { contents, file: Err(ReadOnly::Damaged) });
    }
    let identity = Identity::of(&path)
        .map_err(|e| SessionError::io("the session can't be opened", &path, e))?;
    let written = Written {
        snapshot: Some(contents.snapshot.clone()),
        masks: contents.masks.clone(),
        writes: contents.writes,
        ..Written::nothing()
    };
    let (connection, past) = (Some(connection), contents.past.clone());
    let opened = Some(Box::new(contents.snapshot.clone()));
    let (has_scan, other_past) = (contents.scan.is_some(), false);
    let file = SessionFile {
        path,
        connection,
        identity,
        written,
        has_scan,
        opened,
        past,
        other_past,
        lock,
    };
    Ok(Opened { contents, file: Ok(file) })
}

/// Reads a session without writing anything: neither it nor beside it.
///
/// # Errors
/// If it can't be read at all.
pub fn read(path: &Path) -> Result<Contents, SessionError> {
    let path = &resolved(path)?;
    let version = schema::version_of(path)?;
    let reader = if version == schema::VERSION { reader(path)? } else { copied(path)? };
    contents::read(&reader.connection, path)
}

/// Reads a session of an older version, and whether SQLite finds its pages sound; `None` if it can't be made the present
/// one. It is not changed: an older program can still open it, and what is damaged stays as it is.
fn read_older(
    connection: &mut Connection,
    path: &Path,
) -> Result<Option<(Contents, bool)>, SessionError> {
    let failed = |e| SessionError::database("read", path, e);
    // Nothing of it goes to the disk before it is given up.
    connection.execute_batch("PRAGMA cache_spill = OFF;").map_err(failed)?;
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    if schema::upgrade(&transaction, schema::MIGRATIONS).is_err() {
        return Ok(None);
    }
    let read = (contents::read(&transaction, path)?, is_sound(&transaction));
    transaction.rollback().map_err(failed)?;
    connection.execute_batch("PRAGMA cache_spill = ON;").map_err(failed)?;
    Ok(Some(read))
}
