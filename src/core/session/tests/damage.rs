//! Files that are no session, or were one: a clear error, or all that is whole and a list of what is not.

use rusqlite::Connection;

use super::*;

/// A session with three objects (3, 2, 700), at a path.
fn whole(path: &Path) {
    drop(create(path, &full_snapshot()));
}

fn sql(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn cut(path: &Path, keep: impl Fn(usize) -> usize) {
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, &bytes[..keep(bytes.len())]).unwrap();
}

#[test]
fn what_is_no_session_is_refused_with_words() {
    type Row = (&'static str, fn(&Path), &'static str);
    let table: [Row; 11] = [
        (
            "missing",
            |p| std::fs::remove_file(p).unwrap(),
            "the session can't be opened: No such file",
        ),
        ("empty", |p| std::fs::write(p, "").unwrap(), "no Voxpoint session: it is empty"),
        ("a text", |p| std::fs::write(p, "hello").unwrap(), "it is another kind of file"),
        (
            "begins alike",
            |p| std::fs::write(p, "SQLite").unwrap(),
            "damaged: it ends after its first bytes",
        ),
        ("cut short", |p| cut(p, |_| 60), "damaged: it ends after its first bytes"),
        (
            "a folder",
            |p| {
                std::fs::remove_file(p).unwrap();
                std::fs::create_dir(p).unwrap();
            },
            "it is a folder",
        ),
        (
            "of another program",
            |p| sql(p, "PRAGMA application_id = 7"),
            "a database of another program",
        ),
        (
            "newer",
            |p| sql(p, "PRAGMA user_version = 2000"),
            "written by a newer Voxpoint (format 2000",
        ),
        ("without a version", |p| sql(p, "PRAGMA user_version = 0"), "it has no version"),
        ("without a scan", |p| sql(p, "DROP TABLE source"), "damaged: no such table: source"),
        ("first page only", |p| cut(p, |_| 4096), "damaged"),
    ];
    for (name, break_it, said) in table {
        let (_folder, path) = temporary();
        whole(&path);
        break_it(&path);
        for error in [read(&path).unwrap_err(), SessionFile::open(&path, false).unwrap_err()] {
            let text = error.to_string();
            assert!(text.contains(said) && text.contains("case.voxpoint"), "{name}: {text}");
        }
    }
}

