//! The window's contents. Depends on `document`, `render`, `geom`, `volume` and `prompt`: it reads the
//! document and says what the user wants as [`Action`]s; it does no I/O and runs no model.
//!
//! The only place that implements egui paint callbacks.

mod action;
pub mod help;
pub mod icons;
mod inner_box;
pub mod panels;
pub mod path_prompt;
pub mod shortcuts;
mod state;
mod status;
pub mod text;
pub mod theme;
mod toasts;
mod verb;
pub mod viewport;
pub mod welcome;

pub use action::Action;
pub use state::{
    Hover, ImageLayer, Intent, Layout, Lightbox, Pane, PaneState, SidePanels, Splits, Tool, View3d,
    ViewState,
};
pub use status::{
    Busy, Download, Latency, ModelEntry, ModelStatus, Opening, PreviewStatus, RuntimeStatus,
    SaveStatus, Status,
};
pub use toasts::Toasts;
pub use verb::{Desk, Verb, can_extend};

use crate::document::Document;
use crate::render::LabelStyle;

/// Draws the whole window and says in `out` what the user wants.
///
/// `gpu`: whether a [`viewport::SceneSlot`] was put into egui's callback resources.
pub fn show(
    ui: &mut egui::Ui,
    gpu: bool,
    document: Option<&Document>,
    view: &mut ViewState,
    status: &Status,
    out: &mut Vec<Action>,
) {
    shortcuts::handle(ui.ctx(), document, view, status, out);
    panels::show_chrome(ui, document, view, status, out);
    if let Some(document) = document {
        viewport::show(ui, gpu, document, view, status, out);
    }
}

/// How each object's label is drawn; with `shown` false (masks are hidden) none is visible.
pub fn label_styles(document: &Document, shown: bool) -> Vec<LabelStyle> {
    document
        .objects()
        .iter()
        .map(|o| LabelStyle {
            value: o.id.0,
            colour: o.colour,
            visible: o.visible && shown,
            opacity: 1.0,
            faint: false,
        })
        .collect()
}
