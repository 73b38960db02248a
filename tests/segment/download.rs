//! Fetching a model from a server on this machine that behaves as badly as servers can.

use std::collections::VecDeque;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use voxpoint::segment::download::{DownloadError, Downloaded, Patience, RemoteFile, download_with};
use voxpoint::work::{CancelToken, Progress};

/// What the server does with one request.
#[derive(Clone, Debug)]
enum Act {
    /// The file, or the rest of it if that was asked for.
    Serve,
    /// As `Serve`, but the connection ends after so many bytes.
    Cut(usize),
    /// As `Serve`, but nothing more comes after so many bytes.
    Stall(usize),
    /// All of it, whatever was asked for.
    IgnoreRange,
    /// The length it states is wrong by so much.
    Lie(i64),
    /// This status, and a short text.
    Status(u16),
    /// A web page as such.
    Page,
    /// A web page that says it is a file.
    DisguisedPage,
    /// From now on another version of the file.
    Change,
    /// As many bytes as the rest has, from another place than was asked for.
    WrongRange,
    /// From now on another version of the file, and its rest although the old one's was asked for.
    ChangeUnasked,
    /// The rest of a file of another size.
    OtherSize,
    /// No length: the end of the connection is the end of the file.
    NoLength,
    /// No length, and nothing more comes after so many bytes.
    StallWithoutLength(usize),
    /// Somewhere else.
    Redirect,
    /// Accepts, and says nothing.
    Silence,
    /// As `Serve`, but one byte every 20 ms, for ever.
    Trickle,
    /// `WrongRange` after `Cut(1_000_000)` for every pair of requests.
    NeverTheRest,
}

