//! Menus, buttons and keys.

use egui::{Event, Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use voxpoint::document::LabelId;
use voxpoint::geom::{Convention, DVec3, Plane};
use voxpoint::prompt::PromptId;
use voxpoint::render::Interpolation;
use voxpoint::ui::{Pane, theme, tools};

use super::desktop::{Desktop, picture, press, shows, taken};

#[test]
fn every_menu_entry_shows_its_key_and_does_its_thing() {
    let mut harness = Desktop::open().wide();
    for (menu, entry, action) in [
        ("File", "Open…", "OpenDialog"),
        ("File", "Open sample scan", "OpenSample"),
        ("File", "Save mask", "Save"),
        ("File", "Save mask as…", "SaveAs"),
        ("File", "Quit", "Quit"),
        ("Edit", "Undo positive click", "Undo"),
        ("Edit", "New object", "Do(NewObject)"),
        ("Edit", "Delete object", "Do(RemoveObject(LabelId(1)))"),
        ("Segment", "Open another model…", "ChooseModel"),
        ("Segment", "Download SAM-Med3D-turbo (≈ 400 MB)…", "DownloadModel"),
        ("Segment", "turbo, checkpoint, Apache-2.0", r#"UseModel("models/turbo.pth")"#),
    ] {
        harness.get_by_role_and_label(Role::Button, menu).click();
        harness.run_steps(3);
        picture(&mut harness, &format!("menu-{menu}"));
        // "New object" is also a button of the objects panel.
        harness.query_all_by_label(entry).next().unwrap().click();
        harness.run_steps(3);
        assert_eq!(taken(&mut harness), [action], "{menu} > {entry}");
    }
    assert!(harness.query_by_label("Undo positive click").is_none(), "the menu is closed again");
    harness.get_by_role_and_label(Role::Button, "Edit").click();
    harness.run_steps(3);
    let entry = harness.get_by_label("Undo positive click");
    assert_eq!(entry.accesskit_node().data().keyboard_shortcut(), Some("Ctrl+Z"));
}

#[test]
fn looking_is_changed_by_menus_and_buttons_at_once() {
    let mut harness = Desktop::open().wide();
    for entry in ["Neurological convention", "Light theme"] {
        harness.get_by_role_and_label(Role::Button, "View").click();
        harness.run_steps(3);
        harness.get_by_label(entry).click();
        harness.run_steps(3);
    }
    picture(&mut harness, "light-by-menu");
    for key in [Key::I, Key::I, Key::Num1] {
        press(&mut harness, Modifiers::NONE, key);
    }
    let view = &harness.state().view;
    assert_eq!(view.prefs.convention, Convention::Neurological);
    assert_eq!(view.prefs.interpolation, Interpolation::Nearest);
    assert_eq!(view.prefs.theme, theme::Theme::Light);
    assert_eq!(view.scan.maximised, Some(Pane::Slice(Plane::Axial)));
    assert!(taken(&mut harness).is_empty(), "looking is not the app's business");

    harness.get_by_label("Crosshair").click();
    harness.step();
    assert_eq!(harness.state().view.prefs.tool, tools::CROSSHAIR);
    assert!(!shows(&harness, "Negative point"), "the sign belongs to the point tool");
    harness.get_by_label("Point").click();
    harness.run_steps(2);
    harness.get_by_label("Negative point (outside)").click();
    harness.run_steps(2);
    assert!(harness.state().view.transient.negative);
    harness.get_by_label("New object").click();
    harness.step();
    assert!(!harness.state().view.transient.negative, "a new object starts inside the structure");
    assert_eq!(taken(&mut harness), ["Do(NewObject)"]);
}

#[test]
fn keys_do_what_the_table_says() {
    let ctrl = Modifiers::CTRL | Modifiers::COMMAND;
    let mut harness = Desktop::open().wide();
    harness.state_mut().view.transient.selected_prompt = Some((LabelId(1), PromptId(3)));
    for (modifiers, key, action) in [
        (ctrl, Key::Z, "Undo"),
        (ctrl | Modifiers::SHIFT, Key::Z, "Redo"),
        (ctrl, Key::Y, "Redo"),
        (ctrl, Key::O, "OpenDialog"),
        (ctrl, Key::S, "Save"),
        (ctrl | Modifiers::SHIFT, Key::S, "SaveAs"),
        (
            Modifiers::NONE,
            Key::Delete,
            "Do(RemovePrompt { object: LabelId(1), prompt: PromptId(3) })",
        ),
        (Modifiers::NONE, Key::L, "Do(SetLocked(LabelId(1), true))"),
        (Modifiers::NONE, Key::D, "Do(SetState(LabelId(1), Done))"),
        (Modifiers::SHIFT, Key::D, "Do(SetState(LabelId(1), Flagged))"),
        (Modifiers::SHIFT, Key::Delete, "Do(RemoveObject(LabelId(1)))"),
        (Modifiers::NONE, Key::N, "Do(NewObject)"),
        (Modifiers::NONE, Key::Tab, "Do(Select(LabelId(2)))"),
        (Modifiers::NONE, Key::Escape, "Cancel"),
    ] {
        if key == Key::Y {
            harness.state_mut().document.as_mut().unwrap().undo();
        }
        press(&mut harness, modifiers, key);
        let expected: &[&str] = if key == Key::Z && modifiers.shift { &[] } else { &[action] };
        assert_eq!(taken(&mut harness), expected, "{modifiers:?} {key:?}");
    }
    let focused = harness.ctx.memory(egui::Memory::focused);
    assert_eq!(focused, None, "Tab did not also move the focus");

    press(&mut harness, Modifiers::NONE, Key::W);
    assert_eq!(harness.state().view.prefs.tool, tools::WINDOW);
    press(&mut harness, Modifiers::NONE, Key::Minus);
    assert!(
        harness.state().view.transient.negative && harness.state().view.prefs.tool == tools::POINT
    );
    press(&mut harness, Modifiers::NONE, Key::Equals);
    assert!(!harness.state().view.transient.negative);
    press(&mut harness, Modifiers::NONE, Key::Num4);
    assert_eq!(harness.state().view.scan.maximised, Some(Pane::Volume));
    press(&mut harness, Modifiers::NONE, Key::Num0);
    assert_eq!(harness.state().view.scan.maximised, None);
    press(&mut harness, Modifiers::NONE, Key::V);
    assert!(!harness.state().view.prefs.show_labels);
    harness.key_down(Key::Space);
    harness.step();
    assert!(harness.state().view.transient.peek);
    harness.key_up(Key::Space);
    harness.run_steps(2);
    assert!(!harness.state().view.transient.peek);
    press(&mut harness, Modifiers::NONE, Key::F1);
    assert!(shows(&harness, "Delete selected point") && shows(&harness, "Middle drag"));
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(!harness.state().view.windows.help);
    assert!(taken(&mut harness).is_empty(), "Esc closed the list and nothing else");
}

#[test]
fn arrows_step_slices_of_the_hovered_view_and_stay_inside() {
    let mut harness = Desktop::open().wide();
    let start = harness.state().view.scan.crosshair;
    press(&mut harness, Modifiers::NONE, Key::ArrowUp);
    let moved = harness.state().view.scan.crosshair - start;
    // From between two slices to the middle of a slice, towards superior.
    assert!(moved.z > 0.0 && moved.z <= 3.75 && moved.x == 0.0, "{moved}");
    let centred = harness.state().view.scan.crosshair;
    press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    let moved = harness.state().view.scan.crosshair - centred;
    assert!((moved - DVec3::new(0.0, 0.0, -2.5)).length() < 1e-9, "{moved}");

    harness.state_mut().view.transient.hovered = Some(Pane::Slice(Plane::Sagittal));
    let before = harness.state().view.scan.crosshair;
    press(&mut harness, Modifiers::NONE, Key::PageUp);
    let moved = harness.state().view.scan.crosshair - before;
    assert!(
        (18.0..=21.0).contains(&moved.x) && moved.y == 0.0,
        "ten 2 mm slices to the right: {moved}"
    );
    for _ in 0..10 {
        press(&mut harness, Modifiers::NONE, Key::PageUp);
    }
    assert_eq!(harness.state().view.scan.crosshair.x, 60.0, "the last slice");
}

#[test]
fn keys_are_text_while_a_name_is_edited() {
    let mut harness = Desktop::open().wide();
    press(&mut harness, Modifiers::NONE, Key::F2);
    harness.run_steps(2);
    picture(&mut harness, "rename");
    let field = harness.get_by_label("Object name");
    assert!(field.is_focused());
    press(&mut harness, Modifiers::NONE, Key::N);
    press(&mut harness, Modifiers::NONE, Key::Delete);
    assert!(taken(&mut harness).is_empty());
    press(&mut harness, Modifiers::CTRL | Modifiers::COMMAND, Key::A);
    harness.event(Event::Text("liver".to_owned()));
    harness.step();
    press(&mut harness, Modifiers::NONE, Key::Enter);
    harness.run_steps(2);
    assert_eq!(taken(&mut harness), [r#"Do(Rename(LabelId(1), "liver"))"#]);
    assert_eq!(harness.state().view.transient.renaming, None);

    press(&mut harness, Modifiers::NONE, Key::F2);
    harness.run_steps(2);
    harness.event(Event::Text("other".to_owned()));
    harness.step();
    press(&mut harness, Modifiers::NONE, Key::Escape);
    harness.run_steps(2);
    assert!(taken(&mut harness).is_empty(), "Esc leaves the name as it was");
    assert_eq!(harness.state().view.transient.renaming, None);
}
