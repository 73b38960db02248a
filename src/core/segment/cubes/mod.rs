//! Models that look at cubes of a scan: SAM-Med3D, as a checkpoint or as a pair of ONNX files. The cube that such a
//! model sees around a click, the model itself, and its answers laid back on the scan's voxels.

mod answer;
mod blend;
mod cache;
mod engine;
mod extend;
mod open_faces;
mod patches;
mod postprocess;
mod preprocess;
mod provider;
mod replay;
mod start;
mod state;
mod steady;

pub use answer::{Cubes, Logits, Patch, Step};
pub use blend::{lay, mask_of, paste};
pub use engine::{Features, expect_models};
pub use open_faces::{Edges, edges};
pub use postprocess::upsample;
pub use preprocess::{CanonicalGrid, Crop, CropPlace, SIDE, SIGHT, SPACING, crop};
pub use provider::{CubeModels, ServedCubes};
pub use replay::CubeSegmenter;
