//! What the commands say and write.

use std::path::Path;

use voxpoint::geom::DVec3;
use voxpoint::io::{Limits, open_volume};
use voxpoint::volume::Volume;
use voxpoint::work::{CancelToken, Progress};

use crate::support::{sample, sample_json, voxpoint, write_labels, write_scan};

fn keys(value: &serde_json::Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn open(path: &Path) -> Volume {
    open_volume(path, &Limits::default(), &CancelToken::new(), &Progress::new()).unwrap()
}

/// A bar of 0.3 m in a scan of 3 mm voxels, with a model whose mask is whatever is bright.
#[test]
fn a_mask_is_followed_beyond_the_window_and_clicks_may_lie_outside_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models");
    for (from, to) in
        [("tiny/encoder.onnx", "encoder.onnx"), ("follow/decoder.onnx", "decoder.onnx")]
    {
        std::fs::copy(models.join(from), folder.path().join(to)).unwrap();
    }
    let (scan, mask) = (folder.path().join("s.nii"), folder.path().join("m.nii"));
    write_scan(&scan, [120, 40, 40], 3.0, |[x, y, z]| {
        let bar = (10..110).contains(&x) && (12..28).contains(&y) && (12..28).contains(&z);
        if bar { 300 } else { 50 + (x + y + z) % 5 }
    });
    let segment = |more: &[&str]| {
        let [scan, mask, model] = [&scan, &mask, folder.path()].map(|p| p.to_str().unwrap());
        let mut arguments = vec!["segment", scan, "--point", "20,20,20", "--space", "voxel"];
        arguments.extend(["--out", mask, "--model", model, "--device", "cpu", "--json"]);
        arguments.extend(more);
        let run = voxpoint(&arguments);
        let report = run.json();
        let voxels = report["voxels"].as_u64().unwrap();
        assert_eq!(centroid(&open(Path::new(mask)), |v| v == 1.0).1 as u64, voxels);
        (report, voxels, run.stderr)
    };
    let bar = 100 * 16 * 16;
    let near = |voxels: u64, wanted: u64| voxels.abs_diff(wanted) < wanted / 6;
    let (report, window, said) = segment(&[]);
    assert!(window < bar / 2 && report["touches"] == true && said.contains("--extend"), "{said}");
    let (report, whole, said) = segment(&["--extend"]);
    assert!(near(whole, bar) && report["touches"] == false && said.is_empty(), "{whole} {said}");
    assert!(report["patches"].as_array().unwrap().len() >= 3);
    assert_eq!(report["patches"][0], report["crop_affine"]);
    // Two windows of 64 voxels around voxels 20 and 90: what is between them stays empty.
    let (report, two, _) = segment(&["--point", "90,20,20"]);
    assert!(two > window * 3 / 2 && two < whole);
    assert_eq!(report["patches"].as_array().unwrap().len(), 2);
    let (_, tight, _) = segment(&["--extend", "--threshold", "0.7"]);
    assert!(tight < whole && tight > whole / 2, "{tight} {whole}");
}

