//! Pictures with everything the window draws over its views.

use image::RgbaImage;

use super::{headless_egui, scene};
use crate::document::Document;
use crate::render::Offscreen;
use crate::ui::viewport::{self, SceneSlot};
use crate::ui::{Status, ViewState};

/// The window's views with letters, crosshair and text, drawn by the window's own code.
pub fn annotated(
    gpu: &Offscreen,
    document: &Document,
    mut view: ViewState,
    size: [u32; 2],
) -> anyhow::Result<RgbaImage> {
    let scene = scene::load(gpu, document)?;
    let status = Status::default();
    headless_egui::draw(
        gpu,
        size,
        |renderer| {
            renderer.callback_resources.insert(SceneSlot(Some(scene)));
        },
        // Nobody is there to want anything.
        |ui| viewport::show(ui, true, document, &mut view, &status, &mut Vec::new()),
    )
}
