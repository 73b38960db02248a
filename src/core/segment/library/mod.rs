//! Which models there are, with the licence and the card that come with them. Nothing large is read, so
//! it is quick enough for whenever a menu opens; it does touch the disk, so not on the UI thread.

mod external;
mod onnx;

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use serde::Deserialize;

pub use external::{external_files, locations, weights_file};
pub use onnx::OnnxFacts;

use super::checkpoint::{Architecture, Manifest};
use super::digest;
use crate::work::{CancelToken, Progress};

/// More entries of a folder than anybody keeps models in.
const MAX_ENTRIES: usize = 2000;
/// Of a card, bytes that are read.
const MAX_CARD: u64 = 64 << 10;

/// What a model's files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModelKind {
    /// The pair that ships with the program.
    Demo,
    /// The authors' format: a `.pth` file.
    Checkpoint,
    /// A folder with `encoder.onnx` and `decoder.onnx`.
    Onnx,
}

/// A model on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFile {
    /// What its card calls it, else the name of its folder or file.
    pub name: String,
    /// The folder of the pair, or the checkpoint.
    pub path: PathBuf,
    /// What it is.
    pub kind: ModelKind,
    /// Its licence, where something says.
    pub licence: Option<String>,
    /// Where it was fetched from.
    pub source: Option<String>,
    /// SHA-256 that was computed when it was fetched.
    pub sha256: Option<String>,
    /// Text about it, usually Markdown.
    pub card: Option<String>,
    /// The card in one line, for a menu.
    pub line: Option<String>,
    /// How to click with it, in one line, for those who are new to it.
    pub hint: Option<String>,
}

/// What may lie beside a model: `model.json` in the folder of a pair, `NAME.json` beside `NAME.pth`.
/// Keys that are not known are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Note {
    name: Option<String>,
    #[serde(alias = "license")]
    licence: Option<String>,
    #[serde(alias = "url")]
    source: Option<String>,
    sha256: Option<String>,
    card: Option<String>,
    line: Option<String>,
    hint: Option<String>,
}

/// What is known of the authors' file that nobody has put a note beside.
const TURBO_LICENCE: &str = "Apache-2.0";
const TURBO_CARD: &str = "SAM-Med3D-turbo: general promptable segmentation of 3D medical images, \
    100 million parameters, by the authors of SAM-Med3D (https://github.com/uni-medical/SAM-Med3D). \
    Wang et al., “SAM-Med3D: Towards General-purpose Promptable Segmentation Models for 3D Medical \
    Images”, https://arxiv.org/abs/2310.15161. Not for clinical use.";

/// `models` in the user's data folder, where downloads go.
pub fn models_folder() -> Option<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "voxpoint")?;
    Some(dirs.data_dir().join("models"))
}

/// The folders in which models may ship, best first: `$VOXPOINT_MODELS`, beside the program, under its
/// installation prefix, or the source tree's.
fn shipped_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    folders.extend(std::env::var_os("VOXPOINT_MODELS").map(PathBuf::from));
    if let Some(program) = crate::work::program::folder() {
        folders.push(program.join("models"));
        folders.push(program.join("../share/voxpoint/models"));
    }
    // This package lies in `src/core`.
    let sources =
        option_env!("CARGO_MANIFEST_DIR").and_then(|package| Path::new(package).ancestors().nth(2));
    folders.extend(sources.map(|top| top.join("models")));
    folders
}

/// The folder that holds the shipped demo model: of `$VOXPOINT_MODELS`, beside the program, under its
/// installation prefix, or the source tree's.
pub fn demo_model() -> Option<PathBuf> {
    let folders = shipped_folders();
    folders.into_iter().map(|f| f.join("demo")).find(|f| f.join("encoder.onnx").is_file())
}

/// Every model in `$VOXPOINT_MODELS`, the folder of the demo model, and the user's [`models_folder`]:
/// the demo model first, then checkpoints, then pairs, each by name.
pub fn discover() -> Vec<ModelFile> {
    let demo = demo_model();
    let mut folders: Vec<PathBuf> =
        std::env::var_os("VOXPOINT_MODELS").map(PathBuf::from).into_iter().collect();
    folders.extend(demo.as_deref().and_then(Path::parent).map(Path::to_path_buf));
    folders.extend(models_folder());
    discover_in(&folders, demo.as_deref())
}

