//! Brush and Eraser confined to a range of values, and to one object's voxels.

use egui::accesskit::Role;
use egui::{Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::document::{Command, LabelId, Over};
use voxpoint::geom::{DVec3, Plane};

use crate::brush::{NONE, document, look_at, press, spot, stroke, undo, with_brush};
use crate::support::{place, voxels};

const PRIMARY: PointerButton = PointerButton::Primary;

/// Two places in the axial slice, a stroke between which goes over the edge of the bright block.
fn over_the_edge(harness: &mut Harness<'_, App>) -> [Pos2; 2] {
    let middle = spot(harness, DVec3::ZERO);
    look_at(harness, middle);
    [DVec3::new(-3.0, 5.0, 0.0), DVec3::new(-15.0, 5.0, 0.0)]
        .map(|by| place(harness, Plane::Axial, middle + by))
}

/// Painted voxels: how many of value 0, and of 500.
fn painted(harness: &Harness<'_, App>) -> [usize; 2] {
    let (image, labels) = (document(harness).image(), document(harness).labels());
    let mut counts = [0; 2];
    for n in 0..40 * 32 * 20 {
        let voxel = [n % 40, n / 40 % 32, n / 1280];
        if labels.get(voxel) != 0 {
            counts[usize::from(image.value(voxel) == 500.0)] += 1;
        }
    }
    counts
}

fn clicked(harness: &mut Harness<'_, App>, label: &str) {
    harness.get_by_label(label).click();
    harness.run_steps(3);
}

#[test]
fn only_values_of_a_range_are_painted_and_erased() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_brush(temp.path());
    let path = over_the_edge(&mut harness);
    stroke(&mut harness, &path, PRIMARY, NONE);
    let all = painted(&harness);
    assert!(all[0] > 20 && all[1] > 20, "{all:?}");
    undo(&mut harness);
    assert!(harness.query_by_label("Lowest value").is_none(), "off at first");

    // The values under the pointer, by a key.
    harness.hover_at(path[0]);
    harness.run_steps(2);
    press(&mut harness, Key::J, NONE);
    let range = harness.state().view().paint_range().expect("taken");
    assert_eq!((range.low, range.high), (500.0, 500.0));
    harness.hover_at(path[0]);
    harness.run_steps(20);
    let shown = harness.state().preview_voxels();
    stroke(&mut harness, &path[..1], PRIMARY, NONE);
    assert_eq!(Some(voxels(harness.state())[0]), shown, "a dab is what was shown");
    undo(&mut harness);
    // On the edge, too.
    let edge = path[0] + (path[1] - path[0]) * 0.6;
    harness.hover_at(edge);
    harness.run_steps(20);
    let shown = harness.state().preview_voxels();
    stroke(&mut harness, &[edge], PRIMARY, NONE);
    let found = painted(&harness);
    assert!(found[0] == 0 && found[1] > 0 && Some(found[1]) == shown, "{found:?} {shown:?}");
    undo(&mut harness);
    stroke(&mut harness, &path, PRIMARY, NONE);
    assert_eq!(painted(&harness), [0, all[1]]);

    // The eraser leaves what is outside of it.
    press(&mut harness, Key::J, Modifiers::SHIFT);
    assert_eq!(harness.state().view().paint_range(), None);
    stroke(&mut harness, &path, PRIMARY, NONE);
    assert_eq!(painted(&harness), all);
    clicked(&mut harness, "Only values");
    press(&mut harness, Key::E, NONE);
    stroke(&mut harness, &path, PRIMARY, NONE);
    assert_eq!(painted(&harness), [all[0], 0]);
    undo(&mut harness);

    // Typed; what is moved past the other end takes it along.
    for (name, text, expected) in [
        ("Lowest value", "-50", (-50.0, 500.0)),
        ("Highest value", "-60,5", (-60.5, -60.5)),
        ("Highest value", "20", (-60.5, 20.0)),
        ("Lowest value", "nothing", (-60.5, 20.0)),
    ] {
        harness.get_by_role_and_label(Role::SpinButton, name).click();
        harness.run_steps(2);
        press(&mut harness, Key::A, Modifiers::COMMAND);
        harness.get_by_role_and_label(Role::SpinButton, name).type_text(text);
        press(&mut harness, Key::Enter, NONE);
        harness.run_steps(2);
        let range = harness.state().view().paint_range().expect("on");
        assert_eq!((range.low, range.high), expected, "{name} {text}");
    }
    stroke(&mut harness, &path, PRIMARY, NONE);
    assert_eq!(painted(&harness), [0, all[1]], "erased where the values are those");
    undo(&mut harness);
    // The button takes those at the crosshair.
    clicked(&mut harness, "Values under the brush");
    let range = harness.state().view().paint_range().expect("on");
    assert_eq!((range.low, range.high), (500.0, 500.0));
}