struct Server {
    port: u16,
    /// Each request's head.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each request with the next act; `Serve` once the acts are used up.
    fn start(file: Vec<u8>, validator: &'static str, acts: &[Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, mut acts) = (seen.clone(), acts.iter().cloned().collect::<VecDeque<_>>());
        let file = Arc::new(file);
        std::thread::spawn(move || {
            let mut version = 1;
            for stream in listener.incoming().flatten() {
                let act = acts.pop_front().unwrap_or(Act::Serve);
                if matches!(act, Act::Change | Act::ChangeUnasked) {
                    version += 1;
                }
                let tag = validator.replace('1', &version.to_string());
                let head = request(&stream);
                log.lock().unwrap().push(head.clone());
                let file = file.clone();
                // A client that has gone away is what some tests want.
                std::thread::spawn(move || answer(stream, &head, &file, &tag, &act));
            }
        });
        Self { port, seen }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/models/tiny.pth?download=true", self.port)
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// The ranges that were asked for, empty where none was.
    fn ranges(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().map(|head| field(head, "range").unwrap_or_default()).collect()
    }
}

fn request(mut stream: &TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn field(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

fn answer(
    mut out: TcpStream,
    head: &str,
    file: &[u8],
    tag: &str,
    act: &Act,
) -> std::io::Result<()> {
    let from = field(head, "range")
        .and_then(|r| r.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let act = match act {
        // The beginning, and then never what is asked for.
        Act::NeverTheRest if from.is_some() => &Act::WrongRange,
        Act::NeverTheRest => &Act::Cut(1_000_000),
        act => act,
    };
    let same = matches!(act, Act::ChangeUnasked)
        || field(head, "if-range").is_none_or(|given| given == tag);
    let etag = if tag.is_empty() { String::new() } else { format!("ETag: {tag}\r\n") };
    let common = format!("Connection: close\r\n{etag}");
    match act {
        Act::Silence => {
            std::thread::sleep(Duration::from_secs(20));
            return Ok(());
        }
        Act::Status(code) => {
            return write!(out, "HTTP/1.1 {code} No\r\n{common}Content-Length: 3\r\n\r\nno\n");
        }
        Act::Page | Act::DisguisedPage => {
            let kind =
                if matches!(act, Act::Page) { "text/html" } else { "application/octet-stream" };
            let page = "<html>Please log in</html>";
            let length = page.len();
            return write!(
                out,
                "HTTP/1.1 200 OK\r\n{common}Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{page}"
            );
        }
        Act::Redirect => {
            let to = "/elsewhere/0123456789abcdef";
            return write!(
                out,
                "HTTP/1.1 302 Found\r\n{common}Location: {to}\r\nContent-Length: 0\r\n\r\n"
            );
        }
        Act::NoLength => {
            write!(out, "HTTP/1.1 200 OK\r\n{common}\r\n")?;
            return out.write_all(file);
        }
        Act::StallWithoutLength(count) => {
            write!(out, "HTTP/1.1 200 OK\r\n{common}\r\n")?;
            out.write_all(&file[..*count])?;
            std::thread::sleep(Duration::from_secs(20));
            return Ok(());
        }
        _ => {}
    }
    let body: &[u8] = match from {
        Some(from) if same && !matches!(act, Act::IgnoreRange) && from < file.len() => {
            let first = if matches!(act, Act::WrongRange) { from - 1 } else { from };
            let all = file.len() + usize::from(matches!(act, Act::OtherSize));
            let last = first + file.len() - from - 1;
            write!(
                out,
                "HTTP/1.1 206 Partial Content\r\n{common}Content-Range: bytes {first}-{last}/{all}\r\n"
            )?;
            &file[first..=last]
        }
        _ => {
            write!(out, "HTTP/1.1 200 OK\r\n{common}")?;
            file
        }
    };
    let lie = if let Act::Lie(by) = act { *by } else { 0 };
    write!(out, "Content-Length: {}\r\n\r\n", body.len() as i64 + lie)?;
    match act {
        Act::Cut(count) => {
            out.write_all(&body[..*count])?;
            out.shutdown(Shutdown::Both)
        }
        Act::Stall(count) => {
            out.write_all(&body[..*count])?;
            std::thread::sleep(Duration::from_secs(20));
            Ok(())
        }
        Act::Trickle => body.iter().try_for_each(|byte| {
            std::thread::sleep(Duration::from_millis(20));
            out.write_all(&[*byte])
        }),
        _ => out.write_all(body),
    }
}

fn tiny() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/tiny_official.pth"))
        .unwrap()
}

const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(5),
    stall: Duration::from_millis(300),
    retries: 2,
    pause: Duration::from_millis(1),
    least: (1000, Duration::from_secs(10)),
};

fn fetch(server: &Server, folder: &Path) -> Result<Downloaded, DownloadError> {
    download_with(
        RemoteFile::new(&server.url(), None),
        folder,
        PATIENCE,
        &CancelToken::new(),
        &Progress::new(),
    )
}

/// What is in the folder, without the lock, which stays.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != ".tiny.pth.lock")
        .collect();
    names.sort();
    names
}

/// Fetches through these acts; the file must be there, whole, and nothing else but its note.
fn arrives(validator: &'static str, acts: &[Act]) -> (Server, Downloaded) {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start(tiny(), validator, acts));
    let done = fetch(&server, folder.path()).unwrap_or_else(|error| panic!("{acts:?}: {error}"));
    assert_eq!(fs::read(&done.path).unwrap(), tiny(), "{acts:?}");
    assert_eq!(names(folder.path()), ["tiny.json", "tiny.pth"], "{acts:?}");
    (server, done)
}

/// Fetches through these acts; gives the error's line, which must name the address.
fn fails(acts: &[Act]) -> (PathBuf, tempfile::TempDir, String) {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start(tiny(), "\"1\"", acts));
    let error = fetch(&server, folder.path()).expect_err("an error").to_string();
    assert!(error.contains("127.0.0.1") && !error.contains('\n'), "{error}");
    assert!(!folder.path().join("tiny.pth").exists());
    (folder.path().to_owned(), folder, error)
}

#[test]
fn a_good_server_needs_one_request() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start(tiny(), "\"1\"", &[]));
    let (place, progress) = (folder.path().join("new/models"), Progress::new());
    let done = download_with(
        RemoteFile::new(&server.url(), None),
        &place,
        PATIENCE,
        &CancelToken::new(),
        &progress,
    )
    .unwrap();
    assert_eq!((done.bytes, done.fetched), (tiny().len() as u64, true));
    assert_eq!(progress.get(), (done.bytes, done.bytes));
    let note: serde_json::Value =
        serde_json::from_slice(&fs::read(place.join("tiny.json")).unwrap()).unwrap();
    assert_eq!(note["sha256"], serde_json::json!(done.sha256));
    assert_eq!(note["source"], server.url());
    // It is there: nothing is asked for again.
    let again = fetch(&server, &place).unwrap();
    assert!(!again.fetched && again.sha256 == done.sha256);
    assert_eq!(server.requests(), 1);
}

