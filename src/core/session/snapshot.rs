//! A document and what belongs to it as plain values: what a session file holds. Taking one is cheap (masks, and objects
//! that have not changed, are shared), so it is taken on the UI thread and written on another.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{CaseState, Damage, Exported, FileRef, Hash};
use crate::document::{Command, Document, DocumentParts, LabelId, SharedObjects};
use crate::geom::Grid;
use crate::measure::Measurement;
use crate::prompt::{ImageId, WorkingScale};
use crate::volume::{Provenance, StoredGeometry, Volume, Window};

/// The scan that a session is about. Its voxels are not in the session.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionSource {
    /// Where it is.
    pub file: FileRef,
    /// [`Volume::name`].
    pub name: String,
    /// The name of its format.
    pub format: String,
    /// Where its voxels are.
    pub grid: Grid,
    /// [`Volume::file_dims`].
    pub file_dims: Vec<usize>,
    /// What its file says about the place of its voxels, word for word.
    pub geometry: Option<StoredGeometry>,
    /// [`Provenance::identifiers`].
    pub identifiers: Vec<(String, String)>,
}

impl SessionSource {
    /// Of a scan that was read from a file.
    pub fn of(volume: &Volume, file: FileRef) -> Self {
        let said = volume.provenance();
        Self {
            file,
            name: volume.name().to_owned(),
            format: said.format.to_owned(),
            grid: volume.grid().clone(),
            file_dims: volume.file_dims().to_vec(),
            geometry: said.geometry.clone(),
            identifiers: said.identifiers.clone(),
        }
    }

    /// For a label map on the scan's grid: to make the same statements about its place.
    pub fn provenance(&self) -> Provenance {
        let identifiers = self.identifiers.clone();
        let geometry = self.geometry.clone();
        Provenance { geometry, identifiers, ..Provenance::default() }
    }
}

/// An image that lies over the scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlay {
    /// Where it is.
    pub file: FileRef,
    /// [`Volume::name`].
    pub name: String,
    /// Its number in the document ([`ImageId::Overlay`]), if the model was ever told to look at it.
    pub number: Option<u32>,
    /// Which of its values are drawn.
    pub window: Option<Window>,
}

/// What belongs to a document and is not in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Surroundings {
    /// The scan.
    pub source: SessionSource,
    /// The images over it, lowest first.
    pub overlays: Vec<Overlay>,
    /// The SHA-256 of models by their name ([`crate::prompt::Answer::model`]), as far as they are known.
    pub models: BTreeMap<String, Hash>,
    /// How it is looked at: the window's own matter.
    pub view: serde_json::Value,
    /// What it looks like, as a PNG.
    pub picture: Option<Arc<[u8]>>,
    /// How far the work on the scan is.
    pub case_state: CaseState,
    /// The label map that was written last.
    pub exported: Option<Exported>,
}

/// A change of the document, for the record of what was done when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedStep {
    /// Rises with every change.
    pub entry: u64,
    /// What was done, in English.
    pub name: String,
    /// Which of the object's clicks it was done to, from 1.
    pub point: Option<usize>,
    /// The object, if it was one, and what it was called then.
    pub object: Option<(LabelId, String)>,
    /// Not undone.
    pub done: bool,
}

/// All that a session holds, but for what was done in earlier sittings ([`super::Past`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// What is not in the document.
    pub around: Surroundings,
    /// Which time point of the scan is looked at, from 0.
    pub time_point: usize,
    /// [`Document::model_image`].
    pub model_image: ImageId,
    /// [`Document::objects`].
    pub objects: SharedObjects,
    /// The active object.
    pub active: Option<LabelId>,
    /// [`Document::working_scale`].
    pub working_scale: WorkingScale,
    /// [`Document::prompts_given`].
    pub prompts_given: u64,
    /// [`Document::measurements`].
    pub measurements: Vec<Measurement>,
    /// The history of this sitting, oldest first, what was undone last.
    pub steps: Vec<RecordedStep>,
    /// When it was taken: milliseconds since 1970, UTC.
    pub taken_ms: i64,
}

impl Snapshot {
    /// Of a document, now ([`super::now_ms`]).
    pub fn of(document: &Document, around: Surroundings, now_ms: i64) -> Self {
        let done = document.history_steps_done();
        let steps = document.history_entries().enumerate().map(|(n, record)| RecordedStep {
            entry: record.entry.number(),
            name: record.name.to_owned(),
            point: record.point,
            object: record.object.map(|(id, name)| (id, name.to_owned())),
            done: n < done,
        });
        Self {
            around,
            time_point: document.image().time_point(),
            model_image: document.model_image(),
            objects: document.shared_objects(),
            active: document.active().map(|o| o.id),
            working_scale: document.working_scale(),
            prompts_given: document.prompts_given(),
            measurements: document.measurements().to_vec(),
            steps: steps.collect(),
            taken_ms: now_ms,
        }
    }

    /// The document, on its scan, and what of it could not be restored. It has no history: what was done in earlier
    /// sittings is told ([`super::Past`]) but can't be undone. Models' states are not in a session: the next click on an
    /// object has them made anew by a replay of its clicks.
    ///
    /// `overlays`: the images that clicks were made in, by their number, as far as they were found. If anything is told,
    /// the document is not what the session holds: it is to be saved as another one.
    ///
    /// # Errors
    /// If `image` lies on another grid than the scan did: masks are never shown elsewhere than where they were made.
    pub fn restore(
        &self,
        image: Arc<Volume>,
        overlays: BTreeMap<u32, Arc<Volume>>,
    ) -> Result<(Document, Vec<Damage>), OtherGrid> {
        let (grid, found) = (&self.around.source.grid, image.grid());
        // A thousandth of a voxel: what float32 makes of a place in a large scan.
        if !found.matches(grid, 1e-3 * grid.spacing().min_element()) {
            return Err(OtherGrid { expected: grid.dims(), found: found.dims() });
        }
        let numbers = self.around.overlays.iter().filter_map(|overlay| overlay.number);
        let mut overlays: BTreeMap<u32, Option<Arc<Volume>>> =
            overlays.into_iter().map(|(number, overlay)| (number, Some(overlay))).collect();
        for number in numbers {
            overlays.entry(number).or_default();
        }
        let (mut document, changed) = Document::restore(DocumentParts {
            image,
            overlays,
            model_image: self.model_image,
            objects: self.objects.to_vec(),
            active: self.active,
            working_scale: self.working_scale,
            prompts_given: self.prompts_given,
            measurements: self.measurements.clone(),
        });
        let damage = changed.iter().map(|changed| Damage(changed.to_string())).collect();
        if document.image().time_point() != self.time_point {
            // Looking elsewhere is never refused.
            let _ = document.apply(Command::ShowTimePoint(self.time_point));
        }
        Ok((document, damage))
    }
}

/// The scan that was found is not the one that the session was made on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this scan is not the one of the session: it has {} × {} × {} voxels, or they lie elsewhere; the session's has \
     {} × {} × {}",
    found[0], found[1], found[2], expected[0], expected[1], expected[2]
)]
pub struct OtherGrid {
    /// Voxels of the session's scan.
    pub expected: [usize; 3],
    /// Voxels of this one.
    pub found: [usize; 3],
}
