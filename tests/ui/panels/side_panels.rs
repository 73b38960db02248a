//! What the side panels and the status bar show, and that it fits.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Key, Modifiers, Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use voxpoint::document::{Command, Document, LabelId, ObjectState};
use voxpoint::geom::{Convention, DAffine3, DVec3, Grid};
use voxpoint::prompt::{PromptId, WorkingScale};
use voxpoint::render::Interpolation;
use voxpoint::ui::commands;
use voxpoint::ui::{Action, Hover, Latency, ModelStatus, RuntimeStatus, SaveStatus, theme};
use voxpoint::volume::{Scale, Stats, StoredGeometry, Volume, Voxels, Window};

use super::desktop::{
    Desktop, click, nothing_is_cut_or_overlaps, picture, press, resolve, shows, taken,
};

#[test]
fn every_state_fits_both_sizes_and_themes() {
    for (theme, name) in [(theme::Theme::Dark, "dark"), (theme::Theme::Light, "light")] {
        for size in [[1024.0, 700.0], [1440.0, 900.0]] {
            let width = size[0];
            let mut desktop = Desktop::open();
            desktop.view.prefs.theme = theme;
            let mut harness = desktop.window(size);
            harness.run_steps(2);
            picture(&mut harness, &format!("open-{name}-{width}"));
            nothing_is_cut_or_overlaps(&harness);
            let view = &mut harness.state_mut().view;
            *view.prefs.side_panels.open(width) = [true; 2];
            view.windows.help = true;
            harness.run_steps(4);
            picture(&mut harness, &format!("help-{name}-{width}"));
            nothing_leaves_the_help(&harness);

            let mut desktop = Desktop::empty();
            desktop.view.prefs.theme = theme;
            desktop.status.runtime = RuntimeStatus::Missing(
                "Not beside the program, not in the data folder, no Python has it.".to_owned(),
            );
            desktop.status.model = ModelStatus::None;
            desktop.status.recent = vec!["a/ct_thorax.nii.gz".into(), "a/mr_t1_brain.nii".into()];
            let mut harness = desktop.window(size);
            harness.run_steps(3);
            picture(&mut harness, &format!("welcome-{name}-{width}"));
            nothing_is_cut_or_overlaps(&harness);
        }
    }
}

/// What a command is called may be long: it goes on in the next line, and not out of the window's edge.
fn nothing_leaves_the_help(harness: &Harness<'_, Desktop>) {
    let window = harness.get_by_role_and_label(Role::Window, "Shortcuts").rect();
    let mut columns = Vec::new();
    for entry in commands::all().filter(|entry| !entry.keys.is_empty()) {
        let nodes = harness.query_all_by_role_and_label(Role::Label, entry.name());
        // (The same words may stand elsewhere in the window behind.)
        let inside = nodes.filter(|node| window.contains(node.rect().left_center()));
        for rect in inside.map(|node| node.rect()) {
            assert!(rect.right() <= window.right(), "{} at {rect}", entry.name());
            columns.push((rect, entry.name()));
        }
    }
    assert!(columns.len() > 20, "{}", columns.len());
    for (n, (rect, name)) in columns.iter().enumerate() {
        let over = |(other, _): &&(egui::Rect, &str)| rect.intersect(*other).is_positive();
        assert_eq!(columns[n + 1..].iter().find(over), None, "over {name}");
    }
}

#[test]
fn objects_are_listed_with_their_volume() {
    let mut harness = Desktop::open().wide();
    assert!(harness.query_by_label("Object 1, 12.3 mL · IoU 0.87").is_some());
    harness.get_by_label("Object 2, 0.42 mL · IoU 0.87").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["Do(Select(LabelId(2)))"]);
    harness.get_by_label("Hide Object 2").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["Do(SetVisible(LabelId(2), false))"]);
    harness.get_by_label("Delete Object 1").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["Do(RemoveObject(LabelId(1)))"]);
    harness.get_by_label("Colour of Object 1").click();
    harness.run_steps(3);
    picture(&mut harness, "colour");
    harness.get_by_label("Colour 3").click();
    harness.run_steps(2);
    assert_eq!(taken(&mut harness), ["Do(Recolour(LabelId(1), [204, 121, 167]))"]);
}

#[test]
fn a_locked_row_looks_locked_and_can_be_unlocked_there() {
    let mut harness = Desktop::open().wide();
    harness.get_by_label("Lock Object 2").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["Do(SetLocked(LabelId(2), true))"]);
    let document = harness.state_mut().document.as_mut().unwrap();
    document.apply(Command::SetLocked(LabelId(2), true)).unwrap();
    document.apply(Command::SetState(LabelId(1), ObjectState::Done)).unwrap();
    harness.run_steps(3);
    picture(&mut harness, "locked");
    harness.get_by_label("Object 2, 0.42 mL · IoU 0.87, locked");
    harness.get_by_label("Unlock Object 2").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["Do(SetLocked(LabelId(2), false))"]);
    harness.get_by_label_contains(", done, locked");
}

