//! Where the voxels of a `MetaImage` are: the matrix, as ITK takes it; `AnatomicalOrientation` says the same in other
//! words and is passed over, as ITK does.

use std::collections::BTreeMap;

use super::super::lps::{BY_DEFAULT, FLIP, SAYS_NOTHING, affine};
use super::super::text_header::{numbers, shown};
use crate::geom::{DAffine3, DVec3};
use crate::volume::{Placement, Warning};

/// Names of the matrix, as ITK's library has them.
const MATRIX: [&str; 3] = ["transformmatrix", "rotation", "orientation"];

/// What decided the places.
pub(super) fn placement(fields: &BTreeMap<String, String>) -> Placement {
    if MATRIX.iter().any(|name| fields.contains_key(*name)) {
        Placement::by("TransformMatrix and Offset")
    } else {
        Placement::guessed(BY_DEFAULT)
    }
}

/// The affine of an image of `n` axes and what was odd about it; why there is none, in words.
pub(super) fn place(
    fields: &BTreeMap<String, String>,
    n: usize,
) -> Result<(DAffine3, Vec<Warning>), String> {
    let mut warnings = Vec::new();
    let of = |names: &[&str], count: usize| {
        let Some((name, text)) = names.iter().find_map(|&name| Some((name, fields.get(name)?)))
        else {
            return Ok(None);
        };
        match numbers(text) {
            Some(found) if found.len() == count => Ok(Some(found)),
            _ => Err(format!("{name} is {}", shown(text))),
        }
    };
    let spacing = of(&["elementspacing", "elementsize"], n)?;
    let matrix = of(&MATRIX, n * n)?;
    let offset = of(&["offset", "position", "origin"], n)?;
    if matrix.is_none() {
        warnings.push(Warning(SAYS_NOTHING.into()));
    }
    if spacing.is_none() {
        let text = "the voxel spacing is not stated; 1 mm is used";
        warnings.push(Warning(text.into()));
    }
    let unit = unit(fields, &mut warnings);
    let space = n.min(3);
    let mut columns = [DVec3::X, DVec3::Y, DVec3::Z];
    let mut first = DVec3::ZERO;
    for a in 0..space {
        if let Some(matrix) = &matrix {
            columns[a] = DVec3::ZERO;
            for c in 0..space {
                columns[a][c] = matrix[a * n + c];
            }
        }
        let step = spacing.as_ref().map_or(1.0, |s| s[a]);
        if step == 0.0 || !step.is_finite() {
            return Err(format!("the spacing along axis {} is {step}", a + 1));
        }
        columns[a] *= step * unit;
        first[a] = offset.as_ref().map_or(0.0, |o| o[a]) * unit;
    }
    Ok((affine(columns, first, FLIP), warnings))
}

/// Millimetres in the file's unit.
fn unit(fields: &BTreeMap<String, String>, warnings: &mut Vec<Warning>) -> f64 {
    let name = fields.get("distanceunits").map(|text| text.trim().to_lowercase());
    let factor = match name.as_deref() {
        Some("um") => 1e-3,
        Some("cm") => 10.0,
        _ => return 1.0,
    };
    let name = shown(name.as_deref().unwrap_or_default());
    warnings.push(Warning(format!(
        "the file's unit is {name}: its numbers are taken times {factor} for millimetres (ITK's programs, such as 3D Slicer, take them for millimetres)"
    )));
    factor
}
