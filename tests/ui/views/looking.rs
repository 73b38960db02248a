//! Windows, colours, layers, masks and time points.

use egui::{Event, Key, Modifiers, PointerButton, Role, vec2};
use egui_kittest::kittest::Queryable as _;
use voxpoint::document::{Command, LabelId};
use voxpoint::geom::Plane;
use voxpoint::prompt::Prompt;
use voxpoint::render::{ColourMap, Interpolation};
use voxpoint::ui::{Action, MaskLook, ShownMasks, tools};
use voxpoint::volume::Window;

use super::desk::{
    Hands, button, desk, drag, drag_with, overlay, pane, press, texts, wheel, window, window_of,
    with_mask,
};

#[test]
fn a_dragged_rectangle_gives_the_window_of_its_values() {
    for (tool, modifiers) in [(tools::REGION, Modifiers::NONE), (tools::WINDOW, Modifiers::SHIFT)] {
        let mut hands = window();
        hands.state_mut().view.prefs.tool = tool;
        let middle = pane(&hands, Plane::Axial).center();
        drag_with(&mut hands, middle - vec2(50.0, 20.0), vec2(100.0, 40.0), modifiers);
        // Slice 12: values 200 to 239, and the rectangle leaves out its sides.
        let window = hands.state().view.scan.window;
        assert!(window.low() > 200.0 && window.high() < 239.0, "{tool:?} {window:?}");
        assert!((window.centre - 219.5).abs() < 1.5 && window.width > 5.0, "{window:?}");
        assert!(hands.state().actions.is_empty());
    }
}

#[test]
fn presets_and_handles_change_the_window() {
    let mut hands = window();
    for (key, centre, width) in [(Key::Num5, -600.0, 1500.0), (Key::Num1, 40.0, 80.0)] {
        press(&mut hands, Modifiers::SHIFT, key);
        assert_eq!(hands.state().view.scan.window, Window::new(centre, width));
    }
    hands.get_by_label("Window low").set_value_accesskit(-100.0);
    hands.run_steps(2);
    let window = hands.state().view.scan.window;
    assert!((window.low() + 100.0).abs() < 1e-6 && (window.high() - 80.0).abs() < 1e-6);
    let high = hands.get_by_label("Window high").rect().center();
    drag(&mut hands, high, vec2(20.0, 0.0));
    let wide = hands.state().view.scan.window;
    assert!((wide.low() - window.low()).abs() < 1e-6 && wide.high() > window.high() + 50.0);
    hands.get_by_label("Window middle").focus();
    hands.run_steps(2);
    press(&mut hands, Modifiers::NONE, Key::ArrowRight);
    let moved = hands.state().view.scan.window;
    assert!(moved.centre > wide.centre && (moved.width - wide.width).abs() < 1e-6);
    press(&mut hands, Modifiers::SHIFT, Key::Num0);
    let stats = hands.state().view.scan.stats.unwrap();
    let full = hands.state().view.scan.window;
    assert_eq!((full.low(), full.high()), (stats.min, stats.max));
}

#[test]
fn colours_and_what_is_between_voxels_are_chosen() {
    let mut hands = window();
    hands.get_by_role_and_label(Role::ComboBox, "Colours").click();
    hands.run_steps(3);
    hands.get_by_label("Viridis").click();
    hands.run_steps(3);
    assert_eq!(hands.state().view.scan.colour_map, ColourMap::Viridis);
    hands.get_by_label("Cubic").click();
    hands.run_steps(2);
    assert_eq!(hands.state().view.prefs.interpolation, Interpolation::Cubic);
    press(&mut hands, Modifiers::NONE, Key::I);
    assert_eq!(hands.state().view.prefs.interpolation, Interpolation::Nearest);
    hands.get_by_label("Outline").click();
    hands.run_steps(2);
    assert_eq!(hands.state().view.mask_look(), MaskLook::Outline);
    press(&mut hands, Modifiers::SHIFT, Key::V);
    assert_eq!(hands.state().view.mask_look(), MaskLook::Both);
    hands.get_by_label("Outline width").set_value_accesskit(3.0);
    hands.run_steps(2);
    assert_eq!(hands.state().view.prefs.masks.outline_width, 3.0);
}

