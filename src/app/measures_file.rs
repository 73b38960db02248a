//! The numbers of the objects as CSV and JSON, with the keys of `voxpoint measure`.

use std::path::PathBuf;

use super::App;
use super::document_number::DocumentNumber;
use super::files::{Purpose, stem_of};
use super::table_file::is_json;
use crate::measure::{MEASURES_CSV_HEAD, MeasuredFile, measures_csv};
use crate::ui::measured_objects;
use crate::ui::text::tr_with;
use crate::volume::SuvKind;

impl App {
    pub(super) fn ask_save_measures(&mut self) {
        let Some(open) = &self.open else { return };
        let stem = stem_of(&self.formats, &open.path);
        let suggestion = open.path.with_file_name(format!("{stem}_measures.csv"));
        self.files.paths.ask(Purpose::Measures(open.number, suggestion));
    }

    /// The numbers, once those of all objects are known.
    fn measured(&self) -> Option<MeasuredFile> {
        let open = self.open.as_ref()?;
        let image = open.document.image();
        let is_ct = self.view.scan.stats.is_some_and(|stats| stats.looks_like_ct());
        Some(MeasuredFile {
            file: self.compared_file()?.display().to_string(),
            scan: Some(open.path.display().to_string()),
            unit: image.suv_kind().map(SuvKind::unit).or(is_ct.then_some("HU")),
            structures: measured_objects(&open.document, &self.status.measures)?,
        })
    }

    /// Writes the numbers, as JSON if the name says so.
    pub(super) fn save_measures(&mut self, document: DocumentNumber, path: PathBuf) {
        let open = self.open.as_ref().filter(|open| open.number == document);
        let text = self.measured().and_then(|found| {
            if is_json(&path) {
                return serde_json::to_string_pretty(&found).ok();
            }
            Some(format!("{MEASURES_CSV_HEAD}{}", measures_csv(&found)))
        });
        let (Some(open), Some(text)) = (open, text) else {
            let why = tr_with(
                "Not saved, because the masks have changed or another scan was opened meanwhile: {name}",
                &[("name", &path.display())],
            );
            self.toasts.error(why);
            return;
        };
        let masks = [open.saved_to.clone(), open.came_from.clone()].into_iter().flatten();
        let images = masks.chain([open.path.clone()]).collect();
        if let Err(why) = self.measures_file.write(path, text, images) {
            self.toasts.refused(why);
        }
    }

    /// Says that a file is there, or why not.
    pub(super) fn tell_measures_file(&mut self) {
        match self.measures_file.poll() {
            Some(Ok(text)) => self.toasts.info(text),
            Some(Err(why)) => self.toasts.error(why),
            None => {}
        }
    }
}
