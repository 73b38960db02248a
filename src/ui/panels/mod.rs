//! Everything around the four views: the bar with menus and tools, the two side panels, the status bar,
//! the cards and the windows.
//!
//! Call once for each frame, in this order, with the root `Ui`:
//! 1. [`super::shortcuts::handle`] before any widget;
//! 2. [`show_chrome`], which takes the edges of the window (and, without a document, its middle);
//! 3. the views in what is left, if there is a document.
//!
//! [`super::theme::apply`] is to be called once before the first frame.

mod about_model;
mod colour_choice;
mod crosshair;
mod display;
pub mod format;
mod histogram;
mod info;
mod layers;
pub(super) mod menu;
mod objects;
mod pictures;
mod prompts;
pub(super) mod status_bar;
pub(super) mod transfer;
mod volume_3d;
pub(super) mod widgets;
mod working_scale;

use egui::{CentralPanel, Frame, Margin, Panel, ScrollArea, Ui};

use self::widgets::{icon_button, panel_frame};
use super::text::{tr, tr_with};
use super::viewport::frames_height;
use super::{Action, Desk, Status, Verb, ViewState, help, icons, shortcuts, welcome};
use crate::document::{Document, PALETTE};

/// Width of a side panel, in points.
const SIDE: f32 = 248.0;
/// Width of a collapsed side panel, in points.
const STRIP: f32 = 36.0;

/// Draws everything but the views, and reports what the user wants in `out`.
///
/// Without a document the middle holds the welcome card, or the progress of opening one.
pub fn show_chrome(
    ui: &mut Ui,
    document: Option<&Document>,
    view: &mut ViewState,
    status: &Status,
    out: &mut Vec<Action>,
) {
    ui.ctx().set_theme(egui::ThemePreference::from(view.theme));
    if (ui.ctx().zoom_factor() - view.scale).abs() > 1e-3 {
        ui.ctx().set_zoom_factor(view.scale);
    }
    let width = ui.ctx().content_rect().width();
    let mut desk = Desk { document, view, status, out, width };
    let bar = panel_frame().inner_margin(Margin::symmetric(6, 3));
    Panel::top("menu_bar").frame(bar).show(ui, |ui| menu::show(ui, &mut desk));
    Panel::bottom("status_bar")
        .frame(panel_frame().inner_margin(Margin::symmetric(8, 0)))
        .exact_size(26.0)
        .show(ui, |ui| status_bar::show(ui, &mut desk));
    if let Some(document) = document {
        let [left, right] = *desk.view.side_panels.open(width);
        left_panel(ui, document, &mut desk, left);
        right_panel(ui, document, &mut desk, right);
    } else {
        CentralPanel::no_frame().show(ui, |ui| welcome::show(ui, &mut desk));
    }
    help::show(ui.ctx(), desk.view);
    super::history::show(ui.ctx(), &mut desk);
    super::log::show(ui.ctx(), &mut desk);
    about_model::show(ui.ctx(), &mut desk);
    pictures::show(ui.ctx(), &mut desk);
    welcome::ask_discard(ui.ctx(), status, out);
    super::ask_replace::show(ui.ctx(), status, out);
    super::card::show(ui.ctx(), document, status, out);
    welcome::drop_files(ui.ctx(), status, out);
}

impl ViewState {
    /// Points that the panel right of the views and the bar below them take.
    pub fn beside_views(&mut self, document: &Document, ctx: &egui::Context) -> egui::Vec2 {
        let [_, open] = *self.side_panels.open(ctx.content_rect().width());
        egui::vec2(if open { SIDE } else { STRIP }, frames_height(document))
    }
}

fn left_panel(ui: &mut Ui, document: &Document, desk: &mut Desk, open: bool) {
    let frame = panel_frame();
    if open {
        Panel::left("objects").frame(frame).resizable(false).exact_size(SIDE).show(ui, |ui| {
            let fold = |ui: &mut Ui| fold_button(ui, icons::CARET_LEFT, Verb::LeftPanel, desk);
            widgets::heading(ui, tr("Layers"), fold);
            scroll(ui, |ui| {
                layers::show(ui, document, desk);
                widgets::section_line(ui);
                objects::list(ui, document, desk);
                widgets::section_line(ui);
                prompts::show(ui, document, desk);
            });
        });
        return;
    }
    Panel::left("objects_strip").frame(strip()).resizable(false).exact_size(STRIP).show(ui, |ui| {
        fold_button(ui, icons::OBJECTS, Verb::LeftPanel, desk);
        ui.separator();
        scroll(ui, |ui| objects::strip(ui, document, desk));
    });
}

fn right_panel(ui: &mut Ui, document: &Document, desk: &mut Desk, open: bool) {
    let frame = panel_frame();
    if open {
        Panel::right("display").frame(frame).resizable(false).exact_size(SIDE).show(ui, |ui| {
            let fold = |ui: &mut Ui| fold_button(ui, icons::CARET_RIGHT, Verb::RightPanel, desk);
            widgets::heading(ui, tr("Display"), fold);
            scroll(ui, |ui| {
                display::slices(ui, desk);
                widgets::section_line(ui);
                volume_3d::show(ui, desk);
                widgets::section_line(ui);
                crosshair::show(ui, document, desk.view);
                widgets::section_line(ui);
                info::show(ui, document, desk.view);
            });
        });
        return;
    }
    Panel::right("display_strip").frame(strip()).resizable(false).exact_size(STRIP).show(
        ui,
        |ui| {
            fold_button(ui, icons::DISPLAY, Verb::RightPanel, desk);
            if document.image().warnings().is_empty() {
                return;
            }
            let count = document.image().warnings().len();
            let tip = tr_with("{count} thing(s) to know about this file", &[("count", &count)]);
            if icon_button(ui, icons::WARNING, tr("Warnings"), &tip, false).clicked() {
                Verb::RightPanel.run(desk);
            }
        },
    );
}

fn strip() -> Frame {
    panel_frame().inner_margin(Margin::symmetric(4, 6))
}

fn fold_button(ui: &mut Ui, icon: &str, verb: Verb, desk: &mut Desk) {
    let (name, tip) = (shortcuts::name(verb), shortcuts::tip(verb));
    if icon_button(ui, icon, name, &tip, false).clicked() {
        verb.run(desk);
    }
}

fn scroll(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, add);
}

/// Colours that an object can be given with one click.
const SWATCHES: &[[u8; 3]] = &PALETTE;
