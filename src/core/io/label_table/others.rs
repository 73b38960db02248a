//! Label tables of other programs: 3D Slicer's colour tables (`.ctbl`), `FreeSurfer`'s lookup tables
//! (`FreeSurferColorLUT.txt`), and the tables of segmentations in BIDS (`_dseg.tsv`, BIDS 1.10, Derivatives, Imaging
//! data types).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::TableRow;
use crate::volume::LabelName;

/// A table for another program than ITK-SNAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// 3D Slicer's colour table.
    Slicer,
    /// `FreeSurfer`'s lookup table.
    FreeSurfer,
    /// That of a segmentation in BIDS.
    Bids,
}

impl TableKind {
    /// How its file's name ends, behind the stem of the label map's.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Slicer => ".ctbl",
            Self::FreeSurfer => "_LUT.txt",
            Self::Bids => ".tsv",
        }
    }

    /// The table's text.
    pub fn write(self, table: &[LabelName]) -> String {
        match self {
            Self::Slicer => lines("# Color table file\n0 Background 0 0 0 0\n", table, alpha),
            // There the last number of a label that is seen is 0.
            Self::FreeSurfer => {
                lines("#No. Label Name: R G B A\n0 Unknown 0 0 0 0\n", table, |_| 0)
            }
            Self::Bids => bids(table),
        }
    }
}

impl TableKind {
    /// How the name of the file beside it ends that says what the table is about, if it has one.
    pub fn sidecar_ending(self) -> Option<&'static str> {
        (self == Self::Bids).then_some(".json")
    }

    /// The text of that file. What another program has put there (`before`) stays, but for what is said here: that the
    /// space is that of the image itself, and what the table's columns are (BIDS 1.10, Derivatives, Common data types;
    /// Common principles, Tabular files). `None` if `before` is none of BIDS.
    pub fn sidecar(self, table: &[LabelName], before: Option<&str>) -> Option<String> {
        self.sidecar_ending()?;
        let mut said = match before {
            None => Map::new(),
            Some(text) => serde_json::from_str(text).ok()?,
        };
        said.entry("SpatialReference").or_insert_with(|| "orig".into());
        let levels: Map<String, Value> = table
            .iter()
            .map(|row| (row.value.to_string(), name_for_bids(&row.name).into()))
            .collect();
        said.insert(
            "index".into(),
            json!({ "Description": "The label's number in the image", "Levels": levels }),
        );
        said.insert("name".into(), json!({ "Description": "The structure" }));
        let colour = json!({ "Description": "Colour for display, sRGB, hexadecimal" });
        said.insert("color".into(), colour);
        let mut text = serde_json::to_string_pretty(&Value::Object(said)).ok()?;
        text.push('\n');
        Some(text)
    }
}

/// The rows that such a file has where there is no table: the levels of the column `index`.
pub(super) fn read_sidecar(text: &str) -> Option<Vec<TableRow>> {
    let said: Map<String, Value> = serde_json::from_str(text).ok()?;
    let levels = said.get("index")?.get("Levels")?.as_object()?;
    let row = |(index, level): (&String, &Value)| {
        let value = index.trim().parse().ok()?;
        let name = level.as_str().or_else(|| level.get("Description")?.as_str())?;
        let name = if name == "n/a" { "" } else { name.trim() };
        let (name, colour) = (name.to_owned(), spread(value));
        Some(TableRow { value, name, colour, opacity: 1.0, visible: true })
    };
    let mut rows: Vec<TableRow> =
        levels.iter().filter_map(row).filter(|row| row.value != 0).collect();
    rows.sort_by_key(|row| row.value);
    (!rows.is_empty()).then_some(rows)
}

/// A name as BIDS has it: in a cell, and never empty.
fn name_for_bids(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let name = name.trim();
    if name.is_empty() { "n/a".to_owned() } else { name.to_owned() }
}

/// Of 255; 0 of a label that is hidden.
fn alpha(row: &LabelName) -> u8 {
    if row.visible { (row.opacity * 255.0).round().clamp(1.0, 255.0) as u8 } else { 0 }
}

/// `4 Left_kidney 0 255 7 255`: names have no blanks there.
fn lines(head: &str, table: &[LabelName], last: impl Fn(&LabelName) -> u8) -> String {
    let mut text = head.to_owned();
    for row in table {
        let [r, g, b] = row.colour;
        let name: String = row
            .name
            .chars()
            .map(|c| if c.is_whitespace() || c.is_control() { '_' } else { c })
            .collect();
        let name = if name.is_empty() { format!("Label_{}", row.value) } else { name };
        // Writing to a string does not fail.
        let _ = writeln!(text, "{} {name} {r} {g} {b} {}", row.value, last(row));
    }
    text
}

