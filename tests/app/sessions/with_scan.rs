//! A session that goes where its scan is not.

use voxpoint::ui::ScanPlace;
use voxpoint::work::{CancelToken, Progress};

use super::*;

/// What is in the File menu.
fn file_menu(harness: &mut Harness<'_, App>, entry: &str) {
    harness.get_by_label("File").click();
    harness.run_steps(3);
    harness.get_by_label(entry).click();
    harness.run_steps(3);
}

fn scan_place(harness: &Harness<'_, App>) -> Option<ScanPlace> {
    harness.state().status().session.as_ref().map(|session| session.scan)
}

/// A session with the scan in it, of one object.
fn saved_with_scan(desk: &Desk, path: &Path) -> Vec<Object> {
    let mut harness = desk.opened();
    paint(&mut harness, DVec3::ZERO);
    kept(&mut harness);
    file_menu(&mut harness, "Save session with the scan…");
    harness.get_by_label("Save the session with the scan in it?");
    wait(&mut harness, "the estimate", |app| {
        app.status().ask_with_scan.as_ref().is_some_and(|about| about.estimated.is_some())
    });
    harness.get_by_label_contains("It will take about");
    harness.get_by_label("Choose where…").click();
    answer_path(&mut harness, path);
    let there = path.to_owned();
    wait(&mut harness, "the session", move |app| app.kept_in() == Some(&there) && app.is_idle());
    assert_eq!(scan_place(&harness), Some(ScanPlace::Both));
    harness.get_by_label("in the session too");
    wait(&mut harness, "the hash", |_| {
        session::read(path).is_ok_and(|c| c.snapshot.around.source.file.sha256.is_some())
    });
    objects(&harness)
}

#[test]
fn a_session_with_the_scan_in_it_goes_on_where_the_scan_is_not() {
    let desk = Desk::new();
    let path = desk.path("case.voxpoint");
    let before = saved_with_scan(&desk, &path);
    let size = std::fs::metadata(&path).expect("there").len();
    // Where it is there, it is what is shown.
    let mut harness = desk.window(std::slice::from_ref(&path));
    wait(&mut harness, "the session", |app| app.document().is_some() && app.is_idle());
    assert_eq!(scan_place(&harness), Some(ScanPlace::Both));
    assert!(!says(&harness, "comes from the session"));
    drop(harness);
    // Another machine.
    let elsewhere = desk.path("elsewhere");
    std::fs::create_dir(&elsewhere).expect("temp folder");
    let session_there = elsewhere.join("case.voxpoint");
    std::fs::rename(&path, &session_there).expect("temp folder");
    let scan = std::fs::read(&desk.scan).expect("there");
    std::fs::remove_file(&desk.scan).expect("temp folder");
    let mut harness = desk.window(std::slice::from_ref(&session_there));
    wait(&mut harness, "the session", |app| app.document().is_some() && app.is_idle());
    assert!(says(&harness, "its file is not where it was"));
    assert_eq!(scan_place(&harness), Some(ScanPlace::Session));
    harness.get_by_label("from the session");
    assert_eq!(objects(&harness), before);
    let values = |harness: &Harness<'_, App>| document(harness).image().voxels().clone();
    let found = values(&harness);
    press(&mut harness, Key::B, NONE);
    paint(&mut harness, DVec3::new(0.0, 9.0, 0.0));
    kept(&mut harness);
    let mask = elsewhere.join("mask.nii.gz");
    crate::support::save_as(&mut harness, &mask);
    assert!(mask.exists());
    // Where the scan was is still known, and it is not written again.
    wait(&mut harness, "the change", |_| {
        session::read(&session_there).is_ok_and(|c| c.snapshot.objects.len() == 2)
    });
    let source = session::read(&session_there).expect("whole").snapshot.around.source;
    assert_eq!(source.file.absolute, desk.scan);
    assert!(source.file.sha256.is_some());
    let grown = std::fs::metadata(&session_there).expect("there").len().saturating_sub(size);
    assert!(grown < 200_000, "{grown} bytes more");
    // Under another name it has the scan, too.
    let other = elsewhere.join("other.voxpoint");
    save_session_as(&mut harness, &other);
    assert!(session::read(&other).expect("whole").scan.is_some());
    drop(harness);
    // Nothing of that is mixed with another scan, which lies there now.
    let mut changed = scan.clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    replace_scan(&desk, [4, 4, 4], DAffine3::IDENTITY);
    let mut harness = desk.window(std::slice::from_ref(&other));
    wait(&mut harness, "the session", |app| app.document().is_some() && app.is_idle());
    assert!(says(&harness, "its file is another one now"));
    assert_eq!(values(&harness), found);
    assert_eq!(objects(&harness).len(), 2);
    drop(harness);
    // Back where it was, it is used.
    std::fs::write(&desk.scan, &scan).expect("temp folder");
    let mut harness = desk.window(std::slice::from_ref(&other));
    wait(&mut harness, "the session", |app| app.document().is_some() && app.is_idle());
    assert_eq!(scan_place(&harness), Some(ScanPlace::Both));
    assert_eq!(values(&harness), found);
}

