//! Brush and Eraser confined to a range of values.

use egui::{DragValue, Ui};

use super::stroke::brush;
use crate::document::Document;
use crate::geom::Plane;
use crate::mask::brush::Brush;
use crate::mask::range::ValueRange;
use crate::ui::kit::format::editable;
use crate::ui::kit::icons;
use crate::ui::kit::text::tr;
use crate::ui::kit::widgets::{row_button, strip_group};
use crate::ui::state::{ViewState, readout};

/// Of the tissue under the brush this many standard deviations about its mean: all but a few in a thousand of its
/// values.
const DEVIATIONS: f64 = 3.0;
/// What is about the middle of the brush is what it is on: so far, mm, but no more than half its radius; of a small one
/// all of it is, if fewer voxels than these are.
const CORE_MM: f64 = 5.0;
const FEWEST: usize = 25;

/// Confines painting to values like those under the brush: where the pointer is, or else at the crosshair.
///
/// # Errors
/// Why not, if there are none.
pub fn take_range(document: &Document, view: &mut ViewState) -> Result<(), String> {
    let image = document.image();
    let (world, normal) = if let Some(brush) = view.transient.brush {
        (brush.world, brush.normal)
    } else {
        let frame = view.slice_frame(image.grid(), Plane::Axial);
        (view.scan.crosshair, Some(frame.normal()))
    };
    let brush = brush(&view.prefs.brush, normal);
    let region = brush.dab(image.grid(), world);
    let core = Brush { radius_mm: (brush.radius_mm / 2.0).min(CORE_MM), ..brush };
    let core = core.dab(image.grid(), world);
    let core = if core.count() < FEWEST { &region } else { &core };
    let range = ValueRange::of_tissue(image, core, &region, DEVIATIONS);
    let range = range.ok_or_else(|| tr("There are no values under the brush").to_owned())?;
    view.set_paint_range(range);
    Ok(())
}

/// Whether there is a range, and which.
pub fn range_choice(ui: &mut Ui, document: &Document, view: &mut ViewState) {
    strip_group(ui, "range", |ui| range(ui, document, view));
}

fn range(ui: &mut Ui, document: &Document, view: &mut ViewState) {
    let mut on = view.scan.in_range_only;
    let tip = tr("Brush and eraser leave voxels with other values alone");
    ui.checkbox(&mut on, tr("Only values")).on_hover_text(tip);
    if on && view.scan.paint_range.is_none() && take_range(document, view).is_err() {
        view.set_paint_range(ValueRange {
            low: view.scan.window.low(),
            high: view.scan.window.high(),
        });
    }
    view.scan.in_range_only = on;
    let Some(ValueRange { mut low, mut high }) = view.paint_range() else { return };
    let (unit, speed) =
        (readout::unit(view), (view.scan_value_range() * 0.002).max(f64::MIN_POSITIVE));
    let drag = |ui: &mut Ui, value: &mut f64, name: &str| {
        // A comma is a point where people write it so; what is no number changes nothing.
        let parse = |text: &str| {
            let text = text.trim().trim_end_matches("HU").replace(',', ".").replace('−', "-");
            text.trim().parse::<f64>().ok().filter(|value| value.is_finite())
        };
        let drag = DragValue::new(value).speed(speed).custom_parser(parse);
        let drag = drag.custom_formatter(|value, _| editable(value)).suffix(unit);
        ui.add(drag).accessible_name(name).changed()
    };
    // What is moved past the other end takes it along.
    if drag(ui, &mut low, tr("Lowest value")) {
        view.scan.paint_range = Some(ValueRange { low, high: high.max(low) });
    }
    ui.label("–");
    if drag(ui, &mut high, tr("Highest value")) {
        view.scan.paint_range = Some(ValueRange { low: low.min(high), high });
    }
    let tip = tr("The values under the brush at the crosshair");
    if row_button(ui, icons::RANGE, tr("Values under the brush"), tip).clicked() {
        let _there_was_a_range_before = take_range(document, view);
    }
}
