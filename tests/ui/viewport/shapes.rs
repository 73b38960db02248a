//! Boxes, scribbles and lassos, drawn by hand in the slice views.

use std::sync::Arc;

use voxpoint::prompt::{Capabilities, PromptShape, ShapeKind, ShapeKinds};
use voxpoint::ui::{ModelStatus, ToolId};

use super::*;

/// What was drawn: its prompt, and what it is.
fn drawn(harness: &Harness<'_, Desk>) -> Vec<(Prompt, Arc<PromptShape>)> {
    let shape = |action: &Action| match action {
        Action::Do(Command::AddShape { object: None, prompt, shape }) => {
            (*prompt, Arc::clone(shape))
        }
        other => panic!("an action nobody asked for: {other:?}"),
    };
    harness.state().actions.iter().map(shape).collect()
}

fn with_tool(tool: ToolId) -> Harness<'static, Desk> {
    let mut desk = desk();
    desk.view.prefs.tool = tool;
    harness_of(desk, vec2(820.0, 640.0))
}

/// Presses, goes through places on the screen, and lets go.
fn draw(harness: &mut Harness<'_, Desk>, places: &[Pos2], button: PointerButton) {
    let modifiers = Modifiers::NONE;
    harness.event(Event::PointerMoved(places[0]));
    harness.event(Event::PointerButton { pos: places[0], button, pressed: true, modifiers });
    harness.step();
    for pair in places.windows(2) {
        for n in 1..=12 {
            harness.event(Event::PointerMoved(pair[0].lerp(pair[1], n as f32 / 12.0)));
        }
        harness.step();
    }
    let pos = places[places.len() - 1];
    harness.event(Event::PointerButton { pos, button, pressed: false, modifiers });
    harness.run();
}

#[test]
fn a_box_has_the_voxels_from_corner_to_corner_in_the_slice_shown() {
    for plane in Plane::ALL {
        for (button, positive) in
            [(PointerButton::Primary, true), (PointerButton::Secondary, false)]
        {
            let mut harness = with_tool(tools::BOX_PROMPT);
            let (one, from) = at(&harness, plane, 0.31, 0.22);
            let (other, to) = at(&harness, plane, 0.68, 0.77);
            draw(&mut harness, &[from, to], button);
            let [(prompt, shape)] = &drawn(&harness)[..] else { panic!("one box") };
            assert_eq!((prompt.positive, shape.kind()), (positive, ShapeKind::Box));
            let (a, b) = (voxel_at(one), voxel_at(other));
            let expected: usize = (0..3).map(|axis| a[axis].abs_diff(b[axis]) + 1).product();
            let grid = harness.state().document.image().grid();
            let anchor = grid.voxel_at(prompt.world).unwrap();
            let voxels = shape.voxels(anchor, grid.dims());
            assert_eq!(voxels.count(), expected, "{}", plane.name());
            assert!(voxels.contains(grid.index(a)) && voxels.contains(grid.index(b)));
        }
    }
}

#[test]
fn scribbles_and_lassos_are_what_the_hand_draws() {
    for plane in Plane::ALL {
        let corners = [(0.32, 0.3), (0.72, 0.35), (0.62, 0.7)];
        let mut counts = Vec::new();
        for tool in [tools::SCRIBBLE_PROMPT, tools::LASSO_PROMPT] {
            let mut harness = with_tool(tool);
            let places = corners.map(|(across, down)| at(&harness, plane, across, down));
            draw(&mut harness, &places.map(|(_, pos)| pos), PointerButton::Primary);
            let [(prompt, shape)] = &drawn(&harness)[..] else { panic!("one of them") };
            let grid = harness.state().document.image().grid();
            let anchor = grid.voxel_at(prompt.world).unwrap();
            let voxels = shape.voxels(anchor, grid.dims());
            counts.push(voxels.count());
            if shape.kind() == ShapeKind::Scribble {
                assert!(places.iter().all(|(at, _)| voxels.contains(grid.index(voxel_at(*at)))));
                assert_eq!(anchor, voxel_at(places[0].0), "it begins where the hand did");
            }
            let middle = places.iter().fold(DVec3::ZERO, |sum, (at, _)| sum + *at / 3.0);
            let lasso = shape.kind() == ShapeKind::Lasso;
            assert_eq!(voxels.contains(grid.index(voxel_at(middle))), lasso, "{}", plane.name());
        }
        assert!(counts.iter().all(|count| *count > 10), "{counts:?}");
    }
    // A click is a dot with the scribble, and nothing with the others.
    for (tool, prompts) in
        [(tools::SCRIBBLE_PROMPT, 1), (tools::BOX_PROMPT, 0), (tools::LASSO_PROMPT, 0)]
    {
        let mut harness = with_tool(tool);
        let (_, pos) = at(&harness, Plane::Axial, 0.4, 0.6);
        click(&mut harness, pos, PointerButton::Primary, Modifiers::NONE);
        assert_eq!(drawn(&harness).len(), prompts);
    }
}

