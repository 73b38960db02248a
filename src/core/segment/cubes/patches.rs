//! Which cubes an object's prompts need, and what the model is told in each. Nothing but geometry: the same
//! log and the same earlier answer always give the same cubes.

use std::sync::Arc;

use super::answer::{Cubes, Logits, Step, ToldMask, valid_steps};
use super::engine::PointPrompt;
use super::preprocess::{CanonicalGrid, CropPlace, SIDE};
use crate::geom::Grid;
use crate::prompt::{Extension, Prompt, PromptLog};
use crate::segment::error::SegmentError;

/// A cube to look into.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) place: CropPlace,
    /// What it was opened for.
    pub(super) opener: Prompt,
    /// What the model is told there of the mask that was started from.
    pub(super) start: Option<Arc<Logits>>,
    /// What the model is told there, in order: first what the cube was opened for, but before that a place inside of the
    /// mask that was started from.
    pub(super) clicks: Vec<Prompt>,
    /// The same as voxels of the cube.
    pub(super) points: Vec<PointPrompt>,
}

impl Planned {
    /// The steps of an earlier answer that need not be computed again; `side` is that of the model's logits.
    pub(super) fn standing(&self, earlier: &Cubes, side: usize) -> Vec<Arc<Step>> {
        let here = earlier.patches.iter().filter(|p| p.place == self.place);
        let fits = |s: &&Arc<Step>| s.logits.side == side && s.logits.values.len() == side.pow(3);
        let valid = |steps: &[Arc<Step>]| -> Vec<Arc<Step>> {
            let valid = valid_steps(steps, &self.clicks);
            steps[..valid].iter().take_while(fits).cloned().collect()
        };
        here.map(|p| valid(&p.steps)).max_by_key(Vec::len).unwrap_or_default()
    }
}

/// A cube and which of the user's clicks it was opened for; `None` if for a seed that is no click of theirs.
struct Opened {
    place: CropPlace,
    opener: Prompt,
    click: Option<usize>,
    /// How many clicks there were before it, and whether it is the cube of the next one: extensions were there by then.
    after: (usize, bool),
}

/// The cubes of a log, those that clicks open and the log's extensions, in the order in which they were opened.
///
/// What of the mask that is started from the model is `told` in a cube comes first there. A negative click opens one only
/// if there is something of that mask in it.
///
/// The first click opens a cube around it, and so does every further positive one that lies in no cube (and every
/// negative one, if there is a mask that was started from): neither in one that a click before it has opened, nor in an extension. A click that opened a cube in the `earlier`
/// answer keeps that cube, wherever it lies. A new cube takes the place of one `at_hand` (its start) whose
/// centre is within `snap` voxels of the click along every axis, the nearest, if there is any.
///
/// Clicks are rounded to whole voxels of the 1.5 mm grid (at the log's working scale), as the authors do. In every cube
/// the model gets the click (or seed) that it was opened for, then all others in it, in their order.
///
/// # Errors
/// If a click is outside of the scan; or, without a mask that was started from, the first is negative, or a negative
/// one lies in no cube.
pub(super) fn plan(
    grid: &Grid,
    log: &PromptLog,
    earlier: &Cubes,
    (snap, at_hand): (u32, &[[i64; 3]]),
    told: &mut dyn FnMut(&CropPlace) -> Option<ToldMask>,
) -> Result<Vec<Planned>, SegmentError> {
    if log.start.is_none() && log.prompts.first().is_some_and(|first| !first.positive) {
        return Err(SegmentError::FirstNegative);
    }
    if log.prompts.is_empty() {
        return Ok(Vec::new());
    }
    let canonical = CanonicalGrid::scaled(grid, log.scale);
    let voxels = voxels(grid, &canonical, &log.prompts)?;
    let extensions: Vec<_> =
        log.extensions.iter().map(|e| canonical.crop_around(e.centre).start).collect();
    let kept = kept(log, &extensions, earlier);
    let mut opened =
        by_clicks(&canonical, log, (&voxels, &extensions), &kept, (snap, at_hand), told)?;
    for (extension, &start) in log.extensions.iter().zip(&extensions) {
        if !opened.iter().any(|o| o.place.start == start) {
            opened.push(extended(canonical.crop_at(start), extension, &log.prompts));
        }
    }
    // Stable: extensions after the same click stay in their order.
    opened.sort_by_key(|o| o.after);
    let planned = |o: Opened| {
        let opener = match o.click {
            Some(n) => voxels[n],
            None => canonical.nearest(o.opener.world),
        };
        let mut clicks = vec![o.opener];
        let mut points = vec![point(&o.place, opener, o.opener.positive)];
        for (n, (prompt, voxel)) in log.prompts.iter().zip(&voxels).enumerate() {
            if o.click != Some(n) && holds(o.place.start, *voxel) {
                clicks.push(*prompt);
                points.push(point(&o.place, *voxel, prompt.positive));
            }
        }
        let told = told(&o.place);
        if let Some(ToldMask { seed, .. }) = &told {
            clicks.insert(0, Prompt::positive(o.place.world_from_crop.transform_point3(*seed)));
            let voxel = seed.to_array().map(|c| c as f32);
            points.insert(0, PointPrompt { voxel, positive: true });
        }
        let start = told.map(|told| told.logits);
        Planned { place: o.place, opener: o.opener, start, clicks, points }
    };
    Ok(opened.into_iter().map(planned).collect())
}

