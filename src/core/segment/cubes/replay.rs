//! The replay of an object's prompts.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::answer::{Cubes, Patch, Step};
use super::blend::mask_of;
use super::cache::{Cache, CubeKey};
use super::engine::{Embedding, Engine, Features, LocalEngine, ServedEngine, Source};
use super::open_faces::edges;
use super::patches::{Planned, plan};
use super::preprocess::{CanonicalGrid, CropPlace, SIGHT, crop_of};
use super::start::{StartMask, Starting, ToldMasks};
use crate::geom::{DVec3, Grid};
use crate::placeholder::Placeholder;
use crate::prompt::{Capabilities, Prompt, PromptLog, ShapeKinds, WorkingScale};
use crate::segment::error::{SegmentError, check_shapes};
use crate::segment::kept_parts::kept_parts;
use crate::segment::library::external_files;
use crate::segment::remote::ServedModel;
use crate::segment::segmenter::{Device, DeviceChoice, Outcome, Request, Stage, Timings};
use crate::volume::Volume;
use crate::work::{CancelToken, memory};

/// Clicks at most so many voxels (of 1.5 mm, along each axis) from a cube's centre do with that cube, if a request
/// allows it.
pub(super) const SNAP: u32 = 8;

/// A model ready to answer. It belongs to one thread at a time.
pub struct CubeSegmenter {
    engine: Box<dyn Engine>,
    name: String,
    embeddings: Cache<Embedding>,
    /// Of masks that are started from: looked at whenever the pointer rests, too.
    told: RefCell<ToldMasks>,
}

impl CubeSegmenter {
    /// Loads a checkpoint (`.pth`) of SAM-Med3D where it lies, or `encoder.onnx` and `decoder.onnx` of a folder;
    /// the path of either file does as well. Loads ONNX Runtime if that has not happened yet. `threads` on the CPU;
    /// `None` chooses.
    pub fn open(
        model: &Path,
        device: DeviceChoice,
        threads: Option<usize>,
    ) -> Result<Self, SegmentError> {
        let (source, name) = source(model)?;
        let engine = Box::new(LocalEngine::open(&source, device, threads)?);
        Ok(Self { engine, name, embeddings: Cache::new(), told: RefCell::default() })
    }

    /// A pair on a server; what it is asked for is all that it does. `threads` are for its decoder, if that is here too.
    ///
    /// # Errors
    /// If the server can't be reached, or has no such pair; or on cancelling. What it was sent is nothing of an image.
    pub fn served(
        model: &ServedModel,
        threads: Option<usize>,
        cancel: &CancelToken,
    ) -> Result<Self, SegmentError> {
        let engine = ServedEngine::open(model, threads, cancel)?;
        let name = engine.name();
        let engine = Box::new(engine);
        Ok(Self { engine, name, embeddings: Cache::new(), told: RefCell::default() })
    }

    /// Name of the model: its folder's, or a checkpoint's file name without its ending.
    pub fn model_name(&self) -> &str {
        &self.name
    }

    /// Where it runs and why.
    pub fn device(&self) -> &Device {
        self.engine.device()
    }

    /// Milliseconds the sessions took to start.
    pub fn session_ms(&self) -> f64 {
        self.engine.session_ms()
    }

    /// What it can do.
    pub fn capabilities(&self) -> Capabilities {
        Capabilities {
            negative_points: true,
            previews: true,
            extends: true,
            adjusts: true,
            sight: Some(SIGHT),
            shapes: ShapeKinds::NONE,
        }
    }

    /// Side of the model's low-resolution logits, voxels.
    pub fn logits_side(&self) -> usize {
        self.engine.side()
    }

