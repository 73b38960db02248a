//! The scan's voxels in its session: given back bit for bit, or not at all.

use proptest::prelude::*;
use rusqlite::Connection;

use super::super::scan_inside::{ScanPart, estimated_bytes, pack, read_scan};
use super::*;
use crate::volume::{Conversion, OtherPlace, Padding, Placement, Provenance, SuvFactors, Warning};
use crate::with_voxels;
use crate::work::{CancelToken, Progress};

fn bytes(volume: &Volume) -> Vec<u8> {
    with_voxels!(volume.voxels(), v => bytemuck::cast_slice::<_, u8>(v).to_vec())
}

/// The scan that is in a session, as it is read.
fn inside(path: &Path) -> Result<Volume, SessionError> {
    let contents = read(path)?;
    let about = contents.scan.as_ref().expect("a scan is in it");
    let place = (&contents.snapshot.around.source, about);
    let read = read_scan(path, place, "NIfTI", &CancelToken::new(), &Progress::new())?;
    Ok(read.expect("nobody has cancelled"))
}

/// With noise in it, so that it takes as much room as a scan does.
fn noisy() -> Volume {
    let mut random = fastrand::Rng::with_seed(3);
    let volume = scan();
    let count = volume.voxels().len();
    let voxels = Voxels::I16((0..count).map(|_| random.i16(-1024..3000)).collect());
    let placement = Placement {
        others: vec![OtherPlace {
            by: "sform".to_owned(),
            world_from_voxel: DAffine3::from_scale(DVec3::new(1.0, -2.0, 3.0)),
            apart_mm: 4.5,
        }],
        ..Placement::guessed("qform")
    };
    let said = Provenance { placement, ..volume.provenance().clone() };
    let scale = Scale { slope: 0.1, inter: -3.5 };
    let warnings = vec![Warning("2 slices are missing".to_owned())];
    let grid = volume.grid().clone();
    let dims = volume.file_dims().to_vec();
    let suv = SuvFactors {
        body_weight: Some(0.1 + 0.2),
        body_surface: Some(7.0),
        ..SuvFactors::default()
    };
    Volume::new("ct.nii.gz", grid, dims, voxels, scale, said, warnings)
        .converted_from(Some(Conversion::Colours))
        .with_suv(Some(suv))
        .with_padding(Padding::new([[-1024.0; 2], [2990.0, 2999.0]]))
        .with_low_bright(true)
}

fn with_scan(path: &Path, snapshot: &Snapshot, volume: &Volume) -> SessionFile {
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let part = ScanPart { volume: Some(volume), cancel: &cancel, progress: &progress };
    SessionFile::create_with_scan(path, snapshot, &Past::default(), part).unwrap()
}

#[test]
fn padding_of_each_slice_comes_back() {
    let (_folder, path) = temporary();
    let count = noisy().grid().dims()[2] * noisy().time_points();
    // As voxels of 32 bits have it.
    let number = |n: usize| f64::from((-2000.0 * (0.3 + n as f64 * 0.1)) as f32);
    let of_slices = Padding::of_slices(2, (0..count).map(|n| [[number(n); 2], [1e6, 2e6]]));
    assert!(of_slices.slices().is_some());
    let volume = noisy().with_padding(of_slices);
    drop(with_scan(&path, &full_snapshot(), &volume));
    assert_eq!(inside(&path).unwrap().padding(), volume.padding());
}

