//! The key that a server wants. It is in its file and in requests, nowhere else.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::Read as _;
use std::path::Path;

use super::error::RemoteError;

/// No key is longer.
const LONGEST: u64 = 4096;

/// A key, which is never shown.
#[derive(Clone)]
pub(super) struct ServerKey(String);

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKey(…)")
    }
}

impl ServerKey {
    /// The first line of a file that nobody but its owner can read or write.
    ///
    /// # Errors
    /// If others can, it can't be read, or no key is in it. Nothing of its content is told.
    pub(super) fn read(path: &Path) -> Result<Self, RemoteError> {
        let bad = |why: String| RemoteError::KeyFile { why, path: path.to_owned() };
        let file = File::open(path).map_err(|e| bad(e.to_string()))?;
        let about = file.metadata().map_err(|e| bad(e.to_string()))?;
        if !about.is_file() {
            return Err(bad("it is no file".to_owned()));
        }
        if others_may(&about) {
            return Err(bad("other users can read or write it; chmod 600".to_owned()));
        }
        let mut text = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut text).map_err(|e| bad(e.to_string()))?;
        if text.len() as u64 > LONGEST {
            return Err(bad("it is longer than a key".to_owned()));
        }
        let line = text.split(|&b| b == b'\n').next().unwrap_or_default().trim_ascii();
        if line.is_empty() {
            return Err(bad("its first line is empty".to_owned()));
        }
        if !line.iter().all(u8::is_ascii_graphic) {
            return Err(bad("its first line has more than letters, digits and signs".to_owned()));
        }
        Ok(Self(String::from_utf8_lossy(line).into_owned()))
    }

    /// What goes into the header `Authorization`.
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

#[cfg(unix)]
fn others_may(about: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    about.mode() & 0o077 != 0
}

/// Elsewhere a user's own folder is closed to others.
#[cfg(not(unix))]
fn others_may(_: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_key_is_the_first_line_of_a_file_of_ones_own() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let long = "geheim".repeat(1000);
        for (content, mode, expected) in [
            ("geheim-1\n", 0o600, Ok("Bearer geheim-1")),
            ("  geheim_2.~+/= \r\nanother line\n", 0o400, Ok("Bearer geheim_2.~+/=")),
            ("geheim", 0o640, Err("other users")),
            ("geheim", 0o604, Err("other users")),
            ("geheim", 0o620, Err("other users")),
            ("", 0o600, Err("is empty")),
            ("\ngeheim", 0o600, Err("is empty")),
            ("geheim geheim", 0o600, Err("more than letters")),
            ("geheim\u{7}", 0o600, Err("more than letters")),
            ("gehéim", 0o600, Err("more than letters")),
            (long.as_str(), 0o600, Err("longer")),
        ] {
            let _ = std::fs::remove_file(&path);
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            match (ServerKey::read(&path), expected) {
                (Ok(key), Ok(bearer)) => {
                    assert_eq!(key.bearer(), bearer);
                    assert_eq!(format!("{key:?}"), "ServerKey(…)");
                }
                (Err(error), Err(said)) => {
                    let error = format!("{error} {error:?}");
                    assert!(error.contains(said) && !error.contains("geheim"), "{error}");
                }
                (found, _) => panic!("{mode:o}: {found:?}"),
            }
        }
        for odd in [folder.path().to_owned(), folder.path().join("none")] {
            assert!(matches!(ServerKey::read(&odd), Err(RemoteError::KeyFile { .. })));
        }
    }
}