    /// Replays the log: in each cube, for each click, the decoder gets all points so far and the logits before
    /// it; the mask is where the cubes' logits, blended, are above the threshold.
    /// Unless it may use what is [`near`](Request::near) the same request gives the same outcome, bit for bit,
    /// whichever of its steps and embeddings were at hand.
    ///
    /// # Errors
    /// If a click is where it makes no sense, a cube can't be normalised, the model fails, or on cancelling.
    pub fn run(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Outcome, SegmentError> {
        let mut timings = Timings::default();
        let earlier = request.earlier_cubes();
        let answer = self.replay(&request.replay_after(&earlier), &mut timings, cancel, stage)?;
        cancel.check()?;
        stage(Stage::Paste);
        Ok(request.finished(answer, timings))
    }

    /// Everything but the mask's voxels.
    pub(super) fn replay(
        &mut self,
        request: &Replay<'_>,
        timings: &mut Timings,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Cubes, SegmentError> {
        if request.log.time_point != request.volume.time_point() {
            return Err(SegmentError::Run("the clicks were made at another time point".to_owned()));
        }
        let mut patches = Vec::new();
        for planned in self.plan(request)? {
            let mut steps = planned.standing(request.earlier, self.engine.side());
            if let (Some(start), true) = (&planned.start, steps.is_empty()) {
                let (prompt, logits) = (planned.clicks[0], Arc::clone(start));
                steps.push(Arc::new(Step { prompt, logits, iou: 0.0 }));
            }
            let cube = CubeKey { scale: request.log.scale, start: planned.place.start };
            if steps.len() < planned.clicks.len() {
                self.encode(request.volume, cube, timings, cancel, stage)?;
            }
            for n in steps.len()..planned.clicks.len() {
                cancel.check()?;
                stage(Stage::Decode);
                let begin = Instant::now();
                let before = steps.last().map(|s| s.logits.as_ref());
                let embedding = self.embeddings.get(request.volume, cube);
                let embedding = embedding.ok_or_else(|| lost(cube.start))?;
                let points = &planned.points[..=n];
                let (logits, iou) = self.engine.decode(embedding, points, before, cancel)?;
                timings.decode.push(ms(begin));
                timings.add(self.engine.take_traffic());
                let (prompt, logits) = (planned.clicks[n], Arc::new(logits));
                steps.push(Arc::new(Step { prompt, logits, iou }));
            }
            let Planned { place, opener, start, .. } = planned;
            patches.push(Arc::new(Patch { place, opener, start, steps }));
        }
        let PromptLog { scale, rule, .. } = *request.log;
        let (anchors, start) = (request.log.anchors(), request.log.start.clone());
        Ok(Cubes { scale, rule, patches, tried: Vec::new(), anchors, start })
    }

    /// What the encoder says of the cube around a position (RAS mm): every output that the decoder gets.
    ///
    /// # Errors
    /// As [`CubeSegmenter::run`].
    pub fn embedding(
        &mut self,
        volume: &Arc<Volume>,
        world: DVec3,
        cancel: &CancelToken,
    ) -> Result<(CropPlace, Vec<Features>), SegmentError> {
        let click = Prompt::positive(world);
        let request = Request::new(volume.clone(), vec![click]);
        let cubes = self.plan(&request.replay_after(&Cubes::default()))?;
        let place = cubes.into_iter().next().ok_or_else(|| lost([0; 3]))?.place;
        let cube = CubeKey { scale: WorkingScale::ONE, start: place.start };
        self.encode(volume, cube, &mut Timings::default(), cancel, &mut |_| ())?;
        let embedding = self.embeddings.get(volume, cube).ok_or_else(|| lost(cube.start))?;
        Ok((place, embedding.features()?))
    }

    /// The cubes of a request.
    fn plan(&self, request: &Replay<'_>) -> Result<Vec<Planned>, SegmentError> {
        let Replay { volume, log, earlier, snap, mask_grid } = *request;
        check_shapes(log, ShapeKinds::NONE)?;
        let at_hand =
            if snap == 0 { Vec::new() } else { self.embeddings.starts(volume, log.scale) };
        let side = self.engine.side();
        if let Some(region) = &log.start {
            memory::check(StartMask::bytes(region, mask_grid))?;
        }
        let start = log.start.as_deref();
        let mut start = start.map(|region| Starting::new(region, mask_grid, earlier, side));
        let mut told = |place: &CropPlace| {
            let (start, region) = (start.as_mut()?, log.start.as_ref()?);
            self.told.borrow_mut().known_or(region, place, |place| start.told(place))
        };
        plan(volume.grid(), log, earlier, (snap, &at_hand), &mut told)
    }

    /// A request's cubes that have to be encoded for it.
    fn missing(&self, request: &Request) -> Result<Vec<CubeKey>, SegmentError> {
        let (side, earlier) = (self.engine.side(), request.earlier_cubes());
        let mut cubes = self.plan(&request.replay_after(&earlier))?;
        cubes.retain(|c| c.standing(&earlier, side).len() < c.clicks.len());
        let scale = request.log.scale;
        let cubes = cubes.iter().map(|c| CubeKey { scale, start: c.place.start });
        Ok(cubes.filter(|&cube| !self.embeddings.has(&request.volume, cube)).collect())
    }

    /// The replay of a request if no cube has to be encoded for it: what one more click would give.
    ///
    /// # Errors
    /// As [`CubeSegmenter::run`].
    pub fn preview(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
    ) -> Result<Option<Outcome>, SegmentError> {
        if !self.missing(request)?.is_empty() {
            return Ok(None);
        }
        self.run(request, cancel, &mut |_| ()).map(Some)
    }

    /// How many cubes have to be encoded for a request.
    ///
    /// # Errors
    /// If a click is where it makes no sense.
    pub fn missing_cubes(&self, request: &Request) -> Result<usize, SegmentError> {
        Ok(self.missing(request)?.len())
    }

    /// Whether every cube of a request is at hand, so that it costs at most the decoder.
    pub fn is_ready(&self, request: &Request) -> bool {
        self.missing_cubes(request).is_ok_and(|missing| missing == 0)
    }

    /// Encodes the cubes of a request that are not at hand yet, so that it will cost only the decoder.
    ///
    /// # Errors
    /// As [`CubeSegmenter::run`].
    pub fn prefetch(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
    ) -> Result<Timings, SegmentError> {
        let mut timings = Timings::default();
        for cube in self.missing(request)? {
            self.encode(&request.volume, cube, &mut timings, cancel, &mut |_| ())?;
        }
        Ok(timings)
    }

    /// Lets go of what belongs to scans that nobody has any more.
    pub fn forget_closed(&mut self) {
        self.embeddings.tidy();
    }

    /// Bytes of all embeddings at hand.
    pub fn embedding_bytes(&self) -> usize {
        self.embeddings.bytes()
    }

    /// Makes sure that a crop's embedding is at hand.
    fn encode(
        &mut self,
        volume: &Arc<Volume>,
        cube: CubeKey,
        timings: &mut Timings,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<(), SegmentError> {
        if self.embeddings.get(volume, cube).is_some() {
            return Ok(());
        }
        cancel.check()?;
        stage(Stage::Crop);
        let begin = Instant::now();
        let grid = CanonicalGrid::scaled(volume.grid(), cube.scale);
        let image = crop_of(volume, &grid, cube.start)?;
        *timings.crop.get_or_insert(0.0) += ms(begin);
        cancel.check()?;
        stage(Stage::Encode);
        let begin = Instant::now();
        let embedding = self.engine.encode(&image.values, cancel)?;
        *timings.encode.get_or_insert(0.0) += ms(begin);
        timings.add(self.engine.take_traffic());
        let bytes = embedding.bytes();
        self.embeddings.put(volume, cube, embedding, bytes);
        Ok(())
    }
}

/// What a [`Request`] is to the cubes.
#[derive(Clone, Copy)]
pub(super) struct Replay<'a> {
    pub(super) volume: &'a Arc<Volume>,
    pub(super) log: &'a PromptLog,
    pub(super) earlier: &'a Cubes,
    /// Of the mask, and so of the one that is started from.
    pub(super) mask_grid: &'a Grid,
    /// A new cube may be one at hand whose centre is at most so many voxels (along each axis) from the click.
    pub(super) snap: u32,
}

impl Request {
    /// The cubes that the last answer left.
    pub(super) fn earlier_cubes(&self) -> Cubes {
        Cubes::earlier(&self.earlier, &self.log, &self.canonical())
    }

    pub(super) fn replay_after<'a>(&'a self, earlier: &'a Cubes) -> Replay<'a> {
        let snap = if self.near { SNAP } else { 0 };
        Replay { volume: &self.volume, log: &self.log, earlier, mask_grid: self.mask_grid(), snap }
    }

    fn canonical(&self) -> CanonicalGrid {
        CanonicalGrid::scaled(self.volume.grid(), self.log.scale)
    }

    /// The outcome of an answer: its mask's voxels, and how they end.
    pub(super) fn finished(&self, cubes: Cubes, timings: Timings) -> Outcome {
        let begin = Instant::now();
        let region = mask_of(&cubes, self.log.threshold, self.mask_grid());
        let region = kept_parts(region, cubes.anchors.as_deref(), self.mask_grid());
        let timings = Timings { paste: ms(begin), ..timings };
        let edges = edges(&cubes, self.log.threshold, self.volume.grid());
        let answer = cubes.answer(self.log.prompts.clone(), edges, &self.canonical());
        Outcome { answer, extensions: self.log.extensions.clone(), region, timings }
    }
}

/// The cache keeps at least the embedding that came last.
fn lost(start: [i64; 3]) -> SegmentError {
    SegmentError::Run(format!("the embedding of the cube at {start:?} got lost"))
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// What the engine is made from, and the model's name.
fn source(model: &Path) -> Result<(Source, String), SegmentError> {
    refuse_placeholders(model)?;
    let named = |part: Option<&std::ffi::OsStr>| {
        part.map_or_else(|| "model".into(), |n| n.to_string_lossy().into_owned())
    };
    let extension = model.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    if matches!(extension.as_deref(), Some("pth" | "pt")) && !model.is_dir() {
        return Ok((Source::checkpoint(model)?, named(model.file_stem())));
    }
    let folder = model_folder(model)?;
    let full = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let (encoder, decoder) = (folder.join("encoder.onnx"), folder.join("decoder.onnx"));
    for file in [&encoder, &decoder] {
        // Says which file and what to do; ONNX Runtime would only refuse.
        external_files(file)
            .map_err(|e| SegmentError::BadModel { message: e.to_string(), path: file.clone() })?;
    }
    Ok((Source::Pair { encoder, decoder }, named(full.file_name())))
}

/// Refuses a model of which a file, or the weights beside it, is a link to nothing or was not fetched.
fn refuse_placeholders(model: &Path) -> Result<(), SegmentError> {
    let is_part = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        ["encoder.", "decoder."].iter().any(|part| name.starts_with(part))
    };
    let entries = std::fs::read_dir(model).into_iter().flatten().flatten();
    let parts = entries.map(|entry| entry.path()).filter(|path| is_part(path));
    for path in std::iter::once(model.to_owned()).chain(parts) {
        if let Some(what) = Placeholder::at(&path) {
            return Err(SegmentError::Placeholder { what, path });
        }
    }
    Ok(())
}

/// The folder with the pair, from what the user named.
fn model_folder(model: &Path) -> Result<&Path, SegmentError> {
    let folder = if model.is_file() {
        let name = model.file_name().and_then(|n| n.to_str());
        if !matches!(name, Some("encoder.onnx" | "decoder.onnx")) {
            return Err(SegmentError::NoModel(model.to_owned()));
        }
        // The parent of a bare file name is the empty path.
        model.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
    } else {
        model
    };
    for file in ["encoder.onnx", "decoder.onnx"] {
        if !folder.join(file).is_file() {
            return Err(SegmentError::NoModel(folder.join(file)));
        }
    }
    Ok(folder)
}
