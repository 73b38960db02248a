//! A sheet of many slices of one plane: the most superior (anterior, right) one at the top left.

use egui::{Align, Color32, DragValue, Layout, Rect, Response, Role, Sense, Stroke, StrokeKind};
use egui::{Ui, UiBuilder, WidgetInfo, vec2};

use super::{
    Context, SliceTransform, layout, paint, pointer_input, readout, slice_pane, turn, wheel,
};
use crate::geom::{DVec2, Plane};
use crate::render::SLICE_PANES;
use crate::ui::commands::views;
use crate::ui::kit::icons;
use crate::ui::kit::text::tr;
use crate::ui::state::{Lightbox, Pane};
use crate::ui::tools::{drag_window, marks, shape_marks};
use crate::ui::views::{annotation_text, comparison_legend, mask_tooltip};

/// Height of the bar above the sheet, in points.
const BAR: f32 = 34.0;
/// Pictures in a row, or rows, at most: all of them together are fewer than the scene's panes.
const MOST: usize = 12;
/// The first of the scene's panes that sheets use: the views keep theirs.
const FIRST_PANE: usize = 3;
const _: () = assert!(MOST * MOST + FIRST_PANE <= SLICE_PANES);

/// Which slices a sheet shows, counted from the most superior (anterior, right) one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sheet {
    first: usize,
    step: usize,
    cells: usize,
    /// Slices of the scan.
    count: usize,
}

impl Sheet {
    /// Around `present`, which is always on it. `step` 0 spans the scan. `before`: what was shown until now; the
    /// sheet then moves no more than it must.
    fn new(count: usize, cells: usize, step: usize, present: usize, before: Option<Sheet>) -> Self {
        let (count, cells) = (count.max(1), cells.max(1));
        let step = if step == 0 { count.div_ceil(cells).max(1) } else { step };
        let present = present.min(count - 1);
        let place = match before {
            Some(b) if b.step == step && b.cells == cells && b.count == count => {
                (present.saturating_sub(b.first) / step).min(cells - 1)
            }
            _ => cells / 2,
        };
        // As much of the sheet as can be is filled.
        let before_it = present / step;
        let after_it = (count - 1 - present) / step;
        let place = place.max((cells - 1).saturating_sub(after_it)).min(before_it);
        Self { first: present - place * step, step, cells, count }
    }

    /// The slice of a cell, if the scan goes so far.
    fn slice(&self, cell: usize) -> Option<usize> {
        let slice = self.first + cell * self.step;
        (slice < self.count).then_some(slice)
    }

    /// Whether there are slices before or after it.
    fn scrolls(&self) -> bool {
        self.first >= self.step || self.first + self.cells * self.step < self.count
    }
}

/// A lightbox with sizes that can be drawn.
fn sane(lightbox: Lightbox) -> Lightbox {
    let size = |n: usize| n.clamp(1, MOST);
    Lightbox { columns: size(lightbox.columns), rows: size(lightbox.rows), ..lightbox }
}

/// Index of a slice as the sheet counts them, from one as the scan counts them, or the other way round.
fn counted(slice: usize, count: usize, grows_positive: bool) -> usize {
    if grows_positive { count.saturating_sub(1).saturating_sub(slice) } else { slice }
}

/// What a cell shows, and where.
struct Cell {
    rect: Rect,
    transform: SliceTransform,
}

fn sheet(cx: &Context, lightbox: Lightbox, before: Option<Sheet>) -> Sheet {
    let grid = cx.document.image().grid();
    let frame = cx.view.slice_frame(grid, lightbox.plane);
    let count = frame.slices();
    let slice = cx.view.slice(grid, lightbox.plane);
    let present = counted(slice, count, frame.slice_grows_positive());
    let cells = lightbox.columns * lightbox.rows;
    Sheet::new(count, cells, cx.view.prefs.lightbox_step, present, before)
}

fn cells(area: Rect, ppp: f32, lightbox: Lightbox, sheet: &Sheet, cx: &Context) -> Vec<Cell> {
    let (grid, view) = (cx.document.image().grid(), &*cx.view);
    let plane = lightbox.plane;
    let up = view.slice_frame(grid, plane).slice_grows_positive();
    let rects = layout::table(area, ppp, lightbox.columns, lightbox.rows);
    let cell = |(n, rect): (usize, Rect)| {
        let slice = counted(sheet.slice(n)?, sheet.count, up);
        let size = DVec2::new(f64::from(rect.width()), f64::from(rect.height()));
        let turn = view.scan.oblique.as_ref();
        let transform =
            SliceTransform::new(grid, plane, view.prefs.convention, turn, None, size, slice);
        Some(Cell { rect, transform })
    };
    rects.into_iter().enumerate().filter_map(cell).collect()
}

