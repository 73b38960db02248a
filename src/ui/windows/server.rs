//! A model on a server: its address, whom to trust there, what it has, and what is sent to it.

use egui::{Align2, Context, Label, RichText, TextEdit, Ui, Window};

use crate::ui::commands::CommandContext;
use crate::ui::kit::icons;
use crate::ui::kit::template::{tr_error, tr_sentence};
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::{colours, quiet, row_button};
use crate::ui::state::status_text::sent_so_far;
use crate::ui::state::{
    Action, FoundServer, KnownServer, LookStatus, ServerAction, ServerDraft, ServerInUse,
};

/// Width of the window's contents, in points.
const WIDTH: f32 = 440.0;
/// Models of a server that are named.
const MOST_MODELS: usize = 12;

/// Draws the window, if it is open.
pub(super) fn show(ctx: &Context, cx: &mut CommandContext) {
    if !cx.view.windows.server {
        return;
    }
    let mut open = true;
    Window::new(tr("Model on a server"))
        .id(egui::Id::unique("server"))
        .open(&mut open)
        .collapsible(false)
        .resizable(false)
        .pivot(Align2::CENTER_CENTER)
        .default_pos(ctx.content_rect().center())
        .show(ctx, |ui| {
            ui.set_width(WIDTH.min(ctx.content_rect().width() - 64.0));
            ui.add(Label::new(quiet(ui, tr("A server computes the masks: one that speaks KServe v2, such as NVIDIA Triton (https://…), or one of nnInteractive (nninteractive+https://…). Nothing of a scan is sent before you have agreed."))).wrap());
            ui.add_space(8.0);
            address(ui, cx);
            found(ui, cx);
            if let Some(server) = &cx.status.server.in_use {
                ui.separator();
                in_use(ui, server, cx);
            }
            known(ui, cx);
        });
    cx.view.windows.server &= open;
}

/// What is typed; whether Enter was pressed there.
fn fields(ui: &mut Ui, cx: &mut CommandContext) -> bool {
    let mut focus = std::mem::take(&mut cx.view.transient.focus_server);
    let draft = &mut cx.view.windows.server_draft;
    let mut entered = false;
    let before = draft.clone();
    for (name, text, hint) in [
        (tr("Address"), &mut draft.address, "https://gpu.example"),
        (
            tr("Authority's file"),
            &mut draft.authority,
            tr("only for a certificate of your own authority (.pem)"),
        ),
        (
            tr("Fingerprint"),
            &mut draft.pin,
            tr("only to pin the certificate: its SHA-256, or its key's"),
        ),
        (
            tr("File with the key"),
            &mut draft.key_file,
            tr("only if the server wants a key: a file that only you can read"),
        ),
    ] {
        let label = ui.label(quiet(ui, name));
        let field = TextEdit::singleline(text).desired_width(f32::INFINITY).hint_text(hint);
        let field = ui.add(field).labelled_by(label.id);
        if std::mem::take(&mut focus) {
            field.request_focus();
        }
        entered |= field.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
    }
    if !draft.is_of(&before) {
        draft.models = None;
    }
    // A whole scan goes to the others once, as it is.
    if !draft.address.trim_start().starts_with("nninteractive+") {
        ui.checkbox(&mut draft.pack, tr("Pack what is sent, for slow networks (gzip)"))
            .on_hover_text(tr("What is sent for each place becomes smaller, and packing takes a moment. Masks are the same."));
    }
    entered
}

/// What is typed, and the buttons that ask there.
fn address(ui: &mut Ui, cx: &mut CommandContext) {
    let entered = fields(ui, cx);
    if cx.status.server.draft_is_plain == Some(true) {
        let text = tr(
            "http:// is not encrypted: everybody on the way can read the image values that are sent. Use https:// if the server has it.",
        );
        let text = format!("{} {text}", icons::WARNING);
        ui.add(Label::new(RichText::new(text).color(colours(ui).warning)).wrap());
    }
    ui.add_space(4.0);
    let draft = cx.view.windows.server_draft.clone();
    let looking = cx.status.server.look == LookStatus::Looking;
    ui.horizontal(|ui| {
        if looking {
            let stop = ui.button(format!("{} {}", icons::STOP, tr("Stop")));
            if stop.accessible_name(tr("Stop")).clicked() {
                cx.out.push(Action::Server(ServerAction::StopLooking));
            }
            ui.spinner();
            ui.label(quiet(ui, tr("Asking the server what it has…")));
            return;
        }
        let is_typed = !draft.address.trim().is_empty();
        let look = ui.add_enabled(is_typed, egui::Button::new(tr("Look")));
        let look =
            look.on_hover_text(tr("Asks the server what it has. Nothing of a scan is sent."));
        if look.clicked() || entered && is_typed {
            cx.out.push(Action::Server(ServerAction::Look(draft.clone())));
        }
        if ui.add_enabled(is_typed, egui::Button::new(tr("Use this server"))).clicked() {
            cx.out.push(Action::Server(ServerAction::Use(draft)));
        }
    });
}

