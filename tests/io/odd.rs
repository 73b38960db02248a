//! Odd, crafted and damaged NIfTI files against what nibabel reads in them.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use voxpoint::io::{IoError, Limits, open_volume};
use voxpoint::volume::{DataType, Scale, Volume, Voxels};
use voxpoint::work::{CancelToken, Progress};

const LIMITS: Limits = Limits { memory: 1 << 30 };

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/nifti").join(name)
}

fn open(path: &Path) -> Result<Volume, IoError> {
    open_volume(path, &LIMITS, &CancelToken::new(), &Progress::new())
}

fn expected() -> serde_json::Map<String, serde_json::Value> {
    let text = std::fs::read_to_string(data("expected.json")).unwrap();
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    all["files"].as_object().unwrap().clone()
}

fn close(found: f64, meant: f64, what: &str) {
    let tolerance = 1e-5 * meant.abs().max(1.0);
    assert!((found - meant).abs() <= tolerance, "{what}: {found} instead of {meant}");
}

/// Compares a volume with an entry of `expected.json`.
fn compare(name: &str, volume: &Volume, meant: &serde_json::Value) {
    let shape: Vec<usize> =
        meant["shape"].as_array().unwrap().iter().map(|d| d.as_u64().unwrap() as usize).collect();
    assert_eq!(volume.file_dims(), shape, "{name}");
    let m = volume.grid().world_from_voxel();
    for row in 0..3 {
        let linear = m.matrix3.row(row).to_array();
        for column in 0..4 {
            let found = if column < 3 { linear[column] } else { m.translation[row] };
            let value = meant["affine_ras"][row][column].as_f64().unwrap();
            close(found, value, &format!("{name} affine [{row}][{column}]"));
        }
    }
    assert_eq!(
        volume.grid().orientation().letters(),
        meant["orientation"].as_str().unwrap(),
        "{name}"
    );
    let stats = volume.stats();
    close(stats.min, meant["min"].as_f64().unwrap(), &format!("{name} min"));
    close(stats.max, meant["max"].as_f64().unwrap(), &format!("{name} max"));
    close(stats.mean, meant["mean"].as_f64().unwrap(), &format!("{name} mean"));
    for (key, voxel) in [("voxel_20_22_18", [20, 22, 18]), ("voxel_5_6_7", [5, 6, 7])] {
        if let Some(value) = meant[key].as_f64() {
            close(volume.value(voxel), value, &format!("{name} {key}"));
        }
    }
    if let Some(value) = meant["flat_third"].as_f64() {
        let raw = volume.voxels().raw(volume.voxels().len() / 3);
        close(volume.scale().apply(raw), value, &format!("{name} flat_third"));
    }
    if let Some(numpy) = meant["dtype"].as_str().filter(|t| t.chars().all(char::is_alphanumeric)) {
        let kept = if numpy == "complex64" { "float32" } else { numpy };
        assert_eq!(volume.voxels().data_type().name(), kept, "{name}");
    }
}

