//! The mask decoder: a two-way transformer between a few tokens and the image, and the heads of the single
//! mask.

use super::builder::{Builder, Dim, Set, Value};
use super::encoder::linear;
use super::prompt;
use crate::segment::checkpoint::{Architecture, CheckpointError};

/// `nn.LayerNorm`'s default, of the transformer.
const EPSILON: f32 = 1e-5;
/// `LayerNorm3d`'s, of the upscaling.
const EPSILON_3D: f32 = 1e-6;

const TRANSFORMER: &str = "mask_decoder.transformer";

pub(super) fn write(b: &mut Builder, a: &Architecture) -> Result<(), CheckpointError> {
    let (c, g) = (a.prompt_dim, a.grid);
    b.scope("mask_decoder");
    let embedding = b.input("image_embedding", &[1, c, g, g, g].map(Dim::Fixed));
    let embedding = b.reshape(&embedding, &[c as i64, -1]);
    let embedding = b.transpose(&embedding, &[1, 0]);
    let points = prompt::points(b, a)?;
    let mask = prompt::mask(b, a)?;
    let code = prompt::cells(b, a)?;

    b.scope("mask_decoder.tokens");
    let iou = b.weight("mask_decoder.iou_token.weight")?;
    let masks = b.weight("mask_decoder.mask_tokens.weight")?;
    let tokens = b.concat(&[&iou, &masks, &points], 0);
    let image = b.add(&embedding, &mask);
    let (tokens, image) = transformer(b, a, &tokens, &image, &code)?;

    b.scope("mask_decoder.heads");
    let iou_token = b.slice(&tokens, 0, 0, 1);
    let mask_token = b.slice(&tokens, 0, 1, 2);
    let filter = filter(b, a, &mask_token)?;
    upscale(b, a, &image, &filter)?;
    iou_head(b, a, &iou_token)
}

/// Tokens [n, C] and image [G³, C] after all layers.
fn transformer(
    b: &mut Builder,
    a: &Architecture,
    points: &Value,
    image: &Value,
    code: &Value,
) -> Result<(Value, Value), CheckpointError> {
    let (c, cross) = (a.prompt_dim, a.cross_dim);
    let (mut tokens, mut image) = (points.clone(), image.clone());
    for number in 0..a.decoder_blocks {
        let name = format!("{TRANSFORMER}.layers.{number}");
        let norm = |b: &mut Builder, x: &Value, n: usize| {
            b.layer_norm(x, &format!("{name}.norm{n}"), EPSILON)
        };
        // Tokens among themselves; the first time without position code and without what was there before.
        let part = format!("{name}.self_attn");
        tokens = if number == 0 {
            attention(b, a, &part, c, [&tokens, &tokens, &tokens])?
        } else {
            let q = b.add(&tokens, points);
            let y = attention(b, a, &part, c, [&q, &q, &tokens])?;
            b.add(&tokens, &y)
        };
        tokens = norm(b, &tokens, 1)?;

        let part = format!("{name}.cross_attn_token_to_image");
        let q = b.add(&tokens, points);
        let k = b.add(&image, code);
        let y = attention(b, a, &part, cross, [&q, &k, &image])?;
        tokens = b.add(&tokens, &y);
        tokens = norm(b, &tokens, 2)?;

        b.scope(&format!("{name}.mlp"));
        let y = linear(b, &tokens, &format!("{name}.mlp.lin1"), [a.decoder_mlp_dim, c])?;
        let y = b.op("Relu", &[&y], &[]);
        let y = linear(b, &y, &format!("{name}.mlp.lin2"), [c, a.decoder_mlp_dim])?;
        tokens = b.add(&tokens, &y);
        tokens = norm(b, &tokens, 3)?;

        let part = format!("{name}.cross_attn_image_to_token");
        let q = b.add(&tokens, points);
        let y = attention(b, a, &part, cross, [&k, &q, &tokens])?;
        image = b.add(&image, &y);
        image = norm(b, &image, 4)?;
    }
    let part = format!("{TRANSFORMER}.final_attn_token_to_image");
    let q = b.add(&tokens, points);
    let k = b.add(&image, code);
    let y = attention(b, a, &part, cross, [&q, &k, &image])?;
    tokens = b.add(&tokens, &y);
    let tokens = b.layer_norm(&tokens, &format!("{TRANSFORMER}.norm_final_attn"), EPSILON)?;
    Ok((tokens, image))
}

