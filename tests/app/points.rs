//! Points as things in the real window: found by the keyboard, in the list and in 3D, dragged, flipped, taken out. Needs
//! what `clicks.rs` needs.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Event, Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::document::{Command, Object};
use voxpoint::geom::{DVec3, Plane};
use voxpoint::prompt::{Capabilities, Prompt, PromptShape, ShapeKind, ShapeKinds};

use crate::other_model::{Only, scan as rods};
use crate::support::{click, look_away, opened, place, sample_click, voxels, wait, window_on};

const NONE: Modifiers = Modifiers::NONE;

fn object<'a>(harness: &'a Harness<'_, App>) -> &'a Object {
    &harness.state().document().expect("open").objects()[0]
}

/// Which of the points is selected, from 0.
fn selected(harness: &Harness<'_, App>) -> Option<usize> {
    let (_, prompt) = harness.state().view().transient.selected_prompt?;
    object(harness).log.position(prompt)
}

fn press(harness: &mut Harness<'_, App>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_steps(3);
}

fn computed(harness: &mut Harness<'_, App>) {
    wait(harness, "the mask", App::is_idle);
}

/// A positive point, a negative one 25 mm to the side, and a positive one 10 mm above.
fn with_points() -> (Harness<'static, App>, [DVec3; 3]) {
    let mut harness = opened();
    let at = sample_click();
    let places = [at, at + DVec3::new(25.0, 0.0, 0.0), at + DVec3::new(0.0, 0.0, 10.0)];
    let buttons = [PointerButton::Primary, PointerButton::Secondary, PointerButton::Primary];
    for (world, button) in places.into_iter().zip(buttons) {
        click(&mut harness, Plane::Coronal, world, button);
        computed(&mut harness);
    }
    look_away(&mut harness);
    let signs: Vec<bool> = object(&harness).log.prompts.iter().map(|p| p.positive).collect();
    assert_eq!(signs, [true, false, true]);
    (harness, places)
}

fn button(harness: &mut Harness<'_, App>, pos: Pos2, pressed: bool) {
    let button = PointerButton::Primary;
    harness.event(Event::PointerButton { pos, button, pressed, modifiers: NONE });
    harness.step();
}

/// Drags a point by so many screen points; the button stays down.
fn drag(harness: &mut Harness<'_, App>, world: DVec3, by: egui::Vec2) -> Pos2 {
    harness.state_mut().look_at(world);
    harness.run_steps(2);
    let from = place(harness, Plane::Coronal, world);
    harness.event(Event::PointerMoved(from));
    harness.step();
    button(harness, from, true);
    for share in [0.5, 1.0] {
        harness.event(Event::PointerMoved(from + by * share));
        harness.step();
    }
    from + by
}

