//! Whose certificates are trusted.

use rustls::pki_types::CertificateDer;

/// The variables that OpenSSL and most programs know: a file of certificates, and folders of them.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The certificates that these variables name; without them those that the system trusts (a company's own among
/// them). None where the system has none.
///
/// # Errors
/// If a variable is set and no certificate can be read from what it names.
pub(super) fn authorities() -> Result<Vec<CertificateDer<'static>>, String> {
    let set = |name: &&&str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    let named = VARIABLES.iter().find(set);
    let found = rustls_native_certs::load_native_certs();
    match named {
        Some(name) if found.certs.is_empty() => {
            let why = found.errors.first().map(|e| format!(" ({e})")).unwrap_or_default();
            Err(format!("no certificate can be read from what {name} names{why}"))
        }
        _ => Ok(found.certs),
    }
}
