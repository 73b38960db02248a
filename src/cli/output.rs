//! What the command line prints. Whoever reads it may have gone away, closed it, or have no room: nothing here
//! panics (as `println!` does), and only results that could not be told are a failure.

use std::io::{self, Write as _};

/// Prints results to stdout. A reader that has gone away (`| head`) is no error.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("can't write to standard output"))
        }
        _ => Ok(()),
    }
}

/// As [`print`], a value as JSON.
pub fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&serde_json::to_string_pretty(value)?)
}

/// Says a line on stderr: an error, a warning, how far it is. The work does not depend on anybody reading it.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Puts a text on a terminal's current line.
pub fn say_in_place(text: &str) {
    let mut out = io::stderr().lock();
    let _ = write!(out, "\r{text}").and_then(|()| out.flush());
}
