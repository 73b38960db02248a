use proptest::prelude::*;

use super::*;
use crate::mask::testing::{cases, millimetres};

#[test]
fn median_as_scipy_says() {
    for case in cases() {
        let (grid, limits) = (case.grid(), WorkLimits::none());
        for expected in &case.sizes {
            let (mm, scope) = (expected.mm, expected.scope);
            let found = median(&case.mask, &grid, mm, scope, &limits).unwrap();
            assert_eq!(found, expected.median, "{} {mm} mm {scope:?}", case.name);
        }
    }
}

#[test]
fn gaussian_as_scipy_says() {
    let mut compared = 0;
    for case in cases() {
        let Some(expected) = &case.softened else { continue };
        let limits = WorkLimits::none();
        let found = gaussian(&case.mask, &case.grid(), case.sigma_mm, Scope::Volume, &limits);
        assert_eq!(&found.unwrap(), expected, "{}", case.name);
        compared += 1;
    }
    assert!(compared >= 5);
}

/// A ball of radius `radius` mm in the middle of a grid.
fn ball(grid: &Grid, radius: f64) -> Region {
    let [nx, ny, _] = grid.dims();
    let inside = |n: usize| {
        let v = [n % nx, n / nx % ny, n / nx / ny];
        (grid.world_of(v) - grid.centre()).length() <= radius
    };
    Region::from_mask(nx, (0..grid.count()).map(inside))
}

#[test]
fn a_balls_volume_stays_and_its_surface_gets_smoother() {
    let (grid, limits) = (millimetres([40, 40, 20], [0.5, 0.5, 1.0]), WorkLimits::none());
    let ball = ball(&grid, 7.0);
    let mut random = fastrand::Rng::with_seed(3);
    let shaken =
        Region::from_mask(40, (0..grid.count()).map(|n| ball.contains(n) != (random.f64() < 0.1)));
    let smoothed = gaussian(&shaken, &grid, 1.0, Scope::Volume, &limits).unwrap();
    let off = (smoothed.count() as f64 / shaken.count() as f64 - 1.0).abs();
    assert!(off < 0.001, "{off}");
    let median = median(&shaken, &grid, 1.6, Scope::Volume, &limits).unwrap();
    let wrong = |r: &Region| ball.without(r, 40).count() + r.without(&ball, 40).count();
    assert!(wrong(&median) * 5 < wrong(&shaken), "{} of {}", wrong(&median), wrong(&shaken));
}

#[test]
fn odd_sizes_are_refused_and_asking_to_stop_stops() {
    let grid = millimetres([6, 5, 4], [1.0; 3]);
    let region = Region::from_mask(6, (0..120).map(|n| n % 7 == 3));
    let both = |mm: f64, scope: Scope, limits: &WorkLimits| {
        [median(&region, &grid, mm, scope, limits), gaussian(&region, &grid, mm, scope, limits)]
    };
    for mm in [-1.0, f64::NAN, f64::INFINITY] {
        for result in both(mm, Scope::Volume, &WorkLimits::none()) {
            assert!(matches!(result, Err(MaskError::NotASize(_))), "{mm}");
        }
    }
    let limits = WorkLimits::none();
    limits.cancel.cancel();
    let stopped = both(2.0, Scope::Volume, &limits);
    assert!(stopped.iter().all(|result| *result == Err(MaskError::Cancelled)));
    let little = WorkLimits { bytes: 100, ..WorkLimits::none() };
    for result in both(2.0, Scope::Volume, &little) {
        assert!(matches!(result, Err(MaskError::Memory { limit: 100, .. })), "{result:?}");
    }
    let nowhere = Scope::Slice { axis: 1, index: 5 };
    for result in
        [both(0.0, Scope::Volume, &WorkLimits::none()), both(2.0, nowhere, &WorkLimits::none())]
    {
        assert_eq!(result, [Ok(region.clone()), Ok(region.clone())]);
    }
    for result in both(1e300, Scope::Volume, &WorkLimits::none()) {
        assert!(result.is_ok());
    }
    let nothing = Region::default();
    assert_eq!(
        median(&nothing, &grid, 3.0, Scope::Volume, &WorkLimits::none()),
        Ok(nothing.clone())
    );
    assert_eq!(gaussian(&nothing, &grid, 3.0, Scope::Volume, &WorkLimits::none()), Ok(nothing));
}

proptest! {
    #[test]
    fn smoothing_in_a_slice_is_smoothing_of_a_flat_volume(
        dims in [1usize..9, 1usize..8, 1usize..7],
        spacing in [0.5f64..2.0, 0.5f64..2.0, 0.5f64..2.0],
        axis in 0usize..3,
        mm in 0.0f64..4.0,
        seed in any::<u64>(),
    ) {
        let (grid, limits) = (millimetres(dims, spacing), WorkLimits::none());
        let mut random = fastrand::Rng::with_seed(seed);
        let region = Region::from_mask(dims[0], (0..grid.count()).map(|_| random.bool()));
        let index = dims[axis] / 2;
        let mut flat_dims = dims;
        flat_dims[axis] = 1;
        // No ball reaches beyond the slice.
        let mut flat_spacing = spacing;
        flat_spacing[axis] = 100.0;
        let flat_grid = millimetres(flat_dims, flat_spacing);
        let mut by = [0; 3];
        by[axis] = -(index as isize);
        let flat = crate::mask::block::moved(&region, dims, flat_dims, by);
        let scope = Scope::Slice { axis, index };
        let pairs = [
            (
                median(&region, &grid, mm, scope, &limits).unwrap(),
                median(&flat, &flat_grid, mm, Scope::Volume, &limits).unwrap(),
            ),
            (
                gaussian(&region, &grid, mm, scope, &limits).unwrap(),
                gaussian(&flat, &flat_grid, mm, Scope::Volume, &limits).unwrap(),
            ),
        ];
        for (found, expected) in pairs {
            let there = crate::mask::block::moved(&found, dims, flat_dims, by);
            prop_assert_eq!(there, expected);
            // What is in other slices stayed.
            let bounds = crate::volume::VoxelBox::whole(dims);
            for n in (0..grid.count()).filter(|n| {
                let v = [n % dims[0], n / dims[0] % dims[1], n / dims[0] / dims[1]];
                v[axis] != index && v[axis] < bounds.max[axis]
            }) {
                prop_assert_eq!(found.contains(n), region.contains(n));
            }
        }
    }
}
