//! Reads a session: all that is whole, and a list of what is not. Nothing that a file says is believed: numbers are
//! checked against what they may be, and nothing is allocated because a number says so.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};

use super::measurement_rows::read_measurements;
use super::past::Past;
use super::rows::{
    ANSWERED, ANSWERED_EXTENSIONS, EXTENSIONS, FOOTPRINT, LARGEST_ID, LAYERS, OBJECT_COLUMNS,
    PROMPTS, SHAPES, TRIED, check_sum, image_from, object_from, real_at,
};
use super::scan_inside::{self, ScanInside};
use super::source_rows::{
    read_exported, read_identifiers, read_models, read_overlays, read_picture, read_source,
};
use super::sums::{self, SummedPart};
use super::write::Masks;
use super::{CaseState, Damage, SessionError, Snapshot, Surroundings, region_code};
use crate::document::{LabelId, Object, palette_colour, whole_objects};
use crate::prompt::{ImageId, WorkingScale};
use crate::volume::Region;

/// All that was found in a session.
#[derive(Clone, Debug)]
pub struct Contents {
    /// What it holds; `steps` is empty: no sitting has begun.
    pub snapshot: Snapshot,
    /// What was done before.
    pub past: Past,
    /// The scan's voxels are in it, so.
    pub scan: Option<ScanInside>,
    /// When it was first written: milliseconds since 1970, UTC.
    pub created_ms: i64,
    /// When it was last written.
    pub written_ms: i64,
    /// The version of the program that wrote it last.
    pub program: String,
    /// What could not be read, or is not what was written.
    pub damage: Vec<Damage>,
    /// How many writes there were.
    pub(super) writes: i64,
    pub(super) masks: Masks,
}

impl Contents {
    /// The write that it is the state of.
    pub fn last_write(&self) -> LastWrite {
        LastWrite { count: self.writes, at_ms: self.written_ms }
    }
}

/// Which write of a session was the last: another state has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastWrite {
    /// How many writes there were.
    pub count: i64,
    /// When it was: milliseconds since 1970, UTC.
    pub at_ms: i64,
}

/// Reads a session in a database of the present version.
///
/// # Errors
/// If not even the scan that it is about can be told.
pub fn read(connection: &Connection, path: &Path) -> Result<Contents, SessionError> {
    // All of it as of one moment, unless somebody has begun that already.
    let moment = connection.is_autocommit().then(|| connection.unchecked_transaction());
    let _moment = moment.transpose().map_err(|e| SessionError::database("read", path, e))?;
    let mut source = read_source(connection)
        .map_err(|what| SessionError::Damaged { what, path: path.to_path_buf() })?;
    let mut damage = Damages(Vec::new());
    source.identifiers =
        damage.or_default("by which the scan can be found again", read_identifiers(connection));
    let overlays = damage.or_default(SummedPart::Overlays.words(), read_overlays(connection));
    let models = damage.or_default(SummedPart::Models.words(), read_models(connection));
    let head = damage.or_default(SummedPart::Session.words(), read_head(connection));
    let (view, case_state) = head.said(&mut damage);
    let picture = damage.or_default(SummedPart::Picture.words(), read_picture(connection));
    let exported = damage.or_default(SummedPart::Exported.words(), read_exported(connection));
    let past = damage.or_default(SummedPart::Past.words(), Past::read(connection));
    let scan = read_scan(connection, &mut damage);
    let (measurements, odd) =
        damage.or_default(SummedPart::Measurements.words(), read_measurements(connection));
    damage.say_all(odd);
    let dims = source.grid.dims();
    let read = unpacked(connection, dims);
    let mut reader = ObjectReader { connection, dims, read, masks: Masks::default() };
    let (objects, changed) = whole_objects(reader.objects(&mut damage), dims);
    for changed in changed {
        damage.say(changed.to_string());
    }
    if head.odd {
        damage.say("the record of the session itself counts what can't be counted".to_owned());
    }
    let odd = damage.or_default("the check sums", sums::odd(connection));
    damage.say_all(odd);
    let snapshot = Snapshot {
        around: Surroundings { source, overlays, models, view, picture, case_state, exported },
        time_point: head.time_point,
        model_image: head.model_image,
        objects: objects.into(),
        active: head.active,
        working_scale: head.working_scale,
        prompts_given: head.prompts_given,
        measurements,
        steps: Vec::new(),
        taken_ms: head.written_ms,
    };
    Ok(Contents {
        snapshot,
        past,
        scan,
        created_ms: head.created_ms,
        written_ms: head.written_ms,
        program: head.program,
        damage: damage.0,
        writes: head.writes,
        masks: reader.masks,
    })
}

