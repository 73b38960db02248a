//! Whose certificates are trusted.

use std::sync::Arc;

use ureq::tls::{Certificate, RootCerts};

/// The variables that OpenSSL and most programs know: a file of certificates, and folders of them.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The certificates that these variables name; without them those that the system trusts (a company's own among
/// them), and where the system has none, those that ship with the program.
///
/// # Errors
/// If a variable is set and no certificate can be read from what it names.
pub(super) fn roots() -> Result<RootCerts, String> {
    let set = |name: &&&str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    let named = VARIABLES.iter().find(set);
    let found = rustls_native_certs::load_native_certs();
    let certificates: Vec<_> =
        found.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    match (named, certificates.is_empty()) {
        (_, false) => Ok(RootCerts::Specific(Arc::new(certificates))),
        (None, true) => Ok(RootCerts::WebPki),
        (Some(name), true) => {
            let why = found.errors.first().map(|e| format!(" ({e})")).unwrap_or_default();
            Err(format!("no certificate can be read from what {name} names{why}"))
        }
    }
}
