//! A priority queue for shortest paths.

/// Keys with a position each, given back in the order of their keys, if none is pushed that is smaller than the last
/// one popped: what Dijkstra's algorithm does. Constant time for each push, and at most 32 moves for each key (Ahuja,
/// Mehlhorn, Orlin and Tarjan, "Faster algorithms for the shortest path problem", 1990). Bits of floats that are not
/// negative are in the order of the floats.
#[derive(Debug)]
pub(super) struct RadixHeap {
    last: u32,
    /// Bucket n holds keys whose highest bit that differs from `last` is bit n - 1; bucket 0 those that are `last`.
    buckets: [Vec<(u32, u32)>; 33],
    len: usize,
}

impl RadixHeap {
    pub fn new() -> Self {
        Self { last: 0, buckets: std::array::from_fn(|_| Vec::new()), len: 0 }
    }

    fn bucket(&self, key: u32) -> usize {
        (u32::BITS - (key ^ self.last).leading_zeros()) as usize
    }

    /// Smaller keys than the last one popped count as that one.
    pub fn push(&mut self, key: u32, at: u32) {
        let key = key.max(self.last);
        self.buckets[self.bucket(key)].push((key, at));
        self.len += 1;
    }

    pub fn pop(&mut self) -> Option<(u32, u32)> {
        if self.len == 0 {
            return None;
        }
        if self.buckets[0].is_empty() {
            let from = self.buckets.iter().position(|b| !b.is_empty())?;
            let mut moved = std::mem::take(&mut self.buckets[from]);
            self.last = moved.iter().map(|&(key, _)| key).min()?;
            for &(key, at) in &moved {
                self.buckets[self.bucket(key)].push((key, at));
            }
            // Its memory is used again.
            moved.clear();
            self.buckets[from] = moved;
        }
        self.len -= 1;
        self.buckets[0].pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_come_back_in_order(
            steps in prop::collection::vec((0u32..1000, prop::bool::ANY), 1..200),
        ) {
            let mut heap = RadixHeap::new();
            let mut keys = std::collections::BinaryHeap::new();
            let mut last = 0;
            for (n, (more, pop)) in steps.into_iter().enumerate() {
                heap.push(last + more, n as u32);
                keys.push(std::cmp::Reverse(last + more));
                if pop {
                    let (key, _) = heap.pop().unwrap();
                    prop_assert_eq!(Some(std::cmp::Reverse(key)), keys.pop());
                    last = key;
                }
            }
            while let Some(std::cmp::Reverse(key)) = keys.pop() {
                prop_assert_eq!(heap.pop().map(|found| found.0), Some(key));
            }
            prop_assert_eq!(heap.pop(), None);
        }
    }
}
