//! The real window, driven through its accessibility tree: open, click in each view, undo, redo, save.
//! Needs ONNX Runtime (`scripts/test` sees to it) and any Vulkan or GL driver (lavapipe will do).

use std::path::Path;
use std::time::Duration;

use crate::support::{
    click, drop_file, opened, orange, sample, sample_click, save_as, voxels, wait, window,
};
use egui::{Modifiers, PointerButton};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::geom::{DVec3, Plane};
use voxpoint::io::{self, Limits};
use voxpoint::ui::{ModelStatus, RuntimeStatus};
use voxpoint::work::{CancelToken, Progress};

#[test]
fn open_click_in_each_view_undo_redo_save() {
    let mut harness = opened();
    let target = sample_click();
    let mut counts = Vec::new();
    for (n, plane) in Plane::ALL.into_iter().enumerate() {
        // A little apart, so that no click falls on the dot of the one before.
        let world = target + DVec3::splat(6.0 * n as f64);
        click(&mut harness, plane, world, PointerButton::Primary);
        let app = harness.state();
        let prompts = &app.document().expect("open").objects()[0].log.prompts;
        assert_eq!(prompts.len(), n + 1, "{plane:?}");
        let grid = app.document().expect("open").image().grid();
        assert_eq!(grid.voxel_at(prompts[n].world), grid.voxel_at(world), "{plane:?}");
        assert!(prompts[n].positive);
        wait(&mut harness, "the mask", App::is_idle);
        counts.push(voxels(harness.state())[0]);
    }
    assert!(counts[0] > 100, "the first click gives a mask: {counts:?}");
    click(
        &mut harness,
        Plane::Axial,
        target + DVec3::new(-12.0, 9.0, 0.0),
        PointerButton::Secondary,
    );
    wait(&mut harness, "the mask", App::is_idle);
    let object = &harness.state().document().expect("open").objects()[0];
    assert!(!object.log.prompts[3].positive, "right click is negative");
    counts.push(object.region.count());
    let labels = harness.state().document().expect("open").labels().clone();

    for left in (0..3).rev() {
        harness.key_press_modifiers(Modifiers::COMMAND, egui::Key::Z);
        harness.run_steps(2);
        assert_eq!(voxels(harness.state()), [counts[left]], "undo to {} clicks", left + 1);
    }
    for (done, count) in counts.iter().enumerate().skip(1) {
        harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, egui::Key::Z);
        harness.run_steps(2);
        assert_eq!(voxels(harness.state()), [*count], "redo to {} clicks", done + 1);
    }
    assert_eq!(harness.state().document().expect("open").labels(), &labels, "exactly as before");
    assert!(harness.state().document().expect("open").is_modified());

    let temp = tempfile::tempdir().expect("temp folder");
    let path = temp.path().join("mask.nii.gz");
    save_as(&mut harness, &path);
    assert!(!harness.state().document().expect("open").is_modified());
    let saved = io::open_volume(&path, &Limits::default(), &CancelToken::new(), &Progress::new())
        .expect("what was saved opens");
    let document = harness.state().document().expect("open");
    assert!(saved.grid().matches(document.image().grid(), 1e-4));
    let regions = io::labels_of(&saved, &path, document.image().grid()).expect("labels").labels;
    assert_eq!(regions.len(), 1);
    assert_eq!(regions[0].region, *document.objects()[0].region);
    assert_eq!(regions[0].name.as_deref(), Some(document.objects()[0].name.as_str()));
}

