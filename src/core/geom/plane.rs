//! The three anatomical planes, and which side of the patient is where in their pictures.

use super::{Axis, Direction};

/// An anatomical plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plane {
    /// Across the body, seen from the feet.
    Axial,
    /// Front to back, seen from the front.
    Coronal,
    /// Side to side, seen from the patient's left.
    Sagittal,
}

impl Plane {
    /// All three, in the order in which they are shown.
    pub const ALL: [Plane; 3] = [Plane::Axial, Plane::Coronal, Plane::Sagittal];

    /// The world axis that slices are stepped along.
    pub fn through(self) -> Axis {
        match self {
            Plane::Axial => Axis::Z,
            Plane::Coronal => Axis::Y,
            Plane::Sagittal => Axis::X,
        }
    }

    /// `Axial`, `Coronal`, `Sagittal`.
    pub fn name(self) -> &'static str {
        match self {
            Plane::Axial => "Axial",
            Plane::Coronal => "Coronal",
            Plane::Sagittal => "Sagittal",
        }
    }

    /// The direction towards the picture's right and bottom edges.
    pub(super) fn right_and_down(self, convention: Convention) -> (Direction, Direction) {
        let to = |axis, positive| Direction { axis, positive };
        // Radiological: the patient's Right is on the picture's left, as if facing the patient.
        let right = convention == Convention::Neurological;
        match self {
            Plane::Axial => (to(Axis::X, right), to(Axis::Y, false)),
            Plane::Coronal => (to(Axis::X, right), to(Axis::Z, false)),
            Plane::Sagittal => (to(Axis::Y, false), to(Axis::Z, false)),
        }
    }
}

/// Which side of the patient is on the left of axial and coronal pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Convention {
    /// Patient's right on the picture's left: the habit of radiologists, and our default.
    #[default]
    Radiological,
    /// Patient's left on the picture's left.
    Neurological,
}
