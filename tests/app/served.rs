//! The window with a model on a server: nothing leaves before a yes, what was clicked outlives a server that fails, and
//! the masks are those of the same model here.

use std::path::{Path, PathBuf};

use egui::accesskit::Role;
use egui::{Key, Modifiers, PointerButton};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::geom::{DVec3, Plane};
use voxpoint::segment::remote::ServerTrust;
use voxpoint::segment::{Installed, ModelRef};
use voxpoint::text::unbroken;
use voxpoint::ui::{LookStatus, ModelStatus, SentSize};

use crate::clicks::rod;
use crate::server_stub::{Mood, ServerStub};
use crate::support::{click, hover, look_away, opened_with, voxels, wait, window, window_on};

pub const MIDDLE: DVec3 = DVec3::new(60.0, 60.0, 100.0);
pub const FURTHER: DVec3 = DVec3::new(60.0, 60.0, 130.0);
/// Another cube.
pub const FAR: DVec3 = DVec3::new(60.0, 60.0, 240.0);
/// On no point that is there.
const BESIDE: DVec3 = DVec3::new(54.0, 66.0, 210.0);

pub fn at(stub: &ServerStub) -> ModelRef {
    ModelRef::at_address(&stub.url(), ServerTrust::default()).expect("an address")
}

pub fn agreed(stub: &ServerStub) -> ModelRef {
    let model = at(stub);
    model.server().expect("a server").agreed.set(true);
    model
}

pub fn is_ready(app: &App) -> bool {
    app.document().is_some() && matches!(app.status().model, ModelStatus::Ready { .. })
}

fn with(scan: PathBuf, model: ModelRef) -> Harness<'static, App> {
    let mut harness = window_on(vec![scan], Some(model), Box::new(Installed));
    wait(&mut harness, "the scan and the model", is_ready);
    harness
}

pub fn press(harness: &mut Harness<'_, App>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_steps(3);
}

pub fn push(harness: &mut Harness<'_, App>, button: &str) {
    harness.get_by_role_and_label(Role::Button, button).click();
    harness.run_steps(3);
}

pub fn says(harness: &Harness<'_, App>, text: &str) -> bool {
    let found = |text: &str| harness.query_all_by_label_contains(text).next().is_some();
    found(text) || found(&unbroken(text))
}

pub fn asks(harness: &mut Harness<'_, App>) {
    wait(harness, "the question", |app| app.status().server.consent.is_some());
}

/// What is pending, how many points the first object has, and how large its mask is.
pub fn work(app: &App) -> (bool, usize, usize) {
    let document = app.document().expect("open");
    let object = document.objects().first();
    (
        document.pending().is_some(),
        object.map_or(0, |o| o.log.prompts.len()),
        object.map_or(0, |o| o.region.count()),
    )
}

/// The window of servers, by its menu.
pub fn servers(harness: &mut Harness<'_, App>) {
    push(harness, "Segment");
    harness.get_by_label("Server…").click();
    harness.run_steps(3);
    assert!(harness.state().view().windows.server);
}

