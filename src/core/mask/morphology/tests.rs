use proptest::prelude::*;

use super::*;
use crate::mask::testing::{cases, millimetres};

#[test]
fn margins_as_scipy_says() {
    for case in cases() {
        let (grid, limits) = (case.grid(), WorkLimits::none());
        for expected in &case.margins {
            let (margin, scope) =
                (Margin { low: expected.low, high: expected.high }, expected.scope);
            let grown = grow(&case.mask, &grid, &margin, scope, &limits).unwrap();
            let shrunk = shrink(&case.mask, &grid, &margin, scope, &limits).unwrap();
            assert_eq!(grown, expected.grown, "{} grown {margin:?} {scope:?}", case.name);
            assert_eq!(shrunk, expected.shrunk, "{} shrunk {margin:?} {scope:?}", case.name);
        }
    }
}

#[test]
fn open_close_and_hollow_as_scipy_says() {
    for case in cases() {
        let (grid, limits) = (case.grid(), WorkLimits::none());
        let mask = &case.mask;
        for expected in &case.sizes {
            let (mm, scope) = (expected.mm, expected.scope);
            let shell = |shell| hollow(mask, &grid, mm, shell, scope, &limits).unwrap();
            let pairs = [
                ("open", open(mask, &grid, mm, scope, &limits).unwrap(), &expected.opened),
                ("close", close(mask, &grid, mm, scope, &limits).unwrap(), &expected.closed),
                ("inside", shell(Shell::Inside), &expected.shell_inside),
                ("outside", shell(Shell::Outside), &expected.shell_outside),
                ("centred", shell(Shell::Centred), &expected.shell_centred),
            ];
            for (what, found, expected) in pairs {
                assert_eq!(&found, expected, "{} {what} {mm} mm {scope:?}", case.name);
            }
        }
    }
}

/// By hand: which voxels are how far along each axis.
#[test]
fn one_voxel_grows_by_what_was_asked_for_on_each_side() {
    let grid = millimetres([11, 9, 7], [1.0, 2.0, 3.0]);
    let limits = WorkLimits::none();
    let middle = Region::from_mask(11, (0..693).map(|n| n == grid.index([5, 4, 3])));
    let none = [0.0; 3];
    for (low, high, expected) in [
        (none, none, [5, 6, 4, 5, 3, 4]),
        ([2.0, 0.0, 0.0], none, [3, 6, 4, 5, 3, 4]),
        (none, [2.9, 0.0, 0.0], [5, 8, 4, 5, 3, 4]),
        ([0.0, 2.0, 0.0], [0.0, 4.0, 0.0], [5, 6, 3, 7, 3, 4]),
        ([0.0, 0.0, 3.0], none, [5, 6, 4, 5, 2, 4]),
        ([0.99, 1.99, 2.99], none, [5, 6, 4, 5, 3, 4]),
        // As far as the volume goes.
        ([1e9, 0.0, 0.0], [0.0, 1e300, 0.0], [0, 6, 4, 9, 3, 4]),
    ] {
        let grown = grow(&middle, &grid, &Margin { low, high }, Scope::Volume, &limits).unwrap();
        let bounds = grown.bounds(grid.dims()).unwrap();
        let found = [0, 1, 2].map(|a| [bounds.min[a], bounds.max[a]]).concat();
        assert_eq!(found, expected, "{low:?} {high:?}");
    }
    let everything = grow(&middle, &grid, &Margin::even(1e6), Scope::Volume, &limits).unwrap();
    assert_eq!(everything.count(), 693);
    let scope = Scope::Slice { axis: 1, index: 4 };
    assert_eq!(grow(&middle, &grid, &Margin::even(1e6), scope, &limits).unwrap().count(), 77);
}

#[test]
fn a_side_that_shrinks_is_the_side_that_was_named() {
    let grid = millimetres([12, 1, 1], [1.0; 3]);
    let limits = WorkLimits::none();
    let bar = Region::from_mask(12, (0..12).map(|n| (3..9).contains(&n)));
    for (low, high, expected) in [(2.0, 0.0, 5..9), (0.0, 1.0, 3..8), (1.0, 2.0, 4..7)] {
        let margin = Margin { low: [low, 0.0, 0.0], high: [high, 0.0, 0.0] };
        let shrunk = shrink(&bar, &grid, &margin, Scope::Volume, &limits).unwrap();
        let expected = Region::from_mask(12, (0..12).map(|n| expected.contains(&n)));
        assert_eq!(shrunk, expected, "{low} {high}");
    }
}

#[test]
fn the_volumes_edge_takes_nothing_and_closes_nothing() {
    let (grid, limits, scope) =
        (millimetres([10, 4, 4], [1.0; 3]), WorkLimits::none(), Scope::Volume);
    let everything = Region::from_mask(10, (0..160).map(|_| true));
    let even = Margin::even(3.0);
    assert_eq!(shrink(&everything, &grid, &even, scope, &limits).unwrap(), everything);
    assert_eq!(open(&everything, &grid, 3.0, scope, &limits).unwrap(), everything);
    // Cut off on the left, with a gap of two voxels up to the right edge.
    let cut = Region::from_mask(10, (0..160).map(|n| n % 10 < 8));
    let shrunk = shrink(&cut, &grid, &even, scope, &limits).unwrap();
    assert_eq!(shrunk, Region::from_mask(10, (0..160).map(|n| n % 10 < 5)));
    assert_eq!(close(&cut, &grid, 3.0, scope, &limits).unwrap(), cut);
    assert_eq!(open(&cut, &grid, 3.0, scope, &limits).unwrap(), cut);
    // A shell is open where it was cut.
    let shell = hollow(&cut, &grid, 2.0, Shell::Inside, scope, &limits).unwrap();
    assert_eq!(shell, Region::from_mask(10, (0..160).map(|n| (6..8).contains(&(n % 10)))));
}

