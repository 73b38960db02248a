//! Writes what has changed since the last time, and only that. Masks are known by their memory: a mask that is written
//! is shared with whoever has it, so nobody can change it in place.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::measurement_rows::write_measurements;
use super::past::{self, DatedStep, Past, Sitting, sitting_sum, step_sum, step_values};
use super::rows::{
    ANSWERED, ANSWERED_EXTENSIONS, EXTENSIONS, FOOTPRINT, LAYERS, LISTS, OBJECT_COLUMNS, PROMPTS,
    SHAPES, TRIED, check_sum, image_value, layers, object_values, shapes_of,
};
use super::source_rows::{
    write_exported, write_models, write_overlays, write_picture, write_source,
};
use super::sums::{self, SummedPart};
use super::{RecordedStep, Snapshot, region_code};
use crate::document::{LabelId, Object, SharedObjects};
use crate::volume::Region;

/// Masks that are in the file, by where they lie in memory: their rows, and they themselves, so that they stay there.
#[derive(Clone, Debug, Default)]
pub struct Masks(HashMap<usize, (i64, Arc<Region>)>);

impl Masks {
    /// Remembers the row of a mask.
    pub fn insert(&mut self, row: i64, mask: &Arc<Region>) {
        self.0.insert(Arc::as_ptr(mask) as usize, (row, Arc::clone(mask)));
    }

    fn row(&self, mask: &Arc<Region>) -> Option<i64> {
        self.0.get(&(Arc::as_ptr(mask) as usize)).map(|(row, _)| *row)
    }

    fn rows(&self) -> BTreeSet<i64> {
        self.0.values().map(|(row, _)| *row).collect()
    }
}

/// The sitting that goes on, as it stands in the file.
#[derive(Clone, Debug)]
pub struct OpenSitting {
    row: i64,
    /// Without its steps.
    sitting: Sitting,
    /// The sums of all its steps in the file, also of those that are not in the history any more, by their `entry`.
    steps: BTreeMap<i64, u32>,
}

/// What is in the file.
#[derive(Clone, Debug)]
pub struct Written {
    /// `None` if nothing is, yet.
    pub snapshot: Option<Snapshot>,
    /// The masks of its objects.
    pub masks: Masks,
    /// How many writes there were.
    pub writes: i64,
    /// This sitting, once something of it was written.
    pub sitting: Option<OpenSitting>,
    /// The steps of this sitting, and when each was seen first: milliseconds since 1970, UTC.
    pub step_times: BTreeMap<u64, i64>,
}

impl Written {
    /// Nothing.
    pub fn nothing() -> Self {
        let (masks, step_times) = (Masks::default(), BTreeMap::new());
        Self { snapshot: None, masks, writes: 0, sitting: None, step_times }
    }
}

/// Writes what differs from what is written, within a transaction that somebody else began. `None` if nothing does.
///
/// # Errors
/// What SQLite says: the transaction is to be given up then.
pub fn write(
    connection: &Connection,
    session: &Path,
    written: &Written,
    snapshot: &Snapshot,
) -> rusqlite::Result<Option<Written>> {
    let before = written.snapshot.as_ref();
    if before.is_some_and(|before| same(before, snapshot)) {
        return Ok(None);
    }
    let mut parts = vec![SummedPart::Objects, SummedPart::Past, SummedPart::Session];
    write_around(connection, session, (before, snapshot), &mut parts)?;
    let masks = write_objects(connection, written, &snapshot.objects)?;
    let mut next = Written {
        snapshot: Some(snapshot.clone()),
        masks,
        writes: written.writes + 1,
        sitting: written.sitting.clone(),
        step_times: written.step_times.clone(),
    };
    write_sitting(connection, &mut next, snapshot.taken_ms)?;
    write_steps(connection, &mut next, before.map_or(&[], |b| &b.steps), snapshot)?;
    write_session(connection, snapshot)?;
    sums::note(connection, &parts)?;
    Ok(Some(next))
}

