//! The list of cases that is worked through: made of a folder or a table, looked at again now and then, and gone
//! through case by case. All of that on threads: a list may lie on a network share, and have ten thousand cases.
//!
//! - `making`: the list of a place, and how it was set up.
//! - `going`: from case to case, without those that somebody has.
//! - `shown`: what the window shows of it.

mod going;
mod making;
mod shown;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::App;
use super::document_number::DocumentNumber;
use super::files::Purpose;
use crate::cases::{CaseList, WorkStatus};
use crate::document::{ExpectedObject, LabelId};
use crate::names::NameList;
use crate::ui::text::{mark, tr};
use crate::ui::{CaseMark, CaseProgress, CasesAction, ListedCase};
use crate::work::{CancelToken, Progress, Task, Wake};
use going::Walk;
use making::Making;
use shown::row_of;

/// From one look at all cases to the next, at least; and as a multiple of how long a look takes.
const PAUSE: Duration = Duration::from_secs(15);
const SELDOM: u32 = 20;
/// After a case was left its session is looked at: it is written by then.
const WRITTEN: Duration = Duration::from_secs(2);

/// What was found of cases, by their places in the list.
type Found = Vec<(usize, WorkStatus)>;

/// All that the window has of lists of cases.
pub(super) struct WorkList {
    wake: Wake,
    making: Option<Making>,
    open: Option<OpenList>,
    walk: Option<Walk>,
}

/// A list that is worked through.
struct OpenList {
    list: Arc<CaseList>,
    /// Which case has a session.
    by_session: HashMap<PathBuf, usize>,
    /// The names that lie with it.
    own_names: Option<NameList>,
    /// The case that was gone to last, be it open or not.
    at: Option<usize>,
    /// The case that was opened as this document.
    opened: Option<(usize, DocumentNumber)>,
    /// It is being looked at again: since when, and at how many cases.
    look: Option<(Instant, bool, Task<Found>)>,
    looked: Instant,
    took: Duration,
    /// Cases that could not be opened when they were gone to, and why.
    failed: HashMap<usize, String>,
    /// Cases that were left a moment ago.
    left: Vec<(usize, Instant)>,
    /// Which objects new ones are to be, in which document.
    names_given: Option<(DocumentNumber, String)>,
}

impl WorkList {
    pub fn new(wake: Wake) -> Self {
        Self { wake, making: None, open: None, walk: None }
    }
}

impl OpenList {
    fn new(list: CaseList, own_names: Option<NameList>, took: Duration) -> Self {
        let sessions = list.cases.iter().enumerate().map(|(at, case)| (case.session.clone(), at));
        Self {
            by_session: sessions.collect(),
            list: Arc::new(list),
            own_names,
            at: None,
            opened: None,
            look: None,
            looked: Instant::now(),
            took,
            failed: HashMap::new(),
            left: Vec::new(),
            names_given: None,
        }
    }

    /// Looks at cases again; at all of them if none are named.
    fn look_at(&mut self, wake: &Wake, which: Option<Vec<usize>>) {
        let all = which.is_none();
        let list = Arc::clone(&self.list);
        let task = Task::start("look at cases", Arc::clone(wake), move |cancel, progress| {
            look(&list, which, cancel, progress)
        });
        self.look = task.ok().map(|task| (Instant::now(), all, task));
    }

    /// What was found, once; where the window is to come again for more.
    fn follow_look(&mut self, wake: &Wake, shown: bool) -> (Found, Option<Duration>) {
        let mut found = Found::new();
        if let Some(answer) = self.look.as_ref().and_then(|(.., task)| task.poll())
            && let Some((since, all, _)) = self.look.take()
        {
            found = answer.unwrap_or_default();
            if all {
                (self.looked, self.took) = (Instant::now(), since.elapsed());
            }
        }
        if self.look.is_some() {
            return (found, None);
        }
        let (due, soon): (Vec<_>, Vec<_>) =
            self.left.drain(..).partition(|(_, since)| since.elapsed() >= WRITTEN);
        self.left = soon;
        if !due.is_empty() {
            self.look_at(wake, Some(due.into_iter().map(|(at, _)| at).collect()));
            return (found, None);
        }
        let pause = PAUSE.max(self.took * SELDOM).saturating_sub(self.looked.elapsed());
        if shown && pause.is_zero() {
            self.look_at(wake, None);
        }
        let soon = (!self.left.is_empty()).then_some(WRITTEN);
        (found, soon.or(shown.then_some(pause.max(Duration::from_millis(100)))))
    }
}

