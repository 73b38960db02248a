//! The one door to models: what they are asked, what they answer, and what else the window wants of them.

use std::sync::Arc;

use super::error::SegmentError;
use super::remote::Traffic;
use crate::geom::{DVec3, Grid};
use crate::prompt::{Answer, Capabilities, Extension, Prompt, PromptLog, WorkingScale};
use crate::volume::{Region, Volume};
use crate::work::{CancelToken, Progress};

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
        let log = PromptLog { time_point: volume.time_point(), prompts, ..PromptLog::default() };
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
    /// Waiting until a server has a place for us.
    Queue,
    /// Cutting what the model looks at out of the image.
    Crop,
    /// What is kept for further prompts near by: an image encoder, an upload.
    Encode,
    /// What each prompt costs: a mask decoder, a server's answer.
    Decode,
    /// The answer to voxels.
    Paste,
}

/// Milliseconds of each stage.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timings {
    /// Cutting what the model looks at out of the image; `None` if all was at hand.
    pub crop: Option<f64>,
    /// What is kept for further prompts, all together; `None` if all was at hand.
    pub encode: Option<f64>,
    /// Each run for a prompt that was not answered yet.
    pub decode: Vec<f64>,
    /// The answer to voxels.
    pub paste: f64,
    /// What of the others went over the network; `None` of a model that is here.
    pub traffic: Option<Traffic>,
}

impl Timings {
    /// Adds what went over the network.
    pub(super) fn add(&mut self, traffic: Option<Traffic>) {
        if let Some(more) = traffic {
            *self.traffic.get_or_insert_default() += more;
        }
    }
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
    /// `CPU`, `CUDA`, or whatever it is.
    pub name: String,
    /// Threads on the CPU; 0 elsewhere.
    pub threads: usize,
    /// Why, e.g. what the CUDA provider said. Empty only if nobody would ask.
    pub reason: String,
}

/// Where a new prompt would have a model look: the model's own numbers, for others to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Prompts in one cell get one answer.
    pub cell: [i64; 3],
    /// What is prepared for a spot serves others (of the same image, at the same scale) whose cells are at most so far
    /// from its own, along each axis.
    pub reach: u64,
}

impl Spot {
    /// Whether what is prepared for this spot does for a prompt at another.
    pub fn serves(self, other: Self) -> bool {
        self.cell.iter().zip(other.cell).all(|(a, b)| a.abs_diff(b) <= self.reach)
    }
}

/// Tells the spot of a position (RAS mm) in an image on such a grid, at a working scale. At once, and on any thread.
pub type Spots = Arc<dyn Fn(&Grid, WorkingScale, DVec3) -> Spot + Send + Sync>;

/// What stands before an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Nothing: it can be had as a preview.
    Ready,
    /// Something worth preparing while the pointer rests.
    Soon,
    /// More than that: only for a click that was made.
    Late,
}

/// A model ready to answer, of whatever kind and wherever it runs. It belongs to one thread at a time.
///
/// An object's mask is the replay of its [`PromptLog`]: the same request gets the same outcome, whatever was prepared
/// or answered before (but for [`Request::near`]). So undo, a saved session and another computer give the same mask. A
/// model that only knows "one more prompt" replays them in itself, or goes on from what it has kept in
/// [`Answer::state`].
pub trait Segmenter: Send {
    /// Its name, for people.
    fn name(&self) -> &str;

    /// Where it runs and why.
    fn device(&self) -> &Device;

    /// Milliseconds that it took to start.
    fn start_ms(&self) -> f64 {
        0.0
    }

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Where prompts would have it look.
    fn spots(&self) -> Spots;

    /// What stands before the answer to a request.
    ///
    /// # Errors
    /// If a prompt is where it makes no sense.
    fn readiness(&mut self, request: &Request) -> Result<Readiness, SegmentError>;

    /// Does what can be done for a request before it is made, so that its answer then comes at once.
    ///
    /// # Errors
    /// As [`Segmenter::answer`].
    fn prepare(&mut self, request: &Request, cancel: &CancelToken) -> Result<(), SegmentError>;

    /// The answer to a request if it is [`Readiness::Ready`]: what one more click would give.
    ///
    /// # Errors
    /// As [`Segmenter::answer`].
    fn preview(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
    ) -> Result<Option<Outcome>, SegmentError>;

    /// Replays a request. `stage` is told what goes on.
    ///
    /// # Errors
    /// If a prompt is where it makes no sense or of a kind that it does not take, the image can't be used, the model
    /// fails, or on cancelling.
    fn answer(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Outcome, SegmentError>;

    /// Answers a request, and follows its mask beyond what was looked at. Cancelled on the way, the outcome is what has
    /// been found until then. [`Segmenter::answer`] of the same log with the outcome's extensions gives the same mask.
    /// `progress` counts places; their total grows on the way.
    ///
    /// # Errors
    /// As [`Segmenter::answer`]; and if it can't do so ([`Capabilities::extends`]).
    fn extend(
        &mut self,
        _request: &Request,
        _cancel: &CancelToken,
        _progress: &Progress,
        _stage: &mut dyn FnMut(Stage),
    ) -> Result<Outcome, SegmentError> {
        Err(SegmentError::NoExtending)
    }

    /// Lets go of what belongs to images that nobody has any more.
    fn forget_closed(&mut self) {}
}