/// A scan without contrast, and an image of coarser voxels at the same place in which there is something bright.
#[test]
fn the_model_can_look_at_another_image_than_the_one_the_mask_lies_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models");
    for (from, to) in
        [("tiny/encoder.onnx", "encoder.onnx"), ("follow/decoder.onnx", "decoder.onnx")]
    {
        std::fs::copy(models.join(from), path(to)).unwrap();
    }
    let flat = |[x, y, z]: [i16; 3]| 50 + (x + y + z) % 5;
    write_scan(&path("ct.nii"), [60, 60, 60], 3.0, flat);
    let bright = |[x, y, z]: [i16; 3]| [x, y, z].iter().all(|v| (5..25).contains(v));
    write_scan(&path("pet.nii"), [30, 30, 30], 6.0, |v| if bright(v) { 300 } else { flat(v) });
    write_scan(&path("small.nii"), [5, 5, 5], 3.0, flat);
    let text = |name: &str| path(name).to_str().unwrap().to_owned();
    let run = |image: &str| {
        let mut arguments = ["segment", &text("ct.nii"), "--point", "30,30,30", "--space", "voxel"]
            .map(str::to_owned)
            .to_vec();
        let rest = ["--out", &text("m.nii"), "--model", folder.path().to_str().unwrap(), "--json"];
        arguments.extend(rest.map(str::to_owned));
        arguments.extend(["--model-image".to_owned(), text(image)]);
        voxpoint(&arguments)
    };
    let report = run("pet.nii").json();
    assert_eq!(report["image"], text("pet.nii"));
    let mask = open(&path("m.nii"));
    assert_eq!(mask.grid().dims(), [60, 60, 60], "on the scan's grid");
    let (_, voxels) = centroid(&mask, |v| v == 1.0);
    let bright_voxels = 40 * 40 * 40;
    assert!(voxels.abs_diff(bright_voxels) < bright_voxels / 4, "{voxels}");
    // The scan itself as that image is the scan, in which the model finds no such box.
    assert!(run("ct.nii").json()["voxels"].as_u64().unwrap() != voxels as u64);
    let error = run("small.nii").failed(1).to_owned();
    assert!(error.contains("outside of the image that the model is to look at"), "{error}");
}

/// A bar of 20 × 4 × 4 voxels in a scan ten times finer than usual: at working scale 10 as the usual one.
#[test]
fn a_fine_scan_is_told_and_can_be_seen_larger() {
    let folder = tempfile::tempdir().unwrap();
    let (usual, fine) = (folder.path().join("usual.nii"), folder.path().join("fine.nii"));
    let (mask, logits) = (folder.path().join("m.nii"), folder.path().join("l.nii"));
    for (scan, mm) in [(&usual, 1.5), (&fine, 0.15)] {
        write_scan(scan, [60, 50, 40], mm, |[x, y, z]| {
            let bar = (20..40).contains(&x) && (22..30).contains(&y) && (16..24).contains(&z);
            if bar { 300 } else { 50 + (x + y + z) % 5 }
        });
    }
    let segment = |scan: &Path, more: &[&str]| {
        let [scan, mask, logits] = [scan, &mask, &logits].map(|p| p.to_str().unwrap());
        let mut arguments = vec!["segment", scan, "--point", "30,26,20", "--space", "voxel"];
        arguments.extend(["--out", mask, "--logits", logits, "--device", "cpu", "--json"]);
        arguments.extend(more);
        let run = voxpoint(&arguments);
        let report = run.json();
        let saved = open(Path::new(mask));
        let values: Vec<f64> = (0..60 * 50 * 40).map(|n| saved.voxels().raw(n)).collect();
        let spacing = saved.grid().spacing().x;
        (report, values, spacing, open(Path::new(logits)).grid().spacing().x, run.stderr)
    };
    let (report, wanted, spacing, step, said) = segment(&usual, &[]);
    assert_eq!(report["working_scale"], 1.0);
    assert!(!said.contains("finer") && wanted.contains(&1.0), "{said}");
    assert!((spacing - 1.5).abs() < 1e-6 && (step - 1.5).abs() < 1e-6);
    let as_it_is = ["segment", fine.to_str().unwrap(), "--point", "30,26,20", "--space", "voxel"];
    let said = voxpoint(&[&as_it_is[..], &["--out", mask.to_str().unwrap()]].concat()).stderr;
    assert!(said.contains("10 times finer") && said.contains("--working-scale 10"), "{said}");
    let (report, mask, spacing, step, said) = segment(&fine, &["--working-scale", "10"]);
    assert_eq!((&report["working_scale"], said.as_str()), (&10.0.into(), ""));
    assert!(mask == wanted, "voxel for voxel");
    // Where things are and how large is the truth.
    assert!((spacing - 0.15).abs() < 1e-6 && (step - 0.15).abs() < 1e-6, "{spacing} {step}");
    let ml = mask.iter().filter(|v| **v == 1.0).count() as f64 * 0.15f64.powi(3) / 1000.0;
    assert!((report["volume_ml"].as_f64().unwrap() / ml - 1.0).abs() < 1e-3);
    let fine = fine.to_str().unwrap();
    for odd in ["0", "-2", "NaN", "1e9", "ten"] {
        let scale = format!("--working-scale={odd}");
        let run = voxpoint(&["segment", fine, "--point", "0,0,0", "--out", "m.nii", &scale]);
        assert_eq!(run.code, 2, "{odd}: {run:?}");
    }
}

