//! What files do not say is typed; scans are read in part; and who placed a scan is told.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support::{lps, nifti, voxpoint, write_labels, write_scan};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// An ANALYZE 7.5 scan of 4 × 3 × 2 voxels of 2 mm.
fn analyze(folder: &Path) -> PathBuf {
    let mut header = nifti([4, 3, 2], 2, 8, lps(2.0), &[]);
    header.truncate(348);
    header[344..].fill(0);
    std::fs::write(folder.join("a.hdr"), header).unwrap();
    std::fs::write(folder.join("a.img"), (0..24).collect::<Vec<u8>>()).unwrap();
    folder.join("a.hdr")
}

#[test]
fn an_orientation_that_no_file_says_is_typed() {
    let folder = tempfile::tempdir().unwrap();
    let scan = analyze(folder.path());
    let run = voxpoint(&["info", text(&scan)]);
    assert!(run.failed(1).contains("--orientation LAS"), "{}", run.stderr);
    let run = voxpoint(&["info", text(&scan), "--orientation", "XYZ"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    let report = voxpoint(&["info", text(&scan), "--orientation", "ras", "--json"]).json();
    assert_eq!(report["orientation"], "RAS");
    let said = &report["provenance"];
    assert_eq!(
        (&said["format"], &said["placed_by"]),
        (&json!("ANALYZE 7.5"), &json!("what was typed (RAS)"))
    );
    assert_eq!(said["identifiers"], json!({"Orientation": "RAS"}));
    let out = folder.path().join("out.nii");
    let run =
        voxpoint(&["convert", text(&scan), text(&out), "--orientation", "RAS", "--as", "image"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report = voxpoint(&["info", text(&out), "--json"]).json();
    assert_eq!(
        (&report["orientation"], &report["spacing"]),
        (&json!("RAS"), &json!([2.0, 2.0, 2.0]))
    );
    let run = voxpoint(&["info", text(&out), "--orientation", "RAS"]);
    assert!(run.failed(1).contains("says itself"), "{}", run.stderr);
}

#[test]
fn a_part_is_read_and_lies_where_it_lay() {
    let folder = tempfile::tempdir().unwrap();
    let scan = folder.path().join("s.nii");
    write_scan(&scan, [10, 8, 6], 1.5, |[x, y, z]| x + 10 * y + 100 * z);
    let out = folder.path().join("part.mhd");
    let part = ["--crop", "2:9,:,1:", "--every", "2,1,2", "--as", "image"];
    let run = voxpoint(&[&["convert", text(&scan), text(&out)][..], &part[..]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report = voxpoint(&["info", text(&out), "--json"]).json();
    assert_eq!((&report["dims"], &report["spacing"]), (&json!([4, 8, 3]), &json!([3.0, 1.5, 3.0])));
    assert_eq!((&report["min"], &report["max"]), (&json!(102.0), &json!(578.0)));
    let first: Vec<f64> =
        (0..3).map(|r| report["world_from_voxel"][r][3].as_f64().unwrap()).collect();
    assert_eq!(first, [-3.0, 0.0, 1.5]);
    let run = voxpoint(&["info", text(&scan), "--crop", "50:,:,:"]);
    assert!(run.failed(1).contains("choose another"), "{}", run.stderr);
}

#[test]
fn two_forms_that_differ_are_both_told() {
    let folder = tempfile::tempdir().unwrap();
    let scan = folder.path().join("s.nii");
    let mut file = nifti([2, 2, 2], 2, 8, lps(2.0), &[0; 8]);
    // A qform of no rotation, 5 mm to the right.
    file[252..254].copy_from_slice(&1i16.to_le_bytes());
    for n in 0..3 {
        file[80 + 4 * n..84 + 4 * n].copy_from_slice(&2f32.to_le_bytes());
    }
    file[268..272].copy_from_slice(&5f32.to_le_bytes());
    std::fs::write(&scan, file).unwrap();
    let report = voxpoint(&["info", text(&scan), "--json"]).json();
    let said = &report["provenance"];
    assert_eq!(said["says_sides"], true);
    assert!(said["placed_by"].as_str().unwrap().starts_with("sform"), "{said}");
    let other = &said["conflicts"][0];
    assert!(other["by"].as_str().unwrap().starts_with("qform (space: scanner)"), "{said}");
    assert_eq!(other["world_from_voxel"][0], json!([2.0, 0.0, 0.0, 5.0]));
    let table = voxpoint(&["info", text(&scan)]).stdout;
    assert!(table.contains("placed by") && table.contains("not by        qform"), "{table}");
}

#[test]
fn tables_of_bids_have_their_sidecar() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_labels(&at("m.nii"), [6, 5, 4], 2.0, &[7; 30]);
    std::fs::write(at("m.labels.txt"), "7 10 200 30 1 1 1 \"Left kidney\"\n").unwrap();
    let convert = ["convert", text(&at("m.nii")), text(&at("a_dseg.nii.gz")), "--tables", "bids"]
        .map(str::to_owned);
    assert_eq!(voxpoint(&convert).code, 0);
    let said = std::fs::read_to_string(at("a_dseg.json")).unwrap();
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["index"]["Levels"]["7"], "Left kidney");
    std::fs::remove_file(at("a_dseg.nii.gz")).unwrap();
    std::fs::remove_file(at("a_dseg.labels.txt")).unwrap();
    let run = voxpoint(&convert);
    assert!(run.failed(1).contains("this is there already"), "{}", run.stderr);
    // What is none of BIDS is not written over even by force, and nothing else is either.
    let by_force: Vec<String> = convert.iter().cloned().chain(["--force".to_owned()]).collect();
    std::fs::write(at("a_dseg.json"), "[1, 2, 3]").unwrap();
    std::fs::write(at("a_dseg.tsv"), "mine").unwrap();
    let run = voxpoint(&by_force);
    assert!(run.failed(1).contains("none of BIDS is in the way"), "{}", run.stderr);
    assert!(!at("a_dseg.nii.gz").exists());
    assert_eq!(std::fs::read_to_string(at("a_dseg.tsv")).unwrap(), "mine");
    assert_eq!(std::fs::read_to_string(at("a_dseg.json")).unwrap(), "[1, 2, 3]");
    std::fs::write(at("a_dseg.json"), r#"{"Manual": true}"#).unwrap();
    assert_eq!(voxpoint(&by_force).code, 0);
    let said = std::fs::read_to_string(at("a_dseg.json")).unwrap();
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["Manual"], &said["SpatialReference"]), (&json!(true), &json!("orig")));
    let run = voxpoint(&["info", text(&at("m.nii")), "--orientation", "RAS"]);
    assert!(run.failed(1).contains("says itself how its voxels lie"), "{}", run.stderr);
}

#[test]
fn a_typed_orientation_is_refused_of_dicom() {
    let scan = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom/pet");
    let run = voxpoint(&["info", text(&scan), "--orientation", "RAS"]);
    assert!(run.failed(1).contains("says itself how its voxels lie"), "{}", run.stderr);
}
