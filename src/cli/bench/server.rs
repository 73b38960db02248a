//! What a click costs that a server answers, beside the server and the wire: a server on this machine that answers at
//! once, with tensors as large as SAM-Med3D's, is asked by the program and by a bare socket in turn.

use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use anyhow::Context as _;
use serde::Serialize;

use super::clicks::Clicks;
use super::{median, synthetic, timed};
use crate::segment::cubes::{CubeSegmenter, SIDE};
use crate::segment::remote::{DECODER, ENCODER, ServedModel};
use crate::work::CancelToken;

/// Of SAM-Med3D: the embedding, and the side of its logits.
const EMBEDDING: [usize; 5] = [1, 384, 8, 8, 8];
const LOGITS: usize = 32;

/// Medians, in milliseconds.
#[derive(Debug, Serialize)]
pub struct ServerTimes {
    /// A first click: all of it, what the server is asked for in it, and a bare socket with the same bytes.
    first_click_ms: f64,
    first_asked_ms: f64,
    first_socket_ms: f64,
    /// A further click.
    further_click_ms: f64,
    further_asked_ms: f64,
    further_socket_ms: f64,
    /// What the program adds to the socket: to a first click, and to a further one.
    first_overhead_ms: f64,
    further_overhead_ms: f64,
    /// Bytes there and back, of a first click.
    sent: u64,
    received: u64,
}

/// Clicks in a synthetic scan, each time in another cube.
pub fn measure(size: [usize; 3], repeat: usize) -> anyhow::Result<ServerTimes> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port for a server")?;
    let port = listener.local_addr()?.port();
    std::thread::Builder::new().name("bench server".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            // Each connection on its own: that of the program stays open.
            std::thread::spawn(move || serve(&stream));
        }
    })?;
    let served = ServedModel::at(format!("http://127.0.0.1:{port}").parse()?);
    served.agreed.set(true);
    let mut segmenter = CubeSegmenter::served(&served, None)?;
    let mut socket = Socket::open(port)?;
    let clicks = Clicks::new(Arc::new(synthetic::volume(size)?));
    let never = CancelToken::new();
    let mut samples: [Vec<f64>; 6] = Default::default();
    let (mut sent, mut received) = (0, 0);
    for n in 0..repeat {
        let first = clicks.first(n);
        let (outcome, click_ms) = timed(|| segmenter.run(&first, &never, &mut |_| ()));
        let outcome = outcome?;
        let times = &outcome.timings;
        let asked = times.encode.unwrap_or(0.0) + times.decode.iter().sum::<f64>();
        let traffic = times.traffic.unwrap_or_default();
        (sent, received) = (traffic.sent, traffic.received);
        let further = clicks.further(&first, outcome.answer);
        let (second, further_ms) = timed(|| segmenter.run(&further, &never, &mut |_| ()));
        let second = second?;
        let decoded = second.timings.decode.iter().sum::<f64>();
        let part = second.timings.traffic.unwrap_or_default().sent;
        // The same bytes: of the first click in two requests.
        let (told, encoder_ms) = timed(|| socket.ask(ENCODER, sent.saturating_sub(part)));
        told?;
        let (told, decoder_ms) = timed(|| socket.ask(DECODER, part));
        told?;
        let all = [click_ms, asked, encoder_ms + decoder_ms, further_ms, decoded, decoder_ms];
        samples.iter_mut().zip(all).for_each(|(all, one)| all.push(one));
    }
    let [first, asked, socket, further, decoded, decoder] =
        samples.each_ref().map(|all| median(all));
    let over = |ours: usize, theirs: usize| {
        let pairs = samples[ours].iter().zip(&samples[theirs]);
        median(&pairs.map(|(a, b)| a - b).collect::<Vec<_>>())
    };
    Ok(ServerTimes {
        first_click_ms: first,
        first_asked_ms: asked,
        first_socket_ms: socket,
        further_click_ms: further,
        further_asked_ms: decoded,
        further_socket_ms: decoder,
        first_overhead_ms: over(1, 2),
        further_overhead_ms: over(4, 5),
        sent,
        received,
    })
}

impl ServerTimes {
    pub fn lines(&self) -> Vec<String> {
        let line = |what: &str, all: f64, asked: f64, socket: f64, over: f64| {
            format!(
                "server: {what} {all:.0} ms, of which asking {asked:.1} ms; a bare socket {socket:.1} ms, so {over:.1} ms more"
            )
        };
        let (f, g) = ("first click", "further click");
        vec![
            line(
                f,
                self.first_click_ms,
                self.first_asked_ms,
                self.first_socket_ms,
                self.first_overhead_ms,
            ),
            line(
                g,
                self.further_click_ms,
                self.further_asked_ms,
                self.further_socket_ms,
                self.further_overhead_ms,
            ),
        ]
    }
}

/// A connection without anything of the program's.
struct Socket(BufReader<TcpStream>);

impl Socket {
    fn open(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::with_capacity(1 << 18, stream)))
    }

    /// Sends so many bytes and takes the answer.
    fn ask(&mut self, model: &str, bytes: u64) -> std::io::Result<()> {
        let body = vec![0u8; bytes as usize];
        let out = self.0.get_mut();
        write!(
            out,
            "POST /v2/models/{model}/infer HTTP/1.1\r\nHost: here\r\nContent-Length: {bytes}\r\n\r\n"
        )?;
        out.write_all(&body)?;
        let length = head(&mut self.0)?.1;
        let mut answer = vec![0u8; length];
        self.0.read_exact(&mut answer)
    }
}

/// The first line of a message and the length of its body.
fn head(from: &mut BufReader<TcpStream>) -> std::io::Result<(String, usize)> {
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

/// Answers each request at once, until the connection ends.
fn serve(stream: &TcpStream) -> Option<()> {
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
