//! Measures drawn in the real window: lengths, angles, rectangles, moved, named, taken out, kept.

use egui::{Event, Key, Modifiers, PointerButton, Pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use voxpoint::app::App;
use voxpoint::document::{Command, MeasurementChange};
use voxpoint::geom::{DVec3, Plane};
use voxpoint::measure::{DRAWN_CSV_HEAD, MEASURES_CSV_HEAD, MeasurementKind, MeasurementShape};
use voxpoint::ui::Action;
use voxpoint::volume::SuvKind;

use crate::brush::{CTRL, NONE, button, document, look_at, press, scan, spot, undo};
use crate::support::{place, type_path, view_name, wait, window};

const SHIFT: Modifiers = Modifiers::SHIFT;
const PRIMARY: PointerButton = PointerButton::Primary;

/// The window with the tool in hand, and the middle of the scan.
fn with_ruler(folder: &std::path::Path) -> (Harness<'static, App>, DVec3) {
    let mut harness = window(vec![scan(folder)]);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    press(&mut harness, Key::T, SHIFT);
    let middle = spot(&harness, DVec3::ZERO);
    look_at(&mut harness, middle);
    (harness, middle)
}

fn shapes(harness: &Harness<'_, App>) -> Vec<MeasurementShape> {
    document(harness).measurements().iter().map(|m| m.shape).collect()
}

fn drag(harness: &mut Harness<'_, App>, from: Pos2, to: Pos2) {
    harness.hover_at(from);
    harness.step();
    harness.event(button(from, PRIMARY, true, NONE));
    for share in [0.3, 0.7, 1.0] {
        harness.event(Event::PointerMoved(from + (to - from) * share));
        harness.step();
    }
    harness.event(button(to, PRIMARY, false, NONE));
    harness.run_steps(3);
}

fn click(harness: &mut Harness<'_, App>, at: Pos2) {
    harness.hover_at(at);
    harness.step();
    harness.event(button(at, PRIMARY, true, NONE));
    harness.step();
    harness.event(button(at, PRIMARY, false, NONE));
    harness.run_steps(3);
}

fn near(found: &[DVec3], expected: &[DVec3]) -> bool {
    found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| a.distance(*b) < 0.05)
}

#[test]
fn a_length_is_dragged_moved_and_taken_out_each_a_step() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with_ruler(temp.path());
    let world = [DVec3::new(-6.0, 4.0, 0.0), DVec3::new(7.0, -3.0, 0.0)].map(|by| middle + by);
    let at = |harness: &Harness<'_, App>, world: DVec3| place(harness, Plane::Axial, world);
    let [a, b] = world.map(|world| at(&harness, world));
    drag(&mut harness, a, b);
    let [MeasurementShape::Length(ends)] = shapes(&harness)[..] else { panic!("one length") };
    assert!(near(&ends, &world), "{ends:?} {world:?}");
    // An end, then all of it by its line.
    let to = middle + DVec3::new(7.0, 5.0, 0.0);
    let c = at(&harness, to);
    drag(&mut harness, b, c);
    assert!(near(shapes(&harness)[0].places(), &[world[0], to]));
    let by = at(&harness, middle + DVec3::new(1.0, -2.0, 0.0)) - at(&harness, middle);
    let halfway = a + (c - a) * 0.5;
    drag(&mut harness, halfway, halfway + by);
    let expected = [world[0], to].map(|world| world + DVec3::new(1.0, -2.0, 0.0));
    assert!(near(shapes(&harness)[0].places(), &expected));
    // In another slice it is not there: a press there begins another one.
    press(&mut harness, Key::ArrowUp, NONE);
    drag(&mut harness, c + by, a);
    assert_eq!(shapes(&harness).len(), 2);
    undo(&mut harness);
    press(&mut harness, Key::ArrowDown, NONE);
    // The one that was taken last is taken out.
    click(&mut harness, c + by);
    press(&mut harness, Key::Delete, NONE);
    harness.run_steps(2);
    assert_eq!(shapes(&harness), []);
    for left in [vec![expected[0]], vec![world[0]], vec![world[0]]] {
        undo(&mut harness);
        assert!(shapes(&harness)[0].places()[0].distance(left[0]) < 0.05);
    }
    undo(&mut harness);
    assert_eq!(shapes(&harness), []);
}

