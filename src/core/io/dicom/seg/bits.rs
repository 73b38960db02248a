//! Pixels of one bit, eight in a byte, the first in its lowest bit (PS3.5 8.1.1): frames follow one another without a
//! gap, so they may begin within a byte.

/// Calls `each` with the beginning and length of every run of ones among `count` bits from bit `begin` on.
///
/// # Panics
/// If there are not so many.
pub(super) fn for_each_run(
    bytes: &[u8],
    begin: usize,
    count: usize,
    mut each: impl FnMut(usize, usize),
) {
    let bit = |at: usize| bytes[(begin + at) / 8] >> ((begin + at) % 8) & 1 == 1;
    let (mut at, mut start) = (0, None);
    while at < count {
        // Whole bytes of one kind are most of a mask.
        if (begin + at).is_multiple_of(8) && at + 8 <= count {
            let byte = bytes[(begin + at) / 8];
            if byte == 0 && start.is_none() || byte == 0xff && start.is_some() {
                at += 8;
                continue;
            }
        }
        match (bit(at), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                each(from, at - from);
                start = None;
            }
            _ => {}
        }
        at += 1;
    }
    if let Some(from) = start {
        each(from, count - from);
    }
}

/// Pixels of one bit that are written one after another.
#[derive(Debug, Default)]
pub(super) struct Bits {
    /// Whole bytes, the last filled up with zeros.
    pub bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    /// Adds `count` zeros; where they begin.
    pub fn grow(&mut self, count: usize) -> usize {
        let begin = self.count;
        self.count += count;
        self.bytes.resize(self.count.div_ceil(8), 0);
        begin
    }

    /// Makes `len` bits from `start` on ones.
    pub fn set(&mut self, start: usize, len: usize) {
        let mut at = start;
        while at < start + len {
            if at.is_multiple_of(8) && at + 8 <= start + len {
                self.bytes[at / 8] = 0xff;
                at += 8;
            } else {
                self.bytes[at / 8] |= 1 << (at % 8);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_found_wherever_frames_begin() {
        let mut random = fastrand::Rng::with_seed(11);
        for _ in 0..300 {
            let counts: Vec<usize> = (0..4).map(|_| random.usize(1..60)).collect();
            let mut bits = Bits::default();
            let mut meant = Vec::new();
            for &count in &counts {
                let begin = bits.grow(count);
                let mut ones = vec![false; count];
                for _ in 0..random.usize(0..4) {
                    let start = random.usize(..count);
                    let len = random.usize(1..=count - start);
                    bits.set(begin + start, len);
                    ones[start..start + len].fill(true);
                }
                meant.push((begin, ones));
            }
            for (begin, ones) in meant {
                let mut found = vec![false; ones.len()];
                let mut last = 0;
                for_each_run(&bits.bytes, begin, ones.len(), |start, len| {
                    assert!(start >= last && len > 0);
                    last = start + len;
                    found[start..last].fill(true);
                });
                assert_eq!(found, ones);
            }
        }
    }
}
