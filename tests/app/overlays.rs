//! Images over the scan in the real window: dropped, asked about, laid over, taken for what they are.

use std::path::{Path, PathBuf};

use crate::support::{click, drop_file, opened_with, sample, voxels, wait, window, window_with};
use egui::PointerButton;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::geom::{DAffine3, DMat3, DVec3, Grid, Plane};

fn other() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/geometry/oblique_RAS.nii.gz")
}

fn opened() -> Harness<'static, App> {
    let mut harness = window(vec![sample()]);
    wait(&mut harness, "the scan", |app| app.document().is_some());
    harness
}

fn dropped(harness: &mut Harness<'_, App>, path: PathBuf) {
    drop_file(harness, path);
    harness.step();
}

fn name(app: &App) -> String {
    app.document().expect("open").image().name().to_owned()
}

fn asks(app: &App) -> bool {
    !app.status().offers.is_empty()
}

#[test]
fn a_dropped_image_is_laid_over_the_scan_if_the_user_says_so() {
    let mut harness = opened();
    let scan = name(harness.state());
    dropped(&mut harness, other());
    wait(&mut harness, "the card", asks);
    assert_eq!(name(harness.state()), scan, "nothing has happened yet");
    // Nothing waits for the answer.
    harness.key_press(egui::Key::Num1);
    harness.run_steps(2);
    assert!(harness.state().view().scan.maximised.is_some());
    harness.get_by_label_contains("Lay over").click();
    harness.run_steps(3);
    let app = harness.state();
    assert!(app.status().offers.is_empty());
    assert_eq!((app.view().scan.overlays.len(), name(app)), (1, scan));
    let layer = &app.view().scan.overlays[0];
    assert_eq!(layer.volume.name(), "oblique_RAS.nii.gz");
    assert!(layer.visible && layer.window == layer.auto_window);
}

#[test]
fn or_it_takes_the_scans_place_or_is_not_opened() {
    let mut harness = opened();
    let scan = name(harness.state());
    dropped(&mut harness, other());
    wait(&mut harness, "the card", asks);
    harness.key_press(egui::Key::Escape);
    harness.run_steps(2);
    assert!(!asks(harness.state()) && name(harness.state()) == scan, "Esc puts it aside");
    dropped(&mut harness, other());
    wait(&mut harness, "the card", asks);
    harness.get_by_label("Open as scan").click();
    wait(&mut harness, "the other", |app| name(app) != scan);
    assert!(harness.state().view().scan.overlays.is_empty());
}

#[test]
fn the_first_of_several_is_the_scan_and_labels_stay_labels() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample");
    let labels = folder.join("ct_thorax_cta_label.nii.gz");
    let mut harness = window(vec![]);
    harness.run_steps(2);
    for path in [labels, sample(), other()] {
        drop_file(&mut harness, path);
    }
    harness.step();
    wait(&mut harness, "all three", |app| asks(app) && app.is_idle());
    let document = harness.state().document().expect("open");
    assert!(!document.objects().is_empty(), "the labels lie on the scan");
    assert_eq!(harness.state().status().offers.len(), 1, "and only the other image is asked about");
}

#[test]
fn overlays_come_by_the_command_line_and_there_are_three_at_most() {
    let mut harness = window_with_overlays(vec![other(); 4]);
    wait(&mut harness, "the overlays", |app| app.document().is_some() && app.is_idle());
    assert_eq!(harness.state().view().scan.overlays.len(), 3);
    assert!(harness.state().messages().any(|m| m.contains("No more than 3")));
    // Another scan starts without them.
    harness.key_press_modifiers(egui::Modifiers::COMMAND | egui::Modifiers::SHIFT, egui::Key::O);
    harness.run_steps(2);
    wait(&mut harness, "the sample anew", |app| {
        app.is_idle() && app.view().scan.overlays.is_empty()
    });
}

fn window_with_overlays(overlays: Vec<PathBuf>) -> Harness<'static, App> {
    let mut harness = window_with(vec![sample()], None);
    harness.state_mut().add_overlays(overlays);
    harness
}

#[test]
fn an_image_without_a_scan_is_no_overlay() {
    let mut harness = window(vec![]);
    harness.state_mut().add_overlays(vec![other()]);
    wait(&mut harness, "the message", |app| {
        app.messages().any(|m| m.contains("open its scan first")) && app.is_idle()
    });
}