/// Lets the pointer rest for longer than it takes to be a wish.
pub fn rest(harness: &mut Harness<'_, App>, world: DVec3) {
    hover(harness, Plane::Axial, world);
    for _ in 0..40 {
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Masks of clicks at the middle, and at the middle and further, by the same model here.
pub fn here(scan: PathBuf, model: PathBuf) -> [usize; 2] {
    let mut harness = opened_with(scan, Some(model));
    [MIDDLE, FURTHER].map(|world| {
        click(&mut harness, Plane::Axial, world, PointerButton::Primary);
        wait(&mut harness, "the mask", App::is_idle);
        voxels(harness.state())[0]
    })
}

#[test]
fn nothing_is_sent_before_a_yes_and_then_the_mask_is_that_of_the_same_model_here() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, local) = rod(temp.path());
    let expected = here(scan.clone(), local);
    let stub = ServerStub::start();
    let mut harness = with(scan, at(&stub));
    let host = stub.url().replace("http://", "");
    assert!(says(&harness, &format!("Masks are computed on the server {host}")));
    rest(&mut harness, MIDDLE);
    assert_eq!(stub.inferences(), (0, 0), "a pointer that rests");

    click(&mut harness, Plane::Axial, MIDDLE, PointerButton::Primary);
    asks(&mut harness);
    for text in [&*format!("Send image values to {host}?"), "8.4 MB", "rod", &stub.url()] {
        assert!(says(&harness, text), "{text}");
    }
    assert!(!says(&harness, "is not encrypted"), "it does not leave this machine");
    push(&mut harness, "Don't send");
    rest(&mut harness, MIDDLE);
    assert_eq!(work(harness.state()), (true, 1, 0), "the point is kept");
    assert!(says(&harness, "you have not agreed"));
    assert_eq!(stub.inferences(), (0, 0));
    push(&mut harness, "Try again");
    asks(&mut harness);
    // Esc is no yes.
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(stub.inferences(), (0, 0));
    press(&mut harness, Modifiers::COMMAND, Key::R);
    asks(&mut harness);
    push(&mut harness, "Send");
    wait(&mut harness, "the mask", App::is_idle);
    assert_eq!(voxels(harness.state()), [expected[0]]);
    let (asked, bytes) = stub.inferences();
    assert!(asked == 2 && bytes > 8_388_608, "{asked} {bytes}");
    let times = harness.state().status().latency.and_then(|times| times.network).expect("told");
    assert!(times.sent as usize == bytes && times.server > 0.0, "{times:?}");
    assert!(says(&harness, "network "));

    // For this address it is agreed now; what the pointer rests on still goes nowhere.
    look_away(&mut harness);
    rest(&mut harness, FAR);
    assert_eq!(stub.inferences().0, 2);
    click(&mut harness, Plane::Axial, FURTHER, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    assert_eq!(voxels(harness.state()), [expected[1]]);
    let sent = stub.inferences().0;

    servers(&mut harness);
    let name = "Look ahead: also send where the pointer rests";
    harness.get_by_role_and_label(Role::CheckBox, name).click();
    harness.run_steps(2);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    press(&mut harness, Modifiers::NONE, Key::N);
    hover(&mut harness, Plane::Axial, FAR);
    for _ in 0..200 {
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(20));
        if stub.inferences().0 > sent {
            break;
        }
    }
    assert!(stub.inferences().0 > sent, "if it is wanted, it does");
    look_away(&mut harness);

    servers(&mut harness);
    push(&mut harness, "Take the agreement back");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    wait(&mut harness, "quiet", |app| app.status().busy.is_none());
    let sent = stub.inferences();
    rest(&mut harness, BESIDE);
    click(&mut harness, Plane::Axial, BESIDE, PointerButton::Primary);
    asks(&mut harness);
    assert_eq!(stub.inferences(), sent);
}

#[test]
fn a_server_that_fails_loses_nothing_and_is_asked_again() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, local) = rod(temp.path());
    let expected = here(scan.clone(), local.clone());
    let stub = ServerStub::start();
    let mut harness = with(scan, agreed(&stub));
    click(&mut harness, Plane::Axial, MIDDLE, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    assert_eq!(voxels(harness.state()), [expected[0]]);

    let waits = |app: &App| app.status().server.waits.is_some();
    for (mood, said) in
        [(Mood::Breaks, "connection to the server broke"), (Mood::Busy, "answered 503")]
    {
        stub.is(mood);
        click(&mut harness, Plane::Axial, FURTHER, PointerButton::Primary);
        wait(&mut harness, "the failure", waits);
        assert_eq!(work(harness.state()), (true, 2, expected[0]), "mask and points are kept");
        assert!(harness.state().messages().any(|m| m.contains(said)), "{mood:?}");
        assert!(says(&harness, said) && says(&harness, "A click waits for 127.0.0.1"));
        let asked = stub.requests();
        rest(&mut harness, FURTHER);
        assert_eq!(stub.requests(), asked, "nobody is asked again unasked");
        stub.is(Mood::Serves);
        press(&mut harness, Modifiers::COMMAND, Key::R);
        wait(&mut harness, "the mask", App::is_idle);
        assert_eq!(work(harness.state()), (false, 2, expected[1]));
        press(&mut harness, Modifiers::COMMAND, Key::Z);
        assert_eq!(work(harness.state()), (false, 1, expected[0]));
    }

    // Esc ends a wait at once, and takes the point back that waited.
    stub.is(Mood::Silent);
    let asked = stub.requests();
    click(&mut harness, Plane::Axial, FURTHER, PointerButton::Primary);
    wait(&mut harness, "the request", |_| stub.requests() > asked);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    wait(&mut harness, "the end", App::is_idle);
    assert_eq!(work(harness.state()), (false, 1, expected[0]));

    // A yes that is taken back while the server computes: the point waits, and nobody asks before it is tried again.
    let asked = stub.requests();
    click(&mut harness, Plane::Axial, FURTHER, PointerButton::Primary);
    wait(&mut harness, "the request", |_| stub.requests() > asked);
    servers(&mut harness);
    push(&mut harness, "Take the agreement back");
    wait(&mut harness, "the wait", waits);
    harness.run_steps(5);
    assert!(harness.state().status().server.consent.is_none());
    let said = harness.state().status().server.waits.clone().unwrap_or_default().why;
    assert!(said.contains("you have not agreed") && !said.contains("nothing was sent"), "{said}");
    press(&mut harness, Modifiers::NONE, Key::Escape);

    // What waits is answered by a model on this machine, too.
    assert!(work(harness.state()).0);
    harness.state_mut().use_model(local);
    wait(&mut harness, "the mask", App::is_idle);
    assert_eq!(work(harness.state()), (false, 2, expected[1]));
    assert!(harness.state().status().server.in_use.is_none());
}

