//! Which files of a folder are the slices of a scan.

use std::path::{Path, PathBuf};

use super::super::error::IoError;
use super::super::natural::natural_order;

/// More files than that are no scan.
const MOST_FILES: usize = 1 << 16;

/// Endings of files beside the slices that say nothing about them.
const BESIDE: [&str; 11] =
    ["txt", "csv", "tsv", "json", "xml", "log", "ini", "db", "md", "pdf", "yaml"];

/// How the name of a picture ends.
fn is_picture(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    ["png", "tif", "tiff"].contains(&ending.as_str())
}

/// The pictures of a folder in the order of their names, in which numbers count by their value; `None` if there are not
/// two, or files of other kinds.
pub(super) fn slices(folder: &Path) -> Option<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if hidden || !path.is_file() {
            continue;
        }
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if is_picture(&path) {
            found.push(path);
        } else if !BESIDE.contains(&ending.as_str()) {
            return None;
        }
        if found.len() > MOST_FILES {
            return None;
        }
    }
    in_order(&mut found);
    (found.len() > 1).then_some(found)
}

/// `slice 2` before `slice 10`.
pub(super) fn in_order(files: &mut [PathBuf]) {
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    files.sort_by(|a, b| natural_order(&name(a), &name(b)));
}

/// Whether names leave out a number between the first and the last: a slice may be missing.
pub(super) fn first_gap(files: &[PathBuf]) -> Option<(u64, u64)> {
    let number = |path: &PathBuf| -> Option<u64> {
        let stem = path.file_stem()?.to_str()?;
        let digits = stem.len() - stem.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        stem[stem.len() - digits..].parse().ok()
    };
    let numbers: Option<Vec<u64>> = files.iter().map(number).collect();
    let numbers = numbers?;
    let step = numbers.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).min()?;
    let gap = numbers.windows(2).find(|pair| pair[1].saturating_sub(pair[0]) != step)?;
    Some((gap[0], gap[1]))
}

/// That a folder has no slices.
pub(super) fn none(folder: &Path) -> IoError {
    let what = "there are not two PNG or TIFF pictures, or files of other kinds beside them";
    IoError::NoStack { what: what.into(), path: folder.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_in_the_order_of_their_numbers_and_alone() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["s10.png", "s2.png", "S1.PNG", ".hidden", "notes.txt", "Thumbs.db"] {
            std::fs::write(at(name), "").unwrap();
        }
        std::fs::create_dir(at("previews")).unwrap();
        let names = ["S1.PNG", "s2.png", "s10.png"].map(at);
        assert_eq!(slices(folder.path()), Some(names.to_vec()));
        assert_eq!(first_gap(&names), Some((2, 10)));
        std::fs::write(at("scan.nii"), "").unwrap();
        assert_eq!(slices(folder.path()), None, "a folder of scans with pictures of them");
    }

    #[test]
    fn numbers_that_are_left_out_are_seen() {
        let gap = |names: &[&str]| {
            let files: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
            first_gap(&files)
        };
        for (names, expected) in [
            (&["a1.png", "a2.png", "a4.png"][..], Some((2, 4))),
            (&["a1.png", "a2.png", "a3.png"], None),
            (&["a010.tif", "a020.tif", "a030.tif"], None),
            (&["a.png", "b.png"], None),
        ] {
            assert_eq!(gap(names), expected, "{names:?}");
        }
    }
}
