//! The real window: what is asked before a scan is read.

use std::path::{Path, PathBuf};

use egui_kittest::kittest::Queryable as _;
use voxpoint::io::{OpenOptions, TypedPlace};
use voxpoint::text::unbroken;
use voxpoint::ui::Question;

use crate::support::{wait, window};

/// An ANALYZE 7.5 header of unsigned bytes, with as many voxels and 2 × 1.5 × 3 mm between them.
fn header(dims: [i16; 3]) -> Vec<u8> {
    let mut bytes = vec![0; 348];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, &348i32.to_le_bytes());
    for (n, value) in [3, dims[0], dims[1], dims[2]].into_iter().enumerate() {
        put(40 + 2 * n, &value.to_le_bytes());
    }
    put(70, &2i16.to_le_bytes());
    put(72, &8i16.to_le_bytes());
    for (n, mm) in [2.0f32, 1.5, 3.0].into_iter().enumerate() {
        put(80 + 4 * n, &mm.to_le_bytes());
    }
    bytes
}

fn analyze(folder: &Path) -> PathBuf {
    std::fs::write(folder.join("scan.hdr"), header([9, 8, 7])).expect("written");
    let voxels: Vec<u8> = (0..9 * 8 * 7).map(|n| (n % 251) as u8).collect();
    std::fs::write(folder.join("scan.img"), voxels).expect("written");
    folder.join("scan.hdr")
}

#[test]
fn which_side_is_left_is_asked_and_nothing_is_shown_before() {
    let folder = tempfile::tempdir().expect("temp folder");
    let mut harness = window(vec![analyze(folder.path())]);
    wait(&mut harness, "the question", |app| !app.status().offers.is_empty());
    assert!(harness.state().document().is_none());
    assert!(matches!(harness.state().status().offers[0].question, Question::Place { .. }));
    harness.get_by_label_contains("does not say which side is left");
    // Of left and right nothing is proposed.
    harness.get_by_label("Say where x runs to");
    harness.get_by_label("Open").click();
    harness.run_steps(3);
    assert!(!harness.state().status().offers.is_empty(), "not before it is said");
    for (letter, way) in [("R", "R: to the patient's right"), ("L", "L: to the patient's left")] {
        harness.get_by_label("Where x runs to").click();
        harness.run_steps(3);
        harness.get_all_by_label(way).last().expect("in the list").click();
        harness.run_steps(3);
        harness.get_by_label(&format!("Open as {letter}AS"));
    }
    harness.get_by_label("Open as LAS").click();
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    let scan = harness.state().document().expect("open").image().clone();
    assert_eq!(scan.grid().orientation().letters(), "LAS");
    let typed = OpenOptions::of(scan.provenance()).place;
    let meant = TypedPlace::parse_orientation("LAS").ok();
    assert_eq!(typed, TypedPlace { orientation: meant, spacing: None });
    harness.get_by_label("Placed by: what was typed (LAS)");
}

#[test]
fn a_scan_that_is_too_large_is_offered_in_parts() {
    let folder = tempfile::tempdir().expect("temp folder");
    let path = folder.path().join("huge.nii");
    let mut bytes = header([8000, 8000, 8000]);
    bytes[344..348].copy_from_slice(b"n+1\0");
    bytes[108..112].copy_from_slice(&352f32.to_le_bytes());
    std::fs::write(&path, bytes).expect("written");
    let file = std::fs::File::options().write(true).open(&path).expect("there");
    // It takes no room on the disk.
    file.set_len(352 + 8000 * 8000 * 8000).expect("sparse");
    let mut harness = window(vec![path]);
    wait(&mut harness, "the question", |app| !app.status().offers.is_empty());
    let Question::Part { dims, needed, .. } = harness.state().status().offers[0].question else {
        panic!("another question");
    };
    assert_eq!((dims, needed), ([8000; 3], 8000 * 8000 * 8000));
    harness.get_by_label_contains(&unbroken("512.0 GB"));
    harness.get_by_label("Open this part");
    harness.get_by_label("Don't open").click();
    wait(&mut harness, "no question", |app| app.status().offers.is_empty() && app.is_idle());
    assert!(harness.state().document().is_none());
}
