//! The bytes of a file, unpacked if they are gzip, bzip2 or Zstandard, with progress in bytes of the file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::path::Path;

use super::error::IoError;
use super::inflate::{Compression, Content, Inflated};
use crate::placeholder::Placeholder;
use crate::work::Progress;

/// Large enough that the inflater seldom stops at its end, small against any scan.
const BUFFER: usize = 256 << 10;

/// A file that counts what was read from it.
struct Counted {
    file: File,
    /// What was read before this file was.
    before: u64,
    done: u64,
    progress: Progress,
}

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buf)?;
        self.done += n as u64;
        self.progress.set_done(self.before + self.done);
        Ok(n)
    }
}

/// A file's content, unpacked where it is compressed as a whole: one member or many, checksums checked.
pub(super) struct Stream {
    content: Inflated<BufReader<Counted>>,
    file_len: u64,
}

impl Stream {
    /// Opens a regular file; states its size as the progress' total.
    pub(super) fn open(path: &Path, progress: &Progress) -> Result<Self, IoError> {
        let file_len = length(path)?;
        progress.set_done(0);
        progress.set_total(file_len);
        Self::begin(path, progress, 0, Compression::of)
    }

    /// Opens one of several files that are read one after another: `before` bytes were read of the others. Its bytes
    /// are those that lie on the disk.
    pub(super) fn open_plain(
        path: &Path,
        progress: &Progress,
        before: u64,
    ) -> Result<Self, IoError> {
        Self::begin(path, progress, before, |_| None)
    }

    fn begin(
        path: &Path,
        progress: &Progress,
        before: u64,
        packed: impl Fn(&[u8]) -> Option<Compression>,
    ) -> Result<Self, IoError> {
        let reading = |e| IoError::reading(e, path);
        let file_len = length(path)?;
        let file = File::open(path).map_err(reading)?;
        let counted = Counted { file, before, done: 0, progress: progress.clone() };
        let mut reader = BufReader::with_capacity(BUFFER, counted);
        let first = reader.fill_buf().map_err(reading)?;
        if first.is_empty() {
            return Err(IoError::Empty(path.to_path_buf()));
        }
        if let Some(what) = Placeholder::of(first) {
            return Err(IoError::Placeholder { what, path: path.to_path_buf() });
        }
        let packed = packed(first);
        Ok(Self { content: Inflated::new(reader, packed), file_len })
    }

    /// Bytes of the file as it lies on the disk.
    pub(super) fn file_len(&self) -> u64 {
        self.file_len
    }

    /// Whether the file is compressed, so that its length is not that of its content.
    pub(super) fn is_packed(&self) -> bool {
        self.content.packed().is_some()
    }

    /// The most bytes this can give: exact for a plain file.
    pub(super) fn most(&self) -> u64 {
        self.content.packed().map_or(self.file_len, |packed| packed.most(self.file_len))
    }
}

/// Bytes of a regular file. A pipe would be waited for when opened.
pub(super) fn length(path: &Path) -> Result<u64, IoError> {
    let metadata = std::fs::metadata(path).map_err(|e| IoError::reading(e, path))?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "a folder" } else { "a device or pipe" };
        return Err(IoError::NotAFile { what, path: path.to_path_buf() });
    }
    Ok(metadata.len())
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.content.read(buf)
    }
}

impl Content for Stream {
    fn garbage(&self) -> Option<Compression> {
        self.content.garbage()
    }
}

/// What was read ahead, and the rest.
impl Content for Chain<Cursor<Vec<u8>>, Stream> {
    fn garbage(&self) -> Option<Compression> {
        self.get_ref().1.garbage()
    }
}

impl Content for BufReader<Stream> {
    fn garbage(&self) -> Option<Compression> {
        self.get_ref().garbage()
    }
}

impl<C: Content + ?Sized> Content for Box<C> {
    fn garbage(&self) -> Option<Compression> {
        (**self).garbage()
    }
}

/// Reads until `buf` is full or the stream ends; how many bytes.
pub(super) fn read_full(reader: &mut (impl Read + ?Sized), buf: &mut [u8]) -> io::Result<usize> {
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
