//! Servers as they are: full, slow, gone, wrong, hostile.

use std::thread::JoinHandle;

use super::*;
use crate::segment::models::provider_of;
use crate::segment::provider::{ModelRef, Sending, ServerLook};
use crate::segment::remote::stub::Seen;

/// What a server does with a point, and what of it is said.
const BAD_ANSWERS: &[(Act, &str)] = &[
    (
        Act::Status(400, r#"{"detail":"points are not supported"}"#),
        "400 (it refuses the request), “points are not supported”",
    ),
    (
        Act::Status(
            422,
            r#"{"detail":[{"loc":["body"],"msg":"field required"},{"msg":"no int"}]}"#,
        ),
        "422 (it refuses the request), “field required; no int”",
    ),
    (Act::Status(401, ""), "the server wants a key (401): put it into a file"),
    (Act::Status(403, ""), "the server wants a key (403)"),
    (Act::Status(404, "<html>nginx</html>"), "404 (no such path or model): check"),
    (
        Act::Status(410, r#"{"detail":"lease\nexpired"}"#),
        "ended the session, “lease expired”; nothing",
    ),
    (
        Act::Status(413, "too large"),
        "the scan (15.6 kB) is more than the server takes, “too large”: cut it smaller",
    ),
    (
        Act::Status(500, "Internal\nServer Error"),
        "500 (an error of the server), “Internal Server Error”",
    ),
    (Act::Status(503, ""), "503 (busy, or not ready): nothing is lost"),
    (Act::Status(302, ""), "sends on to another address"),
    (Act::Silence, "did not answer within 3 s; nothing is lost"),
    (Act::Close, "the connection to the server broke ("),
    (Act::Lose, "the connection to the server broke ("),
    (Act::Half, "the connection to the server broke ("),
    (Act::NoHttp, "not an answer of an nnInteractive server"),
    (Act::Text("<html>log in</html>"), "cannot be used (it does not say what has changed)"),
    (Act::Text(""), "cannot be used (it does not say what has changed)"),
    (Act::Meta("{"), "cannot be used (EOF"),
    (Act::Meta("null"), "cannot be used (invalid type"),
    (Act::Meta("{}"), "the model was not run"),
    (
        Act::Meta(r#"{"ran_prediction":true,"bbox":[[0,1],[0,1]]}"#),
        "cannot be used (invalid length",
    ),
    (
        Act::Meta(r#"{"ran_prediction":true,"bbox":[[0,99],[0,1],[0,1]]}"#),
        "a box outside of the scan",
    ),
    (
        Act::Meta(r#"{"ran_prediction":true,"bbox":[[-1,1],[0,1],[0,1]]}"#),
        "a box outside of the scan",
    ),
    (
        Act::Meta(r#"{"ran_prediction":true,"bbox":[[2,1],[0,1],[0,1]]}"#),
        "a box outside of the scan",
    ),
    (Act::Meta(r#"{"ran_prediction":true,"bbox":[[0,1],[0,1],[0,26]]}"#), "another shape"),
    (
        Act::Meta(r#"{"ran_prediction":true,"bbox":[[0,1],[0,21],[0,1]]}"#),
        "a box outside of the scan",
    ),
    // A box, and nothing of what is in it.
    (Act::Bytes(b""), "it ends in the middle"),
    (Act::Bytes(b"not an array"), "it is no NNIA array"),
    (Act::Bytes(b"NNIA"), "it ends in the middle"),
    (Act::OtherShape, "an array of another shape"),
    (Act::Huge, "the server sends more than the"),
    (Act::Endless, "the server sends more than the"),
];

/// As often as it is tried.
fn always(path: &'static str, act: Act) -> Vec<(&'static str, Act)> {
    vec![(path, act); 3]
}

#[test]
fn whatever_a_server_does_with_a_point_is_one_line_and_the_next_one_is_answered() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let mut there = open(&stub);
    for &(act, said) in BAD_ANSWERS {
        mask(&mut there, &volume, &[A]);
        stub.will(&always("/add_point_interaction", act));
        let error = answer(&mut there, &request(&volume, &[A, B])).unwrap_err().to_string();
        assert!(error.contains(said), "{act:?}: {error}");
        assert!(
            !error.contains('\n') && error.contains("nninteractive+http://localhost:"),
            "{error}"
        );
        stub.will(&[]);
        assert_eq!(mask(&mut there, &volume, &[A, B]), expected(None, &[A, B]), "{act:?}");
    }
}

#[test]
fn whatever_a_server_does_with_a_scan_or_at_the_door_is_one_line() {
    let volume = volume();
    for &(act, said) in BAD_ANSWERS {
        if matches!(act, Act::Meta(_) | Act::Bytes(_) | Act::OtherShape | Act::Text(_)) {
            continue;
        }
        let stub = InteractiveStub::start();
        let mut there = open(&stub);
        stub.will(&always("/set_image", act));
        // A scan may take longer.
        let said = said.replace("within 3 s", "within 15 s");
        let error = answer(&mut there, &request(&volume, &[A])).unwrap_err().to_string();
        assert!(error.contains(&said) && !error.contains('\n'), "{act:?}: {error}");
        stub.will(&[]);
        assert_eq!(mask(&mut there, &volume, &[A]), expected(None, &[A]), "{act:?}");
    }
    for path in ["/claim", "/capabilities"] {
        for &(act, said) in BAD_ANSWERS {
            let stub = InteractiveStub::start();
            let said = match act {
                Act::Meta(_) | Act::Bytes(_) | Act::OtherShape => continue,
                // There is no scan yet.
                Act::Status(413, _) => "is more than the server takes",
                Act::Text(_) => "not an answer of an nnInteractive server",
                _ => said,
            };
            stub.will(&always(path, act));
            let error = opened(&stub.model()).err().unwrap().to_string();
            assert!(error.contains(said) && !error.contains('\n'), "{path}, {act:?}: {error}");
        }
    }
    for (path, text) in [
        ("/claim", "{}"),
        ("/claim", "[]"),
        ("/claim", r#"{"lease_token":""}"#),
        ("/claim", r#"{"lease_token":"a\r\nb"}"#),
        ("/claim", r#"{"lease_token":7}"#),
        ("/capabilities", "{}"),
        ("/capabilities", "null"),
        ("/set_image", "<html>"),
        ("/set_image", r#"{"original_image_shape":[1,26,20,15]}"#),
    ] {
        let stub = InteractiveStub::start();
        stub.will(&always(path, Act::Text(text)));
        let opened = opened(&stub.model());
        let answered = opened.and_then(|mut there| answer(&mut there, &request(&volume, &[A])));
        let error = answered.unwrap_err().to_string();
        let said = ["not an answer of an nnInteractive server", "a scan of another shape"];
        assert!(said.iter().any(|said| error.contains(said)), "{path}, {text}: {error}");
    }
    let stub = InteractiveStub::start();
    stub.says(("\"points\":true", "\"points\":false"));
    let error = opened(&stub.model()).err().unwrap().to_string();
    assert!(error.contains("takes no points, only bbox2d, lasso, scribble"), "{error}");
}

#[test]
fn a_session_that_ends_is_replayed_in_another() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let mut there = open(&stub);
    mask(&mut there, &volume, &[A]);
    stub.forget();
    let found = answer(&mut there, &request(&volume, &[A, C])).unwrap();
    assert_eq!(found.region, expected(None, &[A, C]));
    assert_eq!((stub.count("/claim"), stub.count("/set_image")), (2, 2));
    // In the middle of a replay, and then another trouble.
    stub.will(&[("/add_point_interaction", Act::Status(410, "")), ("/set_image", Act::Lose)]);
    assert_eq!(mask(&mut there, &volume, &[B, C, D]), expected(None, &[B, C, D]));
    // A point that was taken although nobody heard it is not given twice.
    stub.will(&[("/add_point_interaction", Act::Lose)]);
    assert_eq!(mask(&mut there, &volume, &[B, C, D, A]), expected(None, &[B, C, D, A]));
    assert_eq!(stub.count("/set_image"), stub.count("/claim") + 1);
}

#[test]
fn signs_of_life_are_given_as_long_as_the_session_lives() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    stub.lives(0.08);
    let mut there = open(&stub);
    let until = |done: &dyn Fn() -> bool| {
        let begin = Instant::now();
        while !done() && begin.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(done());
    };
    until(&|| stub.count("/heartbeat") >= 3);
    let seen = stub.seen();
    let beat = seen.iter().find(|seen| seen.path() == "/heartbeat").unwrap();
    assert_eq!(beat.field("x-lease-token"), Some("lease-1"));
    mask(&mut there, &volume, &[A]);
    // One that finds that it is over ends, and the next point begins anew without being refused.
    stub.forget();
    let beats = stub.count("/heartbeat");
    until(&|| stub.count("/heartbeat") > beats);
    std::thread::sleep(Duration::from_millis(200));
    assert!(stub.count("/heartbeat") <= beats + 2);
    mask(&mut there, &volume, &[A, B]);
    assert_eq!(stub.count("/claim"), 2);
    assert!(stub.has_session());
    drop(there);
    assert!(!stub.has_session(), "given back");
    let beats = stub.count("/heartbeat");
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(stub.count("/heartbeat"), beats);
}

#[test]
fn a_place_is_waited_for_as_the_server_says() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    stub.will(&[("/claim", Act::Full(0)); 3]);
    let mut there = open(&stub);
    assert!(there.device().reason.contains("all its places are taken"));
    let mut stages = Vec::new();
    let asked = request(&volume, &[A]);
    let found = there.answer(&asked, &CancelToken::new(), &mut |stage| stages.push(stage)).unwrap();
    assert_eq!(found.region, expected(None, &[A]));
    let waited = [Stage::Queue, Stage::Queue, Stage::Encode, Stage::Decode, Stage::Paste];
    assert_eq!(stages, waited);
    assert_eq!(stub.count("/claim"), 4);
    assert!(there.device().reason.contains("CC BY-NC-SA"));
    // Not for ever.
    let stub = InteractiveStub::start();
    stub.will(&[("/claim", Act::Full(0)); 100]);
    let mut model = stub.model();
    model.patience.answer = Duration::from_millis(150);
    let mut there = opened(&model).unwrap();
    let error = answer(&mut there, &request(&volume, &[A])).unwrap_err().to_string();
    assert!(
        error.contains("all places of the server are taken, “server is at capacity”"),
        "{error}"
    );
    // And only as long as somebody wants it.
    let mut there = open(&stub);
    stub.will(&[("/claim", Act::Full(7)); 100]);
    let (cancel, begin) = (CancelToken::new(), Instant::now());
    cancel_later(&cancel);
    let error = there.answer(&request(&volume, &[A]), &cancel, &mut |_| ()).unwrap_err();
    assert!(matches!(error, SegmentError::Cancelled), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(5));
}

/// A place that was given although nobody heard it is lost for a while: few are lost so.
#[test]
fn places_are_not_lost_by_the_dozen() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let mut there = open(&stub);
    mask(&mut there, &volume, &[A]);
    stub.forget();
    stub.will(&[("/claim", Act::Lose); 9]);
    let (begin, mut stages) = (Instant::now(), Vec::new());
    let asked = request(&volume, &[A, B]);
    let mut stage = |stage| stages.push(stage);
    let error = there.answer(&asked, &CancelToken::new(), &mut stage).unwrap_err().to_string();
    assert!(error.contains("the connection to the server broke ("), "{error}");
    assert!(begin.elapsed() >= Duration::from_millis(300), "not at once");
    assert!(stages.contains(&Stage::Queue), "it is told that it waits");
    assert_eq!(stub.count("/claim"), 1 + 2);
    stub.will(&[("/claim", Act::Lose)]);
    answer(&mut there, &asked).unwrap_err();
    assert_eq!(stub.count("/claim"), 1 + 3);
    assert_eq!(mask(&mut there, &volume, &[A, B]), expected(None, &[A, B]));
    // A server that does not even listen has given none.
    let port = no_port();
    let mut model = stub.model();
    model.address = format!("nninteractive+http://127.0.0.1:{port}").parse().unwrap();
    (model.patience.retries, model.patience.pause) = (5, Duration::from_millis(100));
    let later = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(250));
        InteractiveStub::on(port)
    });
    let mut there = opened(&model).unwrap();
    let late = later.join().unwrap();
    assert_eq!(mask(&mut there, &volume, &[A]), expected(None, &[A]));
    assert_eq!(late.count("/claim"), 1);
}

#[test]
fn a_place_that_is_given_up_halfway_is_none() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let mut there = open(&stub);
    mask(&mut there, &volume, &[A]);
    for act in [Act::Silence, Act::Text("{}"), Act::Status(500, "")] {
        stub.forget();
        stub.will(&[("/capabilities", act)]);
        let cancel = CancelToken::new();
        cancel_later(&cancel);
        there.answer(&request(&volume, &[A, C]), &cancel, &mut |_| ()).unwrap_err();
        assert!(!stub.has_session(), "{act:?}: it was given back");
        assert_eq!(mask(&mut there, &volume, &[A, B]), expected(None, &[A, B]), "{act:?}");
    }
}

/// The server prepares a scan after it has taken it; what fails there it tells at the first point.
#[test]
fn a_scan_that_a_server_has_failed_with_is_sent_again() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let mut there = open(&stub);
    stub.will(&[("/add_point_interaction", Act::Status(500, ""))]);
    answer(&mut there, &request(&volume, &[A])).unwrap_err();
    assert_eq!(mask(&mut there, &volume, &[A]), expected(None, &[A]));
    assert_eq!(stub.count("/set_image"), 2);
}

#[test]
fn to_empty_a_large_mask_may_take_as_long_as_an_answer() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let mut model = stub.model();
    (model.patience.facts, model.patience.answer) =
        (Duration::from_secs(1), Duration::from_secs(20));
    let mut there = opened(&model).unwrap();
    for path in ["/set_target_buffer", "/reset_interactions"] {
        stub.will(&[(path, Act::Slow(1800))]);
        let other = scan(Voxels::U8(vec![1; volume.grid().count()]), Scale::NONE);
        assert_eq!(mask(&mut there, &other, &[A]), expected(None, &[A]), "{path}");
    }
}

#[test]
fn a_scan_that_is_closed_does_not_stay_on_the_server() {
    let (stub, mut volume) = (InteractiveStub::start(), volume());
    let mut there = open(&stub);
    there.forget_closed();
    assert!(stub.has_session(), "nothing was sent");
    for claims in 1..3 {
        mask(&mut there, &volume, &[A]);
        there.forget_closed();
        assert!(stub.has_session(), "it is open");
        assert_eq!(stub.count("/claim"), claims);
        volume = scan(Voxels::U8(vec![claims as u8; volume.grid().count()]), Scale::NONE);
        there.forget_closed();
        assert!(!stub.has_session());
    }
}

/// What the window shows and asks.
#[test]
fn what_is_sent_and_what_is_there_is_told_before() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let model = ModelRef::Server(Box::new(stub.model()));
    let kind = provider_of(&model);
    let count = volume.grid().count() as u64;
    assert_eq!(kind.sends(&model, &volume), Some(Sending::Image(2 * count)));
    let scaled = Scale { slope: 2.0, inter: 0.0 };
    let floats = scan(Voxels::U8(vec![1; count as usize]), scaled);
    assert_eq!(kind.sends(&model, &floats), Some(Sending::Image(4 * count)));
    let look = || kind.look(&model, &CancelToken::new());
    let note = |look: ServerLook| (look.server, look.note.unwrap());
    let (server, said) = note(look().unwrap());
    assert_eq!(
        (server.as_str(), said.as_str()),
        ("nnInteractive", "the licence of its model is CC BY-NC-SA 4.0")
    );
    assert!(!stub.has_session(), "the place was given back");
    stub.says(("CC BY-NC-SA 4.0", "!!MISSING!!"));
    assert!(note(look().unwrap()).1.ends_with("is not stated"));
    stub.will(&[("/claim", Act::Full(7))]);
    assert!(note(look().unwrap()).1.starts_with("all its places are taken"));
    stub.will(&[("/claim", Act::NoHttp)]);
    assert!(look().unwrap_err().to_string().contains("not an answer of an nnInteractive server"));
    assert_eq!(stub.count("/set_image"), 0);
}

/// When it was cancelled.
fn cancel_later(cancel: &CancelToken) -> JoinHandle<Instant> {
    let later = cancel.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        later.cancel();
        Instant::now()
    })
}

