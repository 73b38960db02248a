//! Label maps of several raters in the real window: the numbers of the command line, what they make together as objects,
//! what can't be compared as it is.

use std::path::{Path, PathBuf};
use std::process::Command as Program;

use egui::Modifiers;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable};
use voxpoint::app::App;
use voxpoint::document::Object;
use voxpoint::geom::{DAffine3, DMat3, DVec3};
use voxpoint::io;
use voxpoint::ui::{Action, AgreementAction, ComparisonWork, Consensus};

use crate::brush::{document, press};
use crate::compare::{Files, asks, files, in_a, labels, save, says, with_a};
use crate::support::{drop_file, type_path, voxels, wait};

/// Between the two others, without the third structure; of its kidney half.
fn in_c([x, y, z]: [usize; 3]) -> u16 {
    match x {
        9..19 if (8..20).contains(&y) && (4..12).contains(&z) => 1,
        24..27 if (10..16).contains(&y) && (6..9).contains(&z) => 2,
        _ => 0,
    }
}

fn third(files: &Files) -> PathBuf {
    let path = files.folder.path().join("reader_three.nii.gz");
    save(&path, &files.scan, in_c);
    path
}

fn act(harness: &mut Harness<'_, App>, action: AgreementAction) {
    let ctx = harness.ctx.clone();
    harness.state_mut().act(Action::Agreement(action), &ctx);
    harness.run_steps(2);
}

fn push(harness: &mut Harness<'_, App>, button: &str) {
    harness.get_by_label_contains(button).click();
    harness.run_steps(3);
}

/// By the window's button and the path.
fn add(harness: &mut Harness<'_, App>, path: &Path) {
    act(harness, AgreementAction::Ask);
    type_path(harness, path);
    harness.get_by_label("OK").click();
    harness.run_steps(2);
}

fn computed(harness: &mut Harness<'_, App>) {
    wait(harness, "the numbers", |app| {
        let status = &app.status().agreement;
        app.is_idle() && status.report.is_some() && !status.stale
    });
}

/// With the first rater's objects open, too.
fn three(files: &Files) -> (Harness<'static, App>, [PathBuf; 3]) {
    let raters = [files.a.clone(), files.b.clone(), third(files)];
    let mut harness = with_a(files);
    // By the menu, which asks for the first one at once.
    harness.get_by_label("File").click();
    harness.run_steps(3);
    harness.get_by_label("Agreement of several label maps…").click();
    harness.run_steps(3);
    type_path(&mut harness, &raters[0]);
    harness.get_by_label("OK").click();
    harness.run_steps(2);
    wait(&mut harness, "the first one", |app| app.status().agreement.raters.len() == 1);
    harness.get_by_label("Two label maps are needed at least.");
    for path in &raters[1..] {
        add(&mut harness, path);
    }
    wait(&mut harness, "the others", |app| app.status().agreement.raters.len() == 3);
    computed(&mut harness);
    (harness, raters)
}

fn command_line(raters: &[PathBuf], more: &[&str]) -> String {
    let run = Program::new(env!("CARGO_BIN_EXE_voxpoint"))
        .arg("compare")
        .args(raters)
        .args(more)
        .output()
        .expect("it runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).expect("text")
}

fn save_numbers(harness: &mut Harness<'_, App>, path: &Path) -> String {
    push(harness, "Save agreement…");
    let field = harness.get_by_label("Path");
    field.focus();
    harness.run_steps(2);
    press(harness, egui::Key::A, Modifiers::COMMAND);
    type_path(harness, path);
    harness.get_by_label("OK").click();
    harness.run_steps(2);
    wait(harness, "the file", |app| app.is_idle() && path.exists());
    std::fs::read_to_string(path).expect("the file")
}

#[test]
fn the_numbers_of_several_raters_are_those_of_the_command_line() {
    let files = files();
    let (mut harness, raters) = three(&files);
    assert!(harness.state().view().scan.comparison.is_none(), "nothing is drawn anew");
    let said = command_line(&raters, &["--json"]);
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let json = save_numbers(&mut harness, &files.folder.path().join("window.json"));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json, said);
    assert_eq!(said["agreement"].as_array().map(Vec::len), Some(9), "three pairs of three labels");

    let csv = files.folder.path().join("line.csv");
    command_line(&raters, &["--csv", &csv.to_string_lossy()]);
    let line = std::fs::read_to_string(&csv).expect("the table");
    assert_eq!(save_numbers(&mut harness, &files.folder.path().join("window.csv")), line);
    push(&mut harness, "Copy as CSV");
    says(&harness, "copied as CSV");

    // What is seen of it.
    let dice = said["agreement"][0]["dice"].as_f64().expect("a number");
    assert!(harness.query_all_by_label(&format!("{dice:.3}")).next().is_some(), "{dice}");
    harness.get_by_label_contains("Liver: mean Dice");
    push(&mut harness, "Together");
    harness.get_by_label_contains("a voxel that just half of them have is not in it");
    let sensitivity = said["staple"][0]["sensitivity"][1].as_f64().expect("a number");
    let shown = format!("{sensitivity:.4}");
    assert!(harness.query_all_by_label(&shown).next().is_some(), "{shown}");
    assert!(harness.query_all_by_label_contains("2 reader_two").next().is_some());

    // Another tolerance, and one rater fewer: counted anew, and not given away before.
    harness.state_mut().view_mut().windows.agreement_choice.tolerance_mm = 0.5;
    harness.step();
    assert!(harness.state().status().agreement.stale);
    computed(&mut harness);
    let report = harness.state().status().agreement.report.clone().expect("numbers");
    assert_eq!((report.tolerance_mm, report.raters.len()), (0.5, 3));
    push(&mut harness, "Leave rater 2 away");
    computed(&mut harness);
    let report = harness.state().status().agreement.report.clone().expect("numbers");
    let left = [&raters[0], &raters[2]].map(|path| path.display().to_string());
    assert_eq!(report.raters, left);
    push(&mut harness, "Leave all away");
    harness.run_steps(2);
    assert!(harness.state().status().agreement.report.is_none());
}

