//! `voxpoint mesh` and `voxpoint clean`: what they write, and what they refuse.

use crate::support::{lps, names, nifti, voxpoint};

const DIMS: [i16; 3] = [24, 20, 18];

/// Two boxes of 10 and 8 voxels of 3 mm with names; the second is on the patient's left.
fn boxes(folder: &std::path::Path) -> String {
    let mut voxels = Vec::new();
    for z in 0..DIMS[2] {
        for y in 0..DIMS[1] {
            for x in 0..DIMS[0] {
                let within = |from: i16, size: i16| {
                    (from..from + size).contains(&x)
                        && (2..2 + size).contains(&y)
                        && (3..3 + size).contains(&z)
                };
                voxels.push(if within(1, 10) {
                    4
                } else if within(15, 8) {
                    7
                } else {
                    u8::from([x, y, z] == [23, 19, 17])
                });
            }
        }
    }
    let path = folder.join("m.nii");
    std::fs::write(&path, nifti(DIMS, 2, 8, lps(3.0), &voxels)).expect("the test's folder");
    let table = "4 255 0 0 1 1 1 \"Left kidney\"\n7 0 0 255 1 1 1 \"Spleen\"\n";
    std::fs::write(folder.join("m.labels.txt"), table).expect("the test's folder");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn meshes_are_as_large_as_their_voxels_and_files_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let map = boxes(folder.path());
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let glb = at("all.glb");
    let report = voxpoint(&["mesh", &map, "--out", &glb, "--json"]).json();
    assert_eq!((&report["space"], &report["error_mm"]), (&"RAS".into(), &1.5.into()));
    let meshes = report["meshes"].as_array().expect("meshes");
    assert_eq!(meshes.len(), 3);
    for mesh in &meshes[1..] {
        let of = |key: &str| mesh[key].as_f64().expect("a number");
        assert!((of("volume_ml") / of("voxels_volume_ml") - 1.0).abs() < 0.01, "{mesh}");
        assert_eq!(mesh["file"], glb.as_str());
    }
    let bytes = std::fs::read(&glb).expect("the file");
    assert!(bytes.starts_with(b"glTF") && bytes.windows(11).any(|w| w == b"Left kidney"));
    let line =
        ["mesh", &map, "--out", &at("o.stl"), "--space", "lps", "--label", "4", "--label", "7"];
    assert_eq!(voxpoint(&line).code, 0);
    let written = names(folder.path());
    for name in ["o_4_left_kidney.stl", "o_7_spleen.stl"] {
        assert!(written.contains(&name.to_owned()), "{written:?}");
        let header = std::fs::read(folder.path().join(name)).expect("the file");
        assert!(String::from_utf8_lossy(&header[..80]).contains("SPACE=LPS"));
    }
    assert!(voxpoint(&line).failed(1).contains("is there already"));
    for (line, code, words) in [
        (vec!["mesh", &map, "--out", "x.vtk"], 2, "must end in"),
        (vec!["mesh", &map, "--out", &at("x.obj"), "--label", "9"], 1, "which has 1, 4, 7"),
        (vec!["mesh", &map, "--out", &at("x.obj"), "--error=-1"], 2, "not 0 or more"),
    ] {
        assert!(voxpoint(&line).failed(code).contains(words), "{words}");
    }
}

/// Of a structure that others lie over the mesh has all of it, from a file that keeps all.
#[test]
fn meshes_of_structures_under_others_are_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let input = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/dicom/labels/overlap.dcm");
    let meshes = |input: &str, out: &str| {
        let line = ["mesh", input, "--out", out, "--error", "0", "--json"];
        voxpoint(&line).json()["meshes"].as_array().expect("meshes").clone()
    };
    for name in ["m.seg.nrrd", "flat.nii"] {
        assert_eq!(voxpoint(&["convert", input, &at(name)]).code, 0);
    }
    // Liver 315, of which the kidney and the lesion have 60; kidney 24; lesion 40 with 4 under the kidney.
    let voxel = voxpoint(&["info", &at("flat.nii"), "--json"]).json()["spacing"].clone();
    let voxel: f64 =
        voxel.as_array().expect("three").iter().filter_map(serde_json::Value::as_f64).product();
    let of = |found: &[serde_json::Value], key: &str| -> Vec<f64> {
        found.iter().map(|mesh| mesh[key].as_f64().expect("a number")).collect()
    };
    let whole = meshes(input, &at("whole.glb"));
    let flat = meshes(&at("flat.nii"), &at("flat.glb"));
    for (found, voxels) in [(&whole, [315.0, 24.0, 40.0]), (&flat, [255.0, 24.0, 36.0])] {
        for (volume, voxels) in of(found, "voxels_volume_ml").into_iter().zip(voxels) {
            // (The voxel's size is as NIfTI has it, in 32 bits.)
            assert!((volume * 1000.0 / voxel - voxels).abs() < 1e-3, "{volume}, {voxels}");
        }
    }
    // The hole that others make has a surface of its own.
    let (all, seen) = (of(&whole, "vertices"), of(&flat, "vertices"));
    assert!(all[0] < seen[0] && all[1] == seen[1], "{all:?}, {seen:?}");
    assert!(of(&whole, "volume_ml")[0] > of(&flat, "volume_ml")[0]);
    assert_eq!(meshes(&at("m.seg.nrrd"), &at("layers.glb")).len(), 3);
    let bytes = |name: &str| std::fs::read(at(name)).expect("the file");
    assert_eq!(of(&meshes(&at("m.seg.nrrd"), &at("again.glb")), "vertices"), all);
    assert_ne!(bytes("whole.glb"), bytes("flat.glb"));
}

