//! A DICOMDIR (PS3.3 F, PS3.10 8): an index of files in its folder, as on a disc of a hospital.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use dicom_dictionary_std::tags;

use super::super::error::IoError;
use super::attributes::Attributes;
use super::opened::{data_set, open};

/// The SOP class of an index.
pub(super) const INDEX: &str = "1.2.840.10008.1.3.10";

/// The files that an index names.
#[derive(Debug, Default)]
pub(super) struct Indexed {
    pub files: Vec<PathBuf>,
    /// Those that are not there, or whose names lead elsewhere, as the index has them.
    pub missing: Vec<String>,
}

/// What an index names, in its order.
pub(super) fn indexed(index: &Path) -> Result<Indexed, IoError> {
    let mut opened = open(index)?;
    let data = data_set(&mut opened, index)?;
    let folder = index.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names = Names::default();
    let mut found = Indexed::default();
    for record in Attributes(&data).items(tags::DIRECTORY_RECORD_SEQUENCE) {
        let Some(name) = record.text(tags::REFERENCED_FILE_ID) else { continue };
        match names.resolve(folder, &name) {
            Some(path) => found.files.push(path),
            None => found.missing.push(name.replace('\\', "/")),
        }
    }
    Ok(found)
}

/// Names of folders as they are on this disk, by their lower-case form: discs are copied in either case of letters.
#[derive(Default)]
struct Names(HashMap<PathBuf, HashMap<String, PathBuf>>);

impl Names {
    /// A file below the folder, by the parts of its name.
    fn resolve(&mut self, folder: &Path, name: &str) -> Option<PathBuf> {
        let mut path = folder.to_owned();
        for part in name.split('\\').map(str::trim) {
            // Nothing but a name: no way out of the folder.
            let odd = |c: char| matches!(c, '/' | ':' | '\0');
            if part.is_empty() || part == "." || part == ".." || part.contains(odd) {
                return None;
            }
            path = self.in_folder(&path, part)?;
        }
        path.is_file().then_some(path)
    }

    fn in_folder(&mut self, folder: &Path, part: &str) -> Option<PathBuf> {
        let exact = folder.join(part);
        if exact.exists() {
            return Some(exact);
        }
        let names = self.0.entry(folder.to_owned()).or_insert_with(|| {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let lower = |entry: std::fs::DirEntry| {
                let name = entry.file_name().to_string_lossy().to_lowercase();
                // As ISO 9660 has it.
                let name = name.trim_end_matches(";1").trim_end_matches('.').to_owned();
                (name, entry.path())
            };
            entries.map(lower).collect()
        });
        names.get(&part.to_lowercase()).cloned()
    }
}
