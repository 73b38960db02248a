//! `voxpoint info` of a session, and `voxpoint export-session`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use voxpoint::document::{Change, Command as DocumentCommand, Document, EditKind, GestureId, Over};
use voxpoint::geom::DVec3;
use voxpoint::io;
use voxpoint::measure::{Measurement, MeasurementId, MeasurementShape};
use voxpoint::session::{
    CaseState, FileRef, Hash, Overlay, Past, ScanPart, SessionFile, SessionSource, Snapshot,
    Surroundings,
};
use voxpoint::volume::{Region, Window};
use voxpoint::work::{CancelToken, Progress};

use crate::support::{voxpoint, write_scan};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/session").join(name)
}

/// A session with three objects, 3, 2 and 700, each of four slices of the same shape.
fn session(folder: &Path) -> PathBuf {
    let path = folder.join("case.voxpoint");
    std::fs::copy(data("v1.voxpoint"), &path).unwrap();
    path
}

fn export(session: &Path, out: &Path, more: &[&str]) -> crate::support::Run {
    let mut arguments = vec!["export-session".into(), session.as_os_str().to_owned()];
    arguments.extend(["--out".into(), out.as_os_str().to_owned()]);
    arguments.extend(more.iter().map(Into::into));
    voxpoint(&arguments)
}