/// The cases of which something else is known than before.
fn look(
    list: &CaseList,
    which: Option<Vec<usize>>,
    cancel: &CancelToken,
    progress: &Progress,
) -> Found {
    let mut now = match &which {
        None => list.clone(),
        Some(which) => {
            let cases = which.iter().filter_map(|at| list.cases.get(*at).cloned()).collect();
            let (place, sessions) = (list.place.clone(), list.sessions.clone());
            CaseList { place, sessions, cases, notes: Vec::new() }
        }
    };
    if now.refresh(cancel, progress).is_err() {
        return Found::new();
    }
    let places = which.unwrap_or_else(|| (0..list.cases.len()).collect());
    let found = places.into_iter().zip(now.cases);
    let other =
        |(at, case): &(usize, crate::cases::WorkCase)| list.cases[*at].status != case.status;
    found.filter(other).map(|(at, case)| (at, case.status)).collect()
}

impl App {
    /// Takes in what is known of the list by now, and has it looked at again. Never waits.
    pub(super) fn follow_work_list(&mut self, ctx: &egui::Context) {
        self.follow_making();
        self.follow_walk();
        self.follow_current();
        self.give_names();
        let shown = self.view.windows.cases.open;
        let wake = Arc::clone(&self.work_list.wake);
        let Some(open) = &mut self.work_list.open else { return };
        let (found, wait) = open.follow_look(&wake, shown);
        let refreshing = open.look.as_ref().is_some_and(|(_, all, _)| *all);
        self.take_in(found);
        if let Some(status) = &mut self.status.work_list
            && status.refreshing != refreshing
        {
            Arc::make_mut(status).refreshing = refreshing;
        }
        if let Some(wait) = wait {
            ctx.request_repaint_after(wait);
        }
    }

    /// What was found of cases. Of the one that is open here more is known.
    fn take_in(&mut self, found: Found) {
        let Some(open) = &mut self.work_list.open else { return };
        let Some(status) = &mut self.status.work_list else { return };
        if found.is_empty() {
            return;
        }
        let list = Arc::make_mut(&mut open.list);
        let status = Arc::make_mut(status);
        for (at, mut what) in found {
            // That the scan can't be opened was not seen by a look at it.
            if what.problem.is_none()
                && let Some(why) = open.failed.get(&at)
            {
                what.problem = Some(mark("it can't be opened: {why}").replace("{why}", why));
            }
            let (Some(case), Some(row)) = (list.cases.get_mut(at), status.cases.get_mut(at)) else {
                continue;
            };
            case.status = what;
            if status.current != Some(at) {
                *row = row_of(case);
            }
        }
        status.count_all();
    }

    /// Which case is open, and how far it is at this moment.
    fn follow_current(&mut self) {
        let Some(list) = &mut self.work_list.open else { return };
        let Some(status) = &mut self.status.work_list else { return };
        let session = self.sessions.path();
        let number = self.open.as_ref().map(|open| open.number);
        let cases = Arc::clone(&list.list);
        let its = |at: usize| session.is_some_and(|path| cases.cases[at].session == path);
        let opened = list.opened.filter(|(_, of)| Some(*of) == number).map(|(at, _)| at);
        let current = number.and_then(|_| {
            let known = status.current.or(list.at).filter(|at| its(*at));
            known.or(opened).or_else(|| list.by_session.get(session?).copied())
        });
        if current != status.current {
            let status = Arc::make_mut(status);
            list.left.extend(status.current.map(|at| (at, Instant::now())));
            status.current = current;
            list.at = current.or(list.at);
        }
        let Some(at) = current.filter(|at| its(*at)) else { return };
        let (Some(open), Some(kept)) = (&self.open, &self.status.session) else { return };
        if kept.copy_of.is_some() {
            return;
        }
        let objects = open.document.objects();
        let done = objects.iter().filter(|o| o.state == crate::document::ObjectState::Done);
        let row = ListedCase {
            progress: progress_now(kept.case, objects.len()),
            objects: objects.len(),
            objects_done: done.count(),
            held_by: None,
            problem: None,
            ..status.cases[at].clone()
        };
        if status.cases[at] != row {
            let status = Arc::make_mut(status);
            status.cases[at] = row;
            status.count_all();
        }
    }