#[test]
fn angles_and_rectangles_are_clicked_and_what_is_half_done_is_given_up() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with_ruler(temp.path());
    let at = |harness: &Harness<'_, App>, x: f64, y: f64| {
        place(harness, Plane::Axial, middle + DVec3::new(x, y, 0.0))
    };
    harness.get_by_label("Angle").click();
    harness.run_steps(2);
    // A leg is dragged, and the other end clicked.
    let (leg, corner, end) =
        (at(&harness, 8.0, 0.0), at(&harness, 0.0, 0.0), at(&harness, 0.0, 9.0));
    drag(&mut harness, leg, corner);
    assert_eq!(shapes(&harness), [], "a leg is no angle");
    click(&mut harness, end);
    assert!(shapes(&harness)[0].degrees().is_some_and(|degrees| (degrees - 90.0).abs() < 1.0));
    // Given up by Esc, and by another tool.
    for key in [Key::Escape, Key::B] {
        press(&mut harness, Key::T, SHIFT);
        let first = at(&harness, -8.0, -6.0);
        click(&mut harness, first);
        assert!(harness.state().view().transient.measuring.draft.is_some());
        press(&mut harness, key, NONE);
        harness.run_steps(2);
        assert!(harness.state().view().transient.measuring.draft.is_none(), "{key:?}");
    }
    press(&mut harness, Key::T, SHIFT);
    harness.run_steps(2);
    harness.get_by_label("Rectangle").click();
    harness.run_steps(2);
    assert_eq!(harness.state().view().prefs.measure, MeasurementKind::Rectangle);
    let (one, other) = (at(&harness, -9.0, -7.0), at(&harness, -2.0, -3.0));
    click(&mut harness, one);
    click(&mut harness, other);
    let area = shapes(&harness)[1].area_mm2().expect("a rectangle");
    assert!((area - 28.0).abs() < 0.8, "{area}");
    // By keyboard, too.
    press(&mut harness, Key::Enter, NONE);
    press(&mut harness, Key::F6, NONE);
    for _ in 0..20 {
        if harness.get_by_label(&view_name(Plane::Axial)).is_focused() {
            break;
        }
        press(&mut harness, Key::F6, NONE);
    }
    for key in [Key::ArrowRight, Key::ArrowRight, Key::ArrowDown] {
        press(&mut harness, key, NONE);
    }
    press(&mut harness, Key::Enter, NONE);
    harness.run_steps(2);
    assert_eq!(shapes(&harness).len(), 3);
    assert!(shapes(&harness)[2].area_mm2().is_some_and(|area| (area - 3.0).abs() < 0.1));
}

#[test]
fn measures_are_listed_named_and_kept_in_a_session() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with_ruler(temp.path());
    press(&mut harness, Key::M, CTRL);
    harness.run_steps(2);
    harness.get_by_label_contains("Choose the Measure tool (Shift+T)");
    let at = |x: f64| place(&harness, Plane::Axial, middle + DVec3::new(x, 11.0, 0.0));
    let (a, b) = (at(-12.0), at(0.0));
    drag(&mut harness, a, b);
    harness.get_by_label_contains("12.0 mm");
    let field = harness.get_by_label("Name of Length 1");
    field.focus();
    harness.run_steps(2);
    harness.get_by_label("Name of Length 1").type_text("long axis");
    harness.run_steps(2);
    press(&mut harness, Key::Enter, NONE);
    harness.run_steps(3);
    assert_eq!(document(&harness).measurements()[0].name, "long axis");
    // Away from it, and back.
    look_at(&mut harness, middle + DVec3::new(0.0, 0.0, 4.0));
    harness.get_by_label("Go to long axis").click();
    harness.run_steps(3);
    let crosshair = harness.state().view().scan.crosshair;
    assert!((crosshair.z - middle.z).abs() < 0.5, "{crosshair}");
    harness.get_by_label("Take long axis out").click();
    harness.run_steps(3);
    assert_eq!(shapes(&harness), []);
}

