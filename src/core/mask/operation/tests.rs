use super::*;
use crate::geom::{Axis, DAffine3, DMat3, DVec3};
use crate::volume::{Scale, StoredGeometry, Voxels};

const DIMS: [usize; 3] = [12, 10, 8];

/// A scan whose voxel axes grow towards Left, Posterior and Superior: x and y against the patient's.
fn volume() -> Volume {
    let turn = DMat3::from_diagonal(DVec3::new(-1.0, -1.0, 2.0));
    let grid = Grid::new(DIMS, DAffine3::from_mat3_translation(turn, DVec3::ZERO)).unwrap();
    let (voxels, stored) = (Voxels::U8(vec![0; grid.count()]), StoredGeometry::of(&grid));
    Volume::new("test", grid, DIMS.to_vec(), voxels, Scale::NONE, stored, Vec::new())
}

fn boxed(lo: [usize; 3], hi: [usize; 3]) -> Region {
    let inside = |n: usize| {
        let at = [n % DIMS[0], n / DIMS[0] % DIMS[1], n / (DIMS[0] * DIMS[1])];
        (0..3).all(|a| lo[a] <= at[a] && at[a] < hi[a])
    };
    Region::from_mask(DIMS[0], (0..DIMS.iter().product()).map(inside))
}

fn operation(kind: OperationKind, size: f64) -> Operation {
    let cut = None;
    Operation { kind, size, side: None, shell: Shell::Inside, scope: Scope::Volume, cut }
}

fn run(operation: &Operation, mask: &Region, clicked: &[usize]) -> Result<Operated, MaskError> {
    let volume = volume();
    let subject = Subject { volume: &volume, mask, others: &[], operand: None, clicked };
    operation.run(&subject, &WorkLimits::none())
}

#[test]
fn a_side_is_the_patients() {
    let mask = boxed([5, 5, 3], [6, 6, 4]);
    for (axis, positive, lo, hi) in [
        (Axis::X, true, [3, 5, 3], [6, 6, 4]),
        (Axis::X, false, [5, 5, 3], [8, 6, 4]),
        (Axis::Y, true, [5, 3, 3], [6, 6, 4]),
        (Axis::Y, false, [5, 5, 3], [6, 8, 4]),
        (Axis::Z, true, [5, 5, 3], [6, 6, 5]),
        (Axis::Z, false, [5, 5, 2], [6, 6, 4]),
    ] {
        let side = Some(Direction { axis, positive });
        let grow = Operation { side, ..operation(OperationKind::Grow, 2.0) };
        let grown = run(&grow, &mask, &[]).unwrap().mask;
        assert_eq!(grown, boxed(lo, hi), "{axis:?} {positive}");
        // The other way round: this side moves in.
        let shrink = Operation { side, ..operation(OperationKind::Shrink, 2.0) };
        assert_eq!(run(&shrink, &grown, &[]).unwrap().mask, mask, "{axis:?} {positive}");
    }
}

#[test]
fn parts_are_kept_taken_away_and_split() {
    let [large, small, single] =
        [([0; 3], [4, 4, 4]), ([6, 6, 6], [8, 8, 8]), ([11, 0, 7], [12, 1, 8])]
            .map(|(lo, hi)| boxed(lo, hi));
    let mask = large.union(&small, DIMS[0]).union(&single, DIMS[0]);
    let click = 6 + DIMS[0] * (6 + DIMS[1] * 6);
    let run = |kind, size| run(&operation(kind, size), &mask, &[click]).unwrap();
    assert_eq!(run(OperationKind::KeepLargest, 0.0).mask, large);
    assert_eq!(run(OperationKind::KeepClicked, 0.0).mask, small);
    // A voxel has 2 mm³.
    assert_eq!(run(OperationKind::RemoveSmaller, 16.0).mask, large.union(&small, DIMS[0]));
    assert_eq!(run(OperationKind::RemoveSmaller, 16.1).mask, large);
    let split = run(OperationKind::SplitParts, 0.0);
    assert_eq!((split.mask, split.parts), (large, vec![small, single]));
}

#[test]
fn the_patients_left_is_split_off() {
    let mask = boxed([2, 2, 2], [8, 6, 6]);
    let split = run(&operation(OperationKind::SplitLeftRight, 0.0), &mask, &[]).unwrap();
    // x grows towards Left.
    assert_eq!(split.mask, boxed([2, 2, 2], [5, 6, 6]));
    assert_eq!(split.parts, [boxed([5, 2, 2], [8, 6, 6])]);
}

