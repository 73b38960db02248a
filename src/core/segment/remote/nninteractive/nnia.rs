//! NNIA, the form of arrays in nnInteractive's protocol: magic, version, codec, dtype, shape, and chunks of Blosc 2
//! (`nnInteractive/inference/remote/serialization.py` of `nninteractive-client`). Little-endian, as is what we send.

use super::blosc::{Front, HEADER, Unpacker, header};
use crate::work::{CancelToken, memory};

const MAGIC: &[u8; 4] = b"NNIA";
const VERSION: u8 = 1;
const ZSTD: u8 = 1;
const LZ4: u8 = 2;
/// No chunk holds more.
const CHUNK: usize = 1 << 30;
/// So many zeros are left out.
const PIECE: usize = 1 << 16;
/// Types of a mask.
const MASKS: [&[u8]; 3] = [b"uint8", b"int8", b"bool"];

/// The most bytes that an answer may have that holds a mask of at most so many voxels.
pub(super) fn most_bytes(voxels: usize) -> usize {
    voxels.saturating_add(voxels / 64).saturating_add(1 << 16)
}

/// The bytes that [`pack`] takes at most for so many of values.
pub(super) fn packed_bytes(length: usize) -> u64 {
    (length as u64).saturating_add(length as u64 / PIECE as u64 * 96).saturating_add(512)
}

/// An array of values of numpy's type `name` with `item` bytes each, the last axis fastest. Nothing is packed but long
/// runs of zeros: beside a scan's noise the rest is not worth the time.
pub(super) fn pack(name: &str, item: u8, shape: &[usize], values: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(values.len() + 512);
    frame.extend(MAGIC);
    frame.extend([VERSION, ZSTD, shape.len() as u8, name.len() as u8]);
    frame.extend(name.as_bytes());
    for &n in shape {
        frame.extend((n as i64).to_le_bytes());
    }
    let pieces: Vec<bool> = values.chunks(PIECE).map(|p| p.iter().all(|&b| b == 0)).collect();
    let (count_at, mut count, mut rest) = (frame.len(), 0u32, values);
    frame.extend(count.to_le_bytes());
    for same in pieces.chunk_by(|a, b| a == b).flat_map(|same| same.chunks(CHUNK / PIECE)) {
        let (chunk, after) = rest.split_at(rest.len().min(same.len() * PIECE));
        rest = after;
        let zeros = same[0];
        let stored: &[u8] = if zeros { &[] } else { chunk };
        frame.extend((chunk.len() as u64).to_le_bytes());
        frame.extend(((HEADER + stored.len()) as u64).to_le_bytes());
        frame.extend(header(chunk.len(), item, zeros));
        frame.extend(stored);
        count += 1;
    }
    frame[count_at..count_at + 4].copy_from_slice(&count.to_le_bytes());
    frame
}

