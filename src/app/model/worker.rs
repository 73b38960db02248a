//! The thread that owns the model: everything that takes longer than a frame happens here.

use super::preview::{Canvas, Preview};
use super::schedule::{HoverResult, JobNumber};
use crate::document::Document;
use crate::prompt::{Answer, Capabilities, ImageId, PromptLog};
use crate::segment::runtime::Runtime;
use crate::segment::{
    ModelRef, Models, OpenModel, Opening, Outcome, Readiness, Request, SegmentError, Spots, Stage,
};
use crate::work::{CancelToken, Progress, Wake, Worker};

pub(super) enum Ask {
    /// Open a model, until that is cancelled; `None` is the one that ships.
    Start(Option<ModelRef>, CancelToken),
    Click(Box<ClickJob>),
    Hover(Box<HoverJob>),
    /// A scan was closed: let go of what was kept for it.
    ForgetClosed,
}

/// A pending click, or an extension.
pub(super) struct ClickJob {
    pub number: JobNumber,
    pub request: Request,
    pub extend: bool,
    pub tokens: Tokens,
}

/// The click that the pointer would make.
pub(super) struct HoverJob {
    pub number: JobNumber,
    pub request: Request,
    /// Prepare what is needed if it is not at hand.
    pub encode: bool,
    pub canvas: Canvas,
    pub tokens: Tokens,
}

/// How a job is stopped and watched.
#[derive(Clone, Default)]
pub(super) struct Tokens {
    pub all: CancelToken,
    /// Of the preview that comes after encoding.
    pub preview: CancelToken,
    /// Places of an extension.
    pub progress: Progress,
}

pub(super) enum Tell {
    /// What the model runs on; `None` if it needs nothing.
    Runtime(Result<Option<Runtime>, SegmentError>),
    Loading(String),
    /// The model is there; or it can't be used, but this one, which was there before, still can.
    Model(Result<ReadyModel, (SegmentError, Option<ReadyModel>)>),
    Stage(JobNumber, Stage),
    /// The encoder runs for the pointer (true), or has done so.
    Prefetches(JobNumber, bool),
    Clicked {
        number: JobNumber,
        model: String,
        result: Box<Result<Outcome, SegmentError>>,
    },
    Hovered {
        number: JobNumber,
        result: HoverResult,
        preview: Option<Box<Preview>>,
    },
}

pub(super) struct ReadyModel {
    pub name: String,
    pub model: ModelRef,
    /// It is the one that ships, because no other was chosen.
    pub ships: bool,
    pub device: String,
    pub reason: String,
    pub capabilities: Capabilities,
    pub spots: Spots,
}

/// What the status bar says of a model.
fn ready(open: &OpenModel, ships: bool) -> ReadyModel {
    let segmenter = &open.segmenter;
    let device = segmenter.device();
    let shown = match device.threads {
        0 => device.name.clone(),
        threads => format!("{}·{threads}", device.name),
    };
    ReadyModel {
        name: segmenter.name().to_owned(),
        model: open.model.clone(),
        ships,
        device: shown,
        reason: device.reason.clone(),
        capabilities: segmenter.capabilities(),
        spots: segmenter.spots(),
    }
}

/// An object's last answer as far as a model may build on it.
fn fitting(open: &OpenModel, earlier: Answer) -> Answer {
    if earlier.model.as_ref() == Some(&open.id) { earlier } else { earlier.without_state() }
}

pub(super) fn spawn(wake: Wake, mut models: Box<dyn Models>) -> std::io::Result<Worker<Ask, Tell>> {
    let (mut loaded, mut ships) = (None::<OpenModel>, false);
    Worker::start("model", wake, move |ask, tell: &dyn Fn(Tell)| match ask {
        Ask::Start(chosen, cancel) => match start(&mut *models, chosen.as_ref(), &cancel, tell) {
            Ok(Some(other)) => {
                ships = chosen.is_none();
                tell(Tell::Model(Ok(ready(loaded.insert(other), ships))));
            }
            Ok(None) => {}
            // A model that works is not given up for one that doesn't.
            Err(why) => {
                let kept = loaded.as_ref().map(|open| ready(open, ships));
                tell(Tell::Model(Err((why, kept))));
            }
        },
        Ask::Click(click) => {
            let number = click.number;
            let (model, result) = answer(&mut loaded, *click, tell);
            tell(Tell::Clicked { number, model, result: Box::new(result) });
        }
        Ask::Hover(hover) => {
            let number = hover.number;
            let (result, preview) = match &mut loaded {
                Some(loaded) => preview(loaded, *hover, tell),
                None => (HoverResult::Failed, None),
            };
            tell(Tell::Hovered { number, result, preview: preview.map(Box::new) });
        }
        Ask::ForgetClosed => {
            if let Some(loaded) = &mut loaded {
                loaded.segmenter.forget_closed();
            }
        }
    })
}

