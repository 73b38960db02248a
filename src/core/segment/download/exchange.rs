//! One HTTP request, on a thread of its own: whoever waits for it can stop waiting at any moment, while a
//! thread inside a system call can't be stopped.

use std::io::Read as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use ureq::Agent;
use ureq::http::{HeaderMap, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::segment::{network, trust};

/// Bytes that are handed over at once.
const PIECE: usize = 256 << 10;
/// Pieces that wait to be written: the network must not run ahead of the disk.
const WAITING: usize = 4;

/// What is asked for.
pub(super) struct HttpRequest {
    pub url: String,
    /// Bytes that are there already, with the validator of the file they are of.
    pub resume: Option<(u64, String)>,
    /// Longest silence.
    pub stall: Duration,
    /// Longest time to connect.
    pub connect: Duration,
}

/// What the thread tells, in order: a head, data, an end; or a failure at any point.
pub(super) enum News {
    Head(Head),
    Data(Vec<u8>),
    End,
    /// Worth another try.
    Failed(String),
    /// Not worth another try.
    Hopeless(String),
}

/// Of the answer's header, what matters.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub status: u16,
    /// Bytes of the body.
    pub length: Option<u64>,
    /// First byte of a part, and the size of the whole.
    pub range: Option<(u64, Option<u64>)>,
    /// Names this version of the file: a strong `ETag`, or else `Last-Modified`.
    pub validator: Option<String>,
    /// Whether it is a web page.
    pub page: bool,
}

/// Sends the request. The thread ends by itself when the receiver is dropped, at the latest when the
/// next byte comes or the longest silence is over.
pub(super) fn start(ask: HttpRequest) -> std::io::Result<Receiver<News>> {
    let (sender, receiver) = sync_channel(WAITING);
    std::thread::Builder::new().name("download".to_owned()).spawn(move || {
        let last = match roots() {
            Ok(roots) => exchange(&ask, roots, &sender).unwrap_or_else(|error| failure(&error)),
            Err(why) => News::Hopeless(why),
        };
        // Nobody listens any more: fine.
        let _ = sender.send(last);
    })?;
    Ok(receiver)
}

/// The certificates that are trusted; where the system has none, those that ship with the program.
fn roots() -> Result<RootCerts, String> {
    let found = trust::authorities()?;
    let certificates: Vec<_> =
        found.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    let none = certificates.is_empty();
    Ok(if none { RootCerts::WebPki } else { RootCerts::Specific(Arc::new(certificates)) })
}

fn exchange(
    ask: &HttpRequest,
    roots: RootCerts,
    sender: &SyncSender<News>,
) -> Result<News, ureq::Error> {
    let agent: Agent = Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .http_status_as_error(false)
        // A redirect must not lead from HTTPS to a place where anybody can read and change what comes.
        .https_only(ask.url.starts_with("https:"))
        .timeout_resolve(Some(ask.connect))
        .timeout_connect(Some(ask.connect))
        .timeout_recv_response(Some(ask.stall))
        .timeout_per_read(Some(ask.stall))
        .user_agent(concat!("voxpoint/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    // Compressed on the way, lengths and ranges would not be the file's.
    let mut request = agent.get(&ask.url).header(header::ACCEPT_ENCODING, "identity");
    if let Some((have, validator)) = &ask.resume {
        request = request
            .header(header::RANGE, format!("bytes={have}-"))
            .header(header::IF_RANGE, validator);
    }
    let answer = request.call()?;
    let head = read_head(answer.status().as_u16(), answer.headers());
    if sender.send(News::Head(head)).is_err() {
        return Ok(News::End);
    }
    let mut body = answer.into_body().into_with_config().limit(u64::MAX).reader();
    loop {
        let mut piece = vec![0; PIECE];
        let count = body.read(&mut piece).map_err(ureq::Error::from)?;
        if count == 0 {
            return Ok(News::End);
        }
        piece.truncate(count);
        if sender.send(News::Data(piece)).is_err() {
            return Ok(News::End);
        }
    }
}

fn failure(error: &ureq::Error) -> News {
    use ureq::Error;
    let text = match error {
        Error::Timeout(_) => "no answer".to_owned(),
        Error::HostNotFound => "the server's name was not found; is the network up?".to_owned(),
        Error::Io(error) => within(error)
            .and_then(network::of_tls)
            .or_else(|| network::of_system(error))
            .map_or_else(|| error.to_string(), str::to_owned),
        Error::Rustls(error) => {
            network::of_tls(error).map_or_else(|| error.to_string(), str::to_owned)
        }
        Error::ConnectionFailed => "no connection".to_owned(),
        other => other.to_string(),
    };
    // One line, whatever a server put into it.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match error {
        Error::BadUri(_)
        | Error::Http(_)
        | Error::InvalidProxyUrl
        | Error::RedirectFailed
        | Error::TooManyRedirects
        | Error::RequireHttpsOnly(_)
        | Error::Tls(_)
        | Error::Rustls(_) => News::Hopeless(text),
        // A certificate that isn't trusted, most of all.
        Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => News::Hopeless(text),
        _ => News::Failed(text),
    }
}

/// The error of TLS in one of the system.
fn within(error: &std::io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

fn read_head(status: u16, headers: &HeaderMap) -> Head {
    let text = |name: header::HeaderName| Some(headers.get(name)?.to_str().ok()?.trim());
    // A weak one says that two files mean the same, not that their bytes are.
    let etag = text(header::ETAG).filter(|tag| !tag.is_empty() && !tag.starts_with("W/"));
    let page = text(header::CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind.to_lowercase();
        kind.starts_with("text/html") || kind.starts_with("application/xhtml")
    });
    Head {
        status,
        length: text(header::CONTENT_LENGTH).and_then(|n| n.parse().ok()),
        range: text(header::CONTENT_RANGE).and_then(range),
        validator: etag.or_else(|| text(header::LAST_MODIFIED)).map(str::to_owned),
        page,
    }
}

/// `bytes 100-199/200`, `bytes 100-199/*`, `bytes */200`.
fn range(text: &str) -> Option<(u64, Option<u64>)> {
    let (span, whole) = text.strip_prefix("bytes ")?.split_once('/')?;
    let whole = whole.trim().parse().ok();
    match span.split_once('-') {
        Some((first, _)) => Some((first.trim().parse().ok()?, whole)),
        None => Some((whole?, whole)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        assert_eq!(range("bytes 100-199/200"), Some((100, Some(200))));
        assert_eq!(range("bytes 100-199/*"), Some((100, None)));
        assert_eq!(range("bytes */200"), Some((200, Some(200))));
        assert_eq!(range("bytes x-1/2"), None);
        assert_eq!(range("lines 1-2/3"), None);
    }

    #[test]
    fn weak_validators_are_not_used() {
        let mut headers = HeaderMap::new();
        headers.insert("etag", "W/\"1\"".parse().unwrap());
        assert_eq!(read_head(200, &headers).validator, None);
        headers.insert("last-modified", "Sun, 22 Nov 2026 10:00:00 GMT".parse().unwrap());
        assert!(read_head(200, &headers).validator.unwrap().starts_with("Sun"));
        headers.insert("etag", "\"2\"".parse().unwrap());
        headers.insert("content-type", "Text/HTML; charset=utf-8".parse().unwrap());
        let head = read_head(200, &headers);
        assert_eq!((head.validator.as_deref(), head.page), (Some("\"2\""), true));
    }
}
