//! The tables, their version, and how older ones become the present one. `docs/session-format.md` says what each column
//! means; the two are changed together.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::SessionError;

/// `PRAGMA application_id`: "VXPT".
pub const APPLICATION_ID: u32 = 0x5658_5054;
/// `PRAGMA user_version` of what is written.
pub const VERSION: i64 = 6;

/// The tables of what was measured.
macro_rules! measurements {
    () => {
        "
CREATE TABLE measurement (
    id INTEGER PRIMARY KEY,
    place INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL
) STRICT;
CREATE TABLE measurement_place (
    measurement INTEGER NOT NULL,
    place INTEGER NOT NULL,
    x REAL, y REAL, z REAL,
    PRIMARY KEY (measurement, place)
) STRICT, WITHOUT ROWID;
"
    };
}

/// The tables of the scan's voxels.
macro_rules! scan {
    () => {
        "
CREATE TABLE scan (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    data_type TEXT NOT NULL,
    time_points INTEGER NOT NULL,
    slope REAL NOT NULL,
    inter REAL NOT NULL,
    converted TEXT,
    suv_body_weight REAL,
    suv_lean_body_mass REAL,
    suv_body_surface REAL,
    said TEXT NOT NULL,
    piece INTEGER NOT NULL,
    crc32 INTEGER
) STRICT;
CREATE TABLE scan_piece (
    place INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL,
    voxels BLOB NOT NULL
) STRICT;
"
    };
}

/// The table of prompts that are more than points.
macro_rules! prompt_shapes {
    () => {
        "
CREATE TABLE prompt_shape (
    object INTEGER NOT NULL,
    place INTEGER NOT NULL,
    prompt INTEGER NOT NULL,
    kind TEXT NOT NULL,
    axis INTEGER NOT NULL,
    radius REAL NOT NULL,
    places BLOB NOT NULL,
    PRIMARY KEY (object, place)
) STRICT, WITHOUT ROWID;
"
    };
}

