//! What is done to whole masks and objects in the real window: operations with a preview, names from lists, numbers,
//! merging, parts.

use std::path::{Path, PathBuf};

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use voxpoint::app::App;
use voxpoint::document::LabelId;
use voxpoint::geom::{DAffine3, DMat3, DVec3, Direction};
use voxpoint::io;
use voxpoint::mask::operation::OperationKind;
use voxpoint::text::unbroken;
use voxpoint::ui::OperationStatus;

use crate::support::{drop_file, voxels, wait, window};

const NONE: Modifiers = Modifiers::NONE;
const CTRL: Modifiers = Modifiers::CTRL.plus(Modifiers::COMMAND);
const DIMS: [usize; 3] = [24, 20, 16];

fn save(folder: &Path, name: &str, value: impl Fn([usize; 3]) -> f32) -> PathBuf {
    let m = DMat3::from_diagonal(DVec3::new(-1.0, -1.5, 2.0));
    let affine = DAffine3::from_mat3_translation(m, DVec3::ZERO);
    let at = |n: usize| [n % DIMS[0], n / DIMS[0] % DIMS[1], n / (DIMS[0] * DIMS[1])];
    let values: Vec<f32> = (0..DIMS.iter().product()).map(|n| value(at(n))).collect();
    let path = folder.join(name);
    io::save_float32(&path, DIMS, &values, affine).expect("saved");
    path
}

fn within(at: [usize; 3], lo: usize, hi: usize) -> bool {
    at.iter().all(|&a| lo <= a && a < hi)
}

/// 1: a box of 8³ voxels with a cavity of 2³, and a single voxel far off; 2: a box beside it.
fn labelled(folder: &Path) -> Harness<'static, App> {
    let scan = save(folder, "scan.nii.gz", |at| at[0] as f32);
    let labels = save(folder, "labels.nii.gz", |at| match at {
        at if within(at, 5, 7) => 0.0,
        at if within(at, 2, 10) || at == [20, 15, 14] => 1.0,
        at if within(at, 11, 14) => 2.0,
        _ => 0.0,
    });
    let mut harness = window(vec![scan]);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    drop_file(&mut harness, labels);
    wait(&mut harness, "the labels", |app| app.is_idle() && voxels(app).len() == 2);
    harness.get_by_label_contains("Object 1,").click();
    harness.run_steps(3);
    assert_eq!(voxels(harness.state()), [512 - 8 + 1, 27]);
    harness
}

fn press(harness: &mut Harness<'_, App>, key: Key, modifiers: Modifiers) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_steps(2);
}

fn computed(harness: &mut Harness<'_, App>) -> OperationStatus {
    wait(harness, "the operation", |app| {
        let status = &app.status().operation;
        !matches!(status, OperationStatus::Working | OperationStatus::Idle | OperationStatus::Done)
    });
    harness.state().status().operation.clone()
}

/// Chooses an operation as the palette does.
fn choose(harness: &mut Harness<'_, App>, words: &str) {
    press(harness, Key::P, CTRL | Modifiers::SHIFT);
    harness.get_by_role(Role::TextInput).type_text(words);
    harness.run_steps(3);
    press(harness, Key::Enter, NONE);
    assert!(harness.state().view().windows.operation, "{words}");
}

#[test]
fn an_operation_is_shown_then_done_then_undone() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = labelled(folder.path());
    press(&mut harness, Key::E, Modifiers::SHIFT);
    assert_eq!(harness.state().view().prefs.operation.kind, OperationKind::FillHoles);
    // A voxel has 3 mm³.
    let ready = OperationStatus::Ready {
        gained_ml: 0.024,
        lost_ml: 0.0,
        under_ml: 0.0,
        parts: 0,
        taken: Vec::new(),
        cut_off: None,
    };
    assert_eq!(computed(&mut harness), ready);
    assert_eq!(voxels(harness.state()), [505, 27], "only shown");
    harness.get_by_label_contains("Apply").click();
    harness.run_steps(3);
    assert_eq!(voxels(harness.state()), [513, 27]);
    assert_eq!(harness.state().status().operation, OperationStatus::Done);
    harness.get_by_label_contains("Apply again").click();
    harness.run_steps(3);
    wait(&mut harness, "that there is nothing to do", |app| {
        app.messages().any(|message| message.contains("Nothing would change"))
    });
    press(&mut harness, Key::Z, CTRL);
    assert_eq!(voxels(harness.state()), [505, 27]);

    choose(&mut harness, "split parts");
    let ready = OperationStatus::Ready {
        gained_ml: 0.0,
        lost_ml: 0.003,
        under_ml: 0.0,
        parts: 1,
        taken: Vec::new(),
        cut_off: None,
    };
    assert_eq!(computed(&mut harness), ready);
    harness.get_by_label_contains("Apply").click();
    harness.run_steps(3);
    assert_eq!(voxels(harness.state()), [504, 27, 1]);
    assert!(harness.query_by_label_contains("Object 3,").is_some(), "named as a new one");

    // A locked object is left alone, in words.
    press(&mut harness, Key::L, NONE);
    let OperationStatus::Refused(why) = computed(&mut harness) else { panic!("locked") };
    assert!(why.contains("locked"));
    press(&mut harness, Key::Escape, NONE);
    assert!(!harness.state().view().windows.operation);
}

