//! The database of a session: connected to with the settings that all of ours have, or a copy of it that is only read.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use super::lock::Lock;
use super::system_lock::{Guard, guard_of};
use super::{SessionError, schema};

/// How long a reader or writer waits for another.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a copy is tried of what is being written.
const COPYING: Duration = Duration::from_millis(1500);
/// The system's drive as SQLite has it, but for locks: it takes none (sqlite.org/vfs.html, "Standard Unix VFSes"). For
/// Windows there is no such one, but a word in the name ([`uri_without_locks`]).
const WITHOUT_LOCKS: &std::ffi::CStr = c"unix-none";

/// A session that is only read.
pub(super) struct ReadConnection {
    pub(super) connection: Connection,
    /// Where the copy is that is read instead.
    _copy: Option<tempfile::TempDir>,
}

/// Looks into a session of the present version.
pub(super) fn reader(path: &Path) -> Result<ReadConnection, SessionError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, Guard::System);
    let seen = connection.and_then(|connection| {
        // The first look finds out whether a journal has to be played back, which only a writer may.
        patiently(&connection, path, || {
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
        })?;
        Ok(connection)
    });
    match seen {
        Ok(connection) => Ok(ReadConnection { connection, _copy: None }),
        Err(e) if can_only_be_copied(&e, path) => copied(path),
        Err(e) => Err(SessionError::database("read", path, e)),
    }
}

/// The first look into a database. Whoever is just now at it is waited for; where the drive knows no locks nobody is, and
/// it fails at once.
pub(super) fn patiently<T>(
    connection: &Connection,
    path: &Path,
    mut look: impl FnMut() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.busy_timeout(Duration::ZERO)?;
    let seen = look();
    connection.busy_timeout(PATIENCE)?;
    match seen {
        Err(e) if may_lack_locks(&e) && guard_at(path) == Guard::System => look(),
        seen => seen,
    }
}

/// Whether only a copy of a session can be read: its last write was interrupted, or its drive knows no locks, so that it
/// may be written at any moment.
pub(super) fn can_only_be_copied(error: &rusqlite::Error, path: &Path) -> bool {
    is_left_by_a_writer(error) || may_lack_locks(error) && guard_at(path) == Guard::OurLock
}

/// As SQLite takes it that a lock can't be had (in `sqliteErrorFromPosixError` ENOLCK is the same as a lock of another).
fn may_lack_locks(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
        || matches!(code, Some(ffi::SQLITE_IOERR_LOCK | ffi::SQLITE_IOERR_RDLOCK))
}

/// What guards a session: by the lock beside it, if somebody has it; else nobody of this program has it open to write.
fn guard_at(session: &Path) -> Guard {
    let lock = Lock::path_for(session);
    let opened = |path: &Path| File::open(path).map(|file| guard_of(&file, path, false));
    opened(&lock).or_else(|_| opened(session)).unwrap_or(Guard::System)
}

