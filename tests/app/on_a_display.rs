//! The program in a real window, on a display of the test's own: it draws, takes wheel and keys, asks for paths,
//! and ends.
//! Needs Xvfb, xdotool and import (of imagemagick); without them nothing is tested, except where `CI` is set.
#![cfg(target_os = "linux")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
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

/// Whether the tools are there; where they must be, their absence is a failure.
fn can_be_tested() -> bool {
    let missing = missing_tools();
    if missing.is_empty() {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "not installed: {missing:?}");
    eprintln!("skipped: not installed: {missing:?}");
    false
}

/// The program in its window, on a display of its own.
struct Window {
    _server: Started,
    display: String,
    program: Started,
    id: String,
    /// Its files; the user's settings and recent files stay as they are.
    home: tempfile::TempDir,
}

impl Window {
    /// Opens it. `change` gives the program another environment; it knows the folder for files.
    fn open(scan: Option<&Path>, change: impl FnOnce(&mut Command, &Path)) -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let (server, display) = display();
        let mut program = Command::new(env!("CARGO_BIN_EXE_voxpoint"));
        for variable in
            ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"]
        {
            program.env(variable, home.path());
        }
        program
            .args(scan)
            .env("DISPLAY", &display)
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WAYLAND_SOCKET")
            .stdin(Stdio::null())
            .stderr(std::fs::File::create(home.path().join("stderr")).expect("writable"));
        change(&mut program, home.path());
        let program = Started(program.spawn().expect("the program starts"));
        let mut window = Self { _server: server, display, program, id: String::new(), home };
        let find = ["xdotool", "search", "--onlyvisible", "--name", "^Voxpoint$"];
        window.id = window.wait_for("the window", |window| {
            tool(&window.display, &find)?.lines().next().map(str::to_owned)
        });
        window.say(&["windowfocus", "--sync", &window.id]);
        window
    }

    fn wait_for<T>(&mut self, what: &str, mut ask: impl FnMut(&Self) -> Option<T>) -> T {
        wait_for(what, || {
            let ended = self.program.0.try_wait().expect("a child");
            assert!(ended.is_none(), "the program ended ({ended:?}): {}", self.stderr());
            ask(self)
        })
    }

    fn say(&self, words: &[&str]) {
        let words: Vec<_> = ["xdotool"].into_iter().chain(words.iter().copied()).collect();
        tool(&self.display, &words).expect("xdotool works");
    }

    fn picture(&self) -> Option<image::RgbImage> {
        picture(&self.display, &self.home.path().join("screen.png"))
    }

    /// The screen, once it stays as it is.
    fn settled(&mut self, what: &str) -> image::RgbImage {
        let mut last = None;
        self.wait_for(what, |window| {
            let now = window.picture();
            let stays = now.is_some() && now == last;
            last.clone_from(&now);
            now.filter(|_| stays)
        })
    }

    fn stderr(&self) -> String {
        std::fs::read_to_string(self.home.path().join("stderr")).unwrap_or_default()
    }

    /// Ctrl+Q.
    fn quit(mut self) {
        self.say(&["key", "ctrl+q"]);
        let status =
            wait_for("the end after Ctrl+Q", || self.program.0.try_wait().expect("a child"));
        assert_eq!(status.code(), Some(0), "{status}: {}", self.stderr());
        assert_eq!(self.stderr(), "");
    }
}

fn scan() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/geometry/oblique_RAS.nii.gz")
}

/// The views of a screen, without the bars above and below them.
fn views(screen: &image::RgbImage) -> image::RgbImage {
    let (width, height) = screen.dimensions();
    image::imageops::crop_imm(screen, 0, 60, width, height - 120).to_image()
}

#[test]
fn the_window_opens_draws_takes_the_wheel_and_closes() {
    if !can_be_tested() {
        return;
    }
    let mut window = Window::open(Some(&scan()), |_, _| {});
    window.wait_for("a picture of the scan", |window| window.picture().filter(shows_a_scan));
    window.say(&["mousemove", "480", "300"]);
    // A tool without previews under the pointer.
    window.say(&["key", "c"]);
    let before = views(&window.settled("a picture that stays"));
    // The next slice, as a key shows it.
    window.say(&["key", "Up"]);
    window.wait_for("another slice", |w| w.picture().filter(|now| views(now) != before));
    let next = views(&window.settled("the next slice"));
    window.say(&["key", "Down"]);
    window.wait_for("the slice before", |w| w.picture().filter(|now| views(now) == before));
    // XTEST has no smooth scrolling, as VNC servers have none: a notch is a press and a release of a button.
    for (button, expected) in [("4", &next), ("5", &before)] {
        window.say(&["click", button]);
        let after = |w: &Window| w.picture().filter(|now| views(now) == *expected);
        window.wait_for("one slice for a notch of the wheel", after);
        assert!(views(&window.settled("one slice")) == *expected, "a notch is one slice: {button}");
    }
    window.quit();
}

/// Makes something that serves file dialogs, in a folder, and tells the program where it is.
type Service<'a> = &'a dyn Fn(&mut Command, &Path);

/// What serves file dialogs on a desktop may be missing, dead, or silent for ever.
#[test]
fn without_file_dialogs_the_path_is_typed() {
    if !can_be_tested() {
        return;
    }
    let nothing = |_: &mut Command, _: &Path| {};
    let silent = |program: &mut Command, home: &Path| {
        // Kept open by the thread, and never accepted.
        let listener = UnixListener::bind(home.join("bus")).expect("a socket");
        std::mem::forget(listener);
        program.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}/bus", home.display()));
    };
    let dead = |program: &mut Command, home: &Path| {
        drop(UnixListener::bind(home.join("bus")).expect("a socket"));
        program.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}/bus", home.display()));
    };
    let services: [(&str, Service); 3] = [("none", &nothing), ("silent", &silent), ("dead", &dead)];
    for (what, service) in services {
        let mut window = Window::open(None, |program, home| {
            // Nor is there the program that shows dialogs without a desktop.
            program.env("PATH", home);
            program.env("XDG_RUNTIME_DIR", home).env_remove("DBUS_SESSION_BUS_ADDRESS");
            service(program, home);
        });
        window.settled("the welcome page");
        window.say(&["key", "ctrl+o"]);
        let path = scan().display().to_string();
        let mut tries = 0;
        window.wait_for(&format!("a scan by a typed path, dialog service: {what}"), |window| {
            if window.picture().as_ref().is_some_and(shows_a_scan) {
                return Some(());
            }
            // While a dialog is waited for, what is typed goes nowhere.
            if tries % 40 == 0 {
                window.say(&["key", "ctrl+a"]);
                window.say(&["type", "--delay", "5", &path]);
                window.say(&["key", "Return"]);
            }
            tries += 1;
            None
        });
        window.quit();
    }
}

/// Left over from another session: the name of a compositor that is gone, and no folder to find it in.
#[test]
fn without_a_compositor_the_window_opens_on_x11_and_complains_of_nothing() {
    if !can_be_tested() {
        return;
    }
    let mut window = Window::open(Some(&scan()), |program, home| {
        drop(UnixListener::bind(home.join("wayland")).expect("a socket"));
        program.env("WAYLAND_DISPLAY", home.join("wayland"));
        program.env("TMPDIR", home).env_remove("XDG_RUNTIME_DIR");
    });
    window.wait_for("a picture of the scan", |window| window.picture().filter(shows_a_scan));
    window.quit();
}