/// Numbers of nibabel 5.4 and numpy for the same file.
#[test]
fn info_says_what_nibabel_says() {
    let scan = sample("ct_thorax_cta.nii.gz");
    let info = voxpoint(&["info".as_ref(), scan.as_os_str(), "--json".as_ref()]).json();
    assert_eq!(
        keys(&info),
        [
            "dims",
            "dtype",
            "frames",
            "max",
            "mean",
            "min",
            "orientation",
            "provenance",
            "spacing",
            "warnings",
            "world_from_voxel"
        ]
    );
    assert_eq!(info["dims"], serde_json::json!([120, 126, 164]));
    assert_eq!(info["dtype"], "int16");
    assert_eq!(info["orientation"], "LPS");
    assert_eq!(info["min"], -1078.0);
    assert_eq!(info["max"], 3343.0);
    assert!((info["mean"].as_f64().unwrap() - -200.713_730_803_974_8).abs() < 1e-3);
    let rows = [
        [-1.5, 0.0, 0.0, 71.658_203],
        [0.0, -1.5, 0.0, 255.658_203],
        [0.0, 0.0, 1.5, 540.2],
        [0.0, 0.0, 0.0, 1.0],
    ];
    for (row, expected) in rows.iter().enumerate() {
        for (column, expected) in expected.iter().enumerate() {
            let got = info["world_from_voxel"][row][column].as_f64().unwrap();
            assert!((got - expected).abs() < 1e-3, "{row} {column}: {got}");
        }
    }
    let table = voxpoint(&["info".as_ref(), scan.as_os_str()]);
    assert_eq!(table.code, 0);
    assert!(table.stdout.contains("120 × 126 × 164") && table.stdout.contains("LPS"), "{table:?}");
}

#[test]
fn info_has_null_for_what_is_no_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nan.nii");
    let voxels: Vec<u8> = std::iter::repeat_n(f32::NAN.to_le_bytes(), 8).flatten().collect();
    let file = crate::support::nifti([2, 2, 2], 16, 32, crate::support::lps(1.0), &voxels);
    std::fs::write(&path, file).unwrap();
    let info = voxpoint(&["info".as_ref(), path.as_os_str(), "--json".as_ref()]).json();
    assert!(info["min"].is_null() && info["max"].is_null() && info["mean"].is_null(), "{info}");
}

/// Mean world position of the voxels for which `inside` holds, and their number.
fn centroid(volume: &Volume, inside: impl Fn(f64) -> bool) -> (DVec3, usize) {
    let [nx, ny, nz] = volume.grid().dims();
    let (mut sum, mut count) = (DVec3::ZERO, 0);
    for z in 0..nz {
        for y in 0..ny {
            for x in 0..nx {
                if inside(volume.value([x, y, z])) {
                    sum += volume.grid().world_of([x, y, z]);
                    count += 1;
                }
            }
        }
    }
    (sum / count as f64, count)
}

