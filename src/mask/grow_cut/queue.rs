//! Positions in the order of their costs, roughly.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Buckets: few enough for a processor to have them at hand.
const BUCKETS: u32 = 1024;

/// Buckets of positions whose costs are alike, in a ring (Dial, "Shortest-path forest with topological ordering",
/// 1969), and those that lie further on than the ring reaches. A position may be in it several times, and with costs
/// that it had before: who takes it out looks whether it is still due. Within a bucket there is no order; a position
/// whose label is corrected is put in again.
#[derive(Debug)]
pub struct Queue {
    buckets: Vec<Vec<u32>>,
    /// Costs of a bucket.
    width: u32,
    /// The bucket that is taken from, counted from cost 0.
    now: u32,
    /// Positions in the ring.
    len: usize,
    /// Costs and positions that come into the ring when they are due, the lowest first.
    later: BinaryHeap<Reverse<(u32, u32)>>,
}

impl Queue {
    /// Begins with `starts`, costs and positions; `width` costs share a bucket.
    pub fn new(starts: Vec<(u32, u32)>, width: u32) -> Self {
        let later = starts.into_iter().map(Reverse).collect();
        Self { buckets: vec![Vec::new(); BUCKETS as usize], width, now: 0, len: 0, later }
    }

    /// Costs must not be below those of the bucket last taken from.
    #[inline]
    pub fn push(&mut self, cost: u32, at: u32) {
        let bucket = cost / self.width;
        if bucket - self.now < BUCKETS {
            self.buckets[(bucket % BUCKETS) as usize].push(at);
            self.len += 1;
        } else {
            self.later.push(Reverse((cost, at)));
        }
    }

    /// Whether a position of this cost is due now.
    #[inline]
    pub fn is_due(&self, cost: u32) -> bool {
        cost / self.width == self.now
    }

    /// A position of the lowest bucket.
    pub fn pop(&mut self) -> Option<u32> {
        loop {
            while let Some(&Reverse((cost, at))) = self.later.peek()
                && cost / self.width <= self.now
            {
                self.later.pop();
                self.push(cost, at);
            }
            if let Some(at) = self.buckets[(self.now % BUCKETS) as usize].pop() {
                self.len -= 1;
                return Some(at);
            }
            if self.len > 0 {
                self.now += 1;
            } else {
                self.now = self.later.peek()?.0.0 / self.width;
            }
        }
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

    #[test]
    fn positions_come_lowest_first_however_far_apart() {
        let starts = vec![(70_000, 7), (3, 0), (4_000_000_000, 9), (3, 1)];
        let mut queue = Queue::new(starts, 16);
        let mut found = Vec::new();
        while let Some(at) = queue.pop() {
            found.push(at);
            if at == 7 {
                assert!(queue.is_due(70_000) && !queue.is_due(69_000));
                queue.push(70_099, 8);
                queue.push(90_000_000, 6);
                queue.push(70_050, 5);
            }
        }
        found[..2].sort_unstable();
        assert_eq!(found, [0, 1, 7, 5, 8, 6, 9]);
    }

    #[test]
    fn what_is_left_is_all_that_was_not_taken() {
        let mut queue = Queue::new(vec![(0, 1), (5, 2), (70_000_000, 3)], 16);
        let mut found = vec![queue.pop().unwrap()];
        queue.push(100, 4);
        queue.push(80_000_000, 5);
        found.extend(queue.into_positions());
        found.sort_unstable();
        assert_eq!(found, [1, 2, 3, 4, 5]);
    }
}
