//! The replay with real models: the demo model against Python's onnxruntime, a tiny pair whose arithmetic
//! is repeated here, caching, cancelling, and everything that is refused. Needs ONNX Runtime.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::reference::{Case, data, folder, volume_of};
use voxpoint::geom::{DAffine3, DVec3, Grid};
use voxpoint::prompt::{Answer, MaskRule, Prompt, WorkingScale};
use voxpoint::segment::cubes::{CanonicalGrid, CubeSegmenter, Cubes, Patch, SIDE, Step, crop};
use voxpoint::segment::{DeviceChoice, Outcome, Request, SegmentError, Stage};
use voxpoint::volume::{Scale, Volume, Voxels};
use voxpoint::work::CancelToken;

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demo")
}

fn open(model: &Path) -> CubeSegmenter {
    CubeSegmenter::open(model, DeviceChoice::Cpu, None).unwrap()
}

fn request(volume: &Arc<Volume>, prompts: &[Prompt]) -> Request {
    Request::new(volume.clone(), prompts.to_vec())
}

/// The answers in the only cube.
fn steps(outcome: &Outcome) -> Vec<Arc<Step>> {
    let patches = patches(outcome);
    assert_eq!(patches.len(), 1);
    patches[0].steps.clone()
}

fn patches(outcome: &Outcome) -> Vec<Arc<Patch>> {
    Cubes::of(&outcome.answer).unwrap().patches
}

fn run(segmenter: &mut CubeSegmenter, request: &Request) -> Result<Outcome, SegmentError> {
    segmenter.run(request, &CancelToken::new(), &mut |_| ())
}

#[derive(serde::Deserialize)]
struct Expected {
    #[serde(flatten)]
    click: DemoClick,
    iou: f64,
    logits_mean: f64,
    logits_norm: f64,
    voxels: usize,
}

#[derive(serde::Deserialize)]
struct DemoClick {
    click_world: [f64; 3],
    label: u8,
}

#[test]
fn the_demo_model_answers_as_in_python() {
    let text = std::fs::read(folder().join("demo_lumbar.json")).unwrap();
    let expected: Vec<Expected> = serde_json::from_slice(&text).unwrap();
    let volume = Case::read("spine_ct").volume();
    let prompts: Vec<Prompt> = expected
        .iter()
        .map(|e| Prompt::new(DVec3::from_array(e.click.click_world), e.click.label == 1))
        .collect();
    let mut segmenter = open(&demo());
    assert_eq!((segmenter.model_name(), segmenter.logits_side()), ("demo", 64));
    for (n, expected) in expected.iter().enumerate() {
        let mut asked = request(&volume, &prompts[..=n]);
        asked.log.rule = MaskRule::Authors;
        let outcome = run(&mut segmenter, &asked).unwrap();
        let step = steps(&outcome).last().unwrap().clone();
        let values = &step.logits.values;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64;
        let norm = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-3 * b.abs();
        assert!(near(mean, expected.logits_mean), "{n}: {mean} {}", expected.logits_mean);
        assert!(near(norm, expected.logits_norm), "{n}: {norm} {}", expected.logits_norm);
        assert!(near(f64::from(step.iou), expected.iou), "{n}: {} {}", step.iou, expected.iou);
        let voxels = outcome.region.count();
        assert!(voxels.abs_diff(expected.voxels) <= 2 + expected.voxels / 1000, "{n}: {voxels}");
    }
}

#[test]
fn a_replay_is_the_same_bit_for_bit_whatever_was_at_hand() {
    let case = Case::read("spine_ct");
    let (volume, prompts) = (case.volume(), case.prompts()[..3].to_vec());
    let mut segmenter = open(&demo());
    let full = run(&mut segmenter, &request(&volume, &prompts)).unwrap();
    assert!(full.timings.crop.is_some() && full.timings.encode.is_some());
    assert_eq!(full.timings.decode.len(), prompts.len());

    let mut grown = run(&mut segmenter, &request(&volume, &prompts[..1])).unwrap();
    for n in 2..=prompts.len() {
        let next = Request { earlier: grown.answer.clone(), ..request(&volume, &prompts[..n]) };
        grown = run(&mut segmenter, &next).unwrap();
        let timings = &grown.timings;
        assert_eq!((timings.crop, timings.encode, timings.decode.len()), (None, None, 1));
    }
    assert_eq!((&steps(&grown), &grown.region), (&steps(&full), &full.region));

    // Undo: all steps stand, so nothing is computed but the mask.
    let undo = Request { earlier: full.answer.clone(), ..request(&volume, &prompts[..2]) };
    let undone = run(&mut segmenter, &undo).unwrap();
    assert!(undone.timings.decode.is_empty() && undone.timings.encode.is_none());
    assert_eq!(steps(&undone), &steps(&full)[..2]);

    // Another model object, and another order of work, all anew.
    let again = run(&mut open(&demo()), &request(&volume, &prompts)).unwrap();
    assert_eq!((&steps(&again), &again.region), (&steps(&full), &full.region));

    // A prompt changed in the middle: its step and all after it are computed again.
    let mut changed = prompts.clone();
    changed[1].positive = !changed[1].positive;
    let partly = Request { earlier: full.answer.clone(), ..request(&volume, &changed) };
    let partly = run(&mut segmenter, &partly).unwrap();
    assert_eq!(partly.timings.decode.len(), prompts.len() - 1);
    assert_eq!(steps(&partly), steps(&run(&mut segmenter, &request(&volume, &changed)).unwrap()));
}

