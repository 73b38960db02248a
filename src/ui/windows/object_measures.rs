//! The numbers of the objects, in the window of measures.

use egui::{Grid, RichText, ScrollArea, Ui};

use crate::document::{Command, Document, MeasurementChange, Object};
use crate::geom::DVec3;
use crate::measure::{
    MEASURES_CSV_HEAD, MeasuredFile, MeasuredStructure, MeasurementShape, measures_csv,
};
use crate::ui::commands::CommandContext;
use crate::ui::kit::format::{millilitres, number, shorten};
use crate::ui::kit::icons;
use crate::ui::kit::template::tr_sentence;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::{colours, quiet, row_button};
use crate::ui::state::{Action, ObjectMeasures, measured_objects, millimetres, readout};
use crate::volume::ValueUnit;

/// Draws a row for each object that has a mask.
pub(super) fn show(ui: &mut Ui, document: &Document, height: f32, cx: &mut CommandContext) {
    let measured: Vec<&Object> = document.objects().iter().filter(|o| o.has_voxels()).collect();
    if measured.is_empty() {
        ui.label(quiet(ui, tr("No object has a mask yet.")));
        return;
    }
    ScrollArea::both()
        .id_salt("object measures")
        .max_height(height)
        .auto_shrink([false, true])
        .show(ui, |ui| {
            Grid::new("object measures").striped(true).spacing([14.0, 4.0]).show(ui, |ui| {
                heads(ui, cx);
                for object in &measured {
                    row(ui, object, document, cx);
                    ui.end_row();
                }
            });
        });
    let all = measured_objects(document, &cx.status.measures);
    ui.add_enabled_ui(all.is_some(), |ui| {
        ui.horizontal(|ui| {
            let copied = ui.button(tr("Copy objects as table")).clicked();
            if let Some(structures) = all.filter(|_| copied) {
                let name = document.image().name().to_owned();
                let unit = readout::value_unit(cx.view).map(ValueUnit::name);
                let file = MeasuredFile { file: name, scan: None, unit, structures };
                ui.ctx().copy_text(format!("{MEASURES_CSV_HEAD}{}", measures_csv(&file)));
            }
            let tip = tr("CSV or JSON, with the keys of the command line");
            if ui.button(tr("Save objects…")).on_hover_text(tip).clicked() {
                cx.send(Action::SaveMeasures);
            }
        });
    });
}

fn heads(ui: &mut Ui, cx: &CommandContext) {
    let unit = readout::unit(cx.view);
    let mean = format!(
        "{} ± {}{}",
        tr("Mean"),
        tr("SD"),
        if unit.is_empty() { String::new() } else { format!(",{unit}") }
    );
    for head in [tr("Object"), tr("Volume")] {
        ui.label(quiet(ui, head));
    }
    // First what a PET is measured for.
    if let Some((kind, _)) = cx.view.scan.suv {
        let suv = kind.name();
        let of_values = ["max", "mean", "peak"].map(|what| format!("{suv} {what}"));
        for head in of_values.into_iter().chain(["MTV".to_owned(), "TLG".to_owned()]) {
            ui.label(quiet(ui, head));
        }
    }
    let heads = [
        tr("Voxels").to_owned(),
        mean,
        tr("Median").to_owned(),
        tr("5 to 95 %").to_owned(),
        tr("Lowest to highest").to_owned(),
        tr("Longest").to_owned(),
        tr("Axial long × short").to_owned(),
        tr("Surface").to_owned(),
        tr("Sphericity").to_owned(),
        tr("Elongation, flatness").to_owned(),
        tr("Centre (R, A, S)").to_owned(),
        tr("Box along the voxel axes").to_owned(),
        tr("Oriented box").to_owned(),
    ];
    for head in heads {
        ui.label(quiet(ui, head));
    }
    ui.end_row();
}

