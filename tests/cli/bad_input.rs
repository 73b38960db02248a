//! Files and clicks that can't be used: exit code 1, one line that names the file, and no output.

use std::path::{Path, PathBuf};

use crate::support::{lps, names, nifti, sample, sample_json, voxpoint, write_labels, write_scan};

fn gz(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Everything that is no scan, each in a file of its own.
fn bad_files(folder: &Path) -> Vec<PathBuf> {
    let noise: Vec<u8> =
        (0..8 * 8 * 8 * 2u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let good = nifti([8, 8, 8], 4, 16, lps(1.0), &noise);
    let mut magic = good.clone();
    magic[344..348].copy_from_slice(b"oops");
    let packed = gz(&good);
    let files = [
        ("empty.nii.gz", Vec::new()),
        ("huge.nii.gz", gz(&nifti([32767; 3], 4, 16, lps(1.0), &noise))),
        ("magic.nii.gz", gz(&magic)),
        ("short.nii.gz", gz(&good[..600])),
        ("short.nii", good[..600].to_vec()),
        ("cut.nii.gz", packed[..packed.len() / 2].to_vec()),
        ("flat.nii", nifti([8, 0, 8], 4, 16, lps(1.0), &noise)),
        ("type.nii", nifti([8, 8, 8], 999, 16, lps(1.0), &noise)),
        ("text.nii", b"this is no scan\n".to_vec()),
        ("picture.png", png()),
    ];
    let mut paths = vec![folder.join("missing.nii.gz"), folder.join("folder.nii")];
    std::fs::create_dir(&paths[1]).unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).unwrap();
        paths.push(folder.join(name));
    }
    paths
}

fn png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbaImage::new(40, 40).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn a_bad_scan_is_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let bad = bad_files(folder.path());
    let before = names(folder.path());
    let (mask, logits) = (folder.path().join("mask.nii.gz"), folder.path().join("logits.nii.gz"));
    let picture = folder.path().join("picture-of-it.png");
    for path in &bad {
        let file = path.to_str().unwrap();
        let (mask, logits) = (mask.to_str().unwrap(), logits.to_str().unwrap());
        let segment =
            ["segment", file, "--point", "1,1,1", "--out", mask, "--logits", logits, "--json"];
        let render = ["render", file, "--out", picture.to_str().unwrap()];
        for arguments in
            [&["info", file, "--json"][..], &segment, &render, &["compare", file, file]]
        {
            let run = voxpoint(arguments);
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(run.failed(1).contains(name), "{arguments:?} {run:?}");
        }
    }
    assert_eq!(names(folder.path()), before);
}

#[test]
fn label_maps_of_another_grid_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write_scan(&path("scan.nii"), [6, 5, 4], 1.0, |[x, _, _]| x);
    write_labels(&path("small.nii"), [5, 5, 4], 1.0, &[1]);
    write_labels(&path("moved.nii"), [6, 5, 4], 1.5, &[1]);
    let before = names(folder.path());
    for labels in ["small.nii", "moved.nii"] {
        let (scan, labels, out) = (path("scan.nii"), path(labels), path("p.png"));
        let render = [
            "render".as_ref(),
            scan.as_os_str(),
            "--labels".as_ref(),
            labels.as_os_str(),
            "--out".as_ref(),
            out.as_os_str(),
        ];
        voxpoint(&render).failed(1);
    }
    voxpoint(&["compare".as_ref(), path("small.nii").as_os_str(), path("moved.nii").as_os_str()])
        .failed(1);
    assert_eq!(names(folder.path()), before);
}

/// Runs `segment` with these last arguments and checks that it failed and left nothing.
fn segment_fails(scan: &Path, point: &str, more: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (mask, logits) = (folder.path().join("m.nii.gz"), folder.path().join("l.nii.gz"));
    let mut arguments = vec!["segment", scan.to_str().unwrap(), "--point", point];
    arguments.extend(["--out", mask.to_str().unwrap(), "--logits", logits.to_str().unwrap()]);
    arguments.extend(more);
    let run = voxpoint(&arguments);
    let error = run.failed(1).to_owned();
    assert_eq!(names(folder.path()), [""; 0], "{error}");
    error
}

