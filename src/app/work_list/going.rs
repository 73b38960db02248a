//! From case to case: the next one is looked for, and opened, on a thread, because somebody else may have taken it since
//! the list was looked at. One that can't be opened is passed over, and marked.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Found;
use crate::app::App;
use crate::app::document_number::DocumentNumber;
use crate::app::files::Which;
use crate::app::sessions::{CaseNews, CaseTools, OpeningOutcome, open_case};
use crate::cases::{CaseList, WorkState};
use crate::session::Holder;
use crate::ui::text::{mark, tr, tr_with};
use crate::ui::{CaseStep, tr_error};

/// So many of the cases that were passed over are named.
const NAMED: usize = 3;

/// How cases are gone through.
#[derive(Clone, Default)]
struct Wanted {
    /// How the next one is looked for; `None`: it is this one.
    step: Option<CaseStep>,
    /// Which of several scans is meant, if the user has said so.
    which: Option<Which>,
}

/// A case that is looked for, or opened.
pub(super) struct Walk {
    /// How it is looked for; `None`: it is this one.
    step: Option<CaseStep>,
    /// What was open before.
    before: Option<DocumentNumber>,
    walked: Arc<Mutex<Walked>>,
}

/// What has come of it so far.
#[derive(Default)]
struct Walked {
    /// The case that is opened.
    chosen: Option<usize>,
    news: CaseNews,
    passed: Vec<(usize, Passed)>,
    seen: Found,
    /// Cases that could not be opened, and why.
    failed: Vec<(usize, String)>,
    /// There is none.
    ended: bool,
}

/// Why a case was passed over.
enum Passed {
    Held(Holder),
    Missing,
    /// It can't be opened.
    Failed(String),
}

fn locked(walked: &Mutex<Walked>) -> MutexGuard<'_, Walked> {
    // What is in it is whole at every moment.
    walked.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens the first of these cases that is wanted.
fn walk(
    list: &CaseList,
    order: &[usize],
    wanted: &Wanted,
    tools: CaseTools,
    walked: &Mutex<Walked>,
) -> OpeningOutcome {
    let step = wanted.step;
    for &at in order {
        if tools.cancel.is_cancelled() {
            return OpeningOutcome::Cancelled;
        }
        let mut case = list.cases[at].clone();
        case.refresh();
        let status = case.status.clone();
        let begun = status.state != WorkState::NotStarted;
        let holder = status.holder.clone().filter(|holder| !holder.is_this_program());
        locked(walked).seen.push((at, status));
        if step == Some(CaseStep::NextNotStarted) && begun {
            continue;
        }
        let missing = !case.scan.exists() && !case.session.exists();
        let passed = holder.map(Passed::Held).or(missing.then_some(Passed::Missing));
        if let Some(passed) = passed.filter(|_| step.is_some()) {
            locked(walked).passed.push((at, passed));
            continue;
        }
        locked(walked).chosen = Some(at);
        let named = || case.series.clone().map_or(Which::Any, Which::Series);
        let which = wanted.which.clone().unwrap_or_else(named);
        let (outcome, news) = open_case((&case.scan, &which), &case.session, tools);
        let mut now = locked(walked);
        if let (OpeningOutcome::Failed(why), None) = (&outcome, &news.held) {
            now.failed.push((at, why.clone()));
            if step.is_some() {
                now.chosen = None;
                now.passed.push((at, Passed::Failed(why.clone())));
                continue;
            }
        }
        match news.held {
            // Somebody was quicker.
            Some(holder) if step.is_some() => {
                now.chosen = None;
                now.passed.push((at, Passed::Held(holder)));
            }
            held => {
                now.news = CaseNews { held, ..news };
                return outcome;
            }
        }
    }
    locked(walked).ended = true;
    OpeningOutcome::Cancelled
}

/// The cases in the order in which they are looked at. `from`: the one that is open, or was gone to last.
pub(super) fn order_of(step: CaseStep, from: Option<usize>, count: usize) -> Vec<usize> {
    let after = from.map_or(0, |at| (at + 1).min(count));
    match step {
        CaseStep::Next => (after..count).collect(),
        CaseStep::Previous => (0..from.unwrap_or(0).min(count)).rev().collect(),
        CaseStep::NextNotStarted => (after..count).chain(0..from.unwrap_or(0).min(count)).collect(),
    }
}

impl App {
    /// Opens a case by its place in the list.
    pub(super) fn go_to_case(&mut self, at: usize) {
        let Some(list) = &self.status.work_list else { return };
        let Some(case) = list.cases.get(at) else { return };
        if list.current == Some(at) {
            let name = case.name.clone();
            self.toasts.info(tr_with("{name} is open already", &[("name", &name)]));
            return;
        }
        let scan = case.scan.clone();
        self.start_walk(scan, vec![at], Wanted::default());
    }

    /// Whether this is the scan of a case, by its place in the list.
    pub(in crate::app) fn is_case(&self, at: usize, scan: &Path) -> bool {
        let cases = self.work_list.open.as_ref().map(|open| &open.list.cases);
        cases.and_then(|cases| cases.get(at)).is_some_and(|case| case.scan == scan)
    }