fn row(ui: &mut Ui, object: &Object, document: &Document, cx: &mut CommandContext) {
    ui.horizontal(|ui| {
        let [r, g, b] = object.colour;
        let (swatch, _) = ui.allocate_exact_size(egui::Vec2::splat(10.0), egui::Sense::hover());
        ui.painter().rect_filled(swatch, 2.0, egui::Color32::from_rgb(r, g, b));
        ui.label(shorten(&object.name, 24));
    });
    let status = cx.status;
    let found = match status.measures.get(&object.id) {
        Some(ObjectMeasures::Known(found)) => found,
        Some(ObjectMeasures::Failed(why)) => {
            ui.label(RichText::new(tr_sentence(why)).color(colours(ui).warning));
            return;
        }
        Some(ObjectMeasures::Cancelled) | None => {
            ui.label(quiet(ui, tr("measuring…")));
            return;
        }
    };
    ui.label(millilitres(found.volume_ml));
    if cx.view.scan.suv.is_some() {
        uptake(ui, found);
    }
    ui.label(found.voxels.to_string());
    match &found.values {
        Some(v) => {
            ui.label(format!("{} ± {}", number(v.mean), number(v.sd)));
            ui.label(number(v.median));
            ui.label(format!("{} … {}", number(v.p5), number(v.p95)));
            ui.label(format!("{} … {}", number(v.min), number(v.max)));
        }
        None => (0..4).for_each(|_| {
            ui.label("–");
        }),
    }
    ui.label(millimetres(found.max_diameter_mm));
    axial(ui, object, found, document, cx);
    ui.label(format!("{:.1} cm²", found.surface_area_mm2 / 100.0));
    ui.label(format!("{:.3}", found.sphericity));
    let share = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.3}"));
    ui.label(format!("{}, {}", share(found.elongation), share(found.flatness)));
    ui.label(place(found.centroid_mm));
    boxes(ui, found);
}

/// Of a PET in SUV: a cell for each of its heads.
fn uptake(ui: &mut Ui, found: &MeasuredStructure) {
    let Some(uptake) = &found.uptake else {
        (0..5).for_each(|_| {
            ui.label("–");
        });
        return;
    };
    for suv in [uptake.suv_max, uptake.suv_mean, uptake.suv_peak] {
        ui.label(format!("{suv:.2}"));
    }
    ui.label(millilitres(uptake.mtv_ml));
    ui.label(format!("{:.1} mL", uptake.tlg_ml));
}

/// A place: to the right, to the front, up, mm.
fn place([r, a, s]: [f64; 3]) -> String {
    // With a true minus, as elsewhere.
    format!("{r:.1}, {a:.1}, {s:.1}").replace('-', "−")
}

/// The sides of both boxes; where they are, when the pointer rests there.
fn boxes(ui: &mut Ui, found: &MeasuredStructure) {
    let sides = |size: [f64; 3]| {
        let [x, y, z] = size.map(millimetres);
        let bare = |side: &str| side.trim_end_matches(" mm").to_owned();
        format!("{} × {} × {z}", bare(&x), bare(&y))
    };
    let (along, oriented) = (&found.bounding_box, &found.oriented_box);
    let [from, to] = [along.world_min_mm, along.world_max_mm].map(place);
    let tip = tr_with("From {from} to {to} mm (R, A, S)", &[("from", &from), ("to", &to)]);
    ui.label(sides(along.size_mm)).on_hover_text(tip);
    let centre = place(oriented.centre_mm);
    let tip = tr_with(
        "Along the principal axes; its middle is at {place} mm (R, A, S)",
        &[("place", &centre)],
    );
    ui.label(sides(oriented.size_mm)).on_hover_text(tip);
}

/// The diameters of RECIST 1.1, and a button that draws them into the scan.
fn axial(
    ui: &mut Ui,
    object: &Object,
    found: &MeasuredStructure,
    document: &Document,
    cx: &mut CommandContext,
) {
    ui.horizontal(|ui| {
        let long = millimetres(found.axial_long_mm);
        let long = long.trim_end_matches(" mm");
        ui.label(format!("{long} × {}", millimetres(found.axial_short_mm)));
        let draw = tr_with("Draw the axial diameters of {name}", &[("name", &object.name)]);
        if row_button(ui, icons::RULER, &draw, &draw).clicked() {
            let called =
                [tr("Axial long diameter of {name}"), tr("Axial short diameter of {name}")];
            let ends = [found.axial_long_ends_mm, found.axial_short_ends_mm];
            for (called, ends) in called.into_iter().zip(ends) {
                let shape = MeasurementShape::Length(ends.map(DVec3::from_array));
                let called = called.replace("{name}", &object.name);
                let add = MeasurementChange::AddNamed(shape, called);
                cx.send(Action::Do(Command::Measure(add)));
            }
            let [a, b] = found.axial_long_ends_mm.map(DVec3::from_array);
            cx.view.move_crosshair(document.image().grid(), a.midpoint(b));
        }
    });
}
