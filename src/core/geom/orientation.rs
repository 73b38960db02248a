use glam::{DMat3, DVec3};

/// A world axis, with the letters of its two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// Left to Right.
    X,
    /// Posterior to Anterior.
    Y,
    /// Inferior to Superior.
    Z,
}

impl Axis {
    /// All three, in world order.
    pub const ALL: [Axis; 3] = [Axis::X, Axis::Y, Axis::Z];

    /// 0, 1 or 2.
    pub fn index(self) -> usize {
        self as usize
    }
}

/// One of the six anatomical directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Direction {
    /// The world axis it runs along.
    pub axis: Axis,
    /// Towards Right, Anterior or Superior (true), or Left, Posterior or Inferior.
    pub positive: bool,
}

impl Direction {
    /// All six: R L A P S I.
    pub const ALL: [Direction; 6] = {
        const fn to(axis: Axis, positive: bool) -> Direction {
            Direction { axis, positive }
        }
        [
            to(Axis::X, true),
            to(Axis::X, false),
            to(Axis::Y, true),
            to(Axis::Y, false),
            to(Axis::Z, true),
            to(Axis::Z, false),
        ]
    };

    /// The one that a vector (RAS) points to most; of several the first of [`Axis::ALL`].
    pub fn nearest(vector: DVec3) -> Self {
        let along = |axis: &&Axis| vector[axis.index()].abs();
        let [x, y, z] = &Axis::ALL;
        let axis = [y, z].into_iter().fold(x, |a, b| if along(&b) > along(&a) { b } else { a });
        Self { axis: *axis, positive: vector[axis.index()] >= 0.0 }
    }

    /// `R`, `A` or `S` for the positive, `L`, `P` or `I` for the negative directions.
    pub fn letter(self) -> char {
        match (self.axis, self.positive) {
            (Axis::X, true) => 'R',
            (Axis::X, false) => 'L',
            (Axis::Y, true) => 'A',
            (Axis::Y, false) => 'P',
            (Axis::Z, true) => 'S',
            (Axis::Z, false) => 'I',
        }
    }

    /// The unit vector in RAS.
    pub fn unit(self) -> DVec3 {
        let mut unit = DVec3::ZERO;
        unit[self.axis.index()] = if self.positive { 1.0 } else { -1.0 };
        unit
    }

    /// The other way.
    pub fn opposite(self) -> Self {
        Self { positive: !self.positive, ..self }
    }
}

/// The anatomical direction in which each voxel axis grows: nibabel's `aff2axcodes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Orientation(pub [Direction; 3]);

impl Orientation {
    /// Closest orientation of a (possibly oblique or sheared) voxel-to-world matrix.
    ///
    /// As nibabel's `io_orientation` (5.3): the orthogonal factor of the polar decomposition of the
    /// matrix with unit columns, then the strongest voxel axis takes its strongest world axis first.
    pub fn of(world_from_voxel: &DMat3) -> Self {
        let unit = |v: DVec3| if v.length() > 0.0 { v.normalize() } else { v };
        let rotation = orthogonal_factor(DMat3::from_cols(
            unit(world_from_voxel.x_axis),
            unit(world_from_voxel.y_axis),
            unit(world_from_voxel.z_axis),
        ));
        let columns = [rotation.x_axis, rotation.y_axis, rotation.z_axis].map(|v| v.to_array());
        let strongest = |column: &[f64; 3]| column.iter().fold(0.0f64, |m, c| m.max(c.abs()));
        let mut order = [0, 1, 2];
        order.sort_by(|&a, &b| strongest(&columns[b]).total_cmp(&strongest(&columns[a])));

        let mut free = [true; 3];
        let mut directions = [Direction { axis: Axis::X, positive: true }; 3];
        for voxel_axis in order {
            let column = columns[voxel_axis];
            let mut best: Option<usize> = None;
            for row in 0..3 {
                let better = best.is_none_or(|b| column[row].abs() > column[b].abs());
                if free[row] && better {
                    best = Some(row);
                }
            }
            let row = best.unwrap_or(0);
            free[row] = false;
            directions[voxel_axis] =
                Direction { axis: Axis::ALL[row], positive: column[row] >= 0.0 };
        }
        Self(directions)
    }

    /// Three letters, one for each voxel axis, e.g. `LPS`.
    pub fn letters(&self) -> String {
        self.0.iter().map(|d| d.letter()).collect()
    }

    /// The voxel axis that runs along a world axis, and whether both grow the same way.
    pub fn voxel_axis(&self, world: Axis) -> (usize, bool) {
        let at = self.0.iter().position(|d| d.axis == world).unwrap_or(world.index());
        (at, self.0[at].positive)
    }
}

/// Nearest orthogonal matrix, by Newton's iteration X ← (X + X⁻ᵀ)/2 (Higham 1986).
pub(super) fn orthogonal_factor(m: DMat3) -> DMat3 {
    let mut x = m;
    for _ in 0..64 {
        let next = (x + x.inverse().transpose()) * 0.5;
        if !next.is_finite() {
            return x;
        }
        let change = (next - x).to_cols_array().iter().fold(0.0f64, |m, v| m.max(v.abs()));
        x = next;
        if change < 1e-14 {
            break;
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_is_the_nearest_to_itself_and_to_what_is_tilted_a_little() {
        for direction in Direction::ALL {
            for tilt in [DVec3::ZERO, DVec3::splat(0.4), DVec3::new(0.4, -0.4, 0.2)] {
                let vector = direction.unit() * 1.5 + tilt;
                assert_eq!(Direction::nearest(vector), direction, "{vector}");
            }
        }
        let tie = Direction::nearest(DVec3::new(0.0, -1.0, 1.0));
        assert_eq!(tie, Direction { axis: Axis::Y, positive: false });
    }

    #[test]
    fn permuted_and_flipped_axes_have_their_letters() {
        let m = DMat3::from_cols(-DVec3::Y, DVec3::Z, DVec3::X);
        let o = Orientation::of(&m);
        assert_eq!(o.letters(), "PSR");
        assert_eq!(o.voxel_axis(Axis::Y), (0, false));
        assert_eq!(o.voxel_axis(Axis::X), (2, true));
    }

    #[test]
    fn two_voxel_axes_never_share_a_world_axis() {
        // 45° about z: both first axes are equally near to x and y.
        let s = std::f64::consts::FRAC_1_SQRT_2;
        let m = DMat3::from_cols(DVec3::new(s, s, 0.0), DVec3::new(s, -s, 0.0), DVec3::Z);
        let o = Orientation::of(&m);
        let mut axes: Vec<_> = o.0.iter().map(|d| d.axis.index()).collect();
        axes.sort_unstable();
        assert_eq!(axes, [0, 1, 2]);
    }
}
