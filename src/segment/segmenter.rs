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
    /// other axes and spacing; voxels outside of the image's cubes stay out of the mask.
    pub mask_grid: Option<Grid>,
    /// What to replay; the first prompt is positive.
    pub log: PromptLog,
    /// The object's last answer. To extend it passes over what it has tried in vain. Its cubes stay where they are as
    /// long as the clicks that opened them stand; its steps are used, not computed again, where they are still valid.
    /// Steps of another model must have been taken out by [`without_steps`](super::cubes::without_steps).
    pub earlier: Answer,
    /// A new cube may be one at hand whose centre is at most so many voxels (of 1.5 mm, along each axis) from the
    /// click, instead of the one exactly around it; 0 is exact. Where a cube then lies is told by the answer
    /// ([`Patch::place`]) only, not by the log: whoever saves a log of snapped cubes must save their places too.
    pub snap: u32,
}

impl Request {
    /// A request that starts from nothing.
    pub fn new(volume: Arc<Volume>, prompts: Vec<Prompt>) -> Self {
        let log = PromptLog { frame: volume.frame(), prompts, ..PromptLog::default() };
        Self { volume, mask_grid: None, log, earlier: Answer::default(), snap: 0 }
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
