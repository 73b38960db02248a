//! The numbers of the objects as CSV and JSON, with the keys of `voxpoint measure`; what was measured with lines, with those
//! of `voxpoint info`.

use std::path::PathBuf;

use super::App;
use super::document_number::DocumentNumber;
use super::files::Purpose;
use super::table_file::is_json;
use crate::measure::{
    DrawnMeasure, DrawnMeasures, MEASURES_CSV_HEAD, MeasuredFile, drawn_measures_csv, measures_csv,
};
use crate::ui::measured_objects;
use crate::ui::state::readout;
use crate::ui::text::{tr, tr_with};
use crate::volume::ValueUnit;

impl App {
    pub(super) fn ask_save_measures(&mut self) {
        let Some(open) = &self.open else { return };
        let stem = open.stem(&self.formats);
        let suggestion = open.path.with_file_name(format!("{stem}_measures.csv"));
        self.files.paths.ask(Purpose::Measures(open.number, suggestion));
    }

    /// The numbers, once those of all objects are known.
    fn measured(&self) -> Option<MeasuredFile> {
        let open = self.open.as_ref()?;
        Some(MeasuredFile {
            file: self.measured_file()?.display().to_string(),
            scan: Some(open.path.display().to_string()),
            unit: readout::value_unit(&self.view).map(ValueUnit::name),
            structures: measured_objects(&open.document, &self.status.measures)?,
        })
    }

    /// The file that has the masks as they are measured: none while the label map that was exported has others.
    fn measured_file(&self) -> Option<PathBuf> {
        let open = self.open.as_ref()?;
        match open.label_map() {
            Some(_) => Some(open.exported_as_it_is().cloned().unwrap_or_default()),
            None => Some(open.path.clone()),
        }
    }

    pub(super) fn ask_save_drawn(&mut self) {
        let Some(open) = &self.open else { return };
        let stem = open.stem(&self.formats);
        let suggestion = open.path.with_file_name(format!("{stem}_drawn.csv"));
        self.files.paths.ask(Purpose::Drawn(open.number, suggestion));
    }

    /// Writes what was measured with lines, as JSON if the name says so.
    pub(super) fn save_drawn(&mut self, document: DocumentNumber, path: PathBuf) {
        let open = self.open.as_ref().filter(|open| open.number == document);
        let text = open.and_then(|open| {
            let scan = open.document.image();
            let unit = readout::value_unit(&self.view);
            let drawn = open.document.measurements().iter();
            let measurements =
                drawn.map(|m| DrawnMeasure::of(m, Some(&**scan), unit)).collect::<Vec<_>>();
            if !is_json(&path) {
                return Some(drawn_measures_csv(&measurements));
            }
            let (scan, unit) = (open.path.display().to_string(), unit.map(ValueUnit::name));
            serde_json::to_string_pretty(&DrawnMeasures { scan, unit, measurements }).ok()
        });
        self.write_numbers(document, path, text);
    }

    /// Writes the numbers, as JSON if the name says so.
    pub(super) fn save_measures(&mut self, document: DocumentNumber, path: PathBuf) {
        let text = self.measured().and_then(|found| {
            if is_json(&path) {
                return serde_json::to_string_pretty(&found).ok();
            }
            Some(format!("{MEASURES_CSV_HEAD}{}", measures_csv(&found)))
        });
        let open = self.open.as_ref().filter(|open| open.number == document);
        let is_ahead =
            open.is_some_and(|open| open.label_map().is_some() && open.document.is_modified());
        if is_ahead && text.is_some() {
            self.toasts.warning(
                tr("The masks have changes that are not exported: the numbers are saved without the name of a mask file.")
                    .to_owned(),
            );
        }
        self.write_numbers(document, path, text);
    }

    /// Writes a text about this document; `None`: there is none now.
    fn write_numbers(&mut self, document: DocumentNumber, path: PathBuf, text: Option<String>) {
        let open = self.open.as_ref().filter(|open| open.number == document);
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