fn answer(
    loaded: &mut Option<OpenModel>,
    click: ClickJob,
    tell: &dyn Fn(Tell),
) -> (String, Result<Outcome, SegmentError>) {
    let ClickJob { number, mut request, extend, tokens } = click;
    let Some(loaded) = loaded else {
        return (String::new(), Err(SegmentError::Run("no model is loaded".to_owned())));
    };
    request.earlier = fitting(loaded, request.earlier);
    let mut stage = |stage| tell(Tell::Stage(number, stage));
    let OpenModel { segmenter, id, .. } = loaded;
    let outcome = if extend {
        segmenter.extend(&request, &tokens.all, &tokens.progress, &mut stage)
    } else {
        segmenter.answer(&request, &tokens.all, &mut stage)
    };
    (id.clone(), outcome)
}

/// A preview, if it can be had without the encoder or the encoder may run for it.
fn preview(
    loaded: &mut OpenModel,
    hover: HoverJob,
    tell: &dyn Fn(Tell),
) -> (HoverResult, Option<Preview>) {
    let HoverJob { number, mut request, encode, canvas, tokens } = hover;
    request.earlier = fitting(loaded, request.earlier);
    let segmenter = &mut loaded.segmenter;
    if tokens.all.is_cancelled() {
        return (HoverResult::Stopped, None);
    }
    match segmenter.readiness(&request) {
        Ok(Readiness::Ready) => {}
        Ok(Readiness::Soon) if encode => {
            tell(Tell::Prefetches(number, true));
            let prepared = segmenter.prepare(&request, &tokens.all);
            tell(Tell::Prefetches(number, false));
            if let Err(why) = prepared {
                return failed(&why);
            }
        }
        Ok(_) => return (HoverResult::NotReady, None),
        Err(why) => return failed(&why),
    }
    if tokens.all.is_cancelled() || tokens.preview.is_cancelled() {
        return (HoverResult::Stopped, None);
    }
    match segmenter.preview(&request, &tokens.all) {
        Ok(Some(outcome)) => (HoverResult::Shown, Some(canvas.paint(outcome.region, number.0))),
        Ok(None) => (HoverResult::NotReady, None),
        Err(why) => failed(&why),
    }
}

fn failed(why: &SegmentError) -> (HoverResult, Option<Preview>) {
    if matches!(why, SegmentError::Cancelled) {
        return (HoverResult::Stopped, None);
    }
    // Nobody asked for a preview, so nobody is told why there is none; a click there will say it.
    tracing::debug!("no preview: {why}");
    (HoverResult::Failed, None)
}

/// Opens a model. `None` if what it runs on is missing, which has been told.
fn start(
    models: &mut dyn Models,
    chosen: Option<&ModelRef>,
    cancel: &CancelToken,
    tell: &dyn Fn(Tell),
) -> Result<Option<OpenModel>, SegmentError> {
    models.open(chosen, cancel, &|opening| match opening {
        Opening::Runtime(found) => tell(Tell::Runtime(found)),
        Opening::Loading(name) => tell(Tell::Loading(name)),
    })
}

/// A request for the window: a click near a place that was prepared uses that one.
/// `None` if the image of the clicks is not there.
pub(super) fn request(document: &Document, log: PromptLog, earlier: Answer) -> Option<Request> {
    // The image and the time point at which they were made, whichever are looked at by now.
    let volume = document.image_of(&log)?;
    let mask_grid = (log.image != ImageId::Scan).then(|| document.image().grid().clone());
    Some(Request { volume, mask_grid, log, earlier, near: true })
}
