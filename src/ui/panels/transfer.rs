//! The transfer function of the 3D view as a curve over the histogram: values to the right, opacity upwards.

use egui::{
    Color32, CornerRadius, DragValue, EventFilter, Key, PointerButton, Pos2, Rect, Role, Sense,
    Stroke, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::histogram;
use crate::render::{TransferCurve, TransferFunction, TransferPoint};
use crate::ui::kit::format::{editable, number};
use crate::ui::kit::icons;
use crate::ui::kit::text::tr;
use crate::ui::kit::widgets::{claim_delete, colours, quiet, row_button};
use crate::ui::state::ViewState;
use crate::ui::state::readout::unit;
use crate::volume::Window;

const HEIGHT: f32 = 88.0;
/// Kept free above and below the curve, so that points at the ends can be taken hold of.
const MARGIN: f32 = 6.0;
const RADIUS: f32 = 4.5;
/// How far one press of an arrow key moves a point: shares of the range and of full opacity.
const STEP: (f64, f32) = (0.005, 0.02);

/// The curve's place and range.
struct Chart {
    rect: Rect,
    low: f64,
    high: f64,
}

impl Chart {
    fn at(&self, value: f64, opacity: f32) -> Pos2 {
        let share = ((value - self.low) / (self.high - self.low)) as f32;
        let inner = self.rect.shrink(MARGIN);
        pos2(inner.left() + share * inner.width(), inner.bottom() - opacity * inner.height())
    }

    fn from(&self, at: Pos2) -> (f64, f32) {
        let inner = self.rect.shrink(MARGIN);
        let share = f64::from((at.x - inner.left()) / inner.width().max(1.0)).clamp(0.0, 1.0);
        let opacity = ((inner.bottom() - at.y) / inner.height().max(1.0)).clamp(0.0, 1.0);
        (self.low + share * (self.high - self.low), opacity)
    }
}

/// Draws it. Dragging moves a point, a double click adds one, a right click or Delete removes it; arrow keys
/// move the one that has the keyboard.
pub(super) fn show(ui: &mut Ui, view: &mut ViewState) {
    let Some(before) = curve_of(view) else { return };
    let mut curve = before.clone();
    let size = vec2(ui.available_width(), HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let name = tr("Transfer curve");
    response.widget_info(|| WidgetInfo::labeled(Role::GraphicsObject, true, name));
    let chart = chart(rect, &curve, view);
    paint(ui, &chart, &curve, view);
    let pointer = response.interact_pointer_pos();
    if let Some(at) = pointer.filter(|_| response.double_clicked()) {
        let (value, opacity) = chart.from(at);
        let (more, index) = curve.inserted(value, opacity);
        curve = more;
        view.transient.transfer_point = Some(index);
    }
    response.on_hover_text(tr(
        "Drag a point: value and opacity. Double click: a new point. Right click or Delete: without it.",
    ));
    for index in 0..before.points().len() {
        point(ui, &chart, index, &before, &mut curve, view);
    }
    below(ui, &mut curve, view);
    if curve != before {
        view.scan.view_3d.transfer = TransferFunction::Points(curve);
        view.scan.view_3d.preset = None;
    }
}

/// The curve in use; of the window's, as many points as follow it closely.
fn curve_of(view: &ViewState) -> Option<TransferCurve> {
    let window = view.scan.view_3d.window;
    match &view.scan.view_3d.transfer {
        TransferFunction::Points(curve) => Some(curve.clone()),
        TransferFunction::Window => window_curve(window),
    }
}

fn window_curve(window: Window) -> Option<TransferCurve> {
    let point = |n: u32| {
        let value = window.low() + window.width * f64::from(n) / 4.0;
        let (colour, opacity) = TransferFunction::Window.sample(value, window);
        let colour = colour.map(|c| (c * 255.0).round() as u8);
        TransferPoint { value, colour, opacity }
    };
    TransferCurve::new((0..=4).map(point).collect())
}

/// From the lowest to the highest of the scan's values and the curve's.
fn chart(rect: Rect, curve: &TransferCurve, view: &ViewState) -> Chart {
    let (mut low, mut high) = curve.range();
    if let Some(stats) = view.scan.stats.filter(|s| s.min.is_finite() && s.max.is_finite()) {
        (low, high) = (low.min(stats.min), high.max(stats.max));
    }
    Chart { rect, low, high }
}

fn paint(ui: &Ui, chart: &Chart, curve: &TransferCurve, view: &ViewState) {
    let c = colours(ui);
    ui.painter().rect_filled(chart.rect, CornerRadius::same(3), c.field);
    if let Some(h) = view.scan.histogram.as_ref().filter(|h| !h.counts().is_empty()) {
        let ends = [h.edge(0), h.edge(h.counts().len())].map(|v| chart.at(v, 0.0).x);
        let bars = Rect::from_x_y_ranges(ends[0]..=ends[1], chart.rect.y_range());
        if bars.width() >= 1.0 {
            histogram::bars(ui, bars, h, c.quiet.gamma_multiply(0.45));
        }
    }
    // A strip of the colours themselves.
    let mut mesh = egui::Mesh::default();
    let inner = chart.rect.shrink(MARGIN);
    for x in 0..inner.width() as usize {
        let left = inner.left() + x as f32;
        let (value, _) = chart.from(pos2(left + 0.5, inner.top()));
        let (colour, _) = curve.sample(value);
        let [r, g, b] = colour.map(|c| (c * 255.0).round() as u8);
        let strip = Rect::from_min_size(pos2(left, chart.rect.bottom() - 3.0), vec2(1.0, 3.0));
        mesh.add_colored_rect(strip, Color32::from_rgb(r, g, b));
    }
    ui.painter().add(mesh);
    let points = curve.points();
    let (first, last) = (points[0], points[points.len() - 1]);
    let mut line = vec![chart.at(chart.low, first.opacity)];
    line.extend(points.iter().map(|p| chart.at(p.value, p.opacity)));
    line.push(chart.at(chart.high, last.opacity));
    ui.painter().line(line, Stroke::new(1.5, c.text));
}

fn point(
    ui: &Ui,
    chart: &Chart,
    index: usize,
    before: &TransferCurve,
    curve: &mut TransferCurve,
    view: &mut ViewState,
) {
    let TransferPoint { value, colour, opacity } = before.points()[index];
    let at = chart.at(value, opacity);
    let id = ui.scope_id().with(("transfer point", index));
    let grip = Rect::from_center_size(at, Vec2::splat(2.0 * RADIUS + 6.0));
    let response = ui.interact(grip, id, Sense::click_and_drag());
    let text = tr("Point {n} of the curve: {value}, opacity {opacity} %")
        .replace("{n}", &(index + 1).to_string())
        .replace("{value}", &format!("{}{}", number(value), unit(view)))
        .replace("{opacity}", &format!("{:.0}", opacity * 100.0));
    response.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, &text));
    if response.has_focus() {
        claim_delete(ui.ctx(), id);
        let arrows = EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|m| m.set_focus_lock_filter(id, arrows));
    }
    if response.drag_started() || response.clicked() || response.gained_focus() {
        view.transient.transfer_point = Some(index);
        response.request_focus();
    }
    if let Some(to) = response.interact_pointer_pos().filter(|_| response.dragged()) {
        let (value, opacity) = chart.from(to);
        *curve = curve.moved(index, value, opacity);
    }
    if response.has_focus() {
        keys(ui, chart, index, curve, view);
    }
    if response.clicked_by(PointerButton::Secondary) {
        *curve = curve.removed(index);
        view.transient.transfer_point = None;
    }
    let [r, g, b] = colour;
    let strong = view.transient.transfer_point == Some(index) || response.hovered();
    let edge = if strong { colours(ui).accent } else { colours(ui).text };
    ui.painter().circle(at, RADIUS, Color32::from_rgb(r, g, b), Stroke::new(1.5, edge));
    response.on_hover_text(text);
}

