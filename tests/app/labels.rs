//! Label maps in the real window: opened, asked about, or left aside; none takes the scan's place by itself.

use std::path::{Path, PathBuf};

use crate::support::{click, drop_file, type_path, voxels, wait, window};
use egui::accesskit::Role;
use egui::{Modifiers, PointerButton};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::document::Object;
use voxpoint::geom::Plane;
use voxpoint::io;
use voxpoint::text::unbroken;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/labels").join(name)
}

/// A volume on the grid of the label maps in `reports/`, for a scan.
fn scan() -> PathBuf {
    data("tables/labels.nii.gz")
}

fn opened(more: Vec<PathBuf>) -> Harness<'static, App> {
    let paths = [vec![scan()], more].concat();
    let mut harness = window(paths);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    harness
}

fn asks(app: &App) -> bool {
    !app.status().offers.is_empty()
}

fn name(app: &App) -> String {
    app.document().expect("open").image().name().to_owned()
}

fn says(harness: &Harness<'_, App>, word: &str) {
    let messages: Vec<_> = harness.state().messages().collect();
    assert!(messages.iter().any(|m| m.contains(word)), "{messages:?}");
}

#[test]
fn what_can_be_decided_is_decided_and_told() {
    let mut harness = opened(vec![]);
    drop_file(&mut harness, data("reports/nan_background.nii.gz"));
    wait(&mut harness, "the labels", |app| app.is_idle() && voxels(app).len() == 3);
    assert_eq!(voxels(harness.state()), [604, 356, 148], "as NumPy counts them");
    says(&harness, "83372 voxels are not a number");
    assert!(!asks(harness.state()));

    // Numbers that objects have already.
    drop_file(&mut harness, data("reports/nan_background.nii.gz"));
    wait(&mut harness, "the labels again", |app| app.is_idle() && voxels(app).len() == 6);
    says(&harness, "3 labels got other numbers, theirs are taken: 1 → 4, 2 → 5, 3 → 6");
    // One message for one file.
    let all: Vec<&str> = harness.state().messages().collect();
    let last = all.last().expect("a message");
    for part in ["3 labels opened", "not a number", "1 → 4", "lie under objects"] {
        assert!(last.contains(part), "{part}: {all:?}");
    }
}

#[test]
fn a_negative_number_is_asked_about() {
    let mut harness = opened(vec![]);
    for (answer, objects) in [("Don't open", 0), ("Open label map", 3)] {
        drop_file(&mut harness, data("reports/minus_one_outside.nii.gz"));
        wait(&mut harness, "the card", asks);
        assert!(voxels(harness.state()).is_empty(), "nothing has happened yet");
        harness.get_by_label_contains("50008 voxels are -1");
        harness.get_by_label(answer).click();
        harness.run_steps(2);
        wait(&mut harness, "the answer", |app| app.is_idle() && !asks(app));
        assert_eq!(voxels(harness.state()).len(), objects, "{answer}");
    }
    assert_eq!(voxels(harness.state()), [604, 356, 148]);
}

#[test]
fn the_time_point_of_a_label_map_is_chosen() {
    let mut harness = opened(vec![data("reports/frames_4d.nii.gz")]);
    wait(&mut harness, "the card", asks);
    assert!(voxels(harness.state()).is_empty());
    harness.get_by_label("of 2");
    let field = harness.get_by_role_and_label(egui::accesskit::Role::SpinButton, "Time point");
    field.click();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, egui::Key::A);
    harness.step();
    harness.get_by_role_and_label(egui::accesskit::Role::SpinButton, "Time point").type_text("2");
    harness.run_steps(2);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(2);
    harness.get_by_label("Open label map").click();
    harness.run_steps(2);
    wait(&mut harness, "the labels", |app| app.is_idle() && !voxels(app).is_empty());
    assert_eq!(voxels(harness.state()), [356], "of the second time point, as NumPy counts them");
    says(&harness, "2 time points; the one read is number 2");
    // To save it there would lose the other time points: that name is not proposed.
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, egui::Key::S);
    harness.run_steps(3);
    let proposed = harness.get_by_label("Path").value().unwrap_or_default();
    assert!(!proposed.contains("frames_4d"), "{proposed}");
}

#[test]
fn a_file_that_fails_as_a_label_map_leaves_the_scan_where_it_is() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = opened(vec![]);
    let before = name(harness.state());
    let grid = harness.state().document().expect("open").image().grid().clone();
    let [nx, ny, nz] = grid.dims();
    // Blocks of a half: what an interpolated mask is, and no whole number.
    let halves: Vec<f32> = (0..nx * ny * nz).map(|n| if n % nx < 20 { 0.5 } else { 0.0 }).collect();
    let interpolated = temp.path().join("liver_resampled.nii.gz");
    io::save_float32(&interpolated, grid.dims(), &halves, grid.world_from_voxel()).expect("saved");
    let open = |harness: &mut Harness<'static, App>| {
        harness.key_press_modifiers(Modifiers::COMMAND, egui::Key::O);
        type_path(harness, &interpolated);
        harness.get_by_label("OK").click();
        harness.run_steps(2);
    };
    for dropped in [false, true] {
        if dropped {
            drop_file(&mut harness, interpolated.clone());
        } else {
            open(&mut harness);
        }
        wait(&mut harness, "the card", asks);
        assert_eq!(name(harness.state()), before);
        harness.get_by_label_contains("is 0.5, and labels are whole numbers");
        harness.get_by_label("Don't open").click();
        harness.run_steps(2);
        assert!(!asks(harness.state()) && name(harness.state()) == before);
    }
    // What it was meant as can still be said.
    open(&mut harness);
    wait(&mut harness, "the card", asks);
    harness.get_by_label("Open as scan").click();
    wait(&mut harness, "the other", |app| name(app) != before);

    let harness = opened(vec![interpolated]);
    assert_eq!(name(harness.state()), before);
    says(&harness, "is 0.5, and labels are whole numbers");
}