#[cfg(test)]
thread_local! {
    /// How many copies this thread has made to read them.
    pub(super) static COPIES: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// A copy of a session: of an older version, which is made the present one first; one whose last write was interrupted
/// and has to be taken back; or one on a drive without locks.
pub(super) fn copied(path: &Path) -> Result<ReadConnection, SessionError> {
    #[cfg(test)]
    COPIES.set(COPIES.get() + 1);
    let failed = |e| SessionError::io("the session can't be copied to be read", path, e);
    let until = Instant::now() + COPYING;
    let (folder, copy) = loop {
        let folder = tempfile::tempdir().map_err(failed)?;
        let copy = folder.path().join("session");
        if copy_as_of_one_moment(path, &copy).map_err(failed)? {
            break (folder, copy);
        }
        if Instant::now() >= until {
            return Err(SessionError::Busy { doing: "read", path: path.to_owned() });
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let failed = |e| SessionError::database("read", path, e);
    let access = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let mut connection = connect(&copy, access, guard_at(&copy)).map_err(failed)?;
    schema::migrate(&mut connection, schema::MIGRATIONS).map_err(failed)?;
    Ok(ReadConnection { connection, _copy: Some(folder) })
}

/// Copies a session and what of it has to be taken back. `false` if it was written meanwhile: the copy is of no use.
///
/// A writer makes a journal, then changes the file, of which its counter of changes is a part, and then takes the journal
/// away. So if counter and journal are at the end what they were at the beginning, no write has ended between, and what
/// one at work has changed is taken back by its journal, which was copied after that.
fn copy_as_of_one_moment(path: &Path, copy: &Path) -> std::io::Result<bool> {
    let before = Moment::of(path)?;
    copy_contents(path, copy)?;
    match copy_contents(&beside(path, "-journal"), &beside(copy, "-journal")) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    Ok(Moment::of(path)? == before)
}

/// What tells one state of a session from another: the beginning of its file, where changes are counted
/// (sqlite.org/fileformat2.html, 1.3.7), its length, and length and time of its journal.
#[derive(PartialEq, Eq)]
pub(super) struct Moment {
    header: Vec<u8>,
    bytes: u64,
    journal: Option<(u64, Option<SystemTime>)>,
}

impl Moment {
    /// Both are opened anew: what a share says of a name alone may be from its cache.
    pub(super) fn of(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut header = Vec::new();
        file.take(100).read_to_end(&mut header)?;
        let journal = beside(path, "-journal");
        let about = match File::open(&journal).and_then(|file| file.metadata()) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Ok(about) => Some(about),
            Err(_) => std::fs::metadata(&journal).ok(),
        };
        let journal = about.map(|about| (about.len(), about.modified().ok()));
        Ok(Self { header, bytes, journal })
    }

    /// Whether a write is going on, or was broken off.
    pub(super) fn has_journal(&self) -> bool {
        self.journal.is_some()
    }
}

/// Not its permissions: a copy of what can only be read has to be written.
fn copy_contents(from: &Path, to: &Path) -> std::io::Result<u64> {
    let mut from = File::open(from)?;
    std::io::copy(&mut from, &mut File::create(to)?)
}

fn is_left_by_a_writer(error: &rusqlite::Error) -> bool {
    use ErrorCode::{CannotOpen, ReadOnly};
    matches!(error.sqlite_error_code(), Some(CannotOpen | ReadOnly))
}

/// A database with the settings that all of ours have.
pub(super) fn connect(
    path: &Path,
    access: OpenFlags,
    guard: Guard,
) -> rusqlite::Result<Connection> {
    let connection = opened(path, access, guard)?;
    connection.set_prepared_statement_cache_capacity(64);
    // The last three: what a damaged or malicious file says is not believed; a drive's own cache (macOS) is synced too.
    let settings =
        "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA; PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA fullfsync = ON;";
    // (The first of them reads the schema.)
    patiently(&connection, path, || connection.execute_batch(settings))?;
    Ok(connection)
}

/// A database that is only opened yet: nothing of it is read.
fn opened(path: &Path, access: OpenFlags, guard: Guard) -> rusqlite::Result<Connection> {
    let access = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match guard {
        Guard::System => Connection::open_with_flags(path, access),
        Guard::OurLock if cfg!(unix) => {
            Connection::open_with_flags_and_vfs(path, access, WITHOUT_LOCKS)
        }
        Guard::OurLock => Connection::open_with_flags(
            uri_without_locks(path),
            access | OpenFlags::SQLITE_OPEN_URI,
        ),
    }
}

/// The name of a file by which SQLite takes no locks on it (sqlite.org/uri.html, `nolock`). `path`: from the root.
fn uri_without_locks(path: &Path) -> String {
    use std::fmt::Write as _;
    let text = path.to_string_lossy();
    let text = if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() };
    // `C:/…` gets the root that it lacks; `//server/share/…` has it.
    let root = if text.starts_with('/') { "" } else { "/" };
    let mut uri = format!("file://{root}");
    for byte in text.bytes() {
        match byte {
            b'/' | b':' | b'-' | b'.' | b'_' | b'~' => uri.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => uri.push(byte.into()),
            // Writing into a String can't fail.
            _ => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri + "?nolock=1"
}

/// Looks into a session on a drive without locks where it lies, if nobody is writing it: `None` if somebody is, or was
/// while it was looked at. What it tells is then of one moment, as what [`copied`] tells is.
pub(super) fn looked_at_in_place<T>(
    path: &Path,
    look: impl Fn(&Connection) -> rusqlite::Result<T>,
) -> Option<T> {
    if guard_at(path) != Guard::OurLock {
        return None;
    }
    let before = Moment::of(path).ok().filter(|moment| !moment.has_journal())?;
    let access = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = opened(path, access, Guard::OurLock).ok()?;
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;").ok()?;
    let found = look(&connection).ok()?;
    (Moment::of(path).ok()? == before).then_some(found)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows has no other way; it is the same everywhere.
    #[test]
    fn a_name_without_locks_is_read_as_the_file_that_it_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["plain", "with space", "50 % #1?a=b", "Leber–肝"] {
            let path = folder.path().join(name);
            Connection::open(&path).unwrap().execute_batch("CREATE TABLE t(a)").unwrap();
            let access = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI;
            let uri = uri_without_locks(&path);
            assert!(uri.is_ascii() && uri.ends_with("?nolock=1"), "{uri}");
            // Another has it for itself, which only locks would tell.
            let other = Connection::open(&path).unwrap();
            other.execute_batch("BEGIN EXCLUSIVE").unwrap();
            let found = Connection::open_with_flags(&uri, access).unwrap();
            let count = "SELECT count(*) FROM sqlite_schema";
            let tables = found.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap();
            assert_eq!(tables, 1, "{uri}");
        }
    }

    #[cfg(windows)]
    #[test]
    fn disks_and_shares_have_their_names() {
        for (path, uri) in [
            (r"C:\a b\s.voxpoint", "file:///C:/a%20b/s.voxpoint?nolock=1"),
            (r"\\server\share\s.voxpoint", "file:////server/share/s.voxpoint?nolock=1"),
        ] {
            assert_eq!(uri_without_locks(Path::new(path)), uri);
        }
    }
}
