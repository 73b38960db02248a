//! The two ONNX models, run by ONNX Runtime.

mod contract;
mod memory;
mod sessions;

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use ort::environment::Environment;
use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::session::{NoSelectedOutputs, RunOptions, Session, SessionInputValue, SessionOutputs};
use ort::value::{DynValue, Tensor, TensorElementType, TensorRef, ValueType};

pub use memory::expect_models;
pub(super) use sessions::Source;

use super::answer::Logits;
use super::preprocess::SIDE;
use crate::segment::error::SegmentError;
use crate::segment::graph::Precision;
use crate::segment::runtime;
use crate::segment::segmenter::{Device, DeviceChoice};
use crate::text::one_line;
use crate::work::{CancelToken, threads_available};
use contract::{check_decoder, check_encoder};
use sessions::default_threads;

/// Name of the device.
const CUDA: &str = "CUDA";
/// Longest text of ONNX Runtime that is passed on to the user.
const LONGEST: usize = 200;
/// What a run takes beside the model's weights: 180 MB with the demo model, the cubes of others are as large.
const RUN_BYTES: u64 = 180 << 20;
/// Weights are laid out anew when a model is loaded, while their file may be in memory.
const PACKED: u64 = 2;
/// How often a running model is asked whether it is still wanted.
const WATCH: Duration = Duration::from_millis(5);

/// Threads that must be left for others when a model starts.
const OTHER_THREADS: usize = 2;

/// A click as the decoder gets it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PointPrompt {
    /// Voxel of the crop, (x, y, z).
    pub(super) voxel: [f32; 3],
    pub(super) positive: bool,
}

