//! The model and its worker thread. One click is in flight at a time, the oldest pending one; what it
//! leaves in the segmenter's cache makes the next one cost only the decoder.

use std::path::PathBuf;
use std::sync::Arc;

use super::{DocumentNumber, Session};
use crate::document::{Command, Document, EntryId, Resolution};
use crate::prompt::Answer;
use crate::segment::{
    DeviceChoice, Outcome, Request, SegmentError, Segmenter, Stage, runtime, runtime::Runtime,
    without_steps,
};
use crate::ui::{Busy, Latency, ModelStatus, RuntimeStatus, Status, Toasts};
use crate::work::{CancelToken, Task, Wake, Worker};

enum Ask {
    /// Find ONNX Runtime, then load the model.
    Start(Option<PathBuf>),
    Replay(Box<Replay>),
}

struct Replay {
    flight: Flight,
    request: Request,
    /// Which model gave the request's steps: another one must not build on them.
    steps_of: Option<String>,
    cancel: CancelToken,
}

enum Tell {
    Runtime(Result<Runtime, SegmentError>),
    Loading(String),
    Model(Result<ReadyModel, SegmentError>),
    /// The one chosen last can't be used; this one still can.
    Kept(ReadyModel),
    Stage(Flight, Stage),
    Replayed {
        flight: Flight,
        model: String,
        result: Box<Result<Outcome, SegmentError>>,
    },
}

struct ReadyModel {
    name: String,
    device: String,
    reason: String,
}

/// Numbers the requests: an answer to one that was given up is not an answer to the next, even if that
/// asks for the same click again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Flight(u64);

/// What is being computed.
struct Flying {
    flight: Flight,
    document: DocumentNumber,
    entry: EntryId,
    cancel: CancelToken,
}

/// The model on the worker, with a name that tells it from every other one.
struct Loaded {
    segmenter: Segmenter,
    id: String,
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
        ReadyModel { name, device: shown, reason: device.reason.clone() }
    }
}

pub(super) struct Model {
    worker: Worker<Ask, Tell>,
    wake: Wake,
    chosen: Option<PathBuf>,
    flying: Option<Flying>,
    flights: u64,
    /// Starts asked for and not answered: only the last one's answer counts.
    starting: u32,
    install: Option<Task<Result<PathBuf, SegmentError>>>,
    dead: bool,
}

