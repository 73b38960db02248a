//! The robot user in the real window, on a model that finds what is bright: its clicks are the user's, its figures those
//! of the masks, and it stops when somebody interferes.

mod in_the_way;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::document::{Change, Command, EditKind, GestureId, LabelId, Object, Over};
use voxpoint::io;
use voxpoint::measure::{Robot, RobotAim, RobotRun, dice_of};
use voxpoint::ui::kit::icons;
use voxpoint::ui::text::Language;
use voxpoint::ui::{Action, ComparedPair, ModelStatus, RobotAction, RobotPause};
use voxpoint::volume::{LabelMap, LabelName, Region};
use voxpoint::work::{CancelToken, Progress};

use crate::brush::{document, grid, press, undo};
use crate::other_model::{Only, scan};
use crate::support::{type_path, wait, window_on};

const DIMS: [usize; 3] = [80, 40, 50];
const ROW: usize = DIMS[0];

/// The core of the first rod, which the model finds by a click; the second rod with its rim, of which it finds the core
/// or all; a third that is hardly more than half of a core.
fn truth(label: u16) -> Region {
    let is = |n: usize| {
        let [x, y, z] = [n % 80, n / 80 % 40, n / 3200];
        let apart = |c: usize| x.abs_diff(c).max(y.abs_diff(20));
        match label {
            1 => apart(25) <= 3,
            2 => apart(55) <= 5,
            _ => apart(25) <= 3 && z < 30,
        }
    };
    Region::from_mask(ROW, (0..DIMS.iter().product()).map(is))
}

/// A label map on the scan's grid.
fn save(folder: &Path, scan: &Path, labels: &[(u16, &str)]) -> PathBuf {
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let scan = io::open_volume(scan, &io::Limits::default(), &cancel, &progress).expect("the scan");
    let regions: Vec<(u16, Region)> = labels.iter().map(|(n, _)| (*n, truth(*n))).collect();
    let map = LabelMap::from_regions(DIMS, regions.iter().map(|(n, region)| (*n, region)));
    let names: Vec<LabelName> = labels
        .iter()
        .map(|(value, name)| LabelName {
            value: *value,
            name: (*name).to_owned(),
            colour: [200, 30, 40],
            opacity: 1.0,
            visible: true,
        })
        .collect();
    let path = folder.join("truth.nii.gz");
    let (grid, said) = (scan.grid(), scan.provenance());
    io::save_labels(&path, &map, grid, said, &names, &cancel, &progress).expect("saved");
    path
}

const RODS: &[(u16, &str)] = &[(1, "First rod"), (2, "Second rod")];

/// The scan, compared with these labels, and the robot's window, set to five clicks without a pause.
fn ready(folder: &Path, labels: &[(u16, &str)], model: Only) -> Harness<'static, App> {
    let scan = scan(folder);
    let truth = save(folder, &scan, labels);
    let mut harness = window_on(vec![scan], None, Box::new(model));
    wait(&mut harness, "the scan", |app| app.document().is_some());
    wait(&mut harness, "the model", |app| matches!(app.status().model, ModelStatus::Ready { .. }));
    harness.state_mut().compare_with(truth);
    wait(&mut harness, "the comparison", |app| {
        app.is_idle() && app.status().comparison.table.is_some()
    });
    let set = &mut harness.state_mut().view_mut().prefs.robot;
    (set.clicks, set.pause) = (5, RobotPause::None);
    harness.get_by_role_and_label(Role::Button, "Robot user…").click();
    harness.run_steps(3);
    harness
}

/// A button of its window.
fn push(harness: &mut Harness<'_, App>, icon: &str, name: &str) {
    harness.get_by_role_and_label(Role::Button, &format!("{icon} {name}")).click();
    harness.run_steps(2);
}

fn start(harness: &mut Harness<'_, App>) {
    push(harness, icons::PLAY, "Start");
}