/// What of a snapshot is not its objects, and is another than `before`; `parts` gets what that was.
fn write_around(
    connection: &Connection,
    session: &Path,
    (before, snapshot): (Option<&Snapshot>, &Snapshot),
    parts: &mut Vec<SummedPart>,
) -> rusqlite::Result<()> {
    let around = &snapshot.around;
    let old = before.map(|b| &b.around);
    if old.is_none_or(|old| old.source != around.source) {
        write_source(connection, &around.source, session)?;
        parts.push(SummedPart::Source);
    }
    if old.is_none_or(|old| old.overlays != around.overlays) {
        write_overlays(connection, &around.overlays, session)?;
        parts.push(SummedPart::Overlays);
    }
    if old.is_none_or(|old| old.models != around.models) {
        write_models(connection, &around.models)?;
        parts.push(SummedPart::Models);
    }
    if old.is_none_or(|old| old.picture != around.picture) {
        write_picture(connection, around.picture.as_deref())?;
        parts.push(SummedPart::Picture);
    }
    if old.is_none_or(|old| old.exported != around.exported) {
        write_exported(connection, around.exported.as_ref(), session)?;
        parts.push(SummedPart::Exported);
    }
    let measured = before.map_or(&[][..], |before| &before.measurements);
    if measured != snapshot.measurements {
        write_measurements(connection, &snapshot.measurements)?;
        parts.push(SummedPart::Measurements);
    }
    Ok(())
}

/// How many writes there were.
pub fn count(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT writes FROM session")?.query_row([], |row| row.get(0))
}

/// Whether two snapshots are the same, but for when they were taken.
fn same(a: &Snapshot, b: &Snapshot) -> bool {
    let Snapshot { around, time_point, model_image, objects, active, working_scale, .. } = a;
    (time_point, model_image, active, working_scale)
        == (&b.time_point, &b.model_image, &b.active, &b.working_scale)
        && a.prompts_given == b.prompts_given
        && a.measurements == b.measurements
        && a.steps == b.steps
        && objects == &b.objects
        && around == &b.around
}

fn write_session(connection: &Connection, snapshot: &Snapshot) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO session (id, program, created, written, writes, time_point, working_scale, model_image, active,
                prompts_given, view, case_state)
             VALUES (1, ?1, ?2, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (id) DO UPDATE SET program = ?1, written = ?2, writes = writes + 1, time_point = ?3,
                working_scale = ?4, model_image = ?5, active = ?6, prompts_given = ?7, view = ?8, case_state = ?9",
        )?
        .execute(params![
            env!("CARGO_PKG_VERSION"),
            snapshot.taken_ms,
            snapshot.time_point as i64,
            snapshot.working_scale.get(),
            image_value(snapshot.model_image),
            snapshot.active.map(|id| id.0),
            snapshot.prompts_given as i64,
            snapshot.around.view.to_string(),
            snapshot.around.case_state.word(),
        ])?;
    Ok(())
}

fn write_objects(
    connection: &Connection,
    written: &Written,
    objects: &SharedObjects,
) -> rusqlite::Result<Masks> {
    let before: Vec<&Object> =
        written.snapshot.iter().flat_map(|before| before.objects.iter()).collect();
    let known: HashMap<LabelId, (usize, &Object)> =
        before.iter().enumerate().map(|(place, o)| (o.id, (place, *o))).collect();
    let mut masks = Masks::default();
    for (place, object) in objects.iter().enumerate() {
        let rows =
            layers(object).map(|mask| mask_row(connection, &written.masks, &mut masks, mask));
        let [model, added, removed, region, covered] = rows;
        let rows = [model?, added?, removed?, region?, covered?];
        let start = object.log.start.as_ref();
        let start = start.map(|mask| mask_row(connection, &written.masks, &mut masks, mask));
        let start = start.transpose()?.flatten();
        let old = known.get(&object.id);
        if old.is_some_and(|(at, old)| *at == place && is_same(old, object)) {
            continue;
        }
        write_object(connection, place, object, (rows, start))?;
        let old = old.map(|(_, old)| *old);
        write_lists(connection, old, object)?;
    }
    let left: BTreeSet<LabelId> = objects.iter().map(|o| o.id).collect();
    for gone in before.iter().filter(|o| !left.contains(&o.id)) {
        connection.prepare_cached("DELETE FROM object WHERE id = ?")?.execute([gone.id.0])?;
        for table in LISTS {
            let sql = format!("DELETE FROM {table} WHERE object = ?");
            connection.prepare_cached(&sql)?.execute([gone.id.0])?;
        }
    }
    // After the new ones are in, so that their pages are not written twice in one transaction.
    for row in written.masks.rows().difference(&masks.rows()) {
        connection.prepare_cached("DELETE FROM mask WHERE id = ?")?.execute([row])?;
    }
    Ok(masks)
}