fn keys(ui: &Ui, chart: &Chart, index: usize, curve: &mut TransferCurve, view: &mut ViewState) {
    let pressed = |key| ui.input(|i| i.num_presses(key)) as f32;
    if pressed(Key::Delete) + pressed(Key::Backspace) > 0.0 {
        *curve = curve.removed(index);
        view.transient.transfer_point = None;
        return;
    }
    let right = pressed(Key::ArrowRight) - pressed(Key::ArrowLeft);
    let up = pressed(Key::ArrowUp) - pressed(Key::ArrowDown);
    if let Some(p) = curve.points().get(index).filter(|_| right != 0.0 || up != 0.0) {
        let value = p.value + f64::from(right) * STEP.0 * (chart.high - chart.low);
        *curve = curve.moved(index, value, (p.opacity + up * STEP.1).clamp(0.0, 1.0));
    }
}

/// The numbers and the colour of the chosen point, and buttons for one more and one less.
fn below(ui: &mut Ui, curve: &mut TransferCurve, view: &mut ViewState) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        if row_button(ui, icons::PLUS, tr("Add a point"), tr("A new point in the widest gap"))
            .clicked()
        {
            let (more, index) = in_the_widest_gap(curve);
            *curve = more;
            view.transient.transfer_point = Some(index);
        }
        let chosen = view.transient.transfer_point.and_then(|n| Some((n, *curve.points().get(n)?)));
        let Some((index, mut p)) = chosen else {
            ui.label(quiet(ui, tr("Choose a point")));
            return;
        };
        let remove =
            row_button(ui, icons::TRASH, tr("Remove the point"), tr("Without this point (Del)"));
        let colour = ui.color_edit_button_srgb(&mut p.colour).accessible_name(tr("Point's colour"));
        if colour.changed() {
            *curve = curve.coloured(index, p.colour);
        }
        let (low, high) = curve.range();
        let speed = ((high - low) / 400.0).max(f64::MIN_POSITIVE);
        let value = DragValue::new(&mut p.value).speed(speed);
        let value = value.custom_formatter(|v, _| editable(v));
        let value = ui.add_sized(vec2(66.0, 22.0), value).accessible_name(tr("Point's value"));
        let mut percent = p.opacity * 100.0;
        let opacity = DragValue::new(&mut percent).range(0.0..=100.0).speed(0.5);
        let opacity = ui
            .add_sized(vec2(58.0, 22.0), opacity.fixed_decimals(0).suffix(" %"))
            .accessible_name(tr("Point's opacity"));
        if value.changed() || opacity.changed() {
            *curve = curve.moved(index, p.value, percent / 100.0);
        }
        if remove.clicked() {
            *curve = curve.removed(index);
            view.transient.transfer_point = None;
        }
    });
}

fn in_the_widest_gap(curve: &TransferCurve) -> (TransferCurve, usize) {
    let gap = |pair: &&[TransferPoint]| pair[1].value - pair[0].value;
    let widest = curve.points().windows(2).max_by(|a, b| gap(a).total_cmp(&gap(b)));
    let middle = widest.map_or(0.0, |pair| f64::midpoint(pair[0].value, pair[1].value));
    let (_, opacity) = curve.sample(middle);
    curve.inserted(middle, opacity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_windows_curve_follows_it_and_a_new_point_changes_nothing() {
        let window = Window::new(40.0, 400.0);
        let curve = window_curve(window).unwrap();
        for value in [-200.0, -160.0, 40.0, 240.0, 500.0] {
            let (wanted, got) =
                (TransferFunction::Window.sample(value, window), curve.sample(value));
            assert!((wanted.1 - got.1).abs() < 0.02 && (wanted.0[0] - got.0[0]).abs() < 0.01);
        }
        let (more, index) = in_the_widest_gap(&curve);
        assert_eq!(more.points().len(), 6);
        let p = more.points()[index];
        assert!((curve.sample(p.value).1 - p.opacity).abs() < 1e-6);
    }
}
