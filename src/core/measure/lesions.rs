//! Lesion by lesion: which connected parts of a mask were found.

use std::collections::BTreeSet;

use crate::geom::Grid;
use crate::mask::parts::Parts;
use crate::mask::{Connectivity, MaskError, WorkLimits};
use crate::volume::Region;

/// How many lesions were found, missed, or are there by mistake.
///
/// As `MetricsReloaded` counts (`lesion_wise_tp_fp_fn`): lesions are the parts of a mask that hang together by faces of
/// voxels; one of the reference (B) is detected if the mask (A) has at least one of its voxels; one of the mask is false
/// if it has no voxel of the reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lesions {
    /// Of B, with a voxel of A.
    pub detected: usize,
    /// Of B, without.
    pub missed: usize,
    /// Of A, without a voxel of B.
    pub spurious: usize,
}

impl Lesions {
    /// Of two masks of a grid.
    pub fn of(a: &Region, b: &Region, grid: &Grid, limits: &WorkLimits) -> Result<Self, MaskError> {
        let both = a.intersection(b, grid.dims()[0]);
        let touched = |region: &Region| -> Result<(usize, usize), MaskError> {
            let parts = Parts::of(region, grid, Connectivity::Faces, limits)?;
            // A run of what is shared is within one run of each.
            let found: BTreeSet<usize> =
                both.runs().iter().filter_map(|run| parts.at(run.start)).collect();
            Ok((found.len(), parts.list().len()))
        };
        let ((detected, of), (true_ones, found)) = (touched(b)?, touched(a)?);
        Ok(Self { detected, missed: of - detected, spurious: found - true_ones })
    }

    /// Of several pairs together.
    pub fn sum(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().fold(Self::default(), |sum, part| Self {
            detected: sum.detected + part.detected,
            missed: sum.missed + part.missed,
            spurious: sum.spurious + part.spurious,
        })
    }

    /// F1 score, `detected / (detected + (spurious + missed) / 2)`; 1 if there is nothing to find and nothing found.
    pub fn f1(&self) -> f64 {
        let others = (self.missed + self.spurious) as f64 / 2.0;
        let all = self.detected as f64 + others;
        if all == 0.0 { 1.0 } else { self.detected as f64 / all }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, Grid};

    #[test]
    fn lesions_are_counted_by_hand() {
        let grid = Grid::new([12, 1, 1], DAffine3::IDENTITY).unwrap();
        let mask = |text: &str| Region::from_mask(12, text.bytes().map(|b| b == b'#'));
        for (a, b, expected, f1) in [
            ("............", "............", [0, 0, 0], 1.0),
            ("............", "##..#.......", [0, 2, 0], 0.0),
            ("##..#.......", "............", [0, 0, 2], 0.0),
            // Two found by one; one missed; one spurious.
            (".####....#..", "##.##..#....", [2, 1, 1], 2.0 / 3.0),
        ] {
            let found = Lesions::of(&mask(a), &mask(b), &grid, &WorkLimits::none()).unwrap();
            assert_eq!([found.detected, found.missed, found.spurious], expected, "{a} {b}");
            assert!((found.f1() - f1).abs() < 1e-12, "{a} {b}");
        }
    }
}
