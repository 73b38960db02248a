//! In what the values of a scan are.

use super::{Stats, SuvKind};

/// The unit of a scan's values, where it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueUnit {
    /// Of a CT, as far as one can tell.
    Hounsfield,
    /// Standardised uptake values, made of what the scan's file has.
    Suv(SuvKind),
    /// Standardised uptake values that are stored in the file, by what is not known.
    StoredSuv,
}

impl ValueUnit {
    /// Of a scan by which SUV its values are, if they were made so, and by what they look like.
    pub fn of(suv: Option<SuvKind>, stats: Option<&Stats>) -> Option<Self> {
        let is_ct = || stats.is_some_and(Stats::looks_like_ct);
        suv.map(Self::Suv).or_else(|| is_ct().then_some(Self::Hounsfield))
    }

    /// As files have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hounsfield => "HU",
            Self::Suv(kind) => kind.unit(),
            Self::StoredSuv => "SUV",
        }
    }

    /// Behind a number in the window.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Hounsfield => " HU",
            Self::Suv(SuvKind::BodyWeight) => " SUVbw",
            Self::Suv(SuvKind::LeanBodyMass) => " SUVlbm",
            Self::Suv(SuvKind::BodySurface) => " SUVbsa",
            Self::Suv(SuvKind::IdealBodyWeight) => " SUVibw",
            Self::StoredSuv => " SUV",
        }
    }
}
