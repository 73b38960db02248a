//! What a write changes of an object's layers.

use std::sync::Arc;

use super::object::{LabelId, Object};
use crate::volume::Region;

/// The voxels that come or go in each layer of an object.
#[derive(Clone, Debug)]
pub(super) struct LayerChange {
    pub object: LabelId,
    pub model: Region,
    pub added: Region,
    pub removed: Region,
    pub covered: Region,
}

/// The one layer that is an object's mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnlyLayer {
    Model,
    Added,
}

impl LayerChange {
    pub fn none(object: LabelId) -> Self {
        let [model, added, removed, covered] = std::array::from_fn(|_| Region::default());
        Self { object, model, added, removed, covered }
    }

    pub fn regions(&self) -> [&Region; 4] {
        [&self.model, &self.added, &self.removed, &self.covered]
    }

    pub fn is_empty(&self) -> bool {
        self.regions().into_iter().all(Region::is_empty)
    }

    /// The layer that is the object's mask before and after, if one is: what it takes to know the one is done for the
    /// other. (What was removed is not in what was added.)
    pub fn only_layer(&self, object: &Object) -> Option<OnlyLayer> {
        let by_hand = [&self.added, &self.removed, &*object.added, &*object.removed];
        if self.model.is_empty() && object.model.is_empty() {
            Some(OnlyLayer::Added)
        } else if by_hand.iter().all(|region| region.is_empty()) {
            Some(OnlyLayer::Model)
        } else {
            None
        }
    }

    /// The object loses these of its voxels by hand.
    pub fn lose(&mut self, lost: &Region, added: &Region, row: usize) {
        self.added.add(&lost.intersection(added, row), row);
        self.removed.add(lost, row);
    }

    /// Does it to an object, or takes it back. `only`: the layer that is its mask, which takes the place of its mask.
    pub fn swap(&self, object: &mut Object, only: Option<OnlyLayer>, row: usize) {
        if only.is_some() {
            // Most often it is the same memory, which can be changed in place if nobody else has it.
            object.region = Arc::default();
        }
        toggle(&mut object.model, &self.model, row);
        toggle(&mut object.added, &self.added, row);
        toggle(&mut object.removed, &self.removed, row);
        toggle(&mut object.covered, &self.covered, row);
        match only {
            Some(OnlyLayer::Model) => object.region = Arc::clone(&object.model),
            Some(OnlyLayer::Added) => object.region = Arc::clone(&object.added),
            None => {}
        }
    }
}

fn toggle(layer: &mut Arc<Region>, change: &Region, row: usize) {
    if !change.is_empty() {
        Arc::make_mut(layer).toggle(change, row);
    }
}
