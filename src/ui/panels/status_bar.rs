//! The line at the bottom: where the pointer is, what the last click cost, whether the mask is saved.

use std::time::Duration;

use egui::{Align, Id, Label, Layout, RichText, Role, Ui, UiBuilder, WidgetInfo};

use crate::text::bytes;
use crate::ui::commands::{CommandContext, file, help, segment};
use crate::ui::kit::format::shorten;
use crate::ui::kit::icons;
use crate::ui::kit::template::{tr_error, tr_sentence};
use crate::ui::kit::text::{mark, tr, tr_with};
use crate::ui::kit::widgets::{colours, progress, quiet, row_button};
use crate::ui::state::readout::{latency, place};
use crate::ui::state::status_text::{opening_text, reason_text, sent_so_far};
use crate::ui::state::{
    Action, Busy, Drawing, FileProgress, Latency, ModelStatus, OpeningServer, SaveStatus,
    ServerAction, SessionState, Waiting,
};

/// The window width from which the reason for the device is spelled out.
const WIDE: f32 = 1400.0;
/// Below this width there is no room for the times of the last click.
const NARROW: f32 = 760.0;
/// How often it is looked how much has been sent.
const LOOK: Duration = Duration::from_millis(100);

pub(super) fn show(ui: &mut Ui, cx: &mut CommandContext) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.set_height(20.0);
        ui.spacing_mut().item_spacing.x = 6.0;
        save_state(ui, cx);
        device(ui, cx);
        work(ui, cx);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            super::cases::in_the_bar(ui, cx);
            if let Some(drawing) = &cx.status.drawing {
                let Drawing { what, done, total } = drawing;
                let tip = tr("Cancel");
                if row_button(ui, icons::CLOSE, tr("Cancel drawing"), tip).clicked() {
                    cx.out.push(Action::CancelPicture);
                }
                progress(ui, what, (*done, *total), 160.0);
                let count = if *total > 1 { format!(" {done}/{total}") } else { String::new() };
                ui.label(format!("{what}{count}"));
                return;
            }
            if let Some(exporting) = &cx.status.exporting {
                if writing_bar(ui, exporting, tr("Stop exporting meshes")) {
                    cx.out.push(Action::CancelMeshes);
                }
                return;
            }
            if let Some(saving) = &cx.status.saving_session {
                if writing_bar(ui, saving, tr("Stop saving the session")) {
                    cx.out.push(Action::CancelSavingSession);
                }
                return;
            }
            if session_trouble(ui, cx) {
                return;
            }
            match (cx.document, &cx.status.opening) {
                (_, Some(opening)) if cx.document.is_some() => {
                    if opening_bar(ui, opening) {
                        cx.out.push(Action::Cancel);
                    }
                }
                (Some(document), _) => {
                    ui.add(Label::new(place(document, cx.view)).truncate());
                }
                (None, _) => {
                    ui.label(quiet(ui, tr("No scan open")));
                }
            }
        });
    });
}

/// Progress of opening a file; `true` when it is to be cancelled.
pub(in crate::ui) fn opening_bar(ui: &mut Ui, opening: &FileProgress) -> bool {
    let FileProgress { name, done, total } = opening;
    let cancelled = row_button(ui, icons::CLOSE, tr("Cancel"), &help::CANCEL.tip()).clicked();
    progress(ui, &tr("Opening {name}").replace("{name}", name), (*done, *total), 160.0);
    ui.label(opening_text(opening));
    cancelled
}

/// Progress of writing a file; `true` when that is to be stopped.
fn writing_bar(ui: &mut Ui, writing: &FileProgress, stop: &str) -> bool {
    let stopped = row_button(ui, icons::CLOSE, stop, stop).clicked();
    let FileProgress { name, done, total } = writing;
    let text = tr_with("Saving {name}", &[("name", &shorten(name, 32))]);
    progress(ui, &text, (*done, *total), 160.0);
    ui.label(text);
    stopped
}

fn dot(ui: &mut Ui) {
    ui.label(quiet(ui, "·"));
}

