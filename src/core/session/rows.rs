//! Document things as rows of tables, and back: the same columns for writing, reading and the check sum.

use std::sync::Arc;

use rusqlite::types::{Type, Value, ValueRef};
use rusqlite::{Connection, Row, params};

use crate::document::{LabelId, Object, ObjectState};
use crate::geom::{DAffine3, DMat3, DVec3};
use crate::prompt::{
    Extension, Footprint, ImageId, KeptParts, MaskRule, Prompt, PromptId, PromptShape, ShapeKind,
    WorkingScale,
};
use crate::volume::Region;

/// A list that each object has, in a table with a row for each of its items.
pub struct List<T: 'static> {
    pub table: &'static str,
    /// Besides `object` and `place`.
    columns: &'static [&'static str],
    values: fn(&T) -> Vec<Value>,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
}

/// The clicks of an object.
pub const PROMPTS: List<Prompt> = List {
    table: "prompt",
    columns: &["id", "positive", "x", "y", "z"],
    values: prompt_values,
    read: |row| prompt_at(row, 0),
};

/// The clicks that the model has answered.
pub const ANSWERED: List<Prompt> = List { table: "answered", ..PROMPTS };

/// Where else the model looked.
pub const EXTENSIONS: List<Extension> = List {
    table: "extension",
    columns: &["clicks", "x", "y", "z", "seed_x", "seed_y", "seed_z"],
    values: |e| {
        let mut values = vec![Value::Integer(e.clicks as i64)];
        values.extend(e.centre.to_array().into_iter().chain(e.seed.to_array()).map(real));
        values
    },
    read: |row| {
        let clicks = row.get::<_, i64>(0)? as usize;
        Ok(Extension { centre: point_at(row, 1)?, seed: point_at(row, 4)?, clicks })
    },
};

/// Where else it had looked when it gave its answer.
pub const ANSWERED_EXTENSIONS: List<Extension> = List { table: "answered_extension", ..EXTENSIONS };

/// The boxes that the model looked at.
pub const FOOTPRINT: List<Footprint> = List {
    table: "footprint",
    columns: &[
        "id", "positive", "x", "y", "z", "m00", "m01", "m02", "m03", "m10", "m11", "m12", "m13",
        "m20", "m21", "m22", "m23",
    ],
    values: |f| {
        let mut values = prompt_values(&f.opener);
        values.extend(rows_of(&f.world_from_box).map(real));
        values
    },
    read: |row| {
        let mut rows = [0.0; 12];
        for (n, value) in rows.iter_mut().enumerate() {
            *value = real_at(row, 5 + n)?;
        }
        Ok(Footprint { opener: prompt_at(row, 0)?, world_from_box: from_rows(rows) })
    },
};

/// Where the model looked in vain.
pub const TRIED: List<DVec3> = List {
    table: "tried",
    columns: &["x", "y", "z"],
    values: |at| at.to_array().map(real).to_vec(),
    read: |row| point_at(row, 0),
};

/// What prompts are that are more than points, with their numbers.
pub const SHAPES: List<(PromptId, Arc<PromptShape>)> = List {
    table: "prompt_shape",
    columns: &["prompt", "kind", "axis", "radius", "places"],
    values: |(id, shape)| {
        let places = shape.places().iter().flatten().flat_map(|c| c.to_le_bytes());
        vec![
            Value::Integer(id.0 as i64),
            Value::Text(shape.kind().word().to_owned()),
            Value::Integer(shape.axis() as i64),
            Value::Real(shape.radius()),
            Value::Blob(places.collect()),
        ]
    },
    read: |row| shape_at(row),
};

/// The tables of all lists.
pub const LISTS: [&str; 7] =
    ["prompt", "answered", "extension", "answered_extension", "footprint", "tried", "prompt_shape"];

impl<T: PartialEq> List<T> {
    /// Writes what has changed of it: from the first item on that is another one.
    pub fn write(
        &self,
        connection: &Connection,
        object: LabelId,
        old: &[T],
        new: &[T],
    ) -> rusqlite::Result<()> {
        let same = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let table = self.table;
        if same < old.len() {
            let sql = format!("DELETE FROM {table} WHERE object = ? AND place >= ?");
            connection.prepare_cached(&sql)?.execute(params![object.0, same as i64])?;
        }
        if same < new.len() {
            let marks = ", ?".repeat(self.columns.len());
            let columns = self.columns.join(", ");
            let sql =
                format!("INSERT INTO {table} (object, place, {columns}) VALUES (?, ?{marks})");
            let mut insert = connection.prepare_cached(&sql)?;
            for (place, item) in new.iter().enumerate().skip(same) {
                let mut values =
                    vec![Value::Integer(object.0.into()), Value::Integer(place as i64)];
                values.extend((self.values)(item));
                insert.execute(rusqlite::params_from_iter(values))?;
            }
        }
        Ok(())
    }

