//! Work on a session that could not be written into it, and what is asked before work is given up.

use super::*;

/// A session with one object, and a draft with two: the share was gone when the second was painted.
fn newer_work(desk: &Desk) -> (PathBuf, PathBuf) {
    let folder = desk.path("share");
    std::fs::create_dir(&folder).expect("temp folder");
    let path = folder.join("case.voxpoint");
    let mut harness = desk.opened();
    paint(&mut harness, DVec3::ZERO);
    save_session_as(&mut harness, &path);
    let away = desk.path("unplugged");
    std::fs::rename(&folder, &away).expect("temp folder");
    paint(&mut harness, DVec3::new(0.0, 9.0, 0.0));
    fails(&mut harness);
    drop(harness);
    std::fs::rename(&away, &folder).expect("temp folder");
    let mut drafts = desk.draft_files();
    drafts.retain(|path| session::is_named_as_session(path));
    assert_eq!((objects_in(&path), drafts.len()), (1, 1), "{drafts:?}");
    (path, drafts.remove(0))
}

pub(super) fn fails(harness: &mut Harness<'_, App>) {
    wait(harness, "the trouble", |app| {
        let state = app.status().session.as_ref().map(|s| &s.state);
        matches!(state, Some(SessionState::Failed { aside: Some(_), .. }))
    });
}

fn objects_in(session: &Path) -> usize {
    session::read(session).expect("whole").snapshot.objects.len()
}

#[test]
fn a_session_asks_for_newer_work_that_could_not_be_written_into_it() {
    let desk = Desk::new();
    let (path, draft) = newer_work(&desk);
    let kept_past = session::read(&draft).expect("whole").past;
    let mut harness = desk.window(&[]);
    drop_file(&mut harness, path.clone());
    asks(&mut harness);
    harness.get_by_label("There is newer work on case.voxpoint");
    assert!(harness.query_all_by_label_contains("2 objects").next().is_some());
    press(&mut harness, Key::Escape, NONE);
    wait(&mut harness, "nothing", |app| app.status().session_question.is_none());
    assert!(harness.state().document().is_none() && draft.exists());
    drop_file(&mut harness, path.clone());
    harness.step();
    asks(&mut harness);
    harness.get_by_label("Take the newer work").click();
    wait(&mut harness, "the work", |app| app.document().is_some() && app.is_idle());
    assert_eq!(objects(&harness).len(), 2);
    wait(&mut harness, "the draft's end", |_| !draft.exists());
    assert_eq!((kept(&mut harness), objects_in(&path)), (path.clone(), 2));
    let status = harness.state().status().session.clone().expect("open");
    assert_eq!((status.name.as_deref(), status.copy_of), (Some("case.voxpoint"), None));
    drop(harness);
    // With all that was done when.
    let contents = session::read(&path).expect("whole");
    assert_eq!(contents.past.sittings[..kept_past.sittings.len()], kept_past.sittings);
    assert!(contents.snapshot.around.view.get("copy_of").is_none());
    let mut harness = desk.window(std::slice::from_ref(&path));
    wait(&mut harness, "the session", |app| app.document().is_some() && app.is_idle());
    assert_eq!(objects(&harness).len(), 2);
}

#[test]
fn newer_work_that_is_continued_goes_back_unless_somebody_has_written_the_session() {
    for written_since in [false, true] {
        let desk = Desk::new();
        let (path, draft) = newer_work(&desk);
        if written_since {
            let mut harness = desk.window(&[]);
            drop_file(&mut harness, path.clone());
            asks(&mut harness);
            harness.get_by_label("Open it as it is").click();
            wait(&mut harness, "the session", |app| app.document().is_some() && app.is_idle());
            assert_eq!((objects(&harness).len(), draft.exists()), (1, true));
            press(&mut harness, Key::B, NONE);
            add(&mut harness, DVec3::new(4.0, 0.0, 0.0));
            kept(&mut harness);
        }
        let bytes = std::fs::read(&path).expect("there");
        let mut harness = desk.window(&[]);
        wait(&mut harness, "the drafts", |app| !app.status().drafts.is_empty());
        harness.get_by_label("newer work on session case.voxpoint");
        continue_draft(&mut harness);
        assert_eq!(objects(&harness).len(), 2);
        let status = harness.state().status().session.clone().expect("open");
        if written_since {
            assert!(says(&harness, "stays a draft: somebody has written it since"));
            assert_eq!(harness.state().kept_in(), Some(&*draft));
            assert_eq!(status.copy_of.map(|copy| copy.name).as_deref(), Some("case.voxpoint"));
            paint(&mut harness, DVec3::new(6.0, -6.0, 0.0));
            drop(harness);
            assert_eq!(std::fs::read(&path).expect("there"), bytes);
            // It is known of what it is a copy, also after it was gone on with.
            let view = session::read(&draft).expect("whole").snapshot.around.view;
            assert!(view["copy_of"]["path"].as_str().is_some_and(|p| p.ends_with("case.voxpoint")));
        } else {
            wait(&mut harness, "the draft's end", |_| !draft.exists());
            assert_eq!((kept(&mut harness), objects_in(&path)), (path, 2));
            assert_eq!(status.name.as_deref(), Some("case.voxpoint"));
        }
    }
}

