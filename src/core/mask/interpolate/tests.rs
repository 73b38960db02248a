use proptest::prelude::*;

use super::super::test_volume::{noise, region};
use super::*;
use crate::geom::{DAffine3, DVec3};

fn grid(dims: [usize; 3], spacing: [f64; 3]) -> Grid {
    Grid::new(dims, DAffine3::from_scale(DVec3::from_array(spacing))).unwrap()
}

fn dice(a: &Region, b: &Region) -> f64 {
    2.0 * a.shared(b) as f64 / (a.count() + b.count()) as f64
}

/// What was drawn of a body in some slices, and all of it between the first and the last of these.
fn drawn(body: &Region, dims: [usize; 3], axis: usize, slices: &[usize]) -> [Region; 2] {
    let place = |n: usize| [n % dims[0], n / dims[0] % dims[1], n / dims[0] / dims[1]][axis];
    let of = |keep: &dyn Fn(usize) -> bool| {
        let count = dims.iter().product();
        Region::from_mask(dims[0], (0..count).map(|n| body.contains(n) && keep(place(n))))
    };
    let (first, last) = (slices[0], slices[slices.len() - 1]);
    [of(&|at| slices.contains(&at)), of(&|at| (first..=last).contains(&at))]
}

#[test]
fn round_and_oblique_bodies_come_back_along_every_axis() {
    let spacing = [0.8, 1.0, 1.5];
    for axis in 0..3 {
        let mut dims = [60, 56, 50];
        dims[axis] = 41;
        let layer = Layer { axis, at: 0 };
        let [a, b] = layer.axes();
        let mm = |v: [usize; 3]| {
            let of = |a: usize| (v[a] as f64 - (dims[a] as f64 - 1.0) / 2.0) * spacing[a];
            (of(a), of(b), (v[axis] as f64 - 20.0) / 20.0)
        };
        let slices: Vec<usize> = (0..=40).step_by(8).collect();
        // A barrel, a cone, a vessel that leans by half its width from one slice to the next, and one that leans by
        // more than its width.
        let bodies: [(&str, Region, f64); 4] = [
            (
                "barrel",
                region(dims, |v| mm(v).0.hypot(mm(v).1 * 1.3) <= 17.0 - 8.0 * mm(v).2.powi(2)),
                0.97,
            ),
            ("cone", region(dims, |v| mm(v).0.hypot(mm(v).1) <= 10.0 + 6.0 * mm(v).2), 0.97),
            ("leaning", region(dims, |v| (mm(v).0 - 12.0 * mm(v).2).hypot(mm(v).1) <= 5.0), 0.97),
            ("apart", region(dims, |v| (mm(v).0 - 14.0 * mm(v).2).hypot(mm(v).1) <= 2.4), 0.9),
        ];
        for (name, body, least) in bodies {
            let [given, whole] = drawn(&body, dims, axis, &slices);
            let found =
                interpolate(&given, &grid(dims, spacing), None, &WorkLimits::none()).unwrap();
            let found = found.unwrap();
            assert_eq!((found.axis, found.slices), (axis, 35), "{name}");
            assert_eq!(found.region.shared(&given), 0, "{name}: drawn slices stay");
            let dice = dice(&found.region.union(&given, dims[0]), &whole);
            assert!(dice >= least, "{name} along {axis}: {dice}");
        }
    }
}

#[test]
fn a_structure_may_branch_and_parts_keep_apart() {
    let dims = [60, 40, 21];
    let disc = |v: [usize; 3], u: f64, r: f64| (v[0] as f64 - u).hypot(v[1] as f64 - 20.0) <= r;
    // One becomes two; a third stays on its own.
    let given = region(dims, |v| match v[2] {
        0 => disc(v, 20.0, 12.0) || disc(v, 52.0, 4.0),
        20 => disc(v, 12.0, 5.0) || disc(v, 28.0, 5.0) || disc(v, 50.0, 4.0),
        _ => false,
    });
    let found =
        interpolate(&given, &grid(dims, [1.0; 3]), None, &WorkLimits::none()).unwrap().unwrap();
    let at = |z: usize| {
        let mut bounds = VoxelBox::whole(dims);
        (bounds.min[2], bounds.max[2]) = (z, z + 1);
        found.region.inside(&bounds, dims)
    };
    let middle = at(10);
    let contains = |z: usize, x: usize| at(z).contains(x + 60 * (20 + 40 * z));
    assert!((1..20).all(|z| contains(z, 12) && contains(z, 28) && contains(z, 51)));
    assert!((1..20).all(|z| !contains(z, 38)), "the third keeps apart");
    assert!(contains(2, 20) && !contains(18, 20), "and between the two it opens");
    assert!(middle.count() < at(1).count());
}

