//! Models whose files are cut off or written over while they are read and while they are in use: the mask is the
//! model's that was opened, or there is an error; never other numbers, never the end of the process.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use voxpoint::geom::{DAffine3, DVec3, Grid};
use voxpoint::prompt::Prompt;
use voxpoint::segment::checkpoint::{Architecture, Checkpoint};
use voxpoint::segment::cubes::{CubeSegmenter, Cubes};
use voxpoint::segment::graph::{self, Precision, Weights};
use voxpoint::segment::{DeviceChoice, Request, SegmentError};
use voxpoint::volume::{Scale, StoredGeometry, Volume, Voxels};
use voxpoint::work::CancelToken;

fn tiny() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/tiny_official.pth")
}

/// A cube of 96 voxels of 1.5 mm with a pattern.
fn volume() -> Arc<Volume> {
    let dims = [96; 3];
    let grid = Grid::new(dims, DAffine3::from_scale(DVec3::splat(1.5))).unwrap();
    let voxel = |n: usize| ((n % 96) * (n / 96 % 96) + n / 9216 * 31) as i16 % 1000 + 1;
    let voxels = Voxels::I16((0..grid.count()).map(voxel).collect());
    let stored = StoredGeometry::of(&grid);
    Arc::new(Volume::new("v", grid, dims.to_vec(), voxels, Scale::NONE, stored, vec![]))
}

/// Logits of a click on a place where none was before.
fn click(model: &mut CubeSegmenter, volume: &Arc<Volume>, at: f64) -> Vec<f32> {
    let prompts = vec![Prompt::positive(DVec3::splat(at))];
    let request = Request::new(Arc::clone(volume), prompts);
    let outcome = model.run(&request, &CancelToken::new(), &mut |_| ()).unwrap();
    Cubes::of(&outcome.answer).unwrap().patches[0].steps[0].logits.values.clone()
}

fn open(model: &Path) -> Result<CubeSegmenter, SegmentError> {
    CubeSegmenter::open(model, DeviceChoice::Cpu, Some(1))
}

/// A folder with the model as it is, as a pair whose weights lie in another file, and as a pair that has them.
fn models(folder: &Path) -> [(PathBuf, PathBuf); 3] {
    let (checkpoint, outside, inside) =
        (folder.join("m.pth"), folder.join("outside"), folder.join("inside"));
    fs::copy(tiny(), &checkpoint).unwrap();
    let opened = Checkpoint::open(&checkpoint).unwrap();
    let architecture = Architecture::of(&opened).unwrap();
    for (pair, weights) in [(&outside, Weights::External), (&inside, Weights::Inline)] {
        fs::create_dir(pair).unwrap();
        let encoder = graph::encoder(&opened, &architecture, weights, Precision::F32).unwrap();
        let decoder = graph::decoder(&opened, &architecture, weights).unwrap();
        fs::write(pair.join("encoder.onnx"), encoder).unwrap();
        fs::write(pair.join("decoder.onnx"), decoder).unwrap();
    }
    let weights = outside.join(graph::LOCATION);
    fs::copy(tiny(), &weights).unwrap();
    let encoder = inside.join("encoder.onnx");
    [(checkpoint.clone(), checkpoint), (outside, weights), (inside, encoder)]
}

/// What somebody does to a file, the whole of it being `content`.
fn change(file: &Path, content: &[u8], how: usize) {
    match how % 4 {
        0 => File::options().write(true).open(file).unwrap().set_len(0).unwrap(),
        // Half of it, in the middle of the weights.
        1 => fs::write(file, &content[..content.len() / 2]).unwrap(),
        // Other weights, of the same length, in the same place.
        2 => fs::write(file, vec![0x3c; content.len()]).unwrap(),
        _ => fs::write(file, content).unwrap(),
    }
}

