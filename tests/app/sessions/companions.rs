//! What is shown beside a scan, and compared, comes back with its session.

use super::*;
use crate::side_by_side::{second, second_labels};
use voxpoint::measure::PairBy;
use voxpoint::ui::ComparisonLook;

/// Labels 4 and 5 on the scan's grid.
fn b(desk: &Desk) -> PathBuf {
    let path = desk.path("reader_b.nii.gz");
    let (cancel, progress) = (voxpoint::work::CancelToken::new(), voxpoint::work::Progress::new());
    let scan = io::open_volume(&desk.scan, &io::Limits::default(), &cancel, &progress);
    let scan = scan.expect("the scan");
    let grid = scan.grid();
    let [nx, ny, _] = grid.dims();
    let values: Vec<f32> = (0..grid.count())
        .map(|n| match [n % nx, n / nx % ny, n / nx / ny] {
            [10..20, 10..20, 8..12] => 4.0,
            [22..26, 10..20, 8..12] => 5.0,
            _ => 0.0,
        })
        .collect();
    io::save_float32(&path, grid.dims(), &values, grid.world_from_voxel()).expect("saved");
    path
}

fn computed(harness: &mut Harness<'_, App>) {
    wait(harness, "the numbers", |app| app.is_idle() && app.status().comparison.table.is_some());
}

/// With a second scan, its labels and a comparison, an object, and all of it on the disk.
fn with_all(desk: &Desk) -> Harness<'static, App> {
    let mut harness = desk.opened();
    paint(&mut harness, DVec3::ZERO);
    harness.state_mut().show_beside(second(desk.folder.path()), None);
    harness.state_mut().compare_with(second_labels(desk.folder.path()));
    harness.state_mut().compare_with(b(desk));
    wait(&mut harness, "all of it", |app| app.is_idle() && app.view().scan.comparison.is_some());
    let scan = &mut harness.state_mut().view_mut().scan;
    let comparison = scan.comparison.as_mut().expect("compared");
    (comparison.look, comparison.by) = (ComparisonLook::Reference, PairBy::Overlap);
    comparison.tolerance_mm = 3.5;
    let image = &mut scan.beside.scan.as_mut().expect("beside").image;
    image.window = volume::Window::new(480.0, 960.0);
    computed(&mut harness);
    kept(&mut harness);
    harness
}

fn shown(harness: &Harness<'_, App>) -> [bool; 3] {
    let scan = &harness.state().view().scan;
    let second = scan.beside.scan.as_ref();
    let labels = second.is_some_and(|second| second.labels.is_some());
    [second.is_some(), labels, scan.comparison.is_some()]
}

#[test]
fn what_was_beside_and_compared_is_there_again_after_a_crash() {
    let desk = Desk::new();
    let harness = with_all(&desk);
    // As at a crash nobody is asked anything.
    drop(harness);
    let mut harness = desk.window(&[]);
    continue_draft(&mut harness);
    assert_eq!(shown(&harness), [true; 3]);
    computed(&mut harness);
    let scan = &harness.state().view().scan;
    let comparison = scan.comparison.as_ref().expect("compared");
    assert_eq!((comparison.look, comparison.by), (ComparisonLook::Reference, PairBy::Overlap));
    assert_eq!((comparison.name.as_str(), comparison.tolerance_mm), ("reader_b.nii.gz", 3.5));
    let second = scan.beside.scan.as_ref().expect("beside");
    assert_eq!(second.image.window, volume::Window::new(480.0, 960.0));
    assert!(scan.beside.on && !second.linked);
    let table = harness.state().status().comparison.table.clone().expect("numbers");
    assert_eq!(table.found.labels.len(), 2, "the object with 4, and 5 alone");
    let right = harness.get_by_label("Axial view, right side");
    let said = right.accesskit_node().value().expect("a value");
    assert!(said.contains("labels: follow-up_label.nii"), "{said}");

    // Its files went another way than the draft: one is gone, one is another now.
    kept(&mut harness);
    drop(harness);
    std::fs::remove_file(desk.path("reader_b.nii.gz")).expect("there");
    std::fs::copy(desk.path("follow-up.nii"), desk.path("follow-up_label.nii")).expect("there");
    let mut harness = desk.window(&[]);
    continue_draft(&mut harness);
    assert_eq!(shown(&harness), [true, false, false]);
    assert!(says(&harness, "The label map that was compared was not found"));
    assert!(says(&harness, "The labels of the second scan were not found, or are another file"));
    assert!(!says(&harness, "An image over the scan"));
    assert_eq!(objects(&harness).len(), 1);
}

#[test]
fn a_named_session_finds_them_where_it_was_moved_with_them() {
    let desk = Desk::new();
    let mut harness = with_all(&desk);
    let session = desk.path("case.voxpoint");
    save_session_as(&mut harness, &session);
    press(&mut harness, Key::F9, NONE);
    harness.run_steps(2);
    drop(harness);
    let moved = desk.path("moved");
    std::fs::create_dir(&moved).expect("temp folder");
    for name in ["follow-up.nii", "follow-up_label.nii", "reader_b.nii.gz", "block.nii.gz"] {
        std::fs::rename(desk.path(name), moved.join(name)).expect("moved");
    }
    let there = moved.join("case.voxpoint");
    std::fs::rename(&session, &there).expect("moved");
    let mut harness = desk.window(&[there]);
    wait(&mut harness, "the work", |app| app.document().is_some() && app.is_idle());
    assert_eq!(shown(&harness), [true; 3]);
    assert!(!harness.state().view().scan.beside.on, "slices were shown once");
    // Taken away they are not there the next time either.
    press(&mut harness, Key::F9, NONE);
    harness.get_by_label("End the comparison").click();
    harness.get_by_label("Take the second scan away").click();
    harness.run_steps(3);
    let at = moved.join("case.voxpoint");
    drop(harness);
    let mut harness = desk.window(&[at]);
    wait(&mut harness, "the work", |app| app.document().is_some() && app.is_idle());
    assert_eq!(shown(&harness), [false; 3]);
}
