//! The numbers of a comparison as CSV and JSON, with the keys of the command line.

use std::path::PathBuf;

use crate::app::App;
use crate::app::document_number::DocumentNumber;
use crate::app::files::stem_of;
use crate::app::table_file::is_json;
use crate::measure::{COMPARISON_CSV_HEAD, CompareReport, comparison_csv_rows};
use crate::ui::ComparisonTable;
use crate::ui::text::tr_with;

impl App {
    /// The numbers, if they are those of the masks as they are.
    fn numbers_now(&self) -> Option<&ComparisonTable> {
        let status = &self.status.comparison;
        status.table.as_deref().filter(|_| !status.stale)
    }

    /// The file of the masks, A: the label map that was opened or saved, or the scan's.
    pub(in crate::app) fn compared_file(&self) -> Option<PathBuf> {
        let open = self.open.as_ref()?;
        let known = open.saved_to.clone().or_else(|| open.came_from.clone());
        Some(known.unwrap_or_else(|| open.path.clone()))
    }

    pub(super) fn comparison_csv(&self) -> Option<String> {
        let (table, file) = (self.numbers_now()?, self.compared_file()?);
        let case = stem_of(&self.formats, &file);
        Some(COMPARISON_CSV_HEAD.to_owned() + &comparison_csv_rows(&case, &table.found.labels))
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
        let text = if is_json(&path) { self.comparison_json() } else { self.comparison_csv() };
        let (Some(open), Some(text)) = (open, text) else {
            let why = tr_with(
                "Not saved, because the masks have changed or another scan was opened meanwhile: {name}",
                &[("name", &path.display())],
            );
            self.toasts.error(why);
            return;
        };
        let reference = self.comparison.reference.as_ref().map(|reference| reference.path.clone());
        let images: Vec<PathBuf> = reference.into_iter().chain([open.path.clone()]).collect();
        if let Err(why) = self.comparison.file.write(path, text, images) {
            self.toasts.refused(why);
        }
    }

    /// Says that a file is there, or why not.
    pub(super) fn tell_table_file(&mut self) {
        match self.comparison.file.poll() {
            Some(Ok(text)) => self.toasts.info(text),
            Some(Err(why)) => self.toasts.error(why),
            None => {}
        }
    }
}
