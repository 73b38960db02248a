//! `voxpoint model export`.

use std::fs;

use anyhow::Context as _;

use crate::cli::args::ModelExportArgs;
use crate::cli::fetching::megabytes;
use crate::cli::{files, print};
use crate::segment::checkpoint::{Architecture, Checkpoint};
use crate::segment::graph::{self, Precision, Weights};
use crate::segment::library;
use crate::work::{CancelToken, Progress};

/// Writes a checkpoint as a pair of ONNX files.
pub fn run(args: &ModelExportArgs) -> anyhow::Result<()> {
    let out = &args.out_dir;
    let checkpoint = Checkpoint::open(&args.checkpoint)?;
    let architecture = Architecture::of(&checkpoint)?;
    if !out.is_dir() {
        fs::create_dir(out).with_context(|| format!("can't make the folder {}", out.display()))?;
    }
    // All files are whole before the first takes its place.
    let work = files::workspace(&out.join("encoder.onnx"))?;
    let write = |name: &str, content: &[u8]| {
        fs::write(work.path().join(name), content)
            .with_context(|| format!("can't write {}", out.join(name).display()))
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
    for name in ["encoder.onnx", "decoder.onnx", "model.json"] {
        files::publish(&work.path().join(name), &out.join(name))?;
    }
    let size = megabytes(bytes as u64);
    print(&format!("wrote encoder.onnx and decoder.onnx ({size}): {}", out.display()))
}

/// Where the pair comes from and under which licence, as far as the checkpoint's own note says.
fn note(checkpoint: &Checkpoint) -> anyhow::Result<String> {
    let path = checkpoint.path();
    let known = library::describe(path);
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let sha256 = checkpoint.sha256(&CancelToken::new(), &Progress::new())?;
    let file = path.file_name().map_or_else(|| name.clone(), |n| n.to_string_lossy());
    let mut note = serde_json::json!({
        "name": name,
        "source": format!("exported by Voxpoint from {file}, SHA-256 {sha256}"),
        "opset": graph::OPSET,
    });
    let known = known.map(|model| (model.licence, model.card)).unwrap_or_default();
    note["licence"] = known.0.into();
    note["card"] = known.1.into();
    Ok(format!("{note:#}\n"))
}
