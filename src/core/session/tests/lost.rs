//! What a drive loses while a session is open, what scripts write by the rule of older versions, and old files that are
//! damaged.

use rusqlite::Connection;

use super::*;

fn sql(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn told(contents: &Contents) -> Vec<String> {
    contents.damage.iter().map(ToString::to_string).collect()
}

fn steps(count: u64) -> Vec<RecordedStep> {
    let step = |entry| RecordedStep {
        entry,
        name: "Brush".to_owned(),
        point: None,
        object: Some((LabelId(3), "Leber".to_owned())),
        done: true,
    };
    (1..=count).map(step).collect()
}

/// After a sitting of two steps in another one, with three.
fn second_sitting(path: &Path) -> (SessionFile, Snapshot) {
    let mut snapshot = full_snapshot();
    snapshot.steps = steps(2);
    drop(create(path, &snapshot));
    let mut file = SessionFile::open(path, false).unwrap().file.unwrap();
    snapshot.steps = steps(3);
    snapshot.taken_ms += 1000;
    file.write(&snapshot).unwrap();
    (file, snapshot)
}

/// The sums of a write are made of what is in the file: what was lost there would never be known.
#[test]
fn what_is_lost_while_it_is_open_is_told_with_the_next_write() {
    for (lose, said) in [
        ("UPDATE session SET created = 5", "the record of the session itself"),
        ("UPDATE source SET name = 'x'", "where the scan is, and what it is called"),
        ("DELETE FROM identifier; DELETE FROM source", "where the scan is"),
        ("UPDATE overlay SET name = 'x'", "the images over the scan"),
        ("DELETE FROM model", "the names of the models"),
        ("UPDATE picture SET png = x'00'", "the picture of it"),
        ("UPDATE export SET bytes = 5", "what was exported where"),
        ("DELETE FROM object WHERE id = 700", "the list of the objects"),
        ("UPDATE object SET place = 9 WHERE id = 2", "the list of the objects"),
        ("DELETE FROM measurement_place WHERE place = 1", "what was measured"),
        ("DELETE FROM sitting WHERE id = 1", "the record of what was done when"),
        ("DELETE FROM check_sum WHERE what = 'model'", "the names of the models"),
        ("DELETE FROM check_sum WHERE what = 'sitting 1'", "the record of what was done when"),
    ] {
        let (folder, path) = temporary();
        let (mut file, mut next) = second_sitting(&path);
        sql(&path, lose);
        let before = std::fs::read(&path).unwrap();
        next.steps = steps(4);
        next.active = None;
        let error = file.write(&next).unwrap_err();
        assert!(matches!(error, SessionError::Lost { .. }), "{lose}: {error}");
        assert!(error.to_string().contains(said), "{lose}: {error}");
        assert!(std::fs::read(&path).unwrap() == before, "{lose}");
        // Nothing of it is lost.
        let copy = folder.path().join("copy.voxpoint");
        drop(file.copy(&copy, &next).unwrap());
        let contents = read(&copy).unwrap();
        assert_eq!(contents.damage, [], "{lose}");
        assert_eq!(contents.snapshot.objects, next.objects, "{lose}");
        assert_eq!(contents.past.sittings.len(), 2, "{lose}");
    }
}

/// A write reads no step that was written before it: neither those of other sittings nor those of its own.
#[test]
fn a_write_neither_reads_nor_believes_what_was_done_before() {
    for lose in [
        "UPDATE step SET name = 'Lost' WHERE sitting = 1 AND entry = 2",
        "DELETE FROM step WHERE sitting = 1",
        "UPDATE step SET at = at + 1 WHERE sitting = 2 AND entry = 1",
        "DELETE FROM step WHERE sitting = 2 AND entry = 3",
        "UPDATE sitting SET host = 'x' WHERE id = 1",
        "UPDATE sitting SET began = 3 WHERE id = 2",
    ] {
        let (_folder, path) = temporary();
        let (mut file, mut next) = second_sitting(&path);
        sql(&path, lose);
        for count in 4..6 {
            next.steps = steps(count);
            assert_eq!(file.write(&next).unwrap(), WriteOutcome::Written, "{lose}");
        }
        drop(file);
        let told = told(&read(&path).unwrap());
        assert!(told.len() == 1 && told[0].contains("what was done when is not what"), "{told:?}");
    }
}

/// Steps that are undone, cut off and done anew; and whatever sitting follows.
#[test]
fn the_sums_of_sittings_go_with_their_steps() {
    let (folder, path) = temporary();
    let (mut file, mut next) = second_sitting(&path);
    let whole = |path: &Path| assert_eq!(read(path).unwrap().damage, []);
    let mut other = steps(3);
    other[1].done = false;
    other[2].done = false;
    let mut renamed = steps(2);
    renamed[1].name = "Erase".to_owned();
    for (n, steps) in
        [other, steps(1), steps(0), steps(3), renamed, steps(5)].into_iter().enumerate()
    {
        next.steps = steps;
        // Clocks go back.
        next.taken_ms += if n % 2 == 0 { 700 } else { -900 };
        file.write(&next).unwrap();
        whole(&path);
    }
    let copy = folder.path().join("copy.voxpoint");
    let mut copied = file.copy(&copy, &next).unwrap();
    whole(&copy);
    next.steps = steps(2);
    copied.write(&next).unwrap();
    whole(&copy);
    std::fs::remove_file(&path).unwrap();
    next.steps = steps(6);
    assert_eq!(file.write(&next).unwrap(), WriteOutcome::MadeAnew);
    whole(&path);
    next.steps = steps(7);
    file.write(&next).unwrap();
    whole(&path);
    drop(file);
    let mut file = SessionFile::open(&path, false).unwrap().file.unwrap();
    let past = Past { sittings: read(&copy).unwrap().past.sittings };
    file.take_past(&past);
    next.steps = steps(1);
    file.write(&next).unwrap();
    whole(&path);
    file.take_back().unwrap();
    whole(&path);
}

/// Version 4 had but the sums of objects, of the scan's place and of its voxels.
#[test]
fn scripts_that_know_no_other_sums_than_those_of_version_4_are_believed() {
    for script in [
        "UPDATE object SET name = 'Niere', crc32 = NULL WHERE id = 2",
        "UPDATE object SET crc32 = NULL",
        "UPDATE source SET name = 'other', crc32 = NULL",
        "UPDATE geometry SET value = 5 WHERE field = 'xyzt_units'; UPDATE source SET crc32 = NULL",
        "UPDATE check_sum SET crc32 = NULL; UPDATE object SET crc32 = NULL; UPDATE source SET crc32 = NULL;
         UPDATE scan SET crc32 = NULL; UPDATE sitting SET host = 'x'; DELETE FROM step WHERE entry = 2; DELETE FROM picture",
    ] {
        let (_folder, path) = temporary();
        let (file, mut next) = second_sitting(&path);
        drop(file);
        sql(&path, script);
        let Opened { contents, file } = SessionFile::open(&path, false).unwrap();
        assert_eq!(contents.damage, [], "{script}");
        let mut file = file.unwrap();
        next.around = contents.snapshot.around;
        next.objects = contents.snapshot.objects;
        next.objects[0].locked = false;
        for count in 1..4 {
            next.steps = steps(count);
            file.write(&next).unwrap();
            let read = read(&path).unwrap();
            assert_eq!(read.damage, [], "{script}");
            assert_eq!(read.snapshot.objects, next.objects, "{script}");
        }
    }
}

/// It is read as the present version, and no byte of it becomes another.
#[test]
fn an_old_session_that_is_damaged_stays_of_its_version() {
    for version in 1..schema::VERSION {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../../tests/data/session/v{version}.voxpoint"));
        for damage in [
            "UPDATE object SET name = 'x' WHERE id = 2",
            "DROP TABLE overlay",
            "UPDATE mask SET runs = x'00' WHERE id = 1",
            "DROP TABLE session",
            "DROP TABLE sitting",
            "DROP TABLE step",
        ] {
            let (folder, path) = temporary();
            std::fs::copy(&kept, &path).unwrap();
            sql(&path, damage);
            let bytes = std::fs::read(&path).unwrap();
            match SessionFile::open(&path, false) {
                Ok(Opened { contents, file }) => {
                    assert_eq!(file.err(), Some(ReadOnly::Damaged), "{version}: {damage}");
                    assert_ne!(contents.damage, [], "{version}: {damage}");
                }
                // Not even its tables can be made those of the present version.
                Err(why) => assert!(version == 1 && damage == "DROP TABLE session", "{why}"),
            }
            assert!(std::fs::read(&path).unwrap() == bytes, "{version}: {damage}");
            let left = std::fs::read_dir(folder.path()).unwrap().count();
            assert_eq!(left, 1, "{version}: {damage}");
        }
    }
}