#[test]
fn info_says_what_a_session_holds() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path());
    let json = voxpoint(&["info".as_ref(), session.as_os_str(), "--json".as_ref()]).json();
    assert_eq!(json["scan"]["dims"], serde_json::json!([40, 30, 20]));
    assert_eq!(json["scan"]["path"], "/scans/ct.nii.gz");
    assert_eq!(json["scan"]["time_point"], 2);
    assert_eq!(json["scan"]["sha256"], "07".repeat(32));
    assert_eq!(json["overlays"][0]["path"], "/scans/pet.nii");
    assert_eq!(json["steps"], 2);
    assert_eq!(json["damage"], serde_json::json!([]));
    let objects = json["objects"].as_array().unwrap();
    let numbers: Vec<u64> = objects.iter().map(|o| o["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [3, 2, 700]);
    // 18 × 18 × 4 by the model, 5 × 7 × 2 added, 2 × 2 × 4 removed; voxels of 0.7 × 0.9 × 2.1 mm.
    let voxels = 18 * 18 * 4 + 5 * 7 * 2 - 2 * 2 * 4;
    assert_eq!(objects[1]["voxels"], voxels);
    let ml = objects[1]["volume_ml"].as_f64().unwrap();
    assert!((ml - f64::from(voxels) * 0.7 * 0.9 * 2.1 / 1000.0).abs() < 1e-9, "{ml}");
    assert_eq!(objects[1]["points"], 2);
    assert_eq!((&objects[1]["state"], &objects[1]["model"]), (&"done".into(), &"test".into()));
    let text = voxpoint(&["info".as_ref(), session.as_os_str()]);
    assert!(text.stdout.contains("2023-11-14 22:13 UTC"), "{}", text.stdout);
    assert!(
        text.stdout.contains("Leber – 肝 700: 1.786 ml, 1350 voxels, 2 points, done"),
        "{}",
        text.stdout
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing lies beside it");
}

#[test]
fn info_says_what_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.voxpoint");
    std::fs::copy(data("v3.voxpoint"), &path).unwrap();
    let json = voxpoint(&["info".as_ref(), path.as_os_str(), "--json".as_ref()]).json();
    let measured = json["measurements"].as_array().unwrap();
    let kinds: Vec<&str> = measured.iter().map(|m| m["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["length", "angle", "rectangle"]);
    // From (1, -0.5) to (7.5, -3.75) mm.
    let length = measured[0]["length_mm"].as_f64().unwrap();
    assert!((length - 6.5f64.hypot(3.25)).abs() < 1e-9, "{length}");
    assert!(measured[0]["angle_degrees"].is_null());
    assert_eq!(
        (&measured[1]["name"], &measured[1]["angle_degrees"]),
        (&"Cobb’s angle".into(), &0.0.into())
    );
    let text = voxpoint(&["info".as_ref(), path.as_os_str()]).stdout;
    assert!(text.contains("measured      length, 7.27 mm"), "{text}");
}

/// A session on a scan whose values are 100 z + x, with a line and a rectangle over 3 × 2 voxels of slice 4.
fn measured_session(folder: &Path, inside: bool) -> PathBuf {
    let scan = folder.join("scan.nii");
    write_scan(&scan, [20, 18, 6], 2.0, |[x, _, z]| 100 * z + x);
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let volume = io::open_volume(&scan, &io::Limits::default(), &cancel, &progress).unwrap();
    let bytes = std::fs::metadata(&scan).unwrap().len();
    let file = FileRef { absolute: scan, relative: None, bytes, sha256: None };
    let around = Surroundings {
        source: SessionSource::of(&volume, file),
        overlays: Vec::new(),
        models: BTreeMap::new(),
        view: serde_json::Value::Null,
        picture: None,
        case_state: CaseState::Open,
        exported: None,
    };
    let document = Document::new(Arc::new(volume.clone()));
    let mut snapshot = Snapshot::of(&document, around, 1_700_000_000_000);
    let at = |x: f64, y: f64| DVec3::new(x, y, 8.0);
    let length = MeasurementShape::Length([at(0.0, 0.0), at(-6.0, -8.0)]);
    let rectangle =
        MeasurementShape::rectangle(at(-5.0, -3.0), at(-11.0, -7.0), [DVec3::X, DVec3::Y]);
    snapshot.measurements = [("", length), ("node, left", rectangle)]
        .into_iter()
        .zip(1..)
        .map(|((name, shape), n)| Measurement { id: MeasurementId(n), name: name.into(), shape })
        .collect();
    let path = folder.join("measured.voxpoint");
    let past = Past::default();
    let part = ScanPart { volume: Some(&volume), cancel: &cancel, progress: &progress };
    drop(if inside {
        SessionFile::create_with_scan(&path, &snapshot, &past, part).unwrap()
    } else {
        SessionFile::create(&path, &snapshot, &past).unwrap()
    });
    path
}

/// A session with one object whose window showed a second scan at the right, which is white, with a label in half of it.
fn session_with_sides(folder: &Path) -> PathBuf {
    let [scan, second, labels] =
        ["scan.nii", "second.nii", "labels.nii"].map(|name| folder.join(name));
    let dims = [20, 18, 6];
    write_scan(&scan, dims, 2.0, |_| 0);
    write_scan(&second, dims, 2.0, |[x, _, _]| if x == 0 { 0 } else { 1000 });
    crate::support::write_labels(&labels, dims, 2.0, &[5; 20 * 18 * 3]);
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let volume = io::open_volume(&scan, &io::Limits::default(), &cancel, &progress).unwrap();
    let file = |path: &Path| {
        let (sha256, bytes) = Hash::of_files(&[path.to_owned()], &cancel).unwrap().unwrap();
        let absolute = path.to_owned();
        FileRef { absolute, relative: None, bytes, sha256: Some(sha256) }
    };
    let overlay = |path: &Path| Overlay {
        file: file(path),
        name: path.file_name().unwrap().to_string_lossy().into_owned(),
        number: None,
        window: Some(Window::new(500.0, 1000.0)),
    };
    let view = serde_json::json!({
        "second": { "file": 0, "shown": true, "colours": "Grey" },
        "compared": { "b": { "file": 1 } },
    });
    let around = Surroundings {
        source: SessionSource::of(&volume, file(&scan)),
        overlays: vec![overlay(&second), overlay(&labels)],
        models: BTreeMap::new(),
        view,
        picture: None,
        case_state: CaseState::Open,
        exported: None,
    };
    let mut document = Document::new(Arc::new(volume));
    let region = Region::from_mask(20, (0..2160).map(|n| n / 360 == 2 && n % 20 < 6));
    let edit = DocumentCommand::Edit {
        object: None,
        change: Change::Add(Arc::new(region)),
        over: Over::Background,
        kind: EditKind::Brush,
        gesture: GestureId(1),
    };
    document.apply(edit).unwrap();
    let now = voxpoint::session::now_ms();
    let snapshot = Snapshot::of(&document, around, now);
    let path = folder.join("sides.voxpoint");
    drop(SessionFile::create(&path, &snapshot, &Past::default()).unwrap());
    path
}

#[test]
fn what_was_beside_the_scan_is_named_and_in_the_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let session = session_with_sides(folder.path());
    let at = |name: &str| folder.path().join(name);
    let json = voxpoint(&["info".as_ref(), session.as_os_str(), "--json".as_ref()]).json();
    assert_eq!(json["overlays"], serde_json::json!([]));
    assert_eq!(json["beside"]["path"], at("second.nii").to_str().unwrap());
    assert_eq!(json["compared"]["path"], at("labels.nii").to_str().unwrap());
    assert!(json["beside_labels"].is_null());
    let text = voxpoint(&["info".as_ref(), session.as_os_str()]).stdout;
    assert!(text.contains("compared with ") && text.contains("labels.nii"), "{text}");
    let drawn = |name: &str| {
        let out = at(&format!("{name}.nii.gz"));
        let to = at(name);
        let run = export(&session, &out, &["--pictures", to.to_str().unwrap()]);
        assert_eq!(run.code, 0, "{run:?}");
        let files = crate::support::names(&to);
        let axial = files.iter().find(|file| file.ends_with("_axial.png")).expect("a picture");
        let picture = image::open(to.join(axial)).unwrap().to_rgba8();
        let half = |x: u32| {
            let part = image::imageops::crop_imm(&picture, x, 0, 512, 1024).to_image();
            let lit = part.pixels().filter(|p| p[0].min(p[1]).min(p[2]) > 180).count();
            let range = |p: &image::Rgba<u8>| p[0].max(p[1]).max(p[2]) - p[0].min(p[1]).min(p[2]);
            let coloured = part.pixels().filter(|p| range(p) > 40).count();
            [lit > 30_000, coloured > 5_000]
        };
        (half(0), half(512), run.stderr)
    };
    // B's label is half of the scan's slices, and the white of the second scan's is seen through it.
    let (left, right, told) = drawn("both");
    assert_eq!((left, right[1]), ([false, true], true), "{told}");
    assert!(!told.contains("warning"), "{told}");
    std::fs::remove_file(at("labels.nii")).unwrap();
    let (left, right, told) = drawn("one");
    assert_eq!((left, right), ([false, true], [true, false]), "{told}");
    assert!(told.contains("labels.nii") && told.lines().count() == 1, "{told}");
    std::fs::remove_file(at("second.nii")).unwrap();
    let (_, _, told) = drawn("none");
    assert!(told.contains("second.nii"), "{told}");
}

#[test]
fn rectangles_have_the_values_of_the_scan_wherever_that_is() {
    let expected = [("voxels", 6.0), ("mean", 404.0), ("min", 403.0), ("max", 405.0)];
    for (inside, gone) in [(false, false), (true, true), (false, true)] {
        let folder = tempfile::tempdir().unwrap();
        let session = measured_session(folder.path(), inside);
        let scan = folder.path().join("scan.nii");
        if gone {
            std::fs::rename(&scan, folder.path().join("elsewhere.nii")).unwrap();
        }
        let has_values = inside || !gone;
        // Into files, of which none is written over unasked.
        let at = |name: &str| folder.path().join(name);
        let line = |name: &str, more: &[&str]| {
            let mut line = vec!["export-session".into(), session.as_os_str().to_owned()];
            line.extend(["--measurements".into(), at(name).into_os_string()]);
            line.extend(more.iter().map(Into::into));
            voxpoint(&line)
        };
        let run = line("m.csv", &[]);
        assert_eq!(run.code, 0);
        assert_eq!(run.stderr.contains("rectangles have no values"), !has_values, "{run:?}");
        let table = std::fs::read_to_string(at("m.csv")).unwrap();
        assert!(table.contains("1,,length,10,,,,,,,,,0 0 8; -6 -8 8,\n"), "{table}");
        let row = if has_values {
            "2,\"node, left\",rectangle,6,4,,24,6,404,0.816"
        } else {
            "2,\"node, left\",rectangle,6,4,,24,,,,,,"
        };
        assert!(table.lines().nth(2).unwrap().starts_with(row), "{table}");
        assert_eq!(line("m.json", &["--json"]).json()["files"][0], at("m.json").to_str().unwrap());
        let json: serde_json::Value =
            serde_json::from_slice(&std::fs::read(at("m.json")).unwrap()).unwrap();
        let rectangle = &json["measurements"][1];
        for (key, value) in expected {
            assert_eq!(rectangle[key].as_f64(), has_values.then_some(value), "{key}: {rectangle}");
        }
        let sd = rectangle["sd"].as_f64();
        assert_eq!(sd.is_some_and(|sd| (sd - (2.0 / 3.0f64).sqrt()).abs() < 1e-9), has_values);
        assert!(json["measurements"][0]["mean"].is_null());
        assert_eq!(line("m.csv", &[]).code, 0, "it is ours");
        std::fs::write(at("m.csv"), "mine").unwrap();
        assert!(line("m.csv", &[]).failed(1).contains("--force"));
        assert_eq!(std::fs::read(at("m.csv")).unwrap(), b"mine");
        assert!(line("m.txt", &[]).failed(2).contains(".csv"));
        if !has_values {
            let elsewhere = at("elsewhere.nii");
            let elsewhere = elsewhere.to_str().unwrap();
            assert_eq!(line("n.csv", &["--reference", elsewhere]).code, 0);
            assert!(std::fs::read_to_string(at("n.csv")).unwrap().contains(",6,404,0.816"));
            write_scan(&at("other.nii"), [20, 18, 6], 3.0, |_| 1);
            let other = at("other.nii");
            let refused = line("o.csv", &["--reference", other.to_str().unwrap()]);
            assert!(refused.failed(1).contains("its voxels lie elsewhere"), "{refused:?}");
            assert!(!at("o.csv").exists());
        }
    }
}

/// A scan may take minutes to be read: what is in the session is said without it.
#[test]
fn info_of_a_session_does_not_read_its_scan() {
    for inside in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let session = measured_session(folder.path(), inside);
        // Who opens it would say what is wrong with it.
        std::fs::write(folder.path().join("scan.nii"), "no scan").unwrap();
        let run = voxpoint(&["info".as_ref(), session.as_os_str(), "--json".as_ref()]);
        let rectangle = &run.json()["measurements"][1];
        assert_eq!((&rectangle["length_mm"], &rectangle["area_mm2"]), (&6.0.into(), &24.0.into()));
        for key in ["voxels", "mean", "sd", "min", "max"] {
            assert!(rectangle[key].is_null(), "{key}: {rectangle}");
        }
        let said = voxpoint(&["info".as_ref(), session.as_os_str()]);
        assert!(said.stdout.contains("node, left: rectangle, 6.00 × 4.00 mm\n"), "{said:?}");
        assert_eq!((run.stderr.as_str(), said.stderr.as_str()), ("", ""));
    }
}

/// A session of the first version says nothing of these.
#[test]
fn info_says_how_far_the_work_is_and_what_of_it_was_exported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.voxpoint");
    let said = || voxpoint(&["info".as_ref(), path.as_os_str()]).stdout;
    for (kept, state, exported) in
        [("v1", "open", None), ("v2", "flagged", Some("/scans/ct-labels.nii.gz"))]
    {
        std::fs::copy(data(&format!("{kept}.voxpoint")), &path).unwrap();
        let json = voxpoint(&["info".as_ref(), path.as_os_str(), "--json".as_ref()]).json();
        assert_eq!(json["state"], state);
        assert_eq!(json["exported"]["path"].as_str(), exported);
        assert!(said().contains(&format!("state         {state}")), "{}", said());
        assert_eq!(said().contains("exported to"), exported.is_some());
    }
    assert!(said().contains("exported to   /scans/ct-labels.nii.gz, changed since"), "{}", said());
}

