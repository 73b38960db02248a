use std::collections::BTreeSet;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

/// Of a slice of 23 × 17 voxels.
#[derive(Deserialize)]
struct Cases {
    size: [usize; 2],
    loops: Vec<Case>,
    lines: Vec<Case>,
    discs: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    places: Vec<[f64; 2]>,
    #[serde(default)]
    radius: f64,
    inside: BTreeSet<[usize; 2]>,
}

/// A grid in which a slice across `axis` has `size` voxels, with 5 slices.
fn dims(axis: usize, size: [usize; 2]) -> [usize; 3] {
    let mut dims = [5; 3];
    for (n, other) in others(axis).into_iter().enumerate() {
        dims[other] = size[n];
    }
    dims
}

/// The voxels of a region in its slice; all of them must be in that.
fn flat(region: &Region, (axis, slice): (usize, usize), dims: [usize; 3]) -> BTreeSet<[usize; 2]> {
    let [nx, ny, _] = dims;
    let all = region.runs().iter().flat_map(|run| run.start..run.end());
    let flat = all.map(|n| {
        let voxel = [n % nx, n / nx % ny, n / nx / ny];
        assert_eq!(voxel[axis], slice);
        others(axis).map(|a| voxel[a])
    });
    flat.collect()
}

fn drawn(
    kind: ShapeKind,
    at: (usize, usize),
    case: &Case,
    dims: [usize; 3],
) -> BTreeSet<[usize; 2]> {
    let shape = PromptShape::drawn(kind, at, &case.places, case.radius, dims);
    let (anchor, shape) = shape.unwrap();
    assert!(shape.fits(anchor, dims) && anchor[at.0] == at.1);
    let region = shape.voxels(anchor, dims);
    let anchor = others(at.0).map(|a| anchor[a]);
    let found = flat(&region, at, dims);
    assert!(found.contains(&anchor), "its place is one of its voxels");
    found
}

#[test]
fn loops_lines_and_discs_are_those_of_scikit_image() {
    let cases = include_str!("../../../../tests/data/shapes/cases.json");
    let cases: Cases = serde_json::from_str(cases).unwrap();
    assert_eq!((cases.loops.len(), cases.lines.len(), cases.discs.len()), (6, 12, 4));
    for axis in 0..3 {
        let (dims, at) = (dims(axis, cases.size), (axis, 3));
        for case in &cases.loops {
            assert_eq!(drawn(ShapeKind::Lasso, at, case, dims), case.inside, "{:?}", case.places);
        }
        for case in &cases.discs {
            assert_eq!(drawn(ShapeKind::Scribble, at, case, dims), case.inside, "{}", case.radius);
        }
        for case in &cases.lines {
            let found = drawn(ShapeKind::Scribble, at, case, dims);
            // Theirs has one voxel for each step along the longer way; ours all that it goes through.
            assert!(found.is_superset(&case.inside), "{:?}", case.places);
            let away = |v: &[usize; 2]| {
                case.inside.iter().map(|o| o[0].abs_diff(v[0]) + o[1].abs_diff(v[1])).min()
            };
            assert!(found.iter().all(|v| away(v) <= Some(1)), "{:?}", case.places);
        }
    }
}

/// From a place to a line from `a` to `b`.
fn apart(at: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let along = [b[0] - a[0], b[1] - a[1]];
    let square = along[0] * along[0] + along[1] * along[1];
    let t = (at[0] - a[0]) * along[0] + (at[1] - a[1]) * along[1];
    let t = if square > 0.0 { (t / square).clamp(0.0, 1.0) } else { 0.0 };
    (at[0] - a[0] - t * along[0]).hypot(at[1] - a[1] - t * along[1])
}

