//! A drive that knows no locks, as some network shares: sessions are read and written there, by one program at a time, and
//! nobody waits for locks that do not come.

use std::time::{Duration, Instant};

use super::drive::{Fault, Watch};
use super::power_cut::state;
use super::*;

/// Waiting for SQLite's locks takes five seconds.
fn at_once<T>(what: &str, act: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = act();
    assert!(began.elapsed() < Duration::from_secs(2), "{what}: {:?}", began.elapsed());
    done
}

fn without_locks() -> (tempfile::TempDir, PathBuf, Watch) {
    let (folder, path) = in_memory();
    let watch = Watch::folder(folder.path());
    watch.fail(Some(Fault::Locks));
    (folder, path, watch)
}

fn open(path: &Path) -> Opened {
    at_once("open", || SessionFile::open(path, false).unwrap())
}

#[test]
fn a_session_is_made_written_and_opened_again() {
    let (folder, path, watch) = without_locks();
    let mut file = at_once("make", || create(&path, &state(1)));
    assert!(file.is_without_locks());
    let written = at_once("write", || file.write(&state(2)).unwrap());
    assert_eq!(written, WriteOutcome::Written);
    let copy = folder.path().join("copy.voxpoint");
    drop(at_once("copy", || file.copy(&copy, &state(3)).unwrap()));
    drop(file);
    assert!(!lock::Lock::path_for(&path).exists(), "nothing lies about");
    assert!(!watch.has_failed(), "who writes asks for no locks");
    let mut file = open(&path).file.unwrap();
    at_once("write", || file.write(&state(4)).unwrap());
    std::fs::remove_file(&path).unwrap();
    let made = at_once("make anew", || file.write(&state(5)).unwrap());
    assert_eq!(made, WriteOutcome::MadeAnew);
    at_once("write", || file.write(&state(6)).unwrap());
    drop(file);
    for (path, n) in [(&path, 6), (&copy, 3)] {
        let contents = at_once("read", || read(path).unwrap());
        assert_eq!((contents.damage, contents.snapshot), (vec![], as_read(&state(n), path)));
    }
    // The same drive with locks: nothing is left of it.
    watch.fail(None);
    let mut file = open(&path).file.unwrap();
    assert!(!file.is_without_locks());
    file.write(&state(7)).unwrap();
}

#[test]
fn the_second_window_is_refused_and_reads() {
    let (folder, path, watch) = without_locks();
    let mut first = create(&path, &state(1));
    first.write(&state(2)).unwrap();
    let second = open(&path);
    let Err(ReadOnly::Held(holder)) = second.file else { panic!("two writers") };
    assert_eq!(holder.process, std::process::id());
    assert_eq!(second.contents.snapshot, as_read(&state(2), &path));
    assert!(watch.has_failed(), "SQLite was refused its lock");
    let made = at_once("make", || SessionFile::create(&path, &state(1), &Past::default()));
    assert!(matches!(made, Err(SessionError::Exists(_))));
    let place = folder.path().join("next.voxpoint");
    let reserved = Reserved::at(&place).unwrap();
    let again = at_once("reserve", || Reserved::at(&place));
    assert!(matches!(again, Err(SessionError::Held { .. })));
    drop(reserved);
    let summed = at_once("sum up", || summary(&path).unwrap());
    assert_eq!(summed.objects, state(2).objects.len());
    // On another computer it is taken over when that was told, and the first is told.
    let other = Holder { host: "elsewhere".to_owned(), ..Holder::me() };
    std::fs::write(lock::Lock::path_for(&path), serde_json::to_string(&other).unwrap()).unwrap();
    assert!(matches!(open(&path).file, Err(ReadOnly::Held(by)) if by == other));
    let mut second = SessionFile::open(&path, true).unwrap().file.unwrap();
    second.write(&state(3)).unwrap();
    let error = at_once("write", || first.write(&state(4)).unwrap_err());
    assert!(matches!(error, SessionError::Held { .. }), "{error}");
    assert_eq!(read(&path).unwrap().snapshot, as_read(&state(3), &path));
}

/// What a program that was killed has left, with a journal.
#[test]
fn what_was_interrupted_is_taken_back() {
    let (folder, path, _watch) = without_locks();
    let file = create(&path, &state(1));
    let broken = folder.path().join("broken.voxpoint");
    faults::interrupt(&file, &path, &broken);
    drop(file);
    let contents = at_once("read", || read(&broken).unwrap());
    assert_eq!((contents.damage, contents.snapshot), (vec![], as_read(&state(1), &broken)));
    assert!(faults::journal(&broken).exists(), "a reader changes nothing");
    let mut file = open(&broken).file.unwrap();
    assert!(!faults::journal(&broken).exists());
    file.write(&state(2)).unwrap();
    assert_eq!(read(&broken).unwrap().snapshot, as_read(&state(2), &broken));
}

/// Nothing keeps it from being written while it is read.
#[test]
fn a_session_that_is_written_all_the_time_is_read_whole() {
    let (_folder, path, _watch) = without_locks();
    let mut file = create(&path, &state(1));
    let states: Vec<Snapshot> = (1..=40).map(state).collect();
    let mut seen = std::collections::BTreeSet::new();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for state in &states[1..] {
                file.write(state).unwrap();
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        while !writer.is_finished() {
            let contents = read(&path).unwrap();
            assert_eq!(contents.damage, []);
            let n = contents.snapshot.around.view["n"].as_u64().unwrap();
            assert_eq!(contents.snapshot, as_read(&states[n as usize - 1], &path), "{n}");
            seen.insert(n);
        }
    });
    println!("{} of 40 states were seen", seen.len());
    assert_eq!(read(&path).unwrap().snapshot, as_read(&states[39], &path));
}

/// Two that take it at the same moment, each with its own text in the lock: the last one has it.
#[test]
fn of_two_that_take_it_at_once_one_gets_it() {
    let (_folder, path, _watch) = without_locks();
    let other = Holder { host: "elsewhere".to_owned(), ..Holder::me() };
    let lock = lock::Lock::path_for(&path);
    let taken = std::thread::scope(|scope| {
        let taking = scope.spawn(|| Reserved::at(&path));
        let mine = || std::fs::read(&lock).is_ok_and(|text| text.ends_with(b"}"));
        while !mine() && !taking.is_finished() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::fs::write(&lock, serde_json::to_string(&other).unwrap()).unwrap();
        taking.join().unwrap()
    });
    assert!(matches!(taken, Err(SessionError::Held { holder, .. }) if holder == other));
    assert!(lock.exists(), "the other's lock stays");
}
