//! Two label maps compared in the real window: the numbers of the command line, colours, going to differences, what
//! can't be compared as it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::document::{Change, Command, EditKind, GestureId, LabelId, Over};
use voxpoint::geom::{DAffine3, DMat3, DVec3};
use voxpoint::io;
use voxpoint::measure::{DifferenceClass, PairBy};
use voxpoint::ui::{Action, ComparedPair, ComparisonAction, ComparisonLook, ComparisonTable};
use voxpoint::volume::{LabelMap, LabelName, Region};
use voxpoint::work::{CancelToken, Progress};

use crate::brush::{NONE, document, grid, press, scan};
use crate::support::{drop_file, type_path, voxels, wait, window};

const DIMS: [usize; 3] = [40, 32, 20];

pub type Label = fn([usize; 3]) -> u16;

/// Two structures.
pub fn in_a([x, y, z]: [usize; 3]) -> u16 {
    match x {
        8..18 if (8..20).contains(&y) && (4..12).contains(&z) => 1,
        24..30 if (10..16).contains(&y) && (6..9).contains(&z) => 2,
        _ => 0,
    }
}

/// The first one further on along x and with an island, the second smaller and with the first's number in part of it,
/// and a third.
pub fn in_b([x, y, z]: [usize; 3]) -> u16 {
    match x {
        10..20 if (8..20).contains(&y) && (4..12).contains(&z) => 1,
        24..28 if (10..16).contains(&y) && (6..9).contains(&z) => 2,
        28..30 if (10..16).contains(&y) && (6..9).contains(&z) => 1,
        34..37 if y == 28 && z == 16 => 3,
        2..4 if y == 2 && z == 1 => 1,
        _ => 0,
    }
}

pub fn labels(of: Label) -> Vec<u16> {
    let all = 0..DIMS.iter().product::<usize>();
    all.map(|n| of([n % 40, n / 40 % 32, n / 1280])).collect()
}

/// A label map on the scan's grid, with names.
pub fn save(path: &Path, scan: &Path, of: Label) {
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let scan = io::open_volume(scan, &io::Limits::default(), &cancel, &progress);
    let scan = scan.expect("the scan");
    let name = |(value, name): (u16, &str)| LabelName {
        value,
        name: name.to_owned(),
        colour: [200, 30, 40],
        opacity: 1.0,
        visible: true,
    };
    let names = [(1, "Liver"), (2, "Left kidney"), (3, "Mass")].map(name);
    let map = LabelMap::from_labels(DIMS, &labels(of));
    let has = |row: &&LabelName| labels(of).contains(&row.value);
    let names: Vec<LabelName> = names.iter().filter(has).cloned().collect();
    let (grid, said) = (scan.grid(), scan.provenance());
    io::save_labels(path, &map, grid, said, &names, &cancel, &progress).expect("saved");
}

pub struct Files {
    pub folder: tempfile::TempDir,
    pub scan: PathBuf,
    pub a: PathBuf,
    pub b: PathBuf,
}

pub fn files() -> Files {
    let folder = tempfile::tempdir().expect("temp folder");
    let scan = scan(folder.path());
    let [a, b] = ["reader_one.nii.gz", "reader_two.nii.gz"].map(|name| folder.path().join(name));
    save(&a, &scan, in_a);
    save(&b, &scan, in_b);
    Files { folder, scan, a, b }
}

pub fn with_a(files: &Files) -> Harness<'static, App> {
    let mut harness = window(vec![files.scan.clone(), files.a.clone()]);
    wait(&mut harness, "the masks", |app| app.document().is_some() && app.is_idle());
    assert_eq!(voxels(harness.state()).len(), 2);
    harness
}

/// By the command's key and the path.
fn compare_with(harness: &mut Harness<'_, App>, path: &Path) {
    press(harness, Key::C, Modifiers::COMMAND | Modifiers::CTRL | Modifiers::ALT);
    type_path(harness, path);
    harness.get_by_label("OK").click();
    harness.run_steps(2);
}

pub fn compared(files: &Files) -> Harness<'static, App> {
    let mut harness = with_a(files);
    compare_with(&mut harness, &files.b);
    computed(&mut harness);
    harness
}

