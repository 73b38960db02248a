//! Lists the drafts that can be gone on with, on a thread.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::copies::CopyMark;
use super::folder;
use crate::session::{self, Contents, labels_check_sum};
use crate::ui::{DraftCard, SmallPicture};
use crate::work::{CancelToken, Task, Wake};

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
}

impl Drafts {
    pub fn new() -> Self {
        Self { task: None, known: Vec::new(), stale: true }
    }

    /// There may be others by now.
    pub fn look_again(&mut self) {
        self.stale = true;
    }

    /// Whether the list has changed. `open`: the session that is open here, which is not read again.
    pub fn step(&mut self, wake: &Wake, folder: Option<&Path>, open: Option<&Path>) -> bool {
        if let Some(answer) = self.task.as_ref().and_then(Task::poll) {
            self.task = None;
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

    pub fn forget(&mut self, path: &Path) {
        self.known.retain(|draft| draft.card.path != path);
    }
}

/// The drafts that nobody has open: those whose masks were not exported first, of those the newest first.
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
        if session::holder_of(&path).is_some() {
            continue;
        }
        match session::read(&path) {
            Ok(contents) => drafts.push(draft(path, &contents)),
            // It stays where it is.
            Err(why) => tracing::warn!("a draft can't be read: {why}"),
        }
    }
    drafts.sort_by_key(|d| (d.card.exported, std::cmp::Reverse(d.card.written_ms)));
    drafts
}

fn draft(path: PathBuf, contents: &Contents) -> Draft {
    let around = &contents.snapshot.around;
    let objects = &contents.snapshot.objects;
    let exported = around.exported.as_ref().is_some_and(|e| e.labels == labels_check_sum(objects));
    let card = DraftCard {
        path,
        scan: around.source.name.clone(),
        written_ms: contents.written_ms,
        duration_ms: contents.past.duration_ms(),
        objects: objects.len(),
        exported,
        copy_of: CopyMark::read(&around.view).map(|mark| (mark.name(), mark.belongs_back)),
        damaged: !contents.damage.is_empty(),
        picture: around.picture.as_deref().and_then(small).map(Arc::new),
    };
    Draft { card, scan: around.source.file.absolute.clone() }
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
