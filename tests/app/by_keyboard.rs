//! Every tool by keyboard alone, at the crosshair, in the real window: no event of a pointer is given.

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::document::{Change, Command, EditKind, GestureId, Over};
use voxpoint::geom::{DVec3, Plane};
use voxpoint::prompt::{Capabilities, ShapeKinds};
use voxpoint::ui::{ToolId, tools};
use voxpoint::volume::{Region, Window};

use crate::brush::{NONE, check, document, grid, look_at, press, radius, scan, spot, undo};
use crate::drawing::{Turned, depth};
use crate::other_model::Only;
use crate::support::{place, view_name, voxels, wait, window, window_on};

const ALT: Modifiers = Modifiers::ALT;
const SHIFT: Modifiers = Modifiers::SHIFT;

/// The window with a tool, the crosshair on the middle of the block's voxel (20, 16, 10).
fn with(folder: &std::path::Path, tool: ToolId) -> (Harness<'static, App>, DVec3) {
    let drawn = [tools::BOX_PROMPT, tools::SCRIBBLE_PROMPT, tools::LASSO_PROMPT].contains(&tool);
    let mut harness = if drawn {
        let can = Capabilities { shapes: ShapeKinds::ALL, ..Only::default().can };
        window_on(vec![scan(folder)], None, Box::new(Only { can, ..Only::default() }))
    } else {
        window(vec![scan(folder)])
    };
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    if drawn {
        wait(&mut harness, "the model", |app| app.status().capabilities.is_some());
    }
    choose(&mut harness, tool);
    let middle = spot(&harness, DVec3::ZERO);
    look_at(&mut harness, middle);
    (harness, middle)
}

fn choose(harness: &mut Harness<'_, App>, tool: ToolId) {
    let key = tools::ALL.iter().find(|t| t.info().id == tool).expect("there").info().keys[0];
    press(harness, key.logical_key, key.modifiers);
    assert_eq!(harness.state().view().prefs.tool, tool);
}

fn crosshair(harness: &Harness<'_, App>) -> DVec3 {
    harness.state().view().scan.crosshair
}

/// Gives the keyboard to a view by F6.
fn to_view(harness: &mut Harness<'_, App>, name: &str) {
    for _ in 0..5 {
        if harness.get_by_label(name).is_focused() {
            return;
        }
        press(harness, Key::F6, NONE);
    }
    panic!("F6 never leads to {name}");
}

/// Steps the crosshair by whole voxels to the right and down as the picture lies.
fn go(harness: &mut Harness<'_, App>, right: i32, down: i32) {
    for (count, key) in [
        (right, Key::ArrowRight),
        (-right, Key::ArrowLeft),
        (down, Key::ArrowDown),
        (-down, Key::ArrowUp),
    ] {
        for _ in 0..count.max(0) / 10 {
            press(harness, key, SHIFT);
        }
        for _ in 0..count.max(0) % 10 {
            press(harness, key, NONE);
        }
    }
}

fn settled(harness: &mut Harness<'_, App>) {
    wait(harness, "what was asked for", |app| {
        let transient = &app.view().transient;
        transient.cut.is_none() && transient.flood.is_none_or(|flood| flood.hovers)
    });
}

/// A block of 20 × 16 × 10 voxels as object 1.
fn with_block(harness: &mut Harness<'_, App>) {
    let inside = |n: usize| {
        let [x, y, z] = [n % 40, n / 40 % 32, n / 1280];
        (10..30).contains(&x) && (8..24).contains(&y) && (5..15).contains(&z)
    };
    let region = std::sync::Arc::new(Region::from_mask(40, (0..40 * 32 * 20).map(inside)));
    let (change, gesture) = (Change::Add(region), GestureId(9000));
    let (over, kind) = (Over::Background, EditKind::Brush);
    harness.state_mut().carry_out(Command::Edit { object: None, change, over, kind, gesture });
    harness.run_steps(2);
}

