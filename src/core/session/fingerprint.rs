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

    /// Of a file's bytes (and those of the voxels beside a header), and how many they are; of a folder, of the names and bytes of the files in it. Reads all of
    /// it: not for the UI thread.
    ///
    /// # Errors
    /// If it can't be read; `Ok(None)` if it was cancelled.
    pub fn of_file(path: &Path, cancel: &CancelToken) -> Result<Option<(Self, u64)>, SessionError> {
        let (mut hasher, mut bytes) = (Sha256::new(), 0);
        for (name, file) in files(path)? {
            if let Some(name) = name {
                hasher.update(name.as_os_str().as_encoded_bytes());
                hasher.update([0]);
            }
            match add(&file, &mut hasher, cancel)? {
                Some(more) => bytes += more,
                None => return Ok(None),
            }
        }
        Ok(Some((Self(hasher.finalize().into()), bytes)))
    }
}

/// When the newest of the files that make a scan was written: milliseconds since 1970, UTC; `None` if that can't be told.
pub fn written_ms(path: &Path) -> Option<i64> {
    let mut newest = None;
    for (_, file) in files(path).ok()? {
        let at = std::fs::metadata(file).and_then(|about| about.modified()).ok()?;
        let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
        newest = newest.max(Some(since.as_millis() as i64));
    }
    newest
}

/// Folders in folders.
const DEPTH: usize = 8;

