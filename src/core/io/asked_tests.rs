//! Files of which it is asked how their voxels lie, as nibabel, Pillow and tifffile read them (`tests/data/asked`), and
//! parts of scans of all formats.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::geom::{DAffine3, DMat3, DVec3, Grid};
use crate::volume::{DataType, LabelMap, LabelName, Provenance, Scale, Volume, Voxels};
use crate::work::{CancelToken, Progress};

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    /// Hexadecimal.
    files: BTreeMap<String, String>,
    open: String,
    orientation: Option<String>,
    spacing: Option<[f64; 3]>,
    error: Option<String>,
    /// What is proposed with it.
    #[serde(default)]
    likely: Option<String>,
    #[serde(default)]
    dims: Vec<usize>,
    #[serde(default)]
    dtype: String,
    #[serde(default)]
    affine: Vec<[f64; 4]>,
    #[serde(default)]
    values: Vec<f64>,
    #[serde(default)]
    factor: f64,
    #[serde(default)]
    warns: String,
}

fn cases() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/asked/cases.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digit = |c: u8| (c as char).to_digit(16).unwrap() as u8;
    hex.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn options(orientation: Option<&str>, spacing: Option<[f64; 3]>) -> OpenOptions {
    let orientation = orientation.map(|o| TypedPlace::parse_orientation(o).unwrap());
    OpenOptions { place: TypedPlace { orientation, spacing }, ..OpenOptions::default() }
}

fn open_as(path: &Path, options: &OpenOptions) -> Result<Volume, IoError> {
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    formats().open_as(&Source::at(path), options, &Limits::default(), &cancel, &progress)
}

fn every(n: usize) -> OpenOptions {
    let part = VolumePart { every: [n; 3], ..VolumePart::default() };
    OpenOptions { part, ..OpenOptions::default() }
}

fn check(case: &Case, volume: &Volume) {
    let name = &case.name;
    assert_eq!(volume.file_dims(), case.dims, "{name}");
    assert_eq!(volume.voxels().data_type().name(), case.dtype, "{name}");
    let affine = volume.grid().world_from_voxel();
    for (r, row) in case.affine[..3].iter().enumerate() {
        let found = affine.matrix3.row(r).extend(affine.translation[r]);
        for (found, meant) in found.to_array().iter().zip(row) {
            assert!((found - meant).abs() < 1e-4, "{name}: {affine:?}");
        }
    }
    assert_eq!(volume.scale().slope, case.factor, "{name}");
    let stored: Vec<f64> = (0..volume.voxels().len()).map(|i| volume.voxels().raw(i)).collect();
    assert_eq!(stored, case.values, "{name}");
    let warnings: Vec<&str> = volume.warnings().iter().map(|w| w.0.as_str()).collect();
    assert!(warnings.iter().any(|w| w.contains(&case.warns)), "{name}: {warnings:?}");
}

#[test]
fn files_that_do_not_say_how_they_lie_are_read_as_it_is_typed() {
    let cases = cases();
    assert!(cases.len() > 60, "{}", cases.len());
    for case in &cases {
        let folder = tempfile::tempdir().unwrap();
        for (name, hex) in &case.files {
            std::fs::write(folder.path().join(name), bytes_of(hex)).unwrap();
        }
        let path =
            if case.open == "." { folder.path().into() } else { folder.path().join(&case.open) };
        let options = options(case.orientation.as_deref(), case.spacing);
        let read = open_as(&path, &options);
        match (&case.error, read) {
            (Some(words), Err(error)) => {
                let proposed = match &error {
                    IoError::NoOrientation { likely, .. } => Some(likely.letters()),
                    _ => None,
                };
                assert_eq!(proposed, case.likely, "{}", case.name);
                let error = error.to_string();
                assert!(
                    error.contains(words) && error.lines().count() == 1,
                    "{}: {error}",
                    case.name
                );
            }
            (None, Ok(volume)) => {
                check(case, &volume);
                let again = OpenOptions::of(volume.provenance());
                assert_eq!(again, options, "{}: by what is kept of it", case.name);
                let part = OpenOptions { part: every(2).part, ..options };
                let coarse = open_as(&path, &part).unwrap();
                same_part(&volume, &coarse, &part.part, &case.name);
            }
            (Some(words), Ok(_)) => panic!("{} was read, not refused: {words}", case.name),
            (None, Err(error)) => panic!("{}: {error}", case.name),
        }
    }
}

