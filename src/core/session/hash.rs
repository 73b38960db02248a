//! The SHA-256 of files.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::SessionError;
use crate::work::{CancelToken, Cancelled};

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// 64 hexadecimal digits, small letters.
    pub fn hex(&self) -> String {
        use std::fmt::Write as _;
        self.0.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// From 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (n, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * n..2 * n + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// Of the files that something was read from, in whatever order, and how many bytes they have. Of one file it is that
    /// of its bytes; of several that of their own hashes (32 bytes each), sorted: names and folders do not count. Reads
    /// all of them: not for the UI thread.
    ///
    /// # Errors
    /// If one can't be read; `Ok(None)` if it was cancelled.
    pub fn of_files(
        files: &[PathBuf],
        cancel: &CancelToken,
    ) -> Result<Option<(Self, u64)>, SessionError> {
        let (mut hashes, mut bytes) = (Vec::new(), 0);
        for file in files {
            let mut hasher = Sha256::new();
            match add(file, &mut hasher, cancel)? {
                Some(more) => bytes += more,
                None => return Ok(None),
            }
            hashes.push(<[u8; 32]>::from(hasher.finalize()));
        }
        hashes.sort_unstable();
        Ok(Some(match hashes[..] {
            [one] => (Self(one), bytes),
            _ => (Self(Sha256::digest(hashes.as_flattened()).into()), bytes),
        }))
    }
}

/// How many bytes some files have together.
///
/// # Errors
/// If one can't be looked at.
pub fn bytes_of(files: &[PathBuf]) -> Result<u64, SessionError> {
    let mut bytes = 0;
    for file in files {
        let failed = |e| SessionError::io("a file can't be read", file, e);
        bytes += std::fs::metadata(file).map_err(failed)?.len();
    }
    Ok(bytes)
}

/// Adds a file's bytes; how many they were, or `None` if it was cancelled.
pub(super) fn add(
    path: &Path,
    hasher: &mut Sha256,
    cancel: &CancelToken,
) -> Result<Option<u64>, SessionError> {
    let failed = |e| SessionError::io("a file can't be read", path, e);
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mut buffer = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        if let Err(Cancelled) = cancel.check() {
            return Ok(None);
        }
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Some(bytes)),
            Ok(n) => {
                hasher.update(&buffer[..n]);
                bytes += n as u64;
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(failed(e)),
        }
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.hex())
    }
}
