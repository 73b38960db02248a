//! Where a file that is named as output really lies.

use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};

/// More links in a row than the system follows.
const MOST_LINKS: usize = 40;

/// The file that writing to `path` creates or replaces: through links, also one that leads to nothing yet.
///
/// # Errors
/// If a folder, a device, a pipe or a socket has this name, or a link leads round in a circle. Only files can be
/// replaced: the name of a device would be taken away from everybody who uses it.
pub fn writable_target(path: &Path) -> io::Result<PathBuf> {
    match fs::metadata(path) {
        Ok(about) if about.is_file() => Ok(path.canonicalize().unwrap_or_else(|_| path.into())),
        Ok(about) => Err(refusal(about.file_type())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => end_of_links(path),
        Err(error) => Err(error),
    }
}

fn refusal(kind: FileType) -> io::Error {
    if kind.is_dir() {
        return io::Error::new(io::ErrorKind::IsADirectory, "a folder has this name");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return io::Error::other("this is a pipe, not a file");
        }
        if kind.is_socket() {
            return io::Error::other("this is a socket, not a file");
        }
    }
    io::Error::other("this is a device, not a file")
}

/// What the last of a row of links leads to.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut at = path.to_owned();
    for _ in 0..MOST_LINKS {
        // What is no link, or not there, is the end.
        let Ok(next) = fs::read_link(&at) else { return Ok(at) };
        at.pop();
        at.push(next);
    }
    Err(io::Error::other("its links lead round in a circle"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn outputs_are_files_through_any_links() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        let at = |name: &str| home.join(name);
        fs::create_dir(at("folder")).unwrap();
        fs::write(at("folder/old"), "old").unwrap();
        for (to, link) in [
            ("folder/old", "to_old"),
            ("folder/new", "to_new"),
            ("to_new", "folder/../to_to_new"),
            ("nowhere/new", "to_nowhere"),
            ("round_b", "round_a"),
            ("round_a", "round_b"),
            ("/dev/null", "to_null"),
            ("pipe", "to_pipe"),
            ("folder", "to_folder"),
        ] {
            symlink(to, at(link)).unwrap();
        }
        let made = std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap();
        assert!(made.success());
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        for (name, expected) in [
            ("folder/old", Ok("folder/old")),
            ("new", Ok("new")),
            ("to_old", Ok("folder/old")),
            ("to_new", Ok("folder/new")),
            ("to_to_new", Ok("folder/new")),
            // The folder's absence is found when the file is made.
            ("to_nowhere", Ok("nowhere/new")),
            ("folder", Err("a folder has this name")),
            ("to_folder", Err("a folder has this name")),
            ("pipe", Err("this is a pipe, not a file")),
            ("to_pipe", Err("this is a pipe, not a file")),
            ("socket", Err("this is a socket, not a file")),
            ("/dev/null", Err("this is a device, not a file")),
            ("to_null", Err("this is a device, not a file")),
        ] {
            let found = writable_target(&at(name)).map_err(|e| e.to_string());
            let expected = expected.map(at).map_err(str::to_owned);
            assert_eq!(found, expected, "{name}");
        }
        assert!(writable_target(&at("round_a")).is_err());
    }
}
