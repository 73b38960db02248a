//! What a click under the pointer would do, before it is made.

use super::*;

#[test]
fn a_pointer_says_what_it_would_click_and_when_it_rests() {
    let mut harness = harness();
    let (world, pos) = at(&harness, Plane::Sagittal, 0.4, 0.6);
    harness.hover_at(pos);
    harness.step();
    let intent = harness.state().view.transient.intent.expect("a click is possible here");
    assert!(intent.prompt.positive && intent.prompt.world.distance(world) < 1e-3);
    assert!(!intent.resting, "it has just come");
    // A frame takes 10 ms here; a tremble is rest, too.
    harness.run_steps(10);
    harness.hover_at(pos + vec2(2.0, 1.0));
    harness.run_steps(8);
    assert!(harness.state().view.transient.intent.is_some_and(|i| i.resting));
    harness.hover_at(pos + vec2(9.0, 0.0));
    harness.step();
    assert!(harness.state().view.transient.intent.is_some_and(|i| !i.resting), "it moves");

    let none = |harness: &mut Harness<'_, Desk>, why: &str| {
        harness.step();
        assert_eq!(harness.state().view.transient.intent, None, "{why}");
    };
    harness.state_mut().view.prefs.tool = tools::CROSSHAIR;
    none(&mut harness, "another tool");
    harness.state_mut().view.prefs.tool = tools::POINT;
    harness.state_mut().view.transient.peek = true;
    none(&mut harness, "masks are hidden");
    harness.state_mut().view.transient.peek = false;
    harness.state_mut().view.prefs.show_preview = false;
    none(&mut harness, "not wanted");
    harness.state_mut().view.prefs.show_preview = true;
    let modifiers = Modifiers::NONE;
    let button = PointerButton::Primary;
    harness.event(Event::PointerButton { pos, button, pressed: true, modifiers });
    none(&mut harness, "a button is down");
    harness.event(Event::PointerButton { pos, button, pressed: false, modifiers });
    harness.event(Event::ModifiersChanged(Modifiers::ALT));
    harness.run_steps(2);
    assert!(
        harness.state().view.transient.intent.is_some_and(|i| !i.prompt.positive),
        "Alt: outside"
    );
    harness.event(Event::ModifiersChanged(modifiers));
    harness.hover_at(harness.get_by_label("3D view").rect().center());
    none(&mut harness, "no slice");
}

#[test]
fn a_pointer_on_a_dot_would_click_nothing() {
    let mut desk = desk();
    with_object(&mut desk, &[[9, 10, 5]]);
    let world = desk.document.objects()[0].log.prompts[0].world;
    desk.view.scan.crosshair = world;
    let mut harness = harness_of(desk, vec2(820.0, 640.0));
    let view = &harness.state().view;
    let grid = harness.state().document.image().grid();
    let rect = pane(&harness, Plane::Axial);
    let size = voxpoint::geom::DVec2::new(f64::from(rect.width()), f64::from(rect.height()));
    let slice = view.slice(grid, Plane::Axial);
    let transform = views::SliceTransform::new(
        grid,
        Plane::Axial,
        view.prefs.convention,
        None,
        None,
        size,
        slice,
    );
    let dot = transform.pane_from_world(world);
    let dot = rect.min + vec2(dot.x as f32, dot.y as f32);
    for (pos, possible) in [(dot, false), (dot + vec2(12.0, 0.0), true)] {
        harness.hover_at(pos);
        harness.run_steps(2);
        assert_eq!(harness.state().view.transient.intent.is_some(), possible, "{pos}");
    }
}
