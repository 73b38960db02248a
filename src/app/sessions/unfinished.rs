//! Where a session is being made while it is: should the program be killed meanwhile, the next one takes away what is
//! left there. The work itself is in its draft.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::folder;
use crate::session;

/// How the names of notes begin.
const PREFIX: &str = "saving-";

/// A note of it in the folder of drafts; dropped, it goes.
pub struct Unfinished(Option<PathBuf>);

impl Unfinished {
    /// Says that a session is being made at this path. Without a folder, or with a path that is no text, nothing is noted.
    pub fn at(to: &Path, drafts: Option<&Path>) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let n = NUMBER.fetch_add(1, Ordering::Relaxed);
        let note = drafts.zip(to.to_str()).and_then(|(drafts, to)| {
            let note = drafts.join(format!("{PREFIX}{}-{n}", std::process::id()));
            folder::make(drafts).and_then(|()| std::fs::write(&note, to)).ok().map(|()| note)
        });
        Self(note)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(note) = &self.0 {
            let _ = std::fs::remove_file(note);
        }
    }
}

/// Takes away what programs that were killed have left. What another one is at work on stays, with its note.
pub fn clear(drafts: &Path) {
    for entry in std::fs::read_dir(drafts).into_iter().flatten().flatten() {
        let note = entry.path();
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) || !note.is_file() {
            continue;
        }
        let Ok(to) = std::fs::read_to_string(&note) else { continue };
        let session = Path::new(&to);
        if session.is_absolute() && session::is_named_as_session(session) {
            session::clear_unfinished(session);
        }
        if session::holder_of(session).is_none() {
            let _ = std::fs::remove_file(&note);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Holder;

    #[cfg(unix)]
    #[test]
    fn what_was_left_by_a_kill_goes_and_what_is_held_stays() {
        let (drafts, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |name: &str| folder.path().join(name);
        let [dead, held] = ["dead.voxpoint", "held.voxpoint"].map(at);
        let lock = |session: &Path| PathBuf::from(format!("{}.lock", session.display()));
        let left = |host: String| Holder {
            host,
            process: u32::MAX - 7,
            process_started: 0,
            run: "00000000000000aa".to_owned(),
            since_ms: 0,
        };
        let here = Holder::me().host;
        for (session, host) in [(&dead, here.clone()), (&held, format!("not-{here}"))] {
            std::fs::write(lock(session), serde_json::to_string(&left(host)).unwrap()).unwrap();
            // As a program that is killed leaves its note.
            std::mem::forget(Unfinished::at(session, Some(drafts.path())));
        }
        let big = at(&format!(".voxpoint-{}-00000000000000aa-abc.new", u32::MAX - 7));
        std::fs::write(&big, "half a scan").unwrap();
        clear(drafts.path());
        assert!(!lock(&dead).exists() && !big.exists());
        assert!(lock(&held).exists());
        assert_eq!(
            std::fs::read_dir(drafts.path()).unwrap().count(),
            1,
            "the note of what is held"
        );
        // What was made to the end has no note.
        drop(Unfinished::at(&dead, Some(drafts.path())));
        assert_eq!(std::fs::read_dir(drafts.path()).unwrap().count(), 1);
        // A note that says something else harms nothing.
        let file = at("mine.txt");
        std::fs::write(&file, "").unwrap();
        std::fs::write(drafts.path().join("saving-1-1"), file.to_str().unwrap()).unwrap();
        clear(drafts.path());
        assert!(file.exists());
    }
}
