//! Structures that share voxels, which a label map can't: it has one number for each.

use std::collections::BTreeMap;

use super::note::{LabelNote, note};
use crate::volume::{LabelMap, NamedRegion};

/// Pairs of structures that are named.
const NAMED: usize = 6;

/// A label map of structures. Each voxel that several have goes to the smallest of them, so that a lesion within an
/// organ is kept; the note says which lost how much to which.
pub(super) fn without_overlaps(
    dims: [usize; 3],
    labels: &[NamedRegion],
) -> (LabelMap, Option<LabelNote>) {
    let mut order: Vec<&NamedRegion> = labels.iter().collect();
    let counts: BTreeMap<u16, usize> = labels.iter().map(|l| (l.value, l.region.count())).collect();
    // The last has the voxels; of two that are equally large the later one.
    order.sort_by_key(|label| std::cmp::Reverse(counts[&label.value]));
    let map = LabelMap::from_regions(dims, order.iter().map(|l| (l.value, &l.region)));
    let mut lost: BTreeMap<(u16, u16), usize> = BTreeMap::new();
    for label in labels {
        for run in label.region.runs() {
            for same in map.run(*run).chunk_by(|a, b| a == b).filter(|s| s[0] != label.value) {
                *lost.entry((label.value, same[0])).or_default() += same.len();
            }
        }
    }
    let all: usize = lost.values().sum();
    if all == 0 {
        return (map, None);
    }
    let name = |value: u16| {
        let named = labels.iter().find(|l| l.value == value).and_then(|l| l.name.clone());
        named.unwrap_or_else(|| value.to_string())
    };
    let mut pairs: Vec<_> = lost.into_iter().collect();
    pairs.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let told = |((from, to), count): &((u16, u16), usize)| {
        format!("{} → {}: {count}", name(*from), name(*to))
    };
    let mut list: Vec<String> = pairs.iter().take(NAMED).map(told).collect();
    if pairs.len() > NAMED {
        list.push("…".to_owned());
    }
    let values = [("n", all.to_string()), ("list", list.join(", "))];
    let told = note(
        "structures of this file share {n} voxels, but here a voxel is of one; they went to the smaller: {list}",
        &values,
    );
    (map, Some(told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Region;

    #[test]
    fn the_smaller_structure_keeps_what_is_shared() {
        let dims = [8, 1, 1];
        let of = |value: u16, name: &str, range: std::ops::Range<usize>| NamedRegion {
            value,
            name: Some(name.to_owned()),
            colour: None,
            opacity: None,
            visible: true,
            region: Region::from_mask(8, (0..8).map(|x| range.contains(&x))),
        };
        let labels = [of(1, "lesion", 2..4), of(2, "organ", 1..7), of(5, "body", 0..8)];
        let (map, note) = without_overlaps(dims, &labels);
        assert_eq!(map.to_vec(), [5, 2, 1, 1, 2, 2, 2, 5]);
        let told = note.unwrap().to_string();
        assert!(told.contains("share 8 voxels"), "{told}");
        assert!(told.contains("body → organ: 4, organ → lesion: 2, body → lesion: 2"), "{told}");
        let (map, note) = without_overlaps(dims, &[of(3, "a", 0..2), of(4, "b", 2..3)]);
        assert_eq!((map.to_vec(), note), (vec![3, 3, 4, 0, 0, 0, 0, 0], None));
    }
}