fn read_scan(connection: &Connection, damage: &mut Damages) -> Option<ScanInside> {
    let said = damage.or_default(SummedPart::Scan.words(), scan_inside::read_about(connection))?;
    said.map_err(|what| damage.say(format!("the scan in it can't be given back: {what}"))).ok()
}

/// What is wrong, as far as it is known.
struct Damages(Vec<Damage>);

impl Damages {
    fn say(&mut self, what: String) {
        self.0.push(Damage(what));
    }

    fn say_all(&mut self, all: Vec<String>) {
        self.0.extend(all.into_iter().map(Damage));
    }

    fn or_default<T: Default>(&mut self, what: &str, read: rusqlite::Result<T>) -> T {
        read.unwrap_or_else(|why| {
            self.say(format!("{what} can't be read: {why}"));
            T::default()
        })
    }
}

struct Head {
    program: String,
    created_ms: i64,
    written_ms: i64,
    time_point: usize,
    working_scale: WorkingScale,
    model_image: ImageId,
    active: Option<LabelId>,
    prompts_given: u64,
    view: String,
    writes: i64,
    case_state: String,
    /// A number in it is none that may be counted on from.
    odd: bool,
}

impl Head {
    /// How it was looked at, and how far the work is.
    fn said(&self, damage: &mut Damages) -> (serde_json::Value, CaseState) {
        let view = serde_json::from_str(&self.view).unwrap_or_else(|e| {
            damage.say(format!("how it was looked at can't be read: {e}"));
            serde_json::Value::Null
        });
        let case_state = CaseState::from_word(&self.case_state).unwrap_or_else(|| {
            damage.say(format!("the state of the work is “{}”", self.case_state));
            CaseState::default()
        });
        (view, case_state)
    }
}

impl Default for Head {
    fn default() -> Self {
        Self {
            program: String::new(),
            created_ms: 0,
            written_ms: 0,
            time_point: 0,
            working_scale: WorkingScale::ONE,
            model_image: ImageId::Scan,
            active: None,
            prompts_given: 0,
            view: "null".to_owned(),
            writes: 0,
            case_state: CaseState::default().word().to_owned(),
            odd: false,
        }
    }
}

fn read_head(connection: &Connection) -> rusqlite::Result<Head> {
    let sql = "SELECT program, created, written, time_point, working_scale, model_image, active, prompts_given, view,
                   writes, case_state FROM session";
    connection.query_row(sql, [], |row| {
        let count = |column: usize| -> rusqlite::Result<Option<u64>> {
            let value = u64::try_from(row.get::<_, i64>(column)?).ok();
            Ok(value.filter(|n| *n <= LARGEST_ID))
        };
        let (prompts_given, writes) = (count(7)?, count(9)?);
        let active: Option<i64> = row.get(6)?;
        Ok(Head {
            program: row.get(0)?,
            created_ms: row.get(1)?,
            written_ms: row.get(2)?,
            time_point: usize::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
            working_scale: WorkingScale::new(real_at(row, 4)?).unwrap_or_default(),
            model_image: image_from(row.get(5)?).unwrap_or_default(),
            active: active.and_then(|id| u16::try_from(id).ok()).map(LabelId),
            odd: prompts_given.is_none() || writes.is_none(),
            prompts_given: prompts_given.unwrap_or(0),
            view: row.get(8)?,
            writes: writes.unwrap_or(0) as i64,
            case_state: row.get(10)?,
        })
    })
}

struct ObjectReader<'c> {
    connection: &'c Connection,
    dims: [usize; 3],
    /// Masks by their row: each is read once, and those that objects share they share again.
    read: HashMap<i64, Result<Arc<Region>, String>>,
    masks: Masks,
}

