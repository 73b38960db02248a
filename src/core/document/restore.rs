//! A document made from what was kept of another: the way back from a session. Nothing of it is believed unseen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::history::Op;
use super::stacked::sharing;
use super::{Document, LabelId, Object, PendingClick};
use crate::measure::Measurement;
use crate::prompt::{ImageId, PromptLog, WorkingScale};
use crate::volume::{LabelMap, Region, Volume, VoxelBox};

/// What a document is made from again. Regions are on the grid of `image`.
#[derive(Clone, Debug)]
pub struct DocumentParts {
    /// The scan.
    pub image: Arc<Volume>,
    /// The images over the scan that clicks were made in, by their number ([`ImageId::Overlay`]); `None` if one was not
    /// found. Another image never gets the number of one that is named here or by an object.
    pub overlays: BTreeMap<u32, Option<Arc<Volume>>>,
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
    /// What was measured. Of several with one number, the first has it.
    pub measurements: Vec<Measurement>,
}

/// An object that could not be restored as it was kept: what it was made from must not be overwritten by it.
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

/// What is wrong with an object, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWhole {
    /// 0 is the background.
    #[error("it has the number of the background, 0; it is left out")]
    NoNumber,
    /// Two objects with one number.
    #[error("another object has its number; it is left out")]
    NumberTaken,
    /// Runs that are no region of this grid.
    #[error("its mask has voxels that the scan does not have; it is left out")]
    OutsideScan,
    /// Runs of a layer that are no region of this grid.
    #[error(
        "its {0} has voxels that the scan does not have; its mask is kept as drawn by hand, without its clicks"
    )]
    LayerOutsideScan(&'static str),
    /// `region` is not `(model | added) - removed`, or voxels are both added and removed.
    #[error(
        "its mask is not what its layers make; it is kept as drawn by hand, without its clicks"
    )]
    Layers,
    /// Voxels belong to one object.
    #[error("it has {voxels} voxels of objects before it, which keep them")]
    Shared {
        /// How many.
        voxels: usize,
    },
    /// Voxels that are kept as lying under others have no label, or its own.
    #[error(
        "{voxels} of its voxels are said to lie under other objects and do not; they are left out"
    )]
    NotCovered {
        /// How many.
        voxels: usize,
    },
    /// Its clicks are kept, and the model can't be asked.
    #[error("its clicks wait for an answer, and the image that they were made in was not found")]
    ImageMissing,
}

impl Document {
    /// A document with these contents, no history, and clicks that wait for their mask where the model has not answered
    /// them. What can't be as it was kept is told, see [`whole_objects`].
    pub fn restore(parts: DocumentParts) -> (Self, Vec<NotRestored>) {
        let DocumentParts { image, overlays, model_image, objects, active, .. } = parts;
        let mut document = Self::new(image);
        let (objects, mut changed) = whole_objects(objects, document.labels.dims());
        document.overlays = overlays;
        // Clicks must never be replayed in another image that happens to get the number of theirs.
        for image in objects.iter().map(|o| o.log.image).chain([model_image]) {
            if let ImageId::Overlay(number) = image {
                document.overlays.entry(number).or_default();
            }
        }
        document.working_scale = parts.working_scale;
        if document.image_by_id(model_image).is_some() {
            document.model_image = model_image;
        }
        let regions = objects.iter().map(|o| (o.id.0, &*o.region));
        document.labels = LabelMap::from_regions(document.labels.dims(), regions);
        document.objects = objects.into();
        document.active = active.filter(|id| document.object(*id).is_some());
        let clicks =
            document.objects.iter().flat_map(|o| o.log.prompts.iter().chain(&o.answer.prompts));
        let shapes = document.objects.iter().flat_map(|o| o.log.shapes.keys());
        let largest = clicks.map(|p| p.id.0).chain(shapes.map(|id| id.0)).max().unwrap_or(0);
        document.prompts_given = parts.prompts_given.max(largest);
        document.take_measurements(parts.measurements);
        document.ask_again(&mut changed);
        // Now, where nobody waits for it.
        document.objects.share();
        // For caches it is another document than an empty one.
        document.revision = 1;
        document.writes = vec![(1, VoxelBox::whole(document.labels.dims()))];
        (document, changed)
    }

