//! Strokes where it is not plain what they paint: thick slabs, and surfaces that break off in depth; and what the
//! window does around them.

use std::path::{Path, PathBuf};

use egui::{Key, Modifiers, PointerButton, Pos2, Rect, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::geom::{DAffine3, DMat3, DVec3, Plane};
use voxpoint::io;
use voxpoint::render::Projection;
use voxpoint::ui::BrushShape;

use crate::brush::{
    CTRL, NONE, check, distance, document, grid, look_at, press, radius, spot, stroke, with_brush,
};
use crate::support::{place, voxels, wait, window};

#[test]
fn on_a_thick_slab_the_slice_in_its_middle_is_painted() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_brush(temp.path());
    let (middle, r) = (spot(&harness, DVec3::ZERO), radius(&harness));
    look_at(&mut harness, middle);
    let slice = grid(&harness).voxel_at(middle).expect("inside");
    for (projection, thick) in
        [(Projection::Max, 25.0), (Projection::Mean, 25.0), (Projection::Min, 4.0)]
    {
        let prefs = &mut harness.state_mut().view_mut().prefs;
        (prefs.projection, prefs.slab_mm) = (projection, thick);
        for shape in [BrushShape::Disc, BrushShape::Ball] {
            harness.state_mut().view_mut().prefs.brush.shape = shape;
            harness.run_steps(2);
            let ends = [middle - DVec3::X * 8.0, middle + DVec3::X * 8.0];
            let path = ends.map(|world| place(&harness, Plane::Axial, world));
            harness.hover_at(path[0]);
            harness.run_steps(3);
            let shown = harness.state().preview_voxels();
            stroke(&mut harness, &path, PointerButton::Primary, NONE);
            check(&harness, &format!("{projection:?} {shape:?}"), |centre, voxel| {
                let near = r - distance(centre, ends[0], ends[1]);
                if shape == BrushShape::Ball || voxel[2] == slice[2] { near } else { -1.0 }
            });
            press(&mut harness, Key::Z, CTRL);
            stroke(&mut harness, &path[..1], PointerButton::Primary, NONE);
            assert_eq!(Some(voxels(harness.state())[0]), shown, "a dab is what was shown");
            press(&mut harness, Key::Z, CTRL);
        }
    }
}

/// As `brush::scan`, but with two blocks side by side, the second 30 mm behind the first as seen from anterior.
fn step(folder: &Path) -> PathBuf {
    let dims = [40, 32, 20];
    let m = DMat3::from_diagonal(DVec3::new(-1.0, -1.5, 2.5));
    let affine = DAffine3::from_mat3_translation(m, DVec3::new(25.0, 30.0, -20.0));
    let bright = |n: usize| {
        let [x, y, z] = [n % 40, n / 40 % 32, n / 1280];
        let front = (6..20).contains(&x) && (4..8).contains(&y);
        let behind = (20..34).contains(&x) && (24..28).contains(&y);
        (front || behind) && (4..16).contains(&z)
    };
    let values: Vec<f32> = (0..40 * 32 * 20).map(|n| if bright(n) { 500.0 } else { 0.0 }).collect();
    let path = folder.join("step.nii.gz");
    io::save_float32(&path, dims, &values, affine).expect("saved");
    path
}

/// A stroke in 3D goes on behind where the surface breaks off: nothing is painted between, and the slices follow.
#[test]
fn a_stroke_over_a_step_in_depth_paints_on_both_surfaces_and_nothing_between() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = window(vec![step(temp.path())]);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    press(&mut harness, Key::B, NONE);
    harness.key_press_modifiers(Modifiers::ALT, Key::A);
    harness.run_steps(3);
    let grid = grid(&harness);
    let rect = harness.get_by_label("3D view").rect();
    let size = [f64::from(rect.width()), f64::from(rect.height())];
    let orbit = harness.state().view().scan.orbit.clone();
    let on_screen = |voxel: [usize; 3]| {
        let at = orbit.project(&grid, size, grid.world_of(voxel));
        rect.min + vec2(at.x as f32, at.y as f32)
    };
    let path = [on_screen([12, 4, 10]), on_screen([28, 24, 10])];
    let before = harness.state().view().scan.crosshair;
    stroke(&mut harness, &path, PointerButton::Primary, CTRL);
    // From the back of the block in front to its front, in mm, and the same of the one behind it.
    let blocks = [[18.75, 24.75], [-11.25, -5.25]];
    let r = radius(&harness);
    let mut found = [0, 0];
    for region in document(&harness).labels().regions().values() {
        for run in region.runs() {
            for n in run.start..run.end() {
                let [nx, ny, _] = grid.dims();
                let voxel = [n % nx, n / nx % ny, n / nx / ny];
                let y = grid.world_of(voxel).y;
                // A voxel more for where exactly a surface is seen; at a block's edge that is within it.
                let around = |[back, front]: [f64; 2]| y > back - r - 1.6 && y < front + r + 1.6;
                let near = blocks.map(around);
                assert!(near[0] || near[1], "{voxel:?} at {y} mm is in the air");
                found[0] += usize::from(near[0]);
                found[1] += usize::from(near[1]);
            }
        }
    }
    assert!(found.iter().all(|n| *n > 100), "{found:?}");
    assert_eq!(document(&harness).history_steps().1, 1);
    let crosshair = harness.state().view().scan.crosshair;
    assert!(crosshair != before);
    let [x, y, z] = grid.voxel_at(crosshair).expect("in the scan");
    assert!((27..=29).contains(&x) && (23..=25).contains(&y) && z.abs_diff(10) <= 1, "{x} {y} {z}");
    // In a slice the hand looks at what it paints already: the slices stay.
    let at = place(&harness, Plane::Axial, crosshair + DVec3::X * 3.0);
    stroke(&mut harness, &[at], PointerButton::Primary, NONE);
    assert_eq!(harness.state().view().scan.crosshair, crosshair);
}

fn views(harness: &Harness<'_, App>) -> [Rect; 4] {
    ["Axial view", "Coronal view", "Sagittal view", "3D view"]
        .map(|name| harness.get_by_label(name).rect())
}

#[test]
fn choosing_a_tool_moves_no_view() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_brush(temp.path());
    for size in [vec2(800.0, 560.0), vec2(1024.0, 700.0), vec2(1440.0, 900.0)] {
        harness.set_size(size);
        harness.run_steps(4);
        let before = views(&harness);
        for key in [Key::E, Key::P, Key::C, Key::W, Key::A, Key::B] {
            press(&mut harness, key, NONE);
            assert_eq!(views(&harness), before, "{key:?}, {size}");
        }
    }
}

#[test]
fn that_an_object_is_locked_is_not_said_any_longer_than_it_is() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_brush(temp.path());
    let middle = spot(&harness, DVec3::ZERO);
    look_at(&mut harness, middle);
    let at: Pos2 = place(&harness, Plane::Axial, middle);
    stroke(&mut harness, &[at], PointerButton::Primary, NONE);
    let told =
        |harness: &Harness<'_, App>| harness.state().messages().any(|m| m.contains("locked"));
    for unlock in ["key", "undo"] {
        press(&mut harness, Key::L, NONE);
        stroke(&mut harness, &[at + vec2(20.0, 0.0)], PointerButton::Primary, NONE);
        assert!(told(&harness), "{unlock}");
        if unlock == "key" {
            press(&mut harness, Key::L, NONE);
        } else {
            press(&mut harness, Key::Z, CTRL);
        }
        assert!(!document(&harness).objects()[0].locked);
        assert!(!told(&harness), "{unlock}");
    }
}
