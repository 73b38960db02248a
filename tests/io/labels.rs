//! Label maps as other programs write them: which labels they have, what is told, what is refused.
//! The numbers are NumPy's (`tests/data/labels/make.py`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use voxpoint::geom::{DAffine3, Grid};
use voxpoint::io::{IoError, LabelsRead, Likeness, Limits, labels_of, likeness, open_volume};
use voxpoint::volume::{Scale, StoredGeometry, Volume, Voxels};
use voxpoint::work::{CancelToken, Progress};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/labels")
}

fn try_open(path: &Path) -> Result<Volume, IoError> {
    open_volume(path, &Limits { memory: 1 << 30 }, &CancelToken::new(), &Progress::new())
}

fn open(path: &Path) -> Volume {
    try_open(path).unwrap_or_else(|e| panic!("{e}"))
}

fn read(path: &Path) -> LabelsRead {
    let volume = open(path);
    labels_of(&volume, path, volume.grid()).unwrap_or_else(|e| panic!("{e}"))
}

fn told(read: &LabelsRead) -> Vec<String> {
    read.notes.iter().map(ToString::to_string).collect()
}

/// What NumPy reads in a file: the voxels of each label, for each time point; or why it is refused.
#[derive(Deserialize)]
struct Expected {
    labels: Option<Vec<BTreeMap<String, usize>>>,
    refused: Option<String>,
}

#[test]
fn label_maps_of_all_kinds_have_the_labels_that_numpy_reads() {
    let text = std::fs::read_to_string(data().join("expected.json")).unwrap();
    let expected: BTreeMap<String, Expected> = serde_json::from_str(&text).unwrap();
    assert!(expected.len() > 25);
    for (name, expected) in expected {
        let path = data().join(&name);
        let volume = open(&path);
        if let Some(word) = expected.refused {
            let error = labels_of(&volume, &path, volume.grid()).unwrap_err();
            let text = error.to_string();
            assert!(matches!(error, IoError::NotLabels { .. }), "{name}: {text}");
            assert!(text.contains(&word) && !text.contains('\n'), "{name}: {text}");
            assert_ne!(likeness(&volume), Likeness::Labels, "{name}");
            continue;
        }
        let each = expected.labels.unwrap();
        assert_eq!(volume.time_points(), each.len(), "{name}");
        assert_eq!(likeness(&volume), Likeness::Labels, "{name}");
        for (time_point, meant) in each.iter().enumerate() {
            let found =
                labels_of(&volume.with_time_point(time_point), &path, volume.grid()).unwrap();
            assert_eq!(found.labels.len(), meant.len(), "{name}");
            for (in_file, voxels) in meant {
                let in_file: u64 = in_file.parse().unwrap();
                let value = found.value_of(in_file).unwrap();
                let label = found.labels.iter().find(|l| l.value == value).unwrap();
                assert_eq!(label.region.count(), *voxels, "{name}: {in_file}");
                let old = format!("label {in_file}");
                let renamed = label.name.as_deref() == Some(&*old);
                assert_eq!(renamed, in_file > 65535, "{name}: the old number stands in the name");
            }
        }
    }
}

#[test]
fn what_was_decided_is_told() {
    for (name, words, doubtful) in [
        ("reports/empty.nii.gz", &[][..], false),
        ("reports/instances_1200.nii.gz", &[], false),
        ("uint8_slope_0.1.nii", &[], false),
        (
            "reports/float_in_int16_header_103.nii.gz",
            &["1424 voxels have values up to 7.8e-4 off"],
            false,
        ),
        (
            "reports/float32_one_ulp_below_7015.nii.gz",
            &["604 voxels have values up to 4.9e-4 off"],
            false,
        ),
        ("reports/nan_background.nii.gz", &["83372 voxels are not a number"], false),
        ("float64_infinite.nii", &["72 voxels are not a number"], false),
        ("reports/minus_one_outside.nii.gz", &["50008 voxels are -1, which is no label"], true),
        ("int16_minus_1000.nii", &["888 voxels are -1000, which"], true),
        ("float32_lowest.nii", &["888 voxels are -3.4e38, which"], true),
        ("float32_minus_1_and_nan.nii", &["36 voxels are not a number", "36 voxels are -1,"], true),
        ("reports/frames_4d.nii.gz", &["2 time points; the one read is number 1"], false),
        (
            "float64_70001.nii",
            &["2 labels over 65535 got other numbers (65536 → 1, 70001 → 2)"],
            false,
        ),
        ("int32_two_billion.nii", &["(2000000007 → 2, 2000000008 → 3)"], false),
    ] {
        let found = read(&data().join(name));
        let told = told(&found);
        assert_eq!(told.len(), words.len(), "{name}: {told:?}");
        for (text, word) in told.iter().zip(words) {
            assert!(text.contains(word) && !text.contains('{'), "{name}: {text}");
        }
        assert_eq!(found.is_doubtful, doubtful, "{name}");
    }
}

