//! How good the robot's masks are: a curve and a row of the table for each label, and the means.

use std::fmt::Write as _;

use egui::{Align, Color32, Grid, Layout, RichText, ScrollArea, Sense, Ui, Vec2};
use egui_plot::{Line, Plot, PlotPoints, Points};

use crate::measure::{RobotAfter, RobotFailure, RobotMean, RobotRun, RobotStructure};
use crate::ui::kit::format::shorten;
use crate::ui::kit::icons;
use crate::ui::kit::template::tr_error;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::{colours, quiet};
use crate::ui::state::{Action, RobotAction, RobotOptions, RobotStatus};

/// Height of the curves and, at most, of the table, points.
const CURVES: f32 = 150.0;
const TABLE: f32 = 150.0;
/// That others have some of a label is said where less of it than this is free, %.
const MOSTLY_FREE: f64 = 99.0;

/// Draws them.
pub(super) fn show(ui: &mut Ui, run: &RobotRun, status: &RobotStatus) {
    curves(ui, run);
    ui.label(quiet(ui, tr("Dice after so many clicks, and in brackets the predicted IoU")));
    table(ui, run);
    // Why the last one ended is said already.
    let others = |failure: &&RobotFailure| status.told.as_ref() != Some(&failure.reason);
    for failure in run.failures.iter().filter(others) {
        let structure = run.structures.iter().find(|s| s.label == failure.label);
        let name = structure.map_or_else(|| failure.label.to_string(), name_of);
        let reason = tr_error(&failure.reason);
        ui.label(quiet(ui, format!("{}: {reason}", shorten(&name, 30))));
    }
}

/// They can be given away once nothing is added any more.
pub(super) fn buttons(ui: &mut Ui, status: &RobotStatus, out: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        for (icon, name, action) in [
            (icons::COPY, tr("Copy as CSV"), RobotAction::Copy),
            (icons::EXPORT, tr("Save figures…"), RobotAction::Save),
        ] {
            let button = egui::Button::new(format!("{icon} {name}"));
            if ui.add_enabled(status.work.is_none(), button).clicked() {
                out.push(Action::Robot(action));
            }
        }
    });
}

/// Dice over clicks: a line for each label, and one for the means of several.
fn curves(ui: &mut Ui, run: &RobotRun) {
    let last = run.clicks.last().copied().unwrap_or(1);
    let mean_colour = colours(ui).text;
    let plot = Plot::new("robot's curves")
        .height(CURVES)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .allow_axis_zoom_drag(false)
        .sense(Sense::hover())
        .include_x(0.7)
        .include_x(last as f64 + 0.3)
        .include_y(0.0)
        .include_y(1.0)
        .x_axis_label(tr("Clicks"))
        .y_axis_label("Dice")
        .x_grid_spacer(egui_plot::uniform_grid_spacer(|_| [1.0, 5.0, 10.0]));
    let shown = plot.show(ui, |plot| {
        // Which colour is whose stands in the table below, not over the curves.
        for structure in &run.structures {
            let [r, g, b] = structure.colour;
            let name = name_of(structure);
            let points = structure.after.iter().map(|a| [a.clicks as f64, a.dice]).collect();
            line(plot, name, points, (Color32::from_rgb(r, g, b), 1.5));
        }
        if run.structures.len() > 1 {
            let means = run.clicks.iter().filter_map(|&clicks| mean(run, clicks));
            let points = means.map(|m| [m.clicks as f64, m.dice]).collect();
            line(plot, tr("Mean").to_owned(), points, (mean_colour, 2.5));
        }
    });
    let _named = shown.response.accessible_name(spoken(run));
}

/// A line with a dot at each of its points.
fn line(
    plot: &mut egui_plot::PlotUi<'_>,
    name: String,
    points: Vec<[f64; 2]>,
    (colour, width): (Color32, f32),
) {
    let dots = PlotPoints::from(points.clone());
    plot.points(Points::new(name.clone(), dots).radius(width + 1.0).color(colour));
    plot.line(Line::new(name, PlotPoints::from(points)).width(width).color(colour));
}

