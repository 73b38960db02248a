//! Files that belong together, put in their places so that a new one never stands beside an old one: whatever ends
//! the program in between leaves some of them missing, which whoever opens them notices, and never a mixture, which
//! nobody would.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::atomic::Staged;
use super::error::IoError;
use super::on_disk;

/// Old files that were moved out of the way, under hidden names in their folders. If this is dropped they come back
/// to where nothing else stands by then.
#[derive(Debug, Default)]
pub struct SetAside {
    /// Where it is, and where it was.
    moved: Vec<(TempPath, PathBuf)>,
}

impl SetAside {
    /// Moves those of these files out of the way that are there, one after the other. Links stay, what they lead to is
    /// moved.
    ///
    /// # Errors
    /// If one can't be moved; then all are where they were.
    pub fn take(paths: &[&Path]) -> Result<Self, IoError> {
        Self::take_each(paths, &mut || ())
    }

    /// `step` is called after each.
    fn take_each(paths: &[&Path], step: &mut dyn FnMut()) -> Result<Self, IoError> {
        let mut aside = Self::default();
        for path in paths {
            let Ok(real) = path.canonicalize() else { continue };
            match aside.add(&real) {
                Ok(()) => step(),
                Err(why) => {
                    aside.put_back()?;
                    return Err(IoError::writing(why, path));
                }
            }
        }
        Ok(aside)
    }

