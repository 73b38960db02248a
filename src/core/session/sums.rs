//! Check sums of what stands in tables: SQLite has none, so a bit that a drive loses would be believed. Objects
//! (`object.crc32`), the place of the scan's voxels (`source.crc32`) and the pieces of the scan have sums of their own;
//! these are of all else, and of which objects there are.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::past;
use super::rows::CheckSum;

/// Tables that have a check sum together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SummedPart {
    /// The one row of `session`.
    Session,
    /// Where the scan is, what it is called, by what it can be found again.
    Source,
    /// The images over it.
    Overlays,
    /// The models that answered.
    Models,
    /// What the work looks like.
    Picture,
    /// The label map that was written last.
    Exported,
    /// Which there are, in which order, with their own sums.
    Objects,
    /// What was measured.
    Measurements,
    /// Whether the scan's voxels are there, and what is said of them.
    Scan,
    /// What was done when.
    Past,
}

impl SummedPart {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Session,
        Self::Source,
        Self::Overlays,
        Self::Models,
        Self::Picture,
        Self::Exported,
        Self::Objects,
        Self::Measurements,
        Self::Scan,
        Self::Past,
    ];

    /// In the order of [`SummedPart::ALL`].
    const KEYS: [&str; 10] = [
        "session",
        "source",
        "overlay",
        "model",
        "picture",
        "export",
        "object",
        "measurement",
        "scan",
        "step",
    ];

    /// What stands in `check_sum.what`.
    pub fn key(self) -> &'static str {
        Self::KEYS[self as usize]
    }

    /// What it is, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Session => "the record of the session itself",
            Self::Source => "where the scan is, and what it is called",
            Self::Overlays => "the images over the scan",
            Self::Models => "the names of the models",
            Self::Picture => "the picture of it",
            Self::Exported => "what was exported where",
            Self::Objects => "the list of the objects",
            Self::Measurements => "what was measured",
            Self::Scan => "how the scan stands in it",
            Self::Past => "the record of what was done when",
        }
    }

    /// Its rows, in an order that depends on nothing but them. None of these is ever changed: what a later version adds
    /// to a table gets a query of its own, of only those rows in which it is not at its default, so that the sums of
    /// files that were written before stay what they are.
    fn rows(self) -> &'static [&'static str] {
        match self {
            Self::Session => &[
                "SELECT id, program, created, written, writes, time_point, working_scale, model_image, active, \
                 prompts_given, view, case_state FROM session ORDER BY id",
            ],
            Self::Source => &[
                "SELECT id, path_relative, path_absolute, bytes, sha256, name, format, crc32 FROM source ORDER BY id",
                "SELECT place, name, value FROM identifier ORDER BY place",
            ],
            Self::Overlays => &[
                "SELECT place, number, path_relative, path_absolute, bytes, sha256, name, window_centre, window_width \
                 FROM overlay ORDER BY place",
            ],
            Self::Models => &["SELECT name, sha256 FROM model ORDER BY name"],
            Self::Picture => &["SELECT id, png FROM picture ORDER BY id"],
            Self::Exported => &[
                "SELECT what, path_relative, path_absolute, bytes, sha256, crc32 FROM export ORDER BY what",
            ],
            Self::Objects => &["SELECT id, place, crc32 FROM object ORDER BY id"],
            Self::Measurements => &[
                "SELECT id, place, kind, name FROM measurement ORDER BY id",
                "SELECT measurement, place, x, y, z FROM measurement_place ORDER BY measurement, place",
            ],
            Self::Scan => &[
                "SELECT id, data_type, time_points, slope, inter, converted, suv_body_weight, suv_lean_body_mass, \
                 suv_body_surface, said, piece, crc32 FROM scan ORDER BY id",
            ],
            // What stands in them, with their steps, each sitting has a sum of.
            Self::Past => &["SELECT id FROM sitting ORDER BY id"],
        }
    }

    /// The rows of it that have a sum of their own which nobody knows: somebody has written them by the rule of versions
    /// that had no others, so what is said of all of them does not count.
    fn unknown_rows(self) -> Option<&'static str> {
        match self {
            Self::Source => Some("SELECT 1 FROM source WHERE crc32 IS NULL"),
            Self::Objects => Some("SELECT 1 FROM object WHERE crc32 IS NULL"),
            Self::Scan => Some("SELECT 1 FROM scan WHERE crc32 IS NULL"),
            _ => None,
        }
    }

    /// Of all values of all its rows, as they stand in the file.
    fn sum(self, connection: &Connection) -> rusqlite::Result<u32> {
        sum_of(connection, self.rows())
    }

    /// Whether it is as it was written.
    fn state(self, connection: &Connection) -> rusqlite::Result<SumState> {
        let mut known = connection.prepare_cached("SELECT crc32 FROM check_sum WHERE what = ?")?;
        let expected = known.query_row([self.key()], |row| row.get::<_, Option<i64>>(0));
        let Some(expected) = expected.optional()? else { return Ok(SumState::Missing) };
        if self == Self::Past && past::lacks_sum(connection).unwrap_or(false) {
            return Ok(SumState::Missing);
        }
        // What can't be read is told by who reads it. Whoever else has written it did not know its sum.
        let is_other = expected.is_some_and(|expected| {
            self.sum(connection).is_ok_and(|sum| i64::from(sum) != expected)
        });
        let unknown = match self.unknown_rows() {
            Some(sql) if is_other => connection.prepare_cached(sql)?.exists([])?,
            _ => false,
        };
        Ok(if is_other && !unknown { SumState::Other } else { SumState::Fine })
    }
}

