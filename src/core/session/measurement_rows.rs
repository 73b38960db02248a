//! What was measured, as rows.

use rusqlite::{Connection, params};

use super::rows::{LARGEST_ID, real, real_at};
use crate::geom::DVec3;
use crate::measure::{Measurement, MeasurementId, MeasurementKind, MeasurementShape};

/// Writes all anew: there are few.
pub fn write_measurements(connection: &Connection, all: &[Measurement]) -> rusqlite::Result<()> {
    connection.execute_batch("DELETE FROM measurement_place; DELETE FROM measurement;")?;
    let mut put = connection
        .prepare_cached("INSERT INTO measurement (id, place, kind, name) VALUES (?, ?, ?, ?)")?;
    let mut put_place = connection.prepare_cached(
        "INSERT INTO measurement_place (measurement, place, x, y, z) VALUES (?, ?, ?, ?, ?)",
    )?;
    for (n, Measurement { id, name, shape }) in all.iter().enumerate() {
        put.execute(params![id.0 as i64, n as i64, shape.kind().word(), name])?;
        for (n, place) in shape.places().iter().enumerate() {
            let [x, y, z] = place.to_array().map(real);
            put_place.execute(params![id.0 as i64, n as i64, x, y, z])?;
        }
    }
    Ok(())
}

/// All that make sense, and what is wrong with the others.
pub fn read_measurements(
    connection: &Connection,
) -> rusqlite::Result<(Vec<Measurement>, Vec<String>)> {
    let mut places = connection
        .prepare("SELECT x, y, z FROM measurement_place WHERE measurement = ? ORDER BY place")?;
    let mut all =
        connection.prepare("SELECT id, kind, name FROM measurement ORDER BY place, id")?;
    let mut rows = all.query([])?;
    let (mut found, mut odd) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let (id, kind, name): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let of = places.query_map([id], |row| {
            Ok(DVec3::new(real_at(row, 0)?, real_at(row, 1)?, real_at(row, 2)?))
        })?;
        let of: Vec<DVec3> = of.collect::<rusqlite::Result<_>>()?;
        let number = u64::try_from(id).ok().filter(|id| *id <= LARGEST_ID);
        let shape =
            MeasurementKind::from_word(&kind).and_then(|kind| MeasurementShape::of(kind, &of));
        match number.zip(shape) {
            Some((id, shape)) => found.push(Measurement { id: MeasurementId(id), name, shape }),
            None => odd.push(format!(
                "measurement {id} “{name}” can't be read: {}",
                match (number, MeasurementKind::from_word(&kind)) {
                    (None, _) => "its number is none".to_owned(),
                    (_, None) => format!("its kind is “{kind}”"),
                    _ => format!("its {} places make no {kind}", of.len()),
                }
            )),
        }
    }
    Ok((found, odd))
}
