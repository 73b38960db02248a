//! From clicks to masks. A [`Segmenter`] answers a [`Request`]; nobody else needs to know what kind of model it is.
//! `cubes` is one kind: promptable models that look at cubes of the scan; `nninteractive` another: a server that has all
//! of it. Another kind is another folder, and a line in [`PROVIDERS`]. Depends on `volume`, `geom`, `mask`, `placeholder`, `prompt`, `text`,
//! `work`.
//! Only `cubes/engine` and `runtime` name ONNX Runtime; `remote` brings tensors to a server and back.
//!
//! Arrows between the parts: `models` → `cubes` → `graph` → `checkpoint`; `cubes` → `library`, `remote`, `runtime`;
//! `models` → `nninteractive` → `remote`; `cubes`, `nninteractive`, `models` → `provider` → `segmenter` → `error` → `remote`; all → the small `digest`, `private_copy`,
//! `network`, `tensor` and `trust`.

mod adjust;
pub mod checkpoint;
pub mod cubes;
mod digest;
pub mod download;
mod error;
pub mod graph;
mod kept_parts;
pub mod library;
mod models;
mod network;
pub mod nninteractive;
mod private_copy;
mod provider;
pub mod remote;
pub mod runtime;
mod segmenter;
mod tensor;
mod trust;

pub use adjust::{Adjust, Adjusted, adjustable, adjustable_state, adjusted, kept};
pub use error::SegmentError;
pub use kept_parts::kept_parts;
pub use models::{Installed, Models, OpenModel, Opening, PROVIDERS, open, provider_of};
pub use provider::{ModelRef, Provider, Sending, ServerLook};
pub use segmenter::{
    Device, DeviceChoice, Outcome, Readiness, Request, Segmenter, Spot, Spots, Stage, Timings,
};