#[test]
fn damaged_pictures_do_no_harm() {
    for case in cases().iter().filter(|case| case.error.is_none() && case.files.len() < 3) {
        let Some((name, hex)) = case.files.iter().find(|(name, _)| **name != "scan.mat") else {
            continue;
        };
        let folder = tempfile::tempdir().unwrap();
        for (name, hex) in &case.files {
            std::fs::write(folder.path().join(name), bytes_of(hex)).unwrap();
        }
        let path =
            if case.open == "." { folder.path().into() } else { folder.path().join(&case.open) };
        let options = options(case.orientation.as_deref(), case.spacing);
        let whole = bytes_of(hex);
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..60 {
            let mut bytes = whole.clone();
            let at = random.usize(..bytes.len());
            bytes[at] ^= random.u8(1..);
            if random.bool() {
                bytes.truncate(random.usize(1..bytes.len()));
            }
            std::fs::write(folder.path().join(name), bytes).unwrap();
            if let Err(error) = open_as(&path, &options) {
                assert_eq!(error.to_string().lines().count(), 1, "{}: {error}", case.name);
            }
        }
    }
}

/// A part has the voxels of the whole, where they lie in it.
fn same_part(whole: &Volume, part: &Volume, meant: &VolumePart, name: &str) {
    let bounds = meant.bounds(whole.grid().dims()).unwrap();
    assert_eq!(part.grid().dims(), bounds.dims, "{name}");
    assert_eq!(part.time_points(), whole.time_points(), "{name}");
    assert_eq!(part.voxels().data_type(), whole.voxels().data_type(), "{name}");
    for t in 0..whole.time_points() {
        for (k, z) in bounds.along(2).enumerate() {
            for (j, y) in bounds.along(1).enumerate() {
                for (i, x) in bounds.along(0).enumerate() {
                    let values = [part.value_in(t, [i, j, k]), whole.value_in(t, [x, y, z])];
                    assert!(values[0] == values[1], "{name}: {values:?}");
                    let apart =
                        part.grid().world_of([i, j, k]).distance(whole.grid().world_of([x, y, z]));
                    assert!(apart < 1e-4, "{name}: {apart} mm");
                }
            }
        }
    }
    assert_eq!(OpenOptions::of(part.provenance()).part, *meant, "{name}");
    assert!(part.provenance().geometry.is_none() || meant.is_whole(), "{name}");
}

/// Oblique, of three voxel sizes.
fn scan(dims: [usize; 3]) -> Volume {
    let matrix3 = DMat3::from_rotation_z(0.3) * DMat3::from_diagonal(DVec3::new(-0.5, 0.75, 2.0));
    let affine = DAffine3 { matrix3, translation: DVec3::new(10.0, -20.0, 30.0) };
    let grid = Grid::new(dims, affine).unwrap();
    let voxels = (0..grid.count()).map(|n| (n * 37 % 1001) as i16 - 500).collect();
    let said = Provenance::default();
    Volume::new("s", grid, dims.to_vec(), Voxels::I16(voxels), Scale::NONE, said, vec![])
}

