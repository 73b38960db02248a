//! Where the voxels are: sform over qform over spacing alone, as nibabel decides it.

use crate::geom::{DAffine3, DMat3, DVec3, Grid, GridError};
use crate::volume::{QForm, SForm, StoredGeometry, Warning};

/// Corners further apart than this are worth a word.
const DISAGREE_MM: f64 = 0.1;

/// The grid of `dims` voxels that a file's statements describe, and what was odd about them.
pub(in crate::io) fn place(
    stored: &StoredGeometry,
    dims: [usize; 3],
) -> Result<(Grid, Vec<Warning>), GridError> {
    let mut warnings = Vec::new();
    let mut say = |text: String| warnings.push(Warning(text));
    let by_sform =
        (stored.sform.code > 0).then(|| Grid::new(dims, sform_affine(&stored.sform)).ok());
    let by_qform =
        (stored.qform.code > 0).then(|| qform_affine(stored).and_then(|m| Grid::new(dims, m).ok()));

    if let Some(None) = by_sform {
        say("the sform matrix is singular and was passed over".into());
    }
    if let Some(None) = by_qform {
        say("the qform rotation is not usable and was passed over".into());
    }
    let (by_sform, by_qform) = (by_sform.flatten(), by_qform.flatten());
    if let (Some(s), Some(q)) = (&by_sform, &by_qform) {
        let apart = s.corners().into_iter().zip(q.corners()).map(|(a, b)| a.distance(b));
        let apart = apart.fold(0.0, f64::max);
        if apart > DISAGREE_MM {
            say(format!("sform and qform disagree by up to {apart:.1} mm; the sform is used"));
        }
    }
    if let Some(grid) = by_sform {
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

fn sform_affine(sform: &SForm) -> DAffine3 {
    let [x, y, z] = sform.rows;
    DAffine3 {
        matrix3: DMat3::from_cols(
            DVec3::new(x[0], y[0], z[0]),
            DVec3::new(x[1], y[1], z[1]),
            DVec3::new(x[2], y[2], z[2]),
        ),
        translation: DVec3::new(x[3], y[3], z[3]),
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
        translation: DVec3::from_array(offset),
    })
}

/// With no statement: x to the left, the middle of the volume at the origin (nibabel's base affine).
fn base_affine(stored: &StoredGeometry, dims: [usize; 3]) -> DAffine3 {
    let along = |a: usize| if a < stored.space_dims { spacing(stored, a) } else { 1.0 };
    let scale = DVec3::new(-along(0), along(1), along(2));
    let middle = DVec3::from_array(dims.map(|n| (n as f64 - 1.0) / 2.0));
    DAffine3 { matrix3: DMat3::from_diagonal(scale), translation: -scale * middle }
}

/// `pixdim` of a space axis, made positive.
fn spacing(stored: &StoredGeometry, axis: usize) -> f64 {
    let p = stored.pixdim[axis + 1].abs();
    if p.is_finite() && p > 0.0 { p } else { 1.0 }
}

fn spacing_is_odd(stored: &StoredGeometry) -> bool {
    (0..stored.space_dims.min(3)).any(|a| stored.pixdim[a + 1] != spacing(stored, a))
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
