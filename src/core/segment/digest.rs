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
    let (mut hash, mut buffer, mut done) = (Sha256::new(), vec![0; 1 << 18], 0);
    let mut reader = File::open(file)?;
    progress.set_total(reader.metadata()?.len());
    loop {
        if let Err(cancelled) = cancel.check() {
            return Ok(Err(cancelled));
        }
        let n = reader.read(&mut buffer)?;
        if n == 0 {
            return Ok(Ok(hexadecimal(&hash.finalize())));
        }
        hash.update(&buffer[..n]);
        done += n as u64;
        progress.set_done(done);
    }
}

/// Of bytes at hand.
pub(super) fn sha256_of_bytes(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
