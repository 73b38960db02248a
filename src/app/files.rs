//! Opening and saving, on threads of their own: files are opened one after another, and one label map is saved at a
//! time.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::DocumentNumber;
use super::names::{Output, name_of};
use super::paths::{Paths, Purpose};
use super::reading::{Failed, Labels, Loaded, Opened, Role, is_named_like_labels, load};
use crate::document::{Document, Object, StateId};
use crate::io::{IoError, PairStamp, Registry, Saved};
use crate::ui::text::{mark, tr, tr_with};
use crate::ui::{Opening, SaveStatus, Status};
use crate::volume::{LabelName, Volume};
use crate::work::{Task, Wake};

/// What has happened to files since the last look.
pub(super) enum News {
    Image(Box<Loaded>),
    /// An image beside an open scan of which it is to be asked what it is to be; and why it is no label map, if
    /// it seems to be meant as one.
    Offered(Box<Loaded>, Option<String>),
    Overlay(Box<Loaded>),
    Labels(PathBuf, Box<Labels>),
    /// A label map of which it is to be asked whether, and at which time point, it is to be opened.
    Doubted(PathBuf, Box<Labels>),
    Saved {
        saved: Saved,
        stamp: PairStamp,
        document: DocumentNumber,
        state: StateId,
    },
    SaveTo(DocumentNumber, PathBuf),
    /// Not saved to the first path: another program has written the second, which would be replaced.
    Theirs(DocumentNumber, PathBuf, PathBuf),
    Model(PathBuf),
    DrawTo(DocumentNumber, Output, PathBuf),
    Failed(String),
}

/// A file on its way in.
struct Coming {
    path: PathBuf,
    role: Role,
    /// The document it was read for: labels are judged by its grid.
    document: Option<DocumentNumber>,
    task: Task<Result<Opened, Failed>>,
}

/// A label map on its way out.
struct Going {
    name: String,
    document: DocumentNumber,
    state: StateId,
    path: PathBuf,
    task: Task<Result<(Saved, PairStamp), NotSaved>>,
}

/// What may be replaced when a label map is saved.
pub(super) enum Replace {
    /// A pair that is still as it was then, and otherwise what was asked about by the dialog.
    Known(Option<PairStamp>),
    /// Whatever is there: the user was asked.
    All,
}

impl Replace {
    /// The file that another program has written, if one would be replaced without a word.
    fn theirs(&self, formats: &Registry, path: &Path) -> Option<PathBuf> {
        match self {
            Self::All => None,
            Self::Known(Some(stamp)) if stamp.path() == path => stamp.changed(),
            // About a label map that is there the dialog has asked.
            Self::Known(_) => formats.table_without_map(path),
        }
    }
}

enum NotSaved {
    Io(IoError),
    Theirs(PathBuf),
}

pub(super) struct Files {
    wake: Wake,
    formats: Arc<Registry>,
    queue: VecDeque<(PathBuf, Role)>,
    opening: Option<Coming>,
    saving: Option<Going>,
    /// Where files are, asked of the user.
    pub paths: Paths,
    answered: Option<News>,
}

impl Files {
    pub fn new(wake: Wake, formats: Arc<Registry>) -> Self {
        Self {
            paths: Paths::new(wake.clone(), formats.clone()),
            wake,
            formats,
            queue: VecDeque::new(),
            opening: None,
            saving: None,
            answered: None,
        }
    }

    pub fn use_formats(&mut self, formats: Arc<Registry>) {
        self.paths.use_formats(formats.clone());
        self.formats = formats;
    }

    /// Queues a file.
    pub fn open(&mut self, path: PathBuf, role: Role) {
        self.queue.push_back((path, role));
    }

    /// Queues files dropped together: scans before what is called a mask, so that those find their scan.
    pub fn open_all(&mut self, mut paths: Vec<PathBuf>, role: Role) {
        paths.sort_by_key(|p| is_named_like_labels(p));
        for path in paths {
            self.open(path, role);
        }
    }

    pub fn is_saving(&self) -> bool {
        self.saving.is_some()
    }

    /// Whether it is being found out where to save, or anything else is asked for.
    pub fn is_asking(&self) -> bool {
        self.paths.is_asking() || self.answered.is_some()
    }

    /// Stops saving: what was there before stays.
    pub fn cancel_save(&self) {
        if let Some(going) = &self.saving {
            going.task.cancel();
        }
    }

    /// Whether a file is being opened or waits for it.
    pub fn is_opening(&self) -> bool {
        self.opening.is_some() || !self.queue.is_empty()
    }

