//! Chunks of Blosc 2, as far as masks need them: single bytes, packed with Zstandard or LZ4
//! (<https://github.com/Blosc/c-blosc2/blob/main/README_CHUNK_FORMAT.rst>). Everything that a chunk says of lengths is
//! checked against the chunk and against what is wanted.

use lz4_flex::block::decompress_into;
use ruzstd::decoding::FrameDecoder;

use crate::work::CancelToken;

/// Bytes of a chunk's header.
pub(super) const HEADER: usize = 32;
/// Flags that together say that the header has all its bytes.
const EXTENDED: u8 = 0b101;
/// The flag of a chunk that is stored as it is.
const STORED: u8 = 0b10;
const DELTA: u8 = 0b1000;
/// In the last byte of the header: all bytes are zero, or are one.
const ALL_ZEROS: u8 = 1;
const ONE_VALUE: u8 = 3;
/// Windows of Zstandard that are taken though what is in them is shorter.
const WINDOW: u64 = 1 << 20;

/// What packed the blocks of a chunk.
#[derive(Clone, Copy)]
enum Codec {
    Zstd,
    /// Blocks of LZ4 without a frame, also if they were made with LZ4 HC.
    Lz4,
}

/// Reads from the front of bytes, and nothing beyond their end.
pub(super) struct Front<'a>(pub(super) &'a [u8]);

impl<'a> Front<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or("it ends in the middle")?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, rest) = self.0.split_first_chunk().ok_or("it ends in the middle")?;
        self.0 = rest;
        Ok(*taken)
    }
}

/// The header of a chunk of so many bytes, of values of `item` bytes: stored as they are, or all zero.
pub(super) fn header(length: usize, item: u8, zeros: bool) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let stored = if zeros { 0 } else { length };
    let numbers = [length, length.min(1 << 20), stored + HEADER].map(|n| (n as i32).to_le_bytes());
    // The format's version, and that of its codec.
    header[..2].copy_from_slice(&[5, 1]);
    header[2] = if zeros { EXTENDED } else { EXTENDED | STORED };
    header[3] = item;
    header[4..16].copy_from_slice(numbers.as_flattened());
    header[31] = if zeros { ALL_ZEROS << 4 } else { 0 };
    header
}

/// Unpacks chunks of single bytes.
pub(super) struct Unpacker(FrameDecoder);

impl Unpacker {
    pub(super) fn new() -> Self {
        Self(FrameDecoder::new())
    }

    /// Unpacks a chunk, which must have exactly as many bytes as `out`.
    ///
    /// # Errors
    /// What is wrong with it; or nobody wants it any more.
    pub(super) fn unpack(
        &mut self,
        chunk: &[u8],
        out: &mut [u8],
        cancel: &CancelToken,
    ) -> Result<(), String> {
        let mut front = Front(chunk);
        let header: [u8; HEADER] = front.array()?;
        let content = front.0;
        let number = |at: usize| i32::from_le_bytes([0, 1, 2, 3].map(|n| header[at + n]));
        let [length, block, packed] = [4, 8, 12].map(|at| usize::try_from(number(at)));
        let (flags, more) = (header[2], header[31]);
        if flags & EXTENDED != EXTENDED {
            return Err("a chunk of Blosc 1".to_owned());
        }
        if length != Ok(out.len()) || packed != Ok(chunk.len()) {
            return Err("a chunk of another length than it says".to_owned());
        }
        if header[3] != 1 {
            let size = header[3];
            return Err(format!("values of {size} bytes"));
        }
        // To shuffle the bytes of single bytes (1) changes nothing.
        if header[16..22].iter().any(|&filter| filter > 1) || flags & DELTA != 0 {
            return Err("a chunk that was filtered".to_owned());
        }
        match (more >> 4 & 7, content) {
            _ if more & 0x8f != 0 => return Err("options of Blosc that are not known".to_owned()),
            (0, _) => {}
            (ALL_ZEROS, []) => {
                out.fill(0);
                return Ok(());
            }
            (ONE_VALUE, &[value]) => {
                out.fill(value);
                return Ok(());
            }
            _ => return Err("a special chunk of another kind".to_owned()),
        }
        if flags & STORED != 0 {
            if content.len() != out.len() {
                return Err("a stored chunk of another length".to_owned());
            }
            out.copy_from_slice(content);
            return Ok(());
        }
        let codec = match flags >> 5 {
            1 => Codec::Lz4,
            4 => Codec::Zstd,
            other => {
                return Err(format!(
                    "packed with codec {other} of Blosc, not with Zstandard or LZ4"
                ));
            }
        };
        let block = block.ok().filter(|block| (1..=out.len()).contains(block));
        self.blocks(codec, chunk, out, block.ok_or("blocks of no length")?, cancel)
    }

    /// Unpacks blocks of so many bytes, the places of which stand first.
    fn blocks(
        &mut self,
        codec: Codec,
        chunk: &[u8],
        out: &mut [u8],
        block: usize,
        cancel: &CancelToken,
    ) -> Result<(), String> {
        let content = chunk.get(HEADER..).unwrap_or_default();
        let mut front = Front(content);
        // Each block has bytes of its own, so that the work is that of the bytes which came.
        let mut left = content.len();
        for block in out.chunks_mut(block) {
            cancel.check().map_err(|stopped| stopped.to_string())?;
            let start = i32::from_le_bytes(front.array()?);
            let start = usize::try_from(start).ok().filter(|&start| start >= HEADER);
            let stream = start.and_then(|start| chunk.get(start..));
            let used = self.block(codec, stream.ok_or("a block that lies elsewhere")?, block)?;
            left = left.checked_sub(used).ok_or("blocks that share their bytes")?;
        }
        Ok(())
    }

    /// Unpacks a block; how many bytes its own are, its place in the chunk among them.
    fn block(&mut self, codec: Codec, stream: &[u8], out: &mut [u8]) -> Result<usize, String> {
        let mut front = Front(stream);
        let length = i32::from_le_bytes(front.array()?);
        match usize::try_from(length) {
            Ok(0) => out.fill(0),
            Ok(length) => {
                let packed = front.take(length)?;
                if length == out.len() {
                    out.copy_from_slice(packed);
                } else {
                    self.packed(codec, packed, out)?;
                }
            }
            // A run of one byte: its negative, and then an odd number.
            Err(_) => {
                let value = u8::try_from(length.unsigned_abs()).map_err(|_| "a run of no byte")?;
                if front.array::<1>()?[0] & 1 == 0 {
                    return Err("a run of another kind".to_owned());
                }
                out.fill(value);
            }
        }
        Ok(stream.len() - front.0.len() + size_of::<i32>())
    }

    fn packed(&mut self, codec: Codec, packed: &[u8], out: &mut [u8]) -> Result<(), String> {
        let length = match codec {
            Codec::Zstd => {
                self.0.set_max_window_size(WINDOW.max(out.len() as u64));
                self.0.decode_all(packed, out).map_err(|error| error.to_string())?
            }
            Codec::Lz4 => decompress_into(packed, out).map_err(|error| error.to_string())?,
        };
        if length == out.len() { Ok(()) } else { Err("a block that is too short".to_owned()) }
    }
}
