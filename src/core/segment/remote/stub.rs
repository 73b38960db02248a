//! What servers for tests share: requests as they come, and answers that are as bad as servers can be.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::RemotePatience;

/// What a server does with one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::segment) enum Act {
    /// As it should.
    Serve,
    /// This status and text.
    Status(u16, &'static str),
    /// This text, as a good answer without anything in its header.
    Text(&'static str),
    /// All places are taken, for so many seconds.
    Full(u64),
    /// Does it, and says so after so many milliseconds.
    Slow(u64),
    /// Says nothing.
    Silence,
    /// Goes away.
    Close,
    /// Does it, says nothing, and goes away.
    Lose,
    /// States the right length and goes away after half of it.
    Half,
    /// No HTTP.
    NoHttp,
    /// States ten gigabytes.
    Huge,
    /// Sends without end, in chunks.
    Endless,
    /// A hundred megabytes of zeros in a hundred kilobytes.
    Bomb,
    /// Packed as nobody asked for.
    Packed,
    /// One byte every 50 ms.
    Trickle,
    /// One value is not a number.
    Nan,
    /// As many values in another shape, or the array of another box.
    OtherShape,
    /// As many values under another name.
    OtherName,
    /// This in the header `X-Meta`.
    Meta(&'static str),
    /// These bytes instead of the array.
    Bytes(&'static [u8]),
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(in crate::segment) struct Seen {
    pub(in crate::segment) head: String,
    /// Unpacked.
    pub(in crate::segment) body: Vec<u8>,
}

impl Seen {
    pub(in crate::segment) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    pub(in crate::segment) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body's JSON, and the numbers after it.
    pub(in crate::segment) fn parts(&self) -> (Value, &[u8]) {
        let length = self.field("inference-header-content-length");
        let length = length.map_or(self.body.len(), |n| n.parse().unwrap());
        let (json, numbers) = self.body.split_at(length);
        (serde_json::from_slice(json).unwrap(), numbers)
    }

    /// The body's JSON.
    pub(in crate::segment) fn json(&self) -> Value {
        self.parts().0
    }
}

/// What a server says.
pub(in crate::segment) struct Told {
    pub(in crate::segment) status: u16,
    /// Lines of the header.
    pub(in crate::segment) more: String,
    pub(in crate::segment) content: Vec<u8>,
}

impl Told {
    pub(in crate::segment) fn text(status: u16, text: &str) -> Self {
        Self { status, more: String::new(), content: text.into() }
    }

    pub(in crate::segment) fn json(value: &Value) -> Self {
        Self::text(200, &value.to_string())
    }
}

/// How a test without patience asks, which waits so long for an answer.
pub(in crate::segment) fn impatient(answer: Duration) -> RemotePatience {
    RemotePatience {
        connect: Duration::from_secs(5),
        stall: Duration::from_secs(5),
        facts: answer,
        answer,
        retries: 2,
        pause: Duration::from_millis(10),
    }
}

/// A port on which nobody listens.
pub(in crate::segment) fn no_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Serves each connection on a thread of its own, on this port (0: on any), and says which it is.
pub(in crate::segment) fn listen(
    port: u16,
    serve: impl Fn(TcpStream) + Clone + Send + 'static,
) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            // A client that goes away is what some tests want.
            std::thread::spawn(move || serve(stream));
        }
    });
    port
}

/// The first byte of a client that speaks TLS.
const HANDSHAKE: u8 = 22;

/// The next request of a connection.
pub(in crate::segment) fn request(stream: &mut (impl Read + Write)) -> Option<Seen> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        if head.is_empty() && byte[0] == HANDSHAKE {
            // As servers do.
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").ok()?;
            return None;
        }
        head.push(byte[0]);
    }
    let mut seen = Seen { head: String::from_utf8(head).unwrap(), body: Vec::new() };
    let length = seen.field("content-length").map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    if seen.field("content-encoding") == Some("gzip") {
        flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut seen.body).unwrap();
    } else {
        seen.body = body;
    }
    Some(seen)
}

/// Answers a request in its way; `None` if the connection ends then.
pub(in crate::segment) fn answer(
    act: Act,
    told: Told,
    out: &mut (impl Read + Write),
) -> Option<()> {
    let told = match act {
        Act::Status(status, text) => Told::text(status, text),
        Act::Text(text) => Told::text(200, text),
        Act::Full(seconds) => Told {
            more: format!("Retry-After: {seconds}\r\n"),
            ..Told::text(503, r#"{"detail":"server is at capacity"}"#)
        },
        _ => told,
    };
    let Told { status, more, content } = told;
    let head = format!("HTTP/1.1 {status} Some words\r\n{more}");
    let whole = format!("{head}Content-Length: {}\r\n", content.len());
    let mut send = |head: &str, content: &[u8]| {
        out.write_all(format!("{head}\r\n").as_bytes()).ok()?;
        out.write_all(content).ok()?;
        out.flush().ok()
    };
    match act {
        Act::Silence => {
            // Until the client goes away.
            let _ = out.read(&mut [0]);
            None
        }
        Act::Close | Act::Lose => None,
        Act::NoHttp => {
            send("220 mail.example ESMTP", &[]);
            None
        }
        Act::Half => {
            send(&whole, &content[..content.len() / 2]);
            None
        }
        Act::Huge => {
            send(&format!("{head}Content-Length: 10000000000\r\n"), &[])?;
            loop {
                out.write_all(&[0; 1 << 12]).ok()?;
            }
        }
        Act::Endless => {
            send(&format!("{head}Transfer-Encoding: chunked\r\n"), &[])?;
            loop {
                out.write_all(b"1000\r\n").ok()?;
                out.write_all(&[0; 1 << 12]).ok()?;
                out.write_all(b"\r\n").ok()?;
            }
        }
        Act::Bomb => {
            let packed = bomb();
            let length = packed.len();
            let head = format!("{head}Content-Encoding: gzip\r\nContent-Length: {length}\r\n");
            send(&head, &packed)
        }
        Act::Packed => send(&format!("{whole}Content-Encoding: br\r\n"), &content),
        Act::Slow(ms) => {
            std::thread::sleep(Duration::from_millis(ms));
            send(&whole, &content)
        }
        Act::Trickle => {
            send(&whole, &[])?;
            for byte in content {
                out.write_all(&[byte]).ok()?;
                out.flush().ok()?;
                std::thread::sleep(Duration::from_millis(50));
            }
            Some(())
        }
        _ => send(&whole, &content),
    }
}

/// Much in little.
fn bomb() -> Vec<u8> {
    let level = flate2::Compression::best();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), level);
    (0..100).for_each(|_| packed.write_all(&vec![0; 1 << 20]).unwrap());
    packed.finish().unwrap()
}
