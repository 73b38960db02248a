//! A list of cases, worked through: opened, from case to case, marked, and by two at once.

use std::path::{Path, PathBuf};

use egui::{Key, Modifiers, PointerButton};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::geom::{DVec3, Plane};
use voxpoint::segment::Installed;
use voxpoint::session::{self, CaseState};
use voxpoint::ui::{CaseProgress, CaseProgress as P, SessionQuestion, WorkListStatus};

use crate::brush::{CTRL, NONE, look_at, press, scan, spot, stroke};
use crate::series::two_series;
use crate::support::{drop_file, place, type_path, voxels, wait, window_that_keeps};

const CTRL_ALT: Modifiers = CTRL.plus(Modifiers::ALT);
const CTRL_SHIFT: Modifiers = CTRL.plus(Modifiers::SHIFT);
const WARD: &str = r#"{"host":"ward-7","process":12,"process_started":0,"since_ms":5}"#;

/// A folder of scans that are all alike.
struct Study {
    folder: tempfile::TempDir,
    state: tempfile::TempDir,
}

impl Study {
    fn new(names: &[&str]) -> Self {
        let [folder, state] = [(); 2].map(|()| tempfile::tempdir().expect("temp folder"));
        let block = scan(state.path());
        for name in names {
            std::fs::copy(&block, folder.path().join(format!("{name}.nii.gz"))).expect("copied");
        }
        Self { folder, state }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn window(&self, paths: Vec<PathBuf>) -> Harness<'static, App> {
        let drafts = self.state.path().join("drafts");
        window_that_keeps(paths, None, Box::new(Installed), Some(drafts))
    }

    /// With the list open.
    fn listed(&self) -> Harness<'static, App> {
        let mut harness = self.window(vec![self.folder.path().to_owned()]);
        wait(&mut harness, "the list", |app| app.status().work_list.is_some());
        harness
    }

    fn objects_in(&self, session: &str) -> usize {
        session::read(&self.path(session)).expect("a session").snapshot.objects.len()
    }
}

fn list<'a>(harness: &'a Harness<'_, App>) -> &'a WorkListStatus {
    harness.state().status().work_list.as_ref().expect("a list")
}

fn progress(harness: &Harness<'_, App>) -> Vec<CaseProgress> {
    list(harness).cases.iter().map(|case| case.progress).collect()
}

fn opens(harness: &mut Harness<'_, App>, scan: &str) {
    wait(harness, scan, |app| {
        app.document().is_some_and(|d| d.image().name() == scan) && app.is_idle()
    });
}

fn paint(harness: &mut Harness<'_, App>) {
    paint_at(harness, 0.0);
}

/// A stroke through the block, so many mm from its middle, on an object of its own.
fn paint_at(harness: &mut Harness<'_, App>, y: f64) {
    press(harness, Key::B, NONE);
    press(harness, Key::N, NONE);
    let middle = spot(harness, DVec3::new(0.0, y, 0.0));
    look_at(harness, middle);
    let at = place(harness, Plane::Axial, middle);
    stroke(harness, &[at], PointerButton::Primary, NONE);
}

fn says(harness: &Harness<'_, App>, text: &str) -> bool {
    harness.state().messages().any(|m| m.contains(text))
}

fn told(harness: &mut Harness<'_, App>, text: &str) {
    let text = text.to_owned();
    wait(harness, &text.clone(), move |app| app.messages().any(|m| m.contains(&text)));
}

