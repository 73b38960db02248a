//! How label maps of several raters agree, and what they make together: the raters, the numbers, new objects.

use egui::{
    Align, Button, Context, DragValue, Label, Layout, RichText, ScrollArea, Ui, Window, vec2,
};

use super::place;
use crate::measure::{AgreementReport, RatedStaple, RaterPair};
use crate::ui::commands::CommandContext;
use crate::ui::kit::format::{millilitres, shorten};
use crate::ui::kit::icons;
use crate::ui::kit::template::tr_sentence;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::{colours, progress, quiet, row_button};
use crate::ui::state::{
    Action, AgreementAction, AgreementChoice, AgreementStatus, ComparisonWork, Consensus,
};

/// Of the window's contents, points.
const WIDTH: f32 = 610.0;
/// Of the column of names and of those of numbers.
const NAMES: f32 = 190.0;
const NUMBER: f32 = 80.0;
const ROW: f32 = 20.0;
/// Heights of the list of raters and of the table at most; more is scrolled to.
const RATERS: f32 = 110.0;
const TABLE: f32 = 220.0;
/// What of the window's height is neither.
const AROUND: f32 = 520.0;
/// Opacity of numbers that no longer hold.
const STALE: f32 = 0.55;
/// How often it is looked how far the numbers are.
const LOOK: std::time::Duration = std::time::Duration::from_millis(100);

/// Draws the window, if it is open and there is a document.
pub(super) fn show(ctx: &Context, cx: &mut CommandContext) {
    if cx.document.is_none() || !cx.view.windows.agreement {
        return;
    }
    let room = ctx.content_rect();
    let mut open = true;
    let window =
        Window::new(format!("{} {}", icons::OBJECTS, tr("Agreement of several label maps")))
            .id(egui::Id::unique("agreement"))
            .open(&mut open)
            .collapsible(false)
            .resizable(false)
            .constrain_to(place::above_the_bars(ctx, cx.view));
    // At the right, so that a slice stays in sight.
    place::beside_slices(window, ctx, cx.view).show(ctx, |ui| {
        ui.set_width(WIDTH);
        raters(ui, cx);
        ui.separator();
        let status = cx.status;
        told(ui, &status.agreement, &mut cx.view.windows.agreement_choice, cx.out);
        if let Some(report) = status.agreement.report.as_deref() {
            let height = (room.height() - AROUND).clamp(90.0, TABLE);
            numbers(ui, report, &status.agreement, cx, height);
            buttons(ui, &status.agreement, cx.out);
        }
    });
    cx.view.windows.agreement = open;
}

/// Whose label maps, and the buttons for more or fewer.
fn raters(ui: &mut Ui, cx: &mut CommandContext) {
    let raters = &cx.status.agreement.raters;
    ui.label(quiet(ui, tr("What has the same number in the files is one structure. Your objects are not looked at and stay as they are. Files dropped while this window is open are added.")));
    let list = ScrollArea::vertical().id_salt("raters").max_height(RATERS);
    list.auto_shrink([false, true]).show(ui, |ui| {
        for (n, (name, path)) in raters.iter().enumerate() {
            ui.horizontal(|ui| {
                let number = n + 1;
                ui.label(quiet(ui, number.to_string()));
                let tip = tr_with("Leave rater {n} away", &[("n", &number)]);
                if row_button(ui, icons::CLOSE, &tip, &tip).clicked() {
                    cx.out.push(Action::Agreement(AgreementAction::TakeAway(n)));
                }
                ui.label(shorten(name, 60)).on_hover_text(path);
            });
        }
    });
    ui.horizontal(|ui| {
        if ui.button(format!("{} {}", icons::PLUS, tr("Add label maps…"))).clicked() {
            cx.out.push(Action::Agreement(AgreementAction::Ask));
        }
        if !raters.is_empty() && ui.button(tr("Leave all away")).clicked() {
            cx.out.push(Action::Agreement(AgreementAction::TakeAllAway));
        }
    });
}

/// What the numbers are of, and how far they are.
fn told(
    ui: &mut Ui,
    status: &AgreementStatus,
    choice: &mut AgreementChoice,
    out: &mut Vec<Action>,
) {
    ui.horizontal(|ui| {
        // What comes and goes here does not move the table.
        ui.set_min_height(22.0);
        let views = [(tr("Everybody with everybody"), false), (tr("Together"), true)];
        for (name, together) in views {
            ui.selectable_value(&mut choice.together, together, name);
        }
        ui.label(quiet(ui, tr("Tolerance")));
        let drag = DragValue::new(&mut choice.tolerance_mm).range(0.0..=100.0).speed(0.05);
        let tip = tr("NSD: the share of both surfaces that lies within this distance of the other");
        ui.add(drag.suffix(" mm")).accessible_name(tr("Tolerance of the NSD")).on_hover_text(tip);
        work(ui, status, out);
    });
    if status.raters.len() < 2 {
        ui.label(quiet(ui, tr("Two label maps are needed at least.")));
    }
    if let ComparisonWork::Refused(why) = &status.work {
        ui.label(RichText::new(tr_sentence(why)).color(colours(ui).warning));
    }
}

