//! What a yes for a server is for, how long it holds, and what is said of it.

use std::path::{Path, PathBuf};

use egui::accesskit::Role;
use egui::{Key, Modifiers, PointerButton};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::geom::{DAffine3, DMat3, DVec3, Plane};
use voxpoint::io;
use voxpoint::segment::remote::ServerTrust;
use voxpoint::segment::{Installed, ModelRef, Models, OpenModel, Opening, SegmentError};
use voxpoint::ui::SentSize;
use voxpoint::work::CancelToken;

use crate::clicks::rod;
use crate::served::{
    FAR, MIDDLE, agreed, asks, at, here, is_ready, press, push, rest, says, servers, type_address,
    work,
};
use crate::server_stub::{Mood, ServerStub};
use crate::support::{
    click, drop_file, opened_with, wait, window, window_made, window_on, window_that_keeps,
};

const NONE: Modifiers = Modifiers::NONE;

/// Uses a server, by the window of servers.
fn use_server(harness: &mut Harness<'_, App>, stub: &ServerStub) {
    servers(harness);
    type_address(harness, &stub.url());
    push(harness, "Use this server");
    let address = stub.url();
    wait(harness, "the server", move |app| {
        let used = app.status().server.in_use.as_ref();
        app.is_idle() && used.is_some_and(|used| used.address == address)
    });
}

/// A window that keeps what is known of servers in a file, on a server.
fn keeping(scan: &Path, file: &Path, stub: &ServerStub) -> Harness<'static, App> {
    let (paths, file) = (vec![scan.to_owned()], file.to_owned());
    let mut harness = window_made(paths, None, Box::new(Installed), move |app| {
        app.keep_drafts_in(None).keep_servers_in(Some(file.clone()))
    });
    wait(&mut harness, "the scan and the model", is_ready);
    use_server(&mut harness, stub);
    harness
}

fn point(harness: &mut Harness<'_, App>, world: DVec3) {
    click(harness, Plane::Axial, world, PointerButton::Primary);
}

#[test]
fn a_remembered_yes_that_was_taken_back_holds_nowhere_any_more() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, _) = rod(temp.path());
    let file = temp.path().join("state/servers.json");
    let kept = || std::fs::read_to_string(&file).unwrap_or_default();
    let stub = ServerStub::start();
    let mut first = keeping(&scan, &file, &stub);
    point(&mut first, MIDDLE);
    asks(&mut first);
    first.get_by_role_and_label(Role::CheckBox, "Remember for this address").click();
    first.run_steps(2);
    push(&mut first, "Send");
    wait(&mut first, "the mask", App::is_idle);
    wait(&mut first, "the file", |_| kept().contains("\"agreed\": true"));

    // The next one is not asked, and has not heard when it is taken back.
    let mut second = keeping(&scan, &file, &stub);
    point(&mut second, MIDDLE);
    wait(&mut second, "the mask", App::is_idle);
    assert!(work(second.state()).2 > 0);
    servers(&mut first);
    push(&mut first, "Take the agreement back");
    // Nothing is saved at the end only: a window that is killed now has written it.
    wait(&mut first, "the file", |_| kept().contains("\"agreed\": false"));
    let sent = stub.inferences();
    press(&mut second, NONE, Key::N);
    point(&mut second, FAR);
    asks(&mut second);
    assert_eq!(stub.inferences(), sent, "nothing more is sent by the other window");
    push(&mut second, "Don't send");
    drop(first);
    drop(second);
    assert!(kept().contains("\"agreed\": false"), "the last one to close changes nothing");

    let mut third = keeping(&scan, &file, &stub);
    point(&mut third, MIDDLE);
    asks(&mut third);
    assert_eq!(stub.inferences(), sent);
}

/// The same model, as if it were on a server that gets whole scans.
struct Elsewhere {
    local: ModelRef,
    server: ModelRef,
}

impl Models for Elsewhere {
    fn open(
        &mut self,
        _: Option<&ModelRef>,
        cancel: &CancelToken,
        tell: &dyn Fn(Opening),
    ) -> Result<Option<OpenModel>, SegmentError> {
        let opened = Installed.open(Some(&self.local), cancel, tell)?;
        Ok(opened.map(|open| OpenModel { model: self.server.clone(), ..open }))
    }
}

