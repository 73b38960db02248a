//! Where a click is of use to a model that looks at a cube.

use crate::geom::Grid;
use crate::segment::cubes::CropPlace;
use crate::volume::VoxelBox;

/// The voxels of a scan whose nearest voxel of the model's 1.5 mm grid is in the cube. The axes of the cube
/// are those of the scan.
pub fn reach(place: &CropPlace, grid: &Grid) -> VoxelBox {
    // Rounding must not put a voxel at the very edge on the other side.
    const EDGE: f64 = 1e-6;
    let crop_from_voxel = place.world_from_crop.inverse() * grid.world_from_voxel();
    let (mut min, mut max) = ([0; 3], [0; 3]);
    for (axis, &len) in grid.dims().iter().enumerate() {
        let column = crop_from_voxel.matrix3.col(axis).to_array();
        let crop =
            (0..3).max_by(|&a, &b| column[a].abs().total_cmp(&column[b].abs())).unwrap_or(axis);
        let at = |v: usize| crop_from_voxel.translation[crop] + v as f64 * column[crop];
        let inside = |v: &usize| {
            let at = at(*v);
            at > EDGE - 0.5 && at < place.side as f64 - 0.5 - EDGE
        };
        min[axis] = (0..len).find(inside).unwrap_or(0);
        max[axis] = (0..len).rev().find(inside).map_or(min[axis], |last| last + 1);
    }
    VoxelBox { min, max }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DVec3};
    use crate::measure::{Robot, RobotAim, RobotClick};
    use crate::segment::cubes::CanonicalGrid;
    use crate::volume::Region;

    #[test]
    fn clicks_stay_where_the_model_can_use_them() {
        let dims = [300, 40, 30];
        let spacing = [0.9, 1.5, 3.0];
        let grid =
            Grid::new(dims, DAffine3::from_scale(DVec3::new(-spacing[0], -spacing[1], spacing[2])))
                .unwrap();
        let canonical = CanonicalGrid::of(&grid);
        let place = canonical.crop_around(grid.world_of([60, 20, 10]));
        let reach = reach(&place, &grid);
        let usable = |voxel: [usize; 3]| {
            let index = canonical.nearest(grid.world_of(voxel));
            (0..3).all(|a| (0..place.side as i64).contains(&(index[a] - place.start[a])))
        };
        for x in 0..300 {
            assert_eq!(usable([x, 20, 10]), (reach.min[0]..reach.max[0]).contains(&x), "{x}");
        }
        assert_eq!((reach.min[1], reach.max[1]), (0, 40));
        let whole = Region::from_mask(300, std::iter::repeat_n(true, 300 * 40 * 30));
        let mut robot = Robot::new(&grid, RobotAim::Random, ("a", 1, 0));
        robot.stay_in(reach);
        let clicks: Vec<RobotClick> =
            (0..200).map(|_| robot.next(&whole, &Region::default()).unwrap()).collect();
        assert!(clicks.iter().all(|c| usable(c.voxel)));
    }
}
