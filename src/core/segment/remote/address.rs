//! Addresses of servers.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ureq::http::Uri;

use super::error::RemoteError;

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServerProtocol {
    /// KServe v2: `https://` and `http://`.
    KServe,
    /// That of nnInteractive's server: `nninteractive+https://` and `nninteractive+http://`.
    NnInteractive,
}

/// Before the scheme of an address of nnInteractive's server.
const NN_INTERACTIVE: &str = "nninteractive+";
/// The port of nnInteractive's server, which has no TLS of its own.
const NN_INTERACTIVE_PORT: u16 = 1527;

/// Where a server is: `https://host[:port][/path]`, or `http://`; `nninteractive+` before it says which protocol. It has
/// no user name, password or query: addresses are shown, logged and kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServerAddress {
    protocol: ServerProtocol,
    /// Without a slash at its end.
    url: String,
    /// Host and port as typed.
    host: String,
    encrypted: bool,
    here: bool,
}

/// Whether a text is meant as an address, not as a path.
pub fn is_address(text: &str) -> bool {
    let (_, text) = without_protocol(text);
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

/// The protocol that an address names, and the address.
fn without_protocol(text: &str) -> (ServerProtocol, &str) {
    match text.split_at_checked(NN_INTERACTIVE.len()) {
        Some((before, url)) if before.eq_ignore_ascii_case(NN_INTERACTIVE) => {
            (ServerProtocol::NnInteractive, url)
        }
        _ => (ServerProtocol::KServe, text),
    }
}

impl FromStr for ServerAddress {
    type Err = RemoteError;

    fn from_str(text: &str) -> Result<Self, RemoteError> {
        let (protocol, text) = without_protocol(text.trim());
        let before_path = text.split_once("://").map_or(text, |(_, rest)| rest);
        let before_path = before_path.split(['/', '?', '#']).next().unwrap_or_default();
        if before_path.contains('@') {
            return Err(RemoteError::Secret);
        }
        let refuse = |what: &str| {
            // What comes after a question mark is as likely a secret.
            let shown = text.split(['?', '#']).next().unwrap_or_default();
            Err(RemoteError::Address { what: what.to_owned(), address: shown.to_owned() })
        };
        if text.contains(['?', '#']) {
            return refuse("nothing may follow after ? or #");
        }
        let uri: Uri = match text.parse() {
            Ok(uri) => uri,
            Err(_) => return refuse("it cannot be read"),
        };
        let encrypted = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return refuse("it does not begin with https:// or http://"),
        };
        let Some(authority) = uri.authority() else { return refuse("it names no host") };
        let host = authority.host();
        if host.is_empty() {
            return refuse("it names no host");
        }
        // A port that is no number is left out by `Uri`.
        let port = authority.as_str().strip_prefix(host).unwrap_or_default();
        if !port.is_empty() && authority.port_u16().is_none_or(|n| n == 0) {
            return refuse("its port is no number from 1 to 65535");
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let ip: Option<IpAddr> = bare.parse().ok();
        let here = bare.eq_ignore_ascii_case("localhost") || ip.is_some_and(|ip| ip.is_loopback());
        let mut path = uri.path().trim_end_matches('/');
        let scheme = if encrypted { "https" } else { "http" };
        let mut host = authority.as_str().to_ascii_lowercase();
        match protocol {
            // As pasted from other programs.
            ServerProtocol::KServe => path = path.strip_suffix("/v2").unwrap_or(path),
            ServerProtocol::NnInteractive if port.is_empty() && !encrypted => {
                host = format!("{host}:{NN_INTERACTIVE_PORT}");
            }
            ServerProtocol::NnInteractive => {}
        }
        Ok(Self { protocol, url: format!("{scheme}://{host}{path}"), host, encrypted, here })
    }
}

impl ServerAddress {
    /// How it is spoken to.
    pub fn protocol(&self) -> ServerProtocol {
        self.protocol
    }

    /// Host and port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether what is sent there can be read by nobody on the way: it is encrypted, or does not leave the machine.
    pub fn is_private(&self) -> bool {
        self.encrypted || self.here
    }

    /// Whether the connection is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether it is this machine.
    pub fn is_here(&self) -> bool {
        self.here
    }

    /// With a path behind it, which begins with a slash.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.protocol == ServerProtocol::NnInteractive {
            f.write_str(NN_INTERACTIVE)?;
        }
        f.write_str(&self.url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_in_one_form() {
        for (typed, url, private) in [
            ("https://gpu.example", "https://gpu.example", true),
            (" https://GPU.example:8443/triton/ ", "https://gpu.example:8443/triton", true),
            ("https://gpu.example/triton/v2/", "https://gpu.example/triton", true),
            ("HTTP://localhost:8000", "http://localhost:8000", true),
            ("http://127.0.0.2:8000/", "http://127.0.0.2:8000", true),
            ("http://[::1]:8000", "http://[::1]:8000", true),
            ("http://gpu.example:8000", "http://gpu.example:8000", false),
            ("http://127.0.0.1.example", "http://127.0.0.1.example", false),
            ("http://localhost.example", "http://localhost.example", false),
        ] {
            let address: ServerAddress = typed.parse().unwrap();
            assert_eq!((address.to_string().as_str(), address.is_private()), (url, private));
            assert!(is_address(typed.trim()));
            assert_eq!(address.protocol(), ServerProtocol::KServe);
        }
    }

    #[test]
    fn an_address_says_which_protocol_is_spoken() {
        for (typed, url, asked) in [
            (
                "nninteractive+http://localhost",
                "nninteractive+http://localhost:1527",
                "http://localhost:1527/claim",
            ),
            (
                "NNInteractive+HTTP://[::1]/",
                "nninteractive+http://[::1]:1527",
                "http://[::1]:1527/claim",
            ),
            (
                "nninteractive+http://GPU:8000",
                "nninteractive+http://gpu:8000",
                "http://gpu:8000/claim",
            ),
            // Behind a proxy that speaks TLS: its usual port.
            (
                "nninteractive+https://gpu/nn/v2",
                "nninteractive+https://gpu/nn/v2",
                "https://gpu/nn/v2/claim",
            ),
        ] {
            let address: ServerAddress = typed.parse().unwrap();
            assert_eq!((address.to_string(), address.join("/claim")), (url.into(), asked.into()));
            assert_eq!(address.protocol(), ServerProtocol::NnInteractive);
            assert_eq!(url.parse::<ServerAddress>().unwrap(), address);
            assert!(is_address(typed));
        }
        assert!(!is_address("nninteractive+models") && !is_address("nninteractive+"));
        assert!("nninteractive+ftp://gpu".parse::<ServerAddress>().is_err());
    }

    #[test]
    fn what_is_no_address_is_refused_and_secrets_are_not_repeated() {
        for typed in [
            "https://",
            "https:///path",
            "ftp://gpu.example",
            "gpu.example:8000",
            "https://gpu.example:0",
            "https://gpu.example:99999",
            "https://gpu.example:port",
            "https://gpu example",
            "https://gpu.example?key=geheim",
            "https://gpu.example/#geheim",
            "https://me:geheim@gpu.example",
            "http://geheim@localhost:8000",
        ] {
            let error = typed.parse::<ServerAddress>().unwrap_err().to_string();
            assert!(!error.contains("geheim"), "{typed}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
        assert!(!is_address("models/http") && !is_address("http:/x") && !is_address(""));
    }
}