    /// All of an object's.
    pub fn read(&self, connection: &Connection, object: i64) -> rusqlite::Result<Vec<T>> {
        let (table, columns) = (self.table, self.columns.join(", "));
        let sql = format!("SELECT {columns} FROM {table} WHERE object = ? ORDER BY place");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map([object], |row| (self.read)(row))?;
        rows.collect()
    }

    fn feed(&self, sum: &mut CheckSum, items: &[T]) {
        sum.value(&Value::Integer(items.len() as i64));
        for item in items {
            sum.values(&(self.values)(item));
        }
    }
}

/// Columns of `object` that are no masks, after `id` and `place`.
pub const OBJECT_COLUMNS: &str = "name, red, green, blue, visible, opacity, locked, state, from_file, image, time_point, \
     threshold, scale, rule, parts, answer_model, score, touches, cut, answer_parts";

/// What stands in [`OBJECT_COLUMNS`].
pub fn object_values(object: &Object) -> Vec<Value> {
    let Object { name, colour, visible, opacity, log, answer, locked, state, from_file, .. } =
        object;
    let flag = |on: bool| Value::Integer(on.into());
    let text = |text: &str| Value::Text(text.to_owned());
    let [red, green, blue] = colour.map(|c| Value::Integer(c.into()));
    vec![
        text(name),
        red,
        green,
        blue,
        flag(*visible),
        real(f64::from(*opacity)),
        flag(*locked),
        text(match state {
            ObjectState::Open => "open",
            ObjectState::Flagged => "flagged",
            ObjectState::Done => "done",
        }),
        flag(*from_file),
        image_value(log.image),
        Value::Integer(log.time_point as i64),
        real(f64::from(log.threshold)),
        real(log.scale.get()),
        text(match log.rule {
            MaskRule::Steady => "steady",
            MaskRule::Authors => "authors",
        }),
        text(parts_word(log.parts)),
        answer.model.as_deref().map_or(Value::Null, text),
        answer.score.map_or(Value::Null, |score| real(f64::from(score))),
        flag(answer.touches),
        flag(answer.cut),
        text(parts_word(answer.parts)),
    ]
}

fn parts_word(parts: KeptParts) -> &'static str {
    match parts {
        KeptParts::All => "all",
        KeptParts::Clicked => "clicked",
    }
}

fn parts_from(word: &str) -> Result<KeptParts, String> {
    match word {
        "all" => Ok(KeptParts::All),
        "clicked" => Ok(KeptParts::Clicked),
        odd => Err(format!("its parts are “{odd}”")),
    }
}

/// An object with what stands in [`OBJECT_COLUMNS`], from column `first` on; why not, if a value makes no sense.
pub fn object_from(id: LabelId, row: &Row<'_>, first: usize) -> Result<Object, String> {
    let get = |e: rusqlite::Error| e.to_string();
    let at = |n: usize| first + n;
    let flag = |n: usize| match row.get::<_, i64>(at(n)).map_err(get)? {
        0 => Ok(false),
        1 => Ok(true),
        odd => Err(format!("{odd} stands where 0 or 1 is to stand")),
    };
    let word = |n: usize| row.get::<_, String>(at(n)).map_err(get);
    let colour = |n: usize| {
        let value: i64 = row.get(at(n)).map_err(get)?;
        u8::try_from(value).map_err(|_| format!("its colour has the value {value}"))
    };
    let mut object = Object::new(id, word(0)?, [colour(1)?, colour(2)?, colour(3)?]);
    object.visible = flag(4)?;
    object.opacity = real_at(row, at(5)).map_err(get)? as f32;
    object.locked = flag(6)?;
    object.state = match word(7)?.as_str() {
        "open" => ObjectState::Open,
        "flagged" => ObjectState::Flagged,
        "done" => ObjectState::Done,
        odd => return Err(format!("its state is “{odd}”")),
    };
    object.from_file = flag(8)?;
    let log = &mut object.log;
    log.image = image_from(row.get(at(9)).map_err(get)?)?;
    let time_point: i64 = row.get(at(10)).map_err(get)?;
    log.time_point =
        usize::try_from(time_point).map_err(|_| format!("its time point is {time_point}"))?;
    log.threshold = real_at(row, at(11)).map_err(get)? as f32;
    let scale = real_at(row, at(12)).map_err(get)?;
    log.scale = WorkingScale::new(scale).ok_or_else(|| format!("its working scale is {scale}"))?;
    log.rule = match word(13)?.as_str() {
        "steady" => MaskRule::Steady,
        "authors" => MaskRule::Authors,
        odd => return Err(format!("its rule is “{odd}”")),
    };
    log.parts = parts_from(&word(14)?)?;
    object.answer.model = row.get(at(15)).map_err(get)?;
    object.answer.score = row.get::<_, Option<f64>>(at(16)).map_err(get)?.map(|score| score as f32);
    object.answer.touches = flag(17)?;
    object.answer.cut = flag(18)?;
    object.answer.parts = parts_from(&word(19)?)?;
    Ok(object)
}