    /// Stops opening. A save is left to finish: it was asked for, and has a button of its own.
    pub fn cancel(&mut self) {
        self.queue.clear();
        if let Some(coming) = &self.opening {
            coming.task.cancel();
        }
    }

    /// What has happened. `open` is the open document with its scan; `hold` keeps further files waiting,
    /// because which document they belong to is about to be decided.
    pub fn poll(
        &mut self,
        open: Option<(DocumentNumber, &Arc<Volume>)>,
        hold: bool,
        status: &mut Status,
    ) -> Vec<News> {
        let mut news: Vec<News> = self.answered.take().into_iter().collect();
        news.extend(self.poll_opening(open.map(|(number, _)| number), status));
        if self.opening.is_none() && news.is_empty() && !hold {
            news.extend(self.open_next(open, status));
        }
        news.extend(self.poll_saving(status));
        if let Some((purpose, path)) = self.paths.poll() {
            news.extend(self.chosen(&purpose, path));
        }
        news
    }

    fn poll_opening(
        &mut self,
        document: Option<DocumentNumber>,
        status: &mut Status,
    ) -> Option<News> {
        let coming = self.opening.as_ref()?;
        let (done, total) = coming.task.progress();
        let name = name_of(&coming.path);
        status.opening = Some(Opening { name: name.clone(), done, total });
        let answer = coming.task.poll()?;
        let coming = self.opening.take()?;
        status.opening = None;
        // What waits in the queue may be labels of this scan: it is started when the scan is shown.
        (self.wake)();
        if coming.document != document {
            // Another scan was shown meanwhile, so what was found out about the file no longer holds.
            self.queue.push_front((coming.path, coming.role));
            return None;
        }
        match answer {
            Ok(Ok(Opened::Image(loaded, why))) => Some(match coming.role {
                Role::Overlay => News::Overlay(loaded),
                Role::Dropped if document.is_some() => News::Offered(loaded, why),
                // Should it have been meant as a label map, the scan stays until the user says otherwise.
                _ if document.is_some() && why.is_some() => News::Offered(loaded, why),
                _ => News::Image(loaded),
            }),
            Ok(Ok(Opened::Labels(labels))) => {
                let doubted = labels.read.is_doubtful || labels.other_frames;
                let agreed = matches!(coming.role, Role::Agreed(_));
                let news = if doubted && !agreed { News::Doubted } else { News::Labels };
                Some(news(coming.path, labels))
            }
            Ok(Err(Failed::Cancelled)) => None,
            Ok(Err(Failed::Because(why))) => Some(News::Failed(why)),
            Err(_) => Some(News::Failed(tr_with(
                "The reader stopped unexpectedly, please report this file: {name}",
                &[("name", &name)],
            ))),
        }
    }

    fn open_next(
        &mut self,
        open: Option<(DocumentNumber, &Arc<Volume>)>,
        status: &mut Status,
    ) -> Option<News> {
        let (path, role) = self.queue.pop_front()?;
        let (document, scan) = open.unzip();
        if scan.is_none()
            && let Some(why) = needs_scan(&path, role)
        {
            // For what waits behind it.
            (self.wake)();
            return Some(News::Failed(why));
        }
        let (file, scan, formats) = (path.clone(), scan.cloned(), self.formats.clone());
        let task = Task::start("open", self.wake.clone(), move |cancel, progress| {
            load(&formats, &file, role, scan.as_deref(), cancel, progress)
        });
        match task {
            Ok(task) => {
                status.opening = Some(Opening { name: name_of(&path), ..Opening::default() });
                self.opening = Some(Coming { path, role, document, task });
                None
            }
            Err(why) => Some(News::Failed(format!("{}: {why}", tr("no thread to open a file")))),
        }
    }

    /// Starts writing the document's labels.
    pub fn save(
        &mut self,
        path: PathBuf,
        number: DocumentNumber,
        document: &Document,
        replace: Replace,
    ) -> Result<(), String> {
        if self.saving.is_some() {
            return Err(tr("A label map is being saved already; try again in a moment").to_owned());
        }
        let name = name_of(&path);
        let labels = document.labels().clone();
        let grid = document.image().grid().clone();
        let said = document.image().provenance().clone();
        let formats = self.formats.clone();
        let table = label_names(document);
        let to = path.clone();
        let task = Task::start("save", self.wake.clone(), move |cancel, progress| {
            if let Some(theirs) = replace.theirs(&formats, &path) {
                return Err(NotSaved::Theirs(theirs));
            }
            let saved = formats.save_labels(&path, &labels, &grid, &said, &table, cancel, progress);
            let saved = saved.map_err(NotSaved::Io)?;
            let stamp = PairStamp::of(&formats, &path);
            Ok((saved, stamp))
        })
        .map_err(|why| format!("{}: {why}", tr("no thread to save a file")))?;
        self.saving =
            Some(Going { name, document: number, state: document.state(), path: to, task });
        Ok(())
    }

