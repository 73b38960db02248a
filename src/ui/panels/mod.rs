//! What lies around the four views: the bar with menus and tools, the two side panels, the status bar.

mod cases;
mod colour_choice;
mod compare;
mod crosshair;
mod display;
mod histogram;
mod info;
mod layers;
mod menu;
mod name_choice;
mod object_menu;
mod object_search;
mod object_selection;
mod objects;
mod prompts;
mod session_line;
pub(in crate::ui) mod status_bar;
mod tool_strip;
mod transfer;
mod volume_3d;
mod working_scale;

use egui::{Frame, Margin, Panel, ScrollArea, Ui};

use crate::document::{Document, PALETTE};
use crate::ui::commands::widgets::icon_command;
use crate::ui::commands::{CommandContext, Entry, appearance};
use crate::ui::kit::icons;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::{heading, icon_button, panel_frame, section_line};
use crate::ui::state::ViewState;

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
    session_line::show(ui, cx);
    if let Some(document) = cx.document {
        compare::show(ui, document, cx);
    }
    cases::show(ui, cx);
    if let Some(document) = cx.document {
        tool_strip::show(ui, document, cx);
        let width = cx.view.width_for_panels(cx.width);
        let [left, right] = *cx.view.prefs.side_panels.open(width);
        left_panel(ui, document, cx, left);
        right_panel(ui, document, cx, right);
    }
}

/// Width of the panel at the right end of the window, in points.
pub fn right_width(view: &mut ViewState, width: f32) -> f32 {
    let width = view.width_for_panels(width);
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
            let room = ui.available_height();
            scroll(ui, |ui| layers_and_objects(ui, document, cx, room));
        });
        return;
    }
    Panel::left("objects_strip").frame(strip()).resizable(false).exact_size(STRIP).show(ui, |ui| {
        fold_button(ui, icons::OBJECTS, &appearance::LEFT_PANEL, cx);
        ui.separator();
        scroll(ui, |ui| objects::strip(ui, document, cx));
    });
}

/// The list of objects gets what of `room` points the rest, as it was in the last frame, leaves.
fn layers_and_objects(ui: &mut Ui, document: &Document, cx: &mut CommandContext, room: f32) {
    let memory = ui.scope_id().with("height of the rest");
    let rest: f32 = ui.data(|d| d.get_temp(memory)).unwrap_or_default();
    let top = ui.cursor().top();
    layers::show(ui, document, cx);
    section_line(ui);
    let list = objects::list(ui, document, cx, room - rest);
    section_line(ui);
    prompts::show(ui, document, cx);
    let now = ui.cursor().top() - top - list;
    if (now - rest).abs() > 0.5 {
        ui.data_mut(|d| d.insert_temp(memory, now));
        ui.ctx().request_repaint();
    }
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
                info::show(ui, cx);
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
    // The bar lies over what it moves: what ends at the right ends before it.
    ui.spacing_mut().scroll.floating_allocated_width = 6.0;
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, add);
}

/// Colours that an object can be given with one click.
const SWATCHES: &[[u8; 3]] = &PALETTE;
