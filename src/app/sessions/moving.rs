//! A session on its way to another file.

use std::path::Path;

use super::orders::MoveWatch;
use crate::app::files::name_of;
use crate::ui::FileProgress;

pub struct Moving {
    name: String,
    watch: MoveWatch,
    /// How far it was when it was looked at last.
    done: u64,
}

impl Moving {
    pub fn new(path: &Path, watch: MoveWatch) -> Self {
        Self { name: name_of(path), watch, done: 0 }
    }

    /// More was done than when it was looked at last.
    pub fn goes_on(&mut self) -> bool {
        let (done, _) = self.watch.progress.get();
        std::mem::replace(&mut self.done, done) != done
    }

    /// How far it is, if it is long.
    pub fn progress(&self) -> Option<FileProgress> {
        let (done, total) = self.watch.progress.get();
        (total > 0).then(|| FileProgress { name: self.name.clone(), done, total })
    }

    pub fn cancel(&self) {
        self.watch.cancel.cancel();
    }
}