#[test]
fn from_case_to_case_nothing_is_asked_and_all_is_kept() {
    let study = Study::new(&["a", "b10", "b9"]);
    std::fs::write(study.path("a_mask.nii.gz"), "x").expect("written");
    let mut harness = study.listed();
    let names: Vec<&str> = list(&harness).cases.iter().map(|case| &*case.name).collect();
    assert_eq!(names, ["a", "b9", "b10"]);
    harness.get_by_label("0 of 3 done");
    harness.get_by_label("1 label maps were left out, by their names");
    assert!(harness.state().document().is_none(), "the user says which");
    press(&mut harness, Key::PageDown, CTRL);
    opens(&mut harness, "a.nii.gz");
    assert_eq!(list(&harness).current, Some(0));
    harness.get_by_label("case 1 of 3");
    // From now on nobody else can begin it.
    assert!(session::holder_of(&study.path("a.voxpoint")).is_some());
    assert_eq!(progress(&harness), [P::NotStarted; 3]);
    paint(&mut harness);
    assert_eq!(progress(&harness)[0], P::InProgress);
    let before = voxels(harness.state());
    press(&mut harness, Key::PageDown, CTRL);
    opens(&mut harness, "b9.nii.gz");
    assert!(!harness.state().status().asks());
    assert_eq!((list(&harness).current, progress(&harness)[0]), (Some(1), P::InProgress));
    assert_eq!(study.objects_in("a.voxpoint"), 1);
    harness.get_by_label("a, in progress, 0 of 1 objects done");
    wait(&mut harness, "the lock's end", |_| !study.path("a.voxpoint.lock").exists());
    assert!(study.path("b9.voxpoint").exists());
    // Back: there is all of it, and what was only looked at leaves nothing behind.
    press(&mut harness, Key::PageUp, CTRL);
    opens(&mut harness, "a.nii.gz");
    assert_eq!(voxels(harness.state()), before);
    wait(&mut harness, "its end", |_| !study.path("b9.voxpoint").exists());
    assert!(!study.path("b9.voxpoint.lock").exists());
    press(&mut harness, Key::PageUp, CTRL);
    told(&mut harness, "no earlier case");
    // A click opens a case, and Enter does.
    harness.get_by_label("b10, not started").click();
    opens(&mut harness, "b10.nii.gz");
    assert_eq!(list(&harness).current, Some(2));
    harness.get_by_label("b9, not started").focus();
    harness.run_steps(2);
    press(&mut harness, Key::Enter, NONE);
    opens(&mut harness, "b9.nii.gz");
    // The list opens again; of its cases no recent file is made.
    assert_eq!(
        harness.state().status().recent,
        [voxpoint::ui::RecentFile::from(study.folder.path().to_owned())]
    );
}

#[test]
fn what_cant_be_opened_is_marked_and_passed_over() {
    let study = Study::new(&["a", "c"]);
    std::fs::write(study.path("b.nii.gz"), "no image").expect("written");
    std::fs::write(study.path("d.nii.gz"), "no image").expect("written");
    let mut harness = study.listed();
    press(&mut harness, Key::PageDown, CTRL);
    opens(&mut harness, "a.nii.gz");
    press(&mut harness, Key::PageDown, CTRL);
    opens(&mut harness, "c.nii.gz");
    told(&mut harness, "Passed over, it can't be opened: b (");
    let problem = |harness: &Harness<'_, App>, at: usize| list(harness).cases[at].problem.clone();
    assert!(problem(&harness, 1).is_some_and(|why| why.starts_with("it can't be opened: ")));
    assert_eq!((problem(&harness, 0), problem(&harness, 2)), (None, None));
    assert!(!study.path("b.voxpoint").exists() && !study.path("b.voxpoint.lock").exists());
    // The end of the list is reached, and what is open stays.
    press(&mut harness, Key::PageDown, CTRL);
    told(&mut harness, "Passed over, it can't be opened: d (");
    told(&mut harness, "There is no further case in this list that is free.");
    opens(&mut harness, "c.nii.gz");
    assert_eq!(list(&harness).current, Some(2));
    press(&mut harness, Key::PageUp, CTRL);
    opens(&mut harness, "a.nii.gz");
    // Another look at the list knows it still; mended, it is opened.
    press(&mut harness, Key::PageDown, CTRL);
    opens(&mut harness, "c.nii.gz");
    assert!(problem(&harness, 1).is_some() && problem(&harness, 3).is_some());
    std::fs::copy(study.path("a.nii.gz"), study.path("b.nii.gz")).expect("copied");
    press(&mut harness, Key::PageUp, CTRL);
    opens(&mut harness, "b.nii.gz");
    assert_eq!(problem(&harness, 1), None);
}

