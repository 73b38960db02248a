//! Finding, loading and fetching ONNX Runtime.

mod install;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ort::environment::Environment;

pub use install::install;

use super::error::SegmentError;
use crate::text::one_line;
use crate::work::program;
use install::{LIBRARY, library_folder};

/// How long an installed Python may take to say where its `onnxruntime` is.
const PYTHON_PATIENCE: Duration = Duration::from_secs(10);
/// Prints where the package's libraries lie, without importing it (which would take seconds, and run it).
const WHERE: &str = "
for folder in sys.path:
    capi = os.path.join(folder, 'onnxruntime', 'capi')
    if os.path.isabs(capi) and os.path.isdir(capi):
        sys.stdout.buffer.write(os.fsencode(capi) + b'\\0')
";

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

/// What there is of ONNX Runtime in this process. `ort` keeps the first library that loads for as long as
/// the process lives, and allows one environment, ever.
enum State {
    Nothing,
    /// The library is there, but its environment could not be made: another library can't be had any more.
    Held(Runtime),
    Ready(Runtime, Environment),
}

static STATE: Mutex<State> = Mutex::new(State::Nothing);

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
            program: program::folder(),
            data: library_folder(),
            python: program::on_path("python3"),
        }
    }

    /// The places in the order in which they are tried. Each is asked only when those before failed:
    /// starting Python takes time.
    #[allow(clippy::type_complexity)]
    fn in_order(&self) -> [(&'static str, Box<dyn Fn() -> Result<Vec<PathBuf>, String> + '_>); 4] {
        [
            (
                "ORT_DYLIB_PATH",
                Box::new(|| {
                    let path = self.named.as_ref().ok_or("not set")?;
                    // ONNX Runtime's loader would look for a relative path beside the executable.
                    std::path::absolute(path).map(|path| vec![path]).map_err(|e| e.to_string())
                }),
            ),
            ("beside the program", Box::new(|| beside(self.program.as_deref()))),
            ("data folder", Box::new(|| installed(self.data.as_deref()))),
            ("Python package", Box::new(|| of_python(self.python.as_deref()))),
        ]
    }
}

/// Finds and loads the library, once for the life of the process (later calls return the same). Slow: not on the UI
/// thread.
///
/// The order is `ORT_DYLIB_PATH`, beside the executable, the user's data folder, an installed Python
/// `onnxruntime`; within a folder the newest version first. Loading a library runs it: nothing is looked for in the
/// working folder, and what is in the data folder must be what [`install`] puts there, by its SHA-256. What can't
/// be loaded is passed over; the error says what was wrong with each. A library that loads but does not start ends the
/// search, because the process can't have another one: that is what the error says then.
pub fn load() -> Result<Runtime, SegmentError> {
    load_from(&Places::here())
}

/// As [`load`], from given places. Once a library is loaded, from wherever, that one is returned.
pub fn load_from(places: &Places) -> Result<Runtime, SegmentError> {
    ready(places).map(|(runtime, _)| runtime)
}

/// The environment, loading the library if need be.
pub(in crate::segment) fn environment() -> Result<Environment, SegmentError> {
    ready(&Places::here()).map(|(_, environment)| environment)
}

fn ready(places: &Places) -> Result<(Runtime, Environment), SegmentError> {
    // It is changed in single assignments only, so a panic elsewhere left it whole.
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    match &*state {
        State::Ready(runtime, environment) => return Ok((runtime.clone(), environment.clone())),
        State::Held(runtime) => {
            let runtime = runtime.clone();
            return start(runtime, &mut state);
        }
        State::Nothing => {}
    }
    let mut tried = Vec::new();
    for (found, find) in places.in_order() {
        let paths = find().unwrap_or_else(|why| {
            tried.push(format!("{found}: {why}"));
            Vec::new()
        });
        for path in paths {
            match open(&path) {
                Ok(()) => {
                    let runtime = Runtime { version: version_of(&path), path, found: found.into() };
                    return start(runtime, &mut state);
                }
                Err(why) => tried.push(format!("{found}: {why}")),
            }
        }
    }
    Err(SegmentError::NoRuntime { tried: tried.join("; ") })
}

/// Loads the library. Nothing else of `ort` may be called before this succeeded: it would panic.
fn open(path: &Path) -> Result<(), String> {
    if !path.is_file() {
        return Err(format!("no such file {}", path.display()));
    }
    ort::init_from(path).map(drop).map_err(|e| {
        let text = one_line(&e.to_string());
        format!("{text} (a library of ONNX Runtime 1.23 or newer is needed) {}", path.display())
    })
}

