//! The table of a comparison: a row for all labels together, one for the means, one for each pair.

use egui::{Align, Button, Color32, Label, Layout, RichText, ScrollArea, Sense, Ui, Vec2, vec2};

use crate::document::Document;
use crate::measure::{ComparedMean, ComparedNumbers};
use crate::ui::kit::format::shorten;
use crate::ui::kit::icons;
use crate::ui::kit::text::{mark, tr, tr_with};
use crate::ui::kit::theme::SMALL;
use crate::ui::kit::widgets::{colours, quiet};
use crate::ui::state::{
    Action, ComparedPair, ComparisonAction, ComparisonColumn, ComparisonRow, ComparisonStatus,
    ComparisonTable, ComparisonView,
};

/// Widths of the column of names and of those of numbers, points.
const NAMES: f32 = 300.0;
const NUMBER: f32 = 68.0;
const ROW: f32 = 20.0;
/// Opacity of numbers that no longer hold.
const STALE: f32 = 0.55;

/// Draws it, as far as there are numbers.
pub(super) fn show(
    ui: &mut Ui,
    document: &Document,
    comparison: &mut ComparisonView,
    status: &ComparisonStatus,
    out: &mut Vec<Action>,
) {
    let Some(table) = status.table.as_deref() else { return };
    let order = table.order(comparison.sorted);
    if status.stale {
        // They are those of before the last change.
        ui.set_opacity(STALE);
    }
    let spacing = ui.spacing_mut();
    (spacing.item_spacing, spacing.interact_size.y) = (vec2(0.0, 1.0), ROW);
    spacing.button_padding = vec2(4.0, 1.0);
    let both = ScrollArea::both().id_salt("table of the comparison").auto_shrink([false, false]);
    both.show_rows(ui, ROW, order.len() + 3, |ui, range| {
        ui.set_width(NAMES + NUMBER * ComparisonColumn::ALL.len() as f32);
        for at in range {
            match at {
                0 => head(ui, comparison),
                1 => total(ui, table, comparison, out),
                2 => means(ui, &table.found.mean),
                n => {
                    let row = order[n - 3];
                    ui.push_id(row, |ui| pair(ui, document, (table, row), comparison, out));
                }
            }
        }
    });
}

/// A line whose cells stand below each other.
fn line(ui: &mut Ui, names: impl FnOnce(&mut Ui), mut cell: impl FnMut(&mut Ui, ComparisonColumn)) {
    ui.horizontal(|ui| {
        let left = Layout::left_to_right(Align::Center);
        ui.allocate_ui_with_layout(vec2(NAMES, ROW), left, |ui| {
            ui.set_min_size(vec2(NAMES, ROW));
            names(ui);
        });
        for column in ComparisonColumn::ALL {
            let right = Layout::right_to_left(Align::Center);
            ui.allocate_ui_with_layout(vec2(NUMBER, ROW), right, |ui| {
                ui.set_min_size(vec2(NUMBER, ROW));
                cell(ui, column);
            });
        }
    });
}

fn head(ui: &mut Ui, comparison: &mut ComparisonView) {
    let (now, tolerance) = (comparison.sorted, comparison.tolerance_mm);
    let (mut as_listed, mut clicked) = (false, None);
    let names = |ui: &mut Ui| {
        ui.add_space(16.0);
        let text = RichText::new("A / B").size(SMALL).color(colours(ui).quiet);
        let button = ui.add(Button::new(text).frame(false));
        as_listed = button.on_hover_text(tr("In the order of the labels")).clicked();
    };
    line(ui, names, |ui, column| {
        let arrow = match now {
            Some((by, true)) if by == column => icons::DOWN,
            Some((by, false)) if by == column => icons::UP,
            _ => "",
        };
        let title = title(column, tolerance);
        let text = RichText::new(format!("{title}{arrow}")).size(SMALL).color(colours(ui).quiet);
        let button = ui.add(Button::new(text).frame(false));
        let button = button.accessible_name(tr_with("Sort by {name}", &[("name", &title)]));
        if button.on_hover_text(about(column)).clicked() {
            clicked = Some(column);
        }
    });
    if as_listed {
        comparison.sorted = None;
    }
    if let Some(column) = clicked {
        // The largest first, then the smallest, then as it was.
        comparison.sorted = match now {
            Some((by, true)) if by == column => Some((column, false)),
            Some((by, false)) if by == column => None,
            _ => Some((column, true)),
        };
    }
}