#[test]
fn a_part_of_a_file_of_any_format_has_its_voxels_at_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let scan = scan([9, 7, 6]);
    for ending in formats().written_endings(ContentKind::Scan) {
        let path = folder.path().join(format!("scan{ending}"));
        formats().save_scan(&path, &scan, &CancelToken::new(), &Progress::new()).unwrap();
        let whole = open_as(&path, &OpenOptions::default()).unwrap();
        for (crop, every) in [
            ([None, Some([2, 6]), Some([1, usize::MAX])], [1, 1, 1]),
            ([None; 3], [2, 3, 1]),
            ([Some([1, 8]), Some([0, 7]), Some([2, 3])], [3, 2, 2]),
        ] {
            let part = VolumePart { crop, every };
            let read =
                open_as(&path, &OpenOptions { part: part.clone(), ..OpenOptions::default() });
            same_part(&whole, &read.unwrap(), &part, ending);
        }
        let none = VolumePart { crop: [Some([9, 12]), None, None], every: [1; 3] };
        let error = open_as(&path, &OpenOptions { part: none, ..OpenOptions::default() });
        assert!(matches!(error, Err(IoError::NoPart { .. })), "{ending}");
    }
}

#[test]
fn a_scan_too_large_is_read_coarser_and_says_how_large_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let scan = scan([40, 30, 20]);
    let limits = Limits { memory: 9000 };
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    for ending in formats().written_endings(ContentKind::Scan) {
        let path = folder.path().join(format!("scan{ending}"));
        formats().save_scan(&path, &scan, &cancel, &progress).unwrap();
        let source = Source::at(&path);
        let read = |options: &OpenOptions| {
            formats().open_as(&source, options, &limits, &cancel, &progress)
        };
        let error = read(&OpenOptions::default()).unwrap_err();
        let IoError::TooLarge { needed, dims, .. } = &error else { panic!("{ending}: {error}") };
        assert_eq!((*needed, *dims), (48_000, Some([40, 30, 20])), "{ending}");
        assert!(error.to_string().contains("smaller or coarser"), "{error}");
        assert_eq!(read(&every(2)).unwrap().grid().dims(), [20, 15, 10], "{ending}");
    }
}

#[test]
fn typed_places_are_for_files_that_have_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.nii");
    formats().save_scan(&path, &scan([2, 2, 2]), &CancelToken::new(), &Progress::new()).unwrap();
    for place in [options(Some("RAS"), None), options(None, Some([1.0; 3]))] {
        assert!(matches!(open_as(&path, &place), Err(IoError::SaysPlace(_))));
    }
}

fn labels_of_scan(scan: &Volume) -> (LabelMap, Vec<LabelName>) {
    let voxels: Vec<u16> = (0..scan.grid().count()).map(|n| (n % 3) as u16).collect();
    let map = LabelMap::from_labels(scan.grid().dims(), &voxels);
    let name = |value: u16, name: &str| LabelName {
        value,
        name: name.to_owned(),
        colour: [1, 2, 3],
        opacity: 1.0,
        visible: true,
    };
    (map, vec![name(1, "Liver"), name(2, "Spleen")])
}

fn save(path: &Path, scan: &Volume) -> Result<Saved, IoError> {
    let (map, names) = labels_of_scan(scan);
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    save_labels(path, &map, scan.grid(), scan.provenance(), &names, &cancel, &progress)
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_header_and_its_voxels_are_saved_together() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { folder.path().join(name) };
    let scan = scan([5, 4, 3]);
    let saved = save(&at("m.mhd"), &scan).unwrap();
    assert_eq!(names_in(folder.path()), ["m.labels.txt", "m.mhd", "m.raw"]);
    assert_eq!(std::fs::metadata(at("m.raw")).unwrap().len(), 60);
    let bytes = std::fs::metadata(at("m.mhd")).unwrap().len() + 60;
    assert_eq!(saved.bytes, bytes);
    let read = open_as(&at("m.mhd"), &OpenOptions::default()).unwrap();
    assert!(read.grid().matches(scan.grid(), 1e-4));
    assert_eq!(read.files(), [at("m.mhd"), at("m.raw")]);
    assert_eq!(read.voxels().data_type(), DataType::U8);
    assert_eq!((read.voxels().raw(4), read.voxels().raw(5)), (1.0, 2.0));
    // Again over them, and nothing of the old ones is left.
    save(&at("m.mhd"), &scan).unwrap();
    assert_eq!(names_in(folder.path()), ["m.labels.txt", "m.mhd", "m.raw"]);
    let header = std::fs::read_to_string(at("m.mhd")).unwrap();
    assert!(
        header.contains("ElementDataFile = m.raw\n") && header.contains("CompressedData = False")
    );
    assert!(!formats().is_foreign(&at("m.mhd")));
}