#[test]
fn before_a_session_that_can_not_be_written_is_given_up_it_is_said_and_can_be_saved_elsewhere() {
    let desk = Desk::new();
    let folder = desk.path("share");
    std::fs::create_dir(&folder).expect("temp folder");
    let mut harness = desk.opened();
    paint(&mut harness, DVec3::ZERO);
    save_session_as(&mut harness, &folder.join("case.voxpoint"));
    std::fs::rename(&folder, desk.path("unplugged")).expect("temp folder");
    paint(&mut harness, DVec3::new(0.0, 9.0, 0.0));
    fails(&mut harness);
    press(&mut harness, Key::W, CTRL);
    wait(&mut harness, "the question", |app| app.status().ask_discard);
    harness.get_by_label("Session case.voxpoint could not be written");
    harness.get_by_label_contains("The last changes are only in a draft");
    harness.get_by_role_and_label(Role::Button, "Save session as…").click();
    let elsewhere = desk.path("elsewhere.voxpoint");
    answer_path(&mut harness, &elsewhere);
    wait(&mut harness, "the welcome page", |app| app.document().is_none());
    assert_eq!(objects_in(&elsewhere), 2);
    wait(&mut harness, "the draft's end", |_| desk.draft_files().is_empty());
}

#[test]
fn a_mask_that_is_older_than_the_work_is_called_so_before_that_is_given_up() {
    let desk = Desk::new();
    let mut harness = desk.opened();
    paint(&mut harness, DVec3::ZERO);
    crate::support::save_as(&mut harness, &desk.path("mask.nii.gz"));
    press(&mut harness, Key::B, NONE);
    paint(&mut harness, DVec3::new(0.0, 9.0, 0.0));
    kept(&mut harness);
    press(&mut harness, Key::W, CTRL);
    wait(&mut harness, "the question", |app| app.status().ask_discard);
    harness.get_by_label("The exported mask is older than your work");
    harness.get_by_label_contains("mask.nii.gz");
    assert!(harness.query_by_label("The mask is in no file yet").is_none());
}

#[cfg(target_os = "linux")]
#[test]
fn a_draft_that_another_window_has_is_shown_and_offered_once_that_is_gone() {
    let desk = Desk::new();
    let mut harness = desk.opened();
    paint(&mut harness, DVec3::ZERO);
    let draft = kept(&mut harness);
    drop(harness);
    // Another program that is still there.
    let mut other = std::process::Command::new("sleep").arg("120").spawn().expect("a program");
    let holder =
        session::Holder { process: other.id(), process_started: 0, ..session::Holder::me() };
    let mut lock = draft.into_os_string();
    lock.push(".lock");
    let text = serde_json::to_string(&holder).expect("JSON");
    std::fs::write(&lock, text).expect("temp folder");
    let mut harness = desk.window(&[]);
    wait(&mut harness, "the drafts", |app| !app.status().drafts.is_empty());
    harness.get_by_label_contains("in use by another window of Voxpoint (process");
    assert!(harness.query_by_label("Continue: block.nii.gz").is_none());
    other.kill().expect("ours");
    other.wait().expect("ours");
    wait(&mut harness, "the draft", |app| app.status().drafts[0].held_by.is_none());
    continue_draft(&mut harness);
    assert_eq!(objects(&harness).len(), 1);
}
