//! The model and its worker thread, as the window's owner sees them. One thing is computed at a time: the
//! oldest pending click, or what a click under the pointer would give ([`schedule`] decides); what it prepares
//! makes the next one cheap.
//!
//! Clicks that come faster than they are answered are all answered, in their order, because each can be undone
//! by itself. What one has computed is at hand for the next, so each costs what a model needs for one more click, and
//! laying the mask; nothing is computed for a click that was undone meanwhile.

mod answers;
mod asked_of;
mod held;
mod loading;
mod preview;
mod schedule;
mod served;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{DocumentNumber, OpenDocument};
use crate::document::{Command, EntryId, LabelId, Object, PendingClick, Resolution};
use crate::prompt::{ImageId, Prompt, PromptLog};
use crate::segment::{ModelRef, Models, SegmentError, Spot, Stage, runtime};
use crate::ui::text::{mark, tr};
use crate::ui::{Busy, Intent, ModelStatus, PreviewStatus, RuntimeStatus, Status, Toasts};
use crate::work::{CancelToken, Task, Wake, Worker};
use answers::finish;
pub(super) use asked_of::{ASKED_OF, AskedOf, AskedPlace};
use held::Held;
use loading::Loading;
use preview::Canvas;
pub(super) use preview::Preview;
use schedule::{HoverResult, Instruction, Job, JobNumber, Place, Schedule, Wanted};
pub(super) use served::draft_of;
use served::{Waits, WholeImage};
use worker::{Ask, ClickJob, HoverJob, Tell, Tokens};

/// Names a pending click.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ClickKey {
    document: DocumentNumber,
    entry: EntryId,
}

/// Names what a click under the pointer would be computed from.
#[derive(Clone, Copy, Debug, PartialEq)]
struct HoverKey {
    document: DocumentNumber,
    revision: u64,
    /// Counts the models loaded.
    model: u64,
    positive: bool,
    image: ImageId,
    /// In that image, at the scale that the revision tells.
    spot: Spot,
}

impl HoverKey {
    /// Whether a picture of one place may still be shown while that of the other is being made.
    fn follows(&self, other: &Self) -> bool {
        Self { spot: other.spot, ..*self } == *other
    }
}

/// The click that the pointer would make.
struct Hypothesis {
    key: HoverKey,
    place: Place,
    object: Option<LabelId>,
    log: PromptLog,
    resting: bool,
}

/// How long a model that loads, or a step of one that is stopped, is waited for when the window goes.
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) struct Model {
    worker: Worker<Ask, Tell>,
    wake: Wake,
    chosen: Option<ModelRef>,
    /// Of what was chosen last, while it is being opened.
    opening: CancelToken,
    schedule: Schedule<ClickKey, HoverKey>,
    /// Of the job that is running.
    tokens: Tokens,
    loading: Loading,
    preview: Option<(HoverKey, Preview)>,
    install: Option<Task<Result<PathBuf, SegmentError>>>,
    dead: bool,
    /// The document that was open last.
    document: Option<DocumentNumber>,
    /// Why a click was not answered, since somebody asked.
    failure: Option<String>,
    /// Why a server has not answered the oldest pending click, which waits until somebody asks for it again.
    waits: Option<Waits>,
    /// Clicks of a session that were asked of another model than the one in use.
    held: Option<Held>,
    /// Images of which somebody has agreed that all of them goes to the server in use.
    agreed_images: Vec<WholeImage>,
}

impl Model {
    /// Starts the worker and opens a model at once (and what it runs on), so that it is ready before the first click.
    pub fn start(
        wake: Wake,
        chosen: Option<ModelRef>,
        models: Box<dyn Models>,
    ) -> std::io::Result<Self> {
        let mut model = Self {
            worker: worker::spawn(wake.clone(), models)?,
            wake,
            chosen,
            opening: CancelToken::new(),
            schedule: Schedule::default(),
            tokens: Tokens::default(),
            loading: Loading::default(),
            preview: None,
            install: None,
            dead: false,
            document: None,
            failure: None,
            waits: None,
            held: None,
            agreed_images: Vec::new(),
        };
        model.ask_to_start();
        Ok(model)
    }

    /// Uses this model from the next click on; `None` is the one that ships.
    pub fn choose(&mut self, model: Option<ModelRef>, status: &mut Status) {
        self.chosen = model;
        self.waits = None;
        self.forget_held();
        // What was agreed was agreed for the server before.
        self.agreed_images.clear();
        // The next click is answered by another model, in other times.
        status.latency = None;
        status.model = ModelStatus::Loading("model".to_owned());
        // What the old one computes is in the way of the new one, and it may have no end. A click stays pending and is
        // the new model's.
        if self.schedule.give_up() {
            self.tokens.all.cancel();
        }
        self.ask_to_start();
    }

