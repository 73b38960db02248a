//! What must not lose or fork work: a disk that is silent, a thread that has stopped, a session that is opened twice.

use super::super::desk::Owed;
use super::super::found::empty;
use super::*;
use crate::app::files::Failed;
use crate::session::{FileRef, Hash, SessionFile, SessionSource};

#[test]
fn a_silent_disk_is_told_however_much_is_handed_over_meanwhile() {
    let mut bench = Bench::new();
    bench.paint(1);
    assert!(bench.follow(true).is_some());
    assert_eq!(bench.current.silent_for(), None, "it was asked just now");
    let long_ago = Instant::now().checked_sub(Duration::from_secs(20));
    bench.current.waits_since = long_ago;
    bench.paint(2);
    assert!(bench.follow(true).is_some());
    let silence = bench.current.silent_for().expect("the first letter has no answer");
    assert!(silence >= Duration::from_secs(20) && bench.current.is_stuck(), "{silence:?}");
    // An answer to the first: the second waits from now on.
    bench.current.heard(1, Some("draft".into()), None);
    assert!(!bench.current.is_settled() && !bench.current.is_stuck());
    bench.current.waits_since = long_ago;
    assert!(bench.current.is_stuck());
    bench.current.heard(2, Some("draft".into()), None);
    assert!(bench.current.is_written() && !bench.current.is_stuck());
}

#[test]
fn a_fault_while_writing_is_a_write_that_failed() {
    let session = SessionId(3);
    let fault = || -> Option<Told> { panic!("on purpose") };
    let failed = Owed::Write { session, mark: 7 }.or_failed(fault);
    assert!(matches!(failed, Some(Told::Failed { session: SessionId(3), mark: 7, .. })));
    let failed = Owed::Move(session).or_failed(fault);
    assert!(matches!(failed, Some(Told::NotMoved { session: SessionId(3), .. })));
    assert_eq!(Owed::Move(session).or_failed(|| None), None);
}

#[test]
fn a_writer_that_has_stopped_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = Keeper::start(Arc::new(|| panic!("on purpose")), Some(folder.path().into()));
    let keeper = keeper.unwrap();
    assert!(!keeper.has_stopped());
    keeper.give(Order::Discard(folder.path().join("none.voxpoint")));
    let until = Instant::now() + Duration::from_secs(20);
    while !keeper.has_stopped() {
        assert!(Instant::now() < until, "it goes on");
        std::thread::sleep(Duration::from_millis(2));
    }
    let mut bench = Bench::new();
    bench.current.writer_stopped = true;
    assert!(bench.current.is_stuck());
    bench.paint(1);
    assert!(bench.follow(true).is_some(), "it is asked for all the same");
}

/// As after a click on "Continue" for what was closed just now.
#[test]
fn a_session_that_this_program_still_has_is_waited_for() {
    let mut bench = Bench::new();
    bench.paint(3);
    let letter = bench.follow(true).unwrap();
    bench.keeper.give(Order::Write(letter));
    let Told::Written { path, .. } = bench.hear() else { panic!("written") };
    bench.keeper.give(Order::End { session: SessionId(1), ending: Ending::Keep, blank: false });
    assert_eq!(bench.hear(), Told::Ended);
    let held = SessionFile::open(&path, false).unwrap().file.unwrap();
    let other = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(400));
        drop(held);
    });
    assert!(super::open(&path).file.is_ok(), "a second draft");
    other.join().unwrap();
}

#[test]
fn an_empty_image_is_made_only_if_there_is_room() {
    let bench = Bench::new();
    let file =
        FileRef { absolute: bench.open.path.clone(), relative: None, bytes: 0, sha256: None };
    let source = SessionSource::of(bench.open.document.image(), file);
    assert!(matches!(empty(&source, 120), Ok(loaded) if loaded.stats.max == 0.0));
    let Err(Failed::Because(why)) = empty(&source, 119) else { panic!("no room") };
    assert!(why.contains("close other programs"), "{why}");
}

#[test]
fn a_session_with_a_name_is_never_among_the_drafts() {
    let mut bench = Bench::new();
    bench.paint(3);
    let letter = bench.follow(true).unwrap();
    bench.keeper.give(Order::Write(letter));
    let Told::Written { path: draft, .. } = bench.hear() else { panic!("written") };
    for to in [draft.clone(), draft.with_file_name("mine.voxpoint")] {
        let Bench { open, view, current, .. } = &mut bench;
        let letter = current.letter(open, view, true);
        bench.keeper.give(moved(&to, letter));
        let Told::NotMoved { why, .. } = bench.hear() else { panic!("moved: {}", to.display()) };
        assert!(why.contains("choose another folder"), "{why}");
    }
    assert_eq!(bench.drafts(), [draft]);
}

#[test]
fn what_was_replaced_before_is_not_replaced_again() {
    let mut bench = Bench::new();
    bench.paint(3);
    let folder = bench.folder.path().to_owned();
    let at = |name: &str| folder.join(name);
    let (case, left) = (at("case.voxpoint"), at("case (replaced).voxpoint"));
    std::fs::write(&left, "of a crash").unwrap();
    for _ in 0..2 {
        let other = at("other.voxpoint");
        for to in [&case, &other] {
            let Bench { open, view, current, .. } = &mut bench;
            let letter = current.letter(open, view, true);
            bench.keeper.give(moved(to, letter));
            assert!(matches!(bench.hear(), Told::Moved { .. }));
        }
    }
    assert_eq!(std::fs::read(&left).unwrap(), b"of a crash");
    assert!(!at("case (replaced 2).voxpoint").exists(), "the new one is there");
    assert_eq!(session::read(&case).unwrap().snapshot.objects.len(), 1);
}