#[test]
fn a_session_with_the_scan_is_saved_again_without_it() {
    let desk = Desk::new();
    let path = desk.path("case.voxpoint");
    let before = saved_with_scan(&desk, &path);
    let mut harness = desk.window(std::slice::from_ref(&path));
    wait(&mut harness, "the session", |app| app.document().is_some() && app.is_idle());
    let has_scan = |path: &Path| session::read(path).expect("whole").scan.is_some();
    // Under another name the scan goes with it, unless it is said that it is not to.
    let with = desk.path("with.voxpoint");
    save_session_as(&mut harness, &with);
    assert!(has_scan(&with));
    let alone = desk.path("alone.voxpoint");
    file_menu(&mut harness, "Save session without the scan…");
    answer_path(&mut harness, &alone);
    let there = alone.clone();
    wait(&mut harness, "the session", move |app| app.kept_in() == Some(&there) && app.is_idle());
    assert!(says(&harness, "saved without the scan's voxels"));
    assert_eq!(scan_place(&harness), Some(ScanPlace::File));
    assert!(!has_scan(&alone) && has_scan(&with) && has_scan(&path));
    assert_eq!(objects(&harness), before);
    // It is in none now, and can be put in again.
    harness.get_by_label("File").click();
    harness.run_steps(3);
    let entry = harness.get_by_label("Save session without the scan…");
    assert!(entry.accesskit_node().is_disabled());
    harness.get_by_label("Save session with the scan…").click();
    harness.run_steps(3);
    harness.get_by_label("Save the session with the scan in it?");
}

#[test]
fn a_scan_in_a_session_that_is_not_whole_is_told_and_the_masks_are_there() {
    let desk = Desk::new();
    let path = desk.path("case.voxpoint");
    let before = saved_with_scan(&desk, &path);
    std::fs::remove_file(&desk.scan).expect("temp folder");
    // A bit in the voxels, as a drive loses it.
    let file = rusqlite::Connection::open(&path).expect("a session");
    let sql = "SELECT voxels FROM scan_piece WHERE place = 0";
    let mut packed: Vec<u8> = file.query_row(sql, [], |row| row.get(0)).expect("a piece");
    let middle = packed.len() / 2;
    packed[middle] ^= 16;
    let sql = "UPDATE scan_piece SET voxels = ?1 WHERE place = 0";
    assert_eq!(file.execute(sql, [&packed]).expect("written"), 1);
    drop(file);
    let bytes = std::fs::read(&path).expect("there");
    let mut harness = desk.window(std::slice::from_ref(&path));
    asks(&mut harness);
    harness.get_by_label_contains("can't be given back");
    harness.get_by_label("Open the masks alone").click();
    wait(&mut harness, "the masks", |app| app.document().is_some() && app.is_idle());
    assert_eq!(objects(&harness), before);
    assert_eq!(scan_place(&harness), Some(ScanPlace::Nowhere));
    assert!(says(&harness, "the scan in this session can't be given back"));
    assert_eq!(std::fs::read(&path).expect("there"), bytes, "it stays as it is");
}

/// The name says for which program.
#[test]
fn a_label_table_is_written_for_another_program() {
    let desk = Desk::new();
    let mut harness = desk.opened();
    paint(&mut harness, DVec3::ZERO);
    for (name, files, part) in [
        ("m.ctbl", &["m.ctbl"][..], "1 Object_1 "),
        ("m_LUT.txt", &["m_LUT.txt"], "1 Object_1 "),
        ("m.tsv", &["m.tsv", "m.json"], "Object 1"),
    ] {
        file_menu(&mut harness, "Label table for another program…");
        answer_path(&mut harness, &desk.path(name));
        let there: Vec<PathBuf> = files.iter().map(|file| desk.path(file)).collect();
        wait(&mut harness, "the table", |app| {
            app.is_idle() && there.iter().all(|file| file.is_file())
        });
        let text = std::fs::read_to_string(&there[0]).expect("text");
        assert!(text.contains(part), "{name}: {text}");
    }
    wait(&mut harness, "the word", |app| app.messages().any(|m| m.contains("m.tsv")));
    assert!(document(&harness).is_modified(), "that is no label map");
}

