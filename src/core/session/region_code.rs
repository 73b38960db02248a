//! Regions as bytes, such that a stranger reads them in a few lines: pairs of little-endian `uint32`, compressed as
//! zlib. Each pair is one run: how many voxels lie between the end of the run before and its first voxel, and how many
//! it has. A run of no voxels only moves on (for gaps of 2³² − 1 voxels and more).

use std::io::Write as _;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use crate::volume::{Region, RegionBuilder, Run};
use crate::work::memory;

/// The longest gap that one pair can say.
const FARTHEST: u32 = u32::MAX;

/// A region as bytes.
pub fn encode(region: &Region) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    let mut end = 0;
    let mut pair = |gap: u32, len: u32| {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&gap.to_le_bytes());
        bytes[4..].copy_from_slice(&len.to_le_bytes());
        // Writing to memory can't fail.
        let _ = encoder.write_all(&bytes);
    };
    for run in region.runs() {
        let mut gap = run.start - end;
        while gap >= FARTHEST as usize {
            pair(FARTHEST, 0);
            gap -= FARTHEST as usize;
        }
        pair(gap as u32, run.len);
        end = run.end();
    }
    encoder.finish().unwrap_or_default()
}

/// So many runs are made without asking for memory: a megabyte.
const FEW_RUNS: usize = 1 << 16;

/// The region that was encoded, of a grid of `dims`. Takes memory only for the runs that are there, and asks for that of
/// many before.
///
/// # Errors
/// Why these bytes are none.
pub fn decode(bytes: &[u8], dims: [usize; 3]) -> Result<Region, String> {
    let [nx, count] = [dims[0], dims.iter().product()];
    let mut builder = RegionBuilder::new(nx);
    let (mut runs, mut room, mut end) = (0usize, FEW_RUNS, 0usize);
    for_each_pair(bytes, |gap, len| {
        let (start, len) = (end.saturating_add(gap as usize), len as usize);
        let moves = len == 0 && gap == FARTHEST;
        if start >= count || len > nx - start % nx || (len == 0 && !moves) {
            return Err("its runs lead out of the scan".to_owned());
        }
        if runs == room {
            room *= 2;
            let bytes = (room * size_of::<Run>()) as u64;
            memory::check(bytes).map_err(|short| format!("it {short}"))?;
        }
        runs += 1;
        builder.push(start, len);
        end = start + len;
        Ok(())
    })?;
    Ok(builder.finish())
}

/// Calls for each pair: the gap and the length.
fn for_each_pair(
    bytes: &[u8],
    mut each: impl FnMut(u32, u32) -> Result<(), String>,
) -> Result<(), String> {
    let mut decoder = ZlibDecoder::new(bytes);
    let mut buffer = vec![0; 1 << 15];
    loop {
        let filled = fill(&mut decoder, &mut buffer)
            .map_err(|why| format!("its runs are not whole: {why}"))?;
        let (pairs, rest) = buffer[..filled].as_chunks::<8>();
        for &[a, b, c, d, e, f, g, h] in pairs {
            each(u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))?;
        }
        if !rest.is_empty() {
            return Err("its runs end in the middle of one".to_owned());
        }
        if filled < buffer.len() {
            return Ok(());
        }
    }
}

/// Reads until the buffer is full or nothing is left; how many bytes.
fn fill(from: &mut impl std::io::Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..])? {
            0 => break,
            n => filled += n,
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIMS: [usize; 3] = [300, 3, 2];

    fn zlib(pairs: &[[u32; 2]]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        for value in pairs.iter().flatten() {
            encoder.write_all(&value.to_le_bytes()).unwrap();
        }
        encoder.finish().unwrap()
    }

    #[test]
    fn bytes_that_are_no_region_of_the_grid_are_refused() {
        let bomb = {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&vec![0; 64 << 20]).unwrap();
            encoder.finish().unwrap()
        };
        let whole = zlib(&[[0, 300], [0, 300]]);
        let mut flipped = whole.clone();
        let last = flipped.len() - 1;
        flipped[last] ^= 1;
        for (name, bytes, fine) in [
            ("two rows", whole.clone(), true),
            ("nothing", zlib(&[]), true),
            ("no bytes", Vec::new(), false),
            ("not zlib", vec![1, 2, 3, 4], false),
            ("cut", whole[..whole.len() - 3].to_vec(), false),
            ("another check sum", flipped, false),
            ("past the end of a row", zlib(&[[299, 2]]), false),
            ("past the last voxel", zlib(&[[1800, 1]]), false),
            ("far past it", zlib(&[[u32::MAX - 1, u32::MAX]]), false),
            ("moved past it", zlib(&[[u32::MAX, 0], [u32::MAX, 0]]), false),
            ("a run of none", zlib(&[[5, 0]]), false),
            ("half a pair", zlib(&[[0, 5]])[..].to_vec(), true),
            ("64 MB of runs of none", bomb, false),
        ] {
            assert_eq!(decode(&bytes, DIMS).is_ok(), fine, "{name}");
        }
    }

    #[test]
    fn gaps_of_more_than_32_bits_are_kept() {
        // Of a grid of 8 G voxels, of which nothing is allocated.
        let dims = [1 << 11, 1 << 11, 1 << 11];
        let mut builder = RegionBuilder::new(dims[0]);
        for start in [3usize, (1 << 32) + 7, (1 << 33) - 1] {
            builder.push(start, 1);
        }
        let region = builder.finish();
        assert_eq!(decode(&encode(&region), dims), Ok(region));
    }

    proptest! {
        #[test]
        fn a_region_comes_back_and_no_bytes_are_a_panic(
            flags in prop::collection::vec(any::<bool>(), 0..1800),
            noise in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let region = Region::from_mask(DIMS[0], flags.iter().copied());
            prop_assert_eq!(decode(&encode(&region), DIMS), Ok(region));
            let _ = decode(&noise, DIMS);
        }
    }
}
