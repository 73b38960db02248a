//! The four views: three slices and 3D. Shows the document through [`ViewState`], changes the view by
//! itself, and says what is to be done to the document as [`Action`]s.
//!
//! All geometry of slice views is in [`SliceTransform`], which knows no egui. Pictures come from the
//! [`SceneSlot`] in egui's callback resources; words, lines and input don't need it.

mod annotation_text;
mod at_crosshair;
mod beside_pane;
mod comparison_legend;
mod gpu;
mod keyboard;
mod layout;
mod lightbox;
mod mask_tooltip;
mod model_window;
mod pen;
mod pointer_input;
mod readout;
mod section;
mod side_names;
mod slice_pane;
mod splitter;
mod time_points;
mod turn;
mod volume_pane;
mod wheel;

use egui::{Color32, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo, vec2};

pub use gpu::{BesideSlot, MoreToCome, SceneSlot};
use pointer_input::OnScreen;
pub(super) use pointer_input::note_press;
pub use time_points::height as time_points_height;

use crate::document::Document;
use crate::ui::commands::views;
use crate::ui::kit::paint;
use crate::ui::kit::text::{tr, tr_with};
pub use crate::ui::state::SliceTransform;
use crate::ui::state::{Action, GestureState, Pane, PointerSince, Screen, Status, ViewState};
use crate::ui::tools::{self, ViewContext as Context};

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
    view.transient.hover = None;
    view.transient.hovered = None;
    view.transient.intent = None;
    view.transient.edit_intent = None;
    view.transient.flood.take_if(|flood| flood.hovers);
    if view.transient.gesture == GestureState::Idle {
        view.transient.brush = None;
    }
    let before = (view.scan.crosshair, view.scan.oblique, view.prefs.splits);
    let mut cx = Context { egui: ui.ctx().clone(), document, view, status, gpu, out };
    time_points::play(ui, &mut cx);
    let above = time_points::above(area, &cx);
    cx.view.transient.screen = Screen {
        area: above.size().into(),
        panes: Vec::new(),
        twice: Vec::new(),
        pixels_per_point: ui.pixels_per_point(),
    };
    cx.view.transient.view_3d = None;
    for tool in tools::ALL {
        tool.each_frame(tool.info().id == cx.view.prefs.tool, &mut cx);
    }
    match cx.view.scan.lightbox {
        Some(lightbox) => {
            // What was held on a view is not seen any more.
            pointer_input::follow(ui, OnScreen { all: &[], views: 0 }, &mut cx);
            cx.view.transient.keyboard_view = None;
            lightbox::show(ui, above, lightbox, &mut cx);
        }
        None => views(ui, above, &mut cx),
    }
    only_where_the_pointer_went(ui, cx.view);
    time_points::show(ui, area, &mut cx);
    if (cx.view.scan.crosshair, cx.view.scan.oblique, cx.view.prefs.splits) != before {
        // Panels that were shown before the views read the crosshair, too.
        ui.ctx().request_repaint();
    }
}

/// What a click or a press would give is shown once the pointer has been moved: under one that lies where a button was
/// before the scan came, it would look like a mask.
fn only_where_the_pointer_went(ui: &Ui, view: &mut ViewState) {
    let transient = &mut view.transient;
    transient.pointer = transient.pointer.seen_at(ui.input(|i| i.pointer.latest_pos()));
    if transient.pointer != PointerSince::Moved {
        (transient.intent, transient.edit_intent) = (None, None);
        transient.flood.take_if(|flood| flood.hovers);
    }
}

/// The views in their layout.
fn views(ui: &mut Ui, area: Rect, cx: &mut Context) {
    let ppp = ui.pixels_per_point();
    let panes = layout::panes(area, ppp, cx.view);
    let (left, right) = two_sides(&panes, ppp, cx.view);
    paint::gaps(ui, area, left.iter().chain(&right).map(|(_, rect)| *rect));
    let mut responses: Vec<(Pane, Response)> = left
        .iter()
        .map(|&(pane, rect)| {
            let response = match pane {
                Pane::Slice(plane) => slice_pane::interact(ui, rect, plane, cx),
                Pane::Volume => volume_pane::interact(ui, rect, cx),
            };
            (pane, response)
        })
        .collect();
    let views = responses.len();
    for (pane, rect) in right {
        if let Pane::Slice(plane) = pane {
            responses.push((pane, beside_pane::interact(ui, rect, plane, cx)));
        }
    }
    if !cx.view.transient.is_figure {
        pointer_input::follow(ui, OnScreen { all: &responses, views }, cx);
    }
    let beside = responses.split_off(views);
    cx.view.transient.screen.panes =
        responses.iter().map(|(pane, r)| (*pane, r.rect.size().into())).collect();
    cx.view.transient.screen.twice = panes
        .iter()
        .filter(|(pane, _)| beside.iter().any(|(other, _)| other == pane))
        .map(|(pane, rect)| (*pane, rect.size().into()))
        .collect();
    let view_3d = responses.iter().find(|(pane, _)| *pane == Pane::Volume);
    cx.view.transient.view_3d = view_3d.map(|(_, response)| response.rect);
    if std::mem::take(&mut cx.view.transient.focus_next_view) {
        keyboard::to_next(&responses, &beside);
    }
    cx.view.transient.keyboard_view =
        responses.iter().chain(&beside).find(|(_, r)| r.has_focus()).map(|(pane, r)| (r.id, *pane));
    for (pane, response) in &responses {
        match pane {
            Pane::Slice(plane) => slice_pane::show(ui, response, *plane, cx),
            Pane::Volume => volume_pane::show(ui, response, cx),
        }
        if !cx.view.transient.is_figure {
            keyboard::frame(ui, response);
            maximise_button(ui, response.rect, *pane, cx);
            double_click(ui, response, *pane, cx);
        }
    }
    for (pane, response) in &beside {
        if let Pane::Slice(plane) = *pane {
            beside_pane::show(ui, response, plane, cx);
            if !cx.view.transient.is_figure {
                keyboard::frame(ui, response);
                pointer_input::paint_beside(ui, response, cx);
                double_click(ui, response, *pane, cx);
            }
        }
    }
    if !cx.view.transient.is_figure {
        splitter::interact(ui, area, &panes, cx);
    }
}

