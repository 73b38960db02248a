//! How far a mask is from the border of another, voxel by voxel, as a label map: to be drawn as colours.

use std::cmp::Reverse;

use rayon::prelude::*;

use super::DistanceField;
use super::border::{Solid, both_bounds};
use crate::geom::Grid;
use crate::mask::{MaskError, WorkLimits};
use crate::volume::{LabelMap, Region, RegionBuilder, VoxelBox, for_each_piece};

/// How distances become labels: so many classes of one width, of which the last has all that is further, too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DistanceScale {
    /// Width of a class, mm.
    pub step_mm: f64,
    /// How many classes.
    pub classes: u16,
}

impl DistanceScale {
    /// From 0 to `mm`.
    pub fn up_to(mm: f64, classes: u16) -> Self {
        Self { step_mm: mm / f64::from(classes.max(1)), classes: classes.max(1) }
    }

    /// The label of a distance, mm: 1 for the nearest class.
    pub fn label(&self, mm: f64) -> u16 {
        let class = (mm / self.step_mm).floor();
        if class < f64::from(self.classes) { class as u16 + 1 } else { self.classes }
    }

    /// The label of what has nothing that its distance could be measured to.
    pub fn nothing(&self) -> u16 {
        self.classes + 1
    }
}

/// For each pair of masks, how far each voxel of the first is from the border of the second, but 0 within both of them,
/// where they agree, up to the first one's border (centre to centre of voxels; a border voxel is one with a neighbour across a face that is not in the mask, as in
/// [`BorderDistances`](super::BorderDistances)), as labels of the scale. Takes
/// [`BorderDistances::bytes`](super::BorderDistances::bytes) for each pair that is looked at at a time.
pub fn distance_map(
    pairs: &[(&Region, &Region)],
    grid: &Grid,
    scale: DistanceScale,
    limits: &WorkLimits,
) -> Result<LabelMap, MaskError> {
    // Where masks share voxels the smaller one is on top, as among objects: it comes last.
    let mut pairs: Vec<(&Region, &Region)> = pairs.to_vec();
    pairs.sort_by_key(|(a, _)| Reverse(a.count()));
    let classes: Vec<Vec<Region>> = pairs
        .par_iter()
        .map(|(a, b)| by_class(a, b, grid, scale, limits))
        .collect::<Result<_, _>>()?;
    let all = classes.iter().flat_map(|of_pair| (1..).zip(of_pair));
    Ok(LabelMap::from_regions(grid.dims(), all))
}

/// The voxels of A by the labels of their distances to B's border, from 1.
fn by_class(
    a: &Region,
    b: &Region,
    grid: &Grid,
    scale: DistanceScale,
    limits: &WorkLimits,
) -> Result<Vec<Region>, MaskError> {
    limits.check()?;
    let dims = grid.dims();
    let Some(bounds) = both_bounds(a, b, dims).filter(|_| !b.is_empty()) else {
        let mut all = vec![Region::default(); usize::from(scale.nothing())];
        all[usize::from(scale.nothing()) - 1] = a.clone();
        return Ok(all);
    };
    let field = field_of(b, grid, bounds);
    limits.check()?;
    let border = border_marks(a, dims, bounds);
    limits.check()?;
    let size = bounds.size();
    let mut classes: Vec<RegionBuilder> =
        (0..scale.classes).map(|_| RegionBuilder::new(dims[0])).collect();
    let both = a.intersection(b, dims[0]);
    for_each_piece(a.runs(), both.runs(), |run, in_a, in_both| {
        if in_a.is_none() {
            return;
        }
        let (x, line) = (run.start % dims[0], run.start / dims[0]);
        let (y, z) = (line % dims[1] - bounds.min[1], line / dims[1] - bounds.min[2]);
        for n in 0..run.len as usize {
            let at = [x + n - bounds.min[0], y, z];
            let inner = in_both.is_some() && !border[at[0] + size[0] * (at[1] + size[1] * at[2])];
            let mm = if inner { 0.0 } else { field.distance(at) };
            classes[usize::from(scale.label(mm)) - 1].push(run.start + n, 1);
        }
    });
    Ok(classes.into_iter().map(RegionBuilder::finish).collect())
}

/// Which voxels of a box that holds a mask are at its border; x fastest.
fn border_marks(mask: &Region, dims: [usize; 3], bounds: VoxelBox) -> Vec<bool> {
    let mut marked = vec![false; bounds.size().iter().product()];
    for n in Solid::of(mask, dims, bounds).border() {
        marked[n] = true;
    }
    marked
}

/// Distances to the border of a mask in a box that holds it.
fn field_of(mask: &Region, grid: &Grid, bounds: VoxelBox) -> DistanceField {
    let marked = border_marks(mask, grid.dims(), bounds);
    DistanceField::new(bounds.size(), grid.spacing().to_array(), |n| marked[n])
}

#[cfg(test)]
mod tests {
    use super::super::BorderDistances;
    use super::*;
    use crate::geom::{DAffine3, DVec3};
    use proptest::prelude::*;

