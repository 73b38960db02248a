//! From clicks to masks: the crop a promptable 3D model looks at, the model itself, and its answer laid
//! back on the scan's voxels. Depends on `volume`, `geom`, `prompt`, `work`.
//! Only `engine` and `runtime` name ONNX Runtime.

pub mod checkpoint;
mod engine;
mod error;
mod install;
mod postprocess;
mod preprocess;
pub mod runtime;
mod session;

pub use engine::{Device, DeviceChoice, Features};
pub use error::SegmentError;
pub use postprocess::{paste, upsample};
pub use preprocess::{CanonicalGrid, Crop, SIDE, SPACING, crop};
pub use session::{Outcome, Request, Segmenter, Stage, Timings};
