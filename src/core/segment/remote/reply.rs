//! A whole answer, and what its status and its words mean.

use std::time::Duration;

use serde_json::Value;

use super::Traffic;
use super::address::{ServerAddress, ServerProtocol};
use super::error::{RemoteError, quoted};

/// A whole answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// Bytes of JSON before the numbers.
    pub(super) header_length: Option<usize>,
    /// JSON that came in a header of its own.
    pub(super) meta: Option<String>,
    pub(super) body: Vec<u8>,
    /// Bytes on the way there and back, without headers.
    pub(super) sent: u64,
    pub(super) received: u64,
    /// From the last byte out to the first byte in, and all of it.
    pub(super) waited_ms: f64,
    pub(super) total_ms: f64,
    pub(super) retry_after: Option<Duration>,
}

impl Reply {
    /// What went over the network for it.
    pub(super) fn traffic(&self) -> Traffic {
        Traffic {
            requests: 1,
            sent: self.sent,
            received: self.received,
            network_ms: self.total_ms - self.waited_ms,
            server_ms: self.waited_ms,
        }
    }

    /// It, if it is good news.
    ///
    /// # Errors
    /// What its status means; `has_key`: it was asked with a key.
    pub(super) fn good(self, address: &ServerAddress, has_key: bool) -> Result<Self, RemoteError> {
        let (status, at) = (self.status, address.to_string());
        let asks_for_keys = address.protocol() == ServerProtocol::NnInteractive;
        Err(match status {
            200 | 204 => return Ok(self),
            401 | 403 if has_key => RemoteError::KeyRefused { status, address: at },
            401 | 403 if asks_for_keys => RemoteError::KeyWanted { status, address: at },
            _ => RemoteError::Status { status, said: self.said(), address: at },
        })
    }

    /// An error's own words, with a comma before them; nothing if there are none.
    pub(super) fn said(&self) -> String {
        said(&self.body)
    }

    /// Whether it tells in JSON what is wrong, as the server's own program does, and no proxy.
    pub(super) fn is_detailed(&self) -> bool {
        detail(&self.body).is_some()
    }
}

/// `{"error":"…"}`, `{"detail":"…"}`, or `{"detail":[{"msg":"…"}]}`.
fn detail(body: &[u8]) -> Option<String> {
    let told: Value = serde_json::from_slice(body).ok()?;
    match (&told["detail"], &told["error"]) {
        (Value::String(text), _) | (_, Value::String(text)) => Some(text.clone()),
        (Value::Array(list), _) => {
            let all: Vec<&str> = list.iter().filter_map(|one| one["msg"].as_str()).collect();
            Some(all.join("; "))
        }
        _ => None,
    }
}

fn said(body: &[u8]) -> String {
    quoted(&detail(body).unwrap_or_else(|| String::from_utf8_lossy(body).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_words_are_one_short_line() {
        assert_eq!(said(br#"{"error":"no\nsuch\tmodel"}"#), ", “no such model”");
        assert_eq!(said(br#"{"detail":"lease\nexpired"}"#), ", “lease expired”");
        assert_eq!(said(br#"{"detail":[{"msg":"a"},{"msg":"b"},{}]}"#), ", “a; b”");
        assert_eq!(said(b"plain \x1b[31mtext"), ", “plain [31mtext”");
        assert_eq!(said(b"<html><body>"), "");
        assert_eq!(said(b""), "");
        assert!(said(&[b'x'; 10_000]).chars().count() < 200);
    }

    #[test]
    fn who_has_shown_a_key_is_told_of_the_key() {
        let kserve: ServerAddress = "https://gpu.example".parse().unwrap();
        let interactive: ServerAddress = "nninteractive+https://gpu.example".parse().unwrap();
        for (status, address, has_key, told) in [
            (401, &kserve, true, "does not take this key (401)"),
            (403, &kserve, true, "does not take this key (403)"),
            (401, &kserve, false, "access from this machine"),
            (401, &interactive, true, "does not take this key (401)"),
            (403, &interactive, false, "the server wants a key (403)"),
            (500, &kserve, true, "500 (an error of the server)"),
        ] {
            let reply = Reply {
                status,
                header_length: None,
                meta: None,
                body: Vec::new(),
                sent: 0,
                received: 0,
                waited_ms: 0.0,
                total_ms: 0.0,
                retry_after: None,
            };
            let error = reply.good(address, has_key).unwrap_err().to_string();
            assert!(error.contains(told) && error.ends_with(&address.to_string()), "{error}");
        }
    }
}
