//! Models that look at cubes, as a [`Provider`] and a [`Segmenter`].

use std::sync::Arc;

use super::preprocess::{CanonicalGrid, SIDE};
use super::replay::{CubeSegmenter, SNAP};
use crate::geom::{DVec3, Grid};
use crate::prompt::{Capabilities, WorkingScale};
use crate::segment::error::SegmentError;
use crate::segment::library;
use crate::segment::provider::{ModelRef, Provider, Sending, ServerLook};
use crate::segment::remote::{self, ServerProtocol};
use crate::segment::runtime::{self, Runtime};
use crate::segment::segmenter::{
    Device, DeviceChoice, Outcome, Readiness, Request, Segmenter, Spot, Spots, Stage,
};
use crate::volume::Volume;
use crate::work::{CancelToken, Progress};

/// Checkpoints of SAM-Med3D, and pairs of ONNX files like it, on ONNX Runtime.
#[derive(Clone, Copy, Debug)]
pub struct CubeModels;

impl Provider for CubeModels {
    fn takes(&self, model: &ModelRef) -> bool {
        model.path().is_some_and(|path| library::describe(path).is_some())
    }

    fn shipped(&self) -> Option<ModelRef> {
        library::demo_model().map(ModelRef::Path)
    }

    fn runtime(&self) -> Result<Option<Runtime>, SegmentError> {
        runtime::load().map(Some)
    }

    fn identity(&self, model: &ModelRef) -> String {
        library::identity(&model.place())
    }

    fn open(
        &self,
        model: &ModelRef,
        device: DeviceChoice,
        threads: Option<usize>,
        _: &CancelToken,
    ) -> Result<Box<dyn Segmenter>, SegmentError> {
        Ok(Box::new(CubeSegmenter::open(&model.place(), device, threads)?))
    }
}

/// The same pairs on a server (KServe v2). It computes; here nothing is needed.
#[derive(Clone, Copy, Debug)]
pub struct ServedCubes;

impl Provider for ServedCubes {
    fn takes(&self, model: &ModelRef) -> bool {
        matches!(model, ModelRef::Server(served) if served.address.protocol() == ServerProtocol::KServe)
    }

    fn shipped(&self) -> Option<ModelRef> {
        None
    }

    fn runtime(&self) -> Result<Option<Runtime>, SegmentError> {
        Ok(None)
    }

    /// By its address and names: what lies there is the server's to say.
    fn identity(&self, model: &ModelRef) -> String {
        let names = match model {
            ModelRef::Server(served) => served.models.as_ref().map(|names| names.join(" ")),
            ModelRef::Path(_) => None,
        };
        format!("{model} {}", names.unwrap_or_default()).trim_end().to_owned()
    }

    fn sends(&self, _: &ModelRef, _: &Volume) -> Option<Sending> {
        Some(Sending::Place((SIDE * SIDE * SIDE * size_of::<f32>()) as u64))
    }

    fn look(&self, model: &ModelRef, cancel: &CancelToken) -> Result<ServerLook, SegmentError> {
        let served = model.server().ok_or_else(|| SegmentError::NoModel(model.place()))?;
        let facts = remote::look(served, cancel)?;
        let line = |(name, state): (String, String)| match state.as_str() {
            "" | "READY" => name,
            state => format!("{name} ({state})"),
        };
        let models = facts.models.into_iter().map(line).collect();
        Ok(ServerLook { server: facts.name, models, pairs: facts.pairs, note: None })
    }

    fn open(
        &self,
        model: &ModelRef,
        _: DeviceChoice,
        threads: Option<usize>,
        cancel: &CancelToken,
    ) -> Result<Box<dyn Segmenter>, SegmentError> {
        match model {
            ModelRef::Server(served) => {
                Ok(Box::new(CubeSegmenter::served(served, threads, cancel)?))
            }
            ModelRef::Path(path) => Err(SegmentError::NoModel(path.clone())),
        }
    }
}

/// Cubes that are encoded at most for a pointer that only rests: that of a new click, and one that it lies
/// in besides. More are a whole extension to be looked into anew (after a change of the model, for example),
/// which takes minutes and which nobody has asked for; the click itself does it.
const PREFETCHED: usize = 2;

/// How ready an answer is for which so many cubes have to be encoded.
fn readiness(missing: usize) -> Readiness {
    match missing {
        0 => Readiness::Ready,
        1..=PREFETCHED => Readiness::Soon,
        _ => Readiness::Late,
    }
}

/// The voxel of the canonical grid that a position lies in: the model sees whole voxels only. A cube around it does for
/// clicks near by.
fn spot(image: &Grid, scale: WorkingScale, world: DVec3) -> Spot {
    Spot { cell: CanonicalGrid::scaled(image, scale).nearest(world), reach: SNAP.into() }
}

impl Segmenter for CubeSegmenter {
    fn name(&self) -> &str {
        self.model_name()
    }

    fn device(&self) -> &Device {
        self.device()
    }

    fn start_ms(&self) -> f64 {
        self.session_ms()
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities()
    }

    fn spots(&self) -> Spots {
        Arc::new(spot)
    }

    fn readiness(&mut self, request: &Request) -> Result<Readiness, SegmentError> {
        self.missing_cubes(request).map(readiness)
    }

    fn prepare(&mut self, request: &Request, cancel: &CancelToken) -> Result<(), SegmentError> {
        self.prefetch(request, cancel).map(drop)
    }

    fn preview(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
    ) -> Result<Option<Outcome>, SegmentError> {
        self.preview(request, cancel)
    }

    fn answer(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Outcome, SegmentError> {
        self.run(request, cancel, stage)
    }

    fn extend(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
        progress: &Progress,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Outcome, SegmentError> {
        self.extend(request, cancel, progress, stage)
    }

    fn forget_closed(&mut self) {
        self.forget_closed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resting_pointer_does_not_encode_a_whole_extension() {
        use Readiness::{Late, Ready, Soon};
        assert_eq!([0, 1, 2, 3, 33].map(readiness), [Ready, Soon, Soon, Late, Late]);
    }
}