/// What a check sum tells of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SumState {
    /// It is what was written, as far as anybody knows.
    Fine,
    /// It is something else.
    Other,
    /// There is no row for its sum.
    Missing,
}

/// Of the rows that these queries give; one that gives none counts for nothing.
fn sum_of(connection: &Connection, queries: &[&str]) -> rusqlite::Result<u32> {
    let mut sum = CheckSum::default();
    for sql in queries {
        let mut statement = connection.prepare_cached(sql)?;
        let columns = statement.column_count();
        let (mut rows, mut count) = (statement.query([])?, 0);
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                sum.value_ref(row.get_ref(column)?);
            }
            count += 1;
        }
        if count > 0 {
            sum.value(&Value::Integer(count));
        }
    }
    Ok(sum.finish())
}

/// Notes the sums of parts that were written, and of those that nobody knows yet.
pub fn note(connection: &Connection, written: &[SummedPart]) -> rusqlite::Result<()> {
    let mut unknown =
        connection.prepare_cached("SELECT 1 FROM check_sum WHERE what = ? AND crc32 IS NULL")?;
    let mut put = connection
        .prepare_cached("INSERT OR REPLACE INTO check_sum (what, crc32) VALUES (?, ?)")?;
    for part in SummedPart::ALL {
        let is_unknown = unknown.exists([part.key()])?;
        if part == SummedPart::Past && is_unknown {
            past::note_unknown(connection)?;
        }
        if written.contains(&part) || is_unknown {
            put.execute(params![part.key(), part.sum(connection)?])?;
        }
    }
    Ok(())
}

/// What of a file that this program has open is not what was written, which is to be asked before it is written on: the
/// sums are made anew then, of all rows. This reads no step: those of a sitting have a sum.
pub fn lost(connection: &Connection) -> rusqlite::Result<Option<SummedPart>> {
    for part in SummedPart::ALL {
        if part.state(connection)? != SumState::Fine {
            return Ok(Some(part));
        }
    }
    Ok(None)
}