/// A table of all tools: what is pressed, and what it comes to. A tool that is added is missed here.
#[test]
fn every_tool_does_its_work_by_keyboard() {
    for tool in tools::ALL {
        let (id, name) = (tool.info().id, tool.info().name);
        let temp = tempfile::tempdir().expect("temp folder");
        let (mut harness, middle) = with(temp.path(), id);
        let window_before: Window = harness.state().view().scan.window;
        let axial = view_name(Plane::Axial);
        match id {
            tools::CROSSHAIR => {
                to_view(&mut harness, &axial);
                go(&mut harness, 3, 0);
                assert!((crosshair(&harness) - middle).length() > 2.9, "{name}");
            }
            tools::WINDOW => {
                press(&mut harness, Key::Num4, SHIFT);
                assert_ne!(harness.state().view().scan.window, window_before, "{name}");
            }
            tools::REGION => {
                // (It opens with the window of the same values.)
                press(&mut harness, Key::Num4, SHIFT);
                let window_before: Window = harness.state().view().scan.window;
                to_view(&mut harness, &axial);
                go(&mut harness, -14, -10);
                press(&mut harness, Key::Enter, NONE);
                assert_eq!(harness.state().view().scan.window, window_before, "{name}: one corner");
                go(&mut harness, 28, 20);
                press(&mut harness, Key::Enter, NONE);
                assert_ne!(harness.state().view().scan.window, window_before, "{name}");
                assert!(harness.state().view().transient.region_corner.is_none());
            }
            tools::POINT => {
                press(&mut harness, Key::Enter, NONE);
                assert_eq!(document(&harness).objects()[0].log.prompts[0].world, middle, "{name}");
            }
            tools::BOX_PROMPT | tools::SCRIBBLE_PROMPT | tools::LASSO_PROMPT => {
                to_view(&mut harness, &axial);
                let steps = [(-4, -4), (8, 8), (-8, 0)];
                let corners = if id == tools::BOX_PROMPT { 2 } else { 3 };
                for (right, down) in &steps[..corners] {
                    go(&mut harness, *right, *down);
                    press(&mut harness, Key::Enter, NONE);
                }
                if id != tools::BOX_PROMPT {
                    assert!(document(&harness).objects().is_empty(), "{name}: it goes on");
                    press(&mut harness, Key::Enter, NONE);
                }
                harness.run_steps(2);
                let log = &document(&harness).objects()[0].log;
                let shape = log.shape(log.prompts[0].id).expect("drawn");
                let anchor = grid(&harness).voxel_at(log.prompts[0].world).expect("inside");
                let count = shape.voxels(anchor, grid(&harness).dims()).count();
                let expected = match id {
                    tools::BOX_PROMPT => 81..=81,
                    tools::SCRIBBLE_PROMPT => 40..=80,
                    _ => 20..=45,
                };
                assert!(expected.contains(&count) && shape.axis() == 2, "{name}: {count}");
            }
            tools::BRUSH => {
                press(&mut harness, Key::Enter, NONE);
                assert!(voxels(harness.state())[0] > 20, "{name}");
            }
            tools::ERASER => {
                with_block(&mut harness);
                press(&mut harness, Key::Enter, NONE);
                let left = voxels(harness.state())[0];
                assert!(left < 3200 && left > 3000, "{name}: {left}");
            }
            tools::OUTLINE | tools::SCISSORS => {
                if id == tools::SCISSORS {
                    with_block(&mut harness);
                }
                to_view(&mut harness, &axial);
                for (right, down) in [(-4, -4), (8, 0), (0, 8)] {
                    go(&mut harness, right, down);
                    press(&mut harness, Key::Enter, NONE);
                }
                press(&mut harness, Key::Enter, NONE);
                settled(&mut harness);
                let count = voxels(harness.state())[0];
                let done = if id == tools::OUTLINE { count > 20 } else { count < 3000 };
                assert!(done, "{name}: {count}");
            }
            tools::MEASURE => {
                to_view(&mut harness, &axial);
                press(&mut harness, Key::Enter, NONE);
                go(&mut harness, 3, 0);
                press(&mut harness, Key::Enter, NONE);
                let measured = document(&harness).measurements()[0].shape.lengths_mm();
                assert!((measured[0] - 3.0).abs() < 1e-6, "{name}: {measured:?}");
            }
            tools::FLOOD => {
                press(&mut harness, Key::Enter, NONE);
                settled(&mut harness);
                assert_eq!(voxels(harness.state()), [20 * 16], "{name}");
            }
            other => panic!("{other:?} has no row here: how is it used by keyboard?"),
        }
        // Where the tool changes masks it is one step, and no pointer was there.
        assert!(!tool.info().edits || document(&harness).can_undo().is_some(), "{name}");
    }
}