impl ObjectReader<'_> {
    fn objects(&mut self, damage: &mut Damages) -> Vec<Object> {
        let mut found = Vec::new();
        for id in self.ids(damage) {
            match self.object(id, damage) {
                Ok(object) => found.push(object),
                Err(why) => damage.say(format!("object {id} can't be read: {why}")),
            }
        }
        found.sort_by_key(|read| (read.place, read.object.id));
        let is_other = |read: &ReadObject| {
            read.crc32.is_some_and(|expected| expected != i64::from(check_sum(&read.object)))
        };
        let others: Vec<bool> = found.par_iter().map(is_other).collect();
        for (read, _) in found.iter().zip(others).filter(|(_, is_other)| *is_other) {
            let called = format!("object {} “{}”", read.object.id.0, read.object.name);
            damage.say(format!(
                "{called} is not what was written (its check sum is another): look at it"
            ));
        }
        found.into_iter().map(|read| read.object).collect()
    }

    /// From both ends, so that what lies behind a damaged page is found too.
    fn ids(&self, damage: &mut Damages) -> BTreeSet<i64> {
        let mut ids = BTreeSet::new();
        let mut walk = |order: &str| -> rusqlite::Result<()> {
            let sql = format!("SELECT id FROM object ORDER BY id {order}");
            let mut statement = self.connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                ids.insert(row.get(0)?);
            }
            Ok(())
        };
        if let Err(why) = walk("ASC") {
            let _ = walk("DESC");
            damage.say(format!("not all objects can be read: {why}"));
        }
        ids
    }

    fn object(&mut self, id: i64, damage: &mut Damages) -> Result<ReadObject, String> {
        let label = u16::try_from(id).ok().filter(|&id| id > 0);
        let label = LabelId(label.ok_or("numbers of objects go from 1 to 65535")?);
        let layers = LAYERS.join(", ");
        let sql = format!(
            "SELECT {OBJECT_COLUMNS}, {layers}, start, crc32, place FROM object WHERE id = ?"
        );
        let connection = self.connection;
        let mut statement = connection.prepare_cached(&sql).map_err(said)?;
        let read = |row: &Row<'_>| {
            let mut rows = [None; LAYERS.len()];
            for (column, row_of_mask) in LAYERS.into_iter().zip(&mut rows) {
                *row_of_mask = row.get::<_, Option<i64>>(column)?;
            }
            let start: Option<i64> = row.get("start")?;
            let crc32: Option<i64> = row.get("crc32")?;
            let place: i64 = row.get("place")?;
            // With its mask it is worth to be kept, whatever is wrong with the rest.
            let name = row.get("name").unwrap_or_else(|_| format!("object {id}"));
            let masks_only = Object::new(label, name, palette_colour(label));
            let object = object_from(label, row, 0).map_err(|why| (masks_only, why));
            Ok((object, rows, start, crc32, place))
        };
        let (object, rows, start, crc32, place) = statement.query_row([id], read).map_err(said)?;
        let (mut object, mut odd) = match object {
            Ok(object) => (object, None),
            Err((object, why)) => (object, Some(why)),
        };
        let called = format!("object {id} “{}”", object.name);
        let [model, added, removed, region, covered] = rows;
        let layers = [model, added, removed, region];
        let mut whole = self.give_layers(&mut object, layers, &called, damage)?;
        match self.mask(covered) {
            Ok(covered) => object.covered = covered,
            Err(why) => {
                damage.say(format!("what of {called} lies under other objects is lost: {why}"));
                whole = false;
            }
        }
        odd = odd.or_else(|| self.give_lists(id, &mut object, start).err());
        if let Some(why) = odd {
            // The next click would be answered as if something had not been there.
            damage.say(format!(
                "{called} is kept as drawn by hand, without its clicks: {why}; its mask is whole"
            ));
            return Ok(ReadObject { place, object: object.as_drawn(), crc32: None });
        }
        Ok(ReadObject { place, object, crc32: crc32.filter(|_| whole) })
    }

    /// Gives an object its clicks, what is known of the answer to them, and the mask that they correct.
    fn give_lists(
        &mut self,
        id: i64,
        object: &mut Object,
        start: Option<i64>,
    ) -> Result<(), String> {
        let connection = self.connection;
        let Object { log, answer, .. } = object;
        log.prompts = PROMPTS.read(connection, id).map_err(said)?;
        log.extensions = EXTENSIONS.read(connection, id).map_err(said)?;
        answer.prompts = ANSWERED.read(connection, id).map_err(said)?;
        answer.extensions = ANSWERED_EXTENSIONS.read(connection, id).map_err(said)?;
        answer.footprint = FOOTPRINT.read(connection, id).map_err(said)?;
        answer.tried = TRIED.read(connection, id).map_err(said)?;
        log.shapes = SHAPES.read(connection, id).map_err(said)?.into_iter().collect();
        let start = start.map(|row| self.mask(Some(row))).transpose();
        log.start = start.map_err(|why| format!("the mask that its clicks correct: {why}"))?;
        Ok(())
    }

    /// Gives an object its masks: whether all are there. Its mask is enough to go on with, and its layers are enough to
    /// make its mask.
    fn give_layers(
        &mut self,
        object: &mut Object,
        rows: [Option<i64>; 4],
        called: &str,
        damage: &mut Damages,
    ) -> Result<bool, String> {
        let [model, added, removed, region] = rows.map(|row| self.mask(row));
        match (model, added, removed, region) {
            (Ok(model), Ok(added), Ok(removed), Ok(region)) => {
                (object.model, object.added) = (model, added);
                (object.removed, object.region) = (removed, region);
                Ok(true)
            }
            (Ok(model), Ok(added), Ok(removed), Err(why)) => {
                let row = self.dims[0];
                let mut region = model.union(&added, row);
                region.subtract(&removed, row);
                (object.model, object.added, object.removed) = (model, added, removed);
                object.region = Arc::new(region);
                damage.say(format!("the mask of {called} was made anew from its parts: {why}"));
                Ok(false)
            }
            (model, added, removed, Ok(region)) => {
                (object.added, object.region) = (Arc::clone(&region), region);
                let why =
                    [model, added, removed].into_iter().find_map(Result::err).unwrap_or_default();
                damage.say(format!(
                    "of {called} it is not known any more what the model and what the hand made: {why}; its mask is whole"
                ));
                Ok(false)
            }
            (model, added, removed, Err(why)) => {
                let others = [model, added, removed].into_iter().filter_map(Result::err);
                let why = std::iter::once(why).chain(others).collect::<BTreeSet<_>>();
                Err(why.into_iter().collect::<Vec<_>>().join("; "))
            }
        }
    }

    fn mask(&mut self, row: Option<i64>) -> Result<Arc<Region>, String> {
        let Some(row) = row else { return Ok(Arc::default()) };
        let (connection, dims) = (self.connection, self.dims);
        let read = self.read.entry(row);
        let read = read.or_insert_with(|| read_mask(connection, row, dims).map(Arc::new));
        if let Ok(mask) = read {
            self.masks.insert(row, mask);
        }
        read.clone()
    }
}