#[test]
fn the_exported_label_map_is_what_python_reads_in_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path());
    let csv = folder.path().join("objects.csv");
    for name in ["mask.nii", "mask.nii.gz"] {
        let out = folder.path().join(name);
        let json = export(&session, &out, &["--json", "--csv", csv.to_str().unwrap()]).json();
        assert_eq!((&json["objects"], &json["voxels"]), (&3.into(), &4050.into()));
        let info = voxpoint(&["info".as_ref(), out.as_os_str(), "--json".as_ref()]).json();
        assert_eq!(info["dims"], serde_json::json!([40, 30, 20]));
        assert_eq!(info["max"], 700.0);
        let python =
            Command::new("python3").arg(data("read_session.py")).args([&session, &out]).output();
        match python {
            Ok(python) => {
                assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
                assert!(String::from_utf8_lossy(&python.stdout).contains("\"voxels\": 4050"));
            }
            Err(_) => println!("no Python here: not tested"),
        }
    }
    let names = std::fs::read_to_string(folder.path().join("mask.labels.txt")).unwrap();
    assert!(names.contains("\"Leber – 肝 3\""), "{names}");
    let table = std::fs::read_to_string(csv).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "number,name,state,voxels,volume_ml,points,corrected,model,seconds");
    assert_eq!(lines.len(), 4);
    assert!(lines[1].starts_with("3,Leber – 肝 3,done,1350,1.786"), "{}", lines[1]);
    assert!(lines[1].ends_with(",test,0"), "{}", lines[1]);
    // It may be replaced, but nobody else's file.
    let out = folder.path().join("mask.nii.gz");
    assert_eq!(export(&session, &out, &[]).code, 0);
    std::fs::write(&out, "mine").unwrap();
    assert!(export(&session, &out, &[]).failed(1).contains("--force"));
    assert_eq!(std::fs::read(&out).unwrap(), b"mine");
    assert_eq!(export(&session, &out, &["--force"]).code, 0);
}