#[test]
fn a_server_that_is_not_there_keeps_points_until_it_is() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, local) = rod(temp.path());
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", nobody.local_addr().expect("a port"));
    drop(nobody);
    let model = ModelRef::at_address(&address, ServerTrust::default()).expect("an address");
    let mut harness = window_on(vec![scan], Some(model), Box::new(Installed));
    wait(&mut harness, "the failure", |app| {
        app.document().is_some() && matches!(app.status().model, ModelStatus::Failed(_))
    });
    click(&mut harness, Plane::Axial, MIDDLE, PointerButton::Primary);
    wait(&mut harness, "the failure", |app| app.status().server.waits.is_some());
    assert_eq!(work(harness.state()), (true, 1, 0));
    assert!(says(&harness, "nobody listens there"));
    harness.state_mut().use_model(local);
    wait(&mut harness, "the mask", App::is_idle);
    assert!(work(harness.state()).2 > 0);
}

/// A model that the program was started with, on a server that says nothing.
#[test]
fn opening_a_model_on_a_server_can_be_stopped_and_tried_again() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, _) = rod(temp.path());
    let stub = ServerStub::start();
    stub.is_deaf(true);
    let mut harness = window_on(vec![scan], Some(at(&stub)), Box::new(Installed));
    let opens = |app: &App| app.document().is_some() && app.status().server.opening.is_some();
    wait(&mut harness, "the question", opens);
    harness.run_steps(3);
    assert!(says(&harness, "asking 127.0.0.1") && !says(&harness, "loading the model"));
    click(&mut harness, Plane::Axial, MIDDLE, PointerButton::Primary);
    // What the bar says of the mask and its session beside it comes first.
    harness.run_steps(5);
    push(&mut harness, "Stop opening the model");
    wait(&mut harness, "the end", |app| app.status().server.waits.is_some());
    let state = harness.state();
    assert!(state.status().server.opening.is_none());
    assert!(
        matches!(&state.status().model, ModelStatus::Stopped(why) if why.contains("was stopped"))
    );
    assert_eq!(state.messages().count(), 0, "who has stopped it knows that");
    assert!(says(&harness, "No model") && !says(&harness, "Model failed"));
    let state = harness.state();
    assert_eq!(work(state), (true, 1, 0), "the point is kept");
    stub.is_deaf(false);
    press(&mut harness, Modifiers::COMMAND, Key::R);
    asks(&mut harness);
    push(&mut harness, "Send");
    wait(&mut harness, "the mask", App::is_idle);
    assert!(work(harness.state()).2 > 0);
}

/// Another model is there at once, however long a server says nothing.
#[test]
fn a_server_that_is_being_asked_keeps_no_other_model_waiting() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, local) = rod(temp.path());
    let stub = ServerStub::start();
    stub.is_deaf(true);
    let mut harness = window_on(vec![scan], Some(at(&stub)), Box::new(Installed));
    wait(&mut harness, "the question", |app| app.status().server.opening.is_some());
    let begin = std::time::Instant::now();
    harness.state_mut().use_model(local);
    wait(&mut harness, "the model", is_ready);
    // The server would be waited for 20 seconds.
    assert!(begin.elapsed().as_secs() < 15);
    assert!(harness.state().status().server.in_use.is_none());
    assert_eq!(harness.state().messages().count(), 0);
}

/// What was typed at the start about whom to trust goes for the server, and is what the window shows of it.
#[cfg(unix)]
#[test]
fn a_key_named_at_the_start_is_the_servers() {
    use std::os::unix::fs::PermissionsExt as _;
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, _) = rod(temp.path());
    let key = temp.path().join("key");
    std::fs::write(&key, "geheim").expect("temp folder");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("temp folder");
    let stub = ServerStub::start();
    let mut model = at(&stub);
    if let ModelRef::Server(served) = &mut model {
        served.key_file = Some(key.clone());
    }
    let harness = with(scan, model);
    let in_use = harness.state().status().server.in_use.clone().expect("a server");
    assert_eq!(in_use.draft.key_file, key.display().to_string());
    assert!(!in_use.agreed && stub.inferences() == (0, 0));
}

