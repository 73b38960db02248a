//! What the program writes, and to where, when that is not what it should be: streams that nobody reads, names
//! that are no files, limits, and its own sudden end.

use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::support::{names, write_labels, write_scan};

/// A device that nobody can replace, not even root running these tests with a program that would.
const DEVICE: &str = "/dev/pts/ptmx";
const SIDE: [i16; 3] = [24, 24, 24];

/// A folder with a small scan, its labels, and models to use on them.
struct Place {
    home: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let place = Self { home };
        let ball = |[x, y, z]: [i16; 3]| {
            let r2: i16 = [x, y, z].iter().map(|v| (v - 12) * (v - 12)).sum();
            100 + 20 * ((x + y + z) % 3) + if r2 < 40 { 800 } else { 0 }
        };
        write_scan(&place.path("scan.nii"), SIDE, 2.0, ball);
        fs::create_dir(place.path("cases")).unwrap();
        write_scan(&place.path("cases/a.nii"), SIDE, 2.0, ball);
        for name in ["labels.nii", "cases/a_label.nii"] {
            write_labels(&place.path(name), SIDE, 2.0, &[1; 600]);
        }
        fs::create_dir(place.path("out")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn empty_out(&self) {
        fs::remove_dir_all(self.path("out")).unwrap();
        fs::create_dir(self.path("out")).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_voxpoint"));
        self.prepare(&mut command).args(arguments);
        command
    }

    /// The program under a shell that does something first; `$@` is the program with its arguments.
    fn shell(&self, script: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_voxpoint")]);
        self.prepare(&mut command).args(arguments);
        command
    }

    fn prepare<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "RUST_LOG"] {
            command.env_remove(name);
        }
        command.current_dir(self.home.path()).stdin(Stdio::null())
    }
}

fn tiny() -> String {
    format!("{}/tests/data/models/tiny_official.pth", env!("CARGO_MANIFEST_DIR"))
}

const SEGMENT: &[&str] =
    &["segment", "scan.nii", "--point", "12,12,12,+", "--space", "voxel", "--out", "out/m.nii.gz"];
const RENDER: &[&str] = &["render", "scan.nii", "--out", "out/p.png", "--size", "64x64"];
const EMBED: &[&str] =
    &["embed", "scan.nii", "--point", "12,12,12", "--space", "voxel", "--out", "out/e.npy"];
const EVAL: &[&str] = &["eval", "cases", "--out", "out/r.json", "--clicks", "1"];
const SUMMARY: &[&str] = &["eval", "cases", "--clicks", "1"];

/// Neither a panic (101) nor a signal.
fn code(output: &Output, what: &str) -> i32 {
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains("panicked"), "{what}: {text}");
    let code = output.status.code().unwrap_or_else(|| panic!("{what}: {:?}", output.status));
    assert_ne!(code, 101, "{what}: {text}");
    code
}

#[test]
fn no_command_minds_who_reads_its_output() {
    let (place, tiny) = (Place::new(), tiny());
    // The code as it should be, and whether there is anything on standard output.
    let commands: [(&[&str], i32, bool); 15] = [
        (&["--help"], 0, false),
        (&["--version"], 0, false),
        (&["no such file"], 1, false),
        (&["segment"], 2, false),
        (&["info", "scan.nii"], 0, true),
        (&["info", "scan.nii", "--json"], 0, true),
        (&["info", "none.nii"], 1, false),
        (&["compare", "labels.nii", "labels.nii"], 0, true),
        (SEGMENT, 0, true),
        (RENDER, 0, false),
        (EMBED, 0, true),
        (EVAL, 0, true),
        (SUMMARY, 0, true),
        (&["model", "info", &tiny], 0, true),
        (&["runtime", "status"], 0, true),
    ];
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    for (arguments, normal, prints) in commands {
        let told = if prints { 1 } else { normal };
        for (out, err, expected) in [(false, true, normal), (true, false, told), (true, true, told)]
        {
            let what = format!("{arguments:?}, out full {out}, err full {err}");
            let mut command = place.command(arguments);
            // What it says of itself has no place either.
            command.env("RUST_LOG", "debug");
            if err {
                command.stderr(full());
            }
            if out {
                command.stdout(full());
            }
            let output = command.output().unwrap();
            assert_eq!(code(&output, &what), expected, "{what}: {output:?}");
            let said = String::from_utf8_lossy(&output.stderr);
            if out && prints && !err {
                assert!(said.contains("can't write to standard output"), "{what}: {said}");
            }
        }
        for script in ["exec \"$@\" >&-", "exec \"$@\" 2>&-", "exec \"$@\" >&- 2>&- <&-"] {
            let what = format!("{arguments:?}, {script}");
            let output = place.shell(script, arguments).output().unwrap();
            assert_eq!(code(&output, &what), normal, "{what}: {output:?}");
        }
        // Readers that go away: at once, both of them.
        let mut child =
            place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(normal), "{arguments:?}, readers gone");
        if arguments == EVAL {
            let results = fs::read_to_string(place.path("out/r.json")).unwrap();
            assert!(results.contains("\"structures\""), "{results}");
        }
    }
}

