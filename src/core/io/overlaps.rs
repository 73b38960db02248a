//! Structures that share voxels, which a label map can't: it has one number for each.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::note::{LabelNote, note};
use crate::geom::Grid;
use crate::volume::{CoveredLabels, LabelMap, NamedRegion, Region, readable};

/// Pairs of structures that are named.
const NAMED: usize = 6;

/// Says of labels that share voxels what is on top, by the place of each in its file's order (the higher lies over the
/// lower). Nothing if one that shares voxels has no place: it came to the file later, and nobody knows where it lies.
pub(super) fn put_in_order(
    dims: [usize; 3],
    labels: &mut [NamedRegion],
    places: &BTreeMap<u16, u32>,
) {
    if places.is_empty() {
        return;
    }
    let (map, covered) = CoveredLabels::of(dims, labels);
    let sharing = covered.sharing(&map);
    if sharing.iter().any(|value| !places.contains_key(value)) {
        return;
    }
    let mut order: Vec<&mut NamedRegion> =
        labels.iter_mut().filter(|label| sharing.contains(&label.value)).collect();
    order.sort_by_key(|label| Reverse((places.get(&label.value), label.value)));
    let mut taken = Region::default();
    for label in order {
        label.on_top = Some(label.region.without(&taken, dims[0]));
        taken.add(&label.region, dims[0]);
    }
}

/// A label map of structures. Each voxel that several have goes to the one on top, if that is known, else to the smallest
/// of them, so that a lesion within an organ is kept; the note says which lost how much to which.
pub(super) fn without_overlaps(
    dims: [usize; 3],
    labels: &[NamedRegion],
) -> (LabelMap, Option<LabelNote>) {
    let (map, _) = CoveredLabels::of(dims, labels);
    let pairs = under(&map, labels);
    let all: usize = pairs.iter().map(|(_, count)| count).sum();
    if all == 0 {
        return (map, None);
    }
    let list = listed(&pairs, labels, |from, to, count| format!("{from} → {to}: {count}"));
    let values = [("n", all.to_string()), ("list", list)];
    let told = if labels.iter().any(|label| label.on_top.is_some()) {
        note(
            "structures of this file share {n} voxels, but here a voxel is of one; they went to the one on top: {list}",
            &values,
        )
    } else {
        note(
            "structures of this file share {n} voxels, but here a voxel is of one; they went to the smaller: {list}",
            &values,
        )
    };
    (map, Some(told))
}

/// What is said of structures on a grid that share voxels, all of which are kept; `None` if they share none.
pub(super) fn told_overlaps(grid: &Grid, labels: &[NamedRegion]) -> Option<LabelNote> {
    let pairs = under(&CoveredLabels::of(grid.dims(), labels).0, labels);
    if pairs.is_empty() {
        return None;
    }
    let ml = |count: usize| readable(count as f64 * grid.voxel_volume_mm3() / 1000.0, 3);
    let list =
        listed(&pairs, labels, |under, over, count| format!("{over} / {under}: {} mL", ml(count)));
    let values = [("list", list)];
    Some(if labels.iter().any(|label| label.on_top.is_some()) {
        note(
            "structures of this file share voxels, and each keeps all of its own (over / under: {list}), in the order that the file says",
            &values,
        )
    } else {
        note(
            "structures of this file share voxels, and each keeps all of its own (over / under: {list}); the smaller is on top",
            &values,
        )
    })
}

/// Of how many voxels of a label another one has the number, by these two; most first.
fn under(map: &LabelMap, labels: &[NamedRegion]) -> Vec<((u16, u16), usize)> {
    let mut pairs: BTreeMap<(u16, u16), usize> = BTreeMap::new();
    for label in labels {
        for run in label.region.runs() {
            for same in map.run(*run).chunk_by(|a, b| a == b).filter(|s| s[0] != label.value) {
                *pairs.entry((label.value, same[0])).or_default() += same.len();
            }
        }
    }
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    pairs
}

/// Pairs with their names.
fn listed(
    pairs: &[((u16, u16), usize)],
    labels: &[NamedRegion],
    told: impl Fn(&str, &str, usize) -> String,
) -> String {
    let name = |value: u16| {
        let named = labels.iter().find(|l| l.value == value).and_then(|l| l.name.clone());
        named.unwrap_or_else(|| value.to_string())
    };
    let shown = pairs.iter().take(NAMED);
    let mut list: Vec<String> =
        shown.map(|((from, to), count)| told(&name(*from), &name(*to), *count)).collect();
    if pairs.len() > NAMED {
        list.push("…".to_owned());
    }
    list.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DVec3};

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
            on_top: None,
        };
        let labels = [of(1, "lesion", 2..4), of(2, "organ", 1..7), of(5, "body", 0..8)];
        let (map, note) = without_overlaps(dims, &labels);
        assert_eq!(map.to_vec(), [5, 2, 1, 1, 2, 2, 2, 5]);
        let told = note.unwrap().to_string();
        assert!(told.contains("share 8 voxels"), "{told}");
        assert!(told.contains("body → organ: 4, organ → lesion: 2, body → lesion: 2"), "{told}");
        let grid = Grid::new(dims, DAffine3::from_scale(DVec3::splat(5.0))).unwrap();
        let told = told_overlaps(&grid, &labels).unwrap().to_string();
        let list = "organ / body: 0.5 mL, lesion / organ: 0.25 mL, lesion / body: 0.25 mL";
        assert!(told.contains(list), "{told}");
        assert_eq!(told_overlaps(&grid, &labels[..1]), None);
        let (map, note) = without_overlaps(dims, &[of(3, "a", 0..2), of(4, "b", 2..3)]);
        assert_eq!((map.to_vec(), note), (vec![3, 3, 4, 0, 0, 0, 0, 0], None));
    }
}
