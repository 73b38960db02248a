//! The parts of keeping work, without a window.

mod companions;
/// The core's tests have them too.
#[path = "../../core/document/tests/deeds.rs"]
#[allow(dead_code)]
mod deeds;
mod looks;
mod safety;
mod scans;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use self::deeds::{deed, do_deed, document};
use super::current::Current;
use super::found::ScanFit;
use super::hashes::Hashes;
use super::keeper::Keeper;
use super::onto::InsideScan;
use super::opening::{Here, OpeningOutcome, Ready, Why, Wish, go_on};
use super::orders::{Ending, KeptFrom, Letter, Move, MoveWatch, Order, SessionId, Told};
use super::picture::{Backdrop, png_of};
use crate::app::document_number::DocumentNumber;
use crate::app::open_document::OpenDocument;
use crate::document::{Change, Command, Document, EditKind, GestureId, Over};
use crate::geom::{Convention, DAffine3, DVec3, Grid};
use crate::io;
use crate::session::{self, Past, Snapshot};
use crate::ui::{ScanWish, Status, ViewState};
use crate::volume::{Region, Scale, StoredGeometry, Volume, Voxels, Window};
use crate::work::{CancelToken, Progress};

/// A scan of 6 × 5 × 4 voxels in a file, and a document of it.
fn scan_in(folder: &Path) -> (PathBuf, Document) {
    let path = folder.join("scan.nii.gz");
    let values: Vec<f32> = (0..120u16).map(f32::from).collect();
    io::save_float32(&path, [6, 5, 4], &values, DAffine3::IDENTITY).unwrap();
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let volume = io::open_volume(&path, &io::Limits::default(), &cancel, &progress).unwrap();
    (path, Document::new(Arc::new(volume)))
}

fn beginning() -> Box<KeptFrom> {
    Box::new(KeptFrom {
        file: None,
        aside: None,
        copy_of: None,
        named: false,
        past: Past::default(),
        exported: None,
        picture: None,
        stem: "scan".to_owned(),
    })
}

/// The window's end of one open document.
struct Bench {
    folder: tempfile::TempDir,
    open: OpenDocument,
    view: ViewState,
    current: Current,
    hashes: Hashes,
    keeper: Keeper,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (path, document) = scan_in(folder.path());
        let grid = document.image().grid().clone();
        let stats = document.image().stats();
        let histogram = crate::volume::Histogram::of(document.image(), &stats, 16);
        let keeper = Keeper::start(Arc::new(|| ()), Some(folder.path().join("state"))).unwrap();
        keeper.give(Order::Begin(SessionId(1), beginning()));
        Self {
            view: ViewState::for_scan(&grid, stats, histogram),
            open: OpenDocument::new(DocumentNumber(1), document, path.clone()),
            current: Current::new(SessionId(1), path),
            hashes: Hashes::new(Arc::new(|| ())),
            keeper,
            folder,
        }
    }

    fn follow(&mut self, at_once: bool) -> Option<Letter> {
        let Self { open, view, current, hashes, .. } = self;
        current.follow(open, view, &Status::default(), hashes, at_once).0
    }

    fn drafts(&self) -> Vec<PathBuf> {
        super::folder::drafts(&self.folder.path().join("state"))
    }

    fn hear(&self) -> Told {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(told) = self.keeper.poll() {
                return told;
            }
            assert!(Instant::now() < until, "nothing was told");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn paint(&mut self, voxel: usize) {
        let region = Region::from_mask(6, (0..120).map(|n| n == voxel));
        let command = Command::Edit {
            object: None,
            change: Change::Add(Arc::new(region)),
            over: Over::Background,
            kind: EditKind::Brush,
            gesture: GestureId(voxel as u64 + 1),
        };
        self.open.document.apply(command).unwrap();
    }
}

fn objects_of(ready: &Ready) -> usize {
    ready.document.as_ref().map_or(0, |document| document.objects().len())
}

fn open(path: &Path) -> Box<Ready> {
    let wish = Wish::Read { path: path.to_owned(), take_over: false };
    match go_on(wish, io::formats(), &Here::default(), &CancelToken::new(), &Progress::new()) {
        OpeningOutcome::Ready(ready) => ready,
        OpeningOutcome::Asks(_, why) => panic!("asks {why:?}"),
        OpeningOutcome::Failed(why) => panic!("{why}"),
        OpeningOutcome::Cancelled => panic!("nobody cancelled"),
    }
}