fn done(harness: &mut Harness<'_, App>) -> Arc<RobotRun> {
    wait(harness, "the robot", |app| app.is_idle() && app.status().robot.work.is_none());
    harness.state().status().robot.run.clone().expect("figures")
}

fn told(harness: &Harness<'_, App>) -> String {
    harness.state().status().robot.told.clone().unwrap_or_default()
}

fn objects<'a>(harness: &'a Harness<'_, App>) -> &'a [Object] {
    document(harness).objects()
}

/// These voxels painted for the selected object.
fn paint(region: Region, gesture: u64) -> Command {
    Command::Edit {
        object: None,
        change: Change::Add(Arc::new(region)),
        over: Over::Background,
        kind: EditKind::Brush,
        gesture: GestureId(gesture),
    }
}

fn dice(run: &RobotRun, structure: usize) -> Vec<f64> {
    run.structures[structure].after.iter().map(|after| after.dice).collect()
}

#[test]
fn the_robot_clicks_as_the_user_does_and_is_measured_after_each_click() {
    let folder = tempfile::tempdir().expect("temp folder");
    let mut harness = ready(folder.path(), RODS, Only::default());
    start(&mut harness);
    let run = done(&mut harness);
    assert_eq!(told(&harness), "");

    // Objects of their own, under the labels' numbers, so that they are compared with them.
    let made: Vec<_> = objects(&harness).iter().map(|o| (o.id.0, &*o.name, o.colour)).collect();
    let lighter = [222, 120, 126];
    assert_eq!(made, [(1, "robot: First rod", lighter), (2, "robot: Second rod", lighter)]);
    let grid = grid(&harness);
    for (object, structure) in objects(&harness).iter().zip(&run.structures) {
        let truth = truth(object.id.0);
        // Its points are in the object, and the last figure is that of the mask.
        let points: Vec<_> = object
            .log
            .prompts
            .iter()
            .map(|p| (grid.voxel_at(p.world).expect("inside"), p.positive))
            .collect();
        let clicks: Vec<_> = structure.clicks.iter().map(|c| (c.voxel, c.positive)).collect();
        assert_eq!(points, clicks);
        assert_eq!(structure.after.len(), 5, "after each of five clicks");
        let last = structure.after[4];
        assert_eq!((last.dice, last.made), (dice_of(&object.region, &truth), points.len()));
        assert_eq!((structure.voxels, structure.free), (truth.count(), 1.0));
        // The first one is that of `voxpoint eval`.
        let mut robot = Robot::new(&grid, RobotAim::Random, ("rods.nii.gz", object.id.0, 0));
        assert_eq!(Some(structure.clicks[0]), robot.first(&truth));
    }
    // The core at once, and then nothing is wrong; of the other it takes a click into the rim.
    assert_eq!((dice(&run, 0), run.structures[0].clicks.len()), (vec![1.0; 5], 1));
    assert_eq!(run.structures[1].after[4].dice, 1.0);

    // The figures as text.
    let mean = run.mean(5).expect("a mean").dice;
    assert_eq!(mean, 1.0);
    let spoken = "Dice over clicks. First rod: 1.000, 1.000, 1.000, 1.000, 1.000. Second rod: ";
    harness.get_by_label_contains(spoken);
    assert!(harness.query_all_by_label("1.000").count() >= 5, "a row for each, and the means");

    // Its clicks are steps, and its objects the user's.
    let steps = document(&harness).history_steps().1;
    assert_eq!(steps, run.structures.iter().map(|s| s.clicks.len()).sum::<usize>());
    for _ in 0..steps {
        undo(&mut harness);
    }
    assert!(objects(&harness).is_empty() && document(&harness).labels().max() == 0);
    assert_eq!(told(&harness), "", "who is done minds nothing any more");
}

