use proptest::prelude::*;

use super::super::test_volume::{noise, region, volume};
use super::*;
use crate::work::CancelToken;

fn grown(cut: &mut GrowCut, volume: &Volume, seeds: &[(u16, Region)]) -> BTreeMap<u16, Region> {
    let seeds: Vec<(u16, &Region)> = seeds.iter().map(|(label, region)| (*label, region)).collect();
    cut.grow(volume, &seeds, &WorkLimits::none()).unwrap()
}

/// A box of seeds with a label.
fn seeds(dims: [usize; 3]) -> impl Strategy<Value = (u16, Region)> {
    (1u16..4, prop::array::uniform3(0.0f64..1.0), prop::array::uniform3(1usize..3)).prop_map(
        move |(label, at, size)| {
            let at: [usize; 3] = std::array::from_fn(|a| (at[a] * dims[a] as f64) as usize);
            let inside = |v: [usize; 3]| (0..3).all(|a| v[a] >= at[a] && v[a] < at[a] + size[a]);
            (label, region(dims, inside))
        },
    )
}

const DIMS: [usize; 3] = [12, 9, 7];

proptest! {
    /// Seeds come, go and change their label: each time the labels are exactly those of a new start.
    #[test]
    fn resumed_is_as_from_the_start(
        steps in prop::collection::vec(prop::collection::vec(seeds(DIMS), 0..5), 1..6),
        salt in 0usize..1000,
        levels in 1u32..50,
        locality in prop::sample::select(vec![0.0, 1e-3, 0.3, 1e9]),
        hole in prop::option::of(0usize..756),
    ) {
        // Few levels make many paths that cost the same.
        let mut values: Vec<f32> =
            (0..756).map(|n| (noise(n + salt * 756) * levels as f32).floor()).collect();
        if let Some(hole) = hole {
            values[hole] = f32::NAN;
        }
        let volume = volume(DIMS, [0.7, 1.0, 2.5], values);
        // A margin beyond the volume: the box is the same whatever the seeds.
        let options = GrowCutOptions { margin_mm: 100.0, contrast: 1.0, locality };
        // In slabs of one plane, of several, and in one for all.
        let mut resumed = GrowCut::new(options).in_slabs(1 + salt % 9);
        let mut all: Vec<(u16, Region)> = Vec::new();
        for (n, step) in steps.into_iter().enumerate() {
            // Some steps add to the seeds, some are other seeds.
            if n % 3 == 2 {
                all = step;
            } else {
                all.extend(step);
            }
            let found = grown(&mut resumed, &volume, &all);
            let fresh = grown(&mut GrowCut::new(options).in_slabs(1), &volume, &all);
            prop_assert_eq!(&found, &fresh, "step {}", n);
            let mut seen = Region::default();
            for (label, region) in &found {
                prop_assert_eq!(seen.shared(region), 0, "label {}", label);
                seen.add(region, DIMS[0]);
            }
            // No path leads out of a voxel without a value.
            let in_hole = |r: &Region| hole.is_some_and(|hole| r.contains(hole));
            let any = all.iter().any(|(_, r)| r.count() > usize::from(in_hole(r)));
            prop_assert!(!any || seen.count() >= 755, "every voxel has a label");
            // Seeds keep theirs; a voxel given to two has that of the last.
            let mut later = Region::default();
            for (label, region) in all.iter().rev() {
                let kept = region.without(&later, DIMS[0]);
                let grown = found.get(label).map_or(0, |grown| kept.shared(grown));
                prop_assert_eq!(grown, kept.count());
                later.add(region, DIMS[0]);
            }
        }
    }

    /// The box grows with the seeds: then, too, it is as from the start with all of them.
    #[test]
    fn a_box_that_grows_is_as_from_the_start(
        first in prop::collection::vec(seeds(DIMS), 1..4),
        more in prop::collection::vec(seeds(DIMS), 1..4),
        salt in 0usize..1000,
        margin_mm in 0.0f64..6.0,
    ) {
        let values: Vec<f32> = (0..756).map(|n| noise(n + salt * 756)).collect();
        let volume = volume(DIMS, [0.7, 1.0, 2.5], values);
        let options = GrowCutOptions { margin_mm, contrast: 0.3, locality: 0.05 };
        let mut resumed = GrowCut::new(options).in_slabs(1 + salt % 9);
        grown(&mut resumed, &volume, &first);
        let all = [first.clone(), more].concat();
        let found = grown(&mut resumed, &volume, &all);
        let mut fresh = GrowCut::new(options);
        prop_assert_eq!(&found, &grown(&mut fresh, &volume, &all));
        prop_assert_eq!(resumed.bounds(), fresh.bounds());
        // And when the later ones are taken back, smaller again.
        let found = grown(&mut resumed, &volume, &first);
        let mut fresh = GrowCut::new(options);
        prop_assert_eq!(&found, &grown(&mut fresh, &volume, &first));
        prop_assert_eq!(resumed.bounds(), fresh.bounds());
    }

    /// What walls are in the way of is reached around them, or not at all; as if they had no values.
    #[test]
    fn walls_are_as_voxels_without_values(
        steps in prop::collection::vec(prop::collection::vec(seeds(DIMS), 1..4), 1..4),
        walls in prop::collection::vec(seeds(DIMS), 1..6),
        salt in 0usize..1000,
    ) {
        let mut values: Vec<f32> = (0..756).map(|n| noise(n + salt * 756)).collect();
        let mut wall = Region::default();
        for (_, region) in &walls {
            wall.add(region, DIMS[0]);
        }
        let options = GrowCutOptions { margin_mm: 100.0, contrast: 0.3, locality: 0.05 };
        let open = volume(DIMS, [0.7, 1.0, 2.5], values.clone());
        for n in wall.runs().iter().flat_map(|run| run.start..run.end()) {
            values[n] = f32::NAN;
        }
        let holed = volume(DIMS, [0.7, 1.0, 2.5], values);
        let mut walled = GrowCut::new(options).with_walls(wall.clone());
        let mut all = Vec::new();
        for step in steps {
            all.extend(step.into_iter().map(|(label, region)| (label, region.without(&wall, DIMS[0]))));
            let found = grown(&mut walled, &open, &all);
            prop_assert_eq!(&found, &grown(&mut GrowCut::new(options), &holed, &all));
            for region in found.values() {
                prop_assert_eq!(region.shared(&wall), 0);
            }
        }
    }
}