#[test]
fn a_second_object_leaves_the_first_alone() {
    let mut harness = opened();
    let target = sample_click();
    click(&mut harness, Plane::Axial, target, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    let first = harness.state().document().expect("open").objects()[0].region.clone();
    harness.key_press(egui::Key::N);
    harness.run_steps(2);
    // In the mask of the first: told, and nothing happens.
    click(&mut harness, Plane::Coronal, target, PointerButton::Primary);
    assert!(harness.state().messages().any(|m| m.contains("belongs to another object")));
    // Beside it: much of what it would take is taken already.
    let beside = beside_the_first(harness.state(), target);
    click(&mut harness, Plane::Coronal, beside, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    let document = harness.state().document().expect("open");
    assert_eq!(document.objects().len(), 2);
    assert_eq!(document.objects()[0].region, first);
    let second = &document.objects()[1].region;
    assert!(second.runs().iter().all(|r| !first.contains(r.start)));
    assert_eq!(document.objects()[1].log.prompts.len(), 1);
    // Undo of the second click and of the new object bring the first state back.
    for _ in 0..2 {
        harness.key_press_modifiers(Modifiers::COMMAND, egui::Key::Z);
        harness.run_steps(2);
    }
    assert_eq!(harness.state().document().expect("open").objects().len(), 1);
}

/// The first free voxel to the patient's left of a place in the first object.
fn beside_the_first(app: &App, mut world: DVec3) -> DVec3 {
    let document = app.document().expect("open");
    let grid = document.image().grid();
    while document.labels().get(grid.voxel_at(world).expect("inside")) != 0 {
        world.x -= 1.5;
    }
    world - DVec3::new(1.5, 0.0, 0.0)
}

#[test]
fn bad_files_are_told_and_lose_nothing() {
    let mut harness = opened();
    click(&mut harness, Plane::Axial, sample_click(), PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    let before = voxels(harness.state());
    let temp = tempfile::tempdir().expect("temp folder");
    let text = temp.path().join("notes.nii.gz");
    std::fs::write(&text, "not a scan").expect("temp folder");
    for path in [text, temp.path().to_owned(), temp.path().join("missing.nii")] {
        drop_file(&mut harness, path.clone());
        harness.step();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        wait(&mut harness, "the message", |app| {
            app.messages().any(|m| m.contains(&name)) && app.is_idle()
        });
        assert_eq!(voxels(harness.state()), before);
    }
}

#[test]
fn another_scan_does_not_replace_unsaved_work_without_asking() {
    let mut harness = opened();
    click(&mut harness, Plane::Axial, sample_click(), PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    let other =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/geometry/oblique_RAS.nii.gz");
    drop_file(&mut harness, other);
    harness.step();
    wait(&mut harness, "the card", |app| !app.status().offers.is_empty());
    harness.get_by_label("Open as scan").click();
    wait(&mut harness, "the question", |app| app.status().ask_discard);
    assert_eq!(voxels(harness.state()).len(), 1, "still here");
    let dims = harness.state().document().expect("open").image().grid().dims();
    harness.get_by_role_and_label(egui::accesskit::Role::Button, "Discard").click();
    wait(&mut harness, "the other scan", |app| {
        app.document().expect("open").image().grid().dims() != dims
    });
    assert!(voxels(harness.state()).is_empty());
}

#[test]
fn a_click_before_the_model_is_there_is_answered_when_it_is() {
    let mut harness = window(vec![sample()]);
    wait(&mut harness, "the scan", |app| app.document().is_some());
    click(&mut harness, Plane::Sagittal, sample_click(), PointerButton::Primary);
    assert_eq!(harness.state().document().expect("open").objects().len(), 1);
    wait(&mut harness, "the mask", |app| app.is_idle() && voxels(app)[0] > 0);
}

#[test]
fn esc_takes_back_a_click_that_waits_for_the_model() {
    let mut harness = window(vec![sample()]);
    wait(&mut harness, "the scan", |app| app.document().is_some());
    // It may be there already.
    harness.state_mut().use_model(sample().with_file_name("no model"));
    click(&mut harness, Plane::Axial, sample_click(), PointerButton::Primary);
    harness.key_press(egui::Key::Escape);
    harness.run_steps(2);
    let document = harness.state().document().expect("open");
    assert!(document.pending().is_none() && document.objects().is_empty());
}

#[test]
fn the_mask_is_seen_in_every_view_and_hidden_by_v() {
    let mut harness = opened();
    let target = sample_click();
    harness.state_mut().look_at(target);
    harness.key_press(egui::Key::X);
    harness.run_steps(3);
    let before = Plane::ALL.map(|plane| orange(&mut harness, plane));
    click(&mut harness, Plane::Axial, target, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    let after = Plane::ALL.map(|plane| orange(&mut harness, plane));
    for (plane, (before, after)) in Plane::ALL.into_iter().zip(before.into_iter().zip(after)) {
        assert!(after > before + 40, "{plane:?}: {before} → {after} pixels of the mask");
    }
    harness.key_press(egui::Key::V);
    harness.run_steps(3);
    let hidden = orange(&mut harness, Plane::Axial);
    assert!(hidden * 4 < after[0], "hidden: {hidden} of {} pixels are left", after[0]);
}

#[test]
fn a_click_undone_while_it_is_computed_stays_undone() {
    let mut harness = opened();
    click(&mut harness, Plane::Axial, sample_click(), PointerButton::Primary);
    harness.key_press_modifiers(Modifiers::COMMAND, egui::Key::Z);
    harness.run_steps(2);
    assert!(voxels(harness.state()).is_empty());
    std::thread::sleep(Duration::from_millis(1500));
    harness.run_steps(5);
    assert!(voxels(harness.state()).is_empty(), "a late answer changes nothing");
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, egui::Key::Z);
    wait(&mut harness, "the redone click's mask", |app| app.is_idle() && voxels(app)[0] > 100);
}

#[test]
fn a_deletion_waits_for_the_click_and_can_be_undone_while_it_waits() {
    let mut harness = opened();
    click(&mut harness, Plane::Axial, sample_click(), PointerButton::Primary);
    harness.key_press_modifiers(Modifiers::SHIFT, egui::Key::Delete);
    harness.run_steps(2);
    wait(&mut harness, "the deletion", |app| app.is_idle() && voxels(app).is_empty());
    harness.key_press_modifiers(Modifiers::COMMAND, egui::Key::Z);
    harness.run_steps(3);
    assert!(voxels(harness.state())[0] > 100, "the object and its mask are back");
}

#[test]
fn a_label_map_opens_as_objects_and_clicks_leave_them_alone() {
    let mut harness = opened();
    let labels = sample().with_file_name("ct_thorax_cta_label.nii.gz");
    drop_file(&mut harness, labels);
    harness.step();
    wait(&mut harness, "the labels", |app| app.is_idle() && voxels(app).len() == 10);
    assert!(!harness.state().document().expect("open").is_modified(), "it is what is on disk");
    let before = voxels(harness.state());
    assert_eq!(before[3], 1696, "brachiocephalic trunk, as the data's README counts it");
    let free = beside_the_first(harness.state(), sample_click());
    click(&mut harness, Plane::Axial, free, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    assert_eq!(voxels(harness.state())[..10], before);
    assert_eq!(voxels(harness.state()).len(), 11);
}

#[test]
fn closing_asks_before_work_is_lost_and_saving_makes_it_silent() {
    let mut harness = opened();
    click(&mut harness, Plane::Axial, sample_click(), PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    let close = |harness: &mut Harness<'_, App>| {
        let root = egui::ViewportId::ROOT;
        let viewport = harness.input_mut().viewports.entry(root).or_default();
        viewport.events.push(egui::ViewportEvent::Close);
        harness.step();
        harness.input_mut().viewports.entry(root).or_default().events.clear();
        harness.run_steps(2);
    };
    close(&mut harness);
    assert!(harness.state().status().ask_discard);
    harness.get_by_label("Stay").click();
    harness.run_steps(2);
    assert!(!harness.state().status().ask_discard);
    assert_eq!(voxels(harness.state()).len(), 1);
    let temp = tempfile::tempdir().expect("temp folder");
    save_as(&mut harness, &temp.path().join("mask.nii.gz"));
    close(&mut harness);
    assert!(!harness.state().status().ask_discard, "nothing would be lost");
}

#[test]
fn a_typed_path_replaces_an_existing_file_only_when_confirmed() {
    let mut harness = opened();
    click(&mut harness, Plane::Axial, sample_click(), PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    let temp = tempfile::tempdir().expect("temp folder");
    let path = temp.path().join("old.nii.gz");
    std::fs::write(&path, "somebody's work").expect("temp folder");
    save_as(&mut harness, &path);
    assert_eq!(std::fs::read(&path).expect("still there"), b"somebody's work");
    harness.get_by_label("Replace").click();
    harness.run_steps(2);
    wait(&mut harness, "the file", |app| {
        app.is_idle() && !app.document().expect("open").is_modified()
    });
    assert!(std::fs::metadata(&path).expect("there").len() > 100);
}

#[test]
fn a_wrong_model_is_told_and_the_right_one_still_works() {
    let mut harness = opened();
    let temp = tempfile::tempdir().expect("temp folder");
    harness.state_mut().use_model(temp.path().to_owned());
    wait(&mut harness, "the refusal", |app| app.messages().next().is_some());
    let said: Vec<_> = harness.state().messages().collect();
    assert!(said.iter().any(|m| m.contains("No model there")), "{said:?}");
    // The model that works is kept.
    wait(&mut harness, "the model", |app| matches!(app.status().model, ModelStatus::Ready { .. }));
    click(&mut harness, Plane::Axial, sample_click(), PointerButton::Primary);
    wait(&mut harness, "the mask", |app| app.is_idle() && voxels(app).iter().sum::<usize>() > 100);
}

#[test]
fn without_a_runtime_the_viewer_works_and_says_why_clicks_do_not() {
    // The search for the runtime looks at the environment of the process: a child has one without any.
    let temp = tempfile::tempdir().expect("temp folder");
    let program = std::env::current_exe().expect("this test");
    let output = std::process::Command::new(program)
        .args(["--exact", "opening::child_without_a_runtime", "--ignored", "--nocapture"])
        .env("PATH", temp.path())
        .env("HOME", temp.path())
        .env("XDG_DATA_HOME", temp.path())
        .env_remove("ORT_DYLIB_PATH")
        .output()
        .expect("this test runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "run by without_a_runtime_the_viewer_works_and_says_why_clicks_do_not"]
fn child_without_a_runtime() {
    let mut harness = window(vec![sample()]);
    wait(&mut harness, "the scan", |app| app.document().is_some());
    wait(&mut harness, "the search", |app| {
        matches!(app.status().runtime, RuntimeStatus::Missing(_))
    });
    click(&mut harness, Plane::Axial, sample_click(), PointerButton::Primary);
    wait(&mut harness, "the refusal", App::is_idle);
    assert!(voxels(harness.state()).is_empty());
    assert!(harness.state().messages().any(|m| m.contains("ONNX Runtime was not found")));
    assert!(harness.query_all_by_label_contains("Get ONNX Runtime").count() > 1);
}
