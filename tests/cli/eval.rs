//! `voxpoint eval` and `voxpoint embed`: what they measure, write, skip and survive. The model is the tiny
//! one of `tests/data/models`: its mask is what is nearly as bright as the brightest block of the cube.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Run, lps, names, nifti, voxpoint, write_labels, write_scan};

const SIDE: i16 = 40;

fn model() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/models/tiny").to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Label 1 is a bright block, 2 a half-bright one, 3 three voxels thick and as bright as 1.
fn label([x, y, z]: [i16; 3]) -> u8 {
    let within = |v: i16, from: i16, to: i16| (from..to).contains(&v);
    if within(x, 4, 20) && within(y, 5, 22) && within(z, 6, 24) {
        1
    } else if within(x, 24, 37) && within(y, 5, 21) && within(z, 6, 24) {
        2
    } else if within(x, 5, 20) && within(y, 30, 33) && within(z, 8, 20) {
        3
    } else {
        0
    }
}

/// A scan of 40³ voxels of 1.5 mm and its label map.
fn write_case(scan: &Path, labels: &Path) {
    let value = |v: [i16; 3]| match label(v) {
        1 | 3 => 1000 + v[0],
        2 => 500 + v[1],
        _ => 20 + v[2],
    };
    write_scan(scan, [SIDE; 3], 1.5, value);
    let mut voxels = Vec::new();
    for z in 0..SIDE {
        for y in 0..SIDE {
            voxels.extend((0..SIDE).map(|x| label([x, y, z])));
        }
    }
    std::fs::write(labels, nifti([SIDE; 3], 2, 8, lps(1.5), &voxels)).expect("the test's folder");
}

fn folder_with(cases: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for case in cases {
        let path = |ending: &str| folder.path().join(format!("{case}{ending}.nii"));
        write_case(&path(""), &path("_seg"));
    }
    folder
}

fn eval(inputs: &[&Path], more: &[&str]) -> Run {
    let model = model();
    let mut arguments = vec!["eval"];
    arguments.extend(inputs.iter().map(|p| text(p)));
    arguments.extend(["--model", &model, "--device", "cpu", "--threads", "1"]);
    arguments.extend(more);
    voxpoint(&arguments)
}

/// The structures of a report without what no two runs have in common.
fn timeless(report: &Value) -> Vec<Value> {
    let mut structures = report["structures"].as_array().expect("structures").clone();
    for structure in &mut structures {
        for after in structure["after"].as_array_mut().expect("after") {
            after["seconds"].take();
        }
    }
    structures
}

fn progress(run: &Run) -> Vec<&str> {
    run.stderr.lines().filter(|line| line.starts_with('[')).collect()
}

#[test]
fn the_masks_are_those_of_segment_and_the_measures_those_of_compare() {
    let folder = folder_with(&["scan"]);
    let path = |name: &str| folder.path().join(name);
    let (scan, labels, mask) = (path("scan.nii"), path("scan_seg.nii"), path("mask.nii.gz"));
    let report =
        eval(&[&scan, &labels], &["--clicks", "3,1,3", "--json", "--labels", "1-2"]).json();
    let keys = report.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>();
    for key in [
        "model",
        "model_sha256",
        "clicks",
        "first",
        "crop",
        "seed",
        "structures",
        "summary",
        "failures",
    ] {
        assert!(keys.contains(&key), "{key}: {keys:?}");
    }
    assert_eq!(report["clicks"], serde_json::json!([1, 3]));
    let structures = report["structures"].as_array().unwrap();
    assert_eq!(structures.len(), 2);
    for structure in structures {
        let label = structure["label"].to_string();
        for after in structure["after"].as_array().unwrap() {
            let made = after["made"].as_u64().unwrap() as usize;
            let mut arguments =
                vec!["segment".to_owned(), text(&scan).into(), "--space".into(), "voxel".into()];
            for click in &structure["clicks"].as_array().unwrap()[..made] {
                let at: Vec<String> = (0..3).map(|a| click["voxel"][a].to_string()).collect();
                let sign = if click["positive"] == true { "+" } else { "-" };
                arguments.extend(["--point".into(), format!("{},{sign}", at.join(","))]);
            }
            let more =
                ["--model", &model(), "--device", "cpu", "--threads", "1", "--out", text(&mask)];
            arguments.extend(more.map(str::to_owned));
            assert_eq!(voxpoint(&arguments).code, 0);
            let compare = ["compare", text(&mask), text(&labels), "--label-b", &label, "--json"];
            let compared = voxpoint(&compare).json();
            let dice = |value: &Value| value["dice"].as_f64().expect("Dice");
            assert!((dice(&compared) - dice(after)).abs() < 1e-8, "label {label}, {after}");
        }
    }
    // The model finds what is brightest.
    let dice = |n: usize, click: usize| structures[n]["after"][click]["dice"].as_f64().unwrap();
    assert!(dice(0, 0) > 0.3 && dice(1, 0) < 0.1, "{} {}", dice(0, 0), dice(1, 0));
}