/// Needs ONNX Runtime, which `scripts/test` fetches.
#[test]
fn the_samples_click_gives_the_mask_that_its_readme_promises() {
    let json = sample_json();
    let text = |key: &str| json[key].as_str().unwrap().to_owned();
    let (image, reference) = (sample(&text("image")), sample(&text("label")));
    let folder = tempfile::tempdir().unwrap();
    let (mask, logits) = (folder.path().join("m.nii.gz"), folder.path().join("l.nii.gz"));
    let mut arguments = vec!["segment", image.to_str().unwrap()];
    for click in json["clicks"].as_array().unwrap() {
        arguments.extend(["--point", click.as_str().unwrap()]);
    }
    arguments.extend(["--out", mask.to_str().unwrap(), "--logits", logits.to_str().unwrap()]);
    arguments.extend(["--device", "cpu", "--json"]);
    let report = voxpoint(&arguments).json();

    let expected = "crop_affine device device_reason frame image iou ms patches server touches volume_ml \
         voxels working_scale";
    assert_eq!(keys(&report), expected.split(' ').collect::<Vec<_>>());
    assert_eq!(report["patches"].as_array().unwrap(), std::slice::from_ref(&report["crop_affine"]));
    let stages = ["crop", "decode", "encode", "load", "paste", "save", "session"];
    assert_eq!(keys(&report["ms"]), stages);
    let clicks = json["clicks"].as_array().unwrap().len();
    assert_eq!(report["ms"]["decode"].as_array().unwrap().len(), clicks);
    assert_eq!(report["iou"].as_array().unwrap().len(), clicks);

    let (mask_volume, scan) = (open(&mask), open(&image));
    assert!(mask_volume.grid().matches(scan.grid(), 1e-4));
    let (middle, voxels) = centroid(&mask_volume, |v| v == 1.0);
    assert_eq!(report["voxels"], voxels);
    let ml = report["volume_ml"].as_f64().unwrap();
    assert!((ml - voxels as f64 * 1.5f64.powi(3) / 1000.0).abs() < 1e-3);

    let label = json["label_value"].to_string();
    let compare = ["compare", mask.to_str().unwrap(), reference.to_str().unwrap()];
    let mut compare = compare.to_vec();
    compare.extend(["--label-b", &label, "--json"]);
    let compared = voxpoint(&compare).json();
    let keys_of_it = ["both_empty", "dice", "volume_ml_a", "volume_ml_b", "voxels_a", "voxels_b"];
    assert!(keys_of_it.iter().all(|key| keys(&compared).contains(key)), "{compared}");
    let dice = compared["dice"].as_f64().unwrap();
    assert!((dice - 0.830).abs() < 0.01, "{dice}");

    // The logits lie where the mask lies, axis by axis: both are asked for their middle in the world.
    let logits = open(&logits);
    assert_eq!(logits.grid().dims(), [128; 3]);
    assert_eq!(logits.voxels().data_type().name(), "float32");
    let affine = logits.grid().world_from_voxel();
    let stated = |r: usize, c: usize| report["crop_affine"][r][c].as_f64().unwrap();
    assert!((affine.translation.x - stated(0, 3)).abs() < 1e-3);
    assert!((affine.translation.z - stated(2, 3)).abs() < 1e-3);
    assert!((affine.matrix3.y_axis.y - stated(1, 1)).abs() < 1e-5);
    let (in_crop, _) = centroid(&logits, |v| v > 0.0);
    assert!(in_crop.distance(middle) < 0.2, "{in_crop} {middle}");
}

#[test]
fn compare_counts_what_two_labels_share() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.nii"), folder.path().join("b.nii"));
    write_labels(&a, [4, 3, 2], 2.0, &[1, 1, 1, 2, 0, 1]);
    write_labels(&b, [4, 3, 2], 2.0, &[7, 7, 0, 7, 1, 7]);
    let line = ["compare".as_ref(), a.as_os_str(), b.as_os_str(), "--json".as_ref()];
    let labels = ["--label".as_ref(), "1".as_ref(), "--label-b".as_ref(), "7".as_ref()];
    let compared = voxpoint(&[&line[..], &labels].concat()).json();
    // Four voxels each, three of them the same.
    assert_eq!(compared["dice"], 0.75);
    assert_eq!((&compared["voxels_a"], &compared["voxels_b"]), (&4.into(), &4.into()));
    assert!((compared["volume_ml_a"].as_f64().unwrap() - 0.032).abs() < 1e-9);
    let same_label = voxpoint(&[&line[..], &labels[..2]].concat()).json();
    assert_eq!(same_label["dice"], 0.0);
}

