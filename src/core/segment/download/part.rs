use std::ffi::OsString;
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

impl About {
    /// Replaces what was known in one step: on a full disk the old stays, and with it what it is about.
    fn write(&self, path: &Path) -> io::Result<()> {
        let new = with_suffix(path, ".new");
        let written =
            fs::write(&new, serde_json::to_vec(self)?).and_then(|()| fs::rename(&new, path));
        if written.is_err() {
            // Not worth a second message; the next one replaces it.
            let _ = fs::remove_file(&new);
        }
        written
    }
}

/// The right to fetch a file, until dropped. It hangs on a file of its own, `.NAME.lock`, which stays: a lock
/// on the part itself would follow it to its final place, and whoever opened the part before that and
/// locked it after would write into the finished model.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Nobody else may fetch `target` meanwhile.
    pub(super) fn take(target: &Path) -> Result<Self, DownloadError> {
        let mut name = OsString::from(".");
        name.push(target.file_name().unwrap_or_default());
        name.push(".lock");
        let path = target.with_file_name(name);
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|source| DownloadError::Disk { source, path: path.clone() })?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(DownloadError::Busy(with_suffix(target, ".part"))),
            // Some network disks have no locks.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self { _file: file }),
        }
    }
}

/// A file on its way: `NAME.part` beside its place, and `NAME.part.json` about it. Stays when dropped, so
/// that it can be continued, also after the program was killed.
pub(super) struct Part {
    lock: Lock,
    file: File,
    path: PathBuf,
    about: About,
    length: u64,
}

impl Part {
    /// Opens what there is for `target`, or begins.
    pub(super) fn open(target: &Path, url: &str, lock: Lock) -> Result<Self, DownloadError> {
        let path = with_suffix(target, ".part");
        let failed = |source| DownloadError::Disk { source, path: path.clone() };
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let text = fs::read_to_string(with_suffix(target, ".part.json")).unwrap_or_default();
        let about: About = serde_json::from_str(&text).unwrap_or_default();
        let mut part = Self { lock, file, path, about, length };
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
            part.about.write(&about_of(&part.path))
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

    /// Notes the size of the whole, if it was not known before.
    pub(super) fn learn_total(&mut self, total: u64) -> Result<(), DownloadError> {
        if self.about.total == Some(total) {
            return Ok(());
        }
        self.about.total = Some(total);
        self.write(|part| part.about.write(&about_of(&part.path)))
    }

    /// Puts the file in its place, in one step, once all of it is on the disk.
    pub(super) fn publish(mut self, target: &Path) -> Result<(), DownloadError> {
        self.write(|part| part.file.sync_all())?;
        let Self { file, path, lock, .. } = self;
        // Some systems rename no open file.
        drop(file);
        let renamed = fs::rename(&path, target);
        renamed.map_err(|source| DownloadError::Disk { source, path: target.to_owned() })?;
        // Left behind it would do no harm, and some disks can't sync a folder.
        let _ = fs::remove_file(about_of(&path));
        if let Some(folder) = target.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        // Not before the part has become the model.
        drop(lock);
        Ok(())
    }

    /// Deletes what came.
    pub(super) fn discard(self) {
        let Self { file, path, lock, .. } = self;
        drop(file);
        // If this fails, the next download continues it, finds it unusable again, and says so.
        let _ = fs::remove_file(about_of(&path));
        let _ = fs::remove_file(&path);
        drop(lock);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// As on a full disk: what is about a part can't be written.
    #[test]
    fn a_part_keeps_what_is_known_of_it_when_nothing_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("m.pth");
        let open = || Part::open(&target, "u", Lock::take(&target).unwrap()).unwrap();
        let mut part = open();
        part.begin("u", Some("v".to_owned()), None).unwrap();
        part.append(b"half of a").unwrap();
        let blocked = folder.path().join("m.pth.part.json.new");
        fs::create_dir(&blocked).unwrap();
        assert!(part.learn_total(20).is_err());
        drop(part);
        let part = open();
        assert_eq!((part.validator(), part.length(), part.total()), (Some("v"), 9, None));
        drop(part);
        fs::remove_dir(&blocked).unwrap();
        open().learn_total(20).unwrap();
        let part = open();
        assert_eq!((part.validator(), part.total()), (Some("v"), Some(20)));
    }

    /// One run finishes models while another keeps looking for something to continue: what is finished must
    /// never be written to again.
    #[test]
    fn a_finished_model_is_nobodys_part() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("m.pth");
        let open = || Part::open(&target, "u", Lock::take(&target)?);
        let done = std::sync::atomic::AtomicBool::new(false);
        let running = || !done.load(std::sync::atomic::Ordering::Relaxed);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while running() {
                    if let Ok(mut part) = open() {
                        part.begin("u", None, None).unwrap();
                    }
                }
            });
            for _ in 0..200 {
                let mut part = loop {
                    if let Ok(part) = open() {
                        break part;
                    }
                };
                part.append(b"a model").unwrap();
                let published = part.publish(&target);
                let there = fs::read(&target);
                if published.is_err() || there.is_ok_and(|bytes| bytes != b"a model") {
                    done.store(true, std::sync::atomic::Ordering::Relaxed);
                    panic!("the finished model was written to: {published:?}");
                }
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }
}
