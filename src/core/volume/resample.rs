//! Labels on another grid.

use super::LabelMap;
use crate::geom::{DVec3, Grid};

impl LabelMap {
    /// These labels, which lie on `from`, on the grid `to`: each voxel has the label of the nearest one (as its centre lies
    /// in the world), and none where there is no voxel. Takes [`LabelMap::resampling_bytes`].
    #[must_use]
    pub fn nearest_on(&self, from: &Grid, to: &Grid) -> Self {
        let voxel_from_voxel = from.voxel_from_world() * to.world_from_voxel();
        let size = from.dims().map(|n| n as f64);
        let step = voxel_from_voxel.matrix3.x_axis;
        let [width, height, depth] = to.dims();
        let mut labels = Vec::with_capacity(to.count());
        for z in 0..depth {
            for y in 0..height {
                let start = DVec3::new(0.0, y as f64, z as f64);
                let start = voxel_from_voxel.transform_point3(start) + 0.5;
                labels.extend((0..width).map(|x| {
                    let at = (start + step * x as f64).to_array();
                    let inside = at.iter().zip(size).all(|(&c, n)| c >= 0.0 && c < n);
                    if inside { self.get(at.map(|c| c as usize)) } else { 0 }
                }));
            }
        }
        Self::from_labels(to.dims(), &labels)
    }

    /// Bytes that [`LabelMap::nearest_on`] takes at most.
    pub fn resampling_bytes(to: &Grid) -> u64 {
        2 * (to.count() as u64).saturating_mul(size_of::<u16>() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DMat3};

    #[test]
    fn each_voxel_has_the_nearest_label() {
        let grid = Grid::new([3, 2, 1], DAffine3::from_scale(DVec3::splat(2.0))).unwrap();
        let labels = LabelMap::from_labels([3, 2, 1], &[1, 2, 3, 4, 5, 6]);
        // Half as wide voxels, x the other way round, and one further than the volume reaches on either side.
        let turned = DMat3::from_diagonal(DVec3::new(-1.0, 1.0, 2.0));
        let fine = DAffine3::from_mat3_translation(turned, DVec3::new(5.5, -0.5, 0.0));
        let found = labels.nearest_on(&grid, &Grid::new([8, 4, 1], fine).unwrap());
        assert_eq!(found.row(0, 0), [0, 3, 3, 2, 2, 1, 1, 0]);
        assert_eq!(found.row(1, 0), found.row(0, 0));
        assert_eq!(found.row(3, 0), [0, 6, 6, 5, 5, 4, 4, 0]);
    }
}
