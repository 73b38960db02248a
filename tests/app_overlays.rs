//! Images over the scan in the real window: dropped, asked about, laid over, taken for what they are.

mod app_support;

use std::path::{Path, PathBuf};

use app_support::{drop_file, sample, wait, window, window_with};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;

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
    assert!(harness.state().view().maximised.is_some());
    harness.get_by_label_contains("Lay over").click();
    harness.run_steps(3);
    let app = harness.state();
    assert!(app.status().offers.is_empty());
    assert_eq!((app.view().overlays.len(), name(app)), (1, scan));
    let layer = &app.view().overlays[0];
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
    assert!(harness.state().view().overlays.is_empty());
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
    assert_eq!(harness.state().view().overlays.len(), 3);
    assert!(harness.state().messages().any(|m| m.contains("No more than 3")));
    // Another scan starts without them.
    harness.key_press_modifiers(egui::Modifiers::COMMAND | egui::Modifiers::SHIFT, egui::Key::O);
    harness.run_steps(2);
    wait(&mut harness, "the sample anew", |app| app.is_idle() && app.view().overlays.is_empty());
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
