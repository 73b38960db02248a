//! `voxpoint model info`.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::served;
use crate::cli::args::ModelInfoArgs;
use crate::cli::{print, print_json, server};
use crate::placeholder::Placeholder;
use crate::segment::SegmentError;
use crate::segment::checkpoint::{Architecture, Attention, Manifest};
use crate::segment::cubes::SPACING;
use crate::segment::library::{self, ModelFile, ModelKind, OnnxFacts};
use crate::text::bytes;
use crate::work::{CancelToken, Progress};

/// What is known of a model without opening it; keys are stable.
#[derive(Serialize)]
struct Listed {
    name: String,
    kind: &'static str,
    path: String,
    licence: Option<String>,
    source: Option<String>,
}

/// What a model is; keys are stable.
#[derive(Serialize)]
struct Info {
    #[serde(flatten)]
    listed: Listed,
    files: Vec<ModelPart>,
    /// Of all files.
    bytes: u64,
    /// Of a checkpoint; a pair has one for each file.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    parameters: u64,
    /// Element types of a checkpoint's weights.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    weights: Vec<&'static str>,
    /// Of a checkpoint of SAM-Med3D.
    #[serde(skip_serializing_if = "Option::is_none")]
    architecture: Option<Network>,
    /// Why it can't be used, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    card: Option<String>,
}

/// One file of a model.
#[derive(Serialize)]
struct ModelPart {
    path: String,
    bytes: u64,
    sha256: String,
    /// Of an ONNX file.
    #[serde(skip_serializing_if = "Option::is_none")]
    opset: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inputs: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outputs: Vec<String>,
}

/// SAM-Med3D's dimensions.
#[derive(Serialize)]
struct Network {
    image_side: usize,
    patch: usize,
    grid: usize,
    embed_dim: usize,
    depth: usize,
    heads: usize,
    global_blocks: Vec<usize>,
    window: usize,
    prompt_dim: usize,
    decoder_blocks: usize,
    decoder_heads: usize,
    logits_side: usize,
}

/// Says what a model is, or which ones there are.
pub fn run(args: &ModelInfoArgs) -> anyhow::Result<()> {
    let Some(model) = &args.model else {
        return list(args.json);
    };
    if let Some(address) = server::address(Some(model)) {
        return served::run(address, &args.server, args.json);
    }
    let info = Info::of(find(model)?)?;
    if args.json { print_json(&info) } else { print(&info.table()) }
}

/// A model by its path, else by the name of one that is found.
fn find(model: &Path) -> anyhow::Result<ModelFile> {
    if let Some(what) = Placeholder::at(model) {
        anyhow::bail!("{what}: {}", model.display());
    }
    if let Some(described) = library::describe(model) {
        let real = |path: &Path| path.canonicalize().ok();
        let found = library::discover().into_iter();
        let same = found.into_iter().find(|m| real(&m.path) == real(&described.path));
        return Ok(same.unwrap_or(described));
    }
    let named = |m: &ModelFile| {
        let stem =
            if m.kind == ModelKind::Checkpoint { m.path.file_stem() } else { m.path.file_name() };
        stem == Some(model.as_os_str()) || Path::new(&m.name) == model
    };
    let by_name = library::discover().into_iter().find(named);
    by_name.ok_or_else(|| {
        anyhow::anyhow!(
            "no model there or of this name: a .pth file or a folder with encoder.onnx and decoder.onnx \
             is needed, and “voxpoint model info” lists those that are found: {}",
            model.display()
        )
    })
}

fn list(json: bool) -> anyhow::Result<()> {
    let found: Vec<Listed> = library::discover().iter().map(Listed::of).collect();
    if json {
        return print_json(&found);
    }
    let mut text = String::new();
    for model in &found {
        let licence = model.licence.as_deref().unwrap_or("licence not stated");
        // Writing into a String can't fail.
        let _ = writeln!(text, "{} ({}, {licence}): {}", model.name, model.kind, model.path);
    }
    if !found.iter().any(|model| model.kind == kind(ModelKind::Checkpoint)) {
        text.push_str("SAM-Med3D itself is not there: “voxpoint model download” fetches it\n");
    }
    print(text.trim_end())
}

fn kind(kind: ModelKind) -> &'static str {
    match kind {
        ModelKind::Demo => "demo",
        ModelKind::Checkpoint => "checkpoint",
        ModelKind::Onnx => "onnx",
    }
}

impl Listed {
    fn of(model: &ModelFile) -> Self {
        Self {
            name: model.name.clone(),
            kind: kind(model.kind),
            path: model.path.display().to_string(),
            licence: model.licence.clone(),
            source: model.source.clone(),
        }
    }
}

impl Info {
    fn of(model: ModelFile) -> anyhow::Result<Self> {
        let mut info = Self {
            listed: Listed::of(&model),
            files: Vec::new(),
            bytes: 0,
            sha256: None,
            parameters: 0,
            weights: Vec::new(),
            architecture: None,
            problem: None,
            card: model.card,
        };
        if model.kind == ModelKind::Checkpoint {
            info.add_checkpoint(&model.path, model.sha256.as_deref())?;
        } else {
            for name in ["encoder.onnx", "decoder.onnx"] {
                info.add_onnx(&model.path.join(name))?;
            }
            // What is there already, and then the weights that lie outside of both.
            let files = library::files_of(&model.path).map_err(|e| bad(&e, &model.path))?;
            for weights in files.iter().skip(info.files.len()) {
                info.add_file(weights)?;
            }
        }
        info.bytes = info.files.iter().map(|file| file.bytes).sum();
        Ok(info)
    }