#[test]
fn a_point_that_nobody_waits_for_is_given_up_at_once() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    for path in ["/add_point_interaction", "/set_image", "/reset_interactions"] {
        let mut model = stub.model();
        (model.patience.answer, model.patience.facts) =
            (Duration::from_mins(9), Duration::from_mins(9));
        let mut there = opened(&model).unwrap();
        stub.will(&[(path, Act::Silence)]);
        let cancel = CancelToken::new();
        let cancelled = cancel_later(&cancel);
        let error = there.answer(&request(&volume, &[A, B]), &cancel, &mut |_| ()).unwrap_err();
        let ended = Instant::now();
        assert!(matches!(error, SegmentError::Cancelled), "{path}: {error}");
        let took = ended.saturating_duration_since(cancelled.join().unwrap());
        assert!(took < Duration::from_secs(5), "{path}: {took:?}");
        assert_eq!(mask(&mut there, &volume, &[A, B]), expected(None, &[A, B]), "{path}");
    }
}

#[test]
fn nothing_is_sent_before_somebody_has_agreed_and_then_nothing_of_the_header() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let model = ServedModel { agreed: false.into(), ..stub.model() };
    let mut there = opened(&model).unwrap();
    let mut from = request(&volume, &[A]);
    from.log.start = Some(Arc::new(expected(None, &[B])));
    for request in [request(&volume, &[A]), from.clone()] {
        let error = answer(&mut there, &request).unwrap_err();
        assert!(matches!(error, SegmentError::Remote(RemoteError::ScanNotAllowed { .. })));
        let error = error.to_string();
        assert!(error.contains("the whole scan, 15.6 kB of image values"), "{error}");
        assert!(error.contains("nninteractive+http://localhost:"), "{error}");
    }
    let asked: Vec<String> = stub.seen().iter().map(|seen| seen.path().to_owned()).collect();
    assert_eq!(asked, ["/claim", "/capabilities"]);
    answer(&mut open(&stub), &from).unwrap();
    let known = [
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "content-type",
        "content-length",
        "x-lease-token",
        "x-meta",
    ];
    for seen in stub.seen() {
        for line in seen.head.lines().skip(1).filter(|line| !line.is_empty()) {
            let key = line.split(':').next().unwrap().to_ascii_lowercase();
            assert!(known.contains(&key.as_str()), "{line}");
        }
        let all = [seen.head.as_bytes(), &seen.body].concat();
        for secret in ["SECRET", "1970"] {
            assert!(!all.windows(secret.len()).any(|w| w == secret.as_bytes()));
        }
    }
    let mut plain = stub.model();
    plain.address = "nninteractive+http://server.example".parse().unwrap();
    let error = opened(&plain).err().unwrap();
    assert!(matches!(error, SegmentError::Remote(RemoteError::Plain(_))), "{error}");
}

