//! The question before work is given up that is in no label map.

use egui::{Context, Frame, Id, Key, Margin, Modal, RichText, Ui};

use crate::ui::commands::CommandContext;
use crate::ui::kit::template::tr_sentence;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::{colours, quiet};
use crate::ui::state::{Action, EarlierWork, LeaveAnswer, SessionState, Status};

/// A question that stops everything else. Esc keeps the work on the screen; Enter keeps it for later, if it can be.
pub(super) fn show(ctx: &Context, cx: &mut CommandContext) {
    let (status, out) = (cx.status, &mut *cx.out);
    let waiting = cx.document.map_or(0, |document| document.all_pending().count());
    let (shown, whole) = (Id::unique("leave shown"), Id::unique("discard the whole draft"));
    if !status.ask_discard {
        ctx.data_mut(|d| {
            d.remove::<bool>(shown);
            d.remove::<bool>(whole);
        });
        return;
    }
    let fresh = ctx.data(|d| d.get_temp::<bool>(shown)).is_none();
    ctx.data_mut(|d| d.insert_temp(shown, true));
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(16));
    let modal = Modal::new(Id::unique("discard")).frame(frame).show(ctx, |ui| {
        ui.set_width(440.0);
        say(ui, status);
        if waiting > 0 {
            ui.add_space(8.0);
            let text = waits_text(waiting, status);
            ui.label(RichText::new(text).color(colours(ui).warning));
        }
        ui.add_space(16.0);
        ui.horizontal_wrapped(|ui| answers(ui, status, fresh, out));
        if let Some(earlier) = &status.earlier {
            ui.add_space(8.0);
            whole_draft(ui, earlier, whole, out);
        }
    });
    let escaped = ctx.input(|i| i.key_pressed(Key::Escape));
    if escaped || modal.backdrop_response.clicked() {
        out.push(Action::Leave(LeaveAnswer::Stay));
    }
}

fn answers(ui: &mut Ui, status: &Status, fresh: bool, out: &mut Vec<Action>) {
    if ui.button(tr("Stay")).clicked() {
        out.push(Action::Leave(LeaveAnswer::Stay));
    }
    let save = ui.button(tr("Save mask"));
    if save.accessible_name(tr("Save mask, then go on")).clicked() {
        out.push(Action::Leave(LeaveAnswer::Save));
    }
    if failed(status).is_some() && ui.button(tr("Save session as…")).clicked() {
        out.push(Action::Leave(LeaveAnswer::SaveSession));
    }
    if status.can_keep {
        let keep = ui.button(RichText::new(tr("Keep for later")).strong());
        if fresh {
            keep.request_focus();
        }
        if keep.clicked() {
            out.push(Action::Leave(LeaveAnswer::Keep));
        }
    }
    let text = if status.earlier.is_some() { tr("Discard today's changes") } else { tr("Discard") };
    if ui.button(RichText::new(text).color(colours(ui).error)).clicked() {
        out.push(Action::Leave(LeaveAnswer::Discard));
    }
}

/// Gives up all of a draft: asked once more, and what goes is said.
fn whole_draft(ui: &mut Ui, earlier: &EarlierWork, memory: Id, out: &mut Vec<Action>) {
    if ui.data(|d| d.get_temp::<bool>(memory)).is_none() {
        if ui.button(quiet(ui, tr("Discard the whole draft…"))).clicked() {
            ui.data_mut(|d| d.insert_temp(memory, true));
        }
        return;
    }
    let when = super::drafts::age_of(earlier.since_ms);
    ui.label(match earlier.sittings {
        1 => tr_with(
            "That is all that was done today and in an earlier sitting ({when}). For 30 days you can have it back.",
            &[("when", &when)],
        ),
        n => tr_with(
            "That is all that was done today and in {n} earlier sittings, the first {when}. For 30 days you can have it back.",
            &[("n", &n), ("when", &when)],
        ),
    });
    ui.horizontal(|ui| {
        let text = RichText::new(tr("Discard the whole draft")).color(colours(ui).error);
        if ui.button(text).clicked() {
            out.push(Action::Leave(LeaveAnswer::DiscardDraft));
        }
        if ui.button(tr("Cancel")).clicked() {
            ui.data_mut(|d| d.remove::<bool>(memory));
        }
    });
}

/// The session's name, why it was not written, and whether all of it is in a draft instead.
fn failed(status: &Status) -> Option<(Option<&str>, &str, bool)> {
    let session = status.session.as_ref()?;
    match &session.state {
        SessionState::Failed { why, aside, .. } => {
            Some((session.name.as_deref(), why, aside.is_some()))
        }
        _ => None,
    }
}

/// Clicks that were not answered, and what becomes of them: a label map has none of them.
fn waits_text(n: usize, status: &Status) -> String {
    let kept = failed(status).map_or(status.can_keep, |(.., aside)| aside);
    let values: [(&str, &dyn std::fmt::Display); 1] = [("n", &n)];
    match (n, kept) {
        (1, true) => tr("A click still waits for its answer: it is kept in the session, and waits again when that is opened.").to_owned(),
        (_, true) => tr_with("{n} clicks still wait for their answer: they are kept in the session, and wait again when that is opened.", &values),
        (1, false) => tr("A click still waits for its answer: it is lost if the session is not saved.").to_owned(),
        (_, false) => tr_with("{n} clicks still wait for their answer: they are lost if the session is not saved.", &values),
    }
}

/// What would be lost, and what is kept where.
fn say(ui: &mut Ui, status: &Status) {
    if let Some((name, why, aside)) = failed(status) {
        match name {
            Some(name) => {
                ui.heading(tr_with("Session {name} could not be written", &[("name", &name)]))
            }
            None => ui.heading(tr("Your work could not be kept")),
        };
        ui.label(tr_sentence(&why));
        ui.add_space(8.0);
        ui.label(if aside {
            tr("The last changes are only in a draft. It is offered when you start Voxpoint, or open this session again.")
        } else {
            tr("The last changes are on no disk: they are lost if you do not save them.")
        });
    } else if status.can_keep {
        ui.heading(match &status.older_mask {
            Some(_) => tr("The exported mask is older than your work"),
            None => tr("The mask is in no file yet"),
        });
        ui.label(tr("Your work is kept as a draft: points, masks and what was drawn by hand. It is offered when you start Voxpoint, or open this scan again."));
        ui.label(match status.earlier {
            Some(_) => tr(
                "If you discard today's changes, the draft becomes what it was when you opened it.",
            ),
            None => tr("If you discard it, you can have it back for 30 days."),
        });
        if let Some(copy) = status.session.as_ref().and_then(|s| s.copy_of.as_ref()) {
            ui.label(tr_with("{name} stays as it was, whatever you do.", &[("name", &copy.name)]));
        }
    } else {
        ui.heading(tr("Discard unsaved work?"));
        ui.label(tr("Masks and points that were not saved are lost."));
    }
    if let Some(path) = &status.older_mask {
        ui.label(tr_with("Exported before: {path}", &[("path", &path.display())]));
    }
}
