//! Saving the open document's labels: where to, and over what.

use std::path::PathBuf;

use super::App;
use super::files::{Purpose, Replace, ReplaceQuestion, SaveHow, label_path_for};
use crate::ui::text::tr;
use crate::ui::{ReplaceAnswer, SaveStatus};

impl App {
    /// To where they were saved last, or to where the user says.
    pub(super) fn save_again(&mut self) {
        match self.open.as_ref().and_then(|open| open.saved_to.clone()) {
            Some(path) => self.save(path),
            None => self.ask_save(),
        }
    }

    pub(super) fn ask_save(&mut self) {
        let Some(open) = &self.open else { return };
        let known = open.saved_to.clone().or_else(|| open.came_from.clone());
        let said = open.document.image().provenance();
        let beside = || label_path_for(&self.formats, &open.path, said);
        let suggestion = known.unwrap_or_else(beside);
        self.files.paths.ask(Purpose::Save(open.number, suggestion));
    }

    pub(super) fn save(&mut self, path: PathBuf) {
        let known = self.open.as_ref().and_then(|open| open.on_disk.clone());
        self.save_over(path, Replace::Known(known));
    }

    /// The answer to "replace what another program has written?".
    pub(super) fn answer_replace(&mut self, answer: ReplaceAnswer) {
        let question = self.files.take_replace_question(&mut self.status);
        let Some(ReplaceQuestion { document, path, .. }) = question else { return };
        if self.open.as_ref().is_none_or(|open| open.number != document) {
            return;
        }
        match answer {
            ReplaceAnswer::Cancel => {}
            ReplaceAnswer::SaveAs => self.ask_save(),
            ReplaceAnswer::Replace => self.save_over(path, Replace::All),
        }
    }

    fn save_over(&mut self, path: PathBuf, replace: Replace) {
        let Some(open) = &self.open else { return };
        if open.document.pending().is_some() {
            self.toasts
                .warning(tr("Saved without the click that is still being computed").to_owned());
        }
        if self.view.prefs.without_patient && self.formats.names_images(&path) {
            let text = tr("Without the patient's name, number and dates, as the File menu says");
            self.toasts.info(text.to_owned());
        }
        let how = SaveHow { replace, without_patient: self.view.prefs.without_patient };
        match self.files.save((path, &open.path), open.number, &open.document, how) {
            Ok(()) => {
                self.sessions.exporting(open);
                self.status.save = SaveStatus::Saving;
            }
            Err(why) => self.toasts.error(why),
        }
    }
}
