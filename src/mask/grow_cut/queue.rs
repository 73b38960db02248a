//! Positions in the order of their costs, roughly.

/// Buckets of positions whose costs are alike, in a ring (Dial, "Shortest-path forest with topological ordering",
/// 1969), and those to begin with, which may lie further apart than the ring reaches. A position may be in it several
/// times, and with costs that it had before: who takes it out looks whether it is still due. Within a bucket there is
/// no order; a position whose label is corrected is put in again.
#[derive(Debug)]
pub struct Queue {
    buckets: Vec<Vec<u32>>,
    /// Costs of a bucket.
    width: u32,
    /// The bucket that is taken from, counted from cost 0.
    now: u32,
    /// Positions in the ring.
    len: usize,
    /// Costs and positions that come into the ring when they are due, the lowest last.
    later: Vec<(u32, u32)>,
}

impl Queue {
    /// Begins with `starts`, costs and positions. For costs that are at most `reach` more than that of the position
    /// last taken out; `width` costs share a bucket.
    pub fn new(mut starts: Vec<(u32, u32)>, reach: u32, width: u32) -> Self {
        starts.sort_unstable_by(|a, b| b.cmp(a));
        let count = (reach / width + 2) as usize;
        Self { buckets: vec![Vec::new(); count], width, now: 0, len: 0, later: starts }
    }

    fn place(&self, bucket: u32) -> usize {
        bucket as usize % self.buckets.len()
    }

    /// Costs must not be below those of the bucket last taken from.
    #[inline]
    pub fn push(&mut self, cost: u32, at: u32) {
        let place = self.place(cost / self.width);
        self.buckets[place].push(at);
        self.len += 1;
    }

    /// Whether a position of this cost is due now.
    #[inline]
    pub fn is_due(&self, cost: u32) -> bool {
        cost / self.width == self.now
    }

    /// A position of the lowest bucket.
    pub fn pop(&mut self) -> Option<u32> {
        loop {
            while let Some((cost, at)) = self.later.pop_if(|start| start.0 / self.width <= self.now)
            {
                self.push(cost, at);
            }
            let place = self.place(self.now);
            if let Some(at) = self.buckets[place].pop() {
                self.len -= 1;
                return Some(at);
            }
            if self.len > 0 {
                self.now += 1;
            } else {
                self.now = self.later.last()?.0 / self.width;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_come_lowest_first_however_far_apart() {
        let starts = vec![(70_000, 7), (3, 0), (4_000_000_000, 9), (3, 1)];
        let mut queue = Queue::new(starts, 100, 16);
        let mut found = Vec::new();
        while let Some(at) = queue.pop() {
            found.push(at);
            if at == 7 {
                assert!(queue.is_due(70_000) && !queue.is_due(69_000));
                queue.push(70_099, 8);
                queue.push(70_050, 5);
            }
        }
        found[..2].sort_unstable();
        assert_eq!(found, [0, 1, 7, 5, 8, 9]);
    }
}