/// An object that was read.
struct ReadObject {
    place: i64,
    object: Object,
    /// The check sum that it was written with, if it is to have that.
    crc32: Option<i64>,
}

/// A mask as it stands in the file.
struct PackedMask {
    id: i64,
    voxels: i64,
    runs: Vec<u8>,
}

/// So many packed bytes are unpacked at a time.
const BATCH: usize = 64 << 20;

/// The masks of all objects, by all cores. What can't be read this way is read once more, one by one, when an object is
/// found to have it.
fn unpacked(
    connection: &Connection,
    dims: [usize; 3],
) -> HashMap<i64, Result<Arc<Region>, String>> {
    let mut found = HashMap::new();
    let mut unpack = |batch: Vec<PackedMask>| {
        found.par_extend(
            batch.into_par_iter().map(|packed| (packed.id, packed.unpacked(dims).map(Arc::new))),
        );
    };
    let (mut batch, mut bytes) = (Vec::new(), 0);
    let _damaged_here = for_each_mask(connection, |packed| {
        bytes += packed.runs.len();
        batch.push(packed);
        if bytes > BATCH {
            unpack(std::mem::take(&mut batch));
            bytes = 0;
        }
    });
    unpack(batch);
    found
}

fn for_each_mask(
    connection: &Connection,
    mut each: impl FnMut(PackedMask),
) -> rusqlite::Result<()> {
    let named: Vec<String> = LAYERS
        .into_iter()
        .chain(["start"])
        .map(|column| format!("SELECT {column} FROM object"))
        .collect();
    let sql = format!("SELECT id, voxels, runs FROM mask WHERE id IN ({})", named.join(" UNION "));
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        // Values of other types are told when they are read one by one.
        if let (Ok(id), Ok(voxels), Ok(runs)) = (row.get(0), row.get(1), row.get(2)) {
            each(PackedMask { id, voxels, runs });
        }
    }
    Ok(())
}

impl PackedMask {
    fn unpacked(&self, dims: [usize; 3]) -> Result<Region, String> {
        let Self { id, voxels, runs } = self;
        let region = region_code::decode(runs, dims).map_err(|e| format!("mask {id}: {e}"))?;
        if region.count() as i64 == *voxels {
            Ok(region)
        } else {
            Err(format!("mask {id} has other voxels than were written"))
        }
    }
}

fn read_mask(connection: &Connection, id: i64, dims: [usize; 3]) -> Result<Region, String> {
    let mut statement =
        connection.prepare_cached("SELECT voxels, runs FROM mask WHERE id = ?").map_err(said)?;
    let read = |row: &Row<'_>| Ok(PackedMask { id, voxels: row.get(0)?, runs: row.get(1)? });
    let missing = |e| match e {
        rusqlite::Error::QueryReturnedNoRows => format!("mask {id} is missing"),
        e => format!("mask {id}: {e}"),
    };
    statement.query_row([id], read).map_err(missing)?.unpacked(dims)
}

// As `map_err` gives it.
#[allow(clippy::needless_pass_by_value)]
fn said(error: rusqlite::Error) -> String {
    error.to_string()
}