/// What lies between two slices whose parts are far from each other.
#[test]
fn parts_that_are_far_apart_are_not_joined() {
    /// (u, radius) of each.
    type Discs = &'static [(f64, f64)];
    let disc = |v: [usize; 3], u: f64, r: f64| (v[0] as f64 - u).hypot(v[1] as f64 - 20.0) <= r;
    // The discs in the first and the last slice; what alone makes what is between them.
    let rows: [(&str, Discs, Discs, [Discs; 2]); 6] = [
        ("one and one", &[(8.0, 4.0)], &[(150.0, 4.0)], [&[], &[]]),
        ("one pixel each", &[(8.0, 0.5)], &[(30.0, 0.5)], [&[], &[]]),
        ("two and two", &[(8.0, 4.0), (70.0, 4.0)], &[(120.0, 3.0), (158.0, 3.0)], [&[], &[]]),
        ("one more", &[(8.0, 4.0), (150.0, 4.0)], &[(8.0, 4.0)], [&[(8.0, 4.0)], &[(8.0, 4.0)]]),
        // A leaning vessel keeps its width whatever else was drawn far from it.
        (
            "a vessel, one more",
            &[(20.0, 4.0), (150.0, 4.0)],
            &[(32.0, 4.0)],
            [&[(20.0, 4.0)], &[(32.0, 4.0)]],
        ),
        (
            "a vessel, one more after it",
            &[(20.0, 4.0)],
            &[(32.0, 4.0), (150.0, 4.0)],
            [&[(20.0, 4.0)], &[(32.0, 4.0)]],
        ),
    ];
    let dims = [170, 40, 11];
    let between = |first: Discs, last: Discs| {
        let given = region(dims, |v| match v[2] {
            0 => first.iter().any(|d| disc(v, d.0, d.1)),
            10 => last.iter().any(|d| disc(v, d.0, d.1)),
            _ => false,
        });
        let grid = grid(dims, [1.0; 3]);
        let found = interpolate(&given, &grid, Some(2), &WorkLimits::none()).unwrap();
        found.map_or_else(Region::default, |f| f.region)
    };
    for (name, first, last, [alone, after]) in rows {
        assert_eq!(between(first, last), between(alone, after), "{name}");
        assert_eq!(alone.is_empty(), between(first, last).is_empty(), "{name}");
    }
}

proptest! {
    /// Whatever was drawn: between two same slices lies the same, drawn slices stay, and nothing lies outside of the
    /// slices that were missing.
    #[test]
    fn between_same_slices_lies_the_same(
        dims in prop::array::uniform3(1usize..12),
        axis in 0usize..3,
        ends in (0.0f64..1.0, 0.0f64..1.0),
        share in 0.05f32..0.95,
        salt in 0usize..1000,
    ) {
        let at = |share: f64| (share * dims[axis] as f64) as usize;
        let (first, last) = (at(ends.0.min(ends.1)), at(ends.0.max(ends.1)));
        let layer = Layer { axis, at: 0 };
        let given = region(dims, |v| {
            let [a, b] = layer.place(v);
            (v[axis] == first || v[axis] == last) && noise(a + 12 * b + 144 * salt) < share
        });
        let spacing = [0.7, 1.3, 2.0];
        let found = interpolate(&given, &grid(dims, spacing), Some(axis), &WorkLimits::none()).unwrap();
        if given.is_empty() || last < first + 2 {
            prop_assert_eq!(found, None);
        } else {
            let expected = region(dims, |v| {
                let [a, b] = layer.place(v);
                first < v[axis] && v[axis] < last && noise(a + 12 * b + 144 * salt) < share
            });
            let found = found.unwrap();
            prop_assert_eq!(found.region, expected);
            prop_assert_eq!(found.slices, last - first - 1);
        }
    }
}

#[test]
fn the_axis_is_that_of_single_slices() {
    // Two lungs, far apart along x, drawn in three slices across z.
    let dims = [60, 30, 31];
    let given = region(dims, |v| {
        v[2] % 15 == 0 && v[1].abs_diff(15) < 10 && (v[0].abs_diff(12) < 8 || v[0].abs_diff(47) < 8)
    });
    let grid = grid(dims, [1.0; 3]);
    let found = interpolate(&given, &grid, None, &WorkLimits::none()).unwrap().unwrap();
    assert_eq!((found.axis, found.slices), (2, 28));
    assert_eq!(found.region.count(), 28 * 2 * 15 * 19);
    // Nothing is missing: nothing drawn, one slice, slices side by side, a whole volume.
    for (name, region) in [
        ("nothing", Region::default()),
        ("one slice", region(dims, |v| v[2] == 4)),
        ("two side by side", region(dims, |v| v[2] / 2 == 4)),
        ("everything", region(dims, |_| true)),
        ("a voxel", region(dims, |v| v == [3, 4, 5])),
    ] {
        assert_eq!(interpolate(&region, &grid, None, &WorkLimits::none()), Ok(None), "{name}");
        assert_eq!(interpolate(&region, &grid, Some(1), &WorkLimits::none()), Ok(None), "{name}");
    }
    let stopped = WorkLimits::none();
    stopped.cancel.cancel();
    assert_eq!(interpolate(&given, &grid, None, &stopped), Err(MaskError::Cancelled));
    let little = WorkLimits::new(crate::work::CancelToken::new(), 100);
    assert!(matches!(interpolate(&given, &grid, None, &little), Err(MaskError::Memory { .. })));
}