/// What keeps the session from being written, until it is: whether there is something.
fn session_trouble(ui: &mut Ui, cx: &CommandContext) -> bool {
    let Some(session) = &cx.status.session else { return false };
    let (why, short, aside) = match &session.state {
        SessionState::Failed { why, short, aside } => (why, short, aside),
        SessionState::Stuck(text) => return warn(ui, text, text),
        _ => return false,
    };
    let key = file::SAVE_SESSION_AS.key_text();
    let mut text = format!(
        "{} {}",
        tr_with("The session is not written: {why}.", &[("why", &tr_error(why))]),
        tr_with("{key} keeps it elsewhere.", &[("key", &key)])
    );
    if let Some(aside) = aside {
        let path = aside.display();
        text = format!(
            "{text} {}",
            tr_with("Until then it is in a draft: {path}", &[("path", &path)])
        );
    }
    let draft = || tr("draft").to_owned();
    let name = session.name.as_ref().map_or_else(draft, |name| shorten(name, 32));
    let values = [("name", &name as &dyn std::fmt::Display), ("why", &tr(short))];
    let shown = if aside.is_some() {
        tr_with("Session not written: {name} ({why}); kept as a draft", &values)
    } else {
        tr_with(
            "Session not written: {name} ({why}); {key} keeps it elsewhere",
            &[values[0], values[1], ("key", &key)],
        )
    };
    warn(ui, &shown, &text)
}

/// A warning in the bar, and all of it when the pointer rests there.
fn warn(ui: &mut Ui, shown: &str, text: &str) -> bool {
    let rich = RichText::new(format!("{} {shown}", icons::WARNING)).color(colours(ui).warning);
    let label = ui.add(Label::new(rich).truncate());
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, shown));
    label.on_hover_text(text);
    true
}

/// `draft ✓`, `case.voxpoint ✓`.
fn session_state(ui: &mut Ui, cx: &CommandContext) {
    let Some(session) = &cx.status.session else { return };
    let short = |name: &str| shorten(name, if cx.width < WIDE { 16 } else { 32 });
    let name = match (&session.name, &session.copy_of) {
        (Some(name), _) => short(name),
        (None, Some(copy)) => tr_with("copy of {name}", &[("name", &short(&copy.name))]),
        (None, None) => tr("draft").to_owned(),
    };
    let (text, tip) = match &session.state {
        SessionState::Untouched if session.copy_of.is_none() => return,
        SessionState::Untouched => (tr("read-only").to_owned(), String::new()),
        SessionState::Saving => (format!("{name}: {}", tr("saving…")), String::new()),
        SessionState::Saved => (
            format!("{name} {}", icons::CHECK),
            tr("Every change is on the disk within two seconds").to_owned(),
        ),
        SessionState::Failed { .. } | SessionState::Stuck(_) => {
            (format!("{name}: {}", tr("not saved")), String::new())
        }
    };
    let why = session.copy_of.as_ref().map(|copy| tr_error(&copy.why)).unwrap_or_default();
    let said = text.replace(icons::CHECK, "✓");
    let label = ui.label(quiet(ui, text));
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &said));
    let tip = [tip, why].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(". ");
    if !tip.is_empty() {
        label.on_hover_text(tip);
    }
    dot(ui);
}

fn save_state(ui: &mut Ui, cx: &mut CommandContext) {
    let Some(document) = cx.document else { return };
    session_state(ui, cx);
    let c = colours(ui);
    if let Some(FileProgress { done, total, .. }) = cx.status.saving {
        // Right to left.
        if row_button(ui, icons::CLOSE, tr("Stop saving"), tr("Stop saving")).clicked() {
            cx.out.push(Action::CancelSave);
        }
        progress(ui, tr("saving…"), (done, total), 60.0);
    }
    let (text, colour, tip) = match &cx.status.save {
        SaveStatus::Saving => (tr("saving…").to_owned(), c.quiet, String::new()),
        SaveStatus::Saved(path) if !document.is_modified() => {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            let text = format!(
                "{} {} {}",
                tr("saved, verified"),
                icons::CHECK,
                shorten(&name, if cx.width < WIDE { 20 } else { 40 })
            );
            (
                text,
                c.text,
                format!("{}: {}", tr("Written, reopened and found identical"), path.display()),
            )
        }
        _ if document.is_modified() && cx.status.saved_each.is_some() => {
            let (folder, n) = cx.status.saved_each.clone().unwrap_or_default();
            let text =
                if cx.width < WIDE { tr("each exported") } else { tr("each object exported") };
            let values: [(&str, &dyn std::fmt::Display); 3] =
                [("n", &n), ("folder", &folder.display()), ("key", &file::SAVE.key_text())];
            let tip = tr_with(
                "As they are now, the objects are in {n} files, one for each: {folder}. There is no label map of all of them: {key} saves one.",
                &values,
            );
            (format!("{text} {}", icons::CHECK), c.text, tip)
        }
        _ if document.is_modified() => (
            if cx.width < WIDE { tr("not exported") } else { tr("mask not exported") }.to_owned(),
            c.warning,
            tr_with("{key} saves the mask", &[("key", &file::SAVE.key_text())]),
        ),
        _ => return,
    };
    // Screen readers and tests get a tick that is a character of its own.
    let said = text.replace(icons::CHECK, "✓");
    let label = ui.label(RichText::new(text).color(colour));
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &said));
    if !tip.is_empty() {
        label.on_hover_text(tip);
    }
    dot(ui);
}