#[test]
fn a_scan_comes_back_with_all_that_is_known_of_it() {
    let (_folder, path) = temporary();
    let volume = noisy();
    // How it is shown does not count.
    let shown = volume.in_suv(Some(crate::volume::SuvKind::BodyWeight)).unwrap().with_time_point(1);
    drop(with_scan(&path, &full_snapshot(), &shown));
    let found = inside(&path).unwrap();
    assert_eq!(found.voxels(), volume.voxels());
    assert_eq!((found.scale(), found.grid()), (volume.scale(), volume.grid()));
    assert_eq!((found.name(), found.file_dims()), (volume.name(), volume.file_dims()));
    assert_eq!((found.suv(), found.suv_kind()), (volume.suv(), None));
    assert_eq!(found.conversion(), volume.conversion());
    assert_eq!((found.padding(), found.low_is_bright()), (volume.padding(), true));
    assert_eq!(found.warnings(), volume.warnings());
    let (said, of) = (found.provenance(), volume.provenance());
    assert_eq!((said.format, &said.geometry), ("NIfTI", &of.geometry));
    assert_eq!(said.placement, of.placement);
    assert_eq!((found.files().len(), found.time_points()), (0, 2));
    let contents = read(&path).unwrap();
    assert_eq!((contents.damage, contents.snapshot), (vec![], as_read(&full_snapshot(), &path)));
    let estimated = estimated_bytes(&volume, &CancelToken::new()).unwrap() as f64;
    let packed = contents.scan.unwrap().packed_bytes as f64;
    assert!((0.9..1.1).contains(&(estimated / packed)), "{estimated} estimated, {packed} in it");
}