#[test]
fn odd_files_read_as_nibabel_reads_them() {
    let mut compared = 0;
    for (name, meant) in expected() {
        let other_half = name == "pair_gz.img.gz" || name == "analyze75.hdr";
        if meant.get("must_fail").is_some() || meant.get("mean").is_none() || other_half {
            continue;
        }
        let volume = open(&data(&name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        compare(&name, &volume, &meant);
        compared += 1;
    }
    assert!(compared >= 30, "only {compared} files were compared");
    // The voxels of a pair, chosen instead of their header.
    compare(
        "niivue_ras.img",
        &open(&data("niivue_ras.img")).unwrap(),
        &expected()["niivue_ras.hdr"],
    );
}

#[test]
fn what_is_unusual_is_said() {
    let said = |name: &str, words: &str| {
        let volume = open(&data(name)).unwrap();
        let found = volume.warnings().iter().any(|w| w.0.contains(words));
        assert!(found, "{name}: no {words:?} in {:?}", volume.warnings());
    };
    said("sform_qform_differ.nii.gz", "disagree by up to");
    said("four_d.nii.gz", "3 time points, opened at the first");
    said("rgb24.nii.gz", "luminance");
    said("complex64.nii.gz", "magnitude");
    said("no_codes.nii.gz", "left and right may be swapped");
    said("zero_pixdim.nii.gz", "spacing");
    for quiet in ["ref_int16.nii.gz", "with_extension.nii.gz", "slope_zero.nii.gz", "int64.nii.gz"]
    {
        assert_eq!(open(&data(quiet)).unwrap().warnings(), [], "{quiet}");
    }
    assert_eq!(open(&data("slope_zero.nii.gz")).unwrap().scale(), Scale::NONE);
    let not_finite = open(&data("nan_inf_float32.nii.gz")).unwrap().stats().not_finite;
    assert!(not_finite > 0);
}

/// One line that names the fault and ends with the path.
fn fails(path: &Path, words: &str) {
    let error = open(path).expect_err(&format!("{} was opened", path.display())).to_string();
    assert!(error.contains(words), "no {words:?} in {error:?}");
    assert!(error.ends_with(&path.display().to_string()), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn bad_files_fail_with_a_clear_line() {
    for (name, words) in [
        ("bad_truncated.nii.gz", "cut short"),
        ("bad_short_data.nii.gz", "bytes of voxels are there"),
        ("bad_huge_dims.nii.gz", "header claims 70.4 TB"),
        ("bad_magic.nii.gz", "ANALYZE 7.5 file or a NIfTI file with a damaged header"),
        ("bad_empty.nii.gz", "empty"),
        ("analyze75.hdr", "second file (.img"),
    ] {
        fails(&data(name), words);
    }
}

#[test]
fn other_things_than_scans_are_named() {
    let dir = tempfile::tempdir().unwrap();
    fails(dir.path(), "a folder");
    fails(&dir.path().join("nothing.nii.gz"), "no such file");
    let mut dicom = vec![0u8; 600];
    dicom[128..132].copy_from_slice(b"DICM");
    let contents: [(&[u8], &str); 5] = [
        (b"just some words\n", "a text file"),
        (b"\xff\xd8\xff0000", "a JPEG picture"),
        (b"NRRD0004\n", "the type of the voxels"),
        (&[0, 0, 0, 1, 0, 0, 0, 44], "MGH"),
        (&dicom, "DICOM"),
    ];
    for (content, words) in contents {
        for gz in [false, true] {
            let path = dir.path().join("scan.nii.gz");
            std::fs::write(&path, if gz { gzip(content) } else { content.to_vec() }).unwrap();
            fails(&path, words);
        }
    }
    let path = dir.path().join("scan.nii.gz");
    std::fs::write(&path, b"\x1f\x8b but not really gzip").unwrap();
    fails(&path, "damaged");
    std::fs::write(&path, b"BZh91AY&SY").unwrap();
    fails(&path, "cut short");
    // Packed twice is not unpacked twice.
    for (packed, words) in
        [(&b"BZh91AY&SY"[..], "bzip2"), (b"\x28\xb5\x2f\xfd1234", "zstd"), (b"\x1f\x8b", "twice")]
    {
        std::fs::write(&path, gzip(packed)).unwrap();
        fails(&path, words);
    }
}

// Crafted files.

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A NIfTI-1 file in the byte order that `big` says, sform 2 mm, voxels at 352.
fn nifti1(dims: &[i16], datatype: i16, bitpix: i16, big: bool, voxels: &[u8]) -> Vec<u8> {
    let mut file = vec![0u8; 352];
    let mut put = |at: usize, mut bytes: Vec<u8>| {
        if big {
            bytes.reverse();
        }
        file[at..at + bytes.len()].copy_from_slice(&bytes);
    };
    put(0, 348i32.to_le_bytes().to_vec());
    put(40, (dims.len() as i16).to_le_bytes().to_vec());
    for (i, d) in dims.iter().enumerate() {
        put(42 + 2 * i, d.to_le_bytes().to_vec());
    }
    put(70, datatype.to_le_bytes().to_vec());
    put(72, bitpix.to_le_bytes().to_vec());
    put(108, 352f32.to_le_bytes().to_vec());
    put(254, 1i16.to_le_bytes().to_vec());
    for axis in 0..3 {
        put(280 + 20 * axis, 2f32.to_le_bytes().to_vec());
    }
    file[344..348].copy_from_slice(b"n+1\0");
    file.extend_from_slice(voxels);
    file
}

fn small() -> Vec<u8> {
    let voxels: Vec<u8> = (0..4 * 3 * 2i16).flat_map(|v| (v * 7).to_le_bytes()).collect();
    nifti1(&[4, 3, 2], 4, 16, false, &voxels)
}

fn small_voxels() -> Voxels {
    Voxels::I16((0..24).map(|v| v * 7).collect())
}

fn write(dir: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
    let path = dir.path().join("crafted.nii");
    std::fs::write(&path, bytes).unwrap();
    path
}

fn with(mut file: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

#[test]
fn voxels_are_read_from_where_the_header_says() {
    let dir = tempfile::tempdir().unwrap();
    let mut file = with(small(), 108, &512f32.to_le_bytes());
    file.splice(352..352, [0xee; 160]);
    for bytes in [file.clone(), gzip(&file)] {
        assert_eq!(open(&write(&dir, &bytes)).unwrap().voxels(), &small_voxels());
    }
    for offset in [1e6, 1e30, f32::NAN, -352.0] {
        let file = with(small(), 108, &offset.to_le_bytes());
        assert!(open(&write(&dir, &file)).is_err(), "voxels at {offset}");
        assert!(open(&write(&dir, &gzip(&file))).is_err(), "voxels at {offset}, gzip");
    }
    let volume = open(&write(&dir, &with(small(), 108, &0f32.to_le_bytes()))).unwrap();
    assert_eq!((volume.voxels(), volume.warnings().len()), (&small_voxels(), 1));
}

#[test]
fn gzip_of_many_members_and_with_padding_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = small();
    let members: Vec<u8> = file.chunks(77).flat_map(gzip).collect();
    let volume = open(&write(&dir, &members)).unwrap();
    assert_eq!((volume.voxels(), volume.warnings()), (&small_voxels(), &[][..]));
    let mut padded = gzip(&file);
    padded.extend([0; 512]);
    let volume = open(&write(&dir, &padded)).unwrap();
    assert_eq!((volume.voxels(), volume.warnings().len()), (&small_voxels(), 1));
}

#[test]
fn a_wrong_or_missing_checksum_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    // Large enough that the end is not reached while the header is read.
    let whole = std::fs::read(data("ref_int16.nii.gz")).unwrap();
    for cut in 1..=8 {
        fails(&write(&dir, &whole[..whole.len() - cut]), "cut short");
    }
    let mut wrong = whole.clone();
    let crc = wrong.len() - 8;
    wrong[crc] ^= 1;
    fails(&write(&dir, &wrong), "damaged");
}

#[test]
fn contradictions_in_the_header_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    for (at, bytes, words) in [
        (40, &0i16.to_le_bytes()[..], "0 dimensions"),
        (40, &9i16.to_le_bytes(), ""),
        (42, &0i16.to_le_bytes(), "dimension 1 is 0"),
        (44, &(-3i16).to_le_bytes(), "dimension 2 is -3"),
        (46, &3i16.to_le_bytes(), "cut short"),
        (70, &1536i16.to_le_bytes(), "float128"),
        (70, &77i16.to_le_bytes(), "number 77"),
    ] {
        fails(&write(&dir, &with(small(), at, bytes)), words);
    }
    fails(&write(&dir, &small()[..340]), "");
    fails(&write(&dir, &small()[..352]), "cut short");
    let huge = nifti1(&[32767; 7], 64, 64, false, &[]);
    fails(&write(&dir, &huge), "32767 × 32767");
    fails(&write(&dir, &gzip(&huge)), "32767 × 32767");
    // What follows the voxels of a plain file is passed over, with a word.
    let mut long = small();
    long.push(0);
    assert_eq!(open(&write(&dir, &long)).unwrap().warnings().len(), 1);
    fails(&write(&dir, &with(small(), 344, b"ni1\0")[..352]), "second file");
}

#[test]
fn slopes_that_are_no_numbers_scale_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for slope in [0.0, f32::NAN, f32::INFINITY] {
        let file = with(small(), 112, &[slope.to_le_bytes(), 5f32.to_le_bytes()].concat());
        let volume = open(&write(&dir, &file)).unwrap();
        assert_eq!((volume.scale(), volume.voxels()), (Scale::NONE, &small_voxels()), "{slope}");
    }
    let file = with(small(), 112, &[0.5f32.to_le_bytes(), 5f32.to_le_bytes()].concat());
    let volume = open(&write(&dir, &file)).unwrap();
    assert_eq!((volume.voxels(), volume.value([1, 0, 0])), (&small_voxels(), 8.5));
}

#[test]
fn limits_and_cancelling_stop_before_anything_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = write(&dir, &gzip(&small()));
    let progress = Progress::new();
    let tight = Limits { memory: 47 };
    let error = open_volume(&path, &tight, &CancelToken::new(), &progress).unwrap_err();
    assert!(matches!(error, IoError::TooLarge { needed: 48, limit: 47, .. }), "{error}");
    let cancel = CancelToken::new();
    cancel.cancel();
    let error = open_volume(&path, &LIMITS, &cancel, &progress).unwrap_err();
    assert!(matches!(error, IoError::Cancelled), "{error}");
    open_volume(&path, &LIMITS, &CancelToken::new(), &progress).unwrap();
    let (done, total) = progress.get();
    assert_eq!((done, total), (path.metadata().unwrap().len(), done));
}

