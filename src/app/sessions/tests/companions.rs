//! The second scan beside, the labels over it, and the label map that is compared: kept, and found again.

use super::looks::{assert_alike, view_of};
use super::*;
use crate::app::files::{BothScans, FileContents, ReferenceRead, Which, read_reference};
use crate::geom::DMat3;
use crate::ui::{
    BesideScan, ComparisonLook, ComparisonView, ImageLayer, ReferenceReading, labels_over,
};

const SECOND: [usize; 3] = [4, 5, 3];
const NAMES: [&str; 3] = ["second.nii.gz", "on_second.nii.gz", "b.nii.gz"];

fn second_place() -> DAffine3 {
    let turned = DMat3::from_rotation_z(0.2) * DMat3::from_diagonal(DVec3::new(1.5, 1.0, 1.2));
    DAffine3::from_mat3_translation(turned, DVec3::new(0.4, 0.0, 0.3))
}

/// Files of a second scan, of labels with its voxels, and of labels with those of the scan.
fn write(folder: &Path) -> [PathBuf; 3] {
    let paths = NAMES.map(|name| folder.join(name));
    let values = |count: usize, value: fn(usize) -> usize| -> Vec<f32> {
        (0..count).map(|n| value(n) as f32).collect()
    };
    let files = [
        (SECOND, values(60, |n| n * 10), second_place()),
        (SECOND, values(60, |n| n / 25), second_place()),
        ([6, 5, 4], values(120, |n| n / 50), DAffine3::IDENTITY),
    ];
    for (path, (dims, values, place)) in paths.iter().zip(files) {
        io::save_float32(path, dims, &values, place).unwrap();
    }
    paths
}

fn volume(path: &Path) -> Arc<Volume> {
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    Arc::new(io::open_volume(path, &io::Limits::default(), &cancel, &progress).unwrap())
}

fn labels(path: &Path, scans: BothScans<'_>) -> Box<ReferenceRead> {
    let how = (ReferenceReading::default(), &Which::Any);
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    match read_reference(io::formats(), path, how, scans, &cancel, &progress) {
        Ok(FileContents::Reference(read)) => read,
        _ => panic!("labels: {}", path.display()),
    }
}

/// Shows a second scan, labels over it, and compares with a label map, if so.
pub(super) fn put(bench: &mut Bench, [second, over, compared]: [bool; 3]) {
    let paths = write(bench.folder.path());
    let scan = Arc::clone(bench.open.document.image());
    let companions = &mut bench.current.companions;
    let there = second.then(|| volume(&paths[0]));
    let scans = BothScans { scan: &scan, second: there.as_deref() };
    if let Some(volume) = &there {
        bench.hashes.opened(&paths[0], volume.files());
        companions.shown_beside(paths[0].clone(), volume);
        let stats = volume.stats();
        let histogram = crate::volume::Histogram::of(volume, &stats, 16);
        let layer = ImageLayer::new(Arc::clone(volume), stats, histogram);
        let mut beside = BesideScan::new(layer, &scan, false);
        if over {
            let read = labels(&paths[1], scans);
            assert!(read.on_second, "its voxels are the second scan's");
            bench.hashes.opened(&paths[1], &read.files);
            companions.laid_over_second(paths[1].clone(), &read);
            let file = (NAMES[1].to_owned(), read.reading);
            beside.labels = Some(labels_over(file, &read.read.labels, read.map.clone()));
        }
        bench.view.scan.beside.scan = Some(beside);
        bench.view.scan.beside.on = true;
    }
    if compared {
        let read = labels(&paths[2], scans);
        assert!(!read.on_second);
        bench.hashes.opened(&paths[2], &read.files);
        companions.compared_with(paths[2].clone(), &read);
        let reading = read.reading;
        let view = ComparisonView { reading, ..ComparisonView::with(NAMES[2].to_owned()) };
        bench.view.scan.comparison = Some(view);
    }
}

/// Where it all is once it was closed, with the hashes of all files.
fn kept(bench: &mut Bench) -> PathBuf {
    bench.paint(3);
    let files = NAMES.map(|name| bench.folder.path().join(name));
    let scan = bench.open.path.clone();
    let until = Instant::now() + Duration::from_secs(20);
    while files.iter().chain([&scan]).any(|file| bench.hashes.of(file, &[]).sha256.is_none()) {
        assert!(Instant::now() < until, "no hash");
        bench.hashes.poll();
        std::thread::sleep(Duration::from_millis(2));
    }
    let letter = bench.follow(true).expect("something has changed");
    bench.keeper.give(Order::Write(letter));
    let Told::Written { path, .. } = bench.hear() else { panic!("written") };
    bench.keeper.give(Order::End { session: SessionId(1), ending: Ending::Keep, blank: false });
    assert_eq!(bench.hear(), Told::Ended);
    path
}