#[test]
fn of_what_waits_the_newest_is_written_and_all_of_it_before_the_end() {
    let mut bench = Bench::new();
    assert!(bench.follow(true).is_none(), "looking is no work");
    for voxel in 0..30 {
        bench.paint(voxel);
        // What is handed over at once is not held back by the pause.
        let letter = bench.follow(true).expect("something has changed");
        assert_eq!(letter.mark, voxel as u64 + 1);
        bench.keeper.give(Order::Write(letter));
    }
    assert!(bench.follow(true).is_none(), "nothing has changed since");
    let objects = bench.open.document.objects().to_vec();
    let folder = bench.folder;
    drop(bench.keeper);
    let drafts = super::folder::drafts(&folder.path().join("state"));
    assert_eq!(drafts.len(), 1);
    let contents = session::read(&drafts[0]).unwrap();
    assert_eq!((contents.snapshot.objects.to_vec(), contents.damage), (objects, vec![]));
    assert!(contents.snapshot.around.picture.is_some());
}

#[test]
fn changes_wait_a_second_for_one_another() {
    let mut bench = Bench::new();
    bench.paint(3);
    assert!(bench.follow(false).is_some(), "the first is not kept waiting");
    bench.paint(4);
    let Bench { open, view, current, hashes, .. } = &mut bench;
    let (letter, wait) = current.follow(open, view, &Status::default(), hashes, false);
    assert!(letter.is_none());
    let wait = wait.expect("it is due soon");
    assert!(wait > Duration::from_millis(500) && wait <= Duration::from_secs(1), "{wait:?}");
}

#[test]
fn a_draft_goes_when_it_is_not_wanted_and_stays_when_nothing_is_said() {
    for (ending, left) in [(Ending::Discard, 0), (Ending::Keep, 1), (Ending::TakeBack, 1)] {
        let mut bench = Bench::new();
        bench.paint(3);
        let letter = bench.follow(true).unwrap();
        bench.keeper.give(Order::Write(letter));
        let Told::Written { path, .. } = bench.hear() else { panic!("written") };
        bench.keeper.give(Order::End { session: SessionId(1), ending, blank: false });
        let told = bench.hear();
        assert_eq!(bench.drafts().len(), left, "{ending:?}");
        let away = path.parent().unwrap().join("discarded").join(path.file_name().unwrap());
        match ending {
            // What it was before this sitting is nothing.
            Ending::Keep | Ending::TakeBack => assert_eq!(told, Told::Ended),
            Ending::Discard => assert_eq!(told, Told::Discarded(Ok(away.clone()))),
        }
        assert_eq!(away.exists(), ending == Ending::Discard);
    }
}

#[test]
fn what_was_exported_is_known_from_its_first_write_on() {
    let mut bench = Bench::new();
    bench.paint(3);
    let letter = bench.follow(true).unwrap();
    bench.keeper.give(Order::Write(letter));
    let Told::Written { path, .. } = bench.hear() else { panic!("written") };
    let map = bench.folder.path().join("mask.nii");
    std::fs::write(&map, "mask").unwrap();
    let objects = bench.open.document.objects().to_vec();
    let file = session::FileRef { absolute: map.clone(), relative: None, bytes: 4, sha256: None };
    bench.keeper.give(Order::Exported {
        session: SessionId(1),
        files: Some((file, None)),
        objects: objects.clone(),
    });
    bench.current.write_again();
    let letter = bench.follow(true).expect("it is to be written");
    bench.keeper.give(Order::Write(letter));
    assert!(matches!(bench.hear(), Told::Written { mark: 2, .. }));
    let exported = session::read(&path).unwrap().snapshot.around.exported.unwrap();
    assert_eq!((exported.file.absolute, exported.file.bytes), (map, 4));
    assert_eq!(exported.labels, session::labels_check_sum(&objects));
}

