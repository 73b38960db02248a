//! Models on servers: what is asked before anything is sent, and where masks are computed.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use voxpoint::ui::{
    AnswerBytes, ConsentQuestion, FoundServer, KnownServer, Latency, LookStatus, ModelStatus,
    NetworkTimes, OpeningServer, SentSize, ServerDraft, ServerInUse, WaitingClicks,
};

use super::desktop::{Desktop, nothing_is_cut_or_overlaps, picture, press, shows, taken};

fn question(size: SentSize, is_plain: bool) -> ConsentQuestion {
    let scheme = if is_plain { "http" } else { "https" };
    ConsentQuestion {
        address: format!("{scheme}://gpu.example:8000"),
        host: "gpu.example:8000".to_owned(),
        name: "chest.nii.gz".to_owned(),
        size,
        is_plain,
    }
}

#[test]
fn what_is_sent_is_said_in_numbers_and_plain_http_is_warned_of() {
    let there = AnswerBytes { place_back: 800_000, click_there: 1_000_000, click_back: 200_000 };
    let here = AnswerBytes { place_back: 800_000, ..AnswerBytes::default() };
    let cube = SentSize::Place { bytes: 8_388_608, places: 3, extends: true, answers: Some(there) };
    for (size, plain, said) in [
        (
            cube,
            false,
            &[
                "chest.nii.gz",
                "8.4 MB",
                "3 places: 25.2 MB",
                "about 800.0 kB for each place",
                "points of each click, about 1.0 MB, and about 200.0 kB come back",
                "at least 28.2 MB go there, and 3.0 MB come back",
            ][..],
        ),
        (
            SentSize::Place { bytes: 8_388_608, places: 1, extends: false, answers: Some(here) },
            true,
            &["1 place", "8.4 MB", "answered on this machine", "and 800.0 kB come back"],
        ),
        (
            SentSize::Place { bytes: 8_388_608, places: 1, extends: false, answers: None },
            true,
            &["1 place", "What the server makes of it comes back. With each click"],
        ),
        (
            SentSize::Image(157_300_000),
            true,
            &["The whole scan goes there", "all image values of chest.nii.gz, 157.3 MB"],
        ),
    ] {
        let mut desktop = Desktop::open();
        desktop.status.server.consent = Some(question(size, plain));
        let mut harness = desktop.wide();
        harness.run_steps(3);
        picture(&mut harness, if plain { "consent-plain" } else { "consent" });
        for text in said {
            assert!(shows(&harness, text), "{text}");
        }
        assert_eq!(shows(&harness, "everybody on the way to gpu.example:8000"), plain);
        let extends = matches!(size, SentSize::Place { extends: true, .. });
        assert_eq!(shows(&harness, "An object is to be extended"), extends);
        // What it is a yes for is said, also by the tick: each whole scan is asked for.
        let is_whole = matches!(size, SentSize::Image(_));
        let every = "It holds for every scan that you click in";
        assert_eq!(shows(&harness, every), !is_whole);
        assert_eq!(shows(&harness, "It holds for this scan only"), is_whole);
        let tick = "Remember for this address";
        assert_eq!(shows(&harness, tick), !is_whole);
        if !is_whole {
            assert!(shows(&harness, "until the program ends or"));
            harness.get_by_role_and_label(Role::CheckBox, tick).click();
            harness.run_steps(2);
            assert!(!shows(&harness, "until the program ends or"));
            assert!(shows(&harness, "also when the program is started again"));
        }
        let send = if plain { "Send, readable on the way" } else { "Send" };
        harness.get_by_role_and_label(Role::Button, send).click();
        harness.run_steps(2);
        let given = format!("Server(Consent {{ agrees: true, remembers: {} }})", !is_whole);
        assert_eq!(taken(&mut harness), [given]);
        // The tick is of one question.
        press(&mut harness, Modifiers::NONE, Key::Escape);
        assert_eq!(taken(&mut harness), ["Server(Consent { agrees: false, remembers: false })"]);
    }
}

