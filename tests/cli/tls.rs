//! Fetching from a server whose certificate comes from an authority of one's own, as behind a company's proxy.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::Run;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// Serves the tiny checkpoint over TLS; its port.
fn serve() -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate = CertificateDer::from_pem_file(data("tls/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(data("tls/server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let (config, listener) = (Arc::new(config), TcpListener::bind("localhost:0").unwrap());
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that does not trust it goes away.
            let _ = answer(config.clone(), stream);
        }
    });
    port
}

fn answer(config: Arc<ServerConfig>, stream: TcpStream) -> std::io::Result<()> {
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        head.push(byte[0]);
    }
    let file = std::fs::read(data("models/tiny_official.pth"))?;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        file.len()
    )?;
    stream.write_all(&file)?;
    stream.conn.send_close_notify();
    stream.flush()
}

#[test]
fn certificates_named_in_the_environment_are_trusted() {
    let port = serve();
    let fetch = |variables: &[(&str, &Path)]| {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_voxpoint"));
        for name in [
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "HTTPS_PROXY",
            "https_proxy",
            "ALL_PROXY",
            "all_proxy",
        ] {
            command.env_remove(name);
        }
        command.envs(variables.iter().map(|(name, path)| (name, path.as_os_str())));
        let url = format!("https://localhost:{port}/tiny.pth");
        let output = command
            .args(["model", "download", "--json", "--url", &url, "--dir"])
            .arg(folder.path())
            .output()
            .unwrap();
        Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    };
    let unknown = fetch(&[]);
    assert!(unknown.failed(1).contains("certificate"), "{unknown:?}");
    let authority = data("tls/ca.pem");
    assert_eq!(fetch(&[("SSL_CERT_FILE", &authority)]).json()["bytes"], 3_873_491);
    // A folder, as OpenSSL's, with names that are hashes.
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(&authority, folder.path().join("01234567.0")).unwrap();
    assert_eq!(fetch(&[("SSL_CERT_DIR", folder.path())]).json()["fetched"], true);
    for (name, place) in [("SSL_CERT_FILE", "/no/such.pem"), ("SSL_CERT_DIR", "/no/such/folder")] {
        let run = fetch(&[(name, Path::new(place))]);
        let error = run.failed(1);
        assert!(
            error.contains(&format!("no certificate can be read from what {name} names")),
            "{error}"
        );
    }
}
