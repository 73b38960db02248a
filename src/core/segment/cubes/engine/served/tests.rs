//! Models behind an address: the same answers as here, nothing but tensors on the way, and one line for whatever goes
//! wrong, after which the next click is answered.

mod stub;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::ParsedCertificate;

use super::*;
use crate::geom::{DAffine3, DVec3, Grid};
use crate::prompt::Prompt;
use crate::segment::cubes::{CubeSegmenter, Cubes};
use crate::segment::digest::sha256_of_bytes;
use crate::segment::remote::stub::Act;
use crate::segment::remote::{RemoteError, ServerTrust};
use crate::segment::segmenter::{DeviceChoice, Outcome, Request};
use crate::volume::{Scale, StoredGeometry, Volume, Voxels};
use stub::{Plan, Stub, repository};

/// 1.5 mm voxels with a pattern, and a name that must stay here.
fn volume() -> Arc<Volume> {
    let dims = [60, 40, 30];
    let voxels = (0..dims.iter().product()).map(|i: usize| (i % 60 + i % 7) as i16).collect();
    let grid = Grid::new(dims, DAffine3::from_scale(DVec3::splat(1.5))).unwrap();
    let stored = StoredGeometry::of(&grid);
    let name = "SECRET^NAME 19700101";
    Arc::new(Volume::new(
        name,
        grid,
        dims.to_vec(),
        Voxels::I16(voxels),
        Scale::NONE,
        stored,
        vec![],
    ))
}

fn prompts() -> Vec<Prompt> {
    [(45.0, 30.0, 21.0, true), (60.0, 45.0, 6.0, false), (30.0, 30.0, 30.0, true)]
        .map(|(x, y, z, positive)| Prompt::new(DVec3::new(x, y, z), positive))
        .to_vec()
}

fn run(segmenter: &mut CubeSegmenter, count: usize) -> Result<Outcome, SegmentError> {
    let request = Request::new(volume(), prompts()[..count].to_vec());
    segmenter.run(&request, &CancelToken::new(), &mut |_| ())
}

fn served(model: &ServedModel) -> Result<CubeSegmenter, SegmentError> {
    CubeSegmenter::served(model, None, &CancelToken::new())
}

fn here(model: &str) -> CubeSegmenter {
    CubeSegmenter::open(&repository(model), DeviceChoice::Cpu, Some(1)).unwrap()
}

fn logits(outcome: &Outcome) -> Vec<f32> {
    let cubes = Cubes::of(&outcome.answer).unwrap();
    cubes.patches.iter().flat_map(|p| &p.steps).flat_map(|s| s.logits.values.clone()).collect()
}

/// The largest difference, relative to the largest value.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let largest = b.iter().fold(1e-6f32, |m, v| m.max(v.abs()));
    a.iter().zip(b).fold(0f32, |m, (a, b)| m.max((a - b).abs())) / largest
}

#[test]
fn a_server_answers_as_this_machine_does() {
    let expected = run(&mut here("tests/data/models/tiny"), 3).unwrap();
    assert_eq!(expected.timings.traffic, None);
    for compress in [false, true] {
        let stub = Stub::tiny(Plan::default());
        let model = ServedModel { compress, ..stub.model() };
        let mut there = served(&model).unwrap();
        assert_eq!(there.model_name(), "sam_med3d");
        assert!(there.device().name.starts_with("server localhost:"), "{:?}", there.device());
        let found = run(&mut there, 3).unwrap();
        assert!(difference(&logits(&found), &logits(&expected)) <= 1e-4);
        assert_eq!(found.region, expected.region);
        let traffic = found.timings.traffic.unwrap();
        assert_eq!(traffic.requests as usize, stub.inferences());
        let image = (SIDE * SIDE * SIDE * 4) as u64;
        assert_eq!(traffic.sent < image, compress, "{traffic:?}");
        // Its embedding stays: a further click asks the decoder alone.
        let volume = volume();
        let ask = |there: &mut CubeSegmenter, count: usize| {
            let request = Request::new(volume.clone(), prompts()[..count].to_vec());
            there.run(&request, &CancelToken::new(), &mut |_| ()).unwrap()
        };
        ask(&mut there, 1);
        let before = stub.inferences();
        ask(&mut there, 1);
        assert_eq!(stub.inferences(), before + 1);
        assert!(stub.seen().last().unwrap().path().contains("decoder"));
    }
}

