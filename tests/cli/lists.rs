//! `voxpoint list`.

use std::path::Path;

use crate::support::voxpoint;

/// A session of three objects, all done, on a scan of this name beside it.
fn session(path: &Path, scan: &str, case_state: &str, unfinished: u32) {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/session/v2.voxpoint");
    std::fs::copy(kept, path).unwrap();
    rusqlite::Connection::open(path)
        .unwrap()
        .execute_batch(&format!(
            "UPDATE source SET path_relative = '{scan}'; UPDATE session SET case_state = '{case_state}';
             UPDATE object SET state = 'open' WHERE place < {unfinished};
             UPDATE sitting SET began = 0, ended = 90000;"
        ))
        .unwrap();
}

#[test]
fn a_list_says_how_far_the_work_is() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for scan in ["b10.nii.gz", "b2.nii.gz", "a.nii", "c.nii", "a_mask.nii.gz"] {
        std::fs::write(at(scan), "x").unwrap();
    }
    session(&at("a.voxpoint"), "a.nii", "done", 0);
    session(&at("b2.voxpoint"), "b2.nii.gz", "open", 1);
    session(&at("c.voxpoint"), "c.nii", "flagged", 3);
    let lock = r#"{"host":"ward-7","process":12,"process_started":0,"since_ms":5}"#;
    std::fs::write(at("b2.voxpoint.lock"), lock).unwrap();
    let json = voxpoint(&["list".as_ref(), folder.path().as_os_str(), "--json".as_ref()]).json();
    let cases = json["cases"].as_array().unwrap();
    let names: Vec<&str> = cases.iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "b2", "b10", "c"]);
    let states: Vec<&str> = cases.iter().map(|c| c["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["done", "in-progress", "not-started", "flagged"]);
    assert_eq!((&cases[1]["objects"], &cases[1]["objects_done"]), (&3.into(), &2.into()));
    assert_eq!(
        (&cases[1]["open_by"]["host"], &cases[1]["minutes"]),
        (&"ward-7".into(), &1.5.into())
    );
    assert_eq!(cases[1]["session"], at("b2.voxpoint").to_str().unwrap());
    assert!(cases[2]["open_by"].is_null() && cases[2]["problem"].is_null());
    assert!(cases[2]["written_ms"].is_null() && cases[0]["written_ms"].is_i64());
    let sums = ["total", "not_started", "in_progress", "flagged", "done"].map(|key| &json[key]);
    assert_eq!(sums, [4, 1, 1, 1, 1].map(serde_json::Value::from).each_ref());
    assert_eq!(json["minutes"], 4.5);
    assert_eq!(json["notes"][0], "1 label maps were left out, by their names");
    let text = voxpoint(&["list".as_ref(), folder.path().as_os_str()]);
    assert_eq!(text.code, 0);
    assert!(text.stderr.contains("note: 1 label maps were left out"), "{}", text.stderr);
    let lines: Vec<&str> = text.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "state             done  minutes  name",
            "done               3/3        2  a",
            "in progress        2/3        2  b2  (open: on ward-7, process 12)",
            "not started          -        0  b10",
            "flagged            0/3        2  c",
            "1 of 4 done, 1 in progress, 1 flagged; 4 minutes",
        ]
    );
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 9, "nothing lies beside them: {left:?}");
}

#[test]
fn a_table_is_a_list_and_sessions_may_be_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("work")).unwrap();
    std::fs::write(at("x.nii"), "x").unwrap();
    std::fs::write(at("list.csv"), "scan;name\nx.nii;Knee 1\ngone.nii;Knee 2\n").unwrap();
    session(&at("work/x.voxpoint"), "../x.nii", "done", 0);
    let list = |more: &[&str]| {
        let mut arguments = vec!["list".into(), at("list.csv").into_os_string()];
        arguments.extend(more.iter().map(Into::into));
        voxpoint(&arguments)
    };
    let json = list(&["--json", "--sessions", at("work").to_str().unwrap()]).json();
    let cases = json["cases"].as_array().unwrap();
    assert_eq!((&cases[0]["name"], &cases[0]["state"]), (&"Knee 1".into(), &"done".into()));
    assert_eq!(cases[1]["problem"], "there is no such scan");
    assert!(list(&[]).stdout.contains("0 of 2 done"));
    assert!(cases[0]["series"].is_null());
    // Of several scans of one folder.
    std::fs::create_dir(at("ct")).unwrap();
    std::fs::write(at("list.csv"), "scan,series\nct,3\nct,4\n").unwrap();
    let json = list(&["--json"]).json();
    let cases = json["cases"].as_array().unwrap();
    assert_eq!((&cases[0]["series"], &cases[1]["series"]), (&"3".into(), &"4".into()));
    assert_eq!(cases[1]["session"], at("ct-series-4.voxpoint").to_str().unwrap());
    assert!(list(&[]).stdout.contains("ct (3)"));
    std::fs::write(at("list.csv"), "image\nx.nii\n").unwrap();
    let refused = list(&[]);
    assert_eq!(refused.stdout, "");
    assert!(refused.failed(1).contains("no column “scan”"));
    let nowhere = voxpoint(&["list".as_ref(), at("nowhere").as_os_str()]);
    assert!(nowhere.failed(1).contains("there is no such folder or table"));
    assert_eq!(voxpoint(&["list"]).code, 2);
}
