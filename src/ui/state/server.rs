//! A model on a server: what is typed, what is known of it, and what is asked before anything is sent.

use serde::{Deserialize, Serialize};

/// An address as it is being typed, and whom to trust there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerDraft {
    /// `https://host`.
    pub address: String,
    /// The file of an authority of one's own; empty: none.
    pub authority: String,
    /// The SHA-256 of the certificate or of its key; empty: none.
    pub pin: String,
    /// The file with the key that the server wants; empty: none. The key itself is only there.
    pub key_file: String,
    /// What is sent is packed (gzip), for slow networks.
    pub pack: bool,
    /// Of the models that belong together, which; `None`: the usual ones.
    pub models: Option<[String; 2]>,
}

impl ServerDraft {
    /// Whether another one means the same server, whichever of its models, packed or not.
    pub fn is_of(&self, other: &Self) -> bool {
        let server = |draft: &Self| Self { models: None, pack: false, ..draft.clone() };
        server(self) == server(other)
    }
}

/// What is known of models on servers.
#[derive(Clone, Debug, Default)]
pub struct ServerStatus {
    /// The server of the model in use, if it is on one.
    pub in_use: Option<ServerInUse>,
    /// The server that is being asked for the model that was chosen.
    pub opening: Option<OpeningServer>,
    /// What the server of the draft has.
    pub look: LookStatus,
    /// Whether what goes to the draft's address could be read on the way; `None` while it is no address.
    pub draft_is_plain: Option<bool>,
    /// Addresses that were used before, newest first.
    pub known: Vec<KnownServer>,
    /// Whether image values may be sent is to be asked.
    pub consent: Option<ConsentQuestion>,
    /// What the pointer rests on is sent to the server of the model in use, too, if anything is.
    pub look_ahead: bool,
    /// Why clicks are not answered. Nobody is asked again before somebody says so.
    pub waits: Option<WaitingClicks>,
    /// Of which model the pending clicks were asked, as a session names it; `None` if there are none.
    pub asked_of: Option<String>,
}

/// Clicks that wait for a model until somebody has it asked again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitingClicks {
    /// Why the oldest was not answered, in English.
    pub why: String,
    /// For whom they wait: a server's host, or a model's name in English.
    pub name: String,
    /// How many there are.
    pub clicks: usize,
    /// They were asked of another model than the one in use, which could answer them if somebody says so.
    pub of_another: bool,
}

/// A server whose model is being opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpeningServer {
    /// Host and port.
    pub host: String,
    /// Which further attempt the question under way is at; 0: the first.
    pub again: u32,
}

/// The server of the model in use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerInUse {
    /// Its address.
    pub address: String,
    /// What would be typed for it: address, and whom to trust there.
    pub draft: ServerDraft,
    /// Host and port.
    pub host: String,
    /// Somebody has agreed that image values are sent there.
    pub agreed: bool,
    /// Bytes that were sent there since it is in use.
    pub sent: u64,
    /// Bytes of the answers.
    pub received: u64,
    /// Which further attempt the request under way is at; 0: the first, or there is none.
    pub again: u32,
    /// Of what is being sent so many bytes have left, and so many are all of it; only while that takes a while.
    pub sending: Option<(u64, u64)>,
    /// It gets the whole scan, and nothing for a pointer that rests.
    pub whole: bool,
}

/// What a server has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LookStatus {
    /// Nobody has asked.
    #[default]
    Idle,
    /// It is being asked.
    Looking,
    /// It has answered.
    Found(Box<FoundServer>),
    /// It has not, or can't be used, and why, in English.
    Failed(String),
}

/// What a server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundServer {
    /// Who was asked.
    pub draft: ServerDraft,
    /// Its program and version.
    pub server: String,
    /// What it has, a line each.
    pub models: Vec<String>,
    /// Models that belong together; to be chosen of if there are several.
    pub pairs: Vec<[String; 2]>,
    /// What there is to know of it besides, in English.
    pub note: Option<String>,
}

/// An address that was used before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KnownServer {
    /// As it was typed.
    pub draft: ServerDraft,
    /// It was agreed, for this run and later ones, that image values are sent there.
    pub agreed: bool,
    /// What the pointer rests on is sent there, too.
    pub look_ahead: bool,
}

/// What is to be agreed to before image values are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentQuestion {
    /// Where to.
    pub address: String,
    /// Host and port.
    pub host: String,
    /// What the scan, or the image over it, is called here. It is not sent.
    pub name: String,
    /// Bytes.
    pub size: SentSize,
    /// It could be read on the way.
    pub is_plain: bool,
}

/// About how much comes back from a server that looks at places, and goes there again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswerBytes {
    /// Comes back for each place, once.
    pub place_back: u64,
    /// Goes there with each click; 0: clicks are answered on this machine.
    pub click_there: u64,
    /// Comes back with each click.
    pub click_back: u64,
}

/// How much is sent, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentSize {
    /// For each place that the model looks at.
    Place {
        /// Of one.
        bytes: u64,
        /// How many places all clicks that wait need, as far as that is known.
        places: usize,
        /// Something is to be extended: more places go there.
        extends: bool,
        /// How much comes back, if that is known.
        answers: Option<AnswerBytes>,
    },
    /// The whole image, once.
    Image(u64),
}

/// What somebody wants of servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerAction {
    /// Ask what is there.
    Look(ServerDraft),
    /// Stop asking.
    StopLooking,
    /// Use its model from the next click on.
    Use(ServerDraft),
    /// Forget the address, and what was agreed for it.
    Forget(ServerDraft),
    /// Answer to the question whether image values may be sent.
    Consent {
        /// They may.
        agrees: bool,
        /// In later runs, too.
        remembers: bool,
    },
    /// They may not any more.
    TakeBack,
    /// What the pointer rests on is sent to the server in use, too, or is not.
    LookAhead(bool),
    /// Stop opening the model that was chosen.
    StopOpening,
    /// Ask again for the click that was not answered.
    TryAgain,
    /// Let the model in use answer what was asked of another.
    AnswerHere,
}
