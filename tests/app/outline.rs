//! The Outline tool in the real window. What is filled is compared with the plain statement in millimetres, worked out
//! voxel by voxel.

use egui::{Event, Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::document::Command;
use voxpoint::geom::{DVec2, DVec3, Plane};
use voxpoint::ui::tools;

use crate::brush::{CTRL, NONE, button, check, document, grid, look_at, press, stroke, undo};
use crate::drawing::{PRIMARY, SECONDARY, Turned, axes, depth, with_tool};
use crate::support::{place, view_name, voxels};

/// An L, in mm along two axes: not convex, and no edge on a voxel's centre.
const CORNERS: [[f64; 2]; 6] =
    [[-7.3, -8.4], [7.7, -8.4], [7.7, -1.2], [1.6, -1.2], [1.6, 8.8], [-7.3, 8.8]];

fn with_outline(folder: &std::path::Path) -> (Harness<'static, App>, DVec3) {
    with_tool(folder, (NONE, Key::U), tools::OUTLINE)
}

fn click_at(harness: &mut Harness<'_, App>, at: Pos2, with: PointerButton, modifiers: Modifiers) {
    stroke(harness, &[at], with, modifiers);
    // So long after the click before that it is no double click.
    harness.run_steps(4);
}

pub fn double_click(harness: &mut Harness<'_, App>, at: Pos2) {
    harness.hover_at(at);
    harness.step();
    // In one frame: those of a harness are too far apart for two clicks to be one.
    for pressed in [true, false, true, false] {
        harness.input_mut().events.push(button(at, PRIMARY, pressed, NONE));
    }
    harness.run_steps(3);
}

fn corners_at(harness: &Harness<'_, App>, plane: Plane, middle: DVec3) -> Vec<Pos2> {
    let [u, v] = axes(plane);
    let at = |[a, b]: [f64; 2]| place(harness, plane, middle + u * a + v * b);
    CORNERS.map(at).to_vec()
}

/// Label 1 is the L in the slice, and nothing else.
fn check_l(harness: &Harness<'_, App>, plane: Plane, middle: DVec3, what: &str) {
    let [u, v] = axes(plane);
    let axis = (0..3).find(|&a| u.cross(v)[a] != 0.0).expect("an axis");
    let slice = grid(harness).voxel_at(middle).expect("inside")[axis];
    let corners = CORNERS.map(|[a, b]| DVec2::new(a, b));
    check(harness, what, |centre, voxel| {
        let by = centre - middle;
        let deep = depth(DVec2::new(by.dot(u), by.dot(v)), &corners);
        if voxel[axis] == slice { deep } else { -1.0 }
    });
}

fn draft_points(harness: &Harness<'_, App>) -> usize {
    harness.state().view().transient.outline.as_ref().map_or(0, |draft| draft.points.len())
}

#[test]
fn corners_in_any_slice_enclose_what_is_shown_before_and_are_one_step() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with_outline(temp.path());
    for plane in [Plane::Axial, Plane::Coronal, Plane::Sagittal] {
        for way in ["Enter", "double click", "first corner", "free"] {
            let what = format!("{} {way}", plane.name());
            let corners = corners_at(&harness, plane, middle);
            let last = corners[5];
            if way == "free" {
                stroke(&mut harness, &corners, PRIMARY, NONE);
            } else {
                let single = if way == "double click" { 5 } else { 6 };
                for at in &corners[..single] {
                    click_at(&mut harness, *at, PRIMARY, NONE);
                }
                assert!(voxels(harness.state()).is_empty(), "{what}: nothing is done yet");
                let shown = harness.state().preview_voxels();
                match way {
                    "Enter" => press(&mut harness, Key::Enter, NONE),
                    "double click" => double_click(&mut harness, last),
                    _ => click_at(&mut harness, corners[0] + vec2(2.0, 1.0), PRIMARY, NONE),
                }
                if way != "double click" {
                    assert_eq!(Some(voxels(harness.state())[0]), shown, "{what}: as was shown");
                }
            }
            assert_eq!(draft_points(&harness), 0, "{what}: it is done");
            check_l(&harness, plane, middle, &what);
            let steps = document(&harness).history_steps();
            assert_eq!((steps.1, steps.0[0].name), (1, "Outline"), "{what}");
            undo(&mut harness);
            assert!(voxels(harness.state()).is_empty(), "{what}: one step, with the object");
        }
    }
}

