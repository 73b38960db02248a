//! Label maps that other programs placed or ordered differently, and odd headers, on the command line.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::support::voxpoint;

/// Writes the file `key` of a case of `data/belonging/cases.json`, gzip in hexadecimal.
fn file(folder: &Path, case: &str, key: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/belonging/cases.json");
    let text = std::fs::read_to_string(path).unwrap();
    let cases: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let found = cases.iter().find(|c| c["name"] == case).unwrap_or_else(|| panic!("no {case}"));
    let digits = found[key].as_str().unwrap().as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let packed: Vec<u8> = digits.chunks_exact(2).map(byte).collect();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
    let name: String = case.chars().filter(char::is_ascii_alphanumeric).collect();
    let path = folder.join(format!("{name}_{key}.nii"));
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn compare_sees_the_same_voxels_in_either_order_of_its_files() {
    let temp = tempfile::tempdir().unwrap();
    for (case, same, words) in [
        ("no form, by ITK", "no form, by nibabel", "where ITK programs put such a scan"),
        ("PIR, by nibabel, canonical", "PIR, by ITK", "in another order"),
        (
            "sform 2, qform 1 turned, by ITK",
            "sform 2, qform 1 turned, by nibabel",
            "scan's qform says",
        ),
    ] {
        let [odd, plain] = [case, same].map(|c| file(temp.path(), c, "labels"));
        for files in [[&plain, &odd], [&odd, &plain]] {
            for label in ["1", "2"] {
                let mut line =
                    vec!["compare".as_ref(), "--json".as_ref(), "--label".as_ref(), label.as_ref()];
                line.extend(files.map(|f| f.as_os_str()));
                let run = voxpoint(&line);
                assert_eq!(run.json()["dice"], 1.0, "{case}");
                // Of two orders either is that of the other; placed by a rule of its own is the odd one.
                let at_fault = if words == "in another order" { files[1] } else { &odd };
                let told = format!("warning: {}: ", at_fault.display());
                assert!(run.stderr.contains(&told) && run.stderr.contains(words), "{}", run.stderr);
            }
        }
    }
    // The others of a scan are told from it, with the true difference.
    let (a, b) = (file(temp.path(), "LAS, by ITK", "labels"), file(temp.path(), "moved", "labels"));
    let run = voxpoint(&["compare".as_ref(), a.as_os_str(), b.as_os_str()]);
    assert!(run.failed(1).contains("its middle lies R 5.00 P 1.00 mm from the scan's"), "{run:?}");
}

#[test]
fn render_lays_labels_into_the_voxels_they_were_made_of() {
    let temp = tempfile::tempdir().unwrap();
    let picture = |case: &str| {
        let [scan, labels] = ["scan", "labels"].map(|key| file(temp.path(), case, key));
        let out = temp.path().join("picture.png");
        let run = voxpoint(&[
            "render".as_ref(),
            scan.as_os_str(),
            "--labels".as_ref(),
            labels.as_os_str(),
            "--view=axial".as_ref(),
            "--out".as_ref(),
            out.as_os_str(),
        ]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        (std::fs::read(&out).unwrap(), run.stderr)
    };
    let ((plain, quiet), (odd, told)) =
        (picture("no form, by nibabel"), picture("no form, by ITK"));
    assert!(plain == odd, "the masks lie in the same voxels");
    let swapped =
        "warning: noformbynibabel_scan.nii: the file does not say how the scan lies in space";
    assert!(quiet.contains(swapped), "{quiet}");
    assert!(told.contains("where ITK programs put such a scan"), "{told}");
}

#[test]
fn info_tells_two_places_and_other_units_in_numbers() {
    let temp = tempfile::tempdir().unwrap();
    for (case, words) in [
        (
            "sform 2, qform 1 moved, by ITK",
            "the sform is used (spacing 2 × 3 × 4 mm, axes LAS, first voxel at 10, -20, 30 mm); programs that use the qform see spacing 2 × 3 × 4 mm, axes LAS, first voxel at 17, -24, 41 mm",
        ),
        ("unit sform, by ITK", "puts the voxels 1 × 1 × 1 mm apart, pixdim 2 × 3 × 4 mm"),
        ("micrometres, by ITK", "the micrometre: its numbers are taken times 0.001"),
        ("metres, by ITK", "the metre: its numbers are taken times 1000"),
    ] {
        let scan = file(temp.path(), case, "scan");
        let text = voxpoint(&["info".as_ref(), scan.as_os_str()]).stdout;
        assert!(text.contains(words), "{case}: {text}");
        let json = voxpoint(&["info".as_ref(), scan.as_os_str(), "--json".as_ref()]).json();
        let warnings = json["warnings"].as_array().unwrap();
        assert!(warnings.iter().any(|w| w.as_str().unwrap().contains(words)), "{case}: {json}");
        let spacing = json["spacing"].as_array().unwrap();
        let meant = if case.starts_with("unit") { [1.0, 1.0, 1.0] } else { [2.0, 3.0, 4.0] };
        for (found, meant) in spacing.iter().zip(meant) {
            assert!((found.as_f64().unwrap() - meant).abs() < 1e-5, "{case}: {json}");
        }
    }
}
