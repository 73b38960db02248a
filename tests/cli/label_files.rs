//! DICOM segmentations and RT Structure Sets at the command line.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use voxpoint::document::{Change, Command, Document, EditKind, GestureId, Over};
use voxpoint::io::{self, Limits, OpenOptions, Source, VolumePart};
use voxpoint::session::{
    CaseState, FileRef, Past, SessionFile, SessionSource, Snapshot, Surroundings,
};
use voxpoint::volume::{LabelMap, LabelName, Region, Volume, Voxels};
use voxpoint::work::{CancelToken, Progress};

use crate::support::voxpoint;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

#[test]
fn info_lists_the_labels_that_a_file_names() {
    let info = |name: &str| {
        let path = data(&format!("dicom/labels/{name}"));
        voxpoint(&["info".as_ref(), path.as_os_str(), "--json".as_ref()]).json()
    };
    let segments = info("binary_sagittal.dcm");
    assert_eq!(
        segments["labels"][2],
        json!({"number": 3, "name": "肿瘤", "colour": [144, 238, 144]})
    );
    assert_eq!(segments["dims"].as_array().map(Vec::len), Some(3));
    let contours = info("contours_coronal.dcm");
    assert_eq!(
        contours["labels"][0],
        json!({"number": 1, "name": "organ", "colour": [200, 30, 40]})
    );
    assert!(contours.get("dims").is_none());
    let path = data("dicom/labels/contours_coronal.dcm");
    let text = voxpoint(&["info".as_ref(), path.as_os_str()]).stdout;
    assert!(text.starts_with("label 1       organ\nlabel 2       keyhole\n"), "{text}");
    // A scan names none.
    let path = data("nifti/nibabel_anatomical.nii");
    let scan = voxpoint(&["info".as_ref(), path.as_os_str(), "--json".as_ref()]).json();
    assert!(scan.get("labels").is_none());
}

#[test]
fn labels_are_exported_to_dicom_only_for_images_that_can_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let session = folder.path().join("case.voxpoint");
    std::fs::copy(data("session/v1.voxpoint"), &session).unwrap();
    let export = |more: &[&str], out: &str| {
        let out = folder.path().join(out);
        let mut arguments = vec!["export-session".into(), session.clone().into_os_string()];
        arguments.extend(["--out".into(), out.into_os_string()]);
        arguments.extend(more.iter().map(Into::into));
        voxpoint(&arguments).stderr
    };
    let pet = data("dicom/pet");
    let pet = pet.to_str().unwrap();
    for out in ["m.dcm", "m.labelmap.dcm", "m.rtstruct.dcm"] {
        let why = export(&[], out);
        assert!(why.contains("say where with --reference: /scans/ct.nii.gz"), "{why}");
        let why = export(&["--reference", pet], out);
        assert!(why.contains("not the images of the session's scan"), "{why}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was written");
}

/// Who the images of the test are of: a pseudonym.
const PATIENT: &str = "STS_003";

/// Two labels on a scan, one inside of the other.
fn nested(scan: &Volume) -> LabelMap {
    let dims = scan.grid().dims();
    let inside = |x: usize, y: usize, z: usize, r: usize| {
        let at = [x, y, z];
        (0..3).all(|n| at[n].abs_diff(dims[n] / 2) <= r.min(dims[n] / 4))
    };
    let mut labels = Vec::with_capacity(scan.grid().count());
    for z in 0..dims[2] {
        for y in 0..dims[1] {
            for x in 0..dims[0] {
                labels.push(u16::from(inside(x, y, z, 9)) + u16::from(inside(x, y, z, 4)));
            }
        }
    }
    LabelMap::from_labels(dims, &labels)
}

fn numbers(path: &Path) -> Vec<f64> {
    let volume =
        io::open_volume(path, &Limits::default(), &CancelToken::new(), &Progress::new()).unwrap();
    let voxels: &Voxels = volume.voxels();
    (0..voxels.len()).map(|n| voxels.raw(n)).collect()
}