fn work(ui: &mut Ui, status: &AgreementStatus, out: &mut Vec<Action>) {
    match &status.work {
        ComparisonWork::Working(done, total) => {
            progress(ui, tr("Computing the numbers"), (*done, *total), 90.0);
            if ui.button(tr("Stop")).clicked() {
                out.push(Action::Agreement(AgreementAction::Stop));
            }
            ui.ctx().request_repaint_after(LOOK);
        }
        ComparisonWork::Stopped => {
            ui.label(quiet(ui, tr("Stopped.")));
            if ui.button(tr("Compute")).clicked() {
                out.push(Action::Agreement(AgreementAction::Compute));
            }
        }
        ComparisonWork::Refused(_) | ComparisonWork::Idle => {}
    }
}

/// A line of a table.
enum Line<'a> {
    /// A label, and what follows is of it.
    Label(&'a RatedStaple),
    /// Two raters of it.
    Pair(&'a RaterPair),
    /// One of them.
    Rater(&'a RatedStaple, usize),
}

/// The lines of the table that is chosen.
fn lines(report: &AgreementReport, together: bool) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    for row in &report.staple {
        lines.push(Line::Label(row));
        if together {
            lines.extend((0..row.sensitivity.len()).map(|n| Line::Rater(row, n)));
        } else {
            let of_label = report.agreement.iter().filter(|pair| pair.label == row.label);
            lines.extend(of_label.map(Line::Pair));
        }
    }
    lines
}

fn numbers(
    ui: &mut Ui,
    report: &AgreementReport,
    status: &AgreementStatus,
    cx: &CommandContext,
    height: f32,
) {
    let together = cx.view.windows.agreement_choice.together;
    ui.scope(|ui| {
        if status.stale {
            ui.set_opacity(STALE);
        }
        if report.staple.is_empty() {
            ui.label(quiet(ui, tr("No rater has a label.")));
            return;
        }
        let spacing = ui.spacing_mut();
        (spacing.item_spacing, spacing.interact_size.y) = (vec2(0.0, 1.0), ROW);
        head(ui, report, together);
        let lines = lines(report, together);
        let list = ScrollArea::vertical().id_salt(("agreement", together)).max_height(height);
        list.auto_shrink([false, true]).show_rows(ui, ROW, lines.len(), |ui, range| {
            for line in &lines[range] {
                draw(ui, report, line, status);
            }
        });
    });
    if together {
        ui.label(quiet(ui, tr("Majority vote: voxels that more than half of the raters have; a voxel that just half of them have is not in it.")));
        ui.label(quiet(ui, tr("STAPLE: voxels with a probability of at least one half, weighed by how well each rater does, each label against all else. Of two labels that claim a voxel the likelier one has it; of two as likely ones that with the smaller number.")));
    } else {
        ui.label(quiet(ui, tr("Of what both have not marked Dice and NSD are 1.")));
    }
}

/// A line whose cells stand below each other.
fn line(ui: &mut Ui, name: impl FnOnce(&mut Ui), cells: &[RichText]) {
    ui.horizontal(|ui| {
        ui.allocate_ui_with_layout(vec2(NAMES, ROW), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_size(vec2(NAMES, ROW));
            name(ui);
        });
        for cell in cells {
            let right = Layout::right_to_left(Align::Center);
            ui.allocate_ui_with_layout(vec2(NUMBER, ROW), right, |ui| {
                ui.set_min_size(vec2(NUMBER, ROW));
                ui.add(Label::new(cell.clone()).selectable(false));
            });
        }
    });
}

fn head(ui: &mut Ui, report: &AgreementReport, together: bool) {
    let nsd = format!("NSD {} mm", report.tolerance_mm);
    let heads: Vec<RichText> = if together {
        vec![quiet(ui, tr("Sensitivity")), quiet(ui, tr("Specificity"))]
    } else {
        ["Dice", &nsd, "HD95 mm", "ASSD mm", "A − B mL"].map(|head| quiet(ui, head)).to_vec()
    };
    let name = quiet(ui, if together { tr("Rater, by STAPLE") } else { tr("Raters (A, B)") });
    line(ui, |ui| drop(ui.label(name)), &heads);
}