proptest! {
    /// Lines of any width, anywhere: the voxels within the radius, and those that the line goes through, in one slice.
    #[test]
    fn a_scribble_is_what_lies_near_its_line(
        axis in 0usize..3,
        slice in 0usize..5,
        line in prop::collection::vec((-0.5f64..22.5, -0.5f64..16.5), 1..8),
        radius in 0.0f64..5.0,
    ) {
        let size = [23, 17];
        let dims = dims(axis, size);
        let case = Case { places: line.iter().map(|&(u, v)| [u, v]).collect(), radius, inside: BTreeSet::new() };
        let found = drawn(ShapeKind::Scribble, (axis, slice), &case, dims);
        let next = |n: usize| case.places[(n + 1).min(case.places.len() - 1)];
        for u in 0..size[0] {
            for v in 0..size[1] {
                let at = [u as f64, v as f64];
                let away = (0..case.places.len()).map(|n| apart(at, case.places[n], next(n))).fold(f64::MAX, f64::min);
                if (away - radius).abs() < 1e-5 || (away - 0.5f64.sqrt()).abs() < 1e-5 {
                    continue;
                }
                let is_in = found.contains(&[u, v]);
                prop_assert!(away > radius || is_in, "{:?} is {} away", at, away);
                // A line that goes through a voxel is no further from its centre than the corners are.
                prop_assert!(away < radius.max(0.5f64.sqrt()) || !is_in, "{:?} is {} away", at, away);
            }
        }
    }

    /// Boxes from any corner to any other have all voxels between them; moved, they are the same there.
    #[test]
    fn a_box_has_both_its_corners(
        axis in 0usize..3,
        a in (0usize..23, 0usize..17),
        b in (0usize..23, 0usize..17),
        shift in (0usize..40, 0usize..40),
    ) {
        let dims = dims(axis, [23, 17]);
        let places = [a, b].map(|(u, v)| [u as f64 + 0.3, v as f64 - 0.3]);
        let shape = PromptShape::drawn(ShapeKind::Box, (axis, 2), &places, 0.0, dims);
        if a.0 == b.0 || a.1 == b.1 {
            prop_assert_eq!(shape, Err(ShapeError::ThinBox));
            return Ok(());
        }
        let (anchor, shape) = shape.unwrap();
        let found = flat(&shape.voxels(anchor, dims), (axis, 2), dims);
        let (us, vs) = (a.0.min(b.0)..=a.0.max(b.0), a.1.min(b.1)..=a.1.max(b.1));
        let expected: BTreeSet<_> = us.flat_map(|u| vs.clone().map(move |v| [u, v])).collect();
        prop_assert_eq!(&found, &expected);
        let [u, v] = others(axis);
        let mut moved = anchor;
        (moved[u], moved[v]) = (shift.0, shift.1);
        let by = |[p, q]: &[usize; 2]| [p + shift.0, q + shift.1].map(|n| n as i64);
        let there: Vec<[i64; 2]> = expected.iter().map(|at| {
            let [p, q] = by(at);
            [p - anchor[u] as i64, q - anchor[v] as i64]
        }).collect();
        let inside = |at: &[i64; 2]| (0..23).contains(&at[0]) && (0..17).contains(&at[1]);
        prop_assert_eq!(shape.fits(moved, dims), there.iter().all(inside));
        if shape.fits(moved, dims) {
            let found = flat(&shape.voxels(moved, dims), (axis, 2), dims);
            prop_assert_eq!(found, there.iter().map(|at| at.map(|n| n as usize)).collect());
        }
    }

    /// What is kept of a shape is the shape, wherever it lies.
    #[test]
    fn a_shape_is_made_of_what_it_tells(
        axis in 0usize..3,
        line in prop::collection::vec((-0.5f64..22.5, -0.5f64..16.5), 3..9),
        which in 1usize..3,
    ) {
        let (dims, kind) = (dims(axis, [23, 17]), ShapeKind::ALL[which]);
        let places: Vec<_> = line.iter().map(|&(u, v)| [u, v]).collect();
        let Ok((anchor, shape)) = PromptShape::drawn(kind, (axis, 4), &places, 1.5, dims) else { return Ok(()) };
        let again = PromptShape::new(kind, shape.axis(), shape.places().to_vec(), shape.radius()).unwrap();
        prop_assert_eq!(&again, &shape);
        prop_assert_eq!(again.voxels(anchor, dims), shape.voxels(anchor, dims));
        prop_assert_eq!(ShapeKind::from_word(kind.word()), Some(kind));
        // Drawn where it lies.
        let grid = Grid::new(dims, DAffine3::from_scale(DVec3::new(-0.7, 0.7, 2.0))).unwrap();
        for (at, world) in places.iter().zip(shape.line(&grid, anchor)) {
            let voxel = grid.voxel(world);
            let [u, v] = others(axis);
            prop_assert!((voxel[u] - at[0]).abs() < 1e-9 && (voxel[v] - at[1]).abs() < 1e-9);
            prop_assert!((voxel[axis] - 4.0).abs() < 1e-9);
        }
    }
}

