//! A system that gives only a few threads. The limit is one of the user's processes and does not hold for root,
//! so these tests need root, who becomes somebody else for them; others can only try by hand.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Run, lps, names, nifti, write_scan};

/// A user that nobody is, nor another test, so that no other process is counted.
fn user() -> String {
    (1_000_000 + std::process::id()).to_string()
}

/// A folder that another user may read and write, with the program in it; `None` where that can't be tried.
fn elsewhere() -> Option<tempfile::TempDir> {
    let me = Command::new("id").arg("-u").output().ok()?;
    let tools = ["setpriv", "prlimit"];
    let has = |tool: &&str| Command::new(tool).arg("--version").output().is_ok();
    if me.stdout != b"0\n" || !tools.iter().all(has) {
        eprintln!("not tried: root, setpriv and prlimit are needed");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_voxpoint"), folder.path().join("voxpoint")).unwrap();
    let runtime = voxpoint::segment::runtime::load().expect("ONNX Runtime");
    std::fs::copy(runtime.path, folder.path().join("libonnxruntime.so.1.31.1")).unwrap();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models");
    let model = folder.path().join("model");
    std::fs::create_dir(&model).unwrap();
    for file in ["encoder.onnx", "decoder.onnx"] {
        std::fs::copy(models.join("tiny").join(file), model.join(file)).unwrap();
    }
    write_scan(&folder.path().join("scan.nii"), [24; 3], 1.5, |[x, y, z]| x * y + z);
    let labels: Vec<u8> = (0..24 * 24 * 24).map(|n| u8::from(n % 24 < 12)).collect();
    let file = nifti([24; 3], 2, 8, lps(1.5), &labels);
    std::fs::write(folder.path().join("scan_seg.nii"), file).unwrap();
    Some(folder)
}

/// Runs the program where no more than so many processes and threads are given; it must end by itself.
fn with_threads(folder: &Path, threads: usize, arguments: &[&str]) -> Run {
    let limit = format!("--nproc={threads}");
    let out = |name: &str| std::fs::File::create(folder.join(name)).unwrap();
    let (stdout, stderr) = (out("stdout"), out("stderr"));
    let mut child = Command::new("setpriv")
        .args(["--reuid", &user(), "--clear-groups", "prlimit", &limit, "./voxpoint"])
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env_remove("DISPLAY")
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > Duration::from_mins(1) {
            let _ = child.kill();
            panic!("{threads} threads: {arguments:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let run = Run {
        code: status.code().expect("the program was not killed"),
        stdout: read("stdout"),
        stderr: read("stderr"),
    };
    assert!(!run.stderr.contains("panicked"), "{threads} threads: {run:?}");
    run
}

/// What graphics drivers need can't be had with less: but that is said, and nothing hangs.
#[test]
fn a_picture_is_drawn_or_the_error_says_that_threads_are_too_few() {
    let Some(folder) = elsewhere() else { return };
    let mut drawn = Vec::new();
    for threads in [2, 3, 4, 6, 8, 200] {
        let run = with_threads(
            folder.path(),
            threads,
            &["render", "scan.nii", "--size", "64x64", "--out", "picture.png"],
        );
        drawn.push(run.code == 0);
        assert!(run.code == 0 || run.failed(1).contains("ulimit -u"), "{threads}: {run:?}");
    }
    assert_eq!((drawn[0], drawn.last()), (false, Some(&true)));
}

#[test]
fn few_threads_are_enough_or_the_error_says_that_they_are_too_few() {
    let Some(folder) = elsewhere() else { return };
    let folder = folder.path();
    let segment =
        ["segment", "scan.nii", "--space", "voxel", "--point", "20,20,20", "--model", "model"];
    let segment = [&segment[..], &["--out", "mask.nii.gz"]].concat();
    let info = ["info", "scan.nii"];
    let compare = ["compare", "scan_seg.nii", "scan_seg.nii"];
    let eval =
        ["eval", "scan.nii", "scan_seg.nii", "--model", "model", "--clicks", "1", "--jobs", "3"];
    let several = [&segment[..], &["--threads", "8"]].concat();
    for (arguments, least) in
        [(&info[..], 2), (&compare, 2), (&segment, 2), (&several, 2), (&eval, 2)]
    {
        // The first is the program's own.
        for threads in [1, 2, 3, 4, 6, 12] {
            let _ = std::fs::remove_file(folder.join("mask.nii.gz"));
            let run = with_threads(folder, threads, arguments);
            if threads >= least {
                assert_eq!(run.code, 0, "{threads} threads: {arguments:?}: {run:?}");
                let mask = names(folder).contains(&"mask.nii.gz".to_owned());
                assert_eq!(mask, arguments[0] == "segment", "{threads} threads: {arguments:?}");
            } else {
                assert!(run.failed(1).contains("ulimit -u"), "{run:?}");
            }
        }
    }
}