    fn ask_to_start(&mut self) {
        // Nobody waits any more for what was chosen before.
        self.opening.cancel();
        self.opening = CancelToken::new();
        // A dead worker is found by `poll`.
        if self.worker.submit(Ask::Start(self.chosen.clone(), self.opening.clone())).is_ok() {
            self.loading.asked();
        }
    }

    /// Fetches ONNX Runtime.
    pub fn install(&mut self, status: &mut Status, toasts: &mut Toasts) {
        if self.install.is_some() {
            return;
        }
        match Task::start("fetch runtime", self.wake.clone(), runtime::install) {
            Ok(task) => {
                status.runtime = RuntimeStatus::Installing(0, 0);
                self.install = Some(task);
            }
            Err(why) => toasts.error(format!("{}: {why}", tr("no thread to fetch ONNX Runtime"))),
        }
    }

    /// Gives up the oldest pending click, be it computed already or waiting for its turn, for the pointer's encoder
    /// or for a model. An extension that is being computed ends with what it has found. `false` if no click is
    /// pending.
    pub fn cancel(&mut self, open_document: Option<&mut OpenDocument>) -> bool {
        let Some(open_document) = open_document else { return false };
        let Some((entry, click)) = open_document.document.pending() else { return false };
        let key = ClickKey { document: open_document.number, entry };
        if click.extend && self.schedule.click() == Some(key) {
            self.tokens.all.cancel();
        } else {
            // If it is being computed, `pump` finds that nobody wants it any more.
            let _never_stale = open_document.document.apply(Command::Withdraw(entry));
        }
        true
    }

    /// Why the click that failed last, since the last look, was not answered.
    pub fn take_failure(&mut self) -> Option<String> {
        self.failure.take()
    }

    /// Stops fetching ONNX Runtime.
    pub fn cancel_install(&self) {
        if let Some(task) = &self.install {
            task.cancel();
        }
    }

    /// What a click under the pointer would give, if that is known.
    pub fn preview(&self) -> Option<&Preview> {
        self.preview.as_ref().map(|(_, preview)| preview)
    }

    /// Takes in what the worker has sent.
    pub fn poll(
        &mut self,
        mut open_document: Option<&mut OpenDocument>,
        status: &mut Status,
        toasts: &mut Toasts,
    ) {
        self.poll_install(status, toasts);
        while let Some(told) = self.worker.poll() {
            match told {
                Ok(told) => self.take(told, open_document.as_deref_mut(), status, toasts),
                Err(_) if self.dead => break,
                Err(_) => {
                    self.dead = true;
                    self.schedule.lost();
                    let why = tr(
                        "The model's thread stopped unexpectedly; save your work and start the program again",
                    );
                    status.model = ModelStatus::Failed(why.to_owned());
                    toasts.error(why.to_owned());
                }
            }
        }
    }

    fn poll_install(&mut self, status: &mut Status, toasts: &mut Toasts) {
        let Some(task) = &self.install else { return };
        let (done, total) = task.progress();
        status.runtime = RuntimeStatus::Installing(done, total);
        let Some(answer) = task.poll() else { return };
        self.install = None;
        status.runtime = RuntimeStatus::Searching;
        match answer {
            Ok(Ok(_)) => toasts.info(tr("ONNX Runtime is ready").to_owned()),
            Ok(Err(SegmentError::Cancelled)) => {}
            Ok(Err(why)) => toasts.error(why.to_string()),
            Err(_) => toasts.error(tr("Fetching ONNX Runtime stopped unexpectedly").to_owned()),
        }
        self.ask_to_start();
    }

    fn take(
        &mut self,
        told: Tell,
        open_document: Option<&mut OpenDocument>,
        status: &mut Status,
        toasts: &mut Toasts,
    ) {
        match told {
            Tell::Stage(number, stage) => {
                if self.schedule.encoding(number, matches!(stage, Stage::Crop | Stage::Encode)) {
                    status.busy = Some(self.busy(stage));
                }
            }
            Tell::Prefetches(number, encoding) => {
                self.schedule.encoding(number, encoding);
            }
            Tell::Clicked { number, model, result } => {
                let Some(key) = self.schedule.click_done(number) else { return };
                if let Some(open_document) = open_document.filter(|s| s.number == key.document) {
                    let stopped = self.tokens.all.is_cancelled();
                    let document = &mut open_document.document;
                    if let Err(why) = &*result
                        && self.waits_for_server(document, key.entry, why, toasts)
                    {
                        return;
                    }
                    let result = result.map(|outcome| (model, outcome));
                    let failure = finish(document, key.entry, result, stopped, status, toasts);
                    self.failure = failure.or(self.failure.take());
                }
            }
            Tell::Hovered { number, result, preview } => {
                let Some(key) = self.schedule.hover_done(number, result) else { return };
                match (result, preview) {
                    (HoverResult::Shown, Some(preview)) => self.preview = Some((key, *preview)),
                    (HoverResult::Stopped, _) => {}
                    // What was shown was of another place.
                    _ => self.preview = None,
                }
            }
            told => self.loading.take(told, status, toasts),
        }
    }

