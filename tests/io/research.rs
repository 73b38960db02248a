//! NRRD, `MetaImage` and MGH files, ordinary, odd and damaged, against what `SimpleITK`, nibabel and pynrrd read in them
//! (`tests/data/formats/make.py`).

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use voxpoint::io::{IoError, Limits, open_volume};
use voxpoint::volume::Volume;
use voxpoint::work::{CancelToken, Progress};

const LIMITS: Limits = Limits { memory: 1 << 30 };

#[derive(Deserialize)]
struct Case {
    name: String,
    /// Hexadecimal.
    files: BTreeMap<String, String>,
    open: String,
    error: Option<String>,
    expect: Option<Expect>,
}

#[derive(Deserialize)]
struct Expect {
    dims: [usize; 3],
    time_points: usize,
    affine: [[f64; 4]; 3],
    values: Vec<f64>,
    #[serde(rename = "type")]
    data_type: String,
    says: Vec<String>,
    by: String,
}

fn cases() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/formats/cases.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digit = |i: usize| u8::from_str_radix(&hex[i..i + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

impl Case {
    /// Writes its files; the one to be opened.
    fn write(&self, folder: &Path) -> PathBuf {
        for (name, hex) in &self.files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes_of(hex)).unwrap();
        }
        folder.join(&self.open)
    }
}

fn open_within(path: &Path, limits: Limits) -> Result<Volume, IoError> {
    open_volume(path, &limits, &CancelToken::new(), &Progress::new())
}

/// What differs from what is expected.
fn differences(volume: &Volume, meant: &Expect) -> Vec<String> {
    let mut wrong = Vec::new();
    let grid = volume.grid();
    if (grid.dims(), volume.time_points()) != (meant.dims, meant.time_points) {
        wrong.push(format!("{:?}, {} time points", grid.dims(), volume.time_points()));
        return wrong;
    }
    let m = grid.world_from_voxel();
    for (r, row) in meant.affine.iter().enumerate() {
        let found = [m.x_axis[r], m.y_axis[r], m.z_axis[r], m.translation[r]];
        if found.iter().zip(row).any(|(f, m)| (f - m).abs() > 1e-5) {
            wrong.push(format!("row {r} of the affine is {found:?} instead of {row:?}"));
        }
    }
    if volume.voxels().data_type().name() != meant.data_type {
        wrong.push(format!("type {}", volume.voxels().data_type().name()));
    }
    let found: Vec<f64> = (0..volume.voxels().len()).map(|i| volume.voxels().raw(i)).collect();
    if found.iter().zip(&meant.values).any(|(f, m)| (f - m).abs() > 1e-6 * m.abs()) {
        wrong.push(format!("values {found:?} instead of {:?}", meant.values));
    }
    let said: Vec<&str> = volume.warnings().iter().map(|w| w.0.as_str()).collect();
    for words in &meant.says {
        if !said.iter().any(|text| text.contains(words.as_str())) {
            wrong.push(format!("no {words:?} in {said:?}"));
        }
    }
    if meant.says.is_empty() && !said.is_empty() {
        wrong.push(format!("says {said:?}"));
    }
    wrong
}

#[test]
fn files_read_as_reference_readers_read_them() {
    let (mut compared, mut wrong) = (0, Vec::new());
    for case in cases() {
        let folder = tempfile::tempdir().unwrap();
        let path = case.write(folder.path());
        let opened = open_within(&path, LIMITS);
        let found = match (opened, &case.expect, &case.error) {
            (Ok(volume), Some(meant), _) => {
                let found = differences(&volume, meant).into_iter();
                found.map(|text| format!("{text} (by {})", meant.by)).collect()
            }
            (Ok(_), None, _) => vec!["was opened".to_owned()],
            (Err(error), _, Some(words)) => {
                let error = error.to_string();
                let right = error.contains(words.as_str()) && error.lines().count() == 1;
                if right { Vec::new() } else { vec![format!("no {words:?} in {error:?}")] }
            }
            (Err(error), ..) => vec![error.to_string()],
        };
        wrong.extend(found.into_iter().map(|text| format!("{}: {text}", case.name)));
        compared += 1;
    }
    assert!(compared > 250, "only {compared} cases were found");
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Headers of every format, attached and detached, plain and packed.
fn to_be_damaged() -> Vec<Case> {
    const NAMES: &[&str] = &[
        "type short",
        "gzip",
        "bzip2",
        "ascii",
        "hex",
        "list first",
        "RGB-color last",
        "spacings and axis mins alone",
        "a list of files",
        "a pattern of files",
        "the whole file in bzip2",
        "type MET_SHORT",
        "zlib",
        "numbers as text",
        "pattern",
        "channels",
        "MGH of type 4",
        "MGZ",
        "parameters and tags",
    ];
    let found: Vec<Case> =
        cases().into_iter().filter(|case| NAMES.contains(&case.name.as_str())).collect();
    assert_eq!(found.len(), NAMES.len());
    found
}

/// Nothing panics, and no claim takes more memory than the limit.
fn open_damaged(path: &Path, bytes: &[u8], what: &str) {
    std::fs::write(path, bytes).unwrap();
    match open_within(path, Limits { memory: 4096 }) {
        Ok(volume) => {
            let bytes = volume.voxels().len() * volume.voxels().data_type().size();
            assert!(bytes <= 4096, "{what}: {bytes} bytes");
        }
        Err(error) => assert_eq!(error.to_string().lines().count(), 1, "{what}: {error}"),
    }
}

#[test]
fn no_beginning_of_a_file_is_taken_for_the_whole() {
    for case in to_be_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = case.write(folder.path());
        let whole = std::fs::read(&path).unwrap();
        for n in 0..whole.len() {
            open_damaged(&path, &whole[..n], &format!("{}, {n} bytes", case.name));
        }
    }
}

