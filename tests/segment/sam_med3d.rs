//! SAM-Med3D from its checkpoint, against the official classes: the embedding of every reference case, and
//! the logits, predicted overlap and mask of every click. The weights are random, the arithmetic is not. Needs
//! ONNX Runtime.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::reference::{Case, data, folder, read_nifti, read_npy, volume_of};
use voxpoint::geom::Grid;
use voxpoint::segment::cubes::{CubeSegmenter, Cubes, SIDE, Step, upsample};
use voxpoint::segment::{DeviceChoice, Request};
use voxpoint::volume::{Volume, Voxels};
use voxpoint::work::CancelToken;

const CASES: [&str; 5] = ["abdomen_ct", "brain_mri", "head_neck_ct", "oblique", "spine_ct"];

/// ‖a − b‖ / ‖b‖.
fn relative(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|v| v * v).sum::<f64>().sqrt();
    let both = a.iter().zip(b);
    norm(&mut both.map(|(a, b)| f64::from(a - b))) / norm(&mut b.iter().map(|&v| f64::from(v)))
}

fn dice(a: &[bool], b: &[bool]) -> f64 {
    let both = a.iter().zip(b).filter(|(a, b)| **a && **b).count();
    let count = |x: &[bool]| x.iter().filter(|v| **v).count();
    2.0 * both as f64 / (count(a) + count(b)) as f64
}

/// The reference's mask of the crop, in the order of the model's logits (z fastest).
fn expected_mask(place: &Path) -> Vec<bool> {
    let mask: Arc<Volume> = read_nifti(&place.join("final_mask_crop.nii.gz"));
    let Voxels::U8(voxels) = mask.voxels() else { panic!("masks are bytes") };
    let at = |n: usize| (n / (SIDE * SIDE), n / SIDE % SIDE, n % SIDE);
    let x_fastest = |(x, y, z): (usize, usize, usize)| (z * SIDE + y) * SIDE + x;
    (0..SIDE.pow(3)).map(|n| voxels[x_fastest(at(n))] == 1).collect()
}

fn open(checkpoint: &Path) -> CubeSegmenter {
    CubeSegmenter::open(checkpoint, DeviceChoice::Cpu, None).unwrap()
}

fn tiny() -> PathBuf {
    data().join("models/tiny_official.pth")
}

/// The scan with its axes as the reference's reader (ITK) made them: exactly orthogonal. It matters where they
/// are oblique: rounding in the header alone changes the image by 5e-3.
fn orthogonal(case: &Case) -> Arc<Volume> {
    let (volume, axes) = (case.volume(), case.crop_affine().matrix3);
    let mut affine = volume.grid().world_from_voxel();
    for a in 0..3 {
        let stored = affine.matrix3.col(a);
        let dot = |b: &usize| axes.col(*b).dot(stored);
        let nearest = (0..3).max_by(|b, c| dot(b).abs().total_cmp(&dot(c).abs())).unwrap();
        let axis = axes.col(nearest).normalize() * dot(&nearest).signum();
        // The spacing as in the header's pixdim, not as in its rounded matrix.
        *affine.matrix3.col_mut(a) = axis * ((stored.length() * 1e6).round() / 1e6);
    }
    let grid = Grid::new(volume.grid().dims(), affine).unwrap();
    volume_of(grid, volume.voxels().clone())
}

/// The embedding of a case, and its answers to all clicks.
fn replay(segmenter: &mut CubeSegmenter, case: &Case) -> (Vec<f32>, Vec<Arc<Step>>) {
    let (volume, prompts, never) = (orthogonal(case), case.prompts(), CancelToken::new());
    let (place, mut features) = segmenter.embedding(&volume, prompts[0].world, &never).unwrap();
    assert_eq!((place.start, features.len()), (case.crop_start, 1));
    let features = features.remove(0);
    assert_eq!(features.name, "image_embedding");
    assert_eq!((features.shape.len(), &features.shape[2..]), (5, [8; 3].as_slice()));
    let request = Request::new(volume, prompts);
    let outcome = segmenter.run(&request, &never, &mut |_| ()).unwrap();
    let cubes = Cubes::of(&outcome.answer).unwrap();
    assert_eq!(cubes.patches.len(), 1);
    (features.values, cubes.patches[0].steps.clone())
}

