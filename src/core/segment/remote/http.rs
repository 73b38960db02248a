//! Requests to a server: within limits of time and size, tried again where that does no harm, and given up at once when
//! nobody waits any more.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use rustls::ClientConfig;
use ureq::http::{HeaderMap, Response, header};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector as _, TcpConnector};
use ureq::{Agent, Body, Timeout};

use super::address::ServerAddress;
use super::connection::{Clock, TimedConnector, TlsConnector};
use super::error::{RemoteError, words};
use super::key::ServerKey;
use super::reply::Reply;
use super::trust::{PinMismatch, client_config};
use super::{RemotePatience, ServedModel, ServerWatch};
use crate::segment::network;
use crate::text::bytes;
use crate::work::CancelToken;

/// How often a waiting request looks whether it is cancelled.
const LOOK: Duration = Duration::from_millis(5);
/// What takes no longer to be sent is not shown on its way.
const MOMENT: Duration = Duration::from_millis(300);
/// The most that is read of an error's text.
const MAX_ERROR: usize = 64 << 10;
/// Bytes that are read at once.
const PIECE: usize = 256 << 10;
/// The longest pause that a server may ask for with `Retry-After`.
const MAX_PAUSE: Duration = Duration::from_secs(10);
/// What an answer says of the numbers in it, if that stands in a header of its own.
const META: &str = "x-meta";
/// What separates the JSON from the numbers.
const HEADER_LENGTH: &str = "inference-header-content-length";

/// Content types.
const JSON: &str = "application/json";
const NUMBERS: &str = "application/octet-stream";

/// A body to send.
pub(super) struct Outgoing {
    content: Vec<u8>,
    kind: &'static str,
    /// Bytes of JSON before the numbers, before compression.
    header_length: Option<usize>,
    compressed: bool,
}

impl Outgoing {
    pub(super) fn json(text: &str) -> Self {
        Self { content: text.into(), kind: JSON, header_length: None, compressed: false }
    }

    /// Numbers alone.
    pub(super) fn numbers(content: Vec<u8>) -> Self {
        Self { content, kind: NUMBERS, header_length: None, compressed: false }
    }

    /// JSON of `header_length` bytes and numbers after it.
    pub(super) fn binary(content: Vec<u8>, header_length: usize, compress: bool) -> Self {
        let header_length = Some(header_length);
        if compress {
            use io::Write as _;
            let mut encoder =
                GzEncoder::new(Vec::with_capacity(content.len() / 2), Compression::fast());
            // Writing to memory can't fail.
            if encoder.write_all(&content).is_ok()
                && let Ok(content) = encoder.finish()
            {
                return Self { content, kind: NUMBERS, header_length, compressed: true };
            }
        }
        Self { content, kind: NUMBERS, header_length, compressed: false }
    }
}

/// What to ask for.
pub(super) struct HttpCall<'a> {
    /// Below the server's address.
    pub(super) path: &'a str,
    pub(super) body: Option<&'a Arc<Outgoing>>,
    /// Headers beside the usual ones.
    pub(super) headers: Vec<(&'static str, String)>,
    /// Another attempt does no harm: the request changes nothing on the server.
    pub(super) again: bool,
    /// The most bytes that an answer may have, unpacked.
    pub(super) most: usize,
    /// How long the first byte of the answer is waited for.
    pub(super) patience: Duration,
}

impl<'a> HttpCall<'a> {
    /// One that may be made again.
    pub(super) fn new(
        path: &'a str,
        body: Option<&'a Arc<Outgoing>>,
        most: usize,
        patience: Duration,
    ) -> Self {
        Self { path, body, headers: Vec::new(), again: true, most, patience }
    }
}

/// Why a request failed.
enum Trouble {
    /// Another attempt may succeed.
    Again(RemoteError),
    Final(RemoteError),
}

