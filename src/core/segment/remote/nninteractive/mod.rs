//! The server of nnInteractive 2.6, which 3D Slicer's and napari's plug-ins use, too
//! (<https://github.com/MIC-DKFZ/nnInteractive>): a session on the server has one scan and the interactions with one
//! object, and answers each with the box of the mask that changed. A request here does something there, so what has
//! failed is not simply asked again: whoever uses a session knows what is in it and replays it.
//!
//! The protocol's three axes are those of the array that is sent. We send voxels as they lie in memory, and as SimpleITK
//! has them, with which the model was trained: slices (z), rows (y), columns (x, fastest). All places here are x, y, z; the
//! session turns them around.

mod blosc;
mod facts;
mod nnia;
mod session;
#[cfg(test)]
pub(in crate::segment) mod tests;

pub use facts::InteractiveFacts;
pub use session::interactive_facts;
pub(in crate::segment) use session::{DrawnKind, InteractiveSession, Pasted};
