//! Masks larger than the model's cube, and clicks outside of it, with a model whose mask is whatever is bright:
//! the encoder of `tests/data/models/tiny` and the decoder of `follow`. Also masks on the grid of another scan than the
//! image that the model looks at. Needs ONNX Runtime.

use std::sync::Arc;

use crate::reference::{data, volume_of};
use voxpoint::geom::{DAffine3, DMat3, DVec3, Grid};
use voxpoint::prompt::{Answer, Extension, KeptParts, Prompt, PromptLog};
use voxpoint::segment::cubes::{CanonicalGrid, CubeSegmenter, Cubes, Patch};
use voxpoint::segment::{DeviceChoice, Outcome, Request, SegmentError, Stage, Timings, adjusted};
use voxpoint::volume::{Region, Volume, Voxels};
use voxpoint::work::{CancelToken, Progress};

fn open() -> CubeSegmenter {
    let (folder, models) = (tempfile::tempdir().unwrap(), data().join("models"));
    for (from, to) in
        [("tiny/encoder.onnx", "encoder.onnx"), ("follow/decoder.onnx", "decoder.onnx")]
    {
        std::fs::copy(models.join(from), folder.path().join(to)).unwrap();
    }
    CubeSegmenter::open(folder.path(), DeviceChoice::Cpu, Some(1)).unwrap()
}

/// A scan with something bright in it, and that as a region.
fn scan(grid: Grid, bright: impl Fn([usize; 3]) -> bool) -> (Arc<Volume>, Region) {
    let [nx, ny, nz] = grid.dims();
    let voxel = |n: usize| [n % nx, n / nx % ny, n / nx / ny];
    let mask: Vec<bool> = (0..nx * ny * nz).map(|n| bright(voxel(n))).collect();
    let values = mask.iter().enumerate().map(|(n, &b)| if b { 200 } else { 40 + (n % 5) as u8 });
    (volume_of(grid, Voxels::U8(values.collect())), Region::from_mask(nx, mask))
}

fn dice(a: &Region, b: &Region) -> f64 {
    let runs = a.runs().iter().flat_map(|r| r.start..r.end());
    let both = runs.filter(|&i| b.contains(i)).count();
    2.0 * both as f64 / (a.count() + b.count()) as f64
}

/// 3 mm voxels, x towards Left, and a bar of 60 × 60 mm that goes through 0.6 m of it and then turns.
fn bent_bar() -> (Arc<Volume>, Region) {
    let matrix = DMat3::from_diagonal(DVec3::new(-3.0, 3.0, 3.0));
    let grid =
        Grid::new([230, 90, 50], DAffine3 { matrix3: matrix, translation: DVec3::splat(7.0) });
    scan(grid.unwrap(), |[x, y, z]| {
        let along = (10..210).contains(&x) && (60..80).contains(&y);
        let turned = (190..210).contains(&x) && (10..80).contains(&y);
        (along || turned) && (15..35).contains(&z)
    })
}

fn at(volume: &Volume, voxel: [usize; 3], positive: bool) -> Prompt {
    Prompt::new(volume.grid().world_of(voxel), positive)
}

fn run(segmenter: &mut CubeSegmenter, request: &Request) -> Outcome {
    segmenter.run(request, &CancelToken::new(), &mut |_| ()).unwrap()
}

fn extend(segmenter: &mut CubeSegmenter, request: &Request) -> (Outcome, Progress) {
    let progress = Progress::new();
    let outcome = segmenter.extend(request, &CancelToken::new(), &progress, &mut |_| ()).unwrap();
    (outcome, progress)
}

fn starts(answer: &Answer) -> Vec<[i64; 3]> {
    patches(answer).iter().map(|p| p.place.start).collect()
}

fn patches(answer: &Answer) -> Vec<Arc<Patch>> {
    Cubes::of(answer).unwrap().patches
}

/// What the document would ask after this outcome.
fn next(request: &Request, outcome: &Outcome, prompts: &[Prompt]) -> Request {
    let log = PromptLog {
        prompts: prompts.to_vec(),
        extensions: outcome.extensions.clone(),
        ..request.log.clone()
    };
    Request { log, earlier: outcome.answer.clone(), ..request.clone() }
}

