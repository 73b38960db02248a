//! The catalogue of the window's words, against the sources: nothing is missing, nothing is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use voxpoint::geom::Plane;
use voxpoint::render::{ColourMap, TransferPreset};
use voxpoint::ui::commands::{self, Group};
use voxpoint::ui::text::{Language, ZH_HANS, speak, tr_any};
use voxpoint::ui::tools;
use voxpoint::ui::tr_error;

/// Where texts stand that are shown through `tr_any`, and what comes before them.
const ELSEWHERE: &[(&str, &str)] = &[
    ("src/core/document/refused.rs", "#[error("),
    ("src/core/document", "commit("),
    ("src/core/document", "name = "),
    ("src/core/document/edit.rs", "=> "),
    ("src/core/document/prompts.rs", "=> "),
    ("src/core/document/rebase.rs", "rename("),
    ("src/core/io/belonging.rs", "=> {"),
    ("src/core/segment/network.rs", "=> "),
    ("src/core/segment/network.rs", "=> {"),
    ("src/core/segment/nninteractive", "Run("),
    ("src/core/segment/remote/nninteractive", "Err("),
    ("src/core/segment/remote/nninteractive", "Err(format!("),
    ("src/core/segment/remote/nninteractive", "Here(format!("),
    ("src/core/segment/remote/nninteractive", "map_err(|_| "),
    ("src/core/segment/remote/nninteractive", "odd("),
    ("src/core/segment/remote/nninteractive", "ok_or("),
    ("src/core/segment/remote/nninteractive", "unusable("),
    ("src/core/session/error.rs", "=> "),
    ("src/core/session/error.rs", "=> {"),
    ("src/core/session/sums.rs", "=> "),
    ("src/core/session/contents.rs", "or_default("),
    ("src/core/io/labels", "note("),
    ("src/core/io/nrrd", "note("),
    ("src/core/io/label_table", "note("),
    ("src/core/io/label_table", "say("),
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

/// What the system says, in the words of its C library: reasons in errors.
const OF_THE_SYSTEM: &[&str] = &[
    "No such file or directory",
    "Permission denied",
    "Read-only file system",
    "No space left on device",
    "Input/output error",
    "Disk quota exceeded",
    "File name too long",
    "File too large",
    "Is a directory",
    "Cannot allocate memory",
    "Resource temporarily unavailable",
    "Connection refused",
    "Too many open files",
    "Stale file handle",
    "Connection reset by peer",
    "Connection timed out",
    "Network is unreachable",
    "No route to host",
    "Broken pipe",
];

/// A format string as the catalogue has it: each value has a name, those without one are counted from 1.
fn template(format: &str) -> String {
    let (mut text, mut rest, mut count) = (String::new(), format, 0);
    while let Some((before, after)) = rest.split_once('{') {
        let Some((value, after)) = after.split_once('}') else { break };
        let mut name = value.split(':').next().unwrap_or_default().to_owned();
        if name.is_empty() {
            count += 1;
            name = count.to_string();
        }
        text += before;
        text += "{";
        text += &name;
        text += "}";
        rest = after;
    }
    text + rest
}

fn letters(template: &str) -> usize {
    let fixed = template.split('{').enumerate().map(|(n, part)| match part.split_once('}') {
        Some((_, after)) if n > 0 => after,
        _ => part,
    });
    fixed.flat_map(str::chars).filter(|c| c.is_alphabetic()).count()
}

/// The sentences of all errors that are shown, as templates: what stands in `#[error("…")]`. Of those that only put
/// others together there is none.
fn errors() -> BTreeSet<String> {
    let mut files = Vec::new();
    for folder in [
        "src/core/io",
        "src/core/segment",
        "src/render",
        "src/figure",
        "src/core/session",
        "src/core/cases",
    ] {
        sources(&root().join(folder), &mut files);
    }
    let mut found = BTreeSet::new();
    for file in &files {
        literals(&code(file), "#[error(", &mut found);
    }
    let found: BTreeSet<String> = found.iter().map(|text| template(text)).collect();
    found.into_iter().filter(|text| letters(text) > 6).collect()
}

/// What is put into such sentences, or said beside them, as templates: any literal of those modules may be.
fn said_elsewhere() -> BTreeSet<String> {
    let mut files = Vec::new();
    let places = [
        "src/core/io",
        "src/core/segment",
        "src/render",
        "src/figure",
        "src/core/work",
        "src/core/session",
        "src/core/cases",
    ];
    for place in places.into_iter().chain(["src/core/placeholder.rs"]) {
        sources(&root().join(place), &mut files);
    }
    let mut found = BTreeSet::new();
    for file in &files {
        let code = code(file);
        // Literals have no quotes in them here.
        found.extend(code.match_indices('"').map(|(at, _)| template(&literal(&code[at + 1..]))));
    }
    found.extend(OF_THE_SYSTEM.iter().map(|text| format!("{text} (os error {{code}})")));
    found
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
        if name == "src/core/document/prompts.rs" {
            found.extend(["Positive click", "Negative click"].map(str::to_owned));
            for (shape, inside) in [("Box", "around"), ("Scribble", "in"), ("Lasso", "around")] {
                let sides = [inside, "outside of"];
                found.extend(sides.map(|side| format!("{shape} {side} the structure")));
            }
        }
    }
    found.extend(commands::all().map(|entry| entry.name.to_owned()));
    found.extend(commands::gestures().flat_map(|(a, b)| [a, b]).map(str::to_owned));
    found.extend(tools::ALL.iter().map(|tool| tool.info().hint.to_owned()));
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
    let (wanted, have, elsewhere) = (wanted(), catalogue(), said_elsewhere());
    let missing: Vec<_> = wanted.iter().filter(|t| !have.contains_key(*t)).collect();
    let idle: Vec<_> =
        have.keys().filter(|t| !wanted.contains(*t) && !elsewhere.contains(*t)).collect();
    assert!(
        missing.is_empty() && idle.is_empty(),
        "assets/text/zh-Hans.json (then run scripts/subset-cjk)\nlacks {missing:#?}\nand nobody shows {idle:#?}"
    );
}