/// As [`discover`], with the folders given.
pub fn discover_in(folders: &[PathBuf], demo: Option<&Path>) -> Vec<ModelFile> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let demo = demo.map(real);
    let mut seen = std::collections::HashSet::new();
    let mut found = Vec::new();
    for folder in folders {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for entry in entries.take(MAX_ENTRIES).flatten() {
            let path = entry.path();
            // A folder may be listed twice, and links may lead to one model.
            if !seen.insert(real(&path)) {
                continue;
            }
            if let Some(mut model) = describe(&path) {
                if demo.as_ref() == Some(&real(&path)) {
                    model.kind = ModelKind::Demo;
                }
                found.push(model);
            }
        }
    }
    found.sort_by(|a, b| (a.kind, &a.name, &a.path).cmp(&(b.kind, &b.name, &b.path)));
    found
}

/// What lies at `path`: a pair's folder (or either of its files), or a checkpoint; `None` if neither.
/// Whether it can be used is only known once it is opened.
pub fn describe(path: &Path) -> Option<ModelFile> {
    if is_checkpoint(path) {
        return path.is_file().then(|| checkpoint(path));
    }
    let folder = match path.file_name().and_then(|n| n.to_str()) {
        Some("encoder.onnx" | "decoder.onnx") if path.is_file() => match path.parent()? {
            bare if bare.as_os_str().is_empty() => Path::new("."),
            folder => folder,
        },
        _ => path,
    };
    let pair = ["encoder.onnx", "decoder.onnx"].iter().all(|file| folder.join(file).is_file());
    pair.then(|| onnx(folder))
}

/// Whether a file is a checkpoint by its name: `*.pth` or `*.pt`.
pub fn is_checkpoint(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    matches!(extension.as_deref(), Some("pth" | "pt"))
}

/// Every file that a model is made of: the checkpoint; or, of a pair (by its folder or either of its files),
/// `encoder.onnx` and `decoder.onnx` and then, in the order of their names, the files that hold their weights.
///
/// # Errors
/// As [`external_files`].
pub fn files_of(model: &Path) -> std::io::Result<Vec<PathBuf>> {
    let folder = match model.file_name().and_then(|n| n.to_str()) {
        _ if model.is_dir() => model,
        Some("encoder.onnx" | "decoder.onnx") => match model.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        },
        _ => return Ok(vec![model.to_owned()]),
    };
    let mut files = vec![folder.join("encoder.onnx"), folder.join("decoder.onnx")];
    let mut weights = Vec::new();
    for file in &files {
        weights.extend(external_files(file)?);
    }
    weights.sort();
    weights.dedup();
    files.extend(weights);
    Ok(files)
}

/// SHA-256, in hexadecimal digits, of everything that a model is made of ([`files_of`]). Of one file it is that
/// file's; of several, that of one line for each with its name in the folder, its size and its own SHA-256.
///
/// # Errors
/// If a file can't be read, or as [`files_of`].
pub fn sha256_of_model(model: &Path) -> std::io::Result<String> {
    let files = files_of(model)?;
    if let [file] = files.as_slice() {
        return size_and_sha256(file).map(|(_, sha256)| sha256);
    }
    let folder = files[0].parent().unwrap_or(Path::new(""));
    let mut list = Vec::new();
    for file in &files {
        let (bytes, sha256) = size_and_sha256(file)?;
        let name = file.strip_prefix(folder).unwrap_or(file).display();
        list.push(format!("{sha256} {bytes} {name}\n"));
    }
    Ok(digest::sha256_of_bytes(list.concat().as_bytes()))
}

/// Bytes of a file and its SHA-256 in hexadecimal digits. Reads all of it.
pub fn size_and_sha256(path: &Path) -> std::io::Result<(u64, String)> {
    let sha256 = digest::sha256(path, &CancelToken::new(), &Progress::new())?;
    Ok((fs::metadata(path)?.len(), sha256.unwrap_or_default()))
}

/// Names what lies at a path now: the path, and the length and time of what was written there. Other weights
/// written to the same path are another model. Of a file of an ONNX pair the whole folder counts, because both
/// files, and those that hold their weights, belong together; and weights that lie deeper.
pub fn identity(path: &Path) -> String {
    let onnx = |p: &Path| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("onnx"));
    let place = if onnx(path) { path.parent().unwrap_or(path) } else { path };
    let mut files: Vec<PathBuf> = fs::read_dir(place).map_or_else(
        |_| vec![place.to_owned()],
        |entries| entries.filter_map(|e| Some(e.ok()?.path())).collect(),
    );
    // Of a pair that can't be read the loading will tell.
    files.extend(files_of(path).unwrap_or_default());
    files.sort();
    files.dedup();
    let known = files.iter().filter_map(|f| f.metadata().ok()).filter(fs::Metadata::is_file);
    let written = |m: &fs::Metadata| m.modified().ok()?.duration_since(UNIX_EPOCH).ok();
    let (bytes, newest) = known.fold((0, Duration::ZERO), |(bytes, newest), m| {
        (bytes + m.len(), newest.max(written(&m).unwrap_or_default()))
    });
    format!(
        "{} ({bytes} bytes of {}.{:09})",
        path.display(),
        newest.as_secs(),
        newest.subsec_nanos()
    )
}

