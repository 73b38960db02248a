//! Objects among many: found, shown alone, renamed; the list of changes; what lies over what.

use std::ops::RangeInclusive;

use egui::{Event, Key, Modifiers, Rect, Role, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use voxpoint::document::{Command, LabelId, ObjectState};
use voxpoint::geom::{DVec2, PanZoom, Plane};
use voxpoint::prompt::{Prompt, PromptId};
use voxpoint::ui::{Action, tools};
use voxpoint::volume::{NamedRegion, Region};

use super::desk::{Desk, Hands, click, desk, pane, press, texts, window_of};

const DIMS: [usize; 3] = [40, 30, 24];

/// Twelve objects: object n is one voxel at (3 n, 2 n, n).
fn many() -> Desk {
    named(1..=12, |n| format!("node {n}"))
}

fn named(numbers: RangeInclusive<u16>, name: impl Fn(u16) -> String) -> Desk {
    let mut desk = desk(1);
    let object = |n: u16| {
        let [x, y, z] = [3, 2, 1].map(|step| step * usize::from(n));
        let at = (x % DIMS[0]) + DIMS[0] * ((y % DIMS[1]) + DIMS[1] * (z % DIMS[2]));
        let count: usize = DIMS.iter().product();
        let region = Region::from_mask(DIMS[0], (0..count).map(|i| i == at));
        let name = Some(name(n));
        NamedRegion {
            value: n,
            name,
            colour: None,
            opacity: None,
            visible: true,
            region,
            on_top: None,
        }
    };
    desk.document.apply(Command::Import(numbers.map(object).collect())).unwrap();
    desk
}

fn crosshair(hands: &Hands) -> [usize; 3] {
    let desk = hands.state();
    desk.document.image().grid().voxel_at(desk.view.scan.crosshair).expect("in the scan")
}

fn shown(hands: &Hands) -> Vec<u16> {
    let Desk { document, view, .. } = hands.state();
    let styles = voxpoint::ui::label_styles(document, view.shown_masks());
    styles.iter().filter(|style| style.visible).map(|style| style.value).collect()
}

#[test]
fn a_selected_object_is_brought_into_the_views() {
    let mut hands = window_of(many(), vec2(1440.0, 900.0));
    let row = |hands: &mut Hands, n: usize| {
        hands.get_by_label_contains(&format!("node {n},")).click();
        hands.run_steps(3);
    };
    row(&mut hands, 4);
    assert_eq!(crosshair(&hands), [12, 8, 4]);
    press(&mut hands, Modifiers::NONE, Key::Tab);
    assert_eq!(crosshair(&hands), [15, 10, 5], "and by key");
    // A view that is zoomed in elsewhere shows the place; one that shows it stays as it is.
    let elsewhere = PanZoom { centre: DVec2::new(2.0, 2.0), points_per_mm: 60.0 };
    let far = PanZoom { centre: DVec2::new(40.0, 30.0), points_per_mm: 5.0 };
    hands.state_mut().view.pane_mut(Plane::Axial).pan_zoom = Some(elsewhere);
    hands.state_mut().view.pane_mut(Plane::Coronal).pan_zoom = Some(far);
    row(&mut hands, 6);
    assert_eq!(crosshair(&hands), [18, 12, 6]);
    let view = &hands.state().view;
    let centre = view.pane(Plane::Axial).pan_zoom.expect("zoomed").centre;
    let grid = hands.state().document.image().grid();
    let at = view.slice_frame(grid, Plane::Axial).view(view.scan.crosshair).truncate();
    assert!(centre.distance(at) < 1e-9, "{centre} {at}");
    assert_eq!(view.pane(Plane::Coronal).pan_zoom, Some(far));
    // A mask that the slices shown cut stays where it is looked at.
    let mut desk = desk(1);
    super::desk::with_mask(&mut desk);
    let grid = desk.document.image().grid().clone();
    desk.view.scan.crosshair = grid.world_of([3, 4, 5]);
    let mut hands = window_of(desk, vec2(1440.0, 900.0));
    hands.get_by_label_contains("liver,").click();
    hands.run_steps(3);
    assert_eq!(crosshair(&hands), [3, 4, 5]);
}

#[test]
fn among_many_objects_one_is_found_by_name_number_or_state() {
    let name = |n: u16| match n {
        7 => "Left kidney".to_owned(),
        8 => "Right kidney".to_owned(),
        _ => format!("node {n}"),
    };
    let mut hands = window_of(named(1..=30, name), vec2(1440.0, 900.0));
    let states = [(12, ObjectState::Flagged), (13, ObjectState::Done), (8, ObjectState::Done)];
    for (n, state) in states {
        hands.state_mut().document.apply(Command::SetState(LabelId(n), state)).unwrap();
    }
    hands.get_by_label("Find objects").click();
    hands.run_steps(2);
    for (typed, expected) in [
        ("KID", vec!["Left kidney", "Right kidney"]),
        ("kid left", vec!["Left kidney"]),
        ("13", vec!["node 13"]),
        ("flag", vec!["node 12"]),
        ("done", vec!["Right kidney", "node 13"]),
        ("done node", vec!["node 13"]),
        ("spleen", vec![]),
    ] {
        hands.event(Event::Text(typed.to_owned()));
        hands.run_steps(3);
        let rows = hands
            .query_all_by_role(Role::ListBoxOption)
            .filter_map(|row| row.accesskit_node().label());
        let names: Vec<String> =
            rows.map(|row| row.split(',').next().unwrap_or_default().to_owned()).collect();
        assert_eq!(names, expected, "{typed}");
        let nothing = hands.query_by_label("No object is called that.").is_some();
        assert_eq!(nothing, expected.is_empty(), "{typed}");
        press(&mut hands, Modifiers::NONE, Key::Escape);
        hands.get_by_label("Find objects").click();
        hands.run_steps(2);
    }
    let row = hands.get_all_by_role(Role::ListBoxOption).count();
    assert_eq!(row, 30, "Esc shows all again");
}

#[test]
fn an_object_is_shown_alone_and_others_are_hidden() {
    let mut hands = window_of(many(), vec2(1440.0, 900.0));
    hands.get_by_label_contains("node 3,").click();
    hands.run_steps(3);
    press(&mut hands, Modifiers::NONE, Key::O);
    assert_eq!(shown(&hands), [3]);
    hands.get_by_label_contains("Only the selected one");
    assert!(
        hands
            .get_by_label_contains("node 5,")
            .accesskit_node()
            .label()
            .unwrap()
            .ends_with(", hidden")
    );
    press(&mut hands, Modifiers::NONE, Key::Tab);
    assert_eq!(shown(&hands), [4], "it follows the selection");
    press(&mut hands, Modifiers::NONE, Key::O);
    assert_eq!(shown(&hands).len(), 12);
    assert!(hands.query_by_label_contains("Only the selected one").is_none());
    // Hiding is a property of the others, which stays when another one is selected.
    press(&mut hands, Modifiers::SHIFT, Key::O);
    assert_eq!(shown(&hands), [4]);
    press(&mut hands, Modifiers::NONE, Key::Tab);
    assert_eq!(shown(&hands), [4]);
    hands.get_by_label_contains("node 4,").click();
    hands.run_steps(2);
    press(&mut hands, Modifiers::SHIFT, Key::O);
    assert_eq!(shown(&hands).len(), 12, "again: all");
    // The row's menu does the same for its own object.
    for (entry, expected) in [
        ("This object alone", vec![7]),
        ("Hide all others", vec![7]),
        ("Show all objects", (1..=12).collect()),
    ] {
        hands.get_by_label_contains("node 7,").click_secondary();
        hands.run_steps(3);
        hands.get_by_label(entry).click();
        hands.run_steps(3);
        assert_eq!(shown(&hands), expected, "{entry}");
    }
    assert!(!hands.state().document.is_modified() || hands.state().document.can_undo().is_some());
}

#[test]
fn a_name_that_is_typed_takes_the_place_of_the_old_one() {
    let mut hands = window_of(many(), vec2(1440.0, 900.0));
    hands.get_by_label_contains("node 2,").click();
    hands.run_steps(3);
    press(&mut hands, Modifiers::NONE, Key::F2);
    hands.run_steps(2);
    hands.event(Event::Text("portal vein".to_owned()));
    hands.run_steps(2);
    press(&mut hands, Modifiers::NONE, Key::Enter);
    assert_eq!(hands.state().document.object(LabelId(2)).unwrap().name, "portal vein");
}

#[test]
fn the_history_tells_objects_and_points_and_opens_at_the_newest() {
    let mut hands = window_of(desk(1), vec2(1024.0, 700.0));
    let grid = hands.state().document.image().grid().clone();
    let document = &mut hands.state_mut().document;
    for n in 0..60 {
        let prompt = Prompt::new(grid.world_of([n % 40, 3, 4]), n != 1);
        document.apply(Command::AddPrompt { object: None, prompt }).unwrap();
    }
    document.apply(Command::Rename(LabelId(1), "liver".to_owned())).unwrap();
    press(&mut hands, Modifiers::COMMAND, Key::H);
    hands.run_steps(10);
    let window = Rect::from_min_size(egui::Pos2::ZERO, vec2(1024.0, 700.0));
    let inside =
        |hands: &Hands, label: &str| window.contains_rect(hands.get_by_label(label).rect());
    assert!(inside(&hands, "61 Rename object · liver"));
    hands.get_by_label("1 Positive click 1 · liver");
    hands.get_by_label("2 Negative click 2 · liver");
    assert!(!inside(&hands, "0 As opened"), "the beginning is scrolled away");
    // What is undone to is shown, too.
    hands.state_mut().document.go_to(2);
    hands.run_steps(4);
    assert!(inside(&hands, "2 Negative click 2 · Object 1"));
}

#[test]
fn points_are_hidden_with_the_masks() {
    let mut desk = desk(1);
    let grid = desk.document.image().grid().clone();
    let world = desk.view.scan.crosshair;
    desk.view.prefs.tool = tools::POINT;
    desk.document
        .apply(Command::AddPrompt { object: None, prompt: Prompt::positive(world) })
        .unwrap();
    let _ = grid;
    let mut hands = window_of(desk, vec2(1440.0, 900.0));
    let at = pane(&hands, Plane::Axial).center();
    let added = |hands: &mut Hands| {
        let actions = std::mem::take(&mut hands.state_mut().actions);
        actions.iter().filter(|a| matches!(a, Action::Do(Command::AddPrompt { .. }))).count()
    };
    // The crosshair is not quite in the middle of the pane: its own place.
    let view = &hands.state().view;
    let frame = view.slice_frame(hands.state().document.image().grid(), Plane::Axial);
    let rect = pane(&hands, Plane::Axial);
    let fit = PanZoom::fit(frame.extent(), DVec2::new(rect.width().into(), rect.height().into()));
    let offset = fit.screen_from_view(frame.view(world).truncate());
    let at = at + vec2(offset.x as f32, offset.y as f32);
    click(&mut hands, at);
    assert_eq!(
        hands.state().view.transient.selected_prompt,
        Some((LabelId(1), PromptId(1))),
        "a dot is picked"
    );
    assert_eq!(added(&mut hands), 0);
    hands.run_steps(60);
    press(&mut hands, Modifiers::NONE, Key::V);
    hands.state_mut().view.transient.selected_prompt = None;
    click(&mut hands, at);
    assert_eq!(
        hands.state().view.transient.selected_prompt,
        None,
        "what can't be seen can't be picked"
    );
    assert_eq!(added(&mut hands), 1);
}

#[test]
fn a_splitters_tip_leaves_the_bar_of_the_time_points_free() {
    let mut hands = window_of(desk(3), vec2(1440.0, 900.0));
    let coronal = pane(&hands, Plane::Coronal);
    let slider = hands.get_by_role_and_label(egui::Role::Slider, "Time point").rect();
    // Just above the bar, on the upright splitter.
    let at = coronal.right_bottom() + vec2(1.0, -12.0);
    hands.event(Event::PointerMoved(at));
    hands.run_steps(80);
    let tip = hands.get_by_label_contains("Drag to give the views other sizes").rect();
    assert!(!tip.intersects(slider) && tip.bottom() < at.y, "{tip:?} over {slider:?}");
    assert!(texts(&hands).iter().any(|t| t.contains("Drag to give the views")));
}

#[test]
fn the_bar_fits_at_twice_the_size_on_a_small_screen() {
    for (size, scale) in [([1024.0, 700.0], 2.0), ([1024.0, 700.0], 1.5), ([800.0, 560.0], 1.0)] {
        let mut desk = desk(1);
        desk.view.prefs.scale = scale;
        desk.status.runtime = voxpoint::ui::RuntimeStatus::Ready("1.31.1 (Python package)".into());
        desk.status.model = voxpoint::ui::ModelStatus::Ready {
            name: "SAM-Med3D-turbo of a long name".to_owned(),
            device: "CPU·2".to_owned(),
            reason: "no CUDA device found".to_owned(),
        };
        let mut hands = window_of(desk, size.into());
        hands.run_steps(4);
        let mut seen: Vec<(egui::accesskit::Rect, String)> = Vec::new();
        for node in hands.query_all(egui_kittest::kittest::by()) {
            let node = node.accesskit_node();
            let Some(rect) = node.bounding_box() else { continue };
            let is_button = node.role() == egui::Role::Button;
            if !is_button || rect.y1 > f64::from(60.0 * scale) {
                continue;
            }
            let name = node.label().unwrap_or_default();
            assert!(rect.x0 >= 0.0 && rect.x1 <= f64::from(size[0]), "{name} at {rect:?}");
            for (other, there) in &seen {
                let apart = rect.intersect(*other).area() < 1.0;
                assert!(apart, "{name} at {rect:?} lies over {there} at {other:?}, {scale}");
            }
            seen.push((rect, name));
        }
        assert!(seen.len() > 8, "{seen:?}");
    }
}
