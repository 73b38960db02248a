//! Which pairs of labels a voxel belongs to, where labels share voxels: as label maps whose labels are sets of pairs.

use std::collections::HashMap;

use super::PairedLabels;
use crate::mask::{MaskError, WorkLimits};
use crate::volume::{DeltaBuilder, DeltaRun, LabelMap, Region};

/// Two label maps whose labels are the sets of pairs that a voxel is in, the same set the same label in both. Two voxels
/// of one place are of one structure if their sets are equal, whatever is on top.
#[derive(Clone, Debug)]
pub struct PairSets {
    /// A and B.
    pub maps: [LabelMap; 2],
    /// Which of their labels are one: those that are the same.
    pub paired: PairedLabels,
}

impl PairSets {
    /// `sides`: of A and of B the masks with the numbers of their pairs, by which they are sorted; of one side none shares
    /// its number with another. `None` if there are more sets than a label map has labels. Takes the bytes of two label
    /// maps of these masks.
    pub fn of(
        dims: [usize; 3],
        sides: [&[(u32, &Region)]; 2],
        limits: &WorkLimits,
    ) -> Result<Option<Self>, MaskError> {
        let masks = |side: usize| sides[side].iter().map(|(_, region)| *region);
        let needed: u64 = [0, 1].map(|side| LabelMap::bytes_of(dims, masks(side))).iter().sum();
        if needed > limits.bytes {
            return Err(MaskError::Memory { needed, limit: limits.bytes });
        }
        // A set and the pair that comes to it, and what they are together.
        let mut sets: HashMap<(u16, u32), u16> = HashMap::new();
        let mut maps = [LabelMap::empty(dims), LabelMap::empty(dims)];
        for (map, side) in maps.iter_mut().zip(sides) {
            for (pair, region) in side {
                for (before, part) in map.parts_of(region) {
                    limits.check()?;
                    let Ok(next) = u16::try_from(sets.len() + 1) else { return Ok(None) };
                    let after = *sets.entry((before, *pair)).or_insert(next);
                    let mut builder = DeltaBuilder::new(dims);
                    for &run in part.runs() {
                        builder.push(DeltaRun { run, before, after });
                    }
                    map.apply(&builder.finish());
                }
            }
        }
        let last = sets.len() as u16;
        let paired = PairedLabels::new((1..=last).map(|set| (Some(set), Some(set))));
        Ok(Some(Self { maps, paired }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::measure::DifferenceClass;

    const DIMS: [usize; 3] = [5, 4, 3];

    /// Masks by their bits.
    fn masks(bits: &[u8]) -> Vec<(u32, Region)> {
        let of = |pair: u32| Region::from_mask(5, bits.iter().map(|b| b >> pair & 1 == 1));
        (0..4).map(|pair| (pair + 1, of(pair))).filter(|(_, r)| !r.is_empty()).collect()
    }

    fn refs(masks: &[(u32, Region)]) -> Vec<(u32, &Region)> {
        masks.iter().map(|(pair, region)| (*pair, region)).collect()
    }

    proptest! {
        #[test]
        fn voxels_are_the_same_if_they_are_in_the_same_pairs(
            a in prop::collection::vec(0u8..16, 60),
            b in prop::collection::vec(0u8..16, 60),
        ) {
            let (masks_a, masks_b) = (masks(&a), masks(&b));
            let (side_a, side_b) = (refs(&masks_a), refs(&masks_b));
            let found = PairSets::of(DIMS, [&side_a, &side_b], &WorkLimits::none()).unwrap();
            let PairSets { maps, paired } = found.unwrap();
            for (n, (&a, &b)) in a.iter().zip(&b).enumerate() {
                let at = [n % 5, n / 5 % 4, n / 20];
                let class = paired.class(maps[0].get(at), maps[1].get(at));
                let expected = match (a, b) {
                    (0, 0) => 0,
                    (_, 0) => DifferenceClass::OnlyA.label(),
                    (0, _) => DifferenceClass::OnlyB.label(),
                    (a, b) if a == b => DifferenceClass::Same.label(),
                    _ => DifferenceClass::OtherLabel.label(),
                };
                prop_assert_eq!(class, expected, "{} {}", a, b);
            }
        }
    }

    #[test]
    fn a_lesion_in_an_organ_is_the_same_as_a_lesion_in_an_organ() {
        // Organ and lesion of A; the organ of B has no lesion in the last voxel.
        let organ = Region::from_mask(5, (0..60).map(|n| n < 10));
        let lesion = |to: usize| Region::from_mask(5, (0..60).map(move |n| (3..to).contains(&n)));
        let (a, b) = (lesion(6), lesion(5));
        let sides = [&[(1, &organ), (2, &a)][..], &[(1, &organ), (2, &b)]];
        let PairSets { maps, paired } =
            PairSets::of(DIMS, sides, &WorkLimits::none()).unwrap().unwrap();
        let classes: Vec<u16> = (0..10)
            .map(|n| [n % 5, n / 5, 0])
            .map(|at| paired.class(maps[0].get(at), maps[1].get(at)))
            .collect();
        assert_eq!(classes, [3, 3, 3, 3, 3, 4, 3, 3, 3, 3]);
        let (none, cancelled) = (WorkLimits::none(), WorkLimits::none());
        cancelled.cancel.cancel();
        assert!(matches!(PairSets::of(DIMS, sides, &cancelled), Err(MaskError::Cancelled)));
        let tight = WorkLimits::new(none.cancel, 1);
        assert!(matches!(PairSets::of(DIMS, sides, &tight), Err(MaskError::Memory { .. })));
    }
}
