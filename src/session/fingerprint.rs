//! Which file a session is about: where it was, and how to know that it is still the same.

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

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

    /// Of a file's bytes, and how many they are. Reads all of it: not for the UI thread.
    ///
    /// # Errors
    /// If it can't be read; `Ok(None)` if it was cancelled.
    pub fn of_file(path: &Path, cancel: &CancelToken) -> Result<Option<(Self, u64)>, SessionError> {
        let failed = |e| SessionError::io("a file can't be read", path, e);
        let mut file = std::fs::File::open(path).map_err(failed)?;
        let mut buffer = vec![0; 1 << 18];
        let (mut hasher, mut bytes) = (Sha256::new(), 0);
        loop {
            if let Err(Cancelled) = cancel.check() {
                return Ok(None);
            }
            match file.read(&mut buffer) {
                Ok(0) => return Ok(Some((Self(hasher.finalize().into()), bytes))),
                Ok(n) => {
                    hasher.update(&buffer[..n]);
                    bytes += n as u64;
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(failed(e)),
            }
        }
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.hex())
    }
}

/// A file that a session names but does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRef {
    /// Where it was, from the root.
    pub absolute: PathBuf,
    /// The same from the folder of the session, if that is known and there is a way.
    pub relative: Option<PathBuf>,
    /// How many bytes it had.
    pub bytes: u64,
    /// Of its bytes; `None` if the session was written before it was computed.
    pub sha256: Option<Hash>,
}

impl FileRef {
    /// With the way to it from the folder of a session.
    #[must_use]
    pub fn seen_from(&self, session: &Path) -> Self {
        let relative = session.parent().and_then(|folder| way(folder, &self.absolute));
        Self { relative, ..self.clone() }
    }

    /// Where to look for it, best first: where it lies from the session as then (both may have been moved together),
    /// where it was, beside the session.
    pub fn candidates(&self, session: &Path) -> Vec<PathBuf> {
        let folder = session.parent().unwrap_or(Path::new(""));
        let beside = self.absolute.file_name().map(|name| folder.join(name));
        let mut places: Vec<PathBuf> = Vec::new();
        let relative = self.relative.as_ref().map(|relative| folder.join(relative));
        for place in relative.into_iter().chain([self.absolute.clone()]).chain(beside) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }

    /// Whether a file has the bytes that this one had. Reads all of it if the hash is known; `None` if it was
    /// cancelled.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn is_same(&self, path: &Path, cancel: &CancelToken) -> Result<Option<bool>, SessionError> {
        let failed = |e| SessionError::io("a file can't be read", path, e);
        let bytes = std::fs::metadata(path).map_err(failed)?.len();
        match self.sha256 {
            _ if bytes != self.bytes => Ok(Some(false)),
            None => Ok(Some(true)),
            Some(hash) => Ok(Hash::of_file(path, cancel)?.map(|found| found == (hash, bytes))),
        }
    }
}

/// The way from a folder to a file, both from the root.
fn way(folder: &Path, file: &Path) -> Option<PathBuf> {
    let plain =
        |path: &Path| path.is_absolute() && !path.components().any(|c| c == Component::ParentDir);
    if !plain(folder) || !plain(file) {
        return None;
    }
    let (mut from, mut to) = (folder.components().peekable(), file.components().peekable());
    // On Windows, there is no way from one disk to another.
    if from.peek() != to.peek() {
        return None;
    }
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| Component::ParentDir);
    Some(up.chain(to).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_from_where_the_session_lies() {
        for (folder, file, expected) in [
            ("/a/b", "/a/b/scan.nii", Some("scan.nii")),
            ("/a/b", "/a/scan.nii", Some("../scan.nii")),
            ("/a/b/c", "/x/scan.nii", Some("../../../x/scan.nii")),
            ("/", "/scan.nii", Some("scan.nii")),
            ("a/b", "/a/b/scan.nii", None),
            ("/a/../b", "/b/scan.nii", None),
        ] {
            let found = way(Path::new(folder), Path::new(file));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{folder} {file}");
        }
        let absolute = PathBuf::from("/old/scans/ct.nii");
        let file = FileRef { absolute, relative: None, bytes: 1, sha256: None };
        let file = file.seen_from(Path::new("/old/work/s.voxpoint"));
        let places = file.candidates(Path::new("/new/work/s.voxpoint"));
        let expected = ["/new/work/../scans/ct.nii", "/old/scans/ct.nii", "/new/work/ct.nii"];
        assert_eq!(places, expected.map(PathBuf::from));
    }

    #[test]
    fn a_file_is_the_same_by_size_and_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scan.nii");
        std::fs::write(&path, "abc").unwrap();
        let (hash, bytes) = Hash::of_file(&path, &CancelToken::new()).unwrap().unwrap();
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((hash.hex().as_str(), bytes), (expected, 3));
        assert_eq!(Hash::from_hex(expected), Some(hash));
        let odd = format!("é{}", &expected[2..]);
        for odd in ["", &expected[1..], &expected.replace('b', "g"), &odd] {
            assert_eq!(Hash::from_hex(odd), None, "{odd}");
        }
        let file = FileRef { absolute: path.clone(), relative: None, bytes, sha256: Some(hash) };
        let same = || file.is_same(&path, &CancelToken::new()).unwrap();
        assert_eq!(same(), Some(true));
        std::fs::write(&path, "abd").unwrap();
        assert_eq!(same(), Some(false));
        let cancel = CancelToken::new();
        cancel.cancel();
        assert_eq!(file.is_same(&path, &cancel).unwrap(), None);
        std::fs::remove_file(&path).unwrap();
        assert!(file.is_same(&path, &CancelToken::new()).is_err());
    }
}
