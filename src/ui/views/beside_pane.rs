//! The right side of a slice view: the second scan in the same plane, or the scan with the labels that its own are
//! compared with. Only looked at: what is pressed here moves the crosshair, the picture or its window.

use egui::{Painter, Rect, Response, Role, Sense, Ui, WidgetInfo};

use super::{
    Context, SliceTransform, annotation_text, gpu, keyboard, side_names, slice_pane, time_points,
    turn, wheel,
};
use crate::geom::Plane;
use crate::ui::kit::text::{tr, tr_with};

/// Makes it answer to the pointer, the wheel and, if it has the keyboard, the arrow keys: as the left side does.
pub fn interact(ui: &Ui, rect: Rect, plane: Plane, cx: &mut Context) -> Response {
    let id = ui.scope_id().with(("slice beside", plane.name()));
    let response = ui.interact(rect, id, Sense::click_and_drag());
    if !cx.view.transient.is_figure {
        wheel::handle(ui, &response, plane, cx);
        keyboard::move_crosshair(ui, &response, plane, cx);
    }
    response
}

/// The picture alone, for figures.
pub fn show_picture(ui: &Ui, rect: Rect, plane: Plane, cx: &Context) {
    let transform = cx.slice_transform(rect, plane);
    picture(&ui.painter().with_clip_rect(rect), rect, plane, &transform, cx);
}

/// Paints the picture and what lies over it.
pub fn show(ui: &Ui, response: &Response, plane: Plane, cx: &Context) {
    let rect = response.rect;
    let transform = cx.slice_transform(rect, plane);
    let place = place(&transform, cx);
    response.widget_info(|| {
        let name = tr_with("{name} view, right side", &[("name", &tr(plane.name()))]);
        let mut info = WidgetInfo::labeled(Role::Canvas, true, name);
        let place = place.replace('\n', " · ");
        info.current_text_value = Some(format!("{place} · {}", side_names::right(cx).join(" · ")));
        info
    });
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    picture(&painter, rect, plane, &transform, cx);
    let cross = turn::cross(rect, plane, &transform, cx);
    let lines = cx.view.prefs.show_crosshair.then_some(cross.at);
    if lines.is_some() {
        turn::draw(&painter, rect, &cross);
    }
    let elided = annotation_text::corner(&painter, rect, &transform, &place, cx.view, lines);
    if let Some(at) = elided.filter(|_| !cx.view.transient.is_figure) {
        annotation_text::hover_text(ui, at, &format!("{}\n{place}", tr(plane.name())));
    }
    if rect.width() >= 180.0 && rect.height() >= 120.0 {
        annotation_text::scale_bar(&painter, rect, transform.pan_zoom().points_per_mm);
        match &cx.view.scan.beside.scan {
            Some(beside) => {
                let (window, colours) = cx.view.look_of_beside(beside);
                annotation_text::window_beside(&painter, rect, &window, colours);
            }
            None => annotation_text::windows(&painter, rect, cx.view),
        }
    }
    side_names::draw_right(ui, &painter, rect, cx);
    side_names::mark_pointer(&painter, response, plane, cx);
    annotation_text::letters(&painter, rect, &transform.frame().letters());
}

/// The slice's place; its number too where it is a slice of the same scan; and the time point, if there are several.
fn place(transform: &SliceTransform, cx: &Context) -> String {
    let text = annotation_text::slice_text(transform, cx.view.scan.crosshair);
    let Some(second) = &cx.view.scan.beside.scan else { return text };
    let place = text.split(" · ").next().unwrap_or_default().to_owned();
    let volume = &second.image.volume;
    match volume.time_points() {
        1 => place,
        all => {
            let text = time_points::time_point_text(volume.time_point(), all).to_lowercase();
            format!("{place}\n{text}")
        }
    }
}

fn picture(painter: &Painter, rect: Rect, plane: Plane, transform: &SliceTransform, cx: &Context) {
    if !cx.gpu {
        slice_pane::no_picture(painter, rect);
        return;
    }
    let mut params = slice_pane::params(painter, rect, transform, cx);
    if let Some(beside) = &cx.view.scan.beside.scan {
        let own = beside.image.volume.grid();
        params = params.through(own.voxel_from_voxel_of(cx.document.image().grid()));
        (params.window, params.colour_map) = cx.view.look_of_beside(beside);
    }
    painter.add(gpu::slice_beside(rect, plane as usize, params));
}