#[test]
fn a_case_is_marked_and_the_mark_is_kept() {
    let study = Study::new(&["a", "b", "c"]);
    let mut harness = study.listed();
    harness.get_by_label("a, not started").click();
    opens(&mut harness, "a.nii.gz");
    paint(&mut harness);
    press(&mut harness, Key::D, CTRL_SHIFT);
    assert_eq!(progress(&harness)[0], P::Flagged);
    harness.get_by_label("0 of 3 done, 1 flagged");
    press(&mut harness, Key::Enter, CTRL);
    opens(&mut harness, "b.nii.gz");
    let state = |name: &str| {
        session::read(&study.path(name)).expect("a session").snapshot.around.case_state
    };
    assert_eq!((state("a.voxpoint"), progress(&harness)[0]), (CaseState::Done, P::Done));
    // Also without an object: there may be nothing to find.
    press(&mut harness, Key::Enter, CTRL);
    opens(&mut harness, "c.nii.gz");
    assert_eq!(state("b.voxpoint"), CaseState::Done);
    harness.get_by_label("2 of 3 done");
    press(&mut harness, Key::D, CTRL);
    harness.get_by_label("case 3 of 3 · case done");
    press(&mut harness, Key::D, CTRL);
    harness.get_by_label("case 3 of 3");
    // Nothing is left that was not begun but this one.
    press(&mut harness, Key::PageDown, CTRL_SHIFT);
    told(&mut harness, "free and not started");
    drop(harness);
    // As the next one finds it.
    let harness = study.listed();
    assert_eq!(progress(&harness), [P::Done, P::Done, P::NotStarted]);
}

#[test]
fn two_do_not_take_the_same_case() {
    let study = Study::new(&["a", "b", "c"]);
    let mut harness = study.listed();
    // Taken since the list was made.
    std::fs::write(study.path("a.voxpoint.lock"), WARD).expect("written");
    press(&mut harness, Key::PageDown, CTRL);
    opens(&mut harness, "b.nii.gz");
    assert!(says(&harness, "Passed over, somebody has it: a (on ward-7, process 12)"));
    harness.get_by_label("a, not started, open on ward-7, process 12");
    paint(&mut harness);
    std::fs::write(study.path("c.voxpoint.lock"), WARD).expect("written");
    press(&mut harness, Key::PageDown, CTRL_SHIFT);
    told(&mut harness, "free and not started");
    assert_eq!(list(&harness).current, Some(1));
    // Asked for by name it says who has it.
    harness.get_by_label_contains("c, not started").click();
    told(&mut harness, "open on ward-7, process 12");
    assert_eq!(list(&harness).current, Some(1), "what was open stays");
    // A session that somebody has is read-only, as always.
    drop(harness);
    std::fs::write(study.path("b.voxpoint.lock"), WARD).expect("written");
    let mut harness = study.listed();
    press(&mut harness, Key::PageDown, CTRL);
    told(&mut harness, "no further case");
    harness.get_by_label_contains("b, in progress").click();
    wait(&mut harness, "the question", |app| app.status().session_question.is_some());
    harness.get_by_label("Open read-only").click();
    opens(&mut harness, "b.nii.gz");
    let bytes = std::fs::read(study.path("b.voxpoint")).expect("there");
    press(&mut harness, Key::D, CTRL);
    assert_eq!(list(&harness).current, Some(1));
    assert_eq!(progress(&harness)[1], P::InProgress, "a copy is marked by nobody");
    // What is done in a copy is a draft, and nobody is asked.
    paint(&mut harness);
    std::fs::remove_file(study.path("c.voxpoint.lock")).expect("there");
    press(&mut harness, Key::PageDown, CTRL);
    opens(&mut harness, "c.nii.gz");
    assert!(says(&harness, "The work on b.nii.gz is kept as a draft"));
    assert_eq!(std::fs::read(study.path("b.voxpoint")).expect("there"), bytes);
}

