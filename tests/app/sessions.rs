//! Work that is kept: as a draft, under a name, after a crash, and when its scan was moved or changed.

mod companions;
mod giving_up;
#[cfg(unix)]
mod newer_work;
mod with_scan;

use std::path::{Path, PathBuf};

use egui::accesskit::Role;
use egui::{Key, Modifiers, PointerButton};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable};
use voxpoint::app::App;
use voxpoint::document::Object;
use voxpoint::geom::{DAffine3, DVec3, Plane};
use voxpoint::segment::Installed;
use voxpoint::session;
use voxpoint::ui::{SaveStatus, SessionQuestion, SessionState};
use voxpoint::{io, volume};

use crate::brush::{CTRL, NONE, document, look_at, press, scan, spot, stroke};
use crate::support::{drop_file, place, type_path, voxels, wait, window_that_keeps};

const CTRL_ALT: Modifiers = Modifiers::CTRL.plus(Modifiers::COMMAND).plus(Modifiers::ALT);

/// A folder with a scan, and one for drafts.
struct Desk {
    folder: tempfile::TempDir,
    scan: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("temp folder");
        let scan = scan(folder.path());
        Self { folder, scan }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn drafts(&self) -> PathBuf {
        self.path("state")
    }

    fn draft_files(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.drafts()) else { return Vec::new() };
        entries.map(|e| e.expect("readable").path()).collect()
    }

    fn window(&self, paths: &[PathBuf]) -> Harness<'static, App> {
        window_that_keeps(paths.to_vec(), None, Box::new(Installed), Some(self.drafts()))
    }

    /// With the scan open and the brush in hand.
    fn opened(&self) -> Harness<'static, App> {
        let mut harness = self.window(std::slice::from_ref(&self.scan));
        wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
        press(&mut harness, Key::B, NONE);
        harness
    }
}

/// A stroke through the block, moved by so many mm, on an object of its own.
fn paint(harness: &mut Harness<'_, App>, by: DVec3) {
    press(harness, Key::N, NONE);
    add(harness, by);
}

/// A stroke through the block, moved by so many mm.
fn add(harness: &mut Harness<'_, App>, by: DVec3) {
    let middle = spot(harness, by);
    look_at(harness, middle);
    let at = place(harness, Plane::Axial, middle);
    stroke(harness, &[at], PointerButton::Primary, NONE);
}

fn kept(harness: &mut Harness<'_, App>) -> PathBuf {
    wait(harness, "the session on the disk", |app| app.kept_in().is_some());
    harness.state().kept_in().expect("waited for").to_owned()
}

fn objects(harness: &Harness<'_, App>) -> Vec<Object> {
    document(harness).objects().to_vec()
}

fn continue_draft(harness: &mut Harness<'_, App>) {
    wait(harness, "the drafts", |app| !app.status().drafts.is_empty());
    harness.get_by_label("Continue: block.nii.gz").click();
    wait(harness, "the work", |app| app.document().is_some() && app.is_idle());
}

