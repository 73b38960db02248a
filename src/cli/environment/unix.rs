//! Linux and its like.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long a compositor may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where a window could open.
#[derive(Debug, PartialEq)]
enum Display {
    /// Where the variables say.
    AsSet,
    /// On X11: no Wayland compositor answers, and why.
    OnlyX11(String),
    /// Nowhere, and why.
    Nowhere(String),
}

/// Looks for a display to open the window on, and starts the program anew if it has to read other variables for it.
/// Answers whether only X11 will do.
///
/// # Errors
/// If there is no display.
pub fn find_display(own: Option<&[OsString]>) -> anyhow::Result<bool> {
    let x11_only = match display(|name| std::env::var_os(name)) {
        Display::AsSet => false,
        Display::OnlyX11(why) => {
            tracing::warn!("no Wayland compositor answers at {why}: the window opens on X11");
            true
        }
        Display::Nowhere(why) => anyhow::bail!(
            "no window can be opened, {why}; “voxpoint segment” and “voxpoint render” work \
             without one"
        ),
    };
    settle(own, x11_only);
    Ok(x11_only)
}

/// Looks for the display. `variable` reads the environment.
fn display(variable: impl Fn(&str) -> Option<OsString>) -> Display {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let x11 = set("DISPLAY").is_some();
    let Some(name) = set("WAYLAND_DISPLAY") else {
        return if x11 || set("WAYLAND_SOCKET").is_some() {
            Display::AsSet
        } else {
            Display::Nowhere("there is no display here (DISPLAY and WAYLAND_DISPLAY)".to_owned())
        };
    };
    if set("WAYLAND_SOCKET").is_some() {
        // A connection that is open already: nobody else may speak on it.
        return Display::AsSet;
    }
    let answer = socket(&name, set("XDG_RUNTIME_DIR").as_deref())
        .and_then(|path| asks(&path).map_err(|why| format!("{}: {why}", path.display())));
    match answer {
        Ok(()) => Display::AsSet,
        Err(why) if x11 => Display::OnlyX11(why),
        Err(why) => Display::Nowhere(format!(
            "no Wayland compositor answers at {why} (WAYLAND_DISPLAY), and DISPLAY is not set"
        )),
    }
}

/// Where the compositor listens.
fn socket(name: &OsStr, runtime: Option<&OsStr>) -> Result<PathBuf, String> {
    let name = Path::new(name);
    match runtime {
        _ if name.is_absolute() => Ok(name.to_owned()),
        Some(folder) => Ok(Path::new(folder).join(name)),
        None => Err(format!("{} without XDG_RUNTIME_DIR", name.display())),
    }
}

/// Sends `wl_display.sync`, the smallest request there is, and waits for the beginning of an event.
fn asks(socket: &Path) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // To object 1, the display: 12 bytes, opcode 0, and the number of the object that will answer. In the byte
    // order of the machine.
    let request: Vec<u8> = [1u32, 12 << 16, 2].into_iter().flat_map(u32::to_ne_bytes).collect();
    stream.write_all(&request)?;
    stream.read_exact(&mut [0; 8]).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            io::Error::new(io::ErrorKind::TimedOut, "it says nothing")
        }
        io::ErrorKind::UnexpectedEof => io::Error::new(error.kind(), "it hangs up"),
        _ => error,
    })
}

/// Starts the program anew, with its `own` arguments (its name first), if the environment has to be another one for
/// what it is about to draw; without Wayland if that is wanted. Returns if it has not, if that fails, or if the
/// program is not our own: then it goes on as before.
pub fn settle(own: Option<&[OsString]>, without_wayland: bool) {
    let Some([name, arguments @ ..]) = own else { return };
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    // As libwayland judges.
    let has_runtime = set("XDG_RUNTIME_DIR").is_some_and(|value| Path::new(&value).is_absolute());
    if has_runtime && !without_wayland {
        return;
    }
    let mut again = Command::new("/proc/self/exe");
    again.arg0(name).args(arguments);
    if without_wayland {
        again.env_remove("WAYLAND_DISPLAY");
    }
    if !has_runtime {
        match private_folder() {
            Ok(folder) => again.env("XDG_RUNTIME_DIR", folder),
            // An absolute path is enough for the libraries: nothing is kept there.
            Err(_) => again.env("XDG_RUNTIME_DIR", "/nonexistent"),
        };
    }
    // Only comes back with an error.
    let error = again.exec();
    tracing::warn!("the program could not be started anew: {error}");
}