/// A block with a dark side, 1.5 mm voxels, large enough to click out of reach of the first cube.
fn block() -> Arc<Volume> {
    let dims = [300, 40, 30];
    let voxels = (0..dims.iter().product()).map(|i: usize| (i % 300 + i % 7) as i16).collect();
    let grid = Grid::new(dims, DAffine3::from_scale(DVec3::splat(1.5))).unwrap();
    volume_of(grid, Voxels::I16(voxels))
}

fn prompt(x: f64, y: f64, z: f64, positive: bool) -> Prompt {
    Prompt::new(DVec3::new(x, y, z), positive)
}

/// `tests/data/models/make_models.py` says what the tiny pair computes.
#[test]
fn every_encoder_output_points_labels_and_last_logits_reach_the_decoder() {
    let volume = block();
    let prompts = [prompt(150.0, 30.0, 21.0, true), prompt(120.0, 45.0, 6.0, false)];
    let outcome = run(&mut open(&data().join("models/tiny")), &request(&volume, &prompts)).unwrap();
    let place = CanonicalGrid::of(volume.grid()).crop_around(prompts[0].world);
    let image = crop(&volume, place.start).unwrap().values;
    let level = f64::from(image.iter().copied().fold(f32::MIN, f32::max));
    let block = |n: usize| {
        let from = [n / 1024 * 4, n / 32 % 32 * 4, n % 32 * 4];
        let mut sum = 0.0;
        for i in 0..64 {
            let at = [from[0] + i / 16, from[1] + i / 4 % 4, from[2] + i % 4];
            sum += f64::from(image[(at[0] * SIDE + at[1]) * SIDE + at[2]]);
        }
        sum / 64.0
    };
    // 20 voxels to the left, 10 forward, 10 down: (44, 74, 54).
    let (first, second) = (0.001 * 192.0, 0.001 * (192.0 + 44.0 + 74.0 + 54.0));
    for n in (0..32 * 32 * 32).step_by(997) {
        let one = block(n) - level + first;
        let two = block(n) - level + 0.5 * one + second;
        let ours = [0, 1].map(|s: usize| f64::from(steps(&outcome)[s].logits.values[n]));
        assert!(
            (ours[0] - one).abs() < 1e-4 && (ours[1] - two).abs() < 1e-4,
            "{n}: {ours:?}, not {one} {two}"
        );
    }
    assert_eq!((steps(&outcome)[0].iou, steps(&outcome)[1].iou), (1.0, 0.5));
    assert_eq!(patches(&outcome)[0].place, place);
}

#[test]
fn clicks_that_make_no_sense_are_refused() {
    let volume = block();
    let mut segmenter = open(&data().join("models/tiny"));
    let mut refused = |prompts: &[Prompt]| {
        run(&mut segmenter, &request(&volume, prompts))
            .map(|o| patches(&o).iter().map(|p| p.steps.len()).sum::<usize>())
    };
    let good = prompt(150.0, 30.0, 21.0, true);
    assert!(matches!(refused(&[]), Ok(0)));
    let negative = Prompt { positive: false, ..good };
    assert!(matches!(refused(&[negative]), Err(SegmentError::FirstNegative)));
    let outside = prompt(-3.0, 30.0, 21.0, true);
    let error = refused(&[outside]).unwrap_err();
    assert!(matches!(error, SegmentError::OutsideVolume { number: 1, .. }), "{error}");
    let far = prompt(150.0 + 97.5, 30.0, 21.0, false);
    let error = refused(&[good, far]).unwrap_err();
    assert!(matches!(error, SegmentError::OutsideCrop { number: 2, .. }), "{error}");
    assert!(error.to_string().contains("dashed squares"));
    // The last voxel of the cube is still in reach.
    assert!(matches!(refused(&[good, prompt(150.0 + 94.5, 30.0, 21.0, true)]), Ok(2)));

    let (dark, grid) = (vec![0; volume.voxels().len()], volume.grid().clone());
    let dark = volume_of(grid, Voxels::U8(dark));
    let error = run(&mut segmenter, &request(&dark, &[good])).unwrap_err();
    assert!(matches!(error, SegmentError::NothingPositive));
}

