//! How the scan, what lies over it, and the masks are drawn in slices.

use egui::{ComboBox, DragValue, Slider, Ui};

use super::{colour_choice, histogram};
use crate::geom::Convention;
use crate::render::{Interpolation, Projection};
use crate::ui::commands::{CommandContext, Entry, views, window};
use crate::ui::kit::format::{number, shorten};
use crate::ui::kit::text::{tr, tr_of};
use crate::ui::kit::widgets;
use crate::ui::kit::widgets::{centre_and_width, choice, field, percent};
use crate::ui::state::readout::layer_unit;
use crate::ui::state::{CT_WINDOWS, MaskLook, THICKEST, ViewState};

pub(super) fn slices(ui: &mut Ui, cx: &mut CommandContext) {
    which_layer(ui, cx);
    window(ui, cx.view);
    histogram::show(ui, cx.view);
    ui.add_space(4.0);
    field(ui, tr("Colours"), |ui| {
        let map = cx.view.layer_colour_map();
        colour_choice::combo(ui, tr("Colours"), map);
    });
    section(ui);
    sampling(ui, cx);
    section(ui);
    masks(ui, cx.view);
}

/// A little room, because a line between all of these would be many.
fn section(ui: &mut Ui) {
    ui.add_space(6.0);
}

/// The layer whose window and colours stand below, if there are several.
fn which_layer(ui: &mut Ui, cx: &mut CommandContext) {
    let second = cx.view.scan.beside.scan.as_ref().filter(|_| cx.view.is_side_by_side());
    let second =
        second.filter(|beside| !beside.linked).map(|b| b.image.volume.name_on_screen().to_owned());
    if cx.view.scan.overlays.is_empty() && second.is_none() {
        return;
    }
    let view = &mut *cx.view;
    let scan = cx.document.map_or(tr("Scan"), |d| d.image().name_on_screen());
    let names: Vec<String> =
        view.scan.overlays.iter().map(|o| o.volume.name_on_screen().to_owned()).collect();
    let chosen = view.scan.layer.and_then(|n| names.get(n)).map_or(scan, |name| name.as_str());
    let beside = second.as_deref().filter(|_| view.scan.beside.chosen);
    let chosen = beside.unwrap_or(chosen);
    field(ui, tr("Layer"), |ui| {
        let combo = ComboBox::from_id_salt("window_layer").width(132.0);
        let combo = combo.selected_text(shorten(chosen, 18)).show_ui(ui, |ui| {
            if ui.selectable_label(view.is_chosen(None), shorten(scan, 30)).clicked() {
                view.choose_layer(None);
            }
            for (n, name) in names.iter().enumerate() {
                if ui.selectable_label(view.is_chosen(Some(n)), shorten(name, 30)).clicked() {
                    view.choose_layer(Some(n));
                }
            }
            if let Some(name) = &second {
                let chosen = view.scan.beside.chosen_scan().is_some();
                if ui.selectable_label(chosen, format!("B: {}", shorten(name, 27))).clicked() {
                    view.choose_side(true);
                }
            }
        });
        let tip = tr("The layer that window and colours belong to");
        combo.response.accessible_name(tr("Layer of the window")).on_hover_text(tip);
    });
}

/// Preset, centre and width of the chosen layer's window.
pub(super) fn window(ui: &mut Ui, view: &mut ViewState) {
    field(ui, tr("Window"), |ui| presets(ui, view));
    let unit = layer_unit(view);
    let mut window = view.layer_window();
    let names = [tr("Window centre"), tr("Window width")];
    if centre_and_width(ui, &mut window, unit, names) {
        view.set_layer_window(window);
    }
}

