//! The real window: DICOM segmentations and contours, dropped on their scan and saved for it.

use std::path::{Path, PathBuf};

use egui_kittest::Harness;
use voxpoint::app::App;
use voxpoint::io;
use voxpoint::volume::{LabelMap, LabelName, Volume};
use voxpoint::work::{CancelToken, Progress};

use crate::support::{drop_file, save_as, voxels, wait, window};

fn scan() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom/pet")
}

fn opened() -> Harness<'static, App> {
    let mut harness = window(vec![scan()]);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    harness
}

/// A box on a scan, off its middle on every axis so that no side can be taken for another, and one beside it.
fn boxes(scan: &Volume) -> LabelMap {
    let dims = scan.grid().dims();
    let mut labels = Vec::with_capacity(scan.grid().count());
    for z in 0..dims[2] {
        for y in 0..dims[1] {
            for x in 0..dims[0] {
                let in_box = (5..12).contains(&x) && (9..14).contains(&y) && (3..7).contains(&z);
                let beside = (13..15).contains(&x) && y == 10 && z < 2;
                labels.push(if in_box { 1 } else { 2 * u16::from(beside) });
            }
        }
    }
    LabelMap::from_labels(dims, &labels)
}

fn saved(scan: &Volume, path: &Path) {
    let row = |value, name: &str| LabelName {
        value,
        name: name.to_owned(),
        colour: [200, 30, 40],
        opacity: 1.0,
        visible: true,
    };
    let names = [row(1, "Liver"), row(2, "Mass")];
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let (grid, said) = (scan.grid(), scan.provenance());
    io::save_labels(path, &boxes(scan), grid, said, &names, &cancel, &progress).expect("saved");
}

/// Without its scan there is nothing but the labels, which are objects on their own grid all the same.
#[test]
fn a_segmentation_opened_alone_is_labels_on_its_own_grid() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom/labels/coded.dcm");
    let mut harness = window(vec![file]);
    wait(&mut harness, "the labels", |app| app.is_idle() && voxels(app).len() == 3);
    let document = harness.state().document().expect("open");
    let names: Vec<_> = document.objects().iter().map(|o| o.name.clone()).collect();
    assert_eq!(names, ["Liver", "Kidney, Left", "Neoplasm"]);
    assert!(harness.state().status().offers.is_empty(), "nothing is to be decided");
    // Each lies where the numbers of the grey scan are its own.
    let image = document.image();
    let [nx, ny, _] = image.grid().dims();
    for object in document.objects() {
        for run in object.region.runs() {
            let at = [run.start % nx, run.start / nx % ny, run.start / nx / ny];
            assert_eq!(image.value(at), f64::from(object.id.0), "{}", object.name);
        }
    }
}

#[test]
fn segments_and_contours_are_dropped_on_their_scan_and_saved_for_it() {
    let folder = tempfile::tempdir().expect("temp folder");
    let scan = opened().state().document().expect("open").image().clone();
    for name in ["a.dcm", "b.labelmap.dcm", "c.rtstruct.dcm"] {
        let path = folder.path().join(name);
        saved(&scan, &path);
        let mut harness = opened();
        drop_file(&mut harness, path.clone());
        wait(&mut harness, "the labels", |app| app.is_idle() && voxels(app).len() == 2);
        assert_eq!(voxels(harness.state()), [7 * 5 * 4, 4], "{name}");
        assert!(harness.state().status().offers.is_empty(), "{name}: nothing is to be decided");
        let document = harness.state().document().expect("open");
        let names: Vec<_> = document.objects().iter().map(|o| o.name.clone()).collect();
        assert_eq!(names, ["Liver", "Mass"], "{name}");
        for out in ["1.dcm", "2.labelmap.dcm", "3.rtstruct.dcm"] {
            let out = folder.path().join(format!("{name}_{out}"));
            save_as(&mut harness, &out);
            let limits = io::Limits::default();
            let (cancel, progress) = (CancelToken::new(), Progress::new());
            let read = io::labels_for(&out, &scan, &limits, &cancel, &progress);
            let read = read.expect("read").expect("labels");
            let found = read.labels.iter().map(|label| (label.value, &label.region));
            let found = LabelMap::from_regions(scan.grid().dims(), found);
            assert!(found == boxes(&scan), "{}", out.display());
        }
    }
}

#[test]
fn contours_without_their_scan_say_what_they_need() {
    let folder = tempfile::tempdir().expect("temp folder");
    let scan = opened().state().document().expect("open").image().clone();
    let path = folder.path().join("c.rtstruct.dcm");
    saved(&scan, &path);
    let mut harness = window(vec![path]);
    wait(&mut harness, "the message", |app| {
        app.messages().any(|text| text.contains("open the scan first"))
    });
    assert!(harness.state().document().is_none());
}
