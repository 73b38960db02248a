//! Keeps the GPU scene a copy of the document, a little each frame.
//!
//! - `beside`: what is shown beside slices, a scene of its own.

mod beside;

use std::sync::{Arc, Weak};

use eframe::egui_wgpu::{self, RenderState, WgpuConfiguration, WgpuSetup, WgpuSetupCreateNew};

use super::DocumentNumber;
use super::model::Preview;
use crate::document::{Dirty, Document};
use crate::render::{self, Fault, Faults, LabelStyle, RenderError, Scene, UPLOAD_BUDGET};
use crate::ui::views::{BesideSlot, SceneSlot};
use crate::ui::{DrawnLabels, ImageLayer, ShownMasks, label_styles};
use crate::volume::{LabelMap, Volume, VoxelBox};
use beside::BesideShown;
pub(super) use beside::WantedBeside;

/// What the device has not enough memory for.
pub(super) enum Shortage {
    /// An image, and why.
    Refused(String),
    /// All voxels of an image: so many along x, y, z are one.
    Coarse([usize; 3]),
}

pub(super) struct Gpu {
    state: RenderState,
    ctx: egui::Context,
    faults: Faults,
    /// Which document, at which of its time points.
    shown: Option<(DocumentNumber, usize)>,
    /// What is in the scene: the same time point in another unit is another image.
    image: Weak<Volume>,
    revision: u64,
    masks_shown: ShownMasks,
    /// The preview in the label texture: its number, and where it is.
    preview: Option<(u64, Option<VoxelBox>)>,
    /// The labels that are in the scene instead of the document's, by their number, and how they are drawn.
    drawn: Option<u64>,
    styles: Vec<LabelStyle>,
    refused: Option<DocumentNumber>,
    /// Voxels for each texel of the 3D view of a scan that was shown since this was asked last.
    coarse: Option<[usize; 3]>,
    /// What is in the scene's overlay slots.
    overlays: [Option<Arc<Volume>>; ImageLayer::MOST],
    /// Images of which was told that they are coarse; they may be gone since.
    told_coarse: Vec<Weak<Volume>>,
    beside: BesideShown,
}

/// What has become of the scene's image.
struct SceneChange {
    /// It is another one.
    image: bool,
    /// How coarse it was before, of the scan that is shown still.
    coarse: Option<[usize; 3]>,
}

impl Gpu {
    pub fn new(state: &RenderState, ctx: &egui::Context) -> Self {
        let mut scene = Scene::new(&state.device, &state.queue, state.target_format);
        // The window goes on while a full picture of the 3D view takes several frames, or a slice some time.
        scene.set_progressive(true);
        let window = ctx.clone();
        scene.on_whole_slice(Arc::new(move || window.request_repaint()));
        let resources = &mut state.renderer.write().callback_resources;
        resources.insert(SceneSlot(Some(scene)));
        resources.insert(BesideSlot(None));
        Self {
            state: state.clone(),
            ctx: ctx.clone(),
            faults: Faults::of(&state.device),
            shown: None,
            image: Weak::new(),
            revision: 0,
            masks_shown: ShownMasks::default(),
            preview: None,
            drawn: None,
            styles: Vec::new(),
            refused: None,
            coarse: None,
            overlays: Default::default(),
            told_coarse: Vec::new(),
            beside: BesideShown::default(),
        }
    }

    /// Lets go of everything.
    pub fn clear(&mut self) {
        *self = Self::new(&self.state.clone(), &self.ctx.clone());
    }

    /// What went wrong on the device since this was asked last.
    pub fn take_fault(&self) -> Option<Fault> {
        self.faults.take()
    }

    /// Puts the images over the scan into the scene, each into the slot of its place in the list. Says which do
    /// not go, or go coarser.
    pub fn lay_over(&mut self, layers: &[ImageLayer]) -> Vec<(usize, Shortage)> {
        let wanted: [Option<&Arc<Volume>>; ImageLayer::MOST] =
            std::array::from_fn(|slot| layers.get(slot).map(|layer| &layer.volume));
        let same = |(a, b): (&Option<Arc<Volume>>, Option<&Arc<Volume>>)| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        if self.overlays.iter().zip(wanted).all(same) {
            return Vec::new();
        }
        let mut renderer = self.state.renderer.write();
        let slot = renderer.callback_resources.get_mut::<SceneSlot>();
        let Some(scene) = slot.and_then(|slot| slot.0.as_mut()) else { return Vec::new() };
        // Those that go or move make room first.
        for (slot, (have, want)) in self.overlays.iter_mut().zip(wanted).enumerate() {
            if !same((have, want)) {
                *have = None;
                // Taking one out can't fail.
                let _ = scene.set_overlay(slot, None);
            }
        }
        let mut short = Vec::new();
        for (slot, (have, want)) in self.overlays.iter_mut().zip(wanted).enumerate() {
            if same((have, want)) {
                continue;
            }
            *have = want.cloned();
            if let Err(why) = scene.set_overlay(slot, have.clone()) {
                *have = None;
                short.push((slot, Shortage::Refused(why.to_string())));
            } else if let (Some(factors), Some(volume)) = (scene.overlay_coarse(slot), &have) {
                // Once for each image, wherever in the list it is.
                let told = self.told_coarse.iter().any(|told| told.as_ptr() == Arc::as_ptr(volume));
                if !told {
                    self.told_coarse.push(Arc::downgrade(volume));
                    short.push((slot, Shortage::Coarse(factors)));
                }
            }
        }
        short
    }

