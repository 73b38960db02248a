//! The pair of networks, encoder and decoder, wherever they run: here on ONNX Runtime, or on a server.

mod contract;
mod local;
mod memory;
mod served;
mod sessions;

use ort::value::DynValue;

pub(super) use local::LocalEngine;
pub use memory::expect_models;
pub(super) use served::ServedEngine;
pub(super) use sessions::Source;

use super::answer::Logits;
use super::preprocess::SIDE;
use crate::segment::error::SegmentError;
use crate::segment::remote::Traffic;
use crate::segment::segmenter::Device;
use crate::text::one_line;
use crate::work::CancelToken;

/// Longest text of ONNX Runtime that is passed on to the user.
const LONGEST: usize = 200;

/// A click as the decoder gets it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PointPrompt {
    /// Voxel of the crop, (x, y, z).
    pub(super) voxel: [f32; 3],
    pub(super) positive: bool,
}

/// What the encoder says of a crop: every output that the decoder wants, by name.
pub(super) enum Embedding {
    /// As ONNX Runtime has it; with CUDA in the device's memory.
    Device(Vec<(String, DynValue)>),
    /// As it came from a server.
    Plain(Vec<Features>),
}

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
        match self {
            Self::Device(values) => local::bytes(values),
            Self::Plain(features) => features.iter().map(|f| size_of_val(&*f.values)).sum(),
        }
    }

    /// A copy of all of it, from wherever it is.
    pub(super) fn features(&self) -> Result<Vec<Features>, SegmentError> {
        match self {
            Self::Device(values) => local::features(values),
            Self::Plain(features) => Ok(features.clone()),
        }
    }
}

/// Runs the encoder and the decoder.
///
/// Encoder: `image` f32 [1, 1, 128, 128, 128] to any outputs. Decoder: those outputs by their names, and
/// `point_coords` f32 [1, N, 3], `point_labels` [1, N] (i64, i32 or f32; 1 positive, 0 negative), `prev_mask`
/// f32 [1, 1, S, S, S], to `mask_logits` f32 [1, 1, S, S, S] and `iou` f32 [1, 1]. Of a server's models what is f32 may
/// be f16.
pub(super) trait Engine: Send {
    /// Where it runs and why.
    fn device(&self) -> &Device;

    /// Milliseconds that it took to start.
    fn session_ms(&self) -> f64;

    /// S, voxels.
    fn side(&self) -> usize;

    /// `image`: 128³ normalised values, (x, y, z), z fastest.
    fn encode(&mut self, image: &[f32], cancel: &CancelToken) -> Result<Embedding, SegmentError>;

    /// All points so far, and the logits that the points before the last gave; `None` with one point.
    fn decode(
        &mut self,
        embedding: &Embedding,
        points: &[PointPrompt],
        before: Option<&Logits>,
        cancel: &CancelToken,
    ) -> Result<(Logits, f32), SegmentError>;

    /// What went over the network since this was last asked; `None` of an engine that uses none.
    fn take_traffic(&mut self) -> Option<Traffic> {
        None
    }
}

/// Shape and values of an output.
type Output<'o> = (&'o [i64], &'o [f32]);

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
