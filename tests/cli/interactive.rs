//! A server of nnInteractive, as the command line asks it: nothing without a yes for the whole scan, and what is told then.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::support::{Run, lps, names, nifti, voxpoint};

/// Path and headers of each request.
type Log = Mutex<Vec<(String, String)>>;

/// A server whose model finds a box of 2 × 3 × 4 voxels at slice 5, row 6, column 7.
struct Server {
    url: String,
    log: Arc<Log>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let log: Arc<Log> = Arc::default();
        let shared = Arc::clone(&log);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let log = shared.clone();
                std::thread::spawn(move || serve(stream, &log));
            }
        });
        Self { url: format!("nninteractive+http://127.0.0.1:{port}"), log }
    }

    fn paths(&self) -> Vec<String> {
        self.log.lock().unwrap().iter().map(|(path, _)| path.clone()).collect()
    }
}

fn serve(stream: TcpStream, log: &Log) -> Option<()> {
    let mut out = stream.try_clone().ok()?;
    let mut from = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if from.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
        let mut body = vec![0; length.map_or(0, |n| n.trim().parse().unwrap())];
        from.read_exact(&mut body).ok()?;
        let path = head.split(' ').nth(1)?.to_owned();
        let (more, content) = answer(&path);
        log.lock().unwrap().push((path, head));
        write!(out, "HTTP/1.1 200 OK\r\n{more}Content-Length: {}\r\n\r\n", content.len()).ok()?;
        out.write_all(&content).ok()?;
    }
}

fn answer(path: &str) -> (String, Vec<u8>) {
    let text = match path {
        "/claim" => {
            r#"{"lease_token":"abc","idle_timeout_seconds":600,"liveness_timeout_seconds":60,"max_sessions":3}"#
        }
        "/capabilities" => {
            r#"{"supported_interactions":{"points":true,"lasso":true,"bbox3d":false},"supports_initial_label":true,
            "inference_session_version":"v2","license":"CC BY-NC-SA 4.0","patch_size":[192,192,192],"do_autozoom":true}"#
        }
        "/add_point_interaction" => {
            let meta = r#"{"ran_prediction":true,"bbox":[[5,7],[6,9],[7,11]],"dtype":"uint8","shape":[2,3,4]}"#;
            return (format!("X-Meta: {meta}\r\n"), array([2, 3, 4]));
        }
        _ => "{}",
    };
    (String::new(), text.as_bytes().to_vec())
}

/// A mask of ones, in one chunk that is stored as it is.
fn array(shape: [u8; 3]) -> Vec<u8> {
    let count: u8 = shape.iter().product();
    let mut frame = b"NNIA\x01\x01\x03\x05uint8".to_vec();
    for n in shape {
        frame.extend(u64::from(n).to_le_bytes());
    }
    frame.extend(1u32.to_le_bytes());
    for n in [count, count + 32] {
        frame.extend(u64::from(n).to_le_bytes());
    }
    frame.extend([5, 1, 7, 1]);
    for n in [count, count, count + 32] {
        frame.extend(u32::from(n).to_le_bytes());
    }
    frame.extend([0; 16]);
    frame.extend(vec![1; count.into()]);
    frame
}

fn segment(folder: &Path, more: &[&str]) -> Run {
    // A scan whose header says who it is of.
    let scan = folder.join("GEHEIM_1970.nii");
    let voxels: Vec<u8> = (0..20 * 20 * 20).flat_map(|n: i16| n.to_le_bytes()).collect();
    let mut file = nifti([20; 3], 4, 16, lps(1.5), &voxels);
    file[148..160].copy_from_slice(b"GEHEIM^NAME ");
    std::fs::write(&scan, file).unwrap();
    let (scan, out) = (scan.display().to_string(), folder.join("mask.nii").display().to_string());
    let fixed =
        ["segment", scan.as_str(), "--space", "voxel", "--point", "8,7,6", "--out", out.as_str()];
    voxpoint(&[&fixed[..], more].concat())
}