/// Layers by their memory: equal ones elsewhere are other rows.
fn is_same(a: &Object, b: &Object) -> bool {
    let same_layers = || {
        layers(a)
            .into_iter()
            .zip(layers(b))
            .chain(a.log.start.iter().zip(&b.log.start))
            .all(|(a, b)| Arc::ptr_eq(a, b) || (a.is_empty() && b.is_empty()))
    };
    std::ptr::eq(a, b) || same_layers() && a == b
}

/// The row of a mask, which is written if it is not there yet; `None` for an empty one.
fn mask_row(
    connection: &Connection,
    before: &Masks,
    masks: &mut Masks,
    mask: &Arc<Region>,
) -> rusqlite::Result<Option<i64>> {
    if mask.is_empty() {
        return Ok(None);
    }
    if let Some(row) = masks.row(mask) {
        return Ok(Some(row));
    }
    let row = if let Some(row) = before.row(mask) {
        row
    } else {
        connection
            .prepare_cached("INSERT INTO mask (voxels, runs) VALUES (?, ?)")?
            .execute(params![mask.count() as i64, region_code::encode(mask)])?;
        connection.last_insert_rowid()
    };
    masks.insert(row, mask);
    Ok(Some(row))
}

fn write_object(
    connection: &Connection,
    place: usize,
    object: &Object,
    (masks, start): ([Option<i64>; LAYERS.len()], Option<i64>),
) -> rusqlite::Result<()> {
    let mut values = vec![Value::Integer(object.id.0.into()), Value::Integer(place as i64)];
    values.extend(object_values(object));
    let masks = masks.into_iter().chain([start]);
    values.extend(masks.map(|row| row.map_or(Value::Null, Value::Integer)));
    values.push(Value::Integer(check_sum(object).into()));
    let marks = vec!["?"; values.len()].join(", ");
    let layers = LAYERS.join(", ");
    let sql = format!(
        "INSERT OR REPLACE INTO object (id, place, {OBJECT_COLUMNS}, {layers}, start, crc32) VALUES ({marks})"
    );
    connection.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    Ok(())
}

fn write_lists(
    connection: &Connection,
    old: Option<&Object>,
    new: &Object,
) -> rusqlite::Result<()> {
    let nothing = Object::new(new.id, String::new(), [0; 3]);
    let (old, id) = (old.unwrap_or(&nothing), new.id);
    PROMPTS.write(connection, id, &old.log.prompts, &new.log.prompts)?;
    ANSWERED.write(connection, id, &old.answer.prompts, &new.answer.prompts)?;
    EXTENSIONS.write(connection, id, &old.log.extensions, &new.log.extensions)?;
    ANSWERED_EXTENSIONS.write(connection, id, &old.answer.extensions, &new.answer.extensions)?;
    FOOTPRINT.write(connection, id, &old.answer.footprint, &new.answer.footprint)?;
    TRIED.write(connection, id, &old.answer.tried, &new.answer.tried)?;
    SHAPES.write(connection, id, &shapes_of(old), &shapes_of(new))
}

