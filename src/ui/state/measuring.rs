use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use super::arrangement::Pane;
use crate::document::{Document, LabelId};
use crate::geom::DVec3;
use crate::measure::{MeasuredStructure, MeasurementId, MeasurementShape, RectangleValues};
use crate::ui::kit::format::number;
use crate::ui::kit::text::tr;

/// What is being measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measuring {
    /// A measure of which not all places are set.
    pub draft: Option<MeasureDraft>,
    /// One that is being taken elsewhere, where it is now.
    pub dragged: Option<(MeasurementId, MeasurementShape)>,
    /// The one that Delete takes out.
    pub selected: Option<MeasurementId>,
    /// One that is to be taken out. Taken by the tool.
    pub to_remove: Option<MeasurementId>,
}

/// A measure of which not all places are set.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureDraft {
    /// The slice view in which it is drawn.
    pub pane: Pane,
    /// Those that are, RAS mm.
    pub places: Vec<DVec3>,
    /// Where the next one would be while a button is held down.
    pub tip: Option<DVec3>,
}

/// What is known of the numbers of an object.
#[derive(Clone, Debug)]
pub enum ObjectMeasures {
    /// All.
    Known(Arc<MeasuredStructure>),
    /// Why they can't be, in English.
    Failed(String),
    /// They were not wanted any more.
    Cancelled,
}

/// The numbers of all objects that have a mask, as a file has them; `None` while some are being measured.
pub fn measured_objects(
    document: &Document,
    known: &HashMap<LabelId, ObjectMeasures, impl BuildHasher>,
) -> Option<Vec<MeasuredStructure>> {
    let objects = document.objects().iter().filter(|object| object.has_voxels());
    objects
        .map(|object| match known.get(&object.id) {
            Some(ObjectMeasures::Known(found)) => {
                let mut found = (**found).clone();
                // It may have got another name since.
                found.name = Some(object.name.clone());
                Some(found)
            }
            _ => None,
        })
        .collect()
}

/// A length in millimetres: tenths, of small ones hundredths.
pub fn millimetres(mm: f64) -> String {
    if mm < 10.0 { format!("{mm:.2} mm") } else { format!("{mm:.1} mm") }
}

/// What stands beside a measure, line by line. `unit`: of the scan's values, with a space before.
pub fn measure_lines(
    shape: &MeasurementShape,
    values: Option<&RectangleValues>,
    unit: &str,
) -> Vec<String> {
    match (&shape.lengths_mm()[..], shape.degrees(), shape.area_mm2()) {
        ([length], ..) => vec![millimetres(*length)],
        ([width, height], _, Some(area)) => {
            let (width, height) = (millimetres(*width), millimetres(*height));
            let sides = format!("{} × {height}", width.trim_end_matches(" mm"));
            let mut lines = vec![format!("{sides} · {} mm²", number(area))];
            if let Some(RectangleValues { mean, sd, min, max, .. }) = values {
                let [mean, sd, min, max] = [mean, sd, min, max].map(|value| number(*value));
                lines.push(format!("{} {mean} ± {sd}{unit} ({min} … {max})", tr("mean")));
            }
            lines
        }
        (_, Some(degrees), _) => vec![format!("{degrees:.1}°")],
        _ => vec!["–".to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_are_said_with_their_units() {
        let at = |x: f64, y: f64| DVec3::new(x, y, 0.0);
        let values = RectangleValues { count: 5, mean: 40.25, sd: 12.0, min: -3.0, max: 88.0 };
        let rectangle =
            MeasurementShape::rectangle(at(0.0, 0.0), at(12.0, 8.5), [DVec3::X, DVec3::Y]);
        for (shape, values, expected) in [
            (MeasurementShape::Length([at(0.0, 0.0), at(3.0, 4.0)]), None, vec!["5.00 mm"]),
            (MeasurementShape::Length([at(0.0, 0.0), at(30.0, 40.04)]), None, vec!["50.0 mm"]),
            (
                MeasurementShape::Angle([at(1.0, 0.0), at(0.0, 0.0), at(0.0, 2.0)]),
                None,
                vec!["90.0°"],
            ),
            (MeasurementShape::Angle([at(0.0, 0.0); 3]), None, vec!["–"]),
            (rectangle, None, vec!["12.0 × 8.50 mm · 102 mm²"]),
            (
                rectangle,
                Some(&values),
                vec!["12.0 × 8.50 mm · 102 mm²", "mean 40.25 ± 12 HU (−3 … 88)"],
            ),
        ] {
            assert_eq!(measure_lines(&shape, values, " HU"), expected);
        }
    }
}