pub fn computed(harness: &mut Harness<'_, App>) {
    wait(harness, "the numbers", |app| {
        let status = &app.status().comparison;
        app.is_idle() && status.table.is_some() && !status.stale && !status.drawing
    });
}

fn table(harness: &Harness<'_, App>) -> Arc<ComparisonTable> {
    harness.state().status().comparison.table.clone().expect("numbers")
}

fn drawn(harness: &Harness<'_, App>) -> Option<Vec<u16>> {
    let comparison = harness.state().view().scan.comparison.as_ref()?;
    comparison.drawn.as_ref().map(|drawn| drawn.labels.to_vec())
}

fn act(harness: &mut Harness<'_, App>, action: ComparisonAction) {
    let ctx = harness.ctx.clone();
    harness.state_mut().act(Action::Comparison(action), &ctx);
    harness.run_steps(2);
}

/// The class of every voxel as labels say it, of these pairs.
fn classes(a: &[u16], b: &[u16], pairs: &[(u16, u16)]) -> Vec<u16> {
    let of = |label: u16, side: usize| {
        let is = |pair: &(u16, u16)| [pair.0, pair.1][side] == label;
        pairs.iter().position(is).filter(|_| label != 0)
    };
    let class = |(&a, &b): (&u16, &u16)| match (of(a, 0), of(b, 1)) {
        (None, None) => 0,
        (Some(_), None) => 1,
        (None, Some(_)) => 2,
        (Some(a), Some(b)) if a == b => 3,
        _ => 4,
    };
    a.iter().zip(b).map(class).collect()
}

const PAIRS: [(u16, u16); 3] = [(1, 1), (2, 2), (0, 3)];

#[test]
fn the_numbers_are_those_of_the_command_line() {
    let files = files();
    let mut harness = compared(&files);
    for (by, word) in
        [(PairBy::Number, "number"), (PairBy::Name, "name"), (PairBy::Overlap, "overlap")]
    {
        let view = &mut harness.state_mut().view_mut().scan;
        let comparison = view.comparison.as_mut().expect("compared");
        (comparison.by, comparison.tolerance_mm) = (by, 1.5);
        harness.run_steps(2);
        computed(&mut harness);
        let run = Program::new(env!("CARGO_BIN_EXE_voxpoint"))
            .arg("compare")
            .args([&files.a, &files.b])
            .args(["--json", "--tolerance", "1.5", "--by", word])
            .output()
            .expect("it runs");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let said: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
        let found = serde_json::to_value(&table(&harness).found).expect("JSON");
        for key in ["labels", "total", "mean"] {
            assert_eq!(found[key], said[key], "{word}: {key}");
        }
        assert_eq!(said["labels"].as_array().map(Vec::len), Some(3));

        // And so is the file.
        let path = files.folder.path().join(format!("{word}.json"));
        act(&mut harness, ComparisonAction::Save);
        let field = harness.get_by_label("Path");
        field.focus();
        harness.run_steps(2);
        press(&mut harness, Key::A, Modifiers::COMMAND);
        type_path(&mut harness, &path);
        harness.get_by_label("OK").click();
        harness.run_steps(2);
        wait(&mut harness, "the file", |app| app.is_idle() && path.exists());
        let text = std::fs::read_to_string(&path).expect("the file");
        let mut written: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let mut said = said;
        for report in [&mut written, &mut said] {
            let paths = report.as_object_mut().expect("an object");
            assert!(paths.remove("a").is_some() && paths.remove("b").is_some());
        }
        assert_eq!(written, said, "{word}");
    }
}

