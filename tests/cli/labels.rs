//! Label maps as others write them, at the commands that read them; and files that are not what they seem.

use std::path::{Path, PathBuf};

use crate::support::{Run, lps, names, nifti, voxpoint, write_labels, write_scan};

fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/labels").join(name);
    path.to_string_lossy().into_owned()
}

fn compare(a: &str, b: &str, more: &[&str]) -> Run {
    voxpoint(&[&["compare", a, b, "--json"][..], more].concat())
}

/// Dice of empty masks as in Metrics Reloaded: 1 if both are, 0 if one is.
#[test]
fn empty_masks_have_a_dice_and_a_warning() {
    let (empty, full) = (data("reports/empty.nii.gz"), data("tables/labels.nii.gz"));
    for (a, b, label, dice, warnings) in [
        (&empty, &empty, "1", 1.0, 3),
        (&full, &empty, "1", 0.0, 1),
        (&empty, &full, "2", 0.0, 1),
        (&full, &full, "9", 1.0, 3),
        (&full, &full, "3", 1.0, 0),
    ] {
        let run = compare(a, b, &["--label", label]);
        let report = run.json();
        assert_eq!(report["dice"], dice, "{a} {b} {label}");
        assert_eq!(report["both_empty"], warnings == 3, "{a} {b} {label}");
        let told: Vec<&str> = run.stderr.lines().collect();
        assert_eq!(told.len(), warnings, "{told:?}");
        assert!(told.iter().all(|line| line.starts_with("warning: ")), "{told:?}");
    }
    let run = compare(&full, &full, &["--label", "9"]);
    assert!(
        run.stderr.contains("label 9 is not in") && run.stderr.contains("has 1, 2, 3"),
        "{run:?}"
    );
    assert!(run.stderr.contains("set to 1, as Metrics Reloaded does"), "{run:?}");
}

#[test]
fn labels_are_asked_for_by_their_numbers_in_the_file() {
    for (file, label, voxels) in [
        ("int32_two_billion.nii", "2000000007", 36),
        ("int32_two_billion.nii", "1", 36),
        ("uint64_largest.nii", "18446744073709551615", 36),
        ("float64_70001.nii", "70001", 36),
        // A number that a label got instead of its own is not asked for.
        ("reports/minus_one_outside.nii.gz", "1", 604),
        ("reports/nan_background.nii.gz", "2", 356),
        ("reports/float32_one_ulp_below_7015.nii.gz", "7015", 604),
    ] {
        let report = compare(&data(file), &data(file), &["--label", label]).json();
        assert_eq!((&report["voxels_a"], &report["dice"]), (&voxels.into(), &1.0.into()), "{file}");
    }
}

#[test]
fn the_time_point_of_a_label_map_is_chosen_and_told() {
    let (series, plain) = (data("reports/frames_4d.nii.gz"), data("tables/labels.nii.gz"));
    for (more, voxels, told) in [
        (&["--label", "1"][..], 604, "2 time points; the one read is number 1"),
        (&["--label", "1", "--time-point", "2"], 356, "2 time points; the one read is number 2"),
    ] {
        let run = compare(&series, &plain, more);
        assert_eq!(run.json()["voxels_a"], voxels);
        assert!(run.stderr.contains(told), "{run:?}");
    }
    let run = compare(&series, &plain, &["--time-point", "3"]);
    assert!(run.failed(1).contains("no time point 3"), "{run:?}");
    assert!(compare(&plain, &plain, &["--time-point", "2"]).failed(1).contains("no time point 2"));
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("p.png");
    let render = |more: &[&str]| {
        let out = out.to_str().unwrap();
        let line = ["render", &plain, "--labels", &series, "--size", "64x64", "--out", out];
        voxpoint(&[&line[..], more].concat())
    };
    for flag in ["--labels-time-point", "--labels-frame"] {
        let run = render(&[flag, "2"]);
        assert!(run.code == 0 && run.stderr.contains("is number 2"), "{run:?}");
    }
    let run = compare(&series, &plain, &["--label", "1", "--frame", "2"]);
    assert_eq!(run.json()["voxels_a"], 356, "the flag's older name");
}

/// Mask and table or nothing, and before the model is asked.
#[cfg(target_os = "linux")]
#[test]
fn a_name_too_long_for_the_table_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let scan = folder.path().join("s.nii");
    write_scan(&scan, [8, 8, 8], 2.0, |[x, y, z]| x + y + z);
    // 252 bytes: the label map's name fits, its table's does not.
    let out = folder.path().join(format!("{}.nii.gz", "m".repeat(245)));
    let [scan, out] = [&scan, &out].map(|p| p.to_str().unwrap());
    let run = voxpoint(&["segment", scan, "--point", "4,4,4", "--space", "voxel", "--out", out]);
    assert!(run.failed(1).contains("choose a shorter name"), "{run:?}");
    assert_eq!(names(folder.path()), ["s.nii"]);
}

