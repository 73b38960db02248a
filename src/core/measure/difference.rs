//! Where two label maps of one grid differ: as a label map of its own, to be drawn; as parts and slices, to be gone to.

use rayon::prelude::*;

use crate::geom::{Axis, Grid};
use crate::mask::distance::inner_distance;
use crate::mask::parts::{Part, Parts};
use crate::mask::{Connectivity, MaskError, WorkLimits};
use crate::volume::{
    Delta, DeltaBuilder, DeltaRun, LabelMap, Region, RegionBuilder, Run, VoxelBox,
};

/// What a voxel of two label maps is, as its label in the map of differences; 0 is what has no label in either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum DifferenceClass {
    /// Only A has a label there.
    OnlyA = 1,
    /// Only B has.
    OnlyB = 2,
    /// Both have labels that are a pair.
    Same = 3,
    /// Both have labels that are none.
    OtherLabel = 4,
}

impl DifferenceClass {
    /// All, in the order of their labels.
    pub const ALL: [Self; 4] = [Self::OnlyA, Self::OnlyB, Self::Same, Self::OtherLabel];

    /// Its label in the map of differences.
    pub fn label(self) -> u16 {
        self as u16
    }
}

/// Which labels of two maps are looked at, and which of them are one structure.
#[derive(Clone, Debug)]
pub struct PairedLabels {
    /// By the labels of A and of B: the number of the pair, from 1; 0 is not looked at.
    pair: [Vec<u32>; 2],
}

impl PairedLabels {
    /// Labels of A and B, pair by pair; all others are as background.
    pub fn new(pairs: impl IntoIterator<Item = (Option<u16>, Option<u16>)>) -> Self {
        let mut pair = [vec![0; 1 << 16], vec![0; 1 << 16]];
        for (number, (a, b)) in (1..).zip(pairs) {
            for (side, label) in [a, b].into_iter().enumerate() {
                if let Some(label) = label.filter(|&label| label != 0) {
                    pair[side][usize::from(label)] = number;
                }
            }
        }
        Self { pair }
    }

    /// The label in the map of differences of a voxel with these labels.
    pub fn class(&self, a: u16, b: u16) -> u16 {
        match (self.pair[0][usize::from(a)], self.pair[1][usize::from(b)]) {
            (0, 0) => 0,
            (_, 0) => DifferenceClass::OnlyA.label(),
            (0, _) => DifferenceClass::OnlyB.label(),
            (a, b) if a == b => DifferenceClass::Same.label(),
            _ => DifferenceClass::OtherLabel.label(),
        }
    }
}

/// What makes `drawn` the map of differences of A and B ([`DifferenceClass`]) within a box; all are of one grid.
/// Slices to which nothing was ever written cost nothing.
pub fn difference_delta(
    drawn: &LabelMap,
    maps: [&LabelMap; 2],
    paired: &PairedLabels,
    within: VoxelBox,
    limits: &WorkLimits,
) -> Result<Delta, MaskError> {
    let slices: Vec<Vec<DeltaRun>> = (within.min[2]..within.max[2])
        .into_par_iter()
        .map(|z| limits.check().map(|()| slice_changes(drawn, maps, paired, (within, z))))
        .collect::<Result<_, _>>()?;
    let mut builder = DeltaBuilder::new(drawn.dims());
    slices.into_iter().flatten().for_each(|change| builder.push(change));
    Ok(builder.finish())
}

fn slice_changes(
    drawn: &LabelMap,
    [a, b]: [&LabelMap; 2],
    paired: &PairedLabels,
    (within, z): (VoxelBox, usize),
) -> Vec<DeltaRun> {
    let mut changes = Vec::new();
    if [drawn, a, b].iter().all(|map| map.is_untouched(z)) {
        return changes;
    }
    let [nx, ny, _] = drawn.dims();
    let (first, last) = (within.min[0], within.max[0]);
    for y in within.min[1]..within.max[1] {
        let (row, row_a, row_b) = (drawn.row(y, z), a.row(y, z), b.row(y, z));
        let mut x = first;
        while x < last {
            let here = (row_a[x], row_b[x], row[x]);
            let from = x;
            while x < last && (row_a[x], row_b[x], row[x]) == here {
                x += 1;
            }
            let (before, after) = (here.2, paired.class(here.0, here.1));
            if before != after {
                let run = Run { start: nx * (y + ny * z) + from, len: (x - from) as u32 };
                changes.push(DeltaRun { run, before, after });
            }
        }
    }
    changes
}