/// The kept session of version 4 has its scan in it; the third object lies under the first, too.
fn session_with_scan(folder: &Path) -> PathBuf {
    let path = folder.join("with_scan.voxpoint");
    std::fs::copy(data("v4.voxpoint"), &path).unwrap();
    path
}

#[test]
fn tables_for_other_programs_are_written_beside_the_map() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path());
    let out = folder.path().join("m.nii.gz");
    let all = ["--tables", "slicer,freesurfer,bids", "--json"];
    let json = export(&session, &out, &all).json();
    let at = |name: &str| folder.path().join(name);
    for name in ["m.ctbl", "m_LUT.txt", "m.tsv", "m.json"] {
        let path = at(name);
        assert!(path.is_file(), "{name}");
        let files = json["files"].as_array().unwrap();
        assert!(files.iter().any(|file| file.as_str() == path.to_str()), "{name}: {files:?}");
    }
    let lut = std::fs::read_to_string(at("m_LUT.txt")).unwrap();
    for number in ["700 ", "3 ", "2 "] {
        assert!(lut.lines().any(|line| line.trim_start().starts_with(number)), "{number}: {lut}");
    }
    // What is there is replaced only when that is asked for.
    std::fs::write(at("m.ctbl"), "mine").unwrap();
    let refused = export(&session, &out, &all);
    assert!(refused.failed(1).contains("m.ctbl"), "{refused:?}");
    assert_eq!(std::fs::read(at("m.ctbl")).unwrap(), b"mine");
    assert_eq!(export(&session, &out, &["--tables", "slicer", "--force"]).code, 0);
    assert_ne!(std::fs::read(at("m.ctbl")).unwrap(), b"mine");
    let alone = [session.to_str().unwrap(), "--csv", "t.csv", "--tables", "slicer"];
    let alone = voxpoint(&[&["export-session"][..], &alone].concat());
    assert!(alone.failed(2).contains("--out"), "{alone:?}");
}