#[test]
fn a_bar_is_followed_to_its_ends_and_the_log_replays_to_the_same_mask() {
    let (volume, bar) = bent_bar();
    let mut segmenter = open();
    let prompts = [at(&volume, [20, 70, 25], true)];
    let request = Request::new(volume.clone(), prompts.to_vec());
    let first = run(&mut segmenter, &request);
    assert!(first.answer.touches && dice(&first.region, &bar) < 0.5);

    let asked = Request { earlier: first.answer.clone(), ..request.clone() };
    let (whole, progress) = extend(&mut segmenter, &asked);
    assert!(!whole.answer.touches);
    let dice = dice(&whole.region, &bar);
    assert!(dice > 0.95, "{dice}");
    // Cubes are 192 mm, half of one after the other.
    let cubes = whole.extensions.len();
    assert!((5..=10).contains(&cubes), "{cubes}");
    assert_eq!(patches(&whole.answer).len(), cubes + 1);
    assert_eq!(whole.timings.decode.len(), cubes, "a step at hand is not computed again");
    assert!(whole.timings.encode.is_some() && whole.timings.crop.is_some());
    let (done, total) = progress.get();
    assert!(done == total && done >= cubes as u64);
    // Every seed is in the bar.
    for extension in &whole.extensions {
        let voxel = volume.grid().voxel_at(extension.seed).unwrap();
        assert!(bar.contains(volume.grid().index(voxel)), "{extension:?}");
    }

    // With all steps at hand, with none, by another segmenter, and after a change of model.
    let again = next(&request, &whole, &prompts);
    for request in [
        again.clone(),
        Request { earlier: Answer::default(), ..again.clone() },
        Request { earlier: whole.answer.clone().without_state(), ..again.clone() },
    ] {
        let replay = run(&mut open(), &request);
        assert_eq!((&replay.region, &replay.answer), (&whole.region, &whole.answer));
        assert_eq!(replay.extensions, whole.extensions);
    }
    // There is nothing more to follow.
    assert_eq!(extend(&mut segmenter, &again).0.extensions, whole.extensions);
}

#[test]
fn clicks_go_on_after_an_extension() {
    let (volume, bar) = bent_bar();
    let mut segmenter = open();
    let near = at(&volume, [20, 70, 25], true);
    // 390 mm away.
    let far = at(&volume, [150, 70, 25], true);
    let request = Request::new(volume.clone(), vec![near, far]);
    let two = run(&mut segmenter, &request);
    assert_eq!(patches(&two.answer).len(), 2);
    let both = [near, far].map(|p| p.world);
    assert_eq!(patches(&two.answer).iter().map(|p| p.opener.world).collect::<Vec<_>>(), both);
    let reach = |p: &Prompt| {
        let index = volume.grid().index(volume.grid().voxel_at(p.world).unwrap());
        two.region.contains(index)
    };
    assert!(reach(&near) && reach(&far) && !reach(&at(&volume, [75, 70, 25], true)));

    let (whole, _) = extend(&mut segmenter, &next(&request, &two, &[near, far]));
    assert!(dice(&whole.region, &bar) > 0.95 && !whole.answer.touches);
    // The far click now lies in other cubes too; its own stays, also in a replay from nothing.
    let from_nothing =
        Request { earlier: Answer::default(), ..next(&request, &whole, &[near, far]) };
    assert_eq!(run(&mut segmenter, &from_nothing).region, whole.region);
    assert!(starts(&whole.answer).contains(&starts(&two.answer)[1]));

    // A click in an extension is told there, in every cube that it lies in, and opens none.
    let more = [near, far, at(&volume, [75, 70, 25], false)];
    let third = run(&mut segmenter, &next(&request, &whole, &more));
    assert_eq!(starts(&third.answer), starts(&whole.answer));
    let steps = |o: &Outcome| patches(&o.answer).iter().map(|p| p.steps.len()).sum::<usize>();
    let told = steps(&third) - steps(&whole);
    assert!((1..=3).contains(&told) && third.timings.decode.len() == told, "{told}");
    assert_eq!(third.timings.encode, None);
    // Undo.
    let undone = run(
        &mut segmenter,
        &Request { earlier: third.answer.clone(), ..next(&request, &whole, &[near, far]) },
    );
    assert_eq!((undone.region, undone.answer), (whole.region, whole.answer));
}