/// How objects lie in the label map, without the new ones.
fn untouched(harness: &Harness<'_, App>) -> Vec<u16> {
    document(harness).labels().to_vec()
}

fn new_objects<'a>(harness: &'a Harness<'_, App>) -> Vec<&'a Object> {
    document(harness).objects()[2..].iter().collect()
}

#[test]
fn what_raters_make_together_becomes_new_objects_in_one_step() {
    let files = files();
    let (mut harness, raters) = three(&files);
    let before = (untouched(&harness), voxels(harness.state()));
    let masks = ["staple.nii.gz", "majority.nii.gz"].map(|name| files.folder.path().join(name));
    let [staple, majority] = masks.each_ref().map(|path| path.to_string_lossy().into_owned());
    command_line(&raters, &["--staple", &staple, "--majority", &majority]);

    for (consensus, path, names) in [
        (Consensus::Majority, &masks[1], ["Liver · majority vote", "Left kidney · majority vote"]),
        (Consensus::Staple, &masks[0], ["Liver · STAPLE", "Left kidney · STAPLE"]),
    ] {
        act(&mut harness, AgreementAction::AddObjects(consensus));
        let found = new_objects(&harness);
        let told: Vec<&str> = found.iter().map(|object| &*object.name).collect();
        assert_eq!(told, names);
        // The voxels are those of the file that the command line writes.
        let (cancel, progress) =
            (voxpoint::work::CancelToken::new(), voxpoint::work::Progress::new());
        let limits = io::Limits::default();
        let file = io::open_volume(path, &limits, &cancel, &progress).expect("a map");
        let read = io::formats().labels_on(&file, path, document(&harness).image());
        let read = read.expect("labels");
        for (object, label) in found.iter().zip(&read.labels) {
            assert_eq!(*object.whole(40), label.region, "{}", object.name);
        }
        assert_eq!(found.len(), read.labels.len());
        // What was there is seen as before, and has all it had.
        let now = untouched(&harness);
        let kept = before.0.iter().zip(&now).all(|(was, is)| *was == 0 || was == is);
        assert!(kept, "objects that were there stay on top");
        assert_eq!(voxels(harness.state())[..2], before.1[..]);
        says(&harness, "new objects; undo takes them back");
        says(&harness, "lie under objects that were here before");
        // Numbers 1 and 2 are taken.
        says(&harness, "labels got other numbers");
        press(&mut harness, egui::Key::Z, Modifiers::COMMAND | Modifiers::CTRL);
        assert_eq!((untouched(&harness), voxels(harness.state())), before, "in one step");
        press(&mut harness, egui::Key::Y, Modifiers::COMMAND | Modifiers::CTRL);
        assert_eq!(new_objects(&harness).len(), 2);
        press(&mut harness, egui::Key::Z, Modifiers::COMMAND | Modifiers::CTRL);
    }
    // Of the third structure only one of three raters has anything: the vote has none of it, and says so.
    says(&harness, "have no voxel in common of: Mass");
    let history = document(&harness).can_redo();
    assert_eq!(history, Some("Add STAPLE"));
}

