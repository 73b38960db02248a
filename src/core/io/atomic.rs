//! Files that are either whole or as they were.

mod target;
mod temporary;

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

pub use target::writable_target;
use temporary::Temporary;

use super::on_disk;

/// A file on its way: written in its target's folder, gone if it is dropped or the program is killed.
pub struct Staged {
    temporary: Temporary,
    target: PathBuf,
}

impl Staged {
    /// Begins a file that will replace `target`, in its folder (a rename works only within one disk).
    ///
    /// # Errors
    /// As [`writable_target`], or if the file there is write-protected or the folder can't be written to.
    pub fn create(target: &Path) -> io::Result<Self> {
        // A link stays a link; what it leads to is replaced.
        let target = writable_target(target)?;
        let old = fs::metadata(&target).ok().map(|m| m.permissions());
        // A rename asks only the folder; someone protected this file.
        if old.as_ref().is_some_and(fs::Permissions::readonly) {
            let why = "the file there is write-protected";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
        let mut temporary = Temporary::create(folder_of(&target))?;
        if let Some(permissions) = old {
            // Not worth failing for: some disks have no permissions.
            let _ = temporary.file().set_permissions(permissions);
        }
        Ok(Self { temporary, target })
    }

    /// To be written to.
    pub fn file(&mut self) -> &mut File {
        self.temporary.file()
    }

    /// Where it can be read until it is committed.
    pub(super) fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// The file that it will replace: what a link leads to.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Puts it in the target's place, in one step. Its content should be on the disk before
    /// ([`File::sync_all`]).
    ///
    /// # Errors
    /// If the system refuses; then what was there is still there.
    pub fn commit(self) -> io::Result<()> {
        self.temporary.persist(&self.target)?;
        on_disk::has_name(&self.target);
        // The rename itself must reach the disk.
        on_disk::sync_names(folder_of(&self.target));
        Ok(())
    }
}

/// The folder in which a file lies or is to be written.
pub fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file with all of `content`, on the disk and read back but not in its place yet.
///
/// # Errors
/// As [`Staged::create`], or if it can't be written or reads back differently.
pub fn stage_bytes(target: &Path, content: &[u8]) -> io::Result<Staged> {
    stage_checked(target, |out| out.write_all(content))
}

/// As [`stage_bytes`], of what `write` writes: it is called twice, and must write the same again.
pub(super) fn stage_checked(
    target: &Path,
    write: impl Fn(&mut dyn Write) -> io::Result<()>,
) -> io::Result<Staged> {
    let mut staged = Staged::create(target)?;
    let mut out = BufWriter::new(staged.file());
    write(&mut out)?;
    out.flush()?;
    drop(out);
    on_disk::sync(staged.file())?;
    let mut compared = Compared { file: BufReader::new(File::open(staged.path())?) };
    write(&mut compared)?;
    if compared.file.fill_buf()?.is_empty() { Ok(staged) } else { Err(differs()) }
}

fn differs() -> io::Error {
    io::Error::other("it reads back differently")
}

/// Takes only what a file has at the same place.
struct Compared {
    file: BufReader<File>,
}

impl Write for Compared {
    fn write(&mut self, meant: &[u8]) -> io::Result<usize> {
        let found = self.file.fill_buf()?;
        let n = found.len().min(meant.len());
        if found[..n] != meant[..n] || (n == 0 && !meant.is_empty()) {
            return Err(differs());
        }
        self.file.consume(n);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
    on_disk::sync(staged.file())?;
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
    fn what_reads_back_differently_is_not_put_in_place() {
        use std::cell::Cell;
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.bin");
        fs::write(&target, "old").unwrap();
        // The second text is what was meant: what the disk should have kept.
        for (kept, meant, same) in [
            ("", "", true),
            ("new", "new", true),
            ("new", "nEw", false),
            ("new", "ne", false),
            ("new", "newer", false),
            ("", "new", false),
        ] {
            let again = Cell::new(false);
            let staged = stage_checked(&target, |out| {
                out.write_all(if again.replace(true) { meant } else { kept }.as_bytes())
            });
            assert_eq!(staged.is_ok(), same, "{kept} for {meant}");
        }
        assert_eq!(fs::read(&target).unwrap(), b"old");
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
    fn a_link_to_nothing_leads_to_the_new_file() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("a.txt"), dir.path().join("link.txt"));
        std::os::unix::fs::symlink("a.txt", &link).unwrap();
        stage_bytes(&link, b"new").unwrap().commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        // Into a folder that is not there nothing is written, and the link stays.
        fs::remove_file(&target).unwrap();
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("missing/a.txt", &link).unwrap();
        let error = stage_bytes(&link, b"new").err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_keeps_its_permissions_and_a_new_one_has_the_usual_ones() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let mode =
            |name: &str| fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777;
        for name in ["usual", "own"] {
            fs::write(dir.path().join(name), "old").unwrap();
        }
        let own = fs::Permissions::from_mode(0o640);
        fs::set_permissions(dir.path().join("own"), own).unwrap();
        for name in ["own", "new"] {
            stage_bytes(&dir.path().join(name), b"new").unwrap().commit().unwrap();
        }
        assert_eq!((mode("own"), mode("new")), (0o640, mode("usual")));
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
