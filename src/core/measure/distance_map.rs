//! How far a mask is from the border of another, voxel by voxel, as a label map: to be drawn as colours.

use rayon::prelude::*;

use super::DistanceField;
use super::border::{Solid, both_bounds};
use crate::geom::Grid;
use crate::mask::{MaskError, WorkLimits};
use crate::volume::{LabelMap, Region, RegionBuilder, VoxelBox};

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

/// For each pair of masks, how far each voxel of the first is from the border of the second (centre to centre of
/// voxels; a border voxel is one with a neighbour across a face that is not in the mask, as in
/// [`BorderDistances`](super::BorderDistances)), as labels of the scale. Takes
/// [`BorderDistances::bytes`](super::BorderDistances::bytes) for each pair that is looked at at a time.
pub fn distance_map(
    pairs: &[(&Region, &Region)],
    grid: &Grid,
    scale: DistanceScale,
    limits: &WorkLimits,
) -> Result<LabelMap, MaskError> {
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
    let mut classes: Vec<RegionBuilder> =
        (0..scale.classes).map(|_| RegionBuilder::new(dims[0])).collect();
    for runs in a.runs().chunks(256) {
        limits.check()?;
        for run in runs {
            let (x, line) = (run.start % dims[0], run.start / dims[0]);
            let (y, z) = (line % dims[1] - bounds.min[1], line / dims[1] - bounds.min[2]);
            for n in 0..run.len as usize {
                let mm = field.distance([x + n - bounds.min[0], y, z]);
                classes[usize::from(scale.label(mm)) - 1].push(run.start + n, 1);
            }
        }
    }
    Ok(classes.into_iter().map(RegionBuilder::finish).collect())
}

/// Distances to the border of a mask in a box that holds it.
fn field_of(mask: &Region, grid: &Grid, bounds: VoxelBox) -> DistanceField {
    let size = bounds.size();
    let mut marked = vec![false; size.iter().product()];
    for n in Solid::of(mask, grid.dims(), bounds).border() {
        marked[n] = true;
    }
    DistanceField::new(size, grid.spacing().to_array(), |n| marked[n])
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
