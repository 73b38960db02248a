//! Which servers are trusted: authorities, a file with one's own, a fingerprint.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
};

use super::address::ServerAddress;
use super::error::{RemoteError, words};
use crate::segment::digest::sha256_of_bytes;
use crate::segment::trust::authorities;

/// No file of authorities is longer.
const MAX_PEM: u64 = 4 << 20;

/// The SHA-256 of a server's certificate, or of its public key (`SubjectPublicKeyInfo`, as `curl --pinnedpubkey`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pin(String);

impl std::fmt::Display for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Pin {
    type Err = String;

    /// 64 hexadecimal digits, in any case, with or without colons.
    fn from_str(text: &str) -> Result<Self, String> {
        let digits: String =
            text.trim().chars().filter(|&c| c != ':').map(|c| c.to_ascii_lowercase()).collect();
        if digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(Self(digits));
        }
        Err("64 hexadecimal digits are needed, the SHA-256 of the certificate or of its key".into())
    }
}

/// Whom to trust to be the server, and whether to be read on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerTrust {
    /// A file of certificates (PEM) of authorities that are trusted beside those of the system.
    pub authority: Option<PathBuf>,
    /// The only certificate, or key, that is accepted. What has it need not be signed by anybody, unless
    /// `authority` is given too.
    pub pin: Option<Pin>,
    /// Somebody has agreed to plain HTTP to another machine.
    pub plain: bool,
}

/// How connections to a server are encrypted.
///
/// # Errors
/// If certificates can't be read, or there is nothing to check a certificate with.
pub(super) fn client_config(
    trust: &ServerTrust,
    address: &ServerAddress,
) -> Result<Arc<ClientConfig>, RemoteError> {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    let system = authorities();
    roots.add_parsable_certificates(system.iter().flatten().cloned());
    if let Some(path) = &trust.authority {
        let bad = |why: String| RemoteError::Authority { why, path: path.clone() };
        let (added, _) = roots.add_parsable_certificates(certificates(path).map_err(bad)?);
        if added == 0 {
            return Err(bad("it holds none that can be used".to_owned()));
        }
    }
    if roots.is_empty() && trust.pin.is_none() {
        let why = system.err().unwrap_or_else(|| "it has none".to_owned());
        return Err(RemoteError::NoAuthorities { why, address: address.to_string() });
    }
    let here = |e: &dyn std::fmt::Display| RemoteError::Here(words(&e.to_string()));
    let signed = if roots.is_empty() {
        None
    } else {
        let builder = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone());
        Some(builder.build().map_err(|e| here(&e))?)
    };
    let alone = trust.authority.is_none();
    let verifier = Verifier { signed, pin: trust.pin.clone(), alone, provider: provider.clone() };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| here(&e))?
        // By `Verifier`, which checks at least what the usual one does, unless a fingerprint stands for it.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// The certificates of a PEM file.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let about = std::fs::metadata(path).map_err(|e| e.to_string())?;
    if about.len() > MAX_PEM || !about.is_file() {
        return Err("it is no file of certificates".to_owned());
    }
    let pem = std::fs::read(path).map_err(|e| e.to_string())?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err("it holds none (PEM is needed)".to_owned()),
        Ok(found) => Ok(found),
        Err(_) => Err("it is no PEM file".to_owned()),
    }
}

/// Another certificate than the pinned one came; both in hexadecimal.
#[derive(Debug)]
pub(super) struct PinMismatch {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl std::fmt::Display for PinMismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("another certificate than the one that is wanted")
    }
}

impl std::error::Error for PinMismatch {}

/// Checks certificates with authorities, a pin, or both.
#[derive(Debug)]
struct Verifier {
    signed: Option<Arc<WebPkiServerVerifier>>,
    pin: Option<Pin>,
    /// A pin is enough.
    alone: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(Pin(wanted)) = &self.pin {
            let certificate = sha256_of_bytes(end_entity);
            let parsed = ParsedCertificate::try_from(end_entity)?;
            let key = sha256_of_bytes(parsed.subject_public_key_info().as_ref());
            if *wanted != certificate && *wanted != key {
                let mismatch = OtherError(Arc::new(PinMismatch { certificate, key }));
                return Err(CertificateError::Other(mismatch).into());
            }
            if self.alone {
                return Ok(ServerCertVerified::assertion());
            }
        }
        let Some(signed) = &self.signed else {
            return Err(CertificateError::UnknownIssuer.into());
        };
        signed.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_taken_as_other_programs_print_them() {
        let plain = "0123456789abcdef".repeat(4);
        let colons = plain
            .to_uppercase()
            .as_bytes()
            .chunks(2)
            .map(|b| String::from_utf8_lossy(b))
            .collect::<Vec<_>>()
            .join(":");
        assert_eq!(plain.parse::<Pin>(), colons.parse::<Pin>());
        for bad in ["", "01", &plain[1..], &plain.replace('f', "g")] {
            assert!(bad.parse::<Pin>().is_err(), "{bad}");
        }
    }
}
