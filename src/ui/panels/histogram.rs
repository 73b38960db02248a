//! The scan's histogram with the window over it.

use egui::{Color32, CornerRadius, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::format::{number, unit};
use super::widgets::colours;
use crate::ui::ViewState;
use crate::volume::{Histogram, Window};

const HEIGHT: f32 = 56.0;

/// Draws it; dragging moves (left, right) and widens (up, down) the window.
pub(super) fn show(ui: &mut Ui, view: &mut ViewState) {
    let size = vec2(ui.available_width(), HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::drag());
    let (low, high) = (view.window.low(), view.window.high());
    let text = format!("Histogram, window {} to {}{}", number(low), number(high), unit(view));
    response.widget_info(|| WidgetInfo::labeled(Role::GraphicsObject, true, &text));
    ui.painter().rect_filled(rect, CornerRadius::same(3), colours(ui).field);
    let Some(histogram) = view.histogram.as_ref().filter(|h| !h.counts().is_empty()) else {
        return;
    };
    let counts = histogram.counts();
    let (first, last) = (histogram.edge(0), histogram.edge(counts.len()));
    let x_of = |value: f64| {
        let share = ((value - first) / (last - first)).clamp(0.0, 1.0);
        rect.left() + share as f32 * rect.width()
    };
    let band = Rect::from_x_y_ranges(x_of(low)..=x_of(high), rect.y_range());
    let accent = colours(ui).accent;
    ui.painter().rect_filled(band, CornerRadius::ZERO, accent.gamma_multiply(0.22));
    bars(ui, rect, histogram, colours(ui).quiet);
    for x in [band.left(), band.right()] {
        ui.painter().vline(x, rect.y_range(), Stroke::new(1.0, accent));
    }
    if response.dragged() {
        let drag = response.drag_delta();
        let per_point = (last - first) / f64::from(rect.width());
        let centre = view.window.centre + f64::from(drag.x) * per_point;
        let width = view.window.width * (-f64::from(drag.y) * 0.01).exp();
        view.window = Window::new(centre, width);
    }
    response.on_hover_text(format!("{text}\nDrag sideways: level. Drag up or down: width."));
}

/// One bar for each column of points; logarithmic, because background outnumbers everything.
pub(super) fn bars(ui: &Ui, rect: Rect, histogram: &Histogram, colour: Color32) {
    let counts = histogram.counts();
    let columns = (rect.width() as usize).max(1);
    let column = |n: usize| {
        let from = n * counts.len() / columns;
        let to = ((n + 1) * counts.len() / columns).clamp(from + 1, counts.len());
        let most = counts[from.min(counts.len() - 1)..to].iter().max().copied().unwrap_or(0);
        (1.0 + most as f64).ln()
    };
    let heights: Vec<f64> = (0..columns).map(column).collect();
    let highest = heights.iter().fold(1e-9f64, |m, &h| m.max(h));
    let mut mesh = egui::Mesh::default();
    for (n, height) in heights.iter().enumerate() {
        let top = rect.bottom() - (height / highest) as f32 * (rect.height() - 4.0);
        let left = rect.left() + n as f32;
        let bar = Rect::from_min_max(pos2(left, top), pos2(left + 1.0, rect.bottom()));
        mesh.add_colored_rect(bar, colour);
    }
    ui.painter().add(mesh);
}