fn voxels(kind: u8, count: usize, seed: u64) -> Voxels {
    let mut r = fastrand::Rng::with_seed(seed);
    match kind {
        0 => Voxels::U8((0..count).map(|_| r.u8(..)).collect()),
        1 => Voxels::I8((0..count).map(|_| r.i8(..)).collect()),
        2 => Voxels::U16((0..count).map(|_| r.u16(..)).collect()),
        3 => Voxels::I16((0..count).map(|_| r.i16(..)).collect()),
        4 => Voxels::U32((0..count).map(|_| r.u32(..)).collect()),
        5 => Voxels::I32((0..count).map(|_| r.i32(..)).collect()),
        6 => Voxels::U64((0..count).map(|_| r.u64(..)).collect()),
        7 => Voxels::I64((0..count).map(|_| r.i64(..)).collect()),
        // Also infinite ones, and what is not a number.
        8 => Voxels::F32((0..count).map(|_| f32::from_bits(r.u32(..))).collect()),
        _ => Voxels::F64((0..count).map(|_| f64::from_bits(r.u64(..))).collect()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Of any type and size, in pieces of any length.
    #[test]
    fn any_voxels_come_back_bit_for_bit(
        kind in 0u8..10,
        dims in [1usize..8, 1..7, 1..6],
        time_points in 1usize..4,
        (slope, inter) in (prop_oneof![-1e9f64..-1e-9, 1e-9f64..1e9], -1e6f64..1e6),
        piece in (1usize..40).prop_map(|n| 8 * n),
        seed in any::<u64>(),
    ) {
        let (_folder, path) = temporary();
        let grid = Grid::new(dims, DAffine3::from_scale(DVec3::new(0.7, -0.9, 2.1))).unwrap();
        let count = grid.count() * time_points;
        let file_dims = dims.into_iter().chain([time_points]).collect();
        let scale = Scale { slope, inter };
        let stored = StoredGeometry::of(&grid);
        let voxels = voxels(kind, count, seed);
        let volume = Volume::new("v", grid, file_dims, voxels, scale, stored, vec![]);
        let snapshot = Snapshot::of(&Document::new(Arc::new(volume.clone())), surroundings(&volume), 1);
        let file = create(&path, &snapshot);
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        let part = ScanPart { volume: Some(&volume), cancel: &cancel, progress: &progress };
        pack(file.connection(), &volume, part, piece).unwrap();
        let length = bytes(&volume).len() as u64;
        prop_assert_eq!(progress.get(), (length, length));
        drop(file);
        let found = inside(&path).unwrap();
        prop_assert_eq!(found.voxels().data_type(), volume.voxels().data_type());
        prop_assert_eq!(bytes(&found), bytes(&volume));
        prop_assert_eq!((found.scale(), found.grid()), (volume.scale(), volume.grid()));
        prop_assert_eq!(found.time_points(), time_points);
    }
}

/// What is done to a session with its scan, and whether the scan is in what comes of it.
#[test]
fn the_scan_stays_with_its_session() {
    let (folder, path) = temporary();
    let volume = noisy();
    let mut snapshot = full_snapshot();
    let mut file = with_scan(&path, &snapshot, &volume);
    assert!(file.has_scan());
    let is_whole = |path: &Path| inside(path).unwrap().voxels() == volume.voxels();
    let rows = |path: &Path| -> i64 {
        let sql = "SELECT count(*) FROM scan_piece";
        Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    };
    // A change writes what has changed.
    snapshot.taken_ms += 1000;
    snapshot.objects.pop();
    assert_eq!(file.write(&snapshot).unwrap(), WriteOutcome::Written);
    assert!(is_whole(&path));
    // A copy has it if that is asked for, without packing it again.
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let other = scan();
    let part = ScanPart { volume: Some(&other), cancel: &cancel, progress: &progress };
    let [with, without] = ["with", "without"].map(|n| folder.path().join(format!("{n}.voxpoint")));
    let copy = file.copy_with_scan(&with, &snapshot, part).unwrap();
    assert!(copy.has_scan() && is_whole(&with));
    let copy = file.copy(&without, &snapshot).unwrap();
    assert!(!copy.has_scan() && read(&without).unwrap().scan.is_none());
    // Deleted, it is made anew with it where what has no name can still be read.
    std::fs::remove_file(&path).unwrap();
    snapshot.taken_ms += 1000;
    snapshot.objects.pop();
    assert_eq!(file.write(&snapshot).unwrap(), WriteOutcome::MadeAnew);
    #[cfg(unix)]
    assert!(file.has_scan() && is_whole(&path));
    drop(file);
    // Opened again it is still there, and is not put in twice.
    let mut file = SessionFile::open(&path, false).unwrap().file.unwrap();
    file.put_scan(part).unwrap();
    #[cfg(unix)]
    assert!(is_whole(&path) && rows(&path) == 1);
    snapshot.active = None;
    assert_eq!(file.write(&snapshot).unwrap(), WriteOutcome::Written);
    assert_eq!(read(&path).unwrap().snapshot.objects, snapshot.objects);
}

/// A face may be in it: nothing of it is left in the file.
#[test]
fn a_scan_is_taken_out_of_its_session() {
    let (_folder, path) = temporary();
    let (volume, snapshot) = (noisy(), full_snapshot());
    let mut file = with_scan(&path, &snapshot, &volume);
    let voxels: Vec<u8> =
        file.connection().query_row("SELECT voxels FROM scan_piece", [], |row| row.get(0)).unwrap();
    let middle = &voxels[voxels.len() / 2..][..64];
    let length = || std::fs::metadata(&path).unwrap().len();
    let (before, is_there) = (length(), |path: &Path| {
        std::fs::read(path).unwrap().windows(64).any(|bytes| bytes == middle)
    });
    assert!(is_there(&path));
    file.take_scan_out().unwrap();
    assert!(!file.has_scan() && !is_there(&path));
    assert!(length() + voxels.len() as u64 / 2 < before, "{} of {before}", length());
    let damage = read(&path).unwrap().damage;
    assert!(damage.is_empty(), "{damage:?}");
    // Once more is nothing; it is written as before, and another can be put in.
    file.take_scan_out().unwrap();
    let mut changed = snapshot.clone();
    changed.active = None;
    assert_eq!(file.write(&changed).unwrap(), WriteOutcome::Written);
    let contents = read(&path).unwrap();
    assert!(contents.scan.is_none() && contents.damage.is_empty());
    assert_eq!(contents.snapshot.objects, changed.objects);
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    file.put_scan(ScanPart { volume: Some(&volume), cancel: &cancel, progress: &progress })
        .unwrap();
    assert_eq!(bytes(&inside(&path).unwrap()), bytes(&volume));
    // It is not there to be taken out of.
    std::fs::remove_file(&path).unwrap();
    assert!(file.take_scan_out().is_err() && file.has_scan());
}

/// A stroke on a session with a scan of 40 MB.
#[cfg(target_os = "linux")]
#[test]
fn a_change_does_not_write_the_scan_again() {
    let (_folder, path) = temporary();
    let grid = Grid::new([320, 256, 256], DAffine3::IDENTITY).unwrap();
    let (dims, stored) = (grid.dims().to_vec(), StoredGeometry::of(&grid));
    let voxels = voxels(3, grid.count(), 5);
    let volume = Volume::new("ct", grid.clone(), dims, voxels, Scale::NONE, stored, vec![]);
    let document = Document::new(Arc::new(volume.clone()));
    let mut snapshot = Snapshot::of(&document, surroundings(&volume), 1);
    let mut object = Object::new(LabelId(1), "one".to_owned(), [1, 2, 3]);
    object.added = boxed(grid.dims(), [9, 9, 9], [120, 120, 120]);
    object.region = Arc::clone(&object.added);
    snapshot.objects = vec![object].into();
    let mut file = with_scan(&path, &snapshot, &volume);
    assert!(std::fs::metadata(&path).unwrap().len() > 40 << 20);
    let object = &mut snapshot.objects[0];
    object.added = boxed(grid.dims(), [9, 9, 9], [140, 120, 120]);
    object.region = Arc::clone(&object.added);
    let before = figures::bytes_written();
    file.write(&snapshot).unwrap();
    let written = figures::bytes_written() - before;
    assert!(written <= 1_000_000, "{written} bytes written for a stroke");
    drop(file);
    assert_eq!(bytes(&inside(&path).unwrap()), bytes(&volume));
}

/// Given up, or without room: what was there before stays, and nothing is left behind.
#[test]
fn a_scan_that_does_not_get_in_changes_nothing() {
    let (folder, path) = temporary();
    let (volume, snapshot) = (noisy(), full_snapshot());
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    cancel.cancel();
    let given_up = ScanPart { volume: Some(&volume), cancel: &cancel, progress: &progress };
    let made = SessionFile::create_with_scan(&path, &snapshot, &Past::default(), given_up);
    assert!(matches!(made, Err(SessionError::Stopped(_))), "{made:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let mut file = create(&path, &snapshot);
    let before = std::fs::read(&path).unwrap();
    let error = file.put_scan(given_up).unwrap_err();
    assert!(matches!(error, SessionError::Stopped(_)), "{error}");
    assert!(!file.has_scan() && std::fs::read(&path).unwrap() == before);
    let cancel = CancelToken::new();
    let part = ScanPart { volume: Some(&volume), cancel: &cancel, progress: &progress };
    let pages = |file: &SessionFile, n: i64| {
        let sql = format!("PRAGMA max_page_count = {n}");
        file.connection().query_row(&sql, [], |_| Ok(())).unwrap();
    };
    pages(&file, 30);
    let error = file.put_scan(part).unwrap_err();
    assert!(matches!(error, SessionError::DiskFull(_)), "{error}");
    assert!(!file.has_scan() && std::fs::read(&path).unwrap() == before);
    pages(&file, 1 << 20);
    file.put_scan(part).unwrap();
    drop(file);
    assert_eq!(inside(&path).unwrap().voxels(), volume.voxels());
    assert_eq!(read(&path).unwrap().damage, []);
}

/// As whoever changes a session does it.
const UNCHECKED: &str = "UPDATE scan SET crc32 = NULL; UPDATE check_sum SET crc32 = NULL";

/// What is broken, and what is said when the scan is read.
#[test]
fn a_scan_that_is_not_whole_is_not_given_back() {
    for (break_it, said) in [
        ("DELETE FROM scan_piece WHERE place = 1", "piece 1 is missing"),
        ("UPDATE scan_piece SET voxels = x'00' WHERE place = 1", "piece 1 is not what was written"),
        ("UPDATE scan_piece SET sha256 = 'x' WHERE place = 1", "piece 1 is not what was written"),
        (
            "UPDATE scan_piece SET voxels = (SELECT voxels FROM scan_piece WHERE place = 0) WHERE place = 1",
            "piece 1 is not what was written",
        ),
        ("UPDATE scan SET time_points = 3", "piece"),
        ("UPDATE scan SET time_points = 1000000", "not as many voxels as it has"),
        ("UPDATE scan SET piece = 1", "piece 6 is missing"),
    ] {
        let (_folder, path) = temporary();
        let (volume, cancel, progress) = (noisy(), CancelToken::new(), Progress::new());
        let part = ScanPart { volume: Some(&volume), cancel: &cancel, progress: &progress };
        let file = create(&path, &full_snapshot());
        pack(file.connection(), &volume, part, 16_000).unwrap();
        drop(file);
        assert_eq!(inside(&path).unwrap().voxels(), volume.voxels());
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(&format!("{UNCHECKED}; {break_it}")).unwrap();
        drop(connection);
        // The masks are whole, and so is the session.
        let contents = read(&path).unwrap();
        assert_eq!(contents.damage, [], "{break_it}");
        assert_eq!(contents.snapshot.objects, full_snapshot().objects);
        let error = inside(&path).unwrap_err().to_string();
        assert!(
            error.contains(said) && error.contains("its masks are whole"),
            "{break_it}: {error}"
        );
        // As if nothing were wrong with what is said of it.
        assert!(SessionFile::open(&path, false).unwrap().file.is_ok());
    }
}

/// What is said of the voxels is not what was written: it is told with the session, whose masks are whole.
#[test]
fn what_is_said_of_a_scan_is_checked() {
    for (break_it, said) in [
        ("UPDATE scan SET data_type = 'uint16'", "is not what was written"),
        ("UPDATE scan SET slope = 2", "is not what was written"),
        ("UPDATE scan_piece SET sha256 = 'x'", "is not what was written"),
        ("UPDATE scan SET crc32 = NULL, data_type = 'odd'", "of the type “odd”"),
        ("UPDATE scan SET crc32 = NULL, time_points = 0", "0 time points"),
        ("UPDATE scan SET crc32 = NULL, slope = 0", "0 times what is stored"),
        ("UPDATE scan SET crc32 = NULL, converted = 'x'", "were “x”"),
        ("UPDATE scan SET crc32 = NULL, piece = -1", "pieces have -1 voxels"),
        ("DROP TABLE scan", "how the scan stands in it can't be read"),
    ] {
        let (_folder, path) = temporary();
        drop(with_scan(&path, &full_snapshot(), &noisy()));
        Connection::open(&path).unwrap().execute_batch(break_it).unwrap();
        let Opened { contents, file } = SessionFile::open(&path, false).unwrap();
        assert_eq!(file.err(), Some(ReadOnly::Damaged), "{break_it}");
        assert!(contents.scan.is_none(), "{break_it}");
        assert!(contents.damage[0].0.contains(said), "{break_it}: {:?}", contents.damage);
        assert_eq!(contents.snapshot.objects, full_snapshot().objects, "{break_it}");
    }
}

#[test]
fn reading_a_scan_can_be_given_up() {
    let (_folder, path) = temporary();
    drop(with_scan(&path, &full_snapshot(), &noisy()));
    let contents = read(&path).unwrap();
    let place = (&contents.snapshot.around.source, contents.scan.as_ref().unwrap());
    let cancel = CancelToken::new();
    cancel.cancel();
    assert!(read_scan(&path, place, "", &cancel, &Progress::new()).unwrap().is_none());
    assert_eq!(estimated_bytes(&noisy(), &cancel), None);
}
