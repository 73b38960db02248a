use glam::{DAffine3, DVec3};

use super::Orientation;

/// A regular lattice of voxels placed in world space. Never degenerate: every dimension is at least
/// one and the transform can be inverted, so the rest of the program needs no such checks.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    dims: [usize; 3],
    world_from_voxel: DAffine3,
    voxel_from_world: DAffine3,
}

/// Why a grid can't be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GridError {
    /// A dimension is zero, or their product does not fit the machine.
    #[error("a grid of {} × {} × {} voxels is not possible", .0[0], .0[1], .0[2])]
    Dims([usize; 3]),
    /// The transform has a non-finite entry or flattens space (two axes parallel, or a spacing of 0).
    #[error("the voxel-to-world transform is not finite or not invertible")]
    Transform,
}

impl Grid {
    /// `world_from_voxel` maps voxel indices to RAS millimetres.
    pub fn new(dims: [usize; 3], world_from_voxel: DAffine3) -> Result<Self, GridError> {
        let count = dims.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        if dims.contains(&0) || count.is_none_or(|n| n > isize::MAX as usize) {
            return Err(GridError::Dims(dims));
        }
        let m = world_from_voxel.matrix3;
        // Relative to the column lengths, so that micrometre and metre spacings are judged alike.
        let scale = m.x_axis.length() * m.y_axis.length() * m.z_axis.length();
        let flat = !scale.is_finite() || scale <= 0.0 || (m.determinant() / scale).abs() < 1e-9;
        let voxel_from_world = world_from_voxel.inverse();
        if !world_from_voxel.is_finite() || flat || !voxel_from_world.is_finite() {
            return Err(GridError::Transform);
        }
        Ok(Self { dims, world_from_voxel, voxel_from_world })
    }

    /// Number of voxels along x (fastest in memory), y and z.
    pub fn dims(&self) -> [usize; 3] {
        self.dims
    }

    /// Number of voxels.
    pub fn count(&self) -> usize {
        self.dims.iter().product()
    }

    /// Voxel index to RAS millimetres.
    pub fn world_from_voxel(&self) -> DAffine3 {
        self.world_from_voxel
    }

    /// RAS millimetres to continuous voxel index.
    pub fn voxel_from_world(&self) -> DAffine3 {
        self.voxel_from_world
    }

    /// Distance between neighbouring voxel centres along each voxel axis, in millimetres.
    pub fn spacing(&self) -> DVec3 {
        let m = self.world_from_voxel.matrix3;
        DVec3::new(m.x_axis.length(), m.y_axis.length(), m.z_axis.length())
    }

    /// Volume of one voxel in cubic millimetres.
    pub fn voxel_volume_mm3(&self) -> f64 {
        self.world_from_voxel.matrix3.determinant().abs()
    }

    /// Anatomical direction of each voxel axis.
    pub fn orientation(&self) -> Orientation {
        Orientation::of(&self.world_from_voxel.matrix3)
    }

    /// World position of a (continuous) voxel coordinate.
    pub fn world(&self, voxel: DVec3) -> DVec3 {
        self.world_from_voxel.transform_point3(voxel)
    }

    /// World position of a voxel's centre.
    pub fn world_of(&self, voxel: [usize; 3]) -> DVec3 {
        self.world(DVec3::from_array(voxel.map(|v| v as f64)))
    }

    /// Continuous voxel coordinate of a world position.
    pub fn voxel(&self, world: DVec3) -> DVec3 {
        self.voxel_from_world.transform_point3(world)
    }

    /// The voxel that contains a world position; `None` outside the volume.
    pub fn voxel_at(&self, world: DVec3) -> Option<[usize; 3]> {
        let v = (self.voxel(world) + 0.5).floor();
        let inside = |c: f64, n: usize| c >= 0.0 && c < n as f64;
        let [nx, ny, nz] = self.dims;
        (inside(v.x, nx) && inside(v.y, ny) && inside(v.z, nz)).then_some([
            v.x as usize,
            v.y as usize,
            v.z as usize,
        ])
    }

    /// The voxel nearest to a world position, clamped into the volume.
    pub fn voxel_clamped(&self, world: DVec3) -> [usize; 3] {
        let v = (self.voxel(world) + 0.5).floor().to_array();
        std::array::from_fn(|a| v[a].clamp(0.0, (self.dims[a] - 1) as f64) as usize)
    }

    /// Position in memory of a voxel, x fastest. The voxel must be inside.
    pub fn index(&self, [x, y, z]: [usize; 3]) -> usize {
        debug_assert!(x < self.dims[0] && y < self.dims[1] && z < self.dims[2]);
        x + self.dims[0] * (y + self.dims[1] * z)
    }

    /// World position of the middle of the volume.
    pub fn centre(&self) -> DVec3 {
        self.world(DVec3::from_array(self.dims.map(|n| (n as f64 - 1.0) / 2.0)))
    }

    /// The eight outer corners of the volume (voxel edges, not centres) in world millimetres.
    pub fn corners(&self) -> [DVec3; 8] {
        std::array::from_fn(|n| {
            let side = |a: usize| if n >> a & 1 == 0 { -0.5 } else { self.dims[a] as f64 - 0.5 };
            self.world(DVec3::new(side(0), side(1), side(2)))
        })
    }

    /// Leads from voxel coordinates of another grid to those of this one at the same place in the world. As true as
    /// what both files say about their places: it is no registration.
    pub fn voxel_from_voxel_of(&self, other: &Grid) -> DAffine3 {
        self.voxel_from_world * other.world_from_voxel
    }

