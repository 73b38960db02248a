//! What meshes of the objects are to be: a small window.

use egui::{Align2, ComboBox, Context, DragValue, Ui, Window};

use crate::document::Document;
use crate::ui::commands::CommandContext;
use crate::ui::kit::icons;
use crate::ui::kit::text::{mark, tr, tr_with};
use crate::ui::kit::widgets::{field, quiet};
use crate::ui::state::{Action, MeshChoice, MeshObjects, WantedMeshes};

/// Errors that can be set, mm.
const LARGEST: f64 = 50.0;
/// Which way axes go, by whether it is LPS.
const AXES: [(bool, &str); 2] = [
    (false, mark("RAS: right, anterior, superior")),
    (true, mark("LPS: left, posterior, superior")),
];

/// Draws the window, if it is open and there is a document.
pub(super) fn show(ctx: &Context, cx: &mut CommandContext) {
    let Some(document) = cx.document.filter(|_| cx.view.windows.meshes) else { return };
    let (mut open, mut done) = (true, false);
    Window::new(tr("Export meshes"))
        .id(egui::Id::unique("meshes"))
        .open(&mut open)
        .collapsible(false)
        .resizable(false)
        .pivot(Align2::CENTER_CENTER)
        .default_pos(ctx.content_rect().center())
        .show(ctx, |ui| {
            ui.set_width(340.0);
            done = contents(ui, document, cx);
        });
    cx.view.windows.meshes = open && !done;
}

/// `true` when the meshes are on their way.
fn contents(ui: &mut Ui, document: &Document, cx: &mut CommandContext) -> bool {
    let mut choice = cx.view.prefs.meshes;
    let grid = document.image().grid();
    which(ui, &mut choice);
    format(ui, &mut choice);
    axes(ui, &mut choice);
    field(ui, tr("Largest error"), |ui| {
        let mut error = choice.error_of(grid);
        let drag = DragValue::new(&mut error).range(0.0..=LARGEST).speed(0.01).max_decimals(3);
        let tip =
            tr("How far a mesh may be from the surface between voxels; 0 leaves that as it is.");
        let response = ui.add(drag.suffix(" mm")).accessible_name(tr("Largest error of meshes"));
        if response.on_hover_text(tip).changed() {
            choice.error_mm = Some(error);
        }
    });
    ui.checkbox(&mut choice.smooth, tr("Smooth the steps between voxels"));
    ui.checkbox(&mut choice.decimate, tr("Fewer triangles where the surface is even"));
    cx.view.prefs.meshes = choice;
    let objects = cx.view.objects_for_meshes(document, choice.objects);
    ui.add_space(4.0);
    let note = if objects.is_empty() {
        tr("None of these objects has voxels.")
    } else {
        tr("glTF and OBJ keep names and colours. A name that ends otherwise has that format.")
    };
    ui.label(quiet(ui, note));
    let mut clicked = false;
    ui.horizontal(|ui| {
        let button = egui::Button::new(format!("{} {}", icons::SAVE, tr("Save meshes…")));
        let can = !objects.is_empty() && cx.status.exporting.is_none();
        clicked = ui.add_enabled(can, button).clicked();
        ui.label(quiet(ui, tr_with("Objects: {n}", &[("n", &objects.len())])));
    });
    if clicked {
        let MeshChoice { ending, lps, smooth, decimate, .. } = choice;
        let error_mm = choice.error_of(grid);
        let wanted = WantedMeshes { ending, objects, lps, error_mm, smooth, decimate };
        cx.send(Action::ExportMeshes(wanted));
    }
    clicked
}

fn which(ui: &mut Ui, choice: &mut MeshChoice) {
    field(ui, tr("Objects"), |ui| {
        let combo = ComboBox::from_id_salt("mesh_objects").width(200.0);
        let chosen = combo.selected_text(tr(choice.objects.name())).show_ui(ui, |ui| {
            for objects in MeshObjects::ALL {
                ui.selectable_value(&mut choice.objects, objects, tr(objects.name()));
            }
        });
        chosen.response.accessible_name(tr("Objects that become meshes"));
    });
}

fn format(ui: &mut Ui, choice: &mut MeshChoice) {
    field(ui, tr("Format"), |ui| {
        let all = MeshChoice::FORMATS;
        let name = all.iter().find(|(end, _)| *end == choice.ending).map_or("", |(_, name)| *name);
        let combo = ComboBox::from_id_salt("mesh_format").width(200.0);
        let chosen = combo.selected_text(tr(name)).show_ui(ui, |ui| {
            for (ending, name) in all {
                ui.selectable_value(&mut choice.ending, ending, tr(name));
            }
        });
        chosen.response.accessible_name(tr("Format of meshes"));
    });
}

fn axes(ui: &mut Ui, choice: &mut MeshChoice) {
    field(ui, tr("Axes"), |ui| {
        let name = AXES.iter().find(|(lps, _)| *lps == choice.lps).map_or("", |(_, name)| *name);
        let combo = ComboBox::from_id_salt("mesh_axes").width(200.0);
        let chosen = combo.selected_text(tr(name)).show_ui(ui, |ui| {
            for (lps, name) in AXES {
                ui.selectable_value(&mut choice.lps, lps, tr(name));
            }
        });
        chosen.response.accessible_name(tr("Axes of meshes"));
    });
}
