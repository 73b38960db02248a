//! What the model in use is: whose, of what size, under which licence, and what its authors say of it.

use egui::{Align2, Context, Grid, Label, RichText, ScrollArea, TextWrapMode, Ui, Window};

use super::widgets::quiet;
use crate::ui::{Desk, ModelEntry, ModelStatus};

/// Width of the window's text, in points.
const WIDTH: f32 = 480.0;

/// Draws the window, if it is open.
pub(super) fn show(ctx: &Context, desk: &mut Desk) {
    let room = ctx.content_rect().size();
    let mut open = desk.view.show_model;
    Window::new("About this model")
        .open(&mut open)
        .collapsible(false)
        .resizable(false)
        .pivot(Align2::CENTER_CENTER)
        .default_pos(ctx.content_rect().center())
        .show(ctx, |ui| {
            ui.set_width(WIDTH.min(room.x - 64.0));
            contents(ui, desk, (room.y - 360.0).max(120.0));
        });
    desk.view.show_model = open;
}

fn contents(ui: &mut Ui, desk: &Desk, room: f32) {
    let ModelStatus::Ready { name, device, reason } = &desk.status.model else {
        ui.label("No model is loaded.");
        return;
    };
    let entry = desk.status.model_entry();
    ui.heading(entry.map_or(name, |e| &e.name));
    ui.add_space(4.0);
    facts(ui, desk, entry, (device, reason));
    let Some(card) = entry.and_then(|e| e.card.as_deref()) else { return };
    ui.add_space(8.0);
    ui.label(quiet(ui, "What its authors say"));
    ScrollArea::vertical().max_height(room).auto_shrink([false, true]).show(ui, |ui| {
        ui.add(Label::new(RichText::new(card).monospace().size(11.0)).wrap().selectable(true));
    });
}

fn facts(ui: &mut Ui, desk: &Desk, entry: Option<&ModelEntry>, (device, why): (&str, &str)) {
    let runs = if why.is_empty() { device.to_owned() } else { format!("{device} ({why})") };
    let licence = entry.and_then(|e| e.licence.clone()).unwrap_or_else(|| "unknown".to_owned());
    let mut rows: Vec<(&str, String)> = Vec::new();
    rows.extend(entry.map(|e| ("Kind", e.kind.to_owned())));
    rows.push(("Licence", licence));
    rows.extend(entry.iter().flat_map(|e| e.facts.iter().cloned()));
    rows.push(("Runs on", runs));
    rows.extend(desk.status.model_path.as_ref().map(|p| ("File", p.display().to_string())));
    Grid::new("model facts").num_columns(2).spacing([16.0, 4.0]).show(ui, |ui| {
        for (name, value) in rows {
            ui.label(quiet(ui, name));
            // The name's column takes about a fifth.
            ui.scope(|ui| {
                ui.set_max_width(WIDTH * 0.78);
                ui.add(Label::new(value).wrap_mode(TextWrapMode::Wrap).selectable(true));
            });
            ui.end_row();
        }
    });
}
