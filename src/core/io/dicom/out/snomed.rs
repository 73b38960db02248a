//! Codes of SNOMED CT for structures by their names.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use dicom_core::Tag;
use serde::Deserialize;

use super::elements::Item;

/// What a structure is, in codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::io::dicom) struct Coded {
    /// Code and meaning of its kind: an anatomical structure, something changed.
    pub category: [String; 2],
    /// Code and meaning of what it is.
    pub kind: [String; 2],
    /// Of its side, if it has one.
    pub side: Option<[&'static str; 2]>,
}

#[derive(Deserialize)]
struct Table {
    categories: BTreeMap<String, String>,
    codes: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    category: String,
    code: String,
    meaning: String,
    names: Vec<String>,
}

/// Where the code of a name stands in the table, by its words in order.
static BY_WORDS: LazyLock<(Option<Table>, HashMap<String, usize>)> = LazyLock::new(|| {
    let text = include_str!("../../../../../assets/names/snomed.json");
    let table: Option<Table> = serde_json::from_str(text).ok();
    let rows = table.iter().flat_map(|table| table.codes.iter().enumerate());
    let named = rows.flat_map(|(n, row)| row.names.iter().map(move |name| (words(name).0, n)));
    let by_words = named.collect();
    (table, by_words)
});

/// What a structure of this name is; of a name that is in no list, a tissue without more said.
pub(in crate::io::dicom) fn coded(name: &str) -> Coded {
    let (words, side) = words(name);
    let (table, by_words) = &*BY_WORDS;
    let known =
        table.as_ref().zip(by_words.get(&words)).map(|(table, n)| (table, &table.codes[*n]));
    let Some((table, row)) = known else {
        let tissue = || ["85756007".to_owned(), "Tissue".to_owned()];
        return Coded { category: tissue(), kind: tissue(), side: None };
    };
    let category = table.categories.get(&row.category).cloned().unwrap_or_default();
    Coded {
        category: [row.category.clone(), category],
        kind: [row.code.clone(), row.meaning.clone()],
        side,
    }
}

/// The words of a name in alphabetic order, without its side; and that.
fn words(name: &str) -> (String, Option<[&'static str; 2]>) {
    let lower = name.to_lowercase();
    let (mut words, mut side) = (Vec::new(), None);
    for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        match word {
            "left" | "l" if side.is_none() => side = Some(["7771000", "Left"]),
            "right" | "r" if side.is_none() => side = Some(["24028007", "Right"]),
            _ => words.push(word),
        }
    }
    words.sort_unstable();
    (words.join(" "), side)
}

impl Coded {
    /// Adds the codes of category, kind and side under these tags.
    pub fn put(&self, item: Item, category: Tag, kind: Tag, side: Tag) -> Item {
        let code = |[value, meaning]: &[String; 2]| Item::code_item(["SCT", value, meaning]);
        let mut of_kind = code(&self.kind);
        if let Some([value, meaning]) = self.side {
            of_kind = of_kind.sequence(side, [Item::code_item(["SCT", value, meaning])]);
        }
        item.sequence(category, [code(&self.category)]).sequence(kind, [of_kind])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_lists_have_codes() {
        let of = |name: &str| {
            let coded = coded(name);
            (coded.kind[0].clone(), coded.side.map(|side| side[1]))
        };
        for (name, code, side) in [
            ("liver", "10200004", None),
            ("kidney_left", "64033007", Some("Left")),
            ("right kidney", "64033007", Some("Right")),
            ("Kidney, right", "64033007", Some("Right")),
            ("Left-Hippocampus", "5366008", Some("Left")),
            ("vertebrae_L4", "11994002", None),
            ("L4", "11994002", None),
            ("rib_left_7", "113197003", Some("Left")),
            ("lung_upper_lobe_right", "45653009", Some("Right")),
            ("kidney_cyst_left", "367643001", Some("Left")),
            ("Tumour", "108369006", None),
            ("something of mine", "85756007", None),
            ("", "85756007", None),
        ] {
            assert_eq!(of(name), (code.to_owned(), side), "{name}");
        }
        assert_eq!(coded("liver").category[1], "Anatomical Structure");
        assert_eq!(coded("lesion").category[0], "49755003");
    }
}