    /// `noted` is the SHA-256 that it had when it was fetched.
    fn add_checkpoint(&mut self, path: &Path, noted: Option<&str>) -> anyhow::Result<()> {
        let checkpoint = Manifest::open(path)?;
        self.parameters = checkpoint.parameters();
        self.weights = checkpoint.tensors().values().map(|t| t.dtype.name()).collect();
        self.weights.sort_unstable();
        self.weights.dedup();
        match Architecture::of(&checkpoint) {
            Ok(architecture) => self.architecture = Some(Network::of(&architecture)),
            Err(why) => self.problem = Some(why.to_string()),
        }
        let sha256 = checkpoint.sha256(&CancelToken::new(), &Progress::new())?;
        if noted.is_some_and(|noted| noted != sha256) {
            let changed = "the file is not the one that was fetched (its SHA-256 has changed)";
            self.problem.get_or_insert_with(|| changed.to_owned());
        }
        self.sha256 = Some(sha256.clone());
        let (path, bytes) = (path.display().to_string(), checkpoint.file_bytes());
        let (inputs, outputs) = (Vec::new(), Vec::new());
        self.files.push(ModelPart { path, bytes, sha256, opset: None, inputs, outputs });
        Ok(())
    }

    fn add_onnx(&mut self, path: &Path) -> anyhow::Result<()> {
        if let Some(what) = Placeholder::at(path) {
            return Err(SegmentError::Placeholder { what, path: path.to_owned() }.into());
        }
        let facts = OnnxFacts::read(path).map_err(|e| bad(&e, path))?;
        self.parameters += facts.parameters;
        let shown = |values: &[(String, Vec<String>)]| -> Vec<String> {
            values.iter().map(|(name, dims)| format!("{name} [{}]", dims.join(", "))).collect()
        };
        let part = self.add_file(path)?;
        part.opset = Some(facts.opset);
        part.inputs = shown(&facts.inputs);
        part.outputs = shown(&facts.outputs);
        Ok(())
    }

    fn add_file(&mut self, path: &Path) -> anyhow::Result<&mut ModelPart> {
        let (bytes, sha256) = library::size_and_sha256(path).map_err(|e| bad(&e, path))?;
        let path = path.display().to_string();
        let (inputs, outputs) = (Vec::new(), Vec::new());
        let part = ModelPart { path, bytes, sha256, opset: None, inputs, outputs };
        self.files.push(part);
        let last = self.files.len() - 1;
        Ok(&mut self.files[last])
    }

    fn table(&self) -> String {
        let mut lines = vec![
            ("name", self.listed.name.clone()),
            ("kind", self.listed.kind.to_owned()),
            ("path", self.listed.path.clone()),
            ("size", bytes(self.bytes)),
            ("parameters", format!("{:.2} million", self.parameters as f64 / 1e6)),
        ];
        if !self.weights.is_empty() {
            lines.push(("weights", self.weights.join(", ")));
        }
        lines.extend(self.architecture.iter().flat_map(Network::lines));
        for file in &self.files {
            if let Some(opset) = file.opset {
                let name = Path::new(&file.path).file_stem().unwrap_or_default().to_string_lossy();
                let (inputs, outputs) = (file.inputs.join(", "), file.outputs.join(", "));
                lines.push(("graph", format!("{name}, opset {opset}: {inputs} to {outputs}")));
            }
            lines.push(("SHA-256", file.sha256.clone()));
        }
        lines.extend(self.problem.iter().map(|why| ("problem", why.clone())));
        let stated =
            |text: &Option<String>| text.clone().unwrap_or_else(|| "not stated".to_owned());
        lines.push(("licence", stated(&self.listed.licence)));
        lines.push(("source", stated(&self.listed.source)));
        // The first words of the card; all of it is in the JSON.
        let card =
            self.card.iter().flat_map(|card| card.lines()).find(|line| !line.trim().is_empty());
        lines.extend(card.map(|line| ("card", line.trim_start_matches(['#', ' ']).to_owned())));
        let lines: Vec<String> =
            lines.iter().map(|(key, value)| format!("{key:<13} {value}")).collect();
        lines.join("\n")
    }
}

fn bad(error: &std::io::Error, path: &Path) -> SegmentError {
    SegmentError::BadModel { message: error.to_string(), path: path.to_owned() }
}

impl Network {
    fn of(a: &Architecture) -> Self {
        let global = |(n, b): (usize, &Attention)| (*b == Attention::Global).then_some(n);
        Self {
            image_side: a.image_side(),
            patch: a.patch,
            grid: a.grid,
            embed_dim: a.embed_dim,
            depth: a.depth(),
            heads: a.heads,
            global_blocks: a.blocks.iter().enumerate().filter_map(global).collect(),
            window: a.window,
            prompt_dim: a.prompt_dim,
            decoder_blocks: a.decoder_blocks,
            decoder_heads: a.decoder_heads,
            logits_side: a.logits_side(),
        }
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let global: Vec<String> = self.global_blocks.iter().map(ToString::to_string).collect();
        vec![
            (
                "architecture",
                format!(
                    "SAM-Med3D, input {side}³ voxels of {SPACING} mm, logits {low}³",
                    side = self.image_side,
                    low = self.logits_side
                ),
            ),
            (
                "encoder",
                format!(
                    "{} blocks of {} channels and {} heads, patches of {}³, global attention in blocks {}, \
                     windows of {}³ in the others",
                    self.depth,
                    self.embed_dim,
                    self.heads,
                    self.patch,
                    global.join(", "),
                    self.window
                ),
            ),
            (
                "decoder",
                format!(
                    "{} blocks of {} channels and {} heads",
                    self.decoder_blocks, self.prompt_dim, self.decoder_heads
                ),
            ),
        ]
    }
}
