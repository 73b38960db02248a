use glam::{DMat3, DVec3};

/// A turn of the three slice planes about a point, which all three planes pass through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oblique {
    /// Turned directions from straight ones: a rotation of world space.
    pub rotation: DMat3,
    /// The point that stays where it is, RAS mm: the crosshair when the turn was made.
    pub pivot: DVec3,
}