fn device(ui: &mut Ui, cx: &mut CommandContext) {
    match &cx.status.model {
        ModelStatus::Ready { reason, .. } if cx.status.server.in_use.is_some() => {
            server(ui, reason, cx);
        }
        ModelStatus::Ready { device, reason, .. } => {
            let text = device_text(device, reason, cx.width);
            let (device, reason) = (device.as_str(), reason_text(reason));
            ui.label(text).on_hover_text(tr_with(
                "Masks are computed on this machine: {device}: {reason}",
                &[("device", &device), ("reason", &reason)],
            ));
        }
        ModelStatus::Loading(_) if cx.status.server.opening.is_some() => opening_server(ui, cx),
        ModelStatus::Loading(_) => {
            ui.label(quiet(ui, tr("loading the model…")));
        }
        ModelStatus::Failed(why) => {
            let text = RichText::new(tr("Model failed")).color(colours(ui).error);
            ui.label(text).on_hover_text(tr_sentence(why));
        }
        ModelStatus::Stopped(why) => {
            ui.label(quiet(ui, tr("No model"))).on_hover_text(tr_sentence(why));
        }
        ModelStatus::None => {
            ui.label(quiet(ui, tr("No model")));
        }
    }
}

/// That a server is asked for its model, and the way to end that.
fn opening_server(ui: &mut Ui, cx: &mut CommandContext) {
    let status = cx.status;
    let Some(OpeningServer { host, again }) = &status.server.opening else { return };
    let text = match again {
        0 => tr_with("asking {host} for its model…", &[("host", &shorten(host, 30))]),
        again => attempt(again + 1),
    };
    let stop = tr("Stop opening the model");
    let stops = stop_button(ui, stop, stop);
    ui.label(quiet(ui, text)).on_hover_text(host);
    ui.add(egui::Spinner::new().size(14.0));
    if stops {
        cx.out.push(Action::Server(ServerAction::StopOpening));
    }
}

/// A button that stays the same one, whatever comes and goes at its right while it is pressed; whether it was.
fn stop_button(ui: &mut Ui, name: &'static str, tip: &str) -> bool {
    let builder = UiBuilder::new().scope_id(Id::unique(("status bar", name)));
    ui.scope_builder(builder, |ui| row_button(ui, icons::STOP, name, tip).clicked()).inner
}

/// That masks are computed elsewhere: by whom, and whether anything may be sent there.
fn server(ui: &mut Ui, reason: &str, cx: &CommandContext) {
    let Some(server) = &cx.status.server.in_use else { return };
    let host = shorten(&server.host, if cx.width < WIDE { 20 } else { 40 });
    let text = tr_with("on {host}", &[("host", &host)]);
    let colour = if server.agreed { colours(ui).text } else { colours(ui).quiet };
    let label = ui.label(RichText::new(text).color(colour));
    let said = tr_with("Masks are computed on the server {host}", &[("host", &server.host)]);
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &said));
    let agreed = if server.agreed {
        tr("You have agreed that image values are sent there.")
    } else {
        tr("Nothing is sent there; you are asked at the first click.")
    };
    let sent = sent_so_far(server);
    let address = &server.address;
    label.on_hover_text(format!("{said}: {address}\n{reason}\n{agreed} {sent}"));
}

/// Where the model runs and, in words as short as the window asks for, why not on CUDA.
fn device_text(device: &str, reason: &str, width: f32) -> String {
    match reason {
        "" => shorten(device, 16),
        why if width >= WIDE => format!("{device} ({})", shorten(&reason_text(why), 60)),
        why if why.starts_with("no CUDA") => format!("{device} ({})", tr("no CUDA")),
        _ => shorten(device, 16),
    }
}

const LATENCY_TIP: &str = mark(
    "How long each stage of the last click took. No time for encode: the cube had been encoded before, for another click or while the pointer rested.",
);

