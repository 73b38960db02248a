//! The prompt encoder: points to tokens, the mask of the step before to an image.

use std::f32::consts::TAU;

use super::builder::{Builder, Dim, Set, Value};
use super::encoder::linear;
use crate::segment::checkpoint::{Architecture, CheckpointError};

/// `LayerNorm3d`'s.
const EPSILON: f32 = 1e-6;

/// [sin u, cos u, sin u] (yes, sin twice) with u = 2π · (2 p − 1) · M, of positions p in 0…1, [n, 3]: [n, C].
fn position_code(b: &mut Builder, p: &Value) -> Result<Value, CheckpointError> {
    let matrix = b.weight("prompt_encoder.pe_layer.positional_encoding_gaussian_matrix")?;
    let (two, one, turn) = (b.number(2.0), b.number(1.0), b.number(TAU));
    let x = b.op("Mul", &[p, &two], &[]);
    let x = b.op("Sub", &[&x, &one], &[]);
    let x = b.matmul(&x, &matrix);
    let x = b.op("Mul", &[&x, &turn], &[]);
    let sin = b.op("Sin", &[&x], &[]);
    let cos = b.op("Cos", &[&x], &[]);
    Ok(b.concat(&[&sin, &cos, &sin], 1))
}

/// The position code of the embedding's cells, [G³, C]; a constant, computed when the model is loaded. Axes
/// 0 and 1 are swapped, as in the authors' code and so in the weights.
pub(super) fn cells(b: &mut Builder, a: &Architecture) -> Result<Value, CheckpointError> {
    b.scope("prompt_encoder.pe_layer");
    let g = a.grid;
    let centre = |i: usize| (i as f32 + 0.5) / g as f32;
    let centres: Vec<f32> =
        (0..g.pow(3)).flat_map(|n| [n / g % g, n / (g * g), n % g].map(centre)).collect();
    let centres = b.floats("cell centres", &[g.pow(3), 3], &centres);
    position_code(b, &centres)
}

/// The inputs `point_coords` and `point_labels` as tokens, and the point of padding that is always
/// appended: [N + 1, C].
pub(super) fn points(b: &mut Builder, a: &Architecture) -> Result<Value, CheckpointError> {
    b.scope("prompt_encoder.points");
    let (one, free) = (Dim::Fixed(1), Dim::Free("points"));
    let coords = b.input("point_coords", &[one, free, Dim::Fixed(3)]);
    let labels = b.int_input("point_labels", &[one, free]);
    let coords = b.reshape(&coords, &[-1, 3]);
    let labels = b.reshape(&labels, &[-1]);
    let half = b.number(0.5);
    let p = b.add(&coords, &half);
    let side = b.number(a.image_side() as f32);
    let p = b.op("Div", &[&p, &side], &[]);
    let code = position_code(b, &p)?;
    // Of padding, label −1, there is only its own code; it is the last row, which −1 means in ONNX.
    let zero = b.ints(&[0]);
    let padding = b.op("Less", &[&labels, &zero], &[]);
    let padding = b.reshape(&padding, &[-1, 1]);
    let nothing = b.number(0.0);
    let code = b.op("Where", &[&padding, &nothing, &code], &[]);
    let negative = b.weight("prompt_encoder.point_embeddings.0.weight")?;
    let positive = b.weight("prompt_encoder.point_embeddings.1.weight")?;
    let no_point = b.weight("prompt_encoder.not_a_point_embed.weight")?;
    let kinds = b.concat(&[&negative, &positive, &no_point], 0);
    let kind = b.op("Gather", &[&kinds, &labels], &[Set::Int("axis", 0)]);
    let tokens = b.add(&code, &kind);
    Ok(b.concat(&[&tokens, &no_point], 0))
}

/// The input `prev_mask` as an image: [G³, C].
///
/// Both convolutions have a stride that is their kernel, 2³, so each is a matrix product of a cube's eight
/// voxels: [cells · 8 · 8] → [cells · 8, first] → [cells, second] → [cells, C].
pub(super) fn mask(b: &mut Builder, a: &Architecture) -> Result<Value, CheckpointError> {
    b.scope("prompt_encoder.mask_downscaling");
    let name = "prompt_encoder.mask_downscaling";
    let (g, side, [first, second]) = (a.grid as i64, a.logits_side(), a.mask_prompt_dims);
    let x = b.input("prev_mask", &[1, 1, side, side, side].map(Dim::Fixed));
    let x = b.reshape(&x, &[g, 2, 2, g, 2, 2, g, 2, 2]);
    let x = b.transpose(&x, &[0, 3, 6, 1, 4, 7, 2, 5, 8]);
    let x = b.reshape(&x, &[-1, 8]);
    let x = linear(b, &x, &format!("{name}.0"), [first, 8])?;
    let x = b.layer_norm(&x, &format!("{name}.1"), EPSILON)?;
    let x = b.op("Gelu", &[&x], &[]);
    let x = b.reshape(&x, &[-1, 8 * first as i64]);
    // Its input has the channels last, the weight has them first.
    let weight = b.part(&format!("{name}.3.weight"), 0, &[second, first, 8])?;
    let weight = b.transpose(&weight, &[0, 2, 1]);
    let weight = b.reshape(&weight, &[second as i64, 8 * first as i64]);
    let bias = b.weight(&format!("{name}.3.bias"))?;
    let x = b.op("Gemm", &[&x, &weight, &bias], &[Set::Int("transB", 1)]);
    let x = b.layer_norm(&x, &format!("{name}.4"), EPSILON)?;
    let x = b.op("Gelu", &[&x], &[]);
    linear(b, &x, &format!("{name}.6"), [a.prompt_dim, second])
}
