//! Positions in the order of their costs, roughly.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Buckets: few enough for a processor to have them at hand.
const BUCKETS: u32 = 1024;
/// How many buckets may be taken from between two calls of [`Queue::begin`].
pub const LONGEST_ROUND: u32 = BUCKETS / 2;

/// Buckets of positions whose costs are alike, in a ring (Dial, "Shortest-path forest with topological ordering",
/// 1969), and those that lie further on than the ring reaches. A position may be in it several times, and with costs
/// that it had before: who takes it out looks whether it is still due. Within a bucket there is no order; a position
/// whose label is corrected is put in again.
#[derive(Debug)]
pub struct Queue {
    buckets: Vec<Vec<u32>>,
    /// Costs of a bucket.
    width: u32,
    /// Where the ring begins: a bucket counted from cost 0, as all are.
    base: u32,
    /// The bucket that is taken from; nothing comes before it.
    now: u32,
    /// Positions in the ring.
    len: usize,
    /// Costs and positions that come into the ring when they are due, the lowest first.
    later: BinaryHeap<Reverse<(u32, u32)>>,
}

impl Queue {
    /// Empty, for costs from `first` on, of which `width` share a bucket.
    pub fn new(first: u32, width: u32) -> Self {
        let base = first / width;
        let buckets = vec![Vec::new(); BUCKETS as usize];
        Self { buckets, width, base, now: base, len: 0, later: BinaryHeap::new() }
    }

    /// The bucket of a cost.
    #[inline]
    pub fn bucket(&self, cost: u32) -> u32 {
        cost / self.width
    }

    /// From now on nothing comes before bucket `base`; neither is anything there.
    pub fn begin(&mut self, base: u32) {
        self.base = base;
        self.now = self.now.max(base);
    }

    /// Costs must not be below what it begins with.
    #[inline]
    pub fn push(&mut self, cost: u32, at: u32) {
        let bucket = self.bucket(cost);
        // (What is taken from may lie far behind the ring, where nothing was left in it.)
        self.now = self.now.min(bucket);
        if bucket - self.base < BUCKETS {
            self.buckets[(bucket % BUCKETS) as usize].push(at);
            self.len += 1;
        } else {
            self.later.push(Reverse((cost, at)));
        }
    }

    /// Whether a position of this cost is due in the bucket last taken from.
    #[inline]
    pub fn is_due(&self, cost: u32) -> bool {
        self.bucket(cost) == self.now
    }

    /// The lowest bucket that has something.
    pub fn first(&self) -> Option<u32> {
        let later = self.later.peek().map(|Reverse((cost, _))| self.bucket(*cost));
        let in_ring = |bucket: &u32| !self.buckets[(bucket % BUCKETS) as usize].is_empty();
        let ring = (self.now..self.base.saturating_add(BUCKETS)).find(in_ring);
        ring.into_iter().chain(later).min()
    }

    /// Positions of the lowest bucket, as many as it has and there is room for; none if there is none before `end`, which
    /// is at most [`LONGEST_ROUND`] after the beginning.
    pub fn pop(&mut self, batch: &mut [u32], end: u32) -> usize {
        while self.now < end {
            while let Some(&Reverse((cost, at))) = self.later.peek() {
                let due = self.bucket(cost);
                if due > self.now {
                    break;
                }
                self.later.pop();
                self.buckets[(due % BUCKETS) as usize].push(at);
                self.len += 1;
            }
            let bucket = &mut self.buckets[(self.now % BUCKETS) as usize];
            let count = bucket.len().min(batch.len());
            if count > 0 {
                let rest = bucket.len() - count;
                batch[..count].copy_from_slice(&bucket[rest..]);
                bucket.truncate(rest);
                self.len -= count;
                return count;
            }
            if self.len > 0 {
                self.now += 1;
            } else if let Some(Reverse((cost, _))) = self.later.peek() {
                self.now = self.bucket(*cost);
            } else {
                return 0;
            }
        }
        0
    }

    /// All that are left, in no order.
    pub fn into_positions(self) -> impl Iterator<Item = u32> {
        let later = self.later.into_iter().map(|Reverse((_, at))| at);
        self.buckets.into_iter().flatten().chain(later)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes all, in rounds as long as can be.
    fn drained(queue: &mut Queue, mut taken: impl FnMut(&mut Queue, u32)) {
        while let Some(first) = queue.first() {
            queue.begin(first);
            let mut batch = [0; 1];
            while queue.pop(&mut batch, first + LONGEST_ROUND) > 0 {
                taken(queue, batch[0]);
            }
        }
    }

    #[test]
    fn positions_come_lowest_first_however_far_apart() {
        let mut queue = Queue::new(3, 16);
        for (cost, at) in [(70_000, 7), (3, 0), (4_000_000_000, 9), (3, 1)] {
            queue.push(cost, at);
        }
        let mut found = Vec::new();
        drained(&mut queue, |queue, at| {
            found.push(at);
            if at == 7 {
                assert!(queue.is_due(70_000) && !queue.is_due(69_000));
                queue.push(70_099, 8);
                queue.push(90_000_000, 6);
                queue.push(70_050, 5);
            }
        });
        found[..2].sort_unstable();
        assert_eq!(found, [0, 1, 7, 5, 8, 6, 9]);
    }

    /// Between two rounds something may come that is lower than what was taken, but not than where the round began.
    #[test]
    fn what_comes_late_is_taken_first() {
        let mut queue = Queue::new(0, 16);
        for (cost, at) in [(160, 1), (1600, 3), (900_000, 4)] {
            queue.push(cost, at);
        }
        queue.begin(10);
        let mut batch = [0; 8];
        assert_eq!((queue.pop(&mut batch, 20), batch[0]), (1, 1));
        assert_eq!(queue.pop(&mut batch, 20), 0);
        queue.push(180, 2);
        assert_eq!(queue.first(), Some(11));
        let mut found = Vec::new();
        drained(&mut queue, |queue, at| {
            found.push(at);
            if at == 3 {
                // Nothing is left before 56250, and what comes is far beyond this round.
                assert_eq!(queue.pop(&mut batch, 110), 0);
                queue.push(800_000, 5);
            }
        });
        assert_eq!(found, [2, 3, 5, 4]);
    }

    #[test]
    fn what_is_left_is_all_that_was_not_taken() {
        let mut queue = Queue::new(0, 16);
        for (cost, at) in [(0, 1), (5, 2), (70_000_000, 3)] {
            queue.push(cost, at);
        }
        let mut batch = [0; 1];
        assert_eq!(queue.pop(&mut batch, 16), 1);
        let mut found = vec![batch[0]];
        queue.push(100, 4);
        queue.push(80_000_000, 5);
        found.extend(queue.into_positions());
        found.sort_unstable();
        assert_eq!(found, [1, 2, 3, 4, 5]);
    }
}