#[test]
fn labels_go_to_dicom_and_back_on_the_images_of_their_scan() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let pet = data("dicom/pet");
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let scan = io::open_volume(&pet, &Limits::default(), &cancel, &progress).unwrap();
    let names = [(1, "Liver", [9, 8, 7]), (2, "Mass", [200, 30, 40])];
    let names = names.map(|(value, name, colour)| LabelName {
        value,
        name: name.to_owned(),
        colour,
        opacity: 1.0,
        visible: true,
    });
    let map = nested(&scan);
    let said = scan.provenance();
    let meant = at("meant.nii.gz");
    io::save_labels(meant.as_ref(), &map, scan.grid(), said, &names, &cancel, &progress).unwrap();
    let pet = pet.to_str().unwrap();
    for (out, what) in [
        ("m.dcm", "seg"),
        ("m2.labelmap.dcm", "seg"),
        ("m3.rtstruct.dcm", "rtstruct"),
        ("m4.dcm", "labels"),
    ] {
        let there = at(out);
        let run =
            voxpoint(&["convert", &meant, &there, "--reference", pet, "--as", what, "--json"]);
        assert_eq!(run.json()["labels"], 2, "{out}");
        let back = at(&format!("{out}.nii.gz"));
        let run = voxpoint(&["convert", &there, &back, "--reference", pet, "--json"]);
        assert_eq!(run.json()["labels"], 2, "{out}");
        assert_eq!(numbers(back.as_ref()), numbers(meant.as_ref()), "{out}");
        let table = std::fs::read_to_string(at(&format!("{out}.labels.txt"))).unwrap();
        assert!(table.contains("\"Liver\"") && table.contains("\"Mass\""), "{table}");
    }
    for (out, what) in
        [("n.dcm", "seg"), ("n2.labelmap.dcm", "seg"), ("n3.rtstruct.dcm", "rtstruct")]
    {
        let (there, back) = (at(out), at(&format!("{out}.nii.gz")));
        let run = voxpoint(&[
            "convert",
            &meant,
            &there,
            "--reference",
            pet,
            "--as",
            what,
            "--anonymise",
            "--json",
        ]);
        assert_eq!(run.json()["labels"], 2, "{out}");
        let says = |path: &str, text: &str| {
            let bytes = std::fs::read(path).unwrap();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        };
        assert!(says(&at("m.dcm"), PATIENT) && !says(&there, PATIENT), "{out}");
        assert!(says(&there, "113100"), "{out}: and says so");
        let run = voxpoint(&["convert", &there, &back, "--reference", pet, "--json"]);
        assert_eq!(run.json()["labels"], 2, "{out}");
        assert_eq!(numbers(back.as_ref()), numbers(meant.as_ref()), "{out}");
    }
    // Contours are on no grid of their own.
    let run = voxpoint(&["convert", &at("m3.rtstruct.dcm"), &at("x.nii.gz")]);
    assert!(run.failed(1).contains("name it with --reference"), "{}", run.stderr);
}

#[test]
fn what_can_not_be_converted_to_dicom_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let pet = data("dicom/pet");
    let pet = pet.to_str().unwrap();
    let scan = data("nifti/nibabel_anatomical.nii");
    let scan = scan.to_str().unwrap();
    let labels = data("labels/tables/labels.nii.gz");
    let labels = labels.to_str().unwrap();
    for (code, input, out, more, why) in [
        (2, scan, "m.dcm", &["--as", "image"][..], "images are not written as DICOM"),
        (2, scan, "m.dcm", &["--as", "seg"], "say which with --reference"),
        (2, scan, "m.nii", &["--as", "seg", "--reference", pet], "must end in .dcm"),
        (2, scan, "m.dcm", &["--as", "rtstruct", "--reference", pet], "in .rtstruct.dcm"),
        (2, scan, "m.rtstruct.dcm", &["--as", "seg", "--reference", pet], "must end in .dcm"),
        (2, scan, "m.nii", &["--as", "image", "--reference", pet], "--reference is for labels"),
        (1, scan, "m.dcm", &["--reference", pet], ""),
        (1, pet, "m.nii", &["--reference", "/nowhere"], "/nowhere"),
        (1, labels, "m.dcm", &["--reference", labels], "names the images that its labels are of"),
    ] {
        let mut arguments = vec!["convert".to_owned(), input.to_owned(), at(out)];
        arguments.extend(more.iter().map(|s| (*s).to_owned()));
        let run = voxpoint(&arguments);
        assert!(run.failed(code).contains(why), "{arguments:?}: {}", run.stderr);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
}

