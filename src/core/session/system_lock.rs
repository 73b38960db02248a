//! What the system's locks of files are worth on a drive: network shares and some drives of virtual machines have none.

use std::fs::{File, TryLockError};
use std::path::Path;

/// Who keeps two programs from writing a session at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// SQLite, with the system's locks. Our own lock says who it is.
    System,
    /// Our own lock alone: the drive knows no others.
    OurLock,
}

/// What trying to lock a file came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    /// It is locked, for as long as it is open.
    Locked,
    /// Another has locked it.
    Taken,
    /// It can't be locked.
    Impossible,
}

/// Tries to lock a file for itself alone. `path`: where it lies.
pub(super) fn try_lock(file: &File, path: &Path) -> Tried {
    if is_said_to_have_none(path) {
        return Tried::Impossible;
    }
    match file.try_lock() {
        Ok(()) => Tried::Locked,
        Err(TryLockError::WouldBlock) => Tried::Taken,
        Err(TryLockError::Error(_)) => Tried::Impossible,
    }
}

/// What guards sessions on the drive of a file. It is asked for such a lock as SQLite takes, and only a drive that says
/// itself that it has none has none; what fails in another way may go by.
///
/// `locked`: by [`try_lock`]. Not for a file that SQLite has open: its locks would go
/// (<https://sqlite.org/howtocorrupt.html>, 2.2).
pub(super) fn guard_of(file: &File, path: &Path, locked: bool) -> Guard {
    // Elsewhere than on Linux it is the same kind of lock, and to ask for a second one would give up the first.
    let known = locked && !cfg!(target_os = "linux");
    let has_locks = !is_said_to_have_none(path) && (known || has_locks(file));
    if has_locks { Guard::System } else { Guard::OurLock }
}

#[cfg(target_os = "linux")]
fn has_locks(file: &File) -> bool {
    use rustix::fs::{FlockOperation, fcntl_lock};
    use rustix::io::Errno;
    match fcntl_lock(file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => {
            let _ = fcntl_lock(file, FlockOperation::Unlock);
            true
        }
        Err(why) => ![Errno::NOLCK, Errno::NOSYS, Errno::OPNOTSUPP].contains(&why),
    }
}

#[cfg(not(target_os = "linux"))]
fn has_locks(file: &File) -> bool {
    match file.try_lock_shared() {
        Ok(()) | Err(TryLockError::WouldBlock) => true,
        // (ENOLCK of macOS and the BSDs.)
        Err(TryLockError::Error(why)) => {
            why.kind() != std::io::ErrorKind::Unsupported
                && !(cfg!(unix) && why.raw_os_error() == Some(77))
        }
    }
}

#[cfg(not(test))]
fn is_said_to_have_none(_: &Path) -> bool {
    false
}

#[cfg(test)]
fn is_said_to_have_none(path: &Path) -> bool {
    path.parent().is_some_and(without_locks::has)
}

/// Folders of which tests say that their drive has no locks.
#[cfg(test)]
pub(super) mod without_locks {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    static FOLDERS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

    fn folders() -> MutexGuard<'static, BTreeSet<PathBuf>> {
        FOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn has(folder: &Path) -> bool {
        folders().contains(folder)
    }

    pub fn say(folder: &Path, is_without: bool) {
        if is_without {
            folders().insert(folder.to_owned());
        } else {
            folders().remove(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usual_drive_has_locks() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(guard_of(file.as_file(), file.path(), false), Guard::System);
        assert_eq!(try_lock(file.as_file(), file.path()), Tried::Locked);
        assert_eq!(guard_of(file.as_file(), file.path(), true), Guard::System);
        let again = File::open(file.path()).unwrap();
        assert_eq!(try_lock(&again, file.path()), Tried::Taken);
        // What another has locked is locked all the same.
        assert_eq!(guard_of(&again, file.path(), false), Guard::System);
        assert_eq!(try_lock(&again, file.path()), Tried::Taken, "it still is");
    }
}