#[test]
fn the_nifti_crate_agrees_where_it_can_read() {
    use nifti::{DataElement, IntoNdArray, NiftiObject, ReaderOptions};
    fn voxels<T: DataElement>(name: &str) -> Vec<T> {
        let object = ReaderOptions::new().read_file(data(name)).unwrap();
        let array = object.into_volume().into_ndarray::<T>().unwrap();
        // Its arrays are (x, y, z) with x fastest; reversed axes iterate in memory order.
        array.reversed_axes().iter().copied().collect()
    }
    for name in
        ["ref_int16.nii.gz", "nibabel_anatomical.nii", "one_slice.nii.gz", "no_codes.nii.gz"]
    {
        assert_eq!(open(&data(name)).unwrap().voxels(), &Voxels::I16(voxels(name)), "{name}");
    }
    let name = "big_endian_int16.nii";
    assert_eq!(open(&data(name)).unwrap().voxels(), &Voxels::F32(voxels(name)));
    let name = "uint16.nii.gz";
    assert_eq!(open(&data(name)).unwrap().voxels(), &Voxels::U16(voxels(name)));
    let name = "int64.nii.gz";
    assert_eq!(open(&data(name)).unwrap().voxels(), &Voxels::I64(voxels(name)));
}

/// A few thousand headers with one to four bytes changed: an error or a volume no larger than the
/// file, never a panic or a huge allocation.
#[test]
fn damaged_headers_do_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let (plain, one) = (small(), std::fs::read(data("niivue_low_res.nii.gz")).unwrap());
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let tight = Limits { memory: 1 << 20 };
    let mut opened = 0;
    for round in 0..3000 {
        let source = if round % 3 == 0 { &one } else { &plain };
        let mut file = source.clone();
        for _ in 0..=random(4) {
            let at = random(file.len());
            let special = [0, 1, 2, 4, 8, 16, 64, 127, 128, 255, 254, 3];
            file[at] = if random(2) == 0 { random(256) as u8 } else { special[random(12)] };
        }
        if round % 3 == 1 {
            file = gzip(&file);
        }
        let path = write(&dir, &file);
        if let Ok(volume) = open_volume(&path, &tight, &CancelToken::new(), &Progress::new()) {
            let bytes = volume.voxels().len() * volume.voxels().data_type().size();
            assert!(bytes <= 1 << 20 && (round % 3 != 2 || bytes <= file.len()));
            assert!(volume.grid().world_from_voxel().is_finite());
            opened += 1;
        }
    }
    assert!(opened > 100, "most changes do not matter, but only {opened} were opened");
}

