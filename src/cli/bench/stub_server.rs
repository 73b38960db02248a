//! A server without a model: answers with tensors as large as SAM-Med3D's, at once or after a fixed time.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;

use crate::segment::cubes::SIDE;
use crate::segment::remote::ENCODER;

/// Of SAM-Med3D: the embedding, and the side of its logits.
const EMBEDDING: [usize; 5] = [1, 384, 8, 8, 8];
const LOGITS: usize = 32;

/// How long it takes for an answer.
#[derive(Debug, Default)]
pub struct Service {
    /// Of the encoder, and of the decoder.
    pub takes: [Duration; 2],
    /// It does one request at a time, as one graphics card does; else all that come.
    pub one_by_one: bool,
    turn: Mutex<()>,
}

impl Service {
    /// One that takes so long, the decoder a tenth of it.
    pub fn taking(encoder: Duration, one_by_one: bool) -> Self {
        Self { takes: [encoder, encoder / 10], one_by_one, turn: Mutex::default() }
    }

    fn compute(&self, encoder: bool) {
        let [encodes, decodes] = self.takes;
        let takes = if encoder { encodes } else { decodes };
        let _turn =
            self.one_by_one.then(|| self.turn.lock().unwrap_or_else(PoisonError::into_inner));
        if !takes.is_zero() {
            std::thread::sleep(takes);
        }
    }
}

/// The first line of a message and the length of its body.
pub fn head(from: &mut BufReader<TcpStream>) -> std::io::Result<(String, usize)> {
    let (mut first, mut length) = (String::new(), 0);
    from.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line)? <= 2 {
            return Ok((first, length));
        }
        if let Some((key, value)) = line.split_once(':')
            && key.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
}

/// Starts one on a port of its own, until the program ends.
pub fn start(service: Service) -> anyhow::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port for a server")?;
    let port = listener.local_addr()?.port();
    let service = Arc::new(service);
    std::thread::Builder::new().name("bench server".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            // Each connection on its own: that of the program stays open.
            let service = Arc::clone(&service);
            std::thread::spawn(move || serve(&stream, &service));
        }
    })?;
    Ok(port)
}

/// Answers each request, until the connection ends.
fn serve(stream: &TcpStream, service: &Service) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut out = stream.try_clone().ok()?;
    let mut from = BufReader::with_capacity(1 << 18, stream.try_clone().ok()?);
    let numbers = |count: usize| 0.5f32.to_le_bytes().repeat(count);
    let encoded = tensors(&[("image_embedding", &EMBEDDING)], &numbers(EMBEDDING.iter().product()));
    let logits = [1, 1, LOGITS, LOGITS, LOGITS];
    let decoded =
        tensors(&[("mask_logits", &logits), ("iou", &[1, 1])], &numbers(LOGITS.pow(3) + 1));
    let mut body = Vec::new();
    loop {
        let (first, length) = head(&mut from).ok()?;
        if first.is_empty() {
            return None;
        }
        body.resize(length, 0);
        from.read_exact(&mut body).ok()?;
        let path = first.split(' ').nth(1).unwrap_or_default();
        let (json, content) = match path {
            "/v2" => (0, r#"{"name":"bench","version":"1"}"#.into()),
            path if path.ends_with("/infer") && path.contains(ENCODER) => encoded.clone(),
            path if path.ends_with("/infer") => decoded.clone(),
            path if path.ends_with("/ready") => (0, Vec::new()),
            path if path.ends_with("/config") => (0, b"{}".to_vec()),
            path => (0, description(path.contains(ENCODER)).into_bytes()),
        };
        if path.ends_with("/infer") {
            service.compute(path.contains(ENCODER));
        }
        let extra = match json {
            0 => String::new(),
            n => format!("Inference-Header-Content-Length: {n}\r\n"),
        };
        write!(out, "HTTP/1.1 200 OK\r\n{extra}Content-Length: {}\r\n\r\n", content.len()).ok()?;
        out.write_all(&content).ok()?;
    }
}

/// What the models take and give.
fn description(encoder: bool) -> String {
    let port = |name: &str, datatype: &str, shape: &[i64]| serde_json::json!({ "name": name, "datatype": datatype, "shape": shape });
    let side = LOGITS as i64;
    let embedding = port("image_embedding", "FP32", &EMBEDDING.map(|n| n as i64));
    let cube = |name: &str, n: i64| port(name, "FP32", &[1, 1, n, n, n]);
    let (inputs, outputs) = if encoder {
        (vec![cube("image", SIDE as i64)], vec![embedding])
    } else {
        let coords = port("point_coords", "FP32", &[1, -1, 3]);
        let labels = port("point_labels", "INT64", &[1, -1]);
        let iou = port("iou", "FP32", &[1, 1]);
        let inputs = vec![embedding, coords, labels, cube("prev_mask", side)];
        (inputs, vec![cube("mask_logits", side), iou])
    };
    serde_json::json!({ "platform": "none", "inputs": inputs, "outputs": outputs }).to_string()
}

/// An answer and how long its JSON is.
fn tensors(outputs: &[(&str, &[usize])], numbers: &[u8]) -> (usize, Vec<u8>) {
    let described = outputs.iter().map(|(name, shape)| {
        let size = 4 * shape.iter().product::<usize>();
        serde_json::json!({
            "name": name, "datatype": "FP32", "shape": shape,
            "parameters": { "binary_data_size": size },
        })
    });
    let json = serde_json::json!({ "outputs": described.collect::<Vec<_>>() }).to_string();
    (json.len(), [json.as_bytes(), numbers].concat())
}
