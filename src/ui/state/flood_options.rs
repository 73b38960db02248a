use crate::document::{GestureId, LabelId, Over};
use crate::mask::level::LevelSide;
use crate::mask::{CutPlane, Scope};

/// How far a flood fill goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FloodReach {
    /// In the slice that is shown.
    #[default]
    Slice,
    /// In all directions.
    Volume,
}

/// Which values a flood fill covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FloodBy {
    /// Those that differ from the seed's by no more than a tolerance.
    #[default]
    Tolerance,
    /// All on one side of the seed's, and the holes in them: what its level encloses in the slice.
    Level(LevelSide),
}

/// A flood fill that is being set up, or computed to be done.
// Each is a question of its own.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WantedFlood {
    /// Voxel that it begins at.
    pub seed: [usize; 3],
    /// Of the scan, from 0.
    pub time_point: usize,
    /// Which values.
    pub by: FloodBy,
    /// How far from the seed's value others may be.
    pub tolerance: f64,
    /// In one slice along the voxel axes, or everywhere.
    pub scope: Scope,
    /// In an oblique slice.
    pub plane: Option<CutPlane>,
    /// It takes voxels away.
    pub erases: bool,
    /// The object that it changes; `None` begins one.
    pub object: Option<LabelId>,
    /// From whom it may take voxels.
    pub over: Over,
    /// What it is in the history.
    pub gesture: GestureId,
    /// What it would change is shown.
    pub shown: bool,
    /// No button is down: it is what a click would do where the pointer is.
    pub hovers: bool,
    /// It is to be done: the button was let go.
    pub released: bool,
}
