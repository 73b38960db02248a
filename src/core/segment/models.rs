//! The kinds of models that there are, and how the window opens one.

use super::cubes;
use super::error::SegmentError;
use super::nninteractive::InteractiveModels;
use super::provider::{ModelRef, Provider};
use super::runtime::Runtime;
use super::segmenter::{DeviceChoice, Segmenter};
use crate::work::CancelToken;

/// The kind that a model is taken to be of if no kind takes it: that one says what is wrong with it.
const FIRST: &dyn Provider = &cubes::CubeModels;
/// All kinds of models.
pub const PROVIDERS: &[&dyn Provider] = &[FIRST, &cubes::ServedCubes, &InteractiveModels];

/// The kind of a model.
pub fn provider_of(model: &ModelRef) -> &'static dyn Provider {
    PROVIDERS.iter().copied().find(|p| p.takes(model)).unwrap_or(FIRST)
}

/// Opens a model, and what it runs on before.
///
/// # Errors
/// As [`Provider::runtime`] and [`Provider::open`].
pub fn open(
    model: &ModelRef,
    device: DeviceChoice,
    threads: Option<usize>,
) -> Result<Box<dyn Segmenter>, SegmentError> {
    let provider = provider_of(model);
    provider.runtime()?;
    provider.open(model, device, threads, &CancelToken::new())
}

/// What goes on while a model is opened.
#[derive(Debug)]
pub enum Opening {
    /// What it runs on was loaded (`None`: it needs nothing), or is missing; then no model follows.
    Runtime(Result<Option<Runtime>, SegmentError>),
    /// The model of this name is being loaded.
    Loading(String),
}

/// A model ready to answer.
pub struct OpenModel {
    /// Answers.
    pub segmenter: Box<dyn Segmenter>,
    /// Tells it from every other one, also from what lay at the same place before.
    pub id: String,
    /// Where it is, in full.
    pub model: ModelRef,
}

/// Where the window has its models from.
pub trait Models: Send {
    /// Opens the model that was chosen; `None` is the one that ships. `Ok(None)` if what it runs on is missing, which
    /// has been told. Called on a thread of its own.
    ///
    /// # Errors
    /// If there is no such model, or it can't be used; or on cancelling.
    fn open(
        &mut self,
        chosen: Option<&ModelRef>,
        cancel: &CancelToken,
        tell: &dyn Fn(Opening),
    ) -> Result<Option<OpenModel>, SegmentError>;
}

/// The models of [`PROVIDERS`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Installed;

impl Models for Installed {
    fn open(
        &mut self,
        chosen: Option<&ModelRef>,
        cancel: &CancelToken,
        tell: &dyn Fn(Opening),
    ) -> Result<Option<OpenModel>, SegmentError> {
        cancel.check()?;
        let provider = chosen.map_or(FIRST, provider_of);
        let runtime = provider.runtime();
        let missing = runtime.is_err();
        tell(Opening::Runtime(runtime));
        if missing {
            return Ok(None);
        }
        let model = chosen.cloned().or_else(|| provider.shipped());
        let model = model.ok_or(SegmentError::NoDemoModel)?;
        tell(Opening::Loading(model.name()));
        // Models of one name are common, so the full path names it.
        let full = model.canonical();
        // Before it is read: if it is written meanwhile, the next start is of another one.
        let id = provider.identity(&full);
        let segmenter = provider.open(&model, DeviceChoice::Auto, None, cancel)?;
        Ok(Some(OpenModel { segmenter, id, model: full }))
    }
}