#[test]
fn a_file_that_is_read_again_is_hashed_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.nii");
    let mut hashes = Hashes::new(Arc::new(|| ()));
    assert_eq!(hashes.of(&path, &[]).sha256, None);
    for contents in [&b"first"[..], b"second"] {
        std::fs::write(&path, contents).unwrap();
        // The first is still being hashed, or could not be.
        hashes.opened(&path, std::slice::from_ref(&path));
    }
    let until = Instant::now() + Duration::from_secs(20);
    while hashes.of(&path, &[]).sha256.is_none() {
        assert!(Instant::now() < until, "no hash");
        hashes.poll();
        std::thread::sleep(Duration::from_millis(2));
    }
    let expected = Hash::of_files(std::slice::from_ref(&path), &CancelToken::new())
        .unwrap()
        .map(|(hash, _)| hash);
    assert_eq!(hashes.of(&path, &[]).sha256, expected);
}

/// A session of one mask on the scan, closed. `hashed`: the scan's check sum is in it.
fn closed(bench: &mut Bench, hashed: bool) -> PathBuf {
    bench.paint(3);
    while hashed
        && bench.hashes.of(&bench.open.path, bench.open.document.image().files()).sha256.is_none()
    {
        bench.hashes.poll();
        std::thread::sleep(Duration::from_millis(2));
    }
    let letter = bench.follow(true).unwrap();
    bench.keeper.give(Order::Write(letter));
    let Told::Written { path, .. } = bench.hear() else { panic!("written") };
    bench.keeper.give(Order::End { session: SessionId(1), ending: Ending::Keep, blank: false });
    assert_eq!(bench.hear(), Told::Ended);
    path
}

fn outcome(wish: Wish) -> OpeningOutcome {
    let here = super::super::opening::Here::default();
    go_on(wish, io::formats(), &here, &CancelToken::new(), &Progress::new())
}

fn asked(wish: Wish) -> (Box<super::super::opening::Book>, Why) {
    match outcome(wish) {
        OpeningOutcome::Asks(book, why) => (book, why),
        OpeningOutcome::Ready(_) => panic!("ready"),
        OpeningOutcome::Failed(why) => panic!("{why}"),
        OpeningOutcome::Cancelled => panic!("nobody cancelled"),
    }
}

#[test]
fn a_scan_that_can_not_be_read_is_a_question_and_the_next_place_is_tried() {
    let mut bench = Bench::new();
    let path = closed(&mut bench, true);
    let scan = bench.open.path.clone();
    let bytes = std::fs::read(&scan).unwrap();
    let read = || Wish::Read { path: path.clone(), take_over: false };
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 99\n";
    for odd in [&pointer[..], &bytes[..bytes.len() / 2], b""] {
        std::fs::write(&scan, odd).unwrap();
        let (book, why) = asked(read());
        assert!(matches!(&why, Why::Unreadable { path, .. } if *path == scan), "{why:?}");
        let alone = outcome(Wish::MasksAlone(book));
        assert!(matches!(alone, OpeningOutcome::Ready(ready) if objects_of(&ready) == 1));
        // The same of one that was chosen.
        let (book, _) = asked(read());
        let (book, why) = asked(Wish::With(book, scan.clone()));
        assert!(matches!(why, Why::Unreadable { .. }), "{why:?}");
        let gone = bench.folder.path().join("gone.nii");
        let (_, why) = asked(Wish::With(book, gone.clone()));
        assert!(matches!(&why, Why::Unreadable { path, .. } if *path == gone), "{why:?}");
    }
    std::fs::write(path.with_file_name("scan.nii.gz"), bytes).unwrap();
    assert!(super::open(&path).file.is_ok(), "it lies beside the session");
}

#[test]
fn a_scan_without_a_check_sum_is_the_same_only_if_nobody_touched_it() {
    let mut bench = Bench::new();
    let path = closed(&mut bench, false);
    let source = session::read(&path).unwrap().snapshot.around.source;
    assert_eq!(source.file.sha256, None);
    let scan = bench.open.path.clone();
    let read = || Wish::Read { path: path.clone(), take_over: false };
    assert!(super::open(&path).file.is_ok(), "as it was");
    let later = std::time::SystemTime::now() + Duration::from_mins(1);
    std::fs::File::options().append(true).open(&scan).unwrap().set_modified(later).unwrap();
    let (book, why) = asked(read());
    assert_eq!(why, Why::Unknown { path: scan.clone() });
    let trusted = outcome(Wish::Trusted(book, scan.clone()));
    assert!(matches!(trusted, OpeningOutcome::Ready(ready) if ready.file.is_ok()));
    // Elsewhere, and on another grid.
    let copy = bench.folder.path().join("copy.nii.gz");
    std::fs::copy(&scan, &copy).unwrap();
    let (book, _) = asked(read());
    assert_eq!(asked(Wish::With(book, copy.clone())).1, Why::Unknown { path: copy });
    io::save_float32(&scan, [6, 5, 5], &[7.0; 150], DAffine3::IDENTITY).unwrap();
    let (_, why) = asked(read());
    assert!(matches!(why, Why::Changed { fit: ScanFit::Elsewhere(_), .. }), "{why:?}");
}
