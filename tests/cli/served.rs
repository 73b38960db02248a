//! Models on a server, as the command line asks them: nothing without a yes, and what is told then.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::{Run, lps, names, nifti, voxpoint, write_scan};

/// A request.
struct Asked {
    path: String,
    /// All before its body.
    head: String,
    body: Vec<u8>,
}

type Log = Mutex<Vec<Asked>>;

/// A server whose model finds everything: all logits are 1.
pub struct Server {
    port: u16,
    seen: Arc<Log>,
    /// So many more inferences are done; then every connection is closed without a word.
    left: Arc<AtomicUsize>,
    /// To so many more it says that it is busy.
    busy: Arc<AtomicUsize>,
}

const SIDE: usize = 32;

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, seen) = (listener.local_addr().unwrap().port(), Arc::default());
        let log: Arc<Log> = Arc::clone(&seen);
        let left = Arc::new(AtomicUsize::new(usize::MAX));
        let busy = Arc::new(AtomicUsize::new(0));
        let of_all = (Arc::clone(&left), Arc::clone(&busy));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, of_all) = (log.clone(), of_all.clone());
                std::thread::spawn(move || serve(stream, &log, (&of_all.0, &of_all.1)));
            }
        });
        Self { port, seen, left, busy }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// As it tells it.
    pub fn device(&self) -> String {
        format!("server 127.0.0.1:{}", self.port)
    }

    pub fn inferences(&self) -> usize {
        self.seen.lock().unwrap().iter().filter(|asked| asked.path.ends_with("/infer")).count()
    }

    /// Whether anything was asked of it.
    pub fn was_asked(&self) -> bool {
        !self.seen.lock().unwrap().is_empty()
    }

    /// Goes away after so many more inferences.
    pub fn goes_after(&self, inferences: usize) {
        self.left.store(inferences, Ordering::SeqCst);
    }

    /// Is busy for so many requests.
    pub fn is_busy_for(&self, requests: usize) {
        self.busy.store(requests, Ordering::SeqCst);
    }
}

/// One less; whether there was one.
fn take(count: &AtomicUsize) -> bool {
    let less = |n: usize| n.checked_sub(1);
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
}

fn serve(stream: TcpStream, log: &Log, (left, busy): (&AtomicUsize, &AtomicUsize)) -> Option<()> {
    let mut out = stream.try_clone().ok()?;
    let mut from = BufReader::new(stream);
    loop {
        let (mut first, mut length) = (String::new(), 0);
        from.read_line(&mut first).ok()?;
        let mut head = first.clone();
        loop {
            let mut line = String::new();
            if from.read_line(&mut line).ok()? <= 2 {
                break;
            }
            head.push_str(&line);
            if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = n.trim().parse().unwrap();
            }
        }
        let path = first.split(' ').nth(1)?.to_owned();
        let mut body = vec![0; length];
        from.read_exact(&mut body).ok()?;
        if left.load(Ordering::SeqCst) == 0 || (path.ends_with("/infer") && !take(left)) {
            return None;
        }
        if path.ends_with("/infer") && take(busy) {
            write!(out, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n").ok()?;
            continue;
        }
        let (lines, content) = answer(&path);
        log.lock().unwrap().push(Asked { path, head, body });
        write!(out, "HTTP/1.1 200 OK\r\n{lines}Content-Length: {}\r\n\r\n", content.len()).ok()?;
        out.write_all(&content).ok()?;
    }
}