/// Whatever ends the program then: nothing else is handed over after a label map was written.
#[test]
fn what_was_exported_is_noted_without_another_change() {
    let mut bench = Bench::new();
    bench.paint(3);
    let letter = bench.follow(true).unwrap();
    bench.keeper.give(Order::Write(letter));
    let Told::Written { path, .. } = bench.hear() else { panic!("written") };
    let mut objects = bench.open.document.objects().to_vec();
    for is_current in [false, true] {
        if is_current {
            objects = bench.open.document.objects().to_vec();
        } else {
            // Of another state than the one on the disk.
            objects[0].name.push('x');
        }
        let absolute = bench.folder.path().join("mask.nii");
        let file = session::FileRef { absolute, relative: None, bytes: 4, sha256: None };
        let (session, files) = (SessionId(1), Some((file, None)));
        bench.keeper.give(Order::Exported { session, files, objects: objects.clone() });
        // It has been carried out when the next one is.
        bench.keeper.give(Order::Discard(bench.folder.path().join("none.voxpoint")));
        assert!(matches!(bench.hear(), Told::Discarded(_)));
        let around = session::read(&path).unwrap().snapshot.around;
        let exported = around.exported.expect("noted");
        assert_eq!(exported.labels, session::labels_check_sum(&objects));
        assert_eq!(around.view["mask_exported"], is_current);
    }
}

/// A session on its way to another file, without its scan.
fn moved(to: &Path, letter: Letter) -> Order {
    let (to, wish, watch) = (to.to_owned(), ScanWish::AsItIs, MoveWatch::default());
    let scan = Some(letter.scene.volume.clone());
    Order::Move(Box::new(Move { to, letter, wish, scan, watch }))
}

#[test]
fn a_session_moves_with_its_scan() {
    let mut bench = Bench::new();
    bench.paint(3);
    while bench.hashes.of(&bench.open.path, bench.open.document.image().files()).sha256.is_none() {
        bench.hashes.poll();
        std::thread::sleep(Duration::from_millis(2));
    }
    let letter = bench.follow(true).unwrap();
    bench.keeper.give(Order::Write(letter));
    let Told::Written { path: draft, .. } = bench.hear() else { panic!("written") };
    let folder = bench.folder.path().to_owned();
    let at = |name: &str| folder.join(name);
    let [first, second, third] = ["a", "b", "c"].map(|name| at(&format!("{name}.voxpoint")));
    let voxels = bench.open.document.image().voxels().clone();
    let mut go = |to: &Path, wish: ScanWish, given_up: bool| {
        let Bench { open, view, current, .. } = &mut bench;
        let letter = current.letter(open, view, true);
        let Order::Move(mut order) = moved(to, letter) else { panic!("it moves") };
        order.wish = wish;
        if given_up {
            order.watch.cancel.cancel();
        }
        bench.keeper.give(Order::Move(order));
        bench.hear()
    };
    let inside = |path: &Path| session::read(path).unwrap().scan.is_some();
    let Told::NotMoved { why, .. } = go(&first, ScanWish::With, true) else { panic!("given up") };
    assert!(why.contains("stays as it is"), "{why}");
    assert!(draft.exists() && !first.exists());
    assert!(matches!(go(&first, ScanWish::AsItIs, false), Told::Moved { has_scan: false, .. }));
    assert!(!inside(&first));
    // Into the same file, and then wherever it goes.
    assert!(matches!(go(&first, ScanWish::With, false), Told::Moved { has_scan: true, .. }));
    assert!(inside(&first));
    assert!(matches!(go(&second, ScanWish::AsItIs, false), Told::Moved { has_scan: true, .. }));
    assert!(inside(&second) && inside(&first));
    // Over another session.
    std::fs::copy(&second, &third).unwrap();
    assert!(matches!(go(&third, ScanWish::With, false), Told::Moved { has_scan: true, .. }));
    let contents = session::read(&third).unwrap();
    let source = &contents.snapshot.around.source;
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let place = (source, contents.scan.as_ref().unwrap());
    let read = session::read_scan(&third, place, "NIfTI", &cancel, &progress).unwrap().unwrap();
    assert_eq!(read.voxels(), &voxels);
    // Out of it again: not if they would be nowhere then.
    let (scan, away) = (at("scan.nii.gz"), at("away.nii.gz"));
    std::fs::rename(&scan, &away).unwrap();
    for (lies, word) in
        [("nothing", "nowhere but in"), ("another", "was changed"), ("link", "nowhere but in")]
    {
        match lies {
            "another" => {
                io::save_float32(&scan, [6, 5, 4], &[7.0; 120], DAffine3::IDENTITY).unwrap();
            }
            "link" => {
                std::fs::remove_file(&scan).unwrap();
                #[cfg(unix)]
                std::os::unix::fs::symlink(at("nothing.nii.gz"), &scan).unwrap();
            }
            _ => {}
        }
        for to in [&third, &first] {
            let Told::NotMoved { why, .. } = go(to, ScanWish::Without, false) else {
                panic!("moved: {lies}")
            };
            assert!(why.contains(word), "{lies}: {why}");
            assert!(inside(to), "{lies}");
        }
    }
    std::fs::rename(&away, &scan).unwrap();
    // Into itself, and over another that has the same scan in it.
    assert!(matches!(go(&third, ScanWish::Without, false), Told::Moved { has_scan: false, .. }));
    assert!(!inside(&third) && inside(&first));
    assert!(matches!(go(&first, ScanWish::Without, false), Told::Moved { has_scan: false, .. }));
    assert!(!inside(&first));
    assert!(matches!(go(&first, ScanWish::With, false), Told::Moved { has_scan: true, .. }));
    let fourth = at("d.voxpoint");
    assert!(matches!(go(&fourth, ScanWish::Without, false), Told::Moved { has_scan: false, .. }));
    assert!(!inside(&fourth) && inside(&first));
}

