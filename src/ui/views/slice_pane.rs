use egui::{Align2, Rect, Response, Role, Sense, Slider, Stroke, Ui, UiBuilder, WidgetInfo, vec2};

use super::{
    Context, SliceTransform, gpu, keyboard, model_window, paint, pointer_input, turn, wheel,
};
use crate::document::Object;
use crate::geom::Plane;
use crate::render::{ColourMap, ImageOverlay, MaskStyle, SliceParams};
use crate::ui::commands::segment;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::state::{Pane, PreviewStatus, ViewState, can_extend, is_cut};
use crate::ui::tools::{self, marks, measured, shape_marks};
use crate::ui::views::{annotation_text, comparison_legend, mask_tooltip, side_names};
use crate::volume::Window;

/// Makes the pane answer to the pointer. Before anything is painted, so that linked views never show two
/// different moments.
pub fn interact(ui: &Ui, rect: Rect, plane: Plane, cx: &mut Context) -> Response {
    let id = ui.scope_id().with(("slice view", plane.name()));
    let response = ui.interact(rect, id, Sense::click_and_drag());
    if !cx.view.transient.is_figure {
        wheel::handle(ui, &response, plane, cx);
        keyboard::move_crosshair(ui, &response, plane, cx);
    }
    turn::interact(ui, rect, plane, cx);
    response
}

/// Paints the picture and what lies over it, and adds the pane's slider.
pub fn show(ui: &mut Ui, response: &Response, plane: Plane, cx: &mut Context) {
    let rect = response.rect;
    let transform = cx.slice_transform(rect, plane);
    let mut place = annotation_text::slice_text(&transform, cx.view.scan.crosshair);
    let time_points = cx.document.image().time_points();
    if time_points > 1 {
        // Pictures have no bar that tells it. A line of its own: in a narrow view it would reach the letter above.
        let time_point = tr("Time point").to_lowercase();
        place = format!("{place}\n{time_point} {}/{time_points}", cx.view.scan.time_point + 1);
    }
    response.widget_info(|| {
        let name = tr_with("{name} view", &[("name", &tr(plane.name()))]);
        let mut info = WidgetInfo::labeled(Role::Canvas, true, name);
        info.current_text_value = Some(place.replace('\n', " · "));
        info
    });
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    picture(&painter, rect, plane as usize, &transform, cx);

    let view = &*cx.view;
    let cross = turn::cross(rect, plane, &transform, cx);
    if let Some(object) = cx.document.active().filter(|o| cx.shows_prompts(o)) {
        let goes_on = can_extend(object, cx.status) || is_cut(object, cx.status);
        for footprint in &object.answer.footprint {
            model_window::draw(&painter, &transform, rect, footprint, goes_on);
        }
        if view.prefs.show_crosshair {
            turn::draw(&painter, rect, &cross);
        }
        let marks = marks::of(&transform, rect, object, cx);
        shape_marks::draw(&painter, rect, &transform, object, cx);
        marks::draw(&painter, &marks, object, view.transient.selected_prompt);
        if let Some(mark) = marks::computed(&marks, object, cx) {
            thinking(ui, &painter, mark.at, 2.0);
        }
    } else if view.prefs.show_crosshair {
        turn::draw(&painter, rect, &cross);
    }
    let seen = cx.place(rect, Pane::Slice(plane));
    let in_hand = view.prefs.tool == tools::MEASURE && !view.transient.is_figure;
    measured::draw(&painter, &seen, in_hand, cx);
    let lines = view.prefs.show_crosshair.then_some(cross.at);
    words(ui, &painter, (rect, &transform), (&place, lines), cx);
    if cx.view.is_side_by_side() {
        side_names::draw_left(ui, &painter, rect, cx);
        side_names::mark_pointer(&painter, response, plane, cx);
    }
    extension(&painter, rect, cx);
    if view.prefs.show_crosshair && !view.transient.is_figure {
        turn::draw_handles(ui, &painter, rect, plane, &cross, cx);
    }
    if !view.transient.is_figure {
        pointer_input::paint(&painter, response, Pane::Slice(plane), cx);
    }
    pointer(ui, &painter, response, cx);
    slider(ui, rect, plane, cx);
}