#[test]
fn a_view_s_plane_at_the_crosshair_cuts_a_mask() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = labelled(folder.path());
    let grid = harness.state().document().expect("open").image().grid().clone();
    let at = |harness: &mut Harness<'_, App>, voxel: [usize; 3]| {
        harness.state_mut().look_at(grid.world_of(voxel) + DVec3::new(0.1, 0.1, 0.1));
        harness.run_steps(3);
    };
    choose(&mut harness, "cut by a plane");
    // Far above the box: only the single voxel, at z = 14, lies beyond.
    at(&mut harness, [12, 10, 12]);
    // A voxel has 3 mm³.
    let cut = |lost: f64, parts, side: char| OperationStatus::Ready {
        gained_ml: 0.0,
        lost_ml: lost * 3.0 / 1000.0,
        under_ml: 0.0,
        parts,
        taken: Vec::new(),
        cut_off: Direction::ALL.into_iter().find(|direction| direction.letter() == side),
    };
    let ready = |lost, parts| cut(lost, parts, 'S');
    assert_eq!(computed(&mut harness), ready(1.0, 1));
    harness.run_steps(2);
    assert!(harness.query_by_label(&unbroken("Splits into 1.51 mL and 0.003 mL")).is_some());
    // Through the box: z 8 and 9 and the single voxel are above; that was 64 each and 1. Slice 7, which is shown, stays.
    at(&mut harness, [12, 10, 7]);
    assert_eq!(computed(&mut harness), ready(129.0, 1));
    harness.get_by_label("Removed").click();
    harness.run_steps(3);
    assert_eq!(computed(&mut harness), ready(129.0, 0));
    // The inferior part instead: only its sides can be chosen.
    harness.get_by_label("What is cut off").click();
    harness.run_steps(3);
    let left = "Left of the crosshair";
    assert!(harness.query_by_label(left).is_none(), "not of an axial plane");
    harness.get_by_label("Inferior to the crosshair").click();
    harness.run_steps(3);
    assert_eq!(computed(&mut harness), cut(505.0 - 129.0 - 64.0, 0, 'I'));
    // Another plane: the smaller part again. x grows towards Left: 9 is on the left, and the single voxel. Wherever in
    // slice 8 the crosshair is, that slice stays.
    harness.get_by_label("Sagittal").click();
    at(&mut harness, [8, 10, 7]);
    assert_eq!(computed(&mut harness), cut(65.0, 0, 'L'));
    harness.state_mut().look_at(grid.world_of([8, 10, 7]) + DVec3::new(-0.4, 0.0, 0.0));
    harness.run_steps(3);
    assert_eq!(computed(&mut harness), cut(65.0, 0, 'L'));
    harness.get_by_label("What is cut off").click();
    harness.run_steps(3);
    harness.get_by_label(left).click();
    harness.run_steps(3);
    assert_eq!(computed(&mut harness), cut(65.0, 0, 'L'));
    // (The list of objects has a button of this name.)
    harness.get_all_by_label("New object").last().expect("the choice").click();
    harness.run_steps(3);
    computed(&mut harness);
    harness.get_by_label_contains("Apply").click();
    harness.run_steps(3);
    assert_eq!(voxels(harness.state()), [505 - 65, 27, 65]);
    let steps = harness.state().document().expect("open").history_steps();
    assert_eq!(steps.0[steps.1 - 1].name, "Cut by a plane");
    let labels = harness.state().document().expect("open").labels();
    let cut = (0..24).filter(|&x| labels.get([x, 3, 3]) == 3).collect::<Vec<_>>();
    assert_eq!(cut, [9], "the patient's left");
    press(&mut harness, Key::Z, CTRL);
    assert_eq!(voxels(harness.state()), [505, 27]);
    // Beside it.
    at(&mut harness, [22, 10, 7]);
    let OperationStatus::Refused(why) = computed(&mut harness) else { panic!("cut") };
    assert!(why.contains("does not go through"), "{why}");
}

