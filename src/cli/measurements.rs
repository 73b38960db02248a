//! What was measured with lines in a session; keys are stable.

use serde::Serialize;

use crate::measure::Measurement;

/// A measure. What its kind does not have is `null`.
#[derive(Debug, Serialize)]
pub struct MeasurementInfo {
    name: String,
    kind: &'static str,
    length_mm: Option<f64>,
    width_mm: Option<f64>,
    angle_degrees: Option<f64>,
    area_mm2: Option<f64>,
    /// RAS.
    places_mm: Vec<[f64; 3]>,
}

impl MeasurementInfo {
    pub fn of(Measurement { name, shape, .. }: &Measurement) -> Self {
        let mut lengths = shape.lengths_mm().into_iter();
        Self {
            name: name.clone(),
            kind: shape.kind().word(),
            length_mm: lengths.next(),
            width_mm: lengths.next(),
            angle_degrees: shape.degrees(),
            area_mm2: shape.area_mm2(),
            places_mm: shape.places().iter().map(|p| p.to_array().map(|v| v + 0.0)).collect(),
        }
    }

    /// For people.
    pub fn line(&self) -> String {
        let Self { name, kind, length_mm, width_mm, angle_degrees, .. } = self;
        let size = match (length_mm, width_mm, angle_degrees) {
            (Some(length), Some(width), _) => format!("{length:.2} × {width:.2} mm"),
            (Some(length), None, _) => format!("{length:.2} mm"),
            (_, _, Some(degrees)) => format!("{degrees:.1}°"),
            _ => "of no size".to_owned(),
        };
        if name.is_empty() { format!("{kind}, {size}") } else { format!("{name}: {kind}, {size}") }
    }
}
