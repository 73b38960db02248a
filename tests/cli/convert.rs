//! `voxpoint convert`, and series of folders.

use std::path::{Path, PathBuf};

use voxpoint::io::{Limits, open_volume, save_overlapping};
use voxpoint::volume::{CoveredLabels, LabelMap, Volume};
use voxpoint::work::{CancelToken, Progress};

use crate::support::{sample, sample_json, voxpoint, write_labels, write_scan};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn open(path: &Path) -> Volume {
    open_volume(path, &Limits::default(), &CancelToken::new(), &Progress::new()).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Writes labels on the grid of a scan.
fn save_on(scan: &Volume, labels: &[u16], path: &Path) {
    let map = LabelMap::from_labels(scan.grid().dims(), labels);
    let covered = CoveredLabels::default();
    let (grid, said) = (scan.grid(), scan.provenance());
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    save_overlapping(path, (&map, &covered), grid, said, &[], &cancel, &progress).unwrap();
}

/// Whether both have the same values at the same places.
fn same(a: &Volume, b: &Volume, what: &str) {
    assert_eq!(a.grid().dims(), b.grid().dims(), "{what}");
    assert_eq!(a.time_points(), b.time_points(), "{what}");
    for corner in [[0, 0, 0], a.grid().dims().map(|n| n - 1)] {
        let apart = a.grid().world_of(corner).distance(b.grid().world_of(corner));
        assert!(apart < 1e-3, "{what}: {apart} mm");
    }
    for n in 0..a.voxels().len() {
        let [x, y] = [a, b].map(|v| v.scale().apply(v.voxels().raw(n)));
        let near = x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= 1e-5 * x.abs().max(1.0);
        assert!(near, "{what}: {x}, {y} at {n}");
    }
}

#[test]
fn a_scan_is_the_same_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let json = sample_json();
    let sample = sample(json["image"].as_str().unwrap());
    let names = [
        "int8",
        "int64",
        "uint16",
        "int32_slope",
        "uint8_slope_inter",
        "nan_inf_float32",
        "four_d",
        "two_d",
        "oblique_qform_only",
        "nifti2_int16",
    ];
    let files = names.map(|name| (name, data(&format!("nifti/{name}.nii.gz"))));
    let scans = [("CT", sample), ("PET", data("dicom/pet"))];
    for (name, input) in scans.into_iter().chain(files) {
        let meant = open(&input);
        for ending in ["nii", "nii.gz", "nrrd", "mha", "mhd", "mgz"] {
            let out = folder.path().join(format!("{name}.{ending}"));
            let run = voxpoint(&["convert", text(&input), text(&out), "--as", "image", "--json"]);
            let report = run.json();
            assert_eq!(report["as"], "image", "{report}");
            assert!(report["labels"].is_null());
            same(&meant, &open(&out), &format!("{name}.{ending}"));
            let again = voxpoint(&["convert", text(&input), text(&out)]);
            assert!(again.failed(1).contains("this is there already"), "{}", again.stderr);
            let run = voxpoint(&["convert", text(&out), text(&out), "--force"]);
            assert!(run.failed(1).contains("would replace an input"), "{}", run.stderr);
        }
    }
    let run = voxpoint(&["convert", text(&data("dicom/pet")), "x.dcm"]);
    assert!(run.failed(2).contains("say which with --reference"), "{}", run.stderr);
}

