//! Files that are either whole or as they were.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// A file on its way: written beside its target under another name, gone if it is dropped.
pub(super) struct Staged {
    temp: NamedTempFile,
    target: PathBuf,
}

impl Staged {
    /// Begins a file that will replace `target`, in its folder (a rename works only within one disk).
    pub(super) fn create(target: &Path) -> io::Result<Self> {
        // A link stays a link; what it points to is replaced.
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_path_buf());
        let old = fs::metadata(&target).ok().map(|m| (m.is_dir(), m.permissions()));
        if let Some((is_dir, permissions)) = &old {
            if *is_dir {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "a folder has this name"));
            }
            // A rename asks only the folder; someone protected this file.
            if permissions.readonly() {
                let why = "the file there is write-protected";
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
            }
        }
        let folder = match target.parent() {
            Some(p) if !p.as_os_str().is_empty() => p,
            _ => Path::new("."),
        };
        let mut builder = Builder::new();
        builder.prefix(".voxpoint-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any program would create it; the default of `tempfile` is for the owner alone.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let temp = builder.tempfile_in(folder)?;
        if let Some((_, permissions)) = old {
            // Not worth failing for: some disks have no permissions.
            let _ = fs::set_permissions(temp.path(), permissions);
        }
        Ok(Self { temp, target })
    }

    /// To be written to.
    pub(super) fn file(&mut self) -> &mut File {
        self.temp.as_file_mut()
    }

    /// Where it lies until it is committed.
    pub(super) fn path(&self) -> &Path {
        self.temp.path()
    }

    /// Puts it in the target's place.
    pub(super) fn commit(self) -> io::Result<()> {
        let folder = self.temp.path().parent().map(Path::to_path_buf);
        self.temp.persist(&self.target).map_err(|e| e.error)?;
        // The rename itself must reach the disk. Some file systems can't sync a folder; the file is
        // in its place all the same.
        if let Some(folder) = folder
            && let Ok(folder) = File::open(folder)
        {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

/// A small file with all of `content`, on the disk but not in its place yet.
pub(super) fn stage_bytes(target: &Path, content: &[u8]) -> io::Result<Staged> {
    let mut staged = Staged::create(target)?;
    staged.file().write_all(content)?;
    staged.file().sync_all()?;
    if fs::read(staged.path())? != content {
        return Err(io::Error::other("it reads back differently"));
    }
    Ok(staged)
}

/// Writes a file that is whole or as it was before: if `write` fails, what was at `target` stays.
///
/// # Errors
/// What `write` says, or the system.
pub fn write_whole(
    target: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let mut staged = Staged::create(target)?;
    write(staged.file())?;
    staged.file().sync_all()?;
    staged.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_file_leaves_nothing_and_a_committed_one_replaces() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.txt");
        fs::write(&target, "old").unwrap();
        drop(stage_bytes(&target, b"new").unwrap());
        assert_eq!(fs::read(&target).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        stage_bytes(&target, b"new").unwrap().commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_write_protected_file_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.txt");
        fs::write(&target, "old").unwrap();
        let mut permissions = fs::metadata(&target).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&target, permissions).unwrap();
        let error = stage_bytes(&target, b"new").err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(fs::read(&target).unwrap(), b"old");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_keeps_pointing_where_it_did() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("a.txt"), dir.path().join("link.txt"));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        stage_bytes(&link, b"new").unwrap().commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}
