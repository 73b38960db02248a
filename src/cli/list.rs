//! `voxpoint list`.

use std::fmt::Write as _;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use serde::Serialize;

use super::args::ListArgs;
use super::{print, print_json, say};
use crate::cases::{self, CaseList, WorkCase, WorkState};
use crate::io::formats;
use crate::session::Holder;
use crate::text::one_line;
use crate::work::{CancelToken, Progress};

/// How far it is is told so often.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a list holds; keys are stable.
#[derive(Debug, Serialize)]
struct List<'a> {
    /// The folder or the table.
    place: String,
    cases: Vec<Row<'a>>,
    /// What was left out.
    notes: &'a [String],
    total: usize,
    not_started: usize,
    in_progress: usize,
    flagged: usize,
    done: usize,
    minutes: f64,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    name: &'a str,
    scan: String,
    /// Which of several that lie there; null: the only one, or who opens it is asked.
    series: Option<&'a str>,
    /// Where its session is, or will be.
    session: String,
    /// not-started, in-progress, flagged, done.
    state: &'static str,
    objects: usize,
    objects_done: usize,
    minutes: f64,
    /// When its session was last written: milliseconds since 1970, UTC.
    written_ms: Option<i64>,
    /// Who has its session open.
    open_by: &'a Option<Holder>,
    /// What is wrong with its scan or its session.
    problem: &'a Option<String>,
}

fn minutes(ms: i64) -> f64 {
    ms as f64 / 60_000.0
}

impl<'a> Row<'a> {
    fn of(case: &'a WorkCase) -> Self {
        let status = &case.status;
        Self {
            name: &case.name,
            scan: case.scan.display().to_string(),
            series: case.series.as_deref(),
            session: case.session.display().to_string(),
            state: match status.state {
                WorkState::NotStarted => "not-started",
                WorkState::InProgress => "in-progress",
                WorkState::Flagged => "flagged",
                WorkState::Done => "done",
            },
            objects: status.objects,
            objects_done: status.objects_done,
            minutes: minutes(status.duration_ms),
            written_ms: status.written_ms,
            open_by: &status.holder,
            problem: &status.problem,
        }
    }

    /// A line of the table.
    fn line(&self) -> String {
        let objects = match self.objects {
            0 => "-".to_owned(),
            objects => format!("{}/{objects}", self.objects_done),
        };
        let mut line = format!(
            "{:<12} {objects:>9} {:>8.0}  {}",
            self.state.replace('-', " "),
            self.minutes,
            one_line(self.name)
        );
        if let Some(holder) = self.open_by {
            let _ = write!(line, "  (open: {holder})");
        }
        if let Some(problem) = self.problem {
            let _ = write!(line, "  (problem: {})", one_line(problem));
        }
        line
    }
}

impl<'a> List<'a> {
    fn of(list: &'a CaseList) -> Self {
        Self {
            place: list.place.display().to_string(),
            cases: list.cases.iter().map(Row::of).collect(),
            notes: &list.notes,
            total: list.cases.len(),
            not_started: list.count(WorkState::NotStarted),
            in_progress: list.count(WorkState::InProgress),
            flagged: list.count(WorkState::Flagged),
            done: list.count(WorkState::Done),
            minutes: minutes(list.duration_ms()),
        }
    }

    fn table(&self) -> String {
        let mut text = format!("{:<12} {:>9} {:>8}  name\n", "state", "done", "minutes");
        for case in &self.cases {
            text.push_str(&case.line());
            text.push('\n');
        }
        let Self { total, in_progress, flagged, done, minutes, .. } = self;
        // Writing into a String can't fail.
        let _ = write!(
            text,
            "{done} of {total} done, {in_progress} in progress, {flagged} flagged; {minutes:.0} minutes"
        );
        text
    }
}

/// Lists cases.
pub fn run(args: &ListArgs) -> anyhow::Result<()> {
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let list = std::thread::scope(|scope| {
        let (over, ended) = std::sync::mpsc::channel::<()>();
        let told = &progress;
        // Of a slow network folder it is told that it goes on; without a thread for that it goes on all the same.
        let tell = move || {
            while ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                match told.get() {
                    (found, 0) => say(&format!("looking for scans: {found} so far")),
                    (done, total) => say(&format!("looking at sessions: {done} of {total}")),
                }
            }
        };
        let _teller = std::thread::Builder::new().spawn_scoped(scope, tell);
        let list =
            cases::find(&args.place, args.sessions.as_deref(), formats(), &cancel, &progress);
        drop(over);
        list
    })?;
    let shown = List::of(&list);
    if args.json {
        return print_json(&shown);
    }
    for note in shown.notes {
        say(&format!("note: {note}"));
    }
    print(&shown.table())
}
