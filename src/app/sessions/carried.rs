//! A session file on its way from the thread that opens it to the one that writes it.

use std::path::Path;

use super::orders::{Order, Postbox};
use crate::session::{Past, SessionFile};

/// A session file that somebody has, who may give it up anywhere: in an answer that nobody waits for any more, behind a
/// question that is not answered, with a window that closes. To close it takes its lock off, on a disk that may be slow:
/// the thread that writes sessions does that.
pub struct Carried {
    file: Option<Box<SessionFile>>,
    postbox: Option<Postbox>,
}

impl Carried {
    /// Without a postbox it is closed where it is dropped.
    pub fn new(file: SessionFile, postbox: Option<&Postbox>) -> Self {
        Self { file: Some(Box::new(file)), postbox: postbox.cloned() }
    }

    /// The file, which is closed by whoever gets it.
    pub fn arrive(mut self) -> Option<Box<SessionFile>> {
        self.file.take()
    }

    /// See [`SessionFile::take_past`].
    pub fn take_past(&mut self, past: &Past) {
        if let Some(file) = &mut self.file {
            file.take_past(past);
        }
    }

    /// Where it is.
    pub fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|file| file.path())
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        if let (Some(file), Some(postbox)) = (self.file.take(), &self.postbox) {
            postbox.give(Order::Release(file));
        }
    }
}