#[test]
fn the_right_button_and_alt_take_away_and_over_is_that_of_the_brush() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with_outline(temp.path());
    let corners = corners_at(&harness, Plane::Axial, middle);
    // Nothing to take away from.
    stroke(&mut harness, &corners, SECONDARY, NONE);
    assert!(harness.state().messages().any(|m| m.contains("No object is selected")));
    let about = |mm: f64| {
        let at = |x: f64, y: f64| place(&harness, Plane::Axial, middle + DVec3::new(x, y, 0.0));
        [at(-mm, -mm), at(mm, -mm), at(mm, mm), at(-mm, mm)]
    };
    let (large, small) = (about(12.0), about(5.0));
    stroke(&mut harness, &large, PRIMARY, NONE);
    let whole = voxels(harness.state())[0];
    stroke(&mut harness, &small, SECONDARY, NONE);
    let left = voxels(harness.state())[0];
    assert!(left < whole && left > 0);
    undo(&mut harness);
    stroke(&mut harness, &small, PRIMARY, Modifiers::ALT);
    assert_eq!(voxels(harness.state()), [left]);
    undo(&mut harness);
    // By corners: what the first click says holds.
    click_at(&mut harness, small[0], SECONDARY, NONE);
    for at in &small[1..] {
        click_at(&mut harness, *at, PRIMARY, NONE);
    }
    press(&mut harness, Key::Enter, NONE);
    assert_eq!(voxels(harness.state()), [left]);
    undo(&mut harness);
    // Another object: over the background it gets nothing here, over unlocked ones all of it.
    press(&mut harness, Key::N, NONE);
    assert_eq!(harness.state().view().prefs.tool, tools::OUTLINE, "who draws goes on drawing");
    stroke(&mut harness, &small, PRIMARY, NONE);
    assert_eq!(voxels(harness.state()), [whole, 0]);
    harness.get_by_label("Unlocked objects").click();
    harness.run_steps(2);
    stroke(&mut harness, &small, PRIMARY, NONE);
    assert_eq!(voxels(harness.state()), [left, whole - left]);
    // Locked: told, and nothing begins.
    let second = document(&harness).objects()[1].id;
    harness.state_mut().carry_out(Command::SetLocked(second, true));
    harness.run_steps(2);
    click_at(&mut harness, small[0], PRIMARY, NONE);
    assert_eq!(draft_points(&harness), 0);
    assert!(harness.state().messages().any(|m| m.contains("locked")));
    assert_eq!(voxels(harness.state()), [left, whole - left]);
}