    fn busy(&self, stage: Stage) -> Busy {
        let (done, total) = self.tokens.progress.get();
        match stage {
            _ if total > 0 => Busy::Extending(done, total),
            Stage::Queue => Busy::Queueing,
            Stage::Crop | Stage::Encode => Busy::Encoding,
            Stage::Decode => Busy::Decoding,
            Stage::Paste => Busy::Pasting,
        }
    }

    /// Gives the worker what is wanted most, if it is free, and stops what nobody wants any more.
    pub fn pump(
        &mut self,
        mut open_document: Option<&mut OpenDocument>,
        intent: Option<&Intent>,
        status: &mut Status,
        toasts: &mut Toasts,
    ) {
        self.forget_gone_wait(open_document.as_deref());
        self.follow_held(open_document.as_deref());
        if let Some(open_document) = open_document.as_deref_mut() {
            self.answer_without_model(open_document, status, toasts);
        }
        let open_document = open_document.as_deref();
        let open = open_document.map(|s| s.number);
        if open != self.document && std::mem::replace(&mut self.document, open).is_some() {
            (self.preview, self.waits) = (None, None);
            // A dead worker keeps nothing.
            let _ = self.worker.submit(Ask::ForgetClosed);
        }
        // Without a scan there is nothing to be answered from.
        let seen = open_document.filter(|s| !s.no_scan);
        let hypothesis = seen.and_then(|s| self.hypothesis(s, intent?));
        let may_ask = seen.is_some_and(|s| self.may_ask(s, hypothesis.as_ref()));
        let hypothesis = hypothesis.filter(|_| may_ask);
        let wanted = Wanted {
            document: open_document.map(|s| s.number.0),
            click: open_document.and_then(|s| self.wanted_click(s)),
            hover: hypothesis.as_ref().map(|h| (h.key, h.place)),
            resting: hypothesis.as_ref().is_some_and(|h| h.resting),
            ready: self.loading.is_ready(status) && may_ask,
        };
        if self
            .preview
            .as_ref()
            .is_some_and(|(shown, _)| hypothesis.as_ref().is_none_or(|h| !shown.follows(&h.key)))
        {
            self.preview = None;
            self.schedule.forget();
        }
        while let Some(instruction) = self.schedule.next(&wanted) {
            match instruction {
                Instruction::Stop => self.tokens.all.cancel(),
                Instruction::StopAfterEncoding => self.tokens.preview.cancel(),
                Instruction::Send(number, job) => {
                    let sent = open_document
                        .and_then(|s| self.ask(number, job, s, hypothesis.as_ref()))
                        .is_some_and(|ask| self.worker.submit(ask).is_ok());
                    if !sent {
                        self.schedule.lost();
                        break;
                    }
                }
            }
        }
        self.show_progress(&wanted, status);
        self.tell_server(open_document, status);
    }

    /// What the status bar and the ring at the pointer say.
    fn show_progress(&self, wanted: &Wanted<ClickKey, HoverKey>, status: &mut Status) {
        let prefetches = self.schedule.prefetches();
        status.preview = match (&self.preview, &wanted.hover) {
            (Some(_), _) => PreviewStatus::Shown,
            (None, Some(_)) if prefetches => PreviewStatus::Encoding,
            _ => PreviewStatus::Off,
        };
        let (done, total) = self.tokens.progress.get();
        status.busy = match (self.schedule.click(), status.busy) {
            (Some(_), _) if total > 0 => Some(Busy::Extending(done, total)),
            (Some(_), None) => Some(Busy::Decoding),
            (Some(_), busy) => busy,
            // The encoder that was started for the pointer does the click's work.
            (None, _) if wanted.click.is_some() && prefetches => Some(Busy::Encoding),
            (None, _) => None,
        };
    }

    /// Answers clicks that need no model, and withdraws those that will never get one.
    fn answer_without_model(
        &mut self,
        open_document: &mut OpenDocument,
        status: &Status,
        toasts: &mut Toasts,
    ) {
        while let Some((entry, click)) = open_document.document.pending() {
            if click.log.prompts.is_empty() {
                let resolution = Arc::new(Resolution::without_prompts(&click.log));
                let _never_stale =
                    open_document.document.apply(Command::Resolve { entry, resolution });
                (self.wake)();
            } else if self.held(Some(&*open_document)).is_some()
                || self.waits_to_be_opened(entry, status)
            {
                return;
            } else if let Some(why) = self.unavailable(status) {
                if open_document.document.apply(Command::Withdraw(entry)).is_err() {
                    return;
                }
                self.failure = Some(why.clone());
                toasts.error(why);
            } else {
                return;
            }
        }
    }