impl Trouble {
    /// Whether there was no connection yet.
    fn came_before_sending(&self) -> bool {
        let (Self::Again(error) | Self::Final(error)) = self;
        matches!(
            error,
            RemoteError::Connect { .. } | RemoteError::Tls { .. } | RemoteError::Pin { .. }
        )
    }
}

/// The way to one server. It keeps its connection open between requests.
pub(super) struct Http {
    address: ServerAddress,
    patience: RemotePatience,
    compress: bool,
    key: Option<ServerKey>,
    tls: Option<Arc<ClientConfig>>,
    agent: Option<Agent>,
    clock: Clock,
    watch: ServerWatch,
}

impl Http {
    /// Connects to nothing yet.
    pub(super) fn new(model: &ServedModel) -> Result<Self, RemoteError> {
        let address = model.address.clone();
        if !address.is_private() && !model.trust.plain {
            return Err(RemoteError::Plain(address.to_string()));
        }
        let encrypted = address.is_encrypted();
        let tls = encrypted.then(|| client_config(&model.trust, &address)).transpose()?;
        let key = model.key_file.as_deref().map(ServerKey::read).transpose()?;
        let (patience, compress, watch) = (model.patience, model.compress, model.watch.clone());
        let (agent, clock) = (None, Clock::default());
        Ok(Self { address, patience, compress, key, tls, agent, clock, watch })
    }

    /// Another way to the same server, for another thread, that waits at most so long for anything and asks once.
    pub(super) fn beside(&self, most: Duration) -> Self {
        let mut patience = self.patience;
        for time in [&mut patience.connect, &mut patience.stall, &mut patience.facts] {
            *time = (*time).min(most);
        }
        patience.retries = 0;
        Self {
            address: self.address.clone(),
            patience,
            compress: self.compress,
            key: self.key.clone(),
            tls: self.tls.clone(),
            agent: None,
            clock: Clock::default(),
            // What it says is not what somebody waits for.
            watch: ServerWatch::default(),
        }
    }

    /// An answer, if it is one.
    ///
    /// # Errors
    /// As [`Reply::good`].
    pub(super) fn good(&self, reply: Reply) -> Result<Reply, RemoteError> {
        reply.good(&self.address, self.key.is_some())
    }

    pub(super) fn address(&self) -> &ServerAddress {
        &self.address
    }

    pub(super) fn patience(&self) -> &RemotePatience {
        &self.patience
    }

    pub(super) fn compresses(&self) -> bool {
        self.compress
    }

    /// Asks, a few times if need be. An answer of any status but those that say “later” or lead elsewhere is returned.
    /// While there is no connection any request may be made again: nothing of it was sent.
    pub(super) fn ask(
        &mut self,
        call: &HttpCall<'_>,
        cancel: &CancelToken,
    ) -> Result<Reply, RemoteError> {
        let reply = self.ask_again(call, cancel);
        self.watch.is_at(0);
        self.watch.is_sending(None);
        reply
    }