#[test]
fn what_is_no_list_says_so() {
    let study = Study::new(&["a"]);
    let empty = study.state.path().join("empty");
    std::fs::create_dir(&empty).expect("temp folder");
    let mut harness = study.window(Vec::new());
    drop_file(&mut harness, empty);
    harness.step();
    told(&mut harness, "No scan was found");
    assert!(harness.state().status().work_list.is_none());
    let table = study.path("cases.csv");
    std::fs::write(&table, "image\na.nii.gz\n").expect("written");
    drop_file(&mut harness, table.clone());
    harness.step();
    told(&mut harness, "no column “scan”");
    std::fs::write(&table, "scan;name\ngone.nii.gz;Knee 1\na.nii.gz;Knee 2\n").expect("written");
    drop_file(&mut harness, table.clone());
    harness.step();
    wait(&mut harness, "the list", |app| app.status().work_list.is_some());
    harness.get_by_label("Knee 1, not started, there is no such scan");
    harness.get_by_label_contains("Knee 1").click();
    told(&mut harness, "gone.nii.gz");
    assert!(harness.state().document().is_none());
    press(&mut harness, Key::PageUp, CTRL);
    press(&mut harness, Key::PageDown, CTRL);
    opens(&mut harness, "a.nii.gz");
    assert_eq!(list(&harness).current, Some(1));
    assert!(!study.path("gone.voxpoint.lock").exists());
}

#[test]
fn new_objects_have_the_names_that_lie_with_the_cases() {
    let study = Study::new(&["a", "b"]);
    let names = r#"{"title": "Our study", "labels": [
        {"number": 7, "name": "femur", "colour": [1, 2, 3]}, {"number": 3, "name": "tibia"}]}"#;
    std::fs::write(study.path("names.json"), names).expect("written");
    let mut harness = study.listed();
    assert_eq!(list(&harness).names.as_deref(), Some("Our study"));
    let named = |harness: &Harness<'_, App>| {
        let objects = harness.state().document().expect("open").objects();
        objects.iter().map(|o| (o.id.0, o.name.clone())).collect::<Vec<_>>()
    };
    let ours = [(7, "femur".to_owned()), (3, "tibia".to_owned()), (1, "Object 1".to_owned())];
    for scan in ["a.nii.gz", "b.nii.gz"] {
        press(&mut harness, Key::PageDown, CTRL);
        opens(&mut harness, scan);
        paint_at(&mut harness, 0.0);
        paint_at(&mut harness, 9.0);
        assert_eq!(named(&harness), ours[..2], "{scan}");
    }
    paint_at(&mut harness, -9.0);
    assert_eq!(named(&harness), ours);
    // By their numbers, if that is wanted.
    harness.state_mut().do_with_cases(voxpoint::ui::CasesAction::Names(None));
    press(&mut harness, Key::PageUp, CTRL);
    opens(&mut harness, "a.nii.gz");
    paint_at(&mut harness, -9.0);
    assert_eq!(named(&harness)[2].1, "Object 1");
}

#[test]
fn all_sessions_may_be_in_one_folder() {
    let study = Study::new(&["a", "b"]);
    let work = study.state.path().join("work");
    std::fs::create_dir(&work).expect("temp folder");
    let mut harness = study.window(Vec::new());
    press(&mut harness, Key::O, CTRL_ALT);
    answer_path(&mut harness, study.folder.path());
    wait(&mut harness, "the list", |app| app.status().work_list.is_some());
    harness.get_by_label("Sessions and names").click();
    harness.run_steps(10);
    harness.get_by_label("One folder for sessions…").click();
    answer_path(&mut harness, &work);
    let wanted = work.clone();
    wait(&mut harness, "the list", move |app| {
        app.status().work_list.as_ref().is_some_and(|l| l.sessions.as_ref() == Some(&wanted))
    });
    press(&mut harness, Key::PageDown, CTRL);
    opens(&mut harness, "a.nii.gz");
    paint(&mut harness);
    press(&mut harness, Key::PageDown, CTRL);
    opens(&mut harness, "b.nii.gz");
    assert_eq!(
        session::read(&work.join("a.voxpoint")).expect("a session").snapshot.objects.len(),
        1
    );
    assert!(!study.path("a.voxpoint").exists());
    // Closed, the list is gone, and what is open stays.
    press(&mut harness, Key::F4, NONE);
    assert!(harness.query_by_label("0 of 2 done").is_none());
    harness.state_mut().do_with_cases(voxpoint::ui::CasesAction::Close);
    harness.run_steps(2);
    assert!(harness.state().status().work_list.is_none() && harness.state().document().is_some());
}

