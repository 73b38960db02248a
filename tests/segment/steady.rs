//! What a further click may do to a mask, with made-up answers: no model.

use std::sync::Arc;

use crate::lattice::{grid, logits, rotation};
use proptest::prelude::*;
use voxpoint::geom::{DMat3, DVec3, Grid};
use voxpoint::prompt::{MaskRule, Prompt};
use voxpoint::segment::cubes::{
    CanonicalGrid, CropPlace, Cubes, Logits, Patch, Step, lay, mask_of, paste,
};
use voxpoint::volume::Region;

/// Cells along each side of the logits: of 6 mm.
const LOW: usize = 32;

/// 3 mm voxels, two along each side of a cell.
fn scan() -> Grid {
    grid([150, 64, 64], DMat3::IDENTITY * 3.0, DVec3::ZERO)
}

/// A cube so many voxels of 1.5 mm beside the one in the middle.
fn place(grid: &Grid, beside: [i64; 3]) -> CropPlace {
    let canonical = CanonicalGrid::of(grid);
    let start = canonical.crop_around(grid.centre()).start;
    canonical.crop_at(std::array::from_fn(|a| start[a] + beside[a]))
}

fn click(place: &CropPlace, crop: [f64; 3], positive: bool) -> Prompt {
    Prompt::new(place.world_from_crop.transform_point3(DVec3::from_array(crop)), positive)
}

/// Logits by the middle of each cell, in crop voxels.
fn of(value: impl Fn(DVec3) -> f32) -> Logits {
    let cell = |n: usize| [n / LOW / LOW, n / LOW % LOW, n % LOW];
    let middle = |n: usize| DVec3::from_array(cell(n).map(|c| 4.0 * c as f64 + 1.5));
    Logits { side: LOW, values: (0..LOW.pow(3)).map(|n| value(middle(n))).collect() }
}

/// Above 0 within so many crop voxels of the cube's middle, and falling by 0.2 for each.
fn ball(radius: f64) -> Logits {
    of(|at| (0.2 * (radius - at.distance(DVec3::splat(63.5)))) as f32)
}

fn patch(place: CropPlace, steps: Vec<(Prompt, Logits)>) -> Arc<Patch> {
    let step = |(prompt, logits)| Arc::new(Step { prompt, logits: Arc::new(logits), iou: 0.5 });
    let opener = steps[0].0;
    let steps = steps.into_iter().map(step).collect();
    Arc::new(Patch { place, opener, start: None, steps })
}

fn answer(patches: Vec<Arc<Patch>>) -> Cubes {
    Cubes { patches, ..Cubes::default() }
}

/// The answer before the last of its steps.
fn before(answer: &Cubes) -> Cubes {
    let mut before = answer.clone();
    Arc::make_mut(before.patches.last_mut().unwrap()).steps.pop();
    before
}

fn is_part(part: &Region, of: &Region) -> bool {
    part.runs().iter().flat_map(|r| r.start..r.end()).all(|n| of.contains(n))
}

#[test]
fn one_click_and_the_authors_rule_are_the_models_logits() {
    let (grid, middle) = (scan(), [63.5; 3]);
    let place = place(&grid, [0; 3]);
    let (first, second) = (logits(LOW, 4), logits(LOW, 9));
    let one =
        answer(vec![patch(place.clone(), vec![(click(&place, middle, true), first.clone())])]);
    assert_eq!(lay(&one, 0.0, &grid), paste(&first, &place, &grid));
    for positive in [true, false] {
        let steps = vec![
            (click(&place, middle, true), first.clone()),
            (click(&place, [20.0; 3], positive), second.clone()),
        ];
        let mut two = answer(vec![patch(place.clone(), steps)]);
        let last = paste(&second, &place, &grid);
        // A negative click is taken as it is answered.
        assert_eq!(lay(&two, 0.0, &grid) == last, !positive);
        two.rule = MaskRule::Authors;
        assert_eq!(lay(&two, 0.0, &grid), last);
    }
}

