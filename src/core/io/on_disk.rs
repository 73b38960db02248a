//! The steps by which a file comes to the disk under its name, such that a power cut leaves the old one or the new one:
//! its content is synced, then it gets its name, then the name is synced. Whatever `io` saves goes through here; tests
//! see in which order.

use std::fs::File;
use std::io;
use std::path::Path;

/// Waits until all of a file's content is on the disk.
///
/// # Errors
/// If it can't be brought there.
pub(super) fn sync(file: &File) -> io::Result<()> {
    file.sync_all()?;
    #[cfg(all(test, target_os = "linux"))]
    watched::note(|| watched::DiskStep::synced(file));
    Ok(())
}

/// Waits until the names of a folder's files are on the disk. Some file systems can't do that; the files are in their
/// places all the same.
pub(super) fn sync_names(folder: &Path) {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let synced = File::open(folder).and_then(|opened| opened.sync_all());
    #[cfg(all(test, target_os = "linux"))]
    if synced.is_ok() {
        watched::note(|| watched::DiskStep::NamesSynced(folder.to_owned()));
    }
    let _ = synced;
}

/// A new file has got its name, or the name of another.
pub(super) fn has_name(path: &Path) {
    #[cfg(all(test, target_os = "linux"))]
    watched::note(|| watched::DiskStep::named(path));
    let _ = path;
}

/// Gives a file another name.
///
/// # Errors
/// If the system refuses.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    #[cfg(all(test, target_os = "linux"))]
    watched::note(|| watched::DiskStep::Moved { from: from.to_owned(), to: to.to_owned() });
    Ok(())
}

/// What tests see.
#[cfg(all(test, target_os = "linux"))]
pub(super) mod watched {
    use std::cell::RefCell;
    use std::fs::File;
    use std::io::Read as _;
    use std::path::{Path, PathBuf};

    /// Something that was done, of a file that is known by its number.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum DiskStep {
        Synced { file: u64, content: Vec<u8> },
        Named { path: PathBuf, file: u64 },
        Moved { from: PathBuf, to: PathBuf },
        NamesSynced(PathBuf),
    }

    thread_local! {
        static STEPS: RefCell<Option<Vec<DiskStep>>> = const { RefCell::new(None) };
    }

    /// What this does on this thread.
    pub fn steps_of(act: impl FnOnce()) -> Vec<DiskStep> {
        STEPS.with(|steps| *steps.borrow_mut() = Some(Vec::new()));
        act();
        STEPS.with(|steps| steps.borrow_mut().take()).unwrap_or_default()
    }

    pub fn note(step: impl FnOnce() -> DiskStep) {
        STEPS.with(|steps| {
            if let Some(steps) = &mut *steps.borrow_mut() {
                steps.push(step());
            }
        });
    }

    impl DiskStep {
        pub fn synced(file: &File) -> Self {
            // By another handle: the file's own place is not to move.
            let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(file));
            let mut content = Vec::new();
            File::open(path).unwrap().read_to_end(&mut content).unwrap();
            Self::Synced { file: number(&file.metadata().unwrap()), content }
        }

        pub fn named(path: &Path) -> Self {
            let file = number(&std::fs::metadata(path).unwrap());
            Self::Named { path: path.to_owned(), file }
        }
    }

    fn number(about: &std::fs::Metadata) -> u64 {
        std::os::unix::fs::MetadataExt::ino(about)
    }
}