#[test]
fn what_stands_where_the_voxels_go_is_seen_before() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { folder.path().join(name) };
    assert_eq!(formats().voxels_file(&at("m.mhd")), Some(at("m.raw")));
    assert_eq!(formats().voxels_file(&at("m.mha")), None);
    assert_eq!(formats().voxels_without_header(&at("m.mhd")), None);
    std::fs::write(at("m.raw"), "of a CT").unwrap();
    assert_eq!(formats().voxels_without_header(&at("m.mhd")), Some(at("m.raw")));
    save(&at("m.mhd"), &scan([2, 2, 2])).unwrap();
    assert_eq!(formats().voxels_without_header(&at("m.mhd")), None);
    let stamp = PairStamp::of(formats(), &at("m.mhd"));
    assert_eq!(stamp.changed(), None);
    std::fs::write(at("m.raw"), "others wrote").unwrap();
    assert_eq!(stamp.changed(), Some(at("m.raw")));
}

#[test]
fn a_save_of_two_files_that_fails_leaves_the_old_ones() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { folder.path().join(name) };
    save(&at("m.mhd"), &scan([2, 2, 2])).unwrap();
    let old = std::fs::read(at("m.raw")).unwrap();
    let cancel = CancelToken::new();
    cancel.cancel();
    let (map, names) = labels_of_scan(&scan([3, 3, 3]));
    let grid = scan([3, 3, 3]).grid().clone();
    let said = Provenance::default();
    let stopped = save_labels(&at("m.mhd"), &map, &grid, &said, &names, &cancel, &Progress::new());
    assert!(matches!(stopped, Err(IoError::Cancelled)));
    assert_eq!(std::fs::read(at("m.raw")).unwrap(), old);
    // A folder in the place of the voxels.
    std::fs::remove_file(at("m.raw")).unwrap();
    std::fs::create_dir_all(at("m.raw/full")).unwrap();
    let header = std::fs::read(at("m.mhd")).unwrap();
    assert!(save(&at("m.mhd"), &scan([3, 3, 3])).is_err());
    assert_eq!(std::fs::read(at("m.mhd")).unwrap(), header);
    assert_eq!(names_in(folder.path()), ["m.labels.txt", "m.mhd", "m.raw"]);
}