fn bids(table: &[LabelName]) -> String {
    let mut text = "index\tname\tcolor\n".to_owned();
    for row in table {
        let name = name_for_bids(&row.name);
        let [r, g, b] = row.colour;
        let _ = writeln!(text, "{}\t{name}\t#{r:02x}{g:02x}{b:02x}", row.value);
    }
    text
}

/// The rows of a table of another program, with the numbers of the lines that could not be understood; `None` if it is
/// none.
pub(super) fn read(text: &[(usize, &str)]) -> Option<(Vec<TableRow>, Vec<usize>)> {
    let (head, rest) = text.split_first()?;
    let columns = columns(head.1);
    if let Some(columns) = &columns {
        return Some(each(rest, |line| bids_row(line, columns)));
    }
    let (mut rows, odd) = each(text, named_row);
    // One line in a text may look like a row by chance.
    if rows.is_empty() || odd.len() > rows.len() {
        return None;
    }
    // In FreeSurfer's tables that is so of all, and nothing is hidden.
    if rows.iter().all(|row| row.opacity == 0.0) {
        for row in &mut rows {
            (row.opacity, row.visible) = (1.0, true);
        }
    }
    rows.retain(|row| row.value != 0);
    Some((rows, odd))
}

fn each(
    lines: &[(usize, &str)],
    row: impl Fn(&str) -> Option<TableRow>,
) -> (Vec<TableRow>, Vec<usize>) {
    let (mut rows, mut odd) = (Vec::new(), Vec::new());
    for (number, line) in lines {
        match row(line) {
            Some(row) => rows.push(row),
            None => odd.push(*number),
        }
    }
    (rows, odd)
}

/// `4 Left-kidney 0 255 7 255`: the name stands before the colour, and the last number may be left out.
fn named_row(line: &str) -> Option<TableRow> {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    let value = words.first()?.parse().ok()?;
    let numbers = words.iter().rev().take(4).take_while(|w| w.parse::<u8>().is_ok()).count();
    // The name is left, and may be a number.
    let numbers = numbers.min(words.len().saturating_sub(2));
    if numbers < 3 {
        return None;
    }
    let tail = words.split_off(words.len() - numbers);
    let tail: Vec<u8> = tail.iter().filter_map(|word| word.parse().ok()).collect();
    let opacity = tail.get(3).map_or(1.0, |alpha| f32::from(*alpha) / 255.0);
    let name = words[1..].join(" ");
    let name = name.trim_matches('"').to_owned();
    let colour = [tail[0], tail[1], tail[2]];
    Some(TableRow { value, name, colour, opacity, visible: opacity > 0.0 })
}

/// Which column is which in a table of BIDS; `None` if this is not its first line.
fn columns(head: &str) -> Option<BTreeMap<String, usize>> {
    let names = head.split('\t').map(|name| name.trim().to_lowercase());
    let columns: BTreeMap<String, usize> = names.enumerate().map(|(n, name)| (name, n)).collect();
    (columns.contains_key("index") && columns.contains_key("name")).then_some(columns)
}

fn bids_row(line: &str, columns: &BTreeMap<String, usize>) -> Option<TableRow> {
    let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
    let cell = |name: &str| {
        columns.get(name).and_then(|n| cells.get(*n)).copied().filter(|cell| *cell != "n/a")
    };
    let value = cell("index")?.parse().ok()?;
    let name = cell("name").unwrap_or_default().to_owned();
    let colour = cell("color").and_then(hexadecimal);
    let colour = colour.unwrap_or_else(|| spread(value));
    Some(TableRow { value, name, colour, opacity: 1.0, visible: true })
}

/// `#ff8000`.
fn hexadecimal(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#')?;
    let number = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 6)?;
    let [_, r, g, b] = number.to_be_bytes();
    Some([r, g, b])
}

