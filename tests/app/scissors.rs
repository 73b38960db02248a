//! The Scissors tool in the real window, on a block of 20 × 16 × 10 voxels and a smaller one. What is cut is compared with
//! the camera's own word for each voxel.

use std::sync::Arc;

use egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::document::{Change, Command, EditKind, GestureId, LabelId, Over};
use voxpoint::geom::{DVec2, DVec3, Plane};
use voxpoint::render::ClipBox;
use voxpoint::ui::tools;
use voxpoint::volume::Region;

use crate::brush::{CTRL, NONE, button, document, grid, press, spot, stroke, undo};
use crate::drawing::{PRIMARY, SECONDARY, depth, with_tool};
use crate::support::{place, voxels, wait};

fn boxed(low: [usize; 3], high: [usize; 3]) -> Arc<Region> {
    let at = |n: usize| [n % 40, n / 40 % 32, n / 1280];
    let inside = |n| (0..3).all(|a| (low[a]..high[a]).contains(&at(n)[a]));
    Arc::new(Region::from_mask(40, (0..40 * 32 * 20).map(inside)))
}

/// Object 1 is the block, object 2 a small box behind it; 1 is selected.
fn with_scissors(folder: &std::path::Path) -> Harness<'static, App> {
    let keys = (Modifiers::SHIFT, Key::X);
    let (mut harness, _) = with_tool(folder, keys, tools::SCISSORS);
    for (n, region) in
        [boxed([10, 8, 5], [30, 24, 15]), boxed([18, 27, 8], [22, 30, 11])].into_iter().enumerate()
    {
        let (change, over, kind) = (Change::Add(region), Over::Background, EditKind::Brush);
        let gesture = GestureId(5000 + n as u64);
        harness.state_mut().carry_out(Command::NewObject);
        let edit = Command::Edit { object: None, change, over, kind, gesture };
        harness.state_mut().carry_out(edit);
    }
    harness.state_mut().carry_out(Command::Select(LabelId(1)));
    harness.run_steps(2);
    assert_eq!(voxels(harness.state()), [3200, 36]);
    harness
}

/// A curve, and all that comes of it.
fn cut(harness: &mut Harness<'_, App>, path: &[Pos2], with: PointerButton, modifiers: Modifiers) {
    stroke(harness, path, with, modifiers);
    wait(harness, "the cut", |app| app.view().transient.cut.is_none());
}

fn view_3d(harness: &Harness<'_, App>) -> Rect {
    harness.get_by_label("3D view").rect()
}

/// A bent quadrangle around the middle of the 3D view: not convex.
fn curve(harness: &Harness<'_, App>) -> Vec<Pos2> {
    let middle = view_3d(harness).center();
    [(-45.0, -35.0), (-5.0, -12.0), (40.0, -50.0), (25.0, 30.0), (-45.0, -35.0)]
        .map(|(x, y)| middle + vec2(x, y))
        .to_vec()
}

/// Which voxels a label must have lost, told by where the camera shows them: `goes` has their depth in the curve.
fn check(harness: &Harness<'_, App>, what: &str, goes: impl Fn(f64, [usize; 3], u16) -> bool) {
    let (grid, labels, rect) = (grid(harness), document(harness).labels(), view_3d(harness));
    let size = [f64::from(rect.width()), f64::from(rect.height())];
    let in_view = |at: Pos2| DVec2::new(f64::from(at.x - rect.min.x), f64::from(at.y - rect.min.y));
    let curve: Vec<DVec2> = curve(harness).into_iter().map(in_view).collect();
    let (small, block) = (boxed([18, 27, 8], [22, 30, 11]), boxed([10, 8, 5], [30, 24, 15]));
    let (mut gone, mut stays) = (0, 0);
    for n in 0..grid.count() {
        let voxel = [n % 40, n / 40 % 32, n / 1280];
        let was = u16::from(block.contains(n)) + 2 * u16::from(small.contains(n));
        if was == 0 {
            continue;
        }
        let at = harness.state().view().scan.orbit.project(&grid, size, grid.world_of(voxel));
        let deep = depth(at.truncate(), &curve);
        if deep.abs() < 0.05 {
            // The screen has its places in 32 bits.
            continue;
        }
        let expected = if goes(deep, voxel, was) { 0 } else { was };
        assert_eq!(labels.get(voxel), expected, "{what}: {voxel:?}, {deep} points inside");
        gone += usize::from(expected == 0);
        stays += usize::from(expected != 0);
    }
    assert!(gone > 50 && stays > 50, "{what}: {gone} {stays}");
}

