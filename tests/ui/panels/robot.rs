//! The robot's window, with as much in it as there can be.

use std::sync::Arc;

use egui::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use voxpoint::document::LabelId;
use voxpoint::measure::{RobotAfter, RobotAim, RobotRun, RobotStructure};
use voxpoint::ui::InTheWay;
use voxpoint::ui::text::{Language, tr};

use super::desktop::{Desktop, picture, shows, taken};

fn structure(label: u64) -> RobotStructure {
    let after = |clicks| RobotAfter { clicks, made: clicks, dice: 0.8, iou: Some(0.75) };
    RobotStructure {
        case: "ct".to_owned(),
        label,
        name: Some(format!("structure with a long name {label}")),
        colour: [200, 80, 40],
        voxels: 1000,
        volume_ml: 1.0,
        free: 0.17,
        after: (1..=5).map(after).collect(),
        clicks: Vec::new(),
    }
}

fn run() -> RobotRun {
    RobotRun {
        case: "ct".to_owned(),
        reference: "reference.nii.gz".to_owned(),
        model: "demo".to_owned(),
        rules: "window",
        first: RobotAim::Random,
        seed: 0,
        clicks: (1..=5).collect(),
        structures: (1..=20).map(structure).collect(),
        failures: Vec::new(),
    }
}

/// A little that is in the way is no reason for an alarm; and a window names no commands to type.
#[test]
fn what_is_said_of_objects_in_the_way_goes_by_their_share() {
    for (share, strong) in [(0.02, false), (0.30, false), (0.34, true), (0.83, true)] {
        let mut desktop = Desktop::open();
        desktop.view.windows.robot = true;
        desktop.status.robot.in_the_way = Some(InTheWay {
            share,
            share_of_others: share,
            robots: Vec::new(),
            names: [Vec::new(), vec!["aorta".to_owned()]],
        });
        let mut harness = desktop.wide();
        harness.run_steps(4);
        assert_eq!(shows(&harness, "whatever the model can do"), strong, "{share}");
        assert_eq!(shows(&harness, "lower by about as much"), !strong, "{share}");
        assert!(shows(&harness, &format!("{:.0} %", 100.0 * share)));
        assert!(!shows(&harness, "voxpoint eval"));
    }
}

/// Whatever it says, what can be done about it is seen.
#[test]
fn the_buttons_stay_in_sight_and_all_that_is_in_the_way_is_named() {
    let mut pictures = 0;
    for size in [[1440.0, 900.0], [1100.0, 700.0], [800.0, 560.0]] {
        for language in [Language::English, Language::Chinese] {
            let mut desktop = Desktop::open();
            desktop.view.prefs.language = language;
            voxpoint::ui::text::speak(language);
            desktop.view.windows.robot = true;
            desktop.status.robot.run = Some(Arc::new(run()));
            let name = |n: usize| format!("robot: structure with a long name {n}");
            desktop.status.robot.in_the_way = Some(InTheWay {
                share: 0.83,
                share_of_others: 0.1,
                robots: vec![LabelId(1)],
                names: [(1..=20).map(name).collect(), vec!["liver".to_owned()]],
            });
            desktop.status.robot.told = Some("Stopped.".to_owned());
            let mut harness = desktop.window(size);
            harness.run_steps(6);
            pictures += 1;
            picture(&mut harness, &format!("robot-{pictures}"));
            let window = harness.ctx.content_rect();
            for (icon, button) in [
                ("", tr("Delete its earlier masks, and start")),
                ("", tr("Start beside them")),
                ("", tr("Cancel")),
                ("…", tr("Copy as CSV")),
                ("…", tr("Save figures…")),
            ] {
                let node = match icon {
                    "" => harness.get_by_role_and_label(Role::Button, button),
                    _ => harness.get_by_label_contains(button),
                };
                let rect = node.accesskit_node().bounding_box().expect("a place");
                let inside = rect.y1 <= f64::from(window.bottom()) && rect.y0 >= 0.0;
                assert!(inside, "{button} at {rect:?} in {window:?}");
            }
            assert!(shows(&harness, "structure with a long name 20"), "all are named");
            harness.get_by_role_and_label(Role::Button, tr("Start beside them")).click();
            harness.run_steps(2);
            assert_eq!(taken(&mut harness), ["Robot(Answer(Beside))"]);
            voxpoint::ui::text::speak(Language::English);
        }
    }
}