/// What the server has said, or why it has not.
fn found(ui: &mut Ui, cx: &mut CommandContext) {
    match &cx.status.server.look {
        LookStatus::Failed(why) => {
            let text = RichText::new(tr_sentence(why)).color(colours(ui).error);
            ui.add(Label::new(text).wrap().selectable(true));
        }
        LookStatus::Found(found) if found.draft.is_of(&cx.view.windows.server_draft) => {
            let FoundServer { server, models, pairs, note, .. } = &**found;
            let named = models.iter().take(MOST_MODELS).cloned().collect::<Vec<_>>().join(", ");
            let more = if models.len() > MOST_MODELS { ", …" } else { "" };
            let text = if let Some(note) = note {
                format!("{server}: {}", tr_error(note))
            } else if models.is_empty() {
                tr_with("{server} does not tell which models it has.", &[("server", server)])
            } else {
                let named = format!("{named}{more}");
                tr_with("{server} has: {models}", &[("server", server), ("models", &named)])
            };
            ui.add(Label::new(text).wrap());
            if pairs.len() > 1 {
                ui.label(quiet(ui, tr("Which of them?")));
                let chosen = &mut cx.view.windows.server_draft.models;
                for pair in pairs {
                    let name = pair.join(" + ");
                    if ui.radio(chosen.as_ref() == Some(pair), name).clicked() {
                        *chosen = Some(pair.clone());
                    }
                }
            }
        }
        _ => {}
    }
}

/// What goes to the server of the model in use, and the way to end that.
fn in_use(ui: &mut Ui, server: &ServerInUse, cx: &mut CommandContext) {
    let ServerInUse { address, agreed, sent, whole, .. } = server;
    ui.label(tr_with("In use: {address}", &[("address", address)]));
    let text = if *agreed {
        tr("You have agreed that image values are sent there.")
    } else {
        tr("Nothing is sent there; you are asked at the first click.")
    };
    ui.label(quiet(ui, text));
    if *sent > 0 {
        ui.label(quiet(ui, sent_so_far(server)));
    }
    if *agreed && ui.button(tr("Take the agreement back")).clicked() {
        cx.out.push(Action::Server(ServerAction::TakeBack));
    }
    if *whole {
        ui.label(quiet(ui, tr("It gets the whole scan; a pointer that rests sends nothing.")));
        return;
    }
    let mut ahead = cx.status.server.look_ahead;
    let tick = ui.checkbox(&mut ahead, tr("Look ahead: also send where the pointer rests"))
        .on_hover_text(tr("Clicks are answered sooner, and the preview under the pointer is there, for more that is sent. It is of this server."));
    if tick.changed() {
        cx.out.push(Action::Server(ServerAction::LookAhead(ahead)));
    }
}

/// Addresses that were used before.
fn known(ui: &mut Ui, cx: &mut CommandContext) {
    if cx.status.server.known.is_empty() {
        return;
    }
    ui.separator();
    ui.label(quiet(ui, tr("Used before")));
    for KnownServer { draft, agreed, .. } in &cx.status.server.known {
        ui.horizontal(|ui| {
            let name = tr_with("Forget {address}", &[("address", &draft.address)]);
            if row_button(ui, icons::TRASH, &name, &name).clicked() {
                cx.out.push(Action::Server(ServerAction::Forget(draft.clone())));
            }
            if ui.button(&draft.address).on_hover_text(trusts(draft)).clicked() {
                cx.view.windows.server_draft = draft.clone();
            }
            if *agreed {
                ui.label(quiet(ui, tr("agreed, also for later")));
            }
        });
    }
}

/// Whom somebody trusts there.
fn trusts(draft: &ServerDraft) -> String {
    let or_none = |text: &str| if text.is_empty() { "–".to_owned() } else { text.to_owned() };
    format!(
        "{}: {}\n{}: {}\n{}: {}",
        tr("Authority's file"),
        or_none(&draft.authority),
        tr("Fingerprint"),
        or_none(&draft.pin),
        tr("File with the key"),
        or_none(&draft.key_file)
    )
}