type Places = Vec<(Pane, Rect)>;

/// Where the views lie, and where what is shown beside slices does, if anything is.
fn two_sides(panes: &[(Pane, Rect)], ppp: f32, view: &ViewState) -> (Places, Places) {
    if !view.is_side_by_side() {
        return (panes.to_vec(), Vec::new());
    }
    let mut right = Vec::new();
    let left = panes.iter().map(|&(pane, rect)| {
        if !pane.is_slice() {
            return (pane, rect);
        }
        let [first, second] = layout::sides(rect, ppp);
        right.push((pane, second));
        (pane, first)
    });
    (left.collect(), right)
}

/// A double click on a view shows it alone, or all again. With a tool whose clicks change the document only one on
/// the view's name does: the first of two clicks has done something already.
fn double_click(ui: &Ui, response: &Response, which: Pane, cx: &mut Context) {
    let name = tr(which.name()).to_uppercase();
    let size = vec2(paint::text_width(ui.painter(), &name, 13.0) + 8.0, 20.0);
    let rect = Rect::from_min_size(response.rect.min + vec2(4.0, 3.0), size);
    // Not for the keyboard, which has the button and the keys.
    let on_name = ui.interact(rect, response.id.with("name"), Sense::CLICK);
    if on_name.hovered() {
        ui.set_cursor_icon(egui::CursorIcon::PointingHand);
    }
    let anywhere = !pointer_input::tool(cx).info().edits && response.double_clicked();
    if on_name.double_clicked() || anywhere {
        cx.view.toggle_maximised(which);
        ui.ctx().request_repaint();
    }
    on_name.on_hover_text(tr("Double click: this view alone, or all again"));
}

/// The pictures of the views alone, without letters, crosshair, text or input: for figures.
pub fn show_pictures(ui: &mut Ui, document: &Document, view: &mut ViewState) {
    let area = ui.available_rect_before_wrap();
    let (status, mut nothing_is_asked) = (Status::default(), Vec::new());
    let panes = layout::panes(area, ui.pixels_per_point(), view);
    let lightbox = view.scan.lightbox;
    let (egui, out) = (ui.ctx().clone(), &mut nothing_is_asked);
    let cx = Context { egui, document, view, status: &status, gpu: true, out };
    if let Some(lightbox) = lightbox {
        lightbox::show_pictures(ui, area, lightbox, &cx);
        return;
    }
    let (left, right) = two_sides(&panes, ui.pixels_per_point(), cx.view);
    for (pane, rect) in left {
        match pane {
            Pane::Slice(plane) => slice_pane::show_picture(ui, rect, plane, &cx),
            Pane::Volume => volume_pane::show_picture(ui, rect, &cx),
        }
    }
    for (pane, rect) in right {
        if let Pane::Slice(plane) = pane {
            beside_pane::show_picture(ui, rect, plane, &cx);
        }
    }
}

/// A small button in the top right corner that fills the window with a view, or shows all again.
fn maximise_button(ui: &mut Ui, pane: Rect, which: Pane, cx: &mut Context) {
    let rect = Rect::from_min_size(pane.right_top() + vec2(-24.0, 4.0), vec2(20.0, 20.0));
    if !pane.contains_rect(rect) {
        return;
    }
    let maximised = cx.view.scan.maximised == Some(which);
    let id = ui.scope_id().with(("maximise", which.name()));
    let response = ui.interact(rect, id, Sense::click());
    let (name, hint) = if maximised {
        let name = tr("Show all views").to_owned();
        (name.clone(), views::ALL_VIEWS.tip_for(&name))
    } else {
        let name = tr_with("Maximise {name} view", &[("name", &tr(which.name()))]);
        let hint = views::only(which).tip_for(&name);
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