#[test]
fn differences_are_drawn_and_follow_what_is_edited() {
    let files = files();
    let mut harness = compared(&files);
    let (a, b) = (labels(in_a), labels(in_b));
    assert_eq!(drawn(&harness), Some(classes(&a, &b, &PAIRS)));
    let number = |harness: &Harness<'_, App>| {
        let comparison = harness.state().view().scan.comparison.clone().expect("compared");
        comparison.drawn.map(|drawn| (drawn.number, drawn.made_of.is_some())).expect("drawn")
    };
    let first = number(&harness);
    assert!(!first.1, "it was made anew");

    // Erased from A: only B has it then.
    let gone = Region::from_mask(40, a.iter().enumerate().map(|(n, l)| *l == 1 && n % 40 == 12));
    let edit = Command::Edit {
        object: Some(LabelId(1)),
        change: Change::Subtract(Arc::new(gone)),
        over: Over::Unlocked,
        kind: EditKind::Eraser,
        gesture: GestureId(77),
    };
    let dice = table(&harness).found.total.dice;
    harness.state_mut().carry_out(edit);
    harness.step();
    assert!(harness.state().status().comparison.stale, "the numbers are those of before");
    computed(&mut harness);
    let now = document(&harness).labels().to_vec();
    assert_eq!(drawn(&harness), Some(classes(&now, &b, &PAIRS)));
    assert!(number(&harness).1, "only the box of the edit was looked at");
    assert!(table(&harness).found.total.dice < dice);
    press(&mut harness, Key::Z, Modifiers::COMMAND | Modifiers::CTRL);
    computed(&mut harness);
    assert_eq!(drawn(&harness), Some(classes(&a, &b, &PAIRS)));
    assert_eq!(table(&harness).found.total.dice, dice);

    // One pair alone.
    let pair = ComparedPair { a: Some(LabelId(2)), b: Some(2) };
    act(&mut harness, ComparisonAction::Select(Some(pair)));
    computed(&mut harness);
    assert_eq!(drawn(&harness), Some(classes(&a, &b, &[(2, 2)])));
    assert_eq!(document(&harness).active().map(|o| o.id), Some(LabelId(2)));
    // Its object goes, and with it that it alone is looked at.
    harness.state_mut().carry_out(Command::RemoveObject(LabelId(2)));
    computed(&mut harness);
    let now = document(&harness).labels().to_vec();
    assert_eq!(drawn(&harness), Some(classes(&now, &b, &[(1, 1), (0, 2), (0, 3)])));

    act(&mut harness, ComparisonAction::End);
    assert!(drawn(&harness).is_none() && harness.state().status().comparison.table.is_none());
}

#[test]
fn a_key_goes_from_differences_to_a_and_b() {
    let files = files();
    let mut harness = compared(&files);
    let look = |harness: &Harness<'_, App>| {
        harness.state().view().scan.comparison.as_ref().expect("compared").look
    };
    assert_eq!(look(&harness), ComparisonLook::Differences);
    press(&mut harness, Key::C, Modifiers::ALT);
    assert_eq!(look(&harness), ComparisonLook::Distances);
    computed(&mut harness);
    let (a, b) = (labels(in_a), labels(in_b));
    let distances = drawn(&harness).expect("drawn");
    for (n, (&a, &class)) in a.iter().zip(&distances).enumerate() {
        assert_eq!(a != 0, class != 0, "voxel {n}");
        // B's kidney is at 24 … 27, all of it at its border but what is inside.
        let [x, y, z] = [n % 40, n / 40 % 32, n / 1280];
        if a == 2 && x == 29 && y == 12 && z == 7 {
            // Two voxels of 1 mm, in classes of half a millimetre.
            assert_eq!(class, 5);
        }
    }
    press(&mut harness, Key::C, Modifiers::SHIFT);
    assert_eq!((look(&harness), drawn(&harness)), (ComparisonLook::Objects, None));
    press(&mut harness, Key::C, Modifiers::SHIFT);
    assert_eq!((look(&harness), drawn(&harness)), (ComparisonLook::Reference, Some(b)));
    press(&mut harness, Key::C, Modifiers::SHIFT);
    assert_eq!(look(&harness), ComparisonLook::Differences);
    harness.get_by_label("A alone").click();
    harness.run_steps(2);
    assert_eq!(look(&harness), ComparisonLook::Objects);
}

