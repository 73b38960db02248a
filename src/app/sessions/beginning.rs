//! Opens a case of a list: its session, or, where there is none, its scan, with a session at its place. That place is
//! taken before the scan is read, so that two who work through one list do not begin the same case.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::carried::Carried;
use super::companions::FoundCompanions;
use super::folder;
use super::kept_view::KeptView;
use super::of_case::CaseScan;
use super::opening::{Here, NotItself, OWN_PATIENCE, OpeningOutcome, Ready, Why, Wish, go_on};
use super::orders::Postbox;
use crate::app::App;
use crate::app::files::{FileContents, Loaded, Role, Which, load, stem_of};
use crate::document::Document;
use crate::io::{Registry, SeriesList};
use crate::session::{
    CaseState, FileRef, Holder, Past, ReadOnly, Reserved, SessionError, SessionFile, SessionSource,
    Snapshot, Surroundings, bytes_of, holder_of, now_ms,
};
use crate::ui::text::tr;
use crate::work::{CancelToken, Progress, Task};

/// What else is known of a case that was opened, or was not.
#[derive(Default)]
pub(in crate::app) struct CaseNews {
    /// Somebody has it.
    pub held: Option<Holder>,
    /// Why its session is a draft and not at its place.
    pub as_draft: Option<String>,
    /// There are several scans where it lies, and it is not said which is meant.
    pub several: Option<Arc<dyn SeriesList>>,
}

/// Where sessions are looked for and made.
#[derive(Clone, Copy)]
pub(in crate::app) struct CaseTools<'a> {
    pub formats: &'a Registry,
    pub here: &'a Here,
    pub cancel: &'a CancelToken,
    pub progress: &'a Progress,
}

/// So often the session is there, and is gone again, before this is given up.
const TRIES: usize = 20;

/// Opens a case: its scan, which of several that is, and where its session is or will be.
pub(in crate::app) fn open_case(
    (scan, which): (&Path, &Which),
    session: &Path,
    tools: CaseTools,
) -> (OpeningOutcome, CaseNews) {
    let CaseTools { formats, here, cancel, progress } = tools;
    let until = Instant::now() + OWN_PATIENCE;
    let is_there = || session.symlink_metadata().is_ok();
    for _ in 0..TRIES {
        wait_for_ourselves(session, until, cancel);
        if cancel.is_cancelled() {
            return (OpeningOutcome::Cancelled, CaseNews::default());
        }
        if is_there() {
            let case = CaseScan { scan: scan.to_owned(), which: which.clone() };
            let wish = Wish::OfCase { path: session.to_owned(), case };
            let outcome = go_on(wish, formats, here, cancel, progress);
            if matches!(outcome, OpeningOutcome::Failed(_)) && !is_there() {
                // Nothing was done in it, and so it was deleted just now.
                continue;
            }
            let held = held_by(&outcome);
            return (outcome, CaseNews { held, ..CaseNews::default() });
        }
        return match Reserved::at(session) {
            // Made since it was looked.
            Err(SessionError::Exists(_)) => continue,
            Err(why @ SessionError::Held { .. }) => {
                let outcome = OpeningOutcome::Failed(why.to_string());
                let SessionError::Held { holder, .. } = why else { continue };
                (outcome, CaseNews { held: Some(holder), ..CaseNews::default() })
            }
            place => begin((scan, which), place, tools),
        };
    }
    let gone = SessionError::Exists(session.to_owned());
    (OpeningOutcome::Failed(gone.to_string()), CaseNews::default())
}

