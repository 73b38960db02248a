//! The real window: what is asked before a scan is read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use voxpoint::app::App;
use voxpoint::document::{Change, Command, EditKind, GestureId, Over};
use voxpoint::io::{OpenOptions, TypedPlace};
use voxpoint::text::unbroken;
use voxpoint::ui::Question;
use voxpoint::volume::Region;

use crate::support::{save_as, wait, window};

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

/// The matrices are those that nibabel reads.
#[test]
fn what_placed_a_scan_and_what_contradicts_it_are_shown_and_a_saved_mask_is_marked() {
    let folder = tempfile::tempdir().expect("temp folder");
    let file = "tests/data/nifti/sform_qform_differ.nii.gz";
    let scan = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let mut harness = window(vec![scan]);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    harness.get_by_label("Placed by: sform (space: MNI 152)");
    harness.get_by_label("Two statements in the file differ");
    harness.get_by_label("Used: sform (space: MNI 152)");
    harness.get_by_label_contains("Not used: qform (space: scanner), up to 101");
    let rows = |rows: [[&str; 4]; 3]| {
        rows.map(|row| row.map(|cell| format!("{:>8}", cell.replace('-', "−"))).concat()).join("\n")
    };
    harness.get_by_label(&rows([
        ["0.9063", "-0.4019", "-0.3265", "-30"],
        ["0.4226", "0.8619", "0.7002", "12"],
        ["0", "-0.309", "2.378", "-44"],
    ]));
    harness.get_by_label(&rows([
        ["1", "0", "0", "0"],
        ["0", "1", "0", "0"],
        ["0", "0", "2.5", "0"],
    ]));
    // What was saved is marked until it changes.
    let paint = |harness: &mut Harness<'_, App>, from: usize| {
        let ten = (0..44 * 44 * 36).map(|n| (from..from + 10).contains(&n));
        let change = Change::Add(Arc::new(Region::from_mask(44, ten)));
        let object = harness.state().document().and_then(|d| d.active()).map(|o| o.id);
        let (over, kind, gesture) = (Over::Background, EditKind::Brush, GestureId(from as u64));
        harness.state_mut().carry_out(Command::Edit { object, change, over, kind, gesture });
        harness.run_steps(3);
    };
    let is_marked =
        |harness: &Harness<'_, App>| harness.query_by_label("checked ✓ m.nii.gz").is_some();
    paint(&mut harness, 900);
    assert!(!is_marked(&harness));
    save_as(&mut harness, &folder.path().join("m.nii.gz"));
    harness.run_steps(3);
    assert!(is_marked(&harness));
    paint(&mut harness, 1000);
    assert!(!is_marked(&harness));
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