/// Whether a canonical voxel lies in the cube that starts there.
pub(super) fn holds(start: [i64; 3], voxel: [i64; 3]) -> bool {
    start.iter().zip(voxel).all(|(&s, v)| (0..SIDE as i64).contains(&v.saturating_sub(s)))
}

/// The clicks as canonical voxels.
fn voxels(
    grid: &Grid,
    canonical: &CanonicalGrid,
    prompts: &[Prompt],
) -> Result<Vec<[i64; 3]>, SegmentError> {
    let voxel = |(n, prompt): (usize, &Prompt)| {
        if grid.voxel_at(prompt.world).is_none() {
            let (number, at) = (n + 1, prompt.world.to_array());
            return Err(SegmentError::OutsideVolume { number, at });
        }
        Ok(canonical.nearest(prompt.world))
    };
    prompts.iter().enumerate().map(voxel).collect()
}

/// The cubes of the earlier answer that clicks opened, with those clicks. An extension may have been opened
/// for a click too: it is told by its place.
fn kept(log: &PromptLog, extensions: &[[i64; 3]], earlier: &Cubes) -> Vec<(Prompt, CropPlace)> {
    let by_click = |start| !extensions.contains(&start);
    // Cubes of another grid are none of this one's.
    let same = earlier.scale == log.scale;
    let patches = earlier.patches.iter().filter(|p| same && by_click(p.place.start));
    patches.map(|p| (p.opener, p.place.clone())).collect()
}

fn by_clicks(
    canonical: &CanonicalGrid,
    log: &PromptLog,
    (voxels, extensions): (&[[i64; 3]], &[[i64; 3]]),
    kept: &[(Prompt, CropPlace)],
    (snap, at_hand): (u32, &[[i64; 3]]),
    told: &mut dyn FnMut(&CropPlace) -> Option<ToldMask>,
) -> Result<Vec<Opened>, SegmentError> {
    let mut opened: Vec<Opened> = Vec::new();
    for (n, (&prompt, &voxel)) in log.prompts.iter().zip(voxels).enumerate() {
        let taken = |place: &CropPlace| opened.iter().any(|o| o.place.start == place.start);
        let place = if let Some((_, place)) =
            kept.iter().find(|(opener, place)| *opener == prompt && !taken(place))
        {
            place.clone()
        } else {
            let of_extensions = extensions.iter().copied();
            let mut starts = opened.iter().map(|o| o.place.start).chain(of_extensions);
            if n > 0 && starts.any(|start| holds(start, voxel)) {
                continue;
            }
            if !prompt.positive && log.start.is_none() {
                let (number, at) = (n + 1, prompt.world.to_array());
                return Err(SegmentError::OutsideCrop { number, at });
            }
            canonical.crop_at(start_around(voxel, snap, at_hand))
        };
        // There is nothing to take away in it. (Before others are looked for in it.)
        if !prompt.positive && told(&place).is_none() {
            continue;
        }
        opened.push(Opened { place, opener: prompt, click: Some(n), after: (n, true) });
    }
    Ok(opened)
}

