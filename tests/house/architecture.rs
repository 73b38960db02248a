//! Holds the arrows and invariants that `ARCHITECTURE.md` states, by reading the sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::imports::{Imports, circles};

/// Module → what it may name of the crate. Everything not listed fails.
const ARROWS: &[(&str, &[&str])] = &[
    ("geom", &[]),
    ("prompt", &["volume", "geom", "mask"]),
    ("work", &["text"]),
    ("placeholder", &[]),
    ("text", &[]),
    ("volume", &["geom"]),
    ("names", &[]),
    ("mask", &["volume", "geom", "work"]),
    ("measure", &["volume", "geom", "mask", "text", "work"]),
    ("mesh", &["volume", "geom", "mask", "work"]),
    ("io", &["volume", "geom", "placeholder", "text", "work"]),
    ("segment", &["volume", "geom", "mask", "placeholder", "prompt", "text", "work"]),
    ("document", &["volume", "geom", "measure", "prompt"]),
    ("session", &["document", "volume", "geom", "measure", "prompt", "work"]),
    // Lists of scans and of the sessions on them, for `app` and `cli`.
    ("cases", &["io", "placeholder", "session", "work"]),
    ("render", &["volume", "geom", "text", "work"]),
    ("ui", &["document", "mask", "names", "render", "measure", "geom", "volume", "prompt", "text"]),
    // Draws the window's views without a window, for `app` (pictures) and `cli` (`voxpoint render`) alike: one
    // way to a picture. It writes files whole or not at all, which is `io`'s.
    ("figure", &["document", "io", "render", "ui", "work"]),
    (
        "app",
        &[
            "cases",
            "document",
            "figure",
            "geom",
            "io",
            "mask",
            "measure",
            "mesh",
            "names",
            "placeholder",
            "prompt",
            "render",
            "segment",
            "session",
            "text",
            "ui",
            "volume",
            "work",
        ],
    ),
    (
        "cli",
        &[
            "app",
            "cases",
            "document",
            "figure",
            "geom",
            "io",
            "mask",
            "measure",
            "mesh",
            "placeholder",
            "prompt",
            "render",
            "segment",
            "session",
            "text",
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
    ("dicom_object", &["io/dicom"]),
    ("dicom_core", &["io/dicom"]),
    ("jpeg2k", &["io/dicom"]),
    ("rfd::", &["app"]),
    ("egui_wgpu", &["ui/views", "app", "figure"]),
    ("eframe", &["app", "ui", "cli"]),
    ("egui::", &["app", "ui", "figure"]),
    ("clap::", &["cli"]),
    ("rusqlite::", &["session"]),
    // What leaves the machine leaves it there.
    ("ureq::", &["segment/download", "segment/remote"]),
    (
        "std::net",
        &[
            "segment/remote",
            "segment/download",
            "segment/cubes/engine/served/tests",
            "cli/bench/server",
            "cli/bench/stub_server",
        ],
    ),
];

/// Words that the pure modules may not contain: no I/O, no threads, no GPU, no model, no window.
const PURE: &[&str] = &["geom", "prompt", "volume", "mask", "measure", "mesh", "document"];
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
/// Loops over voxels side by side, which give the same as one after the other; and the token that ends them.
const PURE_ALL_THE_SAME: &[(&str, &str)] = &[("mask", "rayon"), ("measure", "rayon")];

/// The program's files: paths below `src` and their code.
pub fn sources() -> Vec<(String, String)> {
    let mut sources = files_below("src");
    assert!(sources.len() > 30, "the sources were not found");
    for (_, text) in &mut sources {
        *text = code_only(text);
    }
    sources
}

/// The Rust files of a folder: their paths below it and their text.
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
            let name = path.strip_prefix(&root).expect("below the folder").to_string_lossy();
            (name.replace('\\', "/"), text)
        })
        // The package without a window: its modules are named as if they stood beside the others, as `lib.rs` shows
        // them, which takes them all from there.
        .filter(|(name, _)| name != "core/lib.rs")
        .map(|(name, text)| (name.strip_prefix("core/").map_or(name.clone(), str::to_owned), text))
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

/// The source files with their whole text, and what they take from each other.
fn uses() -> BTreeSet<(String, String)> {
    let files = files_below("src");
    let edges = Imports::of(&files).edges();
    assert!(edges.len() > 500, "the imports were not found");
    edges
}

/// The module at the top that a file belongs to.
fn top(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap_or_default()
}

/// Whether a file goes on with what a module above it begins, as `impl App` does in many files of `app`: it may use
/// that module, although that module knows it.
fn continues(file: &str, module: &str) -> bool {
    let folder = module.strip_suffix("mod.rs").map(str::to_owned);
    let folder = folder.unwrap_or_else(|| module.trim_end_matches(".rs").to_owned() + "/");
    file.starts_with(&folder)
}