/// A folder for nobody else, always the same for a user.
fn private_folder() -> io::Result<PathBuf> {
    let me = std::fs::metadata("/proc/self")?.uid();
    let folder = std::env::temp_dir().join(format!("voxpoint-runtime-{me}"));
    match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // Anybody can make a folder or a link of this name.
    let found = std::fs::symlink_metadata(&folder)?;
    if found.is_dir() && found.uid() == me && found.mode() & 0o777 == 0o700 {
        return Ok(folder);
    }
    Ok(tempfile::Builder::new().prefix("voxpoint-runtime-").tempdir()?.keep())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    /// The display that variables lead to.
    fn found(variables: &[(&str, &OsStr)]) -> Display {
        display(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_os_string()))
    }

    #[test]
    fn a_window_opens_where_something_answers() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path();
        // A compositor, one that never answers, and one that is gone.
        let alive = UnixListener::bind(folder.join("alive")).unwrap();
        std::thread::spawn(move || {
            for stream in alive.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 12];
                stream.read_exact(&mut request).unwrap();
                // `wl_callback.done` of object 2, opcode 0, 12 bytes.
                let event = [2u32, 12 << 16, 7].into_iter().flat_map(u32::to_ne_bytes);
                stream.write_all(&event.collect::<Vec<_>>()).unwrap();
            }
        });
        let _silent = UnixListener::bind(folder.join("silent")).unwrap();
        drop(UnixListener::bind(folder.join("dead")).unwrap());
        let runtime = ("XDG_RUNTIME_DIR", folder.as_os_str());
        let x11 = ("DISPLAY", OsStr::new(":0"));
        let at = |name: &'static str| ("WAYLAND_DISPLAY", OsStr::new(name));
        let absolute = folder.join("alive");

        for variables in [
            vec![x11],
            vec![x11, runtime],
            vec![x11, runtime, at("")],
            vec![x11, runtime, at("alive")],
            vec![runtime, at("alive")],
            vec![("WAYLAND_DISPLAY", absolute.as_os_str())],
            vec![("WAYLAND_SOCKET", OsStr::new("5"))],
            vec![("WAYLAND_SOCKET", OsStr::new("5")), runtime, at("dead")],
        ] {
            assert_eq!(found(&variables), Display::AsSet, "{variables:?}");
        }
        for (variables, why) in [
            (vec![runtime, at("dead")], "refused"),
            (vec![runtime, at("missing")], "No such file"),
            (vec![runtime, at("silent")], "it says nothing"),
            (vec![at("alive")], "without XDG_RUNTIME_DIR"),
        ] {
            let Display::Nowhere(text) = found(&variables) else { panic!("{variables:?}") };
            assert!(text.contains(why) && text.contains("DISPLAY is not set"), "{text}");
            let with_x11: Vec<_> = variables.into_iter().chain([x11]).collect();
            let Display::OnlyX11(text) = found(&with_x11) else { panic!("{with_x11:?}") };
            assert!(text.contains(why), "{text}");
        }
        for variables in [vec![], vec![("DISPLAY", OsStr::new(""))], vec![runtime]] {
            let Display::Nowhere(text) = found(&variables) else { panic!("{variables:?}") };
            assert!(text.contains("no display here"), "{text}");
        }
    }

    #[test]
    fn the_folder_is_ours_alone() {
        let folder = private_folder().unwrap();
        let found = std::fs::symlink_metadata(&folder).unwrap();
        assert!(found.is_dir() && found.mode() & 0o777 == 0o700, "{:o}", found.mode());
        assert_eq!(found.uid(), std::fs::metadata("/proc/self").unwrap().uid());
    }
}