/// Where a cube around a voxel starts, or one at hand that will do.
fn start_around(voxel: [i64; 3], snap: u32, at_hand: &[[i64; 3]]) -> [i64; 3] {
    let exact = voxel.map(|v| v - (SIDE / 2) as i64);
    let apart =
        |start: &[i64; 3]| -> [u64; 3] { std::array::from_fn(|a| start[a].abs_diff(exact[a])) };
    let near = at_hand.iter().filter(|s| apart(s).iter().all(|&d| d <= u64::from(snap)));
    // Of two as near the first in order of numbers: whoever asks again gets the same.
    let nearest = near.min_by_key(|s| (apart(s).iter().map(|d| d * d).sum::<u64>(), **s));
    nearest.copied().unwrap_or(exact)
}

fn extended(place: CropPlace, extension: &Extension, prompts: &[Prompt]) -> Opened {
    let click = prompts.iter().position(|p| p.positive && p.world == extension.seed);
    let seed = click.map_or(Prompt::positive(extension.seed), |n| prompts[n]);
    // The first cube is always that of the first click.
    let after = (extension.clicks.max(1), false);
    Opened { place, opener: seed, click, after }
}

/// A canonical voxel as a point of the cube, which it is moved into if need be.
fn point(place: &CropPlace, voxel: [i64; 3], positive: bool) -> PointPrompt {
    let last = SIDE as i64 - 1;
    let inside = |a: usize| voxel[a].saturating_sub(place.start[a]).clamp(0, last) as f32;
    PointPrompt { voxel: std::array::from_fn(inside), positive }
}

#[cfg(test)]
mod tests {
    use super::super::answer::Patch;
    use super::*;
    use crate::geom::{DAffine3, DVec3};

    /// 1.5 mm voxels along RAS: canonical voxel = scan voxel.
    fn grid() -> Grid {
        Grid::new([600, 300, 300], DAffine3::from_scale(DVec3::splat(1.5))).unwrap()
    }

    fn prompt(voxel: [i64; 3], positive: bool) -> Prompt {
        Prompt::new(1.5 * DVec3::from_array(voxel.map(|v| v as f64)), positive)
    }

    fn log(prompts: &[Prompt]) -> PromptLog {
        PromptLog { prompts: prompts.to_vec(), ..PromptLog::default() }
    }

    fn extension(start: [i64; 3], seed: [i64; 3], clicks: usize) -> Extension {
        let centre = CanonicalGrid::of(&grid()).middle_of(start);
        Extension { centre, seed: prompt(seed, true).world, clicks }
    }

    fn planned(log: &PromptLog, earlier: &Cubes) -> Result<Vec<Planned>, SegmentError> {
        plan(&grid(), log, earlier, (0, &[]), &mut |_| None)
    }

    /// The answer that a plan leads to.
    fn answered(cubes: &[Planned]) -> Cubes {
        let step = |prompt: &Prompt| {
            let logits = Arc::new(Logits { side: 1, values: vec![1.0] });
            Arc::new(Step { prompt: *prompt, logits, iou: 0.5 })
        };
        let patch = |cube: &Planned| {
            let (place, opener) = (cube.place.clone(), cube.clicks[0]);
            Arc::new(Patch {
                place,
                opener,
                start: None,
                steps: cube.clicks.iter().map(step).collect(),
            })
        };
        Cubes { patches: cubes.iter().map(patch).collect(), ..Cubes::default() }
    }

    fn starts(cubes: &[Planned]) -> Vec<[i64; 3]> {
        cubes.iter().map(|c| c.place.start).collect()
    }