/// A click beside the bar opens a cube that covers the bar only in part, so extensions go past it, and one of
/// them holds the click.
#[test]
fn a_cube_whose_click_lies_in_an_extension_stays_in_a_replay_from_nothing() {
    let (volume, _) = bent_bar();
    let mut segmenter = open();
    let prompts = [at(&volume, [20, 70, 25], true), at(&volume, [100, 45, 25], true)];
    let request = Request::new(volume.clone(), prompts.to_vec());
    let two = run(&mut segmenter, &request);
    let (start, seed) = (starts(&two.answer)[1], prompts[1].world);
    let (whole, _) = extend(&mut segmenter, &next(&request, &two, &prompts));
    let centre = CanonicalGrid::of(volume.grid()).middle_of(start);
    assert!(
        whole.extensions.contains(&Extension { centre, seed, clicks: 1 }),
        "{:?}",
        whole.extensions
    );
    let again = next(&request, &whole, &prompts);
    for earlier in [whole.answer.clone(), Answer::default()] {
        let replay = run(&mut segmenter, &Request { earlier, ..again.clone() });
        assert_eq!((&replay.region, &replay.answer), (&whole.region, &whole.answer));
    }
}

#[test]
fn a_click_that_is_visible_is_what_a_new_cube_starts_from() {
    let (volume, _) = bent_bar();
    let mut segmenter = open();
    let prompts = [at(&volume, [50, 70, 25], true), at(&volume, [75, 68, 26], true)];
    let request = Request::new(volume.clone(), prompts.to_vec());
    let (whole, _) = extend(&mut segmenter, &request);
    let seeds = whole.extensions.iter().filter(|e| e.seed == prompts[1].world);
    assert_eq!(seeds.count(), 1);
    let opened = patches(&whole.answer).into_iter().filter(|p| p.opener == prompts[1]);
    assert_eq!(opened.count(), 1);
}

#[test]
fn a_threshold_moves_the_mask_and_asks_no_model() {
    let (volume, _) = bent_bar();
    let mut segmenter = open();
    let prompts = vec![at(&volume, [20, 70, 25], true)];
    let request = Request::new(volume, prompts);
    let first = run(&mut segmenter, &request);
    let of = |threshold| {
        let log = PromptLog { threshold, ..request.log.clone() };
        Request { log, earlier: first.answer.clone(), ..request.clone() }
    };
    let (wide, tight) = (run(&mut segmenter, &of(-0.8)), run(&mut segmenter, &of(1.0)));
    assert!(wide.timings.decode.is_empty() && tight.timings.encode.is_none());
    assert!(wide.region.count() > first.region.count());
    assert!(tight.region.count() < first.region.count() && tight.region.count() > 0);
    assert!(!run(&mut segmenter, &of(100.0)).answer.touches);
}

#[test]
fn cubes_that_bring_nothing_are_not_kept() {
    // The bar ends just before the cube's face; a bright speck at the face leads nowhere.
    let grid = Grid::new([200, 60, 60], DAffine3::from_scale(DVec3::splat(3.0))).unwrap();
    let (volume, _) = scan(grid, |[x, y, z]| {
        (40..90).contains(&x) && (20..40).contains(&y) && (20..40).contains(&z)
    });
    let mut segmenter = open();
    // The first cube reaches 64 voxels of 1.5 mm, 32 of the scan's, to each side: just beyond the bar's end.
    let request = Request::new(volume.clone(), vec![at(&volume, [59, 30, 30], true)]);
    let first = run(&mut segmenter, &request);
    assert!(first.answer.touches);
    let (extended, progress) = extend(&mut segmenter, &request);
    assert!(extended.extensions.len() < progress.get().0 as usize, "{progress:?}");
    let replay =
        Request { earlier: Answer::default(), ..next(&request, &extended, &request.log.prompts) };
    assert_eq!(run(&mut segmenter, &replay).region, extended.region);
    // Nothing is left to look at, and whoever asks nevertheless costs nothing.
    assert!(!extended.answer.touches && !extended.answer.tried.is_empty());
    // But where it was looked for in vain the mask still ends at the cube, not at its border.
    assert!(extended.answer.cut && !first.answer.cut);
    let again = next(&request, &extended, &request.log.prompts);
    let (second, progress) = extend(&mut segmenter, &again);
    assert_eq!((progress.get(), second.timings.decode.len()), ((0, 0), 0));
    assert_eq!((&second.answer, &second.extensions), (&extended.answer, &extended.extensions));
    // Another model may find more there, and so may another click.
    assert!(extended.answer.clone().without_state().tried.is_empty());
    let more = [request.log.prompts[0], at(&volume, [58, 30, 30], true)];
    let clicked = run(&mut segmenter, &next(&request, &extended, &more));
    assert!(clicked.answer.touches && clicked.answer.tried.is_empty());
}

