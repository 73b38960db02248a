//! Lists the drafts that can be gone on with, on a thread.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::copies::CopyMark;
use super::folder;
use super::kept_view::EXPORTED;
use crate::session::{self, Holder, SessionCard, SessionError, Snapshot, labels_check_sum};
use crate::ui::{DraftCard, SmallPicture};
use crate::work::{CancelToken, Task, Wake};

/// How long after the last look it is seen whether somebody has let go of a draft: a program that was killed takes some
/// seconds to be gone.
const HELD: Duration = Duration::from_millis(2500);
/// So many are looked at: the newest.
const MOST: usize = 200;

/// A draft, and what tells whether it is about a scan.
#[derive(Clone, Debug)]
pub struct Draft {
    pub card: DraftCard,
    /// Where the scan was.
    pub scan: PathBuf,
}

pub struct Drafts {
    task: Option<Task<Vec<Draft>>>,
    pub known: Vec<Draft>,
    /// It is to be listed anew.
    stale: bool,
    /// Whether those that were held still are; when that was seen last.
    held: Option<Task<bool>>,
    seen: Instant,
}

impl Drafts {
    pub fn new() -> Self {
        Self { task: None, known: Vec::new(), stale: true, held: None, seen: Instant::now() }
    }

    /// There may be others by now.
    pub fn look_again(&mut self) {
        self.stale = true;
    }

    /// Whether the list has changed. `open`: the session that is open here, which is not read again.
    pub fn step(&mut self, wake: &Wake, folder: Option<&Path>, open: Option<&Path>) -> bool {
        if let Some(answer) = self.task.as_ref().and_then(Task::poll) {
            (self.task, self.seen) = (None, Instant::now());
            self.known = answer.unwrap_or_default();
            return true;
        }
        if let Some(folder) = folder.filter(|_| self.stale && self.task.is_none()) {
            self.stale = false;
            let (folder, open) = (folder.to_owned(), open.map(Path::to_owned));
            let list = move |cancel: &CancelToken, _: &_| list(&folder, open.as_deref(), cancel);
            self.task = Task::start("drafts", Arc::clone(wake), list).ok();
        }
        false
    }

    /// While drafts are shown of which some are held: looks now and then whether they still are. When to come again.
    pub fn watch(&mut self, wake: &Wake) -> Option<Duration> {
        if let Some(answer) = self.held.as_ref().and_then(Task::poll) {
            (self.held, self.seen) = (None, Instant::now());
            self.stale |= answer.unwrap_or(true);
        }
        let held = |draft: &&Draft| draft.card.held_by.is_some();
        if self.held.is_some() || self.task.is_some() || !self.known.iter().any(|d| held(&d)) {
            return None;
        }
        let wait = HELD.saturating_sub(self.seen.elapsed());
        if wait.is_zero() {
            let paths = self.known.iter().filter(held).map(|draft| draft.card.path.clone());
            let paths: Vec<PathBuf> = paths.collect();
            let is_free = |path: &PathBuf| session::holder_of(path).is_none();
            let look = move |_: &CancelToken, _: &_| paths.iter().any(is_free);
            self.held = Task::start("held drafts", Arc::clone(wake), look).ok();
            self.seen = Instant::now();
        }
        Some(wait.max(Duration::from_millis(100)))
    }

    pub fn forget(&mut self, path: &Path) {
        self.known.retain(|draft| draft.card.path != path);
    }
}

/// The drafts that this program does not have open: those that nobody has first, of those the ones whose masks were not
/// exported, of those the newest.
fn list(folder: &Path, open: Option<&Path>, cancel: &CancelToken) -> Vec<Draft> {
    let changed = |path: &PathBuf| {
        std::fs::metadata(path).and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let mut paths = folder::drafts(folder);
    paths.retain(|path| Some(path.as_path()) != open);
    paths.sort_by_cached_key(|path| std::cmp::Reverse(changed(path)));
    let mut drafts = Vec::new();
    for path in paths.into_iter().take(MOST) {
        if cancel.is_cancelled() {
            break;
        }
        let holder = session::holder_of(&path);
        if holder.as_ref().is_some_and(Holder::is_this_program) {
            continue;
        }
        match draft(path, holder) {
            Ok(draft) => drafts.push(draft),
            // It stays where it is.
            Err(why) => tracing::warn!("a draft can't be read: {why}"),
        }
    }
    let held = |d: &Draft| d.card.held_by.is_some();
    drafts.sort_by_key(|d| (held(d), d.card.exported, std::cmp::Reverse(d.card.written_ms)));
    drafts
}

/// By what can be known of it without its masks and clicks; of one that is damaged by what is whole.
fn draft(path: PathBuf, holder: Option<Holder>) -> Result<Draft, SessionError> {
    let (known, damaged) = match session::card(&path) {
        Ok(card) => (card, false),
        Err(SessionError::Damaged { .. }) => (session::read(&path)?.card(), true),
        Err(why) => return Err(why),
    };
    let exported = known.was_exported && is_exported(&path, &known.summary.view)?;
    let SessionCard { summary, scan_name, picture, .. } = known;
    let host = |holder: &Holder| (!holder.is_on_this_computer()).then(|| holder.host.clone());
    let card = DraftCard {
        path,
        scan: scan_name,
        written_ms: summary.written_ms,
        duration_ms: summary.duration_ms,
        objects: summary.objects,
        exported,
        held_by: holder.map(|holder| (holder.process, host(&holder))),
        copy_of: CopyMark::read(&summary.view).map(|mark| (mark.name(), mark.belongs_back)),
        damaged,
        picture: picture.as_deref().and_then(small).map(Arc::new),
    };
    Ok(Draft { card, scan: summary.scan.absolute })
}

/// Whether the label map that was exported is what the masks are. Of what an earlier version has written that is told by
/// all of it.
fn is_exported(path: &Path, view: &serde_json::Value) -> Result<bool, SessionError> {
    if let Some(exported) = view.get(EXPORTED) {
        return Ok(exported == &serde_json::Value::Bool(true));
    }
    let Snapshot { around, objects, .. } = session::read(path)?.snapshot;
    Ok(around.exported.is_some_and(|e| e.labels == labels_check_sum(&objects)))
}

/// The pixels of a PNG, unless it is none of ours.
fn small(png: &[u8]) -> Option<SmallPicture> {
    let mut reader =
        image::ImageReader::with_format(std::io::Cursor::new(png), image::ImageFormat::Png);
    let mut limits = image::Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(1024), Some(1024));
    reader.limits(limits);
    let rgb = reader.decode().ok()?.into_rgb8();
    Some(SmallPicture { size: [rgb.width() as usize, rgb.height() as usize], rgb: rgb.into_raw() })
}
