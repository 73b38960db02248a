//! `voxpoint compare`: all labels, folders, several raters, and files that don't fit.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{Run, lps, names, nifti, voxpoint, write_labels};

/// Files in a folder of the test's own.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("UTF-8").to_owned()
    }

    /// A label map of 6 × 4 × 3 voxels of 2 mm, of which the first have these labels; where it lies.
    fn labels(&self, name: &str, first: &[u8]) -> String {
        write_labels(&self.path(name), [6, 4, 3], 2.0, first);
        self.text(name)
    }

    fn table(&self, name: &str, rows: &[(u16, &str)]) {
        let rows = rows.iter().map(|(value, name)| format!("{value} 255 0 0 1 1 1 \"{name}\"\n"));
        std::fs::write(self.path(name), rows.collect::<String>()).expect("the test's folder");
    }
}

fn compare(arguments: &[&str]) -> Run {
    voxpoint(&[&["compare"], arguments].concat())
}

fn floats(path: &Path, values: &[f32]) {
    let mut voxels: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    voxels.resize(4 * 72, 0);
    std::fs::write(path, nifti([6, 4, 3], 16, 32, lps(2.0), &voxels)).expect("the test's folder");
}

#[test]
fn all_labels_are_compared_and_what_only_one_map_has_is_no_failure() {
    let files = Files::new();
    let a = files.labels("a.nii", &[1, 1, 1, 2, 0, 0]);
    let b = files.labels("b.nii", &[1, 1, 0, 2, 3, 0]);
    files.table("b.labels.txt", &[(1, "liver"), (3, "spleen")]);
    let report = compare(&[&a, &b, "--json"]).json();
    let labels = report["labels"].as_array().expect("labels");
    let row = |n: usize| (&labels[n]["label"], &labels[n]["name"], &labels[n]["dice"]);
    assert_eq!(labels.len(), 3);
    assert_eq!(row(0), (&1.into(), &"liver".into(), &0.8.into()));
    assert_eq!(row(1), (&2.into(), &serde_json::Value::Null, &1.0.into()));
    assert_eq!(row(2), (&3.into(), &"spleen".into(), &0.0.into()));
    let missing = &labels[2];
    assert_eq!((&missing["empty"], &missing["nsd"]), (&"a".into(), &0.0.into()));
    assert!(missing["hd_mm"].is_null() && missing["assd_mm"].is_null());
    assert_eq!((&missing["precision"], &missing["recall"]), (&0.0.into(), &0.0.into()));
    let liver = &labels[0];
    assert_eq!((&liver["hd_mm"], &liver["recall"]), (&2.0.into(), &1.0.into()));
    assert!((liver["volume_difference_ml"].as_f64().expect("a number") - 0.008).abs() < 1e-9);
    // Four voxels each, three of them the same label.
    assert_eq!(report["total"]["dice"], 0.75);
    assert!(report["total"]["hd_mm"].is_null());
    assert_eq!(report["mean"]["labels"], 3);
    assert!((report["mean"]["dice"].as_f64().expect("a number") - 0.6).abs() < 1e-12);
    assert_eq!((&report["tolerance_mm"], &report["paired_by"]), (&2.0.into(), &"number".into()));
    let table = compare(&[&a, &b]);
    assert!(table.code == 0 && table.stdout.contains("| spleen |"), "{table:?}");
    let empty = files.labels("empty.nii", &[]);
    let run = compare(&[&empty, &empty, "--json"]);
    assert_eq!(run.json()["total"]["dice"], 1.0);
    assert_eq!(run.json()["labels"], serde_json::json!([]));
    assert!(run.stderr.contains("the label map is empty"), "{run:?}");
}

#[test]
fn labels_find_each_other_by_name_and_by_overlap() {
    let files = Files::new();
    let a = files.labels("a.nii", &[1, 1, 1, 2, 2, 0]);
    let b = files.labels("b.nii", &[5, 5, 5, 1, 1, 0]);
    files.table("a.labels.txt", &[(1, "Left kidney"), (2, "Spleen")]);
    files.table("b.labels.txt", &[(5, "left  kidney"), (1, "spleen")]);
    for (by, rows) in [("number", 3), ("name", 2), ("overlap", 2)] {
        let report = compare(&[&a, &b, "--by", by, "--json"]).json();
        let labels = report["labels"].as_array().expect("labels");
        assert_eq!(labels.len(), rows, "{by}");
        if by != "number" {
            assert_eq!(report["total"]["dice"], 1.0, "{by}");
            assert_eq!((&labels[0]["label"], &labels[0]["label_b"]), (&1.into(), &5.into()));
        }
    }
}

