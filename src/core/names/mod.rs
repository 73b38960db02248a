//! Lists of names for structures, with the numbers and colours that other programs give them.
//!
//! A list is a small JSON file:
//!
//! ```json
//! {
//!   "title": "Our knee study",
//!   "labels": [
//!     { "number": 1, "name": "femur", "zh": "股骨", "colour": [230, 120, 40] },
//!     { "number": 2, "name": "tibia" }
//!   ]
//! }
//! ```
//!
//! `number` is 1 to 65535; `zh` (a name to find it by, in Chinese) and `colour` (sRGB) may be left out, as may
//! `source`, which says where the list is from.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

/// Names and numbers of one scheme.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameList {
    /// What it is called.
    pub title: String,
    /// Where it is from.
    #[serde(default)]
    pub source: String,
    /// Its structures.
    pub labels: Vec<NamedLabel>,
}

/// A structure of a list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedLabel {
    /// Its number in label maps, 1 to 65535.
    pub number: u16,
    /// Its name, as label maps have it.
    pub name: String,
    /// Its name in Chinese, to find it by.
    #[serde(default)]
    pub zh: Option<String>,
    /// Its colour, sRGB.
    #[serde(default)]
    pub colour: Option<[u8; 3]>,
}

/// Why a list can't be used.
#[derive(Debug, thiserror::Error)]
pub enum NameListError {
    /// It is not such a file.
    #[error("not a list of names: {0}")]
    Json(#[from] serde_json::Error),
    /// A number that no label can have.
    #[error("{0} has the number 0, which is the background: numbers go from 1 to 65535")]
    Zero(String),
    /// A name without a letter.
    #[error("number {0} has no name")]
    NoName(u16),
    /// Two structures with the same number.
    #[error("number {0} is there twice")]
    Twice(u16),
}

impl NameList {
    /// Reads a list.
    ///
    /// # Errors
    /// If it is not one: what is wrong, and where.
    pub fn parse(json: &str) -> Result<Self, NameListError> {
        let list: Self = serde_json::from_str(json.trim_start_matches('\u{feff}'))?;
        let mut numbers = BTreeSet::new();
        for label in &list.labels {
            if label.name.trim().is_empty() {
                return Err(NameListError::NoName(label.number));
            }
            if label.number == 0 {
                return Err(NameListError::Zero(label.name.clone()));
            }
            if !numbers.insert(label.number) {
                return Err(NameListError::Twice(label.number));
            }
        }
        Ok(list)
    }

    /// The lists that ship with the program.
    pub fn shipped() -> &'static [Self] {
        static LISTS: LazyLock<Vec<NameList>> = LazyLock::new(|| {
            let files = [
                include_str!("../../../assets/names/totalsegmentator.json"),
                include_str!("../../../assets/names/freesurfer.json"),
                include_str!("../../../assets/names/amos.json"),
                include_str!("../../../assets/names/btcv.json"),
                include_str!("../../../assets/names/brats.json"),
                include_str!("../../../assets/names/vertebrae.json"),
                include_str!("../../../assets/names/findings.json"),
            ];
            files.iter().filter_map(|json| NameList::parse(json).ok()).collect()
        });
        &LISTS
    }
}

/// A structure that was found, and the list that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundName<'l> {
    /// The list.
    pub list: &'l NameList,
    /// The structure.
    pub label: &'l NamedLabel,
    /// What was looked for is all of its name.
    pub exact: bool,
}

