//! File dialogs that come, come late, or do not come: seen in the window, and never two answers.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{sample, type_path, wait};
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::{App, DialogReply};

/// A dialog service of the test's: what it says, and when.
struct Service {
    /// The titles of the dialogs that were asked for.
    asked: Arc<Mutex<Vec<String>>>,
    /// Lets the next dialog appear; it answers whether it was still wanted.
    appear: Sender<()>,
    wanted: Receiver<bool>,
    reply: Sender<DialogReply>,
}

fn window() -> (Harness<'static, App>, Service) {
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let (appear, appears) = channel::<()>();
    let (is_wanted, wanted) = channel();
    let (reply, replies) = channel::<DialogReply>();
    // One after another, like the real ones.
    let ends = Arc::new(Mutex::new((appears, replies)));
    let titles = Arc::clone(&asked);
    let dialogs: voxpoint::app::Dialogs = Box::new(move |question| {
        titles.lock().expect("not poisoned").push(question.title.clone());
        let (ends, is_wanted) = (Arc::clone(&ends), is_wanted.clone());
        Box::new(move |appears| {
            let ends = ends.lock().expect("not poisoned");
            if ends.0.recv().is_err() {
                return DialogReply::NoDialog;
            }
            let wanted = appears();
            let _ = is_wanted.send(wanted);
            if !wanted {
                return DialogReply::CalledOff;
            }
            ends.1.recv().unwrap_or(DialogReply::NoDialog)
        })
    });
    let mut setup = egui_kittest::wgpu::default_wgpu_setup();
    if let eframe::egui_wgpu::WgpuSetup::CreateNew(new) = &mut setup {
        new.device_descriptor = Arc::new(voxpoint::render::device_descriptor);
    }
    let mut harness =
        Harness::builder().with_size(egui::vec2(1280.0, 800.0)).wgpu_setup(setup).build_eframe(
            move |cc| App::new(cc, vec![sample()], None).expect("threads").ask_by(dialogs),
        );
    wait(&mut harness, "the scan", |app| app.document().is_some());
    (harness, Service { asked, appear, wanted, reply })
}

const WAITING: &str = "Opening the file dialog…";
const SHOWN: &str = "Choose in the file dialog of your system. If you see none, type the path.";
const NONE: &str = "No file dialog of the system came up.";

fn ctrl(harness: &mut Harness<'_, App>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(Modifiers::COMMAND | modifiers, key);
    harness.run_steps(3);
}