/// A scan of one value, and over its left half an image of other spacing with a bright ball in it.
fn flat_scan_and_ball(folder: &Path) -> (PathBuf, PathBuf) {
    let save = |name: &str, dims: [usize; 3], affine: DAffine3, value: &dyn Fn(DVec3) -> f32| {
        let grid = Grid::new(dims, affine).expect("a grid");
        let [nx, ny, _] = dims;
        let voxel = |n: usize| [n % nx, n / nx % ny, n / nx / ny];
        let values: Vec<f32> = (0..grid.count()).map(|n| value(grid.world_of(voxel(n)))).collect();
        let path = folder.join(name);
        voxpoint::io::save_float32(&path, dims, &values, affine).expect("saved");
        path
    };
    let flat = DAffine3::from_scale(DVec3::new(-2.0, 2.0, 2.0));
    let scan = save("flat.nii", [60, 50, 40], flat, &|_| 7.0);
    let over = DAffine3 {
        matrix3: DMat3::from_diagonal(DVec3::new(3.0, -3.0, 3.0)),
        translation: DVec3::new(-110.0, 95.0, 2.0),
    };
    let ball = |world: DVec3| {
        if world.distance(BALL) < 20.0 { 900.0 } else { 100.0 + (world.x % 7.0) as f32 }
    };
    (scan, save("ball.nii", [20, 30, 24], over, &ball))
}

const BALL: DVec3 = DVec3::new(-80.0, 50.0, 38.0);

#[test]
fn the_model_looks_at_the_image_that_the_user_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let (scan, ball) = flat_scan_and_ball(folder.path());
    let mut harness = opened_with(scan, None);
    harness.state_mut().add_overlays(vec![ball]);
    wait(&mut harness, "the overlay", |app| !app.view().scan.overlays.is_empty());
    harness.get_by_label("The model looks at flat.nii.");

    // There is nothing in the scan that a model could see.
    click(&mut harness, Plane::Axial, BALL, PointerButton::Primary);
    wait(&mut harness, "the refusal", |app| {
        app.messages().any(|m| m.contains('7')) && app.is_idle()
    });
    assert_eq!(voxels(harness.state()), [0usize; 0]);

    harness.get_by_label("The model looks at ball.nii").click();
    harness.run_steps(3);
    harness.get_by_label("The model looks at ball.nii.");
    click(&mut harness, Plane::Axial, BALL, PointerButton::Primary);
    wait(&mut harness, "the mask", |app| {
        voxels(app).first().is_some_and(|&n| n > 0) && app.is_idle()
    });
    let document = harness.state().document().expect("open");
    let (grid, region) = (document.image().grid(), &document.objects()[0].region);
    let index = grid.index(grid.voxel_at(BALL).expect("inside"));
    assert!(region.contains(index), "the mask lies at the ball, on the scan's grid");
    let middle = region
        .runs()
        .iter()
        .flat_map(|r| r.start..r.end())
        .fold(DVec3::ZERO, |sum, n| sum + grid.world_of([n % 60, n / 60 % 50, n / 3000]))
        / region.count() as f64;
    assert!(middle.distance(BALL) < 8.0, "{middle}");

    // Without the image the object keeps to it, and says so; new ones are the scan's.
    harness.state_mut().view_mut().remove_overlay(0);
    harness.run_steps(3);
    harness
        .get_by_label("The model looks at ball.nii for this object, whose clicks were made in it.");
    let near = BALL + DVec3::new(4.0, 4.0, 0.0);
    click(&mut harness, Plane::Axial, near, PointerButton::Primary);
    wait(&mut harness, "the second answer", |app| {
        app.document().is_some_and(|d| d.objects()[0].replayed() == 2)
    });
}

/// The file `key` of a case of `data/belonging/cases.json`, gzip in hexadecimal.
fn made_by_another_program(folder: &Path, case: &str, key: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/belonging/cases.json");
    let text = std::fs::read_to_string(path).expect("test data");
    let cases: Vec<serde_json::Value> = serde_json::from_str(&text).expect("JSON");
    let found = cases.iter().find(|c| c["name"] == case).expect("a case");
    let digits = found[key].as_str().expect("a file").as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("hex"), 16);
    let packed: Result<Vec<u8>, _> = digits.chunks_exact(2).map(byte).collect();
    let path = folder.join(format!("{key}.nii.gz"));
    std::fs::write(&path, packed.expect("hex")).expect("a temporary file");
    path
}

#[test]
fn labels_that_another_program_placed_or_ordered_are_opened_with_a_word() {
    for (case, words) in [
        ("no form, by ITK", "where ITK programs put such a scan"),
        ("PIR, by nibabel, canonical", "in another order"),
    ] {
        let temp = tempfile::tempdir().expect("temp folder");
        let [scan, labels] =
            ["scan", "labels"].map(|k| made_by_another_program(temp.path(), case, k));
        let mut harness = window(vec![scan]);
        wait(&mut harness, "the scan", |app| app.document().is_some());
        dropped(&mut harness, labels);
        wait(&mut harness, "the labels", |app| {
            app.document().is_some_and(|d| !d.objects().is_empty())
        });
        let app = harness.state();
        let document = app.document().expect("open");
        // As data/belonging/make.py put it there.
        let marker = document.image().grid().index([5, 1, 3]);
        let runs: Vec<_> = document.objects()[0].region.runs().iter().map(|r| r.start).collect();
        assert_eq!(runs, [marker], "{case}");
        assert!(app.messages().any(|m| m.contains(words)), "{case}");
    }
}