fn answer(path: &str) -> (String, Vec<u8>) {
    let port = |name: &str, shape: &str| {
        format!(r#"{{"name":"{name}","datatype":"FP32","shape":{shape}}}"#)
    };
    let (embedding, cube) = (port("embedding", "[1,4]"), format!("[1,1,{SIDE},{SIDE},{SIDE}]"));
    let encoder = path.contains("encoder");
    let text = if path == "/v2" {
        r#"{"name":"stub","version":"7"}"#.to_owned()
    } else if path.ends_with("/index") {
        r#"[{"name":"sam_med3d_encoder","state":"READY"},{"name":"sam_med3d_decoder","state":"READY"}]"#
            .to_owned()
    } else if path.ends_with("/infer") {
        let outputs: &[(&str, &str, usize)] = if encoder {
            &[("embedding", "[1,4]", 4)]
        } else {
            &[("mask_logits", &cube, SIDE * SIDE * SIDE), ("iou", "[1,1]", 1)]
        };
        let described: Vec<String> = outputs
            .iter()
            .map(|(name, shape, count)| {
                let size = 4 * count;
                format!(
                    r#"{{"name":"{name}","datatype":"FP32","shape":{shape},"parameters":{{"binary_data_size":{size}}}}}"#
                )
            })
            .collect();
        let json = format!(r#"{{"outputs":[{}]}}"#, described.join(","));
        let count: usize = outputs.iter().map(|(.., count)| count).sum();
        let head = format!("Inference-Header-Content-Length: {}\r\n", json.len());
        return (head, [json.into_bytes(), 1f32.to_le_bytes().repeat(count)].concat());
    } else if path.ends_with("/ready") || path.ends_with("/config") {
        "{}".to_owned()
    } else if encoder {
        let image = port("image", "[1,1,128,128,128]");
        format!(r#"{{"platform":"p","inputs":[{image}],"outputs":[{embedding}]}}"#)
    } else {
        let inputs = [
            embedding,
            port("point_coords", "[1,-1,3]"),
            port("point_labels", "[1,-1]"),
            port("prev_mask", &cube),
        ];
        let outputs = [port("mask_logits", &cube), port("iou", "[1,1]")];
        format!(
            r#"{{"platform":"p","inputs":[{}],"outputs":[{}]}}"#,
            inputs.join(","),
            outputs.join(",")
        )
    };
    (String::new(), text.into_bytes())
}

/// A scan whose header says who it is of.
fn scan(folder: &Path) -> PathBuf {
    let path = folder.join("GEHEIM_1970.nii");
    let voxels: Vec<u8> =
        (0..20 * 20 * 20u32).flat_map(|n| (1 + (n % 50) as i16).to_le_bytes()).collect();
    let mut file = nifti([20; 3], 4, 16, lps(1.5), &voxels);
    file[148..160].copy_from_slice(b"GEHEIM^NAME ");
    std::fs::write(&path, file).unwrap();
    path
}

fn segment(folder: &Path, scan: &Path, more: &[&str]) -> Run {
    // In the middle of the scan above; of a single slice.
    let at = if scan.extension().is_some_and(|e| e == "dcm") { "64,64,0" } else { "10,10,10" };
    let (scan, out) = (scan.display().to_string(), folder.join("mask.nii").display().to_string());
    let mut arguments =
        vec!["segment", scan.as_str(), "--space", "voxel", "--point", at, "--out", out.as_str()];
    arguments.extend(more);
    voxpoint(&arguments)
}

#[test]
fn a_server_is_asked_only_after_a_yes_and_gets_nothing_of_the_header() {
    let folder = tempfile::tempdir().unwrap();
    let (scan, server) = (scan(folder.path()), Server::start());
    let url = server.url();
    let refused = segment(folder.path(), &scan, &["--model", &url]);
    let error = refused.failed(2);
    assert!(error.contains("nothing was sent") && error.contains("8.4 MB"), "{error}");
    assert!(error.contains("--send-voxels") && error.contains(&url), "{error}");
    assert!(server.seen.lock().unwrap().is_empty(), "not even asked");
    assert_eq!(names(folder.path()), ["GEHEIM_1970.nii"]);

    let done = segment(folder.path(), &scan, &["--model", &url, "--send-voxels", "--json"]).json();
    assert_eq!(done["voxels"], 8000);
    assert_eq!(done["device"], server.device());
    assert_eq!(done["device_reason"], "sam_med3d_encoder of stub 7");
    assert_eq!(done["server"]["requests"], 2);
    assert!(done["server"]["sent"].as_u64().unwrap() > 8_388_608);
    assert!(done["server"]["network_ms"].as_f64().unwrap() >= 0.0);
    assert!(done["server"]["server_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(server.inferences(), 2);
    keeps(&server, &["GEHEIM"]);
    let table = segment(folder.path(), &scan, &["--model", &url, "--send-voxels", "--pack"]);
    assert!(table.stdout.contains("2 requests, "), "{table:?}");
}

/// Nothing that came has one of these texts in it.
fn keeps(server: &Server, secrets: &[&str]) {
    for asked in server.seen.lock().unwrap().iter() {
        let all = [asked.head.as_bytes(), &asked.body].concat();
        for secret in secrets.iter().map(|secret| secret.as_bytes()) {
            let found = all.windows(secret.len()).any(|part| part.eq_ignore_ascii_case(secret));
            assert!(!found, "{}: {}", asked.path, String::from_utf8_lossy(secret));
        }
    }
}

/// A DICOM file says who, when and where; all of it stays here.
#[test]
fn nothing_of_a_dicom_files_tags_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom/pydicom/CT_small.dcm");
    let scan = folder.path().join("GEHEIM_1970.dcm");
    std::fs::copy(file, &scan).unwrap();
    let bytes = std::fs::read(&scan).unwrap();
    let server = Server::start();
    let url = server.url();
    let more = ["--model", &url, "--send-voxels", "--json"];
    let done = segment(folder.path(), &scan, &more);
    assert_eq!(done.json()["device"], server.device());
    assert!(server.inferences() >= 2);
    // Patient, identifiers, dates and times, institution, station, makers, descriptions, study, series, image, frame.
    let tags = [
        "CompressedSamples",
        "20040119",
        "19970430",
        "072730",
        "112936",
        "JFK IMAGING",
        "CT01_OC0",
        "GE MEDICAL",
        "RHAPSODE",
        "ISOVUE300",
        "1.3.6.1.4.1.5962",
        "12322",
        "STANDARD",
    ];
    for tag in tags {
        let there = bytes.windows(tag.len()).any(|part| part == tag.as_bytes());
        assert!(there, "{tag} is in the file, or this shows nothing");
    }
    keeps(&server, &[&tags[..], &["GEHEIM"]].concat());
}

#[test]
fn what_a_server_has_is_told() {
    let server = Server::start();
    let told = voxpoint(&["model", "info", &server.url(), "--json"]).json();
    assert_eq!((&told["server"], &told["problem"]), (&"stub 7".into(), &serde_json::Value::Null));
    assert_eq!(told["models"][0]["inputs"][0], "image f32[1,1,128,128,128]");
    let other = ["model", "info", &server.url(), "--server-models", "a/b,c"];
    let told = voxpoint(&other);
    assert!(
        told.stdout.contains("problem") && told.stdout.contains("no models a/b and c"),
        "{told:?}"
    );
    assert_eq!(server.inferences(), 0);
}

#[test]
fn addresses_that_are_refused_are_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let scan = folder.path().join("scan.nii");
    write_scan(&scan, [20; 3], 2.0, |[x, ..]| x + 1);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("http://127.0.0.1:{nobody}");
    for (model, more, code, said) in [
        ("https://me:geheim@gpu.example", &["--send-voxels"][..], 2, "user name or a password"),
        ("https://gpu.example?key=geheim", &["--send-voxels"], 2, "nothing may follow after ?"),
        ("http://gpu.example", &["--send-voxels"], 2, "--plain-http"),
        ("https://gpu.example", &["--send-voxels", "--server-pin", "12"], 2, "64 hexadecimal"),
        (
            "https://gpu.example",
            &["--send-voxels", "--server-ca", "/none.pem"],
            1,
            "no certificate",
        ),
        (nobody.as_str(), &["--send-voxels"], 1, "nobody listens there"),
        ("models/demo", &["--send-voxels"], 2, "for a model at an address"),
    ] {
        let run = segment(folder.path(), &scan, &[&["--model", model], more].concat());
        let error = run.failed(code);
        assert!(error.contains(said) && !error.contains("geheim"), "{model}: {error}");
    }
    assert_eq!(names(folder.path()), ["scan.nii"]);
    let embed = voxpoint(&[
        "embed",
        scan.to_str().unwrap(),
        "--point",
        "1,1,1",
        "--out",
        "x.npy",
        "--model",
        &nobody,
    ]);
    assert!(embed.failed(1).contains("only “segment” and “batch” ask servers"));
    let window = voxpoint(&["--model", "https://me:geheim@gpu.example"]);
    let refused = window.failed(2);
    assert!(refused.contains("user name or a password") && !refused.contains("geheim"));
    for option in ["--key-file", "--server-ca"] {
        let window = voxpoint(&["--model", "https://gpu.example", option, "/none"]);
        assert!(window.failed(1).contains("there is no such file or command"), "{option}");
    }
    assert!(voxpoint(&["info", nobody.as_str()]).failed(1).contains("model info"));
}

#[test]
fn a_repository_for_triton_has_both_networks_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (tiny, out) = (top.join("tests/data/models/tiny"), folder.path().join("models"));
    let export = |model: &Path, more: &[&str]| {
        let (model, out) = (model.display().to_string(), out.display().to_string());
        let mut arguments = vec!["model", "export", model.as_str(), "--triton", out.as_str()];
        arguments.extend(more);
        voxpoint(&arguments)
    };
    assert_eq!(export(&tiny, &[]).code, 0);
    assert_eq!(names(&out), ["sam_med3d_decoder", "sam_med3d_encoder"]);
    for part in ["encoder", "decoder"] {
        let place = out.join(format!("sam_med3d_{part}"));
        assert_eq!(names(&place), ["1", "config.pbtxt"]);
        let same = std::fs::read(place.join("1/model.onnx")).unwrap();
        assert_eq!(same, std::fs::read(tiny.join(format!("{part}.onnx"))).unwrap());
    }
    let config = std::fs::read_to_string(out.join("sam_med3d_decoder/config.pbtxt")).unwrap();
    for line in [
        "name: \"sam_med3d_decoder\"",
        "backend: \"onnxruntime\"",
        "max_batch_size: 0",
        "input [ { name: \"point_coords\" data_type: TYPE_FP32 dims: [ 1, -1, 3 ] } ]",
        "output [ { name: \"iou\" data_type: TYPE_FP32 dims:",
        "parameters: { key: \"voxpoint_decoder_sha256\" value: { string_value: \"",
    ] {
        assert!(config.contains(line), "{line}\n{config}");
    }
    // An earlier export is replaced, a checkpoint is made a pair on the way, what is of others stays.
    let official = top.join("tests/data/models/tiny_official.pth");
    assert_eq!(export(&official, &[]).code, 0);
    let config = std::fs::read_to_string(out.join("sam_med3d_decoder/config.pbtxt")).unwrap();
    assert!(
        config.contains("voxpoint_weights_sha256") && config.contains("TYPE_INT64"),
        "{config}"
    );
    std::fs::write(out.join("sam_med3d_encoder/config.pbtxt"), "name: \"mine\"").unwrap();
    assert!(export(&tiny, &[]).failed(1).contains("not of an earlier export"));
    assert_eq!(export(&tiny, &["--force"]).code, 0);
    let pair =
        voxpoint(&["model", "export", tiny.to_str().unwrap(), folder.path().to_str().unwrap()]);
    assert!(pair.failed(2).contains("only a checkpoint"));
}