#[test]
fn a_plane_cuts_off_the_smaller_part_or_that_on_a_side_of_the_patient() {
    // x grows towards Left, y towards Posterior, z towards Superior; 2 mm from slice to slice.
    let mask = boxed([2, 2, 2], [8, 8, 8]);
    let parts = |axis: usize, at: usize| {
        let (mut high, mut low) = ([8; 3], [2; 3]);
        (high[axis], low[axis]) = (at, at);
        [boxed([2; 3], high), boxed(low, [8; 3])]
    };
    let to = |axis, positive| CutOff::Towards(Direction { axis, positive });
    for (normal, at, axis, first, off, first_goes) in [
        // Voxels 2 and 3 along x are on the patient's right.
        (DVec3::X, DVec3::new(-3.5, 0.0, 0.0), 0, 4, CutOff::Smaller, true),
        (-DVec3::X, DVec3::new(-3.5, 0.0, 0.0), 0, 4, CutOff::Smaller, true),
        (DVec3::X, DVec3::new(-3.5, 0.0, 0.0), 0, 4, to(Axis::X, true), true),
        (-DVec3::X, DVec3::new(-3.5, 0.0, 0.0), 0, 4, to(Axis::X, true), true),
        (DVec3::X, DVec3::new(-3.5, 0.0, 0.0), 0, 4, to(Axis::X, false), false),
        (DVec3::Y, DVec3::new(0.0, -5.5, 0.0), 1, 6, CutOff::Smaller, false),
        (DVec3::Y, DVec3::new(0.0, -5.5, 0.0), 1, 6, to(Axis::Y, true), true),
        (DVec3::Z, DVec3::new(0.0, 0.0, 9.0), 2, 5, to(Axis::Z, true), false),
        (DVec3::Z, DVec3::new(0.0, 0.0, 9.0), 2, 5, to(Axis::Z, false), true),
        // Two alike: what the normal points away from.
        (DVec3::Z, DVec3::new(0.0, 0.0, 9.0), 2, 5, CutOff::Smaller, true),
        // A slice's own plane: it is on the side that the normal points to.
        (DVec3::Z, DVec3::new(0.0, 0.0, 8.0), 2, 4, to(Axis::Z, false), true),
        (-DVec3::Z, DVec3::new(0.0, 0.0, 8.0), 2, 5, to(Axis::Z, false), true),
    ] {
        let [low, high] = parts(axis, first);
        let [goes, stays] = if first_goes { [low, high] } else { [high, low] };
        let plane = CutPlane { point: at, normal };
        for removes in [true, false] {
            let cut = Some(PlaneCut { plane, half_mm: 0.0, off, removes });
            let cut = Operation { cut, ..operation(OperationKind::CutByPlane, 0.0) };
            let done = run(&cut, &mask, &[]).unwrap();
            let parts = if removes { vec![] } else { vec![goes.clone()] };
            assert_eq!((&done.mask, done.parts), (&stays, parts), "{normal} {at} {off:?}");
        }
    }
    // A slice of 2 mm that stays, whichever way its normal points: slice 4, or the first one.
    for (z, off, goes) in [
        (8.0, to(Axis::Z, true), Some(5..8)),
        (8.0, to(Axis::Z, false), Some(2..4)),
        (8.0, CutOff::Smaller, Some(2..4)),
        (4.0, to(Axis::Z, true), Some(3..8)),
        (4.0, to(Axis::Z, false), None),
        (4.0, CutOff::Smaller, None),
        (2.0, to(Axis::Z, true), None),
        (20.0, CutOff::Smaller, None),
    ] {
        let goes = goes.map_or(Region::default(), |z| boxed([2, 2, z.start], [8, 8, z.end]));
        for normal in [DVec3::Z, -DVec3::Z] {
            let plane = CutPlane { point: DVec3::new(0.0, 0.0, z), normal };
            let cut = Some(PlaneCut { plane, half_mm: 1.0, off, removes: true });
            let cut = Operation { cut, ..operation(OperationKind::CutByPlane, 0.0) };
            let done = run(&cut, &mask, &[]).unwrap();
            assert_eq!(done.mask, mask.without(&goes, DIMS[0]), "{z} {off:?} {normal}");
        }
    }
    // Beside the mask, along the side that is asked for, and no plane: nothing is cut.
    for (normal, at, off) in [
        (DVec3::X, DVec3::new(0.0, 0.0, 0.0), CutOff::Smaller),
        (DVec3::X, DVec3::new(-9.0, 0.0, 0.0), to(Axis::X, true)),
        (DVec3::X, DVec3::new(-3.5, 0.0, 0.0), to(Axis::Z, true)),
        (DVec3::ZERO, DVec3::ZERO, CutOff::Smaller),
        (DVec3::X, DVec3::NAN, CutOff::Smaller),
        (DVec3::NAN, DVec3::ZERO, to(Axis::X, true)),
    ] {
        let plane = CutPlane { point: at, normal };
        let cut = Some(PlaneCut { plane, half_mm: 0.0, off, removes: true });
        let cut = Operation { cut, ..operation(OperationKind::CutByPlane, 0.0) };
        let done = run(&cut, &mask, &[]).unwrap();
        assert_eq!((done.mask, done.parts), (mask.clone(), vec![]), "{normal} {at} {off:?}");
    }
    let none = run(&operation(OperationKind::CutByPlane, 0.0), &mask, &[]).unwrap();
    assert_eq!((none.mask, none.parts), (mask, vec![]));
}