    #[test]
    fn clicks_out_of_reach_open_cubes_and_all_in_a_cube_are_told_there() {
        let (a, b) = (prompt([100; 3], true), prompt([110, 90, 100], false));
        // Beyond the first cube, [36, 164), by one voxel; the next one in both cubes; then in the second only.
        let (c, d) = (prompt([164, 100, 100], true), prompt([150, 100, 100], false));
        let e = prompt([200, 100, 100], false);
        let cubes = planned(&log(&[a, b, c, d, e]), &Cubes::default()).unwrap();
        assert_eq!(starts(&cubes), [[36; 3], [100, 36, 36]]);
        assert_eq!(cubes[0].clicks, [a, b, d]);
        assert_eq!(cubes[1].clicks, [c, a, b, d, e], "what it was opened for comes first");
        let points: Vec<_> = cubes[1].points.iter().map(|p| (p.voxel, p.positive)).collect();
        assert_eq!(points[0], ([64.0; 3], true));
        assert_eq!(points[1], ([0.0, 64.0, 64.0], true));
        assert_eq!(points[4], ([100.0, 64.0, 64.0], false));
        let place = CanonicalGrid::of(&grid()).crop_around(c.world);
        assert_eq!(cubes[1].place, place);
        assert!(matches!(
            planned(&log(&[a, e]), &Cubes::default()),
            Err(SegmentError::OutsideCrop { number: 2, .. })
        ));
        let beside = Prompt::positive(DVec3::new(-2.0, 100.0, 100.0));
        assert!(matches!(
            planned(&log(&[a, beside]), &Cubes::default()),
            Err(SegmentError::OutsideVolume { number: 2, .. })
        ));
        assert!(matches!(planned(&log(&[b]), &Cubes::default()), Err(SegmentError::FirstNegative)));
        assert!(planned(&log(&[]), &Cubes::default()).unwrap().is_empty());
    }

    #[test]
    fn a_cube_stays_where_it_is_as_long_as_its_click_stands() {
        let (a, b, c) =
            (prompt([100; 3], true), prompt([160, 100, 100], true), prompt([200, 100, 100], true));
        let first = log(&[a, b, c]);
        let cubes = planned(&first, &Cubes::default()).unwrap();
        assert_eq!(starts(&cubes), [[36; 3], [136, 36, 36]]);
        let mut earlier = answered(&cubes);
        // Snapped, for example.
        Arc::make_mut(&mut earlier.patches[1]).place =
            CanonicalGrid::of(&grid()).crop_at([140, 30, 36]);
        let again = planned(&first, &earlier).unwrap();
        assert_eq!(starts(&again), [[36; 3], [140, 30, 36]]);
        assert_eq!(again[1].points[0].voxel, [60.0, 70.0, 64.0]);
        // Without the first click the second opens a cube, and the third keeps its own though it now lies in
        // that of the second.
        let without = planned(&log(&[b, c]), &earlier).unwrap();
        assert_eq!(starts(&without), [[96, 36, 36], [140, 30, 36]]);
        assert_eq!(starts(&planned(&log(&[b, c]), &Cubes::default()).unwrap()), [[96, 36, 36]]);
        // The same click twice is no reason for a second cube.
        assert_eq!(starts(&planned(&log(&[a, a]), &earlier).unwrap()), [[36; 3]]);
    }

    #[test]
    fn extensions_come_last_and_start_from_a_click_or_a_seed() {
        let (a, b) = (prompt([100; 3], true), prompt([150, 100, 100], true));
        let far = prompt([260, 100, 100], true);
        let at = |start, voxel| extension(start, voxel, 3);
        let extensions = vec![
            at([164, 36, 36], [170, 100, 90]),
            at([100, 36, 36], [150, 100, 100]),
            // Where a click's cube is already; and a seed that is not in its cube.
            at([36; 3], [40; 3]),
            at([36, 100, 36], [100, 20, 500]),
        ];
        let log = PromptLog { extensions, ..log(&[a, b, far]) };
        let cubes = planned(&log, &Cubes::default()).unwrap();
        let expected = [[36; 3], [164, 36, 36], [100, 36, 36], [36, 100, 36]];
        assert_eq!(starts(&cubes), expected, "the far click lies in an extension");
        assert_eq!(cubes[2].clicks, [b, a]);
        let seed = prompt([170, 100, 90], true);
        assert_eq!(cubes[1].clicks, [seed, far]);
        assert_eq!(cubes[1].points[0].voxel, [6.0, 64.0, 54.0]);
        assert_eq!(cubes[3].points[0].voxel, [64.0, 0.0, 127.0], "moved into the cube");
        // The click that an extension starts from did not open it.
        let again = planned(&log, &answered(&cubes)).unwrap();
        assert_eq!(starts(&again), expected);
        // Without that extension the click is told in the first cube only.
        let bare = PromptLog { extensions: Vec::new(), ..log };
        assert_eq!(planned(&bare, &Cubes::default()).unwrap()[0].clicks, [a, b]);
    }