/// Types an address into the window of servers.
pub fn type_address(harness: &mut Harness<'_, App>, text: &str) {
    type_into(harness, "Address", text);
}

fn type_into(harness: &mut Harness<'_, App>, field: &str, text: &str) {
    harness.get_by_role_and_label(Role::TextInput, field).focus();
    harness.run_steps(2);
    press(harness, Modifiers::COMMAND, Key::A);
    harness.get_by_role_and_label(Role::TextInput, field).type_text(text);
    harness.run_steps(3);
}

#[test]
fn an_address_is_looked_at_used_remembered_and_forgotten() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, _) = rod(temp.path());
    let stub = ServerStub::start();
    let mut harness = window(vec![scan]);
    wait(&mut harness, "the scan and the model", is_ready);
    servers(&mut harness);
    let look = |app: &App| app.status().server.look.clone();
    for (typed, said) in [
        ("gpu.example", "does not begin with https://"),
        ("https://me:geheim@gpu.example", "user name or a password"),
    ] {
        type_address(&mut harness, typed);
        push(&mut harness, "Look");
        assert!(matches!(look(harness.state()), LookStatus::Failed(why) if why.contains(said)));
        assert!(says(&harness, said), "{typed}");
    }
    assert!(!says(&harness, "everybody on the way"));
    type_address(&mut harness, "http://gpu.example");
    assert!(says(&harness, "everybody on the way"));

    // A server that says nothing: the window is alive, and the question is taken back.
    stub.is_deaf(true);
    type_address(&mut harness, &stub.url());
    assert!(!says(&harness, "everybody on the way"));
    push(&mut harness, "Look");
    assert_eq!(look(harness.state()), LookStatus::Looking);
    push(&mut harness, "Stop");
    assert_eq!(look(harness.state()), LookStatus::Idle);
    stub.is_deaf(false);
    push(&mut harness, "Look");
    wait(&mut harness, "the server", |app| matches!(look(app), LookStatus::Found(_)));
    assert!(says(&harness, "stub 7 has: sam_med3d_encoder, sam_med3d_decoder"));
    assert!(harness.state().status().server.known.is_empty(), "looked at is not used");

    push(&mut harness, "Use this server");
    wait(&mut harness, "the server", |app| app.is_idle() && app.status().server.in_use.is_some());
    assert!(!harness.state().view().windows.server, "it is used");
    let known = harness.state().status().server.known.clone();
    assert!(known.len() == 1 && known[0].draft.address == stub.url() && !known[0].agreed);
    click(&mut harness, Plane::Axial, MIDDLE, PointerButton::Primary);
    asks(&mut harness);
    harness.get_by_role_and_label(Role::CheckBox, "Remember for this address").click();
    harness.run_steps(2);
    push(&mut harness, "Send");
    wait(&mut harness, "the mask", App::is_idle);
    assert!(harness.state().status().server.known[0].agreed);

    let sent = stub.inferences();
    servers(&mut harness);
    push(&mut harness, &format!("Forget {}", stub.url()));
    assert!(harness.state().status().server.known.is_empty());
    press(&mut harness, Modifiers::NONE, Key::Escape);
    press(&mut harness, Modifiers::NONE, Key::N);
    click(&mut harness, Plane::Axial, FAR, PointerButton::Primary);
    asks(&mut harness);
    assert_eq!(stub.inferences(), sent, "what was agreed is forgotten, too");
}

