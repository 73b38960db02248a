//! Opening, saving and asking where: everything on threads of its own, one thing at a time.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::document::{Document, StateId};
use crate::geom::Grid;
use crate::io::{self, IoError, Limits, Saved};
use crate::ui::path_prompt::PathPrompt;
use crate::ui::{Opening, SaveStatus, Status};
use crate::volume::{Histogram, LabelName, NamedRegion, Stats, Volume};
use crate::work::{CancelToken, Progress, Task, Wake};

/// What a file is opened as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Labels if they look like labels of the open scan, else a scan.
    Any,
    /// Labels of the open scan, or an error.
    Labels,
}

/// A scan, with what the window wants to know about it (computed off the UI thread).
pub(super) struct Loaded {
    pub volume: Arc<Volume>,
    pub path: PathBuf,
    pub stats: Stats,
    pub histogram: Histogram,
}

/// What has happened to files since the last look.
pub(super) enum News {
    Image(Box<Loaded>),
    Labels(String, Vec<NamedRegion>),
    Saved { saved: Saved, state: StateId },
    SaveTo(PathBuf),
    Model(PathBuf),
    Failed(String),
}

enum Opened {
    Image(Box<Loaded>),
    Labels(Vec<NamedRegion>),
}

/// Why a path is asked for.
#[derive(Clone, Debug)]
enum Purpose {
    Open,
    Save(PathBuf),
    Model,
}

struct Asking {
    purpose: Purpose,
    since: Instant,
    task: Task<Option<PathBuf>>,
}

/// A native dialog that is gone sooner than anybody can answer it never appeared.
const NO_DIALOG: Duration = Duration::from_millis(400);

pub(super) struct Files {
    wake: Wake,
    queue: VecDeque<(PathBuf, Role)>,
    opening: Option<(PathBuf, Task<Result<Opened, IoError>>)>,
    saving: Option<(StateId, Task<Result<Saved, IoError>>)>,
    asking: Option<Asking>,
    prompt: Option<(Purpose, PathPrompt)>,
    answered: Option<News>,
}

impl Files {
    pub fn new(wake: Wake) -> Self {
        Self {
            wake,
            queue: VecDeque::new(),
            opening: None,
            saving: None,
            asking: None,
            prompt: None,
            answered: None,
        }
    }

    /// Queues a file.
    pub fn open(&mut self, path: PathBuf, role: Role) {
        self.queue.push_back((path, role));
    }

    /// Queues files dropped together: scans before what is called a mask, so that those find their scan.
    pub fn open_all(&mut self, mut paths: Vec<PathBuf>) {
        paths.sort_by_key(|p| is_named_like_labels(p));
        for path in paths {
            self.open(path, Role::Any);
        }
    }

    pub fn is_saving(&self) -> bool {
        self.saving.is_some()
    }

    /// Stops opening. A save is left to finish: it is short, and half of it would help nobody.
    pub fn cancel(&mut self) {
        self.queue.clear();
        if let Some((_, task)) = &self.opening {
            task.cancel();
        }
    }

    pub fn poll(&mut self, grid: Option<&Grid>, status: &mut Status) -> Vec<News> {
        let mut news: Vec<News> = self.answered.take().into_iter().collect();
        news.extend(self.poll_opening(grid, status));
        news.extend(self.poll_saving(status));
        news.extend(self.poll_asking());
        news
    }

    fn poll_opening(&mut self, grid: Option<&Grid>, status: &mut Status) -> Option<News> {
        let mut news = None;
        if let Some((path, task)) = &self.opening {
            let (done, total) = task.progress();
            let answer = task.poll();
            status.opening = Some(Opening { name: name_of(path), done, total });
            let answer = answer?;
            let name = name_of(path);
            news = match answer {
                Ok(Ok(Opened::Image(loaded))) => Some(News::Image(loaded)),
                Ok(Ok(Opened::Labels(labels))) => Some(News::Labels(name, labels)),
                Ok(Err(IoError::Cancelled)) => None,
                Ok(Err(why)) => Some(News::Failed(why.to_string())),
                Err(_) => Some(News::Failed(format!(
                    "The reader stopped unexpectedly, please report this file: {name}"
                ))),
            };
            self.opening = None;
            status.opening = None;
            // What comes next in the queue may be labels of this scan: it starts when the scan is shown.
            (self.wake)();
            return news;
        }
        if let Some((path, role)) = self.queue.pop_front() {
            let grid = grid.cloned();
            let file = path.clone();
            let task = Task::start("open", self.wake.clone(), move |cancel, progress| {
                load(&file, role, grid.as_ref(), cancel, progress)
            });
            match task {
                Ok(task) => {
                    status.opening = Some(Opening { name: name_of(&path), ..Opening::default() });
                    self.opening = Some((path, task));
                }
                Err(why) => news = Some(News::Failed(format!("no thread to open a file: {why}"))),
            }
        }
        news
    }

    /// Starts writing the document's labels.
    pub fn save(&mut self, path: PathBuf, document: &Document) -> Result<(), String> {
        if self.saving.is_some() {
            return Err("A label map is being saved already; try again in a moment".to_owned());
        }
        let labels = document.labels().clone();
        let grid = document.image().grid().clone();
        let stored = document.image().stored().clone();
        let table: Vec<LabelName> = document
            .objects()
            .iter()
            .map(|o| LabelName {
                value: o.id.0,
                name: o.name.clone(),
                colour: o.colour,
                visible: o.visible,
            })
            .collect();
        let task = Task::start("save", self.wake.clone(), move |cancel, progress| {
            io::save_labels(&path, &labels, &grid, &stored, &table, cancel, progress)
        })
        .map_err(|why| format!("no thread to save a file: {why}"))?;
        self.saving = Some((document.state(), task));
        Ok(())
    }