/// The curves in words.
fn spoken(run: &RobotRun) -> String {
    let mut text = tr("Dice over clicks").to_owned();
    for structure in run.structures.iter().filter(|s| !s.after.is_empty()) {
        let dice: Vec<String> = structure.after.iter().map(|a| format!("{:.3}", a.dice)).collect();
        let _ = write!(text, ". {}: {}", name_of(structure), dice.join(", "));
    }
    text
}

/// The mean after so many clicks, if it is one of all labels that were clicked in.
fn mean(run: &RobotRun, clicks: usize) -> Option<RobotMean> {
    let begun = run.structures.iter().filter(|s| !s.after.is_empty()).count();
    run.mean(clicks).filter(|mean| mean.structures == begun)
}

/// What a label is called.
fn name_of(structure: &RobotStructure) -> String {
    let unnamed = || tr_with("Label {n}", &[("n", &structure.label)]);
    structure.name.clone().unwrap_or_else(unnamed)
}

fn table(ui: &mut Ui, run: &RobotRun) {
    let last = run.clicks.last().copied().unwrap_or(1);
    let both = ScrollArea::both().id_salt("robot's table").max_height(TABLE);
    both.auto_shrink([false, true]).show(ui, |ui| {
        let grid = Grid::new("robot's figures").striped(true).spacing([14.0, 4.0]);
        grid.min_col_width(20.0).show(ui, |ui| {
            ui.label(quiet(ui, tr("Clicks")));
            for clicks in RobotOptions::shown(last) {
                right(ui, quiet(ui, clicks.to_string()));
            }
            ui.end_row();
            if run.structures.len() > 1 {
                ui.horizontal(|ui| {
                    swatch(ui, colours(ui).text);
                    ui.label(RichText::new(tr("Mean")).strong());
                });
                for clicks in RobotOptions::shown(last) {
                    right(ui, RichText::new(mean_text(mean(run, clicks))).strong());
                }
                ui.end_row();
            }
            for structure in &run.structures {
                row(ui, structure, last);
                ui.end_row();
            }
        });
    });
}

fn row(ui: &mut Ui, structure: &RobotStructure, last: usize) {
    let [r, g, b] = structure.colour;
    let name = name_of(structure);
    ui.horizontal(|ui| {
        swatch(ui, Color32::from_rgb(r, g, b));
        let label = ui.label(shorten(&name, 22));
        let free = 100.0 * structure.free;
        if free < MOSTLY_FREE {
            ui.label(quiet(ui, tr_with("{free} % free", &[("free", &format!("{free:.0}"))])));
        }
        let clicks = structure.clicks.len();
        label.on_hover_text(tr_with(
            "{name}: {n} clicks made, {free} % of it in no other object",
            &[("name", &name), ("n", &clicks), ("free", &format!("{free:.1}"))],
        ));
    });
    for clicks in RobotOptions::shown(last) {
        right(ui, RichText::new(after_text(structure.after(clicks))));
    }
}

/// The colour of a curve.
fn swatch(ui: &mut Ui, colour: Color32) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(10.0), Sense::hover());
    ui.painter().rect_filled(rect, 2.0, colour);
}

fn right(ui: &mut Ui, text: RichText) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.label(text));
}

/// `0.812 (0.88)`.
fn figures(dice: f64, iou: Option<f64>) -> String {
    let iou = iou.map(|iou| format!(" ({iou:.2})")).unwrap_or_default();
    format!("{dice:.3}{iou}")
}

fn after_text(after: Option<RobotAfter>) -> String {
    after.map_or("–".to_owned(), |after| figures(after.dice, after.iou))
}

fn mean_text(mean: Option<RobotMean>) -> String {
    mean.map_or("–".to_owned(), |mean| figures(mean.dice, mean.iou))
}
