//! What a user says about how a source is to be read.

use super::volume_part::VolumePart;
use crate::geom::{Axis, Direction, Orientation};
use crate::volume::Provenance;

/// What becomes of slices that do not lie evenly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SliceSpacing {
    /// They are refused ([`IoError::Uneven`](super::IoError)).
    #[default]
    AsItIs,
    /// Slices at even distances are made of them, linearly.
    Even,
}

/// Answers to what a file does not say, and wishes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenOptions {
    /// What becomes of slices that lie unevenly.
    pub slices: SliceSpacing,
    /// Where voxels lie whose files don't say it.
    pub place: TypedPlace,
    /// Which of the voxels.
    pub part: VolumePart,
}

/// How the voxels of a file lie that does not say it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TypedPlace {
    /// Where the axes of the file run to.
    pub orientation: Option<Orientation>,
    /// Millimetres between voxels along x, y, z.
    pub spacing: Option<[f64; 3]>,
}

/// Names of identifiers.
const ORIENTATION: &str = "Orientation";
const SPACING: &str = "Spacing";

impl TypedPlace {
    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// `LAS`: three letters, one of R and L, of A and P, of S and I, in either case.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse_orientation(text: &str) -> Result<Orientation, String> {
        let wanted = || {
            "three letters are wanted, one of R and L, of A and P, of S and I, for where x, y, z run to: LAS".to_owned()
        };
        let letter =
            |c: char| Direction::ALL.into_iter().find(|d| d.letter() == c.to_ascii_uppercase());
        let found: Option<Vec<Direction>> = text.trim().chars().map(letter).collect();
        let found: [Direction; 3] = found.and_then(|f| f.try_into().ok()).ok_or_else(wanted)?;
        let has = |axis: Axis| found.iter().any(|direction| direction.axis == axis);
        if Axis::ALL.into_iter().all(has) { Ok(Orientation(found)) } else { Err(wanted()) }
    }

    /// `0.5,0.5,2`: millimetres.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse_spacing(text: &str) -> Result<[f64; 3], String> {
        let wanted = || "three lengths in mm are wanted, for x, y, z: 0.5,0.5,2".to_owned();
        let numbers: Result<Vec<f64>, _> = text.split(',').map(|n| n.trim().parse()).collect();
        let found: [f64; 3] = numbers.ok().and_then(|n| n.try_into().ok()).ok_or_else(wanted)?;
        let is_length = |mm: &f64| mm.is_finite() && (1e-6..1e6).contains(mm);
        if found.iter().all(is_length) { Ok(found) } else { Err(wanted()) }
    }

    /// By which it is known again ([`Provenance::identifiers`]).
    pub(super) fn identifiers(&self) -> Vec<(String, String)> {
        let orientation = self.orientation.map(|o| (ORIENTATION.to_owned(), o.letters()));
        let spacing =
            self.spacing.map(|mm| (SPACING.to_owned(), mm.map(|n| n.to_string()).join(",")));
        orientation.into_iter().chain(spacing).collect()
    }
}

impl OpenOptions {
    /// Those by which a scan is read as it was before.
    pub fn of(said: &Provenance) -> Self {
        let value = |wanted: &str| {
            said.identifiers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value)
        };
        let orientation = value(ORIENTATION).and_then(|o| TypedPlace::parse_orientation(o).ok());
        let spacing = value(SPACING).and_then(|mm| TypedPlace::parse_spacing(mm).ok());
        let slices = if said.is_resampled() { SliceSpacing::Even } else { SliceSpacing::AsItIs };
        Self { slices, place: TypedPlace { orientation, spacing }, part: VolumePart::of(said) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orientations_and_lengths_are_read_or_refused() {
        for (text, letters) in [
            ("ras", Some("RAS")),
            (" LPS ", Some("LPS")),
            ("ASL", Some("ASL")),
            ("RAL", None),
            ("RA", None),
            ("RASI", None),
            ("XYZ", None),
            ("", None),
        ] {
            let found = TypedPlace::parse_orientation(text).ok().map(|o| o.letters());
            assert_eq!(found.as_deref(), letters, "{text}");
        }
        for (text, mm) in [
            ("0.5,0.5,2", Some([0.5, 0.5, 2.0])),
            ("1, 2, 3", Some([1.0, 2.0, 3.0])),
            ("1,2", None),
            ("0,1,1", None),
            ("-1,1,1", None),
            ("nan,1,1", None),
            ("a,b,c", None),
        ] {
            assert_eq!(TypedPlace::parse_spacing(text).ok(), mm, "{text}");
        }
    }

    #[test]
    fn what_was_typed_is_known_again() {
        let orientation = TypedPlace::parse_orientation("PIR").ok();
        let place = TypedPlace { orientation, spacing: Some([0.1, 0.25, 3.0]) };
        let said = Provenance { identifiers: place.identifiers(), ..Provenance::default() };
        assert_eq!(OpenOptions::of(&said), OpenOptions { place, ..OpenOptions::default() });
    }
}