/// The bytes of a mask of exactly this shape, the last axis fastest.
///
/// # Errors
/// What is wrong with it, or nobody wants it any more. Nothing is taken of memory but what the shape needs, and that is
/// asked for before.
pub(super) fn unpack(
    frame: &[u8],
    shape: [usize; 3],
    cancel: &CancelToken,
) -> Result<Vec<u8>, String> {
    let mut front = Front(frame);
    if front.take(4)? != MAGIC {
        return Err("it is no NNIA array".to_owned());
    }
    let [version, codec, axes, name] = front.array()?;
    match (version, codec) {
        (VERSION, ZSTD | LZ4) => {}
        (VERSION, codec) => {
            return Err(format!("packed with codec {codec}, not with Zstandard or LZ4"));
        }
        (version, _) => return Err(format!("version {version} of NNIA")),
    }
    let name = front.take(name.into())?;
    if !MASKS.contains(&name) {
        let shown: String =
            name.iter().map(|&b| b as char).filter(char::is_ascii_graphic).collect();
        return Err(format!("values of type {shown}, not of a mask"));
    }
    if usize::from(axes) != shape.len() {
        return Err(format!("an array of {axes} axes"));
    }
    for n in shape {
        if i64::from_le_bytes(front.array()?) != n as i64 {
            return Err("an array of another shape".to_owned());
        }
    }
    let count = shape.iter().try_fold(1usize, |count, &n| count.checked_mul(n));
    let count = count.ok_or("an array of another shape")?;
    memory::check(count as u64).map_err(|short| short.to_string())?;
    let mut values = vec![0; count];
    let (mut unpacker, mut to_fill) = (Unpacker::new(), values.as_mut_slice());
    for _ in 0..u32::from_le_bytes(front.array()?) {
        let [length, packed] = [front.array()?, front.array()?].map(u64::from_le_bytes);
        let chunk = front.take(usize::try_from(packed).map_err(|_| "it ends in the middle")?)?;
        let length = usize::try_from(length).ok().filter(|&n| n > 0);
        let split = length.and_then(|length| to_fill.split_at_mut_checked(length));
        let (out, after) = split.ok_or("other chunks than its shape needs")?;
        unpacker.unpack(chunk, out, cancel)?;
        to_fill = after;
    }
    if !to_fill.is_empty() || !front.0.is_empty() {
        return Err("other chunks than its shape needs".to_owned());
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    fn unpack(frame: &[u8], shape: [usize; 3]) -> Result<Vec<u8>, String> {
        super::unpack(frame, shape, &CancelToken::new())
    }

    /// What `tests/data/nninteractive/make.py` had the server's own code pack.
    fn recorded(name: &str) -> Vec<u8> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/nninteractive");
        std::fs::read(folder.join(name)).unwrap()
    }

    /// The same masks as there: a value for each z, y, x.
    fn made([nz, ny, nx]: [usize; 3], value: impl Fn(usize, usize, usize) -> u8) -> Vec<u8> {
        let rows = (0..nz).flat_map(|z| (0..ny).map(move |y| (z, y)));
        rows.flat_map(|(z, y)| (0..nx).map(move |x| (z, y, x)))
            .map(|(z, y, x)| value(z, y, x))
            .collect()
    }

    fn blob(z: usize, y: usize, x: usize) -> u8 {
        let off =
            [(z, 11), (y, 17), (x, 23)].map(|(at, middle): (usize, usize)| at.abs_diff(middle));
        u8::from(off.iter().map(|n| n * n).sum::<usize>() <= 81)
    }

    /// A hash of the place.
    fn noise(z: usize, y: usize, x: usize) -> u8 {
        let mut n = (z * 1_000_003 + y * 10_007 + x) as u32;
        for _ in 0..2 {
            n = (n ^ n >> 16).wrapping_mul(0x045d_9f3b);
        }
        (n >> 24) as u8
    }

    /// Frames that are damaged.
    const DAMAGED: [&str; 6] =
        ["blob.nnia", "blocks.nnia", "chunks.nnia", "ones.nnia", "lz4.nnia", "lz4_blocks.nnia"];

    type Value<'a> = &'a dyn Fn(usize, usize, usize) -> u8;

    #[test]
    fn what_the_servers_own_code_packed_is_unpacked() {
        let blocks = |z: usize, y: usize, x: usize| match z {
            20..60 => 1,
            60..64 => noise(z, y, x) & 1,
            64..68 => noise(z, y, x),
            _ => 0,
        };
        let table: [(&str, [usize; 3], Value); 12] = [
            ("blob.nnia", [24, 36, 48], &blob),
            ("bool.nnia", [24, 36, 48], &blob),
            ("zeros.nnia", [24, 36, 48], &|_, _, _| 0),
            ("ones.nnia", [24, 36, 48], &|_, _, _| 1),
            ("one.nnia", [1, 1, 1], &|_, _, _| 1),
            ("stored.nnia", [3, 20, 30], &noise),
            // Many blocks: of zeros, of ones, packed, stored.
            ("blocks.nnia", [90, 64, 128], &blocks),
            ("chunks.nnia", [24, 36, 48], &blob),
            ("lz4.nnia", [24, 36, 48], &blob),
            ("lz4_ones.nnia", [24, 36, 48], &|_, _, _| 1),
            ("lz4_stored.nnia", [3, 20, 30], &noise),
            ("lz4_blocks.nnia", [90, 64, 128], &blocks),
        ];
        for (name, shape, value) in table {
            let frame = recorded(name);
            assert!(unpack(&frame, shape).unwrap() == made(shape, value), "{name}");
            assert!(frame.len() <= most_bytes(shape.iter().product()), "{name}");
            let [a, b, c] = shape;
            for other in [[a + 1, b, c], [b, a, c + 1], [a, b, 0]] {
                assert!(unpack(&frame, other).is_err(), "{name}");
            }
        }
    }

    #[test]
    fn what_is_no_mask_is_refused_in_words() {
        let error = unpack(&recorded("float.nnia"), [2, 3, 4]).unwrap_err();
        assert!(error.contains("float32"), "{error}");
    }

    /// Where in a frame, what is put there, and what is said.
    #[test]
    fn lengths_that_lie_are_found_out() {
        let frame = recorded("blob.nnia");
        let shape = [24, 36, 48];
        // Magic 0, version 4, codec 5, axes 6, name 7; name 8; shape 13; chunks 37; lengths 41, 49; chunk 57.
        let chunk = 57;
        let huge = [0xff; 8];
        for (at, bytes, said) in [
            (0, &b"NNIB"[..], "no NNIA array"),
            (4, &[2], "version 2"),
            (5, &[9], "codec 9"),
            (6, &[4], "4 axes"),
            (7, &[255], "type"),
            (8, b"uint9", "type uint9"),
            (13, &huge, "another shape"),
            (13, &[25], "another shape"),
            (37, &[0; 4], "other chunks"),
            (37, &[2], "ends in the middle"),
            (37, &[0xff; 4], "ends in the middle"),
            (41, &huge, "other chunks"),
            (41, &[0; 8], "other chunks"),
            (41, &[0, 0xa1], "another length"),
            (49, &huge, "ends in the middle"),
            (49, &[0; 8], "ends in the middle"),
            (chunk + 2, &[0x91], "Blosc 1"),
            (chunk + 2, &[0x9d], "filtered"),
            (chunk + 2, &[0x97], "stored chunk of another length"),
            // What Zstandard has packed is nothing for LZ4.
            (chunk + 2, &[0x35], ""),
            (chunk + 2, &[0x75], "codec 3"),
            (chunk + 3, &[4], "values of 4 bytes"),
            (chunk + 4, &[1, 0, 0, 0], "another length"),
            (chunk + 4, &[0xff; 4], "another length"),
            (chunk + 8, &[0; 4], "no length"),
            (chunk + 8, &[0xff; 4], "no length"),
            (chunk + 8, &[1, 0, 0, 0], ""),
            (chunk + 12, &[0; 4], "another length"),
            (chunk + 21, &[2], "filtered"),
            (chunk + 31, &[0x20], "special chunk"),
            (chunk + 31, &[0x10], "special chunk"),
            (chunk + 31, &[0x01], "not known"),
            (chunk + 31, &[0x08], "not known"),
            (chunk + 32, &[0; 4], "lies elsewhere"),
            (chunk + 32, &[0xff; 4], "lies elsewhere"),
            (chunk + 32, &[0xff, 0xff, 0xff, 0x7f], "lies elsewhere"),
            (chunk + 36, &[0xff, 0xff, 0xff, 0x7f], "ends in the middle"),
            (chunk + 36, &[0, 0, 0, 0x80], "run of no byte"),
            (chunk + 36, &[0xff, 0xff, 0xff, 0xff, 2], "run of another kind"),
            (chunk + 40, b"????", ""),
        ] {
            let mut bad = frame.clone();
            bad[at..at + bytes.len()].copy_from_slice(bytes);
            let error = unpack(&bad, shape).expect_err(&format!("{at}: {bytes:?}"));
            assert!(error.contains(said) && !error.contains('\n'), "{at}: {error}");
        }
        for end in 0..frame.len() {
            assert!(unpack(&frame[..end], shape).is_err(), "{end}");
        }
        assert!(unpack(&[&frame[..], &[0]].concat(), shape).is_err());
    }

    /// A frame of Zstandard that says that it holds a terabyte, and one that does hold more than its block.
    #[test]
    fn bombs_take_no_memory() {
        let zstd = |window: &[u8]| {
            let mut frame = b"\x28\xb5\x2f\xfd".to_vec();
            frame.extend(window);
            // A block of one byte, 128 kB times, and again, and the last.
            for last in [0u32, 0, 0, 0, 0, 0, 0, 0, 0, 1] {
                frame.extend(&((128 << 10) << 3 | 1 << 1 | last).to_le_bytes()[..3]);
                frame.push(1);
            }
            frame
        };
        let eight = (1u64 << 40).to_le_bytes();
        let single = [&[0b1110_0000], &eight[..]].concat();
        for window in [&single[..], &[0, 0xf8], &[0, 0x50]] {
            let packed = zstd(window);
            let (length, stream) = (1000usize, HEADER + 4);
            let mut chunk = header(length, 1, false).to_vec();
            chunk[2] = 0x95;
            chunk.extend((stream as i32).to_le_bytes());
            chunk.extend((packed.len() as i32).to_le_bytes());
            chunk.extend(packed);
            let total = chunk.len() as i32;
            chunk[12..16].copy_from_slice(&total.to_le_bytes());
            let mut out = vec![0; length];
            assert!(
                Unpacker::new().unpack(&chunk, &mut out, &CancelToken::new()).is_err(),
                "{window:?}"
            );
        }
        // An honest frame of a shape for which there is no memory.
        let mut frame = pack("uint8", 1, &[1 << 20, 1 << 20, 1 << 10], &[]);
        assert!(unpack(&frame, [1 << 20, 1 << 20, 1 << 10]).unwrap_err().contains("memory"));
        frame[13..21].copy_from_slice(&i64::MAX.to_le_bytes());
        assert!(unpack(&frame, [usize::MAX / 2, 2, 2]).is_err());
    }

    /// Blocks of LZ4 that hold more than their place, less, or point before their beginning.
    #[test]
    fn blocks_of_lz4_keep_within_their_bounds() {
        // One byte, and then itself again: 18 times more and 255 for each byte of the length; at the end five as they are.
        let block = |more: &[u8], offset: u16| {
            let run = [&[0x1f, 7][..], &offset.to_le_bytes(), more, &[0x50, 7, 7, 7, 7, 7]];
            run.concat()
        };
        for (packed, length, good) in [
            (block(&[0], 1), 1 + 19 + 5, true),
            (block(&[255, 255, 1], 1), 1 + 19 + 511 + 5, true),
            (block(&[255, 255, 1], 1), 1 + 19 + 511 + 6, false),
            (block(&[255, 255, 1], 1), 1 + 19 + 511 + 4, false),
            (block(&[255; 4000], 1), 100, false),
            (block(&[0], 2), 25, false),
            (block(&[0], 0), 25, false),
            (block(&[0], u16::MAX), 25, false),
            (vec![0xf0; 40], 25, false),
            (vec![0x1f], 25, false),
        ] {
            let stream = HEADER + 4;
            let mut chunk = header(length, 1, false).to_vec();
            chunk[2] = 0x35;
            chunk.extend((stream as i32).to_le_bytes());
            chunk.extend((packed.len() as i32).to_le_bytes());
            chunk.extend(&packed);
            let total = chunk.len() as i32;
            chunk[12..16].copy_from_slice(&total.to_le_bytes());
            let mut out = vec![0; length];
            let found = Unpacker::new().unpack(&chunk, &mut out, &CancelToken::new());
            assert_eq!(found.is_ok(), good, "{length}: {found:?}");
            assert!(!good || out.iter().all(|&v| v == 7));
        }
    }

    #[test]
    fn a_block_may_be_stored_as_it_is() {
        let content: Vec<u8> = (0..1000).map(|x| noise(0, 0, x)).collect();
        let mut chunk = header(content.len(), 1, false).to_vec();
        chunk[2] = 0x95;
        chunk[8..12].copy_from_slice(&600i32.to_le_bytes());
        chunk.extend([40, 40 + 604].map(i32::to_le_bytes).as_flattened());
        for block in content.chunks(600) {
            chunk.extend((block.len() as i32).to_le_bytes());
            chunk.extend(block);
        }
        let total = chunk.len() as i32;
        chunk[12..16].copy_from_slice(&total.to_le_bytes());
        let mut out = vec![0; content.len()];
        Unpacker::new().unpack(&chunk, &mut out, &CancelToken::new()).unwrap();
        assert!(out == content);
    }

    /// A frame of Zstandard that all blocks share, and one that nobody waits for.
    #[test]
    fn the_work_is_that_of_the_bytes_that_came() {
        let (frame, shape) = (recorded("blob.nnia"), [24, 36, 48]);
        let cancel = CancelToken::new();
        cancel.cancel();
        assert_eq!(super::unpack(&frame, shape, &cancel), Err("cancelled".to_owned()));
        // Two blocks at the same place: what is there is one block.
        for (second, good) in [(40 + 604, true), (40, false)] {
            let mut chunk = header(1200, 1, false).to_vec();
            chunk[2] = 0x95;
            chunk[8..12].copy_from_slice(&600i32.to_le_bytes());
            chunk.extend([40i32, second].map(i32::to_le_bytes).as_flattened());
            for _ in 0..if good { 2 } else { 1 } {
                chunk.extend(600i32.to_le_bytes());
                chunk.extend([1; 600]);
            }
            let total = chunk.len() as i32;
            chunk[12..16].copy_from_slice(&total.to_le_bytes());
            let found = Unpacker::new().unpack(&chunk, &mut [0; 1200], &CancelToken::new());
            let wanted =
                if good { Ok(()) } else { Err("blocks that share their bytes".to_owned()) };
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn zeros_are_left_out_of_what_is_sent() {
        let mut values = vec![0; 10 * PIECE + 7];
        let frame = pack("uint8", 1, &[1, 1, values.len()], &values);
        assert!(frame.len() < 200, "{}", frame.len());
        values[5 * PIECE] = 1;
        let packed = pack("uint8", 1, &[1, 1, values.len()], &values);
        assert!((PIECE..PIECE + 400).contains(&packed.len()), "{}", packed.len());
        assert!(packed.len() as u64 <= packed_bytes(values.len()));
        assert_eq!(unpack(&packed, [1, 1, values.len()]).unwrap(), values);
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(
            shape in [1usize..40, 1usize..60, 1usize..70],
            runs in prop::collection::vec((0usize..200_000, 0u8..4), 0..12),
        ) {
            let count = shape.iter().product();
            let mut values: Vec<u8> =
                runs.iter().flat_map(|&(n, v)| std::iter::repeat_n(v, n)).take(count).collect();
            values.resize(count, 0);
            let frame = pack("uint8", 1, &shape, &values);
            prop_assert!(frame.len() as u64 <= packed_bytes(count));
            prop_assert!(unpack(&frame, shape).unwrap() == values);
        }

        /// Bytes changed anywhere give an error or another mask of the same shape, and never a panic.
        #[test]
        fn damage_is_survived(
            name in prop::sample::select(DAMAGED.to_vec()),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            end in any::<prop::sample::Index>(),
        ) {
            let mut frame = recorded(name);
            let shape = if name.ends_with("blocks.nnia") { [90, 64, 128] } else { [24, 36, 48] };
            for (at, byte) in changes {
                let at = at.index(frame.len());
                frame[at] = byte;
            }
            if let Ok(values) = unpack(&frame, shape) {
                prop_assert_eq!(values.len(), shape.iter().product::<usize>());
            }
            frame.truncate(end.index(frame.len()));
            prop_assert!(unpack(&frame, shape).is_err());
        }
    }
}
