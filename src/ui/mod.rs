//! The window's contents. Depends on `document`, `render`, `measure`, `geom`, `volume`: it reads the
//! document and says what the user wants as [`Action`]s; it does no I/O and runs no model.
//!
//! The only place that implements egui paint callbacks.

mod action;
mod state;
mod status;
pub mod viewport;

pub use action::Action;
pub use state::{Hover, Pane, PaneState, Tool, ViewState};
pub use status::{Busy, Latency, ModelStatus, Opening, RuntimeStatus, SaveStatus, Status};