#[test]
fn a_small_bench_measures_opening() {
    let line = ["bench", "open", "--size", "32x32x16", "--repeat", "1", "--json"];
    let report = voxpoint(&line).json();
    assert_eq!(report["size"], serde_json::json!([32, 32, 16]));
    assert!(report["cores"].as_u64().unwrap() >= 1);
    assert!(report["open"]["ms"].as_f64().unwrap() > 0.0);
    assert!((report["open"]["voxels_mb"].as_f64().unwrap() - 0.032_768).abs() < 1e-9);
    assert!(report.get("click").is_none());
}

#[test]
fn a_small_bench_of_comparisons_goes_on_from_the_journal() {
    let report = voxpoint(&["bench", "compare", "--pairs", "3", "--json"]).json();
    let compare = &report["compare"];
    assert_eq!((&compare["pairs"], &compare["labels"]), (&3.into(), &10.into()));
    for (run, kept) in [("one_job", 0), ("all_jobs", 0), ("resumed", 3)] {
        assert_eq!(compare[run]["from_journal"], kept, "{run}: {compare}");
        assert!(compare[run]["seconds"].as_f64().unwrap() > 0.0);
    }
    assert!(voxpoint(&["bench", "compare", "--pairs", "1"]).failed(2).contains("--pairs"));
}

#[cfg(unix)]
#[test]
fn a_small_bench_of_files_beside_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let peer = folder.path().join("python");
    // As slow as can be, and reads something else.
    let told = "#!/bin/sh\nprintf '{\"ms\": 1e9, \"peak_kib\": 1000, \"voxels\": 2, \"sum\": 3}'\n";
    std::fs::write(&peer, told).unwrap();
    std::fs::set_permissions(&peer, std::fs::Permissions::from_mode(0o755)).unwrap();
    let pet = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom/pet");
    let (pet, scan) = (pet.to_str().unwrap(), sample("ct_thorax_cta.nii.gz"));
    let line = ["bench", "files", pet, scan.to_str().unwrap(), "--repeat", "1", "--peer"];
    let line = [&line[..], &[peer.to_str().unwrap()]].concat();
    let report = voxpoint(&[&line[..], &["--json"]].concat()).json();
    for (place, peers) in report["places"].as_array().unwrap().iter().zip([3, 1]) {
        for what in ["read", "open"] {
            assert!(place[what]["ms"].as_f64().unwrap() > 0.0, "{report}");
        }
        assert_eq!(place["list"].is_null(), peers == 1, "{report}");
        assert_eq!(place["peers"].as_object().unwrap().len(), peers, "{report}");
        let other = &place["peers"]["SimpleITK"];
        assert!(other["ratio"].as_f64().unwrap() > 1e3 && other["same"] == false, "{report}");
    }
    let text = voxpoint(&line).stdout;
    assert!(text.contains("what it read is not the same"), "{text}");
    voxpoint(&["bench", "files"]).failed(2);
}

#[test]
fn a_small_bench_of_the_brush_loses_no_dab_and_uploads_no_more_than_its_box() {
    let line = ["bench", "brush", "--size", "96x64x48", "--repeat", "1", "--json"];
    let report = voxpoint(&line).json();
    let brush = &report["brush"];
    assert_eq!(brush["given"], brush["painted"], "{report}");
    let [bytes, all] = ["bytes", "box_bytes"].map(|key| brush[key].as_f64().unwrap());
    assert!(bytes > 0.0 && bytes <= 1.02 * all + 512.0, "{report}");
    assert!(brush["dabs_per_s"].as_f64().unwrap() > 0.0);
}