/// A ZIP archive with these files.
fn zip(path: &Path, files: &[(&str, &[u8])]) {
    use std::io::Write as _;
    let mut zip = ::zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in files {
        let options = ::zip::write::SimpleFileOptions::default();
        zip.start_file(*name, options.compression_method(::zip::CompressionMethod::Deflated))
            .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn images_in_archives_are_read_without_leaving_anything() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { folder.path().join(name) };
    let scan = scan([5, 4, 3]);
    let mut files = Vec::new();
    for ending in [".nii.gz", ".nrrd", ".mha", ".mgz"] {
        let path = at(&format!("x{ending}"));
        formats().save_scan(&path, &scan, &CancelToken::new(), &Progress::new()).unwrap();
        files.push((format!("../../sub/x{ending}"), std::fs::read(&path).unwrap()));
    }
    for (name, bytes) in &files {
        let archive = at("one.zip");
        zip(&archive, &[(name, bytes), ("__MACOSX/._x.nii", b"no"), ("readme.txt", b"text")]);
        let read = open_as(&archive, &OpenOptions::default()).unwrap();
        assert!(read.grid().matches(scan.grid(), 1e-4), "{name}");
        assert_eq!((read.voxels(), read.name()), (scan.voxels(), "one.zip"), "{name}");
        assert_eq!(read.files(), [archive], "{name}");
    }
    let all: Vec<(&str, &[u8])> = files.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
    let archive = at("all.zip");
    zip(&archive, &all);
    let several = open_as(&archive, &OpenOptions::default()).unwrap_err().to_string();
    assert!(several.contains("holds 4 images") && several.contains("sub/x.mgz"), "{several}");
    let source = Source::at(&archive);
    let list = formats().list(&source, &CancelToken::new(), &Progress::new()).unwrap().unwrap();
    assert_eq!((list.rows().len(), list.is_plain()), (4, false));
    // A scan takes more bytes than its labels.
    zip(&at("both.zip"), &[("a_labels.nii", &[0; 400]), ("scan.nii", &[0; 700])]);
    let both = Source::at(&at("both.zip"));
    let both = formats().list(&both, &CancelToken::new(), &Progress::new()).unwrap().unwrap();
    assert_eq!(both.likely(), 1);
    let chosen = Source::Chosen { place: archive.clone(), series: "../../sub/x.nrrd".into() };
    let (cancel, progress, limits) = (CancelToken::new(), Progress::new(), Limits::default());
    let read = formats().open(&chosen, &limits, &cancel, &progress).unwrap();
    assert_eq!(read.name(), "all.zip (../../sub/x.nrrd)");
    assert_eq!(read.provenance().series().as_deref(), Some("../../sub/x.nrrd"));
    assert!(!at("../../sub").exists(), "nothing was written to a place of that name");
}

#[test]
fn archives_that_lie_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { folder.path().join(name) };
    let fails = |name: &str, words: &str| {
        let error = open_as(&at(name), &OpenOptions::default()).unwrap_err().to_string();
        assert!(error.contains(words) && error.lines().count() == 1, "{name}: {error}");
    };
    // A header that leads out of the archive.
    let out = b"NRRD0004\ntype: uint8\ndimension: 3\nsizes: 2 2 2\nencoding: raw\ndata file: ../../../../etc/passwd\n";
    zip(&at("out.zip"), &[("x.nrrd", out)]);
    let error = open_as(&at("out.zip"), &OpenOptions::default()).unwrap_err().to_string();
    assert!(error.contains("out.zip") && error.lines().count() == 1, "{error}");
    let header = b"ObjectType = Image\nNDims = 3\nDimSize = 2 2 2\nElementType = MET_UCHAR\nElementDataFile = x.raw\n";
    zip(&at("raw.zip"), &[("x.mha", header), ("x.raw", &[0; 8])]);
    fails("raw.zip", "x.raw");
    zip(&at("none.zip"), &[("readme.txt", b"text")]);
    fails("none.zip", "a ZIP archive");
    // What claims to unpack to more than deflate can.
    let many = vec![0; 4 << 20];
    zip(&at("bomb.zip"), &[("x.nii", &many)]);
    let mut bytes = std::fs::read(at("bomb.zip")).unwrap();
    let claimed = (4u32 << 20).to_le_bytes();
    let huge = u32::MAX.to_le_bytes();
    while let Some(at) = bytes.windows(4).position(|w| w == claimed) {
        bytes[at..at + 4].copy_from_slice(&huge);
    }
    std::fs::write(at("bomb.zip"), bytes).unwrap();
    fails("bomb.zip", "it claims what can't be");
    // The bytes of a member were changed.
    let nifti = std::fs::read({
        formats()
            .save_scan(&at("x.nii"), &scan([9, 9, 9]), &CancelToken::new(), &Progress::new())
            .unwrap();
        at("x.nii")
    });
    zip(&at("changed.zip"), &[("x.nii", &nifti.unwrap())]);
    let mut bytes = std::fs::read(at("changed.zip")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    std::fs::write(at("changed.zip"), bytes).unwrap();
    assert!(open_as(&at("changed.zip"), &OpenOptions::default()).is_err());
}