/// The slice that `transform` shows, in this of the scene's panes.
pub fn picture(
    painter: &egui::Painter,
    rect: Rect,
    pane: usize,
    transform: &SliceTransform,
    cx: &Context,
) {
    if !cx.gpu {
        no_picture(painter, rect);
        return;
    }
    painter.add(gpu::slice(rect, pane, params(painter, rect, transform, cx)));
}

/// How it is drawn.
pub fn params(
    painter: &egui::Painter,
    rect: Rect,
    transform: &SliceTransform,
    cx: &Context,
) -> SliceParams {
    let ppp = painter.pixels_per_point();
    let view = &*cx.view;
    let hidden = MaskStyle { fill: 0.0, outline: 0.0, ..view.prefs.masks };
    let (window, colour_map) = if view.scan.show_image {
        (view.scan.window, view.scan.colour_map)
    } else {
        (Window::new(f64::MAX, 1.0), ColourMap::Grey)
    };
    SliceParams {
        size: paint::pixel_size(rect, ppp),
        voxel_from_pane: transform.voxel_from_pane(f64::from(ppp)),
        window,
        interpolation: view.prefs.interpolation,
        colour_map,
        slab: transform.slab(view.prefs.slab_mm, view.prefs.projection),
        overlays: overlay_images(view),
        masks: if view.labels_shown() { view.prefs.masks } else { hidden },
    }
}

/// The second images as they are drawn: each in the slot of its place in the list.
fn overlay_images(view: &ViewState) -> Vec<ImageOverlay> {
    let shown = view.scan.overlays.iter().enumerate().filter(|(_, layer)| layer.visible);
    shown
        .map(|(slot, layer)| ImageOverlay {
            slot,
            window: layer.window,
            colour_map: layer.colour_map,
            opacity: layer.opacity,
            interpolation: view.prefs.interpolation,
        })
        .collect()
}

/// The slice alone: no letters, lines or dots.
pub fn show_picture(ui: &Ui, rect: Rect, plane: Plane, cx: &Context) {
    let transform = cx.slice_transform(rect, plane);
    picture(ui.painter(), rect, plane as usize, &transform, cx);
}

/// Says why a view is black.
pub fn no_picture(painter: &egui::Painter, rect: Rect) {
    painter.rect_filled(rect, 0.0, egui::Color32::BLACK);
    let at = rect.center() + vec2(0.0, 24.0);
    paint::text(painter, at, Align2::CENTER_CENTER, tr("No graphics device"), 12.0, paint::QUIET);
}

/// Says that the mask goes on beyond what the model has looked at, and by which key it is followed; above what
/// else stands at the bottom of the pane.
fn extension(painter: &egui::Painter, rect: Rect, cx: &Context) {
    let goes_on = |o: &Object| {
        cx.shows_prompts(o) && can_extend(o, cx.status) && !cx.document.is_pending(o.id)
    };
    if !cx.document.active().is_some_and(goes_on) {
        return;
    }
    let key = segment::EXTEND.key_text();
    let texts = [
        tr_with("The mask reaches the model's cube: {key} extends it", &[("key", &key)]),
        tr_with("{key} extends", &[("key", &key)]),
    ];
    let fits = |text: &String| paint::text_width(painter, text, 12.0) < rect.width() - 40.0;
    if rect.height() >= 160.0
        && let Some(text) = texts.iter().find(|text| fits(text))
    {
        let at = rect.center_bottom() - vec2(0.0, 38.0);
        paint::text(painter, at, Align2::CENTER_BOTTOM, text, 12.0, paint::WARNING);
    }
}