    /// Opens a case with the scan that was chosen of several.
    pub(in crate::app) fn open_case_as(&mut self, at: usize, which: Which) {
        let Some(open) = &self.work_list.open else { return };
        let Some(scan) = open.list.cases.get(at).map(|case| case.scan.clone()) else { return };
        self.start_walk(scan, vec![at], Wanted { step: None, which: Some(which) });
    }

    /// Goes to another case.
    pub(super) fn go_on_in_list(&mut self, step: CaseStep) {
        let (Some(list), Some(status)) = (&self.work_list.open, &self.status.work_list) else {
            return;
        };
        // Pressed again while a case is still being opened, it goes on from there.
        let open = status.current.filter(|_| self.work_list.walk.is_none());
        let order = order_of(step, open.or(list.at), status.cases.len());
        let place = status.place.clone();
        if order.is_empty() {
            self.toasts.info(none_left(step).to_owned());
            return;
        }
        self.start_walk(place, order, Wanted { step: Some(step), which: None });
    }

    fn start_walk(&mut self, path: PathBuf, order: Vec<usize>, wanted: Wanted) {
        let asks = self.sessions.is_under_way() && !self.sessions.is_opening();
        if asks || self.leaving.is_under_way() || self.files.is_opening() {
            return;
        }
        self.cancel_opening_session();
        let Some(open) = &self.work_list.open else { return };
        let list = Arc::clone(&open.list);
        let walked = Arc::new(Mutex::new(Walked::default()));
        let theirs = Arc::clone(&walked);
        let step = wanted.step;
        self.open_by(path, move |tools| walk(&list, &order, &wanted, tools, &theirs));
        let before = self.open.as_ref().map(|open| open.number);
        self.work_list.walk = Some(Walk { step, before, walked });
    }

    /// Which cases were passed over, and why.
    fn tell_passed(&mut self, list: &CaseList, passed: &[(usize, Passed)]) {
        let name = |at: usize| list.cases[at].name.clone();
        let (mut held, mut missing, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for (at, why) in passed {
            match why {
                Passed::Held(holder) => held.push(format!("{} ({})", name(*at), tr_error(holder))),
                Passed::Missing => missing.push(name(*at)),
                Passed::Failed(why) => failed.push(format!("{} ({})", name(*at), tr_error(why))),
            }
        }
        if !held.is_empty() {
            self.toasts.info(named(mark("Passed over, somebody has it: {names}"), &held));
        }
        if !missing.is_empty() {
            let text = mark("Passed over, its scan is not there: {names}");
            self.toasts.warning(named(text, &missing));
        }
        if !failed.is_empty() {
            let text = mark("Passed over, it can't be opened: {names}");
            self.toasts.warning(named(text, &failed));
        }
    }

    /// Which case is being opened, and what there is to say when it is open.
    pub(super) fn follow_walk(&mut self) {
        let Some(walk) = &self.work_list.walk else { return };
        let Some(open) = &mut self.work_list.open else { return };
        let list = Arc::clone(&open.list);
        if let Some(at) = locked(&walk.walked).chosen {
            open.at = Some(at);
            self.sessions.opening_is(&open.list.cases[at].scan);
        }
        if self.sessions.is_under_way() || self.leaving.is_under_way() {
            return;
        }
        let Some(Walk { step, before, walked }) = self.work_list.walk.take() else { return };
        let walked = std::mem::take(&mut *locked(&walked));
        let now = self.open.as_ref().map(|open| open.number).filter(|now| Some(*now) != before);
        if let (Some(at), Some(now)) = (walked.chosen, now) {
            open.opened = Some((at, now));
            open.failed.remove(&at);
            if let Some(why) = &walked.news.as_draft {
                self.toasts.warning(tr_with(
                    "The session of this case can't be made at its place, its work is a draft: {why}",
                    &[("why", &tr_error(why))],
                ));
            }
        }
        open.failed.extend(walked.failed);
        let scan = walked.chosen.map_or_else(PathBuf::new, |at| list.cases[at].scan.clone());
        self.tell_passed(&list, &walked.passed);
        drop(list);
        if let Some(step) = step.filter(|_| walked.ended) {
            self.toasts.info(none_left(step).to_owned());
        }
        self.take_in(walked.seen);
        if let Some((at, several)) = walked.chosen.zip(walked.news.several) {
            self.ask_series_of_case((at, scan), several);
        }
    }
}

/// The first of these names in a sentence.
fn named(text: &'static str, names: &[String]) -> String {
    let more = if names.len() > NAMED { ", …" } else { "" };
    let shown: Vec<String> = names.iter().take(NAMED).cloned().collect();
    let names = format!("{}{more}", shown.join(", "));
    tr_with(text, &[("names", &names)])
}

fn none_left(step: CaseStep) -> &'static str {
    match step {
        CaseStep::Next => tr("There is no further case in this list that is free."),
        CaseStep::Previous => tr("There is no earlier case in this list that is free."),
        CaseStep::NextNotStarted => {
            tr("There is no case in this list that is free and not started.")
        }
    }
}
