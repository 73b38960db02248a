//! Memory that pairs need which are compared at a time, asked for together.

use std::sync::{Condvar, Mutex, PoisonError};

use crate::work::memory::{self, Short};

/// What pairs that are being measured have asked for. Each alone would get it; all together may not.
#[derive(Debug, Default)]
pub struct MemoryRoom {
    taken: Mutex<Taken>,
    given_back: Condvar,
}

#[derive(Debug, Default)]
struct Taken {
    bytes: u64,
    pairs: usize,
}

/// Memory that was asked for; dropping it gives it back.
#[derive(Debug)]
pub struct TakenMemory<'a> {
    room: &'a MemoryRoom,
    bytes: u64,
}

impl MemoryRoom {
    /// Waits until there is room for so many bytes beside what other pairs have asked for.
    ///
    /// # Errors
    /// If there is not enough although no other pair has any.
    pub fn take(&self, bytes: u64) -> Result<TakenMemory<'_>, Short> {
        self.take_if(bytes, memory::check)
    }

    fn take_if(
        &self,
        bytes: u64,
        check: impl Fn(u64) -> Result<(), Short>,
    ) -> Result<TakenMemory<'_>, Short> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            // What others have asked for may be filled by now, and is counted twice then: they wait rather than fail.
            match check(taken.bytes.saturating_add(bytes)) {
                Ok(()) => break,
                Err(short) if taken.pairs == 0 => return Err(short),
                Err(_) => {
                    taken = self.given_back.wait(taken).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
        taken.bytes = taken.bytes.saturating_add(bytes);
        taken.pairs += 1;
        Ok(TakenMemory { room: self, bytes })
    }
}

impl Drop for TakenMemory<'_> {
    fn drop(&mut self) {
        let mut taken = self.room.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.bytes = taken.bytes.saturating_sub(self.bytes);
        taken.pairs -= 1;
        self.room.given_back.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::work::memory::{Bound, Free};

    /// A machine of 100 bytes.
    fn check(needed: u64) -> Result<(), Short> {
        let free = Free { bytes: 100, bound: Bound::Machine };
        if needed > free.bytes { Err(Short { needed, free }) } else { Ok(()) }
    }

    #[test]
    fn pairs_wait_for_each_other_and_what_is_too_much_alone_fails() {
        let room = MemoryRoom::default();
        assert_eq!(room.take_if(101, check).unwrap_err().needed, 101);
        // Many threads that need forty each: never more than two at a time, and all come through.
        let (now, most, done) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let taken = room.take_if(40, check).unwrap();
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                        done.fetch_add(1, Ordering::SeqCst);
                        drop(taken);
                    }
                });
            }
        });
        assert_eq!(done.into_inner(), 160);
        assert!(most.into_inner() <= 2);
        assert!(room.take_if(100, check).is_ok(), "all was given back");
    }
}
