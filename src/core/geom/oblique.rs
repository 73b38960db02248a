use glam::{DMat3, DQuat, DVec3};

use super::orientation::orthogonal_factor;
use super::{Axis, Grid, Plane};

/// A turn of the three slice planes about a point, which all three planes pass through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oblique {
    /// Turned directions from straight ones: a rotation of world space.
    pub rotation: DMat3,
    /// The point that stays where it is, RAS mm: the crosshair when the turn was made.
    pub pivot: DVec3,
}

impl Oblique {
    /// No turn at all, about a point.
    pub fn straight(pivot: DVec3) -> Self {
        Self { rotation: DMat3::IDENTITY, pivot }
    }

    /// The planes of `current` (none: those of the grid) turned by so many degrees about the normal that
    /// `plane` has at present: `plane` stays, the two others turn. Right-handed about the normal's end towards
    /// Superior, Anterior or Right.
    pub fn turned(
        current: Option<&Self>,
        grid: &Grid,
        plane: Plane,
        degrees: f64,
        pivot: DVec3,
    ) -> Self {
        let current = current.copied().unwrap_or(Self::straight(pivot));
        current.turned_about(current.normal(grid, plane), degrees, pivot)
    }

    /// All three planes turned, right-handed, about an axis in RAS through `pivot`.
    pub fn turned_about(&self, axis: DVec3, degrees: f64, pivot: DVec3) -> Self {
        let Some(axis) = axis.try_normalize().filter(|_| degrees.is_finite()) else {
            return Self { pivot, ..*self };
        };
        let rotation = DMat3::from_axis_angle(axis, degrees.to_radians()) * self.rotation;
        // A drag is many small turns: without this their rounding would add up to a shear.
        Self { rotation: orthogonal_factor(rotation), pivot }
    }

    /// How far it turns altogether, in degrees from 0 to 180.
    pub fn angle(&self) -> f64 {
        let turn = DQuat::from_mat3(&self.rotation);
        let sine = turn.x.hypot(turn.y).hypot(turn.z);
        (2.0 * sine.atan2(turn.w.abs())).to_degrees()
    }

    /// Whether it turns nothing that anybody could see.
    pub fn is_straight(&self) -> bool {
        self.angle() < 1e-4
    }

    /// Unit normal of a plane of a grid as it is turned, on the side that is nearer to the straight plane's
    /// Superior, Anterior or Right.
    pub fn normal(&self, grid: &Grid, plane: Plane) -> DVec3 {
        let straight = straight_axes(grid).col(plane.through().index());
        let normal = self.rotation * straight;
        if normal.dot(straight) < 0.0 { -normal } else { normal }
    }
}

/// The orthonormal directions nearest to the grid's voxel axes, as columns: those towards Right, Anterior,
/// Superior.
pub(super) fn straight_axes(grid: &Grid) -> DMat3 {
    let m = grid.world_from_voxel().matrix3;
    let [x, y, z] = [m.x_axis, m.y_axis, m.z_axis].map(DVec3::normalize);
    let nearest = orthogonal_factor(DMat3::from_cols(x, y, z));
    let orientation = grid.orientation();
    let [right, anterior, superior] = Axis::ALL.map(|axis| {
        let (voxel_axis, grows_positive) = orientation.voxel_axis(axis);
        let column = nearest.col(voxel_axis);
        if grows_positive { column } else { -column }
    });
    DMat3::from_cols(right, anterior, superior)
}

/// The world axis whose straight direction in the grid is nearest to a vector.
pub(super) fn nearest_axis(grid: &Grid, vector: DVec3) -> Axis {
    let along = straight_axes(grid).transpose() * vector;
    let [x, y, z] = along.abs().to_array();
    if z >= x && z >= y {
        Axis::Z
    } else if y >= x {
        Axis::Y
    } else {
        Axis::X
    }
}

/// The smallest rotation that lays one unit vector on another that is not its opposite.
pub(super) fn smallest_turn(from: DVec3, to: DVec3) -> DMat3 {
    DMat3::from_quat(DQuat::from_rotation_arc(from, to))
}