/// The pictures alone.
pub fn show_pictures(ui: &Ui, area: Rect, lightbox: Lightbox, cx: &Context) {
    let lightbox = sane(lightbox);
    let sheet = sheet(cx, lightbox, None);
    for (n, cell) in cells(area, ui.pixels_per_point(), lightbox, &sheet, cx).iter().enumerate() {
        slice_pane::picture(ui.painter(), cell.rect, FIRST_PANE + n, &cell.transform, cx);
    }
}

/// The sheet, in all of `area`, and the bar above it.
pub fn show(ui: &mut Ui, area: Rect, lightbox: Lightbox, cx: &mut Context) {
    let mut lightbox = sane(lightbox);
    let bar_height = if cx.view.transient.is_figure { 0.0 } else { BAR.min(area.height() / 3.0) };
    let below = Rect::from_min_max(area.min + vec2(0.0, bar_height), area.max);
    let id = ui.scope_id().with("sheet of slices");
    let before = ui.data(|d| d.get_temp::<(Plane, Sheet)>(id));
    let before = before.filter(|(plane, _)| *plane == lightbox.plane).map(|(_, sheet)| sheet);
    let before = before.filter(|_| !cx.view.transient.is_figure);
    let mut sheet_now = sheet(cx, lightbox, before);
    if !cx.view.transient.is_figure && scroll(ui, below, lightbox, &mut sheet_now, cx) {
        sheet_now = sheet(cx, lightbox, Some(sheet_now));
    }
    let ppp = ui.pixels_per_point();
    let table = layout::table(below, ppp, lightbox.columns, lightbox.rows);
    paint::gaps(ui, below, table.iter().copied());
    let shown = cells(below, ppp, lightbox, &sheet_now, cx);
    // Cells without a slice; pictures are painted whole.
    for rect in table.iter().skip(if cx.gpu { shown.len() } else { 0 }) {
        ui.painter().rect_filled(*rect, 0.0, Color32::BLACK);
    }
    let responses: Vec<Response> =
        shown.iter().enumerate().map(|(n, cell)| interact(ui, n, cell, lightbox, cx)).collect();
    ui.data_mut(|d| d.insert_temp(id, (lightbox.plane, sheet_now)));
    for (n, (cell, response)) in shown.iter().zip(&responses).enumerate() {
        show_cell(ui, n, cell, response, lightbox.plane, cx);
    }
    comparison_legend::in_slices(&ui.painter().with_clip_rect(below), below, cx.view);
    if responses.iter().any(Response::double_clicked) {
        cx.view.scan.lightbox = None;
        ui.ctx().request_repaint();
        return;
    }
    if bar_height > 0.0 {
        let rect = Rect::from_min_max(area.min, egui::pos2(area.max.x, below.min.y));
        let open = bar(ui, rect, &mut lightbox, cx);
        cx.view.scan.lightbox = open.then_some(lightbox);
    }
}

/// Scrolls by a row; where all is seen, steps to the next picture. `true` if the crosshair has moved.
fn scroll(ui: &Ui, area: Rect, lightbox: Lightbox, sheet: &mut Sheet, cx: &mut Context) -> bool {
    if !ui.rect_contains_pointer(area) {
        return false;
    }
    let id = ui.scope_id().with("sheet wheel");
    let steps = wheel::whole_steps(ui, id, wheel::wheel_lines(ui));
    if steps == 0 {
        return false;
    }
    let row = if sheet.scrolls() { lightbox.columns } else { 1 };
    // Up is towards the first picture.
    let by = steps.saturating_mul((row * sheet.step) as i64);
    cx.view.step(cx.document.image().grid(), lightbox.plane, by);
    if sheet.scrolls() {
        let first = i64::try_from(sheet.first).unwrap_or(0).saturating_sub(by);
        sheet.first = usize::try_from(first).unwrap_or(0).min(sheet.count - 1);
    }
    true
}

