//! `voxpoint batch`: the masks of a table's rows, whatever stops it in between. The model is the tiny one of
//! `tests/data/models`.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Run, lps, nifti, voxpoint, write_scan};

const SIDE: i16 = 24;

fn model() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/models/tiny").to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// 1 is a bright block, 2 a half-bright one.
fn label([x, y, z]: [i16; 3]) -> u8 {
    let within = |v: i16, from: i16, to: i16| (from..to).contains(&v);
    match x {
        _ if !within(y, 5, 18) || !within(z, 6, 19) => 0,
        _ if within(x, 3, 10) => 1,
        _ if within(x, 14, 21) => 2,
        _ => 0,
    }
}

/// A folder with `a.nii`, `a_seg.nii`, `b.nii` (as bright elsewhere), and a table of these rows.
struct Place(tempfile::TempDir);

impl Place {
    fn new(rows: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let bright = |v: [i16; 3]| [20 + v[2], 1000 + v[0], 500 + v[1]][usize::from(label(v))];
        write_scan(&place.path("a.nii"), [SIDE; 3], 1.5, bright);
        write_scan(&place.path("b.nii"), [SIDE; 3], 1.5, |v| bright([v[1], v[0], v[2]]));
        let all = || {
            (0..SIDE).flat_map(|z| (0..SIDE).flat_map(move |y| (0..SIDE).map(move |x| [x, y, z])))
        };
        let labels: Vec<u8> = all().map(label).collect();
        std::fs::write(place.path("a_seg.nii"), nifti([SIDE; 3], 2, 8, lps(1.5), &labels)).unwrap();
        std::fs::write(place.path("jobs.csv"), rows).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let table = self.path("jobs.csv");
        let model = model();
        let fixed = ["batch", text(&table), "--model", &model, "--device", "cpu", "--threads", "1"];
        fixed.iter().chain(more).map(|&argument| argument.to_owned()).collect()
    }

    fn batch(&self, more: &[&str]) -> Run {
        voxpoint(&self.arguments(more))
    }
}

/// The lines of standard output by their row.
fn lines(run: &Run) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    let mut lines: Vec<Value> = run.stdout.lines().map(parse).collect();
    lines.sort_by_key(|line| line["row"].as_u64());
    lines
}

fn states(run: &Run) -> Vec<String> {
    let state = |line: &Value| format!("{} {}", line["row"], line["state"].as_str().unwrap());
    lines(run).iter().map(state).collect()
}

const ROWS: &str = "image,points,space,label,name,labels,clicks,out\n\
    a.nii,\"6,11,12\",voxel,4,block,,,masks/a.nii.gz\n\
    a.nii,,,,,a_seg.nii,2,masks/robot.nii.gz\n\
    gone.nii,\"6,11,12\",voxel,,,,,masks/gone.nii.gz\n\
    b.nii,\"11,6,12; 20,20,20,-\",voxel,,,,,b_mask.nii\n\
    b.nii,\"110,6,12\",voxel,,,,,outside.nii\n";