#[test]
fn a_row_is_renamed_by_double_click_and_has_a_menu() {
    let mut harness = Desktop::open().wide();
    let row =
        harness.get_by_label("Object 2, 0.42 mL · IoU 0.87").rect().left_center() + vec2(60.0, 0.0);
    for _ in 0..2 {
        harness.drag_at(row);
        harness.drop_at(row);
    }
    harness.step();
    let renaming = harness.state().view.transient.renaming.clone();
    assert_eq!(renaming, Some((LabelId(2), "Object 2".to_owned())));
    harness.state_mut().view.transient.renaming = None;
    harness.run_steps(2);
    taken(&mut harness);

    harness.get_by_label("Object 2, 0.42 mL · IoU 0.87").click_secondary();
    harness.run_steps(3);
    picture(&mut harness, "context-menu");
    harness.get_by_label("Delete").click();
    harness.run_steps(2);
    assert_eq!(taken(&mut harness), ["Do(RemoveObject(LabelId(2)))"]);
}

#[test]
fn prompts_select_their_place_and_say_the_models_estimate() {
    let mut harness = Desktop::open().wide();
    assert!(shows(&harness, "Predicted IoU 0.87"));
    harness.get_by_label("Prompt 2, negative").click();
    harness.run_steps(2);
    assert_eq!(harness.state().view.transient.selected_prompt, Some((LabelId(1), PromptId(2))));
    assert_eq!(harness.state().view.scan.crosshair, DVec3::new(11.0, 0.0, -800.0));
    picture(&mut harness, "prompt");
    harness.get_by_label("Delete selected point").click();
    harness.step();
    assert_eq!(
        taken(&mut harness),
        ["Do(RemovePrompt { object: LabelId(1), prompt: PromptId(2) })"]
    );
    assert_eq!(harness.state().view.transient.selected_prompt, None);
}

#[test]
fn a_row_that_thinks_moves_and_says_what_it_waits_for() {
    let mut desktop = Desktop::open();
    click(desktop.document.as_mut().unwrap(), DVec3::new(3.0, 3.0, -800.0), true);
    let mut harness = desktop.wide();
    harness.run_steps(3);
    picture(&mut harness, "thinking");
    assert!(shows(&harness, "Computing the mask…"));
    harness.state_mut().status.runtime = RuntimeStatus::Missing("not found".to_owned());
    harness.run_steps(2);
    assert!(shows(&harness, "Waits for ONNX Runtime"));
}

#[test]
fn the_display_panel_sets_the_window() {
    let mut harness = Desktop::open().wide();
    assert!(shows(&harness, "60 × 50 × 40") && shows(&harness, "2 × 2 × 2.5 mm"));
    assert!(shows(&harness, "LPS") && shows(&harness, "int16"));
    assert!(shows(&harness, "qform and sform disagree"));
    harness.get_by_label("Window preset").click();
    harness.run_steps(3);
    picture(&mut harness, "presets");
    harness.get_by_label_contains("lung").click();
    harness.run_steps(2);
    assert_eq!(harness.state().view.scan.window, Window::new(-600.0, 1500.0));
    press(&mut harness, Modifiers::SHIFT, Key::W);
    assert_eq!(harness.state().view.scan.window, Window::new(40.0, 400.0));
    harness.get_by_role_and_label(Role::Slider, "Mask fill").set_value_accesskit(0.25);
    harness.run_steps(2);
    assert_eq!(harness.state().view.prefs.masks.fill, 0.25);
    harness.get_by_label("Nearest").click();
    harness.get_by_label("Neurological").click();
    harness.run_steps(2);
    assert_eq!(harness.state().view.prefs.interpolation, Interpolation::Nearest);
    assert_eq!(harness.state().view.prefs.convention, Convention::Neurological);
    let at = harness.get_by_label_contains("Histogram, window").rect().center();
    harness.drag_at(at);
    harness.step();
    harness.hover_at(at + vec2(30.0, 0.0));
    harness.step();
    harness.drop_at(at + vec2(30.0, 0.0));
    harness.run_steps(2);
    assert!(harness.state().view.scan.window.centre > 200.0, "dragged to brighter values");
}

