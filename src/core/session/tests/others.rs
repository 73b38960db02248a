//! Old files, and readers in other languages.

use std::process::Command;

use super::*;
use crate::work::{CancelToken, Progress};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/session").join(name)
}

/// Files of every version are kept, and opened forever.
#[test]
fn sessions_of_every_version_are_opened() {
    for version in 1..=schema::VERSION {
        let (_folder, path) = temporary();
        std::fs::copy(data(&format!("v{version}.voxpoint")), &path).unwrap();
        assert_eq!(schema::version_of(&path).unwrap(), version);
        let read = read(&path).unwrap();
        let opened = SessionFile::open(&path, false).unwrap();
        // Looked at it stays what it is, for older programs too.
        let bytes = std::fs::read(data(&format!("v{version}.voxpoint"))).unwrap();
        assert!(std::fs::read(&path).unwrap() == bytes, "version {version}");
        for contents in [&read, &opened.contents] {
            assert_eq!(contents.damage, [], "version {version}");
            let found = &contents.snapshot;
            // As they were written, but for where the session lies.
            let mut expected = full_snapshot();
            if version < 3 {
                expected.objects[2].covered = Arc::default();
            }
            if version < 6 {
                expected.objects.iter_mut().for_each(|object| object.log.shapes.clear());
            }
            assert_eq!(found.objects, expected.objects);
            assert_eq!(found.around.source.grid, expected.around.source.grid);
            assert_eq!(found.around.source.geometry, expected.around.source.geometry);
            assert_eq!(found.around.models, expected.around.models);
            assert_eq!(found.around.view, expected.around.view);
            let Surroundings { picture, case_state, exported, .. } = &found.around;
            let exported = exported.as_ref().map(|e| (e.labels, e.names.is_some()));
            if version < 2 {
                assert_eq!((picture, *case_state, exported), (&None, CaseState::Open, None));
            } else {
                assert_eq!((picture, *case_state), (&expected.around.picture, CaseState::Flagged));
                assert_eq!(exported, Some((0xfedc_ba98, true)));
            }
            assert_eq!(contents.scan.is_some(), version >= 4, "version {version}");
            if let Some(about) = &contents.scan {
                let place = (&found.around.source, about);
                let (cancel, progress) = (CancelToken::new(), Progress::new());
                let inside = read_scan(&path, place, "", &cancel, &progress).unwrap().unwrap();
                assert_eq!(inside.voxels(), scan().voxels());
            }
            let measured = if version < 3 { Vec::new() } else { expected.measurements };
            assert_eq!(found.measurements, measured);
            assert_eq!((found.active, found.time_point), (expected.active, 1));
            let steps = &contents.past.sittings[0].steps;
            assert_eq!((steps.len(), steps[1].step.name.as_str()), (2, "Brush"));
        }
        // Written on, it is of the present version.
        let mut file = opened.file.unwrap();
        assert_eq!(file.contents().unwrap().snapshot, opened.contents.snapshot);
        assert_eq!(file.write(&opened.contents.snapshot).unwrap(), WriteOutcome::Unchanged);
        assert!(std::fs::read(&path).unwrap() == bytes, "version {version}");
        let mut next = opened.contents.snapshot;
        next.objects.pop();
        file.write(&next).unwrap();
        assert_eq!(schema::version_of(&path).unwrap(), schema::VERSION);
        let contents = super::super::read(&path).unwrap();
        assert_eq!((contents.snapshot.objects, contents.damage), (next.objects, vec![]));
        assert_eq!(contents.past.sittings[0], opened.contents.past.sittings[0]);
        assert_eq!(file.contents().unwrap().damage, []);
    }
}

/// Makes the file of the present version that the test above reads from then on.
#[test]
#[ignore = "by hand, once for each version"]
fn keep_a_session_of_this_version() {
    let path = data(&format!("v{}.voxpoint", schema::VERSION));
    let mut snapshot = full_snapshot();
    let step = |entry| RecordedStep {
        entry,
        name: "Brush".to_owned(),
        point: None,
        object: None,
        done: true,
    };
    snapshot.steps = vec![step(1), step(2)];
    let (volume, cancel, progress) = (scan(), CancelToken::new(), Progress::new());
    let part = ScanPart { volume: Some(&volume), cancel: &cancel, progress: &progress };
    drop(SessionFile::create_with_scan(&path, &snapshot, &Past::default(), part).unwrap());
    // Whose computer it was is nobody's business.
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch("UPDATE sitting SET host = 'example'; UPDATE check_sum SET crc32 = NULL;")
        .unwrap();
    sums::note(&connection, &[sums::SummedPart::Past]).unwrap();
    connection.execute_batch("VACUUM;").unwrap();
}

