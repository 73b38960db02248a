//! Opening and saving, on threads of their own, and asking where files are.
//!
//! - `queue`: files are read one after another; `reading`: what is in one; `reference`: a label map to compare with.
//! - `saving`: one label map is written at a time.
//! - `each_object`: one file for each object.
//! - `paths`: asks for a path, by the system's `dialogs` or in the window.
//! - `names`: how files are called.
//! - `news`: what has happened, for the app.

mod dialogs;
mod each_object;
mod names;
mod news;
mod paths;
mod queue;
mod reading;
mod reference;
mod saving;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::document_number::DocumentNumber;
use crate::document::Document;
use crate::io::{PairStamp, Registry};
use crate::session;
use crate::ui::text::tr;
use crate::ui::{LeftOut, ReferenceReading, Status};
use crate::work::Wake;
pub use dialogs::{Dialog, DialogQuestion, DialogReply, Dialogs};
pub(super) use each_object::EachObject;
use each_object::EachSaving;
pub(super) use names::{
    Output, TABLE_ENDINGS, ending_with_overlaps, is_named_like_a_model, label_ending,
    label_path_for, name_of, same_file, sample_scan, stem_for, stem_of,
};
pub(super) use news::{EachWritten, News};
use paths::Paths;
pub(super) use paths::Purpose;
pub(super) use queue::OpenScans;
use queue::Queue;
pub(super) use reading::{
    Asked, AskedWhat, BothScans, Failed, FileContents, Labels, Loaded, ReferenceDoubts,
    ReferenceRead, Role, Which, load,
};
pub(super) use reference::read_reference;
use saving::Saving;
pub(super) use saving::{Loses, Replace, ReplaceQuestion, SaveHow, label_names};

pub(super) struct Files {
    wake: Wake,
    formats: Arc<Registry>,
    queue: Queue,
    saving: Saving,
    /// Where files are, asked of the user.
    pub paths: Paths,
    answered: Option<News>,
    each: EachSaving,
    /// Label maps that were written, each as it was then.
    written: Vec<PairStamp>,
}

impl Files {
    pub fn new(wake: Wake, formats: Arc<Registry>) -> Self {
        Self {
            paths: Paths::new(wake.clone(), formats.clone()),
            formats,
            queue: Queue::new(wake.clone()),
            saving: Saving::Idle,
            wake,
            answered: None,
            each: EachSaving::default(),
            written: Vec::new(),
        }
    }

    pub fn use_formats(&mut self, formats: Arc<Registry>) {
        self.paths.use_formats(formats.clone());
        self.formats = formats;
    }

    /// Queues a file.
    pub fn open(&mut self, path: PathBuf, role: Role) {
        self.queue.add(path, role, Which::Any);
    }

    /// Reads one of several scans next.
    pub fn open_one(&mut self, path: PathBuf, role: Role, which: Which) {
        self.queue.add_first(path, role, which);
    }

    /// Queues files dropped together, in an order in which each finds what it belongs to.
    pub fn open_all(&mut self, paths: Vec<PathBuf>, role: Role) {
        self.queue.add_all(paths, role);
    }

    pub fn is_saving(&self) -> bool {
        self.saving.is_writing() || self.each.is_writing()
    }

    /// Whether it is being found out where to save, or anything else is asked for.
    pub fn is_asking(&self) -> bool {
        self.paths.is_asking()
            || self.answered.is_some()
            || self.saving.question().is_some()
            || self.each.is_asking()
    }

    /// Stops saving: what was there before stays.
    pub fn cancel_save(&self) {
        self.saving.cancel();
        self.each.cancel();
    }

    /// Whether a file is being opened or waits for it.
    pub fn is_opening(&self) -> bool {
        self.queue.is_busy()
    }

    /// Stops opening. A save is left to finish: it was asked for, and has a button of its own.
    pub fn cancel(&mut self) {
        self.queue.cancel();
    }

    /// What has happened. `open` is what is open; `hold` keeps further files waiting, because which document they belong
    /// to is about to be decided.
    pub fn poll(
        &mut self,
        open: Option<OpenScans<'_>>,
        hold: bool,
        status: &mut Status,
    ) -> Vec<News> {
        let number = open.map(|open| open.document);
        let mut news: Vec<News> = self.answered.take().into_iter().collect();
        news.extend(self.queue.poll(number, status));
        if news.is_empty() && !hold {
            news.extend(self.queue.start_next(&self.formats, open, status));
        }
        let saved = self.saving.poll(number, status);
        if let Some(News::Saved { stamp, .. } | News::SavedPartly { stamp, .. }) = &saved {
            self.written.retain(|before| before.path() != stamp.path());
            self.written.push(stamp.clone());
        }
        news.extend(saved);
        news.extend(self.each.poll(number, status));
        (status.ask_replace, status.ask_flatten) = self.asked();
        if let Some((purpose, paths)) = self.paths.poll() {
            for path in paths {
                news.extend(self.chosen(&purpose, path));
            }
        }
        news
    }