#[test]
fn a_positive_click_outside_of_the_mask_adds_what_it_is_answered() {
    let grid = scan();
    let place = place(&grid, [0; 3]);
    let left = of(|at| if at.x < 60.0 { 2.0 } else { -2.0 });
    let right = of(|at| if at.x > 80.0 { 1.0 } else { -1.0 });
    let steps = vec![
        (click(&place, [30.0, 64.0, 64.0], true), left.clone()),
        (click(&place, [100.0, 64.0, 64.0], true), right.clone()),
    ];
    let mask = lay(&answer(vec![patch(place.clone(), steps)]), 0.0, &grid);
    let either = of(|at| {
        if at.x < 60.0 {
            2.0
        } else if at.x > 80.0 {
            1.0
        } else {
            -1.0
        }
    });
    assert_eq!(mask, paste(&either, &place, &grid));
}

/// A mask that a click inside of it would let explode, as one of 39 ml did to 226, grows by less than half, and around
/// the click first.
#[test]
fn a_click_inside_lets_the_mask_grow_by_less_than_half() {
    let grid = scan();
    let place = place(&grid, [0; 3]);
    let voxels = |region: &Region| region.count();
    let inside = click(&place, [69.5, 63.5, 63.5], true);
    let first = (click(&place, [63.5; 3], true), ball(14.0));
    let seen =
        |steps: Vec<(Prompt, Logits)>| lay(&answer(vec![patch(place.clone(), steps)]), 0.0, &grid);
    let one = seen(vec![first.clone()]);
    let exploded = seen(vec![(inside, ball(25.0))]);
    assert!(voxels(&exploded) > 5 * voxels(&one), "{} {}", voxels(&exploded), voxels(&one));
    let two = seen(vec![first.clone(), (inside, ball(25.0))]);
    assert!(is_part(&one, &two) && is_part(&two, &exploded) && two != one);
    let growth = voxels(&two) as f64 / voxels(&one) as f64;
    assert!((1.1..1.5).contains(&growth), "{growth}");
    // The click is to the right of the middle, and so is what came.
    let x = |n: usize| grid.world_of([n % 150, n / 150 % 64, n / 150 / 64]).x;
    let new = two.without(&one, 150);
    let mean =
        new.runs().iter().flat_map(|r| r.start..r.end()).map(x).sum::<f64>() / new.count() as f64;
    assert!(mean > grid.centre().x + 1.0, "{mean}");
    // A growth of less is taken as it is answered.
    let little = seen(vec![first.clone(), (inside, ball(15.0))]);
    assert_eq!(little, seen(vec![(inside, ball(15.0))]));
    // A click that finds the mask too small is not bounded.
    let outside = click(&place, [84.0, 63.5, 63.5], true);
    assert_eq!(seen(vec![first, (outside, ball(25.0))]), exploded);
}

/// The torso's liver: a click beyond the first cube opens a second, which knows nothing of what stands in the first.
#[test]
fn a_second_cube_takes_nothing_from_the_first_but_around_its_negative_clicks() {
    let grid = scan();
    let (near, far) = (place(&grid, [-40, 0, 0]), place(&grid, [60, 0, 0]));
    let all = Logits { side: LOW, values: vec![5.0; LOW.pow(3)] };
    // The second sees the structure only 30 voxels around its click.
    let here = |at: DVec3| at.distance(DVec3::splat(63.5));
    let some = of(|at| if here(at) < 30.0 { 5.0 } else { -5.0 });
    let first = patch(near.clone(), vec![(click(&near, [63.5; 3], true), all.clone())]);
    let opener = click(&far, [63.5; 3], true);
    let second = |more: Vec<(Prompt, Logits)>| {
        let steps = [vec![(opener, some.clone())], more].concat();
        answer(vec![first.clone(), patch(far.clone(), steps)])
    };
    let one = lay(&answer(vec![first.clone()]), 0.0, &grid);
    let two = lay(&second(Vec::new()), 0.0, &grid);
    assert!(is_part(&one, &two), "nothing is lost");
    // And what is new is what the second cube has found: no edge of a cube.
    assert!(is_part(&paste(&some, &far, &grid), &two));
    assert_eq!(two.count(), one.count() + paste(&some, &far, &grid).without(&one, 150).count());

    // A negative click at a place in both cubes: the second may take away around it.
    let at = [20.0, 63.5, 63.5];
    let negative = click(&far, at, false);
    let three = lay(&second(vec![(negative, some.clone())]), 0.0, &grid);
    let crop = far.world_from_crop.inverse();
    let apart = |n: usize| {
        let voxel = [n % 150, n / 150 % 64, n / 150 / 64];
        1.5 * crop.transform_point3(grid.world_of(voxel)).distance(DVec3::from_array(at))
    };
    let lost = two.without(&three, 150);
    let lost: Vec<f64> = lost.runs().iter().flat_map(|r| r.start..r.end()).map(apart).collect();
    assert!(
        !lost.is_empty() && lost.iter().all(|&mm| mm < 60.0 + 6.0 * 3f64.sqrt()),
        "{:?}",
        lost.iter().copied().reduce(f64::max)
    );
    assert!(is_part(&three, &two));
}

