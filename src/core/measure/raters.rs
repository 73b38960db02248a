//! What several raters agree on: majority vote, and STAPLE.
//!
//! Both look at a voxel only through its *pattern*, which raters have it: so voxels are counted by pattern once, and an
//! iteration costs as much as there are patterns, not voxels.

use std::collections::BTreeMap;

use crate::mask::{MaskError, WorkLimits};
use crate::volume::{Region, RegionBuilder};

/// More raters than this are refused: a pattern is 64 bits.
pub const MOST_RATERS: usize = 64;

/// How often STAPLE goes round at most.
const MOST_ROUNDS: usize = 10_000;

/// Sensitivities and specificities that change by less than the root of this are found (as ITK's filter has it).
const SMALL_CHANGE: f64 = 1e-14;

/// Masks of one structure by several raters.
#[derive(Clone, Debug)]
pub struct RaterMasks {
    raters: usize,
    /// Memory position, length, and which raters have it; in memory order, without what nobody has.
    pieces: Vec<(usize, usize, u64)>,
    /// Voxels of each pattern, those of nobody too.
    counts: BTreeMap<u64, u64>,
}

/// What STAPLE found of a structure.
#[derive(Clone, Debug, PartialEq)]
pub struct Staple {
    /// Of each rater: the share of the true structure that is in its mask.
    pub sensitivity: Vec<f64>,
    /// Of each rater: the share of what is not the structure that is not in its mask.
    pub specificity: Vec<f64>,
    /// How many rounds it took.
    pub rounds: usize,
    /// How likely a voxel is of the structure, by its pattern.
    probability: BTreeMap<u64, f64>,
}

impl RaterMasks {
    /// Of 1 to [`MOST_RATERS`] masks (of more, the first) in a volume of `voxels` voxels.
    pub fn of(masks: &[&Region], voxels: usize) -> Self {
        let masks = &masks[..masks.len().min(MOST_RATERS)];
        let mut edges: Vec<(usize, u64)> = Vec::new();
        for (n, mask) in masks.iter().enumerate() {
            for run in mask.runs() {
                edges.extend([(run.start, 1 << n), (run.end(), 1 << n)]);
            }
        }
        edges.sort_unstable();
        let (mut pieces, mut pattern, mut from) = (Vec::new(), 0u64, 0);
        for (at, rater) in edges {
            if pattern != 0 && at > from {
                pieces.push((from, at - from, pattern));
            }
            (pattern, from) = (pattern ^ rater, at);
        }
        let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
        for &(_, len, pattern) in &pieces {
            *counts.entry(pattern).or_default() += len as u64;
        }
        let some: u64 = counts.values().sum();
        counts.insert(0, (voxels as u64).saturating_sub(some));
        Self { raters: masks.len(), pieces, counts }
    }

    /// The voxels that more than half of the raters have. `row`: voxels of a row.
    pub fn majority(&self, row: usize) -> Region {
        self.chosen(row, |pattern| 2 * pattern.count_ones() as usize > self.raters)
    }