/// The voxels at which A and B differ: those of all classes but [`DifferenceClass::Same`].
pub fn differing_voxels(
    maps: [&LabelMap; 2],
    paired: &PairedLabels,
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    let dims = maps[0].dims();
    let nothing = LabelMap::empty(dims);
    let all = difference_delta(&nothing, maps, paired, VoxelBox::whole(dims), limits)?;
    let mut builder = RegionBuilder::new(dims[0]);
    let differs = |change: &&DeltaRun| change.after != DifferenceClass::Same.label();
    for change in all.runs().iter().filter(differs) {
        builder.push(change.run.start, change.run.len as usize);
    }
    Ok(builder.finish())
}

/// Differing voxels that hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DifferencePart {
    /// How many.
    pub voxels: usize,
    /// Memory position of the first one.
    pub first: usize,
    /// One in whose middle they are thickest: the furthest from what does not differ.
    pub at: [usize; 3],
}

/// So many of the largest parts are looked at for where they are thickest; in others, and where there is no memory for
/// it, the voxel nearest to their middle is taken.
const LOOKED_INTO: usize = 200;

/// The parts of differing voxels that hang together by faces, the largest first (of equal ones the first in memory).
pub fn difference_parts(
    differing: &Region,
    grid: &Grid,
    limits: &WorkLimits,
) -> Result<Vec<DifferencePart>, MaskError> {
    let parts = Parts::of(differing, grid, Connectivity::Faces, limits)?;
    let mut runs: Vec<Vec<Run>> = vec![Vec::new(); parts.list().len()];
    for run in differing.runs() {
        if let Some(part) = parts.at(run.start) {
            runs[part].push(*run);
        }
    }
    let mut found: Vec<DifferencePart> = Vec::with_capacity(runs.len());
    for (n, (part, runs)) in parts.list().iter().zip(&runs).enumerate() {
        limits.check()?;
        let at = thickest(part, runs, grid, limits, n < LOOKED_INTO)?;
        found.push(DifferencePart { voxels: part.voxels, first: part.first, at });
    }
    found.sort_by_key(|part| (std::cmp::Reverse(part.voxels), part.first));
    Ok(found)
}

/// The voxel of a part that is furthest from what is not in it; of several (within a thousandth of a millimetre) the one
/// nearest to the part's centroid.
fn thickest(
    part: &Part,
    runs: &[Run],
    grid: &Grid,
    limits: &WorkLimits,
    look: bool,
) -> Result<[usize; 3], MaskError> {
    let dims = grid.dims();
    let mut builder = RegionBuilder::new(dims[0]);
    for run in runs {
        builder.push(run.start, run.len as usize);
    }
    // A voxel more around it: what lies there is not in it. Beyond the volume nothing counts.
    let VoxelBox { min, max } = part.bounds;
    let around = VoxelBox {
        min: min.map(|low| low.saturating_sub(1)),
        max: std::array::from_fn(|a| (max[a] + 1).min(dims[a])),
    };
    let depths = match look.then(|| inner_distance(&builder.finish(), grid, &around, limits)) {
        Some(Ok(depths)) => Some(depths),
        Some(Err(MaskError::Cancelled)) => return Err(MaskError::Cancelled),
        _ => None,
    };
    let depth = |at: [usize; 3]| {
        let mm = depths.as_ref().and_then(|depths| depths.at(at)).unwrap_or(0.0);
        if mm.is_finite() { mm } else { 0.0 }
    };
    let each = || runs.iter().flat_map(|run| (run.start..run.end()).map(|n| voxel(n, dims)));
    let (mut sum, mut most) = ([0usize; 3], 0.0f32);
    for at in each() {
        (0..3).for_each(|a| sum[a] += at[a]);
        most = most.max(depth(at));
    }
    let spacing = grid.spacing().to_array();
    let away = |at: &[usize; 3]| -> f64 {
        let middle = |a: usize| sum[a] as f64 / part.voxels as f64;
        (0..3).map(|a| ((at[a] as f64 - middle(a)) * spacing[a]).powi(2)).sum()
    };
    let deepest = each().filter(|at| depth(*at) >= most - 1e-3);
    let nearest = deepest.min_by(|a, b| away(a).total_cmp(&away(b)));
    Ok(nearest.unwrap_or(voxel(part.first, dims)))
}

