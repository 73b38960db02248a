//! The strip below the menu bar: the tool in use, its settings, and what its buttons and keys do.

use egui::{Label, Panel, TextStyle, Ui};

use crate::document::Document;
use crate::ui::commands::tools::{LARGER_BRUSH, SMALLER_BRUSH, TAKE_PAINT_RANGE};
use crate::ui::commands::{CommandContext, Entry};
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::{colours, panel_frame, quiet, strip_group};
use crate::ui::tools;

/// Height of one row of settings, in points.
const ROW: f32 = 24.0;
/// Between two rows, with room for rows that are a bit higher than [`ROW`].
const GAP: f32 = 6.0;
/// From this width of the window on, in points, one row has room for the settings of every tool. In a narrower one the
/// strip always has two, so that choosing a tool moves no view.
const ONE_ROW: f32 = 1280.0;
/// Above and below the rows.
const MARGIN: i8 = 3;
/// Between the parts of a hint.
const BETWEEN: &str = " · ";

pub(super) fn show(ui: &mut Ui, document: &Document, cx: &mut CommandContext) {
    let frame = panel_frame().inner_margin(egui::Margin::symmetric(8, MARGIN));
    let panel = Panel::top("tool_strip").frame(frame).resizable(false);
    let rows = if ui.available_width() < ONE_ROW { 2.0 } else { 1.0 };
    let height = rows * ROW + (rows - 1.0) * GAP;
    panel.min_size(height + 2.0 * f32::from(MARGIN)).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| strip(ui, document, cx, rows > 1.0));
    });
}

fn strip(ui: &mut Ui, document: &Document, cx: &mut CommandContext, has_two_rows: bool) {
    let top = ui.cursor().top();
    let tool = tools::of(cx.view.prefs.tool);
    let info = tool.info();
    let mut hint = tr(tool.hint(cx.view)).to_owned();
    if [tools::BRUSH, tools::ERASER].contains(&info.id) {
        let [smaller, larger, range] =
            [&SMALLER_BRUSH, &LARGER_BRUSH, &TAKE_PAINT_RANGE].map(Entry::key_text);
        let keys: [(&str, &dyn std::fmt::Display); 3] =
            [("smaller", &smaller), ("larger", &larger), ("range", &range)];
        let text = tr_with("{smaller} / {larger}: size · {range}: such values only", &keys);
        hint = format!("{text}{BETWEEN}{hint}");
    }
    // What there is no room for is told there.
    let whole = hint.replace(BETWEEN, "\n");
    strip_group(ui, "tool", |ui| {
        let name = quiet(ui, format!("{} {}", info.icon, tr(info.name)));
        ui.label(name).on_hover_text(&whole);
    });
    tool.options(ui, document, cx.view);
    let parts: Vec<&str> = hint.split(BETWEEN).collect();
    let font = TextStyle::Body.resolve(ui.style());
    let colour = colours(ui).quiet;
    let width = |ui: &Ui, text: &str| {
        ui.painter().layout_no_wrap(text.to_owned(), font.clone(), colour).size().x
    };
    let mut room = ui.available_size_before_wrap().x;
    // The settings leave the second row to it.
    if has_two_rows && ui.cursor().top() < top + ROW && width(ui, &hint) > room {
        ui.end_row();
        room = ui.available_size_before_wrap().x;
    }
    let fits = |text: &String| width(ui, text) <= room;
    if let Some(text) = shortened(&parts).find(fits) {
        let label = ui.add(Label::new(quiet(ui, text)).extend()).accessible_name(hint.as_str());
        label.on_hover_text(&whole);
    }
}

/// All parts of a hint, then fewer and fewer of them, and at last a sign that there is one.
fn shortened(parts: &[&str]) -> impl Iterator<Item = String> {
    (0..=parts.len()).rev().map(|n| match n {
        0 => "…".to_owned(),
        n if n == parts.len() => parts.join(BETWEEN),
        n => format!("{}{BETWEEN}…", parts[..n].join(BETWEEN)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_loses_its_last_parts_first() {
        let texts: Vec<String> = shortened(&["Click: fill", "Drag: more"]).collect();
        assert_eq!(texts, ["Click: fill · Drag: more", "Click: fill · …", "…"]);
    }
}
