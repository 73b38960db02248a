//! A pen whose pressure is told, in the real window: touches and the pointer's events that follow them, as winit and
//! egui give them.

use egui::{Event, Key, PointerButton, Pos2, TouchDeviceId, TouchId, TouchPhase};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable};
use voxpoint::app::App;
use voxpoint::geom::{DVec3, Plane};

use crate::brush::{
    CTRL, NONE, button, check, distance, document, grid, look_at, press, radius, spot, stroke,
    undo, with_brush,
};
use crate::support::{place, voxels};

/// Touches at these places, so hard, all of them in one frame or each in one of its own.
fn pen(harness: &mut Harness<'_, App>, path: &[(Pos2, Option<f32>)], slowly: bool, command: bool) {
    let modifiers = if command { CTRL } else { NONE };
    harness.event(Event::ModifiersChanged(modifiers));
    let touch = |phase, (pos, force): (Pos2, Option<f32>)| {
        let (device_id, id) = (TouchDeviceId(3), TouchId::from(5u64));
        Event::Touch { device_id, id, phase, pos, force }
    };
    let primary = PointerButton::Primary;
    let (first, last) = (path[0], path[path.len() - 1]);
    let mut events = vec![
        touch(TouchPhase::Start, first),
        Event::PointerMoved(first.0),
        button(first.0, primary, true, modifiers),
    ];
    for at in path {
        events.extend([touch(TouchPhase::Move, *at), Event::PointerMoved(at.0)]);
    }
    events.extend([
        // It has no pressure any more.
        touch(TouchPhase::End, (last.0, None)),
        button(last.0, primary, false, modifiers),
        Event::PointerGone,
    ]);
    if slowly {
        for event in events {
            harness.event(event);
            harness.step();
        }
    } else {
        // (Where views answer to a press is known from the frame before.)
        harness.step();
        harness.input_mut().events.extend(events);
        harness.step();
    }
    harness.event(Event::ModifiersChanged(NONE));
    harness.run_steps(2);
}

/// How deep a place is inside of a brush whose radius changes on its way: in that on the way in which it is deepest.
fn tapered(p: DVec3, [a, b]: [DVec3; 2], [r, to]: [f64; 2]) -> f64 {
    let at = |n: u32| f64::from(n) / 2000.0;
    let inside = |t: f64| r + (to - r) * t - p.distance(a.lerp(b, t));
    (0..=2000).map(|n| inside(at(n))).fold(f64::MIN, f64::max)
}

#[test]
fn a_stroke_is_as_wide_as_the_pen_is_pressed_all_along() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_brush(temp.path());
    let (middle, r) = (spot(&harness, DVec3::ZERO), radius(&harness));
    look_at(&mut harness, middle);
    let ends = [middle - DVec3::X * 10.0, middle + DVec3::X * 9.0];
    let [from, to] = ends.map(|world| place(&harness, Plane::Axial, world));
    let slice = 10;
    // From 30 % and a bit to all of it.
    let radii = [r * (0.3 + 0.7 * 0.1 / 0.8), r];
    for slowly in [false, true] {
        pen(&mut harness, &[(from, Some(0.1)), (to, Some(0.9))], slowly, false);
        check(&harness, "a pen", |centre, voxel| {
            if voxel[2] == slice { tapered(centre, ends, radii) } else { -1.0 }
        });
        assert_eq!(document(&harness).history_steps().1, 1, "one step");
        undo(&mut harness);
    }
    // Pressures that make no sense, none, and one that no finger's screen measures: all of the size.
    for force in [None, Some(0.0), Some(f32::NAN), Some(0.5)] {
        pen(&mut harness, &[(from, force), (to, force)], false, false);
        check(&harness, &format!("{force:?}"), |centre, voxel| {
            if voxel[2] == slice { r - distance(centre, ends[0], ends[1]) } else { -1.0 }
        });
        undo(&mut harness);
    }
    // The mouse after a pen: all of it.
    pen(&mut harness, &[(from, Some(0.1))], false, false);
    undo(&mut harness);
    stroke(&mut harness, &[from, to], PointerButton::Primary, NONE);
    check(&harness, "the mouse", |centre, voxel| {
        if voxel[2] == slice { r - distance(centre, ends[0], ends[1]) } else { -1.0 }
    });
    undo(&mut harness);
    // And switched off.
    harness.get_by_label("Pen pressure").click();
    harness.run_steps(2);
    assert!(!harness.state().view().prefs.brush.pen_pressure);
    pen(&mut harness, &[(from, Some(0.1)), (to, Some(0.2))], false, false);
    check(&harness, "off", |centre, voxel| {
        if voxel[2] == slice { r - distance(centre, ends[0], ends[1]) } else { -1.0 }
    });
}

#[test]
fn the_ring_shows_the_size_in_force_and_the_eraser_and_3d_have_it_too() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_brush(temp.path());
    let middle = spot(&harness, DVec3::ZERO);
    look_at(&mut harness, middle);
    let at = place(&harness, Plane::Axial, middle + DVec3::new(0.3, 0.2, 0.0));
    let share = |h: &Harness<'_, App>| h.state().view().transient.brush.map(|brush| brush.share);
    harness.hover_at(at);
    harness.run_steps(3);
    assert_eq!(share(&harness), Some(1.0), "nothing is pressed");
    for (phase, force) in [(TouchPhase::Start, 0.2), (TouchPhase::Move, 0.4)] {
        let (device_id, id) = (TouchDeviceId(3), TouchId::from(5u64));
        harness.event(Event::Touch { device_id, id, phase, pos: at, force: Some(force) });
        harness.event(Event::PointerMoved(at));
        if phase == TouchPhase::Start {
            harness.event(button(at, PointerButton::Primary, true, NONE));
        }
        harness.run_steps(2);
        let expected = 0.3 + 0.7 * f64::from(force) / 0.8;
        let found = share(&harness).expect("a ring");
        assert!((found - expected).abs() < 1e-6, "{force}: {found}");
    }
    harness.event(button(at, PointerButton::Primary, false, NONE));
    harness.event(Event::PointerGone);
    harness.run_steps(3);
    undo(&mut harness);
    // What is painted in 3D, and erased.
    press(&mut harness, Key::A, egui::Modifiers::ALT);
    let centre = harness.get_by_label("3D view").rect().center();
    let mut painted = Vec::new();
    for force in [0.05, 0.8] {
        let path = [-20.0, 20.0].map(|x| (centre + egui::vec2(x, 0.0), Some(force)));
        pen(&mut harness, &path, true, true);
        painted.push(voxels(harness.state())[0]);
        undo(&mut harness);
    }
    assert!(painted[0] * 3 < painted[1] && painted[0] > 0, "{painted:?}");
    stroke(&mut harness, &[at], PointerButton::Primary, NONE);
    let whole = voxels(harness.state())[0];
    press(&mut harness, Key::E, NONE);
    let left = |harness: &mut Harness<'_, App>, force| {
        pen(harness, &[(at, Some(force))], false, false);
        let left = voxels(harness.state())[0];
        undo(harness);
        left
    };
    let (lightly, firmly) = (left(&mut harness, 0.05), left(&mut harness, 1.0));
    assert!(lightly > whole / 2 && lightly < whole && firmly == 0, "{lightly} {firmly} of {whole}");
    assert!(grid(&harness).voxel_at(middle).is_some());
    assert!(harness.get_by_label("Pen pressure").accesskit_node().toggled().is_some());
}
