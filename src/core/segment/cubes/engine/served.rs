//! Both networks on a server; or the encoder there and its decoder here, if that is the same.

use std::path::Path;
use std::time::Instant;

use super::contract::{Network, check_decoder, check_encoder};
use super::local::LocalDecoder;
use super::sessions::Source;
use super::{Embedding, Engine, Features, PointPrompt, SIDE, answer};
use crate::segment::cubes::answer::Logits;
use crate::segment::error::SegmentError;
use crate::segment::library::{self, ModelKind};
use crate::segment::remote::{
    AnswerSizes, Input, Numbers, Output, RemoteModel, RemotePair, ServedModel, Traffic, Wanted,
};
use crate::segment::runtime;
use crate::segment::segmenter::Device;
use crate::segment::tensor::{Declared, Element};
use crate::work::CancelToken;

/// What a server's model may have where it has numbers with a point.
const FLOATS: [Element; 2] = [Element::F32, Element::F16];
/// The notes that tell whether a decoder at hand is the server's: the SHA-256 of its file, and of the checkpoint that
/// both were made from. `voxpoint model export --triton` writes them.
const DECODER_NOTE: &str = "voxpoint_decoder_sha256";
const WEIGHTS_NOTE: &str = "voxpoint_weights_sha256";

/// An input or output as the server declares it.
struct Port {
    name: String,
    element: Element,
    /// -1 is free.
    shape: Vec<i64>,
}

impl Port {
    /// One that the contract has found.
    fn of(declared: &[Declared], name: &str) -> Option<Self> {
        let (element, shape) = declared.iter().find(|d| d.name == name)?.tensor.clone()?;
        Some(Self { name: name.to_owned(), element, shape })
    }

    /// Bytes of all its numbers; `None` if a length is free.
    fn bytes(&self) -> Option<u64> {
        let mut lengths = self.shape.iter();
        lengths.try_fold(self.element.bytes(), |all, &n| all.checked_mul(u64::try_from(n).ok()?))
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { name: &self.name, shape: &self.shape, element: self.element.clone() }
    }

    fn input<'a>(&'a self, shape: Vec<usize>, numbers: Numbers<'a>) -> Input<'a> {
        Input { name: &self.name, shape, element: self.element.clone(), numbers }
    }
}

/// A pair on a server.
pub(in crate::segment::cubes) struct ServedEngine {
    pair: RemotePair,
    image: Port,
    /// The encoder's outputs that the decoder wants, and the decoder's inputs that take them.
    features: Vec<(Port, Port)>,
    coords: Port,
    labels: Port,
    mask: Port,
    logits: Port,
    iou: Port,
    side: usize,
    /// The same decoder on this machine.
    here: Option<LocalDecoder>,
    device: Device,
    session_ms: f64,
}