#[test]
fn a_scribble_is_as_wide_as_is_set_beside_it() {
    let mut last = 0;
    for radius in [0.0, 1.0, 3.0] {
        let mut harness = with_tool(tools::SCRIBBLE_PROMPT);
        harness.state_mut().view.scan.scribble_radius = radius;
        let places = [at(&harness, Plane::Axial, 0.35, 0.4), at(&harness, Plane::Axial, 0.6, 0.6)];
        draw(&mut harness, &places.map(|(_, pos)| pos), PointerButton::Primary);
        let [(prompt, shape)] = &drawn(&harness)[..] else { panic!("one scribble") };
        assert_eq!(shape.radius(), radius);
        let grid = harness.state().document.image().grid();
        let voxels = shape.voxels(grid.voxel_at(prompt.world).unwrap(), grid.dims()).count();
        assert!(voxels > last, "{voxels} with {radius}");
        last = voxels;
    }
    // The tool's wheel, and no further than it goes.
    let mut view = desk().view;
    let tool = tools::of(tools::SCRIBBLE_PROMPT);
    for (lines, radius) in [(2, 3.0), (-1, 2.0), (-9, 0.0), (999, 20.0)] {
        assert!(tool.wheel(lines, &mut view));
        assert_eq!(view.scan.scribble_radius, radius);
    }
    assert!(!tools::of(tools::LASSO_PROMPT).wheel(1, &mut view));
}

#[test]
fn what_can_not_be_drawn_is_told() {
    let refused = |harness: &Harness<'_, Desk>| match &harness.state().actions[..] {
        [Action::Refuse(why)] => why.clone(),
        other => panic!("{other:?}"),
    };
    // Thin.
    let mut harness = with_tool(tools::BOX_PROMPT);
    let (_, from) = at(&harness, Plane::Axial, 0.4, 0.4);
    draw(&mut harness, &[from, from + vec2(60.0, 0.0)], PointerButton::Primary);
    assert!(refused(&harness).contains("two voxels"));
    // In planes that are turned.
    let mut harness = with_tool(tools::LASSO_PROMPT);
    let grid = harness.state().document.image().grid().clone();
    harness.state_mut().view.turn(&grid, Plane::Coronal, 20.0);
    harness.run();
    let (_, from) = at(&harness, Plane::Axial, 0.4, 0.4);
    let places = [from, from + vec2(60.0, 0.0), from + vec2(30.0, 60.0)];
    draw(&mut harness, &places, PointerButton::Primary);
    assert!(refused(&harness).contains("straight"));
    // A model that takes none.
    let mut harness = with_tool(tools::SCRIBBLE_PROMPT);
    let status = &mut harness.state_mut().status;
    status.model = ModelStatus::Ready {
        name: "demo".to_owned(),
        device: "CPU".to_owned(),
        reason: String::new(),
    };
    status.capabilities = Some(Capabilities {
        negative_points: true,
        previews: true,
        extends: true,
        adjusts: true,
        sight: None,
        shapes: ShapeKinds { boxes: true, ..ShapeKinds::NONE },
    });
    harness.run();
    draw(&mut harness, &places, PointerButton::Primary);
    assert!(refused(&harness).contains("takes no scribbles"));
}
