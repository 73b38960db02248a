//! Sessions for the tests of other modules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{CaseState, FileRef, Past, SessionFile, SessionSource, Snapshot, Surroundings};
use crate::document::{Document, LabelId, Object, ObjectState};
use crate::geom::{DAffine3, Grid};
use crate::volume::{Scale, StoredGeometry, Volume, Voxels};

/// What is in a session.
#[derive(Clone, Debug, Default)]
pub struct NewSession {
    /// Where its scan is.
    pub scan: PathBuf,
    /// How many objects there are.
    pub objects: u16,
    /// How many of them are done.
    pub done: u16,
    /// The state of the case.
    pub state: CaseState,
}

/// Makes a session of empty objects.
pub fn new_session(path: &Path, new: &NewSession) -> SessionFile {
    let grid = Grid::new([2, 2, 2], DAffine3::IDENTITY).unwrap();
    let stored = StoredGeometry::of(&grid);
    let voxels = Voxels::U8(vec![1; 8]);
    let volume = Volume::new("scan", grid, vec![2, 2, 2], voxels, Scale::NONE, stored, vec![]);
    let file = FileRef { absolute: new.scan.clone(), relative: None, bytes: 1, sha256: None };
    let around = Surroundings {
        source: SessionSource::of(&volume, file),
        overlays: Vec::new(),
        models: BTreeMap::new(),
        view: serde_json::Value::Null,
        picture: None,
        case_state: new.state,
        exported: None,
    };
    let mut snapshot = Snapshot::of(&Document::new(Arc::new(volume)), around, 1_700_000_000_000);
    let object = |n| {
        let mut object = Object::new(LabelId(n), format!("object {n}"), [0; 3]);
        object.state = if n <= new.done { ObjectState::Done } else { ObjectState::Open };
        object
    };
    snapshot.objects = (1..=new.objects).map(object).collect();
    SessionFile::create(path, &snapshot, &Past::default()).unwrap()
}