/// Name, opacity and visibility of a label.
type Row = (&'static str, f32, bool);
/// Name of the case, the table's bytes, its rows, and what is told.
type Case = (&'static str, Vec<u8>, [Row; 3], &'static [&'static str]);

/// A label map with a table beside it: name, colour, opacity and visibility of each label, and what is told.
#[test]
fn tables_in_any_encoding_give_names_and_hide_what_they_hide() {
    let labels = data().join("tables/labels.nii.gz");
    let bytes = |name: &str| std::fs::read(data().join("tables").join(name)).unwrap();
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_be_bytes).collect() };
    let macintosh =
        "1 97 23 22 1 1 1 \"TMv\"\r2 1 2 3 0,25 1 0 \"b\"\rrubbish\r3 9 9 9 0,5 0 1 \"c\"";
    let cases: [Case; 5] = [
        (
            "bom",
            bytes("bom.label"),
            [("TMv - 1", 1.0, true), ("SSp-m6b - 2", 1.0, true), ("third", 1.0, true)],
            &[],
        ),
        (
            "latin1",
            bytes("latin1.label"),
            [("TMv - 1", 1.0, true), ("SSp-m6b - 2", 1.0, true), ("Größe", 1.0, true)],
            &["not in UTF-8; its names were read as windows-1252"],
        ),
        (
            "invisible",
            bytes("invisible.label"),
            [("hidden", 1.0, false), ("two", 1.0, true), ("third", 0.2, true)],
            &["1 of 3 labels are hidden"],
        ),
        (
            "UTF-16",
            [
                b"\xfe\xff".to_vec(),
                wide("1 1 1 1 1 1 1 \"肝脏\"\r\n2 1 1 1 1 1 1 \"脾\"\r\n3 1 1 1 1 1 1 \"c\""),
            ]
            .concat(),
            [("肝脏", 1.0, true), ("脾", 1.0, true), ("c", 1.0, true)],
            &[],
        ),
        (
            "CR, commas, a mesh that is off",
            macintosh.as_bytes().to_vec(),
            [("TMv", 1.0, true), ("b", 0.0, true), ("c", 0.5, false)],
            &["could not be understood were passed over: 3", "1 of 3 labels are hidden"],
        ),
    ];
    for (name, table, rows, words) in cases {
        for ending in [".label", ".labels.txt", ".txt"] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("m.nii.gz");
            std::fs::copy(&labels, &path).unwrap();
            std::fs::write(dir.path().join(format!("m{ending}")), &table).unwrap();
            let found = read(&path);
            let seen: Vec<_> = found
                .labels
                .iter()
                .map(|l| (l.name.as_deref().unwrap(), l.opacity.unwrap(), l.visible))
                .collect();
            assert_eq!(seen, rows, "{name}{ending}");
            let told = told(&found);
            assert_eq!(told.len(), words.len(), "{name}: {told:?}");
            assert!(told.iter().zip(words).all(|(t, w)| t.contains(w)), "{name}: {told:?}");
        }
    }
}

#[test]
fn a_table_names_labels_by_their_numbers_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.nii");
    std::fs::copy(data().join("float64_70001.nii"), &path).unwrap();
    let table = "70001 1 2 3 1 1 1 \"ctx-lh\"\n65535 1 2 3 1 1 1 \"last\"\n1 9 9 9 1 1 1 \"not in the map\"\n";
    std::fs::write(dir.path().join("m.label"), table).unwrap();
    let found = read(&path);
    let names: Vec<_> =
        found.labels.iter().map(|l| (l.value, l.name.as_deref().unwrap_or_default())).collect();
    assert_eq!(names, [(1, "label 65536"), (2, "ctx-lh (label 70001)"), (65535, "last")]);
}

fn volume(dims: [usize; 3], voxels: Voxels, scale: Scale) -> Volume {
    let grid = Grid::new(dims, DAffine3::IDENTITY).unwrap();
    let stored = StoredGeometry::of(&grid);
    Volume::new("v", grid, dims.to_vec(), voxels, scale, stored, vec![])
}

