//! Where ONNX Runtime is looked for. One test, because a process can load it only once.

use std::fs;

use voxpoint::segment::SegmentError;
use voxpoint::segment::runtime::{Places, load, load_from};

#[test]
fn what_cannot_be_loaded_is_passed_over_and_named() {
    let home = tempfile::tempdir().unwrap();
    let text = home.path().join("libonnxruntime.so");
    fs::write(&text, "not a library").unwrap();
    let empty = home.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let nowhere = Places {
        named: Some(text.clone()),
        program: Some(empty.clone()),
        data: Some(home.path().join("missing")),
        python: Some("/no/such/python".into()),
    };
    let error = load_from(&nowhere).unwrap_err();
    let SegmentError::NoRuntime { tried } = &error else { panic!("{error}") };
    let order = ["ORT_DYLIB_PATH", "beside the program", "data folder", "Python package"];
    let at: Vec<_> = order.iter().map(|place| tried.find(place).expect(place)).collect();
    assert!(at.is_sorted(), "{tried}");
    assert!(tried.contains("/no/such/python") && !tried.contains('\n'), "{tried}");
    assert!(error.to_string().contains("voxpoint runtime install"));

    // A good one, wherever this machine has it; then the bad places before it must not stand in the way.
    let good = load().unwrap();
    assert!(good.path.is_absolute() && good.path.is_file());
    assert!(good.version.starts_with("1."), "{good:?}");
    assert_eq!(load_from(&nowhere).unwrap(), good, "loaded once for all");
}