#[test]
fn backspace_takes_a_corner_back_and_esc_or_another_slice_all() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with_outline(temp.path());
    let corners = corners_at(&harness, Plane::Axial, middle);
    let begin = |harness: &mut Harness<'_, App>| {
        for at in &corners[..3] {
            click_at(harness, *at, PRIMARY, NONE);
        }
        assert_eq!(draft_points(harness), 3);
    };
    begin(&mut harness);
    press(&mut harness, Key::Backspace, NONE);
    assert_eq!(draft_points(&harness), 2);
    press(&mut harness, Key::Enter, NONE);
    assert!(harness.state().messages().any(|m| m.contains("three corners")));
    assert_eq!(draft_points(&harness), 2, "it stays");
    // What is drawn freely goes on from there, and Esc while it lasts takes back that part alone.
    let free = [corners[2], corners[3], corners[4]];
    harness.hover_at(free[0]);
    harness.step();
    harness.event(button(free[0], PRIMARY, true, NONE));
    for at in free {
        harness.event(Event::PointerMoved(at));
    }
    harness.step();
    assert_eq!(draft_points(&harness), 5);
    harness.run_steps(3);
    assert!(harness.state().preview_voxels().is_some(), "a hand that rests sees it, too");
    press(&mut harness, Key::Escape, NONE);
    harness.event(button(free[2], PRIMARY, false, NONE));
    harness.run_steps(2);
    assert_eq!(draft_points(&harness), 2);
    stroke(&mut harness, &free, PRIMARY, NONE);
    assert_eq!(draft_points(&harness), 5, "a part does not close it");
    click_at(&mut harness, corners[5], PRIMARY, NONE);
    press(&mut harness, Key::Enter, NONE);
    check_l(&harness, Plane::Axial, middle, "corners and a free part");
    undo(&mut harness);
    begin(&mut harness);
    press(&mut harness, Key::Escape, NONE);
    assert_eq!(draft_points(&harness), 0);
    // In another view nothing begins meanwhile.
    begin(&mut harness);
    let elsewhere = place(&harness, Plane::Coronal, middle);
    click_at(&mut harness, elsewhere + vec2(30.0, 30.0), PRIMARY, NONE);
    assert_eq!(draft_points(&harness), 3);
    assert!(harness.state().messages().any(|m| m.contains("An outline is open in the Axial view")));
    let up = middle + DVec3::Z * 2.5;
    look_at(&mut harness, up);
    assert_eq!(draft_points(&harness), 0, "another slice");
    look_at(&mut harness, middle);
    begin(&mut harness);
    press(&mut harness, Key::B, NONE);
    assert_eq!(draft_points(&harness), 0, "another tool");
    press(&mut harness, Key::U, NONE);
    // A free outline that is given up.
    harness.hover_at(corners[0]);
    harness.step();
    harness.event(button(corners[0], PRIMARY, true, NONE));
    harness.event(Event::PointerMoved(corners[1]));
    harness.event(Event::PointerMoved(corners[4]));
    harness.step();
    press(&mut harness, Key::Escape, NONE);
    harness.event(button(corners[4], PRIMARY, false, NONE));
    harness.run_steps(2);
    assert_eq!(draft_points(&harness), 0);
    // Beside the scan.
    let rect = harness.get_by_label(&view_name(Plane::Axial)).rect();
    let beside = [vec2(5.0, 60.0), vec2(12.0, 60.0), vec2(12.0, 80.0)].map(|by| rect.min + by);
    stroke(&mut harness, &beside, PRIMARY, NONE);
    assert!(harness.state().messages().any(|m| m.contains("No voxel of the scan")));
    assert!(voxels(harness.state()).is_empty() && document(&harness).can_undo().is_none());
    press(&mut harness, Key::Z, CTRL);
    assert!(voxels(harness.state()).is_empty());
}

#[test]
fn in_an_oblique_slice_the_voxels_that_it_shows_are_filled() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, _) = with_outline(temp.path());
    let turned = Turned::new(&mut harness);
    let (middle, normal) = (turned.middle, turned.normal);
    let across = normal.cross(DVec3::Y).normalize();
    for [a, b] in CORNERS {
        let at = turned.place(middle + across * a + DVec3::Y * b);
        click_at(&mut harness, at, PRIMARY, NONE);
    }
    press(&mut harness, Key::Enter, NONE);
    let half = turned.half_voxel(&grid(&harness));
    let corners = CORNERS.map(|[a, b]| DVec2::new(a, b));
    check(&harness, "oblique", |centre, _| {
        let by = centre - middle;
        let deep = depth(DVec2::new(by.dot(across), by.y), &corners);
        (half - normal.dot(by).abs()).min(deep)
    });
}
