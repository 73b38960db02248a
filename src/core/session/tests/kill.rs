//! A program that is killed while it writes: what is on the disk is a state that it had written, or the next one.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::*;

/// Tells a child of a test which session to write.
const SESSION: &str = "VOXPOINT_TEST_SESSION";
/// So many milliseconds it rests between two writes.
const PAUSE: &str = "VOXPOINT_TEST_PAUSE";

/// The state after n changes; it depends on nothing else.
pub(super) fn state(n: u64) -> Snapshot {
    let mut snapshot = full_snapshot();
    let grid = snapshot.around.source.grid.clone();
    let dims = grid.dims();
    snapshot.taken_ms += n as i64;
    snapshot.around.view =
        serde_json::json!({ "n": n, "filler": "x".repeat(n as usize % 7 * 3000) });
    snapshot.objects.truncate(1 + n as usize % 3);
    let object = &mut snapshot.objects[0];
    object.added = boxed(dims, [20, 2, 0], [21 + n as usize % 19, 9 + n as usize % 20, 2]);
    let mut region = object.model.union(&object.added, dims[0]);
    region.subtract(&object.removed, dims[0]);
    object.region = Arc::new(region);
    let click = |id| Prompt { id: PromptId(id), ..object.log.prompts[0] };
    object.log.prompts.extend((0..n % 11).map(|k| click(100 + k)).collect::<Vec<_>>());
    snapshot
}

fn number_of(snapshot: &Snapshot) -> u64 {
    snapshot.around.view["n"].as_u64().unwrap()
}

/// Not a test: what the tests below start, and kill.
#[test]
#[ignore = "started by the others"]
fn child_that_writes_until_it_is_killed() {
    let Ok(path) = std::env::var(SESSION) else { return };
    let path = Path::new(&path);
    let (mut file, mut n) = if path.exists() {
        let opened = SessionFile::open(path, false).unwrap();
        assert_eq!(opened.contents.damage, []);
        (opened.file.unwrap(), number_of(&opened.contents.snapshot))
    } else {
        println!("begins");
        (create(path, &state(1)), 1)
    };
    let pause = std::env::var(PAUSE).ok().and_then(|ms| ms.parse().ok());
    let pause = Duration::from_millis(pause.unwrap_or(0));
    loop {
        println!("{n}");
        n += 1;
        file.write(&state(n)).unwrap();
        std::thread::sleep(pause);
    }
}

/// Another program, which writes a session.
fn child(path: &Path, pause: &str) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "session::tests::kill::child_that_writes_until_it_is_killed"])
        .args(["--ignored", "--nocapture", "--test-threads=1"])
        .env(SESSION, path)
        .env(PAUSE, pause)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Kills so many writers; which states were found is printed.
fn kill(rounds: usize) {
    let mut random = fastrand::Rng::with_seed(rounds as u64);
    let (mut written, mut as_told, mut one_more, mut none) = (0, 0, 0, 0);
    let (mut folder, mut path) = temporary();
    for round in 0..rounds {
        if round % 10 == 0 {
            (folder, path) = temporary();
        }
        let mut child = child(&path, "0");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let first = lines.find(|line| line == "begins" || line.parse::<u64>().is_ok()).unwrap();
        std::thread::sleep(Duration::from_micros(random.u64(..60_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        let told = std::iter::once(first).chain(lines).filter_map(|line| line.parse().ok()).max();
        if told.is_none() && !path.exists() {
            none += 1;
            continue;
        }
        // As a reader and as the next writer find it.
        let contents = read(&path).unwrap();
        let opened = SessionFile::open(&path, false).unwrap();
        assert_eq!(
            (&contents.damage, &opened.contents.damage),
            (&vec![], &vec![]),
            "round {round}"
        );
        assert!(opened.file.is_ok(), "round {round}: {:?}", opened.file.err());
        assert_eq!(opened.contents.snapshot, contents.snapshot);
        let found = number_of(&contents.snapshot);
        let told: u64 = told.unwrap_or(0);
        assert!(found == told || found == told + 1, "round {round}: {found}, told {told}");
        assert_eq!(contents.snapshot.objects, state(found).objects, "round {round}");
        written += 1;
        as_told += usize::from(found == told);
        one_more += usize::from(found == told + 1);
    }
    drop(folder);
    println!(
        "{rounds} writers killed: {written} sessions whole ({as_told} as the last write said, {one_more} one write \
         further), {none} not begun, 0 damaged"
    );
}

/// While another program writes, it is read as of some moment, and had by nobody else; when that one is gone, by the
/// next.
#[test]
fn two_programs_never_write_at_the_same_time() {
    let (_folder, path) = temporary();
    drop(create(&path, &state(1)));
    let mut child = child(&path, "20");
    let process = child.id();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    lines.find(|line| line.parse::<u64>().is_ok_and(|n| n >= 3)).unwrap();
    // What is told is read, so that the child does not wait for it.
    let reader = std::thread::spawn(move || lines.count());
    let mut last = 0;
    for _ in 0..20 {
        let opened = SessionFile::open(&path, false).unwrap();
        assert_eq!(opened.contents.damage, []);
        let found = number_of(&opened.contents.snapshot);
        assert!(found >= last, "{found} after {last}");
        assert_eq!(opened.contents.snapshot.objects, state(found).objects);
        last = found;
        let Err(ReadOnly::Held(holder)) = opened.file else { panic!("two writers") };
        assert_eq!(holder.process, process);
        assert_eq!(holder_of(&path).map(|holder| holder.process), Some(process));
        summary(&path).unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
    assert_eq!(holder_of(&path), None);
    let opened = SessionFile::open(&path, false).unwrap();
    let found = number_of(&opened.contents.snapshot);
    assert!(found >= last);
    assert_eq!(opened.file.unwrap().write(&state(found + 1)).unwrap(), WriteOutcome::Written);
}

#[test]
fn a_writer_that_is_killed_leaves_a_whole_session() {
    kill(6);
}

#[test]
#[ignore = "takes half a minute; by hand"]
fn two_hundred_writers_that_are_killed_leave_whole_sessions() {
    kill(200);
}