    /// Cubes are laid in that order, and a later one takes nothing from those before it.
    #[test]
    fn an_extension_comes_after_the_clicks_that_were_there() {
        let (a, far, further) =
            (prompt([100; 3], true), prompt([260, 100, 100], true), prompt([420, 100, 100], true));
        let at = |clicks, x| extension([x, 36, 36], [x + 9, 100, 100], clicks);
        let extensions = vec![at(2, 290), at(1, 100), at(1, -28), at(0, 36 + 64)];
        let log = PromptLog { extensions, ..log(&[a, far, further]) };
        let cubes = planned(&log, &Cubes::default()).unwrap();
        let expected = [36, 100, -28, 196, 290, 356];
        assert_eq!(starts(&cubes).iter().map(|s| s[0]).collect::<Vec<_>>(), expected);
    }

    /// A mask that is started from lies in the cubes that start below 100.
    #[test]
    fn negative_clicks_open_cubes_where_there_is_a_mask_that_was_there() {
        let seed = DVec3::splat(10.0);
        let mut told = |place: &CropPlace| {
            let logits = Arc::new(Logits { side: 1, values: vec![1.0] });
            (place.start[0] < 100).then_some(ToldMask { logits, seed })
        };
        let mut planned = |prompts: &[Prompt]| {
            let log = PromptLog { start: Some(Arc::default()), ..log(prompts) };
            plan(&grid(), &log, &Cubes::default(), (0, &[]), &mut told).unwrap()
        };
        let near = prompt([100; 3], false);
        let cubes = planned(&[near]);
        assert_eq!(starts(&cubes), [[36; 3]]);
        assert_eq!(cubes[0].clicks.len(), 2);
        assert!(cubes[0].clicks[0].positive && cubes[0].clicks[1] == near);
        assert_eq!(cubes[0].points[0].voxel, [10.0; 3]);
        // Where nothing is, it opens none; and a positive one beside it opens its own.
        let (far, beside) = (prompt([260, 100, 100], false), prompt([270, 100, 100], true));
        assert!(planned(&[far]).is_empty());
        let cubes = planned(&[far, beside]);
        assert_eq!(starts(&cubes), [[206, 36, 36]]);
        assert_eq!(cubes[0].clicks, [beside, far]);
        assert!(cubes[0].start.is_none());
    }

    #[test]
    fn a_new_cube_snaps_to_the_nearest_at_hand() {
        let log = log(&[prompt([100; 3], true)]);
        let at_hand = [[28, 36, 36], [36, 41, 36], [36, 31, 36], [0; 3]];
        let start = |snap| {
            let none = &mut |_: &CropPlace| None;
            let cubes = plan(&grid(), &log, &Cubes::default(), (snap, &at_hand), none).unwrap();
            cubes[0].place.start
        };
        assert_eq!(start(4), [36; 3], "none is so near");
        assert_eq!(start(5), [36, 31, 36], "of two as near the first in order of numbers");
        assert_eq!(start(20), [36, 31, 36]);
        let none = &mut |_: &CropPlace| None;
        let cubes = plan(&grid(), &log, &Cubes::default(), (8, &at_hand[..1]), none).unwrap();
        assert_eq!(
            (cubes[0].place.start, cubes[0].points[0].voxel),
            ([28, 36, 36], [72.0, 64.0, 64.0])
        );
    }

    #[test]
    fn steps_stand_as_long_as_cube_and_clicks_are_the_same() {
        let (a, b) = (prompt([100; 3], true), prompt([110; 3], false));
        let both = log(&[a, b]);
        let cubes = planned(&both, &Cubes::default()).unwrap();
        let earlier = answered(&cubes);
        let standing = |prompts: &[Prompt], side| {
            planned(&log(prompts), &earlier).unwrap()[0].standing(&earlier, side).len()
        };
        assert_eq!(standing(&[a, b], 1), 2);
        assert_eq!(standing(&[a], 1), 1);
        assert_eq!(standing(&[a, a, b], 1), 1);
        assert_eq!(standing(&[prompt([101; 3], true), b], 1), 0);
        assert_eq!(standing(&[a, b], 2), 0, "another model's logits");
    }
}
