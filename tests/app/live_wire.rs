//! The Outline tool's live wire in the real window, on a bright block of 20 × 16 × 10 voxels of 1 × 1.5 × 2.5 mm.

use egui::{Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::Harness;
use voxpoint::app::App;
use voxpoint::geom::{DVec2, DVec3, Plane};
use voxpoint::ui::{WiresStatus, tools};

use crate::brush::{NONE, button, document, grid, look_at, press, spot, stroke, undo};
use crate::drawing::{PRIMARY, SECONDARY, Turned, axes, with_tool};
use crate::support::{place, voxels, wait};

/// The block's middle from the middle of its voxel 20, 16, 10, and half its size, mm.
const MIDDLE: DVec3 = DVec3::new(0.5, 0.75, -1.25);
const HALF: DVec3 = DVec3::new(10.0, 12.0, 12.5);

fn with_wire(folder: &std::path::Path) -> (Harness<'static, App>, DVec3) {
    with_tool(folder, (Modifiers::SHIFT, Key::U), tools::OUTLINE)
}

/// Clicks a corner, and waits for its way and for the next wires.
fn corner(harness: &mut Harness<'_, App>, at: Pos2, with: PointerButton, modifiers: Modifiers) {
    stroke(harness, &[at], with, modifiers);
    // So long after the click before that it is no double click.
    harness.run_steps(4);
    wait(harness, "the wires", |app| {
        let draft = app.view().transient.outline.as_ref();
        draft.is_none_or(|draft| draft.waiting.is_empty())
            && (draft.is_none() || matches!(app.status().wires, WiresStatus::Known(..)))
    });
}

fn points(harness: &Harness<'_, App>) -> usize {
    harness.state().view().transient.outline.as_ref().map_or(0, |draft| draft.points.len())
}

/// Voxels of label 1 are those of a rectangle (in mm along u and v from `middle`), give or take a voxel at its border.
fn check(
    harness: &Harness<'_, App>,
    what: &str,
    [u, v]: [DVec3; 2],
    (middle, half, steps): (DVec3, DVec2, DVec2),
    in_slice: impl Fn(DVec3) -> bool,
) {
    let (grid, labels) = (grid(harness), document(harness).labels());
    let (mut inside, mut wrong) = (0, 0);
    for n in 0..grid.count() {
        let voxel = [n % 40, n / 40 % 32, n / 1280];
        let by = grid.world_of(voxel) - middle;
        let at = DVec2::new(by.dot(u), by.dot(v)).abs();
        let label = labels.get(voxel);
        if !in_slice(grid.world_of(voxel)) {
            assert_eq!(label, 0, "{what}: {voxel:?}");
            continue;
        }
        assert!(at.cmpgt(half - steps).any() || label == 1, "{what}: {voxel:?} at {at}");
        assert!(at.cmple(half + steps).all() || label == 0, "{what}: {voxel:?} at {at}");
        let truly = at.cmplt(half).all();
        inside += usize::from(truly);
        wrong += usize::from(truly != (label == 1));
    }
    assert!(inside > 100 && wrong * 4 < inside, "{what}: {wrong} of {inside}");
}

/// Three corners: two on opposite sides, and one between them. A straight outline would be a triangle.
fn three(middle: DVec3, [u, v]: [DVec3; 2], half: DVec2) -> [DVec3; 3] {
    let at = |a: f64, b: f64| middle + u * (a * half.x) + v * (b * half.y);
    [at(-1.0, 0.5), at(0.97, 0.97), at(0.5, -1.0)]
}

#[test]
fn three_clicks_at_its_border_outline_the_block_in_any_slice() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, crosshair) = with_wire(temp.path());
    let block = spot(&harness, MIDDLE);
    for plane in Plane::ALL {
        let [u, v] = axes(plane);
        let through = u.cross(v);
        let half = DVec2::new(HALF.dot(u), HALF.dot(v));
        let middle = block + through * (crosshair - block).dot(through);
        let corners = three(middle, [u, v], half).map(|at| place(&harness, plane, at));
        corner(&mut harness, corners[0], PRIMARY, NONE);
        // The way that a click would fix follows the pointer.
        harness.hover_at(corners[1]);
        harness.run_steps(3);
        assert_eq!(points(&harness), 1);
        corner(&mut harness, corners[1], PRIMARY, NONE);
        let one_way = points(&harness);
        assert!(one_way > 10, "{one_way} points");
        corner(&mut harness, corners[2], PRIMARY, NONE);
        assert!(points(&harness) > one_way + 5 && voxels(harness.state()).is_empty());
        let shown = harness.state().preview_voxels();
        press(&mut harness, Key::Enter, NONE);
        assert_eq!(shown, Some(voxels(harness.state())[0]), "as was shown");
        let spacing = grid(&harness).spacing();
        let steps = DVec2::new(spacing.dot(u.abs()), spacing.dot(v.abs()));
        let slice = spacing.dot(through.abs()) / 2.0;
        check(&harness, plane.name(), [u, v], (middle, half, steps), |at| {
            (at - crosshair).dot(through).abs() < slice
        });
        let history = document(&harness).history_steps();
        assert_eq!((history.1, history.0[0].name), (1, "Outline"));
        undo(&mut harness);
        assert!(voxels(harness.state()).is_empty());
    }
}