    /// Says what new objects of a case are called.
    fn give_names(&mut self) {
        let Some(list) = &mut self.work_list.open else { return };
        let Some(status) = &self.status.work_list else { return };
        let Some(open) = &mut self.open else { return };
        let title = status.names.clone().filter(|_| status.current.is_some()).unwrap_or_default();
        let wanted = (open.number, title);
        if list.names_given.as_ref() == Some(&wanted) {
            return;
        }
        let known = list.own_names.iter().chain(self.status.names.iter());
        let names = known.into_iter().find(|names| names.title == wanted.1);
        // The user's own may be still to be read.
        if names.is_some() || wanted.1.is_empty() {
            open.document.expect_objects(names.map(expected).unwrap_or_default());
            list.names_given = Some(wanted);
        }
    }

    /// Whether a file is the session of a case.
    pub(super) fn is_in_list(&self, session: &Path) -> bool {
        let list = self.work_list.open.as_ref();
        list.is_some_and(|open| open.by_session.contains_key(session))
    }

    /// Whether one case takes the place of another.
    pub(super) fn is_between_cases(&self) -> bool {
        let current = self.status.work_list.as_ref().and_then(|list| list.current);
        self.work_list.walk.is_some() && current.is_some()
    }

    /// Does what the user wants of the list.
    pub(super) fn do_cases(&mut self, action: CasesAction) {
        match action {
            CasesAction::Ask => self.files.paths.ask(Purpose::Cases),
            CasesAction::Cancel => self.cancel_making(),
            CasesAction::Refresh => {
                let wake = Arc::clone(&self.work_list.wake);
                if let Some(open) = &mut self.work_list.open {
                    // What kept them from being opened may be over.
                    open.failed.clear();
                    open.look_at(&wake, None);
                }
            }
            CasesAction::Close => self.close_list(),
            CasesAction::Open(at) => self.go_to_case(at),
            CasesAction::Go(step) => self.go_on_in_list(step),
            CasesAction::Mark(mark) => self.mark_case(mark),
            CasesAction::Names(names) => self.call_new_objects_by(names),
            CasesAction::AskSessions => self.files.paths.ask(Purpose::SessionsFolder),
            CasesAction::SessionsBeside => self.keep_sessions_in(None),
        }
    }

    fn mark_case(&mut self, mark: CaseMark) {
        if self.open.is_some() && !self.sessions.mark(mark) {
            self.toasts.refused(tr("This session is open to be read only.").to_owned());
        }
    }

    fn close_list(&mut self) {
        self.work_list.open = None;
        self.work_list.walk = None;
        self.status.work_list = None;
        if let Some(open) = &mut self.open {
            open.document.expect_objects(Vec::new());
        }
    }
}

/// How far a case is of which so much is known.
fn progress_now(mark: CaseMark, objects: usize) -> CaseProgress {
    match mark {
        CaseMark::Done => CaseProgress::Done,
        CaseMark::Flagged => CaseProgress::Flagged,
        CaseMark::Open if objects > 0 => CaseProgress::InProgress,
        CaseMark::Open => CaseProgress::NotStarted,
    }
}

/// The objects of a list of names.
fn expected(names: &NameList) -> Vec<ExpectedObject> {
    let object = |label: &crate::names::NamedLabel| ExpectedObject {
        number: LabelId(label.number),
        name: label.name.clone(),
        colour: label.colour,
    };
    names.labels.iter().map(object).collect()
}