#[test]
fn info_says_whether_the_scan_is_in_the_session() {
    let folder = tempfile::tempdir().unwrap();
    for (path, inside) in
        [(session(folder.path()), false), (session_with_scan(folder.path()), true)]
    {
        let json = voxpoint(&["info".as_ref(), path.as_os_str(), "--json".as_ref()]).json();
        assert_eq!(json["scan_inside"], inside);
        assert_eq!(json["scan_inside_bytes"].as_u64().is_some_and(|n| n > 10), inside);
        let text = voxpoint(&["info".as_ref(), path.as_os_str()]).stdout;
        assert_eq!(text.contains("scan inside   its voxels are in the session"), inside, "{text}");
    }
}

#[test]
fn each_object_gets_a_file_and_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let session = session_with_scan(folder.path());
    let at = |name: &str| folder.path().join(name);
    let run = |more: &[&str]| {
        let mut arguments = vec!["export-session".into(), session.as_os_str().to_owned()];
        arguments.extend(["--per-label".into(), at("each").into_os_string()]);
        arguments.extend(["--pictures".into(), at("pictures").into_os_string()]);
        arguments.extend(["--table".into(), at("t.csv").into_os_string(), "--json".into()]);
        arguments.extend(more.iter().map(Into::into));
        voxpoint(&arguments)
    };
    let json = run(&[]).json();
    assert!(json["out"].is_null());
    let files: Vec<PathBuf> = json["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| PathBuf::from(file.as_str().unwrap()))
        .collect();
    let names: Vec<String> =
        files.iter().map(|f| f.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(
        names[..4],
        ["Leber_肝_3.nii.gz", "Leber_肝_2.nii.gz", "Leber_肝_700.nii.gz", "t.csv"]
    );
    assert_eq!(names.len(), 4 + 9);
    assert_eq!(
        names[4..7],
        ["axial", "coronal", "sagittal"].map(|p| format!("Leber_肝_3_{p}.png"))
    );
    // Each whole, also what lies under another.
    let whole = [1350, 1350, 1350 + 13 * 6 * 2];
    for (file, expected) in files.iter().zip(whole) {
        let info = voxpoint(&["info".as_ref(), file.as_os_str(), "--json".as_ref()]).json();
        let ones = info["mean"].as_f64().unwrap() * 40.0 * 30.0 * 20.0;
        assert!((ones - f64::from(expected)).abs() < 0.01, "{ones} of {}", file.display());
        assert_eq!(info["max"], 1.0);
    }
    for file in &files[4..] {
        let picture = image::open(file).unwrap().into_rgb8();
        assert_eq!(picture.dimensions(), (1024, 1024));
        let colourful = picture.pixels().filter(|p| p[0].abs_diff(p[2]) > 8).count();
        assert!(colourful > 500, "{colourful} pixels of {}", file.display());
    }
    // What is there is not replaced unasked.
    assert!(run(&[]).failed(1).contains("this is there already"));
    assert_eq!(run(&["--force"]).code, 0);
    assert!(run(&["--force", "--ending", "dcm"]).failed(2).contains("a label can be alone in"));
    assert_eq!(run(&["--force", "--ending", ".nrrd"]).code, 0);
    assert!(at("each").join("Leber_肝_3.nrrd").exists());
    // Without the scan there is nothing to draw on.
    std::fs::copy(data("v3.voxpoint"), &session).unwrap();
    let mut arguments = vec!["export-session".into(), session.into_os_string()];
    arguments.extend(["--pictures".into(), at("more").into_os_string()]);
    let refused = voxpoint(&arguments);
    assert!(refused.failed(1).contains("say where it is with --reference"), "{refused:?}");
    assert!(voxpoint(&arguments[..2]).failed(2).contains("--out"));
}

/// Whatever of it is refused, nothing of it is written.
#[test]
fn what_is_refused_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let session = session_with_scan(folder.path());
    let at = |name: &str| folder.path().join(name);
    let [each, pictures, out] = ["each", "pictures", "mask.nii.gz"].map(at);
    std::fs::create_dir(&each).unwrap();
    let asked = |more: &[&str]| export(&session, &out, more);
    let [each_text, pictures_text] = [&each, &pictures].map(|path| path.to_str().unwrap());
    let mine = each.join("Leber_肝_700.nii.gz");
    std::fs::write(&mine, "mine").unwrap();
    let refused = asked(&["--per-label", each_text]);
    assert!(refused.failed(1).contains("this is there already"), "{refused:?}");
    assert!(!out.exists());
    std::fs::remove_file(&mine).unwrap();
    std::fs::create_dir(&pictures).unwrap();
    std::fs::write(pictures.join("Leber_肝_2_coronal.png"), "mine").unwrap();
    let refused = asked(&["--per-label", each_text, "--pictures", pictures_text]);
    assert!(refused.failed(1).contains("this is there already"), "{refused:?}");
    assert!(!out.exists());
    assert_eq!(std::fs::read_dir(&each).unwrap().count(), 0);
    // One of them over another, not even by force.
    let own = each.join("leber_肝_700.nii.gz");
    for out in [&own, &mine] {
        let refused = export(&session, out, &["--per-label", each_text, "--force"]);
        assert!(refused.failed(1).contains("would be this file"), "{refused:?}");
    }
    assert_eq!(std::fs::read_dir(&each).unwrap().count(), 0);
    // No scan to draw on.
    std::fs::copy(data("v3.voxpoint"), &session).unwrap();
    let refused = asked(&["--per-label", each_text, "--pictures", pictures_text, "--force"]);
    assert!(refused.failed(1).contains("--reference"), "{refused:?}");
    assert!(!out.exists());
    assert_eq!(std::fs::read_dir(&each).unwrap().count(), 0);
}

