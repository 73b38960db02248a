//! Models on a server of nnInteractive: it has the whole scan, and answers each point with what changes of the mask. Its
//! protocol stands in `remote/nninteractive`; here is what a log of prompts is to such a session.

mod image;
mod interaction;
mod mask;
mod provider;
mod replay;
#[cfg(test)]
mod tests;

pub use image::sent_bytes;
pub use provider::InteractiveModels;
pub use replay::InteractiveSegmenter;