#[test]
fn json_csv_and_markdown_say_the_same() {
    let folder = folder_with(&["a"]);
    let out = tempfile::tempdir().unwrap();
    let journal = out.path().join("journal");
    // The first run fills the journal, so that even the seconds agree.
    let common = ["--clicks", "1,3", "--resume", text(&journal)];
    let with = |more: &[&str]| eval(&[folder.path()], &[&common, more].concat());
    let report = with(&["--json"]).json();
    let csv = with(&["--csv"]);
    let lines: Vec<Vec<&str>> = csv.stdout.lines().map(|l| l.split(',').collect()).collect();
    assert_eq!(lines.len(), 1 + 3 * 2);
    let column = |name: &str| lines[0].iter().position(|c| *c == name).expect("a column");
    let structures = report["structures"].as_array().unwrap();
    for (n, line) in lines[1..].iter().enumerate() {
        let (structure, after) = (&structures[n / 2], &structures[n / 2]["after"][n % 2]);
        assert_eq!(line[column("case")], structure["case"].as_str().unwrap());
        assert_eq!(line[column("small")], structure["small"].to_string());
        assert_eq!(structure["small"], structure["label"] == 3, "only the third is thin");
        for key in ["dice", "nsd", "hd95_mm", "seconds", "clicks", "iou"] {
            let value: f64 = line[column(key)].parse().unwrap();
            assert_eq!(value as f32, after[key].as_f64().unwrap() as f32, "{key}");
        }
    }
    let mean = |set: &str, click: usize, key: &str| {
        report["summary"][set][click][key].as_f64().unwrap_or_else(|| panic!("{set} {key}"))
    };
    let of = |n: usize, click: usize| structures[n]["after"][click]["dice"].as_f64().unwrap();
    assert!((mean("main", 0, "dice") - f64::midpoint(of(0, 0), of(1, 0))).abs() < 1e-12);
    assert!((mean("small", 1, "dice") - of(2, 1)).abs() < 1e-12);
    assert_eq!(mean("all", 0, "structures"), 3.0);
    let markdown = with(&["--markdown"]).stdout;
    let row = format!("| 3      | {:.2}", 100.0 * mean("main", 1, "dice"));
    assert!(markdown.contains(&row), "{row} is not in\n{markdown}");
    let summary = with(&[]).stdout;
    assert!(summary.contains(&row) && summary.contains("3τ + "), "{summary}");
    assert_eq!(markdown.matches("| a    |").count(), 3, "{markdown}");
    // By the file's name, and the summary on the screen.
    let file = out.path().join("r.csv");
    let run = with(&["--out", text(&file)]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), csv.stdout);
    assert_eq!(run.stdout, summary);
    assert!(progress(&run).is_empty());
    // What is asked for by its own name is what standard output has, with a file or without; a name that says
    // otherwise is a mistake.
    let json = with(&["--json"]).stdout;
    let markdown = with(&["--markdown"]).stdout;
    for (flag, ending, expected) in
        [("--json", "json", &json), ("--csv", "csv", &csv.stdout), ("--markdown", "txt", &markdown)]
    {
        let file = out.path().join(format!("again.{ending}"));
        let run = with(&[flag, "--out", text(&file)]);
        assert_eq!(&run.stdout, expected, "{flag}");
        assert_eq!(std::fs::read_to_string(&file).unwrap().trim_end(), expected.trim_end());
    }
    let wrong = with(&["--json", "--out", text(&out.path().join("wrong.csv"))]);
    assert!(wrong.failed(2).contains("format"), "{wrong:?}");
}

