//! What was written since a session was opened, taken back.

use super::faults::next;
use super::*;

fn open(path: &Path) -> SessionFile {
    SessionFile::open(path, false).unwrap().file.unwrap()
}

fn same(path: &Path, before: &Contents) {
    let after = read(path).unwrap();
    assert_eq!(after.snapshot, before.snapshot);
    assert_eq!((&after.past, &after.damage), (&before.past, &vec![]));
    assert_eq!(after.written_ms, before.written_ms);
}

#[test]
fn a_session_becomes_what_it_was_when_it_was_opened() {
    let (_folder, path) = temporary();
    let mut file = create(&path, &next(1));
    file.write(&next(2)).unwrap();
    assert!(!file.take_back().unwrap(), "it was made just now");
    drop(file);
    let before = read(&path).unwrap();
    assert_eq!(before.past.sittings.len(), 1);
    for writes in 0..4 {
        let mut file = open(&path);
        for n in 0..writes {
            let mut snapshot = next(3 + n);
            // An object goes, and the picture too.
            if n == 2 {
                snapshot.objects.pop();
                snapshot.around.picture = None;
            }
            file.write(&snapshot).unwrap();
        }
        assert_eq!(file.take_back().unwrap(), writes > 0);
        same(&path, &before);
        assert!(!file.take_back().unwrap(), "once");
    }
    // It goes on from there.
    let mut file = open(&path);
    file.write(&next(7)).unwrap();
    file.take_back().unwrap();
    file.write(&next(4)).unwrap();
    assert_eq!(file.write(&next(4)).unwrap(), WriteOutcome::Unchanged);
    drop(file);
    let after = read(&path).unwrap();
    assert_eq!((after.snapshot.objects, after.damage), (next(4).objects, vec![]));
    assert_eq!(after.past.sittings.len(), 2);
}

#[test]
fn a_copy_knows_what_the_session_was_and_a_lost_file_is_told() {
    let (folder, path) = temporary();
    drop(create(&path, &next(1)));
    let before = read(&path).unwrap();
    let mut file = open(&path);
    file.write(&next(2)).unwrap();
    let elsewhere = folder.path().join("copy.voxpoint");
    let mut copy = file.copy(&elsewhere, &next(3)).unwrap();
    assert!(copy.take_back().unwrap());
    same(&elsewhere, &before);
    std::fs::remove_file(&path).unwrap();
    assert!(file.take_back().is_err() && !path.exists());
    // It is still known, and made anew when there is something to write.
    assert_eq!(file.write(&next(3)).unwrap(), WriteOutcome::MadeAnew);
}
