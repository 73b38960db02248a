//! The question before a file is replaced that another program has written.

use egui::{Context, Frame, Id, Key, Margin, Modal, RichText};

use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::colours;
use crate::ui::state::{Action, ReplaceAnswer, Status};

/// Asks, if there is something to ask. Esc saves nothing.
pub(super) fn show(ctx: &Context, status: &Status, out: &mut Vec<Action>) {
    let Some(path) = &status.ask_replace else { return };
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(16));
    let modal = Modal::new(Id::unique("replace")).frame(frame).show(ctx, |ui| {
        ui.set_width(420.0);
        ui.heading(tr("Replace what another program has written?"));
        ui.label(tr_with(
            "Another program has written this file, and it was not opened here since. Saving the mask replaces it, and what is in it now is lost: {path}",
            &[("path", &path.display())],
        ));
        ui.add_space(16.0);
        ui.horizontal_wrapped(|ui| {
            if ui.button(tr("Cancel")).clicked() {
                out.push(Action::Replace(ReplaceAnswer::Cancel));
            }
            if ui.button(tr("Save mask as…")).clicked() {
                out.push(Action::Replace(ReplaceAnswer::SaveAs));
            }
            let replace = RichText::new(tr("Replace")).color(colours(ui).error);
            if ui.button(replace).clicked() {
                out.push(Action::Replace(ReplaceAnswer::Replace));
            }
        });
    });
    let escaped = ctx.input(|i| i.key_pressed(Key::Escape));
    if escaped || modal.backdrop_response.clicked() {
        out.push(Action::Replace(ReplaceAnswer::Cancel));
    }
}
