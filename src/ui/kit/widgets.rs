//! Small pieces that all panels are made of.

use egui::{
    Align, Button, DragValue, Frame, Layout, Margin, ProgressBar, Response, RichText, Slider, Ui,
    Vec2,
};

use super::format::editable;
use crate::ui::kit::text::{tr, tr_of};
use crate::ui::kit::theme;
use crate::ui::kit::theme::{Colours, GRID, ICON, SMALL};
use crate::volume::Window;

/// The theme's colours.
pub fn colours(ui: &Ui) -> &'static Colours {
    theme::colours(ui.visuals())
}

/// A square button with an icon, named for screen readers and tests, with a tooltip.
pub fn icon_button(ui: &mut Ui, icon: &str, name: &str, tip: &str, selected: bool) -> Response {
    let button = Button::selectable(selected, RichText::new(icon).size(ICON))
        .min_size(Vec2::splat(28.0))
        .frame_when_inactive(selected);
    let response = ui.scope(|ui| {
        ui.spacing_mut().button_padding = Vec2::splat(5.0);
        ui.add(button).accessible_name(name)
    });
    response.inner.on_hover_text(tip).on_disabled_hover_text(tip)
}

/// A smaller icon button for rows of lists.
pub fn row_button(ui: &mut Ui, icon: &str, name: &str, tip: &str) -> Response {
    let button = Button::new(RichText::new(icon).size(15.0))
        .min_size(Vec2::splat(20.0))
        .frame_when_inactive(false);
    let response = ui.scope(|ui| {
        ui.spacing_mut().button_padding = Vec2::splat(2.0);
        ui.add(button).accessible_name(name)
    });
    response.inner.on_hover_text(tip).on_disabled_hover_text(tip)
}

/// A panel's frame, on the 8 pt grid. The window is cleared in the panels' colour: filling each would take a
/// software renderer longer than the views do.
pub fn panel_frame() -> Frame {
    Frame::new().inner_margin(Margin::symmetric(GRID as i8, 6))
}

/// A section's heading, with something at its right end.
pub fn heading<R>(ui: &mut Ui, text: &str, right: impl FnOnce(&mut Ui) -> R) -> R {
    let quiet = colours(ui).quiet;
    coloured_heading(ui, text, quiet, right)
}

/// The heading of a section about which there is something to know.
pub fn coloured_heading<R>(
    ui: &mut Ui,
    text: &str,
    colour: egui::Color32,
    right: impl FnOnce(&mut Ui) -> R,
) -> R {
    ui.add_space(2.0);
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        ui.label(RichText::new(text).size(SMALL).color(colour));
        ui.with_layout(Layout::right_to_left(Align::Center), right).inner
    })
    .inner
}

/// A line between sections.
pub fn section_line(ui: &mut Ui) {
    ui.add_space(2.0);
    ui.separator();
}

/// A progress bar, named for screen readers; `total` 0 is unknown.
pub fn progress(ui: &mut Ui, name: &str, (done, total): (u64, u64), width: f32) {
    let share = if total > 0 { done as f32 / total as f32 } else { 0.0 };
    let bar = ProgressBar::new(share).desired_width(width).desired_height(6.0);
    ui.add(bar.fill(colours(ui).accent)).accessible_name(name);
}

/// Quiet text.
pub fn quiet(ui: &Ui, text: impl Into<String>) -> RichText {
    RichText::new(text).color(colours(ui).quiet)
}

/// A row of a form: a quiet name at the left, whatever belongs to it at the right.
pub fn field<R>(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal(|ui| {
        ui.label(quiet(ui, name));
        ui.with_layout(Layout::right_to_left(Align::Center), add).inner
    })
    .inner
}

/// Two rows with a window's centre and width, to be dragged or typed; `names` are theirs for screen readers.
/// Answers whether one changed.
pub fn centre_and_width(ui: &mut Ui, window: &mut Window, unit: &str, names: [&str; 2]) -> bool {
    let Window { mut centre, mut width } = *window;
    let speed = (width * 0.005).max(f64::MIN_POSITIVE);
    let drag = |ui: &mut Ui, value: &mut f64, name: &str| {
        // Whole units suffice for wide windows; a normalised scan needs fractions.
        let text = move |v: f64| editable(if speed >= 0.05 { v.round() } else { v });
        let drag = DragValue::new(value).speed(speed).suffix(unit);
        let drag = drag.custom_formatter(move |v, _| text(v));
        ui.add_sized(Vec2::new(96.0, 24.0), drag).accessible_name(name).changed()
    };
    let moved = field(ui, tr("Centre"), |ui| drag(ui, &mut centre, names[0]));
    let widened = field(ui, tr_of("Width", "window"), |ui| drag(ui, &mut width, names[1]));
    let changed = moved || widened;
    if changed {
        *window = Window::new(centre, width);
    }
    changed
}

/// Settings in a strip that wraps, with a line after them: they stay together, in the next row if need be.
pub fn strip_group(ui: &mut Ui, id_salt: &str, add: impl FnOnce(&mut Ui)) {
    let memory = ui.scope_id().with(id_salt);
    // As wide as in the last frame.
    let width: f32 = ui.data(|d| d.get_temp(memory)).unwrap_or_default();
    let begins = ui.cursor().left() <= ui.max_rect().left() + 1.0;
    if !begins && width > ui.available_size_before_wrap().x {
        ui.end_row();
    }
    let group = ui.horizontal(|ui| {
        add(ui);
        ui.separator();
        ui.min_rect().width()
    });
    if (group.inner - width).abs() > 0.5 {
        ui.data_mut(|d| d.insert_temp(memory, group.inner));
        ui.ctx().request_repaint();
    }
}

/// One of a few, side by side.
pub fn choice<T: Copy + PartialEq>(ui: &mut Ui, value: &mut T, choices: &[(&str, T)]) {
    ui.spacing_mut().item_spacing.x = 2.0;
    for &(name, choice) in choices {
        if ui.selectable_label(*value == choice, name).clicked() {
            *value = choice;
        }
    }
}

/// A row with a slider from 0 to 100 %.
pub fn percent(ui: &mut Ui, name: &str, value: &mut f32) {
    field(ui, name, |ui| {
        let slider = Slider::new(value, 0.0..=1.0)
            .show_value(true)
            .custom_formatter(|v, _| format!("{:.0} %", v * 100.0))
            .custom_parser(|text| {
                Some(text.trim_end_matches('%').trim().parse::<f64>().ok()? / 100.0)
            });
        // The part below the handle in the accent: the theme's selection colour is too pale for a rail.
        ui.visuals_mut().selection.bg_fill = colours(ui).accent;
        ui.add(slider).accessible_name(name);
    });
}

/// Says that Delete belongs to this widget while it has the keyboard.
pub fn claim_delete(ctx: &egui::Context, id: egui::Id) {
    ctx.data_mut(|d| d.insert_temp(delete_owner(), id));
}

/// Whether the widget that has the keyboard wants Delete for itself.
pub fn delete_is_claimed(ctx: &egui::Context) -> bool {
    let owner = ctx.data(|d| d.get_temp::<egui::Id>(delete_owner()));
    owner.is_some() && ctx.memory(egui::Memory::focused) == owner
}

/// Where egui keeps it.
fn delete_owner() -> egui::Id {
    egui::Id::unique("widget that wants Delete")
}