#[test]
fn one_slice_leaves_the_others_alone() {
    let mask = boxed([2, 2, 2], [8, 6, 6]).without(&boxed([4, 3, 2], [6, 5, 6]), DIMS[0]);
    let slice = Scope::Slice { axis: 2, index: 3 };
    let fill = Operation { scope: slice, ..operation(OperationKind::FillHoles, 0.0) };
    let filled = run(&fill, &mask, &[]).unwrap().mask;
    assert_eq!(filled, mask.union(&boxed([4, 3, 3], [6, 5, 4]), DIMS[0]));
    let grow = Operation { scope: slice, ..operation(OperationKind::Grow, 1.0) };
    let grown = run(&grow, &mask, &[]).unwrap().mask;
    assert!(
        grown.without(&mask, DIMS[0]).without(&boxed([0, 0, 3], [12, 10, 4]), DIMS[0]).is_empty()
    );
    // What has no meaning in a slice is done everywhere.
    let split = Operation { scope: slice, ..operation(OperationKind::SplitLeftRight, 0.0) };
    assert_eq!(run(&split, &mask, &[]).unwrap().parts.len(), 1);
}

#[test]
fn objects_are_smoothed_together() {
    let volume = volume();
    let (mask, other) = (boxed([0; 3], [6, 10, 8]), boxed([6, 0, 0], DIMS));
    let others = [other];
    let (others, operand, clicked) = (&others[..], None, &[][..]);
    let subject = Subject { volume: &volume, mask: &mask, others, operand, clicked };
    let smoothed =
        operation(OperationKind::SmoothTogether, 2.0).run(&subject, &WorkLimits::none()).unwrap();
    assert_eq!(smoothed.others.len(), 1);
    assert_eq!(smoothed.mask.shared(&smoothed.others[0]), 0);
    assert_eq!(smoothed.mask.union(&smoothed.others[0], DIMS[0]).count(), 960, "no gap");
}

#[test]
fn nothing_is_asked_too_much() {
    let masks = [Region::default(), boxed([0; 3], DIMS), boxed([3, 3, 3], [4, 4, 4])];
    for kind in OperationKind::ALL {
        for (n, mask) in masks.iter().enumerate() {
            for size in [0.0, 0.5, 1e9] {
                for scope in [
                    Scope::Volume,
                    Scope::Slice { axis: 1, index: 3 },
                    Scope::Slice { axis: 0, index: 99 },
                ] {
                    let operation = Operation { scope, ..operation(kind, size) };
                    let done = run(&operation, mask, &[]);
                    // A kernel as large as that may need more memory than there is.
                    let refused = matches!(done, Err(MaskError::Memory { .. }));
                    assert!(done.is_ok() || refused, "{kind:?} {n} {size} {scope:?}: {done:?}");
                }
            }
            if kind.size().is_some() && n == 2 {
                for size in [-1.0, f64::NAN, f64::INFINITY] {
                    let done = run(&operation(kind, size), mask, &[]);
                    assert!(matches!(done, Err(MaskError::NotASize(_))), "{kind:?} {size}");
                }
            }
        }
    }
}

#[test]
fn two_masks_make_one() {
    let volume = volume();
    let (mask, other) = (boxed([1; 3], [6; 3]), boxed([4; 3], [8; 3]));
    let (both, rest) = (boxed([4; 3], [6; 3]), mask.without(&other, DIMS[0]));
    let slice = Scope::Slice { axis: 2, index: 4 };
    let plane = boxed([0, 0, 4], [DIMS[0], DIMS[1], 5]);
    for (kind, expected) in [
        (OperationKind::Union, mask.union(&other, DIMS[0])),
        (OperationKind::Intersection, both.clone()),
        (OperationKind::Difference, rest.clone()),
        (OperationKind::ExclusiveOr, rest.union(&other.without(&both, DIMS[0]), DIMS[0])),
    ] {
        assert!(kind.takes_other() && kind.takes_slice() && kind.size().is_none());
        let run = |scope, operand| {
            let subject =
                Subject { volume: &volume, mask: &mask, others: &[], operand, clicked: &[] };
            let operation = Operation { scope, ..operation(kind, 0.0) };
            operation.run(&subject, &WorkLimits::none()).unwrap().mask
        };
        assert_eq!(run(Scope::Volume, Some(&other)), expected, "{kind:?}");
        assert_eq!(run(Scope::Volume, None), mask, "{kind:?}");
        let elsewhere = mask.without(&plane, DIMS[0]);
        let within = expected.intersection(&plane, DIMS[0]);
        assert_eq!(run(slice, Some(&other)), elsewhere.union(&within, DIMS[0]), "{kind:?}");
        assert_eq!(run(Scope::Slice { axis: 0, index: 99 }, Some(&other)), mask, "{kind:?}");
    }
}
