//! Where the history keeps what it can't hold in memory: somebody else's matter.

use std::fmt::Debug;
use std::sync::Arc;

/// Keeps what the history can't hold in memory.
pub trait HistoryStore: Debug + Send {
    /// Keeps bytes for as long as what it returns lives. It does not wait for a disk: what can't be kept elsewhere stays
    /// in memory.
    fn keep(&mut self, bytes: Vec<u8>) -> Arc<dyn KeptBytes>;
}

/// Bytes that a [`HistoryStore`] keeps.
pub trait KeptBytes: Debug + Send + Sync {
    /// The very bytes.
    ///
    /// # Errors
    /// They can't be read any more: why.
    fn read(&self) -> Result<Vec<u8>, String>;
    /// How much memory they take.
    fn in_memory(&self) -> usize;
}

/// Packed, in memory.
#[derive(Debug, Default)]
pub(super) struct InMemory;

impl HistoryStore for InMemory {
    fn keep(&mut self, bytes: Vec<u8>) -> Arc<dyn KeptBytes> {
        Arc::new(Packed(bytes))
    }
}

#[derive(Debug)]
struct Packed(Vec<u8>);

impl KeptBytes for Packed {
    fn read(&self) -> Result<Vec<u8>, String> {
        Ok(self.0.clone())
    }

    fn in_memory(&self) -> usize {
        self.0.len()
    }
}
