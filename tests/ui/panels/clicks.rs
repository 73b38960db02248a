//! What belongs to a click besides its dot: threshold, extension, the model and its download.

use std::sync::Arc;

use egui::{Key, Modifiers, Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use voxpoint::document::{Change, Command, EditKind, GestureId, LabelId, ModelMask, Over};
use voxpoint::geom::DVec3;
use voxpoint::mask::operation::OperationKind;
use voxpoint::mask::parts::PartsSummary;
use voxpoint::prompt::{Capabilities, KeptParts, PromptId};
use voxpoint::ui::{Action, Busy, Download, ModelStatus, Waiting};
use voxpoint::volume::Region;

use super::desktop::{
    Desktop, click, nothing_is_cut_or_overlaps, picture, press, resolve_rigid, resolve_with, shows,
    taken,
};

/// The thresholds asked for since the last call, as probabilities, and whether each begins a gesture.
fn moved(desktop: &mut Desktop) -> Vec<(f32, bool)> {
    let of = |action: Action| match action {
        Action::MoveThreshold { object: LabelId(1), threshold, begins } => {
            desktop.status.threshold = Some((LabelId(1), threshold));
            (1.0 / (1.0 + (-threshold).exp()), begins)
        }
        other => panic!("{other:?}"),
    };
    std::mem::take(&mut desktop.out).into_iter().map(of).collect()
}

#[test]
fn the_slider_asks_for_probabilities_and_a_drag_begins_once() {
    let mut harness = Desktop::open().wide();
    let slider = harness.get_by_role_and_label(Role::Slider, "Threshold").rect();
    // The handle in the middle is one half.
    let at = |share: f32| {
        slider.left_center() + vec2(8.0 + share * (slider.height().max(72.0) - 16.0), 0.0)
    };
    let mut steps = Vec::new();
    harness.drag_at(at(0.5));
    harness.step();
    for n in 1..5 {
        harness.hover_at(at(0.5 - 0.1 * n as f32));
        harness.step();
        steps.extend(moved(harness.state_mut()));
    }
    harness.drop_at(at(0.1));
    harness.run_steps(2);
    steps.extend(moved(harness.state_mut()));
    assert!(steps.len() >= 4 && steps[0].1, "{steps:?}");
    assert!(steps[1..].iter().all(|(_, begins)| !begins), "{steps:?}");
    assert!(steps.windows(2).all(|w| w[1].0 < w[0].0), "{steps:?}");
    assert!(steps.last().is_some_and(|(p, _)| (0.05..0.3).contains(p)), "{steps:?}");
    picture(&mut harness, "threshold");
    harness.get_by_label("Reset threshold").click();
    harness.run_steps(2);
    assert_eq!(moved(harness.state_mut()), [(0.5, true)]);
    // Two quick clicks, too; the first moves the slider, and both are one gesture.
    let mut steps = Vec::new();
    harness.run_steps(20);
    for _ in 0..2 {
        harness.drag_at(at(0.9));
        harness.drop_at(at(0.9));
        harness.step();
        steps.extend(moved(harness.state_mut()));
    }
    harness.step();
    steps.extend(moved(harness.state_mut()));
    assert_eq!(steps.iter().filter(|(_, begins)| *begins).count(), 1, "{steps:?}");
    assert_eq!(steps.last(), Some(&(0.5, false)), "{steps:?}");
}

#[test]
fn there_is_no_threshold_without_an_answer() {
    let mut desktop = Desktop::open();
    click(desktop.document.as_mut().unwrap(), DVec3::new(3.0, 3.0, -800.0), true);
    let harness = desktop.wide();
    let slider = harness.get_by_role_and_label(Role::Slider, "Threshold");
    assert!(slider.accesskit_node().is_disabled(), "while a click is computed");

    let mut desktop = Desktop::open();
    desktop.document.as_mut().unwrap().apply(Command::NewObject).unwrap();
    let harness = desktop.wide();
    let slider = harness.get_by_role_and_label(Role::Slider, "Threshold");
    assert!(slider.accesskit_node().is_disabled(), "an empty object");
}

#[test]
fn a_mask_at_the_windows_edge_is_flagged_and_extended_by_button_menu_and_key() {
    for size in [[1440.0, 900.0], [1024.0, 700.0]] {
        let mut desktop = Desktop::open();
        let document = desktop.document.as_mut().unwrap();
        click(document, DVec3::new(7.0, 0.0, -800.0), true);
        resolve_with(document, 0, 1230, true);
        *desktop.view.prefs.side_panels.open(size[0]) = [true; 2];
        let mut harness = desktop.window(size);
        harness.run_steps(3);
        picture(&mut harness, &format!("extend-{}", size[0]));
        nothing_is_cut_or_overlaps(&harness);
        assert!(shows(&harness, "The mask reaches the model's cube"));
        let asked = ["Do(Extend(LabelId(1)))"];
        harness.get_by_label("Extend").click();
        harness.run_steps(2);
        assert_eq!(taken(&mut harness), asked);
        press(&mut harness, Modifiers::NONE, Key::G);
        assert_eq!(taken(&mut harness), asked);
        harness.get_by_role_and_label(Role::Button, "Segment").click();
        harness.run_steps(3);
        harness.get_by_label("Extend beyond the model's cube").click();
        harness.run_steps(3);
        assert_eq!(taken(&mut harness), asked);

        let desktop = harness.state_mut();
        desktop.document.as_mut().unwrap().apply(Command::Extend(LabelId(1))).unwrap();
        desktop.status.busy = Some(Busy::Extending(2, 7));
        desktop.view.transient.selected_prompt = Some((LabelId(1), PromptId(1)));
        harness.run_steps(2);
        picture(&mut harness, &format!("extending-{}", size[0]));
        nothing_is_cut_or_overlaps(&harness);
        assert!(shows(&harness, "Cube 2 of 7") && shows(&harness, "extending: cube 2 of 7"));
        press(&mut harness, Modifiers::NONE, Key::G);
        harness.get_by_label("Stop extending").click();
        harness.step();
        press(&mut harness, Modifiers::NONE, Key::Escape);
        let expected = ["CancelClick", "Cancel"];
        assert_eq!(taken(&mut harness), expected, "not extended twice; stopped by button and key");
    }
    let mut harness = Desktop::open().wide();
    press(&mut harness, Modifiers::NONE, Key::G);
    assert!(taken(&mut harness).is_empty() && !shows(&harness, "model's cube"));
}

#[test]
fn what_the_model_in_use_can_not_do_is_not_offered_and_the_reason_is_told() {
    let without = |lacks: fn(&mut Capabilities)| {
        let mut desktop = Desktop::open();
        let document = desktop.document.as_mut().unwrap();
        click(document, DVec3::new(7.0, 0.0, -800.0), true);
        resolve_with(document, 0, 1230, true);
        lacks(desktop.status.capabilities.as_mut().unwrap());
        desktop.wide()
    };
    let entry_is_off = |harness: &mut Harness<'_, Desktop>, name: &str| {
        harness.get_by_role_and_label(Role::Button, "Segment").click();
        harness.run_steps(3);
        let disabled = |node: egui_kittest::Node<'_>| node.accesskit_node().is_disabled();
        let off = harness.query_all_by_label(name).all(disabled);
        press(harness, Modifiers::NONE, Key::Escape);
        off && taken(harness).iter().all(|action| action == "Cancel")
    };
    // Extending: the mask is cut off then, and only a click helps.
    let mut harness = without(|can| can.extends = false);
    assert!(harness.query_by_label("Extend").is_none());
    assert!(shows(&harness, "a click beyond it extends it there"));
    assert!(entry_is_off(&mut harness, "Extend beyond the model's cube"));
    press(&mut harness, Modifiers::NONE, Key::G);
    let told = taken(&mut harness);
    assert!(
        told.len() == 1 && told[0].starts_with("Tell(\"The model in use does not follow masks"),
        "{told:?}"
    );
    // Of a model that is being loaded nothing is known.
    harness.state_mut().status.model = ModelStatus::Loading("other".into());
    harness.run_steps(2);
    harness.get_by_label("Extend");

    let mut harness = without(|can| can.negative_points = false);
    assert!(entry_is_off(&mut harness, "Negative point (outside)"));
    press(&mut harness, Modifiers::NONE, Key::Minus);
    let told = taken(&mut harness);
    assert!(
        told.len() == 1 && told[0].contains("takes no negative points") && told[0].contains("(E)"),
        "{told:?}"
    );
    assert!(!harness.state().view.transient.negative);
    harness.get_by_label("Extend");

    // The threshold is the answer's: one that has it keeps it whatever model is in use.
    let harness = without(|can| can.adjusts = false);
    let slider = harness.get_by_role_and_label(Role::Slider, "Threshold");
    assert!(!slider.accesskit_node().is_disabled());
    // After a session was opened only the model's mask is there, not its answer.
    for (adjusts, reason) in
        [(false, "The model that made this mask has no threshold"), (true, "the next point has it")]
    {
        let mut desktop = Desktop::open();
        click(desktop.document.as_mut().unwrap(), DVec3::new(7.0, 0.0, -800.0), true);
        resolve_rigid(desktop.document.as_mut().unwrap(), 0, 1230);
        desktop.status.capabilities.as_mut().unwrap().adjusts = adjusts;
        let mut harness = desktop.wide();
        let slider = harness.get_by_role_and_label(Role::Slider, "Threshold");
        assert!(slider.accesskit_node().is_disabled());
        slider.hover();
        harness.run_steps(30);
        assert!(harness.query_all_by_label_contains(reason).next().is_some(), "{reason}");
    }
}

