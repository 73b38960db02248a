use std::fmt;
use std::sync::Arc;

use super::session_status::SmallPicture;

/// Which of several scans of a place is to be opened is to be asked.
#[derive(Clone, Debug)]
pub struct SeriesQuestion {
    /// Tells one question from the next.
    pub number: u64,
    /// What the place is called.
    pub name: String,
    /// What is chosen goes over the open scan.
    pub over_scan: bool,
    /// It is to be shown beside the open one.
    pub beside_scan: bool,
    /// What there is, by patient and study.
    pub rows: Vec<SeriesCard>,
    /// Which is most likely meant.
    pub likely: usize,
    /// What else is to be told, in the language in use.
    pub notes: Vec<String>,
}

/// A scan that can be chosen.
#[derive(Clone)]
pub struct SeriesCard {
    /// Who was scanned: for the screen, and for nothing else.
    pub patient: String,
    /// Tells patients apart, from 1.
    pub patient_number: usize,
    /// What the study is called.
    pub study: String,
    /// Tells studies apart, from 1.
    pub study_number: usize,
    /// `2024-03-31`; empty if it is not known.
    pub date: String,
    /// Modality and number.
    pub title: String,
    /// What the series is called.
    pub description: String,
    /// How many images it has.
    pub images: usize,
    /// Columns and rows.
    pub size: [usize; 2],
    /// What is odd about it, in the language in use.
    pub remarks: String,
    /// Whether it seems to be a scan.
    pub is_scan: bool,
    /// Its middle slice, as soon as it is drawn.
    pub picture: Option<Arc<SmallPicture>>,
}

/// Without what names a patient.
impl fmt::Debug for SeriesCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} images)", self.title, self.images)
    }
}
