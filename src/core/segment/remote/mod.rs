//! Models that a server runs. Knows how numbers get there and back, not what they mean: that is of `cubes` and
//! `segment/nninteractive`. Nothing is sent but numbers, and those only after somebody has agreed for this address.
//!
//! Most of it: KServe v2 over HTTP with binary tensors, as NVIDIA Triton and others speak it
//! (<https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol>, and Triton's extension
//! “binary tensor data”). Such a server is asked for what the same inputs always give, so no request needs what an
//! earlier one left there: any may be asked again, of another server behind the same address, too. That is not so in
//! `nninteractive`, where a session stands on the server.

mod address;
mod agreement;
mod connection;
mod error;
mod http;
mod key;
mod kserve;
mod message;
pub mod nninteractive;
mod reply;
#[cfg(test)]
pub(super) mod stub;
mod trust;

use std::path::PathBuf;
use std::time::Duration;

pub use address::{ServerAddress, ServerProtocol, is_address};
pub use agreement::{Agreement, AnswerSizes, ServerWatch};
pub use error::RemoteError;
pub(super) use http::rest;
pub use kserve::{RemoteModel, RemotePair, ServerFacts, facts, look};
pub(super) use message::{Input, Numbers, Output, Wanted};
pub use trust::{Pin, ServerTrust};

/// The models' names on a server, if nobody says others: those that `voxpoint model export --triton` gives them.
pub const ENCODER: &str = "sam_med3d_encoder";
/// As [`ENCODER`].
pub const DECODER: &str = "sam_med3d_decoder";

/// How long a server is waited for, and how often it is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemotePatience {
    /// The longest time to find and to reach it.
    pub connect: Duration,
    /// The longest time in which it takes nothing more of what is sent.
    pub stall: Duration,
    /// The longest time for what it knows by heart.
    pub facts: Duration,
    /// The longest time for an answer of a model.
    pub answer: Duration,
    /// Attempts after the first.
    pub retries: u32,
    /// Before the second attempt; doubles each time.
    pub pause: Duration,
}

impl Default for RemotePatience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(10),
            stall: seconds(30),
            facts: seconds(20),
            answer: Duration::from_mins(2),
            retries: 3,
            pause: Duration::from_millis(250),
        }
    }
}

/// A model behind an address, and under which conditions it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedModel {
    /// Where.
    pub address: ServerAddress,
    /// Whom to trust.
    pub trust: ServerTrust,
    /// The file with the key that the server wants. The key itself is nowhere but there and in requests.
    pub key_file: Option<PathBuf>,
    /// Somebody has agreed that image values are sent to this address.
    pub agreed: Agreement,
    /// Names of encoder and decoder, if they are not the usual ones.
    pub models: Option<[String; 2]>,
    /// Whether what is sent is packed, and packed answers are asked for.
    pub compress: bool,
    /// A decoder of the same model that is at hand here is used.
    pub decode_here: bool,
    /// How long to wait.
    pub patience: RemotePatience,
    /// Sees what goes on.
    pub watch: ServerWatch,
}

impl ServedModel {
    /// The usual models there, with nobody's agreement.
    pub fn at(address: ServerAddress) -> Self {
        Self {
            address,
            trust: ServerTrust::default(),
            key_file: None,
            agreed: Agreement::default(),
            models: None,
            compress: false,
            decode_here: true,
            patience: RemotePatience::default(),
            watch: ServerWatch::default(),
        }
    }
}

/// What went over the network, and how long that took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traffic {
    /// Requests.
    pub requests: u32,
    /// Bytes there, without headers.
    pub sent: u64,
    /// Bytes back, without headers.
    pub received: u64,
    /// Milliseconds of sending, receiving and connecting.
    pub network_ms: f64,
    /// Milliseconds from the last byte out to the first byte in: the server's queue and its model.
    pub server_ms: f64,
}

impl std::ops::AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.sent += other.sent;
        self.received += other.received;
        self.network_ms += other.network_ms;
        self.server_ms += other.server_ms;
    }
}
