//! The chosen layer's histogram with the window over it, and handles for the window's ends and middle.

use egui::{
    Color32, CornerRadius, CursorIcon, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo,
    pos2, vec2,
};

use crate::ui::kit::accessible_handle::AccessibleHandle;
use crate::ui::kit::format::number;
use crate::ui::kit::text::tr;
use crate::ui::kit::widgets::colours;
use crate::ui::state::ViewState;
use crate::ui::state::readout::layer_unit;
use crate::volume::{Histogram, Window};

const HEIGHT: f32 = 56.0;
/// Below the bars, for the handles of the two ends.
const LANE: f32 = 12.0;
/// Width of a handle.
const HANDLE: f32 = 9.0;

/// Which part of the window a handle moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    Low,
    Middle,
    High,
}

/// Draws it; dragging moves (left, right) and widens (up, down) the window, its handles do one of both.
pub(super) fn show(ui: &mut Ui, view: &mut ViewState) {
    let size = vec2(ui.available_width(), HEIGHT + LANE);
    let (all, _) = ui.allocate_exact_size(size, Sense::hover());
    let rect = Rect::from_min_size(all.min, vec2(all.width(), HEIGHT));
    let response = ui.interact(rect, ui.scope_id().with("histogram"), Sense::drag());
    let window = view.layer_window();
    let (low, high) = (window.low(), window.high());
    let text = format!(
        "{} {} {} {}{}",
        tr("Histogram, window"),
        number(low),
        tr("to"),
        number(high),
        layer_unit(view)
    );
    response.widget_info(|| WidgetInfo::labeled(Role::GraphicsObject, true, &text));
    ui.painter().rect_filled(rect, CornerRadius::same(3), colours(ui).field);
    let Some(histogram) = view.layer_histogram().filter(|h| !h.counts().is_empty()) else {
        return;
    };
    let counts = histogram.counts();
    let axis = ValueAxis {
        first: histogram.edge(0),
        last: histogram.edge(counts.len()),
        // Room for the handles at both ends.
        rect: rect.shrink2(vec2(HANDLE, 0.0)),
    };
    let band = Rect::from_x_y_ranges(axis.x_of(low)..=axis.x_of(high), rect.y_range());
    let accent = colours(ui).accent;
    ui.painter().rect_filled(band, CornerRadius::ZERO, accent.gamma_multiply(0.22));
    bars(ui, axis.rect, histogram, colours(ui).quiet);
    for x in [band.left(), band.right()] {
        ui.painter().vline(x, rect.y_range(), Stroke::new(1.0, accent));
    }
    if response.dragged() {
        let drag = response.drag_delta();
        let centre = window.centre + f64::from(drag.x) * axis.per_point();
        let width = window.width * (-f64::from(drag.y) * 0.01).exp();
        view.set_layer_window(Window::new(centre, width));
    }
    let help = tr("Drag sideways: level. Drag up or down: width.");
    response.on_hover_text(format!("{text}\n{help}"));
    for part in [Part::Middle, Part::Low, Part::High] {
        handle(ui, part, &axis, band, view);
    }
}

/// Values along the picture's width.
struct ValueAxis {
    first: f64,
    last: f64,
    rect: Rect,
}

impl ValueAxis {
    fn x_of(&self, value: f64) -> f32 {
        let share = ((value - self.first) / (self.last - self.first)).clamp(0.0, 1.0);
        self.rect.left() + share as f32 * self.rect.width()
    }

    fn per_point(&self) -> f64 {
        (self.last - self.first) / f64::from(self.rect.width().max(1.0))
    }
}

fn handle(ui: &Ui, part: Part, axis: &ValueAxis, band: Rect, view: &mut ViewState) {
    let window = view.layer_window();
    let span = axis.last - axis.first;
    let least = span * 1e-4;
    let (outer, inner) = (axis.first - span, axis.last + span);
    let bottom = band.bottom();
    let (name, value, range, rect) = match part {
        Part::Low => {
            let rect = Rect::from_min_size(pos2(band.left() - HANDLE, bottom), vec2(HANDLE, LANE));
            let range = outer..=window.high() - least;
            (tr("Window low"), window.low(), range, rect)
        }
        Part::High => {
            let rect = Rect::from_min_size(pos2(band.right(), bottom), vec2(HANDLE, LANE));
            let range = window.low() + least..=inner;
            (tr("Window high"), window.high(), range, rect)
        }
        Part::Middle => {
            let at = pos2(band.center().x, band.top() + 6.0);
            let rect = Rect::from_center_size(at, vec2(11.0, 11.0));
            (tr("Window middle"), window.centre, outer..=inner, rect)
        }
    };
    // An arrow key moves by what can just be seen, or in a narrow window by a little of it.
    let step = axis.per_point().min(window.width * 0.05);
    let grip = AccessibleHandle {
        name,
        value,
        range: range.clone(),
        step,
        keys: AccessibleHandle::SIDEWAYS,
    };
    let id = ui.scope_id().with(("window handle", part));
    let (response, asked) = grip.interact(ui, rect, id, Sense::click_and_drag());
    let dragged = response.dragged().then(|| {
        let by = f64::from(response.drag_delta().x) * axis.per_point();
        if range.start() <= range.end() {
            (value + by).clamp(*range.start(), *range.end())
        } else {
            value
        }
    });
    if let Some(value) = asked.or(dragged) {
        let (low, high) = (window.low(), window.high());
        let ends = |low: f64, high: f64| Window::new(f64::midpoint(low, high), high - low);
        view.set_layer_window(match part {
            Part::Low => ends(value, high),
            Part::High => ends(low, value),
            Part::Middle => Window::new(value, window.width),
        });
    }
    if response.hovered() || response.dragged() {
        ui.set_cursor_icon(CursorIcon::ResizeHorizontal);
    }
    let strong = response.hovered() || response.dragged() || response.has_focus();
    paint_handle(ui, part, rect, strong);
    response.on_hover_text(format!("{name}: {}{}", number(value), layer_unit(view)));
}

/// Flags that point to the window's ends, and a dot in its middle.
fn paint_handle(ui: &Ui, part: Part, rect: Rect, strong: bool) {
    let c = colours(ui);
    let fill = if strong { c.accent } else { c.quiet };
    let line = Stroke::new(1.0, if strong { c.text } else { Color32::TRANSPARENT });
    let shape = |points: Vec<Pos2>| Shape::convex_polygon(points, fill, line);
    let (top, bottom) = (rect.top() + 1.0, rect.bottom());
    match part {
        Part::Low => {
            let points = vec![
                pos2(rect.right(), top),
                pos2(rect.right(), bottom),
                pos2(rect.left(), bottom),
                pos2(rect.left(), top + 6.0),
            ];
            ui.painter().add(shape(points));
        }
        Part::High => {
            let points = vec![
                pos2(rect.left(), top),
                pos2(rect.right(), top + 6.0),
                pos2(rect.right(), bottom),
                pos2(rect.left(), bottom),
            ];
            ui.painter().add(shape(points));
        }
        Part::Middle => {
            ui.painter().circle(rect.center(), 4.0, fill, Stroke::new(1.0, c.field));
        }
    }
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
