//! The window's contents. Depends on `document`, `render`, `geom`, `volume` and `prompt`: it reads the
//! document and says what the user wants as [`Action`]s; it does no I/O and runs no model.
//!
//! The only place that implements egui paint callbacks.

mod action;
mod arrangement;
mod ask_replace;
mod card;
mod grip;
pub mod help;
mod history;
pub mod icons;
mod in_3d;
mod inner_box;
mod layers;
mod log;
mod looking;
mod objects_in_view;
pub mod panels;
pub mod path_prompt;
pub mod presets;
pub mod shortcuts;
mod state;
mod status;
pub mod text;
pub mod theme;
mod toasts;
mod verb;
pub mod viewport;
pub mod welcome;
mod wishes;

pub use action::{Action, OfferAnswer, ReplaceAnswer};
pub use arrangement::{Layout, Lightbox, Pane, SidePanels, Splits};
pub use in_3d::View3d;
pub use looking::{MaskLook, THICKEST, projection_name};
pub use objects_in_view::{ShownMasks, label_styles};
pub use state::{Hover, ImageLayer, Intent, PRACTISED, PaneState, Tool, ViewState};
pub use status::{
    Busy, Download, Drawing, Latency, Level, LogLine, ModelEntry, ModelStatus, Offer, Opening,
    PreviewStatus, Question, RuntimeStatus, SaveStatus, Status,
};
pub use toasts::Toasts;
pub use verb::{Desk, SCALES, Verb, can_extend, is_cut};
pub use wishes::{FilmFormat, LONGEST_SIDE, PictureSize, PictureWish, Screen, TurnWish};

use crate::document::Document;

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
    viewport::note_press(ui.ctx());
    shortcuts::handle(ui.ctx(), document, view, status, out);
    panels::show_chrome(ui, document, view, status, out);
    if let Some(document) = document {
        viewport::show(ui, gpu, document, view, status, out);
    }
}