#[test]
fn what_was_drawn_is_saved_with_the_values_under_it() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with_ruler(temp.path());
    let at = |by: DVec3| middle + by;
    let shapes = [
        MeasurementShape::Length([at(DVec3::ZERO), at(DVec3::new(3.0, 4.0, 0.0))]),
        // Within the bright block.
        MeasurementShape::rectangle(
            at(DVec3::new(-3.0, -4.0, 0.0)),
            at(DVec3::new(3.0, 4.0, 0.0)),
            [DVec3::X, DVec3::Y],
        ),
    ];
    for (shape, name) in shapes.into_iter().zip(["axis", "block"]) {
        let add = MeasurementChange::AddNamed(shape, name.to_owned());
        harness.state_mut().carry_out(Command::Measure(add));
    }
    press(&mut harness, Key::M, CTRL);
    harness.run_steps(3);
    for ending in ["csv", "json"] {
        let path = temp.path().join(format!("drawn.{ending}"));
        harness.get_by_label("Save as table…").click_accesskit();
        harness.run_steps(6);
        harness.get_by_label("Path").focus();
        harness.run_steps(2);
        press(&mut harness, Key::A, Modifiers::COMMAND);
        type_path(&mut harness, &path);
        harness.get_by_label("OK").click();
        harness.run_steps(2);
        wait(&mut harness, "the file", |app| app.is_idle() && path.exists());
        let text = std::fs::read_to_string(&path).expect("the file");
        if ending == "csv" {
            assert!(text.starts_with(DRAWN_CSV_HEAD), "{text}");
            assert!(text.contains("\n1,axis,length,5,"), "{text}");
            assert_eq!(text.lines().count(), 3);
            continue;
        }
        let said: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let block = &said["measurements"][1];
        assert_eq!((&block["name"], &block["area_mm2"]), (&"block".into(), &48.0.into()));
        assert_eq!((&block["mean"], &block["sd"]), (&500.0.into(), &0.0.into()));
        assert_eq!((&block["min"], &block["max"]), (&500.0.into(), &500.0.into()));
        assert!(block["voxels"].as_u64().is_some_and(|n| n > 20), "{block}");
        assert!(said["measurements"][0]["mean"].is_null());
    }
}

/// A table that is saved while a PET is shown in SUV says so in each line that has values, and the numbers are those.
#[test]
fn tables_say_in_which_unit_the_values_are() {
    let temp = tempfile::tempdir().expect("temp folder");
    let pet = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom/suv");
    let mut harness = window(vec![pet.join("0.dcm")]);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    let grid = document(&harness).image().grid().clone();
    let at = |voxel| grid.world_of(voxel);
    let shapes = [
        MeasurementShape::Length([at([1, 1, 1]), at([5, 1, 1])]),
        MeasurementShape::rectangle(at([1, 1, 1]), at([6, 4, 1]), [DVec3::X, DVec3::Y]),
    ];
    for shape in shapes {
        let add = MeasurementChange::AddNamed(shape, String::new());
        harness.state_mut().carry_out(Command::Measure(add));
    }
    press(&mut harness, Key::M, CTRL);
    harness.run_steps(3);
    let factor = document(&harness).image().suv_factor(Some(SuvKind::BodyWeight));
    let factor = factor.expect("it says dose and weight");
    let mut means = Vec::new();
    for (kind, unit, name) in
        [(None, "", "activity.csv"), (Some(SuvKind::BodyWeight), "\"SUVbw, g/mL\"", "suv.csv")]
    {
        crate::series::act(&mut harness, Action::ShowSuv(kind));
        harness.run_steps(3);
        let path = temp.path().join(name);
        harness.get_by_label("Save as table…").click_accesskit();
        harness.run_steps(6);
        harness.get_by_label("Path").focus();
        harness.run_steps(2);
        press(&mut harness, Key::A, Modifiers::COMMAND);
        type_path(&mut harness, &path);
        harness.get_by_label("OK").click();
        harness.run_steps(2);
        wait(&mut harness, "the file", |app| app.is_idle() && path.exists());
        let text = std::fs::read_to_string(&path).expect("the file");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with(",places_ras_mm,unit"), "{text}");
        assert!(lines[1].ends_with(','), "a length has no values: {text}");
        assert!(lines[2].ends_with(&format!(",{unit}")), "{text}");
        let mean = lines[2].split(',').nth(8).and_then(|mean| mean.parse::<f64>().ok());
        means.push(mean.expect("a rectangle has values"));
    }
    assert!((means[1] / (means[0] * factor) - 1.0).abs() < 1e-6, "{means:?}, {factor}");
}

