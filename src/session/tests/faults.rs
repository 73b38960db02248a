//! What happens to disks, folders and clocks while a session is open.

use super::*;

/// Another state of the full session: larger, and with a step.
fn next(n: u64) -> Snapshot {
    let mut snapshot = full_snapshot();
    snapshot.taken_ms += 1000 * n as i64;
    let dims = snapshot.around.source.grid.dims();
    let object = &mut snapshot.objects[0];
    object.added = boxed(dims, [20, 2, 0], [25, 9 + n as usize % 9, 2]);
    let mut region = object.model.union(&object.added, dims[0]);
    region.subtract(&object.removed, dims[0]);
    object.region = Arc::new(region);
    snapshot.steps = (1..=n).map(|entry| step(entry, true)).collect();
    snapshot
}

fn step(entry: u64, done: bool) -> RecordedStep {
    let object = Some((LabelId(3), "Leber".to_owned()));
    RecordedStep { entry, name: "Brush".to_owned(), point: None, object, done }
}

fn read_objects(path: &Path) -> Vec<Object> {
    let contents = read(path).unwrap();
    assert_eq!(contents.damage, []);
    contents.snapshot.objects
}

#[test]
fn a_full_disk_fails_the_write_and_nothing_else() {
    let (_folder, path) = temporary();
    let first = next(1);
    let mut file = create(&path, &first);
    let pages: i64 = file.connection().query_row("PRAGMA page_count", [], |r| r.get(0)).unwrap();
    let limit = |file: &SessionFile, pages: i64| {
        let sql = format!("PRAGMA max_page_count = {pages}");
        file.connection().query_row(&sql, [], |_| Ok(())).unwrap();
    };
    limit(&file, pages);
    let mut large = next(2);
    large.around.view = serde_json::json!("x".repeat(1 << 20));
    for _ in 0..3 {
        let error = file.write(&large).unwrap_err();
        assert!(matches!(error, SessionError::DiskFull(_)), "{error}");
        assert_eq!(read_objects(&path), first.objects);
    }
    limit(&file, 1 << 20);
    assert_eq!(file.write(&large).unwrap(), WriteOutcome::Written);
    assert_eq!(read_objects(&path), large.objects);
}

