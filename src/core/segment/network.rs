//! What goes wrong on a network, in words of our own: libraries say it in theirs, in English, and each differently.

use std::io::{self, ErrorKind};

use rustls::{CertificateError, Error as TlsError, InvalidMessage};

/// What the system, or who speaks for it, says of a connection; `None`: nothing usual.
pub(super) fn of_system(error: &io::Error) -> Option<&'static str> {
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => "nobody listens there",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
            "the other side broke the connection off"
        }
        ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof | ErrorKind::NotConnected => {
            "the other side closed the connection"
        }
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "no answer in time",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            "no way leads there from this network"
        }
        ErrorKind::NetworkDown | ErrorKind::AddrNotAvailable => "this machine has no network",
        ErrorKind::PermissionDenied => "this machine does not allow the connection",
        _ => return None,
    })
}

/// What TLS says; `None`: nothing usual.
pub(super) fn of_tls(error: &TlsError) -> Option<&'static str> {
    Some(match error {
        TlsError::InvalidCertificate(why) => return of_certificate(why),
        TlsError::InvalidMessage(InvalidMessage::InvalidContentType) => "it does not speak https",
        TlsError::AlertReceived(_) => {
            "it refuses this encryption, or wants a certificate of this machine"
        }
        TlsError::PeerIncompatible(_) | TlsError::PeerMisbehaved(_) => {
            "it speaks no encryption that is accepted here"
        }
        TlsError::NoCertificatesPresented => "it shows no certificate",
        _ => return None,
    })
}

fn of_certificate(why: &CertificateError) -> Option<&'static str> {
    Some(match why {
        CertificateError::UnknownIssuer => {
            "its certificate is signed by nobody who is trusted here"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet: check the clock of this machine"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is of another host"
        }
        CertificateError::Revoked => "its certificate was revoked",
        CertificateError::BadEncoding | CertificateError::BadSignature => {
            "its certificate is damaged"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said differs by what can be done about it, and is never what a library says.
    #[test]
    fn the_usual_is_said_in_words_of_our_own() {
        for (kind, part) in [
            (ErrorKind::ConnectionRefused, "listens"),
            (ErrorKind::ConnectionReset, "broke the connection off"),
            (ErrorKind::ConnectionAborted, "broke the connection off"),
            (ErrorKind::UnexpectedEof, "closed the connection"),
            (ErrorKind::BrokenPipe, "closed the connection"),
            (ErrorKind::TimedOut, "in time"),
            (ErrorKind::HostUnreachable, "no way leads there"),
            (ErrorKind::NetworkUnreachable, "no way leads there"),
            (ErrorKind::NetworkDown, "no network"),
            (ErrorKind::PermissionDenied, "not allow"),
        ] {
            let error = io::Error::new(kind, "Peer disconnected");
            assert!(of_system(&error).is_some_and(|said| said.contains(part)), "{kind:?}");
        }
        assert_eq!(of_system(&io::Error::other("strange")), None);
        for (error, part) in [
            (TlsError::InvalidCertificate(CertificateError::NotValidYet), "clock"),
            (TlsError::InvalidCertificate(CertificateError::Revoked), "revoked"),
            (TlsError::NoCertificatesPresented, "no certificate"),
        ] {
            assert!(of_tls(&error).is_some_and(|said| said.contains(part)), "{error}");
        }
        assert_eq!(of_tls(&TlsError::General("strange".to_owned())), None);
    }
}
