//! What the file says about the scan.

use egui::{Label, RichText, Ui};

use crate::document::Document;
use crate::text::bytes;
use crate::ui::kit::format::{digits, number};
use crate::ui::kit::icons;
use crate::ui::kit::template::tr_error;
use crate::ui::kit::text::tr;
use crate::ui::kit::widgets::{colours, field, heading};
use crate::ui::state::ViewState;
use crate::ui::state::readout::unit;

pub(super) fn show(ui: &mut Ui, document: &Document, view: &ViewState) {
    heading(ui, tr("Info"), |_| ());
    let image = document.image();
    for text in image.warnings() {
        warning(ui, &tr_error(&text.0));
    }
    let not_finite = view.scan.stats.map_or(0, |s| s.not_finite);
    if not_finite > 0 {
        warning(
            ui,
            &tr("{n} voxels are not finite numbers").replace("{n}", &not_finite.to_string()),
        );
    }
    let grid = image.grid();
    let row = |ui: &mut Ui, name: &str, text: String, tip: &str| {
        field(ui, name, |ui| ui.label(text).on_hover_text(tip));
    };
    let [x, y, z] = grid.dims();
    row(ui, tr("Size"), format!("{x} × {y} × {z}"), tr("Voxels along x, y, z of the file"));
    if image.time_points() > 1 {
        let tip = tr("Time points or components; the values below are those of all of them");
        let text = tr("{n} of {total}")
            .replace("{n}", &(image.time_point() + 1).to_string())
            .replace("{total}", &image.time_points().to_string());
        row(ui, tr("Time point"), text, tip);
    }
    let [sx, sy, sz] = grid.spacing().to_array().map(spacing);
    row(ui, tr("Spacing"), format!("{sx} × {sy} × {sz} mm"), tr("Distance of voxel centres"));
    let letters = grid.orientation().letters();
    row(ui, tr("Orientation"), letters, tr("Where x, y and z of the file grow to"));
    let kind = image.voxels().data_type();
    let memory = bytes((image.voxels().len() * kind.size()) as u64);
    let tip = tr("As stored; kept in memory like this");
    row(ui, tr("Type"), format!("{} · {memory}", kind.name()), tip);
    if let Some(stats) = view.scan.stats {
        let unit = unit(view);
        let range = tr("{low} to {high}")
            .replace("{low}", &number(stats.min))
            .replace("{high}", &format!("{}{unit}", number(stats.max)));
        row(ui, tr("Values"), range, tr("Smallest and largest finite value"));
        let tip = tr("Mean of the finite values");
        row(ui, tr("Mean"), format!("{}{unit}", number(stats.mean)), tip);
    }
}

fn warning(ui: &mut Ui, text: &str) {
    let text = RichText::new(format!("{} {text}", icons::WARNING)).color(colours(ui).warning);
    ui.add(Label::new(text).wrap());
}

/// Millimetres, as exact as a reader wants them.
fn spacing(mm: f64) -> String {
    digits(mm, 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spacing_has_no_idle_zeros() {
        let (mm, texts) =
            ([0.703_125, 1.0, 2.5, 10.0, 0.000_325], ["0.7031", "1", "2.5", "10", "0.000325"]);
        assert_eq!(mm.map(spacing), texts);
    }
}