#[test]
fn what_waits_for_a_click_is_told_in_its_row_and_in_the_status_bar() {
    for size in [[1440.0, 900.0], [1024.0, 700.0]] {
        let mut desktop = Desktop::open();
        click(desktop.document.as_mut().unwrap(), DVec3::new(3.0, 3.0, -800.0), true);
        desktop.status.waiting = vec![Waiting::Extend(LabelId(1)), Waiting::Delete(LabelId(2))];
        *desktop.view.prefs.side_panels.open(size[0]) = [true; 2];
        let mut harness = desktop.window(size);
        harness.run_steps(2);
        picture(&mut harness, &format!("waiting-{}", size[0]));
        nothing_is_cut_or_overlaps(&harness);
        harness.get_by_label("Object 2, deleted when the click is computed");
        harness.get_by_label("Object 1, extended when the click is computed");
        assert!(shows(&harness, "Object 2: deleted when the click is computed"));
    }
}

#[test]
fn the_predicted_iou_is_of_the_answer_and_not_of_what_was_painted() {
    let mut desktop = Desktop::open();
    let document = desktop.document.as_mut().unwrap();
    let region = Region::from_mask(60, (0..60 * 50 * 40).map(|n| (60_000..60_020).contains(&n)));
    let change = Change::Add(Arc::new(region));
    let (over, kind, gesture) = (Over::Background, EditKind::Brush, GestureId(1));
    document.apply(Command::Edit { object: None, change, over, kind, gesture }).unwrap();
    let mut harness = desktop.wide();
    harness.run_steps(2);
    picture(&mut harness, "corrected");
    nothing_is_cut_or_overlaps(&harness);
    harness.get_by_label("Object 1, 12.5 mL");
    let label = harness.get_by_label("Predicted IoU 0.87, before corrections by hand");
    label.hover();
    harness.run_steps(30);
    assert!(shows(&harness, "not of the mask as it was corrected by hand"));
}