#[test]
fn the_whole_scan_is_sent_only_after_a_yes_for_it() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    let refused = segment(folder.path(), &["--model", &server.url]);
    let error = refused.failed(2);
    assert!(error.contains("nothing was sent: the whole scan, 16.0 kB of image values"), "{error}");
    assert!(error.contains("--send-voxels") && error.contains(&server.url), "{error}");
    assert!(server.paths().is_empty(), "not even asked");
    let there = ["--model", &server.url, "--send-voxels"];
    let done = segment(folder.path(), &[&there[..], &["--json"]].concat()).json();
    assert_eq!(done["voxels"], 24);
    assert_eq!(done["device"], server.url.replace("nninteractive+http://", "server "));
    assert!(done["device_reason"].as_str().unwrap().contains("CC BY-NC-SA 4.0"));
    assert!(done["server"]["sent"].as_u64().unwrap() > 16_000);
    let asked = ["/claim", "/capabilities", "/set_image", "/set_target_buffer"];
    let more = ["/reset_interactions", "/add_point_interaction", "/release"];
    assert_eq!(server.paths(), [&asked[..], &more].concat());
    for (_, head) in server.log.lock().unwrap().iter() {
        assert!(!head.contains("GEHEIM"), "{head}");
    }
    let mask = std::fs::read(folder.path().join("mask.nii")).unwrap();
    let labels = &mask[mask.len() - 20 * 20 * 20 * (mask.len() / 8000)..];
    let width = labels.len() / 8000;
    let inside =
        (0..8000).filter(|n| labels[n * width] != 0).map(|n| [n % 20, n / 20 % 20, n / 400]);
    let inside: Vec<[usize; 3]> = inside.collect();
    assert_eq!(
        (inside[0], inside[23]),
        ([7, 6, 5], [10, 8, 6]),
        "x, y, z of the first and the last"
    );
    let table = segment(folder.path(), &there);
    assert!(table.stdout.contains("24 voxels") && !table.stdout.contains("cubes"), "{table:?}");
}

#[test]
fn what_such_a_server_has_is_told() {
    let server = Server::start();
    let told = voxpoint(&["model", "info", &server.url, "--json"]).json();
    assert_eq!(
        (&told["licence"], &told["session_version"]),
        (&"CC BY-NC-SA 4.0".into(), &"v2".into())
    );
    assert_eq!(told["interactions"], serde_json::json!(["lasso", "points"]));
    let table = voxpoint(&["model", "info", &server.url]).stdout;
    for line in ["version       v2", "licence       CC BY-NC-SA 4.0", "takes         lasso, points"]
    {
        assert!(table.contains(line), "{table}");
    }
    assert_eq!(server.paths(), ["/claim", "/capabilities", "/release"].repeat(2));
}

#[cfg(unix)]
#[test]
fn what_is_asked_in_vain_is_refused_in_one_line() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    let key = folder.path().join("key");
    std::fs::write(&key, "geheim").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let key = key.display().to_string();
    for (more, code, said) in [
        (&["--extend"][..], 2, "there is no --extend"),
        (&["--threshold", "0.4"], 2, "there is no --threshold"),
        (&["--working-scale", "3"], 2, "there is no --working-scale"),
        (&["--rule", "authors"], 2, "there is no --rule"),
        (&["--logits", "x.nii"], 2, "there is no --logits"),
        (&["--pack"], 2, "there is no --pack"),
        (&["--decode-there"], 2, "there is no --decode-there"),
        (&["--server-models", "a,b"], 2, "leave --server-models out"),
        (&["--key-file", &key], 1, "other users can read or write it; chmod 600"),
    ] {
        let run =
            segment(folder.path(), &[&["--model", &server.url, "--send-voxels"], more].concat());
        let error = run.failed(code);
        assert!(error.contains(said) && !error.contains("geheim"), "{more:?}: {error}");
    }
    assert!(server.paths().is_empty());
    assert_eq!(names(folder.path()), ["GEHEIM_1970.nii", "key"]);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let there = ["--model", &server.url, "--send-voxels", "--key-file", &key];
    assert_eq!(segment(folder.path(), &there).code, 0);
    let log = server.log.lock().unwrap();
    let carries = |head: &str| head.to_ascii_lowercase().contains("authorization: bearer geheim");
    assert!(log.len() > 5 && log.iter().all(|(_, head)| carries(head)));
}
