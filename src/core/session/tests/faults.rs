//! What happens to disks, folders and clocks while a session is open.

use super::*;

/// Another state of the full session: larger, and with a step.
pub(super) fn next(n: u64) -> Snapshot {
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

pub(super) fn read_objects(path: &Path) -> SharedObjects {
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

/// Of two computers the one that was told to takes it, and the other writes no more.
#[test]
fn a_session_that_was_taken_over_is_written_no_more() {
    let (_folder, path) = temporary();
    let mut file = create(&path, &next(1));
    let mine = std::fs::read_to_string(lock::Lock::path_for(&path)).unwrap();
    let other = Holder { host: "elsewhere".to_owned(), ..Holder::me() };
    std::fs::write(lock::Lock::path_for(&path), serde_json::to_string(&other).unwrap()).unwrap();
    let error = file.write(&next(2)).unwrap_err().to_string();
    assert!(error.contains("is open on elsewhere, process"), "{error}");
    assert_eq!(read_objects(&path), next(1).objects);
    std::fs::write(lock::Lock::path_for(&path), mine).unwrap();
    file.write(&next(2)).unwrap();
    std::fs::write(lock::Lock::path_for(&path), serde_json::to_string(&other).unwrap()).unwrap();
    drop(file);
    assert!(lock::Lock::path_for(&path).exists(), "the other's lock stays");
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

/// Copies a session and its journal in the middle of a write that reaches the file before it is committed.
pub(super) fn interrupt(file: &SessionFile, path: &Path, copy: &Path) {
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
    std::fs::copy(path, copy).unwrap();
    std::fs::copy(journal(path), journal(copy)).unwrap();
    connection.execute_batch("ROLLBACK").unwrap();
}

pub(super) fn journal(session: &Path) -> PathBuf {
    let name = session.file_name().unwrap().to_string_lossy();
    session.with_file_name(format!("{name}-journal"))
}

/// What an earlier session of this name has left is not played back into the new one.
#[test]
fn a_journal_that_lies_beside_a_new_session_is_moved_aside() {
    let (folder, path) = temporary();
    let file = create(&path, &next(1));
    let broken = folder.path().join("broken.voxpoint");
    interrupt(&file, &path, &broken);
    let left = std::fs::read(journal(&broken)).unwrap();
    drop(file);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(journal(&path), &left).unwrap();
    let mut file = create(&path, &next(5));
    assert_eq!(read_objects(&path), next(5).objects);
    let aside = |n: u32| {
        std::fs::read(folder.path().join(format!("case.voxpoint-journal.old-{n}"))).unwrap()
    };
    assert_eq!(aside(1), left);
    // The same if the session is made anew because it was deleted.
    std::fs::remove_file(&path).unwrap();
    std::fs::write(journal(&path), &left).unwrap();
    assert_eq!(file.write(&next(6)).unwrap(), WriteOutcome::MadeAnew);
    drop(file);
    let opened = SessionFile::open(&path, false).unwrap();
    assert_eq!(opened.contents.snapshot.objects, next(6).objects);
    assert_eq!(aside(2), left);
}

/// Whoever gets past the lock: the first finds out and overwrites nothing.
#[test]
fn a_second_writer_is_found_out() {
    let (folder, path) = temporary();
    let lock = lock::Lock::path_for(&path);
    let open = |path: &Path| SessionFile::open(path, false).unwrap().file;
    let mut first = create(&path, &next(1));
    // Deleted by hand, it is made anew.
    std::fs::remove_file(&lock).unwrap();
    first.write(&next(2)).unwrap();
    assert!(matches!(open(&path), Err(ReadOnly::Held(_))));
    // Deleted by hand, and another has opened the session since.
    std::fs::remove_file(&lock).unwrap();
    let mut second = open(&path).unwrap();
    let error = first.write(&next(3)).unwrap_err();
    assert!(matches!(error, SessionError::Held { .. }), "{error}");
    second.write(&next(4)).unwrap();
    drop(second);
    for _ in 0..2 {
        let error = first.write(&next(5)).unwrap_err();
        assert!(matches!(error, SessionError::WrittenElsewhere(_)), "{error}");
    }
    assert_eq!(read_objects(&path), next(4).objects);
    drop(first);
    // It does not say any more that it is ours.
    let mut first = open(&path).unwrap();
    for odd in ["", "?"] {
        std::fs::write(&lock, odd).unwrap();
        let error = first.write(&next(6)).unwrap_err();
        assert!(matches!(error, SessionError::Held { .. }), "{error}");
    }
    drop(first);
    std::fs::remove_file(&lock).unwrap();
    assert_eq!(read_objects(&path), next(4).objects);
    let mut first = open(&path).unwrap();
    #[cfg(unix)]
    {
        let link = folder.path().join("symbolic.voxpoint");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(open(&link), Err(ReadOnly::Held(_))), "through a link");
    }
    let link = folder.path().join("hard.voxpoint");
    std::fs::hard_link(&path, &link).unwrap();
    let mut second = open(&link).unwrap();
    first.write(&next(7)).unwrap();
    let error = second.write(&next(8)).unwrap_err();
    assert!(error.to_string().contains("somebody else has written"), "{error}");
    assert_eq!(read_objects(&path), next(7).objects);
}

#[test]
fn what_lies_where_the_lock_is_to_be_is_not_overwritten() {
    let (_folder, path) = temporary();
    drop(create(&path, &next(1)));
    let lock = lock::Lock::path_for(&path);
    std::fs::write(&lock, "mine").unwrap();
    let opened = SessionFile::open(&path, true).unwrap();
    assert_eq!(opened.contents.snapshot.objects, next(1).objects);
    assert_eq!(opened.file.err(), Some(ReadOnly::ForeignLock(lock.clone())));
    std::fs::remove_file(&path).unwrap();
    let error = SessionFile::create(&path, &next(1), &Past::default()).unwrap_err().to_string();
    assert!(error.contains("move it away") && error.contains("voxpoint.lock"), "{error}");
    assert_eq!(std::fs::read(&lock).unwrap(), b"mine");
}

/// A program that looks at a row and does not go on keeps the session from being written, and is told of.
#[test]
fn a_reader_that_does_not_finish_is_told_of() {
    let (_folder, path) = temporary();
    let mut file = create(&path, &next(1));
    file.connection().busy_timeout(std::time::Duration::ZERO).unwrap();
    let reader = rusqlite::Connection::open(&path).unwrap();
    let mut statement = reader.prepare("SELECT id FROM object").unwrap();
    let mut rows = statement.query([]).unwrap();
    rows.next().unwrap();
    let error = file.write(&next(2)).unwrap_err();
    assert!(matches!(error, SessionError::Busy { .. }), "{error}");
    assert!(error.to_string().contains("close its cursors"), "{error}");
    drop(rows);
    assert_eq!(file.write(&next(2)).unwrap(), WriteOutcome::Written);
    assert_eq!(read_objects(&path), next(2).objects);
}

/// A write that was interrupted leaves a journal, which only a writer may play back: a reader reads a copy.
#[test]
fn a_journal_that_was_left_is_played_back_by_readers_too() {
    let (folder, path) = temporary();
    let mut file = create(&path, &next(1));
    let broken = folder.path().join("broken.voxpoint");
    interrupt(&file, &path, &broken);
    let bytes = std::fs::read(&broken).unwrap();
    assert_eq!(read_objects(&broken), next(1).objects);
    assert_eq!(std::fs::read(&broken).unwrap(), bytes, "a reader changes nothing");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Also through a link, beside which there is no journal, and if nobody may write it.
        let link = folder.path().join("link.voxpoint");
        std::os::unix::fs::symlink(&broken, &link).unwrap();
        let mode = |mode| {
            std::fs::set_permissions(&broken, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        mode(0o444);
        assert_eq!(read_objects(&link), next(1).objects);
        mode(0o644);
    }
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
    let timed = |what: &str, start: std::time::Instant| {
        println!("10 000 objects, 100 000 clicks: {what} {} ms", start.elapsed().as_millis());
    };
    let start = std::time::Instant::now();
    let mut file = create(&path, &snapshot);
    timed("written in", start);
    let start = std::time::Instant::now();
    let contents = read(&path).unwrap();
    timed("read in", start);
    assert_eq!(contents.damage, []);
    assert!(contents.snapshot.objects == snapshot.objects, "10 000 objects, 100 000 clicks");
    let start = std::time::Instant::now();
    assert_eq!(summary(&path).unwrap().objects, 10_000);
    timed("summed up in", start);
    let changes = |file: &SessionFile| {
        let count =
            file.connection().query_row("SELECT total_changes()", [], |r| r.get::<_, i64>(0));
        count.unwrap()
    };
    let before = changes(&file);
    snapshot.objects[5].log.prompts.push(click(100_001));
    snapshot.objects[5].answer.prompts.push(click(100_001));
    let start = std::time::Instant::now();
    file.write(&snapshot).unwrap();
    timed("a click more written in", start);
    // The object, its click, that it is answered, the sitting, the session; four check sums.
    assert_eq!(changes(&file) - before, 9);
}
