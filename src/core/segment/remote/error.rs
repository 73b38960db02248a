//! What goes wrong with servers.

use std::path::PathBuf;

use crate::text::one_line;
use crate::work::Cancelled;

/// One line for the user: what is wrong, where, what to do. No secret is in it.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// Somebody asked for it to stop.
    #[error("cancelled")]
    Cancelled,
    /// Not an address.
    #[error("not a server's address ({what}): https://host[:port][/path] is needed: {address}")]
    Address {
        /// What is wrong with it.
        what: String,
        /// As typed, without what may be a secret.
        address: String,
    },
    /// An address with a name or a password in it.
    #[error(
        "an address with a user name or a password in it is refused, because addresses are shown and kept: leave out what stands before the @"
    )]
    Secret,
    /// Plain HTTP to another machine.
    #[error(
        "with http:// everybody on the way could read the image that is sent: use https://, or allow it: {0}"
    )]
    Plain(String),
    /// Nobody has agreed that anything is sent.
    #[error(
        "nothing was sent: for each place that is clicked, {sent} of image values, without names or dates, would go to this server, and nobody has agreed to that: {address}"
    )]
    NotAllowed {
        /// How much it would be.
        sent: String,
        /// Where to.
        address: String,
    },
    /// The file of certificates.
    #[error("no certificate can be read ({why}): {}", path.display())]
    Authority {
        /// Why not.
        why: String,
        /// The file.
        path: PathBuf,
    },
    /// Nothing to check certificates with.
    #[error("this system trusts no certificates ({why}): name a file of them: {address}")]
    NoAuthorities {
        /// Why not.
        why: String,
        /// Where to.
        address: String,
    },
    /// No connection.
    #[error(
        "the server cannot be reached ({why}): check the address, and whether it runs: {address}"
    )]
    Connect {
        /// Why not.
        why: String,
        /// Where to.
        address: String,
    },
    /// Whose certificate is not trusted, or who speaks no TLS.
    #[error(
        "no trusted connection to the server ({why}): name its authority's file or its fingerprint: {address}"
    )]
    Tls {
        /// Why not.
        why: String,
        /// Where to.
        address: String,
    },
    /// Another certificate than the one that is wanted.
    #[error(
        "this is not the server that is wanted: the SHA-256 of its certificate is {certificate}, of its key {key}; if it has a new one that you trust, name that as its fingerprint: {address}"
    )]
    Pin {
        /// Of the certificate that it shows, in hexadecimal.
        certificate: String,
        /// Of its public key (`SubjectPublicKeyInfo`).
        key: String,
        /// Where to.
        address: String,
    },
    /// Silence.
    #[error(
        "the server did not answer within {seconds} s; nothing is lost, try again later: {address}"
    )]
    Silent {
        /// How long was waited.
        seconds: u64,
        /// Where to.
        address: String,
    },
    /// The connection ended in the middle, again and again.
    #[error(
        "the connection to the server broke ({why}), {tries} more attempts too; nothing is lost, try again: {address}"
    )]
    Broken {
        /// How.
        why: String,
        /// Attempts after the first.
        tries: u32,
        /// Where to.
        address: String,
    },
    /// It answers with an error.
    #[error("the server answered {status}{}{said}: {}: {address}", meaning(*status), advice(*status))]
    Status {
        /// HTTP status code.
        status: u16,
        /// Its own words with a comma before, or nothing.
        said: String,
        /// Where to.
        address: String,
    },
    /// It sends on to another address.
    #[error(
        "the server sends on to another address, to which nothing is sent unasked; name that one if it is right: {0}"
    )]
    Redirect(String),
    /// No server of this kind.
    #[error("this is not an answer of a KServe v2 server ({what}): check the address: {address}")]
    Garbage {
        /// What is wrong with it.
        what: String,
        /// Where to.
        address: String,
    },
    /// Too long an answer.
    #[error(
        "the server sends more than the {most} that an answer has: check the address and its models: {address}"
    )]
    TooLarge {
        /// The most that is taken.
        most: String,
        /// Where to.
        address: String,
    },
    /// No such models.
    #[error("the server has no models {wanted}, but {found}: name two of them: {address}")]
    NoModels {
        /// The names that were looked for.
        wanted: String,
        /// Those that it has.
        found: String,
        /// Where to.
        address: String,
    },
    /// A model that is there but not loaded.
    #[error(
        "the server's model {model} is not ready: wait until it is loaded, or look at the server's log: {address}"
    )]
    NotReady {
        /// Its name.
        model: String,
        /// Where to.
        address: String,
    },
    /// Numbers that can't be an answer.
    #[error("the server's answer cannot be used ({what}): look at its models: {address}")]
    Answer {
        /// What is wrong with it.
        what: String,
        /// Where to.
        address: String,
    },
    /// Nobody has agreed that a whole scan is sent.
    #[error(
        "nothing was sent: the whole scan, {sent} of image values, without names or dates, would go to this server, and nobody has agreed to that: {address}"
    )]
    ScanNotAllowed {
        /// How much it would be.
        sent: String,
        /// Where to.
        address: String,
    },
    /// A file that should hold a key.
    #[error(
        "the key for the server cannot be used ({why}): it is the first line of a file that only you can read: {}", path.display()
    )]
    KeyFile {
        /// Why not.
        why: String,
        /// The file.
        path: PathBuf,
    },
    /// It asks for a key.
    #[error(
        "the server wants a key ({status}): put it into a file that only you can read, and name that: {address}"
    )]
    KeyWanted {
        /// HTTP status code.
        status: u16,
        /// Where to.
        address: String,
    },
    /// It has got another key than the one that it wants.
    #[error(
        "the server does not take this key ({status}): ask its administrator for the right one: {address}"
    )]
    KeyRefused {
        /// HTTP status code.
        status: u16,
        /// Where to.
        address: String,
    },
    /// No nnInteractive server.
    #[error(
        "this is not an answer of an nnInteractive server ({what}): check the address: {address}"
    )]
    NotInteractive {
        /// What is wrong with it.
        what: String,
        /// Where to.
        address: String,
    },
    /// All its sessions are taken.
    #[error(
        "all places of the server are taken{said}; nothing is lost, try again later: {address}"
    )]
    Full {
        /// Its own words with a comma before, or nothing.
        said: String,
        /// Where to.
        address: String,
    },
    /// The session was ended by the server.
    #[error("the server ended the session{said}; nothing is lost, try again: {address}")]
    SessionGone {
        /// Its own words with a comma before, or nothing.
        said: String,
        /// Where to.
        address: String,
    },
    /// A scan that is more than the server takes.
    #[error(
        "the scan ({sent}) is more than the server takes{said}: cut it smaller, or ask its administrator to allow more: {address}"
    )]
    ScanTooLarge {
        /// How much was sent.
        sent: String,
        /// Its own words with a comma before, or nothing.
        said: String,
        /// Where to.
        address: String,
    },
    /// A model that takes other interactions.
    #[error("the server's model takes no points, only {takes}: choose another: {address}")]
    NoPoints {
        /// What it takes.
        takes: String,
        /// Where to.
        address: String,
    },
    /// A model that has no use for a mask.
    #[error(
        "the server's model cannot start from a mask: click without one, or choose another model: {0}"
    )]
    NoStart(String),
    /// What the system refuses here.
    #[error(
        "this machine refuses what a connection needs ({0}): close other programs and try again"
    )]
    Here(String),
}