/// For a slow network: less goes there, and the mask is the same; it is remembered, and not another server.
#[test]
fn what_is_sent_is_packed_if_that_is_wanted() {
    const TICK: &str = "Pack what is sent, for slow networks (gzip)";
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, local) = rod(temp.path());
    let expected = here(scan.clone(), local);
    let stub = ServerStub::start();
    let mut harness = window(vec![scan]);
    wait(&mut harness, "the scan and the model", is_ready);
    servers(&mut harness);
    type_address(&mut harness, &stub.interactive_url());
    assert!(harness.query_by_role_and_label(Role::CheckBox, TICK).is_none(), "of the others");
    type_address(&mut harness, &stub.url());
    harness.get_by_role_and_label(Role::CheckBox, TICK).click();
    harness.run_steps(2);
    push(&mut harness, "Use this server");
    wait(&mut harness, "the server", |app| app.is_idle() && app.status().server.in_use.is_some());
    let known = harness.state().status().server.known.clone();
    assert!(known.len() == 1 && known[0].draft.pack);
    click(&mut harness, Plane::Axial, MIDDLE, PointerButton::Primary);
    asks(&mut harness);
    push(&mut harness, "Send");
    wait(&mut harness, "the mask", App::is_idle);
    assert_eq!(voxels(harness.state()), [expected[0]]);
    let (asked, bytes) = stub.inferences();
    assert!(stub.packed() == asked && bytes < 4_000_000, "{asked} {bytes}");

    // The same server, agreed to already.
    servers(&mut harness);
    harness.get_by_role_and_label(Role::CheckBox, TICK).click();
    harness.run_steps(2);
    push(&mut harness, "Use this server");
    wait(&mut harness, "the server", |app| {
        app.is_idle() && app.status().server.in_use.as_ref().is_some_and(|used| !used.draft.pack)
    });
    assert_eq!(harness.state().status().server.known.len(), 1);
    press(&mut harness, Modifiers::NONE, Key::N);
    click(&mut harness, Plane::Axial, FAR, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    let (more, all) = stub.inferences();
    assert!(more > asked && stub.packed() == asked && all > bytes + 8_388_608, "{more} {all}");
}

/// Typed where a model's path is asked for, an address is one.
#[test]
fn an_address_typed_as_a_models_path_is_a_server() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, _) = rod(temp.path());
    let stub = ServerStub::start();
    let mut harness = window(vec![scan]);
    wait(&mut harness, "the scan and the model", is_ready);
    push(&mut harness, "Segment");
    harness.get_by_label("Open another model…").click();
    harness.run_steps(3);
    crate::support::type_path(&mut harness, Path::new(&stub.url()));
    push(&mut harness, "OK");
    wait(&mut harness, "the server", |app| app.is_idle() && app.status().server.in_use.is_some());
    click(&mut harness, Plane::Axial, MIDDLE, PointerButton::Primary);
    asks(&mut harness);
    assert_eq!(stub.inferences(), (0, 0));
}

/// One that gets the whole scan: so much is asked for, once, and the mask is what it says.
#[test]
fn a_whole_scan_is_sent_once_and_only_after_a_yes_for_that() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (scan, _) = rod(temp.path());
    let stub = ServerStub::start();
    let model = ModelRef::at_address(&stub.interactive_url(), ServerTrust::default());
    let mut harness = with(scan, model.expect("an address"));
    rest(&mut harness, MIDDLE);
    click(&mut harness, Plane::Axial, MIDDLE, PointerButton::Primary);
    asks(&mut harness);
    let size = harness.state().status().server.consent.as_ref().map(|asked| asked.size);
    let Some(SentSize::Image(bytes)) = size else { panic!("{size:?}") };
    assert_eq!(bytes % (60 * 60 * 180), 0);
    for text in ["The whole scan goes there", "all image values of rod", &stub.interactive_url()] {
        assert!(says(&harness, text), "{text}");
    }
    assert!(stub.scans().is_empty());
    push(&mut harness, "Send");
    wait(&mut harness, "the mask", App::is_idle);
    assert_eq!(work(harness.state()), (false, 1, 24));
    let sent = stub.scans();
    assert!(sent.len() == 1 && sent[0] as u64 >= bytes / 2, "{sent:?}");
    let times = harness.state().status().latency.and_then(|times| times.network).expect("told");
    assert!(times.sent as usize >= sent[0], "{times:?}");
    click(&mut harness, Plane::Axial, FURTHER, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    assert_eq!(stub.scans().len(), 1, "it has it");

    servers(&mut harness);
    assert!(says(&harness, "It gets the whole scan") && !says(&harness, "Look ahead"));
    type_address(&mut harness, &stub.interactive_url());
    push(&mut harness, "Look");
    wait(&mut harness, "the server", |app| {
        matches!(app.status().server.look, LookStatus::Found(_))
    });
    assert!(says(&harness, "nnInteractive: the licence of its model is CC BY-NC-SA 4.0"));
    type_into(&mut harness, "File with the key", "/no/such/key");
    push(&mut harness, "Use this server");
    assert!(!says(&harness, "the licence of its model"), "that was said without the key");
    wait(&mut harness, "the failure", |app| {
        matches!(app.status().server.look, LookStatus::Failed(_))
    });
    assert!(says(&harness, "The key for the server cannot be used"));
}
