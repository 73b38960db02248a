//! Which of NIfTI's statements decided, and the other one if it puts the voxels elsewhere.

use super::place::{apart, by_qform, by_sform, tolerance};
use crate::geom::Grid;
use crate::volume::{OtherPlace, Placement, StoredGeometry};

/// What a code of `sform_code` and `qform_code` says of the space (`nifti1.h`).
fn space_of(code: i32) -> String {
    match code {
        1 => "scanner".into(),
        2 => "aligned to another scan".into(),
        3 => "Talairach".into(),
        4 => "MNI 152".into(),
        5 => "another template".into(),
        code => format!("code {code}"),
    }
}

/// As `place` decides it; `grid` is what it found.
pub(super) fn placement(stored: &StoredGeometry, grid: &Grid) -> Placement {
    let [sform, qform] = [stored.sform.code, stored.qform.code];
    let by_sform = if sform > 0 { by_sform(stored, grid.dims()) } else { None };
    let by_qform = if qform > 0 { by_qform(stored, grid.dims()) } else { None };
    let [of_sform, of_qform] = [sform, qform].map(space_of);
    let [sform, qform] =
        [format!("sform (space: {of_sform})"), format!("qform (space: {of_qform})")];
    match (by_sform, by_qform) {
        (Some(_), other) => {
            let others = other.filter(|other| apart(grid, other) > tolerance(grid));
            let others = others.map(|other| OtherPlace {
                by: qform,
                world_from_voxel: other.world_from_voxel(),
                apart_mm: apart(grid, &other),
            });
            Placement { others: others.into_iter().collect(), ..Placement::by(sform) }
        }
        (None, Some(_)) => Placement::by(qform),
        (None, None) => Placement::guessed(
            "nothing in the file (neither sform nor qform): its spacing, x to the left",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::place;
    use super::*;
    use crate::geom::{DAffine3, DVec3};
    use crate::volume::QForm;

    #[test]
    fn both_forms_are_told_where_they_differ() {
        let grid = Grid::new([4, 5, 6], DAffine3::from_scale(DVec3::new(1.0, 2.0, 3.0))).unwrap();
        let sform = StoredGeometry::of(&grid);
        let with = |sform_code, qform_code, x: f64| {
            let mut stored = sform.clone();
            stored.sform.code = sform_code;
            stored.qform = QForm { code: qform_code, quatern: [0.0; 3], offset: [x, 0.0, 0.0] };
            stored
        };
        let unsaid = "nothing in the file (neither sform nor qform): its spacing, x to the left";
        for (stored, by, other) in [
            (with(1, 0, 0.0), "sform (space: scanner)", None),
            (with(4, 1, 0.0), "sform (space: MNI 152)", None),
            (with(2, 1, 7.0), "sform (space: aligned to another scan)", Some(7.0)),
            (with(0, 3, 7.0), "qform (space: Talairach)", None),
            (with(0, 9, 0.0), "qform (space: code 9)", None),
            (with(0, 0, 0.0), unsaid, None),
        ] {
            let (grid, _) = place(&stored, grid.dims()).unwrap();
            let found = placement(&stored, &grid);
            assert_eq!(found.by, by);
            assert_eq!(found.says_sides, by != unsaid, "{by}");
            assert_eq!(found.others.first().map(|o| o.apart_mm), other, "{by}");
            let places = found.others.iter().map(|o| o.world_from_voxel.translation);
            assert!(places.eq(other.map(|x| DVec3::new(x, 0.0, 0.0))), "{by}");
        }
    }
}
