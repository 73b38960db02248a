//! What the model in use is: whose, of what size, under which licence, and what its authors say of it.

use egui::{Align2, Context, Grid, Label, RichText, ScrollArea, TextWrapMode, Ui, Window};

use crate::ui::commands::CommandContext;
use crate::ui::kit::text::{tr, tr_any};
use crate::ui::kit::theme::SMALL;
use crate::ui::kit::widgets::quiet;
use crate::ui::state::{ModelEntry, ModelStatus};

/// Width of the window's text, in points.
const WIDTH: f32 = 480.0;

/// Draws the window, if it is open.
pub(super) fn show(ctx: &Context, cx: &mut CommandContext) {
    let room = ctx.content_rect().size();
    let mut open = cx.view.windows.about_model;
    Window::new(tr("About this model"))
        .id(egui::Id::unique("about model"))
        .open(&mut open)
        .collapsible(false)
        .resizable(false)
        .pivot(Align2::CENTER_CENTER)
        .default_pos(ctx.content_rect().center())
        .show(ctx, |ui| {
            ui.set_width(WIDTH.min(room.x - 64.0));
            contents(ui, cx, (room.y - 360.0).max(120.0));
        });
    cx.view.windows.about_model = open;
}

fn contents(ui: &mut Ui, cx: &CommandContext, room: f32) {
    let ModelStatus::Ready { name, device, reason } = &cx.status.model else {
        ui.label(tr("No model is loaded"));
        return;
    };
    let entry = cx.status.model_entry();
    ui.heading(entry.map_or(name, |e| &e.name));
    ui.add_space(4.0);
    facts(ui, cx, entry, (device, reason));
    let Some(card) = entry.and_then(|e| e.card.as_deref()) else { return };
    ui.add_space(8.0);
    ui.label(quiet(ui, tr("What its authors say")));
    ScrollArea::vertical().max_height(room).auto_shrink([false, true]).show(ui, |ui| {
        for block in blocks(card) {
            let text = match &block {
                Block::Heading(text) => RichText::new(text).strong(),
                Block::Prose(text) => RichText::new(text),
                Block::Lines(text) => RichText::new(text).monospace().size(SMALL),
            };
            ui.add(Label::new(text).wrap().selectable(true));
        }
    });
}

/// A piece of a card between blank lines.
#[derive(Debug, PartialEq)]
enum Block {
    /// A line of its own.
    Heading(String),
    /// Its line breaks mean nothing.
    Prose(String),
    /// A list, a table, code: as it stands.
    Lines(String),
}

/// A card in Markdown, as far as that matters for reading it.
fn blocks(card: &str) -> Vec<Block> {
    let lines: Vec<&str> = card.lines().map(str::trim_end).collect();
    let block = |lines: &[&str]| {
        let marks = |line: &&str| {
            let numbered = line.starts_with(|c: char| c.is_ascii_digit()) && line.contains(". ");
            numbered || line.starts_with(['|', '-', '*', '#', '>', '`', ' ', '\t'])
        };
        // Bold text is prose.
        let listed = lines.iter().any(|line| marks(line) && !line.starts_with("**"));
        match lines {
            [heading] if heading.starts_with('#') => {
                Block::Heading(plain(heading.trim_start_matches('#').trim()))
            }
            _ if listed => Block::Lines(lines.join("\n")),
            _ => Block::Prose(plain(&lines.join(" "))),
        }
    };
    lines.split(|line| line.is_empty()).filter(|lines| !lines.is_empty()).map(block).collect()
}

/// Without the marks of bold text and code.
fn plain(text: &str) -> String {
    text.replace("**", "").replace('`', "")
}

fn facts(
    ui: &mut Ui,
    cx: &CommandContext,
    entry: Option<&ModelEntry>,
    (device, why): (&str, &str),
) {
    let runs = if why.is_empty() { device.to_owned() } else { format!("{device} ({why})") };
    let licence =
        entry.and_then(|e| e.licence.clone()).unwrap_or_else(|| tr("licence unknown").to_owned());
    let mut rows: Vec<(&str, String)> = Vec::new();
    rows.extend(entry.map(|e| (tr("Kind"), tr_any(e.kind).to_owned())));
    rows.push((tr("Licence"), licence));
    rows.extend(entry.iter().flat_map(|e| e.facts.iter().cloned()));
    rows.push((tr("Runs on"), runs));
    rows.extend(cx.status.model_path.as_ref().map(|p| (tr("File"), p.display().to_string())));
    let server = cx.status.server.in_use.as_ref();
    rows.extend(server.map(|server| (tr("Address"), server.address.clone())));
    Grid::new("model facts").num_columns(2).spacing([16.0, 4.0]).show(ui, |ui| {
        for (name, value) in rows {
            ui.label(quiet(ui, tr_any(name)));
            // The name's column takes about a fifth.
            ui.scope(|ui| {
                ui.set_max_width(WIDTH * 0.78);
                ui.add(Label::new(value).wrap_mode(TextWrapMode::Wrap).selectable(true));
            });
            ui.end_row();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_prose_is_joined_and_lists_and_tables_stay() {
        let card = "# Card\n\nOne sentence\nin **two** lines.\n**Not** so.\n\n\n- a\n- b\n\n| x |\n| - |\n";
        let prose = |text: &str| Block::Prose(text.to_owned());
        let lines = |text: &str| Block::Lines(text.to_owned());
        let heading = |text: &str| Block::Heading(text.to_owned());
        assert_eq!(
            blocks(card),
            [
                heading("Card"),
                prose("One sentence in two lines. Not so."),
                lines("- a\n- b"),
                lines("| x |\n| - |"),
            ]
        );
        assert!(blocks("").is_empty());
    }
}
