//! Names and colours of the objects for other programs, in tables as they read them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::App;
use super::document_number::DocumentNumber;
use super::files::{Purpose, TABLE_ENDINGS, label_names, name_of, stem_of};
use crate::io::TableKind;
use crate::ui::text::tr_with;

/// For which program a table of this name is, and the name of a label map beside which it stands.
fn table_of(path: &Path) -> Option<(TableKind, PathBuf)> {
    let name = path.file_name()?.to_str()?;
    [TableKind::Slicer, TableKind::FreeSurfer, TableKind::Bids].into_iter().find_map(|kind| {
        let at = name.len().checked_sub(kind.ending().len())?;
        let (stem, ending) = (name.get(..at)?, name.get(at..)?);
        let is_it = !stem.is_empty() && ending.eq_ignore_ascii_case(kind.ending());
        is_it.then(|| (kind, path.with_file_name(format!("{stem}.nii.gz"))))
    })
}

impl App {
    /// Asks where; beside the label map if there is one.
    pub(super) fn ask_save_label_table(&mut self) {
        let Some(open) = &self.open else { return };
        let (beside, stem) = match open.label_map() {
            Some(map) => (map, stem_of(&self.formats, map)),
            None => (&open.path, open.stem(&self.formats)),
        };
        let suggestion = beside.with_file_name(format!("{stem}{}", TABLE_ENDINGS[0]));
        let is_ahead = open.label_map().is_some() && open.document.is_modified();
        self.files.paths.ask(Purpose::LabelTable(open.number, suggestion, is_ahead));
    }

    /// Writes the table for the program that its name says.
    pub(super) fn save_label_table(&mut self, document: DocumentNumber, path: PathBuf) {
        let name = path.display();
        let Some(open) = self.open.as_ref().filter(|open| open.number == document) else {
            self.toasts.error(tr_with(
                "Not saved, because another scan was opened meanwhile: {name}",
                &[("name", &name)],
            ));
            return;
        };
        let Some((kind, labels)) = table_of(&path) else {
            self.toasts.error(tr_with(
                "Not saved: which program a table is for is told by the end of its name, which is {endings}: {name}",
                &[("endings", &TABLE_ENDINGS.join(", ")), ("name", &name)],
            ));
            return;
        };
        // Beside a new table lies what may be another program's: no question was asked of it.
        let sidecar = path.with_extension("json");
        if kind == TableKind::Bids && !path.exists() && sidecar.exists() {
            let why = tr_with(
                "Not saved, because its second file is there already, perhaps of an image; choose another name: {name}",
                &[("name", &sidecar.display())],
            );
            self.toasts.error(why);
            return;
        }
        if let Some(map) = open.label_map().filter(|_| open.document.is_modified()) {
            self.toasts.warning(tr_with(
                "The table has the objects as they are now; the exported mask may have other numbers until it is exported again: {name}",
                &[("name", &name_of(map))],
            ));
        }
        let names = label_names(&open.document, true);
        let masks = [open.saved_to.clone(), open.came_from.clone()].into_iter().flatten();
        let images = masks.chain([open.path.clone()]).collect();
        let formats = Arc::clone(&self.formats);
        let write = move || formats.save_table(&labels, &names, kind).map(drop);
        if let Err(why) = self.measures_file.write_by(path, images, write) {
            self.toasts.refused(why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_for_which_program_a_table_is() {
        for (name, expected) in [
            ("m.ctbl", Some((TableKind::Slicer, "m.nii.gz"))),
            ("m_LUT.txt", Some((TableKind::FreeSurfer, "m.nii.gz"))),
            ("m_lut.TXT", Some((TableKind::FreeSurfer, "m.nii.gz"))),
            ("sub-1_dseg.tsv", Some((TableKind::Bids, "sub-1_dseg.nii.gz"))),
            (".ctbl", None),
            ("m.txt", None),
        ] {
            let expected = expected.map(|(kind, labels)| (kind, Path::new("a").join(labels)));
            assert_eq!(table_of(&Path::new("a").join(name)), expected, "{name}");
        }
        for (kind, ending) in
            [TableKind::Slicer, TableKind::FreeSurfer, TableKind::Bids].iter().zip(TABLE_ENDINGS)
        {
            assert_eq!(kind.ending(), ending);
        }
    }
}
