//! The question before work is given up that is in no label map.

use egui::{Context, Frame, Id, Key, Margin, Modal, RichText};

use crate::ui::kit::text::tr;
use crate::ui::kit::widgets::colours;
use crate::ui::state::{Action, LeaveAnswer, Status};

/// A question that stops everything else. Esc keeps the work on the screen; Enter keeps it for later, if it can be.
pub(super) fn show(ctx: &Context, status: &Status, out: &mut Vec<Action>) {
    let shown = Id::unique("leave shown");
    if !status.ask_discard {
        ctx.data_mut(|d| d.remove::<bool>(shown));
        return;
    }
    let fresh = ctx.data(|d| d.get_temp::<bool>(shown)).is_none();
    ctx.data_mut(|d| d.insert_temp(shown, true));
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(16));
    let modal = Modal::new(Id::unique("discard")).frame(frame).show(ctx, |ui| {
        ui.set_width(400.0);
        if status.can_keep {
            ui.heading(tr("The mask is in no file yet"));
            ui.label(tr("Your work is kept as a draft: points, masks and what was drawn by hand. It is offered when you start Voxpoint, or open this scan again."));
        } else {
            ui.heading(tr("Discard unsaved work?"));
            ui.label(tr("Masks and points that were not saved are lost."));
        }
        ui.add_space(16.0);
        ui.horizontal_wrapped(|ui| {
            if ui.button(tr("Stay")).clicked() {
                out.push(Action::Leave(LeaveAnswer::Stay));
            }
            let save = ui.button(tr("Save mask"));
            if save.accessible_name(tr("Save mask, then go on")).clicked() {
                out.push(Action::Leave(LeaveAnswer::Save));
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
            let discard = RichText::new(tr("Discard")).color(colours(ui).error);
            if ui.button(discard).clicked() {
                out.push(Action::Leave(LeaveAnswer::Discard));
            }
        });
    });
    let escaped = ctx.input(|i| i.key_pressed(Key::Escape));
    if escaped || modal.backdrop_response.clicked() {
        out.push(Action::Leave(LeaveAnswer::Stay));
    }
}
