//! What is said of the work on a scan as a whole: how far it is, and what of it was exported.

use super::FileRef;
use super::rows::{CheckSum, real};
use crate::document::Object;
use rusqlite::types::Value;

/// How far the work on a scan is, as its annotator says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseState {
    /// Begun, or not even that.
    #[default]
    Open,
    /// Somebody should look at it.
    Flagged,
    /// Finished.
    Done,
}

impl CaseState {
    /// `open`, `flagged`, `done`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Flagged => "flagged",
            Self::Done => "done",
        }
    }

    /// The state of which [`CaseState::word`] is this.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Open, Self::Flagged, Self::Done].into_iter().find(|state| state.word() == word)
    }
}

/// A label map that was written of the work. Whether it still is what the work is:
/// `exported.labels == labels_check_sum(objects)`; whether the files are still the ones that were written:
/// [`FileRef::is_same`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The label map, as it was when it was written.
    pub file: FileRef,
    /// The label table beside it, if one was written.
    pub names: Option<FileRef>,
    /// [`labels_check_sum`] of what is in it.
    pub labels: u32,
}

/// A CRC-32 of all that is exported of objects: numbers, masks, names, colours and opacities, whatever their order.
/// Objects without voxels are not exported. Looks at all runs of all masks: for a worker thread.
pub fn labels_check_sum<'o>(objects: impl IntoIterator<Item = &'o Object>) -> u32 {
    let mut exported: Vec<&Object> = objects.into_iter().filter(|o| o.has_voxels()).collect();
    exported.sort_by_key(|o| o.id);
    let mut sum = CheckSum::default();
    for object in exported {
        sum.value(&Value::Integer(object.id.0.into()));
        sum.value(&Value::Text(object.name.clone()));
        sum.values(&object.colour.map(|c| Value::Integer(c.into())));
        sum.value(&real(f64::from(object.opacity)));
        sum.region(&object.region);
        if !object.covered.is_empty() {
            sum.region(&object.covered);
        }
    }
    sum.finish()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::document::LabelId;
    use crate::volume::RegionBuilder;

    fn object(id: u16, start: usize) -> Object {
        let mut object = Object::new(LabelId(id), format!("object {id}"), [1, 2, 3]);
        let mut builder = RegionBuilder::new(10);
        builder.push(start, 3);
        object.region = Arc::new(builder.finish());
        object
    }

    /// What is done to two objects, and whether another label map or table would be written of them.
    #[test]
    fn the_check_sum_is_that_of_what_is_exported() {
        type Row = (&'static str, fn(&mut Vec<Object>), bool);
        let objects = vec![object(1, 0), object(2, 20)];
        let before = labels_check_sum(&objects);
        let table: [Row; 13] = [
            ("nothing", |_| (), false),
            ("order", |o| o.reverse(), false),
            ("an empty object", |o| o.push(Object::new(LabelId(3), String::new(), [0; 3])), false),
            ("hidden", |o| o[0].visible = false, false),
            ("done", |o| o[0].state = crate::document::ObjectState::Done, false),
            ("drawn instead of found", |o| o[0].added = Arc::clone(&o[0].region), false),
            ("a voxel", |o| o[0].region = object(1, 1).region, true),
            ("a voxel under another", |o| o[0].covered = object(2, 5).region, true),
            ("masks exchanged", |o| (o[0].id, o[1].id) = (LabelId(2), LabelId(1)), true),
            ("number", |o| o[0].id = LabelId(7), true),
            ("name", |o| o[0].name.push('x'), true),
            ("colour", |o| o[1].colour[2] = 4, true),
            ("one gone", |o| drop(o.pop()), true),
        ];
        for (what, change, other) in table {
            let mut changed = objects.clone();
            change(&mut changed);
            assert_eq!(labels_check_sum(&changed) != before, other, "{what}");
        }
        assert_eq!(labels_check_sum(&[]), 0);
    }

    #[test]
    fn words_of_states_are_read_again() {
        for (state, word) in
            [(CaseState::Open, "open"), (CaseState::Flagged, "flagged"), (CaseState::Done, "done")]
        {
            assert_eq!((state.word(), CaseState::from_word(word)), (word, Some(state)));
        }
        for odd in ["", "Done", "finished"] {
            assert_eq!(CaseState::from_word(odd), None);
        }
    }
}