/// The true reason, not “not whole”.
#[test]
fn values_that_can_be_no_label_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.nii");
    let float = |v: f32| v.to_le_bytes().to_vec();
    for (code, bits, value, words) in [
        (16, 32, float(f32::MAX), "voxel (0, 0, 0) is 3.4e38, which is too large for a label"),
        (16, 32, float(1e16), "is 1.0e16, which is too large"),
        (16, 32, float(2.5), "voxel (0, 0, 0) is 2.5, and labels are whole numbers"),
        (32, 64, [float(1.0), float(0.0)].concat(), "its voxels are complex numbers"),
        (128, 24, vec![1, 2, 3], "its voxels are colours (RGB)"),
    ] {
        let mut voxels = value.clone();
        voxels.resize(8 * bits as usize / 8, 0);
        std::fs::write(&path, nifti([2, 2, 2], code, bits, lps(1.0), &voxels)).unwrap();
        let path = path.to_str().unwrap();
        let run = compare(path, path, &[]);
        assert!(run.failed(1).contains(words), "{words}: {run:?}");
    }
}

/// At every command that opens something: what stands there instead of the file is named.
#[cfg(unix)]
#[test]
fn links_and_pointers_are_named_as_what_they_are() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let text = |path: &PathBuf| path.to_str().unwrap().to_owned();
    let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    write_scan(&at("s.nii"), [8, 8, 8], 2.0, |[x, y, z]| x + y + z);
    write_labels(&at("s_seg.nii"), [8, 8, 8], 2.0, &[1; 40]);
    std::fs::create_dir(at("pair")).unwrap();
    for (name, model) in
        [("lfs.nii.gz", "m.pth"), ("annex.nii.gz", "n.pth"), ("link.nii.gz", "o.pth")]
    {
        for name in [name, model] {
            match name.as_bytes()[0] {
                b'l' if name.starts_with("lfs") => std::fs::write(at(name), lfs).unwrap(),
                b'm' => std::fs::write(at(name), lfs).unwrap(),
                b'a' | b'n' => symlink("../.git/annex/objects/a/b/KEY/KEY", at(name)).unwrap(),
                _ => symlink("gone", at(name)).unwrap(),
            }
        }
    }
    std::fs::write(at("pair/encoder.onnx"), lfs).unwrap();
    std::fs::write(at("pair/decoder.onnx"), lfs).unwrap();
    let words = |name: &str| match name.as_bytes()[0] {
        b'a' | b'n' => "git annex get",
        b'p' | b'm' => "git lfs pull",
        _ if name.starts_with("lfs") => "git lfs pull",
        _ => "a link to a file that is not there (gone)",
    };
    let scan = text(&at("s.nii"));
    let out = text(&at("out.nii"));
    for name in ["lfs.nii.gz", "annex.nii.gz", "link.nii.gz"] {
        let file = text(&at(name));
        let picture = text(&at("p.png"));
        for line in [
            vec!["info", &file],
            vec!["segment", &file, "--point", "4,4,4", "--space", "voxel", "--out", &out],
            vec!["render", &scan, "--labels", &file, "--out", &picture],
            vec!["compare", &scan, &file],
            vec!["eval", &scan, &file],
            vec![&file],
            vec![&scan, &file],
        ] {
            let run = voxpoint(&line);
            assert!(run.failed(1).contains(words(name)), "{line:?}: {run:?}");
        }
    }
    for name in ["m.pth", "n.pth", "o.pth", "pair"] {
        let model = text(&at(name));
        let point = ["--point", "4,4,4", "--space", "voxel"];
        let segment = [&["segment", &scan, "--out", &out, "--model", &model][..], &point].concat();
        for line in [segment, vec!["model", "info", &model]] {
            let run = voxpoint(&line);
            assert!(
                run.stderr.contains(words(name)) || run.stdout.contains(words(name)),
                "{line:?}: {run:?}"
            );
            assert!(!run.stderr.contains("panicked"), "{run:?}");
        }
    }
}

/// Layers are no time points to whoever asks what a label map holds.
#[test]
fn a_label_map_in_layers_names_the_labels_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("organs.seg.nrrd");
    let header = "NRRD0004\ntype: unsigned char\ndimension: 4\nspace: left-posterior-superior\n\
        sizes: 2 3 2 1\nspace directions: none (1,0,0) (0,1,0) (0,0,1)\n\
        kinds: list domain domain domain\nendian: little\nencoding: raw\nspace origin: (0,0,0)\n\
        Segment0_Name:=liver\nSegment0_Color:=1 0 0\nSegment0_LabelValue:=1\nSegment0_Layer:=0\n\
        Segment1_Name:=lesion\nSegment1_Color:=0 1 0\nSegment1_LabelValue:=2\nSegment1_Layer:=1\n\n";
    let voxels = [1u8, 0, 1, 2, 1, 0, 1, 0, 0, 0, 0, 0];
    std::fs::write(&path, [header.as_bytes(), &voxels].concat()).unwrap();
    let json = voxpoint(&["info", path.to_str().unwrap(), "--json"]).json();
    let labels = json["labels"].as_array().expect("labels");
    let names: Vec<_> = labels.iter().map(|l| (l["number"].as_u64(), l["name"].as_str())).collect();
    assert_eq!(names, [(Some(1), Some("liver")), (Some(2), Some("lesion"))]);
    let warnings = json["warnings"].to_string();
    assert!(warnings.contains("one label map in layers"), "{warnings}");
    assert!(!warnings.contains("opened at the first"), "{warnings}");
}