#[test]
fn the_chosen_layer_gets_the_window_and_layers_are_ordered() {
    let mut desk = desk(1);
    desk.view.scan.overlays = vec![overlay("pet.nii"), overlay("mr.nii")];
    let scan = desk.view.scan.window;
    let mut hands = window_of(desk, vec2(1440.0, 900.0));
    hands.get_by_label("Layer pet.nii").click();
    hands.run_steps(3);
    assert_eq!(hands.state().view.scan.layer, Some(0));
    press(&mut hands, Modifiers::SHIFT, Key::W);
    assert_eq!(hands.state().view.scan.overlays[0].window, Window::new(200.0, 300.0));
    assert_eq!(hands.state().view.scan.window, scan, "the scan keeps its own");
    // Pictures tell what lies over the scan, from which value to which; and the scan's own window.
    let told = |hands: &_, text: &str| texts(hands).iter().any(|t| t == text);
    assert!(told(&hands, "pet.nii 50 … 350"));
    let own = format!("W {} L {}", scan.width, scan.centre);
    assert!(told(&hands, &own), "{own}");
    hands.get_by_role_and_label(Role::Slider, "Opacity").set_value_accesskit(0.8);
    hands.run_steps(2);
    assert_eq!(hands.state().view.scan.overlays[0].opacity, 0.8);
    hands.get_by_label("Move up: pet.nii").click();
    hands.run_steps(3);
    let names: Vec<_> =
        hands.state().view.scan.overlays.iter().map(|o| o.volume.name().to_owned()).collect();
    assert_eq!(
        (names, hands.state().view.scan.layer),
        (vec!["mr.nii".into(), "pet.nii".into()], Some(1))
    );
    hands.get_by_label("Hide mr.nii").click();
    hands.run_steps(2);
    assert!(!hands.state().view.scan.overlays[0].visible);
    assert!(!texts(&hands).iter().any(|t| t.starts_with("mr.nii ")), "what is hidden is not told");
    press(&mut hands, Modifiers::NONE, Key::H);
    assert!(
        hands.state().view.scan.overlays.iter().all(|o| !o.visible),
        "one was seen: all hidden"
    );
    hands.get_by_label("Take the layer away: pet.nii").click();
    hands.run_steps(3);
    assert_eq!((hands.state().view.scan.overlays.len(), hands.state().view.scan.layer), (1, None));
    hands.get_by_label("Hide scan.nii").click();
    hands.run_steps(2);
    assert!(!hands.state().view.scan.show_image);
    assert!(!told(&hands, &own));
    press(&mut hands, Modifiers::COMMAND, Key::L);
    let asked = format!("{:?}", hands.state().actions.last().unwrap());
    assert_eq!(asked, "OverlayDialog");
}

#[test]
fn a_pointer_that_rests_on_a_mask_is_told_its_name() {
    let mut desk = desk(1);
    with_mask(&mut desk);
    let mut hands = window_of(desk, vec2(1440.0, 900.0));
    let rect = pane(&hands, Plane::Coronal);
    let on_it = rect.center() + vec2(20.0, 60.0);
    let tag = "liver · 144 mL";
    hands.hover_at(on_it);
    hands.run_steps(10);
    assert!(!texts(&hands).iter().any(|t| t == tag), "not at once");
    hands.run_steps(60);
    assert!(texts(&hands).iter().any(|t| t == tag), "{:?}", texts(&hands));
    hands.hover_at(rect.center() - vec2(20.0, 60.0));
    hands.run_steps(70);
    assert!(!texts(&hands).iter().any(|t| t == tag), "nothing is there");
}

#[test]
fn an_objects_opacity_is_one_step_to_undo() {
    let mut desk = desk(1);
    with_mask(&mut desk);
    let mut hands = window_of(desk, vec2(1440.0, 900.0));
    hands.get_by_label("Colour of liver").click();
    hands.run_steps(3);
    for opacity in [0.7, 0.4] {
        hands.get_by_role_and_label(Role::Slider, "Opacity in 3D").set_value_accesskit(opacity);
        hands.run_steps(3);
    }
    let document = &mut hands.state_mut().document;
    assert_eq!(document.object(LabelId(1)).unwrap().opacity, 0.4);
    let styles = voxpoint::ui::label_styles(document, ShownMasks::Visible);
    assert_eq!(styles[0].opacity, 0.4);
    assert!(document.undo());
    assert_eq!(document.object(LabelId(1)).unwrap().opacity, 1.0);
}

#[test]
fn time_points_are_stepped_slid_and_played() {
    let mut hands = window_of(desk(3), vec2(1440.0, 900.0));
    assert!(texts(&hands).iter().any(|t| t == "Time point 1/3"));
    press(&mut hands, Modifiers::NONE, Key::Period);
    assert_eq!(hands.state().view.scan.time_point, 1);
    press(&mut hands, Modifiers::NONE, Key::Comma);
    press(&mut hands, Modifiers::NONE, Key::Comma);
    assert_eq!(hands.state().view.scan.time_point, 2, "round and round");
    hands.get_by_role_and_label(Role::Slider, "Time point").set_value_accesskit(2.0);
    hands.run_steps(2);
    assert!(texts(&hands).iter().any(|t| t == "Time point 2/3"));
    hands.hover_at(pane(&hands, Plane::Axial).center());
    hands.run_steps(2);
    assert!(
        hands.state().view.transient.hover.as_ref().unwrap().value > 4500.0,
        "of the time point shown"
    );
    hands.state_mut().view.prefs.time_points_per_second = 20.0;
    press(&mut hands, Modifiers::NONE, Key::K);
    assert!(hands.state().view.transient.playing);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        hands.step();
        seen.insert(hands.state().view.scan.time_point);
    }
    assert_eq!(seen.len(), 3, "all are shown");
    // A time point that is still on its way to the screen is waited for.
    hands.state_mut().status.time_point_loading = true;
    let waits = hands.state().view.scan.time_point;
    for _ in 0..40 {
        hands.step();
        assert_eq!(hands.state().view.scan.time_point, waits);
    }
    hands.state_mut().status.time_point_loading = false;
    let went_on = (0..40).any(|_| {
        hands.step();
        hands.state().view.scan.time_point != waits
    });
    assert!(went_on, "and played on from");
    hands.get_by_label("Pause").click();
    hands.run_steps(2);
    let still = hands.state().view.scan.time_point;
    hands.run_steps(40);
    assert_eq!(hands.state().view.scan.time_point, still);
}

