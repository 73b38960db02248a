//! `voxpoint model`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use voxpoint::segment::DeviceChoice;
use voxpoint::segment::cubes::CubeSegmenter;

use crate::support::{Run, voxpoint};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs the program with a home and a models folder of its own.
fn at_home(home: &Path, arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_voxpoint"))
        .args(arguments)
        .env("HOME", home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("VOXPOINT_MODELS", home.join("shipped"))
        .output()
        .unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn info_tells_a_checkpoint_by_its_shapes() {
    let path = data("models/tiny_official.pth");
    let info = voxpoint(&["model", "info", text(&path), "--json"]).json();
    assert_eq!((&info["kind"], &info["parameters"]), (&"checkpoint".into(), &949_258.into()));
    assert_eq!(info["bytes"], fs::metadata(&path).unwrap().len());
    assert!(info["sha256"].as_str().unwrap().starts_with("149871a3231c"), "{info}");
    assert_eq!(info["weights"], serde_json::json!(["float32"]));
    let network = &info["architecture"];
    assert_eq!((&network["embed_dim"], &network["depth"]), (&48.into(), &4.into()));
    assert_eq!(network["global_blocks"], serde_json::json!([1, 3]));
    assert!(info["licence"].is_null() && info.get("problem").is_none());
    let table = voxpoint(&["model", "info", text(&path)]).stdout;
    for part in
        ["SAM-Med3D", "4 blocks of 48 channels", "0.95 million", "149871a3231c", "not stated"]
    {
        assert!(table.contains(part), "{part}: {table}");
    }
    let odd = voxpoint(&["model", "info", text(&data("checkpoints/odd.pth")), "--json"]).json();
    assert!(odd["problem"].as_str().unwrap().contains("image_encoder.pos_embed"), "{odd}");
}

#[test]
fn info_tells_a_pair_by_its_graphs() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demo");
    let info = voxpoint(&["model", "info", text(&demo), "--json"]).json();
    assert_eq!((&info["kind"], &info["parameters"]), (&"demo".into(), &2_089_218.into()));
    assert_eq!(info["licence"], "Apache-2.0 OR MIT");
    assert!(info["card"].as_str().unwrap().contains("Not for clinical use"));
    assert_eq!(info["files"][0]["opset"], 17);
    assert_eq!(info["files"][0]["inputs"][0], "image [1, 1, 128, 128, 128]");
}

#[test]
fn without_a_model_those_that_are_there_are_listed() {
    let home = tempfile::tempdir().unwrap();
    let models = home.path().join("data/voxpoint/models");
    fs::create_dir_all(&models).unwrap();
    let list = at_home(home.path(), &["model", "info"]);
    assert!(list.stdout.contains("voxpoint model download"), "{list:?}");
    fs::copy(data("models/tiny_official.pth"), models.join("mine.pth")).unwrap();
    fs::write(models.join("mine.json"), r#"{"licence":"MIT","sha256":"00"}"#).unwrap();
    let list = at_home(home.path(), &["model", "info", "--json"]).json();
    let mine = list.as_array().unwrap().iter().find(|m| m["name"] == "mine").unwrap();
    assert_eq!((&mine["kind"], &mine["licence"]), (&"checkpoint".into(), &"MIT".into()));
    // By its name; and it is not what was fetched.
    let info = at_home(home.path(), &["model", "info", "mine", "--json"]).json();
    assert!(info["problem"].as_str().unwrap().contains("not the one that was fetched"), "{info}");
    assert!(!at_home(home.path(), &["model", "info"]).stdout.contains("download"));
}

#[test]
fn export_writes_a_pair_that_opens() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("pair");
    let run = voxpoint(&["model", "export", text(&data("models/tiny_official.pth")), text(&out)]);
    assert_eq!(run.code, 0, "{run:?}");
    let mut names: Vec<_> = fs::read_dir(&out).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["decoder.onnx", "encoder.onnx", "model.json"]);
    let info = voxpoint(&["model", "info", text(&out), "--json"]).json();
    assert_eq!((&info["kind"], &info["files"][1]["opset"]), (&"onnx".into(), &20.into()));
    assert!(info["source"].as_str().unwrap().contains("tiny_official.pth, SHA-256 149871a3"));
    let segmenter = CubeSegmenter::open(&out, DeviceChoice::Cpu, None).unwrap();
    assert_eq!((segmenter.model_name(), segmenter.logits_side()), ("pair", 32));
    // Again: the files are replaced; also those that an export left which was ended half-way.
    let again =
        || voxpoint(&["model", "export", text(&data("models/tiny_official.pth")), text(&out)]);
    assert_eq!(again().code, 0);
    fs::remove_file(out.join("decoder.onnx")).unwrap();
    assert_eq!(again().code, 0);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 3, "nothing is left behind");
    // What somebody else has made is not.
    fs::write(out.join("model.json"), r#"{"name":"mine"}"#).unwrap();
    let refused = again();
    assert!(refused.failed(1).contains("--force") && refused.stderr.contains("model.json"));
    assert_eq!(fs::read(out.join("model.json")).unwrap(), br#"{"name":"mine"}"#);
    let tiny = data("models/tiny_official.pth");
    assert_eq!(voxpoint(&["model", "export", text(&tiny), text(&out), "--force"]).code, 0);
}

#[test]
fn what_can_not_be_done_is_said_in_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let fails = |arguments: &[&str]| voxpoint(arguments).failed(1).to_owned();
    let error = fails(&["model", "info", "/no/such.pth"]);
    assert!(error.contains("no model there or of this name"), "{error}");
    let error = fails(&["model", "info", text(&data("checkpoints/legacy.pth"))]);
    assert!(error.contains("old format") && error.trim_end().ends_with("legacy.pth"), "{error}");
    let odd = data("checkpoints/odd.pth");
    let error = fails(&["model", "export", text(&odd), text(&dir.path().join("o"))]);
    assert!(error.contains("image_encoder.pos_embed"), "{error}");
    assert!(!dir.path().join("o").exists(), "nothing is begun");
    let tiny = data("models/tiny_official.pth");
    let error = fails(&["model", "export", text(&tiny), text(&dir.path().join("a/b"))]);
    assert!(error.contains("can't make the folder"), "{error}");
    let url = "http://example.org/m.pth";
    let run = voxpoint(&["model", "download", "--url", url, "--dir", text(dir.path())]);
    assert!(run.failed(2).contains("must begin with https://"), "{run:?}");
    assert_eq!(voxpoint(&["model"]).code, 2, "a command is needed");
}

#[test]
fn a_model_that_is_there_is_not_fetched_again() {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(data("models/tiny_official.pth"), dir.path().join("tiny.pth")).unwrap();
    let url = "https://example.invalid/tiny.pth";
    let arguments = ["model", "download", "--url", url, "--dir", text(dir.path())];
    let done = voxpoint(&[&arguments[..], &["--json"]].concat()).json();
    assert_eq!((&done["fetched"], &done["bytes"]), (&false.into(), &3_873_491.into()));
    let said = voxpoint(&arguments).stdout;
    assert!(said.contains("is there already") && said.contains("SHA-256 149871a3"), "{said}");
}