#[test]
fn the_bar_says_where_masks_are_computed_and_what_waits() {
    let mut desktop = Desktop::open();
    let server = ServerInUse {
        address: "https://gpu.example".to_owned(),
        draft: ServerDraft::default(),
        host: "gpu.example".to_owned(),
        agreed: true,
        sent: 25_200_000,
        received: 2_700_000,
        again: 0,
        sending: None,
        whole: false,
    };
    desktop.status.server.in_use = Some(server.clone());
    let network = NetworkTimes { network: 90.0, server: 310.0, sent: 8_400_000, received: 900_000 };
    desktop.status.latency =
        Some(Latency { encode: Some(350.0), decode: 60.0, paste: 4.0, network: Some(network) });
    let mut harness = desktop.wide();
    harness.run_steps(3);
    picture(&mut harness, "server-bar");
    assert!(shows(&harness, "Masks are computed on the server gpu.example"));
    assert!(shows(&harness, "network 90 · server 310 · here 14 ms"));
    press(&mut harness, Modifiers::COMMAND, Key::R);
    assert!(taken(&mut harness).is_empty(), "nothing waits");

    let why = "the connection to the server broke (reset), 3 more attempts too; nothing is lost, try again: https://gpu.example";
    let waits = WaitingClicks {
        why: why.to_owned(),
        name: "gpu.example".to_owned(),
        clicks: 1,
        of_another: false,
    };
    harness.state_mut().status.server.waits = Some(waits.clone());
    harness.run_steps(3);
    assert!(shows(&harness, "A click waits for gpu.example (Ctrl+R asks again)"));
    press(&mut harness, Modifiers::COMMAND, Key::R);
    assert_eq!(taken(&mut harness), ["Server(TryAgain)"]);
    harness.state_mut().status.server.waits = Some(WaitingClicks { clicks: 3, ..waits });
    harness.run_steps(3);
    assert!(shows(&harness, "3 clicks wait for gpu.example (Ctrl+R asks again)"));
    let status = &mut harness.state_mut().status;
    status.server.waits = None;
    status.server.in_use = Some(ServerInUse { again: 2, ..server.clone() });
    status.busy = Some(voxpoint::ui::Busy::Encoding);
    harness.run_steps(3);
    assert!(shows(&harness, "no answer from the server: attempt 3"));

    let sending = Some((33_000_000, 131_000_000));
    let status = &mut harness.state_mut().status;
    status.server.in_use = Some(ServerInUse { sending, ..server });
    harness.run_steps(3);
    picture(&mut harness, "server-sending");
    assert!(shows(&harness, "sending 33.0 MB of 131.0 MB"));
    let bar = "Sending image values to gpu.example: 33.0 MB of 131.0 MB";
    assert!(shows(&harness, bar));
    harness.get_by_role_and_label(Role::Button, "Stop sending").click();
    harness.run_steps(2);
    assert_eq!(taken(&mut harness), ["CancelClick"]);

    let status = &mut harness.state_mut().status;
    (status.busy, status.model) = (None, ModelStatus::Loading("gpu.example".to_owned()));
    let host = "gpu.example".to_owned();
    status.server.opening = Some(OpeningServer { host, again: 0 });
    harness.run_steps(3);
    picture(&mut harness, "server-opening");
    assert!(shows(&harness, "asking gpu.example for its model…"));
    harness.get_by_role_and_label(Role::Button, "Stop opening the model").click();
    harness.run_steps(2);
    assert_eq!(taken(&mut harness), ["Server(StopOpening)"]);
}

#[test]
fn the_window_of_servers_fits_and_offers_what_there_is() {
    let mut desktop = Desktop::open();
    let draft = ServerDraft {
        address: "https://gpu.example".to_owned(),
        authority: "/etc/hospital/ca.pem".to_owned(),
        ..ServerDraft::default()
    };
    let pair = |name: &str| ["encoder", "decoder"].map(|what| format!("{name}_{what}"));
    desktop.view.windows.server = true;
    desktop.view.windows.server_draft = draft.clone();
    desktop.status.server.look = LookStatus::Found(Box::new(FoundServer {
        draft: draft.clone(),
        server: "triton 2.51.0".to_owned(),
        models: ["liver", "lung"].iter().flat_map(|name| pair(name)).collect(),
        pairs: vec![pair("liver"), pair("lung")],
        note: None,
    }));
    let known = KnownServer { draft: draft.clone(), agreed: true, look_ahead: false };
    desktop.status.server.known = vec![known];
    let mut harness = desktop.window([1024.0, 700.0]);
    harness.run_steps(3);
    picture(&mut harness, "server");
    nothing_is_cut_or_overlaps(&harness);
    assert!(shows(&harness, "triton 2.51.0 has: liver_encoder, liver_decoder, lung_encoder"));
    assert!(shows(&harness, "File with the key"));
    harness.get_by_label("lung_encoder + lung_decoder").click();
    harness.run_steps(2);
    harness.get_by_label("Use this server").click();
    harness.run_steps(2);
    let chosen = ServerDraft { models: Some(pair("lung")), ..draft.clone() };
    assert_eq!(taken(&mut harness), [format!("Server(Use({chosen:?}))")]);
    // Also from the menu of models, and by its key when the window is closed.
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(!harness.state().view.windows.server);
    harness.get_by_role_and_label(Role::Button, "Segment").click();
    harness.run_steps(3);
    harness.get_by_label("https://gpu.example, server").click();
    harness.run_steps(2);
    assert_eq!(taken(&mut harness), [format!("Server(Use({draft:?}))")]);
}