fn interact(ui: &Ui, n: usize, cell: &Cell, lightbox: Lightbox, cx: &mut Context) -> Response {
    let id = ui.scope_id().with(("sheet", n));
    // The arrow keys step through slices: no need to tab through a hundred pictures.
    let response = ui.interact(cell.rect, id, Sense::CLICK | Sense::DRAG);
    if cx.view.transient.is_figure {
        return response;
    }
    let at = ui.input(|i| i.pointer.latest_pos());
    if let Some(at) = at.filter(|_| response.contains_pointer()) {
        cx.view.transient.hovered = Some(Pane::Slice(lightbox.plane));
        cx.view.transient.hover = readout::in_slice(&cell.transform, cell.rect, at, cx);
    }
    if response.clicked()
        && let Some(at) = response.interact_pointer_pos()
    {
        let world = cell.transform.world_from_pane(paint::in_pane(cell.rect, at));
        cx.view.move_crosshair(cx.document.image().grid(), world);
    }
    let windows = response.dragged_by(egui::PointerButton::Secondary)
        || pointer_input::tool(cx).drags_window()
            && response.dragged_by(egui::PointerButton::Primary);
    if windows {
        let delta = response.drag_delta();
        drag_window(DVec2::new(f64::from(delta.x), f64::from(delta.y)), cx.view);
    }
    response
}

fn show_cell(ui: &Ui, n: usize, cell: &Cell, response: &Response, plane: Plane, cx: &Context) {
    let (rect, transform) = (cell.rect, &cell.transform);
    let number = annotation_text::slice_number(transform);
    let place = annotation_text::slice_text(transform, cx.view.scan.crosshair);
    response.widget_info(|| {
        let name = format!("{} {} {number}", tr(plane.name()), tr("slice"));
        let mut info = WidgetInfo::labeled(Role::Button, true, name);
        info.current_text_value = Some(place.clone());
        info
    });
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    if cx.gpu {
        slice_pane::picture(&painter, rect, FIRST_PANE + n, transform, cx);
    }
    let present = transform.slice() == cx.view.slice(cx.document.image().grid(), plane);
    if let Some(object) = cx.document.active().filter(|o| cx.shows_prompts(o)) {
        let mut marks = marks::of(transform, rect, object, cx);
        marks.retain(|mark| mark.above == 0);
        shape_marks::draw(&painter, rect, transform, object, cx);
        marks::draw(&painter, &marks, object, cx.view.transient.selected_prompt);
    }
    if present && cx.view.prefs.show_crosshair {
        turn::draw(&painter, rect, &turn::cross(rect, plane, transform, cx));
    }
    words(&painter, rect, transform, &place, n == 0, cx);
    if present && !cx.view.transient.is_figure {
        let stroke = Stroke::new(2.0, paint::plane_colour(plane));
        painter.rect_stroke(rect, 0.0, stroke, StrokeKind::Inside);
    }
    if let Some(at) = response.hover_pos().filter(|_| response.contains_pointer()) {
        mask_tooltip::show(ui, &painter, response, at, cx);
    }
}

/// Place and number in each picture, as far as there is room; what holds for all of them in the first.
fn words(
    painter: &egui::Painter,
    rect: Rect,
    transform: &SliceTransform,
    place: &str,
    first: bool,
    cx: &Context,
) {
    let short = place.rsplit(" · ").next().unwrap_or(place);
    let text = [place, short]
        .into_iter()
        .find(|t| paint::text_width(painter, t, 11.0) < rect.width() - 10.0);
    let at = rect.left_bottom() + vec2(5.0, -3.0);
    let text = text.unwrap_or("");
    paint::text(painter, at, egui::Align2::LEFT_BOTTOM, text, 11.0, paint::TEXT);
    if rect.width() < 90.0 || rect.height() < 80.0 {
        return;
    }
    let letters = transform.frame().letters();
    let side = |at, anchor, letter: &str| {
        paint::text(painter, at, anchor, letter, 13.0, paint::TEXT);
    };
    side(rect.left_center() + vec2(4.0, 0.0), egui::Align2::LEFT_CENTER, &letters[0]);
    side(rect.right_center() - vec2(4.0, 0.0), egui::Align2::RIGHT_CENTER, &letters[1]);
    if !first {
        return;
    }
    let plane = transform.frame().plane();
    let at = rect.min + vec2(5.0, 3.0);
    let (name, colour) = (tr(plane.name()).to_uppercase(), paint::plane_colour(plane));
    let name = paint::text(painter, at, egui::Align2::LEFT_TOP, &name, 11.0, colour);
    annotation_text::notes(painter, paint::below(name), transform, cx.view);
    // Pictures of a sheet are all of one size and window.
    let above_place = Rect::from_min_max(rect.min, rect.max - vec2(0.0, 16.0));
    if rect.width() >= 150.0 && rect.height() >= 150.0 {
        annotation_text::scale_bar(painter, above_place, transform.pan_zoom().points_per_mm);
    }
    if rect.width() >= 300.0 && rect.height() >= 200.0 {
        annotation_text::windows(painter, above_place, cx.view);
    } else if rect.width() >= 150.0 && cx.view.scan.show_image {
        let window = annotation_text::window_text(&cx.view.scan.window).join(" ");
        let at = rect.right_top() + vec2(-5.0, 3.0);
        paint::text(painter, at, egui::Align2::RIGHT_TOP, &window, 11.0, paint::TEXT);
    }
}

