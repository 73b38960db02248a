use super::arrangement::Pane;
use crate::document::LabelId;
use crate::geom::{DVec2, DVec3};
use crate::mask::CutPlane;
use crate::mask::scissors::{CutDepth, CutSide, ViewProjection};

/// Which objects scissors cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CutObjects {
    /// The selected one.
    #[default]
    Selected,
    /// All that are shown and not locked.
    Shown,
}

/// How scissors cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScissorsOptions {
    /// What goes.
    pub side: CutSide,
    /// How deep in 3D. In slices [`CutDepth::FirstSurface`] is the slice shown alone.
    pub depth: CutDepth,
    /// Of which objects.
    pub objects: CutObjects,
}

/// A curve that is laid from corner to corner. They are places of the scan: it is where they are seen when it is closed.
#[derive(Clone, Debug, PartialEq)]
pub struct ScissorsDraft {
    /// The view that it is laid in.
    pub pane: Pane,
    /// All but what is within it goes.
    pub other_side: bool,
    /// RAS mm; at least one.
    pub corners: Vec<DVec3>,
    /// It is to be closed, as soon as may be.
    pub closes: bool,
}

/// A cut that is to be made: a curve was drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedCut {
    /// How the view mapped places to its picture.
    pub projection: ViewProjection,
    /// The curve there.
    pub curve: Vec<DVec2>,
    /// What goes.
    pub side: CutSide,
    /// How deep.
    pub depth: CutDepth,
    /// Only what lies on the sides of these planes that their normals point to: what a clip leaves in 3D.
    pub kept: Vec<CutPlane>,
    /// Only in this slice.
    pub slice: Option<CutPlane>,
    /// Of which objects.
    pub objects: Vec<LabelId>,
}
