//! What belongs to an open document goes with it: nothing of it is said of, or done to, the next one.

use egui::{Key, Modifiers, PointerButton};
use egui_kittest::kittest::{NodeT as _, Queryable};
use voxpoint::ui::SaveStatus;

use crate::brush::{CTRL, NONE, document, look_at, press, spot, stroke, with_brush};
use crate::support::{drop_file, place, save_as, voxels, wait};
use voxpoint::app::App;
use voxpoint::geom::{DAffine3, DVec3, Plane};
use voxpoint::io;

#[test]
fn another_scan_is_a_document_of_its_own() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mask, other) = (temp.path().join("mask.nii.gz"), temp.path().join("other.nii.gz"));
    let mut harness = with_brush(temp.path());
    let middle = spot(&harness, DVec3::ZERO);
    look_at(&mut harness, middle);
    let at = place(&harness, Plane::Axial, middle);
    stroke(&mut harness, &[at], PointerButton::Primary, NONE);
    press(&mut harness, Key::L, NONE);
    save_as(&mut harness, &mask);
    assert_eq!(harness.state().status().save, SaveStatus::Saved(mask.clone()));
    let saved = std::fs::read(&mask).expect("saved");
    // Told of the object that is locked.
    stroke(&mut harness, &[at], PointerButton::Secondary, NONE);
    assert!(harness.state().messages().any(|m| m.contains("locked")));

    // Of many values, so that it does not look like labels.
    let values: Vec<f32> = (0..40 * 40 * 20).map(|n| (n * 7919 % 997) as f32 * 0.37).collect();
    io::save_float32(&other, [40, 40, 20], &values, DAffine3::IDENTITY).expect("temp folder");
    drop_file(&mut harness, other.clone());
    harness.step();
    wait(&mut harness, "the card", |app| !app.status().offers.is_empty());
    harness.get_by_label("Open as scan").click();
    wait(&mut harness, "the other scan", |app| {
        app.document().is_some_and(|d| d.image().name() == "other.nii.gz")
    });
    let (app, open) = (harness.state(), document(&harness));
    assert!(open.objects().is_empty() && !open.is_modified());
    assert_eq!((open.can_undo(), open.can_redo()), (None, None));
    assert_eq!(app.status().save, SaveStatus::Never);
    assert!(app.status().waiting.is_empty() && app.status().offers.is_empty());
    assert!(!app.messages().any(|m| m.contains("locked")), "of the other document");
    wait(&mut harness, "the list", |app| app.status().recent.len() == 2);
    assert_eq!(harness.state().status().recent[0].path, other);

    // Its labels have no place yet: it is asked, and what is there is not replaced without a word.
    let at = place(&harness, Plane::Axial, spot(&harness, DVec3::ZERO));
    stroke(&mut harness, &[at], PointerButton::Primary, NONE);
    press(&mut harness, Key::S, CTRL);
    harness.run_steps(2);
    let suggested = harness.get_by_label("Path").accesskit_node().value().unwrap_or_default();
    assert!(suggested.ends_with("other_mask.nii.gz"), "{suggested}");
    press(&mut harness, Key::Escape, NONE);
    save_as(&mut harness, &mask);
    wait(&mut harness, "the question", |_| true);
    harness.get_by_label("Replace");
    assert_eq!(std::fs::read(&mask).expect("there"), saved);
    press(&mut harness, Key::Escape, NONE);
    assert!(document(&harness).is_modified());

    // Closed, it leaves nothing behind either.
    press(&mut harness, Key::W, CTRL);
    harness.get_by_role_and_label(egui::accesskit::Role::Button, "Discard").click();
    wait(&mut harness, "the welcome page", |app: &App| app.document().is_none());
    assert_eq!(harness.state().status().save, SaveStatus::Never);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    harness.run_steps(3);
    assert!(harness.query_by_label("Path").is_none(), "there is nothing to save");
}

#[test]
fn the_scan_itself_is_never_replaced() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_brush(temp.path());
    let at = place(&harness, Plane::Axial, spot(&harness, DVec3::ZERO));
    stroke(&mut harness, &[at], PointerButton::Primary, NONE);
    let scan = temp.path().join("block.nii.gz");
    let bytes = std::fs::read(&scan).expect("there");
    save_as(&mut harness, &scan);
    // It exists, so it is asked about first.
    harness.get_by_label("Replace").click();
    harness.run_steps(2);
    wait(&mut harness, "the refusal", |app| app.messages().any(|m| m.contains("the scan itself")));
    wait(&mut harness, "nothing more", App::is_idle);
    assert_eq!(std::fs::read(&scan).expect("there"), bytes);
    assert!(document(&harness).is_modified());
    assert_eq!(voxels(harness.state()).len(), 1);
}
