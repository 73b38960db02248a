//! How many voxels two masks share.

use crate::volume::Region;

/// Voxels of two masks and of what they share. A is what is judged, B what it is judged by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overlap {
    /// Voxels of A.
    pub a: usize,
    /// Voxels of B.
    pub b: usize,
    /// Voxels of both.
    pub shared: usize,
}

impl Overlap {
    /// Of two masks of one grid.
    pub fn of(a: &Region, b: &Region) -> Self {
        Self { a: a.count(), b: b.count(), shared: a.shared(b) }
    }

    /// Of several pairs together.
    pub fn sum(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().fold(Self::default(), |sum, part| Self {
            a: sum.a + part.a,
            b: sum.b + part.b,
            shared: sum.shared + part.shared,
        })
    }

    /// Sørensen–Dice coefficient, `2 |A ∩ B| / (|A| + |B|)`; 1 if both are empty.
    pub fn dice(&self) -> f64 {
        ratio(2 * self.shared, self.a + self.b).unwrap_or(1.0)
    }

    /// Jaccard index (intersection over union), `|A ∩ B| / |A ∪ B|`; 1 if both are empty.
    pub fn jaccard(&self) -> f64 {
        ratio(self.shared, self.a + self.b - self.shared).unwrap_or(1.0)
    }

    /// Positive predictive value, `|A ∩ B| / |A|`: 0 if only A is empty, not defined if both are.
    pub fn precision(&self) -> Option<f64> {
        ratio(self.shared, self.a).or((self.b > 0).then_some(0.0))
    }

    /// Sensitivity, `|A ∩ B| / |B|`: not defined if B is empty.
    pub fn recall(&self) -> Option<f64> {
        ratio(self.shared, self.b)
    }
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `MetricsReloaded` answers (its classes `BinaryPairwiseMeasures`), NaN as `None`.
    #[test]
    fn empty_masks_have_the_conventions_of_metrics_reloaded() {
        for (a, b, shared, dice, precision, recall) in [
            (0, 0, 0, 1.0, None, None),
            (0, 5, 0, 0.0, Some(0.0), Some(0.0)),
            (5, 0, 0, 0.0, Some(0.0), None),
            (4, 6, 3, 0.6, Some(0.75), Some(0.5)),
        ] {
            let found = Overlap { a, b, shared };
            assert_eq!(
                (found.dice(), found.precision(), found.recall()),
                (dice, precision, recall)
            );
            assert!((found.jaccard() - dice / (2.0 - dice)).abs() < 1e-12, "{found:?}");
        }
    }
}
