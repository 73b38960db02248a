//! What is asked before work is given up, what discarding takes, and how it is had again.

use super::*;

#[test]
fn before_work_is_given_up_there_are_four_answers() {
    let desk = Desk::new();
    let mut harness = desk.opened();
    paint(&mut harness, DVec3::ZERO);
    let draft = kept(&mut harness);
    let button = |harness: &Harness<'_, App>, name: &str| {
        harness.get_by_role_and_label(Role::Button, name).click();
    };
    press(&mut harness, Key::W, CTRL);
    wait(&mut harness, "the question", |app| app.status().ask_discard);
    button(&harness, "Stay");
    harness.run_steps(3);
    assert!(harness.state().document().is_some() && !harness.state().status().ask_discard);

    press(&mut harness, Key::W, CTRL);
    wait(&mut harness, "the question", |app| app.status().ask_discard);
    button(&harness, "Keep for later");
    wait(&mut harness, "the welcome page", |app| app.document().is_none());
    assert!(draft.exists());
    continue_draft(&mut harness);
    assert_eq!(voxels(harness.state()).len(), 1);

    // As it was when it was opened: nothing would be lost, and nothing is asked.
    press(&mut harness, Key::W, CTRL);
    wait(&mut harness, "the welcome page", |app| app.document().is_none());
    assert!(draft.exists());
    continue_draft(&mut harness);

    press(&mut harness, Key::B, NONE);
    paint(&mut harness, DVec3::new(6.0, -6.0, 0.0));
    press(&mut harness, Key::W, CTRL);
    wait(&mut harness, "the question", |app| app.status().ask_discard);
    button(&harness, "Save mask, then go on");
    answer_path(&mut harness, &desk.path("mask.nii.gz"));
    wait(&mut harness, "the welcome page", |app| app.document().is_none());
    assert!(draft.exists(), "only the user deletes a draft");
    continue_draft(&mut harness);

    press(&mut harness, Key::B, NONE);
    let before = objects(&harness);
    paint(&mut harness, DVec3::new(0.0, 9.0, 0.0));
    press(&mut harness, Key::W, CTRL);
    wait(&mut harness, "the question", |app| app.status().ask_discard);
    assert!(harness.query_by_label("Discard").is_none(), "which is it?");
    button(&harness, "Discard today's changes");
    wait(&mut harness, "the welcome page", |app| app.document().is_none());
    wait(&mut harness, "the message", |app| app.messages().any(|m| m.contains("have it back")));
    let contents = session::read(&draft).expect("whole");
    assert_eq!((contents.snapshot.objects.to_vec(), contents.damage), (before, vec![]));
}

/// Files that were discarded.
fn discarded(desk: &Desk) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(desk.drafts().join("discarded")) else { return Vec::new() };
    entries.map(|e| e.expect("readable").path()).collect()
}

#[test]
fn a_draft_is_discarded_as_a_whole_only_when_asked_twice_and_comes_back() {
    let desk = Desk::new();
    let mut harness = desk.opened();
    paint(&mut harness, DVec3::ZERO);
    let draft = kept(&mut harness);
    drop(harness);
    let mut harness = desk.window(&[]);
    continue_draft(&mut harness);
    paint(&mut harness, DVec3::new(0.0, 9.0, 0.0));
    let last = objects(&harness);
    press(&mut harness, Key::W, CTRL);
    wait(&mut harness, "the question", |app| app.status().ask_discard);
    harness.get_by_label("Discard the whole draft…").click();
    harness.run_steps(3);
    harness.get_by_label_contains("in an earlier sitting");
    assert!(draft.exists() && harness.state().document().is_some());
    harness.get_by_label("Discard the whole draft").click();
    wait(&mut harness, "the welcome page", |app| app.document().is_none());
    wait(&mut harness, "the draft's end", |_| !draft.exists());
    wait(&mut harness, "the welcome page", |app| app.status().drafts.is_empty());
    let away = discarded(&desk);
    assert_eq!(away.len(), 1, "{away:?}");
    drop_file(&mut harness, away[0].clone());
    harness.step();
    wait(&mut harness, "the work", |app| app.document().is_some() && app.is_idle());
    assert_eq!(objects(&harness), last);
    assert_eq!(harness.state().kept_in(), Some(&*draft), "a draft again");
    assert_eq!(discarded(&desk), Vec::<PathBuf>::new());
}

#[test]
fn a_draft_of_this_sitting_is_discarded_with_a_word_where_it_is() {
    let desk = Desk::new();
    let mut harness = desk.opened();
    paint(&mut harness, DVec3::ZERO);
    let draft = kept(&mut harness);
    press(&mut harness, Key::W, CTRL);
    wait(&mut harness, "the question", |app| app.status().ask_discard);
    harness.get_by_role_and_label(Role::Button, "Discard").click();
    wait(&mut harness, "the welcome page", |app| app.document().is_none());
    wait(&mut harness, "the draft's end", |_| !draft.exists());
    wait(&mut harness, "the message", |app| app.messages().any(|m| m.contains("For 30 days")));
    assert_eq!(discarded(&desk).len(), 1);
}

#[test]
fn a_scan_with_a_draft_is_offered_it_and_a_draft_is_discarded_when_asked_twice() {
    let desk = Desk::new();
    let mut harness = desk.opened();
    paint(&mut harness, DVec3::ZERO);
    let draft = kept(&mut harness);
    drop(harness);
    let mut harness = desk.opened();
    wait(&mut harness, "the offer", |app| !app.status().offers.is_empty());
    assert!(document(&harness).objects().is_empty(), "never without a word");
    harness.get_by_label("Not now").click();
    harness.run_steps(3);
    assert!(harness.state().status().offers.is_empty());
    press(&mut harness, Key::W, CTRL);
    wait(&mut harness, "the welcome page", |app| app.document().is_none());
    drop_file(&mut harness, desk.scan.clone());
    harness.step();
    wait(&mut harness, "the offer", |app| !app.status().offers.is_empty());
    harness.get_by_label("Continue").click();
    wait(&mut harness, "the work", |app| app.document().is_some_and(|d| d.objects().len() == 1));
    assert!(harness.state().status().offers.is_empty());
    press(&mut harness, Key::W, CTRL);
    wait(&mut harness, "the drafts", |app| {
        app.document().is_none() && !app.status().drafts.is_empty()
    });
    harness.get_by_label("Discard…: block.nii.gz").click();
    harness.run_steps(3);
    assert!(draft.exists());
    harness.get_by_label("Discard draft: block.nii.gz").click();
    wait(&mut harness, "its end", |app| app.status().drafts.is_empty());
    wait(&mut harness, "its end on the disk", |_| !draft.exists());
}
