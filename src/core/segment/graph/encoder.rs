//! The image encoder: patches, transformer blocks, neck.

use super::attention::attention;
use super::builder::{Builder, Dim, Set, Value};
use crate::segment::checkpoint::{Architecture, CheckpointError};

/// Of all normalisations in the encoder, the neck's included.
const EPSILON: f32 = 1e-6;

pub(super) fn write(b: &mut Builder, a: &Architecture) -> Result<(), CheckpointError> {
    let mut x = patches(b, a)?;
    for block in 0..a.depth() {
        x = self::block(b, a, block, &x)?;
    }
    neck(b, a, &x)
}

/// A fully connected layer: x · Wᵀ + bias, of what [`Builder::narrow`] gives.
pub(super) fn linear(
    b: &mut Builder,
    x: &Value,
    name: &str,
    [to, from]: [usize; 2],
) -> Result<Value, CheckpointError> {
    let weight = b.narrow_part(&format!("{name}.weight"), 0, &[to, from])?;
    let bias = b.narrow_part(&format!("{name}.bias"), 0, &[to])?;
    Ok(b.op("Gemm", &[x, &weight, &bias], &[Set::Int("transB", 1)]))
}

/// A convolution whose stride is its kernel is a matrix product of the patches. Tokens in order (x, y, z),
/// [tokens, channels], with their position code.
fn patches(b: &mut Builder, a: &Architecture) -> Result<Value, CheckpointError> {
    b.scope("image_encoder.patch_embed");
    let (side, g, p) = (a.image_side(), a.grid as i64, a.patch as i64);
    let (tokens, wide) = (a.grid.pow(3), a.patch.pow(3));
    let image = b.input("image", &[1, 1, side, side, side].map(Dim::Fixed));
    let x = b.reshape(&image, &[g, p, g, p, g, p]);
    let x = b.transpose(&x, &[0, 2, 4, 1, 3, 5]);
    let x = b.reshape(&x, &[tokens as i64, wide as i64]);
    let x = b.narrow(&x);
    let name = "image_encoder.patch_embed.proj";
    let weight = b.narrow_part(&format!("{name}.weight"), 0, &[a.embed_dim, wide])?;
    let x = b.op("Gemm", &[&x, &weight], &[Set::Int("transB", 1)]);
    let x = b.wide(&x);
    let bias = b.weight(&format!("{name}.bias"))?;
    let position = b.part("image_encoder.pos_embed", 0, &[tokens, a.embed_dim])?;
    // A sum of constants, which is computed when the model is loaded.
    let position = b.add(&position, &bias);
    Ok(b.add(&x, &position))
}

/// x + attention(norm(x)), then + MLP(norm(x)).
fn block(
    b: &mut Builder,
    a: &Architecture,
    number: usize,
    x: &Value,
) -> Result<Value, CheckpointError> {
    let name = format!("image_encoder.blocks.{number}");
    b.scope(&format!("{name}.attn"));
    let y = b.layer_norm(x, &format!("{name}.norm1"), EPSILON)?;
    let y = b.narrow(&y);
    let y = attention(b, a, &format!("{name}.attn"), a.blocks[number], &y)?;
    let y = linear(b, &y, &format!("{name}.attn.proj"), [a.embed_dim, a.embed_dim])?;
    let y = b.wide(&y);
    let x = b.add(x, &y);

    b.scope(&format!("{name}.mlp"));
    let y = b.layer_norm(&x, &format!("{name}.norm2"), EPSILON)?;
    let y = b.narrow(&y);
    let y = linear(b, &y, &format!("{name}.mlp.lin1"), [a.mlp_dim, a.embed_dim])?;
    let y = b.op("Gelu", &[&y], &[]);
    let y = linear(b, &y, &format!("{name}.mlp.lin2"), [a.embed_dim, a.mlp_dim])?;
    let y = b.wide(&y);
    Ok(b.add(&x, &y))
}

fn neck(b: &mut Builder, a: &Architecture, x: &Value) -> Result<(), CheckpointError> {
    b.scope("image_encoder.neck");
    let (g, c, tokens) = (a.grid, a.prompt_dim, a.grid.pow(3));
    let x = b.narrow(x);
    let weight = b.narrow_part("image_encoder.neck.0.weight", 0, &[c, a.embed_dim])?;
    let x = b.op("Gemm", &[&x, &weight], &[Set::Int("transB", 1)]);
    let x = b.wide(&x);
    let x = b.layer_norm(&x, "image_encoder.neck.1", EPSILON)?;
    let x = b.narrow(&x);
    let x = b.transpose(&x, &[1, 0]);
    let x = b.reshape(&x, &[1, c as i64, g as i64, g as i64, g as i64]);
    let weight = b.narrow_part("image_encoder.neck.2.weight", 0, &[c, c, 3, 3, 3])?;
    let settings = [Set::Ints("kernel_shape", &[3, 3, 3]), Set::Ints("pads", &[1; 6])];
    let x = b.op("Conv", &[&x, &weight], &settings);
    let x = b.wide(&x);
    let x = b.reshape(&x, &[c as i64, tokens as i64]);
    let x = b.transpose(&x, &[1, 0]);
    let x = b.layer_norm(&x, "image_encoder.neck.3", EPSILON)?;
    let x = b.transpose(&x, &[1, 0]);
    b.output(&x, "image_embedding", &[1, c, g, g, g]);
    Ok(())
}
