//! `voxpoint model export --triton`: the repository of models from which NVIDIA Triton serves a pair.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::pair::{SOURCE, cant_write, known, pair_of};
use crate::cli::print;
use crate::io::{self, Staged};
use crate::segment::library::{self, OnnxFacts};
use crate::segment::remote::{DECODER, ENCODER};
use crate::text::{bytes, one_line};

/// How a description begins that an earlier export wrote.
const MARK: &str = "# Voxpoint wrote this file; ";

/// One network of the pair, to be written.
struct Part<'a> {
    /// Its name on the server.
    name: &'a str,
    /// The ONNX file.
    file: PathBuf,
    /// Files beside that with its weights.
    weights: Vec<PathBuf>,
}

/// Writes a model's repository: for each network a folder with its description, and the network as version 1.
pub fn run(model: &Path, repository: &Path, force: bool) -> anyhow::Result<()> {
    if !force {
        check_others(repository)?;
    }
    // A checkpoint becomes a pair first, in a folder that goes away.
    let made = pair_of(model)?;
    let (folder, weights) = (made.folder(), made.weights_sha256());
    let [encoder, decoder] =
        [(ENCODER, "encoder.onnx"), (DECODER, "decoder.onnx")].map(|(name, file)| {
            let file = folder.join(file);
            let bad = || format!("not a usable ONNX model: {}", file.display());
            let weights = library::external_files(&file).with_context(bad)?;
            Ok::<_, anyhow::Error>(Part { name, file, weights })
        });
    let (encoder, decoder) = (encoder?, decoder?);
    let (_, decoder_sha256) = library::size_and_sha256(&decoder.file)?;
    let mut notes = vec![("voxpoint_decoder_sha256", decoder_sha256)];
    notes.extend(weights.map(|sha256| ("voxpoint_weights_sha256", sha256)));
    let origin = origin(model, made.weights_sha256().as_deref());
    let mut whole: Vec<(Staged, PathBuf)> = Vec::new();
    let mut size = 0;
    for part in [&encoder, &decoder] {
        let place = repository.join(part.name);
        let version = place.join("1");
        fs::create_dir_all(&version)
            .with_context(|| format!("can't make the folder {}", version.display()))?;
        let facts = OnnxFacts::read(&part.file)
            .with_context(|| format!("not a usable ONNX model: {}", part.file.display()))?;
        let text = description(part.name, &facts, &notes, &origin);
        let mut write = |path: PathBuf, content: &[u8]| -> anyhow::Result<()> {
            let staged = io::stage_bytes(&path, content).with_context(|| cant_write(&path))?;
            size += content.len() as u64;
            whole.push((staged, path));
            Ok(())
        };
        for weights in &part.weights {
            let below = weights.strip_prefix(&folder).unwrap_or(weights);
            let target = version.join(below);
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).with_context(|| cant_write(parent))?;
            }
            write(target, &read(weights)?)?;
        }
        write(version.join("model.onnx"), &read(&part.file)?)?;
        write(place.join("config.pbtxt"), text.as_bytes())?;
    }
    io::publish_together(whole)?;
    print(&format!(
        "wrote {ENCODER} and {DECODER} ({}) for “tritonserver --model-repository”: {}",
        bytes(size),
        repository.display()
    ))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let length = fs::metadata(path).map_or(0, |about| about.len());
    crate::work::memory::check(length)?;
    fs::read(path).with_context(|| format!("can't read {}", path.display()))
}

/// Refuses to replace what somebody else has made.
fn check_others(repository: &Path) -> anyhow::Result<()> {
    for name in [ENCODER, DECODER] {
        let place = repository.join(name);
        let ours = fs::read(place.join("config.pbtxt"))
            .is_ok_and(|text| text.starts_with(MARK.as_bytes()));
        if place.exists() && !ours {
            bail!(
                "a folder that is not of an earlier export would be replaced; choose another place, or --force: {}",
                place.display()
            );
        }
    }
    Ok(())
}

/// Where the model comes from, in one line.
fn origin(model: &Path, sha256: Option<&str>) -> String {
    let name = model.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let sha256 = sha256.map(|sha256| format!(", SHA-256 {sha256}")).unwrap_or_default();
    let licence = known(model).0.unwrap_or_else(|| "not stated".to_owned());
    one_line(&format!("{SOURCE} {name}{sha256}; licence: {licence}"))
}

/// `config.pbtxt`: the graphs carry their batch axis, so there is no other.
fn description(name: &str, facts: &OnnxFacts, notes: &[(&str, String)], origin: &str) -> String {
    let mut text =
        format!("{MARK}{origin}\nname: \"{name}\"\nbackend: \"onnxruntime\"\nmax_batch_size: 0\n");
    // Writing into a String can't fail.
    for (kind, values) in [("input", &facts.inputs), ("output", &facts.outputs)] {
        for (value, dims) in values {
            let element = facts.elements.get(value).map_or("TYPE_FP32", |&code| data_type(code));
            // Free ones have names.
            let dims: Vec<String> =
                dims.iter().map(|n| n.parse::<i64>().unwrap_or(-1).to_string()).collect();
            let dims = dims.join(", ");
            let _ = writeln!(
                text,
                "{kind} [ {{ name: \"{value}\" data_type: {element} dims: [ {dims} ] }} ]"
            );
        }
    }
    for (key, value) in notes {
        let _ = writeln!(
            text,
            "parameters: {{ key: \"{key}\" value: {{ string_value: \"{value}\" }} }}"
        );
    }
    text
}

/// Triton's name of an element type of ONNX (`TensorProto.DataType`).
fn data_type(code: i32) -> &'static str {
    match code {
        6 => "TYPE_INT32",
        7 => "TYPE_INT64",
        10 => "TYPE_FP16",
        11 => "TYPE_FP64",
        _ => "TYPE_FP32",
    }
}