#[test]
fn structures_that_share_voxels_are_converted_whole_or_told() {
    let folder = tempfile::tempdir().unwrap();
    let input = data("dicom/labels/overlap.dcm");
    let convert = |input: &Path, name: &str| {
        let out = folder.path().join(name);
        let arguments = ["convert".as_ref(), input.as_os_str(), out.as_os_str(), "--json".as_ref()];
        let done = voxpoint(&arguments);
        (out, done.json(), done.stderr)
    };
    // As the expectations have it: liver 315, kidney 24 in it, a lesion of 40 with 36 in it and 4 in the kidney.
    let told = |report: &serde_json::Value| {
        let rows = report["overlaps"].as_array().unwrap().iter();
        let row = |row: &serde_json::Value| {
            let voxels = row["voxels"].as_u64().unwrap();
            (row["name"].as_str().unwrap().to_owned(), voxels, row["kept"].as_bool().unwrap())
        };
        rows.map(row).collect::<Vec<_>>()
    };
    let all = |kept| [("Liver".to_owned(), 60, kept), ("肿瘤".to_owned(), 4, kept)];
    let (layers, report, said) = convert(&input, "m.seg.nrrd");
    assert_eq!((told(&report), report["labels"].as_u64()), (all(true).to_vec(), Some(3)));
    assert!(said.contains("each keeps all of its own") && !said.contains("left out"), "{said}");
    // From there too, all of it is known.
    let (flat, report, said) = convert(&layers, "flat.nii.gz");
    assert_eq!(told(&report), all(false));
    assert!(said.contains("what lies under others is left out: "), "{said}");
    assert!(said.contains(".seg.nrrd, .dcm, .rtstruct.dcm keep all"), "{said}");
    let measured = |path: &Path, more: &[&str]| {
        let mut arguments = vec!["measure".as_ref(), path.as_os_str(), "--json".as_ref()];
        arguments.extend(more.iter().map(|argument| std::ffi::OsStr::new(*argument)));
        let report = voxpoint(&arguments).json();
        let structures = report["structures"].as_array().unwrap().iter();
        structures.map(|s| s["voxels"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    for whole in [&input, &layers] {
        // Also where there might be probabilities or several time points.
        for more in [&[][..], &["--threshold", "0.5"]] {
            assert_eq!(measured(whole, more), [315, 24, 40], "{}, {more:?}", whole.display());
        }
    }
    assert_eq!(measured(&input, &["--time-point", "1"]), [315, 24, 40]);
    let report = voxpoint(&[
        "compare".as_ref(),
        input.as_os_str(),
        input.as_os_str(),
        "--json".as_ref(),
        "--threshold".as_ref(),
        "0.5".as_ref(),
    ]);
    let pairs = report.json()["labels"].as_array().unwrap().clone();
    let of_a: Vec<_> = pairs.iter().map(|pair| pair["voxels_a"].as_u64()).collect();
    assert_eq!(of_a, [Some(315), Some(24), Some(40)]);
    assert_eq!(measured(&flat, &[]), [255, 24, 36]);
    assert_eq!(numbers(&flat).iter().filter(|n| **n > 0.0).count(), 315);
}

/// A session knows which part of its scan it is on, and so its images are found again.
#[test]
fn the_masks_on_a_part_of_a_scan_are_exported_to_dicom() {
    let folder = tempfile::tempdir().unwrap();
    let session = folder.path().join("case.voxpoint");
    let pet = data("dicom/pet");
    let crop = VolumePart::parse_crop("8:40,4:,1:").unwrap();
    let part = VolumePart { crop, ..VolumePart::default() };
    let options = OpenOptions { part, ..OpenOptions::default() };
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let limits = Limits::default();
    let scan =
        io::formats().open_as(&Source::at(&pet), &options, &limits, &cancel, &progress).unwrap();
    let dims = scan.grid().dims();
    let region = Region::from_mask(dims[0], (0..scan.grid().count()).map(|n| n % 7 < 3));
    let file = FileRef { absolute: pet, relative: None, bytes: 0, sha256: None };
    let around = Surroundings {
        source: SessionSource::of(&scan, file),
        overlays: Vec::new(),
        models: std::collections::BTreeMap::new(),
        view: json!({}),
        picture: None,
        case_state: CaseState::default(),
        exported: None,
    };
    let mut document = Document::new(Arc::new(scan));
    let added = Command::Edit {
        object: None,
        change: Change::Add(Arc::new(region.clone())),
        over: Over::Background,
        kind: EditKind::Brush,
        gesture: GestureId(1),
    };
    document.apply(added).unwrap();
    let snapshot = Snapshot::of(&document, around, 1);
    drop(SessionFile::create(&session, &snapshot, &Past::default()).unwrap());
    for name in ["m.dcm", "m.rtstruct.dcm"] {
        let out = folder.path().join(name);
        let run = voxpoint(&[
            "export-session".as_ref(),
            session.as_os_str(),
            "--out".as_ref(),
            out.as_os_str(),
        ]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        let scan = document.image();
        let read = io::labels_for(&out, scan, &limits, &cancel, &progress).unwrap().unwrap();
        assert_eq!(read.labels.len(), 1);
        if name == "m.dcm" {
            assert_eq!(read.labels[0].region, region);
        }
    }
}