#[test]
fn what_breaks_off_is_continued() {
    let (server, _) =
        arrives("\"1\"", &[Act::Cut(1_000_000), Act::Stall(500_000), Act::Status(503)]);
    assert_eq!(server.ranges(), ["", "bytes=1000000-", "bytes=1500000-", "bytes=1500000-"]);
    let (server, _) = arrives("\"1\"", &[Act::Redirect, Act::Cut(70), Act::Redirect]);
    assert_eq!(server.ranges(), ["", "", "bytes=70-", "bytes=70-"]);
    // Without a length the end of the connection is the end of the file; one too large is found out.
    arrives("\"1\"", &[Act::Cut(0), Act::NoLength]);
    // The size that the rest's answer states is then known, and its end is no longer the file's.
    let (server, _) = arrives("\"1\"", &[Act::StallWithoutLength(1_000_000), Act::Cut(500_000)]);
    assert_eq!(server.ranges(), ["", "bytes=1000000-", "bytes=1500000-"]);
    arrives("\"1\"", &[Act::Lie(1000)]);
}

#[test]
fn what_can_not_be_continued_begins_again() {
    let (server, _) = arrives("", &[Act::Cut(1_000_000)]);
    assert_eq!(server.ranges(), ["", ""], "without a validator nobody knows what the rest is of");
    let (server, _) = arrives("W/\"1\"", &[Act::Cut(1_000_000)]);
    assert_eq!(server.ranges(), ["", ""]);
    let (server, _) = arrives("\"1\"", &[Act::Cut(1_000_000), Act::IgnoreRange]);
    assert_eq!(server.requests(), 2);
    let (server, _) = arrives("\"1\"", &[Act::Cut(1_000_000), Act::Change]);
    assert_eq!(server.requests(), 2);
    for act in [Act::WrongRange, Act::ChangeUnasked, Act::OtherSize, Act::Status(416)] {
        let (server, _) = arrives("\"1\"", &[Act::Cut(1_000_000), act.clone()]);
        assert_eq!(server.ranges(), ["", "bytes=1000000-", ""], "{act:?}");
    }
}

#[test]
fn a_server_that_stays_bad_is_given_up_and_what_came_stays() {
    let (folder, _keep, error) =
        fails(&[Act::Cut(2_000_000), Act::Cut(0), Act::Silence, Act::Cut(0)]);
    assert!(
        error.contains("2 more attempts failed too") && error.contains("after 2 MB"),
        "{error}"
    );
    assert_eq!(names(&folder), ["tiny.pth.part", "tiny.pth.part.json"]);
    assert_eq!(fs::metadata(folder.join("tiny.pth.part")).unwrap().len(), 2_000_000);
}

#[test]
fn a_server_that_gives_next_to_nothing_is_given_up() {
    let patience = Patience { least: (1000, Duration::from_millis(400)), ..PATIENCE };
    let folder = tempfile::tempdir().unwrap();
    let acts = [&[Act::Cut(2_000_000)][..], &vec![Act::Trickle; 20]].concat();
    let server = Server::start(tiny(), "\"1\"", &acts);
    let (url, never) = (server.url(), CancelToken::new());
    let fetch = || {
        download_with(
            RemoteFile::new(&url, None),
            folder.path(),
            patience,
            &never,
            &Progress::new(),
        )
    };
    let begun = std::time::Instant::now();
    let error = fetch().unwrap_err().to_string();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(error.contains("too slow") && error.contains("continues after 2 MB"), "{error}");
    assert!(server.requests() <= 6, "{} requests", server.requests());
    assert!(fs::metadata(folder.path().join("tiny.pth.part")).unwrap().len() >= 2_000_000);
}

#[test]
fn a_server_that_never_sends_the_part_that_is_asked_for_is_given_up() {
    let acts = vec![Act::NeverTheRest; 300];
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start(tiny(), "\"1\"", &acts));
    let error = fetch(&server, folder.path()).unwrap_err().to_string();
    assert!(error.contains("another part of the file than it was asked for"), "{error}");
    assert!(server.requests() <= 8, "{} requests", server.requests());
    assert!(!folder.path().join("tiny.pth").exists());
}

