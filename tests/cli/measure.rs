//! `voxpoint measure`: numbers of a ball that can be reckoned by hand, tables, folders, scans that don't fit.

use std::path::Path;

use crate::support::{Run, lps, nifti, voxpoint, write_labels, write_scan};

const DIMS: [i16; 3] = [30, 28, 26];

fn measure(arguments: &[&str]) -> Run {
    voxpoint(&[&["measure"], arguments].concat())
}

/// Writes a ball of 20 mm around voxel (14, 13, 12), voxels of 2 mm.
fn write_ball(path: &Path) {
    let mut voxels = Vec::new();
    for z in 0..DIMS[2] {
        for y in 0..DIMS[1] {
            for x in 0..DIMS[0] {
                let square = [x - 14, y - 13, z - 12].map(|d| d * d).iter().sum::<i16>();
                voxels.push(u8::from(square <= 100));
            }
        }
    }
    std::fs::write(path, nifti(DIMS, 2, 8, lps(2.0), &voxels)).expect("the test's folder");
}

fn near(value: &serde_json::Value, expected: f64, within: f64) {
    let found = value.as_f64().expect("a number");
    assert!((found - expected).abs() <= within, "{found}, expected {expected}");
}

#[test]
fn a_ball_has_the_size_and_the_values_of_a_ball() {
    let folder = tempfile::tempdir().expect("a folder");
    let (map, scan) = (folder.path().join("ball.nii"), folder.path().join("scan.nii"));
    write_ball(&map);
    write_scan(&scan, DIMS, 2.0, |[x, _, _]| x);
    let csv = folder.path().join("out.csv");
    let [map, scan, csv] = [&map, &scan, &csv].map(|p| p.to_str().expect("UTF-8"));
    let report = measure(&[map, "--scan", scan, "--suv", "stored", "--csv", csv, "--json"]).json();
    let ball = &report["structures"][0];
    let volume = 4.0 / 3.0 * std::f64::consts::PI * 8.0;
    assert_eq!((&ball["label"], &report["unit"]), (&1.into(), &"SUV".into()));
    near(&ball["volume_ml"], volume, 0.3);
    near(&ball["mesh_volume_ml"], volume, 0.5);
    // As PyRadiomics 3.0.1 says of the same voxels.
    near(&ball["sphericity"], 0.909_908_115_334, 1e-9);
    near(&ball["mesh_volume_ml"], 33.182_666_666_667, 1e-9);
    near(&ball["elongation"], 1.0, 1e-6);
    near(&ball["max_diameter_mm"], 42.0, 0.5);
    near(&ball["axial_long_mm"], 42.0, 0.5);
    near(&ball["axial_short_mm"], 42.0, 0.5);
    assert_eq!(ball["axial_slice"], 12);
    // Left and posterior are negative.
    assert_eq!(ball["centroid_mm"], serde_json::json!([-28.0, -26.0, 24.0]));
    let bounds = &ball["bounding_box"];
    assert_eq!(bounds["voxel_min"], serde_json::json!([4, 3, 2]));
    assert_eq!(bounds["size_mm"], serde_json::json!([42.0, 42.0, 42.0]));
    assert_eq!(bounds["world_min_mm"], serde_json::json!([-49.0, -47.0, 3.0]));
    near(&ball["values"]["mean"], 14.0, 1e-9);
    assert_eq!((&ball["values"]["min"], &ball["values"]["max"]), (&4.0.into(), &24.0.into()));
    assert_eq!(ball["values"]["median"], 14.0);
    near(&ball["uptake"]["suv_max"], 24.0, 0.0);
    near(&ball["uptake"]["tlg_ml"], 14.0 * ball["volume_ml"].as_f64().expect("a number"), 1e-6);
    let table = std::fs::read_to_string(csv).expect("the table");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].split(',').count(), lines[1].split(',').count());
    // What is SUV is told from what the file has; without a scan there is nothing to tell.
    assert!(lines[0].ends_with(",unit") && lines[1].ends_with(",SUV"), "{table}");
    for (more, expected) in [(&["--scan", scan][..], ""), (&[], "")] {
        let line = [&[map][..], more, &["--csv", csv, "--json"]].concat();
        assert!(measure(&line).json()["unit"].is_null());
        let table = std::fs::read_to_string(csv).expect("the table");
        assert!(table.lines().nth(1).is_some_and(|row| row.ends_with(&format!(",{expected}"))));
    }
    let text = measure(&[map, "--scan", scan]);
    assert!(text.code == 0 && text.stdout.contains("| 42."), "{text:?}");
    assert!(measure(&[map, "--label", "3"]).failed(1).contains("which has 1"));
    assert!(measure(&[map, "--scan", scan, "--suv", "bw"]).failed(1).contains("--suv stored"));
    assert_eq!(measure(&[map, "--suv", "bw"]).code, 2, "without a scan");
}

#[test]
fn a_folder_is_measured_with_the_scans_of_its_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    for sub in ["maps", "scans"] {
        std::fs::create_dir(folder.path().join(sub)).expect("the test's folder");
    }
    for name in ["one", "two"] {
        write_scan(Path::new(&at(&format!("scans/{name}.nii"))), [6, 4, 3], 2.0, |[x, y, z]| {
            x + y + z
        });
    }
    write_labels(Path::new(&at("maps/one_seg.nii")), [6, 4, 3], 2.0, &[1, 1, 2]);
    write_labels(Path::new(&at("maps/two.nii")), [6, 4, 3], 2.0, &[]);
    write_labels(Path::new(&at("maps/alone.nii")), [6, 4, 3], 2.0, &[1]);
    let run = measure(&[&at("maps"), "--scan", &at("scans"), "--json"]);
    let report = run.json();
    let files = report["files"].as_array().expect("files");
    assert_eq!(files.len(), 2);
    assert_eq!(files[0]["structures"].as_array().expect("structures").len(), 2);
    assert_eq!(files[0]["structures"][0]["values"]["mean"], 0.5);
    assert_eq!(files[1]["structures"], serde_json::json!([]));
    assert!(
        run.stderr.contains("no scan of this name") && run.stderr.contains("map is empty"),
        "{run:?}"
    );
    // A map of another grid is named; the others are measured.
    write_labels(Path::new(&at("maps/two.nii")), [5, 4, 3], 2.0, &[1]);
    let run = measure(&[&at("maps"), "--scan", &at("scans"), "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("different grids") && run.stdout.contains("one_seg"), "{run:?}");
}
