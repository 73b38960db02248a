//! DICOM segmentations and RT Structure Sets at the command line.

use std::path::{Path, PathBuf};

use serde_json::json;

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