fn words(
    ui: &Ui,
    painter: &egui::Painter,
    (rect, transform): (Rect, &SliceTransform),
    (place, cross): (&str, Option<egui::Pos2>),
    cx: &Context,
) {
    let elided = annotation_text::corner(painter, rect, transform, place, cx.view, cross);
    if let Some(at) = elided.filter(|_| !cx.view.transient.is_figure) {
        let plane = tr(transform.frame().plane().name());
        annotation_text::hover_text(ui, at, &format!("{plane}\n{place}"));
    }
    // Very small panes keep what tells the sides apart and drop the rest.
    if rect.width() >= 180.0 && rect.height() >= 120.0 {
        annotation_text::scale_bar(painter, rect, transform.pan_zoom().points_per_mm);
        annotation_text::windows(painter, rect, cx.view);
    }
    comparison_legend::in_slices(painter, rect, cx.view);
    annotation_text::letters(painter, rect, &transform.frame().letters());
}

/// The name of the mask under the pointer, and a ring while the model thinks.
fn pointer(ui: &Ui, painter: &egui::Painter, response: &Response, cx: &Context) {
    let Some(at) = response.hover_pos().filter(|p| response.rect.contains(*p)) else { return };
    mask_tooltip::show(ui, painter, response, at, cx);
    if cx.status.busy.is_some() {
        thinking(ui, painter, at, 2.0);
    } else if cx.status.preview == PreviewStatus::Encoding {
        thinking(ui, painter, at, 1.0);
    }
}

/// Three quarters of a ring that turns slowly: work is being done. Thin for work nobody waits for.
fn thinking(ui: &Ui, painter: &egui::Painter, at: egui::Pos2, width: f32) {
    let turn = ui.input(|i| (i.time / 1.2).fract()) as f32 * std::f32::consts::TAU;
    let arc: Vec<_> = (0..=24)
        .map(|n| {
            let angle = turn + n as f32 / 24.0 * 0.75 * std::f32::consts::TAU;
            at + vec2(angle.cos(), angle.sin()) * 11.0
        })
        .collect();
    let edge = Stroke::new(width + 2.0, egui::Color32::from_black_alpha(160));
    painter.line(arc.clone(), edge);
    painter.line(arc, Stroke::new(width, paint::ACCENT));
    // Seldom: every turn costs a frame, and without a graphics card frames cost the model its time.
    ui.ctx().request_repaint_after(std::time::Duration::from_millis(120));
}

/// The slice slider along the right edge: seen while the pointer is in the pane, always there for the
/// keyboard and for assistive tools. Superior, Anterior, Right at the top.
fn slider(ui: &mut Ui, rect: Rect, plane: Plane, cx: &mut Context) {
    let grid = cx.document.image().grid();
    let transform = cx.slice_transform(rect, plane);
    let count = transform.frame().slices();
    // Room for the maximise button above.
    let lane = Rect::from_min_max(
        egui::pos2(rect.max.x - annotation_text::SLIDER_LANE, rect.min.y + 28.0),
        rect.max - vec2(1.0, 8.0),
    );
    if count < 2 || lane.height() < 40.0 {
        return;
    }
    let id = ui.scope_id().with(("slice slider", plane.name()));
    let mut child = ui.new_child(UiBuilder::new().id_salt(id).max_rect(lane));
    let held = child.data(|d| d.get_temp(id)).unwrap_or(false);
    let near = cx.view.transient.hovered == Some(Pane::Slice(plane));
    // Not while something else is being dragged.
    let seen = held || near && !child.input(|i| i.pointer.any_down());
    child.spacing_mut().slider_width = lane.height();
    child.spacing_mut().interact_size.y = annotation_text::SLIDER_LANE - 2.0;
    child.spacing_mut().slider_rail_height = 3.0;
    let (mut number, last) = (transform.slice(), count - 1);
    let range = if transform.frame().slice_grows_positive() { 0..=last } else { last..=0 };
    let slider = Slider::new(&mut number, range).vertical().show_value(false);
    if !seen {
        child.set_opacity(0.0);
    }
    let name = tr_with("{name} slice", &[("name", &tr(plane.name()))]);
    let response = child.add(slider).accessible_name(name);
    let held = response.dragged() || response.has_focus();
    child.data_mut(|d| d.insert_temp(id, held));
    if response.changed() {
        cx.view.set_slice(grid, plane, number);
        child.ctx().request_repaint();
    }
}
