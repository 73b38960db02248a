//! Sessions of ONNX Runtime: what they are made from, and with which options.

use std::path::{Path, PathBuf};

use ort::environment::Environment;
use ort::ep::{CUDA, cuda::ConvAlgorithmSearch};
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};

use super::{memory, short_line};
use crate::segment::checkpoint::{Architecture, Checkpoint, CheckpointError};
use crate::segment::error::SegmentError;
use crate::segment::graph::{self, Precision, Weights};
use crate::segment::library::{locations, weights_file};
use crate::segment::private_copy::{Stamp, private_copy};
use crate::work::CancelToken;

/// What an engine is made from.
pub(in crate::segment::cubes) enum Source {
    /// Two ONNX files.
    Pair {
        /// `encoder.onnx`.
        encoder: PathBuf,
        /// `decoder.onnx`.
        decoder: PathBuf,
    },
    /// SAM-Med3D as its authors save it: the sessions get its bytes as external data.
    Checkpoint(Box<(Checkpoint, Architecture)>),
}

impl Source {
    /// Opens a checkpoint and checks that it is whole.
    pub(in crate::segment::cubes) fn checkpoint(path: &Path) -> Result<Self, SegmentError> {
        let checkpoint = Checkpoint::open(path)?;
        let architecture = Architecture::of(&checkpoint)?;
        // Weights that were damaged, or written while they were read, would give quietly wrong masks.
        checkpoint.verify_copy(&CancelToken::new())?;
        Ok(Self::Checkpoint(Box::new((checkpoint, architecture))))
    }

    /// The file to name when something is wrong with the encoder, and with the decoder.
    pub(super) fn paths(&self) -> [&Path; 2] {
        match self {
            Self::Pair { encoder, decoder } => [encoder, decoder],
            Self::Checkpoint(both) => [both.0.path(); 2],
        }
    }

    /// Bytes of its files, but for external data.
    pub(super) fn bytes(&self) -> u64 {
        let [encoder, decoder] = self.paths();
        let files = if encoder == decoder { vec![encoder] } else { vec![encoder, decoder] };
        files.iter().filter_map(|file| file.metadata().ok()).map(|about| about.len()).sum()
    }

    /// Sessions of encoder and decoder. The precision is that of a checkpoint's encoder.
    pub(super) fn start(
        &self,
        environment: &Environment,
        threads: usize,
        cuda: bool,
        precision: Precision,
    ) -> Result<[Session; 2], SegmentError> {
        let builder = || {
            let builder = options(environment, threads, cuda).map_err(SegmentError::Run)?;
            if cuda { on_cuda(builder) } else { Ok(builder) }
        };
        match self {
            Self::Pair { encoder, decoder } => {
                let start = |path: &Path| pair_session(path, builder()?);
                Ok([start(encoder)?, start(decoder)?])
            }
            Self::Checkpoint(both) => {
                let (checkpoint, architecture) = &**both;
                let weights = Weights::External;
                let encoder = || graph::encoder(checkpoint, architecture, weights, precision);
                let encoder = checkpoint_session(checkpoint, builder()?, &encoder)?;
                let decoder = || graph::decoder(checkpoint, architecture, weights);
                Ok([encoder, checkpoint_session(checkpoint, builder()?, &decoder)?])
            }
        }
    }

    /// The decoder's session alone, on the CPU.
    pub(super) fn start_decoder(
        &self,
        environment: &Environment,
        threads: usize,
    ) -> Result<Session, SegmentError> {
        let builder = options(environment, threads, false).map_err(SegmentError::Run)?;
        match self {
            Self::Pair { decoder, .. } => pair_session(decoder, builder),
            Self::Checkpoint(both) => {
                let (checkpoint, architecture) = &**both;
                let graph = || graph::decoder(checkpoint, architecture, Weights::External);
                checkpoint_session(checkpoint, builder, &graph)
            }
        }
    }
}

/// The session of a graph whose weights stand in a checkpoint.
fn checkpoint_session(
    checkpoint: &Checkpoint,
    builder: SessionBuilder,
    graph: &dyn Fn() -> Result<Vec<u8>, CheckpointError>,
) -> Result<Session, SegmentError> {
    // First what fails where there is no CUDA, then the work.
    let content = checkpoint.content().clone();
    let builder = builder.with_external_initializer_file_in_memory(graph::LOCATION, content);
    let mut builder = builder.map_err(|e| SegmentError::Run(short_line(&e)))?;
    builder.commit_from_memory(&graph()?).map_err(|e| bad_model(&e, checkpoint.path()))
}

