//! What a result was made of: which model, which files.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::Context as _;
use serde::Serialize;

use super::cases::Case;
use crate::segment::library;

/// SHA-256 of a model file; of a folder's files one after another, in the order of their names (only
/// those that begin with `encoder.onnx` or `decoder.onnx`: external weights go by such names).
pub fn sha256_of_model(model: &Path) -> anyhow::Result<String> {
    let unreadable = |path: &Path| format!("can't read the model {}", path.display());
    let is_pair = |name: &str| name.starts_with("encoder.onnx") || name.starts_with("decoder.onnx");
    let name_of = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
    // The file of a pair stands for both.
    let folder = match model.parent() {
        _ if model.is_dir() => Some(model.to_owned()),
        Some(parent) if name_of(model).is_some_and(|n| is_pair(&n)) => Some(parent.to_owned()),
        _ => None,
    };
    let mut files: Vec<PathBuf> = match folder {
        None => vec![model.to_owned()],
        Some(folder) => {
            let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
            let entries = std::fs::read_dir(&folder).with_context(|| unreadable(&folder))?;
            let paths = entries.flatten().map(|e| e.path());
            paths.filter(|p| name_of(p).is_some_and(|n| is_pair(&n)) && p.is_file()).collect()
        }
    };
    files.sort();
    library::sha256_of_all(&files).with_context(|| unreadable(model))
}

/// Sizes and times of a case's files: other ones, and the result is not that of these files.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Stamp([(u64, u128); 2]);

impl Stamp {
    /// Of the scan and the label map.
    pub fn of(case: &Case) -> anyhow::Result<Self> {
        let stamp = |path: &Path| -> anyhow::Result<(u64, u128)> {
            let meta = std::fs::metadata(path)
                .with_context(|| format!("can't read {}", path.display()))?;
            let time = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
            Ok((meta.len(), time.map_or(0, |t| t.as_millis())))
        };
        Ok(Self([stamp(&case.image)?, stamp(&case.labels)?]))
    }
}