/// The slice with most differing voxels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorstSlice {
    /// Its voxel axis, 0 to 2: the one nearest to the patient's Superior.
    pub axis: usize,
    /// Its number along that axis, from 0.
    pub slice: usize,
    /// How many differ in it.
    pub voxels: usize,
    /// The one of them that is nearest to their middle.
    pub at: [usize; 3],
}

/// The axial slice with most differing voxels, of equal ones the first; `None` if none differs.
pub fn worst_slice(differing: &Region, grid: &Grid) -> Option<WorstSlice> {
    let dims = grid.dims();
    let (axis, _) = grid.orientation().voxel_axis(Axis::Z);
    let each = || {
        let runs = differing.runs().iter();
        runs.flat_map(|run| (run.start..run.end()).map(|n| voxel(n, dims)))
    };
    let mut counts = vec![0usize; dims[axis]];
    each().for_each(|at| counts[at[axis]] += 1);
    let most = counts.iter().copied().max().filter(|&n| n > 0)?;
    let slice = counts.iter().position(|&n| n == most)?;
    let mut sum = [0usize; 3];
    for at in each().filter(|at| at[axis] == slice) {
        (0..3).for_each(|a| sum[a] += at[a]);
    }
    let spacing = grid.spacing().to_array();
    let away = |at: &[usize; 3]| -> f64 {
        let square = |a: usize| ((at[a] as f64 - sum[a] as f64 / most as f64) * spacing[a]).powi(2);
        (0..3).map(square).sum()
    };
    let here = each().filter(|at| at[axis] == slice);
    let at = here.min_by(|a, b| away(a).total_cmp(&away(b)))?;
    Some(WorstSlice { axis, slice, voxels: most, at })
}

