//! The model and its worker thread. One click is in flight at a time, the oldest pending one; what it
//! leaves in the segmenter's cache makes the next one cost only the decoder.

use std::path::PathBuf;
use std::sync::Arc;

use super::{DocumentNumber, Session};
use crate::document::{Command, Document, EntryId, Resolution};
use crate::segment::{
    DeviceChoice, Outcome, Request, SegmentError, Segmenter, Stage, runtime, runtime::Runtime,
};
use crate::ui::{Busy, Latency, ModelStatus, RuntimeStatus, Status, Toasts};
use crate::work::{CancelToken, Task, Wake, Worker};

enum Ask {
    /// Find ONNX Runtime, then load the model.
    Start(Option<PathBuf>),
    Replay {
        click: Click,
        request: Box<Request>,
        cancel: CancelToken,
    },
}

enum Tell {
    Runtime(Result<Runtime, SegmentError>),
    Loading(String),
    Model(Result<ReadyModel, SegmentError>),
    Stage(Click, Stage),
    Replayed { click: Click, model: String, result: Box<Result<Outcome, SegmentError>> },
}

struct ReadyModel {
    name: String,
    device: String,
    reason: String,
}

/// Names a click across threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Click {
    document: DocumentNumber,
    entry: EntryId,
}

pub(super) struct Model {
    worker: Worker<Ask, Tell>,
    wake: Wake,
    chosen: Option<PathBuf>,
    flight: Option<(Click, CancelToken)>,
    install: Option<Task<Result<PathBuf, SegmentError>>>,
    dead: bool,
}

impl Model {
    /// Starts the worker and looks for the runtime and the model at once, so that both are ready
    /// before the first click.
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let mut segmenter: Option<Segmenter> = None;
        let worker =
            Worker::start("model", wake.clone(), move |ask, tell: &dyn Fn(Tell)| match ask {
                Ask::Start(chosen) => segmenter = start(chosen, tell),
                Ask::Replay { click, request, cancel } => {
                    let mut stage = |stage| tell(Tell::Stage(click, stage));
                    let (model, result) = match &mut segmenter {
                        Some(s) => {
                            (s.model_name().to_owned(), s.run(&request, &cancel, &mut stage))
                        }
                        None => return,
                    };
                    tell(Tell::Replayed { click, model, result: Box::new(result) });
                }
            })?;
        let model = Self { worker, wake, chosen: None, flight: None, install: None, dead: false };
        let _dead_is_found_by_poll = model.worker.submit(Ask::Start(None));
        Ok(model)
    }

    /// Uses the model in this folder from the next click on; `None` is the one that ships.
    pub fn choose(&mut self, folder: Option<PathBuf>, status: &mut Status) {
        self.chosen.clone_from(&folder);
        status.model = ModelStatus::Loading("model".to_owned());
        let _dead_is_found_by_poll = self.worker.submit(Ask::Start(folder));
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

    /// Stops the click that is being computed and a running fetch.
    pub fn cancel(&mut self) {
        if let Some((_, cancel)) = &self.flight {
            cancel.cancel();
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
                    self.flight = None;
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
        let _dead_is_found_by_poll = self.worker.submit(Ask::Start(self.chosen.clone()));
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
                status.runtime = RuntimeStatus::Missing(why.to_string());
                status.model = ModelStatus::None;
            }
            Tell::Loading(name) => status.model = ModelStatus::Loading(name),
            Tell::Model(Ok(ReadyModel { name, device, reason })) => {
                status.model = ModelStatus::Ready { name, device, reason };
            }
            Tell::Model(Err(why)) => {
                toasts.error(why.to_string());
                status.model = ModelStatus::Failed(why.to_string());
            }
            Tell::Stage(click, stage) => {
                if self.flight.as_ref().is_some_and(|(c, _)| *c == click) {
                    status.busy = Some(match stage {
                        Stage::Crop | Stage::Encode => Busy::Encoding,
                        Stage::Decode => Busy::Decoding,
                        Stage::Paste => Busy::Pasting,
                    });
                }
            }
            Tell::Replayed { click, model, result } => {
                if self.flight.take_if(|(c, _)| *c == click).is_some() {
                    status.busy = None;
                }
                let Some(session) = session.filter(|s| s.number == click.document) else { return };
                finish(&mut session.document, click.entry, model, *result, status, toasts);
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
        let Some(session) = session else {
            self.cancel_flight();
            return;
        };
        let pending = session.document.pending().map(|(entry, click)| (entry, click.clone()));
        let wanted =
            pending.as_ref().map(|(entry, _)| Click { document: session.number, entry: *entry });
        if self.flight.as_ref().is_some_and(|(c, _)| Some(*c) != wanted) {
            // Undone, or another scan is open: nobody wants that answer.
            self.cancel_flight();
        }
        let (Some((entry, click)), Some(name)) = (pending, wanted) else { return };
        if click.prompts.is_empty() {
            let nothing = Resolution {
                steps: Vec::new(),
                crop: None,
                model: String::new(),
                region: crate::volume::Region::default(),
            };
            let resolution = Arc::new(nothing);
            let _never_stale = session.document.apply(Command::Resolve { entry, resolution });
            (self.wake)();
            return;
        }
        if self.flight.is_some() {
            return;
        }
        if let Some(why) = self.unavailable(status) {
            if session.document.apply(Command::Withdraw(entry)).is_ok() {
                toasts.error(why);
            }
            return;
        }
        if !matches!(status.model, ModelStatus::Ready { .. }) {
            return;
        }
        let object = session.document.object(click.object);
        let request = Request {
            volume: session.document.image().clone(),
            prompts: click.prompts.clone(),
            steps: object.map(|o| o.steps.clone()).unwrap_or_default(),
            crop: object.and_then(|o| o.crop.clone()),
        };
        let cancel = CancelToken::new();
        let ask = Ask::Replay { click: name, request: Box::new(request), cancel: cancel.clone() };
        if self.worker.submit(ask).is_ok() {
            self.flight = Some((name, cancel));
            status.busy = Some(Busy::Decoding);
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

    fn cancel_flight(&mut self) {
        if let Some((_, cancel)) = &self.flight {
            cancel.cancel();
        }
    }
}

/// Runs on the worker.
fn start(chosen: Option<PathBuf>, tell: &dyn Fn(Tell)) -> Option<Segmenter> {
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
            let device = segmenter.device();
            let shown = match device.threads {
                0 => device.name.clone(),
                threads => format!("{}·{threads}", device.name),
            };
            tell(Tell::Model(Ok(ReadyModel {
                name: segmenter.model_name().to_owned(),
                device: shown,
                reason: device.reason.clone(),
            })));
            Some(segmenter)
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
            let latency =
                Latency { encode: first, decode: times.decode.iter().sum(), paste: times.paste };
            let resolution = Resolution {
                steps: outcome.steps,
                crop: outcome.crop,
                model,
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