#[test]
fn one_pair_alone_is_clicked_and_masks_can_be_taken_out() {
    let folder = tempfile::tempdir().expect("temp folder");
    let mut harness = ready(folder.path(), RODS, Only::default());
    harness.get_by_label("The chosen pair").click();
    harness.run_steps(2);
    start(&mut harness);
    assert!(harness.state().status().robot.work.is_none(), "no pair is chosen yet");
    let pair = ComparedPair { a: None, b: Some(2) };
    let view = harness.state_mut().view_mut();
    view.scan.comparison.as_mut().expect("compared").selected = Some(pair);
    view.prefs.robot.take_out = true;
    harness.run_steps(2);
    harness.get_by_label("Only Second rod");
    start(&mut harness);
    let run = done(&mut harness);
    let labels: Vec<_> = run.structures.iter().map(|s| (s.label, s.name.as_deref())).collect();
    assert_eq!(labels, [(2, Some("Second rod"))]);
    assert!(objects(&harness).is_empty(), "it was measured, and taken out");
    undo(&mut harness);
    let mask = &objects(&harness)[0].region;
    assert_eq!(dice_of(mask, &truth(2)), run.structures[0].after[4].dice);
}

#[test]
fn what_other_objects_have_is_not_clicked_at_and_told() {
    let folder = tempfile::tempdir().expect("temp folder");
    let mut harness = ready(folder.path(), RODS, Only::default());
    // The user's own: all of the first rod, and half of the second under the number of the first's label.
    let half = |n: usize| n / 3200 < 25;
    let low = Region::from_mask(ROW, (0..DIMS.iter().product()).map(half));
    let mut mine = truth(1);
    mine.add(&truth(2).intersection(&low, ROW), ROW);
    harness.state_mut().carry_out(paint(mine.clone(), 900));
    harness.run_steps(2);
    start(&mut harness);
    wait(&mut harness, "the question", |app| app.status().robot.in_the_way.is_some());
    harness.run_steps(2);
    assert!(harness.query_by_label("Delete its earlier masks, and start").is_none(), "none is its");
    harness.get_by_label("Start beside them").click();
    harness.run_steps(2);
    let run = done(&mut harness);
    assert_eq!(*objects(&harness)[0].region, mine, "nothing of it is lost");
    let [failure] = &run.failures[..] else { panic!("{:?}", run.failures) };
    assert_eq!((failure.label, &*failure.reason), (1, "other objects have all of its voxels"));
    assert!(run.structures[0].after.is_empty() && run.structures[0].free == 0.0);
    let second = &run.structures[1];
    assert_eq!(second.free, 0.5);
    assert!(second.clicks.iter().all(|click| click.voxel[2] >= 25), "{:?}", second.clicks);
    // Half of it at best.
    let best = dice_of(&truth(2).without(&low, ROW), &truth(2));
    assert!((second.after[4].dice - best).abs() < 1e-12, "{} {best}", second.after[4].dice);
    assert_eq!(objects(&harness)[1].id, LabelId(2));
    harness.get_by_label("First rod: other objects have all of its voxels");
    harness.get_by_label("50 % free");
}

