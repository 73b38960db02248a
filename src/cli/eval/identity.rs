//! What a result was made of: which model, which files.

use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::Context as _;
use serde::Serialize;

use super::cases::Case;
use crate::segment::library;

/// SHA-256 of everything that a model is made of, weights outside of its ONNX files too.
pub fn sha256_of_model(model: &Path) -> anyhow::Result<String> {
    library::sha256_of_model(model)
        .with_context(|| format!("can't read the model {}", model.display()))
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