#[test]
fn a_session_moves_only_over_sessions_that_nobody_has() {
    let mut bench = Bench::new();
    bench.paint(3);
    let mut letter = bench.follow(true);
    bench.keeper.give(Order::Write(letter.take().unwrap()));
    let Told::Written { path: draft, .. } = bench.hear() else { panic!("written") };
    let at = |name: &str| bench.folder.path().join(name);
    let (foreign, fresh) = (at("notes.voxpoint"), at("case.voxpoint"));
    std::fs::write(&foreign, "notes").unwrap();
    let again = |bench: &mut Bench| {
        let Bench { open, view, current, .. } = bench;
        current.letter(open, view, true)
    };
    let letter = again(&mut bench);
    bench.keeper.give(moved(&foreign, letter));
    assert!(matches!(bench.hear(), Told::NotMoved { .. }));
    assert_eq!(std::fs::read(&foreign).unwrap(), b"notes");
    assert!(draft.exists());
    let letter = again(&mut bench);
    bench.keeper.give(moved(&fresh, letter));
    assert!(matches!(bench.hear(), Told::Moved { path, .. } if path == fresh));
    assert!(!draft.exists() && session::read(&fresh).is_ok());
    // Over another one, with what was done before kept.
    let other = bench.folder.path().join("other.voxpoint");
    std::fs::copy(&fresh, &other).unwrap();
    bench.paint(4);
    let letter = again(&mut bench);
    bench.keeper.give(moved(&other, letter));
    assert!(matches!(bench.hear(), Told::Moved { .. }));
    let contents = session::read(&other).unwrap();
    assert_eq!(contents.snapshot.objects.to_vec(), bench.open.document.objects());
    assert!(fresh.exists(), "a session with a name is the user's");
}

#[test]
fn a_scan_that_is_gone_or_another_is_asked_about() {
    let mut bench = Bench::new();
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
    let ask = |wish| match go_on(
        wish,
        io::formats(),
        &Here::default(),
        &CancelToken::new(),
        &Progress::new(),
    ) {
        OpeningOutcome::Asks(book, why) => (book, why),
        _ => panic!("a question"),
    };
    let scan = bench.open.path.clone();
    let read = || Wish::Read { path: path.clone(), take_over: false };
    let bytes = std::fs::read(&scan).unwrap();
    std::fs::remove_file(&scan).unwrap();
    assert_eq!(ask(read()).1, Why::Missing);
    io::save_float32(&scan, [6, 5, 4], &[7.0; 120], DAffine3::IDENTITY).unwrap();
    assert_eq!(ask(read()).1, Why::Changed { path: scan.clone(), fit: ScanFit::Same });
    io::save_float32(&scan, [6, 5, 5], &[7.0; 150], DAffine3::IDENTITY).unwrap();
    let (book, why) = ask(read());
    let fit = ScanFit::Elsewhere(InsideScan { voxels: 1, of: 1 });
    assert_eq!(why, Why::Changed { path: scan.clone(), fit });
    // The very same, elsewhere.
    let found = bench.folder.path().join("found.nii.gz");
    std::fs::write(&found, bytes).unwrap();
    let wish = Wish::With(book, found);
    let outcome =
        go_on(wish, io::formats(), &Here::default(), &CancelToken::new(), &Progress::new());
    assert!(matches!(outcome, OpeningOutcome::Ready(ready) if objects_of(&ready) == 1));
}

