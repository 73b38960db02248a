//! What was done in earlier sittings, and when: for people to read, and to tell how long the work took. It can't be
//! undone.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::RecordedStep;
use super::rows::CheckSum;
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

/// What stands in `sitting` besides its `id` and check sum: `began`, `ended`, `program`, `host`.
fn sitting_values(sitting: &Sitting) -> [Value; 4] {
    let Sitting { began_ms, ended_ms, program, host, .. } = sitting;
    let text = |text: &str| Value::Text(text.to_owned());
    [Value::Integer(*began_ms), Value::Integer(*ended_ms), text(program), text(host)]
}

/// What stands in `step` besides `sitting`: `entry`, `at`, `name`, `point`, `object`, `object_name`, `done`.
pub(super) fn step_values(dated: &DatedStep) -> [Value; 7] {
    let DatedStep { at_ms, step } = dated;
    let (object, object_name) = step.object.as_ref().map_or((Value::Null, Value::Null), |of| {
        (Value::Integer(of.0.0.into()), Value::Text(of.1.clone()))
    });
    [
        Value::Integer(step.entry as i64),
        Value::Integer(*at_ms),
        Value::Text(step.name.clone()),
        step.point.map_or(Value::Null, |n| Value::Integer(n as i64)),
        object,
        object_name,
        Value::Integer(step.done.into()),
    ]
}

/// Of a row of `step`, by its `entry`.
pub(super) fn step_sum(dated: &DatedStep) -> (i64, u32) {
    let mut sum = CheckSum::default();
    sum.values(&step_values(dated));
    (dated.step.entry as i64, sum.finish())
}

/// The check sum of a sitting: of its row, and of those of its steps, which have their sums here. So no step
/// that was written earlier is read for the next one.
pub(super) fn sitting_sum(sitting: &Sitting, steps: &BTreeMap<i64, u32>) -> u32 {
    let mut sum = CheckSum::default();
    sum.values(&sitting_values(sitting));
    for step in steps.values() {
        sum.value(&Value::Integer((*step).into()));
    }
    sum.finish()
}

/// As [`sitting_sum`], of what stands in the file.
fn sum_in_file(connection: &Connection, sitting: i64) -> rusqlite::Result<u32> {
    let feed = |sum: &mut CheckSum, row: &Row<'_>, columns: usize| {
        (0..columns).try_for_each(|column| row.get_ref(column).map(|value| sum.value_ref(value)))
    };
    let mut sum = CheckSum::default();
    connection
        .prepare_cached("SELECT began, ended, program, host FROM sitting WHERE id = ?")?
        .query_row([sitting], |row| feed(&mut sum, row, 4))?;
    let mut steps = connection.prepare_cached(
        "SELECT entry, at, name, point, object, object_name, done FROM step WHERE sitting = ? ORDER BY entry",
    )?;
    let mut rows = steps.query([sitting])?;
    while let Some(row) = rows.next()? {
        let mut step = CheckSum::default();
        feed(&mut step, row, 7)?;
        sum.value(&Value::Integer(step.finish().into()));
    }
    Ok(sum.finish())
}

/// What stands in `check_sum.what` for a sitting.
fn key(sitting: i64) -> String {
    format!("sitting {sitting}")
}

/// Notes the check sum of a sitting.
pub(super) fn put_sum(connection: &Connection, sitting: i64, sum: u32) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO check_sum (what, crc32) VALUES (?, ?)")?
        .execute(params![key(sitting), sum])
        .map(drop)
}

/// The check sum of a sitting; `None` if it has no row, or nobody knows it.
fn noted(connection: &Connection, sitting: i64) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT crc32 FROM check_sum WHERE what = ?")?
        .query_row([key(sitting)], |row| row.get::<_, Option<i64>>(0))
        .optional()
        .map(Option::flatten)
}

fn rows(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    let mut rows = connection.prepare("SELECT id FROM sitting ORDER BY id")?;
    rows.query_map([], |row| row.get(0))?.collect()
}

/// Notes the sums of sittings of which none is known, as of those that older versions wrote.
pub(super) fn note_unknown(connection: &Connection) -> rusqlite::Result<()> {
    for row in rows(connection)? {
        if noted(connection, row)?.is_none() {
            put_sum(connection, row, sum_in_file(connection, row)?)?;
        }
    }
    Ok(())
}

/// Whether a sitting, with its steps, is not what was written. This reads all of them.
pub(super) fn is_odd(connection: &Connection) -> rusqlite::Result<bool> {
    for row in rows(connection)? {
        if let Some(expected) = noted(connection, row)?
            && expected != i64::from(sum_in_file(connection, row)?)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the sum of a sitting is gone, where there was one for each.
pub(super) fn lacks_sum(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM sitting WHERE NOT EXISTS
                   (SELECT 1 FROM check_sum WHERE what = 'sitting ' || sitting.id)
               AND EXISTS (SELECT 1 FROM check_sum WHERE what = 'step' AND crc32 IS NOT NULL)";
    connection.prepare_cached(sql)?.exists([])
}