/// Two balls in noise, a scribble in each and one around them.
fn scene(dims: [usize; 3], spacing: [f64; 3]) -> (Volume, [Region; 2], [Region; 3]) {
    let mm = |v: [usize; 3], at: [f64; 3]| {
        (0..3).map(|a| ((v[a] as f64 + 0.5) * spacing[a] - at[a]).powi(2)).sum::<f64>().sqrt()
    };
    let middles = [[24.0, 30.0, 30.0], [45.0, 30.0, 30.0]];
    let balls = middles.map(|m| region(dims, |v| mm(v, m) <= 9.5));
    let values = (0..dims.iter().product()).map(|n| {
        let inside = balls.iter().any(|b| b.contains(n));
        100.0 * f32::from(u8::from(inside)) + 30.0 * (noise(n) - 0.5)
    });
    let volume = volume(dims, spacing, values.collect());
    let scribbles = middles.map(|m| region(dims, |v| mm(v, m) <= 3.0));
    let around = region(dims, |v| {
        let along = (v[2] as f64 + 0.5) * spacing[2] - 30.0;
        let from = |a: usize| ((v[a] as f64 + 0.5) * spacing[a] - [34.5, 30.0][a]).abs();
        along.abs() <= spacing[2] && from(0).max(from(1) + 6.0).max(8.0) > 24.0
    });
    let [a, b] = scribbles;
    (volume, balls, [a, b, around])
}

