//! Dragging what is between the views.

use egui::{CursorIcon, Rect, RectAlign, Response, Sense, Tooltip, Ui};

use super::layout::Splitter;
use super::{Context, layout};
use crate::ui::kit::accessible_handle::AccessibleHandle;
use crate::ui::kit::text::tr;
use crate::ui::kit::theme;
use crate::ui::state::{Pane, Splits};

/// How far an arrow key moves a splitter, in hundredths of the area.
const STEP: f64 = 2.0;

/// Makes the splitters answer to pointer and keyboard. After the panes, over which their edges lie.
pub fn interact(ui: &Ui, area: Rect, panes: &[(Pane, Rect)], cx: &mut Context) {
    for (splitter, rect) in layout::splitters(area, panes, cx.view) {
        let id = ui.scope_id().with(("splitter", splitter));
        let [x, y] = splitter.share(&cx.view.prefs.splits);
        let [sideways, upright] = splitter.moves();
        if sideways && upright {
            centre(ui, area, rect, splitter, cx);
            continue;
        }
        let grip = AccessibleHandle {
            name: tr(splitter.name()),
            value: f64::from(if sideways { x } else { y } * 100.0),
            range: 0.0..=100.0,
            step: STEP,
            keys: if sideways { AccessibleHandle::SIDEWAYS } else { AccessibleHandle::DOWNWARDS },
        };
        let (response, asked) = grip.interact(ui, rect, id, Sense::click_and_drag());
        if let Some(asked) = asked {
            let share = asked as f32 / 100.0;
            splitter.put(&mut cx.view.prefs.splits, area, [share, share]);
        }
        let cursor =
            if sideways { CursorIcon::ResizeHorizontal } else { CursorIcon::ResizeVertical };
        follow(ui, area, &response, splitter, cursor, cx);
        let held = response.dragged() || response.hovered() || response.has_focus();
        if held {
            let line = if sideways { rect.shrink2([2.5, 0.0].into()) } else { rect };
            let line = if upright { line.shrink2([0.0, 2.5].into()) } else { line };
            ui.painter().rect_filled(line, 0.0, theme::colours(ui.visuals()).accent);
        }
        tip(&response);
    }
}

/// Above the pointer: below an upright splitter is the bar of the time points.
fn tip(response: &Response) {
    let mut tooltip = Tooltip::for_enabled(response).at_pointer().gap(12.0);
    tooltip.popup = tooltip.popup.align(RectAlign::TOP);
    tooltip.show(|ui| {
        ui.label(tr("Drag to give the views other sizes; double click: as they were"));
    });
}

/// Where two splitters cross: moves both. (The keyboard has each of them.)
fn centre(ui: &Ui, area: Rect, rect: Rect, splitter: Splitter, cx: &mut Context) {
    let id = ui.scope_id().with(("splitter", splitter));
    let response = ui.interact(rect, id, Sense::CLICK | Sense::DRAG);
    follow(ui, area, &response, splitter, CursorIcon::Move, cx);
    if response.dragged() || response.hovered() {
        let dot = Rect::from_center_size(rect.center(), [7.0, 7.0].into());
        ui.painter().rect_filled(dot, 2.0, theme::colours(ui.visuals()).accent);
    }
}

fn follow(
    ui: &Ui,
    area: Rect,
    response: &Response,
    splitter: Splitter,
    cursor: CursorIcon,
    cx: &mut Context,
) {
    if response.hovered() || response.dragged() {
        ui.set_cursor_icon(cursor);
    }
    if response.double_clicked() {
        let usual = splitter.share(&Splits::default());
        splitter.put(&mut cx.view.prefs.splits, area, usual);
    } else if response.dragged()
        && let Some(at) = response.interact_pointer_pos()
        // A press alone does not move it to the pointer.
        && ui.input(|i| i.pointer.is_decidedly_dragging())
    {
        let at = (at - area.min) / area.size().max([1.0, 1.0].into());
        splitter.put(&mut cx.view.prefs.splits, area, [at.x, at.y]);
    }
}