    fn ask_again(
        &mut self,
        call: &HttpCall<'_>,
        cancel: &CancelToken,
    ) -> Result<Reply, RemoteError> {
        let mut pause = self.patience.pause;
        for tries in 0.. {
            self.watch.is_at(tries);
            let attempt = self.attempt(call, cancel);
            let again = call.again || attempt.as_ref().is_err_and(Trouble::came_before_sending);
            let last = !again || tries >= self.patience.retries;
            if let Some(out) = call.body.filter(|out| out.kind == NUMBERS)
                && !attempt.as_ref().is_err_and(Trouble::came_before_sending)
            {
                self.watch.add_sent(out.content.len() as u64);
            }
            let (error, wait) = match attempt {
                Ok(reply) if matches!(reply.status, 429 | 502 | 503 | 504) && !last => {
                    (None, reply.retry_after)
                }
                Ok(reply) if (300..400).contains(&reply.status) => {
                    return Err(RemoteError::Redirect(self.address.to_string()));
                }
                Ok(reply) => {
                    if call.body.is_some() {
                        self.watch.add_received(reply.received);
                    }
                    return Ok(reply);
                }
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Again(error)) => (Some(error), None),
            };
            // What is left of a broken connection is not used again.
            self.agent = None;
            match error {
                Some(RemoteError::Broken { why, address, .. }) if last => {
                    return Err(RemoteError::Broken { why, tries, address });
                }
                Some(error) if last => return Err(error),
                _ => {}
            }
            rest(wait.unwrap_or(pause).min(MAX_PAUSE), cancel)?;
            pause *= 2;
        }
        Err(RemoteError::Cancelled)
    }

    /// Says how much of a body with image values has left, if that takes a while.
    fn tell_sending(&self, call: &HttpCall<'_>, since: Duration) {
        let body = call.body.filter(|out| out.kind == NUMBERS && since >= MOMENT);
        let (done, total) =
            (self.clock.sent_bytes(), body.map_or(0, |out| out.content.len() as u64));
        self.watch.is_sending(Some((done, total)).filter(|_| done < total));
    }

    /// One request, on a thread of its own: whoever waits for it can stop waiting at any moment.
    fn attempt(&mut self, call: &HttpCall<'_>, cancel: &CancelToken) -> Result<Reply, Trouble> {
        cancel.check().map_err(|c| Trouble::Final(c.into()))?;
        let agent = self.agent.get_or_insert_with(|| {
            agent(&self.address, &self.patience, self.tls.clone(), self.clock.clone())
        });
        let agent = agent.clone();
        let job = Job {
            agent: agent.clone(),
            address: self.address.clone(),
            url: self.address.join(call.path),
            body: call.body.cloned(),
            headers: call.headers.clone(),
            key: self.key.clone(),
            most: call.most,
            patience: call.patience,
            packed: self.compress,
        };
        self.clock.begins();
        let (sender, receiver) = sync_channel(1);
        let begin = Instant::now();
        let run = move || {
            // Nobody listens any more: fine.
            let _ = sender.send(job.run());
        };
        if let Err(error) = std::thread::Builder::new().name("server".to_owned()).spawn(run) {
            return Err(Trouble::Final(RemoteError::Here(words(&error.to_string()))));
        }
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok(Ok(mut reply)) => {
                    reply.total_ms = begin.elapsed().as_secs_f64() * 1e3;
                    reply.waited_ms = self.clock.waited_ms().min(reply.total_ms);
                    return Ok(reply);
                }
                Ok(Err(trouble)) => return Err(trouble),
                Err(RecvTimeoutError::Timeout) if !cancel.is_cancelled() => {
                    self.tell_sending(call, begin.elapsed());
                }
                Err(RecvTimeoutError::Timeout) => {
                    // Ends what is blocked on the network, and so that thread.
                    agent.shutdown();
                    self.agent = None;
                    return Err(Trouble::Final(RemoteError::Cancelled));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let why = "its thread ended".to_owned();
                    return Err(Trouble::Final(RemoteError::Here(why)));
                }
            }
        }
    }
}

fn agent(
    address: &ServerAddress,
    patience: &RemotePatience,
    tls: Option<Arc<ClientConfig>>,
    clock: Clock,
) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        // To another address nothing goes unasked.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .https_only(address.is_encrypted())
        .timeout_resolve(Some(patience.connect))
        .timeout_connect(Some(patience.connect))
        .timeout_per_write(Some(patience.stall))
        .max_idle_connections(1)
        .user_agent(concat!("voxpoint/", env!("CARGO_PKG_VERSION")));
    if address.is_here() {
        // A proxy is for what leaves the machine.
        config = config.proxy(None);
    }
    let connector =
        ().chain(ConnectProxyConnector::default())
            .chain(TcpConnector::default())
            .chain(TlsConnector(tls))
            .chain(TimedConnector(clock));
    Agent::with_parts(config.build(), connector, DefaultResolver::default())
}

