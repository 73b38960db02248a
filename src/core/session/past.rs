//! What was done in earlier sittings, and when: for people to read, and to tell how long the work took. It can't be
//! undone.

use rusqlite::Connection;

use super::RecordedStep;
use crate::document::LabelId;

/// A step and when it was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatedStep {
    /// When it was first written, some two seconds after it was done: milliseconds since 1970, UTC.
    pub at_ms: i64,
    /// What was done.
    pub step: RecordedStep,
}

/// The time from opening a session to closing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sitting {
    /// The first write: milliseconds since 1970, UTC.
    pub began_ms: i64,
    /// The last write; not before the first.
    pub ended_ms: i64,
    /// The version of the program.
    pub program: String,
    /// The name of the computer.
    pub host: String,
    /// Oldest first. Those that were undone are not `done`.
    pub steps: Vec<DatedStep>,
}

/// All that was done to a session before now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Oldest first.
    pub sittings: Vec<Sitting>,
}

impl Past {
    /// Milliseconds that all sittings took, first to last write of each.
    pub fn duration_ms(&self) -> i64 {
        let took = |s: &Sitting| s.ended_ms.saturating_sub(s.began_ms).max(0);
        self.sittings.iter().map(took).fold(0, i64::saturating_add)
    }

    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut sittings = connection
            .prepare("SELECT id, began, ended, program, host FROM sitting ORDER BY id")?
            .query_map([], |row| {
                let sitting = Sitting {
                    began_ms: row.get(1)?,
                    ended_ms: row.get(2)?,
                    program: row.get(3)?,
                    host: row.get(4)?,
                    steps: Vec::new(),
                };
                Ok((row.get::<_, i64>(0)?, sitting))
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let mut steps = connection.prepare(
            "SELECT entry, at, name, point, object, object_name, done FROM step WHERE sitting = ? ORDER BY entry",
        )?;
        for (id, sitting) in &mut sittings {
            let rows = steps.query_map([*id], |row| {
                let object: (Option<i64>, Option<String>) = (row.get(4)?, row.get(5)?);
                let number = object.0.and_then(|id| u16::try_from(id).ok());
                let step = RecordedStep {
                    entry: row.get::<_, i64>(0)? as u64,
                    name: row.get(2)?,
                    point: row.get::<_, Option<i64>>(3)?.map(|n| n as usize),
                    object: number.map(LabelId).zip(object.1),
                    done: row.get(6)?,
                };
                Ok(DatedStep { at_ms: row.get(1)?, step })
            })?;
            sitting.steps = rows.collect::<rusqlite::Result<_>>()?;
        }
        Ok(Self { sittings: sittings.into_iter().map(|(_, sitting)| sitting).collect() })
    }
}