#[test]
fn a_model_in_half_precision_gets_and_gives_half_precision() {
    let expected = logits(&run(&mut here("tests/data/models/tiny"), 1).unwrap());
    let stub = Stub::tiny(Plan { half: true, ..Plan::default() });
    let found = logits(&run(&mut served(&stub.model()).unwrap(), 1).unwrap());
    let difference = difference(&found, &expected);
    assert!(difference > 0.0 && difference < 1e-2, "{difference}");
    let seen = stub.seen();
    let image = seen.iter().find(|s| s.path().ends_with("encoder/infer")).unwrap();
    assert_eq!(image.json()["inputs"][0]["datatype"], "FP16");
}

#[test]
fn the_same_decoder_is_used_here() {
    let decoder = repository("models/demo/decoder.onnx");
    let (_, sha256) = library::size_and_sha256(&decoder).unwrap();
    let expected = run(&mut here("models/demo"), 2).unwrap();
    for (note, decoded_here) in [(sha256, true), ("0".repeat(64), false)] {
        let notes = vec![("voxpoint_decoder_sha256", note)];
        let stub = Stub::start(&repository("models/demo"), Plan { notes, ..Plan::default() });
        let mut model = stub.model();
        // A model that takes a while.
        model.patience.answer = Duration::from_mins(2);
        let mut there = CubeSegmenter::served(&model, Some(1), &CancelToken::new()).unwrap();
        assert_eq!(there.device().reason.contains("the same decoder here"), decoded_here);
        let found = run(&mut there, 2).unwrap();
        assert!(difference(&logits(&found), &logits(&expected)) <= 1e-4);
        assert_eq!(found.region, expected.region);
        let asked = stub.seen().iter().filter(|s| s.path().ends_with("decoder/infer")).count();
        assert_eq!(asked == 0, decoded_here);
        if decoded_here {
            let all = ServedModel { decode_here: false, ..stub.model() };
            let there = served(&all).unwrap();
            assert!(!there.device().reason.contains("here"));
        }
    }
}

#[test]
fn nothing_of_the_scan_but_tensors_is_sent() {
    let stub = Stub::tiny(Plan::default());
    run(&mut served(&stub.model()).unwrap(), 2).unwrap();
    let known = [
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "content-type",
        "content-length",
        "inference-header-content-length",
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
        if seen.path().ends_with("/infer") {
            let json = seen.json();
            assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["inputs", "outputs"]);
            for input in json["inputs"].as_array().unwrap() {
                let keys: Vec<&String> = input.as_object().unwrap().keys().collect();
                assert_eq!(keys, ["datatype", "name", "parameters", "shape"]);
            }
        }
    }
}

#[test]
fn nothing_is_sent_before_somebody_has_agreed() {
    let stub = Stub::tiny(Plan::default());
    let model = ServedModel { agreed: false.into(), ..stub.model() };
    let error = run(&mut served(&model).unwrap(), 1).unwrap_err();
    assert!(matches!(error, SegmentError::Remote(RemoteError::NotAllowed { .. })), "{error}");
    assert!(error.to_string().contains("8.4 MB"), "{error}");
    assert_eq!(stub.inferences(), 0);
    let mut plain = stub.model();
    plain.address = "http://server.example".parse().unwrap();
    let error = served(&plain).err().unwrap();
    assert!(matches!(error, SegmentError::Remote(RemoteError::Plain(_))), "{error}");
}

/// What a server does with a click, and what of it is said.
const BAD_ANSWERS: &[(Act, &str)] = &[
    (
        Act::Status(400, "{\"error\":\"unexpected shape\"}"),
        "400 (it refuses the request), “unexpected shape”",
    ),
    (Act::Status(401, ""), "401 (access denied): ask its administrator"),
    (Act::Status(404, "<html>nginx</html>"), "404 (no such path or model): check the address"),
    (Act::Status(410, ""), "410 (gone)"),
    (Act::Status(413, "too large"), "413 (more than it takes at once), “too large”"),
    (
        Act::Status(500, "plain\ntext"),
        "500 (an error of the server), “plain text”: nothing is lost",
    ),
    (Act::Status(503, ""), "503 (busy, or not ready): nothing is lost, try again later"),
    (Act::Status(302, ""), "sends on to another address"),
    (Act::Silence, "did not answer within 4 s; nothing is lost"),
    (Act::Trickle, "did not answer within 4 s"),
    (Act::Close, "the connection to the server broke"),
    (Act::Half, "the connection to the server broke"),
    (Act::NoHttp, "not an answer of a KServe v2 server"),
    (Act::Text("<html>log in</html>"), "it sends no binary tensors"),
    (Act::Text(""), "it sends no binary tensors"),
    (Act::Nan, "not a number or infinite"),
    (Act::OtherShape, "as declared"),
    (Act::OtherName, "no output"),
    (Act::Huge, "the server sends more than the"),
    (Act::Endless, "the server sends more than the"),
    (Act::Bomb, "the server sends more than the"),
    (Act::Packed, "packed as br"),
];

