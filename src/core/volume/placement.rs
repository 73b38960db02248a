use crate::geom::DAffine3;

/// Which statement of a source decided where its voxels are, and which would have put them elsewhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Placement {
    /// The statement, in English with the format's own words; empty if there was no source.
    pub by: String,
    /// Whether it says which side is left: else a default was taken.
    pub says_sides: bool,
    /// Statements of the same source that put the voxels elsewhere.
    pub others: Vec<OtherPlace>,
}

/// A statement that was not followed.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherPlace {
    /// Which, as [`Placement::by`].
    pub by: String,
    /// Voxel indices to RAS millimetres by it.
    pub world_from_voxel: DAffine3,
    /// How far the corner that is furthest lies from where it is now, in millimetres.
    pub apart_mm: f64,
}

impl Placement {
    /// By a statement that says which side is left.
    pub fn by(statement: impl Into<String>) -> Self {
        Self { by: statement.into(), says_sides: true, others: Vec::new() }
    }

    /// By a default, as nothing says which side is left.
    pub fn guessed(how: impl Into<String>) -> Self {
        Self { says_sides: false, ..Self::by(how) }
    }
}