#[cfg(unix)]
#[test]
fn a_small_bench_of_edits_beside_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let peer = folder.path().join("python");
    // Tells how it was called, and how many bytes the mask has.
    let script = "#!/bin/sh\nprintf '{\"SimpleITK\": {\"grow\": 1e9}, \"told\": \"%s\", \"bytes\": %s}' \\\n    \"$*\" \"$(wc -c <\"$3\")\"\n";
    std::fs::write(&peer, script).unwrap();
    std::fs::set_permissions(&peer, std::fs::Permissions::from_mode(0o755)).unwrap();
    let line = ["bench", "edit", "--size", "64x48x32", "--repeat", "2", "--peer"];
    let line = [&line[..], &[peer.to_str().unwrap()]].concat();
    let report = voxpoint(&[&line[..], &["--json"]].concat()).json();
    let edit = &report["edit"];
    let rows = edit["rows"].as_array().unwrap();
    for row in rows {
        // In so small a scan nothing of the organ is further than 5 mm from its outside.
        let left = row["voxels"].as_u64().unwrap() > 0 || row["key"] == "shrink";
        assert!(row["ms"].as_f64().unwrap() > 0.0 && left, "{row}");
    }
    let keys: Vec<&str> = rows.iter().map(|row| row["key"].as_str().unwrap()).collect();
    for key in ["islands", "holes", "grow", "shrink", "open", "close", "gaussian", "together"] {
        assert!(keys.contains(&key), "{keys:?}");
    }
    let told = edit["peer"]["told"].as_str().unwrap_or_else(|| panic!("{report}"));
    let (script, options) = told.split_once(' ').unwrap();
    assert!(std::path::Path::new(script).is_file() && script.ends_with("peer_edit.py"), "{told}");
    for option in ["--size 64,48,32", "--spacing 0.7,0.7,1", "--margin 5", "--repeat 2"] {
        assert!(options.contains(option), "{option}: {told}");
    }
    assert_eq!(edit["peer"]["bytes"], 64 * 48 * 32);
    let run = voxpoint(&line);
    assert!(run.stdout.contains("SimpleITK 1000000000.0 ms"), "{run:?}");
}

/// In a scan that is smaller than the clicks of many runs would be apart, and beside somebody else's program.
#[cfg(unix)]
#[test]
fn a_small_bench_of_the_model_beside_another() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let peer = folder.path().join("python");
    let script = "#!/bin/sh\nprintf '{\"pytorch_encode_ms\": 1e9, \"told\": \"%s\"}' \"$*\"\n";
    std::fs::write(&peer, script).unwrap();
    std::fs::set_permissions(&peer, std::fs::Permissions::from_mode(0o755)).unwrap();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/models/tiny_official.pth");
    let bench = |size: &str, repeat: &str, more: &[&str]| {
        let line = ["bench", "model", "--size", size, "--repeat", repeat, "--model", model];
        let device = ["--device", "cpu", "--threads", "1", "--json"];
        voxpoint(&[&line[..], &device, more].concat())
    };
    let report = bench("48x48x24", "4", &["--peer", peer.to_str().unwrap()]).json();
    let measured = &report["model"];
    for key in ["encode_ms", "first_click_ms", "prefetched_click_ms", "decode_ms"] {
        assert!(measured[key].as_f64().unwrap() > 0.0, "{key}: {report}");
    }
    let told = measured["peer"]["told"].as_str().unwrap_or_else(|| panic!("{report}"));
    let (script, options) = told.split_once(' ').unwrap();
    assert!(std::path::Path::new(script).is_file() && script.ends_with("peer.py"), "{told}");
    for option in ["--threads 1", "--repeat 4", "--clicks 2", "tiny_official.pth"] {
        assert!(options.contains(option), "{option}: {told}");
    }
    let error = bench("48x48x24", "1000", &[]).failed(2).to_owned();
    assert!(error.contains("room for"), "{error}");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let scan = folder.path().join("s.nii");
    write_scan(&scan, [4, 4, 4], 1.0, |[x, y, z]| x + y * z);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_voxpoint"))
        .args(["info".as_ref(), scan.as_os_str()])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
