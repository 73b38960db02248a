//! Label tables as `ITK-SNAP`'s label descriptions: one line for each label,
//! `index red green blue alpha visible mesh "name"`, `#` begins a comment.

use std::ffi::OsStr;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::volume::LabelName;

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

/// The name of a NIfTI file without `.nii` or `.nii.gz`; `None` if it ends otherwise.
pub(super) fn stem(path: &Path) -> Option<&OsStr> {
    let ends = |name: &Path, with| name.extension().is_some_and(|e| e.eq_ignore_ascii_case(with));
    let mut name = Path::new(path.file_name()?);
    if ends(name, "gz") {
        name = Path::new(name.file_stem()?);
    }
    if ends(name, "nii") { name.file_stem() } else { None }
}

fn beside_as(path: &Path, stem: &OsStr, ending: &str) -> PathBuf {
    let mut name = stem.to_os_string();
    name.push(ending);
    path.with_file_name(name)
}

/// Where the table of a label map is written.
pub(super) fn path_for(labels: &Path) -> Option<PathBuf> {
    Some(beside_as(labels, stem(labels)?, ".labels.txt"))
}

/// The table beside a label map, empty if there is none: names are a help, their lack no error.
pub(super) fn beside(labels: &Path) -> Vec<LabelName> {
    let Some(stem) = stem(labels) else { return Vec::new() };
    [".labels.txt", ".label", ".txt"]
        .iter()
        .map(|ending| beside_as(labels, stem, ending))
        .filter(|p| std::fs::metadata(p).is_ok_and(|m| m.is_file() && m.len() <= MOST_BYTES))
        .filter_map(|p| std::fs::read(p).ok())
        .map(|bytes| read(&String::from_utf8_lossy(&bytes)))
        .find(|table| !table.is_empty())
        .unwrap_or_default()
}

/// The rows of the table at a path; `None` if there is no such file, or none that can be a table.
pub(super) fn at(path: &Path) -> Option<Vec<LabelName>> {
    let about = std::fs::metadata(path).ok()?;
    let fits = about.is_file() && about.len() <= MOST_BYTES;
    fits.then(|| std::fs::read(path).ok()).flatten().map(|b| read(&String::from_utf8_lossy(&b)))
}

/// The rows that can be understood; label 0 is background and has none.
pub(super) fn read(text: &str) -> Vec<LabelName> {
    text.lines().filter_map(row).filter(|row| row.value != 0).collect()
}

fn row(line: &str) -> Option<LabelName> {
    let (numbers, name) = line.split_once('"')?;
    let mut fields = numbers.split_whitespace();
    let mut next = || fields.next();
    let value = next()?.parse().ok()?;
    let colour = [next()?.parse().ok()?, next()?.parse().ok()?, next()?.parse().ok()?];
    let alpha: f32 = next()?.parse().ok()?;
    let opacity = if alpha.is_finite() { alpha.clamp(0.0, 1.0) } else { 1.0 };
    let visible = next()? != "0";
    let name = name.rsplit_once('"').map_or(name, |(inside, _)| inside).trim().to_owned();
    Some(LabelName { value, name, colour, opacity, visible })
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
        let v = u8::from(*visible);
        // Writing to a string does not fail.
        let _ = writeln!(text, "{value:5} {r:5} {g:4} {b:4} {opacity:8}  {v}  {v}    \"{name}\"");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_survive_writing_and_reading() {
        let table = vec![
            LabelName {
                value: 1,
                name: "Liver (left)".into(),
                colour: [255, 0, 7],
                opacity: 0.35,
                visible: true,
            },
            LabelName {
                value: 65535,
                name: "Größe".into(),
                colour: [1, 2, 3],
                opacity: 1.0,
                visible: false,
            },
        ];
        assert_eq!(read(&write(&table)), table);
    }

    #[test]
    fn lines_as_itk_snap_writes_them_are_read_and_others_passed_over() {
        let text = "# comment \"x\"\n    0  0 0 0  0  0  0  \"Clear Label\"\n\
                    \x20   4   0 255 255 0.5  1  1    \"a \"b\" c\"\n 5 999 0 0 1 1 1 \"x\"\nrubbish\n";
        let table = read(text);
        assert_eq!(table.len(), 1);
        assert_eq!((table[0].value, table[0].name.as_str()), (4, "a \"b\" c"));
        assert_eq!(table[0].colour, [0, 255, 255]);
        assert_eq!(table[0].opacity, 0.5);
        let odd = read("1 1 2 3 7 1 1 \"a\"\n2 1 2 3 NaN 1 1 \"b\"\n3 1 2 3 -1 1 1 \"c\"");
        assert_eq!(odd.iter().map(|row| row.opacity).collect::<Vec<_>>(), [1.0, 1.0, 0.0]);
    }

    #[test]
    fn the_table_lies_beside_the_label_map() {
        let path = path_for(Path::new("/a/Scan.v2.NII.GZ"));
        assert_eq!(path, Some(PathBuf::from("/a/Scan.v2.labels.txt")));
        assert_eq!(path_for(Path::new("/a/mask.txt")), None);
        assert_eq!(path_for(Path::new("/a/.nii")), None);
        assert_eq!(path_for(Path::new("/a/scan.gz")), None);
    }
}
