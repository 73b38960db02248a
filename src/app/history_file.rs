//! Where a document's history keeps what it can't hold in memory: a file of the program's own.

use std::sync::Arc;

use crate::document::{Document, HistoryStore, KeptBytes};
use crate::io::{SpillFile, Spilled};

/// What the history may take of memory: a thousand strokes, or fifty operations on a large organ.
const MEMORY: usize = 200 << 20;

#[derive(Debug)]
struct HistoryFile(SpillFile);

impl HistoryStore for HistoryFile {
    fn keep(&mut self, bytes: Vec<u8>) -> Arc<dyn KeptBytes> {
        Arc::new(InFile(self.0.keep(bytes)))
    }
}

#[derive(Debug)]
struct InFile(Spilled);

impl KeptBytes for InFile {
    fn read(&self) -> Result<Vec<u8>, String> {
        self.0.read().map_err(|error| error.to_string())
    }

    fn in_memory(&self) -> usize {
        self.0.in_memory()
    }
}

/// Lets a document keep its history in a file. Where there is no place for one, all of it stays in memory, packed.
pub(crate) fn bound_history(document: &mut Document) {
    match SpillFile::create() {
        Ok(file) => document.keep_history_in(Box::new(HistoryFile(file)), MEMORY),
        Err(error) => tracing::warn!("no file for the history, it stays in memory: {error}"),
    }
}