#[test]
fn backspace_takes_the_way_back_shift_goes_straight_and_esc_gives_up() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, crosshair) = with_wire(temp.path());
    let block = spot(&harness, MIDDLE);
    let middle = DVec3::new(block.x, block.y, crosshair.z);
    let [u, v] = axes(Plane::Axial);
    let half = DVec2::new(HALF.x, HALF.y);
    let corners = three(middle, [u, v], half).map(|at| place(&harness, Plane::Axial, at));
    corner(&mut harness, corners[0], PRIMARY, NONE);
    corner(&mut harness, corners[1], PRIMARY, NONE);
    assert!(points(&harness) > 10);
    press(&mut harness, Key::Backspace, NONE);
    assert_eq!(points(&harness), 1, "the whole way");
    corner(&mut harness, corners[1], PRIMARY, Modifiers::SHIFT);
    assert_eq!(points(&harness), 2, "straight");
    corner(&mut harness, corners[2], PRIMARY, Modifiers::SHIFT);
    assert_eq!(points(&harness), 3);
    // On the first corner with Shift: closed straight, a triangle.
    corner(&mut harness, corners[0], PRIMARY, Modifiers::SHIFT);
    let triangle = voxels(harness.state())[0];
    let [a, b, c] = three(middle, [u, v], half);
    let area = (b - a).cross(c - a).length() / 2.0 / 1.5;
    assert!((triangle as f64 - area).abs() < 0.1 * area, "{triangle} voxels, {area} expected");
    undo(&mut harness);
    // Two clicks at once: the second waits for its way, and closing for both.
    stroke(&mut harness, &corners[..1], PRIMARY, NONE);
    harness.run_steps(4);
    stroke(&mut harness, &corners[1..2], PRIMARY, NONE);
    harness.run_steps(4);
    stroke(&mut harness, &corners[2..], PRIMARY, NONE);
    press(&mut harness, Key::Enter, NONE);
    wait(&mut harness, "the outline", |app| app.view().transient.outline.is_none());
    let whole = voxels(harness.state())[0];
    assert!((270..370).contains(&whole), "{whole} voxels");
    // The first click says that all of it is taken away.
    corner(&mut harness, corners[0], SECONDARY, NONE);
    corner(&mut harness, corners[1], PRIMARY, NONE);
    corner(&mut harness, corners[2], PRIMARY, NONE);
    press(&mut harness, Key::Enter, NONE);
    assert_eq!(voxels(harness.state()).iter().sum::<usize>(), 0, "all of it");
    undo(&mut harness);
    assert_eq!(voxels(harness.state()), [whole]);
    // Given up; and with another slice.
    corner(&mut harness, corners[0], PRIMARY, NONE);
    press(&mut harness, Key::Escape, NONE);
    assert_eq!(points(&harness), 0);
    corner(&mut harness, corners[0], PRIMARY, NONE);
    look_at(&mut harness, crosshair + DVec3::Z * 2.5);
    assert!(
        points(&harness) == 0 && matches!(harness.state().status().wires, WiresStatus::Unknown)
    );
    // A hand that moves while it clicks has drawn a part, and not all of it.
    look_at(&mut harness, crosshair);
    stroke(&mut harness, &[corners[0], corners[0] + vec2(9.0, 3.0)], PRIMARY, NONE);
    assert!(points(&harness) > 1);
    // Straight again.
    press(&mut harness, Key::U, Modifiers::SHIFT);
    harness.run_steps(2);
    assert!(matches!(harness.state().status().wires, WiresStatus::Unknown));
    harness.event(button(corners[0], PRIMARY, false, NONE));
    press(&mut harness, Key::Escape, NONE);
    assert_eq!(voxels(harness.state()), [whole]);
}

#[test]
fn in_an_oblique_slice_wires_follow_what_it_shows() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, _) = with_wire(temp.path());
    let turned = Turned::new(&mut harness);
    let (crosshair, normal) = (turned.middle, turned.normal);
    let across = DVec3::Y.cross(normal).normalize();
    // Where the plane meets the block's sides, at right angles to the patient's left and right.
    let block = spot(&harness, MIDDLE);
    let side = |x: f64| (block.x + x - crosshair.x) / across.x;
    let [left, right] = [side(-HALF.x), side(HALF.x)];
    let half = DVec2::new((right - left).abs() / 2.0, HALF.y);
    let middle =
        crosshair + across * f64::midpoint(left, right) + DVec3::Y * (block.y - crosshair.y);
    for at in three(middle, [across, DVec3::Y], half) {
        corner(&mut harness, turned.place(at), PRIMARY, NONE);
    }
    press(&mut harness, Key::Enter, NONE);
    let thick = turned.half_voxel(&grid(&harness));
    // Voxels that the plane cuts lie beside it: those at its side are seen up to so much further in or out.
    let blur = DVec2::new(thick * across.z.abs() + 1.5, 1.5);
    check(&harness, "oblique", [across, DVec3::Y], (middle, half, blur), |at| {
        (at - crosshair).dot(normal).abs() < thick + 1e-6
    });
}