#[test]
fn each_whole_scan_is_asked_for() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, local) = rod(temp.path());
    let other = temp.path().join("other.nii.gz");
    let values: Vec<f32> = (0..60 * 60 * 60).map(|n| (n * 7919 % 997) as f32 * 0.37).collect();
    let affine = DAffine3::from_mat3(DMat3::from_diagonal(DVec3::splat(2.0)));
    io::save_float32(&other, [60, 60, 60], &values, affine).expect("temp folder");

    let address = "nninteractive+http://127.0.0.1:9";
    let server = ModelRef::at_address(address, ServerTrust::default()).expect("an address");
    let models = Elsewhere { local: ModelRef::Path(local), server: server.clone() };
    let drafts = Some(temp.path().join("state"));
    let mut harness = window_that_keeps(vec![scan], Some(server), Box::new(models), drafts);
    wait(&mut harness, "the scan and the model", is_ready);
    point(&mut harness, MIDDLE);
    asks(&mut harness);
    push(&mut harness, "Send");
    wait(&mut harness, "the mask", App::is_idle);
    assert!(work(harness.state()).2 > 0);
    press(&mut harness, NONE, Key::N);
    point(&mut harness, FAR);
    wait(&mut harness, "the second mask", App::is_idle);
    wait(&mut harness, "the draft", |app| app.kept_in().is_some());

    drop_file(&mut harness, other);
    harness.step();
    wait(&mut harness, "the card", |app| !app.status().offers.is_empty());
    harness.get_by_label("Open as scan").click();
    wait(&mut harness, "the question", |app| app.status().ask_discard);
    harness.run_steps(3);
    push(&mut harness, "Keep for later");
    wait(&mut harness, "the other scan", |app| {
        app.document().is_some_and(|d| d.image().name() == "other.nii.gz")
    });
    point(&mut harness, DVec3::splat(60.0));
    asks(&mut harness);
    rest(&mut harness, DVec3::splat(40.0));
    assert_eq!(work(harness.state()), (true, 1, 0), "the yes was for the first one");
    assert!(says(&harness, "other.nii.gz"));
    push(&mut harness, "Send");
    wait(&mut harness, "the answer", App::is_idle);
}

#[test]
fn all_places_of_all_clicks_that_wait_are_counted() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, local) = rod(temp.path());
    let stub = ServerStub::start();
    let mut harness = window_on(vec![scan.clone()], Some(at(&stub)), Box::new(Installed));
    wait(&mut harness, "the scan and the model", is_ready);
    let places = |harness: &Harness<'_, App>| {
        let asked = harness.state().status().server.consent.clone().expect("asked");
        match asked.size {
            SentSize::Place { places, extends, .. } => (places, extends),
            SentSize::Image(_) => panic!("cubes"),
        }
    };
    point(&mut harness, MIDDLE);
    asks(&mut harness);
    assert_eq!(places(&harness), (1, false));
    push(&mut harness, "Don't send");
    press(&mut harness, NONE, Key::N);
    point(&mut harness, FAR);
    asks(&mut harness);
    assert_eq!(places(&harness), (2, false));
    assert!(says(&harness, "2 places: 16.8 MB"));
    assert_eq!(stub.inferences(), (0, 0));

    // Extending after a change of model.
    let mut harness = opened_with(scan, Some(local));
    point(&mut harness, MIDDLE);
    wait(&mut harness, "the mask", App::is_idle);
    use_server(&mut harness, &stub);
    press(&mut harness, NONE, Key::G);
    asks(&mut harness);
    assert_eq!(places(&harness), (1, true));
    assert!(says(&harness, "An object is to be extended"));
}

#[test]
fn a_click_that_was_taken_back_keeps_no_other_waiting() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, local) = rod(temp.path());
    let [expected, _] = here(scan.clone(), local);
    let stub = ServerStub::start();
    stub.is(Mood::Busy);
    let mut harness = window_on(vec![scan], Some(agreed(&stub)), Box::new(Installed));
    wait(&mut harness, "the scan and the model", is_ready);
    let waits = |app: &App| app.status().server.waits.is_some();
    point(&mut harness, FAR);
    wait(&mut harness, "the failure", waits);
    press(&mut harness, NONE, Key::N);
    point(&mut harness, MIDDLE);
    wait(&mut harness, "the failure", waits);
    stub.is(Mood::Serves);
    let asked = stub.inferences();
    rest(&mut harness, MIDDLE);
    assert_eq!(stub.inferences(), asked, "both wait");
    press(&mut harness, NONE, Key::Escape);
    wait(&mut harness, "the mask of the second", |app| {
        app.is_idle() && app.document().is_some_and(|d| d.pending().is_none())
    });
    let document = harness.state().document().expect("open");
    let masks: Vec<usize> = document.objects().iter().map(|o| o.region.count()).collect();
    assert!(masks.contains(&expected), "{masks:?} {expected}");
}

#[test]
fn looking_ahead_is_of_one_server_and_in_its_question() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, _): (PathBuf, _) = rod(temp.path());
    let (stub, other) = (ServerStub::start(), ServerStub::start());
    let mut harness = window(vec![scan]);
    wait(&mut harness, "the scan and the model", is_ready);
    use_server(&mut harness, &stub);
    servers(&mut harness);
    let name = "Look ahead: also send where the pointer rests";
    harness.get_by_role_and_label(Role::CheckBox, name).click();
    harness.run_steps(3);
    assert!(harness.state().status().server.look_ahead);
    press(&mut harness, NONE, Key::Escape);

    use_server(&mut harness, &other);
    assert!(!harness.state().status().server.look_ahead);
    let said = "“Look ahead” is on for this server";
    point(&mut harness, MIDDLE);
    asks(&mut harness);
    assert!(!says(&harness, said));
    push(&mut harness, "Send");
    wait(&mut harness, "the mask", App::is_idle);
    let sent = other.inferences();
    rest(&mut harness, FAR);
    assert_eq!(other.inferences(), sent, "only the other one may look ahead");

    use_server(&mut harness, &stub);
    assert!(harness.state().status().server.look_ahead);
    press(&mut harness, NONE, Key::N);
    point(&mut harness, FAR);
    asks(&mut harness);
    assert!(says(&harness, said));
    assert_eq!(stub.inferences(), (0, 0));
}
