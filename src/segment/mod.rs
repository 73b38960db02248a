//! From clicks to masks. [`Segmenter`](cubes::CubeSegmenter)s answer a [`Request`]; `cubes` is the one that there is:
//! promptable models that look at cubes of the scan. Depends on `volume`, `geom`, `placeholder`, `prompt`, `work`.
//! Only `cubes/engine` and `runtime` name ONNX Runtime.
//!
//! Arrows between the parts: `cubes` → `graph` → `checkpoint`; `cubes` → `library`, `runtime`; all → `error`,
//! `segmenter` and the small `digest` and `private_copy`.

mod adjust;
pub mod checkpoint;
pub mod cubes;
mod digest;
pub mod download;
mod error;
pub mod graph;
pub mod library;
mod private_copy;
pub mod runtime;
mod segmenter;

pub use adjust::{Adjust, Adjusted, adjustable, adjusted, kept};
pub use error::SegmentError;
pub use segmenter::{Device, DeviceChoice, Outcome, Request, Stage, Timings};