impl Model {
    /// Starts the worker and looks for the runtime and the model at once, so that both are ready
    /// before the first click.
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let mut loaded: Option<Loaded> = None;
        let worker =
            Worker::start("model", wake.clone(), move |ask, tell: &dyn Fn(Tell)| match ask {
                Ask::Start(chosen) => match start(chosen, tell) {
                    Some(other) => loaded = Some(other),
                    // A model that works is not given up for one that doesn't.
                    None => {
                        if let Some(kept) = &loaded {
                            tell(Tell::Kept(kept.ready()));
                        }
                    }
                },
                Ask::Replay(replay) => {
                    let flight = replay.flight;
                    let (model, result) = run(&mut loaded, *replay, tell);
                    tell(Tell::Replayed { flight, model, result: Box::new(result) });
                }
            })?;
        let mut model = Self {
            worker,
            wake,
            chosen: None,
            flying: None,
            flights: 0,
            starting: 0,
            install: None,
            dead: false,
        };
        model.ask_to_start();
        Ok(model)
    }

    /// Uses the model in this folder from the next click on; `None` is the one that ships.
    pub fn choose(&mut self, folder: Option<PathBuf>, status: &mut Status) {
        self.chosen = folder;
        status.model = ModelStatus::Loading("model".to_owned());
        self.ask_to_start();
    }

    fn ask_to_start(&mut self) {
        // A dead worker is found by `poll`.
        if self.worker.submit(Ask::Start(self.chosen.clone())).is_ok() {
            self.starting += 1;
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
            Err(why) => toasts.error(format!("no thread to fetch ONNX Runtime: {why}")),
        }
    }

    /// Whether there is something to stop.
    pub fn is_busy(&self) -> bool {
        self.flying.is_some() || self.install.is_some()
    }

    /// Stops the click that is being computed and a running fetch.
    pub fn cancel(&mut self) {
        if let Some(flying) = &self.flying {
            flying.cancel.cancel();
        }
        if let Some(task) = &self.install {
            task.cancel();
        }
    }

    /// Takes in what the worker has sent.
    pub fn poll(
        &mut self,
        mut session: Option<&mut Session>,
        status: &mut Status,
        toasts: &mut Toasts,
    ) {
        self.poll_install(status, toasts);
        while let Some(told) = self.worker.poll() {
            match told {
                Ok(told) => self.take(told, session.as_deref_mut(), status, toasts),
                Err(_) if self.dead => break,
                Err(_) => {
                    self.dead = true;
                    self.flying = None;
                    status.busy = None;
                    let why = "The model's thread stopped unexpectedly; save your work and start the program again";
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
            Ok(Ok(_)) => toasts.info("ONNX Runtime is ready".to_owned()),
            Ok(Err(SegmentError::Cancelled)) => {}
            Ok(Err(why)) => toasts.error(why.to_string()),
            Err(_) => toasts.error("Fetching ONNX Runtime stopped unexpectedly".to_owned()),
        }
        self.ask_to_start();
    }

    fn take(
        &mut self,
        told: Tell,
        session: Option<&mut Session>,
        status: &mut Status,
        toasts: &mut Toasts,
    ) {
        match told {
            Tell::Runtime(Ok(found)) => {
                status.runtime = RuntimeStatus::Ready(format!(
                    "ONNX Runtime {} ({})",
                    found.version, found.found
                ));
            }
            Tell::Runtime(Err(why)) => {
                self.starting = self.starting.saturating_sub(1);
                status.runtime = RuntimeStatus::Missing(why.to_string());
                status.model = ModelStatus::None;
            }
            Tell::Loading(name) => status.model = ModelStatus::Loading(name),
            Tell::Model(answer) => {
                self.starting = self.starting.saturating_sub(1);
                match answer {
                    // Another one was chosen meanwhile and is being loaded.
                    Ok(_) if self.starting > 0 => {}
                    Ok(ReadyModel { name, device, reason }) => {
                        status.model = ModelStatus::Ready { name, device, reason };
                    }
                    Err(why) => {
                        toasts.error(why.to_string());
                        status.model = ModelStatus::Failed(why.to_string());
                    }
                }
            }
            Tell::Kept(ReadyModel { name, device, reason }) => {
                if self.starting == 0 {
                    status.model = ModelStatus::Ready { name, device, reason };
                }
            }
            Tell::Stage(flight, stage) => {
                if self.flying.as_ref().is_some_and(|f| f.flight == flight) {
                    status.busy = Some(match stage {
                        Stage::Crop | Stage::Encode => Busy::Encoding,
                        Stage::Decode => Busy::Decoding,
                        Stage::Paste => Busy::Pasting,
                    });
                }
            }
            Tell::Replayed { flight, model, result } => {
                let Some(flying) = self.flying.take_if(|f| f.flight == flight) else { return };
                status.busy = None;
                if let Some(session) = session.filter(|s| s.number == flying.document) {
                    finish(&mut session.document, flying.entry, model, *result, status, toasts);
                }
            }
        }
    }

    /// Gives the worker the oldest pending click, if it is free.
    pub fn pump(
        &mut self,
        session: Option<&mut Session>,
        status: &mut Status,
        toasts: &mut Toasts,
    ) {
        let wanted = session.as_ref().and_then(|s| Some((s.number, s.document.pending()?.0)));
        if self.flying.as_ref().is_some_and(|f| Some((f.document, f.entry)) != wanted) {
            // Undone, or another scan is open: nobody wants that answer.
            self.give_up(status);
        }
        let Some(session) = session else { return };
        let Some((entry, click)) = session.document.pending() else { return };
        if click.log.prompts.is_empty() {
            let resolution = Arc::new(Resolution::nothing());
            let _never_stale = session.document.apply(Command::Resolve { entry, resolution });
            (self.wake)();
            return;
        }
        if let Some(why) = self.unavailable(status) {
            self.give_up(status);
            if session.document.apply(Command::Withdraw(entry)).is_ok() {
                toasts.error(why);
            }
            return;
        }
        if self.flying.is_some() || !matches!(status.model, ModelStatus::Ready { .. }) {
            return;
        }
        let object = session.document.object(click.object);
        let earlier = object.map(|o| o.answer.clone()).unwrap_or_default();
        let steps_of = earlier.model.clone();
        let volume = session.document.image().clone();
        let request = Request { volume, log: click.log.clone(), earlier, snap: 0 };
        self.flights += 1;
        let (flight, cancel) = (Flight(self.flights), CancelToken::new());
        let replay = Replay { flight, request, steps_of, cancel: cancel.clone() };
        if self.worker.submit(Ask::Replay(Box::new(replay))).is_ok() {
            self.flying = Some(Flying { flight, document: session.number, entry, cancel });
            status.busy = Some(Busy::Decoding);
        }
    }

    fn give_up(&mut self, status: &mut Status) {
        if let Some(flying) = self.flying.take() {
            flying.cancel.cancel();
            status.busy = None;
        }
    }

    /// Why no click can be answered now or soon, if so.
    fn unavailable(&self, status: &Status) -> Option<String> {
        match (&status.runtime, &status.model) {
            (RuntimeStatus::Missing(why), _) | (_, ModelStatus::Failed(why)) => Some(why.clone()),
            _ if self.dead => {
                Some("The model's thread has stopped; start the program again".to_owned())
            }
            _ => None,
        }
    }
}

impl Drop for Model {
    /// A window that closes doesn't wait for an encoder.
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Answers a click, on the worker.
fn run(
    loaded: &mut Option<Loaded>,
    replay: Replay,
    tell: &dyn Fn(Tell),
) -> (String, Result<Outcome, SegmentError>) {
    let Replay { flight, mut request, steps_of, cancel } = replay;
    let Some(Loaded { segmenter, id }) = loaded else {
        return (String::new(), Err(SegmentError::Run("no model is loaded".to_owned())));
    };
    if steps_of.as_ref() != Some(id) {
        request.earlier = without_steps(request.earlier);
    }
    let mut stage = |stage| tell(Tell::Stage(flight, stage));
    (id.clone(), segmenter.run(&request, &cancel, &mut stage))
}

/// Finds the runtime and loads a model, on the worker.
fn start(chosen: Option<PathBuf>, tell: &dyn Fn(Tell)) -> Option<Loaded> {
    let found = runtime::load();
    let missing = found.is_err();
    tell(Tell::Runtime(found));
    if missing {
        return None;
    }
    let Some(folder) = chosen.or_else(runtime::demo_model) else {
        tell(Tell::Model(Err(SegmentError::NoDemoModel)));
        return None;
    };
    let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
    tell(Tell::Loading(name));
    match Segmenter::open(&folder, DeviceChoice::Auto, None) {
        Ok(segmenter) => {
            // Folders of one name are common, so the whole path names the model.
            let id = folder.canonicalize().unwrap_or(folder).display().to_string();
            let loaded = Loaded { segmenter, id };
            tell(Tell::Model(Ok(loaded.ready())));
            Some(loaded)
        }
        Err(why) => {
            tell(Tell::Model(Err(why)));
            None
        }
    }
}

/// Brings an answer into the document.
fn finish(
    document: &mut Document,
    entry: EntryId,
    model: String,
    result: Result<Outcome, SegmentError>,
    status: &mut Status,
    toasts: &mut Toasts,
) {
    match result {
        Ok(outcome) => {
            let times = &outcome.timings;
            let first = [times.crop, times.encode].into_iter().flatten().reduce(|a, b| a + b);
            let latency = Latency {
                encode: first,
                decode: times.decode.iter().fold(0.0, |sum, ms| sum + ms),
                paste: times.paste,
            };
            let resolution = Resolution {
                answer: Answer { model: Some(model), ..outcome.answer },
                extensions: outcome.extensions,
                region: outcome.region,
            };
            let resolve = Command::Resolve { entry, resolution: Arc::new(resolution) };
            // A click undone meanwhile is stale: its answer is dropped.
            if document.apply(resolve).is_ok() {
                status.latency = Some(latency);
            }
        }
        Err(SegmentError::Cancelled) => {
            let _gone_is_fine = document.apply(Command::Withdraw(entry));
        }
        Err(why) => {
            if document.apply(Command::Withdraw(entry)).is_ok() {
                toasts.error(why.to_string());
            }
        }
    }
}
