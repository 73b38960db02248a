//! Compressed bytes on their way: gzip, zlib, bzip2 and Zstandard, one member or many, checksums checked.

use std::io::{self, BufRead, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// How bytes were packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Zlib,
    Bzip2,
    Zstd,
}

impl Compression {
    /// By the first bytes of a file; zlib has no mark that could be told from anything.
    pub(super) fn of(first: &[u8]) -> Option<Self> {
        let bzip2 = |rest: &[u8]| {
            matches!(rest.first(), Some(b'1'..=b'9'))
                && [b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"]
                    .iter()
                    .any(|m| rest[1..].starts_with(*m))
        };
        match first {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [b'B', b'Z', b'h', rest @ ..] if bzip2(rest) => Some(Self::Bzip2),
            _ => None,
        }
    }

    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
            Self::Bzip2 => "bzip2",
            Self::Zstd => "zstd",
        }
    }

    /// The most that so many packed bytes can hold.
    pub(super) fn most(self, packed: u64) -> u64 {
        packed.saturating_mul(match self {
            // A match of 258 bytes in two bits.
            Self::Gzip | Self::Zlib => 1032,
            // A block of 900 kB of runs, each of 259 bytes in 5, in some 40 bytes.
            Self::Bzip2 => 1 << 21,
            // A block of 128 kB of one byte, in 4.
            Self::Zstd => 1 << 15,
        })
    }
}

/// Bytes of which it can be said whether something odd followed what was packed.
pub(super) trait Content: Read {
    /// Whether the last packed member was followed by something that is none.
    fn garbage(&self) -> Option<Compression> {
        None
    }
}

enum State<R> {
    Plain(R),
    Gzip(Box<GzDecoder<R>>),
    Zlib(Box<Zlib<R>>),
    Bzip2(Box<BzDecoder<R>>),
    Zstd(Box<Zstd<R>>),
    End,
}

/// The content of a reader, unpacked.
pub(super) struct Inflated<R> {
    state: State<R>,
    packed: Option<Compression>,
    garbage: bool,
}

impl<R: BufRead> Inflated<R> {
    /// `packed`: how; `None` leaves the bytes as they are.
    pub(super) fn new(reader: R, packed: Option<Compression>) -> Self {
        let state = match packed {
            None => State::Plain(reader),
            Some(Compression::Gzip) => State::Gzip(Box::new(GzDecoder::new(reader))),
            Some(Compression::Zlib) => State::Zlib(Box::new(Zlib::new(reader))),
            Some(Compression::Bzip2) => State::Bzip2(Box::new(BzDecoder::new(reader))),
            Some(Compression::Zstd) => State::Zstd(Box::new(Zstd::new(reader))),
        };
        Self { state, packed, garbage: false }
    }

    pub(super) fn packed(&self) -> Option<Compression> {
        self.packed
    }

    /// At the end of a member: the next one, or the end. Padding after the last one is common on
    /// tapes and archives; gzip itself ignores it with a warning, and so do we.
    fn next_member(&mut self) -> io::Result<()> {
        let mut reader = match std::mem::replace(&mut self.state, State::End) {
            State::Gzip(decoder) => decoder.into_inner(),
            State::Zlib(decoder) => decoder.reader,
            State::Bzip2(decoder) => decoder.into_inner(),
            State::Zstd(decoder) => decoder.reader,
            State::Plain(_) | State::End => return Ok(()),
        };
        let next = reader.fill_buf()?.first().copied();
        let goes_on = match self.packed {
            Some(Compression::Gzip) => next == Some(0x1f),
            Some(Compression::Bzip2) => next == Some(b'B'),
            // Members of Zstandard are followed where they are read.
            Some(Compression::Zstd | Compression::Zlib) | None => false,
        };
        if goes_on {
            *self = Self::new(reader, self.packed);
        } else {
            self.garbage = next.is_some();
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Inflated<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = match &mut self.state {
                State::Plain(reader) => return reader.read(buf),
                State::Gzip(decoder) => decoder.read(buf)?,
                State::Zlib(decoder) => decoder.read(buf)?,
                State::Bzip2(decoder) => decoder.read(buf)?,
                State::Zstd(decoder) => decoder.read(buf)?,
                State::End => return Ok(0),
            };
            if n > 0 || buf.is_empty() {
                return Ok(n);
            }
            self.next_member()?;
        }
    }
}

impl<R: BufRead> Content for Inflated<R> {
    fn garbage(&self) -> Option<Compression> {
        self.packed.filter(|_| self.garbage)
    }
}

/// A stream of zlib. flate2's own reader takes one that ends early for one that ends.
struct Zlib<R> {
    reader: R,
    inflate: Decompress,
    ended: bool,
}

impl<R: BufRead> Zlib<R> {
    fn new(reader: R) -> Self {
        Self { reader, inflate: Decompress::new(true), ended: false }
    }
}

impl<R: BufRead> Read for Zlib<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !buf.is_empty() {
            let packed = self.reader.fill_buf()?;
            let at_end = packed.is_empty();
            let (taken, made) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(packed, buf, FlushDecompress::None);
            let status = status.map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
            self.reader.consume((self.inflate.total_in() - taken) as usize);
            self.ended = status == Status::StreamEnd;
            let n = (self.inflate.total_out() - made) as usize;
            if n > 0 {
                return Ok(n);
            }
            if at_end && !self.ended {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(0)
    }
}

/// Frames of Zstandard, one after another. The decoder reads one and does not compare its checksum.
struct Zstd<R> {
    reader: R,
    frame: Option<Box<FrameDecoder>>,
}

impl<R: BufRead> Zstd<R> {
    fn new(reader: R) -> Self {
        Self { reader, frame: None }
    }

    /// The next frame's decoder; `None` at the end. Frames that hold nothing are passed over.
    fn next_frame(&mut self) -> io::Result<Option<Box<FrameDecoder>>> {
        loop {
            if !matches!(self.reader.fill_buf()?.first(), Some(0x28 | 0x50..=0x5f)) {
                return Ok(None);
            }
            let mut frame = Box::new(FrameDecoder::new());
            match frame.reset(&mut self.reader) {
                Ok(()) => return Ok(Some(frame)),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let mut skipped = (&mut self.reader).take(u64::from(length));
                    let skipped = io::copy(&mut skipped, &mut io::sink())?;
                    if skipped < u64::from(length) {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(damaged(&error)),
            }
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(frame) = &mut self.frame else {
                self.frame = self.next_frame()?;
                if self.frame.is_none() {
                    return Ok(0);
                }
                continue;
            };
            while frame.can_collect() == 0 && !frame.is_finished() {
                let blocks = BlockDecodingStrategy::UptoBlocks(1);
                frame.decode_blocks(&mut self.reader, blocks).map_err(|error| damaged(&error))?;
            }
            let n = frame.read(buf)?;
            if n > 0 || buf.is_empty() {
                return Ok(n);
            }
            let stated = frame.get_checksum_from_data();
            if stated.is_some() && stated != frame.get_calculated_checksum() {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum is wrong"));
            }
            self.frame = None;
        }
    }
}

/// Of a decoder's error: whether the data end early, can't be read, or are wrong.
fn damaged(error: &(dyn std::error::Error + 'static)) -> io::Error {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        if let Some(reading) = inner.downcast_ref::<io::Error>() {
            return match reading.raw_os_error() {
                Some(code) => io::Error::from_raw_os_error(code),
                None => io::Error::new(reading.kind(), reading.to_string()),
            };
        }
        cause = inner.source();
    }
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}