    /// Whether the boxes around both volumes, along the axes of the world, share anything.
    pub fn may_meet(&self, other: &Grid) -> bool {
        let ends = |grid: &Grid| {
            let corners = grid.corners();
            let first = corners[0];
            corners.into_iter().fold((first, first), |(low, high), c| (low.min(c), high.max(c)))
        };
        let ((low, high), (other_low, other_high)) = (ends(self), ends(other));
        low.cmple(other_high).all() && other_low.cmple(high).all()
    }

    /// Whether both grids have the same dimensions and no corner lies further than `tolerance_mm` apart.
    pub fn matches(&self, other: &Grid, tolerance_mm: f64) -> bool {
        self.dims == other.dims
            && self
                .corners()
                .iter()
                .zip(other.corners())
                .all(|(a, b)| a.distance(b) <= tolerance_mm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::DMat3;

    #[test]
    fn degenerate_grids_are_refused() {
        assert!(matches!(Grid::new([0, 1, 1], DAffine3::IDENTITY), Err(GridError::Dims(_))));
        assert!(matches!(
            Grid::new([usize::MAX, 2, 2], DAffine3::IDENTITY),
            Err(GridError::Dims(_))
        ));
        let flat = DAffine3::from_mat3(DMat3::from_cols(DVec3::X, DVec3::X, DVec3::Z));
        assert_eq!(Grid::new([2, 2, 2], flat), Err(GridError::Transform));
        let nan = DAffine3::from_translation(DVec3::NAN);
        assert_eq!(Grid::new([2, 2, 2], nan), Err(GridError::Transform));
    }

    /// A grid whose axes run along those of the body in one of the 48 orders, turned a little as a gantry is.
    fn in_order(order: usize, dims: [usize; 3], spacing: DVec3, start: DVec3, turn: f64) -> Grid {
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let column = |a: usize| {
            let sign = if (order % 8) >> a & 1 == 1 { -1.0 } else { 1.0 };
            DMat3::IDENTITY.col(orders[order / 8][a]) * spacing[a] * sign
        };
        let m = DMat3::from_rotation_x(turn) * DMat3::from_cols(column(0), column(1), column(2));
        Grid::new(dims, DAffine3::from_mat3_translation(m, start)).unwrap()
    }

    proptest::proptest! {
        #[test]
        fn a_place_is_the_same_in_two_scans_whatever_the_order_of_their_axes(
            orders in proptest::array::uniform2(0usize..48),
            spacings in proptest::array::uniform6(0.3f64..5.0),
            starts in proptest::array::uniform6(-300.0f64..300.0),
            turns in proptest::array::uniform2(-0.6f64..0.6),
            at in proptest::array::uniform3(-9.0f64..60.0),
        ) {
            let scan = |n: usize| {
                let [x, y, z] = [0, 1, 2].map(|a| spacings[3 * n + a]);
                let start = DVec3::new(starts[3 * n], starts[3 * n + 1], starts[3 * n + 2]);
                in_order(orders[n], [40, 50, 30], DVec3::new(x, y, z), start, turns[n])
            };
            let (a, b) = (scan(0), scan(1));
            let voxel = DVec3::from_array(at);
            let other = b.voxel_from_voxel_of(&a).transform_point3(voxel);
            // In millimetres of the world: by the affines alone.
            let apart = b.world(other) - a.world(voxel);
            proptest::prop_assert!(apart.length() < 1e-6, "{apart}");
            let back = a.voxel_from_voxel_of(&b).transform_point3(other);
            proptest::prop_assert!((back - voxel).length() < 1e-6, "{back}");
            // Steps are as long in both.
            let step = b.voxel_from_voxel_of(&a).transform_vector3(DVec3::Y);
            let mm = (b.world_from_voxel().matrix3 * step).length();
            proptest::prop_assert!((mm - a.spacing().y).abs() < 1e-6, "{mm}");
        }
    }

    #[test]
    fn scans_that_may_meet_are_told_from_those_that_lie_elsewhere() {
        let at = |x: f64| {
            let affine = DAffine3::from_translation(DVec3::new(x, 0.0, 0.0));
            Grid::new([10, 10, 10], affine).unwrap()
        };
        assert!(at(0.0).may_meet(&at(9.9)) && at(9.9).may_meet(&at(0.0)));
        assert!(!at(0.0).may_meet(&at(10.1)) && !at(10.1).may_meet(&at(0.0)));
        // The other way round along all axes, it lies on the other side of its first voxel.
        let flipped = DAffine3::from_scale(DVec3::splat(-1.0));
        let flipped = Grid::new([10, 10, 10], flipped).unwrap();
        assert!(flipped.may_meet(&at(-5.0)) && !flipped.may_meet(&at(2.0)));
    }

    #[test]
    fn a_voxel_owns_half_a_voxel_around_its_centre() {
        let grid = Grid::new([3, 4, 5], DAffine3::from_scale(DVec3::new(2.0, 1.0, 1.0))).unwrap();
        assert_eq!(grid.voxel_at(DVec3::new(-0.99, 0.0, 0.0)), Some([0, 0, 0]));
        assert_eq!(grid.voxel_at(DVec3::new(-1.01, 0.0, 0.0)), None);
        assert_eq!(grid.voxel_at(DVec3::new(4.99, 3.4, 4.4)), Some([2, 3, 4]));
        assert_eq!(grid.voxel_at(DVec3::new(5.01, 3.4, 4.4)), None);
        assert_eq!(grid.voxel_clamped(DVec3::splat(1e9)), [2, 3, 4]);
    }
}
