//! The scans of a folder, as `voxpoint info FOLDER` lists them. No patient is named: whoever reads this may keep it.

use std::fmt::Write as _;

use serde::Serialize;

use super::{print, print_json};
use crate::io::{SeriesList, SeriesRow};
use crate::text::one_line;

/// What a place has; keys are stable.
#[derive(Debug, Serialize)]
struct Place<'a> {
    #[serde(rename = "place")]
    path: String,
    series: Vec<Series<'a>>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Series<'a> {
    /// For `--series`.
    key: &'a str,
    title: String,
    /// Counted, not named.
    patient: usize,
    study: usize,
    study_description: &'a str,
    description: &'a str,
    modality: &'a str,
    number: Option<i64>,
    date: Option<&'a str>,
    images: usize,
    /// Columns and rows.
    size: [usize; 2],
    remarks: Vec<String>,
    /// It seems to be a scan.
    is_scan: bool,
    /// It is opened if no series is named.
    likely: bool,
}

impl<'a> Series<'a> {
    fn of(row: &'a SeriesRow, likely: bool) -> Self {
        Self {
            key: &row.key,
            title: row.title(),
            patient: row.patient_number,
            study: row.study_number,
            study_description: &row.study,
            description: &row.description,
            modality: &row.modality,
            number: row.number,
            date: row.date.as_deref(),
            images: row.images,
            size: row.size,
            remarks: row.remarks.iter().map(|remark| remark.note().to_string()).collect(),
            is_scan: row.is_scan,
            likely,
        }
    }

    fn line(&self) -> String {
        let [columns, rows] = self.size;
        let mark = if self.likely { '*' } else { ' ' };
        let mut line = format!(
            "{mark} {:<7} {:<7} {:<10} {:>6} {:>11}  {}",
            format!("{}.{}", self.patient, self.study),
            self.title,
            self.date.unwrap_or("-"),
            self.images,
            format!("{columns} × {rows}"),
            one_line(self.description)
        );
        if !self.remarks.is_empty() {
            let _ = write!(line, " ({})", self.remarks.join(", "));
        }
        line
    }
}

/// Prints the scans among which can be chosen.
pub fn print_list(list: &dyn SeriesList, json: bool) -> anyhow::Result<()> {
    let series = list.rows().iter().enumerate();
    let place = Place {
        path: list.place().display().to_string(),
        series: series.map(|(n, row)| Series::of(row, n == list.likely())).collect(),
        notes: list.notes().iter().map(ToString::to_string).collect(),
    };
    if json {
        return print_json(&place);
    }
    let mut text = format!(
        "  {:<7} {:<7} {:<10} {:>6} {:>11}  description",
        "patient", "series", "date", "images", "size"
    );
    for series in &place.series {
        let _ = write!(text, "\n{}", series.line());
    }
    for note in &place.notes {
        let _ = write!(text, "\nwarning: {note}");
    }
    text.push_str("\n* is opened if none is named by --series");
    print(&text)
}