/// Compares a case with what `make_reference.py` wrote: every click's logits must be there.
fn check(segmenter: &mut CubeSegmenter, name: &str, place: &Path, case: &Case) {
    let (embedding, steps) = replay(segmenter, case);
    let difference = relative(&embedding, &read_npy(&place.join("embedding.npy")));
    assert!(difference <= 1e-4, "{name}: embedding {difference:.1e}");
    assert_eq!(steps.len(), case.steps.len());
    let last = steps.len() - 1;
    for (n, (step, expected)) in steps.iter().zip(&case.steps).enumerate() {
        let difference = (f64::from(step.iou) - expected.iou).abs();
        assert!(difference <= 1e-4, "{name}, click {n}: iou {} {}", step.iou, expected.iou);
        let names = [format!("low_res_logits_{n}.npy"), "last_low_res_logits.npy".into()];
        let paths = names.map(|name| place.join(name));
        let stored = paths.iter().take(1 + usize::from(n == last)).find(|path| path.is_file());
        let stored = stored.unwrap_or_else(|| panic!("{name}: no logits of click {n} to compare"));
        let difference = relative(&step.logits.values, &read_npy(stored));
        assert!(difference <= 1e-4, "{name}, click {n}: logits {difference:.1e}");
    }
    let high = upsample(&steps[last].logits, SIDE);
    let mask: Vec<bool> = high.iter().map(|&v| v > 0.0).collect();
    let overlap = dice(&mask, &expected_mask(place));
    assert!(overlap >= 0.9999, "{name}: Dice {overlap}");
}

#[test]
fn all_clicks_of_all_cases_are_answered_as_by_the_official_classes() {
    let mut segmenter = open(&tiny());
    assert_eq!((segmenter.model_name(), segmenter.logits_side()), ("tiny_official", 32));
    for name in CASES {
        check(&mut segmenter, name, &folder().join(name), &Case::read(name));
    }
}

/// The sessions read the weights in the file itself, wherever it is and whatever its name.
#[cfg(unix)]
#[test]
fn a_checkpoint_may_be_a_link_and_have_any_name() {
    let home = tempfile::tempdir().unwrap();
    let place = home.path().join("weights, 2nd try (größer)");
    std::fs::create_dir(&place).unwrap();
    std::fs::copy(tiny(), place.join("tiny 100%.pth")).unwrap();
    let link = home.path().join("my model.pth");
    std::os::unix::fs::symlink(place.join("tiny 100%.pth"), &link).unwrap();
    let mut segmenter = open(&link);
    assert_eq!(segmenter.model_name(), "my model");
    let case = Case::read("spine_ct");
    let never = CancelToken::new();
    let world = case.prompts()[0].world;
    let (_, features) = segmenter.embedding(&case.volume(), world, &never).unwrap();
    let stored = read_npy(&folder().join("spine_ct/embedding.npy"));
    assert!(relative(&features[0].values, &stored) <= 1e-4);
}

/// At full size, which takes a checkpoint of 400 MB: `tests/README.md` says how.
#[test]
#[ignore = "needs a full-size checkpoint and its reference numbers: tests/README.md"]
fn at_full_size_too() {
    let read =
        |name: &str| PathBuf::from(std::env::var_os(name).unwrap_or_else(|| panic!("{name}")));
    let (checkpoint, reference) = (read("VOXPOINT_CHECKPOINT"), read("VOXPOINT_REFERENCE"));
    let mut segmenter = open(&checkpoint);
    let mut done = 0;
    for name in CASES {
        let place = reference.join(name);
        if place.join("reference.json").is_file() {
            check(&mut segmenter, name, &place, &Case::read_from(&place));
            done += 1;
        }
    }
    assert!(done > 0, "no case in {}", reference.display());
}
