//! The numbers of a comparison as CSV and JSON, with the keys of the command line.

use std::io::Write as _;
use std::path::PathBuf;

use crate::app::App;
use crate::app::document_number::DocumentNumber;
use crate::app::files::{same_file, stem_of};
use crate::io;
use crate::measure::{COMPARISON_CSV_HEAD, CompareReport, comparison_csv_rows};
use crate::ui::ComparisonTable;
use crate::ui::text::{tr, tr_with};
use crate::work::{Task, Wake};

/// Why nothing was written.
enum NotWritten {
    Because(std::io::Error),
    /// It would replace the scan or B.
    Image,
}

/// The file that is being written.
pub(super) struct TableFile {
    wake: Wake,
    writing: Option<(PathBuf, Task<Result<(), NotWritten>>)>,
}

impl TableFile {
    pub fn new(wake: Wake) -> Self {
        Self { wake, writing: None }
    }

    pub fn is_busy(&self) -> bool {
        self.writing.is_some()
    }
}

impl App {
    /// The numbers, if they are those of the masks as they are.
    fn numbers_now(&self) -> Option<&ComparisonTable> {
        let status = &self.status.comparison;
        status.table.as_deref().filter(|_| !status.stale)
    }

    /// The file of A: the label map that was opened or saved, or the scan's.
    fn compared_file(&self) -> Option<PathBuf> {
        let open = self.open.as_ref()?;
        let known = open.saved_to.clone().or_else(|| open.came_from.clone());
        Some(known.unwrap_or_else(|| open.path.clone()))
    }

    pub(super) fn comparison_csv(&self) -> Option<String> {
        let (table, file) = (self.numbers_now()?, self.compared_file()?);
        let case = stem_of(&self.formats, &file);
        Some(COMPARISON_CSV_HEAD.to_owned() + &comparison_csv_rows(&case, &table.found))
    }

    fn comparison_json(&self) -> Option<String> {
        let (table, file) = (self.numbers_now()?, self.compared_file()?);
        let b = self.comparison.reference.as_ref()?.path.display().to_string();
        let report = CompareReport {
            a: file.display().to_string(),
            b,
            tolerance_mm: table.tolerance_mm,
            paired_by: table.by,
            found: &table.found,
        };
        serde_json::to_string_pretty(&report).ok()
    }

    /// Writes the numbers, as JSON if the name says so.
    pub(in crate::app) fn save_comparison(&mut self, document: DocumentNumber, path: PathBuf) {
        let open = self.open.as_ref().filter(|open| open.number == document);
        let as_json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
        let text = if as_json { self.comparison_json() } else { self.comparison_csv() };
        let (Some(open), Some(text)) = (open, text) else {
            let why = tr_with(
                "Not saved, because the masks have changed or another scan was opened meanwhile: {name}",
                &[("name", &path.display())],
            );
            self.toasts.error(why);
            return;
        };
        if self.comparison.file.writing.is_some() {
            self.toasts.refused(tr("Wait until the table before is saved").to_owned());
            return;
        }
        let reference = self.comparison.reference.as_ref().map(|reference| reference.path.clone());
        let images: Vec<PathBuf> = reference.into_iter().chain([open.path.clone()]).collect();
        let file = path.clone();
        let wake = self.comparison.file.wake.clone();
        let task = Task::start("comparison file", wake, move |_, _| {
            if images.iter().any(|image| same_file(&file, image)) {
                return Err(NotWritten::Image);
            }
            let write = |out: &mut std::fs::File| out.write_all(text.as_bytes());
            io::write_whole(&file, write).map_err(NotWritten::Because)
        });
        match task {
            Ok(task) => self.comparison.file.writing = Some((path, task)),
            Err(why) => self.toasts.error(format!("{}: {why}", path.display())),
        }
    }

    /// Says that a file is there, or why not.
    pub(super) fn tell_table_file(&mut self) {
        let writing = &mut self.comparison.file.writing;
        let Some(answer) = writing.as_ref().and_then(|(_, task)| task.poll()) else { return };
        let Some((path, _)) = writing.take() else { return };
        let name = path.display();
        match answer {
            Ok(Ok(())) => self.toasts.info(format!("{}: {name}", tr("Saved"))),
            Ok(Err(NotWritten::Image)) => {
                let text = tr("That is an image or a label map; choose another name");
                self.toasts.error(format!("{text}: {name}"));
            }
            Ok(Err(NotWritten::Because(why))) => {
                let values = [("name", &name as &dyn std::fmt::Display), ("why", &why)];
                self.toasts.error(tr_with("{name} can't be written: {why}", &values));
            }
            Err(_) => {
                let text = tr("The comparison could not be saved");
                self.toasts.error(format!("{text}: {name}"));
            }
        }
    }
}