#[test]
fn what_makes_no_sense_is_no_shape() {
    use ShapeError::{EmptyLasso, Nothing, Odd, Outside, ThinBox};
    type Row<'r> = (ShapeKind, (usize, usize), &'r [[f64; 2]], f64, ShapeError);
    let (dims, at) = ([9, 8, 7], (2, 3));
    let far = [1.0, 1e7];
    let table: [Row; 13] = [
        (ShapeKind::Box, at, &[[1.0, 1.0]], 0.0, Odd),
        (ShapeKind::Box, at, &[[1.0, 1.0], [1.2, 4.0]], 0.0, ThinBox),
        (ShapeKind::Box, at, &[[1.0, 1.0], [9.0, 4.0]], 0.0, Outside),
        (ShapeKind::Box, (2, 7), &[[1.0, 1.0], [3.0, 4.0]], 0.0, Outside),
        (ShapeKind::Box, (3, 1), &[[1.0, 1.0], [3.0, 4.0]], 0.0, Outside),
        (ShapeKind::Scribble, at, &[], 1.0, Nothing),
        (ShapeKind::Scribble, at, &[[1.0, 1.0]], -1.0, Odd),
        (ShapeKind::Scribble, at, &[[1.0, 1.0]], f64::NAN, Odd),
        (ShapeKind::Scribble, at, &[[1.0, f64::NAN]], 1.0, Outside),
        (ShapeKind::Scribble, at, &[[1.0, 7.6]], 1.0, Outside),
        (ShapeKind::Lasso, at, &[[1.0, 1.0], [3.0, 3.0]], 0.0, EmptyLasso),
        (ShapeKind::Lasso, at, &[[1.1, 1.1], [1.9, 1.1], [1.5, 1.9]], 0.0, EmptyLasso),
        (ShapeKind::Lasso, at, &[[1.1, 1.1], far, [1.5, 1.9]], 0.0, Outside),
    ];
    for (kind, at, places, radius, expected) in table {
        let found = PromptShape::drawn(kind, at, places, radius, dims);
        assert_eq!(found, Err(expected), "{kind:?} {places:?}");
    }
    let kept = |kind, axis, places: &[[f64; 2]], radius| {
        PromptShape::new(kind, axis, places.to_vec(), radius)
    };
    assert_eq!(kept(ShapeKind::Box, 3, &[[0.0, 0.0], [1.0, 1.0]], 0.0), Err(Odd));
    assert_eq!(kept(ShapeKind::Box, 0, &[[0.0, 0.5], [1.0, 1.0]], 0.0), Err(Odd));
    assert_eq!(kept(ShapeKind::Lasso, 0, &[[0.0, 0.0], [1.0, 1.0], far], 0.0), Err(Odd));
    assert_eq!(kept(ShapeKind::Scribble, 0, &[[0.0, 0.0]], 1001.0), Err(Odd));
    let many = vec![[0.0, 0.0]; PromptShape::MOST + 1];
    assert_eq!(kept(ShapeKind::Scribble, 0, &many, 1.0), Err(Odd));
}

#[test]
fn a_loop_has_its_place_within_however_it_is_bent() {
    // A horseshoe: the middle of its corners is outside.
    let corners = [
        [1.2, 1.2],
        [9.8, 1.2],
        [9.8, 9.8],
        [7.8, 9.8],
        [7.8, 3.2],
        [3.2, 3.2],
        [3.2, 9.8],
        [1.2, 9.8],
    ];
    for axis in 0..3 {
        let case = Case { places: corners.to_vec(), radius: 0.0, inside: BTreeSet::new() };
        let found = drawn(ShapeKind::Lasso, (axis, 1), &case, dims(axis, [12, 12]));
        assert!(found.contains(&[2, 8]) && !found.contains(&[5, 5]));
    }
}
