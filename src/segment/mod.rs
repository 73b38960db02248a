//! From clicks to masks: the crop a promptable 3D model looks at, the model itself, and its answer laid
//! back on the scan's voxels. Depends on `volume`, `geom`, `placeholder`, `prompt`, `work`.
//! Only `engine` and `runtime` name ONNX Runtime.

mod blend;
mod cache;
pub mod checkpoint;
mod digest;
pub mod download;
mod engine;
mod error;
mod extend;
mod faces;
pub mod graph;
mod install;
pub mod library;
mod patches;
mod postprocess;
mod preprocess;
mod private_copy;
pub mod runtime;
mod session;
mod steady;

pub use blend::{lay, paste};
pub use engine::{Device, DeviceChoice, Features, expect_models};
pub use error::SegmentError;
pub use faces::{Edges, edges};
pub use postprocess::upsample;
pub use preprocess::{CanonicalGrid, Crop, SIDE, SPACING, crop};
pub use session::{Outcome, Request, Segmenter, Stage, Timings, without_steps};