    fn poll_saving(&mut self, status: &mut Status) -> Option<News> {
        let (state, task) = self.saving.as_ref()?;
        let answer = task.poll()?;
        let state = *state;
        self.saving = None;
        status.save = SaveStatus::Never;
        Some(match answer {
            Ok(Ok(saved)) => News::Saved { saved, state },
            Ok(Err(why)) => News::Failed(why.to_string()),
            Err(_) => News::Failed("The writer stopped unexpectedly; nothing was saved".to_owned()),
        })
    }

    pub fn ask_open(&mut self) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Open a scan or a label map")
            .add_filter("NIfTI (.nii, .nii.gz, .hdr)", &["nii", "gz", "hdr", "img"])
            .add_filter("All files", &["*"])
            .pick_file();
        self.ask(Purpose::Open, dialog);
    }

    pub fn ask_save(&mut self, suggestion: PathBuf) {
        let mut dialog = rfd::AsyncFileDialog::new()
            .set_title("Save the label map")
            .set_file_name(name_of(&suggestion))
            .add_filter("NIfTI (.nii.gz, .nii)", &["gz", "nii"]);
        if let Some(folder) = suggestion.parent() {
            dialog = dialog.set_directory(folder);
        }
        self.ask(Purpose::Save(suggestion), dialog.save_file());
    }

    pub fn ask_model(&mut self) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Choose a folder with encoder.onnx and decoder.onnx")
            .pick_folder();
        self.ask(Purpose::Model, dialog);
    }

    /// The dialog is made here, on the UI thread (macOS wants that), and waited for elsewhere.
    fn ask(
        &mut self,
        purpose: Purpose,
        dialog: impl Future<Output = Option<rfd::FileHandle>> + Send + 'static,
    ) {
        if self.asking.is_some() {
            return;
        }
        let task = Task::start("dialog", self.wake.clone(), move |_, _| {
            pollster::block_on(dialog).map(|file| file.path().to_owned())
        });
        match task {
            Ok(task) => self.asking = Some(Asking { purpose, since: Instant::now(), task }),
            Err(_) => self.prompt_for(purpose),
        }
    }

    fn poll_asking(&mut self) -> Option<News> {
        let answer = self.asking.as_ref()?.task.poll()?;
        let Asking { purpose, since, .. } = self.asking.take()?;
        match answer {
            Ok(Some(path)) => self.chosen(&purpose, path),
            Ok(None) if since.elapsed() > NO_DIALOG => None,
            Ok(None) | Err(_) => {
                self.prompt_for(purpose);
                None
            }
        }
    }

    fn chosen(&mut self, purpose: &Purpose, path: PathBuf) -> Option<News> {
        match purpose {
            Purpose::Open => {
                self.open(path, Role::Any);
                (self.wake)();
                None
            }
            Purpose::Save(_) => Some(News::SaveTo(path)),
            Purpose::Model => Some(News::Model(path)),
        }
    }

    /// Without a file dialog on this system, a line to type a path into.
    fn prompt_for(&mut self, purpose: Purpose) {
        let (title, text) = match &purpose {
            Purpose::Open => ("Open a scan or a label map", String::new()),
            Purpose::Save(suggestion) => ("Save the label map", suggestion.display().to_string()),
            Purpose::Model => ("Folder with encoder.onnx and decoder.onnx", String::new()),
        };
        self.prompt = Some((purpose, PathPrompt::new(title, text)));
        (self.wake)();
    }

    pub fn path_prompt(&mut self) -> Option<&mut PathPrompt> {
        self.prompt.as_mut().map(|(_, prompt)| prompt)
    }

    pub fn answer_path_prompt(&mut self, answer: Option<PathBuf>) {
        if let Some((purpose, _)) = self.prompt.take() {
            self.answered = answer.and_then(|path| self.chosen(&purpose, path));
            (self.wake)();
        }
    }
}

fn load(
    path: &Path,
    role: Role,
    grid: Option<&Grid>,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Opened, IoError> {
    let volume = io::open_volume(path, &Limits::default(), cancel, progress)?;
    if let Some(grid) = grid
        && (role == Role::Labels || io::looks_like_labels(&volume, grid))
    {
        return io::labels_of(&volume, path, grid).map(Opened::Labels);
    }
    let stats = volume.stats();
    let histogram = Histogram::of(&volume, &stats, 256);
    let volume = Arc::new(volume);
    let path = path.to_owned();
    Ok(Opened::Image(Box::new(Loaded { volume, path, stats, histogram })))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn is_named_like_labels(path: &Path) -> bool {
    let name = name_of(path).to_lowercase();
    ["label", "mask", "seg"].iter().any(|word| name.contains(word))
}

/// `scan.nii.gz` → `scan_mask.nii.gz`, beside it.
pub(super) fn label_path_for(scan: &Path) -> PathBuf {
    let name = name_of(scan);
    let lower = name.to_lowercase();
    let endings = [".nii.gz", ".nii", ".hdr.gz", ".img.gz", ".hdr", ".img"];
    let ending = endings.iter().find(|e| lower.ends_with(**e)).map_or(0, |e| e.len());
    scan.with_file_name(format!("{}_mask.nii.gz", &name[..name.len() - ending]))
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
    fn the_mask_is_suggested_beside_its_scan() {
        let path = |s: &str| label_path_for(Path::new(s)).to_string_lossy().into_owned();
        assert_eq!(path("d/scan.v2.nii.gz"), "d/scan.v2_mask.nii.gz");
        assert_eq!(path("d/SCAN.NII"), "d/SCAN_mask.nii.gz");
        assert_eq!(path("odd"), "odd_mask.nii.gz");
    }
}