#[test]
fn the_status_bar_says_where_how_long_and_whether_saved() {
    let mut harness = Desktop::open().wide();
    assert!(shows(&harness, "Crosshair: voxel 30 25 20 · R 1.0 A 1.0 I 791.3 mm · −1024 HU"));
    assert!(shows(&harness, "encode 640 · decode 38 · paste 4 ms"));
    assert!(
        shows(&harness, "CPU·2 (no CUDA device found)") && shows(&harness, "mask not exported")
    );
    let desktop = harness.state_mut();
    desktop.view.transient.hover = Some(Hover {
        voxel: [5, 10, 2],
        world: DVec3::new(50.0, -12.54, 3.0),
        value: 47.0,
        label: Some("liver".to_owned()),
    });
    desktop.status.latency = Some(Latency { decode: 36.0, paste: 3.0, ..Latency::default() });
    desktop.status.save = SaveStatus::Saved(PathBuf::from("out/mask.nii.gz"));
    harness.run_steps(2);
    assert!(shows(&harness, "voxel 5 10 2 · R 50.0 P 12.5 S 3.0 mm · 47 HU · liver"));
    assert!(shows(&harness, "mask not exported"), "the file is older than the mask");
    let document = harness.state_mut().document.as_mut().unwrap();
    let state = document.state();
    document.mark_saved(state);
    harness.run_steps(2);
    assert!(
        shows(&harness, "saved, verified ✓ mask.nii.gz") && shows(&harness, "encode – · decode 36")
    );
    harness.state_mut().status.latency = None;
    harness.run_steps(2);
    assert!(shows(&harness, "encode – · decode – · paste – ms"), "always there");
    // A scan whose values are not like CT has no unit.
    let stats = harness.state().view.scan.stats.unwrap();
    harness.state_mut().view.scan.stats =
        Some(Stats { min: 0.0, max: 900.0, mean: 80.0, ct: None, ..stats });
    harness.run_steps(2);
    assert!(!shows(&harness, "47 HU"));
}

#[test]
fn narrow_windows_fold_their_side_panels_until_asked() {
    let mut harness = Desktop::open().window([1024.0, 700.0]);
    harness.run_steps(2);
    assert!(!shows(&harness, "Predicted IoU") && !shows(&harness, "Orientation"));
    harness.get_by_label("Object 2, 0.42 mL · IoU 0.87").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["Do(Select(LabelId(2)))"], "the strip still selects");
    harness.get_by_label("Objects panel").click();
    harness.run_steps(3);
    assert!(shows(&harness, "Predicted IoU") && !shows(&harness, "Orientation"));
    press(&mut harness, Modifiers::NONE, Key::CloseBracket);
    harness.run_steps(2);
    assert!(shows(&harness, "Orientation"));
    harness.set_size(vec2(1440.0, 900.0));
    harness.run_steps(3);
    assert!(shows(&harness, "Predicted IoU") && shows(&harness, "Orientation"));
    harness.get_by_label("Objects panel").click();
    harness.run_steps(3);
    assert!(!shows(&harness, "Predicted IoU"));
}

/// 60 × 50 × 40 voxels of 0.1 mm.
fn mouse() -> Document {
    let grid = Grid::new([60, 50, 40], DAffine3::from_scale(DVec3::splat(0.1))).unwrap();
    let voxels = Voxels::U8((0..grid.count()).map(|n| (n % 200) as u8).collect());
    let (stored, dims) = (StoredGeometry::of(&grid), grid.dims().to_vec());
    let scan = Volume::new("mouse.nii", grid, dims, voxels, Scale::NONE, stored, vec![]);
    Document::new(Arc::new(scan))
}

#[test]
fn a_fine_scan_is_told_before_the_first_click_and_offered_larger() {
    let mut harness = Desktop::open().wide();
    harness.run_steps(2);
    assert!(!shows(&harness, "times finer") && !shows(&harness, "Working scale"), "2 mm");
    harness.state_mut().document = Some(mouse());
    harness.run_steps(3);
    picture(&mut harness, "fine-scan");
    assert!(shows(&harness, "This scan is 15 times finer than the model's 1.5 mm."));
    nothing_is_cut_or_overlaps(&harness);
    taken(&mut harness);
    harness.get_by_label("Working scale × 15").click();
    harness.run_steps(2);
    let scale = WorkingScale::new(15.0).unwrap();
    let asked = taken(&mut harness);
    assert_eq!(asked, [format!("{:?}", Action::Do(Command::SetWorkingScale(scale)))]);
    let document = harness.state_mut().document.as_mut().unwrap();
    document.apply(Command::SetWorkingScale(scale)).unwrap();
    click(document, DVec3::splat(3.0), true);
    resolve(document, 0, 100);
    harness.run_steps(3);
    picture(&mut harness, "working-scale");
    assert!(!shows(&harness, "times finer") && shows(&harness, "Working scale"));
    assert!(shows(&harness, "Made at working scale × 15"));
    nothing_is_cut_or_overlaps(&harness);
    harness.get_by_label("Reset working scale").click();
    harness.run_steps(2);
    let reset = Action::Do(Command::SetWorkingScale(WorkingScale::ONE));
    assert_eq!(taken(&mut harness), [format!("{reset:?}")]);
}
