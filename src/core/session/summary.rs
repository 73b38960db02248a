//! What a list of sessions shows of each: read with a handful of queries, without masks and clicks.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

use super::source_rows::{read_file, read_picture};
use super::{CaseState, Contents, FileRef, SessionError, database, file, schema};
use crate::document::ObjectState;

/// What a list shows of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSummary {
    /// The scan that it is about.
    pub scan: FileRef,
    /// How far the work on the scan is, as its annotator says.
    pub state: CaseState,
    /// How many objects there are.
    pub objects: usize,
    /// How many of them are done.
    pub objects_done: usize,
    /// How long it was worked on, all sittings together: milliseconds.
    pub duration_ms: i64,
    /// When it was last written: milliseconds since 1970, UTC.
    pub written_ms: i64,
    /// As [`super::Surroundings::view`]; null if it can't be read.
    pub view: serde_json::Value,
}

impl SessionSummary {
    fn of(contents: &Contents) -> Self {
        let objects = &contents.snapshot.objects;
        let around = &contents.snapshot.around;
        Self {
            scan: around.source.file.clone(),
            state: around.case_state,
            objects: objects.len(),
            objects_done: objects.iter().filter(|o| o.state == ObjectState::Done).count(),
            duration_ms: contents.past.duration_ms(),
            written_ms: contents.written_ms,
            view: around.view.clone(),
        }
    }
}

/// What a list with pictures shows of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionCard {
    /// What other lists show.
    pub summary: SessionSummary,
    /// What the scan is called.
    pub scan_name: String,
    /// A label map was written of it at some time.
    pub was_exported: bool,
    /// As [`super::Surroundings::picture`].
    pub picture: Option<Arc<[u8]>>,
}

/// As [`summary()`], with what a list with pictures shows besides.
///
/// # Errors
/// As [`summary()`].
pub fn card(path: &Path) -> Result<SessionCard, SessionError> {
    looked_at(path, card_in, Contents::card)
}

impl Contents {
    /// The same of a session that was read.
    pub fn card(&self) -> SessionCard {
        let around = &self.snapshot.around;
        SessionCard {
            summary: SessionSummary::of(self),
            scan_name: around.source.name.clone(),
            was_exported: around.exported.is_some(),
            picture: around.picture.clone(),
        }
    }
}

fn card_in(connection: &Connection, path: &Path) -> Queried<SessionCard> {
    let summary = match summary_in(connection, path)? {
        Ok(summary) => summary,
        Err(error) => return Ok(Err(error)),
    };
    let name = |row: &rusqlite::Row<'_>| row.get(0);
    let scan_name = connection.query_row("SELECT name FROM source", [], name)?;
    // Of the first version there were neither.
    let newer = version_of(connection)? > 1;
    let picture = if newer { read_picture(connection)? } else { None };
    let exports = "SELECT count(*) FROM export WHERE what = 'mask'";
    let was_exported = newer && connection.query_row(exports, [], |row| row.get::<_, i64>(0))? > 0;
    Ok(Ok(SessionCard { summary, scan_name, was_exported, picture }))
}

/// Reads what a list shows of a session, without writing anything. Much of a damaged session is not looked at: that it
/// can be summed up does not say that it is whole.
///
/// Not for a session that this process writes: see [`super::Holder::is_this_program`].
///
/// # Errors
/// If it can't be read, is no session, or is of a newer version.
pub fn summary(path: &Path) -> Result<SessionSummary, SessionError> {
    looked_at(path, summary_in, SessionSummary::of)
}

/// The inner error is ours, the outer one SQLite's.
type Queried<T> = rusqlite::Result<Result<T, SessionError>>;

/// Looks into a session by queries; where a journal has to be played back first, or somebody writes it and no lock keeps
/// them from that, by reading a copy of it.
fn looked_at<T>(
    path: &Path,
    query: fn(&Connection, &Path) -> Queried<T>,
    of: fn(&Contents) -> T,
) -> Result<T, SessionError> {
    let not = |what: &str| SessionError::NotASession { what: what.into(), path: path.into() };
    // A file is not opened but by SQLite: to close it would give up the locks that this process has on it.
    let about = std::fs::metadata(path)
        .map_err(|e| SessionError::io("the session can't be opened", path, e))?;
    match about.len() {
        _ if about.is_dir() => return Err(not("it is a folder")),
        _ if !about.is_file() => return Err(not("it is no file")),
        0 => return Err(not("it is empty")),
        // The smallest page of a database; SQLite takes less for an empty one.
        1..512 => return Err(not("it is another kind of file, or cut short")),
        _ => {}
    }
    match connected(path, query) {
        Ok(found) => found,
        Err(e) if database::can_only_be_copied(&e, path) => {
            let in_place =
                database::looked_at_in_place(path, |it| as_of_one_moment(it, path, query));
            in_place.unwrap_or_else(|| Ok(of(&file::read(path)?)))
        }
        Err(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            Err(not("it is another kind of file"))
        }
        Err(e) => Err(SessionError::database("read", path, e)),
    }
}

fn connected<T>(path: &Path, query: fn(&Connection, &Path) -> Queried<T>) -> Queried<T> {
    let access = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, access)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")?;
    as_of_one_moment(&connection, path, query)
}

fn as_of_one_moment<T>(
    connection: &Connection,
    path: &Path,
    query: fn(&Connection, &Path) -> Queried<T>,
) -> Queried<T> {
    let transaction = connection.unchecked_transaction()?;
    database::patiently(&transaction, path, || query(&transaction, path))
}

fn version_of(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn summary_in(transaction: &Connection, path: &Path) -> Queried<SessionSummary> {
    let application_id =
        transaction.query_row("PRAGMA application_id", [], |row| row.get::<_, i64>(0))?;
    let not = |what: &str| SessionError::NotASession { what: what.into(), path: path.into() };
    if application_id != i64::from(schema::APPLICATION_ID) {
        return Ok(Err(not("it is a database of another program")));
    }
    let version = version_of(transaction)?;
    match version {
        0 => return Ok(Err(not("it has no version"))),
        found if found > schema::VERSION => {
            let (known, path) = (schema::VERSION, path.into());
            return Ok(Err(SessionError::Newer { found, known, path }));
        }
        _ => {}
    }
    let damaged = |what| Err(SessionError::Damaged { what, path: path.into() });
    // The only older version, in which the state of a case was not known.
    let case_state = if version == 1 { "'open'" } else { "case_state" };
    let sql = format!("SELECT {case_state}, written, view FROM session");
    let (word, written_ms, view) = transaction.query_row(&sql, [], |row| {
        Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, String>(2)?))
    })?;
    let Some(state) = CaseState::from_word(&word) else {
        return Ok(damaged(format!("the state of the work is “{word}”")));
    };
    let count = |sql: &str| transaction.query_row(sql, [], |row| row.get::<_, i64>(0));
    Ok(Ok(SessionSummary {
        scan: read_file(transaction)?,
        state,
        objects: count("SELECT count(*) FROM object")?.max(0) as usize,
        objects_done: count("SELECT count(*) FROM object WHERE state = 'done'")?.max(0) as usize,
        duration_ms: count(
            "SELECT coalesce(CAST(total(max(ended - began, 0)) AS INTEGER), 0) FROM sitting",
        )?,
        written_ms,
        view: serde_json::from_str(&view).unwrap_or_default(),
    }))
}
