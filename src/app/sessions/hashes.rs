//! The SHA-256 of scans, images and models that sessions name, each of the files that it was read from: computed once for
//! each, one after another, on a thread.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::session::{FileRef, Hash, bytes_of};
use crate::work::{Task, Wake};

/// What could not be read is tried again so much later.
const AGAIN: Duration = Duration::from_secs(10);

/// What was read from somewhere: its path, and which files there, as their hash. A folder has several scans.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct ReadFrom {
    path: PathBuf,
    /// Nothing of the path's own file alone.
    files: Option<u64>,
}

impl ReadFrom {
    fn of(path: &Path, files: &[PathBuf]) -> Self {
        let alone = files.is_empty() || *files == [path.to_owned()];
        let hash = || {
            let mut hasher = DefaultHasher::new();
            files.hash(&mut hasher);
            hasher.finish()
        };
        Self { path: path.to_owned(), files: (!alone).then(hash) }
    }
}

pub struct Hashes {
    wake: Wake,
    /// Of what was read from others than the file of its path alone.
    files: HashMap<ReadFrom, Arc<[PathBuf]>>,
    known: HashMap<ReadFrom, FileRef>,
    /// What could not be read, and when that was tried.
    failed: HashMap<ReadFrom, (FileRef, Instant)>,
    waiting: VecDeque<ReadFrom>,
    task: Option<(ReadFrom, Task<Option<FileRef>>)>,
}

impl Hashes {
    pub fn new(wake: Wake) -> Self {
        Self {
            wake,
            files: HashMap::new(),
            known: HashMap::new(),
            failed: HashMap::new(),
            waiting: VecDeque::new(),
            task: None,
        }
    }

    /// What was read from these files was found out already, when it was compared with what a session says.
    pub fn know(&mut self, path: &Path, files: &[PathBuf], file: &FileRef) {
        if file.sha256.is_some() {
            let from = self.remember(path, files);
            let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            self.known.insert(from, FileRef { absolute, relative: None, ..file.clone() });
        } else {
            self.opened(path, files);
        }
    }

    /// Something was read from these files just now: what was known of it may hold no longer.
    pub fn opened(&mut self, path: &Path, files: &[PathBuf]) {
        let from = self.remember(path, files);
        self.known.remove(&from);
        self.failed.remove(&from);
        // Nor what is being found out.
        self.task.take_if(|(running, _)| *running == from);
        self.want(from);
    }

    fn remember(&mut self, path: &Path, files: &[PathBuf]) -> ReadFrom {
        let from = ReadFrom::of(path, files);
        if from.files.is_some() {
            self.files.insert(from.clone(), files.into());
        }
        from
    }

    /// What is known of what was read from these files (none: from its path's own); if that is nothing, it is found out.
    pub fn of(&mut self, path: &Path, files: &[PathBuf]) -> FileRef {
        let from = ReadFrom::of(path, files);
        if let Some(known) = self.known.get(&from) {
            return known.clone();
        }
        if let Some((unknown, at)) = self.failed.get(&from)
            && at.elapsed() < AGAIN
        {
            return unknown.clone();
        }
        // How many bytes it has is known first.
        let running = self.task.as_ref().filter(|(running, _)| *running == from);
        let bytes = running.map_or(0, |(_, task)| task.progress().1);
        if from.files.is_some() && !self.files.contains_key(&from) {
            self.files.insert(from.clone(), files.into());
        }
        self.want(from);
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        FileRef { absolute, relative: None, bytes, sha256: None }
    }

    fn want(&mut self, from: ReadFrom) {
        let asked = self.task.iter().map(|(f, _)| f).chain(&self.waiting).any(|f| *f == from);
        if !asked {
            self.waiting.push_back(from);
            self.start();
        }
    }

    fn start(&mut self) {
        if self.task.is_some() {
            return;
        }
        let Some(from) = self.waiting.pop_front() else { return };
        let alone = || Arc::from([from.path.clone()]);
        let files = self.files.get(&from).cloned().unwrap_or_else(alone);
        let place = from.path.clone();
        let task = Task::start("hash", self.wake.clone(), move |cancel, progress| {
            progress.set_total(bytes_of(&files).ok()?);
            let (sha256, bytes) = Hash::of_files(&files, cancel).ok()??;
            let absolute = std::path::absolute(&place).ok()?;
            Some(FileRef { absolute, relative: None, bytes, sha256: Some(sha256) })
        });
        self.task = task.ok().map(|task| (from, task));
    }

    /// Takes in what was found out.
    pub fn poll(&mut self) {
        let Some(answer) = self.task.as_ref().and_then(|(_, task)| task.poll()) else { return };
        let Some((from, task)) = self.task.take() else { return };
        let bytes = task.progress().1;
        let absolute = std::path::absolute(&from.path).unwrap_or_else(|_| from.path.clone());
        let unknown = FileRef { absolute, relative: None, bytes, sha256: None };
        if let Some(found) = answer.ok().flatten() {
            self.failed.remove(&from);
            self.known.insert(from, found);
        } else {
            self.failed.insert(from, (unknown, Instant::now()));
        }
        self.start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A scan and a second one out of the same folder: neither gets the hash of the other.
    #[test]
    fn scans_of_one_folder_have_hashes_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, name).unwrap();
            path
        };
        let series = [[file("1.dcm"), file("2.dcm")], [file("3.dcm"), file("4.dcm")]];
        let mut hashes = Hashes::new(Arc::new(|| ()));
        for files in &series {
            hashes.opened(folder.path(), files);
        }
        let never = crate::work::CancelToken::new();
        for files in series.iter().chain(&series) {
            let until = Instant::now() + Duration::from_mins(1);
            while hashes.of(folder.path(), files).sha256.is_none() && Instant::now() < until {
                hashes.poll();
                std::thread::sleep(Duration::from_millis(2));
            }
            let expected = Hash::of_files(files, &never).unwrap().unwrap().0;
            assert_eq!(hashes.of(folder.path(), files).sha256, Some(expected));
        }
    }
}