/// Beyond the bar's end there is nothing but zeros, which can't be normalised.
#[test]
fn a_neighbour_without_an_image_is_passed_over() {
    let grid = Grid::new([300, 40, 40], DAffine3::from_scale(DVec3::splat(1.5))).unwrap();
    let values =
        (0..300 * 40 * 40).map(|n: usize| if n % 300 < 100 { 90 + (n % 7) as u8 } else { 0 });
    let volume = volume_of(grid, Voxels::U8(values.collect()));
    let mut segmenter = open();
    let log = PromptLog { threshold: -50.0, ..PromptLog::default() };
    let mut request = Request::new(volume.clone(), vec![at(&volume, [30, 20, 20], true)]);
    request.log.threshold = log.threshold;
    // With this threshold all is mask, so it goes on; two cubes further there is no image, and that is known then.
    assert!(run(&mut segmenter, &request).answer.touches);
    let (outcome, progress) = extend(&mut segmenter, &request);
    assert!(!outcome.answer.touches && !outcome.answer.tried.is_empty());
    assert!(progress.get().0 > outcome.extensions.len() as u64);
    assert!(patches(&outcome.answer).len() >= 2);
}

#[test]
fn one_call_tries_so_many_cubes_and_the_next_goes_on() {
    let grid = Grid::new([1150, 36, 36], DAffine3::from_scale(DVec3::splat(3.0))).unwrap();
    let (volume, bar) = scan(grid, |[_, y, z]| (8..28).contains(&y) && (8..28).contains(&z));
    let mut segmenter = open();
    let request = Request::new(volume.clone(), vec![at(&volume, [10, 18, 18], true)]);
    let (first, progress) = extend(&mut segmenter, &request);
    assert_eq!((first.extensions.len(), progress.get()), (32, (32, 32)));
    assert!(first.answer.touches);
    let (second, _) = extend(&mut segmenter, &next(&request, &first, &request.log.prompts));
    assert!(!second.answer.touches && second.extensions.starts_with(&first.extensions));
    let dice = dice(&second.region, &bar);
    assert!(dice > 0.85, "{dice}");
}

#[test]
fn an_extension_can_be_cancelled_between_and_within_cubes() {
    let (volume, _) = bent_bar();
    let mut segmenter = open();
    let request = Request::new(volume.clone(), vec![at(&volume, [20, 70, 25], true)]);
    for (wanted, when) in [(Stage::Crop, 3), (Stage::Encode, 2), (Stage::Decode, 4)] {
        let (cancel, progress, mut seen) = (CancelToken::new(), Progress::new(), 0);
        let mut segmenter = open();
        let result = segmenter.extend(&request, &cancel, &progress, &mut |stage| {
            seen += usize::from(stage == wanted);
            if seen == when {
                cancel.cancel();
            }
        });
        assert!(progress.get().0 < when as u64);
        // What was found until then is kept, and goes on from there.
        let found = when - 2;
        if found == 0 {
            assert!(matches!(result, Err(SegmentError::Cancelled)));
            continue;
        }
        let part = result.unwrap();
        assert!(part.answer.touches && part.extensions.len() == found, "{:?}", part.extensions);
        let again = next(&request, &part, &request.log.prompts);
        let replay = Request { earlier: Answer::default(), ..again.clone() };
        assert_eq!(run(&mut segmenter, &replay).region, part.region);
        let (whole, _) = extend(&mut segmenter, &again);
        assert!(!whole.answer.touches && whole.extensions.starts_with(&part.extensions));
    }
    assert!(!extend(&mut segmenter, &request).0.answer.touches);
}

