//! Other programs, started so that nothing that lies in the working folder is run: people start Voxpoint in
//! folders with scans of others.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of this very program.
pub fn folder() -> Option<PathBuf> {
    std::env::current_exe().ok()?.parent().map(Path::to_owned)
}

/// The program of this name that `PATH` finds first. Entries that are empty or relative are passed over: they
/// mean the working folder.
pub fn on_path(name: &str) -> Option<PathBuf> {
    in_folders(&std::env::var_os("PATH")?, name)
}

fn in_folders(path: &OsStr, name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&name))
        .find(|file| is_program(file))
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}

/// Begins what Python runs: isolated it leaves out the user's own packages, which here come last.
const OWN_PACKAGES: &str = "
import os, site, sys
if site.ENABLE_USER_SITE is not None and not os.environ.get('PYTHONNOUSERSITE'):
    own = site.getusersitepackages()
    if os.path.isabs(own):
        sys.path.append(own)
";

/// A Python that will run `code`, isolated (`-I`): it imports from its own packages and those that the user
/// installed for himself, nothing from the working folder or `PYTHONPATH`. Its working folder is the root, so
/// that what chooses between several Pythons (pyenv, by a file in the working folder) does not ask a stranger's
/// folder either. `os` and `sys` are imported.
pub fn isolated_python(python: &Path, code: &str) -> Command {
    let mut command = Command::new(python);
    command.arg("-I").arg("-c").arg(format!("{OWN_PACKAGES}{code}"));
    if cfg!(unix) {
        command.current_dir("/");
    }
    command
}

/// A list of folders, as `PATH` is one, without entries that are empty or relative: they mean the working folder,
/// and so does an empty list. `None` if there is nothing to leave out.
pub fn without_working_folder(list: &OsStr) -> Option<OsString> {
    let (absolute, others): (Vec<_>, Vec<_>) =
        std::env::split_paths(list).partition(|folder| folder.is_absolute());
    // What was split can be joined again.
    if others.is_empty() { None } else { std::env::join_paths(absolute).ok() }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_programs_in_absolute_folders_are_found() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let folder = |name: &str| home.path().join(name).display().to_string();
        for name in ["plain", "folder/p", "good", "later"] {
            std::fs::create_dir_all(home.path().join(name)).unwrap();
        }
        std::fs::write(home.path().join("plain/p"), "").unwrap();
        for name in ["good", "later"] {
            let file = home.path().join(name).join("p");
            std::fs::write(&file, "").unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        // The tests' working folder is the source's, which has `scripts/run`.
        let (plain, good) = (folder("plain"), folder("good"));
        for (path, name, found) in [
            (format!("{plain}:{}:{good}:{}", folder("folder"), folder("later")), "p", Some("good")),
            (good.clone(), "q", None),
            ("scripts".into(), "run", None),
            ("./scripts".into(), "run", None),
            (format!("scripts:{good}"), "p", Some("good")),
            (String::new(), "p", None),
        ] {
            let found = found.map(|name| home.path().join(name).join("p"));
            assert_eq!(in_folders(OsStr::new(&path), name), found, "{path}");
        }
    }

    #[test]
    fn lists_lose_what_means_the_working_folder() {
        for (list, left) in [
            ("/a:/b", None),
            ("", Some("")),
            ("/a:", Some("/a")),
            (":/a", Some("/a")),
            ("/a::/b", Some("/a:/b")),
            ("/a:.:b:../c:/d", Some("/a:/d")),
            (".", Some("")),
            (":", Some("")),
        ] {
            let found = without_working_folder(OsStr::new(list));
            assert_eq!(found.as_deref(), left.map(OsStr::new), "{list}");
        }
    }
}
