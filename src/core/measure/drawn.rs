//! Measures that were drawn, as they are written to JSON and CSV; keys are stable. What they mean: `docs/measures.md`.

use serde::Serialize;

use super::{Measurement, RectangleValues};
use crate::text::{csv_field, csv_number};
use crate::volume::{ValueUnit, Volume};

/// A measure. What its kind does not have is `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DrawnMeasure {
    /// What the user calls it; empty until then.
    pub name: String,
    /// Length, angle or rectangle.
    pub kind: &'static str,
    /// Of the line, or of one side of the rectangle.
    pub length_mm: Option<f64>,
    /// Of the other side.
    pub width_mm: Option<f64>,
    /// Between the legs.
    pub angle_degrees: Option<f64>,
    /// Of the rectangle.
    pub area_mm2: Option<f64>,
    /// Voxels of the scan in the rectangle that have a finite value; `None` also without the scan.
    pub voxels: Option<usize>,
    /// Their mean.
    pub mean: Option<f64>,
    /// Their standard deviation (divided by their number).
    pub sd: Option<f64>,
    /// The smallest.
    pub min: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
    /// In what these are; `None` also where that is not known.
    pub unit: Option<&'static str>,
    /// Where it is; RAS.
    pub places_mm: Vec<[f64; 3]>,
}

impl DrawnMeasure {
    /// With the values of a scan, if there is one, and their unit, if it is known.
    pub fn of(
        Measurement { name, shape, .. }: &Measurement,
        scan: Option<&Volume>,
        unit: Option<ValueUnit>,
    ) -> Self {
        let mut lengths = shape.lengths_mm().into_iter();
        let values = scan.and_then(|scan| shape.values(scan));
        let of = |value: fn(&RectangleValues) -> f64| values.as_ref().map(value);
        Self {
            name: name.clone(),
            kind: shape.kind().word(),
            length_mm: lengths.next(),
            width_mm: lengths.next(),
            angle_degrees: shape.degrees(),
            area_mm2: shape.area_mm2(),
            voxels: values.as_ref().map(|v| v.count),
            mean: of(|v| v.mean),
            sd: of(|v| v.sd),
            min: of(|v| v.min),
            max: of(|v| v.max),
            unit: values.as_ref().and(unit).map(ValueUnit::name),
            // Without negative zeros.
            places_mm: shape.places().iter().map(|p| p.to_array().map(|v| v + 0.0)).collect(),
        }
    }
}

/// All measures of a scan.
#[derive(Clone, Debug, Serialize)]
pub struct DrawnMeasures {
    /// Its file.
    pub scan: String,
    /// Of its values, if it is known.
    pub unit: Option<&'static str>,
    /// In the order in which they were drawn.
    pub measurements: Vec<DrawnMeasure>,
}

/// What [`drawn_measures_csv`] begins with.
pub const DRAWN_CSV_HEAD: &str = "number,name,kind,length_mm,width_mm,angle_degrees,area_mm2,voxels,mean,sd,min,max,places_ras_mm,unit\n";

/// A table (RFC 4180, `\n` between lines): one line for each, with its places, RAS mm, and the unit of its values. What a
/// kind does not have is left empty.
pub fn drawn_measures_csv(all: &[DrawnMeasure]) -> String {
    let mut table = DRAWN_CSV_HEAD.to_owned();
    for (n, measure) in all.iter().enumerate() {
        let DrawnMeasure { name, kind, places_mm, .. } = measure;
        let mut fields = vec![(n + 1).to_string(), csv_field(name), (*kind).to_owned()];
        let numbers = [
            measure.length_mm,
            measure.width_mm,
            measure.angle_degrees,
            measure.area_mm2,
            measure.voxels.map(|n| n as f64),
            measure.mean,
            measure.sd,
            measure.min,
            measure.max,
        ];
        fields.extend(numbers.map(csv_number));
        let place = |[x, y, z]: &[f64; 3]| format!("{x} {y} {z}");
        fields.push(places_mm.iter().map(place).collect::<Vec<_>>().join("; "));
        fields.push(csv_field(measure.unit.unwrap_or_default()));
        table += &fields.join(",");
        table.push('\n');
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DVec3, Grid};
    use crate::measure::{MeasurementId, MeasurementShape};
    use crate::volume::{Scale, StoredGeometry, SuvKind, Voxels};

    #[test]
    fn the_table_has_a_line_for_each_and_leaves_empty_what_a_kind_has_not() {
        let grid = Grid::new([8, 8, 2], DAffine3::IDENTITY).unwrap();
        let voxels = Voxels::F32((0..128).map(|n| (n % 8) as f32).collect());
        let stored = StoredGeometry::of(&grid);
        let scan = Volume::new("scan", grid, vec![8, 8, 2], voxels, Scale::NONE, stored, vec![]);
        let at = |x: f64, y: f64| DVec3::new(x, y, 0.0);
        let one =
            |n, name: &str, shape| Measurement { id: MeasurementId(n), name: name.into(), shape };
        let all = [
            one(4, "long, \"A\"", MeasurementShape::Length([at(-1.0, 0.0), at(2.0, 4.0)])),
            one(2, "", MeasurementShape::Angle([at(1.0, 0.0), at(0.0, 0.0), at(0.0, 1.0)])),
            one(
                9,
                "",
                MeasurementShape::rectangle(at(1.0, 1.0), at(3.0, 2.0), [DVec3::X, DVec3::Y]),
            ),
        ];
        let unit = Some(ValueUnit::Suv(SuvKind::BodySurface));
        let with = |scan| all.iter().map(|m| DrawnMeasure::of(m, scan, unit)).collect::<Vec<_>>();
        let measured = with(Some(&scan));
        let table = drawn_measures_csv(&measured);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[1], "1,\"long, \"\"A\"\"\",length,5,,,,,,,,,-1 0 0; 2 4 0,");
        assert_eq!(lines[2], "2,,angle,,,90,,,,,,,1 0 0; 0 0 0; 0 1 0,");
        assert!(lines[3].starts_with("3,,rectangle,2,1,,2,6,2,0.816"), "{}", lines[3]);
        assert!(lines[3].ends_with(",\"SUVbsa, cm²/mL\""), "{}", lines[3]);
        assert!(lines.iter().all(|line| line.matches(',').count() >= 13));
        // Without the scan only what lines say.
        let alone = drawn_measures_csv(&with(None));
        let lines: Vec<&str> = alone.lines().collect();
        assert!(lines[3].starts_with("3,,rectangle,2,1,,2,,,,,,1 1 0; "), "{}", lines[3]);
        assert!(lines[3].ends_with(','), "no values, no unit: {}", lines[3]);
        // JSON has the same.
        let json = serde_json::to_value(&measured).unwrap();
        assert_eq!((&json[2]["voxels"], &json[2]["mean"]), (&6.into(), &2.0.into()));
        assert_eq!((&json[2]["min"], &json[2]["max"]), (&1.0.into(), &3.0.into()));
        assert_eq!((&json[2]["unit"], json[0]["unit"].is_null()), (&"SUVbsa, cm²/mL".into(), true));
        assert!(json[0]["mean"].is_null() && json[1]["length_mm"].is_null());
    }
}
