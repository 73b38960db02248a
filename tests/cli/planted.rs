//! A folder of somebody else, in which code lies where Python, the system and the program could look for it.
//! Whatever is done there, none of it may run.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use crate::support::write_scan;

/// Leaves a mark when it is loaded.
const LIBRARY: &str = r#"
#include <stdio.h>
__attribute__((constructor)) static void mark(void) {
    FILE *file = fopen(MARKS "/library", "w");
    if (file) fclose(file);
}
"#;

/// Folder with the planted code, its marks in another one, and homes with nothing in them.
struct Planted {
    home: tempfile::TempDir,
}

impl Planted {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let planted = Self { home };
        for folder in ["here/onnxruntime/capi", "here/pip", "here/site-packages", "marks", "data"] {
            fs::create_dir_all(planted.path(folder)).unwrap();
        }
        let (here, marks) = (planted.path("here"), planted.path("marks"));
        let mark = |name: &str| format!("open('{}', 'w')\n", marks.join(name).display());
        for file in ["onnxruntime/__init__.py", "pip/__init__.py", "pip/__main__.py"] {
            fs::write(here.join(file), mark(&file.replace('/', "_"))).unwrap();
        }
        // What Python imports when it starts, and what the scripts that it is given import.
        for module in ["site", "sitecustomize", "usercustomize", "os", "runpy", "encodings"] {
            fs::write(here.join(format!("{module}.py")), mark(module)).unwrap();
        }
        for program in ["python3", "env", "bash", "zenity"] {
            let (file, mark) = (here.join(program), marks.join(program));
            fs::write(&file, format!("#!/bin/sh\n: > '{}'\nexit 1\n", mark.display())).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        planted
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Builds the library to load into every place of `names`; `false` where there is no compiler.
    fn libraries(&self, names: &[&str]) -> bool {
        let source = self.path("library.c");
        fs::write(&source, LIBRARY).unwrap();
        let library = self.path("library.so");
        let marks = format!("-DMARKS=\"{}\"", self.path("marks").display());
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .arg(marks)
            .output();
        if !built.is_ok_and(|output| output.status.success()) {
            eprintln!("no C compiler `cc`: the planted library is not tried");
            return false;
        }
        for name in names {
            fs::copy(&library, self.path(name)).unwrap();
        }
        true
    }

    /// Runs the program in the folder, with nothing of ours to be found outside of it.
    fn run(&self, program: &Path, arguments: &[&str], set: &[(&str, &str)]) -> Output {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.path("here"))
            .env("HOME", self.path("data"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_CONFIG_HOME", self.path("data"))
            // No network: pip is to fail at once.
            .env("PIP_NO_INDEX", "1")
            .env("PYTHONPATH", ".")
            .env("PYTHONUSERBASE", ".");
        for name in ["ORT_DYLIB_PATH", "DISPLAY", "WAYLAND_DISPLAY", "RUST_LOG", "LD_LIBRARY_PATH"]
        {
            command.env_remove(name);
        }
        command.envs(set.iter().copied()).output().unwrap()
    }

    /// What ran of the planted code.
    fn marks(&self) -> Vec<String> {
        crate::support::names(&self.path("marks"))
    }
}

fn voxpoint() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_voxpoint"))
}

#[test]
fn nothing_of_the_working_folder_runs() {
    let planted = Planted::new();
    planted.libraries(&[
        "here/onnxruntime/capi/libonnxruntime.so.1.99.0",
        "here/libonnxruntime.so",
        "here/libonnxruntime.so.1.31.1",
        "here/libvulkan.so.1",
        "here/libEGL.so.1",
    ]);
    write_scan(&planted.path("here/scan.nii"), [8, 8, 8], 2.0, |[x, y, z]| x * y + z);
    let segment = ["segment", "scan.nii", "--point", "-8,-8,8,+", "--out", "mask.nii.gz"];
    let render = ["render", "scan.nii", "--out", "picture.png", "--size", "64x64"];
    let commands: [&[&str]; 5] =
        [&["runtime", "status"], &["runtime", "install"], &segment, &render, &["model", "info"]];
    let path = env::var("PATH").unwrap();
    // As it is, with the working folder in it by all its names, and nothing else but it.
    let paths = [path.clone(), format!(":{path}"), format!(".:{path}:"), String::new(), ".".into()];
    let paths = paths.iter().map(|path| ("PATH", path.as_str()));
    let libraries = [":/nowhere", "."].map(|path| ("LD_LIBRARY_PATH", path));
    for set in paths.chain(libraries) {
        for arguments in commands {
            let output = planted.run(voxpoint(), arguments, &[set]);
            assert_eq!(planted.marks(), [""; 0], "{arguments:?} {set:?} {output:?}");
        }
    }
    // A file by which pyenv would choose a Python here.
    fs::write(planted.path("here/.python-version"), "../../..\n").unwrap();
    let status = planted.run(voxpoint(), &["runtime", "status"], &[("PATH", &path)]);
    let error = String::from_utf8_lossy(&status.stderr);
    assert!(error.contains("ONNX Runtime was not found"), "{error}");
}

/// The program among downloads: what lies beside it there is no part of it.
#[test]
fn a_library_beside_the_program_is_not_loaded_from_the_working_folder() {
    let planted = Planted::new();
    if !planted.libraries(&["here/libonnxruntime.so.1.31.1"]) {
        return;
    }
    let program = planted.path("here/voxpoint");
    fs::copy(voxpoint(), &program).unwrap();
    let status = planted.run(&program, &["runtime", "status"], &[]);
    assert_eq!(planted.marks(), [""; 0], "{status:?}");
    let error = String::from_utf8_lossy(&status.stderr);
    assert!(error.contains("beside the program: it is the working folder"), "{error}");
}

/// What lies where `runtime install` puts the library is loaded only if it is that library.
#[test]
fn a_changed_library_in_the_data_folder_is_not_loaded() {
    let planted = Planted::new();
    fs::create_dir_all(planted.path("data/voxpoint/runtime/1.31.1")).unwrap();
    let names = [
        "libonnxruntime.so.1.31.1",
        "libonnxruntime_providers_shared.so",
        "libonnxruntime.so.1.99",
    ];
    let names = names.map(|name| format!("data/voxpoint/runtime/1.31.1/{name}"));
    if !planted.libraries(&names.each_ref().map(String::as_str)) {
        return;
    }
    let status = planted.run(voxpoint(), &["runtime", "status"], &[]);
    assert_eq!(planted.marks(), [""; 0], "{status:?}");
    let error = String::from_utf8_lossy(&status.stderr);
    assert!(error.contains("data folder: ") && error.contains("SHA-256 differs"), "{error}");
}

/// What the user names is loaded, and so is what stands in Python's own packages and in the user's.
#[test]
fn libraries_of_the_users_own_are_loaded() {
    let planted = Planted::new();
    if !planted.libraries(&["here/site-packages/library.so"]) {
        return;
    }
    let status = || fs::remove_file(planted.path("marks/library"));
    let named = [("ORT_DYLIB_PATH", "site-packages/library.so")];
    let output = planted.run(voxpoint(), &["runtime", "status"], &named);
    status().expect("the named library was not loaded");
    // It is none, and the error says which it was, in full.
    let error = String::from_utf8_lossy(&output.stderr);
    let full = planted.path("here/site-packages/library.so").canonicalize().unwrap();
    assert!(error.contains(full.to_str().unwrap()), "{error}");

    // `pip install --user`: where Python itself says.
    let python = "import site; print(site.getusersitepackages())";
    let base = planted.path("base");
    let output = Command::new("python3")
        .args(["-I", "-c", python])
        .env("PYTHONUSERBASE", &base)
        .output()
        .expect("python3 is there");
    let packages = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    assert!(packages.starts_with(&base), "{packages:?}");
    let capi = packages.join("onnxruntime/capi");
    fs::create_dir_all(&capi).unwrap();
    fs::write(packages.join("onnxruntime/__init__.py"), "raise SystemExit('imported')").unwrap();
    fs::copy(planted.path("library.so"), capi.join("libonnxruntime.so.1.99.0")).unwrap();
    let base = [("PYTHONUSERBASE", base.to_str().unwrap())];
    planted.run(voxpoint(), &["runtime", "status"], &base);
    status().expect("the library in the user's packages was not loaded");
}