#[test]
fn kept_companions_come_back_as_they_were() {
    for n in 0..8 {
        let mut bench = Bench::new();
        put(&mut bench, [0, 1, 2].map(|bit| n >> bit & 1 == 1));
        if let Some(comparison) = &mut bench.view.scan.comparison {
            comparison.look = ComparisonLook::Objects;
            bench.view.scan.beside.on = true;
        }
        let path = kept(&mut bench);
        let mut ready = open(&path);
        assert_eq!((ready.companions.lost.which(), ready.lost.len()), ([false; 3], 0), "{n}");
        let document = ready.document.take().unwrap();
        assert_alike(&view_of(&mut ready, &document), &bench.view);
    }
}

type Deed = fn(&Path, &Path);

/// Moved with the session or beside it they are found; changed or gone they are told, one by one, and nothing else is
/// shown in their place.
#[test]
fn kept_companions_that_moved_are_found_and_those_that_changed_are_told() {
    let rows: [(&str, Deed, [bool; 3]); 6] = [
        ("as they were", |_, _| (), [false; 3]),
        (
            "beside the session",
            |files, session| {
                for name in NAMES {
                    std::fs::rename(files.join(name), session.join(name)).unwrap();
                }
            },
            [false; 3],
        ),
        (
            "B has other voxels",
            |files, _| {
                let b = files.join(NAMES[2]);
                io::save_float32(&b, [6, 5, 4], &[1.0; 120], DAffine3::IDENTITY).unwrap();
            },
            [false, false, true],
        ),
        (
            "B is on another grid",
            |files, _| {
                let b = files.join(NAMES[2]);
                io::save_float32(&b, SECOND, &[1.0; 60], second_place()).unwrap();
            },
            [false, false, true],
        ),
        (
            "the second scan's labels are cut off",
            |files, _| {
                let labels = files.join(NAMES[1]);
                let bytes = std::fs::read(&labels).unwrap();
                std::fs::write(&labels, &bytes[..bytes.len() / 2]).unwrap();
            },
            [false, true, false],
        ),
        (
            "the second scan is gone",
            |files, _| std::fs::remove_file(files.join(NAMES[0])).unwrap(),
            [true, false, false],
        ),
    ];
    for (what, deed, lost) in rows {
        let mut bench = Bench::new();
        put(&mut bench, [true; 3]);
        let path = kept(&mut bench);
        deed(bench.folder.path(), path.parent().unwrap());
        let mut ready = open(&path);
        assert_eq!((ready.companions.lost.which(), ready.lost.len()), (lost, 0), "{what}");
        let document = ready.document.take().unwrap();
        let view = view_of(&mut ready, &document).scan;
        let second = view.beside.scan.as_ref();
        let shown = [
            second.is_some(),
            second.is_some_and(|second| second.labels.is_some()),
            view.comparison.is_some(),
        ];
        // Labels are not shown without their scan.
        let expected = [!lost[0], !lost[0] && !lost[1], !lost[2]];
        assert_eq!(shown, expected, "{what}");
    }
}

/// Work goes on without them, and they are there again with their files, as they were.
#[test]
fn kept_companions_stay_in_the_session_while_their_files_are_gone() {
    let mut bench = Bench::new();
    put(&mut bench, [true; 3]);
    let path = kept(&mut bench);
    let away = bench.folder.path().join("away");
    std::fs::create_dir(&away).unwrap();
    for name in NAMES {
        std::fs::rename(bench.folder.path().join(name), away.join(name)).unwrap();
    }
    let mut ready = open(&path);
    assert_eq!(ready.companions.lost.which(), [true, false, true]);
    let document = ready.document.take().unwrap();
    let lost = std::mem::take(&mut ready.companions.lost);
    let mut view = view_of(&mut ready, &document);
    view.scan.window = Window::new(1.0, 2.0);
    let file = ready.file.ok().and_then(super::super::carried::Carried::arrive).unwrap();
    bench.current = Current::new(SessionId(2), bench.open.path.clone());
    bench.current.companions = super::super::companions::Companions::without(lost);
    (bench.current.begun, bench.view) = (true, view);
    let beginning = KeptFrom { file: Some(file), ..*beginning() };
    bench.keeper.give(Order::Begin(SessionId(2), Box::new(beginning)));
    let letter = bench.follow(true).expect("the window is another one");
    bench.keeper.give(Order::Write(letter));
    assert!(matches!(bench.hear(), Told::Written { .. }));
    bench.keeper.give(Order::End { session: SessionId(2), ending: Ending::Keep, blank: false });
    assert_eq!(bench.hear(), Told::Ended);
    for name in NAMES {
        std::fs::rename(away.join(name), bench.folder.path().join(name)).unwrap();
    }
    let mut ready = open(&path);
    assert_eq!(ready.companions.lost.which(), [false; 3]);
    let document = ready.document.take().unwrap();
    let view = view_of(&mut ready, &document).scan;
    assert!(view.beside.on && view.beside.scan.is_some_and(|second| second.labels.is_some()));
    assert!(view.comparison.is_some());
}