/// Weights in a file of any name belong to the model: others, and nothing that was measured before holds.
#[test]
fn weights_outside_of_the_model_are_in_its_sha256() {
    let folder = folder_with(&["a"]);
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models");
    let model = tempfile::tempdir().unwrap();
    for (from, to) in [
        ("tiny/encoder.onnx", "encoder.onnx"),
        ("outside/decoder.onnx", "decoder.onnx"),
        ("outside/bias.bin", "bias.bin"),
    ] {
        std::fs::copy(models.join(from), model.path().join(to)).unwrap();
    }
    let (scan, labels) = (folder.path().join("a.nii"), folder.path().join("a_seg.nii"));
    let journal = folder.path().join("journal");
    let run = || {
        let line = ["eval", text(&scan), text(&labels), "--model", text(model.path())];
        let more = ["--device", "cpu", "--threads", "1", "--clicks", "1", "--json", "--resume"];
        let run = voxpoint(&[&line[..], &more, &[text(&journal)]].concat());
        (progress(&run).len(), run.json())
    };
    let (count, before) = run();
    assert_eq!((count, run()), (3, (0, before.clone())));
    std::fs::write(model.path().join("bias.bin"), 2f32.to_le_bytes()).unwrap();
    let (count, after) = run();
    assert_eq!(count, 3, "all of it is measured anew");
    assert_ne!(before["model_sha256"], after["model_sha256"]);
    assert_ne!(
        before["structures"][0]["after"][0]["dice"],
        after["structures"][0]["after"][0]["dice"]
    );
    // Files that the model does not refer to are none of its.
    std::fs::write(model.path().join("encoder.onnx.bak"), "old").unwrap();
    assert_eq!(run(), (0, after));
    let info = voxpoint(&["model", "info", text(model.path()), "--json"]).json();
    assert_eq!(info["files"].as_array().unwrap().len(), 3, "{info}");
    assert!(info["files"][2]["path"].as_str().unwrap().ends_with("bias.bin"), "{info}");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_journal() {
    let folder = folder_with(&["a"]);
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let run = eval(&[folder.path()], &["--resume", text(&pipe)]);
    assert!(run.failed(1).contains("the journal must be a file"), "{run:?}");
}

#[test]
fn what_was_stopped_goes_on_where_it_was() {
    let folder = folder_with(&["a", "b"]);
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("r.json");
    let journal = out.path().join("r.json.journal");
    let run = |more: &[&str]| {
        let run =
            eval(&[folder.path()], &[&["--clicks", "1,2", "--out", text(&file)], more].concat());
        assert_eq!(run.code, 0, "{run:?}");
        let report: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        (progress(&run).len(), report)
    };
    let (count, whole) = run(&[]);
    assert_eq!(count, 6);
    assert_eq!(run(&[]), (0, whole.clone()));
    // As if the power had gone in the middle of the fourth line.
    let lines = std::fs::read(&journal).unwrap();
    let ends: Vec<usize> =
        lines.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(n, _)| n).collect();
    std::fs::write(&journal, &lines[..ends[2] + 100]).unwrap();
    std::fs::remove_file(&file).unwrap();
    let (count, again) = run(&[]);
    assert_eq!((count, timeless(&again)), (3, timeless(&whole)));
    // Other options are other results; the old ones stay.
    assert_eq!(run(&["--seed", "1"]).0, 6);
    assert_eq!(run(&[]).0, 0);
    // Other labels: the file has changed.
    let mut labels = std::fs::read(folder.path().join("a_seg.nii")).unwrap();
    labels.extend_from_slice(&[0; 16]);
    std::fs::write(folder.path().join("a_seg.nii"), labels).unwrap();
    assert_eq!(run(&[]).0, 3);
}

/// CUDA computes in half precision: its results are others than the CPU's, whatever was asked for.
#[test]
fn the_journal_knows_which_program_and_device_it_was() {
    let folder = folder_with(&["a"]);
    let (scan, model) = (folder.path().join("a.nii"), model());
    let (labels, journal) = (folder.path().join("a_seg.nii"), folder.path().join("journal"));
    let run = |device: &str| {
        let line = ["eval", text(&scan), text(&labels), "--model", &model, "--threads", "1"];
        let more = ["--clicks", "1", "--json", "--resume", text(&journal), "--device", device];
        let run = voxpoint(&[&line[..], &more].concat());
        let ran_on = run.json()["ran_on"].as_str().unwrap().to_owned();
        (progress(&run).len(), ran_on)
    };
    let (count, cpu) = run("cpu");
    assert_eq!(count, 3);
    let (count, auto) = run("auto");
    assert_eq!(count, if auto == cpu { 0 } else { 3 });
    let first = std::fs::read_to_string(&journal).unwrap();
    let line: Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    let key: Value = serde_json::from_str(line["key"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&key["device"], &key["program"]),
        (&"CPU".into(), &env!("CARGO_PKG_VERSION").into())
    );
    // What another version of the program measured is measured again.
    let version = concat!("\\\"", env!("CARGO_PKG_VERSION"), "\\\"");
    assert!(first.contains(version), "{first}");
    std::fs::write(&journal, first.replace(version, "\\\"0.0.0\\\"")).unwrap();
    assert_eq!(run("cpu").0, 3);
}