/// What must never take the place of objects by itself, whatever its scale.
#[test]
fn scans_are_no_label_maps_however_small_their_values() {
    let scan =
        open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/nifti/ref_int16.nii.gz"));
    let dims = scan.grid().dims();
    let Voxels::I16(values) = scan.voxels() else { panic!("int16") };
    let scaled = |factor: f32| -> Vec<f32> {
        values.iter().map(|&v| f32::from(v).max(0.0) * factor).collect()
    };
    for factor in [1.0, 1e-2, 1e-4, 1e-6, 1e-9] {
        let mut floats = scaled(factor);
        let plain = volume(dims, Voxels::F32(floats.clone()), Scale::NONE);
        assert_eq!(likeness(&plain), Likeness::Scan, "{factor}");
        // One voxel that is a whole number makes it none either.
        floats[1000] = 1.0;
        let hot = volume(dims, Voxels::F32(floats), Scale::NONE);
        assert_eq!(likeness(&hot), Likeness::Scan, "{factor}, hot");
        let slope = Scale { slope: f64::from(factor), inter: 0.0 };
        let stored = volume(dims, Voxels::I16(values.clone()), slope);
        assert_eq!(likeness(&stored), Likeness::Scan, "{factor}, by its slope");
    }
}

/// 20,000 instances: as many as a slide of nuclei, each with its own number.
#[test]
fn many_instances_are_read_and_noise_is_not() {
    let dims = [256, 256, 32];
    let count: usize = dims.iter().product();
    let instance = |i: usize| {
        let (x, y, z) = (i % 256, i / 256 % 256, i / 65536);
        // Boxes of 6 × 6 × 6 with a gap, some 20,000 over all slices of two.
        let (a, b, c) = (x / 4, y / 4, z / 6);
        if x % 4 == 3 || y % 4 == 3 { 0 } else { (1 + a + 64 * b + 4096 * c) as u32 }
    };
    let map = volume(dims, Voxels::U32((0..count).map(instance).collect()), Scale::NONE);
    let found = labels_of(&map, Path::new("/x/m.nii"), map.grid()).unwrap();
    assert_eq!(found.labels.len(), 64 * 64 * 6);
    assert_eq!(found.labels[0].region.count(), 3 * 3 * 6);
    assert_eq!(likeness(&map), Likeness::Labels);
    let too_many =
        volume(dims, Voxels::U32((0..count as u32).map(|i| i / 24).collect()), Scale::NONE);
    let error = labels_of(&too_many, Path::new("/x/m.nii"), map.grid()).unwrap_err().to_string();
    assert!(error.contains("more than 65535 different values"), "{error}");
    // Grey values that are whole: in a small part of the volume, so that they are not too many runs.
    let grey = |i: usize| {
        if i % 256 < 60 { (i.wrapping_mul(2_654_435_761) >> 13) as u32 % 3000 } else { 0 }
    };
    let scan = volume(dims, Voxels::U32((0..count).map(grey).collect()), Scale::NONE);
    let error = labels_of(&scan, Path::new("/x/m.nii"), map.grid()).unwrap_err().to_string();
    assert!(error.contains("from voxel to voxel"), "{error}");
    assert_eq!(likeness(&scan), Likeness::Scan);
}

/// Links to nothing and pointers of git-annex and Git LFS are named as what they are.
#[cfg(unix)]
#[test]
fn what_lies_in_the_place_of_a_file_is_named() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    let key = "MD5E-s71457--b5ee6e9a2a64b1d9b2ba5e5e7ff1c5ab.nii.gz";
    std::fs::write(at("lfs.nii.gz"), lfs).unwrap();
    std::fs::write(at("unlocked.nii.gz"), format!("/annex/objects/{key}\n")).unwrap();
    symlink(format!("../.git/annex/objects/Xk/0V/{key}/{key}"), at("annex.nii.gz")).unwrap();
    symlink("gone.nii.gz", at("link.nii.gz")).unwrap();
    for (name, words) in [
        ("lfs.nii.gz", "Git LFS pointer, not the file itself; run “git lfs pull”"),
        ("unlocked.nii.gz", "git-annex link or pointer"),
        ("annex.nii.gz", "“git annex get”"),
        ("link.nii.gz", "link to a file that is not there (gone.nii.gz)"),
    ] {
        let error = try_open(&at(name)).unwrap_err();
        assert!(matches!(error, IoError::Placeholder { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(words) && text.ends_with(name), "{text}");
    }
    // Tables too: the labels open, and why they have no names is told.
    std::fs::copy(data().join("tables/labels.nii.gz"), at("m.nii.gz")).unwrap();
    std::fs::write(at("m.label"), lfs).unwrap();
    symlink("gone.txt", at("m.labels.txt")).unwrap();
    let found = read(&at("m.nii.gz"));
    let told = told(&found);
    assert_eq!((found.labels.len(), told.len()), (3, 2), "{told:?}");
    assert!(told[0].contains("m.labels.txt was not read: this is a link"), "{told:?}");
    assert!(told[1].contains("m.label was not read: this is a Git LFS pointer"), "{told:?}");
}