/// What the model does now, or how long the stages of the last click took.
fn work(ui: &mut Ui, cx: &mut CommandContext) {
    if server_waits(ui, cx) || sending(ui, cx) {
        return;
    }
    let text = match (cx.status.busy, &cx.status.latency) {
        (Some(Busy::Queueing), _) => tr("waiting for a place on the server…").to_owned(),
        (Some(_), _) if asked_again(cx).is_some() => asked_again(cx).unwrap_or_default(),
        (Some(Busy::Encoding), _) => tr("encoding…").to_owned(),
        (Some(Busy::Decoding), _) => tr("decoding…").to_owned(),
        (Some(Busy::Pasting), _) => tr("laying the mask…").to_owned(),
        (Some(Busy::Extending(done, total)), _) => tr("extending: cube {done} of {total}…")
            .replace("{done}", &done.to_string())
            .replace("{total}", &total.to_string()),
        (None, times) => latency(times.as_ref()),
    };
    // At the left of what the model does now: what comes after it.
    let waits = |ui: &mut Ui| {
        let Some(document) = cx.document else { return };
        for (id, text) in cx.status.waiting.iter().map(Waiting::told) {
            let name = document.object(id).map_or("", |o| &o.name);
            dot(ui);
            let text = format!("{}: {}", shorten(name, 20), tr(text));
            ui.label(RichText::new(text).color(colours(ui).warning));
        }
    };
    // Where the pointer is matters more than what the last click took.
    if cx.document.is_none() || cx.status.busy.is_none() && cx.width < NARROW {
        waits(ui);
        return;
    }
    dot(ui);
    let tip = times_tip(cx.status.latency.as_ref());
    ui.label(quiet(ui, text)).on_hover_text(tip);
    waits(ui);
}

/// What the times mean.
fn times_tip(latency: Option<&Latency>) -> String {
    let Some(times) = latency.and_then(|latency| latency.network) else {
        return tr(LATENCY_TIP).to_owned();
    };
    tr_with(
        "What the last click took: sending {sent} and receiving {received}, the server's queue and model, and the rest on this machine.",
        &[("sent", &bytes(times.sent)), ("received", &bytes(times.received))],
    )
}

/// Clicks that were not answered, and for whom they wait: whether there are any.
fn server_waits(ui: &mut Ui, cx: &CommandContext) -> bool {
    let Some(waits) = &cx.status.server.waits else { return false };
    let key = segment::TRY_AGAIN.key_text();
    dot(ui);
    let name = shorten(&tr_error(&waits.name), if cx.width < WIDE { 20 } else { 32 });
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("n", &waits.clicks), ("name", &name), ("key", &key)];
    let text = if waits.clicks == 1 {
        tr_with("A click waits for {name} ({key} asks again)", &values[1..])
    } else {
        tr_with("{n} clicks wait for {name} ({key} asks again)", &values)
    };
    let text = if cx.width < NARROW { format!("{} {key}", icons::WARNING) } else { text };
    let said = text.replace(icons::WARNING, "!");
    let label = ui.label(RichText::new(text).color(colours(ui).warning));
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &said));
    label.on_hover_text(tr_sentence(&waits.why));
    true
}

/// How much of what goes to a server has left, and the way to end that: whether something does, and for a while.
fn sending(ui: &mut Ui, cx: &mut CommandContext) -> bool {
    let status = cx.status;
    let (Some(_), Some(server)) = (status.busy, &status.server.in_use) else { return false };
    let Some((done, total)) = server.sending else { return false };
    let (sent, all, host) = (bytes(done), bytes(total), &server.host);
    let text = tr_with("sending {sent} of {all}…", &[("sent", &sent), ("all", &all)]);
    let said = tr_with(
        "Sending image values to {host}: {sent} of {all}",
        &[("sent", &sent), ("all", &all), ("host", host)],
    );
    dot(ui);
    let stop = tr("Stop sending");
    let tip = tr("Stops sending, and takes the point back.");
    let stops = stop_button(ui, stop, tip);
    if cx.width >= NARROW {
        progress(ui, &said, (done, total), 120.0);
    }
    let text = match server.again {
        0 => text,
        again => format!("{} {text}", attempt(again + 1)),
    };
    ui.label(quiet(ui, text)).on_hover_text(said);
    ui.ctx().request_repaint_after(LOOK);
    if stops {
        cx.out.push(Action::CancelClick);
    }
    true
}

/// That a server is asked again, because it did not answer.
fn asked_again(cx: &CommandContext) -> Option<String> {
    let server = cx.status.server.in_use.as_ref().filter(|server| server.again > 0)?;
    Some(attempt(server.again + 1))
}

/// That a server is asked for the nth time.
fn attempt(n: u32) -> String {
    tr_with("no answer from the server: attempt {n}…", &[("n", &n)])
}
