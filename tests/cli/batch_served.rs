//! `voxpoint batch` with models on servers: one yes for the addresses that are named, several clients at once, and
//! servers that are busy or go away.

use std::path::PathBuf;

use serde_json::Value;

use crate::served::Server;
use crate::support::{Run, voxpoint, write_scan};

/// A folder with a scan and a table.
struct Place(tempfile::TempDir);

impl Place {
    /// Rows of these models, each with a label map of its own; an empty one is that of `--model`.
    fn new(models: &[&str]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        write_scan(&place.path("GEHEIM.nii"), [20; 3], 1.5, |[x, ..]| x + 1);
        let row = |(n, model): (usize, &&str)| {
            format!("GEHEIM.nii,\"{},10,10\",{model},m{n}.nii.gz\n", 5 + n)
        };
        let rows: Vec<String> = models.iter().enumerate().map(row).collect();
        let table = format!("image,points,model,out\n{}", rows.concat());
        std::fs::write(place.path("jobs.csv"), table).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn batch(&self, more: &[&str]) -> Run {
        let table = self.path("jobs.csv").display().to_string();
        voxpoint(&[&["batch", &table, "--space", "voxel", "--threads", "1"], more].concat())
    }
}

/// The lines of standard output by their row.
fn lines(run: &Run) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    let mut lines: Vec<Value> = run.stdout.lines().map(parse).collect();
    lines.sort_by_key(|line| line["row"].as_u64());
    lines
}

fn states(run: &Run) -> String {
    let state = |line: &Value| line["state"].as_str().unwrap().to_owned();
    lines(run).iter().map(state).collect::<Vec<_>>().join(" ")
}

#[test]
fn nothing_is_sent_before_a_yes_which_is_for_all_addresses() {
    let (one, two) = (Server::start(), Server::start());
    let (a, b) = (one.url(), two.url());
    let tiny = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/models/tiny");
    let place = Place::new(&[&a, &b, "", tiny, &b, &a]);
    let refused = place.batch(&["--model", &a]);
    let error = refused.failed(2);
    assert!(error.contains("nothing was sent") && error.contains("8.4 MB"), "{error}");
    assert!(error.contains(&format!("{a}, {b} (--send-voxels")), "{error}");
    assert!(!one.was_asked() && !two.was_asked());
    assert!(!place.path("m0.nii.gz").exists());

    let done = place.batch(&["--model", &a, "--send-voxels", "--jobs", "3"]);
    assert_eq!(
        (done.code, states(&done).as_str()),
        (0, "done done done done done done"),
        "{done:?}"
    );
    for address in [&a, &b] {
        assert!(done.stderr.contains(&format!("are sent to {address}")), "{}", done.stderr);
    }
    let told = lines(&done);
    for (n, server) in [&one, &two, &one].into_iter().enumerate() {
        assert_eq!(told[n]["device"], server.device());
        assert_eq!(told[n]["server"]["requests"], 2);
        assert!(told[n]["server"]["sent"].as_u64().unwrap() > 8_388_608);
        assert_eq!(told[n]["labels"][0]["voxels"], 8000);
    }
    assert_eq!((&told[3]["server"], &told[3]["device"]), (&Value::Null, &"CPU".into()));
    assert_eq!([one.inferences(), two.inferences()], [6, 4]);
    // And no row is asked for again, nor is a server.
    let again = place.batch(&["--model", &a, "--send-voxels"]);
    assert_eq!(states(&again), "earlier earlier earlier earlier earlier earlier");
    assert_eq!([one.inferences(), two.inferences()], [6, 4]);
    // Another address is another model.
    let other = place.batch(&["--model", &b, "--send-voxels"]);
    assert_eq!(states(&other), "earlier earlier done earlier earlier earlier");
}

#[test]
fn a_server_that_goes_away_is_told_and_the_rest_is_done_when_it_is_back() {
    let server = Server::start();
    let url = server.url();
    let place = Place::new(&[""; 8]);
    let run = || place.batch(&["--model", &url, "--send-voxels", "--retries", "0"]);
    // Two rows and the encoder of a third.
    server.goes_after(5);
    let broken = run();
    assert_eq!(broken.code, 1, "{broken:?}");
    assert_eq!(states(&broken), "done done failed failed failed failed failed failed");
    let why: Vec<String> =
        lines(&broken).iter().map(|l| l["error"].as_str().unwrap_or_default().to_owned()).collect();
    for why in &why[2..5] {
        assert!(why.contains("connection to the server broke") && why.contains(&url), "{why}");
    }
    for why in &why[5..] {
        assert!(why.contains("has failed 3 rows one after another"), "{why}");
        assert!(why.contains("the same command goes on"), "{why}");
    }
    assert!(!place.path("m2.nii.gz").exists());
    server.goes_after(usize::MAX);
    let rest = run();
    assert_eq!(
        (rest.code, states(&rest).as_str()),
        (0, "earlier earlier done done done done done done")
    );
}

#[test]
fn a_busy_server_is_asked_again() {
    let server = Server::start();
    let url = server.url();
    let place = Place::new(&["", ""]);
    server.is_busy_for(1);
    let run = place.batch(&["--model", &url, "--send-voxels", "--retries", "1"]);
    assert_eq!((run.code, states(&run).as_str()), (0, "done done"), "{run:?}");
    server.is_busy_for(1);
    let place = Place::new(&["", ""]);
    let run = place.batch(&["--model", &url, "--send-voxels", "--retries", "0"]);
    assert_eq!((run.code, states(&run).as_str()), (1, "failed done"), "{run:?}");
    assert!(lines(&run)[0]["error"].as_str().unwrap().contains("503"));
}

#[test]
fn what_is_wrong_with_an_address_is_told_before_anything_is_done() {
    for (model, more, said) in [
        ("http://gpu.example", &["--send-voxels"][..], "--plain-http"),
        ("https://me:geheim@gpu.example", &["--send-voxels"], "user name or a password"),
        ("models/none", &["--send-voxels"], "for a model at an address"),
    ] {
        let place = Place::new(&[model]);
        let error = place.batch(more).failed(2).to_owned();
        assert!(error.contains(said) && !error.contains("geheim"), "{model}: {error}");
        assert!(!place.path("jobs.csv.journal").exists());
    }
}