    /// STAPLE (Warfield, Zou and Wells, "Simultaneous truth and performance level estimation", IEEE Transactions on
    /// Medical Imaging 2004) for one structure against all else, over the whole volume, as ITK's `STAPLEImageFilter`
    /// with its own settings: the prior is the mean share of the volume, without neighbourhoods.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn staple(&self, limits: &WorkLimits) -> Result<Staple, MaskError> {
        let all: u64 = self.counts.values().sum();
        let share = |pattern: u64| f64::from(pattern.count_ones()) / self.raters.max(1) as f64;
        let mut weights: BTreeMap<u64, f64> =
            self.counts.keys().map(|&pattern| (pattern, share(pattern))).collect();
        let prior = self.counts.iter().map(|(&p, &n)| share(p) * n as f64).sum::<f64>()
            / (all.max(1) as f64);
        let (mut sensitivity, mut specificity) = (Vec::new(), Vec::new());
        let mut rounds = 0;
        loop {
            limits.check()?;
            let found = self.performance(&weights);
            weights = self.likely(prior, &found.0, &found.1);
            rounds += 1;
            let near = |a: &[f64], b: &[f64]| {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).powi(2) <= SMALL_CHANGE)
            };
            let done = near(&found.0, &sensitivity) && near(&found.1, &specificity);
            (sensitivity, specificity) = found;
            if done || rounds == MOST_ROUNDS {
                let probability = weights;
                return Ok(Staple { sensitivity, specificity, rounds, probability });
            }
        }
    }

    /// The voxels that are of the structure with a probability of at least one half.
    pub fn likely_region(&self, staple: &Staple, row: usize) -> Region {
        self.chosen(row, |pattern| staple.probability.get(&pattern).is_some_and(|&p| p >= 0.5))
    }

    /// How likely the voxel at a memory position is of the structure.
    pub fn probability(&self, staple: &Staple, voxel: usize) -> f64 {
        let after = self.pieces.partition_point(|&(from, ..)| from <= voxel);
        let piece = after.checked_sub(1).map(|n| self.pieces[n]);
        let pattern = piece.filter(|&(from, len, _)| voxel < from + len).map_or(0, |p| p.2);
        staple.probability.get(&pattern).copied().unwrap_or(0.0)
    }

    /// Sensitivity and specificity of each rater, if voxels are of the structure as the weights say.
    fn performance(&self, weights: &BTreeMap<u64, f64>) -> (Vec<f64>, Vec<f64>) {
        let of = |rater: usize| {
            let [mut hit, mut of_all, mut right, mut of_none] = [0.0; 4];
            for (pattern, &count) in &self.counts {
                let (weight, count) = (weights.get(pattern).copied().unwrap_or(0.0), count as f64);
                of_all += count * weight;
                of_none += count * (1.0 - weight);
                if pattern >> rater & 1 == 1 {
                    hit += count * weight;
                } else {
                    right += count * (1.0 - weight);
                }
            }
            // Of nothing all was found.
            let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 1.0 };
            (share(hit, of_all), share(right, of_none))
        };
        (0..self.raters).map(of).unzip()
    }

    /// How likely a voxel of each pattern is of the structure.
    fn likely(&self, prior: f64, sensitivity: &[f64], specificity: &[f64]) -> BTreeMap<u64, f64> {
        let of = |&pattern: &u64| {
            let (mut yes, mut no) = (prior, 1.0 - prior);
            for (n, (p, q)) in sensitivity.iter().zip(specificity).enumerate() {
                let has = pattern >> n & 1 == 1;
                yes *= if has { *p } else { 1.0 - p };
                no *= if has { 1.0 - q } else { *q };
            }
            (pattern, if yes > 0.0 { yes / (yes + no) } else { 0.0 })
        };
        self.counts.keys().map(of).collect()
    }

    fn chosen(&self, row: usize, choose: impl Fn(u64) -> bool) -> Region {
        let mut builder = RegionBuilder::new(row.max(1));
        for &(from, len, pattern) in &self.pieces {
            if choose(pattern) {
                builder.push(from, len);
            }
        }
        builder.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(text: &str) -> Region {
        Region::from_mask(10, text.bytes().map(|b| b == b'#'))
    }

    #[test]
    fn most_raters_win() {
        let masks = [mask("####......"), mask(".####....."), mask("..#####..#")];
        let masks: Vec<&Region> = masks.iter().collect();
        let of = |n: usize| RaterMasks::of(&masks[..n], 10).majority(10);
        assert_eq!(of(3), mask(".####....."));
        // Of two, half is not more than half.
        assert_eq!(of(2), mask(".###......"));
        assert_eq!(of(1), masks[0].clone());
    }

    #[test]
    fn nobody_marked_anything() {
        let nothing = Region::default();
        let masks = RaterMasks::of(&[&nothing, &nothing], 10);
        let staple = masks.staple(&WorkLimits::none()).unwrap();
        assert!(masks.likely_region(&staple, 10).is_empty() && masks.majority(10).is_empty());
        assert_eq!((staple.sensitivity[0], staple.specificity[0]), (1.0, 1.0));
        assert_eq!(masks.probability(&staple, 3), 0.0);
    }
}
