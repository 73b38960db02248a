//! The window among others: files that another program has written, and a model that never ends. Needs what
//! `app.rs` needs.

use std::path::{Path, PathBuf};

use crate::support::{
    click, drop_file, opened, opened_with, sample, sample_click, save_as, type_path, voxels, wait,
};
use egui::{Key, Modifiers, PointerButton};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::geom::{DVec3, Plane};
use voxpoint::ui::ModelStatus;

fn save(harness: &mut Harness<'_, App>) {
    harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    harness.run_steps(2);
}

/// A further click, so that there is something to save.
fn correct(harness: &mut Harness<'_, App>, n: f64) {
    let target = sample_click() + DVec3::splat(3.0 * n);
    click(harness, Plane::Axial, target, PointerButton::Primary);
    wait(harness, "the mask", App::is_idle);
}

fn asked(harness: &mut Harness<'_, App>, about: &Path) {
    wait(harness, "the question", |app| app.status().ask_replace.as_deref() == Some(about));
    assert!(harness.query_by_label("Replace what another program has written?").is_some());
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).expect("temp folder")).into_owned()
}

#[test]
fn what_another_program_has_written_is_not_replaced_without_asking() {
    let mut harness = opened();
    let temp = tempfile::tempdir().expect("temp folder");
    let path = |name: &str| temp.path().join(name);
    let (mask, table) = (path("mask.nii.gz"), path("mask.labels.txt"));
    correct(&mut harness, 0.0);
    save_as(&mut harness, &mask);
    let first = std::fs::read(&mask).expect("saved");
    correct(&mut harness, 1.0);
    save(&mut harness);
    wait(&mut harness, "the file", App::is_idle);
    assert!(harness.state().status().ask_replace.is_none(), "nobody else has written there");
    let second = std::fs::read(&mask).expect("saved");

    // Another program writes the mask. Esc saves nothing.
    std::fs::write(&mask, &first).expect("temp folder");
    correct(&mut harness, 2.0);
    save(&mut harness);
    asked(&mut harness, &mask);
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(harness.state().status().ask_replace.is_none());
    assert_eq!(std::fs::read(&mask).expect("theirs"), first);
    assert!(harness.state().document().is_some_and(voxpoint::document::Document::is_modified));
    save(&mut harness);
    asked(&mut harness, &mask);
    harness.get_by_label("Replace").click();
    harness.run_steps(2);
    wait(&mut harness, "the file", App::is_idle);
    let third = std::fs::read(&mask).expect("saved");
    assert!(third != first && third != second);
    assert!(!harness.state().document().is_some_and(voxpoint::document::Document::is_modified));

    // Somebody names labels in the table; the mask goes elsewhere.
    std::fs::write(&table, "names of somebody else").expect("temp folder");
    correct(&mut harness, 3.0);
    save(&mut harness);
    asked(&mut harness, &table);
    harness.get_by_label("Save mask as…").click();
    harness.run_steps(3);
    assert!(harness.state().status().ask_replace.is_none());
    let field = harness.get_by_label("Path");
    field.focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.step();
    type_path(&mut harness, &path("other.nii.gz"));
    harness.get_by_label("OK").click();
    harness.run_steps(2);
    wait(&mut harness, "the other file", |app| app.is_idle() && path("other.nii.gz").exists());
    assert_eq!(
        (text(&table).as_str(), std::fs::read(&mask).unwrap()),
        ("names of somebody else", third)
    );

    // A table where no mask is: the path prompt could not ask about it.
    std::fs::write(path("new.labels.txt"), "names of somebody else").expect("temp folder");
    save_as(&mut harness, &path("new.nii.gz"));
    asked(&mut harness, &path("new.labels.txt"));
    assert!(!path("new.nii.gz").exists());
    harness.get_by_label("Cancel").click();
    harness.run_steps(3);
    assert_eq!(text(&path("new.labels.txt")), "names of somebody else");
    assert!(!path("new.nii.gz").exists());
}

fn is_ready(app: &App, wanted: &str) -> bool {
    matches!(&app.status().model, ModelStatus::Ready { name, .. } if name == wanted)
}

#[test]
fn a_model_that_never_ends_is_left_when_the_scan_is_closed_or_another_is_chosen() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models");
    let temp = tempfile::tempdir().expect("temp folder");
    let endless: PathBuf = temp.path().join("endless");
    std::fs::create_dir(&endless).expect("temp folder");
    for (from, to) in
        [("hostile/loop_encoder.onnx", "encoder.onnx"), ("tiny/decoder.onnx", "decoder.onnx")]
    {
        std::fs::copy(models.join(from), endless.join(to)).expect("temp folder");
    }
    let mut harness = opened_with(sample(), Some(endless));
    let busy = |app: &App| app.status().busy.is_some();
    click(&mut harness, Plane::Axial, sample_click(), PointerButton::Primary);
    wait(&mut harness, "the encoder", busy);
    // The scan is closed: the model is free for the next one.
    harness.key_press_modifiers(Modifiers::COMMAND, Key::W);
    harness.run_steps(3);
    if let Some(discard) = harness.query_by_label("Discard") {
        discard.click();
    }
    wait(&mut harness, "the welcome page", |app| app.document().is_none());
    drop_file(&mut harness, sample());
    wait(&mut harness, "the scan", |app| app.document().is_some());
    harness.run_steps(3);
    click(&mut harness, Plane::Axial, sample_click(), PointerButton::Primary);
    wait(&mut harness, "the encoder again", busy);
    // Another model is chosen: it answers the click that waits.
    drop_file(&mut harness, models.join("tiny"));
    harness.step();
    wait(&mut harness, "the other model", |app| is_ready(app, "tiny"));
    wait(&mut harness, "its answer", App::is_idle);
    let document = harness.state().document().expect("open");
    assert_eq!(document.objects()[0].replayed(), 1, "{:?}", voxels(harness.state()));
}