#[test]
fn each_row_is_what_segment_and_the_robot_make_and_a_bad_one_stops_nobody() {
    let place = Place::new(ROWS);
    let run = place.batch(&["--jobs", "2"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(states(&run), ["2 done", "3 done", "4 failed", "5 done", "6 failed"]);
    let lines = lines(&run);
    assert!(lines[2]["error"].as_str().unwrap().contains("gone.nii"), "{}", lines[2]);
    assert!(lines[4]["error"].as_str().unwrap().contains("outside of the scan"), "{}", lines[4]);
    assert!(run.stderr.contains("[5/5, 2 failed]") && run.stderr.contains("line 4: not done"));
    assert!(!place.path("outside.nii").exists() && !place.path("masks/gone.nii.gz").exists());
    // Clicks: the mask of `segment`, and the numbers of its report.
    let alone = place.path("alone.nii.gz");
    for (row, scan, mask, points) in [
        (0, "a.nii", "masks/a.nii.gz", &["6,11,12,+"][..]),
        (3, "b.nii", "b_mask.nii", &["11,6,12,+", "20,20,20,-"]),
    ] {
        let (scan, mask) = (place.path(scan), place.path(mask));
        let mut typed = vec!["segment", text(&scan), "--space", "voxel", "--json"];
        let model = model();
        typed.extend([
            "--model",
            &model,
            "--device",
            "cpu",
            "--threads",
            "1",
            "--out",
            text(&alone),
        ]);
        typed.extend(points.iter().flat_map(|point| ["--point", point]));
        let segmented = voxpoint(&typed).json();
        let made = &lines[row]["labels"][0];
        assert_eq!(
            (&made["voxels"], &made["volume_ml"]),
            (&segmented["voxels"], &segmented["volume_ml"])
        );
        assert!(made["voxels"].as_u64().unwrap() > 0 && made["clicks"] == points.len());
        let label = made["label"].to_string();
        let compare =
            ["compare", text(&mask), text(&alone), "--label", &label, "--label-b", "1", "--json"];
        assert_eq!(voxpoint(&compare).json()["dice"], 1.0);
    }
    assert_eq!(
        (&lines[0]["labels"][0]["label"], &lines[0]["labels"][0]["name"]),
        (&4.into(), &"block".into())
    );
    // The robot: both labels in one map, Dice as `compare` has it.
    let (mask, truth) = (place.path("masks/robot.nii.gz"), place.path("a_seg.nii"));
    let compared = voxpoint(&["compare", text(&mask), text(&truth), "--json"]).json();
    for (made, compared) in [0, 1].map(|n| (&lines[1]["labels"][n], &compared["labels"][n])) {
        assert_eq!(made["label"], compared["label"]);
        let dice = |value: &Value| value["dice"].as_f64().expect("Dice");
        assert!((dice(made) - dice(compared)).abs() < 1e-8, "{made} {compared}");
    }
}

#[test]
fn what_is_done_is_not_done_again_unless_something_changed() {
    let place = Place::new(ROWS);
    assert_eq!(place.batch(&[]).code, 1);
    let written = |name: &str| std::fs::metadata(place.path(name)).unwrap().modified().unwrap();
    let before = written("masks/a.nii.gz");
    let again = place.batch(&[]);
    assert_eq!(states(&again), ["2 earlier", "3 earlier", "4 failed", "5 earlier", "6 failed"]);
    assert_eq!(written("masks/a.nii.gz"), before);
    // The same numbers are told.
    let first = |run: &Run| lines(run)[0]["labels"].clone();
    assert!(first(&again)[0]["voxels"].as_u64().unwrap() > 0);
    // A label map that is gone, another option, another scan.
    std::fs::remove_file(place.path("masks/a.nii.gz")).unwrap();
    assert_eq!(states(&place.batch(&[]))[..2], ["2 done", "3 earlier"]);
    assert_eq!(states(&place.batch(&["--seed", "1"]))[..2], ["2 earlier", "3 done"]);
    write_scan(&place.path("b.nii"), [SIDE; 3], 2.0, |v| 10 * v[0]);
    assert_eq!(states(&place.batch(&[]))[3], "5 done");
    // Another name is written into the table beside the map, which is this command's own.
    let rows = ROWS.replace("block", "Block");
    std::fs::write(place.path("jobs.csv"), rows).unwrap();
    assert_eq!(states(&place.batch(&[]))[..2], ["2 done", "3 earlier"]);
}

/// Voxels beside a header, and slices in a folder, count as much as the file that the row names.
#[test]
fn voxels_in_another_file_are_part_of_the_scan() {
    let place = Place::new("image,points,space,out\na.mhd,\"6,11,12\",voxel,m.nii\n");
    let (nii, mhd) = (place.path("a.nii"), place.path("a.mhd"));
    assert_eq!(voxpoint(&["convert", text(&nii), text(&mhd)]).code, 0);
    assert_eq!(states(&place.batch(&[])), ["2 done"]);
    assert_eq!(states(&place.batch(&[])), ["2 earlier"]);
    let raw = place.path("a.raw");
    let mut voxels = std::fs::read(&raw).unwrap();
    voxels.rotate_left(2);
    std::thread::sleep(std::time::Duration::from_millis(5));
    std::fs::write(&raw, voxels).unwrap();
    assert_eq!(states(&place.batch(&[])), ["2 done"]);
}

/// A place with several scans is worked on only where the row names one.
#[test]
fn a_row_names_its_series_where_there_are_several() {
    let place = Place::new("");
    std::fs::create_dir(place.path("scans")).unwrap();
    for part in ["98892001/CT5N", "77654033/CT2"] {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom/disc").join(part);
        for entry in std::fs::read_dir(data).unwrap().flatten() {
            std::fs::copy(entry.path(), place.path("scans").join(entry.file_name())).unwrap();
        }
    }
    let rows = "image,points,space,out,series\n\
        scans,\"6,6,2\",voxel,a_mask.nii,\n\
        scans,\"6,6,2\",voxel,b_mask.nii,5\n";
    std::fs::write(place.path("jobs.csv"), rows).unwrap();
    let run = place.batch(&[]);
    assert_eq!(states(&run), ["2 failed", "3 done"], "{run:?}");
    let why = lines(&run)[0]["error"].as_str().unwrap().to_owned();
    assert!(why.contains("several scans") && why.contains("column “series”"), "{why}");
    assert_eq!(states(&place.batch(&[])), ["2 failed", "3 earlier"]);
}

/// Whatever way leads there, what a row reads is not written.
#[cfg(unix)]
#[test]
fn no_way_leads_to_writing_over_an_input() {
    let place = Place::new("");
    std::os::unix::fs::symlink(place.path(""), place.path("way")).unwrap();
    let reference = std::fs::read(place.path("a_seg.nii")).unwrap();
    for (image, labels, out, said) in [
        ("a.nii", "a_seg.nii", "way/a_seg.nii", "line 2 reads what line 2 writes"),
        ("a.nii", "way/a_seg.nii", "./a_seg.nii", "line 2 reads what line 2 writes"),
        ("way/a.nii", "a_seg.nii", "a.nii", "line 2 reads what line 2 writes"),
    ] {
        let rows = format!("image,labels,out\n{image},{labels},{out}\n");
        std::fs::write(place.path("jobs.csv"), rows).unwrap();
        let run = place.batch(&["--force"]);
        assert!(run.failed(1).contains(said), "{out}: {run:?}");
    }
    std::fs::write(
        place.path("jobs.csv"),
        "image,points,out\na.nii,\"1,2,3\",m.nii\na.nii,\"1,2,3\",way/m.nii\n",
    )
    .unwrap();
    assert!(place.batch(&[]).failed(1).contains("“out” is that of line 2, too"));
    assert_eq!(std::fs::read(place.path("a_seg.nii")).unwrap(), reference);
}

#[test]
fn shares_have_all_rows_between_them_and_know_of_each_other() {
    let rows: Vec<String> = (0..7).map(|n| format!("a.nii,\"6,11,12\",m{n}.nii\n")).collect();
    let place = Place::new(&format!("image,points,out\n{}", rows.concat()));
    let share = |share: &str| states(&place.batch(&["--space", "voxel", "--shard", share]));
    assert_eq!(share("1/3"), ["2 done", "5 done", "8 done"]);
    assert_eq!(share("2/3"), ["3 done", "6 done"]);
    // The rest by another number of shares, and by none.
    assert_eq!(share("2/2"), ["3 earlier", "5 earlier", "7 done"]);
    let all = place.batch(&["--space", "voxel"]);
    let expected: Vec<_> =
        (2..9).map(|row| format!("{row} {}", if row == 4 { "done" } else { "earlier" })).collect();
    assert_eq!((states(&all), all.code), (expected, 0));
    assert!(share("9/9").is_empty());
}

/// Killed again and again, it ends with every row done, none but those at work twice.
#[test]
fn a_kill_loses_no_row_and_repeats_none_that_was_told() {
    const MANY: usize = 12;
    let rows: Vec<String> =
        (0..MANY).map(|n| format!("a.nii,\"{},11,12\",m{n}.nii.gz\n", 4 + n % 5)).collect();
    let place = Place::new(&format!("image,points,out\n{}", rows.concat()));
    let mut done = Vec::new();
    for told in [1, 3, 2] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_voxpoint"))
            .args(place.arguments(&["--space", "voxel", "--jobs", "2"]))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let is_done = |line: &Value| line["state"] == "done";
        let lines = out.lines().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        done.extend(lines.filter(is_done).take(told).map(|line| line["row"].as_u64().unwrap()));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(done.len(), 6);
    let last = place.batch(&["--space", "voxel"]);
    assert_eq!((last.code, lines(&last).len()), (0, MANY));
    let again =
        |line: &&Value| line["state"] == "done" && done.contains(&line["row"].as_u64().unwrap());
    assert_eq!(lines(&last).iter().filter(again).count(), 0, "{}", last.stdout);
    done.sort_unstable();
    done.dedup();
    assert_eq!(done.len(), 6, "a row that was told was done again");
    assert!((0..MANY).all(|n| place.path(&format!("m{n}.nii.gz")).is_file()));
}

#[test]
fn files_of_others_and_senseless_tables_are_refused() {
    let place = Place::new("image,points,out\na.nii,\"6,11,12\",notes.nii\n");
    std::fs::write(place.path("notes.nii"), "my notes").unwrap();
    let run = place.batch(&["--space", "voxel"]);
    assert_eq!(states(&run), ["2 failed"]);
    assert!(run.stdout.contains("did not write"), "{}", run.stdout);
    assert_eq!(std::fs::read(place.path("notes.nii")).unwrap(), b"my notes");
    assert_eq!(states(&place.batch(&["--space", "voxel", "--force"])), ["2 done"]);
    for (rows, said) in [
        ("scan,out\na.nii,m.nii\n", "there is no column “image”"),
        ("image,points,out\na.nii,\"6,11\",m.nii\n", "line 2 of"),
        ("image,points,out\n", "there is no row in this table"),
    ] {
        std::fs::write(place.path("jobs.csv"), rows).unwrap();
        let run = place.batch(&[]);
        assert!(run.failed(1).contains(said), "{rows}: {run:?}");
    }
    let gone = voxpoint(&["batch", text(&place.path("gone.csv"))]);
    assert!(gone.failed(1).contains("gone.csv"));
    assert!(place.batch(&["--shard", "3/2"]).failed(2).contains("no share 3 of 2"));
}