fn onnx(folder: &Path) -> ModelFile {
    let note = note(&folder.join("model.json"));
    let card = card(&folder.join("README.md"));
    // `.` and `..` have no name of their own.
    let full = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    model(folder, ModelKind::Onnx, full.file_name(), note, card)
}

fn checkpoint(path: &Path) -> ModelFile {
    let note = note(&path.with_extension("json"));
    let card = card(&path.with_extension("md"));
    let mut model = model(path, ModelKind::Checkpoint, path.file_stem(), note, card);
    if (model.licence.is_none() || model.card.is_none()) && is_turbo(path) {
        model.licence.get_or_insert_with(|| TURBO_LICENCE.to_owned());
        model.card.get_or_insert_with(|| TURBO_CARD.to_owned());
    }
    model
}

fn model(
    path: &Path,
    kind: ModelKind,
    file: Option<&std::ffi::OsStr>,
    note: Note,
    card: Option<String>,
) -> ModelFile {
    let file = file.map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned());
    let card = note.card.or(card);
    let licence = note.licence.or_else(|| licence_in(card.as_deref()?));
    ModelFile {
        name: note.name.unwrap_or(file),
        path: path.to_owned(),
        kind,
        licence,
        source: note.source,
        sha256: note.sha256,
        card,
        line: note.line.as_deref().and_then(line),
        hint: note.hint.as_deref().and_then(line),
    }
}

/// The first line of a text, as far as a menu has room.
fn line(text: &str) -> Option<String> {
    const LONGEST: usize = 120;
    let line = text.trim().lines().next()?;
    Some(line.chars().take(LONGEST).collect())
}

/// A JSON file that may not be there, and may hold anything.
fn note(path: &Path) -> Note {
    card(path).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// The beginning of a text file, if there is one.
fn card(path: &Path) -> Option<String> {
    // Opening a pipe would wait for somebody to write into it.
    if !path.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MAX_CARD).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The licence that a card states on a line of its own, as cards of Hugging Face do (`license: mit`).
fn licence_in(card: &str) -> Option<String> {
    card.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        let key = key.trim().trim_matches(['*', '#', '-', ' ']).to_lowercase();
        let value = value.trim().trim_matches(['*', '"', '\'', ' ']);
        (["licence", "license"].contains(&key.as_str()) && !value.is_empty())
            .then(|| value.chars().take(200).collect())
    })
}