/// By the published formulas (`tests/data/dicom/suv/make.py`).
#[test]
fn a_pet_is_written_as_suv() {
    let folder = tempfile::tempdir().unwrap();
    let pet = data("dicom/suv");
    let table = std::fs::read_to_string(pet.join("expected.json")).unwrap();
    let table: serde_json::Value = serde_json::from_str(&table).unwrap();
    for (kind, ending) in [("bw", "nii.gz"), ("lbm", "nrrd"), ("bsa", "mha")] {
        let out = folder.path().join(format!("{kind}.{ending}"));
        let run = voxpoint(&["convert", text(&pet), text(&out), "--suv", kind]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let found = open(&out);
        let meant = table[kind]["values"].as_array().unwrap();
        assert_eq!(found.voxels().len(), meant.len());
        for (n, meant) in meant.iter().enumerate() {
            let found = found.scale().apply(found.voxels().raw(n));
            let meant = meant.as_f64().unwrap();
            assert!((found - meant).abs() < 1e-5, "{kind}, {n}: {found}, {meant}");
        }
    }
    let ct = data("dicom/pydicom/CT_small.dcm");
    let run = voxpoint(&["convert", text(&ct), text(&folder.path().join("ct.nii")), "--suv", "bw"]);
    assert!(run.code != 0 && !folder.path().join("ct.nii").exists(), "{}", run.stderr);
}

/// What counts or works unattended takes no scan that was not named.
#[test]
fn of_several_scans_one_is_named_to_measure_it() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("scans");
    std::fs::create_dir(&place).unwrap();
    for part in ["98892001/CT5N", "77654033/CT2"] {
        for entry in std::fs::read_dir(data("dicom/disc").join(part)).unwrap().flatten() {
            std::fs::copy(entry.path(), place.join(entry.file_name())).unwrap();
        }
    }
    let list = voxpoint(&["info", text(&place), "--json"]).json();
    let series = list["series"].as_array().unwrap();
    let key = |is_wanted: bool| {
        let found = series.iter().find(|s| (s["images"] == 5) == is_wanted);
        found.unwrap()["key"].as_str().unwrap()
    };
    let (wanted, unwanted) = (key(true), key(false));
    let map = folder.path().join("m.nii");
    let scan = folder.path().join("scan.nii");
    assert_eq!(voxpoint(&["convert", text(&place), text(&scan), "--series", wanted]).code, 0);
    let volume = open(&scan);
    let [nx, ny, nz] = volume.grid().dims();
    // A slab of the middle slice, and half of the first.
    let label = |n: usize| match (n / nx % ny, n / (nx * ny)) {
        (y, z) if z == nz / 2 && (ny / 3..ny / 2).contains(&y) => 2,
        (y, 0) if y < ny / 2 => 7,
        _ => 0,
    };
    let labels: Vec<u16> = (0..nx * ny * nz).map(label).collect();
    save_on(&volume, &labels, &map);
    let base = ["measure", text(&map), "--scan", text(&place)];
    let refused = voxpoint(&base);
    let why = refused.failed(1);
    assert!(
        why.contains("several scans") && why.contains("--series") && why.contains(wanted),
        "{why}"
    );
    let none = voxpoint(&[&base[..], &["--series", "1.2.3"]].concat());
    assert!(none.failed(1).contains("no one series 1.2.3"), "{}", none.stderr);
    let only = voxpoint(&[&base[..], &["--series", wanted, "--json"]].concat()).json();
    let structures = only["structures"].as_array().unwrap();
    assert_eq!(structures.len(), 2, "{only}");
    for (structure, value) in structures.iter().zip([2, 7]) {
        let under = (0..labels.len()).filter(|&n| labels[n] == value);
        let values: Vec<f64> =
            under.map(|n| volume.scale().apply(volume.voxels().raw(n))).collect();
        let number = |key: &str| structure["values"][key].as_f64().unwrap();
        assert_eq!(
            (&structure["label"], &structure["voxels"]),
            (&value.into(), &values.len().into())
        );
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert_eq!((number("min"), number("max")), (least, most), "{value}");
        assert!(most > least, "{value}: nothing is told from nothing");
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!((number("mean") - mean).abs() < 1e-9 * mean.abs(), "{value}: {mean}");
    }
    // Of the other one, whose images make no volume, no number is taken.
    let other = voxpoint(&[&base[..], &["--series", unwanted]].concat());
    assert!(other.failed(1).contains("these images make no volume"), "{}", other.stderr);
    let other =
        voxpoint(&["measure", text(folder.path()), "--scan", text(&place), "--series", "5"]);
    assert!(other.failed(2).contains("--series is of one label map"), "{}", other.stderr);
}

#[test]
fn labels_keep_their_names_where_the_format_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let map = at("m.nii");
    write_labels(&map, [6, 5, 4], 2.0, &[7; 30]);
    let table = "7 10 200 30 0.5 1 1 \"Left kidney\"\n";
    std::fs::write(at("m.labels.txt"), table).unwrap();
    let run = voxpoint(&["convert", text(&map), text(&at("a.seg.nrrd")), "--json"]);
    let report = run.json();
    assert_eq!((report["as"].as_str(), report["labels"].as_u64()), (Some("labels"), Some(1)));
    // Without the table beside it, from the file itself.
    std::fs::remove_file(at("a.labels.txt")).unwrap();
    let run = voxpoint(&["convert", text(&at("a.seg.nrrd")), text(&at("b.nii.gz"))]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let names = std::fs::read_to_string(at("b.labels.txt")).unwrap();
    assert!(names.contains("Left kidney") && names.contains("10  200   30"), "{names}");
    same(&open(&map), &open(&at("b.nii.gz")), "there and back");
    let run = voxpoint(&["convert", text(&map), text(&at("b.seg.nrrd")), "--as", "image"]);
    assert!(run.failed(2).contains("is a segmentation"), "{}", run.stderr);
}

