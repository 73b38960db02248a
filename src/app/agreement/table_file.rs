//! How raters agree as CSV and JSON, with the keys of the command line.

use std::path::PathBuf;

use crate::app::App;
use crate::app::document_number::DocumentNumber;
use crate::app::files::Purpose;
use crate::app::table_file::is_json;
use crate::ui::text::tr_with;

impl App {
    /// The numbers as a table, if they are those of the raters as they are.
    pub(super) fn agreement_csv(&self) -> Option<String> {
        let status = &self.status.agreement;
        let report = status.report.as_deref().filter(|_| !status.stale)?;
        Some(report.csv(&status.names))
    }

    fn agreement_json(&self) -> Option<String> {
        let status = &self.status.agreement;
        let report = status.report.as_deref().filter(|_| !status.stale)?;
        serde_json::to_string_pretty(report).ok()
    }

    pub(super) fn ask_save_agreement(&mut self) {
        let Some(open) = &self.open else { return };
        let stem = open.stem(&self.formats);
        let suggestion = open.path.with_file_name(format!("{stem}_agreement.csv"));
        self.files.paths.ask(Purpose::Agreement(open.number, suggestion));
    }

    /// Writes the numbers, as JSON if the name says so.
    pub(in crate::app) fn save_agreement(&mut self, document: DocumentNumber, path: PathBuf) {
        let open = self.open.as_ref().filter(|open| open.number == document);
        let text = if is_json(&path) { self.agreement_json() } else { self.agreement_csv() };
        let (Some(open), Some(text)) = (open, text) else {
            let why = tr_with(
                "Not saved, because the raters have changed or another scan was opened meanwhile: {name}",
                &[("name", &path.display())],
            );
            self.toasts.error(why);
            return;
        };
        let raters = self.agreement.raters.iter().map(|rater| rater.path.clone());
        let images: Vec<PathBuf> = raters.chain([open.path.clone()]).collect();
        if let Err(why) = self.agreement.file.write(path, text, images) {
            self.toasts.refused(why);
        }
    }
}