/// Waits, but not for somebody who has gone.
pub(in crate::segment) fn rest(pause: Duration, cancel: &CancelToken) -> Result<(), RemoteError> {
    let until = Instant::now() + pause;
    loop {
        cancel.check()?;
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(LOOK));
    }
}

/// One request.
struct Job {
    agent: Agent,
    address: ServerAddress,
    url: String,
    body: Option<Arc<Outgoing>>,
    headers: Vec<(&'static str, String)>,
    key: Option<ServerKey>,
    most: usize,
    patience: Duration,
    /// Whether a packed answer is asked for.
    packed: bool,
}

impl Job {
    /// Sends it; its answer's header.
    fn send(&self) -> Result<Response<Body>, ureq::Error> {
        let encoding = if self.packed { "gzip" } else { "identity" };
        let authorization = self.key.as_ref().map(|key| ("authorization", key.bearer()));
        let more = self.headers.iter().cloned().chain(authorization);
        let Some(out) = &self.body else {
            let request = self.agent.get(&self.url).header(header::ACCEPT_ENCODING, encoding);
            return more
                .fold(request, |request, (name, value)| request.header(name, value))
                .config()
                .timeout_recv_response(Some(self.patience))
                .timeout_recv_body(Some(self.patience))
                .build()
                .call();
        };
        let mut request = self
            .agent
            .post(&self.url)
            .header(header::ACCEPT_ENCODING, encoding)
            .header(header::CONTENT_TYPE, out.kind);
        request = more.fold(request, |request, (name, value)| request.header(name, value));
        if let Some(length) = out.header_length {
            request = request.header(HEADER_LENGTH, length);
        }
        if out.compressed {
            request = request.header(header::CONTENT_ENCODING, "gzip");
        }
        let request = request
            .config()
            .timeout_recv_response(Some(self.patience))
            .timeout_recv_body(Some(self.patience))
            .build();
        request.send(out.content.as_slice())
    }

    fn run(&self) -> Result<Reply, Trouble> {
        let answer = self.send().map_err(|e| self.trouble(&e))?;
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let reader = answer.into_body().into_with_config().limit(u64::MAX).reader();
        let (body, received) = if status == 200 {
            self.read(&headers, reader)?
        } else {
            // Its words are welcome but not needed.
            let mut text = Vec::new();
            let _ =
                unpacked(&headers, reader).map(|r| r.take(MAX_ERROR as u64).read_to_end(&mut text));
            (text, 0)
        };
        let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.trim());
        let number = |name: &str| text(name)?.parse::<u64>().ok();
        Ok(Reply {
            status,
            header_length: number(HEADER_LENGTH).and_then(|n| usize::try_from(n).ok()),
            meta: text(META).map(str::to_owned),
            body,
            sent: self.body.as_ref().map_or(0, |out| out.content.len() as u64),
            received,
            waited_ms: 0.0,
            total_ms: 0.0,
            retry_after: number("retry-after").map(Duration::from_secs),
        })
    }

    /// The body of a good answer, unpacked, and how many bytes it had on the way.
    fn read(&self, headers: &HeaderMap, reader: impl Read) -> Result<(Vec<u8>, u64), Trouble> {
        let most = self.most as u64;
        let too_large = || {
            let (most, address) = (bytes(most), self.address.to_string());
            Trouble::Final(RemoteError::TooLarge { most, address })
        };
        let length = headers.get(header::CONTENT_LENGTH).and_then(|n| n.to_str().ok());
        let stated = length.and_then(|n| n.trim().parse::<u64>().ok());
        // Packed, what is short may be a little longer.
        if stated.is_some_and(|n| n > most.saturating_add(MAX_ERROR as u64)) {
            return Err(too_large());
        }
        let mut counted = Counted { reader, count: 0 };
        let mut body = Vec::new();
        {
            let mut from = unpacked(headers, &mut counted).map_err(|what| self.garbage(&what))?;
            loop {
                let before = body.len();
                let more = (&mut from).take(PIECE as u64).read_to_end(&mut body);
                more.map_err(|e| self.trouble(&ureq::Error::from(e)))?;
                if body.len() > self.most {
                    return Err(too_large());
                }
                if body.len() == before {
                    break;
                }
            }
        }
        Ok((body, counted.count))
    }

