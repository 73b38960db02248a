//! Which views are seen, and how large.

use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use voxpoint::geom::Plane;
use voxpoint::ui::{Layout, Pane, Splits, tools};

use super::desk::{click, double_click, drag, pane, press, texts, wheel, window};

#[test]
fn buttons_and_keys_choose_the_layout() {
    let mut hands = window();
    let quad = pane(&hands, Plane::Axial);
    hands.get_by_label("Three slices in a row").click();
    hands.run_steps(3);
    assert_eq!(hands.state().view.prefs.layout, Layout::Row);
    assert!(hands.query_by_label("3D view").is_none());
    assert!(pane(&hands, Plane::Axial).height() > 1.9 * quad.height());
    hands.get_by_label("One large view (again: another)").click();
    hands.run_steps(3);
    assert!(pane(&hands, Plane::Axial).width() > 1.9 * pane(&hands, Plane::Coronal).width());
    press(&mut hands, Modifiers::SHIFT, Key::Y);
    let sagittal = Layout::Main(Pane::Slice(Plane::Sagittal));
    assert_eq!(hands.state().view.prefs.layout, sagittal, "again: the next one is large");
    press(&mut hands, Modifiers::NONE, Key::Num3);
    assert_eq!(hands.state().view.scan.maximised, Some(Pane::Slice(Plane::Coronal)));
    hands.get_by_label("Four views").click();
    hands.run_steps(3);
    assert_eq!(pane(&hands, Plane::Axial), quad);
    press(&mut hands, Modifiers::NONE, Key::Y);
    assert!(matches!(hands.state().view.prefs.layout, Layout::Main(_)));
}

#[test]
fn a_splitter_is_dragged_and_goes_back_by_double_click_and_listens_to_keys() {
    let mut hands = window();
    let before = pane(&hands, Plane::Axial);
    let splitter = hands.get_by_label("Left and right views").rect();
    let at = splitter.center() + vec2(0.0, -100.0);
    drag(&mut hands, at, vec2(90.0, 0.0));
    let after = pane(&hands, Plane::Axial);
    assert!((after.width() - before.width() - 90.0).abs() < 3.0, "{before} {after}");
    assert_eq!(after.height(), before.height());
    assert!((pane(&hands, Plane::Sagittal).min.x - after.max.x) < 2.0);
    assert!(hands.state().actions.is_empty(), "no click went through");
    double_click(&mut hands, at + vec2(90.0, 0.0));
    assert_eq!(hands.state().view.prefs.splits, Splits::default());

    let upper = hands.get_by_label("Upper and lower views");
    assert_eq!(upper.accesskit_node().data().numeric_value(), Some(50.0));
    upper.set_value_accesskit(30.0);
    hands.run_steps(3);
    assert!((hands.state().view.prefs.splits.quad_y - 0.3).abs() < 1e-3);
    hands.get_by_label("Upper and lower views").focus();
    hands.run_steps(2);
    press(&mut hands, Modifiers::NONE, Key::ArrowDown);
    assert!((hands.state().view.prefs.splits.quad_y - 0.32).abs() < 1e-3);
    // Where the two cross both are moved.
    let corner = pane(&hands, Plane::Axial).max;
    drag(&mut hands, corner, vec2(-60.0, 50.0));
    let moved = pane(&hands, Plane::Axial).max - corner;
    assert!((moved - vec2(-60.0, 50.0)).length() < 4.0, "{moved:?}");
    drag(&mut hands, corner + moved, vec2(-3000.0, -3000.0));
    let smallest = pane(&hands, Plane::Axial);
    assert!(smallest.width() >= 94.0 && smallest.height() >= 94.0, "{smallest}");
}

#[test]
fn a_double_click_shows_a_view_alone_but_never_costs_a_click_of_the_point_tool() {
    let mut hands = window();
    let at = pane(&hands, Plane::Sagittal).center() + vec2(40.0, 30.0);
    double_click(&mut hands, at);
    assert_eq!(hands.state().view.scan.maximised, None, "points are placed by clicks");
    assert_eq!(hands.state().actions.len(), 1, "and two on one spot are one");
    hands.run_steps(60);
    let name = pane(&hands, Plane::Sagittal).min + vec2(20.0, 12.0);
    double_click(&mut hands, name);
    assert_eq!(hands.state().view.scan.maximised, Some(Pane::Slice(Plane::Sagittal)));
    hands.run_steps(60);
    let name = pane(&hands, Plane::Sagittal).min + vec2(20.0, 12.0);
    double_click(&mut hands, name);
    assert_eq!(hands.state().view.scan.maximised, None);
    for tool in [tools::CROSSHAIR, tools::WINDOW, tools::REGION] {
        hands.state_mut().view.prefs.tool = tool;
        hands.run_steps(60);
        double_click(&mut hands, at);
        assert_eq!(
            hands.state().view.scan.maximised,
            Some(Pane::Slice(Plane::Sagittal)),
            "{tool:?}"
        );
        hands.run_steps(60);
        double_click(&mut hands, at);
        assert_eq!(hands.state().view.scan.maximised, None, "{tool:?}");
    }
    assert_eq!(hands.state().actions.len(), 1);
}

#[test]
fn a_sheet_shows_slices_of_which_one_is_chosen_by_a_click() {
    let mut hands = window();
    press(&mut hands, Modifiers::NONE, Key::S);
    // 24 slices on 20 pictures: every second one, the present one (12) among them.
    assert!(hands.query_by_label("Axial slice 12 (0–23)").is_some());
    assert!(hands.query_by_label("Axial slice 11 (0–23)").is_none());
    let cell = |hands: &super::desk::Hands, label: &str| hands.get_by_label(label).rect();
    let (upper, lower) =
        (cell(&hands, "Axial slice 22 (0–23)"), cell(&hands, "Axial slice 0 (0–23)"));
    assert!(upper.min.y < lower.min.y, "superior first");
    let fifth = cell(&hands, "Axial slice 4 (0–23)").center();
    click(&mut hands, fifth);
    let desk = hands.state();
    let grid = desk.document.image().grid();
    assert_eq!(grid.voxel_at(desk.view.scan.crosshair).unwrap()[2], 4);
    assert!(desk.actions.is_empty());
    assert_eq!(cell(&hands, "Axial slice 0 (0–23)"), lower, "nothing has moved");

    // One after the other: the wheel goes by a row of five.
    hands.get_by_label("Slices from picture to picture").focus();
    hands.state_mut().view.prefs.lightbox_step = 1;
    hands.state_mut().view.scan.lightbox.as_mut().unwrap().rows = 2;
    hands.run_steps(3);
    hands.hover_at(cell(&hands, "Axial slice 4 (0–23)").center());
    hands.step();
    wheel(&mut hands, 1.0, Modifiers::NONE);
    let desk = hands.state();
    assert_eq!(desk.document.image().grid().voxel_at(desk.view.scan.crosshair).unwrap()[2], 9);
    assert!(texts(&hands).iter().any(|t| t.contains("9 (0–23)")));
    hands.get_by_label("Sagittal").click();
    hands.run_steps(3);
    assert!(hands.query_all_by_label_contains("Sagittal slice").count() > 5);
    hands.get_by_label("Close the sheet").click();
    hands.run_steps(3);
    assert!(hands.query_by_label("Axial view").is_some());
}
