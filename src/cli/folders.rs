//! The files of a folder by their names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::io;

/// Folders in folders are looked into so deep.
const DEPTH: usize = 8;

/// A file's name without its folder and ending.
pub fn name_of(path: &Path) -> String {
    let stem = io::formats().stem(path).or(path.file_name());
    stem.unwrap_or_default().to_string_lossy().into_owned()
}

/// Names of files that tell them apart: without folder and ending where that does, else with as many of the folders above
/// as it takes; with the ending where a folder has two of one name, with a number where a file is there twice.
pub fn distinct_names(paths: &[&Path]) -> Vec<String> {
    let whole: Vec<PathBuf> =
        paths.iter().map(|p| std::path::absolute(p).unwrap_or_else(|_| (*p).to_owned())).collect();
    let text = |name: &std::ffi::OsStr| name.to_string_lossy().into_owned();
    let base = |n: usize| {
        let path = &whole[n];
        let stem = name_of(path);
        let beside = |other: &&PathBuf| other.parent() == path.parent() && name_of(other) == stem;
        let is_alone = whole.iter().filter(beside).all(|other| other == path);
        let name = path.file_name().filter(|_| !is_alone).map_or_else(|| stem.clone(), text);
        let times = |among: &[PathBuf]| among.iter().filter(|other| *other == path).count();
        if times(&whole) > 1 { format!("{name} #{}", times(&whole[..=n])) } else { name }
    };
    let bases: Vec<String> = (0..whole.len()).map(base).collect();
    let folders: Vec<Vec<String>> = whole
        .iter()
        .map(|path| path.ancestors().skip(1).filter_map(|p| p.file_name().map(text)).collect())
        .collect();
    let mut depths = vec![0; whole.len()];
    loop {
        let named = |n: usize| {
            let above = folders[n][..depths[n]].iter().rev();
            above.chain([&bases[n]]).map(String::as_str).collect::<Vec<_>>().join("/")
        };
        let names: Vec<String> = (0..whole.len()).map(named).collect();
        let clashes = |n: &usize| {
            let same = names.iter().filter(|name| **name == names[*n]).count() > 1;
            same && depths[*n] < folders[*n].len()
        };
        let deeper: Vec<usize> = (0..names.len()).filter(clashes).collect();
        if deeper.is_empty() {
            return names;
        }
        for n in deeper {
            depths[n] += 1;
        }
    }
}

/// The files of a folder, and of those in it, by their names without endings.
pub fn named(root: &Path) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    walk(root, root, DEPTH, &mut found)?;
    Ok(found)
}

fn walk(
    root: &Path,
    folder: &Path,
    depth: usize,
    found: &mut BTreeMap<String, PathBuf>,
) -> anyhow::Result<()> {
    let place = || format!("can't read the folder {}", folder.display());
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(place)? {
        paths.push(entry.with_context(place)?.path());
    }
    paths.sort();
    for path in paths {
        if path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.')) {
            continue;
        }
        if path.is_dir() {
            // A link to a folder above would lead round in circles.
            if depth > 0 && !path.is_symlink() {
                walk(root, &path, depth - 1, found)?;
            }
        } else if io::formats().is_named_usually(&path) {
            let within = path.strip_prefix(root).unwrap_or(&path).parent();
            let within = within.map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
            let stem = name_of(&path);
            let name = if within.is_empty() { stem } else { format!("{within}/{stem}") };
            if let Some(other) = found.insert(name, path.clone()) {
                bail!(
                    "two files have the same name but for their endings; which is meant can't be told: {}, {}",
                    other.display(),
                    path.display()
                );
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_name_are_told_apart_by_their_folders() {
        for (paths, expected) in [
            (&["/s/a.nii.gz", "/s/b.mha"][..], &["a", "b"][..]),
            (&["/s/a/mask.nii.gz", "/s/b/mask.nii.gz"], &["a/mask", "b/mask"]),
            // Only those that clash, and no further than it takes.
            (
                &["/s/ann/c1/m.nii", "/s/ben/c1/m.nii", "/s/eve/c2/m.nii", "/s/x.nii"],
                &["ann/c1/m", "ben/c1/m", "c2/m", "x"],
            ),
            (&["/m.nii", "/a/m.nii"], &["m", "a/m"]),
            (&["/a/m.nii", "/a/m.nii.gz", "/b/m.nii"], &["m.nii", "m.nii.gz", "m"]),
            (&["/a/m.nii", "/b/m.nii", "/a/m.nii"], &["m #1", "m", "m #2"]),
        ] {
            let paths: Vec<&Path> = paths.iter().map(Path::new).collect();
            let found = distinct_names(&paths);
            assert_eq!(found, expected, "{paths:?}");
            let differ: std::collections::BTreeSet<&String> = found.iter().collect();
            assert_eq!(differ.len(), paths.len(), "{paths:?}");
        }
    }
}