/// What stands over a column.
fn title(column: ComparisonColumn, tolerance: f64) -> String {
    let word = match column {
        ComparisonColumn::Nsd => return format!("NSD {tolerance} mm"),
        ComparisonColumn::Precision => tr("Precision"),
        ComparisonColumn::Recall => tr("Recall"),
        ComparisonColumn::Detected => tr("Detected"),
        ComparisonColumn::Missed => tr("Missed"),
        ComparisonColumn::False => tr("False"),
        ComparisonColumn::FScore => tr("F score"),
        // These are the same in every language.
        ComparisonColumn::Dice => "Dice",
        ComparisonColumn::Jaccard => "Jaccard",
        ComparisonColumn::Hd => "HD mm",
        ComparisonColumn::Hd95 => "HD95 mm",
        ComparisonColumn::Assd => "ASSD mm",
        ComparisonColumn::VolumeA => "A mL",
        ComparisonColumn::VolumeB => "B mL",
        ComparisonColumn::Difference => "A − B mL",
    };
    word.to_owned()
}

fn about(column: ComparisonColumn) -> &'static str {
    tr(match column {
        ComparisonColumn::Dice => mark("Overlap: 2 × both / (A + B)"),
        ComparisonColumn::Jaccard => mark("Overlap: both / (A or B)"),
        ComparisonColumn::Nsd => {
            mark("Surface Dice: the share of both surfaces within the tolerance of the other")
        }
        ComparisonColumn::Hd => mark("Hausdorff distance: the largest distance of the borders"),
        ComparisonColumn::Hd95 => mark("95th percentile of the distances of the borders"),
        ComparisonColumn::Assd => mark("Mean distance of the borders, of both together"),
        ComparisonColumn::VolumeA => mark("Volume of A"),
        ComparisonColumn::VolumeB => mark("Volume of B"),
        ComparisonColumn::Difference => mark("Volume of A less that of B"),
        ComparisonColumn::Precision => mark("Both / A"),
        ComparisonColumn::Recall => mark("Both / B"),
        ComparisonColumn::Detected => {
            mark("Parts of B (joined by faces of voxels) of which A has a voxel")
        }
        ComparisonColumn::Missed => {
            mark("Parts of B (joined by faces of voxels) of which A has none")
        }
        ComparisonColumn::False => {
            mark("Parts of A (joined by faces of voxels) without a voxel of B")
        }
        ComparisonColumn::FScore => mark("Detected / (detected + (missed + false) / 2)"),
    })
}

fn pair(
    ui: &mut Ui,
    document: &Document,
    (table, row): (&ComparisonTable, usize),
    comparison: &ComparisonView,
    out: &mut Vec<Action>,
) {
    let (ComparisonRow { pair, names }, found) = (&table.rows[row], &table.found.labels[row]);
    let numbers = &found.numbers;
    let selected = comparison.selected == Some(*pair);
    let name = |side: usize| {
        let name = names[side].as_deref();
        name.map_or_else(|| "–".to_owned(), |name| shorten(name, 18))
    };
    let text = match names {
        [Some(a), Some(b)] if a == b => shorten(a, 34),
        _ => format!("{} / {}", name(0), name(1)),
    };
    let said = format!("{text}, Dice {:.3}", numbers.dice);
    let show = |ui: &mut Ui| {
        swatch(ui, document, *pair);
        let button =
            Button::selectable(selected, &text).right_text("").min_size(vec2(NAMES - 24.0, ROW));
        let button = ui.add(button.truncate()).accessible_name(said);
        if button.on_hover_text(why_alone(*pair, &text)).clicked() {
            let chosen = (!selected).then_some(*pair);
            out.push(Action::Comparison(ComparisonAction::Select(chosen)));
        }
    };
    line(ui, show, |ui, column| {
        ui.add(Label::new(text_of(column, numbers)).selectable(false));
    });
}