impl ServedEngine {
    /// Asks a server for its pair and checks it. Nothing of an image is sent.
    pub(in crate::segment::cubes) fn open(
        served: &ServedModel,
        threads: Option<usize>,
        cancel: &CancelToken,
    ) -> Result<Self, SegmentError> {
        let begin = Instant::now();
        let pair = RemotePair::connect(served, cancel)?;
        let (encoder, decoder) = (&pair.encoder, &pair.decoder);
        let (encoder_place, decoder_place) = (pair.place(encoder), pair.place(decoder));
        check_encoder(&network(encoder, &encoder_place))?;
        let found = check_decoder(&encoder.outputs, &network(decoder, &decoder_place))?;
        let lost = |name: &str| SegmentError::Run(format!("{name} got lost"));
        let port = |of: &[Declared], name: &str| Port::of(of, name).ok_or_else(|| lost(name));
        let features = found
            .features
            .iter()
            .map(|name| Ok((port(&encoder.outputs, name)?, port(&decoder.inputs, name)?)));
        let features = features.collect::<Result<Vec<_>, SegmentError>>()?;
        let side = found.side as i64;
        let logits =
            Port { shape: vec![1, 1, side, side, side], ..port(&decoder.outputs, "mask_logits")? };
        let mut iou = port(&decoder.outputs, "iou")?;
        iou.shape.iter_mut().for_each(|n| *n = (*n).max(1));
        let (image, coords) =
            (port(&encoder.inputs, "image")?, port(&decoder.inputs, "point_coords")?);
        let (labels, mask) =
            (port(&decoder.inputs, "point_labels")?, port(&decoder.inputs, "prev_mask")?);
        let here = served.decode_here.then(|| decoder_here(&pair, found.side, threads)).flatten();
        let where_decoded = match &here {
            Some((_, name)) => format!("; the same decoder here ({name})"),
            None => String::new(),
        };
        let reason = format!("{} of {}{where_decoded}", encoder.name, pair.server);
        let device = Device { name: format!("server {}", pair.host()), threads: 0, reason };
        let here = here.map(|(decoder, _)| decoder);
        let session_ms = begin.elapsed().as_secs_f64() * 1e3;
        if let Some(sizes) = answer_sizes(&features, &mask, &logits, here.is_some()) {
            served.watch.expect(sizes);
        }
        Ok(Self {
            pair,
            image,
            features,
            coords,
            labels,
            mask,
            logits,
            iou,
            side: found.side,
            here,
            device,
            session_ms,
        })
    }

    /// The model's name: what its two networks' names have in common.
    pub(in crate::segment::cubes) fn name(&self) -> String {
        let name = self.pair.encoder.name.replace("encoder", "");
        let name = name.trim_matches(['_', '-', '.']);
        if name.is_empty() { self.pair.host().to_owned() } else { name.to_owned() }
    }

    fn decode_there(
        &mut self,
        embedding: &Embedding,
        points: &[PointPrompt],
        before: Option<&Logits>,
        cancel: &CancelToken,
    ) -> Result<(Logits, f32), SegmentError> {
        let Embedding::Plain(features) = embedding else {
            return Err(SegmentError::Run("the embedding is not the server's".to_owned()));
        };
        let (side, n) = (self.side, points.len());
        let coords: Vec<f32> = points.iter().flat_map(|p| p.voxel).collect();
        let labels: Vec<i64> = points.iter().map(|p| i64::from(p.positive)).collect();
        let zeros;
        let before = if let Some(logits) = before {
            logits.values.as_slice()
        } else {
            zeros = vec![0f32; side * side * side];
            &zeros
        };
        let mut inputs = vec![
            self.coords.input(vec![1, n, 3], Numbers::Floats(&coords)),
            self.labels.input(vec![1, n], Numbers::Labels(&labels)),
            self.mask.input(vec![1, 1, side, side, side], Numbers::Floats(before)),
        ];
        for (feature, (_, port)) in features.iter().zip(&self.features) {
            inputs.push(port.input(feature.shape.clone(), Numbers::Floats(&feature.values)));
        }
        let wanted = [self.logits.wanted(), self.iou.wanted()];
        let told = self.pair.decode(&inputs, &wanted, cancel)?;
        let [logits, iou] = told.as_slice() else {
            return Err(SegmentError::Run("the server's answer has other outputs".to_owned()));
        };
        let [shape, iou_shape] = [logits, iou].map(shape_of);
        answer(side, (&shape, &logits.values), (&iou_shape, &iou.values))
    }
}

/// What comes back for a place, and what each click takes there and back; `None` if the models leave it open.
fn answer_sizes(
    features: &[(Port, Port)],
    mask: &Port,
    logits: &Port,
    decodes_here: bool,
) -> Option<AnswerSizes> {
    let place_back = sum(features.iter().map(|(made, _)| made))?;
    if decodes_here {
        return Some(AnswerSizes { place_back, ..AnswerSizes::default() });
    }
    let before = logits.bytes()? / logits.element.bytes() * mask.element.bytes();
    // Of the same lengths, but perhaps in other numbers.
    let again = sum(features.iter().map(|(_, taken)| taken)).unwrap_or(place_back);
    Some(AnswerSizes { place_back, click_there: again + before, click_back: logits.bytes()? })
}

