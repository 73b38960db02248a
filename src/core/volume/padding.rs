//! Numbers of a scan that were never measured: what fills the corners around the circle of a CT.

use std::sync::Arc;

/// Which stored numbers are padding: voxels as others are, but they say nothing of the scan's values. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Padding(Arc<[[f64; 2]]>);

impl Padding {
    /// Of ranges of stored numbers, ends included, in any order. One with an end that is not finite is left out.
    pub fn new(ranges: impl IntoIterator<Item = [f64; 2]>) -> Self {
        let in_order = |[a, b]: [f64; 2]| [a.min(b), a.max(b)];
        let mut all: Vec<[f64; 2]> = ranges
            .into_iter()
            .filter(|ends| ends.iter().all(|n| n.is_finite()))
            .map(in_order)
            .collect();
        all.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let mut apart: Vec<[f64; 2]> = Vec::new();
        for range in all {
            match apart.last_mut() {
                Some(last) if range[0] <= last[1] => last[1] = last[1].max(range[1]),
                _ => apart.push(range),
            }
        }
        Self(apart.into())
    }

    /// Whether nothing is padding, as in most scans.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ranges, ends included, apart from one another and from the lowest on.
    pub fn ranges(&self) -> &[[f64; 2]] {
        &self.0
    }

    /// Whether a stored number is padding.
    pub fn holds(&self, stored: f64) -> bool {
        // The last range that begins at or below it.
        let after = self.0.partition_point(|range| range[0] <= stored);
        after > 0 && stored <= self.0[after - 1][1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_their_ends_and_nothing_beside() {
        let padding =
            Padding::new([[7.0, 7.0], [f64::NAN, 1.0], [-1500.0, -2000.0], [-1600.0, -1400.0]]);
        assert_eq!(padding.ranges(), [[-2000.0, -1400.0], [7.0, 7.0]]);
        for (stored, is_padding) in [
            (-2000.5, false),
            (-2000.0, true),
            (-1400.0, true),
            (-1399.0, false),
            (6.0, false),
            (7.0, true),
            (8.0, false),
            (f64::NAN, false),
        ] {
            assert_eq!(padding.holds(stored), is_padding, "{stored}");
        }
        assert!(Padding::default().is_empty() && !Padding::default().holds(0.0));
    }
}