#[test]
fn who_interferes_with_its_object_stops_it_and_who_does_not_does_not() {
    type Deed = fn(&mut Harness<'_, App>);
    let rows: [(&str, Deed, &str); 6] = [
        ("its last click is undone", |h| undo(h), "undone or changed"),
        (
            "its object is deleted",
            |h| {
                let id = objects(h)[0].id;
                h.state_mut().carry_out(Command::RemoveObject(id));
            },
            "was deleted",
        ),
        (
            "its object is painted",
            |h| {
                let id = objects(h)[0].id;
                let change = Change::Subtract(Arc::new(truth(1)));
                let (over, kind) = (Over::Background, EditKind::Eraser);
                let gesture = GestureId(901);
                let object = Some(id);
                let edit = Command::Edit { object, change, over, kind, gesture };
                h.state_mut().carry_out(edit);
            },
            "changed by hand",
        ),
        (
            "its object is locked",
            |h| {
                let id = objects(h)[0].id;
                h.state_mut().carry_out(Command::SetLocked(id, true));
            },
            "was locked",
        ),
        (
            "the comparison ends",
            |h| h.state_mut().view_mut().scan.comparison = None,
            "same label map",
        ),
        ("it is stopped", |h| push(h, icons::STOP, "Stop"), "Stopped."),
    ];
    let folder = tempfile::tempdir().expect("temp folder");
    for (name, deed, word) in rows {
        let held = Arc::new(AtomicBool::new(false));
        let model = Only { held: held.clone(), ..Only::default() };
        // Half of a core: the whole core is found, and something is wrong to the last.
        let mut harness = ready(folder.path(), &[(3, "Half")], model);
        harness.state_mut().view_mut().prefs.robot.pause = RobotPause::One;
        start(&mut harness);
        wait(&mut harness, "the first mask", |app| {
            let run = app.status().robot.run.as_ref();
            run.is_some_and(|run| run.structures[0].after.len() == 1)
        });
        // What happens to another object does not matter.
        harness.state_mut().carry_out(Command::NewObject);
        harness.state_mut().carry_out(paint(truth(2), 900));
        harness.run_steps(2);
        assert!(harness.state().status().robot.work.is_some(), "{name}: {}", told(&harness));
        if name.contains("undone") {
            undo(&mut harness);
            undo(&mut harness);
        }
        deed(&mut harness);
        harness.run_steps(3);
        let run = done(&mut harness);
        assert!(told(&harness).contains(word), "{name}: {}", told(&harness));
        assert!(!run.structures[0].after.is_empty(), "{name}: what was measured stays");
        assert_eq!(run.failures.len(), 1);
    }
}

#[test]
fn a_click_that_waits_for_its_mask_is_taken_back_by_undo_and_by_escape() {
    for by_escape in [false, true] {
        let folder = tempfile::tempdir().expect("temp folder");
        let held = Arc::new(AtomicBool::new(true));
        let model = Only { held: held.clone(), ..Only::default() };
        let mut harness = ready(folder.path(), RODS, model);
        start(&mut harness);
        wait(&mut harness, "its first click", |app| {
            app.document().is_some_and(|d| d.pending().is_some())
        });
        harness.get_by_label_contains("First rod: click 1 of 5, label 1 of 2");
        if by_escape {
            // The window first, which ends the run; then the click.
            press(&mut harness, Key::Escape, Modifiers::NONE);
            assert!(told(&harness).contains("window was closed"), "{}", told(&harness));
            press(&mut harness, Key::Escape, Modifiers::NONE);
        } else {
            undo(&mut harness);
            harness.run_steps(2);
            assert!(told(&harness).contains("undone or changed"), "{}", told(&harness));
        }
        held.store(false, Ordering::Relaxed);
        let run = done(&mut harness);
        assert!(objects(&harness).is_empty());
        assert!(run.structures[0].after.is_empty() && run.structures.len() == 1);
    }
}

#[test]
fn a_model_that_does_not_answer_stops_it_with_its_error() {
    let folder = tempfile::tempdir().expect("temp folder");
    let fails = Arc::new(AtomicBool::new(true));
    let model = Only { fails: fails.clone(), ..Only::default() };
    let mut harness = ready(folder.path(), RODS, model);
    start(&mut harness);
    let run = done(&mut harness);
    let expected = voxpoint::segment::SegmentError::NoExtending.to_string();
    assert_eq!(told(&harness), expected);
    assert_eq!(run.failures[0].reason, expected);
    assert!(objects(&harness).is_empty());
    // And it can be begun again.
    fails.store(false, Ordering::Relaxed);
    // (The message of the first lies over the button for a while.)
    let ctx = harness.ctx.clone();
    harness.state_mut().act(Action::Robot(RobotAction::Start), &ctx);
    harness.run_steps(2);
    assert_eq!(dice(&done(&mut harness), 0), [1.0; 5]);

    // One that takes no negative points is told before, and stops where it needs one.
    let folder = tempfile::tempdir().expect("temp folder");
    let mut model = Only::default();
    model.can.negative_points = false;
    let mut harness = ready(folder.path(), &[(3, "Half")], model);
    harness.get_by_label_contains("takes no negative points");
    start(&mut harness);
    harness.state_mut().view_mut().prefs.language = Language::Chinese;
    let run = done(&mut harness);
    assert!(told(&harness).contains("negative"), "{}", told(&harness));
    // What is saved does not depend on the window's language, in which it is shown.
    assert_eq!(run.failures[0].reason, told(&harness));
    harness.run_steps(3);
    let shown = harness.get_all_by_label_contains("机器人在需要负点时会停止").count();
    assert!(shown > 0);
    assert_eq!(run.structures[0].after.len(), 1);
}

#[test]
fn closing_the_scan_ends_it_and_its_figures_go_with_it() {
    let folder = tempfile::tempdir().expect("temp folder");
    let mut harness = ready(folder.path(), RODS, Only::default());
    harness.state_mut().view_mut().prefs.robot.pause = RobotPause::One;
    start(&mut harness);
    assert!(harness.state().status().robot.work.is_some());
    let ctx = harness.ctx.clone();
    harness.state_mut().act(Action::CloseScan, &ctx);
    wait(&mut harness, "the welcome page", |app| app.document().is_none() && app.is_idle());
    let status = &harness.state().status().robot;
    assert!(status.work.is_none() && status.run.is_none() && status.told.is_none());
}

#[test]
fn figures_are_copied_and_saved_with_the_keys_of_eval() {
    let folder = tempfile::tempdir().expect("temp folder");
    let mut harness = ready(folder.path(), RODS, Only::default());
    start(&mut harness);
    let run = done(&mut harness);
    push(&mut harness, icons::COPY, "Copy as CSV");
    assert!(harness.state().messages().any(|m| m.contains("copied as CSV")));
    for name in ["robot.csv", "robot.json"] {
        let path = folder.path().join(name);
        // (Messages lie over the button for a while.)
        let ctx = harness.ctx.clone();
        harness.state_mut().act(Action::Robot(RobotAction::Save), &ctx);
        harness.run_steps(2);
        let field = harness.get_by_label("Path");
        field.focus();
        harness.run_steps(2);
        press(&mut harness, Key::A, Modifiers::COMMAND);
        type_path(&mut harness, &path);
        harness.get_by_label("OK").click();
        harness.run_steps(2);
        wait(&mut harness, "the file", |app| app.is_idle() && path.exists());
        let text = std::fs::read_to_string(&path).expect("the file");
        if name.ends_with("csv") {
            assert_eq!(text, run.csv());
            assert_eq!(text.lines().count(), 1 + 2 * 5);
            assert!(text.contains("\nrods,1,First rod,2450,19.600001,1,5,1,1,"), "{text}");
        } else {
            let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(json["rules"], "window");
            assert_eq!(json["model"], "bright");
            assert_eq!(json["structures"][1]["after"][4]["dice"], 1.0);
            assert_eq!(json["summary"]["all"][4]["structures"], 2);
        }
    }
}

#[test]
fn it_needs_something_to_compare_with() {
    let folder = tempfile::tempdir().expect("temp folder");
    let mut harness = window_on(vec![scan(folder.path())], None, Box::new(Only::default()));
    wait(&mut harness, "the scan", |app| app.document().is_some());
    wait(&mut harness, "the model", |app| matches!(app.status().model, ModelStatus::Ready { .. }));
    press(&mut harness, Key::P, Modifiers::COMMAND | Modifiers::CTRL | Modifiers::SHIFT);
    harness.get_by_label("Find a command…").type_text("robot user");
    harness.run_steps(3);
    press(&mut harness, Key::Enter, Modifiers::NONE);
    assert!(!harness.state().view().windows.robot);
    harness.get_by_label_contains("Compare with a label map first.");
}
