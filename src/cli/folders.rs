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
