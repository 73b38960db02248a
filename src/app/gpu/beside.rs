//! What is shown beside slices on the GPU: a second scan in textures of its own, or the scan's textures with labels of
//! their own.

use std::sync::Arc;

use super::Gpu;
use crate::render::{Scene, UPLOAD_BUDGET};
use crate::ui::DrawnLabels;
use crate::ui::views::{BesideSlot, SceneSlot};
use crate::volume::{LabelMap, Volume};

/// What is to be shown.
#[derive(Clone, Copy)]
pub(in crate::app) enum WantedBeside<'a> {
    /// Another scan, with labels on its own grid if there are some, and whether they are seen.
    Scan(&'a Arc<Volume>, Option<(&'a DrawnLabels, bool)>),
    /// The scan with these labels, once there are some, and whether they are seen.
    Labels(Option<(&'a DrawnLabels, bool)>),
}

/// What is in the scene beside.
#[derive(Default)]
pub(super) struct BesideShown {
    /// A second scan.
    scan: Option<Arc<Volume>>,
    /// The labels, by their number, which were uploaded or found no room.
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
        let shown = &mut self.beside;
        let kept = before.filter(|_| match (wanted, &shown.scan) {
            (WantedBeside::Scan(volume, _), Some(scan)) => {
                Arc::ptr_eq(scan, volume) || scan.grid() == volume.grid()
            }
            (WantedBeside::Labels(_), scan) => scan.is_none(),
            (WantedBeside::Scan(..), None) => false,
        });
        let anew = kept.is_none();
        let mut scene = kept.unwrap_or_else(|| first.beside());
        if anew {
            self.beside = BesideShown::default();
        }
        let done = match wanted {
            WantedBeside::Scan(volume, labels) => {
                second(&mut scene, volume, labels, &mut self.beside)
            }
            WantedBeside::Labels(labels) => {
                let other = scene.share(first);
                labelled(&mut scene, labels, other, &mut self.beside)
            }
        };
        resources.insert(BesideSlot(Some(scene)));
        done
    }
}

fn second(
    scene: &mut Scene,
    volume: &Arc<Volume>,
    labels: Option<(&DrawnLabels, bool)>,
    shown: &mut BesideShown,
) -> Result<bool, String> {
    if !shown.scan.as_ref().is_some_and(|scan| Arc::ptr_eq(scan, volume)) {
        // Should it not go, it is not tried again.
        let before = shown.scan.replace(Arc::clone(volume));
        let none = LabelMap::empty(volume.grid().dims());
        let drawn = labels.map_or(&none, |(drawn, _)| &drawn.labels);
        // Another time point of the same scan keeps its texture and the labels.
        if before.is_none() || !scene.set_time_point(volume, drawn) {
            shown.labels = None;
            scene.set_volume(Arc::clone(volume)).map_err(|why| why.to_string())?;
        }
    }
    if labels.is_none() && shown.labels.take().is_some() {
        scene.set_styles(&[]);
        let none = LabelMap::empty(volume.grid().dims());
        scene.set_labels(&none, None).map_err(|why| why.to_string())?;
    }
    labelled(scene, labels, false, shown)?;
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