#[test]
fn whatever_a_server_does_is_one_line_and_the_next_click_is_answered() {
    let stub = Stub::tiny(Plan::default());
    let mut there = served(&stub.model()).unwrap();
    let expected = run(&mut there, 1).unwrap().region;
    for &(act, said) in BAD_ANSWERS {
        let mut there = served(&stub.model()).unwrap();
        // As often as it is tried.
        stub.will(&[act; 3]);
        let error = run(&mut there, 1).unwrap_err().to_string();
        assert!(error.contains(said), "{act:?}: {error}");
        assert!(!error.contains('\n') && error.contains("http://localhost:"), "{act:?}: {error}");
        stub.will(&[]);
        assert_eq!(run(&mut there, 1).unwrap().region, expected, "{act:?}");
    }
}

#[test]
fn whatever_a_server_says_of_itself_wrongly_is_one_line() {
    for &(act, said) in BAD_ANSWERS {
        if matches!(act, Act::Nan | Act::OtherShape | Act::OtherName | Act::Text(_)) {
            continue;
        }
        let said =
            if act == Act::Status(400, "{\"error\":\"unexpected shape\"}") { "400" } else { said };
        let stub = Stub::tiny(Plan { facts: vec![act; 3], ..Plan::default() });
        let error = served(&stub.model()).err().unwrap().to_string();
        assert!(error.contains(said) && !error.contains('\n'), "{act:?}: {error}");
    }
    for text in ["", "<html>log in</html>", "[]", "{}", "{\"name\":7}", "null"] {
        let stub = Stub::tiny(Plan { facts: vec![Act::Text(text)], ..Plan::default() });
        let error = served(&stub.model()).err().unwrap().to_string();
        assert!(error.contains("not an answer of a KServe v2 server"), "{text}: {error}");
    }
}

#[test]
fn what_may_pass_is_tried_again() {
    let stub = Stub::tiny(Plan::default());
    let mut there = served(&stub.model()).unwrap();
    let before = stub.inferences();
    stub.will(&[
        Act::Status(503, "loading"),
        Act::Close,
        Act::Serve,
        Act::Half,
        Act::Status(429, ""),
    ]);
    run(&mut there, 1).unwrap();
    assert_eq!(stub.inferences() - before, 6);
    stub.will(&[Act::Status(500, "")]);
    assert!(run(&mut served(&stub.model()).unwrap(), 1).is_err());
}

#[test]
fn a_click_that_nobody_waits_for_is_given_up_at_once() {
    let stub = Stub::tiny(Plan { infer: vec![Act::Silence], ..Plan::default() });
    let mut model = stub.model();
    model.patience.answer = Duration::from_mins(10);
    let mut there = served(&model).unwrap();
    let cancel = CancelToken::new();
    let later = cancel.clone();
    let stop = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        later.cancel();
        Instant::now()
    });
    let request = Request::new(volume(), prompts()[..1].to_vec());
    let error = there.run(&request, &cancel, &mut |_| ()).unwrap_err();
    assert!(matches!(error, SegmentError::Cancelled), "{error}");
    let ended = Instant::now();
    let took = ended.saturating_duration_since(stop.join().unwrap());
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(run(&mut there, 1).is_ok(), "the next one is answered");
}