/// What there is to say of a pair, or of a label without one.
fn why_alone(pair: ComparedPair, text: &str) -> String {
    match pair {
        ComparedPair { b: None, .. } => {
            format!(
                "{text}\n{}",
                tr("B has no label that is its pair: it is compared with nothing")
            )
        }
        ComparedPair { a: None, .. } => {
            format!(
                "{text}\n{}",
                tr("A has no label that is its pair: it is compared with nothing")
            )
        }
        _ => format!("{text}\n{}", tr("Click: draw and go through this pair alone")),
    }
}

fn swatch(ui: &mut Ui, document: &Document, pair: ComparedPair) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(12.0), Sense::hover());
    let object = pair.a.and_then(|id| document.object(id));
    if let Some([r, g, b]) = object.map(|o| o.colour) {
        ui.painter().rect_filled(rect.shrink(1.0), 2.0, Color32::from_rgb(r, g, b));
    }
    ui.add_space(4.0);
}

fn total(ui: &mut Ui, table: &ComparisonTable, comparison: &ComparisonView, out: &mut Vec<Action>) {
    let show = |ui: &mut Ui| {
        ui.add_space(16.0);
        let on = comparison.selected.is_none();
        let button = Button::selectable(on, tr("All as one"))
            .right_text("")
            .min_size(vec2(NAMES - 24.0, ROW));
        let about = tr(
            "All labels of A together against all of B, whichever label a voxel has: whether anything was drawn there. Click: draw and go through all pairs.",
        );
        let button = ui.add(button).accessible_name(tr("All as one"));
        if button.on_hover_text(about).clicked() {
            out.push(Action::Comparison(ComparisonAction::Select(None)));
        }
    };
    line(ui, show, |ui, column| {
        let text = RichText::new(text_of(column, &table.found.total)).strong();
        ui.add(Label::new(text).selectable(false));
    });
}

fn means(ui: &mut Ui, mean: &ComparedMean) {
    let show = |ui: &mut Ui| {
        ui.add_space(20.0);
        ui.label(quiet(ui, tr_with("Mean of {n} labels", &[("n", &mean.labels)])));
    };
    line(ui, show, |ui, column| {
        let value = match column {
            ComparisonColumn::Dice => mean.dice,
            ComparisonColumn::Jaccard => mean.jaccard,
            ComparisonColumn::Nsd => mean.nsd,
            ComparisonColumn::Hd => mean.hd_mm,
            ComparisonColumn::Hd95 => mean.hd95_mm,
            ComparisonColumn::Assd => mean.assd_mm,
            ComparisonColumn::Precision => mean.precision,
            ComparisonColumn::Recall => mean.recall,
            ComparisonColumn::FScore => mean.lesion_f1,
            _ => return,
        };
        ui.label(quiet(ui, number(column, value)));
    });
}

fn text_of(column: ComparisonColumn, numbers: &ComparedNumbers) -> String {
    number(column, column.value(numbers))
}

/// `–` where it is not defined.
fn number(column: ComparisonColumn, value: Option<f64>) -> String {
    let digits = column.digits();
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:.digits$}").replace('-', "−"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_defined_is_a_dash() {
        for (column, value, text) in [
            (ComparisonColumn::Dice, Some(0.87654), "0.877"),
            (ComparisonColumn::Hd, Some(12.0), "12.00"),
            (ComparisonColumn::Hd, None, "–"),
            (ComparisonColumn::Difference, Some(-1.5), "−1.50"),
            (ComparisonColumn::Missed, Some(3.0), "3"),
        ] {
            assert_eq!(number(column, value), text);
        }
    }
}