/// What is broken, how, what is said of it, and which objects are left.
#[test]
fn what_is_whole_is_given_back_and_the_rest_is_told() {
    type Row = (&'static str, &'static str, &'static [u16]);
    let all: &[u16] = &[3, 2, 700];
    let table: [Row; 38] = [
        ("DROP TABLE session", "the record of the session itself", all),
        ("DROP TABLE overlay", "the images over the scan", all),
        ("DROP TABLE model", "the names of the models", all),
        ("DROP TABLE sitting", "what was done when", all),
        ("DROP TABLE step", "what was done when", all),
        ("DROP TABLE object", "not all objects can be read: no such table", &[]),
        ("DROP TABLE mask", "object 700 can't be read: no such table: mask", &[]),
        ("DROP TABLE identifier", "by which the scan can be found again", all),
        ("UPDATE session SET prompts_given = -1", "counts what can't be counted", all),
        ("UPDATE session SET writes = 9223372036854775807", "counts what can't be counted", all),
        ("UPDATE session SET view = '{'", "how it was looked at", all),
        ("UPDATE session SET case_state = 'x'", "the state of the work is “x”", all),
        ("DROP TABLE picture", "the picture of it can't be read: no such table", all),
        ("DROP TABLE export", "what was exported where can't be read: no such table", all),
        ("UPDATE export SET crc32 = -1", "what was exported where can't be read: ", all),
        ("UPDATE export SET crc32 = 4294967296", "what was exported where can't be read: ", all),
        (
            "UPDATE object SET id = 70000 WHERE id = 2",
            "object 70000 can't be read: numbers",
            &[3, 700],
        ),
        ("UPDATE object SET name = 'Niere' WHERE id = 2", "“Niere” is not what was written", all),
        ("UPDATE prompt SET x = x + 1 WHERE object = 2", "2” is not what was written", all),
        ("DELETE FROM footprint WHERE object = 2", "2” is not what was written", all),
        (
            "UPDATE object SET region = 1e6, model = 1e6, added = 1e6 WHERE id = 2",
            "object 2 can't be read: mask 1000000 is missing",
            &[3, 700],
        ),
        (
            "UPDATE object SET region = 1e6 WHERE id = 2",
            "the mask of object 2 “Leber – 肝 2” was made anew from its parts: mask 1000000 is missing",
            all,
        ),
        (
            "UPDATE mask SET runs = x'0102' WHERE id = (SELECT model FROM object WHERE id = 2)",
            "it is not known any more what the model and what the hand made: mask",
            all,
        ),
        (
            "UPDATE mask SET voxels = 5 WHERE id = (SELECT region FROM object WHERE id = 2)",
            "has other voxels than were written",
            all,
        ),
        (
            "UPDATE object SET covered = 1e6 WHERE id = 2",
            "2” lies under other objects is lost: mask 1000000 is missing",
            all,
        ),
        // Rows that are other ones, or gone, without anything being odd about them.
        ("UPDATE session SET time_point = 0", "session itself is not what was written", all),
        ("UPDATE source SET bytes = 124", "where the scan is, and what it is called is not", all),
        ("INSERT INTO identifier VALUES (7, 'a', 'b')", "what it is called is not what was", all),
        ("UPDATE overlay SET window_width = 6", "the images over the scan is not what", all),
        ("DELETE FROM model", "the names of the models is not what was written", all),
        ("DELETE FROM picture", "the picture of it is not what was written", all),
        ("UPDATE export SET crc32 = 5", "what was exported where is not what was written", all),
        ("UPDATE measurement_place SET y = 1 WHERE place = 0", "what was measured is not", all),
        ("UPDATE sitting SET ended = ended + 1", "what was done when is not what was written", all),
        ("DELETE FROM object WHERE id = 2", "the list of the objects is not what", &[3, 700]),
        ("DELETE FROM check_sum WHERE what = 'model'", "its check sum is missing", all),
        ("DROP TABLE check_sum", "the check sums can't be read", all),
        // All of another object, whose number it does not have.
        ("UPDATE object SET region = NULL WHERE id = 2", "2” is not what was written", all),
    ];
    for (break_it, said, left) in table {
        let (_folder, path) = temporary();
        whole(&path);
        sql(&path, break_it);
        let bytes = std::fs::read(&path).unwrap();
        let contents = read(&path).unwrap();
        let told: Vec<String> = contents.damage.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|t| t.contains(said)), "{break_it}: {told:?}");
        let ids: Vec<u16> = contents.snapshot.objects.iter().map(|o| o.id.0).collect();
        assert_eq!(ids, left, "{break_it}");
        let whole = full_snapshot();
        for object in contents.snapshot.objects.iter().filter(|o| o.id.0 != 2) {
            assert_eq!(
                Some(object),
                whole.objects.iter().find(|o| o.id == object.id),
                "{break_it}"
            );
        }
        // It is never written again: what is damaged stays as it is.
        let opened = SessionFile::open(&path, false).unwrap();
        assert_eq!(opened.file.err(), Some(ReadOnly::Damaged), "{break_it}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{break_it}");
        assert!(!lock::Lock::path_for(&path).exists());
    }
}

