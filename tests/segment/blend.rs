//! Several cubes laid on a scan as one mask, against the plain statement of the rule for each voxel.

use std::sync::Arc;

use crate::lattice::{grid, logits, plainly, rotation};
use proptest::prelude::*;
use voxpoint::geom::{DMat3, DVec3, Grid};
use voxpoint::prompt::Prompt;
use voxpoint::segment::cubes::{
    CanonicalGrid, CropPlace, Cubes, Logits, Patch, SIDE, Step, lay, paste,
};

/// Opened by a click in its middle, or, `clicked` being false, for a place near one of its corners.
fn patch(place: CropPlace, logits: Logits, clicked: bool) -> Arc<Patch> {
    let at = DVec3::splat(if clicked { 64.0 } else { 2.0 });
    let world = place.world_from_crop.transform_point3(at);
    let prompt = Prompt::positive(world);
    let step = Step { prompt, logits: Arc::new(logits), iou: 0.5 };
    Arc::new(Patch { place, opener: prompt, start: None, steps: vec![Arc::new(step)] })
}

fn answer(patches: Vec<Arc<Patch>>) -> Cubes {
    Cubes { patches, ..Cubes::default() }
}

/// The rule, in f64, at a position in the crop voxels of each cube: the sum of how far the cubes' logits are above the
/// threshold, 4 at most, with tents as weights, where a cube (without negative clicks) takes nothing from a sum above
/// 0; cubes that were not clicked only count outside of those before them, but for a rim of 20 mm. The sums, cube by
/// cube.
fn blended(answer: &Cubes, crops: &[DVec3], threshold: f64) -> Vec<f64> {
    // 1 in the middle, 0 one voxel outside of the outermost centres.
    let tents = |c: &DVec3| c.to_array().map(|c| 1.0 - (c - 63.5).abs() / 64.5);
    let clicked = |n: usize| {
        let opener = answer.patches[n].opener.world;
        !answer.patches[..n].iter().any(|p| p.place.contains(opener))
    };
    let above = |n: usize| {
        let logits = &answer.patches[n].steps.last().unwrap().logits;
        plainly(logits, crops[n]).map(|v| v - threshold)
    };
    // Of a cell's corners those above the threshold.
    let firm = |n: usize| {
        let logits = &answer.patches[n].steps.last().unwrap().logits;
        let values = logits.values.iter().map(|v| (v - threshold as f32).max(0.0)).collect();
        plainly(&Logits { side: logits.side, values }, crops[n])
    };
    let depth_mm = |n: usize| 64.5 * 1.5 * tents(&crops[n]).into_iter().fold(1.0, f64::min);
    let (mut sums, mut sum, mut left) = (Vec::new(), 0.0, 1.0);
    for (n, crop) in crops.iter().enumerate() {
        let Some(above) = above(n) else { continue };
        let say = if sum > 0.0 { firm(n).unwrap() } else { above };
        let share = if clicked(n) { 1.0 } else { left };
        sum += say.clamp(-4.0, 4.0) * share * tents(crop).into_iter().product::<f64>();
        sums.push(sum);
        if clicked(n) {
            left *= (1.0 - depth_mm(n) / 20.0).max(0.0);
        }
    }
    sums
}

/// Compares every voxel with the rule; returns how many are in the mask of the first threshold.
fn check(answer: &Cubes, thresholds: &[f32], grid: &Grid) -> usize {
    let regions: Vec<_> = thresholds.iter().map(|&t| lay(answer, t, grid)).collect();
    let maps: Vec<_> = answer.patches.iter().map(|p| p.place.world_from_crop.inverse()).collect();
    let [nx, ny, nz] = grid.dims();
    for index in 0..nx * ny * nz {
        let world = grid.world_of([index % nx, index / nx % ny, index / nx / ny]);
        let crops: Vec<_> = maps.iter().map(|m| m.transform_point3(world)).collect();
        let at_a_face = crops
            .iter()
            .flat_map(DVec3::to_array)
            .any(|c| (c + 0.5).abs() < 1e-6 || (c - SIDE as f64 + 0.5).abs() < 1e-6);
        for (region, &threshold) in regions.iter().zip(thresholds) {
            let sums = blended(answer, &crops, f64::from(threshold));
            // On the threshold or a cube's face, rounding decides; near a face all sums are small.
            if !at_a_face && sums.iter().all(|v| v.abs() >= 1e-5) {
                let wanted = sums.last().is_some_and(|v| *v > 0.0);
                assert_eq!(region.contains(index), wanted, "{world}: {sums:?}");
            }
        }
    }
    regions[0].count()
}

