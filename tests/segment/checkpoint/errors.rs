//! Every error: its file, and what its line says.

use std::fs;
use std::path::Path;

use voxpoint::segment::checkpoint::{Architecture, Checkpoint, CheckpointError};
use zip::CompressionMethod;

use super::crafted::{Archive, Pickle, Tensor, checkpoint, floats, state};
use super::{data, tiny};

/// Opens a file with this content.
pub fn open(content: &[u8]) -> Result<Checkpoint, CheckpointError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.pth");
    fs::write(&path, content).unwrap();
    let opened = Checkpoint::open(&path);
    if let Err(error) = &opened {
        let text = error.to_string();
        assert!(text.ends_with("c.pth") && !text.contains('\n'), "{text}");
    }
    opened
}

pub fn refused(content: &[u8], says: &str) {
    let error = open(content).expect_err(says).to_string();
    assert!(error.contains(says), "{error} does not say “{says}”");
}

/// What is wrong with the one tensor of a checkpoint.
fn fault(tensor: &Tensor) -> String {
    let checkpoint = open(&checkpoint(&state(tensor))).unwrap();
    assert!(checkpoint.tensor("w").is_none());
    checkpoint.require("w").unwrap_err().to_string()
}

#[test]
fn a_crafted_checkpoint_opens() {
    let ordinary = open(&checkpoint(&state(&Tensor::ordinary()))).unwrap();
    assert_eq!(ordinary.values("w").unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let part = Tensor { offset: 2, shape: vec![3], stride: vec![1], ..Tensor::ordinary() };
    assert_eq!(open(&checkpoint(&state(&part))).unwrap().values("w").unwrap(), [2.0, 3.0, 4.0]);
    // Half precision and its brain variant, from bytes chosen by hand: 1, -2 and 1, -2.
    for (class, bytes) in
        [("HalfStorage", *b"\x00\x3c\x00\xc0"), ("BFloat16Storage", *b"\x80\x3f\x00\xc0")]
    {
        let tensor =
            Tensor { class, count: 2, shape: vec![2], stride: vec![1], ..Tensor::ordinary() };
        let file = Archive::new().with("data.pkl", &state(&tensor)).with("data/0", &bytes).done();
        assert_eq!(open(&file).unwrap().values("w").unwrap(), [1.0, -2.0], "{class}");
    }
}

#[test]
fn the_large_form_of_zip_is_read() {
    let mut archive = Archive::new();
    archive.large = true;
    let small =
        archive.with("m/data.pkl", &state(&Tensor::ordinary())).with("m/data/0", &floats()).done();
    assert!(open(&small).is_ok());
    assert!(open(&with_zip64_end(&checkpoint(&state(&Tensor::ordinary())))).is_ok());
}

/// The same archive with the end records of zip64, as archives over 4 GB have, and nothing but their
/// markers in the old one.
fn with_zip64_end(zip: &[u8]) -> Vec<u8> {
    let end = zip.windows(4).rposition(|w| w == b"PK\x05\x06").unwrap();
    let old = &zip[end..];
    let field = |at: usize| u64::from(u32::from_le_bytes(old[at..at + 4].try_into().unwrap()));
    let count = u64::from(u16::from_le_bytes(old[10..12].try_into().unwrap()));
    let mut out = zip[..end].to_vec();
    out.extend(b"PK\x06\x06");
    out.extend(44_u64.to_le_bytes());
    out.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for number in [count, count, field(12), field(16)] {
        out.extend(number.to_le_bytes());
    }
    out.extend(b"PK\x06\x07\0\0\0\0");
    out.extend((end as u64).to_le_bytes());
    out.extend(1_u32.to_le_bytes());
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([0xff; 12]);
    out.extend([0, 0]);
    out
}

#[test]
fn what_is_not_a_checkpoint_is_said_to_be_what_it_is() {
    refused(b"", "the file is empty");
    refused(b"hello, this is text", "not a zip file");
    refused(b"\n<!DOCTYPE html><html>", "it is a web page");
    refused(b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer");
    refused(b"\x40\0\0\0\0\0\0\0{\"w\":{\"dtype\":\"F32\"}}", "safetensors");
    refused(&fs::read(data("checkpoints/legacy.pth")).unwrap(), "old format (before 1.6)");
    refused(&Archive::new().with("word/document.xml", b"x").done(), "it has no data.pkl");
    refused(&fs::read(data("checkpoints/module.pth")).unwrap(), "no weights in this checkpoint");
    for path in [Path::new("/no/such/file.pth"), &data("checkpoints")] {
        let error = Checkpoint::open(path).unwrap_err();
        assert!(matches!(error, CheckpointError::Io { .. }), "{error}");
    }
}

#[test]
fn archives_that_cannot_be_used_in_place_are_refused() {
    let mut deflated = Archive::new().with("m/data.pkl", &state(&Tensor::ordinary()));
    deflated.method = CompressionMethod::Deflated;
    refused(
        &deflated.with("m/data/0", &floats()).done(),
        "“m/data/0” in the checkpoint is compressed",
    );
    let big =
        Archive::new().with("m/data.pkl", &state(&Tensor::ordinary())).with("m/byteorder", b"big");
    refused(&big.with("m/data/0", &floats()).done(), "big-endian");
    let whole = fs::read(tiny()).unwrap();
    for length in [whole.len() - 10, whole.len() - 30_000, whole.len() / 2, 5000, 40] {
        refused(&whole[..length], "its end is missing");
    }
    let mut torn = checkpoint(&state(&Tensor::ordinary()));
    let directory = find(&torn, b"PK\x01\x02");
    torn[directory] = 0;
    refused(&torn, "the checkpoint is damaged");
    let mut twice = Archive::new().with("m/data.pkl", b"1").with("m/data.pkM", b"2").done();
    while let Some(at) = twice.windows(10).position(|w| w == b"m/data.pkM") {
        twice[at + 9] = b'l';
    }
    refused(&twice, "two entries of one name");
}

#[test]
fn tensors_that_do_not_fit_the_file_are_named() {
    let ordinary = Tensor::ordinary;
    let turned = Tensor { stride: vec![1, 2], ..ordinary() };
    assert!(fault(&turned).contains("“w” is not contiguous"));
    let long = Tensor { shape: vec![3, 3], ..ordinary() };
    assert!(fault(&long).contains("“w” reaches beyond its data (36 bytes of 24)"));
    let late = Tensor { offset: 1, ..ordinary() };
    assert!(fault(&late).contains("28 bytes of 24"));
    let endless = Tensor { offset: i64::MAX, ..ordinary() };
    assert!(fault(&endless).contains("reaches beyond"));
    let huge = Tensor { shape: vec![i64::MAX, 3], ..ordinary() };
    assert!(fault(&huge).contains("reaches beyond"));
    let large = Tensor {
        shape: vec![1 << 40, 1 << 40, 1 << 40],
        stride: vec![1 << 62, 1 << 40, 1],
        ..ordinary()
    };
    assert!(fault(&large).contains("is not contiguous"));
    let elsewhere = Tensor { key: "9", ..ordinary() };
    assert!(fault(&elsewhere).contains("has no data in the file (entry “data/9”)"));
    let wrong = Tensor { count: 7, ..ordinary() };
    assert!(fault(&wrong).contains("has 24 bytes of data where 28 belong"));
    let double = Tensor { class: "DoubleStorage", ..ordinary() };
    assert!(fault(&double).contains("float64"));
}

#[test]
fn nonsense_in_the_pickle_is_refused() {
    refused(&checkpoint(b""), "it ends too early");
    refused(&checkpoint(b"\x80\x02}"), "it ends too early");
    refused(&checkpoint(b"\x80\x02i."), "the opcode 0x69 is not one that torch.save writes");
    refused(&checkpoint(b"\x80\x02."), "nothing is on the stack");
    refused(&checkpoint(b"\x80\x02(s."), "nothing is on the stack");
    refused(&checkpoint(b"\x80\x02K\x01(0."), "nothing is on the stack");
    refused(&checkpoint(b"\x80\x02t."), "no mark is open");
    refused(&checkpoint(b"\x80\x02h\x05."), "nothing is remembered");
    refused(&checkpoint(b"\x80\x02}(K\x01u."), "a key without a value");
    refused(&checkpoint(b"\x80\x02}X\xff\xff\xff\xffab."), "it ends too early");
    refused(&checkpoint(b"\x80\x02\x8b\xff\xff\xff\x7f\x00."), "it ends too early");
    refused(&checkpoint(b"\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xffab."), "it ends too early");
    refused(&checkpoint(b"\x80\x02ctorch\nFloatStorage"), "it ends within a name");
    refused(&checkpoint(b"\x80\x02K\x01Q."), "not a storage");
    let negative = Tensor { shape: vec![-2, 3], ..Tensor::ordinary() };
    refused(&checkpoint(&state(&negative)), "not a tensor");
    refused(&checkpoint(b"\x80\x02}."), "no weights");
}

#[test]
fn nothing_is_executed_and_nothing_grows() {
    // A call of the system's shell is an opaque value like any other.
    let evil =
        Pickle::new().op(b"}").text("x").op(b"cposix\nsystem\n").text("exit 3").op(b"\x85Rs");
    let evil = evil.text("w").tensor(&Tensor::ordinary()).op(b"s").done();
    assert_eq!(open(&checkpoint(&evil)).unwrap().tensors().len(), 1);
    // 2 ^ 10 000 leaves if sharing were undone; nested as deeply, too.
    let bomb = Pickle::new().op(b"K\x01").op(&b"2\x86".repeat(10_000)).op(b"0").op(b"}").text("w");
    assert!(open(&checkpoint(&bomb.tensor(&Tensor::ordinary()).op(b"s").done())).is_ok());
    let deep =
        Pickle::new().op(&b"(".repeat(100_000)).op(&b"t".repeat(100_000)).op(b"0}").text("w");
    assert!(open(&checkpoint(&deep.tensor(&Tensor::ordinary()).op(b"s").done())).is_ok());
    refused(&checkpoint(&b"N".repeat(3 << 20)), "as in a file made to exhaust memory");
    refused(&checkpoint(&b"N\x85".repeat(3 << 20)), "as in a file made to exhaust memory");
    refused(&checkpoint(&vec![b'N'; (64 << 20) + 1]), "a pickle of 64 MB");
    // A dictionary that contains itself.
    let snake = Pickle::new().op(b"}q\x00").text("state_dict").op(b"h\x00s").done();
    refused(&checkpoint(&snake), "no weights");
}

/// The tiny checkpoint with one tensor renamed, or with one number in its pickle changed.
fn edited(edit: impl Fn(&mut Vec<u8>)) -> Result<Architecture, CheckpointError> {
    let mut bytes = fs::read(tiny()).unwrap();
    edit(&mut bytes);
    Architecture::of(&open(&bytes).unwrap())
}

fn find(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).position(|w| w == what).unwrap()
}

#[test]
fn missing_and_misshapen_tensors_are_named() {
    for name in [
        "image_encoder.pos_embed",
        "mask_decoder.iou_token.weight",
        "prompt_encoder.not_a_point_embed.weight",
    ] {
        let error = edited(|bytes| {
            let at = find(bytes, name.as_bytes());
            bytes[at] = b'x';
        });
        let error = error.unwrap_err().to_string();
        assert!(error.contains(&format!("“{name}” is missing")), "{error}");
    }
    // 48 numbers as 24 × 2 instead: TUPLE1 of BININT1 48, twice (size, then stride 1).
    let error = edited(|bytes| {
        let at = find(bytes, b"image_encoder.neck.3.bias");
        let size = at + find(&bytes[at..], b"K\x30\x85");
        bytes[size + 1] = 24;
    });
    let error = error.unwrap_err().to_string();
    assert!(error.contains("“image_encoder.neck.3.bias” should be 48 and is 24"), "{error}");
    let plain = open(&checkpoint(&state(&Tensor::ordinary()))).unwrap();
    let error = Architecture::of(&plain).unwrap_err().to_string();
    assert!(error.contains("“image_encoder.pos_embed” is missing"), "{error}");
}
