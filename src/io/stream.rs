//! The bytes of a file, inflated if it is gzip, with progress in bytes of the file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;

use super::error::IoError;
use crate::placeholder::Placeholder;
use crate::work::Progress;

/// Large enough that the inflater seldom stops at its end, small against any scan.
const BUFFER: usize = 256 << 10;

/// Deflate can't do better than this: a match of 258 bytes in two bits.
const DEFLATE_MAX_RATIO: u64 = 1032;

/// A file that counts what was read from it.
struct Counted {
    file: File,
    done: u64,
    progress: Progress,
}

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buf)?;
        self.done += n as u64;
        self.progress.set_done(self.done);
        Ok(n)
    }
}

enum State {
    Plain(BufReader<Counted>),
    Member(Box<GzDecoder<BufReader<Counted>>>),
    End,
}

/// A file's content, inflated where it is gzip: one member or many, checksums checked.
pub(super) struct Stream {
    state: State,
    file_len: u64,
    gzip: bool,
    garbage: bool,
}

impl Stream {
    /// Opens a regular file; states its size as the progress' total.
    pub(super) fn open(path: &Path, progress: &Progress) -> Result<Self, IoError> {
        let reading = |e| IoError::reading(e, path);
        let metadata = std::fs::metadata(path).map_err(reading)?;
        if !metadata.is_file() {
            // A pipe would be waited for when opened.
            let what = if metadata.is_dir() { "a folder" } else { "a device or pipe" };
            return Err(IoError::NotAFile { what, path: path.to_path_buf() });
        }
        let file = File::open(path).map_err(reading)?;
        let file_len = metadata.len();
        progress.set_done(0);
        progress.set_total(file_len);
        let counted = Counted { file, done: 0, progress: progress.clone() };
        let mut reader = BufReader::with_capacity(BUFFER, counted);
        let first = reader.fill_buf().map_err(reading)?;
        if first.is_empty() {
            return Err(IoError::Empty(path.to_path_buf()));
        }
        if let Some(what) = Placeholder::of(first) {
            return Err(IoError::Placeholder { what, path: path.to_path_buf() });
        }
        let gzip = first.starts_with(&[0x1f, 0x8b]);
        let state = if gzip {
            State::Member(Box::new(GzDecoder::new(reader)))
        } else {
            State::Plain(reader)
        };
        Ok(Self { state, file_len, gzip, garbage: false })
    }

    /// Bytes of the file as it lies on the disk.
    pub(super) fn file_len(&self) -> u64 {
        self.file_len
    }

    /// Whether the file is compressed, so that its length is not that of its content.
    pub(super) fn is_gzip(&self) -> bool {
        self.gzip
    }

    /// The most bytes this can give: exact for a plain file.
    pub(super) fn most(&self) -> u64 {
        if self.gzip { self.file_len.saturating_mul(DEFLATE_MAX_RATIO) } else { self.file_len }
    }

    /// Whether the last gzip member is followed by something that is none.
    pub(super) fn has_garbage(&self) -> bool {
        self.garbage
    }

    /// At the end of a gzip member: the next one, or the end. Padding after the last one is common on
    /// tapes and archives; gzip itself ignores it with a warning, and so do we.
    fn next_member(&mut self) -> io::Result<()> {
        let State::Member(decoder) = std::mem::replace(&mut self.state, State::End) else {
            return Ok(());
        };
        let mut reader = decoder.into_inner();
        match reader.fill_buf()?.first() {
            None => {}
            Some(0x1f) => self.state = State::Member(Box::new(GzDecoder::new(reader))),
            Some(_) => self.garbage = true,
        }
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = match &mut self.state {
                State::Plain(reader) => return reader.read(buf),
                State::Member(decoder) => decoder.read(buf)?,
                State::End => return Ok(0),
            };
            if n > 0 || buf.is_empty() {
                return Ok(n);
            }
            self.next_member()?;
        }
    }
}

/// Reads until `buf` is full or the stream ends; how many bytes.
pub(super) fn read_full(reader: &mut impl Read, buf: &mut [u8]) -> io::Result<usize> {
    let mut at = 0;
    while at < buf.len() {
        match reader.read(&mut buf[at..]) {
            Ok(0) => break,
            Ok(n) => at += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(at)
}
