//! Label maps of one scan by several raters: what is chosen, what is known of how they agree.

use std::sync::Arc;

use super::comparison::ComparisonWork;
use crate::measure::AgreementReport;

/// What the window of several raters is set to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AgreementChoice {
    /// Of the surface Dice, mm.
    pub tolerance_mm: f64,
    /// The table shows what the raters make together, not everybody with everybody.
    pub together: bool,
}

impl Default for AgreementChoice {
    fn default() -> Self {
        Self { tolerance_mm: 2.0, together: false }
    }
}

/// What the masks of several raters make together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consensus {
    /// What is likely by how well each rater does (STAPLE).
    Staple,
    /// What more than half of them have.
    Majority,
}

/// What is known of several raters' label maps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgreementStatus {
    /// Their files, in the order in which they came: what each is called, and its path.
    pub raters: Vec<(String, String)>,
    /// The numbers that were computed last, those of the command line.
    pub report: Option<Arc<AgreementReport>>,
    /// What the raters of these numbers are called.
    pub names: Vec<String>,
    /// Whether they are those of other raters, or of another tolerance, than now.
    pub stale: bool,
    /// How far new ones are.
    pub work: ComparisonWork,
}

/// What the user wants of several raters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgreementAction {
    /// Ask for label maps.
    Ask,
    /// Leave this one away, by its place.
    TakeAway(usize),
    /// Leave all away.
    TakeAllAway,
    /// Compute the numbers after all.
    Compute,
    /// Stop computing them.
    Stop,
    /// Make objects of what the raters make together.
    AddObjects(Consensus),
    /// Put the numbers on the clipboard, as CSV.
    Copy,
    /// Ask where to save them, as CSV or JSON.
    Save,
}