impl From<Cancelled> for RemoteError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// Longest text of a server that is passed on.
const LONGEST: usize = 160;

/// A server's own words: one line, without what a terminal would obey.
pub(super) fn words(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = one_line(&text);
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
        None => line,
    }
}

/// A server's own words after ours: with a comma before them, or nothing if there are none, or it is a page.
pub(super) fn quoted(text: &str) -> String {
    let text = words(text);
    if text.is_empty() || text.starts_with('<') { String::new() } else { format!(", “{text}”") }
}

/// Of the codes that people meet.
fn meaning(status: u16) -> &'static str {
    match status {
        400 | 422 => " (it refuses the request)",
        401 | 403 | 407 => " (access denied)",
        404 => " (no such path or model)",
        408 | 504 => " (it took too long)",
        410 => " (gone)",
        413 => " (more than it takes at once)",
        429 => " (too many requests)",
        502 | 503 => " (busy, or not ready)",
        500..=599 => " (an error of the server)",
        _ => "",
    }
}

/// What to do about them.
fn advice(status: u16) -> &'static str {
    match status {
        401 | 403 | 407 => "ask its administrator for access from this machine",
        404 | 410 => "check the address and the names of its models",
        413 => "its administrator has to allow requests of 16 MB",
        408 | 429 | 500..=599 => "nothing is lost, try again later, or look at the server's log",
        _ => "check the address and its models",
    }
}
