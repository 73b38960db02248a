//! Results on disk as they come, so that what was stopped can go on.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What every line begins with.
const BEGIN: &[u8] = b"{\"key\":";

/// A line of the journal.
#[derive(Serialize, Deserialize)]
struct Line<T> {
    /// All that the result depends on.
    key: String,
    #[serde(alias = "structure")]
    result: T,
}

/// Results of this run of a command and of earlier ones with the same keys.
pub struct Journal<T> {
    path: PathBuf,
    file: Mutex<File>,
    done: HashMap<String, T>,
}

impl<T: Serialize + DeserializeOwned + Clone> Journal<T> {
    /// Opens or begins a journal of `command`, as it is typed. A last line that was cut off is dropped; any other that is
    /// not a result is an error, because then the file is something else.
    pub fn open(path: &Path, command: &str) -> anyhow::Result<Self> {
        let place = || format!("can't use the journal {}", path.display());
        // Opening a pipe waits for whoever is at its other end; and only a file can be read again.
        if std::fs::metadata(path).is_ok_and(|about| !about.is_file()) {
            bail!("the journal must be a file, and this is none; name another: {}", path.display());
        }
        let file =
            File::options().read(true).append(true).create(true).open(path).with_context(place)?;
        // Some disks have no locks; then it is up to the user.
        if !lock(&file) {
            bail!(
                "another “{command}” is writing this journal; wait for it, or name another with --resume: {}",
                path.display()
            );
        }
        let bytes = std::fs::read(path).with_context(place)?;
        let whole = bytes.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        let mut done = HashMap::new();
        for (n, line) in bytes[..whole].split(|&b| b == b'\n').filter(|l| !l.is_empty()).enumerate()
        {
            let Ok(line) = serde_json::from_slice::<Line<T>>(line) else {
                bail!(
                    "line {} is no result of “{command}”; name another journal: {}",
                    n + 1,
                    path.display()
                );
            };
            done.insert(line.key, line.result);
        }
        let rest = &bytes[whole..];
        if !rest.is_empty() {
            if !rest.starts_with(BEGIN) && !BEGIN.starts_with(rest) {
                bail!("this is no journal of “{command}”; name another: {}", path.display());
            }
            file.set_len(whole as u64).with_context(place)?;
        }
        Ok(Self { path: path.to_owned(), file: Mutex::new(file), done })
    }

    /// The result of an earlier run.
    pub fn get(&self, key: &str) -> Option<&T> {
        self.done.get(key)
    }

    /// All results of earlier runs.
    pub fn results(&self) -> impl Iterator<Item = &T> {
        self.done.values()
    }

    /// Keeps a result, as one line in one write.
    pub fn add(&self, key: &str, result: &T) -> anyhow::Result<()> {
        let line = Line { key: key.to_owned(), result: result.clone() };
        let mut line = serde_json::to_vec(&line)?;
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let written = file.write_all(&line).and_then(|()| file.flush());
        written.with_context(|| format!("can't write the journal {}", self.path.display()))
    }
}

/// Whether nobody else is writing a file: then others see that somebody is. Somebody who only looks holds it for a moment.
fn lock(file: &File) -> bool {
    let is_free = || !matches!(file.try_lock(), Err(TryLockError::WouldBlock));
    (0..5).any(|n| {
        if n > 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
        is_free()
    })
}

/// Results in a journal that another run may be writing; what is no result in it is passed over.
pub fn results_in<T: DeserializeOwned>(path: &Path) -> HashMap<String, T> {
    let bytes = std::fs::read(path).unwrap_or_default();
    let lines = bytes.split(|&b| b == b'\n').filter_map(|l| serde_json::from_slice(l).ok());
    lines.map(|line: Line<T>| (line.key, line.result)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some result.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Found {
        label: u16,
        ml: f64,
    }

    fn found(label: u16) -> Found {
        Found { label, ml: 0.1 + 0.2 }
    }

    fn open(path: &Path) -> anyhow::Result<Journal<Found>> {
        Journal::open(path, "voxpoint eval")
    }

    #[test]
    fn a_journal_cut_off_anywhere_keeps_its_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        {
            let journal = open(&path).unwrap();
            journal.add("one", &found(1)).unwrap();
            journal.add("two", &found(2)).unwrap();
            assert!(open(&path).is_err_and(|e| e.to_string().contains("another")));
        }
        let whole = std::fs::read(&path).unwrap();
        let first = whole.iter().position(|&b| b == b'\n').unwrap() + 1;
        for cut in [first, first + 1, first + 20, whole.len() - 1, whole.len()] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let two = if cut == whole.len() { Some(found(2)) } else { None };
            {
                let journal = open(&path).unwrap();
                assert_eq!(journal.get("one"), Some(&found(1)), "cut at {cut}");
                assert_eq!(journal.get("two").cloned(), two, "cut at {cut}");
                journal.add("three", &found(3)).unwrap();
            }
            let journal = open(&path).unwrap();
            assert_eq!(journal.get("one"), Some(&found(1)), "cut at {cut}");
            assert_eq!(journal.get("three"), Some(&found(3)), "cut at {cut}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn pipes_devices_and_folders_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        for path in [&pipe, Path::new("/dev/null"), folder.path()] {
            let error = open(path).err().expect("refused").to_string();
            assert!(error.contains("must be a file"), "{error}");
        }
    }

    #[test]
    fn other_files_are_not_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        for text in ["my notes", "my notes\n", "{\"a\":1}\n{\"b\":2}\n"] {
            std::fs::write(&path, text).unwrap();
            assert!(open(&path).is_err(), "{text}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
}