/// A colour of a label that has none: hues a golden angle apart.
fn spread(value: u64) -> [u8; 3] {
    let hue = (value as f64 * 0.618_033_988_75).fract() * 6.0;
    [5.0, 3.0, 1.0].map(|shift| {
        let k: f64 = (hue + shift) % 6.0;
        (255.0 * (0.9 - 0.6 * k.min(4.0 - k).clamp(0.0, 1.0))) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(Vec<TableRow>, Vec<usize>)> {
        let lines = text.lines().enumerate().filter(|(_, l)| !l.is_empty() && !l.starts_with('#'));
        let lines: Vec<_> = lines.map(|(n, line)| (n + 1, line)).collect();
        read(&lines)
    }

    fn row(value: u64, name: &str, colour: [u8; 3], opacity: f32) -> TableRow {
        let name = name.to_owned();
        TableRow { value, name, colour, opacity, visible: opacity > 0.0 }
    }

    #[test]
    fn tables_of_other_programs_are_understood() {
        let slicer = "# Color table file x.ctbl\n# 3 values\n0 Background 0 0 0 0\n\
                      1 tissue 128 174 128 255\n2 bone_a 241 214 145 51\n";
        let rows = [row(1, "tissue", [128, 174, 128], 1.0), row(2, "bone_a", [241, 214, 145], 0.2)];
        assert_eq!(of(slicer), Some((rows.to_vec(), vec![])));
        let freesurfer = "#No. Label Name:                            R   G   B   A\n\n\
                          0   Unknown                                 0   0   0   0\n\
                          10  Left-Thalamus                           0   118 14  0\n\
                          14  3rd-Ventricle                           204 182 142 0\n";
        let rows = [
            row(10, "Left-Thalamus", [0, 118, 14], 1.0),
            row(14, "3rd-Ventricle", [204, 182, 142], 1.0),
        ];
        assert_eq!(of(freesurfer), Some((rows.to_vec(), vec![])));
        let bids = "index\tname\tabbreviation\tcolor\tmapping\n1\tGray Matter\tGM\t#ff53bb\t1\n\
                    rubbish\n2\tWhite Matter\tWM\tn/a\t2\n";
        let (rows, odd) = of(bids).unwrap();
        assert_eq!((&rows[0], odd), (&row(1, "Gray Matter", [255, 0x53, 0xbb], 1.0), vec![3]));
        assert_eq!((rows[1].name.as_str(), rows[1].value), ("White Matter", 2));
        for none in ["", "my notes\nof 3 things", "1 2 3", "Patient 4 0 0 0 0"] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn the_file_beside_a_table_of_bids_names_its_labels_and_keeps_what_others_said() {
        let label = |value, name: &str| LabelName {
            value,
            name: name.to_owned(),
            colour: [1, 2, 3],
            opacity: 1.0,
            visible: true,
        };
        let table = [label(10, "Left kidney"), label(2, "")];
        let before = r#"{"Manual": true, "SpatialReference": "bids::a.nii", "index": 1}"#;
        let text = TableKind::Bids.sidecar(&table, Some(before)).unwrap();
        let said: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&said["Manual"], &said["SpatialReference"]),
            (&json!(true), &json!("bids::a.nii"))
        );
        assert_eq!(said["index"]["Levels"], json!({"10": "Left kidney", "2": "n/a"}));
        let rows = read_sidecar(&text).unwrap();
        let found: Vec<_> = rows.iter().map(|row| (row.value, row.name.as_str())).collect();
        assert_eq!(found, [(2, ""), (10, "Left kidney")]);
        let fresh = TableKind::Bids.sidecar(&table, None).unwrap();
        assert!(fresh.contains("\"SpatialReference\": \"orig\""), "{fresh}");
        assert_eq!(TableKind::Bids.sidecar(&table, Some("no JSON")), None);
        assert_eq!(TableKind::Slicer.sidecar(&table, None), None);
        let described =
            r#"{"index": {"Levels": {"0": "x", "1": {"Description": "GM"}, "b": "y"}}}"#;
        let rows = read_sidecar(described).unwrap();
        assert_eq!((rows.len(), rows[0].value, rows[0].name.as_str()), (1, 1, "GM"));
        for none in ["", "[]", "{}", r#"{"index": {"Levels": {}}}"#] {
            assert_eq!(read_sidecar(none), None, "{none}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let label = |value, name: &str, opacity, visible| LabelName {
            value,
            name: name.to_owned(),
            colour: [1, 200, value as u8],
            opacity,
            visible,
        };
        let table = [label(1, "Left kidney", 1.0, true), label(300, "3 4 5", 1.0, true)];
        for kind in [TableKind::Slicer, TableKind::FreeSurfer, TableKind::Bids] {
            let text = kind.write(&table);
            let (rows, odd) = of(&text).unwrap();
            assert_eq!((rows.len(), odd.len()), (2, 0), "{text}");
            for (row, label) in rows.iter().zip(&table) {
                let name = row.name.replace('_', " ");
                assert_eq!((row.value, row.colour), (label.value.into(), label.colour), "{kind:?}");
                assert_eq!((name, row.visible), (label.name.clone(), true), "{kind:?}");
            }
        }
        let (rows, _) =
            of(&TableKind::Slicer.write(&[label(1, "a", 0.5, true), label(2, "b", 1.0, false)]))
                .unwrap();
        assert!((rows[0].opacity - 0.5).abs() < 0.01 && !rows[1].visible);
    }
}
