//! From clicks to masks: the crop a promptable 3D model looks at, the model itself, and its answer laid
//! back on the scan's voxels. Depends on `volume`, `geom`, `prompt`, `work`.
//! Only `engine` and `runtime` name ONNX Runtime.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::prompt::{CropPlace, Logits, Prompt, Step};
use crate::volume::{Region, Volume};
use crate::work::{CancelToken, Progress};

/// One line for the user: what is wrong, where, what to do.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    #[error("stub")]
    Stub,
}

/// Where to run the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// CUDA where it works, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// CUDA or an error.
    Cuda,
}

/// Where the model runs, and why there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// `CPU` or `CUDA`.
    pub name: String,
    /// Threads on the CPU; 0 on CUDA.
    pub threads: usize,
    /// Why, e.g. what the CUDA provider said. Empty only if nobody would ask.
    pub reason: String,
}

/// Milliseconds of each stage.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timings {
    /// Cutting and normalising the crop; `None` if it was at hand.
    pub crop: Option<f64>,
    /// The encoder; `None` if the embedding was at hand.
    pub encode: Option<f64>,
    /// The decoder, once for each prompt that was not answered yet.
    pub decode: Vec<f64>,
    /// Logits to voxels.
    pub paste: f64,
}

/// A model ready to answer.
pub struct Segmenter(());

/// All prompts of an object, with the answers that still stand.
#[derive(Clone, Debug)]
pub struct Request {
    /// The scan.
    pub volume: Arc<Volume>,
    /// All prompts; the first is positive.
    pub prompts: Vec<Prompt>,
    /// Earlier answers; those that are still valid are used, not computed again.
    pub steps: Vec<Arc<Step>>,
    /// The crop of those answers, if there are any.
    pub crop: Option<CropPlace>,
}

/// The replay of a request.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// One step for each prompt.
    pub steps: Vec<Arc<Step>>,
    /// The crop; `None` without prompts.
    pub crop: Option<CropPlace>,
    /// Mean and standard deviation the crop was normalised with, if it was cut now.
    pub region: Region,
    /// How long it took.
    pub timings: Timings,
}

/// What a replay is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Crop,
    Encode,
    Decode,
    Paste,
}

impl Segmenter {
    /// Loads `encoder.onnx` and `decoder.onnx` of a folder. Needs [`runtime`] to be ready.
    pub fn open(
        _model: &Path,
        _device: DeviceChoice,
        _threads: Option<usize>,
    ) -> Result<Self, SegmentError> {
        todo!()
    }
    /// Name of the model (folder or file name).
    pub fn model_name(&self) -> &str {
        todo!()
    }
    /// Where it runs and why.
    pub fn device(&self) -> &Device {
        todo!()
    }
    /// Milliseconds the sessions took to start.
    pub fn session_ms(&self) -> f64 {
        todo!()
    }
    /// Replays the prompts.
    pub fn run(
        &mut self,
        _request: &Request,
        _cancel: &CancelToken,
        _stage: &mut dyn FnMut(Stage),
    ) -> Result<Outcome, SegmentError> {
        todo!()
    }
}

/// Low-resolution logits, trilinear (align_corners = false) to `side`³, (x, y, z) order, z fastest.
pub fn upsample(_logits: &Logits, _side: usize) -> Vec<f32> {
    todo!()
}

/// Finding and fetching ONNX Runtime.
pub mod runtime {
    use super::{CancelToken, Path, PathBuf, Progress, SegmentError};

    /// The library found and loaded.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Runtime {
        /// The shared library.
        pub path: PathBuf,
        /// How it was found, for people: `ORT_DYLIB_PATH`, `beside the program`, `data folder`, `Python package`.
        pub found: String,
        /// Its version.
        pub version: String,
    }
    /// Finds and loads the library, once for the life of the process (later calls return the same). Slow: not on the UI thread.
    pub fn load() -> Result<Runtime, SegmentError> {
        todo!()
    }
    /// Fetches the pinned library with pip into the user's data folder. Does nothing if it is there already.
    pub fn install(_cancel: &CancelToken, _progress: &Progress) -> Result<PathBuf, SegmentError> {
        todo!()
    }
    /// The folder that holds the shipped demo model: `VOXPOINT_MODELS`, beside the program, the source tree's `models/`.
    pub fn demo_model() -> Option<PathBuf> {
        let _: Option<&Path> = None;
        todo!()
    }
}
