//! Files that are not in their place yet. Where the system has them they are without a name (`O_TMPFILE`), so
//! that nothing of them is left however the program ends; elsewhere they have one by which they are known, and
//! what a killed program left is removed when its folder is next written to.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tempfile::{Builder, NamedTempFile};

#[cfg(target_os = "linux")]
use super::super::on_disk;

/// How the names of temporary files begin and end; between the two are [`RANDOM`] letters and digits.
const PREFIX: &str = ".voxpoint-";
const SUFFIX: &str = ".tmp";
const RANDOM: usize = 6;
/// A file that nobody holds and nobody has written to for so long is of a program that was killed. On network disks
/// without locks, nobody can be seen to hold one: no save takes as long as this between two writes.
const ABANDONED: Duration = Duration::from_hours(1);

/// A file in a folder, gone when it is dropped.
pub(super) enum Temporary {
    /// It has no name; the path leads to it as long as it is open.
    #[cfg(target_os = "linux")]
    Unnamed { file: File, path: PathBuf, folder: PathBuf },
    /// It has a name of its own.
    Named(NamedTempFile),
}

impl Temporary {
    /// Begins a file in a folder.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        remove_leftovers_once(folder);
        #[cfg(target_os = "linux")]
        if let Some(unnamed) = unnamed(folder) {
            return Ok(unnamed);
        }
        Self::named(folder)
    }

    fn named(folder: &Path) -> io::Result<Self> {
        let mut builder = names();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any program would create it; the default of `tempfile` is for the owner alone.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder)?;
        hold(file.as_file());
        Ok(Self::Named(file))
    }

    pub(super) fn file(&mut self) -> &mut File {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed { file, .. } => file,
            Self::Named(file) => file.as_file_mut(),
        }
    }

    /// Where it can be read meanwhile.
    pub(super) fn path(&self) -> &Path {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed { path, .. } => path,
            Self::Named(file) => file.path(),
        }
    }

    /// Puts it in the place of `target`, in the same folder, in one step.
    pub(super) fn persist(self, target: &Path) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed { file, path, folder } => name(file, &path, &folder, target),
            Self::Named(file) => file.persist(target).map(drop).map_err(|e| e.error),
        }
    }
}

fn names() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX).rand_bytes(RANDOM);
    builder
}

/// Lets other programs see that the file is in use. Some disks have no locks; then its age must do.
fn hold(file: &File) {
    let _ = file.try_lock();
}

/// A file without a name; `None` where the system, or the folder's disk, has no such files.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Path) -> Option<Temporary> {
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(folder, flags, Mode::from_raw_mode(0o666)).ok()?);
    // Without /proc it could neither be read again nor be given a name.
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    path.exists().then(|| {
        hold(&file);
        Temporary::Unnamed { file, path, folder: folder.to_owned() }
    })
}

/// Gives a file that has none the name of `target`.
#[cfg(target_os = "linux")]
fn name(mut file: File, path: &Path, folder: &Path, target: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD};
    let link = |name: &Path| -> io::Result<()> {
        Ok(rustix::fs::linkat(CWD, path, CWD, name, AtFlags::SYMLINK_FOLLOW)?)
    };
    match link(target) {
        Ok(()) => return Ok(()),
        // A new name can't replace an old one; renaming can.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if let Ok(named) = names().make_in(folder, link) {
                return named.into_temp_path().persist(target).map_err(|e| e.error);
            }
        }
        Err(_) => {}
    }
    // Some disks have files without names but give them none later.
    let Temporary::Named(mut copy) = Temporary::named(folder)? else { unreachable!() };
    file.rewind()?;
    io::copy(&mut file, copy.as_file_mut())?;
    copy.as_file().set_permissions(file.metadata()?.permissions())?;
    on_disk::sync(copy.as_file())?;
    copy.persist(target).map(drop).map_err(|e| e.error)
}

