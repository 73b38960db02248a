//! Archives, indices and series that were damaged at random: refused in words, or opened with what is whole; no panic.

use super::places::{archive, bytes_of, numbered};
use super::*;
use crate::io::formats;
use zip::CompressionMethod;

const ROUNDS: usize = 150;

/// Some bytes are others, or the end is missing.
fn mutated(whole: &[u8], round: usize, random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    if round.is_multiple_of(5) {
        bytes.truncate(random.usize(..bytes.len()));
        return bytes;
    }
    // What says where things are stands at the end of an archive.
    let from = if round.is_multiple_of(2) { 0 } else { bytes.len().saturating_sub(400) };
    for _ in 0..random.usize(1..12) {
        let at = random.usize(from..bytes.len());
        bytes[at] = if random.bool() { random.u8(..) } else { bytes[at] ^ (1 << random.u8(..8)) };
    }
    bytes
}

/// Opens a place and lists it; what both said.
fn looked_at(path: &Path) -> String {
    let (source, cancel, progress) = (Source::at(path), CancelToken::new(), Progress::new());
    let listed = formats().list(&source, &cancel, &progress);
    let opened = formats().open(&source, &Limits::default(), &cancel, &progress);
    let whys = [listed.err(), opened.err()].into_iter().flatten().map(|e| e.to_string());
    whys.inspect(|why| assert!(!why.is_empty() && !why.contains('\n'), "{why}")).collect()
}

#[test]
fn broken_archives_are_refused_in_words_and_nothing_panics() {
    let mut random = fastrand::Rng::with_seed(36);
    let files = bytes_of(numbered("5", 3));
    let members: Vec<(&str, Vec<u8>)> = ["a", "b/c", "d"].into_iter().zip(files).collect();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("scans.zip");
    let mut refused = 0;
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let whole = archive(&members, method);
        for round in 0..ROUNDS {
            std::fs::write(&path, mutated(&whole, round, &mut random)).unwrap();
            refused += usize::from(!looked_at(&path).is_empty());
        }
    }
    assert!(refused > 20, "{refused}");
    let written = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(written, 1, "nothing is unpacked to a path");
}

#[test]
fn a_broken_index_is_refused_in_words_and_nothing_panics() {
    let mut random = fastrand::Rng::with_seed(37);
    let dir = tempfile::tempdir().unwrap();
    // Some of its files; others are missing.
    for folder in ["98892001/CT5N", "98892003/MR1"] {
        let to = dir.path().join(folder);
        std::fs::create_dir_all(&to).unwrap();
        for entry in std::fs::read_dir(data().join("disc").join(folder)).unwrap().flatten() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    let whole = std::fs::read(data().join("disc/DICOMDIR")).unwrap();
    let path = dir.path().join("DICOMDIR");
    let mut refused = 0;
    for round in 0..ROUNDS {
        std::fs::write(&path, mutated(&whole, round, &mut random)).unwrap();
        refused += usize::from(!looked_at(&path).is_empty());
    }
    assert!(refused > 10, "{refused}");
}

/// Small files of rare kinds: multi-frame, HTJ2K, progressive and lossless JPEG, items that are not compressed.
#[test]
fn broken_files_of_rare_kinds_are_refused_in_words_and_nothing_panics() {
    let text = std::fs::read_to_string(data().join("series/cases.json")).unwrap();
    let cases: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut random = fastrand::Rng::with_seed(38);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken");
    for case in cases.as_array().unwrap() {
        let whole = from_hex(case["files"][0].as_str().unwrap());
        for round in 0..24 {
            std::fs::write(&path, mutated(&whole, round, &mut random)).unwrap();
            if let Err(error) = open(&path) {
                let why = error.to_string();
                let of = &case["name"];
                assert!(!why.is_empty() && !why.contains('\n'), "{of}: {why}");
            }
        }
    }
}
