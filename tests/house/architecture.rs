//! Holds the arrows and invariants that `src/lib.rs` states, by reading the sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Module → what it may name of the crate. Everything not listed fails.
const ARROWS: &[(&str, &[&str])] = &[
    ("geom", &[]),
    ("prompt", &[]),
    ("work", &[]),
    ("placeholder", &[]),
    ("volume", &["geom"]),
    ("mask", &["volume", "geom"]),
    ("measure", &["volume", "geom"]),
    ("io", &["volume", "geom", "placeholder", "work"]),
    ("segment", &["volume", "geom", "placeholder", "prompt", "work"]),
    ("document", &["volume", "geom", "prompt"]),
    ("render", &["volume", "geom", "work"]),
    ("ui", &["document", "mask", "render", "measure", "geom", "volume", "prompt"]),
    // Draws the window's views without a window, for `app` (pictures) and `cli` (`voxpoint render`) alike: one
    // way to a picture. It writes files whole or not at all, which is `io`'s.
    ("figure", &["document", "io", "render", "ui", "work"]),
    (
        "app",
        &[
            "document",
            "figure",
            "geom",
            "io",
            "mask",
            "measure",
            "placeholder",
            "prompt",
            "render",
            "segment",
            "ui",
            "volume",
            "work",
        ],
    ),
    (
        "cli",
        &[
            "app",
            "document",
            "figure",
            "geom",
            "io",
            "mask",
            "measure",
            "placeholder",
            "prompt",
            "render",
            "segment",
            "ui",
            "volume",
            "work",
        ],
    ),
];

/// Words that may stand only in these files (paths below `src`, as prefixes).
const ONLY_IN: &[(&str, &[&str])] = &[
    ("ort::", &["segment/cubes/engine", "segment/runtime"]),
    // Everybody else goes through the one door to models, `Segmenter`; the command line also has commands that are
    // about such a model itself.
    ("crate::segment::cubes", &["segment/cubes", "cli/"]),
    ("super::cubes", &["segment/models"]),
    // `io` has a module of the same name; the crate is named from the root.
    ("::nifti::", &["io/nifti"]),
    ("nifti::", &["io/"]),
    ("rfd::", &["app"]),
    ("egui_wgpu", &["ui/views", "app", "figure"]),
    ("eframe", &["app", "ui", "cli"]),
    ("egui::", &["app", "ui", "figure"]),
    ("clap::", &["cli"]),
];

/// Words that the pure modules may not contain: no I/O, no threads, no GPU, no model, no window.
const PURE: &[&str] = &["geom", "prompt", "volume", "mask", "measure", "document"];
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::thread",
    "std::process",
    "wgpu",
    "ort::",
    "egui",
    "rayon",
    "tempfile",
];

/// The program's files: paths below `src` and their code.
fn sources() -> Vec<(String, String)> {
    let sources = files_below("src");
    assert!(sources.len() > 30, "the sources were not found");
    sources
}

fn files_below(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("the folder is readable") {
            let path = entry.expect("the folder is readable").path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("sources are UTF-8");
            let name = path
                .strip_prefix(&root)
                .expect("below the folder")
                .to_string_lossy()
                .replace('\\', "/");
            (name, code_only(&text))
        })
        .collect()
}

/// Without line comments: prose may name anything.
fn code_only(text: &str) -> String {
    text.lines()
        .map(|line| match line.find("//") {
            Some(at) if !line[..at].contains('"') => &line[..at],
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// The top-level modules that a file names through `crate::` (also in `use crate::{a::b, c}` groups).
fn named_modules(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let word = |s: &str| -> String {
        s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with('$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let Some(group) = rest.strip_prefix('{') else {
            found.insert(word(rest));
            continue;
        };
        let (mut depth, mut start) = (0, true);
        for (i, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => start = true,
                c if c.is_whitespace() => {}
                _ if start => {
                    found.insert(word(&group[i..]));
                    start = false;
                }
                _ => {}
            }
        }
    }
    found
}

#[test]
fn arrows_between_modules() {
    let modules: Vec<&str> = ARROWS.iter().map(|(m, _)| *m).collect();
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        let top = file.split(['/', '.']).next().unwrap_or_default();
        if top == "lib" || top == "main" {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(m, _)| *m == top) else {
            wrong.push(format!("{file}: module {top} is not on the map"));
            continue;
        };
        for named in named_modules(&code) {
            // `crate::with_voxels!` and the like: macros live at the root.
            if !modules.contains(&named.as_str()) || named == top {
                continue;
            }
            if !allowed.contains(&named.as_str()) {
                wrong.push(format!("{file}: {top} may not name {named}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn main_is_thin() {
    let (_, code) = sources().into_iter().find(|(f, _)| f == "main.rs").expect("main.rs");
    assert!(code.lines().count() < 60, "main.rs is for arguments only");
    for line in code.lines().filter(|l| l.contains("voxpoint::")) {
        let fine = ["voxpoint::app", "voxpoint::cli"].iter().any(|m| line.contains(m));
        assert!(fine, "main names more than app and cli: {line}");
    }
}

#[test]
fn crates_stay_behind_their_doors() {
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        for (word, places) in ONLY_IN {
            let named = code.match_indices(word).any(|(at, _)| {
                // `sort::` and `super::nifti::` are not the crates `ort` and `nifti`.
                !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
            });
            if named && !places.iter().any(|p| file.starts_with(p)) {
                wrong.push(format!("{file}: names {word}"));
            }
        }
        let top = file.split(['/', '.']).next().unwrap_or_default();
        if PURE.contains(&top) {
            for word in IMPURE {
                if code.contains(word) {
                    wrong.push(format!("{file}: {top} is pure, but names {word}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn labels_are_written_only_by_the_document() {
    for (file, code) in sources() {
        // A preview is drawn into a copy of its own, which is only ever shown.
        let may = file.starts_with("document/")
            || file.starts_with("volume/")
            || file == "app/model/preview.rs";
        let writes = code.contains("labels.apply(") || code.contains("LabelMap::apply");
        assert!(may || !writes, "{file} writes labels past the gate");
    }
}

#[test]
fn the_reader_of_groups_reads_groups() {
    let code = "use crate::{geom::{Grid, Plane}, volume::Volume};\nlet x = crate::work::Task;";
    let found: Vec<_> = named_modules(code).into_iter().collect();
    assert_eq!(found, ["geom", "volume", "work"]);
}

#[test]
fn files_have_a_size_one_can_read() {
    for (folder, least) in [("src", 30), ("tests", 15), ("benches", 2)] {
        let files = files_below(folder);
        assert!(files.len() >= least, "{folder} was not found");
        for (file, code) in files {
            let lines = code.lines().count();
            assert!(lines <= 620, "{folder}/{file} has {lines} lines: split it by meaning");
        }
    }
}
