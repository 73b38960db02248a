//! The question before labels that share voxels are saved in a format that has one label for each.

use egui::{Context, Frame, Id, Key, Margin, Modal, RichText};

use crate::ui::kit::format::millilitres;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::colours;
use crate::ui::state::{Action, LeftOut, ReplaceAnswer, Status};

/// Objects that are named.
const NAMED: usize = 8;

/// Asks, if there is something to ask. Esc saves nothing.
pub(super) fn show(ctx: &Context, status: &Status, out: &mut Vec<Action>) {
    let Some(LeftOut { path, objects, keeping }) = &status.ask_flatten else { return };
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(16));
    let modal = Modal::new(Id::unique("flatten")).frame(frame).show(ctx, |ui| {
        ui.set_width(420.0);
        ui.heading(tr("Leave out what lies under other objects?"));
        ui.label(tr_with(
            "In this file a voxel is of one object: where objects overlap the one on top wins. These lose what lies under others: {path}",
            &[("path", &path.display())],
        ));
        ui.add_space(8.0);
        for (name, ml) in objects.iter().take(NAMED) {
            ui.label(format!("{name}: {}", millilitres(*ml)));
        }
        if objects.len() > NAMED {
            ui.label(tr_with("and {n} more", &[("n", &(objects.len() - NAMED))]));
        }
        ui.add_space(8.0);
        ui.label(tr_with(
            "Files with these endings keep all: {endings}. The session keeps all in any case.",
            &[("endings", &keeping.join(", "))],
        ));
        ui.add_space(16.0);
        ui.horizontal_wrapped(|ui| {
            if ui.button(tr("Cancel")).clicked() {
                out.push(Action::Replace(ReplaceAnswer::Cancel));
            }
            if ui.button(tr("Save mask as…")).clicked() {
                out.push(Action::Replace(ReplaceAnswer::SaveAs));
            }
            let without = RichText::new(tr("Save without it")).color(colours(ui).error);
            if ui.button(without).clicked() {
                out.push(Action::Replace(ReplaceAnswer::Replace));
            }
        });
    });
    let escaped = ctx.input(|i| i.key_pressed(Key::Escape));
    if escaped || modal.backdrop_response.clicked() {
        out.push(Action::Replace(ReplaceAnswer::Cancel));
    }
}
