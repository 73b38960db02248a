//! Files on their way in, read one after another on a thread of their own.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::names::name_of;
use super::news::News;
use super::reading::{BothScans, Failed, FileContents, Role, Which, is_named_like_labels, load};
use super::reference::read_reference;
use crate::app::document_number::DocumentNumber;
use crate::io::Registry;
use crate::ui::text::{mark, tr, tr_with};
use crate::ui::{FileProgress, Status};
use crate::volume::Volume;
use crate::work::{Task, Wake};

/// What files belong to that are read.
#[derive(Clone, Copy)]
pub(in crate::app) struct OpenScans<'a> {
    pub document: DocumentNumber,
    pub scan: &'a Arc<Volume>,
    /// The scan that is shown beside.
    pub second: Option<&'a Arc<Volume>>,
}

/// A file that is to be read.
struct Wanted {
    path: PathBuf,
    role: Role,
    which: Which,
}

/// A file that is being read.
struct Reading {
    wanted: Wanted,
    /// The document it was read for: labels are judged by its grid.
    document: Option<DocumentNumber>,
    task: Task<Result<FileContents, Failed>>,
}

pub(super) struct Queue {
    wake: Wake,
    waiting: VecDeque<Wanted>,
    reading: Option<Reading>,
}

impl Queue {
    pub(super) fn new(wake: Wake) -> Self {
        Self { wake, waiting: VecDeque::new(), reading: None }
    }

    pub(super) fn add(&mut self, path: PathBuf, role: Role, which: Which) {
        self.waiting.push_back(Wanted { path, role, which });
    }

    /// What was asked about is read before what waits.
    pub(super) fn add_first(&mut self, path: PathBuf, role: Role, which: Which) {
        self.waiting.push_front(Wanted { path, role, which });
    }

    /// Scans before what is called a mask, so that those find their scan.
    pub(super) fn add_all(&mut self, mut paths: Vec<PathBuf>, role: Role) {
        paths.sort_by_key(|p| is_named_like_labels(p));
        for path in paths {
            self.add(path, role, Which::Any);
        }
    }

    /// Whether a file is being read or waits for it.
    pub(super) fn is_busy(&self) -> bool {
        self.reading.is_some() || !self.waiting.is_empty()
    }

    pub(super) fn cancel(&mut self) {
        self.waiting.clear();
        if let Some(reading) = &self.reading {
            reading.task.cancel();
        }
    }

    /// What was read, for the document that is open.
    pub(super) fn poll(
        &mut self,
        document: Option<DocumentNumber>,
        status: &mut Status,
    ) -> Option<News> {
        let reading = self.reading.as_ref()?;
        let (done, total) = reading.task.progress();
        let name = name_of(&reading.wanted.path);
        status.opening = Some(FileProgress { name: name.clone(), done, total });
        let answer = reading.task.poll()?;
        let reading = self.reading.take()?;
        status.opening = None;
        // What waits may be labels of this scan: it is started when the scan is shown.
        (self.wake)();
        if reading.document != document {
            // Another scan was shown meanwhile, so what was found out about the file no longer holds.
            self.waiting.push_front(reading.wanted);
            return None;
        }
        let Wanted { path, role, which } = reading.wanted;
        match answer {
            Ok(Ok(FileContents::Several(list))) => Some(News::Several(path, role, list)),
            Ok(Ok(FileContents::Image(loaded, why))) => Some(match role {
                Role::Overlay => News::Overlay(loaded),
                Role::Beside(time_point) => News::Beside(loaded, time_point),
                Role::Dropped if document.is_some() => News::Offered(loaded, why),
                // Should it have been meant as a label map, the scan stays until the user says otherwise.
                _ if document.is_some() && why.is_some() => News::Offered(loaded, why),
                _ => News::Image(loaded),
            }),
            Ok(Ok(FileContents::Labels(labels))) => {
                let doubted = labels.read.is_doubtful || labels.other_time_points;
                let agreed = matches!(role, Role::Agreed(_));
                let news = if doubted && !agreed { News::Doubted } else { News::Labels };
                Some(news(path, labels))
            }
            Ok(Ok(FileContents::Reference(read))) => Some(match role {
                Role::Rater(_) => News::Rater(path, read),
                _ => News::Reference(path, read),
            }),
            Ok(Ok(FileContents::Model)) => Some(News::Model(path)),
            Ok(Ok(FileContents::Cases)) => Some(News::Cases(path)),
            Ok(Err(Failed::Cancelled)) => None,
            Ok(Err(Failed::Asks(asked))) => Some(News::Asks(path, role, which, asked)),
            Ok(Err(Failed::Because(why))) => Some(News::Failed(why)),
            Err(_) => Some(News::Failed(tr_with(
                "The reader stopped unexpectedly, please report this file: {name}",
                &[("name", &name)],
            ))),
        }
    }

    /// Starts the next file, if none is being read. `open`: what is open.
    pub(super) fn start_next(
        &mut self,
        formats: &Arc<Registry>,
        open: Option<OpenScans<'_>>,
        status: &mut Status,
    ) -> Option<News> {
        if self.reading.is_some() {
            return None;
        }
        let wanted = self.waiting.pop_front()?;
        let document = open.map(|open| open.document);
        let scan = open.map(|open| open.scan);
        if scan.is_none()
            && let Some(why) = needs_scan(&wanted.path, wanted.role)
        {
            // For what waits behind it.
            (self.wake)();
            return Some(News::Failed(why));
        }
        let (scan, formats) = (scan.cloned(), formats.clone());
        // Raters are compared on the scan's own grid.
        let may_be_on_second = matches!(wanted.role, Role::Reference(_));
        let second = open.filter(|_| may_be_on_second).and_then(|open| open.second.cloned());
        let (file, how) = (wanted.path.clone(), (wanted.role, wanted.which.clone()));
        let task = Task::start("open", self.wake.clone(), move |cancel, progress| {
            match (how.0, scan.as_deref()) {
                (Role::Reference(reading) | Role::Rater(reading), Some(scan)) => {
                    let how = (reading, &how.1);
                    let scans = BothScans { scan, second: second.as_deref() };
                    read_reference(&formats, &file, how, scans, cancel, progress)
                }
                (role, scan) => load(&formats, &file, (role, &how.1), scan, cancel, progress),
            }
        });
        match task {
            Ok(task) => {
                status.opening =
                    Some(FileProgress { name: name_of(&wanted.path), ..FileProgress::default() });
                self.reading = Some(Reading { wanted, document, task });
                None
            }
            Err(why) => Some(News::Failed(format!("{}: {why}", tr("no thread to open a file")))),
        }
    }
}

/// What is said of a file that can't be opened without a scan.
fn needs_scan(path: &Path, role: Role) -> Option<String> {
    let text = match role {
        Role::Labels | Role::Agreed(_) | Role::Reference(_) | Role::Rater(_) => {
            mark("There is no scan for this label map to lie on; open its scan first: {name}")
        }
        Role::Overlay => {
            mark("There is no scan for this image to be laid over; open its scan first: {name}")
        }
        Role::Beside(_) => {
            mark("There is no scan for this one to be shown beside; open that first: {name}")
        }
        _ => return None,
    };
    Some(tr_with(text, &[("name", &path.display())]))
}