#[test]
fn no_changed_byte_makes_a_panic() {
    let mut random = fastrand::Rng::with_seed(18);
    for case in to_be_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = case.write(folder.path());
        let whole = std::fs::read(&path).unwrap();
        for n in 0..400 {
            let mut bytes = whole.clone();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(..bytes.len());
                // Digits and blanks change headers more than noise does.
                bytes[at] = if random.bool() { random.u8(..) } else { b"0123456789-. ,()"[n % 16] };
            }
            if random.u8(..) < 40 {
                let at = random.usize(..bytes.len());
                let text = b"999999999999";
                bytes.splice(at..at, text.iter().copied());
            }
            open_damaged(&path, &bytes, &case.name);
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A bomb's header says what it would be before it is one.
#[test]
fn what_inflates_beyond_the_limit_is_refused_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.nrrd");
    let head = "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2000 1000 50\nspacings: 1 1 1\nencoding: gzip\n\n";
    let mut bytes = head.as_bytes().to_vec();
    bytes.extend(gzip(&vec![0; 100_000_000]));
    assert!(bytes.len() < 1 << 20);
    std::fs::write(&path, bytes).unwrap();
    let error = open_within(&path, Limits { memory: 99_999_999 }).unwrap_err();
    assert!(matches!(error, IoError::TooLarge { needed: 100_000_000, .. }), "{error}");
}

#[test]
fn cancelling_and_progress_work_for_all() {
    for case in to_be_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = case.write(folder.path());
        let cancel = CancelToken::new();
        cancel.cancel();
        let error = open_volume(&path, &LIMITS, &cancel, &Progress::new()).unwrap_err();
        assert!(matches!(error, IoError::Cancelled), "{}: {error}", case.name);
        let progress = Progress::new();
        open_volume(&path, &LIMITS, &CancelToken::new(), &progress).unwrap();
        let (done, total) = progress.get();
        assert!(done == total && total > 0, "{}: {done} of {total}", case.name);
    }
}

/// Packed as a whole: any format, by what is in the file.
#[test]
fn files_in_bzip2_and_zstd_are_read_like_those_in_gzip() {
    let data =
        |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/formats").join(name);
    let folder = tempfile::tempdir().unwrap();
    let nifti = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/nifti/ref_int16.nii.gz");
    let plain = open_within(&nifti, LIMITS).unwrap();
    for name in ["small.nii.bz2", "small.nii.zst", "frames.nii.zst"] {
        let volume = open_within(&data(name), LIMITS).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(volume.grid().dims(), [8, 7, 6], "{name}");
        for (x, y, z) in [(0, 0, 0), (7, 6, 5), (3, 4, 2)] {
            assert_eq!(volume.value([x, y, z]), plain.value([x, y, z]), "{name}");
        }
        assert_eq!(volume.warnings(), [], "{name}");
        let whole = std::fs::read(data(name)).unwrap();
        let path = folder.path().join(name);
        for (bytes, words) in [
            (whole[..whole.len() - 3].to_vec(), "cut short"),
            (whole[..whole.len() / 2].to_vec(), "cut short"),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let error = open_within(&path, LIMITS).unwrap_err().to_string();
            assert!(error.contains(words), "{name}: {error}");
        }
        let mut wrong = whole.clone();
        let last = wrong.len() - 1;
        wrong[last] ^= 0x55;
        std::fs::write(&path, &wrong).unwrap();
        assert!(open_within(&path, LIMITS).is_err(), "{name}: a wrong checksum");
    }
}
