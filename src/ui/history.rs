//! The list of changes: click one to go back to it or forth.

use egui::{Button, Context, RichText, ScrollArea, Window};

use super::panels::widgets::quiet;
use super::text::{tr, tr_any};
use super::{Action, Desk, icons};

/// Draws the window, if it is open and there is a document.
pub(super) fn show(ctx: &Context, desk: &mut Desk) {
    let Some(document) = desk.document.filter(|_| desk.view.show_history) else { return };
    let (names, done) = document.history_names();
    let out = &mut *desk.out;
    let room = ctx.content_rect();
    Window::new(format!("{} {}", icons::HISTORY, tr("History")))
        .id(egui::Id::unique("history"))
        .open(&mut desk.view.show_history)
        .collapsible(false)
        .default_width(260.0)
        .default_pos(room.left_top() + egui::vec2(260.0, 60.0))
        .show(ctx, |ui| {
            ui.set_min_width(220.0);
            let height = (room.height() - 220.0).max(80.0);
            ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
                for n in 0..=names.len() {
                    let name = n.checked_sub(1).map_or(tr("As opened"), |n| tr_any(names[n]));
                    let text = if n == 0 { name.to_owned() } else { format!("{n}  {name}") };
                    // What was undone is there, but fainter.
                    let rich = if n > done { quiet(ui, text) } else { RichText::new(text) };
                    let button = Button::selectable(n == done, rich).min_size([200.0, 22.0].into());
                    let response = ui.add(button).accessible_name(format!("{n} {name}"));
                    if n == done && response.has_focus() {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() && n != done {
                        out.push(Action::GoTo(n));
                    }
                }
            });
        });
}
