//! The two ONNX models, run by ONNX Runtime.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use ort::environment::Environment;
use ort::ep::{CUDA, cuda::ConvAlgorithmSearch};
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{RunOptions, Session, SessionInputValue, SessionInputs, SessionOutputs};
use ort::value::{DynValue, Outlet, Tensor, TensorElementType, TensorRef, ValueType};

use super::preprocess::SIDE;
use super::{SegmentError, runtime};
use crate::prompt::Logits;
use crate::work::CancelToken;

/// Where to run the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// CUDA where it works, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// CUDA or an error.
    Cuda,
}

/// Where the model runs, and why there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// `CPU` or `CUDA`.
    pub name: String,
    /// Threads on the CPU; 0 on CUDA.
    pub threads: usize,
    /// Why, e.g. what the CUDA provider said. Empty only if nobody would ask.
    pub reason: String,
}

/// Longest text of ONNX Runtime that is passed on to the user.
const LONGEST: usize = 200;
/// How often a running model is asked whether it is still wanted.
const WATCH: Duration = Duration::from_millis(5);

/// A click as the decoder gets it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PointPrompt {
    /// Voxel of the crop, (x, y, z).
    pub(super) voxel: [f32; 3],
    pub(super) positive: bool,
}

/// What the encoder says of a crop: every output, by name.
pub(super) struct Embedding(Vec<(String, DynValue)>);

/// One output of the encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// The encoder's name for it.
    pub name: String,
    /// Its shape; for SAM-Med3D [1, 384, 8, 8, 8], the last axes x, y, z of the crop.
    pub shape: Vec<usize>,
    /// Its values, the last axis fastest.
    pub values: Vec<f32>,
}

impl Embedding {
    /// A copy of all of it.
    pub(super) fn features(&self) -> Result<Vec<Features>, SegmentError> {
        let copy = |(name, value): &(String, DynValue)| {
            let (shape, values) = value.try_extract_tensor::<f32>().map_err(failed)?;
            let shape = shape.iter().map(|&n| n.max(0) as usize).collect();
            Ok(Features { name: name.clone(), shape, values: values.to_vec() })
        };
        self.0.iter().map(copy).collect()
    }
}

/// The encoder and the decoder.
///
/// Encoder: `image` f32 [1, 1, 128, 128, 128] to any outputs. Decoder: those outputs by their names, and
/// `point_coords` f32 [1, N, 3], `point_labels` [1, N] (i64, i32 or f32; 1 positive, 0 negative), `prev_mask`
/// f32 [1, 1, S, S, S], to `mask_logits` f32 [1, 1, S, S, S] and `iou` f32 [1, 1].
pub(super) struct Engine {
    encoder: Session,
    decoder: Session,
    /// Encoder outputs that the decoder wants.
    features: Vec<String>,
    labels: TensorElementType,
    side: usize,
    device: Device,
    session_ms: f64,
}

impl Engine {
    pub(super) fn open(
        encoder: &Path,
        decoder: &Path,
        choice: DeviceChoice,
        threads: Option<usize>,
    ) -> Result<Self, SegmentError> {
        let environment = runtime::environment()?;
        let begin = Instant::now();
        let threads = threads.unwrap_or_else(default_threads).max(1);
        let cpu = |reason: String| Device { name: "CPU".into(), threads, reason };
        let cuda = |reason: &str| Device { name: "CUDA".into(), threads: 0, reason: reason.into() };
        let on = |device| Self::on(&environment, encoder, decoder, device, threads);
        let tried = |device| {
            let mut engine: Self = on(device)?;
            engine.try_once()?;
            Ok(engine)
        };
        let mut engine = match choice {
            DeviceChoice::Cpu => on(cpu("asked for".into()))?,
            DeviceChoice::Cuda => tried(cuda("asked for")).map_err(cuda_failed)?,
            // A model that is wrong is wrong on the CPU too, and says so there.
            DeviceChoice::Auto => match tried(cuda("CUDA works")) {
                Ok(engine) => engine,
                Err(why) => on(cpu(no_cuda(&why)))?,
            },
        };
        engine.session_ms = begin.elapsed().as_secs_f64() * 1e3;
        Ok(engine)
    }

