//! What the libraries that draw read from the environment, put right before they do: on Linux and its like they
//! look for a Wayland compositor where `WAYLAND_DISPLAY` and `XDG_RUNTIME_DIR` say, complain on stderr about the
//! lack of the second, and wait for ever for a compositor that does not answer.
//!
//! A variable can't be changed safely while a program runs: it starts itself anew with other ones.

#[cfg(all(unix, not(target_os = "macos")))]
#[path = "unix.rs"]
mod platform;
#[cfg(not(all(unix, not(target_os = "macos"))))]
mod platform {
    use std::ffi::OsString;

    /// Other systems have a display.
    pub fn find_display(_: Option<&[OsString]>) -> anyhow::Result<bool> {
        Ok(false)
    }

    /// Other systems ask for no variables.
    pub fn settle(_: Option<&[OsString]>, _: bool) {}
}

pub use platform::{find_display, settle};