#[test]
fn a_file_must_have_the_sha256_that_is_known_of_it() {
    let right = "149871a3231c";
    let wrong = "0".repeat(64);
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start(tiny(), "\"1\"", &[]));
    let fetch = |sha256: Option<&str>| {
        let (url, never) = (server.url(), CancelToken::new());
        download_with(
            RemoteFile::new(&url, sha256),
            folder.path(),
            PATIENCE,
            &never,
            &Progress::new(),
        )
    };
    let error = fetch(Some(&wrong)).unwrap_err().to_string();
    assert!(error.contains(right) && error.contains(&wrong), "{error}");
    assert!(names(folder.path()).is_empty(), "it is not kept");
    let done = fetch(None).unwrap();
    assert!(done.sha256.starts_with(right) && done.fetched);
    assert!(!fetch(Some(&done.sha256)).unwrap().fetched, "it is there");
    let error = fetch(Some(&wrong)).unwrap_err().to_string();
    assert!(error.contains("another one") && error.contains(&wrong), "{error}");
    assert_eq!(fs::read(&done.path).unwrap(), tiny(), "what is there stays");
    // What the note says was fetched from there counts too, where nothing else is known.
    let note = folder.path().join("tiny.json");
    let text = fs::read_to_string(&note).unwrap().replace(&done.sha256, &wrong);
    fs::write(&note, &text).unwrap();
    assert!(matches!(fetch(None), Err(DownloadError::AnotherThere { .. })));
    fs::write(&note, text.replace("127.0.0.1", "example.org")).unwrap();
    assert!(fetch(None).is_ok(), "the note is of another address");
}

#[test]
fn another_run_continues_what_one_left() {
    let folder = tempfile::tempdir().unwrap();
    let cut = [Act::Cut(1_000_000), Act::Cut(0), Act::Cut(0), Act::Cut(0)];
    let server = Server::start(tiny(), "\"1\"", &cut);
    fetch(&server, folder.path()).expect_err("it was cut");
    assert_eq!(fetch(&server, folder.path()).unwrap().bytes, tiny().len() as u64);
    assert_eq!(server.ranges().last().unwrap(), "bytes=1000000-");
    assert_eq!(names(folder.path()), ["tiny.json", "tiny.pth"]);
}

#[test]
fn a_part_that_nobody_knows_is_not_continued() {
    for about in ["", "nonsense", r#"{"url":"https://example.org/other.pth","validator":"\"1\""}"#]
    {
        let (folder, server) = (tempfile::tempdir().unwrap(), Server::start(tiny(), "\"1\"", &[]));
        fs::write(folder.path().join("tiny.pth.part"), b"PK something else").unwrap();
        fs::write(folder.path().join("tiny.pth.part.json"), about).unwrap();
        let done = fetch(&server, folder.path()).unwrap();
        assert_eq!(fs::read(done.path).unwrap(), tiny());
        assert_eq!(server.ranges(), [""]);
    }
}

#[test]
fn refusals_are_said_at_once() {
    for (act, says) in [
        (Act::Status(404), "answered 404 (no such file)"),
        (Act::Status(403), "answered 403 (access denied)"),
        (Act::Page, "a web page came instead"),
        (Act::DisguisedPage, "a web page came instead"),
    ] {
        let (_, _keep, error) = fails(std::slice::from_ref(&act));
        assert!(error.contains(says), "{act:?}: {error}");
    }
    // Nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://127.0.0.1:{port}/m.pth");
    let error = download_with(
        RemoteFile::new(&url, None),
        folder.path(),
        PATIENCE,
        &CancelToken::new(),
        &Progress::new(),
    );
    assert!(error.unwrap_err().to_string().contains("more attempts failed"));
}

#[test]
fn a_file_that_is_no_model_is_deleted() {
    // Shorter than it is: the server says so, and that is all that comes.
    let (folder, _keep, error) = fails(&[Act::Lie(-1000)]);
    assert!(
        error.contains("cannot be used and was deleted") && error.contains("incomplete"),
        "{error}"
    );
    assert!(names(&folder).is_empty());
    for (file, says) in [(b"hello".to_vec(), "not a zip file"), (vec![], "is empty")] {
        let (folder, server) = (tempfile::tempdir().unwrap(), Server::start(file, "\"1\"", &[]));
        let error = fetch(&server, folder.path()).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert!(names(folder.path()).is_empty());
    }
}

#[test]
fn weights_that_are_not_what_was_saved_are_deleted() {
    let mut file = tiny();
    // The middle of the file is in the middle of some weights; nothing else notices.
    let middle = file.len() / 2;
    file[middle] ^= 1;
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start(file, "\"1\"", &[]));
    let error = fetch(&server, folder.path()).unwrap_err().to_string();
    assert!(error.contains("the checksum of “tiny_official/data/"), "{error}");
    assert!(names(folder.path()).is_empty());
}

