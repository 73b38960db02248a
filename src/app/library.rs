//! The models at hand, listed off the UI thread, and the download of another one.

use std::path::{Path, PathBuf};

use crate::segment::checkpoint::{Architecture, Manifest};
use crate::segment::download::{self, DownloadError, Downloaded, RemoteFile, TURBO_URL};
use crate::segment::library::{self, ModelFile, ModelKind};
use crate::ui::text::{mark, tr, tr_with};
use crate::ui::{Download, ModelEntry, Status, Toasts};
use crate::work::{Task, Wake};

pub(super) struct Library {
    wake: Wake,
    listing: Option<Task<Vec<ModelEntry>>>,
    /// The list is older than what there is.
    stale: bool,
    /// The model in use when the list was last asked for.
    listed_for: Option<PathBuf>,
    /// Models that were in use since the program started, wherever they lie: two are compared by going to and fro.
    used: Vec<PathBuf>,
    download: Option<Task<Result<Downloaded, DownloadError>>>,
}

/// What the download is called on screen.
const TURBO: &str = "SAM-Med3D-turbo";

impl Library {
    pub fn new(wake: Wake) -> Self {
        Self {
            wake,
            listing: None,
            stale: true,
            listed_for: None,
            used: Vec::new(),
            download: None,
        }
    }

    /// Fetches SAM-Med3D-turbo into the user's data folder.
    pub fn download(&mut self, status: &mut Status, toasts: &mut Toasts) {
        if self.download.is_some() {
            return;
        }
        let task = Task::start("download", self.wake.clone(), |cancel, progress| {
            let folder = library::models_folder().ok_or(DownloadError::NoFolder)?;
            download::download(RemoteFile::new(TURBO_URL, None), &folder, cancel, progress)
        });
        match task {
            Ok(task) => {
                status.download = Some(Download { name: TURBO.to_owned(), ..Download::default() });
                self.download = Some(task);
            }
            Err(why) => toasts.error(format!("{}: {why}", tr("no thread to download the model"))),
        }
    }

    /// Stops a download; what has come is kept for the next try.
    pub fn cancel(&self) {
        if let Some(task) = &self.download {
            task.cancel();
        }
    }

    /// Takes in what has been found or fetched, and looks again when another model is in use. Answers a model
    /// that has just arrived.
    pub fn step(&mut self, status: &mut Status, toasts: &mut Toasts) -> Option<PathBuf> {
        let arrived = self.poll_download(status, toasts);
        self.list(status);
        arrived
    }

    fn poll_download(&mut self, status: &mut Status, toasts: &mut Toasts) -> Option<PathBuf> {
        let task = self.download.as_ref()?;
        let (done, total) = task.progress();
        status.download = Some(Download { name: TURBO.to_owned(), done, total });
        let answer = task.poll()?;
        (self.download, status.download, self.stale) = (None, None, true);
        match answer {
            Ok(Ok(Downloaded { path, .. })) => {
                toasts.info(tr_with(
                    "{name} is there: {path}",
                    &[("name", &TURBO), ("path", &path.display())],
                ));
                return Some(path);
            }
            Ok(Err(DownloadError::Cancelled)) => {}
            Ok(Err(why)) => toasts.error(why.to_string()),
            Err(_) => {
                toasts.error(tr("The download stopped unexpectedly; try it again").to_owned());
            }
        }
        None
    }

    fn list(&mut self, status: &mut Status) {
        if let Some(answer) = self.listing.as_ref().and_then(Task::poll) {
            self.listing = None;
            // A thread that died found nothing: the menu keeps what it had.
            status.models = answer.unwrap_or_else(|_| std::mem::take(&mut status.models));
        }
        self.stale |= self.listed_for != status.model_path;
        if self.listing.is_none() && self.stale {
            let used = status.model_path.clone();
            (self.stale, self.listed_for) = (false, used.clone());
            if let Some(path) = used.as_ref().filter(|path| !self.used.contains(path)) {
                self.used.push(path.clone());
            }
            let all = self.used.clone();
            let list = move |_: &_, _: &_| list(&all, used.as_deref());
            self.listing = Task::start("models", self.wake.clone(), list).ok();
        }
    }
}

/// The models in the usual places, and those that were in use wherever they lie; `now` is the one in use.
fn list(used: &[PathBuf], now: Option<&Path>) -> Vec<ModelEntry> {
    let mut entries: Vec<ModelEntry> = library::discover().into_iter().map(entry).collect();
    for path in used {
        if !entries.iter().any(|e| e.path == *path) {
            // One that is gone is no longer listed.
            entries.extend(library::describe(path).map(entry));
        }
    }
    if let Some(entry) = entries.iter_mut().find(|e| Some(e.path.as_path()) == now) {
        entry.facts.splice(0..0, size(&entry.path));
    }
    entries
}

fn entry(file: ModelFile) -> ModelEntry {
    let kind = match file.kind {
        ModelKind::Demo => mark("ships with Voxpoint"),
        ModelKind::Checkpoint => mark("checkpoint"),
        ModelKind::Onnx => mark("ONNX pair"),
    };
    let mut facts = Vec::new();
    facts.extend(file.source.map(|s| (mark("From"), s)));
    facts.extend(file.sha256.map(|s| ("SHA-256", s)));
    // As the worker names the model in use.
    let path = file.path.canonicalize().unwrap_or(file.path);
    let ModelFile { name, licence, card, line, hint, .. } = file;
    ModelEntry { name, path, kind, licence, card, line, hint, facts }
}

/// What a checkpoint's shapes say of it; nothing of other models.
fn size(path: &Path) -> Vec<(&'static str, String)> {
    if !library::is_checkpoint(path) {
        return Vec::new();
    }
    let Ok(checkpoint) = Manifest::open(path) else { return Vec::new() };
    let mut facts = Vec::new();
    if let Ok(shape) = Architecture::of(&checkpoint) {
        let text = format!(
            "SAM-Med3D, {} blocks of width {}, image {}³, logits {}³",
            shape.depth(),
            shape.embed_dim,
            shape.image_side(),
            shape.logits_side()
        );
        facts.push((mark("Architecture"), text));
    }
    let millions = checkpoint.parameters() as f64 / 1e6;
    facts.push((mark("Parameters"), format!("{millions:.1} million")));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_opened_from_anywhere_stays_in_the_list_as_long_as_it_is_there() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models");
        let opened = data.join("tiny_official.pth").canonicalize().unwrap();
        let gone = data.join("gone.pth");
        let listed = list(&[opened.clone(), gone.clone(), opened.clone()], None);
        assert_eq!(listed.iter().filter(|e| e.path == opened).count(), 1);
        assert!(listed.iter().all(|e| e.path != gone));
    }
}