#[test]
fn what_the_picture_shows_within_the_curve_is_cut_off() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_scissors(temp.path());
    for (perspective, zoom) in [(false, 1.0), (true, 1.0), (true, 2.2)] {
        let orbit = &mut harness.state_mut().view_mut().scan.orbit;
        (orbit.perspective, orbit.zoom) = (perspective, zoom);
        harness.run_steps(3);
        let what = format!("perspective {perspective} × {zoom}");
        let curve = curve(&harness);
        cut(&mut harness, &curve, PRIMARY, NONE);
        check(&harness, &what, |deep, _, was| was == 1 && deep > 0.0);
        let steps = document(&harness).history_steps();
        assert_eq!(steps.0[steps.1 - 1].name, "Scissors", "{what}");
        undo(&mut harness);
        assert_eq!(voxels(harness.state()), [3200, 36], "{what}: one step");
        for (with, modifiers) in [(SECONDARY, NONE), (PRIMARY, Modifiers::ALT)] {
            cut(&mut harness, &curve, with, modifiers);
            check(&harness, &what, |deep, _, was| was == 1 && deep < 0.0);
            undo(&mut harness);
        }
    }
    // Of all that are shown, but not of what is locked; and only what the clip box leaves.
    let orbit = &mut harness.state_mut().view_mut().scan.orbit;
    (orbit.zoom, orbit.azimuth, orbit.elevation) = (1.0, 3.1, 0.1);
    harness.run_steps(3);
    harness.get_by_label("All that are shown").click();
    harness.run_steps(2);
    let curve = curve(&harness);
    cut(&mut harness, &curve, SECONDARY, NONE);
    check(&harness, "all", |deep, _, _| deep < 0.0);
    undo(&mut harness);
    let bounds = ClipBox { low: [0.0, 0.0, 0.5], high: [1.0; 3] };
    harness.state_mut().view_mut().scan.view_3d.clip.bounds = Some(bounds);
    harness.run_steps(3);
    cut(&mut harness, &curve, PRIMARY, NONE);
    // z grows towards Superior: of 20 layers the upper ten are left.
    check(&harness, "clipped", |deep, voxel, _| deep > 0.0 && voxel[2] >= 10);
    undo(&mut harness);
    harness.state_mut().view_mut().scan.view_3d.clip.bounds = None;
    harness.state_mut().carry_out(Command::SetLocked(LabelId(2), true));
    harness.run_steps(3);
    cut(&mut harness, &curve, SECONDARY, NONE);
    check(&harness, "one is locked", |deep, _, was| was == 1 && deep < 0.0);
}