/// A file and those that belong to it; or those in a folder by their way from it, sorted; hidden ones and sessions, which
/// come and go, left aside.
fn files(path: &Path) -> Result<Vec<(Option<PathBuf>, PathBuf)>, SessionError> {
    if !path.is_dir() {
        let others = companions(path).into_iter().map(|other| (None, other));
        return Ok(std::iter::once((None, path.to_owned())).chain(others).collect());
    }
    let (mut found, mut folders) = (Vec::new(), vec![(path.to_owned(), 0)]);
    while let Some((folder, depth)) = folders.pop() {
        let failed = |e| SessionError::io("a folder can't be read", &folder, e);
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (name, place) = (entry.file_name(), entry.path());
            let name = name.to_string_lossy();
            if name.starts_with('.') || name.to_lowercase().contains(super::ENDING) {
                continue;
            }
            if place.is_file() {
                let way = place.strip_prefix(path).unwrap_or(&place).to_owned();
                found.push((Some(way), place));
            } else if depth < DEPTH && place.is_dir() && !place.is_symlink() {
                folders.push((place, depth + 1));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A header that is longer is none.
const MOST_HEADER: u64 = 1 << 20;

/// The files beside a header that are one scan with it, sorted: of a pair the other half (`.hdr` and `.img`), of a text
/// header (`.mhd`, `.nhdr`) those whose names stand in it. Headers of two scans may be the same to the byte.
fn companions(path: &Path) -> Vec<PathBuf> {
    let lower = |path: &Path| {
        path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default()
    };
    let name = lower(path);
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    let half = [(".hdr", ".img"), (".img", ".hdr")]
        .into_iter()
        .find_map(|(this, other)| Some(format!("{}{other}", plain.strip_suffix(this)?)));
    let is_text = [".mhd", ".nhdr"].iter().any(|ending| name.ends_with(ending));
    let mut text = String::new();
    if is_text && let Ok(file) = std::fs::File::open(path) {
        let mut bytes = Vec::new();
        // What can't be read is told when the file itself is.
        let _ = file.take(MOST_HEADER).read_to_end(&mut bytes);
        text = String::from_utf8_lossy(&bytes).into_owned();
    } else if half.is_none() {
        return Vec::new();
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let belongs = |other: &Path| {
        let found = lower(other);
        let is_half =
            half.as_ref().is_some_and(|half| found.strip_suffix(".gz").unwrap_or(&found) == half);
        let named = other.file_name().is_some_and(|name| text.contains(&*name.to_string_lossy()));
        found != name && (is_half || named) && other.is_file()
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|p| belongs(p)).collect();
    found.sort();
    found
}

/// Adds a file's bytes; how many they were, or `None` if it was cancelled.
fn add(
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

/// How many bytes [`Hash::of_file`] would read.
///
/// # Errors
/// If it can't be looked at.
pub fn bytes_of(path: &Path) -> Result<u64, SessionError> {
    let mut bytes = 0;
    for (_, file) in files(path)? {
        let failed = |e| SessionError::io("a file can't be read", &file, e);
        bytes += std::fs::metadata(&file).map_err(failed)?.len();
    }
    Ok(bytes)
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.hex())
    }
}

/// Whether a file is the one that a session names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sameness {
    /// It has the bytes that that one had.
    Same,
    /// It has others.
    Other,
    /// Nothing speaks against it, but the hash was never written.
    Unknown,
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
    pub fn is_same(
        &self,
        path: &Path,
        cancel: &CancelToken,
    ) -> Result<Option<Sameness>, SessionError> {
        let bytes = bytes_of(path)?;
        match self.sha256 {
            // Not even the length was known yet.
            None if self.bytes == 0 => Ok(Some(Sameness::Unknown)),
            _ if bytes != self.bytes => Ok(Some(Sameness::Other)),
            None => Ok(Some(Sameness::Unknown)),
            Some(hash) => {
                let found = Hash::of_file(path, cancel)?;
                let same = |found| {
                    if found == (hash, bytes) { Sameness::Same } else { Sameness::Other }
                };
                Ok(found.map(same))
            }
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
        assert_eq!(same(), Some(Sameness::Same));
        for (bytes, expected) in
            [(3, Sameness::Unknown), (0, Sameness::Unknown), (4, Sameness::Other)]
        {
            let file = FileRef { bytes, sha256: None, ..file.clone() };
            let found = file.is_same(&path, &CancelToken::new()).unwrap();
            assert_eq!(found, Some(expected), "without a hash, {bytes} bytes");
        }
        std::fs::write(&path, "abd").unwrap();
        assert_eq!(same(), Some(Sameness::Other));
        let cancel = CancelToken::new();
        cancel.cancel();
        assert_eq!(file.is_same(&path, &cancel).unwrap(), None);
        std::fs::remove_file(&path).unwrap();
        assert!(file.is_same(&path, &CancelToken::new()).is_err());
    }

    #[test]
    fn a_folder_is_the_same_if_all_its_scans_are() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("b")).unwrap();
        std::fs::write(at("b/1.dcm"), "abc").unwrap();
        std::fs::write(at("2.dcm"), "de").unwrap();
        let none = CancelToken::new();
        let (hash, bytes) = Hash::of_file(folder.path(), &none).unwrap().unwrap();
        assert_eq!(bytes, 5);
        let absolute = folder.path().to_owned();
        let file = FileRef { absolute, relative: None, bytes, sha256: Some(hash) };
        let same = || file.is_same(folder.path(), &none).unwrap();
        for (what, name, content, expected) in [
            ("a session beside them", "x.voxpoint", Some("work"), true),
            ("its lock", "x.voxpoint.lock", Some("me"), true),
            ("a hidden file", ".DS_Store", Some("?"), true),
            ("one more", "3.dcm", Some(""), false),
            ("and gone again", "3.dcm", None, true),
            ("another", "2.dcm", Some("df"), false),
            ("as it was", "2.dcm", Some("de"), true),
            ("one less", "b/1.dcm", None, false),
        ] {
            match content {
                Some(content) => std::fs::write(at(name), content).unwrap(),
                None => std::fs::remove_file(at(name)).unwrap(),
            }
            let expected = if expected { Sameness::Same } else { Sameness::Other };
            assert_eq!(same(), Some(expected), "{what}");
        }
    }

    #[test]
    fn voxels_beside_a_header_count() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| std::fs::write(at(name), text).unwrap();
        write("a.mhd", "NDims = 3\nElementDataFile = a.raw\n");
        write("b.nhdr", "NRRD0004\ndata file: LIST\n1.bin\n2.bin\n");
        write("c.hdr", "header");
        let none = CancelToken::new();
        for (header, voxels, other) in
            [("a.mhd", "a.raw", "a.txt"), ("b.nhdr", "2.bin", "3.bin"), ("c.hdr", "c.img", "d.img")]
        {
            write(voxels, "one");
            write(other, "x");
            let (hash, bytes) = Hash::of_file(&at(header), &none).unwrap().unwrap();
            let file = FileRef { absolute: at(header), relative: None, bytes, sha256: Some(hash) };
            let same = || file.is_same(&at(header), &none).unwrap();
            write(other, "y");
            assert_eq!(same(), Some(Sameness::Same), "{header}: {other} is not of it");
            write(voxels, "two");
            assert_eq!(same(), Some(Sameness::Other), "{header}: {voxels}");
        }
        let (_, bytes) = Hash::of_file(&at("c.img"), &none).unwrap().unwrap();
        assert_eq!(bytes, 9, "from either half");
    }
}
