//! What a result was made of: which model.

use std::path::Path;

use anyhow::Context as _;

use crate::segment::library;

/// SHA-256 of everything that a model is made of, weights outside of its ONNX files too.
pub fn sha256_of_model(model: &Path) -> anyhow::Result<String> {
    library::sha256_of_model(model)
        .with_context(|| format!("can't read the model {}", model.display()))
}