#[test]
fn the_first_surface_alone_is_what_lies_in_front() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_scissors(temp.path());
    // From the front, the small box (towards Posterior) is behind the block.
    let orbit = &mut harness.state_mut().view_mut().scan.orbit;
    (orbit.azimuth, orbit.elevation) = (0.0, 0.0);
    harness.run_steps(2);
    for label in ["All that are shown", "First surface, or this slice"] {
        harness.get_by_label(label).click();
        harness.run_steps(2);
    }
    let (grid, rect) = (grid(&harness), view_3d(&harness));
    let size = [f64::from(rect.width()), f64::from(rect.height())];
    let at = harness.state().view().scan.orbit.project(&grid, size, grid.world_of([20, 28, 9]));
    let at = rect.min + vec2(at.x as f32, at.y as f32);
    let around = [(-9.0, -9.0), (9.0, -9.0), (9.0, 9.0), (-9.0, 9.0)].map(|(x, y)| at + vec2(x, y));
    cut(&mut harness, &around, PRIMARY, NONE);
    let [block, small] = voxels(harness.state())[..] else { panic!("two objects") };
    assert!(block < 3200 && small == 36, "{block} {small}");
    undo(&mut harness);
    harness.get_by_label("All the way").click();
    harness.run_steps(2);
    cut(&mut harness, &around, PRIMARY, NONE);
    let through = voxels(harness.state());
    assert!(through[0] == block && through[1] < 36, "{through:?}");
}

#[test]
fn in_a_slice_all_slices_are_cut_or_the_one_that_is_shown() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_scissors(temp.path());
    let middle = spot(&harness, DVec3::new(0.2, 0.3, 0.1));
    // Voxels 17 to 22 along x, 14 to 17 along y: in world mm from the middle of voxel 20, 16, 10.
    let corners = [(-2.6, -2.6), (3.4, -2.6), (3.4, 3.4), (-2.6, 3.4)];
    let corners = corners.map(|(x, y)| middle + DVec3::new(x, y, 0.0));
    let path = corners.map(|at| place(&harness, Plane::Axial, at));
    let grid = grid(&harness);
    let inside = |voxel: [usize; 3]| {
        let by = grid.world_of(voxel) - middle;
        (-2.6..3.4).contains(&by.x) && (-2.6..3.4).contains(&by.y)
    };
    let block = boxed([10, 8, 5], [30, 24, 15]);
    for this_slice in [false, true] {
        if this_slice {
            harness.get_by_label("First surface, or this slice").click();
            harness.run_steps(2);
        }
        cut(&mut harness, &path, PRIMARY, NONE);
        let labels = document(&harness).labels();
        for n in 0..40 * 32 * 20 {
            let voxel = [n % 40, n / 40 % 32, n / 1280];
            if block.contains(n) {
                let goes = inside(voxel) && (!this_slice || voxel[2] == 10);
                assert_eq!(labels.get(voxel) == 0, goes, "{this_slice} {voxel:?}");
            }
        }
        undo(&mut harness);
    }
    // A click cuts nothing.
    stroke(&mut harness, &path[..1], PRIMARY, NONE);
    assert_eq!(voxels(harness.state()), [3200, 36]);
}