/// The masks of an object by the columns that name them.
pub const LAYERS: [&str; 5] = ["model", "added", "removed", "region", "covered"];

/// In the order of [`LAYERS`].
pub fn layers(object: &Object) -> [&Arc<Region>; 5] {
    [&object.model, &object.added, &object.removed, &object.region, &object.covered]
}

/// Of all that an object is, but for its place among the others.
pub fn check_sum(object: &Object) -> u32 {
    let mut sum = CheckSum::default();
    sum.value(&Value::Integer(object.id.0.into()));
    sum.values(&object_values(object));
    PROMPTS.feed(&mut sum, &object.log.prompts);
    ANSWERED.feed(&mut sum, &object.answer.prompts);
    EXTENSIONS.feed(&mut sum, &object.log.extensions);
    ANSWERED_EXTENSIONS.feed(&mut sum, &object.answer.extensions);
    FOOTPRINT.feed(&mut sum, &object.answer.footprint);
    TRIED.feed(&mut sum, &object.answer.tried);
    let shapes = shapes_of(object);
    let [model, added, removed, region, covered] = layers(object);
    for layer in [model, added, removed, region].into_iter().chain(&object.log.start) {
        sum.region(layer);
    }
    // Files of older versions have none.
    if !covered.is_empty() {
        sum.value(&Value::Text("covered".to_owned()));
        sum.region(covered);
    }
    if !shapes.is_empty() {
        sum.value(&Value::Text(SHAPES.table.to_owned()));
        SHAPES.feed(&mut sum, &shapes);
    }
    sum.finish()
}

/// In the order of their numbers.
pub fn shapes_of(object: &Object) -> Vec<(PromptId, Arc<PromptShape>)> {
    object.log.shapes.iter().map(|(id, shape)| (*id, Arc::clone(shape))).collect()
}

/// A CRC-32 of values.
#[derive(Default)]
pub struct CheckSum(crc32fast::Hasher);

impl CheckSum {
    pub fn values(&mut self, values: &[Value]) {
        for value in values {
            self.value(value);
        }
    }

    pub fn value(&mut self, value: &Value) {
        self.value_ref(value.into());
    }

