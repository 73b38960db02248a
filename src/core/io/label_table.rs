//! Label tables; those of other programs are in `others`. Ours are `ITK-SNAP`'s label descriptions: one line for each
//! label,
//! `index red green blue alpha visible mesh "name"`, `#` begins a comment.
//!
//! Alpha is the opacity in 3D here. A label that is not visible is hidden everywhere; one that is visible with
//! its mesh switched off has no surface in 3D, which is opacity 0.

mod encoding;
mod others;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::note::{LabelNote, note};
use super::registry::{Registry, renamed};
use crate::placeholder::Placeholder;
use crate::volume::LabelName;

pub use encoding::decode;
pub use others::TableKind;

/// A table larger than this is something else with a table's name.
const MOST_BYTES: u64 = 4 << 20;

const HEADER: &str = "\
################################################
# ITK-SnAP Label Description File
# File format:
# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL
# Where:
#    IDX:   Zero-based index
#    -R-:   Red color component (0..255)
#    -G-:   Green color component (0..255)
#    -B-:   Blue color component (0..255)
#    -A-:   Label transparency (0.00 .. 1.00)
#    VIS:   Label visibility (0 or 1)
#    IDX:   Label mesh visibility (0 or 1)
#  LABEL:   Label description
################################################
";

/// Where the table of a label map is written; `None` if no format has files of such a name.
pub(super) fn path_for(formats: &Registry, labels: &Path) -> Option<PathBuf> {
    Some(renamed(labels, formats.stem(labels)?, ".labels.txt"))
}

/// How tables beside a label map are called, behind its stem: ITK-SNAP's, 3D Slicer's, those of BIDS, `FreeSurfer`'s.
const ENDINGS: [&str; 7] = [".labels.txt", ".label", ".ctbl", ".tsv", SIDECAR, "_LUT.txt", ".txt"];

/// What BIDS has beside a table, or without one.
const SIDECAR: &str = ".json";

/// A row of a table that was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TableRow {
    /// The number in the label map.
    pub value: u64,
    pub name: String,
    /// sRGB.
    pub colour: [u8; 3],
    /// Of the surface in 3D, 0 to 1.
    pub opacity: f32,
    pub visible: bool,
}

/// A table that was read, and what the user should know of it.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub rows: Vec<TableRow>,
    pub notes: Vec<LabelNote>,
}

/// The table beside a label map, empty if there is none: names are a help, their lack no error.
pub(super) fn beside(formats: &Registry, labels: &Path) -> Table {
    let Some(stem) = formats.stem(labels) else { return Table::default() };
    let mut notes = Vec::new();
    for ending in ENDINGS {
        let path = renamed(labels, stem, ending);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = match bytes_of(&path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => continue,
            Err(why) => {
                let values = [("table", name), ("why", why)];
                notes.push(note("the label table {table} was not read: {why}", &values));
                continue;
            }
        };
        let mut table = if ending == SIDECAR {
            let rows = others::read_sidecar(&encoding::decode(&bytes).0).unwrap_or_default();
            Table { rows, notes: Vec::new() }
        } else {
            read(&bytes, &name)
        };
        // Any text may lie there under the last name.
        if !table.rows.is_empty() || ![".txt", ".tsv"].contains(&ending) {
            notes.append(&mut table.notes);
        }
        if !table.rows.is_empty() {
            return Table { rows: table.rows, notes };
        }
    }
    Table { rows: Vec::new(), notes }
}

/// The rows of the table at a path, of labels as we have them; `None` if there is no such file, or none that can be a
/// table.
pub(super) fn at(path: &Path) -> Option<Vec<LabelName>> {
    Some(rows_at(path)?.into_iter().filter_map(|row| LabelName::try_from(row).ok()).collect())
}

/// Whether the table at a path says these rows and no others.
pub(super) fn says(path: &Path, rows: &[LabelName]) -> bool {
    let found: Option<Result<Vec<_>, _>> =
        rows_at(path).map(|found| found.into_iter().map(LabelName::try_from).collect());
    found.is_some_and(|found| found.is_ok_and(|found| found == rows))
}

fn rows_at(path: &Path) -> Option<Vec<TableRow>> {
    Some(read(&bytes_of(path).ok()??, "").rows)
}

impl From<LabelName> for TableRow {
    fn from(row: LabelName) -> Self {
        let LabelName { value, name, colour, opacity, visible } = row;
        Self { value: value.into(), name, colour, opacity, visible }
    }
}

impl TryFrom<TableRow> for LabelName {
    type Error = std::num::TryFromIntError;

