//! The lines of a header, not yet believed.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;

use super::super::error::IoError;
use super::super::text_header::{HeaderLines, shown};

/// The fields of a header by their names, which are in lower case and without blanks. Keys with values (`key:=value`)
/// may name a patient: but for those of segments they are not kept.
pub(super) struct Fields {
    found: BTreeMap<String, String>,
    /// The names that follow `data file: LIST`.
    pub(super) listed: Vec<String>,
    /// Keys that begin with `Segment`, with their values: the names of labels.
    pub(super) segments: Vec<(String, String)>,
    /// Bytes up to the first voxel of an attached header.
    pub(super) bytes: u64,
}

impl Fields {
    /// Reads them, up to the empty line or the end of the file.
    pub(super) fn read(reader: &mut impl BufRead, path: &Path) -> Result<Self, IoError> {
        let mut lines = HeaderLines::new(reader, path);
        let magic = lines.next()?.unwrap_or_default();
        if !magic.starts_with("NRRD") {
            return Err(IoError::header("it is not that of an NRRD file", path));
        }
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        let (mut listed, mut segments) = (Vec::new(), Vec::new());
        while let Some(line) = lines.next()? {
            if line.is_empty() {
                break;
            }
            if line.starts_with('#') {
                continue;
            }
            let Some((name, value)) = field(&line) else {
                if let Some((key, value)) = line.split_once(":=") {
                    if key.starts_with("Segment") {
                        segments.push((key.to_owned(), value.to_owned()));
                    }
                    continue;
                }
                return Err(IoError::header(format!("the line {}", shown(&line)), path));
            };
            let list = name == "datafile"
                && value.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("LIST"));
            if found.contains_key(&name) {
                return Err(IoError::header(format!("it has {} twice", shown(&name)), path));
            }
            found.insert(name, value.to_owned());
            if list {
                // All lines that are left.
                while let Some(line) = lines.next()? {
                    let name = line.trim();
                    if !name.is_empty() {
                        listed.push(name.to_owned());
                    }
                }
            }
        }
        Ok(Self { found, listed, segments, bytes: lines.bytes() })
    }

    /// What a field says.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.found.get(name).map(String::as_str)
    }
}

/// `name: value`, the name as it is known here.
fn field(line: &str) -> Option<(String, &str)> {
    let (name, value) = line.split_once(": ").or_else(|| {
        // A field that says nothing.
        line.strip_suffix(':').map(|name| (name, ""))
    })?;
    if name.contains(":=") {
        return None;
    }
    let name: String = name.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let name = if name == "centers" { "centerings".to_owned() } else { name };
    Some((name, value.trim()))
}