/// What lies under a locked object is seen in its own pictures, as it is under others.
#[test]
fn pictures_show_what_lies_under_locked_objects() {
    let folder = tempfile::tempdir().unwrap();
    let session = session_with_scan(folder.path());
    let draw = |name: &str, sql: &str| {
        let connection = rusqlite::Connection::open(&session).unwrap();
        connection.execute_batch(&format!("UPDATE object SET crc32 = NULL, {sql}")).unwrap();
        drop(connection);
        let out = folder.path().join(name);
        let mut arguments = vec!["export-session".into(), session.as_os_str().to_owned()];
        arguments.extend(["--pictures".into(), out.clone().into_os_string(), "--partly".into()]);
        let run = voxpoint(&arguments);
        assert_eq!(run.code, 0, "{run:?}");
        image::open(out.join("Leber_肝_700_axial.png")).unwrap().into_rgb8()
    };
    let free = draw("free", "locked = 0");
    assert_eq!(draw("locked", "locked = 1"), free);
    assert_eq!(draw("partly", "locked = (id = 3)"), free);
}

#[test]
fn a_table_and_the_scan_of_somebody_else_are_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path());
    let (out, csv) = (folder.path().join("mask.nii"), folder.path().join("objects.csv"));
    let with_csv = ["--csv", csv.to_str().unwrap()];
    std::fs::write(&csv, "patient,age\n").unwrap();
    assert!(export(&session, &out, &with_csv).failed(1).contains("--force"));
    assert_eq!(std::fs::read(&csv).unwrap(), b"patient,age\n");
    assert!(!out.exists());
    for _ in 0..2 {
        assert_eq!(export(&session, &out, &[with_csv[0], with_csv[1], "--force"]).code, 0);
        assert_eq!(export(&session, &out, &with_csv).code, 0, "our own is replaced");
    }
    // Where the session would look for its scan, and for the image over it.
    for name in ["ct.nii.gz", "pet.nii"] {
        let scan = folder.path().join(name);
        for force in [&["--force"][..], &[]] {
            let refused = export(&session, &scan, force);
            assert!(refused.failed(1).contains("would replace an image"), "{name}");
        }
        assert!(!scan.exists());
    }
}

