use std::collections::BTreeMap;
use std::sync::Arc;

use super::{LabelMap, Region};

/// What of labels lies under others, by their values: voxels that a label map gives to another label and that are theirs
/// too. None of a label has that label itself, and none is background.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoveredLabels(BTreeMap<u16, Arc<Region>>);

impl FromIterator<(u16, Arc<Region>)> for CoveredLabels {
    fn from_iter<I: IntoIterator<Item = (u16, Arc<Region>)>>(parts: I) -> Self {
        Self(parts.into_iter().filter(|(_, region)| !region.is_empty()).collect())
    }
}

impl CoveredLabels {
    /// No label shares a voxel with another.
    pub const NONE: Self = Self(BTreeMap::new());

    /// What of labels lies under others in a map that has all of their voxels.
    pub(super) fn under<'r>(
        map: &LabelMap,
        labels: impl IntoIterator<Item = (u16, &'r Region)>,
    ) -> Self {
        let mut covered: BTreeMap<u16, Arc<Region>> = BTreeMap::new();
        for (value, region) in labels {
            for (_, part) in map.parts_of(region).into_iter().filter(|(top, _)| *top != value) {
                Arc::make_mut(covered.entry(value).or_default()).add(&part, map.dims()[0]);
            }
        }
        Self(covered)
    }

    /// Whether no label shares a voxel with another.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The labels of which something lies under others, and what.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &Region)> {
        self.0.iter().map(|(value, region)| (*value, &**region))
    }

    /// All voxels of every label of a map, also those that lie under others.
    pub fn whole(&self, map: &LabelMap) -> BTreeMap<u16, Region> {
        let mut regions = map.regions();
        for (value, covered) in self.iter() {
            regions.entry(value).or_default().add(covered, map.dims()[0]);
        }
        regions
    }

    /// The labels of a map as layers in which none shares a voxel with another, each label whole in one of them: as few
    /// as come of putting each where there is room first. One layer if none shares voxels.
    pub fn layers(&self, map: &LabelMap) -> Vec<BTreeMap<u16, Region>> {
        let sharing = self.sharing(map);
        let row = map.dims()[0];
        let mut layers = vec![BTreeMap::new()];
        // What each layer has of those that share voxels.
        let mut taken = vec![Region::default()];
        for (value, region) in self.whole(map) {
            if !sharing.contains(&value) {
                layers[0].insert(value, region);
                continue;
            }
            let room = taken.iter().position(|taken| taken.shared(&region) == 0);
            let at = room.unwrap_or_else(|| {
                layers.push(BTreeMap::new());
                taken.push(Region::default());
                taken.len() - 1
            });
            taken[at].add(&region, row);
            layers[at].insert(value, region);
        }
        layers
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::NamedRegion;
    use super::*;

    const DIMS: [usize; 3] = [6, 5, 2];

    proptest! {
        /// Of labels that share voxels in any way: each is whole again, in the stack and in the layers; the smallest one is
        /// on top.
        #[test]
        fn what_is_stacked_comes_apart_again(
            masks in prop::collection::vec(prop::collection::vec(prop::bool::weighted(0.3), 60), 1..6),
        ) {
            let regions: Vec<Region> =
                masks.iter().map(|mask| Region::from_mask(DIMS[0], mask.iter().copied())).collect();
            let labels: Vec<(u16, &Region)> = (1..).zip(&regions).collect();
            let named = labels.iter().map(|(value, region)| NamedRegion::unnamed(*value, (*region).clone()));
            let (map, covered) = CoveredLabels::of(DIMS, &named.collect::<Vec<_>>());
            for n in 0..60 {
                let here = labels.iter().rev().filter(|(_, region)| region.contains(n));
                let top = here.min_by_key(|(_, region)| region.count()).map_or(0, |(v, _)| *v);
                prop_assert_eq!(map.to_vec()[n], top);
            }
            let there = |found: BTreeMap<u16, Region>| {
                let expected = labels.iter().filter(|(_, region)| !region.is_empty());
                let expected = expected.map(|&(value, region)| (value, region.clone())).collect();
                prop_assert_eq!(found, expected);
                Ok(())
            };
            there(covered.whole(&map))?;
            let layers = covered.layers(&map);
            for layer in &layers {
                let all: usize = layer.values().map(Region::count).sum();
                let union = layer.values().fold(Region::default(), |a, b| a.union(b, DIMS[0]));
                prop_assert_eq!(all, union.count(), "in a layer none shares voxels");
            }
            let count = layers.len();
            there(layers.into_iter().flatten().collect())?;
            prop_assert!(count <= masks.len() && (count == 1) == covered.is_empty());
        }
    }
}
