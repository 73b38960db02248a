//! What a click costs besides the network: cutting and normalising the crop for the first, laying logits
//! on voxels, the document and the label texture for every further one. And what showing a scan costs the
//! UI thread before it: the pieces in which the scan is handed to the graphics device.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use serde::Serialize;

use super::clicks::Clicks;
use super::{median, synthetic, timed};
use crate::document::{Command, Dirty, Document, LabelId, Resolution};
use crate::prompt::Answer;
use crate::render::{Offscreen, RenderError, Scene, UPLOAD_BUDGET};
use crate::segment::cubes::CubeSegmenter;
use crate::segment::{self, DeviceChoice, Outcome, Request};
use crate::volume::{LabelMap, Volume};
use crate::work::CancelToken;

/// Medians, in milliseconds.
#[derive(Debug, Serialize)]
pub struct Clicked {
    /// Where the model ran.
    device: String,
    /// Voxels of the second click's mask.
    voxels: usize,
    /// Runs along x that it consists of.
    runs: usize,
    /// First click: crop and z-normalisation.
    preprocess_ms: f64,
    /// First click: the encoder (the network).
    encode_ms: f64,
    /// Second click: the decoder (the network).
    decode_ms: f64,
    /// Second click: everything but the decoder.
    second_click_ms: f64,
    /// Of it: logits to voxels.
    paste_ms: f64,
    /// Second click: decoder and paste together.
    decode_paste_ms: f64,
    /// Of it: the click and its mask put into the document.
    document_ms: f64,
    /// Of it: the changed box of the label texture, handed to the graphics device; null without one.
    upload_ms: Option<f64>,
    /// First click: what the UI thread does with the answer (document and upload).
    first_click_ui_ms: f64,
    /// Before any click: one frame's piece of the scan, handed to the graphics device; null without one.
    scan_upload: Option<ScanUpload>,
}

/// The scan on its way to the graphics device, in pieces of [`UPLOAD_BUDGET`] bytes.
#[derive(Debug, Serialize)]
struct ScanUpload {
    /// Frames that it takes.
    frames: usize,
    /// Milliseconds that one call of [`Scene::upload`] takes of the UI thread: the median and the worst.
    median_ms: f64,
    worst_ms: f64,
    /// The longest that the queue took to accept a frame. A software renderer makes the second one wait
    /// until the new texture is cleared.
    worst_submit_ms: f64,
}

#[derive(Default)]
struct Samples {
    preprocess: Vec<f64>,
    encode: Vec<f64>,
    decode: Vec<f64>,
    rest: Vec<f64>,
    paste: Vec<f64>,
    decode_paste: Vec<f64>,
    document: Vec<f64>,
    upload: Vec<f64>,
    first_ui: Vec<f64>,
    voxels: usize,
    runs: usize,
}

/// Answers two clicks in a synthetic scan again and again.
pub fn measure(dims: [usize; 3], repeat: usize) -> anyhow::Result<Clicked> {
    let volume = Arc::new(synthetic::volume(dims)?);
    let model = segment::library::demo_model().context("the demo model was not found")?;
    segment::runtime::load()?;
    let mut segmenter = CubeSegmenter::open(&model, DeviceChoice::Auto, None)?;
    let gpu = Offscreen::new().ok();
    let shown = gpu.as_ref().map(|gpu| scene(gpu, &volume)).transpose()?;
    let (mut scene, scan_upload) = shown.unzip();
    let mut samples = Samples::default();
    let clicks = Clicks::new(Arc::clone(&volume));
    for n in 0..repeat {
        // A document of its own: without the objects of the measurement before.
        let document = Document::new(Arc::clone(&volume));
        let first = clicks.first(n);
        once(document, (&clicks, first), &mut segmenter, scene.as_mut(), &mut samples)?;
    }
    Ok(Clicked {
        device: segmenter.device().name.clone(),
        voxels: samples.voxels,
        runs: samples.runs,
        preprocess_ms: median(&samples.preprocess),
        encode_ms: median(&samples.encode),
        decode_ms: median(&samples.decode),
        second_click_ms: median(&samples.rest),
        paste_ms: median(&samples.paste),
        decode_paste_ms: median(&samples.decode_paste),
        document_ms: median(&samples.document),
        upload_ms: gpu.is_some().then(|| median(&samples.upload)),
        first_click_ui_ms: median(&samples.first_ui),
        scan_upload,
    })
}

