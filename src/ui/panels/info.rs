//! What the file says about the scan.

use egui::{CollapsingHeader, Label, RichText, Role, Ui, WidgetInfo};

use crate::document::Document;
use crate::geom::DAffine3;
use crate::text::bytes;
use crate::ui::commands::CommandContext;
use crate::ui::kit::format::{digits, number, shorten};
use crate::ui::kit::icons;
use crate::ui::kit::template::{tr_error, tr_sentence};
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::{colours, field, heading};
use crate::ui::state::readout::unit;
use crate::ui::state::{SaveStatus, ScanPlace, ViewState};
use crate::volume::Volume;

pub(super) fn show(ui: &mut Ui, cx: &CommandContext) {
    let Some(document) = cx.document else { return };
    let view = &*cx.view;
    heading(ui, tr("Info"), |_| ());
    let image = document.image();
    for text in image.warnings() {
        warning(ui, &tr_sentence(&text.0));
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
    if let Some((text, tip)) = cx.status.session.as_ref().and_then(|s| scan_place(s.scan)) {
        row(ui, tr("Scan"), text.to_owned(), tip);
    }
    let [sx, sy, sz] = grid.spacing().to_array().map(spacing);
    row(ui, tr("Spacing"), format!("{sx} × {sy} × {sz} mm"), tr("Distance of voxel centres"));
    let letters = grid.orientation().letters();
    row(ui, tr("Orientation"), letters, tr("Where x, y and z of the file grow to"));
    placement(ui, document);
    let kind = image.voxels().data_type();
    let memory = bytes((image.voxels().len() * kind.size()) as u64);
    let tip = tr("As stored; kept in memory like this");
    row(ui, tr("Type"), format!("{} · {memory}", kind.name()), tip);
    values(ui, image, view);
    if let SaveStatus::Saved(path) = &cx.status.save
        && !document.is_modified()
    {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let text = format!("{} {} {}", tr("checked"), icons::CHECK, shorten(&name, 24));
        let said = text.replace(icons::CHECK, "✓");
        field(ui, tr("Mask file"), |ui| {
            let label = ui.label(text);
            label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &said));
            let tip = tr("Written, reopened and found identical");
            label.on_hover_text(format!("{tip}: {}", path.display()))
        });
    }
}

/// Between which values the scan lies, and what of it is none.
fn values(ui: &mut Ui, image: &Volume, view: &ViewState) {
    let row = |ui: &mut Ui, name: &str, text: String, tip: &str| {
        field(ui, name, |ui| ui.label(text).on_hover_text(tip));
    };
    if let Some(stats) = view.scan.stats {
        let unit = unit(view);
        let range = tr("{low} to {high}")
            .replace("{low}", &number(stats.min))
            .replace("{high}", &format!("{}{unit}", number(stats.max)));
        row(ui, tr("Values"), range, tr("Smallest and largest finite value"));
        let tip = tr("Mean of the finite values");
        row(ui, tr("Mean"), format!("{}{unit}", number(stats.mean)), tip);
        if stats.padding > 0 {
            let value = |[low, high]: [f64; 2]| {
                if low == high {
                    return number(low);
                }
                tr_with("{low} to {high}", &[("low", &number(low)), ("high", &number(high))])
            };
            let values: Vec<String> = image.padding_values().into_iter().map(value).collect();
            let count = tr_with("{n} voxels", &[("n", &stats.padding)]);
            let text = format!("{}{unit} · {count}", values.join(", "));
            let tip = tr(
                "Never measured, as the file says (Pixel Padding): left out of the scan's own range, histogram and windows; not of objects and rectangles",
            );
            row(ui, tr("Padding"), text, tip);
        }
    }
}

/// Where the scan is, if not in its file alone; and what that means.
fn scan_place(place: ScanPlace) -> Option<(&'static str, &'static str)> {
    match place {
        ScanPlace::File => None,
        ScanPlace::Both => Some((
            tr("in the session too"),
            tr("Its voxels are in the session, which can be opened where the scan is not"),
        )),
        ScanPlace::Session => Some((
            tr("from the session"),
            tr(
                "Its file was not found, or is another one: the voxels come from the session. All but DICOM files can be saved.",
            ),
        )),
        ScanPlace::Nowhere => {
            Some((tr("not found"), tr("The masks are open alone, on an empty image")))
        }
    }
}

/// Which statement of the file decided where the voxels are, and what contradicts it.
fn placement(ui: &mut Ui, document: &Document) {
    let image = document.image();
    let said = &image.provenance().placement;
    if said.by.is_empty() {
        return;
    }
    let tip = tr("What in the file decided where the voxels are, and which side is left");
    let text = RichText::new(tr_with("Placed by: {by}", &[("by", &tr_error(&said.by))]));
    let colour = if said.says_sides { colours(ui).quiet } else { colours(ui).warning };
    ui.add(Label::new(text.color(colour)).wrap()).on_hover_text(tip);
    if said.others.is_empty() {
        return;
    }
    let title = tr("Two statements in the file differ");
    CollapsingHeader::new(title).default_open(true).show(ui, |ui| {
        ui.label(tr_with("Used: {by}", &[("by", &tr_error(&said.by))]));
        matrix(ui, &image.grid().world_from_voxel());
        for other in &said.others {
            let values: [(&str, &dyn std::fmt::Display); 2] =
                [("by", &tr_error(&other.by)), ("mm", &number(other.apart_mm))];
            ui.label(tr_with("Not used: {by}, up to {mm} mm away", &values));
            matrix(ui, &other.world_from_voxel);
        }
    });
}

/// Voxel indices to RAS millimetres, row by row.
fn matrix(ui: &mut Ui, world_from_voxel: &DAffine3) {
    let t = world_from_voxel.translation.to_array();
    let rows: Vec<String> = (0..3)
        .map(|r| {
            let row = world_from_voxel.matrix3.row(r);
            // Without negative zeros.
            let cells = [row.x, row.y, row.z, t[r]].map(|v| format!("{:>8}", digits(v + 0.0, 4)));
            cells.concat()
        })
        .collect();
    let tip = tr("From voxel indices to millimetres to the right, to the front, up");
    ui.label(RichText::new(rows.join("\n")).monospace().small()).on_hover_text(tip);
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
