//! Which file a session is about: where it was, and how to know that it is still the same.

use std::path::{Component, Path, PathBuf};

use super::hash::{Hash, bytes_of};
use super::{SessionError, by_place};
use crate::work::CancelToken;

/// When the newest of some files was written: milliseconds since 1970, UTC; `None` if that can't be told.
pub fn written_ms(files: &[PathBuf]) -> Option<i64> {
    let mut newest = None;
    for file in files {
        let at = std::fs::metadata(file).and_then(|about| about.modified()).ok()?;
        let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
        newest = newest.max(Some(since.as_millis() as i64));
    }
    newest
}

/// Whether a file is the one that a session names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sameness {
    /// It has the bytes that that one had.
    Same,
    /// It has, as an earlier version of the program told files: what the session says of it is to be found out anew.
    SameByPlace,
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

    /// Whether what was found at a path, and read from these files, has the bytes that this one had. Reads all of them if
    /// the hash is known; `None` if it was cancelled.
    ///
    /// # Errors
    /// If one can't be read.
    pub fn is_same(
        &self,
        path: &Path,
        files: &[PathBuf],
        cancel: &CancelToken,
    ) -> Result<Option<Sameness>, SessionError> {
        let bytes = bytes_of(files)?;
        // Sessions of earlier versions have the hash of what lay at the path instead.
        let earlier = path.is_dir() || files.len() > 1;
        let Some(hash) = self.sha256 else {
            // At first not even the length was known.
            let unknown = self.bytes == 0
                || bytes == self.bytes
                || earlier && by_place::bytes_of(path)? == self.bytes;
            return Ok(Some(if unknown { Sameness::Unknown } else { Sameness::Other }));
        };
        if bytes == self.bytes {
            match Hash::of_files(files, cancel)? {
                None => return Ok(None),
                Some((found, _)) if found == hash => return Ok(Some(Sameness::Same)),
                Some(_) => {}
            }
        }
        if !earlier || by_place::bytes_of(path)? != self.bytes {
            return Ok(Some(Sameness::Other));
        }
        let found = by_place::hash_of(path, cancel)?;
        let same = |found| if found == hash { Sameness::SameByPlace } else { Sameness::Other };
        Ok(found.map(same))
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
        let file = file.seen_from(Path::new("/old/desk/s.voxpoint"));
        let places = file.candidates(Path::new("/new/desk/s.voxpoint"));
        let expected = ["/new/desk/../scans/ct.nii", "/old/scans/ct.nii", "/new/desk/ct.nii"];
        assert_eq!(places, expected.map(PathBuf::from));
    }

    #[test]
    fn a_file_is_the_same_by_size_and_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scan.nii");
        let files = [path.clone()];
        std::fs::write(&path, "abc").unwrap();
        let (hash, bytes) = Hash::of_files(&files, &CancelToken::new()).unwrap().unwrap();
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((hash.hex().as_str(), bytes), (expected, 3));
        assert_eq!(Hash::from_hex(expected), Some(hash));
        let odd = format!("é{}", &expected[2..]);
        for odd in ["", &expected[1..], &expected.replace('b', "g"), &odd] {
            assert_eq!(Hash::from_hex(odd), None, "{odd}");
        }
        let file = FileRef { absolute: path.clone(), relative: None, bytes, sha256: Some(hash) };
        let same = || file.is_same(&path, &files, &CancelToken::new()).unwrap();
        assert_eq!(same(), Some(Sameness::Same));
        for (bytes, expected) in
            [(3, Sameness::Unknown), (0, Sameness::Unknown), (4, Sameness::Other)]
        {
            let file = FileRef { bytes, sha256: None, ..file.clone() };
            let found = file.is_same(&path, &files, &CancelToken::new()).unwrap();
            assert_eq!(found, Some(expected), "without a hash, {bytes} bytes");
        }
        std::fs::write(&path, "abd").unwrap();
        assert_eq!(same(), Some(Sameness::Other));
        let cancel = CancelToken::new();
        cancel.cancel();
        assert_eq!(file.is_same(&path, &files, &cancel).unwrap(), None);
        std::fs::remove_file(&path).unwrap();
        assert!(file.is_same(&path, &files, &CancelToken::new()).is_err());
    }

    /// What happens to a folder, which of its files are read then, and whether they are the same.
    #[test]
    fn several_files_are_the_same_if_the_contents_of_those_that_are_read_are() {
        type Row = (&'static str, &'static [(&'static str, &'static str)], [&'static str; 2], bool);
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let none = CancelToken::new();
        std::fs::write(at("1.dcm"), "abc").unwrap();
        std::fs::write(at("2.dcm"), "de").unwrap();
        let (hash, bytes) = Hash::of_files(&[at("2.dcm"), at("1.dcm")], &none).unwrap().unwrap();
        // Python: sha256(b"".join(sorted(sha256(content).digest() for content in (b"abc", b"de")))).
        let expected = "e155621887d29303d19922a847e022374db59e67e6ca204de5d68c2f62621d47";
        assert_eq!((hash.hex().as_str(), bytes), (expected, 5));
        let absolute = folder.path().to_owned();
        let file = FileRef { absolute, relative: None, bytes, sha256: Some(hash) };
        let table: [Row; 6] = [
            ("a mask beside them", &[("mask.nii.gz", "x")], ["1.dcm", "2.dcm"], true),
            ("in the other order", &[], ["2.dcm", "1.dcm"], true),
            ("other names", &[("a", "de"), ("b", "abc")], ["a", "b"], true),
            ("contents exchanged", &[("1.dcm", "de"), ("2.dcm", "abc")], ["1.dcm", "2.dcm"], true),
            ("another content", &[("2.dcm", "abd")], ["1.dcm", "2.dcm"], false),
            ("the same twice", &[("1.dcm", "abc"), ("2.dcm", "abc")], ["1.dcm", "2.dcm"], false),
        ];
        for (what, written, read, expected) in table {
            for (name, content) in written {
                std::fs::write(at(name), content).unwrap();
            }
            let expected = if expected { Sameness::Same } else { Sameness::Other };
            let found = file.is_same(folder.path(), &read.map(at), &none).unwrap();
            assert_eq!(found, Some(expected), "{what}");
        }
        let one = file.is_same(&at("1.dcm"), &[at("1.dcm")], &none).unwrap();
        assert_eq!(one, Some(Sameness::Other), "one less");
    }

    #[test]
    fn what_an_earlier_version_has_noted_of_a_folder_or_a_pair_holds() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let none = CancelToken::new();
        for (name, content) in [("1.dcm", "abc"), ("2.dcm", "de"), ("report.txt", "more")] {
            std::fs::write(at(name), content).unwrap();
        }
        let read = [at("1.dcm"), at("2.dcm")];
        // Of the folder with all that lay in it, and of the file that was named alone.
        for place in [folder.path().to_owned(), at("1.dcm")] {
            let (bytes, hash) =
                (by_place::bytes_of(&place).unwrap(), by_place::hash_of(&place, &none).unwrap());
            let file = FileRef { absolute: place.clone(), relative: None, bytes, sha256: hash };
            let same = || file.is_same(&place, &read, &none).unwrap();
            assert_eq!(same(), Some(Sameness::SameByPlace), "{}", place.display());
            let early = FileRef { sha256: None, ..file.clone() };
            assert_eq!(early.is_same(&place, &read, &none).unwrap(), Some(Sameness::Unknown));
            std::fs::write(at("1.dcm"), "abd").unwrap();
            assert_eq!(same(), Some(Sameness::Other), "{}", place.display());
            std::fs::write(at("1.dcm"), "abc").unwrap();
        }
    }
}
