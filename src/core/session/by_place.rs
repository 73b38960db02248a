//! How files were told apart by earlier versions of the program, for the sessions that they have written: by what lay at
//! a path, whether it was read or not.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::SessionError;
use super::hash::{Hash, add};
use crate::work::CancelToken;

/// Of a file's bytes and those of the voxels beside a header; of a folder, of the names and bytes of the files in it.
///
/// # Errors
/// If it can't be read; `Ok(None)` if it was cancelled.
pub fn hash_of(path: &Path, cancel: &CancelToken) -> Result<Option<Hash>, SessionError> {
    let mut hasher = Sha256::new();
    for (name, file) in files(path)? {
        if let Some(name) = name {
            hasher.update(name.as_os_str().as_encoded_bytes());
            hasher.update([0]);
        }
        if add(&file, &mut hasher, cancel)?.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(Hash(hasher.finalize().into())))
}

/// How many bytes [`hash_of`] would read.
///
/// # Errors
/// If it can't be looked at.
pub fn bytes_of(path: &Path) -> Result<u64, SessionError> {
    let files = files(path)?.into_iter().map(|(_, file)| file);
    super::hash::bytes_of(&files.collect::<Vec<_>>())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_the_same_if_all_its_scans_are() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("b")).unwrap();
        std::fs::write(at("b/1.dcm"), "abc").unwrap();
        std::fs::write(at("2.dcm"), "de").unwrap();
        let none = CancelToken::new();
        let hash = || hash_of(folder.path(), &none).unwrap();
        let before = hash();
        assert_eq!(bytes_of(folder.path()).unwrap(), 5);
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
            assert_eq!(hash() == before, expected, "{what}");
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
            let hash = || hash_of(&at(header), &none).unwrap();
            let before = hash();
            write(other, "y");
            assert_eq!(hash(), before, "{header}: {other} is not of it");
            write(voxels, "two");
            assert_ne!(hash(), before, "{header}: {voxels}");
        }
        assert_eq!(bytes_of(&at("c.img")).unwrap(), 9, "from either half");
    }
}
