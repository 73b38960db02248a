//! Objects grown from seeds in the real window: painted, shown, painted more, done, undone.

use std::path::{Path, PathBuf};

use egui::{Key, Modifiers, PointerButton};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::geom::{DAffine3, DMat3, DVec3, Plane};
use voxpoint::io;
use voxpoint::ui::{GrowthStatus, tools};

use crate::brush::{CTRL, NONE, document, grid, look_at, press, stroke, undo};
use crate::support::{place, voxels, wait, window};

const DIMS: [usize; 3] = [40, 32, 20];

/// A bright block of 20 × 16 × 10 voxels, of which the half with the larger x is brighter.
fn scan(folder: &Path) -> PathBuf {
    let m = DMat3::from_diagonal(DVec3::new(-1.0, -1.5, 2.5));
    let affine = DAffine3::from_mat3_translation(m, DVec3::new(25.0, 30.0, -20.0));
    let value = |n: usize| {
        let [x, y, z] = [n % 40, n / 40 % 32, n / 1280];
        let inside = (8..24).contains(&y) && (5..15).contains(&z);
        match x {
            10..20 if inside => 500.0,
            20..30 if inside => 900.0,
            _ => 0.0,
        }
    };
    let values: Vec<f32> = (0..DIMS.iter().product()).map(value).collect();
    let path = folder.join("halves.nii.gz");
    io::save_float32(&path, DIMS, &values, affine).expect("saved");
    path
}

/// Which part of the scan a voxel is in: 0 the background, 1 and 2 the halves.
fn part([x, y, z]: [usize; 3]) -> u16 {
    match x {
        _ if !(8..24).contains(&y) || !(5..15).contains(&z) => 0,
        10..20 => 1,
        20..30 => 2,
        _ => 0,
    }
}

/// A dab around a voxel, in the axial slice that the crosshair is in.
fn dab(harness: &mut Harness<'_, App>, voxel: [usize; 3]) {
    // The crosshair's handles are not for tools.
    let world = grid(harness).world_of(voxel);
    look_at(harness, world + DVec3::new(6.0, 6.0, 0.0));
    let at = place(harness, Plane::Axial, world);
    stroke(harness, &[at], PointerButton::Primary, NONE);
}

fn known(harness: &mut Harness<'_, App>) -> GrowthStatus {
    harness.run_steps(3);
    wait(harness, "the growth", |app| {
        !matches!(app.status().growth, GrowthStatus::Working(..) | GrowthStatus::Idle)
    });
    harness.state().status().growth.clone()
}

fn gains(status: &GrowthStatus) -> Vec<usize> {
    let GrowthStatus::Ready(gains) = status else { panic!("{status:?}") };
    // Voxels of 3.75 mm³.
    gains.iter().map(|(_, ml)| (ml * 1000.0 / 3.75).round() as usize).collect()
}

#[test]
fn painted_shown_painted_more_done_and_undone() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = window(vec![scan(temp.path())]);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    press(&mut harness, Key::B, NONE);
    harness.state_mut().view_mut().prefs.brush.diameter_mm = 4.0;
    // Opened before there is anything: it says what to do, and painting goes on.
    press(&mut harness, Key::G, Modifiers::SHIFT);
    assert!(harness.state().view().windows.growth);
    let GrowthStatus::Refused(why) = known(&mut harness) else { panic!("no seeds") };
    assert!(why.contains("at least two objects"), "{why}");
    dab(&mut harness, [15, 16, 10]);
    press(&mut harness, Key::N, NONE);
    assert_eq!(harness.state().view().prefs.tool, tools::BRUSH);
    dab(&mut harness, [35, 28, 10]);
    let seeds = voxels(harness.state());
    let ready = known(&mut harness);
    // Without a third seed the brighter half is nobody's own; the box of a margin of 20 mm is all of the scan in x.
    let first = gains(&ready);
    assert!(first.len() == 2 && first.iter().all(|&n| n > 1000), "{first:?}");
    assert_eq!(voxels(harness.state()), seeds, "only shown");
    assert_eq!(harness.state().growth_voxels(), first);

    // More paint: the third object takes its half.
    press(&mut harness, Key::N, NONE);
    dab(&mut harness, [25, 16, 10]);
    let seeds = voxels(harness.state());
    let second = gains(&known(&mut harness));
    assert_eq!((second.len(), second[2] + seeds[2]), (3, 10 * 16 * 10));
    assert_eq!(second[0] + seeds[0], 10 * 16 * 10);
    // The background is not wanted.
    harness.get_by_label("Object that is not wanted").click();
    harness.run_steps(3);
    harness.get_all_by_label("Object 2").last().expect("in the list").click();
    let third = gains(&known(&mut harness));
    assert_eq!(third, [second[0], second[2]]);
    assert_eq!(harness.state().growth_voxels(), third);

    let steps = document(&harness).history_steps().1;
    harness.get_by_label_contains("Apply").click();
    harness.run_steps(3);
    assert_eq!(harness.state().status().growth, GrowthStatus::Done);
    let labels = document(&harness).labels();
    for n in 0..DIMS.iter().product() {
        let voxel = [n % 40, n / 40 % 32, n / 1280];
        let label = labels.get(voxel);
        match part(voxel) {
            0 => assert!(label == 0 || label == 2, "{voxel:?}: {label}"),
            1 => assert_eq!(label, 1, "{voxel:?}"),
            _ => assert_eq!(label, 3, "{voxel:?}"),
        }
    }
    assert_eq!(voxels(harness.state()), [1600, seeds[1], 1600]);
    let (names, done) = document(&harness).history_steps();
    assert_eq!((done, names[done - 1].name), (steps + 1, "Grow from seeds"));
    undo(&mut harness);
    assert_eq!(voxels(harness.state()), seeds);
    assert_eq!(gains(&known(&mut harness)), third, "and it is shown again");
    press(&mut harness, Key::Z, CTRL | Modifiers::SHIFT);
    assert_eq!(voxels(harness.state()), [1600, seeds[1], 1600]);
    harness.run_steps(3);
    let redone = harness.state().status().growth.clone();
    assert_eq!(redone, GrowthStatus::Done, "it is not proposed to grow once more");
    undo(&mut harness);

    // A seed that is taken back is none.
    undo(&mut harness);
    assert_eq!(gains(&known(&mut harness)).len(), 1);
    press(&mut harness, Key::Escape, NONE);
    assert!(!harness.state().view().windows.growth);
    harness.run_steps(2);
    assert_eq!(harness.state().status().growth, GrowthStatus::Idle);
    assert!(harness.state().growth_voxels().is_empty());
    // One window at a time.
    press(&mut harness, Key::G, Modifiers::SHIFT);
    press(&mut harness, Key::E, Modifiers::SHIFT);
    let windows = &harness.state().view().windows;
    assert!(windows.operation && !windows.growth);
}
