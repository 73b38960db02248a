//! Both networks here, run by ONNX Runtime; and the decoder alone, for what a server's encoder says.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use ort::environment::Environment;
use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::session::{NoSelectedOutputs, RunOptions, Session, SessionInputValue, SessionOutputs};
use ort::value::{DynValue, Outlet, Tensor, TensorElementType, TensorRef, ValueType};

use super::contract::{Network, check_decoder, check_encoder};
use super::sessions::{Source, default_threads};
use super::{Embedding, Engine, Features, Output, PointPrompt, SIDE, answer, memory, short_line};
use crate::segment::cubes::answer::Logits;
use crate::segment::error::SegmentError;
use crate::segment::graph::Precision;
use crate::segment::runtime;
use crate::segment::segmenter::{Device, DeviceChoice};
use crate::segment::tensor::{Declared, Element};
use crate::work::{CancelToken, threads_available};

/// Name of the device.
const CUDA: &str = "CUDA";
/// What a run takes beside the model's weights: 180 MB with the demo model, the cubes of others are as large.
const RUN_BYTES: u64 = 180 << 20;
/// Weights are laid out anew when a model is loaded, while their file may be in memory.
const PACKED: u64 = 2;
/// How often a running model is asked whether it is still wanted.
const WATCH: Duration = Duration::from_millis(5);

/// Threads that must be left for others when a model starts.
const OTHER_THREADS: usize = 2;

/// Bytes that an embedding takes.
pub(super) fn bytes(embedding: &[(String, DynValue)]) -> usize {
    let bytes = |value: &DynValue| match value.dtype() {
        ValueType::Tensor { ty, shape, .. } => ty.byte_size(shape.num_elements()),
        _ => None,
    };
    embedding.iter().filter_map(|(_, value)| bytes(value)).sum()
}

/// A copy of an embedding, from wherever it is.
pub(super) fn features(embedding: &[(String, DynValue)]) -> Result<Vec<Features>, SegmentError> {
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
    embedding.iter().map(copy).collect()
}

/// What a session declares.
fn declared(outlets: &[Outlet]) -> Vec<Declared> {
    let element = |kind: &TensorElementType| match kind {
        TensorElementType::Float16 => Element::F16,
        TensorElementType::Float32 => Element::F32,
        TensorElementType::Int32 => Element::I32,
        TensorElementType::Int64 => Element::I64,
        other => Element::Other(other.to_string()),
    };
    let one = |outlet: &Outlet| Declared {
        name: outlet.name().to_owned(),
        tensor: match outlet.dtype() {
            ValueType::Tensor { ty, shape, .. } => Some((element(ty), shape.to_vec())),
            _ => None,
        },
    };
    outlets.iter().map(one).collect()
}

/// The decoder, on the CPU or beside its encoder on CUDA.
pub(super) struct LocalDecoder {
    session: Session,
    labels: Element,
    side: usize,
}

impl LocalDecoder {
    /// The decoder alone, on the CPU, of the model at a path, for what an encoder elsewhere declares.
    pub(super) fn open(
        source: &Source,
        encoder_outputs: &[Declared],
        threads: Option<usize>,
    ) -> Result<Self, SegmentError> {
        let environment = runtime::environment()?;
        crate::work::memory::check(RUN_BYTES + PACKED * source.bytes())?;
        let threads = affordable(threads.unwrap_or_else(default_threads).max(1));
        let session = source.start_decoder(&environment, threads)?;
        let [_, path] = source.paths();
        Self::checked(session, encoder_outputs, path).map(|(decoder, _)| decoder)
    }

    /// Checked against the encoder's outputs; with the names of those that it wants.
    fn checked(
        session: Session,
        encoder_outputs: &[Declared],
        path: &Path,
    ) -> Result<(Self, Vec<String>), SegmentError> {
        let (inputs, outputs) = (declared(session.inputs()), declared(session.outputs()));
        let network = Network { inputs: &inputs, outputs: &outputs, floats: &[Element::F32], path };
        let found = check_decoder(encoder_outputs, &network)?;
        Ok((Self { session, labels: found.labels, side: found.side }, found.features))
    }

