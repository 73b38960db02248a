use std::path::PathBuf;

use crate::segment::checkpoint::CheckpointError;
use crate::work::Cancelled;

/// Why a model could not be fetched, in one line: what is wrong, what to do, where.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// Somebody asked for it to stop; what has come stays and is continued next time.
    #[error("cancelled")]
    Cancelled,
    /// An address that can't be fetched from.
    #[error("the address {why}: {url}")]
    Url {
        /// What is wrong with it and what to do.
        why: &'static str,
        /// As given.
        url: String,
    },
    /// No place for models.
    #[error("there is no home folder to put the model in: name a folder for it")]
    NoFolder,
    /// The disk refuses.
    #[error("the model cannot be written ({source}){}: {}", room(source), path.display())]
    Disk {
        /// What the system says.
        source: std::io::Error,
        /// File or folder.
        path: PathBuf,
    },
    /// Too little room.
    #[error(
        "the disk is too full: {} MB are needed (and some to spare) and {} MB are free; make room or choose another folder: {}",
        needed.div_ceil(1_000_000), free / 1_000_000, folder.display()
    )]
    Space {
        /// Bytes still to come.
        needed: u64,
        /// Bytes free.
        free: u64,
        /// Where.
        folder: PathBuf,
    },
    /// Another program fetches the same file.
    #[error("another Voxpoint is fetching this model: wait for it, or end it: {}", .0.display())]
    Busy(PathBuf),
    /// The server refuses.
    #[error("the server answered {status}{}: check the address, or try again later: {url}", meaning(*status))]
    Status {
        /// HTTP status code.
        status: u16,
        /// As given.
        url: String,
    },
    /// A page instead of a file.
    #[error(
        "a web page came instead of the model: check the address, and whether this network asks you to log in first (open any page in a browser): {url}"
    )]
    WebPage {
        /// As given.
        url: String,
    },
    /// A file of a size no model has.
    #[error(
        "the server's file is too large for a model ({bytes} bytes or more): check the address: {url}"
    )]
    TooLarge {
        /// What it states, or what has come.
        bytes: u64,
        /// As given.
        url: String,
    },
    /// The connection fails again and again.
    #[error(
        "the download stopped ({why}) and {tries} more attempts failed too: try again later{}: {url}", continues(*done)
    )]
    Network {
        /// What went wrong last.
        why: String,
        /// How often it was tried again.
        tries: u32,
        /// Bytes that are there.
        done: u64,
        /// As given.
        url: String,
    },
    /// The connection can't be made at all.
    #[error("cannot connect ({why}): check the address and the proxy (HTTPS_PROXY): {url}")]
    Connect {
        /// Why not.
        why: String,
        /// As given.
        url: String,
    },
    /// Another file than the one that is wanted.
    #[error(
        "this is not the file that is wanted ({what}), it was not kept: if its authors have published a new one that you trust, have it fetched by its SHA-256: {url}"
    )]
    Another {
        /// How it differs.
        what: String,
        /// As given.
        url: String,
    },
    /// Another file than the one that is wanted lies in its place.
    #[error(
        "a model of this name is there, but another one (its SHA-256 is {found}, not {wanted}): move it away to fetch the right one, or, if it is the one you want, name its SHA-256: {}", path.display()
    )]
    AnotherThere {
        /// SHA-256 of what is there.
        found: String,
        /// SHA-256 of what is wanted.
        wanted: String,
        /// Where.
        path: PathBuf,
    },
    /// What came is no checkpoint of SAM-Med3D.
    #[error(
        "what the server sent cannot be used and was deleted; check the address {url}: {source}"
    )]
    Unusable {
        /// Why not.
        source: Box<CheckpointError>,
        /// As given.
        url: String,
    },
}

impl From<Cancelled> for DownloadError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// What is not lost.
fn continues(done: u64) -> String {
    match done {
        0 => String::new(),
        1..1_000_000 => format!(", it continues after {} kB", done.div_ceil(1000)),
        _ => format!(", it continues after {} MB", done / 1_000_000),
    }
}

/// What to do when the disk is full.
fn room(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    match error.kind() {
        StorageFull | QuotaExceeded | FileTooLarge => {
            "; make room and try again, what has come is kept and continued"
        }
        _ => "",
    }
}

/// Of the codes that people meet.
fn meaning(status: u16) -> &'static str {
    match status {
        401 | 403 => " (access denied)",
        404 | 410 => " (no such file)",
        429 => " (too many requests)",
        500..=599 => " (an error of the server)",
        _ => "",
    }
}
