//! What was measured: go to it, name it, take it out, copy it as a table.

use egui::{Context, Label, RichText, ScrollArea, TextEdit, Ui, Window};

use super::{object_measures, place};
use crate::document::{Command, Document, MeasurementChange};
use crate::measure::{
    DrawnMeasure, Measurement, MeasurementId, MeasurementKind, MeasurementShape, drawn_measures_csv,
};
use crate::ui::commands::CommandContext;
use crate::ui::kit::icons;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::{colours, quiet, row_button, section_line};
use crate::ui::state::{Action, measure_lines, readout};
use crate::ui::tools::{self, measured};

/// Of the name's field, in points.
const NAME: f32 = 110.0;
/// Width of the window at least, in points.
const LEAST: f32 = 360.0;

/// Draws the window, if it is open and there is a document.
pub(super) fn show(ctx: &Context, cx: &mut CommandContext) {
    let Some(document) = cx.document.filter(|_| cx.view.windows.measures) else { return };
    let room = ctx.content_rect();
    let mut open = true;
    // As wide as the 3D view that it lies over at first: slices stay in sight. Wider, more columns are seen.
    let wide = cx.view.transient.view_3d.map_or(LEAST, |rect| rect.width() - 16.0);
    let window = Window::new(format!("{} {}", icons::RULER, tr("Measures")))
        .id(egui::Id::unique("measures"))
        .open(&mut open)
        .collapsible(false)
        .min_width(LEAST)
        .default_width(wide.max(LEAST))
        .max_width(room.width() - 16.0)
        .constrain_to(place::above_the_bars(ctx, cx.view));
    place::beside_slices(window, ctx, cx.view).show(ctx, |ui| {
        // Longer lists are scrolled, and most of the views is still seen.
        object_measures::show(
            ui,
            document,
            ((room.height() - 300.0) / 2.0).clamp(100.0, 320.0),
            cx,
        );
        section_line(ui);
        drawn(ui, document, ((room.height() - 320.0) / 4.0).clamp(80.0, 200.0), cx);
    });
    cx.view.windows.measures = open;
}

/// What was drawn.
fn drawn(ui: &mut Ui, document: &Document, height: f32, cx: &mut CommandContext) {
    if document.measurements().is_empty() {
        ui.label(quiet(ui, hint()));
        return;
    }
    let list = ScrollArea::vertical().id_salt("drawn measures").max_height(height);
    list.auto_shrink([false, true]).show(ui, |ui| {
        for (n, measurement) in document.measurements().iter().enumerate() {
            row(ui, (n + 1, measurement), document, cx);
        }
    });
    ui.horizontal(|ui| {
        if ui.button(tr("Copy as table")).clicked() {
            let (scan, unit) = (Some(&**document.image()), readout::value_unit(cx.view));
            let all = document.measurements().iter().map(|m| DrawnMeasure::of(m, scan, unit));
            ui.ctx().copy_text(drawn_measures_csv(&all.collect::<Vec<_>>()));
        }
        let tip = tr("CSV or JSON, with the keys of the command line");
        if ui.button(tr("Save as table…")).on_hover_text(tip).clicked() {
            cx.send(Action::SaveDrawnMeasures);
        }
    });
}

fn hint() -> String {
    let key = tools::of(tools::MEASURE).info().keys[0];
    let key = crate::ui::commands::key_name(&key);
    tr_with("Choose the Measure tool ({key}) and drag in a slice.", &[("key", &key)])
}

/// What a measure without a name is called.
fn kind_name(shape: &MeasurementShape) -> &'static str {
    match shape.kind() {
        MeasurementKind::Length => tr("Length"),
        MeasurementKind::Angle => tr("Angle"),
        MeasurementKind::Rectangle => tr("Rectangle"),
    }
}

fn row(
    ui: &mut Ui,
    (n, measurement): (usize, &Measurement),
    document: &Document,
    cx: &mut CommandContext,
) {
    let kind = kind_name(&measurement.shape);
    let called =
        if measurement.name.is_empty() { format!("{kind} {n}") } else { measurement.name.clone() };
    ui.horizontal(|ui| {
        name(ui, measurement, &called, cx);
        let values = measured::rectangle_values(measurement, document, ui.ctx());
        let lines = measure_lines(&measurement.shape, values.as_ref(), readout::unit(cx.view));
        let selected = cx.view.transient.measuring.selected == Some(measurement.id);
        let text = RichText::new(lines.join("\n"));
        let text = if selected { text.color(colours(ui).accent) } else { text };
        let width = (ui.available_width() - 60.0).max(80.0);
        let size = egui::vec2(width, 18.0 * lines.len() as f32);
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        ui.allocate_ui_with_layout(size, layout, |ui| {
            ui.set_min_width(width);
            ui.add(Label::new(text).wrap());
        });
        let go = tr_with("Go to {name}", &[("name", &called)]);
        if row_button(ui, icons::CROSSHAIR, &go, &go).clicked() {
            cx.view.move_crosshair(document.image().grid(), measurement.shape.centre());
            cx.view.transient.measuring.selected = Some(measurement.id);
        }
        let take_out = tr_with("Take {name} out", &[("name", &called)]);
        if row_button(ui, icons::TRASH, &take_out, &take_out).clicked() {
            let remove = MeasurementChange::Remove(measurement.id);
            cx.send(Action::Do(Command::Measure(remove)));
        }
    });
}

/// A field for the name: given once it is left.
fn name(ui: &mut Ui, measurement: &Measurement, called: &str, cx: &mut CommandContext) {
    let MeasurementId(number) = measurement.id;
    let id = egui::Id::unique("measurement name").with(number);
    let mut text: String =
        ui.data(|data| data.get_temp(id)).unwrap_or_else(|| measurement.name.clone());
    let field = TextEdit::singleline(&mut text).id(id).hint_text(called).desired_width(NAME);
    let spoken = tr_with("Name of {name}", &[("name", &called)]);
    let response = ui.add(field).accessible_name(spoken);
    if response.has_focus() {
        ui.data_mut(|data| data.insert_temp(id, text));
        return;
    }
    ui.data_mut(|data| data.remove::<String>(id));
    let text = text.trim();
    if response.lost_focus()
        && text != measurement.name
        && !ui.input(|i| i.key_pressed(egui::Key::Escape))
    {
        let rename = MeasurementChange::Rename(measurement.id, text.to_owned());
        cx.send(Action::Do(Command::Measure(rename)));
    }
}
