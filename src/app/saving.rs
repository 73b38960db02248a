//! Saving the open document's labels: where to, and over what.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::App;
use super::document_number::DocumentNumber;
use super::files::{
    EachObject, EachWritten, Loses, Purpose, Replace, ReplaceQuestion, SaveHow, label_path_for,
    stem_of,
};
use crate::document::{Document, LabelId, Object};
use crate::ui::text::{tr, tr_with};
use crate::ui::{LostPart, ReplaceAnswer, SaveStatus};

/// How many voxels of which objects lie under others.
fn covered(document: &Document) -> BTreeMap<LabelId, usize> {
    let under = document.objects().iter().filter(|o| !o.covered.is_empty());
    under.map(|o| (o.id, o.covered.count())).collect()
}

/// The names of the objects that lie over what of one lies under others.
fn over(document: &Document, object: &Object) -> String {
    let over = document.labels().parts_of(&object.covered).into_keys();
    let names = over.filter_map(|label| document.object(LabelId(label)));
    names.map(|over| over.name.clone()).collect::<Vec<_>>().join(", ")
}

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
        let suggestion = self.keeping(&suggestion).unwrap_or(suggestion);
        self.files.paths.ask(Purpose::Save(open.number, suggestion));
    }

    /// The same file in the first format that keeps what lies under others, if that would be lost under its own name.
    fn keeping(&self, path: &Path) -> Option<PathBuf> {
        if self.would_lose(path).is_empty() {
            return None;
        }
        let ending = *self.keeping_all().first()?;
        Some(path.with_file_name(format!("{}{ending}", stem_of(&self.formats, path))))
    }

    pub(super) fn save(&mut self, path: PathBuf) {
        let known = self.open.as_ref().and_then(|open| open.on_disk.clone());
        self.save_over(path, Replace::Known(known));
    }

    /// The answer to "replace what another program has written?", or to "leave out what lies under other objects?".
    pub(super) fn answer_replace(&mut self, answer: ReplaceAnswer) {
        let question = self.files.take_replace_question(&mut self.status);
        let Some(ReplaceQuestion { document, path, loses }) = question else { return };
        let Some(open) = self.open.as_mut().filter(|open| open.number == document) else { return };
        match (answer, loses) {
            (ReplaceAnswer::Cancel, _) => {}
            (ReplaceAnswer::SaveAs, _) => self.ask_save(),
            (ReplaceAnswer::Replace, Loses::Theirs(_)) => self.save_over(path, Replace::All),
            (ReplaceAnswer::Replace, Loses::Covered { replace, .. }) => {
                let agreed = covered(&open.document);
                let format = self.formats.written_format(&path);
                open.flattened.extend(format.map(|format| (format, agreed)));
                self.save_over(path, replace);
            }
        }
    }

    /// The objects of which a file at this path would not have what lies under others, and how much that is: unless the user has agreed to it for this document and format, and no other object loses something
    /// since, nor any much more.
    fn would_lose(&self, path: &Path) -> Vec<LostPart> {
        let Some(open) = &self.open else { return Vec::new() };
        let format = self.formats.written_format(path);
        let agreed = format.is_none_or(|format| {
            let known = open.flattened.get(format);
            let now = covered(&open.document);
            let is_known = |known: &BTreeMap<LabelId, usize>| {
                now.iter().all(|(id, voxels)| known.get(id).is_some_and(|n| *voxels <= 2 * n))
            };
            known.is_some_and(is_known)
        });
        if agreed || self.formats.keeps_overlaps(path) {
            return Vec::new();
        }
        let document = &open.document;
        let under = document.objects().iter().filter(|o| !o.covered.is_empty());
        let lost = under.map(|o| LostPart {
            name: o.name.clone(),
            ml: document.covered_ml(o),
            wholly_under: o.region.is_empty().then(|| over(document, o)),
        });
        lost.collect()
    }

    /// How the names of files end that have all, of those that can be written of the open scan.
    fn keeping_all(&self) -> Vec<&'static str> {
        let images = self.document().is_some_and(|d| d.image().provenance().images.is_some());
        let mut endings = self.formats.endings_with_overlaps();
        let names_images =
            |ending: &str| self.formats.names_images(Path::new(&format!("labels{ending}")));
        endings.retain(|ending| images || !names_images(ending));
        endings
    }

    /// Asks for the folder in which each object gets a file of its own.
    pub(super) fn ask_save_each(&mut self) {
        if let Some(open) = &self.open {
            self.files.paths.ask(Purpose::EachObject(open.number));
        }
    }

    pub(super) fn save_each(&mut self, wanted: EachObject, replaces: bool) {
        let open = self.open.as_ref().filter(|open| open.number == wanted.document);
        let Some(open) = open else {
            let folder = wanted.folder.display();
            self.toasts.error(tr_with(
                "Not saved, because another scan was opened meanwhile: {name}",
                &[("name", &folder)],
            ));
            return;
        };
        if open.document.pending().is_some() {
            self.toasts
                .warning(tr("Saved without the click that is still being computed").to_owned());
        }
        let begun = self.files.save_each(wanted, (&open.document, &open.path), replaces);
        self.told(begun);
    }

    /// Each object was written into a file of its own.
    pub(super) fn saved_each(&mut self, document: DocumentNumber, written: EachWritten) {
        self.toasts.info(tr_with(
            "{n} files were written and verified, one for each object: {folder}",
            &[("n", &written.count), ("folder", &written.folder.display())],
        ));
        if let Some(open) = self.open.as_mut().filter(|open| open.number == document) {
            open.each_written = Some(written);
        }
    }

    /// The answer to "replace these files?".
    pub(super) fn answer_files(&mut self, replaces: bool) {
        if let Some(order) = self.meshes.take_question() {
            self.status.ask_files = None;
            if replaces {
                self.export_meshes(order, true);
            }
            return;
        }
        let asked = self.files.take_files_question(&mut self.status);
        if let Some(wanted) = asked.filter(|_| replaces) {
            self.save_each(wanted, true);
        }
    }

    fn save_over(&mut self, path: PathBuf, replace: Replace) {
        let lost = self.would_lose(&path);
        let Some(open) = &self.open else { return };
        if !lost.is_empty() && !self.files.is_saving() {
            let loses = Loses::Covered { lost, keeping: self.keeping_all(), replace };
            let question = ReplaceQuestion { document: open.number, path, loses };
            self.files.ask_before_saving(question, &mut self.status);
            return;
        }
        if open.document.pending().is_some() {
            self.toasts
                .warning(tr("Saved without the click that is still being computed").to_owned());
        }
        if self.view.prefs.without_patient && self.formats.names_images(&path) {
            let text = tr("Without the patient's name, number and dates, as the File menu says");
            self.toasts.info(text.to_owned());
        }
        let without_patient = self.view.prefs.without_patient;
        let how = SaveHow { replace, without_patient, ours: Vec::new() };
        match self.files.save((path, &open.path), open.number, &open.document, how) {
            Ok(()) => {
                self.sessions.exporting(open);
                self.status.save = SaveStatus::Saving;
            }
            Err(why) => self.toasts.error(why),
        }
    }
}
