//! Models on nnInteractive's servers, as a [`Provider`].

use super::image::sent_bytes;
use super::replay::InteractiveSegmenter;
use crate::segment::error::SegmentError;
use crate::segment::provider::{ModelRef, Provider, Sending, ServerLook};
use crate::segment::remote::nninteractive::interactive_facts;
use crate::segment::remote::{RemoteError, ServerProtocol};
use crate::segment::runtime::Runtime;
use crate::segment::segmenter::{DeviceChoice, Segmenter};
use crate::volume::Volume;
use crate::work::CancelToken;

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

    /// All of it, whatever was clicked: such a server looks at more than a patch.
    fn sends(&self, _: &ModelRef, image: &Volume) -> Option<Sending> {
        Some(Sending::Image(sent_bytes(image)))
    }

    /// Takes a place and gives it back. That none is left is no error: the first click waits for one.
    fn look(&self, model: &ModelRef, cancel: &CancelToken) -> Result<ServerLook, SegmentError> {
        let served = model.server().ok_or_else(|| SegmentError::NoModel(model.place()))?;
        let note = match interactive_facts(served, cancel) {
            Ok(facts) => match facts.licence {
                Some(licence) => format!("the licence of its model is {licence}"),
                None => "the licence of its model is not stated".to_owned(),
            },
            Err(RemoteError::Full { .. }) => {
                "all its places are taken for now; the first click waits for one".to_owned()
            }
            Err(error) => return Err(error.into()),
        };
        let server = "nnInteractive".to_owned();
        Ok(ServerLook { server, note: Some(note), ..ServerLook::default() })
    }

    fn open(
        &self,
        model: &ModelRef,
        _: DeviceChoice,
        _: Option<usize>,
        cancel: &CancelToken,
    ) -> Result<Box<dyn Segmenter>, SegmentError> {
        match model {
            ModelRef::Server(served) => Ok(Box::new(InteractiveSegmenter::open(served, cancel)?)),
            ModelRef::Path(path) => Err(SegmentError::NoModel(path.clone())),
        }
    }
}
