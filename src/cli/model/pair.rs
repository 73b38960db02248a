//! Models as pairs of ONNX files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::io;
use crate::placeholder::Placeholder;
use crate::segment::SegmentError;
use crate::segment::checkpoint::{Architecture, Checkpoint};
use crate::segment::graph::{self, Precision, Weights};
use crate::segment::library;
use crate::work::{CancelToken, Progress};

/// What is written, in the order in which it takes its place: the note says whose the others are, and without the
/// decoder there is no model.
const FILES: [&str; 3] = ["model.json", "encoder.onnx", "decoder.onnx"];

/// A pair of ONNX files that is there, or that was made of a checkpoint for a while.
pub(super) struct Pair {
    place: PathBuf,
    made: Option<(tempfile::TempDir, String)>,
}

impl Pair {
    /// The folder with `encoder.onnx` and `decoder.onnx`.
    pub(super) fn folder(&self) -> PathBuf {
        self.made.as_ref().map_or_else(|| self.place.clone(), |(made, _)| made.path().to_owned())
    }

    /// Of the checkpoint that it was made of.
    pub(super) fn weights_sha256(&self) -> Option<String> {
        self.made.as_ref().map(|(_, sha256)| sha256.clone())
    }
}

/// The pair of a model: a folder with both files, either of them, or a checkpoint.
pub(super) fn pair_of(model: &Path) -> anyhow::Result<Pair> {
    if library::is_checkpoint(model) {
        let folder = tempfile::tempdir().context("can't make a folder for a while")?;
        write_pair(model, folder.path())?;
        let sha256 = Checkpoint::open(model)?.sha256(&CancelToken::new(), &Progress::new())?;
        return Ok(Pair { place: model.to_owned(), made: Some((folder, sha256)) });
    }
    let found = library::describe(model).ok_or_else(|| SegmentError::NoModel(model.to_owned()))?;
    for file in ["encoder.onnx", "decoder.onnx"] {
        let path = found.path.join(file);
        if let Some(what) = Placeholder::at(&path) {
            bail!("{what}: {}", path.display());
        }
        if !path.is_file() {
            return Err(SegmentError::NoModel(path).into());
        }
    }
    Ok(Pair { place: found.path, made: None })
}

/// Licence and card, as far as they are known.
pub(super) fn known(model: &Path) -> (Option<String>, Option<String>) {
    library::describe(model).map(|model| (model.licence, model.card)).unwrap_or_default()
}

/// Writes a checkpoint as a pair of ONNX files; how many bytes they have.
pub(super) fn write_pair(path: &Path, out: &Path) -> anyhow::Result<u64> {
    let checkpoint = Checkpoint::open(path)?;
    let architecture = Architecture::of(&checkpoint)?;
    checkpoint.verify_copy(&CancelToken::new())?;
    if !out.is_dir() {
        fs::create_dir(out).with_context(|| format!("can't make the folder {}", out.display()))?;
    }
    // All files are whole before the first takes its place.
    let mut whole = Vec::new();
    let mut write = |name: &str, content: &[u8]| -> anyhow::Result<()> {
        let path = out.join(name);
        let staged = io::stage_bytes(&path, content).with_context(|| cant_write(&path))?;
        whole.push((staged, path));
        Ok(())
    };
    // One after the other: with the weights of a full model each is 400 MB.
    let encoder = graph::encoder(&checkpoint, &architecture, Weights::Inline, Precision::F32)?;
    write("encoder.onnx", &encoder)?;
    let mut bytes = encoder.len();
    drop(encoder);
    let decoder = graph::decoder(&checkpoint, &architecture, Weights::Inline)?;
    write("decoder.onnx", &decoder)?;
    bytes += decoder.len();
    write("model.json", note(&checkpoint)?.as_bytes())?;
    // An encoder and the decoder of another model would open and answer.
    // In the order of `FILES`.
    whole.reverse();
    io::publish_together(whole)?;
    Ok(bytes as u64)
}

/// How the source begins that the note of an exported pair states.
pub(super) const SOURCE: &str = "exported by Voxpoint from";

/// Refuses to replace a model that somebody else has made.
pub(super) fn check_others(folder: &Path) -> anyhow::Result<()> {
    let note = fs::read(folder.join(FILES[0])).unwrap_or_default();
    let note: serde_json::Value = serde_json::from_slice(&note).unwrap_or_default();
    if note["source"].as_str().is_some_and(|source| source.starts_with(SOURCE)) {
        return Ok(());
    }
    let there = FILES.iter().map(|name| folder.join(name)).find(|path| path.exists());
    match there {
        Some(path) => bail!(
            "a file that is not of an earlier export would be replaced; choose another folder, or --force: {}",
            path.display()
        ),
        None => Ok(()),
    }
}

pub(super) fn cant_write(path: &Path) -> String {
    format!("can't write {}", path.display())
}

/// Where the pair comes from and under which licence, as far as the checkpoint's own note says.
fn note(checkpoint: &Checkpoint) -> anyhow::Result<String> {
    let path = checkpoint.path();
    let known = known(path);
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let sha256 = checkpoint.sha256(&CancelToken::new(), &Progress::new())?;
    let file = path.file_name().map_or_else(|| name.clone(), |n| n.to_string_lossy());
    let mut note = serde_json::json!({
        "name": name,
        "source": format!("{SOURCE} {file}, SHA-256 {sha256}"),
        "opset": graph::OPSET,
    });
    note["licence"] = known.0.into();
    note["card"] = known.1.into();
    Ok(format!("{note:#}\n"))
}
