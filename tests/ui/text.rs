//! The catalogue of the window's words, against the sources: nothing is missing, nothing is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use voxpoint::geom::Plane;
use voxpoint::render::{ColourMap, TransferPreset};
use voxpoint::ui::commands::shortcuts::{Group, gestures, rows};
use voxpoint::ui::text::{Language, ZH_HANS, speak, tr_any};

/// Where texts stand that are shown through `tr_any`, and what comes before them.
const ELSEWHERE: &[(&str, &str)] = &[
    ("src/document/command.rs", "#[error("),
    ("src/document", "commit("),
    ("src/document", "name = "),
    ("src/document/edit.rs", "=> "),
    ("src/document/rebase.rs", "rename("),
    ("src/io/belonging.rs", "=> {"),
    ("src/io/labels", "note("),
    ("src/io/label_table", "note("),
    ("src/io/label_table", "say("),
];

fn sources(path: &Path, out: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).expect("readable") {
            sources(&entry.expect("readable").path(), out);
        }
    } else if path.extension().is_some_and(|e| e == "rs") {
        out.push(path.to_owned());
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Without tests and comments.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("sources are UTF-8");
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    code.lines().filter(is_code).collect::<Vec<_>>().join("\n")
}

/// The string literals that follow `before`, directly or on the next line.
fn literals(code: &str, before: &str, out: &mut BTreeSet<String>) {
    for (at, _) in code.match_indices(before) {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        if before.starts_with(word) && code[..at].ends_with(word) {
            continue;
        }
        let rest = code[at + before.len()..].trim_start();
        if let Some(rest) = rest.strip_prefix('"') {
            out.insert(literal(rest));
        }
    }
}

/// A string literal without its first quote.
fn literal(rest: &str) -> String {
    let mut text = String::new();
    let mut letters = rest.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '"' => break,
            '\\' => match letters.next() {
                Some('n') => text.push('\n'),
                // A continued line: what the next one is indented by does not count.
                Some('\n') => while letters.next_if(|c| c.is_whitespace()).is_some() {},
                Some(other) => text.push(other),
                None => {}
            },
            other => text.push(other),
        }
    }
    text
}

/// Every text that is shown through `tr`.
fn wanted() -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    assert!(files.len() > 100, "the sources were not found");
    let mut found = BTreeSet::new();
    for file in &files {
        let code = code(file);
        for before in ["tr(", "tr_with(", "mark("] {
            literals(&code, before, &mut found);
        }
        let name = file.strip_prefix(root()).expect("below the root").to_string_lossy();
        for (place, before) in ELSEWHERE {
            if name.starts_with(place) && !name.contains("tests") {
                literals(&code, before, &mut found);
            }
        }
        for (at, _) in code.match_indices("tr_of(\"") {
            let words: Vec<&str> = code[at..].splitn(5, '"').collect();
            found.insert(format!("{} ({})", words[1], words[3]));
        }
        // Of two, in one expression.
        if name == "src/document/prompts.rs" {
            found.extend(["Positive click", "Negative click"].map(str::to_owned));
        }
    }
    found.extend(rows().map(|row| row.name.to_owned()));
    found.extend(gestures().flat_map(|(a, b)| [a, b]).map(str::to_owned));
    found.extend(Group::ALL.map(|g| g.name().to_owned()));
    found.extend(Plane::ALL.map(|p| p.name().to_owned()));
    found.extend(ColourMap::ALL.map(|m| m.name().to_owned()));
    found.extend(TransferPreset::ALL.map(|p| p.name().to_owned()));
    // What the shipped model's note says, beside its names.
    let note = std::fs::read_to_string(root().join("models/demo/model.json")).expect("shipped");
    let note: BTreeMap<String, String> = serde_json::from_str(&note).expect("the note is JSON");
    found.extend(["line", "hint"].map(|key| note[key].clone()));
    // Not words.
    found.retain(|t| t.chars().any(char::is_alphabetic));
    found
}

fn catalogue() -> BTreeMap<String, String> {
    serde_json::from_str(ZH_HANS).expect("the catalogue is JSON")
}

#[test]
fn every_text_of_the_window_is_in_the_catalogue_and_no_other() {
    let (wanted, have) = (wanted(), catalogue());
    let missing: Vec<_> = wanted.iter().filter(|t| !have.contains_key(*t)).collect();
    let idle: Vec<_> = have.keys().filter(|t| !wanted.contains(*t)).collect();
    assert!(
        missing.is_empty() && idle.is_empty(),
        "assets/text/zh-Hans.json (then run scripts/subset-cjk)\nlacks {missing:#?}\nand nobody shows {idle:#?}"
    );
}

#[test]
fn translations_are_chinese_and_keep_their_values() {
    for (english, chinese) in catalogue() {
        let names = |text: &str| -> BTreeSet<String> {
            let parts = text.split('{').skip(1).filter_map(|t| t.split_once('}'));
            parts.map(|(name, _)| name.to_owned()).collect()
        };
        assert_eq!(names(&english), names(&chinese), "{english}");
        let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        // Names, and numbers with a stroke between them.
        let same = ["English", "PET", "MIP", "3D"].contains(&english.as_str())
            || ["{done} of {total}", "{n} of {total}"].contains(&english.as_str());
        assert!(same || chinese.chars().any(is_chinese), "{english}: {chinese}");
        assert!(!chinese.trim().is_empty());
    }
}

#[test]
fn the_file_is_sorted_and_has_a_pair_on_each_line() {
    let lines: Vec<&str> = ZH_HANS.lines().collect();
    let keys: Vec<String> = catalogue().into_keys().collect();
    assert_eq!(lines.len(), keys.len() + 2, "one line for each, and the brackets");
    for (line, key) in lines[1..].iter().zip(keys) {
        let start = format!("  {}: ", serde_json::to_string(&key).expect("a string"));
        assert!(line.starts_with(&start), "{line}: sorted by the English text");
    }
}

#[test]
fn the_terms_are_those_of_the_field() {
    speak(Language::Chinese);
    for (english, chinese) in [
        ("Axial", "轴位"),
        ("Coronal", "冠状位"),
        ("Sagittal", "矢状位"),
        ("Undo", "撤销"),
        ("Preview under the pointer", "指针处预览"),
    ] {
        assert_eq!(tr_any(english), chinese);
    }
}