/// Killed after the file had come and before it was in its place, a run leaves a part that the next one
/// finishes, note and all; the note is there before the model is.
#[test]
fn a_model_never_stands_without_its_note() {
    let stall = Act::Stall(1_000_000);
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start(tiny(), "\"1\"", &[stall]));
    // On the way something gets in the way that can't be replaced: publishing fails, as if the run ended there.
    let target = folder.path().join("tiny.pth");
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    std::thread::scope(|scope| {
        let task = scope.spawn(|| {
            let url = server.url();
            download_with(RemoteFile::new(&url, None), folder.path(), PATIENCE, &cancel, &progress)
        });
        while progress.get().0 == 0 && !task.is_finished() {
            std::thread::sleep(Duration::from_millis(1));
        }
        fs::create_dir_all(target.join("in the way")).unwrap();
        task.join().unwrap().expect_err("a folder is in the way");
    });
    let note: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("tiny.json")).unwrap()).unwrap();
    assert_eq!(note["source"], server.url());
    fs::remove_dir_all(&target).unwrap();
    let done = fetch(&server, folder.path()).unwrap();
    assert_eq!(note["sha256"], serde_json::json!(done.sha256));
    assert_eq!(
        (names(folder.path()), server.requests()),
        (vec!["tiny.json".into(), "tiny.pth".into()], 2)
    );
}

#[test]
fn a_file_too_large_for_reason_is_not_begun() {
    let (folder, _keep, error) = fails(&[Act::Lie(1 << 50)]);
    assert!(error.contains("too large for a model"), "{error}");
    assert!(names(&folder).is_empty());
}

#[test]
fn cancelling_ends_it_wherever_it_waits() {
    for act in [Act::Silence, Act::Stall(1_000_000)] {
        let (folder, server) = (
            tempfile::tempdir().unwrap(),
            Server::start(tiny(), "\"1\"", std::slice::from_ref(&act)),
        );
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        let wait = Patience { stall: Duration::from_mins(1), ..PATIENCE };
        let result = std::thread::scope(|scope| {
            let task = scope.spawn(|| {
                download_with(
                    RemoteFile::new(&server.url(), None),
                    folder.path(),
                    wait,
                    &cancel,
                    &progress,
                )
            });
            // Until the server has the request, and the bytes before the silence have come.
            let ready = || match &act {
                Act::Stall(count) => progress.get().0 == *count as u64,
                _ => server.requests() == 1,
            };
            while !ready() && !task.is_finished() {
                std::thread::sleep(Duration::from_millis(1));
            }
            cancel.cancel();
            task.join().unwrap()
        });
        assert!(matches!(result, Err(DownloadError::Cancelled)), "{act:?}");
        // What has come stays; nothing leaves nothing.
        let some = matches!(act, Act::Stall(_));
        assert_eq!(folder.path().join("tiny.pth.part").exists(), some);
    }
}

#[test]
fn two_downloads_of_one_file_do_not_mix() {
    let (folder, server) =
        (tempfile::tempdir().unwrap(), Server::start(tiny(), "\"1\"", &[Act::Stall(10)]));
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let wait = Patience { stall: Duration::from_mins(1), ..PATIENCE };
    std::thread::scope(|scope| {
        let task = scope.spawn(|| {
            download_with(
                RemoteFile::new(&server.url(), None),
                folder.path(),
                wait,
                &cancel,
                &progress,
            )
        });
        while progress.get().0 < 10 && !task.is_finished() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let second = fetch(&server, folder.path());
        cancel.cancel();
        assert!(matches!(second, Err(DownloadError::Busy(_))), "{second:?}");
        assert!(task.join().unwrap().is_err());
    });
}
