//! A slice view that has the keyboard: the arrow keys move the crosshair in it.

use egui::{Event, EventFilter, Key, Modifiers, Response, Stroke, StrokeKind, Ui};

use super::{Context, paint};
use crate::geom::{DVec2, DVec3, Plane};
use crate::ui::state::Pane;
use crate::ui::tools;

/// Voxels that an arrow key with Shift moves the crosshair by.
const FAST: f64 = 10.0;

/// While the view has the keyboard, arrow keys move the crosshair in its picture, by a voxel or with Shift by ten.
pub fn move_crosshair(ui: &Ui, response: &Response, plane: Plane, cx: &mut Context) {
    if !response.has_focus() {
        return;
    }
    let half_drawn = tools::of(cx.view.prefs.tool).draws_in(cx.view).is_some();
    let filter = EventFilter {
        horizontal_arrows: true,
        vertical_arrows: true,
        // Esc gives up what is half drawn, and the view stays the one.
        escape: half_drawn,
        ..EventFilter::default()
    };
    ui.memory_mut(|m| m.set_focus_lock_filter(response.id, filter));
    let by = ui.input(|i| i.events.iter().filter_map(arrow).sum::<DVec2>());
    if by == DVec2::ZERO {
        return;
    }
    let grid = cx.document.image().grid();
    let frame = cx.view.slice_frame(grid, plane);
    let at = frame.view(cx.view.scan.crosshair);
    // How far it is from voxel to voxel, to the right and down.
    let voxels = frame.voxel_from_view().matrix3;
    let mm = DVec2::new(voxels.x_axis.length().recip(), voxels.y_axis.length().recip());
    let to = frame.world(at + DVec3::new(by.x * mm.x, by.y * mm.y, 0.0));
    cx.view.move_crosshair(grid, to);
    ui.ctx().request_repaint();
}

/// Where an arrow key leads, in voxels to the right and down.
fn arrow(event: &Event) -> Option<DVec2> {
    let Event::Key { key, pressed: true, modifiers, .. } = event else { return None };
    let way = match key {
        Key::ArrowLeft => -DVec2::X,
        Key::ArrowRight => DVec2::X,
        Key::ArrowUp => -DVec2::Y,
        Key::ArrowDown => DVec2::Y,
        _ => return None,
    };
    match *modifiers {
        Modifiers::NONE => Some(way),
        Modifiers::SHIFT => Some(way * FAST),
        _ => None,
    }
}

/// Gives the keyboard to the view after the one that has it, or to the first.
/// (The right sides of slices come after all views.)
pub fn to_next(views: &[(Pane, Response)], beside: &[(Pane, Response)]) {
    let all = || views.iter().chain(beside);
    let at = all().position(|(_, response)| response.has_focus());
    let next = at.map_or(0, |at| (at + 1) % all().count().max(1));
    if let Some((_, response)) = all().nth(next) {
        response.request_focus();
        response.ctx.request_repaint();
    }
}

/// Says which view has the keyboard.
pub fn frame(ui: &Ui, response: &Response) {
    if response.has_focus() {
        let stroke = Stroke::new(2.0, paint::ACCENT);
        ui.painter().rect_stroke(response.rect, 0.0, stroke, StrokeKind::Inside);
    }
}