/// Makes the environment of the library that is loaded, and notes in `state` how that went.
fn start(runtime: Runtime, state: &mut State) -> Result<(Runtime, Environment), SegmentError> {
    // The path is not looked at any more, now that a library is loaded.
    let built =
        ort::init_from(&runtime.path).map_err(|e| one_line(&e.to_string())).and_then(|builder| {
            let builder = builder.with_name("voxpoint").with_telemetry(false);
            builder.build().map_err(|e| one_line(&e.to_string()))
        });
    match built {
        Ok(environment) => {
            let (path, found) = (runtime.path.display(), runtime.found.as_str());
            tracing::info!(%path, found, "ONNX Runtime loaded");
            *state = State::Ready(runtime.clone(), environment.clone());
            Ok((runtime, environment))
        }
        Err(message) => {
            let path = runtime.path.clone();
            *state = State::Held(runtime);
            Err(SegmentError::RuntimeDoesNotStart { message, path })
        }
    }
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

/// The numbers of a version, for comparing: 1.31.1 is more than 1.9.0. Empty is less than all.
fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

/// The libraries in a folder, the newest version first; those whose names don't say one come last.
fn in_folder(folder: Option<&Path>) -> Result<Vec<PathBuf>, String> {
    let folder = folder.ok_or("no such folder")?;
    let none = || format!("none in {}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(|_| none())?;
    let mut libraries: Vec<PathBuf> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            is_library(path.file_name()?.to_str()?).then_some(path)
        })
        .collect();
    if libraries.is_empty() {
        return Err(none());
    }
    // By name too, so that the order is always the same.
    libraries.sort_by_cached_key(|path| (numbers(&version_of(path)), path.clone()));
    libraries.reverse();
    Ok(libraries)
}

/// The libraries beside the program. In the working folder only what is pinned will do: who unpacks the program
/// among downloads must not load what else was downloaded.
fn beside(program: Option<&Path>) -> Result<Vec<PathBuf>, String> {
    let mut libraries = in_folder(program)?;
    let real = |path: &Path| path.canonicalize().ok();
    let here = std::env::current_dir().ok().and_then(|here| real(&here));
    if here.is_some() && program.and_then(real) == here {
        libraries.retain(|path| install::is_pinned(path));
        if libraries.is_empty() {
            return Err(
                "it is the working folder, from which no library is loaded: start the program \
                elsewhere, or set ORT_DYLIB_PATH"
                    .into(),
            );
        }
    }
    Ok(libraries)
}

/// The library that [`install`] put there.
fn installed(folder: Option<&Path>) -> Result<Vec<PathBuf>, String> {
    let folder = folder.ok_or("no such folder")?;
    install::installed_in(folder).map(|library| vec![library])
}

/// The libraries of the Python package `onnxruntime` (or `onnxruntime-gpu`, which has the same folder).
fn of_python(python: Option<&Path>) -> Result<Vec<PathBuf>, String> {
    let python = python.ok_or("no python3")?;
    let mut child = program::isolated_python(python, WHERE)
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
    let folders = output.stdout.split(|&b| b == 0).filter(|folder| !folder.is_empty());
    let libraries: Vec<PathBuf> = folders
        .filter_map(|folder| in_folder(Some(Path::new(&*String::from_utf8_lossy(folder)))).ok())
        .flatten()
        .collect();
    if libraries.is_empty() {
        return Err(format!("{} has no package onnxruntime", python.display()));
    }
    Ok(libraries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_comes_first_by_its_numbers() {
        let home = tempfile::tempdir().unwrap();
        let names = [
            "libonnxruntime.so",
            "libonnxruntime.so.1.9.0",
            "libonnxruntime.so.1.31.1",
            "libonnxruntime.so.1.31.0",
            "libonnxruntime_providers_shared.so",
            "libonnxruntime.so.txt",
        ];
        for name in names {
            std::fs::write(home.path().join(name), "").unwrap();
        }
        let found = in_folder(Some(home.path())).unwrap();
        let found: Vec<_> =
            found.iter().map(|p| p.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(found, [names[2], names[3], names[1], names[5], names[0]]);
        assert!(in_folder(Some(&home.path().join("missing"))).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_has_the_version_of_what_it_points_to() {
        let home = tempfile::tempdir().unwrap();
        let (real, link) =
            (home.path().join("libonnxruntime.so.1.31.1"), home.path().join("libonnxruntime.so"));
        std::fs::write(&real, "").unwrap();
        std::os::unix::fs::symlink("libonnxruntime.so.1.31.1", &link).unwrap();
        assert_eq!((version_of(&link), version_of(&real)), ("1.31.1".into(), "1.31.1".into()));
        assert_eq!(version_of(Path::new("/x/libonnxruntime.1.31.1.dylib")), "1.31.1");
        assert_eq!(version_of(Path::new("/no/libonnxruntime.so")), "");
    }
}