#[test]
fn what_can_not_be_cut_is_said_and_ctrl_turns() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_scissors(temp.path());
    let curve = curve(&harness);
    let before = harness.state().view().scan.orbit.clone();
    stroke(&mut harness, &curve, PRIMARY, CTRL);
    assert_ne!(harness.state().view().scan.orbit, before, "it turns");
    assert_eq!(voxels(harness.state()), [3200, 36]);
    harness.state_mut().view_mut().scan.orbit = before;
    harness.run_steps(2);
    // Begun, and the view moves: nothing is cut where nobody drew.
    let begin = |harness: &mut Harness<'_, App>| {
        harness.hover_at(curve[0]);
        harness.step();
        harness.event(button(curve[0], PRIMARY, true, NONE));
        harness.event(Event::PointerMoved(curve[1]));
        harness.event(Event::PointerMoved(curve[2]));
        harness.run_steps(2);
    };
    begin(&mut harness);
    harness.state_mut().view_mut().scan.orbit.zoom *= 1.2;
    harness.event(Event::PointerMoved(curve[3]));
    harness.event(button(curve[3], PRIMARY, false, NONE));
    harness.run_steps(3);
    assert!(harness.state().messages().any(|m| m.contains("The view moved")));
    // Given up by Esc.
    begin(&mut harness);
    press(&mut harness, Key::Escape, NONE);
    harness.event(button(curve[3], PRIMARY, false, NONE));
    harness.run_steps(3);
    assert!(voxels(harness.state()) == [3200, 36] && harness.state().is_idle());
    // Nothing would be left.
    // (Begun where no button or handle lies over the view.)
    let rect = view_3d(&harness).shrink(12.0);
    let corners = [rect.left_bottom(), rect.max, rect.right_top(), rect.min];
    let all = [&[rect.left_center()], &corners[..]].concat();
    cut(&mut harness, &all, PRIMARY, NONE);
    assert!(harness.state().messages().any(|m| m.contains("Nothing would be left of Object 1")));
    // Locked, hidden, empty, none.
    let says = |harness: &mut Harness<'_, App>, text: &str| {
        stroke(harness, &curve, PRIMARY, NONE);
        harness.run_steps(2);
        assert!(harness.state().messages().any(|m| m.contains(text)), "{text}");
        assert!(harness.state().view().transient.cut.is_none(), "{text}");
        assert_eq!(voxels(harness.state())[..2], [3200, 36], "{text}");
    };
    let act = |harness: &mut Harness<'_, App>, command| {
        harness.state_mut().carry_out(command);
        harness.run_steps(2);
    };
    act(&mut harness, Command::SetLocked(LabelId(1), true));
    says(&mut harness, "Object 1 is locked");
    act(&mut harness, Command::Select(LabelId(2)));
    act(&mut harness, Command::SetVisible(LabelId(2), false));
    says(&mut harness, "Object 2 is hidden");
    harness.get_by_label("All that are shown").click();
    harness.run_steps(2);
    says(&mut harness, "No object is shown that is not locked");
    harness.get_by_label("Selected object").click();
    act(&mut harness, Command::NewObject);
    says(&mut harness, "has no voxels yet");
}

/// The cut is asked of its thread in the frame after the curve, whose answer is looked at in the one after that: in
/// between it is being computed, however fast that is.
#[test]
fn undo_and_esc_give_up_a_cut_that_is_still_computed_and_nothing_else() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_scissors(temp.path());
    let steps = |harness: &Harness<'_, App>| {
        let (all, done) = document(harness).history_steps();
        (all.len(), done)
    };
    let before = steps(&harness);
    let curve = curve(&harness);
    let drawn = |harness: &mut Harness<'_, App>| {
        harness.hover_at(curve[0]);
        harness.step();
        let events = &mut harness.input_mut().events;
        events.push(button(curve[0], PRIMARY, true, NONE));
        events.extend(curve.iter().map(|at| Event::PointerMoved(*at)));
        events.push(button(curve[4], PRIMARY, false, NONE));
        harness.step();
        assert!(harness.state().view().transient.cut.is_some(), "it is to be made");
    };
    for (key, modifiers) in [(Key::Z, CTRL), (Key::Escape, NONE)] {
        drawn(&mut harness);
        // In the very next frame: a key that is queued comes later.
        let (physical_key, pressed, repeat) = (None, true, false);
        let event = Event::Key { key, physical_key, pressed, repeat, modifiers };
        harness.input_mut().events.push(event);
        harness.step();
        assert!(harness.state().view().transient.cut.is_none(), "{key:?}");
        harness.run_steps(20);
        std::thread::sleep(std::time::Duration::from_millis(200));
        harness.run_steps(5);
        assert_eq!(voxels(harness.state()), [3200, 36], "{key:?}");
        assert_eq!(steps(&harness), before, "{key:?}: nothing is made or undone");
    }
    // Not given up, it is made.
    drawn(&mut harness);
    wait(&mut harness, "the cut", |app| app.view().transient.cut.is_none());
    assert!(voxels(harness.state())[0] < 3200);
    assert_eq!(steps(&harness), (before.0 + 1, before.1 + 1));
}
