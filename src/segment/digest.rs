//! SHA-256 of files.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::work::{CancelToken, Cancelled, Progress};

/// Of a whole file, in lower-case hexadecimal digits. Progress is in bytes.
pub(super) fn sha256(
    file: &Path,
    cancel: &CancelToken,
    progress: &Progress,
) -> io::Result<Result<String, Cancelled>> {
    sha256_of_all(&[file], cancel, progress)
}

/// Of files, one after another as if they were one.
pub(super) fn sha256_of_all(
    files: &[impl AsRef<Path>],
    cancel: &CancelToken,
    progress: &Progress,
) -> io::Result<Result<String, Cancelled>> {
    let (mut hash, mut buffer, mut done, mut total) = (Sha256::new(), vec![0; 1 << 18], 0, 0);
    for file in files {
        let mut reader = File::open(file)?;
        total += reader.metadata()?.len();
        progress.set_total(total);
        loop {
            if let Err(cancelled) = cancel.check() {
                return Ok(Err(cancelled));
            }
            let n = reader.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            hash.update(&buffer[..n]);
            done += n as u64;
            progress.set_done(done);
        }
    }
    let mut text = String::new();
    for byte in hash.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(Ok(text))
}
