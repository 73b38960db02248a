//! Drafts that are copies of a session: of which one, and of which state of it. That stands among how the scan is looked
//! at, where other programs that read sessions pass it over.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::folder;
use crate::app::files::{name_of, same_file};
use crate::session::{self, Contents, LastWrite};
use crate::work::CancelToken;

/// Where it stands.
const KEY: &str = "copy_of";

/// What a draft is a copy of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyMark {
    /// The session, from the root, as text.
    path: String,
    /// The write of it that the copy goes on from.
    last_write: LastWrite,
    /// It is in a draft only because the session could not be written. Otherwise the user has known from the first
    /// change on that it is other work.
    pub belongs_back: bool,
}

impl CopyMark {
    pub fn new(session: &Path, last_write: LastWrite, belongs_back: bool) -> Self {
        Self { path: session.to_string_lossy().into_owned(), last_write, belongs_back }
    }

    /// The same, but as other work, which does not go back there.
    pub fn on_purpose(self) -> Self {
        Self { belongs_back: false, ..self }
    }

    /// What a session that was read says to be a copy of.
    pub fn read(view: &Value) -> Option<Self> {
        Self::deserialize(view.get(KEY)?).ok()
    }

    /// Makes a view say so, or say nothing of the kind.
    pub fn put(view: &mut Value, mark: Option<&Self>) {
        let Some(fields) = view.as_object_mut() else { return };
        match mark.and_then(|mark| serde_json::to_value(mark).ok()) {
            Some(mark) => fields.insert(KEY.to_owned(), mark),
            None => fields.remove(KEY),
        };
    }

    pub fn path(&self) -> PathBuf {
        PathBuf::from(&self.path)
    }

    /// The session's name.
    pub fn name(&self) -> String {
        name_of(Path::new(&self.path))
    }

    /// The session is as it was when the copy was made.
    pub fn is_untouched(&self, session: &Contents) -> bool {
        self.last_write == session.last_write()
    }

    fn is_of(&self, session: &Path) -> bool {
        session.to_string_lossy() == self.path || same_file(session, Path::new(&self.path))
    }
}

/// Work on a session that is in a draft, because the session could not be written, and newer than what is in that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewerWork {
    pub draft: PathBuf,
    /// Milliseconds since 1970, UTC.
    pub written_ms: i64,
    pub objects: usize,
}

/// The newest work of that kind in the folder of drafts; none that is open somewhere.
pub fn newest_of(
    drafts: &Path,
    session: &Path,
    contents: &Contents,
    cancel: &CancelToken,
) -> Option<NewerWork> {
    let newer = |draft: PathBuf| {
        // What this program writes must not be opened a second time.
        if cancel.is_cancelled() || session::holder_of(&draft).is_some() {
            return None;
        }
        let summary = session::summary(&draft).ok()?;
        let mark = CopyMark::read(&summary.view)?;
        let ours = mark.belongs_back && mark.is_of(session);
        // Whatever the clocks say, what was made of the last state is newer than that.
        let newer = mark.is_untouched(contents) || summary.written_ms > contents.written_ms;
        let (written_ms, objects) = (summary.written_ms, summary.objects);
        (ours && newer).then_some(NewerWork { draft, written_ms, objects })
    };
    folder::drafts(drafts).into_iter().filter_map(newer).max_by_key(|work| work.written_ms)
}