/// A scene with the scan and the (empty) label texture in place.
fn scene(gpu: &Offscreen, volume: &Arc<Volume>) -> Result<(Scene, ScanUpload), RenderError> {
    let mut scene = gpu.scene();
    scene.set_volume(Arc::clone(volume))?;
    let (mut pieces, mut submits) = (Vec::new(), Vec::new());
    let mut complete = false;
    while !complete {
        let ms;
        (complete, ms) = timed(|| scene.upload(UPLOAD_BUDGET));
        pieces.push(ms);
        // The end of a frame: the device takes what was written.
        submits.push(timed(|| gpu.queue().submit([])).1);
    }
    scene.set_labels(&LabelMap::empty(volume.grid().dims()), None)?;
    let worst = |ms: &[f64]| ms.iter().copied().fold(0.0, f64::max);
    let upload = ScanUpload {
        frames: pieces.len(),
        median_ms: median(&pieces),
        worst_ms: worst(&pieces),
        worst_submit_ms: worst(&submits),
    };
    Ok((scene, upload))
}

fn once(
    mut document: Document,
    (clicks, request): (&Clicks, Request),
    segmenter: &mut CubeSegmenter,
    mut scene: Option<&mut Scene>,
    samples: &mut Samples,
) -> anyhow::Result<()> {
    let cancel = CancelToken::new();
    let mut run = |request: &Request| segmenter.run(request, &cancel, &mut |_| ());

    let first = run(&request)?;
    samples.preprocess.extend(first.timings.crop);
    samples.encode.extend(first.timings.encode);
    let further = clicks.further(&request, first.answer.clone());
    let revision = document.revision();
    let (done, in_document) = timed(|| put(&mut document, &request, first));
    done?;
    let (uploaded, upload) = timed(|| update(scene.as_deref_mut(), &document, revision));
    uploaded?;
    samples.first_ui.push(in_document + upload);

    let (second, all) = timed(|| run(&further));
    let second = second?;
    let network: f64 =
        second.timings.decode.iter().sum::<f64>() + second.timings.encode.unwrap_or(0.0);
    samples.decode.push(network);
    samples.paste.push(second.timings.paste);
    samples.decode_paste.push(network + second.timings.paste);
    samples.voxels = second.region.count();
    samples.runs = second.region.runs().len();
    let revision = document.revision();
    let (done, in_document) = timed(|| put(&mut document, &further, second));
    done?;
    let (uploaded, upload) = timed(|| update(scene, &document, revision));
    uploaded?;
    samples.document.push(in_document);
    samples.upload.push(upload);
    samples.rest.push(all - network + in_document + upload);
    Ok(())
}

/// Brings the label texture up to date, as the app does.
fn update(
    scene: Option<&mut Scene>,
    document: &Document,
    revision: u64,
) -> Result<(), RenderError> {
    match (scene, document.dirty_since(revision)) {
        (None, _) | (_, Dirty::Clean) => Ok(()),
        (Some(scene), Dirty::Within(bounds)) => scene.set_labels(document.labels(), Some(bounds)),
        (Some(scene), Dirty::Everything) => scene.set_labels(document.labels(), None),
    }
}

/// Adds a request's last click and its answer to the first object, as the app does.
fn put(document: &mut Document, request: &Request, outcome: Outcome) -> anyhow::Result<()> {
    let prompt = *request.log.prompts.last().context("there is no click")?;
    let object = document.object(LabelId(1)).map(|o| o.id);
    document.apply(Command::AddPrompt { object, prompt })?;
    let (entry, click) = document.pending().ok_or_else(|| anyhow!("the click got lost"))?;
    let prompts = click.log.prompts.clone();
    let resolution = Arc::new(Resolution {
        answer: Answer { prompts, ..outcome.answer },
        extensions: outcome.extensions,
        region: outcome.region,
    });
    Ok(document.apply(Command::Resolve { entry, resolution })?)
}

impl Clicked {
    pub fn lines(&self) -> Vec<String> {
        let upload =
            self.upload_ms.map_or("no graphics device".to_owned(), |ms| format!("upload {ms:.1}"));
        vec![
            format!(
                "first click  preprocessing {:.1} ms, then encoder {:.0} ms on {}",
                self.preprocess_ms, self.encode_ms, self.device
            ),
            format!(
                "second click decoder and paste {:.1} ms (decoder {:.1}); all but the network {:.1} ms",
                self.decode_paste_ms, self.decode_ms, self.second_click_ms
            ),
            format!(
                "  paste {:.1}, document {:.1}, {upload} ms; mask of {} voxels in {} runs",
                self.paste_ms, self.document_ms, self.voxels, self.runs
            ),
            format!(
                "  of the first click's answer, on the UI thread  {:.1} ms",
                self.first_click_ui_ms
            ),
            self.scan_upload.as_ref().map_or("no graphics device".to_owned(), |upload| {
                let ScanUpload { frames, median_ms, worst_ms, worst_submit_ms } = upload;
                format!(
                    "new scan     in {frames} frames, each {median_ms:.1} ms of the UI thread, \
                     the worst {worst_ms:.1} ms; the longest submit {worst_submit_ms:.1} ms"
                )
            }),
        ]
    }
}