fn draw(ui: &mut Ui, report: &AgreementReport, of: &Line<'_>, status: &AgreementStatus) {
    let number = |value: f64, digits: usize| format!("{value:.digits$}").replace('-', "−");
    let mm = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |v| number(v, 2));
    let plain = |text: String| RichText::new(text);
    match of {
        Line::Label(row) => {
            let name = row.name.clone();
            let name = name.unwrap_or_else(|| tr_with("Label {n}", &[("n", &row.label)]));
            let [staple, majority] = [row.volume_ml, row.majority_volume_ml].map(millilitres);
            let mean = report.mean_dice(row.label).unwrap_or(1.0);
            let text = tr_with(
                "{name}: mean Dice {dice}; STAPLE {staple}, majority vote {majority}",
                &[
                    ("name", &shorten(&name, 26)),
                    ("dice", &number(mean, 3)),
                    ("staple", &staple),
                    ("majority", &majority),
                ],
            );
            ui.horizontal(|ui| {
                ui.set_min_height(ROW);
                ui.label(RichText::new(text).strong());
            });
        }
        Line::Pair(pair) => {
            let n = &pair.numbers;
            let cells = [
                number(n.dice, 3),
                number(n.nsd, 3),
                mm(n.hd95_mm),
                mm(n.assd_mm),
                number(n.volume_difference_ml, 2),
            ];
            let [a, b] = [pair.a, pair.b];
            let text = format!("   {} – {}", a + 1, b + 1);
            let tip = [a, b].map(|n| format!("{} {}", n + 1, name_of(status, n))).join("\n");
            line(ui, |ui| drop(ui.label(text).on_hover_text(tip)), &cells.map(plain));
        }
        Line::Rater(row, n) => {
            let cells = [row.sensitivity[*n], row.specificity[*n]].map(|v| plain(number(v, 4)));
            let name = name_of(status, *n);
            let text = format!("   {} {}", n + 1, shorten(name, 22));
            line(ui, |ui| drop(ui.label(text).on_hover_text(name)), &cells);
        }
    }
}

/// As in the list above, as long as the numbers are of that.
fn name_of(status: &AgreementStatus, rater: usize) -> &str {
    let listed = status.raters.get(rater).filter(|_| !status.stale).map(|(name, _)| name);
    listed.or(status.names.get(rater)).map_or("", String::as_str)
}

/// What can be done with the numbers, once they are those of the raters as they are.
fn buttons(ui: &mut Ui, status: &AgreementStatus, out: &mut Vec<Action>) {
    ui.add_space(4.0);
    let label = status.report.as_deref().is_some_and(|report| !report.staple.is_empty());
    ui.add_enabled_ui(!status.stale && label, |ui| {
        ui.horizontal_wrapped(|ui| {
            for (icon, name, tip, action) in [
                (
                    icons::PLUS,
                    tr("STAPLE as new objects"),
                    tr("One object for each label, in one step that undo takes back. Objects that are there stay on top."),
                    AgreementAction::AddObjects(Consensus::Staple),
                ),
                (
                    icons::PLUS,
                    tr("Majority vote as new objects"),
                    tr("One object for each label, in one step that undo takes back. Objects that are there stay on top."),
                    AgreementAction::AddObjects(Consensus::Majority),
                ),
                (
                    icons::COPY,
                    tr("Copy as CSV"),
                    tr("The columns of a comparison, with a line for each two raters and label"),
                    AgreementAction::Copy,
                ),
                (
                    icons::EXPORT,
                    tr("Save agreement…"),
                    tr("CSV or JSON, with the keys of “voxpoint compare”"),
                    AgreementAction::Save,
                ),
            ] {
                let button = ui.add(Button::new(format!("{icon} {name}"))).on_hover_text(tip);
                if button.clicked() {
                    out.push(Action::Agreement(action));
                }
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{ComparedNumbers, MaskComparison};

    fn staple(label: u64) -> RatedStaple {
        RatedStaple {
            label,
            name: None,
            sensitivity: vec![1.0, 0.5],
            specificity: vec![1.0, 0.5],
            voxels: 1,
            volume_ml: 1.0,
            majority_voxels: 1,
            majority_volume_ml: 1.0,
        }
    }

    #[test]
    fn each_label_is_followed_by_what_is_of_it() {
        let nothing = crate::volume::Region::default();
        let unit = crate::geom::Grid::new([1; 3], crate::geom::DAffine3::IDENTITY).unwrap();
        let limits = crate::mask::WorkLimits::none();
        let masks = [(&nothing, &nothing)];
        let (found, _) = crate::measure::compare_masks(&masks, &unit, 1.0, &limits).unwrap();
        let found: &MaskComparison = &found[0];
        let pair = |label| RaterPair {
            label,
            name: None,
            a: 0,
            b: 1,
            numbers: ComparedNumbers::of(found, 1.0),
        };
        let report = AgreementReport {
            raters: vec![String::new(); 2],
            tolerance_mm: 1.0,
            agreement: vec![pair(3), pair(9)],
            staple: vec![staple(3), staple(9)],
        };
        let told = |together| {
            let of = |line: &Line<'_>| match line {
                Line::Label(row) => format!("label {}", row.label),
                Line::Pair(pair) => format!("pair of {}", pair.label),
                Line::Rater(row, n) => format!("rater {n} of {}", row.label),
            };
            lines(&report, together).iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(told(false), ["label 3", "pair of 3", "label 9", "pair of 9"]);
        let raters = ["label 3", "rater 0 of 3", "rater 1 of 3"];
        assert_eq!(told(true)[..3], raters);
        assert_eq!(told(true).len(), 6);
    }
}