#[test]
fn a_session_that_is_deleted_while_open_is_made_anew_with_its_past() {
    let (folder, path) = temporary();
    let mut file = create(&path, &next(1));
    file.write(&next(2)).unwrap();
    drop(file);
    let mut file = SessionFile::open(&path, false).unwrap().file.unwrap();
    file.write(&next(3)).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::remove_file(lock::Lock::path_for(&path)).unwrap();
    let last = next(4);
    assert_eq!(file.write(&last).unwrap(), WriteOutcome::MadeAnew);
    assert_eq!(file.write(&last).unwrap(), WriteOutcome::Unchanged);
    let contents = read(&path).unwrap();
    assert_eq!((contents.snapshot.objects, contents.damage), (last.objects, vec![]));
    let sittings = &contents.past.sittings;
    let steps: Vec<usize> = sittings.iter().map(|s| s.steps.len()).collect();
    assert_eq!(steps, [2, 4]);
    // Those of this sitting were done when they were.
    let began = full_snapshot().taken_ms;
    let times: Vec<i64> = sittings[1].steps.iter().map(|s| s.at_ms - began).collect();
    assert_eq!(times, [3000, 3000, 3000, 4000]);
    // Another file of its name is somebody else's, and so is a folder that is gone.
    std::fs::rename(&path, folder.path().join("elsewhere")).unwrap();
    std::fs::write(&path, "mine").unwrap();
    let error = file.write(&next(5)).unwrap_err();
    assert!(matches!(error, SessionError::Replaced(_)), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    drop(file);
    let deep = folder.path().join("deep/case.voxpoint");
    std::fs::create_dir(deep.parent().unwrap()).unwrap();
    let mut file = create(&deep, &next(1));
    std::fs::remove_dir_all(deep.parent().unwrap()).unwrap();
    assert!(file.write(&next(2)).is_err());
    std::fs::create_dir(deep.parent().unwrap()).unwrap();
    assert_eq!(file.write(&next(3)).unwrap(), WriteOutcome::MadeAnew);
}

#[test]
fn the_second_window_reads_and_is_told_who_writes() {
    let (_folder, path) = temporary();
    let mut first = create(&path, &next(1));
    let second = SessionFile::open(&path, false).unwrap();
    assert_eq!(second.contents.snapshot.objects, next(1).objects);
    let Err(ReadOnly::Held(holder)) = second.file else { panic!("two writers") };
    assert_eq!(holder.process, std::process::id());
    assert!(matches!(
        SessionFile::create(&path, &next(1), &Past::default()),
        Err(SessionError::Exists(_))
    ));
    // The first goes on, and the second may have it afterwards.
    first.write(&next(2)).unwrap();
    drop(first);
    let mut second = SessionFile::open(&path, false).unwrap().file.unwrap();
    second.write(&next(3)).unwrap();
    assert_eq!(read_objects(&path), next(3).objects);
}

#[test]
fn a_clock_that_is_set_back_leaves_the_order() {
    let (_folder, path) = temporary();
    let mut file = create(&path, &Snapshot { taken_ms: 10_000, ..next(1) });
    file.write(&Snapshot { taken_ms: 20_000, ..next(2) }).unwrap();
    file.write(&Snapshot { taken_ms: -5_000, ..next(3) }).unwrap();
    file.write(&Snapshot { taken_ms: 21_000, ..next(4) }).unwrap();
    let past = read(&path).unwrap().past;
    let times: Vec<i64> = past.sittings[0].steps.iter().map(|s| s.at_ms).collect();
    assert_eq!(times, [10_000, 20_000, 20_000, 21_000]);
    assert_eq!(past.duration_ms(), 11_000);
}

#[test]
fn steps_that_were_undone_or_given_up_stay_in_the_record() {
    let (_folder, path) = temporary();
    let mut file = create(&path, &next(3));
    let mut snapshot = next(3);
    snapshot.steps = vec![step(1, true), step(2, false), step(4, true)];
    file.write(&snapshot).unwrap();
    let past = read(&path).unwrap().past;
    let steps: Vec<(u64, bool)> =
        past.sittings[0].steps.iter().map(|s| (s.step.entry, s.step.done)).collect();
    assert_eq!(steps, [(1, true), (2, false), (3, false), (4, true)]);
}

/// A write that was interrupted leaves a journal, which only a writer may play back: a reader reads a copy.
#[test]
fn a_journal_that_was_left_is_played_back_by_readers_too() {
    let (folder, path) = temporary();
    let mut file = create(&path, &next(1));
    // In the middle of a write that reaches the file before it is committed.
    let connection = file.connection();
    connection
        .execute_batch(
            "PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN IMMEDIATE; DELETE FROM object;",
        )
        .unwrap();
    for n in 0..200 {
        let sql = "INSERT INTO mask (voxels, runs) VALUES (?, zeroblob(5000))";
        connection.execute(sql, [n]).unwrap();
    }
    let broken = folder.path().join("broken.voxpoint");
    std::fs::copy(&path, &broken).unwrap();
    std::fs::copy(
        folder.path().join("case.voxpoint-journal"),
        folder.path().join("broken.voxpoint-journal"),
    )
    .unwrap();
    connection.execute_batch("ROLLBACK").unwrap();
    let bytes = std::fs::read(&broken).unwrap();
    assert_eq!(read_objects(&broken), next(1).objects);
    assert_eq!(std::fs::read(&broken).unwrap(), bytes, "a reader changes nothing");
    let opened = SessionFile::open(&broken, false).unwrap();
    assert_eq!(opened.contents.snapshot.objects, next(1).objects);
    assert!(opened.file.is_ok());
    file.write(&next(2)).unwrap();
}

#[test]
fn many_objects_and_many_clicks_are_written_once() {
    let (_folder, path) = temporary();
    let grid = Grid::new([100, 100, 100], DAffine3::IDENTITY).unwrap();
    let mut snapshot = full_snapshot();
    snapshot.around.source.grid = grid.clone();
    let small = |n: usize| {
        let mut object = Object::new(LabelId(n as u16 + 1), format!("object {n}"), [1, 2, 3]);
        object.model = boxed(grid.dims(), [0, n % 100, n / 100], [5, n % 100 + 1, n / 100 + 1]);
        object.region = Arc::clone(&object.model);
        object
    };
    snapshot.objects = (0..10_000).map(small).collect();
    let click =
        |n: u64| Prompt { id: PromptId(n), ..Prompt::positive(DVec3::splat(n as f64 / 1e4)) };
    snapshot.objects[5].log.prompts = (1..=100_000).map(click).collect();
    snapshot.objects[5].answer.prompts = snapshot.objects[5].log.prompts.clone();
    let mut file = create(&path, &snapshot);
    let contents = read(&path).unwrap();
    assert_eq!(contents.damage, []);
    assert!(contents.snapshot.objects == snapshot.objects, "10 000 objects, 100 000 clicks");
    let changes = |file: &SessionFile| {
        let count =
            file.connection().query_row("SELECT total_changes()", [], |r| r.get::<_, i64>(0));
        count.unwrap()
    };
    let before = changes(&file);
    snapshot.objects[5].log.prompts.push(click(100_001));
    snapshot.objects[5].answer.prompts.push(click(100_001));
    file.write(&snapshot).unwrap();
    // The object, its click, that it is answered, the sitting, the session.
    assert_eq!(changes(&file) - before, 5);
}
