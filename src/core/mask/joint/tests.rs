use proptest::prelude::*;

use super::*;
use crate::mask::testing::{groups, millimetres};

#[test]
fn as_with_scipys_fields_and_biases_by_bisection() {
    for group in groups() {
        let (grid, limits) = (group.grid(), WorkLimits::none());
        let found =
            smooth_together(&group.masks, &grid, group.sigma_mm, Scope::Volume, &limits).unwrap();
        for (n, (found, expected)) in found.iter().zip(&group.smoothed).enumerate() {
            let row = grid.dims()[0];
            let off = found.without(expected, row).count() + expected.without(found, row).count();
            // Each may be a voxel off its volume.
            assert!(off <= 6, "{} mask {n}: {off} voxels differ", group.name);
            let kept = found.count().abs_diff(group.masks[n].count());
            assert!(
                kept <= 1 + group.masks[n].count() / 1000,
                "{} mask {n}: {kept} voxels",
                group.name
            );
        }
    }
}

/// Two boxes that fill a volume but for a rim, and the plane where they touch.
#[test]
fn neighbours_stay_neighbours_without_a_gap() {
    let dims = [30, 24, 16];
    let (grid, limits) = (millimetres(dims, [0.8, 0.8, 1.5]), WorkLimits::none());
    let voxel = |n: usize| [n % 30, n / 30 % 24, n / 30 / 24];
    let half = |right: bool| {
        let inside = move |n: usize| {
            let [x, y, z] = voxel(n);
            let within = (4..26).contains(&x) && (4..20).contains(&y) && (3..13).contains(&z);
            // With teeth that smoothing takes away.
            within && (x + (y + z) % 3 >= 15) == right
        };
        Region::from_mask(30, (0..grid.count()).map(inside))
    };
    let masks = [half(false), half(true)];
    let smoothed = smooth_together(&masks, &grid, 1.6, Scope::Volume, &limits).unwrap();
    assert_eq!(smoothed[0].shared(&smoothed[1]), 0);
    for (before, after) in masks.iter().zip(&smoothed) {
        let off = (after.count() as f64 / before.count() as f64 - 1.0).abs();
        assert!(off < 0.005, "{off}");
    }
    // In the middle each row of voxels goes from one to the other without anything between.
    let both = smoothed[0].union(&smoothed[1], 30);
    for n in (0..grid.count()).filter(|&n| {
        let [x, y, z] = voxel(n);
        (8..22).contains(&x) && (8..16).contains(&y) && (6..10).contains(&z)
    }) {
        assert!(both.contains(n), "{:?}", voxel(n));
    }
    // The teeth are gone.
    for y in 8..16 {
        for z in 6..10 {
            let last = (0..30).rev().find(|&x| smoothed[0].contains(grid.index([x, y, z])));
            assert!(last.is_some_and(|x| (12..15).contains(&x)), "{last:?}");
        }
    }
}

#[test]
fn what_overlaps_belongs_to_the_first_and_nothing_stays_nothing() {
    let (grid, limits) = (millimetres([12, 10, 8], [1.0; 3]), WorkLimits::none());
    let slab = |from: usize, to: usize| {
        Region::from_mask(12, (0..960).map(|n| (from..to).contains(&(n % 12))))
    };
    let masks = [slab(2, 7), Region::default(), slab(4, 10)];
    let smoothed = smooth_together(&masks, &grid, 1.0, Scope::Volume, &limits).unwrap();
    assert_eq!(smoothed, [slab(2, 7), Region::default(), slab(7, 10)]);
    assert_eq!(smooth_together(&[], &grid, 1.0, Scope::Volume, &limits), Ok(Vec::new()));
    let everything = [slab(0, 12)];
    assert_eq!(
        smooth_together(&everything, &grid, 3.0, Scope::Volume, &limits).unwrap(),
        everything
    );
    // No smoothing at all only tells what overlaps.
    let plain = smooth_together(&masks, &grid, 0.0, Scope::Volume, &limits).unwrap();
    assert_eq!(plain, [slab(2, 7), Region::default(), slab(7, 10)]);
}

#[test]
fn one_voxel_stays_one_voxel() {
    let (grid, limits) = (millimetres([9, 9, 9], [0.7, 0.7, 1.0]), WorkLimits::none());
    let one = Region::from_mask(9, (0..729).map(|n| n == grid.index([4, 4, 4])));
    for sigma in [0.1, 1.0, 3.0, 100.0] {
        let found =
            smooth_together(std::slice::from_ref(&one), &grid, sigma, Scope::Volume, &limits);
        assert_eq!(found.unwrap(), std::slice::from_ref(&one), "{sigma}");
    }
}

proptest! {
    #[test]
    fn none_overlap_and_volumes_are_kept(
        dims in [6usize..14, 6usize..12, 4usize..9],
        spacing in [0.5f64..1.5, 0.5f64..1.5, 0.8f64..2.5],
        sigma in 0.5f64..1.5,
        seed in any::<u64>(),
    ) {
        let (grid, limits) = (millimetres(dims, spacing), WorkLimits::none());
        let mut random = fastrand::Rng::with_seed(seed);
        // Each voxel to the nearest of some places; the first place is outside.
        let places: Vec<[f64; 3]> =
            (0..5).map(|_| dims.map(|n| random.f64() * n as f64)).collect();
        let owner = |n: usize| {
            let v = [n % dims[0], n / dims[0] % dims[1], n / dims[0] / dims[1]];
            let away = |p: &[f64; 3]| (0..3).map(|a| (v[a] as f64 - p[a]).powi(2)).sum::<f64>();
            (0..5).min_by(|&a, &b| away(&places[a]).total_cmp(&away(&places[b])))
        };
        let masks: Vec<Region> = (1..5)
            .map(|mask| Region::from_mask(dims[0], (0..grid.count()).map(|n| owner(n) == Some(mask))))
            .collect();
        let smoothed = smooth_together(&masks, &grid, sigma, Scope::Volume, &limits).unwrap();
        for (n, (before, after)) in masks.iter().zip(&smoothed).enumerate() {
            let off = before.count().abs_diff(after.count());
            prop_assert!(off <= 2 + before.count() / 100, "{n}: {} of {}", after.count(), before.count());
            for other in &smoothed[n + 1..] {
                prop_assert_eq!(after.shared(other), 0);
            }
        }
    }
}
