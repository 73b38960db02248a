//! The thread that owns the model: everything that takes longer than a frame happens here.

use std::path::PathBuf;

use super::preview::{Canvas, Preview};
use super::schedule::{Flight, Landing};
use crate::prompt::{Answer, PromptLog};
use crate::segment::{
    DeviceChoice, Outcome, Request, SegmentError, Segmenter, Stage, runtime, runtime::Runtime,
    without_steps,
};
use crate::work::{CancelToken, Progress, Wake, Worker};

pub(super) enum Ask {
    /// Find ONNX Runtime, then load the model.
    Start(Option<PathBuf>),
    Click(Box<Click>),
    Hover(Box<Hover>),
}

/// A pending click, or an extension.
pub(super) struct Click {
    pub flight: Flight,
    pub request: Request,
    pub extend: bool,
    pub tokens: Tokens,
}

/// The click that the pointer would make.
pub(super) struct Hover {
    pub flight: Flight,
    pub request: Request,
    /// Encode the cube if it is not at hand.
    pub encode: bool,
    pub canvas: Canvas,
    pub tokens: Tokens,
}

/// How a flight is stopped and watched.
#[derive(Clone, Default)]
pub(super) struct Tokens {
    pub all: CancelToken,
    /// Of the preview that comes after encoding.
    pub preview: CancelToken,
    /// Cubes of an extension.
    pub progress: Progress,
}

pub(super) enum Tell {
    Runtime(Result<Runtime, SegmentError>),
    Loading(String),
    Model(Result<ReadyModel, SegmentError>),
    /// The one chosen last can't be used; this one still can.
    Kept(ReadyModel),
    Stage(Flight, Stage),
    /// The encoder runs for the pointer (true), or has done so.
    Prefetches(Flight, bool),
    Clicked {
        flight: Flight,
        model: String,
        result: Box<Result<Outcome, SegmentError>>,
    },
    Hovered {
        flight: Flight,
        landing: Landing,
        preview: Option<Box<Preview>>,
    },
}

pub(super) struct ReadyModel {
    pub name: String,
    pub path: PathBuf,
    pub device: String,
    pub reason: String,
}

/// The model on the worker, with a name that tells it from every other one.
struct Loaded {
    segmenter: Segmenter,
    id: String,
    path: PathBuf,
}

impl Loaded {
    /// What the status bar says of it.
    fn ready(&self) -> ReadyModel {
        let device = self.segmenter.device();
        let shown = match device.threads {
            0 => device.name.clone(),
            threads => format!("{}·{threads}", device.name),
        };
        let name = self.segmenter.model_name().to_owned();
        ReadyModel { name, path: self.path.clone(), device: shown, reason: device.reason.clone() }
    }

    /// An object's last answer as far as this model may build on it.
    fn fitting(&self, earlier: Answer) -> Answer {
        if earlier.model.as_ref() == Some(&self.id) { earlier } else { without_steps(earlier) }
    }
}

pub(super) fn spawn(wake: Wake) -> std::io::Result<Worker<Ask, Tell>> {
    let mut loaded: Option<Loaded> = None;
    Worker::start("model", wake, move |ask, tell: &dyn Fn(Tell)| match ask {
        Ask::Start(chosen) => match start(chosen, tell) {
            Some(other) => loaded = Some(other),
            // A model that works is not given up for one that doesn't.
            None => {
                if let Some(kept) = &loaded {
                    tell(Tell::Kept(kept.ready()));
                }
            }
        },
        Ask::Click(click) => {
            let flight = click.flight;
            let (model, result) = answer(&mut loaded, *click, tell);
            tell(Tell::Clicked { flight, model, result: Box::new(result) });
        }
        Ask::Hover(hover) => {
            let flight = hover.flight;
            let (landing, preview) = match &mut loaded {
                Some(loaded) => preview(loaded, *hover, tell),
                None => (Landing::Failed, None),
            };
            tell(Tell::Hovered { flight, landing, preview: preview.map(Box::new) });
        }
    })
}

fn answer(
    loaded: &mut Option<Loaded>,
    click: Click,
    tell: &dyn Fn(Tell),
) -> (String, Result<Outcome, SegmentError>) {
    let Click { flight, mut request, extend, tokens } = click;
    let Some(loaded) = loaded else {
        return (String::new(), Err(SegmentError::Run("no model is loaded".to_owned())));
    };
    request.earlier = loaded.fitting(request.earlier);
    let mut stage = |stage| tell(Tell::Stage(flight, stage));
    let Loaded { segmenter, id, .. } = loaded;
    let outcome = if extend {
        segmenter.extend(&request, &tokens.all, &tokens.progress, &mut stage)
    } else {
        segmenter.run(&request, &tokens.all, &mut stage)
    };
    (id.clone(), outcome)
}

/// A preview, if it can be had without the encoder or the encoder may run for it.
fn preview(loaded: &mut Loaded, hover: Hover, tell: &dyn Fn(Tell)) -> (Landing, Option<Preview>) {
    let Hover { flight, mut request, encode, canvas, tokens } = hover;
    request.earlier = loaded.fitting(request.earlier);
    let segmenter = &mut loaded.segmenter;
    if tokens.all.is_cancelled() {
        return (Landing::Stopped, None);
    }
    if !segmenter.is_ready(&request) {
        if !encode {
            return (Landing::NotReady, None);
        }
        tell(Tell::Prefetches(flight, true));
        let fetched = segmenter.prefetch(&request, &tokens.all);
        tell(Tell::Prefetches(flight, false));
        if let Err(why) = fetched {
            return failed(&why);
        }
    }
    if tokens.all.is_cancelled() || tokens.preview.is_cancelled() {
        return (Landing::Stopped, None);
    }
    match segmenter.preview(&request, &tokens.all) {
        Ok(Some(outcome)) => (Landing::Shown, Some(canvas.paint(&outcome.region, flight.0))),
        Ok(None) => (Landing::NotReady, None),
        Err(why) => failed(&why),
    }
}

fn failed(why: &SegmentError) -> (Landing, Option<Preview>) {
    if matches!(why, SegmentError::Cancelled) {
        return (Landing::Stopped, None);
    }
    // Nobody asked for a preview, so nobody is told why there is none; a click there will say it.
    tracing::debug!("no preview: {why}");
    (Landing::Failed, None)
}

/// Finds the runtime and loads a model.
fn start(chosen: Option<PathBuf>, tell: &dyn Fn(Tell)) -> Option<Loaded> {
    let found = runtime::load();
    let missing = found.is_err();
    tell(Tell::Runtime(found));
    if missing {
        return None;
    }
    let Some(path) = chosen.or_else(runtime::demo_model) else {
        tell(Tell::Model(Err(SegmentError::NoDemoModel)));
        return None;
    };
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    tell(Tell::Loading(name));
    match Segmenter::open(&path, DeviceChoice::Auto, None) {
        Ok(segmenter) => {
            // Folders of one name are common, so the whole path names the model.
            let path = path.canonicalize().unwrap_or(path);
            let loaded = Loaded { segmenter, id: path.display().to_string(), path };
            tell(Tell::Model(Ok(loaded.ready())));
            Some(loaded)
        }
        Err(why) => {
            tell(Tell::Model(Err(why)));
            None
        }
    }
}

/// A request for the window: a click near a cube at hand uses that one.
pub(super) fn request(
    volume: std::sync::Arc<crate::volume::Volume>,
    log: PromptLog,
    earlier: Answer,
) -> Request {
    Request { volume, log, earlier, snap: super::schedule::SNAP }
}