#[test]
fn a_server_that_gets_the_whole_scan_says_so() {
    let mut desktop = Desktop::open();
    let draft = ServerDraft {
        address: "nninteractive+https://gpu.example".to_owned(),
        ..ServerDraft::default()
    };
    desktop.view.windows.server = true;
    desktop.view.windows.server_draft = draft.clone();
    desktop.status.server.look = LookStatus::Found(Box::new(FoundServer {
        draft: draft.clone(),
        server: "nnInteractive".to_owned(),
        note: Some("the licence of its model is CC BY-NC-SA 4.0".to_owned()),
        ..FoundServer::default()
    }));
    desktop.status.server.in_use = Some(ServerInUse {
        address: draft.address.clone(),
        host: "gpu.example".to_owned(),
        agreed: true,
        whole: true,
        ..ServerInUse::default()
    });
    let mut harness = desktop.window([1024.0, 700.0]);
    harness.run_steps(3);
    picture(&mut harness, "server-whole");
    nothing_is_cut_or_overlaps(&harness);
    assert!(shows(&harness, "nnInteractive: the licence of its model is CC BY-NC-SA 4.0"));
    assert!(shows(&harness, "It gets the whole scan"));
    assert!(!shows(&harness, "Look ahead"), "it would do nothing");
    harness.get_by_role_and_label(Role::TextInput, "File with the key").focus();
    harness.run_steps(2);
    let field = harness.get_by_role_and_label(Role::TextInput, "File with the key");
    field.type_text("/home/me/key");
    harness.run_steps(3);
    harness.get_by_label("Use this server").click();
    harness.run_steps(2);
    let chosen = ServerDraft { key_file: "/home/me/key".to_owned(), ..draft };
    assert_eq!(taken(&mut harness), [format!("Server(Use({chosen:?}))")]);
}

/// The same address with another certificate is another server.
#[test]
fn the_menu_ticks_the_server_in_use_whatever_else_has_its_address() {
    let plain = ServerDraft { address: "https://gpu.example".to_owned(), ..ServerDraft::default() };
    let pinned = ServerDraft { pin: "ab".repeat(32), ..plain.clone() };
    let drafts = [plain.clone(), pinned.clone()];
    let mut desktop = Desktop::open();
    desktop.status.server.in_use = Some(ServerInUse {
        address: plain.address.clone(),
        draft: pinned,
        ..ServerInUse::default()
    });
    desktop.status.server.known =
        drafts.map(|draft| KnownServer { draft, ..KnownServer::default() }).to_vec();
    let mut harness = desktop.wide();
    harness.get_by_role_and_label(Role::Button, "Segment").click();
    harness.run_steps(3);
    // What is in use is not used again.
    let entry = "https://gpu.example, server";
    assert_eq!(harness.get_all_by_label(entry).count(), 2);
    harness.get_all_by_label(entry).next().expect("the first").click();
    harness.run_steps(3);
    assert_eq!(taken(&mut harness), [format!("Server(Use({plain:?}))")]);
    harness.get_by_role_and_label(Role::Button, "Segment").click();
    harness.run_steps(3);
    harness.get_all_by_label(entry).last().expect("the other").click();
    harness.run_steps(3);
    assert!(taken(&mut harness).is_empty());
}