#[test]
fn another_grid_is_named_and_resampled_only_when_asked() {
    let files = Files::new();
    let a = files.labels("a.nii", &[1, 1, 0, 2]);
    let path = files.path("fine.nii");
    // Each voxel as eight of half the size.
    let mut voxels = vec![0u8; 12 * 8 * 6];
    for z in 0..2 {
        for y in 0..2 {
            for (x, label) in [(0, 1), (1, 1), (2, 1), (3, 1), (6, 2), (7, 2)] {
                voxels[x + 12 * (y + 8 * z)] = label;
            }
        }
    }
    let mut rows = lps(1.0);
    for (axis, row) in rows.iter_mut().enumerate() {
        row[3] = if axis == 2 { -0.5 } else { 0.5 };
    }
    std::fs::write(&path, nifti([12, 8, 6], 2, 8, rows, &voxels)).expect("the test's folder");
    let fine = files.text("fine.nii");
    let refused = compare(&[&a, &fine]);
    let told = refused.failed(1);
    assert!(told.contains("different grids") && told.contains("--resample"), "{told}");
    assert!(told.contains("fine.nii"), "{told}");
    let run = compare(&[&a, &fine, "--resample", "--json"]);
    assert_eq!(run.json()["total"]["dice"], 1.0);
    assert!(run.stderr.contains("was resampled"), "{run:?}");
}

#[test]
fn a_probability_map_asks_for_its_threshold() {
    let files = Files::new();
    let a = files.labels("a.nii", &[1, 1, 0, 0]);
    floats(&files.path("p.nii"), &[0.9, 0.51, 0.5, f32::NAN]);
    let p = files.text("p.nii");
    assert!(compare(&[&a, &p]).failed(1).contains("give a --threshold"));
    let run = compare(&[&a, &p, "--threshold", "0.5", "--json"]);
    assert_eq!(run.json()["total"]["dice"], 1.0);
    assert!(run.stderr.contains("what is above 0.5: 2 voxels"), "{run:?}");
    assert_eq!(compare(&[&a, &p, "--threshold", "0.6", "--json"]).json()["total"]["voxels_b"], 1);
}

/// Two folders of four pairs, one of which can't be read, and one file that is alone.
fn two_folders(files: &Files) -> [String; 2] {
    for folder in ["a/deep", "b/deep"] {
        std::fs::create_dir_all(files.path(folder)).expect("the test's folder");
    }
    for (name, first) in
        [("one.nii", [1, 1, 0]), ("deep/two.nii", [1, 2, 2]), ("three.nii", [0; 3])]
    {
        files.labels(&format!("a/{name}"), &first);
        files.labels(&format!("b/{name}"), &[1, 1, 2]);
    }
    files.labels("a/broken.nii", &[1]);
    std::fs::write(files.path("b/broken.nii"), b"no header").expect("the test's folder");
    files.labels("a/alone.nii", &[1]);
    ["a", "b"].map(|name| files.text(name))
}