/// The structures whose English or Chinese name has every word of `text` in it, at most so many: first those that begin
/// with it, then those of which a word does, then the others; within that as the lists have them. Case doesn't matter;
/// `_`, `-` and `/` are spaces. Nothing for no text.
pub fn find<'l>(
    lists: impl IntoIterator<Item = &'l NameList>,
    text: &str,
    most: usize,
) -> Vec<FoundName<'l>> {
    let wanted = plain(text);
    let words: Vec<&str> = wanted.split_whitespace().collect();
    if words.is_empty() {
        return Vec::new();
    }
    let rank = |name: &str| {
        let name = plain(name);
        if !words.iter().all(|word| name.contains(word)) {
            return None;
        }
        let begins = |word: &&str| name.split_whitespace().any(|n| n.starts_with(word));
        Some(match () {
            () if name == words.join(" ") => 0,
            () if name.starts_with(&words.join(" ")) => 1,
            () if words.iter().all(begins) => 2,
            () => 3,
        })
    };
    let mut found: Vec<(u8, FoundName)> = Vec::new();
    for list in lists {
        for label in &list.labels {
            let ranks = [rank(&label.name), label.zh.as_deref().and_then(rank)];
            if let Some(rank) = ranks.into_iter().flatten().min() {
                found.push((rank, FoundName { list, label, exact: rank == 0 }));
            }
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().take(most).map(|(_, found)| found).collect()
}

fn plain(name: &str) -> String {
    name.to_lowercase().replace(['_', '-', '/'], " ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_lists_are_whole() {
        let lists = NameList::shipped();
        let counts: Vec<(&str, usize)> =
            lists.iter().map(|l| (l.title.as_str(), l.labels.len())).collect();
        assert_eq!(
            counts,
            [
                ("TotalSegmentator v2", 117),
                ("FreeSurfer aseg", 44),
                ("AMOS 2022", 15),
                ("BTCV", 13),
                ("BraTS 2023", 3),
                ("Vertebrae (VerSe)", 28),
                ("Findings", 26),
            ]
        );
        for list in lists {
            assert!(!list.source.is_empty());
            let named = |l: &NamedLabel| l.zh.as_ref().is_some_and(|zh| !zh.is_empty());
            assert!(list.labels.iter().all(named), "{}", list.title);
        }
    }

    #[test]
    fn structures_are_found_in_both_languages() {
        let lists = NameList::shipped();
        for (text, most, expected) in [
            ("liver", 3, vec!["liver", "liver", "liver"]),
            ("kid left", 2, vec!["kidney_left", "kidney_cyst_left"]),
            ("KIDNEY_L", 2, vec!["kidney_left", "kidney_cyst_left"]),
            ("左肾", 1, vec!["kidney_left"]),
            ("海马", 2, vec!["Left-Hippocampus", "Right-Hippocampus"]),
            ("cava", 2, vec!["superior_vena_cava", "inferior_vena_cava"]),
            ("l5", 2, vec!["L5", "vertebrae_L5"]),
            ("Tumor", 1, vec!["tumor"]),
            ("no such thing", 5, vec![]),
            ("  ", 5, vec![]),
        ] {
            let exact = find(lists, text, 1).first().is_some_and(|found| found.exact);
            assert_eq!(exact, ["liver", "左肾", "l5", "Tumor"].contains(&text), "{text}");
            let found: Vec<&str> =
                find(lists, text, most).iter().map(|f| f.label.name.as_str()).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn bad_lists_say_what_is_wrong() {
        for (json, why) in [
            ("", "not a list of names: EOF"),
            ("[]", "not a list of names: invalid"),
            (r#"{"title": "t"}"#, "missing field `labels`"),
            (r#"{"title": "t", "labels": [{"number": 70000, "name": "a"}]}"#, "70000"),
            (r#"{"title": "t", "labels": [{"number": -1, "name": "a"}]}"#, "-1"),
            (r#"{"title": "t", "labels": [{"number": 0, "name": "a"}]}"#, "a has the number 0"),
            (r#"{"title": "t", "labels": [{"number": 3, "name": " "}]}"#, "number 3 has no name"),
            (
                r#"{"title": "t", "labels": [{"number": 3, "name": "a"}, {"number": 3, "name": "b"}]}"#,
                "number 3 is there twice",
            ),
            (
                r#"{"title": "t", "labels": [{"number": 3, "name": "a", "color": [1,2,3]}]}"#,
                "color",
            ),
            (
                r#"{"title": "t", "labels": [{"number": 3, "name": "a", "colour": [1,2]}]}"#,
                "colour|length",
            ),
        ] {
            let error = NameList::parse(json).unwrap_err().to_string();
            assert!(why.split('|').any(|why| error.contains(why)), "{json}: {error}");
        }
        let list = NameList::parse("\u{feff}{\"title\": \"t\", \"labels\": []}").unwrap();
        assert_eq!(list.labels, []);
    }
}
