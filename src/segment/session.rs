//! The replay of an object's prompts.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Instant;

use super::engine::{Embedding, Engine, Features, PointPrompt};
use super::{CanonicalGrid, Device, DeviceChoice, SegmentError, crop, paste};
use crate::geom::DVec3;
use crate::prompt::{CropPlace, Logits, Prompt, Step, valid_steps};
use crate::volume::{Region, Volume};
use crate::work::CancelToken;

/// How many crops' embeddings are kept (the demo model's takes 23 MB, SAM-Med3D's 0.8 MB), so that
/// going back and forth between objects costs only the decoder.
const EMBEDDINGS: usize = 4;

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

/// All prompts of an object, with the answers that still stand.
#[derive(Clone, Debug)]
pub struct Request {
    /// The scan.
    pub volume: Arc<Volume>,
    /// All prompts; the first is positive, and the crop is around it.
    pub prompts: Vec<Prompt>,
    /// Earlier answers of the same model; those that are still valid are used, not computed again.
    pub steps: Vec<Arc<Step>>,
    /// The crop of those answers, if there are any. Answers from another crop are not used.
    pub crop: Option<CropPlace>,
}

/// The replay of a request.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// One step for each prompt.
    pub steps: Vec<Arc<Step>>,
    /// The crop; `None` without prompts.
    pub crop: Option<CropPlace>,
    /// The mask on the scan's grid, as the last step has it.
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

/// An embedding and what it is of. The weak reference makes sure that an address used again by
/// another volume is not taken for the old one.
struct Kept {
    volume: Weak<Volume>,
    start: [i64; 3],
    embedding: Embedding,
}

/// A model ready to answer. It belongs to one thread at a time.
pub struct Segmenter {
    engine: Engine,
    name: String,
    /// Most recently used last.
    kept: Vec<Kept>,
}

impl Segmenter {
    /// Loads `encoder.onnx` and `decoder.onnx` of a folder; the path of either file does as well.
    /// Loads ONNX Runtime if that has not happened yet. `threads` on the CPU; `None` chooses.
    pub fn open(
        model: &Path,
        device: DeviceChoice,
        threads: Option<usize>,
    ) -> Result<Self, SegmentError> {
        let folder = model_folder(model)?;
        let engine = Engine::open(
            &folder.join("encoder.onnx"),
            &folder.join("decoder.onnx"),
            device,
            threads,
        )?;
        let full = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let name = full.file_name().map_or_else(|| "model".into(), |n| n.to_string_lossy().into());
        Ok(Self { engine, name, kept: Vec::new() })
    }

    /// Name of the model: its folder's.
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

    /// Side of the model's low-resolution logits, voxels.
    pub fn logits_side(&self) -> usize {
        self.engine.side()
    }

