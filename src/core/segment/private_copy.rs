//! Files of weights, copied into memory that nobody else can change.
//!
//! A model lives as long as the window, and its file does not: it is fetched again, a sync program writes into
//! it, a network disk goes away. A memory map then ends the process (SIGBUS, with all work that is not saved) or
//! quietly gives other weights, so nothing is mapped: a file is read once, and is refused if it was changed
//! meanwhile. Figures in `models/bench/README.md`.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Seek as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The times of two changes that are so close to each other may be the same: systems count them in steps of up to
/// 10 ms.
const TICK: Duration = Duration::from_millis(20);

/// All bytes of a regular file, as they were at one time.
///
/// # Errors
/// If it can't be read, is no regular file, does not fit into memory, or was written to meanwhile.
pub(super) fn private_copy(path: &Path) -> io::Result<Arc<[u8]>> {
    let mut file = open(path)?;
    let before = Stamp::of(&file.metadata()?);
    let no_room = |short| io::Error::new(io::ErrorKind::OutOfMemory, short);
    crate::work::memory::check(before.length).map_err(no_room)?;
    let length = usize::try_from(before.length).map_err(|_| io::ErrorKind::OutOfMemory)?;
    // Where it stays: a vector would be copied there.
    let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, length).collect();
    let filled = Arc::get_mut(&mut bytes).ok_or(io::ErrorKind::OutOfMemory)?;
    match file.read_exact(filled) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(changed()),
        read => read?,
    }
    if before.fresh && !is_still(&mut file, &bytes)? {
        return Err(changed());
    }
    before.check(path)?;
    Ok(bytes)
}

/// Whether a file has these bytes when it is read again.
fn is_still(file: &mut File, bytes: &[u8]) -> io::Result<bool> {
    file.rewind()?;
    let mut buffer = vec![0; 1 << 18];
    for piece in bytes.chunks(buffer.len()) {
        let again = &mut buffer[..piece.len()];
        match file.read_exact(again) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            read => read?,
        }
        if again != piece {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Opens a regular file for reading.
pub(super) fn open(path: &Path) -> io::Result<File> {
    // Opening a pipe waits for a writer.
    let about = fs::metadata(path)?;
    if about.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    if !about.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    File::open(path)
}

fn changed() -> io::Error {
    io::Error::other("it was changed while it was read; try again once it is whole")
}

/// By what it is seen that a file was written to, or another one took its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    /// Which file it is, and when anything about it was changed last.
    node: [i64; 4],
    /// It was written a moment ago: a further change might not be seen.
    fresh: bool,
}

impl Stamp {
    fn of(about: &Metadata) -> Self {
        #[cfg(unix)]
        let node = {
            use std::os::unix::fs::MetadataExt as _;
            [about.dev() as i64, about.ino() as i64, about.ctime(), about.ctime_nsec()]
        };
        #[cfg(not(unix))]
        let node = [0; 4];
        let modified = about.modified().ok();
        let age = modified.and_then(|at| SystemTime::now().duration_since(at).ok());
        let fresh = age.is_some_and(|age| age < TICK);
        Self { length: about.len(), modified, node, fresh }
    }

    /// Of the file that has this name now.
    pub(super) fn now(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|about| Self::of(&about))
    }

    /// Whether it was written so shortly before that a further change might not be seen.
    pub(super) fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// # Errors
    /// If the file of this name is not the one, or not as, it was.
    pub(super) fn check(&self, path: &Path) -> io::Result<()> {
        let of = |stamp: &Self| (stamp.length, stamp.modified, stamp.node);
        if of(&Self::now(path)?) == of(self) { Ok(()) } else { Err(changed()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_of_one_time() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("weights");
        fs::write(&path, b"12345").unwrap();
        let copy = private_copy(&path).unwrap();
        fs::write(&path, b"abc").unwrap();
        assert_eq!(*copy, *b"12345");
        assert_eq!(*private_copy(&path).unwrap(), *b"abc");
        fs::write(&path, b"").unwrap();
        assert!(private_copy(&path).unwrap().is_empty());
        let mut file = File::open(&path).unwrap();
        for (there, again, still) in [("12", "12", true), ("12", "13", false), ("12", "1", false)] {
            fs::write(&path, again).unwrap();
            assert_eq!(is_still(&mut file, there.as_bytes()).unwrap(), still, "{there} {again}");
        }
        assert!(private_copy(home.path()).unwrap_err().to_string().contains("a folder"));
        assert!(private_copy(&home.path().join("none")).is_err());
    }

    #[test]
    fn changes_are_seen() {
        let home = tempfile::tempdir().unwrap();
        let (path, other) = (home.path().join("weights"), home.path().join("other"));
        let begin = |path: &Path| {
            fs::write(path, b"12345").unwrap();
            std::thread::sleep(2 * TICK);
            let stamp = Stamp::now(path).unwrap();
            stamp.check(path).unwrap();
            assert!(!stamp.is_fresh());
            stamp
        };
        let changes: [(&str, &dyn Fn()); 4] = [
            ("longer", &|| fs::write(&path, b"123456").unwrap()),
            ("the same length", &|| fs::write(&path, b"abcde").unwrap()),
            ("another file", &|| {
                fs::write(&other, b"12345").unwrap();
                fs::rename(&other, &path).unwrap();
            }),
            ("gone", &|| fs::remove_file(&path).unwrap()),
        ];
        for (what, change) in changes {
            let stamp = begin(&path);
            change();
            assert!(stamp.check(&path).is_err(), "{what}");
        }
    }
}
