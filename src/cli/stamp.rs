//! Whether what was read is still what it was.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// A file or a folder as it was at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadStamp {
    path: PathBuf,
    /// Bytes; of a folder, of the files in it.
    bytes: u64,
    /// When it was written last, milliseconds since 1970; of a folder, the newest of it and of the files in it.
    written_ms: u64,
}

impl ReadStamp {
    /// As it is now.
    ///
    /// # Errors
    /// If it can't be looked at.
    pub fn of(path: &Path) -> anyhow::Result<Self> {
        let look = || -> std::io::Result<(u64, u64)> {
            let about = std::fs::metadata(path)?;
            if !about.is_dir() {
                return Ok((about.len(), written_ms(&about)));
            }
            let (mut bytes, mut newest) = (0, written_ms(&about));
            for entry in std::fs::read_dir(path)? {
                let about = entry?.metadata()?;
                bytes += if about.is_dir() { 0 } else { about.len() };
                newest = newest.max(written_ms(&about));
            }
            Ok((bytes, newest))
        };
        let (bytes, written_ms) =
            look().with_context(|| format!("can't read {}", path.display()))?;
        Ok(Self { path: path.to_owned(), bytes, written_ms })
    }

    /// Bytes, and when it was written: milliseconds since 1970.
    pub fn numbers(&self) -> (u64, u64) {
        (self.bytes, self.written_ms)
    }

    /// Whether it is still so.
    pub fn holds(&self) -> bool {
        Self::of(&self.path).is_ok_and(|now| now == *self)
    }
}

fn written_ms(about: &Metadata) -> u64 {
    let since = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
