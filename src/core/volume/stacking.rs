//! In which order labels that share voxels lie over each other.

use std::collections::{BTreeMap, BTreeSet};

use super::{CoveredLabels, LabelMap, NamedRegion, Region};

impl CoveredLabels {
    /// A label map of labels as files have them, and what of each lies under others. On top is what a file says
    /// ([`NamedRegion::on_top`]), else what the order of the labels says ([`NamedRegion::lowest_first`]).
    pub fn of(dims: [usize; 3], labels: &[NamedRegion]) -> (LabelMap, Self) {
        let row = dims[0];
        let said =
            |l: &NamedRegion| Some((l.value, l.on_top.as_ref()?.intersection(&l.region, row)));
        let tops: Vec<(u16, Region)> = labels.iter().filter_map(said).collect();
        let order = NamedRegion::lowest_first(labels).into_iter().map(|n| &labels[n]);
        let painted = order.map(|l| (l.value, &l.region));
        // What is known to lie on top comes once more, after all.
        let painted = painted.chain(tops.iter().map(|(value, top)| (*value, top)));
        let map = LabelMap::from_regions(dims, painted);
        let covered = Self::under(&map, labels.iter().map(|l| (l.value, &l.region)));
        (map, covered)
    }

    /// The labels of a map that share voxels with others.
    pub fn sharing(&self, map: &LabelMap) -> BTreeSet<u16> {
        let mut sharing = BTreeSet::new();
        for (value, covered) in self.iter() {
            sharing.insert(value);
            sharing.extend(map.parts_of(covered).into_keys());
        }
        sharing
    }

    /// The labels of a map that share voxels, the lowest first: painted whole in this order they look as in the map. Where
    /// two lie over each other by turns there is no such order; this is one that most of their voxels have.
    pub fn order(&self, map: &LabelMap) -> Vec<u16> {
        // Of each label, which ones lie over it in how many voxels, and over how many it lies itself.
        let mut over: BTreeMap<u16, Vec<(u16, usize)>> = BTreeMap::new();
        let mut lies_over: BTreeMap<u16, usize> = BTreeMap::new();
        for (value, covered) in self.iter() {
            lies_over.entry(value).or_default();
            for (top, part) in map.parts_of(covered) {
                over.entry(value).or_default().push((top, part.count()));
                *lies_over.entry(top).or_default() += part.count();
            }
        }
        let mut left: BTreeSet<(usize, u16)> =
            lies_over.iter().map(|(value, count)| (*count, *value)).collect();
        let mut order = Vec::with_capacity(left.len());
        while let Some((_, lowest)) = left.pop_first() {
            order.push(lowest);
            lies_over.remove(&lowest);
            for (top, count) in over.remove(&lowest).into_iter().flatten() {
                let Some(others) = lies_over.get_mut(&top) else { continue };
                left.remove(&(*others, top));
                *others -= count;
                left.insert((*others, top));
            }
        }
        order
    }

    /// A label map as it looks where nothing but the order of labels ([`CoveredLabels::order`]) is known.
    pub fn as_ordered(&self, map: &LabelMap) -> LabelMap {
        let whole = self.whole(map);
        let order = self.order(map);
        let painted = order.iter().filter_map(|value| Some((*value, whole.get(value)?)));
        let others = whole.iter().filter(|(value, _)| !order.contains(value));
        let others = others.map(|(value, region)| (*value, region));
        LabelMap::from_regions(map.dims(), others.chain(painted))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIMS: [usize; 3] = [6, 5, 2];

    fn masks() -> impl Strategy<Value = Vec<Region>> {
        let mask = prop::collection::vec(prop::bool::weighted(0.3), 60);
        let region = mask.prop_map(|mask| Region::from_mask(DIMS[0], mask));
        prop::collection::vec(region, 1..7)
    }

    fn label(value: u16, region: &Region, on_top: Option<Region>) -> NamedRegion {
        let (name, colour, opacity, region) = (None, None, None, region.clone());
        NamedRegion { value, name, colour, opacity, visible: true, region, on_top }
    }

    proptest! {
        /// Painted in any order, labels have an order that gives the same picture again.
        #[test]
        fn an_order_is_found_again(masks in masks(), order in Just([3u16, 1, 6, 2, 5, 4]).prop_shuffle()) {
            let painted: Vec<(u16, &Region)> =
                order.iter().filter_map(|n| Some((*n, masks.get(usize::from(*n) - 1)?))).collect();
            let map = LabelMap::from_regions(DIMS, painted.iter().copied());
            let covered = CoveredLabels::under(&map, painted.iter().copied());
            prop_assert_eq!(covered.as_ordered(&map), map.clone());
            let found = covered.order(&map);
            prop_assert_eq!(found.iter().copied().collect::<BTreeSet<_>>(), covered.sharing(&map));
        }

        /// Whatever a file says to lie on top does, each label stays whole, and no voxel of one is lost.
        #[test]
        fn what_lies_on_top_is_what_was_said(
            masks in masks(),
            tops in prop::collection::vec(0usize..6, 60),
            known in prop::collection::vec(any::<bool>(), 6),
        ) {
            // Of those that have a voxel, any one lies on top.
            let mut seen = vec![0u16; 60];
            for (n, seen) in seen.iter_mut().enumerate() {
                let here: Vec<usize> = (0..masks.len()).filter(|m| masks[*m].contains(n)).collect();
                if let Some(top) = here.get(tops[n] % here.len().max(1)) {
                    *seen = *top as u16 + 1;
                }
            }
            let of = |value: u16| Region::from_mask(DIMS[0], seen.iter().map(|s| *s == value));
            let all: Vec<NamedRegion> = (1..).zip(&masks).map(|(n, m)| label(n, m, Some(of(n)))).collect();
            let (map, covered) = CoveredLabels::of(DIMS, &all);
            prop_assert_eq!(map.to_vec(), seen.clone());
            let whole: BTreeMap<u16, Region> = all.iter().filter(|l| !l.region.is_empty())
                .map(|l| (l.value, l.region.clone())).collect();
            prop_assert_eq!(covered.whole(&map), whole.clone());
            // Also if it is said of some only.
            let some: Vec<NamedRegion> = all.into_iter().zip(&known).map(|(l, known)| {
                NamedRegion { on_top: l.on_top.filter(|_| *known), ..l }
            }).collect();
            let (map, covered) = CoveredLabels::of(DIMS, &some);
            for l in &some {
                for n in l.on_top.iter().flat_map(Region::runs).flat_map(|r| r.start..r.end()) {
                    prop_assert_eq!(map.to_vec()[n], l.value);
                }
            }
            prop_assert_eq!(covered.whole(&map), whole);
        }
    }

    #[test]
    fn of_labels_by_turns_over_each_other_most_voxels_decide() {
        let region = |range: std::ops::Range<usize>| {
            Region::from_mask(8, (0..8).map(|n| range.contains(&n)))
        };
        let (a, b) = (region(0..6), region(1..8));
        // b over a in one voxel, a over b in four.
        let [top_a, top_b] = [region(0..5), region(5..8)];
        let labels = [label(1, &a, Some(top_a)), label(2, &b, Some(top_b))];
        let (map, covered) = CoveredLabels::of([8, 1, 1], &labels);
        assert_eq!(map.to_vec(), [1, 1, 1, 1, 1, 2, 2, 2]);
        assert_eq!(covered.order(&map), [2, 1]);
        assert_eq!(covered.as_ordered(&map).to_vec(), [1, 1, 1, 1, 1, 1, 2, 2]);
    }
}