#[test]
fn previews_never_encode_and_prefetching_makes_them_ready() {
    let (volume, _) = bent_bar();
    let mut segmenter = open();
    let cancel = CancelToken::new();
    let (near, far) = (at(&volume, [20, 70, 25], true), at(&volume, [150, 70, 25], true));
    let request = Request::new(volume.clone(), vec![near, far]);
    assert!(!segmenter.is_ready(&request));
    assert_eq!(segmenter.missing_cubes(&request).unwrap(), 2);
    assert!(segmenter.preview(&request, &cancel).unwrap().is_none());
    let one = Request::new(volume.clone(), vec![near]);
    let first = run(&mut segmenter, &one);
    assert!(segmenter.is_ready(&one) && !segmenter.is_ready(&request), "one of two is at hand");
    let times = segmenter.prefetch(&request, &cancel).unwrap();
    assert!(times.encode.is_some() && segmenter.is_ready(&request));
    assert_eq!(segmenter.prefetch(&request, &cancel).unwrap(), Timings::default());
    let asked = next(&one, &first, &[near, far]);
    let preview = segmenter.preview(&asked, &cancel).unwrap().unwrap();
    assert_eq!((preview.timings.encode, preview.timings.decode.len()), (None, 1));
    assert_eq!(preview.region, run(&mut open(), &request).region);

    // Near a cube at hand: that one will do.
    let beside = at(&volume, [151, 70, 25], true);
    let mut snapped = Request::new(volume.clone(), vec![beside]);
    assert!(!segmenter.is_ready(&snapped));
    snapped.near = true;
    assert!(segmenter.is_ready(&snapped));
    let outcome = segmenter.preview(&snapped, &cancel).unwrap().unwrap();
    assert_eq!(starts(&outcome.answer), starts(&preview.answer)[1..]);
    // Once answered, its place no longer depends on what is at hand.
    let replay = Request { earlier: outcome.answer.clone(), near: false, ..snapped.clone() };
    assert_eq!(run(&mut open(), &replay).answer, outcome.answer);

    let other = Arc::new(volume.as_ref().clone());
    assert!(!segmenter.is_ready(&Request::new(other, vec![near])), "another volume");
    let nonsense = Request::new(volume, vec![Prompt { positive: false, ..near }]);
    assert!(!segmenter.is_ready(&nonsense));
    assert!(segmenter.preview(&nonsense, &cancel).is_err());
}

#[test]
fn an_extension_that_was_removed_from_the_log_is_gone() {
    let (volume, _) = bent_bar();
    let mut segmenter = open();
    let request = Request::new(volume.clone(), vec![at(&volume, [20, 70, 25], true)]);
    let alone = run(&mut segmenter, &request);
    let (whole, _) = extend(&mut segmenter, &request);
    let back = Request { earlier: whole.answer, ..request.clone() };
    assert_eq!(run(&mut segmenter, &back).region, alone.region);
    let seed = Extension { seed: DVec3::splat(1e9), ..whole.extensions[0] };
    let odd = PromptLog { extensions: vec![seed], ..request.log.clone() };
    assert_eq!(patches(&run(&mut segmenter, &Request { log: odd, ..request }).answer).len(), 2);
}

