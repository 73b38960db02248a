//! Where ONNX Runtime is looked for. One test for each process, because a process can load it only once.

use std::fs;
use std::path::Path;

use voxpoint::segment::SegmentError;
use voxpoint::segment::runtime::{Places, load, load_from};

#[test]
fn what_cannot_be_loaded_is_passed_over_and_named() {
    let home = tempfile::tempdir().unwrap();
    let text = home.path().join("libonnxruntime.so");
    fs::write(&text, "not a library").unwrap();
    // Two of them: each is tried, the newer one first.
    let folder = home.path().join("folder");
    fs::create_dir(&folder).unwrap();
    let (old, new) =
        (folder.join("libonnxruntime.so.1.9.0"), folder.join("libonnxruntime.so.1.31.1"));
    fs::write(&old, "not a library").unwrap();
    fs::write(&new, "not a library").unwrap();
    let nowhere = Places {
        named: Some(text.clone()),
        program: Some(folder),
        data: Some(home.path().join("missing")),
        python: Some("/no/such/python".into()),
    };
    let error = load_from(&nowhere).unwrap_err();
    let SegmentError::NoRuntime { tried } = &error else { panic!("{error}") };
    let order = [
        "ORT_DYLIB_PATH",
        "beside the program",
        new.to_str().unwrap(),
        old.to_str().unwrap(),
        "data folder",
        "Python package",
    ];
    let at: Vec<_> = order.iter().map(|place| tried.find(place).expect(place)).collect();
    assert!(at.is_sorted(), "{tried}");
    assert!(tried.contains("/no/such/python") && !tried.contains('\n'), "{tried}");
    assert!(error.to_string().contains("let Voxpoint fetch it"));

    // A good one, wherever this machine has it; then the bad places before it must not stand in the way.
    let good = load().unwrap();
    assert!(good.path.is_absolute() && good.path.is_file());
    // A name without a number is allowed: only the name says the version.
    let named = good.path.canonicalize().unwrap();
    let named = named.file_name().unwrap().to_str().unwrap();
    assert!(good.version.starts_with("1.") || !named.contains("1."), "{good:?}");
    assert_eq!(load_from(&nowhere).unwrap(), good, "loaded once for all");
}

/// A library that passes for ONNX Runtime 1.31, in which every function fails.
const FAILING: &str = r#"
static const char *fails(void) { return "out of order"; }
static int code(void) { return 1; }
static void *api[1024];
static const void *get_api(unsigned version) {
    for (int n = 0; n < 1024; n++) api[n] = (void *)fails;
    api[1] = (void *)code;
    (void)version;
    return api;
}
static const char *version(void) { return "1.31.1"; }
static const struct { const void *(*api)(unsigned); const char *(*version)(void); } base = {get_api, version};
const void *OrtGetApiBase(void) { return &base; }
"#;

/// In a process of its own: the program's.
#[cfg(target_os = "linux")]
#[test]
fn a_library_that_loads_but_does_not_start_is_what_is_reported() {
    let home = tempfile::tempdir().unwrap();
    let (source, library) = (home.path().join("f.c"), home.path().join("libonnxruntime.so"));
    fs::write(&source, FAILING).unwrap();
    let run = |command: &mut std::process::Command| command.output().expect("it starts");
    let built = run(std::process::Command::new("cc")
        .args(["-shared", "-fPIC", "-w", "-o"])
        .args([library.as_path(), Path::new(&source)]));
    assert!(built.status.success(), "{built:?}");
    let output = run(std::process::Command::new(env!("CARGO_BIN_EXE_voxpoint"))
        .args(["runtime", "status"])
        .env("ORT_DYLIB_PATH", &library)
        .env_remove("RUST_LOG"));
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.contains("loaded but does not start (out of order)"), "{error}");
    assert!(error.trim_end().ends_with(library.to_str().unwrap()), "{error}");
    assert!(!error.contains("Python package"), "others were not tried: {error}");
}