/// What is broken, and what is said of it: the mask stays, and what can't be known of how it was made is left out.
#[test]
fn a_mask_outlives_what_made_it() {
    for (break_it, said) in [
        ("DROP TABLE prompt", "no such table: prompt"),
        ("DROP TABLE answered", "no such table: answered"),
        ("DROP TABLE extension", "no such table: extension"),
        ("DROP TABLE answered_extension", "no such table: answered_extension"),
        ("DROP TABLE footprint", "no such table: footprint"),
        ("DROP TABLE tried", "no such table: tried"),
        ("DROP TABLE prompt_shape", "no such table: prompt_shape"),
        ("UPDATE prompt_shape SET prompt = -1 WHERE object = 2", "out of range"),
        ("UPDATE prompt_shape SET kind = 'circle' WHERE object = 2", "no kind of prompt"),
        ("UPDATE prompt_shape SET places = x'00' WHERE object = 2", "not whole"),
        ("UPDATE prompt_shape SET places = zeroblob(16) WHERE object = 2", "within the lasso"),
        ("UPDATE prompt_shape SET axis = 3 WHERE object = 2", "its numbers make no sense"),
        ("UPDATE prompt_shape SET radius = -1 WHERE object = 2", "its numbers make no sense"),
        ("UPDATE prompt SET id = -1 WHERE object = 2", "out of range"),
        ("UPDATE prompt SET id = 9223372036854775807 WHERE object = 2", "out of range"),
        (
            "UPDATE object SET start = 1e6 WHERE id = 2",
            "that its clicks correct: mask 1000000 is missing",
        ),
        ("UPDATE object SET state = 'odd' WHERE id = 2", "its state is “odd”"),
        ("UPDATE object SET rule = '' WHERE id = 2", "its rule is “”"),
        ("UPDATE object SET parts = 'x' WHERE id = 2", "its parts are “x”"),
        ("UPDATE object SET answer_parts = 'y' WHERE id = 2", "its parts are “y”"),
        ("UPDATE object SET scale = -1 WHERE id = 2", "its working scale is -1"),
        ("UPDATE object SET red = 256 WHERE id = 2", "its colour has the value 256"),
        ("UPDATE object SET locked = 7 WHERE id = 2", "7 stands where 0 or 1 is to stand"),
        ("UPDATE object SET time_point = -1 WHERE id = 2", "its time point is -1"),
        ("UPDATE object SET image = -1 WHERE id = 2", "there is no image -1"),
    ] {
        let (_folder, path) = temporary();
        whole(&path);
        sql(&path, break_it);
        let Opened { contents, file } = SessionFile::open(&path, false).unwrap();
        assert_eq!(file.err(), Some(ReadOnly::Damaged), "{break_it}");
        let told: Vec<String> = contents.damage.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|t| t.contains(said)), "{break_it}: {told:?}");
        assert!(told.iter().all(|t| t.contains("is kept as drawn by hand")), "{told:?}");
        let whole = full_snapshot();
        assert_eq!(contents.snapshot.objects.len(), 3, "{break_it}");
        for (found, whole) in contents.snapshot.objects.iter().zip(&whole.objects) {
            assert_eq!((found.id, &found.name), (whole.id, &whole.name), "{break_it}");
            assert_eq!(found.region, whole.region, "{break_it}");
            if whole.id == LabelId(2) {
                assert!(found.log.prompts.is_empty() && found.log.start.is_none(), "{break_it}");
                assert_eq!(found.added, found.region, "{break_it}");
            } else if !break_it.starts_with("DROP") {
                assert_eq!(found, whole, "{break_it}");
            }
        }
        let restored = contents.snapshot.restore(Arc::new(scan()), BTreeMap::new()).unwrap();
        assert_eq!(restored.1, [], "{break_it}");
    }
}

/// One odd number does not lose what stands beside it.
#[test]
fn an_active_object_that_can_not_be_is_none() {
    let (_folder, path) = temporary();
    whole(&path);
    sql(&path, "UPDATE session SET active = 70000; UPDATE check_sum SET crc32 = NULL");
    let Opened { contents, file } = SessionFile::open(&path, false).unwrap();
    assert!(file.is_ok());
    assert_eq!((contents.snapshot.active, contents.damage), (None, vec![]));
    assert_eq!(contents.snapshot.prompts_given, full_snapshot().prompts_given);
}

/// Geometry that would put masks elsewhere, or need more memory than there is, is no session.
#[test]
fn a_place_that_makes_no_sense_is_refused() {
    for (break_it, said) in [
        (
            "UPDATE geometry SET value = -value WHERE field = 'affine' AND place = 0",
            "is not what was written",
        ),
        ("DELETE FROM geometry WHERE field = 'dim'", "is not what was written"),
        (
            "UPDATE source SET crc32 = NULL; UPDATE geometry SET value = 1e9 WHERE field = 'dim'",
            "a grid of 1000000000 × 1000000000 × 1000000000 voxels is not possible",
        ),
        (
            "UPDATE source SET crc32 = NULL; UPDATE geometry SET value = 1.5 WHERE field = 'dim'",
            "the scan has 1.5 voxels along an axis",
        ),
        (
            "UPDATE source SET crc32 = NULL; UPDATE geometry SET value = NULL WHERE field = 'affine'",
            "transform is not finite",
        ),
        (
            "UPDATE source SET crc32 = NULL; DELETE FROM geometry",
            "the dimensions of the scan are missing",
        ),
    ] {
        let (_folder, path) = temporary();
        whole(&path);
        sql(&path, break_it);
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains(said), "{break_it}: {error}");
    }
}