fn answer_path(harness: &mut Harness<'_, App>, path: &Path) {
    harness.run_steps(3);
    harness.get_by_label("Path").focus();
    harness.run_steps(2);
    press(harness, Key::A, CTRL);
    type_path(harness, path);
    harness.get_by_label("OK").click();
    harness.run_steps(2);
}

#[test]
fn where_no_session_can_be_made_the_work_is_a_draft() {
    let study = Study::new(&["a", "b"]);
    // What lies in the place of its lock is none.
    std::fs::create_dir(study.path("a.voxpoint.lock")).expect("temp folder");
    let mut harness = study.listed();
    press(&mut harness, Key::PageDown, CTRL);
    opens(&mut harness, "a.nii.gz");
    told(&mut harness, "its work is a draft");
    assert_eq!(list(&harness).current, Some(0));
    paint(&mut harness);
    press(&mut harness, Key::PageDown, CTRL);
    opens(&mut harness, "b.nii.gz");
    assert!(!harness.state().status().asks());
    told(&mut harness, "The work on a.nii.gz is kept as a draft");
    assert!(!study.path("a.voxpoint").exists());
    let drafts = std::fs::read_dir(study.state.path().join("drafts")).expect("there");
    let mut drafts = drafts.map(|entry| entry.expect("readable").path());
    let draft = drafts.find(|path| session::is_named_as_session(path)).expect("a draft");
    assert_eq!(session::read(&draft).expect("whole").snapshot.objects.len(), 1);
}

#[test]
fn many_cases_are_looked_through() {
    let names: Vec<String> = (1..=25).map(|n| format!("knee {n}")).collect();
    let study = Study::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut harness = study.listed();
    assert!(harness.query_by_label("knee 2, not started").is_some());
    let field = harness.get_by_label("Find cases");
    field.focus();
    field.type_text("25");
    harness.run_steps(3);
    assert!(harness.query_by_label("knee 2, not started").is_none());
    harness.get_by_label("knee 25, not started");
    press(&mut harness, Key::Enter, NONE);
    opens(&mut harness, "knee 25.nii.gz");
    press(&mut harness, Key::D, CTRL);
    harness.state_mut().view_mut().windows.cases.searched.clear();
    harness.get_by_label("done 1").click();
    harness.run_steps(3);
    harness.get_by_label("knee 25, done");
    assert!(harness.query_by_label("knee 2, not started").is_none());
}

/// A folder with two series, whose files have no endings: it is asked which, and the choice is kept with the work.
#[test]
fn of_a_folder_with_two_series_one_is_chosen_and_kept() {
    let study = Study::new(&["q"]);
    let two = two_series(6, 5);
    std::fs::create_dir(study.path("p")).expect("made");
    for file in std::fs::read_dir(two.path()).expect("readable") {
        let file = file.expect("readable");
        std::fs::copy(file.path(), study.path("p").join(file.file_name())).expect("copied");
    }
    // As many are saved.
    std::fs::write(study.path("p").join("liver_mask.nii.gz"), "x").expect("written");
    let slices = |harness: &Harness<'_, App>| {
        harness.state().document().map(|document| document.image().grid().dims()[2])
    };
    let asked = |harness: &mut Harness<'_, App>| {
        wait(harness, "the table", |app| app.status().series.is_some());
        harness.run_steps(2);
    };
    let mut harness = study.listed();
    assert_eq!(list(&harness).cases.len(), 2);
    press(&mut harness, Key::PageDown, CTRL);
    asked(&mut harness);
    let lock = study.path("p.voxpoint.lock");
    assert!(!lock.exists() && !study.path("p.voxpoint").exists(), "nobody has begun it yet");
    // Given up: nothing is opened, and it can be gone on with.
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(harness.state().document().is_none() && harness.state().status().series.is_none());
    harness.get_by_label("p, not started").click();
    asked(&mut harness);
    harness.key_press(Key::ArrowDown);
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    assert_eq!((slices(&harness), list(&harness).current), (Some(5), Some(0)));
    assert!(lock.exists() && study.path("p.voxpoint").exists());
    let image = harness.state().document().expect("open").image().clone();
    let series = image.provenance().series().expect("which series");
    press(&mut harness, Key::D, CTRL);
    press(&mut harness, Key::PageDown, CTRL);
    opens(&mut harness, "q.nii.gz");
    press(&mut harness, Key::PageUp, CTRL);
    wait(&mut harness, "it again", |app| {
        let image = app.document().map(voxpoint::document::Document::image);
        app.is_idle() && image.is_some_and(|image| image.name() != "q.nii.gz")
    });
    assert!(harness.state().status().series.is_none(), "it was said already");
    assert_eq!(slices(&harness), Some(5));
    drop(harness);
    // A table says it.
    let table = study.path("cases.csv");
    std::fs::write(&table, format!("scan,series,name\np,{series},second\n")).expect("written");
    let mut harness = study.window(vec![table]);
    wait(&mut harness, "the list", |app| app.status().work_list.is_some());
    press(&mut harness, Key::PageDown, CTRL);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    assert!(harness.state().status().series.is_none());
    assert_eq!(slices(&harness), Some(5));
    assert!(study.path(&format!("p-series-{series}.voxpoint")).exists());
}

