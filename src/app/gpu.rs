//! Keeps the GPU scene a copy of the document, a little each frame.

use eframe::egui_wgpu::{self, RenderState, WgpuConfiguration, WgpuSetup, WgpuSetupCreateNew};

use super::DocumentNumber;
use crate::document::{Dirty, Document};
use crate::render::{self, Scene, UPLOAD_BUDGET};
use crate::ui::label_styles;
use crate::ui::viewport::SceneSlot;

pub(super) struct Gpu {
    state: RenderState,
    shown: Option<DocumentNumber>,
    revision: u64,
    labels_shown: bool,
    refused: Option<DocumentNumber>,
}

impl Gpu {
    pub fn new(state: &RenderState) -> Self {
        let scene = Scene::new(&state.device, &state.queue, state.target_format);
        state.renderer.write().callback_resources.insert(SceneSlot(Some(scene)));
        Self { state: state.clone(), shown: None, revision: 0, labels_shown: true, refused: None }
    }

    /// `Ok(false)` while there is more to upload.
    pub fn sync(
        &mut self,
        number: DocumentNumber,
        document: &Document,
        labels_shown: bool,
    ) -> Result<bool, String> {
        if self.refused == Some(number) {
            return Ok(true);
        }
        let mut renderer = self.state.renderer.write();
        let slot = renderer.callback_resources.get_mut::<SceneSlot>();
        let Some(scene) = slot.and_then(|slot| slot.0.as_mut()) else { return Ok(true) };
        let other = self.shown != Some(number);
        if other {
            if let Err(why) = scene.set_volume(document.image().clone()) {
                self.refused = Some(number);
                return Err(why.to_string());
            }
            self.shown = Some(number);
        }
        if other || self.revision != document.revision() {
            let dirty = if other { Dirty::Everything } else { document.dirty_since(self.revision) };
            let uploaded = match dirty {
                Dirty::Clean => Ok(()),
                Dirty::Within(bounds) => scene.set_labels(document.labels(), Some(bounds)),
                Dirty::Everything => scene.set_labels(document.labels(), None),
            };
            scene.set_styles(&label_styles(document, labels_shown));
            self.revision = document.revision();
            self.labels_shown = labels_shown;
            uploaded.map_err(|why| why.to_string())?;
        } else if self.labels_shown != labels_shown {
            scene.set_styles(&label_styles(document, labels_shown));
            self.labels_shown = labels_shown;
        }
        Ok(scene.upload(UPLOAD_BUDGET))
    }
}

/// Asks for the device the renderer needs (large 3D textures, filterable formats).
pub(super) fn wgpu_options() -> WgpuConfiguration {
    let mut setup = WgpuSetupCreateNew::without_display_handle();
    setup.device_descriptor = std::sync::Arc::new(render::device_descriptor);
    egui_wgpu::WgpuConfiguration { wgpu_setup: WgpuSetup::CreateNew(setup), ..Default::default() }
}
