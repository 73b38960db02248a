//! Finding, loading and fetching ONNX Runtime, and finding the model that ships.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ort::environment::Environment;

use super::SegmentError;
pub use super::install::install;
use super::install::{LIBRARY, library_folder};

/// How long an installed Python may take to say where its `onnxruntime` is.
const PYTHON_PATIENCE: Duration = Duration::from_secs(10);
/// Prints the package's folder without importing it (which would take seconds).
const WHERE: &str = "import importlib.util as u; s = u.find_spec('onnxruntime'); \
    print((s.submodule_search_locations or [''])[0] if s else '')";

/// The library found and loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runtime {
    /// The shared library.
    pub path: PathBuf,
    /// How it was found, for people: `ORT_DYLIB_PATH`, `beside the program`, `data folder`, `Python package`.
    pub found: String,
    /// Its version, e.g. `1.31.1`; empty if its file name does not say.
    pub version: String,
}

/// Loaded once for the life of the process: ONNX Runtime allows one environment, ever.
static LOADED: Mutex<Option<(Runtime, Environment)>> = Mutex::new(None);

/// Where to look, so that a test can say it.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// `ORT_DYLIB_PATH`.
    pub named: Option<PathBuf>,
    /// The folder of the executable.
    pub program: Option<PathBuf>,
    /// The folder [`install`] writes to.
    pub data: Option<PathBuf>,
    /// The Python to ask.
    pub python: Option<PathBuf>,
}

impl Places {
    /// The places of this machine.
    pub fn here() -> Self {
        Self {
            named: std::env::var_os("ORT_DYLIB_PATH").filter(|v| !v.is_empty()).map(PathBuf::from),
            program: program_folder(),
            data: library_folder(),
            python: Some("python3".into()),
        }
    }

    /// The places in the order in which they are tried. Each is asked only when those before failed:
    /// starting Python takes time.
    #[allow(clippy::type_complexity)]
    fn in_order(&self) -> [(&'static str, Box<dyn Fn() -> Result<PathBuf, String> + '_>); 4] {
        [
            (
                "ORT_DYLIB_PATH",
                Box::new(|| {
                    let path = self.named.as_ref().ok_or("not set")?;
                    // ONNX Runtime's loader would look for a relative path beside the executable.
                    std::path::absolute(path).map_err(|e| e.to_string())
                }),
            ),
            ("beside the program", Box::new(|| in_folder(self.program.as_deref()))),
            ("data folder", Box::new(|| in_folder(self.data.as_deref()))),
            ("Python package", Box::new(|| of_python(self.python.as_deref()))),
        ]
    }
}

fn program_folder() -> Option<PathBuf> {
    std::env::current_exe().ok()?.parent().map(Path::to_owned)
}

/// Finds and loads the library, once for the life of the process (later calls return the same). Slow: not on the UI thread.
///
/// The order is `ORT_DYLIB_PATH`, beside the executable, the user's data folder, an installed Python
/// `onnxruntime`. What can't be loaded is passed over; the error says what was wrong with each.
pub fn load() -> Result<Runtime, SegmentError> {
    load_from(&Places::here())
}

/// As [`load`], from given places. Once a library is loaded, from wherever, that one is returned.
pub fn load_from(places: &Places) -> Result<Runtime, SegmentError> {
    // A panic elsewhere while it was held left either nothing or a whole entry.
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((runtime, _)) = loaded.as_ref() {
        return Ok(runtime.clone());
    }
    let mut tried = Vec::new();
    for (found, find) in places.in_order() {
        match find().and_then(|path| open(&path).map(|environment| (path, environment))) {
            Ok((path, environment)) => {
                let runtime = Runtime { version: version_of(&path), path, found: found.into() };
                tracing::info!(path = %runtime.path.display(), found, "ONNX Runtime loaded");
                *loaded = Some((runtime.clone(), environment));
                return Ok(runtime);
            }
            Err(why) => tried.push(format!("{found}: {why}")),
        }
    }
    Err(SegmentError::NoRuntime { tried: tried.join("; ") })
}

/// The environment, loading the library if need be.
pub(super) fn environment() -> Result<Environment, SegmentError> {
    load()?;
    let loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let nothing = || SegmentError::NoRuntime { tried: "nothing".into() };
    loaded.as_ref().map(|(_, environment)| environment.clone()).ok_or_else(nothing)
}

/// Nothing else of `ort` may be called before this succeeded: it would panic.
fn open(path: &Path) -> Result<Environment, String> {
    if !path.is_file() {
        return Err(format!("no such file {}", path.display()));
    }
    let one_line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let builder = ort::init_from(path).map_err(|e| {
        let text = one_line(e.to_string());
        format!("{text} (a library of ONNX Runtime 1.23 or newer is needed) {}", path.display())
    })?;
    builder
        .with_name("voxpoint")
        .with_telemetry(false)
        .build()
        .map_err(|e| format!("{} {}", one_line(e.to_string()), path.display()))
}

/// `1.31.1` of `libonnxruntime.so.1.31.1`, through links.
fn version_of(path: &Path) -> String {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = real.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let digits = name.find(|c: char| c.is_ascii_digit()).map_or("", |at| &name[at..]);
    digits.trim_end_matches(".dylib").to_owned()
}

fn is_library(name: &str) -> bool {
    name == LIBRARY
        || name == "libonnxruntime.so"
        || name.starts_with("libonnxruntime.so.")
        || name == "onnxruntime.dll"
        || name.strip_prefix("libonnxruntime.").is_some_and(|n| n.split('.').any(|p| p == "dylib"))
}

/// The library in a folder; the last by name if there are several versions.
fn in_folder(folder: Option<&Path>) -> Result<PathBuf, String> {
    let folder = folder.ok_or("no such folder")?;
    let none = || format!("none in {}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(|_| none())?;
    let libraries = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        is_library(path.file_name()?.to_str()?).then_some(path)
    });
    libraries.max().ok_or_else(none)
}

/// The library of the Python package `onnxruntime` (or `onnxruntime-gpu`, which has the same folder).
fn of_python(python: Option<&Path>) -> Result<PathBuf, String> {
    let python = python.ok_or("no Python")?;
    let mut child = Command::new(python)
        .args(["-c", WHERE])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|_| format!("no {}", python.display()))?;
    let begin = Instant::now();
    while child.try_wait().map_err(|e| e.to_string())?.is_none() {
        if begin.elapsed() > PYTHON_PATIENCE {
            // It may end by itself in this moment: either way it is gone.
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("{} did not answer", python.display()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().map_err(|e| e.to_string())?;
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if folder.is_empty() {
        return Err(format!("{} has no package onnxruntime", python.display()));
    }
    in_folder(Some(&Path::new(&folder).join("capi")))
}

/// The folder that holds the shipped demo model: of `$VOXPOINT_MODELS`, beside the program, under its
/// installation prefix, or the source tree's.
pub fn demo_model() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    folders.extend(std::env::var_os("VOXPOINT_MODELS").map(PathBuf::from));
    if let Some(program) = program_folder() {
        folders.push(program.join("models"));
        folders.push(program.join("../share/voxpoint/models"));
    }
    folders.extend(option_env!("CARGO_MANIFEST_DIR").map(|root| Path::new(root).join("models")));
    folders.into_iter().map(|f| f.join("demo")).find(|f| f.join("encoder.onnx").is_file())
}