#[test]
fn parts_are_told_in_the_list() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = labelled(folder.path());
    wait(&mut harness, "the parts", |app| app.status().parts.len() == 2);
    let parts = &harness.state().status().parts;
    assert_eq!((parts[&LabelId(1)].parts, parts[&LabelId(2)].parts), (2, 1));
    assert!((parts[&LabelId(1)].small_mm3 - 3.0).abs() < 1e-6);
}

#[test]
fn a_name_is_chosen_from_a_list() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = labelled(folder.path());
    press(&mut harness, Key::F2, NONE);
    harness.get_by_label("Object name").type_text("kidney l");
    harness.run_steps(3);
    let offered = harness.get_by_label_contains("kidney_left, TotalSegmentator v2");
    assert!(offered.accesskit_node().label().is_some_and(|l| l.ends_with(", 3")));
    press(&mut harness, Key::ArrowDown, NONE);
    press(&mut harness, Key::Enter, NONE);
    let document = harness.state().document().expect("open");
    let object = document.object(LabelId(3)).expect("renumbered");
    assert_eq!((object.name.as_str(), object.region.count()), ("kidney_left", 505));
    let said = "kidney_left: TotalSegmentator v2 · 3";
    assert!(harness.state().messages().any(|m| m.contains(said)));
    press(&mut harness, Key::Z, CTRL);
    let document = harness.state().document().expect("open");
    assert_eq!(document.object(LabelId(1)).map(|o| o.name.as_str()), Some("Object 1"));

    // With the pointer; and a number that is taken is not.
    press(&mut harness, Key::F2, NONE);
    harness.get_by_label("Object name").type_text("kidney_r");
    harness.run_steps(3);
    harness.get_by_label_contains("kidney_right, TotalSegmentator v2, 2 is taken").click();
    harness.run_steps(3);
    let document = harness.state().document().expect("open");
    assert_eq!(document.object(LabelId(1)).map(|o| o.name.as_str()), Some("kidney_right"));
    assert!(harness.query_by_label("Object name").is_none());

    // Given up, and begun again.
    press(&mut harness, Key::F2, NONE);
    press(&mut harness, Key::Escape, NONE);
    assert!(harness.query_by_label("Object name").is_none());

    // A name of one's own is kept as typed.
    press(&mut harness, Key::F2, NONE);
    harness.get_by_label("Object name").type_text("liver metastasis 3");
    harness.run_steps(2);
    press(&mut harness, Key::Enter, NONE);
    let document = harness.state().document().expect("open");
    assert_eq!(document.object(LabelId(1)).map(|o| o.name.as_str()), Some("liver metastasis 3"));
}

#[test]
fn objects_are_merged_and_renumbered_from_the_menu() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = labelled(folder.path());
    harness.get_by_label_contains("Object 1,").click_secondary();
    harness.run_steps(3);
    harness.get_by_role_and_label(Role::SpinButton, "Number").click();
    harness.run_steps(2);
    press(&mut harness, Key::A, Modifiers::COMMAND);
    harness.get_by_role_and_label(Role::SpinButton, "Number").type_text("40");
    press(&mut harness, Key::Enter, NONE);
    harness.run_steps(3);
    let ids = |h: &Harness<'_, App>| -> Vec<u16> {
        h.state().document().expect("open").objects().iter().map(|o| o.id.0).collect()
    };
    assert_eq!(ids(&harness), [40, 2]);
    harness.get_by_label_contains("Object 1,").click_secondary();
    harness.run_steps(3);
    harness.get_by_label("Merge into").click();
    harness.run_steps(3);
    harness.get_by_label("Object 2").click();
    harness.run_steps(3);
    assert_eq!((ids(&harness), voxels(harness.state())), (vec![2], vec![505 + 27]));
    press(&mut harness, Key::Z, CTRL);
    assert_eq!((ids(&harness), voxels(harness.state())), (vec![40, 2], vec![505, 27]));
}