/// This sitting begins with the first write.
fn write_sitting(connection: &Connection, written: &mut Written, now: i64) -> rusqlite::Result<()> {
    if let Some(open) = &mut written.sitting {
        open.sitting.ended_ms = open.sitting.ended_ms.max(now);
        return Ok(());
    }
    let sitting = Sitting {
        // Of a file that is made anew it began earlier.
        began_ms: written.step_times.values().copied().min().unwrap_or(now).min(now),
        ended_ms: now,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        host: gethostname::gethostname().to_string_lossy().into_owned(),
        steps: Vec::new(),
    };
    let row = put_sitting(connection, &sitting)?;
    written.sitting = Some(OpenSitting { row, sitting, steps: BTreeMap::new() });
    Ok(())
}

/// A new row, without its check sum.
fn put_sitting(connection: &Connection, sitting: &Sitting) -> rusqlite::Result<i64> {
    let Sitting { began_ms, ended_ms, program, host, .. } = sitting;
    connection.execute(
        "INSERT INTO sitting (began, ended, program, host) VALUES (?, ?, ?, ?)",
        params![began_ms, ended_ms, program, host],
    )?;
    Ok(connection.last_insert_rowid())
}

/// Says until when there was something done in a sitting, and what all of it sums up to.
fn close_sitting(connection: &Connection, open: &OpenSitting) -> rusqlite::Result<()> {
    let OpenSitting { row, sitting, steps } = open;
    let mut put = connection.prepare_cached("UPDATE sitting SET ended = ? WHERE id = ?")?;
    put.execute([sitting.ended_ms, *row])?;
    past::put_sum(connection, *row, sitting_sum(sitting, steps))
}

/// Each step with the time at which it was seen first, which never goes back, whatever the clock does. One that is not
/// in the history any more stays, as not done.
fn write_steps(
    connection: &Connection,
    written: &mut Written,
    before: &[RecordedStep],
    snapshot: &Snapshot,
) -> rusqlite::Result<()> {
    let Written { sitting: Some(open), step_times, .. } = written else { return Ok(()) };
    let steps = &snapshot.steps;
    let same = before.iter().zip(steps).take_while(|(a, b)| a == b).count();
    let latest = step_times.values().copied().max().unwrap_or(i64::MIN);
    let now = snapshot.taken_ms.max(latest);
    let left: BTreeSet<u64> = steps[same..].iter().map(|s| s.entry).collect();
    let gone = before[same..].iter().filter(|s| !left.contains(&s.entry));
    let gone = gone.map(|step| RecordedStep { done: false, ..step.clone() });
    for step in steps[same..].iter().cloned().chain(gone) {
        let at_ms = *step_times.entry(step.entry).or_insert(now);
        let dated = DatedStep { at_ms, step };
        put_step(connection, open.row, &dated)?;
        open.steps.extend([step_sum(&dated)]);
    }
    close_sitting(connection, open)
}

fn put_step(connection: &Connection, sitting: i64, dated: &DatedStep) -> rusqlite::Result<()> {
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO step (sitting, entry, at, name, point, object, object_name, done)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    put.execute(params_from_iter([Value::Integer(sitting)].into_iter().chain(step_values(dated))))?;
    Ok(())
}

/// Writes what was done in earlier sittings in place of what the file says of that.
pub fn replace_past(connection: &Connection, past: &Past) -> rusqlite::Result<()> {
    connection.execute_batch(
        "DELETE FROM step; DELETE FROM sitting; DELETE FROM check_sum WHERE what LIKE 'sitting %';",
    )?;
    write_past(connection, past)?;
    sums::note(connection, &[SummedPart::Past])
}

/// Writes what was done in earlier sittings into a new file.
pub fn write_past(connection: &Connection, past: &Past) -> rusqlite::Result<()> {
    for sitting in &past.sittings {
        let row = put_sitting(connection, sitting)?;
        for step in &sitting.steps {
            put_step(connection, row, step)?;
        }
        let steps = sitting.steps.iter().map(step_sum).collect();
        close_sitting(connection, &OpenSitting { row, sitting: sitting.clone(), steps })?;
    }
    Ok(())
}