#[test]
fn pictures_are_fitted_and_shown_in_life_size() {
    let mut hands = window();
    hands.hover_at(pane(&hands, Plane::Axial).center());
    hands.step();
    press(&mut hands, Modifiers::SHIFT, Key::F);
    let zoom = hands.state().view.pane(Plane::Axial).pan_zoom.unwrap().points_per_mm;
    assert!((zoom - 96.0 / 25.4).abs() < 1e-9);
    assert!(hands.state().view.pane(Plane::Coronal).pan_zoom.is_some(), "linked");
    press(&mut hands, Modifiers::NONE, Key::F);
    assert_eq!(hands.state().view.pane(Plane::Coronal).pan_zoom, None);
    press(&mut hands, Modifiers::SHIFT, Key::L);
    press(&mut hands, Modifiers::SHIFT, Key::F);
    assert_eq!(hands.state().view.pane(Plane::Coronal).pan_zoom, None, "only where the pointer is");
    press(&mut hands, Modifiers::NONE, Key::F);
    assert_eq!(hands.state().view.pane(Plane::Axial).pan_zoom, None);
}

#[test]
fn slices_are_zoomed_alike_unless_each_is_to_have_its_own_zoom() {
    let mut hands = window();
    let of = |hands: &Hands, plane| hands.state().view.pane(plane).pan_zoom;
    hands.hover_at(pane(&hands, Plane::Coronal).center());
    wheel(&mut hands, 3.0, Modifiers::CTRL | Modifiers::COMMAND);
    let zoom = of(&hands, Plane::Coronal).unwrap();
    for plane in [Plane::Axial, Plane::Sagittal] {
        let linked = of(&hands, plane).unwrap();
        assert!((linked.points_per_mm - zoom.points_per_mm).abs() < 1e-9, "{linked:?}");
    }
    press(&mut hands, Modifiers::SHIFT, Key::L);
    let before = of(&hands, Plane::Axial);
    wheel(&mut hands, 3.0, Modifiers::CTRL | Modifiers::COMMAND);
    assert_ne!(of(&hands, Plane::Coronal), Some(zoom));
    assert_eq!(of(&hands, Plane::Axial), before, "each for itself");
    press(&mut hands, Modifiers::SHIFT, Key::L);
    assert_ne!(of(&hands, Plane::Axial), before, "together again");
}

/// Without a mouse: Enter places a point where the crosshair is, of the sign that is chosen.
#[test]
fn a_point_is_placed_by_keyboard() {
    let mut hands = window();
    hands.state_mut().view.prefs.tool = tools::POINT;
    press(&mut hands, Modifiers::NONE, Key::ArrowUp);
    let at = hands.state().view.scan.crosshair;
    press(&mut hands, Modifiers::NONE, Key::Enter);
    let placed = |hands: &Hands| match hands.state().actions.last() {
        Some(Action::Do(Command::AddPrompt { object: None, prompt })) => Some(*prompt),
        _ => None,
    };
    assert_eq!(placed(&hands), Some(Prompt::positive(at)));
    hands.state_mut().view.transient.negative = true;
    hands.state_mut().actions.clear();
    press(&mut hands, Modifiers::NONE, Key::Enter);
    assert_eq!(placed(&hands), Some(Prompt::negative(at)));
    hands.state_mut().view.prefs.tool = tools::CROSSHAIR;
    hands.state_mut().actions.clear();
    press(&mut hands, Modifiers::NONE, Key::Enter);
    assert_eq!(placed(&hands), None);
}

#[test]
fn a_click_that_closes_a_menu_places_no_point() {
    for (held, button_) in [
        (true, PointerButton::Primary),
        (false, PointerButton::Primary),
        (true, PointerButton::Secondary),
    ] {
        let mut hands = window();
        hands.state_mut().view.prefs.tool = tools::POINT;
        let at = pane(&hands, Plane::Coronal).center();
        hands.get_by_role_and_label(Role::Button, "View").click();
        hands.run_steps(3);
        assert!(egui::Popup::is_any_open(&hands.ctx));
        let tap = |hands: &mut Hands| {
            hands.event(Event::PointerMoved(at));
            hands.step();
            button(hands, at, button_, true, Modifiers::NONE);
            if held {
                hands.run_steps(3);
            }
            button(hands, at, button_, false, Modifiers::NONE);
            hands.run_steps(40);
            hands.state().actions.len()
        };
        assert_eq!(tap(&mut hands), 0, "{button_:?}");
        assert!(!egui::Popup::is_any_open(&hands.ctx));
        assert_eq!(tap(&mut hands), 1, "the next one is meant for the picture");
    }
}