#[test]
fn what_is_damaged_is_exported_only_if_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (session, out) = (session(folder.path()), folder.path().join("mask.nii"));
    rusqlite::Connection::open(&session)
        .unwrap()
        .execute_batch("UPDATE mask SET runs = x'00'; UPDATE object SET region = NULL, model = NULL, added = NULL, crc32 = NULL WHERE id = 3;")
        .unwrap();
    let refused = export(&session, &out, &[]);
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
    assert!(
        refused.stderr.contains("warning: ") && refused.stderr.contains("--partly"),
        "{}",
        refused.stderr
    );
    assert!(!out.exists());
    let json = export(&session, &out, &["--partly", "--json"]).json();
    assert_eq!(json["damage"].as_array().unwrap().len(), 3, "{json}");
    let info = voxpoint(&["info".as_ref(), session.as_os_str()]);
    assert!(info.stdout.contains("damaged       object 2 can't be read"), "{}", info.stdout);
}

#[test]
fn what_is_no_session_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.voxpoint");
    let out = folder.path().join("mask.nii");
    for (bytes, said) in [
        (&b""[..], "no Voxpoint session: it is empty"),
        (b"hello", "it is another kind of file"),
        (b"SQLite format 3\0", "damaged"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let info = voxpoint(&["info".as_ref(), path.as_os_str()]);
        assert!(info.failed(1).contains(said), "{info:?}");
        assert!(export(&path, &out, &[]).failed(1).contains(said));
    }
    let wrong = export(&session(folder.path()), &folder.path().join("mask.txt"), &[]);
    assert!(wrong.failed(2).contains("must end in"));
}