/// Cubes around a middle one, in the axes of `of`.
fn cubes(of: &Grid, side: usize, starts: &[[i64; 3]], seed: u64) -> Cubes {
    let canonical = CanonicalGrid::of(of);
    let middle = canonical.crop_around(of.centre()).start;
    let place = |n: usize, s: &[i64; 3]| {
        let start = std::array::from_fn(|a| middle[a] + s[a]);
        patch(
            canonical.crop_at(start),
            logits(side, seed + n as u64),
            !(seed + n as u64).is_multiple_of(3),
        )
    };
    answer(starts.iter().enumerate().map(|(n, s)| place(n, s)).collect())
}

#[test]
fn grids_of_all_kinds() {
    let scale = |x: f64, y: f64, z: f64| DMat3::from_diagonal(DVec3::new(x, y, z));
    let permuted = DMat3::from_cols(-DVec3::Z * 2.4, DVec3::X * 4.0, -DVec3::Y * 3.9);
    let starts = [[0, 0, 0], [64, 0, 0], [64, 64, -7], [-100, 3, 30]];
    for (dims, matrix) in [
        ([70, 50, 40], scale(4.0, 5.0, 5.0)),
        ([60, 40, 40], scale(-4.0, 5.0, -5.0)),
        ([50, 50, 40], permuted),
        ([44, 48, 40], rotation() * scale(3.0, 3.3, 4.6)),
    ] {
        let grid = grid(dims, matrix, DVec3::new(11.0, -20.0, 7.0));
        assert!(check(&cubes(&grid, 32, &starts, 5), &[0.0, 1.5, -2.0], &grid) > 100);
    }
}

/// The voxels run at an angle to the cubes: each is asked by itself.
#[test]
fn a_grid_at_an_angle_to_the_cubes() {
    let straight = grid([100; 3], DMat3::IDENTITY * 2.0, DVec3::ZERO);
    let turned = grid([70, 60, 50], rotation() * 4.0, DVec3::splat(10.0));
    let answer = cubes(&straight, 32, &[[0, 0, 0], [0, -64, 0]], 3);
    assert!(check(&answer, &[0.25], &turned) > 100);
}

#[test]
fn one_cube_is_pasted_and_one_without_an_answer_does_not_count() {
    let grid = grid([100, 90, 80], DMat3::IDENTITY * 2.0, DVec3::ZERO);
    let mut several = cubes(&grid, 64, &[[0, 66, 0]], 9);
    let Patch { place, steps, .. } = several.patches[0].as_ref();
    let alone = paste(&steps[0].logits, place, &grid);
    assert_eq!(lay(&several, 0.0, &grid), alone);
    let unanswered = Patch { steps: Vec::new(), ..several.patches[0].as_ref().clone() };
    several.patches.push(Arc::new(unanswered));
    assert_eq!(lay(&several, 0.0, &grid), alone);
    assert!(lay(&Cubes::default(), 0.0, &grid).is_empty());
}

