//! What the two networks of a pair must look like, and what they say of themselves.

use std::path::Path;

use super::{SIDE, short_line};
use crate::segment::error::SegmentError;
use crate::segment::tensor::{Declared, Element};

/// A network's declaration.
pub(super) struct Network<'a> {
    pub(super) inputs: &'a [Declared],
    pub(super) outputs: &'a [Declared],
    /// What numbers with a point may be.
    pub(super) floats: &'a [Element],
    /// Its file, or its address on a server, for messages.
    pub(super) path: &'a Path,
}

fn by_name<'d>(declared: &'d [Declared], name: &str) -> Option<(&'d Element, &'d [i64])> {
    tensor(declared.iter().find(|d| d.name == name)?)
}

fn tensor(declared: &Declared) -> Option<(&Element, &[i64])> {
    declared.tensor.as_ref().map(|(element, shape)| (element, shape.as_slice()))
}

/// Whether a declared shape allows a wanted one (-1 in either: anything).
fn allows(shape: &[i64], wanted: &[i64]) -> bool {
    shape.len() == wanted.len() && shape.iter().zip(wanted).all(|(&s, &w)| s < 0 || w < 0 || s == w)
}

/// `image f32[1,1,128,128,128], …` for messages.
fn described(declared: &[Declared]) -> String {
    short_line(&declared.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}

fn contract(expected: &str, kind: &str, found: &[Declared], path: &Path) -> SegmentError {
    SegmentError::Contract {
        expected: expected.into(),
        found: format!("{kind} {}", described(found)),
        path: path.to_owned(),
    }
}

pub(super) fn check_encoder(encoder: &Network<'_>) -> Result<(), SegmentError> {
    let side = SIDE as i64;
    let fits = encoder.inputs.len() == 1
        && by_name(encoder.inputs, "image").is_some_and(|(element, shape)| {
            encoder.floats.contains(element) && allows(shape, &[1, 1, side, side, side])
        });
    if fits {
        return Ok(());
    }
    let expected = "one input image float32[1,1,128,128,128]";
    Err(contract(expected, "inputs", encoder.inputs, encoder.path))
}

/// What the decoder's declaration says.
pub(super) struct Decoder {
    /// Encoder outputs that it wants.
    pub(super) features: Vec<String>,
    pub(super) labels: Element,
    pub(super) side: usize,
}

/// `encoder_outputs`: of the encoder that it is a pair with.
pub(super) fn check_decoder(
    encoder_outputs: &[Declared],
    decoder: &Network<'_>,
) -> Result<Decoder, SegmentError> {
    use Element::{F32, I32, I64};
    let Network { inputs, outputs, floats, path } = *decoder;
    let wrong_input = |expected: &str| contract(expected, "inputs", inputs, path);
    let wrong_output = |expected: &str| contract(expected, "outputs", outputs, path);

    // A model for a fixed number of clicks would fail at the next one.
    let any_number = |shape: &[i64]| shape.get(1).is_some_and(|&n| n < 0);
    by_name(inputs, "point_coords")
        .filter(|(element, shape)| {
            floats.contains(element) && allows(shape, &[1, -1, 3]) && any_number(shape)
        })
        .ok_or_else(|| wrong_input("input point_coords float32[1,N,3]"))?;
    let (labels, _) = by_name(inputs, "point_labels")
        .filter(|(element, shape)| {
            (matches!(element, I64 | I32 | F32) || floats.contains(element))
                && allows(shape, &[1, -1])
                && any_number(shape)
        })
        .ok_or_else(|| wrong_input("input point_labels int64, int32 or float32[1,N]"))?;
    let cube = |shape: &[i64]| allows(shape, &[1, 1, -1, -1, -1]);
    let (_, mask) = by_name(inputs, "prev_mask")
        .filter(|(element, shape)| floats.contains(element) && cube(shape))
        .ok_or_else(|| wrong_input("input prev_mask float32[1,1,S,S,S]"))?;
    let (_, logits) = by_name(outputs, "mask_logits")
        .filter(|(element, shape)| floats.contains(element) && cube(shape))
        .ok_or_else(|| wrong_output("output mask_logits float32[1,1,S,S,S]"))?;
    by_name(outputs, "iou")
        .filter(|(element, _)| floats.contains(element))
        .ok_or_else(|| wrong_output("output iou float32[1,1]"))?;
    // All sides that are stated must be the same number.
    let mut sides = mask[2..].iter().chain(&logits[2..]).copied().filter(|&n| n > 0);
    let side = sides.next().ok_or_else(|| wrong_input("a fixed side S of prev_mask"))?;
    if side > SIDE as i64 || sides.any(|n| n != side) {
        return Err(wrong_input("prev_mask and mask_logits with one side S of at most 128"));
    }

    let prompts = ["point_coords", "point_labels", "prev_mask"];
    let mut features = Vec::new();
    for input in inputs.iter().filter(|i| !prompts.contains(&i.name.as_str())) {
        let made = by_name(encoder_outputs, &input.name);
        let fits = made.zip(tensor(input)).is_some_and(|(a, b)| {
            [a.0, b.0].iter().all(|element| floats.contains(element)) && allows(a.1, b.1)
        });
        if !fits {
            let expected = format!(
                "an encoder output for the decoder's {}",
                described(std::slice::from_ref(input))
            );
            return Err(contract(&expected, "encoder outputs", encoder_outputs, path));
        }
        features.push(input.name.clone());
    }
    if features.is_empty() {
        return Err(wrong_input("an input with the encoder's embedding"));
    }
    Ok(Decoder { features, labels: labels.clone(), side: side as usize })
}