#[test]
fn cancelling_stops_before_and_during_the_model_and_leaves_it_usable() {
    let case = Case::read("spine_ct");
    let (volume, prompts) = (case.volume(), case.prompts());
    let mut segmenter = open(&demo());
    for when in [Stage::Crop, Stage::Encode, Stage::Decode, Stage::Paste] {
        let cancel = CancelToken::new();
        let result = segmenter.run(&request(&volume, &prompts[..2]), &cancel, &mut |stage| {
            if stage == when {
                cancel.cancel();
            }
        });
        match when {
            // Nothing is asked after the paste: the answer is there.
            Stage::Paste => assert_eq!(steps(&result.unwrap()).len(), 2),
            _ => assert!(matches!(result, Err(SegmentError::Cancelled)), "{when:?}"),
        }
    }
    let cancel = CancelToken::new();
    let late = cancel.clone();
    let fresh = case.volume();
    let result = segmenter.run(&request(&fresh, &prompts), &cancel, &mut |stage| {
        if stage == Stage::Encode {
            let late = late.clone();
            std::thread::spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(10));
                late.cancel();
            });
        }
    });
    assert!(matches!(result, Err(SegmentError::Cancelled)));
    assert_eq!(
        patches(&run(&mut segmenter, &request(&fresh, &prompts)).unwrap())[0].steps.len(),
        4
    );
}

fn refused(model: &Path) -> String {
    match CubeSegmenter::open(model, DeviceChoice::Cpu, Some(1)) {
        Ok(_) => panic!("opened {}", model.display()),
        Err(error) => {
            let text = error.to_string();
            assert!(!text.contains('\n') && text.len() < 700, "{text}");
            text
        }
    }
}

/// A folder with two files of `tests/data/models` as encoder and decoder.
fn pair(encoder: &str, decoder: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let models = data().join("models");
    std::fs::copy(models.join(encoder), folder.path().join("encoder.onnx")).unwrap();
    std::fs::copy(models.join(decoder), folder.path().join("decoder.onnx")).unwrap();
    folder
}

#[test]
fn wrong_models_are_refused_with_what_is_wrong() {
    let (encoder, decoder) = ("tiny/encoder.onnx", "tiny/decoder.onnx");
    let of = |e: &str, d: &str| refused(pair(e, d).path());

    assert!(refused(Path::new("no/such/model")).starts_with("no model there"));
    assert!(refused(&data().join("models/make_models.py")).starts_with("no model there"));
    assert!(refused(Path::new("no/sam.pth")).starts_with("the checkpoint cannot be read"));
    assert!(refused(&data().join("checkpoints/float32.pth")).contains("image_encoder.pos_embed"));
    let half = pair(encoder, decoder);
    std::fs::remove_file(half.path().join("decoder.onnx")).unwrap();
    assert!(refused(half.path()).contains("decoder.onnx"));

    assert!(of("make_models.py", decoder).starts_with("not a usable ONNX model"));
    let text = of("encoder_other_input.onnx", decoder);
    assert!(text.contains("expected one input image") && text.contains("picture"), "{text}");
    let text = of(decoder, encoder);
    assert!(text.contains("expected one input image") && text.contains("prev_mask"), "{text}");
    let text = of(encoder, "decoder_other_mask.onnx");
    assert!(text.contains("input prev_mask") && text.contains("mask_input"), "{text}");
    let text = of(encoder, "decoder_other_feature.onnx");
    assert!(text.contains("strength") && text.contains("level"), "{text}");
}

/// A click on a small bright block with a model; what it says, after at most `patience` if that is given.
fn click_with(model: &Path, patience: Option<Duration>) -> Result<Outcome, SegmentError> {
    let mut segmenter = CubeSegmenter::open(model, DeviceChoice::Cpu, Some(1))?;
    let grid = Grid::new([16; 3], DAffine3::from_scale(DVec3::splat(1.5))).unwrap();
    let voxels = Voxels::U8((0..16 * 16 * 16).map(|n| (n % 7) as u8).collect());
    let volume = volume_of(grid, voxels);
    let click = Prompt::positive(DVec3::splat(10.0));
    let cancel = CancelToken::new();
    std::thread::scope(|scope| {
        if let Some(patience) = patience {
            let cancel = cancel.clone();
            scope.spawn(move || {
                std::thread::sleep(patience);
                cancel.cancel();
            });
        }
        segmenter.run(&request(&volume, &[click]), &cancel, &mut |_| ())
    })
}