/// By hand: the voxels of label 4 are 1 to 10 along x, which goes left, 2 to 11 along y, which goes back, 3 to 12 along z.
#[test]
fn vertices_lie_at_their_millimetres_in_the_space_that_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let map = boxes(folder.path());
    let out = folder.path().join("box.obj");
    for (space, x, y) in [("ras", [-31.5, -1.5], [-34.5, -4.5]), ("lps", [1.5, 31.5], [4.5, 34.5])]
    {
        let line = ["mesh", &map, "--label", "4", "--error", "0", "--space", space, "--force"];
        let line = [&line[..], &["--out", out.to_str().expect("UTF-8")]].concat();
        assert_eq!(voxpoint(&line).code, 0);
        let text = std::fs::read_to_string(&out).expect("the file");
        assert!(text.contains(&format!("SPACE={}; mm", space.to_uppercase())), "{space}");
        let vertices: Vec<Vec<f64>> = text
            .lines()
            .filter_map(|line| line.strip_prefix("v "))
            .map(|line| line.split(' ').take(3).map(|v| v.parse().expect("mm")).collect())
            .collect();
        for (axis, expected) in [x, y, [7.5, 37.5]].into_iter().enumerate() {
            let along = || vertices.iter().map(|vertex| vertex[axis]);
            let ends = [along().fold(f64::INFINITY, f64::min), along().fold(-1e9, f64::max)];
            assert_eq!(ends, expected, "{space}, axis {axis}");
        }
    }
}

#[test]
fn cleaning_is_a_dry_run_until_a_folder_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let maps = folder.path().join("maps");
    std::fs::create_dir(&maps).expect("the test's folder");
    boxes(&maps);
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let before = names(&maps);
    let report = voxpoint(&["clean", &at("maps"), "--small", "--json"]).json();
    assert_eq!(report["dry_run"], true);
    let file = &report["files"][0];
    assert_eq!((&file["labels_before"], &file["labels_after"]), (&3.into(), &2.into()));
    assert_eq!(
        (&file["deeds"][0]["label"], &file["deeds"][0]["step"]),
        (&1.into(), &"small".into())
    );
    assert_eq!(names(&maps), before);
    let (out, csv) = (at("out"), at("what.csv"));
    let line = ["clean", &at("maps"), "--small", "--out", &out, "--csv", &csv];
    assert_eq!(voxpoint(&line).code, 0);
    assert_eq!(names(&folder.path().join("out")), ["m.labels.txt", "m.nii"]);
    let same = ["compare", &at("maps/m.nii"), &at("out/m.nii"), "--label", "4", "--json"];
    assert_eq!(voxpoint(&same).json()["dice"], 1.0);
    let gone = ["compare", &at("maps/m.nii"), &at("out/m.nii"), "--label", "1", "--json"];
    assert_eq!(voxpoint(&gone).json()["dice"], 0.0);
    let table = std::fs::read_to_string(&csv).expect("the table");
    assert!(table.contains(",1,,small,dropped: 0.027 ml"), "{table}");
    // Not twice into one folder, nor among the input.
    let again = voxpoint(&line);
    assert!(again.code == 1 && again.stderr.contains("is there already"), "{again:?}");
    let within = voxpoint(&["clean", &at("maps"), "--out", &at("maps")]);
    assert!(within.failed(1).contains("within the input"), "{within:?}");
}

