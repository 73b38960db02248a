//! The list of cases that is worked through, as the window shows it.

use std::path::PathBuf;

/// How far the work on a case is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CaseProgress {
    /// There is no object.
    #[default]
    NotStarted,
    /// There are objects.
    InProgress,
    /// Somebody should look at it.
    Flagged,
    /// Its annotator says so.
    Done,
}

impl CaseProgress {
    /// All, in the order of the list's buttons.
    pub const ALL: [Self; 4] = [Self::NotStarted, Self::InProgress, Self::Flagged, Self::Done];
}

/// What the annotator says of a case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseMark {
    /// Nothing: it is worked on.
    #[default]
    Open,
    /// Somebody should look at it.
    Flagged,
    /// It is finished.
    Done,
}

/// A case of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedCase {
    /// What it is called.
    pub name: String,
    /// Where its scan is.
    pub scan: PathBuf,
    /// How far the work on it is.
    pub progress: CaseProgress,
    /// How many objects there are.
    pub objects: usize,
    /// How many of them are done.
    pub objects_done: usize,
    /// How long it was worked on: milliseconds.
    pub duration_ms: i64,
    /// Who has it open, if that is not this window.
    pub held_by: Option<String>,
    /// What is wrong with its scan or its session, and what to do, in English.
    pub problem: Option<String>,
}

/// The list of cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkListStatus {
    /// The folder or the table that it is made of.
    pub place: PathBuf,
    /// The folder in which all sessions are; `None`: each beside its scan, or where the table says.
    pub sessions: Option<PathBuf>,
    /// The cases, in their order.
    pub cases: Vec<ListedCase>,
    /// How many cases are in each state, as [`CaseProgress::ALL`] has them.
    pub counts: [usize; 4],
    /// The case that is open, by its place in the list.
    pub current: Option<usize>,
    /// What was left out, one line each, in English.
    pub notes: Vec<String>,
    /// The list of names that new objects are called by.
    pub names: Option<String>,
    /// The list of names that lies with the cases.
    pub own_names: Option<String>,
    /// It is looked at again how far each case is.
    pub refreshing: bool,
}

impl WorkListStatus {
    /// How many cases are in a state.
    pub fn count(&self, progress: CaseProgress) -> usize {
        self.counts[progress as usize]
    }

    /// Counts the cases of each state anew.
    pub fn count_all(&mut self) {
        self.counts = CaseProgress::ALL
            .map(|progress| self.cases.iter().filter(|case| case.progress == progress).count());
    }
}

/// A list that is being made: what of, how many scans were found or sessions looked at, and of how many (0: that is not
/// known yet).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListProgress {
    /// The folder or the table.
    pub place: PathBuf,
    /// Scans found, or sessions looked at.
    pub done: u64,
    /// Sessions in all.
    pub total: u64,
}

/// From one case to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseStep {
    /// The next that nobody has.
    Next,
    /// The one before that nobody has.
    Previous,
    /// The next that nobody has begun, after the last from the first on.
    NextNotStarted,
}

/// What the user wants of the list of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CasesAction {
    /// Ask for a folder of cases.
    Ask,
    /// Stop making the list.
    Cancel,
    /// Look again at how far each case is.
    Refresh,
    /// No list any more; what is open stays open.
    Close,
    /// Open this case, by its place in the list.
    Open(usize),
    /// Go to another case.
    Go(CaseStep),
    /// Say how far the case that is open is.
    Mark(CaseMark),
    /// New objects are called by this list of names, in all cases.
    Names(Option<String>),
    /// Ask for the folder in which all sessions are.
    AskSessions,
    /// The sessions are beside their scans.
    SessionsBeside,
}

/// How the user looks at the list of cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CasesPanel {
    /// It is shown, if there is one.
    pub open: bool,
    /// Words that the cases shown have in their names; empty where all are.
    pub searched: String,
    /// The state that the cases shown are in; `None` where all are.
    pub only: Option<CaseProgress>,
}