#[test]
fn the_models_are_listed_with_their_licence_and_told_about() {
    for size in [[1440.0, 900.0], [1024.0, 700.0]] {
        let mut harness = Desktop::open().window(size);
        harness.get_by_label("Model: Demo model").click();
        harness.run_steps(3);
        picture(&mut harness, &format!("models-{}", size[0]));
        let entry = |name: &str| format!("{name}, ");
        assert!(shows(&harness, &entry("Demo model")) && shows(&harness, &entry("turbo")));
        assert!(shows(&harness, "What this one is for, in a line."));
        harness.get_by_label("About this model…").click();
        harness.run_steps(4);
        picture(&mut harness, &format!("about-model-{}", size[0]));
        assert!(shows(&harness, "Apache-2.0 OR MIT") && shows(&harness, "SHA-256"));
        assert!(shows(&harness, "What its authors write"));
        press(&mut harness, Modifiers::NONE, Key::Escape);
        assert!(!shows(&harness, "SHA-256") && taken(&mut harness).is_empty());
    }
}

#[test]
fn a_download_shows_its_bytes_and_can_be_cancelled() {
    for mut desktop in [Desktop::empty(), Desktop::open()] {
        let name = if desktop.document.is_some() { "download-open" } else { "download" };
        desktop.status.download =
            Some(Download { name: "SAM-Med3D-turbo".into(), done: 12_300_000, total: 402_000_000 });
        let mut harness = desktop.window([1024.0, 700.0]);
        harness.run_steps(2);
        picture(&mut harness, name);
        nothing_is_cut_or_overlaps(&harness);
        assert!(shows(&harness, "SAM-Med3D-turbo 12.3 MB of 402.0 MB"));
        harness.get_by_label("Cancel download").click();
        harness.step();
        press(&mut harness, Modifiers::NONE, Key::Escape);
        let expected = ["CancelDownload", "Cancel"];
        assert_eq!(taken(&mut harness), expected, "the key is for what is nearer at hand");
    }
}

