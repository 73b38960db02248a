//! A point that waits for a server outlives the program, and is answered by whom the user wants.

use std::path::PathBuf;

use egui::PointerButton;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::geom::Plane;
use voxpoint::segment::{Installed, ModelRef};

use crate::clicks::rod;
use crate::served::{MIDDLE, agreed, asks, here, is_ready, push, rest, says, work};
use crate::server_stub::{Mood, ServerStub};
use crate::support::{click, wait, window_that_keeps};

/// Also the state of the point that waits, if the program ends meanwhile.
#[test]
fn a_point_that_waits_is_in_the_session() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, local) = rod(temp.path());
    let (expected, drafts) = (here(scan.clone(), local.clone()), temp.path().join("state"));
    let stub = ServerStub::start();
    stub.is(Mood::Silent);
    let open = |paths: Vec<PathBuf>, model: ModelRef| {
        window_that_keeps(paths, Some(model), Box::new(Installed), Some(drafts.clone()))
    };
    let mut harness = open(vec![scan], agreed(&stub));
    wait(&mut harness, "the scan and the model", is_ready);
    let asked = stub.requests();
    click(&mut harness, Plane::Axial, MIDDLE, PointerButton::Primary);
    wait(&mut harness, "the session", |app| app.kept_in().is_some() && work(app).0);
    wait(&mut harness, "the request", |_| stub.requests() > asked);
    assert_eq!(stub.left(), 0);
    drop(harness);
    for _ in 0..500 {
        if stub.left() > 0 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(stub.left(), 1, "a window that closes does not wait for the server");

    // Another model does not answer without a word what was asked of the server.
    let (continues, host) = ("Continue: rod.nii.gz", stub.url().replace("http://", ""));
    let again = |model: ModelRef| {
        let mut harness = open(vec![], model);
        wait(&mut harness, "the drafts", |app| !app.status().drafts.is_empty());
        harness.get_by_label(continues).click();
        wait(&mut harness, "the work and the model", is_ready);
        harness.run_steps(20);
        harness
    };
    let mut harness = again(ModelRef::Path(local.clone()));
    assert_eq!(work(harness.state()), (true, 1, 0));
    assert!(says(&harness, &format!("A click waits for {host}")));
    assert!(says(&harness, "no other model answers it unasked"));
    let asked = stub.requests();
    rest(&mut harness, MIDDLE);
    assert_eq!((stub.requests(), work(harness.state())), (asked, (true, 1, 0)));
    // It is still for the server after another start.
    drop(harness);

    // It is asked there when somebody says so, and nothing is sent before a yes.
    stub.is(Mood::Serves);
    let mut harness = again(ModelRef::Path(local.clone()));
    let asked = stub.inferences();
    push(&mut harness, &format!("Ask {host}"));
    asks(&mut harness);
    assert_eq!(stub.inferences(), asked);
    push(&mut harness, "Don't send");
    assert_eq!(work(harness.state()), (true, 1, 0));
    drop(harness);

    // Or the model on this machine answers, if that is what is wanted.
    let mut harness = again(ModelRef::Path(local));
    assert!(says(&harness, &format!("A click waits for {host}")));
    push(&mut harness, "Answer on this machine");
    wait(&mut harness, "the mask", App::is_idle);
    assert_eq!(work(harness.state()), (false, 1, expected[0]));
}

/// The model that a click was asked of need not be on a server, and the one in use is the same after a start without any
/// word about it.
#[test]
fn a_point_that_waits_for_the_model_in_use_is_answered_at_once() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, local) = rod(temp.path());
    let (expected, drafts) = (here(scan.clone(), local), temp.path().join("state"));
    let stub = ServerStub::start();
    stub.is(Mood::Silent);
    let open = |paths: Vec<PathBuf>| {
        window_that_keeps(paths, Some(agreed(&stub)), Box::new(Installed), Some(drafts.clone()))
    };
    let mut harness = open(vec![scan]);
    wait(&mut harness, "the scan and the model", is_ready);
    let asked = stub.requests();
    click(&mut harness, Plane::Axial, MIDDLE, PointerButton::Primary);
    wait(&mut harness, "the request", |_| stub.requests() > asked);
    wait(&mut harness, "the session", |app| app.kept_in().is_some() && work(app).0);
    drop(harness);
    stub.is(Mood::Serves);
    let mut harness = open(vec![]);
    wait(&mut harness, "the drafts", |app| !app.status().drafts.is_empty());
    harness.get_by_label("Continue: rod.nii.gz").click();
    wait(&mut harness, "the mask", |app| app.document().is_some() && app.is_idle());
    assert_eq!(work(harness.state()), (false, 1, expected[0]));
}