#[test]
fn clicks_outside_of_the_scan_are_refused() {
    let scan = sample("ct_thorax_cta.nii.gz");
    let error = segment_fails(&scan, "9000,0,0,+", &[]);
    assert!(error.contains("outside"), "{error}");
    let error = segment_fails(&scan, "120,0,0,+", &["--space", "voxel"]);
    assert!(error.contains("outside"), "{error}");
    let error =
        segment_fails(&scan, "8.7,179.2,751.7", &["--point", "0,0,-1,-", "--space", "voxel"]);
    assert!(error.contains("outside"), "{error}");
}

#[test]
fn a_scan_without_any_positive_voxel_can_not_be_normalised() {
    let folder = tempfile::tempdir().unwrap();
    let scan = folder.path().join("air.nii");
    write_scan(&scan, [12, 12, 12], 1.5, |_| -1000);
    segment_fails(&scan, "6,6,6", &["--space", "voxel"]);
}

#[test]
fn models_that_can_not_be_used_are_named() {
    let scan = sample("ct_thorax_cta.nii.gz");
    let click = sample_json()["clicks"][0].as_str().unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let model = |name: &str, bytes: Option<&[u8]>| {
        let model = folder.path().join(name);
        std::fs::create_dir(&model).unwrap();
        for file in ["encoder.onnx", "decoder.onnx"] {
            if let Some(bytes) = bytes {
                std::fs::write(model.join(file), bytes).unwrap();
            }
        }
        model.to_str().unwrap().to_owned()
    };
    let missing = folder.path().join("missing").to_str().unwrap().to_owned();
    for model in [
        missing,
        model("without", None),
        model("text", Some(b"this is no model")),
        model("names", Some(&identity("some_input", "some_output"))),
    ] {
        let error = segment_fails(&scan, &click, &["--model", &model]);
        assert!(
            error.contains(Path::new(&model).file_name().unwrap().to_str().unwrap()),
            "{error}"
        );
    }
}

/// An ONNX model that copies a float vector, written as protocol buffers by hand (onnx.proto).
fn identity(input: &str, output: &str) -> Vec<u8> {
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2, u8::try_from(bytes.len()).expect("short")];
        out.extend_from_slice(bytes);
        out
    }
    let integer = |number: u8, value: u8| vec![number << 3, value];
    let value = |name: &str| {
        let dimension = integer(1, 1);
        let shape = field(1, &dimension);
        let tensor = [integer(1, 1), field(2, &shape)].concat();
        [field(1, name.as_bytes()), field(2, &field(1, &tensor))].concat()
    };
    let node = [field(1, input.as_bytes()), field(2, output.as_bytes()), field(4, b"Identity")];
    let graph = [
        field(1, &node.concat()),
        field(2, b"graph"),
        field(11, &value(input)),
        field(12, &value(output)),
    ];
    [integer(1, 8), field(7, &graph.concat()), field(8, &integer(2, 17))].concat()
}

#[test]
fn outputs_that_can_not_be_written_are_refused_before_any_work() {
    let folder = tempfile::tempdir().unwrap();
    let scan = folder.path().join("scan.nii");
    write_scan(&scan, [8, 8, 8], 1.5, |[x, y, z]| x + y + z);
    let bytes = std::fs::read(&scan).unwrap();
    let nowhere = folder.path().join("nowhere/m.nii.gz");
    for out in [nowhere.as_path(), scan.as_path()] {
        let arguments = ["segment", scan.to_str().unwrap(), "--point", "4,4,4", "--space", "voxel"];
        let mut arguments = arguments.to_vec();
        arguments.extend(["--out", out.to_str().unwrap()]);
        voxpoint(&arguments).failed(1);
    }
    assert_eq!(names(folder.path()), ["scan.nii"]);
    assert_eq!(std::fs::read(&scan).unwrap(), bytes);
}
