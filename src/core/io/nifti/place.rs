//! Where the voxels are: sform over qform over spacing alone, as nibabel decides it; in millimetres, as ITK
//! takes the file's unit.

use super::super::describe::{described, number, spacing_of};
use crate::geom::{DAffine3, DMat3, DVec3, Grid, GridError};
use crate::volume::{QForm, SForm, StoredGeometry, Warning};

/// Corners further apart than this, or than a tenth of the smallest spacing, are worth a word.
const DISAGREE_MM: f64 = 0.1;

/// The grid of `dims` voxels that a file's statements describe, and what was odd about them.
pub(in crate::io) fn place(
    stored: &StoredGeometry,
    dims: [usize; 3],
) -> Result<(Grid, Vec<Warning>), GridError> {
    let mut warnings = Vec::new();
    let mut say = |text: String| warnings.push(Warning(text));
    if let Some(text) = unit_told(stored) {
        say(text);
    }
    let by_sform = (stored.sform.code > 0).then(|| by_sform(stored, dims));
    let by_qform = (stored.qform.code > 0).then(|| by_qform(stored, dims));
    if let Some(None) = by_sform {
        say("the sform matrix is singular and was passed over".into());
    }
    if let Some(None) = by_qform {
        say("the qform rotation is not usable and was passed over".into());
    }
    let (by_sform, by_qform) = (by_sform.flatten(), by_qform.flatten());
    if let Some(grid) = by_sform {
        let odd = match by_qform {
            Some(qform) => forms_differ(&grid, &qform),
            None => spacing_differs(&grid, stored),
        };
        warnings.extend(odd.map(Warning));
        return Ok((grid, warnings));
    }
    if spacing_is_odd(stored) {
        say("the voxel spacing is zero, negative or not a number; 1 mm or its size is used".into());
    }
    if let Some(grid) = by_qform {
        return Ok((grid, warnings));
    }
    say("the file does not say how the scan lies in space; left and right may be swapped".into());
    Ok((Grid::new(dims, base_affine(stored, dims))?, warnings))
}

/// The grid of the sform, if it can be one.
pub(in crate::io) fn by_sform(stored: &StoredGeometry, dims: [usize; 3]) -> Option<Grid> {
    Grid::new(dims, sform_affine(stored)).ok()
}

/// The grid of the qform, if it can be one.
pub(in crate::io) fn by_qform(stored: &StoredGeometry, dims: [usize; 3]) -> Option<Grid> {
    Grid::new(dims, qform_affine(stored)?).ok()
}

/// Millimetres in the file's unit of length. What is no unit of length, or none at all, is the millimetre.
pub(in crate::io) fn unit_mm(stored: &StoredGeometry) -> f64 {
    match stored.xyzt_units & 7 {
        1 => 1e3,
        3 => 1e-3,
        _ => 1.0,
    }
}

fn unit_told(stored: &StoredGeometry) -> Option<String> {
    let (unit, factor) = match stored.xyzt_units & 7 {
        1 => ("metre", "1000"),
        3 => ("micrometre", "0.001"),
        _ => return None,
    };
    Some(format!(
        "the file's unit is the {unit}: its numbers are taken times {factor} for millimetres, as ITK programs do (nibabel and FSL do not)"
    ))
}

/// What is said of two forms that put voxels into different places.
fn forms_differ(sform: &Grid, qform: &Grid) -> Option<String> {
    let apart = apart(sform, qform);
    (apart > tolerance(sform)).then(|| {
        format!(
            "sform and qform disagree by up to {} mm; the sform is used ({}); programs that use the qform see {}",
            number(apart),
            described(sform),
            described(qform)
        )
    })
}

/// What is said where the sform alone is stated and its spacing is not that of `pixdim`, which ITK takes.
fn spacing_differs(sform: &Grid, stored: &StoredGeometry) -> Option<String> {
    let (found, dims) = (sform.spacing().to_array(), sform.dims());
    let meant: [f64; 3] = std::array::from_fn(|a| spacing(stored, a));
    let stated = (0..stored.space_dims.min(3)).filter(|&a| is_spacing(stored, a));
    let apart = stated.map(|a| (found[a] - meant[a]).abs() * dims[a] as f64);
    (apart.fold(0.0, f64::max) > tolerance(sform)).then(|| {
        format!(
            "the sform puts the voxels {} mm apart, pixdim {} mm; the sform is used; programs that use pixdim (ITK's) measure other sizes",
            spacing_of(found),
            spacing_of(meant)
        )
    })
}

/// How far two grids lie apart at most, in millimetres.
pub(super) fn apart(a: &Grid, b: &Grid) -> f64 {
    a.corners().into_iter().zip(b.corners()).map(|(a, b)| a.distance(b)).fold(0.0, f64::max)
}

/// How far two statements about a grid may differ without a word.
pub(super) fn tolerance(grid: &Grid) -> f64 {
    let far = grid.corners().iter().fold(0.0f64, |m, c| m.max(c.abs().max_element()));
    // Far from the origin float32 itself is coarser than that.
    DISAGREE_MM.min(0.1 * grid.spacing().min_element()).max(2e-6 * far)
}