/// What is written about masks does not name a file that has others.
#[test]
fn an_exported_mask_that_is_older_is_not_named_as_if_it_were_as_new() {
    let desk = Desk::new();
    let mut harness = desk.opened();
    let numbers = |harness: &mut Harness<'_, App>, name: &str| {
        wait(harness, "the numbers", |app| !app.status().measures.is_empty());
        // (By its action: messages may lie over the button.)
        harness.get_by_label("Save objects…").click_accesskit();
        harness.run_steps(3);
        let path = desk.path(name);
        answer_path(harness, &path);
        wait(harness, "the file", |app| app.is_idle() && path.exists());
        let text = std::fs::read_to_string(&path).expect("the file");
        let said: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        said["file"].as_str().expect("a text").to_owned()
    };
    paint(&mut harness, DVec3::ZERO);
    press(&mut harness, Key::M, CTRL);
    assert_eq!(numbers(&mut harness, "1.json"), desk.scan.display().to_string());
    let mask = desk.path("m.nii.gz");
    crate::support::save_as(&mut harness, &mask);
    wait(&mut harness, "the mask", |app| app.is_idle() && mask.exists());
    assert_eq!(numbers(&mut harness, "2.json"), mask.display().to_string());
    assert!(!says(&harness, "have changes that are not exported"));
    paint(&mut harness, DVec3::new(0.0, 9.0, 0.0));
    assert_eq!(numbers(&mut harness, "3.json"), "");
    assert!(says(&harness, "The masks have changes that are not exported: the numbers"));
    file_menu(&mut harness, "Label table for another program…");
    harness.get_by_label_contains("may not have the numbers of this table yet");
    let table = desk.path("t.ctbl");
    answer_path(&mut harness, &table);
    wait(&mut harness, "the table", |app| app.is_idle() && table.exists());
    assert!(says(&harness, "may have other numbers until it is exported again: m.nii.gz"));
}

#[test]
fn each_object_gets_a_file_of_its_own() {
    let desk = Desk::new();
    let mut harness = desk.opened();
    paint(&mut harness, DVec3::ZERO);
    paint(&mut harness, DVec3::new(0.0, 9.0, 0.0));
    let folder = desk.path("each");
    file_menu(&mut harness, "One file per object…");
    answer_path(&mut harness, &folder);
    wait(&mut harness, "the files", |app| app.is_idle() && folder.is_dir());
    wait(&mut harness, "the word", |app| {
        app.messages().any(|m| m.contains("2 files were written"))
    });
    let files = |folder: &Path| {
        let entries = std::fs::read_dir(folder).expect("there");
        let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("readable").path()).collect();
        paths.sort();
        paths
    };
    let written = files(&folder);
    let count = |path: &Path| {
        let (limits, cancel, progress) =
            (io::Limits::default(), CancelToken::new(), Progress::new());
        let volume = io::open_volume(path, &limits, &cancel, &progress).expect("read");
        let ones = (0..volume.voxels().len()).filter(|&n| volume.voxels().raw(n) == 1.0);
        ones.count()
    };
    assert_eq!(written.iter().map(|path| count(path)).collect::<Vec<_>>(), voxels(harness.state()));
    assert!(document(&harness).is_modified(), "that is no label map");
    // But nothing of it is unsaved as long as nothing is changed.
    harness.run_steps(3);
    let saved = |harness: &Harness<'_, App>| harness.state().status().saved_each.clone();
    assert_eq!(saved(&harness), Some((folder.clone(), 2)));
    harness.get_by_label_contains("exported ✓");
    // What is there is asked about once.
    std::fs::write(&written[0], "mine").expect("temp folder");
    for (answer, kept) in [("Cancel", true), ("Replace", false)] {
        file_menu(&mut harness, "One file per object…");
        answer_path(&mut harness, &folder);
        wait(&mut harness, "the question", |app| app.status().ask_files.is_some());
        harness.get_by_label("Replace files that are there already?");
        harness.get_by_label(answer).click();
        harness.run_steps(3);
        wait(&mut harness, "the files", |app| app.status().ask_files.is_none() && app.is_idle());
        let is_mine = std::fs::read(&written[0]).expect("there") == b"mine";
        assert_eq!(is_mine, kept, "{answer}");
    }
    assert_eq!(files(&folder), written);
    paint(&mut harness, DVec3::new(9.0, 0.0, 0.0));
    assert_eq!(saved(&harness), None);
    assert!(harness.query_by_label_contains("exported ✓").is_none());
}

/// The file is gone, and with it the scan that was in it: it is told, and can be put in again.
#[cfg(unix)]
#[test]
fn a_scan_that_is_lost_with_the_sessions_file_is_told() {
    let desk = Desk::new();
    let path = desk.path("case.voxpoint");
    saved_with_scan(&desk, &path);
    let mut harness = desk.window(std::slice::from_ref(&path));
    wait(&mut harness, "the session", |app| app.document().is_some() && app.is_idle());
    let length = std::fs::metadata(&path).expect("there").len();
    std::fs::write(&path, vec![0; length as usize]).expect("temp folder");
    std::fs::remove_file(&path).expect("temp folder");
    press(&mut harness, Key::B, NONE);
    paint(&mut harness, DVec3::new(0.0, 9.0, 0.0));
    kept(&mut harness);
    assert!(says(&harness, "it goes on without them"));
    assert_eq!(scan_place(&harness), Some(ScanPlace::File));
    assert!(session::read(&path).expect("whole").scan.is_none());
}
