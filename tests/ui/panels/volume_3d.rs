//! The 3D section of the display panel: modes, presets, the transfer curve, camera and clipping.

use egui::{Event, Key, Modifiers, PointerButton, Pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use voxpoint::geom::{Axis, DVec3, Direction, Orbit};
use voxpoint::render::{Mode3d, TransferCurve, TransferFunction, TransferPreset};
use voxpoint::ui::View3d;
use voxpoint::volume::Window;

use super::desktop::{Desktop, picture, press, shows, taken};

/// High enough that nothing is scrolled out of sight.
fn window() -> Harness<'static, Desktop> {
    Desktop::open().window([1440.0, 2000.0])
}

fn view_3d<'h>(harness: &'h Harness<'_, Desktop>) -> &'h View3d {
    &harness.state().view.scan.view_3d
}

fn click(harness: &mut Harness<'_, Desktop>, label: &str) {
    harness.get_by_label(label).click();
    harness.step();
    harness.step();
}

fn curve(harness: &Harness<'_, Desktop>) -> TransferCurve {
    match &view_3d(harness).transfer {
        TransferFunction::Points(curve) => curve.clone(),
        TransferFunction::Window => panic!("it follows the window"),
    }
}

fn choose(harness: &mut Harness<'_, Desktop>, combo: &str, entry: &str) {
    click(harness, combo);
    click(harness, entry);
}

#[test]
fn modes_and_presets() {
    let mut harness = window();
    assert_eq!(harness.state().view.prefs.mode_3d, Mode3d::Volume);
    choose(&mut harness, "3D preset", "CT bone");
    assert_eq!(view_3d(&harness).preset, Some(TransferPreset::CtBone));
    assert!(curve(&harness).points().len() > 2);
    picture(&mut harness, "volume-3d");
    click(&mut harness, "3D Iso");
    assert_eq!(harness.state().view.prefs.mode_3d, Mode3d::Iso);
    assert!(harness.query_by_label("Iso value").is_some());
    assert!(harness.query_by_label("3D preset").is_none());
    for (name, mode) in
        [("3D MIP", Mode3d::Mip), ("3D Masks", Mode3d::Surface), ("3D Volume", Mode3d::Volume)]
    {
        click(&mut harness, name);
        assert_eq!(harness.state().view.prefs.mode_3d, mode);
    }
}

#[test]
fn the_3d_view_has_a_window_of_its_own() {
    let mut harness = window();
    let at_first = view_3d(&harness).window;
    choose(&mut harness, "3D preset", "CT bone");
    assert!(harness.query_by_label("3D window centre").is_none(), "a preset has its own values");
    click(&mut harness, "3D MIP");
    let wider = Window::new(at_first.centre + 10.0, at_first.width * 2.0);
    harness.state_mut().view.set_layer_window(wider);
    harness.step();
    assert_eq!(view_3d(&harness).window, at_first, "the slices' window leaves it alone");
    click(&mut harness, "Window of the slices");
    assert_eq!(view_3d(&harness).window, wider);
    click(&mut harness, "3D Volume");
    harness.state_mut().view.scan.view_3d.transfer = TransferFunction::Window;
    harness.step();
    assert!(harness.query_by_label("3D window width").is_some());
}

fn at_point(harness: &Harness<'_, Desktop>, n: usize) -> Pos2 {
    harness.get_by_label_contains(&format!("Point {n} of the curve")).rect().center()
}

fn button(harness: &mut Harness<'_, Desktop>, pos: Pos2, button: PointerButton, pressed: bool) {
    harness.event(Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE });
    harness.step();
}

#[test]
fn the_transfer_curve_is_edited_by_mouse() {
    let mut harness = window();
    choose(&mut harness, "3D preset", "CT bone");
    let before = curve(&harness);
    let count = before.points().len();
    let from = at_point(&harness, count);
    let to = from + egui::vec2(-12.0, 15.0);
    harness.hover_at(from);
    harness.step();
    button(&mut harness, from, PointerButton::Primary, true);
    harness.hover_at(from + egui::vec2(-7.0, 8.0));
    harness.step();
    harness.hover_at(to);
    harness.step();
    button(&mut harness, to, PointerButton::Primary, false);
    let after = curve(&harness);
    let (a, b) = (before.points()[count - 1], after.points()[count - 1]);
    assert!(b.value < a.value && b.opacity < a.opacity, "{a:?} {b:?}");
    assert_eq!(view_3d(&harness).preset, None);
    assert!(shows(&harness, "Transfer curve"));

    let middle = harness.get_by_label("Transfer curve").rect().center() + egui::vec2(30.0, -30.0);
    harness.hover_at(middle);
    harness.step();
    for _ in 0..2 {
        button(&mut harness, middle, PointerButton::Primary, true);
        button(&mut harness, middle, PointerButton::Primary, false);
    }
    assert_eq!(curve(&harness).points().len(), count + 1, "a double click adds one");

    let first = at_point(&harness, 2);
    harness.hover_at(first);
    harness.step();
    button(&mut harness, first, PointerButton::Secondary, true);
    button(&mut harness, first, PointerButton::Secondary, false);
    assert_eq!(curve(&harness).points().len(), count, "a right click takes one away");
}

