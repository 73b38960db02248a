//! What the window shows of a list of cases.

use std::path::PathBuf;

use crate::cases::{CaseList, WorkCase, WorkState};
use crate::session::Holder;
use crate::ui::{CaseProgress, ListedCase, WorkListStatus};

pub(super) fn progress_of(state: WorkState) -> CaseProgress {
    match state {
        WorkState::NotStarted => CaseProgress::NotStarted,
        WorkState::InProgress => CaseProgress::InProgress,
        WorkState::Flagged => CaseProgress::Flagged,
        WorkState::Done => CaseProgress::Done,
    }
}

/// A row of the list.
pub(super) fn row_of(case: &WorkCase) -> ListedCase {
    let status = &case.status;
    let other = status.holder.as_ref().filter(|holder| !holder.is_this_program());
    ListedCase {
        name: case.name.clone(),
        scan: case.scan.clone(),
        progress: progress_of(status.state),
        objects: status.objects,
        objects_done: status.objects_done,
        duration_ms: status.duration_ms,
        held_by: other.map(Holder::to_string),
        problem: status.problem.clone(),
    }
}

/// The whole list.
pub(super) fn status_of(
    list: &CaseList,
    names: Option<String>,
    own_names: Option<String>,
) -> WorkListStatus {
    let mut status = WorkListStatus {
        place: list.place.clone(),
        sessions: list.sessions.clone(),
        cases: list.cases.iter().map(row_of).collect(),
        notes: list.notes.clone(),
        names,
        own_names,
        ..WorkListStatus::default()
    };
    status.count_all();
    status
}

/// What lies beside the cases of a list: a list of the names of its objects.
pub(super) fn names_beside(place: &std::path::Path) -> PathBuf {
    let folder = if place.is_dir() { place } else { place.parent().unwrap_or(place) };
    folder.join("names.json")
}
