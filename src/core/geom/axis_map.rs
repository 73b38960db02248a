use glam::{DAffine3, DMat3, DVec3};

use super::Grid;

/// How the voxels of one volume are stored in the order of another that has the same voxels: along which
/// axis each of its axes runs there, and whether the other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisMap {
    to: [usize; 3],
    flipped: [bool; 3],
}

impl AxisMap {
    /// The same order.
    pub const IDENTITY: AxisMap = AxisMap { to: [0, 1, 2], flipped: [false; 3] };

    /// From the order of `source` to that of `target`; `None` unless both have the same voxels at the same places,
    /// no corner further off than `tolerance_mm`.
    pub fn between(source: &Grid, target: &Grid, tolerance_mm: f64) -> Option<Self> {
        let steps = target.voxel_from_world().matrix3 * source.world_from_voxel().matrix3;
        let mut map = Self::IDENTITY;
        let mut taken = [false; 3];
        for axis in 0..3 {
            let step = steps.col(axis);
            let along = (0..3).max_by(|&a, &b| step[a].abs().total_cmp(&step[b].abs()))?;
            if taken[along] || source.dims()[axis] != target.dims()[along] {
                return None;
            }
            taken[along] = true;
            (map.to[axis], map.flipped[axis]) = (along, step[along] < 0.0);
        }
        let same = target.world_from_voxel() * map.target_from_source(target.dims());
        let same = Grid::new(source.dims(), same).ok()?;
        source.matches(&same, tolerance_mm).then_some(map)
    }

    /// Whether nothing changes place.
    pub fn is_identity(self) -> bool {
        self == Self::IDENTITY
    }

    /// Along which axis of the target one of the source lies, and whether it runs the other way there.
    pub fn axis(self, source: usize) -> (usize, bool) {
        (self.to[source], self.flipped[source])
    }

    /// From voxel indices of the source to those of the target, which has `dims` voxels.
    fn target_from_source(self, dims: [usize; 3]) -> DAffine3 {
        let mut matrix3 = DMat3::ZERO;
        let mut translation = DVec3::ZERO;
        for (axis, (&along, &flipped)) in self.to.iter().zip(&self.flipped).enumerate() {
            matrix3.col_mut(axis)[along] = if flipped { -1.0 } else { 1.0 };
            translation[along] = if flipped { dims[along] as f64 - 1.0 } else { 0.0 };
        }
        DAffine3 { matrix3, translation }
    }

    /// Values in the other order: `values` fill a volume of `dims` voxels, x fastest.
    ///
    /// # Panics
    /// If they do not.
    pub fn reordered<T: Copy>(self, values: &[T], dims: [usize; 3]) -> Vec<T> {
        assert_eq!(values.len(), dims.iter().product::<usize>(), "values do not fill the volume");
        let strides = [1, dims[0], dims[0] * dims[1]].map(|s| s as isize);
        let (mut first, mut step, mut size) = (0, [0isize; 3], [0usize; 3]);
        for axis in 0..3 {
            let along = self.to[axis];
            size[along] = dims[axis];
            step[along] = if self.flipped[axis] { -strides[axis] } else { strides[axis] };
            if self.flipped[axis] {
                first += strides[axis] * (dims[axis] as isize - 1);
            }
        }
        let mut out = Vec::with_capacity(values.len());
        for z in 0..size[2] as isize {
            for y in 0..size[1] as isize {
                let row = first + z * step[2] + y * step[1];
                out.extend((0..size[0] as isize).map(|x| values[(row + x * step[0]) as usize]));
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every order and direction of the axes of a turned grid.
    fn orders() -> impl Iterator<Item = AxisMap> {
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        orders.into_iter().flat_map(|to| {
            (0..8).map(move |n| AxisMap { to, flipped: [n & 1 > 0, n & 2 > 0, n & 4 > 0] })
        })
    }

    fn turned() -> Grid {
        let rotation = DMat3::from_rotation_z(0.4) * DMat3::from_rotation_x(0.3);
        let matrix3 = rotation * DMat3::from_diagonal(DVec3::new(-0.5, 2.0, 3.0));
        Grid::new([3, 4, 5], DAffine3 { matrix3, translation: DVec3::new(9.0, -8.0, 7.0) }).unwrap()
    }

    #[test]
    fn every_order_of_the_same_voxels_is_found_and_undone() {
        let to = turned();
        for map in orders() {
            let dims = map.to.map(|along| to.dims()[along]);
            let affine = to.world_from_voxel() * map.target_from_source(to.dims());
            let from = Grid::new(dims, affine).unwrap();
            assert_eq!(AxisMap::between(&from, &to, 1e-9), Some(map));
            // Each voxel says where it lies: the value must be found at that place again.
            let value = |world: DVec3| (world * 1000.0).round().to_array().map(|v| v as i64);
            let mut values = Vec::new();
            for z in 0..dims[2] {
                for y in 0..dims[1] {
                    values.extend((0..dims[0]).map(|x| value(from.world_of([x, y, z]))));
                }
            }
            let found = map.reordered(&values, dims);
            for (n, voxel) in found.iter().enumerate() {
                let at = [n % 3, n / 3 % 4, n / 12];
                assert_eq!(*voxel, value(to.world_of(at)), "{map:?} {at:?}");
            }
            assert_eq!(map.is_identity(), found == values);
        }
    }

    #[test]
    fn other_voxels_have_no_order_in_common() {
        let to = turned();
        let moved = |affine: DAffine3| {
            let grid = Grid::new(to.dims(), affine * to.world_from_voxel()).unwrap();
            AxisMap::between(&grid, &to, 0.02)
        };
        assert_eq!(moved(DAffine3::IDENTITY), Some(AxisMap::IDENTITY));
        assert_eq!(moved(DAffine3::from_translation(DVec3::X * 0.01)), Some(AxisMap::IDENTITY));
        assert_eq!(moved(DAffine3::from_translation(DVec3::X * 0.05)), None);
        assert_eq!(moved(DAffine3::from_scale(DVec3::new(-1.0, 1.0, 1.0))), None);
        assert_eq!(moved(DAffine3::from_rotation_z(0.05)), None);
        let other = Grid::new([3, 4, 6], to.world_from_voxel()).unwrap();
        assert_eq!(AxisMap::between(&other, &to, 9.0), None);
    }
}