#[test]
fn a_model_without_an_end_ends_when_nobody_waits_any_more() {
    let endless = pair("hostile/loop_encoder.onnx", "tiny/decoder.onnx");
    let begun = Instant::now();
    let stopped = click_with(endless.path(), Some(Duration::from_millis(300)));
    assert!(matches!(stopped, Err(SegmentError::Cancelled)), "{:?}", stopped.map(|_| ()));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn a_model_gets_no_more_memory_than_models_may_take() {
    let greedy = pair("hostile/memory_encoder.onnx", "tiny/decoder.onnx");
    let peak = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:").map(str::to_owned));
        line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse::<u64>().ok()).unwrap_or(0)
    };
    let before = peak();
    let error = click_with(greedy.path(), None).unwrap_err().to_string();
    assert!(error.contains("more memory than the 4096 MB"), "{error}");
    assert!(peak() - before < 1 << 20, "it took {} kB", peak() - before);
}

#[test]
fn as_many_logits_in_another_shape_are_refused() {
    let other = pair("tiny/encoder.onnx", "hostile/shape_decoder.onnx");
    let error = click_with(other.path(), None).unwrap_err().to_string();
    assert!(error.contains("[1, 1, 16, 32, 64], not [1, 1, 32, 32, 32]"), "{error}");
}

#[test]
fn weights_outside_of_the_model_must_be_in_its_folder() {
    let outside = pair("tiny/encoder.onnx", "outside/decoder.onnx");
    let text = refused(outside.path());
    assert!(text.contains("“bias.bin”, which is not there"), "{text}");
    let bias = outside.path().join("bias.bin");
    std::fs::copy(data().join("models/outside/bias.bin"), &bias).unwrap();
    click_with(outside.path(), None).expect("a model like any other");
    // The same file behind a link that leads out.
    #[cfg(unix)]
    {
        std::fs::remove_file(&bias).unwrap();
        std::os::unix::fs::symlink(data().join("models/outside/bias.bin"), &bias).unwrap();
        assert!(refused(outside.path()).contains("a link out of the model's folder"));
    }
}

#[test]
fn a_model_is_named_by_its_folder_or_either_file() {
    for path in ["", "encoder.onnx", "decoder.onnx"] {
        assert_eq!(open(&data().join("models/tiny").join(path)).model_name(), "tiny");
    }
}

#[test]
fn the_device_says_why() {
    let tiny = data().join("models/tiny");
    let cpu = CubeSegmenter::open(&tiny, DeviceChoice::Cpu, Some(2)).unwrap();
    assert_eq!((cpu.device().name.as_str(), cpu.device().threads), ("CPU", 2));
    let auto = CubeSegmenter::open(&tiny, DeviceChoice::Auto, None).unwrap();
    match CubeSegmenter::open(&tiny, DeviceChoice::Cuda, None) {
        Ok(cuda) => {
            assert_eq!(
                (cuda.device().name.as_str(), auto.device().name.as_str()),
                ("CUDA", "CUDA")
            );
        }
        Err(error) => {
            assert!(matches!(error, SegmentError::Cuda(_)), "{error}");
            assert_eq!(auto.device().name, "CPU");
            let reason = &auto.device().reason;
            assert!(reason.starts_with("no CUDA") && reason.chars().count() <= 200, "{reason}");
        }
    }
}

/// The worker thread owns it.
#[test]
fn a_segmenter_can_go_to_another_thread() {
    fn sent<T: Send>() {}
    sent::<CubeSegmenter>();
}

/// A body with three bright balls; the click is in one of them.
fn balls() -> (Arc<Volume>, Prompt) {
    let volume = crate::reference::read_nifti(&data().join("balls/scan.nii.gz"));
    let world = volume.grid().world_of([16, 21, 19]);
    (volume, Prompt::positive(world))
}