fn sform_affine(stored: &StoredGeometry) -> DAffine3 {
    let SForm { rows: [x, y, z], .. } = stored.sform;
    let unit = unit_mm(stored);
    DAffine3 {
        matrix3: unit
            * DMat3::from_cols(
                DVec3::new(x[0], y[0], z[0]),
                DVec3::new(x[1], y[1], z[1]),
                DVec3::new(x[2], y[2], z[2]),
            ),
        translation: unit * DVec3::new(x[3], y[3], z[3]),
    }
}

/// Rotation from the quaternion, columns scaled by the spacing, the third one flipped by qfac.
fn qform_affine(stored: &StoredGeometry) -> Option<DAffine3> {
    let QForm { quatern: [b, c, d], offset, .. } = stored.qform;
    let squares = b * b + c * c + d * d;
    // Beyond rounding it is no unit quaternion, and says nothing.
    if !squares.is_finite() || squares > 1.0 + 1e-3 {
        return None;
    }
    // A little above 1 by rounding: a half turn; the division below makes it a unit again.
    let a = (1.0 - squares).max(0.0).sqrt();
    let s = 2.0 / (a * a + squares);
    let rotation = DMat3::from_cols(
        DVec3::new(1.0 - s * (c * c + d * d), s * (b * c + a * d), s * (b * d - a * c)),
        DVec3::new(s * (b * c - a * d), 1.0 - s * (b * b + d * d), s * (c * d + a * b)),
        DVec3::new(s * (b * d + a * c), s * (c * d - a * b), 1.0 - s * (b * b + c * c)),
    );
    let qfac = if stored.pixdim[0] < 0.0 { -1.0 } else { 1.0 };
    let scale = DVec3::new(spacing(stored, 0), spacing(stored, 1), qfac * spacing(stored, 2));
    Some(DAffine3 {
        matrix3: rotation * DMat3::from_diagonal(scale),
        translation: unit_mm(stored) * DVec3::from_array(offset),
    })
}

/// With no statement: x to the left, the middle of the volume at the origin (nibabel's base affine).
fn base_affine(stored: &StoredGeometry, dims: [usize; 3]) -> DAffine3 {
    let along = |a: usize| if a < stored.space_dims { spacing(stored, a) } else { 1.0 };
    let scale = DVec3::new(-along(0), along(1), along(2));
    let middle = DVec3::from_array(dims.map(|n| (n as f64 - 1.0) / 2.0));
    DAffine3 { matrix3: DMat3::from_diagonal(scale), translation: -scale * middle }
}

/// `pixdim` of a space axis in millimetres, made positive; 1 where it is no spacing.
pub(in crate::io) fn spacing(stored: &StoredGeometry, axis: usize) -> f64 {
    if is_spacing(stored, axis) { stored.pixdim[axis + 1].abs() * unit_mm(stored) } else { 1.0 }
}

fn is_spacing(stored: &StoredGeometry, axis: usize) -> bool {
    let p = stored.pixdim[axis + 1].abs();
    p.is_finite() && p > 0.0
}

pub(super) fn spacing_is_odd(stored: &StoredGeometry) -> bool {
    (0..stored.space_dims.min(3)).any(|a| !is_spacing(stored, a) || stored.pixdim[a + 1] < 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(code: i32, quatern: [f64; 3], pixdim: [f64; 4]) -> StoredGeometry {
        let mut all = [0.0; 8];
        all[..4].copy_from_slice(&pixdim);
        StoredGeometry {
            version: 1,
            qform: QForm { code, quatern, offset: [1.0, 2.0, 3.0] },
            sform: SForm::default(),
            pixdim: all,
            xyzt_units: 2,
            space_dims: 3,
        }
    }

    #[test]
    fn a_half_turn_that_rounding_made_too_long_is_still_a_half_turn() {
        let long = 1.0 + 1e-7;
        let s = stored(1, [0.0, 0.0, long], [-1.0, 2.0, 3.0, 4.0]);
        let (grid, warnings) = place(&s, [2, 2, 2]).unwrap();
        let m = grid.world_from_voxel().matrix3;
        assert!((m.x_axis - DVec3::new(-2.0, 0.0, 0.0)).length() < 1e-6, "{m:?}");
        assert!((m.z_axis - DVec3::new(0.0, 0.0, -4.0)).length() < 1e-6, "qfac flips: {m:?}");
        assert_eq!(warnings, []);
    }

    #[test]
    fn an_impossible_quaternion_and_a_singular_sform_fall_through_to_the_spacing() {
        let mut s = stored(1, [3.0, 0.0, 0.0], [1.0, 0.0, -3.0, f64::NAN]);
        s.sform = SForm { code: 1, rows: [[0.0; 4]; 3] };
        let (grid, warnings) = place(&s, [3, 3, 3]).unwrap();
        assert_eq!(grid.spacing(), DVec3::new(1.0, 3.0, 1.0));
        assert_eq!(grid.centre(), DVec3::ZERO);
        assert_eq!(warnings.len(), 4, "{warnings:?}");
    }
}