    fn hypothesis(&self, open_document: &OpenDocument, intent: &Intent) -> Option<Hypothesis> {
        let document = &open_document.document;
        if document.pending().is_some() || !self.loading.previews() {
            return None;
        }
        let (object, log) = document.target(None, intent.prompt).ok()?;
        let spot = self.spot(open_document, &log, &intent.prompt)?;
        let key = HoverKey {
            document: open_document.number,
            revision: document.revision(),
            model: self.loading.models(),
            positive: intent.prompt.positive,
            image: log.image,
            spot,
        };
        let place = self.place(open_document, object, &log, &intent.prompt)?;
        Some(Hypothesis { key, place, object, log, resting: intent.resting })
    }

    /// The oldest pending click and the place that its last prompt needs.
    fn wanted_click(&self, open_document: &OpenDocument) -> Option<(ClickKey, Place)> {
        let (entry, click) = open_document.document.pending()?;
        let key = ClickKey { document: open_document.number, entry };
        let last = click.log.prompts.last()?;
        Some((key, self.place(open_document, Some(click.object), &click.log, last)?))
    }

    /// Where the model would look for a new prompt; `None` before there is one.
    fn spot(&self, open_document: &OpenDocument, log: &PromptLog, prompt: &Prompt) -> Option<Spot> {
        let image = open_document.document.image_by_id(log.image)?;
        Some(self.loading.spots()?(image.grid(), log.scale, prompt.world))
    }

    /// The place in which an object's next prompt is computed: one that was looked at for it, or else a new one.
    fn place(
        &self,
        open_document: &OpenDocument,
        object: Option<LabelId>,
        log: &PromptLog,
        prompt: &Prompt,
    ) -> Option<Place> {
        let document = open_document.number.0;
        let known = object.and_then(|id| open_document.document.object(id));
        let inside = |o: &Object| {
            !prompt.positive || o.answer.footprint.iter().any(|f| f.contains(prompt.world))
        };
        if let Some(object) = known.filter(|o| !o.answer.footprint.is_empty() && inside(o)) {
            return Some(Place::Known { document, label: object.id.0 });
        }
        let spot = self.spot(open_document, log, prompt)?;
        let PromptLog { image, time_point, scale, .. } = *log;
        Some(Place::New { document, image, time_point, scale, spot })
    }

    /// The message that gives a job to the worker.
    fn ask(
        &mut self,
        number: JobNumber,
        job: Job<ClickKey, HoverKey>,
        open_document: &OpenDocument,
        hypothesis: Option<&Hypothesis>,
    ) -> Option<Ask> {
        let document = &open_document.document;
        let earlier = |object: Option<LabelId>| {
            object.and_then(|id| document.object(id)).map(|o| o.answer.clone()).unwrap_or_default()
        };
        self.tokens = Tokens::default();
        let tokens = self.tokens.clone();
        match job {
            Job::Click(_) => {
                let (_, PendingClick { object, log, extend }) = document.pending()?;
                let request = worker::request(document, log.clone(), earlier(Some(*object)))?;
                Some(Ask::Click(Box::new(ClickJob { number, request, extend: *extend, tokens })))
            }
            Job::Hover { encode, .. } => {
                let Hypothesis { object, log, .. } = hypothesis?;
                let request = worker::request(document, log.clone(), earlier(*object))?;
                let canvas = Canvas::of(document, *object)?;
                Some(Ask::Hover(Box::new(HoverJob { number, request, encode, canvas, tokens })))
            }
        }
    }

    /// Why no click can be answered now or soon, if so.
    fn unavailable(&self, status: &Status) -> Option<String> {
        match (&status.runtime, &status.model) {
            (RuntimeStatus::Missing(why), _)
            | (_, ModelStatus::Failed(why) | ModelStatus::Stopped(why)) => Some(why.clone()),
            _ if self.dead => {
                Some(mark("The model's thread has stopped; start the program again").to_owned())
            }
            _ => None,
        }
    }
}

impl Drop for Model {
    /// A window that closes stops its model and waits until that has let go of ONNX Runtime, which is taken down when the
    /// program ends: a thread that is still loading a model then would crash it.
    fn drop(&mut self) {
        self.tokens.all.cancel();
        self.opening.cancel();
        self.cancel_install();
        if !self.worker.finish(PATIENCE) {
            tracing::warn!("the model is still at work while the program ends");
        }
    }
}