#[test]
fn the_brush_paints_exactly_a_ball_at_the_crosshair_and_alt_takes_it_away() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with(temp.path(), tools::BRUSH);
    let r = radius(&harness);
    for plane in [Plane::Axial, Plane::Coronal, Plane::Sagittal] {
        to_view(&mut harness, &view_name(plane));
        press(&mut harness, Key::Enter, NONE);
        let axis = [2, 1, 0][[Plane::Axial, Plane::Coronal, Plane::Sagittal]
            .iter()
            .position(|p| *p == plane)
            .expect("one of them")];
        check(&harness, plane.name(), |centre, voxel| {
            let near = r - centre.distance(middle);
            if voxel[axis] == [20, 16, 10][axis] { near } else { -1.0 }
        });
        assert_eq!(document(&harness).history_steps().1, 1, "one step");
        press(&mut harness, Key::Enter, ALT);
        assert!(voxels(harness.state())[0] == 0, "{}", plane.name());
        undo(&mut harness);
        undo(&mut harness);
    }
    // What can't be done is told, as with the mouse.
    press(&mut harness, Key::Enter, NONE);
    let first = document(&harness).objects()[0].id;
    harness.state_mut().carry_out(Command::SetLocked(first, true));
    harness.run_steps(2);
    press(&mut harness, Key::Enter, NONE);
    assert!(harness.state().messages().any(|m| m.contains("locked")));
    // On the sheet of slices there is no view for it.
    press(&mut harness, Key::S, NONE);
    let steps = document(&harness).history_steps().1;
    press(&mut harness, Key::Enter, NONE);
    assert_eq!(document(&harness).history_steps().1, steps);
}

#[test]
fn arrows_move_the_crosshair_in_the_view_that_has_the_keyboard() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with(temp.path(), tools::BRUSH);
    // Without it they step slices.
    press(&mut harness, Key::ArrowRight, NONE);
    assert!((crosshair(&harness) - middle - DVec3::Z * 2.5).length() < 1e-9);
    look_at(&mut harness, middle);
    // Radiological: the patient's left is at the right of the picture, and x runs to the Left in memory too.
    for (plane, right, down) in [
        (Plane::Axial, -DVec3::X, -DVec3::Y * 1.5),
        (Plane::Coronal, -DVec3::X, -DVec3::Z * 2.5),
        (Plane::Sagittal, -DVec3::Y * 1.5, -DVec3::Z * 2.5),
    ] {
        to_view(&mut harness, &view_name(plane));
        go(&mut harness, 2, 0);
        let moved = crosshair(&harness) - middle;
        assert!((moved - right * 2.0).length() < 1e-6, "{} {moved}", plane.name());
        go(&mut harness, -2, 3);
        let moved = crosshair(&harness) - middle;
        assert!((moved - down * 3.0).length() < 1e-6, "{} {moved}", plane.name());
        look_at(&mut harness, middle);
    }
    // Not out of the scan; Page Up goes through the slices of that view; Alt turns the planes.
    to_view(&mut harness, &view_name(Plane::Axial));
    go(&mut harness, 70, 0);
    assert!(grid(&harness).voxel_at(crosshair(&harness)).is_some());
    look_at(&mut harness, middle);
    press(&mut harness, Key::ArrowRight, ALT);
    let frame = harness.state().view().slice_frame(&grid(&harness), Plane::Coronal);
    assert!(frame.is_oblique() && crosshair(&harness) == middle);
    // Zoomed in elsewhere, the picture comes to where the tool is used.
    press(&mut harness, Key::R, SHIFT);
    let pan_zoom = voxpoint::geom::PanZoom {
        centre: voxpoint::geom::DVec2::new(2.0, 2.0),
        points_per_mm: 60.0,
    };
    harness.state_mut().view_mut().pane_mut(Plane::Axial).pan_zoom = Some(pan_zoom);
    harness.run_steps(2);
    press(&mut harness, Key::Enter, NONE);
    assert!(voxels(harness.state())[0] > 20);
    let view = harness.state().view();
    let at = view.slice_frame(&grid(&harness), Plane::Axial).view(middle).truncate();
    assert_eq!(view.pane(Plane::Axial).pan_zoom.expect("zoomed").centre, at);
    // Esc leaves the view.
    press(&mut harness, Key::Escape, NONE);
    assert!(!harness.get_by_label(&view_name(Plane::Axial)).is_focused());
}