/// Python's own modules read the masks as the document has them.
#[test]
fn python_reads_the_documented_tables() {
    let python = ["python3", "python"].into_iter().find(|name| {
        Command::new(name)
            .args(["-c", "import sqlite3, zlib"])
            .output()
            .is_ok_and(|o| o.status.success())
    });
    let Some(python) = python else {
        println!("no Python here: not tested");
        return;
    };
    let (_folder, path) = temporary();
    let snapshot = full_snapshot();
    let (volume, cancel, progress) = (scan(), CancelToken::new(), Progress::new());
    let part = ScanPart { volume: Some(&volume), cancel: &cancel, progress: &progress };
    drop(SessionFile::create_with_scan(&path, &snapshot, &Past::default(), part).unwrap());
    let output = Command::new(python).arg(data("read_session.py")).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let (document, _) = snapshot.restore(Arc::new(scan()), BTreeMap::new()).unwrap();
    // The label map as runs of equal labels.
    let labels = document.labels().to_vec();
    let runs: Vec<[usize; 2]> =
        labels.chunk_by(|a, b| a == b).map(|run| [usize::from(run[0]), run.len()]).collect();
    assert_eq!(found["labels"], serde_json::json!(runs));
    assert_eq!(found["dims"], serde_json::json!(snapshot.around.source.grid.dims()));
    let names: Vec<&str> = snapshot.objects.iter().map(|o| o.name.as_str()).collect();
    assert_eq!(found["names"], serde_json::json!(names));
    let said = &found["scan"];
    assert_eq!((&said["data_type"], &said["time_points"]), (&"uint8".into(), &2.into()));
    let bytes = vec![1u8; 2 * 40 * 30 * 20];
    assert_eq!(said["voxels"], serde_json::json!([[1, bytes.len()]]));
    let first = snapshot.objects[0].log.prompts[0];
    let [x, y, z] = first.world.to_array();
    // `serde_json` reads numbers to within a bit.
    let near = |found: &serde_json::Value, expected: &[f64]| {
        let found: Vec<f64> = serde_json::from_value(found.clone()).unwrap();
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-14 * b.abs();
        assert!(found.len() == expected.len() && found.iter().zip(expected).all(near), "{found:?}");
    };
    let shapes = found["shapes"].as_array().unwrap();
    let kinds: Vec<_> = shapes.iter().map(|shape| shape[1].as_str().unwrap()).collect();
    assert_eq!(kinds, ["box", "lasso", "scribble"]);
    let expected = serde_json::json!([31, "box", 2, 0.0, [[-1.0, 3.0], [2.0, -2.0]]]);
    assert_eq!(shapes[0], expected);
    near(&shapes[2][4][0], &[1.0 / 3.0, 0.2]);
    near(&found["first_prompt"], &[first.id.0 as f64, 1.0, x, y, z]);
    near(&found["affine"], &rows::rows_of(&snapshot.around.source.grid.world_from_voxel()));
}

/// Two who want to begin the same work at once: one does, and the other is told who.
#[test]
fn a_place_for_a_session_is_taken_by_one_and_given_back() {
    let (folder, path) = temporary();
    let place = Reserved::at(&path).unwrap();
    let held = Reserved::at(&path).unwrap_err();
    assert!(
        matches!(&held, SessionError::Held { holder, .. } if holder.is_this_program()),
        "{held}"
    );
    assert!(holder_of(&path).is_some() && !path.exists());
    drop(place);
    assert_eq!(holder_of(&path), None);
    let file = Reserved::at(&path).unwrap().fill(&full_snapshot(), &Past::default()).unwrap();
    assert_eq!(file.contents().unwrap().snapshot.objects, full_snapshot().objects);
    let there = Reserved::at(&path).unwrap_err();
    assert!(matches!(there, SessionError::Exists(_)), "{there}");
    file.delete().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nor its lock");
    // Another file that has taken its place is not deleted with it.
    let file = SessionFile::create(&path, &full_snapshot(), &Past::default()).unwrap();
    std::fs::rename(&path, folder.path().join("moved.voxpoint")).unwrap();
    std::fs::write(&path, "somebody's").unwrap();
    file.delete().unwrap();
    #[cfg(unix)]
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "somebody's");
}