    /// Starts writing the labels of the document whose scan is the file at `scan`.
    pub fn save(
        &mut self,
        (path, scan): (PathBuf, &Path),
        number: DocumentNumber,
        document: &Document,
        how: SaveHow,
    ) -> Result<(), String> {
        let Self { wake, formats, saving, written, .. } = self;
        let how = SaveHow { ours: written.clone(), ..how };
        saving.start(wake.clone(), formats, (path, scan), number, document, how)
    }

    /// Starts writing each object into a file of its own. `replaces`: what is there already.
    pub fn save_each(
        &mut self,
        wanted: EachObject,
        scan: (&Document, &Path),
        replaces: bool,
    ) -> Result<(), String> {
        if self.is_saving() {
            return Err(tr("A label map is being saved already; try again in a moment").to_owned());
        }
        let Self { wake, formats, each, .. } = self;
        each.start(wake.clone(), formats, wanted, scan, replaces)
    }

    /// The question whether files that are there may be replaced; it is not asked any more then.
    pub fn take_files_question(&mut self, status: &mut Status) -> Option<EachObject> {
        status.ask_files = None;
        self.each.take_question()
    }

    /// The question whether what another program has written may be replaced; it is not asked any more then.
    pub fn take_replace_question(&mut self, status: &mut Status) -> Option<ReplaceQuestion> {
        (status.ask_replace, status.ask_flatten) = (None, None);
        self.saving.take_question()
    }

    /// Asks before labels are saved.
    pub fn ask_before_saving(&mut self, question: ReplaceQuestion, status: &mut Status) {
        self.saving.ask(question);
        (status.ask_replace, status.ask_flatten) = self.asked();
    }

    /// The question before a save, for the window.
    fn asked(&self) -> (Option<PathBuf>, Option<LeftOut>) {
        let Some(ReplaceQuestion { path, loses, .. }) = self.saving.question() else {
            return (None, None);
        };
        match loses {
            Loses::Theirs(theirs) => (Some(theirs.clone()), None),
            Loses::Covered { lost, keeping, .. } => {
                let (path, objects, keeping) = (path.clone(), lost.clone(), keeping.clone());
                (None, Some(LeftOut { path, objects, keeping }))
            }
        }
    }

    fn chosen(&mut self, purpose: &Purpose, path: PathBuf) -> Option<News> {
        match purpose {
            Purpose::Open if session::is_named_as_session(&path) => Some(News::Session(path)),
            Purpose::Open
            | Purpose::Overlay
            | Purpose::Beside
            | Purpose::Reference
            | Purpose::Raters => {
                let role = match purpose {
                    Purpose::Overlay => Role::Overlay,
                    Purpose::Beside => Role::Beside(None),
                    Purpose::Reference => Role::Reference(ReferenceReading::default()),
                    Purpose::Raters => Role::Rater(ReferenceReading::default()),
                    _ => Role::Any,
                };
                self.open(path, role);
                (self.wake)();
                None
            }
            Purpose::Save(document, _) => {
                Some(News::SaveTo(*document, purpose.named(&self.formats, path)))
            }
            Purpose::Draw(document, output, _) => {
                let path = purpose.named(&self.formats, path);
                Some(News::DrawTo(*document, output.clone(), path))
            }
            Purpose::Comparison(document, _) => {
                Some(News::SaveComparisonTo(*document, purpose.named(&self.formats, path)))
            }
            Purpose::Agreement(document, _) => {
                Some(News::SaveAgreementTo(*document, purpose.named(&self.formats, path)))
            }
            Purpose::Robot(document, _) => {
                Some(News::SaveRobotTo(*document, purpose.named(&self.formats, path)))
            }
            Purpose::Measures(document, _) => {
                Some(News::SaveMeasuresTo(*document, purpose.named(&self.formats, path)))
            }
            Purpose::Drawn(document, _) => {
                Some(News::SaveDrawnTo(*document, purpose.named(&self.formats, path)))
            }
            Purpose::Meshes(document, wanted, _) => {
                let path = purpose.named(&self.formats, path);
                Some(News::ExportMeshesTo(*document, wanted.clone(), path))
            }
            Purpose::LabelTable(document, ..) => {
                Some(News::SaveLabelTableTo(*document, purpose.named(&self.formats, path)))
            }
            Purpose::Model => Some(News::Model(path)),
            Purpose::Session(document, _, wish) => {
                let path = purpose.named(&self.formats, path);
                Some(News::SaveSessionTo(*document, path, *wish))
            }
            Purpose::EachObject(document) => Some(News::SaveEachTo(*document, path)),
            Purpose::FindScan { .. } => Some(News::ScanFound(path)),
            Purpose::Cases => Some(News::Cases(path)),
            Purpose::SessionsFolder => Some(News::SessionsFolder(path)),
        }
    }

    /// Takes the answer to a path prompt.
    pub fn answer_path_prompt(&mut self, answer: Option<PathBuf>) {
        if let Some((purpose, path)) = self.paths.answer_prompt(answer) {
            self.answered = self.chosen(&purpose, path);
        }
    }
}
