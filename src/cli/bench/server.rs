//! What a click costs that a server answers, beside the server and the wire: a server on this machine that answers at
//! once, with tensors as large as SAM-Med3D's, is asked by the program and by a bare socket in turn.

use std::io::{BufReader, Read as _, Write};
use std::net::TcpStream;
use std::sync::Arc;

use serde::Serialize;

use super::clicks::Clicks;
use super::stub_server::{self, Service};
use super::{median, synthetic, timed};
use crate::segment::cubes::CubeSegmenter;
use crate::segment::remote::{DECODER, ENCODER, ServedModel};
use crate::work::CancelToken;

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
    let port = stub_server::start(Service::default())?;
    let served = ServedModel::at(format!("http://127.0.0.1:{port}").parse()?);
    served.agreed.set(true);
    let mut segmenter = CubeSegmenter::served(&served, None, &CancelToken::new())?;
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
        let length = stub_server::head(&mut self.0)?.1;
        let mut answer = vec![0u8; length];
        self.0.read_exact(&mut answer)
    }
}
