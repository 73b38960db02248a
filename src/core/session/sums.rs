//! Check sums of what stands in tables: SQLite has none, so a bit that a drive loses would be believed. Objects
//! (`object.crc32`), the place of the scan's voxels (`source.crc32`) and the pieces of the scan have sums of their own;
//! these are of all else, and of which objects there are.

use rusqlite::types::Value;
use rusqlite::{Connection, params};

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

    /// What stands in `check_sum.what`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Source => "source",
            Self::Overlays => "overlay",
            Self::Models => "model",
            Self::Picture => "picture",
            Self::Exported => "export",
            Self::Objects => "object",
            Self::Measurements => "measurement",
            Self::Scan => "scan",
            Self::Past => "step",
        }
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

    /// Its rows, in an order that depends on nothing but them.
    fn rows(self) -> &'static [&'static str] {
        match self {
            Self::Session => &["SELECT * FROM session ORDER BY id"],
            Self::Source => {
                &["SELECT * FROM source ORDER BY id", "SELECT * FROM identifier ORDER BY place"]
            }
            Self::Overlays => &["SELECT * FROM overlay ORDER BY place"],
            Self::Models => &["SELECT * FROM model ORDER BY name"],
            Self::Picture => &["SELECT * FROM picture ORDER BY id"],
            Self::Exported => &["SELECT * FROM export ORDER BY what"],
            Self::Objects => &["SELECT id, place, crc32 FROM object ORDER BY id"],
            Self::Measurements => &[
                "SELECT * FROM measurement ORDER BY id",
                "SELECT * FROM measurement_place ORDER BY measurement, place",
            ],
            Self::Scan => &["SELECT * FROM scan ORDER BY id"],
            Self::Past => {
                &["SELECT * FROM sitting ORDER BY id", "SELECT * FROM step ORDER BY sitting, entry"]
            }
        }
    }

    /// Of all values of all its rows, as they stand in the file.
    fn sum(self, connection: &Connection) -> rusqlite::Result<u32> {
        let mut sum = CheckSum::default();
        for sql in self.rows() {
            let mut statement = connection.prepare_cached(sql)?;
            let columns = statement.column_count();
            let (mut rows, mut count) = (statement.query([])?, 0);
            while let Some(row) = rows.next()? {
                for column in 0..columns {
                    sum.value_ref(row.get_ref(column)?);
                }
                count += 1;
            }
            sum.value(&Value::Integer(count));
        }
        Ok(sum.finish())
    }
}

/// Notes the sums of parts that were written, and of those that nobody knows yet.
pub fn note(connection: &Connection, written: &[SummedPart]) -> rusqlite::Result<()> {
    let mut unknown =
        connection.prepare_cached("SELECT 1 FROM check_sum WHERE what = ? AND crc32 IS NULL")?;
    let mut put = connection
        .prepare_cached("INSERT OR REPLACE INTO check_sum (what, crc32) VALUES (?, ?)")?;
    for part in SummedPart::ALL {
        if written.contains(&part) || unknown.exists([part.key()])? {
            put.execute(params![part.key(), part.sum(connection)?])?;
        }
    }
    Ok(())
}

/// What is not what was written; an error if the sums can't be read.
pub fn odd(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut known = connection.prepare("SELECT crc32 FROM check_sum WHERE what = ?")?;
    let mut odd = Vec::new();
    for part in SummedPart::ALL {
        let words = part.words();
        match known.query_row([part.key()], |row| row.get::<_, Option<i64>>(0)) {
            // Whoever else has written it did not know it.
            Ok(None) => {}
            // What can't be read is told by who reads it.
            Ok(Some(expected)) => {
                if part.sum(connection).is_ok_and(|sum| i64::from(sum) != expected) {
                    odd.push(format!(
                        "{words} is not what was written (the check sum is another): look at it"
                    ));
                }
            }
            Err(rusqlite::Error::QueryReturnedNoRows) => {
                odd.push(format!(
                    "nobody can tell whether {words} is what was written: its check sum is missing"
                ));
            }
            Err(e) => return Err(e),
        }
    }
    Ok(odd)
}

#[cfg(test)]
mod tests {
    use super::super::schema;
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

    /// Each table is in one of the sums, or has another: whoever adds one thinks of it.
    #[test]
    fn every_table_has_a_sum() {
        // Those of objects, of the place of the scan's voxels, of the pieces of the scan; and these.
        const OTHERS: [&str; 10] = [
            "mask",
            "prompt",
            "answered",
            "extension",
            "answered_extension",
            "footprint",
            "tried",
            "geometry",
            "scan_piece",
            "check_sum",
        ];
        let connection = Connection::open_in_memory().unwrap();
        schema::create(&connection).unwrap();
        let mut statement =
            connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
        let tables: Vec<String> =
            statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        let rows = SummedPart::ALL.map(SummedPart::rows).concat();
        for table in tables.iter().filter(|table| !OTHERS.contains(&table.as_str())) {
            let from = format!(" FROM {table} ORDER BY ");
            assert!(rows.iter().any(|sql| sql.contains(&from)), "{table}");
        }
    }
}
