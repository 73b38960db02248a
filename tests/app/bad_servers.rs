//! Servers that behave badly, from the window: the points are kept, one line says what and what to do in either language,
//! and the window goes on.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use egui::{Key, Modifiers, PointerButton};
use egui_kittest::Harness;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};
use voxpoint::app::App;
use voxpoint::geom::Plane;
use voxpoint::segment::remote::ServerTrust;
use voxpoint::segment::{Installed, ModelRef};
use voxpoint::ui::text::Language;
use voxpoint::ui::{ModelStatus, tr_error};

use crate::clicks::rod;
use crate::served::{FURTHER, MIDDLE, agreed, here, is_ready, press, says, work};
use crate::server_stub::{Mood, ServerStub};
use crate::support::{click, wait, window_on};

/// What is said of a click that waits: one line in English, and the same in Chinese where it stands in the window.
fn told(harness: &mut Harness<'_, App>, said: &str) {
    let why = harness.state().status().server.waits.clone().expect("it waits").why;
    assert!(why.to_lowercase().contains(said) && !why.contains('\n'), "{said}: {why}");
    assert!(says(harness, said), "{said}: {why}");
    let speak = |harness: &mut Harness<'_, App>, language| {
        harness.state_mut().view_mut().prefs.language = language;
        harness.run_steps(4);
    };
    speak(harness, Language::Chinese);
    let chinese = tr_error(&why);
    let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let count = chinese.chars().filter(|&c| is_chinese(c)).count();
    assert!(count >= 8 && !chinese.contains('\n'), "{why}: {chinese}");
    assert!(says(harness, &chinese), "{chinese}");
    speak(harness, Language::English);
}

#[test]
fn whatever_a_server_does_the_points_are_kept_and_the_window_goes_on() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, local) = rod(temp.path());
    let expected = here(scan.clone(), local);
    let stub = ServerStub::start();
    let mut harness = window_on(vec![scan], Some(agreed(&stub)), Box::new(Installed));
    wait(&mut harness, "the scan and the model", is_ready);
    click(&mut harness, Plane::Axial, MIDDLE, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    for (mood, said) in [
        (Mood::Status(400), "answered 400"),
        (Mood::Status(401), "answered 401"),
        (Mood::Status(404), "answered 404"),
        (Mood::Status(410), "answered 410"),
        (Mood::Status(413), "answered 413"),
        (Mood::Status(500), "answered 500"),
        (Mood::Busy, "answered 503"),
        (Mood::Breaks, "the server broke"),
        (Mood::Half, "the server broke"),
        (Mood::Page, "no binary tensors"),
        (Mood::OtherShape, "as declared"),
        (Mood::Nan, "not a number"),
    ] {
        stub.is(mood);
        click(&mut harness, Plane::Axial, FURTHER, PointerButton::Primary);
        wait(&mut harness, "the failure", |app| app.status().server.waits.is_some());
        assert_eq!(work(harness.state()), (true, 2, expected[0]), "{mood:?}: all is kept");
        told(&mut harness, said);
        // The window is alive: something else is done meanwhile, and undone.
        let at = harness.state().view().scan.crosshair;
        press(&mut harness, Modifiers::NONE, Key::PageUp);
        assert_ne!(harness.state().view().scan.crosshair, at, "{mood:?}");
        press(&mut harness, Modifiers::NONE, Key::PageDown);
        stub.is(Mood::Serves);
        press(&mut harness, Modifiers::COMMAND, Key::R);
        wait(&mut harness, "the mask", App::is_idle);
        assert_eq!(work(harness.state()), (false, 2, expected[1]), "{mood:?}");
        press(&mut harness, Modifiers::COMMAND, Key::Z);
        assert_eq!(work(harness.state()), (false, 1, expected[0]), "{mood:?}");
    }
}

/// Shakes hands with a certificate that nobody trusts; its port.
fn untrusted() -> u16 {
    let data = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls").join(name);
    let certificate = CertificateDer::from_pem_file(data("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(data("server.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a configuration");
    let (config, listener) = (Arc::new(config), TcpListener::bind("localhost:0").expect("a port"));
    let port = listener.local_addr().expect("a port").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut connection = ServerConnection::new(config.clone()).expect("TLS");
            // Who does not trust it goes away.
            let _gone = Stream::new(&mut connection, &mut stream).read(&mut [0]);
        }
    });
    port
}

/// Speaks no TLS and says so, as web servers do; its port.
fn without_tls() -> u16 {
    let listener = TcpListener::bind("localhost:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _hello = stream.read(&mut [0; 4096]);
            let _said = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            let _until_it_goes = stream.read(&mut [0; 4096]);
        }
    });
    port
}

#[test]
fn a_server_that_nobody_trusts_keeps_the_points_that_wait_for_it() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, local) = rod(temp.path());
    for (port, said) in [(untrusted(), "signed by nobody"), (without_tls(), "does not speak https")]
    {
        let address = format!("https://localhost:{port}");
        let model = ModelRef::at_address(&address, ServerTrust::default()).expect("an address");
        let mut harness = window_on(vec![scan.clone()], Some(model), Box::new(Installed));
        wait(&mut harness, "the failure", |app| {
            app.document().is_some() && matches!(app.status().model, ModelStatus::Failed(_))
        });
        click(&mut harness, Plane::Axial, MIDDLE, PointerButton::Primary);
        wait(&mut harness, "the failure", |app| app.status().server.waits.is_some());
        assert_eq!(work(harness.state()), (true, 1, 0), "{address}");
        told(&mut harness, said);
        harness.state_mut().use_model(local.clone());
        wait(&mut harness, "the mask", App::is_idle);
        assert!(work(harness.state()).2 > 0, "another model answers what waited");
    }
}
