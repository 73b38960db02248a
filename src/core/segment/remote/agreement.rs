//! What somebody has said about an address, and what goes on there, as all who hold a copy see it at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Whether somebody has agreed that image values are sent to an address. Copies are one: taken back, the next request
/// is not sent, whoever holds which copy.
#[derive(Clone, Debug, Default)]
pub struct Agreement(Arc<AtomicBool>);

impl Agreement {
    /// It was given, or is not given any more.
    pub fn set(&self, given: bool) {
        self.0.store(given, Ordering::SeqCst);
    }

    /// Whether it is given.
    pub fn is_given(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl From<bool> for Agreement {
    fn from(given: bool) -> Self {
        Self(Arc::new(AtomicBool::new(given)))
    }
}

impl PartialEq for Agreement {
    fn eq(&self, other: &Self) -> bool {
        self.is_given() == other.is_given()
    }
}

impl Eq for Agreement {}

/// What goes on between this machine and a server, for whoever waits for it. Copies are one.
#[derive(Clone, Debug, Default)]
pub struct ServerWatch(Arc<Watched>);

#[derive(Debug, Default)]
struct Watched {
    again: AtomicU32,
    sent: AtomicU64,
}

impl ServerWatch {
    /// Which further attempt a request is at, because the ones before failed; 0: at its first, or none is under way.
    pub fn again(&self) -> u32 {
        self.0.again.load(Ordering::Relaxed)
    }

    /// Bytes with image values, or what was computed from some, that went there, be they answered or not.
    pub fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    pub(super) fn is_at(&self, again: u32) {
        self.0.again.store(again, Ordering::Relaxed);
    }

    pub(super) fn add_sent(&self, bytes: u64) {
        self.0.sent.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Who watches makes no other server of it.
impl PartialEq for ServerWatch {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ServerWatch {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_one() {
        let (agreed, watch) = (Agreement::default(), ServerWatch::default());
        let (copy, seen) = (agreed.clone(), watch.clone());
        assert!(!copy.is_given());
        agreed.set(true);
        watch.add_sent(3);
        watch.is_at(2);
        assert!(copy.is_given() && copy == Agreement::from(true));
        assert_eq!((seen.sent(), seen.again()), (3, 2));
        copy.set(false);
        assert!(!agreed.is_given());
    }
}
