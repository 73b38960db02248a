//! Models on nnInteractive's servers, as a [`Provider`].

use super::replay::InteractiveSegmenter;
use crate::segment::error::SegmentError;
use crate::segment::provider::{ModelRef, Provider};
use crate::segment::remote::ServerProtocol;
use crate::segment::runtime::Runtime;
use crate::segment::segmenter::{DeviceChoice, Segmenter};

/// What a server of nnInteractive has loaded. It computes; here nothing is needed.
#[derive(Clone, Copy, Debug)]
pub struct InteractiveModels;

impl Provider for InteractiveModels {
    fn takes(&self, model: &ModelRef) -> bool {
        matches!(model, ModelRef::Server(served) if served.address.protocol() == ServerProtocol::NnInteractive)
    }

    fn shipped(&self) -> Option<ModelRef> {
        None
    }

    fn runtime(&self) -> Result<Option<Runtime>, SegmentError> {
        Ok(None)
    }

    /// By its address: what lies there is the server's to say.
    fn identity(&self, model: &ModelRef) -> String {
        model.to_string()
    }

    fn open(
        &self,
        model: &ModelRef,
        _: DeviceChoice,
        _: Option<usize>,
    ) -> Result<Box<dyn Segmenter>, SegmentError> {
        match model {
            ModelRef::Server(served) => Ok(Box::new(InteractiveSegmenter::open(served)?)),
            ModelRef::Path(path) => Err(SegmentError::NoModel(path.clone())),
        }
    }
}
