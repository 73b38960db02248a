use std::collections::HashSet;
use std::sync::Arc;

use super::Region;

/// Counts what values take of memory. What several of them share is counted once.
#[derive(Debug, Default)]
pub struct MemoryTally {
    seen: HashSet<usize>,
    bytes: usize,
}

impl MemoryTally {
    /// So many bytes more, that nobody shares.
    pub fn add(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Whether what is shared here was not met before. All that is tallied must live until the end.
    pub fn is_new<T: ?Sized>(&mut self, shared: &Arc<T>) -> bool {
        self.seen.insert(Arc::as_ptr(shared).cast::<()>().addr())
    }

    /// A region, with its runs.
    pub fn region(&mut self, region: &Arc<Region>) {
        if self.is_new(region) {
            self.add(size_of_val(region.runs()));
        }
    }

    /// So far.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_counts_once() {
        let region = Arc::new(Region::from_mask(4, [true, false, true, true]));
        let mut tally = MemoryTally::default();
        tally.region(&region);
        tally.region(&Arc::clone(&region));
        let one = 2 * size_of_val(&region.runs()[0]);
        assert_eq!(tally.bytes(), one);
        // Another one of the same voxels takes memory of its own.
        tally.region(&Arc::new((*region).clone()));
        tally.add(7);
        assert_eq!(tally.bytes(), 2 * one + 7);
    }
}
