//! How numbers are stored, elements of no known type, and folders of very many files.

use super::*;
use crate::io::formats;

/// Image of 4 × 3 pixels of so many bits, as they lie in the file.
fn stored(bits: [u16; 3], signed: bool, bytes: Vec<u8>) -> InMemDicomObject {
    let mut image = image("7", 0, [0.0; 3], 0);
    let [allocated, stored, high] = bits;
    for (tag, n) in [
        (tags::BITS_ALLOCATED, allocated),
        (tags::BITS_STORED, stored),
        (tags::HIGH_BIT, high),
        (tags::PIXEL_REPRESENTATION, u16::from(signed)),
    ] {
        image.put(DataElement::new(tag, VR::US, PrimitiveValue::from(n)));
    }
    let vr = if allocated == 8 { VR::OB } else { VR::OW };
    image.put(DataElement::new(tags::PIXEL_DATA, vr, PrimitiveValue::from(bytes)));
    image
}

#[test]
fn only_the_bits_that_are_stored_count_and_the_highest_of_them_is_the_sign() {
    let mut random = fastrand::Rng::with_seed(5);
    for bits @ [allocated, stored_bits, high] in [
        [8, 8, 7],
        [8, 5, 4],
        [8, 5, 6],
        [16, 16, 15],
        [16, 12, 11],
        [16, 12, 15],
        [16, 10, 12],
        [16, 1, 0],
        [32, 32, 31],
        [32, 20, 19],
        [32, 20, 25],
    ] {
        for signed in [false, true] {
            let width = allocated as usize / 8;
            let bytes: Vec<u8> = (0..12 * width).map(|_| random.u8(..)).collect();
            let dir = folder(vec![stored(bits, signed, bytes.clone())]);
            let volume = open(dir.path()).unwrap();
            for (n, word) in bytes.chunks(width).enumerate() {
                let word = word.iter().rev().fold(0u64, |word, &b| word << 8 | u64::from(b));
                let counts = word >> (high + 1 - stored_bits) & ((1 << stored_bits) - 1);
                let negative = signed && counts >> (stored_bits - 1) == 1;
                let number = counts as i64 - if negative { 1 << stored_bits } else { 0 };
                let found = volume.value([n % 4, n / 4, 0]);
                assert_eq!(found, number as f64 - 1000.0, "{bits:?}, {signed}, {n}");
            }
        }
    }
}

#[test]
fn a_file_that_claims_more_images_than_it_can_hold_takes_no_memory_for_them() {
    let many =
        |count: &str| with(image("7", 0, [0.0; 3], 0), tags::NUMBER_OF_FRAMES, VR::IS, count);
    for (count, refused) in [("1", false), ("2", false), ("90000", true)] {
        let dir = folder(vec![many(count)]);
        let found = open(dir.path());
        let why = found.as_ref().err().map(ToString::to_string).unwrap_or_default();
        assert_eq!(why.contains("its header claims"), refused, "{count}: {why}");
    }
}

/// A sequence with an item that has an element of an unknown type and length, whose item says `ABCD` without a type, and
/// one after it. `fixed`: the outer item says its length.
fn sequence_with_unknown(fixed: bool) -> Vec<u8> {
    const OPEN: [u8; 4] = [0xff; 4];
    const END_OF_ITEM: [u8; 8] = [0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0];
    const END: [u8; 8] = [0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0];
    let item = |length: [u8; 4]| [&[0xfe, 0xff, 0x00, 0xe0], &length[..]].concat();
    let unknown = [
        &[0x09, 0x00, 0x01, 0x10, b'U', b'N', 0, 0],
        &OPEN[..],
        &item(OPEN),
        &[0x08, 0x00, 0x04, 0x01, 4, 0, 0, 0, b'A', b'B', b'C', b'D'],
        &END_OF_ITEM,
        &END,
        &[0x08, 0x00, 0x00, 0x01, b'S', b'H', 2, 0, b'X', b' '],
    ]
    .concat();
    let inner = if fixed {
        [item((unknown.len() as u32).to_le_bytes()), unknown].concat()
    } else {
        [item(OPEN), unknown, END_OF_ITEM.to_vec()].concat()
    };
    [&[0x40, 0x00, 0x75, 0x02, b'S', b'Q', 0, 0], &OPEN[..], &inner, &END].concat()
}

#[test]
fn an_element_of_unknown_type_within_others_is_passed_over() {
    for fixed in [false, true] {
        let dir = folder(vec![image("7", 0, [0.0; 3], 5)]);
        let path = dir.path().join("000");
        let mut bytes = std::fs::read(&path).unwrap();
        let pixels = [0xe0, 0x7f, 0x10, 0x00, b'O', b'W'];
        let at = bytes.windows(6).position(|six| six == pixels).unwrap();
        bytes.splice(at..at, sequence_with_unknown(fixed));
        std::fs::write(&path, bytes).unwrap();
        let volume = open(&path).unwrap_or_else(|why| panic!("{fixed}: {why}"));
        assert_eq!(volume.value([3, 2, 0]), 16.0 - 1000.0, "{fixed}");
    }
}

#[test]
fn a_folder_of_very_many_mixed_files_is_listed() {
    let dir = tempfile::tempdir().unwrap();
    let scan = folder(numbered(12));
    let one =
        std::fs::read(std::fs::read_dir(scan.path()).unwrap().next().unwrap().unwrap().path());
    let one = one.unwrap();
    let mut random = fastrand::Rng::with_seed(9);
    for n in 0..3000 {
        let below = dir.path().join((n % 7).to_string());
        std::fs::create_dir_all(&below).unwrap();
        let mut bytes = one.clone();
        match n % 5 {
            0 => {}
            1 => bytes.truncate(random.usize(..one.len())),
            2 => bytes = b"Not a scan.".repeat(random.usize(..50)),
            3 => bytes = (0..random.usize(..4000)).map(|_| random.u8(..)).collect(),
            _ => (0..8).for_each(|_| bytes[random.usize(128..one.len())] = random.u8(..)),
        }
        std::fs::write(below.join(format!("{n}.dcm")), bytes).unwrap();
    }
    for (n, file) in std::fs::read_dir(scan.path()).unwrap().enumerate() {
        std::fs::copy(file.unwrap().path(), dir.path().join(format!("IM{n}"))).unwrap();
    }
    let source = Source::at(dir.path());
    let list = formats().list(&source, &CancelToken::new(), &Progress::new()).unwrap().unwrap();
    let most = list.rows().iter().map(|row| row.images).max().unwrap();
    assert!(most >= 12, "{most}");
    assert!(list.notes().iter().any(|note| note.to_string().contains("could not be read")));
}

fn numbered(count: usize) -> Vec<InMemDicomObject> {
    (0..count).map(|n| image("5", n, [0.0, 0.0, n as f64], 10 * n as i16)).collect()
}