fn voxel(index: usize, [nx, ny, _]: [usize; 3]) -> [usize; 3] {
    [index % nx, index / nx % ny, index / nx / ny]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DVec3};
    use proptest::prelude::*;

    const DIMS: [usize; 3] = [5, 3, 4];

    fn limits() -> WorkLimits {
        WorkLimits::none()
    }

    fn drawn(maps: [&LabelMap; 2], paired: &PairedLabels) -> LabelMap {
        let mut map = LabelMap::empty(maps[0].dims());
        let within = VoxelBox::whole(map.dims());
        map.apply(&difference_delta(&map, maps, paired, within, &limits()).unwrap());
        map
    }

    /// 1 only A, 2 only B, 3 the same, 4 another label.
    #[test]
    fn every_two_labels_have_their_class() {
        // Along x: nothing, only A, only B, a pair, another pair's, without a partner.
        let a = LabelMap::from_labels([8, 1, 1], &[0, 1, 0, 1, 1, 2, 7, 9]);
        let b = LabelMap::from_labels([8, 1, 1], &[0, 0, 5, 5, 6, 6, 5, 0]);
        let all = [(Some(1), Some(5)), (Some(2), Some(6)), (Some(7), None)];
        for (pairs, expected) in [
            // 9 is in no pair: it is not looked at.
            (&all[..], [0, 1, 2, 3, 4, 3, 4, 0]),
            // One pair alone: what others have there is background.
            (&all[..1], [0, 1, 2, 3, 1, 0, 2, 0]),
            (&[(Some(7), None)], [0, 0, 0, 0, 0, 0, 1, 0]),
            (&[(None, Some(6))], [0, 0, 0, 0, 2, 2, 0, 0]),
            (&[], [0; 8]),
        ] {
            let paired = PairedLabels::new(pairs.iter().copied());
            assert_eq!(drawn([&a, &b], &paired).to_vec(), expected, "{pairs:?}");
        }
    }

    #[test]
    fn parts_and_slices_are_counted_by_hand() {
        // z runs down, so that the axial axis is not taken for granted to rise.
        let grid = Grid::new([6, 2, 3], DAffine3::from_scale(DVec3::new(-1.0, 1.0, -2.0)));
        let grid = grid.unwrap();
        let text = "##.... #...#. ...... ...... .....# .#####";
        let marks = text.bytes().filter(|b| *b != b' ').map(|b| b == b'#');
        let region = Region::from_mask(6, marks);
        let parts = difference_parts(&region, &grid, &limits()).unwrap();
        let told: Vec<_> = parts.iter().map(|p| (p.voxels, p.at)).collect();
        // (In a corner of the volume only what is in it counts: √2 mm to the nearest other voxel.)
        assert_eq!(told, [(6, [5, 1, 2]), (3, [0, 0, 0]), (1, [4, 1, 0])]);
        let worst = worst_slice(&region, &grid).unwrap();
        assert_eq!((worst.axis, worst.slice, worst.voxels), (2, 2, 6));
        assert_eq!(worst.at, [3, 1, 2]);
        assert_eq!(worst_slice(&Region::default(), &grid), None);
        // A scan whose rows run upwards.
        let up = DAffine3::from_cols(DVec3::Z, DVec3::Y, DVec3::X, DVec3::ZERO);
        let worst = worst_slice(&region, &Grid::new([6, 2, 3], up).unwrap()).unwrap();
        assert_eq!((worst.axis, worst.slice, worst.voxels), (0, 0, 2));
    }

    #[test]
    fn a_part_is_gone_to_where_it_is_thickest() {
        let grid = Grid::new([40, 9, 9], DAffine3::from_scale(DVec3::new(1.0, 1.0, 2.0))).unwrap();
        // A ball with a long sheet before it in memory, which has more voxels.
        let mask = (0..40 * 81).map(|n| {
            let [x, y, z] = voxel(n, grid.dims());
            let away = [x as f64 - 34.0, y as f64 - 4.0, (z as f64 - 5.0) * 2.0];
            let ball = away.iter().map(|d| d * d).sum::<f64>() <= 9.0;
            ball || (y == 4 && (1..34).contains(&x) && (1..8).contains(&z))
        });
        let region = Region::from_mask(40, mask);
        let parts = difference_parts(&region, &grid, &limits()).unwrap();
        assert_eq!((parts.len(), parts[0].at), (1, [34, 4, 5]));
        // With memory for the parts, and none for distances in them: near the middle.
        let with = |bytes| difference_parts(&region, &grid, &WorkLimits { bytes, ..limits() });
        let found = (1..8000).filter_map(|n| with(16 * n).ok()).map(|parts| parts[0].at[0]);
        let found: std::collections::BTreeSet<usize> = found.collect();
        assert_eq!((found.len(), found.last()), (2, Some(&34)), "{found:?}");
        assert!(found.first().is_some_and(|x| x.abs_diff(18) < 4), "{found:?}");
    }

    proptest! {
        /// Only the box of an edit is looked at, and the map is that of all voxels.
        #[test]
        fn an_edit_changes_the_map_as_if_it_were_made_anew(
            a in prop::collection::vec(0u16..4, 60),
            b in prop::collection::vec(0u16..4, 60),
            edit in prop::collection::vec(0u16..4, 60),
            corners in [[0usize..5, 0usize..3, 0usize..4], [0usize..5, 0usize..3, 0usize..4]],
        ) {
            let within = VoxelBox {
                min: std::array::from_fn(|i| corners[0][i].min(corners[1][i])),
                max: std::array::from_fn(|i| corners[0][i].max(corners[1][i]) + 1),
            };
            let paired = PairedLabels::new([(Some(1), Some(2)), (Some(2), Some(1)), (Some(3), None)]);
            let maps = [a.clone(), b.clone()].map(|labels| LabelMap::from_labels(DIMS, &labels));
            let mut map = drawn([&maps[0], &maps[1]], &paired);
            for (n, (&a, &b)) in a.iter().zip(&b).enumerate() {
                prop_assert_eq!(map.get(voxel(n, DIMS)), paired.class(a, b));
            }
            let inside = |n: usize| {
                let at = voxel(n, DIMS);
                (0..3).all(|i| (within.min[i]..within.max[i]).contains(&at[i]))
            };
            let edited: Vec<u16> =
                (0..60).map(|n| if inside(n) { edit[n] } else { a[n] }).collect();
            let edited = LabelMap::from_labels(DIMS, &edited);
            let now = [&edited, &maps[1]];
            let delta = difference_delta(&map, now, &paired, within, &limits()).unwrap();
            map.apply(&delta);
            prop_assert_eq!(&map, &drawn(now, &paired));
            let differing = differing_voxels(now, &paired, &limits()).unwrap();
            let classes = (0..60).map(|n| map.get(voxel(n, DIMS)));
            let expected = Region::from_mask(5, classes.map(|c| ![0, 3].contains(&c)));
            prop_assert_eq!(differing, expected);
        }
    }

    #[test]
    fn nobody_waits_for_what_was_cancelled() {
        let map = LabelMap::from_labels([1; 3], &[1]);
        let limits = limits();
        limits.cancel.cancel();
        let paired = PairedLabels::new([]);
        let found = differing_voxels([&map, &map], &paired, &limits);
        assert_eq!(found, Err(MaskError::Cancelled));
    }
}
