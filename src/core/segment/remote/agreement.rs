//! What somebody has said about an address, and what goes on there, as all who hold a copy see it at once.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Whether somebody has agreed that image values are sent to an address. Copies are one: taken back, the next request
/// is not sent, whoever holds which copy.
#[derive(Clone, Debug, Default)]
pub struct Agreement(Arc<Given>);

/// Looks where an agreement is kept whether it still stands there.
type Keeper = Arc<dyn Fn() -> bool + Send + Sync>;

#[derive(Default)]
struct Given {
    given: AtomicBool,
    keeper: Mutex<Option<Keeper>>,
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Given").field(&self.given).finish()
    }
}

impl Agreement {
    /// It was given by somebody just now, or is not given any more.
    pub fn set(&self, given: bool) {
        *self.0.keeper.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.0.given.store(given, Ordering::SeqCst);
    }

    /// It is given as long as `keeper` says so, where others can take it back, too. `keeper` may read a file.
    pub fn keep_by(&self, keeper: impl Fn() -> bool + Send + Sync + 'static) {
        *self.0.keeper.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(keeper));
    }

    /// Whether it is given, as far as this program knows. At once.
    pub fn is_given(&self) -> bool {
        self.0.given.load(Ordering::SeqCst)
    }

    /// Whether it is given and was not taken back where it is kept; if it was, it is not given any more. Before each
    /// sending; not on the UI thread.
    pub fn still_given(&self) -> bool {
        if !self.is_given() {
            return false;
        }
        let keeper = self.0.keeper.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if keeper.is_some_and(|is_kept| !is_kept()) {
            self.set(false);
        }
        self.is_given()
    }
}

impl From<bool> for Agreement {
    fn from(given: bool) -> Self {
        let agreement = Self::default();
        agreement.set(given);
        agreement
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
    received: AtomicU64,
    sizes: OnceLock<AnswerSizes>,
    /// Of what is being sent: how much has left, and all of it; 0: nothing is to be shown.
    sending: [AtomicU64; 2],
}

/// About how much comes back from a server, and goes there again, in bytes: as its models say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswerSizes {
    /// What it makes of one place comes back, once.
    pub place_back: u64,
    /// That goes there again with each click, with the mask so far; 0: clicks are answered here.
    pub click_there: u64,
    /// The mask of each click, which comes back; 0: clicks are answered here.
    pub click_back: u64,
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

    /// Bytes of the answers to these.
    pub fn received(&self) -> u64 {
        self.0.received.load(Ordering::Relaxed)
    }

    /// How much is to be expected of the server; `None` if its models do not say.
    pub fn sizes(&self) -> Option<AnswerSizes> {
        self.0.sizes.get().copied()
    }

    /// Its models have said how much is to be expected. What was said first holds: they are those of one connection.
    pub(in crate::segment) fn expect(&self, sizes: AnswerSizes) {
        let _ = self.0.sizes.set(sizes);
    }

    /// How many bytes have left of how many that are being sent; `None` unless that takes a while.
    pub fn sending(&self) -> Option<(u64, u64)> {
        let [done, total] = [0, 1].map(|n: usize| self.0.sending[n].load(Ordering::Relaxed));
        (total > 0).then(|| (done.min(total), total))
    }

    pub(super) fn is_sending(&self, sending: Option<(u64, u64)>) {
        let (done, total) = sending.unwrap_or_default();
        self.0.sending[0].store(done, Ordering::Relaxed);
        self.0.sending[1].store(total, Ordering::Relaxed);
    }

    pub(super) fn is_at(&self, again: u32) {
        self.0.again.store(again, Ordering::Relaxed);
    }

    pub(super) fn add_sent(&self, bytes: u64) {
        self.0.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_received(&self, bytes: u64) {
        self.0.received.fetch_add(bytes, Ordering::Relaxed);
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
        watch.add_received(5);
        watch.is_at(2);
        let sizes = AnswerSizes { place_back: 7, ..AnswerSizes::default() };
        watch.expect(sizes);
        assert_eq!((seen.received(), seen.sizes()), (5, Some(sizes)));
        assert!(copy.is_given() && copy == Agreement::from(true));
        assert_eq!((seen.sent(), seen.again(), seen.sending()), (3, 2, None));
        watch.is_sending(Some((5, 9)));
        assert_eq!(seen.sending(), Some((5, 9)));
        watch.is_sending(None);
        assert_eq!(seen.sending(), None);
        copy.set(false);
        assert!(!agreed.is_given());
    }

    #[test]
    fn one_that_was_taken_back_where_it_is_kept_is_not_given() {
        let (agreed, kept) = (Agreement::from(true), Arc::new(AtomicBool::new(true)));
        let there = Arc::clone(&kept);
        agreed.keep_by(move || there.load(Ordering::SeqCst));
        assert!(agreed.still_given());
        kept.store(false, Ordering::SeqCst);
        assert!(agreed.is_given() && !agreed.clone().still_given());
        kept.store(true, Ordering::SeqCst);
        assert!(!agreed.is_given() && !agreed.still_given(), "not by itself again");
        agreed.set(true);
        kept.store(false, Ordering::SeqCst);
        assert!(agreed.still_given(), "a new yes is of this program, until it is kept");
    }
}
