//! How the scan and its masks are drawn.

use egui::{ComboBox, DragValue, Ui, vec2};

use super::format::{number, unit};
use super::widgets::{field, percent};
use super::{histogram, widgets};
use crate::geom::Convention;
use crate::render::Interpolation;
use crate::ui::{Desk, ViewState};
use crate::volume::Window;

/// Usual CT windows: name, centre and width in Hounsfield units.
pub(super) const CT_PRESETS: [(&str, f64, f64); 6] = [
    ("brain", 40.0, 80.0),
    ("lung", -600.0, 1500.0),
    ("bone", 400.0, 1800.0),
    ("abdomen", 50.0, 400.0),
    ("mediastinum", 50.0, 350.0),
    ("liver", 60.0, 160.0),
];

pub(super) fn slices(ui: &mut Ui, desk: &mut Desk) {
    field(ui, "Window", |ui| presets(ui, desk.view));
    let unit = unit(desk.view);
    let Window { mut centre, mut width } = desk.view.window;
    let speed = (width * 0.005).max(f64::MIN_POSITIVE);
    let drag = |ui: &mut Ui, value: &mut f64, name: &str| {
        // Whole units suffice for wide windows; a normalised scan needs fractions (egui has 16).
        let decimals =
            if speed >= 0.05 { 0 } else { (2.0 - speed.log10()).clamp(4.0, 16.0) as usize };
        let drag = DragValue::new(value).speed(speed).max_decimals(decimals).suffix(unit);
        ui.add_sized(vec2(96.0, 24.0), drag).accessible_name(name).changed()
    };
    let moved = field(ui, "Centre", |ui| drag(ui, &mut centre, "Window centre"));
    let widened = field(ui, "Width", |ui| drag(ui, &mut width, "Window width"));
    if moved || widened {
        desk.view.window = Window::new(centre, width);
    }
    histogram::show(ui, desk.view);
    ui.add_space(4.0);
    field(ui, "Between voxels", |ui| {
        // Right to left.
        let choices = [("Nearest", Interpolation::Nearest), ("Linear", Interpolation::Linear)];
        choice(ui, &mut desk.view.interpolation, &choices);
    });
    ui.label(widgets::quiet(ui, "Left and right"));
    ui.horizontal(|ui| {
        let choices = [
            ("Radiological", Convention::Radiological),
            ("Neurological", Convention::Neurological),
        ];
        choice(ui, &mut desk.view.convention, &choices);
    });
    ui.add_space(4.0);
    percent(ui, "Mask fill", &mut desk.view.masks.fill);
    percent(ui, "Mask outline", &mut desk.view.masks.outline);
}

fn choice<T: Copy + PartialEq>(ui: &mut Ui, value: &mut T, choices: &[(&str, T)]) {
    ui.spacing_mut().item_spacing.x = 2.0;
    for &(name, choice) in choices {
        if ui.selectable_label(*value == choice, name).clicked() {
            *value = choice;
        }
    }
}

fn presets(ui: &mut Ui, view: &mut ViewState) {
    let ct = view.stats.is_some_and(|s| s.looks_like_ct());
    let full = view
        .stats
        .filter(|s| s.max > s.min)
        .map(|s| Window::new(f64::midpoint(s.min, s.max), s.max - s.min));
    let named = CT_PRESETS.map(|(name, centre, width)| (name, Window::new(centre, width)));
    let mut entries = vec![("auto", view.auto_window)];
    entries.extend(full.map(|window| ("full range", window)));
    if ct {
        entries.extend(named);
    }
    let present = entries.iter().find(|(_, w)| *w == view.window).map_or("by hand", |(n, _)| n);
    let chosen = ComboBox::from_id_salt("window_preset")
        .width(132.0)
        .height(400.0)
        .selected_text(present)
        .show_ui(ui, |ui| {
            let mut chosen = None;
            for (name, window) in &entries {
                let text = format!("{name}  {} / {}", number(window.centre), number(window.width));
                if ui.selectable_label(*window == view.window, text).clicked() {
                    chosen = Some(*window);
                }
            }
            chosen
        });
    let tip = "Usual windows (centre / width)";
    chosen.response.accessible_name("Window preset").on_hover_text(tip);
    if let Some(window) = chosen.inner.flatten() {
        view.window = window;
    }
}
