//! The database of a session: connected to with the settings that all of ours have, or a copy of it that is only read.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{SessionError, schema};

/// How long a reader or writer waits for another: milliseconds.
const PATIENCE_MS: u64 = 5000;

/// A session that is only read.
pub(super) struct ReadConnection {
    pub(super) connection: Connection,
    /// Where the copy is that is read instead.
    _copy: Option<tempfile::TempDir>,
}

/// Looks into a session of the present version.
pub(super) fn reader(path: &Path) -> Result<ReadConnection, SessionError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let seen = connection.and_then(|connection| {
        // The first look finds out whether a journal has to be played back, which only a writer may.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    });
    match seen {
        Ok(connection) => Ok(ReadConnection { connection, _copy: None }),
        Err(e) if is_left_by_a_writer(&e) => copied(path),
        Err(e) => Err(SessionError::database("read", path, e)),
    }
}

/// A copy of a session: of an older version, which is made the present one first, or one whose last write was
/// interrupted and has to be taken back.
pub(super) fn copied(path: &Path) -> Result<ReadConnection, SessionError> {
    let failed = |e| SessionError::io("the session can't be copied to be read", path, e);
    let folder = tempfile::tempdir().map_err(failed)?;
    let copy = folder.path().join("session");
    copy_contents(path, &copy).map_err(failed)?;
    match copy_contents(&beside(path, "-journal"), &beside(&copy, "-journal")) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e)),
        _ => {}
    }
    let failed = |e| SessionError::database("read", path, e);
    let mut connection = connect(&copy, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    schema::migrate(&mut connection, schema::MIGRATIONS).map_err(failed)?;
    Ok(ReadConnection { connection, _copy: Some(folder) })
}

/// Not its permissions: a copy of what can only be read has to be written.
fn copy_contents(from: &Path, to: &Path) -> std::io::Result<u64> {
    let mut from = std::fs::File::open(from)?;
    std::io::copy(&mut from, &mut std::fs::File::create(to)?)
}

pub(super) fn is_left_by_a_writer(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, ReadOnly};
    matches!(error.sqlite_error_code(), Some(CannotOpen | ReadOnly))
}

/// A database with the settings that all of ours have.
pub(super) fn connect(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(std::time::Duration::from_millis(PATIENCE_MS))?;
    connection.set_prepared_statement_cache_capacity(64);
    // The last three: what a damaged or malicious file says is not believed; a drive's own cache (macOS) is synced too.
    connection.execute_batch(
        "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA; PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA fullfsync = ON;",
    )?;
    Ok(connection)
}

/// Whether SQLite finds nothing wrong with its pages.
pub(super) fn is_sound(connection: &Connection) -> bool {
    let check = connection.query_row("PRAGMA quick_check", [], |row| row.get::<_, String>(0));
    check.is_ok_and(|said| said == "ok")
}

/// `path` with something after its name.
pub(super) fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(what);
    name.into()
}

pub(super) fn absolute(path: &Path) -> Result<PathBuf, SessionError> {
    std::path::absolute(path).map_err(|e| SessionError::io("the session can't be opened", path, e))
}

/// A session by its own name if `path` is a link to it: its journal and its lock lie beside the file itself.
pub(super) fn resolved(path: &Path) -> Result<PathBuf, SessionError> {
    let failed = |e| SessionError::io("the session can't be opened", path, e);
    if path.symlink_metadata().is_ok_and(|about| about.is_symlink()) {
        return path.canonicalize().map_err(failed);
    }
    absolute(path)
}
