//! The checkpoint's bytes, mapped into memory: 400 MB that are neither read nor copied until used.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use memmap2::Mmap;

/// A file's bytes as the system has them; pages are read when they are first looked at.
#[derive(Debug)]
pub(super) struct Map(Option<Mmap>);

impl Map {
    /// Maps a regular file for reading.
    #[allow(unsafe_code)]
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // A folder maps with a message nobody understands, and opening a pipe waits for a writer.
        let about = fs::metadata(path)?;
        if about.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        if !about.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let file = File::open(path)?;
        // Some systems refuse a map of no bytes.
        if file.metadata()?.len() == 0 {
            return Ok(Self(None));
        }
        // SAFETY: the map is private and read-only, and lives as long as this value. What Rust asks for
        // besides, that nobody changes the bytes meanwhile, no program can promise of a file. Nothing
        // here relies on reading the same byte twice and finding it equal: whatever is read (directory,
        // pickle, tensors) is checked as it is used, so another program writing into the file gives an
        // error or wrong weights, as it would with `read`. Truncating it while it is open ends the
        // process on its next access (SIGBUS) on Unix: that is the price of not copying 400 MB, ONNX
        // Runtime pays it too when it maps external weights, and our own downloads and exports never
        // shorten a file in place: they write another one and rename it.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self(Some(map)))
    }

    /// All of it.
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}