    pub(super) fn side(&self) -> usize {
        self.side
    }

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
            ("point_labels", labels(&self.labels, points)?),
            ("prev_mask", mask.into()),
        ];
        match embedding {
            Embedding::Device(values) => {
                inputs.extend(values.iter().map(|(name, value)| (name.as_str(), value.into())));
            }
            Embedding::Plain(features) => {
                for Features { name, shape, values } in features {
                    let tensor = TensorRef::from_array_view((shape.clone(), values.as_slice()));
                    inputs.push((name.as_str(), tensor.map_err(failed)?.into()));
                }
            }
        }
        let (session, options) = (&mut self.session, RunOptions::new().map_err(failed)?);
        run(
            cancel,
            &options,
            |options| session.run_with_options(inputs, options),
            |outputs| answer(side, numbers(&outputs, "mask_logits")?, numbers(&outputs, "iou")?),
        )
    }
}

/// Both networks.
pub(in crate::segment::cubes) struct LocalEngine {
    encoder: Session,
    decoder: LocalDecoder,
    /// Encoder outputs that the decoder wants.
    features: Vec<String>,
    device: Device,
    session_ms: f64,
}

impl LocalEngine {
    pub(in crate::segment::cubes) fn open(
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
        let (inputs, outputs) = (declared(encoder.inputs()), declared(encoder.outputs()));
        let network = Network {
            inputs: &inputs,
            outputs: &outputs,
            floats: &[Element::F32],
            path: encoder_path,
        };
        check_encoder(&network)?;
        let (decoder, features) = LocalDecoder::checked(decoder, &outputs, decoder_path)?;
        Ok(Self { encoder, decoder, features, device, session_ms: 0.0 })
    }

    /// One click on nothing. What CUDA lacks (a kernel for this GPU, cuDNN, memory) it often says only when
    /// a model runs; besides, its first run is slow, and here nobody waits for a click.
    fn try_once(&mut self) -> Result<(), SegmentError> {
        let (image, never) = (vec![0f32; SIDE * SIDE * SIDE], CancelToken::new());
        let embedding = self.encode(&image, &never)?;
        let centre = PointPrompt { voxel: [SIDE as f32 / 2.0; 3], positive: true };
        self.decode(&embedding, &[centre], None, &never).map(drop)
    }
}

impl Engine for LocalEngine {
    fn device(&self) -> &Device {
        &self.device
    }

    fn session_ms(&self) -> f64 {
        self.session_ms
    }

    fn side(&self) -> usize {
        self.decoder.side
    }

    fn encode(&mut self, image: &[f32], cancel: &CancelToken) -> Result<Embedding, SegmentError> {
        let image =
            TensorRef::from_array_view(([1, 1, SIDE, SIDE, SIDE], image)).map_err(failed)?;
        let features = &self.features;
        let take = |outputs: SessionOutputs<'_>| {
            let named = outputs.into_iter().map(|(name, value)| (name.to_owned(), value));
            let wanted = named.filter(|(name, _)| features.contains(name));
            Ok(Embedding::Device(wanted.collect()))
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

    fn decode(
        &mut self,
        embedding: &Embedding,
        points: &[PointPrompt],
        before: Option<&Logits>,
        cancel: &CancelToken,
    ) -> Result<(Logits, f32), SegmentError> {
        self.decoder.decode(embedding, points, before, cancel)
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

/// The labels in the type the model declares.
fn labels(
    wanted: &Element,
    points: &[PointPrompt],
) -> Result<SessionInputValue<'static>, SegmentError> {
    let shape = [1, points.len()];
    let label = points.iter().map(|p| u8::from(p.positive));
    let value = match wanted {
        Element::I64 => {
            Tensor::from_array((shape, label.map(i64::from).collect::<Vec<_>>())).map(Into::into)
        }
        Element::I32 => {
            Tensor::from_array((shape, label.map(i32::from).collect::<Vec<_>>())).map(Into::into)
        }
        _ => Tensor::from_array((shape, label.map(f32::from).collect::<Vec<_>>())).map(Into::into),
    };
    value.map_err(failed)
}

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