/// Removes what killed programs left in a folder, once in a program's life for each folder.
fn remove_leftovers_once(folder: &Path) {
    static SEEN: LazyLock<Mutex<HashSet<PathBuf>>> = LazyLock::new(Mutex::default);
    let first = SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned());
    if first {
        remove_leftovers(folder);
    }
}

fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_str().is_some_and(is_ours) && is_abandoned(&entry.path()) {
            // They only take room: not worth failing for.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_ours(name: &str) -> bool {
    let middle = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    middle.is_some_and(|m| m.len() == RANDOM && m.chars().all(|c| c.is_ascii_alphanumeric()))
}

fn is_abandoned(path: &Path) -> bool {
    // Not through a link: it would tell of another file.
    let Ok(about) = fs::symlink_metadata(path) else { return false };
    let age = about.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
    about.is_file()
        && age.is_some_and(|age| age > ABANDONED)
        && File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// With a name and, where the system has it, without.
    const BOTH: [fn(&Path) -> io::Result<Temporary>; 2] = [Temporary::create, Temporary::named];

    #[test]
    fn files_take_a_free_place_or_replace_what_is_there() {
        use io::{Read as _, Write as _};
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("a");
        for old in [None, Some("old, and longer than the new")] {
            for create in BOTH {
                let mut file = create(home.path()).unwrap();
                match old {
                    Some(text) => fs::write(&target, text).unwrap(),
                    None => drop(fs::remove_file(&target)),
                }
                file.file().write_all(b"new").unwrap();
                let mut again = String::new();
                File::open(file.path()).unwrap().read_to_string(&mut again).unwrap();
                assert_eq!(again, "new");
                file.persist(&target).unwrap();
                assert_eq!(
                    (fs::read(&target).unwrap(), entries(home.path())),
                    (b"new".into(), vec!["a".to_owned()])
                );
            }
        }
        for create in BOTH {
            drop(create(home.path()).unwrap());
            assert_eq!(entries(home.path()), ["a"]);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_unnamed_file_is_not_seen() {
        let home = tempfile::tempdir().unwrap();
        let Some(unnamed) = unnamed(home.path()) else {
            eprintln!("the disk of the temporary folder has no unnamed files: not tried");
            return;
        };
        assert_eq!(entries(home.path()), [""; 0]);
        // Where it can't be given a name its content is copied.
        let Temporary::Unnamed { mut file, folder, .. } = unnamed else { panic!("it has a name") };
        io::Write::write_all(&mut file, b"content").unwrap();
        let target = home.path().join("a");
        name(file, Path::new("/nonexistent"), &folder, &target).unwrap();
        assert_eq!(
            (fs::read(&target).unwrap(), entries(&folder)),
            (b"content".into(), vec!["a".to_owned()])
        );
    }

    #[test]
    fn only_abandoned_files_of_ours_are_removed() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let long_ago = SystemTime::now() - 2 * ABANDONED;
        let old = |name: &str| {
            let file = File::create(at(name)).unwrap();
            file.set_modified(long_ago).unwrap();
            file
        };
        for name in [
            ".voxpoint-aZ09bc.tmp",
            ".voxpoint-other.tmp",
            ".voxpoint-aZ09b-.tmp",
            "scan.nii",
            ".x.tmp",
        ] {
            old(name);
        }
        let held = old(".voxpoint-held00.tmp");
        held.lock().unwrap();
        fs::write(at(".voxpoint-young0.tmp"), "").unwrap();
        fs::create_dir(at(".voxpoint-folder.tmp")).unwrap();
        remove_leftovers_once(home.path());
        let left = entries(home.path());
        assert!(!left.contains(&".voxpoint-aZ09bc.tmp".to_owned()), "{left:?}");
        assert_eq!(left.len(), 7, "{left:?}");
        // Once: films of many pictures are written into one folder.
        drop(held);
        remove_leftovers_once(home.path());
        assert_eq!(entries(home.path()).len(), 7);
        remove_leftovers(home.path());
        assert_eq!(entries(home.path()).len(), 6);
    }
}