#[test]
fn scribbles_become_the_things_they_were_drawn_in() {
    for (dims, spacing) in [([70, 60, 60], [1.0; 3]), ([70, 60, 20], [1.0, 1.0, 3.0])] {
        let (volume, balls, [a, b, around]) = scene(dims, spacing);
        let seeds = [(1, &a), (2, &b), (9, &around)];
        let options = GrowCutOptions::of(&volume, &seeds);
        assert!(options.contrast > 20.0 && options.contrast < 60.0);
        let found = GrowCut::new(options).grow(&volume, &seeds, &WorkLimits::none()).unwrap();
        for (label, ball) in [(1, &balls[0]), (2, &balls[1])] {
            let region = &found[&label];
            let dice = 2.0 * region.shared(ball) as f64 / (region.count() + ball.count()) as f64;
            assert!(dice > 0.95, "{spacing:?}, {label}: {dice}");
        }
    }
}

#[test]
fn no_seeds_one_seed_flat_values_and_odd_options() {
    let dims = [5, 4, 3];
    let flat = volume(dims, [1.0; 3], vec![7.0; 60]);
    let one = region(dims, |v| v == [2, 2, 1]);
    let none = Region::default();
    for options in [
        GrowCutOptions::of(&flat, &[(1, &one)]),
        GrowCutOptions::of(&flat, &[]),
        GrowCutOptions { margin_mm: f64::INFINITY, contrast: 1e-300, locality: f64::INFINITY },
        GrowCutOptions { margin_mm: 1e300, contrast: f64::NAN, locality: f64::NAN },
        GrowCutOptions { margin_mm: 9.0, contrast: -1.0, locality: -1.0 },
    ] {
        let mut cut = GrowCut::new(options);
        let grow = |cut: &mut GrowCut, seeds: &[(u16, &Region)]| {
            cut.grow(&flat, seeds, &WorkLimits::none()).unwrap()
        };
        assert!(grow(&mut cut, &[]).is_empty());
        assert!(grow(&mut cut, &[(1, &none)]).is_empty());
        assert_eq!(grow(&mut cut, &[(4, &one), (5, &none)])[&4].count(), 60);
        assert!(grow(&mut cut, &[]).is_empty());
    }
    // Without a margin it is the seed itself; so with one that is no number.
    for margin_mm in [0.0, -5.0, f64::NAN] {
        let mut cut = GrowCut::new(GrowCutOptions { margin_mm, contrast: 1.0, locality: 1.0 });
        let found = cut.grow(&flat, &[(1, &one)], &WorkLimits::none()).unwrap();
        assert_eq!(found[&1], one);
    }
    // Values that aren't finite are grown into by nobody, seeds there keep their label.
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let wall: Vec<f32> = (0..60).map(|n| if n % 5 == 2 { bad } else { 1.0 }).collect();
        let wall = volume(dims, [1.0; 3], wall);
        let left = region(dims, |v| v == [0, 0, 0]);
        let mut cut = GrowCut::new(GrowCutOptions { margin_mm: 9.0, contrast: 1.0, locality: 1.0 });
        let found = cut.grow(&wall, &[(1, &left), (2, &one)], &WorkLimits::none()).unwrap();
        assert_eq!((found[&1].count(), found[&2].clone()), (24, one.clone()));
    }
}

const LARGE: [usize; 3] = [60, 60, 30];

/// Noise, and a few voxels of two labels and then a third.
fn large() -> (Volume, [Region; 3], GrowCutOptions) {
    let volume = volume(LARGE, [1.0; 3], (0..108_000).map(noise).collect());
    let seeds = [[3, 3, 3], [50, 40, 20], [30, 10, 25]].map(|at| region(LARGE, |v| v == at));
    (volume, seeds, GrowCutOptions { margin_mm: 99.0, contrast: 0.3, locality: 0.01 })
}

