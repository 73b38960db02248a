//! The SHA-256 of scans, images and models that sessions name, each of the files that it was read from: computed once for
//! each, one after another, on a thread.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::session::{FileRef, Hash, bytes_of};
use crate::work::{Task, Wake};

/// What could not be read is tried again so much later.
const AGAIN: Duration = Duration::from_secs(10);

pub struct Hashes {
    wake: Wake,
    /// Of what was read from others than the file of its path alone.
    files: HashMap<PathBuf, Arc<[PathBuf]>>,
    known: HashMap<PathBuf, FileRef>,
    /// What could not be read, and when that was tried.
    failed: HashMap<PathBuf, (FileRef, Instant)>,
    waiting: VecDeque<PathBuf>,
    task: Option<(PathBuf, Task<Option<FileRef>>)>,
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
            self.remember(path, files);
            let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            let file = FileRef { absolute, relative: None, ..file.clone() };
            self.known.insert(path.to_owned(), file);
        } else {
            self.opened(path, files);
        }
    }

    /// Something was read from these files just now: what was known of it may hold no longer.
    pub fn opened(&mut self, path: &Path, files: &[PathBuf]) {
        self.remember(path, files);
        self.known.remove(path);
        self.failed.remove(path);
        // Nor what is being found out.
        self.task.take_if(|(running, _)| running == path);
        self.want(path);
    }

    fn remember(&mut self, path: &Path, files: &[PathBuf]) {
        if files.is_empty() || *files == [path.to_owned()] {
            self.files.remove(path);
        } else {
            self.files.insert(path.to_owned(), files.into());
        }
    }

    /// What is known of a file; if that is nothing, it is found out.
    pub fn of(&mut self, path: &Path) -> FileRef {
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        if let Some((unknown, at)) = self.failed.get(path)
            && at.elapsed() < AGAIN
        {
            return unknown.clone();
        }
        self.want(path);
        // How many bytes it has is known first.
        let bytes =
            self.task.as_ref().filter(|(p, _)| p == path).map_or(0, |(_, t)| t.progress().1);
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        FileRef { absolute, relative: None, bytes, sha256: None }
    }

    fn want(&mut self, path: &Path) {
        let asked = self.task.iter().map(|(p, _)| p).chain(&self.waiting).any(|p| p == path);
        if !asked {
            self.waiting.push_back(path.to_owned());
            self.start();
        }
    }

    fn start(&mut self) {
        if self.task.is_some() {
            return;
        }
        let Some(path) = self.waiting.pop_front() else { return };
        let alone = || Arc::from([path.clone()]);
        let files = self.files.get(&path).cloned().unwrap_or_else(alone);
        let place = path.clone();
        let task = Task::start("hash", self.wake.clone(), move |cancel, progress| {
            progress.set_total(bytes_of(&files).ok()?);
            let (sha256, bytes) = Hash::of_files(&files, cancel).ok()??;
            let absolute = std::path::absolute(&place).ok()?;
            Some(FileRef { absolute, relative: None, bytes, sha256: Some(sha256) })
        });
        self.task = task.ok().map(|task| (path, task));
    }

    /// Takes in what was found out.
    pub fn poll(&mut self) {
        let Some(answer) = self.task.as_ref().and_then(|(_, task)| task.poll()) else { return };
        let Some((path, task)) = self.task.take() else { return };
        let bytes = task.progress().1;
        let absolute = std::path::absolute(&path).unwrap_or_else(|_| path.clone());
        let unknown = FileRef { absolute, relative: None, bytes, sha256: None };
        if let Some(found) = answer.ok().flatten() {
            self.failed.remove(&path);
            self.known.insert(path, found);
        } else {
            self.failed.insert(path, (unknown, Instant::now()));
        }
        self.start();
    }
}
