use std::sync::Arc;

use image::RgbaImage;

use super::headless::Headless;
use super::{Figure, FigureError};
use crate::document::Document;
use crate::render::{Offscreen, Scene};
use crate::ui::views::{self, BesideSlot, MoreToCome, SceneSlot};
use crate::ui::{self, Beside, ImageLayer, Pane, Status, ViewState};
use crate::work::CancelToken;

/// Bytes uploaded before the queue is emptied, so that staging memory stays small.
const UPLOAD: usize = 16 << 20;

/// A document on a graphics device of its own, ready to be drawn as often as wanted.
pub struct FigureRenderer {
    gpu: Offscreen,
    headless: Headless,
    document: Document,
}

impl FigureRenderer {
    /// Uploads everything. `view` has what all that will be drawn has over the scan and beside it: images, and the labels
    /// that are drawn instead of the document's.
    ///
    /// # Errors
    /// If there is no graphics device, or not enough memory on it, or somebody cancels.
    pub fn new(
        document: Document,
        view: &ViewState,
        cancel: &CancelToken,
    ) -> Result<Self, FigureError> {
        let gpu = Offscreen::new()?;
        let scene = load(&gpu, &document, view, cancel)?;
        let beside = beside(&gpu, &scene, view, cancel)?;
        let mut headless = Headless::new(&gpu);
        headless.resources().insert(SceneSlot(Some(scene)));
        headless.resources().insert(BesideSlot(beside));
        Ok(Self { gpu, headless, document })
    }

    /// What is drawn.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Draws one picture.
    ///
    /// # Errors
    /// If it is too large for the device, or the device fails.
    pub fn draw(&mut self, figure: &Figure) -> Result<RgbaImage, FigureError> {
        let Self { gpu, headless, document } = self;
        // Each thread has a language of its own; the picture speaks that of the view.
        ui::text::speak(figure.view.prefs.language);
        let mut view = figure.view.clone();
        if let Some(SceneSlot(Some(scene))) = headless.resources().get_mut::<SceneSlot>() {
            scene.set_styles(&view.drawn_styles(document));
        }
        if let Some(BesideSlot(Some(scene))) = headless.resources().get_mut::<BesideSlot>()
            && let Some(labels) = &view.scan.beside.labels
        {
            scene.set_styles(&labels.drawn.styles(view.labels_shown()));
        }
        let status = Status::default();
        let theme = egui::ThemePreference::from(view.prefs.theme);
        let ui = |ui: &mut egui::Ui| {
            ui.ctx().set_theme(theme);
            if figure.annotated {
                // Nobody clicks here, so nothing is asked for.
                views::show(ui, true, document, &mut view, &status, &mut Vec::new());
            } else {
                views::show_pictures(ui, document, &mut view);
            }
        };
        headless.draw(gpu, figure.size, figure.pixels_per_point, ui, |resources| {
            resources.get::<MoreToCome>().is_some_and(|more| more.0)
        })
    }
}

/// Everything of the document on the device.
fn load(
    gpu: &Offscreen,
    document: &Document,
    view: &ViewState,
    cancel: &CancelToken,
) -> Result<Scene, FigureError> {
    let mut scene = gpu.scene();
    scene.set_volume(Arc::clone(document.image()))?;
    // As in the window: labels before what lies over the scan, so that both have the same room.
    scene.set_labels(view.drawn_labels().map_or(document.labels(), |d| &d.labels), None)?;
    for (slot, layer) in view.scan.overlays.iter().take(ImageLayer::MOST).enumerate() {
        scene.set_overlay(slot, Some(Arc::clone(&layer.volume)))?;
        if let Some([x, y, z]) = scene.overlay_coarse(slot) {
            let name = layer.volume.name();
            tracing::warn!(
                "{name} is drawn coarser, {x} × {y} × {z} voxels as one: no graphics memory"
            );
        }
    }
    upload(gpu, &mut scene, cancel)?;
    Ok(scene)
}

/// What is shown beside slices, if they are shown twice in the picture.
fn beside(
    gpu: &Offscreen,
    first: &Scene,
    view: &ViewState,
    cancel: &CancelToken,
) -> Result<Option<Scene>, FigureError> {
    if !view.is_side_by_side() || view.scan.maximised == Some(Pane::Volume) {
        return Ok(None);
    }
    let mut scene = first.beside();
    let Beside { scan, labels, .. } = &view.scan.beside;
    match scan {
        Some(second) => scene.set_volume(Arc::clone(&second.image.volume))?,
        None => {
            scene.share(first);
        }
    }
    if let Some(labels) = labels {
        scene.set_labels(&labels.drawn.labels, None)?;
    }
    upload(gpu, &mut scene, cancel)?;
    Ok(Some(scene))
}

fn upload(gpu: &Offscreen, scene: &mut Scene, cancel: &CancelToken) -> Result<(), FigureError> {
    while !scene.upload(UPLOAD) {
        gpu.queue().submit([]);
        gpu.faults().check()?;
        cancel.check()?;
    }
    gpu.faults().check()?;
    Ok(())
}