/// A scan, an image that lies over it elsewhere in memory, and the click: what the model sees is the image, what the
/// mask lies on is the scan.
#[test]
fn a_mask_lies_on_the_scans_grid_whatever_image_the_model_looks_at() {
    let matrix = DMat3::from_diagonal(DVec3::new(-3.0, 3.0, 3.0));
    let grid =
        Grid::new([40, 36, 30], DAffine3 { matrix3: matrix, translation: DVec3::splat(7.0) });
    let bright = |[x, y, z]: [usize; 3]| {
        (12..25).contains(&x) && (8..20).contains(&y) && (10..22).contains(&z)
    };
    let (image, truth) = scan(grid.unwrap(), bright);
    let prompt = at(&image, [18, 14, 16], true);
    let plain = Request::new(image.clone(), vec![prompt]);
    let mut segmenter = open();
    let own = run(&mut segmenter, &plain).region;
    let found = dice(&own, &truth);
    assert!(found > 0.7, "{found}");
    let on = |segmenter: &mut CubeSegmenter, grid: &Grid| {
        run(segmenter, &Request { mask_grid: Some(grid.clone()), ..plain.clone() }).region
    };
    assert_eq!(on(&mut segmenter, image.grid()), own);

    // The same voxels in another order: (z, x, y), x and y counted from the other end.
    let old = image.grid().world_from_voxel();
    let turned = DMat3::from_cols(old.matrix3.z_axis, -old.matrix3.x_axis, -old.matrix3.y_axis);
    let first = image.grid().world_of([39, 35, 0]);
    let scan_grid = DAffine3 { matrix3: turned, translation: first };
    let scan_grid = Grid::new([30, 40, 36], scan_grid).unwrap();
    let mask = on(&mut segmenter, &scan_grid);
    assert_eq!(mask.count(), own.count());
    for z in 0..30 {
        for y in 0..36 {
            for x in 0..40 {
                let here = image.grid().index([x, y, z]);
                let there = scan_grid.index([z, 39 - x, 35 - y]);
                assert_eq!(own.contains(here), mask.contains(there), "{x} {y} {z}");
            }
        }
    }

    // A finer, tilted scan that sticks out: its voxels whose centre lies in the mask, but for the mask's surface.
    let tilt = DMat3::from_axis_angle(DVec3::new(0.3, 0.5, 0.8).normalize(), 0.4);
    let fine = DAffine3 {
        matrix3: tilt * DMat3::from_diagonal(DVec3::splat(2.0)),
        translation: DVec3::ZERO,
    };
    let shift = image.grid().centre() - fine.transform_point3(DVec3::splat(45.0));
    let fine = Grid::new([90, 90, 90], DAffine3 { translation: shift, ..fine }).unwrap();
    let inside = |n: usize| {
        let voxel = [n % 90, n / 90 % 90, n / 8100];
        image
            .grid()
            .voxel_at(fine.world_of(voxel))
            .is_some_and(|v| own.contains(image.grid().index(v)))
    };
    let wanted = Region::from_mask(90, (0..fine.count()).map(inside));
    let found = on(&mut segmenter, &fine);
    assert!(dice(&found, &wanted) > 0.9, "{}", dice(&found, &wanted));
}

/// Two bars through the cube, a click in one: only that one is the mask, says that it goes on, and is followed.
#[test]
fn only_the_part_that_was_clicked_is_kept_and_followed() {
    let grid = Grid::new([230, 60, 60], DAffine3::from_scale(DVec3::splat(3.0))).unwrap();
    let within = |v: usize, from: usize, to: usize| (from..to).contains(&v);
    // The first ends in the first cube, which reaches from 12 to 76; the other goes on.
    let first = |[x, y, z]: [usize; 3]| within(x, 30, 60) && within(y, 8, 24) && within(z, 20, 40);
    let other =
        |[x, y, z]: [usize; 3]| within(x, 30, 200) && within(y, 36, 52) && within(z, 20, 40);
    let (volume, both) = scan(grid.clone(), |v| first(v) || other(v));
    let (_, first) = scan(grid.clone(), first);
    let (_, other) = scan(grid, other);
    let mut segmenter = open();
    for (click, bar, goes_on) in [([44, 16, 30], &first, false), ([44, 44, 30], &other, true)] {
        let mut request = Request::new(volume.clone(), vec![at(&volume, click, true)]);
        let all = run(&mut segmenter, &request);
        assert!(all.answer.touches);
        request.log.parts = KeptParts::Clicked;
        let asked = Request { earlier: all.answer.clone(), ..request.clone() };
        let one = run(&mut segmenter, &asked);
        assert!(one.timings.decode.is_empty(), "nothing is asked again");
        assert_eq!(one.answer.touches, goes_on);
        assert!(all.region.count() > one.region.count() + 5000);
        // The same as from the answer to all parts, and back.
        let grid = volume.grid();
        let kept = adjusted(&all.answer, &request.log, grid, grid).unwrap();
        assert_eq!((&kept.region, kept.touches), (&one.region, goes_on));
        let log = PromptLog { parts: KeptParts::All, ..request.log.clone() };
        let back = adjusted(&one.answer, &log, grid, grid).unwrap();
        assert_eq!((&back.region, back.touches), (&all.region, true));

        let asked = Request { earlier: one.answer.clone(), ..request };
        let (whole, _) = extend(&mut segmenter, &asked);
        assert_eq!(!whole.extensions.is_empty(), goes_on);
        let dice = dice(&whole.region, bar);
        assert!(dice > 0.88, "{dice}");
    }
    // Without the switch the bar that was not clicked is followed.
    let request = Request::new(volume.clone(), vec![at(&volume, [44, 16, 30], true)]);
    let (whole, _) = extend(&mut segmenter, &request);
    assert!(!whole.extensions.is_empty() && dice(&whole.region, &both) > 0.9);
}
