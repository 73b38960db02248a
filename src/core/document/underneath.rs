//! Voxels of objects that lie under others: who gets one that the object on top loses, and who loses it for good.

use std::sync::Arc;

use super::label_edit::Over;
use super::object::{LabelId, Object};
use crate::volume::{Delta, DeltaBuilder, DeltaRun, Region, RegionBuilder};

/// What lies under the labels of a document ([`Object::covered`]): what has to be known beside them to tell what an edit
/// shows.
#[derive(Clone, Debug, Default)]
pub struct Underneath(Vec<Layer>);

/// What lies under others of one object.
#[derive(Clone, Debug)]
struct Layer {
    object: LabelId,
    locked: bool,
    covered: Arc<Region>,
}

/// What an edit of labels does under them.
#[derive(Debug, Default)]
pub(super) struct Raised {
    /// Voxels that fall to objects which lay under the one that loses them.
    pub delta: Delta,
    /// These, by the object that gets them.
    pub risen: Vec<(LabelId, Region)>,
    /// Voxels that lie under no other object any more, by the object of which they did: it has their label, or has lost
    /// them.
    pub gone: Vec<(LabelId, Region)>,
}

impl Underneath {
    /// Of these objects, the smallest first: a voxel that the one on top loses is the first one's. Of two that are
    /// equally large the later one comes first, as where a file is opened.
    pub fn of(objects: &[Object]) -> Self {
        let with_some = objects.iter().rev().filter(|o| !o.covered.is_empty());
        let mut layers: Vec<(usize, Layer)> = with_some
            .map(|o| {
                let covered = Arc::clone(&o.covered);
                let voxels = o.region.count() + covered.count();
                (voxels, Layer { object: o.id, locked: o.locked, covered })
            })
            .collect();
        layers.sort_by_key(|(voxels, _)| *voxels);
        Self(layers.into_iter().map(|(_, layer)| layer).collect())
    }

    /// What `delta`, which gives voxels to `target` or to nobody, does under the labels of a map of `dims`. Who paints over
    /// all objects takes a voxel from all that have it, but from those that are locked.
    pub(super) fn raised(
        &self,
        delta: &Delta,
        (target, over): (LabelId, Over),
        dims: [usize; 3],
    ) -> Raised {
        let mut raised = Raised::default();
        if self.0.is_empty() || delta.is_empty() {
            return raised;
        }
        let row = dims[0];
        let (mut lost, mut gained) = (RegionBuilder::new(row), RegionBuilder::new(row));
        for &DeltaRun { run, after, .. } in delta.runs() {
            let to = if after == 0 { &mut lost } else { &mut gained };
            to.push(run.start, run.len as usize);
        }
        let (mut lost, gained) = (lost.finish(), gained.finish());
        let mut falls: Vec<DeltaRun> = Vec::new();
        for Layer { object, locked, covered } in &self.0 {
            let risen = lost.intersection(covered, row);
            if !risen.is_empty() {
                lost.subtract(&risen, row);
                let to = |&run| DeltaRun { run, before: 0, after: object.0 };
                falls.extend(risen.runs().iter().map(to));
                raised.risen.push((*object, risen));
            }
            if *object == target || (over == Over::Unlocked && !locked) {
                let gone = gained.intersection(covered, row);
                if !gone.is_empty() {
                    raised.gone.push((*object, gone));
                }
            }
        }
        falls.sort_unstable_by_key(|change| change.run.start);
        let mut builder = DeltaBuilder::new(dims);
        for change in falls {
            builder.push(change);
        }
        raised.delta = builder.finish();
        raised
    }
}