fn save_session_as(harness: &mut Harness<'_, App>, path: &Path) {
    press(harness, Key::S, CTRL_ALT);
    answer_path(harness, path);
    let path = path.to_owned();
    wait(harness, "the session", move |app| app.kept_in() == Some(&path));
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

fn says(harness: &Harness<'_, App>, text: &str) -> bool {
    harness.state().messages().any(|m| m.contains(text))
}

#[test]
fn work_is_kept_from_the_first_change_on_and_gone_on_with_where_it_was() {
    let desk = Desk::new();
    let mut harness = desk.opened();
    harness.run_steps(5);
    assert_eq!(desk.draft_files(), Vec::<PathBuf>::new(), "looking is no work");
    paint(&mut harness, DVec3::ZERO);
    paint(&mut harness, DVec3::new(0.0, 9.0, 0.0));
    harness.state_mut().view_mut().scan.window = volume::Window::new(210.0, 420.0);
    let draft = kept(&mut harness);
    assert_eq!(draft.parent(), Some(&*desk.drafts()));
    let name = draft.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(name.starts_with("block-2") && name.ends_with(".voxpoint"), "{name}");
    let before = objects(&harness);
    let crosshair = harness.state().view().scan.crosshair;
    // As at a crash nobody is asked anything; the last look is written too.
    drop(harness);

    let mut harness = desk.window(&[]);
    wait(&mut harness, "the drafts", |app| !app.status().drafts.is_empty());
    let card = harness.state().status().drafts[0].clone();
    assert_eq!((card.scan.as_str(), card.objects, card.exported), ("block.nii.gz", 2, false));
    let picture = card.picture.expect("a picture");
    assert!(picture.size.iter().max() <= Some(&256), "{:?}", picture.size);
    assert!(
        picture.rgb.chunks(3).any(|p| p[0] > p[2].saturating_add(40)),
        "the mask is seen in it"
    );
    harness.get_by_label_contains("2 objects");
    continue_draft(&mut harness);
    assert_eq!(objects(&harness), before);
    let view = &harness.state().view().scan;
    assert_eq!((view.window, view.crosshair), (volume::Window::new(210.0, 420.0), crosshair));
    assert_eq!(harness.state().view().prefs.tool.0, "brush", "as it was in hand");
    // What was done before is listed, and can't be undone.
    assert_eq!(document(&harness).can_undo(), None);
    press(&mut harness, Key::H, CTRL);
    harness.get_by_label("Brush · Object 2");
    // It goes on in the same file.
    press(&mut harness, Key::B, NONE);
    paint(&mut harness, DVec3::new(6.0, -6.0, 0.0));
    assert_eq!(kept(&mut harness), draft);
    drop(harness);
    let contents = session::read(&draft).expect("a session");
    assert_eq!((contents.snapshot.objects.len(), contents.damage), (3, vec![]));
    assert_eq!(contents.past.sittings.len(), 2);
}

#[test]
fn the_mask_goes_where_it_went_also_after_the_session_was_opened_again() {
    let desk = Desk::new();
    let mask = desk.path("mask.nii.gz");
    let mut harness = desk.opened();
    paint(&mut harness, DVec3::ZERO);
    crate::support::save_as(&mut harness, &mask);
    let draft = kept(&mut harness);
    wait(&mut harness, "the note of it", |_| {
        session::read(&draft).is_ok_and(|c| c.snapshot.around.exported.is_some())
    });
    drop(harness);
    let mut harness = desk.window(&[]);
    wait(&mut harness, "the drafts", |app| !app.status().drafts.is_empty());
    assert!(harness.state().status().drafts[0].exported);
    continue_draft(&mut harness);
    assert!(!document(&harness).is_modified());
    assert_eq!(harness.state().status().save, SaveStatus::Saved(mask.clone()));
    // What is exported of work that was gone on with is known too, without another change.
    drop(harness);
    let again = desk.path("again.nii.gz");
    let mut harness = desk.window(&[]);
    continue_draft(&mut harness);
    crate::support::save_as(&mut harness, &again);
    wait(&mut harness, "the note of it", |_| {
        let exported = session::read(&draft).ok().and_then(|c| c.snapshot.around.exported);
        exported.is_some_and(|e| e.file.absolute == again)
    });
    drop(harness);
    let mut harness = desk.window(&[]);
    continue_draft(&mut harness);
    assert_eq!(harness.state().status().save, SaveStatus::Saved(again.clone()));
    let mask = again;
    // Another object, and one key.
    press(&mut harness, Key::B, NONE);
    paint(&mut harness, DVec3::new(0.0, 9.0, 0.0));
    assert!(document(&harness).is_modified());
    press(&mut harness, Key::S, CTRL);
    wait(&mut harness, "the mask", |app| app.document().is_some_and(|d| !d.is_modified()));
    assert!(harness.query_by_label("Path").is_none());
    kept(&mut harness);
    drop(harness);
    // Somebody else writes there: then it is asked.
    std::fs::write(&mask, "somebody's work").expect("temp folder");
    let mut harness = desk.window(&[]);
    continue_draft(&mut harness);
    assert!(document(&harness).is_modified(), "what lies there is not the mask");
    press(&mut harness, Key::S, CTRL);
    wait(&mut harness, "the question", |app| app.status().ask_replace.is_some());
    assert_eq!(std::fs::read(&mask).expect("there"), b"somebody's work");
}

#[test]
fn a_session_with_a_name_is_always_saved() {
    let desk = Desk::new();
    let path = desk.path("case.voxpoint");
    let mut harness = desk.opened();
    paint(&mut harness, DVec3::ZERO);
    let draft = kept(&mut harness);
    save_session_as(&mut harness, &path);
    assert!(!draft.exists(), "it is the same work");
    let status = harness.state().status().session.clone().expect("open");
    assert_eq!(
        (status.name.as_deref(), status.state),
        (Some("case.voxpoint"), SessionState::Saved)
    );
    paint(&mut harness, DVec3::new(0.0, 9.0, 0.0));
    let before = objects(&harness);
    // Nothing is lost by closing it, so nothing is asked; all of it is on the disk before.
    press(&mut harness, Key::W, CTRL);
    wait(&mut harness, "the welcome page", |app| app.document().is_none());
    assert_eq!(desk.draft_files(), Vec::<PathBuf>::new());
    drop_file(&mut harness, path.clone());
    harness.step();
    wait(&mut harness, "the session", |app| app.document().is_some() && app.is_idle());
    assert_eq!(objects(&harness), before);
    assert_eq!(harness.state().status().recent.first().map(|f| &f.path), Some(&path));
    drop(harness);
    // From the command line; the scan and the session were moved together.
    let elsewhere = desk.path("elsewhere");
    std::fs::create_dir(&elsewhere).expect("temp folder");
    for file in [&path, &desk.scan] {
        let name = file.file_name().expect("a name");
        std::fs::rename(file, elsewhere.join(name)).expect("temp folder");
    }
    let moved = elsewhere.join("case.voxpoint");
    let mut harness = desk.window(std::slice::from_ref(&moved));
    wait(&mut harness, "the session", |app| app.document().is_some() && app.is_idle());
    assert_eq!(objects(&harness), before);
    let contents = session::read(&moved).expect("a session");
    assert_eq!(contents.past.sittings.len(), 1, "looking is not written at once");
}

/// Puts another scan where the first was: other values, or another grid too.
fn replace_scan(desk: &Desk, dims: [usize; 3], world_from_voxel: DAffine3) {
    let values: Vec<f32> = (0..dims.iter().product()).map(|n| (n % 777) as f32).collect();
    io::save_float32(&desk.scan, dims, &values, world_from_voxel).expect("temp folder");
}

/// A named session with one object.
fn named(desk: &Desk) -> (PathBuf, Vec<Object>, DAffine3) {
    let path = desk.path("case.voxpoint");
    let mut harness = desk.opened();
    paint(&mut harness, DVec3::ZERO);
    save_session_as(&mut harness, &path);
    // With the hash of the scan.
    wait(&mut harness, "the hash", |_| {
        session::read(&path).is_ok_and(|c| c.snapshot.around.source.file.sha256.is_some())
    });
    let affine = document(&harness).image().grid().world_from_voxel();
    (path, objects(&harness), affine)
}

fn asks(harness: &mut Harness<'_, App>) {
    wait(harness, "the question", |app| app.status().session_question.is_some());
}

#[test]
fn a_scan_that_is_gone_is_asked_for() {
    let desk = Desk::new();
    let (path, before, _) = named(&desk);
    let elsewhere = desk.path("other folder");
    std::fs::create_dir(&elsewhere).expect("temp folder");
    let moved = elsewhere.join("renamed.nii.gz");
    std::fs::rename(&desk.scan, &moved).expect("temp folder");
    let mut harness = desk.window(std::slice::from_ref(&path));
    asks(&mut harness);
    harness.get_by_label("Where is block.nii.gz?");
    press(&mut harness, Key::Escape, NONE);
    wait(&mut harness, "nothing", |app| app.status().session_question.is_none());
    assert!(harness.state().document().is_none());
    // Given back, so that it can be opened again; now the scan is found by hand.
    drop_file(&mut harness, path.clone());
    harness.step();
    asks(&mut harness);
    harness.get_by_label("Find it…").click();
    answer_path(&mut harness, &moved);
    wait(&mut harness, "the session", |app| app.document().is_some() && app.is_idle());
    assert_eq!(objects(&harness), before);
    let status = harness.state().status().session.clone().expect("open");
    assert_eq!(status.name.as_deref(), Some("case.voxpoint"));
    // It is found there by itself from now on.
    press(&mut harness, Key::B, NONE);
    add(&mut harness, DVec3::new(4.0, 0.0, 0.0));
    kept(&mut harness);
    drop(harness);
    let mut harness = desk.window(std::slice::from_ref(&path));
    wait(&mut harness, "the session", |app| app.document().is_some() && app.is_idle());
}

#[test]
fn masks_alone_are_saved_where_the_scan_lies() {
    let desk = Desk::new();
    let (path, before, affine) = named(&desk);
    std::fs::remove_file(&desk.scan).expect("there");
    let mut harness = desk.window(std::slice::from_ref(&path));
    asks(&mut harness);
    harness.get_by_label("Open the masks alone").click();
    wait(&mut harness, "the masks", |app| app.document().is_some() && app.is_idle());
    assert_eq!(objects(&harness), before);
    let mask = desk.path("mask.nii.gz");
    crate::support::save_as(&mut harness, &mask);
    let (cancel, progress) = (voxpoint::work::CancelToken::new(), voxpoint::work::Progress::new());
    let saved = io::open_volume(&mask, &io::Limits::default(), &cancel, &progress).expect("saved");
    assert!(saved.grid().world_from_voxel().abs_diff_eq(affine, 1e-5));
    // There is nothing to click in.
    press(&mut harness, Key::P, NONE);
    let middle = spot(&harness, DVec3::ZERO);
    look_at(&mut harness, middle);
    let at = place(&harness, Plane::Axial, middle);
    stroke(&mut harness, &[at], PointerButton::Primary, NONE);
    harness.run_steps(3);
    assert!(document(&harness).pending().is_none());
    assert!(says(&harness, "There is no scan to click in"));
    // The session still knows its scan.
    press(&mut harness, Key::B, NONE);
    add(&mut harness, DVec3::new(4.0, 0.0, 0.0));
    kept(&mut harness);
    let source = session::read(&path).expect("a session").snapshot.around.source;
    assert_eq!(source.file.absolute, desk.scan);
    assert!(source.file.sha256.is_some() && source.format.contains("NIfTI"), "{source:?}");
}

#[test]
fn another_file_is_never_mixed_with_the_work_on_its_scan() {
    let desk = Desk::new();
    let (path, before, affine) = named(&desk);
    let session_bytes = std::fs::read(&path).expect("there");
    replace_scan(&desk, [40, 32, 20], affine);
    let mut harness = desk.window(std::slice::from_ref(&path));
    asks(&mut harness);
    harness.get_by_label("block.nii.gz is not the file that this work was done on");
    assert!(harness.query_by_label("Resample the masks onto it by place").is_none());
    harness.get_by_label("Cancel").click();
    wait(&mut harness, "nothing", |app| app.status().session_question.is_none());
    assert!(harness.state().document().is_none());
    assert_eq!(std::fs::read(&path).expect("there"), session_bytes);
    drop_file(&mut harness, path.clone());
    harness.step();
    asks(&mut harness);
    harness.get_by_label("Use it all the same").click();
    wait(&mut harness, "the work", |app| app.document().is_some() && app.is_idle());
    assert_eq!(objects(&harness), before);
    assert!(says(&harness, "Look whether they fit"));
    // Until something is changed there is nothing to keep, and nothing to ask.
    let status = harness.state().status().session.clone().expect("open");
    assert_eq!(status.copy_of.map(|copy| copy.name).as_deref(), Some("case.voxpoint"));
    harness.get_by_label_contains("its work was done on another scan");
    assert_eq!(desk.draft_files(), Vec::<PathBuf>::new());
    press(&mut harness, Key::B, NONE);
    add(&mut harness, DVec3::new(4.0, 0.0, 0.0));
    let draft = kept(&mut harness);
    assert_eq!(draft.parent(), Some(&*desk.drafts()));
    assert_eq!(std::fs::read(&path).expect("there"), session_bytes, "the session stays as it was");
    let around = session::read(&draft).expect("whole").snapshot.around;
    assert!(around.exported.is_none());
    let picture = image::load_from_memory(&around.picture.expect("a picture")).expect("a PNG");
    // The old scan is a block on black; this one has no black background.
    let grey = picture.to_luma8();
    let dark = grey.pixels().filter(|p| p.0[0] < 8).count();
    assert!(2 * dark < grey.len(), "{dark} of {} pixels are dark", grey.len());
}

#[test]
fn a_file_that_was_chosen_is_called_by_its_name() {
    let desk = Desk::new();
    let (path, _, affine) = named(&desk);
    let other = desk.path("other.nii.gz");
    std::fs::rename(&desk.scan, &other).expect("temp folder");
    let values: Vec<f32> = (0..40 * 32 * 20).map(|n| (n % 777) as f32).collect();
    io::save_float32(&other, [40, 32, 20], &values, affine).expect("temp folder");
    let mut harness = desk.window(std::slice::from_ref(&path));
    asks(&mut harness);
    harness.get_by_label("Where is block.nii.gz?");
    harness.get_by_label("Find its folder…");
    harness.get_by_label("Find it…").click();
    answer_path(&mut harness, &other);
    wait(&mut harness, "the next question", |app| {
        matches!(app.status().session_question, Some(SessionQuestion::Changed { .. }))
    });
    harness.run_steps(3);
    harness.get_by_label("other.nii.gz is not the file that this work was done on");
    harness.get_by_label("This work was done on block.nii.gz.");
}

#[test]
fn masks_go_onto_another_grid_by_their_place_when_asked() {
    let desk = Desk::new();
    let (path, before, affine) = named(&desk);
    let session_bytes = std::fs::read(&path).expect("there");
    // Twice as fine along x: two voxels lie where one lay.
    let finer = affine
        * DAffine3::from_translation(DVec3::new(-0.25, 0.0, 0.0))
        * DAffine3::from_scale(DVec3::new(0.5, 1.0, 1.0));
    replace_scan(&desk, [80, 32, 20], finer);
    let mut harness = desk.window(std::slice::from_ref(&path));
    asks(&mut harness);
    assert!(harness.query_by_label("Use it all the same").is_none());
    harness.get_by_label_contains("of the masks lie inside this scan.");
    harness.get_by_label("Resample the masks onto it by place").click();
    wait(&mut harness, "the work", |app| app.document().is_some() && app.is_idle());
    let draft = kept(&mut harness);
    assert_eq!(draft.parent(), Some(&*desk.drafts()), "as new work");
    assert_eq!(voxels(harness.state()), [2 * before[0].region.count()]);
    let (grid, labels) = (document(&harness).image().grid(), document(&harness).labels());
    for voxel in [[0, 0, 0], [40, 16, 10], [41, 16, 10], [79, 31, 19], [30, 20, 9]] {
        let old = [voxel[0] / 2, voxel[1], voxel[2]];
        let index = old[0] + 40 * (old[1] + 32 * old[2]);
        let expected = u16::from(before[0].region.contains(index));
        assert_eq!(labels.get(voxel), expected, "{voxel:?} at {}", grid.world_of(voxel));
    }
    assert_eq!(std::fs::read(&path).expect("there"), session_bytes, "the session stays as it was");
}

#[test]
fn a_session_that_somebody_has_is_read_only_and_changes_go_into_a_copy() {
    let desk = Desk::new();
    let (path, before, _) = named(&desk);
    let bytes = std::fs::read(&path).expect("there");
    // A computer that is not this one.
    let lock = desk.path("case.voxpoint.lock");
    let text =
        r#"{"host":"reading-room-3","process":77,"process_started":5,"since_ms":1700000000000}"#;
    std::fs::write(&lock, text).expect("temp folder");
    let mut harness = desk.window(std::slice::from_ref(&path));
    asks(&mut harness);
    harness.get_by_label_contains("reading-room-3");
    harness.get_by_label("Open read-only").click();
    wait(&mut harness, "the session", |app| app.document().is_some() && app.is_idle());
    assert_eq!(objects(&harness), before);
    assert!(says(&harness, "read only"));
    let status = harness.state().status().session.clone().expect("open");
    assert_eq!(status.copy_of.map(|copy| copy.name).as_deref(), Some("case.voxpoint"));
    assert_eq!(desk.draft_files(), Vec::<PathBuf>::new(), "nothing has changed");
    // It is said for as long as it is so, with what to do.
    harness.get_by_label_contains("close it there, then open it here again");
    press(&mut harness, Key::W, CTRL);
    wait(&mut harness, "the welcome page", |app| app.document().is_none());
    drop_file(&mut harness, path.clone());
    harness.step();
    asks(&mut harness);
    harness.get_by_label("Open read-only").click();
    wait(&mut harness, "the session", |app| app.document().is_some() && app.is_idle());
    press(&mut harness, Key::B, NONE);
    paint(&mut harness, DVec3::new(0.0, 9.0, 0.0));
    let draft = kept(&mut harness);
    assert_eq!(draft.parent(), Some(&*desk.drafts()));
    assert_eq!(std::fs::read(&path).expect("there"), bytes);
    assert_eq!(session::read(&draft).expect("whole").snapshot.objects.len(), 2);
    drop(harness);
    assert!(lock.exists());
    let mut harness = desk.window(&[]);
    wait(&mut harness, "the drafts", |app| !app.status().drafts.is_empty());
    harness.get_by_label("copy of session case.voxpoint");
    drop(harness);
    // Taken over when asked.
    let mut harness = desk.window(std::slice::from_ref(&path));
    asks(&mut harness);
    harness.get_by_label("Take over").click();
    wait(&mut harness, "the session", |app| app.document().is_some() && app.is_idle());
    let status = harness.state().status().session.clone().expect("open");
    assert_eq!((status.name.as_deref(), status.copy_of), (Some("case.voxpoint"), None));
}

#[test]
fn what_is_whole_of_a_damaged_session_goes_on_as_a_draft() {
    let desk = Desk::new();
    let path = desk.path("case.voxpoint");
    let mut harness = desk.opened();
    paint(&mut harness, DVec3::ZERO);
    paint(&mut harness, DVec3::new(0.0, 9.0, 0.0));
    save_session_as(&mut harness, &path);
    let before = objects(&harness);
    wait(&mut harness, "the hash", |_| {
        session::read(&path).is_ok_and(|c| c.snapshot.around.source.file.sha256.is_some())
    });
    drop(harness);
    // A name that was changed behind its check sum.
    let mut bytes = std::fs::read(&path).expect("there");
    let name = before[1].name.as_bytes();
    let places: Vec<usize> =
        (0..bytes.len() - name.len()).filter(|at| bytes[*at..].starts_with(name)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at] ^= 1;
    }
    std::fs::write(&path, &bytes).expect("temp folder");
    assert!(!session::read(&path).expect("readable").damage.is_empty());
    let mut harness = desk.window(std::slice::from_ref(&path));
    wait(&mut harness, "the session", |app| app.document().is_some() && app.is_idle());
    assert_eq!(objects(&harness)[0], before[0]);
    assert!(says(&harness, "Not all of this session could be given back"));
    let draft = kept(&mut harness);
    assert_eq!(draft.parent(), Some(&*desk.drafts()));
    assert_eq!(std::fs::read(&path).expect("there"), bytes, "it stays as it is");
}