    #[test]
    fn distances_are_in_their_classes() {
        let scale = DistanceScale::up_to(10.0, 5);
        for (mm, label) in [(0.0, 1), (1.99, 1), (2.0, 2), (9.9, 5), (10.0, 5), (1e9, 5)] {
            assert_eq!(scale.label(mm), label, "{mm}");
        }
        assert_eq!((scale.label(f64::INFINITY), scale.nothing()), (5, 6));
    }

    #[test]
    fn a_row_is_measured_by_hand() {
        let grid = Grid::new([9, 1, 1], DAffine3::from_scale(DVec3::new(2.0, 1.0, 1.0))).unwrap();
        let mask = |text: &str| Region::from_mask(9, text.bytes().map(|b| b == b'#'));
        // In one dimension every voxel of B is at its border.
        let (a, b) = (mask("####....#"), mask("..##....."));
        let (alone, nothing) = (mask(".....#..."), Region::default());
        let scale = DistanceScale::up_to(8.0, 4);
        let pairs = [(&a, &b), (&alone, &nothing), (&nothing, &b)];
        let map = distance_map(&pairs, &grid, scale, &WorkLimits::none()).unwrap();
        assert_eq!(map.to_vec(), [3, 2, 1, 1, 0, 5, 0, 0, 4]);
    }

    #[test]
    fn what_is_within_both_is_where_they_agree() {
        let grid = Grid::new([9, 9, 9], DAffine3::IDENTITY).unwrap();
        let cube = |lo: usize, hi: usize| {
            let inside = |n: usize| [n % 9, n / 9 % 9, n / 81].iter().all(|v| (lo..hi).contains(v));
            Region::from_mask(9, (0..729).map(inside))
        };
        let scale = DistanceScale::up_to(8.0, 8);
        let map = |a: &Region, b: &Region| {
            distance_map(&[(a, b)], &grid, scale, &WorkLimits::none()).unwrap()
        };
        // The same: nothing differs anywhere, also not deep inside.
        let same = map(&cube(1, 8), &cube(1, 8));
        assert!(same.to_vec().iter().all(|label| *label <= 1), "{:?}", same.to_vec());
        // A in B: its border is 2 mm inside of B's, its middle agrees. B in A: what is beyond is as far as it is.
        assert_eq!(map(&cube(3, 6), &cube(1, 8)).get([3, 4, 4]), 3);
        assert_eq!(map(&cube(3, 6), &cube(1, 8)).get([4, 4, 4]), 1);
        assert_eq!(map(&cube(1, 8), &cube(3, 6)).get([1, 4, 4]), 3);
        assert_eq!(map(&cube(1, 8), &cube(3, 6)).get([4, 4, 4]), 1);
    }

    #[test]
    fn where_masks_share_voxels_the_smaller_is_on_top() {
        let grid = Grid::new([9, 1, 1], DAffine3::IDENTITY).unwrap();
        let mask = |text: &str| Region::from_mask(9, text.bytes().map(|b| b == b'#'));
        let (lesion, organ, far) = (mask("..##....."), mask("########."), mask("........#"));
        let scale = DistanceScale::up_to(8.0, 8);
        for pairs in [[(&lesion, &lesion), (&organ, &far)], [(&organ, &far), (&lesion, &lesion)]] {
            let map = distance_map(&pairs, &grid, scale, &WorkLimits::none()).unwrap();
            assert_eq!(map.to_vec(), [8, 8, 1, 1, 5, 4, 3, 2, 0]);
        }
    }

    proptest! {
        /// The furthest border voxel of A has the distance that the numbers tell.
        #[test]
        fn the_furthest_class_is_that_of_the_hausdorff_distance(
            a in prop::collection::vec(prop::bool::weighted(0.3), 6 * 5 * 4),
            b in prop::collection::vec(prop::bool::weighted(0.1), 6 * 5 * 4),
        ) {
            let spacing = DVec3::new(1.0, 1.5, 2.5);
            let grid = Grid::new([6, 5, 4], DAffine3::from_scale(spacing)).unwrap();
            let [a, b] = [a, b].map(|mask| Region::from_mask(6, mask));
            prop_assume!(!a.is_empty() && !b.is_empty());
            // Fine enough that two distances of this grid are not one class.
            let scale = DistanceScale::up_to(20.0, 2000);
            let map = distance_map(&[(&a, &b)], &grid, scale, &WorkLimits::none()).unwrap();
            let solid = Solid::of(&a, [6, 5, 4], VoxelBox::whole([6, 5, 4]));
            let border = solid.border().into_iter().map(|n| map.get([n % 6, n / 6 % 5, n / 30]));
            let numbers = BorderDistances::of(&a, &b, [6, 5, 4], spacing.to_array());
            let back = BorderDistances::of(&b, &a, [6, 5, 4], spacing.to_array());
            let furthest = f64::from(border.max().unwrap() - 1) * scale.step_mm;
            // The one of two directions, of which the other may be further.
            prop_assert!(furthest <= numbers.hausdorff().unwrap() + 1e-6);
            prop_assert!(furthest + scale.step_mm >= numbers.mean_a_to_b().unwrap() - 1e-6);
            prop_assert_eq!(numbers.mean_a_to_b(), back.mean_b_to_a());
            prop_assert_eq!(map.regions().values().map(Region::count).sum::<usize>(), a.count());
        }
    }
}
