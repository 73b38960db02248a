//! The images that a model may look at: the scan at any of its time points, and images that lie over it.

use std::sync::Arc;

use super::{Document, Refused};
use crate::geom::DVec3;
use crate::prompt::{ImageId, PromptLog};
use crate::volume::Volume;

impl Document {
    /// The image that the model looks at for objects that have no clicks yet.
    pub fn model_image(&self) -> ImageId {
        self.model_image
    }

    /// The image that the next click of the active object, or of a new one, is computed from.
    pub fn next_image(&self) -> ImageId {
        let clicked = self.active().filter(|o| !o.log.prompts.is_empty());
        clicked.map_or(self.model_image, |o| o.log.image)
    }

    /// An image by its number: the scan at the time point that is looked at, or an image over it.
    pub fn image_by_id(&self, id: ImageId) -> Option<&Arc<Volume>> {
        match id {
            ImageId::Scan => Some(&self.image),
            ImageId::Overlay(n) => self.overlays.get(&n).and_then(Option::as_ref),
        }
    }

    /// Shows the same voxels in another unit (a PET in SUV): what is drawn on them stays as it is, so this is no change
    /// to be undone. `false`, and nothing happens, if it is another scan, or while a click is pending.
    pub fn show_as(&mut self, image: &Volume) -> bool {
        if !image.shares_voxels(&self.image) || self.pending().is_some() {
            return false;
        }
        for (time_point, known) in &mut self.time_points {
            *known = Arc::new(image.with_time_point(*time_point));
        }
        self.image = self.image_at(self.image.time_point());
        self.revision += 1;
        true
    }

    /// The images over the scan that the model was told to look at, by their numbers; `None`: one was not found when the
    /// document was restored.
    pub fn numbered_images(&self) -> impl Iterator<Item = (u32, Option<&Arc<Volume>>)> {
        self.overlays.iter().map(|(number, image)| (*number, image.as_ref()))
    }

    /// The image that an object's clicks were made in, at their time point.
    pub fn image_of(&self, log: &PromptLog) -> Option<Arc<Volume>> {
        match log.image {
            ImageId::Scan => Some(self.image_at(log.time_point)),
            ImageId::Overlay(_) => self.image_by_id(log.image).cloned(),
        }
    }

    /// Makes the model look at `overlay`, or at the scan, for objects that have no clicks yet.
    pub(super) fn use_image(&mut self, overlay: Option<Arc<Volume>>) {
        self.model_image = match overlay {
            None => ImageId::Scan,
            Some(overlay) => {
                // The same image again is the same to clicks made in it and to caches.
                let same = |o: &Option<_>| o.as_ref().is_some_and(|o| Arc::ptr_eq(o, &overlay));
                let known = self.overlays.iter().find(|&(_, o)| same(o)).map(|(n, _)| *n);
                let number = known.unwrap_or_else(|| {
                    // Numbers of a session may be anything; there are never 2³² of them.
                    let free = (0..u32::MAX).find(|n| !self.overlays.contains_key(n));
                    let number = free.unwrap_or(u32::MAX);
                    self.overlays.insert(number, Some(overlay));
                    number
                });
                ImageId::Overlay(number)
            }
        };
    }

    /// Whether a click at a position (RAS mm) lies in an image.
    pub(super) fn in_image(&self, id: ImageId, world: DVec3) -> Result<(), Refused> {
        let image = self.image_by_id(id).ok_or(Refused::Gone)?;
        image.grid().voxel_at(world).map(|_| ()).ok_or(match id {
            ImageId::Scan => Refused::OutsideVolume,
            ImageId::Overlay(_) => Refused::OutsideImage,
        })
    }
}