/// The table of check sums ([`super::sums`]), of which none is known yet.
macro_rules! check_sums {
    () => {
        "
CREATE TABLE check_sum (
    what TEXT PRIMARY KEY,
    crc32 INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO check_sum (what) VALUES ('session'), ('source'), ('overlay'), ('model'), ('picture'), ('export'),
    ('object'), ('measurement'), ('scan'), ('step');
"
    };
}

/// Entry n makes version n + 2 of version n + 1. None is ever changed or taken out: old files are opened forever.
pub const MIGRATIONS: &[&str] = &[
    "
ALTER TABLE session ADD COLUMN case_state TEXT NOT NULL DEFAULT 'open';
CREATE TABLE picture (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    png BLOB NOT NULL
) STRICT;
CREATE TABLE export (
    what TEXT PRIMARY KEY,
    path_relative ANY,
    path_absolute ANY NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT,
    crc32 INTEGER
) STRICT, WITHOUT ROWID;
",
    concat!("ALTER TABLE object ADD COLUMN covered INTEGER;\n", measurements!()),
    scan!(),
    check_sums!(),
    prompt_shapes!(),
];

/// Columns of `prompt` and `answered`, and of a click in other tables.
const CLICK: &str = "
    object INTEGER NOT NULL,
    place INTEGER NOT NULL,
    id INTEGER NOT NULL,
    positive INTEGER NOT NULL,
    x REAL, y REAL, z REAL,";

/// Columns of `extension` and `answered_extension`.
const EXTENSION: &str = "
    object INTEGER NOT NULL,
    place INTEGER NOT NULL,
    clicks INTEGER NOT NULL,
    x REAL, y REAL, z REAL,
    seed_x REAL, seed_y REAL, seed_z REAL,";

/// The session itself, and what was done in it.
const SESSION: &str = "
CREATE TABLE session (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    program TEXT NOT NULL,
    created INTEGER NOT NULL,
    written INTEGER NOT NULL,
    writes INTEGER NOT NULL,
    time_point INTEGER NOT NULL,
    working_scale REAL NOT NULL,
    model_image INTEGER,
    active INTEGER,
    prompts_given INTEGER NOT NULL,
    view TEXT NOT NULL,
    case_state TEXT NOT NULL DEFAULT 'open'
) STRICT;
CREATE TABLE sitting (
    id INTEGER PRIMARY KEY,
    began INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    program TEXT NOT NULL,
    host TEXT NOT NULL
) STRICT;
CREATE TABLE step (
    sitting INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    at INTEGER NOT NULL,
    name TEXT NOT NULL,
    point INTEGER,
    object INTEGER,
    object_name TEXT,
    done INTEGER NOT NULL,
    PRIMARY KEY (sitting, entry)
) STRICT, WITHOUT ROWID;
";

/// The scan, the images over it, what answered, what it looks like, what was exported.
const AROUND: &str = "
CREATE TABLE source (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    path_relative ANY,
    path_absolute ANY NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT,
    name TEXT NOT NULL,
    format TEXT NOT NULL,
    crc32 INTEGER
) STRICT;
CREATE TABLE picture (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    png BLOB NOT NULL
) STRICT;
CREATE TABLE export (
    what TEXT PRIMARY KEY,
    path_relative ANY,
    path_absolute ANY NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT,
    crc32 INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE geometry (
    field TEXT NOT NULL,
    place INTEGER NOT NULL,
    value REAL,
    PRIMARY KEY (field, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE identifier (
    place INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    value TEXT NOT NULL
) STRICT;
CREATE TABLE overlay (
    place INTEGER PRIMARY KEY,
    number INTEGER,
    path_relative ANY,
    path_absolute ANY NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT,
    name TEXT NOT NULL,
    window_centre REAL,
    window_width REAL
) STRICT;
CREATE TABLE model (
    name TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Objects and their masks.
const OBJECTS: &str = "
CREATE TABLE mask (
    id INTEGER PRIMARY KEY,
    voxels INTEGER NOT NULL,
    runs BLOB NOT NULL
) STRICT;
CREATE TABLE object (
    id INTEGER PRIMARY KEY,
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    red INTEGER NOT NULL,
    green INTEGER NOT NULL,
    blue INTEGER NOT NULL,
    visible INTEGER NOT NULL,
    opacity REAL,
    locked INTEGER NOT NULL,
    state TEXT NOT NULL,
    from_file INTEGER NOT NULL,
    image INTEGER,
    time_point INTEGER NOT NULL,
    threshold REAL,
    scale REAL NOT NULL,
    rule TEXT NOT NULL,
    parts TEXT NOT NULL,
    start INTEGER,
    answer_model TEXT,
    score REAL,
    touches INTEGER NOT NULL,
    cut INTEGER NOT NULL,
    answer_parts TEXT NOT NULL,
    model INTEGER,
    added INTEGER,
    removed INTEGER,
    region INTEGER,
    crc32 INTEGER,
    covered INTEGER
) STRICT;
";

/// What each object has a list of.
fn lists() -> String {
    format!(
        "
CREATE TABLE prompt ({CLICK}
    PRIMARY KEY (object, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE answered ({CLICK}
    PRIMARY KEY (object, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE extension ({EXTENSION}
    PRIMARY KEY (object, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE answered_extension ({EXTENSION}
    PRIMARY KEY (object, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE footprint ({CLICK}
    m00 REAL, m01 REAL, m02 REAL, m03 REAL,
    m10 REAL, m11 REAL, m12 REAL, m13 REAL,
    m20 REAL, m21 REAL, m22 REAL, m23 REAL,
    PRIMARY KEY (object, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE tried (
    object INTEGER NOT NULL,
    place INTEGER NOT NULL,
    x REAL, y REAL, z REAL,
    PRIMARY KEY (object, place)
) STRICT, WITHOUT ROWID;
"
    )
}

/// The tables of [`VERSION`].
pub fn tables() -> String {
    let lists = lists();
    [SESSION, AROUND, OBJECTS, &lists, measurements!(), scan!(), check_sums!(), prompt_shapes!()]
        .concat()
}

/// The version of a session's format, from its first bytes: before anything else looks at the file, so that a database
/// of another program is never touched.
///
/// # Errors
/// If it can't be read, is no session, or is of a newer version.
pub fn version_of(path: &Path) -> Result<i64, SessionError> {
    let not = |what: &str| SessionError::NotASession { what: what.into(), path: path.into() };
    let failed = |e| SessionError::io("the session can't be opened", path, e);
    // The header of a database: 100 bytes (sqlite.org/fileformat2.html, 1.3).
    let mut header = Vec::new();
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(not("it is a folder"));
    }
    file.take(100).read_to_end(&mut header).map_err(failed)?;
    if header.is_empty() {
        return Err(not("it is empty"));
    }
    let magic = b"SQLite format 3\0";
    if !header.starts_with(&magic[..magic.len().min(header.len())]) {
        return Err(not("it is another kind of file"));
    }
    if header.len() < 100 {
        let what = "it ends after its first bytes".to_owned();
        return Err(SessionError::Damaged { what, path: path.into() });
    }
    let number = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    if number(68) != APPLICATION_ID {
        return Err(not("it is a database of another program"));
    }
    match i64::from(number(60)) {
        0 => Err(not("it has no version")),
        found if found > VERSION => {
            Err(SessionError::Newer { found, known: VERSION, path: path.into() })
        }
        found => Ok(found),
    }
}

/// Makes an empty session of an empty database.
pub fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID};"))?;
    connection.execute_batch(&tables())?;
    connection.execute_batch(&format!("PRAGMA user_version = {VERSION};"))
}

/// Makes the present version of an older one, wholly or not at all. `steps`: [`MIGRATIONS`].
pub fn migrate(connection: &mut Connection, steps: &[&str]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    upgrade(&transaction, steps)?;
    transaction.commit()
}

/// As [`migrate`], within a transaction that somebody else began, and may give up.
pub fn upgrade(connection: &Connection, steps: &[&str]) -> rusqlite::Result<()> {
    let version = version(connection)?;
    let mut reached = version;
    for step in steps.iter().skip(usize::try_from(version - 1).unwrap_or(0)) {
        connection.execute_batch(step)?;
        reached += 1;
    }
    if reached != version {
        connection.execute_batch(&format!("PRAGMA user_version = {reached};"))?;
    }
    Ok(())
}

/// Of a database that is open.
pub fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(connection: &Connection) -> i64 {
        super::version(connection).unwrap()
    }

    #[test]
    fn older_versions_become_the_present_one_wholly_or_not_at_all() {
        let note = "ALTER TABLE model ADD COLUMN note TEXT; UPDATE model SET note = 'old';";
        let more =
            "CREATE TABLE more (id INTEGER PRIMARY KEY) STRICT; INSERT INTO more VALUES (7);";
        // As if each version so far had been made of the one before by nothing.
        let steps = |last: &[&'static str]| [vec![""; MIGRATIONS.len()].as_slice(), last].concat();
        let begun = || {
            let connection = Connection::open_in_memory().unwrap();
            create(&connection).unwrap();
            connection.execute_batch("INSERT INTO model VALUES ('m', 'h')").unwrap();
            connection
        };
        let mut connection = begun();
        migrate(&mut connection, &steps(&[note])).unwrap();
        assert_eq!(version(&connection), VERSION + 1);
        for _ in 0..2 {
            migrate(&mut connection, &steps(&[note, more])).unwrap();
            assert_eq!(version(&connection), VERSION + 2);
        }
        let read = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0));
        assert_eq!(read("SELECT note FROM model").unwrap(), "old");
        assert_eq!(read("SELECT CAST(id AS TEXT) FROM more").unwrap(), "7");
        // The second fails: neither is there.
        let mut connection = begun();
        let broken = steps(&[note, "CREATE TABLE more (id INTEGER) STRICT; NOT SQL;"]);
        assert!(migrate(&mut connection, &broken).is_err());
        assert_eq!(version(&connection), VERSION);
        assert!(connection.prepare("SELECT note FROM model").is_err());
        assert!(connection.prepare("SELECT * FROM more").is_err());
        assert_eq!(MIGRATIONS.len() as i64 + 1, VERSION);
    }

    /// Of each table its columns: name, type, whether it may be NULL, its default, its place in the key.
    fn columns(connection: &Connection) -> Vec<String> {
        let sql = "SELECT t.name || ' ' || t.strict || t.wr || ' ' || c.name || ' ' || c.type || ' ' || c.\"notnull\"
                       || ' ' || coalesce(c.dflt_value, '-') || ' ' || c.pk
                   FROM pragma_table_list AS t, pragma_table_info(t.name) AS c ORDER BY t.name, c.cid";
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// Whoever reads the present version reads files that began as an older one, too.
    #[test]
    fn an_old_file_has_the_tables_of_a_new_one() {
        let new = Connection::open_in_memory().unwrap();
        create(&new).unwrap();
        for old in 1..VERSION {
            let kept = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join(format!("../../tests/data/session/v{old}.voxpoint"));
            let copy = tempfile::NamedTempFile::new().unwrap();
            std::fs::copy(kept, copy.path()).unwrap();
            let mut connection = Connection::open(copy.path()).unwrap();
            assert_eq!(version(&connection), old);
            assert_ne!(columns(&connection), columns(&new));
            migrate(&mut connection, MIGRATIONS).unwrap();
            assert_eq!(version(&connection), VERSION);
            assert_eq!(columns(&connection), columns(&new));
        }
    }
}
