//! Clicks as users mean them, in the real window: the preview under the resting pointer, the threshold, the
//! extension, another model in mid-session. Needs what `app.rs` needs.

use std::path::{Path, PathBuf};

use crate::support::{
    click, drop_file, hover, look_away, opened, opened_with, orange, sample_click, save_as, voxels,
    wait,
};
use egui::{Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::document::Document;
use voxpoint::geom::{DAffine3, DMat3, DVec3, Grid, Plane};
use voxpoint::io::{self, Limits};
use voxpoint::segment::cubes::Cubes;
use voxpoint::ui::{ModelStatus, PreviewStatus};
use voxpoint::volume::{LabelMap, StoredGeometry};
use voxpoint::work::{CancelToken, Progress};

fn document(app: &App) -> &Document {
    app.document().expect("open")
}

fn undo(harness: &mut Harness<'_, App>) {
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(2);
}

fn previews(app: &App) -> bool {
    app.status().preview == PreviewStatus::Shown && app.preview_voxels().is_some_and(|n| n > 100)
}

/// A copy of the demo model in a folder of another name: another model, of the same kind.
fn other_model(folder: &Path) -> PathBuf {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demo");
    let copy = folder.join("other");
    std::fs::create_dir(&copy).expect("temp folder");
    for file in ["encoder.onnx", "decoder.onnx"] {
        std::fs::copy(demo.join(file), copy.join(file)).expect("temp folder");
    }
    copy
}

#[test]
fn a_preview_follows_the_pointer_and_is_nowhere_but_on_the_screen() {
    let mut harness = opened();
    let target = sample_click();
    harness.key_press(Key::X);
    hover(&mut harness, Plane::Axial, target);
    let before = orange(&mut harness, Plane::Axial);
    wait(&mut harness, "the preview", previews);
    let revision = document(harness.state()).revision();
    for plane in Plane::ALL {
        let shown = orange(&mut harness, plane);
        assert!(shown > 20, "{plane:?}: {before} → {shown} pixels of the preview");
    }
    // A preview moves along with the pointer, without waiting for it to rest.
    let first = harness.state().preview_voxels();
    hover(&mut harness, Plane::Axial, target + DVec3::new(6.0, 0.0, 0.0));
    wait(&mut harness, "the next preview", |app| previews(app) && app.preview_voxels() != first);

    let app = harness.state();
    assert_eq!(document(app).revision(), revision);
    assert!(document(app).objects().is_empty() && document(app).labels().max() == 0);
    assert!(app.view().transient.hover.as_ref().is_some_and(|h| h.label.is_none()));
    let temp = tempfile::tempdir().expect("temp folder");
    let path = temp.path().join("mask.nii.gz");
    save_as(&mut harness, &path);
    let saved = io::open_volume(&path, &Limits::default(), &CancelToken::new(), &Progress::new());
    assert_eq!(saved.expect("a file").stats().max, 0.0, "nothing is saved");

    look_away(&mut harness);
    assert_eq!(harness.state().preview_voxels(), None);
    let after = orange(&mut harness, Plane::Axial);
    assert!(after <= before, "{after} pixels are left of {before}");
}

#[test]
fn a_preview_shows_what_the_click_then_gives_and_goes_away() {
    let mut harness = opened();
    let target = sample_click();
    hover(&mut harness, Plane::Axial, target);
    wait(&mut harness, "the preview", previews);
    let shown = harness.state().preview_voxels().expect("a preview");
    click(&mut harness, Plane::Axial, target, PointerButton::Primary);
    assert_eq!(harness.state().preview_voxels(), None, "a click takes its place");
    wait(&mut harness, "the mask", App::is_idle);
    assert_eq!(voxels(harness.state()), [shown]);
    let latency = harness.state().status().latency.expect("a click was answered");
    assert_eq!(latency.encode, None, "the pointer's rest has paid for it");
}

#[test]
fn a_first_click_near_where_the_pointer_rested_finds_its_cube() {
    let mut harness = opened();
    let target = sample_click();
    hover(&mut harness, Plane::Axial, target + DVec3::new(9.0, -6.0, 0.0));
    wait(&mut harness, "the preview", previews);
    click(&mut harness, Plane::Axial, target, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    assert_eq!(harness.state().status().latency.and_then(|l| l.encode), None);
}

#[test]
fn where_to_click_is_told_until_the_third_object() {
    let mut harness = opened();
    wait(&mut harness, "the models", |app| app.status().model_entry().is_some());
    let told = |harness: &Harness<'_, App>| {
        harness.query_all_by_label_contains("near the middle of a structure").next().is_some()
    };
    for object in 0..3 {
        assert!(told(&harness), "object {object}");
        let at = sample_click() - DVec3::Y * f64::from(40 * object);
        // Taken back and made again it is the same object, and so it is with further clicks.
        for shift in [DVec3::ZERO, DVec3::ZERO, DVec3::Y * 3.0] {
            if shift == DVec3::ZERO
                && !document(harness.state()).objects().is_empty()
                && object == 0
            {
                undo(&mut harness);
            }
            click(&mut harness, Plane::Axial, at + shift, PointerButton::Primary);
            wait(&mut harness, "the mask", App::is_idle);
        }
        harness.key_press(Key::N);
        harness.run_steps(2);
    }
    assert!(document(harness.state()).objects().len() >= 3 && !told(&harness));
}

#[test]
fn keys_and_tools_take_the_preview_away() {
    let mut harness = opened();
    hover(&mut harness, Plane::Coronal, sample_click());
    wait(&mut harness, "the preview", previews);
    let gone = |harness: &Harness<'_, App>| harness.state().preview_voxels().is_none();
    for key in [Key::Q, Key::V, Key::W] {
        harness.key_press(key);
        harness.run_steps(3);
        assert!(gone(&harness), "{key:?}");
        assert_eq!(harness.state().view().prefs.show_preview, key != Key::Q);
        harness.key_press(if key == Key::W { Key::P } else { key });
        wait(&mut harness, "the preview again", previews);
    }
    harness.key_down(Key::Space);
    harness.run_steps(3);
    assert!(gone(&harness));
    harness.key_up(Key::Space);
    wait(&mut harness, "the preview again", previews);
    // The next click outside of a structure that does not exist yet means nothing.
    harness.event(egui::Event::ModifiersChanged(Modifiers::ALT));
    harness.run_steps(3);
    assert!(gone(&harness));
}

#[test]
fn a_drag_of_the_threshold_is_one_step_and_undo_moves_the_slider_back() {
    let mut harness = opened();
    click(&mut harness, Plane::Axial, sample_click(), PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    let before = voxels(harness.state())[0];
    let value = |harness: &Harness<'_, App>| {
        use egui_kittest::kittest::NodeT as _;
        let slider = harness.get_by_role_and_label(egui::Role::Slider, "Threshold");
        slider.accesskit_node().numeric_value().expect("a number")
    };
    assert!((value(&harness) - 0.5).abs() < 1e-6);
    let slider = harness.get_by_role_and_label(egui::Role::Slider, "Threshold").rect();
    let pointer = |harness: &mut Harness<'_, App>, at: Pos2, pressed: Option<bool>| {
        harness.hover_at(at);
        if let Some(pressed) = pressed {
            harness.event(egui::Event::PointerButton {
                pos: at,
                button: PointerButton::Primary,
                pressed,
                modifiers: Modifiers::NONE,
            });
        }
        harness.step();
    };
    let middle = Pos2::new(slider.left() + 36.0, slider.center().y);
    pointer(&mut harness, middle, Some(true));
    for step in 1..12 {
        pointer(&mut harness, middle - vec2(step as f32 * 2.5, 0.0), None);
        wait(&mut harness, "the voxels", App::is_idle);
    }
    let last = middle - vec2(27.5, 0.0);
    pointer(&mut harness, last, Some(false));
    wait(&mut harness, "the voxels", App::is_idle);
    let low = value(&harness);
    let more = voxels(harness.state())[0];
    assert!(low < 0.25 && more > before, "{low}: {before} → {more} voxels");
    assert!(document(harness.state()).objects()[0].log.threshold < -1.0);

    undo(&mut harness);
    assert_eq!(voxels(harness.state()), [before], "one step");
    assert!((value(&harness) - 0.5).abs() < 1e-6);
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    harness.run_steps(2);
    assert_eq!(voxels(harness.state()), [more]);
    harness.get_by_label("Reset threshold").click();
    harness.run_steps(2);
    wait(&mut harness, "the voxels", App::is_idle);
    assert_eq!(voxels(harness.state()), [before]);
}

