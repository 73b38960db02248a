//! Folders and files that may not be written, or not even read. Rights do not bind root, so a child tries who is nobody.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::faults::{interrupt, next, read_objects};
use super::*;

/// Tells the child where to try.
const FOLDER: &str = "VOXPOINT_TEST_RIGHTS";
/// The user without any rights, by custom.
const NOBODY: u32 = 65_534;

fn allow(path: &Path, mode: u32) {
    set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Not a test: what the one below starts.
#[test]
#[ignore = "started by the other"]
fn child_without_rights() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let at = |name: &str| Path::new(&folder).join(name);
    // The folder, or the file alone; in the first a write was interrupted.
    for name in ["folder/case.voxpoint", "folder/broken.voxpoint", "file/case.voxpoint"] {
        let before = std::fs::read(at(name)).unwrap();
        assert_eq!(read_objects(&at(name)), next(1).objects, "{name}");
        for take_over in [false, true] {
            let opened = SessionFile::open(&at(name), take_over).unwrap();
            assert_eq!(opened.contents.snapshot.objects, next(1).objects, "{name}");
            assert_eq!(opened.file.err(), Some(ReadOnly::NoRights), "{name}");
        }
        assert_eq!(std::fs::read(at(name)).unwrap(), before, "{name}");
        assert!(!lock::Lock::path_for(&at(name)).exists(), "{name}");
    }
    let error = SessionFile::create(&at("folder/new.voxpoint"), &next(1), &Past::default());
    let error = error.unwrap_err();
    assert!(matches!(error, SessionError::ReadOnly(_)), "{error}");
    assert!(error.to_string().contains("save it in another folder: "), "{error}");
    for error in [
        read(&at("secret/case.voxpoint")).unwrap_err(),
        SessionFile::open(&at("secret/case.voxpoint"), false).unwrap_err(),
        summary(&at("secret/case.voxpoint")).unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(text.contains("can't be") && text.contains("secret/case.voxpoint"), "{text}");
    }
    assert_eq!(summary(&at("folder/case.voxpoint")).unwrap().objects, 3);
    assert_eq!(summary(&at("folder/broken.voxpoint")).unwrap().objects, 3);
    // Rights that are taken away while it is open, and given back.
    let (folder, path) = temporary();
    let mut file = create(&path, &next(1));
    allow(folder.path(), 0o555);
    for _ in 0..2 {
        let error = file.write(&next(2)).unwrap_err();
        assert!(matches!(error, SessionError::ReadOnly(_)), "{error}");
        assert_eq!(read_objects(&path), next(1).objects);
    }
    allow(folder.path(), 0o755);
    assert_eq!(file.write(&next(3)).unwrap(), WriteOutcome::Written);
    assert_eq!(read_objects(&path), next(3).objects);
    println!("tried as user {}", std::fs::metadata(&path).unwrap().uid());
}

#[test]
fn what_may_not_be_written_is_read_and_told() {
    let (folder, _) = temporary();
    let at = |name: &str| folder.path().join(name);
    for name in ["folder", "file", "secret"] {
        std::fs::create_dir(at(name)).unwrap();
        let path = at(name).join("case.voxpoint");
        let file = create(&path, &next(1));
        if name == "folder" {
            interrupt(&file, &path, &at("folder/broken.voxpoint"));
        }
    }
    allow(&at("file/case.voxpoint"), 0o444);
    allow(&at("secret/case.voxpoint"), 0o000);
    allow(&at("folder"), 0o555);
    for name in ["", "file", "secret"] {
        allow(&at(name), 0o777);
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "session::tests::rights::child_without_rights"])
        .args(["--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder.path())
        .current_dir("/");
    if std::fs::metadata(folder.path()).unwrap().uid() == 0 {
        child.uid(NOBODY).gid(NOBODY);
    }
    let output = child.output();
    allow(&at("folder"), 0o755);
    let output = match output {
        // The program lies where nobody may look.
        Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => {
            println!("a child without rights can't be started: not tested");
            return;
        }
        output => output.unwrap(),
    };
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{wrong}");
    println!("{}", said.lines().find(|line| line.contains("tried as")).unwrap_or_default());
}
