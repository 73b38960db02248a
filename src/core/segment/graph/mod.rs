//! SAM-Med3D as two ONNX graphs, built from a checkpoint's architecture.
//!
//! Both compute exactly what the authors' classes compute (package `medim`, `sam_med3d.py`), quirks
//! included, up to the order of floating-point additions. They use operators of the standard opset
//! [`OPSET`] only, shaped so that ONNX Runtime's own fusions apply and nothing is computed that doesn't
//! reach the output: the zero padding of the windowed blocks is summed in closed form (see
//! `attention`), convolutions whose stride is their kernel are matrix products, and the decoder makes
//! the single-mask output only.
//!
//! Encoder: `image` f32 [1, 1, S, S, S], (x, y, z), z fastest, to `image_embedding` f32 [1, C, G, G, G].
//! Decoder: `image_embedding`; `point_coords` f32 [1, N, 3], voxels of the crop (x, y, z), N ≥ 1;
//! `point_labels` i64 [1, N], 1 positive, 0 negative, −1 padding; `prev_mask` f32 [1, 1, 4 G, 4 G, 4 G], the
//! logits of the step before, zeros at the first; to `mask_logits` f32, shaped as `prev_mask`, and `iou`
//! f32 [1, 1]. The point of padding that the authors always append is inside.

mod attention;
mod builder;
mod decoder;
mod encoder;
mod onnx;
mod prompt;
mod tables;

use builder::Builder;

use super::checkpoint::{Architecture, Checkpoint, CheckpointError};

/// Version of the standard operators (`ai.onnx`); the first with `Gelu`.
pub const OPSET: i64 = 20;
/// Version of the file format that goes with it.
pub const IR_VERSION: i64 = 9;

/// What a graph calls the checkpoint that it has its weights in.
pub const LOCATION: &str = "checkpoint";

/// Where a graph has its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// In the checkpoint itself, as ONNX external data: the graph holds offset and length in a file [`LOCATION`].
    /// It loads only with the checkpoint's bytes given as that file.
    External,
    /// In the graph.
    Inline,
}

/// What the encoder multiplies matrices in. Everything else is float32: sums, normalisations, attention
/// logits and softmax, relative positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats.
    F32,
    /// IEEE half precision, for GPUs. The weights are cast when the graph is loaded.
    F16,
}

/// The image encoder as an ONNX file.
pub fn encoder(
    checkpoint: &Checkpoint,
    architecture: &Architecture,
    weights: Weights,
    precision: Precision,
) -> Result<Vec<u8>, CheckpointError> {
    let mut builder = Builder::new(checkpoint, weights, precision);
    encoder::write(&mut builder, architecture)?;
    Ok(builder
        .finish("SAM-Med3D image encoder", "image [1,1,S,S,S] to image_embedding [1,C,G,G,G]"))
}

/// Prompt encoder and mask decoder as one ONNX file, in float32.
pub fn decoder(
    checkpoint: &Checkpoint,
    architecture: &Architecture,
    weights: Weights,
) -> Result<Vec<u8>, CheckpointError> {
    let mut builder = Builder::new(checkpoint, weights, Precision::F32);
    decoder::write(&mut builder, architecture)?;
    Ok(builder.finish(
        "SAM-Med3D prompt encoder and mask decoder",
        "image_embedding, point_coords [1,N,3] (voxels), point_labels [1,N] (1 positive, 0 negative), \
         prev_mask [1,1,4G,4G,4G] (zeros at first) to mask_logits and iou",
    ))
}
