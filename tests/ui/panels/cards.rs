//! Cards, questions and windows: what is missing, what is being done, what would be lost.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use voxpoint::document::{Command, LabelId};
use voxpoint::geom::DVec3;
use voxpoint::ui::{DraftCard, FileProgress, Hover, ModelStatus, RuntimeStatus, SaveStatus};

use super::desktop::{Desktop, click, nothing_is_cut_or_overlaps, picture, press, shows, taken};

#[test]
fn what_is_missing_has_a_button_that_mends_it() {
    let mut desktop = Desktop::empty();
    desktop.status.runtime = RuntimeStatus::Missing("No Python has it.".to_owned());
    desktop.status.model = ModelStatus::None;
    let mut harness = desktop.wide();
    harness.run_steps(2);
    for (n, button) in [(0, "Get ONNX Runtime"), (1, "Get ONNX Runtime")] {
        harness.query_all_by_label_contains(button).nth(n).unwrap().click();
        harness.run_steps(2);
        assert_eq!(taken(&mut harness), ["InstallRuntime"], "button {n}");
    }
    harness.state_mut().status.runtime = RuntimeStatus::Installing(8_300_000, 23_000_000);
    harness.run_steps(2);
    picture(&mut harness, "installing");
    assert!(shows(&harness, "8.3 MB of 23.0 MB"));
    harness.get_by_label("Cancel").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["CancelInstall"]);
    harness.get_by_label("Open sample scan").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["OpenSample"]);
    press(&mut harness, Modifiers::NONE, Key::N);
    assert!(taken(&mut harness).is_empty(), "nothing to segment yet");
}

/// Drafts, files opened lately and a missing runtime at once: what does not fit is scrolled to.
#[test]
fn the_welcome_card_lies_within_low_windows() {
    let mut desktop = Desktop::empty();
    desktop.status.runtime = RuntimeStatus::Missing("No Python has it.".to_owned());
    let draft = |n: i64| DraftCard {
        path: PathBuf::from(format!("drafts/{n}.voxpoint")),
        scan: format!("ct_{n}.nii.gz"),
        written_ms: 1_700_000_000_000 + n,
        duration_ms: 60_000,
        objects: 2,
        exported: false,
        held_by: None,
        copy_of: None,
        damaged: false,
        picture: None,
    };
    desktop.status.drafts = Arc::new((1..=3).map(draft).collect());
    let scan = |n: usize| format!("scans/ct_{n}.nii.gz");
    desktop.status.recent = (1..=4).map(|n| scan(n).as_str().into()).collect();
    for size in [[1100.0, 700.0], [800.0, 560.0]] {
        let mut harness = desktop.window(size);
        harness.run_steps(6);
        picture(&mut harness, &format!("welcome-full-{}", size[0]));
        let window = harness.ctx.content_rect();
        for text in ["Voxpoint", "Not a medical device"] {
            let all = harness.query_all_by_label_contains(text);
            let seen = all
                .map(|node| node.rect())
                .any(|rect| rect.height() > 8.0 && window.shrink(4.0).contains_rect(rect));
            assert!(seen, "{text} at {size:?}");
        }
        desktop = Desktop::empty();
        desktop.status = harness.state().status.clone();
    }
}

#[test]
fn opening_shows_its_bytes_and_can_be_cancelled() {
    let opening =
        FileProgress { name: "ct.nii.gz".to_owned(), done: 12_300_000, total: 157_300_000 };
    for mut desktop in [Desktop::empty(), Desktop::open()] {
        desktop.status.opening = Some(opening.clone());
        let name = if desktop.document.is_some() { "opening-another" } else { "opening" };
        let mut harness = desktop.window([1024.0, 700.0]);
        harness.run_steps(2);
        picture(&mut harness, name);
        assert!(shows(&harness, "Opening ct.nii.gz: 12.3 MB of 157.3 MB"));
        harness.get_by_label("Cancel").click();
        harness.step();
        press(&mut harness, Modifiers::NONE, Key::Escape);
        assert_eq!(taken(&mut harness), ["Cancel", "Cancel"], "by button and by key");
    }
}

