//! What there is to choose from where several scans lie in one place: a folder, an archive, an index.

use std::fmt;
use std::path::Path;

use super::error::IoError;
use super::limits::Limits;
use super::note::{LabelNote, note};
use super::open_options::{OpenOptions, SliceSpacing};
use crate::volume::Volume;
use crate::work::{CancelToken, Progress};

/// Text that names or describes a patient: for the screen, and never for a file, a log or a message. `{:?}` says
/// nothing of it.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Personal(String);

impl Personal {
    /// Of what a file says.
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// To be shown to whoever has opened the file.
    pub fn for_the_screen(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// What is odd about a scan that could be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeriesRemark {
    /// It is there to plan others by.
    Localizer,
    /// Its images don't say where they lie.
    Placeless,
    /// Its series has images that are no volume together; this is one part of so many.
    Part {
        /// From 1.
        number: usize,
        /// How many there are.
        of: usize,
    },
    /// So many images were there twice.
    Doubles(usize),
}

impl SeriesRemark {
    /// In words.
    pub fn note(&self) -> LabelNote {
        match self {
            Self::Localizer => note("localizer", &[]),
            Self::Placeless => note("no position", &[]),
            Self::Part { number, of } => note(
                "part {n} of {of} of its series",
                &[("n", number.to_string()), ("of", of.to_string())],
            ),
            Self::Doubles(n) => note("{n} images twice", &[("n", n.to_string())]),
        }
    }
}

/// One of the scans that a place has.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesRow {
    /// Names it in [`Source::Chosen`](super::Source::Chosen): the UID of its series, and of a series that is several
    /// scans `#` and the part's number.
    pub key: String,
    /// Who was scanned.
    pub patient: Personal,
    /// Tells patients apart without naming them, from 1.
    pub patient_number: usize,
    /// What the study is called.
    pub study: String,
    /// Tells studies apart, from 1.
    pub study_number: usize,
    /// Of the series, else of the study: `2024-03-31`.
    pub date: Option<String>,
    /// The series' number in its study.
    pub number: Option<i64>,
    /// What the series is called.
    pub description: String,
    /// `CT`, `MR`, `PT`.
    pub modality: String,
    /// How many images it has.
    pub images: usize,
    /// Columns and rows of each.
    pub size: [usize; 2],
    /// What is odd about it.
    pub remarks: Vec<SeriesRemark>,
    /// Whether it seems to be a scan: no localizer, and of several images that lie somewhere.
    pub is_scan: bool,
}

impl SeriesRow {
    /// `CT 5`: short, and no person's.
    pub fn title(&self) -> String {
        let part = self.remarks.iter().find_map(|remark| match remark {
            SeriesRemark::Part { number, .. } => Some(format!(" #{number}")),
            _ => None,
        });
        let number = self.number.map_or_else(String::new, |n| format!(" {n}"));
        format!("{}{number}{}", self.modality, part.unwrap_or_default()).trim().to_owned()
    }
}

/// A small picture in grey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GreyPicture {
    /// Width and height.
    pub size: [usize; 2],
    /// One byte for each pixel, row after row.
    pub pixels: Vec<u8>,
}

/// The scans of a place whose headers were read.
pub trait SeriesList: Send + Sync {
    /// Where they are.
    fn place(&self) -> &Path;

    /// At least one; by patient, study and number.
    fn rows(&self) -> &[SeriesRow];

    /// The one that is most likely meant.
    fn likely(&self) -> usize;

    /// The rows in a line, each with the key by which it can be named; of very many the first.
    fn named(&self) -> String {
        there(self.rows())
    }

    /// What else was there, or should have been.
    fn notes(&self) -> &[LabelNote];

    /// Reads one of them, as the user wishes.
    ///
    /// # Errors
    /// As [`Reader::open_as`](super::Reader::open_as).
    fn open_as(
        &self,
        row: usize,
        options: &OpenOptions,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError>;

    /// As [`SeriesList::open_as`], with no wish but how slices lie.
    ///
    /// # Errors
    /// As that.
    fn open(
        &self,
        row: usize,
        slices: SliceSpacing,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        let options = OpenOptions { slices, ..OpenOptions::default() };
        self.open_as(row, &options, limits, cancel, progress)
    }

    /// Reads the likely one, and says in its warnings what others there are.
    ///
    /// # Errors
    /// As [`Reader::open`](super::Reader::open).
    fn open_likely(
        &self,
        options: &OpenOptions,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError>;

    /// A picture of the middle slice of one of them, no side longer than `side`; `None` if it can't be had.
    fn picture(&self, row: usize, side: usize, cancel: &CancelToken) -> Option<GreyPicture>;

    /// Whether there is nothing to choose: the likely one is the only one that seems to be a scan, or the only one at
    /// all.
    fn is_plain(&self) -> bool {
        let rows = self.rows();
        let scans = rows.iter().filter(|row| row.is_scan).count();
        rows.len() == 1 || (scans == 1 && rows[self.likely()].is_scan)
    }

    /// Which of the rows is meant by a key, by a series' number, by what [`SeriesRow::title`] says, also in brackets
    /// behind a name, or by its description, as far as only one has it.
    ///
    /// # Errors
    /// [`IoError::NoSeries`] if none is, or several are.
    fn find(&self, wanted: &str) -> Result<usize, IoError> {
        found(self.rows(), wanted.trim()).ok_or_else(|| IoError::NoSeries {
            wanted: wanted.to_owned(),
            there: there(self.rows()),
            path: self.place().to_owned(),
        })
    }
}

fn found(rows: &[SeriesRow], wanted: &str) -> Option<usize> {
    let only = |is: &dyn Fn(&SeriesRow) -> bool| {
        let mut found = (0..rows.len()).filter(|n| is(&rows[*n]));
        found.next().filter(|_| found.next().is_none())
    };
    let title = wanted.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    let title = title.unwrap_or(wanted);
    only(&|row| row.key == wanted)
        .or_else(|| only(&|row| row.number.is_some_and(|n| n.to_string() == wanted)))
        .or_else(|| only(&|row| row.title().eq_ignore_ascii_case(title)))
        .or_else(|| only(&|row| !wanted.is_empty() && row.description.eq_ignore_ascii_case(wanted)))
}

/// Those that could be named.
fn there(rows: &[SeriesRow]) -> String {
    const SHOWN: usize = 12;
    let named = |row: &SeriesRow| format!("{} ({})", row.title(), row.key);
    let mut there: Vec<String> = rows.iter().take(SHOWN).map(named).collect();
    if rows.len() > SHOWN {
        there.push("…".to_owned());
    }
    there.join(", ")
}
