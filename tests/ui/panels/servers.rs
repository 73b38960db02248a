//! Models on servers: what is asked before anything is sent, and where masks are computed.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use voxpoint::ui::{
    ConsentQuestion, FoundServer, KnownServer, Latency, LookStatus, NetworkTimes, SentSize,
    ServerDraft, ServerInUse,
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
    let cube = SentSize::Place { bytes: 8_388_608, places: 3 };
    for (size, plain, said) in [
        (cube, false, &["chest.nii.gz", "8.4 MB", "3 places: 25.2 MB"][..]),
        (SentSize::Place { bytes: 8_388_608, places: 1 }, true, &["1 place", "8.4 MB"]),
        (SentSize::Image(157_300_000), true, &["All image values of chest.nii.gz", "157.3 MB"]),
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
        let send = if plain { "Send, readable on the way" } else { "Send" };
        harness.get_by_role_and_label(Role::CheckBox, "Remember for this address").click();
        harness.run_steps(2);
        harness.get_by_role_and_label(Role::Button, send).click();
        harness.run_steps(2);
        assert_eq!(taken(&mut harness), ["Server(Consent { agrees: true, remembers: true })"]);
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
        host: "gpu.example".to_owned(),
        agreed: true,
        sent: 25_200_000,
        again: 0,
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
    harness.state_mut().status.server.waits = Some(why.to_owned());
    harness.run_steps(3);
    assert!(shows(&harness, "A click waits for the server (Ctrl+R asks again)"));
    press(&mut harness, Modifiers::COMMAND, Key::R);
    assert_eq!(taken(&mut harness), ["Server(TryAgain)"]);
    let status = &mut harness.state_mut().status;
    status.server.waits = None;
    status.server.in_use = Some(ServerInUse { again: 2, ..server });
    status.busy = Some(voxpoint::ui::Busy::Encoding);
    harness.run_steps(3);
    assert!(shows(&harness, "no answer from the server: attempt 3"));
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
    desktop.status.server.look = LookStatus::Found(FoundServer {
        draft: draft.clone(),
        server: "triton 2.51.0".to_owned(),
        models: ["liver", "lung"].iter().flat_map(|name| pair(name)).collect(),
        pairs: vec![pair("liver"), pair("lung")],
    });
    let known = KnownServer { draft: draft.clone(), agreed: true };
    desktop.status.server.known = vec![known];
    let mut harness = desktop.window([1024.0, 700.0]);
    harness.run_steps(3);
    picture(&mut harness, "server");
    nothing_is_cut_or_overlaps(&harness);
    assert!(shows(&harness, "triton 2.51.0 has: liver_encoder, liver_decoder, lung_encoder"));
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
