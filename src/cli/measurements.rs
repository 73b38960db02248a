//! What was measured with lines in a session: as a table, as JSON, in a line.

use std::io::Read as _;
use std::path::Path;

use super::session_scan::scan_of;
use super::{causes, files, say};
use crate::measure::{
    DRAWN_CSV_HEAD, DrawnMeasure, DrawnMeasures, MeasurementKind, drawn_measures_csv,
};
use crate::session::Contents;
use crate::volume::{ValueUnit, Volume};

/// How the names of their files end.
pub const ENDINGS: [&str; 2] = [".csv", ".json"];
/// What JSON of them begins with.
const JSON_BEGINS: &str = "{\n  \"scan\": ";

/// What was measured in a session, rectangles with their values if the scan can be had; else it is told that it can't.
/// `reference`: where the scan is, if that is said.
///
/// # Errors
/// If the scan that is said can't be read, or is another one.
pub fn measured(
    session: &Path,
    contents: &Contents,
    reference: Option<&Path>,
) -> anyhow::Result<DrawnMeasures> {
    let (source, drawn) = (&contents.snapshot.around.source, &contents.snapshot.measurements);
    let has_values = drawn.iter().any(|m| m.shape.kind() == MeasurementKind::Rectangle);
    let scan = match has_values.then(|| placed(session, contents, reference)) {
        Some(Err(why)) if reference.is_none() => {
            say(&format!("warning: rectangles have no values: {}", causes(&why)));
            None
        }
        Some(found) => {
            let found = found?;
            if found.is_none() {
                say(&format!(
                    "warning: rectangles have no values: the scan is not there or is another file now: {}",
                    source.file.absolute.display()
                ));
            }
            found
        }
        None => None,
    };
    let of = |scan: &Volume| ValueUnit::of(scan.suv_kind(), Some(&scan.stats()));
    let unit = scan.as_ref().and_then(of);
    let measurements = drawn.iter().map(|m| DrawnMeasure::of(m, scan.as_ref(), unit)).collect();
    let unit = unit.map(ValueUnit::name);
    Ok(DrawnMeasures { scan: source.file.absolute.display().to_string(), unit, measurements })
}

/// The scan at the time point that was looked at; `None` if it is not to be had.
fn placed(
    session: &Path,
    contents: &Contents,
    reference: Option<&Path>,
) -> anyhow::Result<Option<Volume>> {
    let Some(scan) = scan_of(session, contents, reference)? else { return Ok(None) };
    let scan = files::at_time_point(&scan, contents.snapshot.time_point + 1)?;
    let (grid, own) = (scan.grid(), &contents.snapshot.around.source.grid);
    let corner = own.world_of(own.dims().map(|n| n - 1));
    let near = |a: crate::geom::DVec3, b: crate::geom::DVec3| {
        a.distance(b) < 0.05 * own.spacing().min_element()
    };
    let same = grid.dims() == own.dims()
        && near(grid.world_of([0; 3]), own.world_of([0; 3]))
        && near(grid.world_of(grid.dims().map(|n| n - 1)), corner);
    if !same {
        anyhow::bail!("its voxels lie elsewhere than those of the session's scan: {}", scan.name());
    }
    Ok(Some(scan))
}

/// The text of a file with this name.
pub fn text(found: &DrawnMeasures, path: &Path) -> anyhow::Result<String> {
    let is_json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    if is_json {
        return Ok(serde_json::to_string_pretty(found)? + "\n");
    }
    Ok(drawn_measures_csv(&found.measurements))
}

/// Whether there is something in a file that [`text`] did not write.
pub fn is_foreign(path: &Path) -> bool {
    let Ok(file) = std::fs::File::open(path) else { return path.exists() };
    let mut beginning = Vec::new();
    let read = file.take(DRAWN_CSV_HEAD.len() as u64).read_to_end(&mut beginning);
    // As written before they had a unit.
    let without_unit = DRAWN_CSV_HEAD.trim_end().trim_end_matches(",unit");
    let ours = beginning.is_empty()
        || beginning == DRAWN_CSV_HEAD.as_bytes()
        || beginning.starts_with(format!("{without_unit}\n").as_bytes())
        || beginning.starts_with(JSON_BEGINS.as_bytes());
    read.is_err() || !ours
}

/// For people: its size, without the scan's values in it.
pub fn line(measure: &DrawnMeasure) -> String {
    let DrawnMeasure { name, kind, length_mm, width_mm, angle_degrees, .. } = measure;
    let size = match (length_mm, width_mm, angle_degrees) {
        (Some(length), Some(width), _) => format!("{length:.2} × {width:.2} mm"),
        (Some(length), None, _) => format!("{length:.2} mm"),
        (_, _, Some(degrees)) => format!("{degrees:.1}°"),
        _ => "of no size".to_owned(),
    };
    if name.is_empty() { format!("{kind}, {size}") } else { format!("{name}: {kind}, {size}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_ours_and_else_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let none = DrawnMeasures { scan: "a.nii".to_owned(), unit: None, measurements: vec![] };
        for name in ["m.csv", "m.json", "m.JSON"] {
            assert!(!is_foreign(&at(name)), "{name}");
            std::fs::write(at(name), text(&none, &at(name)).unwrap()).unwrap();
            assert!(!is_foreign(&at(name)), "{name}");
            std::fs::write(at(name), "number,name\n").unwrap();
            assert!(is_foreign(&at(name)), "{name}");
        }
        // Of a version that did not say the unit, with a line and without.
        let before = "number,name,kind,length_mm,width_mm,angle_degrees,area_mm2,voxels,mean,sd,min,max,places_ras_mm\n";
        for rest in ["", "1,,length,10,,,,,,,,,0 0 8; -6 -8 8\n"] {
            std::fs::write(at("m.csv"), format!("{before}{rest}")).unwrap();
            assert!(!is_foreign(&at("m.csv")), "{rest}");
        }
    }
}
