//! The window's contents. Depends on `document`, `render`, `measure`, `geom`, `volume`: it reads the
//! document and says what the user wants as [`Action`]s; it does no I/O and runs no model.
//!
//! The only place that implements egui paint callbacks.

mod action;
pub mod help;
pub mod icons;
pub mod panels;
pub mod shortcuts;
mod state;
mod status;
pub mod theme;
mod verb;
pub mod welcome;

pub use action::Action;
pub use state::{Hover, Pane, PaneState, SidePanels, Tool, ViewState};
pub use status::{Busy, Latency, ModelStatus, Opening, RuntimeStatus, SaveStatus, Status};
pub use verb::{Desk, Verb};
