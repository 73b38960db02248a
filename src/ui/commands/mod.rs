//! What can be done, by which key, and doing it.

pub mod shortcuts;
mod verb;
pub mod widgets;

pub use verb::{CommandContext, Verb};
