//! Which label of one map is which of another.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::volume::{NamedRegion, VoxelBox};

/// By what labels are paired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PairBy {
    /// The same number.
    #[default]
    Number,
    /// The same name, capitals and spaces aside; a label without a name has no other.
    Name,
    /// The greatest Jaccard index, pair by pair, each label once; labels that share no voxel are no pair.
    Overlap,
}

/// Positions of two labels in their lists; `None` where a label has no other.
pub type LabelPair = (Option<usize>, Option<usize>);

/// The pairs of two lists of labels on one grid of `dims` voxels, in the order of A, then what only B has. `number` says
/// what number a label has in its file.
pub fn pair_labels(
    a: &[NamedRegion],
    b: &[NamedRegion],
    dims: [usize; 3],
    by: PairBy,
    number: impl Fn(usize, &NamedRegion) -> u64,
) -> Vec<LabelPair> {
    let partner: BTreeMap<usize, usize> = match by {
        PairBy::Number => {
            let of_b: BTreeMap<u64, usize> =
                b.iter().enumerate().map(|(n, l)| (number(1, l), n)).collect();
            let find = |(n, l)| Some((n, *of_b.get(&number(0, l))?));
            a.iter().enumerate().filter_map(find).collect()
        }
        PairBy::Name => by_name(a, b),
        PairBy::Overlap => by_overlap(a, b, dims),
    };
    let taken: BTreeSet<usize> = partner.values().copied().collect();
    let of_a = (0..a.len()).map(|n| (Some(n), partner.get(&n).copied()));
    let mut pairs: Vec<LabelPair> = of_a.collect();
    pairs.extend((0..b.len()).filter(|n| !taken.contains(n)).map(|n| (None, Some(n))));
    if by == PairBy::Number {
        // By number, what only one map has stands in its place among the others.
        let key = |&(of_a, of_b): &LabelPair| {
            of_a.map(|n| number(0, &a[n])).or(of_b.map(|n| number(1, &b[n])))
        };
        pairs.sort_by_key(key);
    }
    pairs
}

fn by_name(a: &[NamedRegion], b: &[NamedRegion]) -> BTreeMap<usize, usize> {
    let name = |label: &NamedRegion| {
        let name = label.name.as_deref()?.split_whitespace().collect::<Vec<_>>().join(" ");
        (!name.is_empty()).then(|| name.to_lowercase())
    };
    let mut of_b: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (n, label) in b.iter().enumerate().rev() {
        if let Some(name) = name(label) {
            of_b.entry(name).or_default().push(n);
        }
    }
    // Of several of one name the first is the first's.
    let find = |(n, l)| Some((n, of_b.get_mut(&name(l)?)?.pop()?));
    a.iter().enumerate().filter_map(find).collect()
}

fn by_overlap(a: &[NamedRegion], b: &[NamedRegion], dims: [usize; 3]) -> BTreeMap<usize, usize> {
    // Pair by pair, because labels of one map may share voxels with each other.
    let boxes = |labels: &[NamedRegion]| -> Vec<Option<VoxelBox>> {
        labels.iter().map(|label| label.region.bounds(dims)).collect()
    };
    let (box_a, box_b) = (boxes(a), boxes(b));
    let meet = |a: &VoxelBox, b: &VoxelBox| {
        (0..3).all(|axis| a.min[axis] < b.max[axis] && b.min[axis] < a.max[axis])
    };
    let mut shared: Vec<((usize, usize), usize)> = Vec::new();
    for (n, (label, of_a)) in a.iter().zip(&box_a).enumerate() {
        for (m, (other, of_b)) in b.iter().zip(&box_b).enumerate() {
            if of_a.zip(*of_b).is_some_and(|(a, b)| meet(&a, &b)) {
                let both = label.region.shared(&other.region);
                if both > 0 {
                    shared.push(((n, m), both));
                }
            }
        }
    }
    let counts = |labels: &[NamedRegion]| -> Vec<usize> {
        labels.iter().map(|l| l.region.count()).collect()
    };
    let (of_a, of_b) = (counts(a), counts(b));
    let mut by_jaccard: Vec<(f64, usize, usize)> = shared
        .into_iter()
        .map(|((n, m), both)| (both as f64 / (of_a[n] + of_b[m] - both) as f64, n, m))
        .collect();
    by_jaccard.sort_by(|x, y| y.0.total_cmp(&x.0).then((x.1, x.2).cmp(&(y.1, y.2))));
    let (mut partner, mut taken) = (BTreeMap::new(), BTreeSet::new());
    for (_, n, m) in by_jaccard {
        if !partner.contains_key(&n) && taken.insert(m) {
            partner.insert(n, m);
        }
    }
    partner
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Region;

    fn label(value: u16, name: &str, voxels: &str) -> NamedRegion {
        NamedRegion {
            value,
            name: (!name.is_empty()).then(|| name.to_owned()),
            colour: None,
            opacity: None,
            visible: true,
            region: Region::from_mask(10, voxels.bytes().map(|b| b == b'#')),
            on_top: None,
        }
    }

    #[test]
    fn labels_find_each_other_in_three_ways() {
        let a = [
            label(1, "Liver", "####......"),
            label(2, "left kidney", "....###..."),
            label(5, "", "........##"),
        ];
        let b = [
            label(2, "liver ", ".###......"),
            label(4, "Left  Kidney", "....###..."),
            label(5, "spleen", "#........."),
        ];
        let pairs = |by| pair_labels(&a, &b, [10, 1, 1], by, |_, l| l.value.into());
        let (some, none) = (Some::<usize>, None);
        assert_eq!(
            pairs(PairBy::Number),
            [(some(0), none), (some(1), some(0)), (none, some(1)), (some(2), some(2))]
        );
        let alike = [(some(0), some(0)), (some(1), some(1)), (some(2), none), (none, some(2))];
        assert_eq!(pairs(PairBy::Name), alike);
        assert_eq!(pairs(PairBy::Overlap), alike);
    }

    #[test]
    fn labels_that_share_voxels_find_themselves() {
        let both = [label(1, "lesion", "..##......"), label(2, "organ", "########..")];
        let found = pair_labels(&both, &both, [10, 1, 1], PairBy::Overlap, |_, l| l.value.into());
        assert_eq!(found, [(Some(0), Some(0)), (Some(1), Some(1))]);
    }
}