    /// How many voxels are one in the 3D view of a scan that has just been shown, if there is no room for all.
    pub fn take_coarse(&mut self) -> Option<[usize; 3]> {
        self.coarse.take()
    }

    /// `Ok(false)` while there is more to upload. A preview must be of the document as it is.
    pub fn sync(
        &mut self,
        number: DocumentNumber,
        document: &Document,
        masks_shown: ShownMasks,
        (preview, drawn): (Option<&Preview>, Option<&DrawnLabels>),
    ) -> Result<bool, String> {
        if self.refused == Some(number) {
            return Ok(true);
        }
        let renderer = Arc::clone(&self.state.renderer);
        let mut renderer = renderer.write();
        let slot = renderer.callback_resources.get_mut::<SceneSlot>();
        let Some(scene) = slot.and_then(|slot| slot.0.as_mut()) else { return Ok(true) };
        let shown = (number, document.image().time_point());
        // Another time point takes the place of the one before, slice by slice; labels stay.
        let other_time_point =
            self.shown.is_some_and(|(n, time_point)| n == number && time_point != shown.1);
        // The same voxels in another unit.
        let other_values = self.image.as_ptr() != Arc::as_ptr(document.image());
        self.image = Arc::downgrade(document.image());
        // What is drawn instead of the objects has no preview.
        let preview = preview.filter(|_| drawn.is_none());
        let labels = preview.map_or(document.labels(), |p| &p.labels);
        let labels = drawn.map_or(labels, |drawn| &drawn.labels);
        if other_time_point && scene.set_time_point(document.image(), labels) {
            self.shown = Some(shown);
        }
        let other = self.shown != Some(shown) || (other_values && !other_time_point);
        let opened = self.shown.is_none_or(|(before, _)| before != number);
        if opened {
            // What lay over another scan leaves its room to this one.
            (self.overlays, self.told_coarse) = Default::default();
            (0..ImageLayer::MOST).for_each(|slot| _ = scene.set_overlay(slot, None));
        }
        if other {
            if let Err(why) = scene.set_volume(document.image().clone()) {
                self.refused = Some(number);
                return Err(why.to_string());
            }
            self.shown = Some(shown);
        }
        let changed = SceneChange { image: other, coarse: scene.coarse().filter(|_| !opened) };
        let looks = (masks_shown, preview, drawn);
        self.sync_labels(scene, (document, labels), looks, &changed)?;
        Ok(scene.upload(UPLOAD_BUDGET))
    }

    /// Labels and how they are drawn, over an image that is in the scene.
    fn sync_labels(
        &mut self,
        scene: &mut Scene,
        (document, labels): (&Document, &LabelMap),
        looks: (ShownMasks, Option<&Preview>, Option<&DrawnLabels>),
        changed: &SceneChange,
    ) -> Result<(), String> {
        let (masks_shown, preview, drawn) = looks;
        let other = changed.image;
        let previewed = preview.map(|p| (p.number, p.bounds));
        let shows_other = self.preview.map(|(n, _)| n) != previewed.map(|(n, _)| n);
        let other_styles = self.styles != drawn.map_or(&[][..], |drawn| &drawn.styles);
        let draws_other = self.drawn != drawn.map(|drawn| drawn.number);
        if other || self.revision != document.revision() || shows_other || draws_other {
            let dirty = if other { Dirty::Everything } else { self.dirty(document, drawn) };
            // The preview that goes and the one that comes.
            let places = [self.preview, previewed].into_iter().flatten().filter(|_| shows_other);
            let places = places.filter_map(|(_, bounds)| bounds);
            let uploaded = upload_dirty(scene, labels, &dirty, places);
            scene.set_styles(&styles(document, masks_shown, preview, drawn));
            self.revision = document.revision();
            self.drawn = drawn.map(|drawn| drawn.number);
            self.masks_shown = masks_shown;
            self.preview = previewed;
            // Labels may have found no room beside the scan, which is coarser now.
            if scene.coarse() != changed.coarse {
                self.coarse = scene.coarse();
            }
            uploaded.map_err(|why| why.to_string())?;
        } else if self.masks_shown != masks_shown || other_styles {
            scene.set_styles(&styles(document, masks_shown, preview, drawn));
            self.masks_shown = masks_shown;
        }
        if other_styles {
            self.styles = drawn.map(|drawn| drawn.styles.clone()).unwrap_or_default();
        }
        Ok(())
    }

