//! What the two models of a pair must look like, and what they say of themselves.

use std::path::Path;

use ort::session::Session;
use ort::value::{Outlet, TensorElementType, ValueType};

use super::{SIDE, short_line};
use crate::segment::error::SegmentError;

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
    short_line(&outlets.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn contract(expected: &str, kind: &str, found: &[Outlet], path: &Path) -> SegmentError {
    SegmentError::Contract {
        expected: expected.into(),
        found: format!("{kind} {}", described(found)),
        path: path.to_owned(),
    }
}

pub(super) fn check_encoder(encoder: &Session, path: &Path) -> Result<(), SegmentError> {
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
pub(super) struct Decoder {
    /// Encoder outputs that it wants.
    pub(super) features: Vec<String>,
    pub(super) labels: TensorElementType,
    pub(super) side: usize,
}

pub(super) fn check_decoder(
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
