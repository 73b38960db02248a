//! The four views: three slices and 3D. Shows the document through [`ViewState`], changes the view by
//! itself, and says what is to be done to the document as [`Action`]s.
//!
//! All geometry of slice views is in [`SliceLens`], which knows no egui. Pictures come from the
//! [`SceneSlot`] in egui's callback resources; words, lines and input don't need it.

mod gpu;
mod input;
mod intent;
mod layout;
mod lens;
mod marks;
mod overlay;
mod paint;
mod section;
mod slice_pane;
mod volume_pane;

use egui::{Color32, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo, vec2};

pub use gpu::SceneSlot;
pub use lens::SliceLens;

use super::{Action, Pane, Status, ViewState};
use crate::document::{Document, Object};
use crate::geom::{DVec2, Plane};

/// What the views work on during one frame.
struct Context<'a> {
    document: &'a Document,
    view: &'a mut ViewState,
    status: &'a Status,
    gpu: bool,
    out: &'a mut Vec<Action>,
}

impl Context<'_> {
    /// The mapping of a slice view as it is now.
    fn lens(&self, rect: Rect, plane: Plane) -> SliceLens {
        let grid = self.document.image().grid();
        let size = DVec2::new(f64::from(rect.width()), f64::from(rect.height()));
        let view = &*self.view;
        let (slice, pan_zoom) = (view.slice(grid, plane), view.pane(plane).pan_zoom);
        SliceLens::new(grid, plane, view.convention, view.oblique.as_ref(), pan_zoom, size, slice)
    }

    /// Whether an object's clicks and model window are drawn.
    fn shows_clicks(&self, object: &Object) -> bool {
        object.visible && !self.view.peek
    }
}

/// Fills what is left of `ui` with the views.
///
/// `gpu`: whether a [`SceneSlot`] was put into egui's callback resources. Without it the panes stay black
/// and say so; everything else works.
pub fn show(
    ui: &mut Ui,
    gpu: bool,
    document: &Document,
    view: &mut ViewState,
    status: &Status,
    out: &mut Vec<Action>,
) {
    let area = ui.available_rect_before_wrap();
    ui.allocate_rect(area, Sense::hover());
    view.hover = None;
    view.hovered = None;
    view.intent = None;
    let before = view.crosshair;
    let mut cx = Context { document, view, status, gpu, out };

    let panes = layout::panes(area, ui.pixels_per_point(), cx.view.maximised);
    ui.painter().rect_filled(area, 0.0, ui.visuals().widgets.noninteractive.bg_stroke.color);
    let responses: Vec<(Pane, Response)> = panes
        .into_iter()
        .map(|(pane, rect)| {
            ui.painter().rect_filled(rect, 0.0, Color32::BLACK);
            let response = match pane {
                Pane::Slice(plane) => slice_pane::interact(ui, rect, plane, &mut cx),
                Pane::Volume => volume_pane::interact(ui, rect, &mut cx),
            };
            (pane, response)
        })
        .collect();
    for (pane, response) in &responses {
        match pane {
            Pane::Slice(plane) => slice_pane::show(ui, response, *plane, &mut cx),
            Pane::Volume => volume_pane::show(ui, response, &cx),
        }
        if !cx.view.is_figure {
            maximise_button(ui, response.rect, *pane, &mut cx);
        }
    }
    if cx.view.crosshair != before {
        // Panels that were shown before the views read the crosshair, too.
        ui.ctx().request_repaint();
    }
}

/// The pictures of the views alone, without letters, crosshair, text or input: for figures.
pub fn show_pictures(ui: &mut Ui, document: &Document, view: &mut ViewState) {
    let area = ui.available_rect_before_wrap();
    let (status, mut nothing_is_asked) = (Status::default(), Vec::new());
    let maximised = view.maximised;
    let cx = Context { document, view, status: &status, gpu: true, out: &mut nothing_is_asked };
    for (pane, rect) in layout::panes(area, ui.pixels_per_point(), maximised) {
        match pane {
            Pane::Slice(plane) => slice_pane::show_picture(ui, rect, plane, &cx),
            Pane::Volume => volume_pane::show_picture(ui, rect, &cx),
        }
    }
}

/// A small button in the top right corner that fills the window with a view, or shows all again.
fn maximise_button(ui: &mut Ui, pane: Rect, which: Pane, cx: &mut Context) {
    let rect = Rect::from_min_size(pane.right_top() + vec2(-24.0, 4.0), vec2(20.0, 20.0));
    if !pane.contains_rect(rect) {
        return;
    }
    let maximised = cx.view.maximised == Some(which);
    let id = ui.scope_id().with(("maximise", which.name()));
    let response = ui.interact(rect, id, Sense::click());
    let (name, hint) = if maximised {
        ("Show all views".to_owned(), "Show all views (0)".to_owned())
    } else {
        let name = format!("Maximise {} view", which.name());
        let hint = format!("{name} ({})", which.key());
        (name, hint)
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    let strong = response.hovered() || response.has_focus();
    let colour = if strong { paint::TEXT } else { paint::QUIET.gamma_multiply(0.7) };
    let painter = ui.painter().with_clip_rect(pane.intersect(ui.clip_rect()));
    if strong {
        painter.rect_filled(rect, 3.0, Color32::from_black_alpha(160));
    }
    corners(&painter, rect.shrink(5.5), maximised, colour);
    if response.clicked() {
        cx.view.toggle_maximised(which);
        ui.ctx().request_repaint();
    }
    response.on_hover_text(hint);
}

/// Four corner angles, pointing outwards, or inwards for the way back.
fn corners(painter: &egui::Painter, rect: Rect, inwards: bool, colour: Color32) {
    let arm = 3.5;
    for (corner, x, y) in [
        (rect.left_top(), 1.0, 1.0),
        (rect.right_top(), -1.0, 1.0),
        (rect.left_bottom(), 1.0, -1.0),
        (rect.right_bottom(), -1.0, -1.0),
    ] {
        let bend = if inwards { corner + vec2(x, y) * arm } else { corner };
        let reach = if inwards { -arm } else { arm };
        for (width, colour) in [(3.0, Color32::from_black_alpha(150)), (1.5, colour)] {
            let stroke = Stroke::new(width, colour);
            painter.line_segment([bend, bend + vec2(x * reach, 0.0)], stroke);
            painter.line_segment([bend, bend + vec2(0.0, y * reach)], stroke);
        }
    }
}