/// The authors' released file, by its name and its architecture.
fn is_turbo(path: &Path) -> bool {
    let named = path.file_stem().and_then(|n| n.to_str());
    if !named.is_some_and(|name| name.to_lowercase().starts_with("sam_med3d_turbo")) {
        return false;
    }
    let Ok(checkpoint) = Manifest::open(path) else { return false };
    Architecture::of(&checkpoint)
        .is_ok_and(|a| (a.embed_dim, a.depth(), a.prompt_dim) == (768, 12, 384))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn pair(folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("encoder.onnx"), "x").unwrap();
        fs::write(folder.join("decoder.onnx"), "x").unwrap();
    }

    #[test]
    fn pairs_and_checkpoints_are_found_once_each_and_in_order() {
        let home = tempfile::tempdir().unwrap();
        let (shipped, own) = (home.path().join("shipped"), home.path().join("own"));
        pair(&shipped.join("demo"));
        fs::write(shipped.join("demo/README.md"), "# Demo\n\nLicence: MIT\n").unwrap();
        pair(&own.join("b"));
        fs::write(
            own.join("b/model.json"),
            r#"{"name":"Best","license":"BSD","hint":" h\n2","line":" ","other":1}"#,
        )
        .unwrap();
        pair(&own.join("a"));
        fs::write(own.join("a/model.json"), "not json").unwrap();
        fs::create_dir(own.join("half")).unwrap();
        fs::write(own.join("half/encoder.onnx"), "x").unwrap();
        fs::write(own.join("z.PTH"), "x").unwrap();
        fs::write(own.join("z.json"), r#"{"url":"https://example.org/z.pth","sha256":"00"}"#)
            .unwrap();
        fs::write(own.join("z.pth.part"), "x").unwrap();
        fs::create_dir(own.join("folder.pth")).unwrap();
        let folders = [shipped.clone(), own.clone(), shipped.clone(), home.path().join("missing")];
        let found = discover_in(&folders, Some(&shipped.join("demo")));
        let hints: Vec<_> = found.iter().filter_map(|m| m.hint.as_deref()).collect();
        assert_eq!(hints, ["h"]);
        assert!(found.iter().all(|m| m.line.is_none()));
        let short: Vec<_> =
            found.iter().map(|m| (m.kind, m.name.as_str(), m.licence.as_deref())).collect();
        assert_eq!(
            short,
            [
                (ModelKind::Demo, "demo", Some("MIT")),
                (ModelKind::Checkpoint, "z", None),
                (ModelKind::Onnx, "Best", Some("BSD")),
                (ModelKind::Onnx, "a", None),
            ]
        );
        assert_eq!(found[0].card.as_deref(), Some("# Demo\n\nLicence: MIT"));
        assert_eq!(found[1].source.as_deref(), Some("https://example.org/z.pth"));
        assert_eq!(describe(&own.join("b/decoder.onnx")).unwrap().path, own.join("b"));
        assert!(describe(&own.join("half")).is_none() && describe(&own.join("none.pth")).is_none());
    }

    #[test]
    fn licences_are_found_in_cards() {
        for (card, licence) in [
            ("---\nlicense: apache-2.0\ntags: [a]\n---\n# Model", Some("apache-2.0")),
            ("# Model\n\n- **Licence:** CC BY 4.0\n", Some("CC BY 4.0")),
            ("Licence of code and weights: as Voxpoint's", None),
            ("license:\n", None),
        ] {
            assert_eq!(licence_in(card).as_deref(), licence, "{card}");
        }
    }

    #[test]
    fn a_name_alone_does_not_make_a_file_the_authors() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("sam_med3d_turbo.pth");
        let tiny =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/models/tiny_official.pth");
        fs::copy(tiny, &path).unwrap();
        assert_eq!(describe(&path).unwrap().licence, None);
        fs::write(&path, "nothing").unwrap();
        assert_eq!(describe(&path).unwrap().licence, None);
    }

    fn write(path: &Path, bytes: &[u8], at: SystemTime) {
        fs::write(path, bytes).unwrap();
        fs::File::options().append(true).open(path).unwrap().set_modified(at).unwrap();
    }

    #[test]
    fn other_weights_at_the_same_path_are_another_model() {
        let temp = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let later = now + Duration::from_secs(1);
        let file = temp.path().join("turbo.pth");
        write(&file, b"weights", now);
        let first = identity(&file);
        assert!(first.starts_with(&*file.display().to_string()), "readable: {first}");
        assert_eq!(identity(&file), first);
        write(&file, b"weights", later);
        let second = identity(&file);
        write(&file, b"other weights", later);
        assert!(first != second && second != identity(&file));

        // Of a pair, by whichever name; the weights may lie beside the graphs.
        let pair = temp.path().join("pair");
        fs::create_dir(&pair).unwrap();
        for name in ["encoder.onnx", "decoder.onnx", "encoder.onnx.data"] {
            write(&pair.join(name), b"graph", now);
        }
        // An encoder whose weights lie in w/d: graph (7), initializer (5), external data (13), data location (14).
        let other = temp.path().join("other");
        fs::create_dir_all(other.join("w")).unwrap();
        let entry = b"\x6a\x0f\x0a\x08location\x12\x03w/d";
        let tensor = [entry.as_slice(), b"\x70\x01"].concat();
        let graph = [&[0x2a, tensor.len() as u8][..], &tensor].concat();
        let model = [&[0x3a, graph.len() as u8][..], &graph].concat();
        write(&other.join("encoder.onnx"), &model, now);
        write(&other.join("decoder.onnx"), b"", now);
        write(&other.join("w/d"), b"weights", now);
        let before = identity(&other);
        write(&other.join("w/d"), b"weights", later);
        assert_ne!(identity(&other), before);

        for path in [pair.clone(), pair.join("decoder.onnx")] {
            let before = identity(&path);
            write(&pair.join("encoder.onnx.data"), b"graph of another", later);
            assert_ne!(identity(&path), before);
            write(&pair.join("encoder.onnx.data"), b"graph", now);
            assert_eq!(identity(&path), before);
        }
    }
}