/// What of the block a polygon of voxel steps in the axial picture encloses.
fn lost(harness: &Harness<'_, App>, corners: &[(f64, f64)], all_slices: bool) -> usize {
    let labels = document(harness).labels();
    let corners: Vec<voxpoint::geom::DVec2> =
        corners.iter().map(|(x, y)| voxpoint::geom::DVec2::new(*x, *y)).collect();
    let mut count = 0;
    for n in 0..40 * 32 * 20 {
        let [x, y, z] = [n % 40, n / 40 % 32, n / 1280];
        if !((10..30).contains(&x) && (8..24).contains(&y) && (5..15).contains(&z)) {
            continue;
        }
        let at = voxpoint::geom::DVec2::new(x as f64 - 20.0, y as f64 - 16.0);
        let deep = depth(at, &corners);
        if deep.abs() < 1e-6 {
            continue;
        }
        let goes = deep > 0.0 && (all_slices || z == 10);
        assert_eq!(labels.get([x, y, z]) == 0, goes, "{:?}", [x, y, z]);
        count += usize::from(goes);
    }
    count
}

#[test]
fn scissors_are_laid_from_corner_to_corner_and_closed_at_the_first() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with(temp.path(), tools::SCISSORS);
    with_block(&mut harness);
    to_view(&mut harness, &view_name(Plane::Axial));
    // An L, not convex: in the axial picture x grows to the right and y down, as in memory.
    let steps = [(-6, -5), (9, 0), (0, 4), (-5, 0), (0, 6), (-4, 0)];
    let mut corners = Vec::new();
    let (mut x, mut y) = (0.0, 0.0);
    for (right, down) in steps {
        (x, y) = (x + f64::from(right), y + f64::from(down));
        corners.push((x, y));
    }
    for this_slice in [false, true] {
        if this_slice {
            harness.get_by_label("First surface, or this slice").click();
            harness.run_steps(2);
            to_view(&mut harness, &view_name(Plane::Axial));
        }
        for (right, down) in steps {
            go(&mut harness, right, down);
            press(&mut harness, Key::Enter, NONE);
        }
        assert_eq!(
            harness.state().view().transient.scissors.as_ref().expect("open").corners.len(),
            6
        );
        assert_eq!(voxels(harness.state()), [3200], "nothing is cut yet");
        // Back to the first corner.
        go(&mut harness, 0, -10);
        press(&mut harness, Key::Enter, NONE);
        settled(&mut harness);
        assert!(harness.state().view().transient.scissors.is_none());
        let gone = lost(&harness, &corners, !this_slice);
        assert!(gone > 20, "{gone}");
        undo(&mut harness);
        assert_eq!(voxels(harness.state()), [3200], "one step");
        look_at(&mut harness, middle);
    }
    // Backspace takes the last corner, Esc gives it up, and the view keeps the keyboard.
    for (right, down) in [(-3, -3), (6, 0), (0, 6)] {
        go(&mut harness, right, down);
        press(&mut harness, Key::Enter, NONE);
    }
    press(&mut harness, Key::Backspace, NONE);
    let open = |h: &Harness<'_, App>| {
        h.state().view().transient.scissors.as_ref().map(|draft| draft.corners.len())
    };
    assert_eq!(open(&harness), Some(2));
    press(&mut harness, Key::Escape, NONE);
    assert_eq!((open(&harness), voxels(harness.state())), (None, vec![3200]));
    assert!(harness.get_by_label(&view_name(Plane::Axial)).is_focused());
    // Two corners are none: told, and they stay. Another tool gives them up.
    press(&mut harness, Key::Enter, NONE);
    press(&mut harness, Key::Enter, NONE);
    assert!(harness.state().messages().any(|m| m.contains("Draw around what is to be cut")));
    assert_eq!(open(&harness), Some(1));
    press(&mut harness, Key::B, NONE);
    assert_eq!(open(&harness), None);
}

#[test]
fn in_3d_scissors_cut_where_the_crosshair_is_seen() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with(temp.path(), tools::SCISSORS);
    with_block(&mut harness);
    press(&mut harness, Key::P, ALT);
    press(&mut harness, Key::S, ALT);
    to_view(&mut harness, "3D view");
    // Seen from superior the crosshair's places are those of an axial slice.
    let corners = [(-6.5, -4.5), (5.5, -4.5), (5.5, 3.5), (-6.5, 3.5)];
    let grid = grid(&harness);
    for (x, y) in corners {
        let world = grid.world(grid.voxel(middle) + DVec3::new(x, y, 0.0));
        look_at(&mut harness, world);
        press(&mut harness, Key::Enter, NONE);
    }
    // Other than in the view nothing is laid: the arrows turn the picture, and corners stay in the scan.
    press(&mut harness, Key::Enter, NONE);
    settled(&mut harness);
    assert_eq!(lost(&harness, &corners, true), 12 * 8 * 10);
    undo(&mut harness);
    // The other way: all but that.
    for (x, y) in corners {
        let world = grid.world(grid.voxel(middle) + DVec3::new(x, y, 0.0));
        look_at(&mut harness, world);
        press(&mut harness, Key::Enter, ALT);
    }
    press(&mut harness, Key::Enter, NONE);
    settled(&mut harness);
    assert_eq!(voxels(harness.state()), [12 * 8 * 10]);
}

