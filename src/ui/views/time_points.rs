//! The bar under the views of a scan with several time points: which one is shown, and playing them.

use std::time::Duration;

use egui::{Align, DragValue, Frame, Layout, Margin, Rect, Slider, Ui, UiBuilder};

use super::Context;
use crate::document::Document;
use crate::ui::commands::{Entry, views};
use crate::ui::kit::text::tr;
use crate::ui::kit::{icons, theme};

/// Height of the bar in points.
const HEIGHT: f32 = 32.0;

/// How high the bar of a scan is in the window; 0 if it has none.
pub fn height(document: &Document) -> f32 {
    if document.image().time_points() > 1 { HEIGHT } else { 0.0 }
}

/// What the bar leaves of `area` to the views.
pub fn above(area: Rect, cx: &Context) -> Rect {
    let wanted = if cx.view.transient.is_figure { 0.0 } else { height(cx.document) };
    let bar = wanted.min(area.height() / 3.0);
    Rect::from_min_max(area.min, area.max - egui::vec2(0.0, bar))
}

/// Goes on to the next time point when it is time.
pub fn play(ui: &Ui, cx: &mut Context) {
    let time_points = cx.document.image().time_points();
    let id = ui.scope_id().with("time point since");
    if !cx.view.transient.playing || time_points < 2 {
        ui.data_mut(|d| d.remove::<f64>(id));
        return;
    }
    let now = ui.input(|i| i.time);
    let each = 1.0 / f64::from(cx.view.prefs.time_points_per_second.clamp(0.1, 60.0));
    let since = ui.data(|d| d.get_temp::<f64>(id)).filter(|since| *since <= now).unwrap_or(now);
    let due = ((now - since) / each) as i64;
    // A time point that is not there yet is waited for: 3D would show parts of several.
    if due > 0 && cx.status.time_point_loading {
        ui.ctx().request_repaint_after(Duration::from_secs_f64(each));
        return;
    }
    if due > 0 {
        // A time point that took long is not made up for by jumps.
        cx.view.step_time_point(time_points, 1);
    }
    let since = if due > 0 { now.min(since + due as f64 * each) } else { since };
    ui.data_mut(|d| d.insert_temp(id, since));
    ui.ctx().request_repaint_after(Duration::from_secs_f64((since + each - now).max(0.001)));
}

/// The bar, in what [`above`] left of `area`.
pub fn show(ui: &mut Ui, area: Rect, cx: &mut Context) {
    let rect = Rect::from_min_max(above(area, cx).left_bottom(), area.max);
    if rect.height() < 8.0 {
        return;
    }
    let builder = UiBuilder::new()
        .id_salt("time points")
        .max_rect(rect)
        .layout(Layout::left_to_right(Align::Center));
    let mut child = ui.new_child(builder);
    let frame = Frame::new().inner_margin(Margin::symmetric(8, 2));
    frame.show(&mut child, |ui| {
        ui.set_min_size(ui.available_size());
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| bar(ui, cx));
    });
}

fn bar(ui: &mut Ui, cx: &mut Context) {
    let time_points = cx.document.image().time_points();
    let now = cx.view.scan.time_point.min(time_points - 1);
    ui.spacing_mut().item_spacing.x = 4.0;
    let button = |ui: &mut Ui, icon: &str, entry: &Entry, name: &str| {
        let button = egui::Button::new(egui::RichText::new(icon).size(15.0));
        let button = button.frame_when_inactive(false);
        let response = ui.add(button).accessible_name(name);
        response.on_hover_text(entry.tip()).clicked()
    };
    if button(ui, icons::BACK, &views::PREVIOUS_TIME_POINT, tr("Previous time point")) {
        cx.view.transient.playing = false;
        cx.view.step_time_point(time_points, -1);
    }
    let (icon, name) = if cx.view.transient.playing {
        (icons::PAUSE, tr("Pause"))
    } else {
        (icons::PLAY, tr("Play"))
    };
    if button(ui, icon, &views::PLAY, name) {
        cx.view.transient.playing = !cx.view.transient.playing;
    }
    if button(ui, icons::FORWARD, &views::NEXT_TIME_POINT, tr("Next time point")) {
        cx.view.transient.playing = false;
        cx.view.step_time_point(time_points, 1);
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let speed = DragValue::new(&mut cx.view.prefs.time_points_per_second)
            .range(0.5..=60.0)
            .speed(0.1)
            .max_decimals(1)
            .suffix(tr(" per second"));
        let tip = tr("How fast the time points follow one another. Drag or type.");
        ui.add(speed).accessible_name(tr("Time points per second")).on_hover_text(tip);
        ui.label(time_point_text(now, time_points));
        ui.spacing_mut().slider_width = (ui.available_width() - 8.0).max(40.0);
        let mut number = now + 1;
        let slider = Slider::new(&mut number, 1..=time_points).show_value(false);
        ui.visuals_mut().selection.bg_fill = theme::colours(ui.visuals()).accent;
        if ui.add(slider).accessible_name(tr("Time point")).changed() {
            cx.view.transient.playing = false;
            cx.view.scan.time_point = number - 1;
        }
    });
}

/// `Time point 3/20`.
pub fn time_point_text(time_point: usize, time_points: usize) -> String {
    format!("{} {}/{time_points}", tr("Time point"), time_point + 1)
}