    fn add(&mut self, path: &Path) -> io::Result<()> {
        if !path.is_file() {
            // A device or a pipe is written to, not replaced; a folder is in the way, which is told later.
            return Ok(());
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        // Its own name is in it: it stays if the program is killed before the new file is in its place, and is all
        // there is then.
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(path.file_name().unwrap_or_default());
        prefix.push(".");
        let name = tempfile::Builder::new().prefix(&prefix).suffix(".old").tempfile_in(folder)?;
        let name = name.into_temp_path();
        on_disk::rename(path, &name)?;
        self.moved.push((name, path.to_owned()));
        // The renames themselves must reach the disk, in this order.
        on_disk::sync_names(folder);
        Ok(())
    }

    /// New files are in their places: the old ones are deleted.
    pub fn forget(mut self) {
        self.moved.clear();
    }

    /// Back to where they were, but not over what is newer.
    ///
    /// # Errors
    /// If one can't be put back: the error says where it is.
    pub fn put_back(self) -> Result<(), IoError> {
        self.back(false)
    }

    fn back(mut self, over_newer: bool) -> Result<(), IoError> {
        match self.all_back(over_newer) {
            None => Ok(()),
            Some((source, now, path)) => Err(IoError::SetAside { source, now, path }),
        }
    }

    fn all_back(&mut self, over_newer: bool) -> Option<(io::Error, PathBuf, PathBuf)> {
        let mut failed = None;
        for (name, path) in self.moved.drain(..) {
            if path.exists() && !over_newer {
                continue;
            }
            if let Err(error) = on_disk::rename(&name, &path) {
                // Better under another name than deleted.
                let now = name.to_path_buf();
                let _ = name.keep();
                failed = Some((error, now, path));
            }
        }
        failed
    }
}

impl Drop for SetAside {
    fn drop(&mut self) {
        // Who wants to know calls `put_back`.
        let _ = self.all_back(false);
    }
}

/// Puts finished files in their places (the second of each pair, for which it was staged), all or none. What is there
/// at any moment is the first files of the list, as many as there are, of the old ones or of the new.
///
/// # Errors
/// If one can't be put there. Nothing has changed then, or the error says what has.
pub fn publish_together(files: Vec<(Staged, PathBuf)>) -> Result<(), IoError> {
    publish(files, &mut || ())
}

/// `step` is called between any two changes on the disk.
fn publish(files: Vec<(Staged, PathBuf)>, step: &mut dyn FnMut()) -> Result<(), IoError> {
    let places: Vec<PathBuf> = files.iter().map(|(_, place)| place.clone()).collect();
    // The last goes first: what is left is the beginning of the list.
    let old: Vec<&Path> = places.iter().rev().map(PathBuf::as_path).collect();
    let aside = SetAside::take_each(&old, step)?;
    let mut done: Vec<PathBuf> = Vec::new();
    for (finished, place) in files {
        // A link stays a link.
        let target = finished.target().to_owned();
        if let Err(error) = finished.commit() {
            // New ones in whose place nothing was; what can't be removed is told if an old one belongs there.
            for target in done {
                let _ = fs::remove_file(target);
            }
            aside.back(true)?;
            return Err(IoError::writing(error, &place));
        }
        done.push(target);
        step();
    }
    aside.forget();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::stage_bytes;

    fn read(path: &Path) -> Option<String> {
        fs::read_to_string(path).ok()
    }

    /// A folder with old files.
    fn prepared(names: &[&str]) -> (tempfile::TempDir, Vec<PathBuf>) {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &&str| {
            let place = folder.path().join(name);
            fs::write(&place, "old").unwrap();
            place
        };
        let places = names.iter().map(place).collect();
        (folder, places)
    }

    /// New ones that wait.
    fn staged(places: &[PathBuf]) -> Vec<(Staged, PathBuf)> {
        let stage = |place: &PathBuf| (stage_bytes(place, b"new").unwrap(), place.clone());
        places.iter().map(stage).collect()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn new_files_never_stand_beside_old_ones() {
        let (folder, places) = prepared(&["a", "b", "c"]);
        let mut states = Vec::new();
        publish(staged(&places), &mut || {
            states.push(places.iter().map(|place| read(place)).collect::<Vec<_>>());
        })
        .unwrap();
        let shown = |state: &Vec<Option<String>>| {
            state.iter().map(|text| text.clone().unwrap_or_default()).collect::<Vec<_>>().join(" ")
        };
        // The beginning of the list, of old ones or of new ones.
        let states: Vec<String> = states.iter().map(shown).collect();
        assert_eq!(states, ["old old ", "old  ", "  ", "new  ", "new new ", "new new new"]);
        assert_eq!(names(folder.path()), ["a", "b", "c"]);
    }

    #[test]
    fn what_fails_leaves_all_as_it_was() {
        // A folder gets in the way of the second, or of the first.
        for blocked in [1, 0] {
            let (folder, places) = prepared(&["a", "b", "c"]);
            let files = staged(&places);
            fs::remove_file(&places[blocked]).unwrap();
            fs::create_dir_all(places[blocked].join("full")).unwrap();
            let error = publish_together(files).unwrap_err().to_string();
            let end = format!("/{}", ["a", "b"][blocked]);
            assert!(error.contains("nothing was changed") && error.ends_with(&end), "{error}");
            for (n, place) in places.iter().enumerate().filter(|(n, _)| *n != blocked) {
                assert_eq!(read(place).as_deref(), Some("old"), "{n}");
            }
            assert_eq!(names(folder.path()), ["a", "b", "c"]);
        }
    }

    #[test]
    fn what_was_set_aside_comes_back_unless_something_newer_is_there() {
        let (folder, places) = prepared(&["a", "b"]);
        let targets: Vec<&Path> = places.iter().map(PathBuf::as_path).collect();
        let aside = SetAside::take(&targets).unwrap();
        assert!(targets.iter().all(|to| !to.exists()));
        fs::write(targets[0], "newer").unwrap();
        drop(aside);
        assert_eq!([0, 1].map(|n| read(targets[n])), [Some("newer".into()), Some("old".into())]);
        assert_eq!(names(folder.path()), ["a", "b"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_keeps_leading_where_it_did() {
        let (folder, places) = prepared(&["a", "b"]);
        let elsewhere = folder.path().join("elsewhere");
        fs::rename(&places[0], &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &places[0]).unwrap();
        publish_together(staged(&places)).unwrap();
        assert_eq!(read(&elsewhere).as_deref(), Some("new"));
        assert!(fs::symlink_metadata(&places[0]).unwrap().is_symlink());
    }
}
