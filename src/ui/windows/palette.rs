//! All commands, found by typing some of their words: Up and Down choose, Enter does it, Esc closes.

use egui::{
    Align2, Button, Context, Frame, Id, Key, Margin, Modal, Modifiers, RichText, ScrollArea,
    TextEdit, Ui, vec2,
};

use crate::ui::commands::widgets::with_key;
use crate::ui::commands::{self, CommandContext, Entry, help};
use crate::ui::kit::text::{in_chinese, tr};
use crate::ui::kit::widgets::quiet;
use crate::ui::state::Palette;

/// Width of the list where there is room, in points.
const WIDTH: f32 = 520.0;
/// Of the list: how high it gets where there is room, and what the rest of the window must leave for the text field.
const HEIGHT: f32 = 380.0;
const AROUND: f32 = 150.0;

/// Draws it, if it is open.
pub(super) fn show(ctx: &Context, cx: &mut CommandContext) {
    let Some(mut palette) = cx.view.windows.palette.take() else { return };
    let found = found(&palette.text, cx);
    let keys = Keys::take(ctx);
    palette.chosen = keys.moved(palette.chosen, found.len());
    let room = ctx.content_rect().size();
    let id = Id::unique("palette");
    let area = Modal::default_area(id).anchor(Align2::CENTER_TOP, vec2(0.0, 40.0));
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(8));
    let modal = Modal::new(id).area(area).frame(frame).show(ctx, |ui| {
        ui.set_width((room.x - 48.0).min(WIDTH));
        let name = tr("Find a command…");
        let field =
            TextEdit::singleline(&mut palette.text).hint_text(name).desired_width(f32::INFINITY);
        let field = ui.add(field).accessible_name(name);
        field.request_focus();
        if field.changed() {
            palette.chosen = 0;
        }
        ui.add_space(4.0);
        list(ui, &found, &palette, keys.moves(), (room.y - AROUND).clamp(80.0, HEIGHT), cx)
    });
    let run = modal.inner.or_else(|| found.get(palette.chosen).copied().filter(|_| keys.enter));
    match run.filter(|entry| entry.is_enabled(cx) || entry.refused(cx).is_some()) {
        // Closed first: what is done may look at which windows are open, or open this one.
        Some(entry) => entry.run(cx),
        None if keys.escape || modal.backdrop_response.clicked() => {}
        None => cx.view.windows.palette = Some(palette),
    }
}

/// The commands found; answers with the one that was clicked.
fn list(
    ui: &mut Ui,
    found: &[&'static Entry],
    palette: &Palette,
    moved: bool,
    height: f32,
    cx: &CommandContext,
) -> Option<&'static Entry> {
    if found.is_empty() {
        ui.label(quiet(ui, tr("No command has these words.")));
        return None;
    }
    let mut clicked = None;
    // As high as there is room for, even where a shorter list was shown before.
    let area = ScrollArea::vertical().max_height(height).min_scrolled_height(height);
    area.auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        for (n, entry) in found.iter().enumerate() {
            let text = entry.menu_text(cx);
            let words = RichText::new(&text);
            let button = Button::selectable(n == palette.chosen, words);
            let button = button.min_size(vec2(ui.available_width(), 22.0));
            let mut response = with_key(ui, button, &text, entry, cx);
            // Who comes by the keyboard sees no tooltip.
            if n == palette.chosen
                && let Some(why) = entry.unavailable(cx)
            {
                let why = ui.horizontal(|ui| {
                    ui.add_space(16.0);
                    ui.add(egui::Label::new(quiet(ui, why)).wrap())
                });
                response |= why.inner;
            }
            if n == palette.chosen && (moved || response.gained_focus()) {
                response.scroll_to_me(None);
            }
            if response.clicked() {
                clicked = Some(*entry);
            }
        }
    });
    clicked
}

/// The commands that have all words of `text` in their English or Chinese name: those that begin with it first, then
/// those that have it where words begin.
fn found(text: &str, cx: &CommandContext) -> Vec<&'static Entry> {
    let text = text.trim().to_lowercase();
    let mut found: Vec<(u8, &'static Entry)> = commands::all()
        .filter(|entry| !entry.held && entry.id != help::PALETTE.id)
        .filter_map(|entry| {
            let chinese = in_chinese(entry.name).unwrap_or_default();
            let now = entry.menu_text(cx);
            let ranks = [&*now, entry.name, chinese].map(|name| rank(&name.to_lowercase(), &text));
            let best = ranks.into_iter().flatten().min();
            // What it is not called by, but may be looked for.
            let also = || {
                let words = [entry.words, in_chinese(entry.words).unwrap_or_default()];
                let all = format!("{} {}", entry.name, words.join(" ")).to_lowercase();
                rank(&all, &text).filter(|_| !entry.words.is_empty()).map(|_| OTHER_WORDS)
            };
            best.or_else(also).map(|rank| (rank, entry))
        })
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, entry)| entry).collect()
}

/// After all that have the words in their names.
const OTHER_WORDS: u8 = 3;

/// How well a name answers to what was typed, both in small letters: 0 is best, `None` not at all.
fn rank(name: &str, text: &str) -> Option<u8> {
    if name.starts_with(text) {
        return Some(0);
    }
    let begins = |word: &str| {
        name.match_indices(word).any(|(at, _)| !name[..at].ends_with(char::is_alphanumeric))
    };
    let words = || text.split_whitespace();
    match (words().all(begins), words().all(|word| name.contains(word))) {
        (true, _) => Some(1),
        (false, true) => Some(2),
        (false, false) => None,
    }
}

/// The keys of this frame that are the list's, not the text field's.
struct Keys {
    down: usize,
    up: usize,
    enter: bool,
    escape: bool,
}

impl Keys {
    fn take(ctx: &Context) -> Self {
        ctx.input_mut(|input| Self {
            down: input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown),
            up: input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp),
            enter: input.consume_key(Modifiers::NONE, Key::Enter),
            escape: input.consume_key(Modifiers::NONE, Key::Escape),
        })
    }

    fn moves(&self) -> bool {
        self.down != self.up
    }

    /// Which of `count` is chosen after these keys; past the last comes the first.
    fn moved(&self, chosen: usize, count: usize) -> usize {
        let steps = self.down as i64 - self.up as i64;
        let count = count.max(1) as i64;
        (chosen.min(count as usize - 1) as i64 + steps).rem_euclid(count) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_count_in_any_order_and_most_where_they_begin() {
        for (name, text, expected) in [
            ("undo positive click", "undo", Some(0)),
            ("save mask as…", "as save", Some(1)),
            // In "mask", too.
            ("save mask", "as save", Some(2)),
            ("save mask", "save as", Some(2)),
            ("撤销", "撤销", Some(0)),
            ("查找操作…", "操作", Some(2)),
            ("save mask", "save undo", None),
            ("anything", "", Some(0)),
        ] {
            assert_eq!(rank(name, text), expected, "{text} in {name}");
        }
    }
}