#[cfg(unix)]
#[test]
fn a_key_goes_to_the_server_and_nowhere_else() {
    use std::os::unix::fs::PermissionsExt as _;
    let (stub, volume) = (InteractiveStub::start(), volume());
    stub.wants_key("geheim-42");
    stub.lives(0.08);
    let folder = tempfile::tempdir().unwrap();
    let file = |content: &str, mode: u32| {
        let path = folder.path().join(format!("key{mode:o}{}", content.len()));
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        ServedModel { key_file: Some(path), ..stub.model() }
    };
    for (model, said) in [
        (stub.model(), "the server wants a key (401)"),
        (file("geheim-falsch", 0o600), "does not take this key (401)"),
        (file("geheim-42", 0o644), "other users can read or write it; chmod 600"),
    ] {
        let error = opened(&model).err().unwrap();
        let shown = format!("{error} {error:?} {model:?}");
        assert!(shown.contains(said) && !shown.contains("geheim"), "{shown}");
    }
    let mut there = opened(&file("geheim-42\n", 0o600)).unwrap();
    let found = answer(&mut there, &request(&volume, &[A])).unwrap();
    assert_eq!(found.region, expected(None, &[A]));
    assert!(!format!("{found:?} {:?}", there.device()).contains("geheim"));
    drop(there);
    assert!(!stub.has_session());
    let with_key = |seen: &&_| -> bool { Seen::field(seen, "authorization").is_some() };
    assert!(stub.seen().iter().filter(with_key).count() > 6);
}

#[test]
fn nobody_there_is_one_line() {
    let stub = InteractiveStub::start();
    let free = no_port();
    for (url, said) in [
        (format!("nninteractive+http://127.0.0.1:{free}"), "nobody listens there"),
        ("nninteractive+https://no-such-host.invalid".to_owned(), "cannot be reached"),
        (stub.model().address.to_string().replace("http:", "https:"), "no trusted connection"),
    ] {
        let mut model = stub.model();
        model.address = url.parse().unwrap();
        let error = opened(&model).err().unwrap().to_string();
        assert!(error.contains(said) && error.contains(&url) && !error.contains('\n'), "{error}");
    }
}
