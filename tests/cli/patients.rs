//! What images say of a patient goes into DICOM files alone: into no other format, no session, no table, no message.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use voxpoint::document::Document;
use voxpoint::io;
use voxpoint::session::{
    CaseState, FileRef, Past, ScanPart, SessionFile, SessionSource, Snapshot, Surroundings,
};
use voxpoint::volume::Volume;
use voxpoint::work::{CancelToken, Progress};

use crate::support::voxpoint;

/// What the image of the test says of its patient, and where they were: name, number, address, hospital, referring
/// physician's and operator's initials are as good as names.
const SAID: [&str; 4] = ["CompressedSamples", "1CT1", "JFK IMAGING", "RHAPSODE"];

/// One image in a folder whose name says nobody.
fn image(folder: &Path) -> PathBuf {
    let from = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/dicom/pydicom/CT_small.dcm");
    let to = folder.join("image");
    std::fs::copy(from, &to).unwrap();
    to
}

/// Which of it is in bytes, as they are and inflated.
fn found(bytes: &[u8]) -> Vec<&'static str> {
    let mut inflated = Vec::new();
    // What is not gzip inflates to nothing.
    let _ = flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut inflated);
    let has = |text: &str| {
        [bytes, &inflated].iter().any(|all| all.windows(text.len()).any(|w| w == text.as_bytes()))
    };
    SAID.into_iter().filter(|text| has(text)).collect()
}

/// Looks at all files of a folder and those in it.
fn assert_nobody_in(folder: &Path) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files += assert_nobody_in(&path);
        } else {
            files += 1;
            assert_eq!(found(&std::fs::read(&path).unwrap()), [""; 0], "{}", path.display());
        }
    }
    files
}

/// A command, whose words say nothing of the patient either.
fn done(arguments: &[&str]) {
    let run = voxpoint(arguments);
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
    for said in [&run.stdout, &run.stderr] {
        assert_eq!(found(said.as_bytes()), [""; 0], "{arguments:?}: {said}");
    }
}

fn session(scan: &Volume, file: &Path, path: &Path, is_inside: bool) {
    let bytes = std::fs::metadata(file).unwrap().len();
    let file = FileRef { absolute: file.to_owned(), relative: None, bytes, sha256: None };
    let around = Surroundings {
        source: SessionSource::of(scan, file),
        overlays: Vec::new(),
        models: BTreeMap::new(),
        view: serde_json::Value::Null,
        picture: None,
        case_state: CaseState::Open,
        exported: None,
    };
    let document = Document::new(Arc::new(scan.clone()));
    let snapshot = Snapshot::of(&document, around, 1_700_000_000_000);
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let part = ScanPart { volume: Some(scan), cancel: &cancel, progress: &progress };
    drop(if is_inside {
        SessionFile::create_with_scan(path, &snapshot, &Past::default(), part).unwrap()
    } else {
        SessionFile::create(path, &snapshot, &Past::default()).unwrap()
    });
}

#[test]
fn nothing_of_a_patient_leaves_dicom() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let image = image(from.path());
    assert_eq!(found(&std::fs::read(&image).unwrap()), SAID, "the image says it");
    let (input, out) = (image.to_str().unwrap(), to.path().join("out"));
    std::fs::create_dir(&out).unwrap();
    let at = |name: &str| out.join(name).to_str().unwrap().to_owned();
    // The scan, in every format.
    for ending in ["nii", "nii.gz", "nrrd", "mha", "mhd", "mgz"] {
        done(&["convert", input, &at(&format!("scan.{ending}")), "--as", "image"]);
    }
    done(&["info", input]);
    done(&["info", input, "--json"]);
    let folder = from.path().to_str().unwrap();
    done(&["info", folder, "--json"]);
    // Masks on it, with tables, one file for each, as meshes, in numbers.
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let scan = io::open_volume(&image, &io::Limits::default(), &cancel, &progress).unwrap();
    let bone = at("bone.nii.gz");
    let voxels: Vec<u16> = (0..scan.voxels().len())
        .map(|n| u16::from(scan.scale().apply(scan.voxels().raw(n)) > 150.0))
        .collect();
    let map = voxpoint::volume::LabelMap::from_labels(scan.grid().dims(), &voxels);
    let covered = voxpoint::volume::CoveredLabels::default();
    let (grid, said) = (scan.grid(), scan.provenance());
    for name in ["bone.nii.gz", "bone.nrrd", "bone.seg.nrrd", "bone.mha", "bone.mgz"] {
        let path = out.join(name);
        io::save_overlapping(&path, (&map, &covered), grid, said, &[], &cancel, &progress).unwrap();
    }
    done(&["measure", &bone, "--scan", input, "--csv", &at("m.csv"), "--json"]);
    done(&["mesh", &bone, "--out", &at("bone.glb")]);
    done(&["mesh", &bone, "--out", &at("bone.ply")]);
    done(&["convert", &bone, &at("t.nii"), "--tables", "slicer,freesurfer,bids"]);
    // Sessions, with the scan and without.
    for (name, is_inside) in [("with.voxpoint", true), ("without.voxpoint", false)] {
        let path = out.join(name);
        session(&scan, &image, &path, is_inside);
        done(&["info", path.to_str().unwrap(), "--json"]);
    }
    let files = assert_nobody_in(&out);
    assert!(files > 15, "{files}");
    // DICOM of them is of the patient, unless that is not wanted.
    let dicom = |name: &str, more: &[&str]| {
        let name = at(name);
        done(&[&["convert", &bone, &name, "--reference", folder][..], more].concat());
        found(&std::fs::read(&name).unwrap())
    };
    for name in ["seg.dcm", "map.labelmap.dcm", "set.rtstruct.dcm"] {
        let known = dicom(name, &[]);
        assert!(known.contains(&SAID[0]) && known.contains(&SAID[1]), "{name}: {known:?}");
        let unknown = dicom(&format!("nobody_{name}"), &["--anonymise"]);
        assert_eq!(unknown, [""; 0], "{name}");
    }
}