/// What was accepted in the cube with the clicks stays, whatever a cube says that the mask was followed into: it takes
/// nothing away, and adds only near the faces.
#[test]
fn an_extension_changes_nothing_deep_inside_of_a_clicked_cube() {
    let grid = grid([200, 130, 130], DMat3::IDENTITY * 1.5, DVec3::ZERO);
    let canonical = CanonicalGrid::of(&grid);
    let start = canonical.crop_around(grid.centre()).start;
    let constant = |value: f32| Logits { side: 32, values: vec![value; 32 * 32 * 32] };
    let beside = [start[0] + 64, start[1], start[2]];
    let laid = |clicked: f32, follower: f32| {
        let clicked = patch(canonical.crop_at(start), constant(clicked), true);
        let follower = patch(canonical.crop_at(beside), constant(follower), false);
        let alone = lay(&answer(vec![clicked.clone()]), 0.0, &grid);
        (alone, lay(&answer(vec![clicked, follower]), 0.0, &grid))
    };
    let (before, after) = laid(0.5, -50.0);
    assert_eq!(before, after);
    let (before, after) = laid(-0.5, 50.0);
    assert!(before.is_empty());
    let first = canonical.crop_at(start).world_from_crop.inverse();
    let depth = |n: usize| {
        let crop = first.transform_point3(grid.world_of([n % 200, n / 200 % 130, n / 200 / 130]));
        crop.to_array().into_iter().map(|c| (c + 1.0).min(128.0 - c) * 1.5).fold(f64::MAX, f64::min)
    };
    let new = after.runs().iter().flat_map(|r| r.start..r.end());
    let depths: Vec<f64> = new.map(depth).collect();
    assert!(depths.iter().any(|&mm| mm > 5.0) && depths.iter().all(|&mm| mm <= 20.0));
}

/// Two cubes that say the same give a mask without a trace of their faces.
#[test]
fn faces_leave_no_seam() {
    let grid = grid([200, 40, 40], DMat3::IDENTITY * 1.5, DVec3::ZERO);
    let canonical = CanonicalGrid::of(&grid);
    let start = canonical.crop_around(grid.centre()).start;
    let bar = |n: i64| {
        let place = canonical.crop_at([start[0] + n, start[1], start[2]]);
        // A bar along x that gets wider: y is what it is measured along.
        let cell = |x: usize, y: usize| {
            20.0 + (x as f32 * 4.0 + n as f32) / 20.0 - (y as f32 * 4.0 + 1.5 - 63.5).abs()
        };
        let values = (0..32usize.pow(3)).map(|i| cell(i / 1024, i / 32 % 32)).collect();
        patch(place, Logits { side: 32, values }, true)
    };
    let both = lay(&answer(vec![bar(-32), bar(32)]), 0.0, &grid);
    // In every plane the width grows by at most a voxel on each side from one x to the next.
    let width = |x: usize| (0..40).filter(|&y| both.contains(grid.index([x, y, 20]))).count();
    let widths: Vec<usize> = (5..195).map(width).collect();
    assert!(widths.windows(2).all(|w| w[0] <= w[1] && w[1] <= w[0] + 2), "{widths:?}");
    assert!(widths[0] > 20 && widths[0] < widths[189]);
}

#[test]
fn thresholds_move_the_mask_inwards_and_outwards() {
    let grid = grid([100, 90, 80], DMat3::IDENTITY * 2.0, DVec3::ZERO);
    let several = cubes(&grid, 32, &[[0, 0, 0], [64, 0, 0]], 2);
    let counts = [-3.0, -0.5, 0.0, 0.5, 3.0].map(|t| lay(&several, t, &grid).count());
    assert!(counts.windows(2).all(|w| w[0] > w[1]), "{counts:?}");
    assert!(lay(&several, f32::NAN, &grid).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn random_cubes_on_random_grids(
        seed in 1u64..1000,
        order in 0usize..6,
        signs in 0usize..8,
        spacing in prop::array::uniform3(0.8f64..7.0),
        dims in prop::array::uniform3(1usize..36),
        starts in prop::collection::vec(prop::array::uniform3(-90i64..90), 1..5),
        threshold in -2f32..2.0,
        turned in any::<bool>(),
    ) {
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let units = [DVec3::X, DVec3::Y, DVec3::Z];
        let column = |n: usize| {
            let sign = if signs >> n & 1 == 1 { -1.0 } else { 1.0 };
            units[orders[order][n]] * spacing[n] * sign
        };
        let matrix = DMat3::from_cols(column(0), column(1), column(2));
        let matrix = if turned { rotation() * matrix } else { matrix };
        let grid = grid(dims, matrix, DVec3::new(-5.0, 40.0, 900.0));
        check(&cubes(&grid, 32, &starts, seed), &[threshold], &grid);
    }
}
