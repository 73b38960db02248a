//! A session is taken over on a drive that knows no locks, from somebody who may still be writing it.

// For a hook of SQLite's.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_void};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, ffi};

use super::drive::{Fault, Watch};
use super::faults::{interrupt, journal};
use super::power_cut::state;
use super::stillness::{STILL, still};
use super::*;
use crate::work::{CancelToken, Progress};

fn without_locks() -> (tempfile::TempDir, PathBuf, Watch) {
    let (folder, path) = in_memory();
    let watch = Watch::folder(folder.path());
    watch.fail(Some(Fault::Locks));
    (folder, path, watch)
}

fn other() -> Holder {
    Holder { host: "elsewhere".to_owned(), since_ms: 5, ..Holder::me() }
}

fn mark_as_others(session: &Path) {
    let text = serde_json::to_string(&other()).unwrap();
    std::fs::write(lock::Lock::path_for(session), text).unwrap();
}

fn marked(session: &Path) -> Holder {
    serde_json::from_slice(&std::fs::read(lock::Lock::path_for(session)).unwrap()).unwrap()
}

/// A session with what a write that was broken off elsewhere has left.
fn broken_off(folder: &Path, path: &Path) -> PathBuf {
    let file = create(path, &state(1));
    let broken = folder.join("broken.voxpoint");
    interrupt(&file, path, &broken);
    mark_as_others(&broken);
    broken
}

fn connect(path: &Path) -> Connection {
    let access = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags_and_vfs(path, access, c"unix-none").unwrap()
}

/// A program of another computer that does not ask whose the session is, as earlier versions of this one: it writes for a
/// while, and only then what it has written counts.
fn write_for(path: &Path, time: Duration, begun: &AtomicBool) {
    let writer = connect(path);
    let sql = "PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN IMMEDIATE; DELETE FROM object";
    writer.execute_batch(sql).unwrap();
    let began = Instant::now();
    while began.elapsed() < time {
        let sql = "INSERT INTO mask (voxels, runs) VALUES (-7, zeroblob(50000))";
        writer.execute(sql, []).unwrap();
        begun.store(true, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(50));
    }
    writer.execute_batch("COMMIT").unwrap();
}

#[test]
fn whoever_is_just_writing_it_ends_before_it_is_taken_over() {
    let (_folder, path, _watch) = without_locks();
    drop(create(&path, &state(1)));
    mark_as_others(&path);
    let (begun, ended) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            write_for(&path, still() * 3, &begun);
            ended.store(true, Ordering::SeqCst);
        });
        while !begun.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(journal(&path).exists());
        let opened = SessionFile::open(&path, true);
        // What it has committed a moment ago it is about to say.
        std::thread::sleep(Duration::from_millis(300));
        assert!(ended.load(Ordering::SeqCst), "it was still writing");
        assert!(
            opened.unwrap().contents.snapshot.objects.is_empty(),
            "what it has written is there"
        );
    });
    let connection = connect(&path);
    let check = connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    assert_eq!(check.unwrap(), "ok");
}

#[test]
fn what_stands_still_is_taken_back_after_a_while() {
    assert!(STILL >= Duration::from_secs(10), "{STILL:?}");
    let (folder, path, _watch) = without_locks();
    let broken = broken_off(folder.path(), &path);
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let watched = stillness::TakeOverWatch { cancel: &cancel, progress: &progress };
    let began = Instant::now();
    let opened = SessionFile::open_watched(&broken, true, watched).unwrap();
    assert!(began.elapsed() >= still(), "{:?}", began.elapsed());
    let (done, total) = progress.get();
    assert!(0 < done && done <= total && u128::from(total) == still().as_millis());
    assert_eq!(opened.contents.snapshot, as_read(&state(1), &broken));
    assert!(!journal(&broken).exists());
    opened.file.unwrap().write(&state(2)).unwrap();
    // Who is known to be dead writes nothing more.
    let (folder, path, _watch) = without_locks();
    let broken = broken_off(folder.path(), &path);
    let dead = Holder { process: u32::MAX - 7, ..Holder::me() };
    let text = serde_json::to_string(&dead).unwrap();
    std::fs::write(lock::Lock::path_for(&broken), text).unwrap();
    let began = Instant::now();
    SessionFile::open(&broken, false).unwrap().file.unwrap();
    assert!(began.elapsed() < still(), "{:?}", began.elapsed());
}