#[test]
fn the_transfer_curve_is_edited_by_keyboard() {
    let mut harness = window();
    choose(&mut harness, "3D preset", "CT bone");
    let before = curve(&harness);
    let count = before.points().len();
    harness.get_by_label_contains("Point 4 of the curve").focus();
    harness.step();
    harness.step();
    let crosshair = harness.state().view.scan.crosshair;
    press(&mut harness, Modifiers::NONE, Key::ArrowUp);
    press(&mut harness, Modifiers::NONE, Key::ArrowRight);
    let (a, b) = (before.points()[3], curve(&harness).points()[3]);
    assert!(b.value > a.value && b.opacity > a.opacity, "{a:?} {b:?}");
    assert_eq!(harness.state().view.scan.crosshair, crosshair, "the arrows are the point's");
    press(&mut harness, Modifiers::NONE, Key::Delete);
    assert_eq!(curve(&harness).points().len(), count - 1);
    click(&mut harness, "Add a point");
    assert_eq!(curve(&harness).points().len(), count);
    assert!(harness.state().view.transient.transfer_point.is_some());
    click(&mut harness, "Remove the point");
    assert_eq!(curve(&harness).points().len(), count - 1);
    assert!(taken(&mut harness).is_empty(), "the document is not concerned");
}

#[test]
fn buttons_and_keys_look_from_the_six_sides() {
    let mut harness = window();
    harness.state_mut().view.scan.orbit.zoom = 1.7;
    harness.state_mut().view.scan.orbit.perspective = true;
    let sides = [
        ("anterior", Key::A, Axis::Y, true),
        ("posterior", Key::P, Axis::Y, false),
        ("left", Key::L, Axis::X, false),
        ("right", Key::R, Axis::X, true),
        ("superior", Key::S, Axis::Z, true),
        ("inferior", Key::I, Axis::Z, false),
    ];
    for (name, key, axis, positive) in sides {
        let expected = Orbit::looking_from(Direction { axis, positive });
        click(&mut harness, &format!("Camera {name}"));
        let angles = |h: &Harness<'_, Desktop>| {
            let orbit = &h.state().view.scan.orbit;
            (orbit.azimuth, orbit.elevation)
        };
        assert_eq!(angles(&harness), (expected.azimuth, expected.elevation), "{name}");
        harness.state_mut().view.scan.orbit.azimuth = 0.3;
        press(&mut harness, Modifiers::ALT, key);
        assert_eq!(angles(&harness), (expected.azimuth, expected.elevation), "{name} by key");
    }
    assert_eq!(harness.state().view.scan.orbit.zoom, 1.7);
    click(&mut harness, "Parallel");
    assert!(!harness.state().view.scan.orbit.perspective);
}

#[test]
fn a_clip_plane_and_a_clip_box() {
    let mut harness = window();
    click(&mut harness, "Clip plane");
    assert!(view_3d(&harness).clip.plane.is_some());
    choose(&mut harness, "Clip plane direction", "Axial");
    let plane = view_3d(&harness).clip.plane.unwrap();
    assert_eq!(plane.normal.abs(), DVec3::Z);
    assert!((plane.normal.dot(harness.state().view.scan.crosshair) - plane.offset_mm).abs() < 1e-9);
    click(&mut harness, "Flip");
    assert_eq!(view_3d(&harness).clip.plane.unwrap().normal, -plane.normal);
    press(&mut harness, Modifiers::ALT, Key::K);
    assert!(view_3d(&harness).clip.plane.is_none(), "Alt+K switches it off");
    press(&mut harness, Modifiers::ALT, Key::K);
    assert!(view_3d(&harness).clip.plane.is_some());

    click(&mut harness, "Clip box");
    for side in ["left", "right", "posterior", "anterior", "inferior", "superior"] {
        assert!(harness.query_by_label(&format!("Box {side}")).is_some(), "{side}");
    }
    picture(&mut harness, "clip-box");
    click(&mut harness, "Clip box");
    assert!(view_3d(&harness).clip.bounds.is_none());
}

#[test]
fn pictures_and_films_are_asked_for_with_what_was_chosen() {
    let mut harness = Desktop::open().wide();
    press(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::C);
    let copied = taken(&mut harness);
    assert!(copied.len() == 1 && copied[0].starts_with("CopyPicture(PictureOptions { view: None"));
    press(&mut harness, Modifiers::COMMAND, Key::P);
    choose(&mut harness, "View of the picture", "Picture: 3D");
    choose(&mut harness, "Size of the picture", "2 times the screen");
    picture(&mut harness, "picture-window");
    click(&mut harness, "Annotations");
    harness.get_by_label_contains("Save as PNG").click();
    harness.step();
    let options =
        "SavePicture(PictureOptions { view: Some(Volume), size: Screen(2), annotated: false })";
    assert_eq!(taken(&mut harness), [options]);
    press(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::F);
    choose(&mut harness, "Kind of film", "GIF");
    picture(&mut harness, "film-window");
    harness.get_by_label_contains("Record…").click();
    harness.step();
    let film = taken(&mut harness);
    assert!(film.len() == 1 && film[0].starts_with("RecordFilm(") && film[0].contains("Gif"));
    press(&mut harness, Modifiers::COMMAND, Key::P);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(!harness.state().view.windows.picture, "Esc closes it");
}
