//! A drive on which something fails at any moment of a write: the session stays as it was, and goes on when the drive
//! does.

use super::drive::{Fault, Watch};
use super::power_cut::state;
use super::*;

fn number(path: &Path) -> u64 {
    let contents = read(path).unwrap();
    assert_eq!(contents.damage, []);
    let n = contents.snapshot.around.view["n"].as_u64().unwrap();
    assert_eq!(contents.snapshot, as_read(&state(n), path));
    n
}

/// Lets a write fail after 0, 1, 2 … of what can fail, until it gets through.
fn fail_everywhere(fault: fn(u64) -> Fault, is_told: fn(&SessionError) -> bool) -> u64 {
    for after in 0.. {
        let (folder, path) = in_memory();
        let watch = Watch::folder(folder.path());
        let mut file = create(&path, &state(1));
        file.write(&state(2)).unwrap();
        watch.fail(Some(fault(after)));
        let error = file.write(&state(3)).err();
        if !watch.has_failed() {
            assert!(error.is_none() && number(&path) == 3);
            return after;
        }
        let error = error.unwrap_or_else(|| panic!("{:?} was not told", fault(after)));
        assert!(is_told(&error), "{:?}: {error}", fault(after));
        assert_eq!(number(&path), 2, "{:?}", fault(after));
        // It fails as long as it does.
        assert!(file.write(&state(4)).is_err(), "{:?}", fault(after));
        assert_eq!(number(&path), 2, "{:?}", fault(after));
        watch.fail(None);
        if after % 2 == 0 {
            // Whoever comes next finds it whole.
            drop(file);
            let opened = SessionFile::open(&path, false).unwrap();
            assert_eq!(opened.contents.snapshot, as_read(&state(2), &path));
            file = opened.file.unwrap();
        }
        assert_eq!(file.write(&state(5)).unwrap(), WriteOutcome::Written, "{:?}", fault(after));
        assert_eq!(number(&path), 5, "{:?}", fault(after));
    }
    unreachable!()
}

#[test]
fn a_disk_that_is_full_at_any_moment_loses_nothing() {
    let moments = fail_everywhere(
        |after| Fault::Full { after },
        |error| matches!(error, SessionError::DiskFull(_)),
    );
    println!("full at {moments} moments");
    assert!(moments > 5);
}

#[test]
fn a_drive_that_fails_at_any_moment_loses_nothing() {
    let writes = fail_everywhere(
        |after| Fault::Writes { after },
        |error| matches!(error, SessionError::Database { doing: "written", .. }),
    );
    let syncs = fail_everywhere(
        |after| Fault::Syncs { after },
        |error| matches!(error, SessionError::Database { doing: "written", .. }),
    );
    println!("{writes} writes and {syncs} syncs failed");
    assert!(writes > 10 && syncs >= 3);
}

/// A session that could not be made leaves nothing.
#[test]
fn a_session_that_can_not_be_made_leaves_nothing() {
    let faults: [fn(u64) -> Fault; 3] = [
        |after| Fault::Full { after },
        |after| Fault::Writes { after },
        |after| Fault::Syncs { after },
    ];
    for fault in faults {
        for after in 0.. {
            let (folder, path) = in_memory();
            let watch = Watch::folder(folder.path());
            watch.fail(Some(fault(after)));
            let made = SessionFile::create(&path, &state(3), &Past::default());
            if !watch.has_failed() {
                assert!(made.is_ok() && after > 0, "{:?}", fault(after));
                break;
            }
            let error = made.unwrap_err();
            let full = matches!(fault(after), Fault::Full { .. });
            assert_eq!(matches!(error, SessionError::DiskFull(_)), full, "{error}");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{:?}", fault(after));
            watch.fail(None);
            drop(create(&path, &state(3)));
            assert_eq!(number(&path), 3);
        }
    }
}

/// A session that is made anew because it was deleted, on a full disk: it is made when there is room.
#[test]
fn a_deleted_session_is_made_anew_when_there_is_room() {
    let (folder, path) = in_memory();
    let watch = Watch::folder(folder.path());
    let mut file = create(&path, &state(1));
    std::fs::remove_file(&path).unwrap();
    watch.fail(Some(Fault::Full { after: 2 }));
    for _ in 0..2 {
        let error = file.write(&state(2)).unwrap_err();
        assert!(matches!(error, SessionError::DiskFull(_)), "{error}");
        assert!(!path.exists());
    }
    watch.fail(None);
    assert_eq!(file.write(&state(3)).unwrap(), WriteOutcome::MadeAnew);
    assert_eq!(number(&path), 3);
}
