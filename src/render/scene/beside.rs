//! A second scene, for slices that are shown beside those of the first one.

use std::sync::Arc;

use super::Scene;
use crate::render::coarse::{LEAST_BYTES, Room};
use crate::render::label_texture::LabelTexture;
use crate::render::volume_texture::VolumeTexture;

impl Scene {
    /// A scene of slices on the same device and for the same targets, with what room this one leaves: it has no
    /// 3D view.
    pub fn beside(&self) -> Self {
        let Room { bytes, .. } = self.room;
        // Labels of large scans come with the first of them.
        let taken = self.volume.as_ref().map_or(0, |volume| {
            let to_come = volume.grid().count() as u64;
            volume.device_bytes() + self.labels.as_ref().map_or(to_come, LabelTexture::device_bytes)
        });
        let taken = taken + self.overlays.bytes_beside(usize::MAX);
        let bytes = bytes.saturating_sub(taken).max(LEAST_BYTES);
        let mut scene = Self::with_budget(&self.device, &self.queue, self.target, bytes);
        scene.slices_only = true;
        scene.progressive = self.progressive;
        scene.wake = Arc::clone(&self.wake);
        scene
    }

    /// Shows the scan of another scene on the same device, and what lies over it, out of that one's textures; labels
    /// are its own. To be called again whenever the other one may have changed. `true` if it has another texture now:
    /// then its labels are gone.
    pub fn share(&mut self, of: &Self) -> bool {
        let Some(theirs) = &of.volume else {
            let had = self.volume.is_some();
            if had {
                self.clear_scan();
            }
            self.overlays.share(&of.overlays);
            return had;
        };
        let own = self.volume.as_ref().filter(|_| self.is_shared);
        let other = !own.is_some_and(|own| own.is_shared_of(theirs));
        if other {
            self.clear_scan();
            self.put(VolumeTexture::shared(theirs));
            self.is_shared = true;
        }
        self.overlays.share(&of.overlays);
        other
    }
}