/// Boxes of voxels of 2 mm in 60 × 50 × 30; x goes to the patient's left, and its middle is at 29.5.
fn crowd(folder: &std::path::Path) -> String {
    const SIZE: [usize; 3] = [60, 50, 30];
    let mut voxels = vec![0u8; SIZE.iter().product()];
    let mut fill = |label: u8, from: [usize; 3], size: [usize; 3]| {
        for z in from[2]..from[2] + size[2] {
            for y in from[1]..from[1] + size[1] {
                for x in from[0]..from[0] + size[0] {
                    voxels[x + SIZE[0] * (y + SIZE[1] * z)] = label;
                }
            }
        }
    };
    // 0.2 ml; 8 mm thin; 5.8 ml of 720.
    fill(1, [2, 2, 2], [3, 3, 3]);
    fill(2, [20, 26, 2], [20, 20, 4]);
    fill(3, [8, 38, 15], [9, 9, 9]);
    // One large part and six of a voxel.
    fill(4, [22, 2, 8], [12, 12, 12]);
    for n in 0..6 {
        fill(4, [22 + 2 * n, 20, 28], [1, 1, 1]);
    }
    // On both sides; and one on both sides whose name says one.
    fill(5, [4, 12, 10], [10, 10, 12]);
    fill(5, [46, 12, 10], [10, 10, 10]);
    fill(6, [4, 25, 12], [10, 10, 12]);
    fill(6, [46, 25, 12], [10, 10, 12]);
    let path = folder.join("m.nii");
    let dims = SIZE.map(|n| n as i16);
    std::fs::write(&path, nifti(dims, 2, 8, lps(2.0), &voxels)).expect("the test's folder");
    let table =
        "4 255 0 0 1 1 1 \"Liver\"\n5 0 255 0 1 1 1 \"Kidney\"\n6 0 0 255 1 1 1 \"Left lung\"\n";
    std::fs::write(folder.join("m.labels.txt"), table).expect("the test's folder");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn all_four_steps_are_taken_unless_some_are_named_and_the_copy_has_what_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let maps = folder.path().join("maps");
    std::fs::create_dir(&maps).expect("the test's folder");
    crowd(&maps);
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let report = voxpoint(&["clean", &at("maps"), "--out", &at("out"), "--json"]).json();
    assert_eq!(report["dry_run"], false);
    let file = &report["files"][0];
    assert_eq!((&file["labels_before"], &file["labels_after"]), (&6.into(), &4.into()));
    let deeds: Vec<(u64, &str, &str)> = file["deeds"]
        .as_array()
        .expect("deeds")
        .iter()
        .map(|deed| {
            let text = |key: &str| deed[key].as_str().expect("a text");
            (deed["label"].as_u64().expect("a number"), text("step"), text("deed"))
        })
        .collect();
    assert_eq!(
        deeds,
        [
            (1, "small", "dropped: 0.216 ml"),
            (2, "small", "dropped: 8.0 mm thin"),
            (3, "background", "dropped: 99.19 % of the volume is not in it"),
            (4, "components", "2 small parts taken away: 0.016 ml"),
            (5, "sides", "split: right 9.600 ml, left 8.000 ml (now label 7)"),
        ]
    );
    // The copy, as it is read again.
    let found = voxpoint(&["measure", &at("out/m.nii"), "--json"]).json();
    let left: Vec<(u64, &str, u64)> = found["structures"]
        .as_array()
        .expect("structures")
        .iter()
        .map(|s| {
            let number = |key: &str| s[key].as_u64().expect("a number");
            (number("label"), s["name"].as_str().expect("a name"), number("voxels"))
        })
        .collect();
    assert_eq!(
        left,
        [
            (4, "Liver", 1728 + 4),
            (5, "Kidney right", 1200),
            (6, "Left lung", 2400),
            (7, "Kidney left", 1000),
        ]
    );
    for (n, side) in [(1, 1.0), (3, -1.0)] {
        let right = found["structures"][n]["centroid_mm"][0].as_f64().expect("a number");
        // The first voxel is at 0, the middle at -59 mm to the right.
        assert!((right + 59.0) * side > 30.0, "{right} of {n}");
    }
    // The steps that are named, and no other.
    let named = voxpoint(&["clean", &at("maps"), "--components", "--json"]).json();
    let steps: Vec<&serde_json::Value> =
        named["files"][0]["deeds"].as_array().expect("deeds").iter().map(|d| &d["step"]).collect();
    assert_eq!(steps, ["components"]);
    let other =
        voxpoint(&["clean", &at("maps"), "--background", "0.5", "--sides", "--json"]).json();
    assert!(other["files"][0]["labels_after"].as_u64() == Some(0), "{other}");
}