#[test]
fn folders_are_paired_by_name_and_a_bad_file_is_no_failure_of_the_others() {
    let files = Files::new();
    let [a, b] = two_folders(&files);
    let (csv, html) = (files.text("out.csv"), files.text("out.html"));
    let run = compare(&[&a, &b, "--csv", &csv, "--html", &html, "--jobs", "2", "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("not compared: broken"), "{run:?}");
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let cases: Vec<&str> = report["cases"]
        .as_array()
        .expect("cases")
        .iter()
        .map(|case| case["case"].as_str().expect("a name"))
        .collect();
    assert_eq!(cases, ["deep/two", "one", "three"]);
    assert_eq!(report["failures"][0]["case"], "broken");
    assert!(report["unpaired"][0].as_str().expect("a path").ends_with("alone.nii"));
    let first = &report["summary"][0];
    assert_eq!((&first["label"], &first["dice"]["cases"]), (&1.into(), &3.into()));
    let table = std::fs::read_to_string(&csv).expect("the table");
    assert!(table.starts_with("case,label,label_b,name,dice,"));
    assert_eq!(table.lines().count(), 7, "{table}");
    assert!(table.lines().all(|line| line.split(',').count() == 24), "{table}");
    let page = std::fs::read_to_string(&html).expect("the page");
    assert!(page.contains("\"case\":\"deep/two\"") && page.contains("</html>"));
    // Again: nothing is measured anew, and the table is the same.
    let again = compare(&[&a, &b, "--csv", &csv]);
    assert!(again.stderr.contains("3 of 4 results are from the journal"), "{again:?}");
    assert_eq!(std::fs::read_to_string(&csv).expect("the table"), table);
    // A file that changed is.
    files.labels("a/one.nii", &[1, 1, 2]);
    let other = compare(&[&a, &b, "--csv", &csv]);
    assert!(other.stderr.contains("2 of 4 results are from the journal"), "{other:?}");
    let wrong = compare(&[&a, &files.labels("m.nii", &[1])]);
    assert!(wrong.failed(2).contains("two folders"), "{wrong:?}");
}

/// What git-annex and `DataLad` leave in the place of a file that was not fetched.
#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_no_failure_of_the_others() {
    let files = Files::new();
    let [a, b] = two_folders(&files);
    let annexed = "../.git/annex/objects/aB/cD/MD5E-s12--0123.nii.gz/MD5E-s12--0123.nii.gz";
    for folder in ["a", "b"] {
        std::os::unix::fs::symlink(annexed, files.path(folder).join("gone.nii.gz"))
            .expect("a link");
    }
    std::fs::remove_file(files.path("b/broken.nii")).expect("the test's file");
    std::os::unix::fs::symlink(annexed, files.path("b/broken.nii")).expect("a link");
    let csv = files.text("out.csv");
    let run = compare(&[&a, &b, "--csv", &csv, "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["cases"].as_array().map(Vec::len), Some(3), "{run:?}");
    let failed: Vec<&str> = report["failures"]
        .as_array()
        .expect("failures")
        .iter()
        .map(|failure| failure["case"].as_str().expect("a name"))
        .collect();
    assert_eq!(failed, ["broken", "gone"]);
    assert!(run.stderr.contains("not compared: gone: "), "{run:?}");
    let table = std::fs::read_to_string(&csv).expect("the table");
    assert_eq!(table.lines().count(), 7, "{table}");
    // Nor is one of the other commands that work on folders.
    for command in ["measure", "clean"] {
        let run = voxpoint(&[command, &a, "--json"]);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        let failures = report["failures"].as_array().expect("failures");
        assert!(run.code == 1 && failures.len() == 1, "{run:?}");
        assert!(failures[0]["file"].as_str().is_some_and(|file| file.contains("gone")), "{run:?}");
        assert!(report["files"].as_array().is_some_and(|files| files.len() > 3), "{run:?}");
    }
}

/// Killed again and again, it ends with the table of a run that nobody disturbed, and measures nothing twice that it has
/// told.
#[test]
fn a_kill_loses_no_pair_that_was_told() {
    const PAIRS: usize = 10;
    let files = Files::new();
    for folder in ["a", "b"] {
        std::fs::create_dir(files.path(folder)).expect("the test's folder");
    }
    for n in 0..PAIRS {
        let more = u8::from(n % 2 == 0);
        files.labels(&format!("a/{n}.nii"), &[1, 1, 2, more, 0, 1]);
        files.labels(&format!("b/{n}.nii"), &[1, 1, 0, 2, 2, more]);
    }
    let (a, b) = (files.text("a"), files.text("b"));
    let undisturbed = files.text("undisturbed.csv");
    assert_eq!(compare(&[&a, &b, "--csv", &undisturbed]).code, 0);
    let csv = files.text("out.csv");
    let line = ["compare", &a, &b, "--csv", &csv, "--jobs", "2"];
    let mut told = std::collections::BTreeSet::new();
    for more in [1, 3, 2] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_voxpoint"))
            .args(line)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let said = BufReader::new(child.stderr.take().expect("piped"));
        let fresh = said.lines().map(|line| line.expect("UTF-8")).filter(|l| l.starts_with('['));
        // Those from the journal are told again.
        told.extend(fresh.take(told.len() + more));
        child.kill().expect("it is a child");
        child.wait().expect("it is a child");
    }
    assert!(told.len() >= 6, "{told:?}");
    let last = voxpoint(&line);
    assert_eq!(last.code, 0, "{last:?}");
    let note = last.stderr.lines().find(|line| line.contains("from the journal"));
    let kept: Option<usize> = note.and_then(|note| note.split(' ').nth(1)?.parse().ok());
    assert!(kept.is_some_and(|kept| kept >= told.len() && kept <= PAIRS), "{note:?} {told:?}");
    let table = |path: &str| std::fs::read_to_string(path).expect("the table");
    assert_eq!(table(&csv), table(&undisturbed));
}

/// Three readers who call their files the same.
#[test]
fn raters_of_one_file_name_are_told_apart_by_their_folders() {
    let files = Files::new();
    for reader in ["anna", "ben", "eve"] {
        std::fs::create_dir_all(files.0.path().join(reader).join("case 1")).expect("a folder");
    }
    let raters = [
        files.labels("anna/case 1/mask.nii.gz", &[1, 1, 1, 0]),
        files.labels("ben/case 1/mask.nii.gz", &[1, 1, 0, 0]),
        files.labels("eve/case 1/other.nii", &[1, 0, 0, 0]),
    ];
    let csv = files.text("agreement.csv");
    let line: Vec<&str> = raters.iter().map(String::as_str).chain(["--csv", &csv]).collect();
    assert_eq!(compare(&line).code, 0);
    let table = std::fs::read_to_string(&csv).expect("the table");
    let cases: Vec<&str> = table.lines().skip(1).filter_map(|l| l.split(',').next()).collect();
    let (anna, ben) = ("anna/case 1/mask", "ben/case 1/mask");
    let expected = [format!("{anna} - {ben}"), format!("{anna} - other"), format!("{ben} - other")];
    assert_eq!(cases, expected);
    // In the order of the command line.
    let dice: Vec<&str> = table.lines().skip(1).filter_map(|l| l.split(',').nth(4)).collect();
    assert_eq!(dice, ["0.8", "0.5", "0.6666666666666666"]);
}

#[test]
fn several_raters_agree_on_a_mask() {
    let files = Files::new();
    let raters = [
        files.labels("a.nii", &[1, 1, 1, 0, 2]),
        files.labels("b.nii", &[1, 1, 0, 0, 2]),
        files.labels("c.nii", &[1, 1, 0, 1, 0]),
    ];
    let (staple, majority) = (files.text("staple.nii.gz"), files.text("majority.nii.gz"));
    let line =
        [&raters[..], &["--staple", &staple, "--majority", &majority].map(str::to_owned)].concat();
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    let report = compare(&[&line[..], &["--json"]].concat()).json();
    let rows = report["agreement"].as_array().expect("rows");
    assert_eq!(rows.len(), 6, "three pairs of two labels");
    assert_eq!(
        (&rows[0]["a"], &rows[0]["b"], &rows[0]["dice"]),
        (&0.into(), &1.into(), &0.8.into())
    );
    assert_eq!(report["staple"][0]["majority_voxels"], 2);
    let sensitivity = report["staple"][0]["sensitivity"].as_array().expect("three").len();
    assert_eq!((report["raters"].as_array().expect("three").len(), sensitivity), (3, 3));
    let csv = files.text("agreement.csv");
    let [a, b, c] = &raters;
    assert_eq!(compare(&[a, b, c, "--csv", &csv]).code, 0);
    let table = std::fs::read_to_string(&csv).expect("the table");
    let cells: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    let told: Vec<[&str; 2]> = cells[1..].iter().map(|row| [row[0], row[1]]).collect();
    let expected = ["a - b", "a - c", "b - c"].map(|case| [[case, "1"], [case, "2"]]);
    assert_eq!(told, expected.concat());
    for (cells, row) in cells[1..].iter().zip([0, 3, 1, 4, 2, 5]) {
        assert_eq!(cells[4].parse::<f64>().ok(), rows[row]["dice"].as_f64(), "{cells:?}");
    }
    // Of one label alone, and of the one that two of three do not have.
    let one = compare(&[a, b, c, "--label", "2", "--json"]).json();
    assert_eq!(one["agreement"].as_array().expect("rows")[..], rows[3..]);
    let third = files.labels("d.nii", &[1, 0, 0, 0, 0]);
    let none = compare(&[b, c, &third, "--label", "2", "--json"]).json();
    let of_empty = &none["agreement"][2];
    assert_eq!((&of_empty["empty"], &of_empty["dice"]), (&"both".into(), &1.0.into()));
    // Of one label alone.
    let one = files.text("one.csv");
    assert_eq!(compare(&[a, b, c, "--label", "2", "--csv", &one]).code, 0);
    let one = std::fs::read_to_string(&one).expect("the table");
    assert!(one.lines().skip(1).all(|line| line.split(',').nth(1) == Some("2")), "{one}");
    assert!(compare(&[a, b, c, "--label-b", "2"]).failed(2).contains("--label-b"));

    // The report for a browser has everybody with everybody, and what they make together.
    let html = files.text("agreement.html");
    assert_eq!(compare(&[a, b, c, "--html", &html]).code, 0);
    let page = std::fs::read_to_string(&html).expect("the page");
    let data = page.split_once("const data = ").and_then(|(_, rest)| rest.split_once(";\n"));
    let data: serde_json::Value = serde_json::from_str(data.expect("data").0).expect("JSON");
    let cases = data["rows"].as_array().expect("rows");
    let cases: Vec<_> =
        cases.iter().map(|row| (row["case"].as_str(), row["label"].as_u64())).collect();
    let expected: Vec<_> = told.iter().map(|[case, n]| (Some(*case), n.parse().ok())).collect();
    assert_eq!(cases, expected);
    assert_eq!((&data["raters"], &data["staple"]), (&report["raters"], &report["staple"]));
    let voted = compare(&[&majority, &raters[1], "--json"]).json();
    assert_eq!(voted["total"]["dice"], 1.0);
    assert!(names(files.0.path()).contains(&"staple.nii.gz".to_owned()));
    assert!(compare(&line).failed(1).contains("is there already"));
    assert_eq!(compare(&[&line[..], &["--force"]].concat()).code, 0);
}