#[test]
fn only_files_are_replaced() {
    let (place, tiny) = (Place::new(), tiny());
    // The name that is written, and what writes it.
    let commands: [(&str, &[&str]); 6] = [
        ("out/m.nii.gz", SEGMENT),
        ("out/m.labels.txt", SEGMENT),
        ("out/p.png", RENDER),
        ("out/e.npy", EMBED),
        ("out/r.json", EVAL),
        // Else it would be refused for what stands there.
        ("out/encoder.onnx", &["model", "export", &tiny, "out", "--force"]),
    ];
    let made = Command::new("mkfifo").arg(place.path("pipe")).status().unwrap();
    assert!(made.success());
    for (name, arguments) in commands {
        let arguments = if name == "out/e.npy" {
            // Of one output; the demo model has several.
            &[arguments, &["--model", &tiny]].concat()
        } else {
            arguments
        };
        for (target, refused) in [
            (DEVICE, Some("device")),
            ("../pipe", Some("pipe")),
            ("/nonexistent/folder/file", Some("")),
            ("real", None),
        ] {
            place.empty_out();
            let link = place.path(name);
            symlink(target, &link).unwrap();
            let what = format!("{name} to {target}");
            let output = place.command(arguments).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(code(&output, &what), i32::from(refused.is_some()), "{what}: {said}");
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "{what}: the link is gone");
            match refused {
                Some(kind) => {
                    assert!(said.contains(kind), "{what}: {said}");
                    let left = names(&place.path("out"));
                    let ours = |n: &String| link.ends_with(n) || n.ends_with(".journal");
                    assert!(left.iter().all(ours), "{what}: {left:?}");
                }
                None => assert!(fs::metadata(place.path("out/real")).unwrap().len() > 0, "{what}"),
            }
        }
    }
    assert!(fs::metadata(DEVICE).unwrap().file_type().is_char_device());
    assert!(fs::metadata(place.path("pipe")).unwrap().file_type().is_fifo());
}

#[test]
fn a_limit_on_files_is_an_error_like_a_full_disk() {
    let (place, tiny) = (Place::new(), tiny());
    // What stands there is no mask of ours.
    let logits = [SEGMENT, &["--force", "--logits", "out/l.nii"]].concat();
    let commands: [(&[&str], &str); 4] = [
        (&logits, "large"),
        (&["render", "scan.nii", "--out", "out/p.png", "--size", "512x512"], "large"),
        (&[EMBED, &["--model", &tiny]].concat(), "large"),
        (&["model", "export", &tiny, "out"], "large"),
    ];
    for (arguments, says) in commands {
        fs::write(place.path("out/m.nii.gz"), "old").unwrap();
        let before = names(&place.path("out"));
        // 4 kB.
        let output = place.shell("ulimit -f 8; exec \"$@\"", arguments).output().unwrap();
        let what = format!("{arguments:?}");
        assert_eq!(code(&output, &what), 1, "{what}: {output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(says), "{what}: {said}");
        assert_eq!(names(&place.path("out")), before, "{what}");
        assert_eq!(fs::read(place.path("out/m.nii.gz")).unwrap(), b"old");
    }
}

fn end(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    // It may have ended by itself.
    let _ = sent.success();
}

/// Whether files without a name can be had in a folder.
fn has_unnamed_files(folder: &Path) -> bool {
    use rustix::fs::{Mode, OFlags, open};
    open(folder, OFlags::TMPFILE | OFlags::RDWR, Mode::from_raw_mode(0o600)).is_ok()
}

#[test]
fn nothing_is_left_of_a_program_that_is_ended() {
    let (place, tiny) = (Place::new(), tiny());
    if !has_unnamed_files(&place.path("out")) {
        eprintln!("the disk of the temporary folder has no unnamed files: not tried");
        return;
    }
    let logits = [SEGMENT, &["--logits", "out/l.nii", "--model", &tiny]].concat();
    let film = ["render", "scan.nii", "--turntable", "12", "--out", "out/f.png", "--size", "64x64"];
    let commands: [(&[&str], &[&str]); 3] = [
        (&logits, &["l.nii", "m.labels.txt", "m.nii.gz"]),
        (&["model", "export", &tiny, "out"], &["decoder.onnx", "encoder.onnx", "model.json"]),
        (&film, &["f.png"]),
    ];
    for (arguments, files) in commands {
        place.empty_out();
        // To its end, for how long that takes.
        let begin = std::time::Instant::now();
        let whole = place.command(arguments).output().unwrap();
        assert!(whole.status.success(), "{whole:?}");
        let takes = begin.elapsed();
        assert_eq!(names(&place.path("out")), files, "{arguments:?}");
        for moment in 1..=6 {
            for signal in ["-KILL", "-INT"] {
                place.empty_out();
                let mut child = place
                    .command(arguments)
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap();
                // More of them towards the end, where files are written.
                let share = 1.0 - (f64::from(6 - moment) / 6.0).powi(2);
                std::thread::sleep(Duration::from_secs_f64(takes.as_secs_f64() * share));
                end(&child, signal);
                child.wait().unwrap();
                let left = names(&place.path("out"));
                assert!(
                    left.iter().all(|n| files.contains(&n.as_str())),
                    "{arguments:?}: {left:?}"
                );
            }
        }
    }
}