#[cfg(unix)]
#[test]
fn a_session_that_can_not_be_written_goes_into_a_draft_and_back() {
    let desk = Desk::new();
    let folder = desk.path("share");
    std::fs::create_dir(&folder).expect("temp folder");
    let path = folder.join("case.voxpoint");
    let mut harness = desk.opened();
    paint(&mut harness, DVec3::ZERO);
    save_session_as(&mut harness, &path);
    // The share is gone.
    let away = desk.path("unplugged");
    std::fs::rename(&folder, &away).expect("temp folder");
    paint(&mut harness, DVec3::new(0.0, 9.0, 0.0));
    newer_work::fails(&mut harness);
    harness.get_by_label("Session not written: case.voxpoint (gone); kept as a draft");
    let mut drafts = desk.draft_files();
    drafts.retain(|path| session::is_named_as_session(path));
    assert_eq!(drafts.len(), 1, "{drafts:?}");
    let draft = drafts.remove(0);
    assert_eq!(session::read(&draft).expect("whole").snapshot.objects.len(), 2);
    // It is there again: the next try comes by itself.
    std::fs::rename(&away, &folder).expect("temp folder");
    kept(&mut harness);
    assert_eq!(session::read(&path).expect("whole").snapshot.objects.len(), 2);
    assert!(!draft.exists());
}