#[test]
fn models_that_do_not_fit_are_refused_before_the_first_click() {
    for (instead, said) in [
        (("[1,1,128,128,128]", "[1,1,96,96,96]"), "one input image"),
        (("\"image\"", "\"picture\""), "one input image"),
        (("\"point_coords\"", "\"coords\""), "input point_coords"),
        (("\"mask_logits\"", "\"logits\""), "output mask_logits"),
        (
            ("\"FP32\",\"name\":\"point_labels\"", "\"BYTES\",\"name\":\"point_labels\""),
            "input point_labels",
        ),
        (("\"iou\"", "\"score\""), "output iou"),
    ] {
        let stub = Stub::tiny(Plan { instead: Some(instead), ..Plan::default() });
        let error = served(&stub.model()).err().unwrap().to_string();
        assert!(error.contains("the model does not fit"), "{instead:?}: {error}");
        assert!(error.contains(said) && error.contains("/v2/models/sam_med3d_"), "{error}");
        assert!(!error.contains('\n'));
    }
}

#[test]
fn models_are_found_by_their_names() {
    let names = Some(["liver_encoder", "liver_decoder"]);
    let stub = Stub::tiny(Plan { names, ..Plan::default() });
    let there = served(&stub.model()).unwrap();
    assert_eq!(there.model_name(), "liver");
    let models = |names: [&str; 2]| Some(names.map(str::to_owned));
    let wrong = ServedModel { models: models(["lung_encoder", "lung_decoder"]), ..stub.model() };
    let error = served(&wrong).err().unwrap().to_string();
    assert!(
        error.contains("no models lung_encoder and lung_decoder, but has liver_encoder"),
        "{error}"
    );
    let names = Some(["first", "second"]);
    let stub = Stub::tiny(Plan { names, ..Plan::default() });
    assert!(served(&stub.model()).is_err());
    let odd = ServedModel { models: models(["../x", "y"]), ..stub.model() };
    assert!(served(&odd).is_err());
    assert!(stub.seen().iter().all(|seen| !seen.path().contains("..")));
}

#[test]
fn nobody_there_is_one_line() {
    let stub = Stub::tiny(Plan::default());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (url, said) in [
        (format!("http://127.0.0.1:{free}"), "nobody listens there"),
        ("https://no-such-host.invalid".to_owned(), "cannot be reached"),
        (format!("https://localhost:{}", stub.port), "it does not speak https"),
    ] {
        let mut model = stub.model();
        model.address = url.parse().unwrap();
        let error = served(&model).err().unwrap().to_string();
        assert!(error.contains(said) && error.contains(&url), "{url}: {error}");
    }
}

#[test]
fn only_servers_that_are_trusted_are_asked() {
    let data = |name: &str| repository("tests/data/tls").join(name);
    let der = CertificateDer::from_pem_file(data("server.pem")).unwrap();
    let key = ParsedCertificate::try_from(&der).unwrap();
    let key = sha256_of_bytes(key.subject_public_key_info().as_ref());
    let certificate = sha256_of_bytes(&der);
    let stub =
        Stub::tiny(Plan { tls: Some([data("server.pem"), data("server.key")]), ..Plan::default() });
    let open = |authority: Option<PathBuf>, pin: Option<&str>| {
        let pin = pin.map(|pin| pin.parse().unwrap());
        let trust = ServerTrust { authority, pin, plain: false };
        served(&ServedModel { trust, ..stub.model() })
    };
    let said = |authority, pin| open(authority, pin).err().unwrap().to_string();
    assert!(said(None, None).contains("signed by nobody who is trusted here"));
    let mut there = open(Some(data("ca.pem")), None).unwrap();
    let expected = run(&mut here("tests/data/models/tiny"), 2).unwrap();
    assert_eq!(run(&mut there, 2).unwrap().region, expected.region);
    assert!(open(None, Some(&certificate)).is_ok() && open(None, Some(&key)).is_ok());
    assert!(open(Some(data("ca.pem")), Some(&key)).is_ok());
    let wrong = "ab".repeat(32);
    for authority in [None, Some(data("ca.pem"))] {
        let error = said(authority, Some(&wrong));
        assert!(error.contains("not the server that is wanted"), "{error}");
        assert!(error.contains(&certificate) && error.contains(&key), "{error}");
    }
    // A fingerprint does not stand for an authority that was named.
    assert!(said(Some(data("server.pem")), Some(&certificate)).contains("no trusted connection"));
    for (file, what) in
        [("server.key", "it holds none"), ("none.pem", "no certificate can be read")]
    {
        let error = said(Some(data(file)), None);
        assert!(error.contains(what), "{file}: {error}");
    }
    // Nothing but the three questions of each connection that was trusted, and no secret in them.
    assert!(stub.seen().iter().all(|seen| seen.field("authorization").is_none()));
}
