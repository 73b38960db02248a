use crate::geom::{DVec3, Plane, SliceFrame};
use crate::prompt::ShapeKind;

/// A box, scribble or lasso of which places were set by keyboard.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapeDraft {
    /// What it is to be.
    pub kind: ShapeKind,
    /// The view that it is drawn in.
    pub plane: Plane,
    /// How that view's pictures lie.
    pub frame: SliceFrame,
    /// The slice.
    pub slice: usize,
    /// Inside of the structure.
    pub positive: bool,
    /// RAS mm, in the slice's plane.
    pub places: Vec<DVec3>,
    /// It is to become a prompt.
    pub ends: bool,
}