#[test]
fn results_depend_on_neither_order_nor_jobs() {
    let folder = folder_with(&["a", "b"]);
    let one = eval(&[folder.path()], &["--clicks", "1,2", "--json"]).json();
    let two = eval(&[folder.path()], &["--clicks", "1,2", "--json", "--jobs", "2"]).json();
    assert_eq!(timeless(&one), timeless(&two));
    let b = eval(
        &[&folder.path().join("b.nii"), &folder.path().join("b_seg.nii")],
        &["--clicks", "1,2", "--json", "--labels", "2-9"],
    );
    assert_eq!(timeless(&b.json()), timeless(&one)[4..6]);
    // The scans are alike, but their robots click elsewhere.
    let first = |n: usize| &one["structures"][n]["clicks"][0]["voxel"];
    assert_ne!(first(0), first(3));
}

#[test]
fn a_bad_case_does_not_stop_the_others() {
    let folder = folder_with(&["good", "cut"]);
    let path = |name: &str| folder.path().join(name);
    let scan = std::fs::read(path("cut.nii")).unwrap();
    std::fs::write(path("cut.nii"), &scan[..5000]).unwrap();
    write_scan(&path("other.nii"), [8, 8, 8], 1.5, |[x, ..]| x + 1);
    write_labels(&path("other_seg.nii"), [8, 8, 7], 1.5, &[1]);
    write_scan(&path("air.nii"), [8, 8, 8], 1.5, |_| -1000);
    write_labels(&path("air_seg.nii"), [8, 8, 8], 1.5, &[1]);
    write_scan(&path("alone.nii"), [8, 8, 8], 1.5, |_| 1);
    let run = eval(&[folder.path()], &["--clicks", "1", "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["structures"].as_array().unwrap().len(), 3);
    let failed: Vec<&str> = report["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["case"].as_str().unwrap())
        .collect();
    assert_eq!(failed, ["air", "cut", "other"]);
    assert!(
        run.stderr.contains("not measured: other: the label map lies on another grid"),
        "{run:?}"
    );
    assert!(run.stderr.contains("1 files without a label map"), "{run:?}");
    assert!(run.stderr.lines().last().unwrap().starts_with("error: 3 "), "{run:?}");
    assert!(!run.stderr.contains("panicked"), "{run:?}");
}

#[test]
fn the_centre_robot_and_the_cube_at_the_truth() {
    let folder = folder_with(&["a"]);
    let clicks = |more: &[&str]| {
        let report =
            eval(&[folder.path()], &[&["--clicks", "2", "--json", "--labels", "1"], more].concat())
                .json();
        report["structures"][0]["clicks"].clone()
    };
    let centre = clicks(&["--first", "centre", "--seed", "1"]);
    // The block has 16 × 17 × 18 voxels from 4, 5, 6 on; of those that are 8 deep the first in memory.
    assert_eq!(centre[0]["voxel"], serde_json::json!([11, 12, 13]));
    assert_eq!(clicks(&["--first", "centre", "--seed", "2"]), centre);
    assert_ne!(clicks(&["--seed", "1"])[0], clicks(&["--seed", "2"])[0]);
    // The cube is so much larger than the scan that it holds it all, wherever it is.
    let truth =
        eval(&[folder.path()], &["--clicks", "1", "--labels", "1", "--json", "--crop", "truth"])
            .json();
    assert_eq!(truth["crop"], "truth");
    assert_eq!(truth["structures"][0]["clicks"][0], clicks(&[])[0]);
    assert_eq!(truth["structures"][0]["in_cube"], 1.0);
}

/// A rod of 300 mm in a cube of 192 mm: what lies outside is measured, but not clicked on.
#[test]
fn a_structure_longer_than_the_models_cube() {
    let folder = tempfile::tempdir().unwrap();
    let (scan, labels) = (folder.path().join("rod.nii"), folder.path().join("rod_seg.nii"));
    let (dims, rod) = ([12, 12, 200], 3..9);
    let inside = |[x, y, _]: [i16; 3]| rod.contains(&x) && rod.contains(&y);
    write_scan(&scan, dims, 1.5, |v| if inside(v) { 1000 } else { 50 + v[0] });
    let voxels = (0..12 * 12 * 200).map(|n| u8::from(inside([n % 12, n / 12 % 12, 0])));
    let voxels: Vec<u8> = voxels.collect();
    std::fs::write(&labels, nifti(dims, 2, 8, lps(1.5), &voxels)).unwrap();
    for crop in ["click", "truth"] {
        let more = ["--clicks", "6", "--json", "--crop", crop, "--seed", "3"];
        let report = eval(&[&scan, &labels], &more).json();
        let structure = &report["structures"][0];
        let clicks = structure["clicks"].as_array().unwrap();
        let heights: Vec<i64> = clicks.iter().map(|c| c["voxel"][2].as_i64().unwrap()).collect();
        let middle = if crop == "click" { heights[0] } else { 99 };
        assert!(heights.iter().all(|z| (-64..=64).contains(&(z - middle))), "{crop}: {heights:?}");
        let share = structure["in_cube"].as_f64().unwrap();
        assert!((0.3..0.65).contains(&share), "{crop}: {share}");
        assert!(
            structure["after"][0]["dice"].as_f64().unwrap() < 2.0 * share / (1.0 + share) + 1e-9
        );
    }
}

#[test]
fn wrong_usage_and_nothing_to_do() {
    let folder = folder_with(&["a"]);
    let here = folder.path();
    for more in [
        &["--clicks", "0"][..],
        &["--clicks", "1,x"],
        &["--labels", "0"],
        &["--labels", "5-3"],
        &["--json", "--csv"],
        &["--jobs", "0"],
        &["--first", "last"],
        &["--out", "r.xls"],
    ] {
        eval(&[here], more).failed(2);
    }
    eval(&[&here.join("a.nii"), here], &[]).failed(2);
    eval(&[&here.join("a.nii")], &[]).failed(2);
    let error = eval(&[&here.join("missing")], &[]).failed(1).to_owned();
    assert!(error.contains("missing"), "{error}");
    eval(&[here], &["--labels", "77"]).failed(1);
    let empty = tempfile::tempdir().unwrap();
    assert!(eval(&[empty.path()], &[]).failed(1).contains("no scan with a label map"));
    let notes = here.join("notes.txt");
    std::fs::write(&notes, "mine").unwrap();
    eval(&[here], &["--resume", text(&notes)]).failed(1);
    assert_eq!(std::fs::read_to_string(&notes).unwrap(), "mine");
}

/// Needs a Vulkan driver; a software one will do.
#[test]
fn a_picture_shows_the_labels_beside_the_masks() {
    let folder = folder_with(&["a"]);
    let pictures = folder.path().join("pictures");
    let journal = folder.path().join("journal");
    let more = [
        "--clicks",
        "1",
        "--labels",
        "1",
        "--pictures",
        text(&pictures),
        "--resume",
        text(&journal),
    ];
    assert_eq!(eval(&[folder.path()], &more).code, 0);
    let picture = image::open(pictures.join("a.png")).unwrap().to_rgba8();
    assert_eq!(picture.dimensions(), (1536, 768));
    let coloured = |x: u32| {
        let half = image::imageops::crop_imm(&picture, x, 0, 768, 768).to_image();
        half.pixels().filter(|p| p[0].abs_diff(p[2]) > 20).count()
    };
    assert!(coloured(0) > 5000 && coloured(768) > 5000, "{} {}", coloured(0), coloured(768));
    // Masks are not in the journal: without the picture it is all done again, with it nothing.
    assert_eq!(progress(&eval(&[folder.path()], &more)).len(), 0);
    std::fs::remove_file(pictures.join("a.png")).unwrap();
    assert_eq!(progress(&eval(&[folder.path()], &more)).len(), 1);
    assert!(pictures.join("a.png").is_file());
}

/// Shape and values of a `.npy` file.
fn array(path: &Path) -> (String, Vec<f32>) {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let begin = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8(bytes[10..begin].to_vec()).unwrap();
    let values = bytes[begin..].as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b));
    (header, values.collect())
}

#[test]
fn embed_writes_what_the_encoder_says() {
    let folder = folder_with(&["a"]);
    let scan = folder.path().join("a.nii");
    let out = folder.path().join("e.npy");
    let before = names(folder.path()).len();
    let (model, point) = (model(), ["--point", "12,13,14", "--space", "voxel"]);
    let mut arguments = vec!["embed", text(&scan), "--model", &model, "--device", "cpu"];
    arguments.extend(point);
    arguments.extend(["--out", text(&out), "--json"]);
    let report = voxpoint(&arguments).json();
    assert_eq!(names(folder.path()).len(), before + 2);
    let files: Vec<PathBuf> =
        (0..2).map(|n| PathBuf::from(report["files"][n]["path"].as_str().unwrap())).collect();
    assert_eq!(files[0], folder.path().join("e_features_32.npy"));
    assert_eq!(report["files"][0]["shape"], serde_json::json!([1, 1, 32, 32, 32]));
    let ((header, means), (_, level)) = (array(&files[0]), array(&files[1]));
    assert!(header.contains("'shape': (1, 1, 32, 32, 32)"), "{header}");
    // Block means of the normalised cube, z fastest: the bright block is around the middle of the cube.
    assert_eq!((means.len(), level.len()), (32 * 32 * 32, 1));
    let at = |x: usize, y: usize, z: usize| means[(x * 32 + y) * 32 + z];
    assert!(at(16, 16, 16) > 0.9 * level[0] && at(0, 0, 0) < 0.0, "{} {level:?}", at(16, 16, 16));
    // The cube's voxel 64 is the point: LPS voxels of 1.5 mm.
    let affine = |r: usize, c: usize| report["crop_affine"][r][c].as_f64().unwrap();
    for (axis, expected) in [-18.0, -19.5, 21.0].into_iter().enumerate() {
        let world = 64.0 * affine(axis, axis) + affine(axis, 3);
        assert!((world - expected).abs() < 1e-6, "axis {axis}: {world}");
        assert_eq!(report["point_world"][axis], expected);
    }
    let outside =
        ["embed", text(&scan), "--model", &model, "--point", "900,0,0", "--out", text(&out)];
    voxpoint(&outside).failed(1);
    assert!(!out.exists());
}

/// What was wrong before is measured after 0 clicks, and what the clicks correct of it is what `segment` says.
#[test]
fn masks_that_were_there_are_corrected_as_segment_does() {
    let folder = folder_with(&["a"]);
    let scan = folder.path().join("a.nii");
    for wrong in ["eroded", "dilated", "shifted"] {
        let more = [
            "--labels",
            "1",
            "--clicks",
            "1",
            "--first",
            "centre",
            "--start-from",
            wrong,
            "--json",
        ];
        let report = eval(&[folder.path()], &more).json();
        assert_eq!(report["start_from"], wrong);
        let after = report["structures"][0]["after"].as_array().unwrap();
        let clicks: Vec<_> = after.iter().map(|a| a["clicks"].as_u64().unwrap()).collect();
        assert_eq!(clicks, [0, 1]);
        let dice = after[0]["dice"].as_f64().unwrap();
        // 16 × 17 × 18 voxels of 1.5 mm, less or more 2 on each side (rounded at edges and corners), or moved by 3.
        let (low, high) = match wrong {
            "eroded" => (0.6169, 0.617),
            "dilated" => (0.69, 0.74),
            _ => (0.8124, 0.8126),
        };
        assert!((low..high).contains(&dice), "{wrong}: {dice}");
        let first = &report["structures"][0]["clicks"][0];
        assert_eq!(first["positive"], wrong != "dilated", "{wrong}: {first}");
    }
    // From the right mask nothing is to be corrected by a click deep inside; the other label is another mask.
    let labels = folder.path().join("a_seg.nii");
    let out = folder.path().join("m.nii");
    let model = model();
    let segment = |more: &[&str]| {
        let start = ["--start-from", text(&labels), "--out", text(&out), "--device", "cpu"];
        let line = [&["segment", text(&scan), "--model", &model, "--space", "voxel"], more, &start];
        voxpoint(&line.concat())
    };
    assert!(segment(&["--point", "12,13,15"]).stderr.contains("several labels (1, 2, 3)"));
    assert!(segment(&["--point", "12,13,15", "--start-label", "9"]).stderr.contains("no label 9"));
    // Outside of it, as the first click: there is nothing to take away.
    let run = segment(&["--point", "39,39,39,-", "--start-label", "1"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let same = voxpoint(&["compare", text(&out), text(&labels), "--label", "1", "--json"]).json();
    assert_eq!(same["dice"], 1.0);
}
