//! Turning the planes, and thick slices.

use egui::{Key, Modifiers, Pos2, vec2};
use egui_kittest::kittest::Queryable as _;
use voxpoint::geom::{DVec2, DVec3, Plane};

use super::desk::{Hands, drag, drag_with, pane, press, texts, wheel, window};

fn normals(hands: &Hands) -> [DVec3; 3] {
    let desk = hands.state();
    Plane::ALL.map(|plane| desk.view.slice_frame(desk.document.image().grid(), plane).normal())
}

/// Where the slices cross on the screen, in a view whose picture is fitted.
fn crossing(hands: &Hands, plane: Plane) -> Pos2 {
    let (desk, rect) = (hands.state(), pane(hands, plane));
    let (view, grid) = (&desk.view, desk.document.image().grid());
    let size = voxpoint::geom::DVec2::new(f64::from(rect.width()), f64::from(rect.height()));
    let transform = voxpoint::ui::views::SliceTransform::new(
        grid,
        plane,
        view.prefs.convention,
        view.scan.oblique.as_ref(),
        view.pane(plane).pan_zoom,
        size,
        view.slice(grid, plane),
    );
    let at = transform.pane_from_world(view.scan.crosshair);
    rect.min + vec2(at.x as f32, at.y as f32)
}

#[test]
fn dragging_a_handle_turns_the_two_other_planes_and_not_this_one() {
    for (plane, n) in [(Plane::Axial, 0), (Plane::Coronal, 1), (Plane::Sagittal, 2)] {
        let mut hands = window();
        let before = normals(&hands);
        let name = format!("Turn in the view {}", plane.name().to_lowercase());
        let handle = hands.get_by_label(&name);
        let handle = handle.rect().center();
        let centre = crossing(&hands, plane);
        // A quarter of the way round is 20° on the screen.
        let arm = handle - centre;
        let (sin, cos) = 20f32.to_radians().sin_cos();
        let to = centre + vec2(arm.x * cos - arm.y * sin, arm.x * sin + arm.y * cos);
        drag(&mut hands, handle, to - handle);
        let after = normals(&hands);
        for k in 0..3 {
            // Which of its two sides a plane counts towards is not what turns.
            let turned = before[k].dot(after[k]).abs().min(1.0).acos().to_degrees();
            let expected = if k == n { 0.0 } else { 20.0 };
            assert!((turned - expected).abs() < 0.7, "{plane:?}: plane {k} by {turned}");
        }
        // The line has come along with the hand.
        let name = format!("Turn in the view {}", plane.name().to_lowercase());
        let handle = hands.get_by_label(&name);
        let arm = handle.rect().center() - crossing(&hands, plane);
        let off = (to - centre).angle() - arm.angle();
        let off = f64::from(off).to_degrees().rem_euclid(180.0);
        assert!(!(1.0..179.0).contains(&off), "{plane:?}: the line is {off}° off");
        assert!(texts(&hands).iter().any(|t| t.contains("OBLIQUE 20°")), "{:?}", texts(&hands));
        assert!(hands.state().actions.is_empty());
        press(&mut hands, Modifiers::SHIFT, Key::R);
        assert_eq!(hands.state().view.scan.oblique, None);
    }
}

#[test]
fn turns_snap_with_shift_and_come_from_keys_and_assistive_tools() {
    let mut hands = window();
    let handle = hands.get_by_label("Turn in the view axial").rect().center();
    drag_with(&mut hands, handle, vec2(33.0, 4.0), Modifiers::SHIFT);
    let angle = hands.state().view.scan.oblique.expect("turned").angle();
    assert!((angle / 5.0 - (angle / 5.0).round()).abs() < 1e-6 && angle > 4.0, "{angle}");
    press(&mut hands, Modifiers::NONE, Key::R);
    assert_eq!(hands.state().view.scan.oblique, None, "reset straightens, too");
    press(&mut hands, Modifiers::ALT, Key::ArrowRight);
    press(&mut hands, Modifiers::ALT | Modifiers::SHIFT, Key::ArrowRight);
    let angle = hands.state().view.scan.oblique.expect("turned by keys").angle();
    assert!((angle - 6.0).abs() < 1e-6, "{angle}");
    press(&mut hands, Modifiers::NONE, Key::R);
    hands.get_by_label("Turn in the view coronal").set_value_accesskit(15.0);
    hands.run_steps(3);
    let angle = hands.state().view.scan.oblique.expect("turned by a tool").angle();
    assert!((angle - 15.0).abs() < 1e-3, "{angle}");
    hands.get_by_label("Straighten").click();
    hands.run_steps(3);
    assert_eq!(hands.state().view.scan.oblique, None);
}

#[test]
fn slices_are_made_thick_and_say_so() {
    let mut hands = window();
    hands.hover_at(pane(&hands, Plane::Axial).center());
    hands.step();
    let before = hands.state().view.scan.crosshair;
    wheel(&mut hands, 3.0, Modifiers::ALT);
    assert_eq!(hands.state().view.prefs.slab_mm, 3.0);
    assert_eq!(hands.state().view.scan.crosshair, before, "no slice was stepped");
    press(&mut hands, Modifiers::SHIFT, Key::M);
    assert!(texts(&hands).iter().any(|t| t == "MIP 3 mm"), "{:?}", texts(&hands));
    press(&mut hands, Modifiers::ALT, Key::ArrowUp);
    assert_eq!(hands.state().view.prefs.slab_mm, 4.0);
    hands.get_by_label("MinIP").click();
    hands.run_steps(2);
    assert!(texts(&hands).iter().any(|t| t == "MinIP 4 mm"));
    press(&mut hands, Modifiers::NONE, Key::M);
    assert_eq!(hands.state().view.prefs.slab_mm, 0.0);
}

#[test]
fn shift_or_the_middle_button_moves_the_3d_picture_and_what_is_seen_goes_along() {
    let mut hands = window();
    let rect = hands.get_by_label("3D view").rect();
    let pane = [rect.width().into(), rect.height().into()];
    let seen = |hands: &Hands, at: DVec2| {
        let grid = hands.state().document.image().grid();
        hands.state().view.scan.orbit.world_from_pane(grid, pane, at.extend(0.0))
    };
    let middle = DVec2::new(pane[0], pane[1]) / 2.0;
    let before = hands.state().view.scan.orbit.clone();
    let there = seen(&hands, middle);
    drag_with(&mut hands, rect.center(), vec2(30.0, 12.0), Modifiers::SHIFT);
    let orbit = hands.state().view.scan.orbit.clone();
    assert_eq!((orbit.azimuth, orbit.elevation), (before.azimuth, before.elevation), "no turn");
    assert!(seen(&hands, middle + DVec2::new(30.0, 12.0)).distance(there) < 1e-6);
    // The keyboard does the same, and the command for all views takes it back.
    hands.get_by_label("3D view").focus();
    hands.run_steps(2);
    press(&mut hands, Modifiers::SHIFT, Key::ArrowLeft);
    assert!(hands.state().view.scan.orbit.shift.x < orbit.shift.x);
    hands.get_by_label("Reset views").click();
    hands.run_steps(2);
    assert_eq!(hands.state().view.scan.orbit.shift, DVec2::ZERO);
}
