use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::DownloadError;

/// What is known of a file that has partly come: enough to continue it and not another one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct About {
    url: String,
    validator: Option<String>,
    total: Option<u64>,
}

/// A file on its way: `NAME.part` beside its place, and `NAME.part.json` about it. Stays when dropped, so
/// that it can be continued, also after the program was killed.
pub(super) struct Part {
    file: File,
    path: PathBuf,
    about: About,
    length: u64,
}

impl Part {
    /// Opens what there is for `target`, or begins. Nobody else may write to it meanwhile.
    pub(super) fn open(target: &Path, url: &str) -> Result<Self, DownloadError> {
        let path = with_suffix(target, ".part");
        let failed = |source| DownloadError::Disk { source, path: path.clone() };
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(failed)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(DownloadError::Busy(path)),
            // Some network disks have no locks.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let length = file.metadata().map_err(failed)?.len();
        let text = fs::read_to_string(with_suffix(target, ".part.json")).unwrap_or_default();
        let about: About = serde_json::from_str(&text).unwrap_or_default();
        let mut part = Self { file, path, about, length };
        let fits = part.about.total.is_none_or(|total| part.length <= total);
        if part.about.url != url || part.about.validator.is_none() || !fits {
            part.begin(url, None, None)?;
        }
        Ok(part)
    }

    /// Bytes that are there.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Bytes of the whole file, if the server said.
    pub(super) fn total(&self) -> Option<u64> {
        self.about.total
    }

    /// The version of the file that these bytes are of.
    pub(super) fn validator(&self) -> Option<&str> {
        self.about.validator.as_deref()
    }

    /// Whether all of it is there; unknown without a total.
    pub(super) fn is_whole(&self) -> bool {
        self.about.total == Some(self.length)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Forgets what is there and begins with another version of the file.
    pub(super) fn begin(
        &mut self,
        url: &str,
        validator: Option<String>,
        total: Option<u64>,
    ) -> Result<(), DownloadError> {
        self.about = About { url: url.to_owned(), validator, total };
        // First the bytes: a crash between the two must not leave old bytes under a new name.
        self.write(|part| {
            part.file.set_len(0)?;
            part.length = 0;
            fs::write(about_of(&part.path), serde_json::to_vec(&part.about)?)
        })
    }

    /// Adds bytes at the end.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), DownloadError> {
        self.write(|part| {
            part.file.seek(SeekFrom::Start(part.length))?;
            part.file.write_all(bytes)?;
            part.length += bytes.len() as u64;
            Ok(())
        })
    }

    /// Makes sure that all of it is on the disk.
    pub(super) fn flush(&mut self) -> Result<(), DownloadError> {
        self.write(|part| part.file.sync_all())
    }

    /// Puts the file in its place, in one step.
    pub(super) fn publish(self, target: &Path) -> Result<(), DownloadError> {
        let Self { file, path, .. } = self;
        // Some systems rename no open file.
        drop(file);
        let renamed = fs::rename(&path, target);
        renamed.map_err(|source| DownloadError::Disk { source, path: target.to_owned() })?;
        // Left behind it would do no harm, and some disks can't sync a folder.
        let _ = fs::remove_file(about_of(&path));
        if let Some(folder) = target.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }

    /// Deletes what came.
    pub(super) fn discard(self) {
        let Self { file, path, .. } = self;
        drop(file);
        // If this fails, the next download continues it, finds it unusable again, and says so.
        let _ = fs::remove_file(about_of(&path));
        let _ = fs::remove_file(&path);
    }

    fn write(
        &mut self,
        act: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> Result<(), DownloadError> {
        act(self).map_err(|source| DownloadError::Disk { source, path: self.path.clone() })
    }
}

fn about_of(part: &Path) -> PathBuf {
    with_suffix(part, ".json")
}

/// `a.pth` and `.part` give `a.pth.part`.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