/// The switch is about what the model found; who cuts or draws is told so, and offered to take such parts out.
#[test]
fn parts_made_by_hand_are_said_to_stay_beside_the_switch() {
    let mut desktop = Desktop::open();
    let document = desktop.document.as_mut().expect("open");
    let grid = document.image().grid().clone();
    let at = grid.index(grid.voxel_at(DVec3::new(1.0, 0.0, -800.0)).expect("inside"));
    let around = |n: usize| n + 3 >= at && n <= at + 3;
    let region = Arc::new(Region::from_mask(60, (0..grid.count()).map(around)));
    let (object, parts) = (LabelId(1), KeptParts::Clicked);
    let mask = Some(ModelMask { region, touches: false, cut: false });
    document.apply(Command::KeepParts { object, parts, mask }).expect("kept");
    let stays = "Parts that you drew or cut off stay.";
    let summary = PartsSummary { parts: 2, mm3: 60.0, small_mm3: 20.0 };
    desktop.status.parts.insert(object, summary);
    let mut harness = desktop.wide();
    harness.run_steps(2);
    assert!(!shows(&harness, stays), "all of it is the model's");
    let document = harness.state_mut().document.as_mut().expect("open");
    let cut = Region::from_mask(60, (0..grid.count()).map(|n| n == at + 2));
    let (change, over, kind) = (Change::Subtract(cut.into()), Over::Background, EditKind::Brush);
    let edit = Command::Edit { object: None, change, over, kind, gesture: GestureId(7000) };
    document.apply(edit).expect("cut");
    harness.run_steps(2);
    assert!(shows(&harness, stays));
    picture(&mut harness, "parts-by-hand");
    harness.get_by_label("Keep clicked parts").click();
    harness.run_steps(3);
    let view = &harness.state().view;
    assert!(view.windows.operation);
    assert_eq!(view.prefs.operation.kind, OperationKind::KeepClicked);
    // Of one part there is nothing to say.
    let summary = PartsSummary { parts: 1, mm3: 60.0, small_mm3: 0.0 };
    harness.state_mut().status.parts.insert(object, summary);
    harness.run_steps(2);
    assert!(!shows(&harness, stays));
}

/// A click that did nothing says so beside the points, as long as it is there.
#[test]
fn a_point_that_changed_nothing_says_so() {
    let mut desktop = Desktop::open();
    let document = desktop.document.as_ref().expect("open");
    let object = document.active().expect("selected");
    let (id, last) = (object.id, object.log.prompts.last().expect("clicked").id);
    let n = object.log.prompts.len();
    desktop.status.idle_point = Some((id, last));
    let mut harness = desktop.wide();
    let text = format!("Point {n} changed nothing of the mask.");
    assert!(shows(&harness, &text));
    picture(&mut harness, "idle-point");
    let document = harness.state_mut().document.as_mut().expect("open");
    document.apply(Command::RemovePrompt { object: id, prompt: last }).expect("removed");
    harness.run_steps(2);
    assert!(!shows(&harness, &text));
}

/// Of a mask that no point made there are no parts to choose by points.
#[test]
fn parts_by_points_are_not_offered_for_a_mask_without_points() {
    let mut desktop = Desktop::open();
    let document = desktop.document.as_mut().expect("open");
    document.apply(Command::NewObject).expect("begun");
    let part = Region::from_mask(60, (0..60 * 50 * 40).map(|n| n / 60 % 50 == 7 && n % 60 < 9));
    let (change, over, kind) = (Change::Add(part.into()), Over::Background, EditKind::Brush);
    let edit = Command::Edit { object: None, change, over, kind, gesture: GestureId(7001) };
    document.apply(edit).expect("painted");
    let mut harness = desktop.wide();
    for key in [Key::Escape, Key::Escape] {
        press(&mut harness, Modifiers::NONE, key);
    }
    press(&mut harness, Modifiers { ctrl: true, ..Modifiers::COMMAND | Modifiers::SHIFT }, Key::P);
    harness.event(egui::Event::Text("only parts".to_owned()));
    harness.run_steps(2);
    let entry = harness.get_by_label("Only parts with a positive point");
    assert!(entry.accesskit_node().is_disabled());
    assert!(harness.query_by_label_contains("This mask has no points").is_some());
}