    fn try_from(row: TableRow) -> Result<Self, Self::Error> {
        let TableRow { value, name, colour, opacity, visible } = row;
        Ok(Self { value: value.try_into()?, name, colour, opacity, visible })
    }
}

/// All of a file that may be a table; `None` if there is none.
fn bytes_of(path: &Path) -> Result<Option<Vec<u8>>, String> {
    if let Some(what) = Placeholder::at(path) {
        return Err(what.to_string());
    }
    match std::fs::metadata(path) {
        Ok(m) if !m.is_file() => Ok(None),
        Ok(m) if m.len() > MOST_BYTES => Err("it is larger than 4 MB".to_owned()),
        Ok(_) => std::fs::read(path).map(Some).map_err(|e| e.to_string()),
        Err(_) => Ok(None),
    }
}

/// The rows that can be understood, and which can't; label 0 is background and has none. `name` is the file's.
fn read(bytes: &[u8], name: &str) -> Table {
    let (text, guessed) = encoding::decode(bytes);
    let lines: Vec<(usize, &str)> = encoding::lines(&text)
        .map(|(number, line)| (number, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
    let (mut odd, mut again) = (Vec::new(), Vec::new());
    for (number, line) in &lines {
        match row(line) {
            Some(row) if row.value == 0 => {}
            Some(row) => {
                if !seen.insert(row.value) {
                    again.push(*number);
                }
                rows.push(row);
            }
            None => odd.push(*number),
        }
    }
    if rows.is_empty()
        && let Some(other) = others::read(&lines)
    {
        (rows, odd) = other;
    }
    let mut notes = Vec::new();
    let mut say = |text, what, value: String| {
        notes.push(note(text, &[("table", name.to_owned()), (what, value)]));
    };
    if !odd.is_empty() {
        say(
            "lines of the label table {table} that could not be understood were passed over: {lines}",
            "lines",
            list(&odd),
        );
    }
    if !again.is_empty() {
        say(
            "lines of the label table {table} are about a label for the second time, and replace the first: {lines}",
            "lines",
            list(&again),
        );
    }
    if let Some(encoding) = guessed {
        say(
            "the label table {table} is not in UTF-8; its names were read as {encoding}",
            "encoding",
            encoding.to_owned(),
        );
    }
    Table { rows, notes }
}

/// `3, 7, 12 …`
fn list(lines: &[usize]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = lines.iter().take(SHOWN).map(ToString::to_string).collect();
    shown.join(", ") + if lines.len() > SHOWN { " …" } else { "" }
}

fn row(line: &str) -> Option<TableRow> {
    let mut rest = line;
    // Up to the next blank or quote, which a name in quotes may follow at once.
    let mut next = || {
        rest = rest.trim_start();
        let end = rest.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(rest.len());
        let (field, after) = rest.split_at(end);
        // A quote is left for the name.
        rest = after;
        (!field.is_empty()).then_some(field)
    };
    let value = next()?.parse().ok()?;
    let colour = [next()?.parse().ok()?, next()?.parse().ok()?, next()?.parse().ok()?];
    // Programs write numbers as the system's language does.
    let alpha: f32 = next()?.replace(',', ".").parse().ok()?;
    let alpha = if alpha.is_finite() { alpha.clamp(0.0, 1.0) } else { 1.0 };
    let visible = flag(next()?)?;
    let mesh = next().map_or(Some(true), flag)?;
    let opacity = if visible && !mesh { 0.0 } else { alpha };
    let name = rest.trim();
    let name = name
        .strip_prefix('"')
        .map_or(name, |name| name.rsplit_once('"').map_or(name, |(inside, _)| inside));
    Some(TableRow { value, name: name.trim().to_owned(), colour, opacity, visible })
}

fn flag(text: &str) -> Option<bool> {
    text.parse::<f32>().ok().map(|n| n != 0.0)
}

/// The table's text.
pub(super) fn write(table: &[LabelName]) -> String {
    let mut text = String::from(HEADER);
    text.push_str("    0     0    0    0        0  0  0    \"Clear Label\"\n");
    for LabelName { value, name, colour: [r, g, b], opacity, visible } in table {
        // A quote or a line break would end the name.
        let name: String = name
            .chars()
            .map(|c| {
                if c == '"' {
                    '\''
                } else if c.is_control() {
                    ' '
                } else {
                    c
                }
            })
            .collect();
        // Without a surface in 3D it is still opaque in the slices of other programs.
        let no_surface = *visible && *opacity == 0.0;
        let alpha = if no_surface { 1.0 } else { *opacity };
        let (v, m) = (u8::from(*visible), u8::from(*visible && !no_surface));
        // Writing to a string does not fail.
        let _ = writeln!(text, "{value:5} {r:5} {g:4} {b:4} {alpha:8}  {v}  {m}    \"{name}\"");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &str) -> Vec<TableRow> {
        read(text.as_bytes(), "t").rows
    }

    prop_compose! {
        fn any_row()(
            value in 1u16..,
            name in "[^\"\\p{C}\\s]([^\"\\p{C}]{0,20}[^\"\\p{C}\\s])?",
            colour: [u8; 3],
            opacity in prop_oneof![Just(0.0f32), Just(1.0), 0.0f32..1.0],
            visible: bool,
        ) -> LabelName {
            LabelName { value, name, colour, opacity, visible }
        }
    }

    proptest! {
        #[test]
        fn tables_survive_writing_and_reading(
            table in prop::collection::btree_map(1u16.., any_row(), 0..6),
            endings in prop_oneof![Just("\n"), Just("\r"), Just("\r\n")],
            wide: bool,
        ) {
            let table: Vec<LabelName> =
                table.into_iter().map(|(value, row)| LabelName { value, ..row }).collect();
            let text = write(&table).replace('\n', endings);
            let bytes = if wide {
                text.encode_utf16().flat_map(u16::to_le_bytes).collect()
            } else {
                text.into_bytes()
            };
            let back = read(&bytes, "t");
            prop_assert_eq!(&back.notes, &[]);
            let back: Vec<LabelName> = back
                .rows
                .into_iter()
                .map(|row| LabelName::try_from(row).unwrap())
                .collect();
            prop_assert_eq!(back, table);
        }
    }

    #[test]
    fn rows_as_they_come() {
        let row = |name: &str, opacity, visible| {
            let (value, colour) = (4, [0, 255, 7]);
            Some(TableRow { value, name: name.to_owned(), colour, opacity, visible })
        };
        for (line, expected) in [
            ("4 0 255 7 0.5 1 1 \"liver\"", row("liver", 0.5, true)),
            ("   4\t0\t255\t7\t0.5\t1\t1\t\"liver\"", row("liver", 0.5, true)),
            ("4 0 255 7 0,5 1 1 \"liver\"", row("liver", 0.5, true)),
            ("4 0 255 7 0.5 1 1\"liver\"", row("liver", 0.5, true)),
            ("4 0 255 7 0.5 1 1 liver, left lobe", row("liver, left lobe", 0.5, true)),
            ("4 0 255 7 0.5 1 1 \"a \"b\" # c\"", row("a \"b\" # c", 0.5, true)),
            ("4 0 255 7 0.5 1 1 \"no end", row("no end", 0.5, true)),
            ("4 0 255 7 0.5 1 1 \"\"", row("", 0.5, true)),
            ("4 0 255 7 0.5 1 \"no mesh\"", row("no mesh", 0.5, true)),
            ("4 0 255 7 0.5 0 0 \"hidden\"", row("hidden", 0.5, false)),
            ("4 0 255 7 0.5 0 1 \"hidden\"", row("hidden", 0.5, false)),
            ("4 0 255 7 0.5 1 0 \"not in 3D\"", row("not in 3D", 0.0, true)),
            ("4 0 255 7 7 1 1 \"a\"", row("a", 1.0, true)),
            ("4 0 255 7 NaN 1 1 \"a\"", row("a", 1.0, true)),
            ("4 0 255 7 -1 1 1 \"a\"", row("a", 0.0, true)),
            ("4 0 999 7 1 1 1 \"a\"", None),
            ("-4 0 255 7 1 1 1 \"a\"", None),
            ("4 0 255 7 1 \"a\"", None),
            ("4 0 255 7 1 yes yes \"a\"", None),
            ("rubbish", None),
        ] {
            assert_eq!(super::row(line), expected, "{line}");
        }
        assert_eq!(rows("70001 1 2 3 1 1 1 \"a\"")[0].value, 70_001);
    }

    #[test]
    fn what_is_passed_over_is_told_with_its_line() {
        let table = read(
            b"# \"x\"\r0 0 0 0 0 0 0 \"Clear Label\"\r\r4 1 2 3 1 1 1 \"a\"\r5 999 0 0 1 1 1 \"x\"\r4 1 2 3 1 1 1 \"b\"\rrubbish",
            "m.label",
        );
        assert_eq!(table.rows.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let told: Vec<String> = table.notes.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2);
        assert!(told[0].contains("m.label") && told[0].ends_with(": 5, 7"), "{told:?}");
        assert!(told[1].contains("second time") && told[1].ends_with(": 6"), "{told:?}");
    }
}