/// What the encoder says of a crop: every output that the decoder wants, by name. On CUDA it stays in the
/// device's memory.
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
    /// How much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let bytes = |value: &DynValue| match value.dtype() {
            ValueType::Tensor { ty, shape, .. } => ty.byte_size(shape.num_elements()),
            _ => None,
        };
        self.0.iter().filter_map(|(_, value)| bytes(value)).sum()
    }

    /// A copy of all of it, from wherever it is.
    pub(super) fn features(&self) -> Result<Vec<Features>, SegmentError> {
        let copy = |(name, value): &(String, DynValue)| {
            let tensor: TensorRef<'_, f32> = value.view().downcast().map_err(failed)?;
            let here: Tensor<f32>;
            let (shape, values) = if tensor.memory_info().is_cpu_accessible() {
                tensor.try_extract_tensor::<f32>().map_err(failed)?
            } else {
                here = tensor.to(AllocationDevice::CPU, 0).map_err(failed)?;
                here.try_extract_tensor::<f32>().map_err(failed)?
            };
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
        source: &Source,
        choice: DeviceChoice,
        threads: Option<usize>,
    ) -> Result<Self, SegmentError> {
        let environment = runtime::environment()?;
        crate::work::memory::check(RUN_BYTES + PACKED * source.bytes())?;
        let begin = Instant::now();
        let threads = affordable(threads.unwrap_or_else(default_threads).max(1));
        let cpu = |reason: String| Device { name: "CPU".into(), threads, reason };
        let cuda = |reason: &str| Device { name: CUDA.into(), threads: 0, reason: reason.into() };
        let on = |device| Self::on(&environment, source, device, threads, Precision::F32);
        let tried = |device| {
            let mut engine = Self::on(&environment, source, device, threads, Precision::F16)?;
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

    /// Both sessions on a device, checked against each other. The precision is that of a checkpoint's
    /// encoder; ONNX files have their own.
    fn on(
        environment: &Environment,
        source: &Source,
        device: Device,
        threads: usize,
        precision: Precision,
    ) -> Result<Self, SegmentError> {
        let cuda = device.name == CUDA;
        let [encoder, decoder] = source.start(environment, threads, cuda, precision)?;
        let [encoder_path, decoder_path] = source.paths();
        check_encoder(&encoder, encoder_path)?;
        let found = check_decoder(&encoder, &decoder, decoder_path)?;
        Ok(Self {
            encoder,
            decoder,
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
        let features = &self.features;
        let take = |outputs: SessionOutputs<'_>| {
            let named = outputs.into_iter().map(|(name, value)| (name.to_owned(), value));
            Ok(Embedding(named.filter(|(name, _)| features.contains(name)).collect()))
        };
        let (session, options) = (&mut self.encoder, RunOptions::new().map_err(failed)?);
        if self.device.name != CUDA {
            let inputs = vec![("image", SessionInputValue::from(image))];
            return run(
                cancel,
                &options,
                |options| session.run_with_options(inputs, options),
                take,
            );
        }
        // A binding of its own for each run: the next run with the same one would write over its outputs.
        let mut binding = session.create_binding().map_err(failed)?;
        binding.bind_input("image", &image).map_err(failed)?;
        let place =
            MemoryInfo::new(AllocationDevice::CUDA, 0, AllocatorType::Device, MemoryType::Default)
                .map_err(failed)?;
        for name in features {
            binding.bind_output_to_device(name, &place).map_err(failed)?;
        }
        binding.synchronize_inputs().map_err(failed)?;
        run(cancel, &options, |options| session.run_binding_with_options(&binding, options), take)
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
        let (session, options) = (&mut self.decoder, RunOptions::new().map_err(failed)?);
        run(
            cancel,
            &options,
            |options| session.run_with_options(inputs, options),
            |outputs| answer(side, numbers(&outputs, "mask_logits")?, numbers(&outputs, "iou")?),
        )
    }
}

/// As many of the wanted threads as the system gives. Each of the two sessions has that many, the one that runs it
/// included. ONNX Runtime waits for ever when it gets too few, so it must not be asked for them.
fn affordable(wanted: usize) -> usize {
    let needed = 2 * (wanted - 1) + OTHER_THREADS;
    let given = if wanted == 1 { needed } else { threads_available(needed) };
    if given < needed {
        let threads = 1 + given.saturating_sub(OTHER_THREADS) / 2;
        tracing::warn!("the system gives few threads: the model gets {threads} of {wanted}");
        return threads;
    }
    wanted
}

/// The decoder's outputs, if they are what they should be: finite logits [1, 1, side, side, side] and one finite
/// overlap. The number of values alone would not do: 16 × 32 × 64 are as many as 32³.
fn answer(side: usize, logits: Output<'_>, iou: Output<'_>) -> Result<(Logits, f32), SegmentError> {
    let wrong = |what: String| Err(SegmentError::Run(what));
    let n = side as i64;
    let ((shape, logits), (iou_shape, iou)) = (logits, iou);
    if *shape != [1, 1, n, n, n] || logits.len() != side * side * side {
        return wrong(format!("mask_logits has the shape {shape:?}, not [1, 1, {n}, {n}, {n}]"));
    }
    let &[iou] = iou else { return wrong(format!("iou has the shape {iou_shape:?}, not [1, 1]")) };
    if !iou.is_finite() || logits.iter().any(|v| !v.is_finite()) {
        return wrong("its answer is not a number or infinite: try the device `cpu`".into());
    }
    Ok((Logits { side, values: logits.to_vec() }, iou))
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

/// Shape and values of an output.
type Output<'o> = (&'o [i64], &'o [f32]);

fn numbers<'o>(outputs: &'o SessionOutputs<'_>, name: &str) -> Result<Output<'o>, SegmentError> {
    let missing = || SegmentError::Run(format!("no output {name}"));
    let value = outputs.get(name).ok_or_else(missing)?;
    value.try_extract_tensor::<f32>().map(|(shape, values)| (&**shape, values)).map_err(failed)
}

/// Runs a session, ending it early when `cancel` asks for that, and hands its outputs to `take`.
fn run<'o, T>(
    cancel: &CancelToken,
    options: &'o RunOptions<NoSelectedOutputs>,
    session: impl FnOnce(&'o RunOptions<NoSelectedOutputs>) -> ort::Result<SessionOutputs<'o>>,
    take: impl FnOnce(SessionOutputs<'o>) -> Result<T, SegmentError>,
) -> Result<T, SegmentError> {
    cancel.check()?;
    let result = std::thread::scope(|scope| {
        let (running, ended) = channel::<()>();
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
        let result = session(options);
        drop(running);
        result
    });
    match result {
        Ok(outputs) => take(outputs),
        Err(_) if cancel.is_cancelled() => Err(SegmentError::Cancelled),
        Err(error) => Err(failed(error)),
    }
}

/// One line of at most [`LONGEST`] characters: ONNX Runtime says where it was first and what was wrong last, so
/// the middle is left out.
fn short_line(text: &impl ToString) -> String {
    let text = one_line(&text.to_string());
    let count = text.chars().count();
    if count <= LONGEST {
        return text;
    }
    let end = LONGEST / 2;
    let head: String = text.chars().take(LONGEST - end - 3).collect();
    let tail: String = text.chars().skip(count - end).collect();
    format!("{} … {}", head.trim_end(), tail.trim_start())
}

// Made for `map_err`, which hands the error over.
#[allow(clippy::needless_pass_by_value)]
fn failed<R>(error: ort::Error<R>) -> SegmentError {
    let text = error.to_string();
    if let Some(why) = memory::exhausted(&text) {
        return SegmentError::Run(why);
    }
    SegmentError::of_memory(&text).unwrap_or_else(|| SegmentError::Run(short_line(&text)))
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
        // What ONNX Runtime says of itself without CUDA is long, and this fits the status bar.
        SegmentError::Cuda(message) if message.contains("not enabled in this build") => {
            "no CUDA in this ONNX Runtime".to_owned()
        }
        SegmentError::Cuda(message) | SegmentError::Run(message) => {
            short_line(&format!("no CUDA: {message}"))
        }
        other => short_line(&format!("no CUDA: {other}")),
    }
}

#[cfg(test)]
mod tests;
