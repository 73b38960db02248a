//! Measures that are drawn into the scan: added, changed and taken out, each a step that can be undone.

use std::collections::BTreeSet;

use super::history::Op;
use super::{Document, Refused};
use crate::measure::{Measurement, MeasurementId, MeasurementShape};

/// What is done to the measurements of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum MeasurementChange {
    /// A new one.
    Add(MeasurementShape),
    /// A new one, called so.
    AddNamed(MeasurementShape, String),
    /// One is elsewhere, or of another size.
    Reshape(MeasurementId, MeasurementShape),
    /// One is called so.
    Rename(MeasurementId, String),
    /// One is taken out.
    Remove(MeasurementId),
}

impl Document {
    /// What was measured, in the order in which it was drawn.
    pub fn measurements(&self) -> &[Measurement] {
        &self.measurements
    }

    /// A measurement.
    pub fn measurement(&self, id: MeasurementId) -> Option<&Measurement> {
        self.measurements.iter().find(|m| m.id == id)
    }

    /// Those of a document that is restored: numbers are given once.
    pub(super) fn take_measurements(&mut self, measurements: Vec<Measurement>) {
        let mut largest = measurements.iter().map(|m| m.id.0).max().unwrap_or(0);
        let mut known = BTreeSet::new();
        self.measurements = measurements;
        for measurement in &mut self.measurements {
            if !known.insert(measurement.id) {
                largest = largest.saturating_add(1);
                measurement.id = MeasurementId(largest);
            }
        }
        self.measurements_given = largest;
    }

    fn next_measurement(&mut self) -> MeasurementId {
        self.measurements_given = self.measurements_given.saturating_add(1);
        MeasurementId(self.measurements_given)
    }

    pub(super) fn change_measurements(&mut self, change: MeasurementChange) -> Result<(), Refused> {
        let mut all = self.measurements.clone();
        let at = |id: MeasurementId| {
            self.measurements.iter().position(|m| m.id == id).ok_or(Refused::MeasurementGone)
        };
        let name;
        match change {
            MeasurementChange::Add(shape) => {
                name = "Measure";
                all.push(Measurement { id: self.next_measurement(), name: String::new(), shape });
            }
            MeasurementChange::AddNamed(shape, called) => {
                name = "Measure";
                all.push(Measurement { id: self.next_measurement(), name: called, shape });
            }
            MeasurementChange::Reshape(id, shape) => {
                name = "Change measurement";
                all[at(id)?].shape = shape;
            }
            MeasurementChange::Rename(id, called) => {
                name = "Rename measurement";
                all[at(id)?].name = called;
            }
            MeasurementChange::Remove(id) => {
                name = "Remove measurement";
                all.remove(at(id)?);
            }
        }
        if all != self.measurements {
            self.commit(name, vec![Op::Measurements(all)], None);
        }
        Ok(())
    }
}
