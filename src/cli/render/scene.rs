//! The renderer's scene of a document.

use std::sync::Arc;

use crate::document::Document;
use crate::render::{Offscreen, Scene};
use crate::ui;

/// Bytes uploaded before the queue is emptied, so that staging memory stays small.
const UPLOAD: usize = 64 << 20;

/// Everything of the document on the device.
pub fn load(gpu: &Offscreen, document: &Document) -> anyhow::Result<Scene> {
    let mut scene = gpu.scene();
    scene.set_volume(Arc::clone(document.image()))?;
    while !scene.upload(UPLOAD) {
        gpu.queue().submit([]);
    }
    scene.set_labels(document.labels(), None)?;
    scene.set_styles(&ui::label_styles(document, true));
    Ok(scene)
}