/// The session of an ONNX file, with its external data. ONNX Runtime would map that, so it gets copies.
fn pair_session(path: &Path, mut builder: SessionBuilder) -> Result<Session, SegmentError> {
    let bad = |error: &dyn ToString| bad_model(&error.to_string(), path);
    let before = Stamp::now(path).map_err(|e| bad(&e))?;
    let model = private_copy(path).map_err(|e| bad(&e))?;
    let files = locations(&model).map_err(|e| bad(&e))?;
    if files.is_empty() && !before.is_fresh() {
        // ONNX Runtime reads the file itself, once, which takes less memory than to be handed its bytes.
        drop(model);
        let session = builder.commit_from_file(path).map_err(|e| bad(&e))?;
        before.check(path).map_err(|e| bad(&e))?;
        return Ok(session);
    }
    for location in files {
        let weights = weights_file(path, &location).and_then(|file| private_copy(&file));
        let weights = weights.map_err(|e| bad(&e))?;
        builder = builder
            .with_external_initializer_file_in_memory(&location, weights)
            .map_err(|e| bad(&e))?;
    }
    builder.commit_from_memory(&model).map_err(|e| bad(&e))
}

fn bad_model(error: &impl ToString, path: &Path) -> SegmentError {
    let text = error.to_string();
    let bad = |message| SegmentError::BadModel { message, path: path.to_owned() };
    if let Some(why) = memory::exhausted(&text) {
        return bad(why);
    }
    SegmentError::of_memory(&text).unwrap_or_else(|| bad(short_line(&text)))
}

fn on_cuda(builder: SessionBuilder) -> Result<SessionBuilder, SegmentError> {
    let provider = CUDA::default()
        .with_device_id(0)
        // The default, exhaustive, takes seconds and gigabytes at the first run.
        .with_conv_algorithm_search(ConvAlgorithmSearch::Heuristic)
        // What a model has as float32 is meant to be float32: TF32 has half precision's ten bits.
        .with_tf32(false)
        .with_memory_limit(memory::limit())
        .build()
        .error_on_failure();
    builder.with_execution_providers([provider]).map_err(|e| SegmentError::Cuda(short_line(&e)))
}

fn options(
    environment: &Environment,
    threads: usize,
    cuda: bool,
) -> Result<SessionBuilder, String> {
    let apply = |builder: SessionBuilder| -> ort::Result<SessionBuilder> {
        let builder = builder
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(threads)?
            // Spinning threads take the cores from everything else between two clicks.
            .with_intra_op_spinning(false)?;
        if cuda {
            return Ok(builder);
        }
        let builder = memory::limited(builder, environment)?
            // A plan of all activations' places saves no time on the CPU and costs 95 MB with SAM-Med3D.
            .with_memory_pattern(false)?
            // Where attention is sharp, most of its weights lie below 1e-38, and a processor takes 40 times
            // as long for a product with such numbers.
            .with_flush_to_zero()?;
        Ok(builder)
    };
    let builder = Session::builder(environment).map_err(|e| short_line(&e))?;
    apply(builder).map_err(|e| short_line(&e))
}

/// Physical cores; from three on one is left to the window, which needs little of one while a model runs.
pub(super) fn default_threads() -> usize {
    let logical = std::thread::available_parallelism().map_or(1, usize::from);
    match physical_cores().unwrap_or(logical).min(logical) {
        few @ 0..=2 => few.max(1),
        many => many - 1,
    }
}

/// From Linux' list of processors; `None` elsewhere, or where it does not say.
fn physical_cores() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let mut cores = std::collections::HashSet::new();
    let (mut package, mut core) = (None, None);
    for line in text.lines().chain([""]) {
        match line.split_once(':').map(|(key, value)| (key.trim(), value.trim())) {
            Some(("physical id", value)) => package = Some(value),
            Some(("core id", value)) => core = Some(value),
            Some(_) => {}
            None => {
                if let (Some(package), Some(core)) = (package.take(), core.take()) {
                    cores.insert((package, core));
                }
            }
        }
    }
    (!cores.is_empty()).then_some(cores.len())
}