#[test]
fn hidden_labels_are_opened_hidden_and_it_is_told() {
    let temp = tempfile::tempdir().expect("temp folder");
    let path = temp.path().join("m.nii.gz");
    std::fs::copy(scan(), &path).expect("copied");
    std::fs::copy(data("tables/invisible.label"), temp.path().join("m.label")).expect("copied");
    let harness = opened(vec![path]);
    let objects = harness.state().document().expect("open").objects();
    let seen: Vec<_> = objects.iter().map(|o| (o.name.as_str(), o.visible)).collect();
    assert_eq!(seen, [("hidden", false), ("two", true), ("third", true)]);
    says(&harness, "1 of 3 labels are hidden");
}

#[test]
fn many_instances_open_and_the_window_stays_quick() {
    let mut harness = opened(vec![data("reports/instances_1200.nii.gz")]);
    wait(&mut harness, "the labels", |app| voxels(app).len() == 1200);
    let begin = std::time::Instant::now();
    harness.run_steps(10);
    let each = begin.elapsed() / 10;
    assert!(each < std::time::Duration::from_millis(500), "{each:?} for a frame");
    // All at once come and go.
    harness.key_press_modifiers(Modifiers::COMMAND, egui::Key::Z);
    harness.run_steps(2);
    assert!(voxels(harness.state()).is_empty());
}

#[test]
fn a_mask_from_a_file_says_truly_what_clicks_can_do() {
    let mut harness = opened(vec![scan()]);
    wait(&mut harness, "the labels", |app| voxels(app).len() == 3);
    let document = harness.state().document().expect("open");
    let grid = document.image().grid().clone();
    let region = &document.objects()[0].region;
    let run = region.runs()[region.runs().len() / 2];
    let [nx, ny, _] = grid.dims();
    let at = run.start + run.len as usize / 2;
    let inside = grid.world_of([at % nx, at / nx % ny, at / nx / ny]);
    let name = harness.state().document().expect("open").objects()[0].name.clone();
    harness.get_by_label_contains(&format!("{name}, ")).click();
    harness.run_steps(2);
    assert!(harness.state().document().expect("open").active().is_some_and(|o| o.name == name));
    for button in [PointerButton::Secondary, PointerButton::Primary] {
        harness.key_press(egui::Key::Escape);
        harness.run_steps(2);
        let before = voxels(harness.state());
        click(&mut harness, Plane::Axial, inside, button);
        harness.run_steps(2);
        assert_eq!(voxels(harness.state()), before);
        says(&harness, "This mask came from a file: choose “Refine the mask with points”");
        let messages: Vec<_> = harness.state().messages().collect();
        assert!(!messages.iter().any(|m| m.contains("must be positive")), "{messages:?}");
        assert!(!messages.iter().any(|m| m.contains("belongs to another")), "{messages:?}");
    }
    // The message has a button for that, which is the same as the menu's.
    harness.get_by_role_and_label(Role::Button, "Refine the mask with points").click();
    harness.run_steps(3);
    harness.get_by_label_contains("Points correct the mask of");
    harness.get_by_label_contains(&unbroken("each within 15 mm around it"));
    harness.key_press_modifiers(Modifiers::COMMAND, egui::Key::Z);
    harness.run_steps(2);
    assert!(harness.state().document().expect("open").active().is_some_and(Object::is_from_file));
    // What it proposes: then a click outside of the structure may even be the first one.
    let before = harness.state().document().expect("open").labels().to_vec();
    harness.get_by_label("Segment").click();
    harness.run_steps(2);
    harness.get_by_role_and_label(Role::Button, "Refine the mask with points").click();
    harness.run_steps(3);
    assert_eq!(harness.state().document().expect("open").labels().to_vec(), before);
    harness.get_by_label_contains("Points correct the mask of");
    click(&mut harness, Plane::Axial, inside, PointerButton::Secondary);
    wait(&mut harness, "the answer", App::is_idle);
    let after = harness.state().document().expect("open");
    let object = after.active().expect("selected");
    assert_eq!((&object.name, object.log.prompts.len()), (&name, 1));
    for _ in 0..2 {
        harness.key_press_modifiers(Modifiers::COMMAND, egui::Key::Z);
        harness.run_steps(2);
    }
    assert_eq!(harness.state().document().expect("open").labels().to_vec(), before);
    assert!(harness.state().document().expect("open").active().is_some_and(Object::is_from_file));
}