#[test]
fn keys_go_to_the_slice_that_differs_most_and_from_difference_to_difference() {
    let files = files();
    let mut harness = compared(&files);
    let differs: Vec<bool> = classes(&labels(in_a), &labels(in_b), &PAIRS)
        .into_iter()
        .map(|class| class != 0 && class != DifferenceClass::Same.label())
        .collect();
    let at = |harness: &Harness<'_, App>| {
        let world = harness.state().view().scan.crosshair;
        grid(harness).voxel_at(world).expect("inside")
    };
    let index = |[x, y, z]: [usize; 3]| x + 40 * (y + 32 * z);
    let go = |harness: &mut Harness<'_, App>, modifiers: Modifiers, key: Key| {
        press(harness, key, modifiers);
        wait(harness, "the place", App::is_idle);
        let place = harness.state().status().comparison.place.clone().expect("told");
        (at(harness), place)
    };
    let (worst, told) = go(&mut harness, NONE, Key::F7);
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for (n, _) in differs.iter().enumerate().filter(|(_, differs)| **differs) {
        *counts.entry(n / 1280).or_default() += 1;
    }
    let most = counts.values().max().copied().expect("some differ");
    assert_eq!(counts[&worst[2]], most);
    assert!(differs[index(worst)] && told.contains(&format!("{most} voxels differ")), "{told}");

    // Two sides of the liver, the end of the kidney, the mass, the island.
    let mut sizes = Vec::new();
    for n in 1..=5 {
        let (place, told) = go(&mut harness, NONE, Key::F8);
        assert!(differs[index(place)], "{place:?}");
        assert!(told.contains(&format!("Difference {n} of 5")), "{told}");
        sizes.push(told);
    }
    let (_, first) = go(&mut harness, NONE, Key::F8);
    assert_eq!(first, sizes[0], "round and round");
    let (_, last) = go(&mut harness, Modifiers::SHIFT, Key::F8);
    assert_eq!(last, sizes[4]);
    // Of one pair alone.
    let pair = ComparedPair { a: None, b: Some(3) };
    act(&mut harness, ComparisonAction::Select(Some(pair)));
    assert_eq!(at(&harness), [35, 28, 16], "it is brought into the views");
    let (_, only) = go(&mut harness, NONE, Key::F8);
    assert!(only.contains("Difference 1 of 1"), "{only}");
}

#[test]
fn rows_are_chosen_sorted_and_copied() {
    let files = files();
    let mut harness = compared(&files);
    let order = |harness: &Harness<'_, App>| {
        let comparison = harness.state().view().scan.comparison.clone().expect("compared");
        table(harness).order(comparison.sorted)
    };
    assert_eq!(order(&harness), [0, 1, 2]);
    harness.get_by_label("Sort by B mL").click();
    harness.run_steps(2);
    assert_eq!(order(&harness), [0, 1, 2], "the largest first");
    harness.get_by_label("Sort by B mL").click();
    harness.run_steps(2);
    assert_eq!(order(&harness), [2, 1, 0]);
    harness.get_by_label_contains("Left kidney, Dice").click();
    harness.run_steps(2);
    let selected = harness.state().view().scan.comparison.as_ref().and_then(|c| c.selected);
    assert_eq!(selected, Some(ComparedPair { a: Some(LabelId(2)), b: Some(2) }));
    harness.get_by_label("All as one").click();
    harness.run_steps(2);
    let selected = harness.state().view().scan.comparison.as_ref().and_then(|c| c.selected);
    assert_eq!(selected, None);
    harness.get_by_label_contains("– / Mass, Dice 0.000");
    harness.get_by_role_and_label(Role::Button, "Copy the comparison as CSV").click();
    harness.run_steps(2);
    let messages: Vec<_> = harness.state().messages().collect();
    assert!(messages.iter().any(|m| m.contains("copied as CSV")), "{messages:?}");
    harness.get_by_role_and_label(Role::Button, "End the comparison").click();
    harness.run_steps(2);
    assert!(harness.state().view().scan.comparison.is_none());
}

pub fn asks(app: &App) -> bool {
    !app.status().offers.is_empty()
}

pub fn says(harness: &Harness<'_, App>, word: &str) {
    let messages: Vec<_> = harness.state().messages().collect();
    assert!(messages.iter().any(|m| m.contains(word)), "{messages:?}");
}

