//! A document made from what was kept of another: the way back from a session. Nothing of it is believed unseen.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::history::Op;
use super::{Document, LabelId, Object, PendingClick};
use crate::prompt::{ImageId, PromptLog, WorkingScale};
use crate::volume::{DeltaBuilder, DeltaRun, Region, Volume, VoxelBox};

/// What a document is made from again. Regions are on the grid of `image`.
#[derive(Clone, Debug)]
pub struct DocumentParts {
    /// The scan.
    pub image: Arc<Volume>,
    /// The images over the scan that clicks were made in, by their number ([`ImageId::Overlay`]); `None` if one was not
    /// found.
    pub overlays: Vec<Option<Arc<Volume>>>,
    /// The image that the model looks at for objects without clicks; the scan if that is not there.
    pub model_image: ImageId,
    /// The objects in their order.
    pub objects: Vec<Object>,
    /// Which is active; none if that is not there.
    pub active: Option<LabelId>,
    /// For objects that have no clicks yet.
    pub working_scale: WorkingScale,
    /// [`Document::prompts_given`]; more if a click has a larger number.
    pub prompts_given: u64,
}

/// An object that was left out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("object {} “{name}”: {why}", object.0)]
pub struct NotRestored {
    /// Its number.
    pub object: LabelId,
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub why: NotWhole,
}

/// What is wrong with an object that can't be restored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWhole {
    /// 0 is the background.
    #[error("it has the number of the background, 0")]
    NoNumber,
    /// Two objects with one number.
    #[error("another object has its number")]
    NumberTaken,
    /// Runs that are no region of this grid.
    #[error("its {0} has voxels that the scan does not have")]
    OutsideScan(&'static str),
    /// `region` is not `(model | added) - removed`, or voxels are both added and removed.
    #[error("its mask is not what its layers make")]
    Layers,
    /// Voxels belong to one object.
    #[error("it has voxels of object {}", (.0).0)]
    Shared(LabelId),
}

impl Document {
    /// A document with these contents, no history, and clicks that wait for their mask where the model has not answered
    /// them. An object that is not whole is left out and told; those before it keep their voxels.
    pub fn restore(parts: DocumentParts) -> (Self, Vec<NotRestored>) {
        let DocumentParts { image, overlays, model_image, objects, active, .. } = parts;
        let mut document = Self::new(image);
        document.overlays = overlays;
        document.working_scale = parts.working_scale;
        if document.image_by_id(model_image).is_some() {
            document.model_image = model_image;
        }
        let mut left_out = Vec::new();
        let mut numbers = BTreeSet::new();
        for object in objects {
            let why = if numbers.insert(object.id) {
                document.take_in(&object).err()
            } else {
                Some(NotWhole::NumberTaken)
            };
            match why {
                None => document.objects.push(object),
                Some(why) => {
                    left_out.push(NotRestored { object: object.id, name: object.name, why });
                }
            }
        }
        document.active = active.filter(|id| document.object(*id).is_some());
        let clicks = document.objects.iter().flat_map(|o| &o.log.prompts);
        let largest = clicks.map(|p| p.id.0).max().unwrap_or(0);
        document.prompts_given = parts.prompts_given.max(largest);
        document.ask_again();
        // For caches it is another document than an empty one.
        document.revision = 1;
        document.writes = vec![(1, VoxelBox::whole(document.labels.dims()))];
        (document, left_out)
    }

    /// Gives an object its voxels in the label map.
    fn take_in(&mut self, object: &Object) -> Result<(), NotWhole> {
        let dims = self.labels.dims();
        if object.id.0 == 0 {
            return Err(NotWhole::NoNumber);
        }
        check(object, dims)?;
        let mut delta = DeltaBuilder::new(dims);
        for &run in object.region.runs() {
            if let Some(&other) = self.labels.run(run).iter().find(|&&label| label != 0) {
                return Err(NotWhole::Shared(LabelId(other)));
            }
            delta.push(DeltaRun { run, before: 0, after: object.id.0 });
        }
        self.labels.apply(&delta.finish());
        Ok(())
    }

    /// What was asked and not answered is asked again. Taken back, the object has the clicks that were answered.
    fn ask_again(&mut self) {
        let asked = |o: &&Object| {
            o.log.prompts != o.answer.prompts && self.image_by_id(o.log.image).is_some()
        };
        let waiting: Vec<Object> = self.objects.iter().filter(asked).cloned().collect();
        for Object { id, name, log, answer, .. } in waiting {
            let step = match log.prompts.last() {
                _ if log.prompts.len() < answer.prompts.len() => "Remove click",
                _ if log.prompts.len() == answer.prompts.len() => "Move click",
                Some(last) if !last.positive => "Negative click",
                _ => "Positive click",
            };
            let before = PromptLog { prompts: answer.prompts, ..log.clone() };
            let pending = PendingClick { object: id, log, extend: false };
            let ops = vec![Op::Log(id, before)];
            self.history.push(step.to_owned(), Some((id, name)), ops, Some(pending));
        }
    }
}

/// Whether an object's layers are regions of a grid and make its mask.
fn check(object: &Object, dims: [usize; 3]) -> Result<(), NotWhole> {
    let Object { model, added, removed, region, .. } = object;
    let layers = [("mask", region), ("model's part", model), ("part added by hand", added)];
    for (what, layer) in layers.into_iter().chain([("part removed by hand", removed)]) {
        if !fits(layer, dims) {
            return Err(NotWhole::OutsideScan(what));
        }
    }
    let row = dims[0];
    let mut made = model.union(added, row);
    made.subtract(removed, row);
    if made != **region || added.shared(removed) > 0 {
        return Err(NotWhole::Layers);
    }
    Ok(())
}

/// Whether the runs are sorted, disjoint, within their rows and within a grid.
fn fits(region: &Region, [nx, ny, nz]: [usize; 3]) -> bool {
    let count = nx * ny * nz;
    let mut end = 0;
    region.runs().iter().all(|run| {
        let len = run.len as usize;
        let fits = run.start >= end && run.start < count && len > 0 && len <= nx - run.start % nx;
        end = run.start.saturating_add(len);
        fits
    })
}
