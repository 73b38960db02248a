//! The program in a real window, on a display of the test's own: it draws, takes wheel and keys, and ends.
//! Needs Xvfb, xdotool and import (of imagemagick); without them nothing is tested, except where `CI` is set.
#![cfg(target_os = "linux")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// How long anything may take before the test gives up; it goes on as soon as it can.
const PATIENCE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(50);

/// A program that does not outlive the test.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks again until there is an answer.
fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begin.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(POLL);
    }
}

fn missing_tools() -> Vec<&'static str> {
    let is_there = |tool: &&str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(tool).is_file())
    };
    ["Xvfb", "xdotool", "import"].into_iter().filter(|tool| !is_there(tool)).collect()
}

/// A display and its name. Xvfb chooses a free number and says it when it is ready.
fn display() -> (Started, String) {
    let mut server = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp", "-noreset"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("Xvfb starts");
    let stdout = server.stdout.take().expect("piped");
    let server = Started(server);
    let (tx, rx) = channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stdout);
        let mut line = String::new();
        let _ = reader.read_line(&mut line);
        let _ = tx.send(line);
        // Kept open: Xvfb must not write into a closed pipe.
        let _ = reader.read_to_string(&mut String::new());
    });
    let number = rx.recv_timeout(PATIENCE).expect("Xvfb answers");
    assert!(!number.trim().is_empty(), "Xvfb ended");
    (server, format!(":{}", number.trim()))
}

/// What a tool printed, if it succeeded.
fn tool(display: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(arguments[0])
        .args(&arguments[1..])
        .env("DISPLAY", display)
        .output()
        .expect("the tool starts");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What is on the screen.
fn picture(display: &str, file: &Path) -> Option<image::RgbImage> {
    tool(display, &["import", "-window", "root", file.to_str()?])?;
    Some(image::open(file).ok()?.to_rgb8())
}

/// A scan in four views: a third of the screen or more is not black, in many colours. (The welcome page
/// covers a fifth.)
fn shows_a_scan(picture: &image::RgbImage) -> bool {
    let colours: std::collections::HashSet<[u8; 3]> = picture.pixels().map(|p| p.0).collect();
    let bright = picture.pixels().filter(|p| p.0.iter().any(|&c| c > 8)).count();
    let share = bright as f64 / f64::from(picture.width() * picture.height());
    colours.len() > 1000 && share > 0.33
}

#[test]
fn the_window_opens_draws_and_closes() {
    let missing = missing_tools();
    if !missing.is_empty() {
        assert!(std::env::var_os("CI").is_none(), "not installed: {missing:?}");
        eprintln!("skipped: not installed: {missing:?}");
        return;
    }
    let home = tempfile::tempdir().expect("a temporary folder");
    let scan = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/geometry/oblique_RAS.nii.gz");
    let (_server, display) = display();
    let mut program = Command::new(env!("CARGO_BIN_EXE_voxpoint"));
    // Settings and recent files of the user's stay as they are.
    for variable in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
        program.env(variable, home.path());
    }
    let program = program
        .arg(scan)
        .env("DISPLAY", &display)
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .stdin(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut program = Started(program);
    let mut ended = move || -> Option<ExitStatus> { program.0.try_wait().expect("a child") };

    let find = ["xdotool", "search", "--onlyvisible", "--name", "^Voxpoint$"];
    let window = wait_for("the window", || {
        assert!(ended().is_none(), "the program ended without a window");
        tool(&display, &find)?.lines().next().map(str::to_owned)
    });
    let file = home.path().join("screen.png");
    wait_for("a picture of the scan", || {
        assert!(ended().is_none(), "the program ended while it should draw");
        picture(&display, &file).filter(shows_a_scan)
    });

    let say = |arguments: &[&str]| tool(&display, arguments).expect("xdotool works");
    say(&["xdotool", "windowfocus", "--sync", &window]);
    say(&["xdotool", "mousemove", "480", "300"]);
    let mut last = None;
    let before = wait_for("a picture that stays", || {
        let now = picture(&display, &file);
        if now == last {
            now
        } else {
            last.clone_from(&now);
            None
        }
    });
    say(&["xdotool", "click", "4"]);
    wait_for("another slice after the wheel", || {
        assert!(ended().is_none(), "the wheel ended the program");
        picture(&display, &file).filter(|now| *now != before && shows_a_scan(now))
    });
    say(&["xdotool", "key", "ctrl+q"]);
    let status = wait_for("the end after Ctrl+Q", &mut ended);
    assert_eq!(status.code(), Some(0), "{status}");
}