    /// Both sessions on a device, checked against each other.
    fn on(
        environment: &Environment,
        encoder: &Path,
        decoder: &Path,
        device: Device,
        threads: usize,
    ) -> Result<Self, SegmentError> {
        let session = |path: &Path| commit(environment, path, threads, device.name == "CUDA");
        let (encoder_session, decoder_session) = (session(encoder)?, session(decoder)?);
        check_encoder(&encoder_session, encoder)?;
        let found = check_decoder(&encoder_session, &decoder_session, decoder)?;
        Ok(Self {
            encoder: encoder_session,
            decoder: decoder_session,
            features: found.features,
            labels: found.labels,
            side: found.side,
            device,
            session_ms: 0.0,
        })
    }

    /// One click on nothing. What CUDA lacks (a kernel for this GPU, cuDNN, memory) it often says only when
    /// a model runs; besides, its first run is slow, and here nobody waits for a click.
    fn try_once(&mut self) -> Result<(), SegmentError> {
        let (image, never) = (vec![0f32; SIDE * SIDE * SIDE], CancelToken::new());
        let embedding = self.encode(&image, &never)?;
        let centre = PointPrompt { voxel: [SIDE as f32 / 2.0; 3], positive: true };
        self.decode(&embedding, &[centre], None, &never).map(drop)
    }

    pub(super) fn device(&self) -> &Device {
        &self.device
    }

    pub(super) fn session_ms(&self) -> f64 {
        self.session_ms
    }

    pub(super) fn side(&self) -> usize {
        self.side
    }

    /// `image`: 128³ normalised values, (x, y, z), z fastest.
    pub(super) fn encode(
        &mut self,
        image: &[f32],
        cancel: &CancelToken,
    ) -> Result<Embedding, SegmentError> {
        let image =
            TensorRef::from_array_view(([1, 1, SIDE, SIDE, SIDE], image)).map_err(failed)?;
        let inputs = vec![("image", SessionInputValue::from(image))];
        run(&mut self.encoder, inputs.into(), cancel, |outputs| {
            let named = outputs.into_iter().map(|(name, value)| (name.to_owned(), value));
            Ok(Embedding(named.filter(|(name, _)| self.features.contains(name)).collect()))
        })
    }

    /// All points so far, and the logits that the points before the last gave; `None` with one point.
    pub(super) fn decode(
        &mut self,
        embedding: &Embedding,
        points: &[PointPrompt],
        before: Option<&Logits>,
        cancel: &CancelToken,
    ) -> Result<(Logits, f32), SegmentError> {
        let (side, n) = (self.side, points.len());
        let zeros;
        let before = if let Some(logits) = before {
            logits.values.as_slice()
        } else {
            zeros = vec![0f32; side * side * side];
            &zeros
        };
        let coords: Vec<f32> = points.iter().flat_map(|p| p.voxel).collect();
        let coords = Tensor::from_array(([1, n, 3], coords)).map_err(failed)?;
        let mask =
            TensorRef::from_array_view(([1, 1, side, side, side], before)).map_err(failed)?;
        let mut inputs: Vec<(&str, SessionInputValue<'_>)> = vec![
            ("point_coords", coords.into()),
            ("point_labels", labels(self.labels, points)?),
            ("prev_mask", mask.into()),
        ];
        inputs.extend(embedding.0.iter().map(|(name, value)| (name.as_str(), value.into())));
        run(&mut self.decoder, inputs.into(), cancel, |outputs| {
            let logits = numbers(&outputs, "mask_logits")?;
            let iou = numbers(&outputs, "iou")?.first().copied();
            if logits.len() != side * side * side {
                let wrong = format!("mask_logits has {} values, not {side}³", logits.len());
                return Err(SegmentError::Run(wrong));
            }
            let iou = iou.ok_or_else(|| SegmentError::Run("iou is empty".into()))?;
            Ok((Logits { side, values: logits.to_vec() }, iou))
        })
    }
}

