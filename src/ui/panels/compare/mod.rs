//! The panel of a comparison: what is compared with what and how, the table of numbers, going to differences.

mod table;

use egui::{ComboBox, DragValue, Panel, RichText, Ui};

use crate::document::Document;
use crate::measure::PairBy;
use crate::ui::commands::comparing::{
    COPY_COMPARISON, END_COMPARISON, NEXT_DIFFERENCE, PREVIOUS_DIFFERENCE, ROBOT_USER,
    SAVE_COMPARISON, WORST_SLICE,
};
use crate::ui::commands::widgets::command_button;
use crate::ui::commands::{CommandContext, Entry, comparing};
use crate::ui::kit::format::shorten;
use crate::ui::kit::template::{tr_error, tr_sentence};
use crate::ui::kit::text::{mark, tr};
use crate::ui::kit::widgets::{colours, panel_frame, progress, quiet};
use crate::ui::state::{Action, ComparisonAction, ComparisonLook, ComparisonView, ComparisonWork};

/// Height at first, in points, or less as a share of the window's; and how low and high it may be made.
const HEIGHT: f32 = 236.0;
const SHARE: f32 = 0.25;
const HEIGHTS: std::ops::RangeInclusive<f32> = 120.0..=480.0;
/// Of the line that tells how far the numbers are, and where one has gone to.
const TOLD: f32 = 22.0;
/// How often it is looked how far the numbers are.
const LOOK: std::time::Duration = std::time::Duration::from_millis(100);

/// Draws it, if something is compared.
pub(super) fn show(ui: &mut Ui, document: &Document, cx: &mut CommandContext) {
    if cx.view.scan.comparison.is_none() {
        return;
    }
    let panel = Panel::bottom("comparison").frame(panel_frame()).resizable(true);
    // The views are to have most of a low window.
    let window = ui.ctx().content_rect().height();
    let height = (SHARE * window).clamp(*HEIGHTS.start(), HEIGHT);
    let shown = panel.default_size(height).size_range(HEIGHTS).show(ui, |ui| {
        ui.set_height(ui.available_height());
        ui.horizontal_wrapped(|ui| {
            if let Some(comparison) = &mut cx.view.scan.comparison {
                what(ui, comparison);
            }
            sides(ui, cx);
            doing(ui, cx);
        });
        // A line of its own, always as high: what comes and goes there does not move the table.
        ui.horizontal(|ui| {
            ui.set_min_height(TOLD);
            told(ui, cx);
        });
        if let Some(comparison) = &mut cx.view.scan.comparison {
            table::show(ui, document, comparison, &cx.status.comparison, cx.out);
        }
    });
    cx.view.transient.comparison_height = shown.response.rect.height();
}

/// What is compared with what, and how.
fn what(ui: &mut Ui, comparison: &mut ComparisonView) {
    ui.label(RichText::new(tr("Compare")).strong());
    ui.label(quiet(ui, tr("A: objects, B:")));
    ui.label(shorten(&comparison.name, 36)).on_hover_text(&comparison.name);
    ui.separator();
    for look in ComparisonLook::ALL {
        let tip = comparing::NEXT_LOOK.tip();
        let on = comparison.look == look;
        if ui.selectable_label(on, tr(look.name())).on_hover_text(tip).clicked() {
            comparison.look = look;
        }
    }
    if comparison.look == ComparisonLook::Distances {
        let drag = DragValue::new(&mut comparison.scale_mm).range(0.5..=200.0).speed(0.1);
        ui.label(quiet(ui, tr("Colours to")));
        ui.add(drag.suffix(" mm")).accessible_name(tr("Where the colours of distances end"));
    }
    ui.separator();
    ui.label(quiet(ui, tr("Pairs")));
    let combo = ComboBox::from_id_salt("pairs by").selected_text(pairing(comparison.by));
    let response = combo.show_ui(ui, |ui| {
        for by in [PairBy::Number, PairBy::Name, PairBy::Overlap] {
            if ui.selectable_label(comparison.by == by, pairing(by)).clicked() {
                (comparison.by, comparison.selected) = (by, None);
            }
        }
    });
    response.response.accessible_name(tr("By what labels are paired"));
    ui.label(quiet(ui, tr("Tolerance")));
    let drag = DragValue::new(&mut comparison.tolerance_mm).range(0.0..=100.0).speed(0.05);
    let tip = tr("NSD: the share of both surfaces that lies within this distance of the other");
    ui.add(drag.suffix(" mm")).accessible_name(tr("Tolerance of the NSD")).on_hover_text(tip);
}

fn pairing(by: PairBy) -> &'static str {
    tr(match by {
        PairBy::Number => mark("by number"),
        PairBy::Name => mark("by name"),
        PairBy::Overlap => mark("by best overlap"),
    })
}

/// A at the left, B at the right.
fn sides(ui: &mut Ui, cx: &mut CommandContext) {
    ui.separator();
    let entry = &comparing::SIDE_BY_SIDE;
    let on = entry.is_on(cx);
    if ui.selectable_label(on, entry.name()).on_hover_text(entry.tip()).clicked() {
        entry.run(cx);
    }
}

/// Going to differences, and what can be done with the numbers.
fn doing(ui: &mut Ui, cx: &mut CommandContext) {
    ui.separator();
    ui.spacing_mut().item_spacing.x = 2.0;
    let entries: [&Entry; 7] = [
        &PREVIOUS_DIFFERENCE,
        &NEXT_DIFFERENCE,
        &WORST_SLICE,
        &ROBOT_USER,
        &COPY_COMPARISON,
        &SAVE_COMPARISON,
        &END_COMPARISON,
    ];
    for entry in entries {
        command_button(ui, entry, cx);
    }
}

/// Where one has gone to, and how far the numbers are.
fn told(ui: &mut Ui, cx: &mut CommandContext) {
    ui.spacing_mut().item_spacing.x = 6.0;
    let status = &cx.status.comparison;
    match &status.work {
        ComparisonWork::Working(done, total) => {
            progress(ui, tr("Computing the numbers"), (*done, *total), 90.0);
            if ui.button(tr("Stop")).clicked() {
                cx.out.push(Action::Comparison(ComparisonAction::Stop));
            }
            ui.ctx().request_repaint_after(LOOK);
        }
        ComparisonWork::Stopped => {
            ui.label(quiet(ui, tr("The numbers are not those of the masks as they are.")));
            if ui.button(tr("Compute")).clicked() {
                cx.out.push(Action::Comparison(ComparisonAction::Compute));
            }
        }
        ComparisonWork::Refused(why) => {
            ui.label(RichText::new(tr_sentence(why)).color(colours(ui).warning));
        }
        ComparisonWork::Idle if status.stale && status.table.is_some() => {
            ui.label(quiet(ui, tr("Numbers of before the last change")));
        }
        ComparisonWork::Idle => {}
    }
    if status.no_colours {
        let why =
            tr("There is too little memory for these colours: compare fewer or smaller objects.");
        ui.label(RichText::new(why).color(colours(ui).warning));
    }
    if status.drawing {
        ui.label(quiet(ui, tr("Colours are being computed…")));
    }
    if let Some(place) = &status.place {
        ui.label(tr_error(place));
    }
    let selected = cx.view.scan.comparison.as_ref().and_then(|c| c.selected);
    if selected.is_some() {
        ui.label(quiet(ui, tr("Click it again: all pairs")));
    }
}