#[test]
fn a_dragged_point_has_the_mask_computed_again_and_undo_gives_all_back() {
    let (mut harness, places) = with_points();
    let before = (voxels(harness.state()), object(&harness).clone());
    let steps =
        |harness: &Harness<'_, App>| harness.state().document().expect("open").history_steps().1;
    let done = steps(&harness);
    let let_go = drag(&mut harness, places[0], vec2(-30.0, 18.0));
    assert_eq!(object(&harness).log, before.1.log, "only when it is let go");
    // Esc puts it back.
    press(&mut harness, NONE, Key::Escape);
    button(&mut harness, let_go, false);
    harness.run_steps(3);
    assert_eq!((&object(&harness).log, steps(&harness)), (&before.1.log, done));

    let let_go = drag(&mut harness, places[0], vec2(-30.0, 18.0));
    button(&mut harness, let_go, false);
    computed(&mut harness);
    let moved = object(&harness).clone();
    assert_eq!((moved.log.prompts[0].id, steps(&harness)), (before.1.log.prompts[0].id, done + 1));
    let away = moved.log.prompts[0].world.distance(places[0]);
    assert!(away > 5.0, "{away} mm");
    assert_eq!(moved.replayed(), 3, "and the clicks after it are answered again");
    assert!(moved.region != before.1.region);
    assert_eq!(selected(&harness), Some(0));
    look_away(&mut harness);
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!((voxels(harness.state()), object(&harness)), (before.0, &before.1));
    press(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(object(&harness), &moved);

    // Locked, it stays, in words.
    press(&mut harness, NONE, Key::L);
    let world = object(&harness).log.prompts[0].world;
    let let_go = drag(&mut harness, world, vec2(25.0, 0.0));
    button(&mut harness, let_go, false);
    harness.run_steps(3);
    assert_eq!(object(&harness).log, moved.log);
    assert!(harness.state().messages().any(|m| m.contains("locked")));
}

#[test]
fn points_are_stepped_through_flipped_and_taken_out_by_keys() {
    let (mut harness, places) = with_points();
    assert_eq!(selected(&harness), None);
    let crosshair = |harness: &Harness<'_, App>| harness.state().view().scan.crosshair;
    let steps = [
        (NONE, Key::Z, 0),
        (NONE, Key::Tab, 1),
        (NONE, Key::Tab, 2),
        (NONE, Key::Tab, 0),
        (Modifiers::SHIFT, Key::Tab, 2),
        (Modifiers::SHIFT, Key::Z, 1),
    ];
    for (modifiers, key, which) in steps {
        press(&mut harness, modifiers, key);
        assert_eq!(selected(&harness), Some(which), "{modifiers:?} {key:?}");
        let there = object(&harness).log.prompts[which].world;
        assert_eq!(crosshair(&harness), there);
        assert!(there.distance(places[which]) < 3.0);
    }
    // The second is positive now: another mask.
    let before = object(&harness).clone();
    press(&mut harness, Modifiers::SHIFT, Key::P);
    computed(&mut harness);
    assert!(object(&harness).log.prompts[1].positive && object(&harness).replayed() == 3);
    assert!(object(&harness).region.count() > before.region.count());
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(object(&harness), &before);
    // The first can't be negative.
    press(&mut harness, NONE, Key::Tab);
    press(&mut harness, NONE, Key::Tab);
    press(&mut harness, Modifiers::SHIFT, Key::P);
    assert_eq!(object(&harness).log, before.log);
    assert!(
        harness.state().messages().any(|m| m.contains("first click of an object must be positive"))
    );

    // From the list: the one in the middle goes.
    harness.get_by_label("Prompt 2, negative").click_secondary();
    harness.run_steps(3);
    assert_eq!(selected(&harness), Some(1));
    harness.get_by_label("Make positive");
    harness.get_by_role_and_label(Role::Button, "Delete").click();
    harness.run_steps(3);
    computed(&mut harness);
    assert_eq!((object(&harness).log.prompts.len(), object(&harness).replayed()), (2, 2));
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(object(&harness), &before);
    // Esc lets go of the selection, and Tab is for objects again.
    press(&mut harness, NONE, Key::Z);
    press(&mut harness, NONE, Key::Escape);
    press(&mut harness, NONE, Key::Tab);
    assert_eq!(selected(&harness), None);
}

#[test]
fn points_are_seen_and_selected_in_3d() {
    let (mut harness, places) = with_points();
    let rect = harness.get_by_label("3D view").rect();
    let dot = |harness: &Harness<'_, App>, world: DVec3| {
        let app = harness.state();
        let grid = app.document().expect("open").image().grid();
        let size = [f64::from(rect.width()), f64::from(rect.height())];
        let at = app.view().scan.orbit.project(grid, size, world);
        rect.min + vec2(at.x as f32, at.y as f32)
    };
    let prompts = object(&harness).log.prompts.clone();
    for (which, prompt) in prompts.iter().enumerate() {
        harness.state_mut().look_at(places[0] - DVec3::splat(20.0));
        let at = dot(&harness, prompt.world);
        harness.event(Event::PointerMoved(at));
        harness.step();
        button(&mut harness, at, true);
        button(&mut harness, at, false);
        harness.run_steps(3);
        assert_eq!(selected(&harness), Some(which));
        assert_eq!(harness.state().view().scan.crosshair, prompt.world);
    }
    assert_eq!(object(&harness).log.prompts, prompts, "nothing was clicked");
    // The green and red of points, in the picture.
    look_away(&mut harness);
    let picture = harness.render().expect("a picture");
    for (prompt, colour) in prompts.iter().zip([[0x3d, 0xd6, 0x8c], [0xff, 0x6b, 0x6b]]) {
        let at = dot(&harness, prompt.world);
        let near = picture.enumerate_pixels().filter(|(x, y, p)| {
            let like = (0..3).all(|c| p[c].abs_diff(colour[c]) < 40);
            like && Pos2::new(*x as f32, *y as f32).distance(at) < 7.0
        });
        assert!(near.count() > 10, "{at}");
    }
}

/// Of what was drawn each model takes what it says; nothing is left out of a mask without a word.
#[test]
fn what_the_model_in_use_does_not_take_is_refused_before_it_is_asked() {
    let temp = tempfile::tempdir().expect("temp folder");
    let only = Only::default();
    let can = Capabilities { shapes: ShapeKinds { boxes: true, ..ShapeKinds::NONE }, ..only.can };
    let models = Box::new(Only { can, ..only });
    let mut harness = window_on(vec![rods(temp.path())], None, models);
    wait(&mut harness, "the scan", |app| app.document().is_some());
    wait(&mut harness, "the model", |app| app.status().capabilities.is_some());
    let dims = harness.state().document().expect("open").image().grid().dims();
    let draw = |harness: &mut Harness<'_, App>, kind: ShapeKind| {
        let places = [[20.0, 15.0], [30.0, 25.0]];
        let shape = PromptShape::drawn(kind, (2, 25), &places, 1.0, dims);
        let (anchor, shape) = shape.expect("a shape");
        let grid = harness.state().document().expect("open").image().grid();
        let (prompt, shape) = (Prompt::positive(grid.world_of(anchor)), Arc::new(shape));
        harness.state_mut().carry_out(Command::AddShape { object: None, prompt, shape });
        wait(harness, "an answer", App::is_idle);
    };
    let count = |harness: &Harness<'_, App>| {
        let objects = harness.state().document().expect("open").objects();
        objects.first().map_or(0, |object| object.log.prompts.len())
    };
    draw(&mut harness, ShapeKind::Scribble);
    assert_eq!(count(&harness), 0);
    let told = |app: &App| app.messages().any(|m| m.contains("boxes: 0, scribbles: 1, lassos: 0"));
    assert!(told(harness.state()));
    draw(&mut harness, ShapeKind::Box);
    assert_eq!(count(&harness), 1);
}