/// A slip of the hand in the table: it is told, and the session is opened only if that is wanted.
#[test]
fn the_session_of_another_series_or_scan_is_asked_about() {
    let study = Study::new(&["q"]);
    let two = two_series(6, 5);
    std::fs::create_dir(study.path("p")).expect("made");
    for file in std::fs::read_dir(two.path()).expect("readable") {
        let file = file.expect("readable");
        std::fs::copy(file.path(), study.path("p").join(file.file_name())).expect("copied");
    }
    let table = study.path("cases.csv");
    let listed = |rows: &str| {
        std::fs::write(&table, format!("scan,series,session,name\n{rows}\n")).expect("written");
        let mut harness = study.window(vec![table.clone()]);
        wait(&mut harness, "the list", |app| app.status().work_list.is_some());
        press(&mut harness, Key::PageDown, CTRL);
        harness
    };
    let open = |app: &App| app.document().is_some() && app.is_idle();
    // One of the two gets a session.
    let formats = voxpoint::io::formats();
    let (cancel, progress) = (voxpoint::work::CancelToken::new(), voxpoint::work::Progress::new());
    let source = voxpoint::io::Source::at(&study.path("p"));
    let rows = formats.list(&source, &cancel, &progress).expect("readable").expect("several");
    let keys: Vec<String> = rows.rows().iter().map(|row| row.key.clone()).collect();
    let mut harness = listed(&format!("p,{},first.voxpoint,first", keys[0]));
    wait(&mut harness, "the scan", open);
    press(&mut harness, Key::D, CTRL);
    drop(harness);
    let before = std::fs::read(study.path("first.voxpoint")).expect("kept");
    // Its own row opens it.
    let mut harness = listed(&format!("p,{},first.voxpoint,first", keys[0]));
    wait(&mut harness, "the scan", open);
    assert!(harness.state().status().session_question.is_none());
    drop(harness);
    for (row, wanted) in [
        (format!("p,{},first.voxpoint,second", keys[1]), keys[1].clone()),
        ("q.nii.gz,,first.voxpoint,q".to_owned(), "q.nii.gz".to_owned()),
    ] {
        for opens in [false, true] {
            let mut harness = listed(&row);
            wait(&mut harness, "the question", |app| app.status().session_question.is_some());
            let question = harness.state().status().session_question.clone().expect("asked");
            let SessionQuestion::OfAnother { session, wanted: said, own } = question else {
                panic!("{question:?}")
            };
            assert_eq!(session, "first.voxpoint");
            assert!(said.contains(&wanted) && own != said, "{said} {own}");
            harness.run_steps(2);
            if opens {
                harness.get_by_label("Open it as it is").click();
                wait(&mut harness, "the session", open);
                let image = harness.state().document().expect("open").image().clone();
                assert_eq!(image.provenance().series().as_ref(), Some(&keys[0]));
            } else {
                harness.key_press(Key::Escape);
                wait(&mut harness, "no question", |app| app.status().session_question.is_none());
                assert!(harness.state().document().is_none());
            }
            drop(harness);
            assert!(opens || std::fs::read(study.path("first.voxpoint")).expect("there") == before);
        }
    }
}