#[test]
fn arrows_between_modules() {
    let files = sources();
    let unknown: Vec<&String> = files
        .iter()
        .map(|(file, _)| file)
        .filter(|file| !matches!(top(file), "lib" | "main"))
        .filter(|file| !ARROWS.iter().any(|(module, _)| *module == top(file)))
        .collect();
    assert!(unknown.is_empty(), "not on the map: {unknown:?}");
    let may = |from: &str, to: &str| {
        from == to
            || matches!(from, "lib" | "main")
            // Macros stand at the root.
            || to == "lib"
            || ARROWS.iter().any(|(module, uses)| *module == from && uses.contains(&to))
    };
    let wrong: Vec<String> = uses()
        .into_iter()
        .filter(|(user, used)| !may(top(user), top(used)))
        .map(|(user, used)| format!("{user} may not use {used}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Folder of `ui` → the folders of `ui` that it may use.
const ARROWS_OF_UI: &[(&str, &[&str])] = &[
    ("kit", &[]),
    ("state", &["kit"]),
    ("tools", &["kit", "state"]),
    ("commands", &["kit", "state", "tools"]),
    ("panels", &["kit", "state", "tools", "commands"]),
    ("views", &["kit", "state", "tools", "commands"]),
    ("windows", &["kit", "state", "tools", "commands"]),
];

#[test]
fn arrows_between_the_folders_of_the_window() {
    let folder = |file: &str| {
        let (folder, _) = file.strip_prefix("ui/")?.split_once('/')?;
        Some(folder.to_owned())
    };
    let wrong: Vec<String> = uses()
        .into_iter()
        .filter_map(|(user, used)| Some((folder(&user)?, folder(&used)?, user, used)))
        .filter(|(from, to, ..)| from != to)
        .filter(|(from, to, ..)| {
            !ARROWS_OF_UI.iter().any(|(name, may)| name == from && may.contains(&to.as_str()))
        })
        .map(|(.., user, used)| format!("{user} may not use {used}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let uses: BTreeSet<_> =
        uses().into_iter().filter(|(user, used)| !continues(user, used)).collect();
    let found: Vec<String> = circles(&uses).iter().map(|circle| circle.join(" ")).collect();
    assert!(found.is_empty(), "in a circle:\n{}", found.join("\n"));
}

#[test]
fn no_folders_use_each_other_in_a_circle() {
    // `ui/panels/menu.rs` is of the folder `ui/panels`, `ui/mod.rs` of `ui`, which holds them all.
    let folder = |file: &str| file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let uses: BTreeSet<_> = uses()
        .iter()
        .map(|(user, used)| (folder(user), folder(used)))
        .filter(|(user, used)| user != used)
        .filter(|(user, used)| !(user.starts_with(&format!("{used}/")) || used.is_empty()))
        .collect();
    let found: Vec<String> = circles(&uses).iter().map(|circle| circle.join(" ")).collect();
    assert!(found.is_empty(), "in a circle:\n{}", found.join("\n"));
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
                if code.contains(word) && !PURE_ALL_THE_SAME.contains(&(top, word)) {
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
        // A preview is drawn into a copy of its own, a comparison into a map of its own; these are only ever shown.
        let may = file.starts_with("document/")
            || file.starts_with("volume/")
            || file == "app/model/preview.rs"
            || file == "app/comparison/drawing.rs";
        let writes = code.contains("labels.apply(") || code.contains("LabelMap::apply");
        assert!(may || !writes, "{file} writes labels past the gate");
    }
}

#[test]
fn imports_are_followed_to_the_file_that_defines_them() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let files = [
        file("lib.rs", "pub mod a;\npub mod b;\n"),
        file("a/mod.rs", "mod deep;\npub use deep::{Deep, sub};\npub struct Own;\n"),
        file("a/deep.rs", "use super::Own;\npub struct Deep;\npub mod sub { pub fn f() {} }\n"),
        file("b/mod.rs", "mod one;\nmod two;\nuse two::Two as Renamed;\n"),
        // A group, a chain, a re-export, prose and a test, which count for nothing.
        file(
            "b/one.rs",
            "use crate::{a::{Deep, sub}, b};\n// crate::c::X\nconst S: &str = \"crate::b::two::T\";\n\
             #[cfg(test)]\nmod tests { use super::super::two::Two; }\n",
        ),
        file("b/two.rs", "pub struct Two;\nfn f() { super::super::a::Own; super::one::g(); }\n"),
    ];
    let edges = Imports::of(&files).edges();
    let found: Vec<(&str, &str)> = edges.iter().map(|(a, b)| (&**a, &**b)).collect();
    let expected = [
        ("a/deep.rs", "a/mod.rs"),
        ("b/mod.rs", "b/two.rs"),
        ("b/one.rs", "a/deep.rs"),
        ("b/one.rs", "b/mod.rs"),
        ("b/two.rs", "a/mod.rs"),
        ("b/two.rs", "b/one.rs"),
    ];
    assert_eq!(found, expected);
    let round = [("x", "y"), ("y", "z"), ("z", "x"), ("z", "w")];
    let round = round.map(|(a, b)| (a.to_owned(), b.to_owned())).into_iter().collect();
    assert_eq!(circles(&round), [["x", "y", "z"]]);
}

#[test]
fn files_have_a_size_one_can_read() {
    for (folder, least) in [("src", 30), ("tests", 15), ("benches", 2)] {
        let files = files_below(folder);
        assert!(files.len() >= least, "{folder} was not found");
        for (file, code) in files {
            let lines = code_only(&code).lines().count();
            assert!(lines <= 620, "{folder}/{file} has {lines} lines: split it by meaning");
        }
    }
}
