//! The window's title: which scan, how the session is kept, whether the mask is exported.

use std::path::Path;
use std::time::Duration;

use super::discarded::DAYS;
use super::found::OwnFile;
use crate::document::Document;
use crate::ui::commands::cases::mark_text;
use crate::ui::text::{mark, tr, tr_with};
use crate::ui::{CopyStatus, SessionState, SessionStatus};

/// How often it is looked at how far something is.
pub const OFTEN: Duration = Duration::from_millis(100);

/// `ct.nii.gz · session case.voxpoint (saved) · mask not exported — Voxpoint`.
/// `in_files`: each object is in a file of its own as it is.
pub fn title(
    document: Option<&Document>,
    session: Option<&SessionStatus>,
    in_files: bool,
) -> String {
    let Some(document) = document else { return "Voxpoint".to_owned() };
    let mut parts = vec![document.image().name_on_screen().to_owned()];
    parts.extend(session.and_then(|s| mark_text(s.case)).map(str::to_owned));
    if let Some(session) = session
        && let Some(state) = state(&session.state)
    {
        parts.push(match (&session.name, &session.copy_of) {
            (Some(name), _) => {
                tr_with("session {name} ({state})", &[("name", name), ("state", &state)])
            }
            (None, Some(CopyStatus { name, .. })) => {
                tr_with("copy of {name} ({state})", &[("name", name), ("state", &state)])
            }
            (None, None) => tr_with("draft ({state})", &[("state", &state)]),
        });
    } else if let Some(CopyStatus { name, .. }) = session.and_then(|s| s.copy_of.as_ref()) {
        parts.push(tr_with("{name}, read-only", &[("name", name)]));
    }
    if document.objects().iter().any(|o| !o.region.is_empty()) || document.is_modified() {
        let text = match (document.is_modified(), in_files) {
            (false, _) => tr("mask exported"),
            (true, true) => tr("each object exported"),
            (true, false) => tr("mask not exported"),
        };
        parts.push(text.to_owned());
    }
    format!("{} — Voxpoint", parts.join(" · "))
}

/// Why nothing is heard of what is to be written. `silence`: for how long; `None`: nothing will ever be.
pub fn stuck(silence: Option<Duration>) -> String {
    let Some(silence) = silence else {
        return tr("What keeps the session has stopped unexpectedly, and nothing is kept any more: save the mask, then start Voxpoint again.").to_owned();
    };
    tr_with(
        "The disk with the session has not answered for {seconds} s, and nothing is kept until it does: save the mask on another disk.",
        &[("seconds", &silence.as_secs())],
    )
}

/// A session lies where the system can't lock it.
pub fn no_locks(session: &Path) -> String {
    tr_with(
        "This network drive can't keep two people from writing the same file. Voxpoint marks the session as yours ({path}); don't change it with another program meanwhile.",
        &[("path", &session.display())],
    )
}

/// Where what was discarded lies.
pub fn discarded(path: &Path) -> String {
    tr_with(
        "Discarded. For {days} days you can have it back: open {path}",
        &[("days", &DAYS), ("path", &path.display())],
    )
}

/// Why the scan comes from the session; `{path}`: where its file was.
pub fn from_session(file: OwnFile) -> &'static str {
    match file {
        OwnFile::Gone => mark(
            "The scan comes from the session: its file is not where it was ({path}). All but DICOM files can be saved.",
        ),
        OwnFile::Other => mark(
            "The scan comes from the session: its file is another one now ({path}). All but DICOM files can be saved.",
        ),
        OwnFile::Unknown => mark(
            "The scan comes from the session: whether its file is still the same can't be known ({path}). All but DICOM files can be saved.",
        ),
        OwnFile::Unreadable => mark(
            "The scan comes from the session: its file can't be read ({path}). All but DICOM files can be saved.",
        ),
    }
}

/// The session had the scan's voxels in it, and has not. `came_from_it`: what is open was read from there.
pub fn scan_lost(session: &Path, came_from_it: bool) -> String {
    let text = if came_from_it {
        mark(
            "The session's file was lost, and with it the scan's voxels that were in it; it goes on without them: {path}. Choose “Save session as…” before you close it: the scan goes into it again.",
        )
    } else {
        mark(
            "The session's file was lost, and with it the scan's voxels that were in it; it goes on without them: {path}. Choose “Save session with the scan…” to have them in it again.",
        )
    };
    tr_with(text, &[("path", &session.display())])
}

fn state(state: &SessionState) -> Option<&'static str> {
    match state {
        SessionState::Untouched => None,
        SessionState::Saving => Some(tr("saving…")),
        SessionState::Saved => Some(tr("saved")),
        SessionState::Failed { .. } | SessionState::Stuck(_) => Some(tr("not saved")),
    }
}