#[test]
fn another_model_leaves_masks_and_the_next_click_asks_it_everything_again() {
    let mut harness = opened();
    let target = sample_click();
    click(&mut harness, Plane::Axial, target, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    let first = document(harness.state()).objects()[0].clone();
    let temp = tempfile::tempdir().expect("temp folder");
    let other = other_model(temp.path());
    drop_file(&mut harness, other.clone());
    harness.step();
    wait(
        &mut harness,
        "the other model",
        |app| matches!(&app.status().model, ModelStatus::Ready { name, .. } if name == "other"),
    );
    assert_eq!(document(harness.state()).objects()[0], first, "nothing changes by itself");
    let at = other.canonicalize().expect("a folder");
    assert_eq!(harness.state().status().model_path.as_deref(), Some(at.as_path()));

    click(&mut harness, Plane::Axial, target + DVec3::new(6.0, 6.0, 0.0), PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    let object = &document(harness.state()).objects()[0];
    assert!(
        object.answer.model.as_ref().is_some_and(|m| m.starts_with(&*at.display().to_string()))
    );
    assert_eq!(object.replayed(), 2);
    let step = |answer| Cubes::of(answer).expect("cubes").patches[0].steps[0].clone();
    let (old, new) = (step(&first.answer), step(&object.answer));
    assert!(!std::sync::Arc::ptr_eq(&old, &new), "the first click was computed anew");
    assert_eq!(old.logits.values.len(), new.logits.values.len());
    undo(&mut harness);
    assert_eq!(document(harness.state()).objects()[0], first, "and it is remembered whose it was");
}

/// A bright rod of 20 mm and 300 mm length in a scan of 120 × 120 × 360 mm, and a model that finds what is
/// bright.
pub fn rod(folder: &Path) -> (PathBuf, PathBuf) {
    let dims = [60, 60, 180];
    let m = DMat3::from_diagonal(DVec3::splat(2.0));
    let grid = Grid::new(dims, DAffine3::from_mat3_translation(m, DVec3::ZERO)).expect("a grid");
    let value = |n: usize| {
        let [x, y, z] = [n % 60, n / 60 % 60, n / 3600];
        let in_rod = x.abs_diff(30) < 5 && y.abs_diff(30) < 5 && (15..165).contains(&z);
        if in_rod { 220 } else { 10 + (n * 7919 % 11) as u16 }
    };
    let voxels: Vec<u16> = (0..grid.count()).map(value).collect();
    let labels = LabelMap::from_labels(dims, &voxels);
    let scan = folder.join("rod.nii.gz");
    let (said, no) = (StoredGeometry::of(&grid).into(), (CancelToken::new(), Progress::new()));
    io::save_labels(&scan, &labels, &grid, &said, &[], &no.0, &no.1).expect("temp folder");
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models");
    let model = folder.join("bright");
    std::fs::create_dir(&model).expect("temp folder");
    for file in ["tiny/encoder.onnx", "follow/decoder.onnx"] {
        let name = Path::new(file).file_name().expect("a name");
        std::fs::copy(data.join(file), model.join(name)).expect("temp folder");
    }
    (scan, model)
}

#[test]
fn a_mask_that_reaches_the_window_is_flagged_and_extended_by_a_key() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, model) = rod(temp.path());
    let mut harness = opened_with(scan, Some(model));
    let mut world = DVec3::new(60.0, 60.0, 100.0);
    click(&mut harness, Plane::Axial, world, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    let before = document(harness.state()).objects()[0].clone();
    assert!(before.answer.touches && before.answer.footprint.len() == 1);
    assert!(harness.query_by_label("Extend").is_some(), "a button and a flag");

    harness.key_press(Key::G);
    harness.run_steps(2);
    wait(&mut harness, "the extension", App::is_idle);
    let after = document(harness.state()).objects()[0].clone();
    assert!(after.answer.footprint.len() > 1 && !after.log.extensions.is_empty());
    assert!(!after.answer.touches && harness.query_by_label("Extend").is_none());
    let grid = document(harness.state()).image().grid();
    let bounds = after.region.bounds(grid.dims()).expect("a mask");
    assert!(bounds.min[2] < 20 && bounds.max[2] > 160, "{bounds:?}");
    assert!(before.region.bounds(grid.dims()).expect("a mask").max[2] < 110);

    // A click in the far end goes on from there; undo takes back one after the other.
    world.z = 320.0;
    click(&mut harness, Plane::Coronal, world, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    let object = &document(harness.state()).objects()[0];
    assert_eq!((object.log.prompts.len(), object.replayed()), (2, 2));
    for expected in [&after, &before] {
        undo(&mut harness);
        assert_eq!(document(harness.state()).objects(), std::slice::from_ref(expected));
    }
    assert!(harness.query_by_label("Extend").is_some());
}

#[test]
fn a_checkpoint_dropped_on_the_window_answers_the_next_click() {
    let mut harness = opened();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models");
    drop_file(&mut harness, data.join("tiny_official.pth"));
    harness.step();
    wait(
        &mut harness,
        "the checkpoint",
        |app| matches!(&app.status().model, ModelStatus::Ready { name, .. } if name == "tiny_official"),
    );
    click(&mut harness, Plane::Axial, sample_click(), PointerButton::Primary);
    wait(&mut harness, "the answer", App::is_idle);
    let object = &document(harness.state()).objects()[0];
    assert_eq!(object.replayed(), 1);
    assert!(object.answer.model.as_deref().is_some_and(|m| m.contains("tiny_official.pth")));
    // Random weights may give any mask; what matters is told about them.
    wait(&mut harness, "the list", |app| app.status().model_entry().is_some());
    harness.get_by_label_contains("Model: tiny_official").click();
    harness.run_steps(3);
    harness.get_by_label("About this model…").click();
    harness.run_steps(4);
    assert!(harness.query_all_by_label_contains("SAM-Med3D, ").next().is_some());
    assert!(harness.query_all_by_label_contains("million").next().is_some());
}

#[test]
fn clicks_are_answered_in_their_order_and_not_the_one_undone_meanwhile() {
    let mut harness = opened();
    let target = sample_click();
    for step in 0..3 {
        let world = target + DVec3::splat(6.0 * f64::from(step));
        click(&mut harness, Plane::Axial, world, PointerButton::Primary);
    }
    undo(&mut harness);
    wait(&mut harness, "two masks", App::is_idle);
    let object = &document(harness.state()).objects()[0];
    assert_eq!((object.log.prompts.len(), object.replayed()), (2, 2));
    let two = object.region.clone();
    // The same by itself.
    for _ in 0..2 {
        undo(&mut harness);
    }
    assert!(voxels(harness.state()).is_empty());
    for _ in 0..2 {
        harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
        harness.run_steps(2);
    }
    wait(&mut harness, "two masks", App::is_idle);
    assert_eq!(document(harness.state()).objects()[0].region, two);
}