#[test]
fn a_model_in_use_stays_what_it_was() {
    let (home, volume) = (tempfile::tempdir().unwrap(), volume());
    let places: Vec<f64> = (0..6).map(|n| 40.0 + 8.0 * f64::from(n)).collect();
    let mut untouched = open(&tiny()).unwrap();
    let wanted: Vec<_> = places.iter().map(|&at| click(&mut untouched, &volume, at)).collect();
    assert_ne!(wanted[0], wanted[1]);
    for (model, file) in models(home.path()) {
        let content = fs::read(&file).unwrap();
        let mut opened = open(&model).unwrap();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            // All the time, in turn: so a click meets each of them.
            scope.spawn(|| {
                for how in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    change(&file, &content, how);
                    std::thread::sleep(Duration::from_millis(3));
                }
            });
            for (&at, wanted) in places.iter().zip(&wanted) {
                let found = click(&mut opened, &volume, at);
                stop.store(found != *wanted, Ordering::Relaxed);
                assert!(found == *wanted, "{}: another answer at {at}", model.display());
            }
            stop.store(true, Ordering::Relaxed);
        });
        // And after all of it is gone.
        change(&file, &content, 0);
        fs::remove_file(&file).unwrap();
        let mut again = opened;
        assert!(click(&mut again, &volume, 90.0) == click(&mut untouched, &volume, 90.0));
    }
}

#[test]
fn a_model_that_is_written_while_it_is_opened_is_whole_or_refused() {
    let (home, volume) = (tempfile::tempdir().unwrap(), volume());
    let wanted = click(&mut open(&tiny()).unwrap(), &volume, 60.0);
    for (model, file) in models(home.path()) {
        let content = fs::read(&file).unwrap();
        // Weights without a checksum may be others from the beginning; then they are the others' as a whole.
        change(&file, &content, 2);
        let other = open(&model).map(|mut other| click(&mut other, &volume, 60.0)).ok();
        assert_eq!(other.is_some(), model.ends_with("outside"));
        change(&file, &content, 3);
        let begin = Instant::now();
        open(&model).unwrap();
        let takes = begin.elapsed();
        for round in 0..12 {
            change(&file, &content, 3);
            let result = std::thread::scope(|scope| {
                let opening = scope.spawn(|| open(&model));
                std::thread::sleep(takes.mul_f64(f64::from(round) / 12.0));
                change(&file, &content, round as usize % 3);
                opening.join().unwrap()
            });
            match result {
                Ok(mut opened) => {
                    let found = click(&mut opened, &volume, 60.0);
                    let one = found == wanted || other.as_ref() == Some(&found);
                    assert!(one, "{}: another answer", model.display());
                }
                Err(error) => {
                    let text = error.to_string();
                    assert!(!text.contains('\n') && text.contains(home.path().to_str().unwrap()));
                }
            }
        }
        change(&file, &content, 3);
    }
}

/// The same to the program.
#[test]
fn segment_survives_a_model_that_is_cut_off() {
    let home = tempfile::tempdir().unwrap();
    let scan =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/reference/ct_lumbar_crop.nii.gz");
    let start = |model: &Path, out: &str| {
        Command::new(env!("CARGO_BIN_EXE_voxpoint"))
            .arg("segment")
            .arg(&scan)
            .args(["--point", "20,20,20,+", "--space", "voxel", "--device", "cpu", "--out"])
            .arg(home.path().join(out))
            .arg("--model")
            .arg(model)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let begin = Instant::now();
    let whole = start(&tiny(), "wanted.nii").wait_with_output().unwrap();
    assert!(whole.status.success(), "{whole:?}");
    let (takes, wanted) = (begin.elapsed(), fs::read(home.path().join("wanted.nii")).unwrap());
    for (model, file) in models(home.path()) {
        let content = fs::read(&file).unwrap();
        for round in 0..6 {
            change(&file, &content, 3);
            let _ = fs::remove_file(home.path().join("found.nii"));
            let child = start(&model, "found.nii");
            std::thread::sleep(takes.mul_f64(f64::from(round) / 6.0));
            change(&file, &content, round as usize % 2);
            let output = child.wait_with_output().unwrap();
            let what = format!("{}, round {round}: {output:?}", model.display());
            match output.status.code() {
                Some(0) => {
                    assert!(fs::read(home.path().join("found.nii")).unwrap() == wanted, "{what}");
                }
                Some(1) => assert!(output.stderr.starts_with(b"error: "), "{what}"),
                _ => panic!("{what}"),
            }
        }
    }
}
