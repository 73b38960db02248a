//! The window's title: which scan, how the session is kept, whether the mask is exported.

use std::path::Path;
use std::time::Duration;

use super::discarded::DAYS;
use crate::document::Document;
use crate::ui::commands::cases::mark_text;
use crate::ui::text::{tr, tr_with};
use crate::ui::{CopyStatus, SessionState, SessionStatus};

/// How often it is looked at how far something is.
pub const OFTEN: Duration = Duration::from_millis(100);

/// `ct.nii.gz · session case.voxpoint (saved) · mask not exported — Voxpoint`.
pub fn title(document: Option<&Document>, session: Option<&SessionStatus>) -> String {
    let Some(document) = document else { return "Voxpoint".to_owned() };
    let mut parts = vec![document.image().name().to_owned()];
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
        let modified = document.is_modified();
        parts.push(if modified { tr("mask not exported") } else { tr("mask exported") }.to_owned());
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

/// Where what was discarded lies.
pub fn discarded(path: &Path) -> String {
    tr_with(
        "Discarded. For {days} days you can have it back: open {path}",
        &[("days", &DAYS), ("path", &path.display())],
    )
}

fn state(state: &SessionState) -> Option<&'static str> {
    match state {
        SessionState::Untouched => None,
        SessionState::Saving => Some(tr("saving…")),
        SessionState::Saved => Some(tr("saved")),
        SessionState::Failed { .. } | SessionState::Stuck(_) => Some(tr("not saved")),
    }
}