fn sum<'p>(mut ports: impl Iterator<Item = &'p Port>) -> Option<u64> {
    ports.try_fold(0u64, |all, port| all.checked_add(port.bytes()?))
}

fn shape_of(output: &Output) -> Vec<i64> {
    output.shape.iter().map(|&n| n as i64).collect()
}

fn network<'a>(model: &'a RemoteModel, place: &'a str) -> Network<'a> {
    let RemoteModel { inputs, outputs, .. } = model;
    Network { inputs, outputs, floats: &FLOATS, path: Path::new(place) }
}

/// The server's decoder, if a model at hand has the same by what the server notes of it; and that model's name.
fn decoder_here(
    pair: &RemotePair,
    side: usize,
    threads: Option<usize>,
) -> Option<(LocalDecoder, String)> {
    let notes = &pair.decoder.notes;
    let (decoder, weights) = (notes.get(DECODER_NOTE), notes.get(WEIGHTS_NOTE));
    if decoder.is_none() && weights.is_none() {
        return None;
    }
    let same = library::discover().into_iter().find(|model| match model.kind {
        ModelKind::Checkpoint => model.sha256.is_some() && model.sha256.as_ref() == weights,
        ModelKind::Demo | ModelKind::Onnx => {
            let file = model.path.join("decoder.onnx");
            decoder.is_some_and(|wanted| {
                library::size_and_sha256(&file).is_ok_and(|(_, sha256)| sha256 == *wanted)
            })
        }
    })?;
    let open = || -> Result<LocalDecoder, SegmentError> {
        runtime::load()?;
        let source = match same.kind {
            ModelKind::Checkpoint => Source::checkpoint(&same.path)?,
            ModelKind::Demo | ModelKind::Onnx => Source::Pair {
                encoder: same.path.join("encoder.onnx"),
                decoder: same.path.join("decoder.onnx"),
            },
        };
        // What comes is unpacked to f32.
        let outputs: Vec<Declared> = pair.encoder.outputs.iter().cloned().map(as_f32).collect();
        LocalDecoder::open(&source, &outputs, threads)
    };
    match open() {
        Ok(decoder) if decoder.side() == side => Some((decoder, same.name)),
        Ok(_) => None,
        Err(why) => {
            tracing::info!("the server decodes, because the decoder here does not start: {why}");
            None
        }
    }
}

fn as_f32(declared: Declared) -> Declared {
    let tensor = declared.tensor.map(|(element, shape)| match element {
        Element::F16 => (Element::F32, shape),
        other => (other, shape),
    });
    Declared { tensor, ..declared }
}

impl Engine for ServedEngine {
    fn device(&self) -> &Device {
        &self.device
    }

    fn session_ms(&self) -> f64 {
        self.session_ms
    }

    fn side(&self) -> usize {
        self.side
    }

    fn encode(&mut self, image: &[f32], cancel: &CancelToken) -> Result<Embedding, SegmentError> {
        let input = self.image.input(vec![1, 1, SIDE, SIDE, SIDE], Numbers::Floats(image));
        let wanted: Vec<Wanted<'_>> = self.features.iter().map(|(made, _)| made.wanted()).collect();
        let told = self.pair.encode(&input, &wanted, cancel)?;
        let features =
            told.into_iter().map(|Output { name, shape, values }| Features { name, shape, values });
        Ok(Embedding::Plain(features.collect()))
    }

    fn decode(
        &mut self,
        embedding: &Embedding,
        points: &[PointPrompt],
        before: Option<&Logits>,
        cancel: &CancelToken,
    ) -> Result<(Logits, f32), SegmentError> {
        match &mut self.here {
            Some(decoder) => decoder.decode(embedding, points, before, cancel),
            None => self.decode_there(embedding, points, before, cancel),
        }
    }

    fn take_traffic(&mut self) -> Option<Traffic> {
        Some(self.pair.take_traffic())
    }
}

#[cfg(test)]
mod tests;