/// Plane, size, step, and the way back. `false`: the sheet is closed.
fn bar(ui: &mut Ui, rect: Rect, lightbox: &mut Lightbox, cx: &mut Context) -> bool {
    let layout = Layout::left_to_right(Align::Center);
    let inner = rect.shrink2(vec2(8.0, 3.0));
    let builder = UiBuilder::new().id_salt("sheet bar").max_rect(inner).layout(layout);
    let mut open = true;
    let mut child = ui.new_child(builder);
    child.spacing_mut().item_spacing.x = 4.0;
    for plane in [Plane::Axial, Plane::Sagittal, Plane::Coronal] {
        if child.selectable_label(lightbox.plane == plane, tr(plane.name())).clicked() {
            lightbox.plane = plane;
        }
    }
    child.separator();
    let number = |ui: &mut Ui, value: &mut usize, name: &str, tip: &str| {
        let drag = DragValue::new(value).range(1..=MOST).speed(0.05);
        ui.add(drag).accessible_name(name).on_hover_text(tip);
    };
    number(&mut child, &mut lightbox.columns, tr("Pictures in a row"), tr("Pictures in a row"));
    child.label("×");
    number(&mut child, &mut lightbox.rows, tr("Rows of pictures"), tr("Rows of pictures"));
    child.separator();
    child.label(tr("Every"));
    let step = DragValue::new(&mut cx.view.prefs.lightbox_step)
        .range(0..=500)
        .speed(0.05)
        .custom_formatter(|n, _| if n < 1.0 { tr("auto").to_owned() } else { format!("{n:.0}") })
        .custom_parser(|text| text.trim().parse().ok().or(Some(0.0)));
    let tip =
        tr("From one picture to the next, in slices; auto: so many that the sheet spans the scan");
    child.add(step).accessible_name(tr("Slices from picture to picture")).on_hover_text(tip);
    child.label(tr("slices"));
    child.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let button = egui::Button::new(icons::CLOSE).frame_when_inactive(false);
        let tip = views::LIGHTBOX.tip_for(tr("Back to the views"));
        if ui.add(button).accessible_name(tr("Close the sheet")).on_hover_text(tip).clicked() {
            open = false;
        }
    });
    open
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sheet_spans_the_scan_or_goes_by_its_step_around_the_present_slice() {
        let all = Sheet::new(164, 20, 0, 81, None);
        assert_eq!((all.step, all.first), (9, 0));
        assert_eq!(all.slice(9), Some(81), "the present one is on it");
        let near = Sheet::new(164, 20, 2, 80, None);
        assert_eq!((near.first, near.slice(10), near.slice(19)), (60, Some(80), Some(98)));
        assert_eq!(Sheet::new(164, 20, 1, 2, None).first, 0);
        assert_eq!(Sheet::new(164, 20, 1, 163, None).first, 144);
        let few = Sheet::new(5, 20, 1, 3, None);
        assert_eq!((few.first, few.slice(4), few.slice(5)), (0, Some(4), None));
        assert!(!all.scrolls() && near.scrolls() && !few.scrolls());
    }

    #[test]
    fn a_sheet_stays_where_it_is_while_the_present_slice_is_on_it() {
        let sheet = Sheet::new(164, 20, 2, 80, None);
        assert_eq!(Sheet::new(164, 20, 2, 66, Some(sheet)), sheet);
        let on = Sheet::new(164, 20, 2, 67, Some(sheet));
        assert_eq!((on.first, on.slice(3)), (61, Some(67)), "between two: moved by one");
        assert_eq!(Sheet::new(164, 20, 2, 110, Some(sheet)).slice(19), Some(110));
    }

    proptest! {
        #[test]
        fn the_present_slice_is_always_on_the_sheet(
            count in 1usize..900,
            cells in 1usize..145,
            step in 0usize..40,
            slices in prop::collection::vec(0usize..1000, 1..8),
        ) {
            let mut before = None;
            for slice in slices {
                let sheet = Sheet::new(count, cells, step, slice, before);
                let shown: Vec<_> = (0..cells).filter_map(|n| sheet.slice(n)).collect();
                prop_assert!(shown.contains(&slice.min(count - 1)), "{sheet:?}");
                let room = count.div_ceil(sheet.step).min(cells);
                prop_assert!(shown.len() + 1 >= room, "{} of {room}: {sheet:?}", shown.len());
                before = Some(sheet);
            }
        }
    }
}