/// Grows, stopped again and again as early as can be. Returns how often it was begun.
fn stop_and_go(
    cut: &mut GrowCut,
    volume: &Volume,
    seeds: &[(u16, &Region)],
) -> (BTreeMap<u16, Region>, usize) {
    let stopped = WorkLimits::none();
    stopped.cancel.cancel();
    for n in 1..1000 {
        match cut.grow(volume, seeds, &stopped) {
            Ok(found) => return (found, n),
            Err(why) => assert_eq!(why, MaskError::Cancelled),
        }
    }
    panic!("it never gets on");
}

#[test]
fn after_a_stop_it_goes_on_where_it_was() {
    let (volume, [a, b, c], options) = large();
    let [two, three] = [vec![(1, &a), (2, &b)], vec![(1, &a), (2, &b), (1, &c)]];
    let expected = |seeds: &[(u16, &Region)]| {
        GrowCut::new(options).grow(&volume, seeds, &WorkLimits::none()).unwrap()
    };
    let mut cut = GrowCut::new(options);
    let progress = Progress::new();
    cut.report_to(progress.clone());
    let (found, begun) = stop_and_go(&mut cut, &volume, &two);
    assert!((3..60).contains(&begun), "{begun}");
    assert_eq!(found, expected(&two));
    let (done, total) = progress.get();
    assert!(done > 0 && done <= total && total >= 108_000, "{done} of {total}");
    // Seeds that come between, and seeds that go between.
    let stopped = WorkLimits::none();
    stopped.cancel.cancel();
    for (first, then) in [(&two, &three), (&three, &two)] {
        let mut cut = GrowCut::new(options);
        assert_eq!(cut.grow(&volume, first, &stopped), Err(MaskError::Cancelled));
        assert_eq!(stop_and_go(&mut cut, &volume, then).0, expected(then));
    }
    // In a box that has become larger meanwhile.
    let narrow = GrowCutOptions { margin_mm: 12.0, ..options };
    let mut cut = GrowCut::new(narrow);
    assert_eq!(cut.grow(&volume, &[(1, &a), (2, &c)], &stopped), Err(MaskError::Cancelled));
    let expected = GrowCut::new(narrow).grow(&volume, &three, &WorkLimits::none()).unwrap();
    let more = [(1, &a), (2, &b), (1, &c)];
    assert_eq!(stop_and_go(&mut cut, &volume, &more).0, expected);
}

#[test]
fn after_too_little_memory_it_starts_anew() {
    let (volume, [a, b, _], options) = large();
    let both = [(1, &a), (2, &b)];
    let expected = GrowCut::new(options).grow(&volume, &both, &WorkLimits::none());
    let little = WorkLimits::new(CancelToken::new(), 1000);
    let mut cut = GrowCut::new(options);
    assert!(matches!(cut.grow(&volume, &both, &little), Err(MaskError::Memory { .. })));
    assert_eq!(cut.grow(&volume, &both, &WorkLimits::none()), expected);
}

/// Whatever the slabs, and whether it is stopped in between, the labels are the same.
#[test]
fn slabs_do_not_change_what_grows() {
    let (volume, [a, b, c], options) = large();
    let [two, three] = [vec![(1, &a), (2, &b)], vec![(1, &a), (2, &b), (3, &c)]];
    let expected = [&two, &three, &two].map(|seeds| {
        GrowCut::new(options).in_slabs(1).grow(&volume, seeds, &WorkLimits::none()).unwrap()
    });
    for slabs in [2, 5, 1000] {
        let mut cut = GrowCut::new(options).in_slabs(slabs);
        for (seeds, expected) in [&two, &three, &two].into_iter().zip(&expected) {
            let (found, _) = stop_and_go(&mut cut, &volume, seeds);
            assert!(found == *expected, "{slabs} slabs, {} seeds", seeds.len());
        }
    }
}