/// Steps until a text is on the screen.
fn until_seen(harness: &mut Harness<'_, App>, text: &str) {
    for _ in 0..1000 {
        harness.step();
        if harness.query_by_label(text).is_some() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("never seen: {text}");
}

/// What the user does to be asked for a path.
type Asks<'a> = &'a dyn Fn(&mut Harness<'_, App>);

fn overlay() -> PathBuf {
    sample()
}

#[test]
fn nothing_else_answers_while_a_dialog_is_awaited() {
    let (mut harness, service) = window();
    let looks = |h: &Harness<'_, App>| {
        let v = h.state().view();
        let views = (
            v.prefs.layout,
            v.scan.lightbox,
            v.scan.maximised,
            v.prefs.slab_mm,
            v.scan.window,
            v.scan.time_point,
        );
        format!(
            "{views:?} {:?}",
            (v.prefs.tool, v.prefs.show_labels, v.windows.help, v.windows.history)
        )
    };
    let before = looks(&harness);
    // Typed at once, for the dialog: in the same frame as the key that opens it, and in the next ones.
    harness.key_press_modifiers(Modifiers::COMMAND, Key::L);
    for key in [Key::M, Key::N, Key::T, Key::Y] {
        harness.key_press(key);
    }
    harness.step();
    service.appear.send(()).expect("waits");
    until_seen(&mut harness, SHOWN);
    for key in [Key::M, Key::V, Key::H, Key::S, Key::R, Key::Num2, Key::N, Key::W, Key::F1] {
        harness.key_press(key);
        harness.step();
    }
    ctrl(&mut harness, Modifiers::NONE, Key::W);
    service.reply.send(DialogReply::Path(overlay())).expect("waits");
    wait(&mut harness, "the overlay", |app| app.view().scan.overlays.len() == 1);
    assert!(harness.query_by_label(SHOWN).is_none() && harness.query_by_label("Path").is_none());
    assert_eq!(before, looks(&harness), "no key was a shortcut");
    assert!(harness.state().document().expect("open").objects().is_empty());
    assert_eq!(*service.asked.lock().expect("not poisoned"), ["Lay another image over the scan"]);
}

#[test]
fn every_question_has_a_line_to_type_into_when_no_dialog_comes() {
    let (mut harness, service) = window();
    let shift = Modifiers::SHIFT;
    // The service is gone.
    drop(service.appear);
    let questions: [(Asks, &str); 5] = [
        (&|h| ctrl(h, Modifiers::NONE, Key::O), "Open a scan, a label map or a session"),
        (&|h| ctrl(h, Modifiers::NONE, Key::L), "Lay another image over the scan"),
        (&|h| ctrl(h, shift, Key::S), "Save the label map"),
        (
            &|h| {
                ctrl(h, Modifiers::NONE, Key::P);
                h.get_by_label_contains("Save as PNG…").click();
                h.run_steps(3);
            },
            "Save the picture",
        ),
        (
            &|h| {
                h.get_by_label("Segment").click();
                h.run_steps(3);
                h.get_by_label("Open another model…").click();
                h.run_steps(3);
            },
            "Checkpoint (.pth), or folder with encoder.onnx and decoder.onnx",
        ),
    ];
    for (ask, title) in questions {
        ask(&mut harness);
        until_seen(&mut harness, "Path");
        harness.get_by_label(title);
        harness.get_by_label(NONE);
        harness.key_press(Key::Escape);
        harness.run_steps(3);
        assert!(harness.query_by_label("Path").is_none(), "{title}");
    }
    assert_eq!(service.asked.lock().expect("not poisoned").len(), 5);
}

/// One dialog gives the label maps of all raters.
#[test]
fn several_files_are_chosen_in_one_dialog() {
    let (mut harness, service) = window();
    harness.get_by_label("File").click();
    harness.run_steps(3);
    harness.get_by_label("Agreement of several label maps…").click();
    harness.run_steps(3);
    assert_eq!(
        *service.asked.lock().expect("not poisoned"),
        ["Label maps of this scan by several raters"]
    );
    service.appear.send(()).expect("waits");
    until_seen(&mut harness, SHOWN);
    let file = |name: &str| {
        let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/labels");
        data.join(name)
    };
    let files = ["tables/labels.nii.gz", "reports/minus_one_outside.nii.gz"].map(file);
    service.reply.send(DialogReply::Paths(files.to_vec())).expect("waits");
    // They are of another scan: it is asked about each, one after another.
    wait(&mut harness, "the cards", |app| {
        let offers = &app.status().offers;
        offers.iter().map(|offer| &*offer.name).eq(["labels.nii.gz", "minus_one_outside.nii.gz"])
    });
}

#[test]
fn a_dialog_that_says_nothing_is_given_up_and_does_not_come_later() {
    let (mut harness, service) = window();
    ctrl(&mut harness, Modifiers::NONE, Key::L);
    harness.get_by_label(WAITING);
    until_seen(&mut harness, NONE);
    type_path(&mut harness, &overlay());
    harness.get_by_label("OK").click();
    harness.run_steps(2);
    wait(&mut harness, "the overlay", |app| app.view().scan.overlays.len() == 1);
    // Asked again while the first one still says nothing: no second one, no waiting.
    ctrl(&mut harness, Modifiers::NONE, Key::L);
    harness.get_by_label("Path");
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert_eq!(service.asked.lock().expect("not poisoned").len(), 1);
    // Now it would come: too late.
    service.appear.send(()).expect("waits");
    assert!(!service.wanted.recv_timeout(Duration::from_mins(1)).expect("it asks"));
    // The service is well again, and used again.
    for _ in 0..500 {
        ctrl(&mut harness, Modifiers::NONE, Key::L);
        if service.asked.lock().expect("not poisoned").len() == 2 {
            break;
        }
        harness.key_press(Key::Escape);
        harness.run_steps(2);
        std::thread::sleep(Duration::from_millis(10));
    }
    service.appear.send(()).expect("waits");
    assert!(service.wanted.recv_timeout(Duration::from_mins(1)).expect("it asks"));
    service.reply.send(DialogReply::CalledOff).expect("waits");
    for _ in 0..500 {
        harness.step();
        if harness.query_by_label(SHOWN).is_none() && harness.query_by_label(WAITING).is_none() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(harness.query_by_label("Path").is_none(), "called off is called off");
    assert_eq!(harness.state().view().scan.overlays.len(), 1);
}

#[test]
fn the_first_answer_counts_be_it_typed_or_chosen() {
    let (mut harness, service) = window();
    let overlays = |h: &Harness<'_, App>| h.state().view().scan.overlays.len();
    // Typed although the dialog is there; what the dialog says then is too late.
    ctrl(&mut harness, Modifiers::NONE, Key::L);
    service.appear.send(()).expect("waits");
    until_seen(&mut harness, SHOWN);
    harness.get_by_label("Type the path").click();
    harness.run_steps(3);
    type_path(&mut harness, &overlay());
    harness.get_by_label("OK").click();
    harness.run_steps(2);
    wait(&mut harness, "the overlay", |app| app.view().scan.overlays.len() == 1);
    service.reply.send(DialogReply::Path(overlay())).expect("waits");
    for _ in 0..20 {
        harness.step();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(overlays(&harness), 1);
    // Chosen while a path is being typed: the line goes.
    ctrl(&mut harness, Modifiers::NONE, Key::L);
    service.appear.send(()).expect("waits");
    until_seen(&mut harness, SHOWN);
    harness.get_by_label("Type the path").click();
    harness.run_steps(3);
    harness.get_by_label("Path").type_text("/half/a/pa");
    harness.run_steps(2);
    service.reply.send(DialogReply::Path(overlay())).expect("waits");
    wait(&mut harness, "the second overlay", |app| app.view().scan.overlays.len() == 2);
    assert!(harness.query_by_label("Path").is_none());
    // Called off in the window: what comes is dropped.
    ctrl(&mut harness, Modifiers::NONE, Key::L);
    harness.get_by_label("Cancel").click();
    harness.run_steps(2);
    assert!(harness.query_by_label(WAITING).is_none());
    service.appear.send(()).expect("waits");
    let mut wanted = true;
    while let Ok(answer) = service.wanted.recv_timeout(Duration::from_secs(5)) {
        wanted = answer;
        if !answer {
            break;
        }
    }
    assert!(!wanted, "a dialog that was called off does not appear");
    assert_eq!(overlays(&harness), 2);
}