#[test]
fn a_take_over_that_is_given_up_leaves_all_as_it_was() {
    let (folder, path, _watch) = without_locks();
    let broken = broken_off(folder.path(), &path);
    let before = [&broken, &journal(&broken)].map(|file| std::fs::read(file).unwrap());
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let watched = stillness::TakeOverWatch { cancel: &cancel, progress: &progress };
    let opened = std::thread::scope(|scope| {
        let opening = scope.spawn(|| SessionFile::open_watched(&broken, true, watched));
        while marked(&broken) == other() {
            std::thread::sleep(Duration::from_millis(1));
        }
        cancel.cancel();
        opening.join().unwrap()
    });
    assert!(matches!(opened, Err(SessionError::Stopped(_))), "{:?}", opened.err());
    assert_eq!(marked(&broken), other());
    assert_eq!([&broken, &journal(&broken)].map(|file| std::fs::read(file).unwrap()), before);
}

/// Says that somebody else has a session, in the middle of a write of it.
///
/// # Safety
/// For `sqlite3_update_hook` with a path that outlives the connection.
unsafe extern "C" fn take_it(
    session: *mut c_void,
    _: c_int,
    _: *const c_char,
    _: *const c_char,
    _: i64,
) {
    // SAFETY: as said above.
    mark_as_others(unsafe { &*session.cast::<PathBuf>() });
}

#[test]
fn who_loses_it_in_the_middle_of_a_write_takes_that_back() {
    let (_folder, path, _watch) = without_locks();
    let mut file = create(&path, &state(1));
    let session = path.clone();
    // SAFETY: the path lives as long as the connection is used.
    unsafe {
        let argument = (&raw const session).cast_mut().cast::<c_void>();
        ffi::sqlite3_update_hook(file.connection().handle(), Some(take_it), argument);
    }
    for n in 2..4 {
        let error = file.write(&state(n)).unwrap_err();
        assert!(
            matches!(&error, SessionError::Held { holder, .. } if *holder == other()),
            "{error}"
        );
        assert!(!journal(&path).exists());
        assert_eq!(read(&path).unwrap().snapshot, as_read(&state(1), &path));
    }
    // What it had is still known: it can go on as another one.
    let copy = path.with_file_name("copy.voxpoint");
    drop(file.copy(&copy, &state(3)).unwrap());
    assert_eq!(read(&copy).unwrap().snapshot, as_read(&state(3), &copy));
}

/// Even to look into it would be to play the other's journal back.
#[test]
fn who_has_lost_it_does_not_touch_what_the_other_is_writing() {
    let (folder, path, _watch) = without_locks();
    let mut file = create(&path, &state(1));
    let broken = folder.path().join("broken.voxpoint");
    interrupt(&file, &path, &broken);
    std::fs::copy(&broken, &path).unwrap();
    std::fs::copy(journal(&broken), journal(&path)).unwrap();
    mark_as_others(&path);
    let before = [&path, &journal(&path)].map(|file| std::fs::read(file).unwrap());
    let untouched = || [&path, &journal(&path)].map(|file| std::fs::read(file).unwrap()) == before;
    assert!(matches!(file.write(&state(2)), Err(SessionError::Held { .. })));
    assert!(untouched(), "by a write");
    assert_eq!(file.contents().unwrap().snapshot, as_read(&state(1), &path));
    assert!(untouched(), "by reading");
}

#[test]
fn a_list_copies_a_session_only_while_it_is_written() {
    let (_folder, path, _watch) = without_locks();
    let file = create(&path, &state(1));
    let copies = || database::COPIES.get();
    let began = copies();
    let seen = summary(&path).unwrap();
    let card = card(&path).unwrap();
    assert_eq!((seen.objects, copies() - began), (state(1).objects.len(), 0));
    assert_eq!(card.summary, seen);
    // As somebody leaves it who is in the middle of a write.
    let broken = path.with_file_name("broken.voxpoint");
    interrupt(&file, &path, &broken);
    assert_eq!(summary(&broken).unwrap().objects, seen.objects);
    assert_eq!(copies() - began, 1);
}
