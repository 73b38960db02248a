//! How the 3D view draws the scan.

use egui::Ui;

use super::widgets::{heading, percent};
use crate::ui::{Desk, Verb, shortcuts};

pub(super) fn show(ui: &mut Ui, desk: &mut Desk) {
    heading(ui, "3D", |ui| {
        let tip = shortcuts::tip(Verb::ResetViews);
        if ui.button("Reset views").on_hover_text(tip).clicked() {
            Verb::ResetViews.run(desk);
        }
    });
    percent(ui, "Scan", &mut desk.view.in_3d.image_opacity);
}