#[test]
fn an_outline_goes_from_corner_to_corner_and_enter_still_closes_one_of_the_mouse() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with(temp.path(), tools::OUTLINE);
    // The crosshair itself need not be at a voxel's middle.
    look_at(&mut harness, middle + DVec3::new(0.5, 0.75, 0.0));
    to_view(&mut harness, &view_name(Plane::Axial));
    for (right, down) in [(-6, -4), (12, 0), (0, 8), (-12, 0)] {
        go(&mut harness, right, down);
        press(&mut harness, Key::Enter, NONE);
    }
    assert!(voxels(harness.state()).is_empty());
    go(&mut harness, 0, -8);
    press(&mut harness, Key::Enter, NONE);
    assert_eq!(voxels(harness.state()), [12 * 8]);
    assert!(harness.state().view().transient.outline.is_none());
    undo(&mut harness);
    // Twice at one place; with Alt first it takes away.
    with_block(&mut harness);
    for (right, down) in [(0, 0), (12, 0), (0, 8), (-12, 0)] {
        go(&mut harness, right, down);
        press(&mut harness, Key::Enter, ALT);
    }
    press(&mut harness, Key::Enter, NONE);
    assert_eq!(voxels(harness.state()), [3200 - 12 * 8]);
}

#[test]
fn in_a_turned_slice_a_level_is_traced() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, _) = with(temp.path(), tools::FLOOD);
    harness.get_by_label("Level, bright").click();
    harness.run_steps(2);
    let turned = Turned::new(&mut harness);
    let (middle, normal) = (turned.middle, turned.normal);
    to_view(&mut harness, &view_name(Plane::Axial));
    press(&mut harness, Key::Enter, NONE);
    settled(&mut harness);
    let (grid, half) = (grid(&harness), turned.half_voxel(&grid(&harness)));
    let (labels, image) = (document(&harness).labels(), document(&harness).image());
    let mut filled = 0;
    for n in 0..40 * 32 * 20 {
        let voxel = [n % 40, n / 40 % 32, n / 1280];
        let away = normal.dot(grid.world_of(voxel) - middle).abs();
        let bright = image.value(voxel) == 500.0;
        let label = labels.get(voxel);
        assert!(!bright || away > half - 1e-6 || label == 1, "{voxel:?} is {away} mm away");
        assert!(bright && away < half + 1e-6 || label == 0, "{voxel:?} is {away} mm away");
        filled += usize::from(label == 1);
    }
    assert!(filled > 300, "{filled}");
}

#[test]
fn what_a_tool_would_do_is_seen_at_the_crosshair_while_it_is_moved_by_keys() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with(temp.path(), tools::BRUSH);
    let brush = |harness: &Harness<'_, App>| harness.state().view().transient.brush;
    assert!(brush(&harness).is_none(), "nothing was moved");
    to_view(&mut harness, &view_name(Plane::Axial));
    harness.run_steps(2);
    assert_eq!(brush(&harness).map(|b| b.world), Some(middle));
    go(&mut harness, 2, 1);
    harness.run_steps(20);
    assert_eq!(brush(&harness).map(|b| b.world), Some(crosshair(&harness)));
    let shown = harness.state().preview_voxels();
    press(&mut harness, Key::Enter, NONE);
    assert!(shown.is_some_and(|n| n > 0) && voxels(harness.state())[0] == shown.unwrap_or(0));
    // The pointer takes it over as soon as it moves.
    let at = place(&harness, Plane::Axial, middle);
    harness.hover_at(at);
    harness.run_steps(3);
    let world = brush(&harness).expect("under the pointer").world;
    assert!((world - middle).length() < 0.5, "{world} {middle}");
    go(&mut harness, 1, 0);
    assert_eq!(brush(&harness).map(|b| b.world), Some(crosshair(&harness)));
}