    fn poll_saving(&mut self, status: &mut Status) -> Option<News> {
        let going = self.saving.as_ref()?;
        let (done, total) = going.task.progress();
        status.saving = Some(Opening { name: going.name.clone(), done, total });
        let answer = going.task.poll()?;
        let Going { document, state, path, .. } = self.saving.take()?;
        (status.save, status.saving) = (SaveStatus::Never, None);
        Some(match answer {
            Ok(Ok((saved, stamp))) => News::Saved { saved, stamp, document, state },
            Ok(Err(NotSaved::Theirs(theirs))) => News::Theirs(document, path, theirs),
            Ok(Err(NotSaved::Io(IoError::Cancelled))) => {
                News::Failed(tr("Saving was stopped; nothing was written").to_owned())
            }
            Ok(Err(NotSaved::Io(why))) => News::Failed(why.to_string()),
            Err(_) => {
                News::Failed(tr("The writer stopped unexpectedly; nothing was saved").to_owned())
            }
        })
    }

    fn chosen(&mut self, purpose: &Purpose, path: PathBuf) -> Option<News> {
        match purpose {
            Purpose::Open | Purpose::Overlay => {
                let overlay = matches!(purpose, Purpose::Overlay);
                self.open(path, if overlay { Role::Overlay } else { Role::Any });
                (self.wake)();
                None
            }
            Purpose::Save(document, _) => {
                Some(News::SaveTo(*document, purpose.named(&self.formats, path)))
            }
            Purpose::Draw(document, output, _) => {
                Some(News::DrawTo(*document, output.clone(), purpose.named(&self.formats, path)))
            }
            Purpose::Model => Some(News::Model(path)),
        }
    }

    /// Takes the answer to a path prompt.
    pub fn answer_path_prompt(&mut self, answer: Option<PathBuf>) {
        if let Some((purpose, path)) = self.paths.answer_prompt(answer) {
            self.answered = self.chosen(&purpose, path);
        }
    }
}

/// What stands in the label table beside a saved label map.
pub(super) fn label_names(document: &Document) -> Vec<LabelName> {
    let there = document.objects().iter().filter(|o| !o.region.is_empty());
    let row = |o: &Object| LabelName {
        value: o.id.0,
        name: o.name.clone(),
        colour: o.colour,
        opacity: o.opacity,
        visible: o.visible,
    };
    there.map(row).collect()
}

/// What is said of a file that can't be opened without a scan.
fn needs_scan(path: &Path, role: Role) -> Option<String> {
    let text = match role {
        Role::Labels | Role::Agreed(_) => {
            mark("There is no scan for this label map to lie on; open its scan first: {name}")
        }
        Role::Overlay => {
            mark("There is no scan for this image to be laid over; open its scan first: {name}")
        }
        _ => return None,
    };
    Some(tr_with(text, &[("name", &path.display())]))
}

/// Whether a path is a model and not a scan: a checkpoint, a network, or a folder with a pair of them.
pub(super) fn is_model(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    matches!(ending.as_str(), "pth" | "pt" | "onnx") || path.join("encoder.onnx").is_file()
}

/// The sample scan: beside the program, or in the source tree.
pub(super) fn sample_scan() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|exe| {
        let folder = exe.parent()?;
        [folder.join("assets/sample"), folder.join("../share/voxpoint/sample")]
            .into_iter()
            .find(|f| f.is_dir())
    });
    let folder =
        beside.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample"));
    let text = std::fs::read_to_string(folder.join("sample.json")).ok()?;
    let sample: serde_json::Value = serde_json::from_str(&text).ok()?;
    let image = folder.join(sample.get("image")?.as_str()?);
    image.is_file().then_some(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_told_from_scans() {
        let temp = tempfile::tempdir().unwrap();
        let pair = temp.path().join("pair");
        std::fs::create_dir(&pair).unwrap();
        std::fs::write(pair.join("encoder.onnx"), "").unwrap();
        for model in [Path::new("a/Turbo.PTH"), Path::new("m/encoder.onnx"), &pair] {
            assert!(is_model(model), "{}", model.display());
        }
        for scan in [Path::new("ct.nii.gz"), Path::new("pth"), temp.path()] {
            assert!(!is_model(scan), "{}", scan.display());
        }
    }
}
