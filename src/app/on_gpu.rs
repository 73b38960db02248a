//! What the graphics device is given in each frame.

use super::gpu::Shortage;
use super::{App, beside};
use crate::ui::text::tr_with;
use crate::ui::tools;

impl App {
    /// Uploads what has changed of the scan, its masks, what lies over it, and the preview of what is aimed at.
    pub(super) fn show_on_gpu(&mut self, ctx: &egui::Context) {
        let (Some(gpu), Some(open)) = (&mut self.gpu, &self.open) else { return };
        // What objects grow to is looked at with a brush in hand, of which the ring tells enough then. What another
        // tool would do comes first.
        let grown = self.growth.preview(self.open.as_ref());
        let brushes = [tools::BRUSH, tools::ERASER].contains(&self.view.prefs.tool);
        let edit = self.edit_preview.get().filter(|_| !brushes || grown.is_none());
        let by_hand = edit.or(self.floods.preview());
        let operation = self.operations.preview(self.open.as_ref());
        let preview = by_hand.or(operation).or(self.model.preview()).or(grown);
        let shown = self.view.shown_masks();
        let drawn = self.view.drawn_labels().map(|drawn| &**drawn);
        match gpu.sync(open.number, &open.document, shown, (preview, drawn)) {
            Ok(true) => self.time_point_loading = false,
            Ok(false) => ctx.request_repaint(),
            Err(why) => self.toasts.error(why),
        }
        if let Some([x, y, z]) = gpu.take_coarse() {
            self.toasts.info(tr_with(
                "3D shows {n} voxels as one, for want of graphics memory. Slices are exact.",
                &[("n", &format!("{x} × {y} × {z}"))],
            ));
        }
        let wanted = beside::wanted(&self.view);
        match gpu.sync_beside(wanted) {
            Ok(true) => {}
            Ok(false) => ctx.request_repaint(),
            Err(why) => self.toasts.error(why),
        }
        let short = gpu.lay_over(&self.view.scan.overlays);
        // What can't be drawn is not in the list either; from the last on, so that places stay.
        for (slot, shortage) in short.into_iter().rev() {
            self.tell_shortage(slot, shortage);
        }
    }

    fn tell_shortage(&mut self, slot: usize, shortage: Shortage) {
        match shortage {
            Shortage::Refused(why) => {
                self.view.remove_overlay(slot);
                self.toasts.error(why);
            }
            Shortage::Coarse([x, y, z]) => {
                let layer = self.view.scan.overlays.get(slot);
                let name = layer.map_or("", |layer| layer.volume.name());
                self.toasts.warning(tr_with(
                    "{name} is coarser, in slices too: {n} of its voxels are shown as one, for want of graphics memory.",
                    &[("name", &name), ("n", &format!("{x} × {y} × {z}"))],
                ));
            }
        }
    }
}