#[test]
fn pictures_are_small_whatever_is_in_them() {
    let mut random = fastrand::Rng::with_seed(3);
    for dims in [[300, 200, 3], [7, 900, 3], [1, 1, 1]] {
        let grid = Grid::new(dims, DAffine3::from_scale(DVec3::new(0.7, 0.7, 3.0))).unwrap();
        let voxels = Voxels::U8((0..grid.count()).map(|_| random.u8(..)).collect());
        let stored = StoredGeometry::of(&grid);
        let dims = dims.to_vec();
        let volume = Volume::new("noise", grid, dims, voxels, Scale::NONE, stored, vec![]);
        let mut d = Document::new(Arc::new(volume));
        let count = d.image().grid().count();
        let row = d.image().grid().dims()[0];
        let region = Region::from_mask(row, (0..count).map(|n| n % 3 == 0));
        d.apply(Command::Edit {
            object: None,
            change: Change::Add(Arc::new(region)),
            over: Over::Background,
            kind: EditKind::Brush,
            gesture: GestureId(1),
        })
        .unwrap();
        let mut current = Current::new(SessionId(1), "noise.nii".into());
        let open = OpenDocument::new(DocumentNumber(1), d, "noise.nii".into());
        let letter = current.letter(&open, &ViewState::default(), true);
        let scene = Backdrop {
            volume: Arc::clone(open.document.image()),
            window: Window::new(128.0, 256.0),
            convention: Convention::Radiological,
        };
        let png = png_of(&letter.snapshot, &scene).expect("a picture");
        assert!(png.len() <= 60_000, "{} bytes", png.len());
        let picture = image::load_from_memory(&png).unwrap();
        assert!(picture.width().max(picture.height()) <= 256);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any deeds and looks, handed over now and then: opened again, document and view are the same.
    #[test]
    fn any_work_is_gone_on_with_where_it_was(
        deeds in prop::collection::vec((deed(), any::<bool>()), 1..40),
        look in any::<u64>(),
        overlays in 0usize..3,
        beside in any::<[bool; 3]>(),
    ) {
        let mut bench = Bench::new();
        looks::lay_over(&mut bench, overlays);
        companions::put(&mut bench, beside);
        // The deeds are those of a document like this one.
        prop_assert_eq!(document().image().grid().dims(), [6, 5, 4]);
        let mut gesture = GestureId(0);
        for (deed, handed) in &deeds {
            do_deed(&mut bench.open.document, deed, &mut gesture);
            if let Some(letter) = bench.follow(true).filter(|_| *handed) {
                bench.keeper.give(Order::Write(letter));
            }
        }
        let mut chance = fastrand::Rng::with_seed(look);
        looks::shuffle(&mut bench.view, &bench.open.document, &mut chance);
        bench.view.scan.time_point = bench.open.document.image().time_point();
        bench.current.begun = true;
        let last = bench.follow(true).expect("the view is another one");
        let expected: Snapshot = (*last.snapshot).clone();
        bench.keeper.give(Order::Write(last));
        let Bench { folder, keeper, open: o, view, .. } = bench;
        drop(keeper);
        let drafts = super::folder::drafts(&folder.path().join("state"));
        prop_assert_eq!(drafts.len(), 1);
        let mut ready = open(&drafts[0]);
        prop_assert_eq!(&ready.damage, &Vec::<String>::new());
        prop_assert!(ready.file.is_ok());
        let document = ready.document.take().unwrap();
        prop_assert_eq!(document.objects(), &*expected.objects.to_vec());
        prop_assert_eq!(document.labels(), o.document.labels());
        prop_assert_eq!(
            document.active().map(|o| o.id),
            o.document.active().map(|o| o.id)
        );
        prop_assert_eq!(ready.lost.len(), 0);
        prop_assert_eq!(ready.companions.lost.which(), [false; 3]);
        looks::assert_alike(&looks::view_of(&mut ready, &document), &view);
    }
}