#[test]
fn unsaved_work_is_asked_about_and_kept_by_default() {
    let mut desktop = Desktop::open();
    desktop.status.ask_discard = true;
    let mut harness = desktop.window([1024.0, 700.0]);
    harness.run_steps(3);
    picture(&mut harness, "discard");
    press(&mut harness, Modifiers::NONE, Key::N);
    assert!(taken(&mut harness).is_empty(), "no key reaches the document behind the question");
    harness.get_by_label("Discard").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["Leave(Discard)"]);
    harness.get_by_label("Stay").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["Leave(Stay)"]);
    harness.key_press(Key::Escape);
    harness.step();
    assert_eq!(taken(&mut harness), ["Leave(Stay)"]);
}

/// A label map has none of them, and who closes is to know that they are not lost; or that they are.
#[test]
fn clicks_that_wait_are_in_the_question_before_closing() {
    for (clicks, kept, said) in [
        (0, true, None),
        (1, true, Some("A click still waits for its answer: it is kept in the session")),
        (2, true, Some("2 clicks still wait for their answer: they are kept in the session")),
        (1, false, Some("it is lost if the session is not saved")),
    ] {
        let mut desktop = Desktop::open();
        let document = desktop.document.as_mut().unwrap();
        for n in 0..clicks {
            click(document, DVec3::new(2.0 * f64::from(n), 1.0, -800.0), true);
        }
        (desktop.status.ask_discard, desktop.status.can_keep) = (true, kept);
        let mut harness = desktop.window([1024.0, 700.0]);
        harness.run_steps(3);
        assert_eq!(shows(&harness, "still wait"), said.is_some(), "{clicks}");
        assert!(said.is_none_or(|text| shows(&harness, text)), "{clicks} {kept}");
    }
}

#[test]
fn long_names_are_cut_and_nothing_leaves_the_window() {
    let mut desktop = Desktop::open();
    let document = desktop.document.as_mut().unwrap();
    let name = "left upper lobe of the lung with the whole of the tumour and its margin";
    document.apply(Command::Rename(LabelId(1), name.to_owned())).unwrap();
    let state = document.state();
    document.mark_saved(state);
    desktop.status.model = ModelStatus::Ready {
        name: "sam_med3d_turbo_finetuned_on_everything_v12".to_owned(),
        device: "CUDA·NVIDIA H100 80GB HBM3".to_owned(),
        reason: "the CUDA provider loaded".to_owned(),
    };
    desktop.status.save =
        SaveStatus::Saved(PathBuf::from("out/a_very_long_name_of_a_patient_and_study_mask.nii.gz"));
    desktop.view.transient.hover = Some(Hover {
        voxel: [511, 511, 299],
        world: DVec3::new(-250.0, 250.0, -1804.0),
        value: -1024.0,
        label: Some(name.to_owned()),
    });
    *desktop.view.prefs.side_panels.open(1024.0) = [true; 2];
    let mut harness = desktop.window([1024.0, 700.0]);
    harness.run_steps(3);
    picture(&mut harness, "long-names");
    nothing_is_cut_or_overlaps(&harness);
    *harness.state_mut().view.prefs.side_panels.open(1024.0) = [false; 2];
    harness.run_steps(3);
    nothing_is_cut_or_overlaps(&harness);
}

/// A file let go over the window.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("not needed".to_owned())
    }
}

#[test]
fn files_over_the_window_are_announced_and_opened() {
    let mut harness = Desktop::empty().window([1024.0, 700.0]);
    harness.input_mut().hovered_files = vec![egui::HoveredFile::default()];
    harness.step();
    picture(&mut harness, "drop");
    assert!(taken(&mut harness).is_empty());
    let input = harness.input_mut();
    input.hovered_files.clear();
    input.dropped_files = vec![Arc::new(Dropped("scans/ct.nii.gz".into()))];
    harness.step();
    assert_eq!(taken(&mut harness), [r#"Drop(["scans/ct.nii.gz"])"#]);
}

#[test]
fn about_says_what_it_is_and_is_not() {
    let mut harness = Desktop::empty().wide();
    harness.get_by_role_and_label(Role::Button, "Help").click();
    harness.run_steps(3);
    harness.get_by_label("About Voxpoint").click();
    harness.run_steps(4);
    picture(&mut harness, "about");
    assert!(shows(&harness, "Licence: Apache-2.0 OR MIT"));
    assert!(harness.query_all_by_label_contains("Not a medical device").count() >= 2);
}