/// Between voxels, through slices, which way round, at which angle.
fn sampling(ui: &mut Ui, cx: &mut CommandContext) {
    let view = &mut *cx.view;
    field(ui, tr("Voxels"), |ui| {
        // Right to left.
        let choices = [
            (tr("Cubic"), Interpolation::Cubic),
            (tr("Linear"), Interpolation::Linear),
            (tr("Nearest"), Interpolation::Nearest),
        ];
        choice(ui, &mut view.prefs.interpolation, &choices);
    });
    field(ui, tr("Thickness"), |ui| {
        let drag = DragValue::new(&mut view.prefs.slab_mm)
            .range(0.0..=THICKEST)
            .speed(0.25)
            .max_decimals(1)
            .suffix(" mm");
        let tip = tr("How thick slices are; 0: one plane. In the views: Alt+wheel");
        ui.add(drag).accessible_name(tr("Slice thickness")).on_hover_text(tip);
    });
    ui.add_enabled_ui(view.prefs.slab_mm > 0.0, |ui| {
        field(ui, tr("Slab mode"), |ui| {
            let choices = [
                (tr_of("MinIP", "short"), Projection::Min),
                (tr_of("MIP", "short"), Projection::Max),
                (tr("Mean"), Projection::Mean),
            ];
            choice(ui, &mut view.prefs.projection, &choices);
        });
    });
    ui.label(widgets::quiet(ui, tr("Left and right")));
    ui.horizontal(|ui| {
        let choices = [
            (tr("Radiological"), Convention::Radiological),
            (tr("Neurological"), Convention::Neurological),
        ];
        choice(ui, &mut view.prefs.convention, &choices);
    });
    if let Some(turn) = view.scan.oblique {
        let text = format!("{} {:.0}°", tr("Planes turned by"), turn.angle());
        field(ui, &text, |ui| {
            let tip = views::STRAIGHTEN.tip();
            let button = ui.button(tr("Straighten"));
            if button.on_hover_text(tip).clicked() {
                views::STRAIGHTEN.run(cx);
            }
        });
    }
}

fn masks(ui: &mut Ui, view: &mut ViewState) {
    field(ui, tr("Masks"), |ui| {
        let choices = [
            (tr("Both"), MaskLook::Both),
            (tr("Outline"), MaskLook::Outline),
            (tr("Fill"), MaskLook::Fill),
        ];
        let mut look = view.mask_look();
        choice(ui, &mut look, &choices);
        if look != view.mask_look() {
            view.set_mask_look(look);
        }
    });
    percent(ui, tr("Mask fill"), &mut view.prefs.masks.fill);
    percent(ui, tr("Mask outline"), &mut view.prefs.masks.outline);
    field(ui, tr("Width"), |ui| {
        ui.visuals_mut().selection.bg_fill = widgets::colours(ui).accent;
        let slider = Slider::new(&mut view.prefs.masks.outline_width, 1.0..=8.0)
            .step_by(1.0)
            .max_decimals(0)
            .suffix(" px");
        let tip = tr("In pixels of the screen, inwards from the mask's edge");
        ui.add(slider).accessible_name(tr("Outline width")).on_hover_text(tip);
    });
}

fn presets(ui: &mut Ui, view: &mut ViewState) {
    let mut entries: Vec<(_, _, &Entry)> =
        vec![(tr("auto"), view.layer_auto_window(), &window::AUTO_WINDOW)];
    entries.extend(view.layer_full_window().map(|w| (tr("full range"), w, &window::FULL_RANGE)));
    if view.layer_is_ct() {
        let named = CT_WINDOWS.iter().zip(window::PRESETS);
        entries.extend(named.map(|(p, entry)| (tr(p.name), p.window(), entry)));
    }
    let now = view.layer_window();
    let present = entries.iter().find(|(_, w, _)| *w == now).map_or(tr("by hand"), |(n, ..)| n);
    let chosen = ComboBox::from_id_salt("window_preset")
        .width(132.0)
        .height(400.0)
        .selected_text(present)
        .show_ui(ui, |ui| {
            let mut chosen = None;
            for (name, window, entry) in &entries {
                let text = format!("{name}  {} / {}", number(window.centre), number(window.width));
                let key = widgets::quiet(ui, entry.key_text());
                let button = egui::Button::selectable(*window == now, &text).right_text(key);
                if ui.add(button).accessible_name(text).clicked() {
                    chosen = Some(*window);
                }
            }
            chosen
        });
    let tip = tr("Usual windows (centre / width)");
    chosen.response.accessible_name(tr("Window preset")).on_hover_text(tip);
    if let Some(window) = chosen.inner.flatten() {
        view.set_layer_window(window);
    }
}