    /// What was asked and not answered is asked again, as a step of its own: the click itself is one of the work before.
    /// Taken back, the object has what was answered.
    fn ask_again(&mut self, changed: &mut Vec<NotRestored>) {
        let waiting: Vec<Object> =
            self.objects.iter().filter(|o| o.is_unanswered()).cloned().collect();
        let name = "Answer to earlier clicks";
        for Object { id, name: object, log, answer, .. } in waiting {
            if self.image_by_id(log.image).is_none() {
                let why = NotWhole::ImageMissing;
                changed.push(NotRestored { object: id, name: object, why });
                continue;
            }
            let (prompts, extensions) = (answer.prompts, answer.extensions);
            // Of no clicks, no answer says which parts there were.
            let parts = if prompts.is_empty() { log.parts } else { answer.parts };
            let before = PromptLog { prompts, extensions, parts, ..log.clone() };
            let pending = PendingClick { object: id, log, extend: false };
            let ops = vec![Op::Log(id, before)];
            self.history.push(name.to_owned(), Some((id, object)), ops, Some(pending));
        }
    }
}

/// Objects of a grid of `dims` of which all that a document relies on is true; and of which others that was not so. As
/// much of their masks is kept as can be: of voxels that several have, the first has them, and one whose layers do not
/// make its mask keeps that.
pub fn whole_objects(objects: Vec<Object>, dims: [usize; 3]) -> (Vec<Object>, Vec<NotRestored>) {
    let mut changed = Vec::new();
    let mut numbers = BTreeSet::new();
    let mut whole = Vec::new();
    for object in objects {
        let mut say = |why| {
            changed.push(NotRestored { object: object.id, name: object.name.clone(), why });
        };
        match check(&object, dims) {
            _ if object.id.0 == 0 => say(NotWhole::NoNumber),
            _ if !numbers.insert(object.id) => say(NotWhole::NumberTaken),
            Ok(()) => whole.push(object),
            Err(NotWhole::OutsideScan) => say(NotWhole::OutsideScan),
            Err(why) => {
                say(why);
                let mut drawn = object.as_drawn();
                if !fits(&drawn.covered, dims) {
                    drawn.covered = Arc::default();
                }
                whole.push(drawn);
            }
        }
    }
    let mut taken = Region::default();
    for at in sharing(whole.iter().map(|o| &*o.region)) {
        let object = &mut whole[at];
        let voxels = object.region.shared(&taken);
        if voxels > 0 {
            for layer in [&mut object.model, &mut object.added, &mut object.region] {
                Arc::make_mut(layer).subtract(&taken, dims[0]);
            }
            let why = NotWhole::Shared { voxels };
            changed.push(NotRestored { object: object.id, name: object.name.clone(), why });
        }
        taken = taken.union(&object.region, dims[0]);
    }
    changed.extend(uncovered(&mut whole, dims));
    (whole, changed)
}

/// Takes what lies under nothing out of what lies under others, and tells of which objects.
fn uncovered(objects: &mut [Object], dims: [usize; 3]) -> Vec<NotRestored> {
    let mut changed = Vec::new();
    if objects.iter().all(|o| o.covered.is_empty()) {
        return changed;
    }
    let labels = LabelMap::from_regions(dims, objects.iter().map(|o| (o.id.0, &*o.region)));
    for object in objects.iter_mut().filter(|o| !o.covered.is_empty()) {
        let parts = labels.parts_of(&object.covered);
        let wrong = parts.into_iter().filter(|(label, _)| *label == 0 || *label == object.id.0);
        let mut voxels = 0;
        for (_, part) in wrong {
            voxels += part.count();
            Arc::make_mut(&mut object.covered).subtract(&part, dims[0]);
        }
        if voxels > 0 {
            let (why, name) = (NotWhole::NotCovered { voxels }, object.name.clone());
            changed.push(NotRestored { object: object.id, name, why });
        }
    }
    changed
}

/// Whether an object's layers are regions of a grid and make its mask.
fn check(object: &Object, dims: [usize; 3]) -> Result<(), NotWhole> {
    let Object { model, added, removed, region, covered, .. } = object;
    if !fits(region, dims) {
        return Err(NotWhole::OutsideScan);
    }
    let layers = [("model's part", model), ("part added by hand", added)];
    let start = object.log.start.iter().map(|start| ("mask that its clicks correct", start));
    let others = [("part removed by hand", removed), ("part under other objects", covered)];
    let layers = layers.into_iter().chain(others).chain(start);
    for (what, layer) in layers {
        if !Arc::ptr_eq(layer, region) && !fits(layer, dims) {
            return Err(NotWhole::LayerOutsideScan(what));
        }
    }
    if Arc::ptr_eq(model, region) && added.is_empty() && removed.is_empty() {
        return Ok(());
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