/// Attention of queries [n, C] to keys and values [m, C], `inner` channels wide: [n, C].
fn attention(
    b: &mut Builder,
    a: &Architecture,
    name: &str,
    inner: usize,
    [q, k, v]: [&Value; 3],
) -> Result<Value, CheckpointError> {
    b.scope(name);
    let (heads, dim) = (a.decoder_heads as i64, (inner / a.decoder_heads) as i64);
    let shape = [inner, a.prompt_dim];
    let weight = b.part(&format!("{name}.q_proj.weight"), 0, &shape)?;
    let bias = b.weight(&format!("{name}.q_proj.bias"))?;
    let scale = (dim as f32).powf(-0.5);
    let settings = [Set::Int("transB", 1), Set::Float("alpha", scale), Set::Float("beta", scale)];
    let q = b.op("Gemm", &[q, &weight, &bias], &settings);
    let k = linear(b, k, &format!("{name}.k_proj"), shape)?;
    let v = linear(b, v, &format!("{name}.v_proj"), shape)?;
    let mut by_head = |x: &Value, perm: &[i64]| {
        let x = b.reshape(x, &[-1, heads, dim]);
        b.transpose(&x, perm)
    };
    let q = by_head(&q, &[1, 0, 2]);
    let k = by_head(&k, &[1, 2, 0]);
    let v = by_head(&v, &[1, 0, 2]);
    let logits = b.matmul(&q, &k);
    let weights = b.op("Softmax", &[&logits], &[Set::Int("axis", -1)]);
    let y = b.matmul(&weights, &v);
    let y = b.transpose(&y, &[1, 0, 2]);
    let y = b.reshape(&y, &[-1, inner as i64]);
    linear(b, &y, &format!("{name}.out_proj"), [a.prompt_dim, inner])
}

/// What the upscaled image is multiplied with: [last of `upscaled_dims`, 1].
fn filter(b: &mut Builder, a: &Architecture, token: &Value) -> Result<Value, CheckpointError> {
    let (c, last) = (a.prompt_dim, a.upscaled_dims[1]);
    let name = "mask_decoder.output_hypernetworks_mlps.0.layers";
    let x = mlp(b, token, name, &[c, c, c, last])?;
    Ok(b.reshape(&x, &[last as i64, 1]))
}

fn iou_head(b: &mut Builder, a: &Architecture, token: &Value) -> Result<(), CheckpointError> {
    let (c, hidden) = (a.prompt_dim, a.iou_dim);
    let name = "mask_decoder.iou_prediction_head.layers";
    // Of the last layer only the first row: the other rows are the other masks'.
    let iou = mlp(b, token, name, &[c, hidden, hidden, 1])?;
    b.output(&iou, "iou", &[1, 1]);
    Ok(())
}

/// Fully connected layers of these widths with rectification between them.
fn mlp(b: &mut Builder, x: &Value, name: &str, widths: &[usize]) -> Result<Value, CheckpointError> {
    let mut x = x.clone();
    let layers = widths.len() - 1;
    for (n, pair) in widths.windows(2).enumerate() {
        x = linear(b, &x, &format!("{name}.{n}"), [pair[1], pair[0]])?;
        if n + 1 < layers {
            x = b.op("Relu", &[&x], &[]);
        }
    }
    Ok(x)
}

/// The image, four times as fine, times the filter: the output `mask_logits`.
///
/// Both transposed convolutions have a stride that is their kernel, 2³, so each is a matrix product that makes
/// eight voxels of one. They stay where they are until the channels are gone, and are put in order then.
fn upscale(
    b: &mut Builder,
    a: &Architecture,
    image: &Value,
    filter: &Value,
) -> Result<(), CheckpointError> {
    let name = "mask_decoder.output_upscaling";
    let (g, side, [first, second]) = (a.grid as i64, a.logits_side(), a.upscaled_dims);
    let x = double(b, image, &format!("{name}.0"), [a.prompt_dim, first])?;
    let x = b.layer_norm(&x, &format!("{name}.1"), EPSILON_3D)?;
    let x = b.op("Gelu", &[&x], &[]);
    let x = double(b, &x, &format!("{name}.3"), [first, second])?;
    let x = b.op("Gelu", &[&x], &[]);
    let x = b.matmul(&x, filter);
    let x = b.reshape(&x, &[g, g, g, 2, 2, 2, 2, 2, 2]);
    let x = b.transpose(&x, &[0, 3, 6, 1, 4, 7, 2, 5, 8]);
    b.output(&x, "mask_logits", &[1, 1, side, side, side]);
    Ok(())
}

/// [n, from] to [n · 8, to].
fn double(
    b: &mut Builder,
    x: &Value,
    name: &str,
    [from, to]: [usize; 2],
) -> Result<Value, CheckpointError> {
    // The weight is [from, to, 8]. These are constants, put in order when the model is loaded.
    let weight = b.part(&format!("{name}.weight"), 0, &[from, to, 8])?;
    let weight = b.transpose(&weight, &[0, 2, 1]);
    let weight = b.reshape(&weight, &[from as i64, 8 * to as i64]);
    let bias = b.weight(&format!("{name}.bias"))?;
    let bias = b.concat(&[&bias; 8], 0);
    let x = b.op("Gemm", &[x, &weight, &bias], &[]);
    Ok(b.reshape(&x, &[-1, to as i64]))
}