#[test]
fn every_error_has_a_template_in_the_catalogue() {
    let (errors, have) = (errors(), catalogue());
    assert!(errors.len() > 80, "the sources were not found");
    let missing: Vec<_> = errors.iter().filter(|text| !have.contains_key(*text)).collect();
    assert!(
        missing.is_empty(),
        "assets/text/zh-Hans.json (then run scripts/subset-cjk) lacks {missing:#?}"
    );
}

/// Words that are names, and endings of files.
const NAMES: &[&str] = &[
    "Voxpoint",
    "DICOM",
    "NIfTI",
    "NRRD",
    "MetaImage",
    "MGH",
    "nrrd",
    "nhdr",
    "seg",
    "mha",
    "mhd",
    "mgz",
    "mgh",
    "dcm",
    "nii",
    "gz",
    "GB",
    "MB",
    "kB",
    "B",
    "git",
    "annex",
    "datalad",
    "get",
    "cgroup",
    "ulimit",
    "vm",
    "overcommit",
    "memory",
    "v",
    "d",
    "f",
    "gone",
    "empty",
    "dicom",
    "text",
    "short",
    "ref",
    "int",
    "png",
    "m",
    "a",
    "work",
    "tests",
    "data",
    "nifti",
    "MD",
];

/// Errors as they are made, whole in Chinese: nothing is left in English but names and numbers.
#[test]
fn errors_are_told_in_chinese() {
    use std::io::{Error, ErrorKind};
    use voxpoint::io::{IoError, Limits, Registry, Source, formats};
    use voxpoint::work::{CancelToken, Progress};
    let folder = tempfile::tempdir().expect("temp folder");
    let at = |name: &str| folder.path().join(name);
    let mut dicom = vec![0; 200];
    dicom[128..132].copy_from_slice(b"DICM");
    for (name, content) in [
        ("empty.nii", Vec::new()),
        ("dicom", dicom),
        ("text.nii", b"a text".to_vec()),
        (
            "annex.nii",
            b"/annex/objects/MD5E-s2097152--b5ee6e9a2a64b1d9b2ba5e5e7ff1c5ab.nii".to_vec(),
        ),
        (
            "short.nii",
            std::fs::read(root().join("tests/data/nifti/nibabel_anatomical.nii")).expect("data")
                [..4000]
                .to_vec(),
        ),
    ] {
        std::fs::write(at(name), content).expect("written");
    }
    let open = |path: &Path| {
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        let opened =
            formats().open(&Source::at(path), &Limits { memory: 1000 }, &cancel, &progress);
        opened.expect_err("no scan")
    };
    let mut errors: Vec<IoError> =
        ["gone.nii", "empty.nii", "dicom", "text.nii", "annex.nii", "short.nii", ""]
            .map(|name| open(&at(name)))
            .into();
    errors.push(open(&root().join("tests/data/nifti/ref_int16.nii.gz")));
    let values =
        Registry::standard().save_float32(&at("a.png"), [1; 3], &[1.0], glam::DAffine3::IDENTITY);
    errors.push(values.expect_err("no ending"));
    for kind in [ErrorKind::StorageFull, ErrorKind::PermissionDenied] {
        let code = if kind == ErrorKind::StorageFull { 28 } else { 13 };
        errors.push(IoError::Write { source: Error::from_raw_os_error(code), path: at("m.nii") });
    }
    speak(Language::Chinese);
    for error in errors {
        let english = error.to_string();
        let told = tr_error(&english).replace(&folder.path().display().to_string(), "");
        let path = told.rfind('：').unwrap_or(told.len());
        let words =
            told[..path].split(|c: char| !c.is_ascii_alphabetic()).filter(|w| !w.is_empty());
        let left: Vec<&str> = words.filter(|word| !NAMES.contains(word)).collect();
        assert!(left.is_empty(), "{english}\n{told}\n{left:?}");
        assert_ne!(english, told);
    }
    speak(Language::English);
}