/// The labels in the type the model declares.
fn labels(
    wanted: TensorElementType,
    points: &[PointPrompt],
) -> Result<SessionInputValue<'static>, SegmentError> {
    let shape = [1, points.len()];
    let label = points.iter().map(|p| u8::from(p.positive));
    let value = match wanted {
        TensorElementType::Int64 => {
            Tensor::from_array((shape, label.map(i64::from).collect::<Vec<_>>())).map(Into::into)
        }
        TensorElementType::Int32 => {
            Tensor::from_array((shape, label.map(i32::from).collect::<Vec<_>>())).map(Into::into)
        }
        _ => Tensor::from_array((shape, label.map(f32::from).collect::<Vec<_>>())).map(Into::into),
    };
    value.map_err(failed)
}

fn numbers<'o>(outputs: &'o SessionOutputs<'_>, name: &str) -> Result<&'o [f32], SegmentError> {
    let missing = || SegmentError::Run(format!("no output {name}"));
    let value = outputs.get(name).ok_or_else(missing)?;
    value.try_extract_tensor::<f32>().map(|(_, values)| values).map_err(failed)
}

/// Runs a session, ending it early when `cancel` asks for that, and hands its outputs to `take`.
fn run<T>(
    session: &mut Session,
    inputs: SessionInputs<'_, '_>,
    cancel: &CancelToken,
    take: impl FnOnce(SessionOutputs<'_>) -> Result<T, SegmentError>,
) -> Result<T, SegmentError> {
    cancel.check()?;
    let options = RunOptions::new().map_err(failed)?;
    let result = std::thread::scope(|scope| {
        let (running, ended) = channel::<()>();
        let options = &options;
        let watch = move || {
            // Ends by itself when `running` is dropped.
            while ended.recv_timeout(WATCH) == Err(RecvTimeoutError::Timeout) {
                if cancel.is_cancelled() {
                    // If it can't be terminated it runs to its end.
                    let _ = options.terminate();
                    break;
                }
            }
        };
        // Without a thread to watch, cancelling waits for the end of the run.
        let _ = std::thread::Builder::new().name("watch model".into()).spawn_scoped(scope, watch);
        let result = session.run_with_options(inputs, options);
        drop(running);
        result
    });
    match result {
        Ok(outputs) => take(outputs),
        Err(_) if cancel.is_cancelled() => Err(SegmentError::Cancelled),
        Err(error) => Err(failed(error)),
    }
}

/// One line of at most [`LONGEST`] characters.
fn one_line(text: &impl ToString) -> String {
    let text = text.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    text.chars().take(LONGEST).collect()
}

// Made for `map_err`, which hands the error over.
#[allow(clippy::needless_pass_by_value)]
fn failed<R>(error: ort::Error<R>) -> SegmentError {
    SegmentError::Run(one_line(&error))
}

/// A model that CUDA loads but can't run.
fn cuda_failed(why: SegmentError) -> SegmentError {
    match why {
        SegmentError::Run(message) => SegmentError::Cuda(message),
        other => other,
    }
}

/// Why the CPU is used, for the status bar.
fn no_cuda(why: &SegmentError) -> String {
    match why {
        SegmentError::Cuda(message) | SegmentError::Run(message) => {
            one_line(&format!("no CUDA: {message}"))
        }
        other => one_line(&format!("no CUDA: {other}")),
    }
}

fn commit(
    environment: &Environment,
    path: &Path,
    threads: usize,
    cuda: bool,
) -> Result<Session, SegmentError> {
    let mut builder = options(environment, threads).map_err(SegmentError::Run)?;
    if cuda {
        let provider = CUDA::default()
            .with_device_id(0)
            // The default, exhaustive, takes seconds and gigabytes at the first run.
            .with_conv_algorithm_search(ConvAlgorithmSearch::Heuristic)
            .build()
            .error_on_failure();
        builder = builder
            .with_execution_providers([provider])
            .map_err(|e| SegmentError::Cuda(one_line(&e)))?;
    }
    builder
        .commit_from_file(path)
        .map_err(|e| SegmentError::BadModel { message: one_line(&e), path: path.to_owned() })
}

fn options(environment: &Environment, threads: usize) -> Result<SessionBuilder, String> {
    let builder = Session::builder(environment).map_err(|e| one_line(&e))?;
    let builder = builder
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(|e| one_line(&e))?
        .with_intra_threads(threads)
        .map_err(|e| one_line(&e))?;
    // Spinning threads take the cores from everything else between two clicks.
    builder.with_intra_op_spinning(false).map_err(|e| one_line(&e))
}

/// Physical cores but one, which is left to the window; at least 1.
fn default_threads() -> usize {
    let logical = std::thread::available_parallelism().map_or(1, usize::from);
    physical_cores().unwrap_or(logical).min(logical).saturating_sub(1).max(1)
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

/// A tensor's element type and shape; -1 is a free dimension.
fn tensor(outlet: &Outlet) -> Option<(TensorElementType, &[i64])> {
    match outlet.dtype() {
        ValueType::Tensor { ty, shape, .. } => Some((*ty, shape)),
        _ => None,
    }
}

fn by_name<'o>(outlets: &'o [Outlet], name: &str) -> Option<(TensorElementType, &'o [i64])> {
    tensor(outlets.iter().find(|o| o.name() == name)?)
}

/// Whether a declared shape allows a wanted one (-1 in either: anything).
fn allows(shape: &[i64], wanted: &[i64]) -> bool {
    shape.len() == wanted.len() && shape.iter().zip(wanted).all(|(&s, &w)| s < 0 || w < 0 || s == w)
}

/// `image f32[1,1,128,128,128], …` for messages.
fn described(outlets: &[Outlet]) -> String {
    let one = |outlet: &Outlet| match tensor(outlet) {
        Some((kind, shape)) => {
            let shape: Vec<String> =
                shape.iter().map(|&n| if n < 0 { "?".to_owned() } else { n.to_string() }).collect();
            format!("{} {kind}[{}]", outlet.name(), shape.join(","))
        }
        None => format!("{} (no tensor)", outlet.name()),
    };
    one_line(&outlets.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn contract(expected: &str, kind: &str, found: &[Outlet], path: &Path) -> SegmentError {
    SegmentError::Contract {
        expected: expected.into(),
        found: format!("{kind} {}", described(found)),
        path: path.to_owned(),
    }
}

fn check_encoder(encoder: &Session, path: &Path) -> Result<(), SegmentError> {
    let side = SIDE as i64;
    let fits = encoder.inputs().len() == 1
        && by_name(encoder.inputs(), "image").is_some_and(|(kind, shape)| {
            kind == TensorElementType::Float32 && allows(shape, &[1, 1, side, side, side])
        });
    if fits {
        return Ok(());
    }
    let expected = "one input image float32[1,1,128,128,128]";
    Err(contract(expected, "inputs", encoder.inputs(), path))
}

/// What the decoder's declaration says.
struct Decoder {
    features: Vec<String>,
    labels: TensorElementType,
    side: usize,
}

fn check_decoder(
    encoder: &Session,
    decoder: &Session,
    path: &Path,
) -> Result<Decoder, SegmentError> {
    use TensorElementType::{Float32, Int32, Int64};
    let (inputs, outputs) = (decoder.inputs(), decoder.outputs());
    let wrong_input = |expected: &str| contract(expected, "inputs", inputs, path);
    let wrong_output = |expected: &str| contract(expected, "outputs", outputs, path);

    by_name(inputs, "point_coords")
        .filter(|(kind, shape)| *kind == Float32 && allows(shape, &[1, -1, 3]))
        .ok_or_else(|| wrong_input("input point_coords float32[1,N,3]"))?;
    let (labels, _) = by_name(inputs, "point_labels")
        .filter(|(kind, shape)| matches!(kind, Int64 | Int32 | Float32) && allows(shape, &[1, -1]))
        .ok_or_else(|| wrong_input("input point_labels int64, int32 or float32[1,N]"))?;
    let cube = |shape: &[i64]| allows(shape, &[1, 1, -1, -1, -1]);
    let (_, mask) = by_name(inputs, "prev_mask")
        .filter(|(kind, shape)| *kind == Float32 && cube(shape))
        .ok_or_else(|| wrong_input("input prev_mask float32[1,1,S,S,S]"))?;
    let (_, logits) = by_name(outputs, "mask_logits")
        .filter(|(kind, shape)| *kind == Float32 && cube(shape))
        .ok_or_else(|| wrong_output("output mask_logits float32[1,1,S,S,S]"))?;
    by_name(outputs, "iou")
        .filter(|(kind, _)| *kind == Float32)
        .ok_or_else(|| wrong_output("output iou float32[1,1]"))?;
    // All sides that are stated must be the same number.
    let mut sides = mask[2..].iter().chain(&logits[2..]).copied().filter(|&n| n > 0);
    let side = sides.next().ok_or_else(|| wrong_input("a fixed side S of prev_mask"))?;
    if side > SIDE as i64 || sides.any(|n| n != side) {
        return Err(wrong_input("prev_mask and mask_logits with one side S of at most 128"));
    }

    let prompts = ["point_coords", "point_labels", "prev_mask"];
    let mut features = Vec::new();
    for input in inputs.iter().filter(|i| !prompts.contains(&i.name())) {
        let made = by_name(encoder.outputs(), input.name());
        let fits = made.zip(tensor(input)).is_some_and(|(a, b)| a.0 == b.0 && allows(a.1, b.1));
        if !fits {
            let expected = format!(
                "an encoder output for the decoder's {}",
                described(std::slice::from_ref(input))
            );
            return Err(contract(&expected, "encoder outputs", encoder.outputs(), path));
        }
        features.push(input.name().to_owned());
    }
    if features.is_empty() {
        return Err(wrong_input("an input with the encoder's embedding"));
    }
    Ok(Decoder { features, labels, side: side as usize })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_click_on_nothing_works_with_a_good_model_and_leaves_no_trace() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/tiny");
        let (encoder, decoder) = (folder.join("encoder.onnx"), folder.join("decoder.onnx"));
        let mut engine = Engine::open(&encoder, &decoder, DeviceChoice::Cpu, Some(1)).unwrap();
        let answer = |engine: &mut Engine| {
            let image: Vec<f32> = (0..SIDE.pow(3)).map(|n| (n % 97) as f32).collect();
            let never = CancelToken::new();
            let embedding = engine.encode(&image, &never).unwrap();
            let point = PointPrompt { voxel: [1.0, 2.0, 3.0], positive: true };
            engine.decode(&embedding, &[point], None, &never).unwrap().0.values
        };
        let before = answer(&mut engine);
        engine.try_once().unwrap();
        assert_eq!(answer(&mut engine), before);
    }

    #[test]
    fn what_fails_when_a_model_runs_is_blamed_on_cuda_a_bad_model_is_not() {
        let run = || SegmentError::Run("no kernel image".into());
        assert!(matches!(cuda_failed(run()), SegmentError::Cuda(m) if m == "no kernel image"));
        assert_eq!(no_cuda(&run()), "no CUDA: no kernel image");
        let bad = SegmentError::NoModel("m".into());
        assert!(matches!(cuda_failed(bad), SegmentError::NoModel(_)));
    }
}