/// What was closed just now may still be written.
fn wait_for_ourselves(session: &Path, until: Instant, cancel: &CancelToken) {
    let ours = || holder_of(session).is_some_and(|holder| holder.is_this_program());
    while ours() && Instant::now() < until && !cancel.is_cancelled() {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Who has the session that was opened.
fn held_by(outcome: &OpeningOutcome) -> Option<Holder> {
    match outcome {
        OpeningOutcome::Asks(_, Why::Held(holder)) => Some(holder.clone()),
        OpeningOutcome::Ready(ready) => match &ready.file {
            Err(NotItself::ReadOnly(ReadOnly::Held(holder))) => Some(holder.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Reads a scan and begins its session; as a draft, if it can't be made at its place.
fn begin(
    (scan, which): (&Path, &Which),
    place: Result<Reserved, SessionError>,
    tools: CaseTools,
) -> (OpeningOutcome, CaseNews) {
    let mut news = CaseNews::default();
    let CaseTools { formats, here, cancel, progress } = tools;
    // A folder is the scan that the list says, also with a label map beside its slices: it is no list of its own.
    let loaded = match load(formats, scan, (Role::Overlay, which), None, cancel, progress) {
        Ok(FileContents::Image(loaded, _)) => *loaded,
        Ok(FileContents::Several(list)) => {
            // Its place is free until somebody has said which.
            news.several = Some(list);
            return (OpeningOutcome::Cancelled, news);
        }
        Ok(_) => {
            let why = format!("this is no scan: {}", scan.display());
            return (OpeningOutcome::Failed(why), news);
        }
        Err(failed) => return (failed.into(), news),
    };
    let document = Document::new(Arc::clone(&loaded.volume));
    let snapshot = Snapshot::of(&document, nothing_yet(&loaded), now_ms());
    let file = match place.and_then(|place| place.fill(&snapshot, &Past::default())) {
        Ok(file) => Ok(file),
        Err(why) => {
            let stem = stem_of(formats, scan);
            let draft = here.drafts.as_deref().map(|drafts| draft(drafts, &stem, &snapshot));
            news.as_draft = Some(why.to_string());
            draft.unwrap_or(Err(why))
        }
    };
    let file = match file {
        // Nobody waits for it any more.
        Ok(file) if cancel.is_cancelled() => {
            let _ = file.delete();
            return (OpeningOutcome::Cancelled, news);
        }
        other => other,
    };
    let postbox = here.postbox.as_ref();
    let outcome = file.and_then(|file| ready(file, postbox, document, loaded));
    let outcome = outcome.unwrap_or_else(|why| OpeningOutcome::Failed(why.to_string()));
    (outcome, news)
}

fn draft(drafts: &Path, stem: &str, snapshot: &Snapshot) -> Result<SessionFile, SessionError> {
    folder::make(drafts).map_err(|source| SessionError::Io {
        doing: "the folder for drafts can't be made",
        source,
        path: drafts.to_owned(),
    })?;
    let path = folder::free_name(drafts, stem, now_ms());
    SessionFile::create(&path, snapshot, &Past::default())
}

/// What belongs to a document in which nothing was done.
fn nothing_yet(loaded: &Loaded) -> Surroundings {
    let absolute = std::path::absolute(&loaded.path).unwrap_or_else(|_| loaded.path.clone());
    let bytes = bytes_of(loaded.volume.files()).unwrap_or(0);
    let file = FileRef { absolute, relative: None, bytes, sha256: None };
    Surroundings {
        source: SessionSource::of(&loaded.volume, file),
        overlays: Vec::new(),
        models: std::collections::BTreeMap::new(),
        view: KeptView::default().to_json(),
        picture: None,
        case_state: CaseState::Open,
        exported: None,
    }
}

fn ready(
    file: SessionFile,
    postbox: Option<&Postbox>,
    document: Document,
    loaded: Loaded,
) -> Result<OpeningOutcome, SessionError> {
    let mut contents = file.contents()?;
    // The sitting of now is none of before.
    contents.past = Past::default();
    let view = KeptView::read(&contents.snapshot.around.view);
    let Loaded { stats, histogram, path: scan, .. } = loaded;
    Ok(OpeningOutcome::Ready(Box::new(Ready {
        path: file.path().to_owned(),
        contents,
        file: Ok(Carried::new(file, postbox)),
        aside: None,
        copy: None,
        document: Some(document),
        damage: Vec::new(),
        scan,
        known: None,
        stats,
        histogram,
        view,
        overlays: Vec::new(),
        lost: Vec::new(),
        companions: FoundCompanions::default(),
        stands_in: None,
        export: None,
        is_exported: false,
        note: None,
        is_new: true,
    })))
}

impl App {
    /// Opens something on a thread. `path`: what it is, as far as that is known.
    pub(in crate::app) fn open_by(
        &mut self,
        path: std::path::PathBuf,
        work: impl FnOnce(CaseTools) -> OpeningOutcome + Send + 'static,
    ) {
        let formats = Arc::clone(&self.formats);
        let wake = self.sessions.wake.clone();
        let here = Here {
            drafts: self.sessions.folder.clone(),
            open: self.sessions.path().map(Path::to_owned),
            postbox: Some(self.sessions.keeper.postbox()),
        };
        let task = Task::start("open session", wake, move |cancel, progress| {
            work(CaseTools { formats: &formats, here: &here, cancel, progress })
        });
        match task {
            Ok(task) => self.sessions.opening = Some((path, task)),
            Err(why) => {
                self.toasts.error(format!("{}: {why}", tr("no thread to open a file")));
            }
        }
    }
}
