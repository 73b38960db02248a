//! The models at hand, listed off the UI thread, and the download of another.

use std::path::{Path, PathBuf};

use crate::segment::checkpoint::{Architecture, Checkpoint};
use crate::segment::library::{self, ModelFile, ModelKind};
use crate::ui::{ModelEntry, Status, Toasts};
use crate::work::{Task, Wake};

pub(super) struct Library {
    wake: Wake,
    listing: Option<Task<Vec<ModelEntry>>>,
    /// The list is older than what there is.
    stale: bool,
    /// The model in use when the list was last asked for.
    listed_for: Option<PathBuf>,
}

impl Library {
    pub fn new(wake: Wake) -> Self {
        Self { wake, listing: None, stale: true, listed_for: None }
    }

    /// Takes in what has been found, and looks again when another model is in use.
    pub fn step(&mut self, status: &mut Status, _toasts: &mut Toasts) {
        if let Some(answer) = self.listing.as_ref().and_then(Task::poll) {
            self.listing = None;
            // A thread that died found nothing: the menu keeps what it had.
            status.models = answer.unwrap_or_else(|_| std::mem::take(&mut status.models));
        }
        self.stale |= self.listed_for != status.model_path;
        if self.listing.is_none() && self.stale {
            let used = status.model_path.clone();
            (self.stale, self.listed_for) = (false, used.clone());
            let list = move |_: &_, _: &_| list(used.as_deref());
            self.listing = Task::start("models", self.wake.clone(), list).ok();
        }
    }
}

/// The models in the usual places, and the one in use wherever it lies.
fn list(used: Option<&Path>) -> Vec<ModelEntry> {
    let mut entries: Vec<ModelEntry> = library::discover().into_iter().map(entry).collect();
    let known = |path: &Path| entries.iter().any(|e| e.path == path);
    if let Some(other) = used.filter(|path| !known(path)).and_then(library::describe) {
        entries.push(entry(other));
    }
    if let Some(entry) = entries.iter_mut().find(|e| Some(e.path.as_path()) == used) {
        entry.facts.splice(0..0, size(&entry.path));
    }
    entries
}

fn entry(file: ModelFile) -> ModelEntry {
    let kind = match file.kind {
        ModelKind::Demo => "ships with Voxpoint",
        ModelKind::Checkpoint => "checkpoint",
        ModelKind::Onnx => "ONNX pair",
    };
    let mut facts = Vec::new();
    facts.extend(file.source.map(|s| ("From", s)));
    facts.extend(file.sha256.map(|s| ("SHA-256", s)));
    // As the worker names the model in use.
    let path = file.path.canonicalize().unwrap_or(file.path);
    ModelEntry { name: file.name, path, kind, licence: file.licence, card: file.card, facts }
}

/// What a checkpoint's shapes say of it; nothing of other models.
fn size(path: &Path) -> Vec<(&'static str, String)> {
    if !library::is_checkpoint(path) {
        return Vec::new();
    }
    let Ok(checkpoint) = Checkpoint::open(path) else { return Vec::new() };
    let mut facts = Vec::new();
    if let Ok(shape) = Architecture::of(&checkpoint) {
        let text = format!(
            "SAM-Med3D, {} blocks of width {}, image {}³, logits {}³",
            shape.depth(),
            shape.embed_dim,
            shape.image_side(),
            shape.logits_side()
        );
        facts.push(("Architecture", text));
    }
    let millions = checkpoint.parameters() as f64 / 1e6;
    facts.push(("Parameters", format!("{millions:.1} million")));
    facts
}