/// What is not what was written, of all that is read; an error if the sums can't be read.
pub fn odd(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut odd = Vec::new();
    for part in SummedPart::ALL {
        let words = part.words();
        let mut state = part.state(connection)?;
        if part == SummedPart::Past && state == SumState::Fine {
            // What can't be read is told by who reads it.
            let is_other = past::is_odd(connection).unwrap_or(false);
            state = if is_other { SumState::Other } else { state };
        }
        match state {
            SumState::Fine => {}
            SumState::Other => odd.push(format!(
                "{words} is not what was written (the check sum is another): look at it"
            )),
            SumState::Missing => odd.push(format!(
                "nobody can tell whether {words} is what was written: its check sum is missing"
            )),
        }
    }
    Ok(odd)
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::super::testing::{NewSession, new_session};
    use super::*;

    #[test]
    fn a_new_file_has_a_row_for_each_part() {
        let connection = Connection::open_in_memory().unwrap();
        schema::create(&connection).unwrap();
        let keys = || -> Vec<(String, bool)> {
            let sql = "SELECT what, crc32 IS NULL FROM check_sum ORDER BY what";
            let mut statement = connection.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        };
        let expected = |unknown: bool| {
            let mut keys: Vec<_> =
                SummedPart::ALL.map(|part| (part.key().to_owned(), unknown)).into();
            keys.sort();
            keys
        };
        assert_eq!(keys(), expected(true));
        assert_eq!(odd(&connection), Ok(vec![]));
        note(&connection, &[]).unwrap();
        assert_eq!(keys(), expected(false));
        assert_eq!(odd(&connection), Ok(vec![]));
    }

    /// Each table is in one of the sums, or has another: whoever adds one, or a column, thinks of it.
    #[test]
    fn every_column_of_every_table_has_a_sum() {
        // Those of objects, of the place of the scan's voxels, of the pieces of the scan, of sittings; and these.
        const OTHERS: [&str; 14] = [
            "mask",
            "object",
            "prompt",
            "answered",
            "extension",
            "answered_extension",
            "footprint",
            "tried",
            "prompt_shape",
            "geometry",
            "scan_piece",
            "sitting",
            "step",
            "check_sum",
        ];
        let connection = Connection::open_in_memory().unwrap();
        schema::create(&connection).unwrap();
        let sql =
            "SELECT t.name, c.name FROM pragma_table_list AS t, pragma_table_info(t.name) AS c
                   WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%'";
        let mut statement = connection.prepare(sql).unwrap();
        let columns: Vec<(String, String)> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert!(columns.len() > 100);
        let rows = SummedPart::ALL.map(SummedPart::rows).concat();
        let is_fed = |table: &str, column: &str| {
            rows.iter().any(|sql| {
                let (columns, from) = sql["SELECT ".len()..].split_once(" FROM ").unwrap();
                from.split(' ').next() == Some(table) && columns.split(", ").any(|c| c == column)
            })
        };
        for (table, column) in &columns {
            assert!(OTHERS.contains(&table.as_str()) || is_fed(table, column), "{table}.{column}");
        }
        assert!(is_fed("object", "crc32") && is_fed("sitting", "id"));
    }

    /// A file of this version stays whole when a later one gives its tables columns and tables more.
    #[test]
    fn what_a_later_version_adds_changes_no_sum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("case.voxpoint");
        drop(new_session(&path, &NewSession { objects: 2, ..NewSession::default() }));
        let connection = Connection::open(&path).unwrap();
        for table in ["session", "source", "sitting", "step", "object", "model"] {
            let sql = format!(
                "ALTER TABLE {table} ADD COLUMN note TEXT; ALTER TABLE {table} ADD COLUMN n INTEGER NOT NULL DEFAULT 7"
            );
            connection.execute_batch(&sql).unwrap();
        }
        connection.execute_batch("CREATE TABLE comment (id INTEGER PRIMARY KEY) STRICT").unwrap();
        assert_eq!(odd(&connection), Ok(vec![]));
        // As it would be summed then.
        let rows = SummedPart::Session.rows();
        let more =
            ["SELECT id, note FROM session WHERE note IS NOT NULL", "SELECT id FROM comment"];
        let later = || sum_of(&connection, &[rows, &more].concat()).unwrap();
        assert_eq!(later(), SummedPart::Session.sum(&connection).unwrap());
        for sql in ["UPDATE session SET note = 'new'", "INSERT INTO comment VALUES (1)"] {
            let before = later();
            connection.execute_batch(sql).unwrap();
            assert_ne!(later(), before, "{sql}");
        }
        assert_eq!(odd(&connection), Ok(vec![]));
    }

    #[test]
    fn each_part_has_the_key_of_its_tables() {
        for (n, part) in SummedPart::ALL.into_iter().enumerate() {
            assert_eq!(part as usize, n);
            let of = |sql: &&str| sql.contains(&format!(" FROM {} ORDER", part.key()));
            assert!(part == SummedPart::Past || part.rows().iter().any(of), "{part:?}");
        }
    }
}