    /// What has changed of the labels that are in the scene, which are not a document's other than the one shown.
    fn dirty(&self, document: &Document, drawn: Option<&DrawnLabels>) -> Dirty {
        match (self.drawn, drawn) {
            (None, None) => document.dirty_since(self.revision),
            (Some(before), Some(drawn)) if before == drawn.number => Dirty::Clean,
            (Some(before), Some(drawn)) => match drawn.made_of {
                Some((last, changed)) if last == before => {
                    changed.map_or(Dirty::Clean, Dirty::Within)
                }
                _ => Dirty::Everything,
            },
            _ => Dirty::Everything,
        }
    }
}

/// Uploads the labels of a document that is `dirty`, and of these other places.
fn upload_dirty(
    scene: &mut Scene,
    labels: &LabelMap,
    dirty: &Dirty,
    places: impl Iterator<Item = VoxelBox>,
) -> Result<(), RenderError> {
    match dirty {
        Dirty::Everything => scene.set_labels(labels, None),
        Dirty::Clean => upload(scene, labels, apart(places)),
        Dirty::Within(bounds) => {
            upload(scene, labels, apart(std::iter::once(*bounds).chain(places)))
        }
    }
}

/// Boxes that hold what these hold, joined where that is no more to upload: a preview that has jumped is two small
/// boxes and not all that lies between.
fn apart(boxes: impl IntoIterator<Item = VoxelBox>) -> Vec<VoxelBox> {
    let voxels = |b: &VoxelBox| b.size().iter().product::<usize>();
    let mut joined: Vec<VoxelBox> = Vec::new();
    for mut next in boxes {
        while let Some(n) =
            joined.iter().position(|b| voxels(&b.union(&next)) <= voxels(b) + voxels(&next))
        {
            next = next.union(&joined.swap_remove(n));
        }
        joined.push(next);
    }
    joined
}

fn upload(scene: &mut Scene, labels: &LabelMap, boxes: Vec<VoxelBox>) -> Result<(), RenderError> {
    boxes.into_iter().try_for_each(|bounds| scene.set_labels(labels, Some(bounds)))
}

fn styles(
    document: &Document,
    shown: ShownMasks,
    preview: Option<&Preview>,
    drawn: Option<&DrawnLabels>,
) -> Vec<LabelStyle> {
    if let Some(drawn) = drawn {
        return drawn.styles(shown != ShownMasks::Nothing);
    }
    let mut styles = label_styles(document, shown);
    styles.extend(preview.iter().flat_map(|p| p.styles.iter().copied()));
    styles
}

/// Asks for the device the renderer needs (large 3D textures, filterable formats).
pub(super) fn wgpu_options() -> WgpuConfiguration {
    let mut setup = WgpuSetupCreateNew::without_display_handle();
    setup.device_descriptor = std::sync::Arc::new(render::device_descriptor);
    egui_wgpu::WgpuConfiguration { wgpu_setup: WgpuSetup::CreateNew(setup), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_far_apart_stay_apart_and_neighbours_are_one() {
        let cube = |at: usize| VoxelBox { min: [at; 3], max: [at + 10; 3] };
        let sizes = |boxes: &[VoxelBox]| {
            let found = apart(boxes.iter().copied());
            let voxels = |b: &VoxelBox| b.size().iter().product::<usize>();
            (found.len(), found.iter().map(voxels).sum::<usize>())
        };
        assert_eq!(sizes(&[]), (0, 0));
        assert_eq!(sizes(&[cube(5), cube(200)]), (2, 2000));
        assert_eq!(sizes(&[cube(5), cube(6)]), (1, 1331));
        // Side by side; and inside of one another.
        let beside = VoxelBox { min: [15, 5, 5], max: [25, 15, 15] };
        assert_eq!(sizes(&[cube(5), beside]), (1, 2000));
        assert_eq!(sizes(&[cube(5), VoxelBox { min: [7; 3], max: [8; 3] }]), (1, 1000));
    }
}
