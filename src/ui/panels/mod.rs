//! What lies around the four views: the bar with menus and tools, the two side panels, the status bar.

mod colour_choice;
mod crosshair;
mod display;
mod histogram;
mod info;
mod layers;
mod menu;
mod name_choice;
mod object_search;
mod objects;
mod prompts;
pub(in crate::ui) mod status_bar;
mod transfer;
mod volume_3d;
mod working_scale;

use egui::{Frame, Margin, Panel, ScrollArea, Ui};

use crate::document::{Document, PALETTE};
use crate::ui::commands::tools::{LARGER_BRUSH, SMALLER_BRUSH, TAKE_PAINT_RANGE};
use crate::ui::commands::widgets::icon_command;
use crate::ui::commands::{CommandContext, Entry, appearance};
use crate::ui::kit::icons;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::{heading, icon_button, panel_frame, quiet, section_line};
use crate::ui::state::ViewState;
use crate::ui::tools;

/// Width of a side panel, in points.
const SIDE: f32 = 248.0;
/// Width of a collapsed side panel, in points.
const STRIP: f32 = 36.0;

/// Draws the panels. Without a document the middle of the window is left free.
pub(super) fn show(ui: &mut Ui, cx: &mut CommandContext) {
    let bar = panel_frame().inner_margin(Margin::symmetric(6, 3));
    Panel::top("menu_bar").frame(bar).show(ui, |ui| menu::show(ui, cx));
    Panel::bottom("status_bar")
        .frame(panel_frame().inner_margin(Margin::symmetric(8, 0)))
        .exact_size(26.0)
        .show(ui, |ui| status_bar::show(ui, cx));
    if let Some(document) = cx.document {
        let strip = panel_frame().inner_margin(Margin::symmetric(8, 0));
        Panel::top("tool_strip").frame(strip).exact_size(TOOL_STRIP).show(ui, |ui| {
            let hidden = egui::scroll_area::ScrollBarVisibility::AlwaysHidden;
            ScrollArea::horizontal().scroll_bar_visibility(hidden).show(ui, |ui| {
                ui.horizontal_centered(|ui| tool_strip(ui, document, cx));
            });
        });
        let [left, right] = *cx.view.prefs.side_panels.open(cx.width);
        left_panel(ui, document, cx, left);
        right_panel(ui, document, cx, right);
    }
}

/// Height of the strip below the bar, in points: for every tool the same, so that choosing one moves no view.
const TOOL_STRIP: f32 = 30.0;

/// The tool in use, its settings, and what its buttons and keys do.
fn tool_strip(ui: &mut Ui, document: &Document, cx: &mut CommandContext) {
    let tool = tools::of(cx.view.prefs.tool);
    let info = tool.info();
    ui.label(quiet(ui, format!("{} {}", info.icon, tr(info.name))));
    ui.separator();
    tool.options(ui, document, cx.view);
    let mut hint = tr(info.hint).to_owned();
    if [tools::BRUSH, tools::ERASER].contains(&info.id) {
        let [smaller, larger, range] =
            [&SMALLER_BRUSH, &LARGER_BRUSH, &TAKE_PAINT_RANGE].map(Entry::key_text);
        let keys: [(&str, &dyn std::fmt::Display); 3] =
            [("smaller", &smaller), ("larger", &larger), ("range", &range)];
        let text = tr_with("{smaller} / {larger}: size · {range}: only values as here", &keys);
        hint = format!("{text} · {hint}");
    }
    // What there is no room for is told when the pointer rests on it.
    ui.add(egui::Label::new(quiet(ui, hint)).truncate());
}

/// Width of the panel at the right end of the window, in points.
pub fn right_width(view: &mut ViewState, width: f32) -> f32 {
    let [_, open] = *view.prefs.side_panels.open(width);
    if open { SIDE } else { STRIP }
}

fn left_panel(ui: &mut Ui, document: &Document, cx: &mut CommandContext, open: bool) {
    let frame = panel_frame();
    if open {
        Panel::left("objects").frame(frame).resizable(false).exact_size(SIDE).show(ui, |ui| {
            let fold =
                |ui: &mut Ui| fold_button(ui, icons::CARET_LEFT, &appearance::LEFT_PANEL, cx);
            heading(ui, tr("Layers"), fold);
            scroll(ui, |ui| {
                layers::show(ui, document, cx);
                section_line(ui);
                objects::list(ui, document, cx);
                section_line(ui);
                prompts::show(ui, document, cx);
            });
        });
        return;
    }
    Panel::left("objects_strip").frame(strip()).resizable(false).exact_size(STRIP).show(ui, |ui| {
        fold_button(ui, icons::OBJECTS, &appearance::LEFT_PANEL, cx);
        ui.separator();
        scroll(ui, |ui| objects::strip(ui, document, cx));
    });
}

fn right_panel(ui: &mut Ui, document: &Document, cx: &mut CommandContext, open: bool) {
    let frame = panel_frame();
    if open {
        Panel::right("display").frame(frame).resizable(false).exact_size(SIDE).show(ui, |ui| {
            let fold =
                |ui: &mut Ui| fold_button(ui, icons::CARET_RIGHT, &appearance::RIGHT_PANEL, cx);
            heading(ui, tr("Display"), fold);
            scroll(ui, |ui| {
                display::slices(ui, cx);
                section_line(ui);
                volume_3d::show(ui, cx);
                section_line(ui);
                crosshair::show(ui, document, cx.view);
                section_line(ui);
                info::show(ui, document, cx.view);
            });
        });
        return;
    }
    Panel::right("display_strip").frame(strip()).resizable(false).exact_size(STRIP).show(
        ui,
        |ui| {
            fold_button(ui, icons::DISPLAY, &appearance::RIGHT_PANEL, cx);
            if document.image().warnings().is_empty() {
                return;
            }
            let count = document.image().warnings().len();
            let tip = tr_with("{count} thing(s) to know about this file", &[("count", &count)]);
            if icon_button(ui, icons::WARNING, tr("Warnings"), &tip, false).clicked() {
                appearance::RIGHT_PANEL.run(cx);
            }
        },
    );
}

fn strip() -> Frame {
    panel_frame().inner_margin(Margin::symmetric(4, 6))
}

fn fold_button(ui: &mut Ui, icon: &str, entry: &Entry, cx: &mut CommandContext) {
    icon_command(ui, icon, entry, false, cx);
}

fn scroll(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, add);
}

/// Colours that an object can be given with one click.
const SWATCHES: &[[u8; 3]] = &PALETTE;