#[test]
fn objects_are_measured_while_the_window_is_open() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with_ruler(temp.path());
    press(&mut harness, Key::B, NONE);
    let at = place(&harness, Plane::Axial, middle);
    crate::brush::stroke(&mut harness, &[at], PRIMARY, NONE);
    assert!(harness.state().status().measures.is_empty(), "nobody has asked");
    press(&mut harness, Key::M, CTRL);
    wait(&mut harness, "the numbers", |app| !app.status().measures.is_empty());
    harness.run_steps(3);
    let voxels = crate::support::voxels(harness.state())[0];
    let found = harness.state().status().measures.values().next().cloned();
    let Some(voxpoint::ui::ObjectMeasures::Known(found)) = found else { panic!("{found:?}") };
    assert_eq!(found.voxels, voxels);
    harness.get_by_label("Copy objects as table");
    // What the panel says of it.
    for head in ["Voxels", "Box along the voxel axes", "Oriented box"] {
        assert!(harness.query_all_by_label(head).count() > 0, "{head}");
    }
    assert!(harness.query_all_by_label(&voxels.to_string()).count() > 0, "{voxels}");
    let said = serde_json::to_value(&*found).expect("JSON");
    for kind in ["bounding_box", "oriented_box"] {
        let side = |n: usize| said[kind]["size_mm"][n].as_f64().expect("a length");
        let text = |mm: f64| if mm < 10.0 { format!("{mm:.2}") } else { format!("{mm:.1}") };
        let sides = format!("{} × {} × {} mm", text(side(0)), text(side(1)), text(side(2)));
        assert!(harness.query_all_by_label(&sides).count() > 0, "{sides}");
    }
    // Drawn, the diameters are two lengths as long as it says.
    // (By its action: the end of a row may be scrolled away.)
    harness.get_by_label("Draw the axial diameters of Object 1").click_accesskit();
    harness.run_steps(3);
    let lengths: Vec<f64> =
        shapes(&harness).iter().flat_map(MeasurementShape::lengths_mm).collect();
    assert_eq!(lengths.len(), 2);
    for (drawn, said) in lengths.iter().zip([found.axial_long_mm, found.axial_short_mm]) {
        assert!((drawn - said).abs() < 1e-6, "{drawn} {said}");
    }
    let names: Vec<&str> = document(&harness).measurements().iter().map(|m| &*m.name).collect();
    assert_eq!(names, ["Axial long diameter of Object 1", "Axial short diameter of Object 1"]);

    // The file has the keys of the command line.
    for ending in ["json", "csv"] {
        let path = temp.path().join(format!("numbers.{ending}"));
        wait(&mut harness, "the numbers", |app| !app.status().measures.is_empty());
        // (By its action: messages may lie over the button.)
        harness.get_by_label("Save objects…").click_accesskit();
        harness.run_steps(6);
        harness.get_by_label("Path").focus();
        harness.run_steps(2);
        press(&mut harness, Key::A, Modifiers::COMMAND);
        type_path(&mut harness, &path);
        harness.get_by_label("OK").click();
        harness.run_steps(2);
        wait(&mut harness, "the file", |app| app.is_idle() && path.exists());
        let text = std::fs::read_to_string(&path).expect("the file");
        if ending == "csv" {
            assert!(text.starts_with(MEASURES_CSV_HEAD), "{text}");
            continue;
        }
        let said: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let own = serde_json::to_value(&*found).expect("JSON");
        assert_eq!(said["structures"][0], own);
        assert!(said["scan"].as_str().is_some_and(|scan| scan.ends_with("block.nii.gz")));
    }
}