    /// Replays the prompts: for each, the decoder gets all points so far and the logits before it.
    /// The same request gives the same outcome, bit for bit, whichever of its steps were at hand.
    pub fn run(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Outcome, SegmentError> {
        self.run_at(request, None, cancel, stage)
    }

    /// [`Segmenter::run`] with the cube at `place`, wherever the first prompt is; `None` puts it there.
    pub fn run_at(
        &mut self,
        request: &Request,
        place: Option<&CropPlace>,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Outcome, SegmentError> {
        let mut timings = Timings::default();
        let Some(first) = request.prompts.first() else {
            return Ok(Outcome { steps: vec![], crop: None, region: Region::default(), timings });
        };
        if !first.positive {
            return Err(SegmentError::FirstNegative);
        }
        let (place, points) = placed(&request.volume, &request.prompts, place)?;
        let mut steps = self.standing(request, &place);
        if steps.len() < points.len() {
            let at = self.embed(&request.volume, &place, &mut timings, cancel, stage)?;
            for n in steps.len()..points.len() {
                cancel.check()?;
                stage(Stage::Decode);
                let begin = Instant::now();
                let before = steps.last().map(|s| s.logits.as_ref());
                let embedding = &self.kept[at].embedding;
                let (logits, iou) = self.engine.decode(embedding, &points[..=n], before, cancel)?;
                timings.decode.push(ms(begin));
                let (prompt, logits) = (request.prompts[n], Arc::new(logits));
                steps.push(Arc::new(Step { prompt, logits, iou }));
            }
        }
        cancel.check()?;
        stage(Stage::Paste);
        let begin = Instant::now();
        let last: Option<&Logits> = steps.last().map(|s| s.logits.as_ref());
        let region = last
            .map_or_else(Region::default, |logits| paste(logits, &place, request.volume.grid()));
        timings.paste = ms(begin);
        Ok(Outcome { steps, crop: Some(place), region, timings })
    }

    /// What the encoder says of the cube around a position (RAS mm): every output that the decoder gets.
    pub fn embedding(
        &mut self,
        volume: &Arc<Volume>,
        world: DVec3,
        cancel: &CancelToken,
    ) -> Result<(CropPlace, Vec<Features>), SegmentError> {
        let click = Prompt { world, positive: true };
        let (place, _) = placed(volume, &[click], None)?;
        let at = self.embed(volume, &place, &mut Timings::default(), cancel, &mut |_| ())?;
        Ok((place, self.kept[at].embedding.features()?))
    }

    /// The earlier steps that need not be computed again.
    fn standing(&self, request: &Request, place: &CropPlace) -> Vec<Arc<Step>> {
        if request.crop.as_ref().is_some_and(|c| c.start != place.start || c.side != place.side) {
            return Vec::new();
        }
        let side = self.engine.side();
        let valid = valid_steps(&request.steps, &request.prompts);
        let fits = |s: &&Arc<Step>| s.logits.side == side && s.logits.values.len() == side.pow(3);
        request.steps[..valid].iter().take_while(fits).cloned().collect()
    }

    /// Position in `kept` of the crop's embedding, computed if it is not there.
    fn embed(
        &mut self,
        volume: &Arc<Volume>,
        place: &CropPlace,
        timings: &mut Timings,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<usize, SegmentError> {
        self.kept.retain(|k| k.volume.strong_count() > 0);
        let same = |k: &Kept| {
            k.start == place.start && std::ptr::eq(k.volume.as_ptr(), Arc::as_ptr(volume))
        };
        if let Some(at) = self.kept.iter().position(same) {
            let kept = self.kept.remove(at);
            self.kept.push(kept);
            return Ok(self.kept.len() - 1);
        }
        cancel.check()?;
        stage(Stage::Crop);
        let begin = Instant::now();
        let image = crop(volume, place.start)?;
        timings.crop = Some(ms(begin));
        cancel.check()?;
        stage(Stage::Encode);
        let begin = Instant::now();
        let embedding = self.engine.encode(&image.values, cancel)?;
        timings.encode = Some(ms(begin));
        if self.kept.len() == EMBEDDINGS {
            self.kept.remove(0);
        }
        let (volume, start) = (Arc::downgrade(volume), place.start);
        self.kept.push(Kept { volume, start, embedding });
        Ok(self.kept.len() - 1)
    }
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// The crop (around the first prompt if it has no place yet), and every prompt as a voxel of it. Clicks are rounded to whole
/// voxels of the 1.5 mm grid, as the authors do.
fn placed(
    volume: &Volume,
    prompts: &[Prompt],
    place: Option<&CropPlace>,
) -> Result<(CropPlace, Vec<PointPrompt>), SegmentError> {
    let grid = CanonicalGrid::of(volume.grid());
    let place = place.cloned().unwrap_or_else(|| grid.crop_around(prompts[0].world));
    let mut points = Vec::with_capacity(prompts.len());
    for (n, prompt) in prompts.iter().enumerate() {
        let (number, at) = (n + 1, prompt.world.to_array());
        if volume.grid().voxel_at(prompt.world).is_none() {
            return Err(SegmentError::OutsideVolume { number, at });
        }
        let index = grid.nearest(prompt.world);
        let voxel: [i64; 3] = std::array::from_fn(|a| index[a] - place.start[a]);
        if voxel.iter().any(|&v| v < 0 || v >= place.side as i64) {
            return Err(SegmentError::OutsideCrop { number, at });
        }
        points.push(PointPrompt { voxel: voxel.map(|v| v as f32), positive: prompt.positive });
    }
    Ok((place, points))
}

/// The folder with the pair, from what the user named.
fn model_folder(model: &Path) -> Result<&Path, SegmentError> {
    let extension = model.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    if extension.as_deref() == Some("pth") {
        return Err(SegmentError::Checkpoint(model.to_owned()));
    }
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