#[test]
fn a_higher_threshold_gives_a_smaller_mask_after_any_clicks() {
    let grid = scan();
    let place = place(&grid, [0; 3]);
    let step = |n: u64, positive| {
        (click(&place, [10.0 + 9.0 * n as f64, 60.0, 70.0], positive), logits(LOW, n))
    };
    let steps = vec![step(1, true), step(2, true), step(3, false), step(4, true), step(5, true)];
    let several = answer(vec![patch(place.clone(), steps)]);
    let masks = [-2.0, -0.5, 0.0, 0.5, 2.0].map(|t| lay(&several, t, &grid));
    assert!(masks.windows(2).all(|w| is_part(&w[1], &w[0]) && w[0] != w[1]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    /// In the cubes there are and with a cube of its own, along the cubes' axes and at an angle to them, after clicks
    /// of both kinds.
    #[test]
    fn a_positive_click_takes_no_voxel_away_but_around_negative_ones(
        seed in 1u64..1000,
        signs in prop::collection::vec(prop::bool::weighted(0.7), 3),
        places in prop::collection::vec(prop::array::uniform3(-70i64..70), 1..4),
        crop in prop::array::uniform3(0.0f64..127.0),
        opens in any::<bool>(),
        turned in any::<bool>(),
        threshold in prop::sample::select(vec![0.0f32, -1.0, 0.7]),
    ) {
        let straight = grid([60, 50, 40], DMat3::IDENTITY * 4.5, DVec3::ZERO);
        let turn = rotation() * DMat3::IDENTITY * 4.5;
        let target = if turned { grid([60, 50, 40], turn, DVec3::ZERO) } else { straight.clone() };
        let cube = |n: usize, steps: usize| {
            let place = place(&straight, places[n]);
            let step = |i: usize| {
                let positive = i == 0 || signs[i - 1];
                let at = [20.0 + 30.0 * i as f64, 64.0, 30.0 + 20.0 * n as f64];
                (click(&place, at, positive), logits(LOW, seed + (10 * n + i) as u64))
            };
            patch(place.clone(), (0..steps).map(step).collect())
        };
        let mut patches: Vec<_> = (0..places.len()).map(|n| cube(n, 1 + n % 3 + 1)).collect();
        let old = answer(patches.clone());
        if opens {
            let beside = place(&straight, [crop[0] as i64 - 64, crop[1] as i64 - 64, 0]);
            let step = (click(&beside, [64.0; 3], true), logits(LOW, seed + 77));
            patches.push(patch(beside, vec![step]));
        } else {
            let last = Arc::make_mut(patches.last_mut().unwrap());
            let prompt = click(&last.place, crop, true);
            let logits = Arc::new(logits(LOW, seed + 77));
            last.steps.push(Arc::new(Step { prompt, logits, iou: 0.5 }));
        }
        let new = answer(patches);
        prop_assert!(opens || before(&new) == old);
        let all = new.clone();
        let (old, new) = (lay(&old, threshold, &target), lay(&new, threshold, &target));
        // What a click may free, 60 mm, and the cells that a voxel lies between, of 6 mm.
        let told = |prompt: &&Prompt| !prompt.positive;
        let prompts = all.patches.iter().flat_map(|p| &p.steps).map(|s| &s.prompt);
        let negative: Vec<DVec3> = prompts.filter(told).map(|p| p.world).collect();
        let lost = old.without(&new, 60);
        for n in lost.runs().iter().flat_map(|r| r.start..r.end()) {
            let at = target.world_of([n % 60, n / 60 % 50, n / 60 / 50]);
            let apart = negative.iter().map(|c| c.distance(at)).fold(f64::INFINITY, f64::min);
            prop_assert!(apart < 60.0 + 6.0 * 3f64.sqrt(), "{apart} mm from a negative click");
        }
    }
}

/// A thing with detail that the model's cells can't show: a comb of single voxels on a ball.
fn comb(grid: &Grid, place: &CropPlace) -> Region {
    let crop = place.world_from_crop.inverse();
    let [nx, ny, nz] = grid.dims();
    let inside = |n: usize| {
        let voxel = [n % nx, n / nx % ny, n / nx / ny];
        let at = crop.transform_point3(grid.world_of(voxel));
        let far = at.distance(DVec3::splat(63.5));
        far < 30.0 || (far < 34.0 && voxel[0].is_multiple_of(2))
    };
    Region::from_mask(nx, (0..nx * ny * nz).map(inside))
}

/// A mask that was started from is as it was, voxel by voxel, wherever the answers change nothing.
#[test]
fn answers_change_a_mask_that_was_there_only_where_they_differ_from_it() {
    let grid = scan();
    let place = place(&grid, [0; 3]);
    let mask = comb(&grid, &place);
    // What the model is told of it, near enough.
    let told = ball(31.0);
    let start = |steps: Vec<(Prompt, Logits)>| {
        let first = (click(&place, [63.5; 3], true), told.clone());
        let mut patch = patch(place.clone(), [vec![first], steps].concat());
        Arc::make_mut(&mut patch).start = Some(Arc::new(told.clone()));
        Cubes { start: Some(Arc::new(mask.clone())), ..answer(vec![patch]) }
    };
    let row = grid.dims()[0];
    // The same thing surer, and less sure: no cell changes sides.
    for times in [0.3f32, 5.0] {
        let same = Logits { side: LOW, values: told.values.iter().map(|v| v * times).collect() };
        let same = start(vec![(click(&place, [63.5; 3], true), same)]);
        assert_eq!(mask_of(&same, 0.0, &grid), mask, "{times}");
    }
    // No answer at all, and no cube.
    let mut none = start(vec![(click(&place, [63.5; 3], true), told.clone())]);
    Arc::make_mut(&mut none.patches[0]).steps.clear();
    assert_eq!(mask_of(&none, 0.0, &grid), mask);
    none.patches.clear();
    assert_eq!(mask_of(&none, 0.0, &grid), mask);
    // A click outside of it adds a ball on one side, and not what the model also says elsewhere; the other side keeps
    // its comb.
    let at_side = |at: DVec3, x: f64| 0.2 * (8.0 - at.distance(DVec3::new(x, 63.5, 63.5)));
    let lump = of(|at| at_side(at, 100.0) as f32);
    let lumps = of(|at| at_side(at, 100.0).max(at_side(at, 27.0)) as f32);
    let grown = start(vec![(click(&place, [100.0, 63.5, 63.5], true), lumps)]);
    let grown = mask_of(&grown, 0.0, &grid);
    assert!(is_part(&mask, &grown));
    let added = grown.without(&mask, row);
    let wanted = paste(&lump, &place, &grid).without(&mask, row);
    assert!(is_part(&wanted, &added) && added.count() < wanted.count() * 11 / 10);
    // A negative click bites a piece out of one side; the other keeps its comb.
    let bitten = of(|at| {
        let ball = 0.2 * (31.0 - at.distance(DVec3::splat(63.5)));
        ball.min(0.2 * (at.distance(DVec3::new(40.0, 63.5, 63.5)) - 8.0)) as f32
    });
    let bitten = start(vec![(click(&place, [40.0, 63.5, 63.5], false), bitten)]);
    let bitten = mask_of(&bitten, 0.0, &grid);
    assert!(is_part(&bitten, &mask) && bitten.count() < mask.count());
    let lost = mask.without(&bitten, row);
    let crop = place.world_from_crop.inverse();
    for n in lost.runs().iter().flat_map(|run| run.start..run.end()) {
        let [nx, ny, _] = grid.dims();
        let at = crop.transform_point3(grid.world_of([n % nx, n / nx % ny, n / nx / ny]));
        assert!(at.distance(DVec3::new(40.0, 63.5, 63.5)) < 8.0 + 8.0, "{at}");
    }
}
