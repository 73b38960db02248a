//! What a model is asked, and what it answers.

use std::sync::Arc;

use crate::geom::Grid;
use crate::prompt::{Answer, Extension, Prompt, PromptLog};
use crate::volume::{Region, Volume};

/// An object to replay, with the answers that still stand.
#[derive(Clone, Debug)]
pub struct Request {
    /// The image that the model looks at.
    pub volume: Arc<Volume>,
    /// The grid of the mask, if it is not that of the image: of the scan that the image lies over. It may have
    /// other axes and spacing; voxels outside of the image stay out of the mask.
    pub mask_grid: Option<Grid>,
    /// What to replay; the first prompt is positive.
    pub log: PromptLog,
    /// The object's last answer. What it says of prompts that still stand need not be computed again; it is looked
    /// where it was looked for them; and to extend, what was tried in vain is passed over. An answer of another model
    /// must come without what that one keeps ([`Answer::without_state`]).
    pub earlier: Answer,
    /// For a new prompt the model may look at what it has prepared for a place near by, instead of exactly around the
    /// prompt. Where that is is then told by the answer's footprint only, not by the log.
    pub near: bool,
}

impl Request {
    /// A request that starts from nothing.
    pub fn new(volume: Arc<Volume>, prompts: Vec<Prompt>) -> Self {
        let log = PromptLog { frame: volume.frame(), prompts, ..PromptLog::default() };
        Self { volume, mask_grid: None, log, earlier: Answer::default(), near: false }
    }

    /// The grid of the mask.
    pub fn mask_grid(&self) -> &Grid {
        self.mask_grid.as_ref().unwrap_or_else(|| self.volume.grid())
    }
}

/// The replay of a request.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the model said; it does not name the model, the caller knows it best.
    pub answer: Answer,
    /// The log's extensions, and those that extending added.
    pub extensions: Vec<Extension>,
    /// The mask on [`Request::mask_grid`].
    pub region: Region,
    /// How long it took.
    pub timings: Timings,
}

/// What a replay is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Cutting and normalising the crop.
    Crop,
    /// The image encoder.
    Encode,
    /// The mask decoder.
    Decode,
    /// Logits to voxels.
    Paste,
}

/// Milliseconds of each stage.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timings {
    /// Cutting and normalising the crops; `None` if all were at hand.
    pub crop: Option<f64>,
    /// The encoder, all crops together; `None` if all embeddings were at hand.
    pub encode: Option<f64>,
    /// The decoder, once for each prompt in each cube that was not answered yet.
    pub decode: Vec<f64>,
    /// Logits to voxels.
    pub paste: f64,
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