/// PET slopes are like that, and normalised scans.
#[test]
fn the_unit_of_the_values_does_not_change_the_mask() {
    let (plain, click) = balls();
    let mut segmenter = open(&demo());
    let mut mask = |volume: Arc<Volume>| run(&mut segmenter, &request(&volume, &[click])).unwrap();
    let wanted = mask(plain.clone()).region;
    assert!(wanted.count() > 100);
    let numbers: Vec<f64> = (0..plain.grid().count()).map(|n| plain.voxels().raw(n)).collect();
    let single = |by: f64| Voxels::F32(numbers.iter().map(|v| (v * by) as f32).collect());
    let double = |by: f64| Voxels::F64(numbers.iter().map(|v| v * by).collect());
    // (stored, slope)
    let mut table: Vec<(Voxels, f64)> = Vec::new();
    for unit in [1e-12, 5e-9, 1e-8, 1e-6, 1e12] {
        table.push((single(unit), 1.0));
        table.push((plain.voxels().clone(), unit));
    }
    table.push((single(1e-6), 1e-6));
    table.push((double(1e-300), 1.0));
    table.push((double(1e300), 1.0));
    for (voxels, slope) in table {
        let what = format!("{} × {slope:e}, first {:e}", voxels.data_type().name(), voxels.raw(0));
        let (grid, scale) = (plain.grid().clone(), Scale { slope, inter: 0.0 });
        let (said, dims) = (plain.provenance().clone(), grid.dims().to_vec());
        let volume = Volume::new("t", grid, dims, voxels, scale, said, vec![]);
        let outcome = mask(Arc::new(volume));
        assert_eq!(outcome.region.count(), wanted.count(), "{what}");
        assert!(outcome.region == wanted, "{what}");
    }
}

/// A scan whose header says that its voxels are so many times smaller.
fn shrunk(volume: &Volume, times: f64) -> Arc<Volume> {
    let mut place = volume.grid().world_from_voxel();
    place.matrix3 *= 1.0 / times;
    place.translation /= times;
    volume_of(Grid::new(volume.grid().dims(), place).unwrap(), volume.voxels().clone())
}

/// A known case (a vertebra in a CT, a ball) made ten, four and seventy-five times smaller: at that working scale
/// its mask is voxel for voxel the one of the original. As large as it is it is quite another.
#[test]
fn a_working_scale_undoes_a_smaller_spacing() {
    let text = std::fs::read(folder().join("demo_lumbar.json")).unwrap();
    let clicks: Vec<DemoClick> = serde_json::from_slice(&text).unwrap();
    let lumbar = clicks.iter().map(|c| Prompt::new(DVec3::from_array(c.click_world), c.label == 1));
    let (scan, click) = balls();
    let cases = [(Case::read("spine_ct").volume(), lumbar.collect()), (scan, vec![click])];
    let mut segmenter = open(&demo());
    for (volume, prompts) in cases {
        let wanted = run(&mut segmenter, &request(&volume, &prompts)).unwrap();
        for times in [4.0, 10.0, 75.0] {
            let small = shrunk(&volume, times);
            let at = |p: &Prompt| Prompt { world: p.world / times, ..*p };
            let prompts: Vec<Prompt> = prompts.iter().map(at).collect();
            // First as it is: what is kept of that must not be taken for the other.
            let first = request(&small, &prompts[..1]);
            let plain = match run(&mut segmenter, &first) {
                // A scan of a millimetre is one voxel to the model.
                Err(SegmentError::NothingPositive | SegmentError::Constant(_)) if times > 50.0 => {
                    None
                }
                other => Some(other.unwrap()),
            };
            let mut scaled = request(&small, &prompts);
            scaled.log.scale = WorkingScale::new(times).unwrap();
            scaled.earlier = plain.as_ref().map(|p| p.answer.clone()).unwrap_or_default();
            let found = run(&mut segmenter, &scaled).unwrap();
            println!(
                "{times}: {} of {} voxels; at scale 1 {:?}",
                found.region.count(),
                wanted.region.count(),
                plain.as_ref().map(|p| p.region.count()),
            );
            assert!(found.region == wanted.region, "{times}");
            assert_eq!(Cubes::of(&found.answer).unwrap().scale, scaled.log.scale);
            assert_eq!(found.answer.touches, wanted.answer.touches);
            // The cube lies where it was looked at: 1.5 mm over the scale, around the click.
            let place = &patches(&found)[0].place;
            let voxel = place.world_from_crop.matrix3.x_axis.length();
            assert!((voxel * times - 1.5).abs() < 1e-9 && place.contains(prompts[0].world));
            // As it is the mask is nothing like it: the vertebra of 4817 voxels has 194 839.
            let alike = plain.is_some_and(|p| p.region.count() < 3 * wanted.region.count());
            assert!(!alike, "{times}");
            // The log alone gives the same, and so does another segmenter.
            let again = Request { earlier: Answer::default(), ..scaled.clone() };
            assert!(run(&mut segmenter, &again).unwrap().region == wanted.region);
        }
    }
}
