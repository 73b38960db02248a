//! How much memory the history takes: changes that are long past are packed, and given to a store that keeps them
//! elsewhere.

use super::history::{Entry, History, Op};
use super::history_store::HistoryStore;

/// What the history may take by itself. (A stroke takes some 50 kB, an operation on a large organ some 5 MB.)
pub(super) const HISTORY_BYTES: usize = 256 << 20;
/// So many steps on both sides of the present stay as they are, whatever they take: they are undone at once.
const AT_HAND: usize = 8;

impl Entry {
    /// What its label writes take.
    fn bytes(&self) -> usize {
        self.ops.iter().map(Op::bytes).sum()
    }

    /// Packs its label writes, but not those that may have to be made anew.
    fn put_away(&mut self, store: &mut dyn HistoryStore) {
        for op in &mut self.ops {
            if let Op::Write(write) = op {
                write.put_away(store);
            }
        }
    }

    /// Gets back what was packed.
    ///
    /// # Errors
    /// It can't be read; the entry is as it was.
    pub fn get_back(&mut self, dims: [usize; 3]) -> Result<(), String> {
        self.ops.iter_mut().try_for_each(|op| match op {
            Op::Write(write) => write.get_back(dims),
            _ => Ok(()),
        })
    }
}

impl Op {
    fn bytes(&self) -> usize {
        match self {
            Self::Write(write) => write.bytes(),
            _ => 0,
        }
    }
}

impl History {
    /// What all label writes in it take.
    pub fn bytes(&self) -> usize {
        self.entries().map(Entry::bytes).sum()
    }

    /// Packs what is furthest from the present until no more than three quarters of `limit` bytes are taken, if more
    /// than all of them are. Steps from the oldest click on that waits for its answer stay: they may be done anew.
    pub fn relieve(&mut self, limit: usize, store: &mut dyn HistoryStore) {
        let mut taken = self.bytes();
        if taken <= limit {
            return;
        }
        let (done, undone) = self.both();
        let settled = done.iter().position(|e| e.pending.is_some()).unwrap_or(done.len());
        let oldest = settled.min(done.len().saturating_sub(AT_HAND));
        let last = undone.len().saturating_sub(AT_HAND);
        for entry in done[..oldest].iter_mut().chain(&mut undone[..last]) {
            if taken <= limit / 4 * 3 {
                return;
            }
            let before = entry.bytes();
            entry.put_away(store);
            taken -= before.saturating_sub(entry.bytes());
        }
    }
}
