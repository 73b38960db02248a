//! A point that is taken elsewhere by hand.

use voxpoint::ui::GestureState;

use super::*;

/// Two points of one object in the axial slice that is shown, and the harness.
fn with_points() -> Harness<'static, Desk> {
    let mut desk = desk();
    with_object(&mut desk, &[[9, 10, 5], [16, 10, 12]]);
    desk.view.scan.crosshair = desk.document.objects()[0].log.prompts[0].world;
    harness_of(desk, vec2(820.0, 640.0))
}

/// Where a world position is in the axial view.
fn on_screen(harness: &Harness<'_, Desk>, world: DVec3) -> Pos2 {
    let rect = pane(harness, Plane::Axial);
    let (low, high) = (LOW, [high(0), high(1)]);
    let across = (high[0] - world.x) / (high[0] - low.x);
    let down = (high[1] - world.y) / (high[1] - low.y);
    place(harness.state(), Plane::Axial, rect, across, down).1
}

fn button(harness: &mut Harness<'_, Desk>, pos: Pos2, pressed: bool) {
    let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
    harness.event(Event::PointerButton { pos, button, pressed, modifiers });
    harness.step();
}

fn move_to(harness: &mut Harness<'_, Desk>, pos: Pos2) {
    harness.event(Event::PointerMoved(pos));
    harness.step();
}

fn moves(harness: &Harness<'_, Desk>) -> Vec<(PromptId, DVec3)> {
    let of = |action: &Action| match action {
        Action::Do(Command::MovePrompt { prompt, to, .. }) => Some((*prompt, *to)),
        _ => None,
    };
    harness.state().actions.iter().filter_map(of).collect()
}

#[test]
fn a_dragged_point_goes_where_the_hand_lets_it_go_and_not_before() {
    let mut harness = with_points();
    let first = harness.state().document.objects()[0].log.prompts[0];
    let from = on_screen(&harness, first.world);
    let goal = first.world + DVec3::new(4.0, -3.0, 0.0);
    let to = on_screen(&harness, goal);
    assert!(from.distance(to) > 20.0);
    let revision = harness.state().document.revision();
    button(&mut harness, from, true);
    for share in [0.3, 0.7, 1.0] {
        move_to(&mut harness, from + (to - from) * share);
    }
    let dragged = harness.state().view.transient.dragged_prompt.expect("on its way");
    assert!(dragged.prompt == first.id && dragged.to.distance(goal) < 0.1, "{dragged:?}");
    assert!(harness.state().view.scan.crosshair.distance(goal) < 0.1, "other views go along");
    assert_eq!(harness.state().document.revision(), revision);
    button(&mut harness, to, false);
    let [(prompt, there)] = moves(&harness)[..] else { panic!("one move") };
    assert!(prompt == first.id && there.distance(goal) < 0.1, "{there}");
    let view = &harness.state().view.transient;
    assert_eq!((view.dragged_prompt, view.selected_prompt.map(|s| s.1)), (None, Some(first.id)));
    assert_eq!(harness.state().actions.len(), 1, "neither a click nor a pan");
}

#[test]
fn esc_during_the_drag_puts_it_back() {
    let mut harness = with_points();
    let first = harness.state().document.objects()[0].log.prompts[0];
    let from = on_screen(&harness, first.world);
    button(&mut harness, from, true);
    move_to(&mut harness, from + vec2(40.0, 25.0));
    assert!(harness.state().view.transient.dragged_prompt.is_some());
    harness.state_mut().view.transient.gesture = GestureState::GivenUp;
    harness.step();
    assert_eq!(harness.state().view.transient.dragged_prompt, None);
    assert_eq!(harness.state().view.scan.crosshair, first.world);
    button(&mut harness, from + vec2(40.0, 25.0), false);
    assert!(harness.state().actions.is_empty());
}

#[test]
fn out_of_the_scan_and_onto_another_point_it_does_not_go() {
    for outside in [true, false] {
        let mut harness = with_points();
        harness.state_mut().apply = true;
        // Both in one slice.
        let [first, second] = harness.state().document.objects()[0].log.prompts[..] else {
            panic!("two points")
        };
        let beside = DVec3 { z: first.world.z, ..second.world };
        let (object, prompt) = (LabelId(1), second.id);
        let document = &mut harness.state_mut().document;
        document.apply(Command::MovePrompt { object, prompt, to: beside }).unwrap();
        harness.run_steps(2);
        let before = harness.state().document.objects()[0].log.clone();
        let from = on_screen(&harness, first.world);
        let to = if outside {
            pane(&harness, Plane::Axial).left_center() + vec2(8.0, 0.0)
        } else {
            on_screen(&harness, beside)
        };
        button(&mut harness, from, true);
        move_to(&mut harness, to);
        assert!(harness.state().view.transient.dragged_prompt.is_some());
        button(&mut harness, to, false);
        assert_eq!(harness.state().document.objects()[0].log, before, "{outside}");
        assert_eq!(harness.state().view.scan.crosshair, first.world);
    }
}
