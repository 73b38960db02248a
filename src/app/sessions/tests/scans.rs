//! Which file a session's scan is, and what becomes of the work when it is another one.

use super::super::found::{OwnFile, Whereabouts};
use super::super::opening::{Book, NotItself, Note};
use super::super::words;
use super::*;
use crate::session::SessionFile;

/// A session of one mask on the scan with its check sum, closed.
fn closed(bench: &mut Bench) -> PathBuf {
    bench.paint(3);
    while bench.hashes.of(&bench.open.path, bench.open.document.image().files()).sha256.is_none() {
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

fn outcome(wish: Wish, here: &Here) -> OpeningOutcome {
    go_on(wish, io::formats(), here, &CancelToken::new(), &Progress::new())
}

fn asked(path: &Path) -> (Box<Book>, Why) {
    let wish = Wish::Read { path: path.to_owned(), take_over: false };
    let OpeningOutcome::Asks(book, why) = outcome(wish, &Here::default()) else {
        panic!("a question")
    };
    (book, why)
}

fn ready(wish: Wish) -> Box<Ready> {
    let OpeningOutcome::Ready(ready) = outcome(wish, &Here::default()) else { panic!("ready") };
    ready
}

#[test]
fn on_another_scan_it_is_other_work() {
    let mut bench = Bench::new();
    let path = closed(&mut bench);
    let scan = bench.open.path.clone();
    io::save_float32(&scan, [6, 5, 4], &[7.0; 120], DAffine3::IDENTITY).unwrap();
    let (book, why) = asked(&path);
    assert_eq!(why, Why::Changed { path: scan.clone(), fit: ScanFit::Same });
    let same = ready(Wish::AllTheSame(book, scan.clone()));
    io::save_float32(&scan, [6, 5, 5], &[7.0; 150], DAffine3::IDENTITY).unwrap();
    let (book, _) = asked(&path);
    let moved = ready(Wish::ByPlace(book, scan.clone()));
    for (ready, note) in [(same, Note::AllTheSame), (moved, Note::ByPlace)] {
        assert_eq!(ready.note, Some(note));
        assert!(matches!(ready.file, Err(NotItself::OtherScan)), "{note:?}");
        let (mark, _) = ready.copy.as_ref().expect("a copy");
        assert!(mark.path() == path && !mark.belongs_back, "{note:?}");
        assert!(ready.export.is_none() && ready.known.is_none(), "{note:?}");
    }
    // The session was let go, as it was.
    let opened = SessionFile::open(&path, false).unwrap();
    assert!(opened.file.is_ok());
    assert_eq!(opened.contents.snapshot.around.source.grid.dims(), [6, 5, 4]);
}

#[test]
fn work_that_belonged_back_stays_apart_once_it_lies_on_another_scan() {
    let mut bench = Bench::new();
    let path = closed(&mut bench);
    let scan = bench.open.path.clone();
    io::save_float32(&scan, [6, 5, 4], &[7.0; 120], DAffine3::IDENTITY).unwrap();
    let (mut book, _) = asked(&path);
    let mark = super::super::copies::CopyMark::new(&path, book.contents.last_write(), true);
    book.copy = Some((mark, String::new()));
    let ready = ready(Wish::AllTheSame(book, scan));
    assert!(ready.copy.as_ref().is_some_and(|(mark, _)| !mark.belongs_back));
}

#[test]
fn a_mask_beside_slices_does_not_make_them_another_scan() {
    let bench = Bench::new();
    let mut hashes = Hashes::new(Arc::new(|| ()));
    let folder = bench.folder.path().join("slices");
    std::fs::create_dir(&folder).unwrap();
    let files = [folder.join("1"), folder.join("2")];
    for file in &files {
        std::fs::write(file, file.to_string_lossy().as_bytes()).unwrap();
    }
    hashes.opened(&folder, &files);
    let mut hash = || {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            hashes.poll();
            if let Some(hash) = hashes.of(&folder, &files).sha256 {
                return hash;
            }
            assert!(Instant::now() < until, "no hash");
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    let before = hash();
    std::fs::write(folder.join("mask.nii.gz"), "mask").unwrap();
    let known = session::FileRef {
        absolute: folder.clone(),
        relative: None,
        bytes: session::bytes_of(&files).unwrap(),
        sha256: Some(before),
    };
    let same = known.is_same(&folder, &files, &CancelToken::new()).unwrap();
    assert_eq!(same, Some(session::Sameness::Same));
}

#[test]
fn a_session_that_is_given_up_anywhere_is_closed_by_the_thread_that_writes() {
    let mut bench = Bench::new();
    let path = closed(&mut bench);
    let here = Here { postbox: Some(bench.keeper.postbox()), ..Here::default() };
    let wish = Wish::Read { path: path.clone(), take_over: false };
    let OpeningOutcome::Ready(ready) = outcome(wish, &here) else { panic!("ready") };
    assert!(session::holder_of(&path).is_some());
    drop(ready);
    assert_eq!(bench.hear(), Told::Ended);
    assert_eq!(session::holder_of(&path), None);
}

#[test]
fn a_draft_that_was_discarded_comes_back_when_it_is_opened() {
    let mut bench = Bench::new();
    let path = closed(&mut bench);
    bench.keeper.give(Order::Discard(path.clone()));
    let Told::Discarded(Ok(away)) = bench.hear() else { panic!("discarded") };
    assert!(!path.exists());
    let drafts = path.parent().map(Path::to_owned);
    let here = Here { drafts, ..Here::default() };
    let wish = Wish::Read { path: away.clone(), take_over: false };
    let OpeningOutcome::Ready(ready) = outcome(wish, &here) else { panic!("ready") };
    assert!(ready.file.is_ok() && objects_of(&ready) == 1);
    assert_eq!((ready.path, away.exists()), (path, false));
}

/// What is taken back of a draft that was gone on with, and what is put away.
#[test]
fn todays_changes_can_be_taken_back_and_had_again() {
    let mut bench = Bench::new();
    let path = closed(&mut bench);
    let before = session::read(&path).unwrap();
    let ready = open(&path);
    let beginning = KeptFrom {
        file: ready.file.ok().and_then(super::super::carried::Carried::arrive),
        past: ready.contents.past,
        ..*beginning()
    };
    bench.keeper.give(Order::Begin(SessionId(2), Box::new(beginning)));
    bench.current.id = SessionId(2);
    for voxel in [7, 8] {
        bench.paint(voxel);
        let letter = bench.follow(true).unwrap();
        bench.keeper.give(Order::Write(letter));
        assert!(matches!(bench.hear(), Told::Written { .. }));
    }
    assert_ne!(session::read(&path).unwrap().snapshot.objects, before.snapshot.objects);
    bench.keeper.give(Order::End { session: SessionId(2), ending: Ending::TakeBack, blank: false });
    let Told::Discarded(Ok(away)) = bench.hear() else { panic!("taken back") };
    let after = session::read(&path).unwrap();
    assert_eq!(after.snapshot, before.snapshot);
    assert_eq!((after.past, after.damage), (before.past, vec![]));
    let kept = session::read(&away).unwrap();
    assert_eq!(kept.snapshot.objects.to_vec(), bench.open.document.objects());
    assert_eq!(kept.past.sittings.len(), 2);
}

/// What is saved over a session does not take the scan away that is in it, which may be the only copy.
#[test]
fn the_scan_stays_in_a_session_that_is_replaced() {
    let mut bench = Bench::new();
    bench.paint(3);
    drop(bench.follow(true));
    let path = bench.folder.path().join("kept.voxpoint");
    let [one, two] = [1, 2].map(|n| Some(session::Hash([n; 32])));
    let mut number = 10;
    // The hash that the old one says, that of the new one, whether its scan is open and is the same by its identifiers.
    for (old, new, is_open, same, stays) in [
        (one, one, true, true, true),
        (one, one, false, true, true),
        (one, two, true, true, true),
        (one, None, true, true, true),
        (None, None, false, true, true),
        (one, two, false, true, false),
        (one, one, true, false, false),
    ] {
        let mut go = |sha256, with_scan: bool, is_open: bool, same: bool| {
            number += 1;
            bench.keeper.give(Order::Begin(SessionId(number), beginning()));
            let Bench { open, view, current, .. } = &mut bench;
            let mut letter = current.letter(open, view, true);
            letter.session = SessionId(number);
            let source = &mut letter.snapshot.around.source;
            source.file.sha256 = sha256;
            if !same {
                source.identifiers.push(("SeriesInstanceUID".to_owned(), "1.2".to_owned()));
            }
            let Order::Move(mut order) = moved(&path, letter) else { panic!("it moves") };
            order.wish = if with_scan { ScanWish::With } else { ScanWish::AsItIs };
            order.scan.take_if(|_| !is_open);
            bench.keeper.give(Order::Move(order));
            let told = bench.hear();
            let (session, blank) = (SessionId(number), false);
            bench.keeper.give(Order::End { session, ending: Ending::Keep, blank });
            assert_eq!(bench.hear(), Told::Ended);
            let Told::Moved { has_scan, .. } = told else { panic!("{told:?}") };
            assert_eq!(session::read(&path).unwrap().scan.is_some(), has_scan);
            has_scan
        };
        assert!(go(old, true, true, true));
        let case = (old, new, is_open, same);
        assert_eq!(go(new, false, is_open, same), stays, "{case:?}");
        let left = std::fs::read_dir(bench.folder.path()).unwrap().flatten();
        let left: Vec<_> = left.filter(|f| f.path().extension() == path.extension()).collect();
        assert_eq!(left.len(), 1, "{left:?}");
        if stays {
            let contents = session::read(&path).unwrap();
            let place = (&contents.snapshot.around.source, contents.scan.as_ref().unwrap());
            let (cancel, progress) = (CancelToken::new(), Progress::new());
            let read = session::read_scan(&path, place, "NIfTI", &cancel, &progress);
            let voxels = read.unwrap().unwrap().voxels().clone();
            assert_eq!(&voxels, bench.open.document.image().voxels());
        }
    }
}

/// Its file is deleted, and what has no name any more can't be read: the window hears that the scan is gone.
#[cfg(unix)]
#[test]
fn a_scan_that_is_lost_with_its_session_is_told() {
    let mut bench = Bench::new();
    bench.paint(3);
    drop(bench.follow(true));
    let path = bench.folder.path().join("kept.voxpoint");
    let Bench { open, view, current, .. } = &mut bench;
    let Order::Move(mut order) = moved(&path, current.letter(open, view, true)) else {
        panic!("it moves")
    };
    order.wish = ScanWish::With;
    bench.keeper.give(Order::Move(order));
    assert!(matches!(bench.hear(), Told::Moved { has_scan: true, .. }));
    let length = std::fs::metadata(&path).unwrap().len() as usize;
    std::fs::write(&path, vec![0; length]).unwrap();
    std::fs::remove_file(&path).unwrap();
    bench.paint(4);
    let letter = {
        let Bench { open, view, current, .. } = &mut bench;
        current.letter(open, view, true)
    };
    bench.keeper.give(Order::Write(letter));
    let told = bench.hear();
    assert!(matches!(told, Told::Written { has_scan: false, .. }), "{told:?}");
    let contents = session::read(&path).unwrap();
    assert!(contents.scan.is_none() && contents.damage.is_empty());
}

/// What is said of a scan that comes from its session is what was found where its file was.
#[test]
fn what_was_found_of_the_scans_file_is_told_as_it_is() {
    let path = PathBuf::from("scan.nii.gz");
    let elsewhere = ScanFit::Elsewhere(InsideScan { voxels: 1, of: 2 });
    let texts = [
        (Whereabouts::Nowhere, "is not where it was"),
        (Whereabouts::Unreadable(path.clone(), "why".to_owned()), "can't be read"),
        (Whereabouts::Unknown(path.clone(), ScanFit::Same), "can't be known"),
        (Whereabouts::Unknown(path.clone(), elsewhere), "another one now"),
        (Whereabouts::Other(path, ScanFit::Same), "another one now"),
    ]
    .map(|(found, said)| (words::from_session(OwnFile::of(&found)), said));
    for (text, said) in texts {
        assert!(text.contains(said), "{text}");
    }
}