    pub fn value_ref(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => self.0.update(b"-"),
            ValueRef::Integer(n) => self.tagged(b"i", &n.to_le_bytes()),
            ValueRef::Real(n) => self.tagged(b"r", &n.to_bits().to_le_bytes()),
            ValueRef::Text(text) => self.bytes(b"t", text),
            ValueRef::Blob(bytes) => self.bytes(b"b", bytes),
        }
    }

    pub fn region(&mut self, region: &Region) {
        self.value(&Value::Integer(region.runs().len() as i64));
        // Many at a time: the sum of a few bytes takes about as long.
        let mut bytes = Vec::new();
        for runs in region.runs().chunks(1 << 10) {
            bytes.clear();
            for run in runs {
                bytes.extend_from_slice(&(run.start as u64).to_le_bytes());
                bytes.extend_from_slice(&run.len.to_le_bytes());
            }
            self.0.update(&bytes);
        }
    }

    fn tagged(&mut self, tag: &[u8], bytes: &[u8]) {
        self.0.update(tag);
        self.0.update(bytes);
    }

    fn bytes(&mut self, tag: &[u8], bytes: &[u8]) {
        self.tagged(tag, &(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    pub fn finish(self) -> u32 {
        self.0.finalize()
    }
}

/// SQLite has no NaN (it is NULL) and no negative zero.
pub fn real(value: f64) -> Value {
    if value.is_nan() { Value::Null } else { Value::Real(value + 0.0) }
}

/// The number in a column; NaN where it is NULL.
pub fn real_at(row: &Row<'_>, column: usize) -> rusqlite::Result<f64> {
    Ok(row.get::<_, Option<f64>>(column)?.unwrap_or(f64::NAN))
}

fn point_at(row: &Row<'_>, first: usize) -> rusqlite::Result<DVec3> {
    Ok(DVec3::new(real_at(row, first)?, real_at(row, first + 1)?, real_at(row, first + 2)?))
}

/// The largest [`PromptId`] that is believed: so many more may be given.
pub const LARGEST_ID: u64 = 1 << 62;

fn prompt_values(prompt: &Prompt) -> Vec<Value> {
    let mut values =
        vec![Value::Integer(prompt.id.0 as i64), Value::Integer(prompt.positive.into())];
    values.extend(prompt.world.to_array().map(real));
    values
}

fn prompt_at(row: &Row<'_>, first: usize) -> rusqlite::Result<Prompt> {
    let id: i64 = row.get(first)?;
    let known = u64::try_from(id).ok().filter(|id| *id <= LARGEST_ID);
    let id = PromptId(known.ok_or(rusqlite::Error::IntegralValueOutOfRange(first, id))?);
    let positive = row.get::<_, i64>(first + 1)? != 0;
    Ok(Prompt { id, world: point_at(row, first + 2)?, positive })
}

fn shape_at(row: &Row<'_>) -> rusqlite::Result<(PromptId, Arc<PromptShape>)> {
    let id: i64 = row.get(0)?;
    let known = u64::try_from(id).ok().filter(|id| *id <= LARGEST_ID);
    let id = PromptId(known.ok_or(rusqlite::Error::IntegralValueOutOfRange(0, id))?);
    let odd = |column: usize, what: &str| {
        let kind = row.get_ref(column).map_or(Type::Null, |value| value.data_type());
        rusqlite::Error::FromSqlConversionFailure(column, kind, what.into())
    };
    let kind = ShapeKind::from_word(row.get_ref(1)?.as_str()?);
    let kind = kind.ok_or_else(|| odd(1, "no kind of prompt"))?;
    let axis = usize::try_from(row.get::<_, i64>(2)?).unwrap_or(usize::MAX);
    let (numbers, rest) = row.get_ref(4)?.as_blob()?.as_chunks::<8>();
    let (places, single) = numbers.as_chunks::<2>();
    if !rest.is_empty() || !single.is_empty() {
        return Err(odd(4, "not whole"));
    }
    let places = places.iter().map(|place| place.map(f64::from_le_bytes)).collect();
    let shape = PromptShape::new(kind, axis, places, real_at(row, 3)?);
    shape.map(|shape| (id, Arc::new(shape))).map_err(|why| odd(4, &why.to_string()))
}

/// NULL is the scan.
pub fn image_value(image: ImageId) -> Value {
    match image {
        ImageId::Scan => Value::Null,
        ImageId::Overlay(n) => Value::Integer(n.into()),
    }
}

/// See [`image_value`].
pub fn image_from(value: Option<i64>) -> Result<ImageId, String> {
    match value {
        None => Ok(ImageId::Scan),
        Some(n) => {
            u32::try_from(n).map(ImageId::Overlay).map_err(|_| format!("there is no image {n}"))
        }
    }
}

/// The three rows of a transform, one after another.
pub fn rows_of(m: &DAffine3) -> [f64; 12] {
    let t = m.translation.to_array();
    std::array::from_fn(|n| if n % 4 == 3 { t[n / 4] } else { m.matrix3.col(n % 4)[n / 4] })
}

/// See [`rows_of`].
pub fn from_rows(rows: [f64; 12]) -> DAffine3 {
    let column = |c: usize| DVec3::new(rows[c], rows[4 + c], rows[8 + c]);
    let matrix3 = DMat3::from_cols(column(0), column(1), column(2));
    DAffine3 { matrix3, translation: column(3) }
}
