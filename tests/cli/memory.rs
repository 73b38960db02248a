//! Little memory: whatever the limit, a command does its work or says in one line why not. Never a panic, an abort or a
//! signal.

use std::path::Path;
use std::process::Command;

use crate::support::{Run, lps, nifti, sample, write_labels, write_scan};

/// Runs the program with so many kilobytes of address space; `None` if a signal ended it.
fn limited(kilobytes: u64, arguments: &[&str]) -> Option<Run> {
    let output = Command::new("sh")
        .args(["-c", "ulimit -v \"$0\" && exec \"$@\""])
        .arg(kilobytes.to_string())
        .arg(env!("CARGO_BIN_EXE_voxpoint"))
        .args(arguments)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .env_remove("RUST_LOG")
        .output()
        .expect("a shell");
    Some(Run {
        code: output.status.code()?,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// With so many kilobytes the program itself can be loaded; with 2 MB less it can't.
fn least() -> u64 {
    let loads = |kilobytes| limited(kilobytes, &["--version"]).is_some_and(|run| run.code == 0);
    let (mut low, mut high) = (1 << 14, 1 << 20);
    assert!(loads(high), "a gigabyte is enough to say the version");
    while high - low > 2048 {
        let middle = u64::midpoint(low, high);
        if loads(middle) { high = middle } else { low = middle }
    }
    high
}

#[cfg(target_os = "linux")]
#[test]
fn with_any_limit_a_command_works_or_says_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (scan, labels, large) = (path("scan.nii"), path("labels.nii"), path("large.nii"));
    let dims = [60, 50, 40];
    write_scan(Path::new(&scan), dims, 2.0, |[x, y, z]| (x * 7 + y * 3 + z) % 300);
    write_labels(Path::new(&labels), dims, 2.0, &[1; 5000]);
    // 64 MB of zeros, of which the disk has nothing.
    let header = nifti([400, 400, 200], 4, 16, lps(1.0), &[]);
    std::fs::write(&large, header).unwrap();
    std::fs::File::options().write(true).open(&large).unwrap().set_len(352 + 64_000_000).unwrap();
    let (mask, picture) = (path("mask.nii.gz"), path("picture.png"));
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/tiny");
    let model = model.to_str().unwrap();
    let segment = [
        "segment",
        &scan,
        "--point",
        "30,25,20,+",
        "--space",
        "voxel",
        "--out",
        &mask,
        "--model",
        model,
        "--device",
        "cpu",
    ];
    let sample_scan = sample("ct_thorax_cta.nii.gz");
    let render = ["render", &scan, "--labels", &labels, "--size", "200x200", "--out", &picture];
    let commands: [&[&str]; 6] = [
        &["info", &scan],
        &["info", &large],
        &["compare", &labels, &labels],
        &["info", sample_scan.to_str().unwrap()],
        &segment,
        &render,
    ];
    let base = least();
    let mb = 1024;
    let mut outcomes = Vec::new();
    for more in [2, 8, 24, 70, 110, 200, 350, 600, 800, 900, 1000, 1300] {
        for arguments in commands {
            let what = format!("{more} MB beside the program: {}", arguments[0]);
            for written in [&mask, &picture] {
                let _ = std::fs::remove_file(written);
            }
            let run = limited(base + more * mb, arguments);
            let run = run.unwrap_or_else(|| panic!("{what}: ended by a signal"));
            if run.code == 0 {
                assert!(!run.stderr.contains("panicked"), "{what}: {run:?}");
            } else {
                run.failed(1);
                // All of it is there or nothing.
                let out = arguments.iter().position(|a| *a == "--out").map(|at| arguments[at + 1]);
                assert!(out.is_none_or(|out| !Path::new(out).exists()), "{what}: {run:?}");
            }
            outcomes.push((more, arguments[0], run.code));
        }
    }
    // With little nothing works, with much everything does, but that a driver may be missing altogether.
    assert!(outcomes.iter().all(|(more, _, code)| *more > 8 || *code == 1), "{outcomes:?}");
    let enough = outcomes.iter().filter(|(more, what, _)| *more == 1300 && *what != "render");
    assert!(enough.into_iter().all(|(_, _, code)| *code == 0), "{outcomes:?}");
}

/// What is said is the truth: how much there is, and what allows no more.
#[cfg(target_os = "linux")]
#[test]
fn a_scan_that_is_too_large_for_a_limit_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.nii");
    std::fs::write(&large, nifti([1000, 1000, 400], 4, 16, lps(1.0), &[])).unwrap();
    std::fs::File::options().write(true).open(&large).unwrap().set_len(352 + 800_000_000).unwrap();
    let run = limited(least() + 400 * 1024, &["info", large.to_str().unwrap()]).expect("no signal");
    let said = run.failed(1);
    assert!(said.contains("needs 800.0 MB of memory and may take "), "{said}");
    assert!(said.contains("of the limit on address space (ulimit -v) are left"), "{said}");
    assert!(said.contains("raise that limit") && said.contains("large.nii"), "{said}");
    assert!(!said.contains(" 0 B"), "{said}");
}