#[test]
fn each_label_gets_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let map = at("map.nii");
    let first = [1, 1, 1, 0, 44, 7];
    write_scan(&map, [6, 5, 4], 2.0, |[x, y, z]| {
        if [y, z] == [0, 0] { first[usize::try_from(x).unwrap()] } else { 0 }
    });
    std::fs::write(
        at("map.labels.txt"),
        "1 255 0 0 1 1 1 \"Liver, left\"\n7 0 255 0 1 1 1 \"Spleen\"\n",
    )
    .unwrap();
    let run = |more: &[&str]| {
        let out = at("each");
        let arguments = [&["convert", text(&map), "--per-label", text(&out)], more].concat();
        voxpoint(&arguments)
    };
    let json = run(&["--json"]).json();
    let names: Vec<String> = ["Liver_left", "Spleen", "Label_44"]
        .iter()
        .map(|name| at("each").join(format!("{name}.nii.gz")).to_string_lossy().into_owned())
        .collect();
    let mut files: Vec<&str> =
        json["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
    files.sort_unstable();
    let mut expected: Vec<&str> = names.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(files, expected);
    assert_eq!((&json["labels"], &json["as"]), (&3.into(), &"labels".into()));
    let scan = open(&map);
    assert_ne!(scan.voxels().data_type().name(), "uint8");
    for file in &files {
        assert_eq!(json["dtype"], open(Path::new(file)).voxels().data_type().name());
    }
    for (name, value) in names.iter().zip([1.0, 7.0, 44.0]) {
        let alone = open(Path::new(name));
        assert!(alone.grid().matches(scan.grid(), 1e-4), "{name}");
        for n in 0..120 {
            let is_it = scan.voxels().raw(n) == value;
            assert_eq!(alone.voxels().raw(n), f64::from(u8::from(is_it)), "{name}: {n}");
        }
    }
    assert!(run(&[]).failed(1).contains("--force"));
    assert_eq!(run(&["--force", "--ending", "mha"]).code, 0);
    assert!(at("each/Spleen.mha").exists());
    for (more, said) in [
        (&["--ending", ".mhd"][..], "a label can be alone in"),
        (&["--as", "image"], "--per-label is for labels"),
    ] {
        assert!(run(more).failed(2).contains(said), "{said}");
    }
    voxpoint(&["convert", text(&map)]).failed(2);
}

#[test]
fn a_folder_with_several_series_is_listed_and_one_is_named() {
    let run = voxpoint(&["info", text(&data("dicom")), "--json"]);
    let list = run.json();
    let series = list["series"].as_array().unwrap();
    assert!(series.len() > 5);
    let pet = series.iter().find(|s| s["images"] == 51).unwrap();
    assert_eq!((pet["modality"].as_str(), pet["is_scan"].as_bool()), (Some("PT"), Some(true)));
    // No patient is named.
    let named = |line: &&str| line.contains("STS_003") && !line.contains("description");
    assert_eq!(run.stdout.lines().find(named), None);
    assert!(!run.stdout.contains("CompressedSamples"));
    let key = pet["key"].as_str().unwrap();
    let one = voxpoint(&["info", text(&data("dicom")), "--series", key, "--json"]).json();
    assert_eq!(one["dims"][2], 51);
    let table = voxpoint(&["info", text(&data("dicom"))]);
    assert!(table.stdout.contains("is opened if none is named"), "{}", table.stdout);
    let wrong = voxpoint(&["info", text(&data("dicom")), "--series", "1.2.3"]);
    assert!(wrong.failed(1).contains("no one series 1.2.3 here"), "{}", wrong.stderr);
    let alone = voxpoint(&["info", text(&data("dicom/pet")), "--json"]).json();
    assert_eq!(alone["dims"], one["dims"]);
    // A file that is no place of series.
    let json = sample_json();
    let file = sample(json["image"].as_str().unwrap());
    let wrong = voxpoint(&["info", text(&file), "--series", "3"]);
    wrong.failed(1);
}
