//! What is shown beside slices on the GPU: a second scan in textures of its own, or the scan's textures with labels of
//! their own.

use std::sync::Arc;

use super::Gpu;
use crate::render::{Scene, UPLOAD_BUDGET};
use crate::ui::DrawnLabels;
use crate::ui::views::{BesideSlot, SceneSlot};
use crate::volume::Volume;

/// What is to be shown.
#[derive(Clone, Copy)]
pub(in crate::app) enum WantedBeside<'a> {
    /// Another scan.
    Scan(&'a Arc<Volume>),
    /// The scan with these labels, once there are some, and whether they are seen.
    Labels(Option<&'a DrawnLabels>, bool),
}

/// What is in the scene beside.
#[derive(Default)]
pub(super) struct BesideShown {
    /// A second scan.
    scan: Option<Arc<Volume>>,
    /// The labels over the first one, by their number, which were uploaded or found no room.
    labels: Option<u64>,
}

impl Gpu {
    /// Keeps what is shown beside slices a copy of what is wanted. `Ok(false)` while there is more to upload; an error is
    /// told once. To be called after [`Gpu::sync`].
    pub fn sync_beside(&mut self, wanted: Option<WantedBeside>) -> Result<bool, String> {
        let mut renderer = self.state.renderer.write();
        let resources = &mut renderer.callback_resources;
        let Some(slot) = resources.get_mut::<BesideSlot>() else { return Ok(true) };
        let before = slot.0.take();
        let Some(wanted) = wanted else {
            // Its memory is given back.
            self.beside = BesideShown::default();
            return Ok(true);
        };
        let Some(first) = resources.get::<SceneSlot>().and_then(|slot| slot.0.as_ref()) else {
            return Ok(true);
        };
        // Of what was shown before, one kind keeps nothing for the other.
        let kept = before.filter(|_| match wanted {
            WantedBeside::Scan(volume) => {
                self.beside.scan.as_ref().is_some_and(|scan| Arc::ptr_eq(scan, volume))
            }
            WantedBeside::Labels(..) => self.beside.scan.is_none(),
        });
        let anew = kept.is_none();
        let mut scene = kept.unwrap_or_else(|| first.beside());
        if anew {
            self.beside = BesideShown::default();
        }
        let done = match wanted {
            WantedBeside::Scan(volume) => {
                let shown = &mut self.beside;
                second(&mut scene, volume, shown)
            }
            WantedBeside::Labels(labels, seen) => {
                let other = scene.share(first);
                labelled(&mut scene, labels.map(|labels| (labels, seen)), other, &mut self.beside)
            }
        };
        resources.insert(BesideSlot(Some(scene)));
        done
    }
}

fn second(
    scene: &mut Scene,
    volume: &Arc<Volume>,
    shown: &mut BesideShown,
) -> Result<bool, String> {
    if shown.scan.is_none() {
        // Should it not go, it is not tried again.
        shown.scan = Some(Arc::clone(volume));
        scene.set_volume(Arc::clone(volume)).map_err(|why| why.to_string())?;
    }
    Ok(scene.upload(UPLOAD_BUDGET))
}

fn labelled(
    scene: &mut Scene,
    labels: Option<(&DrawnLabels, bool)>,
    other: bool,
    shown: &mut BesideShown,
) -> Result<bool, String> {
    if other {
        shown.labels = None;
    }
    let Some((drawn, seen)) = labels else { return Ok(true) };
    scene.set_styles(&drawn.styles(seen));
    if shown.labels == Some(drawn.number) {
        return Ok(true);
    }
    shown.labels = Some(drawn.number);
    scene.set_labels(&drawn.labels, None).map_err(|why| why.to_string())?;
    Ok(true)
}
