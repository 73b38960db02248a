//! Headers that are lines of text, before the voxels or in a file of their own.

use std::io::{BufRead, Read as _};
use std::path::Path;

use super::error::IoError;

/// A header larger than this is something else. Lists of thousands of files and of hundreds of segments fit in.
const MOST: u64 = 16 << 20;

/// The lines of a header, one after another; not a byte more is read.
pub(super) struct HeaderLines<'a, R> {
    reader: &'a mut R,
    path: &'a Path,
    bytes: u64,
}

impl<'a, R: BufRead> HeaderLines<'a, R> {
    pub(super) fn new(reader: &'a mut R, path: &'a Path) -> Self {
        Self { reader, path, bytes: 0 }
    }

    /// The next line, without its end; `None` where the file ends.
    pub(super) fn next(&mut self) -> Result<Option<String>, IoError> {
        let mut line = Vec::new();
        let most = MOST + 1 - self.bytes;
        let n = (&mut *self.reader)
            .take(most)
            .read_until(b'\n', &mut line)
            .map_err(|e| IoError::reading(e, self.path))?;
        self.bytes += n as u64;
        if self.bytes > MOST {
            return Err(IoError::header("it does not end within 16 MB", self.path));
        }
        while matches!(line.last(), Some(b'\n' | b'\r')) {
            line.pop();
        }
        Ok((n > 0).then(|| String::from_utf8_lossy(&line).into_owned()))
    }

    /// Bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// The numbers of a line, between blanks; `None` if something is none.
pub(super) fn numbers(text: &str) -> Option<Vec<f64>> {
    text.split_whitespace().map(|word| word.parse().ok()).collect()
}

/// As many voxels along each axis as a line says; why not, in words.
pub(super) fn sizes(text: &str) -> Result<Vec<usize>, String> {
    let size = |word: &str| word.parse::<usize>().ok().filter(|&n| n > 0);
    let sizes: Option<Vec<usize>> = text.split_whitespace().map(size).collect();
    sizes.filter(|s| !s.is_empty()).ok_or_else(|| format!("the sizes are {}", shown(text)))
}

/// A value of a header in a message: quoted, never long.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 40;
    let clean: String = text.chars().filter(|c| !c.is_control()).take(MOST).collect();
    format!("‘{clean}{}’", if text.chars().count() > MOST { "…" } else { "" })
}