#[test]
fn what_does_not_fit_is_asked_about_or_refused_in_one_line() {
    let files = files();
    let mut harness = with_a(&files);
    let grid = grid(&harness);
    // Another grid, and values between whole numbers: one card asks both.
    let m = DMat3::from_diagonal(DVec3::new(-2.0, -3.0, 5.0));
    let half = DAffine3::from_mat3_translation(m, DVec3::new(24.5, 29.25, -18.75));
    let dims = [20, 16, 10];
    let values: Vec<f32> = (0..dims.iter().product::<usize>())
        .map(|n| {
            let [x, y, z] = [n % 20, n / 20 % 16, n / 320];
            let label = in_a([2 * x, 2 * y, 2 * z]);
            if label == 1 { 0.8 } else { 0.3 * f32::from(label) / 2.0 }
        })
        .collect();
    let coarse = files.folder.path().join("coarse_probability.nii.gz");
    io::save_float32(&coarse, dims, &values, half).expect("saved");
    compare_with(&mut harness, &coarse);
    wait(&mut harness, "the card", asks);
    harness.get_by_label_contains("20 × 16 × 10 voxels instead of 40 × 32 × 20");
    harness.get_by_label_contains("If it is a probability map");
    harness.get_by_role_and_label(Role::SpinButton, "Threshold of the probability map");
    harness.get_by_label("Resample and compare").click();
    harness.run_steps(2);
    computed(&mut harness);
    says(&harness, "was put onto the scan's");
    let found = table(&harness).found.clone();
    // Halves of voxels at most: it is nearly the liver.
    assert!(found.labels[0].numbers.dice > 0.85, "{}", found.labels[0].numbers.dice);
    assert_eq!((found.labels.len(), found.labels[1].label_b), (2, None));

    // A scan is no label map, and what was compared stays.
    compare_with(&mut harness, &crate::support::sample());
    wait(&mut harness, "an answer", asks);
    harness.get_by_label("Don't open").click();
    harness.run_steps(2);
    assert_eq!(table(&harness).found, found);

    // Nothing in it.
    let empty = files.folder.path().join("empty.nii.gz");
    let nothing = vec![0.0; grid.count()];
    io::save_float32(&empty, DIMS, &nothing, grid.world_from_voxel()).expect("saved");
    compare_with(&mut harness, &empty);
    wait(&mut harness, "the numbers", |app| {
        app.is_idle() && app.messages().any(|m| m.contains("has no label"))
    });
    computed(&mut harness);
    let numbers = &table(&harness).found.labels[0].numbers;
    assert_eq!((numbers.dice, numbers.hd_mm, numbers.recall), (0.0, None, None));
    assert_eq!(numbers.empty.as_deref(), Some("b"));
}

#[test]
fn several_time_points_and_doubtful_numbers_are_asked_about() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/labels");
    let labels = data.join("tables/labels.nii.gz");
    let mut harness = window(vec![labels.clone(), labels]);
    wait(&mut harness, "the masks", |app| app.document().is_some() && app.is_idle());
    assert_eq!(voxels(harness.state()).len(), 3);
    compare_with(&mut harness, &data.join("reports/frames_4d.nii.gz"));
    wait(&mut harness, "the card", asks);
    harness.get_by_label("of 2");
    harness.get_by_role_and_label(Role::Button, "Compare").click();
    harness.run_steps(2);
    computed(&mut harness);
    assert!(!asks(harness.state()));

    // Dropped, with something to decide: it can be opened, compared, or left.
    drop_file(&mut harness, data.join("reports/minus_one_outside.nii.gz"));
    wait(&mut harness, "the card", asks);
    harness.get_by_label("Compare with it").click();
    harness.run_steps(2);
    wait(&mut harness, "the map", |app| !asks(app) && app.is_idle());
    computed(&mut harness);
    assert_eq!(voxels(harness.state()).len(), 3, "nothing was added");
    let comparison = harness.state().view().scan.comparison.clone().expect("compared");
    assert_eq!(comparison.name, "minus_one_outside.nii.gz");
    assert_eq!(table(&harness).found.labels.len(), 3);

    compare_with(&mut harness, &data.join("reports/nan_background.nii.gz"));
    wait(&mut harness, "the map", |app| {
        app.is_idle() && app.messages().any(|m| m.contains("are not a number"))
    });
    computed(&mut harness);
}