    /// What went wrong on the way.
    fn broken(&self, error: &io::Error) -> Trouble {
        use io::ErrorKind::{ConnectionRefused, InvalidData, InvalidInput};
        let (text, address) = (words(&error.to_string()), self.address.to_string());
        if let Some(error) = within(error) {
            return Trouble::Final(tls(error, address));
        }
        let connect =
            |why: &str| RemoteError::Connect { why: why.to_owned(), address: address.clone() };
        match error.kind() {
            ConnectionRefused => Trouble::Again(connect("nobody listens there")),
            InvalidInput | InvalidData => self.garbage(&text),
            _ if text.starts_with(NO_NAME) => Trouble::Final(connect(NO_SUCH_NAME)),
            _ => {
                let why = network::of_system(error).map_or(text, str::to_owned);
                Trouble::Again(RemoteError::Broken { why, tries: 0, address })
            }
        }
    }

    fn garbage(&self, what: &str) -> Trouble {
        let (what, address) = (words(what), self.address.to_string());
        Trouble::Final(RemoteError::Garbage { what, address })
    }

    /// What went wrong, in words.
    fn trouble(&self, error: &ureq::Error) -> Trouble {
        use ureq::Error;
        let address = self.address.to_string();
        let text = words(&error.to_string());
        let connect =
            |why: &str| RemoteError::Connect { why: why.to_owned(), address: address.clone() };
        let silent = |time: Duration| {
            let seconds = time.as_secs_f64().ceil() as u64;
            Trouble::Final(RemoteError::Silent { seconds, address: address.clone() })
        };
        match error {
            Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
                Trouble::Final(connect("no answer"))
            }
            Error::Timeout(_) => silent(self.patience),
            Error::HostNotFound => Trouble::Final(connect(NO_SUCH_NAME)),
            Error::Rustls(error) => Trouble::Final(tls(error, address)),
            Error::Tls(_) => Trouble::Final(RemoteError::Tls { why: text, address }),
            Error::Io(error) => self.broken(error),
            Error::ConnectionFailed => Trouble::Again(connect("no connection")),
            Error::InvalidProxyUrl => Trouble::Final(connect("the proxy's address is wrong")),
            _ => self.garbage(&text),
        }
    }
}

/// What the system says of a name that it does not find, or that nobody can tell it.
const NO_NAME: &str = "failed to lookup address";
/// What is said of it here.
const NO_SUCH_NAME: &str = "no such name in the network";

/// Unpacks what is packed as its header says.
fn unpacked<'r>(headers: &HeaderMap, reader: impl Read + 'r) -> Result<Box<dyn Read + 'r>, String> {
    let encoding = headers.get(header::CONTENT_ENCODING).map(|e| e.to_str().unwrap_or("?"));
    match encoding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("identity" | "") => Ok(Box::new(reader)),
        Some("gzip" | "x-gzip") => Ok(Box::new(MultiGzDecoder::new(reader))),
        Some(other) => Err(format!("packed as {other}")),
    }
}

/// Counts what was read.
struct Counted<R> {
    reader: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.count += n as u64;
        Ok(n)
    }
}

/// The error of TLS in one of the system.
fn within(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

fn tls(error: &rustls::Error, address: String) -> RemoteError {
    use rustls::{CertificateError, Error};
    if let Error::InvalidCertificate(CertificateError::Other(other)) = error
        && let Some(PinMismatch { certificate, key }) = other.0.downcast_ref()
    {
        let (certificate, key) = (certificate.clone(), key.clone());
        return RemoteError::Pin { certificate, key, address };
    }
    let why = network::of_tls(error);
    let why = why.map_or_else(|| words(&error.to_string()), str::to_owned);
    RemoteError::Tls { why, address }
}

#[cfg(test)]
mod tests;
