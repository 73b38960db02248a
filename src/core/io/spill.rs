//! Bytes that are kept in a file without a name for as long as somebody may need them: what does not fit in memory.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// A file that nobody else can open and that is gone when the program ends, however it ends. It grows until it is
/// dropped: the room of what is not needed any more is not used again.
///
/// It is written by a thread of its own; nobody waits for the disk but who reads. What can't be written stays in memory.
#[derive(Debug)]
pub struct SpillFile {
    file: Arc<Mutex<File>>,
    jobs: Sender<Weak<Slot>>,
}

/// Bytes in a [`SpillFile`], or on their way to it.
#[derive(Debug)]
pub struct Spilled {
    slot: Arc<Slot>,
    file: Arc<Mutex<File>>,
}

#[derive(Debug)]
struct Slot(Mutex<Place>);

#[derive(Debug)]
enum Place {
    Memory(Arc<[u8]>),
    File { at: u64, len: usize, checksum: u32 },
}

impl SpillFile {
    /// An empty one.
    ///
    /// # Errors
    /// There is no place for it, or the system gives no thread.
    pub fn create() -> std::io::Result<Self> {
        // A folder that is there may be one that can't be written.
        let file = tempfile::tempfile_in(folder());
        Self::of(file.or_else(|_| tempfile::tempfile())?)
    }

    fn of(file: File) -> std::io::Result<Self> {
        let file = Arc::new(Mutex::new(file));
        let (jobs, queue) = channel();
        let written = Arc::clone(&file);
        std::thread::Builder::new()
            .name("history file".to_owned())
            .spawn(move || write_all(&queue, &written))?;
        Ok(Self { file, jobs })
    }

    /// Keeps bytes for as long as what is returned lives.
    pub fn keep(&self, bytes: Vec<u8>) -> Spilled {
        let slot = Arc::new(Slot(Mutex::new(Place::Memory(bytes.into()))));
        // Without the thread they stay in memory.
        let _ = self.jobs.send(Arc::downgrade(&slot));
        Spilled { slot, file: Arc::clone(&self.file) }
    }
}

/// Where such a file is best: on a disk, and not in memory as `/tmp` often is.
fn folder() -> PathBuf {
    let on_disk = Path::new("/var/tmp");
    if cfg!(unix) && std::env::var_os("TMPDIR").is_none() && on_disk.is_dir() {
        on_disk.to_owned()
    } else {
        std::env::temp_dir()
    }
}

fn write_all(queue: &Receiver<Weak<Slot>>, file: &Mutex<File>) {
    let mut end = 0;
    // What could not be written is tried again with the next one: a disk may be full for a moment only.
    let mut again: Vec<Weak<Slot>> = Vec::new();
    while let Ok(slot) = queue.recv() {
        again.push(slot);
        again.retain(|slot| !write_one(slot, file, &mut end));
    }
}

/// `false` if it has to be tried again.
fn write_one(slot: &Weak<Slot>, file: &Mutex<File>, end: &mut u64) -> bool {
    // Else nobody needs it any more.
    let Some(slot) = slot.upgrade() else { return true };
    let bytes = match &*held(&slot.0) {
        Place::Memory(bytes) => Arc::clone(bytes),
        Place::File { .. } => return true,
    };
    let write = |file: &mut File| {
        file.seek(SeekFrom::Start(*end))?;
        file.write_all(&bytes)
    };
    if write(&mut held(file)).is_err() {
        return false;
    }
    let (len, checksum) = (bytes.len(), crc32fast::hash(&bytes));
    *held(&slot.0) = Place::File { at: *end, len, checksum };
    *end += len as u64;
    true
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Spilled {
    /// The very bytes.
    ///
    /// # Errors
    /// The disk does not give them, or gives others.
    pub fn read(&self) -> std::io::Result<Vec<u8>> {
        let (at, len, checksum) = match &*held(&self.slot.0) {
            Place::Memory(bytes) => return Ok(bytes.to_vec()),
            Place::File { at, len, checksum } => (*at, *len, *checksum),
        };
        let mut bytes = vec![0; len];
        let mut file = held(&self.file);
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut bytes)?;
        if crc32fast::hash(&bytes) == checksum {
            Ok(bytes)
        } else {
            Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "the disk gave other bytes"))
        }
    }

    /// How much memory they take: nothing, once they are written.
    pub fn in_memory(&self) -> usize {
        match &*held(&self.slot.0) {
            Place::Memory(bytes) => bytes.len(),
            Place::File { .. } => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn written(kept: &Spilled) -> bool {
        let end = Instant::now() + Duration::from_secs(20);
        while kept.in_memory() > 0 && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
        kept.in_memory() == 0
    }

    #[test]
    fn bytes_come_back_at_once_and_from_the_disk() {
        let file = SpillFile::create().unwrap();
        let bytes = |n: usize| (0..n * 1000).map(|i| (i * n % 251) as u8).collect::<Vec<u8>>();
        let kept: Vec<Spilled> = (0..20).map(|n| file.keep(bytes(n))).collect();
        for (n, kept) in kept.iter().enumerate() {
            assert_eq!(kept.read().unwrap(), bytes(n));
        }
        for (n, kept) in kept.iter().enumerate().rev() {
            assert!(written(kept));
            assert_eq!(kept.read().unwrap(), bytes(n));
        }
    }

    #[test]
    fn what_can_not_be_written_stays_in_memory_and_what_is_damaged_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "").unwrap();
        let file = SpillFile::of(File::open(&path).unwrap()).unwrap();
        let kept = file.keep(vec![7; 100]);
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!((kept.in_memory(), kept.read().unwrap()), (100, vec![7; 100]));

        let both = File::options().read(true).write(true).open(&path).unwrap();
        let file = SpillFile::of(both).unwrap();
        let kept = file.keep(vec![7; 100]);
        assert!(written(&kept));
        for (content, says) in [(vec![8; 100], "other bytes"), (vec![7; 99], "fill")] {
            std::fs::write(&path, content).unwrap();
            let error = kept.read().unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        std::fs::write(&path, [7; 100]).unwrap();
        assert_eq!(kept.read().unwrap(), vec![7; 100]);
    }
}