#[test]
fn a_tie_of_two_raters_is_no_majority() {
    let files = files();
    let mut harness = with_a(&files);
    for path in [&files.a, &files.b] {
        add(&mut harness, path);
    }
    wait(&mut harness, "both", |app| app.status().agreement.raters.len() == 2);
    computed(&mut harness);
    act(&mut harness, AgreementAction::AddObjects(Consensus::Majority));
    let (a, b) = (labels(in_a), labels(crate::compare::in_b));
    let both = |label: u16| a.iter().zip(&b).filter(|(a, b)| **a == label && a == b).count();
    let found: Vec<usize> = new_objects(&harness).iter().map(|o| o.whole(40).count()).collect();
    assert_eq!(found, [both(1), both(2)]);
}

#[test]
fn raters_that_do_not_fit_are_asked_about_or_refused_in_one_line() {
    let files = files();
    let mut harness = with_a(&files);
    add(&mut harness, &files.a);
    wait(&mut harness, "the first", |app| app.status().agreement.raters.len() == 1);
    // Once more.
    add(&mut harness, &files.a);
    wait(&mut harness, "an answer", |app| app.messages().any(|m| m.contains("already")));
    assert_eq!(harness.state().status().agreement.raters.len(), 1);

    // Another grid: named, and put onto the scan's once that was agreed to.
    let m = DMat3::from_diagonal(DVec3::new(-2.0, -3.0, 5.0));
    let half = DAffine3::from_mat3_translation(m, DVec3::new(24.5, 29.25, -18.75));
    let dims = [20, 16, 10];
    let values: Vec<f32> = (0..dims.iter().product::<usize>())
        .map(|n| f32::from(in_a([2 * (n % 20), 2 * (n / 20 % 16), 2 * (n / 320)])))
        .collect();
    let coarse = files.folder.path().join("coarse.nii.gz");
    io::save_float32(&coarse, dims, &values, half).expect("saved");
    add(&mut harness, &coarse);
    wait(&mut harness, "the card", asks);
    harness.get_by_label_contains("20 × 16 × 10 voxels instead of 40 × 32 × 20");
    harness.get_by_label("Resample and compare").click();
    harness.run_steps(2);
    wait(&mut harness, "the second", |app| app.status().agreement.raters.len() == 2);
    computed(&mut harness);
    says(&harness, "was put onto the scan's");
    let report = harness.state().status().agreement.report.clone().expect("numbers");
    assert!(report.agreement[0].numbers.dice > 0.8, "{:?}", report.agreement[0]);
    assert!(harness.state().view().scan.comparison.is_none(), "it is not B");

    // Dropped while the window is open: a rater, no label map that is opened. It is empty.
    let empty = files.folder.path().join("empty.nii.gz");
    let grid = crate::brush::grid(&harness);
    io::save_float32(&empty, grid.dims(), &vec![0.0; grid.count()], grid.world_from_voxel())
        .expect("saved");
    drop_file(&mut harness, empty);
    wait(&mut harness, "the third", |app| app.status().agreement.raters.len() == 3);
    says(&harness, "this rater has marked nothing");
    computed(&mut harness);
    assert_eq!(voxels(harness.state()).len(), 2, "nothing was opened");

    // What is refused, or not agreed to, changes nothing.
    add(&mut harness, &crate::support::sample());
    wait(&mut harness, "the card", asks);
    harness.get_by_label("Don't open").click();
    harness.run_steps(2);
    assert_eq!(harness.state().status().agreement.raters.len(), 3);

    // Stopped, and gone on with.
    harness.state_mut().view_mut().windows.agreement_choice.tolerance_mm = 3.0;
    harness.step();
    act(&mut harness, AgreementAction::Stop);
    wait(&mut harness, "rest", App::is_idle);
    assert_eq!(harness.state().status().agreement.work, ComparisonWork::Stopped);
    let save = harness.get_by_label_contains("Save agreement…");
    assert!(save.accesskit_node().is_disabled(), "numbers of before are not given away");
    push(&mut harness, "Compute");
    computed(&mut harness);

    // Without the scan they are gone.
    let ctx = harness.ctx.clone();
    harness.state_mut().act(Action::CloseScan, &ctx);
    wait(&mut harness, "the end of it", |app| app.document().is_none());
    harness.run_steps(2);
    assert!(harness.state().status().agreement.raters.is_empty());
}

/// A map that has the voxels of the second scan beside is one of another grid, as without that scan.
#[test]
fn a_map_of_the_second_scan_is_no_rater_of_this_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = crate::side_by_side::with_second(folder.path());
    add(&mut harness, &crate::side_by_side::second_labels(folder.path()));
    wait(&mut harness, "the card", asks);
    harness.get_by_label_contains("30 × 50 × 60 voxels instead of");
    assert!(harness.state().status().agreement.raters.is_empty());
    harness.get_by_label("Don't open").click();
    harness.run_steps(2);
    assert!(harness.state().status().agreement.raters.is_empty());
}