#[test]
fn odd_sizes_are_refused_and_asking_to_stop_stops() {
    let grid = millimetres([6, 5, 4], [1.0; 3]);
    let region = Region::from_mask(6, (0..120).map(|n| n % 7 == 3));
    let scope = Scope::Volume;
    let all = |mm: f64, limits: &WorkLimits| {
        let margin = Margin { low: [0.0; 3], high: [0.0, 0.0, mm] };
        [
            grow(&region, &grid, &margin, scope, limits),
            shrink(&region, &grid, &margin, scope, limits),
            open(&region, &grid, mm, scope, limits),
            close(&region, &grid, mm, scope, limits),
            hollow(&region, &grid, mm, Shell::Centred, scope, limits),
        ]
    };
    for mm in [-1.0, f64::NAN, f64::INFINITY] {
        for result in all(mm, &WorkLimits::none()) {
            assert!(matches!(result, Err(MaskError::NotASize(_))), "{mm}");
        }
    }
    let limits = WorkLimits::none();
    limits.cancel.cancel();
    assert!(all(2.0, &limits).iter().all(|result| *result == Err(MaskError::Cancelled)));
    let little = WorkLimits { bytes: 100, ..WorkLimits::none() };
    for result in all(2.0, &little) {
        assert!(matches!(result, Err(MaskError::Memory { limit: 100, .. })), "{result:?}");
    }
    // Closing by more than there are bytes in the world.
    for mm in [1e6, 1e12, 1e300] {
        let result = close(&region, &grid, mm, scope, &WorkLimits::none());
        assert!(matches!(result, Err(MaskError::Memory { .. })), "{mm}");
    }
    for result in all(0.0, &WorkLimits::none()).iter().take(4) {
        assert_eq!(result.as_ref(), Ok(&region));
    }
    let nothing = Region::default();
    assert_eq!(grow(&nothing, &grid, &Margin::even(9.0), scope, &WorkLimits::none()), Ok(nothing));
}

proptest! {
    #[test]
    fn growing_and_shrinking_as_they_should(
        dims in [1usize..10, 1usize..8, 1usize..7],
        spacing in [0.4f64..3.0, 0.4f64..3.0, 0.4f64..3.0],
        low in [0f64..5.0, 0f64..5.0, 0f64..5.0],
        high in [0f64..5.0, 0f64..5.0, 0f64..5.0],
        share in 0.0f64..1.0,
        axis in 0usize..4,
        seed in any::<u64>(),
    ) {
        let (grid, limits) = (millimetres(dims, spacing), WorkLimits::none());
        let row = dims[0];
        let mut random = fastrand::Rng::with_seed(seed);
        let region = Region::from_mask(row, (0..grid.count()).map(|_| random.f64() < share));
        let everything = Region::from_mask(row, (0..grid.count()).map(|_| true));
        let scope = if axis == 3 { Scope::Volume } else { Scope::Slice { axis, index: dims[axis] / 2 } };
        let (margin, mm) = (Margin { low, high }, low[0]);
        let grown = grow(&region, &grid, &margin, scope, &limits).unwrap();
        let shrunk = shrink(&region, &grid, &margin, scope, &limits).unwrap();
        prop_assert!(region.without(&grown, row).is_empty());
        prop_assert!(shrunk.without(&region, row).is_empty());
        // What is left grows back into what was there, and what has grown shrinks to no less.
        let back = grow(&shrunk, &grid, &margin, scope, &limits).unwrap();
        prop_assert!(back.without(&region, row).is_empty());
        let again = shrink(&grown, &grid, &margin, scope, &limits).unwrap();
        prop_assert!(region.without(&again, row).is_empty());
        // Shrinking is growing of the outside, to the other side.
        if axis == 3 {
            let outside = everything.without(&region, row);
            let mirrored = Margin { low: high, high: low };
            let dual = grow(&outside, &grid, &mirrored, scope, &limits).unwrap();
            prop_assert_eq!(&shrunk, &everything.without(&dual, row));
        }
        let opened = open(&region, &grid, mm, scope, &limits).unwrap();
        let closed = close(&region, &grid, mm, scope, &limits).unwrap();
        prop_assert!(opened.without(&region, row).is_empty());
        prop_assert!(region.without(&closed, row).is_empty());
        prop_assert_eq!(&open(&opened, &grid, mm, scope, &limits).unwrap(), &opened);
        prop_assert_eq!(&close(&closed, &grid, mm, scope, &limits).unwrap(), &closed);
        let inside = hollow(&region, &grid, mm, Shell::Inside, scope, &limits).unwrap();
        let outside = hollow(&region, &grid, mm, Shell::Outside, scope, &limits).unwrap();
        prop_assert_eq!(inside.without(&region, row).count(), 0);
        if axis == 3 {
            prop_assert_eq!(outside.shared(&region), 0);
        }
    }
}
