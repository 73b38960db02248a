//! Files that are there already: `segment` replaces what it wrote, and nothing of anybody else's.

use std::path::Path;

use crate::support::{Run, lps, names, nifti, voxpoint, write_scan};

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn segment(folder: &Path, more: &[&str]) -> Run {
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/models/tiny");
    let (scan, mask) = (folder.join("scan.nii"), folder.join("mask.nii.gz"));
    let line = ["segment", text(&scan), "--space", "voxel", "--point", "9,9,9", "--model", model];
    let common = ["--device", "cpu", "--threads", "1", "--out", text(&mask)];
    voxpoint(&[&line[..], &common, more].concat())
}

#[test]
fn segment_replaces_its_own_files_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write_scan(&path("scan.nii"), [16; 3], 1.5, |[x, y, z]| x * y + z);
    let logits_path = path("logits.nii.gz");
    let logits = ["--logits", text(&logits_path)];
    for _ in 0..2 {
        let run = segment(folder.path(), &logits);
        assert_eq!(run.code, 0, "onto its own output: {run:?}");
    }
    let all = ["logits.nii.gz", "mask.labels.txt", "mask.nii.gz", "scan.nii"];
    assert_eq!(names(folder.path()), all);
    let (own_mask, own_table) = (
        std::fs::read(path("mask.nii.gz")).unwrap(),
        std::fs::read(path("mask.labels.txt")).unwrap(),
    );
    let own_logits = std::fs::read(&logits_path).unwrap();

    let renamed = String::from_utf8(own_table.clone()).unwrap().replace("Object 1", "Liver");
    let more = format!("{}    2  1 2 3  1  1 1  \"Spleen\"\n", String::from_utf8_lossy(&own_table));
    let by_itk = nifti([16; 3], 2, 8, lps(1.5), &[0; 4096]);
    for (name, foreign) in [
        ("mask.labels.txt", renamed.as_bytes()),
        ("mask.labels.txt", more.as_bytes()),
        ("mask.labels.txt", b"notes about the mask"),
        ("mask.nii.gz", &by_itk),
        ("logits.nii.gz", &by_itk),
        ("mask.nii.gz", b"something else"),
    ] {
        std::fs::write(path(name), foreign).unwrap();
        let run = segment(folder.path(), &logits);
        let error = run.failed(1);
        assert!(error.contains("--force") && error.trim_end().ends_with(name), "{name}: {error}");
        assert_eq!(std::fs::read(path(name)).unwrap(), foreign, "{name}");
        assert_eq!(segment(folder.path(), &[&logits[..], &["--force"]].concat()).code, 0, "{name}");
        assert_eq!(std::fs::read(path("mask.nii.gz")).unwrap(), own_mask, "{name}");
        assert_eq!(std::fs::read(path("mask.labels.txt")).unwrap(), own_table, "{name}");
        assert_eq!(std::fs::read(&logits_path).unwrap(), own_logits, "{name}");
        assert_eq!(names(folder.path()), all, "{name}");
    }
    // A table beside a mask that is not there yet; and files with nothing in them, as `mktemp` makes them.
    std::fs::remove_file(path("mask.nii.gz")).unwrap();
    std::fs::write(path("mask.labels.txt"), renamed).unwrap();
    assert!(segment(folder.path(), &[]).failed(1).contains("mask.labels.txt"));
    for name in ["mask.nii.gz", "mask.labels.txt"] {
        std::fs::write(path(name), b"").unwrap();
    }
    assert_eq!(segment(folder.path(), &[]).code, 0);
}
