//! What is measured is part of the history, among clicks that wait and edits by hand.

use super::deeds::*;
use super::*;
use crate::geom::DVec3;
use crate::measure::{Measurement, MeasurementId, MeasurementShape};

fn length(n: f64) -> MeasurementShape {
    MeasurementShape::Length([DVec3::ZERO, DVec3::new(n, 2.0 * n, 0.0)])
}

fn measure(d: &mut Document, change: MeasurementChange) -> Result<(), Refused> {
    d.apply(Command::Measure(change))
}

fn all(d: &Document) -> Vec<Measurement> {
    d.measurements().to_vec()
}

#[test]
fn each_change_is_a_step_that_is_undone_and_redone() {
    let mut d = document();
    let id = |n| MeasurementId(n);
    measure(&mut d, MeasurementChange::Add(length(1.0))).unwrap();
    measure(&mut d, MeasurementChange::Add(length(2.0))).unwrap();
    measure(&mut d, MeasurementChange::Rename(id(2), "long axis".into())).unwrap();
    measure(&mut d, MeasurementChange::Reshape(id(1), length(3.0))).unwrap();
    measure(&mut d, MeasurementChange::Remove(id(1))).unwrap();
    let expected = Measurement { id: id(2), name: "long axis".into(), shape: length(2.0) };
    assert_eq!(all(&d), [expected]);
    let names: Vec<&str> = d.history_steps().0.iter().map(|step| step.name).collect();
    let (add, rename) = ("Measure", "Rename measurement");
    assert_eq!(names, [add, add, rename, "Change measurement", "Remove measurement"]);
    let mut states = vec![all(&d)];
    while d.undo() {
        states.push(all(&d));
    }
    assert_eq!(all(&d), []);
    for state in states.iter().rev().skip(1) {
        assert!(d.redo());
        assert_eq!(&all(&d), state);
    }
    // What changes nothing is no step, and what is gone is told.
    let steps = d.history_len();
    measure(&mut d, MeasurementChange::Reshape(id(2), length(2.0))).unwrap();
    assert_eq!(d.history_len(), steps);
    for gone in [MeasurementChange::Remove(id(1)), MeasurementChange::Reshape(id(7), length(1.0))] {
        assert_eq!(measure(&mut d, gone), Err(Refused::MeasurementGone));
    }
    // A number is given once.
    assert!(d.undo());
    measure(&mut d, MeasurementChange::Add(length(9.0))).unwrap();
    assert_eq!(d.measurements().last().map(|m| m.id), Some(id(3)));
}

#[test]
fn measures_leave_the_masks_saved() {
    let mut d = document();
    d.mark_saved(d.masks_state());
    measure(&mut d, MeasurementChange::Add(length(1.0))).unwrap();
    assert!(!d.is_modified(), "no mask has changed");
    d.apply(Command::NewObject).unwrap();
    measure(&mut d, MeasurementChange::Add(length(2.0))).unwrap();
    assert!(d.is_modified());
    d.mark_saved(d.masks_state());
    for _ in 0..2 {
        assert!(!d.is_modified());
        assert!(d.undo());
    }
    assert!(d.is_modified(), "the object is gone");
}

#[test]
fn a_click_that_is_answered_or_fails_leaves_what_was_measured_after_it() {
    for fails in [false, true] {
        let mut d = document();
        click(&mut d, true).unwrap();
        measure(&mut d, MeasurementChange::Add(length(1.0))).unwrap();
        click(&mut d, true).unwrap();
        measure(&mut d, MeasurementChange::Add(length(2.0))).unwrap();
        let both = all(&d);
        if fails {
            let (entry, _) = d.pending().map(|(entry, click)| (entry, click.clone())).unwrap();
            d.apply(Command::Withdraw(entry)).unwrap();
        } else {
            resolve(&mut d, boxed([0; 3], [2, 2, 2]));
            resolve(&mut d, boxed([0; 3], [3, 2, 2]));
        }
        assert_eq!(all(&d), both, "fails: {fails}");
        while d.undo() {}
        assert_eq!(all(&d), []);
        while d.redo() {}
        assert_eq!(all(&d), both, "fails: {fails}");
    }
}

#[test]
fn numbers_of_a_restored_document_are_given_once() {
    let d = document();
    let one =
        |n: u64| Measurement { id: MeasurementId(n), name: String::new(), shape: length(1.0) };
    let parts = DocumentParts {
        image: Arc::clone(d.image()),
        overlays: BTreeMap::new(),
        model_image: d.model_image(),
        objects: Vec::new(),
        active: None,
        working_scale: d.working_scale(),
        prompts_given: 0,
        measurements: vec![one(5), one(2), one(5)],
    };
    let (mut d, told) = Document::restore(parts);
    assert_eq!(told, []);
    measure(&mut d, MeasurementChange::Add(length(1.0))).unwrap();
    let ids: Vec<u64> = d.measurements().iter().map(|m| m.id.0).collect();
    assert_eq!(ids, [5, 2, 6, 7]);
}