fn code(kind: DataType) -> i16 {
    match kind {
        DataType::U8 => 2,
        DataType::I8 => 256,
        DataType::U16 => 512,
        DataType::I16 => 4,
        DataType::U32 => 768,
        DataType::I32 => 8,
        DataType::U64 => 1280,
        DataType::I64 => 1024,
        DataType::F32 => 16,
        DataType::F64 => 64,
    }
}

fn little_endian(voxels: &Voxels) -> Vec<u8> {
    voxpoint::with_voxels!(voxels, v => v.iter().flat_map(|x| x.to_le_bytes()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_type_in_both_byte_orders_is_read_bit_for_bit(
        dims in prop::array::uniform3(1i16..7),
        kind in prop::sample::select(vec![
            DataType::U8, DataType::I8, DataType::U16, DataType::I16, DataType::U32,
            DataType::I32, DataType::U64, DataType::I64, DataType::F32, DataType::F64,
        ]),
        big: bool,
        gz: bool,
        seed: u64,
    ) {
        let n: usize = dims.iter().map(|&d| d as usize).product();
        let size = kind.size();
        let mix = |i: u64| (seed ^ i).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
        let little: Vec<u8> =
            (0..n as u64).flat_map(|i| mix(i).to_le_bytes()[..size].to_vec()).collect();
        let stored: Vec<u8> = little
            .chunks(size)
            .flat_map(|v| if big { v.iter().rev().copied().collect() } else { v.to_vec() })
            .collect();
        let file = nifti1(&dims, code(kind), 8 * size as i16, big, &stored);
        let dir = tempfile::tempdir().unwrap();
        let volume = open(&write(&dir, &if gz { gzip(&file) } else { file })).unwrap();
        prop_assert_eq!(volume.voxels().data_type(), kind);
        let found = little_endian(volume.voxels());
        prop_assert_eq!(found, little);
        prop_assert_eq!(volume.grid().spacing().to_array(), [2.0; 3]);
    }
}