/// Why the scan in a session can't be had: what is asked, and what is listed as damage.
#[test]
fn what_is_wrong_with_a_scan_in_a_session_is_told_in_chinese() {
    use voxpoint::session::SessionError;
    speak(Language::Chinese);
    for what in [
        "piece 3 is missing",
        "piece 3 is not what was written",
        "its pieces are not as many voxels as it has",
        "it needs more memory than there is",
        "what is said of its voxels is not what was written",
        "its voxels are of the type “7”",
        "it has 0 time points",
        "its values are 0 times what is stored",
        "its voxels were “7”",
        "its pieces have -1 voxels",
    ] {
        let error = SessionError::ScanDamaged { what: what.to_owned(), path: "/7.8".into() };
        for english in [error.to_string(), format!("the scan in it can't be given back: {what}")] {
            let told = tr_error(&english);
            assert!(!told.contains(|c: char| c.is_ascii_alphabetic()), "{english}\n{told}");
        }
    }
    speak(Language::English);
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

/// One word for one thing, and the word that was left for it, with what of English it still is for.
const WORDS: &[(&str, &str, &[&str])] = &[
    ("扫描", "图像", &["the scanner has seen", "before the scan"]),
    ("切片", "层面", &[]),
    ("标签图", "标注图", &[]),
    ("参考系", "参照系", &[]),
    ("病人", "患者", &[]),
    ("图形适配器", "图形设备", &[]),
    ("单击", "点击", &[]),
    ("目录", "文件夹", &[]),
    ("校验值", "校验和", &[]),
];

#[test]
fn one_thing_has_one_name_in_chinese() {
    for (english, chinese) in catalogue() {
        for (word, instead, but) in WORDS {
            let may = but.iter().any(|part| english.contains(part));
            assert!(may || !chinese.contains(word), "{instead}, not {word}: {chinese}");
        }
    }
}

/// Whoever reads the window types no options: the command line puts them behind the error (`src/cli/options.rs`).
#[test]
fn no_option_of_the_command_line_is_in_a_text_of_the_window() {
    for (english, chinese) in catalogue() {
        for text in [&english, &chinese] {
            let option = text.split([' ', '(', '`', '“', '（']).find(|word| {
                word.strip_prefix("--").is_some_and(|name| name.starts_with(char::is_alphabetic))
            });
            assert_eq!(option, None, "{text}");
        }
    }
}

/// A key in prose is taken from its command: it would go on being told after the command has got another.
#[test]
fn no_key_of_a_command_is_typed_into_a_text() {
    let named: BTreeSet<String> = commands::all()
        .flat_map(|entry| entry.keys)
        .map(commands::key_name)
        // Words of their own, or no more than a sign.
        .filter(|key| {
            key.chars().count() > 1 && !["Delete", "Space", "Enter", "Tab"].contains(&key.as_str())
        })
        .filter(|key| !["Up", "Down", "Left", "Right"].contains(&key.as_str()))
        .collect();
    assert!(["Ctrl+Z", "Esc", "Shift+R", "F1"].iter().all(|key| named.contains(*key)));
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let mut typed = Vec::new();
    for file in &files {
        let name = file.strip_prefix(root()).expect("below the root").to_string_lossy();
        // The entries themselves; and what is told on a terminal.
        if name.starts_with("src/ui/commands") || name.starts_with("src/cli") {
            continue;
        }
        for text in all_literals(&code(file)) {
            typed.extend(keys_in(&text, &named).map(|key| format!("{name}: {key} in {text:?}")));
        }
    }
    assert!(typed.is_empty(), "write {{key}} and take it from the command: {typed:#?}");
}

#[test]
fn keys_are_found_in_prose() {
    let named = BTreeSet::from(["Ctrl+Z", "Esc", "Shift+R"].map(str::to_owned));
    for (text, found) in [
        ("deleted (Ctrl+Z brings it back)", true),
        ("Stop (Esc)", true),
        ("Back: Shift+R", true),
        ("start a new object (N)", true),
        ("Layout of the views (Y: the next)", true),
        ("Ctrl+Zoom and Escape", false),
        ("Drag. Shift: by 5°; Alt+wheel", false),
        ("(RAS) and ({key}) and a volume (A, B)", false),
    ] {
        assert_eq!(keys_in(text, &named).next().is_some(), found, "{text}");
    }
}

/// Keys with a name, and single letters or digits in brackets.
fn keys_in<'a>(text: &'a str, named: &'a BTreeSet<String>) -> impl Iterator<Item = &'a str> {
    let word = |c: char| c.is_alphanumeric() || c == '+';
    let apart = move |at: usize, key: &str| {
        !text[..at].ends_with(word) && !text[at + key.len()..].starts_with(word)
    };
    let names =
        named.iter().filter(move |key| text.match_indices(*key).any(|(at, k)| apart(at, k)));
    let in_brackets = text.match_indices('(').filter_map(|(at, _)| {
        let rest = &text[at + 1..];
        let is_key = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
        let end = rest.get(1..).is_some_and(|rest| rest.starts_with([')', ':']));
        (rest.starts_with(is_key) && end && !rest.starts_with("1:1")).then(|| &rest[..1])
    });
    names.map(String::as_str).chain(in_brackets)
}

/// Every string literal of a file.
fn all_literals(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find('"') {
        // A quote as a character is no string.
        let is_char = rest[..at].ends_with('\'') && rest[at + 1..].starts_with('\'');
        rest = &rest[at + 1..];
        if is_char {
            continue;
        }
        found.push(literal(rest));
        let mut letters = rest.char_indices();
        let end = loop {
            match letters.next() {
                Some((_, '\\')) => {
                    letters.next();
                }
                Some((at, '"')) => break at + 1,
                Some(_) => {}
                None => break rest.len(),
            }
        };
        rest = &rest[end..];
    }
    found
}