#[test]
fn painting_inside_an_object_takes_its_voxels_alone() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_brush(temp.path());
    let path = over_the_edge(&mut harness);
    stroke(&mut harness, &path[..1], PRIMARY, NONE);
    let first = voxels(harness.state())[0];
    press(&mut harness, Key::N, NONE);
    clicked(&mut harness, "Paint inside an object");
    let entries = harness.get_all_by_label("Object 1");
    entries.last().expect("in the list").click();
    harness.run_steps(3);
    let beside = path[0] + vec2(12.0, 0.0);
    harness.hover_at(beside);
    harness.run_steps(20);
    let shown = harness.state().preview_voxels();
    stroke(&mut harness, &[beside], PRIMARY, NONE);
    let found = voxels(harness.state());
    assert!(found[1] > 0 && found[1] < first, "{found:?}");
    assert_eq!((found[0] + found[1], Some(found[1])), (first, shown), "taken from it alone");
    // Not from one that is locked, nor by itself.
    undo(&mut harness);
    let first_id = LabelId(1);
    harness.state_mut().carry_out(Command::SetLocked(first_id, true));
    harness.run_steps(2);
    stroke(&mut harness, &[beside], PRIMARY, NONE);
    assert_eq!(voxels(harness.state()), [first, 0]);
    harness.state_mut().carry_out(Command::SetLocked(first_id, false));
    harness.state_mut().carry_out(Command::Select(first_id));
    harness.run_steps(2);
    stroke(&mut harness, &[beside], PRIMARY, NONE);
    assert_eq!(voxels(harness.state()), [first, 0]);
    // Erasing goes on.
    stroke(&mut harness, &[beside], PointerButton::Secondary, NONE);
    assert!(voxels(harness.state())[0] < first);
    undo(&mut harness);
    // Over the background again.
    clicked(&mut harness, "Background");
    stroke(&mut harness, &[beside], PRIMARY, NONE);
    assert!(voxels(harness.state())[0] > first);
    // The choice goes with its object when that gets another number, and back.
    undo(&mut harness);
    let inside = |harness: &Harness<'_, App>| harness.state().view().scan.paint_inside;
    harness.state_mut().view_mut().scan.paint_inside = Some(first_id);
    harness.state_mut().carry_out(Command::Renumber(first_id, LabelId(9)));
    harness.run_steps(2);
    assert_eq!(inside(&harness), Some(LabelId(9)));
    undo(&mut harness);
    harness.run_steps(2);
    assert_eq!(inside(&harness), Some(first_id));
    // Once it is gone, it is no matter any more: another object that gets its number is not meant.
    harness.state_mut().carry_out(Command::RemoveObject(first_id));
    harness.run_steps(2);
    assert_eq!(inside(&harness), None);
    undo(&mut harness);
    stroke(&mut harness, &[beside], PRIMARY, NONE);
    assert!(voxels(harness.state())[0] > first);
}

#[test]
fn a_stroke_that_changes_nothing_says_why() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_brush(temp.path());
    let path = over_the_edge(&mut harness);
    stroke(&mut harness, &path[..1], PRIMARY, NONE);
    // What it has already is as it was wanted, and so is what nobody has.
    stroke(&mut harness, &path[..1], PRIMARY, NONE);
    stroke(&mut harness, &path[1..], PointerButton::Secondary, NONE);
    harness.state_mut().carry_out(Command::NewObject);
    harness.run_steps(2);
    assert_eq!(harness.state().messages().count(), 0, "{:?}", harness.state().messages().last());
    let said = |harness: &Harness<'_, App>| {
        harness.state().messages().last().unwrap_or_default().to_owned()
    };
    // Each: what is pressed before, the button, and what is said.
    let over =
        |harness: &mut Harness<'_, App>, over| harness.state_mut().view_mut().set_paint_over(over);
    stroke(&mut harness, &path[..1], PRIMARY, NONE);
    assert!(
        said(&harness).starts_with("Nothing painted: this is Object 1; “Unlocked"),
        "{}",
        said(&harness)
    );
    stroke(&mut harness, &path[..1], PointerButton::Secondary, NONE);
    assert_eq!(said(&harness), "Nothing erased: this is Object 1, and Object 2 is selected.");
    harness.state_mut().carry_out(Command::SetLocked(LabelId(1), true));
    over(&mut harness, Over::Unlocked);
    harness.run_steps(2);
    stroke(&mut harness, &path[..1], PRIMARY, NONE);
    assert_eq!(said(&harness), "Nothing painted: this is Object 1, which is locked.");
    harness.state_mut().carry_out(Command::SetLocked(LabelId(1), false));
    over(&mut harness, Over::Only(LabelId(1)));
    harness.run_steps(2);
    stroke(&mut harness, &path[1..], PRIMARY, NONE);
    assert_eq!(said(&harness), "Nothing painted: painting is confined to Object 1.");
    // By a key: over all that is not locked.
    press(&mut harness, Key::B, Modifiers::ALT);
    let known = harness.state().messages().count();
    stroke(&mut harness, &path[..1], PRIMARY, NONE);
    assert!(harness.state().messages().count() <= known, "{}", said(&harness));
    assert!(voxels(harness.state())[1] > 0);
    // Values that may not be painted.
    harness.hover_at(path[0]);
    harness.run_steps(2);
    press(&mut harness, Key::J, NONE);
    stroke(&mut harness, &path[1..], PRIMARY, NONE);
    assert_eq!(said(&harness), "No voxel there has a value of the brush's range.");
}
